//! T1 and T2: what goes into a model and what comes out is limited, and a conversation does not grow without bound.

use crate::link::arguments::{Amount, Given, Held};
use crate::link::{How, Site, Value};
use crate::model::{ExpressionKind, Literal};
use crate::rules::packs::{Because, Reason};

use super::super::behaviour::is_of_request;
use super::super::calls::{External, Which, decides, held};
use super::super::case::{Case, Outcome};
use super::super::inputs::{Inputs, Leaf, LeafKind};
use super::super::verdict::{Confidence, Evidence, Finding, Item, Text, Verdict};

/// `unlimited-input`, `missing-max-tokens`: on the path from each entry point the user's text is measured and refused or
/// cut; each LLM call sets its output limit.
pub fn limits(case: &Case<'_, '_>, inputs: &Inputs<'_, '_, '_>) -> Outcome {
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::T1, Reason::NoLlmCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for external in case.llm_calls() {
        if let Some((site, output)) = open_output(case, external) {
            let decides = decides(case.program, external, site, Which::Output);
            let api = decides.as_ref().and_then(|each| each.api.clone()).unwrap_or_else(|| external.api.clone());
            let mut finding = case.call_finding("missing-max-tokens", "none", external.call, &[("api", api)]);
            if output == Output::Unresolved {
                finding.confidence = Confidence::Likely;
            }
            super::availability::add_client(case, external, decides.and_then(|each| each.client), &mut finding);
            findings.push(finding);
        }
        findings.extend(input(case, inputs, external));
        findings.extend(super::price_notes::note(case, external));
    }
    let mut listed: Vec<Finding> = Vec::new();
    for finding in findings {
        // One text is one gap, however many calls it reaches.
        if !listed.iter().any(|known| known.rule == finding.rule && known.location == finding.location) {
            listed.push(finding);
        }
    }
    let findings = listed;
    let mut outcome = case.outcome(Item::T1, findings, Vec::new());
    if outcome.verdict == Verdict::Pass && !case.llm_calls().any(|external| takes_text(inputs, external)) {
        outcome.because = Because::Vacuous;
    }
    outcome
}

/// Whether text from outside reaches a call, limited or not.
fn takes_text(inputs: &Inputs<'_, '_, '_>, external: &External) -> bool {
    let is_text = |leaf: &Leaf<'_>| matches!(leaf.kind, LeafKind::User | LeafKind::Messages);
    if external.reached.is_empty() {
        return inputs.handed_in(external).iter().any(is_text);
    }
    let mut sites = external.reached.iter().flat_map(|(_, sites)| sites);
    sites.any(|site| inputs.leaves(external, *site).iter().any(is_text))
}

/// What is not known to be an output limit.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    Missing,
    Unresolved,
}

/// The first site at which no output limit is set, and whether that is seen.
fn open_output(case: &Case<'_, '_>, external: &External) -> Option<(Site, Output)> {
    super::availability::reached_sites(external).into_iter().find_map(|site| {
        let output = match held(case.program, external, site, Which::Output) {
            Held::Given(Amount::Off, _) | Held::Default(None) => Output::Missing,
            Held::Given(Amount::Unknown, at) if is_left_to_request(case, external, at) => Output::Missing,
            Held::Unresolved(None) => Output::Unresolved,
            Held::Given(..) | Held::Default(Some(_)) | Held::Unresolved(Some(_)) => return None,
        };
        Some((site, output))
    })
}

/// Whether a limit is nothing unless the request brings one: `max_tokens=data.get("max_tokens")`.
fn is_left_to_request(case: &Case<'_, '_>, external: &External, at: Site) -> bool {
    let program = case.program;
    let settings = program.callee_paths(at).iter().flat_map(|path| program.facts(path).to_vec()).collect::<Vec<_>>();
    let own =
        std::iter::once(external.fact).chain(settings).filter_map(|id| program.catalogue.fact(id).output.as_ref());
    let names: Vec<&String> = own.flat_map(|setting| &setting.arguments).collect();
    names.into_iter().any(|name| {
        let Given::Present { expression, frame } = program.argument_of(at, name) else { return false };
        let ExpressionKind::Call(call) = &expression.kind else { return false };
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return false };
        name == "get"
            && matches!(call.arguments.as_slice(), [key] if matches!(key.value.kind, ExpressionKind::Literal(Literal::Text(_))))
            && program.values(object, frame).iter().any(|value| match value {
                Value::Library { path, .. } => is_of_request(program, path),
                Value::Parameter { frame, .. } => program.frame(*frame).how == How::Framework,
                _ => false,
            })
    })
}

