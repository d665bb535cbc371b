//! The command line: exit codes, languages, outputs, errors with help.

use std::{ffi::OsString, fs};

use launchcheck::cli::{run, surroundings::Surroundings};

/// Exit code, standard output, standard error.
pub(crate) fn launchcheck(arguments: &[&str], variables: &[(&str, &str)]) -> (u8, String, String) {
    let arguments = std::iter::once("launchcheck").chain(arguments.iter().copied()).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = run(arguments, &Surroundings::piped(variables), &mut out, &mut err);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (outcome.code(), text(out), text(err))
}

fn empty_folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().display().to_string();
    (folder, path)
}

#[test]
fn usage_errors_leave_with_2_and_help() {
    for arguments in [
        &["--no-such-option"][..],
        &["--format", "yaml"],
        &["--output", "json"],
        &["--require", "A9"],
        &["--max-unticked", "-1"],
        &["--threads", "0"],
        &["explain", "missing-timeot"],
        &["list", "everything"],
        &["-"],
        &["-q", "-v"],
    ] {
        let (code, out, err) = launchcheck(arguments, &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?} {err}");
        assert!(err.contains("--help") || err.contains("did you mean"), "{arguments:?}\n{err}");
    }
}

#[test]
fn a_missing_path_is_no_pass() {
    let (code, out, err) = launchcheck(&["no/such/folder", "--exit-zero"], &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no/such/folder"), "{err}");
}

#[test]
fn an_empty_tree_is_nothing_to_audit() {
    let (_folder, path) = empty_folder();
    let (code, out, _) = launchcheck(&[&path, "--exit-zero"], &[]);
    assert_eq!(code, 3);
    assert!(out.lines().last().is_some_and(|line| line.starts_with("NOTHING TO AUDIT")), "{out}");
    let (code, json, _) = launchcheck(&["check", &path, "--format", "json"], &[]);
    assert_eq!(code, 3);
    assert!(json.starts_with("{\n  \"schema\": 1,"));
}

#[test]
fn only_people_get_the_language_of_the_locale() {
    let (_folder, path) = empty_folder();
    let korean = [("LANG", "ko_KR.UTF-8")];
    let last = |arguments: &[&str], variables: &[(&str, &str)]| {
        launchcheck(arguments, variables).1.lines().last().map(str::to_owned).unwrap_or_default()
    };
    assert!(last(&[&path], &korean).starts_with("점검 대상 없음"));
    assert!(last(&[&path, "--format", "concise"], &korean).starts_with("NOTHING"));
    assert!(last(&[&path, "--format", "concise", "--lang", "ko"], &[]).starts_with("점검"));
    assert!(last(&[&path, "--format", "concise"], &[("LAUNCHCHECK_LANG", "ko")]).starts_with("점검"));
    assert!(last(&[&path, "--lang", "en"], &[("LAUNCHCHECK_LANG", "ko")]).starts_with("NOTHING"));
    assert_eq!(launchcheck(&[&path], &[("LAUNCHCHECK_LANG", "fr")]).0, 2);
}

#[test]
fn further_outputs_are_files() {
    let (folder, path) = empty_folder();
    let (json, human) = (folder.path().join("r.json"), folder.path().join("r.txt"));
    let json_option = format!("json={}", json.display());
    let human_option = format!("human={}", human.display());
    let arguments = [&path, "--output", &json_option, "--output", &human_option, "--color", "always", "-q"];
    let (_, out, _) = launchcheck(&arguments, &[]);
    assert_eq!(out.lines().count(), 1);
    assert!(fs::read_to_string(json).is_ok_and(|text| text.contains("\"schema\": 1")));
    assert!(fs::read_to_string(human).is_ok_and(|text| text.contains("A1 timeouts") && !text.contains('\u{1b}')));
    let nowhere = format!("json={}/no/such/r.json", folder.path().display());
    assert_eq!(launchcheck(&[&path, "--output", &nowhere], &[]).0, 2);
}

#[test]
fn two_outputs_need_two_files() {
    let (_folder, path) = empty_folder();
    for arguments in [&["--output", "json=a", "--output", "sarif=a"][..], &["--output", "json=-"]] {
        let (code, out, err) = launchcheck(&[&[path.as_str()], arguments].concat(), &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
    }
}

#[test]
fn coding_agents_get_their_format_unless_another_is_asked_for() {
    let (_folder, path) = empty_folder();
    let agent = [("CLAUDECODE", "1")];
    let first = |arguments: &[&str], variables: &[(&str, &str)]| {
        launchcheck(arguments, variables).1.lines().next().map(str::to_owned).unwrap_or_default()
    };
    assert!(first(&[&path], &agent).starts_with("NOTHING TO AUDIT"));
    assert!(first(&[&path], &[("CLAUDECODE", "")]).contains("because"));
    assert!(first(&[&path, "--format", "human"], &agent).contains("because"));
}

#[test]
fn broken_rules_are_shown_with_their_place() {
    let (folder, path) = empty_folder();
    fs::write(folder.path().join("own.toml"), "stage = 3\ntitel = 1\n").expect("writable");
    let (code, _, err) = launchcheck(&[&path, "--rules", &path], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("own.toml:2") && err.contains("titel"), "{err}");
}

#[test]
fn own_packs_replace_built_in_texts() {
    let (folder, path) = empty_folder();
    let pack = "stage = 3\ntitle = { en = \"a\", ko = \"b\" }\n[[rule]]\nid = \"stacked-retries\"\nitem = \"A2\"\nnote = true\n\
                messages.note = { en = \"own {detail}\", ko = \"own {detail}\" }\nhelp = { en = \"ask us\", ko = \"ask us\" }\n";
    fs::write(folder.path().join("own.toml"), pack).expect("writable");
    let (code, out, err) = launchcheck(&["explain", "stacked-retries", "--rules", &path], &[]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("ask us") && out.contains("own {detail}"), "{out}");
}

#[test]
fn everything_is_explained_in_both_tongues() {
    let (_, rules, _) = launchcheck(&["list", "rules"], &[]);
    let (_, items, _) = launchcheck(&["list", "items", "--lang", "ko"], &[]);
    let names = rules.lines().chain(items.lines()).filter_map(|line| line.split_whitespace().next());
    for name in names {
        for lang in ["en", "ko"] {
            let (code, out, err) = launchcheck(&["explain", name, "--lang", lang], &[]);
            assert_eq!((code, err.as_str()), (0, ""), "{name}");
            assert!(out.lines().all(|line| line == line.trim_end()), "{out}");
        }
    }
}

#[test]
fn help_is_short_and_tells_the_exit_codes() {
    for arguments in [&["-h"][..], &["check", "-h"]] {
        let (code, out, _) = launchcheck(arguments, &[]);
        assert_eq!(code, 0);
        assert!(out.lines().count() < 60, "{out}");
        assert!(out.contains("3  nothing to audit"), "{out}");
    }
}

#[test]
fn the_long_help_is_complete() {
    let (code, out, _) = launchcheck(&["--help"], &[]);
    assert_eq!(code, 0);
    for head in ["Gate:", "Report:", "Configuration:", "Running:", "Exit codes:", "Environment:", "Files:", "Examples:"]
    {
        assert!(out.lines().any(|line| line == head), "{head}\n{out}");
    }
    assert!(out.contains("--threads") && out.contains("--new-only"), "{out}");
}

#[test]
fn manual_pages_are_printed_and_written() {
    let (_, page, _) = launchcheck(&["man"], &[]);
    assert!(page.contains(".TH launchcheck 1") && page.contains("exit\\-zero"), "{page}");
    let (folder, path) = empty_folder();
    let (code, out, _) = launchcheck(&["man", "--to", &path], &[]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(folder.path().join("launchcheck.1").exists() && folder.path().join("launchcheck-init.1").exists());
}

#[test]
fn schemas_and_completions_are_printed() {
    let (_, schema, _) = launchcheck(&["schema", "report"], &[]);
    assert!(serde_json::from_str::<serde_json::Value>(&schema).is_ok());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = launchcheck(&["completions", shell], &[]);
        assert_eq!(code, 0);
        assert!(script.contains("max-unticked"), "{shell}");
    }
}

/// A reader that has gone away.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_quiet_and_keeps_the_verdict() {
    let (_folder, path) = empty_folder();
    let mut err = Vec::new();
    let code = |arguments: &[&str], err: &mut Vec<u8>| {
        let arguments = std::iter::once("launchcheck").chain(arguments.iter().copied()).map(OsString::from);
        run(arguments, &Surroundings::piped(&[]), &mut Closed, err).code()
    };
    assert_eq!(code(&[&path], &mut err), 3);
    assert_eq!(code(&["list", "items"], &mut err), 0);
    assert!(err.is_empty());
}
