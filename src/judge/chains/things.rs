//! What stands in a file that somebody could ask about, and which of it a line means.

use crate::link::entries::frame_of;
use crate::link::reach::Trail;
use crate::link::units::{CallId, ModuleId, UnitId};
use crate::link::{Program, Site, Value};
use crate::model::Span;
use crate::rules::catalogue::Kind;
use crate::source::order::InOrder;

use super::ways::is_registration;
use super::{Asked, Look, words};
use crate::judge::case::holders;
use crate::judge::guards::short;
use crate::judge::verdict::Location;
use crate::judge::verdict::chain::Thing;

/// Something that an explanation can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    External(usize),
    Entry(usize),
    /// Something that guards, by the call or the function that it is.
    Guard {
        call: Option<CallId>,
        unit: Option<UnitId>,
    },
    Retry(usize),
    /// What calls are made on.
    Client(CallId),
    /// A call of a function of the program.
    Call(CallId),
    Function(UnitId),
}

impl What {
    /// Of things that cover the same lines the first one is meant.
    fn rank(self) -> usize {
        match self {
            What::External(_) => 0,
            What::Entry(_) => 1,
            What::Guard { .. } => 2,
            What::Retry(_) => 3,
            What::Client(_) => 4,
            What::Call(_) => 5,
            What::Function(_) => 6,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) what: What,
    pub(super) module: ModuleId,
    pub(super) span: Span,
    pub(super) thing: Thing,
}

/// The items whose guards stand at a place in code, as facts name them.
pub(super) const GUARDED: [&str; 10] = ["V1", "V2", "A1", "A2", "A3", "C1", "C2", "C3", "T1-input", "T2"];

/// The thing that a line means, and the others that cover the same line and are about as small.
pub(super) fn at<'f>(all: &'f [Found], asked: &Asked) -> Option<(&'f Found, Vec<&'f Found>)> {
    let covers = |found: &&Found| {
        let place = &found.thing.location;
        (place.line..=place.end_line).contains(&asked.line)
    };
    let mut there: Vec<&Found> = all.iter().filter(covers).collect();
    if let Some(column) = asked.column {
        let at = (asked.line, column);
        let holds = |place: &Location| {
            (place.line, place.column) <= at && at < (place.end_line, place.end_column.max(place.column + 1))
        };
        if there.iter().any(|found| holds(&found.thing.location)) {
            there.retain(|found| holds(&found.thing.location));
            there.order_by_key(|found| (found.span.end - found.span.start, found.what.rank()));
            let (first, rest) = there.split_first()?;
            return Some((*first, rest.iter().copied().filter(|each| is_small(each, asked)).collect()));
        }
    }
    there.order_by_key(|found| (lines(found, asked), found.what.rank(), found.span));
    let (first, rest) = there.split_first()?;
    Some((*first, rest.iter().copied().filter(|each| is_small(each, asked)).collect()))
}

/// Whether a thing begins at the line itself.
fn is_small(found: &Found, asked: &Asked) -> bool {
    found.thing.location.line == asked.line && !matches!(found.what, What::Call(_) | What::Function(_))
}

/// How many lines a thing has; at its first line it is as small as that line.
fn lines(found: &Found, asked: &Asked) -> u32 {
    let place = &found.thing.location;
    if place.line == asked.line { 1 } else { place.end_line - place.line + 1 }
}

/// What stands nearest to a line, in the order of lines.
pub(super) fn nearest(all: &[Found], line: u32, count: usize) -> Vec<Thing> {
    let mut known: Vec<&Found> = all.iter().filter(|found| !matches!(found.what, What::Call(_))).collect();
    known.order_by_key(|found| (found.thing.location.line.abs_diff(line), found.what.rank()));
    let mut nearest: Vec<Thing> = known.into_iter().map(|found| found.thing.clone()).take(count).collect();
    nearest.sort_unstable();
    nearest.dedup();
    nearest
}

impl<'m> Look<'_, '_, 'm> {
    /// Everything that stands in a module.
    pub(super) fn things(&self, module: ModuleId) -> Vec<Found> {
        let mut all = self.known_things(module);
        all.extend(self.standing(module));
        all.extend(self.guard_calls(module, &all.iter().map(|found| found.span).collect::<Vec<_>>()));
        all.extend(self.own_code(module));
        all
    }

    fn found(&self, what: What, module: ModuleId, span: Span, text: crate::judge::verdict::Text) -> Found {
        let location = self.case.program.location(module, span);
        Found { what, module, span, thing: Thing { location, what: text } }
    }

