//! Loops that ask for something else each time: the next item, page, address or turn. They repeat no call.

use crate::link::Program;
use crate::link::flow::children;
use crate::model::{
    Assignment, Block, Call, Expression, ExpressionKind, Handler, Literal, Loop, Span, Statement, StatementKind,
};

use super::counts::counted;
use super::loops::continues;
use super::waits::last_name;
use super::{walk, walk_statement};

/// Names through which what is asked for is followed.
const NAMES: usize = 40;

/// Whether what a call in a loop is given changes from round to round in the ordinary course of things: it is the item
/// at the loop's index, or something that is made of the answer (`address = page.next`, `messages.append(answer)`).
/// What only changes after the call says nothing where its handler counts how often the same has failed. Of a call whose
/// result does not matter parts count as well (`drop(page.items)`): it is not made again for its answer.
pub(super) fn moves_on(each: &Loop, call: &Call, matters: bool) -> bool {
    let changes = Changes::of(each, call);
    let asked = Asked::of(call, &changes, matters);
    let is_taken = |name: &str| {
        let queue = changes.taken.iter().find(|(taken, _)| *taken == name).map(|(_, queue)| queue);
        queue.is_some_and(|queue| !is_put_back(each, queue))
    };
    let is_longer = |name: &&str| changes.grown.contains(name) && !changes.assigned.iter().any(|(own, _)| own == name);
    asked.parts.iter().any(|expression| changes.is_item(expression))
        || asked.names.iter().any(|(name, _)| is_taken(name))
        || changes.advanced.iter().any(|(name, at)| asked.is_read_before(name, *at))
        || !is_counted_failure(each, call, &asked)
            && (asked.whole().any(|name| is_longer(&name))
                || changes
                    .later
                    .iter()
                    .any(|(name, at)| *at > call.span.start && asked.whole().any(|own| own == *name)))
}

/// What a call is given, followed through the names that are assigned in the loop.
struct Asked<'m> {
    /// Its arguments, and what is assigned to the names in them.
    parts: Vec<&'m Expression>,
    /// The names in them; of some only a member is asked for (`run.id`), which may stay the same when they change.
    names: Vec<(&'m str, bool)>,
    /// Where the names are read.
    read: Vec<(&'m str, u32)>,
}

impl<'m> Asked<'m> {
    fn of(call: &'m Call, changes: &Changes<'m>, matters: bool) -> Asked<'m> {
        let mut asked = Asked { parts: Vec::new(), names: Vec::new(), read: Vec::new() };
        let mut open: Vec<(&str, bool)> = Vec::new();
        for argument in &call.arguments {
            asked.add(&argument.value, &mut open);
        }
        // `jobs[mine]()`: what is called is an item, too.
        if let ExpressionKind::Index { .. } = &call.callee.kind {
            asked.parts.push(&call.callee);
        }
        while let Some((name, is_whole)) = open.pop() {
            let is_whole = is_whole || !matters;
            if let Some((_, whole)) = asked.names.iter_mut().find(|(known, _)| *known == name) {
                *whole |= is_whole;
                continue;
            }
            if asked.names.len() >= NAMES {
                break;
            }
            asked.names.push((name, is_whole));
            for (_, value) in changes.assigned.iter().filter(|(target, _)| *target == name) {
                asked.add(value, &mut open);
            }
        }
        asked
    }

    fn add(&mut self, part: &'m Expression, open: &mut Vec<(&'m str, bool)>) {
        self.parts.push(part);
        names(part, &mut |name, is_whole, at| {
            open.push((name, is_whole));
            self.read.push((name, at));
        });
    }

    /// The names that are asked for as they are.
    fn whole(&self) -> impl Iterator<Item = &'m str> {
        self.names.iter().filter(|(_, is_whole)| *is_whole).map(|(name, _)| *name)
    }

    /// Whether a name is read before a place: what it is given there is for the next round.
    fn is_read_before(&self, name: &str, place: u32) -> bool {
        self.read.iter().any(|(own, at)| *own == name && *at < place)
    }
}

/// Whether a handler around a call counts how often it has failed, against an end, and changes nothing of what is asked
/// for: then the same is asked again.
fn is_counted_failure(each: &Loop, call: &Call, asked: &Asked<'_>) -> bool {
    let Some(handlers) = handlers_around(&each.body, call.span) else { return false };
    handlers.iter().any(|handler| {
        let mut counters = Vec::new();
        handler.body.iter().for_each(|statement| counted(statement, &mut counters));
        let own = counters.iter().any(|name| asked.names.iter().any(|(known, _)| known == name));
        !own && (each.over.as_ref().is_some_and(|test| mentions(test, &counters)) || tests(&handler.body, &counters))
    })
}

/// The handlers of the innermost `try` around a place.
fn handlers_around(block: &Block, place: Span) -> Option<&[Handler]> {
    let statement = block.iter().find(|statement| statement.span.contains(place))?;
    match &statement.kind {
        StatementKind::Try(each) => handlers_around(&each.body, place)
            .or_else(|| each.body.iter().any(|inner| inner.span.contains(place)).then_some(each.handlers.as_slice())),
        StatementKind::If { then, otherwise, .. } => {
            handlers_around(then, place).or_else(|| handlers_around(otherwise, place))
        }
        StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => handlers_around(inner, place),
        _ => None,
    }
}

