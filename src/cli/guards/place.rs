//! Where a guard library goes in a repository, and how the code there imports it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

use crate::collect::{Class, Kind, Tree};
use crate::model::{Language, ProjectKind};
use crate::rules::guards::GuardLibrary;

use super::joined;

/// The file that says how imports are resolved. It is read only where the tree holds it: as a regular file of
/// ordinary size.
const RESOLVER: &str = "tsconfig.json";

/// Where the library goes.
pub(super) struct Place {
    /// Relative to the root, with `/`.
    pub(super) folder: String,
    /// How the code beside it imports it.
    from: String,
    /// How code elsewhere imports it, where the project has a name for that.
    from_elsewhere: Option<String>,
    /// The ending of imported files.
    ending: &'static str,
    /// The packages that the tree's projects declare.
    packages: BTreeSet<String>,
    /// The command that adds packages.
    pub(super) add_command: String,
}

impl Place {
    /// The place in a tree; `to` is what was asked for.
    ///
    /// # Errors
    /// A folder that is not within the tree.
    pub(super) fn of(
        root: &Path,
        tree: &Tree,
        library: &GuardLibrary,
        language: &str,
        to: Option<&str>,
    ) -> Result<Place, String> {
        let is_python = language == "python";
        let folder = match to {
            Some(to) => within(to)?,
            None if is_python => joined(&package(tree), &library.folder),
            None => joined(&sources(tree), &library.folder),
        };
        let kind = if is_python { ProjectKind::Python } else { ProjectKind::Node };
        let projects = tree.projects.iter().filter(|project| project.kind == kind);
        let packages = projects.flat_map(|project| project.dependencies.iter()).map(|each| each.name.to_lowercase());
        let manager = library.managers.iter().find(|each| each.file.is_empty() || tree.has(&each.file));
        let name = folder.rsplit('/').next().unwrap_or(&folder).to_owned();
        let from = if is_python { module(tree, &folder) } else { format!("./{name}") };
        let from_elsewhere = if is_python { None } else { aliased(tree, &folder) };
        Ok(Place {
            from,
            from_elsewhere,
            ending: if tree.has(RESOLVER) && is_bundled(root) { "" } else { ".js" },
            packages: packages.collect(),
            add_command: manager.map(|each| each.add.clone()).unwrap_or_default(),
            folder,
        })
    }

    pub(super) fn has(&self, package: &str) -> bool {
        self.packages.contains(&package.to_lowercase())
    }

    pub(super) fn has_any(&self, packages: &[String]) -> bool {
        packages.iter().any(|name| self.has(name))
    }

    /// A file beside the copied folder.
    pub(super) fn beside(&self, file: &str) -> String {
        joined(self.folder.rsplit_once('/').map_or("", |(parent, _)| parent), file)
    }

    /// Lines to paste beside the copied folder, or elsewhere, with what is imported from where.
    pub(super) fn filled(&self, code: &str, is_beside: bool) -> String {
        let from = self.from_elsewhere.as_ref().filter(|_| !is_beside).unwrap_or(&self.from);
        let parent = from.rfind(['.', '/']).and_then(|at| from.get(..=at)).unwrap_or("");
        let guards = format!("{parent}guards");
        code.replace("{{from}}", from).replace("{{guards}}", &guards).replace("{{js}}", self.ending)
    }

    /// A file of the library as this project's resolver finds its neighbours.
    pub(super) fn adapted(&self, text: &str) -> String {
        if !self.ending.is_empty() {
            return text.to_owned();
        }
        let without_ending = |line: &str| match line.split_once(" from './") {
            Some((before, after)) => format!("{before} from './{}", after.replacen(".js'", "'", 1)),
            None => line.to_owned(),
        };
        text.split_inclusive('\n').map(without_ending).collect()
    }
}

/// A folder as it was asked for, relative to the root.
fn within(to: &str) -> Result<String, String> {
    let mut parts = Vec::new();
    for part in Path::new(to).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::CurDir => {}
            _ => return Err(format!("--to {to}: expected a folder within the repository, such as app/launchguards")),
        }
    }
    if parts.is_empty() { Err("--to: the folder is empty".to_owned()) } else { Ok(parts.join("/")) }
}

/// The application's own Python package, if there is one: the folder with the most shipping modules, of those at the
/// root or below a source root.
fn package(tree: &Tree) -> String {
    let roots = source_roots(tree);
    let ships = |path: &str| tree.file(path).is_some_and(|file| file.class == Class::Ships);
    let mut best = (0, String::new());
    for file in tree.files.iter().filter(|file| file.path.ends_with("/__init__.py") && ships(&file.path)) {
        let folder = file.path.trim_end_matches("/__init__.py");
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        if roots.contains(parent) {
            let size = tree.below(folder).iter().filter(|file| file.kind == Kind::Code(Language::Python)).count();
            if size > best.0 {
                best = (size, folder.to_owned());
            }
        }
    }
    best.1
}

/// Folders that Python imports from.
fn source_roots(tree: &Tree) -> BTreeSet<String> {
    let python = tree.projects.iter().filter(|project| project.kind == ProjectKind::Python);
    let declared = python.flat_map(|project| project.source_roots.iter().cloned());
    declared.chain(["".to_owned(), "src".to_owned()]).collect()
}

/// What a folder is imported as.
fn module(tree: &Tree, folder: &str) -> String {
    let below = |root: &String| {
        let rest = folder.strip_prefix(root.as_str())?.strip_prefix('/')?;
        Some((root.len(), rest.to_owned()))
    };
    let rest = source_roots(tree).iter().filter(|root| !root.is_empty()).filter_map(below).max();
    rest.map_or_else(|| folder.to_owned(), |(_, rest)| rest).replace('/', ".")
}

/// What a folder is imported as from anywhere: `@/lib/launchguards` where `@/*` stands for `./*`.
fn aliased(tree: &Tree, folder: &str) -> Option<String> {
    let aliases = tree.projects.iter().filter(|project| project.kind == ProjectKind::Node);
    aliases.flat_map(|project| &project.aliases).find_map(|alias| {
        let name = alias.pattern.strip_suffix('*').filter(|name| name.ends_with('/'))?;
        let rest = alias.targets.iter().find_map(|target| folder.strip_prefix(target.strip_suffix('*')?))?;
        Some(format!("{name}{rest}"))
    })
}

/// Where a TypeScript application keeps code that is no page.
fn sources(tree: &Tree) -> String {
    ["src/lib", "src", "lib"].into_iter().find(|folder| !tree.below(folder).is_empty()).unwrap_or("").to_owned()
}

/// Whether imports are resolved by a bundler, which does not find `./alerts.ts` by `./alerts.js`.
fn is_bundled(root: &Path) -> bool {
    let text = fs::read_to_string(root.join(RESOLVER)).unwrap_or_default();
    let text: String = text.chars().filter(|each| !each.is_whitespace()).collect::<String>().to_lowercase();
    text.contains("\"moduleresolution\":\"bundler\"")
}
