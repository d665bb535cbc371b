//! Which modules run in the visitor's browser.

use rustc_hash::FxHashSet;

use crate::model::{ExpressionKind, Language, Module};

use super::Program;
use super::names::Target;
use super::units::{Binding, ModuleId};

/// A module that says of itself that it runs in the browser.
const CLIENT: &str = "use client";
/// Functions of such a module are called over the network: what imports it does not take it along.
const SERVER: &str = "use server";
/// What only a page has.
const PAGE: [&str; 2] = ["document", "window"];

impl<'m> Program<'m> {
    /// The modules that run in the browser: those that say so or use the page, and what they import.
    pub fn browser_modules(&self) -> FxHashSet<ModuleId> {
        let mut found: FxHashSet<ModuleId> =
            (0..self.modules.len()).filter(|module| self.starts_in_browser(*module)).collect();
        let mut queue: Vec<ModuleId> = found.iter().copied().collect();
        while let Some(module) = queue.pop() {
            for target in self.imported_modules(module) {
                let is_server = self.modules[target].directives.iter().any(|directive| directive == SERVER);
                if !is_server && found.insert(target) {
                    queue.push(target);
                }
            }
        }
        found
    }

    fn starts_in_browser(&self, module: ModuleId) -> bool {
        let info = &self.modules[module];
        info.language == Language::TypeScript
            && (info.directives.iter().any(|directive| directive == CLIENT)
                || is_named_client(info)
                || self.units.members.iter().any(|(unit, _, expression)| {
                    let ExpressionKind::Member { object, .. } = &expression.kind else { return false };
                    self.module_of(*unit) == module
                        && matches!(&object.kind, ExpressionKind::Name(name) if PAGE.contains(&name.as_str()))
                        && !self.is_bound(module, object_name(&object.kind))
                }))
    }

    /// Whether a module binds a name at its top.
    fn is_bound(&self, module: ModuleId, name: &str) -> bool {
        self.units.units[self.units.bodies[module]].names.contains_key(name)
    }

    fn imported_modules(&self, module: ModuleId) -> Vec<ModuleId> {
        let body = &self.units.units[self.units.bodies[module]];
        let imports = body.names.values().flatten().filter_map(|binding| match binding {
            Binding::Import(import) if !import.is_type_only => Some(import.source.as_str()),
            _ => None,
        });
        let exported = self.units.exports[module].iter().filter_map(|export| export.source.as_deref());
        imports
            .chain(exported)
            .filter_map(|source| match self.resolve_import(module, source) {
                Target::Module(target) => Some(target),
                _ => None,
            })
            .collect()
    }
}

fn object_name(kind: &ExpressionKind) -> &str {
    match kind {
        ExpressionKind::Name(name) => name,
        _ => "",
    }
}

/// `thing.client.tsx`
fn is_named_client(module: &Module) -> bool {
    let name = module.path.rsplit('/').next().unwrap_or("");
    name.contains(".client.") || name.contains("-client.")
}
