//! Loops that repeat an external call.

use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::{Block, Call, Expression, ExpressionKind, Literal, Loop, LoopKind, Statement, StatementKind};

use super::answers::is_left_when_answered;
use super::counts::{
    allows_one_try, counted, goes_on_by_count, leaves_at_first, leaves_by_count, looks_at_count, needs_members_count,
};
use super::items::sends_results;
use super::last_rounds::ends_by_its_test;
use super::progress::moves_on;
use super::steps_back::steps_back;
use super::turns::keeps_answers;
use super::waits::{Waits, grow, last_name, numbers};
use super::{Construct, Leads, Repeats, walk, walk_statement};
use crate::judge::case::Case;

/// The loops of a unit that retry an external call.
pub(super) fn loops(case: &Case<'_, '_>, unit: UnitId) -> Vec<Construct> {
    let program = case.program;
    let frame = program.open_frame(unit);
    let mut all: Vec<Construct> = Vec::new();
    for node in &program.units.units[unit].nodes {
        let NodeKind::Loop(each) = program.units.nodes[*node].kind else { continue };
        // A loop over what a retry library hands out is that library's.
        if each.over.as_ref().is_some_and(|over| is_library(case, over, frame)) {
            continue;
        }
        let Some(Asked { api, repeats, call }) = repeated_call(case, unit, *node, frame) else { continue };
        if let Some(bounded) = steps_back(program, *node, call, frame) {
            let statements: Vec<&Statement> = each.body.iter().collect();
            all.push(Construct {
                module: program.units.units[unit].module,
                span: program.units.nodes[*node].span,
                name: api,
                how: Repeats::Loop(*node),
                bounded,
                exponential: Waits::among(case, &statements, frame).are_exponential(program),
                after_failure: true,
                attempts: None,
            });
            continue;
        }
        if moves_on(each, program.units.calls[call].call, repeats || !is_dropped(program, call)) {
            continue;
        }
        if keeps_answers(program, each, call, frame) {
            continue;
        }
        if !repeats && sends_results(each, program.units.calls[call].call) {
            continue;
        }
        let Some((bounded, exponential)) = retries(case, each, frame, repeats) else { continue };
        all.push(Construct {
            module: program.units.units[unit].module,
            span: program.units.nodes[*node].span,
            name: api,
            how: Repeats::Loop(*node),
            bounded,
            exponential,
            after_failure: repeats,
            attempts: each.over.as_ref().and_then(|over| times(program, over, frame)),
        });
    }
    all
}

fn is_library<'m>(case: &Case<'_, 'm>, over: &'m Expression, frame: FrameId) -> bool {
    case.program.values(over, frame).iter().any(|value| {
        value.path().is_some_and(|path| !case.guards.facts(path, value.sites().last().copied(), "A2").is_empty())
    })
}

/// The call of a loop that is or leads to an external one.
struct Asked {
    api: String,
    /// Whether it is made again because it failed.
    repeats: bool,
    call: CallId,
}

/// The external call that a loop repeats.
fn repeated_call(case: &Case<'_, '_>, unit: UnitId, node: NodeId, frame: FrameId) -> Option<Asked> {
    let program = case.program;
    let mut found: Option<Asked> = None;
    let test = match program.units.nodes[node].kind {
        NodeKind::Loop(Loop { kind: LoopKind::While, over, .. }) => over.as_ref(),
        _ => None,
    };
    for call in &program.units.units[unit].calls {
        let info = &program.units.calls[*call];
        let chain: Vec<NodeId> = program.units.ancestors(info.node).map(|(id, _)| id).collect();
        // The innermost loop around a call is the one that repeats it.
        let innermost = chain.iter().find(|id| matches!(program.units.nodes[**id].kind, NodeKind::Loop(_)));
        if innermost != Some(&node) {
            continue;
        }
        let site = Site { call: *call, frame };
        let Some(api) = Leads::of(case, site).external else { continue };
        let is_tried = chain.iter().take_while(|id| **id != node).any(|id| match program.units.nodes[*id].kind {
            NodeKind::TryBody(each) => each.handlers.iter().any(|handler| goes_on(&handler.body, test)),
            _ => false,
        });
        let repeats = is_tried && !(is_dropped(program, *call) && Leads::failing(case, site).external.is_none())
            || is_caught_in_place(program, site, test)
            || leaves_on_success(program, node, site)
            || goes_on_after_failure(program, node)
            || is_left_when_answered(case, node, site);
        if found.as_ref().is_none_or(|known| !known.repeats) {
            found = Some(Asked { api, repeats, call: *call });
        }
    }
    found
}

