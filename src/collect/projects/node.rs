//! Node's manifests: `package.json` and its workspaces, `tsconfig.json` / `jsconfig.json`, `deno.json`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, add_root, alias, depend, members};
use crate::source::order::InOrder;
use crate::{
    collect::{Class, Tree, join, resolve, split},
    lower::settings::{json, tree::Node, yaml},
    model::{Alias, PACKAGE, Project, ProjectKind},
};

/// How many files `extends` and `references` of one configuration may lead through.
const EXTENDS: usize = 20;
/// Workspaces of up to this many packages give every package the names of all.
const HOISTED: usize = 30;
const EXTENSIONS: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
/// Where built files lie, to be mapped back to where they come from.
const BUILT: [&str; 8] = ["dist", "build", "lib", "out", "esm", "cjs", "es", ".output"];

pub(super) fn find(found: &mut Found<'_>, candidates: &[&str]) {
    let mut packages: BTreeMap<String, Node> = BTreeMap::new();
    for path in candidates {
        let (folder, name) = split(path);
        if !matches!(name, "package.json" | "deno.json" | "deno.jsonc" | "import_map.json") {
            continue;
        }
        let Some(manifest) = found.read(path).and_then(|text| json::parse(&text).0) else { continue };
        let tree = found.tree;
        let project = found.project(folder, ProjectKind::Node);
        add_root(project, folder.to_owned());
        if name == "package.json" {
            package(tree, project, &manifest);
            packages.insert(folder.to_owned(), manifest);
        } else {
            deno(project, &manifest);
        }
    }
    configurations(found, candidates, &packages);
    workspaces(found, &packages);
}

fn package(tree: &Tree, project: &mut Project, manifest: &Node) {
    project.name = manifest.get("name").and_then(Node::text).map(str::to_owned);
    let groups = [
        ("dependencies", false),
        ("peerDependencies", false),
        ("optionalDependencies", false),
        ("devDependencies", true),
    ];
    for (key, development) in groups {
        for (name, value) in manifest.get(key).map(Node::entries).unwrap_or_default() {
            depend(project, name, value.text().unwrap_or(""), development);
        }
    }
    // `"imports": {"#lib/*": "./src/lib/*.js"}`
    let folder = project.folder.clone();
    for (pattern, value) in manifest.get("imports").map(Node::entries).unwrap_or_default() {
        let targets = conditions(value).into_iter().filter_map(|target| source_of(tree, &folder, target)).collect();
        alias(project, pattern, targets);
    }
}

fn deno(project: &mut Project, manifest: &Node) {
    let folder = project.folder.clone();
    for (pattern, value) in manifest.get("imports").map(Node::entries).unwrap_or_default() {
        let Some(target) = value.text() else { continue };
        if let Some(package) = target.strip_prefix("npm:").or_else(|| target.strip_prefix("jsr:")) {
            let (name, versions) =
                package.rsplit_once('@').filter(|(name, _)| !name.is_empty()).unwrap_or((package, ""));
            depend(project, name, versions, false);
            if pattern != name {
                alias(project, pattern, vec![format!("{PACKAGE}{name}")]);
            }
        } else if target.contains("://") {
            let is_folder = pattern.ends_with('/');
            let of = |text: &str| if is_folder { format!("{text}*") } else { text.to_owned() };
            alias(project, &of(pattern), vec![of(target)]);
        } else if target.starts_with('.') {
            let (pattern, target) = match pattern.ends_with('/') {
                true => (format!("{pattern}*"), format!("{target}*")),
                false => (pattern.clone(), target.to_owned()),
            };
            alias(project, &pattern, resolve(&folder, &target).into_iter().collect());
        }
    }
}

/// The texts of a conditional target, sources and imports first, types last.
fn conditions(value: &Node) -> Vec<&str> {
    fn gather<'n>(value: &'n Node, depth: usize, found: &mut Vec<(usize, &'n str)>, rank: usize) {
        if depth > 6 {
            return;
        }
        if let Some(text) = value.text() {
            found.push((rank, text));
        }
        for item in value.items() {
            gather(item, depth + 1, found, rank);
        }
        for (condition, item) in value.entries() {
            let rank = match condition.as_str() {
                "source" | "development" | "bun" => 0,
                "import" | "module" => 1,
                "types" => 3,
                _ => 2,
            };
            gather(item, depth + 1, found, rank);
        }
    }
    let mut found = Vec::new();
    gather(value, 0, &mut found, 2);
    found.order_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, text)| text).collect()
}

