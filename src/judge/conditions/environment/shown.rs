//! Settings that are only shown: answered to a request or written into a log as they are, they are missed by nobody.

use crate::link::Site;
use crate::link::units::{NodeKind, UnitId};
use crate::model::{Expression, ExpressionKind, Span, StatementKind};
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::meanings::is_plain_setting;
use super::reads::Read;

/// Functions that hand on what they are given.
const CALLERS: usize = 3;

/// Whether a setting goes into answers and log lines only, perhaps through functions that give nothing else.
pub(super) fn is_only_shown(case: &Case<'_, '_>, read: &Read<'_>) -> bool {
    is_plain_setting(&read.named.name)
        && read.named.via.is_empty()
        && read.bound.is_none()
        && is_shown(case, read.unit, read.span, CALLERS)
}

/// Whether what stands at a place of a unit is only shown.
fn is_shown(case: &Case<'_, '_>, unit: UnitId, span: Span, depth: usize) -> bool {
    let units = &case.program.units;
    let Some(node) = units.units[unit].nodes.iter().copied().rfind(|node| units.nodes[*node].span.contains(span))
    else {
        return false;
    };
    let NodeKind::Plain(statement) = units.nodes[node].kind else { return false };
    match &statement.kind {
        StatementKind::Expression(value) => place_of(case, unit, value, span) == Some(Place::Told),
        StatementKind::Return(Some(value)) => match place_of(case, unit, value, span) {
            Some(Place::Told) => true,
            Some(Place::Whole) => is_answer(case, unit) || depth > 0 && is_shown_by_callers(case, unit, depth),
            None => false,
        },
        _ => false,
    }
}

fn is_shown_by_callers(case: &Case<'_, '_>, unit: UnitId, depth: usize) -> bool {
    let callers = case.program.callers_of(unit);
    !callers.is_empty()
        && callers.iter().all(|caller| {
            let info = &case.program.units.calls[caller.call];
            is_shown(case, info.unit, info.call.span, depth - 1)
        })
}

/// Whether what a function gives is the answer to a request.
fn is_answer(case: &Case<'_, '_>, unit: UnitId) -> bool {
    let mut entries = case.entries.entries.iter();
    entries.any(|entry| entry.kind == "http" && case.program.unit_of_frame(entry.handler) == unit)
}

/// Where something stands within an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is that, or a part of what is written there.
    Whole,
    /// It is given to something that answers with it or logs it.
    Told,
}

/// Where a place stands within an expression; none where something else is made of it.
fn place_of(case: &Case<'_, '_>, unit: UnitId, around: &Expression, span: Span) -> Option<Place> {
    let holds = |part: &&Expression| part.span.contains(span);
    let within = |part: Option<&Expression>| place_of(case, unit, part?, span);
    match &around.kind {
        _ if around.span == span => Some(Place::Whole),
        ExpressionKind::Object(entries) => within(entries.iter().map(|entry| &entry.value).find(holds)),
        ExpressionKind::List(parts) | ExpressionKind::Template(parts) => within(parts.iter().find(holds)),
        ExpressionKind::Await(inner) => within(Some(inner)),
        ExpressionKind::Conditional { then, otherwise, .. } => {
            within([then.as_ref(), otherwise].into_iter().find(holds))
        }
        ExpressionKind::Call(call) => {
            let program = case.program;
            let site = Site { call: program.units.call_id(call)?, frame: program.open_frame(unit) };
            let tells = |path: &str| program.is_a(path, Kind::Respond) || program.is_a(path, Kind::Log);
            program.callee_paths(site).iter().any(|path| tells(path)).then_some(())?;
            within(call.arguments.iter().map(|argument| &argument.value).find(holds)).map(|_| Place::Told)
        }
        _ => None,
    }
}
