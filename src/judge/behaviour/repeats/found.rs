//! What a test says of a look-up: that something was found, that nothing was, or only how much or how old it is.

use std::cell::Cell;

use crate::link::flow::{Gate, Slice, children};
use crate::link::units::{Binding, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Kind;

/// `if cached: return cached` refuses when something was found; `if not account: return 401` when nothing was.
pub(in crate::judge::behaviour) fn refuses_when_found<'m>(program: &Program<'m>, gate: &Gate<'m>) -> bool {
    found_when(program, gate.test, gate.frame, 0) == gate.refuses_when
}

/// Expressions that are looked at to find what one test asks.
const STEPS: usize = 500;

/// Whether a test holds where something was found.
fn found_when<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
    match &test.kind {
        ExpressionKind::Await(inner) => found_when(program, inner, frame, depth),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => !found_when(program, inner, frame, depth),
            ("==" | "is", [_, other]) if is_nothing(other) => false,
            ("!=" | "is not", [_, other]) if is_nothing(other) => true,
            ("not in", _) => false,
            _ if is_some_length(operator, operands) => !matches!(operator.as_str(), "==" | "<" | "<="),
            ("and" | "or", [first, ..]) => found_when(program, first, frame, depth),
            _ => true,
        },
        ExpressionKind::Call(call) => {
            let is_none = matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
                if matches!(name.as_str(), "is_none" | "is_empty" | "isEmpty"));
            !is_none && answers_when_found(program, call, frame, depth).unwrap_or(true)
        }
        // `const isNew = await keep(id); if (!isNew) ..`: what was asked has a name.
        ExpressionKind::Name(name) if depth <= 3 => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => {
                    found_when(program, value, frame, depth + 1)
                }
                _ => true,
            }
        }
        _ => true,
    }
}

/// Whether a comparison only asks if a list holds anything: `rows.length > 0`, `len(rows) == 0`, `rows.len() >= 1`.
fn is_some_length(operator: &str, operands: &[Expression]) -> bool {
    let [counted, least] = operands else { return false };
    let ExpressionKind::Literal(Literal::Number(least)) = least.kind else { return false };
    let is_length = match &counted.kind {
        ExpressionKind::Member { name, .. } => matches!(name.as_str(), "length" | "rowCount" | "rowcount"),
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "len")
        }
        _ => false,
    };
    is_length
        && match operator {
            ">" | "==" | "!=" | "<=" => least == 0.0,
            ">=" | "<" => least == 1.0,
            _ => false,
        }
}

/// What a function of the program answers where something was found: no in `if row: return False`, then `return True`.
fn answers_when_found<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId, depth: usize) -> Option<bool> {
    let site = Site { call: program.units.call_id(call)?, frame };
    if depth > 3 {
        return None;
    }
    program.callees(&call.callee, frame).iter().find_map(|callee| {
        let Value::Function { unit, closure, receiver } = callee else { return None };
        let inner = program.enter(*unit, *closure, receiver.clone(), How::Call(site))?;
        let told = program.exits(*unit, inner).iter().find_map(|gate| {
            let refusal = gate.refusal?.last()?;
            let StatementKind::Return(Some(value)) = &refusal.kind else { return None };
            let ExpressionKind::Literal(Literal::Boolean(answer)) = value.kind else { return None };
            let is_found = found_when(program, gate.test, gate.frame, depth + 1) == gate.refuses_when;
            Some(answer == is_found)
        });
        // `return rows.length === 0`
        let answer = match program.units.units[*unit].returns.as_slice() {
            [answer] if matches!(answer.kind, ExpressionKind::Operator { .. }) => Some(*answer),
            _ => None,
        };
        told.or_else(|| Some(found_when(program, answer?, inner, depth + 1)))
    })
}

/// A test of an amount that a row holds, whether it was made just then or not: `row.tokens >= account.limit`. How many
/// rows were made is told by none or one.
pub(super) fn asks_for_an_amount<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    !compares_with_one(test, 0) && is_about_numbers(program, test, frame)
}

fn compares_with_one(test: &Expression, depth: usize) -> bool {
    let ExpressionKind::Operator { operands, .. } = &test.kind else { return false };
    let is_one = |operand: &Expression| match operand.kind {
        ExpressionKind::Literal(Literal::Number(number)) => number == 0.0 || number == 1.0,
        _ => false,
    };
    operands.iter().any(|operand| is_one(operand) || depth < 8 && compares_with_one(operand, depth + 1))
}

/// A test of how much there is, not of whether there is anything; with the time it is about the age of what was found.
pub(super) fn is_about_numbers<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    asks_numbers(program, test, frame, 0, &Cell::new(STEPS))
}

