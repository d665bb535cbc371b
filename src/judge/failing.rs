//! What becomes of a failing LLM call, on one way from the call outwards to the entry point.
//!
//! At each step the failure may meet a handler (`handlers`), a default on the result's own chain or a test of it
//! (`results`). What a handler's block does about it is told by `blocks`, and what it shows by `shown`.

mod blocks;
mod configured;
mod flags;
mod handlers;
mod heard;
mod lost;
mod own_errors;
mod results;
mod shown;
mod surfaces;
mod told;

use std::collections::BTreeSet;

use crate::link::arguments::Given;
use crate::link::reach::Trail;
use crate::link::units::{CallId, Node, NodeId, NodeKind, Unit, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Language, Literal, Span, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::calls::External;
use super::case::Case;
use super::conditions::alerting::is_notice;
use super::conditions::environment::meanings::words;
use super::generators::escapes;
use super::retrying::{Leads, walk_statement};
use super::streams::passes_by;
use configured::is_configured;
pub(super) use handlers::catches_everything;
pub use handlers::{FOREIGN, asked_again};
use shown::Shown;
use surfaces::Surface;
pub(super) use surfaces::with_inner;

/// What becomes of a failure. Of several the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The caller gets another answer.
    Answered,
    /// The caller gets nothing: null, or an end without an answer.
    Nothing,
    /// Nobody hears of it: what has failed was begun, and nobody waits for it.
    Lost,
    /// It goes on to those further out.
    Rethrown,
    /// It goes on as an error that carries a status.
    RaisedStatus,
    /// It becomes an error status.
    ErrorStatus,
    /// The raw error is shown.
    RawError,
}

impl Fate {
    /// Whether those further out decide.
    fn goes_on(self) -> bool {
        matches!(self, Fate::Rethrown | Fate::RaisedStatus)
    }
}

/// What becomes of a failing call on a way that leads to it. None: nothing on the way takes notice.
pub fn fate_of(case: &Case<'_, '_>, external: &External, trail: &Trail) -> Option<Fate> {
    fate_and_step(case, external, trail).0
}

/// The step of a way at which another answer is given when the call fails, and the handler that gives it, where it is
/// one.
pub fn answered_at(case: &Case<'_, '_>, external: &External, trail: &Trail) -> Option<(usize, Option<Span>)> {
    let (Some(Fate::Answered), Some(index)) = fate_and_step(case, external, trail) else { return None };
    let step = *trail.get(index)?;
    let program = case.program;
    let surface = Surface::of(case, trail, index)?;
    let handler = program.units.ancestors(surface.node).find_map(|(id, node)| match node.kind {
        NodeKind::TryBody(each) => {
            let at = Site { frame: surface.frame, ..step };
            let fate = handlers::of_try(case, external, at, id, each, None);
            (fate == Some(Fate::Answered)).then(|| each.handlers.first().map(|handler| handler.span))?
        }
        NodeKind::Handler(_, handler) => Some(handler.span),
        _ => None,
    });
    Some((index, handler))
}

/// What becomes of a failing call, and the step at which that is decided; none: by the application, or by nothing.
fn fate_and_step(case: &Case<'_, '_>, external: &External, trail: &Trail) -> (Option<Fate>, Option<usize>) {
    let mut so_far: Option<Fate> = None;
    for index in (0..trail.len()).rev() {
        let Some(step) = trail.get(index).copied() else { continue };
        if is_configured(case, external, step) {
            return (Some(Fate::Answered), Some(index));
        }
        let fate = match so_far {
            Some(Fate::Nothing) => results::of_nothing(case, step),
            _ => at_step(case, external, trail, index, so_far),
        };
        let fate = match fate {
            None => handlers::of_last_attempt(case, step),
            Some(fate) if fate.goes_on() => handlers::of_last_attempt(case, step).or(Some(fate)),
            fate => fate,
        };
        match fate {
            Some(fate) if fate.goes_on() || fate == Fate::Nothing => so_far = Some(fate),
            Some(Fate::Answered) => {
                return (Some(flags::of_flag(case, trail, index).unwrap_or(Fate::Answered)), Some(index));
            }
            Some(fate) => return (Some(fate), Some(index)),
            None => {}
        }
    }
    let fate = match so_far {
        Some(Fate::Nothing) => so_far,
        _ => handlers::of_application(case).or_else(|| handlers::of_error_type(case, trail)).or(so_far),
    };
    (fate, None)
}

