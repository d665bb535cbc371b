//! `explain PATH:LINE`: the ways to a line agree with the audit, guards that are not wired are told so, and what cannot be
//! explained says why.

use std::collections::BTreeSet;
use std::path::Path;

use launchcheck::judge::chains::Asked;
use launchcheck::verdict::chain::{Account, Explained};
use launchcheck::verdict::{Audit, Confidence, Item, Verdict};
use launchcheck::{Options, audit, explain};

use crate::apps::all_laid_out;
use crate::cases::{folders, git, name, side_by_side};
use crate::cli::launchcheck;
use crate::config::tree;

/// A model behind one route; `LIMITS` is a guard that nothing uses.
const LIMITS: &str = "from slowapi import Limiter\nfrom slowapi.util import get_remote_address\n\n\
                      limiter = Limiter(key_func=get_remote_address)\n";
const MODEL: &str = "from openai import OpenAI\n\nclient = OpenAI(timeout=20)\n\n\ndef ask(text):\n    \
                     return client.responses.create(model=\"m\", input=text, max_output_tokens=99)\n";
const OPEN: &str = "from fastapi import FastAPI, Request\n\nfrom limits import limiter\nfrom model import ask\n\napp = FastAPI()\n\n\n\
                    @app.post(\"/ask\")\ndef answer(request: Request, text: str):\n    return ask(text)\n";
const LIMITED: &str = "from fastapi import FastAPI, Request\n\nfrom limits import limiter\nfrom model import ask\n\n\
                       app = FastAPI()\n\n\n@app.post(\"/ask\")\n@limiter.limit(\"5/minute\")\n\
                       def answer(request: Request, text: str):\n    return ask(text)\n";
const REQUIREMENTS: &str = "fastapi\nslowapi\nopenai\n";

fn app(main: &'static str) -> (tempfile::TempDir, String) {
    tree(&[("main.py", main), ("model.py", MODEL), ("limits.py", LIMITS), ("requirements.txt", REQUIREMENTS)])
}

/// Exit code and text of an explanation.
fn explained(place: &str, root: &str) -> (u8, String) {
    let (code, out, err) = launchcheck(&["explain", place, root], &[]);
    (code, out + &err)
}

