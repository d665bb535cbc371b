//! The pipeline in order: collect, read and lower in parallel, link, judge.
//!
//! Every file is read once. One pass over the words of the catalogue decides which source files are worth parsing;
//! what those import is parsed too. A file's text is released as soon as it is lowered.

mod excerpts;
mod reader;
mod scripts;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use excerpts::excerpts;
use rayon::prelude::*;
use reader::{Read, Reader};
use scripts::{drop_scripts, name_scripts};

use crate::collect::{self, Class, IgnoreRules, Limits, SkipReason, Tree};
use crate::judge::{self, Judged};
use crate::link::Program;
use crate::link::entries::Started;
use crate::model::{Module, Settings};
use crate::rules::{checked::Catalogue, packs::Packs};
use crate::verdict::*;
use crate::{Error, Options, lower};

/// Stack of the threads that lower, in bytes: deep code within the depth limit fits with a wide margin.
const LOWER_STACK: usize = 32 << 20;
/// Stack of the thread that links and judges, in bytes.
const JUDGE_STACK: usize = 512 << 20;
/// Below this many shipping source files all of them are parsed.
const PARSE_ALL: usize = 300;

/// Measures the stages.
#[derive(Debug, Default)]
struct Clock {
    timings: Vec<(String, f64)>,
}

impl Clock {
    fn measure<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.timings.push((stage.to_owned(), start.elapsed().as_secs_f64() * 1000.0));
        result
    }
}

/// What is known before anything is linked.
struct Prepared {
    tree: Tree,
    reads: Vec<Read>,
    /// Of the files that ship.
    modules: Vec<Module>,
    settings: Vec<Settings>,
}

/// Collects, reads and lowers: stages 1 and 2.
fn prepare(
    root: &Path,
    threads: usize,
    catalogue: &Catalogue,
    reader: &Reader,
    clock: &mut Clock,
) -> Result<Prepared, Error> {
    let limits = Limits { threads, ..Limits::default() };
    let mut tree = clock.measure("collect", || collect::collect(root, limits))?;
    catalogue.add_aliases(&mut tree.projects);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(LOWER_STACK)
        .build()
        .map_err(|why| Error::Threads(why.to_string()))?;
    let mut reads = clock.measure("read and lower", || {
        pool.install(|| tree.files.par_iter().map(|file| reader.read(file)).collect::<Vec<_>>())
    });
    apply_classes(&mut tree, &reads);
    clock.measure("imports", || pool.install(|| reader.follow_imports(&mut tree, &mut reads)));
    let (mut modules, mut settings) = (Vec::new(), Vec::new());
    for (file, read) in tree.files.iter().zip(&mut reads) {
        let (module, own) = (read.module.take(), read.settings.take());
        read.is_lowered = module.is_some();
        if file.class == Class::Ships {
            modules.extend(module);
            settings.extend(own);
        }
    }
    Ok(Prepared { tree, reads, modules, settings })
}

/// Runs what follows the links of a program, on a stack that deep programs fit on.
fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let worker = std::thread::Builder::new().stack_size(JUDGE_STACK);
    std::thread::scope(|scope| {
        let handle = worker.spawn_scoped(scope, work).map_err(|why| Error::Threads(why.to_string()))?;
        handle.join().map_err(|_| Error::Internal)
    })
}