/// Whether a block tests one of some names: `if (tries < LIMIT)`.
fn tests(block: &Block, names: &[String]) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::If { test, then, otherwise } => {
            mentions(test, names) || tests(then, names) || tests(otherwise, names)
        }
        StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => tests(inner, names),
        _ => false,
    })
}

fn mentions(expression: &Expression, names: &[String]) -> bool {
    let mut found = false;
    walk(expression, &mut |each| found |= last_name(each).is_some_and(|name| names.iter().any(|own| own == name)));
    found
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
    /// Names that count the rounds, whatever becomes of the call.
    counters: Vec<&'m str>,
    /// Names that are set to the place behind another one before the call, with the place: `from = hole + 1`.
    advanced: Vec<(&'m str, u32)>,
    /// The call that is asked about.
    call: Span,
    /// A failure of the call starts the next round at once.
    is_cut_short: bool,
    /// The statements are within a `try`.
    is_tried: bool,
}

impl<'m> Changes<'m> {
    fn of(each: &'m Loop, call: &Call) -> Changes<'m> {
        let mut changes = Changes { call: call.span, ..Changes::default() };
        let handlers = handlers_around(&each.body, call.span).unwrap_or_default();
        changes.is_cut_short = handlers.iter().any(|handler| handler.body.iter().any(continues));
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
                let outer = std::mem::replace(&mut self.is_tried, true);
                self.block(&each.body);
                self.block(&each.otherwise);
                self.is_tried = outer;
            }
            StatementKind::Block(block) | StatementKind::With { body: block, .. } => self.block(block),
            _ => {}
        }
    }

    /// Whether what stands at a place happens in every round, also when the call fails.
    fn always(&self, place: Span) -> bool {
        place.start < self.call.start || !self.is_tried && !self.is_cut_short
    }

    fn assignment(&mut self, assignment: &'m Assignment, span: Span) {
        let Some(value) = &assignment.value else { return };
        // `const mine = next++`
        if let ExpressionKind::Assign(inner) = &value.kind {
            self.assignment(inner, value.span);
        }
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
            } else if self.always(span) {
                self.counters.push(name);
            }
            let is_behind = assignment.operator.is_none() && is_next(value).is_some_and(|other| other != name);
            if is_behind && span.start < self.call.start {
                self.advanced.push((name, span.start));
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

    /// `items[i]` of a loop that counts `i`.
    fn is_item(&self, expression: &Expression) -> bool {
        let mut found = false;
        walk(expression, &mut |each| {
            if let ExpressionKind::Index { index, .. } = &each.kind {
                found |= self.is_counter(index) || self.holds_counter(index);
            }
        });
        found
    }

    /// `i`, and `i++` for what it was before.
    fn is_counter(&self, index: &Expression) -> bool {
        match &index.kind {
            ExpressionKind::Name(name) => self.counters.contains(&name.as_str()),
            ExpressionKind::Assign(assignment) => self.is_counter(&assignment.target),
            _ => false,
        }
    }

    /// Whether a name is given in every round what a counter is by then: `const mine = next++`.
    fn holds_counter(&self, index: &Expression) -> bool {
        let ExpressionKind::Name(name) = &index.kind else { return false };
        let mut given = self.assigned.iter().filter(|(own, _)| own == name).peekable();
        given.peek().is_some() && given.all(|(_, value)| self.is_counter(value))
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

/// What a place is behind of: `hole` of `hole + 1`.
fn is_next(value: &Expression) -> Option<&str> {
    let ExpressionKind::Operator { operator, operands } = &value.kind else { return None };
    let [place, step] = operands.as_slice() else { return None };
    let is_step = matches!(step.kind, ExpressionKind::Literal(Literal::Number(_)));
    (operator == "+" && is_step).then(|| last_name(place)).flatten()
}

/// Methods that make something of all that a list holds.
const OF_ALL: [&str; 8] = ["join", "map", "slice", "concat", "filter", "flatMap", "reduce", "toString"];

/// The names in an expression, with whether they are asked for as they are, and their places: `address` of
/// `get(address)`, but only a member of `run` in `get(run.id)`, which stays the same.
fn names<'m>(expression: &'m Expression, found: &mut dyn FnMut(&'m str, bool, u32)) {
    let mut stack = vec![expression];
    while let Some(each) = stack.pop() {
        match &each.kind {
            ExpressionKind::Name(name) => found(name, true, each.span.start),
            ExpressionKind::Call(call) => {
                if let ExpressionKind::Member { object, name } = &call.callee.kind
                    && OF_ALL.contains(&name.as_str())
                {
                    stack.push(object);
                } else {
                    stack.push(&call.callee);
                }
                stack.extend(call.arguments.iter().map(|argument| &argument.value));
            }
            ExpressionKind::Member { object, .. } => match &object.kind {
                ExpressionKind::Name(name) => found(name, false, object.span.start),
                _ => stack.push(object),
            },
            _ => children(each, &mut |child| stack.push(child)),
        }
    }
}
