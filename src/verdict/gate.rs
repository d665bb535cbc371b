//! Whether a tree may be deployed by the rules of the run: the gate, why it is not passed, and what makes it weaker.

use serde::{Deserialize, Serialize};

use super::{Answer, Audit, Confidence, Finding, Item, Location, Verdict};

/// How something stands against what it is compared with: the baseline and the tree of `--changed-since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It was not there before.
    New,
    /// It was there before.
    Known,
    /// It was there before and is no more.
    Gone,
}

/// The rules of the run, and what bends them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub max_unticked: usize,
    /// Items that must be ticked whatever the count.
    pub required: Vec<Item>,
    /// Nothing to audit: no file of a known language ships and no secret was found.
    pub empty: bool,
    /// Only findings that were not there before count (`--new-only`).
    pub new_only: bool,
    /// Leftovers count as failures (`--strict`): suppressions that suppress nothing, stale entries of the baseline.
    pub strict: bool,
    /// What could not be checked counts as failed: in CI, and with `--strict`.
    pub complete: bool,
    /// Everything that makes the gate weaker than the code alone would, in the order of kinds and places.
    pub exemptions: Vec<Exemption>,
    /// Suppressions that suppress nothing.
    pub unused: Vec<UnusedSuppression>,
    /// Attestations that no longer count, because their time is over.
    pub expired: Vec<Expired>,
}

impl Gate {
    /// What has made the gate weaker since the revision it is compared with.
    pub fn weakened(&self) -> impl Iterator<Item = &Exemption> {
        self.exemptions.iter().filter(|exemption| exemption.standing == Some(Standing::New))
    }
}

/// Something that makes the gate weaker. Every report says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exemption {
    pub kind: ExemptionKind,
    /// What it is about: the id of an item or a rule, a pattern of paths, a number.
    pub subject: String,
    /// Who vouches for it; empty where nobody is named.
    pub by: String,
    /// Why, in the words of whoever wrote it; empty where no reason is asked for.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`; none: it has no end.
    pub expires: Option<String>,
    /// Where it is written.
    pub location: Location,
    /// Whether the revision of `--changed-since` has it; none: nothing is compared.
    pub standing: Option<Standing>,
}

/// The kinds of exemptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExemptionKind {
    /// Somebody vouches for an item (`subject`) whose guard lives outside of the repository.
    Attestation,
    /// Paths (`subject`) that are not audited.
    Exclusion,
    /// An entry point (`subject`) that is said not to be public.
    NotPublic,
    /// A fact about own code (`subject`) that the configuration states.
    Fact,
    /// A comment that suppresses findings of rules or items (`subject`).
    Comment,
    /// A finding that the configuration suppresses by its fingerprint (`subject`).
    Fingerprint,
    /// A baseline with a number (`subject`) of known findings; new: it has grown by that number.
    Baseline,
    /// The configuration allows more unticked items (`subject`) than the default or the revision compared with.
    MaxUnticked,
    /// The configuration no longer requires an item (`subject`).
    Require,
}

/// A suppression that suppresses nothing, so it hides what comes later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnusedSuppression {
    /// The rules and items, or the fingerprint, that it names.
    pub ids: Vec<String>,
    pub location: Location,
}

/// An attestation whose time is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expired {
    pub item: Item,
    /// `YYYY-MM-DD`.
    pub expires: String,
    pub location: Location,
}

/// What the findings were compared with, and what is no more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The revision of `--changed-since`, as it was written.
    pub since: Option<String>,
    /// The path of the baseline, relative to the root where it is inside.
    pub baseline: Option<String>,
    /// Findings of the revision that are no more.
    pub gone: Vec<Finding>,
    /// Entries of the baseline that no finding matches any more.
    pub stale: Vec<StaleEntry>,
}

/// An entry of the baseline that no finding matches any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StaleEntry {
    pub rule: String,
    pub path: String,
    pub fingerprint: String,
}

