//! Loops that ask for something else each time: the next item, page, address or turn. They repeat no call.

use crate::link::Program;
use crate::link::flow::children;
use crate::model::{
    Assignment, Block, Call, Expression, ExpressionKind, Literal, Loop, Span, Statement, StatementKind,
};

use super::waits::last_name;
use super::{walk, walk_statement};

/// Names through which what is asked for is followed.
const NAMES: usize = 40;

/// Whether what a call in a loop is given changes from round to round in the ordinary course of things: it is the item
/// at the loop's index, or something that is made of the answer (`address = page.next`, `messages.append(answer)`). Of a
/// call whose result does not matter parts count as well (`drop(page.items)`): it is not made again for its answer.
pub(super) fn moves_on(each: &Loop, call: &Call, matters: bool) -> bool {
    let changes = Changes::of(each);
    let mut asked: Vec<&Expression> = call.arguments.iter().map(|argument| &argument.value).collect();
    let mut open: Vec<&str> = Vec::new();
    asked.iter().for_each(|expression| names(expression, !matters, &mut open));
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = open.pop() {
        if seen.contains(&name) || seen.len() >= NAMES {
            continue;
        }
        seen.push(name);
        for (_, value) in changes.assigned.iter().filter(|(target, _)| *target == name) {
            asked.push(value);
            names(value, false, &mut open);
        }
    }
    let is_taken = |name: &str| {
        let queue = changes.taken.iter().find(|(taken, _)| *taken == name).map(|(_, queue)| queue);
        queue.is_some_and(|queue| !is_put_back(each, queue))
    };
    let is_longer = |name: &&str| changes.grown.contains(name) && !changes.assigned.iter().any(|(own, _)| own == name);
    asked.iter().any(|expression| changes.is_item(expression))
        || seen.iter().any(|name| is_taken(name))
        || seen.iter().any(is_longer)
        || changes.later.iter().any(|(name, at)| *at > call.span.start && seen.contains(name))
}

