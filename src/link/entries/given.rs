//! What registrations are given: routers, lists of handlers, functions that hand on; and where what they register stands.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::served::served_by;

/// Where an entry point stands. One that is written in place or nearby spans from its registration to the end of its
/// handler; a named handler elsewhere is the entry point itself, decorators included.
pub(super) fn place_of(program: &Program<'_>, unit: UnitId, site: Site, is_looked_for: bool) -> (ModuleId, Span) {
    let (info, of_unit) = (&program.units.calls[site.call], &program.units.units[unit]);
    match of_unit.function {
        Some(function) if !function.name.is_empty() && !info.call.span.contains(function.span) => {
            // What is found by its decorator begins there.
            let decorator = function.decorators.first().filter(|_| is_looked_for);
            let start = decorator.map_or(function.span.start, |first| first.span.start.min(function.span.start));
            (of_unit.module, Span { start, ..function.span })
        }
        _ => (info.module, info.call.span),
    }
}

/// The constructor site of a router value.
pub(super) fn router_site<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<Site> {
    let Value::Library { path, sites } = value else { return None };
    let constructor = path.strip_suffix("()")?;
    if program.is_a(constructor, Kind::Router) {
        return sites.first().copied();
    }
    served_by(program, constructor, *sites.last()?)
}

/// The middleware or the router that a registration is given by name: `add_middleware(BaseHTTPMiddleware, dispatch=note)`,
/// `include_router(router=routes, prefix="/api")`.
pub(super) fn named_part<'m>(program: &Program<'m>, fact: &Fact, site: Site) -> Option<&'m Expression> {
    let handler = fact.handler.as_deref().filter(|_| matches!(fact.is, Kind::Middleware | Kind::Mount))?;
    let Given::Present { expression, .. } = program.argument(site, handler) else { return None };
    let mut named = program.units.calls[site.call].call.arguments.iter().filter(|argument| argument.name.is_some());
    named.any(|argument| std::ptr::eq(&argument.value, expression)).then_some(expression)
}

/// Whether a call puts something in front of what it is called on.
pub(super) fn is_layer(program: &Program<'_>, site: Site) -> bool {
    program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Middleware))
}

/// What was put in front of something by calls in its own chain.
pub(super) fn layered<'m>(program: &Program<'m>, value: &Value<'m>) -> Vec<Value<'m>> {
    let layers = value.sites().iter().filter(|site| is_layer(program, **site));
    let given = layers.flat_map(|site| {
        let arguments = &program.units.calls[site.call].call.arguments;
        arguments.iter().map(move |argument| (&argument.value, site.frame))
    });
    given.flat_map(|(expression, frame)| program.values(expression, frame).to_vec()).collect()
}

/// The list that a call of a library gives back as it is.
pub(super) fn listed<'m>(program: &Program<'m>, path: &str, sites: &[Site]) -> Option<(&'m Expression, FrameId)> {
    let facts = program.facts_of(path.strip_suffix("()")?, Kind::Same);
    let list = facts.iter().find_map(|(_, fact)| fact.value.as_deref()?.strip_suffix("[*]"))?;
    match program.argument(*sites.last()?, list) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    }
}

/// The named function to which a closure around what handlers share hands what it is given, and does nothing else:
/// `service_fn(move |request| server.clone().handle(request))`.
pub(super) fn handed_on(program: &Program<'_>, unit: UnitId, frame: FrameId) -> Option<UnitId> {
    let info = &program.units.units[unit];
    let function = info.function.filter(|function| function.name.is_empty())?;
    // Elsewhere what is registered is mostly written where it is registered.
    if program.modules[info.module].language != Language::Rust {
        return None;
    }
    let mut body = function.body.as_slice();
    let call = loop {
        let [Statement { kind: StatementKind::Return(Some(value)) | StatementKind::Expression(value), .. }] = body
        else {
            return None;
        };
        let value = match &value.kind {
            ExpressionKind::Await(inner) => inner,
            _ => value,
        };
        match &value.kind {
            ExpressionKind::Block(inner) => body = inner,
            ExpressionKind::Call(call) if !call.arguments.is_empty() => break call,
            _ => return None,
        }
    };
    match *program.values(&call.callee, frame) {
        [Value::Function { unit, .. }] => {
            program.units.units[unit].function.filter(|function| !function.name.is_empty()).map(|_| unit)
        }
        _ => None,
    }
}
