//! Settings classes: their fields are variables, which are checked where the class is made.

use crate::link::units::ClassId;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::super::super::case::Case;
use super::checks::{When, when};
use super::schemas::Required;

/// The fields of settings classes without a default, with when the class is made.
pub fn class_fields(case: &Case<'_, '_>) -> Vec<(Required, When)> {
    let program = case.program;
    let mut all = Vec::new();
    for class in 0..program.units.classes.len() {
        let Some(base) = settings_base(program, class, 0) else { continue };
        let made = made_at(case, class);
        let info = &program.units.classes[class];
        let prefix = prefix(program, class, 0);
        let validates = info.methods.values().any(|unit| {
            program.units.units[*unit].function.is_some_and(|function| {
                function.decorators.iter().any(|decorator| Program::written(decorator).contains("validator"))
            })
        });
        for name in &info.order {
            let Some((_, assignment)) = info.fields.get(name).and_then(|fields| fields.first()) else { continue };
            if name.starts_with('_') || *name == "model_config" || !is_required_field(assignment, base) {
                continue;
            }
            let variable = alias(assignment).unwrap_or_else(|| format!("{prefix}{name}").to_ascii_uppercase());
            let examined = validates || assignment.value.as_ref().is_some_and(is_examined_field);
            all.push((Required { name: variable, module: info.module, span: assignment.target.span, examined }, made));
        }
    }
    all
}

/// All fields of settings classes, with the variables that they are.
pub(super) fn settings_fields<'m>(program: &Program<'m>) -> Vec<(ClassId, &'m str, &'m Assignment, Required)> {
    let mut all = Vec::new();
    for class in 0..program.units.classes.len() {
        if settings_base(program, class, 0).is_none() {
            continue;
        }
        let info = &program.units.classes[class];
        let prefix = prefix(program, class, 0);
        for name in &info.order {
            let Some((_, assignment)) = info.fields.get(name).and_then(|fields| fields.first()) else { continue };
            let variable = alias(assignment).unwrap_or_else(|| format!("{prefix}{name}").to_ascii_uppercase());
            let span = assignment.target.span;
            let required = Required { name: variable, module: info.module, span, examined: false };
            all.push((class, *name, *assignment, required));
        }
    }
    all
}

/// Whether a class is another, or is derived from it.
pub(super) fn is_made_of(program: &Program<'_>, class: ClassId, of: ClassId) -> bool {
    class == of || is_subclass(program, class, of, 0)
}

/// What is known of the library class that makes a class a settings class.
fn settings_base<'m>(program: &Program<'m>, class: ClassId, depth: usize) -> Option<&'m Fact> {
    if depth > 6 {
        return None;
    }
    let info = &program.units.classes[class];
    let frame = program.open_frame(info.unit);
    info.class.bases.iter().find_map(|base| {
        program.values(base, frame).iter().find_map(|value| match value {
            Value::Library { path, .. } => {
                program.facts_of(path, Kind::EnvironmentSchema).first().map(|(_, fact)| *fact)
            }
            Value::Class(base) if *base != class => settings_base(program, *base, depth + 1),
            _ => None,
        })
    })
}

/// A field without a default: declared only, `...`, or a `Field(...)` without `default` and `default_factory`.
fn is_required_field(assignment: &Assignment, base: &Fact) -> bool {
    let Some(annotation) = &assignment.annotation else { return false };
    let written = Program::written(annotation);
    if written.starts_with("ClassVar") {
        return false;
    }
    let Some(value) = &assignment.value else {
        return !base.default.as_ref().is_some_and(|annotation| written.starts_with(annotation.as_str()));
    };
    let is_open = |value: &Expression| matches!(&value.kind, ExpressionKind::Name(name) if name == "Ellipsis");
    let ExpressionKind::Call(call) = &value.kind else { return is_open(value) };
    let is_field = matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "Field");
    let given = call.arguments.iter().find(|argument| argument.name.is_none());
    is_field
        && given.is_none_or(|argument| is_open(&argument.value))
        && !call
            .arguments
            .iter()
            .any(|argument| matches!(argument.name.as_deref(), Some("default" | "default_factory")))
}

