//! Which module an import means: packages, relative paths, index files, aliases, workspaces, and Rust's module tree.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Alias, Language, PACKAGE, Project, TREE, join};
use crate::source::order::InOrder;

use super::aliases::{Aliases, Scoped};
use super::units::ModuleId;

/// Finds modules by what imports say.
#[derive(Debug)]
pub struct Names {
    by_path: FxHashMap<String, ModuleId>,
    /// Every folder that has a Python file somewhere below it.
    python_folders: FxHashSet<String>,
    /// Every folder that has a TypeScript file somewhere below it.
    script_folders: FxHashSet<String>,
    /// Folders from which Python's absolute imports start, most specific first.
    python_roots: Vec<String>,
    /// What folders and modules of Python are called: no import that begins otherwise leads into the tree.
    python_heads: FxHashSet<String>,
    /// Python packages that the projects depend on, as they are imported.
    python_packages: FxHashSet<String>,
    /// Further names under which such packages are imported.
    python_modules: FxHashSet<String>,
    aliases: Aliases,
    /// Cargo package name (underscored) to its source folder.
    crates: Vec<(String, String)>,
}

/// Where an import leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Module(ModuleId),
    /// A folder with modules but no module of its own (a Python namespace package).
    Folder(String),
    /// Outside the audited tree: the canonical name of the library module.
    Library(String),
}

/// Addresses that stand for other addresses.
const ADDRESSES: usize = 3;

const EXTENSIONS: [&str; 8] = ["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"];