/// Whether a block of a unit answers with an error status.
pub fn answers_error<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block) -> bool {
    let mut shown = Shown::new(case, case.program.open_frame(unit), Vec::new());
    let mut found = false;
    for statement in block {
        walk_statement(statement, &mut |expression| found |= shown.is_rejection(expression));
        found |= match &statement.kind {
            // `return problem(500, "...")`: the answer is made by a function of the program.
            StatementKind::Return(Some(value)) => shown.fate(value) == Some(Fate::ErrorStatus),
            StatementKind::Assign(assignment) => shown.sets_error_status(assignment),
            _ => false,
        };
    }
    found
}

/// What a step makes of a failure that arrives at it.
fn at_step(
    case: &Case<'_, '_>,
    external: &External,
    trail: &Trail,
    index: usize,
    so_far: Option<Fate>,
) -> Option<Fate> {
    let step = *trail.get(index)?;
    if results::answers_rejection(case, step) && !same_model_before(case, external, trail, step) {
        return Some(Fate::Answered);
    }
    if results::follows_failure(case, external, trail, step) {
        return Some(Fate::Answered);
    }
    let surface = Surface::of(case, trail, index)?;
    let mut so_far = so_far;
    let of_chain = || results::of_chain(case, step).or_else(|| surface.of_chain(case, step));
    let of_result = || results::of_kept(case, step).or_else(|| results::of_tests(case, step));
    if let Some(fate) = of_chain().or_else(of_result) {
        // `const reply = await ask().catch(() => null); if (reply) return reply;`
        if fate == Fate::Nothing {
            return results::of_nothing_at(case, &surface).or(Some(fate));
        }
        if !fate.goes_on() {
            return Some(fate);
        }
        so_far = Some(fate);
    } else if lost::is_lost(case, trail, index) {
        return Some(Fate::Lost);
    }
    let program = case.program;
    let escaped = !surface.is_elsewhere && (escapes(case, trail, index) || is_returned_promise(case, trail, index));
    // What answers for another call does so where it stands.
    let is_handler = |(_, node): &(NodeId, &Node<'_>)| matches!(node.kind, NodeKind::Handler(..));
    let stands = program.units.ancestors(program.units.calls[step.call].node);
    let stands = stands.filter(|each| surface.is_elsewhere && is_handler(each));
    for (id, node) in program.units.ancestors(surface.node).chain(stands) {
        match node.kind {
            NodeKind::TryBody(each)
                if !escaped
                    && !passes_by(case, external, trail, index, &each.body)
                    && !is_entered_behind(case, trail, index, &each.body) =>
            {
                let at = Site { frame: surface.frame, ..step };
                let Some(fate) = handlers::of_try(case, external, at, id, each, so_far) else { continue };
                if !fate.goes_on() {
                    return Some(fate);
                }
                so_far = Some(fate);
            }
            // A call that only answers for another one is the fallback.
            NodeKind::Handler(each, _) => {
                let primary = handlers::primary_of(case, each, step.frame);
                let is_answered = |primary: Asked<'_>| {
                    let (first, site) = primary;
                    let is_lost = site
                        .is_some_and(|site| site.frame == step.frame && passes_by(case, first, &[site], 0, &each.body));
                    !is_lost && !is_same_model(case, primary, (external, trail.last().copied()))
                };
                if primary.is_some_and(is_answered) {
                    return Some(Fate::Answered);
                }
            }
            _ => {}
        }
    }
    so_far
}

/// Whether a step returns a promise as it is: `return ask()` without `await` leaves the block before it fails.
fn is_returned_promise(case: &Case<'_, '_>, trail: &[Site], index: usize) -> bool {
    let program = case.program;
    let Some(step) = trail.get(index) else { return false };
    let info = &program.units.calls[step.call];
    let NodeKind::Plain(Statement { kind: StatementKind::Return(Some(value)), .. }) =
        program.units.nodes[info.node].kind
    else {
        return false;
    };
    let is_it = matches!(&begun(value).kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call));
    // A decorator of Python may have one wrapper for plain functions and one for those that are awaited.
    let own = program.units.units[info.unit].function;
    let waits = || program.modules[info.module].language == Language::TypeScript || own.is_some_and(|own| own.is_async);
    is_it && waits() && is_asynchronous(case, trail, index)
}

