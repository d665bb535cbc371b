//! The pipeline in order: collect, read and lower in parallel, link, judge.
//!
//! Every file is read once. One pass over the words of the catalogue decides which source files are worth parsing;
//! what those import is parsed too. A file's text is released as soon as it is lowered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::collect::{self, Class, File, IgnoreRules, Limits, SkipReason, Tree, classify_text, is_provisional};
use crate::judge::{self, Judged};
use crate::link::entries::{Entries, Started, globs};
use crate::link::names::{Names, Target, folder_of};
use crate::link::{Program, Site};
use crate::lower;
use crate::model::{Language, LostReason, Module, Settings, StatementKind};
use crate::rules::{catalogue::Kind, checked::Catalogue, packs::Packs};
use crate::source::{Decoded, Span, decode};
use crate::verdict::*;
use crate::{Error, Options};

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

/// What reading one file gave.
#[derive(Debug, Default)]
struct Read {
    module: Option<Module>,
    is_lowered: bool,
    settings: Option<Settings>,
    class: Option<(Class, String)>,
    unread: Option<Unread>,
    partial: Option<Unread>,
    relevant: bool,
    hits: judge::conditions::exposure::FileHits,
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

/// Leaves out what is a script: a file at the root of a project that nothing imports, nothing starts and that holds no
/// entry point.
fn drop_scripts(prepared: &mut Prepared, catalogue: &Catalogue) -> BTreeSet<String> {
    let Prepared { tree, modules, settings, .. } = prepared;
    let roots: BTreeSet<&str> = tree.projects.iter().map(|project| project.folder.as_str()).chain([""]).collect();
    let started: BTreeSet<&str> =
        tree.projects.iter().flat_map(|project| &project.started).map(|start| start.path.as_str()).collect();
    let imported = imported(modules, tree);
    let candidates: BTreeSet<String> = modules
        .iter()
        .filter(|module| module.language != Language::Rust && roots.contains(folder_of(&module.path)))
        .filter(|module| !imported.contains(&module.path) && !started.contains(module.path.as_str()))
        .map(|module| module.path.clone())
        .collect();
    if candidates.is_empty() || candidates.len() == modules.len() && started.is_empty() && candidates.len() == 1 {
        return BTreeSet::new();
    }
    let program = Program::new(modules, settings, &tree.projects, catalogue);
    let entries = Entries::of(&program, &Started { mains: &[], served: true });
    let mut keep: BTreeSet<String> = entries
        .entries
        .iter()
        .filter(|entry| entry.kind != "cli")
        .map(|entry| program.modules[entry.module].path.clone())
        .collect();
    keep.extend(
        entries
            .starts
            .iter()
            .map(|frame| program.modules[program.module_of(program.unit_of_frame(*frame))].path.clone()),
    );
    // What puts an application together is no script, though the handlers stand elsewhere.
    keep.extend((0..program.units.calls.len()).filter_map(|call| {
        let info = &program.units.calls[call];
        if !candidates.contains(&program.modules[info.module].path) {
            return None;
        }
        let site = Site { call, frame: program.open_frame(info.unit) };
        let assembles = program.callee_paths(site).iter().any(|path| {
            program.is_a(path, Kind::Router) || program.is_a(path, Kind::Mount) || program.is_a(path, Kind::Server)
        });
        assembles.then(|| program.modules[info.module].path.clone())
    }));
    let conventions: Vec<globset::GlobSet> =
        catalogue.of_kind(Kind::Convention).filter_map(|(_, fact)| globs(&fact.files)).collect();
    keep.extend(
        candidates.iter().filter(|path| conventions.iter().any(|globs| globs.is_match(path.as_str()))).cloned(),
    );
    let dropped: BTreeSet<String> = candidates.difference(&keep).cloned().collect();
    if dropped.len() == modules.len() {
        return BTreeSet::new();
    }
    modules.retain(|module| !dropped.contains(&module.path));
    dropped
}

/// Says of the files that were left out what they are.
fn name_scripts(tree: &mut Tree, dropped: &BTreeSet<String>) {
    for file in tree.files.iter_mut().filter(|file| dropped.contains(&file.path)) {
        file.class = Class::Script;
        file.reason = "nothing imports or starts it".to_owned();
    }
}

/// The paths of the modules that some other module imports.
fn imported(modules: &[Module], tree: &Tree) -> BTreeSet<String> {
    let names = Names::of(modules.iter().map(|module| (module.path.as_str(), module.language)), &tree.projects);
    let mut paths = BTreeSet::new();
    for module in modules {
        for source in import_sources(module) {
            if let Target::Module(target) = names.resolve(&module.path, module.language, &source)
                && let Some(target) = modules.get(target)
                && target.path != module.path
            {
                paths.insert(target.path.clone());
            }
        }
    }
    paths
}

/// The sources that a module imports from, submodules by name included.
fn import_sources(module: &Module) -> Vec<String> {
    let mut sources = Vec::new();
    let mut blocks: Vec<&crate::model::Block> = vec![&module.body];
    let separator = match module.language {
        Language::Python => ".",
        Language::TypeScript => "",
        Language::Rust => "::",
    };
    while let Some(block) = blocks.pop() {
        for statement in block {
            match &statement.kind {
                StatementKind::Import(import) => {
                    sources.push(import.source.clone());
                    if let (Some(name), false) = (&import.name, separator.is_empty()) {
                        let dotted = if import.source.ends_with('.') { "" } else { separator };
                        sources.push(format!("{}{dotted}{name}", import.source));
                    }
                }
                StatementKind::Export(export) => sources.extend(export.source.clone()),
                StatementKind::If { then, otherwise, .. } => blocks.extend([then, otherwise]),
                StatementKind::Try(each) => {
                    blocks.push(&each.body);
                    blocks.extend(each.handlers.iter().map(|handler| &handler.body));
                }
                StatementKind::Function(function) => blocks.push(&function.body),
                StatementKind::Class(class) => blocks.push(&class.body),
                StatementKind::Block(block) | StatementKind::With { body: block, .. } => blocks.push(block),
                _ => {}
            }
        }
    }
    sources
}

/// Reads and lowers files.
struct Reader {
    root: std::path::PathBuf,
    words: AhoCorasick,
    conventions: Vec<globset::GlobSet>,
    shapes: crate::rules::secrets::Shapes,
}

impl Reader {
    fn new(root: &Path, catalogue: &Catalogue) -> Result<Reader, Error> {
        let words = AhoCorasick::new(catalogue.words()).map_err(|why| Error::Threads(why.to_string()))?;
        let conventions = catalogue.of_kind(Kind::Convention).filter_map(|(_, fact)| globs(&fact.files)).collect();
        let shapes = crate::rules::secrets::Shapes::built_in()
            .map_err(|mistake| Error::Shapes(format!("line {}: {}", mistake.line, mistake.message)))?;
        Ok(Reader { root: root.to_owned(), words, conventions, shapes })
    }

