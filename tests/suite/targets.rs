//! What reads a report in place of a person: code scanning, build servers, merge requests, web pages, coding agents.
//! Each format is read here the way its reader does it. All of them must name the same places, and nothing from the
//! audited code may be more than text to any of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use comrak::nodes::NodeValue;
use launchcheck::{
    Options, audit,
    report::{Format, Style, clean, render},
    rules::secrets::Shapes,
    verdict::{Item, Report, Standing, Tongue},
};
use serde_json::Value;

use crate::{
    cases::{git, into_git},
    keys::{Chance, expanded},
    sample,
};

/// A path as it is shown, a line, a column.
type Place = (String, u64, u64);

fn written(report: &Report, format: Format, tongue: Tongue) -> String {
    render(report, &sample::packs(), format, &Style { tongue, all: true, ..Style::default() })
}

/// What the last pass over plain text breaks up, put together again.
fn joined(text: &str) -> String {
    let text = text.replace("# #[", "##[");
    text.strip_prefix(": :").map(|rest| format!("::{rest}")).unwrap_or(text)
}

/// `path:line:column`, where the path may hold anything.
fn place(text: &str) -> Option<Place> {
    let mut parts = text.rsplitn(3, ':');
    let (column, line, path) = (parts.next()?, parts.next()?, parts.next()?);
    Some((joined(path), line.parse().ok()?, column.parse().ok()?))
}