/// Whether nobody looks at what a call answers: it is a statement of its own.
fn is_dropped(program: &Program<'_>, call: CallId) -> bool {
    let info = &program.units.calls[call];
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let StatementKind::Expression(value) = &statement.kind else { return false };
    let mut value = value;
    while let ExpressionKind::Await(inner) = &value.kind {
        value = inner;
    }
    matches!(&value.kind, ExpressionKind::Call(whole) if std::ptr::eq(whole.as_ref(), info.call))
}

/// `.catch(() => undefined)` on the call itself, unless what catches it ends the loop.
fn is_caught_in_place(program: &Program<'_>, site: Site, test: Option<&Expression>) -> bool {
    let info = &program.units.calls[site.call];
    let ends = |catching: &Call| match catching.arguments.first().map(|first| &first.value.kind) {
        Some(ExpressionKind::Function(function)) => {
            function.body.iter().any(|statement| ends_by_its_test(statement, test))
        }
        _ => false,
    };
    program.units.units[info.unit].calls.iter().any(|call| {
        let other = program.units.calls[*call].call;
        other.span.start == info.call.span.start
            && other.span.end > info.call.span.end
            && matches!(&other.callee.kind, ExpressionKind::Member { name, .. } if name == "catch")
            && !ends(other)
    })
}

/// Whether a handler lets the loop with this test run again: it does not always leave it, nor make the test fail.
fn goes_on(block: &Block, test: Option<&Expression>) -> bool {
    for statement in block {
        match &statement.kind {
            StatementKind::Raise(_) | StatementKind::Return(_) | StatementKind::Break => return false,
            _ if ends_by_its_test(statement, test) => return false,
            // `if attempt < limit: wait; continue`, and then it gives up.
            _ if continues(statement) => return true,
            _ => {}
        }
    }
    true
}

/// Whether a statement can start the next round.
pub(super) fn continues(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Continue => true,
        StatementKind::If { then, otherwise, .. } => then.iter().chain(otherwise).any(continues),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => block.iter().any(continues),
        _ => false,
    }
}

/// Whether a loop is left when a test of success holds: `if reply.ok: return reply`, `Ok(reply) => return reply`.
fn leaves_on_success(program: &Program<'_>, node: NodeId, site: Site) -> bool {
    let unit = program.units.calls[site.call].unit;
    program.units.units[unit].nodes.iter().any(|id| {
        let each = &program.units.nodes[*id];
        let NodeKind::If { test, then, otherwise, .. } = each.kind else { return false };
        let inside = program.units.ancestors(*id).any(|(around, _)| around == node);
        let exits = leaves(then) != leaves(otherwise);
        inside && exits && tests_failure(test)
    })
}

/// Whether a loop goes on as long as an answer is a failure: `while reply.status >= 500`, `i < 3 && !reply.ok`.
fn goes_on_after_failure(program: &Program<'_>, node: NodeId) -> bool {
    let NodeKind::Loop(Loop { kind: LoopKind::While, over: Some(test), .. }) = program.units.nodes[node].kind else {
        return false;
    };
    let is_failure = |operand: &Expression| matches!(operand.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 429.0 || number >= 499.0);
    let mut found = false;
    walk(test, &mut |each| {
        if let ExpressionKind::Operator { operator, operands } = &each.kind {
            let asks = operands.iter().any(tests_failure);
            let is_status =
                operands.iter().filter_map(last_name).any(|name| name.to_ascii_lowercase().contains("status"));
            found |= match operator.as_str() {
                "not" => asks,
                "==" | ">=" | ">" | "in" => is_status && operands.iter().any(is_failure),
                _ => false,
            };
        }
    });
    found
}

/// Whether a block ends by leaving the loop.
pub(super) fn leaves(block: &Block) -> bool {
    block.last().is_some_and(|statement| match &statement.kind {
        StatementKind::Return(_) | StatementKind::Break | StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => leaves(then) && leaves(otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => leaves(block),
        _ => false,
    })
}

/// Whether a test asks if a request failed: its status, or which variant a result is.
pub(super) fn tests_failure(test: &Expression) -> bool {
    let mut found = false;
    walk(test, &mut |each| match &each.kind {
        ExpressionKind::Member { name, .. } => {
            found |= matches!(
                name.as_str(),
                "ok" | "is_ok"
                    | "is_err"
                    | "status_code"
                    | "statusCode"
                    | "is_success"
                    | "is_error"
                    | "is_server_error"
                    | "is_client_error"
            );
        }
        ExpressionKind::Call(call) => {
            found |= matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Ok" || name == "Err");
        }
        // `reply.status === 429`
        ExpressionKind::Operator { operands, .. } => {
            let status = operands.iter().any(
                |operand| matches!(last_name(operand), Some(name) if name.to_ascii_lowercase().ends_with("status")),
            );
            let number = operands.iter().any(is_number);
            found |= status && number;
        }
        _ => {}
    });
    found
}

fn is_number(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Number(_)) => true,
        ExpressionKind::List(items) => items.iter().all(is_number),
        _ => false,
    }
}

