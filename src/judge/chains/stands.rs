//! What the items say at one call or entry point: which guard stands where, or what was looked at in vain.

use crate::judge::calls::{External, Which, held, is_set};
use crate::judge::case::Outcome;
use crate::judge::conditions::{availability, cost, fallback, logging, retries};
use crate::judge::deadlines;
use crate::judge::failing::{Fate, answered_at, fate_of};
use crate::judge::verdict::chain::Stand;
use crate::judge::verdict::{Confidence, Evidence, Finding, Item, Location, Text, Verdict};
use crate::link::Site;
use crate::link::arguments::{Amount, Held};
use crate::link::reach::Trail;
use crate::rules::catalogue::Calls;
use crate::source::order::InOrder;

use super::Look;
use super::texts::{searched_history, searched_input};
use super::words::{same, text};

/// Sentences of one item that are shown.
pub(super) const SENTENCES: usize = 6;

/// A sentence at a place, and whether what it says is fine.
pub(super) type Said = (bool, Evidence);

impl<'m> Look<'_, '_, 'm> {
    /// What the items that ask about a call say of it.
    pub(super) fn stands_of_call(&self, external: &External) -> Vec<Stand> {
        let is_llm = external.kind == Calls::Llm;
        let public: Vec<usize> = external
            .reached
            .iter()
            .map(|(entry, _)| *entry)
            .filter(|entry| self.case.entries.entries[*entry].public)
            .collect();
        let mut stands: Vec<Stand> = Vec::new();
        stands.extend(self.logging(&public));
        if is_llm {
            stands.extend(self.alerting());
        }
        stands.extend(self.timeout(external));
        stands.extend(self.retry(external));
        if is_llm {
            stands.extend(self.fallback(external));
        }
        stands.extend(self.guards(external));
        if is_llm {
            stands.extend(self.limits(external));
            stands.extend(self.history(external));
        }
        stands
    }

    /// What the items that ask about an entry point say of it.
    pub(super) fn stands_of_entry(&self, index: usize) -> Vec<Stand> {
        let case = self.case;
        let entry = &case.entries.entries[index];
        let mut stands: Vec<Stand> = Vec::new();
        if entry.public {
            stands.extend(self.logging(&[index]));
        }
        for item in [Item::C1, Item::C2, Item::C3] {
            let calls = case.externals().iter().filter(|external| is_asked(item, external.kind));
            let said: Vec<Said> = calls.flat_map(|external| self.guard_from(item, external, Some(index))).collect();
            stands.extend(self.stand(item, said, |_| self.searched_guard(&[index])));
        }
        let llm = case.llm_calls().filter(|external| external.reached.iter().any(|(each, _)| *each == index));
        let (input, history): (Vec<Vec<Said>>, Vec<Vec<Said>>) = llm
            .map(|external| (self.inputs_of(external, Some(index)), self.conversations_of(external, Some(index))))
            .unzip();
        stands.extend(self.stand(Item::T1, input.concat(), |_| searched_input()));
        stands.extend(self.stand(Item::T2, history.concat(), |_| searched_history()));
        stands
    }

    /// The answer of an item from what was said; none where nothing was.
    pub(super) fn stand(&self, item: Item, said: Vec<Said>, searched: impl Fn(&[Said]) -> Text) -> Option<Stand> {
        let mut unique: Vec<Said> = Vec::new();
        for each in said {
            if !unique.contains(&each) {
                unique.push(each);
            }
        }
        if unique.is_empty() {
            return None;
        }
        // What is missing comes first.
        unique.order_by_key(|(is_fine, _)| *is_fine);
        let is_missing = unique.iter().any(|(is_fine, _)| !is_fine);
        let searched = is_missing.then(|| searched(&unique));
        let mut because: Vec<Evidence> = unique.iter().take(SENTENCES).map(|(_, evidence)| evidence.clone()).collect();
        let more = unique.len().saturating_sub(SENTENCES);
        if let (Some(last), true) = (because.last_mut(), more > 0) {
            last.message.en.push_str(&format!(" (and {more} more)"));
            last.message.ko.push_str(&format!(" (그 밖에 {more}개)"));
        }
        let verdict = if is_missing { Verdict::Fail } else { Verdict::Pass };
        Some(Stand { item, verdict, because, searched })
    }

