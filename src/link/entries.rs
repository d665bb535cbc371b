//! Entry points: what outside input starts, and the chain of guards in front of each.
//!
//! Registrations are found by the catalogue's facts: decorators, calls that are given a handler, files found by
//! convention, main blocks. Routers form a forest by their mounts; the chain of an entry point is what stands on the
//! way from the application down to its handler, in the order in which it runs.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::source::is_bounded_pattern;

use super::Program;
use super::arguments::Given;
use super::units::*;
use super::values::{FrameId, How, Site, Value};

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// Layers of one stack that are looked at.
const HELD: usize = 24;
/// Directive that makes an exported function callable from the browser.
const ACTION_DIRECTIVE: &str = "use server";

/// One entry point.
#[derive(Clone, Debug)]
pub struct Entry<'m> {
    /// `http`, `websocket`, `bot`, `queue`, `cron`, `cli`, `ui`, `action`.
    pub kind: String,
    /// `POST /api/chat`, the command, or the function's name.
    pub name: String,
    /// Whether a remote person can reach it.
    pub public: bool,
    pub module: ModuleId,
    /// From the first decorator or the registration to the end of the handler.
    pub span: Span,
    pub handler: FrameId,
    /// What runs before the handler, outermost first; one list for each way in which its router is mounted.
    pub chains: Vec<Vec<Link<'m>>>,
}

/// Something in front of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Link<'m> {
    pub value: Value<'m>,
    pub role: Role,
    /// Where it is put in front.
    pub module: ModuleId,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Wraps the handler from the inside of the registration.
    Decorator,
    Middleware,
    /// Runs before the handler and stops it by raising.
    Dependency,
}

/// The routers that mount a router: where, at which path, behind which links.
type Mounts<'m> = FxHashMap<CallId, Vec<(CallId, CallId, String, Vec<Link<'m>>)>>;

/// For which routes of its router a middleware stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    All,
    /// Those that are added after it.
    After,
    /// Those that were added before it.
    Before,
}

/// What is registered at a router, in the order of the text.
#[derive(Clone, Debug)]
enum Registered<'m> {
    Middleware { path: String, links: Vec<Link<'m>>, order: Order },
    Route { path: String, entry: usize },
    Mount { path: String, child: CallId, links: Vec<Link<'m>> },
}

/// Everything about entry points in a program.
#[derive(Debug, Default)]
pub struct Entries<'m> {
    pub entries: Vec<Entry<'m>>,
    /// Handlers of errors that are registered: functions with the registration.
    pub error_handlers: Vec<Link<'m>>,
    /// Handlers among them that see some kinds of errors only: by the place of their registration.
    pub narrow_handlers: FxHashSet<(ModuleId, Span)>,
    /// Start-up functions and files besides the modules themselves.
    pub starts: Vec<FrameId>,
    /// Calls that register something: the functions they are given do not run there.
    registrations: FxHashSet<CallId>,
    routers: FxHashMap<CallId, Vec<(CallId, Registered<'m>)>>,
    /// Middleware found by convention, for the entries that are found by convention.
    conventions: Vec<Link<'m>>,
}

/// Modules that are run as they are: their body is an entry point of its own.
pub struct Started<'s> {
    pub mains: &'s [String],
    /// Whether an application server imports the application instead of running main blocks.
    pub served: bool,
}

