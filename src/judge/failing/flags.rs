//! Answers that a flag marks as a failure: `return { reply: SORRY, degraded: true }`, `return Answer(SORRY, ok=False)`,
//! `return SORRY, False`, where the caller makes an error of the flag.

use crate::judge::case::Case;
use crate::judge::conditions::fallback::answers_error;
use crate::link::reach::Trail;
use crate::link::units::{Access, Binding, ClassId, NodeKind};
use crate::link::{FrameId, Site, Value};
use crate::model::{Block, Call, Expression, ExpressionKind, Literal, Span, StatementKind};

use super::Fate;
use super::blocks::{Blocks, goes_through_things};
use super::results::bound_name;

/// A part of what stands in for the answer, and whether it is truthy.
type Flag<'m> = (Access<'m>, bool);

/// What a caller makes of an answer that stands in at a step, where a flag in it tells that it is none.
pub(super) fn of_flag(case: &Case<'_, '_>, trail: &Trail, index: usize) -> Option<Fate> {
    let flags = flags_at(case, *trail.get(index)?);
    if flags.is_empty() {
        return None;
    }
    // The flag may be handed on through several functions.
    trail.iter().take(index).rev().find_map(|step| {
        let program = case.program;
        let info = &program.units.calls[step.call];
        program.units.units[info.unit].nodes.iter().find_map(|id| {
            let node = &program.units.nodes[*id];
            let NodeKind::If { test, then, otherwise, .. } = node.kind else { return None };
            let taken: &Block = match holds(case, *step, test, &flags)? {
                true => then,
                false => otherwise,
            };
            if answers_error(case, info.unit, taken) {
                return Some(Fate::ErrorStatus);
            }
            // `if answer.ok: return answer`, and what comes after it.
            let fate = Blocks::new(case, step.frame, Vec::new()).fate(taken, node.span);
            matches!(fate, Fate::Rethrown | Fate::RaisedStatus | Fate::ErrorStatus).then_some(fate)
        })
    })
}

/// The flags in what is returned where a step has failed: by the handlers around it, or behind them where they go on.
fn flags_at<'m>(case: &Case<'_, 'm>, step: Site) -> Vec<Flag<'m>> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let handlers: Vec<Span> = program
        .units
        .ancestors(info.node)
        .filter_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => Some(each.handlers.iter().map(|handler| handler.span)),
            _ => None,
        })
        .flatten()
        .chain(failing_arms(case, step))
        .collect();
    let returned: Vec<(Span, &'m Expression)> = program.units.units[info.unit]
        .nodes
        .iter()
        .filter_map(|id| {
            let NodeKind::Plain(statement) = program.units.nodes[*id].kind else { return None };
            match &statement.kind {
                StatementKind::Return(Some(value)) => Some((statement.span, value)),
                _ => None,
            }
        })
        .collect();
    let is_in_handler = |place: &Span| handlers.iter().any(|handler| handler.contains(*place));
    let mut own = returned.iter().filter(|(place, _)| is_in_handler(place)).peekable();
    if own.peek().is_some() {
        return own.flat_map(|(_, value)| flags_in(case, value, step.frame)).collect();
    }
    let Some(end) = gone_on_behind(case, step) else { return Vec::new() };
    let behind = returned.iter().filter(|(place, _)| place.start >= end);
    let flags: Vec<Flag<'m>> = behind.flat_map(|(_, value)| flags_in(case, value, step.frame)).collect();
    // What is said of an answer and of a failure alike tells nothing.
    let is_told = |(asked, on): &Flag<'m>| !flags.iter().any(|(other, holds)| other == asked && holds != on);
    flags.iter().filter(|flag| is_told(flag)).cloned().collect()
}

/// The arms that are taken where the result of a step tells that it has failed: of `Err(..)`, and those behind `Ok(..)`.
fn failing_arms(case: &Case<'_, '_>, step: Site) -> Vec<Span> {
    let units = &case.program.units;
    let info = &units.calls[step.call];
    let nodes = units.units[info.unit].nodes.iter().map(|node| &units.nodes[*node]);
    let arms = nodes.filter_map(|node| {
        let NodeKind::If { test, then, otherwise, .. } = node.kind else { return None };
        let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
        let (_, [subject, Expression { kind: ExpressionKind::Call(arm), .. }]) =
            (operator == "==").then_some((operator, operands.as_slice()))?
        else {
            return None;
        };
        let ExpressionKind::Name(variant) = &arm.callee.kind else { return None };
        let taken = match variant.as_str() {
            "Err" => then,
            "Ok" => otherwise,
            _ => return None,
        };
        let (first, last) = (taken.first()?, taken.last()?);
        let whole = Span { start: first.span.start, end: last.span.end };
        subject.span.contains(info.call.span).then_some(whole)
    });
    arms.collect()
}

