//! Generators on a way to a call: a function that makes one returns before its body has run.

use crate::link::units::NodeKind;
use crate::link::{FrameId, Site};
use crate::model::ExpressionKind;

use super::case::Case;

/// Functions that read what they are given to its end before they return.
const READERS: [&str; 11] =
    ["list", "tuple", "set", "dict", "sorted", "sum", "join", "fromAsync", "from", "next", "anext"];

/// Whether the unit that a frame runs is a generator.
pub fn is_generator(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let unit = case.program.unit_of_frame(frame);
    case.program.units.units[unit].function.is_some_and(|function| function.is_generator)
}

/// Whether the steps of a trail after one go through a generator that nobody reads from that step on: what stands
/// around the step has ended when the generator's body runs.
pub fn escapes(case: &Case<'_, '_>, trail: &[Site], index: usize) -> bool {
    (index + 1..trail.len()).any(|at| {
        let (Some(inner), Some(made)) = (trail.get(at), trail.get(at - 1)) else { return false };
        is_generator(case, inner.frame)
            && !trail.get(index..at).unwrap_or_default().iter().any(|step| reads(case, step.frame, *made))
    })
}

/// Whether a unit reads the generator that a call makes, in a loop or by a function that reads it to its end.
fn reads(case: &Case<'_, '_>, frame: FrameId, made: Site) -> bool {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let in_loop = unit.nodes.iter().any(|node| match program.units.nodes[*node].kind {
        NodeKind::Loop(each) => each.over.as_ref().is_some_and(|over| holds(case, over, frame, made)),
        _ => false,
    });
    in_loop
        || unit.yields.iter().any(|each| program.pending(each, frame).contains(&made))
        || unit.calls.iter().any(|call| {
            let call = program.units.calls[*call].call;
            let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else {
                return false;
            };
            READERS.contains(&name.as_str())
                && call.arguments.iter().any(|argument| holds(case, &argument.value, frame, made))
        })
}

/// Whether an expression is made of what a call makes.
fn holds<'m>(
    case: &Case<'_, 'm>,
    expression: &'m crate::model::Expression,
    frame: FrameId,
    made: Site,
) -> bool {
    case.program.slice(expression, frame).sites.contains(&made)
}
