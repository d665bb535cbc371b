//! A guarded app loses one guard at a time, in the way an edit loses it: exactly that item must become unticked.
//!
//! An app is a folder `fixtures/apps/<name>` with a `base.toml`, which gives the twelve verdicts of `app/` as it stands,
//! and a `mutations.toml`. A mutation is a list of edits (`find` stands once in the file and becomes `replace`;
//! `create` writes a file, `delete` removes one) and the items it flips to `fail`; one that flips none is an equivalent
//! rewrite. `{{key:<shape>}}` becomes a credential of that shape. `[guards]` in `base.toml` names a library of
//! `fixtures/guards` and the folder of the app that gets a copy of it, as `launchcheck guards add` copies it: it stands
//! in this repository once, and mutations edit the app's copy.
//!
//! What is not answered right yet stands in the app's `unsolved.toml`, by mutation. It must stay exactly true: a new
//! wrong answer fails the test, and so does one that has become right and still stands there. After progress,
//! `UNSOLVED=overwrite cargo test --test suite apps` writes these files anew; they may only become shorter.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use launchcheck::verdict::{Answer, Audit, Item, Verdict};
use launchcheck::{Options, audit, rules::secrets::Shapes};
use serde::Deserialize;
use tempfile::TempDir;

use crate::cases::{folders, git, lay_out, name, name_of, side_by_side};
use crate::keys::expanded;
use crate::renamed;

/// What stands in `unsolved.toml` for an app with other names, and behind a mutation that is answered otherwise then.
const RENAMED: &str = "renamed at random";

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "stack")]
    _stack: String,
    guards: Option<Guards>,
    verdicts: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Guards {
    library: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutations {
    mutation: Vec<Mutation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    id: String,
    flips: Vec<String>,
    #[serde(rename = "why")]
    _why: String,
    #[serde(default)]
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) path: String,
    find: Option<String>,
    #[serde(default)]
    pub(crate) replace: String,
    pub(crate) create: Option<String>,
    #[serde(default)]
    delete: bool,
}

