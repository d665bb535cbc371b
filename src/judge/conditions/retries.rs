//! A2: retries are bounded and wait exponentially, and every LLM call has some.

use crate::link::arguments::{Amount, Held};
use crate::link::reach::Trail;
use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{Program, Site, Value};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::calls::{External, Which, held, is_one_of_several, lacking};
use super::super::case::{Case, Outcome};
use super::super::failing::{answered_at, asked_again};
use super::super::generators::{escapes, is_generator};
use super::super::retrying::Repeats;
pub use super::super::retrying::{Construct, constructs};
use super::super::retrying::{Leads, asks_for_foreign_errors, tells_errors};
use super::super::streams::fails_later;
use super::super::verdict::{Confidence, Finding, Item};
use super::retry_notes::notes;

const ITEM: &str = "A2";
/// Callers of callers that are asked where no entry point reaches a call, and calls within calls of a handler.
const CALLERS: usize = 3;

/// `unbounded-retry`, `retry-without-backoff`, `no-retry`: every retry construct is bounded in attempts and waits
/// exponentially, and every LLM call has one, its own or the library's.
pub fn backoff(case: &Case<'_, '_>, constructs: &[Construct]) -> Outcome {
    if case.externals().is_empty() {
        return case.not_applicable(Item::A2, Reason::NoExternalCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for construct in constructs {
        let (variant, value) = if construct.is_library() {
            ("library", ("guard", construct.name.clone()))
        } else {
            ("loop", ("api", construct.name.clone()))
        };
        if !construct.bounded {
            findings.push(case.finding("unbounded-retry", variant, construct.module, construct.span, &[value]));
        } else if !construct.exponential {
            findings.push(case.finding("retry-without-backoff", variant, construct.module, construct.span, &[value]));
        }
    }
    findings.extend(case.llm_calls().filter_map(|external| without_retry(case, external, constructs)));
    findings.extend(notes(case, constructs));
    case.outcome(Item::A2, findings, Vec::new())
}

/// Whether an LLM call is retried: by its library, or by something around it on every way.
pub fn is_retried(case: &Case<'_, '_>, external: &External, constructs: &[Construct]) -> bool {
    without_retry(case, external, constructs).is_none()
}

fn without_retry(case: &Case<'_, '_>, external: &External, constructs: &[Construct]) -> Option<Finding> {
    for site in super::availability::reached_sites(external) {
        let held = held(case.program, external, site, Which::Retry);
        let (on, off) = match held {
            Held::Given(Amount::Off, _) => (false, true),
            Held::Given(..) => (true, false),
            Held::Default(Some(attempts)) | Held::Unresolved(Some(attempts)) => (attempts > 0.0, false),
            Held::Default(None) | Held::Unresolved(None) => (false, false),
        };
        if on || is_configured(case, site, constructs) || is_wrapped(case, external, site, constructs) {
            continue;
        }
        let named = lacking(case.program, external, site, Which::Retry);
        let api = ("api", named.unwrap_or_else(|| external.api.clone()));
        if let Some(guard) = on_generator(case, external, site) {
            return Some(case.call_finding("no-retry", "generator", external.call, &[api, ("guard", guard)]));
        }
        let mut finding = case.call_finding("no-retry", if off { "off" } else { "none" }, external.call, &[api]);
        // What is not known to have none may have some.
        if matches!(held, Held::Unresolved(_)) || is_one_of_several(case.program, external, site) {
            finding.confidence = Confidence::Likely;
        }
        return Some(finding);
    }
    None
}

/// Whether what a call is made on was told to retry: `model.with_retry()`, `session.mount(.., HTTPAdapter(..))`,
/// `axiosRetry(client)`.
pub fn is_configured(case: &Case<'_, '_>, site: Site, constructs: &[Construct]) -> bool {
    let program = case.program;
    let callee = &program.units.calls[site.call].call.callee;
    program.values(callee, site.frame).iter().any(|value| {
        let told =
            value.sites().iter().any(|made| program.callee_paths(*made).iter().any(|path| is_retry(case, path, *made)));
        told || constructs.iter().filter_map(Construct::call).any(|call| is_given_client(case, call, value))
    })
}

fn is_retry(case: &Case<'_, '_>, path: &str, site: Site) -> bool {
    !case.guards.facts(path, Some(site), ITEM).is_empty()
}

/// Whether a retry was given the client that a value comes from, or the client was given the retry.
fn is_given_client(case: &Case<'_, '_>, retry: CallId, value: &Value<'_>) -> bool {
    let program = case.program;
    let info = &program.units.calls[retry];
    let frame = program.open_frame(info.unit);
    let is_client = |other: &Value<'_>| match (other.path(), value.path()) {
        (Some(other_path), Some(path)) => match other.sites().last() {
            Some(made) => value.sites().iter().any(|site| site.call == made.call),
            None => program.is_a(path, Kind::Http) && path.starts_with(&format!("{other_path}.")),
        },
        _ => false,
    };
    let given = info.call.arguments.iter().any(|argument| program.values(&argument.value, frame).iter().any(is_client));
    given
        || info.within.iter().any(|outer| match &program.units.calls[*outer].call.callee.kind {
            crate::model::ExpressionKind::Member { object, .. } => program.values(object, frame).iter().any(is_client),
            _ => false,
        })
}

/// Whether a retry construct stands around a call on every way to it.
fn is_wrapped(case: &Case<'_, '_>, external: &External, site: Site, constructs: &[Construct]) -> bool {
    let ways: Vec<Trail> = external
        .reached
        .iter()
        .filter(|(_, sites)| sites.contains(&site))
        .flat_map(|(entry, _)| case.reaches[*entry].trails(site))
        .collect();
    let ways = if ways.is_empty() { super::fallback::ways_within(case, external) } else { ways };
    if ways.is_empty() {
        return by_callers(case, &[site], constructs, CALLERS);
    }
    let is_covered = |trail: &Trail, index: usize| {
        covers(case, trail, index, constructs).is_some() || is_asked_again(case, external, trail, index, constructs)
    };
    ways.iter().all(|trail| (0..trail.len()).any(|index| is_covered(trail, index)))
}

/// Whether a handler around a step asks the same model again, through something that retries: then one failure is not
/// the end of the request.
fn is_asked_again(
    case: &Case<'_, '_>,
    external: &External,
    trail: &[Site],
    index: usize,
    constructs: &[Construct],
) -> bool {
    let Some(step) = trail.get(index).copied() else { return false };
    let again =
        case.program.units.ancestors(case.program.units.calls[step.call].node).flat_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => asked_again(case, external, step, each),
            _ => Vec::new(),
        });
    let mut again = again.map(|site| [site]);
    again.any(|first| leads_to_retried(case, &first, constructs, CALLERS)) && !escapes(case, trail, index)
}

