//! For which errors a retry construct tries again.

use crate::link::arguments::Given;
use crate::link::flow::walk_block;
use crate::link::units::{NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Handler, Literal, StatementKind};
use crate::rules::catalogue::Fact;

use super::repeated::Repeated;
use super::waits::last_name;
use super::{Construct, Repeats, walk};
use crate::judge::case::Case;
use crate::judge::failing::FOREIGN;

/// For which errors a construct tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// Whatever it is.
    Anything,
    /// Time-outs, lost connections, overloads.
    Transient,
    /// Something else: an answer that does not parse, an error of the program's own.
    Other,
    /// A test decides that looks at the error or at the status.
    Chosen,
}

/// Words in the names of errors that another try may mend.
const TRANSIENT: [&str; 13] = [
    "ratelimit",
    "timeout",
    "timedout",
    "connect",
    "server",
    "unavailable",
    "overload",
    "network",
    "transport",
    "throttl",
    "transient",
    "temporar",
    "toomanyrequests",
];
/// What is left of the names of errors that stand for all errors of a client, without `Error` and `Exception`.
const BROAD: [&str; 11] = [
    "",
    "base",
    "api",
    "apistatus",
    "http",
    "httpstatus",
    "httpresponse",
    "request",
    "response",
    "client",
    "clientresponse",
];

/// For which errors a construct tries again, by what it is told, and by the tests of what it repeats.
pub fn retried(case: &Case<'_, '_>, construct: &Construct, repeated: &Repeated) -> Retried {
    let program = case.program;
    if repeated.frames.iter().any(|frame| is_choosy(program, program.unit_of_frame(*frame))) {
        return Retried::Chosen;
    }
    match construct.how {
        Repeats::Library(call) => {
            let site = Site { call, frame: program.open_frame(program.units.calls[call].unit) };
            super::library::fact_at(case, site).map_or(Retried::Anything, |(fact, _)| told(program, fact, site))
        }
        Repeats::Decorator(_) => Retried::Anything,
        Repeats::Loop(node) => {
            let unit = program.units.nodes[node].unit;
            let NodeKind::Loop(each) = program.units.nodes[node].kind else { return Retried::Anything };
            if chooses(&each.body) {
                return Retried::Chosen;
            }
            caught(program, unit, program.open_frame(unit), |id| program.units.ancestors(id).any(|(id, _)| id == node))
        }
        Repeats::Recursion { unit, .. } if is_choosy(program, unit) => Retried::Chosen,
        Repeats::Recursion { unit, .. } => caught(program, unit, program.open_frame(unit), |_| true),
    }
}

/// What a library is told about errors.
fn told(program: &Program<'_>, fact: &Fact, site: Site) -> Retried {
    let Some(paths) = &fact.errors else { return Retried::Anything };
    for path in paths {
        // `call.retry(policy).when(is_transient)`: told after the call.
        if let Some(name) = path.strip_prefix('.').and_then(|name| name.strip_suffix("()")) {
            if is_followed_by(program, site, name) {
                return Retried::Chosen;
            }
            continue;
        }
        if let Given::Present { expression, frame } = program.argument(site, path) {
            return among(program, expression, frame);
        }
    }
    Retried::Anything
}

/// Whether a library is told for which errors, or for which results, it tries again.
pub fn tells_errors(case: &Case<'_, '_>, construct: &Construct) -> bool {
    told_at(case, construct).is_some()
}

/// Whether a library is told to try again for errors only that no failing request raises: `retry_if_exception_type(ValueError)`.
pub fn asks_for_foreign_errors(case: &Case<'_, '_>, construct: &Construct) -> bool {
    let Some((expression, frame, unit)) = told_at(case, construct) else { return false };
    let mut classes = Vec::new();
    classes_in(case.program, expression, frame, &mut classes, 0);
    // What the function raises by itself may stand for the failure.
    let raises = unit.is_none_or(|unit| {
        let frame = case.program.open_frame(unit);
        case.guards.reach(frame).frames.iter().any(|frame| {
            let unit = &case.program.units.units[case.program.unit_of_frame(*frame)];
            unit.nodes.iter().any(|node| match case.program.units.nodes[*node].kind {
                NodeKind::Plain(statement) => matches!(statement.kind, StatementKind::Raise(Some(_))),
                _ => false,
            })
        })
    });
    !raises && !classes.is_empty() && classes.iter().all(|name| FOREIGN.contains(name))
}

