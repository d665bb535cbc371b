//! Windows that are written by hand: a list that is filled, or emptied, until what it holds is within a budget.

use crate::link::flow::Gate;
use crate::link::units::{Binding, CallId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Assignment, Call, Clause, Expression, ExpressionKind, Literal, LoopKind};

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
    kept_within(program, &program.gates(Site { call, frame }), Some(object))
}

/// The window that a function of the program fills and gives back: `recent(turns, budget)`, which pushes turns onto a list
/// of its own until their lengths are above the budget.
pub(super) fn given_back<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> Option<Window> {
    let ExpressionKind::Call(call) = &value.kind else { return None };
    let site = Site { call: program.units.call_id(call)?, frame };
    let runs = program.runs(site);
    let entered = runs.iter().copied().filter(|inner| program.frame(*inner).how == How::Call(site));
    let filled_in = |inner: FrameId| {
        let unit = program.unit_of_frame(inner);
        let returned = program.units.units[unit].returns.iter().filter_map(|each| whole_of(each));
        let windows: Option<Vec<Window>> = returned
            .flat_map(|list| program.growth(list, unit))
            .map(|(call, _)| filled(program, call, inner))
            .collect();
        windows?.into_iter().max_by_key(|window| *window == Window::Count)
    };
    let windows: Option<Vec<Window>> = entered.map(filled_in).collect();
    windows?.into_iter().max_by_key(|window| *window == Window::Count)
}

/// The name of a list that is given back as it is, or in another order: `kept`, `kept.reverse()`.
fn whole_of(returned: &Expression) -> Option<&str> {
    match &returned.kind {
        ExpressionKind::Name(name) => Some(name),
        ExpressionKind::Call(call) if call.arguments.is_empty() => match &call.callee.kind {
            ExpressionKind::Member { object, name } if name.to_ascii_lowercase().contains("revers") => whole_of(object),
            _ => None,
        },
        _ => None,
    }
}

/// The window of which a list is made anew item by item: `kept = [turn, ...kept]` behind `total += turn.length` and
/// `if (total > budget) break`.
pub(super) fn refilled<'m>(program: &Program<'m>, name: &str, value: &'m Expression, frame: FrameId) -> Option<Window> {
    let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(own) if own == name);
    let parts: &[Expression] = match &value.kind {
        ExpressionKind::List(items) => items,
        ExpressionKind::Operator { operator, operands } if operator == "+" => operands,
        _ => return None,
    };
    let goes_on = parts.iter().any(|part| match &part.kind {
        ExpressionKind::Spread(inner) => is_it(inner),
        _ => is_it(part) && !matches!(value.kind, ExpressionKind::List(_)),
    });
    if !goes_on {
        return None;
    }
    let unit = program.unit_of_frame(frame);
    let mut nodes = program.units.units[unit].nodes.iter().filter_map(|node| {
        let assignment = program.units.nodes[*node].kind.assignment()?;
        let is_here = assignment.value.as_ref().is_some_and(|given| std::ptr::eq(given, value));
        is_here.then_some((*node, &assignment.target))
    });
    let (node, target) = nodes.next()?;
    kept_within(program, &program.gates_in_front(unit, node, frame), Some(target))
}

/// What the tests in front of something bound together that is done for item after item.
fn kept_within<'m>(program: &Program<'m>, gates: &[Gate<'m>], list: Option<&'m Expression>) -> Option<Window> {
    gates.iter().find_map(|gate| {
        let slice = program.slice(gate.test, gate.frame);
        if !is_comparison(program, &slice) || is_open(program, gate.test, gate.frame) {
            return None;
        }
        let sums = slice.parts.iter().any(|(part, frame)| adds_lengths_up(program, part, *frame));
        let measured = lengths(program, &slice);
        let is_list = |measured: &Expression| list.is_some_and(|list| is_same_name(measured, list));
        // `encode(JSON.stringify([...kept, turn])).length > most`
        let holds_list = |measured: &Expression| list.is_some_and(|list| is_made_of(measured, list));
        if sums || measured.iter().any(|(measured, ..)| holds_list(measured)) {
            return Some(Window::Text);
        }
        measured.iter().any(|(measured, ..)| is_list(measured)).then_some(Window::Count)
    })
}

