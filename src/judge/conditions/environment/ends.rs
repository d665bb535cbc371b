//! How a block ends: whether it stops the start, refuses a request, or only leaves.

use crate::link::flow::{Exit, exit_call, exit_of};
use crate::link::units::UnitId;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::super::fallback::answers_error;

/// Functions within functions that are looked into.
const DEPTH: usize = 4;

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By an error that reaches the caller, or by ending the process.
    Stops,
    /// By answering a request with an error.
    Refuses,
    /// By leaving without a word: what needs the value is not done.
    Leaves,
}

/// How a block of a unit ends; none where it goes on.
pub fn end_of<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block) -> Option<End> {
    let program = case.program;
    let frame = program.open_frame(unit);
    match exit_of(block) {
        Some(Exit::Raise) => Some(End::Stops),
        Some(_) => Some(match block.last().map(|statement| &statement.kind) {
            Some(StatementKind::Return(Some(value))) if is_error(value) => End::Stops,
            Some(StatementKind::Return(Some(value))) if diverges(program, value, frame, 0) => End::Stops,
            Some(StatementKind::Return(Some(value))) if hands_error_on(value) => End::Refuses,
            _ if answers_error(case, unit, block) => End::Refuses,
            // What ends a main function or a module ends the process.
            Some(StatementKind::Return(_)) if is_main(program, unit) => End::Stops,
            _ => End::Leaves,
        }),
        None => match block.last().map(|statement| &statement.kind) {
            Some(StatementKind::Expression(value)) if diverges(program, value, frame, 0) => Some(End::Stops),
            Some(StatementKind::Expression(value)) if is_error(value) => Some(End::Stops),
            Some(StatementKind::Expression(value)) if hands_error_on(value) => Some(End::Refuses),
            _ => None,
        },
    }
}

fn is_main(program: &Program<'_>, unit: UnitId) -> bool {
    let unit = &program.units.units[unit];
    unit.function.is_none_or(|function| function.name == "main")
}

/// `Err(...)`: a returned error goes to the caller as a raised one does.
fn is_error(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err"))
}

/// `return next(error)`, `reject(error)`.
fn hands_error_on(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Call(call)
        if !call.arguments.is_empty()
            && matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "next" | "reject")))
}

/// Whether evaluating an expression never comes back: it ends the process, or calls a function that always raises.
pub fn diverges<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let call = match &expression.kind {
        ExpressionKind::Await(inner) => return diverges(program, inner, frame, depth + 1),
        ExpressionKind::Block(block) => {
            return exit_of(block) == Some(Exit::Raise)
                || matches!(block.last().map(|statement| &statement.kind),
                    Some(StatementKind::Expression(value)) if diverges(program, value, frame, depth + 1));
        }
        ExpressionKind::Call(call) => call,
        _ => return false,
    };
    if exit_call(expression).is_some() {
        return true;
    }
    let Some(id) = program.units.call_id(call) else { return false };
    program.values(&call.callee, frame).iter().any(|value| match value {
        Value::Function { unit, .. } => always_stops(program, *unit, depth + 1),
        Value::Library { path, .. } => {
            let site = Site { call: id, frame };
            program.facts_of(path, Kind::Reject).iter().any(|(_, fact)| {
                // An error status is given to a call that raises, or nothing but the call says so.
                fact.always == Some(true) && program.callee_paths(site).len() == 1
            })
        }
        _ => false,
    })
}

/// Whether a function never returns.
pub fn always_stops(program: &Program<'_>, unit: UnitId, depth: usize) -> bool {
    let Some(function) = program.units.units[unit].function else { return false };
    if function.is_async && depth > DEPTH {
        return false;
    }
    exit_of(&function.body) == Some(Exit::Raise)
        || match function.body.last().map(|statement| &statement.kind) {
            Some(StatementKind::Expression(value) | StatementKind::Return(Some(value))) => {
                diverges(program, value, program.open_frame(unit), depth + 1)
            }
            _ => false,
        }
}