/// Why the gate is not passed, or why its answer cannot be trusted. The order is the one in which reports say them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing to audit: no file of a known language ships and no secret was found.
    Nothing,
    /// More items are unticked than may be.
    TooMany { items: Vec<Item>, limit: usize },
    /// Items that must be ticked and are not.
    Required { items: Vec<Item> },
    /// Findings that were not there before, by their index; and the items they are about.
    Added { items: Vec<Item>, findings: Vec<usize> },
    /// An attestation whose time is over.
    Expired { item: Item, expires: String },
    /// Suppressions that suppress nothing and stale entries of the baseline, which `--strict` does not allow.
    Leftovers { suppressions: usize, entries: usize },
    /// What could not be checked and counts as failed.
    Unchecked { files: usize },
    /// Shipping files that could not be read.
    Unread { files: usize },
}

impl Reason {
    /// Whether the gate is not passed because of it. The others say that there is no trustworthy answer.
    pub fn is_failure(&self) -> bool {
        match self {
            Reason::TooMany { .. }
            | Reason::Required { .. }
            | Reason::Added { .. }
            | Reason::Leftovers { .. }
            | Reason::Unchecked { .. } => true,
            Reason::Nothing | Reason::Expired { .. } | Reason::Unread { .. } => false,
        }
    }
}

impl Answer {
    /// How an unticked box stands against the revision of `--changed-since`; none: nothing is compared, or the box is
    /// ticked in both.
    pub fn standing(&self) -> Option<Standing> {
        match (self.before? == Verdict::Fail, self.verdict == Verdict::Fail) {
            (false, true) => Some(Standing::New),
            (true, true) => Some(Standing::Known),
            (true, false) => Some(Standing::Gone),
            (false, false) => None,
        }
    }
}

impl Finding {
    /// Whether it unticks its box: it is more than a note, and nothing suppresses it.
    pub fn unticks(&self) -> bool {
        self.confidence != Confidence::Note && self.suppressed.is_none()
    }
}

impl Audit {
    /// The unticked items, in order.
    pub fn unticked(&self) -> Vec<Item> {
        self.boxes.iter().filter(|each| each.verdict == Verdict::Fail).map(|each| each.item).collect()
    }

    /// 12 minus the unticked.
    pub fn score(&self) -> usize {
        Item::ALL.len() - self.unticked().len()
    }

    /// Whether the gate is passed.
    pub fn is_ready(&self) -> bool {
        !self.reasons().iter().any(Reason::is_failure)
    }

    /// Why the gate is not passed, and why its answer cannot be trusted; empty: it is passed.
    pub fn reasons(&self) -> Vec<Reason> {
        let gate = &self.gate;
        let mut reasons = Vec::new();
        if gate.empty {
            reasons.push(Reason::Nothing);
        }
        if gate.new_only {
            reasons.extend(self.added());
        } else {
            reasons.extend(self.too_many());
        }
        reasons
            .extend(gate.expired.iter().map(|each| Reason::Expired { item: each.item, expires: each.expires.clone() }));
        let entries = self.comparison.as_ref().map_or(0, |comparison| comparison.stale.len());
        if gate.strict && gate.unused.len() + entries > 0 {
            reasons.push(Reason::Leftovers { suppressions: gate.unused.len(), entries });
        }
        if gate.complete && !self.coverage.unchecked.is_empty() {
            reasons.push(Reason::Unchecked { files: self.coverage.unchecked.len() });
        }
        if !self.coverage.unread.is_empty() {
            reasons.push(Reason::Unread { files: self.coverage.unread.len() });
        }
        reasons
    }

    fn too_many(&self) -> Vec<Reason> {
        let items = self.unticked();
        let limit = self.gate.max_unticked;
        let required: Vec<Item> = self.gate.required.iter().copied().filter(|item| items.contains(item)).collect();
        let mut reasons = Vec::new();
        if items.len() > limit {
            reasons.push(Reason::TooMany { items, limit });
        }
        if !required.is_empty() {
            reasons.push(Reason::Required { items: required });
        }
        reasons
    }

    fn added(&self) -> Option<Reason> {
        let is_added = |finding: &Finding| finding.unticks() && finding.standing == Some(Standing::New);
        let added = self.findings.iter().enumerate().filter(|(_, finding)| is_added(finding));
        let (findings, mut items): (Vec<usize>, Vec<Item>) =
            added.map(|(index, finding)| (index, finding.item)).unzip();
        items.sort_unstable();
        items.dedup();
        (!findings.is_empty()).then_some(Reason::Added { items, findings })
    }
}