/// Whether a value is taken from a queue, which then holds it no more: `queue.get()`, `jobs.popleft()`; what it is taken
/// from. `get` with a name is a look-up, and may find the same again.
fn taken_from(value: &Expression) -> Option<&Expression> {
    let call = match &value.kind {
        ExpressionKind::Await(inner) => return taken_from(inner),
        ExpressionKind::Call(call) => call,
        _ => return None,
    };
    let is_plain =
        |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(_) | Literal::Boolean(_)));
    match &call.callee.kind {
        ExpressionKind::Name(name) if matches!(name.as_str(), "next" | "anext") => {
            call.arguments.first().map(|first| &first.value)
        }
        ExpressionKind::Member { object, name } => match name.as_str() {
            "get_nowait" | "popleft" | "recv" | "receive" | "readline" | "shift" | "blpop" | "brpop" | "lpop"
            | "rpop" | "dequeue" | "try_recv" | "pop_front" => Some(object),
            "get" | "pop" | "next" => {
                let mut given = call.arguments.iter().filter(|argument| argument.name.is_none());
                given.all(|argument| is_plain(&argument.value)).then_some(object)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether what was taken is put back where the work on it fails: then the same is done again.
fn is_put_back(each: &Loop, queue: &str) -> bool {
    let mut found = false;
    for statement in &each.body {
        walk_statement(statement, &mut |expression| {
            if let ExpressionKind::Call(call) = &expression.kind
                && let ExpressionKind::Member { object, name } = &call.callee.kind
            {
                found |= matches!(
                    name.as_str(),
                    "put" | "put_nowait" | "append" | "appendleft" | "push" | "unshift" | "lpush" | "rpush" | "send"
                ) && Program::written(object) == queue;
            }
        });
    }
    found
}

/// What changes in a loop, without what is done about failures.
#[derive(Default)]
struct Changes<'m> {
    /// Names and what they are given in the loop.
    assigned: Vec<(&'m str, &'m Expression)>,
    /// Names that are given something or added to, with the place.
    later: Vec<(&'m str, u32)>,
    /// Names of what is taken from a queue, with that.
    taken: Vec<(&'m str, String)>,
    /// Names of lists that are added to.
    grown: Vec<&'m str>,
    /// Names that count the rounds.
    counters: Vec<&'m str>,
}

impl<'m> Changes<'m> {
    fn of(each: &'m Loop) -> Changes<'m> {
        let mut changes = Changes::default();
        changes.counters.extend(each.target.as_ref().and_then(last_name));
        for statement in &each.step {
            walk_statement(statement, &mut |expression| {
                if let ExpressionKind::Assign(assignment) = &expression.kind {
                    changes.counters.extend(last_name(&assignment.target));
                }
            });
            if let StatementKind::Assign(assignment) = &statement.kind {
                changes.counters.extend(last_name(&assignment.target));
            }
        }
        changes.block(&each.body);
        changes
    }

    fn block(&mut self, block: &'m Block) {
        block.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::Assign(assignment) => self.assignment(assignment, statement.span),
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::If { then, otherwise, .. } => {
                self.block(then);
                self.block(otherwise);
            }
            StatementKind::Try(each) => {
                self.block(&each.body);
                self.block(&each.otherwise);
            }
            StatementKind::Block(block) | StatementKind::With { body: block, .. } => self.block(block),
            _ => {}
        }
    }

    fn assignment(&mut self, assignment: &'m Assignment, span: Span) {
        let Some(value) = &assignment.value else { return };
        if let Some(queue) = taken_from(value) {
            let targets = match &assignment.target.kind {
                ExpressionKind::List(items) => items.as_slice(),
                _ => std::slice::from_ref(&assignment.target),
            };
            let names = targets.iter().filter_map(last_name);
            self.taken.extend(names.map(|name| (name, Program::written(queue))));
        }
        if let ExpressionKind::Name(name) = &assignment.target.kind {
            self.assigned.push((name, value));
            // What only counts, or doubles, says nothing about what is asked for.
            if !is_arithmetic(assignment, name) {
                self.later.push((name, span.start));
            }
        }
    }

    /// `messages.append(answer)`, `turns.push(...)`
    fn expression(&mut self, expression: &'m Expression) {
        match &expression.kind {
            ExpressionKind::Assign(assignment) => self.assignment(assignment, expression.span),
            ExpressionKind::Await(inner) => self.expression(inner),
            ExpressionKind::Call(call) => {
                if let ExpressionKind::Member { object, name } = &call.callee.kind
                    && matches!(name.as_str(), "append" | "push" | "extend" | "concat" | "push_str" | "unshift")
                    && let ExpressionKind::Name(holder) = &object.kind
                {
                    self.later.push((holder, expression.span.start));
                    self.grown.push(holder);
                }
            }
            _ => {}
        }
    }

    /// `items[i]` of a counted loop.
    fn is_item(&self, expression: &Expression) -> bool {
        let mut found = false;
        walk(expression, &mut |each| {
            if let ExpressionKind::Index { index, .. } = &each.kind
                && let ExpressionKind::Name(name) = &index.kind
            {
                found |= self.counters.contains(&name.as_str());
            }
        });
        found
    }
}

/// `attempt += 1`, `delay *= 2`, `delay = delay * 2`
fn is_arithmetic(assignment: &Assignment, name: &str) -> bool {
    let by_itself = |value: &Expression| match &value.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "+" | "-" | "*" | "**" | "<<")
                && operands.iter().any(|operand| last_name(operand) == Some(name))
                && operands.iter().any(|operand| matches!(operand.kind, ExpressionKind::Literal(_)))
        }
        _ => false,
    };
    match assignment.operator.as_deref() {
        Some(_) => assignment.value.as_ref().is_some_and(|value| matches!(value.kind, ExpressionKind::Literal(_))),
        None => assignment.value.as_ref().is_some_and(by_itself),
    }
}

/// The bare names in an expression: `address` of `get(address)`, not `run` of `get(run.id)`, which stays the same; with
/// `parts` that, too.
fn names<'m>(expression: &'m Expression, parts: bool, found: &mut Vec<&'m str>) {
    let mut stack = vec![expression];
    while let Some(each) = stack.pop() {
        match &each.kind {
            ExpressionKind::Name(name) => found.push(name),
            ExpressionKind::Member { object, .. } if !parts && matches!(object.kind, ExpressionKind::Name(_)) => {}
            _ => children(each, &mut |child| stack.push(child)),
        }
    }
}
