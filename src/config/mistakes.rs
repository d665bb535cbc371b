//! What is wrong with a configuration: all of it at once, each with its place and what to do.

use std::{ops::Range, sync::Arc};

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::find::Written;

/// Why a configuration cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    #[error("the configuration cannot be used: {}", count(mistakes.len()))]
    #[diagnostic(code(launchcheck::config))]
    Invalid {
        #[related]
        mistakes: Vec<Mistake>,
    },
    #[error("comments that suppress findings cannot be used: {}", count(mistakes.len()))]
    #[diagnostic(code(launchcheck::ignore))]
    Comments {
        #[related]
        mistakes: Vec<Mistake>,
    },
    #[error("attestations have expired and count no more: {}", mistakes.len())]
    #[diagnostic(code(launchcheck::expired))]
    Expired {
        #[related]
        mistakes: Vec<Mistake>,
    },
    #[error("cannot read the configuration {path}: {why}")]
    #[diagnostic(
        code(launchcheck::config),
        help("--config takes a launchcheck.toml, or a pyproject.toml or package.json with a part for launchcheck")
    )]
    Unreadable { path: String, why: String },
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}

impl ConfigError {
    pub(super) fn of(mistakes: Vec<Mistake>) -> ConfigError {
        ConfigError::Invalid { mistakes }
    }
}

/// The text of a configuration with its name.
#[derive(Clone, Debug)]
pub(super) struct Text(Arc<NamedSource<String>>);

impl Text {
    pub(super) fn of(written: &Written) -> Text {
        Text(Arc::new(NamedSource::new(&written.path, written.text.clone())))
    }
}

/// One thing that is wrong, where, and what to do.
#[derive(Clone, Debug, Error)]
#[error("{problem}")]
pub struct Mistake {
    pub(super) problem: String,
    pub(super) help: String,
    pub(super) text: Text,
    pub(super) at: Option<Range<usize>>,
}

impl Mistake {
    /// A mistake at a place of a text.
    pub fn new(path: &str, text: String, at: Range<usize>, problem: String, help: String) -> Mistake {
        let at = text.get(at.clone()).is_some().then_some(at);
        Mistake { problem, help, text: Text(Arc::new(NamedSource::new(path, text))), at }
    }
}

impl Diagnostic for Mistake {
    fn help(&self) -> Option<Box<dyn std::fmt::Display + '_>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&*self.text.0)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let at = SourceSpan::from(self.at.clone()?);
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_with_span(Some("here".to_owned()), at))))
    }
}
