//! Handlers that are classes: each method with a name that the framework calls is one.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::{Binding, ClassId, ModuleId, UnitId};
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::{Expression, ExpressionKind, Function, Literal, Span};
use crate::rules::catalogue::{Fact, Kind};

use super::answers::Answers;
use super::conventional::named_by;
use super::decorated::{decorator_facts, wrapped_by};
use super::links::DECIDES;
use super::{Link, Role};

/// A method that answers requests: its unit, the frame in which the framework runs it, and its HTTP method where the
/// name tells it.
pub(super) type Handler = (UnitId, FrameId, Option<String>);

const HTTP_METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// How many calls around a class are looked through.
const WRAPPED: usize = 4;

/// A class that is registered, with the call that made a handler of it where that says what its fields are
/// (`Chat.as_view(agent=Agent)`), or which of its methods answer which requests (`Chats.as_view({"post": "create"})`).
type Made = (ClassId, Option<Site>, Option<Site>);

/// The classes that are registered: `Chat`, `Chat()`, `Chat.as_view()`, `limit(Chat.as_view())`, `[("/chat", Chat)]`.
fn classes<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId, depth: usize) -> Vec<Made> {
    let values = program.values(expression, frame);
    let class = |value: &Value<'m>| match value {
        Value::Class(class) | Value::Instance { class, .. } => Some(*class),
        _ => None,
    };
    let mut own: Vec<Made> = values.iter().filter_map(class).map(|class| (class, None, None)).collect();
    for value in values.iter() {
        if let Value::Data { expression: written, frame } = value
            && let ExpressionKind::List(items) = &written.0.kind
            && depth <= WRAPPED
        {
            own.extend(items.iter().flat_map(|item| classes(program, item, *frame, depth + 1)));
        }
    }
    if let ExpressionKind::Literal(Literal::Text(name)) = &expression.kind {
        own.extend(class_named(program, name, frame).map(|class| (class, None, None)));
    }
    if !own.is_empty() || depth > WRAPPED {
        return own;
    }
    // What a library makes of a class: by a method of the class, or by a function that is given it.
    let sites = values.iter().filter(|value| value.path().is_some()).flat_map(|value| value.sites().to_vec());
    let written = match &expression.kind {
        ExpressionKind::Call(call) => program.units.call_id(call).map(|call| Site { call, frame }),
        _ => None,
    };
    let mut found = Vec::new();
    for site in sites.chain(written) {
        let call = program.units.calls[site.call].call;
        if let ExpressionKind::Member { object, .. } = &call.callee.kind {
            let values = program.values(object, site.frame);
            let is_told = call.arguments.iter().any(|argument| argument.name.is_some());
            let is_table = !table_of(program, site).is_empty();
            found.extend(
                values.iter().filter_map(class).map(|class| (class, is_told.then_some(site), is_table.then_some(site))),
            );
        }
        let given = call.arguments.iter().filter(|argument| matches!(argument.value.kind, ExpressionKind::Call(_)));
        found.extend(given.flat_map(|argument| classes(program, &argument.value, site.frame, depth + 1)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The class that a text names, of those that the module itself has: `("/chat", "Chat")`.
fn class_named(program: &Program<'_>, name: &str, frame: FrameId) -> Option<ClassId> {
    let module = program.module_of(program.unit_of_frame(frame));
    let bindings = program.units.units[program.units.bodies[module]].names.get(name)?;
    bindings.iter().find_map(|binding| match binding {
        Binding::Class(class) => Some(*class),
        _ => None,
    })
}

/// The handlers of a registered class, by the names that the fact gives (`exports`).
pub(super) fn class_handlers<'m>(
    program: &Program<'m>,
    fact: &Fact,
    expression: &'m Expression,
    frame: FrameId,
) -> Vec<Handler> {
    if fact.exports.is_empty() {
        return Vec::new();
    }
    let classes = classes(program, expression, frame, 0);
    let handlers = classes.into_iter().flat_map(|(class, made, table)| match table {
        Some(table) => handlers_by_table(program, fact, class, table),
        None => handlers_of(program, fact, class, made),
    });
    handlers.collect()
}

/// The verbs and methods of a table that a call is given: `{"get": "list", "post": "create"}`.
fn table_of<'m>(program: &Program<'m>, site: Site) -> Vec<(&'m str, String)> {
    let first = program.units.calls[site.call].call.arguments.first();
    let Some(first) = first.filter(|argument| matches!(argument.name.as_deref(), None | Some("actions"))) else {
        return Vec::new();
    };
    let mut table = Vec::new();
    for value in program.values(&first.value, site.frame).iter() {
        let Value::Data { expression, frame } = value else { continue };
        let ExpressionKind::Object(entries) = &expression.0.kind else { continue };
        let named = entries.iter().filter_map(|entry| {
            let verb = entry.key.as_deref().filter(|key| HTTP_METHODS.contains(&key.to_ascii_uppercase().as_str()))?;
            Some((verb, program.text(&entry.value, *frame)?))
        });
        table.extend(named);
    }
    table
}

/// The handlers of a class whose registration names them by verb. One that the class has from the framework goes on to
/// methods of its own, as other registrations of the library say (`create/perform_create`).
fn handlers_by_table<'m>(program: &Program<'m>, fact: &Fact, class: ClassId, table: Site) -> Vec<Handler> {
    let routes = || program.catalogue.of_kind(Kind::Route);
    let library = routes().find(|(_, each)| std::ptr::eq(*each, fact)).map(|(id, _)| program.catalogue.library_of(id));
    let of_library = |id| library.is_some_and(|library| std::ptr::eq(library, program.catalogue.library_of(id)));
    let mut handlers: Vec<Handler> = Vec::new();
    for (verb, action) in table_of(program, table) {
        let within = |export: &&String| export.strip_prefix(action.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let further = routes().filter(|(id, _)| of_library(*id)).flat_map(|(_, each)| each.exports.iter());
        let exports: Vec<String> = std::iter::once(action.clone()).chain(further.filter(within).cloned()).collect();
        for (unit, frame, _) in handlers_among(program, fact, &exports, class, None) {
            handlers.push((unit, frame, Some(verb.to_ascii_uppercase())));
        }
    }
    handlers
}

/// The handlers of a class. `post/create/perform_create` is a method that a method of the framework runs for a POST; where
/// the class has that method itself, its own call leads on to it.
pub(super) fn handlers_of<'m>(program: &Program<'m>, fact: &Fact, class: ClassId, made: Option<Site>) -> Vec<Handler> {
    handlers_among(program, fact, &fact.exports, class, made)
}

