//! Stage 1: which files exist, which are tracked, what each is for, and the projects they belong to.

use serde::{Deserialize, Serialize};

use crate::model::Project;

/// What a file is for, relative to the audited root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    Ships,
    Test,
    /// Documentation and examples, notebooks too.
    Docs,
    /// Developer scripts: nothing imports them and no manifest starts them.
    Script,
    /// Generated or minified.
    Generated,
    Vendored,
}

/// What a file is written in, as far as the pipeline cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    Code(crate::model::Language),
    Settings,
    /// Other text; only secrets are looked for.
    Text,
}

/// One file of the audited tree.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Relative to the audited root, with `/`.
    pub path: String,
    pub class: Class,
    /// Why it has this class, for `launchcheck files`: `in the index`, `tests/ folder`, `has a generated header`, ...
    pub reason: String,
    pub kind: Kind,
    /// In git's index. Outside git: every file that ignore rules leave.
    pub tracked: bool,
    /// Git's ignore rules match it (it is looked at only because it is tracked).
    pub ignored: bool,
    pub bytes: u64,
}

/// A file that was seen and not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    pub path: String,
    pub why: SkipReason,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    Binary,
    /// A symbolic link (its target is audited where it really is, if it is inside).
    Link,
    /// Not a regular file: FIFO, socket, device.
    Special,
    /// The system said no, with its words.
    Unreadable(String),
    /// More files than the limit.
    TooMany,
}

/// The audited tree, files sorted by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub files: Vec<File>,
    pub skipped: Vec<Skipped>,
    pub projects: Vec<Project>,
    /// Whether the root lies in a git repository.
    pub in_git: bool,
}
