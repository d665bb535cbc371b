//! The pipeline in order: collect, read and lower in parallel, link, judge.
//!
//! Every file is read once. One pass over the words of the catalogue decides which source files are worth parsing;
//! what those import is parsed too. A file's text is released as soon as it is lowered.

mod before;
mod cache;
mod excerpts;
pub(crate) mod explained;
mod history;
mod reader;
mod redaction;
mod refusals;
mod remarks;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use before::{Before, Found as FoundBefore};
use cache::{Cache, Kept, KeptAudit, Key};
use excerpts::excerpts;
use rayon::prelude::*;
use reader::{Read, Reader};
use redaction::Redaction;
use scripts::{drop_scripts, name_scripts};

use crate::collect::{self, Class, CollectError, Contents, IgnoreRules, Limits, SkipReason, Tree};
use crate::config::{Configuration, MAX_UNTICKED};
use crate::judge::baseline::Baseline;
use crate::judge::case::Case;
use crate::judge::chains::Asked;
use crate::judge::compare::mark;
use crate::judge::conditions::exposure::{FileHits, PastHit, exposure};
use crate::judge::ignore::Ignore;
use crate::judge::settle::{Settled, Terms, settle};
use crate::judge::{self, Judged};
use crate::link::Program;
use crate::link::entries::Started;
use crate::link::unfolded::unfold;
use crate::link::units::Units;
use crate::model::{Module, Settings};
use crate::rules::{checked::Catalogue, packs::Packs};
use crate::verdict::chain::Explained;
use crate::verdict::*;
use crate::{Error, Options, lower};

/// Stack of the threads that lower, in bytes: deep code within the depth limit fits with a wide margin.
const LOWER_STACK: usize = 32 << 20;
/// Stack of the thread that links and judges, in bytes.
const JUDGE_STACK: usize = 512 << 20;
/// Beyond this many modules both halves of the questions share one program, one after the other: of a large tree it
/// remembers more than memory has room for twice.
const ONE_PROGRAM: usize = 1_500;
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
        self.note(stage, start);
        result
    }

    /// Notes a stage that began at `start` and ends here.
    fn note(&self, stage: &str, start: Instant) {
        let taken = (stage.to_owned(), start.elapsed().as_secs_f64() * 1000.0);
        self.timings.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
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

fn collect_files(root: &Path, threads: usize, configuration: &Configuration) -> Result<Tree, CollectError> {
    let mut tree = collect::collect(root, Limits { threads, ..Limits::default() })?;
    exclude(&mut tree, configuration);
    Ok(tree)
}

/// Takes out what the configuration excludes.
fn exclude(tree: &mut Tree, configuration: &Configuration) {
    if configuration.exclude.is_empty() {
        return;
    }
    for file in &mut tree.files {
        if let Some(exclusion) = configuration.exclusion(&file.path) {
            file.class = Class::Excluded;
            file.reason = exclusion.reason.clone();
        }
    }
}

/// What all steps of an audit share.
#[derive(Clone, Copy)]
struct Tools<'t> {
    catalogue: &'t Catalogue,
    packs: &'t Packs,
    options: &'t Options,
    clock: &'t Clock,
}

/// Reads and lowers what was collected.
fn prepare(mut tree: Tree, tools: &Tools<'_>, reader: &Reader) -> Result<Prepared, Error> {
    let clock = tools.clock;
    tools.catalogue.add_aliases(&mut tree.projects);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(tools.options.threads.unwrap_or(0))
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
    let (packs, catalogue, tree) = open(root, options, &clock)?;
    let place = Cache::of(options, &tree).and_then(|cache| Some((cache, Key::of_audit(root, &tree, options)?)));
    if let Some(kept) = place.as_ref().and_then(|(cache, key)| cache.find::<KeptAudit>(key)) {
        return Ok(Report {
            audit: kept.audit(),
            apps: Vec::new(),
            prefix: tree.prefix,
            timings: clock.timings(start),
        });
    }
    let report = audited(root, options, (packs, catalogue, tree), &clock)?;
    if let Some((cache, key)) = place {
        cache.keep(&key, &KeptAudit::of(&report.audit));
    }
    Ok(Report { timings: clock.timings(start), ..report })
}

