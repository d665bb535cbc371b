//! What frameworks inject into handlers, and what runs to make it.

use crate::link::Program;
use crate::link::values::{FrameId, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::links::nested_links;
use super::{Link, Role};

/// The dependencies that a handler's parameters ask for, innermost needs first.
pub fn injected_links<'m>(program: &Program<'m>, handler: FrameId) -> Vec<Link<'m>> {
    injected_at(program, handler, 0)
}

pub(super) fn injected_at<'m>(program: &Program<'m>, handler: FrameId, depth: usize) -> Vec<Link<'m>> {
    let frame = program.frame(handler);
    let info = &program.units.units[frame.unit];
    let (Some(function), Some(closure)) = (info.function, frame.closure) else { return Vec::new() };
    let mut chain: Vec<Link<'m>> = Vec::new();
    for parameter in &function.parameters {
        let own = parameter.default.iter().chain(&parameter.annotation).map(|marker| (marker, closure));
        for (marker, closure) in own.chain(program.written_of(parameter)) {
            let providers = marked_providers(program, marker, closure, 0);
            let providers = providers.iter().filter_map(|provider| run_for(program, provider));
            for provider in providers.chain(makers(program, marker, closure)) {
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

/// What runs to make what a marker injects: of a class its constructor, for an object of it is made, and not called. None
/// where nothing of the program runs.
pub(super) fn run_for<'m>(program: &Program<'m>, provider: &Value<'m>) -> Option<Value<'m>> {
    let Value::Class(class) = provider else { return Some(provider.clone()) };
    let unit = program.constructor(*class)?;
    let home = program.units.units[unit].class.unwrap_or(*class);
    let receiver = Value::Instance { class: *class, site: None };
    let closure = program.open_frame(program.units.classes[home].unit);
    Some(Value::Function { unit, closure, receiver: Some(std::rc::Rc::new(receiver)) })
}

/// The functions by which a trait makes the values of a declared type: `FromRequestParts` of `budget: WithinBudget`.
pub(super) fn makers<'m>(program: &Program<'m>, declared: &'m Expression, frame: FrameId) -> Vec<Value<'m>> {
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

pub(super) fn marked_providers<'m>(
    program: &Program<'m>,
    marker: &'m Expression,
    frame: FrameId,
    depth: usize,
) -> Vec<Value<'m>> {
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
    let markers = markers.map(|marker| (marker, frame)).chain(program.written_of(parameter));
    markers.flat_map(|(marker, frame)| marked_providers(program, marker, frame, 0)).collect()
}
