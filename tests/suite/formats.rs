//! All formats say the same numbers, nothing hostile leaves, lines fit, and JSON keeps its schema.

use launchcheck::{
    report::{Format, Style, clean, json, render},
    verdict::{Audit, Item, Report, Tongue, Verdict},
};
use serde_json::Value;

use crate::sample;

const TONGUES: [Tongue; 2] = [Tongue::English, Tongue::Korean];

fn styles() -> impl Iterator<Item = Style> {
    let widths = [40, 41, 57, 80, 120];
    widths.into_iter().flat_map(|width| {
        TONGUES.into_iter().flat_map(move |tongue| {
            [(true, false), (false, false), (true, true), (false, true)].into_iter().map(move |(unicode, all)| Style {
                tongue,
                width,
                unicode,
                all,
                verbose: all,
                ..Style::default()
            })
        })
    })
}

fn written(report: &Report, format: Format, style: &Style) -> String {
    render(report, &sample::packs(), format, style)
}

fn parsed(report: &Report) -> Value {
    serde_json::from_str(&written(report, Format::Json, &Style::default())).expect("valid JSON")
}

/// Every `path:line:column` of the findings, by the JSON.
fn places(report: &Report) -> Vec<String> {
    let document = parsed(report);
    let findings = document["findings"].as_array().cloned().unwrap_or_default();
    findings
        .iter()
        .map(|finding| {
            let place = &finding["location"];
            format!("{}:{}:{}", place["path"].as_str().unwrap_or_default(), place["line"], place["column"])
        })
        .collect()
}

#[test]
fn all_formats_agree_on_every_place() {
    for report in [sample::ordinary(), sample::compared(), sample::hostile()] {
        let all = Style { all: true, ..Style::default() };
        let concise = written(&report, Format::Concise, &all).replace("# #[", "##[");
        let human = written(&report, Format::Human, &all).replace("# #[", "##[");
        let places = places(&report);
        assert_eq!(places.len(), report.audit.findings.len());
        let findings = concise.lines().filter(|line| !line.contains(": gate-weakened "));
        for (line, place) in findings.zip(&places) {
            assert!(line.starts_with(&format!("{place}: ")), "{line}\n{place}");
        }
        for place in &places {
            assert!(human.contains(place), "{place}\n{human}");
        }
    }
}

#[test]
fn nothing_hostile_leaves() {
    let report = sample::hostile();
    for style in styles() {
        for format in Format::ALL {
            let text = written(&report, format, &style);
            let hostile = text.chars().find(|each| *each != '\n' && clean::is_hostile(*each));
            assert_eq!(hostile, None, "{format:?} {style:?}\n{text}");
            for line in text.lines() {
                // Workflow commands of our own are looked into in `targets`.
                assert!(format == Format::Github || !line.trim_start().starts_with("::"), "{line}");
                assert!(!line.contains("##["), "{line}");
            }
        }
    }
    // What JSON writes with escapes must be harmless after parsing, too.
    let clean = parsed(&report).to_string();
    assert!(!clean.contains("\\u001b") && !clean.contains('\u{202e}'), "{clean}");
}

#[test]
fn lines_fit_and_end_cleanly() {
    for report in [sample::ordinary(), sample::compared(), sample::hostile()] {
        for style in styles() {
            let text = written(&report, Format::Human, &style);
            for line in text.lines() {
                assert_eq!(line, line.trim_end(), "{style:?}");
                // A place is never broken, so that it stays clickable.
                let is_place = line.contains(".py:") || line.contains(".ts:") || line.contains(".py");
                assert!(clean::cells(line) <= style.width || is_place, "{style:?}\n{line}\n{text}");
                assert!(style.unicode || !line.contains(['✔', '✘', '─', '│', '…']), "{line}");
            }
        }
    }
}

