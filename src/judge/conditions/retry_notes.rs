//! Notes about retries: stacked ones, those of calls with a side effect, and those of errors that no retry can mend.

use crate::link::arguments::{Amount, Held};
use crate::link::flow::walk_block;
use crate::link::{FrameId, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};

use super::super::behaviour::Operation;
use super::super::calls::{External, Which, held};
use super::super::case::Case;
use super::super::retrying::{Construct, Repeated, Retried, last_name, repeated, retried, walk_statement};
use super::super::verdict::{Confidence, Evidence, Finding, Text};

/// What is worth saying about retry constructs without unticking anything.
pub fn notes(case: &Case<'_, '_>, constructs: &[Construct]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tries_again =
        |construct: &&Construct| construct.after_failure && construct.attempts.is_none_or(|attempts| attempts > 1.0);
    for construct in constructs.iter().filter(tries_again) {
        let repeated = repeated(case, construct);
        let retried = retried(case, construct, &repeated);
        findings.extend(stacked(case, construct, &repeated, retried));
        findings.extend(side_effect(case, construct, &repeated));
        findings.extend(client_errors(case, construct, &repeated, retried));
    }
    findings
}

fn note(case: &Case<'_, '_>, rule: &str, construct: &Construct, detail: String, place: Site) -> Finding {
    let mut finding = case.finding(rule, "note", construct.module, construct.span, &[("detail", detail)]);
    finding.confidence = Confidence::Note;
    let message = Text { en: "this call is repeated".into(), ko: "반복되는 호출입니다".into() };
    finding.related.push(Evidence { location: case.program.place(place.call), message });
    finding
}

/// `stacked-retries`: around a call whose client tries again by itself, for the same errors. What is tried again for
/// another reason, such as an answer that does not parse, multiplies nothing.
fn stacked(case: &Case<'_, '_>, construct: &Construct, repeated: &Repeated, retried: Retried) -> Option<Finding> {
    if retried == Retried::Other {
        return None;
    }
    repeated.calls.iter().find_map(|site| {
        let external = case.external_at(site.call)?;
        let inner = match held(case.program, external, *site, Which::Retry) {
            Held::Given(Amount::Number(again), _) if again > 0.0 => Some(again + 1.0),
            Held::Default(Some(again)) if again > 0.0 => Some(again + 1.0),
            Held::Given(Amount::Unknown, _) => None,
            _ => return None,
        };
        let detail = match (construct.attempts, inner) {
            (Some(outer), Some(inner)) if inner.is_finite() => {
                format!("`{}`, {outer} × {inner} = {}", external.api, outer * inner)
            }
            _ => format!("`{}`", external.api),
        };
        Some(note(case, "stacked-retries", construct, detail, *site))
    })
}

/// `retry-of-side-effect`: a payment or a message that may have gone through is sent again, or a row that was stored
/// is stored again because what comes after it has failed.
fn side_effect(case: &Case<'_, '_>, construct: &Construct, repeated: &Repeated) -> Option<Finding> {
    repeated.calls.iter().enumerate().find_map(|(index, site)| {
        let name = match case.external_at(site.call) {
            Some(external) => {
                let keys = effect_of(case, external)?;
                if has_key(case, *site, keys) {
                    return None;
                }
                external.api.clone()
            }
            None => {
                let later = repeated.calls.get(index + 1..)?;
                let fails_later = later.iter().any(|later| case.external_at(later.call).is_some());
                let appends = case.guards.behaviour.operation(*site) == Some(Operation::Append);
                if !appends || !fails_later || is_in_memory(case, *site) {
                    return None;
                }
                crate::link::Program::written(&case.program.units.calls[site.call].call.callee)
            }
        };
        Some(note(case, "retry-of-side-effect", construct, format!("`{name}`"), *site))
    })
}

fn is_in_memory(case: &Case<'_, '_>, site: Site) -> bool {
    super::super::behaviour::stays_in_process(case.program, site)
}

/// The arguments that make the repetition of a call harmless, where it is one whose effect is repeated.
fn effect_of<'p>(case: &Case<'p, '_>, external: &External) -> Option<&'p [String]> {
    let program = case.program;
    let endpoint = external.endpoint.map(|endpoint| program.catalogue.fact(endpoint));
    [endpoint, Some(program.catalogue.fact(external.fact))]
        .into_iter()
        .flatten()
        .find_map(|fact: &Fact| fact.effect.as_deref())
        .or_else(|| takes_money(case, external).then_some(&[]))
}

