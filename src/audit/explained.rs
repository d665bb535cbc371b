//! The answer to "what stands at this line?": whether there is such a line, why a file is no part of the audit, and what an
//! audit knows of the place beyond the program: suppressions, attestations, the text itself.

use crate::collect::{Class, Contents, IgnoreRules, Kind, SkipReason, Tree};
use crate::judge::chains::Asked;
use crate::judge::conditions::exposure::FileHits;
use crate::source::order::InOrder;
use crate::source::{Lines, decode};
use crate::verdict::chain::{Account, Explained, Stand, Thing};
use crate::verdict::*;

use super::excerpts::Texts;
use super::redaction::Redaction;

/// Larger files are not read to count their lines, in bytes.
const LARGEST: u64 = 8 << 20;

/// Why a place cannot be explained.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum PlaceError {
    #[error("`{path}` does not exist")]
    #[diagnostic(
        code(launchcheck::missing_place),
        help("give a file as `launchcheck` names it, relative to the audited folder or to the current one")
    )]
    Missing { path: String },
    #[error("`{path}` is no file")]
    #[diagnostic(code(launchcheck::no_file), help("give a file and a line, such as app/main.py:12"))]
    NotAFile { path: String },
    #[error("`{path}` has no line {line}: it ends with line {last}")]
    #[diagnostic(code(launchcheck::no_such_line), help("give a line from 1 to {last}"))]
    NoSuchLine { path: String, line: u32, last: u32 },
}

/// Holds that there is such a line.
pub(super) fn check(contents: &Contents, asked: &Asked) -> Result<(), PlaceError> {
    let path = || asked.path.clone();
    let about =
        std::fs::metadata(contents.root().join(&asked.path)).map_err(|_| PlaceError::Missing { path: path() })?;
    if about.is_dir() {
        return Err(PlaceError::NotAFile { path: path() });
    }
    // What is no regular file may have no end; that it is left out is said later.
    if !about.is_file() || about.len() > LARGEST {
        return Ok(());
    }
    let Some(decoded) = contents.bytes(&asked.path).ok().and_then(|bytes| decode(&bytes)) else { return Ok(()) };
    let breaks = Lines::of(&decoded.text).count();
    let last = if decoded.text.ends_with('\n') { breaks - 1 } else { breaks };
    let last = u32::try_from(last.max(1)).unwrap_or(u32::MAX);
    if asked.line == 0 || asked.line > last {
        return Err(PlaceError::NoSuchLine { path: path(), line: asked.line, last });
    }
    Ok(())
}

/// Why a file is no part of the audit; none: it is.
pub(super) fn left_out(tree: &Tree, contents: &Contents, asked: &Asked) -> Option<Text> {
    let path = asked.path.as_str();
    let Some(file) = tree.file(path) else { return Some(not_collected(tree, contents, path)) };
    let reason = &file.reason;
    let (en, ko) = match file.class {
        Class::Ships => {
            return match file.kind {
                Kind::Code(_) => None,
                Kind::Settings => Some(text(
                    "it is a settings file: its values are read, but no call, entry point or guard of the program stands in it",
                    "설정 파일입니다: 값은 읽지만 프로그램의 호출, 진입점, 가드가 있는 곳은 아닙니다",
                )),
                Kind::Text => Some(text(
                    "it is in no language that is read (Python, TypeScript, JavaScript, Rust); only credentials are looked for in it",
                    "읽는 언어(Python, TypeScript, JavaScript, Rust)가 아니라서 자격 증명만 찾습니다",
                )),
            };
        }
        Class::Test => ("a test", "테스트"),
        Class::Docs => ("documentation or an example", "문서 또는 예제"),
        Class::Script => ("a script that nothing imports or starts", "아무것도 불러오거나 실행하지 않는 스크립트"),
        Class::Generated => ("generated code", "생성된 코드"),
        Class::Vendored => ("vendored code", "외부 코드 사본"),
        Class::Excluded => ("excluded by the configuration", "설정에서 제외한 파일"),
    };
    Some(text(
        &format!("it does not ship: it counts as {en} ({reason})"),
        &format!("배포되지 않는 파일: {ko}(으)로 분류됩니다({reason})"),
    ))
}

/// Why a file that exists is not in the tree.
fn not_collected(tree: &Tree, contents: &Contents, path: &str) -> Text {
    let skipped = tree.skipped.iter().find(|skipped| {
        let below = || path.strip_prefix(&skipped.path).is_some_and(|rest| rest.starts_with('/'));
        skipped.path == path || skipped.why == SkipReason::Installed && below()
    });
    if let Some(skipped) = skipped {
        let why = skipped.why.words();
        return text(&format!("it is left out: {why}"), &format!("제외된 파일: {why}"));
    }
    if IgnoreRules::of(contents).would_ignore(path) {
        return text("git ignores it", "git이 무시하는 파일입니다");
    }
    text("it is not among the files of the audited tree", "감사 대상 폴더의 파일이 아닙니다")
}

