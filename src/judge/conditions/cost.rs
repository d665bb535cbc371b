//! C1, C2, C3: limits per caller, a ceiling per day, and no work done twice.

use std::collections::BTreeMap;

use crate::link::Site;
use crate::link::entries::Entry;
use crate::link::units::CallId;
use crate::model::Span;
use crate::rules::catalogue::{Calls, Kind};
use crate::rules::packs::Reason;

use super::super::behaviour::Operation;
use super::super::calls::External;
use super::super::case::{Case, Outcome};
use super::super::guards::Protection;
use super::super::verdict::{Confidence, Evidence, Finding, Item, Location, Text};

/// Something that costs, at the sites at which an entry point reaches it.
struct Costly {
    api: String,
    call: CallId,
    sites: Vec<Site>,
}

/// What each entry point reaches that costs, by its index.
type ByEntry = BTreeMap<usize, Vec<Costly>>;

/// The metered calls that each entry point reaches.
fn paid_by_entry(case: &Case<'_, '_>, only_llm: bool) -> ByEntry {
    let mut by_entry = ByEntry::new();
    for external in case.externals() {
        if external.kind == Calls::External || only_llm && external.kind != Calls::Llm {
            continue;
        }
        for (entry, sites) in &external.reached {
            let costly = Costly { api: external.api.clone(), call: external.call, sites: sites.clone() };
            by_entry.entry(*entry).or_default().push(costly);
        }
    }
    by_entry
}

/// Payments that an entry point makes, and what it grants when a payment is reported.
fn add_payments(case: &Case<'_, '_>, by_entry: &mut ByEntry) {
    let program = case.program;
    for (index, reach) in case.reaches.iter().enumerate() {
        let mut made: BTreeMap<CallId, Costly> = BTreeMap::new();
        let mut is_notified = false;
        for site in reach.sites(program) {
            for path in program.callee_paths(site).iter() {
                for (_, fact) in program.facts_of(path, Kind::Payment) {
                    if fact.role.as_deref() == Some("notice") {
                        is_notified = true;
                        continue;
                    }
                    let api = super::super::guards::short(path);
                    made.entry(site.call)
                        .or_insert_with(|| Costly { api, call: site.call, sites: Vec::new() })
                        .sites
                        .push(site);
                }
            }
        }
        if is_notified && let Some(grant) = grant(case, index) {
            made.insert(grant.call, grant);
        }
        if !made.is_empty() {
            by_entry.entry(index).or_default().extend(made.into_values());
        }
    }
}

/// The last record that an entry point makes: what it grants. What only marks the notice as seen comes before.
fn grant(case: &Case<'_, '_>, index: usize) -> Option<Costly> {
    let program = case.program;
    let reach = case.reaches.get(index)?;
    let records = |site: &Site| {
        let operation = case.guards.behaviour.operation(*site);
        operation.is_some_and(|operation| operation.writes() && operation != Operation::Claim)
    };
    let site = reach.sites(program).filter(records).max_by_key(|site| program.units.calls[site.call].call.span.end)?;
    let api = crate::link::Program::written(&program.units.calls[site.call].call.callee);
    Some(Costly { api, call: site.call, sites: vec![site] })
}

fn has_public(case: &Case<'_, '_>) -> bool {
    case.entries.entries.iter().any(|entry| entry.public)
}

/// The protection of an entry point for every metered call that it reaches, or the first call that lacks it.
fn protection<'c, 'm>(
    case: &Case<'_, 'm>,
    entry: &Entry<'m>,
    calls: &'c [Costly],
    item: &str,
) -> Result<Option<Protection>, &'c Costly> {
    let mut first = None;
    for costly in calls {
        match protected(case, entry, &costly.sites, item) {
            Some(found) => first = first.or(Some(found)),
            None => return Err(costly),
        }
    }
    Ok(first)
}

