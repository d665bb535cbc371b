//! What a reader should know before trusting an answer: how the tree was found, and what was looked for in vain.

use crate::collect::{self, Tree};
use crate::verdict::{Coverage, Inventory, LlmCall, Text};

/// The remarks about a tree, in a fixed order.
pub(super) fn remarks(tree: &Tree, coverage: &Coverage, inventory: &Inventory) -> Vec<Text> {
    let mut remarks = Vec::new();
    if let Some(problem) = &tree.git_problem {
        remarks.push(Text {
            en: format!("git's data cannot be used ({problem}): every file that ignore rules leave counts as tracked"),
            ko: format!(
                "git 데이터를 읽을 수 없음({problem}): ignore 규칙에 걸리지 않는 파일은 모두 추적 파일로 봅니다"
            ),
        });
    } else if !tree.in_git && coverage.shipping > 0 {
        remarks.push(text(
            "not in a git repository: every file that ignore rules leave counts as tracked",
            "git 저장소가 아님: ignore 규칙에 걸리지 않는 파일은 모두 추적 파일로 봅니다",
        ));
    }
    remarks.extend(unread_languages(tree));
    if coverage.shipping == 0 {
        remarks.push(text(
            "known languages are Python, TypeScript, JavaScript and Rust; `launchcheck files` says what each file counts as",
            "읽을 수 있는 언어는 Python, TypeScript, JavaScript, Rust입니다. 파일별 분류는 `launchcheck files`로 봅니다",
        ));
    }
    if coverage.shipping > 0 && inventory.llm_calls.is_empty() {
        remarks.push(text(
            "no LLM call was found: if there is one behind a library that `launchcheck list libraries` does not name, \
             launchcheck.toml can name it; if the app is in another folder, give its path",
            "LLM 호출 없음: `launchcheck list libraries`에 없는 라이브러리로 호출한다면 launchcheck.toml에 적고, 앱이 다른 \
             폴더에 있다면 그 경로를 지정합니다",
        ));
    }
    let is_reached = |call: &LlmCall| !call.entry_points.is_empty();
    if !inventory.llm_calls.is_empty() && !inventory.llm_calls.iter().any(is_reached) {
        remarks.push(text(
            "no entry point reaches an LLM call, so what is asked of their ways was not answered: if one should, \
             `launchcheck explain PATH:LINE` shows what leads to the call",
            "LLM 호출에 이르는 진입점 없음: 그 경로에 대한 질문은 판정하지 못했습니다. 진입점이 있다면 `launchcheck explain \
             PATH:LINE`으로 호출에 이르는 길을 봅니다",
        ));
    }
    remarks
}

/// What is written in languages that are not read: whatever it does, no box speaks of it.
fn unread_languages(tree: &Tree) -> Option<Text> {
    let languages = collect::unread_languages(tree);
    let count: usize = languages.iter().map(|language| language.files.len()).sum();
    let first = languages.first()?.files.first()?;
    let names = languages.iter().map(|language| language.name).collect::<Vec<_>>().join(", ");
    let (files, them) = if count == 1 { ("file", "it") } else { ("files", "them") };
    let list = if count == 1 { (*first).to_owned() } else { format!("{first}, ...") };
    Some(Text {
        en: format!("not read: {count} shipping {files} of {names} ({list}): no box says anything about {them}"),
        ko: format!("읽지 않음: {names} 배포 파일 {count}개({list}). 이 파일들은 어느 항목에도 반영되지 않습니다"),
    })
}

fn text(en: &str, ko: &str) -> Text {
    Text { en: en.to_owned(), ko: ko.to_owned() }
}
