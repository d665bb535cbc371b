//! Several handlers of one registration: they run in a row, each until it goes on to the next.

use crate::link::Program;
use crate::link::units::UnitId;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Fact;

/// Of several handlers in a row the first that never goes on to the next: what stands after it is never asked.
pub(super) fn first_that_ends<'m>(program: &Program<'m>, fact: &Fact, site: Site) -> Option<&'m Expression> {
    let next = way_on(fact)?;
    let arguments = &program.units.calls[site.call].call.arguments;
    let handlers = arguments.iter().filter(|argument| argument.name.is_none()).map(|argument| &argument.value);
    let earlier = handlers.take(arguments.len().saturating_sub(1));
    earlier.into_iter().find(|handler| {
        let values = program.values(handler, site.frame);
        !values.is_empty() && values.iter().all(|value| ends(program, value, next))
    })
}

/// The place among what a handler is given of that by which it goes on to the next one.
fn way_on(fact: &Fact) -> Option<usize> {
    fact.receives.iter().position(|given| given.ends_with(".next") || given.ends_with(".Next()"))
}

/// Whether handlers of a registration go on to the next one by what they are given for it.
pub(super) fn is_handed_on(fact: &Fact) -> bool {
    way_on(fact).is_some()
}

/// What a library makes a row of, where that is given whole: `app.post("/ask", ...factory.createHandlers(limit, ask))`. The
/// last one is the handler, the others stand in front of it.
pub(super) fn spread_handlers<'m>(
    program: &Program<'m>,
    given: &'m Expression,
    frame: FrameId,
) -> Option<(&'m [Argument], &'m Expression, Site)> {
    let ExpressionKind::Spread(row) = &given.kind else { return None };
    let values = program.values(row, frame);
    let site = values.iter().find_map(|value| match value {
        Value::Library { path, sites } if path.ends_with("()") => sites.last().copied(),
        _ => None,
    })?;
    let (last, before) = program.units.calls[site.call].call.arguments.split_last()?;
    let is_function = |value: &Value<'m>| matches!(value, Value::Function { .. });
    program.values(&last.value, site.frame).iter().any(is_function).then_some((before, &last.value, site))
}

/// Whether a handler ends the row: what leads to the next one is its parameter at a place, and it has none, or only
/// gives it errors.
fn ends(program: &Program<'_>, value: &Value<'_>, next: usize) -> bool {
    let Value::Function { unit, .. } = value else { return false };
    let Some(function) = program.units.units[*unit].function else { return false };
    match function.parameters.get(next).map(|parameter| &parameter.target.kind) {
        None => {
            // `arguments[2]()` is nothing that people write; `(...all) =>` is.
            function.parameters.iter().all(|parameter| parameter.kind == ParameterKind::Plain)
                && !function.parameters.is_empty()
        }
        Some(ExpressionKind::Name(name)) => !goes_on(program, *unit, name),
        Some(_) => false,
    }
}

/// Whether a function, or one that is written in it, goes on by a name: `next()`, `next("route")`, or hands it to another.
fn goes_on(program: &Program<'_>, unit: UnitId, next: &str) -> bool {
    let home = &program.units.units[unit];
    let inside = program.units.units.iter().filter(|info| info.module == home.module && home.span.contains(info.span));
    let is_next = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == next);
    inside.flat_map(|info| &info.calls).any(|call| {
        let call = program.units.calls[*call].call;
        let mut given = call.arguments.iter().map(|argument| &argument.value);
        if is_next(&call.callee) {
            return given.all(|each| matches!(each.kind, ExpressionKind::Literal(_)));
        }
        given.any(is_next)
    })
}
