//! Deadlines around a call: what bounds it in time from the outside, on the way from an entry point.

use std::collections::BTreeSet;

use crate::link::arguments::{Amount, Given, Held};
use crate::link::entries::{Entry, Link, frame_of};
use crate::link::reach::Trail;
use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span};
use crate::rules::catalogue::Fact;

use super::calls::External;
use super::case::Case;
use super::guards::{Protection, short};

const ITEM: &str = "A1";
/// A deadline above this bounds nothing, in seconds.
pub const LONGEST: f64 = 300.0;

/// Whether deadlines stand around a call at a site, on every way to it.
pub fn enclosed(case: &Case<'_, '_>, external: &External, site: Site) -> bool {
    let ways: Vec<(usize, Trail)> = external
        .reached
        .iter()
        .filter(|(_, sites)| sites.contains(&site))
        .flat_map(|(entry, _)| case.reaches[*entry].trails(site).into_iter().map(move |trail| (*entry, trail)))
        .collect();
    if ways.is_empty() {
        return on_written_way(case, site).is_some();
    }
    ways.iter().all(|(entry, trail)| on_way(case, *entry, trail).is_some())
}

/// The deadline on one way from an entry point to a call.
pub fn on_way(case: &Case<'_, '_>, entry: usize, trail: &Trail) -> Option<Protection> {
    match on_trail(case, trail) {
        Way::Bounded(found) => Some(found),
        Way::Outlives => None,
        Way::Open => in_front(case, case.entries.entries.get(entry)?),
    }
}

/// The deadline around a call that nothing is known to reach.
pub fn on_written_way(case: &Case<'_, '_>, site: Site) -> Option<Protection> {
    match on_trail(case, &written_around(case, site)) {
        Way::Bounded(found) => Some(found),
        _ => None,
    }
}

/// The way to a call that nothing is known to reach, as it is written: `policy.execute(() => fetch(url))`.
fn written_around(case: &Case<'_, '_>, site: Site) -> Trail {
    let program = case.program;
    let mut trail = vec![site];
    let mut unit = program.unit_of_frame(site.frame);
    while let Some(parent) = program.units.units[unit].parent.filter(|_| trail.len() < 8) {
        let span = program.units.units[unit].span;
        let is_given = |call: &usize| {
            program.units.calls[*call].call.arguments.iter().any(|argument| argument.value.span.contains(span))
        };
        let calls = program.units.units[parent].calls.iter().copied().filter(is_given);
        let Some(call) = calls.min_by_key(|call| {
            let span = program.units.calls[*call].call.span;
            span.end - span.start
        }) else {
            break;
        };
        trail.insert(0, Site { call, frame: program.open_frame(parent) });
        unit = parent;
    }
    trail
}

/// What a way does for a call's time.
enum Way {
    Bounded(Protection),
    /// Nothing on it bounds the call; what stands in front of the handler may.
    Open,
    /// The call goes on when its caller has long returned.
    Outlives,
}

/// Whether a call is started on a way and left running: then what bounds the handler does not bound the call.
pub fn outlives(case: &Case<'_, '_>, trail: &Trail) -> bool {
    trail.iter().any(|step| case.program.is_left_running(*step))
}

/// From the call outwards, until something bounds it or it is left to itself.
fn on_trail(case: &Case<'_, '_>, trail: &Trail) -> Way {
    // A stream is bounded only by what stands around the reading of it.
    let mut streams = trail.last().is_some_and(|site| opens_stream(case, *site));
    for step in trail.iter().rev() {
        let left_running = case.program.is_left_running(*step);
        if let Some(found) = around(case, *step, streams, left_running) {
            return Way::Bounded(found);
        }
        if left_running {
            return Way::Outlives;
        }
        if let Some(found) = decorated(case, step.frame).filter(|_| !(streams && hands_on(case, *step))) {
            return Way::Bounded(found);
        }
        streams = streams && hands_on(case, *step);
    }
    Way::Open
}

/// Whether a call opens a stream that is read afterwards.
fn opens_stream(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let asked = match program.argument(site, "stream") {
        Given::Present { expression, frame } => program.values(expression, frame).iter().any(|value| {
            matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Boolean(true))))
        }),
        _ => false,
    };
    let named = match &program.units.calls[site.call].call.callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            name.to_ascii_lowercase().contains("stream")
        }
        _ => false,
    };
    asked || named
}

/// Whether the unit of a step passes a stream on to its caller instead of reading it.
fn hands_on(case: &Case<'_, '_>, step: Site) -> bool {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(step.frame)];
    unit.function.is_some_and(|function| function.is_generator)
        || unit.returns.iter().any(|returned| {
            program.values(returned, step.frame).iter().any(|value| value.sites().contains(&step))
                || program.pending(returned, step.frame).contains(&step)
        })
}