    fn read(&self, file: &File) -> Read {
        let mut read = Read::default();
        let decoded = match self.text(file) {
            Ok(Some(decoded)) => decoded,
            Ok(None) => {
                if matches!(file.kind, collect::Kind::Code(_)) && file.class == Class::Ships {
                    read.unread = Some(unread(file, "it is not text", "텍스트가 아닙니다"));
                }
                return read;
            }
            Err(why) => {
                if file.class == Class::Ships {
                    read.unread = Some(unread(file, &why, &why));
                }
                return read;
            }
        };
        let text = &decoded.text;
        read.class = classify_text(file, text);
        let class = read.class.as_ref().map_or(file.class, |(class, _)| *class);
        read.hits = judge::conditions::exposure::scan_file(file, text, class, &self.shapes);
        match file.kind {
            collect::Kind::Code(language) if class == Class::Ships || is_provisional(file) => {
                read.relevant =
                    self.words.is_match(text) || self.conventions.iter().any(|globs| globs.is_match(&file.path));
                if read.relevant && class == Class::Ships {
                    self.lower(file, language, &decoded, &mut read);
                }
            }
            collect::Kind::Settings if class == Class::Ships => {
                read.settings = lower::settings::lower(&file.path, text)
            }
            _ => {}
        }
        read
    }

