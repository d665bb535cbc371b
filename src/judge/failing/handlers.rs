//! What exception handlers make of a failing call.

use std::rc::Rc;

use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Handler, Span, StatementKind, Try};

use super::blocks::Blocks;
use super::surfaces::awaited_within;
use super::{Asked, Fate, is_same_model, llm_at};
use crate::judge::calls::External;
use crate::judge::case::Case;
use crate::judge::deadlines;
use crate::judge::retrying::{last_blocks, last_name, walk};
use crate::link::arguments::Given;
use crate::link::entries::{Role, decorator_facts, frame_of};
use crate::link::flow::{exit_of, walk_block};
use crate::link::reach::Trail;
use crate::rules::catalogue::Kind;
use crate::rules::checked::plain;

/// Errors of the program's own making and of parsing, which no call to a provider raises.
pub const FOREIGN: [&str; 24] = [
    "ValueError",
    "KeyError",
    "TypeError",
    "IndexError",
    "LookupError",
    "AttributeError",
    "NameError",
    "AssertionError",
    "ZeroDivisionError",
    "ArithmeticError",
    "UnicodeDecodeError",
    "UnicodeError",
    "JSONDecodeError",
    "StopIteration",
    "StopAsyncIteration",
    "GeneratorExit",
    "CancelledError",
    "KeyboardInterrupt",
    "SystemExit",
    "ImportError",
    "FileNotFoundError",
    "ValidationError",
    "SyntaxError",
    "SerializationError",
];

/// The item of retries.
const RETRY: &str = "A2";
/// Marks an error that a deadline raises.
const DEADLINE: &str = "deadline";

/// Names under which everything is caught.
pub(super) const EVERYTHING: [&str; 4] = ["Exception", "BaseException", "Error", "Throwable"];

/// What the handlers of a try make of a failure in its body: of those that catch it the worst.
pub(super) fn of_try<'m>(
    case: &Case<'_, 'm>,
    external: &External,
    step: Site,
    body: NodeId,
    each: &'m Try,
    so_far: Option<Fate>,
) -> Option<Fate> {
    let program = case.program;
    let asked = program.callee_paths(external.open);
    let place = program.units.nodes[body].parent.map(|parent| program.units.nodes[parent].span)?;
    let mut worst = None;
    for handler in &each.handlers {
        if !catches(case, handler, step.frame, &asked, so_far.is_some()) {
            continue;
        }
        let names = handler.binds.as_ref().map(names_in).unwrap_or_default();
        let mut blocks = Blocks::of_handler(case, step.frame, names, place);
        let mut fate = blocks.fate(&handler.body, place);
        // A loop that only an answer ends asks again until there is one.
        if fate == Fate::Nothing && is_asked_for_ever(program, body, each) {
            continue;
        }
        // A function that asks itself once more may still give another answer at last.
        if fate == Fate::Answered {
            fate = of_asking_again(case, external, step, handler).unwrap_or(fate);
        }
        worst = worst.max(Some(fate));
        if catches_everything(handler) {
            break;
        }
    }
    worst
}

/// Whether a try stands in a loop without a test, which it leaves when all goes well.
fn is_asked_for_ever(program: &Program<'_>, body: NodeId, each: &Try) -> bool {
    let is_endless = |node: &NodeKind<'_>| matches!(node, NodeKind::Loop(each) if each.over.is_none());
    exit_of(&each.body).is_some() && program.units.ancestors(body).any(|(_, node)| is_endless(&node.kind))
}

/// Whether a handler catches what a call to a provider raises. An error of the program's own is raised in its place
/// where it has been raised again on the way. `asked` are the names of the call.
fn catches<'m>(
    case: &Case<'_, 'm>,
    handler: &'m Handler,
    frame: FrameId,
    asked: &[Rc<str>],
    raised_again: bool,
) -> bool {
    let program = case.program;
    let Some(types) = &handler.catches else { return true };
    let types: Vec<&'m Expression> = match &types.kind {
        ExpressionKind::List(items) => items.iter().collect(),
        ExpressionKind::Operator { operands, .. } => operands.iter().collect(),
        _ => vec![types],
    };
    types.into_iter().any(|each| {
        let name = last_name(each).unwrap_or("");
        if FOREIGN.contains(&name) || name.starts_with("HTTPException") || name.ends_with("Disconnect") {
            return false;
        }
        let values = program.values(each, frame);
        if values.iter().any(|value| value.path().is_some_and(|path| is_never_raised(case, path, asked, frame))) {
            return false;
        }
        let own = values.iter().find_map(|value| match value {
            Value::Class(class) => Some(*class),
            _ => None,
        });
        own.is_none_or(|class| raised_again || derives_from_library(program, class))
    })
}

/// Whether an error of a library is none that a failing call of these names raises, nor a deadline around it in what runs
/// from a frame.
fn is_never_raised(case: &Case<'_, '_>, error: &str, asked: &[Rc<str>], frame: FrameId) -> bool {
    let is_of = |beginning: &String| asked.iter().any(|path| plain(path).starts_with(beginning.as_str()));
    let errors = case.program.facts_of(error, Kind::OwnError);
    errors.iter().any(|(_, fact)| {
        (fact.sees.is_empty() || fact.sees.iter().any(is_of))
            && !(fact.role.as_deref() == Some(DEADLINE) && deadlines::stand_within(case, frame))
    })
}

