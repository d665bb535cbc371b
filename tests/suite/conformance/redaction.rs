//! No report holds a value: in no format, no language, no snippet of a neighbouring line, no name and no error.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;
use launchcheck::report::{Format, Style, render};
use launchcheck::verdict::{Report, Tongue};

use super::kinds::{KINDS, ToldBy};
use super::maker::Maker;
use super::{audited, lay_out, leaking};
use crate::sample::packs;

/// All that is said about a tree.
fn said(report: &Report) -> String {
    let mut all = String::new();
    for tongue in [Tongue::English, Tongue::Korean] {
        for (verbose, width) in [(false, 80), (true, 400)] {
            let style = Style { tongue, verbose, all: true, width, ..Style::default() };
            all.extend(Format::ALL.map(|format| render(report, &packs(), format, &style)));
        }
    }
    let _ = write!(all, "{:?}", report.audit.findings);
    all
}

/// What of a value must stand nowhere: of an address its password, of others what lies behind the middle.
fn secret_part(value: &str) -> &str {
    let secret = match value.split_once("://") {
        Some((_, rest)) => {
            rest.split_once('@').and_then(|(user, _)| user.split_once(':')).map_or(rest, |(_, word)| word)
        }
        None => value,
    };
    let end = secret.len().saturating_sub(2);
    let start = if secret.len() < 20 { 0 } else { secret.len() / 2 + 2 };
    secret.get(start..end).unwrap_or_default()
}

/// The pieces of it, each long enough not to stand somewhere by chance.
fn pieces(value: &str) -> Vec<&str> {
    let whole = secret_part(value);
    let length = whole.len().min(12);
    // What the provider writes into every value is no secret.
    let known = ["T3BlbkFJ", "WGdyb3FY", "JQQJ99", "googleapis"];
    let is_secret = |piece: &&str| !known.iter().any(|known| piece.contains(known));
    (0..whole.len()).filter_map(|at| whole.get(at..at + length)).filter(is_secret).collect()
}

fn assert_silent(said: &str, values: &[String]) {
    let pieces: Vec<&str> = values.iter().flat_map(|value| pieces(value)).collect();
    let search = AhoCorasick::new(&pieces).expect("a search");
    if let Some(found) = search.find(said) {
        let before: Vec<char> = said[..found.start()].chars().rev().take(200).collect();
        let before: String = before.into_iter().rev().collect();
        panic!("`{}` is shown after: {before}", pieces[found.pattern().as_usize()]);
    }
}

#[test]
fn no_report_holds_a_value() {
    let samples: Vec<_> = leaking().into_iter().enumerate().filter(|(number, _)| number % 7 == 0).collect();
    let samples: Vec<_> = samples.into_iter().map(|(_, sample)| sample).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    lay_out(&samples, folder.path());
    let report = audited(folder.path());
    assert!(report.audit.findings.len() > 500, "too little to show: {}", report.audit.findings.len());
    let values: Vec<String> =
        samples.iter().map(|shown| shown.sample.value.clone()).filter(|value| !value.contains("-----")).collect();
    assert_silent(&said(&report), &values);
}

/// Every kind of value where a report takes its words from: names, addresses, routes, models, neighbouring lines.
fn woven(value: &str, file: &Path) {
    let text = format!(
        "import os\n\nimport requests\nfrom fastapi import FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\n\
         KEY = \"{value}\"\nOTHER = \"{value}\"\nclient = OpenAI(api_key=os.getenv(\"X_{value}\"))\n\n\n\
         @app.post(\"/hook/{value}\")\ndef hook(question: str):\n    # {value}\n\
         \x20   requests.post(\"https://api.service.dev/v1/{value}?k={value}\", json={{\"a\": \"{value}\"}})\n\
         \x20   print(\"{value}\")\n    return client.responses.create(model=\"{value}\", input=question)\n"
    );
    fs::write(file, text).expect("a written file");
}

#[test]
fn values_are_hidden_wherever_a_report_takes_its_words_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut maker = Maker::of(99);
    let mut values = Vec::new();
    for (number, kind) in KINDS.iter().enumerate().filter(|(_, kind)| kind.told_by == ToldBy::Form) {
        let value = (kind.make)(&mut maker);
        if value.contains([' ', '@']) {
            continue;
        }
        woven(&value, &folder.path().join(format!("app{number}.py")));
        values.push(value);
    }
    assert_silent(&said(&audited(folder.path())), &values);
}

#[test]
fn hundreds_of_values_in_one_file_are_hidden() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut maker = Maker::of(5);
    let values: Vec<String> = (0..700).map(|_| maker.summed("ghp_")).collect();
    let lines: String = values.iter().map(|value| format!("KEY = \"{value}\"\n")).collect();
    fs::write(folder.path().join("keys.py"), lines).expect("a written file");
    let report = audited(folder.path());
    assert!(report.audit.findings.len() >= 100);
    assert_silent(&said(&report), &values);
}
