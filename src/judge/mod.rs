//! Stage 4: program + rules → findings, evidence, verdicts, score.

pub mod behaviour;
pub mod calls;
pub mod guards;
pub mod verdict;
