//! Where a failure comes out: what is only begun at a call fails where it is waited for, and what a generator asks fails
//! where that is read.

use crate::link::units::{NodeId, UnitId};
use crate::link::{FrameId, How, Site};
use crate::model::{Expression, ExpressionKind, Span};
use crate::rules::catalogue::Kind;

use super::results::of_callback;
use super::{Fate, is_asynchronous};
use crate::judge::case::Case;
use crate::judge::generators::read_at;

/// Functions within a function that are looked at.
const FUNCTIONS: usize = 16;

/// The place at which a failure of a step comes out.
pub(super) struct Surface<'m> {
    pub frame: FrameId,
    pub node: NodeId,
    /// What stands there: the call, or what is waited for.
    pub span: Span,
    /// Whether that is another place than that of the call.
    pub is_elsewhere: bool,
    awaited: Option<&'m Expression>,
}

impl<'m> Surface<'m> {
    /// Where a failure at a step of a way comes out in the function of that step, or in one that is made there.
    pub(super) fn of(case: &Case<'_, 'm>, trail: &[Site], index: usize) -> Option<Surface<'m>> {
        let step = *trail.get(index)?;
        let info = &case.program.units.calls[step.call];
        let is_elsewhere = |node: NodeId| node != info.node;
        if let Some((frame, span)) = read_at(case, trail, index) {
            let node = node_at(case, case.program.unit_of_frame(frame), span)?;
            return Some(Surface { frame, node, span, is_elsewhere: is_elsewhere(node), awaited: None });
        }
        if let Some((frame, awaited)) = awaited_at(case, trail, index) {
            let node = node_at(case, case.program.unit_of_frame(frame), awaited.span)?;
            let awaited = Some(awaited);
            let span = awaited.map_or(info.call.span, |awaited| awaited.span);
            return Some(Surface { frame, node, span, is_elsewhere: true, awaited });
        }
        Some(Surface { frame: step.frame, node: info.node, span: info.call.span, is_elsewhere: false, awaited: None })
    }

    /// What is made of the failure by a function that what was begun has been given since: `pending.catch(() => null)`.
    pub(super) fn of_chain(&self, case: &Case<'_, 'm>, step: Site) -> Option<Fate> {
        let program = case.program;
        let handles = |site: &Site| match &program.units.calls[site.call].call.callee.kind {
            ExpressionKind::Member { object, name } => {
                name == "catch" && program.pending(object, site.frame).contains(&step)
            }
            _ => false,
        };
        let chained = program.pending(self.awaited?, self.frame);
        chained.into_iter().filter(|site| handles(site)).find_map(|site| of_callback(case, site, 0))
    }
}

/// What is waited for within a block that leads to a call that was begun before it.
pub(super) fn awaited_within(case: &Case<'_, '_>, within: Span, frame: FrameId) -> Vec<Site> {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let awaited = unit.awaits.iter().filter(|awaited| within.contains(awaited.span));
    awaited.flat_map(|awaited| program.pending(awaited, frame)).collect()
}

/// The frames of a function and of those that are made in it.
pub(in crate::judge) fn with_inner(case: &Case<'_, '_>, frame: FrameId) -> Vec<FrameId> {
    let program = case.program;
    let mut frames = vec![frame];
    let mut at = 0;
    while let Some(outer) = frames.get(at).copied() {
        at += 1;
        for unit in &program.units.units[program.unit_of_frame(outer)].inner {
            if frames.len() < FUNCTIONS {
                frames.extend(program.enter(*unit, outer, None, How::Open));
            }
        }
    }
    frames
}

/// What is waited for that a step has begun, where that is not done at the step itself.
fn awaited_at<'m>(case: &Case<'_, 'm>, trail: &[Site], index: usize) -> Option<(FrameId, &'m Expression)> {
    let program = case.program;
    let step = *trail.get(index)?;
    let info = &program.units.calls[step.call];
    let is_bound = program.units.nodes[info.node].kind.assignment().is_some() || is_put_into_a_list(case, step);
    let own = &program.units.units[info.unit].awaits;
    if !is_bound || own.iter().any(|awaited| awaited.span.contains(info.call.span)) {
        return None;
    }
    let is_asynchronous = is_asynchronous(case, trail, index);
    with_inner(case, step.frame).into_iter().find_map(|frame| {
        let awaits = program.units.units[program.unit_of_frame(frame)].awaits.iter().copied();
        let mut waiting = awaits.filter(|awaited| is_asynchronous || waits_for_itself(case, awaited, frame));
        waiting.find(|awaited| program.pending(awaited, frame).contains(&step)).map(|awaited| (frame, awaited))
    })
}

/// Whether what a call begins is kept among others: `pending.push(ask(part))`.
fn is_put_into_a_list(case: &Case<'_, '_>, step: Site) -> bool {
    let calls = &case.program.units.calls;
    let outer = calls[step.call].within.first().map(|outer| &calls[*outer].call.callee.kind);
    matches!(outer, Some(ExpressionKind::Member { name, .. }) if matches!(name.as_str(), "push" | "append"))
}

/// Whether what is waited for is itself what was begun, or what a library makes of it: `await task`,
/// `await asyncio.wait_for(task, 5)`.
fn waits_for_itself<'m>(case: &Case<'_, 'm>, awaited: &'m Expression, frame: FrameId) -> bool {
    let program = case.program;
    match &awaited.kind {
        ExpressionKind::Name(_) => true,
        ExpressionKind::Call(call) => program.units.call_id(call).is_some_and(|call| {
            let paths = program.callee_paths(Site { call, frame });
            paths.iter().any(|path| [Kind::Same, Kind::Guard].into_iter().any(|kind| program.is_a(path, kind)))
        }),
        _ => false,
    }
}

/// The innermost node of a unit around a place.
fn node_at(case: &Case<'_, '_>, unit: UnitId, span: Span) -> Option<NodeId> {
    let units = &case.program.units;
    units.units[unit].nodes.iter().copied().rfind(|node| units.nodes[*node].span.contains(span))
}
