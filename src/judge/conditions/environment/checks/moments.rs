//! When a check runs: while the application starts, or later.

use std::collections::BTreeSet;

use crate::judge::case::Case;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program};

/// When something runs, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// While the application starts.
    Start,
    /// While it starts, but an error is caught and things go on.
    Swallowed,
    Later,
}

/// When a place runs that is reached through calls, and the modules whose start runs it.
pub fn when(case: &Case<'_, '_>, unit: UnitId, node: Option<NodeId>, via: &[CallId]) -> (When, BTreeSet<ModuleId>) {
    let program = case.program;
    let mut places = vec![(unit, node)];
    places.extend(via.iter().map(|call| (program.units.calls[*call].unit, Some(program.units.calls[*call].node))));
    let caught = places.iter().any(|(_, node)| node.is_some_and(|node| swallows(program, node)));
    let mut best = When::Later;
    let mut roots = BTreeSet::new();
    let Some((outermost, node)) = places.last().copied() else { return (best, roots) };
    let is_never_deployed = |(unit, node): &(UnitId, Option<NodeId>)| {
        node.is_some_and(|node| program.is_never_deployed(node, program.open_frame(*unit)))
    };
    if node.is_some_and(|node| case.is_skipped(node)) || places.iter().any(is_never_deployed) {
        return (best, roots);
    }
    for frame in case.starts_in(outermost) {
        if node.is_some_and(|node| program.is_left_out(node, *frame)) {
            continue;
        }
        let Some((root, swallowed)) = started(case, *frame) else { continue };
        let now = if caught || swallowed { When::Swallowed } else { When::Start };
        best = best.min(now);
        if now == When::Start || best == When::Swallowed {
            roots.insert(root);
        }
    }
    (best, roots)
}

/// The module at whose start a frame runs, and whether an error is caught on the way; none where it never runs.
fn started(case: &Case<'_, '_>, frame: FrameId) -> Option<(ModuleId, bool)> {
    let program = case.program;
    let mut frame = program.frame(frame);
    let mut swallowed = false;
    while let How::Call(site) = frame.how {
        let node = program.units.calls[site.call].node;
        let is_off = program.is_never_deployed(node, site.frame) || program.is_left_out(node, site.frame);
        if case.is_skipped(node) || is_off {
            return None;
        }
        swallowed |= swallows(program, node);
        frame = program.frame(site.frame);
    }
    Some((program.module_of(frame.unit), swallowed))
}

/// Whether an error at a node is caught, in its own unit, by a handler that lets things go on.
pub fn swallows(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            each.handlers.iter().any(|handler| !matches!(exit_of(&handler.body), Some(Exit::Raise)))
        }
        _ => false,
    })
}
