//! The sentences of an explanation, in both languages.

use crate::judge::retrying::Construct;
use crate::judge::verdict::Text;
use crate::link::entries::{Entry, Role};
use crate::rules::catalogue::Calls;

pub(super) fn text(en: impl Into<String>, ko: impl Into<String>) -> Text {
    Text { en: en.into(), ko: ko.into() }
}

/// What reads alike in both languages.
pub(super) fn same(words: &str) -> Text {
    text(words, words)
}

pub(super) fn entry(entry: &Entry<'_>) -> Text {
    let (en, ko) = if entry.public { ("public", "공개") } else { ("not public", "비공개") };
    text(
        format!("entry point `{}` ({}, {en})", entry.name, entry.kind),
        format!("진입점 `{}`({}, {ko})", entry.name, entry.kind),
    )
}

pub(super) fn call(kind: Calls, api: &str) -> Text {
    match kind {
        Calls::Llm => text(format!("LLM call `{api}`"), format!("LLM 호출 `{api}`")),
        Calls::Paid => text(format!("paid call `{api}`"), format!("유료 호출 `{api}`")),
        Calls::External => text(format!("external call `{api}`"), format!("외부 호출 `{api}`")),
    }
}

pub(super) fn own_call(name: &str) -> Text {
    text(format!("call of `{name}()`"), format!("`{name}()` 호출"))
}

pub(super) fn passes(name: &str) -> Text {
    if name.is_empty() {
        return text("passes through a call", "호출을 거칩니다");
    }
    text(format!("passes through `{name}()`"), format!("`{name}()`을(를) 거칩니다"))
}

pub(super) fn function(name: &str) -> Text {
    text(format!("function `{name}()`"), format!("함수 `{name}()`"))
}

pub(super) fn handler(name: &str) -> Text {
    if name.is_empty() {
        return text("its handler", "핸들러");
    }
    text(format!("its handler `{name}()`"), format!("핸들러 `{name}()`"))
}

pub(super) fn exported(name: &str) -> Text {
    text(format!("exported as `{name}`"), format!("`{name}`(으)로 내보냅니다"))
}

pub(super) fn guard(name: &str) -> Text {
    if name.is_empty() {
        return text("guard", "가드");
    }
    text(format!("guard `{name}`"), format!("가드 `{name}`"))
}

pub(super) fn front(role: Role, name: &str) -> Text {
    let name = if name.is_empty() { "…" } else { name };
    match role {
        Role::Decorator => text(format!("decorator `{name}`"), format!("데코레이터 `{name}`")),
        Role::Middleware => text(format!("middleware `{name}`"), format!("미들웨어 `{name}`")),
        Role::Decision => text(format!("filter `{name}`"), format!("필터 `{name}`")),
        Role::After => text(format!("after the answer: `{name}`"), format!("응답 후에 실행되는 `{name}`")),
        Role::Dependency => text(format!("dependency `{name}`"), format!("의존성 `{name}`")),
        Role::Observer => text(format!("told of errors: `{name}`"), format!("오류를 전달받는 `{name}`")),
    }
}

pub(super) fn retry(construct: &Construct) -> Text {
    let name = &construct.name;
    let (en, ko) = match (construct.bounded, construct.exponential) {
        (false, _) => ("without an end", "횟수 제한 없음"),
        (true, false) => ("without exponential waits", "지수 대기 없음"),
        (true, true) => ("bounded, with exponential waits", "횟수 제한, 지수 대기"),
    };
    text(format!("retry `{name}` ({en})"), format!("재시도 `{name}`({ko})"))
}

pub(super) fn client() -> Text {
    text("the client is made here", "클라이언트를 만드는 곳")
}

pub(super) fn client_of(name: &str) -> Text {
    text(format!("client `{name}`"), format!("클라이언트 `{name}`"))
}

pub(super) fn no_call_on_it() -> Text {
    text("no entry point reaches a call that is made on it", "이 클라이언트로 하는 호출에 이르는 진입점이 없습니다")
}

pub(super) fn platform() -> Text {
    text("limit of the platform", "플랫폼의 제한")
}

pub(super) fn answers_failure() -> Text {
    text("answers in its stead when it fails", "실패하면 여기서 대신 답합니다")
}

pub(super) fn way(entry: &str, api: &str, ways: usize) -> Text {
    if ways > 1 {
        return text(
            format!("`{entry}` → `{api}`, the shortest of {ways} ways"),
            format!("`{entry}` → `{api}`(경로 {ways}개 중 가장 짧은 것)"),
        );
    }
    same(&format!("`{entry}` → `{api}`"))
}

pub(super) fn through(entry: &str, what: &Text) -> Text {
    text(format!("`{entry}` → {}", what.en), format!("`{entry}` → {}", what.ko))
}

pub(super) fn more_entries(count: usize) -> Option<Text> {
    (count > 0).then(|| text(format!("and from {count} more entry points"), format!("그 밖의 진입점 {count}개")))
}

pub(super) fn more_calls(count: usize) -> Option<Text> {
    (count > 0).then(|| text(format!("and {count} more calls"), format!("그 밖의 호출 {count}개")))
}

pub(super) fn unreached() -> Text {
    text("no entry point reaches this call", "이 호출에 이르는 진입점이 없습니다")
}

pub(super) fn reaches_nothing() -> Text {
    text("it reaches no call that leaves the process", "프로세스 밖으로 나가는 호출에 이르지 않습니다")
}

pub(super) fn called_from(function: &str, places: &[String]) -> Text {
    if places.is_empty() {
        return text(
            format!("nothing that was read calls `{function}()`"),
            format!("읽은 코드 중 `{function}()`을(를) 호출하는 곳이 없습니다"),
        );
    }
    let places = places.join(", ");
    text(format!("`{function}()` is called at {places}"), format!("`{function}()` 호출 위치: {places}"))
}

pub(super) fn not_wired() -> Text {
    text(
        "defined and not wired: it stands on no way from an entry point to a call that leaves the process",
        "정의만 있고 연결되지 않았습니다: 진입점에서 외부 호출까지의 어떤 경로에도 없습니다",
    )
}

pub(super) fn used_at(places: &[String]) -> Text {
    if places.is_empty() {
        return text("nothing that was read uses it", "읽은 코드 중 사용하는 곳이 없습니다");
    }
    let places = places.join(", ");
    text(format!("it is used at {places}"), format!("사용 위치: {places}"))
}

pub(super) fn runs_uncounted(entries: &[String]) -> Text {
    let entries = entries.join(", ");
    text(
        format!(
            "it runs for {entries}, but no answer rests on it: its result stops nothing there, or another guard is met first"
        ),
        format!(
            "{entries} 요청에서 실행되지만 판정의 근거는 아닙니다: 결과가 요청을 막지 않거나, 다른 가드를 먼저 만납니다"
        ),
    )
}

pub(super) fn at_start() -> Text {
    text("it runs when the application starts, for all of it", "앱이 시작할 때 실행되어 앱 전체에 적용됩니다")
}

pub(super) fn not_all_ways(count: usize) -> Text {
    text(
        format!("there are more ways than were looked at ({count}): it may stand on others, too"),
        format!("경로가 많아 {count}개까지만 살펴보았습니다: 다른 경로에도 있을 수 있습니다"),
    )
}

pub(super) fn on_no_way() -> Text {
    text("no entry point reaches it", "여기에 이르는 진입점이 없습니다")
}
