//! The evidence of an item that passes: what bounds, answers for or measures the calls that it asks about.
//!
//! The judges of these items look for what is missing. What is there is told by what the items say at a call, as for
//! somebody who asks about its line.

use crate::judge::calls::External;
use crate::judge::verdict::chain::Stand;
use crate::judge::verdict::{CITED, Evidence, Item, Verdict};
use crate::rules::catalogue::Calls;

use super::Look;
use super::words::text;

/// Calls that are asked for what to cite.
const ASKED: usize = 8;

impl Look<'_, '_, '_> {
    /// What stands for an item at the first calls that it asks about, models first. Empty: it asks about no call by itself.
    pub(in crate::judge) fn evidence(&self, item: Item) -> Vec<Evidence> {
        let externals = self.case.externals();
        let models = externals.iter().filter(|external| external.kind == Calls::Llm);
        let others = externals.iter().filter(|external| external.kind != Calls::Llm && item == Item::A1);
        let mut cited: Vec<Evidence> = Vec::new();
        for external in models.chain(others).take(ASKED) {
            let Some(stand) = self.stand_for(item, external).filter(|stand| stand.verdict == Verdict::Pass) else {
                continue;
            };
            // One place for each call comes first: several calls tell more than one call told in full.
            for evidence in stand.because.into_iter().take(if item == Item::T1 { 2 } else { 1 }) {
                let evidence = self.about(external, evidence);
                if cited.len() < CITED && !cited.contains(&evidence) {
                    cited.push(evidence);
                }
            }
        }
        cited
    }

    fn stand_for(&self, item: Item, external: &External) -> Option<Stand> {
        match item {
            Item::A1 => self.timeout(external),
            Item::A2 => self.retry(external),
            Item::A3 => self.fallback(external),
            Item::T1 => self.limits(external),
            Item::T2 => self.history(external),
            _ => None,
        }
    }

    /// Says of which call a place tells.
    fn about(&self, external: &External, evidence: Evidence) -> Evidence {
        let Evidence { location, message } = evidence;
        let place = self.case.program.place(external.call);
        let call = match (&place.path, place.line) == (&location.path, location.line) {
            true => format!("`{}`", external.api),
            false => format!("`{}` ({}:{})", external.api, place.path, place.line),
        };
        let message = text(format!("{call}: {}", message.en), format!("{call}: {}", message.ko));
        Evidence { location, message }
    }
}