/// `Field(pattern=...)`, `Field(min_length=20)`.
fn is_examined_field(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Call(call) if call.arguments.iter().any(|argument| {
        matches!(argument.name.as_deref(), Some("pattern" | "regex"))
            || argument.name.as_deref() == Some("min_length")
                && matches!(argument.value.kind, ExpressionKind::Literal(Literal::Number(number)) if number >= 16.0)
    }))
}

/// The name that a field gives its variable itself.
fn alias(assignment: &Assignment) -> Option<String> {
    let ExpressionKind::Call(call) = &assignment.value.as_ref()?.kind else { return None };
    let given = call
        .arguments
        .iter()
        .find(|argument| matches!(argument.name.as_deref(), Some("validation_alias" | "alias" | "env")))?;
    first_text(&given.value, 0)
}

fn first_text(expression: &Expression, depth: usize) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
        ExpressionKind::List(items) if depth < 3 => items.iter().find_map(|item| first_text(item, depth + 1)),
        ExpressionKind::Call(call) if depth < 3 => {
            call.arguments.iter().find_map(|argument| first_text(&argument.value, depth + 1))
        }
        _ => None,
    }
}

/// What stands before the names of a settings class: `env_prefix` in its configuration.
fn prefix(program: &Program<'_>, class: ClassId, depth: usize) -> String {
    let info = &program.units.classes[class];
    for statement in &info.class.body {
        match &statement.kind {
            StatementKind::Assign(assignment) => {
                if let Some(Expression { kind: ExpressionKind::Call(call), .. }) = &assignment.value
                    && matches!(&assignment.target.kind, ExpressionKind::Name(name) if name == "model_config")
                    && let Some(given) =
                        call.arguments.iter().find(|argument| argument.name.as_deref() == Some("env_prefix"))
                {
                    return first_text(&given.value, 0).unwrap_or_default();
                }
            }
            StatementKind::Class(inner) => {
                for statement in &inner.body {
                    if let StatementKind::Assign(assignment) = &statement.kind
                        && matches!(&assignment.target.kind, ExpressionKind::Name(name) if name == "env_prefix")
                        && let Some(value) = &assignment.value
                    {
                        return first_text(value, 0).unwrap_or_default();
                    }
                }
            }
            _ => {}
        }
    }
    if depth > 6 {
        return String::new();
    }
    let frame = program.open_frame(info.unit);
    let bases = info.class.bases.iter().flat_map(|base| program.values(base, frame).to_vec());
    let base = bases.into_iter().find_map(|value| match value {
        Value::Class(base) if base != class => Some(base),
        _ => None,
    });
    base.map_or_else(String::new, |base| prefix(program, base, depth + 1))
}

/// When a settings class, or one made from it, is made first.
fn made_at(case: &Case<'_, '_>, class: ClassId) -> When {
    let program = case.program;
    let mut best = When::Later;
    for (call, info) in program.units.calls.iter().enumerate() {
        let makes = |frame: FrameId| {
            case.callees(Site { call, frame }).iter().any(|value| match value {
                Value::Class(made) => *made == class || is_subclass(program, *made, class, 0),
                _ => false,
            })
        };
        // `cls()` in a method that a class inherits makes the class on which it was called.
        let is_method = program.units.units[info.unit].class.is_some();
        let called = || is_method && case.starts_in(info.unit).iter().any(|frame| makes(*frame));
        if makes(program.open_frame(info.unit)) || called() {
            best = best.min(when(case, info.unit, Some(info.node), &[]).0);
        }
    }
    best
}

fn is_subclass(program: &Program<'_>, class: ClassId, of: ClassId, depth: usize) -> bool {
    let info = &program.units.classes[class];
    let frame = program.open_frame(info.unit);
    depth < 6
        && info.class.bases.iter().any(|base| {
            program.values(base, frame).iter().any(|value| match value {
                Value::Class(base) => *base == of || *base != class && is_subclass(program, *base, of, depth + 1),
                _ => false,
            })
        })
}
