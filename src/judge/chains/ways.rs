//! One way from an entry point to a call, stop by stop: what stands in front, what is called, which guards are met.

use crate::judge::calls::External;
use crate::judge::conditions::logging::is_logger;
use crate::judge::conditions::{availability, retries};
use crate::judge::deadlines;
use crate::judge::failing::answered_at;
use crate::judge::guards::Protection;
use crate::judge::verdict::chain::Chain;
use crate::judge::verdict::{Item, Text};
use crate::link::entries::{Link, frame_of};
use crate::link::reach::Trail;
use crate::link::units::{CallId, ModuleId, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::Span;
use crate::rules::catalogue::Calls;

use super::things::{Found, What};
use super::{Look, words};

/// One place on a way.
#[derive(Clone, Debug)]
pub(super) struct Stop<'m> {
    pub(super) module: ModuleId,
    pub(super) span: Span,
    pub(super) what: Text,
    /// The items that it guards.
    pub(super) guards: Vec<Item>,
    /// The entry point that it is.
    pub(super) entry: Option<usize>,
    /// The call that it is.
    pub(super) call: Option<CallId>,
    /// What stands there, where it is put in front of a handler.
    value: Option<Value<'m>>,
    /// The frame in which it happens.
    frame: Option<FrameId>,
}

impl<'m> Stop<'m> {
    fn new(module: ModuleId, span: Span, what: Text) -> Stop<'m> {
        Stop { module, span, what, guards: Vec::new(), entry: None, call: None, value: None, frame: None }
    }
}

/// The items that a guard on the way to a call can answer.
fn asked_of(kind: Calls) -> &'static [Item] {
    match kind {
        Calls::Llm => &[Item::C1, Item::C2, Item::C3],
        Calls::Paid => &[Item::C1, Item::C3],
        Calls::External => &[],
    }
}

