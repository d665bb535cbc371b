//! launchcheck: the pre-deployment checklist for LLM apps, as a linter.
//!
//! One pipeline, data flows one way:
//!
//! ```text
//! collect  →  lower  →  link  →  judge  →  report
//! files       model     program  verdicts  bytes
//! ```

pub mod collect;
pub mod judge;
pub mod link;
pub mod lower;
pub mod model;
pub mod report;
pub mod rules;
pub mod source;