/// Whether a loop is a retry, and then whether it is bounded and waits exponentially.
fn retries<'m>(case: &Case<'_, 'm>, each: &'m Loop, frame: FrameId, repeats: bool) -> Option<(bool, bool)> {
    let program = case.program;
    let statements: Vec<&'m Statement> = each.body.iter().chain(&each.step).collect();
    let exponential = || Waits::among(case, &statements, frame).are_exponential(program);
    // `for i in range(n): try: ideas.append(ask(i)) except: continue`: so many things, each asked for once.
    if counts_rounds(each) && !is_left(&each.body) {
        return None;
    }
    if each.kind == LoopKind::Each {
        // Over numbers it counts attempts, over anything else it goes through things.
        let over = each.over.as_ref()?;
        if let Some(delays) = numbers(program, over, frame) {
            return repeats.then(|| (true, grow(&delays)));
        }
        let endless = is_endless(over);
        return (repeats && (endless || is_range(over)))
            .then(|| (!endless || ends(program, each, frame), exponential()));
    }
    if reads_input(each) {
        return None;
    }
    if tries_once(program, each, frame) {
        return None;
    }
    let bounded = ends(program, each, frame);
    // A bounded loop that does not go on after a failure polls or pages; only an unbounded one is a fault.
    if !repeats && (bounded || pages(&each.body)) {
        return None;
    }
    // A loop that nothing leaves is what the program is there for: a service, a schedule.
    if !bounded && each.over.is_none() && !is_left(&each.body) {
        return None;
    }
    Some((bounded, exponential()))
}

/// Whether nothing but its counter ends a loop: `for i in range(n)`, `for (let i = 0; i < n; i++)`.
fn counts_rounds(each: &Loop) -> bool {
    let Some(over) = &each.over else { return false };
    if each.kind == LoopKind::Each {
        return true;
    }
    let mut counters = Vec::new();
    each.step.iter().for_each(|statement| counted(statement, &mut counters));
    let is_counter =
        |operand: &Expression| last_name(operand).is_some_and(|name| counters.iter().any(|each| each == name));
    match &over.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "<" | ">" | "<=" | ">=" | "!=") && operands.iter().any(is_counter)
        }
        _ => false,
    }
}

/// Whether something in a loop leaves it in the ordinary course of things.
fn is_left(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Return(_) | StatementKind::Break => true,
        // Something else has come first that ends the loop: `select! { _ = stopped => break, .. }`.
        StatementKind::If { test, then, otherwise } if is_other_event(test, then) => is_left(otherwise),
        StatementKind::If { then, otherwise, .. } => is_left(then) || is_left(otherwise),
        StatementKind::Try(each) => is_left(&each.body) || is_left(&each.otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => is_left(block),
        // A `break` of an inner loop leaves only that one.
        StatementKind::Loop(each) => returns(&each.body),
        _ => false,
    })
}

/// Whether a branch is taken when something has come of which nobody looks at what it brings.
fn is_other_event(test: &Expression, then: &Block) -> bool {
    let binds = matches!(then.first().map(|first| &first.kind), Some(StatementKind::Assign(first)) if first.declares);
    matches!(&test.kind, ExpressionKind::Name(name) if name == "_") && !binds
}

fn returns(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Return(_) => true,
        StatementKind::If { then, otherwise, .. } => returns(then) || returns(otherwise),
        StatementKind::Try(each) => returns(&each.body) || returns(&each.otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => returns(block),
        StatementKind::Loop(each) => returns(&each.body),
        _ => false,
    })
}

/// `range(3)`, `0..3`, `Array(3).keys()`
fn is_range(over: &Expression) -> bool {
    match &over.kind {
        ExpressionKind::Call(call) => {
            let name = last_name(&call.callee).unwrap_or("");
            let wraps =
                matches!(name, "enumerate" | "rev" | "reversed" | "keys" | "Array" | "from" | "fill" | "tqdm" | "list");
            let receiver = match &call.callee.kind {
                ExpressionKind::Member { object, .. } => is_range(object),
                _ => false,
            };
            name == "range"
                || wraps
                    && (receiver
                        || call
                            .arguments
                            .iter()
                            .any(|argument| is_range(&argument.value) || name == "Array" && is_number(&argument.value)))
        }
        ExpressionKind::Operator { operator, .. } => operator.starts_with(".."),
        ExpressionKind::List(items) => items.iter().any(|item| match &item.kind {
            ExpressionKind::Spread(inner) => is_range(inner),
            _ => false,
        }),
        _ => false,
    }
}

