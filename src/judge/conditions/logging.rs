//! V1: every request is logged with outcome, duration and error.

use std::collections::BTreeSet;

use crate::link::entries::{Entry, Link, frame_of};
use crate::link::units::{CallId, NodeKind};
use crate::link::{FrameId, Site, Value};
use crate::model::{ExpressionKind, Literal};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::case::{Case, Outcome};
use super::super::guards::{Protection, short};
use super::super::verdict::{Evidence, Finding, Item, Text};

/// What a log of requests tells.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    outcome: bool,
    duration: bool,
    error: bool,
}

/// `unlogged-entry-point`: each public entry point that reaches an external call (where none does: each public one;
/// where there is none: each LLM call) is covered by instrumentation or by an own wrapper that logs on both paths.
pub fn request_logging(case: &Case<'_, '_>) -> Outcome {
    let objects = objects(case);
    if objects.is_empty() {
        return llm_calls_alone(case);
    }
    let whole = super::alerting::initialised(case, "V1").or_else(|| platform(case));
    let mut findings: Vec<Finding> = Vec::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    if let Some(found) = &whole {
        let message = Text {
            en: format!("{} records every request", found.name),
            ko: format!("{}이(가) 모든 요청을 기록합니다", found.name),
        };
        evidence.push(case.evidence(found, message));
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
fn objects(case: &Case<'_, '_>) -> BTreeSet<usize> {
    let public = |index: &usize| case.entries.entries[*index].public;
    let reaching: BTreeSet<usize> = case.reaching(|_| true).into_iter().filter(public).collect();
    if !reaching.is_empty() {
        return reaching;
    }
    (0..case.entries.entries.len())
        .filter(public)
        .filter(|index| case.entries.entries[*index].kind != "ui" || !case.externals.is_empty())
        .collect()
}

fn llm_calls_alone(case: &Case<'_, '_>) -> Outcome {
    let mut findings = Vec::new();
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::V1, Reason::NoEntryPoint);
    }
    if super::alerting::initialised(case, "V1").is_some() {
        return case.outcome(Item::V1, findings, Vec::new());
    }
    for external in case.llm_calls() {
        let told = around_call(case, external.open);
        if !(told.outcome && told.duration && told.error) && !client_is_traced(case, external.open) {
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
    let mut finding = match &unwired {
        Some(guard) if !told.outcome => case.finding(
            "unlogged-entry-point",
            "not-wired",
            entry.module,
            entry.span,
            &[name, ("guard", guard.name.clone())],
        ),
        _ => {
            let missing: Vec<&str> = [("outcome", told.outcome), ("duration", told.duration), ("error", told.error)]
                .iter()
                .filter(|(_, told)| !told)
                .map(|(word, _)| *word)
                .collect();
            if missing.len() == 3 {
                case.finding("unlogged-entry-point", "none", entry.module, entry.span, &[name])
            } else {
                case.finding(
                    "unlogged-entry-point",
                    "partial",
                    entry.module,
                    entry.span,
                    &[name, ("missing", missing.join(", "))],
                )
            }
        }
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
    super::alerting::initialised(case, "V1").is_some()
        || platform(case).is_some()
        || covered(case, entry, index).is_ok()
}

/// An access log that a gateway in the repository is told to write.
fn platform(case: &Case<'_, '_>) -> Option<Protection> {
    let program = case.program;
    program.catalogue.of_kind(Kind::Platform).filter(|(_, fact)| fact.protects.as_deref() == Some("V1")).find_map(|(_, fact)| {
        let files = crate::link::entries::globs(&fact.files)?;
        let settings = program.settings.iter().find(|settings| {
            files.is_match(&settings.path)
                && settings.entries.iter().any(|entry| {
                    let is_off = matches!(&entry.value, Literal::Text(text) if text.trim() == "off" || text.starts_with("off ")) || entry.value == Literal::Boolean(false);
                    !is_off && fact.keys.iter().any(|pattern| super::availability::match_keys(&pattern.split('.').collect::<Vec<_>>(), &entry.keys).is_some())
                })
        })?;
        Some(Protection { module: 0, span: crate::model::Span::default(), name: settings.path.clone() })
    })
}

/// What covers an entry point; else what its log tells at most.
fn covered<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, index: usize) -> Result<Protection, Told> {
    let mut best = Told::default();
    let mut found = None;
    for chain in &entry.chains {
        match chain.iter().rev().find_map(|link| link_logs(case, link, &mut best)) {
            Some(protection) => found = found.or(Some(protection)),
            None => {
                found = None;
                break;
            }
        }
    }
    if let Some(found) = found {
        return Ok(found);
    }
    // The handler does it itself, or the function around the model call.
    let told = inside(case, entry.handler);
    if told.outcome && told.duration && told.error {
        let name = entry.name.clone();
        return Ok(Protection { module: entry.module, span: entry.span, name });
    }
    let llm: Vec<_> =
        case.llm_calls().filter(|external| external.reached.iter().any(|(each, _)| *each == index)).collect();
    if !llm.is_empty() {
        let traced = llm.iter().all(|external| {
            external
                .reached
                .iter()
                .filter(|(each, _)| *each == index)
                .flat_map(|(_, sites)| sites)
                .all(|site| client_is_traced(case, *site))
        });
        if traced && let Some(first) = llm.first() {
            let info = &case.program.units.calls[first.call];
            return Ok(Protection { module: info.module, span: info.call.span, name: first.api.clone() });
        }
    }
    best.outcome |= told.outcome;
    best.duration |= told.duration;
    best.error |= told.error;
    Err(best)
}

/// An observability product around the model's client or call.
fn client_is_traced(case: &Case<'_, '_>, site: Site) -> bool {
    case.guards.around(site, "V1").is_some()
        || case.callees(site).iter().any(|value| {
            value.path().is_some_and(|path| !case.guards.facts(path, None, "V1").is_empty())
                || value.sites().iter().any(|made| {
                    case.program
                        .callee_paths(*made)
                        .iter()
                        .any(|path| !case.guards.facts(path, Some(*made), "V1").is_empty())
                })
        })
}

fn link_logs<'m>(case: &Case<'_, 'm>, link: &Link<'m>, best: &mut Told) -> Option<Protection> {
    let here = |name: String| Protection { module: link.module, span: link.span, name };
    if let Value::Library { path, sites } = &link.value {
        return (!case.guards.facts(path, sites.last().copied(), "V1").is_empty()).then(|| here(short(path)));
    }
    let frame = frame_of(case.program, &link.value)?;
    let told = around_continuations(case, frame)?;
    best.outcome |= told.outcome;
    best.duration |= told.duration;
    best.error |= told.error;
    (told.outcome && told.duration && told.error).then(|| here(case.guards.name_of(&link.value)))
}

/// What a middleware tells about what it goes on to: the least over all its ways onwards.
fn around_continuations(case: &Case<'_, '_>, frame: FrameId) -> Option<Told> {
    let reach = case.guards.reach(frame);
    let onwards = case.guards.continuations(&reach);
    let mut least: Option<Told> = None;
    for site in onwards {
        // Logs stand around the call in its own function or in one on the way.
        let mut told = Told::default();
        for trail in reach.trails(site) {
            for step in &trail {
                let more = around_call(case, *step);
                told.outcome |= more.outcome;
                told.duration |= more.duration;
                told.error |= more.error;
            }
        }
        if is_other_protocol(case, site) {
            continue;
        }
        least = Some(match least {
            None => told,
            Some(least) => Told {
                outcome: least.outcome && told.outcome,
                duration: least.duration && told.duration,
                error: least.error && told.error,
            },
        });
    }
    least
}

/// A way onwards only for what is no request: `scope["type"] != "http"`.
fn is_other_protocol(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    program.gates(site).iter().any(|gate| {
        gate.span.end <= program.units.calls[site.call].call.span.start && gate.exit == crate::link::flow::Exit::Branch && {
            program.slice(gate.test, gate.frame).parts.iter().any(|(part, _)| {
                matches!(&part.kind, ExpressionKind::Literal(Literal::Text(text)) if matches!(text.as_str(), "http" | "websocket" | "lifespan"))
            })
        }
    })
}

/// What is logged around a call within its function: after it, in the handlers around it, or by a callback that was
/// registered before it.
fn around_call(case: &Case<'_, '_>, site: Site) -> Told {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut told = Told::default();
    let tries: Vec<_> = program
        .units
        .ancestors(info.node)
        .filter_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => Some(each),
            _ => None,
        })
        .collect();
    let before: BTreeSet<CallId> = program.before(site).iter().map(|before| before.site.call).collect();
    for call in &program.units.units[info.unit].calls {
        let other = &program.units.calls[*call];
        let here = Site { call: *call, frame: site.frame };
        let in_handler =
            tries.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(other.call.span)));
        let in_finally =
            tries.iter().any(|each| each.finally.iter().any(|statement| statement.span.contains(other.call.span)));
        let after = other.call.span.start >= info.call.span.end && runs_too(case, other.node, info.node);
        if let Some(line) = log_line(case, here) {
            if in_finally {
                told = Told {
                    outcome: told.outcome || line.status,
                    duration: told.duration || line.duration,
                    error: told.error || line.failure,
                };
            } else if in_handler {
                told.error |= line.is_error;
            } else if after {
                told.outcome |= line.status || line.says_something;
                told.duration |= line.duration;
            }
        }
        // `res.on('finish', () => logger.info(...))` before going on.
        if before.contains(call) {
            let mut frames = Vec::new();
            program.callbacks(here, &case.entries.registrations, &mut frames);
            let event = other.call.arguments.first().and_then(|argument| match &argument.value.kind {
                ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
                _ => None,
            });
            if matches!(event, Some("finish" | "close" | "end")) {
                for frame in frames {
                    let inner = inside(case, frame);
                    told.outcome |= inner.outcome;
                    told.duration |= inner.duration;
                    // What ends with an error status is logged as the same line; its error is what the line is given.
                    told.error |= inner.error || inner.outcome;
                }
            }
        }
    }
    told
}

