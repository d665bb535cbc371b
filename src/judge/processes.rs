//! Which modules of a repository run together.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::Program;
use crate::link::entries::{Entries, found_by_convention};
use crate::link::names::{Target, folder_of};
use crate::link::units::ModuleId;
use crate::model::join;
use crate::model::*;

/// Which modules run in one process: what a main file imports, and what a framework loads.
#[derive(Debug, Default)]
pub struct Processes {
    /// The first are the servers as their platform starts them.
    members: Vec<BTreeSet<ModuleId>>,
    /// The modules of the servers, and the numbers of the processes that start one.
    served: BTreeSet<ModuleId>,
    serving: BTreeSet<usize>,
    /// What each module imports.
    imports: Vec<BTreeSet<ModuleId>>,
    /// What runs in the processes that a command starts for consumers of queues alone.
    workers: Vec<BTreeSet<ModuleId>>,
    /// The modules with consumers, and those that a framework finds wherever it runs.
    consuming: BTreeSet<ModuleId>,
    found: BTreeSet<ModuleId>,
}

/// The kind of entry points that consume from a queue.
const QUEUE: &str = "queue";

impl Processes {
    pub fn of(program: &Program<'_>, entries: &Entries<'_>) -> Processes {
        let mut imports = program.imports().to_vec();
        let mut mains = BTreeSet::new();
        let mut serving = BTreeSet::new();
        for entry in &entries.entries {
            if entry.kind == "cli" {
                mains.insert(entry.module)
            } else {
                serving.insert(entry.module)
            };
        }
        serving.extend(entries.starts.iter().map(|frame| program.module_of(program.unit_of_frame(*frame))));
        serving.extend(found_by_convention(program));
        // What a command loads first is loaded by all that it may run.
        let preloaded = preloaded(program);
        mains.retain(|module| !preloaded.contains(module));
        for module in mains.union(&serving).filter(|_| !preloaded.is_empty()) {
            let project = |module: ModuleId| {
                let Module { path, language, .. } = &program.modules[module];
                (project_of(program, path, *language), *language)
            };
            let first = preloaded.iter().filter(|first| **first != *module && project(**first) == project(*module));
            imports[*module].extend(first);
        }
        serving.extend(preloaded);
        let imported: BTreeSet<ModuleId> = imports.iter().flatten().copied().collect();
        // What nobody imports and no framework loads runs by itself, if at all.
        let alone = |module: &ModuleId| {
            mains.contains(module) || !serving.is_empty() && !serving.contains(module) && !imported.contains(module)
        };
        let (tops, others): (BTreeSet<_>, BTreeSet<_>) = (0..program.modules.len()).partition(alone);
        let served = if serving.is_empty() { others } else { serving.difference(&tops).copied().collect() };
        let servers = servers(program, &imports, &served);
        let mut members = servers.clone();
        let mut starting: BTreeSet<usize> = (0..servers.len()).collect();
        for top in &tops {
            let mut own = closure(&imports, BTreeSet::from([*top]));
            // What starts a server runs all that the server loads, also by name.
            let language = program.modules[*top].language;
            let starts = |server: &BTreeSet<ModuleId>| match language {
                Language::Rust => server.iter().any(|module| program.modules[*module].language == language),
                _ => own.iter().any(|module| serving.contains(module) && server.contains(module)),
            };
            let started: Vec<&BTreeSet<ModuleId>> = servers.iter().filter(|server| starts(server)).collect();
            if !started.is_empty() || language == Language::Rust {
                starting.insert(members.len());
            }
            own.extend(started.into_iter().flatten().copied().collect::<Vec<_>>());
            members.push(own);
        }
        let served = if serving.is_empty() { BTreeSet::new() } else { servers.iter().flatten().copied().collect() };
        let consuming: BTreeSet<ModuleId> = modules_of(entries, |kind| kind == QUEUE);
        let answering = modules_of(entries, |kind| !matches!(kind, QUEUE | "cron" | "cli"));
        let started = program.projects.iter().flat_map(|project| &project.started);
        let started = started.filter_map(|start| program.names.module_at(&start.path));
        let workers = started.map(|start| closure(&imports, BTreeSet::from([start])));
        let is_worker = |runs: &BTreeSet<ModuleId>| !runs.is_disjoint(&consuming) && runs.is_disjoint(&answering);
        let workers = workers.filter(is_worker).collect();
        let found = found_by_convention(program);
        Processes { members, served, serving: starting, imports, workers, consuming, found }
    }

    /// Whether a consumer of a queue runs in a process of its own that a command starts, and that does not load another
    /// module: `celery -A worker worker` beside `uvicorn main:app`.
    pub fn runs_without(&self, module: ModuleId, other: ModuleId) -> bool {
        let lacks = |process: &BTreeSet<ModuleId>| process.contains(&module) && !process.contains(&other);
        self.consuming.contains(&module) && !self.found.contains(&other) && self.workers.iter().any(lacks)
    }

    /// Whether a module imports another, itself or by what it imports.
    pub fn brings(&self, top: ModuleId, module: ModuleId) -> bool {
        closure(&self.imports, BTreeSet::from([top])).contains(&module)
    }

