//! `init` shows before it writes, writes only what is missing, and touches nothing twice.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use launchcheck::cli::{run, surroundings::Surroundings};

use crate::cases::git;

const APP: &str = "import os\nfrom openai import OpenAI\n\nclient = OpenAI(api_key=os.environ[\"OPENAI_API_KEY\"])\n\
                   model = os.environ[\"MODEL_NAME\"]\n\n\n\
                   def answer(question):\n    return client.responses.create(model=model, input=question).output_text\n";

/// A folder with an app that needs two variables; a repository if wanted.
fn app(in_git: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "app.py", APP);
    write(folder.path(), "requirements.txt", "openai\n");
    if in_git {
        git(folder.path(), &["init", "--quiet"]);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("writable");
}

/// Exit code and output.
fn init(folder: &Path, options: &[&str]) -> (u8, String) {
    let path = folder.display().to_string();
    let arguments = ["launchcheck", "init", &path].into_iter().chain(options.iter().copied()).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = run(arguments, &Surroundings::piped(&[]), &mut out, &mut err);
    out.extend(err);
    (outcome.code(), String::from_utf8(out).expect("text"))
}

/// Every file with its text, without git's own.
fn files(folder: &Path) -> BTreeMap<String, String> {
    ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).expect("inside").display().to_string();
            (path, fs::read_to_string(entry.path()).expect("text"))
        })
        .collect()
}

const WRITTEN: [&str; 5] =
    [".env.example", ".github/workflows/launchcheck.yml", ".gitignore", ".pre-commit-config.yaml", "launchcheck.toml"];

