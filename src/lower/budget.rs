//! How much work one file may cost: limits count nodes and depth, never time, so that they are the same everywhere.

use crate::model::{Lost, LostReason, Span};

/// Nesting beyond this is not followed; what people write stays below 60.
pub const DEPTH: usize = 200;
/// Model nodes of one file; a 50,000-line file stays below.
pub const NODES: usize = 2_000_000;

/// Counts what a front end spends and notes what it had to leave out.
#[derive(Debug, Default)]
pub struct Budget {
    depth: usize,
    nodes: usize,
    lost: Vec<Lost>,
}

impl Budget {
    /// Enters one node. `false`: over a limit, the caller makes `Unknown` of it (and must not call `leave`).
    pub fn enter(&mut self, span: Span) -> bool {
        if self.depth >= DEPTH {
            self.lose(span, LostReason::Depth);
            return false;
        }
        if self.nodes >= NODES {
            self.lose(span, LostReason::Size);
            return false;
        }
        self.depth += 1;
        self.nodes += 1;
        true
    }

    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Notes a lost part; of many, the first hundred.
    pub fn lose(&mut self, span: Span, why: LostReason) {
        if self.lost.len() < 100 {
            self.lost.push(Lost { span, why });
        }
    }

    pub fn into_lost(self) -> Vec<Lost> {
        self.lost
    }
}
