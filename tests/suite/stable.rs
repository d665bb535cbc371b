//! The same tree gives the same bytes: whatever the run, the number of threads, the checkout's path, and the order in
//! which its files came to be.

use std::fs;
use std::path::{Path, PathBuf};

use launchcheck::{Options, audit, report};

use crate::cases::lay_out;
use crate::sample::packs;

/// Every folder whose files make up the tree: apps and cases side by side, as in a monorepo.
fn parts() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let rules = folders(&fixtures.join("cases"));
    let cases = rules.iter().flat_map(|rule| folders(rule).into_iter().step_by(9));
    let parts: Vec<PathBuf> = folders(&fixtures.join("apps")).into_iter().chain(cases).collect();
    assert!(parts.len() > 2, "no fixtures");
    parts
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Lays the parts out one after the other.
fn tree<'p>(parts: impl Iterator<Item = &'p PathBuf>, root: &Path) {
    for part in parts {
        let name =
            part.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a fixture").to_string_lossy().replace('/', "-");
        lay_out(part, &root.join("parts").join(name));
    }
}

/// The reports of a tree in every format, which for people includes all evidence and excerpts.
fn reports(root: &Path, threads: Option<usize>) -> Vec<String> {
    let report = audit(root, &Options { threads, ..Options::default() }).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.audit.findings.len() > 20, "too little to compare");
    let style = report::Style { all: true, verbose: true, ..report::Style::default() };
    report::Format::ALL.map(|format| report::render(&report, &packs(), format, &style)).to_vec()
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let parts = parts();
    let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    tree(parts.iter(), first.path());
    let expected = reports(first.path(), Some(1));
    for threads in [Some(1), Some(2), Some(7), None] {
        assert!(reports(first.path(), threads) == expected, "another run with {threads:?} threads differs");
    }
    let elsewhere = second.path().join("tests/다른 곳/node_modules/a.b");
    tree(parts.iter().rev(), &elsewhere);
    let actual = reports(&elsewhere, None);
    for (expected, actual) in expected.iter().zip(&actual) {
        let difference = expected.lines().zip(actual.lines()).find(|(expected, actual)| expected != actual);
        assert!(expected == actual, "another place and order of files differs: {difference:?}");
    }
    assert!(!actual.iter().any(|text| text.contains("다른 곳")), "a report names the checkout");
}
