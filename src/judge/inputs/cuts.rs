//! Cuts: which slices and which calls leave only so much of what they are given, however long it is.
//!
//! What begins at a fixed place and goes on to the end is as long as the whole, and so is what only ends before the
//! end: a cut has a stop that is counted from the start, or a start that is counted from the end.

use crate::link::flow::children;
use crate::link::units::{Access, Binding, NodeKind};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::super::conditions::fallback::walk;
use super::words::is_list_name;

/// Expressions within expressions.
const DEPTH: usize = 12;

/// Whether a slice is a cut: `turns[-20:]`, `text[:4000]`; not `turns[1:]`, `turns[:-1]`, `turns[::2]`.
pub(super) fn slice_is_cut<'m>(
    program: &Program<'m>,
    start: Option<&'m Expression>,
    stop: Option<&'m Expression>,
    frame: FrameId,
) -> bool {
    stop.is_some_and(|stop| !ends_relatively(program, stop, frame))
        || start.is_some_and(|start| starts_relatively(program, start, frame))
}

/// Whether a call cuts what it is called on: `text.slice(0, 4000)`, `turns.slice(-20)`; not `turns.slice(1)`.
pub(super) fn call_is_cut<'m>(program: &Program<'m>, method: &str, call: &'m Call, frame: FrameId) -> bool {
    let argument = |at: usize| call.arguments.get(at).map(|argument| &argument.value);
    match method {
        "slice" => slice_is_cut(program, argument(0), argument(1), frame),
        // What is counted from the end counts as zero here.
        "substring" => argument(1).is_some_and(|stop| !ends_relatively(program, stop, frame)),
        // A start and a length: that of the items that are taken out for `splice`, which returns them.
        "substr" | "splice" => slice_is_cut(program, argument(0), argument(1), frame),
        "split_off" => argument(0).is_some_and(|start| starts_relatively(program, start, frame)),
        "truncate" | "take" | "takeLast" | "takeRight" | "head" | "tail" | "last" | "limit" | "shorten" => {
            // `limit(Number.MAX_SAFE_INTEGER)` cuts nothing, nor does `limit(0)`.
            let is_none = |most: f64| most.is_infinite() || method == "limit" && most == 0.0;
            argument(0).is_some_and(|most| !program.number(most, frame, 0).is_some_and(is_none))
        }
        _ => false,
    }
}

/// Whether a start is counted from the end: `-20`, `turns.length - 20`. One that is not known counts; one that is looked
/// for (`text.indexOf(" ") + 1`) or measured of something else (`len(prefix)`) is a place in the text.
fn starts_relatively<'m>(program: &Program<'m>, start: &'m Expression, frame: FrameId) -> bool {
    if let Some(number) = program.number(start, frame, 0) {
        return number < 0.0;
    }
    let slice = program.slice(start, frame);
    let subtracts = slice.parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Operator { operator, .. } => operator == "-",
        ExpressionKind::Assign(assignment) => assignment.operator.as_deref() == Some("-"),
        ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "saturating_sub" | "checked_sub")),
        _ => false,
    });
    subtracts || !is_found(program, start, frame)
}

/// Whether a place is what a call finds or how long something is, also behind the one name for it and with some added.
fn is_found<'m>(program: &Program<'m>, place: &'m Expression, frame: FrameId) -> bool {
    match &place.kind {
        ExpressionKind::Literal(_) | ExpressionKind::Call(_) => true,
        ExpressionKind::Member { name, .. } => name == "length",
        ExpressionKind::Operator { operator, operands } if operator == "+" => {
            operands.iter().any(|operand| is_found(program, operand, frame))
        }
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, .. }]) if !value.span.contains(place.span) => {
                    !matches!(value.kind, ExpressionKind::Name(_)) && is_found(program, value, frame)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a stop is counted from the end: `-1`, `turns.length - 1`, `len(text)`, or is none at all.
fn ends_relatively<'m>(program: &Program<'m>, stop: &'m Expression, frame: FrameId) -> bool {
    if let Some(number) = program.number(stop, frame, 0) {
        return number < 0.0 || number.is_infinite();
    }
    let of_length = |part: &'m Expression, frame: FrameId| match &part.kind {
        ExpressionKind::Operator { operator, operands } if operator == "-" => match operands.as_slice() {
            [_] => true,
            [whole, ..] => is_length(program, whole, frame),
            [] => false,
        },
        _ => is_length(program, part, frame),
    };
    matches!(stop.kind, ExpressionKind::Literal(_)) || of_length(stop, frame) || {
        let values = program.values(stop, frame);
        !values.is_empty()
            && values.iter().all(|value| match value {
                // `[:None]` goes on to the end.
                Value::Data { expression, frame } => is_null(expression.0) || of_length(expression.0, *frame),
                _ => false,
            })
    }
}

fn is_null(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null))
}

/// Whether an expression is how long something is.
fn is_length<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    match &expression.kind {
        ExpressionKind::Member { name, .. } => name == "length",
        ExpressionKind::Call(call) => {
            let measures = || {
                program.units.call_id(call).is_some_and(|call| {
                    let paths = program.callee_paths(Site { call, frame });
                    paths.iter().any(|path| program.is_a(path, Kind::Measure))
                })
            };
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "len" | "count"))
                || measures()
        }
        _ => false,
    }
}

