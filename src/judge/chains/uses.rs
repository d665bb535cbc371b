//! Whether a way leads through something: what is used, run or called at its stops. And why none does.

use crate::judge::retrying::walk;
use crate::judge::verdict::Text;
use crate::judge::verdict::chain::Chain;
use crate::link::entries::frame_of;
use crate::link::reach::Trail;
use crate::link::units::{CallId, NodeKind, UnitId};
use crate::link::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind};

use super::things::{Found, GUARDED, What};
use super::ways::Stop;
use super::{Look, words};

/// Calls that one entry point reaches, and ways to each, that are looked at.
const CALLS: usize = 24;
const TRAILS: usize = 6;

/// Calls at one stop, and parts of the arguments of a call, that are looked at.
const SITES: usize = 16;
const PARTS: usize = 64;

impl<'m> Look<'_, '_, 'm> {
    /// The way from an entry point that leads through something, and whether it does so on the way to a call. `budget` is
    /// how many more ways may be looked at.
    pub(super) fn way_through(&self, index: usize, found: &Found, budget: &mut usize) -> Option<(Chain, bool)> {
        let case = self.case;
        // What stands in front is on every way: the first one shows it.
        let is_in_front = self.front(index).iter().any(|stop| self.is_at(stop, found));
        for (external, sites) in self.reached_by(index).into_iter().take(CALLS) {
            let trails = self.trails(index, sites);
            for trail in trails.iter().take(TRAILS) {
                *budget = budget.checked_sub(1)?;
                let stops = self.way(index, Some(external), trail);
                if is_in_front || stops.iter().any(|stop| self.is_at(stop, found)) {
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
        // What a handler runs is not in front of it.
        if stop.entry.is_some() {
            return false;
        }
        match found.what {
            What::External(_) | What::Entry(_) => false,
            What::Retry(_) => false,
            What::Call(call) | What::Client(call) => stop.call == Some(call),
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
        // What a call runs when it has answered is not on the way to it.
        if stop.is_target || stop.guards.is_empty() && stop.value.is_none() {
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
                frames.extend(program.runs(site).iter().copied());
            }
        }
        frames
    }

    /// The calls within a stop's place, and those that a test there is about.
    fn sites_at(&self, stop: &Stop<'m>) -> Vec<Site> {
        let program = self.case.program;
        let calls = program.units.calls.iter().enumerate();
        let within = calls.filter(|(_, info)| info.module == stop.module && stop.span.contains(info.call.callee.span));
        let mut sites: Vec<Site> = within
            .map(|(call, info)| {
                let own = stop.frame.filter(|frame| program.unit_of_frame(*frame) == info.unit);
                Site { call, frame: own.unwrap_or_else(|| program.open_frame(info.unit)) }
            })
            .take(SITES)
            .collect();
        let Some(frame) = stop.frame else { return sites };
        for node in &program.units.units[program.unit_of_frame(frame)].nodes {
            let node = &program.units.nodes[*node];
            let test = match node.kind {
                NodeKind::If { test, .. } | NodeKind::Branch { test, .. } => test,
                _ => continue,
            };
            if test.span == stop.span || node.span == stop.span {
                sites.extend(program.slice(test, frame).sites.iter().copied().take(SITES));
            }
        }
        sites
    }

    /// Whether a stop uses what a call has made: it calls it, is given it, or runs a function that does.
    fn uses(&self, stop: &Stop<'m>, made: CallId) -> bool {
        let program = self.case.program;
        let is_of = |value: &Value<'m>| value.sites().iter().any(|site| site.call == made);
        if stop.value.iter().any(is_of) {
            return true;
        }
        let is_used = |site: &Site| self.is_of(*site, made);
        self.sites_at(stop).iter().any(is_used)
            || self.frames_at(stop).into_iter().any(|frame| {
                let reach = self.case.guards.reach(frame);
                reach.sites(program).take(2_000).any(|site| is_used(&site))
            })
    }

    /// Whether a call is made on what another call has made, or is given it.
    fn is_of(&self, site: Site, made: CallId) -> bool {
        let program = self.case.program;
        let is_of = |expression: &'m Expression| {
            let values = program.values(expression, site.frame);
            values.iter().any(|value| value.sites().iter().any(|each| each.call == made))
        };
        let call = program.units.calls[site.call].call;
        if is_of(&call.callee) {
            return true;
        }
        let mut named: Vec<&'m Expression> = Vec::new();
        for argument in &call.arguments {
            walk(&argument.value, &mut |part| {
                let is_name = matches!(part.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. });
                if is_name && named.len() < PARTS {
                    named.push(part);
                }
            });
        }
        named.into_iter().any(is_of)
    }

    /// Why nothing leads through something: it is not wired, or it works in another way.
    pub(super) fn unused(&self, found: &Found) -> Vec<Text> {
        let case = self.case;
        let program = case.program;
        let made = match found.what {
            What::Guard { call: Some(call), .. } => call,
            What::Guard { .. } => return vec![words::not_wired()],
            What::Client(_) => return vec![words::no_call_on_it()],
            _ => return vec![words::on_no_way()],
        };
        let is_used = |site: &Site| site.call == made || self.is_of(*site, made);
        let site = Site { call: made, frame: program.open_frame(program.units.calls[made].unit) };
        let paths = program.callee_paths(site);
        let is_initialised = GUARDED.iter().any(|item| {
            let facts = paths.iter().flat_map(|path| case.guards.facts(path, Some(site), item));
            facts.into_iter().any(|fact| fact.how.as_deref() == Some("init"))
        });
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
