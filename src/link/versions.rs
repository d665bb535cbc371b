//! Which version of a library is used: the one that the manifest nearest to a module asks for. A repository may hold
//! several applications, and each has its own.

use std::rc::Rc;

use crate::model::{Dependency, Project, ProjectKind};
use crate::rules::catalogue::{Fact, Kind, Library};
use crate::rules::checked::FactId;

use super::units::ModuleId;
use super::{Program, Site};

/// The folders of the projects that depend on a fact's library, with whether they ask for a version that it is about.
pub(super) type Asked<'m> = Rc<[(&'m str, bool)]>;

impl<'m> Program<'m> {
    /// Whether a fact is about a version that any project depends on.
    pub fn version_fits(&self, id: FactId, path: &str) -> bool {
        if self.catalogue.fact(id).versions.is_none() {
            return true;
        }
        let asked = self.versions_asked(id, path);
        asked.is_empty() || asked.iter().any(|(_, fits)| *fits)
    }

    /// Whether a fact is about the version that a module's own project depends on: the nearest one around it that says.
    pub fn version_fits_in(&self, id: FactId, path: &str, module: ModuleId) -> bool {
        if self.catalogue.fact(id).versions.is_none() {
            return true;
        }
        let asked = self.versions_asked(id, path);
        let holds = |folder: &str| {
            let inside = self.modules[module].path.strip_prefix(folder);
            folder.is_empty() || inside.is_some_and(|rest| rest.starts_with('/'))
        };
        let around = asked.iter().filter(|(folder, _)| holds(folder));
        // Of several manifests in one folder the first one tells.
        match around.rev().max_by_key(|(folder, _)| folder.len()) {
            Some((_, fits)) => *fits,
            None => asked.is_empty() || asked.iter().any(|(_, fits)| *fits),
        }
    }

    /// The facts of one kind, of the version that is used where a site stands.
    pub fn facts_at(&self, path: &str, kind: Kind, site: Site) -> Vec<(FactId, &'m Fact)> {
        let module = self.units.calls[site.call].module;
        let mut facts = self.facts_of(path, kind);
        let fits = |id: FactId| self.version_fits_in(id, path, module);
        if kind != Kind::Call || self.facts(path).iter().any(|id| fits(*id)) {
            facts.retain(|(id, _)| fits(*id));
        }
        facts
    }

    /// What the projects ask for of the package that a name comes from, where a library has several, else of any of its.
    fn versions_asked(&self, id: FactId, path: &str) -> Asked<'m> {
        let key = (id, Rc::from(path));
        if let Some(known) = self.asked_versions.borrow().get(&key) {
            return known.clone();
        }
        let wanted = self.catalogue.fact(id).versions.as_deref().unwrap_or_default();
        let library = self.catalogue.library_of(id);
        let declared = |project: &'m Project| {
            let packages = packages_of(library, project.kind);
            let is_of_it =
                |dependency: &&Dependency| packages.iter().any(|name| name.eq_ignore_ascii_case(&dependency.name));
            project.dependencies.iter().filter(is_of_it).map(|dependency| (project.folder.as_str(), dependency))
        };
        let mut all: Vec<(&'m str, &Dependency)> = self.projects.iter().flat_map(declared).collect();
        let brings_it = |dependency: &Dependency| {
            path.strip_prefix(dependency.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', '(', '[']))
        };
        if all.iter().any(|(_, dependency)| brings_it(dependency)) {
            all.retain(|(_, dependency)| brings_it(dependency));
        }
        let fits = |dependency: &Dependency| {
            let version = version_of(&dependency.requirement);
            version.is_none_or(|version| wanted.split(',').all(|part| satisfies(&version, part.trim())))
        };
        let asked: Asked<'m> = all.into_iter().map(|(folder, dependency)| (folder, fits(dependency))).collect();
        self.asked_versions.borrow_mut().insert(key, asked.clone());
        asked
    }
}

/// The names of a library's packages in the registry of a project.
fn packages_of(library: &Library, kind: ProjectKind) -> &[String] {
    match kind {
        ProjectKind::Python => &library.packages.pypi,
        ProjectKind::Node => &library.packages.npm,
        ProjectKind::Cargo => &library.packages.crates,
        ProjectKind::None => &[],
    }
}

/// The first version number of a requirement: `^5.20.0`, `>=1.54,<2`, `~=1.0`, `==0.27.2`.
fn version_of(requirement: &str) -> Option<Vec<u64>> {
    let start = requirement.find(|character: char| character.is_ascii_digit())?;
    // `<2` alone names what it is not.
    if requirement.get(..start)?.trim_start_matches(['"', '\'', ' ']).starts_with('<') {
        return None;
    }
    let number: String = requirement
        .get(start..)?
        .chars()
        .take_while(|character| character.is_ascii_digit() || *character == '.')
        .collect();
    Some(number.split('.').filter_map(|part| part.parse().ok()).collect())
}

fn satisfies(version: &[u64], requirement: &str) -> bool {
    let (operator, number) = requirement.split_at(requirement.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    let wanted: Vec<u64> = number.split('.').filter_map(|part| part.parse().ok()).collect();
    let padded = |parts: &[u64]| (0..3).map(|index| parts.get(index).copied().unwrap_or(0)).collect::<Vec<_>>();
    let (version, wanted) = (padded(version), padded(&wanted));
    match operator.trim() {
        ">=" => version >= wanted,
        ">" => version > wanted,
        "<" => version < wanted,
        "<=" => version <= wanted,
        _ => version == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version_of("^5.20.0"), Some(vec![5, 20, 0]));
        assert_eq!(version_of("<2"), None);
        assert!(satisfies(&[0, 27], "<1") && !satisfies(&[1, 2], "<1") && satisfies(&[4], ">=4"));
    }
}
