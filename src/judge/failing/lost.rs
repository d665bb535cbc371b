//! Failures that nobody hears of: what asks the model was begun, and nobody waits for what becomes of it.

use crate::judge::case::Case;
use crate::judge::deadlines;
use crate::link::Site;
use crate::link::units::NodeKind;
use crate::model::{Language, Span};

use super::{is_asynchronous, is_returned_promise, llm_at};

/// Whether a failure ends at a step because the step only begins what fails: no block around it is told. What is begun
/// beside another call of a model, whose answer is waited for, takes nothing from those who asked; nor does what
/// somebody waits for until a time is up.
pub(super) fn is_lost(case: &Case<'_, '_>, trail: &[Site], index: usize) -> bool {
    let Some(begun) = trail.get(index).and_then(|step| begun_by(case, trail, index, *step)) else { return false };
    let program = case.program;
    let info = &program.units.calls[begun.call];
    // What a module begins ends its process when it fails.
    program.units.units[info.unit].function.is_some()
        && program.is_left_to_itself(begun)
        && !program.is_holder_awaited(begun)
        && !deadlines::ends_waiting(case, begun.frame, info.call.span)
        && !asks_besides(case, begun, statement_around(case, begun))
        && !trail.iter().take(index).any(|step| asks_besides(case, *step, program.units.calls[step.call].call.span))
}

/// The call by which a step begins what goes on without it: one that starts a task, or an asynchronous function. Python
/// runs nothing that is neither awaited nor started.
fn begun_by(case: &Case<'_, '_>, trail: &[Site], index: usize, step: Site) -> Option<Site> {
    let program = case.program;
    let language = program.modules[program.units.calls[step.call].module].language;
    // `() => ask()` hands on what an asynchronous function gives.
    let is_promised = || {
        is_asynchronous(case, trail, index) || index + 1 < trail.len() && is_returned_promise(case, trail, index + 1)
    };
    program.spawn_around(step).or_else(|| (language == Language::TypeScript && is_promised()).then_some(step))
}

/// Whether the function of a step gets an answer of a model besides what stands at a place.
fn asks_besides(case: &Case<'_, '_>, step: Site, place: Span) -> bool {
    let program = case.program;
    program.units.units[program.units.calls[step.call].unit].calls.iter().any(|call| {
        let other = Site { call: *call, frame: step.frame };
        !place.contains(program.units.calls[*call].call.span)
            && !program.is_left_to_itself(other)
            && program.spawn_around(other).is_none()
            && llm_at(case, other).is_some()
    })
}

/// The statement in which a step stands.
fn statement_around(case: &Case<'_, '_>, step: Site) -> Span {
    let info = &case.program.units.calls[step.call];
    match case.program.units.nodes[info.node].kind {
        NodeKind::Plain(statement) => statement.span,
        _ => info.call.span,
    }
}