    /// The external calls, entry points and retries of a module.
    fn known_things(&self, module: ModuleId) -> Vec<Found> {
        let case = self.case;
        let program = case.program;
        let mut all = Vec::new();
        for (index, external) in case.externals().iter().enumerate() {
            let info = &program.units.calls[external.call];
            if info.module == module {
                all.push(self.found(
                    What::External(index),
                    module,
                    info.call.span,
                    words::call(external.kind, &external.api),
                ));
            }
        }
        for (index, entry) in case.entries.entries.iter().enumerate() {
            if entry.module == module {
                all.push(self.found(What::Entry(index), module, entry.span, words::entry(entry)));
            }
            // Its handler may stand elsewhere.
            let unit = program.unit_of_frame(entry.handler);
            let info = &program.units.units[unit];
            if info.module == module
                && info.function.is_some()
                && !(entry.module == module && entry.span.contains(info.span))
            {
                all.push(self.found(What::Entry(index), module, info.span, words::entry(entry)));
            }
        }
        for (index, construct) in self.constructs.iter().enumerate().filter(|(_, each)| each.module == module) {
            all.push(self.found(What::Retry(index), module, construct.span, words::retry(construct)));
        }
        all
    }

    /// What stands in front of entry points or on the ways to their calls.
    fn standing(&self, module: ModuleId) -> Vec<Found> {
        let program = self.case.program;
        let mut all: Vec<Found> = Vec::new();
        let mut add = |found: Found| {
            if !all.iter().any(|known| known.span == found.span) {
                all.push(found);
            }
        };
        for (index, entry) in self.case.entries.entries.iter().enumerate() {
            for link in entry.chains.iter().flatten().filter(|link| link.module == module) {
                let unit = frame_of(program, &link.value).map(|frame| program.unit_of_frame(frame));
                let call = link.value.sites().last().map(|site| site.call);
                if is_registration(link) && self.guarded_by(index, link).is_empty() {
                    add(self.found(What::Entry(index), module, link.span, words::entry(entry)));
                    continue;
                }
                let name = self.case.link_name(link);
                add(self.found(What::Guard { call, unit }, module, link.span, words::front(link.role, &name)));
            }
            for (external, sites) in self.reached_by(index) {
                let trails: Vec<Trail> = self.trails(index, sites);
                let Some(trail) = trails.first() else { continue };
                // What is met on a way stands in the functions that it leads through.
                if !trail.iter().any(|step| program.units.calls[step.call].module == module) {
                    continue;
                }
                for stop in self.way(index, Some(external), trail) {
                    let is_guard =
                        !stop.guards.is_empty() && stop.entry.is_none() && stop.place.is_none() && stop.call.is_none();
                    if stop.module == module && is_guard {
                        let call = self.call_at(module, stop.span);
                        add(self.found(What::Guard { call, unit: None }, module, stop.span, stop.what));
                    }
                }
            }
        }
        all
    }

    /// The call that a span holds whole.
    fn call_at(&self, module: ModuleId, span: Span) -> Option<CallId> {
        let calls = self.case.program.units.calls.iter().enumerate();
        let mut within = calls.filter(|(_, info)| info.module == module && span.contains(info.call.callee.span));
        within.next().map(|(call, _)| call)
    }

    /// Calls of libraries that guard, wired or not, and those that make clients.
    fn guard_calls(&self, module: ModuleId, known: &[Span]) -> Vec<Found> {
        let program = self.case.program;
        let holders: Vec<_> = GUARDED.iter().map(|item| holders(program, item)).collect();
        let mut all = Vec::new();
        for (call, info) in program.units.calls.iter().enumerate().filter(|(_, info)| info.module == module) {
            if known.contains(&info.call.span) || known.contains(&info.call.callee.span) {
                continue;
            }
            let paths = program.callee_paths(Site { call, frame: program.open_frame(info.unit) });
            let named = |holds: &dyn Fn(&str) -> bool| paths.iter().find(|path| holds(path)).map(|path| short(path));
            if let Some(name) = named(&|path| program.is_a(path, Kind::Client)) {
                all.push(self.found(What::Client(call), module, info.call.span, words::client_of(&name)));
            } else if let Some(name) =
                named(&|path| program.is_a(path, Kind::Guard) || holders.iter().any(|holders| holders.contains(path)))
            {
                let what = What::Guard { call: Some(call), unit: None };
                all.push(self.found(what, module, info.call.span, words::guard(&name)));
            }
        }
        all
    }

    /// Calls of the program's own functions, and these functions.
    fn own_code(&self, module: ModuleId) -> Vec<Found> {
        let program = self.case.program;
        let mut all = Vec::new();
        for (call, info) in program.units.calls.iter().enumerate().filter(|(_, info)| info.module == module) {
            let values = program.values(&info.call.callee, program.open_frame(info.unit));
            if values.iter().any(|value| matches!(value, Value::Function { .. } | Value::Class(_))) {
                let text = words::own_call(&Program::written(&info.call.callee));
                all.push(self.found(What::Call(call), module, info.call.span, text));
            }
        }
        let handlers: Vec<UnitId> =
            self.case.entries.entries.iter().map(|entry| program.unit_of_frame(entry.handler)).collect();
        for (unit, info) in program.units.units.iter().enumerate() {
            if info.module == module && !info.name().is_empty() && !handlers.contains(&unit) {
                all.push(self.found(What::Function(unit), module, info.span, words::function(info.name())));
            }
        }
        all
    }
}
