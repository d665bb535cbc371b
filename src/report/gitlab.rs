//! A code quality report for GitLab: the part of Code Climate's format that a merge request shows.

use serde::Serialize;

use super::{clean, order};
use crate::{
    rules::packs::Packs,
    verdict::{Confidence, Finding, Report, Tongue},
};

/// From this severity on, a certain finding is critical.
const CRITICAL: f64 = 7.0;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    categories: [&'static str; 1],
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
    positions: Positions,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

#[derive(Serialize)]
struct Positions {
    begin: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

/// Writes one issue per finding, suppressed ones as information.
pub fn render(report: &Report, packs: &Packs, tongue: Tongue) -> String {
    let issues: Vec<Issue> = report.audit.findings.iter().map(|each| issue(each, report, packs, tongue)).collect();
    // Serialising fails only for maps with keys that are no text; there are none.
    let mut json = serde_json::to_string_pretty(&issues).unwrap_or_default();
    json.push('\n');
    clean::finish_json(&json)
}

fn issue(finding: &Finding, report: &Report, packs: &Packs, tongue: Tongue) -> Issue {
    let place = &finding.location;
    let mut description = format!("{}: {}", finding.item.id(), finding.message.in_tongue(tongue));
    let marks = order::marks(finding, tongue);
    if !marks.is_empty() {
        description.push_str(&format!(" ({})", marks.join("; ")));
    }
    Issue {
        description: clean::line(&description),
        check_name: clean::line(&finding.rule),
        categories: [if is_critical(finding, packs) { "Security" } else { "Bug Risk" }],
        fingerprint: clean::line(&finding.fingerprint),
        severity: severity(finding, packs),
        location: Place {
            path: clean::line(&report.in_repository(&place.path)),
            lines: Lines { begin: place.line, end: place.end_line },
            positions: Positions {
                begin: Position { line: place.line, column: place.column },
                end: Position { line: place.end_line, column: place.end_column },
            },
        },
    }
}

fn severity(finding: &Finding, packs: &Packs) -> &'static str {
    match (finding.confidence, &finding.suppressed) {
        (Confidence::Note, _) | (_, Some(_)) => "info",
        (Confidence::Likely, None) => "minor",
        (Confidence::Certain, None) if is_critical(finding, packs) => "critical",
        (Confidence::Certain, None) => "major",
    }
}

fn is_critical(finding: &Finding, packs: &Packs) -> bool {
    packs.rule(&finding.rule).and_then(|rule| rule.security).is_some_and(|security| security.severity >= CRITICAL)
}
