//! Entry points that files are by convention, server actions, and programs that are run as they are.

use crate::link::Program;
use crate::link::browser::says_browser;
use crate::link::names::Target;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::checked::FactId;

use super::decorated::wrapped_by;
use super::files::{Convention, Imported};
use super::given::router_site;
use super::{Entries, Entry, Link, Role, Started, handler_frame, scopes};

/// The role of files that make a page.
const PAGE: &str = "page";
/// The scope of handlers of errors that answer before middleware goes on.
const INSIDE: &str = "inside";
/// The role of files that hold settings.
const SETTINGS: &str = "settings";
/// The role of files that list their functions.
pub(super) const LISTED: &str = "listed";

impl<'m> Entries<'m> {
    /// Files that frameworks find by their path.
    pub(super) fn conventional(&mut self, program: &Program<'m>) {
        let conventions = Convention::all(program.catalogue, program.projects);
        let imported = Imported::default();
        for (module, info) in program.modules.iter().enumerate() {
            let is_found = |convention: &&Convention<'_>| {
                convention.finds(program.projects, &info.path)
                    && imported.allows(program, convention, module)
                    && convention.fits(program, module)
            };
            for convention in conventions.iter().filter(is_found).filter(|each| each.fact.protects.is_none()) {
                for export in &convention.fact.exports {
                    self.conventional_export(program, module, convention, export);
                }
            }
        }
    }

    fn conventional_export(
        &mut self,
        program: &Program<'m>,
        module: ModuleId,
        convention: &Convention<'_>,
        export: &str,
    ) {
        let Convention { id, fact, .. } = *convention;
        let info = &program.modules[module];
        // `default.fetch`: a member of what is exported.
        let (name, member) = export.split_once('.').map_or((export, None), |(name, member)| (name, Some(member)));
        // What is only read for what it says makes nothing run.
        if fact.role.as_deref() == Some(SETTINGS) {
            return;
        }
        // A page that says that it runs in the browser is made there: what it calls, the server does not.
        if fact.role.as_deref() == Some(PAGE) && says_browser(info) {
            return;
        }
        let Some(mut values) = program.exported(module, name, 0) else { return };
        if fact.role.as_deref() == Some("names") {
            self.named(program, module, id, &values);
            return;
        }
        if fact.role.as_deref() == Some("logs") {
            self.listed_handlers(program, (module, id), &values);
            return;
        }
        if let Some(member) = member {
            let made = values.iter().map(|value| match value {
                Value::Class(class) => Value::Instance { class: *class, site: None },
                value => value.clone(),
            });
            values = made.flat_map(|value| program.member(&value, member, None)).collect();
        }
        if fact.role.as_deref() == Some(LISTED) {
            self.listed(program, id, &values);
            return;
        }
        let written = program.units.exports[module].iter().find(|each| each.name == name);
        let exported_at =
            written.and_then(|export| export.value.as_ref()).map_or_else(Span::default, |value| value.span);
        let span = exported_at;
        // An object of handlers: `export const actions = { ask: async () => {} }`.
        let of_object = values.iter().filter(|value| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Object(_))));
        let members: Vec<Value<'m>> = of_object.flat_map(|value| program.elements(value)).collect();
        values.extend(members.into_iter().filter(|value| matches!(value, Value::Function { .. })));
        let mut wrappers = Vec::new();
        let mut handlers: Vec<(UnitId, FrameId)> = Vec::new();
        for value in &values {
            match value {
                Value::Function { unit, closure, receiver } if convention.takes(program, *unit) => {
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
                self.answers_inside |= fact.scope.as_deref() == Some(INSIDE);
                if let Some(value) =
                    values.iter().find(|value| matches!(value, Value::Function { unit: each, .. } if *each == unit))
                {
                    self.error_handlers.push(Link { value: value.clone(), role: Role::Observer, module: home, span });
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
                    if let Some(paths) = fact.path.as_deref().and_then(|path| scopes::written(program, module, path)) {
                        self.scopes.insert((home, span), paths);
                    }
                    self.found.insert((home, span), id);
                    self.conventions.push(Link { value: value.clone(), role: Role::Middleware, module: home, span });
                }
                continue;
            }
            // A wrapped handler is where it is exported; a plain one where it is written.
            let (at, span) = if home == module { (home, span) } else { (module, exported_at) };
            let is_page = fact.role.as_deref() == Some(PAGE);
            let route = if is_page { route_of_page(&info.path) } else { route_of_file(&info.path) };
            // `chat.post.ts` answers one method.
            let by_file = route.rsplit_once('.').filter(|(_, method)| METHODS.contains(method));
            let name = match by_file {
                _ if fact.entry.as_deref() == Some("cli") => info.path.clone(),
                _ if is_page => format!("GET {route}"),
                Some((route, method)) => format!("{} {route}", method.to_uppercase()),
                None if name == "default" || name == "handler" => route,
                None if METHODS.contains(&name) => format!("{} {route}", name.to_uppercase()),
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
                is_page,
                is_in_front: false,
                behind: Vec::new(),
                chains: vec![wrappers.clone()],
            });
            let _ = entry;
        }
    }

    /// The functions that a list holds, each an entry point: `class WorkerSettings: functions = [answer]`.
    pub(super) fn listed(&mut self, program: &Program<'m>, id: FactId, lists: &[Value<'m>]) {
        let fact = program.catalogue.fact(id);
        for value in lists.iter().flat_map(|list| program.elements(list)) {
            let Value::Function { unit, closure, receiver } = value else { continue };
            let info = &program.units.units[unit];
            let is_known = |entry: &Entry<'m>| program.unit_of_frame(entry.handler) == unit;
            if self.entries.iter().any(is_known) {
                continue;
            }
            program.receives(unit, &fact.receives);
            let Some(handler) = program.enter(unit, closure, receiver, How::Framework) else { continue };
            self.entries.push(Entry {
                kind: fact.entry.clone().unwrap_or_else(|| "queue".into()),
                name: info.name().to_owned(),
                public: fact.public.unwrap_or(true),
                module: info.module,
                span: info.span,
                handler,
                is_page: false,
                is_in_front: false,
                behind: Vec::new(),
                chains: vec![Vec::new()],
            });
        }
    }

    /// What a list of dotted names puts in front of all handlers, with the methods of classes that run before and after
    /// them; or what it starts, where the fact says by which method (`ready` of an application).
    fn named(&mut self, program: &Program<'m>, module: ModuleId, id: FactId, values: &[Value<'m>]) {
        let fact = program.catalogue.fact(id);
        if let (Some(method), Some(within)) = (fact.handler.as_deref(), fact.path.as_deref()) {
            self.starts.extend(named_starts(program, module, values, within, method));
            return;
        }
        let links = named_links(program, module, values);
        for link in &links {
            let (Value::Class(class) | Value::Instance { class, .. }) = link.value else { continue };
            self.hooks(program, class, &fact.guards, link);
            self.note_answering(program, id, (link.module, link.span));
        }
        self.answers_inside |= !fact.guards.is_empty() && !links.is_empty();
        self.of_requests.extend(links.iter().map(|link| (link.module, link.span)));
        self.found.extend(links.iter().map(|link| ((link.module, link.span), id)));
        self.conventions.extend(links);
    }

    /// Functions that a platform calls because its settings name them, and objects that it serves: what those do, the
    /// module does that makes them.
    pub(super) fn deployed(&mut self, program: &Program<'m>, started: &Started<'_>) {
        for (path, deployed) in started.handlers {
            let Some(module) = program.names.module_at(path) else { continue };
            for handler in *deployed {
                let values = program.exported(module, &handler.export, 0).unwrap_or_default();
                // `graph = graph.compile()`: what was made of it last is served.
                let goes_into = |made: &Site| {
                    let mut others = values.iter().filter(|other| other.sites().last() != Some(made));
                    others.any(|other| other.sites().contains(made))
                };
                for value in values.clone() {
                    // What is registered with an application are entry points of their own.
                    if router_site(program, &value).is_some() {
                        continue;
                    }
                    if handler.kind == "http" {
                        self.assembled(program, &value);
                    }
                    if let Value::Library { sites, .. } = &value
                        && let Some(made) = sites.last()
                        && handler.kind == "http"
                    {
                        let info = &program.units.calls[made.call];
                        let is_known = |entry: &Entry<'m>| entry.module == info.module && entry.span == info.call.span;
                        if !goes_into(made) && !self.entries.iter().any(is_known) {
                            self.entries.push(Entry {
                                kind: handler.kind.clone(),
                                name: handler.named.clone(),
                                public: true,
                                module: info.module,
                                span: info.call.span,
                                handler: program.module_frame(info.module),
                                is_page: false,
                                is_in_front: false,
                                behind: Vec::new(),
                                chains: vec![Vec::new()],
                            });
                        }
                        continue;
                    }
                    let Value::Function { unit, closure, receiver } = value else { continue };
                    let Some(frame) = program.enter(unit, closure, receiver, How::Framework) else { continue };
                    if self.entries.iter().any(|entry| program.unit_of_frame(entry.handler) == unit) {
                        continue;
                    }
                    let info = &program.units.units[unit];
                    self.entries.push(Entry {
                        kind: handler.kind.clone(),
                        name: handler.named.clone(),
                        public: matches!(handler.kind.as_str(), "http" | "action"),
                        module: info.module,
                        span: info.span,
                        handler: frame,
                        is_page: false,
                        is_in_front: false,
                        behind: Vec::new(),
                        chains: vec![Vec::new()],
                    });
                }
            }
        }
    }

    /// Notes what something served is put together of, itself or as what a served function returns.
    fn assembled(&mut self, program: &Program<'m>, served: &Value<'m>) {
        let made = match served {
            Value::Function { unit, closure, receiver } => {
                let frame = program.enter(*unit, *closure, receiver.clone(), How::Framework);
                frame.map(|frame| program.returned(*unit, frame)).unwrap_or_default()
            }
            value => vec![value.clone()],
        };
        self.declared.extend(made.iter().filter_map(|value| value.sites().last()));
        for site in made.iter().flat_map(|value| value.sites().to_vec()) {
            self.steps.extend(program.steps_of(site));
            self.assembled.push(site);
        }
    }

    /// Functions that a server calls for the application that they make.
    pub(super) fn factories(&mut self, program: &Program<'m>, started: &Started<'_>) {
        for (path, names) in started.factories {
            let Some(module) = program.names.module_at(path) else { continue };
            let made = names.iter().find_map(|name| program.exported(module, name, 0));
            self.starts.extend(made.into_iter().flatten().filter_map(|value| super::frame_of(program, &value)));
        }
    }

    /// Main functions and main blocks, and files that a manifest starts.
    pub(super) fn mains(&mut self, program: &Program<'m>, started: &Started<'_>) {
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
                // The main block of a script that is an entry point as a whole is the same start.
                (None, _) if self.entries.iter().any(|entry| entry.module == module && entry.kind == "ui") => continue,
                (None, Some(block)) => (block.span, program.module_frame(module)),
                (None, None)
                    if is_started && !self.entries.iter().any(|entry| entry.module == module && entry.kind == "ui") =>
                {
                    (program.units.units[body].span, program.module_frame(module))
                }
                _ => continue,
            };
            let is_page = started.pages.contains(&info.path);
            self.entries.push(Entry {
                kind: if is_page { "ui".into() } else { "cli".into() },
                name: info.path.clone(),
                public: is_page,
                module,
                span,
                handler,
                is_page: false,
                is_in_front: false,
                behind: Vec::new(),
                chains: vec![Vec::new()],
            });
        }
    }
}

