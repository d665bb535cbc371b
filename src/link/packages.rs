//! The packages that a module imports from.

use std::collections::BTreeSet;

use super::Program;
use super::units::{Binding, ModuleId};
use crate::model::Language;

impl Program<'_> {
    /// The packages from which a module imports at its top, by the names under which they are imported.
    pub fn packages_of(&self, module: ModuleId) -> BTreeSet<&str> {
        let language = self.modules[module].language;
        let bindings = self.units.units[self.units.bodies[module]].names.values().flatten();
        let sources = bindings.filter_map(|binding| match binding {
            Binding::Import(import) => Some(import.source.as_str()),
            _ => None,
        });
        sources.filter_map(|source| package_of(source, language)).collect()
    }
}

/// The package of an import; none where it comes from the program itself.
fn package_of(source: &str, language: Language) -> Option<&str> {
    let package = match language {
        Language::Python => source.split('.').next()?,
        Language::Rust => source.split("::").next()?,
        Language::TypeScript => {
            let parts = if source.starts_with('@') { 2 } else { 1 };
            let end = source.match_indices('/').nth(parts - 1).map_or(source.len(), |(at, _)| at);
            source.get(..end)?
        }
    };
    (!package.is_empty() && !package.starts_with('.')).then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_what_imports_begin_with() {
        let of = |source, language| package_of(source, language);
        assert_eq!(of("shop.parts", Language::Python), Some("shop"));
        assert_eq!(of(".parts", Language::Python), None);
        assert_eq!(of("shop/parts", Language::TypeScript), Some("shop"));
        assert_eq!(of("@shop/parts/small", Language::TypeScript), Some("@shop/parts"));
        assert_eq!(of("./parts", Language::TypeScript), None);
        assert_eq!(of("shop::parts", Language::Rust), Some("shop"));
    }
}
