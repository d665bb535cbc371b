//! How a run ends: one enum, one way to an exit code, one table for help and documentation.

use crate::verdict::Audit;

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The gate is passed, or there was no gate.
    Ready,
    /// The gate is not passed.
    NotReady,
    /// Usage, rules, a missing path, an unread shipping file, an internal error.
    Untrusted,
    /// No file of a known language ships, and no secret was found.
    Nothing,
}

impl Outcome {
    pub const ALL: [Outcome; 4] = [Outcome::Ready, Outcome::NotReady, Outcome::Untrusted, Outcome::Nothing];

    /// The outcome of an audit. Unread shipping files take away a pass, never a failure.
    pub fn of(audit: &Audit) -> Outcome {
        if audit.gate.empty {
            Outcome::Nothing
        } else if !audit.is_ready() {
            Outcome::NotReady
        } else if !audit.reasons().is_empty() {
            Outcome::Untrusted
        } else {
            Outcome::Ready
        }
    }

    /// The outcome under `--exit-zero`: a gate not passed counts as passed, everything else stays.
    pub fn lenient(self) -> Outcome {
        if self == Outcome::NotReady { Outcome::Ready } else { self }
    }

    pub fn code(self) -> u8 {
        match self {
            Outcome::Ready => 0,
            Outcome::NotReady => 1,
            Outcome::Untrusted => 2,
            Outcome::Nothing => 3,
        }
    }

    /// What the code means, for `--help`.
    pub fn meaning(self) -> &'static str {
        match self {
            Outcome::Ready => "the gate is passed",
            Outcome::NotReady => "the gate is not passed",
            Outcome::Untrusted => {
                "the run cannot be trusted: usage, rules, configuration, missing path or revision, unread shipping files"
            }
            Outcome::Nothing => "nothing to audit: no file of a known language ships, and no secret was found",
        }
    }

    /// All codes with their meaning.
    pub fn table() -> String {
        let rows = Outcome::ALL.map(|outcome| format!("  {}  {}", outcome.code(), outcome.meaning()));
        format!("Exit codes:\n{}", rows.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Answer, Coverage, Gate, Inventory, Item, Text, Unread, Verdict};

    fn audit(is_failed: bool, is_unread: bool, empty: bool) -> Audit {
        let unread = Unread { path: "a.py".into(), why: Text::default() };
        let verdict = if is_failed { Verdict::Fail } else { Verdict::Pass };
        let (because, evidence, findings) = (Text::default(), Vec::new(), Vec::new());
        Audit {
            boxes: vec![Answer { item: Item::V1, verdict, because, evidence, findings, attested: None, before: None }],
            findings: Vec::new(),
            coverage: Coverage { unread: is_unread.then_some(unread).into_iter().collect(), ..Coverage::default() },
            inventory: Inventory::default(),
            gate: Gate { empty, ..Gate::default() },
            comparison: None,
        }
    }

    #[test]
    fn unread_files_take_away_a_pass_and_never_a_failure() {
        assert_eq!(Outcome::of(&audit(false, false, false)).code(), 0);
        assert_eq!(Outcome::of(&audit(false, true, false)).code(), 2);
        assert_eq!(Outcome::of(&audit(true, true, false)).code(), 1);
        assert_eq!(Outcome::of(&audit(false, false, true)).code(), 3);
    }

    #[test]
    fn leniency_forgives_the_gate_only() {
        assert_eq!(Outcome::ALL.map(|outcome| outcome.lenient().code()), [0, 0, 2, 3]);
    }
}