/// Whether a call's output is limited on every way, for the inventory.
pub fn has_output_limit(case: &Case<'_, '_>, external: &External) -> bool {
    open_output(case, external).is_none()
}

/// One finding per entry point from which the user's text reaches the call unmeasured; a call that none reaches is its
/// own.
fn input(case: &Case<'_, '_>, inputs: &Inputs<'_, '_, '_>, external: &External) -> Vec<Finding> {
    let mut findings = Vec::new();
    let reached = external.reached.iter().flat_map(|(index, sites)| sites.iter().map(|site| (Some(*index), *site)));
    // Of a library the callers are not here to be seen. What an application has left over takes no text from anybody.
    let is_library = case.llm_calls().all(|each| each.reached.is_empty());
    let open = is_library.then_some((None, external.open));
    for (index, site) in reached.chain(open) {
        for leaf in inputs.unlimited(index, external, site) {
            let sender = inputs.sender(&leaf, index);
            let entry = sender.and_then(|index| case.entries.entries.get(index));
            let name = entry.map_or_else(|| inputs.taken_by(&leaf), |entry| entry.name.clone());
            let values = [("entry", name), ("field", leaf.name.clone()), ("api", external.api.clone())];
            let mut finding = case.finding("unlimited-input", "none", leaf.module, leaf.span, &values);
            let message = Text {
                en: format!("it reaches {} here", external.api),
                ko: format!("여기서 {}에 전달됩니다", external.api),
            };
            finding.related.push(Evidence { location: case.program.place(external.call), message });
            if !findings.iter().any(|known: &Finding| known.location == finding.location) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// Whether the user's text is limited on every way from an entry point, for the inventory.
pub fn is_input_limited(case: &Case<'_, '_>, inputs: &Inputs<'_, '_, '_>, index: usize) -> bool {
    case.llm_calls().all(|external| {
        let mut ways = external.reached.iter().filter(|(each, _)| *each == index).flat_map(|(_, sites)| sites);
        ways.all(|site| inputs.unlimited(Some(index), external, *site).is_empty())
    })
}

/// `unbounded-history`: messages that grow over turns are bounded before the call.
pub fn history(case: &Case<'_, '_>, inputs: &Inputs<'_, '_, '_>) -> Outcome {
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::T2, Reason::NoLlmCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut any = false;
    for external in case.llm_calls() {
        let ways: Vec<(Option<usize>, crate::link::Site)> = if external.reached.is_empty() {
            vec![(None, external.open)]
        } else {
            external.reached.iter().flat_map(|(entry, sites)| sites.iter().map(|site| (Some(*entry), *site))).collect()
        };
        for (entry, site) in ways {
            let name = entry.map_or_else(|| external.api.clone(), |entry| case.entries.entries[entry].name.clone());
            for leaf in inputs.leaves(external, site).iter() {
                let variant = match leaf.kind {
                    LeafKind::Messages => "client",
                    LeafKind::Rows => "store",
                    LeafKind::Memory => "memory",
                    LeafKind::User => continue,
                };
                any = true;
                if inputs.is_bounded_conversation(entry, site, leaf) {
                    continue;
                }
                let values = [("entry", name.clone()), ("api", external.api.clone())];
                let mut finding = case.finding("unbounded-history", variant, leaf.module, leaf.span, &values);
                let message = Text {
                    en: format!("it reaches {} here", external.api),
                    ko: format!("여기서 {}에 전달됩니다", external.api),
                };
                finding.related.push(Evidence { location: case.program.place(external.call), message });
                if !findings.iter().any(|known| known.location == finding.location) {
                    findings.push(finding);
                }
            }
        }
    }
    if !any {
        return case.not_applicable(Item::T2, Reason::NoHistory);
    }
    case.outcome(Item::T2, findings, Vec::new())
}
