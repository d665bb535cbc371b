//! What starts something that is kept: a number, nothing yet, an empty collection.

use crate::link::units::{NodeKind, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::{Call, Expression, ExpressionKind, Literal, Statement, StatementKind};
use crate::rules::catalogue::Kind;

/// Whether a value starts something that is kept: a number, nothing yet, or an empty collection.
pub(super) fn is_kept<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    match &value.kind {
        ExpressionKind::Literal(Literal::Number(_) | Literal::Null) => true,
        ExpressionKind::List(items) => items.is_empty(),
        ExpressionKind::Object(entries) => entries.is_empty(),
        ExpressionKind::Call(call) => {
            let is_new = matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "new");
            is_new
                || program
                    .units
                    .call_id(call)
                    .is_some_and(|id| starts_collection(program, call, Site { call: id, frame }))
        }
        _ => false,
    }
}

/// Whether what a call makes is put into a collection that the program starts: on the spot, or by its name.
pub(super) fn is_put_somewhere(program: &Program<'_>, made: Site) -> bool {
    let info = &program.units.calls[made.call];
    let name = match program.units.nodes[info.node].kind {
        NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) => match &assignment.target.kind {
            ExpressionKind::Name(name) => Some(name),
            _ => None,
        },
        _ => None,
    };
    let is_it = |unit: UnitId, value: &Expression| {
        unit == info.unit
            && match &value.kind {
                ExpressionKind::Name(other) => name == Some(other),
                _ => value.span.contains(info.call.span),
            }
    };
    let module = |unit: UnitId| program.module_of(unit);
    program.units.put.values().flatten().any(|(unit, value)| module(*unit) == info.module && is_it(*unit, value))
}

/// Whether a call makes a collection: one of the language, or one of a library that is read like a store.
pub(in crate::judge::behaviour) fn starts_collection(program: &Program<'_>, call: &Call, site: Site) -> bool {
    let is_store = |path: &std::rc::Rc<str>| {
        let facts = program.facts(&format!("{path}().get"));
        facts.iter().any(|id| program.catalogue.fact(*id).is == Kind::Store)
    };
    program.callee_paths(site).iter().any(is_store)
        || matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "defaultdict" | "dict" | "list" | "deque" | "Counter" | "OrderedDict" | "set" | "Map" | "WeakMap" | "Set" | "TTLCache" | "LRUCache"))
}