#[test]
fn each_lost_guard_unticks_exactly_its_item() {
    let wrong = wrong_answers(None);
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn each_lost_guard_does_so_under_other_names() {
    let wrong = wrong_answers(Some(3));
    assert!(wrong.is_empty(), "renamed with seed 3:\n{wrong}");
}

/// The variants of the apps that are not answered as they should, or as is known; with a seed, under other names.
fn wrong_answers(seed: Option<u64>) -> String {
    let only = std::env::var("APP").unwrap_or_default();
    let variants: Vec<(PathBuf, Base, Mutation)> = apps()
        .into_iter()
        .flat_map(|app| {
            let base: Base = parsed(&app.join("base.toml"));
            let unchanged =
                Mutation { id: "as it stands".to_owned(), flips: Vec::new(), _why: String::new(), edit: Vec::new() };
            let mutations: Mutations = parsed(&app.join("mutations.toml"));
            std::iter::once(unchanged)
                .chain(mutations.mutation)
                .map(move |mutation| (app.clone(), base.clone(), mutation))
        })
        .filter(|(app, _, mutation)| format!("{}/{}", name(app), mutation.id).contains(&only))
        .collect();
    let answers: Vec<(PathBuf, String, Vec<String>)> = side_by_side(&variants, |(app, base, mutation)| {
        (app.clone(), mutation.id.clone(), differences(app, base, mutation, seed))
    });
    if std::env::var_os("UNSOLVED").is_some_and(|value| value == "overwrite") && only.is_empty() && seed.is_none() {
        write_unsolved(&answers);
    }
    assert!(only.is_empty() || !variants.is_empty(), "no app or mutation is named {only}");
    answers
        .iter()
        .filter_map(|(app, id, differences)| {
            let verdicts: Vec<&String> = differences.iter().filter(|line| !line.starts_with(' ')).collect();
            let mut unsolved = unsolved(app);
            let renamed = seed.and_then(|_| unsolved.remove(&format!("{id}, {RENAMED}")));
            let known = renamed.or_else(|| unsolved.remove(id)).unwrap_or_default();
            (verdicts != known.iter().collect::<Vec<_>>()).then(|| {
                format!("{}/{id}: (known: {})\n    {}\n", name(app), known.join(", "), differences.join("\n    "))
            })
        })
        .collect()
}

#[test]
fn every_app_loses_every_item_and_is_rewritten_without_loss() {
    for app in apps() {
        let base: Base = parsed(&app.join("base.toml"));
        let mutations: Mutations = parsed(&app.join("mutations.toml"));
        for item in Item::ALL.iter().map(name_of) {
            let verdict = base.verdicts.get(&item).unwrap_or_else(|| panic!("{}: no verdict for {item}", name(&app)));
            assert!(["pass", "n/a"].contains(&verdict.as_str()), "{}: {item} is guarded", name(&app));
            let lost = mutations.mutation.iter().any(|mutation| mutation.flips.contains(&item));
            assert!(lost || verdict == "n/a", "{}: no mutation loses {item}", name(&app));
        }
        let rewrites = mutations.mutation.iter().filter(|mutation| mutation.flips.is_empty()).count();
        assert!(rewrites >= 4, "{}: {rewrites} equivalent rewrites", name(&app));
    }
}

/// A verdict names its evidence. That there is no credential anywhere has no place.
#[test]
fn what_passes_cites_a_place() {
    for folder in all_laid_out() {
        let report = audited(folder.path()).expect("a report");
        for answer in report.boxes.iter().filter(|answer| answer.verdict == Verdict::Pass) {
            assert!(
                !answer.evidence.is_empty() || answer.item == Item::E2,
                "{}: {:?}",
                folder.path().display(),
                answer.item
            );
            for evidence in &answer.evidence {
                let text = fs::read_to_string(folder.path().join(&evidence.location.path)).expect("a cited file");
                let lines = text.lines().count();
                let line = evidence.location.line as usize;
                assert!((1..=lines).contains(&line), "{:?} cites line {line} of {lines}", answer.item);
            }
        }
    }
}

#[test]
fn names_are_no_evidence() {
    let only = std::env::var("APP").unwrap_or_default();
    let seeds: Vec<u64> = std::env::var("SEED").ok().map_or(vec![1, 2], |seed| vec![seed.parse().expect("a number")]);
    let renamings: Vec<(PathBuf, u64)> = apps()
        .into_iter()
        .filter(|app| name(app).contains(&only))
        .flat_map(|app| seeds.iter().map(move |seed| (app.clone(), *seed)).collect::<Vec<_>>())
        .collect();
    let wrong = side_by_side(&renamings, |(app, seed)| {
        let base: Base = parsed(&app.join("base.toml"));
        let (folder, renamed) = (laid_out(app, &base), laid_out(app, &base));
        let given = renamed::rename(renamed.path(), *seed);
        if let Some(keep) = std::env::var_os("KEEP") {
            lay_out(renamed.path(), &Path::new(&keep).join(format!("{}-{seed}", name(app))));
        }
        let (before, after) = (answers(folder.path()), answers(renamed.path()));
        let changed: Vec<String> = after.iter().filter(|answer| !before.contains(answer)).cloned().collect();
        let mut said = String::new();
        if given < 60 {
            let _ = writeln!(said, "{}: only {given} names are its own", name(app));
        }
        let known = unsolved(app).remove(RENAMED).unwrap_or_default();
        if changed != known {
            let _ = writeln!(said, "{} renamed with seed {seed}: {} ({given} names)", name(app), changed.join("; "));
        }
        said
    })
    .concat();
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What an audit says of each item, and by which rules.
fn answers(folder: &Path) -> Vec<String> {
    let report = audited(folder).unwrap_or_else(|error| panic!("{error}"));
    let rules = |answer: &Answer| {
        let findings = answer.findings.iter().filter_map(|index| report.findings.get(*index));
        let mut rules: Vec<&str> = findings.map(|finding| finding.rule.as_str()).collect();
        rules.sort_unstable();
        rules.join(" ")
    };
    let said = |answer: &Answer| format!("{} is {} {}", name_of(&answer.item), name_of(&answer.verdict), rules(answer));
    report.boxes.iter().map(|answer| said(answer).trim_end().to_owned()).collect()
}

/// By mutation, the verdicts of an app that are known to be wrong.
fn unsolved(app: &Path) -> BTreeMap<String, Vec<String>> {
    let path = app.join("unsolved.toml");
    if path.is_file() { parsed(&path) } else { BTreeMap::new() }
}

fn write_unsolved(answers: &[(PathBuf, String, Vec<String>)]) {
    for app in apps() {
        let mut renamed = unsolved(&app);
        renamed.retain(|id, _| id.ends_with(RENAMED));
        let wrong: BTreeMap<&str, Vec<&str>> = answers
            .iter()
            .filter(|(of, _, differences)| *of == app && !differences.is_empty())
            .map(|(_, id, differences)| {
                let verdicts = differences.iter().filter(|line| !line.starts_with(' '));
                (id.as_str(), verdicts.map(String::as_str).collect())
            })
            .chain(renamed.iter().map(|(id, known)| (id.as_str(), known.iter().map(String::as_str).collect())))
            .collect();
        let path = app.join("unsolved.toml");
        if wrong.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, toml::to_string(&wrong).expect("toml")).expect("a written file");
        }
    }
}

