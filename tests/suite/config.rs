//! The configuration: where it is found, what it changes, that everything in it is said in reports, and its mistakes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::launchcheck;
use crate::keys::expanded;

/// One entry point that asks a model without any guard.
pub(crate) const BOT: &str = include_str!("../cmd/small.in/bot.py");

pub(crate) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), files);
    let path = folder.path().display().to_string();
    (folder, path)
}

pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a written file");
    }
}

/// Exit code and JSON report.
pub(crate) fn report(path: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (u8, Value) {
    let all: Vec<&str> = [path, "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let (code, out, err) = launchcheck(&all, variables);
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("no report: {err}")))
}

pub(crate) fn verdict(report: &Value, item: &str) -> String {
    let items = report["items"].as_array().expect("items");
    items.iter().find(|each| each["id"] == item).expect("the item")["verdict"].as_str().expect("a verdict").to_owned()
}

fn kinds(report: &Value) -> Vec<String> {
    let exemptions = report["gate"]["exemptions"].as_array().cloned().unwrap_or_default();
    exemptions.iter().map(|each| format!("{} {}", each["kind"], each["subject"]).replace('"', "")).collect()
}

/// The first second of 2026-11-28.
const DAY: (&str, &str) = ("SOURCE_DATE_EPOCH", "1795824000");

const ATTEST: &str = "[attest.C2]\nby = \"kim\"\nreason = \"the provider's project budget\"\nexpires = 2027-03-31\n";

#[test]
fn an_attestation_ticks_and_is_said() {
    let (folder, path) = tree(&[("bot.py", BOT), ("launchcheck.toml", ATTEST)]);
    let (_, report_) = report(&path, &[], &[DAY]);
    assert_eq!(verdict(&report_, "C2"), "attested");
    assert_eq!(kinds(&report_), ["attestation C2"]);
    for format in ["human", "concise"] {
        let (_, out, _) = launchcheck(&[&path, "--format", format], &[DAY]);
        assert!(out.contains("the provider's project budget"), "{out}");
    }
    let (_, isolated) = report(&path, &["--isolated"], &[DAY]);
    assert_eq!((verdict(&isolated, "C2").as_str(), kinds(&isolated).len()), ("fail", 0));
    let own = folder.path().join("own.toml");
    fs::write(&own, "max-unticked = 12\n").expect("writable");
    let (code, other) = report(&path, &["--config", &own.display().to_string()], &[DAY]);
    assert_eq!((code, verdict(&other, "C2").as_str()), (0, "fail"));
    assert_eq!(kinds(&other), ["max-unticked 12"]);
}

#[test]
fn an_expired_attestation_counts_no_more() {
    let (_folder, path) = tree(&[("bot.py", BOT), ("launchcheck.toml", &format!("max-unticked = 12\n{ATTEST}"))]);
    let after = ("SOURCE_DATE_EPOCH", "1806537600");
    let (code, report_) = report(&path, &[], &[after]);
    assert_eq!((code, verdict(&report_, "C2").as_str()), (2, "fail"));
    assert_eq!(report_["gate"]["reasons"][0]["kind"], "expired");
    assert_eq!(report_["gate"]["reasons"][0]["expires"], "2027-03-31");
    let (_, out, err) = launchcheck(&[&path, "-q"], &[after]);
    assert!(out.starts_with("NOT TRUSTED") && out.contains("expired on 2027-03-31"), "{out}");
    assert!(err.contains("launchcheck.toml:2") && err.contains("2027-03-31"), "{err}");
    // The last day counts.
    assert_eq!(report(&path, &[], &[("SOURCE_DATE_EPOCH", "1806451200")]).0, 0);
}

