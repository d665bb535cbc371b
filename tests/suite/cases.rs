//! Every rule reports exactly what its cases say: nothing is missed, nothing is surplus.
//!
//! A case is a folder `fixtures/cases/<rule>/<language>-<what it shows>`: the smallest repository that shows one thing.
//! A comment `~ <rule>` marks each line where the rule must report (`# ~ missing-timeout`); every line without a mark
//! must stay silent. `expect.toml` says the verdict of the rule's item (`A1 = "fail"`), and may name further items,
//! places in files that cannot hold a comment (`findings = ["package.json:3"]`, line 0 for the repository as a whole),
//! places where the tool must not be sure (`likely = ["main.py:20"]`),
//! and that the case lies in git (`git = true`, with `untracked = ["..."]` for files that are not added).
//! `dot-env` is laid out as `.env`, and `{{key:<shape>}}` becomes a credential of that shape.
//! A case that the tool does not get right yet says why (`unsolved = "..."`); it fails once it holds, to be unmarked.
//! A rule that a language cannot break says so in `absent.toml` beside its cases (`rust = "why"`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use launchcheck::{
    Options, audit, rules::packs::Packs, rules::secrets::Shapes, verdict::Confidence, verdict::Finding, verdict::Report,
};
use serde::Deserialize;

use crate::keys::expanded;

const LANGUAGES: [&str; 3] = ["python", "typescript", "rust"];

#[derive(Deserialize)]
struct Expect {
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    likely: Vec<String>,
    #[serde(default)]
    git: bool,
    #[serde(default)]
    unsolved: Option<String>,
    #[serde(default)]
    untracked: Vec<String>,
    #[serde(flatten)]
    items: BTreeMap<String, String>,
}

/// How many findings a place has, written `path:line`.
type Places = BTreeMap<String, usize>;

#[test]
fn cases_hold_exactly() {
    let only = std::env::var("CASE").unwrap_or_default();
    let cases: Vec<(String, PathBuf)> = folders(&root())
        .into_iter()
        .flat_map(|rule| folders(&rule).into_iter().map(move |case| (name(&rule), case)))
        .filter(|(_, case)| case.to_string_lossy().contains(&only))
        .collect();
    let wrong = side_by_side(&cases, |(rule, case)| {
        let wrong = match (hold(rule, case), expect(case).unsolved) {
            (wrong, None) => wrong,
            (wrong, Some(_)) if wrong.is_empty() => vec!["holds by now: take `unsolved` out".to_owned()],
            (_, Some(_)) => Vec::new(),
        };
        wrong.iter().fold(String::new(), |mut text, each| {
            let _ = writeln!(text, "{rule}/{}: {each}", name(case));
            text
        })
    })
    .concat();
    assert!(!cases.is_empty(), "no case is named {only}");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_rule_has_a_passing_and_a_failing_case_in_every_language() {
    let mut wrong = String::new();
    let packs = Packs::load(None).expect("the built-in packs are valid");
    for rule in packs.rules().iter().map(|rule| &rule.id) {
        let folder = root().join(rule);
        let absent: BTreeMap<String, String> =
            toml::from_str(&fs::read_to_string(folder.join("absent.toml")).unwrap_or_default()).expect("absent.toml");
        for language in LANGUAGES.into_iter().filter(|language| !absent.contains_key(*language)) {
            let cases: Vec<PathBuf> = folders(&folder)
                .into_iter()
                .filter(|case| name(case).starts_with(&format!("{language}-")) || name(case).starts_with("any-"))
                .collect();
            let failing = cases.iter().filter(|case| !expected(rule, case).is_empty()).count();
            if failing == 0 || failing == cases.len() {
                let _ = writeln!(wrong, "{rule}: {language}: {failing} failing of {} cases", cases.len());
            }
        }
    }
    for folder in folders(&root()).iter().map(|folder| name(folder)).filter(|folder| packs.rule(folder).is_none()) {
        let _ = writeln!(wrong, "fixtures/cases/{folder} is not a rule");
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Every difference between what a case says and what the audit of it reports.
fn hold(rule: &str, case: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let expect = expect(case);
    lay_out(case, folder.path());
    if expect.git {
        into_git(folder.path(), &expect.untracked);
    }
    let expected = expected(rule, case);
    let options = Options { threads: Some(1), ..Options::default() };
    let report = match audit(folder.path(), &options) {
        Ok(report) => report,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    let found = found(rule, &report);
    for place in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let (due, actual) = (expected.get(place).unwrap_or(&0), found.get(place).unwrap_or(&0));
        if due != actual {
            wrong.push(format!("{place}: {actual} findings, not {due}"));
        }
    }
    for place in &expect.likely {
        let mut sure = report.audit.findings.iter().filter(|finding| finding.confidence == Confidence::Certain);
        if sure.any(|finding| finding.rule == rule && place_of(finding) == *place) {
            wrong.push(format!("{place}: certain, not likely"));
        }
    }
    for (item, verdict) in &expect.items {
        let answer = report.audit.boxes.iter().find(|answer| name_of(&answer.item) == *item);
        let actual = answer.map(|answer| name_of(&answer.verdict)).unwrap_or_default();
        if actual != *verdict {
            wrong.push(format!("{item} is {actual:?}, not {verdict:?}"));
        }
    }
    if expect.items.is_empty() {
        wrong.push("expect.toml names no item".to_owned());
    }
    wrong
}

/// What a check says about every item, in order. An audit has threads of its own, and a thread of one pool that waits
/// for another pool takes up further work on top of its stack: plain threads do not.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], check: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut said = Vec::new();
        while let Some((index, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            said.push((index, check(item)));
        }
        said
    };
    let mut said: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..std::thread::available_parallelism().map_or(2, usize::from)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a check that does not panic")).collect()
    });
    said.sort_by_key(|(index, _)| *index);
    said.into_iter().map(|(_, answer)| answer).collect()
}