/// The guarded apps as they stand, each in a repository of its own.
pub(crate) fn all_laid_out() -> Vec<TempDir> {
    let lay_out = |app: PathBuf| {
        let folder = laid_out(&app, &parsed(&app.join("base.toml")));
        git(folder.path(), &["init", "--quiet"]);
        git(folder.path(), &["add", "--all"]);
        folder
    };
    apps().into_iter().map(lay_out).collect()
}

/// An app with its copy of the guards, where it can be changed.
fn laid_out(app: &Path, base: &Base) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    lay_out(&app.join("app"), folder.path());
    if let Some(guards) = &base.guards {
        lay_out(&sources_of(&guards.library), &folder.path().join(&guards.to));
    }
    folder
}

pub(crate) fn audited(folder: &Path) -> Result<Audit, String> {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all"]);
    let report = audit(folder, &Options { threads: Some(1), ..Options::default() });
    report.map(|report| report.audit).map_err(|error| error.to_string())
}

/// What the audit of an app with a mutation says that it should not say.
fn differences(app: &Path, base: &Base, mutation: &Mutation, seed: Option<u64>) -> Vec<String> {
    let folder = laid_out(app, base);
    for edit in &mutation.edit {
        if let Err(error) = apply(edit, folder.path()) {
            return vec![format!("{}: {error}", edit.path)];
        }
    }
    if let Some(seed) = seed {
        renamed::rename(folder.path(), seed);
        if let Some(keep) = std::env::var_os("KEEP") {
            lay_out(folder.path(), &Path::new(&keep).join(format!("{}-{}", name(app), mutation.id)));
        }
    }
    let report = match audited(folder.path()) {
        Ok(report) => report,
        Err(error) => return vec![error],
    };
    let mut wrong = Vec::new();
    for answer in &report.boxes {
        let item = name_of(&answer.item);
        let due =
            if mutation.flips.contains(&item) { "fail" } else { base.verdicts.get(&item).map_or("", String::as_str) };
        let actual = name_of(&answer.verdict);
        if actual == due {
            continue;
        }
        wrong.push(format!("{item} is {actual}, not {due}"));
        let findings = answer.findings.iter().filter_map(|index| report.findings.get(*index));
        wrong.extend(findings.filter(|finding| name_of(&finding.confidence) != "note").map(|finding| {
            let place = &finding.location;
            format!("    {}:{}: {} {}", place.path, place.line, finding.rule, finding.message.en)
        }));
    }
    wrong
}

/// The folder of a guard library that an app has a copy of.
fn sources_of(library: &str) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guards").join(library).join("src");
    // A Python package is its own folder; TypeScript has its modules in `src` itself.
    let package = sources.join("launchguards");
    if package.is_dir() { package } else { sources }
}

pub(crate) fn apply(edit: &Edit, folder: &Path) -> Result<(), String> {
    let path = folder.join(&edit.path);
    if edit.delete {
        return fs::remove_file(&path).map_err(|error| error.to_string());
    }
    let text = match (&edit.create, &edit.find) {
        (Some(text), None) => text.clone(),
        (None, Some(find)) => {
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            match text.matches(find.as_str()).count() {
                1 => text.replacen(find.as_str(), &edit.replace, 1),
                count => return Err(format!("found {count} times: {find}")),
            }
        }
        _ => return Err("an edit finds, creates or deletes".to_owned()),
    };
    let shapes = Shapes::built_in().map_err(|error| error.to_string())?;
    fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|error| error.to_string())?;
    fs::write(&path, expanded(&text, &shapes)).map_err(|error| error.to_string())
}

fn apps() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps");
    folders(&root).into_iter().filter(|app| app.join("base.toml").is_file()).collect()
}

pub(crate) fn parsed<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