fn protected<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
    let by_client =
        || if case.guards.taken_out_by(entry, item).is_some() { None } else { by_client(case, sites, item) };
    case.guards
        .on_entry(entry, sites, item)
        .or_else(|| exported(case, entry, item))
        .or_else(|| platform(case, item))
        .or_else(by_client)
        .or_else(|| by_producers(case, entry, sites, item))
}

/// The guard of those who hand work to a queue's consumer: each of them has one.
fn by_producers<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
    let call = sites.first()?.call;
    let mut first = None;
    for index in case.producers(entry) {
        let producer = case.entries.entries.get(index).filter(|producer| item == "C2" || producer.public);
        let Some(producer) = producer.filter(|producer| producer.kind != entry.kind) else { continue };
        let reached: Vec<Site> =
            case.reaches.get(index)?.sites(case.program).filter(|site| site.call == call).collect();
        let found = protected(case, producer, &reached, item)?;
        first = first.or(Some(found));
    }
    first
}

/// The guard in front of a call at the sites at which an entry point reaches it, by place and name.
pub fn guard_of<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, sites: &[Site], item: Item) -> Option<(Location, String)> {
    let found = protected(case, entry, sites, item.id())?;
    Some((location_of(case, &found, item), found.name))
}

/// Where a guard stands: in code, or in a platform's settings.
fn location_of(case: &Case<'_, '_>, found: &Protection, item: Item) -> Location {
    let of_platform = if found.span == Span::default() { platform_place(case, item.id()) } else { None };
    of_platform.map_or_else(|| case.program.location(found.module, found.span), |(location, _)| location)
}

/// A guard that the call itself or its client carries (a proxy's budget, an idempotency key), or that holds for all calls
/// of the process (a response cache).
fn by_client(case: &Case<'_, '_>, sites: &[Site], item: &str) -> Option<Protection> {
    case.guards.for_all(case, item).or_else(|| {
        let program = case.program;
        let site = sites.first()?;
        let clients = case.callees(*site).iter().flat_map(|value| value.sites().to_vec()).collect::<Vec<_>>();
        clients.into_iter().chain([*site]).find_map(|made| {
            program.callee_paths(made).iter().cloned().find_map(|path| {
                let info = &program.units.calls[made.call];
                let facts = case.guards.facts(&path, Some(made), item);
                let holds = facts.iter().any(|fact| made != *site || fact.how.as_deref() == Some("argument"));
                holds.then(|| Protection {
                    module: info.module,
                    span: info.call.span,
                    name: super::super::guards::short(&path),
                })
            })
        })
    })
}

/// A guard that the entry point's module asks its platform for: `export const config = { rateLimit: {..} }`.
pub fn exported(case: &Case<'_, '_>, entry: &Entry<'_>, item: &str) -> Option<Protection> {
    let facts = case.program.catalogue.of_kind(Kind::Platform);
    let facts = facts.filter(|(_, fact)| fact.protects.as_deref() == Some(item));
    facts.into_iter().find_map(|(_, fact)| super::availability::asked_for(case, entry, fact)).map(|span| Protection {
        module: entry.module,
        span,
        name: "config".to_owned(),
    })
}

/// A guard in the settings of a gateway in the repository.
fn platform(case: &Case<'_, '_>, item: &str) -> Option<Protection> {
    let (_, name) = platform_place(case, item)?;
    // The place is in no module: `location_of` looks it up.
    Some(Protection { module: 0, span: Span::default(), name })
}

/// The setting of a gateway that guards, with the path of its file.
fn platform_place(case: &Case<'_, '_>, item: &str) -> Option<(Location, String)> {
    let program = case.program;
    let mut facts =
        program.catalogue.of_kind(Kind::Platform).filter(|(_, fact)| fact.protects.as_deref() == Some(item));
    facts.find_map(|(id, _)| {
        let (settings, entry) = super::alerting::switched_on(program, id)?;
        Some((settings.location(entry.span), settings.path.clone()))
    })
}

