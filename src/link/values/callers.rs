//! Who calls what and who makes what, found once with everything open.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Value;
use super::frames::Site;

impl<'m> Program<'m> {
    /// Finds who calls what, once, with everything open; parameters of open frames use it from then on.
    pub fn find_callers(&self) {
        self.apply_decorators();
        let mut callers: FxHashMap<UnitId, Vec<Site>> = FxHashMap::default();
        let mut constructions: FxHashMap<ClassId, Vec<Site>> = FxHashMap::default();
        let mut used: FxHashMap<CallId, FxHashSet<&'m str>> = FxHashMap::default();
        for (call, info) in self.units.calls.iter().enumerate() {
            let frame = self.open_frame(info.unit);
            for value in self.values(&info.call.callee, frame).iter() {
                if let Value::Class(class) = value {
                    constructions.entry(*class).or_default().push(Site { call, frame });
                }
                if let Value::Library { path, .. } = value {
                    self.note_received(path, Site { call, frame });
                }
                if let (Value::Library { sites, .. }, ExpressionKind::Member { name, .. }) =
                    (value, &info.call.callee.kind)
                    && let Some(made) = sites.first()
                {
                    used.entry(made.call).or_default().insert(name.as_str());
                }
                let units = match value {
                    Value::Function { .. } => self.units_behind(value),
                    Value::Class(class) => self.constructor(*class).into_iter().collect(),
                    _ => Vec::new(),
                };
                for unit in units {
                    callers.entry(unit).or_default().push(Site { call, frame });
                }
            }
        }
        self.forget();
        let _ = self.callers.set(callers);
        let _ = self.constructions.set(constructions);
        let _ = self.used.set(used);
    }

    /// Notes what a library passes to the function that a call gives it: `db.transaction(async (tx) => ..)`.
    fn note_received(&self, path: &str, site: Site) {
        for (_, fact) in self.facts_of(path.strip_suffix("()").unwrap_or(path), Kind::Runs) {
            let Some(handler) = fact.handler.as_deref().filter(|_| !fact.receives.is_empty()) else { continue };
            let Given::Present { expression, frame } = self.argument(site, handler) else { continue };
            for value in self.values(expression, frame).iter() {
                if let Value::Function { unit, .. } = value {
                    self.receives(*unit, &fact.receives);
                }
            }
        }
    }

    /// The known calls that make an object of a class.
    pub fn constructions_of(&self, class: ClassId) -> &[Site] {
        self.constructions.get().and_then(|all| all.get(&class)).map_or(&[], Vec::as_slice)
    }

    /// The known calls of a unit.
    pub fn callers_of(&self, unit: UnitId) -> &[Site] {
        self.callers.get().and_then(|callers| callers.get(&unit)).map_or(&[], Vec::as_slice)
    }
}