/// What bounds those of many items that are chosen by marks: `[m for m, keep in zip(messages, kept) if keep]`, where
/// `kept[at] = True` stands behind `left -= len(messages[at])` and `if left < 0: break`.
pub(super) fn chosen<'m>(program: &Program<'m>, clauses: &'m [Clause], frame: FrameId) -> Option<Window> {
    let by_clause = |clause: &'m Clause| {
        clause.tests.iter().find_map(|test| marked_within(program, marks_asked_for(clause, test)?, frame))
    };
    clauses.iter().find_map(by_clause)
}

/// The marks that a test of a comprehension asks for: `keep` of `for m, keep in zip(messages, kept)`, `kept[at]`, and
/// `at in kept`.
fn marks_asked_for<'m>(clause: &'m Clause, test: &'m Expression) -> Option<&'m Expression> {
    match &test.kind {
        ExpressionKind::Index { object, .. } => Some(object),
        ExpressionKind::Operator { operator, operands } if operator == "in" => operands.get(1),
        ExpressionKind::Name(name) => {
            let (ExpressionKind::List(targets), ExpressionKind::Call(call)) = (&clause.target.kind, &clause.over.kind)
            else {
                return None;
            };
            let is_it = |target: &Expression| matches!(&target.kind, ExpressionKind::Name(own) if own == name);
            let goes_together = matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "zip");
            let given = call.arguments.get(targets.iter().position(is_it)?)?;
            goes_together.then_some(&given.value)
        }
        _ => None,
    }
}

/// What is bounded where marks are set, here or in the function of the program that returns them.
fn marked_within<'m>(program: &Program<'m>, marks: &'m Expression, frame: FrameId) -> Option<Window> {
    let names = &program.units.units[program.unit_of_frame(frame)].names;
    let (name, value) = match &marks.kind {
        ExpressionKind::Name(name) => match names.get(name.as_str()).map(Vec::as_slice) {
            Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => {
                (name.as_str(), *value)
            }
            _ => return None,
        },
        _ => ("", marks),
    };
    let made = program.awaited_call(value, frame);
    let runs = made.map(|made| program.runs(made).to_vec()).unwrap_or_default();
    let inner = runs.into_iter().filter(|inner| made.is_some_and(|made| program.frame(*inner).how == How::Call(made)));
    let returned = inner.flat_map(|inner| {
        let returns = program.units.units[program.unit_of_frame(inner)].returns.iter();
        returns.filter_map(move |each| match &each.kind {
            ExpressionKind::Name(name) => Some((name.as_str(), inner)),
            _ => None,
        })
    });
    let mut places: Vec<(&str, FrameId)> = returned.collect();
    if places.is_empty() {
        places.push((name, frame));
    }
    let windows: Option<Vec<Window>> =
        places.into_iter().flat_map(|(name, frame)| set_at(program, name, frame)).collect();
    windows.filter(|windows| !windows.is_empty())?.into_iter().max_by_key(|window| *window == Window::Count)
}

/// What bounds each place at which an entry of a list is marked: `kept[at] = True`, `kept.add(at)`.
fn set_at<'m>(program: &Program<'m>, name: &str, frame: FrameId) -> Vec<Option<Window>> {
    let unit = program.unit_of_frame(frame);
    let is_list = |list: &Expression| matches!(&list.kind, ExpressionKind::Name(own) if own == name);
    let units = &program.units;
    let assigned = units.units[unit].nodes.iter().filter(|node| {
        let Some(Assignment { target, value: Some(value), .. }) = units.nodes[**node].kind.assignment() else {
            return false;
        };
        matches!(&target.kind, ExpressionKind::Index { object, .. } if is_list(object))
            && matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(true)))
    });
    let by_mark = assigned.map(|node| kept_within(program, &program.gates_in_front(unit, *node, frame), None));
    let added = units.units[unit].calls.iter().copied().filter(|call| {
        matches!(&units.calls[*call].call.callee.kind, ExpressionKind::Member { object, name }
            if is_list(object) && matches!(name.as_str(), "add" | "append"))
    });
    by_mark.chain(added.map(|call| filled(program, call, frame))).collect()
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

