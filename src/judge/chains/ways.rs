//! One way from an entry point to a call, stop by stop: what stands in front, what is called, which guards are met.

use crate::judge::calls::{External, Which, held};
use crate::judge::conditions::logging::{is_logger, logged_by};
use crate::judge::conditions::{availability, retries};
use crate::judge::deadlines;
use crate::judge::failing::answered_at;
use crate::judge::guards::Protection;
use crate::judge::verdict::{Item, Location, Text};
use crate::link::arguments::{Amount, Held};
use crate::link::entries::{Link, Role};
use crate::link::reach::Trail;
use crate::link::units::{CallId, ModuleId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::Span;
use crate::rules::catalogue::Calls;

use super::{Look, words};

/// One place on a way.
#[derive(Clone, Debug)]
pub(super) struct Stop<'m> {
    pub(super) module: ModuleId,
    pub(super) span: Span,
    pub(super) what: Text,
    /// The place, where that is in no code: in settings.
    pub(super) place: Option<Location>,
    /// The items that it guards.
    pub(super) guards: Vec<Item>,
    /// The entry point that it is.
    pub(super) entry: Option<usize>,
    /// The call that it is.
    pub(super) call: Option<CallId>,
    /// Whether the way ends here.
    pub(super) is_target: bool,
    /// What stands there, where it is put in front of a handler.
    pub(super) value: Option<Value<'m>>,
    /// The frame in which it happens.
    pub(super) frame: Option<FrameId>,
}

impl<'m> Stop<'m> {
    fn new(module: ModuleId, span: Span, what: Text) -> Stop<'m> {
        Stop {
            module,
            span,
            what,
            place: None,
            guards: Vec::new(),
            entry: None,
            call: None,
            is_target: false,
            value: None,
            frame: None,
        }
    }
}

/// Whether a decorator of a library only registers the handler, as far as no item finds more in it.
pub(super) fn is_registration(link: &Link<'_>) -> bool {
    link.role == Role::Decorator && link.value.path().is_some()
}

/// Something that is met on a way.
struct Met {
    /// The step before which it is met.
    before: usize,
    /// The item that it answers, if any.
    item: Option<Item>,
    found: Protection,
    what: Text,
}

