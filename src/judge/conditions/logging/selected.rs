//! Lines that are written for some of the requests only: for slow ones, or for others than those that are looked at.

use crate::judge::case::Case;
use crate::link::flow::{Exit, Gate};
use crate::link::units::{NodeId, NodeKind};
use crate::link::{FrameId, Program, Site};
use crate::model::{Block, Expression, ExpressionKind};

use super::around::is_status_of_failure;
use super::line::{log_line, tells_duration};

/// Tests within tests that are looked at.
const DEPTH: usize = 8;

/// Whether a line behind a place is left out for ordinary requests to a route: it stands behind a test of how long they
/// took, of their path or their method, and nothing is logged where that says otherwise.
pub(super) fn is_for_some(case: &Case<'_, '_>, line: Site, place: Option<NodeId>, route: Option<&str>) -> bool {
    let units = &case.program.units;
    let around: Vec<NodeId> = place
        .into_iter()
        .flat_map(|place| std::iter::once(place).chain(units.ancestors(place).map(|(id, _)| id)))
        .collect();
    let end = place.map_or(0, |place| units.nodes[place].span.start);
    let gates = case.program.gates(line);
    let mut own = gates.iter().filter(|gate| {
        let is_behind = gate.exit == Exit::Branch || gate.under.is_none() && gate.span.start >= end;
        is_behind && !around.contains(&gate.node)
    });
    own.any(|gate| {
        let leaves_out = asks_how_long(case.program, gate.test, gate.frame, !gate.refuses_when, 0)
            || case.guards.is_for_other_requests(gate, route);
        leaves_out && !is_logged_otherwise(case, gate, line)
    })
}

/// Whether a test holds (or fails) only for requests that took long, or failed.
fn asks_how_long<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool, depth: usize) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    if depth > DEPTH {
        return false;
    }
    let asks = |part: &'m Expression| asks_how_long(program, part, frame, holds, depth + 1);
    let fails = |part: &Expression| is_status_of_failure(part, holds);
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => asks_how_long(program, inner, frame, !holds, depth + 1),
        ("and" | "or", parts) if (operator == "and") == holds => parts.iter().any(asks),
        ("and" | "or", parts) => parts.iter().any(asks) && parts.iter().all(|part| asks(part) || fails(part)),
        ("<" | "<=" | ">" | ">=", [left, right]) => {
            let is_nothing = |each: &'m Expression| program.number(each, frame, 0) == Some(0.0);
            let tells = |each: &'m Expression| tells_duration(program, &program.slice(each, frame));
            !is_nothing(left) && !is_nothing(right) && (tells(left) || tells(right))
        }
        _ => false,
    }
}

/// Whether a line is written for the requests that a gate keeps from another one: `if slow: warn(..) else: info(..)`.
fn is_logged_otherwise(case: &Case<'_, '_>, gate: &Gate<'_>, line: Site) -> bool {
    let units = &case.program.units;
    let mut nodes = std::iter::once((gate.node, &units.nodes[gate.node])).chain(units.ancestors(gate.node));
    let blocks = nodes.find_map(|(_, node)| match node.kind {
        NodeKind::If { test, then, otherwise, .. } if std::ptr::eq(test, gate.test) => Some((then, otherwise)),
        _ => None,
    });
    let Some((then, otherwise)) = blocks else { return false };
    let other: &Block = if gate.refuses_when { then } else { otherwise };
    let calls = units.units[case.program.unit_of_frame(line.frame)].calls.iter();
    let mut inside = calls.filter(|call| {
        let span = units.calls[**call].call.span;
        other.iter().any(|statement| statement.span.contains(span))
    });
    inside
        .any(|call| log_line(case, Site { call: *call, ..line }).is_some_and(|line| line.status || line.says_something))
}