impl<'m> Entries<'m> {
    pub fn of(program: &Program<'m>, started: &Started<'_>) -> Entries<'m> {
        let mut entries = Entries::default();
        entries.decorated(program);
        entries.decorated_classes(program);
        entries.registered(program);
        entries.conventional(program);
        entries.actions(program);
        entries.mains(program, started);
        program.note_registrations(std::mem::take(&mut entries.registrations));
        entries.chain(program);
        entries.entries.sort_by(|a, b| {
            (&program.modules[a.module].path, a.span, &a.name).cmp(&(&program.modules[b.module].path, b.span, &b.name))
        });
        entries.entries.dedup_by(|a, b| {
            a.module == b.module && a.span.start == b.span.start && a.handler == b.handler && a.name == b.name
        });
        entries
    }

    /// Functions registered by a decorator.
    fn decorated(&mut self, program: &Program<'m>) {
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
            for value in program.values(&given.value, frame).iter() {
                if let Value::Function { unit, .. } = value
                    && let Some(function) = program.units.units[*unit].function
                {
                    self.applied(program, *unit, function, &info.call.callee, info.call.span, &[], frame);
                }
            }
        }
    }

    /// What decorators of classes put in front of every handler: `@Module({ providers: [{ useClass: Limiter }] })`.
    fn decorated_classes(&mut self, program: &Program<'m>) {
        for class in &program.units.classes {
            let frame = program.open_frame(class.unit);
            for (fact, site) in
                class.class.decorators.iter().flat_map(|decorator| decorator_facts(program, decorator, frame))
            {
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

    /// A function registered by what decorates it.
    #[expect(clippy::too_many_arguments, reason = "one registration is that many things")]
    fn applied(
        &mut self,
        program: &Program<'m>,
        unit: UnitId,
        function: &'m Function,
        decorator: &'m Expression,
        span: Span,
        inner: &'m [Expression],
        frame: FrameId,
    ) {
        let (callee, site) = match &decorator.kind {
            ExpressionKind::Call(call) => (&call.callee, program.units.call_id(call).map(|call| Site { call, frame })),
            _ => (decorator, None),
        };
        let mut registers = false;
        for value in program.values(callee, frame).iter() {
            let Value::Library { path, sites } = value else { continue };
            let routes = program.facts_of(path, Kind::Route);
            for (_, fact) in routes.into_iter().filter(|(_, fact)| fact.handler.is_none()) {
                registers = true;
                self.add_decorated(program, unit, function, fact, site, sites.first().copied(), inner, frame);
            }
            if program.facts_of(path, Kind::Middleware).iter().any(|(_, fact)| fact.handler.is_none()) {
                registers = true;
                let link = link(program, unit, span, Role::Middleware);
                let what = Registered::Middleware { path: String::new(), links: vec![link], order: Order::All };
                self.register(sites.first(), site, what);
            }
            if program.is_a(path, Kind::ErrorHandler) {
                registers = true;
                let link = link(program, unit, span, Role::Middleware);
                if site.is_some_and(|site| is_narrow(program, site)) {
                    self.narrow_handlers.insert((link.module, link.span));
                }
                self.error_handlers.push(link);
            }
            let facts = program.facts_of(path, Kind::Router);
            if facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("start")) {
                registers = true;
                self.starts.extend(handler_frame(program, unit));
            }
        }
        if registers || function.decorators.iter().any(|each| std::ptr::eq(each, decorator)) {
            self.registrations.extend(site.map(|site| site.call));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one registration is that many things")]
    fn add_decorated(
        &mut self,
        program: &Program<'m>,
        unit: UnitId,
        function: &'m Function,
        fact: &'m Fact,
        site: Option<Site>,
        router: Option<Site>,
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
                for value in wrapped_by(program, value) {
                    chain.push(Link { value, role: Role::Decorator, module, span: decorator.span });
                }
            }
        }
        program.receives(unit, &fact.receives);
        let Some(handler) = handler_frame(program, unit) else { return };
        let entry = self.entries.len();
        self.entries.push(Entry {
            kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
            name: entry_name(program, fact, &path, function, site),
            public: fact.public.unwrap_or(!matches!(fact.entry.as_deref(), Some("cli" | "cron"))),
            module,
            span: Span { start, end: function.span.end },
            handler,
            chains: vec![chain],
        });
        self.register(router.as_ref(), site, Registered::Route { path, entry });
    }

    fn register(&mut self, router: Option<&Site>, site: Option<Site>, what: Registered<'m>) {
        if let Some(router) = router {
            let position = site.map_or(router.call, |site| site.call);
            self.routers.entry(router.call).or_default().push((position, what));
        }
    }

    /// Handlers, middleware and routers registered by calls.
    fn registered(&mut self, program: &Program<'m>) {
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
                        // What stands among the arguments of another registration only makes its handler.
                        Kind::Route if fact.handler.is_some() && !is_within_route(program, call) => {
                            self.registered_route(program, fact, site, router)
                        }
                        Kind::Route if info.decorates.is_none() && fact.entry.as_deref() == Some("ui") => {
                            self.script(program, fact, site)
                        }
                        Kind::Middleware if !fact.needs.is_empty() => self.put_in_front(program, fact, site),
                        Kind::Mount | Kind::Middleware if info.decorates.is_none() => {
                            self.mounted(program, fact, site, router)
                        }
                        Kind::ErrorHandler if info.decorates.is_none() => {
                            self.registrations.insert(call);
                            for argument in &info.call.arguments {
                                for value in program.values(&argument.value, site.frame).iter() {
                                    if fact.parameters.is_some() && fact.parameters != arity(program, value) {
                                        continue;
                                    }
                                    if is_narrow(program, site) {
                                        self.narrow_handlers.insert((info.module, argument.value.span));
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
                        // What is injected runs for each request, not where the marker is written.
                        Kind::Inject => {
                            self.registrations.insert(call);
                        }
                        Kind::Router => {
                            for path in &fact.handlers {
                                if let Given::Present { expression, frame } = program.argument(site, path) {
                                    for value in program.values(expression, frame).iter() {
                                        self.starts.extend(frame_of(program, value));
                                    }
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// `limiter.limit("60 per hour")(blueprint)`: what guards a handler as its decorator guards a router's handlers.
    fn guarded_router(&mut self, program: &Program<'m>, site: Site, value: &Value<'m>) {
        let info = &program.units.calls[site.call];
        let Some(guard) = value.path().and_then(|path| path.strip_suffix("()")) else { return };
        let Some(first) = info.call.arguments.first().filter(|_| program.is_a(guard, Kind::Guard)) else { return };
        for given in program.values(&first.value, site.frame).iter() {
            let Some(router) = router_site(program, given) else { continue };
            let link = Link { value: value.clone(), role: Role::Middleware, module: info.module, span: info.call.span };
            let what = Registered::Middleware { path: String::new(), links: vec![link], order: Order::All };
            self.register(Some(&router), Some(site), what);
        }
    }

    /// A function that a registration puts in front of all handlers.
    fn put_in_front(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
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
        self.conventions.extend(links);
    }

    fn registered_route(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site, router: Option<Site>) {
        let info = &program.units.calls[site.call];
        let Some(path_of_handler) = fact.handler.as_deref() else { return };
        let Given::Present { expression, frame } = program.argument(site, path_of_handler) else { return };
        let values = program.values(expression, frame);
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
                        for argument in &program.units.calls[site.call].call.arguments {
                            for value in program.values(&argument.value, site.frame).iter() {
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
        self.registrations.insert(site.call);
        self.registrations.extend(makers);
        if handlers.is_empty() {
            return;
        }
        let mut chain = Vec::new();
        guard_links(program, fact, site, &mut chain);
        registration_link(program, site, &mut chain);
        if path_of_handler.starts_with("#-") {
            for argument in info.call.arguments.iter().filter(|argument| !std::ptr::eq(&argument.value, expression)) {
                self.function_links(program, &argument.value, site.frame, info.module, &mut chain);
            }
        }
        chain.append(&mut wrappers);
        for link in &chain {
            receive(program, &link.value, fact);
        }
        let path = route_path(program, fact, site).unwrap_or_default();
        for (unit, handler, method) in handlers {
            program.receives(unit, &fact.receives);
            program.receives(program.unit_of_frame(handler), &fact.receives);
            let entry = self.entries.len();
            let function = program.units.units[unit].function;
            // A handler written in place or nearby: the entry spans from the registration to the handler's end. A named
            // handler elsewhere is the entry itself, decorators included.
            let inline = function.is_some_and(|function| info.call.span.contains(function.span));
            let (module, span) = match function {
                Some(function) if !inline && !function.name.is_empty() => {
                    (program.units.units[unit].module, function.span)
                }
                _ => (info.module, info.call.span),
            };
            self.entries.push(Entry {
                kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
                name: entry_name_of(program, fact, &path, function, site, method),
                public: fact.public.unwrap_or(!matches!(fact.entry.as_deref(), Some("cli" | "cron"))),
                module,
                span,
                handler,
                chains: vec![chain.clone()],
            });
            self.register(router.as_ref(), Some(site), Registered::Route { path: path.clone(), entry });
        }
    }

    /// Function-like values among the arguments, also in lists.
    fn function_links(
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
                Value::Library { sites, .. } => {
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

    fn mounted(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site, router: Option<Site>) {
        let info = &program.units.calls[site.call];
        self.registrations.insert(site.call);
        let mut links: Vec<Link<'m>> = Vec::new();
        guard_links(program, fact, site, &mut links);
        let mut path = route_path(program, fact, site);
        let mut children: Vec<CallId> = Vec::new();
        for (index, argument) in info.call.arguments.iter().enumerate() {
            if argument.name.is_some() {
                continue;
            }
            if let (0, ExpressionKind::Literal(Literal::Text(text))) = (index, &argument.value.kind) {
                path = path.or_else(|| Some(text.clone()));
                continue;
            }
            let mut found = Vec::new();
            self.function_links(program, &argument.value, site.frame, info.module, &mut found);
            for value in program.values(&argument.value, site.frame).iter() {
                if let Value::Module(module) = value {
                    for value in program.exported(*module, "default", 0).unwrap_or_default() {
                        found.push(Link {
                            value,
                            role: Role::Middleware,
                            module: info.module,
                            span: argument.value.span,
                        });
                    }
                }
            }
            for mut link in found {
                // `register(limiter, { global: false })`: what is put in front is given its options here.
                if let Value::Library { sites, .. } = &mut link.value
                    && sites.is_empty()
                    && info.call.arguments.len() > 1
                {
                    *sites = std::rc::Rc::from([site]);
                }
                match router_site(program, &link.value) {
                    Some(child) => children.push(child.call),
                    None => {
                        receive(program, &link.value, fact);
                        // A function with as many parameters as an error handler is one.
                        if fact.parameters.is_some() && fact.parameters == arity(program, &link.value) {
                            self.error_handlers.push(link);
                            continue;
                        }
                        links.push(link);
                    }
                }
            }
        }
        let path = path.unwrap_or_default();
        let is_router = router
            .is_some_and(|router| program.callee_paths(router).iter().any(|path| program.is_a(path, Kind::Router)));
        if children.is_empty() && !is_router && fact.order.as_deref() == Some("all") {
            // What has no routes of its own stands in front of all handlers.
            self.conventions.extend(links);
        } else if children.is_empty() {
            let order = match fact.order.as_deref() {
                Some("all") => Order::All,
                Some("before") => Order::Before,
                None if fact.is == Kind::Middleware => Order::All,
                _ => Order::After,
            };
            self.register(router.as_ref(), Some(site), Registered::Middleware { path, links, order });
        } else {
            for child in children {
                self.register(
                    router.as_ref(),
                    Some(site),
                    Registered::Mount { path: path.clone(), child, links: links.clone() },
                );
            }
        }
    }

    /// A module whose body is the entry point, told by a call that it makes.
    fn script(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
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
            chains: vec![Vec::new()],
        });
    }

    /// Files that frameworks find by their path.
    fn conventional(&mut self, program: &Program<'m>) {
        let facts: Vec<(&Fact, GlobSet)> = program
            .catalogue
            .of_kind(Kind::Convention)
            .filter(|(id, _)| library_is_used(program, *id))
            .filter_map(|(_, fact)| Some((fact, globs(&fact.files)?)))
            .collect();
        for (module, info) in program.modules.iter().enumerate() {
            for (fact, globs) in facts.iter().filter(|(_, globs)| globs.is_match(&info.path)) {
                let _ = globs;
                for export in &fact.exports {
                    self.conventional_export(program, module, fact, export);
                }
            }
        }
    }

    fn conventional_export(&mut self, program: &Program<'m>, module: ModuleId, fact: &Fact, export: &str) {
        let info = &program.modules[module];
        // `default.fetch`: a member of what is exported.
        let (name, member) = export.split_once('.').map_or((export, None), |(name, member)| (name, Some(member)));
        let Some(mut values) = program.exported(module, name, 0) else { return };
        if let Some(member) = member {
            values = values.iter().flat_map(|value| program.member(value, member, None)).collect();
        }
        let written = program.units.exports[module].iter().find(|each| each.name == name);
        let span = written.and_then(|export| export.value.as_ref()).map_or_else(Span::default, |value| value.span);
        // An object of handlers: `export const actions = { ask: async () => {} }`.
        let of_object = values.iter().filter(|value| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Object(_))));
        let members: Vec<Value<'m>> = of_object.flat_map(|value| program.elements(value)).collect();
        values.extend(members.into_iter().filter(|value| matches!(value, Value::Function { .. })));
        let mut wrappers = Vec::new();
        let mut handlers: Vec<(UnitId, FrameId)> = Vec::new();
        for value in &values {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = program.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        handlers.push((*unit, frame));
                    }
                }
                Value::Library { sites, .. } if !sites.is_empty() => {
                    wrappers.push(Link { value: value.clone(), role: Role::Decorator, module, span });
                }
                _ => {}
            }
        }
        for (unit, handler) in handlers {
            program.receives(unit, &fact.receives);
            let home = program.units.units[unit].module;
            let span = program.units.units[unit].span;
            if fact.role.as_deref() == Some("error-handler") {
                if let Some(value) =
                    values.iter().find(|value| matches!(value, Value::Function { unit: each, .. } if *each == unit))
                {
                    self.error_handlers.push(Link { value: value.clone(), role: Role::Middleware, module: home, span });
                }
                continue;
            }
            if fact.role.as_deref() == Some("start") {
                self.starts.push(handler);
                continue;
            }
            if !fact.guards.is_empty() {
                let value =
                    values.iter().find(|value| matches!(value, Value::Function { unit: each, .. } if *each == unit));
                if let Some(value) = value {
                    self.conventions.push(Link { value: value.clone(), role: Role::Middleware, module: home, span });
                }
                continue;
            }
            // A wrapped handler is where it is exported; a plain one where it is written.
            let (at, span) = if home == module {
                (home, span)
            } else {
                (module, written.map_or(span, |_| Span { start: 0, end: 0 }))
            };
            let route = route_of_file(&info.path);
            // `chat.post.ts` answers one method.
            let by_file = route.rsplit_once('.').filter(|(_, method)| METHODS.contains(method));
            let name = match by_file {
                Some((route, method)) => format!("{} {route}", method.to_uppercase()),
                None if name == "default" || name == "handler" => route,
                None => format!("{name} {route}"),
            };
            let entry = self.entries.len();
            self.entries.push(Entry {
                kind: fact.entry.clone().unwrap_or_else(|| "http".into()),
                name,
                public: fact.public.unwrap_or(true),
                module: at,
                span,
                handler,
                chains: vec![wrappers.clone()],
            });
            let _ = entry;
        }
    }

    /// Functions that the browser may call: exported from a module, or marked themselves, by a directive.
    fn actions(&mut self, program: &Program<'m>) {
        for (unit, info) in program.units.units.iter().enumerate() {
            let Some(function) = info.function else { continue };
            let module = &program.modules[info.module];
            let own = function.directives.iter().any(|directive| directive == ACTION_DIRECTIVE);
            let by_module = module.directives.iter().any(|directive| directive == ACTION_DIRECTIVE)
                && program.units.exports[info.module].iter().any(|export| {
                    export.value.as_ref().is_some_and(|value| {
                        program
                            .values(value, program.module_frame(info.module))
                            .iter()
                            .any(|value| matches!(value, Value::Function { unit: each, .. } if *each == unit))
                    })
                });
            if !(own || by_module) || self.entries.iter().any(|entry| program.unit_of_frame(entry.handler) == unit) {
                continue;
            }
            let Some(handler) = handler_frame(program, unit) else { continue };
            let name = if function.name.is_empty() {
                exported_name(program, info.module, unit)
            } else {
                function.name.clone()
            };
            self.entries.push(Entry {
                kind: "action".into(),
                name,
                public: true,
                module: info.module,
                span: function.span,
                handler,
                chains: vec![Vec::new()],
            });
        }
    }

    /// Main functions and main blocks, and files that a manifest starts.
    fn mains(&mut self, program: &Program<'m>, started: &Started<'_>) {
        for (module, info) in program.modules.iter().enumerate() {
            let body = program.units.bodies[module];
            let is_started = started.mains.contains(&info.path);
            let main_block = info.body.iter().find(|statement| is_main_block(statement));
            let main_function = match info.language {
                Language::Rust => {
                    program.units.units[body].names.get("main").and_then(|bindings| match bindings.first() {
                        Some(Binding::Function(unit))
                            if info.path.ends_with("main.rs") || info.path.contains("/bin/") =>
                        {
                            Some(*unit)
                        }
                        _ => None,
                    })
                }
                _ => None,
            };
            let (span, handler) = match (main_function, main_block) {
                (Some(unit), _) => match handler_frame(program, unit) {
                    Some(frame) => (program.units.units[unit].span, frame),
                    None => continue,
                },
                (None, Some(block)) => (block.span, program.module_frame(module)),
                (None, None)
                    if is_started && !self.entries.iter().any(|entry| entry.module == module && entry.kind == "ui") =>
                {
                    (program.units.units[body].span, program.module_frame(module))
                }
                _ => continue,
            };
            self.entries.push(Entry {
                kind: "cli".into(),
                name: info.path.clone(),
                public: false,
                module,
                span,
                handler,
                chains: vec![Vec::new()],
            });
        }
    }

    /// Completes the chains: mounts above the router of each entry, middleware before it, injected dependencies.
    fn chain(&mut self, program: &Program<'m>) {
        // Of a chain of calls the outermost is the last.
        let place = |call: CallId| (program.units.calls[call].module, program.units.calls[call].call.span.end, call);
        self.routers.values_mut().for_each(|registered| registered.sort_by_key(|(position, _)| place(*position)));
        let mut routes: BTreeMap<usize, (CallId, CallId, String)> = BTreeMap::new();
        let mut parents: Mounts<'m> = FxHashMap::default();
        let mut routers: Vec<(&CallId, &Vec<(CallId, Registered<'m>)>)> = self.routers.iter().collect();
        routers.sort_by_key(|(router, _)| **router);
        for (router, registered) in routers {
            for (position, what) in registered {
                match what {
                    Registered::Route { path, entry } => {
                        routes.insert(*entry, (*router, *position, path.clone()));
                    }
                    Registered::Mount { path, child, links } => {
                        parents.entry(*child).or_default().push((*router, *position, path.clone(), links.clone()));
                    }
                    Registered::Middleware { .. } => {}
                }
            }
        }
        for entry in 0..self.entries.len() {
            let own = std::mem::take(&mut self.entries[entry].chains).into_iter().next().unwrap_or_default();
            let mut chains: Vec<Vec<Link<'m>>> = Vec::new();
            let mut prefix = None;
            match routes.get(&entry) {
                Some((router, position, path)) => {
                    for (above, at) in self.above(program, *router, *position, path, &parents, 0) {
                        prefix = prefix.or(Some(at));
                        chains.push(above.into_iter().chain(own.iter().cloned()).collect());
                    }
                }
                // What stands in front of requests does not stand in front of what a clock or a shell starts.
                None if matches!(self.entries[entry].kind.as_str(), "cron" | "cli") => chains.push(own),
                None => chains.push(self.conventions.iter().cloned().chain(own.iter().cloned()).collect()),
            }
            let injected = injected_links(program, self.entries[entry].handler);
            for chain in &mut chains {
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
    }

    /// The chains above a place in a router, with the path prefix that leads there.
    fn above(
        &self,
        program: &Program<'m>,
        router: CallId,
        position: CallId,
        path: &str,
        parents: &Mounts<'m>,
        depth: usize,
    ) -> Vec<(Vec<Link<'m>>, String)> {
        let mut here: Vec<Link<'m>> = Vec::new();
        let mut own_prefix = String::new();
        let constructor = Site { call: router, frame: program.open_frame(program.units.calls[router].unit) };
        for name in program.callee_paths(constructor) {
            for (_, fact) in program.facts_of(&name, Kind::Router) {
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
            let Registered::Middleware { path: scope, links, order } = what else { continue };
            let holds = !same_unit(*at)
                || match order {
                    Order::All => true,
                    Order::After => is_earlier(*at, position),
                    Order::Before => is_earlier(position, *at),
                };
            if holds && covers(scope, path) {
                here.extend(links.iter().cloned());
            }
        }
        let Some(mounts) = parents.get(&router).filter(|_| depth < 8) else { return vec![(here, own_prefix)] };
        let mut all = Vec::new();
        for (parent, at, prefix, links) in mounts {
            let whole = format!("{}{own_prefix}{path}", prefix.trim_end_matches('/'));
            for (above, outer) in self.above(program, *parent, *at, &whole, parents, depth + 1) {
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

/// How many parameters a function of the program has.
fn arity(program: &Program<'_>, value: &Value<'_>) -> Option<usize> {
    let Value::Function { unit, .. } = value else { return None };
    program.units.units[*unit].function.map(|function| function.parameters.len())
}

/// Whether a call stands among the arguments of one that registers a handler.
fn is_within_route(program: &Program<'_>, call: CallId) -> bool {
    let info = &program.units.calls[call];
    info.within.iter().any(|outer| {
        let site = Site { call: *outer, frame: program.open_frame(info.unit) };
        program
            .callee_paths(site)
            .iter()
            .any(|path| program.facts_of(path, Kind::Route).iter().any(|(_, fact)| fact.handler.is_some()))
    })
}

/// Whether a middleware's path scope covers a route path.
fn covers(scope: &str, path: &str) -> bool {
    let scope = scope.trim_end_matches(['*', '/']);
    scope.is_empty() || path.starts_with(scope)
}

/// Notes what a framework passes to a function that is given to a registration.
fn receive(program: &Program<'_>, value: &Value<'_>, fact: &Fact) {
    if let Value::Function { unit, .. } = value {
        program.receives(*unit, &fact.receives);
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
fn composed_facts<'m>(
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

/// Whether a class is declared as a handler of errors, and then whether it is one for some of them only.
fn handled_errors(program: &Program<'_>, value: &Value<'_>) -> Option<bool> {
    let (Value::Class(class) | Value::Instance { class, .. }) = value else { return None };
    let class = &program.units.classes[*class];
    let frame = program.open_frame(class.unit);
    let mut facts = class.class.decorators.iter().flat_map(|decorator| decorator_facts(program, decorator, frame));
    facts.find(|(fact, _)| fact.is == Kind::ErrorHandler).map(|(_, site)| is_narrow(program, site))
}

/// Whether a handler of errors is registered for some of them only: a status other than 500, a class of errors.
fn is_narrow(program: &Program<'_>, site: Site) -> bool {
    let Some(first) = program.units.calls[site.call].call.arguments.first() else { return false };
    if let ExpressionKind::Literal(Literal::Number(status)) = first.value.kind {
        return status != 500.0;
    }
    program.values(&first.value, site.frame).iter().any(|value| match value {
        Value::Class(_) => true,
        Value::Library { path, sites } => {
            sites.is_empty()
                && !matches!(path.as_ref(), "builtins.Exception" | "builtins.BaseException" | "globals.Error")
        }
        _ => false,
    })
}

/// What a decorator puts in front of a function: what a decorator of the program returns, or itself.
fn wrapped_by<'m>(program: &Program<'m>, decorator: &Value<'m>) -> Vec<Value<'m>> {
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
    vec![decorator.clone()]
}

fn link<'m>(program: &Program<'m>, unit: UnitId, span: Span, role: Role) -> Link<'m> {
    let info = &program.units.units[unit];
    let closure = info.parent.map_or_else(|| program.module_frame(info.module), |parent| program.open_frame(parent));
    Link { value: Value::Function { unit, closure, receiver: None }, role, module: info.module, span }
}

/// The frame of a handler that a framework runs.
pub fn handler_frame(program: &Program<'_>, unit: UnitId) -> Option<FrameId> {
    let parent = program.units.units[unit].parent?;
    program.enter(unit, program.open_frame(parent), None, How::Framework)
}

/// The frame of a function value that a framework runs.
pub fn frame_of<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<FrameId> {
    match value {
        Value::Function { unit, closure, receiver } => program.enter(*unit, *closure, receiver.clone(), How::Framework),
        Value::Class(class) | Value::Instance { class, .. } => {
            let methods = &program.units.classes[*class].methods;
            let unit = ["__call__", "dispatch", "process_request", "use", "intercept", "canActivate", "catch"]
                .iter()
                .find_map(|name| methods.get(name))?;
            let receiver = Value::Instance { class: *class, site: None };
            let home = program.open_frame(program.units.classes[*class].unit);
            program.enter(*unit, home, Some(std::rc::Rc::new(receiver)), How::Framework)
        }
        _ => None,
    }
}

/// What was put into a stack of layers, which is none itself: `ServiceBuilder::new().layer(a).layer(b)`.
fn held_by<'m>(program: &Program<'m>, value: &Value<'m>) -> Vec<(&'m Expression, FrameId)> {
    let Value::Library { sites, .. } = value else { return Vec::new() };
    if router_site(program, value).is_some() {
        return Vec::new();
    }
    let Some((_, added)) = sites.split_first() else { return Vec::new() };
    let adds = |site: &&Site| {
        let call = program.units.calls[site.call].call;
        matches!(call.callee.kind, ExpressionKind::Member { .. })
            && program.callee_paths(**site).iter().any(|path| path.contains("()") && program.is_a(path, Kind::Same))
    };
    let given = added.iter().filter(adds).take(HELD);
    given.filter_map(|site| Some((&program.units.calls[site.call].call.arguments.first()?.value, site.frame))).collect()
}

/// The constructor site of a router value.
fn router_site<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<Site> {
    let Value::Library { path, sites } = value else { return None };
    let constructor = path.strip_suffix("()")?;
    if program.is_a(constructor, Kind::Router) { sites.first().copied() } else { None }
}

/// What stands at an argument path; `providers[].useClass` is that key of every item of a list.
fn arguments_of<'m>(program: &Program<'m>, site: Site, path: &str) -> Vec<(&'m Expression, FrameId)> {
    let (list, rest) = path.split_once("[].").unwrap_or((path, ""));
    let Given::Present { expression, frame } = program.argument(site, list) else { return Vec::new() };
    if rest.is_empty() {
        return vec![(expression, frame)];
    }
    let mut all = Vec::new();
    for value in program.values(expression, frame).iter() {
        let Value::Data { expression, frame } = value else { continue };
        let ExpressionKind::List(items) = &expression.0.kind else { continue };
        for item in items {
            if let Given::Present { expression, frame } = program.inside(item, *frame, rest, 0) {
                all.push((expression, frame));
            }
        }
    }
    all
}

/// The guards that a route, router or mount is given in arguments.
fn guard_links<'m>(program: &Program<'m>, fact: &Fact, site: Site, chain: &mut Vec<Link<'m>>) {
    for path in &fact.guards {
        let module = program.units.calls[site.call].module;
        let mut stack = arguments_of(program, site, path);
        while let Some((expression, frame)) = stack.pop() {
            for value in program.values(expression, frame).iter() {
                if let Value::Data { expression: inner, frame } = value
                    && let ExpressionKind::List(items) = &inner.0.kind
                {
                    stack.extend(items.iter().rev().map(|item| (item, *frame)));
                    continue;
                }
                let providers = program.providers(value);
                let role = if providers.is_empty() { Role::Middleware } else { Role::Dependency };
                let marked: Vec<Value<'m>> = if providers.is_empty() { vec![value.clone()] } else { providers };
                for value in marked {
                    nested_links(program, &value, chain, 0);
                    chain.push(Link { value, role, module, span: expression.span });
                }
            }
        }
    }
}

/// A registration that protects by what it is given: `app.post(path, { config: { rateLimit } }, handler)`.
fn registration_link<'m>(program: &Program<'m>, site: Site, chain: &mut Vec<Link<'m>>) {
    let info = &program.units.calls[site.call];
    for path in program.callee_paths(site).into_iter().filter(|path| program.is_a(path, Kind::Guard)) {
        let value = Value::Library { path, sites: std::rc::Rc::from([site]) };
        chain.push(Link { value, role: Role::Middleware, module: info.module, span: info.call.span });
    }
}

/// What a dependency itself depends on.
fn nested_links<'m>(program: &Program<'m>, value: &Value<'m>, chain: &mut Vec<Link<'m>>, depth: usize) {
    if depth > 6 {
        return;
    }
    if let Some(frame) = frame_of(program, value) {
        for link in injected_at(program, frame, depth + 1) {
            if !chain.contains(&link) {
                chain.push(link);
            }
        }
    }
}

/// The dependencies that a handler's parameters ask for, innermost needs first.
pub fn injected_links<'m>(program: &Program<'m>, handler: FrameId) -> Vec<Link<'m>> {
    injected_at(program, handler, 0)
}

fn injected_at<'m>(program: &Program<'m>, handler: FrameId, depth: usize) -> Vec<Link<'m>> {
    let frame = program.frame(handler);
    let info = &program.units.units[frame.unit];
    let (Some(function), Some(closure)) = (info.function, frame.closure) else { return Vec::new() };
    let mut chain: Vec<Link<'m>> = Vec::new();
    for parameter in &function.parameters {
        for marker in parameter.default.iter().chain(&parameter.annotation) {
            let makers =
                marked_providers(program, marker, closure, 0).into_iter().chain(makers(program, marker, closure));
            for provider in makers {
                nested_links(program, &provider, &mut chain, depth);
                let link = Link { value: provider, role: Role::Dependency, module: info.module, span: parameter.span };
                if !chain.contains(&link) {
                    chain.push(link);
                }
            }
        }
    }
    chain
}

/// The functions by which a trait makes the values of a declared type: `FromRequestParts` of `budget: WithinBudget`.
fn makers<'m>(program: &Program<'m>, declared: &'m Expression, frame: FrameId) -> Vec<Value<'m>> {
    let named = match &declared.kind {
        ExpressionKind::Index { object, .. } => object,
        _ => declared,
    };
    let mut makers = Vec::new();
    for value in program.values(named, frame).iter() {
        let Value::Class(class) = value else { continue };
        let info = &program.units.classes[*class];
        for extension in &info.extensions {
            let extension = &program.units.classes[*extension];
            let home = program.open_frame(extension.unit);
            let traits = extension.class.bases.iter().flat_map(|base| program.values(base, home).to_vec());
            let names: Vec<String> =
                traits.filter_map(|each| Some(each.path()?.trim_end_matches("[]").to_owned())).collect();
            for (_, fact) in names.iter().flat_map(|name| program.facts_of(name, Kind::Inject)) {
                let method = fact.handler.as_deref().and_then(|handler| info.methods.get(handler));
                makers.extend(method.map(|unit| Value::Function { unit: *unit, closure: home, receiver: None }));
            }
        }
    }
    makers
}

fn marked_providers<'m>(program: &Program<'m>, marker: &'m Expression, frame: FrameId, depth: usize) -> Vec<Value<'m>> {
    if depth > 6 {
        return Vec::new();
    }
    if let ExpressionKind::Index { index, .. } = &marker.kind {
        let parts: Vec<&'m Expression> = match &index.kind {
            ExpressionKind::List(parts) => parts.iter().collect(),
            _ => vec![index],
        };
        return parts.into_iter().flat_map(|part| marked_providers(program, part, frame, depth + 1)).collect();
    }
    let mut all = Vec::new();
    for value in program.values(marker, frame).iter() {
        all.extend(program.providers(value));
        if let Value::Data { expression, frame } = value
            && !std::ptr::eq(expression.0, marker)
            && matches!(expression.0.kind, ExpressionKind::Index { .. })
        {
            all.extend(marked_providers(program, expression.0, *frame, depth + 1));
        }
    }
    all
}

/// What is injected for one parameter.
pub fn injected_for<'m>(program: &Program<'m>, parameter: &'m Parameter, frame: FrameId) -> Vec<Value<'m>> {
    let markers = parameter.default.iter().chain(&parameter.annotation).chain(&parameter.decorators);
    markers.flat_map(|marker| marked_providers(program, marker, frame, 0)).collect()
}

fn route_path(program: &Program<'_>, fact: &Fact, site: Site) -> Option<String> {
    match program.argument(site, fact.path.as_deref()?) {
        Given::Present { expression, frame } => {
            // What stands in the path's place may be the middleware itself: `use(logged("combined"))`.
            let values = program.values(expression, frame);
            let is_made = values.iter().any(|value| matches!(value, Value::Library { .. } | Value::Function { .. }));
            if is_made { None } else { program.text(expression, frame) }
        }
        _ => None,
    }
}

fn entry_name(program: &Program<'_>, fact: &Fact, path: &str, function: &Function, site: Option<Site>) -> String {
    let named = || method_of(program.units.calls[site?.call].call);
    let method = told_method(program, fact, site).or_else(named).unwrap_or_default();
    match (method.is_empty(), path.is_empty()) {
        (false, _) => format!("{} {}", method.to_uppercase(), if path.is_empty() { "/" } else { path }),
        (true, false) => path.to_owned(),
        (true, true) => function.name.clone(),
    }
}

fn entry_name_of(
    program: &Program<'_>,
    fact: &Fact,
    path: &str,
    function: Option<&Function>,
    site: Site,
    method: Option<String>,
) -> String {
    match function {
        Some(function) => {
            let mut name = entry_name(program, fact, path, function, Some(site));
            if let Some(method) = method.filter(|_| name == path) {
                name = format!("{} {name}", method.to_uppercase());
            }
            if !name.is_empty() {
                return name;
            }
            let written = || Program::written(&program.units.calls[site.call].call.callee);
            key_of_call(program, site.call).unwrap_or_else(written)
        }
        None => path.to_owned(),
    }
}

/// The key under which a call stands in an object that another call is given, or that its module exports:
/// `router({ ask: mutation(..) })`, `export const server = { ask: defineAction(..) }`.
fn key_of_call(program: &Program<'_>, call: CallId) -> Option<String> {
    let info = &program.units.calls[call];
    let key = |object: &Expression| {
        let ExpressionKind::Object(entries) = &object.kind else { return None };
        entries.iter().find(|entry| entry.value.span.contains(info.call.span))?.key.clone()
    };
    let given = info.within.first().map(|outer| program.units.calls[*outer].call);
    given.into_iter().flat_map(|outer| &outer.arguments).find_map(|argument| key(&argument.value)).or_else(|| {
        let frame = program.module_frame(info.module);
        program.units.exports[info.module].iter().filter_map(|export| export.value.as_ref()).find_map(|exported| {
            program.values(exported, frame).iter().find_map(|value| match value {
                Value::Data { expression, .. } => key(expression.0),
                _ => None,
            })
        })
    })
}

/// The HTTP method that a registration names: the fact's own, or an argument with one method.
fn told_method(program: &Program<'_>, fact: &Fact, site: Option<Site>) -> Option<String> {
    let method = fact.method.as_deref()?;
    if method.chars().all(|character| character.is_ascii_uppercase()) {
        return Some(method.to_owned());
    }
    let Given::Present { expression, frame } = program.argument(site?, method) else { return None };
    program.text(expression, frame).filter(|method| METHODS.contains(&method.to_ascii_lowercase().as_str()))
}

/// `app.post(...)` and `@Post()` register a POST.
fn method_of(call: &Call) -> Option<String> {
    let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return None };
    let name = name.to_ascii_lowercase();
    (METHODS.contains(&name.as_str()) || matches!(name.as_str(), "all" | "websocket")).then_some(name)
}

/// The route that a file stands for: its folders without groups, and without the names that only mark it.
fn route_of_file(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let parts: Vec<&str> = stem.split('/').collect();
    let start = parts
        .iter()
        .rposition(|part| matches!(*part, "app" | "pages" | "routes" | "src" | "server" | "functions"))
        .map_or(0, |at| at + 1);
    let kept: Vec<&str> = parts
        .get(start..)
        .unwrap_or(&[])
        .iter()
        .copied()
        .filter(|part| {
            let is_group = part.starts_with('(') && part.ends_with(')');
            !is_group && !matches!(*part, "route" | "index" | "+server" | "+page.server")
        })
        .collect();
    format!("/{}", kept.join("/"))
}

fn exported_name(program: &Program<'_>, module: ModuleId, unit: UnitId) -> String {
    program.units.exports[module]
        .iter()
        .find(|export| {
            export.value.as_ref().is_some_and(|value| {
                program
                    .values(value, program.module_frame(module))
                    .iter()
                    .any(|value| matches!(value, Value::Function { unit: each, .. } if *each == unit))
            })
        })
        .map_or_else(String::new, |export| export.name.clone())
}

/// `if __name__ == "__main__":`.
pub fn is_main_block(statement: &Statement) -> bool {
    let StatementKind::If { test, .. } = &statement.kind else { return false };
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    operator == "=="
        && operands.iter().any(|operand| matches!(&operand.kind, ExpressionKind::Name(name) if name == "__name__"))
}

/// Whether a library is declared or imported anywhere: conventions of frameworks that are not there do not hold.
fn library_is_used(program: &Program<'_>, fact: crate::rules::checked::FactId) -> bool {
    let packages = &program.catalogue.library_of(fact).packages;
    let names: Vec<&String> = packages.npm.iter().chain(&packages.pypi).chain(&packages.crates).collect();
    names.is_empty()
        || program.projects.iter().any(|project| {
            project.dependencies.iter().any(|dependency| names.iter().any(|name| **name == dependency.name))
        })
}

pub fn globs(patterns: &[String]) -> Option<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(is_bounded_pattern(pattern).then(|| Glob::new(pattern).ok())??);
    }
    builder.build().ok()
}