/// Whether something after a call runs whenever the call succeeds.
fn runs_too(case: &Case<'_, '_>, later: usize, call: usize) -> bool {
    let program = case.program;
    let around: BTreeSet<usize> = program.units.ancestors(call).map(|(id, _)| id).collect();
    program.units.ancestors(later).all(|(id, node)| {
        around.contains(&id) || !matches!(node.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Handler(..))
    }) || program
        .units
        .ancestors(later)
        .any(|(_, node)| matches!(node.kind, NodeKind::Otherwise(_) | NodeKind::Then(_)))
}

/// What a function logs about itself: both paths.
fn inside(case: &Case<'_, '_>, frame: FrameId) -> Told {
    let program = case.program;
    let mut told = Told::default();
    let unit = program.unit_of_frame(frame);
    for call in &program.units.units[unit].calls {
        let site = Site { call: *call, frame };
        let Some(line) = log_line(case, site) else { continue };
        let node = program.units.calls[*call].node;
        let in_handler = program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Handler(..)));
        let in_finally = program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Finally(_)));
        if in_handler {
            told.error |= line.is_error;
        } else {
            told.outcome |= line.status || (line.duration && line.says_something);
            told.duration |= line.duration;
            told.error |= in_finally && line.failure || line.failure && line.is_error;
        }
    }
    told
}