/// The methods by which what a list of dotted names names is started: of the class itself, or of the classes in a module
/// of the package.
fn named_starts<'m>(
    program: &Program<'m>,
    module: ModuleId,
    values: &[Value<'m>],
    within: &str,
    method: &str,
) -> Vec<FrameId> {
    let info = &program.modules[module];
    let resolve = |dotted: &str| match program.names.resolve(&info.path, info.language, dotted) {
        Target::Module(target) => Some(target),
        _ => None,
    };
    let mut starts = Vec::new();
    for dotted in values.iter().flat_map(texts_of) {
        let by_package = resolve(&format!("{dotted}.{within}"));
        let by_class = dotted.rsplit_once('.').and_then(|(source, name)| Some((resolve(source)?, name)));
        let named = |class: &&ClassId| match (by_package, by_class) {
            (Some(home), _) => program.units.classes[**class].module == home,
            (None, Some((home, name))) => {
                program.units.classes[**class].module == home && program.units.classes[**class].class.name == name
            }
            (None, None) => false,
        };
        let all: Vec<ClassId> = (0..program.units.classes.len()).collect();
        for class in all.iter().filter(named) {
            let info = &program.units.classes[*class];
            let Some(unit) = info.methods.get(method).copied() else { continue };
            let receiver = Value::Instance { class: *class, site: None };
            starts.extend(program.enter(unit, program.open_frame(info.unit), Some(receiver.into()), How::Framework));
        }
    }
    starts
}

