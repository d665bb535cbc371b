//! What adds to collections: `missing.push(name)`, by the unit that binds the name.

use super::{UnitId, Units};
use crate::model::{Expression, ExpressionKind, Literal};

impl<'m> Units<'m> {
    /// Indexed once: names are asked for far more often than there are calls.
    pub(super) fn index_growth(&mut self) {
        let mut found = Vec::new();
        let mut in_parts = Vec::new();
        for (id, info) in self.calls.iter().enumerate() {
            let ExpressionKind::Member { object, name: method } = &info.call.callee.kind else { continue };
            if !grows(method) {
                continue;
            }
            if let Some((holder, part)) = part_of(object)
                && let Some(unit) = self.binder_of(holder, info.unit)
            {
                in_parts.push((unit, (holder, part), id));
            }
            let ExpressionKind::Name(holder) = &object.kind else { continue };
            if let Some(unit) = self.binder_of(holder, info.unit) {
                found.push((unit, holder.as_str(), id));
            }
        }
        for (unit, holder, call) in found {
            self.units[unit].growth.entry(holder).or_default().push(call);
        }
        for (unit, part, call) in in_parts {
            self.units[unit].growth_of_parts.entry(part).or_default().push(call);
        }
    }

    /// The innermost unit from here outwards that binds a name.
    pub(in crate::link) fn binder_of(&self, name: &str, unit: UnitId) -> Option<UnitId> {
        let mut at = Some(unit);
        while let Some(unit) = at {
            let info = self.units.get(unit)?;
            if info.names.contains_key(name) {
                return Some(unit);
            }
            at = info.parent;
        }
        None
    }
}

/// Whether a method of a collection adds to it.
fn grows(method: &str) -> bool {
    matches!(
        method,
        "push" | "append" | "add" | "extend" | "insert" | "unshift" | "appendleft" | "concat" | "push_back"
    )
}

/// The name and the part of what it holds: `chat["messages"]`, `chat.messages`.
fn part_of(expression: &Expression) -> Option<(&str, &str)> {
    let (object, part) = match &expression.kind {
        ExpressionKind::Member { object, name } => (object, name.as_str()),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => (object, key.as_str()),
            _ => return None,
        },
        _ => return None,
    };
    match &object.kind {
        ExpressionKind::Name(holder) if holder != "self" => Some((holder, part)),
        _ => None,
    }
}
