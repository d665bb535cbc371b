//! Keeps every credential that was found out of every sentence of the answer, wherever the sentence took its words from:
//! an address, a route, the name of a model.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::judge::conditions::exposure::Value;
use crate::source::Span;
use crate::verdict::{Audit, Evidence, Finding, Text};

/// Shorter values could be a part of any word.
const SHORTEST: usize = 6;

/// Finds every credential that was found, wherever else it stands.
pub(super) struct Redaction {
    /// None where nothing was found.
    search: Option<AhoCorasick>,
    /// What may be shown of each value.
    shown: Vec<String>,
}

impl Redaction {
    pub(super) fn of<'v>(values: impl Iterator<Item = &'v Value>) -> Redaction {
        let values: BTreeMap<&str, &str> = values
            .filter(|value| value.written.len() >= SHORTEST)
            .map(|value| (value.written.as_str(), value.redacted.as_str()))
            .collect();
        let build = |values: &BTreeMap<&str, &str>| {
            // Only a set of values beyond all memory cannot be searched for.
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values.keys()).ok()
        };
        let search = if values.is_empty() { None } else { build(&values) };
        Redaction { search, shown: values.into_values().map(str::to_owned).collect() }
    }

    /// The parts of a text that hold a credential and must not be shown.
    pub(super) fn hidden(&self, text: &str) -> Vec<Span> {
        let found = self.search.iter().flat_map(|search| search.find_iter(text));
        let spans = found.map(|found| {
            let shown = self.shown.get(found.pattern().as_usize()).map_or("", String::as_str);
            let (head, tail) = shown.split_once('…').unwrap_or_default();
            Span::new(found.start() + head.len(), found.end().saturating_sub(tail.len()))
        });
        spans.filter(|span| span.start < span.end).collect()
    }

    /// Replaces what was found by what may be shown of it.
    pub(super) fn apply_to_text(&self, text: &mut Text) {
        let Some(search) = &self.search else { return };
        for line in [&mut text.en, &mut text.ko] {
            if search.is_match(line.as_str()) {
                *line = search.replace_all(line, &self.shown);
            }
        }
    }

    /// The same in findings.
    pub(super) fn apply_to(&self, findings: &mut [Finding]) {
        let Some(search) = &self.search else { return };
        let line = |line: &mut String| {
            if search.is_match(line.as_str()) {
                *line = search.replace_all(line, &self.shown);
            }
        };
        for finding in findings {
            let related = finding.related.iter_mut().map(|related| &mut related.message);
            for text in [&mut finding.message, &mut finding.help].into_iter().chain(related) {
                line(&mut text.en);
                line(&mut text.ko);
            }
        }
    }

    /// Replaces what was found by what may be shown of it, in all that an audit says.
    pub(super) fn apply(&self, audit: &mut Audit) {
        let Some(search) = &self.search else { return };
        let line = |line: &mut String| {
            if search.is_match(line.as_str()) {
                *line = search.replace_all(line, &self.shown);
            }
        };
        let text = |text: &mut Text| {
            line(&mut text.en);
            line(&mut text.ko);
        };
        let evidence = |evidence: &mut [Evidence]| evidence.iter_mut().for_each(|each| text(&mut each.message));
        for answer in &mut audit.boxes {
            text(&mut answer.because);
            evidence(&mut answer.evidence);
        }
        self.apply_to(&mut audit.findings);
        audit.comparison.iter_mut().for_each(|comparison| self.apply_to(&mut comparison.gone));
        let inventory = &mut audit.inventory;
        inventory.entry_points.iter_mut().for_each(|each| line(&mut each.name));
        inventory.llm_calls.iter_mut().for_each(|each| line(&mut each.api));
        inventory.external_calls.iter_mut().for_each(|each| line(&mut each.api));
        let variables = inventory.env_vars.iter_mut().chain(&mut inventory.optional_vars);
        variables.for_each(|each| line(&mut each.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_shown_nowhere() {
        let value = Value { written: "abcdefghijklmnop".to_owned(), redacted: "…".to_owned() };
        let mut audit = Audit::default();
        let said = "`POST /hook/abcdefghijklmnop` is open".to_owned();
        let place = crate::verdict::Location::default();
        audit.boxes.push(crate::verdict::Answer {
            item: crate::verdict::Item::A1,
            verdict: crate::verdict::Verdict::Fail,
            because: Text { en: said.clone(), ko: said.clone() },
            evidence: vec![Evidence { location: place, message: Text { en: said.clone(), ko: said } }],
            findings: Vec::new(),
            attested: None,
            before: None,
        });
        let redaction = Redaction::of(std::iter::once(&value));
        redaction.apply(&mut audit);
        assert!(!format!("{audit:?}").contains("efgh"), "{audit:?}");
        assert!(format!("{audit:?}").contains("/hook/…"));
        assert_eq!(redaction.hidden("a abcdefghijklmnop"), [Span { start: 2, end: 18 }]);
        assert_eq!(Redaction::of(std::iter::empty()).hidden("abcdefghijklmnop"), []);
    }
}
