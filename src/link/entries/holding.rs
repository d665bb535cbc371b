//! Routers that are made with a list of all that they hold: `Router(path="/api", route_handlers=[ask, Chat, inner])`.

use std::collections::BTreeMap;

use crate::link::Program;
use crate::link::units::{CallId, UnitId};
use crate::link::values::{Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::{Fact, Kind};

use super::files::library_is_used;
use super::links::{arguments_of, guard_links};
use super::{Entries, Link};

/// Routers in routers.
const DEPTH: usize = 8;

/// What routers hold, and what each is given to stand in front of it.
#[derive(Default)]
struct Held<'m> {
    given: BTreeMap<CallId, Vec<Link<'m>>>,
    /// The routers that list a handler, or another router.
    handlers: BTreeMap<UnitId, Vec<CallId>>,
    routers: BTreeMap<CallId, Vec<CallId>>,
}

impl<'m> Entries<'m> {
    /// Puts what a router is given in front of the handlers that it lists, by themselves, in classes, or in routers below it.
    /// Of what several routers list nothing is said.
    pub(super) fn held_by_routers(&mut self, program: &Program<'m>) {
        let lists = |fact: &Fact| fact.value.is_some();
        let mut facts = program.catalogue.of_kind(Kind::Router);
        if !facts.any(|(id, fact)| lists(fact) && library_is_used(program, id)) {
            return;
        }
        let mut held = Held::default();
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
            for path in program.callee_paths(site).iter() {
                for (_, fact) in program.facts_of(path, Kind::Router).into_iter().filter(|(_, fact)| lists(fact)) {
                    held.add(program, fact, site);
                }
            }
        }
        for (unit, holders) in &held.handlers {
            let Some((entry, _)) = self.unplaced.get(unit) else { continue };
            let Some(own) = self.entries.get_mut(*entry).and_then(|entry| entry.chains.first_mut()) else { continue };
            own.splice(0..0, held.in_front(holders));
        }
    }
}

impl<'m> Held<'m> {
    fn add(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        guard_links(program, fact, site, self.given.entry(site.call).or_default());
        let lists = fact.value.as_deref().map(|list| arguments_of(program, site, list)).unwrap_or_default();
        for list in lists.into_iter().flat_map(|(list, frame)| program.values(list, frame).to_vec()) {
            let Value::Data { expression, frame } = list else { continue };
            let ExpressionKind::List(items) = &expression.0.kind else { continue };
            for value in items.iter().flat_map(|item| program.values(item, frame).to_vec()) {
                match value {
                    Value::Function { unit, .. } => self.handlers.entry(unit).or_default().push(site.call),
                    Value::Class(class) => {
                        let mut methods: Vec<UnitId> = program.units.classes[class].methods.values().copied().collect();
                        methods.sort_unstable();
                        for unit in methods {
                            self.handlers.entry(unit).or_default().push(site.call);
                        }
                    }
                    Value::Library { sites, .. } => {
                        if let Some(made) = sites.last() {
                            self.routers.entry(made.call).or_default().push(site.call);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What stands in front of what these routers hold, outermost first.
    fn in_front(&self, holders: &[CallId]) -> Vec<Link<'m>> {
        let mut levels = Vec::new();
        let mut holders = holders;
        while let [holder] = holders
            && levels.len() < DEPTH
        {
            levels.push(self.given.get(holder).cloned().unwrap_or_default());
            holders = self.routers.get(holder).map_or(&[], Vec::as_slice);
        }
        levels.into_iter().rev().flatten().collect()
    }
}