/// Audits a tree whose files are known.
fn audited(
    root: &Path,
    options: &Options,
    (packs, catalogue, tree): (Arc<Packs>, Arc<Catalogue>, Tree),
    clock: &Clock,
) -> Result<Report, Error> {
    let configuration = &options.configuration;
    let tools = Tools { catalogue: &catalogue, packs: &packs, options, clock };
    let reader = Reader::new(Contents::on_disk(root), &catalogue, &tree.projects)?;
    let mut prepared = prepare(tree, &tools, &reader)?;
    let since = options.changed_since.as_deref();
    let before = since.map(|name| clock.measure("git", || Before::open(root, name, &prepared, options))).transpose()?;
    let place = before.as_ref().and_then(Before::place_of_current);
    // The two trees are audited beside each other.
    let (current, before) = std::thread::scope(|scope| {
        let before = before
            .map(|before| with_deep_stack(scope, move || tools.clock.measure("revision", || before.audit(&tools))))
            .transpose()?;
        let history = options.history.then_some(root);
        let current = judged_of(&mut prepared, &reader, &tools, configuration, history, None);
        Ok::<_, Error>((current?, before.map(finished).transpose()?.transpose()?))
    })?;
    let Found { judged, hits, past, searched, .. } = current;
    let mut audit = audit_of(judged, searched, &prepared, &reader, &tools)?;
    let values = hits.iter().flat_map(FileHits::values).chain(past.iter().map(|past| &past.value));
    let redaction = Redaction::of(values);
    if let (Some(name), Some(found)) = (since, before) {
        let now = || kept(&audit, &redaction);
        if let Some((cache, key)) = place {
            cache.keep(&key, &now());
        }
        let found = found.unwrap_or_else(|| FoundBefore::unchanged(name, now(), options));
        found.compare(&mut audit, options);
    }
    if let Some(baseline) = &options.baseline {
        hold_against(&mut audit, baseline);
    }
    excerpts(&reader.contents, &mut audit.findings, &prepared.tree, &hits, &redaction);
    redaction.apply(&mut audit);
    let prefix = prepared.tree.prefix.clone();
    free((prepared, hits, reader, catalogue));
    Ok(Report { audit, apps: Vec::new(), prefix, timings: Vec::new() })
}

/// What a later audit may be compared with.
fn kept(audit: &Audit, redaction: &Redaction) -> Kept {
    let mut findings = audit.findings.clone();
    redaction.apply_to(&mut findings);
    Kept::of(&audit.boxes, findings, audit.gate.exemptions.clone())
}

/// The rules, and the files of a tree.
fn open(root: &Path, options: &Options, clock: &Clock) -> Result<(Arc<Packs>, Arc<Catalogue>, Tree), Error> {
    let packs = Packs::shared(options.rules.as_deref())?;
    let configuration = &options.configuration;
    let facts: Vec<_> = configuration.facts.iter().map(|fact| fact.value.clone()).collect();
    let (catalogue, tree) = rayon::join(
        || clock.measure("rules", || Catalogue::shared(options.rules.as_deref(), &facts)),
        || clock.measure("collect", || collect_files(root, options.threads.unwrap_or(0), configuration)),
    );
    let (catalogue, mut tree) = (catalogue?, tree?);
    note_settings(&mut tree, &catalogue);
    Ok((packs, catalogue, tree))
}

/// Tells the projects of a tree of which platforms their settings speak.
fn note_settings(tree: &mut Tree, catalogue: &Catalogue) {
    let settings = tree.files.iter().filter(|file| file.class == Class::Ships && file.kind == collect::Kind::Settings);
    catalogue.note_settings(&mut tree.projects, settings.map(|file| file.path.as_str()));
}

