//! What adds to collections: `missing.push(name)`, by the unit that binds the name, and what is put into those that the
//! program starts itself: `clients[key] = OpenAI()`, by where they are started.

use super::{Binding, UnitId, Units, address};
use crate::model::{Expression, ExpressionKind};

impl<'m> Units<'m> {
    /// Indexed once: names are asked for far more often than there are calls.
    pub(super) fn index_growth(&mut self) {
        let mut found = Vec::new();
        for (id, info) in self.calls.iter().enumerate() {
            let ExpressionKind::Member { object, name: method } = &info.call.callee.kind else { continue };
            if !grows(method) {
                continue;
            }
            let ExpressionKind::Name(holder) = &object.kind else { continue };
            if let Some(unit) = self.binder_of(holder, info.unit) {
                found.push((unit, holder.as_str(), id));
            }
        }
        for (unit, holder, call) in found {
            self.units[unit].growth.entry(holder).or_default().push(call);
        }
    }

    /// Indexes what is put into collections, by where each of them is started.
    pub(super) fn index_puts(&mut self) {
        let mut puts = std::mem::take(&mut self.index_assignments);
        for info in &self.calls {
            let ExpressionKind::Member { object, name: method } = &info.call.callee.kind else { continue };
            let keyed = matches!(method.as_str(), "set" | "setdefault" | "insert");
            if let Some(given) = info.call.arguments.last()
                && (grows(method) || keyed)
                && (!keyed || info.call.arguments.len() == 2)
            {
                puts.push((info.unit, object, &given.value));
            }
        }
        for (unit, holder, value) in puts {
            for start in self.starts_of(holder, unit) {
                self.put.entry(start).or_default().push((unit, value));
            }
        }
    }

    /// Where a collection is started that goes by a name, or is an attribute of the object itself.
    fn starts_of(&self, holder: &Expression, unit: UnitId) -> Vec<usize> {
        match &holder.kind {
            ExpressionKind::Name(name) => {
                let bindings = self.binder_of(name, unit).and_then(|unit| self.units[unit].names.get(name.as_str()));
                let starts = bindings.into_iter().flatten().filter_map(|binding| match binding {
                    Binding::Value { value, access, .. } if access.is_empty() => Some(start_of(value)),
                    _ => None,
                });
                starts.collect()
            }
            ExpressionKind::Member { object, name } if matches!(&object.kind, ExpressionKind::Name(root) if root == "self" || root == "cls") =>
            {
                let mut around = std::iter::successors(Some(unit), |unit| self.units[*unit].parent);
                let class = around.find_map(|unit| self.units[unit].class);
                let fields = class.and_then(|class| self.classes[class].fields.get(name.as_str()));
                fields.into_iter().flatten().filter_map(|(_, field)| field.value.as_ref()).map(start_of).collect()
            }
            _ => Vec::new(),
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

/// What tells a collection from others: where it is written out, or the call that makes it.
pub(in crate::link) fn start_of(initial: &Expression) -> usize {
    match &initial.kind {
        ExpressionKind::Call(call) => address(call.as_ref()),
        _ => address(initial),
    }
}
