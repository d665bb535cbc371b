//! V2: someone is told when an error occurs.

use crate::link::arguments::Given;
use crate::link::entries::frame_of;
use crate::link::units::NodeKind;
use crate::link::{FrameId, How, Site};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::case::{Case, Outcome};
use super::super::guards::{Protection, short};
use super::super::verdict::{Item, Text};

/// `no-error-alerting`: an error tracker or alert channel is initialised where the server runs and sees its errors, or
/// an own notifier is called where the errors of every LLM entry point pass.
pub fn alerting(case: &Case<'_, '_>) -> Outcome {
    if case.entries.entries.is_empty() && case.externals.is_empty() {
        return case.not_applicable(Item::V2, Reason::NoEntryPoint);
    }
    if let Some(found) = tracker(case).or_else(|| notifier(case)) {
        let message = Text {
            en: format!("{} is told about errors", found.name),
            ko: format!("오류가 {}(으)로 전달됩니다", found.name),
        };
        let evidence = vec![case.evidence(&found, message)];
        return case.outcome(Item::V2, Vec::new(), evidence);
    }
    let unwired = case.unwired("V2");
    let (variant, values) = match &unwired {
        Some(guard) => ("not-wired", vec![("guard", guard.name.clone())]),
        None => ("none", Vec::new()),
    };
    // The most telling place: where the model is called, else the first entry point, else the first external call.
    let mut finding = match (case.llm_calls().next(), case.entries.entries.first(), case.externals.first()) {
        (Some(call), ..) => case.call_finding("no-error-alerting", variant, call.call, &values),
        (None, Some(entry), _) => case.finding("no-error-alerting", variant, entry.module, entry.span, &values),
        (None, None, Some(call)) => case.call_finding("no-error-alerting", variant, call.call, &values),
        (None, None, None) => return case.not_applicable(Item::V2, Reason::NoEntryPoint),
    };
    if let Some(guard) = &unwired {
        let message = Text {
            en: format!("{} stands here", guard.name),
            ko: format!("{}이(가) 여기에 있습니다", guard.name),
        };
        finding.related.push(case.evidence(guard, message));
    }
    case.outcome(Item::V2, vec![finding], Vec::new())
}

/// A guard that is initialised at start-up, in code that the server runs.
pub fn initialised(case: &Case<'_, '_>, item: &str) -> Option<Protection> {
    let program = case.program;
    case.at_start("initialised", item, |site| {
        let info = &program.units.calls[site.call];
        if runs_in_browser(case, info.module) || case.is_skipped(info.node) || skipped_caller(case, site.frame) {
            return None;
        }
        program.callee_paths(site).into_iter().find_map(|path| {
            // What is put in front of handlers protects those that it stands in front of.
            let facts = case.guards.facts(&path, Some(site), item);
            facts.iter().any(|fact| fact.how.as_deref() == Some("init")).then(|| Protection {
                module: info.module,
                span: info.call.span,
                name: short(&path),
            })
        })
    })
}

/// Whether the call that runs a frame stands in a main block that the server never runs.
fn skipped_caller(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let mut how = case.program.frame(frame).how;
    while let How::Call(site) = how {
        if case.is_skipped(case.program.units.calls[site.call].node) {
            return true;
        }
        how = case.program.frame(site.frame).how;
    }
    false
}

/// Whether a module runs in the visitor's browser only.
pub fn runs_in_browser(case: &Case<'_, '_>, module: usize) -> bool {
    let module = &case.program.modules[module];
    let name = module.path.rsplit('/').next().unwrap_or("");
    module.directives.iter().any(|directive| directive == "use client")
        || name.contains(".client.")
        || name.contains("-client.")
}

fn tracker(case: &Case<'_, '_>) -> Option<Protection> {
    initialised(case, "V2")
        .or_else(|| {
            // Alert rules in the settings of a monitoring system.
            let program = case.program;
            program
                .catalogue
                .of_kind(Kind::Platform)
                .filter(|(_, fact)| fact.protects.as_deref() == Some("V2"))
                .find_map(|(_, fact)| {
                    let files = crate::link::entries::globs(&fact.files)?;
                    let settings = program.settings.iter().find(|settings| {
                        files.is_match(&settings.path)
                            && settings.entries.iter().any(|entry| {
                                fact.keys.iter().any(|pattern| {
                                    super::availability::match_keys(
                                        &pattern.split('.').collect::<Vec<_>>(),
                                        &entry.keys,
                                    )
                                    .is_some()
                                })
                            })
                    })?;
                    Some(Protection { module: 0, span: crate::model::Span::default(), name: settings.path.clone() })
                })
        })
        .or_else(|| {
            // Middleware or a wrapper of the application that is a tracker by itself.
            let chains = case.entries.entries.iter().flat_map(|entry| entry.chains.first()).collect::<Vec<_>>();
            if chains.is_empty() {
                return None;
            }
            let mut first = None;
            for chain in chains {
                first = Some(case.guards.on_chain(chain, "V2")?).or(first);
            }
            first
        })
}