/// Whether a class of the program derives from an error of a library that is not just any.
fn derives_from_library(program: &Program<'_>, class: usize) -> bool {
    let info = &program.units.classes[class];
    let home = program.open_frame(info.unit);
    info.class.bases.iter().any(|base| {
        let plain = last_name(base).is_some_and(|name| EVERYTHING.contains(&name) || FOREIGN.contains(&name));
        !plain && program.values(base, home).iter().any(|value| matches!(value, Value::Library { .. }))
    })
}

pub(in crate::judge) fn catches_everything(handler: &Handler) -> bool {
    handler.catches.as_ref().is_none_or(|types| last_name(types).is_some_and(|name| EVERYTHING.contains(&name)))
}

/// What becomes of a failure where all that a handler answers is the same model asked once more: what the last time ends
/// in, where that is counted.
fn of_asking_again<'m>(case: &Case<'_, 'm>, external: &External, step: Site, handler: &'m Handler) -> Option<Fate> {
    let again = asks_again(case, external, step, handler)?;
    let own = case.program.unit_of_frame(step.frame);
    let last = if enters(case, again, own) { last_blocks(case.program, own, again) } else { Vec::new() };
    let of_last = |block: &'m Block| Blocks::new(case, step.frame, Vec::new()).of_body(block);
    Some(last.into_iter().map(of_last).max().unwrap_or(Fate::Rethrown))
}

/// What is answered when no attempt of a retry around the function of a step has succeeded:
/// `retry_error_callback=lambda state: SORRY`.
pub(super) fn of_last_attempt(case: &Case<'_, '_>, step: Site) -> Option<Fate> {
    let program = case.program;
    let unit = program.unit_of_frame(step.frame);
    let (function, parent) = (program.units.units[unit].function?, program.units.units[unit].parent?);
    let home = program.frame(step.frame).closure.unwrap_or_else(|| program.open_frame(parent));
    let facts = function.decorators.iter().flat_map(|decorator| decorator_facts(program, decorator, home));
    let mut told = facts.filter(|(fact, _)| fact.is == Kind::Guard && fact.protects.as_deref() == Some(RETRY));
    let (expression, frame) = told.find_map(|(fact, site)| match program.argument(site, fact.value.as_deref()?) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    })?;
    let inner = program.values(expression, frame).iter().find_map(|value| frame_of(program, value))?;
    let answering = program.units.units[program.unit_of_frame(inner)].function?;
    // `state.outcome.result()` raises what the last attempt has raised.
    let mut raises = false;
    crate::link::flow::walk_block(&answering.body, &mut |each| {
        raises |= matches!(&each.kind, ExpressionKind::Call(call) if matches!(last_name(&call.callee), Some("result" | "reraise")));
    });
    let errors = answering.parameters.iter().flat_map(|parameter| names_in(&parameter.target)).collect();
    Some(if raises { Fate::Rethrown } else { Blocks::new(case, inner, errors).of_body(&answering.body) })
}

/// The calls by which the handlers of a `try` ask the same model once more when a call in its body has failed.
pub fn asked_again<'m>(case: &Case<'_, 'm>, external: &External, step: Site, each: &'m Try) -> Vec<Site> {
    let asked = case.program.callee_paths(external.open);
    let catching = each.handlers.iter().filter(|handler| catches(case, handler, step.frame, &asked, false));
    catching.filter_map(|handler| asks_again(case, external, step, handler)).collect()
}

/// The call of a handler by which the same model is asked once more, where nothing else is answered there.
fn asks_again<'m>(case: &Case<'_, 'm>, external: &External, step: Site, handler: &'m Handler) -> Option<Site> {
    let program = case.program;
    let own = program.unit_of_frame(step.frame);
    let unit = &program.units.units[own];
    let within = unit.calls.iter().filter(|call| handler.span.contains(program.units.calls[**call].call.span));
    let mut answered = within.map(|call| Site { call: *call, frame: step.frame });
    // `return ask().catch(() => DEFAULT)`: asked again, and then answered.
    if answered.any(|site| super::results::of_chain(case, site) == Some(Fate::Answered)) {
        return None;
    }
    unit.calls
        .iter()
        .filter(|call| handler.span.contains(program.units.calls[**call].call.span))
        .filter(|call| {
            program
                .units
                .ancestors(program.units.calls[**call].node)
                .any(|(_, node)| matches!(node.kind, NodeKind::Handler(_, own) if std::ptr::eq(own, handler)))
        })
        .find_map(|call| {
            let site = Site { call: *call, frame: step.frame };
            llm_at(case, site).map(|again| (again, site))
        })
        .filter(|(again, site)| {
            is_same_model(case, (external, Some(step)), *again)
                && !(enters(case, *site, own) && answers_else(handler, *site, case))
        })
        .map(|(_, site)| site)
}

