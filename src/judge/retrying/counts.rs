//! What counts how often something was tried, and the tests that look at it.

use crate::link::units::Binding;
use crate::link::{FrameId, Program, Site};
use crate::model::{Block, Expression, ExpressionKind, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::loops::leaves;
use super::waits::last_name;
use super::{walk, walk_statement};

/// An arm that goes on only as long as a counter allows, among arms that all leave the loop otherwise:
/// `Err(_) if attempt < LIMIT => attempt += 1`, then `Err(error) => return Err(error)`.
pub(super) fn goes_on_by_count<'m>(
    program: &Program<'m>,
    block: &'m Block,
    frame: FrameId,
    counters: &[String],
) -> bool {
    let [.., last] = block.as_slice() else { return false };
    let mut at = last;
    let mut is_counted = false;
    loop {
        let StatementKind::If { test, then, otherwise } = &at.kind else { return false };
        if !leaves(then) {
            if !needs_count(program, test, frame, counters) {
                return false;
            }
            is_counted = true;
        }
        match otherwise.as_slice() {
            [next] if matches!(next.kind, StatementKind::If { .. }) => at = next,
            // Of the arms of a result the last one stands for the rest.
            [] => return is_counted && leaves(then) && asks_for_variant(test),
            _ => return is_counted && leaves(otherwise),
        }
    }
}

/// Whether a test holds only as long as a counter allows: what holds for something else as well,
/// `attempt < LIMIT || error.is_timeout()`, has no end.
fn needs_count<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, counters: &[String]) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "or" => {
            operands.iter().all(|operand| needs_count(program, operand, frame, counters))
        }
        ExpressionKind::Operator { operator, operands } if operator == "and" => {
            operands.iter().any(|operand| needs_count(program, operand, frame, counters))
        }
        _ => looks_at_count(program, test, frame, counters),
    }
}

/// Whether a loop goes on only as long as a member of an object stays below something, `run.turn < run.limit`, that the
/// functions which it calls count up in every round.
pub(super) fn needs_members_count<'m>(
    program: &Program<'m>,
    test: &'m Expression,
    block: &'m Block,
    frame: FrameId,
) -> bool {
    let mut compared = false;
    walk(
        test,
        &mut |each| compared |= matches!(&each.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "<" | "<=" | ">" | ">=" | "!=")),
    );
    if !compared {
        return false;
    }
    let mut counters = Vec::new();
    let mut open: Vec<(FrameId, usize)> = called_in(program, block, frame).map(|frame| (frame, 1)).collect();
    let (mut at, mut is_cut) = (0, false);
    while let Some((frame, depth)) = open.get(at).copied() {
        if at >= FUNCTIONS {
            is_cut = true;
            break;
        }
        at += 1;
        let Some(function) = program.units.units[program.unit_of_frame(frame)].function else { continue };
        function.body.iter().for_each(|statement| counted_members(statement, &mut counters));
        let further: Vec<(FrameId, usize)> = called_in(program, &function.body, frame)
            .filter(|inner| !open.iter().any(|(known, _)| known == inner))
            .map(|frame| (frame, depth + 1))
            .collect();
        if depth < CALLS {
            open.extend(further);
        } else {
            is_cut |= !further.is_empty();
        }
    }
    // What is counted farther away than anybody looks may be what is compared.
    is_cut && compares_some_member(test) || !counters.is_empty() && compares_member(test, &counters)
}

/// Whether a test holds only as long as some member compares with something.
fn compares_some_member(test: &Expression) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    match operator.as_str() {
        "and" => operands.iter().any(compares_some_member),
        "or" => operands.iter().all(compares_some_member),
        "<" | "<=" | ">" | ">=" => operands.iter().any(|each| matches!(each.kind, ExpressionKind::Member { .. })),
        _ => false,
    }
}

/// Functions, and calls within calls, that are looked into for what they count.
const FUNCTIONS: usize = 60;
const CALLS: usize = 8;

/// The frames of the functions of the program that the calls of a block run.
fn called_in<'m>(program: &Program<'m>, block: &'m Block, frame: FrameId) -> impl Iterator<Item = FrameId> {
    let mut frames = Vec::new();
    for statement in block {
        walk_statement(statement, &mut |each| {
            let ExpressionKind::Call(call) = &each.kind else { return };
            let Some(call) = program.units.call_id(call) else { return };
            frames.extend(program.runs(Site { call, frame }).iter().copied());
        });
    }
    frames.into_iter()
}

/// The names of members that a statement counts up or down, whatever happens: `self.turn += 1`.
fn counted_members(statement: &Statement, counters: &mut Vec<String>) {
    let assignment = match &statement.kind {
        StatementKind::Assign(assignment) => assignment,
        StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => assignment,
        StatementKind::With { body, .. } => return body.iter().for_each(|each| counted_members(each, counters)),
        StatementKind::Try(each) => return each.body.iter().for_each(|each| counted_members(each, counters)),
        _ => return,
    };
    if matches!(assignment.target.kind, ExpressionKind::Member { .. }) {
        counters.extend(counter(assignment));
    }
}