fn handlers_among<'m>(
    program: &Program<'m>,
    fact: &Fact,
    exports: &[String],
    class: ClassId,
    made: Option<Site>,
) -> Vec<Handler> {
    let mut handlers: Vec<Handler> = Vec::new();
    let instance = Value::Instance { class, site: made };
    for export in exports {
        let (outer, name) = export.rsplit_once('/').map_or(("", export.as_str()), |(outer, name)| (outer, name));
        let outer: Vec<&str> = outer.split('/').filter(|name| !name.is_empty()).collect();
        let is_own = |name: &&str| !own_functions(program, &instance, name).is_empty();
        let first = outer.first().copied().unwrap_or(name);
        if outer.iter().any(|name| is_own(name) && !hands_on(program, &instance, name)) {
            continue;
        }
        for value in own_functions(program, &instance, name) {
            let Value::Function { unit, closure, receiver } = value else { continue };
            if !outer.is_empty() {
                receive_fields(program, fact, class, unit);
            }
            let Some(frame) = program.enter(unit, closure, receiver, How::Framework) else { continue };
            let verb = first.trim_start_matches("on_").trim_start_matches("do_").to_ascii_uppercase();
            let method = HTTP_METHODS.contains(&verb.as_str()).then_some(verb);
            if !handlers.iter().any(|(_, known, _)| *known == frame) {
                handlers.push((program.innermost(unit, closure), frame, method));
            }
        }
    }
    handlers
}

/// The functions of the program under a path of members: `create`, `serializer_class.create`.
fn own_functions<'m>(program: &Program<'m>, instance: &Value<'m>, path: &str) -> Vec<Value<'m>> {
    let mut values = vec![instance.clone()];
    for part in path.split('.') {
        let made = |value: Value<'m>| match value {
            Value::Class(class) => Value::Instance { class, site: None },
            value => value,
        };
        values = values.into_iter().flat_map(|value| program.member(&made(value), part, None)).collect();
    }
    values.retain(|value| matches!(value, Value::Function { .. }));
    values
}

/// Whether an own method goes on to what it overrides: `super().create(request)`.
fn hands_on<'m>(program: &Program<'m>, instance: &Value<'m>, name: &str) -> bool {
    own_functions(program, instance, name).iter().any(|value| match value {
        Value::Function { unit, .. } => {
            program.units.units[*unit].calls.iter().any(|call| program.calls_overridden(*call, name))
        }
        _ => false,
    })
}

