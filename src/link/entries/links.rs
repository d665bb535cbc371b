//! What stands in front of entry points by what their registrations, routers and mounts are given.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::conventional::named_by;
use super::decorated::wrapped_by;
use super::given::router_site;
use super::injection::{injected_at, run_for};
use super::{Link, Role, frame_of};
/// The role of what is asked whether a handler is to run.
pub(super) const DECIDES: &str = "decides";

/// The decorators that are applied where a handler is given: `path("ask", ratelimit(key="ip", rate="5/m")(ask))`.
pub(super) fn applied_by_hand<'m>(
    program: &Program<'m>,
    given: &'m Expression,
    frame: FrameId,
    module: ModuleId,
) -> Vec<Link<'m>> {
    let mut links = Vec::new();
    let mut at = given;
    while let ExpressionKind::Call(call) = &at.kind {
        if matches!(call.callee.kind, ExpressionKind::Call(_)) {
            let values = program.values(&call.callee, frame);
            let of_library = values.iter().filter(|value| value.path().is_some()).cloned();
            links.extend(of_library.map(|value| Link { value, role: Role::Decorator, module, span: given.span }));
        }
        match call.arguments.first() {
            Some(inner) => at = &inner.value,
            None => break,
        }
    }
    links
}

/// What stands at an argument path; `providers[].useClass` is that key of every item of a list.
pub(super) fn arguments_of<'m>(program: &Program<'m>, site: Site, path: &str) -> Vec<(&'m Expression, FrameId)> {
    let (list, rest) = path.split_once("[].").unwrap_or((path, ""));
    if rest.is_empty() && path.ends_with("()") {
        // What runs first is looked at first.
        let given = program.arguments_of(site, path);
        return given.into_iter().rev().map(|(expression, frame, _)| (expression, frame)).collect();
    }
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
pub(super) fn guard_links<'m>(program: &Program<'m>, fact: &Fact, site: Site, chain: &mut Vec<Link<'m>>) {
    for path in &fact.guards {
        let mut stack = arguments_of(program, site, path);
        let mut looked_at = 0;
        while let Some((expression, frame)) = stack.pop() {
            looked_at += 1;
            let module = program.module_of(program.unit_of_frame(frame));
            let values = program.values(expression, frame);
            let named = classes_named(program, module, &values);
            let injected: Vec<Value<'m>> = values.iter().flat_map(|value| program.providers(value)).collect();
            for value in values.iter().chain(&named) {
                // What is injected stands in front by its marker alone.
                if injected.contains(value) {
                    continue;
                }
                if let Value::Data { expression: inner, frame } = value
                    && let ExpressionKind::List(items) = &inner.0.kind
                {
                    stack.extend(items.iter().rev().map(|item| (item, *frame)));
                    continue;
                }
                let of_builder = held_by_builder(program, fact, site, value);
                if !of_builder.is_empty() && looked_at <= HELD {
                    stack.extend(of_builder);
                    continue;
                }
                let providers = program.providers(value);
                let role = match fact.role.as_deref() {
                    Some(DECIDES) => Role::Decision,
                    _ if providers.is_empty() => Role::Middleware,
                    _ => Role::Dependency,
                };
                let own = match value {
                    Value::Class(_) => wrapped_by(program, value),
                    value => vec![value.clone()],
                };
                if providers.is_empty() {
                    for value in own {
                        nested_links(program, &value, chain, 0);
                        chain.push(Link { value, role, module, span: expression.span });
                    }
                }
                for value in providers.iter().filter_map(|provider| run_for(program, provider)) {
                    nested_links(program, &value, chain, 0);
                    chain.push(Link { value, role, module, span: expression.span });
                }
            }
        }
    }
}

/// What a builder of the same kind was given that another one takes over: `t.procedure.concat(limited)`.
fn held_by_builder<'m>(
    program: &Program<'m>,
    fact: &Fact,
    route: Site,
    value: &Value<'m>,
) -> Vec<(&'m Expression, FrameId)> {
    let names: Vec<&str> = fact.guards.iter().filter_map(|path| path.strip_suffix("()")).collect();
    let (Value::Library { path, sites }, ExpressionKind::Member { name: registers, .. }) =
        (value, &program.units.calls[route.call].call.callee.kind)
    else {
        return Vec::new();
    };
    let is_builder = |path: &str| {
        let facts = program.facts_of(&format!("{path}.{registers}"), Kind::Route);
        facts.iter().any(|(_, each)| std::ptr::eq(*each, fact))
    };
    if names.is_empty() || sites.is_empty() || !is_builder(path) {
        return Vec::new();
    }
    let held = sites.iter().rev().filter_map(|site| {
        let call = program.units.calls[site.call].call;
        let ExpressionKind::Member { name, .. } = &call.callee.kind else { return None };
        Some((&call.arguments.first().filter(|_| names.contains(&name.as_str()))?.value, site.frame))
    });
    held.take(HELD).collect()
}

/// The classes of the program that texts name: `Celery("letters", task_cls="letters.tasks:Recorded")`.
fn classes_named<'m>(program: &Program<'m>, module: ModuleId, values: &[Value<'m>]) -> Vec<Value<'m>> {
    let texts = values.iter().filter_map(|value| match value {
        Value::Data { expression, .. } => match &expression.0.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        },
        _ => None,
    });
    let named = texts.flat_map(|text| named_by(program, module, &text.replace(':', ".")));
    named.filter(|value| matches!(value, Value::Class(_))).collect()
}

/// A registration that protects by what it is given: `app.post(path, { config: { rateLimit } }, handler)`.
pub(super) fn registration_link<'m>(program: &Program<'m>, site: Site, chain: &mut Vec<Link<'m>>) {
    let info = &program.units.calls[site.call];
    let protects = |path: &&std::rc::Rc<str>| program.is_a(path, Kind::Guard) || program.is_a(path, Kind::Validator);
    for path in program.callee_paths(site).iter().filter(protects).cloned() {
        let value = Value::Library { path, sites: std::rc::Rc::from([site]) };
        chain.push(Link { value, role: Role::Middleware, module: info.module, span: info.call.span });
    }
}

/// Whether a library made something that protects what comes after it: `createHandlers(zValidator("json", schema), ask)`.
pub(super) fn stands_in_front(program: &Program<'_>, value: &Value<'_>) -> bool {
    let Value::Library { path, .. } = value else { return false };
    let name = path.trim_end_matches("()");
    program.is_a(name, Kind::Guard) || program.is_a(name, Kind::Validator)
}

/// What a dependency itself depends on.
pub(super) fn nested_links<'m>(program: &Program<'m>, value: &Value<'m>, chain: &mut Vec<Link<'m>>, depth: usize) {
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

/// What was put into a stack of layers, which is none itself: `ServiceBuilder::new().layer(a).layer(b)`.
pub(super) fn held_by<'m>(program: &Program<'m>, value: &Value<'m>) -> Vec<(&'m Expression, FrameId)> {
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

/// Layers of one stack that are looked at.
pub(super) const HELD: usize = 24;
