//! The gate in words: why it is not passed, what would make it ready, and what makes it weaker.

use crate::verdict::{
    Comparison, Exemption, ExemptionKind, Item, Reason, StaleEntry, Standing, Tongue, UnusedSuppression,
};

fn ids(items: &[Item]) -> String {
    items.iter().map(|item| item.id()).collect::<Vec<_>>().join(", ")
}

/// Why the gate is not passed.
pub fn reason(reason: &Reason, tongue: Tongue) -> String {
    let total = Item::ALL.len();
    match (reason, tongue) {
        (Reason::Nothing, Tongue::English) => "no file of a known language ships, and no secret was found".to_owned(),
        (Reason::Nothing, Tongue::Korean) => "배포되는 코드 파일도 드러난 비밀 값도 없습니다".to_owned(),
        (Reason::TooMany { items, limit }, Tongue::English) => {
            format!("{} of {total} boxes are unticked, {limit} may be: {}", items.len(), ids(items))
        }
        (Reason::TooMany { items, limit }, Tongue::Korean) => {
            format!("{total}개 중 {}개가 미통과입니다(허용 {limit}개): {}", items.len(), ids(items))
        }
        (Reason::Required { items }, Tongue::English) => format!("required and unticked: {}", ids(items)),
        (Reason::Required { items }, Tongue::Korean) => format!("필수 항목이 미통과입니다: {}", ids(items)),
        (Reason::Added { items, findings }, Tongue::English) => {
            format!("{} that were not there before: {}", counted(findings.len(), "finding", "findings"), ids(items))
        }
        (Reason::Added { items, findings }, Tongue::Korean) => {
            format!("이전에 없던 지적이 {}건 있습니다: {}", findings.len(), ids(items))
        }
        (Reason::Expired { item, expires }, Tongue::English) => {
            format!("the attestation of {} has expired on {expires} and counts no more", item.id())
        }
        (Reason::Expired { item, expires }, Tongue::Korean) => {
            format!("{}의 보증이 {expires}에 만료되어 더는 인정되지 않습니다", item.id())
        }
        (Reason::Leftovers { suppressions, entries }, Tongue::English) => format!(
            "--strict: {} and {}",
            counted(*suppressions, "suppression that suppresses nothing", "suppressions that suppress nothing"),
            counted(*entries, "stale entry of the baseline", "stale entries of the baseline")
        ),
        (Reason::Leftovers { suppressions, entries }, Tongue::Korean) => {
            format!(
                "--strict: 쓰이지 않는 예외 처리 {suppressions}건, 더는 해당 없는 기준선 항목 {entries}건이 있습니다"
            )
        }
        (Reason::Unchecked { files }, Tongue::English) => {
            format!("not checked, which counts as failed here: {}", counted(*files, "file", "files"))
        }
        (Reason::Unchecked { files }, Tongue::Korean) => {
            format!("점검하지 못한 파일 {files}개는 여기서 실패로 칩니다")
        }
        (Reason::Unread { files }, Tongue::English) => {
            format!("not trusted: {} could not be read", counted(*files, "shipping file", "shipping files"))
        }
        (Reason::Unread { files }, Tongue::Korean) => format!("신뢰할 수 없음: 배포 파일 {files}개를 읽지 못했습니다"),
    }
}

/// What would make the gate ready, as far as this reason goes.
pub fn remedy(reason: &Reason, tongue: Tongue) -> String {
    match (reason, tongue) {
        (Reason::Nothing, Tongue::English) => "give the folder of the app as PATH".to_owned(),
        (Reason::Nothing, Tongue::Korean) => "앱이 있는 폴더를 PATH로 지정하십시오".to_owned(),
        (Reason::TooMany { items, limit }, Tongue::English) => {
            let more = items.len().saturating_sub(*limit);
            format!("tick {more} more of {}, or attest what is guarded outside of the repository", ids(items))
        }
        (Reason::TooMany { items, limit }, Tongue::Korean) => {
            let more = items.len().saturating_sub(*limit);
            format!("{} 중 {more}개를 더 충족하거나, 저장소 밖의 보호 장치를 보증으로 적으십시오", ids(items))
        }
        (Reason::Required { items }, Tongue::English) => format!("tick {}", ids(items)),
        (Reason::Required { items }, Tongue::Korean) => format!("{} 항목을 충족하십시오", ids(items)),
        (Reason::Added { .. }, Tongue::English) => {
            "fix what this change adds, or take it into the baseline: launchcheck baseline".to_owned()
        }
        (Reason::Added { .. }, Tongue::Korean) => {
            "이번 변경으로 생긴 지적을 고치거나 기준선에 추가하십시오: launchcheck baseline".to_owned()
        }
        (Reason::Expired { item, .. }, Tongue::English) => {
            format!("check that the guard still stands, then set a new date in [attest.{}]", item.id())
        }
        (Reason::Expired { item, .. }, Tongue::Korean) => {
            format!("보호 장치가 여전히 있는지 확인한 뒤 [attest.{}]의 날짜를 새로 적으십시오", item.id())
        }
        (Reason::Leftovers { .. }, Tongue::English) => {
            "remove the suppressions, and run launchcheck baseline prune".to_owned()
        }
        (Reason::Leftovers { .. }, Tongue::Korean) => {
            "예외 처리를 지우고 launchcheck baseline prune을 실행하십시오".to_owned()
        }
        (Reason::Unchecked { .. }, Tongue::English) => {
            "make the files readable, or exclude them with a reason in the configuration".to_owned()
        }
        (Reason::Unchecked { .. }, Tongue::Korean) => {
            "파일을 읽을 수 있게 하거나 설정에서 이유를 적어 제외하십시오".to_owned()
        }
        (Reason::Unread { .. }, Tongue::English) => {
            "mend the files, or exclude them with a reason in the configuration".to_owned()
        }
        (Reason::Unread { .. }, Tongue::Korean) => "파일을 고치거나 설정에서 이유를 적어 제외하십시오".to_owned(),
    }
}

