//! The fields of a log line that were given before it: to its logger, or to all lines that follow.

use crate::link::units::{NodeId, NodeKind};
use crate::link::{Program, Site};
use crate::model::{Argument, Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

/// The role of what is given fields for the lines that follow.
const FIELDS: &str = "fields";

/// The fields that are bound to a logger before the message, `logger.bind(seconds=...).info("request")`, and those that
/// were given for all lines that follow: `bind_contextvars(status=...)`, `with bound_contextvars(status=...):`.
pub(super) fn bound_before<'m>(program: &Program<'m>, site: Site) -> Vec<&'m Argument> {
    let info = &program.units.calls[site.call];
    let mut fields: Vec<&'m Argument> = Vec::new();
    if let ExpressionKind::Member { object, .. } = &info.call.callee.kind {
        if let ExpressionKind::Call(made) = &object.kind {
            fields.extend(&made.arguments);
        }
        // `log = log.bind(status=...)` in the same function.
        let values = program.values(object, site.frame);
        let made = values.iter().flat_map(|value| value.sites().to_vec());
        let here = made.filter(|made| made.frame == site.frame && is_method(program, *made));
        fields.extend(here.flat_map(|made| &program.units.calls[made.call].call.arguments));
    }
    if !program.catalogue.of_kind(Kind::Log).any(|(_, fact)| fact.role.as_deref() == Some(FIELDS)) {
        return fields;
    }
    let gives = |site: Site| {
        let paths = program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Log));
        facts.any(|(_, fact)| fact.role.as_deref() == Some(FIELDS))
    };
    let around: Vec<NodeId> = program.units.ancestors(info.node).map(|(id, _)| id).collect();
    for call in &program.units.units[info.unit].calls {
        let other = &program.units.calls[*call];
        let is_before = other.call.span.end <= info.call.span.start;
        if is_before && holds_at(program, other.node, &around, other.call) && gives(Site { call: *call, ..site }) {
            fields.extend(&other.call.arguments);
        }
    }
    fields
}

/// Whether what a call at a node does has happened where a line stands: in no branch that the line does not stand in, and
/// where it is the manager of a block, within that.
fn holds_at(program: &Program<'_>, node: NodeId, around: &[NodeId], call: &crate::model::Call) -> bool {
    let units = &program.units;
    let manages = |items: &[crate::model::WithItem]| items.iter().any(|item| is_it(&item.context, call));
    let is_here = units.ancestors(node).all(|(id, each)| {
        around.contains(&id) || !matches!(each.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Handler(..))
    });
    let block = std::iter::once((node, &units.nodes[node])).chain(units.ancestors(node));
    let managed = block.filter(|(_, each)| matches!(each.kind, NodeKind::With(items) if manages(items)));
    is_here && managed.map(|(id, _)| id).all(|id| around.contains(&id))
}

fn is_it(context: &Expression, call: &crate::model::Call) -> bool {
    matches!(&context.kind, ExpressionKind::Call(inner) if std::ptr::eq(inner.as_ref(), call))
}

/// Whether a call is one of a method: `log.bind(...)`, and not what made the logger.
fn is_method(program: &Program<'_>, made: Site) -> bool {
    program.callee_paths(made).iter().any(|path| path.contains("()"))
}
