//! Collections that the process keeps from turn to turn: how they start, grow, and are cut.

use crate::link::units::{Binding, CallId, NodeKind, UnitId};
use crate::link::{FrameId, Program};
use crate::model::{Call, Expression, ExpressionKind, Literal, Span, Statement, StatementKind};

use super::super::conditions::fallback::walk;
use super::changes::Group;
use super::cuts::{is_cut_here, returns_a_cut};
use super::same::Same;
use super::words::{makes_text, mentions};

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

/// Whether what is put into a collection for each of its keys never holds more than so many:
/// `chats.setdefault(id, deque(maxlen=20))`, `chats[id] = deque(maxlen=20)`.
pub(super) fn holds_bounded(thing: &Same<'_, '_, '_, '_>) -> bool {
    let (calls, changes) = (&thing.program.units.calls, thing.changes());
    thing.changed(Group::Defaults).iter().any(|index| {
        let mut given = calls[changes.defaults[*index].call].call.arguments.iter().skip(1);
        given.any(|argument| has_greatest_length(&argument.value))
    }) || thing.changed(Group::Items).iter().any(|index| changes.put[*index].value.is_some_and(has_greatest_length))
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

/// Whether something is added to a thing, anywhere in the program.
pub(super) fn is_added_to(thing: &Same<'_, '_, '_, '_>) -> bool {
    !thing.changed(Group::Added).is_empty() || !thing.changed(Group::Items).is_empty()
}

/// Whether it is a function that adds to a thing: it outlives the call of that, where a script runs once.
pub(super) fn grows_in_functions(thing: &Same<'_, '_, '_, '_>) -> bool {
    let units = &thing.program.units;
    added_by(thing).into_iter().any(|call| units.units[units.calls[call].unit].function.is_some())
}

/// The calls by which something is added to a thing.
pub(super) fn added_by(thing: &Same<'_, '_, '_, '_>) -> Vec<CallId> {
    thing.changed(Group::Added).into_iter().map(|index| thing.changes().added[index].call).collect()
}

/// Whether a thing is cut somewhere: assigned a slice of itself, shifted, popped, deleted from the front.
pub(super) fn is_trimmed(thing: &Same<'_, '_, '_, '_>) -> bool {
    let put = &thing.changes().put;
    !thing.changed(Group::Cut).is_empty()
        || thing
            .changed(Group::CutAssignments)
            .iter()
            .any(|index| !is_only_a_name(thing.program, put[*index].unit, put[*index].target))
}

/// Whether a cut only gives a function's own name another list: what is kept stays as it is, unless the name is handed on
/// or put somewhere afterwards.
fn is_only_a_name(program: &Program<'_>, unit: UnitId, target: &Expression) -> bool {
    let ExpressionKind::Name(name) = &target.kind else { return false };
    let info = &program.units.units[unit];
    // `global turns; turns = turns[-10:]` binds nothing else here.
    let is_own = info.names.get(name.as_str()).into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, .. } => !mentions(value, name),
        _ => true,
    });
    let later = |span: Span| span.start > target.span.end;
    let is_put = info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
        NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), span }) => {
            later(*span)
                && !matches!(assignment.target.kind, ExpressionKind::Name(_))
                && assignment.value.as_ref().is_some_and(|value| mentions(value, name))
        }
        _ => false,
    });
    let is_given = info.calls.iter().any(|call| {
        let call = program.units.calls[*call].call;
        later(call.span) && call.arguments.iter().any(|argument| mentions(&argument.value, name))
    });
    let is_returned = info.returns.iter().chain(&info.yields).any(|value| mentions(value, name));
    info.function.is_some() && is_own && !is_put && !is_given && !is_returned
}

/// Whether a list is cut as a whole, also where it is written as text: `JSON.stringify(turns.slice(-20))`.
pub(super) fn is_cut_whole<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > 6 {
        return false;
    }
    if is_cut_here(program, value, frame) || returns_a_cut(program, value, frame, depth) {
        return true;
    }
    let is_cut_whole = |value| is_cut_whole(program, value, frame, depth + 1);
    match &value.kind {
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => is_cut_whole(inner),
        ExpressionKind::List(items) => items.iter().any(is_cut_whole),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                makes_text(name) && call.arguments.first().is_some_and(|first| is_cut_whole(&first.value))
            }
            _ => false,
        },
        _ => false,
    }
}