/// What bounds the items that a function picks one by one: `turns.filter((turn) => { used += turn.length; return used < most })`,
/// `turns.reduceRight((kept, turn) => { used += turn.length; return used < most ? [turn, ...kept] : kept }, [])`.
pub(super) fn picked<'m>(program: &Program<'m>, method: &str, call: &'m Call, frame: FrameId) -> Option<Window> {
    if !matches!(method, "filter" | "reduce" | "reduceRight") {
        return None;
    }
    let given = &call.arguments.first()?.value;
    program.values(given, frame).iter().find_map(|value| {
        let Value::Function { unit, closure, receiver } = value else { return None };
        let inner = program.enter(*unit, *closure, receiver.clone(), How::Framework)?;
        let returns = program.units.units[*unit].returns.iter();
        let tests = returns.flat_map(|returned| {
            let own = match &returned.kind {
                ExpressionKind::Conditional { test, .. } => Some(&**test),
                _ => (method == "filter").then_some(*returned),
            };
            own.into_iter().chain(program.gates_of_result(*unit, returned, inner))
        });
        tests.into_iter().find_map(|test| {
            let slice = program.slice(test, inner);
            let sums = |(part, frame): &(&'m Expression, FrameId)| is_added_up_in(program, part, *unit, *frame);
            let is_within = is_comparison(program, &slice) && !is_open(program, test, inner);
            (is_within && slice.parts.iter().any(sums)).then_some(Window::Text)
        })
    })
}

/// Whether a name, also one of the function around, is a sum of lengths that a function adds to.
fn is_added_up_in<'m>(program: &Program<'m>, part: &'m Expression, unit: UnitId, frame: FrameId) -> bool {
    let ExpressionKind::Name(name) = &part.kind else { return false };
    let assignments = program.units.units[unit].nodes.iter();
    assignments.filter_map(|node| program.units.nodes[*node].kind.assignment()).any(|assignment| {
        matches!(&assignment.target.kind, ExpressionKind::Name(target) if target == name)
            && matches!(assignment.operator.as_deref(), Some("+" | "-"))
            && assignment.value.as_ref().is_some_and(|value| !lengths(program, &program.slice(value, frame)).is_empty())
    })
}

/// Whether a name is a sum of lengths: `total += len(turn)`, `left -= turn.content.length`.
pub(super) fn adds_lengths_up<'m>(program: &Program<'m>, part: &'m Expression, frame: FrameId) -> bool {
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
    is_taken_while_longer(program, call)
        || cuts_in_place(name, &info.call.arguments) && (!takes_one || repeats() || asks())
}

/// Whether a call takes the last item as long as there are more than so many: `while (turns.length > 12) turns.pop()`.
pub(super) fn is_taken_while_longer(program: &Program<'_>, call: CallId) -> bool {
    let info = &program.units.calls[call];
    let ExpressionKind::Member { object, name } = &info.call.callee.kind else { return false };
    if name != "pop" || !info.call.arguments.is_empty() {
        return false;
    }
    let list = Program::written(object);
    let is_length = |each: &Expression| match &each.kind {
        ExpressionKind::Member { object, name } => name == "length" && Program::written(object) == list,
        ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Name(name), [measured]) => name == "len" && Program::written(&measured.value) == list,
            (ExpressionKind::Member { object, name }, []) => name == "len" && Program::written(object) == list,
            _ => false,
        },
        _ => false,
    };
    let is_more = |test: &Expression| match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            (">" | ">=", [left, right]) => is_length(left) && !is_none(right),
            ("<" | "<=", [left, right]) => is_length(right) && !is_none(left),
            _ => false,
        },
        _ => false,
    };
    let around = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::Loop(each) => Some(each),
        _ => None,
    });
    around.is_some_and(|each| each.kind == LoopKind::While && each.over.as_ref().is_some_and(is_more))
}

/// Nought: all that is longer than this is taken out, as work that is done.
fn is_none(limit: &Expression) -> bool {
    matches!(limit.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 0.0)
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

/// Whether a text is made of all that stands in a list: the list is put among others, and what is made of these is measured.
fn is_made_of(measured: &Expression, list: &Expression) -> bool {
    match &measured.kind {
        ExpressionKind::Call(call) => call.arguments.iter().any(|argument| {
            is_same_name(&argument.value, list)
                || is_spread_in(&argument.value, list)
                || is_made_of(&argument.value, list)
        }),
        ExpressionKind::Await(inner) => is_made_of(inner, list),
        _ => false,
    }
}

/// `[...kept, turn]`, `kept + [turn]`
fn is_spread_in(value: &Expression, list: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::List(items) => {
            items.iter().any(|item| matches!(&item.kind, ExpressionKind::Spread(inner) if is_same_name(inner, list)))
        }
        ExpressionKind::Operator { operator, operands } if operator == "+" => {
            operands.iter().any(|operand| is_same_name(operand, list))
        }
        _ => false,
    }
}

fn is_same_name(one: &Expression, other: &Expression) -> bool {
    matches!((&one.kind, &other.kind), (ExpressionKind::Name(one), ExpressionKind::Name(other)) if one == other)
}
