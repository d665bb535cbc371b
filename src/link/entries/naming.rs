//! What entry points are called: their method and path, their command, their function.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::Fact;

use super::conventional::METHODS;
use super::registered::CALLED;

pub(super) fn route_path(program: &Program<'_>, fact: &Fact, site: Site) -> Option<String> {
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

/// The path that marks the type of what a handler is given, by one of the attributes that a fact names:
/// `#[typed_path("/ask/{id}")]` of `struct Ask`, with `async fn ask(Ask { id }: Ask)`.
pub(super) fn path_of_parameter(program: &Program<'_>, fact: &Fact, unit: UnitId) -> Option<String> {
    let info = &program.units.units[unit];
    let home = program.open_frame(info.parent.filter(|_| !fact.keys.is_empty())?);
    let marked = |mark: &Expression| {
        let ExpressionKind::Call(call) = &mark.kind else { return None };
        let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return None };
        match call.arguments.first().map(|first| &first.value.kind) {
            Some(ExpressionKind::Literal(Literal::Text(path))) if fact.keys.contains(name) => Some(path.clone()),
            _ => None,
        }
    };
    let annotations = info.function?.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref());
    annotations.flat_map(|annotation| program.annotation(annotation, home)).find_map(|value| match value {
        Value::Class(class) | Value::Instance { class, .. } => {
            program.units.classes[class].class.decorators.iter().find_map(marked)
        }
        _ => None,
    })
}

/// All paths that a registration has, where a loop goes through them: `for (const path of PATHS) app.use(path, limit)`.
pub(super) fn all_paths<'m>(program: &Program<'m>, fact: &Fact, site: Site) -> Vec<String> {
    let Some(Given::Present { expression, frame }) = fact.path.as_deref().map(|path| program.argument(site, path))
    else {
        return Vec::new();
    };
    let text = |value: &Value<'m>| match value {
        Value::Data { expression, frame } if matches!(expression.0.kind, ExpressionKind::Literal(_)) => {
            program.text(expression.0, *frame)
        }
        _ => None,
    };
    match expression.kind {
        ExpressionKind::Name(_) => program.values(expression, frame).iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn entry_name(
    program: &Program<'_>,
    fact: &Fact,
    path: &str,
    function: &Function,
    site: Option<Site>,
) -> String {
    let named = || method_of(program.units.calls[site?.call].call);
    let method = told_method(program, fact, site).or_else(named).unwrap_or_default();
    match (method.is_empty(), path.is_empty()) {
        (false, _) => format!("{} {}", method.to_uppercase(), if path.is_empty() { "/" } else { path }),
        (true, false) => path.to_owned(),
        (true, true) if function.name == CALLED => class_of(program, function).unwrap_or_default(),
        (true, true) => function.name.clone(),
    }
}

/// The class whose method a function is.
fn class_of(program: &Program<'_>, function: &Function) -> Option<String> {
    let class = program.units.units[program.units.unit_of(function)?].class?;
    Some(program.units.classes[class].class.name.clone())
}

pub(super) fn entry_name_of(
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
            let own = key_of_call(program, site.call).or_else(|| exported_as(program, site.call));
            own.or_else(|| name_given(program, fact, site)).unwrap_or_else(written)
        }
        None => path.to_owned(),
    }
}

/// The name by which a registration is given its handler: `action(ask)` with `const ask = async () => {}`.
fn name_given(program: &Program<'_>, fact: &Fact, site: Site) -> Option<String> {
    match program.argument(site, fact.handler.as_deref()?) {
        Given::Present { expression: Expression { kind: ExpressionKind::Name(name), .. }, .. } => Some(name.clone()),
        _ => None,
    }
}

/// The key under which a call stands in an object that another call is given, or that its module exports:
/// `router({ ask: mutation(..) })`, `export const server = { ask: defineAction(..) }`.
pub(super) fn key_of_call(program: &Program<'_>, call: CallId) -> Option<String> {
    let info = &program.units.calls[call];
    let key = |object: &Expression| {
        let ExpressionKind::Object(entries) = &object.kind else { return None };
        let entry = entries.iter().find(|entry| entry.value.span.contains(info.call.span))?;
        // One of many that a list holds has no key of its own.
        if matches!(entry.value.kind, ExpressionKind::List(_)) { None } else { entry.key.clone() }
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

/// The name under which a module exports what a call makes: `export const ask = action({ .. })`.
fn exported_as(program: &Program<'_>, call: CallId) -> Option<String> {
    let info = &program.units.calls[call];
    let frame = program.module_frame(info.module);
    let makes_it = |exported: &Expression| {
        exported.span == info.call.span
            || {
                let ExpressionKind::Name(name) = &exported.kind else { return false };
                let bindings = program.units.units[program.unit_of_frame(frame)].names.get(name.as_str());
                bindings.into_iter().flatten().any(|binding| {
                matches!(binding, Binding::Value { value, access, .. } if access.is_empty() && value.span == info.call.span)
            })
            }
    };
    let exports = program.units.exports[info.module].iter().filter(|export| export.name != "default");
    exports.filter(|export| export.value.as_ref().is_some_and(makes_it)).map(|export| export.name.clone()).next()
}

/// The HTTP method that a registration names: the fact's own, or an argument with one method.
pub(super) fn told_method(program: &Program<'_>, fact: &Fact, site: Option<Site>) -> Option<String> {
    let method = fact.method.as_deref()?;
    if method.chars().all(|character| character.is_ascii_uppercase()) {
        return Some(method.to_owned());
    }
    let Given::Present { expression, frame } = program.argument(site?, method) else { return None };
    program.text(expression, frame).filter(|method| METHODS.contains(&method.to_ascii_lowercase().as_str()))
}

/// `app.post(...)` and `@Post()` register a POST.
pub(super) fn method_of(call: &Call) -> Option<String> {
    let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return None };
    let name = name.to_ascii_lowercase();
    (METHODS.contains(&name.as_str()) || matches!(name.as_str(), "all" | "websocket")).then_some(name)
}

/// The parameters that the pattern of a route fills with numbers and the like, or with texts of a length that it
/// bounds: `/notes/<int:note>`, `/tags/<string(maxlength=40):tag>`.
pub(super) fn never_long(pattern: &str) -> Vec<&str> {
    let parts = pattern.split('<').skip(1).filter_map(|part| part.split('>').next()?.split_once(':'));
    // What is no free text by its name is a number or an identifier, and those are short.
    let is_short = |converter: &str| {
        !matches!(converter.split('(').next(), Some("string" | "default" | "path" | "any" | "str" | "slug"))
            || ["maxlength=", "length="].iter().any(|limit| converter.contains(limit))
    };
    parts.filter(|(converter, _)| is_short(converter.trim())).map(|(_, name)| name.trim()).collect()
}
