//! Which part of an entry of several parts is asked about: of `{ client, since }` the time says nothing of the client.

use crate::link::units::Binding;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::quantities::{Quantity, Source};
use super::writes::{Write, is_of_the_language};

/// Names and functions within each other that are followed to what is put somewhere.
const STEPS: usize = 8;

/// Whether a record puts a thing (a connection, a client) where a quantity is looked for: there is nothing to count, however
/// old it is.
pub(super) fn puts_a_thing<'m>(program: &Program<'m>, write: &Write<'m>, quantity: &Quantity<'m>) -> bool {
    // What a statement is given are no parts of the row that it answers with.
    if quantity.source != Source::Process {
        return false;
    }
    // The part that was read last lies in the entry itself.
    let put = quantity.parts.iter().rev().find_map(|part| {
        write.values.iter().find_map(|(value, frame)| part_of(program, value, *frame, part, 0).map(|put| (put, *frame)))
    });
    put.is_some_and(|(put, frame)| !may_count(program, put, frame, 0))
}

/// What an entry that is written out holds under a key, or at a place.
fn part_of<'m>(
    program: &Program<'m>,
    entry: &'m Expression,
    frame: FrameId,
    part: &str,
    depth: usize,
) -> Option<&'m Expression> {
    match &entry.kind {
        ExpressionKind::Object(entries) => {
            entries.iter().find(|each| each.key.as_deref() == Some(part)).map(|each| &each.value)
        }
        // `Kept { client, since }`, `Kept(client=client, since=now)`
        ExpressionKind::Call(call) => {
            call.arguments.iter().find(|each| each.name.as_deref() == Some(part)).map(|each| &each.value)
        }
        ExpressionKind::List(items) => items.get(part.parse::<usize>().ok()?),
        ExpressionKind::Name(name) if depth < STEPS => {
            let bindings = program.units.units[program.unit_of_frame(frame)].names.get(name.as_str())?;
            match bindings.as_slice() {
                [Binding::Value { value, access, operator: None, .. }] if access.is_empty() => {
                    part_of(program, value, frame, part, depth + 1)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a value may be a number, a time or a list of them, as far as its text tells: what is not known may be.
fn may_count<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > STEPS {
        return true;
    }
    let counts = |inner: &'m Expression| may_count(program, inner, frame, depth + 1);
    match &value.kind {
        ExpressionKind::Await(inner) => counts(inner),
        ExpressionKind::Literal(literal) => matches!(literal, Literal::Number(_)),
        ExpressionKind::Operator { operator, operands } => match operator.as_str() {
            "?" | "or" | "and" | "??" => operands.iter().any(counts),
            _ => true,
        },
        ExpressionKind::Conditional { then, otherwise, .. } => counts(then) || counts(otherwise),
        ExpressionKind::Function(_) => false,
        _ if is_thing(program, value, frame) => false,
        ExpressionKind::Name(name) => {
            let unit = program.unit_of_frame(frame);
            let bindings = program.units.units[unit].names.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let is_amount = |binding: &Binding<'m>| match binding {
                Binding::Value { value, access, operator: None, .. } if access.is_empty() => counts(value),
                _ => true,
            };
            bindings.is_empty() || bindings.iter().any(is_amount) || !program.growth(name, unit).is_empty()
        }
        ExpressionKind::Call(call) => call_may_count(program, call, frame, depth),
        _ => true,
    }
}

/// Whether something is known to be an object that is asked for more than a number: one of a class, or of a library.
fn is_thing<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    let values = program.values(value, frame);
    let is_one = |value: &Value<'m>| match value {
        Value::Instance { .. } | Value::Class(_) | Value::Function { .. } => true,
        Value::Library { path, .. } => {
            path.ends_with("()") && !is_of_the_language(path) && !program.is_a(path.trim_end_matches("()"), Kind::Clock)
        }
        // What it is before it is made.
        Value::Data { expression, .. } => matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)),
        _ => false,
    };
    !values.is_empty() && values.iter().all(is_one)
}

fn call_may_count<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId, depth: usize) -> bool {
    let Some(site) = program.units.call_id(call).map(|call| Site { call, frame }) else { return true };
    let mut own = false;
    for callee in program.callees(&call.callee, frame).iter() {
        let Value::Function { unit, closure, receiver } = callee else { continue };
        let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else { continue };
        own = true;
        if program.units.units[*unit].returns.iter().any(|value| may_count(program, value, inner, depth + 1)) {
            return true;
        }
    }
    if own {
        return false;
    }
    let paths = program.callee_paths(site);
    let tells = |path: &str| {
        is_of_the_language(path)
            || [Kind::Clock, Kind::Measure, Kind::Number].iter().any(|kind| program.is_a(path, *kind))
    };
    if paths.iter().any(|path| tells(path)) {
        return true;
    }
    match &call.callee.kind {
        // What is left of a list, or what its items are made into.
        ExpressionKind::Member { object, name } => {
            changes_list(name) && may_count(program, object, frame, depth + 1) || rounds_or_reads(name)
        }
        ExpressionKind::Name(name) => rounds_or_reads(name),
        _ => true,
    }
}

/// Whether a method gives a list, or a part of one, that is made of the one that it is called on.
fn changes_list(name: &str) -> bool {
    matches!(
        name,
        "filter"
            | "map"
            | "slice"
            | "concat"
            | "copy"
            | "splice"
            | "sort"
            | "reverse"
            | "flat"
            | "iter"
            | "collect"
            | "clone"
    )
}

/// Whether a function gives a number or a time by its name.
fn rounds_or_reads(name: &str) -> bool {
    matches!(
        name,
        "int"
            | "float"
            | "len"
            | "min"
            | "max"
            | "sum"
            | "round"
            | "floor"
            | "ceil"
            | "abs"
            | "now"
            | "time"
            | "timestamp"
            | "get"
    )
}
