//! What is kept from run to run changes no report, holds no credential, and is left alone where nobody wants it.

use std::fs;
use std::path::{Path, PathBuf};

use launchcheck::rules::secrets::Shapes;

use crate::cases::git;
use crate::cli::launchcheck;
use crate::config::{BOT, tree, write};
use crate::keys::expanded;
use crate::team::commit;

const COMPARED: [&str; 4] = ["--changed-since", "HEAD", "--format", "json"];

/// A repository with one commit and a change that is not committed.
fn repository(more: &str) -> (tempfile::TempDir, String) {
    let (folder, root) = tree(&[("bot.py", &format!("{BOT}{more}"))]);
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    write(folder.path(), &[("bot.py", &format!("{BOT}{more}\n\nprint(\"touched\")\n"))]);
    (folder, root)
}

/// The report, and the files that are kept after it.
fn run(root: &str, arguments: &[&str], cache: &Path, more: &[(&str, &str)]) -> (String, Vec<PathBuf>) {
    let folder = cache.display().to_string();
    let variables: Vec<(&str, &str)> =
        [("XDG_CACHE_HOME", folder.as_str())].into_iter().chain(more.iter().copied()).collect();
    let all: Vec<&str> = [root].into_iter().chain(COMPARED).chain(arguments.iter().copied()).collect();
    let (_, out, err) = launchcheck(&all, &variables);
    assert!(out.starts_with('{'), "{err}");
    let entries = fs::read_dir(cache.join("launchcheck")).into_iter().flatten();
    let mut kept: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    kept.sort();
    (out, kept)
}

#[test]
fn the_second_report_is_the_first_one() {
    let (_folder, root) = repository("");
    let cache = tempfile::tempdir().expect("a folder");
    let (first, kept) = run(&root, &[], cache.path(), &[]);
    assert_eq!(kept.len(), 2, "the revision and the tree on disk: {kept:?}");
    let (second, again) = run(&root, &[], cache.path(), &[]);
    assert_eq!((first.as_str(), &kept), (second.as_str(), &again));
    let (without, _) = run(&root, &["--no-cache"], cache.path(), &[]);
    assert_eq!(first, without);
    // What is kept is what is read.
    for path in &kept {
        let text = fs::read_to_string(path).expect("kept");
        let other = ["fingerprint", "signature"].iter().fold(text, |text, key| {
            let start = format!("\"{key}\":\"");
            text.replace(&start, &format!("{start}0"))
        });
        fs::write(path, other).expect("writable");
    }
    assert_ne!(run(&root, &[], cache.path(), &[]).0, first);
    // What is broken is as good as not there.
    for path in &kept {
        fs::write(path, "{\"verdicts\": 1}").expect("writable");
    }
    assert_eq!(run(&root, &[], cache.path(), &[]).0, first);
}

#[test]
fn a_commit_finds_what_its_hook_has_kept() {
    let (folder, root) = repository("");
    let cache = tempfile::tempdir().expect("a folder");
    let (_, kept) = run(&root, &[], cache.path(), &[]);
    commit(folder.path());
    write(folder.path(), &[("lib.py", "def one():\n    return 1\n")]);
    git(folder.path(), &["add", "--all"]);
    let (_, after) = run(&root, &[], cache.path(), &[]);
    assert_eq!(after.len(), kept.len() + 1, "only the tree on disk is new");
    // What git does not track may be missing in the next commit.
    write(folder.path(), &[("scratch.py", "def two():\n    return 2\n")]);
    assert_eq!(run(&root, &[], cache.path(), &[]).1, after);
}

#[test]
fn nothing_is_kept_in_ci_or_where_it_is_not_wanted() {
    let (_folder, root) = repository("");
    let cache = tempfile::tempdir().expect("a folder");
    let none: Vec<PathBuf> = Vec::new();
    assert_eq!(run(&root, &[], cache.path(), &[("CI", "true")]).1, none);
    assert_eq!(run(&root, &["--no-cache"], cache.path(), &[]).1, none);
    assert_eq!(run(&root, &["--isolated"], cache.path(), &[]).1, none);
    // A cache that cannot be written costs nothing but time.
    let file = cache.path().join("file");
    fs::write(&file, "no folder").expect("writable");
    run(&root, &[], &file, &[]);
    assert_eq!(fs::read_to_string(&file).expect("still there"), "no folder");
}

#[test]
fn what_is_kept_holds_no_credential_and_does_not_grow() {
    let shapes = Shapes::built_in().expect("shapes");
    let secret = expanded("{{key:openai-project}}", &shapes);
    let (folder, root) = repository(&format!("\n\nAPI_KEY = \"{secret}\"\n"));
    let cache = tempfile::tempdir().expect("a folder");
    let (out, kept) = run(&root, &[], cache.path(), &[]);
    assert!(out.contains("hardcoded-secret") && !kept.is_empty());
    for path in &kept {
        assert!(!fs::read_to_string(path).expect("kept").contains(&secret));
    }
    for number in 0..40 {
        write(folder.path(), &[("note.py", &format!("NUMBER = {number}\n"))]);
        git(folder.path(), &["add", "--all"]);
        assert!(run(&root, &[], cache.path(), &[]).1.len() <= 32);
    }
}

/// What a plain audit says, and the files that are kept after it.
fn audit(root: &str, cache: &Path) -> (String, Vec<PathBuf>) {
    let folder = cache.display().to_string();
    let (_, out, err) = launchcheck(&[root, "--verbose"], &[("XDG_CACHE_HOME", folder.as_str())]);
    assert!(out.contains("A1"), "{err}");
    let entries = fs::read_dir(cache.join("launchcheck")).into_iter().flatten();
    (out, entries.map(|entry| entry.expect("an entry").path()).collect())
}

#[test]
fn a_second_audit_of_an_unchanged_tree_is_the_first_one() {
    let (folder, root) = repository("");
    let cache = tempfile::tempdir().expect("a folder");
    let (first, kept) = audit(&root, cache.path());
    assert!(kept.is_empty(), "what has changed only just may change again unseen: {kept:?}");
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(audit(&root, cache.path()).0, first);
    let (again, kept) = audit(&root, cache.path());
    assert_eq!((again.as_str(), kept.len()), (first.as_str(), 1));
    // What is kept is what is read, excerpts too.
    for path in &kept {
        let text = fs::read_to_string(path).expect("kept");
        assert!(text.contains("\"excerpts\":[{"), "{text}");
        fs::write(path, text.replace("bot.py", "toy.py")).expect("writable");
    }
    assert!(audit(&root, cache.path()).0.contains("toy.py"));
    // A change of the same length that hides its time, another file, other rules of git.
    let path = folder.path().join("bot.py");
    let modified = fs::metadata(&path).and_then(|about| about.modified()).expect("a time");
    let text = fs::read_to_string(&path).expect("a file");
    fs::write(&path, text.replacen("touched", "changed", 1)).expect("writable");
    fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(modified)).expect("a time");
    assert!(!audit(&root, cache.path()).0.contains("toy.py"));
}