/// What a library is told about errors, with the function that it decorates.
fn told_at<'m>(case: &Case<'_, 'm>, construct: &Construct) -> Option<(&'m Expression, FrameId, Option<UnitId>)> {
    let program = case.program;
    let Repeats::Library(call) = construct.how else { return None };
    let info = &program.units.calls[call];
    let site = Site { call, frame: program.open_frame(info.unit) };
    let (fact, _) = super::library::fact_at(case, site)?;
    fact.errors.iter().flatten().find_map(|path| match program.argument(site, path) {
        Given::Present { expression, frame } => Some((expression, frame, info.decorates)),
        _ => None,
    })
}

/// The names of the classes that `retry_if_exception_type((A, B))` is given; of anything else a name that is none.
fn classes_in<'m>(
    program: &Program<'m>,
    told: &'m Expression,
    frame: FrameId,
    classes: &mut Vec<&'m str>,
    depth: usize,
) {
    match &told.kind {
        _ if depth > 6 => {}
        ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => {
            items.iter().for_each(|item| classes_in(program, item, frame, classes, depth + 1));
        }
        ExpressionKind::Call(call) => {
            let name = last_name(&call.callee).unwrap_or("");
            if name != "retry_if_exception_type" {
                classes.push(name);
            }
            for argument in &call.arguments {
                classes_in(program, &argument.value, frame, classes, depth + 1);
            }
        }
        _ => {
            let listed = program.values(told, frame).iter().find_map(|value| match value {
                Value::Data { expression, frame } => Some((expression.0, *frame)),
                _ => None,
            });
            match listed.filter(|(listed, _)| !std::ptr::eq(*listed, told)) {
                Some((listed, frame)) => classes_in(program, listed, frame, classes, depth + 1),
                None => classes.push(last_name(told).unwrap_or("")),
            }
        }
    }
}

fn is_followed_by(program: &Program<'_>, site: Site, name: &str) -> bool {
    let info = &program.units.calls[site.call];
    program.units.units[info.unit].calls.iter().any(|call| {
        let other = program.units.calls[*call].call;
        other.span.start == info.call.span.start
            && other.span.end > info.call.span.end
            && matches!(&other.callee.kind, ExpressionKind::Member { name: called, .. } if called == name)
    })
}

/// The handlers of a unit that go on trying, and what they catch.
fn caught(
    program: &Program<'_>,
    unit: UnitId,
    frame: FrameId,
    is_inside: impl Fn(crate::link::units::NodeId) -> bool,
) -> Retried {
    let mut found: Option<Retried> = None;
    for id in program.units.units[unit].nodes.iter().filter(|id| is_inside(**id)) {
        let NodeKind::Try(each) = program.units.nodes[*id].kind else { continue };
        // `except BadRequestError: raise` in front of `except Exception`.
        let gives_up = |handler: &Handler| {
            handler.catches.is_some()
                && matches!(handler.body.last().map(|last| &last.kind), Some(StatementKind::Raise(_)))
        };
        if each.handlers.iter().any(gives_up) {
            return Retried::Chosen;
        }
        for handler in &each.handlers {
            let own = handler.catches.as_ref().map_or(Retried::Anything, |catches| among(program, catches, frame));
            found = Some(found.map_or(own, |found| wider(found, own)));
        }
    }
    found.unwrap_or(Retried::Anything)
}

/// The wider of two.
fn wider(first: Retried, second: Retried) -> Retried {
    let rank = |retried| match retried {
        Retried::Chosen => 3,
        Retried::Anything => 2,
        Retried::Transient => 1,
        Retried::Other => 0,
    };
    if rank(second) > rank(first) { second } else { first }
}