/// The token of an item or verdict, as the JSON report writes it.
pub(crate) fn name_of(token: &impl serde::Serialize) -> String {
    serde_json::to_value(token).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn found(rule: &str, report: &Report) -> Places {
    let mut places = Places::new();
    for finding in report.audit.findings.iter().filter(|finding| finding.rule == rule) {
        *places.entry(place_of(finding)).or_default() += 1;
    }
    places
}

fn place_of(finding: &Finding) -> String {
    format!("{}:{}", finding.location.path, finding.location.line)
}

/// The places of the marks, and those that `expect.toml` adds.
fn expected(rule: &str, case: &Path) -> Places {
    let mut places = Places::new();
    for place in expect(case).findings {
        *places.entry(place).or_default() += 1;
    }
    for file in files(case) {
        let Ok(text) = fs::read_to_string(case.join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let marks = line.split_once("# ~ ").or_else(|| line.split_once("// ~ ")).map_or("", |(_, marks)| marks);
            let count = marks.split_whitespace().filter(|mark| *mark == rule).count();
            if count > 0 {
                *places.entry(format!("{}:{}", shown(&file), number + 1)).or_default() += count;
            }
        }
    }
    places
}

fn expect(case: &Path) -> Expect {
    let path = case.join("expect.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Copies a case to where it is audited, with hidden names and credentials in place.
pub(crate) fn lay_out(case: &Path, to: &Path) {
    let shapes = Shapes::built_in().unwrap_or_else(|error| panic!("{error}"));
    for file in files(case).into_iter().filter(|file| file != "expect.toml") {
        let target = to.join(shown(&file));
        fs::create_dir_all(target.parent().expect("a file lies in a folder")).expect("a folder");
        let bytes = fs::read(case.join(&file)).expect("a readable case");
        let bytes =
            String::from_utf8(bytes).map_or_else(|error| error.into_bytes(), |text| expanded(&text, &shapes).into());
        fs::write(target, bytes).expect("a written file");
    }
}

/// Makes a repository of a folder and adds what is not to stay untracked.
pub(crate) fn into_git(folder: &Path, untracked: &[String]) {
    git(folder, &["init", "--quiet"]);
    let tracked: Vec<String> = files(folder).into_iter().filter(|file| !untracked.contains(file)).collect();
    for file in &tracked {
        git(folder, &["add", "--force", file]);
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").arg("-C").arg(folder).args(arguments).output().expect("git runs");
    assert!(status.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&status.stderr));
}

fn shown(file: &str) -> String {
    file.split('/')
        .map(|part| part.strip_prefix("dot-").map_or(part.to_owned(), |rest| format!(".{rest}")))
        .collect::<Vec<_>>()
        .join("/")
}

/// The files of a folder, relative to it, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            entry.path().strip_prefix(folder).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
        })
        .collect();
    files.sort();
    files
}

pub(crate) fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases")
}
