//! One line per finding, `path:line:column: rule message [item]`, then what a reader should know before trusting the
//! verdict, and the verdict. What has made the gate weaker comes first, in the same form.

use std::fmt::Write;

use super::{Style, clean, order, words};
use crate::verdict::{Confidence, Exemption, Finding, Report, Standing, Tongue};

/// Writes the report. Suppressed findings appear only when all are asked for.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    if !style.quiet {
        for exemption in report.audit.gate.weakened() {
            weakened(&mut out, exemption, style.tongue);
        }
        for finding in report.audit.findings.iter().filter(|each| style.all || each.suppressed.is_none()) {
            line(&mut out, finding, style);
        }
        for exemption in report.audit.gate.exemptions.iter().filter(|each| each.standing != Some(Standing::New)) {
            let place = &exemption.location;
            let said = clean::shown(&words::gate::exemption(exemption, style.tongue));
            let _ = writeln!(out, "{}:{}:{}: {said}", clean::shown(&place.path), place.line, place.column);
        }
        for unused in &report.audit.gate.unused {
            let place = &unused.location;
            let said = clean::shown(&words::gate::unused(unused, style.tongue));
            let _ = writeln!(out, "{}:{}:{}: {said}", clean::shown(&place.path), place.line, place.column);
        }
        if let Some(line) = order::compared(&report.audit, style.tongue) {
            out.push_str(&clean::shown(&line));
            out.push('\n');
        }
    }
    if !style.quiet {
        for remark in &report.audit.coverage.remarks {
            out.push_str(&clean::shown(remark.in_tongue(style.tongue)));
            out.push('\n');
        }
    }
    out.push_str(&words::verdict(&report.audit, style.tongue));
    clean::finish(&out)
}

fn weakened(out: &mut String, exemption: &Exemption, tongue: Tongue) {
    let place = &exemption.location;
    let (path, said) = (clean::shown(&place.path), clean::shown(&words::gate::exemption(exemption, tongue)));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{path}:{}:{}: gate-weakened {said}", place.line, place.column);
}

fn line(out: &mut String, finding: &Finding, style: &Style) {
    let place = &finding.location;
    let message = clean::shown(finding.message.in_tongue(style.tongue));
    let kind = match (finding.suppressed.is_some(), finding.confidence) {
        (true, _) => ", suppressed",
        (false, Confidence::Note) => ", note",
        (false, Confidence::Likely) => ", likely",
        (false, Confidence::Certain) => "",
    };
    let standing = finding.standing.map(|standing| words::gate::standing(standing, Tongue::English));
    let standing = standing.map(|standing| format!(", {standing}")).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{}:{}:{}: {} {message} [{}{kind}{standing}]",
        clean::shown(&place.path),
        place.line,
        place.column,
        clean::shown(&finding.rule),
        finding.item.id(),
    );
}
