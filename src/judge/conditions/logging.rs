//! V1: every request is logged with outcome, duration and error.

pub(super) mod around;
mod fields;
pub(in crate::judge) mod line;
mod selected;

use std::collections::BTreeSet;

use crate::link::entries::{Entry, Link, Role, frame_of};
use crate::link::reach::Trail;
use crate::link::{FrameId, How, Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::{Calls, Fact};
use crate::rules::checked::plain;
use crate::rules::packs::Reason;

use super::super::boundaries;
use super::super::case::{AtStart, Case, Outcome};
use super::super::guards::{Protection, routed, short};
use super::super::retrying::walk;
use super::super::verdict::{Evidence, Finding, Item, Location, Text};
use around::{around_call, hands_on_running, inside, inside_for, is_status_of_failure};
use line::{is_about_itself, log_line};

/// What a log tells about one way through a piece of code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    /// That it succeeded or with which status; on the way of failure: the error.
    what: bool,
    duration: bool,
}

/// What a log of requests tells, about those that succeed and those that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    success: Way,
    failure: Way,
}

impl Told {
    fn is_complete(self) -> bool {
        self.success.what && self.success.duration && self.failure.what && self.failure.duration
    }

    fn is_nothing(self) -> bool {
        self == Told::default()
    }

    /// The parts that are not told, as messages name them.
    fn missing(self) -> Vec<&'static str> {
        let parts = [
            ("outcome", self.success.what),
            ("duration", self.success.duration),
            ("error", self.failure.what),
            ("duration-of-failure", self.failure.duration || !self.success.duration || !self.failure.what),
        ];
        parts.into_iter().filter(|(_, told)| !told).map(|(word, _)| word).collect()
    }

    /// What two logs tell together.
    fn and(self, other: Told) -> Told {
        let and = |a: Way, b: Way| Way { what: a.what || b.what, duration: a.duration || b.duration };
        Told { success: and(self.success, other.success), failure: and(self.failure, other.failure) }
    }

    /// What is told whichever of two ways is taken.
    fn or(self, other: Told) -> Told {
        let or = |a: Way, b: Way| Way { what: a.what && b.what, duration: a.duration && b.duration };
        Told { success: or(self.success, other.success), failure: or(self.failure, other.failure) }
    }
}

/// `unlogged-entry-point`: each public entry point that reaches an external call (where none does: each public one;
/// where there is none: each LLM call) is covered by instrumentation or by an own wrapper that logs on both paths.
pub fn request_logging(case: &Case<'_, '_>) -> Outcome {
    let objects = objects(case);
    if objects.is_empty() {
        return llm_calls_alone(case);
    }
    let told = |name: &str| Text {
        en: format!("{name} records every request"),
        ko: format!("{name}이(가) 모든 요청을 기록합니다"),
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    let module = |index: &usize| case.entries.entries[*index].module;
    let (watched, objects): (Vec<usize>, Vec<usize>) =
        objects.into_iter().partition(|index| super::alerting::initialised(case, "V1", module(index)).is_some());
    for found in watched.iter().filter_map(|index| super::alerting::initialised(case, "V1", module(index))) {
        let said = case.evidence(&found, told(&found.name));
        if !evidence.contains(&said) {
            evidence.push(said);
        }
    }
    if objects.is_empty() {
        return case.outcome(Item::V1, findings, evidence);
    }
    if let Some((location, name)) = super::alerting::configured(case, "V1") {
        evidence.push(Evidence { location, message: told(&name) });
        return case.outcome(Item::V1, findings, evidence);
    }
    let mut unwired = None;
    for index in objects {
        let entry = &case.entries.entries[index];
        match covered(case, entry, index) {
            Ok(found) => {
                let message = Text {
                    en: format!("{} is logged by {}", entry.name, found.name),
                    ko: format!("{}: {}이(가) 기록합니다", entry.name, found.name),
                };
                evidence.push(case.evidence(&found, message));
            }
            Err(told) => {
                let unwired = unwired.get_or_insert_with(|| case.unwired("V1")).clone();
                findings.push(finding(case, entry, told, unwired));
            }
        }
    }
    case.outcome(Item::V1, findings, evidence)
}

/// The entry points that must be logged.
pub fn objects(case: &Case<'_, '_>) -> BTreeSet<usize> {
    let public = |index: &usize| case.entries.entries[*index].public;
    let reaching: BTreeSet<usize> = case.reaching(|_| true).into_iter().filter(public).collect();
    if !reaching.is_empty() {
        return reaching;
    }
    (0..case.entries.entries.len())
        .filter(public)
        .filter(|index| case.entries.entries[*index].kind != "ui" || !case.externals().is_empty())
        .collect()
}

fn llm_calls_alone(case: &Case<'_, '_>) -> Outcome {
    let mut findings = Vec::new();
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::V1, Reason::NoEntryPoint);
    }
    for external in case.llm_calls() {
        if super::alerting::initialised(case, "V1", case.program.units.calls[external.call].module).is_some() {
            continue;
        }
        let told = around_call(case, external.open, None);
        let is_told = told.is_complete();
        if !is_told && !client_is_traced(case, external.open) {
            findings.push(case.call_finding(
                "unlogged-entry-point",
                "none",
                external.call,
                &[("entry", external.api.clone())],
            ));
        }
    }
    case.outcome(Item::V1, findings, Vec::new())
}

