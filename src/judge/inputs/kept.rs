//! Collections that the process keeps from turn to turn: how they start, grow, and are cut.

use crate::link::Program;
use crate::link::units::NodeKind;
use crate::model::{Call, Expression, ExpressionKind, Literal, Statement, StatementKind};

use super::super::conditions::fallback::walk;
use super::words::{adds, cuts, cuts_in_place, makes_text, mentions};

/// Whether a value is an empty collection.
pub(super) fn starts_empty(initial: &Expression) -> bool {
    match &initial.kind {
        ExpressionKind::List(items) => items.is_empty(),
        ExpressionKind::Object(entries) => entries.is_empty(),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                let holds_nothing = || {
                    call.arguments.iter().all(|argument| match &argument.value.kind {
                        ExpressionKind::Call(inner) => starts_empty_call(inner),
                        ExpressionKind::Function(_) | ExpressionKind::Name(_) => true,
                        ExpressionKind::List(items) => items.is_empty(),
                        ExpressionKind::Literal(Literal::Number(_)) => true,
                        _ => false,
                    })
                };
                is_collection(name) || name == "new" && holds_nothing()
            }
            _ => false,
        },
        _ => false,
    }
}

fn starts_empty_call(call: &Call) -> bool {
    matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if is_collection(name) || name == "new")
}

fn is_collection(name: &str) -> bool {
    matches!(
        name,
        "defaultdict"
            | "dict"
            | "list"
            | "deque"
            | "OrderedDict"
            | "Map"
            | "WeakMap"
            | "TTLCache"
            | "LRUCache"
            | "Array"
    )
}

/// Whether a collection never holds more than so many: `deque(maxlen=20)`, also where each entry is made.
pub(super) fn has_greatest_length(initial: &Expression) -> bool {
    let mut found = false;
    deep(initial, &mut |each| {
        if let ExpressionKind::Call(call) = &each.kind {
            let is_deque = matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "deque");
            found |= is_deque
                && (call.arguments.len() > 1
                    || call.arguments.iter().any(|argument| argument.name.as_deref() == Some("maxlen")));
        }
    });
    found
}

/// Every expression of an expression, also in the functions within it.
fn deep<'e>(expression: &'e Expression, visit: &mut dyn FnMut(&'e Expression)) {
    walk(expression, &mut |each| {
        visit(each);
        if let ExpressionKind::Function(function) = &each.kind {
            crate::link::flow::walk_block(&function.body, visit);
        }
    });
}

/// Whether something is added to what goes by a name, anywhere in the program.
pub(super) fn is_added_to(program: &Program<'_>, name: &str) -> bool {
    program.units.calls.iter().any(|info| match &info.call.callee.kind {
        ExpressionKind::Member { object, name: method } => adds(method) && mentions(object, name),
        _ => false,
    }) || assignments(program)
        .any(|(target, _)| matches!(&target.kind, ExpressionKind::Index { object, .. } if mentions(object, name)))
}

/// Whether a collection is cut somewhere: assigned a slice of itself, shifted, popped, deleted from the front.
pub(super) fn is_trimmed(program: &Program<'_>, name: &str) -> bool {
    program.units.calls.iter().any(|info| match &info.call.callee.kind {
        ExpressionKind::Member { object, name: method } => {
            cuts_in_place(method, info.call.arguments.len()) && mentions(object, name)
        }
        ExpressionKind::Name(called) => {
            called == "del" && info.call.arguments.iter().any(|argument| mentions(&argument.value, name))
        }
        _ => false,
    }) || assignments(program).any(|(target, value)| mentions(target, name) && value.is_some_and(is_cut))
}

/// Whether a value is cut somewhere in it.
pub(super) fn is_cut(value: &Expression) -> bool {
    let mut cut = false;
    walk(value, &mut |each| {
        cut |= match &each.kind {
            ExpressionKind::Slice { .. } => true,
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Member { name, .. } => cuts(name) && !call.arguments.is_empty(),
                _ => false,
            },
            _ => false,
        };
    });
    cut
}

/// Whether a list is cut as a whole, also where it is written as text: `JSON.stringify(turns.slice(-20))`.
pub(super) fn is_cut_whole(value: &Expression, depth: usize) -> bool {
    if depth > 6 {
        return false;
    }
    match &value.kind {
        ExpressionKind::Slice { .. } => true,
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => is_cut_whole(inner, depth + 1),
        ExpressionKind::List(items) => items.iter().any(|item| is_cut_whole(item, depth + 1)),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                cuts(name) && !call.arguments.is_empty()
                    || makes_text(name)
                        && call.arguments.first().is_some_and(|first| is_cut_whole(&first.value, depth + 1))
            }
            _ => false,
        },
        _ => false,
    }
}

fn assignments<'p, 'm>(
    program: &'p Program<'m>,
) -> impl Iterator<Item = (&'m Expression, Option<&'m Expression>)> + 'p {
    program.units.nodes.iter().filter_map(|node| match node.kind {
        NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) => {
            Some((&assignment.target, assignment.value.as_ref()))
        }
        NodeKind::Plain(Statement {
            kind: StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }),
            ..
        }) => Some((&assignment.target, assignment.value.as_ref())),
        _ => None,
    })
}