#[test]
fn the_verdict_is_the_last_line() {
    let report = sample::ordinary();
    for format in [Format::Human, Format::Concise] {
        let text = written(&report, format, &Style::default());
        assert_eq!(text.lines().last(), Some("NOT READY: 2 of 12 boxes are unticked (limit 2); required: C1"));
        let quiet = written(&report, format, &Style { quiet: true, ..Style::default() });
        assert_eq!(quiet.lines().count(), 1);
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let report = sample::ordinary();
    let escapes = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("valid");
    for style in styles() {
        let plain = written(&report, Format::Human, &style);
        let colored = written(&report, Format::Human, &Style { color: true, ..style });
        assert_ne!(plain, colored);
        assert_eq!(plain, escapes.replace_all(&colored, ""));
    }
}

#[test]
fn three_places_are_shown_and_the_rest_is_counted() {
    let text = written(&sample::ordinary(), Format::Human, &Style::default());
    assert_eq!(text.matches("missing-timeout: ").count(), 3, "{text}");
    assert!(text.contains("and 3 more (--all shows them)"));
    assert_eq!(text.matches("client = OpenAI(timeout=30.0)").count(), 1, "{text}");
    assert!(text.contains("see 앱/설정.py:12:1  the session is made here"), "{text}");
    assert!(!text.contains("logged by the gateway"));
    let all = written(&sample::ordinary(), Format::Human, &Style { all: true, ..Style::default() });
    assert_eq!(all.matches("missing-timeout: ").count(), 6);
    assert!(all.contains("logged by the gateway"));
}

#[test]
fn both_tongues_say_the_same_boxes() {
    let report = sample::ordinary();
    let style = Style { tongue: Tongue::Korean, ..Style::default() };
    let text = written(&report, Format::Human, &style);
    for item in Item::ALL {
        assert!(text.contains(item.id()));
    }
    assert!(text.contains("배포 준비 안 됨: 12개 중 2개 미통과(허용 2개), 필수 항목: C1"), "{text}");
    assert!(text.contains("참고 앱/설정.py:12:1  세션을 여기서 만듭니다"), "{text}");
    let document: Value = serde_json::from_str(&written(&report, Format::Json, &style)).expect("valid JSON");
    assert_eq!(document["items"][11]["because"], "여러 차례 이어지는 대화가 없습니다");
}

#[test]
fn json_keeps_its_schema() {
    let schema: Value = serde_json::from_str(json::JSON_SCHEMA).expect("valid JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let mut with_apps = sample::ordinary();
    let app = launchcheck::verdict::App { root: "apps/web".into(), audit: with_apps.audit.clone() };
    with_apps.apps.push(app);
    for report in [sample::ordinary(), sample::compared(), sample::hostile(), with_apps] {
        let document = parsed(&report);
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let mut wrong = parsed(&sample::ordinary());
    wrong["items"][0]["verdict"] = "maybe".into();
    assert!(!validator.is_valid(&wrong));
    let mut surplus = parsed(&sample::ordinary());
    surplus["time"] = "now".into();
    assert!(!validator.is_valid(&surplus));
}

#[test]
fn json_keeps_the_order_of_its_keys() {
    let text = written(&sample::ordinary(), Format::Json, &Style::default());
    let keys = [
        "schema",
        "tool",
        "root",
        "ready",
        "score",
        "total",
        "unticked",
        "max_unticked",
        "gate",
        "coverage",
        "items",
        "findings",
        "inventory",
    ];
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  \"").and_then(|rest| rest.split_once('"')).map(|(key, _)| key))
        .collect();
    assert_eq!(found, keys);
}

#[test]
fn an_empty_audit_is_not_ready() {
    let mut report = sample::ordinary();
    let Audit { boxes, findings, gate, .. } = &mut report.audit;
    findings.clear();
    gate.empty = true;
    for answer in boxes {
        answer.verdict = Verdict::NotApplicable;
        answer.findings.clear();
    }
    assert_eq!(parsed(&report)["ready"], false);
    let text = written(&report, Format::Human, &Style::default());
    assert!(text.lines().last().is_some_and(|line| line.starts_with("NOTHING TO AUDIT")));
}