/// Notes what a framework passes to a method that it runs: `serializer = serializer_class` is an object of the class that
/// this field names.
fn receive_fields(program: &Program<'_>, fact: &Fact, class: ClassId, unit: UnitId) {
    for (name, field) in fact.receives.iter().filter_map(|received| received.split_once('=')) {
        let values = program.member(&Value::Instance { class, site: None }, field.trim(), None);
        let given = values.iter().find_map(|value| match value {
            Value::Class(class) => Some(*class),
            _ => None,
        });
        if let Some(given) = given {
            program.receives_object(unit, name.trim(), given);
        }
    }
}

/// What stands in front of a handler beside what it is registered with: its decorators, and the guards that a field of
/// its class lists (`throttle_classes = [Throttle]`).
pub(super) fn own_links<'m>(program: &Program<'m>, fact: &Fact, unit: UnitId) -> Vec<Link<'m>> {
    let info = &program.units.units[unit];
    let mut links = Vec::new();
    let (Some(function), Some(parent)) = (info.function, info.parent) else { return links };
    let frame = program.open_frame(parent);
    if let Some(class) = info.class.filter(|_| !fact.exports.is_empty()) {
        links.extend(outer_links(program, fact, class, unit, function.span));
        let info = &program.units.classes[class];
        let home = program.open_frame(info.unit);
        for decorator in &info.class.decorators {
            links.extend(applied_links(program, decorator, home, info.module, Some((fact, function.name.as_str()))));
        }
        links.extend(field_links(program, fact, class, info.module, unit, function.span));
    }
    links.extend(configured_links(program, fact, function, frame, info.module));
    for decorator in &function.decorators {
        links.extend(applied_links(program, decorator, frame, info.module, None));
    }
    links
}

/// The guards that settings list for all that a decorator makes a handler of, unless a decorator of the function says
/// itself which stand in front of it (`@throttle_classes([...])`).
fn configured_links<'m>(
    program: &Program<'m>,
    fact: &Fact,
    function: &'m Function,
    frame: FrameId,
    module: ModuleId,
) -> Vec<Link<'m>> {
    let decorators = function.decorators.iter().flat_map(|decorator| program.values(decorator, frame).to_vec());
    let names: Vec<String> = decorators.filter_map(|value| value.path().map(str::to_owned)).collect();
    let mut links = Vec::new();
    for guard in &fact.guards {
        let field = guard.rsplit('/').next().unwrap_or(guard.as_str());
        let is_said = names.iter().any(|name| name.trim_end_matches("()").rsplit('.').next() == Some(field));
        for name in names.iter().filter(|_| !is_said) {
            for value in program.configured(&format!("{name}.{field}")) {
                if let Value::Data { expression, frame } = value {
                    listed_links(program, expression.0, frame, module, &mut links);
                }
            }
        }
    }
    // A view that a decorator makes has no fields of its own.
    links.retain(|link| scoped_by(program, &link.value).is_none());
    links.into_iter().map(|link| Link { span: function.span, ..link }).collect()
}

/// The fact of a guard of a library, or of a class that derives from one, that goes by a field of the view.
fn scoped_by<'m>(program: &Program<'m>, guard: &Value<'m>) -> Option<&'m Fact> {
    let of_library = |path: &str| {
        let facts = program.facts_of(path, Kind::Guard);
        facts.into_iter().map(|(_, fact)| fact).find(|fact| fact.by.is_some())
    };
    match guard {
        Value::Library { path, .. } => of_library(path),
        Value::Class(class) | Value::Instance { class, .. } => program.line_of(*class).into_iter().find_map(|class| {
            let info = &program.units.classes[class];
            let bases =
                info.class.bases.iter().flat_map(|base| program.values(base, program.open_frame(info.unit)).to_vec());
            bases.into_iter().find_map(|base| base.path().and_then(of_library))
        }),
        _ => None,
    }
}

