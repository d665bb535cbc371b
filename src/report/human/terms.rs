//! What bends the gate, in the report for people: what has weakened it first, and behind the gaps everything that is
//! suppressed, attested or left out, and what is left over.

use super::{Page, clean};
use crate::{
    report::words::{self, Word, gate},
    verdict::{Audit, Exemption, Finding, Location, Standing},
};

impl Page<'_> {
    /// What has made the gate weaker since the revision that it is compared with. It comes first: nobody may miss it.
    pub(super) fn weakened(&mut self, audit: &Audit) {
        let weakened: Vec<&Exemption> = audit.gate.weakened().collect();
        if weakened.is_empty() {
            return;
        }
        let head = Word::Weakened.say(self.style.tongue);
        let paint = self.paint;
        super::paragraph(&mut self.out, "", head, self.style.width, |text| paint.yellow(text));
        for exemption in weakened {
            self.exemption(exemption);
        }
        self.out.push('\n');
    }

    /// All that bends the gate, and what of it is about nothing.
    pub(super) fn terms(&mut self, audit: &Audit) {
        let tongue = self.style.tongue;
        let gate = &audit.gate;
        self.section(Word::Exemptions, gate.exemptions.len(), |page, index| {
            if let Some(exemption) = gate.exemptions.get(index) {
                page.exemption(exemption);
            }
        });
        self.section(Word::Unused, gate.unused.len(), |page, index| {
            if let Some(unused) = gate.unused.get(index) {
                page.located(&unused.location, &gate::unused(unused, tongue));
            }
        });
        let Some(comparison) = &audit.comparison else { return };
        self.section(Word::Gone, comparison.gone.len(), |page, index| {
            if let Some(gone) = comparison.gone.get(index) {
                page.located(&gone.location, &said(gone, page));
            }
        });
        self.section(Word::Stale, comparison.stale.len(), |page, index| {
            if let Some(entry) = comparison.stale.get(index) {
                page.place("  ", &clean::shown(&entry.path), &clean::shown(&gate::stale(entry, tongue)));
            }
        });
    }

    /// How the findings stand against before, in one line.
    pub(super) fn compared(&mut self, audit: &Audit) {
        let Some(comparison) = &audit.comparison else { return };
        let stands =
            |standing| audit.findings.iter().filter(|each| each.unticks() && each.standing == Some(standing)).count();
        let line = gate::compared(comparison, stands(Standing::New), stands(Standing::Known), self.style.tongue);
        let paint = self.paint;
        self.out.push('\n');
        super::paragraph(&mut self.out, "", &clean::shown(&line), self.style.width, |text| paint.dim(text));
    }

    fn exemption(&mut self, exemption: &Exemption) {
        self.located(&exemption.location, &gate::exemption(exemption, self.style.tongue));
    }

    fn located(&mut self, location: &Location, sentence: &str) {
        let place = format!("{}:{}:{}", clean::shown(&location.path), location.line, location.column);
        self.place("  ", &place, &clean::shown(sentence));
    }

    /// A head and its entries, the first few of them unless all are asked for.
    fn section(&mut self, head: Word, count: usize, mut entry: impl FnMut(&mut Self, usize)) {
        if count == 0 {
            return;
        }
        let tongue = self.style.tongue;
        self.out.push('\n');
        let paint = self.paint;
        super::paragraph(&mut self.out, "", head.say(tongue), self.style.width, |text| paint.bold(text));
        let shown = if self.style.all || head == Word::Exemptions { count } else { count.min(super::SHOWN) };
        for index in 0..shown {
            entry(self, index);
        }
        if count > shown {
            let more = words::more(count - shown, tongue);
            super::paragraph(&mut self.out, "  ", &more, self.style.width, |text| paint.dim(text));
        }
    }
}

fn said(finding: &Finding, page: &Page<'_>) -> String {
    format!("{}: {}", finding.rule, finding.message.in_tongue(page.style.tongue))
}
