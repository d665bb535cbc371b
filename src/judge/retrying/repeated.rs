//! What a retry construct repeats: the calls that run again each time it tries.

use crate::link::units::{CallId, NodeKind};
use crate::link::{FrameId, Site};

use super::{Construct, Repeats};
use crate::judge::case::Case;

/// Calls within calls that are followed.
const DEPTH: usize = 5;
/// Units within one construct that are looked at.
const FRAMES: usize = 200;

/// Everything that runs within a construct.
#[derive(Debug, Default)]
pub struct Repeated {
    /// The calls that leave the process or ask a store, in the order in which they run.
    pub calls: Vec<Site>,
    /// The units of the program that run as a whole.
    pub frames: Vec<FrameId>,
}

/// What a construct repeats. A policy that is given to a client repeats what the client does by itself, and is left out.
pub fn repeated(case: &Case<'_, '_>, construct: &Construct) -> Repeated {
    let program = case.program;
    let mut found = Repeated::default();
    match construct.how {
        Repeats::Library(call) => library(case, call, &mut found),
        Repeats::Decorator(unit) => enter(case, program.open_frame(unit), DEPTH, &mut found),
        Repeats::Loop(node) => {
            let unit = program.units.nodes[node].unit;
            let frame = program.open_frame(unit);
            let within =
                |call: &&CallId| program.units.ancestors(program.units.calls[**call].node).any(|(id, _)| id == node);
            for call in program.units.units[unit].calls.iter().filter(within) {
                follow(case, Site { call: *call, frame }, DEPTH, &mut found);
            }
        }
        Repeats::Recursion { unit, call } => {
            let frame = program.open_frame(unit);
            for own in program.units.units[unit].calls.iter().filter(|own| **own != call) {
                follow(case, Site { call: *own, frame }, DEPTH, &mut found);
            }
        }
    }
    found
}

fn library(case: &Case<'_, '_>, call: CallId, found: &mut Repeated) {
    let program = case.program;
    let info = &program.units.calls[call];
    if let Some(unit) = info.decorates {
        return enter(case, program.open_frame(unit), DEPTH, found);
    }
    let site = Site { call, frame: program.open_frame(info.unit) };
    for frame in program.runs(site).iter().copied() {
        enter(case, frame, DEPTH, found);
    }
    // `policy.execute(() => ask())`, `Retrying(...)(ask)`, `model.with_retry().invoke()`
    for (other, info) in program.units.calls.iter().enumerate().filter(|(other, _)| *other != call) {
        let site = Site { call: other, frame: program.open_frame(info.unit) };
        let is_made_by = case.callees(site).iter().any(|value| value.sites().iter().any(|made| made.call == call));
        if is_made_by {
            follow(case, site, DEPTH, found);
        }
    }
    // `for attempt in Retrying(...)`, `async with retry_context(...)`
    for node in 0..program.units.nodes.len() {
        let info = &program.units.nodes[node];
        let over = match info.kind {
            NodeKind::Loop(each) => each.over.as_ref(),
            NodeKind::With(items) => items.first().map(|item| &item.context),
            _ => None,
        };
        let frame = program.open_frame(info.unit);
        let is_over_it = over.is_some_and(|over| {
            program.values(over, frame).iter().any(|value| value.sites().iter().any(|made| made.call == call))
        });
        if is_over_it {
            for inner in &program.units.units[info.unit].calls {
                if program.units.ancestors(program.units.calls[*inner].node).any(|(id, _)| id == node) {
                    follow(case, Site { call: *inner, frame }, DEPTH, found);
                }
            }
        }
    }
}

fn enter(case: &Case<'_, '_>, frame: FrameId, depth: usize, found: &mut Repeated) {
    if found.frames.contains(&frame) || found.frames.len() >= FRAMES {
        return;
    }
    found.frames.push(frame);
    for call in &case.program.units.units[case.program.unit_of_frame(frame)].calls {
        follow(case, Site { call: *call, frame }, depth, found);
    }
}

fn follow(case: &Case<'_, '_>, site: Site, depth: usize, found: &mut Repeated) {
    if found.calls.iter().any(|known| known.call == site.call) {
        return;
    }
    if case.external_at(site.call).is_some() || case.guards.behaviour.operation(site).is_some() {
        found.calls.push(site);
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for frame in case.program.runs(site).iter().copied() {
        enter(case, frame, depth, found);
    }
}
