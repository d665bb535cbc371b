//! Handlers that are classes: each method with a name that the framework calls is one.

use crate::link::Program;
use crate::link::units::{ClassId, ModuleId, UnitId};
use crate::link::values::{FrameId, How, Value};
use crate::model::{Expression, ExpressionKind, Span};
use crate::rules::catalogue::Fact;

use super::decorated::wrapped_by;
use super::{Link, Role};

/// A method that answers requests: its unit, the frame in which the framework runs it, and its HTTP method where the
/// name tells it.
pub(super) type Handler = (UnitId, FrameId, Option<String>);

const HTTP_METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The classes that are registered: `Chat`, `Chat()`, `Chat.as_view()`.
fn classes<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> Vec<ClassId> {
    let of = |expression: &'m Expression| -> Vec<ClassId> {
        let values = program.values(expression, frame);
        let class = |value: &Value<'m>| match value {
            Value::Class(class) | Value::Instance { class, .. } => Some(*class),
            _ => None,
        };
        values.iter().filter_map(class).collect()
    };
    let own = of(expression);
    match &expression.kind {
        ExpressionKind::Call(call) if own.is_empty() => match &call.callee.kind {
            ExpressionKind::Member { object, .. } => of(object),
            _ => own,
        },
        _ => own,
    }
}

/// The handlers of a registered class, by the names that the fact gives (`exports`).
pub(super) fn class_handlers<'m>(
    program: &Program<'m>,
    fact: &Fact,
    expression: &'m Expression,
    frame: FrameId,
) -> Vec<Handler> {
    let mut handlers: Vec<Handler> = Vec::new();
    if fact.exports.is_empty() {
        return handlers;
    }
    for class in classes(program, expression, frame) {
        let instance = Value::Instance { class, site: None };
        for name in &fact.exports {
            for value in program.member(&instance, name, None) {
                let Value::Function { unit, closure, receiver } = value else { continue };
                let Some(frame) = program.enter(unit, closure, receiver, How::Framework) else { continue };
                let verb = name.trim_start_matches("on_").to_ascii_uppercase();
                let method = HTTP_METHODS.contains(&verb.as_str()).then_some(verb);
                handlers.push((program.innermost(unit, closure), frame, method));
            }
        }
    }
    handlers
}

/// What stands in front of a handler beside what it is registered with: its decorators, and the guards that a field of
/// its class lists (`throttle_classes = [Throttle]`).
pub(super) fn own_links<'m>(program: &Program<'m>, fact: &Fact, unit: UnitId) -> Vec<Link<'m>> {
    let info = &program.units.units[unit];
    let mut links = Vec::new();
    let (Some(function), Some(parent)) = (info.function, info.parent) else { return links };
    let frame = program.open_frame(parent);
    for decorator in &function.decorators {
        for value in program.values(decorator, frame).iter() {
            for value in wrapped_by(program, value) {
                links.push(Link { value, role: Role::Decorator, module: info.module, span: decorator.span });
            }
        }
    }
    if let Some(class) = info.class.filter(|_| !fact.exports.is_empty()) {
        links.extend(field_links(program, fact, class, info.module, function.span));
    }
    links
}

/// The guards of a class: what its fields list, and methods that the framework calls before every handler.
pub(super) fn field_links<'m>(
    program: &Program<'m>,
    fact: &Fact,
    class: ClassId,
    module: ModuleId,
    span: Span,
) -> Vec<Link<'m>> {
    let instance = Value::Instance { class, site: None };
    let mut links = Vec::new();
    for field in &fact.guards {
        for value in program.member(&instance, field, None) {
            let listed = match value {
                Value::Function { .. } => vec![value],
                value => program.elements(&value),
            };
            let known = listed.into_iter().filter(|value| !matches!(value, Value::Unknown));
            links.extend(known.map(|value| Link { value, role: Role::Middleware, module, span }));
        }
    }
    links
}
