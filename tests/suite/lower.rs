//! The same construct lowers to the same model, whatever the language.
//!
//! Each folder of `fixtures/lower` shows one construct as `case.py`, `case.ts` and `case.rs`; `model.txt` is the one
//! model of all three. Where a language has no such construct, `absent.toml` says why (`rust = "..."`). After a wanted
//! change, `SNAPSHOTS=overwrite cargo test --test suite lower` writes the models anew, from the first case there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use launchcheck::lower::{language_of, lower};
use serde_json::Value;

/// The languages with their files, in the order in which one of them is taken for the model.
const CASES: [(&str, &str); 3] = [("python", "case.py"), ("typescript", "case.ts"), ("rust", "case.rs")];

#[test]
fn cases_lower_to_one_model() {
    let mut wrong = String::new();
    for folder in constructs() {
        let expected_path = folder.join("model.txt");
        let cases: Vec<_> = CASES.iter().filter(|(_, file)| folder.join(file).exists()).collect();
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
            && let Some((_, file)) = cases.first()
        {
            fs::write(&expected_path, model_of(&folder, file)).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default().replace("\r\n", "\n");
        if expected.is_empty() || expected.contains("Unknown") {
            let _ =
                writeln!(wrong, "{}: the model is missing or has parts that are not known", expected_path.display());
        }
        for (_, file) in cases {
            let actual = model_of(&folder, file);
            if actual != expected {
                let name = folder.join(file);
                let _ = writeln!(
                    wrong,
                    "{} does not lower to model.txt\n{}",
                    name.display(),
                    difference(&expected, &actual)
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_language_has_its_case_or_a_reason() {
    let mut wrong = String::new();
    for folder in constructs() {
        let reasons = reasons(&folder);
        for (language, file) in CASES {
            let (is_written, is_absent) = (folder.join(file).exists(), reasons.contains_key(language));
            if is_written == is_absent {
                let problem = if is_written { "is there although absent.toml explains why not" } else { "is missing" };
                let _ = writeln!(wrong, "{} {problem}", folder.join(file).display());
            }
        }
        for language in reasons.keys().filter(|language| CASES.iter().all(|(known, _)| known != language)) {
            let _ = writeln!(wrong, "{}: absent.toml names an unknown language: {language}", folder.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn constructs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lower");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(!folders.is_empty(), "no constructs found");
    folders
}

/// Why a construct is absent from a language, by language.
fn reasons(folder: &Path) -> BTreeMap<String, String> {
    match fs::read_to_string(folder.join("absent.toml")) {
        Ok(text) => toml::from_str(&text).unwrap(),
        Err(_) => BTreeMap::new(),
    }
}

/// The outline of what a case lowers to.
fn model_of(folder: &Path, file: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let module = lower(file, &text, language_of(file).unwrap());
    assert!(module.lost.is_empty(), "{}: lost {:?}", folder.join(file).display(), module.lost);
    let mut outline = String::new();
    render(&serde_json::to_value(&module.body).unwrap(), 0, &mut outline);
    outline
}

/// Writes a value as an indented outline, without places and without fields that say "nothing", "no" or "none of them".
fn render(value: &Value, depth: usize, outline: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(items) => items.iter().for_each(|item| render_item(item, depth, outline)),
        Value::Object(fields) if fields.contains_key("span") && fields.contains_key("kind") && fields.len() == 2 => {
            render(&fields["kind"], depth, outline);
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "span" && *name != "name_span") {
                match value {
                    Value::Null | Value::Bool(false) if !is_variant(name) => {}
                    Value::Array(items) if items.is_empty() && !is_variant(name) => {}
                    Value::Array(_) | Value::Object(_) => {
                        let _ = writeln!(outline, "{indent}{name}");
                        render(value, depth + 1, outline);
                    }
                    scalar => {
                        let _ = writeln!(outline, "{indent}{name} {scalar}");
                    }
                }
            }
        }
        // A variant without content.
        Value::String(name) => {
            let _ = writeln!(outline, "{indent}{name}");
        }
        scalar => {
            let _ = writeln!(outline, "{indent}{scalar}");
        }
    }
}

/// Writes an item of a list with a dash before its first line.
fn render_item(item: &Value, depth: usize, outline: &mut String) {
    let mut lines = String::new();
    render(item, depth + 1, &mut lines);
    let indent = "  ".repeat(depth);
    let first = format!("{indent}- {}", lines.trim_start());
    outline.push_str(&first);
}

/// Variants begin with a capital letter, fields with a small one.
fn is_variant(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The lines from the first one that differs.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let same = expected.iter().zip(&actual).take_while(|(left, right)| left == right).count();
    let excerpt = |lines: &[&str]| {
        lines.iter().skip(same.saturating_sub(3)).take(15).map(|line| format!("    {line}\n")).collect::<String>()
    };
    format!("  line {}, expected:\n{}  found:\n{}", same + 1, excerpt(&expected), excerpt(&actual))
}
