//! Annotations for a pull request, as workflow commands for GitHub's runner. Of each kind GitHub shows only the first
//! ten per step, so each kind has its own meaning, and what matters most comes first: a notice with the verdict, an
//! error for each unticked box (a warning where the gate is passed all the same), then a warning for each finding.

use std::fmt::Write;

use super::{Style, clean, order, words};
use crate::{
    rules::packs::Packs,
    verdict::{Answer, Confidence, Finding, Location, Report, Tongue, Verdict},
};

/// Writes the commands, and the verdict in plain words as the last line.
pub fn render(report: &Report, packs: &Packs, style: &Style) -> String {
    let page = Page { report, packs, tongue: style.tongue };
    let audit = &report.audit;
    let mut out = String::new();
    for (sentence, place) in order::weakened(audit, style.tongue) {
        command(
            &mut out,
            "notice",
            None,
            words::weaker(audit, style.tongue).as_str(),
            &format!("{sentence} ({place})"),
        );
    }
    page.verdict(&mut out);
    for answer in &audit.boxes {
        page.unticked(&mut out, answer);
    }
    for answer in &audit.boxes {
        // The worst finding of an unticked box has been said with the box.
        let said = usize::from(answer.verdict == Verdict::Fail);
        for finding in order::findings(audit, answer, style.all).into_iter().skip(said) {
            page.finding(&mut out, finding);
        }
    }
    for note in order::notes(audit, style.all) {
        page.finding(&mut out, note);
    }
    out.push_str(&clean::finish(&words::verdict(audit, style.tongue)));
    out
}

struct Page<'a> {
    report: &'a Report,
    packs: &'a Packs,
    tongue: Tongue,
}

impl Page<'_> {
    /// The verdict, and what would help.
    fn verdict(&self, out: &mut String) {
        let audit = &self.report.audit;
        let mut text = words::verdict(audit, self.tongue);
        for remedy in order::remedies(audit, self.tongue) {
            text.push_str(&format!("\n{}", clean::line(&remedy)));
        }
        if let Some(compared) = order::compared(audit, self.tongue) {
            text.push_str(&format!("\n{}", clean::line(&compared)));
        }
        command(out, "notice", None, env!("CARGO_PKG_NAME"), &text);
    }

    /// An unticked box at its worst place.
    fn unticked(&self, out: &mut String, answer: &Answer) {
        let audit = &self.report.audit;
        if answer.verdict != Verdict::Fail {
            return;
        }
        let kind = if audit.is_ready() { "warning" } else { "error" };
        let findings = order::findings(audit, answer, false);
        let worst = findings.first();
        let mut text = clean::line(answer.because.in_tongue(self.tongue));
        if let Some(worst) = worst {
            text.push_str(&format!("\n{}: {}\n{}", clean::line(&worst.rule), self.said(worst), self.advice(worst)));
        }
        let title = format!("{} {}", answer.item.id(), self.packs.name(answer.item));
        command(out, kind, worst.map(|worst| self.place(&worst.location)).as_ref(), &title, &text);
    }

    fn finding(&self, out: &mut String, finding: &Finding) {
        let kind = match (finding.confidence, &finding.suppressed) {
            (Confidence::Note, _) | (_, Some(_)) => "notice",
            _ => "warning",
        };
        let text = format!("{}\n{}", self.said(finding), self.advice(finding));
        let title = format!("{} {}", finding.item.id(), finding.rule);
        command(out, kind, Some(&self.place(&finding.location)), &title, &text);
    }

    fn said(&self, finding: &Finding) -> String {
        let message = finding.message.in_tongue(self.tongue);
        let marks = order::marks(finding, self.tongue);
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join("; ")) };
        clean::line(&format!("{message}{marks}"))
    }

    /// What to do, on one line, and where the code is.
    fn advice(&self, finding: &Finding) -> String {
        let advice = words::advice(finding.help.in_tongue(self.tongue));
        format!("{} ({})", clean::line(&advice), words::code_elsewhere(finding.item.id(), self.tongue))
    }

    fn place(&self, place: &Location) -> Location {
        Location { path: self.report.in_repository(&place.path), ..place.clone() }
    }
}

/// One command. Columns are taken only where a finding ends on its first line, so that only its start is told otherwise.
fn command(out: &mut String, kind: &str, place: Option<&Location>, title: &str, text: &str) {
    let mut properties = Vec::new();
    if let Some(place) = place {
        properties.push(format!("file={}", clean::command_property(&place.path)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
        if place.line == place.end_line {
            properties.push(format!("endLine={}", place.end_line));
            properties.push(format!("endColumn={}", place.end_column));
        }
    }
    properties.push(format!("title={}", clean::command_property(title)));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "::{kind} {}::{}", properties.join(","), clean::command_data(text));
}