/// Whether a test holds only as long as one of some members compares with something.
fn compares_member(test: &Expression, counters: &[String]) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let is_member =
        |each: &Expression| matches!(each.kind, ExpressionKind::Member { .. }) && is_counter(each, counters);
    match operator.as_str() {
        "and" => operands.iter().any(|operand| compares_member(operand, counters)),
        "or" => operands.iter().all(|operand| compares_member(operand, counters)),
        "<" | "<=" | ">" | ">=" | "!=" => operands.iter().any(is_member),
        _ => false,
    }
}

/// Whether the arms that go on as long as a counter allows are never taken, for it allows one try: `attempt + 1 < 1`.
pub(super) fn allows_one_try<'m>(program: &Program<'m>, block: &'m Block, frame: FrameId, counters: &[String]) -> bool {
    let Some(mut at) = block.last() else { return false };
    let mut is_counted = false;
    loop {
        let StatementKind::If { test, then, otherwise } = &at.kind else { return is_counted };
        if !leaves(then) {
            if at_first(program, test, frame, counters) != Some(false) {
                return false;
            }
            is_counted = true;
        }
        match otherwise.as_slice() {
            [next] => at = next,
            _ => return is_counted,
        }
    }
}

/// Whether every handler of a loop's one try leaves it in the first round: `if attempt >= 1: raise`.
pub(super) fn leaves_at_first<'m>(
    program: &Program<'m>,
    block: &'m Block,
    frame: FrameId,
    counters: &[String],
) -> bool {
    let mut tries = block.iter().filter_map(|statement| match &statement.kind {
        StatementKind::Try(each) => Some(each),
        _ => None,
    });
    let (Some(each), None) = (tries.next(), tries.next()) else { return false };
    let is_left = |statement: &'m Statement| match &statement.kind {
        StatementKind::If { test, then, .. } => leaves(then) && at_first(program, test, frame, counters) == Some(true),
        _ => false,
    };
    !each.handlers.is_empty() && each.handlers.iter().all(|handler| handler.body.iter().any(is_left))
}

/// What a test says in the first round, as far as its counters tell.
fn at_first<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, counters: &[String]) -> Option<bool> {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    let says = |part: &'m Expression| at_first(program, part, frame, counters);
    let [left, right] = operands.as_slice() else { return None };
    match operator.as_str() {
        "and" => operands.iter().any(|part| says(part) == Some(false)).then_some(false),
        "<" | "<=" => {
            let counted = first_count(program, left, frame, counters)?;
            let bound = program.number(right, frame, 0)?;
            Some(if operator == "<" { counted < bound } else { counted <= bound })
        }
        "or" => operands.iter().any(|part| says(part) == Some(true)).then_some(true),
        ">" | ">=" | "==" | "===" => {
            let counted = first_count(program, left, frame, counters)?;
            let bound = program.number(right, frame, 0)?;
            Some(match operator.as_str() {
                ">" => counted > bound,
                ">=" => counted >= bound,
                _ => counted == bound,
            })
        }
        _ => None,
    }
}