/// The methods of the class within which the framework calls a handler: `create` of `post/create/perform_create`.
fn outer_links<'m>(program: &Program<'m>, fact: &Fact, class: ClassId, handler: UnitId, span: Span) -> Vec<Link<'m>> {
    let instance = Value::Instance { class, site: None };
    let name = program.units.units[handler].name();
    let ways = fact.exports.iter().filter_map(|export| export.rsplit_once('/'));
    let outer = ways.filter(|(_, last)| *last == name).flat_map(|(outer, _)| outer.split('/'));
    let mut links: Vec<Link<'m>> = Vec::new();
    for value in outer.flat_map(|name| own_functions(program, &instance, name)) {
        let link = Link { value, role: Role::Middleware, module: program.units.classes[class].module, span };
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

/// What a decorator puts in front: itself, or what it is given where it only hands that on
/// (`@method_decorator(limit, name="post")`). Of a class it may name the one method that it is for.
pub(super) fn applied_links<'m>(
    program: &Program<'m>,
    decorator: &'m Expression,
    frame: FrameId,
    module: ModuleId,
    of_class: Option<(&Fact, &str)>,
) -> Vec<Link<'m>> {
    let handing_on = decorator_facts(program, decorator, frame)
        .into_iter()
        .find(|(each, _)| each.is == Kind::Middleware && each.handler.is_some());
    let mut links = Vec::new();
    match handing_on {
        Some((each, site)) => {
            let named = each.method.as_deref().and_then(|path| match program.argument(site, path) {
                Given::Present { expression, frame } => program.text(expression, frame),
                _ => None,
            });
            let is_for_another = of_class.zip(named).is_some_and(|((fact, method), named)| {
                named != method && fact.exports.iter().any(|export| export.split('/').next() == Some(named.as_str()))
            });
            let given = each.handler.as_deref().map(|path| program.argument(site, path));
            if let (Some(Given::Present { expression, frame }), false) = (given, is_for_another) {
                listed_links(program, expression, frame, module, &mut links);
            }
        }
        None if of_class.is_none() => {
            for value in program.values(decorator, frame).iter() {
                for value in wrapped_by(program, value) {
                    links.push(Link { value, role: Role::Decorator, module, span: decorator.span });
                }
            }
        }
        None => {}
    }
    links
}

/// What stands in a list of guards, with all parts of what is put together by `and` (`IsOwner & WithinQuota`).
pub(super) fn listed_links<'m>(
    program: &Program<'m>,
    expression: &'m Expression,
    frame: FrameId,
    module: ModuleId,
    links: &mut Vec<Link<'m>>,
) {
    match &expression.kind {
        ExpressionKind::List(items) => {
            items.iter().for_each(|item| listed_links(program, item, frame, module, links));
        }
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "&" | "+") => {
            operands.iter().for_each(|operand| listed_links(program, operand, frame, module, links));
        }
        // Settings name what they list: `"limits.PerUser"`.
        ExpressionKind::Literal(Literal::Text(dotted)) => {
            let home = program.module_of(program.unit_of_frame(frame));
            let named = named_by(program, home, dotted);
            let in_front = named.iter().flat_map(|value| wrapped_by(program, value));
            links.extend(in_front.map(|value| Link { value, role: Role::Middleware, module, span: expression.span }));
        }
        _ => {
            for value in program.values(expression, frame).iter() {
                match value {
                    Value::Data { expression: written, frame } if !std::ptr::eq(written.0, expression) => {
                        listed_links(program, written.0, *frame, module, links);
                    }
                    Value::Unknown | Value::Data { .. } => {}
                    value => links.extend(wrapped_by(program, value).into_iter().map(|value| Link {
                        value,
                        role: Role::Middleware,
                        module,
                        span: expression.span,
                    })),
                }
            }
        }
    }
}

/// The guards of a class: what its fields list, or methods in their place return, and methods that the framework calls
/// before every handler.
pub(super) fn field_links<'m>(
    program: &Program<'m>,
    fact: &Fact,
    class: ClassId,
    module: ModuleId,
    handler: UnitId,
    span: Span,
) -> Vec<Link<'m>> {
    let instance = Value::Instance { class, site: None };
    let place = (module, span);
    let mut links = Vec::new();
    for guard in &fact.guards {
        let (method, field) = guard.split_once('/').map_or((None, guard.as_str()), |(one, other)| (Some(one), other));
        let asked = method.map(|method| own_functions(program, &instance, method)).unwrap_or_default();
        match asked.first() {
            Some(function @ Value::Function { unit, closure, receiver }) => {
                let frame = program.enter(*unit, *closure, receiver.clone(), How::Framework);
                let name = program.units.units[handler].name();
                let answer = Answers { unit: *unit, method: method.unwrap_or_default(), field };
                let told = frame.and_then(|frame| answer.links(program, frame, (&instance, name), place));
                let itself = || Link { value: function.clone(), role: Role::Middleware, module, span };
                links.extend(told.unwrap_or_else(|| vec![itself()]));
            }
            _ => listed_in_field(program, &instance, field, (handler, place), &mut links),
        }
    }
    if fact.role.as_deref() == Some(DECIDES) {
        links.iter_mut().for_each(|link| link.role = Role::Decision);
    }
    links.retain(|link| !is_out_of_reach(program, fact, class, &link.value));
    links.retain(|link| scoped_by(program, &link.value).is_none_or(|guard| has_scope(program, guard, &instance)));
    links
}

