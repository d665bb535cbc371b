//! Loops of turns: what was answered goes into an object that the next question is made of. They repeat no call.

use crate::link::units::{CallId, UnitId};
use crate::link::{FrameId, Program, Value};
use crate::model::{Block, Call, Expression, ExpressionKind, Loop, Statement, StatementKind};

use super::{walk, walk_statement};

/// Methods by which a list keeps something.
const KEEPS: [&str; 6] = ["append", "push", "extend", "unshift", "insert", "concat"];

/// Names that are followed from an answer.
const NAMES: usize = 40;

/// Whether an answer to a call in a loop is given to an object (`self.history.add(answer)`) that the call is made of
/// (`ask(self.history.recent())`, `self.ask()`). What is only noted somewhere (`log.info(answer)`) is not kept.
pub(super) fn keeps_answers<'m>(program: &Program<'m>, each: &'m Loop, call: CallId, frame: FrameId) -> bool {
    let asked = program.units.calls[call].call;
    let mut statements = Vec::new();
    unfailing(&each.body, &mut statements);
    let answers = answers(&statements, asked);
    let parts = parts(&statements, asked);
    !answers.is_empty()
        && statements.iter().any(|statement| {
            let StatementKind::Expression(value) = &statement.kind else { return false };
            let Some(call) = called(value) else { return false };
            let ExpressionKind::Member { object, name } = &call.callee.kind else { return false };
            let is_of_answer = call.arguments.iter().any(|argument| names(&argument.value, &answers));
            // A list under a plain name is followed where it is added to.
            let is_own = matches!(object.kind, ExpressionKind::Member { .. }) || !KEEPS.contains(&name.as_str());
            is_of_answer
                && is_own
                && is_asked_with(program, asked, &parts, object, frame)
                && (KEEPS.contains(&name.as_str()) || is_kept_by(program, call, frame))
        })
}

/// The statements of a block without those that deal with failures.
fn unfailing<'m>(block: &'m Block, found: &mut Vec<&'m Statement>) {
    for statement in block {
        found.push(statement);
        match &statement.kind {
            StatementKind::If { then, otherwise, .. } => {
                unfailing(then, found);
                unfailing(otherwise, found);
            }
            StatementKind::Try(each) => {
                unfailing(&each.body, found);
                unfailing(&each.otherwise, found);
            }
            StatementKind::Loop(each) => unfailing(&each.body, found),
            StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => unfailing(inner, found),
            _ => {}
        }
    }
}

/// The names of what a call has answered, and of what is made of it.
fn answers<'m>(statements: &[&'m Statement], asked: &Call) -> Vec<&'m str> {
    let mut known: Vec<&str> = Vec::new();
    for statement in statements {
        let (target, value) = match &statement.kind {
            StatementKind::Assign(assignment) => (Some(&assignment.target), assignment.value.as_ref()),
            StatementKind::Loop(each) => (each.target.as_ref(), each.over.as_ref()),
            _ => (None, None),
        };
        let (Some(target), Some(value)) = (target, value) else { continue };
        if known.len() < NAMES && (value.span.contains(asked.span) || names(value, &known)) {
            walk(target, &mut |part| {
                if let ExpressionKind::Name(name) = &part.kind {
                    known.push(name);
                }
            });
        }
    }
    known
}

/// What a call is given, and what the names in it are given in the loop: `self.turns()` of `ask(turns)`.
fn parts<'m>(statements: &[&'m Statement], asked: &'m Call) -> Vec<&'m Expression> {
    let mut parts: Vec<&'m Expression> = asked.arguments.iter().map(|argument| &argument.value).collect();
    for statement in statements.iter().rev() {
        if let StatementKind::Assign(assignment) = &statement.kind
            && let (ExpressionKind::Name(name), Some(value)) = (&assignment.target.kind, &assignment.value)
            && parts.len() < NAMES
            && parts.iter().any(|part| names(part, &[name]))
        {
            parts.push(value);
        }
    }
    parts
}

/// Whether a call is made of an object: it is named in what the call is given, or read by a function that is run for that.
fn is_asked_with<'m>(
    program: &Program<'m>,
    asked: &'m Call,
    parts: &[&'m Expression],
    object: &Expression,
    frame: FrameId,
) -> bool {
    let Some((root, member)) = member_of_root(object) else {
        return parts.iter().any(|part| names(part, &root_of(object)));
    };
    let is_it = |part: &Expression| member_of_root(part) == Some((root, member));
    let mut found = is_read_by(program, asked, member, frame);
    for part in parts {
        walk(part, &mut |each| {
            found = found
                || is_it(each)
                || matches!(&each.kind, ExpressionKind::Call(call) if is_read_by(program, call, member, frame));
        });
    }
    found
}

/// Whether a call runs a function of the program that reads a member of this name.
fn is_read_by<'m>(program: &Program<'m>, call: &'m Call, member: &str, frame: FrameId) -> bool {
    let reads =
        |(_, each): &(_, &Expression)| matches!(&each.kind, ExpressionKind::Member { name, .. } if name == member);
    program.values(&call.callee, frame).iter().any(|callee| match callee {
        Value::Function { unit, .. } => program.units.units[*unit].members.iter().any(reads),
        _ => false,
    })
}

/// Whether a method of the repository keeps what it is given in its object.
fn is_kept_by<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId) -> bool {
    program.values(&call.callee, frame).iter().any(|callee| match callee {
        Value::Function { unit, .. } => keeps(program, *unit),
        _ => false,
    })
}

/// `self.items.append(..)`, `this.items = [...this.items, item]`
fn keeps(program: &Program<'_>, unit: UnitId) -> bool {
    let info = &program.units.units[unit];
    let adds = |call: &&CallId| {
        matches!(&program.units.calls[**call].call.callee.kind, ExpressionKind::Member { object, name }
            if KEEPS.contains(&name.as_str()) && matches!(object.kind, ExpressionKind::Member { .. }))
    };
    let assigns = || {
        let body = info.function.map_or(&[][..], |function| function.body.as_slice());
        let mut found = false;
        let is_member = |target: &Expression| matches!(target.kind, ExpressionKind::Member { .. });
        for statement in body {
            if let StatementKind::Assign(assignment) = &statement.kind {
                found |= is_member(&assignment.target);
            }
            walk_statement(statement, &mut |each| {
                found |= matches!(&each.kind, ExpressionKind::Assign(assignment) if is_member(&assignment.target));
            });
        }
        found
    };
    info.class.is_some() && (info.calls.iter().any(|call| adds(&call)) || assigns())
}

/// The call of a statement, awaited or not.
fn called(value: &Expression) -> Option<&Call> {
    match &value.kind {
        ExpressionKind::Call(call) => Some(call),
        ExpressionKind::Await(inner) => called(inner),
        _ => None,
    }
}

fn names(expression: &Expression, known: &[&str]) -> bool {
    let mut found = false;
    walk(expression, &mut |part| {
        found |= matches!(&part.kind, ExpressionKind::Name(name) if known.contains(&name.as_str()))
    });
    found
}

/// The first member of a path with what it is one of: `self` and `history` of `self.history.recent`.
fn member_of_root(expression: &Expression) -> Option<(&str, &str)> {
    let ExpressionKind::Member { object, name } = &expression.kind else { return None };
    match &object.kind {
        ExpressionKind::Name(root) => Some((root, name)),
        _ => member_of_root(object),
    }
}

/// The name that an expression is.
fn root_of(expression: &Expression) -> Vec<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) => vec![name],
        _ => Vec::new(),
    }
}