    fn text(&self, file: &File) -> Result<Option<Decoded>, String> {
        let bytes = std::fs::read(self.root.join(&file.path)).map_err(|why| why.to_string())?;
        Ok(decode(&bytes))
    }

    fn lower(&self, file: &File, language: Language, decoded: &Decoded, read: &mut Read) {
        let module = lower::lower(&file.path, &decoded.text, language);
        if decoded.damaged {
            read.partial = Some(unread(
                file,
                &format!("some bytes are not valid {}", decoded.encoding),
                &format!("{}에 맞지 않는 바이트가 있습니다", decoded.encoding),
            ));
        }
        if let Some(first) = module.lost.first() {
            let line = module.lines.position(first.span.start).line;
            let (en, ko) = match first.why {
                LostReason::Syntax => {
                    (format!("not understood from line {line} on"), format!("{line}번째 줄부터 해석하지 못했습니다"))
                }
                LostReason::Depth => {
                    (format!("nested too deeply at line {line}"), format!("{line}번째 줄의 중첩이 너무 깊습니다"))
                }
                LostReason::Size => {
                    (format!("too much code from line {line} on"), format!("{line}번째 줄부터 코드가 너무 많습니다"))
                }
            };
            let names_something = module.lost.iter().any(|lost| {
                decoded
                    .text
                    .get(lost.span.start as usize..lost.span.end as usize)
                    .is_some_and(|text| self.words.is_match(text))
            });
            let entry = Some(unread(file, &en, &ko));
            if names_something { read.unread = entry } else { read.partial = entry }
        }
        read.module = Some(module);
    }

    /// Parses what parsed files import, until nothing new is found.
    fn follow_imports(&self, tree: &mut Tree, reads: &mut [Read]) {
        let code: Vec<(usize, String, Language)> = tree
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| match file.kind {
                collect::Kind::Code(language) if file.class == Class::Ships || is_provisional(file) => {
                    Some((index, file.path.clone(), language))
                }
                _ => None,
            })
            .collect();
        let names = Names::of(code.iter().map(|(_, path, language)| (path.as_str(), *language)), &tree.projects);
        let shipping = tree
            .files
            .iter()
            .filter(|file| file.class == Class::Ships && matches!(file.kind, collect::Kind::Code(_)))
            .count();
        let mut done: BTreeSet<usize> =
            code.iter().filter(|(index, ..)| reads[*index].module.is_some()).map(|(index, ..)| *index).collect();
        let mut fresh: Vec<usize> = done.iter().copied().collect();
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        if shipping <= PARSE_ALL {
            wanted.extend(
                code.iter()
                    .filter(|(index, ..)| tree.files[*index].class == Class::Ships && !done.contains(index))
                    .map(|(index, ..)| *index),
            );
        }
        loop {
            for index in fresh.drain(..) {
                let Some(module) = &reads[index].module else { continue };
                for source in import_sources(module) {
                    if let Target::Module(target) = names.resolve(&module.path, module.language, &source)
                        && let Some((target, ..)) = code.get(target)
                        && !done.contains(target)
                    {
                        wanted.insert(*target);
                    }
                }
            }
            let batch: Vec<(usize, Language)> = code
                .iter()
                .filter(|(index, ..)| wanted.contains(index) && !done.contains(index))
                .map(|(index, _, language)| (*index, *language))
                .collect();
            if batch.is_empty() {
                break;
            }
            let lowered: Vec<(usize, Read)> = batch
                .par_iter()
                .map(|(index, language)| {
                    let file = &tree.files[*index];
                    let mut read = Read::default();
                    match self.text(file) {
                        Ok(Some(decoded)) => self.lower(file, *language, &decoded, &mut read),
                        Ok(None) => {}
                        Err(why) => read.unread = Some(unread(file, &why, &why)),
                    }
                    (*index, read)
                })
                .collect();
            for (index, read) in lowered {
                done.insert(index);
                fresh.push(index);
                reads[index].module = read.module;
                reads[index].unread = reads[index].unread.take().or(read.unread);
                reads[index].partial = reads[index].partial.take().or(read.partial);
                // What something that ships imports ships.
                if is_provisional(&tree.files[index]) {
                    tree.files[index].class = Class::Ships;
                    tree.files[index].reason = "imported by code that ships".to_owned();
                }
            }
            wanted.clear();
        }
    }
}

