//! Stage 4: program + rules → findings, evidence, verdicts, score.

pub mod secrets;
pub mod verdict;
