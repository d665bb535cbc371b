//! What an audit says: twelve verdicts, the findings and evidence behind them, the score, and the inventory.
//!
//! These types are all that the report formats see. They serialise to the `--format json` contract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::source::Location;
pub use gate::{Comparison, Exemption, ExemptionKind, Expired, Gate, Reason, StaleEntry, Standing, UnusedSuppression};

pub mod chain;
mod gate;

/// One sentence in both languages, placeholders already filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text {
    pub en: String,
    pub ko: String,
}

/// The languages that people read reports in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tongue {
    #[default]
    English,
    Korean,
}

impl Text {
    pub fn in_tongue(&self, tongue: Tongue) -> &str {
        match tongue {
            Tongue::English => &self.en,
            Tongue::Korean => &self.ko,
        }
    }
}

/// The twelve items, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Item {
    V1,
    V2,
    E1,
    E2,
    A1,
    A2,
    A3,
    C1,
    C2,
    C3,
    T1,
    T2,
}

impl Item {
    pub const ALL: [Item; 12] = [
        Item::V1,
        Item::V2,
        Item::E1,
        Item::E2,
        Item::A1,
        Item::A2,
        Item::A3,
        Item::C1,
        Item::C2,
        Item::C3,
        Item::T1,
        Item::T2,
    ];

    /// The id as written in reports and configuration.
    pub fn id(self) -> &'static str {
        match self {
            Item::V1 => "V1",
            Item::V2 => "V2",
            Item::E1 => "E1",
            Item::E2 => "E2",
            Item::A1 => "A1",
            Item::A2 => "A2",
            Item::A3 => "A3",
            Item::C1 => "C1",
            Item::C2 => "C2",
            Item::C3 => "C3",
            Item::T1 => "T1",
            Item::T2 => "T2",
        }
    }

    /// The stage, 1 to 5.
    pub fn stage(self) -> u8 {
        match self {
            Item::V1 | Item::V2 => 1,
            Item::E1 | Item::E2 => 2,
            Item::A1 | Item::A2 | Item::A3 => 3,
            Item::C1 | Item::C2 | Item::C3 => 4,
            Item::T1 | Item::T2 => 5,
        }
    }

    /// The item with this id, in any case.
    pub fn from_id(id: &str) -> Option<Item> {
        Item::ALL.into_iter().find(|item| item.id().eq_ignore_ascii_case(id))
    }
}

/// The answer to one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    #[serde(rename = "pass")]
    Pass,
    #[serde(rename = "fail")]
    Fail,
    #[serde(rename = "n/a")]
    NotApplicable,
    #[serde(rename = "attested")]
    Attested,
}

/// How sure a finding is. Certain and likely untick, a note never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Certain,
    Likely,
    Note,
}

/// Places that an item cites where each of many would do.
pub const CITED: usize = 3;

/// A place that supports a verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    pub location: Location,
    pub message: Text,
}

/// A gap: what is missing and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, such as `missing-timeout`.
    pub rule: String,
    pub item: Item,
    pub confidence: Confidence,
    /// What is wrong, naming the user's own code.
    pub message: Text,
    /// What to do, with code to paste.
    pub help: Text,
    pub location: Location,
    pub related: Vec<Evidence>,
    /// Survives inserted lines: a hash of rule, path, enclosing definition, and what is called or read there.
    pub fingerprint: String,
    /// The same without the path: it survives a move to another file.
    pub signature: String,
    pub suppressed: Option<Suppression>,
    /// Whether it was there before; none: nothing is compared.
    pub standing: Option<Standing>,
    /// The path at which it was before, where its code has moved.
    pub moved_from: Option<String>,
    /// The source around the place, for formats that show it; filled for the findings that are shown.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

/// What keeps a finding from counting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// `comment`, or the path of the configuration.
    pub by: String,
    pub reason: String,
}