impl Names {
    /// The names of a list of files; a module's id is its place in the list.
    pub fn of<'f>(files: impl Iterator<Item = (&'f str, Language)> + Clone, projects: &[Project]) -> Names {
        let by_path: FxHashMap<String, ModuleId> =
            files.clone().enumerate().map(|(id, (path, _))| (path.to_owned(), id)).collect();
        let (mut python_folders, mut script_folders) = (FxHashSet::default(), FxHashSet::default());
        let mut python_heads = FxHashSet::default();
        for (path, language) in files {
            let folders = match language {
                Language::Python => {
                    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
                    python_heads.extend(stem.split('/').map(str::to_owned));
                    &mut python_folders
                }
                Language::TypeScript => &mut script_folders,
                Language::Rust => continue,
            };
            let mut folder = folder_of(path);
            while !folder.is_empty() && folders.insert(folder.to_owned()) {
                folder = folder_of(folder);
            }
        }
        let mut python_roots: Vec<String> = Vec::new();
        let mut python_packages = FxHashSet::default();
        let mut python_modules = FxHashSet::default();
        let mut crates = Vec::new();
        for project in projects {
            if project.kind == crate::model::ProjectKind::Python {
                let imported = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
                python_packages.extend(project.dependencies.iter().map(|dependency| imported(&dependency.name)));
                python_modules.extend(project.imported.iter().cloned());
            }
            python_roots.extend(project.source_roots.iter().cloned());
            python_roots.push(join(&project.folder, "src"));
            python_roots.push(project.folder.clone());
            if let (crate::model::ProjectKind::Cargo, Some(name)) = (project.kind, &project.name) {
                crates.push((name.replace('-', "_"), join(&project.folder, "src")));
            }
        }
        python_roots.push(String::new());
        python_roots.order_by_key(|root| std::cmp::Reverse(root.len()));
        python_roots.dedup();
        let aliases = Aliases::of(projects);
        Names {
            by_path,
            python_folders,
            script_folders,
            python_heads,
            python_roots,
            python_packages,
            python_modules,
            aliases,
            crates,
        }
    }

    pub fn module_at(&self, path: &str) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// Resolves the source of an import written in `from`.
    pub fn resolve(&self, from: &str, language: Language, source: &str) -> Target {
        match language {
            Language::Python => self.python(from, source),
            Language::TypeScript => self.typescript(from, source),
            Language::Rust => self.rust(from, source),
        }
    }

    fn python(&self, from: &str, source: &str) -> Target {
        let dots = source.chars().take_while(|character| *character == '.').count();
        let rest = source.trim_start_matches('.').replace('.', "/");
        let here = folder_of(from);
        let from_itself = self.module_at(from).map_or_else(|| Target::Library(String::new()), Target::Module);
        if dots > 0 {
            let mut folder = here.to_owned();
            for _ in 1..dots {
                folder = folder_of(&folder).to_owned();
            }
            return self.python_file(&join(&folder, &rest)).unwrap_or_else(|| Target::Library(source.to_owned()));
        }
        // The folder of the file itself comes first: that is how a script finds its neighbours. Then the folders above
        // it, which stand for the working folder of whoever starts the application, then the declared roots. A folder
        // inside a package is not searched, nor does a neighbour hide a package that the project depends on.
        let head = source.split('.').next().unwrap_or("");
        if !self.python_heads.contains(head) {
            return Target::Library(source.to_owned());
        }
        let is_package = |folder: &str| !folder.is_empty() && self.module_at(&join(folder, "__init__.py")).is_some();
        let is_root = |folder: &str| folder.is_empty() || self.python_roots.iter().any(|root| root == folder);
        let search = |hides: &dyn Fn(&str) -> bool| {
            let above = std::iter::successors(Some(here), |folder| (!folder.is_empty()).then(|| folder_of(folder)));
            above
                .filter(|folder| !hides(folder))
                .find_map(|folder| self.python_file(&join(folder, &rest)).filter(|target| *target != from_itself))
        };
        let declared = self.python_packages.contains(head);
        // Only a package imports from itself.
        let is_another = |target: &Target| *target != from_itself || from.ends_with("__init__.py");
        if let Some(target) = search(&|folder| is_package(folder) || declared && !is_root(folder)) {
            return target;
        }
        let near = |root: &&String| from.starts_with(root.as_str());
        let roots = self.python_roots.iter().filter(near).chain(self.python_roots.iter().filter(|root| !near(root)));
        for root in roots {
            if let Some(target) = self.python_file(&join(root, &rest)).filter(is_another) {
                return target;
            }
        }
        // Started from inside the package after all; then a package of that name that it depends on could not be used.
        let is_hidden = declared || self.python_modules.contains(source);
        search(&|_| is_hidden).unwrap_or_else(|| Target::Library(source.to_owned()))
    }

    fn python_file(&self, base: &str) -> Option<Target> {
        for path in [format!("{base}.py"), join(base, "__init__.py"), format!("{base}.pyi")] {
            if let Some(module) = self.module_at(&path) {
                return Some(Target::Module(module));
            }
        }
        let is_package = self.python_folders.contains(base);
        is_package.then(|| Target::Folder(base.to_owned()))
    }

    /// A module or package inside a folder package.
    pub fn in_folder(&self, folder: &str, name: &str) -> Option<Target> {
        self.python_file(&join(folder, name))
    }

    /// A TypeScript module inside a folder, or the folder of some.
    pub fn in_tree(&self, folder: &str, name: &str) -> Option<Target> {
        let base = join(folder, name);
        let file = self.typescript_file(&base).map(Target::Module);
        file.or_else(|| self.script_folders.contains(&base).then_some(Target::Folder(base)))
    }

    fn typescript(&self, from: &str, source: &str) -> Target {
        if let Some(folder) = self.tree_behind(from, source) {
            return Target::Folder(folder);
        }
        if let Some(package) = self.generated(source, 0) {
            return Target::Library(package);
        }
        if source.starts_with('.') {
            let path = normalise(&join(folder_of(from), source));
            return self.typescript_file(&path).map_or_else(|| Target::Library(source.to_owned()), Target::Module);
        }
        for (Scoped { folder, alias: Alias { pattern, targets } }, rest) in self.aliases.matching(source) {
            let is_inside =
                folder.is_empty() || from.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
            if !is_inside && pattern.starts_with(['@', '~', '#']) && pattern.contains("/*") && pattern.len() <= 3 {
                continue;
            }
            for target in targets {
                let path = normalise(&target.replacen('*', rest, 1));
                if let Some(module) = self.typescript_file(&path) {
                    return Target::Module(module);
                }
            }
        }
        Target::Library(source.strip_prefix("node:").unwrap_or(source).to_owned())
    }

    /// The folder for whose files a module stands that a tool writes into the tree: `api.notes.add` is what `notes.ts` beside
    /// `_generated/api.ts` exports as `add`.
    fn tree_behind(&self, from: &str, source: &str) -> Option<String> {
        let is_relative = source.starts_with('.');
        let mut matching = self.aliases.matching(source).into_iter().filter(|_| is_relative);
        let above = matching.find_map(|(scoped, _)| scoped.alias.targets.first()?.strip_prefix(TREE))?;
        Some(normalise(&join(&join(folder_of(from), source), above)))
    }

    /// The package that a tool writes into the tree under such an import path, or that an address names.
    fn generated(&self, source: &str, depth: usize) -> Option<String> {
        self.aliases.matching(source).into_iter().find_map(|(scoped, rest)| {
            let target = scoped.alias.targets.first()?;
            if let Some(package) = target.strip_prefix(PACKAGE) {
                return Some(match package.contains('*') {
                    true => package_named(&package.replacen('*', rest, 1)),
                    false => package.to_owned(),
                });
            }
            // `"@llm": "https://esm.example/llm"` of a map of imports.
            let address = target.contains("://").then(|| target.replacen('*', rest, 1))?;
            let named = if depth < ADDRESSES { self.generated(&address, depth + 1) } else { None };
            Some(named.unwrap_or(address))
        })
    }

    fn typescript_file(&self, path: &str) -> Option<ModuleId> {
        if let Some(module) = self.module_at(path) {
            return Some(module);
        }
        // `./x.js` in TypeScript sources means `./x.ts`.
        let stem = path.strip_suffix(".js").or(path.strip_suffix(".jsx")).or(path.strip_suffix(".mjs")).unwrap_or(path);
        for base in [stem.to_owned(), path.to_owned(), join(path, "index")] {
            for extension in EXTENSIONS {
                if let Some(module) = self.module_at(&format!("{base}.{extension}")) {
                    return Some(module);
                }
            }
        }
        None
    }

    fn rust(&self, from: &str, source: &str) -> Target {
        let mut parts: Vec<&str> = source.split("::").filter(|part| !part.is_empty()).collect();
        let Some(head) = parts.first().copied() else { return Target::Library(source.to_owned()) };
        let mut folder = match head {
            "crate" => {
                parts.remove(0);
                self.crate_folder(from)
            }
            "self" => {
                parts.remove(0);
                children_of(from)
            }
            "super" => {
                let mut folder = children_of(from);
                while parts.first() == Some(&"super") {
                    parts.remove(0);
                    folder = folder_of(&folder).to_owned();
                }
                folder
            }
            _ => {
                if let Some((_, source)) = self.crates.iter().find(|(name, _)| name == head) {
                    parts.remove(0);
                    source.clone()
                } else if self.rust_file(&join(&children_of(from), head)).is_some() {
                    children_of(from)
                } else {
                    return Target::Library(source.replace("::", "."));
                }
            }
        };
        for part in &parts {
            folder = join(&folder, part);
        }
        match self.rust_file(&folder) {
            Some(module) => Target::Module(module),
            None => Target::Library(source.replace("::", ".")),
        }
    }

    fn rust_file(&self, base: &str) -> Option<ModuleId> {
        [format!("{base}.rs"), join(base, "mod.rs"), join(base, "lib.rs"), join(base, "main.rs")]
            .iter()
            .find_map(|path| self.module_at(path))
    }

    /// The folder of the crate that a file belongs to: the nearest one above with a `main.rs` or `lib.rs`.
    fn crate_folder(&self, from: &str) -> String {
        let mut folder = folder_of(from);
        loop {
            if self.module_at(&join(folder, "main.rs")).is_some() || self.module_at(&join(folder, "lib.rs")).is_some() {
                return folder.to_owned();
            }
            if folder.is_empty() {
                return folder_of(from).to_owned();
            }
            folder = folder_of(folder);
        }
    }
}