/// Whether a call runs the unit that it stands in once more.
fn enters(case: &Case<'_, '_>, site: Site, unit: UnitId) -> bool {
    case.program.runs(site).iter().any(|frame| case.program.unit_of_frame(*frame) == unit)
}

/// Whether a handler returns something besides what a call in it gives.
fn answers_else(handler: &Handler, site: Site, case: &Case<'_, '_>) -> bool {
    let call = case.program.units.calls[site.call].call.span;
    let mut blocks = vec![&handler.body];
    while let Some(block) = blocks.pop() {
        for statement in block {
            match &statement.kind {
                StatementKind::Return(Some(value)) if !value.span.contains(call) => return true,
                StatementKind::If { then, otherwise, .. } => blocks.extend([then, otherwise]),
                StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => blocks.push(inner),
                _ => {}
            }
        }
    }
    false
}

/// The LLM call in the body of a try, for which its handlers answer.
pub(super) fn primary_of<'c>(case: &'c Case<'_, '_>, each: &Try, frame: FrameId) -> Option<Asked<'c>> {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    unit.calls
        .iter()
        .filter(|call| {
            program
                .units
                .ancestors(program.units.calls[**call].node)
                .any(|(_, node)| matches!(node.kind, NodeKind::TryBody(own) if std::ptr::eq(own, each)))
        })
        .find_map(|call| llm_at(case, Site { call: *call, frame }))
        .or_else(|| {
            let within = Span { start: each.body.first()?.span.start, end: each.body.last()?.span.end };
            awaited_within(case, within, frame).into_iter().find_map(|begun| llm_at(case, begun))
        })
}

/// What error handlers of the whole application make of a failure: an answer only if they send one.
pub(super) fn of_application(case: &Case<'_, '_>) -> Option<Fate> {
    case.entries.error_handlers.iter().find_map(|link| {
        let frame = frame_of(case.program, &link.value)?;
        let unit = &case.program.units.units[case.program.unit_of_frame(frame)];
        let function = unit.function?;
        if link.role == Role::Observer || is_for_others(case, link.module, link.span) {
            return None;
        }
        let names = function.parameters.iter().flat_map(|parameter| names_in(&parameter.target)).collect();
        let fate = Blocks::new(case, frame, names).of_body(&function.body);
        (fate == Fate::Answered && answers_the_caller(case, frame)).then_some(fate)
    })
}

/// What the type of a handler's error makes of it where the handler ends with it: an answer, if it says nothing of a status.
pub(super) fn of_error_type(case: &Case<'_, '_>, trail: &Trail) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.units[program.unit_of_frame(trail.first()?.frame)];
    let (returns, home) = (info.function?.returns.as_ref()?, program.open_frame(info.parent?));
    // The last type of `Result<Json<Reply>, Failure>`.
    let mut error: Option<&Expression> = None;
    walk(returns, &mut |part| {
        if matches!(part.kind, ExpressionKind::Name(_)) && error.is_none_or(|last| last.span.start < part.span.start) {
            error = Some(part);
        }
    });
    let turned = program.values(error?, home).iter().find_map(|value| match value {
        Value::Class(class) => program.units.classes[*class].methods.get("into_response").copied(),
        _ => None,
    })?;
    let body = &program.units.units[turned].function?.body;
    let mut tells_status = false;
    walk_block(body, &mut |part| {
        tells_status |= last_name(part).is_some_and(|name| name.to_ascii_lowercase().contains("status"));
    });
    if tells_status {
        return None;
    }
    let fate = Blocks::new(case, program.open_frame(turned), vec!["self".to_owned()]).of_body(body);
    (fate == Fate::Answered).then_some(fate)
}

/// Whether an error handler returns an answer, or replies to whom the failure concerns: telling the team is none.
fn answers_the_caller(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let unit = &case.program.units.units[case.program.unit_of_frame(frame)];
    !unit.returns.is_empty()
        || unit.calls.iter().any(|call| {
            let name = last_name(&case.program.units.calls[*call].call.callee).unwrap_or("");
            ["reply", "answer", "respond", "say", "json"].iter().any(|verb| name.starts_with(verb))
        })
}

/// Whether an error handler is registered for errors that no provider raises, or for one status.
fn is_for_others(case: &Case<'_, '_>, module: usize, span: crate::model::Span) -> bool {
    let calls = case.program.units.calls.iter().filter(|info| info.module == module && span.contains(info.call.span));
    calls.flat_map(|info| &info.call.arguments).any(|argument| {
        let name = last_name(&argument.value).unwrap_or("");
        FOREIGN.iter().any(|foreign| name.ends_with(foreign))
            || name.contains("HTTPException")
            || matches!(argument.value.kind, ExpressionKind::Literal(crate::model::Literal::Number(_)))
    })
}

/// The names that a pattern binds.
pub(super) fn names_in(pattern: &Expression) -> Vec<String> {
    let mut names = Vec::new();
    walk(pattern, &mut |each| {
        if let ExpressionKind::Name(name) = &each.kind {
            names.push(name.clone());
        }
    });
    names
}
