//! Entry points that calls register: routes, mounts, middleware, scripts.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::assigned::is_assigned;
use super::chains::{arity, is_within_route, member_of};
use super::class_handlers::{class_handlers, own_links};
use super::conventional::LISTED;
use super::error_handlers::is_narrow;
use super::given::{handed_on, is_layer, layered, listed, place_of, router_site};
use super::groups::{GROUPS, HANDLERS, HOOKS};
use super::in_a_row::{first_that_ends, spread_handlers};
use super::included::INCLUDED;
use super::kinds::KIND;
use super::links::{applied_by_hand, arguments_of, guard_links, held_by, registration_link, stands_in_front};
use super::marked::marked;
use super::naming::{entry_name_of, method_of, never_long, path_of_parameter, route_path};
use super::served::{SERVED, is_for_one, is_of_library};
use super::started::started;
use super::{Entries, Entry, Link, Order, Registered, Role, Selection, handler_frame, receive};

/// The scope of middleware that is for what its registration names.
const SELECTED: &str = "selected";
/// The role of what runs its handler by itself where its object is used: what that raises leaves there.
const HERE: &str = "here";
/// The method by which an object is called as a function.
pub(super) const CALLED: &str = "__call__";

impl<'m> Entries<'m> {
    /// Handlers, middleware and routers registered by calls.
    pub(super) fn registered(&mut self, program: &Program<'m>) {
        for call in 0..program.units.calls.len() {
            let info = &program.units.calls[call];
            let site = Site { call, frame: program.open_frame(info.unit) };
            for value in program.values(&info.call.callee, site.frame).iter() {
                let Value::Library { path, sites } = value else { continue };
                self.guarded_router(program, site, value);
                for id in program.facts(path).iter() {
                    let fact = program.catalogue.fact(*id);
                    let router = sites.first().copied();
                    match fact.is {
                        Kind::Route if fact.role.as_deref() == Some(LISTED) => self.list_given(program, *id, site),
                        // What stands among the arguments of another registration only makes its handler.
                        Kind::Route
                            if fact.handler.is_some()
                                && !is_within_route(program, call)
                                && program.applies(fact, site) =>
                        {
                            let first = self.entries.len();
                            self.registered_route(program, fact, site, router, member_of(path));
                            (first..self.entries.len()).for_each(|entry| self.note_library(entry, *id));
                        }
                        Kind::Route if info.decorates.is_none() && fact.entry.as_deref() == Some("ui") => {
                            self.script(program, fact, site)
                        }
                        Kind::Middleware if fact.role.as_deref() == Some(HOOKS) => self.hooked(program, fact, site),
                        Kind::Middleware if fact.role.as_deref() == Some(GROUPS) => {
                            self.put_in_front_by_groups(program, fact, site)
                        }
                        Kind::Middleware if !fact.needs.is_empty() => self.put_in_front(program, fact, site),
                        Kind::Middleware if fact.scope.as_deref() == Some(SELECTED) => {
                            self.put_in_front_of_some(program, fact, site)
                        }
                        Kind::Middleware if is_of_library(fact) => self.put_around_library(program, *id, site),
                        Kind::Mount if fact.role.as_deref() == Some(SERVED) => self.serves(program, fact, site),
                        Kind::Mount if fact.role.as_deref() == Some(INCLUDED) => self.include(program, fact, site),
                        Kind::Middleware if fact.role.as_deref() == Some(KIND) => {}
                        Kind::Mount | Kind::Middleware if info.decorates.is_none() && !is_assigned(fact) => {
                            self.mounted(program, fact, site, router, path)
                        }
                        Kind::ErrorHandler if !program.applies(fact, site) => {}
                        Kind::ErrorHandler if fact.role.as_deref() == Some("logs") => {
                            self.told_of_lines(program, fact, site)
                        }
                        Kind::ErrorHandler if fact.value.is_some() => self.handlers_in(program, fact, site),
                        Kind::ErrorHandler if fact.role.as_deref() == Some("told") => {
                            self.told_of_errors(program, fact, site, router)
                        }
                        Kind::ErrorHandler if info.decorates.is_none() => {
                            self.registrations.insert(call);
                            self.answers_inside |= fact.role.as_deref() == Some("inside");
                            for argument in &info.call.arguments {
                                for value in program.values(&argument.value, site.frame).iter() {
                                    receive(program, value, fact);
                                    if fact.parameters.is_some() && fact.parameters != arity(program, value) {
                                        continue;
                                    }
                                    if is_narrow(program, site) {
                                        self.narrow_handlers.insert((info.module, argument.value.span));
                                    }
                                    if let (Some("before"), Some(router)) = (fact.order.as_deref(), router) {
                                        self.ordered_handlers.push((router.call, call, argument.value.span));
                                    }
                                    self.note_scope(fact, router, (info.module, argument.value.span));
                                    self.note_answering(program, *id, (info.module, argument.value.span));
                                    if router.is_some() {
                                        self.of_application.insert((info.module, argument.value.span));
                                    }
                                    self.error_handlers.push(Link {
                                        value: value.clone(),
                                        role: Role::Middleware,
                                        module: info.module,
                                        span: argument.value.span,
                                    });
                                }
                            }
                        }
                        Kind::Runs if !fact.receives.is_empty() => {
                            let Some(Given::Present { expression, frame }) =
                                fact.handler.as_deref().map(|handler| program.argument(site, handler))
                            else {
                                continue;
                            };
                            program.values(expression, frame).iter().for_each(|value| receive(program, value, fact));
                        }
                        // What is injected runs for each request, not where the marker is written.
                        Kind::Inject => {
                            self.registrations.insert(call);
                        }
                        Kind::Router if program.applies(fact, site) => {
                            for path in &fact.handlers {
                                for (expression, frame) in arguments_of(program, site, path) {
                                    self.starts.extend(started(program, expression, frame));
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// The functions in the list that a call is given: `Worker(functions=[answer])`.
    fn list_given(&mut self, program: &Program<'m>, id: FactId, site: Site) {
        let fact = program.catalogue.fact(id);
        let Some(Given::Present { expression, frame }) =
            fact.handler.as_deref().map(|handler| program.argument(site, handler))
        else {
            return;
        };
        self.registrations.insert(site.call);
        let lists = program.values(expression, frame);
        for list in lists.iter() {
            let Value::Data { expression, .. } = list else { continue };
            let ExpressionKind::List(items) = &expression.0.kind else { continue };
            // `func(answer, name="answers")` makes an item of the list, and runs nothing.
            let made = items.iter().filter_map(|item| match &item.kind {
                ExpressionKind::Call(call) => program.units.call_id(call),
                _ => None,
            });
            self.registrations.extend(made);
        }
        self.listed(program, id, &lists);
    }

    /// `limiter.limit("60 per hour")(blueprint)`: what guards a handler as its decorator guards a router's handlers.
    pub(super) fn guarded_router(&mut self, program: &Program<'m>, site: Site, value: &Value<'m>) {
        let info = &program.units.calls[site.call];
        let Some(guard) = value.path().and_then(|path| path.strip_suffix("()")) else { return };
        let Some(first) = info.call.arguments.first().filter(|_| program.is_a(guard, Kind::Guard)) else { return };
        for given in program.values(&first.value, site.frame).iter() {
            let Some(router) = router_site(program, given) else { continue };
            let link = Link { value: value.clone(), role: Role::Middleware, module: info.module, span: info.call.span };
            let what = Registered::Middleware {
                path: String::new(),
                links: vec![link],
                order: Order::All,
                member: None,
                is_exact: false,
            };
            self.register(Some(&router), Some(site), what);
        }
    }

    /// A function that a registration puts in front of all handlers.
    pub(super) fn put_in_front(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        if !program.applies(fact, site) {
            return;
        }
        let info = &program.units.calls[site.call];
        self.registrations.insert(site.call);
        let Some(Given::Present { expression, frame }) =
            fact.handler.as_deref().map(|handler| program.argument(site, handler))
        else {
            return;
        };
        let mut links = Vec::new();
        self.function_links(program, expression, frame, info.module, &mut links);
        self.note_kind(program, fact, std::iter::empty(), &links);
        if fact.scope.as_deref() == Some(HANDLERS) {
            self.takes.extend(links.iter().map(|link| ((link.module, link.span), fact.keys.as_slice())));
        }
        self.conventions.extend(links);
    }

    /// A function that a library calls around all of its entry points: `task_postrun.connect(record)`.
    fn put_around_library(&mut self, program: &Program<'m>, id: FactId, site: Site) {
        let info = &program.units.calls[site.call];
        self.registrations.insert(site.call);
        let Some(first) = info.call.arguments.first().filter(|_| !is_for_one(program, Some(site))) else { return };
        let mut links = Vec::new();
        self.function_links(program, &first.value, site.frame, info.module, &mut links);
        for link in links {
            self.of_library.insert((link.module, link.span), id);
            self.conventions.push(Link { role: Role::After, ..link });
        }
    }

    /// Functions that a registration puts in front of the handlers that it names.
    fn put_in_front_of_some(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        self.registrations.insert(site.call);
        let Some(handler) = &fact.handler else { return };
        // Of several calls in a row the last one is this registration's own.
        let Some((_, _, applied)) = program.arguments_of(site, handler).pop() else { return };
        let info = &program.units.calls[applied.call];
        self.registrations.insert(applied.call);
        for argument in &info.call.arguments {
            let mut links = Vec::new();
            self.function_links(program, &argument.value, applied.frame, info.module, &mut links);
            for link in links {
                self.selected.entry((link.module, link.span)).or_default().push(Selection::of(program, fact, site));
                self.conventions.push(link);
            }
        }
    }

    pub(super) fn registered_route(
        &mut self,
        program: &Program<'m>,
        fact: &'m Fact,
        site: Site,
        router: Option<Site>,
        member: Option<String>,
    ) {
        let info = &program.units.calls[site.call];
        let Some(path_of_handler) = fact.handler.as_deref() else { return };
        let Given::Present { expression, frame } = program.argument(site, path_of_handler) else { return };
        let first = path_of_handler.starts_with("#-").then(|| first_that_ends(program, fact, site)).flatten();
        let written = first.unwrap_or(expression);
        let spread = spread_handlers(program, written, frame);
        let (before, (expression, frame)) = spread.map_or((&[][..], (written, frame)), |(before, last, site)| {
            self.registrations.insert(site.call);
            (before, (last, site.frame))
        });
        let mut values = program.values(expression, frame).to_vec();
        // `post(handler).layer(limit)`: what stands in front of the handlers of one path is none of them.
        let layers: Vec<Value<'m>> = values.iter().flat_map(|value| layered(program, value)).collect();
        values.retain(|value| !layers.contains(value));
        let mut handlers: Vec<(UnitId, FrameId, Option<String>)> = Vec::new();
        let mut makers: Vec<CallId> = Vec::new();
        let mut wrappers: Vec<Link<'m>> = Vec::new();
        for value in values.iter() {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = program.enter(*unit, *closure, receiver.clone(), How::Framework)
                        && !handlers.iter().any(|(_, known, _)| *known == frame)
                    {
                        handlers.push((program.innermost(*unit, *closure), frame, None));
                    }
                }
                // An object that is called as a function: `box.submit(Talker())`.
                Value::Instance { .. } if fact.exports.is_empty() => {
                    for each in program.member(value, CALLED, None) {
                        let Value::Function { unit, closure, receiver } = each else { continue };
                        if let Some(frame) = program.enter(unit, closure, receiver, How::Framework) {
                            handlers.push((program.innermost(unit, closure), frame, None));
                        }
                    }
                }
                Value::Library { sites, .. } if !sites.is_empty() => {
                    wrappers.push(Link {
                        value: value.clone(),
                        role: Role::Decorator,
                        module: info.module,
                        span: expression.span,
                    });
                    // `post(handler)` of a method router: the handler is among the arguments of what is given.
                    for site in sites.iter() {
                        self.registrations.insert(site.call);
                        let arguments = &program.units.calls[site.call].call.arguments;
                        if is_layer(program, *site) {
                            for argument in arguments {
                                let module = program.units.calls[site.call].module;
                                self.function_links(program, &argument.value, site.frame, module, &mut wrappers);
                            }
                            continue;
                        }
                        for argument in arguments {
                            for value in program.values(&argument.value, site.frame).iter() {
                                if stands_in_front(program, value) {
                                    wrappers.push(Link {
                                        value: value.clone(),
                                        role: Role::Middleware,
                                        module: info.module,
                                        span: argument.value.span,
                                    });
                                }
                                if let Value::Function { unit, closure, receiver } = value
                                    && let Some(frame) =
                                        program.enter(*unit, *closure, receiver.clone(), How::Framework)
                                {
                                    makers.push(site.call);
                                    if !handlers.iter().any(|(_, known, _)| *known == frame) {
                                        // `get(list).post(create)`, `post().to(create)`.
                                        let method = std::iter::once(site)
                                            .chain(sites.iter().rev())
                                            .find_map(|site| method_of(program.units.calls[site.call].call));
                                        handlers.push((program.innermost(*unit, *closure), frame, method));
                                    }
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        handlers.extend(class_handlers(program, fact, expression, frame));
        let is_looked_for = handlers.is_empty();
        if is_looked_for {
            let found = marked(program, expression, frame).into_iter();
            handlers.extend(found.filter_map(|unit| Some((unit, handler_frame(program, unit)?, None))));
        }
        wrappers.extend(applied_by_hand(program, expression, frame, info.module));
        if fact.role.as_deref() == Some(HERE) {
            self.run_here.extend(handlers.iter().map(|(_, handler, _)| *handler));
        } else {
            self.registrations.insert(site.call);
            self.registrations.extend(makers);
        }
        for path in fact.guards.iter().filter(|path| path.ends_with("()")) {
            self.registrations.extend(program.arguments_of(site, path).iter().map(|(_, _, link)| link.call));
        }
        if handlers.is_empty() {
            return;
        }
        let mut chain = Vec::new();
        guard_links(program, fact, site, &mut chain);
        registration_link(program, site, &mut chain);
        if path_of_handler.starts_with("#-") {
            for argument in info.call.arguments.iter().take_while(|argument| !std::ptr::eq(&argument.value, written)) {
                self.function_links(program, &argument.value, site.frame, info.module, &mut chain);
            }
        }
        for argument in before {
            self.function_links(program, &argument.value, frame, info.module, &mut chain);
        }
        chain.append(&mut wrappers);
        for link in &chain {
            receive(program, &link.value, fact);
        }
        let written = route_path(program, fact, site);
        for (unit, handler, method) in handlers {
            let path = written.clone().or_else(|| path_of_parameter(program, fact, unit)).unwrap_or_default();
            never_long(&path).into_iter().for_each(|name| program.receives_no_text(unit, name));
            program.receives(unit, &fact.receives);
            program.receives(program.unit_of_frame(handler), &fact.receives);
            let entry = self.entries.len();
            // A service that is one handler for all paths is the function to which it hands what comes.
            let unit = match fact.path {
                None if fact.keys.is_empty() => handed_on(program, unit, handler).unwrap_or(unit),
                _ => unit,
            };
            let function = program.units.units[unit].function;
            let (module, span) = place_of(program, unit, site, is_looked_for);
            self.entries.push(Entry {
                kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
                name: entry_name_of(program, fact, &path, function, site, method),
                public: fact.public.unwrap_or(!matches!(fact.entry.as_deref(), Some("cli" | "cron"))),
                module,
                span,
                handler,
                is_page: false,
                is_in_front: false,
                behind: Vec::new(),
                chains: vec![chain.iter().cloned().chain(own_links(program, fact, unit)).collect()],
            });
            if router.is_none() {
                self.lone.insert(entry, site.call);
            }
            self.register(
                router.as_ref(),
                Some(site),
                Registered::Route { path: path.clone(), entry, member: member.clone() },
            );
        }
    }

    /// Function-like values among the arguments, also in lists.
    pub(super) fn function_links(
        &self,
        program: &Program<'m>,
        expression: &'m Expression,
        frame: FrameId,
        module: ModuleId,
        chain: &mut Vec<Link<'m>>,
    ) {
        for value in program.values(expression, frame).iter() {
            match value {
                Value::Function { .. } | Value::Class(_) | Value::Instance { .. } => {
                    chain.push(Link { value: value.clone(), role: Role::Middleware, module, span: expression.span });
                    for (held, frame) in held_by(program, value) {
                        self.function_links(program, held, frame, module, chain);
                    }
                }
                Value::Library { path, sites } => {
                    // `compose([log, limit])`: each of them stands in front.
                    if let Some((list, frame)) = listed(program, path, sites) {
                        self.function_links(program, list, frame, module, chain);
                        continue;
                    }
                    chain.push(Link { value: value.clone(), role: Role::Middleware, module, span: expression.span });
                    // A stack of layers is what was put on it: `ServiceBuilder::new().layer(a).layer(b)`.
                    if router_site(program, value).is_none() {
                        for site in sites.iter().skip(1) {
                            for argument in &program.units.calls[site.call].call.arguments {
                                self.function_links(program, &argument.value, site.frame, module, chain);
                            }
                        }
                    }
                }
                Value::Data { expression: written, frame } => {
                    if let ExpressionKind::List(items) = &written.0.kind {
                        for item in items {
                            self.function_links(program, item, *frame, module, chain);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A module whose body is the entry point, told by a call that it makes.
    pub(super) fn script(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        let module = program.units.calls[site.call].module;
        let unit = &program.units.units[program.units.bodies[module]];
        if self.entries.iter().any(|entry| entry.module == module && entry.kind == "ui") {
            return;
        }
        self.entries.push(Entry {
            kind: "ui".into(),
            name: program.modules[module].path.clone(),
            public: fact.public.unwrap_or(true),
            module,
            span: program.modules[module]
                .body
                .first()
                .map_or(unit.span, |first| Span { start: first.span.start, end: unit.span.end }),
            handler: program.module_frame(module),
            is_page: false,
            is_in_front: false,
            behind: Vec::new(),
            chains: vec![Vec::new()],
        });
    }
}