/// Whether a step calls what fails only when it is awaited: an asynchronous function of the program. What libraries have
/// of them is told apart from others in TypeScript only, where each request is one.
fn is_asynchronous(case: &Case<'_, '_>, trail: &[Site], index: usize) -> bool {
    let program = case.program;
    match trail.get(index + 1) {
        Some(inner) => {
            let function = program.units.units[program.unit_of_frame(inner.frame)].function;
            function.is_some_and(|function| function.is_async && !function.is_generator)
        }
        None => trail.get(index).is_some_and(|step| {
            let module = program.units.calls[step.call].module;
            program.modules[module].language == Language::TypeScript
        }),
    }
}

/// Whether what a step makes in a block sends its request only when it is entered, and that is done behind the block:
/// `manager = client.messages.stream(..)` in a `try`, and `with manager as stream` after it or in a function within.
fn is_entered_behind(case: &Case<'_, '_>, trail: &Trail, index: usize, block: &Block) -> bool {
    let Some(step) = trail.get(index) else { return false };
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return false };
    let within = Span { start: first.span.start, end: last.span.end };
    let units = &case.program.units;
    let info = &units.calls[step.call];
    let NodeKind::Plain(Statement { kind: StatementKind::Assign(given), .. }) = units.nodes[info.node].kind else {
        return false;
    };
    let (ExpressionKind::Name(name), Some(ExpressionKind::Call(made))) =
        (&given.target.kind, given.value.as_ref().map(|value| &value.kind))
    else {
        return false;
    };
    if !std::ptr::eq(made.as_ref(), info.call) || !Program::written(&info.call.callee).contains("stream") {
        return false;
    }
    let is_here = |unit: &&Unit<'_>| std::ptr::eq(*unit, &units.units[info.unit]) || unit.parent == Some(info.unit);
    let nodes = units.units.iter().filter(is_here).flat_map(|unit| &unit.nodes);
    let entered = nodes.filter_map(|node| match units.nodes[*node].kind {
        NodeKind::With(items) => items
            .iter()
            .map(|item| &item.context)
            .find(|context| matches!(&context.kind, ExpressionKind::Name(entered) if entered == name)),
        _ => None,
    });
    let mut entered = entered.peekable();
    entered.peek().is_some() && entered.all(|context| !within.contains(context.span))
}

/// What a chain of promises that catches nothing begins with: `ask()` of `ask().then(read)`.
fn begun(value: &Expression) -> &Expression {
    let mut value = value;
    while let ExpressionKind::Call(call) = &value.kind
        && let ExpressionKind::Member { object, name } = &call.callee.kind
        && (name == "finally" || name == "then" && call.arguments.len() == 1)
        && matches!(object.kind, ExpressionKind::Call(_))
    {
        value = object;
    }
    value
}

/// Whether a rejection handler at a step asks the model again that has failed just before.
fn same_model_before(case: &Case<'_, '_>, external: &External, trail: &Trail, step: Site) -> bool {
    let ExpressionKind::Member { object, .. } = &case.program.units.calls[step.call].call.callee.kind else {
        return false;
    };
    first_llm(case, object, step.frame)
        .is_some_and(|primary| is_same_model(case, primary, (external, trail.last().copied())))
}

/// An LLM call with the site at which it happens.
type Asked<'e> = (&'e External, Option<Site>);

/// Whether two calls are known to ask the same model.
fn is_same_model(case: &Case<'_, '_>, first: Asked<'_>, second: Asked<'_>) -> bool {
    match (model_of(case, first), model_of(case, second)) {
        (Some(first), Some(second)) => first == second,
        (None, None) => {
            let clients = clients_of(case, first);
            !clients.is_empty() && clients == clients_of(case, second)
        }
        _ => false,
    }
}

/// What a call is made on where that is all that tells the model: `model.invoke(text)`.
fn clients_of(case: &Case<'_, '_>, asked: Asked<'_>) -> BTreeSet<CallId> {
    let (external, site) = asked;
    let site = site.filter(|site| site.call == external.call).unwrap_or(external.open);
    let program = case.program;
    if !matches!(program.argument(site, "model"), Given::Absent) {
        return BTreeSet::new();
    }
    let callees = case.callees(site);
    let made = callees.iter().flat_map(|value| value.sites());
    // A client that is made for one model.
    let is_client = |made: &&Site| {
        let names_model = ["model", "model_name", "modelName"]
            .iter()
            .any(|key| matches!(program.argument(**made, key), Given::Present { .. }));
        names_model && program.callee_paths(**made).iter().any(|path| program.is_a(path, Kind::Client))
    };
    made.filter(is_client).map(|made| made.call).collect()
}

