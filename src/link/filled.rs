//! Objects that are filled after they are written out: what `{}` does not hold may be put into it elsewhere.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;

use super::Program;
use super::units::{Binding, MemberAssignment, UnitId};
use super::values::{Value, Written};

/// What is put into objects under keys that are written, by the key.
pub(super) type ByKey<'m> = FxHashMap<&'m str, Vec<MemberAssignment<'m>>>;

/// The objects into which something is put, by where they are written out; under each key, and under those that are only
/// known when the program runs.
pub(super) type Filled = FxHashMap<Option<Rc<str>>, Rc<FxHashSet<usize>>>;

impl<'m> Program<'m> {
    /// Whether an object that is written out may hold a key that does not stand there: it is set later, also by a function
    /// that the object is passed to, or under a key that is only known when the program runs, or what goes by its name is
    /// something else by then.
    pub(super) fn may_be_given(&self, object: &Expression, key: &str) -> bool {
        let place = std::ptr::from_ref(object) as usize;
        // Before it is known who calls what, no parameter leads to what is passed for it.
        self.callers.get().is_some()
            && (self.filled_under(Some(key)).contains(&place) || self.filled_under(None).contains(&place))
    }

    fn filled_under(&self, key: Option<&str>) -> Rc<FxHashSet<usize>> {
        let asked: Option<Rc<str>> = key.map(Rc::from);
        if let Some(known) = self.filled.borrow().get(&asked) {
            return known.clone();
        }
        // While these are looked for, objects are what is written.
        self.filled.borrow_mut().insert(asked.clone(), Rc::default());
        let found = Rc::new(match key {
            Some(key) => self.find_filled_under(key),
            None => self.find_filled_under_any(),
        });
        if !found.is_empty() {
            self.filled.borrow_mut().insert(asked, found.clone());
            self.keys.borrow_mut().clear();
        }
        found
    }

    fn find_filled_under(&self, key: &str) -> FxHashSet<usize> {
        let by_key = self.put_by_key.get_or_init(|| {
            let mut by_key = ByKey::default();
            let mut members: Vec<_> = self.units.member_assignments.iter().collect();
            members.sort_unstable_by_key(|(names, _)| **names);
            for ((_, key), assigned) in members {
                by_key.entry(key).or_default().extend(assigned);
            }
            by_key
        });
        let assigned = by_key.get(key).into_iter().flatten();
        assigned.flat_map(|each| self.written_objects(each.object, each.unit)).collect()
    }

    fn find_filled_under_any(&self) -> FxHashSet<usize> {
        let mut found = FxHashSet::default();
        for (unit, object) in &self.units.computed_targets {
            found.extend(self.written_objects(object, *unit));
        }
        for info in &self.units.calls {
            if let Some(object) = filled_by(info.call) {
                found.extend(self.written_objects(object, info.unit));
            }
        }
        // `let settings = {}; async function start() { settings = await load(); }`
        let assigned = self.units.assigned_within.keys();
        let bound = assigned.flat_map(|(home, name)| self.units.units[*home].names.get(name).into_iter().flatten());
        found.extend(bound.filter_map(|binding| match binding {
            Binding::Value { value, access, .. } if access.is_empty() => Some(std::ptr::from_ref(*value) as usize),
            _ => None,
        }));
        found
    }

    /// Where the objects are written out that an expression may be.
    fn written_objects(&self, object: &'m Expression, unit: UnitId) -> Vec<usize> {
        let values = self.values(object, self.open_frame(unit));
        let written = values.iter().filter_map(|value| match value {
            Value::Data { expression: Written(object), .. } if matches!(object.kind, ExpressionKind::Object(_)) => {
                Some(std::ptr::from_ref(*object) as usize)
            }
            _ => None,
        });
        written.collect()
    }
}

/// The object into which a call puts all of another: `Object.assign(settings, loaded)`, `settings.update(loaded)`. One
/// that is written there is made anew.
fn filled_by(call: &Call) -> Option<&Expression> {
    let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
    let filled = match (&object.kind, name.as_str()) {
        (ExpressionKind::Name(holder), "assign") if holder == "Object" => &call.arguments.first()?.value,
        (_, "update") => object,
        _ => return None,
    };
    matches!(filled.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }).then_some(filled)
}