/// One finding per entry point that lacks the guard, and evidence for those that have it.
fn judge(
    case: &Case<'_, '_>,
    item: Item,
    rule: &str,
    by_entry: &ByEntry,
    public_only: bool,
) -> (Vec<Finding>, Vec<Evidence>) {
    let mut findings = Vec::new();
    let mut evidence = Vec::new();
    let mut guards: Vec<(usize, Protection)> = Vec::new();
    let mut unwired: Option<Option<Protection>> = None;
    for (index, calls) in by_entry {
        let entry = &case.entries.entries[*index];
        if public_only && !entry.public {
            continue;
        }
        match protection(case, entry, calls, item.id()) {
            Ok(found) => {
                if let Some(found) = found {
                    let message = Text {
                        en: format!("{} is guarded by {}", entry.name, found.name),
                        ko: format!("{}: {}이(가) 앞에서 막습니다", entry.name, found.name),
                    };
                    evidence.push(Evidence { location: location_of(case, &found, item), message });
                    if !guards.iter().any(|(_, known)| *known == found) {
                        guards.push((*index, found));
                    }
                }
            }
            Err(costly) => {
                let unwired = unwired.get_or_insert_with(|| case.unwired(item.id()));
                let mut values = vec![("entry", entry.name.clone()), ("api", costly.api.clone())];
                let variant = match &unwired {
                    Some(guard) => {
                        values.push(("guard", guard.name.clone()));
                        "not-wired"
                    }
                    None => "none",
                };
                let mut finding = case.finding(rule, variant, entry.module, entry.span, &values);
                let message = Text {
                    en: format!("{} is called here", costly.api),
                    ko: format!("여기서 {}을(를) 호출합니다", costly.api),
                };
                finding.related.push(Evidence { location: case.program.place(costly.call), message });
                if let Some(guard) = &unwired {
                    let message = Text {
                        en: format!("{} stands here", guard.name),
                        ko: format!("{}이(가) 여기에 있습니다", guard.name),
                    };
                    finding.related.push(case.evidence(guard, message));
                }
                findings.push(finding);
            }
        }
    }
    findings.extend(super::guard_notes::notes(case, item, &guards));
    (findings, evidence)
}

/// `missing-rate-limit`: every public entry point that reaches a metered call is limited per caller.
pub fn rate_limit(case: &Case<'_, '_>) -> Outcome {
    if !has_public(case) {
        return case.not_applicable(Item::C1, Reason::NoPublicEntryPoint);
    }
    let by_entry = paid_by_entry(case, false);
    let unfollowed = judge_unfollowed(case, Item::C1, "missing-rate-limit");
    if unfollowed.is_none() && !by_entry.keys().any(|entry| case.entries.entries[*entry].public) {
        return case.not_applicable(Item::C1, Reason::NoPaidCall);
    }
    let (mut findings, evidence) = judge(case, Item::C1, "missing-rate-limit", &by_entry, true);
    findings.extend(unfollowed.into_iter().flatten());
    case.outcome(Item::C1, findings, evidence)
}

/// `no-cost-cap`: every way to an LLM call is refused beyond a limit that is summed over a day or longer.
pub fn cost_cap(case: &Case<'_, '_>) -> Outcome {
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::C2, Reason::NoLlmCall);
    }
    let by_entry = paid_by_entry(case, true);
    case.guards.note_asking(by_entry.keys().filter_map(|index| case.entries.entries.get(*index)));
    // What runs at set times asks no more than that; only where nobody else asks it is what costs.
    let is_asked = by_entry.keys().any(|entry| case.entries.entries.get(*entry).is_some_and(|entry| entry.public));
    let (mut findings, evidence) = judge(case, Item::C2, "no-cost-cap", &by_entry, is_asked);
    for external in case.llm_calls().filter(|external| external.reached.is_empty()) {
        if !unreached_is_protected(case, external, "C2") {
            findings.push(unreached(case, "no-cost-cap", external));
        }
    }
    case.outcome(Item::C2, findings, evidence)
}