/// The place at the start of a line, which ends where one of the rules is named.
fn place_before(line: &str, named: impl Fn(&str) -> String) -> Option<Place> {
    let packs = sample::packs();
    let end = packs.rules().iter().filter_map(|rule| line.find(&named(&rule.id))).min()?;
    place(line.get(..end)?)
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
            let digits = std::str::from_utf8(&digits).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("digits"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// One workflow command as the runner reads it: its name, its properties, its data.
struct Annotation {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

impl Annotation {
    fn of(line: &str) -> Option<Annotation> {
        let (command, data) = line.strip_prefix("::")?.split_once("::")?;
        let (name, properties) = command.split_once(' ').unwrap_or((command, ""));
        let unescaped = |text: &str| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            text.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        };
        let properties = properties.split(',').filter_map(|property| property.split_once('='));
        Some(Annotation {
            name: name.to_owned(),
            properties: properties.map(|(name, value)| (name.to_owned(), unescaped(value))).collect(),
            data: data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"),
        })
    }

    fn property(&self, wanted: &str) -> Option<&str> {
        self.properties.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn place(&self) -> Option<Place> {
        let number = |name| self.property(name).and_then(|value| value.parse().ok());
        Some((joined(self.property("file")?), number("line")?, number("col")?))
    }
}

/// The places of the findings that a report names.
fn places(format: Format, output: &str) -> BTreeSet<Place> {
    let json = || -> Value { serde_json::from_str(output).expect("JSON") };
    match format {
        Format::Human | Format::Badge => BTreeSet::new(),
        Format::Concise => output.lines().filter_map(|line| place_before(line, |rule| format!(": {rule} "))).collect(),
        Format::Agent => {
            let named = |line: &str| {
                let of = |item: Item| place_before(line, |rule| format!(" {} {rule}", item.id()));
                Item::ALL.into_iter().find_map(of)
            };
            output.lines().filter_map(named).collect()
        }
        Format::Json => list(&json()["findings"])
            .iter()
            .map(|finding| {
                let place = &finding["location"];
                (text(&place["path"]), number(&place["line"]), number(&place["column"]))
            })
            .collect(),
        Format::Sarif => list(&json()["runs"][0]["results"])
            .iter()
            .map(|result| {
                let place = &result["locations"][0]["physicalLocation"];
                let region = &place["region"];
                let path = decoded(&text(&place["artifactLocation"]["uri"]));
                (path, number(&region["startLine"]), number(&region["startColumn"]))
            })
            .collect(),
        Format::Gitlab => list(&json())
            .iter()
            .map(|issue| {
                let begin = &issue["location"]["positions"]["begin"];
                (text(&issue["location"]["path"]), number(&begin["line"]), number(&begin["column"]))
            })
            .collect(),
        Format::Github => {
            output.lines().filter_map(Annotation::of).filter_map(|annotation| annotation.place()).collect()
        }
        Format::Junit => {
            let document = uppsala::parse(output).expect("XML");
            let nodes = ["failure", "system-out"].map(|name| document.get_elements_by_tag_name(name)).concat();
            let texts = nodes.into_iter().map(|node| document.text_content_deep(node));
            texts
                .flat_map(|text| {
                    text.lines().filter_map(|line| place_before(line, |rule| format!(": {rule}: "))).collect::<Vec<_>>()
                })
                .collect()
        }
        Format::Markdown => markdown_places(output),
    }
}

/// Reads Markdown as GitHub does.
fn with_markdown<T>(output: &str, read: impl for<'a> FnOnce(comrak::Node<'a>) -> T) -> T {
    let arena = comrak::Arena::new();
    let mut options = comrak::Options::default();
    let extension = &mut options.extension;
    (extension.table, extension.autolink, extension.tasklist, extension.strikethrough) = (true, true, true, true);
    (extension.footnotes, extension.alerts, extension.math_dollars, extension.math_code) = (true, true, true, true);
    read(comrak::parse_document(&arena, output, &options))
}

/// Each item of a list that begins with a place.
fn markdown_places(output: &str) -> BTreeSet<Place> {
    with_markdown(output, |document| {
        let items = document.descendants().filter(|node| matches!(node.data().value, NodeValue::Item(_)));
        let first = items.filter_map(|item| item.first_child()?.first_child());
        first
            .filter_map(|node| match &node.data().value {
                NodeValue::Code(code) => place(&code.literal),
                _ => None,
            })
            .collect()
    })
}

/// Every text that a reader ends up with, after it has taken escapes back.
fn texts(format: Format, output: &str) -> Vec<String> {
    match format {
        Format::Json | Format::Sarif | Format::Gitlab => {
            let mut texts = Vec::new();
            gather(&serde_json::from_str(output).expect("JSON"), &mut texts);
            if format == Format::Sarif {
                texts.extend(places(format, output).into_iter().map(|(path, ..)| path));
            }
            texts
        }
        Format::Github => {
            let annotations: Vec<Annotation> = output.lines().filter_map(Annotation::of).collect();
            let properties = annotations.iter().flat_map(|each| each.properties.iter().map(|(_, value)| value.clone()));
            properties.chain(annotations.iter().map(|each| each.data.clone())).collect()
        }
        Format::Junit | Format::Badge => {
            let document = uppsala::parse(output).expect("XML");
            let elements = document.descendants(document.root());
            let attributes = elements.iter().filter_map(|node| document.element(*node));
            let attributes =
                attributes.flat_map(|element| element.attributes.iter().map(|each| each.value.to_string()));
            attributes.chain([document.text_content_deep(document.root())]).collect()
        }
        Format::Human | Format::Concise | Format::Markdown | Format::Agent => vec![output.to_owned()],
    }
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| gather(value, texts)),
        Value::Object(values) => values.iter().for_each(|(key, value)| {
            texts.push(key.clone());
            gather(value, texts);
        }),
        _ => {}
    }
}

/// Nothing in an output acts: not as it is written, and not after its reader has read it.
fn assert_harmless(format: Format, output: &str) {
    for text in texts(format, output).iter().chain([&output.to_owned()]) {
        let hostile = text.chars().find(|each| *each != '\n' && clean::is_hostile(*each));
        assert_eq!(hostile, None, "{format:?}\n{text}");
    }
    for line in output.lines() {
        assert!(!line.contains("##["), "{format:?}\n{line}");
        match line.trim_start().strip_prefix("::") {
            Some(_) if format == Format::Github => {
                let annotation = Annotation::of(line).unwrap_or_else(|| panic!("{line}"));
                assert!(["notice", "warning", "error"].contains(&annotation.name.as_str()), "{line}");
                let known = ["file", "line", "endLine", "col", "endColumn", "title"];
                assert!(annotation.properties.iter().all(|(name, _)| known.contains(&name.as_str())), "{line}");
                assert!(annotation.data.lines().all(|line| !line.trim_start().starts_with("::")), "{line}");
                assert!(!annotation.data.contains("##["), "{line}");
            }
            Some(_) => panic!("{format:?}\n{line}"),
            None => {}
        }
    }
    if format == Format::Markdown {
        assert_only_text(output);
    }
    if format == Format::Sarif {
        let log: Value = serde_json::from_str(output).expect("JSON");
        for result in list(&log["runs"][0]["results"]) {
            assert!(!text(&result["message"]["text"]).contains("]("), "a link in a plain message: {result}");
        }
    }
}