/// A deadline around a step within its own unit.
fn around(case: &Case<'_, '_>, step: Site, streams: bool, left_running: bool) -> Option<Protection> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    // `wait_for(ask(), 30)`, `race([ask(), timer])`, and the call that is handed a function to run in time.
    let hands_over = std::iter::once(step.call).chain(info.within.iter().copied());
    // `request.pipe(timeout(5_000))`
    let hands_over = hands_over.chain(case.guards.operators_on(step));
    let mut handed_over = hands_over.map(|call| Site { call, frame: step.frame });
    let wrapper = handed_over.find(|here| wraps(case, *here)).or_else(|| waits_for(case, step));
    if let Some(wrapper) = wrapper.filter(|_| !streams) {
        return Some(called(case, wrapper));
    }
    // What is left running is not inside of a block that only starts it.
    if left_running {
        return None;
    }
    program.units.ancestors(info.node).find_map(|(_, node)| {
        let NodeKind::With(items) = node.kind else { return None };
        let found = items.iter().find_map(|item| deadline(case, &item.context, step.frame))?;
        (!streams || reads_stream(case, step, node.span)).then_some(found)
    })
}

/// A call that is a deadline, as what stands there.
fn called(case: &Case<'_, '_>, site: Site) -> Protection {
    let info = &case.program.units.calls[site.call];
    let path = case.program.callee_paths(site).first().cloned();
    let name = path.map_or_else(|| Program::written(&info.call.callee), |path| short(&path));
    Protection { module: info.module, span: info.call.callee.span, name }
}

/// Whether a loop within a span reads what a call returned.
fn reads_stream(case: &Case<'_, '_>, step: Site, within: crate::model::Span) -> bool {
    let program = case.program;
    let unit = program.unit_of_frame(step.frame);
    program.units.units[unit].nodes.iter().any(|node| {
        let node = &program.units.nodes[*node];
        let NodeKind::Loop(each) = node.kind else { return false };
        within.contains(node.span)
            && each.over.as_ref().is_some_and(|over| {
                program.slice(over, step.frame).sites.contains(&step)
                    || program.values(over, step.frame).iter().any(|value| value.sites().contains(&step))
            })
    })
}

/// Whether a call is one of a library that bounds in time what it is given.
fn wraps(case: &Case<'_, '_>, site: Site) -> bool {
    case.program.callee_paths(site).iter().any(|path| {
        case.guards.facts(path, Some(site), ITEM).into_iter().any(|fact| is_around(fact) && holds(case, fact, site))
    })
}

fn is_around(fact: &Fact) -> bool {
    !matches!(fact.how.as_deref(), Some("result" | "init" | "middleware"))
}

/// Whether a deadline's own limit is one: at most five minutes, and not switched off.
fn holds(case: &Case<'_, '_>, fact: &Fact, site: Site) -> bool {
    let Some(setting) = &fact.timeout else { return true };
    match case.program.setting_at(setting, site) {
        Some(Held::Given(Amount::Number(seconds), _)) => seconds <= LONGEST,
        Some(Held::Given(Amount::Off, _)) | None => false,
        _ => true,
    }
}

/// The call later in the unit of a step to which the step's result is given, not yet awaited: a deadline, or a function
/// of the program that puts one around it.
fn waits_for(case: &Case<'_, '_>, step: Site) -> Option<Site> {
    let program = case.program;
    let with_deadline = case.guards.units_with_deadline.get_or_init(|| units_with_deadline(case));
    if with_deadline.is_empty() {
        return None;
    }
    let unit = program.unit_of_frame(step.frame);
    let others = program.units.units[unit].calls.iter().filter(|call| **call != step.call);
    others.map(|call| Site { call: *call, frame: step.frame }).find(|site| {
        let site = *site;
        let is_given = || {
            let call = program.units.calls[site.call].call;
            call.arguments.iter().any(|argument| program.pending(&argument.value, site.frame).contains(&step))
        };
        if wraps(case, site) {
            return is_given() || is_asked(case, site, step);
        }
        let own: Vec<FrameId> = program
            .runs(site)
            .iter()
            .copied()
            .filter(|frame| program.frame(*frame).how == How::Call(site))
            .filter(|frame| with_deadline.contains(&program.unit_of_frame(*frame)))
            .collect();
        !own.is_empty() && is_given() && own.iter().any(|frame| waits_within(case, *frame, step))
    })
}

/// Whether a deadline is a method of what a step has begun: `future.result(timeout=60)`. Whoever leaves the block of the
/// pool waits for all that was begun there.
fn is_asked(case: &Case<'_, '_>, site: Site, step: Site) -> bool {
    let program = case.program;
    let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else { return false };
    if !program.pending(object, site.frame).contains(&step) {
        return false;
    }
    let info = &program.units.calls[step.call];
    let ExpressionKind::Member { object: pool, .. } = &info.call.callee.kind else { return true };
    let pools = program.values(pool, step.frame);
    let waits = |context: &'_ Expression| {
        let names_pool =
            matches!((&context.kind, &pool.kind), (ExpressionKind::Name(a), ExpressionKind::Name(b)) if a == b);
        let makes_pool = match &context.kind {
            ExpressionKind::Call(call) => program
                .units
                .call_id(call)
                .is_some_and(|made| pools.iter().any(|value| value.sites().iter().any(|site| site.call == made))),
            _ => false,
        };
        names_pool || makes_pool
    };
    !program.units.ancestors(info.node).any(|(_, node)| match node.kind {
        NodeKind::With(items) => items.iter().any(|item| waits(&item.context)),
        _ => false,
    })
}