fn finding(case: &Case<'_, '_>, entry: &Entry<'_>, told: Told, unwired: Option<Protection>) -> Finding {
    let name = ("entry", entry.name.clone());
    let unwired = unwired.filter(|_| !told.success.what);
    let finding = |variant: &str, values: &[(&str, String)]| {
        case.finding("unlogged-entry-point", variant, entry.module, entry.span, values)
    };
    let mut finding = match &unwired {
        Some(guard) => finding("not-wired", &[name, ("guard", guard.name.clone())]),
        None if told.is_nothing() => finding("none", &[name]),
        None => finding("partial", &[name, ("missing", told.missing().join(", "))]),
    };
    if let Some(guard) = &unwired {
        let message = Text {
            en: format!("{} stands here", guard.name),
            ko: format!("{}이(가) 여기에 있습니다", guard.name),
        };
        finding.related.push(case.evidence(guard, message));
    }
    finding
}

/// Whether an entry point is logged, for the inventory.
pub fn is_logged(case: &Case<'_, '_>, index: usize) -> bool {
    let entry = &case.entries.entries[index];
    super::alerting::initialised(case, "V1", entry.module).is_some()
        || super::alerting::configured(case, "V1").is_some()
        || covered(case, entry, index).is_ok()
}

/// What logs the requests to an entry point, by place and name; else what the log leaves out.
pub fn logged_by(case: &Case<'_, '_>, index: usize) -> Result<(Location, String), Vec<&'static str>> {
    let entry = &case.entries.entries[index];
    if let Some(found) = super::alerting::initialised(case, "V1", entry.module) {
        return Ok((case.program.location(found.module, found.span), found.name));
    }
    if let Some(found) = super::alerting::configured(case, "V1") {
        return Ok(found);
    }
    match covered(case, entry, index) {
        Ok(found) => Ok((case.program.location(found.module, found.span), found.name)),
        Err(told) => Err(told.missing()),
    }
}

/// Whether something in front of an entry point logs all of a request by itself.
pub fn is_logger<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, link: &Link<'m>) -> bool {
    match link_logs(case, entry, link) {
        Some(Logged::Product(_)) => true,
        Some(Logged::Own(told, _)) => told.is_complete(),
        None => false,
    }
}

