//! Generators on a way to a call: a function that makes one returns before its body has run.

use crate::link::units::NodeKind;
use crate::link::{FrameId, Site};
use crate::model::{ExpressionKind, Span};

use super::case::Case;
use super::failing::with_inner;

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

/// Where the generator is read that a step of a way leads to and nobody further in reads: in the function of the step, or
/// in one that is made there.
pub fn read_at(case: &Case<'_, '_>, trail: &[Site], index: usize) -> Option<(FrameId, Span)> {
    let step = trail.get(index)?;
    let made = (index + 1..trail.len()).find_map(|at| {
        let (inner, made) = (trail.get(at)?, trail.get(at - 1)?);
        let is_open = |step: &Site| !reads(case, step.frame, *made);
        (is_generator(case, inner.frame) && trail.get(index + 1..at)?.iter().all(is_open)).then_some(*made)
    })?;
    with_inner(case, step.frame).into_iter().find_map(|frame| Some((frame, reading(case, frame, made)?)))
}

/// Whether a unit reads the generator that a call makes.
fn reads(case: &Case<'_, '_>, frame: FrameId, made: Site) -> bool {
    reading(case, frame, made).is_some()
}

/// Where a unit reads the generator that a call makes: in a loop or by a function that reads it to its end.
fn reading(case: &Case<'_, '_>, frame: FrameId, made: Site) -> Option<Span> {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let looped = unit.nodes.iter().filter_map(|node| match program.units.nodes[*node].kind {
        NodeKind::Loop(each) => each.over.as_ref(),
        _ => None,
    });
    let read_to_the_end = || {
        unit.calls.iter().map(|call| program.units.calls[*call].call).find(|call| {
            let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else {
                return false;
            };
            READERS.contains(&name.as_str())
                && call.arguments.iter().any(|argument| holds(case, &argument.value, frame, made))
        })
    };
    let mut yielded = unit.yields.iter().filter(|each| program.pending(each, frame).contains(&made));
    let mut looped = looped.filter(|over| holds(case, over, frame, made));
    (looped.next().map(|over| over.span))
        .or_else(|| yielded.next().map(|each| each.span))
        .or_else(|| read_to_the_end().map(|call| call.span))
}

/// Whether an expression is made of what a call makes.
fn holds<'m>(case: &Case<'_, 'm>, expression: &'m crate::model::Expression, frame: FrameId, made: Site) -> bool {
    case.program.slice(expression, frame).sites.contains(&made)
}