fn unread(file: &File, en: &str, ko: &str) -> Unread {
    Unread { path: file.path.clone(), why: Text { en: en.to_owned(), ko: ko.to_owned() } }
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

/// The source around each finding, read again for the few files that have one; credentials in it are left out.
fn excerpts(root: &Path, findings: &mut [Finding], tree: &Tree, found: &[judge::conditions::exposure::FileHits]) {
    let hits: BTreeMap<&str, &judge::conditions::exposure::FileHits> =
        tree.files.iter().map(|file| file.path.as_str()).zip(found).collect();
    let mut texts: BTreeMap<String, Option<(String, Vec<Span>)>> = BTreeMap::new();
    for finding in findings {
        let path = &finding.location.path;
        let text = texts.entry(path.clone()).or_insert_with(|| {
            let text = std::fs::read(root.join(path)).ok().and_then(|bytes| decode(&bytes))?.text;
            let hidden = hits.get(path.as_str()).map(|found| judge::secrets::hidden(&found.hits, &text));
            Some((text, hidden.unwrap_or_default()))
        });
        finding.excerpt = text.as_ref().and_then(|(text, hidden)| excerpt(text, &finding.location, hidden));
    }
}

fn excerpt(text: &str, location: &Location, hidden: &[Span]) -> Option<Excerpt> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = (location.line as usize).checked_sub(1)?;
    let first = line.saturating_sub(1);
    let last = (line + 3).min(lines.len());
    let base: usize = lines.get(..first)?.iter().map(|line| line.len()).sum();
    let before: usize = lines.get(first..line)?.iter().map(|line| line.len()).sum();
    let here = lines.get(line)?;
    let column = |column: u32| {
        here.char_indices().nth((column as usize).saturating_sub(1)).map_or(here.trim_end().len(), |(at, _)| at)
    };
    let start = column(location.column);
    let end = if location.end_line == location.line { column(location.end_column) } else { here.trim_end().len() };
    let shown = lines.get(first..last)?.concat();
    let (text, start, end) = masked(&shown, base, hidden, before + start, before + end.max(start));
    Some(Excerpt { first_line: u32::try_from(first + 1).ok()?, text, start, end })
}

/// A part of a text that begins at `base` without what is hidden in the text, and where two places of it are then.
fn masked(part: &str, base: usize, hidden: &[Span], start: usize, end: usize) -> (String, usize, usize) {
    let within: Vec<&Span> =
        hidden.iter().filter(|span| (span.end as usize) > base && (span.start as usize) < base + part.len()).collect();
    let mut shown = String::with_capacity(part.len());
    let (mut new_start, mut new_end) = (None, None);
    let (mut next, mut until) = (0, 0);
    let mut is_open = false;
    for (at, character) in part.char_indices() {
        if at == start {
            new_start = Some(shown.len());
        }
        if at == end {
            new_end = Some(shown.len());
        }
        while let Some(span) = within.get(next).filter(|span| span.start as usize <= base + at) {
            until = until.max(span.end as usize);
            next += 1;
        }
        match character {
            '\n' | '\r' => is_open = false,
            _ if base + at < until => {
                if !is_open {
                    shown.push('…');
                }
                is_open = true;
                continue;
            }
            _ => is_open = false,
        }
        shown.push(character);
    }
    let whole = shown.len();
    let start = new_start.unwrap_or(whole);
    (shown, start, new_end.unwrap_or(whole).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_left_out_of_excerpts() {
        let text = "a\nkey = \"abcdSECRET\"\nb = 1\n";
        let location = Location { path: String::new(), line: 2, column: 8, end_line: 2, end_column: 18 };
        let shown = excerpt(text, &location, &[Span { start: 13, end: 19 }]).expect("an excerpt");
        assert_eq!(shown.text, "a\nkey = \"abcd…\"\nb = 1\n");
        assert_eq!(shown.text.get(shown.start..shown.end), Some("abcd…"));
        let lines = excerpt(text, &location, &[Span { start: 7, end: 24 }]).expect("an excerpt");
        assert_eq!(lines.text, "a\nkey =…\n… 1\n");
    }
}
