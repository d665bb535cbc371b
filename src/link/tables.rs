//! Tables of what parameters are given by their names: `dependencies={"llm": Provide(make_llm)}` of a handler, of a router,
//! of the application, or in the body of a class of handlers.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::{Fact, Kind};

use super::arguments::Given;
use super::entries::library_is_used;
use super::provided::{is_named, last_of};
use super::values::Place;
use super::{FrameId, Program, Site, Value};

impl<'m> Program<'m> {
    /// Adds what tables give to parameters, by the names of these. Only libraries that a project depends on are looked for:
    /// their names are everyday words.
    pub(super) fn add_from_tables(&self, found: &mut FxHashMap<&'m str, Vec<Place<'m>>>) {
        let catalogue = self.catalogue;
        let facts: Vec<(_, &'m Fact)> = catalogue
            .of_kind(Kind::Provide)
            .filter(|(id, fact)| is_named(fact) && fact.value.is_some() && library_is_used(self, *id))
            .collect();
        if facts.is_empty() {
            return;
        }
        let names: FxHashSet<&str> =
            facts.iter().flat_map(|(_, fact)| &fact.names).flat_map(|name| last_of(name)).collect();
        let tables_of = |path: &str| {
            let facts = self.facts_of(path, Kind::Provide).into_iter();
            facts.filter(|(_, fact)| is_named(fact)).filter_map(|(_, fact)| fact.value.as_deref()).collect::<Vec<_>>()
        };
        for (call, info) in self.units.calls.iter().enumerate() {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                continue;
            };
            if info.decorates.is_none() && !name.starts_with(char::is_uppercase) || !names.contains(name.as_str()) {
                continue;
            }
            let site = Site { call, frame: self.open_frame(info.unit) };
            for table in self.callee_paths(site).iter().flat_map(|path| tables_of(path)) {
                if let Given::Present { expression, frame } = self.argument(site, table) {
                    self.add_table(expression, frame, found);
                }
            }
        }
        for info in &self.units.classes {
            let frame = self.open_frame(info.unit);
            let bases = info.class.bases.iter().flat_map(|base| self.values(base, frame).to_vec());
            let tables: Vec<&str> = bases.filter_map(|base| Some(tables_of(base.path()?))).flatten().collect();
            for (_, field) in tables.into_iter().filter_map(|table| info.fields.get(table)).flatten() {
                field.value.iter().for_each(|value| self.add_table(value, frame, found));
            }
        }
    }

    fn add_table(&self, table: &'m Expression, frame: FrameId, found: &mut FxHashMap<&'m str, Vec<Place<'m>>>) {
        for value in self.values(table, frame).iter() {
            let Value::Data { expression, frame } = value else { continue };
            let ExpressionKind::Object(entries) = &expression.0.kind else { continue };
            for entry in entries {
                if let Some(key) = &entry.key {
                    found.entry(key.as_str()).or_default().push((&entry.value, *frame));
                }
            }
        }
    }
}
