//! launchcheck: the pre-deployment checklist for LLM apps, as a linter.
//!
//! One pipeline, data flows one way:
//!
//! ```text
//! collect  →  lower  →  link  →  judge  →  report
//! files       model     program  verdicts  bytes
//! ```

use std::path::{Path, PathBuf};

use crate::rules::checked::CatalogueError;
use crate::rules::packs::PackError;
use crate::verdict::{Item, Report};

mod audit;
pub mod cli;
pub mod collect;
pub mod judge;
pub mod link;
pub mod lower;
pub mod model;
pub mod report;
pub mod rules;
pub mod source;
pub mod verdict;

/// What an audit is to hold a tree against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many items may be unticked.
    pub max_unticked: usize,
    /// Items that must be ticked whatever the count.
    pub required: Vec<Item>,
    /// A folder with further packs and catalogue files.
    pub rules: Option<PathBuf>,
    /// Whether credentials are looked for in git's history, too.
    pub history: bool,
    /// Worker threads; none: as many as there are cores.
    pub threads: Option<usize>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// The path to audit cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Collect(#[from] collect::CollectError),
    /// Git's history cannot be searched.
    #[error(transparent)]
    #[diagnostic(transparent)]
    History(#[from] collect::HistoryError),
    /// The packs cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Packs(#[from] PackError),
    /// The catalogue cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The shapes of credentials cannot be used.
    #[error("rules/secrets.toml: {0}")]
    Shapes(String),
    /// The system gives no worker threads, or not enough memory for their tables.
    #[error("cannot start working: {0}")]
    #[diagnostic(help("try --threads 1"))]
    Threads(String),
    /// A defect of this program.
    #[error("launchcheck stopped at a defect of its own")]
    #[diagnostic(help("please report it with the output of RUST_BACKTRACE=1"))]
    Internal,
}

/// Audits a tree.
///
/// # Errors
/// A path that cannot be read, or rules that cannot be used.
pub fn audit(root: &Path, options: &Options) -> Result<Report, Error> {
    audit::run(root, options)
}

/// The files of a tree as an audit sees them.
///
/// # Errors
/// A path that cannot be read.
pub fn tree(root: &Path) -> Result<collect::Tree, Error> {
    audit::tree(root)
}
