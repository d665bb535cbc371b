//! Which modules, and which functions of others, run in the visitor's browser.

use rustc_hash::FxHashSet;

use crate::model::{Expression, ExpressionKind, Language, Module};

use super::Program;
use super::names::Target;
use super::units::{Binding, ModuleId, UnitId};
use super::values::{FrameId, How};

/// A module that says of itself that it runs in the browser; or a function, as the scripts of a page do.
const CLIENT: &str = "use client";
/// Functions of such a module are called over the network: what imports it does not take it along.
const SERVER: &str = "use server";
/// What only a page has.
const PAGE: [&str; 2] = ["document", "window"];

impl<'m> Program<'m> {
    /// The modules that run in the browser: those that say so or use the page, and what they or the scripts of a page
    /// import.
    pub fn browser_modules(&self) -> FxHashSet<ModuleId> {
        let mut found = self.using_page();
        found.extend((0..self.modules.len()).filter(|module| says_browser(&self.modules[*module])));
        let scripts = (0..self.units.units.len()).filter(|unit| self.says_sent(*unit));
        let mut reached: Vec<ModuleId> = scripts.flat_map(|unit| self.imported_modules(unit)).collect();
        let reach = |module: &ModuleId| self.imported_modules(self.units.bodies[*module]);
        reached.extend(found.iter().flat_map(reach));
        while let Some(target) = reached.pop() {
            let is_server = self.modules[target].directives.iter().any(|directive| directive == SERVER);
            if !is_server && found.insert(target) {
                reached.extend(reach(&target));
            }
        }
        found
    }

    /// Whether a function is, or stands in, one that says of itself that it runs in the browser.
    pub fn is_sent(&self, unit: UnitId) -> bool {
        let around = std::iter::successors(Some(unit), |unit| self.units.units[*unit].parent);
        around.into_iter().any(|unit| self.says_sent(unit))
    }

    fn says_sent(&self, unit: UnitId) -> bool {
        let function = self.units.units[unit].function;
        function.is_some_and(|function| function.directives.iter().any(|directive| directive == CLIENT))
    }

    /// Whether a function runs in the browser, or when that calls it: what a page only hands on does not run where the
    /// page is made.
    pub(super) fn is_left_to_browser(&self, frame: FrameId, pages: &FxHashSet<ModuleId>) -> bool {
        let frame = self.frame(frame);
        let info = &self.units.units[frame.unit];
        let is_called_from_there = |directives: &[String]| directives.iter().any(|each| each == SERVER);
        pages.contains(&info.module)
            || frame.how == How::Framework
                && (info.function.is_some_and(|function| is_called_from_there(&function.directives))
                    || is_called_from_there(&self.modules[info.module].directives))
    }

    /// The modules that use the page.
    fn using_page(&self) -> FxHashSet<ModuleId> {
        let is_page = |module: ModuleId, expression: &Expression| {
            let ExpressionKind::Member { object, .. } = &expression.kind else { return false };
            matches!(&object.kind, ExpressionKind::Name(name)
                if PAGE.contains(&name.as_str()) && !self.is_bound(module, name))
        };
        let units = self.units.units.iter().enumerate();
        let written = units.filter(|(_, unit)| self.modules[unit.module].language == Language::TypeScript);
        written
            .filter(|(_, unit)| unit.members.iter().any(|(_, each)| is_page(unit.module, each)))
            .filter(|(id, _)| !self.is_sent(*id))
            .map(|(_, unit)| unit.module)
            .collect()
    }

    /// Whether a module binds a name at its top.
    fn is_bound(&self, module: ModuleId, name: &str) -> bool {
        self.units.units[self.units.bodies[module]].names.contains_key(name)
    }

    /// The modules that the body of a module imports and exports from, or that a function imports.
    fn imported_modules(&self, unit: UnitId) -> Vec<ModuleId> {
        let info = &self.units.units[unit];
        let module = info.module;
        let imports = info.names.values().flatten().filter_map(|binding| match binding {
            Binding::Import(import) if !import.is_type_only => Some(import.source.as_str()),
            _ => None,
        });
        let is_body = unit == self.units.bodies[module];
        let exported = self.units.exports[module].iter().filter(|_| is_body);
        let exported = exported.filter_map(|export| export.source.as_deref());
        imports
            .chain(exported)
            .filter_map(|source| match self.resolve_import(module, source) {
                Target::Module(target) => Some(target),
                _ => None,
            })
            .collect()
    }
}

/// Whether a module says of itself that it runs in the browser: in a directive, or in its name (`thing.client.tsx`).
pub fn says_browser(module: &Module) -> bool {
    let name = module.path.rsplit('/').next().unwrap_or("");
    module.language == Language::TypeScript
        && (module.directives.iter().any(|directive| directive == CLIENT)
            || name.contains(".client.")
            || name.contains("-client."))
}
