//! What serves what: calls that answer requests with a router, and the frameworks whose middleware stands in front of
//! what they serve themselves.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{FrameId, Site, Value};
use crate::model::{ExpressionKind, Literal, Project, Span};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::links::guard_links;
use super::log_tables::{emits, listed_at_root};
use super::{Entries, Entry, Link, Registered, Role, link};

/// The role of a mount that answers requests with the router that it is given.
pub(super) const SERVED: &str = "served";

/// The scope of what a library calls around all entry points that are its own.
const LIBRARY: &str = "library";

pub(super) fn is_of_library(fact: &Fact) -> bool {
    fact.scope.as_deref() == Some(LIBRARY)
}

/// Whether a registration is for one sender only: `@task_postrun.connect(sender=summarise)`.
pub(super) fn is_for_one(program: &Program<'_>, site: Option<Site>) -> bool {
    site.is_some_and(|site| {
        let arguments = &program.units.calls[site.call].call.arguments;
        arguments.iter().any(|argument| argument.name.as_deref() == Some("sender"))
    })
}

/// Routers, procedures and objects of them that are looked at for what one call serves.
const PROCEDURES: usize = 2_000;

/// Ways to one entry point.
const WAYS: usize = 8;

/// The router that a call answers requests with: `fetchRequestHandler({ router, req })`.
pub(super) fn served_by(program: &Program<'_>, name: &str, site: Site) -> Option<Site> {
    let facts = program.facts_of(name, Kind::Mount);
    let (_, fact) = facts.iter().find(|(_, fact)| fact.role.as_deref() == Some(SERVED))?;
    let Given::Present { expression, frame } = program.argument(site, fact.handler.as_deref()?) else { return None };
    program.values(expression, frame).iter().find_map(|value| value.sites().first().copied())
}

impl<'m> Entries<'m> {
    /// Notes by which fact an entry point was registered.
    pub(super) fn note_library(&mut self, entry: usize, fact: FactId) {
        self.libraries.insert(entry, fact);
    }

    /// Notes by which fact a handler of errors is registered, where that is of a framework for requests.
    pub(super) fn note_answering(&mut self, program: &Program<'m>, fact: FactId, place: (ModuleId, Span)) {
        let library = &program.catalogue.library_of(fact).name;
        let takes_requests = |(other, told): (FactId, &Fact)| {
            told.entry.as_deref() == Some("http") && program.catalogue.library_of(other).name == *library
        };
        if program.catalogue.of_kind(Kind::Route).any(takes_requests) {
            self.answering.insert(place, fact);
        }
    }

    /// Notes that what a framework for requests is told of errors are not those of what other libraries take from a queue,
    /// or start by the clock.
    pub(super) fn note_unseen_work(&mut self, program: &Program<'m>) {
        let library = |fact: FactId| program.catalogue.library_of(fact).name.as_str();
        let works = |kind: &str| matches!(kind, "queue" | "cron");
        for (place, fact) in &self.answering {
            let of_others = self.entries.iter().enumerate().filter(|(entry, found)| {
                works(&found.kind) && self.libraries.get(entry).is_some_and(|own| library(*own) != library(*fact))
            });
            let handlers: Vec<FrameId> = of_others.map(|(_, entry)| entry.handler).collect();
            self.unseen.entry(*place).or_default().extend(handlers);
        }
    }

    /// Notes a call that answers requests with a router.
    pub(super) fn serves(&mut self, program: &Program<'m>, fact: &Fact, site: Site) {
        let Some(Given::Present { expression, frame }) =
            fact.handler.as_deref().map(|handler| program.argument(site, handler))
        else {
            return;
        };
        // The routers that are served, also those in an object of procedures: `{ chat: { ask } }`.
        let mut pending = program.values(expression, frame).to_vec();
        let mut routers: FxHashSet<CallId> = FxHashSet::default();
        for _ in 0..PROCEDURES {
            match pending.pop() {
                Some(Value::Data { expression, frame }) => {
                    let ExpressionKind::Object(entries) = &expression.0.kind else { continue };
                    let within = entries.iter().take(PROCEDURES - pending.len().min(PROCEDURES));
                    pending.extend(within.flat_map(|entry| program.values(&entry.value, frame).to_vec()));
                }
                Some(value) => routers.extend(value.sites().first().map(|router| router.call)),
                None => break,
            }
        }
        let mut routers: Vec<CallId> = routers.into_iter().collect();
        routers.sort_unstable();
        self.served.extend(routers.into_iter().map(|router| (router, site)));
    }