/// The units that call something that bounds in time what it is given.
fn units_with_deadline(case: &Case<'_, '_>) -> BTreeSet<UnitId> {
    let calls = case.program.units.calls.iter().enumerate();
    calls
        .filter(|(call, info)| wraps(case, Site { call: *call, frame: case.program.open_frame(info.unit) }))
        .map(|(_, info)| info.unit)
        .collect()
}

/// Whether a deadline stands around something in a unit or in what runs from there.
pub fn stand_within(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let program = case.program;
    let calls = case.guards.units_with_deadline.get_or_init(|| units_with_deadline(case));
    case.guards.reach(frame).frames.iter().any(|frame| {
        let unit = program.unit_of_frame(*frame);
        let opens = |node: &usize| match program.units.nodes[*node].kind {
            NodeKind::With(items) => items.iter().any(|item| deadline(case, &item.context, *frame).is_some()),
            _ => false,
        };
        calls.contains(&unit) || program.units.units[unit].nodes.iter().any(opens) || decorated(case, *frame).is_some()
    })
}

/// Whether a function waits for something until a time is up, besides what stands at a place: whoever waits for an answer
/// that never comes goes on then.
pub fn ends_waiting(case: &Case<'_, '_>, frame: FrameId, besides: Span) -> bool {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let is_other = |span: Span| !span.contains(besides) && !besides.contains(span);
    let waits =
        |call: &CallId| is_other(program.units.calls[*call].call.span) && wraps(case, Site { call: *call, frame });
    let opens = |node: &NodeId| match program.units.nodes[*node].kind {
        NodeKind::With(items) => items.iter().any(|item| deadline(case, &item.context, frame).is_some()),
        _ => false,
    };
    unit.calls.iter().any(waits) || unit.nodes.iter().any(opens)
}

/// Whether a function puts a deadline around what it was given.
fn waits_within(case: &Case<'_, '_>, frame: FrameId, step: Site) -> bool {
    let program = case.program;
    program.units.units[program.unit_of_frame(frame)].calls.iter().any(|call| {
        let site = Site { call: *call, frame };
        let call = program.units.calls[site.call].call;
        wraps(case, site)
            && call.arguments.iter().any(|argument| program.pending(&argument.value, frame).contains(&step))
    })
}

/// A decorator with a time limit on the unit that a frame runs.
fn decorated(case: &Case<'_, '_>, frame: FrameId) -> Option<Protection> {
    let program = case.program;
    let info = &program.units.units[program.unit_of_frame(frame)];
    let (function, parent) = (info.function?, info.parent?);
    let outer = program.frame(frame).closure.unwrap_or_else(|| program.open_frame(parent));
    function.decorators.iter().find_map(|decorator| deadline(case, decorator, outer))
}

/// The deadline that an expression makes: the context of a `with`, a decorator.
fn deadline<'m>(case: &Case<'_, 'm>, expression: &'m Expression, frame: FrameId) -> Option<Protection> {
    let values = case.program.values(expression, frame);
    let found = values.iter().find(|value| is_deadline(case, value))?;
    let module = case.program.module_of(case.program.unit_of_frame(frame));
    Some(Protection { module, span: expression.span, name: found.path().map(short).unwrap_or_default() })
}

fn is_deadline(case: &Case<'_, '_>, value: &Value<'_>) -> bool {
    let Value::Library { path, sites } = value else { return false };
    let Some(site) = sites.last() else { return false };
    case.guards.facts(path, Some(*site), ITEM).into_iter().any(|fact| holds(case, fact, *site))
}

/// The time limit that stands in front of an entry point however it is mounted: a layer, a middleware.
fn in_front<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>) -> Option<Protection> {
    let mut first = None;
    for chain in &entry.chains {
        let layer = chain.iter().find(|link| is_layer(case, link))?;
        let name = case.link_name(layer);
        first = first.or(Some(Protection { module: layer.module, span: layer.span, name }));
    }
    first
}

/// Whether something in front of a handler is a time limit.
pub fn is_layer<'m>(case: &Case<'_, 'm>, link: &Link<'m>) -> bool {
    match frame_of(case.program, &link.value) {
        // A middleware of the program's own that goes on within a deadline.
        Some(frame) => {
            let reach = case.guards.reach(frame);
            let onwards = case.guards.continuations(frame);
            let is_bounded = |trail: Trail| trail.iter().any(|step| around(case, *step, false, false).is_some());
            !onwards.is_empty() && onwards.iter().all(|site| reach.trails(*site).into_iter().all(is_bounded))
        }
        None => is_deadline(case, &link.value),
    }
}