/// The texts of a list that is written out.
fn texts_of<'m>(value: &Value<'m>) -> Vec<&'m str> {
    let Value::Data { expression: list, .. } = value else { return Vec::new() };
    let ExpressionKind::List(items) = &list.0.kind else { return Vec::new() };
    let text = |item: &'m Expression| match &item.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

/// What a list of dotted names puts in front of all handlers: classes and functions of the program or of libraries.
fn named_links<'m>(program: &Program<'m>, module: ModuleId, values: &[Value<'m>]) -> Vec<Link<'m>> {
    let mut links = Vec::new();
    for value in values {
        let Value::Data { expression: list, .. } = value else { continue };
        let ExpressionKind::List(items) = &list.0.kind else { continue };
        for item in items {
            let ExpressionKind::Literal(Literal::Text(dotted)) = &item.kind else { continue };
            let named = named_by(program, module, dotted);
            let in_front = named.iter().flat_map(|value| wrapped_by(program, value));
            links.extend(in_front.map(|value| Link { value, role: Role::Middleware, module, span: item.span }));
        }
    }
    links
}

/// What a dotted text in a module names: of the program, or of a library.
pub(super) fn named_by<'m>(program: &Program<'m>, module: ModuleId, dotted: &str) -> Vec<Value<'m>> {
    let info = &program.modules[module];
    let Some((source, name)) = dotted.rsplit_once('.') else { return Vec::new() };
    // A module may name what stands in it itself.
    let own = info.path.rsplit_once('.').map_or("", |(stem, _)| stem).replace('/', ".");
    if own.strip_suffix(source).is_some_and(|before| before.is_empty() || before.ends_with('.')) {
        return program.exported(module, name, 0).unwrap_or_default();
    }
    match program.names.resolve(&info.path, info.language, source) {
        Target::Module(target) => program.exported(target, name, 0).unwrap_or_default(),
        Target::Library(path) => {
            vec![Value::Library { path: format!("{path}.{name}").into(), sites: std::rc::Rc::from([]) }]
        }
        Target::Folder(_) => Vec::new(),
    }
}

pub(super) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The route that a file stands for: its folders without groups, and without the names that only mark it.
pub(super) fn route_of_file(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let parts: Vec<&str> = stem.split('/').collect();
    // A file that is called `route` lies below `app`; folders in its path may have the name of any root.
    let is_route = parts.last() == Some(&"route");
    let api = parts.iter().position(|part| *part == "api").filter(|_| is_route);
    let start = parts
        .iter()
        .take(api.unwrap_or(parts.len()))
        .rposition(|part| match *part {
            "app" => true,
            "pages" | "routes" | "src" | "server" | "functions" => !is_route,
            _ => false,
        })
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

/// The route that the file of a page stands for: that of its folder where its name only marks it.
fn route_of_page(path: &str) -> String {
    let route = route_of_file(path);
    if !route.ends_with("/page") && !route.ends_with("/layout") {
        return route;
    }
    route.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder }).to_owned()
}

pub(super) fn exported_name(program: &Program<'_>, module: ModuleId, unit: UnitId) -> String {
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