/// The source file of a target of a manifest (`./dist/index.js` → `src/index.ts`), relative to the root.
/// A target with `*` is mapped when the folder that it names exists.
pub(in crate::collect) fn source_of(tree: &Tree, folder: &str, target: &str) -> Option<String> {
    let path = resolve(folder, target)?;
    let inside = if folder.is_empty() { path.as_str() } else { path.strip_prefix(folder)?.trim_start_matches('/') };
    let mut candidates = vec![path.clone()];
    // Without the folders of builds: `dist/esm/a.js` is `src/a` or `a`.
    let mut parts: Vec<&str> = inside.split('/').collect();
    let built = parts.iter().take_while(|part| BUILT.contains(part)).count();
    if built > 0 {
        parts.drain(..built);
        let rest = parts.join("/");
        let from_source = join(&join(folder, "src"), rest.trim_start_matches("src/"));
        candidates = vec![from_source, join(folder, &rest), path.clone()];
        // A `lib` folder may well be where the sources are.
        if tree.file(&path).is_some_and(|file| file.class != Class::Generated) {
            candidates.swap(1, 2);
        }
    }
    candidates.iter().find_map(|candidate| existing(tree, candidate))
}

/// The file that a path names, also without or with another extension, or as a folder with an index.
fn existing(tree: &Tree, path: &str) -> Option<String> {
    if let Some((before, after)) = path.split_once('*') {
        let folder = before.trim_end_matches('/');
        let exists = before.is_empty() || !tree.below(folder).is_empty();
        // Whoever resolves the alias tries extensions: `src/*.js` may be `src/*.ts`.
        let is_extension =
            after.starts_with('.') && EXTENSIONS.contains(&after.trim_start_matches(".d").trim_start_matches('.'));
        return exists.then(|| if is_extension { format!("{before}*") } else { path.to_owned() });
    }
    if tree.has(path) {
        return Some(path.to_owned());
    }
    let (folder, name) = split(path);
    let stem = name.strip_suffix(".d.ts").or_else(|| name.rsplit_once('.').map(|(stem, _)| stem)).unwrap_or(name);
    let stems = [join(folder, stem), path.to_owned(), join(path, "index")];
    stems.iter().find_map(|stem| {
        EXTENSIONS.iter().map(|extension| format!("{stem}.{extension}")).find(|candidate| tree.has(candidate))
    })
}

/// Names of workspace packages resolve to their sources in every package of the tree.
fn workspaces(found: &mut Found<'_>, packages: &BTreeMap<String, Node>) {
    let mut member_folders: BTreeSet<String> = BTreeSet::new();
    for (folder, manifest) in packages {
        let globs = manifest.get("workspaces").map(|globs| globs.get("packages").unwrap_or(globs).texts());
        let mut globs: Vec<String> = globs.unwrap_or_default().into_iter().map(str::to_owned).collect();
        if let Some(text) = found.read(&join(folder, "pnpm-workspace.yaml")) {
            let documents = yaml::parse(&text).0;
            let listed = documents.first().and_then(|node| node.get("packages")).map(Node::texts).unwrap_or_default();
            globs.extend(listed.into_iter().map(str::to_owned));
        }
        if let Some(settings) = found.read(&join(folder, "lerna.json")).and_then(|text| json::parse(&text).0) {
            globs.extend(settings.get("packages").map(Node::texts).unwrap_or_default().into_iter().map(str::to_owned));
        }
        member_folders.extend(members(found.tree, folder, &globs, "package.json"));
    }
    let mut aliases: Vec<(String, Alias)> = Vec::new();
    for folder in member_folders.iter().take(super::MEMBERS) {
        let Some(manifest) = packages.get(folder) else { continue };
        let Some(name) = manifest.get("name").and_then(Node::text) else { continue };
        let own = package_aliases(found.tree, folder, name, manifest);
        aliases.extend(own.into_iter().map(|alias| (name.to_owned(), alias)));
    }
    // Small workspaces are hoisted as a whole; in large ones names resolve where they are declared.
    let is_small = member_folders.len() <= HOISTED;
    for project in found.projects.values_mut().filter(|project| project.kind == ProjectKind::Node) {
        let known: BTreeSet<String> = project.aliases.iter().map(|alias| alias.pattern.clone()).collect();
        let depends = |name: &str| {
            project.dependencies.iter().any(|known| known.name == name) || project.name.as_deref() == Some(name)
        };
        let visible = aliases.iter().filter(|(name, _)| is_small || depends(name)).map(|(_, alias)| alias);
        let added: Vec<Alias> = visible.filter(|alias| !known.contains(&alias.pattern)).cloned().collect();
        project.aliases.extend(added);
    }
}

