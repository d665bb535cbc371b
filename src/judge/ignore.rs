//! Comments that suppress findings: `launchcheck: ignore[rule-or-item] reason`, on the line of the finding or the one
//! above it.

use std::collections::BTreeSet;

use crate::model::{Comment, Lines};
use crate::rules::packs::{Packs, closest};
use crate::source::{Location, Span};
use crate::verdict::{Finding, Item};

/// What every such comment holds; a text without it needs no look.
pub const MARK: &str = "launchcheck:";

/// A comment that suppresses findings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignore {
    /// Rules and items as they are written, in the order of the comment.
    pub ids: Vec<String>,
    pub reason: String,
    pub location: Location,
    /// Of the comment in its text.
    pub span: Span,
    /// The line that it is about.
    pub line: u32,
    /// What the comment does not say as it must; none: it is fine.
    malformed: Option<Malformed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Malformed {
    Brackets,
    Empty,
    Reason,
}

/// What is wrong with a comment, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreMistake {
    pub problem: String,
    pub help: String,
    pub path: String,
    pub span: Span,
}

/// The suppressions among the comments of a text.
pub fn ignores(path: &str, text: &str, comments: &[Comment]) -> Vec<Ignore> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let lines = Lines::of(text);
    let is_alone = |comment: &Comment| {
        let start = comment.span.start as usize;
        let line = text.get(..start).and_then(|before| before.rsplit('\n').next()).unwrap_or("");
        // A comment between tags is in braces of its own.
        line.trim_matches([' ', '\t', '{']).is_empty()
    };
    let line_of = |offset: u32| lines.position(offset).line;
    let alone: BTreeSet<u32> = comments
        .iter()
        .filter(|comment| is_alone(comment))
        .flat_map(|comment| line_of(comment.span.start)..=line_of(last(comment)))
        .collect();
    let mut found = Vec::new();
    for comment in comments {
        let Some((ids, reason, malformed)) = parse(&comment.text) else { continue };
        let mut line = line_of(last(comment));
        if is_alone(comment) {
            // Of several comments above each other all are about the line below the last of them.
            while alone.contains(&line) {
                line += 1;
            }
        }
        let (start, end) = (lines.position(comment.span.start), lines.position(comment.span.end));
        let location = Location {
            path: path.to_owned(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        };
        found.push(Ignore { ids, reason, location, span: comment.span, line, malformed });
    }
    found
}

/// The last character of a comment; its line break does not belong to it.
fn last(comment: &Comment) -> u32 {
    comment.span.end.saturating_sub(1).max(comment.span.start)
}

/// What a comment says, if it is one that suppresses: ids, reason, and what is wrong with it.
fn parse(comment: &str) -> Option<(Vec<String>, String, Option<Malformed>)> {
    let marks = ['/', '*', '#', '!', ' ', '\t', '\r', '\n', '<', '-', '{'];
    let rest = comment.trim_start_matches(marks).strip_prefix(MARK)?.trim_start().strip_prefix("ignore")?;
    // `ignored`, `ignores` are words of a sentence.
    if rest.starts_with(|character: char| character.is_alphanumeric() || character == '_') {
        return None;
    }
    let inside = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((ids, reason)) = inside else { return Some((Vec::new(), String::new(), Some(Malformed::Brackets))) };
    let ids: Vec<String> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("*/}");
    let reason = reason.trim().trim_start_matches([':', '-']).trim().lines().next().unwrap_or("").trim().to_owned();
    let malformed = match () {
        () if ids.is_empty() => Some(Malformed::Empty),
        () if !reason.chars().any(char::is_alphanumeric) => Some(Malformed::Reason),
        () => None,
    };
    Some((ids, reason, malformed))
}

impl Ignore {
    /// Whether it suppresses a finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.malformed.is_none()
            && finding.item != Item::E2
            && finding.location.path == self.location.path
            && (finding.location.line == self.line || finding.location.line == self.location.line)
            && self.ids.iter().any(|id| *id == finding.rule || Item::from_id(id) == Some(finding.item))
    }

    /// Everything that is wrong with it.
    pub fn mistakes(&self, packs: &Packs) -> Vec<IgnoreMistake> {
        let wrong = |problem: String, help: String| IgnoreMistake {
            problem,
            help,
            path: self.location.path.clone(),
            span: self.span,
        };
        let form = "write launchcheck: ignore[missing-timeout] why it is no gap";
        match self.malformed {
            Some(Malformed::Brackets) => {
                return vec![wrong("a suppression without rules or items".to_owned(), form.to_owned())];
            }
            Some(Malformed::Empty) => return vec![wrong("a suppression of nothing".to_owned(), form.to_owned())],
            Some(Malformed::Reason) => {
                let help = "say behind the bracket why it is no gap: every report shows it".to_owned();
                return vec![wrong("a suppression without a reason".to_owned(), help)];
            }
            None => {}
        }
        let known: Vec<&str> =
            packs.rules().iter().map(|rule| rule.id.as_str()).chain(Item::ALL.map(Item::id)).collect();
        let mut mistakes = Vec::new();
        for id in &self.ids {
            let item = Item::from_id(id).or_else(|| packs.rule(id).map(|rule| rule.item));
            match item {
                None => {
                    let help = match closest(id, &known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "launchcheck list rules and launchcheck list items say what there is".to_owned(),
                    };
                    mistakes.push(wrong(format!("there is no rule or item `{id}`"), help));
                }
                Some(Item::E2) => {
                    let help = "put its fingerprint into the configuration: [[suppress]] fingerprint, reason";
                    mistakes.push(wrong(format!("a comment cannot suppress `{id}`"), help.to_owned()));
                }
                Some(_) => {}
            }
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(comment: &str) -> Option<(String, String, bool)> {
        parse(comment).map(|(ids, reason, malformed)| (ids.join("+"), reason, malformed.is_none()))
    }

    #[test]
    fn comments_of_all_languages_are_read() {
        let said = |ids: &str, reason: &str| Some((ids.to_owned(), reason.to_owned(), true));
        for comment in [
            "# launchcheck: ignore[A1] slow on purpose",
            "// launchcheck: ignore[A1] slow on purpose",
            "/* launchcheck: ignore[A1] slow on purpose */",
            "/// launchcheck:ignore[ A1 ]: slow on purpose",
            "/** launchcheck: ignore[A1] - slow on purpose **/",
        ] {
            let found = parsed(comment);
            assert_eq!(
                found.map(|(ids, reason, fine)| (ids, reason.trim_end_matches('*').trim().to_owned(), fine)),
                said("A1", "slow on purpose"),
                "{comment}"
            );
        }
        assert_eq!(
            parsed("# launchcheck: ignore[A1, missing-timeout] 느려도 됩니다"),
            said("A1+missing-timeout", "느려도 됩니다")
        );
    }

    #[test]
    fn what_is_not_said_as_it_must_be_is_malformed() {
        for comment in [
            "# launchcheck: ignore",
            "# launchcheck: ignore[] x",
            "# launchcheck: ignore[A1]",
            "# launchcheck: ignore[A1 x",
            "# launchcheck: ignore[A1] --",
        ] {
            assert_eq!(parsed(comment).map(|(.., fine)| fine), Some(false), "{comment}");
        }
        for comment in
            ["# see launchcheck: ignore[A1] x", "# launchcheck: ignores nothing", "# launchcheck: all ticked"]
        {
            assert_eq!(parsed(comment), None, "{comment}");
        }
    }
}
