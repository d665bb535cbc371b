//! What modules of settings say of members of a library's objects: `settings.TIMEOUT`, the throttles of every view.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Program;
use super::arguments::Given;
use super::entries::library_is_used;
use super::names::folder_of;
use super::units::{ModuleId, UnitId};
use super::values::{FrameId, How, Place, Site, Value, Values};
use crate::model::{ExpressionKind, Settings};
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

/// Frames that are gone through to what runs them.
const FRAMES: usize = 60;

/// The modules in which each fact looks for settings.
pub(super) type SettingModules = FxHashMap<FactId, Vec<ModuleId>>;

impl<'m> Program<'m> {
    /// What the modules of settings say of a member of a library; empty: nothing.
    pub fn configured(&self, path: &str) -> Values<'m> {
        let mut all: Values<'m> = Vec::new();
        let modules = self.setting_modules.get_or_init(|| self.find_setting_modules());
        if modules.is_empty() {
            return all;
        }
        for (id, fact) in self.facts_of(path, Kind::Setting) {
            let own = path.rsplit('.').next().unwrap_or(path);
            let way = fact.value.as_deref().unwrap_or(own);
            for module in modules.get(&id).into_iter().flatten() {
                let found = self.exported_under(*module, way).into_iter().filter(|value| !all.contains(value));
                let found: Values<'m> = found.collect();
                all.extend(found);
            }
        }
        all
    }

    /// The modules in which libraries look for settings.
    pub fn modules_of_settings(&self) -> Vec<ModuleId> {
        let modules = self.setting_modules.get_or_init(|| self.find_setting_modules());
        let mut all: Vec<ModuleId> = modules.values().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What the module of settings nearest to a module says of a member of a library.
    pub(super) fn configured_for(&self, path: &str, module: ModuleId) -> Values<'m> {
        let modules = self.setting_modules.get_or_init(|| self.find_setting_modules());
        let holds = |settings: &&ModuleId| {
            let folder = folder_of(&self.modules[**settings].path);
            let inside = self.modules[module].path.strip_prefix(folder);
            folder.is_empty() || inside.is_some_and(|rest| rest.starts_with('/'))
        };
        let said = self.facts_of(path, Kind::Setting).into_iter().filter_map(|(id, fact)| {
            let around = modules.get(&id)?.iter().filter(holds);
            let nearest = around.max_by_key(|settings| folder_of(&self.modules[**settings].path).len())?;
            Some(self.exported_under(*nearest, fact.value.as_deref()?))
        });
        said.flatten().collect()
    }

    /// What is assigned anywhere to a member of a library's object, by its canonical name.
    pub fn assigned_setting(&self, name: &str) -> Values<'m> {
        let Some((object, member)) = name.rsplit_once('.') else { return Vec::new() };
        let holder = object.rsplit('.').next().unwrap_or(object);
        let assigned = self.units.member_assignments.get(&(holder, member)).into_iter().flatten();
        let mut all: Values<'m> = Vec::new();
        for each in assigned {
            let frame = self.open_frame(each.unit);
            if self.values(each.object, frame).iter().any(|value| value.path() == Some(object)) {
                all.extend(self.values(each.value, frame).iter().cloned());
            }
        }
        all
    }

    /// Whether the program gives a member of a library's object anything: it assigns to it, or has a call that hands it
    /// something.
    pub fn sets(&self, name: &str) -> bool {
        let is_handed = || self.ways_to_hand(name).iter().any(|way| !self.calls_of(way.0).is_empty());
        !self.given_setting(name).is_empty() || !self.assigned_setting(name).is_empty() || is_handed()
    }

    /// What a call hands to a member of a library's object while it runs a function, where the member is read within that:
    /// `Settings.withLLM(model, ask)`. None where no call does so for this member.
    pub(super) fn handed_to_setting(&self, name: &str, object: Option<Place<'m>>) -> Option<Values<'m>> {
        let ways = self.ways_to_hand(name);
        if ways.is_empty() {
            return None;
        }
        let mut all: Values<'m> = Vec::new();
        for (function, argument) in ways {
            for call in self.handing_around(&self.calls_of(function), object.map(|(_, reader)| reader)) {
                if let Given::Present { expression, frame } = self.argument(call, argument) {
                    let new = self.values(expression, frame);
                    all.extend(new.iter().filter(|value| **value != Value::Unknown).cloned());
                }
            }
        }
        all.dedup();
        Some(all)
    }

    /// The functions that hand something to a member, each with the path of that argument: `Settings.withLLM(#0)`.
    fn ways_to_hand(&self, name: &str) -> Vec<(&'m str, &'m str)> {
        let facts = self.facts_of(name, Kind::Setting).into_iter();
        facts.filter_map(|(_, fact)| fact.by.as_deref()?.strip_suffix(')')?.split_once('(')).collect()
    }

    /// The calls of a function of a library's object.
    fn calls_of(&self, function: &str) -> Vec<Site> {
        let Some((object, method)) = function.rsplit_once('.') else { return Vec::new() };
        let is_it = |site: &Site| {
            let ExpressionKind::Member { object: on, .. } = &self.units.calls[site.call].call.callee.kind else {
                return false;
            };
            self.values(on, site.frame).iter().any(|value| value.path() == Some(object))
        };
        let calls = self.calls_of_method(method).iter();
        calls
            .map(|call| Site { call: *call, frame: self.open_frame(self.units.calls[*call].unit) })
            .filter(is_it)
            .collect()
    }

    /// Of calls that run a function those within which a frame runs; where that is not known, all of them.
    fn handing_around(&self, calls: &[Site], reader: Option<FrameId>) -> Vec<Site> {
        let Some(mut at) = reader else { return calls.to_vec() };
        for _ in 0..FRAMES {
            let frame = self.frame(at);
            if let Some(around) = self.handing_in_place(calls, frame.unit) {
                return vec![Site { frame: frame.closure.unwrap_or(around.frame), ..around }];
            }
            match (frame.how, frame.closure) {
                (How::Call(site), _) => at = site.frame,
                (How::Open, _) => {
                    let (mut seen, mut found) = (vec![frame.unit], Vec::new());
                    self.handing_callers(calls, frame.unit, &mut seen, &mut found);
                    // Nobody is seen who calls it.
                    return if seen.len() == 1 { calls.to_vec() } else { found };
                }
                (_, Some(closure)) => at = closure,
                (_, None) => return Vec::new(),
            }
        }
        Vec::new()
    }

    /// The call among whose arguments a function is written.
    fn handing_in_place(&self, calls: &[Site], unit: UnitId) -> Option<Site> {
        let info = &self.units.units[unit];
        let is_it = |site: &&Site| {
            let outer = &self.units.calls[site.call];
            outer.module == info.module && outer.call.span.contains(info.span)
        };
        info.function.and_then(|_| calls.iter().find(is_it).copied())
    }

    /// The calls among whose arguments the known callers of a function run.
    fn handing_callers(&self, calls: &[Site], unit: UnitId, seen: &mut Vec<UnitId>, found: &mut Vec<Site>) {
        for caller in self.callers_of(unit) {
            let mut at = Some(self.units.calls[caller.call].unit);
            while let Some(around) = at.filter(|each| !seen.contains(each) && seen.len() < FRAMES) {
                seen.push(around);
                if let Some(site) = self.handing_in_place(calls, around) {
                    found.push(site);
                    break;
                }
                self.handing_callers(calls, around, seen, found);
                at = self.units.units[around].parent;
            }
        }
    }

    /// The calls that hand something to a member where a frame runs, each with the path of that argument.
    pub(super) fn handing_at(&self, name: &str, reader: FrameId) -> Vec<(Site, &'m str)> {
        let ways = self.ways_to_hand(name).into_iter();
        let all = ways.flat_map(|(function, argument)| {
            let around = self.handing_around(&self.calls_of(function), Some(reader));
            around.into_iter().map(move |call| (call, argument))
        });
        all.collect()
    }

    /// What a module offers under a dotted way: `REST.RATES.user`.
    pub fn exported_under(&self, module: ModuleId, way: &str) -> Values<'m> {
        let mut parts = way.split('.');
        let mut values = parts.next().and_then(|name| self.exported(module, name, 0)).unwrap_or_default();
        for part in parts {
            values = values.iter().flat_map(|value| self.member(value, part, None)).collect();
        }
        values.retain(|value| *value != Value::Unknown);
        values
    }

    /// The files of settings that a fact is about, by their paths.
    pub fn settings_of(&self, fact: FactId) -> Rc<[&'m Settings]> {
        if let Some(known) = self.settings_memo.borrow().get(&fact) {
            return known.clone();
        }
        let files = self.catalogue.fact(fact).files.set();
        let is_of = |settings: &&Settings| files.is_some_and(|files| files.is_match(&settings.path));
        let found: Rc<[&Settings]> = self.settings.iter().filter(is_of).collect();
        self.settings_memo.borrow_mut().insert(fact, found.clone());
        found
    }

    fn find_setting_modules(&self) -> SettingModules {
        let facts = self.catalogue.of_kind(Kind::Setting).filter(|(id, _)| library_is_used(self, *id));
        let found = facts.filter_map(|(id, fact)| {
            let globs = fact.files.set()?;
            let modules: Vec<ModuleId> =
                (0..self.modules.len()).filter(|module| globs.is_match(&self.modules[*module].path)).collect();
            (!modules.is_empty()).then_some((id, modules))
        });
        found.collect()
    }
}