/// The folder in which a Rust file's own child modules lie.
fn children_of(path: &str) -> String {
    let folder = folder_of(path);
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    if matches!(name, "mod" | "lib" | "main") { folder.to_owned() } else { join(folder, name) }
}

/// The package in a specifier, without what tells its version and how it was built:
/// `v135/@scope/name@1.2.3/part?target=es2022` is `@scope/name/part`.
fn package_named(specifier: &str) -> String {
    let path = specifier.split(['?', '#']).next().unwrap_or(specifier);
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_build = |part: &str| {
        let number = part.strip_prefix('v');
        part == "stable"
            || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if parts.len() > 1 && parts.first().is_some_and(|part| is_build(part)) {
        parts.remove(0);
    }
    if parts.len() > 1 && parts.last().is_some_and(|part| matches!(*part, "mod.ts" | "mod.js" | "+esm")) {
        parts.pop();
    }
    let names: Vec<&str> = parts
        .iter()
        .map(|part| match part.get(1..).and_then(|rest| rest.find('@')) {
            Some(at) => part.get(..at + 1).unwrap_or(part),
            None => *part,
        })
        .collect();
    names.join("/").trim_start_matches('*').to_owned()
}

/// What `*` of an alias pattern stands for.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Resolves `.` and `..`.
fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_packages() {
        assert_eq!(package_named("@scope/name@^1.2/part?target=es2022"), "@scope/name/part");
        assert_eq!(package_named("v135/name@1.2.3"), "name");
        assert_eq!(package_named("v/part"), "v/part");
        assert_eq!(package_named("name@v4.24.0/mod.ts"), "name");
        assert_eq!(package_named("@scope/name"), "@scope/name");
        assert_eq!(normalise("a/b/../c/./d"), "a/c/d");
        assert_eq!(children_of("src/a/b.rs"), "src/a/b");
        assert_eq!(children_of("src/a/mod.rs"), "src/a");
    }
}