/// Adds what is met; where it stands on the way already, it answers one more item there.
fn meet(stops: &mut Vec<Stop<'_>>, met: &Met, frame: FrameId) {
    let found = &met.found;
    let same = |stop: &&mut Stop<'_>| stop.module == found.module && stop.span.start == found.span.start;
    if let Some(known) = stops.iter_mut().find(same) {
        known.guards.extend(met.item);
        return;
    }
    let stop = Stop::new(found.module, found.span, met.what.clone());
    stops.push(Stop { guards: met.item.into_iter().collect(), frame: Some(frame), ..stop });
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
        stops.extend(external.and_then(|external| self.platform(entry, external)));
        let guards = external.map(|external| self.guards_on(entry, external, trail)).unwrap_or_default();
        for (index, step) in trail.iter().enumerate() {
            let info = &program.units.calls[step.call];
            let is_target = external.is_some() && index + 1 == trail.len();
            let mut own: Vec<Item> = Vec::new();
            for met in guards.iter().filter(|met| met.before == index) {
                // A step may guard by itself: a wrapper, a call that is given what guards it.
                if (met.found.module, met.found.span.start) == (info.module, info.call.span.start) {
                    own.extend(met.item);
                } else {
                    meet(&mut stops, met, step.frame);
                }
            }
            let what = match external.filter(|_| is_target) {
                Some(external) => {
                    own.extend(self.settings(external, *step, step.call));
                    stops.extend(self.client(external, *step));
                    words::call(external.kind, &external.api)
                }
                None => words::passes(&Program::written(&info.call.callee)),
            };
            let stop = Stop::new(info.module, info.call.span, what);
            let (call, frame) = (Some(step.call), Some(step.frame));
            stops.push(Stop { guards: own, call, is_target, frame, ..stop });
        }
        stops
    }

    /// The platform's limit for the handler, where it is what bounds a call.
    fn platform(&self, entry: usize, external: &External) -> Option<Stop<'m>> {
        let entry = self.case.entries.entries.get(entry)?;
        let place = availability::platform_place(self.case, entry)?;
        if !availability::by_platform(self.case, external) {
            return None;
        }
        let stop = Stop::new(entry.module, entry.span, words::platform());
        Some(Stop { place: Some(place), guards: vec![Item::A1], ..stop })
    }

    /// The client of a call, with the items that it answers by how it is made.
    fn client(&self, external: &External, site: Site) -> Option<Stop<'m>> {
        let made = availability::client(self.case, external, site)?;
        let info = &self.case.program.units.calls[made.call];
        let stop = Stop::new(info.module, info.call.span, words::client());
        Some(Stop { guards: self.settings(external, site, made.call), call: Some(made.call), ..stop })
    }

    /// The items that settings given at one place answer for a call.
    fn settings(&self, external: &External, site: Site, place: CallId) -> Vec<Item> {
        let program = self.case.program;
        let is_given = |which: Which| match held(program, external, site, which) {
            Held::Given(Amount::Number(seconds), at) if which == Which::Timeout => {
                at.call == place && seconds <= deadlines::LONGEST
            }
            Held::Given(amount, at) => at.call == place && amount != Amount::Off,
            _ => false,
        };
        let settings = [(Which::Timeout, Item::A1), (Which::Retry, Item::A2), (Which::Output, Item::T1)];
        let asked = settings.into_iter().filter(|(_, item)| *item == Item::A1 || external.kind == Calls::Llm);
        asked.filter(|(which, _)| is_given(*which)).map(|(_, item)| item).collect()
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
            let guards = self.guarded_by(index, link);
            let is_registration = is_registration(link);
            let same = |stop: &&mut Stop<'m>| (stop.module, stop.span) == (link.module, link.span);
            if let Some(known) = stops.iter_mut().find(same) {
                known.guards.extend(guards);
            } else if !guards.is_empty() || !is_registration {
                let stop = Stop::new(link.module, link.span, words::front(link.role, &case.link_name(link)));
                stops.push(Stop { guards, value: Some(link.value.clone()), ..stop });
            }
        }
        stops.extend(self.exported(index));
        let unit = program.unit_of_frame(entry.handler);
        let info = &program.units.units[unit];
        if info.function.is_some() && !(info.module == entry.module && entry.span.contains(info.span)) {
            let name = case.guards.name_of_unit(unit);
            let stop = Stop::new(info.module, info.span, words::handler(&name));
            stops.push(Stop { entry: Some(index), ..stop });
        }
        // It may log itself what comes in.
        let logs_itself = logged_by(case, index).is_ok_and(|(_, name)| name == entry.name);
        if let Some(last) = stops.iter_mut().rfind(|stop| stop.entry == Some(index)).filter(|_| logs_itself) {
            last.guards.push(Item::V1);
        }
        stops
    }

    /// Where the file of an entry point that is found by its path exports it.
    fn exported(&self, index: usize) -> Option<Stop<'m>> {
        let program = self.case.program;
        let entry = &self.case.entries.entries[index];
        let exports = &program.units.exports[entry.module];
        let export = exports.iter().find(|export| entry.name.split(' ').any(|word| word == export.name))?;
        let value = export.value.as_ref()?;
        let line = |span: Span| program.location(entry.module, span).line;
        let is_elsewhere = line(value.span) != line(entry.span);
        let stop = Stop::new(entry.module, value.span, words::exported(&export.name));
        is_elsewhere.then_some(Stop { entry: Some(index), ..stop })
    }

    /// The items that something in front of an entry point answers.
    pub(super) fn guarded_by(&self, index: usize, link: &Link<'m>) -> Vec<Item> {
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
        items.sort_unstable();
        items
    }

    /// The guards on the way to a call.
    fn guards_on(&self, entry: usize, external: &External, trail: &Trail) -> Vec<Met> {
        let case = self.case;
        let mut all = Vec::new();
        let met = |before: usize, item: Item, found: Protection| {
            let what = words::guard(&found.name);
            Met { before, item: Some(item), found, what }
        };
        for (index, step) in trail.iter().enumerate() {
            for item in asked_of(external.kind) {
                all.extend(case.guards.at_step(*step, index > 0, item.id()).map(|found| met(index, *item, found)));
            }
            all.extend(self.retry_at(trail, index));
            all.extend(case.guards.around(*step, "V1").map(|found| met(index, Item::V1, found)));
        }
        if let Some(found) = deadlines::on_way(case, entry, trail) {
            all.push(met(self.step_of(trail, &found), Item::A1, found));
        }
        if external.kind == Calls::Llm
            && let Some((before, handler)) = answered_at(case, external, trail)
            && let Some(step) = trail.get(before)
        {
            let info = &case.program.units.calls[step.call];
            let span = handler.unwrap_or(info.call.span);
            let found = Protection { module: info.module, span, name: String::new() };
            all.push(Met { before, item: Some(Item::A3), found, what: words::answers_failure() });
        }
        all
    }

    /// The retry around one step; one that does not end or does not wait is met, and guards nothing.
    fn retry_at(&self, trail: &Trail, before: usize) -> Option<Met> {
        let case = self.case;
        let cover = retries::covers(case, trail, before, self.constructs)?;
        if let Some(construct) = cover.construct.and_then(|index| self.constructs.get(index)) {
            let item = (construct.bounded && construct.exponential).then_some(Item::A2);
            let found = Protection { module: construct.module, span: construct.span, name: construct.name.clone() };
            return Some(Met { before, item, found, what: words::retry(construct) });
        }
        let step = *trail.get(before)?;
        let found = case.guards.around(step, "A2").or_else(|| case.guards.decorators(step.frame, "A2"))?;
        let what = words::guard(&found.name);
        Some(Met { before, item: Some(Item::A2), found, what })
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
}
