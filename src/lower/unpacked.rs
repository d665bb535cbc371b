//! `self.client, self.model = OpenAI(), model`: an assignment of several values that are written there is one assignment
//! for each, where it does not matter that all of them are taken before the first is assigned.

use crate::model::{Assignment, Block, Expression, ExpressionKind, Statement, StatementKind};

/// Adds a statement to a block: an assignment of a written list to as many targets as one assignment each.
pub(super) fn push(statement: Statement, into: &mut Block) {
    let StatementKind::Assign(assignment) = statement.kind else { return into.push(statement) };
    if !comes_apart(&assignment) {
        return into.push(Statement { span: statement.span, kind: StatementKind::Assign(assignment) });
    }
    let Assignment { target, value, declares, .. } = *assignment;
    let (ExpressionKind::List(targets), Some(ExpressionKind::List(values))) =
        (target.kind, value.map(|value| value.kind))
    else {
        return;
    };
    for (target, value) in targets.into_iter().zip(values) {
        let single = Assignment { target, annotation: None, value: Some(value), operator: None, declares };
        // Each stands for the whole statement.
        push(Statement { span: statement.span, kind: StatementKind::Assign(Box::new(single)) }, into);
    }
}

/// Whether targets and values are written one for one, and no value reads what is assigned before it.
fn comes_apart(assignment: &Assignment) -> bool {
    let (ExpressionKind::List(targets), Some(ExpressionKind::List(values))) =
        (&assignment.target.kind, assignment.value.as_ref().map(|value| &value.kind))
    else {
        return false;
    };
    let is_single = |target: &Expression| match &target.kind {
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => true,
        ExpressionKind::List(inner) => inner.iter().all(|each| matches!(each.kind, ExpressionKind::Name(_))),
        _ => false,
    };
    assignment.operator.is_none()
        && assignment.annotation.is_none()
        && targets.len() > 1
        && targets.len() == values.len()
        && targets.iter().all(is_single)
        && !values.iter().any(|value| matches!(value.kind, ExpressionKind::Spread(_)))
        && targets.iter().enumerate().all(|(at, target)| !values.iter().skip(at + 1).any(|value| reads(value, target)))
}

/// Whether an expression reads what another one names. What is not looked into may.
fn reads(value: &Expression, target: &Expression) -> bool {
    use ExpressionKind as E;
    let any = |parts: &[&Expression]| parts.iter().any(|part| reads(part, target));
    match &value.kind {
        E::Literal(_) | E::Function(_) => false,
        E::Name(name) => assigns(target, name),
        E::Member { object, name } => assigns(target, name) || any(&[object]),
        E::Index { object, index } => any(&[object, index]),
        E::Call(call) => any(&[&call.callee]) || call.arguments.iter().any(|given| reads(&given.value, target)),
        E::Template(parts) | E::List(parts) | E::Operator { operands: parts, .. } => {
            parts.iter().any(|part| reads(part, target))
        }
        E::Object(entries) => entries.iter().any(|entry| reads(&entry.value, target)),
        E::Conditional { test, then, otherwise } => any(&[test, then, otherwise]),
        E::Await(inner) | E::Spread(inner) => any(&[inner]),
        _ => true,
    }
}

/// Whether a target is, or has in it, what goes by a name.
fn assigns(target: &Expression, name: &str) -> bool {
    match &target.kind {
        ExpressionKind::Name(own) | ExpressionKind::Member { name: own, .. } => own == name,
        ExpressionKind::List(inner) => inner.iter().any(|each| assigns(each, name)),
        _ => true,
    }
}
