//! Nothing that is handed to a function of the program, which may have an answer for it: `shape(await ask(text))`.

use crate::judge::case::Case;
use crate::link::units::{CallId, NodeKind};
use crate::link::{FrameId, How, Site};
use crate::model::{Expression, ExpressionKind, Span, StatementKind};

use super::super::Fate;
use super::{is_it, of_nothing_known};

/// What functions of the program make of nothing that they are handed and whose result is not dropped.
pub(super) fn of_nothing(case: &Case<'_, '_>, frame: FrameId, given: Span, name: Option<&str>) -> Option<Fate> {
    let program = case.program;
    let calls = program.units.units[program.unit_of_frame(frame)].calls.iter().copied();
    let mut handed = calls.filter(|call| {
        let arguments = &program.units.calls[*call].call.arguments;
        arguments.iter().any(|argument| is_it(&argument.value, given, name)) && !is_dropped(case, *call)
    });
    handed.find_map(|call| of_call(case, Site { call, frame }, given, name))
}

/// Whether a call stands alone as a statement: what it gives is nobody's answer.
fn is_dropped(case: &Case<'_, '_>, call: CallId) -> bool {
    let info = &case.program.units.calls[call];
    let NodeKind::Plain(statement) = case.program.units.nodes[info.node].kind else { return false };
    let StatementKind::Expression(value) = &statement.kind else { return false };
    let whole: &Expression = match &value.kind {
        ExpressionKind::Await(inner) => inner,
        _ => value,
    };
    whole.span == info.call.span
}

/// What the functions that a call runs make of nothing under the name of their parameter.
fn of_call(case: &Case<'_, '_>, site: Site, given: Span, name: Option<&str>) -> Option<Fate> {
    let program = case.program;
    program.runs(site).iter().filter(|inner| program.frame(**inner).how == How::Call(site)).find_map(|inner| {
        let function = program.units.units[program.unit_of_frame(*inner)].function?;
        let takes_it = |index: usize| {
            program.passed_from(function, index, site).is_some_and(|(passed, _)| is_it(passed, given, name))
        };
        let taken = function.parameters.iter().enumerate().find(|(index, _)| takes_it(*index))?.1;
        let ExpressionKind::Name(parameter) = &taken.target.kind else { return None };
        let fate = of_nothing_known(case, *inner, taken.target.span, Some(parameter))?;
        (fate != Fate::Nothing).then_some(fate)
    })
}
