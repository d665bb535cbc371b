//! Registrations that happen only where the program is developed: they stand in front of nothing that is deployed.

use crate::link::Program;
use crate::link::units::{NodeId, UnitId};
use crate::model::Span;

/// Callers of callers that are looked at.
const CALLERS: usize = 4;

/// Whether a place runs only where the program is developed, by a condition around it or around all calls of its function.
pub(super) fn is_developed_only(program: &Program<'_>, node: NodeId, unit: UnitId) -> bool {
    is_only(program, node, unit, 0)
}

/// Whether a function is defined only where the program is developed.
pub(super) fn is_defined_in_development(program: &Program<'_>, unit: UnitId, function: Span) -> bool {
    let nodes = program.units.units[unit].nodes.iter().copied();
    let place = nodes.rev().find(|node| program.units.nodes[*node].span.contains(function));
    place.is_some_and(|node| is_developed_only(program, node, unit))
}

fn is_only(program: &Program<'_>, node: NodeId, unit: UnitId, depth: usize) -> bool {
    if program.is_never_deployed(node, program.open_frame(unit)) {
        return true;
    }
    let callers = program.callers_of(unit);
    depth < CALLERS
        && !callers.is_empty()
        && callers.iter().all(|site| {
            let info = &program.units.calls[site.call];
            is_only(program, info.node, info.unit, depth + 1)
        })
}
