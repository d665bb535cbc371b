//! What stands in front of an entry point: the chain of its routers and of what they are mounted in.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{Site, Value};
use crate::model::Span;
use crate::rules::catalogue::{Fact, Kind};
use crate::source::order::InOrder;

use super::injection::injected_links;
use super::links::guard_links;
use super::{Entries, Entry, Link, Order, Registered, actions};

/// The scope of handlers of errors that see only what is registered at their own router.
const ROUTER: &str = "router";

/// Routers within each other that are gone through.
const ROUTERS: usize = 12;

/// The kind of an entry point that a clock starts.
const CLOCK: &str = "cron";

impl<'m> Entries<'m> {
    /// Completes the chains: mounts above the router of each entry, middleware before it, injected dependencies.
    pub(super) fn chain(&mut self, program: &Program<'m>) {
        // Of a chain of calls the outermost is the last.
        let place = |call: CallId| (program.units.calls[call].module, program.units.calls[call].call.span.end, call);
        self.routers.values_mut().for_each(|registered| registered.order_by_key(|(position, _)| place(*position)));
        let mut routes: BTreeMap<usize, (CallId, CallId, String, Option<String>)> = BTreeMap::new();
        let mut parents: Mounts<'m> = FxHashMap::default();
        let mut routers: Vec<(&CallId, &Vec<(CallId, Registered<'m>)>)> = self.routers.iter().collect();
        routers.order_by_key(|(router, _)| **router);
        for (router, registered) in routers {
            for (position, what) in registered {
                match what {
                    Registered::Route { path, entry, member } => {
                        routes.insert(*entry, (*router, *position, path.clone(), member.clone()));
                    }
                    Registered::Mount { path, child, links } => {
                        parents.entry(*child).or_default().push((*router, *position, path.clone(), links.clone()));
                    }
                    Registered::Middleware { .. } => {}
                }
            }
        }
        for (entry, (router, position, path)) in &self.in_front {
            routes.insert(*entry, (*router, *position, path.clone(), None));
        }
        let frameworks = self.frameworks(program);
        for entry in 0..self.entries.len() {
            let own = std::mem::take(&mut self.entries[entry].chains).into_iter().next().unwrap_or_default();
            let mut chains: Vec<Vec<Link<'m>>> = Vec::new();
            let mut prefix = None;
            match routes.get(&entry) {
                Some((router, position, path, member)) => {
                    let place = Place { position: *position, path, member: member.as_deref() };
                    let before = self.of_framework(program, entry, &frameworks);
                    for (above, at) in self.above(program, *router, place, &parents, 0) {
                        prefix = prefix.or(Some(at));
                        chains.push(before.iter().cloned().chain(above).chain(own.iter().cloned()).collect());
                    }
                }
                // What stands in front of requests does not stand in front of what a clock or a shell starts.
                None if matches!(self.entries[entry].kind.as_str(), "cron" | "cli") => chains.push(own),
                None => {
                    let own_entry = &self.entries[entry];
                    let paths = match own_entry.name.split_once(' ') {
                        None if own_entry.is_action() => {
                            actions::pages_of(&program.modules[own_entry.module].path).to_vec()
                        }
                        None => vec![own_entry.name.clone()],
                        Some((_, path)) => vec![path.to_owned()],
                    };
                    let takes_work = own_entry.kind == "queue";
                    let before = self.conventions.iter().filter(|link| {
                        !(takes_work && self.of_requests.contains(&(link.module, link.span)))
                            && paths.iter().any(|path| !self.is_outside(link, path))
                            && self.is_selected(program, link, entry)
                            && self.takes_work_of(program, link, entry)
                            && self.is_of_own_library(program, entry, link)
                            && self.is_served_with(program, entry, link, &frameworks)
                    });
                    chains.push(before.cloned().chain(own.iter().cloned()).collect());
                }
            }
            let injected = injected_links(program, self.entries[entry].handler);
            let kind = self.entries[entry].kind.as_str();
            for chain in &mut chains {
                chain.retain(|link| self.sees(program, link, kind));
                chain.extend(injected.iter().cloned());
            }
            if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
                let name = &mut self.entries[entry].name;
                if let Some((method, path)) = name.split_once(' ') {
                    *name = format!("{method} {}{}", prefix.trim_end_matches('/'), if path == "/" { "" } else { path });
                }
            }
            self.entries[entry].chains = chains;
        }
        let outermost = |router: CallId| {
            let above = |router: &CallId| parents.get(router).and_then(|all| all.first()).map(|(parent, ..)| *parent);
            std::iter::successors(Some(router), above).take(ROUTERS).last().unwrap_or(router)
        };
        let routers: Vec<_> = routes.iter().map(|(entry, (router, ..))| (*entry, outermost(*router))).collect();
        self.under_inclusions(program, &routers);
        let lone = self.lone.iter().map(|(entry, call)| (*entry, *call));
        let routers = routes.iter().map(|(entry, (router, ..))| (*entry, *router)).chain(lone).collect();
        self.behind_servers(program, &routers);
    }

    /// Whether a link is for an entry point, where it is put in front of some only.
    fn is_selected(&self, program: &Program<'m>, link: &Link<'m>, entry: usize) -> bool {
        let selections = self.selected.get(&(link.module, link.span));
        let entry = self.entries.get(entry);
        selections.is_none_or(|all| all.iter().any(|each| entry.is_some_and(|entry| each.takes_in(program, entry))))
    }

    /// Drops the handlers of errors in front of which nothing is registered: they see no errors.
    pub(super) fn without_misplaced(&mut self, program: &Program<'m>) {
        let calls = &program.units.calls;
        let sees_nothing = |(router, position, _): &&(CallId, CallId, Span)| {
            let registered = self.routers.get(router).into_iter().flatten();
            let mut seen = registered.filter(|(at, what)| {
                !matches!(what, Registered::Middleware { .. }) && calls[*at].unit == calls[*position].unit
            });
            let is_later =
                |(at, _): &(CallId, Registered<'m>)| calls[*at].call.span.end > calls[*position].call.span.end;
            seen.clone().next().is_some() && seen.all(is_later)
        };
        let misplaced: Vec<(ModuleId, Span)> = self
            .ordered_handlers
            .iter()
            .filter(sees_nothing)
            .map(|(_, position, span)| (calls[*position].module, *span))
            .collect();
        self.error_handlers.retain(|link| !misplaced.contains(&(link.module, link.span)));
        self.note_unseen(program);
        self.note_unseen_elsewhere();
        self.note_unseen_of_others(program);
        self.note_unseen_work(program);
        self.note_unseen_jobs();
    }

    /// Notes at which router a handler of errors is registered that sees only those of what is registered there.
    pub(super) fn note_scope(&mut self, fact: &Fact, router: Option<Site>, place: (ModuleId, Span)) {
        if let (Some(ROUTER), Some(router)) = (fact.scope.as_deref(), router) {
            self.scoped_handlers.push((router.call, place.0, place.1));
        }
    }

    /// Notes whose errors a handler does not see that is registered at a router below others: those of all that is
    /// registered elsewhere.
    fn note_unseen_elsewhere(&mut self) {
        let mounted: FxHashSet<CallId> = self
            .routers
            .values()
            .flatten()
            .filter_map(|(_, what)| match what {
                Registered::Mount { child, .. } => Some(*child),
                _ => None,
            })
            .collect();
        for (router, module, span) in self.scoped_handlers.iter().filter(|(router, ..)| mounted.contains(router)) {
            let mut seen = Vec::new();
            for (_, what) in self.routers.get(router).into_iter().flatten() {
                self.entries_of(what, &mut seen, 0);
            }
            let others = self.entries.iter().enumerate().filter(|(entry, _)| !seen.contains(entry));
            let handlers = others.map(|(_, entry)| entry.handler);
            self.unseen.entry((*module, *span)).or_default().extend(handlers);
        }
    }

    /// Notes that an application's handlers of errors see nothing of jobs that a clock starts beside it.
    fn note_unseen_jobs(&mut self) {
        let routed: FxHashSet<usize> = self
            .routers
            .values()
            .flatten()
            .filter_map(|(_, what)| match what {
                Registered::Route { entry, .. } => Some(*entry),
                _ => None,
            })
            .collect();
        let is_job = |(at, entry): &(usize, &Entry<'m>)| entry.kind == CLOCK && !routed.contains(at);
        let jobs: Vec<_> = self.entries.iter().enumerate().filter(is_job).map(|(_, entry)| entry.handler).collect();
        for place in self.of_application.iter().filter(|_| !jobs.is_empty()) {
            self.unseen.entry(*place).or_default().extend(&jobs);
        }
    }

    /// Notes whose errors a handler does not see: those of what is registered after it.
    fn note_unseen(&mut self, program: &Program<'m>) {
        let calls = &program.units.calls;
        for (router, position, span) in &self.ordered_handlers {
            let registered = self.routers.get(router).into_iter().flatten();
            let later = registered.filter(|(at, _)| {
                calls[*at].unit == calls[*position].unit && calls[*at].call.span.end > calls[*position].call.span.end
            });
            let mut entries = Vec::new();
            for (_, what) in later {
                self.entries_of(what, &mut entries, 0);
            }
            let handlers = entries.into_iter().filter_map(|entry| Some(self.entries.get(entry)?.handler));
            self.unseen.entry((calls[*position].module, *span)).or_default().extend(handlers);
        }
    }

    /// The entry points behind what is registered.
    fn entries_of(&self, what: &Registered<'m>, entries: &mut Vec<usize>, depth: usize) {
        match what {
            Registered::Route { entry, .. } => entries.push(*entry),
            Registered::Mount { child, .. } if depth < 8 => {
                for (_, inner) in self.routers.get(child).into_iter().flatten() {
                    self.entries_of(inner, entries, depth + 1);
                }
            }
            Registered::Mount { .. } | Registered::Middleware { .. } => {}
        }
    }

    /// The chains above a place in a router, with the path prefix that leads there.
    pub(super) fn above(
        &self,
        program: &Program<'m>,
        router: CallId,
        place: Place<'_>,
        parents: &Mounts<'m>,
        depth: usize,
    ) -> Vec<(Vec<Link<'m>>, String)> {
        let Place { position, path, member } = place;
        let mut here: Vec<Link<'m>> = Vec::new();
        let mut own_prefix = String::new();
        let constructor = Site { call: router, frame: program.open_frame(program.units.calls[router].unit) };
        for name in program.callee_paths(constructor).iter() {
            for (_, fact) in program.facts_of(name, Kind::Router) {
                guard_links(program, fact, constructor, &mut here);
                if let Some(Given::Present { expression, frame }) =
                    fact.path.as_deref().map(|path| program.argument(constructor, path))
                {
                    own_prefix = program.text(expression, frame).unwrap_or_default();
                }
            }
        }
        let same_unit = |other: CallId| program.units.calls[other].unit == program.units.calls[position].unit;
        let is_earlier = |one: CallId, other: CallId| {
            program.units.calls[one].call.span.end < program.units.calls[other].call.span.end
        };
        for (at, what) in self.routers.get(&router).into_iter().flatten() {
            let Registered::Middleware { path: scope, links, order, member: only, is_exact } = what else { continue };
            if only.is_some() && only.as_deref() != member {
                continue;
            }
            let holds = !same_unit(*at)
                || match order {
                    Order::All => true,
                    Order::After => is_earlier(*at, position),
                    Order::Before => is_earlier(position, *at),
                };
            let is_open = !is_exact || scope.is_empty() || scope.contains('*');
            if holds && if is_open { covers(scope, path) } else { is_same(scope, path) } {
                here.extend(links.iter().cloned());
            }
        }
        let Some(mounts) = parents.get(&router).filter(|_| depth < 8) else { return vec![(here, own_prefix)] };
        let mut all = Vec::new();
        for (parent, at, prefix, links) in mounts {
            let whole = format!("{}{own_prefix}{path}", prefix.trim_end_matches('/'));
            let place = Place { position: *at, path: &whole, member };
            for (above, outer) in self.above(program, *parent, place, parents, depth + 1) {
                let chain = above.into_iter().chain(links.iter().cloned()).chain(here.iter().cloned()).collect();
                all.push((chain, format!("{}{}{own_prefix}", outer, prefix.trim_end_matches('/'))));
                if all.len() > 8 {
                    return all;
                }
            }
        }
        all
    }
}

/// The routers that mount a router: where, at which path, behind which links.
pub(super) type Mounts<'m> = FxHashMap<CallId, Vec<(CallId, CallId, String, Vec<Link<'m>>)>>;

/// Where something stands in a router: its registration, its path, and the member of the router that registers it.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    position: CallId,
    path: &'s str,
    member: Option<&'s str>,
}

/// The member of a router by which something is registered: `message` of `Router().message.register`.
pub(super) fn member_of(path: &str) -> Option<String> {
    let (_, members) = path.rsplit_once("().")?;
    members.split('.').next().map(str::to_owned)
}

/// How many parameters a function of the program has.
pub(super) fn arity(program: &Program<'_>, value: &Value<'_>) -> Option<usize> {
    let Value::Function { unit, .. } = value else { return None };
    program.units.units[*unit].function.map(|function| function.parameters.len())
}

/// Whether a call stands among the arguments of one that registers a handler.
pub(super) fn is_within_route(program: &Program<'_>, call: CallId) -> bool {
    let info = &program.units.calls[call];
    info.within.iter().any(|outer| {
        let site = Site { call: *outer, frame: program.open_frame(info.unit) };
        program
            .callee_paths(site)
            .iter()
            .any(|path| program.facts_of(path, Kind::Route).iter().any(|(_, fact)| fact.handler.is_some()))
    })
}

/// Whether a path is written like another, with or without a slash at its end.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_matches('/') == other.trim_matches('/')
}

/// Whether a middleware's path scope covers a route path.
pub(super) fn covers(scope: &str, path: &str) -> bool {
    let is_open = scope.ends_with('*') && !scope.ends_with("/*");
    let scope = scope.trim_end_matches(['*', '/']);
    let is_whole_part = |rest: &str| is_open || rest.is_empty() || rest.starts_with('/');
    scope.is_empty() || path.strip_prefix(scope).is_some_and(is_whole_part)
}