/// What one log line holds.
#[derive(Clone, Copy, Debug)]
struct Line {
    status: bool,
    duration: bool,
    failure: bool,
    is_error: bool,
    says_something: bool,
}

fn log_line(case: &Case<'_, '_>, site: Site) -> Option<Line> {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut level = None;
    for path in program.callee_paths(site) {
        for (_, fact) in program.facts_of(&path, Kind::Log) {
            // `print` and the console say things; they are no log of requests.
            if path.starts_with("builtins.") || path.starts_with("globals.console") {
                continue;
            }
            level = level.or(fact.level.clone()).or(Some("info".into()));
        }
    }
    let level = level?;
    let mut line = Line {
        status: false,
        duration: false,
        failure: false,
        is_error: matches!(level.as_str(), "error" | "exception" | "critical" | "warning"),
        says_something: !info.call.arguments.is_empty(),
    };
    for argument in &info.call.arguments {
        let slice = program.slice(&argument.value, site.frame);
        line.duration |= slice.sites.iter().any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)))
            || slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "elapsed")));
        for (part, _) in &slice.parts {
            if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &part.kind {
                let name = name.to_ascii_lowercase();
                line.status |= name.contains("status") || name == "outcome" || name == "ok" || name == "success";
                line.failure |= name.contains("err") || name.contains("exc");
            }
            if let ExpressionKind::Literal(Literal::Text(text)) = &part.kind {
                line.status |= text == "status" || text == "outcome";
            }
        }
        if let Some(name) = &argument.name {
            line.status |= name == "status";
            line.failure |= name == "exc_info" || name == "error";
        }
    }
    Some(line)
}