#[test]
fn every_place_of_a_configuration_is_read() {
    let python = "[project]\nname = \"x\"\n[tool.launchcheck]\nmax-unticked = 12\nlang = \"ko\"\n";
    let node = "{\n  \"name\": \"x\",\n  \"launchcheck\": { \"max-unticked\": 12, \"lang\": \"ko\" }\n}\n";
    let own = "max-unticked = 12\nlang = \"ko\"\n";
    for (path, text) in [
        ("launchcheck.toml", own),
        (".github/launchcheck.toml", own),
        ("pyproject.toml", python),
        ("package.json", node),
    ] {
        let (_folder, root) = tree(&[("bot.py", BOT), (path, text)]);
        let (code, out, err) = launchcheck(&[&root, "--format", "concise"], &[DAY]);
        assert_eq!(code, 0, "{path} {err}");
        assert!(out.contains("배포 준비됨"), "{path}\n{out}");
        let (_, shown, _) = launchcheck(&["config", &root], &[]);
        assert!(shown.contains(&format!("max-unticked = 12  # {path}:")), "{shown}");
    }
    let (_folder, root) = tree(&[("bot.py", BOT), ("pyproject.toml", python), ("package.json", node)]);
    let (code, out, err) = launchcheck(&[&root], &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("two configurations: pyproject.toml and package.json"), "{err}");
    let (_folder, root) =
        tree(&[("bot.py", BOT), ("pyproject.toml", "[project]\nname = \"x\"\n"), ("launchcheck.toml", own)]);
    assert_eq!(launchcheck(&[&root], &[]).0, 0);
}

