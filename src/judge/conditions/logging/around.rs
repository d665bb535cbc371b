//! What is logged around a call: before it, after it, where it fails.

use std::collections::BTreeSet;

use crate::judge::case::Case;
use crate::judge::conditions::fallback::walk;
use crate::judge::failing::catches_everything;
use crate::judge::streams;
use crate::link::entries::frame_of;
use crate::link::flow::{exit_of, leaves};
use crate::link::units::{CallId, NodeId, NodeKind};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Handler, Language, Literal, Span, StatementKind, Try};
use crate::rules::catalogue::Kind;

use super::line::{Line, log_line};
use super::selected::is_for_some;
use super::{Told, Way};

/// Errors of the language that tell of a mistake in a value, and not of a call that failed.
const NARROW: [&str; 10] = [
    "ValueError",
    "KeyError",
    "IndexError",
    "TypeError",
    "AttributeError",
    "LookupError",
    "AssertionError",
    "ZeroDivisionError",
    "UnicodeError",
    "NotImplementedError",
];

/// Tests within tests that are looked at.
const DEPTH: usize = 8;

/// What is logged around a call within its function: after it, in the handlers around it, by what it stands inside
/// of, or by a callback that was registered before it. Lines that requests to the route do not get to are left out.
pub(super) fn around_call(case: &Case<'_, '_>, site: Site, route: Option<&str>) -> Told {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let answers = |path: &std::rc::Rc<str>| {
        let facts = program.facts_of(path, Kind::Runs);
        facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("answers"))
    };
    // What comes back is an answer, whatever has become of the request.
    let never_raises =
        program.modules[info.module].language == Language::Rust || program.callee_paths(site).iter().any(answers);
    // What is only started has neither succeeded nor failed where the next line is written.
    let mut told = match is_left_running(case, site) {
        true => Told::default(),
        false => around_place(case, (info.node, info.call.span), site.frame, never_raises, route),
    };
    if streams::is_handed_on(case, site) {
        // What stands around it has ended when it fails.
        told.failure = Way::default();
    }
    told = told.and(around_stream(case, site));
    // `res.on('finish', () => logger.info(...))` before going on.
    for before in program.before(site) {
        let other = program.units.calls[before.site.call].call;
        let event = other.arguments.first().and_then(|argument| match &argument.value.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
            _ => None,
        });
        if matches!(event, Some("finish" | "close" | "end")) {
            let mut frames = Vec::new();
            program.callbacks(Site { call: before.site.call, frame: site.frame }, &mut frames);
            for frame in frames {
                let inner = inside(case, frame);
                // The answer to a failed request is finished as well.
                told = told.and(Told {
                    success: inner.success,
                    failure: Way { what: inner.failure.what, duration: inner.success.duration },
                });
            }
        }
    }
    told = told.and(around_chained(case, site));
    // `with logged("chat"):` of a function that logs around its `yield`.
    for (_, node) in program.units.ancestors(info.node) {
        let NodeKind::With(items) = node.kind else { continue };
        for item in items {
            told = told.and(around_yield(case, &item.context, site.frame, route));
        }
    }
    told
}

/// Whether a call starts an asynchronous function of the program, and nothing in its own function waits for it.
fn is_left_running(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    if program.modules[info.module].language != Language::TypeScript {
        return false;
    }
    let is_asynchronous = |value: &Value<'_>| match value {
        Value::Function { unit, .. } => {
            let function = program.units.units[*unit].function;
            function.is_some_and(|function| function.is_async && !function.is_generator)
        }
        _ => false,
    };
    let bound = bound_to(program, info.node);
    // `await Promise.all([answer, other])`
    let waits_for = |awaited: &Expression| {
        let mut found = awaited.span.contains(info.call.span);
        walk(awaited, &mut |part| found |= matches!(&part.kind, ExpressionKind::Name(name) if Some(name) == bound));
        found
    };
    let callees = case.callees(site);
    !callees.is_empty() && callees.iter().all(is_asynchronous) && !unit.awaits.iter().copied().any(waits_for)
}

/// Whether a function returns what it has only started: whatever it logs itself is logged before that ends.
pub(super) fn hands_on_running(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let is_returned = |call: &CallId| {
        let info = &program.units.calls[*call];
        let bound = bound_to(program, info.node);
        unit.returns.iter().any(|value| {
            value.span.contains(info.call.span)
                || matches!(&value.kind, ExpressionKind::Name(name) if Some(name) == bound)
        })
    };
    unit.calls.iter().filter(|call| is_returned(call)).any(|call| is_left_running(case, Site { call: *call, frame }))
}

