//! The pipeline in order: collect, read and lower in parallel, link, judge.
//!
//! Every file is read once. One pass over the words of the catalogue decides which source files are worth parsing;
//! what those import is parsed too. A file's text is released as soon as it is lowered.

mod excerpts;
mod reader;
mod remarks;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use excerpts::excerpts;
use rayon::prelude::*;
use reader::{Read, Reader};
use scripts::{drop_scripts, name_scripts};

use crate::collect::{self, Class, CollectError, IgnoreRules, Limits, SkipReason, Tree};
use crate::judge::conditions::exposure::{FileHits, exposure};
use crate::judge::{self, Judged};
use crate::link::Program;
use crate::link::entries::Started;
use crate::link::unfolded::unfold;
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

/// Measures the stages, some of which run beside each other.
#[derive(Debug, Default)]
struct Clock {
    timings: Mutex<Vec<(String, f64)>>,
}

impl Clock {
    fn measure<T>(&self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let taken = (stage.to_owned(), start.elapsed().as_secs_f64() * 1000.0);
        self.timings.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
        result
    }

    /// The stages in the order in which they ended, and the whole.
    fn timings(self, start: Instant) -> Vec<(String, f64)> {
        let mut timings = self.timings.into_inner().unwrap_or_else(PoisonError::into_inner);
        timings.push(("total".to_owned(), start.elapsed().as_secs_f64() * 1000.0));
        timings
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

fn collect_files(root: &Path, threads: usize) -> Result<Tree, CollectError> {
    collect::collect(root, Limits { threads, ..Limits::default() })
}

/// Reads and lowers what was collected.
fn prepare(
    mut tree: Tree,
    threads: usize,
    catalogue: &Catalogue,
    reader: &Reader,
    clock: &Clock,
) -> Result<Prepared, Error> {
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

/// Starts what follows the links of a program, on a stack that deep programs fit on.
fn with_deep_stack<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Error> {
    let worker = std::thread::Builder::new().stack_size(JUDGE_STACK);
    worker.spawn_scoped(scope, work).map_err(|why| Error::Threads(why.to_string()))
}

fn finished<T>(worker: ScopedJoinHandle<'_, T>) -> Result<T, Error> {
    worker.join().map_err(|_| Error::Internal)
}

/// Audits a tree.
pub(crate) fn run(root: &Path, options: &Options) -> Result<Report, Error> {
    let clock = Clock::default();
    let start = Instant::now();
    let packs = Packs::load(options.rules.as_deref())?;
    let threads = options.threads.unwrap_or(0);
    let (catalogue, tree) = rayon::join(
        || clock.measure("rules", || Catalogue::load(options.rules.as_deref())),
        || clock.measure("collect", || collect_files(root, threads)),
    );
    let catalogue = catalogue?;
    let tree = tree?;
    let reader = Reader::new(root, &catalogue, &tree.projects)?;
    let mut prepared = prepare(tree, threads, &catalogue, &reader, &clock)?;
    let dropped = scripts_of(&mut prepared, &catalogue)?;
    unfold_calls(&mut prepared, &catalogue)?;
    let hits: Vec<_> = prepared.reads.iter_mut().map(|read| std::mem::take(&mut read.hits)).collect();
    let judged = judged(&prepared, &hits, &reader, &catalogue, &packs, &clock)?;
    let Judged { answers, mut findings, inventory } = judged;
    name_scripts(&mut prepared.tree, &dropped);
    let mut coverage = coverage(&prepared.tree, &prepared.reads);
    coverage.unread.sort();
    coverage.remarks = remarks::remarks(&prepared.tree, &coverage, &inventory);
    excerpts(root, &mut findings, &prepared.tree, &hits);
    let empty = coverage.shipping == 0 && !findings.iter().any(|finding| finding.item == Item::E2);
    let gate =
        Gate { max_unticked: options.max_unticked, required: options.required.clone(), empty, ..Gate::default() };
    let audit = Audit { boxes: answers, findings, coverage, inventory, gate, comparison: None };
    let prefix = prepared.tree.prefix.clone();
    free((prepared, hits, reader, catalogue));
    Ok(Report { audit, apps: Vec::new(), prefix, timings: clock.timings(start) })
}

/// Frees what an audit needs no more beside what its caller does next: whole programs take their time. Their deep
/// expressions need a deep stack here too.
fn free<T: Send + 'static>(leftovers: T) {
    let worker = std::thread::Builder::new().stack_size(LOWER_STACK);
    // Without another thread they are freed here, with the closure.
    let _ = worker.spawn(move || drop(leftovers));
}

/// Takes the scripts out of what ships, and names them.
fn scripts_of(prepared: &mut Prepared, catalogue: &Catalogue) -> Result<BTreeSet<String>, Error> {
    std::thread::scope(|scope| finished(with_deep_stack(scope, || drop_scripts(prepared, catalogue))?))
}

/// Writes calls that only call what they are given as what they do.
fn unfold_calls(prepared: &mut Prepared, catalogue: &Catalogue) -> Result<(), Error> {
    let Prepared { tree, modules, .. } = prepared;
    std::thread::scope(|scope| finished(with_deep_stack(scope, || unfold(modules, &tree.projects, catalogue))?))
        .map(drop)
}

/// The answers to all questions. Those about the environment are found beside the others, in a program of their own.
fn judged(
    prepared: &Prepared,
    hits: &[FileHits],
    reader: &Reader,
    catalogue: &Catalogue,
    packs: &Packs,
    clock: &Clock,
) -> Result<Judged, Error> {
    let Prepared { tree, modules, settings, .. } = prepared;
    let (mains, served) = starts(tree);
    let started = Started { mains: &mains, served };
    let second_stage = || {
        let program = linked(modules, settings, tree, catalogue);
        let ignore = IgnoreRules::new(&reader.root);
        let secrets = clock.measure("secrets", || exposure(tree, hits, &program, packs, &reader.shapes, &ignore));
        let environment = clock.measure("environment", || judge::environment(&program, packs, &started));
        (environment, secrets)
    };
    std::thread::scope(|scope| {
        let beside = with_deep_stack(scope, second_stage)?;
        let rest = with_deep_stack(scope, || {
            let program = clock.measure("link", || linked(modules, settings, tree, catalogue));
            clock.measure("judge", || judge::judge(&program, packs, &started))
        })?;
        let (environment, secrets) = finished(beside)?;
        Ok(judge::answered(packs, finished(rest)?, environment, secrets))
    })
}

/// The files of a tree with the classes that an audit gives them.
pub(crate) fn tree(root: &Path) -> Result<Tree, Error> {
    let catalogue = Catalogue::load(None)?;
    let tree = collect_files(root, 0)?;
    let reader = Reader::new(root, &catalogue, &tree.projects)?;
    let mut prepared = prepare(tree, 0, &catalogue, &reader, &Clock::default())?;
    let dropped = scripts_of(&mut prepared, &catalogue)?;
    name_scripts(&mut prepared.tree, &dropped);
    Ok(prepared.tree)
}

fn linked<'m>(
    modules: &'m [Module],
    settings: &'m [Settings],
    tree: &'m Tree,
    catalogue: &'m Catalogue,
) -> Program<'m> {
    let program = Program::new(modules, settings, &tree.projects, catalogue);
    program.find_callers();
    program
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
