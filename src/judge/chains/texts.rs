//! What T1 and T2 say at one call or entry point: the texts that reach it, and how long its answers may be.

use crate::judge::calls::{External, Which, held};
use crate::judge::conditions::{availability, tokens};
use crate::judge::inputs::{Leaf, LeafKind};
use crate::judge::verdict::chain::Stand;
use crate::judge::verdict::{Evidence, Item, Text};
use crate::link::arguments::{Amount, Held};

use super::Look;
use super::stands::{SENTENCES, Said};
use super::words::text;

impl Look<'_, '_, '_> {
    pub(super) fn limits(&self, external: &External) -> Option<Stand> {
        let case = self.case;
        let program = case.program;
        let place = program.place(external.call);
        let mut said: Vec<Said> = Vec::new();
        if tokens::has_output_limit(case, external) {
            for site in availability::reached_sites(external).into_iter().take(SENTENCES) {
                let (location, message) = match held(program, external, site, Which::Output) {
                    Held::Given(Amount::Number(tokens), at) => (
                        program.place(at.call),
                        text(format!("the output ends at {tokens} tokens"), format!("출력 상한 {tokens}토큰")),
                    ),
                    Held::Given(_, at) => {
                        (program.place(at.call), text("the output is limited here", "여기서 출력을 제한합니다"))
                    }
                    _ => (place.clone(), text("its library limits the output", "라이브러리가 출력을 제한합니다")),
                };
                said.push((true, Evidence { location, message }));
            }
        } else {
            let message = case.packs.message("missing-max-tokens", "none", &[("api", external.api.clone())]);
            said.push((false, Evidence { location: place, message }));
        }
        said.extend(self.inputs_of(external, None));
        self.stand(Item::T1, said, |_| searched_input())
    }

    /// The texts that reach a call from an entry point (or from any), each with whether it is limited.
    pub(super) fn inputs_of(&self, external: &External, only: Option<usize>) -> Vec<Said> {
        let mut said: Vec<Said> = Vec::new();
        for (entry, site) in self.sites(external) {
            if only.is_some() && only != entry {
                continue;
            }
            // Of an application, what nothing reaches takes no text from anybody.
            let Some(entry) = entry else { continue };
            let unlimited = self.inputs.unlimited(Some(entry), external, site);
            for leaf in self.inputs.leaves(external, site).iter() {
                if !matches!(leaf.kind, LeafKind::User | LeafKind::Messages) {
                    continue;
                }
                let sender = self.inputs.sender(leaf, Some(entry)).unwrap_or(entry);
                let name = &self.case.entries.entries[sender].name;
                let location = self.case.program.location(leaf.module, leaf.span);
                if unlimited.contains(leaf) {
                    let values = [("entry", name.clone()), ("field", leaf.name.clone()), ("api", external.api.clone())];
                    let message = self.case.packs.message("unlimited-input", "none", &values);
                    said.push((false, Evidence { location, message }));
                } else {
                    let message = text(
                        format!("`{}` from `{name}` is limited on the way", leaf.name),
                        format!("`{name}`의 `{}`: 도중에 길이를 제한합니다", leaf.name),
                    );
                    said.push((true, Evidence { location, message }));
                }
            }
        }
        said
    }

    pub(super) fn history(&self, external: &External) -> Option<Stand> {
        self.stand(Item::T2, self.conversations_of(external, None), |_| searched_history())
    }

    /// The conversations that reach a call, each with whether it is bounded.
    pub(super) fn conversations_of(&self, external: &External, only: Option<usize>) -> Vec<Said> {
        let case = self.case;
        let mut said: Vec<Said> = Vec::new();
        for (entry, site) in self.sites(external) {
            if only.is_some() && only != entry {
                continue;
            }
            let name = entry.map_or_else(|| external.api.clone(), |entry| case.entries.entries[entry].name.clone());
            for leaf in self.inputs.leaves(external, site).iter() {
                let Some(variant) = conversation(leaf) else { continue };
                let location = case.program.location(leaf.module, leaf.span);
                if self.inputs.is_bounded_conversation(entry, site, leaf) {
                    let message = text("the conversation is bounded", "대화 길이를 제한합니다");
                    said.push((true, Evidence { location, message }));
                } else {
                    let values = [("entry", name.clone()), ("api", external.api.clone())];
                    let message = case.packs.message("unbounded-history", variant, &values);
                    said.push((false, Evidence { location, message }));
                }
            }
        }
        said
    }
}

/// The variant of a conversation's finding; none: it is no conversation.
fn conversation(leaf: &Leaf<'_>) -> Option<&'static str> {
    match leaf.kind {
        LeafKind::Messages => Some("client"),
        LeafKind::Rows => Some("store"),
        LeafKind::Memory => Some("memory"),
        LeafKind::User => None,
    }
}

pub(super) fn searched_input() -> Text {
    text(
        "schemas of what comes in, measures and cuts on every way, the arguments of the call and its client",
        "입력 스키마, 모든 경로의 길이 검사와 자르기, 호출과 클라이언트의 인자",
    )
}

pub(super) fn searched_history() -> Text {
    text(
        "slices, windows, counts and limits of queries between its source and the call",
        "출처에서 호출까지의 자르기, 창, 개수 검사, 조회 한도",
    )
}
