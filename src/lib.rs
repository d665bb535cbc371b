//! launchcheck: the pre-deployment checklist for LLM apps, as a linter.
//!
//! One pipeline, data flows one way:
//!
//! ```text
//! collect  →  lower  →  link  →  judge  →  report
//! files       model     program  verdicts  bytes
//! ```

use std::path::{Path, PathBuf};

use crate::judge::verdict::{Answer, Audit, Coverage, Gate, Inventory, Item, Report, Verdict};
use crate::rules::packs::{Because, PackError, Packs, Reason};

pub mod cli;
pub mod collect;
pub mod judge;
pub mod link;
pub mod lower;
pub mod model;
pub mod report;
pub mod rules;
pub mod source;

/// What an audit is to hold a tree against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many items may be unticked.
    pub max_unticked: usize,
    /// Items that must be ticked whatever the count.
    pub required: Vec<Item>,
    /// A folder with further packs and catalogue files.
    pub rules: Option<PathBuf>,
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
    /// The packs cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Packs(#[from] PackError),
}

/// Audits a tree.
///
/// # Errors
/// A path that cannot be read, or rules that cannot be used.
pub fn audit(root: &Path, options: &Options) -> Result<Report, Error> {
    let _ = tree(root)?;
    let packs = Packs::load(options.rules.as_deref())?;
    let answer = |item| {
        let (verdict, because) = match item {
            Item::E2 => (Verdict::Pass, Because::Pass),
            _ => (Verdict::NotApplicable, Because::NotApplicable(Reason::NoEntryPoint)),
        };
        let because = packs.because(item, because);
        Answer { item, verdict, because, evidence: Vec::new(), findings: Vec::new(), attested: None }
    };
    let audit = Audit {
        boxes: Item::ALL.into_iter().map(answer).collect(),
        findings: Vec::new(),
        coverage: Coverage::default(),
        inventory: Inventory::default(),
        gate: Gate { max_unticked: options.max_unticked, required: options.required.clone(), empty: true },
    };
    Ok(Report { audit, apps: Vec::new(), timings: Vec::new() })
}

/// The files of a tree as an audit sees them.
///
/// # Errors
/// A path that cannot be read.
pub fn tree(root: &Path) -> Result<collect::Tree, Error> {
    Ok(collect::collect(root, collect::Limits::default())?)
}