/// The widest of the error classes that an expression names; a function among them chooses.
fn among<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> Retried {
    let mut widest: Option<Retried> = None;
    let mut stack = vec![(expression, frame, 0)];
    while let Some((each, frame, depth)) = stack.pop() {
        if depth > 6 {
            continue;
        }
        match &each.kind {
            ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => {
                stack.extend(items.iter().map(|item| (item, frame, depth + 1)));
                continue;
            }
            // `retry_if_exception_type((A, B))`, and `retry_if_not_exception_type(C)`, which leaves some out.
            ExpressionKind::Call(call) => {
                let name = last_name(&call.callee).unwrap_or("").to_ascii_lowercase();
                if name.contains("not") || name.contains("unless") || name.contains("when") {
                    return Retried::Chosen;
                }
                stack.extend(call.arguments.iter().map(|argument| (&argument.value, frame, depth + 1)));
                continue;
            }
            _ => {}
        }
        let values = program.values(each, frame);
        let own = values.iter().find_map(|value| match value {
            Value::Function { .. } => Some(Retried::Chosen),
            Value::Data { expression, frame } => {
                stack.push((expression.0, *frame, depth + 1));
                Some(Retried::Other)
            }
            Value::Library { path, .. } => Some(of_class(path)),
            _ => None,
        });
        let own = own.or_else(|| last_name(each).map(of_class)).unwrap_or(Retried::Chosen);
        if own == Retried::Chosen {
            return own;
        }
        widest = Some(widest.map_or(own, |widest| wider(widest, own)));
    }
    widest.unwrap_or(Retried::Anything)
}

/// What the canonical name of an error class tells.
fn of_class(path: &str) -> Retried {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-', '(', ')'], "");
    let name = plain(path.rsplit('.').next().unwrap_or(path));
    let package = plain(path.split(['.', '/']).find(|part| !part.is_empty()).unwrap_or(""));
    if TRANSIENT.iter().any(|word| name.contains(word)) {
        return Retried::Transient;
    }
    let stem = name.strip_suffix("error").or_else(|| name.strip_suffix("exception"));
    match stem {
        Some(stem) if BROAD.contains(&stem) || stem == package => Retried::Anything,
        None if name.ends_with("all") || name.ends_with("always") => Retried::Anything,
        _ => Retried::Other,
    }
}

/// Whether a unit looks at the status or the kind of a failure.
fn is_choosy(program: &Program<'_>, unit: UnitId) -> bool {
    program.units.units[unit].function.is_some_and(|function| chooses(&function.body))
}

/// Whether a block compares a status, asks what kind of error it has, or marks an error as not to be tried again.
fn chooses(block: &Block) -> bool {
    let mut found = false;
    walk_block(block, &mut |expression| {
        found |= match &expression.kind {
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().any(names_status) && operands.iter().any(holds_number)
            }
            ExpressionKind::Call(call) => {
                let name = last_name(&call.callee).unwrap_or("").to_ascii_lowercase().replace('_', "");
                matches!(
                    name.as_str(),
                    "aborterror" | "permanent" | "bail" | "isservererror" | "isclienterror" | "istimeout" | "isconnect"
                ) || ["retryable", "retriable", "transient", "shouldretry", "nonretr", "unrecoverable"]
                    .iter()
                    .any(|word| name.contains(word))
            }
            _ => false,
        };
    });
    found
}

fn names_status(expression: &Expression) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        found |= last_name(each).is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.ends_with("status") || name.ends_with("statuscode") || name.ends_with("status_code") || name == "code"
        });
    });
    found
}

fn holds_number(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Number(number)) => *number >= 400.0,
        ExpressionKind::List(items) => items.iter().any(holds_number),
        // `RETRIED_STATUS`, `StatusCode::TOO_MANY_REQUESTS`
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            name.chars().any(char::is_alphabetic) && name.chars().all(|each| each.is_ascii_uppercase() || each == '_')
        }
        _ => false,
    }
}