/// What covers an entry point; else what its log tells at most.
fn covered<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, index: usize) -> Result<Protection, Told> {
    let handler_errors = errors_are_logged(case, entry);
    let mut best: Option<Told> = None;
    let mut found = None;
    for chain in &entry.chains {
        let mut told = Told::default();
        let mut product = None;
        // Whether what stands further in lets no error past it.
        let mut is_caught = false;
        for link in chain.iter().rev() {
            match link_logs(case, entry, link) {
                Some(Logged::Product(protection)) => product = product.or(Some(protection)),
                Some(Logged::Own(own, protection)) => {
                    told = told.and(own);
                    // Lines written when the answer is finished tell of failures too; a handler of errors tells the rest.
                    told.failure.what |= own.failure.duration && handler_errors;
                    told.failure.duration |= is_caught && own.success.duration;
                    // Where errors are answered before what is in front goes on, it tells of failures as of successes.
                    if handler_errors && case.entries.answers_inside {
                        told.failure.what |= own.success.what;
                        told.failure.duration |= own.success.duration;
                    }
                    if told.is_complete() {
                        product = product.or(Some(protection));
                    }
                }
                None => {}
            }
            is_caught |= boundaries::catching(case, link).is_some();
        }
        match product {
            Some(protection) => found = found.or(Some(protection)),
            None => best = Some(best.map_or(told, |best| best.or(told))),
        }
    }
    if let (Some(found), None) = (found, best) {
        return Ok(found);
    }
    let best = best.unwrap_or_default();
    // The handler does it itself, or what runs on every way to a model call.
    let own = if hands_on_running(case, entry.handler) { Told::default() } else { inside(case, entry.handler) };
    let told = best.and(own);
    let here = |name: String| Protection { module: entry.module, span: entry.span, name };
    if told.is_complete() {
        return Ok(here(entry.name.clone()));
    }
    let llm: Vec<_> =
        case.llm_calls().filter(|external| external.reached.iter().any(|(each, _)| *each == index)).collect();
    let sites = || {
        llm.iter().flat_map(|external| {
            external.reached.iter().filter(|(each, _)| *each == index).flat_map(|(_, sites)| sites.iter().copied())
        })
    };
    if let Some(first) = llm.first() {
        let reach = &case.reaches[index];
        let is_traced = |site: Site| {
            // What a library's call is told to record, it records of what runs in it too.
            let records = |step: Site| !case.program.callee_paths(step).is_empty() && is_given_tracer(case, step);
            let on_way =
                |trail: &Trail| trail.iter().any(|step| case.guards.around(*step, "V1").is_some() || records(*step));
            client_is_traced(case, site) || {
                let trails = reach.trails(site);
                !trails.is_empty() && trails.iter().all(on_way)
            }
        };
        if sites().all(is_traced) {
            let info = &case.program.units.calls[first.call];
            return Ok(Protection { module: info.module, span: info.call.span, name: first.api.clone() });
        }
        let ways = sites().flat_map(|site| reach.trails(site));
        let route = routed(entry);
        let on_way = |trail: Trail| {
            trail.iter().fold(Told::default(), |told, step| told.and(around_call(case, *step, route.as_deref())))
        };
        let least = ways.map(on_way).reduce(Told::or).unwrap_or_default();
        if told.and(least).is_complete() {
            return Ok(here(entry.name.clone()));
        }
        return Err(told.and(least));
    }
    match paid_calls_are_traced(case, index) {
        Some(found) => Ok(found),
        None => Err(told),
    }
}

/// The observability product around all paid calls that an entry point reaches, where it asks no model for text.
fn paid_calls_are_traced(case: &Case<'_, '_>, index: usize) -> Option<Protection> {
    let own = |reached: &&(usize, Vec<Site>)| reached.0 == index;
    let paid = case.externals().iter().filter(|external| external.kind == Calls::Paid);
    let paid: Vec<_> = paid.filter(|external| external.reached.iter().any(|each| each.0 == index)).collect();
    let mut sites = paid.iter().flat_map(|external| external.reached.iter().filter(own)).flat_map(|(_, sites)| sites);
    let first = paid.first()?;
    let info = &case.program.units.calls[first.call];
    let here = Protection { module: info.module, span: info.call.span, name: first.api.clone() };
    sites.all(|site| client_is_traced(case, *site)).then_some(here)
}

