//! Calls that return before they have failed: a stream is handed back at once, and what becomes of the request is told
//! where the stream is read, or to the functions that the call was given for it.

use crate::link::arguments::Given;
use crate::link::entries::frame_of;
use crate::link::units::{Access, Binding, NodeKind, Unit};
use crate::link::{FrameId, Site};
use crate::model::{Block, Expression, ExpressionKind, Span};

use super::calls::External;
use super::case::Case;

/// Whether a call does not raise its own failure where it stands.
pub fn fails_later(case: &Case<'_, '_>, external: &External) -> bool {
    case.program.catalogue.fact(external.fact).raises == Some(false)
}

/// Whether the failure of a call passes by a block that stands around a step of the way to it: nobody reads the stream
/// there, nor in what is called on the way.
pub fn passes_by(case: &Case<'_, '_>, external: &External, trail: &[Site], index: usize, block: &Block) -> bool {
    if !fails_later(case, external) {
        return false;
    }
    let within = match (block.first(), block.last()) {
        (Some(first), Some(last)) => Span { start: first.span.start, end: last.span.end },
        _ => return true,
    };
    !(index..trail.len()).any(|at| {
        let (Some(step), Some(made)) = (trail.get(at), trail.get(at..)) else { return false };
        reads(case, external, (step.frame, made), (at == index).then_some(within))
    })
}

/// Whether nobody reads the stream of a call in the function in which it is made.
pub fn is_handed_on(case: &Case<'_, '_>, site: Site) -> bool {
    let external = case.external_at(site.call);
    external.is_some_and(|external| fails_later(case, external) && !reads(case, external, (site.frame, &[site]), None))
}

/// The functions that a call is given for its failure, or for its end where it has succeeded.
pub fn told_by(case: &Case<'_, '_>, external: &External, site: Site, failed: bool) -> Vec<FrameId> {
    let program = case.program;
    let fact = program.catalogue.fact(external.fact);
    let paths = if failed { fact.errors.as_deref().unwrap_or_default() } else { fact.handlers.as_slice() };
    let given = paths.iter().filter_map(|path| match program.argument(site, path) {
        Given::Present { expression, frame } => Some(program.values(expression, frame)),
        _ => None,
    });
    given.flat_map(|values| values.iter().filter_map(|value| frame_of(program, value)).collect::<Vec<_>>()).collect()
}

/// Whether a unit reads what one of these calls makes, or waits for a part of it, within a place of it. A part that ends
/// without a word when the request has failed tells nothing.
fn reads(case: &Case<'_, '_>, external: &External, of: (FrameId, &[Site]), within: Option<Span>) -> bool {
    let program = case.program;
    let (frame, made) = of;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let silent = program.catalogue.fact(external.fact).keys.as_slice();
    let looped = unit.nodes.iter().filter_map(|node| match program.units.nodes[*node].kind {
        NodeKind::Loop(each) => each.over.as_ref(),
        _ => None,
    });
    let awaited = unit.awaits.iter().copied().filter(|awaited| is_part(awaited));
    let placed = looped.chain(awaited).filter(|each| within.is_none_or(|within| within.contains(each.span)));
    placed.filter(|each| !is_part_of(unit, each, silent)).any(|each| {
        let itself = match &each.kind {
            ExpressionKind::Call(call) => program.units.call_id(call).map(|call| Site { call, frame }),
            _ => None,
        };
        if itself.is_some_and(|site| made.contains(&site)) {
            return false;
        }
        let slice = program.slice(each, frame);
        // `stream.write(piece)` of a piece of such a part.
        slice.sites.iter().any(|site| made.contains(site))
            && !slice.parts.iter().any(|(part, _)| is_part_of(unit, part, silent))
    })
}

/// Whether an expression is one of these parts of something: `result.textStream`, or `textStream` that was taken of it.
fn is_part_of(unit: &Unit<'_>, expression: &Expression, parts: &[String]) -> bool {
    match &expression.kind {
        ExpressionKind::Member { name, .. } => parts.contains(name),
        ExpressionKind::Name(name) => {
            unit.names.get(name.as_str()).into_iter().flatten().any(|binding| match binding {
                Binding::Value { value, access, .. } => match access.last() {
                    Some(Access::Key(key)) => parts.iter().any(|part| part == key),
                    Some(_) => false,
                    None => matches!(&value.kind, ExpressionKind::Member { name, .. } if parts.contains(name)),
                },
                _ => false,
            })
        }
        _ => false,
    }
}

/// Whether waiting for an expression waits for the stream: a part of it, or something that is given it. The stream itself
/// is there at once, and so is what only turns it into an answer.
fn is_part(awaited: &Expression) -> bool {
    match &awaited.kind {
        ExpressionKind::Member { .. } => true,
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } => !(name.starts_with("to") || name.starts_with("pipe")),
            _ => true,
        },
        _ => false,
    }
}
