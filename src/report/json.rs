//! The whole report as JSON, schema 1 (`rules/schema/report.schema.json`). Keys keep the order of the structures here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::clean;
use crate::{
    rules::packs::Packs,
    verdict::{
        Attested, Audit, Confidence, Evidence, Finding, Inventory, Location, Report, Standing, Suppression, Tongue,
        Unread, Verdict,
    },
};

mod gate;

/// The number of the schema; raised only when a reader of the old one would be misled.
pub const SCHEMA: u32 = 1;

/// The JSON Schema of this format.
pub const JSON_SCHEMA: &str = include_str!("../../rules/schema/report.schema.json");

#[derive(Serialize)]
struct Document {
    schema: u32,
    tool: Tool,
    #[serde(flatten)]
    app: AppDocument,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    apps: Vec<AppDocument>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct AppDocument {
    root: String,
    ready: bool,
    score: usize,
    total: usize,
    unticked: Vec<&'static str>,
    max_unticked: usize,
    gate: gate::GateDocument,
    coverage: CoverageDocument,
    items: Vec<ItemDocument>,
    findings: Vec<FindingDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<gate::ComparisonDocument>,
    inventory: Inventory,
}

#[derive(Serialize)]
struct CoverageDocument {
    files: BTreeMap<String, usize>,
    skipped: Vec<FileDocument>,
    unread: Vec<FileDocument>,
    partial: Vec<FileDocument>,
    unchecked: Vec<FileDocument>,
    remarks: Vec<String>,
    shipping: usize,
    read: usize,
}

#[derive(Serialize)]
struct FileDocument {
    path: String,
    why: String,
}

#[derive(Serialize)]
struct ItemDocument {
    id: &'static str,
    name: String,
    stage: u8,
    verdict: Verdict,
    because: String,
    evidence: Vec<EvidenceDocument>,
    findings: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attested: Option<Attested>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
}

#[derive(Serialize)]
struct EvidenceDocument {
    #[serde(flatten)]
    location: Location,
    message: String,
}

#[derive(Serialize)]
struct FindingDocument {
    rule: String,
    item: &'static str,
    confidence: Confidence,
    message: String,
    help: String,
    fingerprint: String,
    signature: String,
    suppressed: Option<Suppression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_from: Option<String>,
    location: Location,
    related: Vec<EvidenceDocument>,
}

/// Writes the report, indented, with sentences in one language.
pub fn render(report: &Report, packs: &Packs, tongue: Tongue) -> String {
    let apps = report.apps.iter().map(|app| of_app(&app.root, &app.audit, packs, tongue)).collect();
    let document = Document {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        app: of_app(".", &report.audit, packs, tongue),
        apps,
    };
    // Serialising fails only for maps with keys that are no text; there are none.
    let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
    json.push('\n');
    clean::finish_json(&json)
}

fn of_app(root: &str, audit: &Audit, packs: &Packs, tongue: Tongue) -> AppDocument {
    AppDocument {
        root: clean::line(root),
        ready: audit.is_ready() && !audit.gate.empty,
        score: audit.score(),
        total: audit.boxes.len(),
        unticked: audit.unticked().into_iter().map(|item| item.id()).collect(),
        max_unticked: audit.gate.max_unticked,
        gate: gate::gate(audit, tongue),
        coverage: CoverageDocument {
            files: audit.coverage.files.clone(),
            skipped: files(&audit.coverage.skipped, tongue),
            unread: files(&audit.coverage.unread, tongue),
            partial: files(&audit.coverage.partial, tongue),
            unchecked: files(&audit.coverage.unchecked, tongue),
            remarks: audit.coverage.remarks.iter().map(|remark| clean::line(remark.in_tongue(tongue))).collect(),
            shipping: audit.coverage.shipping,
            read: audit.coverage.read,
        },
        items: audit
            .boxes
            .iter()
            .map(|answer| ItemDocument {
                id: answer.item.id(),
                name: packs.name(answer.item).to_owned(),
                stage: answer.item.stage(),
                verdict: answer.verdict,
                because: clean::line(answer.because.in_tongue(tongue)),
                evidence: answer.evidence.iter().map(|each| evidence(each, tongue)).collect(),
                findings: answer.findings.clone(),
                attested: answer.attested.as_ref().map(|attested| Attested {
                    by: clean::line(&attested.by),
                    reason: clean::line(&attested.reason),
                    expires: clean::line(&attested.expires),
                }),
                before: answer.before,
                standing: answer.standing(),
            })
            .collect(),
        findings: audit.findings.iter().map(|each| finding(each, tongue)).collect(),
        comparison: audit.comparison.as_ref().map(|comparison| gate::comparison(comparison, tongue)),
        inventory: inventory(&audit.inventory),
    }
}

fn files(files: &[Unread], tongue: Tongue) -> Vec<FileDocument> {
    files
        .iter()
        .map(|file| FileDocument { path: clean::line(&file.path), why: clean::line(file.why.in_tongue(tongue)) })
        .collect()
}

fn location(place: &Location) -> Location {
    Location { path: clean::line(&place.path), ..place.clone() }
}

fn evidence(evidence: &Evidence, tongue: Tongue) -> EvidenceDocument {
    EvidenceDocument {
        location: location(&evidence.location),
        message: clean::line(evidence.message.in_tongue(tongue)),
    }
}

fn finding(finding: &Finding, tongue: Tongue) -> FindingDocument {
    FindingDocument {
        rule: clean::line(&finding.rule),
        item: finding.item.id(),
        confidence: finding.confidence,
        message: clean::line(finding.message.in_tongue(tongue)),
        help: clean::block(finding.help.in_tongue(tongue)),
        fingerprint: clean::line(&finding.fingerprint),
        signature: clean::line(&finding.signature),
        suppressed: finding.suppressed.as_ref().map(|suppression| Suppression {
            by: clean::line(&suppression.by),
            reason: clean::line(&suppression.reason),
        }),
        standing: finding.standing,
        moved_from: finding.moved_from.as_deref().map(clean::line),
        location: location(&finding.location),
        related: finding.related.iter().map(|each| evidence(each, tongue)).collect(),
    }
}

/// The inventory with every text cleaned.
fn inventory(inventory: &Inventory) -> Inventory {
    let mut cleaned = inventory.clone();
    let scrub = |text: &mut String| *text = clean::line(text);
    for each in &mut cleaned.entry_points {
        scrub(&mut each.path);
        scrub(&mut each.kind);
        scrub(&mut each.name);
    }
    for each in &mut cleaned.llm_calls {
        scrub(&mut each.path);
        scrub(&mut each.api);
    }
    for each in &mut cleaned.external_calls {
        scrub(&mut each.path);
        scrub(&mut each.api);
    }
    for each in &mut cleaned.retries {
        scrub(&mut each.path);
    }
    for each in &mut cleaned.env_vars {
        scrub(&mut each.path);
        scrub(&mut each.name);
    }
    cleaned
}