/// A file that ships and was not parsed.
pub(super) fn unparsed(asked: &Asked) -> Explained {
    let why = text(
        "it ships and was not parsed: it names nothing that the catalogue knows, and no file that was parsed imports it",
        "배포되지만 분석하지 않은 파일: 카탈로그가 아는 이름이 없고, 분석한 파일이 불러오지도 않습니다",
    );
    Explained::NotAudited { path: asked.path.clone(), why }
}

/// Adds the findings of a line of which its account says nothing: those of items that do not ask about what stands there.
pub(super) fn add_findings(explained: &mut Explained, asked: &Asked, audit: &Audit) {
    let findings = audit.findings.iter().filter(|finding| finding.confidence != Confidence::Note);
    let findings: Vec<&Finding> = findings.filter(|finding| finding.location.path == asked.path).collect();
    let at_line = findings.iter().find(|finding| finding.location.line == asked.line);
    if let (Explained::Nothing { .. }, Some(first)) = (&*explained, at_line) {
        let what = text(
            "no call, entry point or guard: what an item finds here",
            "호출, 진입점, 가드가 아니라 항목이 찾아낸 자리입니다",
        );
        let thing = Thing { location: first.location.clone(), what };
        *explained = Explained::Thing(Box::new(Account { thing, ..Account::default() }));
    }
    let Explained::Thing(account) = explained else { return };
    let lines = [asked.line, account.thing.location.line];
    for finding in findings.into_iter().filter(|finding| lines.contains(&finding.location.line)) {
        add_finding(account, finding);
    }
    account.stands.order_by_key(|stand| stand.item);
}

/// Adds a finding to what its item says, unless that names the line already.
fn add_finding(account: &mut Account, finding: &Finding) {
    let evidence = Evidence { location: finding.location.clone(), message: finding.message.clone() };
    match account.stands.iter_mut().find(|stand| stand.item == finding.item) {
        Some(stand) => {
            let names_line = |told: &Evidence| told.location.line == finding.location.line;
            if stand.verdict != Verdict::Fail || !stand.because.iter().any(names_line) {
                stand.verdict = Verdict::Fail;
                stand.because.push(evidence);
            }
        }
        None => {
            let (item, because) = (finding.item, vec![evidence]);
            account.stands.push(Stand { item, verdict: Verdict::Fail, because, searched: None });
        }
    }
}

/// What the configuration and comments make of what is missing.
pub(super) fn settle(account: &mut Account, audit: &Audit) {
    for stand in account.stands.iter_mut().filter(|stand| stand.verdict == Verdict::Fail) {
        let answer = audit.boxes.iter().find(|answer| answer.item == stand.item);
        if let Some(attested) = answer.and_then(|answer| answer.attested.as_ref()) {
            stand.verdict = Verdict::Attested;
            let message = text(&format!("attested: {}", attested.reason), &format!("확인서: {}", attested.reason));
            stand.because.push(Evidence { location: account.thing.location.clone(), message });
            continue;
        }
        suppress(stand, audit);
    }
}

/// Names the suppressions of what is missing; where each gap has one, nothing is missing any more.
fn suppress(stand: &mut Stand, audit: &Audit) {
    let gaps = audit.findings.iter().filter(|finding| {
        finding.item == stand.item
            && finding.confidence != Confidence::Note
            && stand.because.iter().any(|evidence| evidence.location == finding.location)
    });
    let gaps: Vec<&Finding> = gaps.collect();
    let mut all_suppressed = !gaps.is_empty();
    for gap in gaps {
        let Some(suppression) = &gap.suppressed else {
            all_suppressed = false;
            continue;
        };
        let message = text(
            &format!("suppressed ({}): {}", suppression.by, suppression.reason),
            &format!("예외 처리({}): {}", suppression.by, suppression.reason),
        );
        stand.because.push(Evidence { location: gap.location.clone(), message });
    }
    if all_suppressed {
        stand.verdict = Verdict::Attested;
    }
}

/// Adds the line of source to every step, credentials hidden.
pub(super) fn add_code(
    account: &mut Account,
    contents: &Contents,
    tree: &Tree,
    hits: &[FileHits],
    redaction: &Redaction,
) {
    let mut texts = Texts::new(contents, tree, hits, redaction);
    for step in account.chains.iter_mut().flat_map(|chain| &mut chain.steps) {
        step.code = texts.line(&step.location.path, step.location.line).unwrap_or_default();
    }
}

fn text(en: &str, ko: &str) -> Text {
    Text { en: en.to_owned(), ko: ko.to_owned() }
}