/// The name that a statement gives to what it makes.
fn bound_to<'m>(program: &Program<'m>, node: NodeId) -> Option<&'m String> {
    match program.units.nodes[node].kind.assignment().map(|assignment| &assignment.target.kind) {
        Some(ExpressionKind::Name(name)) => Some(name),
        _ => None,
    }
}

/// What is logged by the functions that a call itself is given for its end: `{ onFinish: log, onError: report }`.
fn around_stream(case: &Case<'_, '_>, site: Site) -> Told {
    let mut told = Told::default();
    let Some(external) = case.external_at(site.call) else { return told };
    for (failed, way) in [(false, &mut told.success), (true, &mut told.failure)] {
        for frame in streams::told_by(case, external, site, failed) {
            let calls = &case.program.units.units[case.program.unit_of_frame(frame)].calls;
            for line in calls.iter().filter_map(|call| log_line(case, Site { call: *call, frame })) {
                way.what |= if failed { line.tells_error() } else { line.status || line.says_something };
                way.duration |= line.duration;
            }
        }
    }
    told
}

/// When a function runs that is given to what a result is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Success,
    Failure,
    Both,
}

/// What is logged by the functions that are given to calls on the result: `handle().pipe(tap({ next, error }))`,
/// `.then(log).catch(report)`.
pub(super) fn around_chained(case: &Case<'_, '_>, site: Site) -> Told {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut given: Vec<(&crate::model::Expression, After)> = Vec::new();
    for call in &program.units.units[info.unit].calls {
        let outer = program.units.calls[*call].call;
        let ExpressionKind::Member { object, name } = &outer.callee.kind else { continue };
        if outer.span.end <= info.call.span.end || !object.span.contains(info.call.span) {
            continue;
        }
        for argument in &outer.arguments {
            handed_functions(&argument.value, after_of(name), 0, &mut given);
        }
    }
    let mut told = Told::default();
    for (function, after) in given.into_iter().take(20) {
        for value in program.values(function, site.frame).iter() {
            let Some(frame) = frame_of(program, value) else { continue };
            let calls = &program.units.units[program.unit_of_frame(frame)].calls;
            for line in calls.iter().filter_map(|call| log_line(case, Site { call: *call, frame })) {
                let (success, failure) = (after != After::Failure, after != After::Success);
                told.success.what |= success && (line.status || after == After::Success && line.says_something);
                told.success.duration |= success && line.duration;
                told.failure.what |= failure && line.tells_error();
                told.failure.duration |= failure && line.duration;
            }
        }
    }
    told
}

/// What the name of a method or of a key says about when its function runs.
pub(super) fn after_of(name: &str) -> After {
    let name = name.to_ascii_lowercase();
    if name.starts_with("catch")
        || matches!(name.as_str(), "error" | "map_err" | "inspect_err" | "or_else" | "unwrap_or_else")
    {
        After::Failure
    } else if name.starts_with("finally") || name.starts_with("finalize") {
        After::Both
    } else {
        After::Success
    }
}

/// The functions among what is given: themselves, in an object by what they are for, or wrapped by a further call.
pub(super) fn handed_functions<'m>(
    expression: &'m crate::model::Expression,
    after: After,
    depth: usize,
    all: &mut Vec<(&'m crate::model::Expression, After)>,
) {
    match &expression.kind {
        ExpressionKind::Call(call) if depth < 3 => {
            let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return };
            for argument in &call.arguments {
                handed_functions(&argument.value, after_of(name), depth + 1, all);
            }
        }
        ExpressionKind::Object(entries) if depth < 3 => {
            for entry in entries {
                let after = entry.key.as_deref().map_or(after, after_of);
                handed_functions(&entry.value, after, depth + 1, all);
            }
        }
        ExpressionKind::Function(_) | ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
            all.push((expression, after));
        }
        _ => {}
    }
}

/// What a context manager that is written as a generator logs around its `yield`.
fn around_yield<'m>(
    case: &Case<'_, 'm>,
    context: &'m crate::model::Expression,
    frame: FrameId,
    route: Option<&str>,
) -> Told {
    let program = case.program;
    let ExpressionKind::Call(call) = &context.kind else { return Told::default() };
    let Some(id) = program.units.call_id(call) else { return Told::default() };
    let site = Site { call: id, frame };
    let mut told = Told::default();
    for frame in program.runs(site).iter().copied() {
        let info = &program.units.units[program.unit_of_frame(frame)];
        let Some(yielded) = info.nodes.iter().copied().find(|node| is_yield(&program.units.nodes[*node].kind)) else {
            continue;
        };
        let place = (yielded, program.units.nodes[yielded].span);
        told = told.and(around_place(case, place, frame, false, route));
    }
    told
}

