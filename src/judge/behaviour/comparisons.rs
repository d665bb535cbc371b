//! What a test compares, and whether it refuses when there is much or when there is little.

use crate::link::flow::{Gate, Slice};
use crate::link::units::Binding;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Kind;

use super::operations::Operation;
use super::quantities::{Quantity, Reading, Search};
use super::repeats::is_now;
use super::{procedures, scripts};

/// Tests and functions within each other that are looked into for what decides.
const FUNCTIONS: usize = 8;

/// The quantities that are compared in a slice: with `<` and its kin, or with nothing at all (`if not credits`).
/// `gate` is the one that the slice is of.
pub(super) fn compared<'m>(program: &Program<'m>, slice: &Slice<'m>, gate: Option<&Gate<'m>>) -> Vec<Quantity<'m>> {
    let mut search = Search::new(program);
    let mut sides = Vec::new();
    if let Some(gate) = gate {
        sides_of(program, (gate.test, gate.frame), gate.refuses_when, &mut sides, 0);
    }
    // Where it is known what decides, the tests by which a list is filtered only tell what is counted.
    let filters = if sides.is_empty() { Vec::new() } else { filters_among(slice) };
    for (part, frame) in &slice.parts {
        match &part.kind {
            ExpressionKind::Operator { operator, operands }
                if matches!(operator.as_str(), "<" | ">" | "<=" | ">=") || is_against_zero(operator, operands) =>
            {
                if filters.iter().any(|filter| std::ptr::eq(*filter, *part)) {
                    continue;
                }
                // Nothing is beyond a limit without end.
                if operands.iter().any(|operand| program.number(operand, *frame, 0).is_some_and(f64::is_infinite)) {
                    continue;
                }
                search.is_moment = operands.iter().any(|operand| is_time(program, operand, *frame));
                let tells = |operand: &&Expression| !asks_for_kind(operand);
                for operand in operands.iter().filter(tells).filter(|each| !is_setting(program, each, *frame)) {
                    let side = sides.iter().find(|(each, _)| std::ptr::eq(*each, operand));
                    let refuses_little = side.map(|(_, is_little)| *is_little);
                    // `count > 0`, where that refuses, asks whether there is something.
                    let by_truth =
                        operator == "not" || refuses_little == Some(false) && is_any(operator, operands, operand);
                    search.read_operand(operand, *frame, by_truth, refuses_little);
                }
                search.is_moment = false;
            }
            // A query has a column and a bound: `gte("at", since)` asks for rows, and compares nothing here.
            ExpressionKind::Call(call) if compares(call) && call.arguments.len() == 1 => {
                search.read_callee(call, *frame, &Reading::default());
                for argument in &call.arguments {
                    search.read_operand(&argument.value, *frame, false, Some(false));
                }
            }
            _ => {}
        }
    }
    // A script that compares itself answers with what it found, however that is asked for.
    let asks_for_amounts = gate.is_none_or(|gate| !asks_for_kind(without_negation(gate.test)));
    for site in slice.sites.iter().filter(|_| asks_for_amounts) {
        if scripts::of(program, *site).is_some_and(|script| script.decides && script.operation == Operation::Count) {
            search.read_operation(*site, Operation::Count, Reading::default());
        }
        if gate.is_some_and(|gate| procedures::refuses(program, gate, *site)) {
            search.read_operation(*site, Operation::Count, Reading::default());
        }
    }
    search.found
}

/// Whether an operand is the time of now, or what has passed until now: `time.time()`, `(now - last).total_seconds() / 60`.
fn is_time<'m>(program: &Program<'m>, operand: &'m Expression, frame: FrameId) -> bool {
    let mut at = operand;
    for _ in 0..FUNCTIONS {
        if is_now(program, at, frame) {
            return true;
        }
        at = match &at.kind {
            ExpressionKind::Member { object, name } if counts_time(name) => object,
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (ExpressionKind::Member { object, name }, []) if counts_time(name) => object,
                (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }, [only]) if rounds(name) => {
                    &only.value
                }
                _ => return false,
            },
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("-", [one, other]) => return is_now(program, one, frame) || is_now(program, other, frame),
                ("/" | "*", [one, _]) => one,
                _ => return false,
            },
            ExpressionKind::Name(name) => {
                let names = &program.units.units[program.unit_of_frame(frame)].names;
                match names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => value,
                    _ => return false,
                }
            }
            _ => return false,
        };
    }
    false
}

