//! A bare app that takes the guards: `guards add`, the lines that it prints pasted as they are, and the audit ticks.
//!
//! A recipe is `fixtures/adoption/<app>.toml`: edits of the app of that name in `fixtures/apps`, as in mutations. What is
//! pasted stands in them as `{{lines:2}}`, the code that is printed under the second heading; `{{imports:3}}` and
//! `{{code:3}}` are its imports and the rest, `{{line:3:after all routes}}` its line with these words. Pasted lines are
//! indented as the place is that they are pasted to. `unsolved` names the boxes that should be ticked afterwards and are
//! not yet: it has to be exactly true, and may only become shorter.
//!
//! `ADOPTED=<folder>` keeps the apps there, each with what was printed for it: `tests/smoke` starts them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::apps::{Edit, apply, audited, parsed};
use crate::cases::{git, lay_out, name, name_of};
use crate::guards::add;

/// Boxes that are ticked at most before, and at least afterwards.
const BEFORE: usize = 4;
const AFTER: usize = 11;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    library: String,
    #[serde(default)]
    unsolved: Vec<String>,
    edit: Vec<Edit>,
}

#[test]
fn bare_apps_are_ready_with_the_printed_lines() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut recipes: Vec<_> = std::fs::read_dir(fixtures.join("adoption"))
        .expect("recipes")
        .map(|entry| entry.expect("one").path())
        .collect();
    recipes.sort();
    assert!(recipes.len() >= 3, "FastAPI, Next.js, Express");
    let mut wrong = String::new();
    for path in recipes {
        let recipe: Recipe = parsed(&path);
        let app = name(&path).replace(".toml", "");
        let folder = tempfile::tempdir().expect("a folder");
        lay_out(&fixtures.join("apps").join(&app), folder.path());
        let before = ticked(folder.path());
        assert!(before.ticked <= BEFORE, "{app} has {} boxes ticked without guards", before.ticked);

        let (code, printed, error) = add(folder.path(), &[&recipe.library]);
        assert_eq!((code, error.as_str()), (0, ""), "{app}");
        let sections = sections(&printed);
        for mut edit in recipe.edit {
            edit.replace = pasted(&edit.replace, &sections);
            edit.create = edit.create.map(|text| pasted(&text, &sections));
            apply(&edit, folder.path()).unwrap_or_else(|error| panic!("{app}: {}: {error}", edit.path));
        }
        git(folder.path(), &["add", "--all"]);
        if let Some(kept) = std::env::var_os("ADOPTED") {
            keep(folder.path(), &printed, &Path::new(&kept).join(&app));
        }
        let after = ticked(folder.path());
        if after.ticked < AFTER {
            let _ = writeln!(wrong, "{app}: {} boxes are ticked", after.ticked);
        }
        if after.unticked != recipe.unsolved {
            let _ = writeln!(wrong, "{app}: {} instead of {}", after.unticked.join(" "), recipe.unsolved.join(" "));
            wrong.push_str(&after.findings);
        }
    }
    assert!(wrong.is_empty(), "unticked:\n{wrong}");
}

/// Keeps an app and what was printed for it.
fn keep(folder: &Path, printed: &str, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    lay_out(folder, &to.join("app"));
    std::fs::write(to.join("printed.txt"), printed).expect("written");
}

/// What an audit says.
struct Answered {
    ticked: usize,
    unticked: Vec<String>,
    findings: String,
}

fn ticked(folder: &Path) -> Answered {
    let report = audited(folder).unwrap_or_else(|error| panic!("{error}"));
    let unticked = report.boxes.iter().filter(|answer| name_of(&answer.verdict) == "fail");
    let findings = report.findings.iter().map(|finding| {
        let place = &finding.location;
        format!("    {}:{}: {} {}\n", place.path, place.line, finding.rule, finding.message.en)
    });
    Answered {
        ticked: report.score(),
        unticked: unticked.map(|answer| name_of(&answer.item)).collect(),
        findings: findings.collect(),
    }
}

/// The code under each numbered heading.
fn sections(printed: &str) -> BTreeMap<String, Vec<&str>> {
    let mut sections: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut number = None;
    for line in printed.lines() {
        if let Some(code) = line.strip_prefix("    ").or(line.is_empty().then_some("")) {
            if let Some(number) = &number {
                sections.entry(String::clone(number)).or_default().push(code);
            }
        } else {
            number = line.split_once(". ").map(|(number, _)| number.to_owned());
        }
    }
    sections
}

/// A text with what is to be pasted.
fn pasted(text: &str, sections: &BTreeMap<String, Vec<&str>>) -> String {
    let mut whole = String::new();
    for line in text.split_inclusive('\n') {
        let Some((indent, rest)) = line.split_once("{{") else {
            whole.push_str(line);
            continue;
        };
        let (asked, rest) = rest.split_once("}}").unwrap_or_else(|| panic!("not closed: {line}"));
        assert!(indent.trim().is_empty() && rest.trim().is_empty(), "lines are pasted as lines: {line}");
        let mut parts = asked.splitn(3, ':');
        let (what, number, words) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
        let code = sections.get(number).unwrap_or_else(|| panic!("nothing is printed under {number}"));
        let is_import = |line: &str| line.starts_with("import ") || line.starts_with("from ");
        let is_asked = |line: &str| match (what, words) {
            (Some("lines"), _) => true,
            (Some("imports"), _) => is_import(line),
            (Some("code"), _) => !is_import(line),
            (Some("line"), Some(words)) => line.contains(words),
            _ => panic!("nothing is called {asked}"),
        };
        let lines: Vec<&str> = code.iter().copied().filter(|line| is_asked(line)).collect();
        let joined = lines.join("\n");
        assert!(!joined.trim().is_empty(), "nothing is printed for {asked}");
        for line in joined.trim_matches('\n').lines() {
            whole.push_str(format!("{indent}{line}").trim_end());
            whole.push('\n');
        }
    }
    whole
}
