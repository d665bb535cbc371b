//! Windows that are written by hand: a list that is filled, or emptied, until what it holds is within a budget.

use crate::link::units::{Binding, CallId, NodeKind};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, LoopKind};

use super::measures::{compares_length, is_comparison, lengths};
use super::words::cuts_in_place;

/// What a window bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// The text of all that it holds, and so how many they are.
    Text,
    /// Only how many they are.
    Count,
}

/// The window that a call fills which adds to a list: it stands behind `total += len(turn)` and `if total > budget: break`.
pub(super) fn filled<'m>(program: &Program<'m>, call: CallId, frame: FrameId) -> Option<Window> {
    let ExpressionKind::Member { object, .. } = &program.units.calls[call].call.callee.kind else { return None };
    let gates = program.gates(Site { call, frame });
    gates.iter().find_map(|gate| {
        let slice = program.slice(gate.test, gate.frame);
        if !is_comparison(program, &slice) || is_open(program, gate.test, gate.frame) {
            return None;
        }
        let sums = slice.parts.iter().any(|(part, frame)| adds_lengths_up(program, part, *frame));
        let counts = || lengths(program, &slice).iter().any(|(measured, ..)| is_same_name(measured, object));
        if sums { Some(Window::Text) } else { counts().then_some(Window::Count) }
    })
}

/// Whether a budget is none: it is endless, or nothing where nobody sets it (`most is not None and used > most`).
fn is_open<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let is_none = |operand: &'m Expression| {
        let values = program.values(operand, frame);
        let is_null = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)));
        !values.is_empty() && values.iter().all(is_null)
    };
    match operator.as_str() {
        "and" => operands.iter().any(|operand| is_open(program, operand, frame)),
        "<" | ">" | "<=" | ">=" => operands
            .iter()
            .any(|operand| program.number(operand, frame, 0).is_some_and(f64::is_infinite) || is_none(operand)),
        _ => false,
    }
}

/// Whether a call that takes something away from a list does so until the text of the rest is within a budget:
/// `while tokens(turns) > budget: turns.pop(0)`.
pub(super) fn empties<'m>(program: &Program<'m>, call: CallId, list: &'m Expression, frame: FrameId) -> bool {
    let around = program.units.ancestors(program.units.calls[call].node).filter_map(|(_, node)| match node.kind {
        NodeKind::Loop(each) if each.kind == LoopKind::While => each.over.as_ref(),
        _ => None,
    });
    around.chain(program.gates(Site { call, frame }).iter().map(|gate| gate.test)).any(|test| {
        let slice = program.slice(test, frame);
        is_comparison(program, &slice)
            && lengths(program, &slice).iter().any(|(measured, ..)| !is_same_name(measured, list))
    })
}

/// Whether a name is a sum of lengths: `total += len(turn)`, `left -= turn.content.length`.
fn adds_lengths_up<'m>(program: &Program<'m>, part: &'m Expression, frame: FrameId) -> bool {
    let ExpressionKind::Name(name) = &part.kind else { return false };
    let bindings = program.units.units[program.unit_of_frame(frame)].names.get(name.as_str());
    bindings.into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, operator: Some("+" | "-"), .. } => {
            !lengths(program, &program.slice(value, frame)).is_empty()
        }
        _ => false,
    })
}

/// Whether a call cuts the list that it is called on, in place. What takes a single item away must go on until the list
/// is short, or ask how long it is.
pub(super) fn cuts<'m>(program: &Program<'m>, call: CallId, frame: FrameId) -> bool {
    let info = &program.units.calls[call];
    let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { return false };
    let takes_one = match name.as_str() {
        "shift" | "popleft" | "pop_front" | "pop" | "remove" => true,
        // So many, however many there are.
        "splice" => {
            let count = info.call.arguments.get(1).map(|count| &count.value.kind);
            matches!(count, Some(ExpressionKind::Literal(Literal::Number(_))))
        }
        _ => false,
    };
    let repeats = || {
        program.units.ancestors(info.node).any(|(_, node)| matches!(node.kind, NodeKind::Loop(_)))
            && !goes_on_until_one_stands_first(program, call)
    };
    let asks = || program.tests_around(info.node).iter().any(|test| compares_length(program, test, frame));
    cuts_in_place(name, &info.call.arguments) && (!takes_one || repeats() || asks())
}

/// Whether a call takes items away until a certain one comes first: that bounds nothing.
pub(super) fn goes_on_until_one_stands_first(program: &Program<'_>, call: CallId) -> bool {
    let test = program.units.ancestors(program.units.calls[call].node).find_map(|(_, node)| match node.kind {
        NodeKind::Loop(each) if each.kind == LoopKind::While => each.over.as_ref(),
        _ => None,
    });
    test.is_some_and(only_asks_which)
}

/// Whether a test of a loop asks only what stands where, and not how much there is: `turns and turns[0]["role"] != "user"`.
fn only_asks_which(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match operator.as_str() {
            "and" | "or" => operands.iter().all(only_asks_which) && operands.iter().any(is_equality),
            _ => is_equality(test) || asks_for_any(operator, operands),
        },
        // Whether there are any at all.
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => true,
        _ => false,
    }
}

/// `queue.length > 0`, `len(queue) != 0`, `queue.length >= 1`
fn asks_for_any(operator: &str, operands: &[Expression]) -> bool {
    let [_, Expression { kind: ExpressionKind::Literal(Literal::Number(least)), .. }] = operands else { return false };
    matches!((operator, *least), (">" | "!=", 0.0) | (">=", 1.0))
}

/// A comparison of a text that is written there.
fn is_equality(test: &Expression) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    matches!(operator.as_str(), "==" | "!=" | "is" | "is not")
        && operands.iter().any(|each| matches!(each.kind, ExpressionKind::Literal(Literal::Text(_))))
}

fn is_same_name(one: &Expression, other: &Expression) -> bool {
    matches!((&one.kind, &other.kind), (ExpressionKind::Name(one), ExpressionKind::Name(other)) if one == other)
}