/// Whether a name asks how long a time is, or which moment it is.
fn counts_time(name: &str) -> bool {
    const NAMES: [&str; 8] =
        ["seconds", "minutes", "hours", "days", "total_seconds", "timestamp", "getTime", "valueOf"];
    NAMES.contains(&name)
}

/// Whether a function only makes a number of what it is given.
fn rounds(name: &str) -> bool {
    matches!(name, "floor" | "ceil" | "round" | "trunc" | "abs" | "int" | "float" | "Number")
}

fn without_negation(test: &Expression) -> &Expression {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "not" => operands.first().unwrap_or(test),
        _ => test,
    }
}

/// The tests by which lists are filtered in a slice: `now - moment < 60` of `[moment for moment in hits if ..]`.
fn filters_among<'m>(slice: &Slice<'m>) -> Vec<&'m Expression> {
    let filtered = slice.parts.iter().filter_map(|(part, _)| match &part.kind {
        ExpressionKind::Comprehension { clauses, .. } => Some(clauses),
        _ => None,
    });
    filtered.flatten().flat_map(|clause| &clause.tests).collect()
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

/// Whether an operand is a part of what the program was configured with, `config.DAILY_TOKENS`: a limit, and nothing that
/// is kept.
fn is_setting<'m>(program: &Program<'m>, operand: &'m Expression, frame: FrameId) -> bool {
    let ExpressionKind::Member { object, .. } = &operand.kind else { return false };
    let is_environment = |value: &Value<'m>| {
        let part = value.path().map(|path| format!("{path}.NAME"));
        part.is_some_and(|part| !program.facts_of(&part, Kind::Environment).is_empty())
    };
    let is_parsed = |made: &Site| {
        let given = &program.units.calls[made.call].call.arguments;
        given.iter().any(|each| program.values(&each.value, made.frame).iter().any(is_environment))
    };
    program.values(object, frame).iter().any(|value| is_environment(value) || value.sites().iter().any(is_parsed))
}

/// The operands of a test, each with whether the test refuses when it is small: `count` of `if count == 0: return`; also
/// of the tests by which a function of the program says yes or no.
fn sides_of<'m>(
    program: &Program<'m>,
    (test, frame): (&'m Expression, FrameId),
    refuses_when: bool,
    found: &mut Vec<(&'m Expression, bool)>,
    depth: usize,
) {
    if depth > 20 {
        return;
    }
    match &test.kind {
        ExpressionKind::Await(inner) => sides_of(program, (inner, frame), refuses_when, found, depth + 1),
        ExpressionKind::Name(name) => {
            let names = &program.units.units[program.unit_of_frame(frame)].names;
            if let Some([Binding::Value { value, access, operator: None, .. }]) =
                names.get(name.as_str()).map(Vec::as_slice)
                && access.is_empty()
            {
                sides_of(program, (value, frame), refuses_when, found, depth + 1);
            }
        }
        ExpressionKind::Call(call) if depth < FUNCTIONS => {
            sides_within(program, (call, frame), refuses_when, found, depth)
        }
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => {
                found.push((inner, refuses_when));
                sides_of(program, (inner, frame), !refuses_when, found, depth + 1);
            }
            ("and" | "or", all) => {
                all.iter().for_each(|each| sides_of(program, (each, frame), refuses_when, found, depth + 1));
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

/// The operands of the tests by which a function answers: `if len(recent) >= 20: return False`, `return count < 20`.
fn sides_within<'m>(
    program: &Program<'m>,
    (call, frame): (&'m Call, FrameId),
    refuses_when: bool,
    found: &mut Vec<(&'m Expression, bool)>,
    depth: usize,
) {
    let Some(site) = program.units.call_id(call).map(|call| Site { call, frame }) else { return };
    for inner in program.runs(site).iter().filter(|inner| program.frame(**inner).how == How::Call(site)) {
        let unit = program.unit_of_frame(*inner);
        for gate in program.exits(unit, *inner) {
            let answer = match gate.refusal.and_then(|block| block.last()).map(|last| &last.kind) {
                Some(StatementKind::Return(Some(value))) => match value.kind {
                    ExpressionKind::Literal(Literal::Boolean(answer)) => answer,
                    _ => continue,
                },
                _ => continue,
            };
            // The answer by which the caller refuses is given when the test holds, or when it does not.
            let refuses = if answer == refuses_when { gate.refuses_when } else { !gate.refuses_when };
            sides_of(program, (gate.test, *inner), refuses, found, depth + 1);
        }
        if let [answer] = program.units.units[unit].returns.as_slice() {
            sides_of(program, (answer, *inner), refuses_when, found, depth + 1);
        }
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
