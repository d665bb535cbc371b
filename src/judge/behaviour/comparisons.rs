//! What a test compares, and whether it refuses when there is much or when there is little.

use crate::link::Program;
use crate::link::flow::Slice;
use crate::model::{Call, Expression, ExpressionKind, Literal};

use super::quantities::{Quantity, Reading, Search};

/// The quantities that are compared in a slice: with `<` and its kin, or with nothing at all (`if not credits`).
/// `gate` is the test that the slice is of, and whether it refuses when it holds.
pub(super) fn compared<'m>(
    program: &Program<'m>,
    slice: &Slice<'m>,
    gate: Option<(&'m Expression, bool)>,
) -> Vec<Quantity<'m>> {
    let mut search = Search::new(program);
    let mut sides = Vec::new();
    if let Some((test, refuses_when)) = gate {
        sides_of(test, refuses_when, &mut sides, 0);
    }
    for (part, frame) in &slice.parts {
        match &part.kind {
            ExpressionKind::Operator { operator, operands }
                if matches!(operator.as_str(), "<" | ">" | "<=" | ">=") || is_against_zero(operator, operands) =>
            {
                // Nothing is beyond a limit without end.
                if operands.iter().any(|operand| program.number(operand, *frame, 0).is_some_and(f64::is_infinite)) {
                    continue;
                }
                for operand in operands.iter().filter(|operand| !asks_for_kind(operand)) {
                    let side = sides.iter().find(|(each, _)| std::ptr::eq(*each, operand));
                    let refuses_little = side.map(|(_, is_little)| *is_little);
                    // `count > 0`, where that refuses, asks whether there is something.
                    let by_truth =
                        operator == "not" || refuses_little == Some(false) && is_any(operator, operands, operand);
                    search.read_operand(operand, *frame, by_truth, refuses_little);
                }
            }
            ExpressionKind::Call(call) if compares(call) => {
                search.read_callee(call, *frame, &Reading::default());
                for argument in &call.arguments {
                    search.read_operand(&argument.value, *frame, false, Some(false));
                }
            }
            _ => {}
        }
    }
    search.found
}

/// Whether a test asks what kind of thing something is, or whether it is one of several, and not how much of it there is:
/// `Array.isArray(reply)`, `MEMBERS.includes(token)`.
fn asks_for_kind(test: &Expression) -> bool {
    let ExpressionKind::Call(call) = &test.kind else { return false };
    let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return false };
    matches!(
        name.as_str(),
        "isArray"
            | "isinstance"
            | "isFinite"
            | "isInteger"
            | "isSafeInteger"
            | "isNaN"
            | "callable"
            | "includes"
            | "startsWith"
            | "startswith"
            | "endsWith"
            | "endswith"
    )
}

/// The operands of a test, each with whether the test refuses when it is small: `count` of `if count == 0: return`.
fn sides_of<'m>(test: &'m Expression, refuses_when: bool, found: &mut Vec<(&'m Expression, bool)>, depth: usize) {
    match &test.kind {
        ExpressionKind::Await(inner) if depth < 20 => sides_of(inner, refuses_when, found, depth + 1),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => {
                found.push((inner, refuses_when));
                sides_of(inner, !refuses_when, found, depth + 1);
            }
            ("and" | "or", all) if depth < 20 => {
                all.iter().for_each(|each| sides_of(each, refuses_when, found, depth + 1));
            }
            ("==", [inner, _]) => found.push((inner, refuses_when)),
            ("!=", [inner, _]) => found.push((inner, !refuses_when)),
            ("<" | "<=", [left, right]) => found.extend([(left, refuses_when), (right, !refuses_when)]),
            (">" | ">=", [left, right]) => found.extend([(left, !refuses_when), (right, refuses_when)]),
            _ => {}
        },
        _ => {}
    }
}

/// `balance.lessThan(cost)`: comparisons of numbers that are objects.
fn compares(call: &Call) -> bool {
    matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "gte" | "gt" | "lte" | "lt" | "greaterThan" | "lessThan" | "greaterThanOrEqualTo" | "lessThanOrEqualTo"))
}

/// Whether a comparison holds as soon as there is one of what it compares: `count > 0`.
fn is_any(operator: &str, operands: &[Expression], counted: &Expression) -> bool {
    let is_zero =
        |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 0.0);
    match (operator, operands) {
        (">" | "!=", [left, right]) => std::ptr::eq(left, counted) && is_zero(right),
        ("<", [left, right]) => std::ptr::eq(right, counted) && is_zero(left),
        _ => false,
    }
}

fn is_against_zero(operator: &str, operands: &[Expression]) -> bool {
    match (operator, operands) {
        ("not", [_]) => true,
        ("==" | "!=", [_, other]) => {
            matches!(other.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 0.0)
        }
        _ => false,
    }
}
