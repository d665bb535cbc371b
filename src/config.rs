//! The configuration of an audited tree: where it is written, what it says, and what is wrong with it.
//!
//! It is a part of the tree that is audited, so nobody vouches for it: whatever in it makes the gate weaker is an
//! exemption that every report names.

mod check;
mod find;
mod mistakes;
mod shown;
mod values;

use std::collections::BTreeMap;

pub use self::{
    check::check,
    find::{NAMES, Written, find, read, text_in},
    mistakes::{ConfigError, Mistake},
    shown::shown,
};
use crate::{
    rules::catalogue::Fact,
    source::Location,
    verdict::{Attested, Exemption, ExemptionKind, Item, Suppression, Tongue},
};

/// How many boxes may be unticked where nobody says otherwise.
pub const MAX_UNTICKED: usize = 2;

/// The JSON Schema of the configuration.
pub const JSON_SCHEMA: &str = include_str!("../rules/schema/config.schema.json");

/// A configuration without mistakes. All of it is optional.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The file that it is written in, relative to the root where it is inside; none: there is none.
    pub path: Option<String>,
    pub max_unticked: Option<Placed<usize>>,
    pub require: Vec<Placed<Item>>,
    pub lang: Option<Placed<Tongue>>,
    pub exclude: Vec<Exclusion>,
    pub entry_points: Vec<EntryPointRule>,
    pub attest: BTreeMap<Item, Placed<Attested>>,
    pub suppress: Vec<Fingerprint>,
    /// Facts about own code, with the places of their tables.
    pub facts: Vec<Placed<Fact>>,
}

/// Something with the place at which it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    pub location: Location,
}

/// Paths that are not audited. Credentials are looked for all the same.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// The pattern as it is written.
    pub pattern: String,
    pub matcher: globset::GlobMatcher,
    pub reason: String,
    pub location: Location,
}

/// Whether a remote person can reach an entry point.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPointRule {
    /// The name as reports show it (`POST /internal`); none: all of the path.
    pub name: Option<String>,
    /// The file; none: wherever it is.
    pub path: Option<String>,
    pub public: bool,
    pub reason: String,
    pub location: Location,
}

impl EntryPointRule {
    /// The entry points that it is about, in words.
    pub fn subject(&self) -> String {
        [self.name.as_deref(), self.path.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" in ")
    }

    pub fn matches(&self, path: &str, name: &str) -> bool {
        self.name.as_deref().is_none_or(|own| name.split(", ").any(|name| name == own))
            && self.path.as_deref().is_none_or(|own| own == path)
    }
}

/// A finding that is suppressed by its fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    pub fingerprint: String,
    pub reason: String,
    pub location: Location,
}

impl Configuration {
    /// Whether an entry point is said to be public or not; the last rule that matches wins.
    pub fn publicness(&self, path: &str, name: &str) -> Option<bool> {
        self.entry_points.iter().rev().find(|rule| rule.matches(path, name)).map(|rule| rule.public)
    }

    /// The exclusion that takes a path out of the audit.
    pub fn exclusion(&self, path: &str) -> Option<&Exclusion> {
        self.exclude.iter().find(|exclusion| exclusion.matcher.is_match(path))
    }

    /// What suppresses a finding by its fingerprint.
    pub fn suppression(&self, fingerprint: &str) -> Option<Suppression> {
        let found = self.suppress.iter().find(|each| each.fingerprint == fingerprint)?;
        Some(Suppression { by: found.location.path.clone(), reason: found.reason.clone() })
    }

    /// Everything in it that makes the gate weaker than the code alone would.
    pub fn exemptions(&self) -> Vec<Exemption> {
        let plain = |kind, subject: String, reason: &str, location: &Location| Exemption {
            kind,
            subject,
            by: String::new(),
            reason: reason.to_owned(),
            expires: None,
            location: location.clone(),
            standing: None,
        };
        let attested = self.attest.iter().map(|(item, attested)| Exemption {
            by: attested.value.by.clone(),
            expires: Some(attested.value.expires.clone()),
            ..plain(ExemptionKind::Attestation, item.id().to_owned(), &attested.value.reason, &attested.location)
        });
        let excluded = self
            .exclude
            .iter()
            .map(|each| plain(ExemptionKind::Exclusion, each.pattern.clone(), &each.reason, &each.location));
        let private = self
            .entry_points
            .iter()
            .filter(|rule| !rule.public)
            .map(|rule| plain(ExemptionKind::NotPublic, rule.subject(), &rule.reason, &rule.location));
        let facts = self.facts.iter().map(|fact| {
            let names = if fact.value.names.is_empty() { &fact.value.keys } else { &fact.value.names };
            plain(ExemptionKind::Fact, names.join(", "), "", &fact.location)
        });
        let suppressed = self
            .suppress
            .iter()
            .map(|each| plain(ExemptionKind::Fingerprint, each.fingerprint.clone(), &each.reason, &each.location));
        let limit = self
            .max_unticked
            .iter()
            .filter(|limit| limit.value > MAX_UNTICKED)
            .map(|limit| plain(ExemptionKind::MaxUnticked, limit.value.to_string(), "", &limit.location));
        let mut all: Vec<Exemption> =
            attested.chain(excluded).chain(private).chain(facts).chain(suppressed).chain(limit).collect();
        all.sort_unstable();
        all
    }
}
