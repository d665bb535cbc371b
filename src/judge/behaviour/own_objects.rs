//! Objects that a function makes for itself and puts nowhere: what is added up in them is gone with it.

use crate::link::units::{Binding, NodeKind, UnitId};
use crate::link::{Program, Site};
use crate::model::{Call, Expression, ExpressionKind, Literal, StatementKind};

use super::copies::mentions;
use super::quantities::starts_collection;

/// Names that stand for parts of each other.
const DEPTH: usize = 6;

/// Whether what is assigned to is a part of an object that its unit made for itself: the sum of a day in
/// `const total = days.get(day) ?? { cents: 0 }; total.cents += cents`, where `days` is a map of the same function.
pub(super) fn is_of_own_object(program: &Program<'_>, unit: UnitId, target: &Expression) -> bool {
    let mut root = target;
    while let ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } = &root.kind {
        root = object;
    }
    !std::ptr::eq(root, target) && is_own(program, unit, root, 0)
}

/// Whether a name stands for something that its function made, and that nothing else gets hold of.
fn is_own(program: &Program<'_>, unit: UnitId, named: &Expression, depth: usize) -> bool {
    let ExpressionKind::Name(name) = &named.kind else { return false };
    let info = &program.units.units[unit];
    if info.function.is_none() || depth > DEPTH {
        return false;
    }
    let bindings = info.names.get(name.as_str()).map_or(&[][..], Vec::as_slice);
    let is_made_here = |binding: &Binding<'_>| match binding {
        Binding::Value { value, access, operator: None, .. } => {
            access.is_empty() && is_made(program, unit, value, depth)
        }
        _ => false,
    };
    !bindings.is_empty() && bindings.iter().all(is_made_here) && !is_handed_on(program, unit, unit, name, depth)
}

/// Whether a value is a new object or collection, or what is looked up in one of the function itself.
fn is_made(program: &Program<'_>, unit: UnitId, value: &Expression, depth: usize) -> bool {
    match &value.kind {
        ExpressionKind::Object(_) | ExpressionKind::List(_) | ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "??" | "or") && operands.iter().all(|each| is_made(program, unit, each, depth))
        }
        ExpressionKind::Index { object, .. } => is_own(program, unit, object, depth + 1),
        ExpressionKind::Call(call) => {
            let looks_up = |object, name: &str| {
                matches!(name, "get" | "setdefault" | "pop") && is_own(program, unit, object, depth + 1)
            };
            let site = program.units.call_id(call).map(|id| Site { call: id, frame: program.open_frame(unit) });
            match &call.callee.kind {
                ExpressionKind::Member { object, name } if looks_up(object, name) => true,
                _ => site.is_some_and(|site| starts_collection(program, call, site)),
            }
        }
        _ => false,
    }
}

/// Whether what goes by a name of a unit is given to a call that may keep it, or assigned to something else, there or in
/// a function within.
fn is_handed_on(program: &Program<'_>, unit: UnitId, home: UnitId, name: &str, depth: usize) -> bool {
    let info = &program.units.units[unit];
    let keeps = |call: &Call, id: usize| {
        let into_own = match &call.callee.kind {
            ExpressionKind::Member { object, .. } => {
                !matches!(&object.kind, ExpressionKind::Name(own) if own == name)
                    && is_own(program, home, object, depth + 1)
            }
            _ => false,
        };
        // `Object.values(days)`, `sorted(totals)`
        let paths = program.callee_paths(Site { call: id, frame: program.open_frame(unit) });
        let mut heads = paths.iter().filter(|path| !path.contains("()"));
        let only_reads = heads.any(|path| path.starts_with("globals.") || path.starts_with("builtins."));
        !into_own && !only_reads
    };
    let is_given = info.calls.iter().any(|id| {
        let call = program.units.calls[*id].call;
        call.arguments.iter().any(|argument| mentions(&argument.value, name, 0)) && keeps(call, *id)
    });
    let is_assigned = info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
        NodeKind::Plain(statement) => match &statement.kind {
            StatementKind::Assign(assignment) => {
                let value = assignment.value.as_ref();
                value.is_some_and(|value| mentions(value, name, 0))
            }
            StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => {
                assignment.value.as_ref().is_some_and(|value| mentions(value, name, 0))
            }
            _ => false,
        },
        _ => false,
    });
    is_given || is_assigned || info.inner.iter().any(|inner| is_handed_on(program, *inner, home, name, depth))
}