/// The model that a call asks for, where its name is written down.
fn model_of(case: &Case<'_, '_>, (external, site): Asked<'_>) -> Option<String> {
    let site = site.filter(|site| site.call == external.call).unwrap_or(external.open);
    let program = case.program;
    ["model", "json.model", "body.model", "data.model", "#1.body.model", "json().model"].iter().find_map(|path| {
        match program.argument(site, path) {
            Given::Present { expression, frame } => program.text(expression, frame),
            _ => None,
        }
    })
}

/// The first LLM call that an expression leads to.
fn first_llm<'c, 'm>(
    case: &'c Case<'_, 'm>,
    expression: &'m Expression,
    frame: FrameId,
) -> Option<(&'c External, Option<Site>)> {
    case.program.slice(expression, frame).sites.iter().find_map(|site| llm_at(case, *site))
}

/// The LLM call that a call is or leads to.
fn llm_at<'c>(case: &'c Case<'_, '_>, site: Site) -> Option<(&'c External, Option<Site>)> {
    let found = Leads::llm(case, site)?;
    case.external_at(found.call).map(|external| (external, Some(found)))
}

/// Whether a call only lets time pass before the next attempt: `asyncio.sleep(2 ** attempt)`, also in a function that it
/// is given (`new Promise((resolve) => setTimeout(resolve, 500))`).
fn is_pause(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let sleeps = |site: Site| program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Sleep));
    let is_given = |frame: &&FrameId| program.frame(**frame).how != How::Call(site);
    sleeps(site)
        || program.runs(site).iter().filter(is_given).any(|frame| {
            let unit = &program.units.units[program.unit_of_frame(*frame)];
            unit.calls.iter().any(|call| sleeps(Site { call: *call, frame: *frame }))
        })
}

/// Words that calls which write a log line, report an error or let time pass go by.
const LOGS: [&str; 35] = [
    "log",
    "logs",
    "logger",
    "loggers",
    "logging",
    "print",
    "println",
    "eprint",
    "eprintln",
    "printf",
    "pprint",
    "warn",
    "warning",
    "warnings",
    "debug",
    "debugger",
    "isinstance",
    "capture",
    "captured",
    "trace",
    "traces",
    "tracer",
    "traceback",
    "metric",
    "metrics",
    "notify",
    "notifier",
    "notification",
    "notifications",
    "report",
    "reporter",
    "reporting",
    "sleep",
    "sleeper",
    "backoff",
];

/// Whether a call writes a log line or reports an error, by what is known of it or by its name, and shows nobody anything.
/// A function of the program that gives something back is an answer, whatever its name.
fn is_log(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let known = program.callee_paths(site).iter().any(|path| {
        program.is_a(path, Kind::Log)
            || program.is_a(path, Kind::Notify)
            || path.to_ascii_lowercase().replace('_', "").contains("captureexception")
    });
    known
        || is_pause(case, site)
        || is_notice(case, site, 0)
        || is_named_log(case, site) && !gives_something(case, site)
}

/// Whether one of the words by which a call goes is one of those for log lines: `self.logger.info`, `logError`.
fn is_named_log(case: &Case<'_, '_>, site: Site) -> bool {
    let written = Program::written(&case.program.units.calls[site.call].call.callee);
    let names = written.split(|each: char| !each.is_alphanumeric());
    names.flat_map(words).any(|word| LOGS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Whether a call runs a function of the program that returns something other than the result of such a call.
fn gives_something(case: &Case<'_, '_>, site: Site) -> bool {
    let units = &case.program.units;
    case.callees(site).iter().any(|callee| match callee {
        Value::Function { unit, .. } => units.units[*unit].returns.iter().any(|returned| match &returned.kind {
            ExpressionKind::Literal(Literal::Null) => false,
            ExpressionKind::Call(call) => {
                let inner = units.call_id(call).map(|call| Site { call, frame: case.program.open_frame(*unit) });
                inner.is_none_or(|inner| !is_named_log(case, inner))
            }
            _ => true,
        }),
        _ => false,
    })
}
