//! One line per finding, `path:line:column: rule message [item]`, then the verdict.

use std::fmt::Write;

use super::{Style, clean, words};
use crate::verdict::{Confidence, Finding, Report};

/// Writes the report. Suppressed findings appear only when all are asked for.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    if !style.quiet {
        for finding in report.audit.findings.iter().filter(|each| style.all || each.suppressed.is_none()) {
            line(&mut out, finding, style);
        }
    }
    out.push_str(&words::verdict(&report.audit, style.tongue));
    clean::finish(&out)
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
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{}:{}:{}: {} {message} [{}{kind}]",
        clean::shown(&place.path),
        place.line,
        place.column,
        clean::shown(&finding.rule),
        finding.item.id(),
    );
}
