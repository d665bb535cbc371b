//! Patterns over paths, compiled once: they are asked for every entry point and every file of settings.

use std::ops::Deref;
use std::sync::OnceLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use crate::source::is_bounded_pattern;

/// Globs over paths from the root, as a fact of the catalogue writes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Globs {
    patterns: Vec<String>,
    compiled: OnceLock<Option<GlobSet>>,
}

impl Globs {
    /// What matches where one of them does; none where one of them is no glob.
    pub fn set(&self) -> Option<&GlobSet> {
        self.compiled.get_or_init(|| globs(&self.patterns)).as_ref()
    }
}

impl From<Vec<String>> for Globs {
    fn from(patterns: Vec<String>) -> Self {
        Globs { patterns, compiled: OnceLock::new() }
    }
}

impl Deref for Globs {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.patterns
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

/// What matches where one of some patterns does; none where one of them is no glob, or too long to be one.
pub fn globs(patterns: &[String]) -> Option<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(is_bounded_pattern(pattern).then(|| Glob::new(pattern).ok())??);
    }
    builder.build().ok()
}