/// Markdown with the structure that is ours, and text: no link, no HTML but ours, nobody called, no cell too many.
fn assert_only_text(output: &str) {
    with_markdown(output, |document| {
        for node in document.descendants() {
            match &node.data().value {
                NodeValue::HtmlBlock(html) => {
                    let ours = ["<details><summary>code</summary>", "<details><summary>코드</summary>", "</details>"];
                    assert!(ours.contains(&html.literal.trim_end()), "{}", html.literal);
                }
                NodeValue::Table(_) => {
                    let rows: Vec<usize> = node.children().map(|row| row.children().count()).collect();
                    assert_eq!(rows, vec![3; 13], "{output}");
                }
                NodeValue::Text(text) => {
                    let acts = ["@", "://", "www.", "<", "]("].into_iter().find(|mark| text.contains(mark));
                    assert_eq!(acts, None, "{text}\n{output}");
                }
                NodeValue::Document
                | NodeValue::Heading(_)
                | NodeValue::Paragraph
                | NodeValue::List(_)
                | NodeValue::Item(_)
                | NodeValue::TableRow(_)
                | NodeValue::TableCell
                | NodeValue::Code(_)
                | NodeValue::CodeBlock(_)
                | NodeValue::Strong
                | NodeValue::SoftBreak => {}
                other => panic!("{other:?}\n{output}"),
            }
        }
    });
}

/// What each format makes of a report: the same places, and nothing hostile.
fn assert_agreement(report: &Report) {
    for tongue in [Tongue::English, Tongue::Korean] {
        let expected = places(Format::Json, &written(report, Format::Json, tongue));
        assert!(!expected.is_empty());
        let gone = report.audit.comparison.iter().flat_map(|comparison| &comparison.gone);
        let gone: BTreeSet<Place> = gone
            .map(|gone| &gone.location)
            .map(|place| (clean::line(&place.path), u64::from(place.line), u64::from(place.column)))
            .collect();
        for format in Format::ALL {
            let output = written(report, format, tongue);
            assert_harmless(format, &output);
            match format {
                Format::Badge => {}
                // Its places are checked as they are printed: they stand in the middle of drawings.
                Format::Human => {
                    let output = output.replace("# #[", "##[").replace(": :", "::");
                    for (path, line, column) in &expected {
                        assert!(
                            output.contains(&format!("{path}:{line}:{column}")),
                            "{path}:{line}:{column}\n{output}"
                        );
                    }
                }
                _ => {
                    let found: BTreeSet<Place> = places(format, &output).difference(&gone).cloned().collect();
                    let expected: BTreeSet<Place> = expected.difference(&gone).cloned().collect();
                    assert_eq!(found, expected, "{format:?}\n{output}");
                }
            }
        }
    }
}

#[test]
fn all_formats_agree_on_reports_made_by_hand() {
    for report in [sample::ordinary(), sample::compared(), sample::hostile()] {
        assert_agreement(&report);
    }
}

/// Names that act somewhere: in build logs, terminals, Markdown, XML, URIs.
const NAMES: [&str; 8] = [
    "a\n::error file=x.py,line=1::gotcha.py",
    "::error::b.py",
    "##[group]c.py",
    "d\u{1b}[31m\u{202e}\u{7}.py",
    "e|f`g``h\\|\\.py",
    "i\"j'k&l<b>m<!--]]>.py",
    "@octocat #1 [n](o) ![p](q) :x: *r* _s_ ~t~ $u$.py",
    "%0A%3A%2C,v=w%25 \u{200b}.py",
];

/// An application in one file whose own names are as bad.
const APPLICATION: &str = r#"
import os
import requests
from flask import Flask, request

app = Flask(__name__)
KEY = os.environ["OPENAI_API_KEY"]


@app.post("/x|`y`<b>@octocat</b> ::error::z ##[group] ]]> [a](b) {esc}{bidi}")
def 답하기():
    질문 = request.json["question"]
    return requests.post(
        "https://api.openai.com/v1/chat/completions",
        headers={"Authorization": KEY},
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": 질문}]},
    ).json()