/// `name`, `name/sub` and `name/*` of a workspace package.
fn package_aliases(tree: &Tree, folder: &str, name: &str, manifest: &Node) -> Vec<Alias> {
    let mut aliases: Vec<Alias> = Vec::new();
    let mut add = |pattern: String, targets: Vec<String>| {
        let mut targets = targets;
        let mut seen = BTreeSet::new();
        targets.retain(|target| seen.insert(target.clone()));
        if !targets.is_empty() && !aliases.iter().any(|known| known.pattern == pattern) {
            aliases.push(Alias { pattern, targets });
        }
    };
    let exports = manifest.get("exports");
    let subpaths: Vec<_> =
        exports.map(Node::entries).unwrap_or_default().iter().filter(|(key, _)| key.starts_with('.')).collect();
    let sources = |value: &Node| -> Vec<String> {
        conditions(value).into_iter().filter_map(|target| source_of(tree, folder, target)).collect()
    };
    for (key, value) in &subpaths {
        let pattern = format!("{name}{}", key.strip_prefix('.').unwrap_or(""));
        add(pattern, sources(value));
    }
    let mut entries: Vec<String> = Vec::new();
    if let Some(exports) = exports.filter(|_| subpaths.is_empty()) {
        entries.extend(sources(exports));
    }
    for key in ["source", "module", "main", "types", "typings"] {
        entries.extend(manifest.get(key).and_then(Node::text).and_then(|target| source_of(tree, folder, target)));
    }
    for stem in ["src/index", "index", "src/main", "lib/index"] {
        entries.extend(existing(tree, &join(folder, &format!("{stem}.ts"))));
    }
    entries.truncate(1);
    add(name.to_owned(), entries);
    let source = join(folder, "src");
    let has_source = !tree.below(&source).is_empty();
    let mut anywhere = if has_source { vec![format!("{source}/*")] } else { Vec::new() };
    anywhere.push(join(folder, "*"));
    add(format!("{name}/*"), anywhere);
    aliases
}

/// `paths` and `baseUrl` of the configurations of the compiler, given to the Node project that they lie in.
fn configurations(found: &mut Found<'_>, candidates: &[&str], packages: &BTreeMap<String, Node>) {
    for path in candidates {
        let (folder, name) = split(path);
        if !matches!(name, "tsconfig.json" | "jsconfig.json") {
            continue;
        }
        let mut paths = Paths { found, packages, aliases: Vec::new(), base: None, left: EXTENDS };
        paths.follow(path, true);
        let Paths { aliases, base, .. } = paths;
        if aliases.is_empty() && base.is_none() {
            continue;
        }
        let owner = std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| split(folder).0));
        let owner = owner
            .into_iter()
            .find(|folder| found.projects.contains_key(&((*folder).to_owned(), ProjectKind::Node as u8)));
        let project = found.project(owner.unwrap_or(folder), ProjectKind::Node);
        for known in aliases {
            alias(project, &known.pattern, known.targets);
        }
        if let Some(base) = base {
            add_root(project, base.clone());
            alias(project, "*", vec![join(&base, "*")]);
        }
    }
}

/// What a configuration and those it extends say about paths; the nearest one wins.
struct Paths<'f, 't> {
    found: &'f Found<'t>,
    packages: &'f BTreeMap<String, Node>,
    aliases: Vec<Alias>,
    base: Option<String>,
    /// How many more files are read.
    left: usize,
}

impl Paths<'_, '_> {
    fn follow(&mut self, path: &str, is_first: bool) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let Some(configuration) = self.found.read(path).and_then(|text| json::parse(&text).0) else { return };
        let folder = split(path).0;
        let base = configuration
            .at(&["compilerOptions", "baseUrl"])
            .and_then(Node::text)
            .and_then(|base| resolve(folder, base));
        if self.base.is_none() {
            self.base = base.clone();
        }
        if let Some(paths) = configuration.at(&["compilerOptions", "paths"]).filter(|_| self.aliases.is_empty()) {
            let start = base.as_deref().or(self.base.as_deref()).unwrap_or(folder).to_owned();
            for (pattern, targets) in paths.entries() {
                let targets: Vec<String> =
                    targets.texts().into_iter().filter_map(|target| resolve(&start, target)).collect();
                if !targets.is_empty() {
                    self.aliases.push(Alias { pattern: pattern.clone(), targets });
                }
            }
        }
        for extended in configuration.get("extends").map(Node::texts).unwrap_or_default().into_iter().rev() {
            if let Some(next) = self.extended(folder, extended) {
                self.follow(&next, false);
            }
        }
        // A solution file only refers to the configurations that hold the paths.
        for reference in
            configuration.get("references").map(Node::items).unwrap_or_default().iter().filter(|_| is_first).take(20)
        {
            let Some(named) = reference.get("path").and_then(Node::text) else { continue };
            let Some(next) = resolve(folder, named).filter(|next| split(next).0 == folder && next.ends_with(".json"))
            else {
                continue;
            };
            self.follow(&next, false);
        }
    }

    /// The file that `extends` names: a relative path, or a file of a workspace package.
    fn extended(&self, folder: &str, named: &str) -> Option<String> {
        let path = if named.starts_with('.') {
            resolve(folder, named)?
        } else {
            self.packages.iter().find_map(|(package, manifest)| {
                let inside = named.strip_prefix(manifest.get("name")?.text()?)?.strip_prefix('/')?;
                resolve(package, inside)
            })?
        };
        let candidates = [path.clone(), format!("{path}.json"), join(&path, "tsconfig.json")];
        candidates.into_iter().find(|candidate| self.found.tree.has(candidate))
    }
}
