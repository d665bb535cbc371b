//! A3: when the model fails, the caller still gets a useful answer.

use crate::link::Site;
use crate::link::reach::Trail;
use crate::rules::packs::Reason;

use super::super::calls::{External, asks_by_functions};
use super::super::case::{Case, Outcome};
pub use super::super::failing::answers_error;
use super::super::failing::{Fate, fate_of};
pub use super::super::retrying::{walk, walk_statement};
use super::super::verdict::{Finding, Item};

/// Sites of one call behind one entry point that are looked at.
const SITES: usize = 8;
/// Callers of callers that are looked at where no entry point reaches a call.
pub const CALLERS: usize = 3;

/// `no-fallback`: on every way to an LLM call something catches its failure and answers in its stead.
pub fn fallback(case: &Case<'_, '_>) -> Outcome {
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::A3, Reason::NoLlmCall);
    }
    let findings: Vec<Finding> = case.llm_calls().filter_map(|external| judge(case, external)).collect();
    case.outcome(Item::A3, findings, Vec::new())
}

fn judge(case: &Case<'_, '_>, external: &External) -> Option<Finding> {
    if external.reached.is_empty() {
        let info = &case.program.units.calls[external.call];
        let caller = case.program.units.units[info.unit].name();
        let name = if caller.is_empty() { &case.program.modules[info.module].path } else { caller };
        let within = ways_within(case, external);
        let starts = if within.is_empty() { vec![vec![external.open]] } else { within };
        let ways: Vec<Trail> = starts.into_iter().flat_map(|start| ways_from_callers(case, start, CALLERS)).collect();
        let fate = ways.iter().map(|trail| fate_of(case, external, trail)).find(|fate| *fate != Some(Fate::Answered));
        return fate.map(|fate| finding(case, external, fate, name));
    }
    for (entry, sites) in &external.reached {
        for site in sites.iter().take(SITES) {
            // What the functions ask that run in it are calls of their own.
            if asks_by_functions(case.program, *site) {
                continue;
            }
            for trail in case.reaches[*entry].trails(*site) {
                let fate = fate_of(case, external, &trail);
                if fate != Some(Fate::Answered) {
                    return Some(finding(case, external, fate, &case.entries.entries[*entry].name));
                }
            }
        }
    }
    None
}

/// Where no entry point reaches a call, the ways from its known callers.
pub fn ways_from_callers(case: &Case<'_, '_>, trail: Trail, depth: usize) -> Vec<Trail> {
    let Some(first) = trail.first() else { return Vec::new() };
    let callers = case.program.callers_of(case.program.units.calls[first.call].unit);
    let outer: Vec<Site> = callers.iter().copied().filter(|caller| !trail.contains(caller)).take(SITES).collect();
    if depth == 0 || outer.is_empty() {
        return vec![trail];
    }
    let longer = |caller| std::iter::once(caller).chain(trail.iter().copied()).collect();
    outer.into_iter().flat_map(|caller| ways_from_callers(case, longer(caller), depth - 1)).collect()
}

/// Calls that are followed from one function that nothing reaches.
const STEPS: usize = 400;
/// Calls within calls that are followed from there.
const WITHIN: usize = 8;

/// The ways to a call that no entry point reaches from the function around it, where it stands in one that goes by no name
/// and is handed to another: `withBackoff(() => ask(text))`.
pub fn ways_within(case: &Case<'_, '_>, external: &External) -> Vec<Trail> {
    let units = &case.program.units;
    let mut home = units.calls[external.call].unit;
    let is_nameless = |unit: usize| units.units[unit].function.is_some_and(|function| function.name.is_empty());
    while is_nameless(home) && !units.bound.contains(&home) {
        let Some(parent) = units.units[home].parent else { return Vec::new() };
        home = parent;
    }
    if home == units.calls[external.call].unit || units.units[home].function.is_none() {
        return Vec::new();
    }
    let (mut found, mut steps) = (Vec::new(), 0);
    let mut open: Vec<(Trail, crate::link::FrameId)> = vec![(Vec::new(), case.program.open_frame(home))];
    while let Some((trail, frame)) = open.pop() {
        for call in &units.units[case.program.unit_of_frame(frame)].calls {
            steps += 1;
            let site = Site { call: *call, frame };
            let longer: Trail = trail.iter().copied().chain([site]).collect();
            if *call == external.call {
                found.push(longer);
            } else if longer.len() < WITHIN && steps < STEPS {
                open.extend(case.program.runs(site).iter().map(|inner| (longer.clone(), *inner)));
            }
        }
    }
    found.truncate(SITES);
    found
}

fn finding(case: &Case<'_, '_>, external: &External, fate: Option<Fate>, entry: &str) -> Finding {
    let values = [("api", external.api.clone()), ("entry", entry.to_owned())];
    case.call_finding("no-fallback", variant(fate), external.call, &values)
}

/// Which of the rule's messages tells of a failure's fate.
pub fn variant(fate: Option<Fate>) -> &'static str {
    match fate {
        Some(Fate::Rethrown) => "rethrown",
        Some(Fate::ErrorStatus | Fate::RaisedStatus) => "error-status",
        Some(Fate::RawError) => "raw-error",
        Some(Fate::Nothing) => "nothing",
        Some(Fate::Lost) => "lost",
        _ => "propagates",
    }
}