    /// Functions that are told of errors, and whose answer nobody waits for.
    pub(super) fn told_of_errors(&mut self, program: &Program<'m>, fact: &Fact, site: Site, router: Option<Site>) {
        let Some(Given::Present { expression, frame }) =
            fact.handler.as_deref().map(|handler| program.argument(site, handler))
        else {
            return;
        };
        self.registrations.insert(site.call);
        let module = program.units.calls[site.call].module;
        self.note_scope(fact, router, (module, expression.span));
        if router.is_some() {
            self.of_application.insert((module, expression.span));
        }
        if let Some((id, _)) = program.catalogue.of_kind(Kind::ErrorHandler).find(|(_, each)| std::ptr::eq(*each, fact))
            && is_of_library(fact)
        {
            self.of_library.insert((module, expression.span), id);
            if is_for_one(program, Some(site)) {
                self.narrow_handlers.insert((module, expression.span));
            }
        }
        for value in program.values(expression, frame).iter() {
            let told = match value {
                Value::Function { .. } => Some(value.clone()),
                // `app.logger.addHandler(handler)`
                Value::Instance { class, .. } => emits(program, *class, value),
                _ => None,
            };
            if let Some(value) = told {
                self.error_handlers.push(Link { value, role: Role::Observer, module, span: expression.span });
            }
        }
    }

    /// Notes the objects that are told of what is logged as an error: `logging.getLogger().addHandler(handler)`. What a
    /// logger with a name of its own is given is told of the lines of that one only.
    pub(super) fn told_of_lines(&mut self, program: &Program<'m>, fact: &Fact, site: Site) {
        let info = &program.units.calls[site.call];
        // `dictConfig({"handlers": {...}, "root": {...}})`
        if let Some(Given::Present { expression, frame }) =
            fact.value.as_deref().map(|table| program.argument(site, table))
        {
            for value in program.values(expression, frame).iter() {
                let Value::Data { expression: table, frame } = value else { continue };
                self.log_handlers.extend(listed_at_root(program, info.module, (table.0, *frame)));
            }
            return;
        }
        let logger = program.values(&info.call.callee, site.frame);
        let makers = logger.iter().flat_map(|value| value.sites().to_vec());
        let is_named = makers.into_iter().any(|made| {
            let first = program.units.calls[made.call].call.arguments.first();
            first.is_some_and(
                |first| matches!(&first.value.kind, ExpressionKind::Literal(Literal::Text(name)) if !name.is_empty()),
            )
        });
        let given = fact.handler.as_deref().map(|handler| program.argument(site, handler));
        let (Some(Given::Present { expression, frame }), false) = (given, is_named) else { return };
        for value in program.values(expression, frame).iter().cloned() {
            let link = Link { value, role: Role::Observer, module: info.module, span: info.call.span };
            self.log_handlers.push(link);
        }
    }

    /// Notes the commands that are registered at what also serves: `@app.cli.command("tidy")`.
    pub(super) fn note_commands(&mut self) {
        let is_command = |entry: &usize| self.entries[*entry].kind == "cli";
        let mut commands = Vec::new();
        let mut routers: Vec<_> = self.routers.iter().collect();
        routers.sort_unstable_by_key(|(router, _)| **router);
        for (_, registered) in routers {
            let (own, others): (Vec<usize>, Vec<usize>) = registered
                .iter()
                .filter_map(|(_, what)| match what {
                    Registered::Route { entry, .. } => Some(*entry),
                    _ => None,
                })
                .partition(is_command);
            let mounts = registered.iter().any(|(_, what)| matches!(what, Registered::Mount { .. }));
            if mounts || !others.is_empty() {
                commands.extend(own.into_iter().map(|entry| self.entries[entry].handler));
            }
        }
        self.commands.extend(commands);
    }

