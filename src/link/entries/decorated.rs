//! Entry points that decorators register, and what decorators of classes put in front of them.

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::chains::member_of;
use super::class_handlers::{field_links, handlers_of, own_links};
use super::development::is_defined_in_development;
use super::error_handlers::{handled_errors, is_narrow};
use super::links::{arguments_of, guard_links};
use super::naming::{entry_name, entry_name_of, never_long, route_path};
use super::served::{is_for_one, is_of_library};
use super::{Entries, Entry, Link, Order, Registered, Role, handler_frame};

/// The order of what runs when the answer has been made.
const RESPONSE: &str = "response";

impl<'m> Entries<'m> {
    /// Functions registered by a decorator.
    pub(super) fn decorated(&mut self, program: &Program<'m>) {
        for unit in 0..program.units.units.len() {
            let info = &program.units.units[unit];
            let (Some(function), Some(parent)) = (info.function, info.parent) else { continue };
            let frame = program.open_frame(parent);
            for (index, decorator) in function.decorators.iter().enumerate() {
                let inner = function.decorators.get(index + 1..).unwrap_or(&[]);
                self.applied(program, unit, function, decorator, decorator.span, inner, frame);
            }
        }
        // `app.middleware("http")(log)`: a decorator applied by hand.
        for call in 0..program.units.calls.len() {
            let info = &program.units.calls[call];
            let Some(given) = info.call.arguments.first() else { continue };
            if !matches!(info.call.callee.kind, ExpressionKind::Call(_)) {
                continue;
            }
            let frame = program.open_frame(info.unit);
            let mut handlers: Vec<&'m Expression> = vec![&given.value];
            // `app.event("app_mention")(ack=note, lazy=[answer])`: the lists hold further ones.
            let lists = info.call.arguments.iter().filter(|argument| argument.name.is_some());
            handlers.extend(lists.flat_map(|argument| match &argument.value.kind {
                ExpressionKind::List(items) => items.as_slice(),
                _ => &[],
            }));
            for value in handlers.into_iter().flat_map(|handler| program.values(handler, frame).to_vec()) {
                if let Value::Function { unit, .. } = value
                    && let Some(function) = program.units.units[unit].function
                    && self.applied(program, unit, function, &info.call.callee, info.call.span, &[], frame)
                {
                    self.registrations.insert(call);
                }
            }
        }
    }

    /// What decorators of classes put in front of every handler: `@Module({ providers: [{ useClass: Limiter }] })`.
    pub(super) fn decorated_classes(&mut self, program: &Program<'m>) {
        for (id, class) in program.units.classes.iter().enumerate() {
            let frame = program.open_frame(class.unit);
            for (fact, site) in
                class.class.decorators.iter().flat_map(|decorator| decorator_facts(program, decorator, frame))
            {
                // `@api.route("/chat") class Chat(Resource)`: the methods of the class are the handlers.
                if fact.is == Kind::Route && fact.handler.is_none() {
                    self.route_of_class(program, fact, id, site);
                }
                if fact.is == Kind::Middleware && !fact.guards.is_empty() {
                    let mut links = Vec::new();
                    guard_links(program, fact, site, &mut links);
                    for link in links {
                        match handled_errors(program, &link.value) {
                            Some(is_narrow) => {
                                if is_narrow {
                                    self.narrow_handlers.insert((link.module, link.span));
                                }
                                self.error_handlers.push(link);
                            }
                            None => self.conventions.push(link),
                        }
                    }
                }
            }
        }
    }

    /// The handlers of a class that its decorator registers.
    fn route_of_class(&mut self, program: &Program<'m>, fact: &'m Fact, class: ClassId, site: Site) {
        self.registrations.insert(site.call);
        let path = route_path(program, fact, site).unwrap_or_default();
        let callee = program.values(&program.units.calls[site.call].call.callee, site.frame);
        let router = callee.iter().find_map(|value| value.sites().first().copied());
        for (unit, handler, method) in handlers_of(program, fact, class, None) {
            let info = &program.units.units[unit];
            let Some(function) = info.function else { continue };
            never_long(&path).into_iter().for_each(|name| program.receives_no_text(unit, name));
            let entry = self.entries.len();
            let mut chain = Vec::new();
            guard_links(program, fact, site, &mut chain);
            chain.extend(own_links(program, fact, unit));
            self.entries.push(Entry {
                kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
                name: entry_name_of(program, fact, &path, Some(function), site, method),
                public: fact.public.unwrap_or(true),
                module: info.module,
                span: function.span,
                handler,
                is_page: false,
                is_in_front: false,
                behind: Vec::new(),
                chains: vec![chain],
            });
            let member = callee.iter().filter_map(Value::path).find_map(member_of);
            let what = Registered::Route { path: path.clone(), entry, member };
            self.register(router.as_ref(), Some(site), what);
        }
    }