"#;

fn lay_out(root: &Path, files: &[(&str, String)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

fn hostile_files() -> Vec<(&'static str, String)> {
    let application = APPLICATION.replace("{esc}", "\u{1b}[31m").replace("{bidi}", "\u{202e}\u{200b}");
    let shapes = Shapes::built_in().expect("shapes");
    let mut files: Vec<(&str, String)> = NAMES.iter().map(|name| (*name, application.clone())).collect();
    files.push(("keys.py", expanded("OPENAI_KEY = \"{{key:openai-project}}\"\n", &shapes)));
    files
}

fn korean_files() -> Vec<(&'static str, String)> {
    let application = APPLICATION.replace("{esc}", "").replace("{bidi}", "").replace("/x|`y`", "/질문/");
    vec![("앱/서버 본체.py", application.clone()), ("앱/검색🙂.py", format!("\u{feff}# 검색\n{application}"))]
}

#[test]
fn all_formats_agree_on_hostile_and_korean_repositories() {
    for files in [hostile_files(), korean_files()] {
        let folder = tempfile::tempdir().expect("a folder");
        lay_out(folder.path(), &files);
        let report = audit(folder.path(), &Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let found: BTreeSet<&str> = report.audit.findings.iter().map(|each| each.location.path.as_str()).collect();
        let laid: BTreeSet<&str> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, laid, "every file has findings");
        assert_agreement(&report);
    }
}

#[test]
fn no_format_shows_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = hostile_files();
    lay_out(folder.path(), &files);
    let secret = files.last().and_then(|(_, text)| text.split('"').nth(1)).expect("a credential").to_owned();
    let report = audit(folder.path(), &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.audit.findings.iter().any(|finding| finding.item == Item::E2));
    for format in Format::ALL {
        let output = written(&report, format, Tongue::English);
        for length in [secret.len(), 16] {
            let part = secret.get(secret.len() - length..).expect("ASCII");
            assert!(!output.contains(part), "{format:?}\n{output}");
        }
    }
}

/// The outputs of the installed program in every format, by one run.
fn outputs(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<(Format, PathBuf)> =
        Format::ALL.into_iter().map(|format| (format, folder.path().join(format.name()))).collect();
    let options = files.iter().map(|(format, file)| format!("--output={}={}", format.name(), file.display()));
    let output = Command::new(env!("CARGO_BIN_EXE_launchcheck"))
        .arg(root)
        .args(options)
        .args(arguments)
        .env_remove("LAUNCHCHECK_LANG")
        .envs(variables.iter().copied())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    files.iter().map(|(_, file)| fs::read_to_string(file).expect("a report")).collect()
}

#[test]
fn all_formats_are_the_same_bytes_wherever_and_however_they_are_written() {
    for files in [hostile_files(), korean_files()] {
        let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let elsewhere = second.path().join("다른 곳/node_modules/tests");
        lay_out(first.path(), &files);
        let backwards: Vec<_> = files.iter().rev().cloned().collect();
        lay_out(&elsewhere, &backwards);
        for lang in ["--lang=en", "--lang=ko"] {
            let expected = outputs(first.path(), &[lang, "--threads=1"], &[("LC_ALL", "C")]);
            let again = outputs(first.path(), &[lang, "--threads=7"], &[("LC_ALL", "ko_KR.UTF-8")]);
            let moved = outputs(&elsewhere, &[lang], &[("LANG", "en_US.UTF-8"), ("CI", "true")]);
            for (index, format) in Format::ALL.into_iter().enumerate() {
                assert_eq!(again[index], expected[index], "{format:?}");
                assert_eq!(moved[index], expected[index], "{format:?}");
                assert!(!expected[index].contains("다른 곳"), "{format:?}");
            }
        }
    }
}

#[test]
fn sites_that_show_the_whole_repository_get_paths_from_its_root() {
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(&folder.path().join("apps/내 앱"), &korean_files());
    git(folder.path(), &["init", "--quiet"]);
    into_git(folder.path(), &[]);
    let report =
        audit(&folder.path().join("apps/내 앱"), &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.prefix, "apps/내 앱");
    let begin = |format| {
        let places = places(format, &written(&report, format, Tongue::English));
        places.into_iter().all(|(path, ..)| path.starts_with("apps/내 앱/앱/"))
    };
    assert!([Format::Sarif, Format::Github, Format::Gitlab].into_iter().all(begin));
    assert!(![Format::Json, Format::Concise, Format::Junit, Format::Markdown, Format::Agent].into_iter().any(begin));
    let log: Value = serde_json::from_str(&written(&report, Format::Sarif, Tongue::English)).expect("JSON");
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "launchcheck/apps/내 앱/");
}

