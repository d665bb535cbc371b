//! From what was found to what counts: suppressions, attestations, and the verdicts that follow from them.

use crate::config::Configuration;
use crate::rules::packs::{Because, Packs};
use crate::verdict::{
    Answer, Exemption, ExemptionKind, Expired, Finding, Item, Suppression, Text, UnusedSuppression, Verdict,
};

use super::ignore::Ignore;

/// What bends the rules in one tree.
pub struct Terms<'t> {
    pub configuration: &'t Configuration,
    /// Comments that suppress findings.
    pub ignores: &'t [Ignore],
    /// The day of the audit, `YYYY-MM-DD`; none: nothing expires.
    pub today: Option<&'t str>,
}

/// What has come of the terms.
#[derive(Debug, Default)]
pub struct Settled {
    pub exemptions: Vec<Exemption>,
    pub unused: Vec<UnusedSuppression>,
    pub expired: Vec<Expired>,
}

/// Suppresses findings, and answers anew where that changes the answer.
pub fn settle(answers: &mut [Answer], findings: &mut [Finding], terms: &Terms<'_>, packs: &Packs) -> Settled {
    let mut settled = Settled::default();
    suppress(findings, terms, &mut settled);
    for answer in answers.iter_mut() {
        recount(answer, findings, packs);
    }
    attest(answers, terms, &mut settled);
    let expired: Vec<Item> = settled.expired.iter().map(|expired| expired.item).collect();
    // An attestation that has expired makes nothing weaker.
    let in_force = terms.configuration.exemptions().into_iter().filter(|exemption| {
        exemption.kind != ExemptionKind::Attestation || !expired.iter().any(|item| item.id() == exemption.subject)
    });
    settled.exemptions.extend(in_force);
    settled.exemptions.sort_unstable();
    settled.unused.sort_unstable();
    settled
}

fn suppress(findings: &mut [Finding], terms: &Terms<'_>, settled: &mut Settled) {
    let mut used = vec![false; terms.ignores.len()];
    for finding in findings.iter_mut() {
        finding.suppressed = terms.configuration.suppression(&finding.fingerprint);
        // All comments that cover it are used, whatever suppresses it.
        for (ignore, used) in terms.ignores.iter().zip(&mut used) {
            if !ignore.covers(finding) {
                continue;
            }
            *used = true;
            finding
                .suppressed
                .get_or_insert_with(|| Suppression { by: "comment".to_owned(), reason: ignore.reason.clone() });
        }
    }
    for (ignore, used) in terms.ignores.iter().zip(used) {
        if used {
            settled.exemptions.push(Exemption {
                kind: ExemptionKind::Comment,
                subject: ignore.ids.join(", "),
                by: String::new(),
                reason: ignore.reason.clone(),
                expires: None,
                location: ignore.location.clone(),
                standing: None,
            });
        } else {
            settled.unused.push(UnusedSuppression { ids: ignore.ids.clone(), location: ignore.location.clone() });
        }
    }
    let is_found = |fingerprint: &str| findings.iter().any(|finding| finding.fingerprint == fingerprint);
    let unused = terms.configuration.suppress.iter().filter(|each| !is_found(&each.fingerprint));
    settled.unused.extend(
        unused.map(|each| UnusedSuppression { ids: vec![each.fingerprint.clone()], location: each.location.clone() }),
    );
}

/// Counts again what unticks a box.
fn recount(answer: &mut Answer, findings: &[Finding], packs: &Packs) {
    let own = || answer.findings.iter().filter_map(|index| findings.get(*index));
    let suppressed = own().filter(|finding| finding.suppressed.is_some()).count();
    if answer.verdict != Verdict::Fail || suppressed == 0 {
        return;
    }
    match own().filter(|finding| finding.unticks()).count() {
        0 => {
            answer.verdict = Verdict::Pass;
            answer.because = Text {
                en: format!("ticked because all that was found is suppressed: {suppressed}"),
                ko: format!("찾은 지적 {suppressed}건이 모두 예외 처리되어 통과입니다"),
            };
        }
        open => answer.because = packs.because(answer.item, Because::Fail(open)),
    }
}

/// Ticks what somebody vouches for. A box that is ticked by the code itself needs nobody.
fn attest(answers: &mut [Answer], terms: &Terms<'_>, settled: &mut Settled) {
    for answer in answers {
        let Some(attested) = terms.configuration.attest.get(&answer.item) else { continue };
        if terms.today.is_some_and(|today| attested.value.expires.as_str() < today) {
            settled.expired.push(Expired {
                item: answer.item,
                expires: attested.value.expires.clone(),
                location: attested.location.clone(),
            });
        } else if answer.verdict == Verdict::Fail {
            answer.verdict = Verdict::Attested;
            answer.attested = Some(attested.value.clone());
        }
    }
}