#[test]
fn explanations_agree_with_the_audit() {
    let bare = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps"));
    let bare: Vec<_> = bare.into_iter().filter(|app| name(app).starts_with("bare-")).collect();
    let guarded = all_laid_out();
    let roots: Vec<&Path> = bare.iter().map(|app| app.as_path()).chain(guarded.iter().map(|app| app.path())).collect();
    let wrong: Vec<String> = side_by_side(&roots, |root| disagreements(root)).concat();
    assert!(roots.len() >= 8 && wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Where the explanations of an app's calls and entry points say something else than its audit.
fn disagreements(root: &Path) -> Vec<String> {
    let options = Options::default();
    let audit = audit(root, &options).expect("an audit").audit;
    let mut wrong = Vec::new();
    let mut explain = |path: &str, line: u32| {
        let asked = Asked { path: path.to_owned(), line, column: None };
        match explain(root, &options, &asked) {
            Ok(Explained::Thing(account)) => Some(*account),
            other => {
                wrong.push(format!("{path}:{line}: {other:?}"));
                None
            }
        }
    };
    let calls = &audit.inventory.llm_calls;
    let calls: Vec<_> = calls.iter().filter_map(|call| Some((call, explain(&call.path, call.line)?))).collect();
    let entries = &audit.inventory.entry_points;
    let entries: Vec<_> = entries.iter().filter_map(|entry| Some((entry, explain(&entry.path, entry.line)?))).collect();
    for (call, account) in calls {
        let place = format!("{}:{}", call.path, call.line);
        let reached = !call.entry_points.is_empty();
        let starts_and_ends = account.chains.iter().all(|chain| {
            let (first, last) = (&chain.steps[0].location, &chain.steps[chain.steps.len() - 1]);
            let is_entry =
                |entry: &&launchcheck::verdict::EntryPoint| (&entry.path, entry.line) == (&first.path, first.line);
            audit.inventory.entry_points.iter().any(|entry| is_entry(&entry))
                && last.is_asked
                && (&last.location.path, last.location.line) == (&call.path, call.line)
        });
        if account.chains.is_empty() == reached || !starts_and_ends {
            wrong.push(format!("{place}: {:?}", account.chains));
        }
        wrong.extend(differing(&place, &account, &audit, &[Item::A1, Item::A3]));
        if call.max_tokens == says(&account, Item::T1, "sets no limit") {
            wrong.push(format!("{place}: T1 {:?}", account.stands));
        }
    }
    for (entry, account) in entries {
        let place = format!("{}:{}", entry.path, entry.line);
        wrong.extend(differing(&place, &account, &audit, &[Item::V1]));
        let limited = account.stands.iter().find(|stand| stand.item == Item::C1);
        if limited.is_some_and(|stand| (stand.verdict == Verdict::Pass) != entry.rate_limited) {
            wrong.push(format!("{place}: C1 {limited:?}"));
        }
    }
    wrong.into_iter().map(|line| format!("{}: {line}", root.display())).collect()
}

/// The items that pass for all and fail here; and of `own`, whose findings stand at the place itself, those that differ.
fn differing(place: &str, account: &Account, audit: &Audit, own: &[Item]) -> Vec<String> {
    let found: BTreeSet<Item> = audit
        .findings
        .iter()
        .filter(|finding| finding.confidence != Confidence::Note)
        .filter(|finding| format!("{}:{}", finding.location.path, finding.location.line) == place)
        .map(|finding| finding.item)
        .collect();
    let verdict = |item: Item| audit.boxes.iter().find(|answer| answer.item == item).map(|answer| answer.verdict);
    let differs = |stand: &&launchcheck::verdict::chain::Stand| {
        let fails = stand.verdict == Verdict::Fail;
        let all_pass = verdict(stand.item) == Some(Verdict::Pass);
        fails && all_pass || own.contains(&stand.item) && fails != found.contains(&stand.item)
    };
    account.stands.iter().filter(differs).map(|stand| format!("{place}: {stand:?}")).collect()
}

fn says(account: &Account, item: Item, words: &str) -> bool {
    let stands = account.stands.iter().filter(|stand| stand.item == item);
    stands.flat_map(|stand| &stand.because).any(|evidence| evidence.message.en.contains(words))
}

#[test]
fn a_guard_that_is_not_wired_is_told_so() {
    let (_folder, root) = app(OPEN);
    let (code, page) = explained("limits.py:4", &root);
    assert_eq!(code, 0, "{page}");
    assert!(page.contains("guard `slowapi Limiter`") && page.contains("defined and not wired"), "{page}");
    let (_, page) = explained("model.py:7", &root);
    assert!(page.contains("✘ C1 rate-limit") && page.contains("slowapi Limiter (limits.py:4)"), "{page}");
    assert!(page.contains("searched: what stands in front"), "{page}");
}

#[test]
fn a_guard_that_is_wired_shows_its_ways() {
    let (_folder, root) = app(LIMITED);
    let way = "  ┌ main.py:9  entry point `POST /ask` (http, public)\n  │     @app.post(\"/ask\")\n  \
               ├ main.py:10  decorator `slowapi limit` [C1] ◄\n";
    for place in ["limits.py:4", "main.py:10"] {
        let (_, page) = explained(place, &root);
        assert!(page.contains(way) && !page.contains("not wired"), "{place}\n{page}");
    }
    let (_, page) = explained("model.py:7", &root);
    for step in ["main.py:10", "main.py:12  passes through `ask()`", "model.py:3  the client is made here [A1]", "✔ C1"]
    {
        assert!(page.contains(step), "{step}\n{page}");
    }
    // So does the client, with what it is told.
    let (_, page) = explained("model.py:3", &root);
    assert!(page.starts_with("model.py:3  client `openai OpenAI`") && page.contains("made here [A1] ◄"), "{page}");
    // A function shows the ways through it, an entry point what it reaches.
    let (_, page) = explained("model.py:6", &root);
    assert!(page.starts_with("model.py:6  function `ask()`") && page.contains("main.py:12"), "{page}");
    let (_, page) = explained("main.py:9", &root);
    assert!(page.contains("(model.py:7)") && page.contains("✔ C1 rate-limit"), "{page}");
}

#[test]
fn a_guard_of_one_route_is_not_that_of_another() {
    let main = LIMITED
        .replace("\n@app.post", "\n@app.post(\"/other\")\ndef other(text: str):\n    return ask(text)\n\n\n@app.post");
    let (_folder, root) = tree(&[("main.py", &main), ("model.py", MODEL), ("limits.py", LIMITS)]);
    let (_, page) = explained("limits.py:4", &root);
    assert!(page.contains("`POST /ask` →") && !page.contains("/other"), "{page}");
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps/guarded-nextjs/app");
    let (_, page) = explained("src/lib/limits.ts:11", &app.display().to_string());
    assert!(page.contains("`POST /api/quiz` →") && !page.contains("/api/chat"), "{page}");
}

#[test]
fn a_column_chooses_among_the_things_of_a_line() {
    let both = "from openai import OpenAI\nimport requests\n\nrequests.post(\"https://x.example\", json=OpenAI().responses.create(model=\"m\", input=\"i\"))\n";
    let (_folder, root) = tree(&[("main.py", both)]);
    let (_, first) = explained("main.py:4:1", &root);
    let (_, second) = explained("main.py:4:45", &root);
    assert!(
        first.contains("external call `requests post x.example`") && second.contains("LLM call `openai"),
        "{first}{second}"
    );
    let (_, without) = explained("main.py:4", &root);
    assert!(without.contains("Also at this line"), "{without}");
}

#[test]
fn what_is_not_audited_says_why() {
    let files = [
        ("main.py", OPEN),
        ("model.py", MODEL),
        ("tests/test_main.py", "from main import app\n"),
        ("README.md", "# Hello\n"),
        ("notes.txt", "one\n"),
        ("package.json", "{}\n"),
        ("schema.gen.py", "# @generated by a tool. DO NOT EDIT.\nx = 1\n"),
        ("node_modules/left/index.js", "module.exports = 1\n"),
        (".gitignore", "secret.py\n"),
        ("secret.py", "x = 1\n"),
        ("legacy/old.py", "x = 1\n"),
        ("launchcheck.toml", "[[exclude]]\npath = \"legacy/\"\nreason = \"old\"\n"),
    ];
    let (folder, root) = tree(&files);
    git(folder.path(), &["init", "--quiet"]);
    for (place, why) in [
        ("tests/test_main.py:1", "counts as a test"),
        ("README.md:1", "counts as documentation"),
        ("notes.txt:1", "in no language that is read"),
        ("package.json:1", "a settings file"),
        ("schema.gen.py:1", "counts as generated code"),
        ("node_modules/left/index.js:1", "left out: installed packages"),
        ("secret.py:1", "git ignores it"),
        ("legacy/old.py:1", "excluded by the configuration (old)"),
    ] {
        let (code, page) = explained(place, &root);
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 0 && page.contains(why), "{place}: {code} {page}");
    }
    let (code, page) = explained("model.py:2", &root);
    assert!(
        code == 0
            && page
                .contains("Nearest in this file\n  model.py:3  client `openai OpenAI`\n  model.py:6  function `ask()`"),
        "{page}"
    );
    let (_, korean, _) = launchcheck(&["explain", "tests/test_main.py:1", &root, "--lang", "ko"], &[]);
    assert!(korean.contains("배포되지 않는 파일"), "{korean}");
}

#[test]
fn a_place_that_is_none_leaves_with_2() {
    let (_folder, root) = app(OPEN);
    for (place, why) in [
        ("nowhere.py:1", "does not exist"),
        ("main.py:0", "has no line 0"),
        ("main.py:99", "ends with line 11"),
        (".:1", "is no file"),
    ] {
        let (code, text) = explained(place, &root);
        assert!(code == 2 && text.contains(why), "{place}: {code} {text}");
    }
    let (code, text) = explained("main.py", &root);
    assert!(code == 2 && text.contains("which line of `main.py`?"), "{text}");
    let (code, _) = explained("main.py:1", &format!("{root}/nowhere"));
    assert_eq!(code, 2);
    let (code, text) = explained("A1", &root);
    assert!(code == 2 && text.contains("only PATH:LINE"), "{text}");
}

#[test]
fn a_path_may_be_relative_to_the_root_or_not() {
    let (folder, root) = app(OPEN);
    let whole = format!("{}:7", folder.path().join("model.py").display());
    let (code, page) = explained(&whole, &root);
    assert_eq!((code, page), explained("model.py:7", &root));
}

#[test]
fn suppressions_and_attestations_are_named() {
    let model = MODEL.replace("(timeout=20)", "()").replace(
        "    return client",
        "    # launchcheck: ignore[missing-timeout] the proxy ends it\n    return client",
    );
    let terms = "[attest.C2]\nby = \"kim\"\nreason = \"budget at the provider\"\nexpires = \"2099-01-01\"\n";
    let (_folder, root) = tree(&[("main.py", OPEN), ("model.py", &model), ("launchcheck.toml", terms)]);
    let (_, page) = explained("model.py:8", &root);
    assert!(page.contains("suppressed (comment): the proxy ends it"), "{page}");
    assert!(page.contains("attested: budget at the provider"), "{page}");
    assert!(!page.contains("✘ A1") && !page.contains("✘ C2") && page.contains("✘ C1"), "{page}");
}

#[test]
fn credentials_are_shown_redacted() {
    let shapes = launchcheck::rules::secrets::Shapes::built_in().expect("shapes");
    let key = crate::keys::expanded("{{key:openai-project}}", &shapes);
    let model = MODEL.replace("(timeout=20)", &format!("(api_key=\"{key}\")"));
    let (_folder, root) = tree(&[("main.py", OPEN), ("model.py", &model)]);
    let (_, page) = explained("model.py:7", &root);
    assert!(page.contains("model.py:3  the client is made here") && page.contains("OpenAI(api_key=\""), "{page}");
    assert!(!page.contains(&key), "{page}");
}
