//! Where people first run it: every such place gets an answer that says something useful.
//!
//! `tests/cmd/first-contact.txt` is what the program says there, from where it tells what it looked at. After a wanted
//! change, `SNAPSHOTS=overwrite cargo test --test suite first_contact` writes it anew.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::cases::git;

const CALL: &str = "from openai import OpenAI\n\n\ndef answer(question: str) -> str:\n    client = OpenAI()\n    \
                    reply = client.responses.create(model=\"gpt-5\", input=question)\n    return reply.output_text\n";

/// A run in a folder: what was typed, the exit code, and what was said from the coverage on.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_launchcheck"))
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        // No git is installed here, and no cache can be written.
        .env("PATH", "")
        .env("HOME", "/nowhere")
        .env("XDG_CACHE_HOME", "/proc/nowhere")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program runs");
    let out = String::from_utf8(run.stdout).expect("text");
    let tail: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("looked at")).collect();
    let shown = if tail.is_empty() { out.trim_end().to_owned() } else { tail.join("\n") };
    let command = [&["launchcheck"][..], arguments].concat().join(" ");
    format!("$ {command}\n? {}\n{shown}\n{}", run.status.code().unwrap_or(-1), String::from_utf8_lossy(&run.stderr))
}

struct Place {
    _guard: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Place {
        let guard = tempfile::tempdir().expect("a temporary folder");
        let path = guard.path().join("app");
        fs::create_dir(&path).expect("a folder");
        Place { _guard: guard, path }
    }

    fn with(self, path: &str, text: &str) -> Place {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("writable");
        self
    }

    /// Makes it a repository with everything in one commit.
    fn committed(self) -> Place {
        git(&self.path, &["init", "--quiet", "--initial-branch=main"]);
        git(&self.path, &["add", "--all"]);
        self.commit("begin")
    }

    fn commit(self, message: &str) -> Place {
        let who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgSign=false"];
        git(&self.path, &[&who[..], &["commit", "--quiet", "--allow-empty", "-m", message]].concat());
        self
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }
}

fn bot() -> Place {
    Place::new().with("bot.py", CALL).with("requirements.txt", "openai\n")
}

/// Every place with what is said there.
fn contacts() -> Vec<(&'static str, String)> {
    let mut contacts = Vec::new();
    contacts.push(("an empty folder", said(&Place::new().path, &[])));
    let library = Place::new().with("lib.py", "def double(x: int) -> int:\n    return 2 * x\n").committed();
    contacts.push(("a repository without an LLM call", said(&library.path, &[])));
    let server = Place::new().with("main.go", "package main\n").with("main_test.go", "package main\n");
    let server = server.with("web/app.js", "document.title = 'Chat'\n").committed();
    contacts.push(("a server in a language that is not read", said(&server.path, &[])));
    let subfolder = Place::new().with("api/bot.py", CALL).with("web/index.html", "<p>\n").committed();
    contacts.push(("a subfolder", said(&subfolder.path.join("api"), &[])));
    contacts.push(("a subfolder without code", said(&subfolder.path, &["web"])));
    contacts.push(("a folder that is not in git", said(&bot().path, &[])));
    contacts.push(("a file instead of a folder", said(&bot().path, &["bot.py"])));
    contacts.push(("a folder that is not there", said(&bot().path, &["bto"])));
    let committed = bot().committed();
    contacts.push(("a repository, where no git is installed", said(&committed.path, &[])));
    let windows = Place::new().with("bot.py", &CALL.replace('\n', "\r\n")).committed();
    contacts.push(("Windows line ends", said(&windows.path, &["--format", "concise"])));
    let same = said(&Place::new().with("bot.py", CALL).committed().path, &["--format", "concise"]);
    assert_eq!(contacts.last().map(|(_, text)| text), Some(&same), "line ends change nothing");
    let history = bot().committed().commit("second");
    git(&history.path, &["worktree", "add", "--quiet", "--detach", "../worktree"]);
    contacts.push(("a detached worktree", said(&history.beside("worktree"), &[])));
    let origin = format!("file://{}", history.path.display());
    git(&history.path, &["clone", "--quiet", "--depth=1", &origin, "../shallow"]);
    contacts.push(("a shallow clone", said(&history.beside("shallow"), &[])));
    let broken = bot().committed().with(".git/index", "no index\n");
    contacts.push(("a repository whose index is broken", said(&broken.path, &[])));
    contacts
}

#[test]
fn every_first_contact_says_something_useful() {
    let mut actual = String::new();
    for (place, text) in contacts() {
        // Writing to a string cannot fail.
        let _ = writeln!(actual, "# {place}\n\n{text}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/first-contact.txt");
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        fs::write(&path, &actual).expect("writable");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expected, actual, "see the head of this file");
}

#[test]
fn nothing_is_left_behind() {
    let place = bot().committed();
    let before = listing(&place.path);
    said(&place.path, &[]);
    said(&place.path, &["files"]);
    said(&place.path, &["init"]);
    assert_eq!(listing(&place.path), before);
}

/// Every path below a folder, `.git` too.
fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .collect();
    paths.sort();
    paths
}

#[test]
fn its_own_repository_is_ready() {
    let run = said(Path::new(env!("CARGO_MANIFEST_DIR")), &["--require", "E2"]);
    assert!(run.contains("\n? 0\n") && run.contains("READY: "), "{run}");
}
