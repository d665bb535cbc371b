//! Loops that ask a model once more when its answer is empty. What is asked of another service until it is there is polled.

use crate::judge::case::Case;
use crate::link::Site;
use crate::link::units::{NodeId, NodeKind};
use crate::model::{Expression, ExpressionKind, Literal, StatementKind};

use super::Leads;
use super::loops::leaves;
use super::waits::last_name;

/// Whether a loop is left as soon as a model has answered something: `reply = ask(text)`, then `if reply: return reply`.
pub(super) fn is_left_when_answered(case: &Case<'_, '_>, node: NodeId, site: Site) -> bool {
    let Some(name) = name_of_answer(case, site).filter(|_| Leads::llm(case, site).is_some()) else { return false };
    let program = case.program;
    program.units.units[program.units.calls[site.call].unit].nodes.iter().any(|id| {
        let NodeKind::If { test, then, otherwise, .. } = program.units.nodes[*id].kind else { return false };
        let is_inside = || program.units.ancestors(*id).any(|(around, _)| around == node);
        let is_left = match is_something(test, name) {
            Some(true) => leaves(then) && !leaves(otherwise),
            Some(false) => !leaves(then) && leaves(otherwise),
            None => false,
        };
        is_left && is_inside()
    })
}

/// The name that is given to what a call returns.
fn name_of_answer<'m>(case: &Case<'_, 'm>, site: Site) -> Option<&'m str> {
    let units = &case.program.units;
    let info = &units.calls[site.call];
    let NodeKind::Plain(statement) = units.nodes[info.node].kind else { return None };
    let StatementKind::Assign(assignment) = &statement.kind else { return None };
    let mut value = assignment.value.as_ref()?;
    while let ExpressionKind::Await(inner) = &value.kind {
        value = inner;
    }
    let is_it = matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call));
    last_name(&assignment.target).filter(|_| is_it)
}

/// Whether a test holds when what goes by a name is something, or when it is nothing; none where it asks something else.
fn is_something(test: &Expression, name: &str) -> Option<bool> {
    let is_it = |part: &Expression| matches!(&part.kind, ExpressionKind::Name(own) if own == name);
    if is_it(test) {
        return Some(true);
    }
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => is_something(inner, name).map(|holds| !holds),
        ("is not" | "!=", [first, second]) if is_it(first) && is_nothing(second) => Some(true),
        ("is" | "==", [first, second]) if is_it(first) && is_nothing(second) => Some(false),
        _ => None,
    }
}

fn is_nothing(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
        _ => false,
    }
}