    /// The modules that serve.
    pub fn served(&self) -> &BTreeSet<ModuleId> {
        &self.served
    }

    /// Whether what a module does when it starts is done before another one serves: a command that uses what the server
    /// uses does nothing for the server.
    pub fn covers(&self, root: ModuleId, module: ModuleId) -> bool {
        if root == module || !self.served.contains(&module) {
            return self.shared(root, module);
        }
        let mut starts = self.members.iter().enumerate().filter(|(number, _)| self.serving.contains(number));
        starts.any(|(_, process)| process.contains(&root) && process.contains(&module))
    }

    /// Whether two modules run together.
    pub fn shared(&self, one: ModuleId, other: ModuleId) -> bool {
        one == other || self.members.iter().any(|process| process.contains(&one) && process.contains(&other))
    }
}

/// The modules with entry points of some kinds.
fn modules_of(entries: &Entries<'_>, is_asked: impl Fn(&str) -> bool) -> BTreeSet<ModuleId> {
    entries.entries.iter().filter(|entry| is_asked(&entry.kind)).map(|entry| entry.module).collect()
}

/// What each server runs. The modules that a framework loads run together where they are of one project and language,
/// with all that they import; what a server imports of another one, it runs whole.
fn servers(
    program: &Program<'_>,
    imports: &[BTreeSet<ModuleId>],
    serving: &BTreeSet<ModuleId>,
) -> Vec<BTreeSet<ModuleId>> {
    let mut groups: BTreeMap<(&str, Language), BTreeSet<ModuleId>> = BTreeMap::new();
    for module in serving {
        let Module { path, language, .. } = &program.modules[*module];
        groups.entry((project_of(program, path, *language), *language)).or_default().insert(*module);
    }
    let mut servers: Vec<(BTreeSet<ModuleId>, BTreeSet<ModuleId>)> =
        groups.into_values().map(|own| (own.clone(), closure(imports, own))).collect();
    let mut at = 0;
    while at < servers.len() {
        let (own, all) = servers[at].clone();
        let is_host = |(other, (_, runs)): (usize, &(_, BTreeSet<ModuleId>))| {
            (other != at && !runs.is_disjoint(&own)).then_some(other)
        };
        let hosts: Vec<usize> = servers.iter().enumerate().filter_map(is_host).collect();
        if hosts.is_empty() {
            at += 1;
            continue;
        }
        hosts.into_iter().for_each(|host| servers[host].1.extend(&all));
        servers.remove(at);
        at = 0;
    }
    servers.into_iter().map(|(_, all)| all).collect()
}

/// The folder of the nearest project of its language that a file lies in.
fn project_of<'p>(program: &Program<'p>, path: &str, language: Language) -> &'p str {
    let kind = match language {
        Language::Python => ProjectKind::Python,
        Language::TypeScript => ProjectKind::Node,
        // The crates of a workspace are built into each other.
        Language::Rust => return "",
    };
    let holds =
        |folder: &&str| folder.is_empty() || path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'));
    let projects = program.projects.iter().filter(|project| project.kind == kind);
    projects.map(|project| project.folder.as_str()).filter(holds).max_by_key(|folder| folder.len()).unwrap_or("")
}

fn closure(imports: &[BTreeSet<ModuleId>], from: BTreeSet<ModuleId>) -> BTreeSet<ModuleId> {
    let mut open: Vec<ModuleId> = from.iter().copied().collect();
    let mut all = from;
    while let Some(module) = open.pop() {
        for next in imports.get(module).into_iter().flatten() {
            if all.insert(*next) {
                open.push(*next);
            }
        }
    }
    all
}

/// The modules that a command loads before the one it runs: `node --import ./instrument.mjs`.
fn preloaded(program: &Program<'_>) -> BTreeSet<ModuleId> {
    let mut all = BTreeSet::new();
    for settings in program.settings {
        for entry in &settings.entries {
            let Literal::Text(text) = &entry.value else { continue };
            let words = text.split(|each: char| each.is_whitespace() || "=\"'[],".contains(each));
            let mut words = words.filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                if matches!(word, "--import" | "--require" | "-r" | "--loader")
                    && let Some(file) = words.next()
                {
                    all.extend(loaded_as(program, &settings.path, file));
                }
            }
        }
    }
    all
}

/// Folders into which programs are built.
const BUILT: [&str; 5] = ["dist", "build", "out", "lib", "output"];

/// The module of a file that a command names, which may be what is built of it: `dist/instrument.js` of
/// `src/instrument.ts`.
fn loaded_as(program: &Program<'_>, settings: &str, file: &str) -> Option<ModuleId> {
    let file = file.trim_start_matches("./");
    if let Some(own) = program.names.module_at(&join(folder_of(settings), file)) {
        return Some(own);
    }
    let parts: Vec<&str> = file.split('/').collect();
    let built = parts.iter().position(|part| BUILT.contains(part))?;
    let rest = parts.get(built + 1..)?.join("/");
    let rest = rest.trim_start_matches("src/");
    [format!("./src/{rest}"), format!("./{rest}")].iter().find_map(|source| {
        match program.names.resolve(settings, Language::TypeScript, source) {
            Target::Module(module) => Some(module),
            _ => None,
        }
    })
}