pub(in crate::judge) fn is_yield(kind: &NodeKind<'_>) -> bool {
    let NodeKind::Plain(statement) = kind else { return false };
    let value = match &statement.kind {
        StatementKind::Expression(value) => value,
        StatementKind::Assign(assignment) => match &assignment.value {
            Some(value) => value,
            None => return false,
        },
        _ => return false,
    };
    matches!(value.kind, ExpressionKind::Yield(_))
}

/// What is logged around a place of a function.
pub(super) fn around_place(
    case: &Case<'_, '_>,
    (node, span): (NodeId, Span),
    frame: FrameId,
    never_raises: bool,
    route: Option<&str>,
) -> Told {
    let program = case.program;
    let unit = program.unit_of_frame(frame);
    let tries: Vec<_> = program
        .units
        .ancestors(node)
        .filter_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => Some(each),
            _ => None,
        })
        .collect();
    let mut told = Told::default();
    let mut lines: Vec<(Span, Line)> = Vec::new();
    for call in &program.units.units[unit].calls {
        let other = &program.units.calls[*call];
        let here = other.call.span;
        let Some(line) = log_line(case, Site { call: *call, frame }) else { continue };
        let in_handler = tries.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(here)));
        if in_handler {
            lines.push((here, line));
            continue;
        }
        let in_finally = tries.iter().any(|each| each.finally.iter().any(|statement| statement.span.contains(here)));
        let after = here.start >= span.end;
        let site = Site { call: *call, frame };
        if in_finally && is_for_some(case, site, Some(node), route) {
            continue;
        }
        if in_finally {
            told.success.what |= line.status;
            told.success.duration |= line.duration;
            told.failure.duration |= line.duration;
            told.failure.what |= line.failure;
        } else if after && (is_failing(program, other.node) || is_for_failures(program, Site { call: *call, frame })) {
            told.failure.what |= line.tells_error();
            told.failure.duration |= line.duration;
        } else if after && runs_too(case, other.node, node) && !is_for_some(case, site, Some(node), route) {
            told.success.what |= line.status || line.says_something;
            told.success.duration |= line.duration;
            // What is caught and ends there comes to what stands behind it, too.
            let is_past_failure = || tries.iter().copied().any(|each| is_passed_over(case, each, frame, here));
            if (never_raises || is_past_failure()) && !is_for_successes(program, site) {
                told.failure.duration |= line.duration;
                told.failure.what |= line.tells_error();
            }
        }
    }
    for handler in tries.iter().flat_map(|each| &each.handlers).filter(|handler| !is_narrow(case, handler, frame)) {
        let way = on_ways(&handler.body, &lines);
        told.failure = Way { what: told.failure.what || way.what, duration: told.failure.duration || way.duration };
    }
    told
}

/// Whether a handler is only for errors that calls of models do not raise: answers that the program raises itself
/// (`except HTTPException`), and errors of the language but the one for all.
pub(in crate::judge) fn is_narrow<'m>(case: &Case<'_, 'm>, handler: &'m Handler, frame: FrameId) -> bool {
    let program = case.program;
    let Some(catches) = &handler.catches else { return false };
    let classes: &[Expression] = match &catches.kind {
        ExpressionKind::List(items) => items,
        _ => std::slice::from_ref(catches),
    };
    classes.iter().all(|class| {
        let values = program.values(class, frame);
        let is_answer = |value: &Value<'m>| value.path().is_some_and(|path| program.is_a(path, Kind::Reject));
        let by_value = !values.is_empty() && values.iter().all(is_answer);
        by_value || matches!(&class.kind, ExpressionKind::Name(name) if NARROW.contains(&name.as_str()))
    })
}

/// Whether a place stands behind what is tried, and is reached when that fails: its handlers go on.
fn is_passed_over<'m>(case: &Case<'_, 'm>, tried: &'m Try, frame: FrameId, place: Span) -> bool {
    let ends =
        |handler: &'m Handler| leaves(&handler.body) || case.program.thrown_by_call(&handler.body, frame).is_some();
    let mut handlers = tried.handlers.iter();
    let last = tried.handlers.iter().map(|handler| handler.span.end).max();
    last.is_some_and(|end| end <= place.start) && handlers.any(catches_everything) && !tried.handlers.iter().any(ends)
}