/// What a field of a class lists, or the function itself that goes by this name.
pub(super) fn listed_in_field<'m>(
    program: &Program<'m>,
    instance: &Value<'m>,
    field: &str,
    (handler, (module, span)): (UnitId, (ModuleId, Span)),
    links: &mut Vec<Link<'m>>,
) {
    for value in program.member(instance, field, None) {
        match &value {
            Value::Function { unit, .. } if *unit == handler => {}
            Value::Function { .. } => links.push(Link { value: value.clone(), role: Role::Middleware, module, span }),
            Value::Data { expression, frame } => {
                let mut given = Vec::new();
                listed_links(program, expression.0, *frame, module, &mut given);
                links.extend(given.into_iter().map(|link| Link { span, ..link }));
            }
            value => {
                let known = program.elements(value).into_iter().filter(|value| !matches!(value, Value::Unknown));
                links.extend(known.map(|value| Link { value, role: Role::Middleware, module, span }));
            }
        }
    }
}

/// Whether a view says how it is counted, and the settings do not say that under this scope all are let through.
fn has_scope<'m>(program: &Program<'m>, guard: &Fact, view: &Value<'m>) -> bool {
    let Some(field) = guard.by.as_deref() else { return true };
    let scopes = program.member(view, field, None);
    let is_known = |value: &&Value<'m>| !matches!(value, Value::Unknown | Value::Library { .. });
    let mut known = scopes.iter().filter(is_known).peekable();
    known.peek().is_some()
        && known.all(|scope| {
            let text = match scope {
                Value::Data { expression, frame } => program.text(expression.0, *frame),
                _ => None,
            };
            let way = guard.value.as_deref().and_then(|way| way.strip_suffix('*')).zip(text);
            way.is_none_or(|(way, scope)| !is_null_in_settings(program, &format!("{way}{scope}")))
        })
}

/// Whether what settings hold under a dotted way is nothing.
fn is_null_in_settings(program: &Program<'_>, way: &str) -> bool {
    let is_null = |value: &Value<'_>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)));
    (0..program.modules.len()).any(|module| program.exported_under(module, way).iter().any(is_null))
}

/// Whether a method stands in a base behind a view of the library that has it, too: of `class Chat(APIView, Metered)` the
/// view's own runs, and goes on to no other.
fn is_out_of_reach(program: &Program<'_>, fact: &Fact, class: ClassId, guard: &Value<'_>) -> bool {
    let Value::Function { unit, .. } = guard else { return false };
    let owner = program.units.units[*unit].class.filter(|owner| *owner != class);
    owner.is_some_and(|owner| !is_view(program, fact, owner) && is_shadowed(program, fact, class, owner))
}

fn is_shadowed(program: &Program<'_>, fact: &Fact, class: ClassId, owner: ClassId) -> bool {
    for base in bases(program, class) {
        match base {
            Value::Library { path, .. } if is_view_of_library(program, fact, &path) => return true,
            Value::Class(base) if base == owner || base == class => return false,
            Value::Class(base) if program.line_of(base).contains(&owner) => {
                return is_shadowed(program, fact, base, owner);
            }
            Value::Class(base) if is_view(program, fact, base) => return true,
            _ => {}
        }
    }
    false
}

/// Whether a class derives from a view of the library.
fn is_view(program: &Program<'_>, fact: &Fact, class: ClassId) -> bool {
    program.line_of(class).into_iter().any(|class| {
        bases(program, class).iter().filter_map(Value::path).any(|path| is_view_of_library(program, fact, path))
    })
}

/// A view of the library is a class for which settings may give what guards it.
fn is_view_of_library(program: &Program<'_>, fact: &Fact, path: &str) -> bool {
    let fields = fact.guards.iter().map(|guard| guard.rsplit('/').next().unwrap_or(guard));
    fields.into_iter().any(|field| program.is_a(&format!("{path}().{field}"), Kind::Setting))
}

fn bases<'m>(program: &Program<'m>, class: ClassId) -> Vec<Value<'m>> {
    let info = &program.units.classes[class];
    let home = program.open_frame(info.unit);
    info.class.bases.iter().flat_map(|base| program.values(base, home).to_vec()).collect()
}
