//! How a block ends: whether it stops the start, refuses a request, or only leaves.

use crate::link::Program;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::UnitId;
use crate::model::*;

use super::super::super::case::Case;
use super::super::fallback::answers_error;

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
            Some(StatementKind::Return(Some(value))) if program.diverges(value, frame) => End::Stops,
            Some(StatementKind::Return(Some(value))) if hands_error_on(value) => End::Refuses,
            _ if answers_error(case, unit, block) => End::Refuses,
            // What ends a main function or a module ends the process.
            Some(StatementKind::Return(_)) if is_main(program, unit) => End::Stops,
            _ => End::Leaves,
        }),
        None => match block.last().map(|statement| &statement.kind) {
            Some(StatementKind::Expression(value)) if program.diverges(value, frame) => Some(End::Stops),
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
