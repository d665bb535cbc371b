//! Messages to the operators: by a channel, a mail, a tracker or a raw request to a webhook.

use crate::judge::case::Case;
use crate::judge::channels::{self, address_of};
use crate::judge::conditions::logging::around::is_null;
use crate::link::arguments::Given;
use crate::link::flow::Gate;
use crate::link::units::NodeKind;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Language, Literal, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::handlers::is_idle;
use super::reports::is_report;

/// Functions within functions in which a message is looked for: further in, it is about something else that failed.
const DEPTH: usize = 4;

/// Whether anything that a frame runs is a message to the operators.
pub(super) fn notifies<'m>(case: &Case<'_, 'm>, frame: FrameId, depth: usize) -> bool {
    let program = case.program;
    let unit = program.unit_of_frame(frame);
    program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame }).any(|site| {
        let for_clients = |gate: &Gate<'m>| {
            is_client_error(gate.test, !gate.refuses_when)
                || leaves_requests_out(program, gate)
                || is_own_refusal(program, gate.test, gate.frame, !gate.refuses_when)
        };
        is_notice(case, site, depth) && !program.gates(site).iter().any(for_clients)
    })
}

/// Whether a test sends away whatever comes with a request, as all errors of handlers do: `if update is not None: return`.
fn leaves_requests_out<'m>(program: &Program<'m>, gate: &Gate<'m>) -> bool {
    let is_request = |asked: &'m Expression| {
        matches!(asked.kind, ExpressionKind::Name(_))
            && program
                .values(asked, gate.frame)
                .iter()
                .filter_map(Value::path)
                .any(|path| program.is_a(path.trim_end_matches("()"), Kind::Request) && path.ends_with("()"))
    };
    let holds_for_requests = match &gate.test.kind {
        ExpressionKind::Name(_) => is_request(gate.test).then_some(true),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [asked]) => is_request(asked).then_some(false),
            ("is not" | "!=", [asked, other]) if is_null(other) => is_request(asked).then_some(true),
            ("is" | "==", [asked, other]) if is_null(other) => is_request(asked).then_some(false),
            _ => None,
        },
        ExpressionKind::Call(call) => match call.arguments.as_slice() {
            [asked, _] if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "isinstance") => {
                is_request(&asked.value).then_some(true)
            }
            _ => None,
        },
        _ => None,
    };
    holds_for_requests == Some(gate.refuses_when)
}

/// Whether a test that holds (or fails) says that an error is one by which the program itself refuses:
/// `error instanceof HTTPException`.
fn is_own_refusal<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => is_own_refusal(program, inner, frame, !holds),
        ("instanceof", [_, class]) if holds => {
            let classes = program.values(class, frame);
            classes.iter().filter_map(Value::path).any(|path| program.is_a(path, Kind::Reject))
        }
        _ => false,
    }
}

/// Whether a test that holds (or fails) says that a status is none of the server's own errors: `status < 500`, `status === 404`.
fn is_client_error(test: &Expression, holds: bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let is_status = |each: &Expression, least: f64| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if number == least);
    // `status === 404`
    let is_refusal = |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if (400.0..500.0).contains(&number));
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => is_client_error(inner, !holds),
        ("and", parts) => holds && parts.iter().any(|part| is_client_error(part, true)),
        ("or", parts) => !holds && parts.iter().any(|part| is_client_error(part, false)),
        ("<", [_, limit]) => holds && is_status(limit, 500.0),
        ("<=", [_, limit]) => holds && is_status(limit, 499.0),
        (">=", [_, limit]) => !holds && is_status(limit, 500.0),
        (">", [_, limit]) => !holds && is_status(limit, 499.0),
        ("==", [one, other]) => holds && (is_refusal(one) || is_refusal(other)),
        ("!=", [one, other]) => !holds && (is_refusal(one) || is_refusal(other)),
        _ => false,
    }
}

/// Whether a call is a message to the operators, or leads to one; remembered, for it is asked of every call around a
/// failure.
pub fn is_notice(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    if let Some(known) = case.notices.borrow().get(&(site, depth)) {
        return *known;
    }
    // What is switched off as the program is shipped tells nobody.
    let is_off = || {
        let node = case.program.units.calls[site.call].node;
        case.program.is_never_deployed(node, site.frame) || !case.program.is_reached_deployed(site)
    };
    let found = tells_operators(case, site, depth) && !is_off();
    case.notices.borrow_mut().insert((site, depth), found);
    found
}

