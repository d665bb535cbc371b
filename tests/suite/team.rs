//! The gate in a team's life: suppressed findings, the baseline, and what has changed since a revision.

use std::fs;

use serde_json::Value;

use crate::cases::git;
use crate::cli::launchcheck;
use crate::config::{BOT, report, tree, verdict, write};
use crate::keys::expanded;

fn findings<'r>(report: &'r Value, rule: &str) -> Vec<&'r Value> {
    report["findings"].as_array().expect("findings").iter().filter(|finding| finding["rule"] == rule).collect()
}

pub(crate) fn commit(folder: &std::path::Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "m"]);
}

const CALL: &str = "    answer = requests.post(";

#[test]
fn a_comment_suppresses_on_its_line_or_the_one_below() {
    let above = format!("    # launchcheck: ignore[missing-timeout] the proxy cuts it off\n{CALL}");
    let stacked = format!(
        "    # launchcheck: ignore[A1] the proxy cuts it off\n    # launchcheck: ignore[A2] the proxy retries\n{CALL}"
    );
    let behind = format!("{CALL}  # launchcheck: ignore[A1] the proxy cuts it off");
    for text in [above, stacked, behind] {
        let (_folder, root) = tree(&[("bot.py", &BOT.replace(CALL, &text))]);
        let (_, report_) = report(&root, &["--all"], &[]);
        assert_eq!(verdict(&report_, "A1"), "pass", "{text}");
        let found = findings(&report_, "missing-timeout");
        assert_eq!(found[0]["suppressed"]["reason"], "the proxy cuts it off");
        assert_eq!(found[0]["suppressed"]["by"], "comment");
        assert!(report_["items"][4]["because"].as_str().is_some_and(|why| why.contains("suppressed: 1")));
        assert_eq!(report_["gate"]["exemptions"][0]["kind"], "comment");
        assert_eq!(report_["gate"]["unused"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn a_text_is_no_comment_and_two_lines_are_too_far() {
    let text = format!("    note = \"# launchcheck: ignore[A1] no\"\n{CALL}");
    let far = format!("    # launchcheck: ignore[A1] too far\n    note = 1\n{CALL}");
    for (text, unused) in [(text, 0), (far, 1)] {
        let (_folder, root) = tree(&[("bot.py", &BOT.replace(CALL, &text))]);
        let (_, report_) = report(&root, &[], &[]);
        assert_eq!(verdict(&report_, "A1"), "fail", "{text}");
        assert_eq!(report_["gate"]["unused"].as_array().map(Vec::len), Some(unused), "{text}");
    }
}

#[test]
fn comments_of_every_language_suppress() {
    let typescript = "export async function GET() {\n  /* launchcheck: ignore[A1] a */\n  const one = await fetch(\"https://api.example.com/1\");\n  \
                      const two = await fetch(\"https://api.example.com/2\"); // launchcheck: ignore[missing-timeout] b\n  \
                      const s = `// launchcheck: ignore[A1] no`;\n  const three = await fetch(\"https://api.example.com/3\");\n  return Response.json([one, two, three, s]);\n}\n";
    let markup = "export default async function Page() {\n  return (\n    <ul>\n      {/* launchcheck: ignore[A1] c */}\n      {await fetch(\"https://api.example.com/4\")}\n    </ul>\n  );\n}\n";
    let rust = "#[tokio::main]\nasync fn main() {\n    let client = reqwest::Client::new();\n    // launchcheck: ignore[A1] d\n    let _ = client.get(\"https://api.example.com/5\").send().await;\n    \
                let _ = r#\"// launchcheck: ignore[A1] no\"#;\n    let _ = client.get(\"https://api.example.com/6\").send().await;\n}\n";
    let files = [
        ("package.json", "{\"dependencies\": {\"next\": \"15\"}}"),
        ("app/api/route.ts", typescript),
        ("app/page.tsx", markup),
        ("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\n[dependencies]\nreqwest = \"0.12\"\n"),
        ("src/main.rs", rust),
    ];
    let (_folder, root) = tree(&files);
    let (_, report_) = report(&root, &["--all"], &[]);
    let reasons: Vec<String> = findings(&report_, "missing-timeout")
        .iter()
        .map(|finding| {
            let place = &finding["location"];
            format!(
                "{}:{} {}",
                place["path"].as_str().unwrap_or(""),
                place["line"],
                finding["suppressed"]["reason"].as_str().unwrap_or("-")
            )
        })
        .collect();
    let expected = [
        "app/api/route.ts:3 a",
        "app/api/route.ts:4 b",
        "app/api/route.ts:6 -",
        "app/page.tsx:5 c",
        "src/main.rs:5 d",
        "src/main.rs:7 -",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn what_is_suppressed_must_exist_and_have_a_reason() {
    for (comment, said) in [
        ("# launchcheck: ignore[missing-timeot] x", "did you mean `missing-timeout`?"),
        ("# launchcheck: ignore[A1]", "a suppression without a reason"),
        ("# launchcheck: ignore A1 x", "a suppression without rules or items"),
        ("# launchcheck: ignore[] x", "a suppression of nothing"),
        ("# launchcheck: ignore[hardcoded-secret] x", "a comment cannot suppress `hardcoded-secret`"),
    ] {
        let (_folder, root) = tree(&[("bot.py", &format!("{comment}\n{BOT}"))]);
        let (code, out, err) = launchcheck(&[&root], &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{comment}");
        assert!(err.contains(said) && err.contains("bot.py:1:1"), "{comment}\n{err}");
    }
}

#[test]
fn what_suppresses_nothing_fails_the_strict() {
    let (_folder, root) = tree(&[("bot.py", &format!("# launchcheck: ignore[T2] none here\n{BOT}"))]);
    assert_eq!(report(&root, &["--max-unticked", "12"], &[]).0, 0);
    let (code, strict) = report(&root, &["--max-unticked", "12", "--strict"], &[]);
    assert_eq!((code, &strict["gate"]["reasons"][0]["kind"]), (1, &Value::from("leftovers")));
    let (_, out, _) = launchcheck(&[&root, "--max-unticked", "12", "--strict", "-q"], &[]);
    assert!(out.replace('\n', " ").contains("1 suppression that suppresses nothing"), "{out}");
}

#[test]
fn a_secret_is_suppressed_by_its_fingerprint_only() {
    let shapes = launchcheck::rules::secrets::Shapes::built_in().expect("shapes");
    let key = expanded("KEY = \"{{key:openai-project}}\"\n", &shapes);
    let (folder, root) = tree(&[("main.py", &key)]);
    let (_, before) = report(&root, &[], &[]);
    let fingerprint = findings(&before, "hardcoded-secret")[0]["fingerprint"].as_str().expect("one").to_owned();
    let suppress = format!("[[suppress]]\nfingerprint = \"{fingerprint}\"\nreason = \"revoked\"\n");
    write(folder.path(), &[("launchcheck.toml", &suppress)]);
    let (_, after) = report(&root, &[], &[]);
    assert_eq!(verdict(&after, "E2"), "pass");
    assert_eq!(findings(&after, "hardcoded-secret")[0]["suppressed"]["by"], "launchcheck.toml");
    assert_eq!(after["gate"]["exemptions"][0]["kind"], "fingerprint");
    write(folder.path(), &[("main.py", "KEY = 1\n")]);
    let (_, fixed) = report(&root, &[], &[]);
    assert_eq!(fixed["gate"]["unused"][0]["ids"][0], fingerprint.as_str());
}

#[test]
fn a_baseline_lets_nothing_new_in() {
    let (folder, root) = tree(&[("bot.py", BOT)]);
    let (code, _, err) = launchcheck(&[&root, "--new-only"], &[]);
    assert!(code == 2 && err.contains("launchcheck baseline"), "{err}");
    let (code, out, _) = launchcheck(&["baseline", &root], &[]);
    assert!(code == 0 && out.contains("known findings"), "{out}");
    let file = folder.path().join("launchcheck-baseline.toml");
    let written = fs::read_to_string(&file).expect("written");
    assert!(!written.contains("line ="), "{written}");
    // Lines in between, other indentation, another name elsewhere, another file.
    let moved = BOT
        .replace("@app.post", "\n# more\n\n@app.post")
        .replace("    answer", "    # x\n    answer")
        .replace("jsonify(answer", "jsonify( answer");
    write(folder.path(), &[("bot.py", &moved)]);
    let (code, report_) = report(&root, &["--new-only"], &[]);
    assert_eq!(code, 0, "{}", report_["gate"]);
    assert!(
        report_["findings"]
            .as_array()
            .is_some_and(|all| all.iter().all(|each| each["standing"] == "known" || each["confidence"] == "note"))
    );
    fs::rename(folder.path().join("bot.py"), folder.path().join("server.py")).expect("renamed");
    let (code, report_) = report(&root, &["--new-only"], &[]);
    assert_eq!(code, 0, "{}", report_["gate"]);
    assert_eq!(findings(&report_, "missing-timeout")[0]["moved_from"], "bot.py");
    // One more gap fails, and is the only one that does.
    let more = format!(
        "{moved}\n\n@app.get(\"/more\")\ndef more():\n    return requests.get(\"https://api.example.com/more\").json()\n"
    );
    write(folder.path(), &[("server.py", &more)]);
    let (code, report_) = report(&root, &["--new-only"], &[]);
    assert_eq!((code, &report_["gate"]["reasons"][0]["kind"]), (1, &Value::from("added")));
    let new: Vec<_> =
        findings(&report_, "missing-timeout").into_iter().filter(|each| each["standing"] == "new").collect();
    assert_eq!(new.len(), 1);
    // What is fixed is stale until it is pruned.
    let fixed = moved
        .replace("    return jsonify", "    answer.raise_for_status()\n    return jsonify")
        .replace("        headers=", "        timeout=10,\n        headers=");
    write(folder.path(), &[("server.py", &fixed)]);
    let (code, report_) = report(&root, &["--new-only"], &[]);
    assert_eq!((code, &report_["comparison"]["stale"][0]["rule"]), (0, &Value::from("missing-timeout")));
    assert_eq!(report(&root, &["--new-only", "--strict"], &[]).0, 1);
    let (_, out, _) = launchcheck(&["baseline", "prune", &root], &[]);
    assert!(out.contains("1 removed"), "{out}");
    assert_eq!(report(&root, &["--new-only", "--strict"], &[]).0, 0);
    fs::write(&file, "version = 9\n").expect("writable");
    let (code, _, err) = launchcheck(&[&root], &[]);
    assert!(code == 2 && err.contains("launchcheck-baseline.toml:1:1"), "{err}");
}

#[test]
fn a_revision_tells_what_is_new_known_and_gone() {
    let (folder, root) = tree(&[("bot.py", BOT)]);
    git(folder.path(), &["init", "--quiet", "--initial-branch", "main"]);
    commit(folder.path());
    for name in ["HEAD", "main", "@"] {
        let (code, same) = report(&root, &["--changed-since", name, "--new-only"], &[]);
        assert_eq!((code, verdict(&same, "A1").as_str()), (0, "fail"), "{}", same["gate"]);
        assert_eq!(same["items"][4]["standing"], "known");
    }
    let fixed = BOT.replace("        headers=", "        timeout=10,\n        headers=");
    let other = "import requests\n\n\ndef weather():\n    return requests.get(\"https://api.example.com/w\").json()\n";
    write(folder.path(), &[("bot.py", &fixed), ("lib/weather.py", other)]);
    let (code, changed) = report(&root, &["--changed-since", "HEAD", "--new-only"], &[]);
    assert_eq!(code, 1);
    let new = findings(&changed, "missing-timeout");
    assert_eq!(
        (new.len(), &new[0]["standing"], &new[0]["location"]["path"]),
        (1, &Value::from("new"), &Value::from("lib/weather.py"))
    );
    assert_eq!(changed["comparison"]["gone"][0]["location"]["path"], "bot.py");
    assert_eq!(changed["comparison"]["gone"][0]["standing"], "gone");
    write(folder.path(), &[("lib/weather.py", "")]);
    let (code, better) = report(&root, &["--changed-since", "HEAD", "--new-only"], &[]);
    assert_eq!(
        (code, &better["items"][4]["before"], &better["items"][4]["standing"]),
        (0, &Value::from("fail"), &Value::from("gone"))
    );
    // Older revisions, tags, digits, packed objects, a folder of the repository.
    commit(folder.path());
    git(
        folder.path(),
        &["-c", "user.name=a", "-c", "user.email=a@example.com", "tag", "--annotate", "v1", "--message", "t"],
    );
    git(folder.path(), &["gc", "--quiet"]);
    for name in ["HEAD~1", "HEAD^", "v1~", "main~1"] {
        let (_, older) = report(&root, &["--changed-since", name], &[]);
        assert_eq!(older["items"][4]["standing"], "gone", "{name}");
    }
    assert!(report(&root, &["--changed-since", "v1"], &[]).1["items"][4]["standing"].is_null());
}

#[test]
fn what_weakens_the_gate_is_said_first() {
    let attest = "[attest.A1]\nby = \"kim\"\nreason = \"the gateway\"\nexpires = 2099-01-01\n";
    let before = "require = [\"E2\"]\nmax-unticked = 3\n";
    let (folder, root) = tree(&[("bot.py", BOT), ("launchcheck.toml", before)]);
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    let commented = BOT.replace(CALL, &format!("    # launchcheck: ignore[A2] the gateway retries\n{CALL}"));
    write(folder.path(), &[("bot.py", &commented), ("launchcheck.toml", &format!("max-unticked = 12\n{attest}"))]);
    let (_, weaker) = report(&root, &["--changed-since", "HEAD"], &[]);
    let new: Vec<String> = weaker["gate"]["exemptions"]
        .as_array()
        .expect("exemptions")
        .iter()
        .filter(|each| each["standing"] == "new")
        .map(|each| format!("{} {}", each["kind"], each["subject"]).replace('"', ""))
        .collect();
    assert_eq!(new, ["attestation A1", "comment A2", "max-unticked 12", "require E2"]);
    for (format, said) in [("human", "this change makes the gate weaker"), ("concise", "gate-weakened")] {
        let (_, out, _) = launchcheck(&[&root, "--changed-since", "HEAD", "--format", format], &[]);
        assert!(out.lines().next().is_some_and(|line| line.contains(said)), "{out}");
    }
    commit(folder.path());
    let (_, out, _) = launchcheck(&[&root, "--changed-since", "HEAD"], &[]);
    assert!(!out.contains("weaker") && !out.contains("weakened"), "{out}");
}

#[test]
fn a_revision_that_cannot_be_read_ends_the_run() {
    let (folder, root) = tree(&[("bot.py", BOT)]);
    let fails = |name: &str, root: &str, said: &str| {
        let (code, out, err) = launchcheck(&[root, "--changed-since", name], &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        let err = err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(err.contains(said), "{name}\n{err}");
    };
    fails("HEAD", &root, "is in no git repository");
    git(folder.path(), &["init", "--quiet"]);
    // Before the first commit everything is new; there is no other revision.
    let (code, first) = report(&root, &["--changed-since", "HEAD", "--new-only"], &[]);
    assert_eq!((code, verdict(&first, "A1").as_str()), (1, "fail"));
    assert_eq!(findings(&first, "missing-timeout")[0]["standing"], "new");
    fails("main", &root, "there is no revision `main`");
    commit(folder.path());
    write(folder.path(), &[("b.py", "")]);
    commit(folder.path());
    for name in
        ["no-such", "HEAD~7", "HEAD^3", "", "~", "HEAD~x", "0000000000000000000000000000000000000000", "../x", "a\nb"]
    {
        let (code, out, err) = launchcheck(&[&root, &format!("--changed-since={name}")], &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(err.contains("launchcheck::revision"), "{name}\n{err}");
    }
    let shallow = tempfile::tempdir().expect("a folder");
    let clone = shallow.path().join("clone").display().to_string();
    git(folder.path(), &["clone", "--quiet", "--depth", "1", &format!("file://{root}"), &clone]);
    fails("HEAD~1", &clone, "fetch-depth: 0");
}

#[test]
fn in_ci_what_could_not_be_checked_fails() {
    let (folder, root) = tree(&[("bot.py", BOT)]);
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    fs::write(folder.path().join(".git/index"), "broken").expect("writable");
    let quiet = ["--max-unticked", "12"];
    let (code, report_) = report(&root, &quiet, &[]);
    assert_eq!((code, &report_["coverage"]["unchecked"][0]["path"]), (0, &Value::from(".git")));
    for variables in [&[("CI", "true")][..], &[("CI", "1")]] {
        let (code, report_) = report(&root, &quiet, variables);
        assert_eq!((code, &report_["gate"]["reasons"][0]["kind"]), (1, &Value::from("unchecked")));
    }
    assert_eq!(report(&root, &quiet, &[("CI", "false")]).0, 0);
    assert_eq!(report(&root, &["--max-unticked", "12", "--strict"], &[]).0, 1);
}
