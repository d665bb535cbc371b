//! The baseline: findings that a team knows, as a file that is easy to review and says no line numbers.

use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::compare::Known;
use crate::source::toml;
use crate::verdict::Finding;

/// Where it is, at the root of the audited tree.
pub const FILE: &str = "launchcheck-baseline.toml";
/// The version of its form.
const VERSION: u32 = 1;

const HEAD: &str = "# Findings that were known when `launchcheck baseline` wrote this file. With --new-only nothing but others\n\
                    # fails the gate; `launchcheck baseline prune` removes what is fixed.\n";

/// Why a baseline cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum BaselineError {
    #[error("the baseline {path} cannot be used: {problem}")]
    #[diagnostic(code(launchcheck::baseline), help("write it anew: launchcheck baseline"))]
    Invalid {
        path: String,
        problem: String,
        #[source_code]
        text: Arc<NamedSource<String>>,
        #[label("here")]
        at: Option<SourceSpan>,
    },
    #[error("cannot read the baseline {path}: {why}")]
    #[diagnostic(code(launchcheck::baseline), help("write one: launchcheck baseline"))]
    Unreadable { path: String, why: String },
}

/// The baseline of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Where it was read.
    pub path: String,
    pub known: Vec<Known>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    rule: String,
    fingerprint: String,
    signature: String,
}

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    /// It is no TOML, says something else than a baseline does, or is of a later version.
    pub fn parse(path: &str, text: &str) -> Result<Baseline, BaselineError> {
        let wrong = |problem: String, at: Option<Range<usize>>| BaselineError::Invalid {
            path: path.to_owned(),
            problem,
            text: Arc::new(NamedSource::new(path, text.to_owned())),
            at: at.map(SourceSpan::from),
        };
        let document: Document =
            toml::read(text).map_err(|unfit| wrong(unfit.message, unfit.at.map(|at| first_line(text, at))))?;
        if document.version != VERSION {
            let problem = format!("it has version {}, and this program reads {VERSION}", document.version);
            return Err(wrong(problem, text.find("version").map(|at| at..at + "version".len())));
        }
        let known = document.findings.into_iter().map(|entry| Known {
            path: entry.path,
            rule: entry.rule,
            fingerprint: entry.fingerprint,
            signature: entry.signature,
        });
        Ok(Baseline { path: path.to_owned(), known: known.collect() })
    }

    /// The findings of an audit that untick a box.
    pub fn of(path: &str, findings: &[Finding]) -> Baseline {
        let known = findings.iter().filter(|finding| finding.unticks()).map(Known::of).collect();
        Baseline { path: path.to_owned(), known }
    }

    /// The text of the file: sorted, so that merges and reviews are easy.
    pub fn written(&self) -> String {
        let mut known: Vec<&Known> = self.known.iter().collect();
        known.sort_unstable();
        let findings = known.into_iter().map(|known| Entry {
            path: known.path.clone(),
            rule: known.rule.clone(),
            fingerprint: known.fingerprint.clone(),
            signature: known.signature.clone(),
        });
        let document = Document { version: VERSION, findings: findings.collect() };
        // Serialising fails only for keys that are no text; there are none.
        format!("{HEAD}{}", ::toml::to_string(&document).unwrap_or_default())
    }
}

fn first_line(text: &str, at: Range<usize>) -> Range<usize> {
    let length = text.get(at.clone()).and_then(|text| text.find('\n')).unwrap_or(at.len());
    at.start..at.start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let known = |path: &str, rule: &str| Known {
            path: path.into(),
            rule: rule.into(),
            fingerprint: "0011223344556677".into(),
            signature: "8899aabbccddeeff".into(),
        };
        let baseline =
            Baseline { path: FILE.into(), known: vec![known("나.py", "no-retry"), known("a\"b\n.py", "no-retry")] };
        let text = baseline.written();
        let read = Baseline::parse(FILE, &text).expect("valid");
        let mut sorted = baseline.known.clone();
        sorted.sort_unstable();
        assert_eq!(read.known, sorted);
        assert_eq!(read.written(), text);
        assert_eq!(Baseline::parse(FILE, &Baseline::default().written()).map(|read| read.known.len()).ok(), Some(0));
    }

    #[test]
    fn other_files_are_refused() {
        for text in
            ["", "version = 2", "version = 1\nfindings = 3", "version = ", "version = 1\n[[finding]]\npath = ''"]
        {
            assert!(Baseline::parse(FILE, text).is_err(), "{text}");
        }
    }
}