/// What a counter stands at in the first round, also with something added: `attempt + 1`.
fn first_count<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, counters: &[String]) -> Option<f64> {
    match &value.kind {
        ExpressionKind::Name(name) if counters.iter().any(|counter| counter == name) => {
            let bindings = program.units.units[program.unit_of_frame(frame)].names.get(name.as_str())?;
            let mut starts = bindings.iter().filter_map(|binding| match binding {
                Binding::Value { value, operator: None, .. } => Some(*value),
                _ => None,
            });
            let start = starts.next()?;
            program.number(start, frame, 0).filter(|_| starts.next().is_none())
        }
        ExpressionKind::Operator { operator, operands } if operator == "+" => match operands.as_slice() {
            [counter, more] => Some(first_count(program, counter, frame, counters)? + program.number(more, frame, 0)?),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a test is the pattern of an arm: `Err(error)`.
fn asks_for_variant(test: &Expression) -> bool {
    matches!(&test.kind, ExpressionKind::Operator { operator, operands } if operator == "=="
        && operands.iter().any(|operand| matches!(&operand.kind, ExpressionKind::Call(call)
            if matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "Err" | "Ok")))))
}

/// Names that count: `n += 1`, `n = n - 1`, `++n`, and lists that grow or shrink.
pub(super) fn counted(statement: &Statement, counters: &mut Vec<String>) {
    let mut statements = vec![statement];
    while let Some(statement) = statements.pop() {
        match &statement.kind {
            StatementKind::Assign(assignment) => counters.extend(counter(assignment)),
            StatementKind::If { then, otherwise, .. } => statements.extend(then.iter().chain(otherwise)),
            StatementKind::Try(each) => {
                let handlers = each.handlers.iter().flat_map(|handler| &handler.body);
                statements.extend(each.body.iter().chain(handlers).chain(&each.otherwise).chain(&each.finally));
            }
            StatementKind::Block(block) | StatementKind::With { body: block, .. } => statements.extend(block),
            _ => {}
        }
    }
    walk_statement(statement, &mut |expression| match &expression.kind {
        ExpressionKind::Assign(assignment) => counters.extend(counter(assignment)),
        ExpressionKind::Call(call) => {
            if let ExpressionKind::Member { object, name } = &call.callee.kind
                && matches!(
                    name.as_str(),
                    "append" | "push" | "pop" | "popleft" | "shift" | "splice" | "drain" | "remove"
                )
            {
                counters.extend(last_name(object).map(str::to_owned));
            }
        }
        _ => {}
    });
}

fn counter(assignment: &crate::model::Assignment) -> Option<String> {
    let name = last_name(&assignment.target)?;
    let steps = |expression: &Expression| match &expression.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "+" | "-") && operands.iter().any(|operand| last_name(operand) == Some(name))
        }
        // `rest = rest[size:]`, `rest = rest.slice(size)`
        ExpressionKind::Slice { object, .. } => last_name(object) == Some(name),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name: method } => method == "slice" && last_name(object) == Some(name),
            _ => false,
        },
        _ => false,
    };
    let counts = matches!(assignment.operator.as_deref(), Some("+" | "-"))
        || assignment.operator.is_none() && assignment.value.as_ref().is_some_and(steps);
    counts.then(|| name.to_owned())
}

/// Whether a test depends on a counter or on the time.
pub(super) fn looks_at_count<'m>(
    program: &Program<'m>,
    test: &'m Expression,
    frame: FrameId,
    counters: &[String],
) -> bool {
    let mut found = false;
    walk(test, &mut |each| {
        found |= is_counter(each, counters);
        match &each.kind {
            ExpressionKind::Name(name) => found |= holds_count(program, name, frame, counters),
            // `++tries <= LIMIT`
            ExpressionKind::Assign(assignment) => found |= is_counter(&assignment.target, counters),
            _ => {}
        }
        if let ExpressionKind::Call(call) = &each.kind
            && let Some(call) = program.units.call_id(call)
        {
            let site = Site { call, frame };
            found |= program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Clock));
        }
    });
    found
        || program
            .slice(test, frame)
            .sites
            .iter()
            .any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)))
}

fn is_counter(expression: &Expression, counters: &[String]) -> bool {
    last_name(expression).is_some_and(|name| counters.iter().any(|counter| counter == name))
}

/// Whether a name says how a counter compares with a limit: `again = tries < 3`.
fn holds_count(program: &Program<'_>, name: &str, frame: FrameId, counters: &[String]) -> bool {
    let bindings = program.units.units[program.unit_of_frame(frame)].names.get(name);
    bindings.into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, operator: None, .. } => compares_count(value, counters),
        _ => false,
    })
}

fn compares_count(value: &Expression, counters: &[String]) -> bool {
    let ExpressionKind::Operator { operator, operands } = &value.kind else { return false };
    match operator.as_str() {
        "<" | "<=" | ">" | ">=" | "==" | "!=" => operands.iter().any(|operand| is_counter(operand, counters)),
        "and" | "or" | "not" => operands.iter().any(|operand| compares_count(operand, counters)),
        _ => false,
    }
}

/// An exit of the loop behind such a test: `if attempt >= limit: raise`, or `if attempt < limit: continue` in front of it.
pub(super) fn leaves_by_count<'m>(
    program: &Program<'m>,
    block: &'m Block,
    frame: FrameId,
    counters: &[String],
) -> bool {
    let goes_on = |then: &Block| matches!(then.last(), Some(Statement { kind: StatementKind::Continue, .. }));
    let is_last = |at: usize| at + 1 < block.len() && leaves(block);
    block.iter().enumerate().any(|(at, statement)| match &statement.kind {
        StatementKind::If { test, then, otherwise } => {
            (leaves(then) || leaves(otherwise)) && looks_at_count(program, test, frame, counters)
                || goes_on(then) && is_last(at) && needs_count(program, test, frame, counters)
                || leaves_by_count(program, then, frame, counters)
                || leaves_by_count(program, otherwise, frame, counters)
        }
        StatementKind::Try(each) => {
            let handlers = each.handlers.iter().map(|handler| &handler.body);
            [&each.body, &each.otherwise, &each.finally]
                .into_iter()
                .chain(handlers)
                .any(|block| leaves_by_count(program, block, frame, counters))
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => {
            leaves_by_count(program, block, frame, counters)
        }
        _ => false,
    })
}