    /// Puts what stands in front of the calls that serve a router in front of its routes: the functions that make them,
    /// and what stands in front of those.
    pub(super) fn behind_servers(&mut self, program: &Program<'m>, routers: &BTreeMap<usize, CallId>) {
        for (entry, router) in routers {
            let sites = self.served.iter().filter(|(served, _)| served == router).map(|(_, site)| *site);
            let mut fronts: Vec<Vec<Link<'m>>> = Vec::new();
            for front in sites.flat_map(|site| self.fronts(program, site)) {
                if !fronts.contains(&front) {
                    fronts.push(front);
                }
            }
            if fronts.iter().all(Vec::is_empty) {
                continue;
            }
            let own = std::mem::take(&mut self.entries[*entry].chains);
            let whole = fronts.iter().flat_map(|front| {
                own.iter().map(|chain| front.iter().cloned().chain(chain.iter().cloned()).collect::<Vec<_>>())
            });
            self.entries[*entry].chains = whole.take(WAYS).collect();
        }
    }

    /// What stands in front of a call that serves a router, one list for each entry point that makes it.
    fn fronts(&self, program: &Program<'m>, site: Site) -> Vec<Vec<Link<'m>>> {
        let info = &program.units.calls[site.call];
        let mut around = vec![info.unit];
        while let Some(parent) = around.last().and_then(|unit| program.units.units[*unit].parent) {
            around.push(parent);
        }
        let is_function = |unit: &UnitId| program.units.units[*unit].function.is_some();
        around.retain(is_function);
        let makes_it = |entry: &&Entry<'m>| {
            around.contains(&program.unit_of_frame(entry.handler))
                || entry.module == info.module && !around.is_empty() && runs_one_of(program, entry.handler, &around)
        };
        let mut fronts: Vec<Vec<Link<'m>>> = Vec::new();
        for entry in self.entries.iter().filter(makes_it) {
            let handler = program.unit_of_frame(entry.handler);
            let mut own = link(program, handler, program.units.units[handler].span, Role::Middleware);
            if let (Value::Function { closure, .. }, Some(around)) =
                (&mut own.value, program.frame(entry.handler).closure)
            {
                *closure = around;
            }
            let chains = entry.chains.iter().map(|chain| chain.iter().cloned().chain([own.clone()]).collect());
            fronts.extend(chains);
        }
        if fronts.is_empty() {
            fronts.push(Vec::new());
        }
        // What the call itself runs for each request: `fetchRequestHandler({ router, createContext })`.
        let mut given = Vec::new();
        for (_, fact) in program.callee_paths(site).iter().flat_map(|path| program.facts_of(path, Kind::Mount)) {
            guard_links(program, fact, site, &mut given);
        }
        fronts.iter_mut().for_each(|front| front.extend(given.iter().cloned()));
        fronts
    }

    /// By the place of each middleware that a framework finds as a file: the framework, and the folders of the projects
    /// that depend on it.
    pub(super) fn frameworks<'p>(&self, program: &'p Program<'m>) -> Frameworks<'p> {
        let of = |fact: FactId| {
            let library = program.catalogue.library_of(fact);
            let packages = &library.packages;
            let names: Vec<&String> = packages.npm.iter().chain(&packages.pypi).chain(&packages.crates).collect();
            let depends = |project: &&Project| {
                project.dependencies.iter().any(|known| names.iter().any(|name| **name == known.name))
            };
            let folders = program.projects.iter().filter(depends).map(|project| project.folder.as_str()).collect();
            Framework { name: library.name.as_str(), folders }
        };
        self.found.iter().map(|(place, fact)| (*place, of(*fact))).collect()
    }