/// Says what stands at a line of a tree, by an audit of the whole.
pub(crate) fn explain(root: &Path, options: &Options, asked: &Asked) -> Result<Explained, Error> {
    let clock = Clock::default();
    let (packs, catalogue, tree) = open(root, options, &clock)?;
    let tools = Tools { catalogue: &catalogue, packs: &packs, options, clock: &clock };
    let reader = Reader::new(Contents::on_disk(root), &catalogue, &tree.projects)?;
    explained::check(&reader.contents, asked)?;
    let mut prepared = prepare(tree, &tools, &reader)?;
    let found = judged_of(&mut prepared, &reader, &tools, &options.configuration, None, Some(asked))?;
    let Found { judged, hits, explained, .. } = found;
    let audit = audit_of(judged, None, &prepared, &reader, &tools)?;
    let mut explained = match explained::left_out(&prepared.tree, &reader.contents, asked) {
        Some(why) => Explained::NotAudited { path: asked.path.clone(), why },
        None => explained.unwrap_or_else(|| explained::unparsed(asked)),
    };
    let redaction = Redaction::of(hits.iter().flat_map(FileHits::values));
    explained::add_findings(&mut explained, asked, &audit);
    if let Explained::Thing(account) = &mut explained {
        explained::settle(account, &audit);
        explained::add_code(account, &reader.contents, &prepared.tree, &hits, &redaction);
        account.texts_mut().for_each(|text| redaction.apply_to_text(text));
    }
    free((prepared, hits, reader, catalogue));
    Ok(explained)
}

/// What was found in a tree.
struct Found {
    judged: Judged,
    /// What stands at the line that was asked about; none: its file is none of the program.
    explained: Option<Explained>,
    /// By file.
    hits: Vec<FileHits>,
    /// Credentials that only git's history holds, where that was asked for, and what of it was searched.
    past: Vec<PastHit>,
    searched: Option<Text>,
}

/// From what was read to what was found; files that turn out to be scripts are taken out. `history` is the root of the
/// repository whose history is searched, too, `asked` a line that is to be explained.
fn judged_of(
    prepared: &mut Prepared,
    reader: &Reader,
    tools: &Tools<'_>,
    configuration: &Configuration,
    history: Option<&Path>,
    asked: Option<&Asked>,
) -> Result<Found, Error> {
    let dropped = scripts_of(prepared, tools.catalogue)?;
    unfold_calls(prepared, tools.catalogue)?;
    let hits: Vec<_> = prepared.reads.iter_mut().map(|read| std::mem::take(&mut read.hits)).collect();
    let (past, searched) = match history {
        Some(root) => {
            let past = || history::past(root, &prepared.tree, &reader.shapes, &hits);
            let (past, searched) = tools.clock.measure("history", past)?;
            (past, Some(searched))
        }
        None => Default::default(),
    };
    let (judged, explained) = judged(prepared, (&hits, &past), reader, tools, configuration, asked)?;
    name_scripts(&mut prepared.tree, &dropped);
    Ok(Found { judged, explained, hits, past, searched })
}

/// Settles what was found by the terms of a tree.
fn settle_tree(judged: &mut Judged, prepared: &Prepared, configuration: &Configuration, tools: &Tools<'_>) -> Settled {
    let ignores = ignores_of(prepared);
    let terms = Terms { configuration, ignores: &ignores, today: tools.options.today.as_deref() };
    settle(&mut judged.answers, &mut judged.findings, &terms, tools.packs)
}

fn ignores_of(prepared: &Prepared) -> Vec<Ignore> {
    prepared.reads.iter().flat_map(|read| read.ignores.iter().cloned()).collect()
}

/// What counts of what was found, by the terms of the tree and of the run.
fn audit_of(
    mut judged: Judged,
    searched: Option<Text>,
    prepared: &Prepared,
    reader: &Reader,
    tools: &Tools<'_>,
) -> Result<Audit, Error> {
    refusals::refuse(&ignores_of(prepared), tools.packs, &reader.contents)?;
    let options = tools.options;
    let configuration = &options.configuration;
    let Settled { exemptions, mut unused, expired } = settle_tree(&mut judged, prepared, configuration, tools);
    let Judged { answers: boxes, findings, inventory } = judged;
    unused.extend(idle(configuration, &prepared.tree, &inventory));
    unused.sort_unstable();
    let mut coverage = coverage(&prepared.tree, &prepared.reads);
    coverage.unread.sort_unstable();
    coverage.history = searched;
    coverage.unchecked.sort_unstable();
    coverage.remarks = remarks::remarks(&prepared.tree, &coverage, &inventory);
    let empty = coverage.shipping == 0 && !findings.iter().any(|finding| finding.item == Item::E2);
    let limit = configuration.max_unticked.as_ref().map(|limit| limit.value);
    let mut required: Vec<Item> = configuration.require.iter().map(|item| item.value).collect();
    required.extend(&options.required);
    required.sort_unstable();
    required.dedup();
    let gate = Gate {
        max_unticked: options.max_unticked.or(limit).unwrap_or(MAX_UNTICKED),
        required,
        empty,
        new_only: options.new_only,
        strict: options.strict,
        complete: options.complete || options.strict,
        exemptions,
        unused,
        expired,
    };
    Ok(Audit { boxes, findings, coverage, inventory, gate, comparison: None })
}

