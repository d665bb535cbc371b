//! launchcheck: the pre-deployment checklist for LLM apps, as a linter.
//!
//! One pipeline, data flows one way:
//!
//! ```text
//! collect  →  lower  →  link  →  judge  →  report
//! files       model     program  verdicts  bytes
//! ```

use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Configuration};
use crate::judge::baseline::{Baseline, BaselineError};
use crate::rules::checked::CatalogueError;
use crate::rules::packs::PackError;
use crate::verdict::chain::Explained;
use crate::verdict::{Item, Report};

mod audit;
pub use audit::explained::PlaceError;
pub mod cli;
pub mod collect;
pub mod config;
pub mod judge;
pub mod link;
pub mod lower;
pub mod model;
pub mod report;
pub mod rules;
pub mod source;
pub mod verdict;

/// What an audit is to hold a tree against.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many items may be unticked; none: what the configuration says, else two.
    pub max_unticked: Option<usize>,
    /// Items that must be ticked whatever the count, besides those of the configuration.
    pub required: Vec<Item>,
    /// The configuration of the tree.
    pub configuration: Configuration,
    /// The configuration was not read in the tree, so it holds for other revisions of it, too.
    pub is_imposed: bool,
    /// The day of the audit, `YYYY-MM-DD`; none: no attestation expires.
    pub today: Option<String>,
    /// Suppressions that suppress nothing and stale entries of the baseline fail the gate.
    pub strict: bool,
    /// What could not be checked fails the gate.
    pub complete: bool,
    /// Nothing but findings that were not there before fails the gate.
    pub new_only: bool,
    /// Findings that were known before.
    pub baseline: Option<Baseline>,
    /// The revision that the tree is compared with.
    pub changed_since: Option<String>,
    /// A folder with further packs and catalogue files.
    pub rules: Option<PathBuf>,
    /// Whether credentials are looked for in git's history, too.
    pub history: bool,
    /// The folder where what was found in whole trees is kept from run to run; none: it is not kept.
    pub cache: Option<PathBuf>,
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
    /// The revision to compare with cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Revision(#[from] collect::RevisionError),
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
    /// The configuration, or a comment that suppresses findings, cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(#[from] ConfigError),
    /// The place to explain is none.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Place(#[from] audit::explained::PlaceError),
    /// The baseline cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Baseline(#[from] BaselineError),
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

/// Says what stands at a line of a tree: the ways that lead there, and the guards on them.
///
/// # Errors
/// There is no such line, a path that cannot be read, or rules that cannot be used.
pub fn explain(root: &Path, options: &Options, asked: &judge::chains::Asked) -> Result<Explained, Error> {
    audit::explain(root, options, asked)
}

/// The configuration that is written in a tree.
///
/// # Errors
/// There are two of them, or one with mistakes.
pub fn configuration(root: &Path) -> Result<Configuration, Error> {
    let text = |path: &str| config::text_in(root, path);
    let written = config::find(&text)?;
    Ok(written.map(|written| config::check(&written)).transpose()?.unwrap_or_default())
}

/// The files of a tree as an audit sees them.
///
/// # Errors
/// A path that cannot be read.
pub fn tree(root: &Path, configuration: &Configuration) -> Result<collect::Tree, Error> {
    audit::tree(root, configuration)
}