/// Whether the last call of a trail is an LLM call that is retried, or leads to one.
fn leads_to_retried(case: &Case<'_, '_>, trail: &[Site], constructs: &[Construct], depth: usize) -> bool {
    let Some((index, last)) = trail.iter().copied().enumerate().next_back() else { return false };
    if covers(case, trail, index, constructs).is_some() {
        return true;
    }
    if depth == 0 || case.external_at(last.call).is_some() {
        return false;
    }
    case.program.runs(last).iter().any(|frame| {
        let calls = case.program.units.units[case.program.unit_of_frame(*frame)].calls.iter();
        let mut inner = calls.map(|call| Site { call: *call, frame: *frame });
        inner.any(|site| {
            let longer: Vec<Site> = trail.iter().copied().chain([site]).collect();
            Leads::llm(case, site).is_some() && leads_to_retried(case, &longer, constructs, depth - 1)
        })
    })
}

/// Where nothing reaches a call, its known callers decide.
fn by_callers(case: &Case<'_, '_>, trail: &[Site], constructs: &[Construct], depth: usize) -> bool {
    if covers(case, trail, 0, constructs).is_some() {
        return true;
    }
    let Some(first) = trail.first().filter(|_| depth > 0) else { return false };
    let unit = case.program.units.calls[first.call].unit;
    if constructs.iter().filter_map(Construct::call).any(|retry| is_handed(case, retry, unit)) {
        return true;
    }
    let callers = case.program.callers_of(unit);
    !callers.is_empty()
        && callers.iter().all(|caller| {
            let longer: Vec<Site> = std::iter::once(*caller).chain(trail.iter().copied()).collect();
            by_callers(case, &longer, constructs, depth - 1)
        })
}