#[test]
fn all_mistakes_are_said_at_once_with_their_places() {
    let text = "max-unticke = 3\nrequire = [\"E2\", \"A9\"]\nlang = \"fr\"\n[[exclude]]\npath = \"legacy/**\"\n[attest.C2]\nby = \"kim\"\n\
                reason = \"\"\nexpires = 2027-02-28\n[attest.E2]\nby = \"kim\"\nreason = \"x\"\nexpires = 2027-01-01\n\
                [[suppress]]\nfingerprint = \"nope\"\nreason = \"x\"\n[[fact]]\nis = \"cal\"\nnames = [\"core/llm.ask\"]\n\
                [[entry-point]]\nname = \"POST /x\"\nreason = \"y\"\n";
    let (_folder, root) = tree(&[("bot.py", BOT), ("launchcheck.toml", text)]);
    let (code, out, err) = launchcheck(&[&root], &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    for said in [
        "did you mean `max-unticked`?",
        "there is no item `A9`",
        "lang is \"en\" or \"ko\"",
        "an exclusion needs `reason`",
        "`reason` is a text, not nothing",
        "E2 cannot be attested",
        "`nope` is no fingerprint",
        "there is no kind of fact `cal`",
        "an entry point needs `public`",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
    for line in [1, 2, 3, 8, 10, 15] {
        assert!(err.contains(&format!("launchcheck.toml:{line}:")), "{line}\n{err}");
    }
    let (_folder, root) = tree(&[("launchcheck.toml", "max-unticked = \n")]);
    let (code, _, err) = launchcheck(&["config", &root], &[]);
    assert!(code == 2 && err.contains("launchcheck.toml:1:"), "{err}");
    // The same in JSON.
    let (_folder, root) = tree(&[("package.json", "{\n \"launchcheck\": {\n  \"requires\": []\n }\n}")]);
    let (code, _, err) = launchcheck(&["config", &root], &[]);
    assert!(code == 2 && err.contains("package.json:3:") && err.contains("did you mean `require`?"), "{err}");
}

#[test]
fn the_schema_and_the_reader_agree() {
    let (_, schema, _) = launchcheck(&["schema", "config"], &[]);
    let schema: Value = serde_json::from_str(&schema).expect("valid JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let cases = [
        (true, "{}"),
        (true, r#"{"max-unticked": 0, "require": ["A1"], "lang": "ko"}"#),
        (true, r#"{"exclude": [{"path": "a/", "reason": "x"}]}"#),
        (true, r#"{"entry-point": [{"name": "POST /x", "public": false, "reason": "x"}]}"#),
        (true, r#"{"attest": {"C2": {"by": "x", "reason": "y", "expires": "2027-01-31"}}}"#),
        (true, r#"{"suppress": [{"fingerprint": "0123456789abcdef", "reason": "x"}]}"#),
        (true, r#"{"fact": [{"is": "guard", "protects": "C1", "how": "raises", "names": ["a/b.c"]}]}"#),
        (false, r#"{"max-unticked": 13}"#),
        (false, r#"{"require": ["Z1"]}"#),
        (false, r#"{"exclude": [{"path": "a/"}]}"#),
        (false, r#"{"entry-point": [{"public": false, "reason": "x"}]}"#),
        (false, r#"{"attest": {"E2": {"by": "x", "reason": "y", "expires": "2027-01-31"}}}"#),
        (false, r#"{"attest": {"C2": {"by": "x", "reason": "y"}}}"#),
        (false, r#"{"suppress": [{"fingerprint": "x", "reason": "x"}]}"#),
        (false, r#"{"fact": [{"names": ["a/b.c"]}]}"#),
        (false, r#"{"other": 1}"#),
    ];
    for (is_valid, text) in cases {
        let value: Value = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(validator.is_valid(&value), is_valid, "schema: {text}");
        let (_folder, root) = tree(&[("package.json", &format!("{{\"launchcheck\": {text}}}"))]);
        let (code, _, err) = launchcheck(&["config", &root], &[]);
        assert_eq!(code == 0, is_valid, "reader: {text}\n{err}");
    }
}

#[test]
fn excluded_code_is_not_audited_and_its_secrets_are_found() {
    let shapes = launchcheck::rules::secrets::Shapes::built_in().expect("shapes");
    let key = expanded("KEY = \"{{key:openai-project}}\"\n", &shapes);
    let exclude = "[[exclude]]\npath = \"legacy/\"\nreason = \"switched off in May\"\n[[exclude]]\npath = \"nothing/**\"\nreason = \"x\"\n";
    let files =
        [("main.py", "print(1)\n"), ("legacy/bot.py", BOT), ("legacy/keys.py", &key), ("launchcheck.toml", exclude)];
    let (_folder, root) = tree(&files);
    let (_, report_) = report(&root, &[], &[DAY]);
    assert_eq!(verdict(&report_, "A1"), "n/a");
    assert_eq!(verdict(&report_, "E2"), "fail");
    assert_eq!(kinds(&report_), ["exclusion legacy/", "exclusion nothing/**"]);
    assert_eq!(report_["gate"]["unused"][0]["ids"][0], "nothing/**");
    let (_, files, _) = launchcheck(&["files", &root], &[]);
    assert!(files.contains("excluded   legacy/bot.py  (switched off in May)"), "{files}");
}

#[test]
fn an_entry_point_is_as_public_as_is_said() {
    let rule = "[[entry-point]]\nname = \"POST /ask\"\npublic = false\nreason = \"behind the VPN\"\n";
    let (_folder, root) = tree(&[("bot.py", BOT), ("launchcheck.toml", rule)]);
    let (_, report_) = report(&root, &[], &[DAY]);
    assert_eq!(verdict(&report_, "C1"), "n/a");
    assert_eq!(report_["inventory"]["entry_points"][0]["public"], false);
    assert_eq!(kinds(&report_), ["not-public POST /ask"]);
}

#[test]
fn own_code_is_what_the_configuration_says() {
    let app = "from flask import Flask, request\nfrom core.llm import ask\nfrom core.limits import allow\n\napp = Flask(__name__)\n\n\n\
               @app.post(\"/ask\")\ndef answer():\n    allow(request.remote_addr)\n    return ask(request.json[\"question\"])\n";
    let llm = "import bus\n\n\ndef ask(question):\n    return bus.publish(\"model\", question)\n";
    let limits = "import bus\n\n\ndef allow(address):\n    bus.publish(\"limits\", address)\n";
    let facts = "[[fact]]\nis = \"call\"\ncalls = \"llm\"\nnames = [\"core/llm.ask\"]\ninput = [\"#0\"]\n\
                 [[fact]]\nis = \"guard\"\nprotects = \"C1\"\nhow = \"raises\"\nnames = [\"core/limits.allow\"]\n";
    let files = [("app.py", app), ("core/__init__.py", ""), ("core/llm.py", llm), ("core/limits.py", limits)];
    let (folder, root) = tree(&files);
    let (_, before) = report(&root, &[], &[DAY]);
    assert_eq!(before["inventory"]["llm_calls"].as_array().map(Vec::len), Some(0));
    assert_eq!(verdict(&before, "C1"), "n/a");
    let (ask, _) = facts.split_at(facts.rfind("[[fact]]").expect("two facts"));
    write(folder.path(), &[("launchcheck.toml", ask)]);
    let (_, with_call) = report(&root, &[], &[DAY]);
    assert_eq!(with_call["inventory"]["llm_calls"][0]["api"], "core/llm ask");
    assert_eq!(verdict(&with_call, "C1"), "fail");
    write(folder.path(), &[("launchcheck.toml", facts)]);
    let (_, with_guard) = report(&root, &[], &[DAY]);
    assert_eq!(verdict(&with_guard, "C1"), "pass");
    assert_eq!(kinds(&with_guard), ["fact core/limits.allow", "fact core/llm.ask"]);
}
