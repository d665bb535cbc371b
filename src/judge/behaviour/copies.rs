//! Copies of what is kept: what is added to one is lost, unless it is put back.

use crate::link::units::{Binding, NodeKind, UnitId};
use crate::link::{FrameId, Program};
use crate::model::{Expression, ExpressionKind, StatementKind};
use crate::rules::catalogue::Kind;

use super::quantities;
use super::subjects::{self, Subject};

/// Whether a value is a copy of what is kept under certain subjects with something more: `[...recent, now]`,
/// `recent.concat(now)`, `recent + [now]`.
pub(super) fn extends<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, kept: &[Subject]) -> bool {
    program.slice(value, frame).parts.iter().any(|(part, frame)| {
        extended(part).into_iter().any(|list| {
            let behind = quantities::behind(program, list, *frame);
            behind.iter().any(|quantity| subjects::are_related(&quantity.subjects, kept))
        })
    })
}

/// The collections that an expression takes over into a longer one.
fn extended(part: &Expression) -> Vec<&Expression> {
    let is_list = |each: &&Expression| matches!(each.kind, ExpressionKind::List(_));
    match &part.kind {
        ExpressionKind::List(items) if items.len() > 1 => {
            let spread = items.iter().filter_map(|item| match &item.kind {
                ExpressionKind::Spread(inner) => Some(inner.as_ref()),
                _ => None,
            });
            spread.collect()
        }
        ExpressionKind::Call(call) if !call.arguments.is_empty() => match &call.callee.kind {
            ExpressionKind::Member { object, name } if name == "concat" => vec![object],
            _ => Vec::new(),
        },
        ExpressionKind::Operator { operator, operands }
            if operator == "+" && operands.iter().any(|each| is_list(&each)) =>
        {
            operands.iter().filter(|each| !is_list(each)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a name holds a copy (`hits.get(ip).filter(..)`) that its unit neither stores nor hands on.
pub(super) fn is_lost(program: &Program<'_>, unit: UnitId, object: &Expression) -> bool {
    let ExpressionKind::Name(name) = &object.kind else { return false };
    let info = &program.units.units[unit];
    let Some(bindings) = info.names.get(name.as_str()) else { return false };
    let copies = bindings.iter().all(|binding| match binding {
        Binding::Value { value, access, operator, .. } => access.is_empty() && operator.is_none() && is_copy(value, 0),
        _ => false,
    });
    // Other things that were made of what is kept are not kept for being answered.
    let are_others =
        bindings.iter().all(|binding| matches!(binding, Binding::Value { value, .. } if makes_others(value)));
    !bindings.is_empty() && copies && !is_put_back(program, unit, name, !are_others)
}

/// Whether what is assigned to is, or stands in, a copy that its unit made of what is kept and puts nowhere:
/// `let mut entry = hits.get(&ip).cloned().unwrap_or_default(); entry.count += 1;`.
pub(super) fn is_of_lost_copy(program: &Program<'_>, unit: UnitId, target: &Expression) -> bool {
    let mut root = target;
    while let ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } = &root.kind {
        root = object;
    }
    let ExpressionKind::Name(name) = &root.kind else { return false };
    let bindings = program.units.units[unit].names.get(name.as_str());
    let is_made = bindings.into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, access, operator: None, .. } => access.is_empty() && is_clone(value, 0),
        _ => false,
    });
    is_made && !is_put_back(program, unit, name, false)
}

/// Whether an expression is a copy of a thing, also within what tells whether there is one.
fn is_clone(expression: &Expression, depth: usize) -> bool {
    let ExpressionKind::Call(call) = &expression.kind else { return false };
    let ExpressionKind::Member { object, name } = &call.callee.kind else { return false };
    match name.as_str() {
        "clone" | "cloned" | "copied" => true,
        "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" | "unwrap_or_else" if depth < 8 => {
            is_clone(object, depth + 1)
        }
        _ => false,
    }
}

/// Whether a list is made of other things than the items that it goes through: `[describe(row) for row in rows]`.
fn makes_others(expression: &Expression) -> bool {
    matches!(&expression.kind, ExpressionKind::Comprehension { element, .. }
        if matches!(element.kind, ExpressionKind::Object(_) | ExpressionKind::Call(_)))
}

/// Whether an expression makes a new collection out of another.
fn is_copy(expression: &Expression, depth: usize) -> bool {
    match &expression.kind {
        ExpressionKind::Await(inner) if depth < 8 => is_copy(inner, depth + 1),
        ExpressionKind::Slice { .. } | ExpressionKind::Comprehension { .. } => true,
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "filter" | "slice" | "map" | "toSorted"))
        }
        _ => false,
    }
}

/// Whether a unit hands a name on whole: to a call that does not only measure it, into something kept, to its caller
/// (where that counts).
fn is_put_back(program: &Program<'_>, unit: UnitId, name: &str, by_result: bool) -> bool {
    let info = &program.units.units[unit];
    let frame = program.open_frame(unit);
    let is_named = |value: &Expression| mentions(value, name, 0);
    let is_given = info.calls.iter().any(|call| {
        let inner = program.units.calls[*call].call;
        let measures = || {
            let site = crate::link::Site { call: *call, frame };
            program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Measure) || path.ends_with(".len"))
        };
        inner.arguments.iter().any(|argument| is_named(&argument.value)) && !measures()
    });
    is_given
        || by_result && info.returns.iter().any(|value| is_named(value))
        || info.inner.iter().any(|inner| is_put_back(program, *inner, name, by_result))
        || info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Assign(assignment) => assignment.value.as_ref().is_some_and(is_named),
                StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => {
                    assignment.value.as_ref().is_some_and(is_named)
                }
                _ => false,
            },
            _ => false,
        })
}

/// Whether a value is the name, or holds it as it is.
pub(super) fn mentions(value: &Expression, name: &str, depth: usize) -> bool {
    match &value.kind {
        ExpressionKind::Name(other) => other == name,
        _ if depth > 4 => false,
        ExpressionKind::List(_)
        | ExpressionKind::Object(_)
        | ExpressionKind::Spread(_)
        | ExpressionKind::Await(_)
        | ExpressionKind::Conditional { .. } => {
            let mut found = false;
            crate::link::flow::children(value, &mut |child| found = found || mentions(child, name, depth + 1));
            found
        }
        _ => false,
    }
}