/// An own notifier in a registered handler of errors, or in a handler around every LLM call.
fn notifier(case: &Case<'_, '_>) -> Option<Protection> {
    for link in &case.entries.error_handlers {
        if let Some(frame) = frame_of(case.program, &link.value)
            && notifies(case, frame, 0)
        {
            return Some(Protection { module: link.module, span: link.span, name: case.link_name(link) });
        }
        // A library's own error handler: the tracker's.
        if let Some(path) = link.value.path()
            && !case.guards.facts(path, link.value.sites().last().copied(), "V2").is_empty()
        {
            return Some(Protection { module: link.module, span: link.span, name: short(path) });
        }
    }
    let mut first = None;
    for external in case.llm_calls() {
        for (entry, sites) in &external.reached {
            for site in sites {
                for trail in case.reaches[*entry].trails(*site) {
                    let found = trail.iter().find_map(|step| handler_notifies(case, *step))?;
                    first = first.or(Some(found));
                }
            }
        }
    }
    first
}

/// Whether a handler around a call notifies.
fn handler_notifies(case: &Case<'_, '_>, step: Site) -> Option<Protection> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    for (_, node) in program.units.ancestors(info.node) {
        let NodeKind::TryBody(each) = node.kind else { continue };
        for call in &program.units.units[info.unit].calls {
            let other = &program.units.calls[*call];
            let in_handler = each.handlers.iter().any(|handler| handler.span.contains(other.call.span));
            if in_handler && is_notice(case, Site { call: *call, frame: step.frame }, 0) {
                return Some(Protection {
                    module: info.module,
                    span: other.call.span,
                    name: crate::link::Program::written(&other.call.callee),
                });
            }
        }
    }
    None
}

/// Whether anything that a frame runs is a message to the operators.
fn notifies(case: &Case<'_, '_>, frame: FrameId, depth: usize) -> bool {
    let unit = case.program.unit_of_frame(frame);
    case.program.units.units[unit].calls.iter().any(|call| is_notice(case, Site { call: *call, frame }, depth))
}

fn is_notice(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    let program = case.program;
    for path in program.callee_paths(site) {
        let mut notices = program.facts_of(&path, Kind::Notify).into_iter();
        if notices
            .any(|(_, fact)| fact.value.as_deref().is_none_or(|recipient| is_for_operators(case, site, recipient)))
            || !case.guards.facts(&path, Some(site), "V2").is_empty()
        {
            return true;
        }
        if program.is_a(&path, Kind::Http) && goes_to_a_channel(case, site) {
            return true;
        }
    }
    depth < 4
        && program.runs(site, &case.entries.registrations).into_iter().any(|frame| notifies(case, frame, depth + 1))
}

/// Whether a message goes to somebody whom the request did not choose.
fn is_for_operators(case: &Case<'_, '_>, site: Site, recipient: &str) -> bool {
    let program = case.program;
    let Given::Present { expression, frame } = program.argument(site, recipient) else { return false };
    let slice = program.slice(expression, frame);
    !slice.parameters.iter().any(|(_, _, frame)| program.frame(*frame).how == How::Framework)
}

/// A raw request to an incoming webhook: by its address, or by the variable that holds the address.
fn goes_to_a_channel(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let call = program.units.calls[site.call].call;
    let Some(address) = call.arguments.first() else { return false };
    let slice = program.slice(&address.value, site.frame);
    slice.parts.iter().any(|(part, _)| {
        let text = match &part.kind {
            crate::model::ExpressionKind::Literal(crate::model::Literal::Text(text)) => text.as_str(),
            crate::model::ExpressionKind::Name(name) | crate::model::ExpressionKind::Member { name, .. } => {
                name.as_str()
            }
            _ => return false,
        };
        let text = text.to_ascii_lowercase();
        ["webhook", "hooks.", "alert", "pagerduty", "opsgenie", "/services/t", "bot*/sendmessage", "sendmessage"]
            .iter()
            .any(|word| text.contains(word))
    })
}
