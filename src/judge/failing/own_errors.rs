//! Errors of the program's own that no call of another can end with: they are raised where the program itself has looked
//! at what it was given (`throw new HttpError("too long")`), and never in place of another error.

use crate::judge::case::Case;
use crate::judge::retrying::{last_name, walk};
use crate::link::units::NodeKind;
use crate::link::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind, StatementKind};

/// Raises of one class that are looked at.
const RAISES: usize = 60;
/// Parts of an answer that tell whether it is one.
const TOLD: [&str; 6] = ["ok", "status", "status_code", "statusCode", "is_success", "raise_for_status"];

/// Whether a test asks whether an error is one of the program's own, which no call of another ends with, and whether it
/// holds then.
pub(super) fn asks_for_own<'m>(case: &Case<'_, 'm>, test: &'m Expression, frame: FrameId) -> Option<bool> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => asks_for_own(case, inner, frame).map(|holds| !holds),
            ("instanceof", [_, class]) => is_own(case, class, frame).then_some(true),
            _ => None,
        },
        ExpressionKind::Call(call) => match (last_name(&call.callee), call.arguments.as_slice()) {
            (Some("isinstance"), [_, class]) => is_own(case, &class.value, frame).then_some(true),
            _ => None,
        },
        _ => None,
    }
}

fn is_own<'m>(case: &Case<'_, 'm>, class: &'m Expression, frame: FrameId) -> bool {
    let values = case.program.values(class, frame);
    let [Value::Class(class)] = &*values else { return false };
    let raises = case.program.constructions_of(*class);
    !raises.is_empty() && raises.len() <= RAISES && raises.iter().all(|site| is_raised_by_itself(case, *site))
}

/// Whether an error is made where it is raised, outside of all that is done about another failure or about an answer.
fn is_raised_by_itself(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let is_raised = matches!(program.units.nodes[info.node].kind, NodeKind::Plain(statement)
        if matches!(&statement.kind, StatementKind::Raise(Some(value)) if value.span.contains(info.call.span)));
    let is_handling = program.units.ancestors(info.node).any(|(_, node)| matches!(node.kind, NodeKind::Handler(..)));
    let unit = &program.units.units[info.unit];
    // What comes behind something that was tried may be about its failure.
    let is_behind_try = unit.nodes.iter().any(|node| match program.units.nodes[*node].kind {
        NodeKind::TryBody(each) => {
            let end = each.body.last().map_or(0, |last| last.span.end);
            end <= info.call.span.start
        }
        _ => false,
    });
    let is_behind_call = unit.calls.iter().any(|call| {
        case.external_at(*call).is_some() && program.units.calls[*call].call.span.end <= info.call.span.start
    });
    let asks_answer = program.tests_around(info.node).into_iter().any(|test| {
        let mut found = false;
        walk(test, &mut |each| {
            found |= matches!(&each.kind, ExpressionKind::Member { name, .. } if TOLD.contains(&name.as_str()));
        });
        found
    });
    is_raised
        && !is_handling
        && !is_behind_try
        && !is_behind_call
        && !asks_answer
        && !is_given_to_a_chain(case, info.unit)
}

/// Whether a function that goes by no name is given to what is called when something has failed: `.catch(() => ..)`.
fn is_given_to_a_chain(case: &Case<'_, '_>, unit: usize) -> bool {
    let units = &case.program.units;
    let info = &units.units[unit];
    let (Some(function), Some(parent)) = (info.function.filter(|function| function.name.is_empty()), info.parent)
    else {
        return false;
    };
    units.units[parent].calls.iter().any(|call| {
        let outer = units.calls[*call].call;
        matches!(last_name(&outer.callee), Some("catch" | "then" | "map_err" | "setTimeout"))
            && outer.arguments.iter().any(|argument| argument.value.span.contains(function.span))
    })
}
