//! Answers that a flag marks as a failure: `return { reply: SORRY, degraded: true }`, where the caller makes an error
//! status of the flag.

use crate::judge::case::Case;
use crate::judge::conditions::fallback::answers_error;
use crate::link::Site;
use crate::link::reach::Trail;
use crate::link::units::{Access, Binding, NodeKind};
use crate::model::{Block, Expression, ExpressionKind, Literal, Span, StatementKind};

use super::Fate;
use super::results::bound_name;

/// A field of what stands in for the answer, and whether it is truthy.
type Flag<'m> = (&'m str, bool);

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
            let NodeKind::If { test, then, otherwise, .. } = program.units.nodes[*id].kind else { return None };
            let taken: &Block = match holds(case, *step, test, &flags)? {
                true => then,
                false => otherwise,
            };
            answers_error(case, info.unit, taken).then_some(Fate::ErrorStatus)
        })
    })
}

/// The flags in the objects that the handlers around a step return.
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
        .collect();
    let returned = program.units.units[info.unit].nodes.iter().filter_map(|id| {
        let NodeKind::Plain(statement) = program.units.nodes[*id].kind else { return None };
        match &statement.kind {
            StatementKind::Return(Some(Expression { kind: ExpressionKind::Object(entries), .. }))
                if handlers.iter().any(|handler| handler.contains(statement.span)) =>
            {
                Some(entries)
            }
            _ => None,
        }
    });
    let flag = |value: &Expression| match &value.kind {
        ExpressionKind::Literal(Literal::Boolean(on)) => Some(*on),
        ExpressionKind::Literal(Literal::Null) => Some(false),
        _ => None,
    };
    returned.flatten().filter_map(|entry| Some((entry.key.as_deref()?, flag(&entry.value)?))).collect()
}

/// Whether a test about the result of a step holds by its flags; none where it is about something else.
fn holds(case: &Case<'_, '_>, step: Site, test: &Expression, flags: &[Flag<'_>]) -> Option<bool> {
    let value = |name: &str| flags.iter().find(|(flag, _)| *flag == name).map(|(_, on)| *on);
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
        ExpressionKind::Member { object, name } => {
            let result = bound_name(case, step)?;
            let is_result = matches!(&object.kind, ExpressionKind::Name(name) if *name == result);
            value(name).filter(|_| is_result)
        }
        ExpressionKind::Name(name) => {
            let info = &case.program.units.calls[step.call];
            let bindings = case.program.units.units[info.unit].names.get(name.as_str())?;
            bindings.iter().find_map(|binding| match binding {
                Binding::Value { value: from, access, .. } if from.span.contains(info.call.span) => {
                    let Some(Access::Key(key)) = access.last() else { return None };
                    value(key)
                }
                _ => None,
            })
        }
        _ => None,
    }
}
