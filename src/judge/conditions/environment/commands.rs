//! Arguments of a command line that come from variables: `#[arg(env = "KEY")]`.

use crate::link::units::ClassId;
use crate::link::{Program, Value};
use crate::model::*;

use super::super::super::case::Case;
use super::super::super::inputs::is_command_line;
use super::Checked;
use super::checks::{When, when};
use super::meanings::{is_credential, is_variable_name};
use super::schemas::Required;

/// The variables that fields of parsed command lines take, with whether their absence stops the start.
pub fn arguments(case: &Case<'_, '_>) -> Vec<(Required, Checked)> {
    let program = case.program;
    let parsed: Vec<ClassId> =
        (0..program.units.classes.len()).filter(|class| is_command_line(program, *class)).collect();
    if parsed.is_empty() {
        return Vec::new();
    }
    let made = parsed_at(case, &parsed);
    let mut all = Vec::new();
    for class in parsed {
        let info = &program.units.classes[class];
        for name in &info.order {
            let Some((_, assignment)) = info.fields.get(name).and_then(|fields| fields.first()) else { continue };
            let Some((variable, is_blank)) = demanded(name, assignment) else { continue };
            let checked = match made {
                _ if is_blank => Checked::No,
                When::Start => Checked::Yes,
                When::Swallowed => Checked::Swallowed,
                When::Later => Checked::InHandler,
            };
            let (module, span) = (info.module, assignment.target.span);
            all.push((Required { name: variable, module, span, examined: false }, checked));
        }
    }
    all
}

/// When one of the command lines is parsed first.
fn parsed_at(case: &Case<'_, '_>, classes: &[ClassId]) -> When {
    let program = case.program;
    let mut best = When::Later;
    for info in &program.units.calls {
        let ExpressionKind::Member { object, name } = &info.call.callee.kind else { continue };
        if !name.starts_with("parse") && !name.starts_with("try_parse") {
            continue;
        }
        let values = program.values(object, program.open_frame(info.unit));
        if values.iter().any(|value| matches!(value, Value::Class(class) if classes.contains(class))) {
            best = best.min(when(case, info.unit, Some(info.node), &[]).0);
        }
    }
    best
}

/// The variable that a field must be given, and whether the empty text is all that stands in for it.
fn demanded(field: &str, assignment: &Assignment) -> Option<(String, bool)> {
    let written = Program::written(assignment.annotation.as_ref()?);
    let attributes = match &assignment.value.as_ref()?.kind {
        ExpressionKind::List(items) => items.iter().collect(),
        _ => vec![assignment.value.as_ref()?],
    };
    let calls = attributes.into_iter().filter_map(|attribute| match &attribute.kind {
        ExpressionKind::Call(call) => Some(call),
        _ => None,
    });
    let arguments: Vec<&Argument> = calls.flat_map(|call| &call.arguments).collect();
    let variable = arguments.iter().find_map(|argument| match (argument.name.as_deref(), &argument.value.kind) {
        (Some("env"), ExpressionKind::Literal(Literal::Text(text))) => Some(text.clone()),
        (None, ExpressionKind::Name(word)) if word == "env" => Some(field.to_ascii_uppercase()),
        _ => None,
    })?;
    let default = arguments.iter().find(|argument| {
        let is_default = |name: &str| name.starts_with("default_value");
        argument.name.as_deref().is_some_and(is_default)
            || matches!(&argument.value.kind, ExpressionKind::Name(word) if is_default(word))
    });
    let is_blank = default.is_some_and(
        |default| matches!(&default.value.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty()),
    );
    let is_optional = ["Option", "Vec", "bool"].iter().any(|kind| written.starts_with(kind));
    let is_demanded = match default {
        Some(_) => is_blank && is_credential(&variable),
        None => !is_optional,
    };
    (is_demanded && is_variable_name(&variable)).then_some((variable, is_blank))
}