#[test]
fn sarif_holds_to_the_schema_of_oasis() {
    let schema: Value = serde_json::from_str(include_str!("../schemas/sarif-schema-2.1.0.json")).expect("JSON");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a valid schema");
    for report in [sample::ordinary(), sample::compared(), sample::hostile()] {
        for tongue in [Tongue::English, Tongue::Korean] {
            let log: Value = serde_json::from_str(&written(&report, Format::Sarif, tongue)).expect("JSON");
            let errors: Vec<String> =
                validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new());
        }
    }
    let mut wrong: Value =
        serde_json::from_str(&written(&sample::ordinary(), Format::Sarif, Tongue::English)).expect("JSON");
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn sarif_tells_code_scanning_what_it_needs() {
    let report = sample::compared();
    let log: Value = serde_json::from_str(&written(&report, Format::Sarif, Tongue::English)).expect("JSON");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = list(&run["tool"]["driver"]["rules"]);
    assert_eq!(rules.len(), sample::packs().rules().len());
    for rule in rules {
        let properties = &rule["properties"];
        assert!(text(&rule["help"]["markdown"]).contains("```") || properties["problem.severity"] == "recommendation");
        let is_security = list(&properties["tags"]).contains(&"security".into());
        let severity = properties["security-severity"].as_str().map(|text| text.parse::<f64>().expect("a number"));
        assert_eq!(severity.is_some_and(|severity| severity > 0.0 && severity <= 10.0), is_security, "{rule}");
    }
    let mut fingerprints = BTreeSet::new();
    for result in list(&run["results"]) {
        let index = usize::try_from(number(&result["ruleIndex"])).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["new", "unchanged", "absent"].contains(&text(&result["baselineState"]).as_str()));
        fingerprints.insert(text(&result["partialFingerprints"]["primaryLocationLineHash"]));
    }
    assert!(!fingerprints.is_empty());
    let suppressed: Vec<&Value> =
        list(&run["results"]).iter().filter(|result| !list(&result["suppressions"]).is_empty()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "logged by the gateway");
    let related = list(&run["results"]).iter().find_map(|result| list(&result["relatedLocations"]).first());
    assert_eq!(related.map(|place| text(&place["message"]["text"])).as_deref(), Some("the session is made here"));
    assert!(!list(&run["properties"]["weakened"]).is_empty());
}

fn junit_errors(validator: &uppsala::XsdValidator, document: &str) -> Vec<String> {
    let document = uppsala::parse(document).expect("XML");
    validator.validate(&document).iter().map(ToString::to_string).collect()
}

