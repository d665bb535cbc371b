//! What modules of settings say of members of a library's objects: `settings.TIMEOUT`, the throttles of every view.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Program;
use super::entries::library_is_used;
use super::names::folder_of;
use super::units::ModuleId;
use super::values::{Value, Values};
use crate::model::Settings;
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

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
