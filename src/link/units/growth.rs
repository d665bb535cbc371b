//! What adds to collections: `missing.push(name)`, by the unit that binds the name.

use super::{UnitId, Units};
use crate::model::ExpressionKind;

impl<'m> Units<'m> {
    /// Indexed once: names are asked for far more often than there are calls.
    pub(super) fn index_growth(&mut self) {
        let mut found = Vec::new();
        for (id, info) in self.calls.iter().enumerate() {
            let ExpressionKind::Member { object, name: method } = &info.call.callee.kind else { continue };
            let ExpressionKind::Name(holder) = &object.kind else { continue };
            if !grows(method) {
                continue;
            }
            if let Some(unit) = self.binder_of(holder, info.unit) {
                found.push((unit, holder.as_str(), id));
            }
        }
        for (unit, holder, call) in found {
            self.units[unit].growth.entry(holder).or_default().push(call);
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