    fn outcome(&self, item: Item) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.item == item)
    }

    /// The findings of an item at a place, notes left out.
    fn findings_at<'o>(&'o self, item: Item, place: &'o Location) -> impl Iterator<Item = &'o Finding> {
        let findings = self.outcome(item).into_iter().flat_map(|outcome| &outcome.findings);
        findings.filter(move |finding| finding.location == *place && finding.confidence != Confidence::Note)
    }

    fn logging(&self, entries: &[usize]) -> Option<Stand> {
        let case = self.case;
        let objects = logging::objects(case);
        let said = entries.iter().filter(|index| objects.contains(index)).map(|index| {
            let entry = &case.entries.entries[*index];
            match logging::logged_by(case, *index) {
                Ok((location, name)) => {
                    let message = if name.is_empty() || name == entry.name {
                        text(format!("`{}` is logged here", entry.name), format!("`{}`: 여기서 기록합니다", entry.name))
                    } else {
                        text(
                            format!("`{}` is logged by `{name}`", entry.name),
                            format!("`{}`: `{name}`이(가) 기록합니다", entry.name),
                        )
                    };
                    (true, Evidence { location, message })
                }
                Err(missing) => {
                    let location = case.entry_location(entry);
                    let message = match self.findings_at(Item::V1, &location).next() {
                        Some(finding) => finding.message.clone(),
                        None => text(
                            format!("`{}` is not logged: {} missing", entry.name, missing.join(", ")),
                            format!("`{}` 로그 없음: {}", entry.name, missing.join(", ")),
                        ),
                    };
                    (false, Evidence { location, message })
                }
            }
        });
        self.stand(Item::V1, said.collect(), |_| {
            text(
                "instrumentation at start-up, access logs in settings, what stands in front, the handler and every call on the way",
                "시작 시 계측, 설정의 접근 로그, 앞단의 미들웨어, 핸들러와 경로의 모든 호출",
            )
        })
    }

    /// Alerts are about the application as a whole.
    fn alerting(&self) -> Option<Stand> {
        let outcome = self.outcome(Item::V2)?;
        let gaps = outcome.findings.iter().filter(|finding| finding.confidence != Confidence::Note);
        let missing = gaps
            .map(|finding| (false, Evidence { location: finding.location.clone(), message: finding.message.clone() }));
        let there = outcome.evidence.iter().map(|evidence| (true, evidence.clone()));
        self.stand(Item::V2, missing.chain(there).collect(), |_| {
            text(
                "trackers initialised at start-up, handlers of errors, handlers around the model's calls, alert rules in settings",
                "시작 시 초기화되는 오류 추적, 오류 핸들러, 모델 호출 주변의 예외 처리, 설정의 알림 규칙",
            )
        })
    }

    pub(super) fn timeout(&self, external: &External) -> Option<Stand> {
        let case = self.case;
        let place = case.program.place(external.call);
        let said = if availability::bound(case, external) == availability::Bound::Bounded {
            self.bounded_by(external)
        } else {
            let gaps = self.findings_at(Item::A1, &place);
            gaps.map(|finding| (false, Evidence { location: place.clone(), message: finding.message.clone() }))
                .collect()
        };
        self.stand(Item::A1, said, |_| {
            let client = self.client_words(external);
            text(
                format!(
                    "the arguments of the call, {}, deadlines around every way to it, limits of the platform",
                    client.en
                ),
                format!("호출의 인자, {}, 모든 경로의 제한 시간, 플랫폼의 제한", client.ko),
            )
        })
    }

    /// What bounds a call in time.
    fn bounded_by(&self, external: &External) -> Vec<Said> {
        let case = self.case;
        let program = case.program;
        let mut said: Vec<Said> = Vec::new();
        for site in availability::reached_sites(external) {
            let (location, message) = match held(program, external, site, Which::Timeout) {
                Held::Given(Amount::Number(seconds), at) if seconds <= deadlines::LONGEST => (
                    program.place(at.call),
                    text(format!("a limit of {seconds} s is set here"), format!("여기서 {seconds}초로 제한합니다")),
                ),
                Held::Given(Amount::Unknown, at) => {
                    (program.place(at.call), text("a limit is set here", "여기서 시간을 제한합니다"))
                }
                Held::Default(Some(seconds)) | Held::Unresolved(Some(seconds)) if seconds <= 120.0 => (
                    program.place(external.call),
                    text(
                        format!("its library waits at most {seconds} s by default"),
                        format!("라이브러리 기본값이 {seconds}초입니다"),
                    ),
                ),
                _ => continue,
            };
            said.push((true, Evidence { location, message }));
        }
        let deadline = |location: Location, name: &str| {
            (
                true,
                Evidence {
                    location,
                    message: text(format!("`{name}` bounds it"), format!("`{name}`이(가) 제한합니다")),
                },
            )
        };
        if said.is_empty() {
            let ways = self.ways(external);
            let found = ways.iter().filter_map(|(entry, trail)| match entry {
                Some(entry) => deadlines::on_way(case, *entry, trail),
                None => deadlines::on_written_way(case, external.open),
            });
            said.extend(found.map(|found| deadline(program.location(found.module, found.span), &found.name)));
        }
        if said.is_empty() {
            let entries = case.entries_of(external);
            let limits = entries.iter().filter_map(|entry| availability::platform_place(case, entry));
            said.extend(limits.map(|location| {
                let message = text("the platform ends the handler", "플랫폼이 핸들러의 실행 시간을 제한합니다");
                (true, Evidence { location, message })
            }));
        }
        said
    }

    pub(super) fn retry(&self, external: &External) -> Option<Stand> {
        let case = self.case;
        let program = case.program;
        let place = program.place(external.call);
        let mut said: Vec<Said> = self
            .findings_at(Item::A2, &place)
            .map(|finding| (false, Evidence { location: place.clone(), message: finding.message.clone() }))
            .collect();
        for (_, trail) in self.ways(external) {
            for index in 0..trail.len() {
                let cover = retries::covers(case, &trail, index, self.constructs).and_then(|cover| cover.construct);
                let Some(construct) = cover.and_then(|index| self.constructs.get(index)) else { continue };
                let location = program.location(construct.module, construct.span);
                let is_fine = construct.bounded && construct.exponential;
                let gap = self.findings_at(Item::A2, &location).next().map(|finding| finding.message.clone());
                let message = gap.filter(|_| !is_fine).unwrap_or_else(|| super::words::retry(construct));
                said.push((is_fine, Evidence { location, message }));
            }
        }
        if external.kind == Calls::Llm && said.is_empty() {
            said.extend(availability::reached_sites(external).into_iter().take(SENTENCES).map(|site| {
                let (location, message) = match held(program, external, site, Which::Retry) {
                    Held::Given(_, at) => {
                        (program.place(at.call), text("retries are set here", "여기서 재시도를 설정합니다"))
                    }
                    held if is_set(held) => {
                        (place.clone(), text("its library retries by default", "라이브러리가 기본으로 재시도합니다"))
                    }
                    _ => (place.clone(), text("it is retried on every way", "모든 경로에서 재시도합니다")),
                };
                (true, Evidence { location, message })
            }));
        }
        self.stand(Item::A2, said, |_| {
            let client = self.client_words(external);
            text(
                format!(
                    "what the library retries by itself, {}, loops, wrappers and decorators on every way",
                    client.en
                ),
                format!("라이브러리 자체 재시도, {}, 모든 경로의 반복문·래퍼·데코레이터", client.ko),
            )
        })
    }

    pub(super) fn fallback(&self, external: &External) -> Option<Stand> {
        let case = self.case;
        let program = case.program;
        let place = program.place(external.call);
        let mut said: Vec<Said> = Vec::new();
        for (entry, trail) in self.ways(external) {
            let name = entry
                .and_then(|entry| case.entries.entries.get(entry))
                .map_or(external.api.as_str(), |entry| &entry.name);
            match fate_of(case, external, &trail) {
                Some(Fate::Answered) => {
                    let at = answered_at(case, external, &trail).and_then(|(index, handler)| {
                        let info = &program.units.calls[trail.get(index)?.call];
                        Some(program.location(info.module, handler.unwrap_or(info.call.span)))
                    });
                    let message = text(
                        format!("`{name}` gets another answer when it fails"),
                        format!("실패하면 `{name}`에 다른 답을 줍니다"),
                    );
                    said.push((true, Evidence { location: at.unwrap_or_else(|| place.clone()), message }));
                }
                fate => {
                    let variant = fallback::variant(fate);
                    let values = [("api", external.api.clone()), ("entry", name.to_owned())];
                    let message = case.packs.message("no-fallback", variant, &values);
                    said.push((false, Evidence { location: place.clone(), message }));
                }
            }
        }
        self.stand(Item::A3, said, |_| {
            text(
                "models and clients with a fallback, handlers, defaults and tests of the result on every way, handlers of errors",
                "대체 모델 설정, 모든 경로의 예외 처리·기본값·결과 검사, 오류 핸들러",
            )
        })
    }

    /// C1, C2 and C3, from every entry point that reaches a call.
    fn guards(&self, external: &External) -> Vec<Stand> {
        let entries: Vec<usize> = external.reached.iter().map(|(entry, _)| *entry).collect();
        [Item::C1, Item::C2, Item::C3]
            .into_iter()
            .filter(|item| is_asked(*item, external.kind))
            .filter_map(|item| {
                let mut said = self.guard_from(item, external, None);
                said.extend(self.unreached(item, external));
                self.stand(item, said, |_| self.searched_guard(&entries))
            })
            .collect()
    }

    /// What stands before a call that no entry point was seen to reach.
    fn unreached(&self, item: Item, external: &External) -> Option<(bool, Evidence)> {
        let unfollowed = cost::unfollowed(self.case, external);
        let (rule, is_fine) = match item {
            _ if !external.reached.is_empty() => return None,
            Item::C2 => ("no-cost-cap", cost::unreached_is_protected(self.case, external, item.id())),
            _ if unfollowed.is_empty() => return None,
            Item::C1 => ("missing-rate-limit", cost::unfollowed_is_protected(self.case, external, &unfollowed, "C1")),
            _ => ("no-duplicate-guard", cost::unfollowed_is_protected(self.case, external, &unfollowed, "C3")),
        };
        let message = match is_fine {
            true => text("a guard stands before it", "앞에 가드가 있습니다"),
            false => self.case.packs.message(rule, "unreached", &[("api", external.api.clone())]),
        };
        Some((is_fine, Evidence { location: self.case.program.place(external.call), message }))
    }

    /// Whether an entry point (or each of them) guards a call for an item.
    fn guard_from(&self, item: Item, external: &External, only: Option<usize>) -> Vec<Said> {
        let case = self.case;
        let asked = external.reached.iter().filter(|(index, _)| only.is_none_or(|only| only == *index));
        let mut said = Vec::new();
        for (index, sites) in asked {
            let entry = &case.entries.entries[*index];
            if item != Item::C2 && !entry.public {
                continue;
            }
            match cost::guard_of(case, entry, sites, item) {
                Some((location, name)) => {
                    let message = if name.is_empty() {
                        text(
                            format!("a guard stands before it on every way from `{}`", entry.name),
                            format!("`{}`에서 오는 모든 경로에 가드가 있습니다", entry.name),
                        )
                    } else {
                        text(
                            format!("`{name}` stands before it on every way from `{}`", entry.name),
                            format!("`{}`에서 오는 모든 경로에 `{name}`이(가) 있습니다", entry.name),
                        )
                    };
                    said.push((true, Evidence { location, message }));
                }
                None => {
                    let message = self.missing(item, &entry.name, &external.api);
                    said.push((false, Evidence { location: case.entry_location(entry), message }));
                }
            }
        }
        said
    }

    /// The sentence that the item's rule has for a missing guard.
    fn missing(&self, item: Item, entry: &str, api: &str) -> Text {
        let case = self.case;
        let rule = match item {
            Item::C1 => "missing-rate-limit",
            Item::C2 => "no-cost-cap",
            _ => "no-duplicate-guard",
        };
        let mut values = vec![("entry", entry.to_owned()), ("api", api.to_owned())];
        let variant = match case.unwired(item.id()) {
            Some(guard) => {
                let place = case.program.location(guard.module, guard.span);
                values.push(("guard", format!("{} ({}:{})", guard.name, place.path, place.line)));
                "not-wired"
            }
            None => "none",
        };
        case.packs.message(rule, variant, &values)
    }

    /// The sites of a call with the entry points that reach them; as it is written where none does.
    pub(super) fn sites(&self, external: &External) -> Vec<(Option<usize>, Site)> {
        if external.reached.is_empty() {
            return vec![(None, external.open)];
        }
        external.reached.iter().flat_map(|(entry, sites)| sites.iter().map(|site| (Some(*entry), *site))).collect()
    }

    /// The ways to a call; where no entry point reaches it, those from its known callers.
    fn ways(&self, external: &External) -> Vec<(Option<usize>, Trail)> {
        if external.reached.is_empty() {
            let ways = fallback::ways_from_callers(self.case, vec![external.open], fallback::CALLERS);
            return ways.into_iter().map(|trail| (None, trail)).collect();
        }
        let reached = external.reached.iter();
        reached
            .flat_map(|(entry, sites)| self.trails(*entry, sites).into_iter().map(|trail| (Some(*entry), trail)))
            .collect()
    }

    /// The client of a call, for what was searched.
    fn client_words(&self, external: &External) -> Text {
        match availability::client(self.case, external, external.open) {
            Some(made) => {
                let place = self.case.program.place(made.call);
                let place = format!("{}:{}", place.path, place.line);
                text(format!("its client ({place})"), format!("클라이언트({place})"))
            }
            None => text("its client", "클라이언트"),
        }
    }

    /// What was searched for a guard in front of a call.
    fn searched_guard(&self, entries: &[usize]) -> Text {
        let case = self.case;
        let mut names: Vec<String> = Vec::new();
        for index in entries {
            for link in case.entries.entries[*index].chains.iter().flatten() {
                let name = format!("`{}`", case.link_name(link));
                if name.len() > 2 && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names.truncate(SENTENCES);
        let front = if names.is_empty() { same("–") } else { same(&names.join(", ")) };
        text(
            format!(
                "what stands in front ({}), decorators, tests and calls on every way, the client, settings of gateways",
                front.en
            ),
            format!("앞단({}), 모든 경로의 데코레이터·조건·호출, 클라이언트, 게이트웨이 설정", front.ko),
        )
    }
}

/// Whether an item asks about a call of this kind.
fn is_asked(item: Item, kind: Calls) -> bool {
    match item {
        Item::C2 => kind == Calls::Llm,
        _ => kind != Calls::External,
    }
}
