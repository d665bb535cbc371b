//! Objects that live for one call: what they keep ends with the request, and is no conversation over several turns.

use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{How, Program, Site};
use crate::model::{Call, Expression, ExpressionKind, StatementKind};

use super::words::adds;

/// Helpers that make something for another function, one behind the other.
const HELPERS: usize = 4;

/// Whether what a call makes ends with the function in which it is made: it is used on the spot (`Agent().run(text)`),
/// or by a name that is neither handed out nor used in a loop that goes on after it was made.
pub(in crate::judge) fn ends_with_its_function(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    if unit.function.is_none() {
        return false;
    }
    let is_it = |expression: &Expression| matches!(&expression.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call));
    let mut calls = unit.calls.iter().map(|call| &program.units.calls[*call]);
    if calls.any(|other| receiver(other.call).is_some_and(is_it)) {
        return true;
    }
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let StatementKind::Assign(assignment) = &statement.kind else { return false };
    match (&assignment.target.kind, &assignment.value) {
        (ExpressionKind::Name(name), Some(value)) if is_it(value) => {
            !is_handed_out(program, info.unit, name) && !is_used_in_a_loop(program, info.unit, name, info.node)
        }
        _ => false,
    }
}

/// Whether what a call makes is only an argument of another call, one that keeps nothing: `run(text, session=Session())`.
pub(in crate::judge) fn is_given_on_the_spot(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let is_it = |expression: &Expression| matches!(&expression.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call));
    unit.function.is_some()
        && unit.calls.iter().any(|other| {
            let call = program.units.calls[*other].call;
            let is_added = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if adds(name));
            !is_added
                && call.arguments.iter().any(|argument| is_it(&argument.value) || is_entry_of(&argument.value, &is_it))
        })
}

/// Whether what a call makes is gone when the function is that uses it: one in which it is made, or one that has it made
/// by a helper.
pub(in crate::judge) fn is_made_for_its_function(program: &Program<'_>, site: Site) -> bool {
    let mut at = site;
    for _ in 0..HELPERS {
        if ends_with_its_function(program, at) || is_given_on_the_spot(program, at) {
            return true;
        }
        match program.frame(at.frame).how {
            How::Call(caller) if is_returned(program, at) => at = caller,
            _ => return false,
        }
    }
    false
}

/// Whether the function in which a call makes something gives that back.
fn is_returned(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let is_it = |expression: &Expression| matches!(&expression.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call));
    let name = match program.units.nodes[info.node].kind.assignment() {
        Some(assignment) if assignment.value.as_ref().is_some_and(is_it) => match &assignment.target.kind {
            ExpressionKind::Name(name) => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    };
    let returns = &program.units.units[info.unit].returns;
    returns.iter().any(|each| is_it(each) || name.is_some_and(|name| is_named(each, name)))
}

/// Whether one of the entries of an object is something: `run(text, { session: new Session() })`.
fn is_entry_of(object: &Expression, is_it: &dyn Fn(&Expression) -> bool) -> bool {
    matches!(&object.kind, ExpressionKind::Object(entries) if entries.iter().any(|entry| is_it(&entry.value)))
}

fn receiver(call: &Call) -> Option<&Expression> {
    match &call.callee.kind {
        ExpressionKind::Member { object, .. } => Some(object),
        _ => None,
    }
}

fn is_named(expression: &Expression, name: &str) -> bool {
    matches!(&expression.kind, ExpressionKind::Name(other) if other == name)
}

/// Whether a node runs again and again after another has run once.
fn is_repeated(program: &Program<'_>, node: NodeId, outer: NodeId) -> bool {
    let mut around = program.units.ancestors(node);
    around.any(|(id, node)| {
        matches!(node.kind, NodeKind::Loop(_)) && program.units.ancestors(outer).all(|(other, _)| other != id)
    })
}

/// Whether a name is returned, put into something, or assigned to what lives on.
fn is_handed_out(program: &Program<'_>, unit: UnitId, name: &str) -> bool {
    let info = &program.units.units[unit];
    info.returns.iter().chain(&info.yields).any(|each| is_named(each, name))
        || info.calls.iter().any(|call| {
            let call = program.units.calls[*call].call;
            let is_given = || call.arguments.iter().any(|argument| is_named(&argument.value, name));
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if adds(name)) && is_given()
        })
        || info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Assign(assignment) => {
                    !matches!(assignment.target.kind, ExpressionKind::Name(_))
                        && assignment.value.as_ref().is_some_and(|value| is_named(value, name))
                }
                _ => false,
            },
            _ => false,
        })
}

/// Whether what goes by a name is called, or given to a call, in a loop that begins after it was made.
fn is_used_in_a_loop(program: &Program<'_>, unit: UnitId, name: &str, made: NodeId) -> bool {
    program.units.units[unit].calls.iter().any(|call| {
        let info = &program.units.calls[*call];
        let is_used = receiver(info.call).is_some_and(|object| is_named(object, name))
            || info.call.arguments.iter().any(|argument| is_named(&argument.value, name));
        is_used && is_repeated(program, info.node, made)
    })
}
