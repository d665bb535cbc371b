//! What `--history` promises: credentials that only git's history holds are found, each once, with their commit; what
//! the tree still holds is reported where it is; a shallow clone says what it cannot see.

use std::fs;
use std::path::Path;

use launchcheck::verdict::{Finding, Report};
use launchcheck::{Error, Options, audit};

use crate::cases::git;
use crate::keys::{Chance, base62, crc32};

/// A token of a code host, with its check sum.
fn token(seed: u64) -> String {
    let body = Chance::of(seed).run(launchcheck::rules::secrets::Alphabet::Alphanumeric, 30);
    format!("ghp_{body}{}", base62(crc32(body.as_bytes())))
}

fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "--all", "--force"]);
    let author = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
    git(folder, &[&author[..], &["commit", "--quiet", "--allow-empty", "-m", message]].concat());
}

fn write(folder: &Path, path: &str, text: &str) {
    let target = folder.join(path);
    fs::create_dir_all(target.parent().expect("a file lies in a folder")).expect("a folder");
    fs::write(target, text).expect("a written file");
}

fn searched(folder: &Path) -> Report {
    let options = Options { history: true, ..Options::default() };
    audit(folder, &options).unwrap_or_else(|error| panic!("{error}"))
}

fn secrets(report: &Report) -> Vec<&Finding> {
    report.audit.findings.iter().filter(|finding| finding.rule == "hardcoded-secret").collect()
}

/// A repository that once held three tokens and holds one of them still.
fn repository(folder: &Path) -> [String; 3] {
    let tokens = [token(1), token(2), token(3)];
    let [kept, moved, gone] = &tokens;
    git(folder, &["init", "--quiet"]);
    write(folder, "app/kept.py", &format!("import os\nTOKEN = \"{kept}\"\n"));
    write(folder, "app/main.py", &format!("import os\n\nTOKEN = \"{gone}\"\n"));
    write(folder, "old/bot.py", &format!("TOKEN = \"{moved}\"\n"));
    commit(folder, "all of them");
    fs::remove_dir_all(folder.join("old")).expect("a folder to remove");
    write(folder, "app/bot.py", &format!("import os\n\n\nTOKEN = \"{moved}\"\n"));
    commit(folder, "one moved");
    write(folder, "app/bot.py", "import os\n");
    write(folder, "app/main.py", "import os\n\nTOKEN = os.environ[\"TOKEN\"]\n");
    commit(folder, "two gone");
    tokens
}

#[test]
fn what_is_gone_from_the_tree_is_found_in_its_history() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    repository(folder.path());
    let report = searched(folder.path());
    let places: Vec<String> = secrets(&report)
        .into_iter()
        .map(|finding| {
            let is_past = finding.message.en.contains("git's history (commit ");
            format!("{}:{} {is_past}", finding.location.path, finding.location.line)
        })
        .collect();
    assert_eq!(places, ["app/kept.py:2 false", "app/main.py:3 true", "old/bot.py:1 true"]);
    let said = report.audit.coverage.history.clone().expect("a sentence about the history");
    assert!(said.en.contains("of 3 commits") && !said.en.contains("shallow"), "{}", said.en);
    let past = secrets(&report).into_iter().find(|finding| finding.location.path == "old/bot.py").expect("a finding");
    let shown = past.excerpt.as_ref().expect("the line as it was");
    assert!(shown.text.contains("ghp_") && shown.text.contains('…'), "{}", shown.text);
    assert_eq!(searched(folder.path()).audit, report.audit, "a second run says something else");
    let plain = audit(folder.path(), &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(secrets(&plain).len(), 1, "history is searched only when asked for");
    assert_eq!(plain.audit.coverage.history, None);
}

#[test]
fn packed_and_partial_repositories_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("whole");
    fs::create_dir_all(&root).expect("a folder");
    repository(&root);
    git(&root, &["gc", "--quiet", "--prune=now"]);
    assert_eq!(secrets(&searched(&root)).len(), 3, "packed");
    // Of a folder only what lay in it, with paths relative to it.
    let within = searched(&root.join("app"));
    let paths: Vec<&str> = secrets(&within).iter().map(|finding| finding.location.path.as_str()).collect();
    assert_eq!(paths, ["bot.py", "kept.py", "main.py"]);
    let shallow = folder.path().join("shallow");
    let address = format!("file://{}", root.display());
    git(folder.path(), &["clone", "--quiet", "--depth", "1", &address, "shallow"]);
    let report = searched(&shallow);
    assert_eq!(secrets(&report).len(), 1, "the last commit holds one");
    let said = report.audit.coverage.history.expect("a sentence about the history");
    assert!(said.en.contains("of 1 commits") && said.en.contains("shallow"), "{}", said.en);
}

#[test]
fn without_a_readable_history_there_is_no_answer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "main.py", "import os\n");
    let options = Options { history: true, ..Options::default() };
    assert!(matches!(audit(folder.path(), &options), Err(Error::History(_))));
    // A repository without a commit has an empty one.
    git(folder.path(), &["init", "--quiet"]);
    assert!(audit(folder.path(), &options).is_ok());
    // What is broken is no reason to panic.
    repository(folder.path());
    let objects = folder.path().join(".git/objects");
    let folders = fs::read_dir(&objects).expect("objects").filter_map(Result::ok).map(|entry| entry.path());
    for file in folders.filter(|path| path.is_dir()).flat_map(|path| fs::read_dir(path).into_iter().flatten()) {
        let path = file.expect("an object").path();
        fs::remove_file(&path).expect("an object to remove");
        fs::write(path, b"x\x9c broken").expect("a broken object");
    }
    let _ = audit(folder.path(), &options);
}