/// An observability product around the model's client or call.
fn client_is_traced(case: &Case<'_, '_>, site: Site) -> bool {
    case.guards.around(site, "V1").is_some()
        || library_is_traced(case, site)
        || case.callees(site).iter().any(|value| {
            value.path().is_some_and(|path| !case.guards.facts(path, None, "V1").is_empty())
                || value.sites().iter().any(|made| {
                    case.program
                        .callee_paths(*made)
                        .iter()
                        .any(|path| !case.guards.facts(path, Some(*made), "V1").is_empty())
                })
                || value.sites().iter().any(|made| is_given_tracer(case, *made))
        })
        || is_given_tracer(case, site)
}

/// `model.invoke(text, config={"callbacks": [handler]})`: a call that is given what traces it.
fn is_given_tracer(case: &Case<'_, '_>, site: Site) -> bool {
    let traces = |made: &Site| {
        case.program.callee_paths(*made).iter().any(|path| {
            case.guards.facts(path, Some(*made), "V1").iter().any(|fact| fact.how.as_deref() == Some("argument"))
        })
    };
    let call = case.program.units.calls[site.call].call;
    call.arguments.iter().any(|argument| case.program.slice(&argument.value, site.frame).sites.iter().any(traces))
}

/// Whether the calls of the library that makes a call are recorded from start-up on.
fn library_is_traced(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let names = program.callee_paths(site);
    let module = program.units.calls[site.call].module;
    let of_library = || super::alerting::of_one_library(case, "V1").map(AtStart::anywhere).collect();
    let all = case.initialised("V1 of one library", of_library);
    all.iter().any(|AtStart { root, found, .. }| {
        names.iter().any(|name| plain(name).starts_with(found.name.as_str())) && case.processes().shared(*root, module)
    })
}

/// How something in front of a handler logs.
enum Logged {
    Product(Protection),
    Own(Told, Protection),
}

fn link_logs<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, link: &Link<'m>) -> Option<Logged> {
    let here = |name: String| Protection { module: link.module, span: link.span, name };
    if let Value::Library { path, sites } = &link.value {
        let site = sites.last().copied();
        let logs = |fact: &&Fact| !leaves_out(case, fact, site, routed(entry).as_deref());
        return case.guards.facts(path, site, "V1").iter().any(logs).then(|| Logged::Product(here(short(path))));
    }
    let frame = frame_of(case.program, &link.value)?;
    let route = routed(entry);
    let told = match link.role {
        // What runs when the answer has been made goes on to nothing, whatever it calls when it is done.
        Role::After => at_the_end(case, frame, route.as_deref())?,
        _ => around_continuations(case, frame, route.as_deref())?,
    };
    Some(Logged::Own(told, here(case.guards.name_of(&link.value))))
}

/// Whether a library's log is told to leave out the requests to a route, or those that succeed:
/// `{ skip: (req, res) => res.statusCode < 400 }`.
fn leaves_out(case: &Case<'_, '_>, fact: &Fact, site: Option<Site>, route: Option<&str>) -> bool {
    case.guards.is_told_to_pass(fact, site, |test, frame| {
        is_status_of_failure(test, false) || case.guards.is_for(test, frame, route)
    })
}

/// What a middleware tells about what it goes on to: the least over all its ways onwards. A hook that goes on to
/// nothing tells what it logs.
fn around_continuations(case: &Case<'_, '_>, frame: FrameId, route: Option<&str>) -> Option<Told> {
    let reach = case.guards.reach(frame);
    let onwards = case.guards.continuations(frame);
    if onwards.is_empty() {
        return at_the_end(case, frame, route);
    }
    let mut least: Option<Told> = None;
    for site in onwards.iter().copied() {
        for trail in reach.trails(site) {
            if trail.iter().any(|step| case.guards.is_passed_by(*step, route)) {
                continue;
            }
            // Logs stand around the call in its own function or in one on the way.
            let told = trail.iter().fold(Told::default(), |told, step| told.and(around_call(case, *step, route)));
            let told = told.and(by_given_functions(case, site)).and(where_awaited(case, site, route));
            least = Some(least.map_or(told, |least| least.or(told)));
        }
    }
    least
}

