//! Projects: the units of packaging of a tree, what they depend on and where their names resolve.

mod cargo;
mod node;
mod python;

use std::collections::BTreeMap;

pub(super) use self::{cargo::binaries, node::source_of};

use super::{Class, File, Tree, join, split};
use crate::model::{Alias, Dependency, Project, ProjectKind, Start};

/// Manifests beyond this are not read, in bytes.
pub(super) const MANIFEST_BYTES: u64 = 1 << 20;

/// Manifests beyond this many are not read.
const MANIFESTS: usize = 600;
/// Packages of a workspace beyond this many have no alias.
const MEMBERS: usize = 200;

/// Reads a file of the tree by its path.
pub(super) type Read<'r> = &'r dyn Fn(&str) -> Option<String>;

/// All projects of a tree, sorted by folder and kind; at least one for the root.
pub(super) fn projects(tree: &Tree, read: Read<'_>) -> Vec<Project> {
    let mut found = Found { tree, read, projects: BTreeMap::new() };
    let is_hidden = |file: &File| split(&file.path).0.split('/').any(|part| part.starts_with('.'));
    let counts = |file: &&File| {
        !matches!(file.class, Class::Test | Class::Docs | Class::Vendored | Class::Generated) && !is_hidden(file)
    };
    let files = tree.files.iter().filter(counts).map(|file| file.path.as_str());
    let candidates: Vec<&str> = files.filter(|path| is_manifest(path)).take(MANIFESTS).collect();
    python::find(&mut found, &candidates);
    node::find(&mut found, &candidates);
    cargo::find(&mut found, &candidates);
    let mut projects: Vec<Project> = found.projects.into_values().collect();
    if !projects.iter().any(|project| project.folder.is_empty()) {
        projects.insert(0, Project { source_roots: vec![String::new()], ..Project::default() });
    }
    projects
}

/// Whether a file says something about a project.
pub(super) fn is_manifest(path: &str) -> bool {
    matches!(
        split(path).1,
        "pyproject.toml"
            | "setup.py"
            | "setup.cfg"
            | "Pipfile"
            | "package.json"
            | "deno.json"
            | "deno.jsonc"
            | "import_map.json"
            | "tsconfig.json"
            | "jsconfig.json"
            | "Cargo.toml"
    ) || python::is_requirements(path)
}

/// Projects while they are gathered from their manifests.
struct Found<'t> {
    tree: &'t Tree,
    read: Read<'t>,
    /// By folder and kind.
    projects: BTreeMap<(String, u8), Project>,
}

impl Found<'_> {
    fn project(&mut self, folder: &str, kind: ProjectKind) -> &mut Project {
        let order = kind as u8;
        self.projects.entry((folder.to_owned(), order)).or_insert_with(|| Project {
            folder: folder.to_owned(),
            kind,
            ..Project::default()
        })
    }

    fn read(&self, path: &str) -> Option<String> {
        (self.read)(path)
    }
}

/// Notes a dependency once; one that ships wins over a development one.
fn depend(project: &mut Project, name: &str, requirement: &str, development: bool) {
    if name.is_empty() {
        return;
    }
    match project.dependencies.iter_mut().find(|known| known.name == name) {
        Some(known) if known.development && !development => {
            *known = Dependency { name: name.to_owned(), requirement: requirement.to_owned(), development };
        }
        Some(_) => {}
        None => {
            let requirement = requirement.trim().to_owned();
            project.dependencies.push(Dependency { name: name.to_owned(), requirement, development });
        }
    }
}

fn alias(project: &mut Project, pattern: &str, targets: Vec<String>) {
    if !targets.is_empty() && !project.aliases.iter().any(|known| known.pattern == pattern) {
        project.aliases.push(Alias { pattern: pattern.to_owned(), targets });
    }
}

fn add_root(project: &mut Project, folder: String) {
    if !project.source_roots.contains(&folder) {
        project.source_roots.push(folder);
    }
}

/// Expands the globs of a workspace (`packages/*`, `apps/**`) to folders that hold a manifest of that name.
fn members(tree: &Tree, folder: &str, patterns: &[String], manifest: &str) -> Vec<String> {
    let mut included = globset::GlobSetBuilder::new();
    let mut excluded = globset::GlobSetBuilder::new();
    let glob = |pattern: &str| {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        globset::GlobBuilder::new(pattern).literal_separator(true).build().ok()
    };
    for pattern in patterns.iter().take(200).filter(|pattern| crate::source::is_bounded_pattern(pattern)) {
        match pattern.strip_prefix('!') {
            Some(pattern) => glob(pattern).map(|glob| excluded.add(glob)).is_some(),
            None => glob(pattern).map(|glob| included.add(glob)).is_some(),
        };
    }
    let (Ok(included), Ok(excluded)) = (included.build(), excluded.build()) else { return Vec::new() };
    let manifests = tree.below(folder).iter().filter(|file| split(&file.path).1 == manifest);
    manifests
        .filter(|file| file.class != Class::Vendored)
        .map(|file| split(&file.path).0)
        .filter(|member| {
            let inside = if folder.is_empty() {
                Some(*member)
            } else {
                member.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
            };
            inside.is_some_and(|inside| included.is_match(inside) && !excluded.is_match(inside))
        })
        .map(str::to_owned)
        .collect()
}

/// Gives every start to the innermost project that its file lies in, of the kind that fits the file.
pub(super) fn assign_starts(projects: &mut [Project], starts: Vec<Start>) {
    for start in starts {
        let fits = |project: &Project| match crate::lower::language_of(&start.path) {
            Some(crate::model::Language::Python) => project.kind == ProjectKind::Python,
            Some(crate::model::Language::TypeScript) => project.kind == ProjectKind::Node,
            Some(crate::model::Language::Rust) => project.kind == ProjectKind::Cargo,
            None => false,
        };
        let holds = |project: &Project| project.folder.is_empty() || start.path.starts_with(&join(&project.folder, ""));
        let rank = |project: &Project| (fits(project), project.folder.len());
        let Some(project) = projects.iter_mut().filter(|project| holds(project)).max_by_key(|project| rank(project))
        else {
            continue;
        };
        // A file that is run finds its neighbours: its folder is an import root.
        let folder = split(&start.path).0;
        if start.is_main && start.path.ends_with(".py") {
            add_root(project, folder.to_owned());
        }
        if !project.started.contains(&start) {
            project.started.push(start);
        }
    }
}