    /// What the framework of an entry point puts in front of all requests, whatever router answers them.
    pub(super) fn of_framework(
        &self,
        program: &Program<'m>,
        entry: usize,
        frameworks: &Frameworks<'_>,
    ) -> Vec<Link<'m>> {
        let is_request = !matches!(self.entries[entry].kind.as_str(), "cron" | "cli" | "queue");
        let is_known = self.libraries.contains_key(&entry);
        let links = self.conventions.iter().filter(|link| {
            let place = (link.module, link.span);
            let stands_in_front = is_request && is_known && self.of_requests.contains(&place);
            let is_told = self.of_library.contains_key(&place) && self.is_of_own_library(program, entry, link);
            (stands_in_front || is_told) && self.is_served_with(program, entry, link, frameworks)
        });
        links.cloned().collect()
    }

    /// Whether what a library calls around its own entry points is called around this one; true of what is no such thing.
    pub(super) fn is_of_own_library(&self, program: &Program<'m>, entry: usize, link: &Link<'m>) -> bool {
        let library = |fact: FactId| program.catalogue.library_of(fact).name.as_str();
        self.of_library
            .get(&(link.module, link.span))
            .is_none_or(|by| self.libraries.get(&entry).is_some_and(|own| library(*own) == library(*by)))
    }

    /// Notes whose errors a handler does not see that a library tells of those of its own entry points.
    pub(super) fn note_unseen_of_others(&mut self, program: &Program<'m>) {
        let told: Vec<Link<'m>> = self.error_handlers.clone();
        for link in told.iter().filter(|link| self.of_library.contains_key(&(link.module, link.span))) {
            let others = (0..self.entries.len()).filter(|entry| !self.is_of_own_library(program, *entry, link));
            let handlers: Vec<FrameId> = others.map(|entry| self.entries[entry].handler).collect();
            self.unseen.entry((link.module, link.span)).or_default().extend(handlers);
        }
    }

    /// Whether a middleware that a framework finds as a file stands in front of an entry point: of what other libraries
    /// register, and of other applications in the repository, it sees nothing.
    pub(super) fn is_served_with(
        &self,
        program: &Program<'m>,
        entry: usize,
        link: &Link<'m>,
        frameworks: &Frameworks<'_>,
    ) -> bool {
        let Some(framework) = frameworks.get(&(link.module, link.span)) else { return true };
        let made = &self.entries[entry];
        // Server actions are the framework's own, whatever library makes them.
        let is_foreign = self
            .libraries
            .get(&entry)
            .is_some_and(|by| !made.is_action() && program.catalogue.library_of(*by).name != framework.name);
        let application = |module: ModuleId| {
            let path = program.modules[module].path.as_str();
            let holds = |folder: &&&str| {
                folder.is_empty() || path.strip_prefix(**folder).is_some_and(|rest| rest.starts_with('/'))
            };
            framework.folders.iter().filter(holds).max_by_key(|folder| folder.len())
        };
        let is_elsewhere = match (application(made.module), application(link.module)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        !is_foreign && !is_elsewhere
    }
}

/// Whether a function runs one of these within a few steps: `withLog((req) => fetchRequestHandler({ router, req }))` gives a
/// handler that calls what it was given.
fn runs_one_of(program: &Program<'_>, frame: FrameId, units: &[UnitId]) -> bool {
    let mut pending = vec![(frame, 0)];
    let mut looked_at = 0;
    while let Some((frame, depth)) = pending.pop() {
        for call in &program.units.units[program.unit_of_frame(frame)].calls {
            looked_at += 1;
            if looked_at > CALLS {
                return false;
            }
            let run = program.runs(Site { call: *call, frame });
            if run.iter().any(|inner| units.contains(&program.unit_of_frame(*inner))) {
                return true;
            }
            pending.extend(run.iter().filter(|_| depth < DEPTH).map(|inner| (*inner, depth + 1)));
        }
    }
    false
}

/// Functions within functions, and calls in them, that are looked at for what a handler runs.
const DEPTH: usize = 2;
const CALLS: usize = 64;

/// A framework, and where it is used.
pub(super) struct Framework<'p> {
    name: &'p str,
    folders: Vec<&'p str>,
}

/// Frameworks by the place of the middleware that they find.
pub(super) type Frameworks<'p> = FxHashMap<(ModuleId, Span), Framework<'p>>;