    /// A function registered by what decorates it.
    #[expect(clippy::too_many_arguments, reason = "one registration is that many things")]
    pub(super) fn applied(
        &mut self,
        program: &Program<'m>,
        unit: UnitId,
        function: &'m Function,
        decorator: &'m Expression,
        span: Span,
        inner: &'m [Expression],
        frame: FrameId,
    ) -> bool {
        let (callee, site) = match &decorator.kind {
            ExpressionKind::Call(call) => (&call.callee, program.units.call_id(call).map(|call| Site { call, frame })),
            _ => (decorator, None),
        };
        let mut registers = false;
        for value in program.values(callee, frame).iter() {
            let Value::Library { path, sites } = value else { continue };
            let mut routes = program.facts_of(path, Kind::Route);
            routes.retain(|(_, fact)| fact.handler.is_none());
            // What is known of a function of this name holds before what is known of all.
            let names_it = |fact: &Fact| fact.exports.contains(&function.name);
            let is_named = routes.iter().any(|(_, fact)| names_it(fact));
            routes.retain(|(_, fact)| if is_named { names_it(fact) } else { fact.exports.is_empty() });
            for (id, fact) in routes {
                registers = true;
                let router = self.application_of(program, fact, site, sites.first().copied());
                let first = self.entries.len();
                self.add_decorated(program, unit, function, fact, site, router, member_of(path), inner, frame);
                (first..self.entries.len()).for_each(|entry| self.note_library(entry, id));
            }
            let of_development = || {
                let parent = program.units.units[unit].parent;
                parent.is_some_and(|parent| is_defined_in_development(program, parent, function.span))
            };
            let adds = [Kind::Middleware, Kind::ErrorHandler].into_iter().any(|kind| program.is_a(path, kind));
            if adds && of_development() {
                registers = true;
                continue;
            }
            let middleware = program.facts_of(path, Kind::Middleware);
            if let Some((id, _)) = middleware.iter().find(|(_, fact)| is_of_library(fact)) {
                registers = true;
                let link = super::link(program, unit, span, Role::After);
                if !is_for_one(program, site) {
                    self.of_library.insert((link.module, link.span), *id);
                    self.conventions.push(link);
                }
            } else if let Some((_, fact)) = middleware.iter().find(|(_, fact)| fact.handler.is_none()) {
                let member = if fact.scope.as_deref() == Some("member") { member_of(path) } else { None };
                registers = true;
                let role = if fact.order.as_deref() == Some(RESPONSE) { Role::After } else { Role::Middleware };
                let link = super::link(program, unit, span, role);
                self.note_kind(program, fact, std::iter::empty(), std::slice::from_ref(&link));
                let what = Registered::Middleware {
                    path: String::new(),
                    links: vec![link],
                    order: Order::All,
                    member,
                    is_exact: false,
                };
                self.register(sites.first(), site, what);
            }
            let mut facts = program.facts_of(path, Kind::ErrorHandler).to_vec();
            facts.retain(|(_, fact)| site.is_none_or(|site| program.applies(fact, site)));
            if !facts.is_empty() {
                registers = true;
                let is_told = facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("told"));
                let role = if is_told { Role::Observer } else { Role::Middleware };
                let link = super::link(program, unit, span, role);
                for (id, fact) in facts {
                    program.receives(unit, &fact.receives);
                    self.note_answering(program, id, (link.module, link.span));
                    if is_of_library(fact) {
                        self.of_library.insert((link.module, link.span), id);
                        if is_for_one(program, site) {
                            self.narrow_handlers.insert((link.module, link.span));
                        }
                    }
                    self.note_scope(fact, sites.first().copied(), (link.module, link.span));
                }
                if site.is_some_and(|site| is_narrow(program, site)) {
                    self.narrow_handlers.insert((link.module, link.span));
                }
                self.error_handlers.push(link);
            }
            let facts = program.facts_of(path, Kind::Router);
            if let Some((_, fact)) = facts.iter().find(|(_, fact)| fact.role.as_deref() == Some("start")) {
                registers = true;
                if site.is_none_or(|site| program.applies(fact, site)) {
                    self.starts.extend(handler_frame(program, unit));
                }
            }
        }
        if let Some(site) = site
            && (registers || function.decorators.iter().any(|each| std::ptr::eq(each, decorator)))
        {
            self.registrations.insert(site.call);
        }
        registers
    }

    /// The object with which a decorator registers: the one that it is called on, or the only application of the program
    /// (`@shared_task`). What it is given itself may stand in place of what that one has: `@app.task(base=Recorded)`.
    fn application_of(
        &mut self,
        program: &Program<'m>,
        fact: &'m Fact,
        site: Option<Site>,
        on: Option<Site>,
    ) -> Option<Site> {
        let Some(class) = fact.by.as_deref() else { return on };
        if site.is_some_and(|site| fact.guards.iter().any(|path| !arguments_of(program, site, path).is_empty())) {
            return None;
        }
        if on.is_some() {
            return on;
        }
        *self.applications.entry(class).or_insert_with(|| {
            let calls = program.units.calls.iter().enumerate();
            let sites = calls.map(|(call, info)| Site { call, frame: program.open_frame(info.unit) });
            let mut made = sites.filter(|site| program.callee_paths(*site).iter().any(|path| **path == *class));
            made.next().filter(|_| made.next().is_none())
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one registration is that many things")]
    pub(super) fn add_decorated(
        &mut self,
        program: &Program<'m>,
        unit: UnitId,
        function: &'m Function,
        fact: &'m Fact,
        site: Option<Site>,
        router: Option<Site>,
        member: Option<String>,
        inner: &'m [Expression],
        frame: FrameId,
    ) {
        let module = program.units.units[unit].module;
        let mut path = site.and_then(|site| route_path(program, fact, site)).unwrap_or_default();
        let start =
            function.decorators.first().map_or(function.span.start, |first| first.span.start.min(function.span.start));
        let mut chain: Vec<Link<'m>> = Vec::new();
        if let Some(site) = site {
            guard_links(program, fact, site, &mut chain);
        }
        let class = program.units.units[unit].class.map(|class| &program.units.classes[class]);
        let of_class = class.iter().flat_map(|class| {
            let frame = program.open_frame(class.unit);
            class.class.decorators.iter().map(move |decorator| (decorator, frame))
        });
        let is_http = fact.entry.as_deref() == Some("http");
        for (decorator, frame) in of_class.chain(function.decorators.iter().map(|decorator| (decorator, frame))) {
            for (fact, site) in decorator_facts(program, decorator, frame) {
                match fact.is {
                    // `@UseGuards(Limiter)`: what it is given stands in front.
                    Kind::Middleware if fact.handler.is_some() => {
                        for argument in &program.units.calls[site.call].call.arguments {
                            self.function_links(program, &argument.value, site.frame, module, &mut chain);
                        }
                    }
                    Kind::Router if is_http => {
                        if let Some(prefix) = route_path(program, fact, site) {
                            path = format!("/{}/{}", prefix.trim_matches('/'), path.trim_matches('/'));
                            path.truncate(path.trim_end_matches('/').len());
                        }
                    }
                    _ => {}
                }
            }
        }
        for decorator in inner {
            for value in program.values(decorator, frame).iter() {
                for value in wrapped_by(program, value).into_iter().chain(program.applied_by(value)) {
                    chain.push(Link { value, role: Role::Decorator, module, span: decorator.span });
                }
            }
        }
        if let Some(class) = program.units.units[unit].class {
            chain.extend(field_links(program, fact, class, module, unit, function.span));
        }
        program.receives(unit, &fact.receives);
        never_long(&path).into_iter().for_each(|name| program.receives_no_text(unit, name));
        let Some(handler) = handler_frame(program, unit) else { return };
        let entry = self.entries.len();
        self.entries.push(Entry {
            kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
            name: entry_name(program, fact, &path, function, site),
            public: fact.public.unwrap_or(!matches!(fact.entry.as_deref(), Some("cli" | "cron"))),
            module,
            span: Span { start, end: function.span.end },
            handler,
            is_page: false,
            is_in_front: false,
            behind: Vec::new(),
            chains: vec![chain],
        });
        if router.is_none() {
            self.unplaced.insert(unit, (entry, path.clone()));
        }
        self.register(router.as_ref(), site, Registered::Route { path, entry, member });
    }
}

/// The facts of a decorator that is a call, with the call; of one of the program, those of what it puts together.
pub fn decorator_facts<'m>(program: &Program<'m>, decorator: &'m Expression, frame: FrameId) -> Vec<(&'m Fact, Site)> {
    let ExpressionKind::Call(call) = &decorator.kind else { return Vec::new() };
    let Some(call) = program.units.call_id(call) else { return Vec::new() };
    let site = Site { call, frame };
    let catalogue = program.catalogue;
    let paths = program.callee_paths(site);
    let mut facts: Vec<(&'m Fact, Site)> =
        paths.iter().flat_map(|path| program.facts(path).to_vec()).map(|id| (catalogue.fact(id), site)).collect();
    if facts.is_empty() {
        composed_facts(program, decorator, frame, 0, &mut facts);
    }
    facts
}

/// The facts of decorators that a function of the program puts together: `Paid = () => all(UseGuards(A), UseGuards(B))`.
pub(super) fn composed_facts<'m>(
    program: &Program<'m>,
    made: &'m Expression,
    frame: FrameId,
    depth: usize,
    facts: &mut Vec<(&'m Fact, Site)>,
) {
    let ExpressionKind::Call(call) = &made.kind else { return };
    let Some(id) = program.units.call_id(call).filter(|_| depth < 4) else { return };
    let site = Site { call: id, frame };
    for value in program.values(&call.callee, frame).iter() {
        let Value::Function { unit, closure, receiver } = value else { continue };
        let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else { continue };
        for returned in &program.units.units[*unit].returns {
            let ExpressionKind::Call(outer) = &returned.kind else { continue };
            let parts = outer.arguments.iter().map(|argument| &argument.value);
            for part in std::iter::once(*returned).chain(parts) {
                let ExpressionKind::Call(each) = &part.kind else { continue };
                let Some(id) = program.units.call_id(each) else { continue };
                let site = Site { call: id, frame: inner };
                let paths = program.callee_paths(site);
                facts.extend(
                    paths
                        .iter()
                        .flat_map(|path| program.facts(path).to_vec())
                        .map(|id| (program.catalogue.fact(id), site)),
                );
                if paths.is_empty() {
                    composed_facts(program, part, inner, depth + 1, facts);
                }
            }
        }
    }
}

/// What a decorator puts in front of a function: what a decorator of the program returns, or itself.
pub(super) fn wrapped_by<'m>(program: &Program<'m>, decorator: &Value<'m>) -> Vec<Value<'m>> {
    if let Value::Function { unit, closure, receiver } = decorator
        && let Some(frame) = program.enter(*unit, *closure, receiver.clone(), How::Framework)
    {
        let wrappers: Vec<Value<'m>> = program
            .returned(*unit, frame)
            .into_iter()
            .filter(|value| matches!(value, Value::Function { unit: inner, .. } if inner != unit))
            .collect();
        if !wrappers.is_empty() {
            return wrappers;
        }
    }
    let made = made_by_route(program, decorator);
    if made.is_empty() { vec![decorator.clone()] } else { made }
}

/// The method by which a class of routes makes what answers the requests.
const MAKES: &str = "get_route_handler";

/// What a class of routes of the program puts around its handlers.
fn made_by_route<'m>(program: &Program<'m>, class: &Value<'m>) -> Vec<Value<'m>> {
    let Value::Class(id) = class else { return Vec::new() };
    if !program.line_of(*id).iter().any(|class| program.units.classes[*class].methods.contains_key(MAKES)) {
        return Vec::new();
    }
    let methods = program.member(&Value::Instance { class: *id, site: None }, MAKES, None);
    let made = methods.into_iter().filter_map(|method| match method {
        Value::Function { unit, closure, receiver } => {
            let frame = program.enter(unit, closure, receiver, How::Framework)?;
            Some(program.returned(unit, frame))
        }
        _ => None,
    });
    made.flatten().filter(|value| matches!(value, Value::Function { .. })).collect()
}