/// Marks what takes so much each time that it is called: in a loop it takes all.
const PART: &str = "part";

/// Whether a call of a library cuts what it is given, or what it is called on.
pub(super) fn trims(program: &Program<'_>, site: Site) -> bool {
    let in_loop = || {
        let mut around = program.units.ancestors(program.units.calls[site.call].node);
        around.any(|(_, node)| matches!(node.kind, NodeKind::Loop(_)))
    };
    program
        .callee_paths(site)
        .iter()
        .flat_map(|path| program.facts_of(path, Kind::Trim))
        .any(|(_, fact)| program.applies(fact, site) && !(fact.role.as_deref() == Some(PART) && in_loop()))
}

/// Whether an expression is a cut, as a slice or by a call.
pub(super) fn is_cut_here<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    match &expression.kind {
        ExpressionKind::Slice { start, stop, .. } => slice_is_cut(program, start.as_deref(), stop.as_deref(), frame),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => call_is_cut(program, name, call, frame),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a value is cut somewhere in it, also by a function of the program that returns it. The objects of a list are
/// its items: what is cut in them is not the list.
pub(super) fn is_cut_within<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    if is_cut_here(program, value, frame) || returns_a_cut(program, value, frame, depth) {
        return true;
    }
    let of_list = matches!(value.kind, ExpressionKind::List(_));
    if let Some(made) = makes_an_object(program, value, frame) {
        // `Thread(title[:50])` holds more than its title.
        let mut given = made.arguments.iter().filter(|argument| is_of_conversation(argument));
        return given.any(|argument| is_cut_within(program, &argument.value, frame, depth + 1));
    }
    let mut cut = false;
    children(value, &mut |child| {
        let is_item = of_list && matches!(child.kind, ExpressionKind::Object(_));
        cut = cut || !is_item && is_cut_within(program, child, frame, depth + 1);
    });
    cut
}

/// The call that makes an object of a class that is written in the program, where an expression is one.
fn makes_an_object<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> Option<&'m Call> {
    let ExpressionKind::Call(call) = &value.kind else { return None };
    let makes = program.values(&call.callee, frame).iter().any(|value| matches!(value, Value::Class(_)));
    makes.then_some(call)
}

/// Whether what an object is made with is a conversation by its name: `Thread(turns[-20:])`, `Thread(history=old[-20:])`.
fn is_of_conversation(given: &Argument) -> bool {
    let mut found = given.name.as_deref().is_some_and(is_list_name);
    walk(&given.value, &mut |each| {
        found |= match &each.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => is_list_name(name),
            ExpressionKind::Index { index, .. } => {
                matches!(&index.kind, ExpressionKind::Literal(Literal::Text(key)) if is_list_name(key))
            }
            _ => false,
        };
    });
    found
}

/// Whether an expression calls a function of the program that returns a cut: `trimmed(history)`.
pub(super) fn returns_a_cut<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
    let ExpressionKind::Call(call) = &value.kind else { return false };
    let Some(id) = program.units.call_id(call).filter(|_| depth <= DEPTH) else { return false };
    program.callees(&call.callee, frame).iter().any(|callee| {
        let Value::Function { unit, closure, receiver } = callee else { return false };
        let entered = program.enter(*unit, *closure, receiver.clone(), How::Call(Site { call: id, frame }));
        entered.is_some_and(|inner| {
            let returned = program.units.units[*unit].returns.iter();
            let mut given = returned.filter(|each| !program.is_never_given(each, inner));
            given.any(|each| ends_in_a_cut(program, each, inner, depth + 4))
        })
    })
}

/// Whether a list is a cut, also behind what stands for the rest: `[summary, *turns[-8:]]`, `[summary] + recent`.
fn ends_in_a_cut<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let is_cut = |inner: &'m Expression| ends_in_a_cut(program, inner, frame, depth + 1);
    if is_cut_here(program, value, frame) || returns_a_cut(program, value, frame, depth) {
        return true;
    }
    match &value.kind {
        ExpressionKind::Await(inner) => is_cut(inner),
        ExpressionKind::List(items) => {
            let mut spread = items.iter().filter_map(|item| match &item.kind {
                ExpressionKind::Spread(inner) => Some(inner.as_ref()),
                _ => None,
            });
            spread.any(is_cut)
        }
        ExpressionKind::Operator { operator, operands } if operator == "+" => operands.iter().any(is_cut),
        ExpressionKind::Name(name) => one_value(program, name, frame).is_some_and(is_cut),
        _ => false,
    }
}

/// The one value that a name of a function is given, also as one of several: `old, recent = turns[:-8], turns[-8:]`.
fn one_value<'m>(program: &Program<'m>, name: &str, frame: FrameId) -> Option<&'m Expression> {
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let Some([Binding::Value { value, access, operator: None, .. }]) = unit.names.get(name).map(Vec::as_slice) else {
        return None;
    };
    match (access.as_slice(), &value.kind) {
        ([], _) => Some(*value),
        ([Access::Position(place)], ExpressionKind::List(items)) => items.get(*place),
        _ => None,
    }
}