fn tells_operators(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    let program = case.program;
    for path in program.callee_paths(site).iter() {
        let is_never_sent = is_never_awaited(case, site);
        let notices = program.facts_of(path, Kind::Notify).iter().any(|(_, fact)| {
            !(is_never_sent && fact.role.as_deref() == Some("promise") || is_report(fact))
                && fact.needs.iter().all(|need| program.meets(need, site) == Some(true))
                && fact.value.as_deref().is_none_or(|recipient| is_for_operators(case, site, recipient))
        });
        let tells = notices
            || !case.guards.facts(path, Some(site), "V2").is_empty()
            || program.is_a(path, Kind::Http) && goes_to_a_channel(case, site)
            || is_line_of_error(case, path) && errors_logged_are_told(case);
        if tells && !is_lost(case, site, path) {
            return true;
        }
    }
    depth < DEPTH
        && program.runs(site).iter().copied().any(|frame| {
            let unit = program.unit_of_frame(frame);
            let waits = program.units.units[unit].function.is_some_and(|function| function.is_async);
            !(waits && is_never_awaited(case, site)) && notifies(case, frame, depth + 1)
        })
}

/// Whether a call logs an error by a library that hands what is logged to further handlers.
fn is_line_of_error(case: &Case<'_, '_>, path: &str) -> bool {
    let program = case.program;
    let hands_on = |id: FactId| {
        let library = program.catalogue.library_of(id);
        let is_of_it = |(other, fact): (FactId, &Fact)| {
            fact.role.as_deref() == Some("logs") && std::ptr::eq(program.catalogue.library_of(other), library)
        };
        program.catalogue.of_kind(Kind::ErrorHandler).any(is_of_it)
    };
    let lines = program.facts_of(path, Kind::Log);
    lines.iter().any(|(id, fact)| matches!(fact.level.as_deref(), Some("error" | "exception")) && hands_on(*id))
}

/// Whether the operators are told of what is logged as an error: by a handler of log lines that writes to them.
fn errors_logged_are_told(case: &Case<'_, '_>) -> bool {
    if let Some(known) = case.errors_logged_are_told.get() {
        return known;
    }
    // What such a handler itself logs tells nobody.
    case.errors_logged_are_told.set(Some(false));
    let tells = case.entries.log_handlers.iter().any(|link| {
        !is_idle(case, link.module, link.span)
            && match &link.value {
                Value::Library { path, .. } => case.program.is_a(path.trim_end_matches("()"), Kind::Notify),
                Value::Instance { class, .. } => {
                    let emits = case.program.units.classes[*class].methods.get("emit");
                    emits.is_some_and(|unit| notifies(case, case.program.open_frame(*unit), 0))
                }
                _ => false,
            }
    });
    case.errors_logged_are_told.set(Some(tells));
    // What was asked in between was answered without it.
    case.notices.borrow_mut().clear();
    tells
}

/// Whether a call of an asynchronous client is never awaited.
fn is_lost(case: &Case<'_, '_>, site: Site, path: &str) -> bool {
    path.contains("Async") && is_never_awaited(case, site)
}

/// Whether the result of an asynchronous call is dropped in a language in which it then never runs.
fn is_never_awaited(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    // What is handed on is awaited, gathered or spawned by who gets it.
    if program.modules[info.module].language == Language::TypeScript || !info.within.is_empty() {
        return false;
    }
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let StatementKind::Expression(value) = &statement.kind else { return false };
    matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call))
}

/// Whether a message goes to somebody whom the request did not choose.
fn is_for_operators(case: &Case<'_, '_>, site: Site, recipient: &str) -> bool {
    let program = case.program;
    let Given::Present { expression, frame } = program.argument(site, recipient) else { return false };
    let slice = program.slice(expression, frame);
    // What the program itself has made and hands to its handlers is nothing that a request brings.
    let is_made = |value: &Value<'_>| match value {
        Value::Data { .. } | Value::Instance { site: Some(_), .. } => true,
        Value::Library { sites, .. } => !sites.is_empty(),
        _ => false,
    };
    !slice.parameters.iter().any(|(_, index, frame)| {
        program.frame(*frame).how == How::Framework && !program.parameter(*index, *frame).iter().any(is_made)
    })
}

/// The fact of the channel that a raw request goes to, by its address.
pub fn channel(case: &Case<'_, '_>, site: Site) -> Option<FactId> {
    let program = case.program;
    if !program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Http)) {
        return None;
    }
    let arguments = &program.units.calls[site.call].call.arguments;
    let told = address_of(program, site)
        .and_then(|(address, frame)| program.catalogue.channel(&program.text(address, frame)?));
    told.or_else(|| {
        arguments.iter().find_map(|argument| program.catalogue.channel(&program.text(&argument.value, site.frame)?))
    })
}

/// A raw request to an incoming webhook: by its address, or by the variable that holds the address.
fn goes_to_a_channel(case: &Case<'_, '_>, site: Site) -> bool {
    channel(case, site).is_some() || channels::is_addressed(case.program, site)
}