fn asks_numbers<'m>(
    program: &Program<'m>,
    test: &'m Expression,
    frame: FrameId,
    depth: usize,
    left: &Cell<usize>,
) -> bool {
    // Functions that ask each other have more ways than time.
    let Some(fewer) = left.get().checked_sub(1).filter(|_| depth <= 8) else { return false };
    left.set(fewer);
    match &test.kind {
        ExpressionKind::Await(inner) => asks_numbers(program, inner, frame, depth + 1, left),
        ExpressionKind::Operator { operator, operands } => match operator.as_str() {
            _ if is_some_length(operator, operands) => false,
            "<" | ">" | "<=" | ">=" => {
                let slice = program.slice(test, frame);
                let asks_clock = |slice: &Slice<'m>| {
                    slice
                        .sites
                        .iter()
                        .any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)))
                };
                let is_age = operands.iter().any(|operand| is_age(program, operand, frame)) && asks_clock(&slice);
                // `seen.get(key, 0.0) > now`: what is stored is when it ends.
                let is_end = || operands.iter().any(|operand| is_now(program, operand, frame));
                !is_age && !is_end()
            }
            "not" => operands.first().is_some_and(|inner| asks_numbers(program, inner, frame, depth + 1, left)),
            "and" | "or" => {
                // What nothing is looked up for says nothing about what was found: `isMember(res) && spent(user) > 10`.
                let looks_up =
                    |part: &&'m Expression| !super::look_ups(program, &program.slice(part, frame)).is_empty();
                let asks = |part: &'m Expression| asks_numbers(program, part, frame, depth + 1, left);
                let looking: Vec<&'m Expression> = operands.iter().filter(looks_up).collect();
                if looking.is_empty() { operands.iter().all(asks) } else { looking.into_iter().all(asks) }
            }
            "is" | "is not" | "==" | "!=" => match operands.as_slice() {
                [asked, other] if is_nothing(other) => tells_who_is_beyond(program, asked, frame, depth + 1, left),
                _ => false,
            },
            _ => false,
        },
        ExpressionKind::Call(call) => {
            let Some(id) = program.units.call_id(call) else { return false };
            let site = Site { call: id, frame };
            program.callees(&call.callee, frame).iter().any(|callee| {
                let Value::Function { unit, closure, receiver } = callee else { return false };
                let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else {
                    return false;
                };
                let returns = &program.units.units[*unit].returns;
                let answers = |answer: bool| {
                    let is_it = |value: &Expression| matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(said)) if said == answer);
                    answers_by_amount(program, (*unit, inner), is_it, depth, left)
                };
                returns.iter().any(|value| asks_numbers(program, value, inner, depth + 1, left))
                    // `if len(recent) >= 5: return False`, and else true.
                    || answers(false)
                    || answers(true)
            })
        }
        _ => false,
    }
}

/// Whether something is there only where an amount was beyond a limit: `exceeded` of `exceeded = reserve(..)`, where
/// that function answers with it under `if spent + amount > account.ceiling`, and else with nothing.
fn tells_who_is_beyond<'m>(
    program: &Program<'m>,
    asked: &'m Expression,
    frame: FrameId,
    depth: usize,
    left: &Cell<usize>,
) -> bool {
    if depth > 8 {
        return false;
    }
    match &asked.kind {
        ExpressionKind::Await(inner) => tells_who_is_beyond(program, inner, frame, depth + 1, left),
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, operator: None, .. }]) => {
                    access.is_empty() && tells_who_is_beyond(program, value, frame, depth + 1, left)
                }
                _ => false,
            }
        }
        ExpressionKind::Call(call) => {
            let Some(id) = program.units.call_id(call) else { return false };
            let site = Site { call: id, frame };
            program.callees(&call.callee, frame).iter().any(|callee| {
                let Value::Function { unit, closure, receiver } = callee else { return false };
                let entered = program.enter(*unit, *closure, receiver.clone(), How::Call(site));
                let is_something = |answer: &Expression| !is_nothing(answer);
                entered.is_some_and(|inner| answers_by_amount(program, (*unit, inner), is_something, depth, left))
            })
        }
        _ => false,
    }
}

/// Whether a function gives answers of a kind under tests of amounts only.
fn answers_by_amount(
    program: &Program<'_>,
    (unit, frame): (UnitId, FrameId),
    is_meant: impl Fn(&Expression) -> bool,
    depth: usize,
    left: &Cell<usize>,
) -> bool {
    let units = &program.units;
    let mut answers = units.units[unit].returns.iter().filter(|answer| is_meant(answer)).peekable();
    let returns = |node: &NodeId, answer: &Expression| match units.nodes[*node].kind {
        NodeKind::Plain(statement) => statement.span.contains(answer.span),
        _ => false,
    };
    answers.peek().is_some()
        && answers.all(|answer| {
            let node = units.units[unit].nodes.iter().rev().find(|node| returns(node, answer));
            let tests = node.map(|node| program.tests_around(*node)).unwrap_or_default();
            tests.into_iter().any(|test| asks_numbers(program, test, frame, depth + 1, left))
        })
}

/// Whether an expression is the time of now, by a name or as it is asked for.
pub(in crate::judge::behaviour) fn is_now<'m>(
    program: &Program<'m>,
    expression: &'m Expression,
    frame: FrameId,
) -> bool {
    match &expression.kind {
        ExpressionKind::Call(call) => program.units.call_id(call).is_some_and(|call| {
            let paths = program.callee_paths(Site { call, frame });
            paths.iter().any(|path| program.is_a(path, Kind::Clock))
        }),
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, .. }]) => {
                    access.is_empty() && matches!(value.kind, ExpressionKind::Call(_)) && is_now(program, value, frame)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a time is compared as what has passed since another: `(now - stored_at).seconds`, also by a name for it. That
/// times were subtracted somewhere on the way to a count makes no age of it.
fn is_age<'m>(program: &Program<'m>, operand: &'m Expression, frame: FrameId) -> bool {
    fn holds_difference(expression: &Expression, depth: usize) -> bool {
        let mut found = is_difference(expression);
        if depth < 6 {
            children(expression, &mut |each| found |= holds_difference(each, depth + 1));
        }
        found
    }
    let named = program.values(operand, frame);
    holds_difference(operand, 0)
        || named
            .iter()
            .any(|value| matches!(value, Value::Data { expression, .. } if holds_difference(expression.0, 0)))
}

/// `now - stored_at`.
fn is_difference(part: &Expression) -> bool {
    matches!(&part.kind, ExpressionKind::Operator { operator, operands } if operator == "-" && operands.len() == 2)
}

pub(super) fn is_nothing(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)))
        || matches!(&expression.kind, ExpressionKind::Name(name) if name == "undefined")
        || matches!(&expression.kind, ExpressionKind::Literal(Literal::Number(number)) if *number == 0.0)
}