/// Audits a tree.
pub(crate) fn run(root: &Path, options: &Options) -> Result<Report, Error> {
    let mut clock = Clock::default();
    let packs = Packs::load(options.rules.as_deref())?;
    let catalogue = clock.measure("rules", || Catalogue::load(options.rules.as_deref()))?;
    let reader = Reader::new(root, &catalogue)?;
    let mut prepared = prepare(root, options.threads.unwrap_or(0), &catalogue, &reader, &mut clock)?;
    let (judged, dropped, hits) = with_deep_stack(|| {
        let dropped = drop_scripts(&mut prepared, &catalogue);
        let hits: Vec<_> = prepared.reads.iter_mut().map(|read| std::mem::take(&mut read.hits)).collect();
        let Prepared { tree, modules, settings, .. } = &prepared;
        let secrets = clock.measure("secrets", || {
            judge::conditions::exposure::exposure(
                tree,
                &hits,
                modules,
                settings,
                &catalogue,
                &packs,
                &reader.shapes,
                &IgnoreRules::new(&reader.root),
            )
        });
        let judged =
            clock.measure("link and judge", || link_and_judge(modules, settings, tree, &catalogue, &packs, secrets));
        (judged, dropped, hits)
    })?;
    let Judged { answers, mut findings, inventory } = judged;
    name_scripts(&mut prepared.tree, &dropped);
    let mut coverage = coverage(&prepared.tree, &prepared.reads);
    coverage.unread.sort();
    excerpts(root, &mut findings, &prepared.tree, &hits);
    let empty = coverage.shipping == 0 && !findings.iter().any(|finding| finding.item == Item::E2);
    let gate = Gate { max_unticked: options.max_unticked, required: options.required.clone(), empty };
    let audit = Audit { boxes: answers, findings, coverage, inventory, gate };
    Ok(Report { audit, apps: Vec::new(), timings: clock.timings })
}

/// The files of a tree with the classes that an audit gives them.
pub(crate) fn tree(root: &Path) -> Result<Tree, Error> {
    let catalogue = Catalogue::load(None)?;
    let reader = Reader::new(root, &catalogue)?;
    let mut prepared = prepare(root, 0, &catalogue, &reader, &mut Clock::default())?;
    let dropped = with_deep_stack(|| drop_scripts(&mut prepared, &catalogue))?;
    name_scripts(&mut prepared.tree, &dropped);
    Ok(prepared.tree)
}

fn link_and_judge(
    modules: &[Module],
    settings: &[Settings],
    tree: &Tree,
    catalogue: &Catalogue,
    packs: &Packs,
    secrets: judge::case::Outcome,
) -> Judged {
    let program = Program::new(modules, settings, &tree.projects, catalogue);
    program.find_callers();
    let (mains, served) = starts(tree);
    judge::judge(&program, packs, &Started { mains: &mains, served }, secrets)
}

/// The files that are run themselves, and whether a server imports the application instead.
fn starts(tree: &Tree) -> (Vec<String>, bool) {
    let started = tree.projects.iter().flat_map(|project| &project.started);
    let mains = started.clone().filter(|start| start.is_main).map(|start| start.path.clone()).collect();
    (mains, started.into_iter().any(|start| !start.is_main))
}

/// What a file's text says about its class overrules its path.
fn apply_classes(tree: &mut Tree, reads: &[Read]) {
    for (file, read) in tree.files.iter_mut().zip(reads) {
        if let Some((class, reason)) = &read.class {
            file.class = *class;
            file.reason = reason.clone();
        }
    }
}

fn coverage(tree: &Tree, reads: &[Read]) -> Coverage {
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    let mut coverage = Coverage::default();
    for (file, read) in tree.files.iter().zip(reads) {
        let class = match (file.class, file.kind) {
            (Class::Ships, collect::Kind::Code(_)) => "ships",
            (Class::Ships, collect::Kind::Settings) => "settings",
            (Class::Ships, collect::Kind::Text) => "other",
            (Class::Test, _) => "test",
            (Class::Docs, _) => "docs",
            (Class::Script, _) => "script",
            (Class::Generated, _) => "generated",
            (Class::Vendored, _) => "vendored",
        };
        *files.entry(class.to_owned()).or_default() += 1;
        coverage.shipping += usize::from(class == "ships");
        coverage.read += usize::from(class == "ships" && read.is_lowered);
        if file.class == Class::Ships {
            coverage.unread.extend(read.unread.clone());
            coverage.partial.extend(read.partial.clone());
        }
    }
    coverage.files = files;
    for skipped in &tree.skipped {
        let entry =
            Unread { path: skipped.path.clone(), why: Text { en: skipped.why.words(), ko: skipped.why.words() } };
        // A source file that the system does not let us read is missing from the answer.
        let is_code = lower::language_of(&skipped.path).is_some();
        if is_code && matches!(skipped.why, SkipReason::Unreadable(_) | SkipReason::TooLarge(_)) {
            coverage.unread.push(entry);
        } else {
            coverage.skipped.push(entry);
        }
    }
    coverage
}