/// Whether a retry is given a function to run.
fn is_handed(case: &Case<'_, '_>, retry: CallId, unit: UnitId) -> bool {
    let mut frames = Vec::new();
    let frame = case.program.open_frame(case.program.units.calls[retry].unit);
    case.program.callbacks(Site { call: retry, frame }, &mut frames);
    frames.iter().any(|frame| case.program.unit_of_frame(*frame) == unit)
}

/// What retries the rest of a trail from one of its steps on.
#[derive(Clone, Debug, PartialEq)]
pub struct Cover {
    pub name: String,
    /// The construct, where it is one that was found as such.
    pub construct: Option<usize>,
}

/// The retry around one step of a trail. A retry around a function that only makes a generator retries nothing: the
/// work is done when somebody reads it.
pub fn covers(case: &Case<'_, '_>, trail: &[Site], index: usize, constructs: &[Construct]) -> Option<Cover> {
    let step = *trail.get(index)?;
    let program = case.program;
    let info = &program.units.calls[step.call];
    let mut around: Vec<CallId> = std::iter::once(step.call).chain(info.within.iter().copied()).collect();
    around.extend(case.guards.operators_on(step));
    let nodes: Vec<_> = program.units.ancestors(info.node).map(|(id, _)| id).collect();
    // What one of them returned is retried as well: `model.with_retry().invoke()`.
    let makers: Vec<CallId> =
        case.callees(step).iter().flat_map(|value| value.sites().to_vec()).map(|made| made.call).collect();
    // `graph.add_node("answer", answer, retry_policy=RetryPolicy())`: the node is run again.
    let steps = trail.get(index + 1).map(|inner| {
        let made = case.callees(step).iter().flat_map(|value| value.sites().to_vec()).collect::<Vec<_>>();
        program.steps_with(&made, program.unit_of_frame(inner.frame))
    });
    let steps = steps.unwrap_or_default();
    let stands_around = |construct: &Construct| match construct.how {
        Repeats::Decorator(_) => false,
        Repeats::Library(call) => {
            around.contains(&call)
                || makers.contains(&call)
                || steps.iter().any(|step| program.is_step_given(*step, call))
        }
        Repeats::Loop(node) => nodes.contains(&node) || is_last_try(program, step, node),
        Repeats::Recursion { unit, call } => unit == info.unit && call != step.call,
    };
    let own = constructs.iter().position(|construct| construct.tries_again() && stands_around(construct));
    // What is told to try once is none, whatever library it is.
    let only_once = constructs.iter().any(|construct| !construct.tries_again() && stands_around(construct));
    let cover = match own {
        Some(own) => Some(Cover { name: constructs.get(own)?.name.clone(), construct: Some(own) }),
        None if only_once => None,
        None => case
            .guards
            .around(step, ITEM)
            .or_else(|| in_library_loop(case, step, constructs))
            .map(|found| Cover { name: found.name, construct: None }),
    };
    let cover = cover.filter(|_| !escapes(case, trail, index));
    cover.or_else(|| decorated(case, trail, index, constructs))
}

/// Whether a call is made once more behind the loop that has made it several times: the last try of a retry.
fn is_last_try(program: &Program<'_>, step: Site, node: NodeId) -> bool {
    let info = &program.units.calls[step.call];
    let (unit, end) = (program.units.nodes[node].unit, program.units.nodes[node].span.end);
    let asked = Program::written(&info.call.callee);
    unit == info.unit
        && !asked.is_empty()
        && end <= info.call.span.start
        && program.units.units[unit].calls.iter().any(|call| {
            let other = &program.units.calls[*call];
            other.call.span.end <= end
                && program.units.ancestors(other.node).any(|(id, _)| id == node)
                && Program::written(&other.call.callee) == asked
        })
}