/// Where code goes on behind the block in which a step has failed and the loop around that; none where the loop asks
/// several things, one after another.
fn gone_on_behind(case: &Case<'_, '_>, step: Site) -> Option<u32> {
    let units = &case.program.units;
    let mut end = None;
    for (_, node) in units.ancestors(units.calls[step.call].node) {
        match node.kind {
            NodeKind::Loop(each) if goes_through_things(case, each, step.frame) => return None,
            NodeKind::Loop(_) if end.is_some() => end = Some(node.span.end),
            NodeKind::Try(_) => end = end.or(Some(node.span.end)),
            _ => {}
        }
    }
    end
}

/// The flags in an object, in a list of several values, or in what is given to a class of the program.
fn flags_in<'m>(case: &Case<'_, 'm>, value: &'m Expression, frame: FrameId) -> Vec<Flag<'m>> {
    match &value.kind {
        ExpressionKind::Object(entries) => {
            entries.iter().filter_map(|entry| Some((Access::Key(entry.key.as_deref()?), flag(&entry.value)?))).collect()
        }
        ExpressionKind::List(items) => {
            let items = items.iter().enumerate();
            items.filter_map(|(place, item)| Some((Access::Position(place), flag(item)?))).collect()
        }
        ExpressionKind::Call(call) => {
            let values = case.program.values(&call.callee, frame);
            let classes = values.iter().filter_map(|value| match value {
                Value::Class(class) => Some(*class),
                _ => None,
            });
            classes.flat_map(|class| flags_of_class(case, class, call)).collect()
        }
        _ => Vec::new(),
    }
}

/// The flags in an object of a class: what it is given, by name or place, and what its fields are without.
fn flags_of_class<'m>(case: &Case<'_, 'm>, class: ClassId, call: &'m Call) -> Vec<Flag<'m>> {
    let info = &case.program.units.classes[class];
    let fields = info.order.iter().chain(info.properties.keys()).filter_map(|name| {
        let by_name = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(*name));
        let place = || info.order.iter().position(|field| field == name);
        let place = info.properties.get(name).copied().or_else(place)?;
        let by_place = || call.arguments.get(place).filter(|argument| argument.name.is_none());
        let given = by_name.or_else(by_place).map(|argument| &argument.value);
        let default = || info.fields.get(name)?.iter().find_map(|(_, field)| field.value.as_ref());
        Some((Access::Key(name), flag(given.or_else(default)?)?))
    });
    fields.collect()
}

/// Whether a written value is truthy.
fn flag(value: &Expression) -> Option<bool> {
    match &value.kind {
        ExpressionKind::Literal(Literal::Boolean(on)) => Some(*on),
        ExpressionKind::Literal(Literal::Null) => Some(false),
        _ => None,
    }
}

/// Whether a test about the result of a step holds by its flags; none where it is about something else.
fn holds(case: &Case<'_, '_>, step: Site, test: &Expression, flags: &[Flag<'_>]) -> Option<bool> {
    let value = |asked: Access<'_>| flags.iter().find(|(flag, _)| *flag == asked).map(|(_, on)| *on);
    let is_result = |object: &Expression| {
        let result = bound_name(case, step);
        matches!(&object.kind, ExpressionKind::Name(name) if result.as_ref() == Some(name))
    };
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => holds(case, step, inner, flags).map(|holds| !holds),
            ("==" | "is", [inner, Expression { kind: ExpressionKind::Literal(Literal::Boolean(on)), .. }]) => {
                holds(case, step, inner, flags).map(|holds| holds == *on)
            }
            ("!=" | "is not", [inner, Expression { kind: ExpressionKind::Literal(Literal::Boolean(on)), .. }]) => {
                holds(case, step, inner, flags).map(|holds| holds != *on)
            }
            _ => None,
        },
        ExpressionKind::Member { object, name } => value(Access::Key(name)).filter(|_| is_result(object)),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => value(Access::Key(key)).filter(|_| is_result(object)),
            _ => None,
        },
        ExpressionKind::Name(name) => {
            let info = &case.program.units.calls[step.call];
            let bindings = case.program.units.units[info.unit].names.get(name.as_str())?;
            bindings.iter().find_map(|binding| match binding {
                Binding::Value { value: from, access, .. } if from.span.contains(info.call.span) => {
                    value(*access.last()?)
                }
                _ => None,
            })
        }
        _ => None,
    }
}