#[test]
fn nothing_is_written_before_somebody_says_so() {
    let folder = app(true);
    let before = files(folder.path());
    for options in [&["--dry-run"][..], &[]] {
        let (code, out) = init(folder.path(), options);
        assert_eq!(code, 0, "{out}");
        for path in WRITTEN {
            assert!(out.contains(&format!("create  {path}")), "{out}");
        }
        assert!(out.contains("  + OPENAI_API_KEY=") && out.contains("  + # read in app.py:4"), "{out}");
        assert!(out.ends_with("Nothing was written; `launchcheck init --yes` writes it.\n"), "{out}");
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn what_is_missing_is_written_once() {
    let folder = app(true);
    let (code, out) = init(folder.path(), &["--yes"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("Wrote 5 files.") && out.contains("launchcheck baseline"), "{out}");
    let written = files(folder.path());
    assert!(WRITTEN.iter().all(|path| written.contains_key(*path)), "{written:?}");
    assert_eq!(written[".env.example"], "# read in app.py:4\nOPENAI_API_KEY=\n# read in app.py:5\nMODEL_NAME=\n");
    assert_eq!(written[".gitignore"], ".env\n.env.local\n");
    for path in [".github/workflows/launchcheck.yml", ".pre-commit-config.yaml"] {
        let value: serde_json::Value = serde_yaml_ng::from_str(&written[path]).expect("YAML");
        assert!(value.is_object() && !written[path].contains(['{', '}']) || path.contains("workflows"), "{path}");
        assert!(written[path].contains("launchcheck"), "{path}");
    }
    let (code, out) = init(folder.path(), &["--yes"]);
    assert_eq!(code, 0);
    assert!(out.ends_with("Nothing is missing: nothing was written.\n"), "{out}");
    assert_eq!(files(folder.path()), written);
}

#[test]
fn what_people_keep_is_added_to_and_never_replaced() {
    let folder = app(true);
    let hooks = "# ours\nrepos:\n- repo: local\n  hooks:\n  - id: other\n    name: other\n    entry: other\n    language: system";
    write(folder.path(), ".pre-commit-config.yaml", hooks);
    write(folder.path(), ".gitignore", "node_modules\r\n.env\r\n");
    write(folder.path(), ".env.sample", "# MODEL_NAME=small");
    write(folder.path(), "launchcheck.toml", "max-unticked = 1\n");
    write(folder.path(), ".github/workflows/ci.yaml", "jobs: { a: { steps: [{ run: launchcheck }] } }\n");
    let (code, out) = init(folder.path(), &["--yes"]);
    assert_eq!(code, 0, "{out}");
    let after = files(folder.path());
    assert!(after[".pre-commit-config.yaml"].starts_with(&format!("{hooks}\n- repo: ")), "{after:?}");
    assert!(after[".pre-commit-config.yaml"].ends_with("    - id: launchcheck\n"));
    assert_eq!(after[".gitignore"], "node_modules\r\n.env\r\n.env.local\r\n");
    assert_eq!(after[".env.sample"], "# MODEL_NAME=small\n# read in app.py:4\nOPENAI_API_KEY=\n");
    assert_eq!(after["launchcheck.toml"], "max-unticked = 1\n");
    assert!(!after.contains_key(".github/workflows/launchcheck.yml") && !after.contains_key(".env.example"));
}

#[test]
fn a_list_that_cannot_be_added_to_is_left_to_a_person() {
    let folder = app(true);
    write(folder.path(), ".pre-commit-config.yaml", "repos: []\nexclude: x\n");
    let before = files(folder.path());
    let (_, out) = init(folder.path(), &["--yes", "--only", "pre-commit"]);
    assert!(out.contains("leave   .pre-commit-config.yaml") && out.contains("  + - repo: "), "{out}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_folder_without_a_repository_gets_what_has_a_place_there() {
    let folder = app(false);
    let (code, out) = init(folder.path(), &["--yes"]);
    assert_eq!(code, 0);
    assert!(out.contains("leave   .pre-commit-config.yaml  (not in a git repository)"), "{out}");
    let after = files(folder.path());
    assert!(after.contains_key("launchcheck.toml") && after.contains_key(".env.example"));
    assert!(!after.contains_key(".pre-commit-config.yaml"));
}

#[test]
fn a_subfolder_does_not_get_what_belongs_to_the_top() {
    let folder = app(true);
    write(folder.path(), "api/app.py", APP);
    let (_, out) = init(&folder.path().join("api"), &["--yes"]);
    assert!(out.contains("belongs to the top of the repository"), "{out}");
    let after = files(&folder.path().join("api"));
    assert!(!after.contains_key(".github/workflows/launchcheck.yml") && after.contains_key("launchcheck.toml"));
}

#[test]
fn another_forge_gets_no_workflow_of_github() {
    let folder = app(true);
    write(folder.path(), ".gitlab-ci.yml", "test: { script: [true] }\n");
    let (_, out) = init(folder.path(), &["--yes"]);
    assert!(out.contains("GitLab"), "{out}");
    assert!(!folder.path().join(".github").exists());
}

#[test]
fn only_the_parts_that_are_asked_for() {
    let folder = app(true);
    let (_, out) = init(folder.path(), &["--yes", "--only", "config,gitignore"]);
    assert!(out.contains("Wrote 2 files."), "{out}");
    let after = files(folder.path());
    assert_eq!(after.keys().filter(|path| WRITTEN.contains(&path.as_str())).count(), 2);
    assert_eq!(init(folder.path(), &["--only", "everything"]).0, 2);
    assert_eq!(init(folder.path(), &["--yes", "--dry-run"]).0, 2);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (folder, elsewhere) = (app(true), tempfile::tempdir().expect("a temporary folder"));
    write(elsewhere.path(), "ignored", "theirs\n");
    let link = |to: &Path, from: &str| std::os::unix::fs::symlink(to, folder.path().join(from)).expect("a link");
    link(&elsewhere.path().join("ignored"), ".gitignore");
    link(&elsewhere.path().join("none"), ".env.example");
    link(elsewhere.path(), ".github");
    let (code, out) = init(folder.path(), &["--yes"]);
    assert_eq!(code, 0, "{out}");
    assert_eq!(out.matches("a symbolic link is in the way").count(), 3, "{out}");
    let there = files(elsewhere.path());
    assert_eq!(there.into_iter().collect::<Vec<_>>(), [("ignored".to_owned(), "theirs\n".to_owned())]);
}

#[test]
fn names_from_the_code_cannot_break_a_line() {
    let folder = app(true);
    write(folder.path(), "bad.py", "import os\na = os.environ[\"A\\nB=1\"]\nb = os.environ[\"::error::x\"]\n");
    let (_, out) = init(folder.path(), &["--yes", "--only", "env-example"]);
    let written = &files(folder.path())[".env.example"];
    assert!(!written.contains("B=1") && !written.contains("error"), "{out}\n{written}");
}

#[test]
fn the_plan_is_told_in_korean_too() {
    let folder = app(true);
    let (_, out) = init(folder.path(), &["--dry-run", "--lang", "ko"]);
    assert!(out.contains("생성    launchcheck.toml"), "{out}");
    assert!(out.contains("  + # 읽는 곳: app.py:4") && out.contains("아무것도 쓰지 않았습니다"), "{out}");
}

#[test]
fn the_configuration_shows_every_key_and_is_right_when_uncommented() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../rules/schema/config.schema.json")).expect("a schema");
    let text = include_str!("../../src/cli/init/launchcheck.toml");
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "nothing holds yet");
    let uncommented: String = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let value: serde_json::Value = toml::from_str(&uncommented).expect("TOML");
    for key in schema["properties"].as_object().expect("properties").keys() {
        assert!(value.get(key).is_some(), "{key} is missing");
    }
    let folder = app(true);
    write(folder.path(), "launchcheck.toml", &uncommented);
    write(folder.path(), "core/llm.py", "def ask(question):\n    return question\n");
    let path = folder.path().display().to_string();
    let arguments = ["launchcheck", "config", &path].map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = run(arguments, &Surroundings::piped(&[]), &mut out, &mut err);
    assert_eq!(outcome.code(), 0, "{}", String::from_utf8_lossy(&err));
    assert!(String::from_utf8_lossy(&out).contains("launchcheck.toml:6"), "{}", String::from_utf8_lossy(&out));
}