#[test]
fn junit_holds_to_the_schema_of_jenkins() {
    let schema = uppsala::parse(include_str!("../schemas/junit-10.xsd")).expect("XML");
    let validator = uppsala::XsdValidator::from_schema(&schema).expect("a valid schema");
    for report in [sample::ordinary(), sample::compared(), sample::hostile()] {
        for tongue in [Tongue::English, Tongue::Korean] {
            assert_eq!(junit_errors(&validator, &written(&report, Format::Junit, tongue)), Vec::<String>::new());
        }
    }
    let right = written(&sample::ordinary(), Format::Junit, Tongue::English);
    for (from, to) in [
        ("<testsuite name=", "<testsuite title="),
        (" failures=", " broken="),
        ("<failure ", "<failure level=\"1\" "),
        ("<properties>", "<properties>text"),
        ("<skipped ", "<omitted "),
        ("<testcase name=", "<testcase file=\"a\" name="),
    ] {
        let wrong = right.replace(from, to);
        assert_ne!(wrong, right, "{from}");
        assert_ne!(junit_errors(&validator, &wrong), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn junit_is_five_suites_and_twelve_cases() {
    let report = sample::ordinary();
    let output = written(&report, Format::Junit, Tongue::English);
    let document = uppsala::parse(&output).expect("XML");
    let count = |name: &str| document.get_elements_by_tag_name(name).len();
    assert_eq!((count("testsuite"), count("testcase")), (5, 12));
    assert_eq!(count("failure"), report.audit.unticked().len());
    assert_eq!(count("skipped"), 1);
    assert!(output.contains("attested by kim until 2031-12-31: project budget at the provider"), "{output}");
    let cases = document.get_elements_by_tag_name("testcase");
    let names = cases.into_iter().filter_map(|case| document.get_attribute(case, "name"));
    assert!(names.zip(Item::ALL).all(|(name, item)| name.starts_with(item.id())));
}

#[test]
fn gitlab_gets_the_fields_that_it_reads() {
    let report = sample::compared();
    let issues: Value = serde_json::from_str(&written(&report, Format::Gitlab, Tongue::English)).expect("JSON");
    assert_eq!(list(&issues).len(), report.audit.findings.len());
    for (issue, finding) in list(&issues).iter().zip(&report.audit.findings) {
        assert!(!text(&issue["description"]).is_empty());
        assert_eq!(issue["check_name"], finding.rule.as_str());
        assert_eq!(issue["fingerprint"], finding.fingerprint.as_str());
        assert_eq!(issue["location"]["lines"]["begin"], finding.location.line);
        let severity = text(&issue["severity"]);
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity.as_str()), "{severity}");
        assert_eq!(severity == "info", !finding.unticks());
    }
}

#[test]
fn github_shows_a_box_before_its_findings() {
    let report = sample::compared();
    let output = written(&report, Format::Github, Tongue::English);
    let annotations: Vec<Annotation> = output.lines().filter_map(Annotation::of).collect();
    let weakened = report.audit.gate.weakened().count();
    assert!(weakened > 0);
    let title = |annotation: &Annotation| annotation.property("title").map(str::to_owned).unwrap_or_default();
    assert!(annotations.iter().take(weakened).all(|each| title(each).starts_with("gate weakened since origin/main")));
    let rest: Vec<&Annotation> = annotations.iter().skip(weakened).collect();
    assert_eq!((rest[0].name.as_str(), title(rest[0])), ("notice", "launchcheck".to_owned()));
    let boxes = report.audit.unticked();
    let errors: Vec<String> = rest.iter().filter(|each| each.name == "error").map(|each| title(each)).collect();
    assert_eq!(errors.len(), boxes.len());
    assert!(errors.iter().zip(&boxes).all(|(title, item)| title.starts_with(item.id())), "{errors:?}");
    let first = rest.iter().position(|each| each.name == "warning").expect("a warning");
    assert!(rest.iter().skip(first).all(|each| each.name != "error"), "{output}");
    assert_eq!(output.lines().last(), Some(words(&report).as_str()));
}

fn words(report: &Report) -> String {
    launchcheck::report::words::verdict(&report.audit, Tongue::English)
}

#[test]
fn markdown_is_short_and_says_what_changed() {
    let report = sample::compared();
    let style = Style::default();
    let output = render(&report, &sample::packs(), Format::Markdown, &style);
    assert_only_text(&output);
    assert!(output.contains("gate weakened since") && output.contains("3 new, 4 known, 2 gone"), "{output}");
    let weakened = output.find("gate weakened").expect("it is said");
    assert!(weakened < output.find("| |").expect("a table"), "it is said first");
    assert_eq!(output.matches("\n- `lib/client.py").count() + output.matches("\n- `web/app").count(), 3, "{output}");
    assert!(output.contains("and 3 more"), "{output}");
    // A comment may have 65,536 characters, whatever the names are.
    let mut long = sample::hostile();
    for finding in &mut long.audit.findings {
        finding.location.path = "@/".repeat(20_000);
        finding.message.en = "[a](b) ".repeat(20_000);
    }
    assert!(render(&long, &sample::packs(), Format::Markdown, &style).chars().count() < 65_536);
}

#[test]
fn no_text_is_markup() {
    let pieces = [
        "`",
        "``",
        "|",
        "\\",
        "<b>",
        "</b>",
        "<!--",
        "@octocat",
        "[a](b)",
        "![",
        "](",
        "*",
        "_",
        "~~",
        "#1",
        ":x:",
        "&lt;",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        "$",
        "\n",
        "\n- ",
        "\n\n",
        "한글",
        "a",
        " ",
        "  ",
        "-",
        "1.",
        "(",
        ")",
        "^[",
        "[^1]",
    ];
    let mut chance = Chance::of(7);
    let packs = sample::packs();
    for _ in 0..1_000 {
        let count = chance.next() % 12;
        let text: String =
            (0..count).map(|_| pieces[usize::try_from(chance.next() % 1_000).unwrap_or(0) % pieces.len()]).collect();
        let mut report = sample::ordinary();
        let audit = &mut report.audit;
        for finding in &mut audit.findings {
            finding.location.path.clone_from(&text);
            finding.message.en.clone_from(&text);
        }
        for answer in &mut audit.boxes {
            answer.because.en.clone_from(&text);
            answer.evidence.iter_mut().for_each(|evidence| evidence.location.path.clone_from(&text));
        }
        let output = render(&report, &packs, Format::Markdown, &Style { all: true, ..Style::default() });
        assert_only_text(&output);
    }
}

#[test]
fn agents_read_the_verdict_first_and_each_fix_once() {
    let report = sample::ordinary();
    let output = written(&report, Format::Agent, Tongue::English);
    assert_eq!(output.lines().next(), Some(words(&report).as_str()));
    assert_eq!(output.matches("Set a limit on the client").count(), 1, "{output}");
    let findings = report.audit.findings.len();
    assert_eq!(output.lines().filter(|line| line.contains(" -> ")).count(), findings - 1, "all but the suppressed one");
    let mut clear = sample::ordinary();
    clear.audit.findings.clear();
    clear.audit.boxes.iter_mut().for_each(|answer| answer.findings.clear());
    assert!(!written(&clear, Format::Agent, Tongue::English).contains(" -> "));
}

#[test]
fn badges_are_whole_and_as_wide_as_their_texts() {
    let mut ready = sample::ordinary();
    ready.audit.gate.required.clear();
    let shown = [(sample::ordinary(), "10/12", "준비"), (ready, "ready", "준비됨")];
    for (report, said, _) in &shown {
        let output = written(report, Format::Badge, Tongue::English);
        assert!(output.contains(&format!(">{said}</text>")), "{output}");
        assert!(!output.contains("href") && output.matches("http").count() == 1, "it refers to nothing");
        let document = uppsala::parse(&output).expect("XML");
        let svg = document.document_element().expect("an element");
        let number = |node, name| -> f64 {
            document.get_attribute(node, name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}"))
        };
        let width = number(svg, "width");
        let texts = document.get_elements_by_tag_name("text");
        let used: f64 = texts.iter().map(|text| number(*text, "textLength")).sum();
        assert!((width - used - 24.0).abs() < 1.1, "{width} {used}");
        assert_eq!(document.get_elements_by_tag_name("title").len(), 1);
        assert!(document.get_attribute(svg, "aria-label").is_some_and(|label| label.contains("of 12 boxes")));
    }
    let korean = written(&shown[1].0, Format::Badge, Tongue::Korean);
    assert!(korean.contains(shown[1].2), "{korean}");
}

#[test]
fn what_has_made_the_gate_weaker_is_said_first() {
    let report = sample::compared();
    for format in [Format::Human, Format::Concise, Format::Github, Format::Agent] {
        let output = written(&report, format, Tongue::English);
        let lines: Vec<&str> = output.lines().filter(|line| *line != words(&report)).collect();
        assert!(
            lines.first().is_some_and(|line| line.contains("weaken") || line.contains("weaker")),
            "{format:?}\n{output}"
        );
    }
}

#[test]
fn what_stands_new_known_or_gone_is_marked_where_findings_are() {
    let report = sample::compared();
    assert!(report.audit.findings.iter().any(|finding| finding.standing == Some(Standing::New)));
    let marked = [Format::Human, Format::Github, Format::Gitlab, Format::Junit, Format::Markdown, Format::Agent];
    for format in marked {
        let output = written(&report, format, Tongue::English);
        assert!(output.contains("(new)") && output.contains("(known"), "{format:?}\n{output}");
    }
    let concise = written(&report, Format::Concise, Tongue::English);
    assert!(concise.contains(", new]") && concise.contains(", known]"), "{concise}");
}
