//! `launchcheck init`: shows which files would bring the check into a repository, and writes those that are missing.
//!
//! Nothing that exists is overwritten. Files that people keep themselves (`.gitignore`, `.env.example`, the hooks of
//! pre-commit) get lines at their end, and only those that they lack.

mod plan;
mod templates;
mod write;

use std::{
    io::{BufRead, Write},
    path::Path,
};

use self::plan::{Action, Step, plan};
use super::{Failure, arguments::Init, print, surroundings::Surroundings};
use crate::{
    Options,
    report::{Style, clean, words},
    verdict::{Audit, Tongue},
};

/// Shows the plan, asks on a terminal, writes.
pub(super) fn run(init: &Init, surroundings: &Surroundings, style: &Style, out: &mut dyn Write) -> Result<(), Failure> {
    let options = Options { max_unticked: 2, ..Options::default() };
    let report = crate::audit(&init.path, &options)?;
    let steps: Vec<Step> = plan(&init.path, &report.audit.inventory.env_vars, style.tongue)
        .into_iter()
        .filter(|step| init.only.is_empty() || init.only.contains(&step.part))
        .collect();
    let missing = steps.iter().filter(|step| step.action.writes()).count();
    print(out, &shown(&steps, init.yes, style))?;
    if missing == 0 {
        return print(out, say(style.tongue, Sentence::NothingMissing));
    }
    let agreed = if init.dry_run {
        false
    } else if init.yes {
        true
    } else if surroundings.can_ask {
        asked(missing, style.tongue, out)?
    } else {
        false
    };
    if !agreed {
        return print(out, say(style.tongue, Sentence::NothingWritten));
    }
    for step in steps.iter().filter(|step| step.action.writes()) {
        write::apply(&init.path, step)
            .map_err(|why| Failure::Write { what: format!("`{}`", clean::shown(&step.path)), why })?;
    }
    print(out, &next(&init.path, missing, &report.audit, style.tongue))
}

/// One line per file; what would be written below it, unless it is about to be written anyway.
fn shown(steps: &[Step], is_decided: bool, style: &Style) -> String {
    let mut text = String::new();
    for step in steps {
        let (word, detail) = step.action.words(style.tongue);
        let path = clean::shown(&step.path);
        text.push_str(&format!("{word}  {path}{}\n", if detail.is_empty() { detail } else { format!("  ({detail})") }));
        if is_decided && step.action.writes() {
            continue;
        }
        if let Some(lines) = step.action.text() {
            for line in lines.lines() {
                text.push_str(&format!("  + {}\n", clean::shown(line)));
            }
        }
    }
    clean::finish(&text)
}

/// Asks whether to write. Only a clear yes is one.
fn asked(missing: usize, tongue: Tongue, out: &mut dyn Write) -> Result<bool, Failure> {
    let question = match tongue {
        Tongue::English if missing == 1 => "Write this file? [y/N] ".to_owned(),
        Tongue::English => format!("Write these {missing} files? [y/N] "),
        Tongue::Korean => format!("파일 {missing}개를 쓸까요? [y/N] "),
    };
    print(out, &question)?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "예" | "네"))
}

enum Sentence {
    NothingMissing,
    NothingWritten,
}

fn say(tongue: Tongue, sentence: Sentence) -> &'static str {
    match (sentence, tongue) {
        (Sentence::NothingMissing, Tongue::English) => "Nothing is missing: nothing was written.\n",
        (Sentence::NothingMissing, Tongue::Korean) => "빠진 것이 없어 아무것도 쓰지 않았습니다.\n",
        (Sentence::NothingWritten, Tongue::English) => "Nothing was written; `launchcheck init --yes` writes it.\n",
        (Sentence::NothingWritten, Tongue::Korean) => {
            "아무것도 쓰지 않았습니다. 쓰려면 `launchcheck init --yes`를 실행합니다.\n"
        }
    }
}

/// What was written, where the tree stands today, and what to do about it.
fn next(root: &Path, written: usize, audit: &Audit, tongue: Tongue) -> String {
    let place = match root.to_str() {
        Some(".") | None => String::new(),
        Some(path) => format!(" {}", clean::shown(path)),
    };
    let today = words::verdict(audit, tongue);
    let is_open = !audit.gate.empty && !audit.is_ready();
    let text = match tongue {
        Tongue::English => {
            let files = if written == 1 { "1 file".to_owned() } else { format!("{written} files") };
            let rest = if is_open {
                format!(
                    "To pass from today on and only go up, accept what is open now: `launchcheck baseline{place}`,\n\
                     and check with `launchcheck{place} --new-only`.\n"
                )
            } else {
                String::new()
            };
            format!("Wrote {files}. Read them, then commit them.\nToday: {today}\n{rest}")
        }
        Tongue::Korean => {
            let rest = if is_open {
                format!(
                    "지금 열려 있는 항목을 기준으로 삼고 새로 생기는 것만 막으려면 `launchcheck baseline{place}` 실행 후\n\
                     `launchcheck{place} --new-only`로 점검합니다.\n"
                )
            } else {
                String::new()
            };
            format!("파일 {written}개를 썼습니다. 읽어 보고 커밋합니다.\n현재 상태: {today}\n{rest}")
        }
    };
    clean::finish(&text)
}

impl Action {
    /// Whether there is something to write.
    fn writes(&self) -> bool {
        matches!(self, Action::Create(_) | Action::Append(_))
    }

    /// The lines that are written, or that a person has to add.
    fn text(&self) -> Option<&str> {
        match self {
            Action::Create(text) | Action::Append(text) => Some(text),
            Action::Leave { paste, .. } => paste.as_deref(),
            Action::Present => None,
        }
    }

    /// What is done, in columns, and why.
    fn words(&self, tongue: Tongue) -> (&'static str, String) {
        let lines = |text: &str| text.lines().count();
        match (self, tongue) {
            (Action::Create(text), Tongue::English) => ("create", count(lines(text), "line")),
            (Action::Create(text), Tongue::Korean) => ("생성  ", format!("{}줄", lines(text))),
            (Action::Append(text), Tongue::English) => ("add to", count(lines(text), "line")),
            (Action::Append(text), Tongue::Korean) => ("추가  ", format!("{}줄", lines(text))),
            (Action::Present, Tongue::English) => ("have  ", String::new()),
            (Action::Present, Tongue::Korean) => ("있음  ", String::new()),
            (Action::Leave { why, .. }, Tongue::English) => ("leave ", why.in_tongue(tongue).to_owned()),
            (Action::Leave { why, .. }, Tongue::Korean) => ("보류  ", why.in_tongue(tongue).to_owned()),
        }
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
