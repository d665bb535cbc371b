//! Handlers of errors: which errors they are for.

use crate::link::Program;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::decorated::decorator_facts;

/// Whether a class is declared as a handler of errors, and then whether it is one for some of them only.
pub(super) fn handled_errors(program: &Program<'_>, value: &Value<'_>) -> Option<bool> {
    let (Value::Class(class) | Value::Instance { class, .. }) = value else { return None };
    let class = &program.units.classes[*class];
    let frame = program.open_frame(class.unit);
    let mut facts = class.class.decorators.iter().flat_map(|decorator| decorator_facts(program, decorator, frame));
    facts.find(|(fact, _)| fact.is == Kind::ErrorHandler).map(|(_, site)| is_narrow(program, site))
}

/// Whether a handler of errors is registered for some of them only: a status other than 500, a class of errors.
pub(super) fn is_narrow(program: &Program<'_>, site: Site) -> bool {
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

/// Whether a key of a table of handlers stands for errors of all kinds.
pub(super) fn is_error_of_all(key: &str) -> bool {
    matches!(key, "Exception" | "BaseException" | "500")
}
