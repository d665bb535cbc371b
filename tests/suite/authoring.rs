//! The page of CONTRIBUTING.md about libraries: its file loads, its example shows what it says, and with `--rules` it
//! changes what an audit, an explanation and the list of libraries say.

use std::fs;
use std::path::Path;

use launchcheck::rules::checked::Catalogue;

use crate::cli::launchcheck;
use crate::config::{report, tree, verdict};
use crate::examples::assert_exact;

/// The catalogue file that the page shows.
fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md");
    let text = fs::read_to_string(path).expect("CONTRIBUTING.md").replace("\r\n", "\n");
    let (_, section) = text.split_once("## Add a library\n").expect("the section");
    let (_, file) = section.split_once("```toml\n").expect("the file");
    file.split_once("```\n").expect("its end").0.to_owned()
}

/// A folder with the file of the page, as `--rules` takes it.
fn rules() -> (tempfile::TempDir, String) {
    tree(&[("heron.toml", &page())])
}

#[test]
fn the_file_of_the_page_loads_and_shows_what_it_says() {
    let (folder, _) = rules();
    let catalogue = Catalogue::load(Some(folder.path()), &[]).expect("the page's file is a catalogue file");
    let library = catalogue.libraries.iter().position(|library| library.name == "Heron").expect("the library");
    assert_exact("CONTRIBUTING.md", &catalogue, library);
}

#[test]
fn the_file_of_the_page_judges() {
    let (folder, rules) = rules();
    let catalogue = Catalogue::load(Some(folder.path()), &[]).expect("a catalogue");
    let library = catalogue.libraries.iter().find(|library| library.name == "Heron").expect("the library");
    let snippet = library.examples[0].python.as_deref().expect("a snippet");
    let (_app, root) = tree(&[("main.py", snippet), ("requirements.txt", "fastapi\nheron-ai\n")]);
    let (_, without) = report(&root, &[], &[]);
    let (_, with) = report(&root, &["--rules", &rules], &[]);
    // Unknown, nothing is asked about its calls; known, each box has its answer.
    assert_eq!(without["inventory"]["llm_calls"].as_array().map(Vec::len), Some(0));
    let places = |rule: &str| -> Vec<(String, u64)> {
        let findings = with["findings"].as_array().expect("findings").iter();
        let own = findings.filter(|finding| finding["rule"] == rule);
        own.map(|finding| {
            let place = &finding["location"];
            (place["path"].as_str().unwrap_or_default().to_owned(), place["line"].as_u64().unwrap_or(0))
        })
        .collect()
    };
    let line = |part: &str| snippet.lines().position(|line| line.contains(part)).expect("a line") as u64 + 1;
    let bare = ("main.py".to_owned(), line("Heron().messages.send"));
    for rule in ["missing-timeout", "no-retry", "missing-max-tokens"] {
        assert_eq!(places(rule), std::slice::from_ref(&bare), "{rule}");
    }
    assert_eq!(places("missing-rate-limit"), [("main.py".to_owned(), line("/summary"))]);
    assert_eq!((verdict(&without, "A1"), verdict(&with, "A1")), ("n/a".to_owned(), "fail".to_owned()));

    let guarded = format!("main.py:{}", line("heron.messages.send"));
    let (code, out, err) = launchcheck(&["explain", &guarded, &root, "--rules", &rules], &[]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("decorator `heron per_user` [C1]") && out.contains("✔ A1 timeouts"), "{out}");
}

#[test]
fn the_library_of_the_page_is_listed() {
    let (_folder, rules) = rules();
    let (code, out, err) = launchcheck(&["list", "libraries", "heron-ai", "--rules", &rules], &[]);
    assert_eq!(code, 0, "{err}");
    for line in [
        "Heron\nhttps://heron.example.com/docs\nPython: LLM calls 1, guards 1 (C1), clients 1\npypi: heron-ai\n\
         defaults: timeout 10m; retries none\n",
        "client\n    heron.{Heron, AsyncHeron}\n  retry: retries; default none\n  timeout: timeout; default 10m\n  \
         source: https://heron.example.com/docs/client\n",
        "guard C1 decorator\n    heron.limits.per_user\n",
    ] {
        assert!(out.contains(line), "{line}\n---\n{out}");
    }
    let (_, overview, _) = launchcheck(&["list", "libraries", "--rules", &rules], &[]);
    assert!(overview.lines().any(|line| line.starts_with("Heron ")), "{overview}");
    // A file with a mistake is told, and nothing is listed.
    let (_folder, wrong) = tree(&[("heron.toml", &page().replace("is = \"call\"", "is = \"cal\""))]);
    let (code, out, err) = launchcheck(&["list", "libraries", "--rules", &wrong], &[]);
    assert!(code == 2 && out.is_empty() && err.contains("did you mean"), "{err}");
}
