//! Rounds that are told to be the last one by what the loop's own test asks for: `more = false` of `while (more)`.

use crate::link::Program;
use crate::model::{Assignment, Expression, ExpressionKind, Literal, Statement, StatementKind};

/// Whether a statement gives what a loop tests a value with which the test fails.
pub(super) fn ends_by_its_test(statement: &Statement, test: Option<&Expression>) -> bool {
    let (Some(test), Some(assignment)) = (test, assignment_of(statement)) else { return false };
    let Some(Expression { kind: ExpressionKind::Literal(value), .. }) = &assignment.value else { return false };
    let target = Program::written(&assignment.target);
    assignment.operator.is_none() && !target.is_empty() && holds(test, &target, value) == Some(false)
}

/// The assignment that a statement is, also as what a function gives: `() => (more = false)`.
fn assignment_of(statement: &Statement) -> Option<&Assignment> {
    match &statement.kind {
        StatementKind::Assign(assignment) => Some(assignment),
        StatementKind::Expression(value) | StatementKind::Return(Some(value)) => match &value.kind {
            ExpressionKind::Assign(assignment) => Some(assignment),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a test holds when something in it has a value; none where that does not decide it.
fn holds(test: &Expression, name: &str, value: &Literal) -> Option<bool> {
    if Program::written(test) == name {
        return Some(is_true(value));
    }
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    let mut parts = operands.iter().map(|operand| holds(operand, name, value));
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => holds(inner, name, value).map(|holds| !holds),
        ("and", _) => parts.any(|part| part == Some(false)).then_some(false),
        ("or", _) => parts.all(|part| part == Some(false)).then_some(false),
        ("==" | "is", [left, right]) => is_equal(left, right, name, value),
        ("!=" | "is not", [left, right]) => is_equal(left, right, name, value).map(|equal| !equal),
        _ => None,
    }
}

fn is_equal(left: &Expression, right: &Expression, name: &str, value: &Literal) -> Option<bool> {
    match &right.kind {
        ExpressionKind::Literal(other) if Program::written(left) == name => Some(other == value),
        _ => None,
    }
}

fn is_true(value: &Literal) -> bool {
    match value {
        Literal::Null => false,
        Literal::Boolean(value) => *value,
        Literal::Number(number) => *number != 0.0,
        Literal::Text(text) => !text.is_empty(),
    }
}
