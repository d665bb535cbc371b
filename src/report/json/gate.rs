//! The gate in the JSON report: why it is not passed, what makes it weaker, and what the findings are compared with.

use serde::Serialize;

use super::{FindingDocument, clean, finding, location};
use crate::{
    report::words,
    verdict::{
        Audit, Comparison, Exemption, ExemptionKind, Location, Reason, StaleEntry, Standing, Tongue, UnusedSuppression,
    },
};

#[derive(Serialize)]
pub(super) struct GateDocument {
    required: Vec<&'static str>,
    new_only: bool,
    strict: bool,
    reasons: Vec<ReasonDocument>,
    exemptions: Vec<ExemptionDocument>,
    unused: Vec<UnusedDocument>,
}

#[derive(Serialize)]
struct ReasonDocument {
    #[serde(flatten)]
    reason: Reason,
    message: String,
    remedy: String,
}

#[derive(Serialize)]
struct ExemptionDocument {
    kind: ExemptionKind,
    subject: String,
    by: String,
    reason: String,
    expires: Option<String>,
    location: Location,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    message: String,
}

#[derive(Serialize)]
struct UnusedDocument {
    ids: Vec<String>,
    location: Location,
}

#[derive(Serialize)]
pub(super) struct ComparisonDocument {
    since: Option<String>,
    baseline: Option<String>,
    gone: Vec<FindingDocument>,
    stale: Vec<StaleEntry>,
}

pub(super) fn gate(audit: &Audit, tongue: Tongue) -> GateDocument {
    let gate = &audit.gate;
    GateDocument {
        required: gate.required.iter().map(|item| item.id()).collect(),
        new_only: gate.new_only,
        strict: gate.strict,
        reasons: audit.reasons().into_iter().map(|each| reason(each, tongue)).collect(),
        exemptions: gate.exemptions.iter().map(|each| exemption(each, tongue)).collect(),
        unused: gate.unused.iter().map(unused).collect(),
    }
}

fn reason(reason: Reason, tongue: Tongue) -> ReasonDocument {
    let message = clean::line(&words::gate::reason(&reason, tongue));
    let remedy = clean::line(&words::gate::remedy(&reason, tongue));
    ReasonDocument { reason, message, remedy }
}

fn exemption(exemption: &Exemption, tongue: Tongue) -> ExemptionDocument {
    ExemptionDocument {
        kind: exemption.kind,
        subject: clean::line(&exemption.subject),
        by: clean::line(&exemption.by),
        reason: clean::line(&exemption.reason),
        expires: exemption.expires.as_deref().map(clean::line),
        location: location(&exemption.location),
        standing: exemption.standing,
        message: clean::line(&words::gate::exemption(exemption, tongue)),
    }
}

fn unused(unused: &UnusedSuppression) -> UnusedDocument {
    UnusedDocument { ids: unused.ids.iter().map(|id| clean::line(id)).collect(), location: location(&unused.location) }
}

pub(super) fn comparison(comparison: &Comparison, tongue: Tongue) -> ComparisonDocument {
    ComparisonDocument {
        since: comparison.since.as_deref().map(clean::line),
        baseline: comparison.baseline.as_deref().map(clean::line),
        gone: comparison.gone.iter().map(|each| finding(each, tongue)).collect(),
        stale: comparison
            .stale
            .iter()
            .map(|entry| StaleEntry {
                rule: clean::line(&entry.rule),
                path: clean::line(&entry.path),
                fingerprint: clean::line(&entry.fingerprint),
            })
            .collect(),
    }
}
