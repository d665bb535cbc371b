//! What a report says first: the findings of a box by weight, and what there is to say about the gate. As written: each
//! format cleans what it takes from here.

use super::words;
use crate::source::order::InOrder;
use crate::verdict::{Answer, Audit, Confidence, Finding, Location, Reason, Standing, Tongue};

/// Findings shown per box, unless all are asked for.
pub(super) const SHOWN: usize = 3;

/// What unticks a box, the worst first: new before known, certain before likely, in the order of places. With
/// `suppressed` also what would untick it, behind the others.
pub(super) fn findings<'a>(audit: &'a Audit, answer: &Answer, suppressed: bool) -> Vec<&'a Finding> {
    let mut findings: Vec<&Finding> = answer
        .findings
        .iter()
        .filter_map(|index| audit.findings.get(*index))
        .filter(|finding| finding.confidence != Confidence::Note)
        .filter(|finding| suppressed || finding.suppressed.is_none())
        .collect();
    findings.order_by_key(|finding| {
        (finding.suppressed.is_some(), finding.standing.unwrap_or(Standing::Known), finding.confidence)
    });
    findings
}

/// The notes in the order of places; with `suppressed` the suppressed ones, too.
pub(super) fn notes(audit: &Audit, suppressed: bool) -> Vec<&Finding> {
    let is_shown =
        |finding: &&Finding| finding.confidence == Confidence::Note && (suppressed || finding.suppressed.is_none());
    audit.findings.iter().filter(is_shown).collect()
}

/// What has made the gate weaker since the revision compared with: one sentence each, with its place.
pub(super) fn weakened(audit: &Audit, tongue: Tongue) -> Vec<(String, String)> {
    let of = |place: &Location| format!("{}:{}", place.path, place.line);
    audit
        .gate
        .weakened()
        .map(|exemption| (words::gate::exemption(exemption, tongue), of(&exemption.location)))
        .collect()
}

/// What would make the gate ready, for each reason why it is not; with the reason, where the verdict does not say it.
pub(super) fn remedies(audit: &Audit, tongue: Tongue) -> Vec<String> {
    let sentence = |reason: &Reason| {
        let remedy = words::to_be_ready(&words::gate::remedy(reason, tongue), tongue);
        // The verdict says why the gate is not passed.
        match reason.is_failure() || *reason == Reason::Nothing {
            true => remedy,
            false => format!("{}; {remedy}", words::gate::reason(reason, tongue)),
        }
    };
    audit.reasons().iter().map(sentence).collect()
}

/// How many findings are new, known and gone; none where nothing is compared.
pub(super) fn compared(audit: &Audit, tongue: Tongue) -> Option<String> {
    let comparison = audit.comparison.as_ref()?;
    let count = |standing| {
        audit.findings.iter().filter(|finding| finding.unticks() && finding.standing == Some(standing)).count()
    };
    Some(words::gate::compared(comparison, count(Standing::New), count(Standing::Known), tongue))
}

/// What is said behind a finding, in words: likely, how it stands, suppressed and why.
pub(super) fn marks(finding: &Finding, tongue: Tongue) -> Vec<String> {
    let mut marks = Vec::new();
    if finding.confidence == Confidence::Likely {
        marks.push(words::Word::Likely.say(tongue).to_owned());
    }
    if let Some(standing) = finding.standing {
        marks.push(words::gate::standing(standing, tongue).to_owned());
    }
    if let Some(suppression) = &finding.suppressed {
        marks.push(format!("{}: {}, {}", words::Word::Suppressed.say(tongue), suppression.by, suppression.reason));
    }
    marks
}