/// Whether a loop goes over numbers: attempts, or the waits between them.
pub fn counts_attempts<'m>(case: &Case<'_, 'm>, each: &'m Loop, frame: FrameId) -> bool {
    each.over.as_ref().is_some_and(|over| {
        is_range(over)
            || is_endless(over)
            || numbers(case.program, over, frame).is_some()
            || is_library(case, over, frame)
    })
}

/// `itertools.count()`, `0..`
fn is_endless(over: &Expression) -> bool {
    match &over.kind {
        ExpressionKind::Call(call) => last_name(&call.callee) == Some("count"),
        ExpressionKind::Operator { operator, operands } => {
            let is_open = |end: &Expression| matches!(end.kind, ExpressionKind::Literal(Literal::Null));
            operator.starts_with("..") && operands.last().is_none_or(is_open)
        }
        _ => false,
    }
}

/// How often a loop over numbers runs.
fn times<'m>(program: &Program<'m>, over: &'m Expression, frame: FrameId) -> Option<f64> {
    if let Some(delays) = numbers(program, over, frame) {
        return Some(delays.len() as f64);
    }
    let number = |expression: &'m Expression| program.number(expression, frame, 0);
    match &over.kind {
        ExpressionKind::Call(call) if last_name(&call.callee) == Some("range") => {
            match call.arguments.iter().map(|argument| number(&argument.value)).collect::<Option<Vec<_>>>()?.as_slice()
            {
                [end] => Some(*end),
                [start, end] => Some(end - start),
                _ => None,
            }
        }
        ExpressionKind::Operator { operator, operands } => {
            let (start, end) = (number(operands.first()?)?, number(operands.get(1)?)?);
            match operator.as_str() {
                ".." | "<" => Some(end - start),
                "..=" => Some(end - start + 1.0),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a loop ends after so many rounds or so much time: its test, or an exit in it, looks at a counter or a clock.
fn ends<'m>(program: &Program<'m>, each: &'m Loop, frame: FrameId) -> bool {
    let mut counters = Vec::new();
    for statement in each.body.iter().chain(&each.step) {
        counted(statement, &mut counters);
    }
    if let Some(target) = each.target.as_ref().and_then(last_name) {
        counters.push(target.to_owned());
    }
    let test = each.over.as_ref().filter(|_| each.kind == LoopKind::While);
    test.is_some_and(|test| looks_at_count(program, test, frame, &counters))
        || test.is_some_and(|test| needs_members_count(program, test, &each.body, frame))
        || leaves_by_count(program, &each.body, frame, &counters)
        || goes_on_by_count(program, &each.body, frame, &counters)
}

/// Whether a loop allows no second round.
fn tries_once<'m>(program: &Program<'m>, each: &'m Loop, frame: FrameId) -> bool {
    let mut counters = Vec::new();
    each.body.iter().chain(&each.step).for_each(|statement| counted(statement, &mut counters));
    allows_one_try(program, &each.body, frame, &counters) || leaves_at_first(program, &each.body, frame, &counters)
}

/// A loop that waits for something to come in is no retry: a prompt, a queue, a socket, a stream.
fn reads_input(each: &Loop) -> bool {
    let mut found = false;
    let mut look = |expression: &Expression| {
        if let ExpressionKind::Call(call) = &expression.kind {
            found |= is_input(call);
        }
    };
    each.over.iter().for_each(|over| walk(over, &mut look));
    for statement in &each.body {
        walk_statement(statement, &mut look);
    }
    found
}

/// Whether a call waits for what comes in.
pub(super) fn is_input(call: &Call) -> bool {
    last_name(&call.callee).is_some_and(|name| INPUT.contains(&name))
}

/// What a loop over things that come in asks for the next one.
const INPUT: [&str; 26] = [
    "input",
    "readline",
    "read_line",
    "read",
    "recv",
    "receive",
    "receive_text",
    "receive_json",
    "receive_message",
    "receive_messages",
    "prompt",
    "question",
    "next",
    "get_updates",
    "getUpdates",
    "accept",
    "brpop",
    "blpop",
    "brPop",
    "blPop",
    "xread",
    "xreadgroup",
    "poll_next",
    "readLine",
    "next_line",
    "getMessage",
];

/// `cursor = page.next` and an exit without it: a loop through pages.
fn pages(block: &Block) -> bool {
    let mut found = false;
    for statement in block {
        walk_statement(statement, &mut |expression| {
            if let Some(name) = last_name(expression) {
                let name = name.to_ascii_lowercase().replace('_', "");
                found |= ["cursor", "page", "nexttoken", "offset", "hasmore", "continuation"]
                    .iter()
                    .any(|part| name.contains(part));
            }
        });
    }
    found
}