/// A few lines of source: what a snippet is drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The 1-based number of the first line of `text`.
    pub first_line: u32,
    pub text: String,
    /// Byte range of the finding within `text`.
    pub start: usize,
    pub end: usize,
}

/// One box of the checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub item: Item,
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub because: Text,
    pub evidence: Vec<Evidence>,
    /// Indices into the audit's findings, notes included.
    pub findings: Vec<usize>,
    pub attested: Option<Attested>,
    /// The verdict in the tree of `--changed-since`; none: nothing is compared.
    pub before: Option<Verdict>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    pub by: String,
    pub reason: String,
    /// `YYYY-MM-DD`.
    pub expires: String,
}

/// What was looked at and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Files per class: `ships`, `test`, `docs`, `script`, `generated`, `vendored`, `settings`, `other`.
    pub files: BTreeMap<String, usize>,
    /// Files lowered to the model.
    pub read: usize,
    /// Shipping files of a known language.
    pub shipping: usize,
    /// Left out on purpose, with the reason: too large, binary, a link that leads out.
    pub skipped: Vec<Unread>,
    /// Shipping files that could not be read or parsed: the run cannot be fully trusted.
    pub unread: Vec<Unread>,
    /// Files of which a part was lost, but nothing that the catalogue names.
    pub partial: Vec<Unread>,
    /// What a check should have looked at and could not: no code that ships, yet not left out on purpose either.
    pub unchecked: Vec<Unread>,
    /// What to know before trusting the answer: the tree is not in git, no LLM call was found.
    pub remarks: Vec<Text>,
    /// What of git's history was searched, where that was asked for.
    pub history: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    pub path: String,
    pub why: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    pub entry_points: Vec<EntryPoint>,
    pub llm_calls: Vec<LlmCall>,
    pub external_calls: Vec<ExternalCall>,
    pub retries: Vec<Retry>,
    pub env_vars: Vec<EnvVar>,
    /// Variables that the application does without: for `list env`, no part of a report.
    #[serde(skip)]
    pub optional_vars: Vec<EnvVar>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryPoint {
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    pub kind: String,
    pub name: String,
    pub public: bool,
    pub reaches_llm: bool,
    pub logged: bool,
    pub rate_limited: bool,
    pub input_limited: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LlmCall {
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    pub api: String,
    pub max_tokens: bool,
    pub timeout: bool,
    pub retry: bool,
    pub entry_points: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalCall {
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    pub api: String,
    pub timeout: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    pub bounded: bool,
    pub exponential: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvVar {
    pub name: String,
    pub path: String,
    pub line: u32,
    pub checked: bool,
    pub feeds: Feeds,
    /// Where it is checked.
    pub checked_at: Option<Spot>,
}

/// What a variable is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feeds {
    /// What must not be known: a key, a token, a password, an address with one.
    Credential,
    /// An address or a part of one.
    Address,
    /// The name of a model.
    Model,
    Setting,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    pub path: String,
    pub line: u32,
}

/// The whole answer about one app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    pub boxes: Vec<Answer>,
    pub findings: Vec<Finding>,
    pub coverage: Coverage,
    pub inventory: Inventory,
    pub gate: Gate,
    /// What the findings were compared with; none: nothing is compared.
    pub comparison: Option<Comparison>,
}

/// A report over one audited tree. `apps` holds one audit per app of a monorepo; empty where the tree is one app.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub audit: Audit,
    pub apps: Vec<App>,
    /// Where the audited folder lies in its repository, with `/`; empty at its top and outside of repositories.
    pub prefix: String,
    /// Where the time went: stage and milliseconds, in the order in which stages ended, the whole last. Some run
    /// beside each other, so their sum is more than the whole. Never part of a machine format.
    pub timings: Vec<(String, f64)>,
}

impl Report {
    /// A path of the report as sites that show the whole repository need it.
    pub fn in_repository(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Relative to the root.
    pub root: String,
    pub audit: Audit,
}