/// `for attempt in Retrying(...)`: a loop over what a retry library hands out.
fn in_library_loop(
    case: &Case<'_, '_>,
    step: Site,
    constructs: &[Construct],
) -> Option<super::super::guards::Protection> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    program.units.ancestors(info.node).find_map(|(_, node)| {
        let NodeKind::Loop(each) = node.kind else { return None };
        let over = each.over.as_ref()?;
        program.values(over, step.frame).iter().find_map(|value| {
            let path = value.path()?;
            let site = value.sites().last().copied();
            let made = site.map(|site| site.call);
            let only_once =
                constructs.iter().any(|each| each.call().is_some() && each.call() == made && !each.tries_again());
            (!only_once && !case.guards.facts(path, site, ITEM).is_empty()).then(|| super::super::guards::Protection {
                module: info.module,
                span: over.span,
                name: super::super::guards::short(path),
            })
        })
    })
}

/// A retry decorator on the unit of a step, unless the unit is a generator.
fn decorated(case: &Case<'_, '_>, trail: &[Site], index: usize, constructs: &[Construct]) -> Option<Cover> {
    let frame = trail.get(index)?.frame;
    if is_generator(case, frame) || index > 0 && escapes(case, trail, index - 1) {
        return None;
    }
    let unit = case.program.unit_of_frame(frame);
    let applied: Vec<CallId> = case
        .guards
        .decorating(frame)
        .iter()
        .filter_map(|(value, _)| value.sites().last().map(|made| made.call))
        .collect();
    let decorates = |call: CallId| case.program.units.calls[call].decorates == Some(unit) || applied.contains(&call);
    let construct = constructs.iter().position(|construct| match construct.how {
        Repeats::Decorator(own) => own == unit,
        _ => construct.call().is_some_and(decorates),
    });
    if construct.and_then(|at| constructs.get(at)).is_some_and(|construct| !construct.tries_again()) {
        return None;
    }
    let retry = construct.and_then(|at| constructs.get(at));
    if retry.is_some_and(|retry| never_sees_failure(case, retry, trail, index)) {
        return None;
    }
    case.guards.decorators(frame, ITEM).map(|found| Cover { name: found.name, construct })
}

/// Whether a retry around a function never learns that the call in it has failed: it is told to try again for errors of
/// the program's own only, or the function catches the error and answers by itself.
fn never_sees_failure(case: &Case<'_, '_>, retry: &Construct, trail: &[Site], index: usize) -> bool {
    let is_told = tells_errors(case, retry);
    if is_told {
        return asks_for_foreign_errors(case, retry);
    }
    let external = trail.last().and_then(|site| case.external_at(site.call));
    let (Some(external), Some(inner)) = (external, trail.get(index..)) else { return false };
    if fails_later(case, external) {
        return false;
    }
    let Some((at, Some(handler))) = answered_at(case, external, &inner.to_vec()) else { return false };
    // Where the handler asks another model, the retry sees that one fail.
    let Some(step) = inner.get(at) else { return false };
    let mut calls = case.program.units.units[case.program.unit_of_frame(step.frame)].calls.iter();
    !calls.any(|call| {
        let site = Site { call: *call, frame: step.frame };
        handler.contains(case.program.units.calls[*call].call.span) && Leads::of(case, site).external.is_some()
    })
}

/// A retry decorator that retries nothing because it sits on a generator.
fn on_generator(case: &Case<'_, '_>, external: &External, site: Site) -> Option<String> {
    let ways: Vec<Trail> = external.reached.iter().flat_map(|(entry, _)| case.reaches[*entry].trails(site)).collect();
    ways.iter().flatten().chain([&site]).find_map(|step| {
        let guard = case.guards.decorators(step.frame, ITEM)?;
        is_generator(case, step.frame).then_some(guard.name)
    })
}