/// Exclusions and rules for entry points that are about nothing.
fn idle(configuration: &Configuration, tree: &Tree, inventory: &Inventory) -> Vec<UnusedSuppression> {
    let excluded = configuration
        .exclude
        .iter()
        .filter(|exclusion| !tree.files.iter().any(|file| exclusion.matcher.is_match(&file.path)))
        .map(|exclusion| (exclusion.pattern.clone(), &exclusion.location));
    let entries = configuration
        .entry_points
        .iter()
        .filter(|rule| !inventory.entry_points.iter().any(|entry| rule.matches(&entry.path, &entry.name)))
        .map(|rule| (rule.subject(), &rule.location));
    excluded
        .chain(entries)
        .map(|(subject, location)| UnusedSuppression { ids: vec![subject], location: location.clone() })
        .collect()
}

/// Marks what the baseline knows.
fn hold_against(audit: &mut Audit, baseline: &Baseline) {
    let stale = mark(&mut audit.findings, &baseline.known);
    let stale = stale.into_iter().filter_map(|index| baseline.known.get(index)).map(|known| StaleEntry {
        rule: known.rule.clone(),
        path: known.path.clone(),
        fingerprint: known.fingerprint.clone(),
    });
    let mut stale: Vec<StaleEntry> = stale.collect();
    stale.sort_unstable();
    let comparison = audit.comparison.get_or_insert_default();
    comparison.stale = stale;
    comparison.baseline = Some(baseline.path.clone());
    audit.gate.exemptions.push(Exemption {
        kind: ExemptionKind::Baseline,
        subject: baseline.known.len().to_string(),
        by: String::new(),
        reason: String::new(),
        expires: None,
        location: Location { path: baseline.path.clone(), line: 1, column: 1, end_line: 1, end_column: 1 },
        standing: None,
    });
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

/// The answers to all questions. Those about the environment are found beside the others, in a program of their own where
/// the tree is not large.
fn judged(
    prepared: &Prepared,
    (hits, past): (&[FileHits], &[PastHit]),
    reader: &Reader,
    tools: &Tools<'_>,
    configuration: &Configuration,
    asked: Option<&Asked>,
) -> Result<(Judged, Option<Explained>), Error> {
    let Prepared { tree, modules, settings, .. } = prepared;
    let Tools { catalogue, packs, clock, .. } = *tools;
    let (mains, run, served) = starts(tree);
    let pages: Vec<String> = tree
        .projects
        .iter()
        .flat_map(|project| &project.started)
        .filter(|start| start.is_page)
        .map(|start| start.path.clone())
        .collect();
    let started = || tree.projects.iter().flat_map(|project| &project.started);
    let factories: Vec<_> = started().map(|start| (start.path.as_str(), start.factories.as_slice())).collect();
    let handlers: Vec<_> = started().map(|start| (start.path.as_str(), start.handlers.as_slice())).collect();
    let started =
        Started { mains: &mains, run: &run, pages: &pages, served, factories: &factories, handlers: &handlers };
    let units = clock.measure("index", || Arc::new(Units::of(modules)));
    let linked = || {
        let program = Program::of_units(units.clone(), modules, settings, &tree.projects, catalogue);
        program.find_callers();
        program
    };
    let surroundings_of = |case: &Case<'_, '_>| {
        let ignore = IgnoreRules::of(&reader.contents);
        let secrets =
            clock.measure("secrets", || exposure(tree, hits, past, case.program, packs, &reader.shapes, &ignore));
        (clock.measure("environment", || judge::environment(case)), secrets)
    };
    let calls_of = |case: &Case<'_, '_>| {
        clock.measure("judge", || match asked {
            Some(asked) => judge::explain(case, asked),
            None => (judge::judge(case), None),
        })
    };
    let is_large = modules.len() > ONE_PROGRAM;
    std::thread::scope(|scope| {
        let beside = (!is_large)
            .then(|| with_deep_stack(scope, || judge::open(&linked(), packs, &started, configuration, surroundings_of)))
            .transpose()?;
        let rest = with_deep_stack(scope, || {
            let program = clock.measure("link", linked);
            let opened = Instant::now();
            judge::open(&program, packs, &started, configuration, |case| {
                clock.note("entry points", opened);
                (calls_of(case), is_large.then(|| surroundings_of(case)))
            })
        })?;
        let beside = beside.map(finished).transpose()?;
        let ((calls, explained), behind) = finished(rest)?;
        let (environment, secrets) = beside.or(behind).ok_or(Error::Internal)?;
        Ok((judge::answered(packs, calls, environment, secrets), explained))
    })
}

/// The files of a tree with the classes that an audit gives them.
pub(crate) fn tree(root: &Path, configuration: &Configuration) -> Result<Tree, Error> {
    let catalogue = Catalogue::shared(None, &[])?;
    let mut tree = collect_files(root, 0, configuration)?;
    note_settings(&mut tree, &catalogue);
    let reader = Reader::new(Contents::on_disk(root), &catalogue, &tree.projects)?;
    let (packs, options, clock) = (Packs::shared(None)?, Options::default(), Clock::default());
    let tools = Tools { catalogue: &catalogue, packs: &packs, options: &options, clock: &clock };
    let mut prepared = prepare(tree, &tools, &reader)?;
    let dropped = scripts_of(&mut prepared, &catalogue)?;
    name_scripts(&mut prepared.tree, &dropped);
    Ok(prepared.tree)
}

/// The files that are run themselves, those of them that no server imports, and whether a server imports the application
/// instead.
fn starts(tree: &Tree) -> (Vec<String>, Vec<String>, bool) {
    let started = tree.projects.iter().flat_map(|project| &project.started);
    let mains: Vec<String> = started.clone().filter(|start| start.is_main).map(|start| start.path.clone()).collect();
    let imported = |path: &String| started.clone().any(|start| !start.is_main && start.path == *path);
    let run = mains.iter().filter(|path| !imported(path)).cloned().collect();
    (mains, run, started.clone().any(|start| !start.is_main))
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
            (Class::Excluded, _) => "excluded",
        };
        *files.entry(class.to_owned()).or_default() += 1;
        coverage.shipping += usize::from(class == "ships");
        coverage.read += usize::from(class == "ships" && read.is_lowered);
        if file.class == Class::Ships {
            coverage.unread.extend(read.unread.clone());
            coverage.partial.extend(read.partial.clone());
        }
        coverage.unchecked.extend(read.unchecked.clone());
    }
    coverage.files = files;
    let classes = collect::PathClasses::of(tree);
    for skipped in &tree.skipped {
        let entry = note(&skipped.path, &skipped.why.words());
        // A source file that ships and that we could not read is missing from the answer.
        let is_code =
            lower::language_of(&skipped.path).is_some() && classes.class_of(&skipped.path) == Some(Class::Ships);
        let kept = match &skipped.why {
            SkipReason::Unreadable(_) | SkipReason::TooLarge(_) if is_code => &mut coverage.unread,
            SkipReason::Unreadable(_) | SkipReason::TooMany => &mut coverage.unchecked,
            _ => &mut coverage.skipped,
        };
        kept.push(entry);
    }
    coverage.unchecked.extend(tree.git_problem.as_deref().map(|problem| note(".git", problem)));
    coverage
}

fn note(path: &str, why: &str) -> Unread {
    Unread { path: path.to_owned(), why: Text { en: why.to_owned(), ko: why.to_owned() } }
}
