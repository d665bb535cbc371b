//! Loops that do what an answer asks for and go on with the results: each round sends other ones, and a failure leaves the
//! loop. They repeat no call.

use crate::model::{Block, Call, Expression, ExpressionKind, Loop, Statement, StatementKind};

use super::waits::last_name;
use super::{walk, walk_statement};

/// Names through which what is made of an answer is followed.
const NAMES: usize = 30;

/// Methods that make something of each item of a list.
const OF_EACH: [&str; 4] = ["map", "filter", "flatMap", "reduce"];

/// Whether a call in a loop is given what was made of each item of its last answer:
/// `run = submit(run.id, outputs)` with `outputs = run.tool_calls.map(execute)`.
pub(super) fn sends_results(each: &Loop, call: &Call) -> bool {
    let mut assigned: Vec<(&str, &Expression)> = Vec::new();
    assignments(&each.body, &mut assigned);
    let mut made: Vec<&str> =
        assigned.iter().filter(|(_, value)| value.span.contains(call.span)).map(|(name, _)| *name).collect();
    let answers = made.len();
    if answers == 0 {
        return false;
    }
    let mut listed: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < made.len() && made.len() < NAMES {
        at = made.len();
        for (name, value) in &assigned {
            if value.span.contains(call.span) || made.contains(name) || !mentions(value, &made) {
                continue;
            }
            made.push(name);
            if makes_of_each(value) {
                listed.push(name);
            }
        }
        filled(&each.body, &made, &mut listed);
        let new: Vec<&str> = listed.iter().copied().filter(|name| !made.contains(name)).collect();
        made.extend(new);
    }
    let is_listed = |expression: &Expression| {
        mentions(expression, &listed)
            || mentions(expression, made.get(..answers).unwrap_or_default()) && makes_of_each(expression)
    };
    call.arguments.iter().any(|argument| is_listed(&argument.value))
}

/// The names that statements give something, with that.
fn assignments<'m>(block: &'m Block, found: &mut Vec<(&'m str, &'m Expression)>) {
    for statement in block {
        match &statement.kind {
            StatementKind::Assign(assignment) => {
                if let (ExpressionKind::Name(name), Some(value)) = (&assignment.target.kind, &assignment.value) {
                    found.push((name, value));
                }
            }
            StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => {
                if let (ExpressionKind::Name(name), Some(value)) = (&assignment.target.kind, &assignment.value) {
                    found.push((name, value));
                }
            }
            StatementKind::If { then, otherwise, .. } => {
                assignments(then, found);
                assignments(otherwise, found);
            }
            StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => assignments(inner, found),
            _ => {}
        }
    }
}

/// The lists that inner loops over something of certain names add to.
fn filled<'m>(block: &'m Block, made: &[&str], found: &mut Vec<&'m str>) {
    for statement in block {
        match &statement.kind {
            StatementKind::Loop(inner) if inner.over.as_ref().is_some_and(|over| mentions(over, made)) => {
                inner.body.iter().for_each(|each| grown(each, found));
            }
            StatementKind::If { then, otherwise, .. } => {
                filled(then, made, found);
                filled(otherwise, made, found);
            }
            StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => filled(inner, made, found),
            _ => {}
        }
    }
}

fn grown<'m>(statement: &'m Statement, found: &mut Vec<&'m str>) {
    walk_statement(statement, &mut |expression| {
        if let ExpressionKind::Call(call) = &expression.kind
            && let ExpressionKind::Member { object, name } = &call.callee.kind
            && matches!(name.as_str(), "append" | "push" | "extend")
            && let ExpressionKind::Name(list) = &object.kind
            && !found.contains(&list.as_str())
        {
            found.push(list);
        }
    });
}

/// Whether an expression makes something of each item of a list.
fn makes_of_each(expression: &Expression) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        found |= match &each.kind {
            ExpressionKind::Comprehension { .. } => true,
            ExpressionKind::Call(call) => last_name(&call.callee).is_some_and(|name| OF_EACH.contains(&name)),
            _ => false,
        };
    });
    found
}

fn mentions(expression: &Expression, names: &[&str]) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        found |= matches!(&each.kind, ExpressionKind::Name(name) if names.contains(&name.as_str()));
    });
    found
}