/// What is found of a call that no entry point was seen to reach.
fn unreached(case: &Case<'_, '_>, rule: &str, external: &External) -> Finding {
    let values = [("api", external.api.clone())];
    let mut finding = case.call_finding(rule, "unreached", external.call, &values);
    finding.confidence = Confidence::Likely;
    finding
}

/// The public entry points of the application that an LLM call belongs to, where nothing was seen to reach it nor any other
/// LLM call of the application: an application that serves and never asks its model is rarer than a way that could not be
/// followed.
pub fn unfollowed<'c, 'm>(case: &'c Case<'_, 'm>, external: &External) -> Vec<&'c Entry<'m>> {
    let program = case.program;
    let module = program.units.calls[external.call].module;
    let is_near = |entry: &&Entry<'m>| case.run_together(entry.module, module);
    let is_reached = || case.llm_calls().any(|other| case.entries_of(other).iter().any(is_near));
    if external.reached.is_empty() && !is_reached() {
        case.entries.entries.iter().filter(|entry| entry.public).filter(is_near).collect()
    } else {
        Vec::new()
    }
}

/// Whether a call that no entry point was seen to reach is protected wherever it may be reached from.
pub fn unfollowed_is_protected<'m>(
    case: &Case<'_, 'm>,
    external: &External,
    entries: &[&Entry<'m>],
    item: &str,
) -> bool {
    let in_front = |entry: &&Entry<'m>| {
        entry.chains.iter().all(|chain| !chain.is_empty() && case.guards.on_chain(chain, item).is_some())
    };
    unreached_is_protected(case, external, item) || entries.iter().all(in_front)
}

/// One finding for each LLM call to which no way was followed, and whose guard is not seen. None: there is no such call.
fn judge_unfollowed(case: &Case<'_, '_>, item: Item, rule: &str) -> Option<Vec<Finding>> {
    let with_entries = case.llm_calls().map(|external| (external, unfollowed(case, external)));
    let calls: Vec<_> = with_entries.filter(|(_, entries)| !entries.is_empty()).collect();
    let lacks = |external, entries: &[_]| !unfollowed_is_protected(case, external, entries, item.id());
    (!calls.is_empty()).then(|| {
        let lacking = calls.iter().filter(|(external, entries)| lacks(external, entries));
        lacking.map(|(external, _)| unreached(case, rule, external)).collect()
    })
}

/// A call that no entry point reaches is its own entry: what stands before it in its own function counts.
pub fn unreached_is_protected(case: &Case<'_, '_>, external: &External, item: &str) -> bool {
    case.guards.on_trail(&vec![external.open], item).is_some() || platform(case, item).is_some()
}

/// `no-duplicate-guard`: a repeated identical request is recognised on the server before it costs again.
pub fn idempotency(case: &Case<'_, '_>) -> Outcome {
    if !has_public(case) {
        return case.not_applicable(Item::C3, Reason::NoPublicEntryPoint);
    }
    let mut by_entry = paid_by_entry(case, false);
    add_payments(case, &mut by_entry);
    let unfollowed = judge_unfollowed(case, Item::C3, "no-duplicate-guard");
    if unfollowed.is_none() && !by_entry.keys().any(|entry| case.entries.entries[*entry].public) {
        return case.not_applicable(Item::C3, Reason::NoPaidCall);
    }
    let (mut findings, evidence) = judge(case, Item::C3, "no-duplicate-guard", &by_entry, true);
    findings.extend(unfollowed.into_iter().flatten());
    case.outcome(Item::C3, findings, evidence)
}

/// Whether an entry point is limited per caller, for the inventory.
pub fn is_limited(case: &Case<'_, '_>, index: usize) -> bool {
    let by_entry = paid_by_entry(case, false);
    let entry = &case.entries.entries[index];
    match by_entry.get(&index) {
        Some(calls) => protection(case, entry, calls, "C1").is_ok(),
        None => entry.chains.iter().all(|chain| !chain.is_empty() && case.guards.on_chain(chain, "C1").is_some()),
    }
}