/// What the lines in a block of a handler tell on every way through it. A way that leaves without a word is not looked at:
/// an error that is handed on, a caller who has gone.
fn on_ways(block: &[crate::model::Statement], lines: &[(Span, Line)]) -> Way {
    let and = |a: Way, b: Way| Way { what: a.what || b.what, duration: a.duration || b.duration };
    let mut way = Way::default();
    for (at, statement) in block.iter().enumerate() {
        if let StatementKind::If { then, otherwise, .. } = &statement.kind
            && (exit_of(then).is_some() || exit_of(otherwise).is_some())
        {
            let rest = on_ways(block.get(at + 1..).unwrap_or_default(), lines);
            let through = |branch: &crate::model::Block| {
                let told = on_ways(branch, lines);
                if exit_of(branch).is_some() { told } else { and(told, rest) }
            };
            let is_silent = |branch: &crate::model::Block| {
                exit_of(branch).is_some()
                    && !lines.iter().any(|(span, _)| branch.iter().any(|statement| statement.span.contains(*span)))
            };
            let ways = [then, otherwise].into_iter().filter(|branch| !is_silent(branch)).map(through);
            let least = ways.reduce(|a, b| Way { what: a.what && b.what, duration: a.duration && b.duration });
            return and(way, least.unwrap_or_default());
        }
        for (_, line) in lines.iter().filter(|(span, _)| statement.span.contains(*span)) {
            way = and(way, Way { what: line.tells_error(), duration: line.duration });
        }
    }
    way
}

/// Whether a test asks whether there is an error: `if (c.error)`, `if err is not None`.
pub(super) fn asks_for_error(test: &crate::model::Expression) -> Option<bool> {
    match &test.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            matches!(name.to_ascii_lowercase().as_str(), "error" | "err" | "exc" | "exception" | "failure")
                .then_some(true)
        }
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => asks_for_error(inner).map(|asks| !asks),
            ("!=" | "is not", [inner, other]) if is_null(other) => asks_for_error(inner),
            ("==" | "is", [inner, other]) if is_null(other) => asks_for_error(inner).map(|asks| !asks),
            _ => None,
        },
        _ => None,
    }
}

pub(in crate::judge) fn is_null(expression: &crate::model::Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null))
        || matches!(&expression.kind, ExpressionKind::Name(name) if name == "undefined")
}

/// Whether a place runs only for a failure: `Err(error) => ...`, `if let Err(error)`, `if (c.error)`.
pub(in crate::judge) fn is_failing(program: &crate::link::Program<'_>, node: NodeId) -> bool {
    let about = |test: &crate::model::Expression, variant: &str| {
        matches!(&test.kind, ExpressionKind::Operator { operator, operands }
            if operator == "==" && operands.iter().any(|operand| matches!(&operand.kind, ExpressionKind::Call(call)
                if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == variant))))
    };
    // `response.status().is_server_error()`, `result.is_err()`
    let asks_status = |test: &crate::model::Expression| {
        matches!(&test.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "is_server_error" | "is_err")))
    };
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::Then(test) => about(test, "Err") || asks_status(test) || asks_for_error(test) == Some(true),
        NodeKind::Otherwise(test) => about(test, "Ok") || asks_for_error(test) == Some(false),
        NodeKind::Handler(..) => true,
        _ => false,
    })
}

/// Whether a place is only reached with the status of a failure: `if response.status_code < 500: return response`.
pub(super) fn is_for_failures(program: &crate::link::Program<'_>, site: Site) -> bool {
    // The place runs where the test does not refuse.
    program.gates(site).iter().any(|gate| is_status_of_failure(gate.test, !gate.refuses_when))
}

/// Whether a place is only reached where what was asked for has succeeded: `if (!result.ok) return result`.
fn is_for_successes(program: &crate::link::Program<'_>, site: Site) -> bool {
    program.gates(site).iter().any(|gate| says_success(gate.test, !gate.refuses_when, 0))
}