impl<'m> Look<'_, '_, 'm> {
    /// The stops of a way: the entry point, what stands in front of it, every call on the way with the guards that it
    /// meets, and the call that it leads to.
    pub(super) fn way(&self, entry: usize, external: Option<&External>, trail: &Trail) -> Vec<Stop<'m>> {
        let program = self.case.program;
        let mut stops = self.front(entry);
        let guards = external.map(|external| self.guards_on(entry, external, trail)).unwrap_or_default();
        for (index, step) in trail.iter().enumerate() {
            let met = guards.iter().filter(|(at, ..)| *at == index);
            for (_, item, protection, what) in met {
                self.meet(&mut stops, *item, protection, what, step.frame);
            }
            let info = &program.units.calls[step.call];
            let is_last = index + 1 == trail.len();
            let what = match external.filter(|_| is_last) {
                Some(external) => {
                    if let Some(made) = availability::client(self.case, external, *step) {
                        let info = &program.units.calls[made.call];
                        let stop = Stop::new(info.module, info.call.span, words::client());
                        stops.push(Stop { call: Some(made.call), ..stop });
                    }
                    words::call(external.kind, &external.api)
                }
                None => words::passes(&Program::written(&info.call.callee)),
            };
            let stop = Stop::new(info.module, info.call.span, what);
            let own = Stop { call: Some(step.call), frame: Some(step.frame), ..stop };
            // A guard that the step itself is (a wrapper) is the same stop.
            match stops.last_mut().filter(|last| last.module == own.module && last.span.start == own.span.start) {
                Some(last) => {
                    let guards = std::mem::take(&mut last.guards);
                    *last = Stop { guards, ..own };
                }
                None => stops.push(own),
            }
        }
        stops
    }

    /// Adds a guard that is met; where it stands on the way already, it answers one more item there.
    fn meet(&self, stops: &mut Vec<Stop<'m>>, item: Item, found: &Protection, what: &Text, frame: FrameId) {
        let same = |stop: &&mut Stop<'m>| stop.module == found.module && stop.span.start == found.span.start;
        if let Some(known) = stops.iter_mut().find(same) {
            known.guards.push(item);
            return;
        }
        let stop = Stop::new(found.module, found.span, what.clone());
        stops.push(Stop { guards: vec![item], frame: Some(frame), ..stop });
    }

    /// The entry point, what stands in front of its handler, and the handler where that stands elsewhere.
    pub(super) fn front(&self, index: usize) -> Vec<Stop<'m>> {
        let case = self.case;
        let program = case.program;
        let entry = &case.entries.entries[index];
        case.guards.look_at(entry);
        let first = Stop::new(entry.module, entry.span, words::entry(entry));
        let mut stops = vec![Stop { entry: Some(index), ..first }];
        for link in entry.chains.first().into_iter().flatten() {
            let what = words::front(link.role, &case.link_name(link));
            let stop = Stop::new(link.module, link.span, what);
            stops.push(Stop { guards: self.guarded_by(index, link), value: Some(link.value.clone()), ..stop });
        }
        let unit = program.unit_of_frame(entry.handler);
        let info = &program.units.units[unit];
        if info.function.is_some() && !(info.module == entry.module && entry.span.contains(info.span)) {
            let stop = Stop::new(info.module, info.span, words::handler(info.name()));
            stops.push(Stop { entry: Some(index), ..stop });
        }
        stops
    }

    /// The items that something in front of an entry point answers.
    fn guarded_by(&self, index: usize, link: &Link<'m>) -> Vec<Item> {
        let case = self.case;
        let entry = &case.entries.entries[index];
        let mut items: Vec<Item> = [Item::V2, Item::C1, Item::C2, Item::C3]
            .into_iter()
            .filter(|item| case.guards.on_link(link, item.id()).is_some())
            .collect();
        if is_logger(case, entry, link) {
            items.push(Item::V1);
        }
        if deadlines::is_layer(case, link) {
            items.push(Item::A1);
        }
        if case.guards.on_link(link, "T1-input").is_some() {
            items.push(Item::T1);
        }
        items.sort();
        items
    }

    /// The guards on the way to a call, with the step before which each is met.
    fn guards_on(&self, entry: usize, external: &External, trail: &Trail) -> Vec<(usize, Item, Protection, Text)> {
        let case = self.case;
        let mut all = Vec::new();
        for (index, step) in trail.iter().enumerate() {
            for item in asked_of(external.kind) {
                if let Some(found) = case.guards.at_step(*step, index > 0, item.id()) {
                    let what = words::guard(&found.name);
                    all.push((index, *item, found, what));
                }
            }
            if let Some((found, what)) = self.retry_at(trail, index) {
                all.push((index, Item::A2, found, what));
            }
            if let Some(found) = case.guards.around(*step, "V1") {
                let what = words::guard(&found.name);
                all.push((index, Item::V1, found, what));
            }
        }
        if let Some(found) = deadlines::on_way(case, entry, trail) {
            let what = words::guard(&found.name);
            all.push((self.step_of(trail, &found), Item::A1, found, what));
        }
        if external.kind == Calls::Llm
            && let Some((index, handler)) = answered_at(case, external, trail)
            && let Some(step) = trail.get(index)
        {
            let info = &case.program.units.calls[step.call];
            let span = handler.unwrap_or(info.call.span);
            let found = Protection { module: info.module, span, name: String::new() };
            all.push((index, Item::A3, found, words::answers_failure()));
        }
        all
    }

    /// The retry around one step.
    fn retry_at(&self, trail: &Trail, index: usize) -> Option<(Protection, Text)> {
        let case = self.case;
        let cover = retries::covers(case, trail, index, self.constructs)?;
        if let Some(construct) = cover.construct.and_then(|index| self.constructs.get(index)) {
            let found = Protection { module: construct.module, span: construct.span, name: construct.name.clone() };
            return Some((found, words::retry(construct)));
        }
        let step = *trail.get(index)?;
        let found = case.guards.around(step, "A2").or_else(|| case.guards.decorators(step.frame, "A2"))?;
        let what = words::guard(&found.name);
        Some((found, what))
    }

    /// The step before which something is met: the last one whose function it stands in.
    fn step_of(&self, trail: &Trail, found: &Protection) -> usize {
        let program = self.case.program;
        let holds = |step: &Site| {
            let unit = &program.units.units[program.unit_of_frame(step.frame)];
            unit.module == found.module && unit.span.contains(found.span)
        };
        trail.iter().rposition(holds).unwrap_or(0)
    }

    /// The way from an entry point that leads through something, and whether it does so on the way to a call.
    pub(super) fn way_through(&self, index: usize, found: &Found) -> Option<(Chain, bool)> {
        let case = self.case;
        for (external, sites) in self.reached_by(index) {
            let trails = self.trails(index, sites);
            for trail in &trails {
                let stops = self.way(index, Some(external), trail);
                if stops.iter().any(|stop| self.is_at(stop, found)) {
                    let title = words::way(&case.entries.entries[index].name, &external.api, trails.len());
                    let steps = self.steps(stops, &|stop| self.is_at(stop, found));
                    return Some((Chain { title, steps }, true));
                }
            }
        }
        // It runs for the entry point without leading to a call.
        let (What::Call(_) | What::Function(_) | What::Retry(_)) = found.what else { return None };
        let trail = self.trail_to(index, found)?;
        let stops = self.way(index, None, &trail);
        let title = words::through(&case.entries.entries[index].name, &found.thing.what);
        let last = stops.len().saturating_sub(1);
        let mut steps = self.steps(stops, &|_| false);
        if let Some(step) = steps.get_mut(last) {
            step.is_asked = true;
        }
        Some((Chain { title, steps }, false))
    }

    /// The shortest way from an entry point to a call, or to one of a function.
    fn trail_to(&self, index: usize, found: &Found) -> Option<Trail> {
        let program = self.case.program;
        let reach = self.case.reaches.get(index)?;
        let leads = |site: &Site| match found.what {
            What::Call(call) => site.call == call,
            What::Function(unit) => program.runs(*site).iter().any(|frame| program.unit_of_frame(*frame) == unit),
            _ => false,
        };
        let sites: Vec<Site> = reach.sites(program).filter(leads).take(8).collect();
        sites.into_iter().flat_map(|site| reach.trails(site)).min_by_key(Vec::len)
    }

    /// Whether a stop is what was found, or uses it.
    fn is_at(&self, stop: &Stop<'m>, found: &Found) -> bool {
        let program = self.case.program;
        if stop.module == found.module && stop.span == found.span {
            return true;
        }
        match found.what {
            What::External(_) | What::Entry(_) => false,
            What::Retry(_) => false,
            What::Call(call) => stop.call == Some(call),
            What::Function(unit) => self.is_in(stop, unit),
            What::Guard { call, unit } => {
                unit.is_some_and(|unit| self.is_in(stop, unit))
                    || call
                        .is_some_and(|call| stop.call == Some(call) || !stop.guards.is_empty() && self.uses(stop, call))
                    || stop.module == found.module
                        && !stop.guards.is_empty()
                        && (found.span.contains(stop.span) || stop.span.contains(found.span))
                        && program.location(stop.module, stop.span).line == found.thing.location.line
            }
        }
    }

    /// Whether a stop happens in a function, or runs it.
    fn is_in(&self, stop: &Stop<'m>, unit: UnitId) -> bool {
        let program = self.case.program;
        if stop.frame.is_some_and(|frame| program.unit_of_frame(frame) == unit) {
            return true;
        }
        if stop.guards.is_empty() && stop.value.is_none() {
            return false;
        }
        self.frames_at(stop).into_iter().any(|frame| self.case.guards.reach(frame).has_unit(unit))
    }

    /// What a stop runs: the function that is put in front, or what its calls run.
    fn frames_at(&self, stop: &Stop<'m>) -> Vec<FrameId> {
        let program = self.case.program;
        let mut frames: Vec<FrameId> = stop.value.iter().filter_map(|value| frame_of(program, value)).collect();
        if !stop.guards.is_empty() {
            for site in self.sites_at(stop) {
                frames.extend(program.runs(site));
            }
        }
        frames
    }

    /// The calls within a stop's place.
    fn sites_at(&self, stop: &Stop<'m>) -> Vec<Site> {
        let program = self.case.program;
        let calls = program.units.calls.iter().enumerate();
        calls
            .filter(|(_, info)| info.module == stop.module && stop.span.contains(info.call.callee.span))
            .map(|(call, info)| {
                let own = stop.frame.filter(|frame| program.unit_of_frame(*frame) == info.unit);
                Site { call, frame: own.unwrap_or_else(|| program.open_frame(info.unit)) }
            })
            .take(16)
            .collect()
    }

    /// Whether a stop uses what a call has made: it calls it, is given it, or runs a function that does.
    fn uses(&self, stop: &Stop<'m>, made: CallId) -> bool {
        let program = self.case.program;
        let is_of = |value: &Value<'m>| value.sites().iter().any(|site| site.call == made);
        if stop.value.iter().any(is_of) {
            return true;
        }
        let is_used = |site: &Site| {
            let call = program.units.calls[site.call].call;
            program.values(&call.callee, site.frame).iter().any(is_of)
                || call.arguments.iter().any(|argument| program.values(&argument.value, site.frame).iter().any(is_of))
        };
        self.sites_at(stop).iter().any(is_used)
            || self.frames_at(stop).into_iter().any(|frame| {
                let reach = self.case.guards.reach(frame);
                reach.sites(program).take(2_000).any(|site| is_used(&site))
            })
    }

    /// Why nothing leads through something: it is not wired, or it works in another way.
    pub(super) fn unused(&self, found: &Found) -> Vec<Text> {
        let case = self.case;
        let program = case.program;
        let made = match found.what {
            What::Guard { call: Some(call), .. } => call,
            What::Guard { .. } => return vec![words::not_wired()],
            _ => return vec![words::on_no_way()],
        };
        let is_used = |site: &Site| {
            let callee = &program.units.calls[site.call].call.callee;
            site.call == made
                || program
                    .values(callee, site.frame)
                    .iter()
                    .any(|value| value.sites().iter().any(|each| each.call == made))
        };
        let is_initialised = program
            .callee_paths(Site { call: made, frame: program.open_frame(program.units.calls[made].unit) })
            .iter()
            .flat_map(|path| program.facts(path).to_vec())
            .any(|id| program.catalogue.fact(id).how.as_deref() == Some("init"));
        if is_initialised && case.start_sites().any(|site| site.call == made) {
            return vec![words::at_start()];
        }
        let running: Vec<String> = (0..case.entries.entries.len())
            .filter(|index| case.reaches[*index].sites(program).any(|site| is_used(&site)))
            .map(|index| format!("`{}`", case.entries.entries[index].name))
            .take(super::SHOWN)
            .collect();
        if !running.is_empty() {
            return vec![words::runs_uncounted(&running)];
        }
        let uses = program.units.calls.iter().enumerate().filter(|(call, info)| {
            *call != made && is_used(&Site { call: *call, frame: program.open_frame(info.unit) })
        });
        let places: Vec<String> = uses
            .take(super::NEAR)
            .map(|(call, _)| {
                let place = program.place(call);
                format!("{}:{}", place.path, place.line)
            })
            .collect();
        vec![words::not_wired(), words::used_at(&places)]
    }
}