/// What makes the gate weaker.
pub fn exemption(exemption: &Exemption, tongue: Tongue) -> String {
    let Exemption { kind, subject, by, reason, expires, .. } = exemption;
    let said = match (kind, tongue) {
        (ExemptionKind::Attestation, Tongue::English) => format!("{subject} is attested"),
        (ExemptionKind::Attestation, Tongue::Korean) => format!("{subject} 항목이 보증되었습니다"),
        (ExemptionKind::Exclusion, Tongue::English) => format!("{subject} is not audited"),
        (ExemptionKind::Exclusion, Tongue::Korean) => format!("{subject} 경로는 점검하지 않습니다"),
        (ExemptionKind::NotPublic, Tongue::English) => format!("{subject} is said not to be public"),
        (ExemptionKind::NotPublic, Tongue::Korean) => format!("{subject} 진입점은 비공개로 지정되었습니다"),
        (ExemptionKind::Fact, Tongue::English) => format!("the configuration vouches for {subject}"),
        (ExemptionKind::Fact, Tongue::Korean) => format!("설정이 {subject} 동작을 보장합니다"),
        (ExemptionKind::Comment, Tongue::English) => format!("a comment suppresses {subject}"),
        (ExemptionKind::Comment, Tongue::Korean) => format!("주석이 {subject} 지적을 예외 처리합니다"),
        (ExemptionKind::Fingerprint, Tongue::English) => format!("the finding {subject} is suppressed"),
        (ExemptionKind::Fingerprint, Tongue::Korean) => format!("{subject} 지적이 예외 처리되었습니다"),
        (ExemptionKind::Baseline, Tongue::English) => match exemption.standing {
            Some(Standing::New) => format!("the baseline has grown by {subject}"),
            _ => format!("known findings in the baseline: {subject}"),
        },
        (ExemptionKind::Baseline, Tongue::Korean) => match exemption.standing {
            Some(Standing::New) => format!("기준선에 {subject}건이 추가되었습니다"),
            _ => format!("기준선에 기록된 지적: {subject}건"),
        },
        (ExemptionKind::MaxUnticked, Tongue::English) => format!("up to {subject} boxes may be unticked"),
        (ExemptionKind::MaxUnticked, Tongue::Korean) => format!("미통과를 {subject}개까지 허용합니다"),
        (ExemptionKind::Require, Tongue::English) => format!("{subject} is required no more"),
        (ExemptionKind::Require, Tongue::Korean) => format!("{subject} 항목은 더 이상 필수가 아닙니다"),
    };
    let by = match (by.as_str(), tongue) {
        ("", _) => String::new(),
        (by, Tongue::English) => format!(" by {by}"),
        (by, Tongue::Korean) => format!("({by})"),
    };
    let until = match (expires, tongue) {
        (None, _) => String::new(),
        (Some(expires), Tongue::English) => format!(" until {expires}"),
        (Some(expires), Tongue::Korean) => format!(", {expires}까지"),
    };
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{said}{by}{until}{reason}")
}

/// A suppression that suppresses nothing.
pub fn unused(unused: &UnusedSuppression, tongue: Tongue) -> String {
    let ids = unused.ids.join(", ");
    match tongue {
        Tongue::English => format!("nothing matches {ids}"),
        Tongue::Korean => format!("{ids}에 해당하는 것이 없습니다"),
    }
}

/// An entry of the baseline that no finding matches any more.
pub fn stale(entry: &StaleEntry, tongue: Tongue) -> String {
    let StaleEntry { rule, fingerprint, .. } = entry;
    match tongue {
        Tongue::English => format!("{rule}, fingerprint {fingerprint}"),
        Tongue::Korean => format!("{rule}, 지문 {fingerprint}"),
    }
}

/// How many findings are new, known and gone. `new` and `known` count what unticks.
pub fn compared(comparison: &Comparison, new: usize, known: usize, tongue: Tongue) -> String {
    let with: Vec<&str> = [&comparison.since, &comparison.baseline].into_iter().flatten().map(String::as_str).collect();
    let with = with.join(", ");
    let gone = comparison.gone.len() + comparison.stale.len();
    match tongue {
        Tongue::English => format!("compared with {with}: {new} new, {known} known, {gone} gone"),
        Tongue::Korean => format!("{with} 대비: 새로 생김 {new}건, 기존 {known}건, 해결됨 {gone}건"),
    }
}

/// How something stands, in one word.
pub fn standing(standing: Standing, tongue: Tongue) -> &'static str {
    match (standing, tongue) {
        (Standing::New, Tongue::English) => "new",
        (Standing::New, Tongue::Korean) => "새로 생김",
        (Standing::Known, Tongue::English) => "known",
        (Standing::Known, Tongue::Korean) => "기존",
        (Standing::Gone, Tongue::English) => "gone",
        (Standing::Gone, Tongue::Korean) => "해결됨",
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