/// What a hook after the answer tells: both ways end there.
fn at_the_end(case: &Case<'_, '_>, frame: FrameId, route: Option<&str>) -> Option<Told> {
    let told = inside_for(case, frame, route);
    let after = Way { what: told.success.what, duration: told.success.duration };
    (!told.is_nothing()).then_some(Told {
        success: after,
        failure: Way { what: told.failure.what, duration: after.duration || told.failure.duration },
    })
}

/// What is told around the place where what a middleware has called is awaited later, in work that it returns:
/// `let answer = self.inner.call(request); Box::pin(async move { let answer = answer.await?; .. })`.
fn where_awaited(case: &Case<'_, '_>, site: Site, route: Option<&str>) -> Told {
    let program = case.program;
    let unit = program.unit_of_frame(site.frame);
    let mut told = Told::default();
    for inner in &program.units.units[unit].inner {
        let Some(frame) = program.enter(*inner, site.frame, None, How::Framework) else { continue };
        let awaits = program.units.units[*inner].awaits.iter();
        for awaited in awaits.filter(|awaited| program.pending(awaited, frame).contains(&site)) {
            let nodes = program.units.units[*inner].nodes.iter().copied();
            let around = nodes.filter(|node| program.units.nodes[*node].span.contains(awaited.span));
            let Some(node) =
                around.min_by_key(|node| program.units.nodes[*node].span.end - program.units.nodes[*node].span.start)
            else {
                continue;
            };
            told = told.and(around::around_place(case, (node, awaited.span), frame, false, route));
        }
    }
    told
}

/// What is logged by the functions that what a middleware goes on to is given to answer with:
/// `app(environ, logged_start_response)`.
fn by_given_functions(case: &Case<'_, '_>, site: Site) -> Told {
    let given = case.program.units.calls[site.call].call.arguments.iter();
    let values = given.flat_map(|argument| case.program.values(&argument.value, site.frame).to_vec());
    let functions = values.filter(|value| matches!(value, Value::Function { .. }));
    let frames = functions.filter_map(|function| frame_of(case.program, &function));
    frames.fold(Told::default(), |told, frame| {
        told.and(Told { success: inside(case, frame).success, failure: Way::default() })
    })
}

/// Whether a registered handler of errors logs them.
fn errors_are_logged(case: &Case<'_, '_>, entry: &Entry<'_>) -> bool {
    let is_seen = |link: &&Link<'_>| {
        let unseen = case.entries.unseen.get(&(link.module, link.span));
        unseen.is_none_or(|unseen| !unseen.contains(&entry.handler))
    };
    let mut seen = case.entries.error_handlers.iter().filter(is_seen);
    seen.any(|link| frame_of(case.program, &link.value).is_some_and(|frame| logs_errors(case, frame)))
        || is_logged_by_its_type(case, entry)
}

/// Whether a function that is told of errors logs them.
fn logs_errors(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let reach = case.guards.reach(frame);
    let tells = |site: Site| log_line(case, site).is_some_and(|line| line.is_error && line.tells_error());
    let logs = |site: Site| tells(site) && !is_about_itself(case.program, site);
    reach.sites(case.program).take(200).any(logs)
}

/// Whether the errors that a handler returns are logged by their type, where it turns them into answers:
/// `impl IntoResponse for Failure`.
fn is_logged_by_its_type(case: &Case<'_, '_>, entry: &Entry<'_>) -> bool {
    let program = case.program;
    let info = &program.units.units[program.unit_of_frame(entry.handler)];
    let (Some(returns), Some(home)) = (info.function.and_then(|function| function.returns.as_ref()), info.parent)
    else {
        return false;
    };
    let mut named = Vec::new();
    walk(returns, &mut |part| {
        if matches!(part.kind, ExpressionKind::Name(_)) {
            named.push(part);
        }
    });
    named.into_iter().any(|part| {
        program.values(part, program.open_frame(home)).iter().any(|value| match value {
            Value::Class(class) => {
                let turned = program.units.classes[*class].methods.get("into_response");
                turned.is_some_and(|unit| logs_errors(case, program.open_frame(*unit)))
            }
            _ => false,
        })
    })
}