fn takes_money(case: &Case<'_, '_>, external: &External) -> bool {
    case.program.callee_paths(external.open).iter().any(|path| {
        case.program.facts_of(path, Kind::Payment).iter().any(|(_, fact)| fact.role.as_deref() == Some("create"))
    })
}

/// Whether a call carries a key by which the other side recognises that it is the same again: one of certain
/// arguments, or anything called so in the statement around it.
fn has_key(case: &Case<'_, '_>, site: Site, keys: &[String]) -> bool {
    let program = case.program;
    if keys.iter().any(|key| program.meets(key, site) == Some(true)) {
        return true;
    }
    let info = &program.units.calls[site.call];
    let is_key = |text: &str| text.to_ascii_lowercase().contains("idempoten");
    let mut found = info.call.arguments.iter().any(|argument| {
        argument.name.as_deref().is_some_and(is_key) || holds_key(case, &argument.value, site.frame, 0, &is_key)
    });
    for (_, node) in program.units.ancestors(info.node) {
        let crate::link::units::NodeKind::Plain(statement) = node.kind else { continue };
        walk_statement(statement, &mut |each| {
            if let ExpressionKind::Literal(Literal::Text(text)) = &each.kind {
                found |= is_key(text);
            }
        });
    }
    // `request.header("Idempotency-Key", key)` on the way to the request.
    found
        || case.callees(site).iter().any(|value| {
            value.sites().iter().any(|made| {
                program.units.calls[made.call].call.arguments.iter().any(
                |argument| matches!(&argument.value.kind, ExpressionKind::Literal(Literal::Text(text)) if is_key(text)),
            )
            })
        })
}

fn holds_key<'m>(
    case: &Case<'_, 'm>,
    expression: &'m Expression,
    frame: FrameId,
    depth: usize,
    is_key: &dyn Fn(&str) -> bool,
) -> bool {
    if depth > 4 {
        return false;
    }
    match &expression.kind {
        ExpressionKind::Object(entries) => entries.iter().any(|entry| {
            entry.key.as_deref().is_some_and(is_key) || holds_key(case, &entry.value, frame, depth + 1, is_key)
        }),
        ExpressionKind::Spread(inner) => holds_key(case, inner, frame, depth + 1, is_key),
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Call(_) => {
            case.program.values(expression, frame).iter().any(|value| match value {
                crate::link::Value::Data { expression: data, frame } if !std::ptr::eq(data.0, expression) => {
                    holds_key(case, data.0, *frame, depth + 1, is_key)
                }
                _ => false,
            })
        }
        _ => false,
    }
}

/// `retries-client-errors`: whatever fails is tried again, also what the other side refuses for good.
fn client_errors(case: &Case<'_, '_>, construct: &Construct, repeated: &Repeated, retried: Retried) -> Option<Finding> {
    if retried != Retried::Anything {
        return None;
    }
    repeated.calls.iter().find_map(|site| {
        let external = case.external_at(site.call)?;
        let raises = raises_status(case, external) || checks_status(case, *site);
        raises.then(|| note(case, "retries-client-errors", construct, format!("`{}`", external.api), *site))
    })
}

/// Whether a call raises an error where the other side refuses: the SDKs do, and some HTTP clients.
fn raises_status(case: &Case<'_, '_>, external: &External) -> bool {
    let fact = case.program.catalogue.fact(external.fact);
    fact.is == Kind::Call || fact.raises == Some(true)
}

/// Whether the unit of a raw request turns a refusal into an error: `raise_for_status()`, `if (!reply.ok) throw`.
fn checks_status(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let Some(function) = program.units.units[program.unit_of_frame(site.frame)].function else { return false };
    let mut found = false;
    walk_block(&function.body, &mut |expression| {
        found |= match &expression.kind {
            ExpressionKind::Call(call) => {
                matches!(last_name(&call.callee), Some("raise_for_status" | "error_for_status" | "raiseForStatus"))
            }
            ExpressionKind::Member { name, .. } => matches!(name.as_str(), "ok" | "is_success" | "is_error"),
            _ => false,
        };
    });
    found
}
