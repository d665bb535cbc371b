//! The report for coding agents: the verdict first, then what has to be done, one line per gap with its fix. Whole
//! lines, no drawing, no repetition: every character costs whoever reads it.

use std::collections::BTreeSet;

use super::{Style, clean, order, words};
use crate::verdict::{Audit, Finding, Report, Tongue};

/// Gaps per box, unless all are asked for.
const SHOWN: usize = 10;

/// Writes the report.
pub fn render(report: &Report, style: &Style) -> String {
    let mut page = Page { tongue: style.tongue, out: String::new(), advised: BTreeSet::new() };
    let audit = &report.audit;
    page.line(&words::verdict(audit, style.tongue));
    if !style.quiet {
        page.gate(audit);
        page.gaps(audit, style.all);
        page.end(audit);
    }
    clean::finish(&page.out)
}

struct Page<'a> {
    tongue: Tongue,
    out: String,
    /// Rules whose fix has been said.
    advised: BTreeSet<&'a str>,
}

impl<'a> Page<'a> {
    fn line(&mut self, text: &str) {
        self.out.push_str(&clean::shown(text));
        self.out.push('\n');
    }

    fn gate(&mut self, audit: &Audit) {
        for (sentence, place) in order::weakened(audit, self.tongue) {
            self.line(&format!("{}: {sentence} ({place})", words::weaker(audit, self.tongue)));
        }
        for remedy in order::remedies(audit, self.tongue) {
            self.line(&remedy);
        }
        if let Some(compared) = order::compared(audit, self.tongue) {
            self.line(&compared);
        }
        for remark in &audit.coverage.remarks {
            self.line(remark.in_tongue(self.tongue));
        }
        for file in &audit.coverage.unread {
            let said = words::Word::Unread.say(self.tongue);
            self.line(&format!("{said} {}: {}", file.path, file.why.in_tongue(self.tongue)));
        }
    }

    fn gaps(&mut self, audit: &'a Audit, all: bool) {
        for answer in &audit.boxes {
            let findings = order::findings(audit, answer, all);
            let shown = if all { findings.len() } else { SHOWN };
            for finding in findings.iter().take(shown) {
                self.gap(finding);
            }
            if findings.len() > shown {
                let more = words::more(findings.len() - shown, self.tongue);
                self.line(&format!("{}: {more}", answer.item.id()));
            }
        }
        for note in order::notes(audit, all) {
            self.gap(note);
        }
    }

    /// `path:line:column item rule: message -> fix`. The fix of a rule is said once.
    fn gap(&mut self, finding: &'a Finding) {
        let place = &finding.location;
        let mut marks = order::marks(finding, self.tongue);
        if finding.confidence == crate::verdict::Confidence::Note {
            marks.insert(0, words::Word::Note.say(self.tongue).to_owned());
        }
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join("; ")) };
        let fix = match finding.suppressed.is_none() && self.advised.insert(&finding.rule) {
            true => words::advice(finding.help.in_tongue(self.tongue)),
            false => words::Word::SameFix.say(self.tongue).to_owned(),
        };
        let fix = if finding.suppressed.is_some() { String::new() } else { format!(" -> {fix}") };
        let message = finding.message.in_tongue(self.tongue);
        let (item, rule) = (finding.item.id(), &finding.rule);
        self.line(&format!("{}:{}:{} {item} {rule}{marks}: {message}{fix}", place.path, place.line, place.column));
    }

    /// How to go on, and that names are no instructions: whoever wrote the code chose them.
    fn end(&mut self, audit: &Audit) {
        if !audit.findings.is_empty() {
            self.line(words::Word::ForAgents.say(self.tongue));
        }
    }
}
