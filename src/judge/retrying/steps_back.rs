//! Loops that do the same round again when a call in it has failed, by setting back what counts the rounds: `step -= 1`
//! in a handler.

use crate::link::units::{CallId, NodeId, NodeKind};
use crate::link::{FrameId, Program};
use crate::model::{Assignment, Expression, ExpressionKind, Literal, Loop, Statement, StatementKind};

use super::counts::{counted, leaves_by_count, looks_at_count};
use super::loops::tests_failure;

/// Whether a loop sets its counter back because a call in it has failed, and then whether that is bounded: something else
/// counts how often.
pub(super) fn steps_back(program: &Program<'_>, node: NodeId, call: CallId, frame: FrameId) -> Option<bool> {
    let NodeKind::Loop(each) = program.units.nodes[node].kind else { return None };
    let (counter, forth) = counter_of(each)?;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let back = unit.nodes.iter().copied().find(|id| {
        let NodeKind::Plain(statement) = program.units.nodes[*id].kind else { return false };
        is_step(statement, counter, if forth == "+" { "-" } else { "+" }) && is_for_failure(program, *id, node, call)
    })?;
    let mut others = Vec::new();
    each.body.iter().for_each(|statement| counted(statement, &mut others));
    others.retain(|name| name != counter);
    let is_counted = around(program, back, node).any(|kind| match kind {
        NodeKind::Then(test) | NodeKind::Otherwise(test) => looks_at_count(program, test, frame, &others),
        _ => false,
    });
    Some(is_counted || leaves_by_count(program, &each.body, frame, &others))
}

/// What counts the rounds of a loop, and whether up or down.
fn counter_of(each: &Loop) -> Option<(&str, &str)> {
    each.step.iter().find_map(|statement| {
        let assignment = assignment_of(statement)?;
        let ExpressionKind::Name(name) = &assignment.target.kind else { return None };
        let sign = assignment.operator.as_deref().filter(|sign| matches!(*sign, "+" | "-"))?;
        Some((name.as_str(), sign))
    })
}

/// The nodes within a loop that a place stands in.
fn around<'p, 'm>(program: &'p Program<'m>, place: NodeId, node: NodeId) -> impl Iterator<Item = NodeKind<'m>> + 'p {
    program.units.ancestors(place).take_while(move |(id, _)| *id != node).map(|(_, each)| each.kind)
}

/// Whether a place is only come to where a call has failed: in a handler around it, or behind a test of its answer.
fn is_for_failure(program: &Program<'_>, place: NodeId, node: NodeId, call: CallId) -> bool {
    let call = program.units.calls[call].call.span;
    program.units.ancestors(place).any(|(id, _)| id == node)
        && around(program, place, node).any(|kind| match kind {
            NodeKind::Handler(tried, _) => tried.body.iter().any(|statement| statement.span.contains(call)),
            NodeKind::Then(test) | NodeKind::Otherwise(test) => tests_failure(test),
            _ => false,
        })
}

/// `step -= 1`, `step = step - 1`
fn is_step(statement: &Statement, name: &str, sign: &str) -> bool {
    let Some(assignment) = assignment_of(statement) else { return false };
    let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(own) if own == name);
    let is_number = |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(_)));
    let by_itself = || match assignment.value.as_ref().map(|value| &value.kind) {
        Some(ExpressionKind::Operator { operator, operands }) => {
            operator == sign && operands.iter().any(is_it) && operands.iter().any(is_number)
        }
        _ => false,
    };
    is_it(&assignment.target)
        && match assignment.operator.as_deref() {
            Some(operator) => operator == sign,
            None => by_itself(),
        }
}

fn assignment_of(statement: &Statement) -> Option<&Assignment> {
    match &statement.kind {
        StatementKind::Assign(assignment) => Some(assignment),
        StatementKind::Expression(value) => match &value.kind {
            ExpressionKind::Assign(assignment) => Some(assignment),
            _ => None,
        },
        _ => None,
    }
}