/// Whether a test that holds (or fails) says that something has succeeded.
fn says_success(test: &Expression, holds: bool, depth: usize) -> bool {
    let says = |part: &Expression| says_success(part, holds, depth + 1);
    match &test.kind {
        ExpressionKind::Member { name, .. } => holds && matches!(name.as_str(), "ok" | "success" | "succeeded"),
        ExpressionKind::Call(call) => {
            holds
                && matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
                    if matches!(name.as_str(), "is_ok" | "is_success"))
        }
        ExpressionKind::Operator { operator, operands } if depth < DEPTH => match operator.as_str() {
            "not" => operands.iter().any(|inner| says_success(inner, !holds, depth + 1)),
            "and" if holds => operands.iter().any(says),
            "or" if !holds => operands.iter().any(says),
            _ => is_status_of_failure(test, !holds),
        },
        _ => false,
    }
}

/// Whether a test holds (or fails) only for the status of a failure: `response.status_code >= 500`.
pub(super) fn is_status_of_failure(test: &Expression, holds: bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let [
        ExpressionKind::Member { name, .. } | ExpressionKind::Name(name),
        ExpressionKind::Literal(Literal::Number(least)),
    ] = [operands.first(), operands.get(1)].map(|operand| operand.map_or(&ExpressionKind::Unknown, |each| &each.kind))
    else {
        return false;
    };
    let is_above = match operator.as_str() {
        "<" | "<=" => !holds,
        ">" | ">=" => holds,
        _ => return false,
    };
    name.to_ascii_lowercase().contains("status") && *least >= 399.0 && is_above
}

/// Whether something after a call runs whenever the call succeeds.
pub(super) fn runs_too(case: &Case<'_, '_>, later: usize, call: usize) -> bool {
    let program = case.program;
    let place = program.units.nodes[later].span;
    let leaves = program.units.ancestors(call).any(|(_, node)| match node.kind {
        // `await app(...); return` in a branch: what comes after the branch is for others.
        NodeKind::If { then, otherwise, .. } if !node.span.contains(place) => {
            let here = |block: &crate::model::Block| {
                block.iter().any(|statement| statement.span.contains(program.units.nodes[call].span))
            };
            [then, otherwise].into_iter().any(|block| here(block) && crate::link::flow::exit_of(block).is_some())
        }
        _ => false,
    });
    if leaves {
        return false;
    }
    let around: BTreeSet<usize> = program.units.ancestors(call).map(|(id, _)| id).collect();
    program.units.ancestors(later).all(|(id, node)| {
        around.contains(&id) || !matches!(node.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Handler(..))
    }) || program
        .units
        .ancestors(later)
        .any(|(_, node)| matches!(node.kind, NodeKind::Otherwise(_) | NodeKind::Then(_)))
}

/// What a function logs about itself: both paths.
pub(super) fn inside(case: &Case<'_, '_>, frame: FrameId) -> Told {
    inside_for(case, frame, None)
}

/// What a function logs about itself where it runs for a route: without the lines before which such requests leave it.
pub(super) fn inside_for(case: &Case<'_, '_>, frame: FrameId, route: Option<&str>) -> Told {
    let program = case.program;
    let mut told = Told::default();
    let unit = program.unit_of_frame(frame);
    let mut lines: Vec<(Span, Line)> = Vec::new();
    let mut handlers: Vec<&crate::model::Handler> = Vec::new();
    for call in &program.units.units[unit].calls {
        let Some(line) = log_line(case, Site { call: *call, frame }) else { continue };
        if route.is_some() && case.guards.is_left_before(Site { call: *call, frame }, route) {
            continue;
        }
        let node = program.units.calls[*call].node;
        let handler = program.units.ancestors(node).find_map(|(_, node)| match node.kind {
            NodeKind::Handler(_, handler) => Some(handler),
            _ => None,
        });
        if let Some(handler) = handler {
            lines.push((program.units.calls[*call].call.span, line));
            if !handlers.iter().any(|known| std::ptr::eq(*known, handler)) {
                handlers.push(handler);
            }
            continue;
        }
        let in_finally = program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Finally(_)));
        if in_finally {
            told.success.what |= line.status;
            told.success.duration |= line.duration;
            told.failure.duration |= line.duration;
            told.failure.what |= line.failure;
        } else if is_failing(program, node) || is_for_failures(program, Site { call: *call, frame }) {
            told.failure.what |= line.tells_error();
            told.failure.duration |= line.duration;
        } else {
            let is_written = !is_for_some(case, Site { call: *call, frame }, None, route);
            told.success.what |= is_written && (line.status || line.duration && line.says_something);
            told.success.duration |= is_written && line.duration;
            told.failure.what |= line.failure && line.is_error;
        }
    }
    for handler in handlers {
        let way = on_ways(&handler.body, &lines);
        told.failure = Way { what: told.failure.what || way.what, duration: told.failure.duration || way.duration };
    }
    told
}
