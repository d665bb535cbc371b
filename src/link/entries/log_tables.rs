//! Handlers of log lines that a table lists: `LOGGING` of the settings, what `dictConfig` is given.

use crate::link::Program;
use crate::link::units::ModuleId;
use crate::link::values::{FrameId, Value};
use crate::model::{Entry, Expression, ExpressionKind, Literal, Span};
use crate::rules::checked::FactId;

use super::conventional::named_by;
use super::{Entries, Link, Role};

/// The logger to which all others hand their lines on.
const ROOT: [&str; 2] = ["root", "loggers."];

impl<'m> Entries<'m> {
    /// Handlers of errors that a framework's settings list for the loggers to which it writes the errors of its own entry
    /// points (`keys` of the fact), and handlers of all that is logged.
    pub(super) fn listed_handlers(
        &mut self,
        program: &Program<'m>,
        (module, id): (ModuleId, FactId),
        values: &[Value<'m>],
    ) {
        let fact = program.catalogue.fact(id);
        for value in values {
            let Value::Data { expression, frame } = value else { continue };
            for link in handlers_in(program, module, (expression.0, *frame), &fact.keys) {
                self.of_library.insert((link.module, link.span), id);
                let told = match &link.value {
                    Value::Instance { class, .. } => emits(program, *class, &link.value),
                    _ => Some(link.value.clone()),
                };
                self.error_handlers.extend(told.map(|value| Link { value, ..link }));
            }
            self.log_handlers.extend(listed_at_root(program, module, (expression.0, *frame)));
        }
    }
}

/// The method of a handler that is told of a line.
pub(super) fn emits<'m>(
    program: &Program<'m>,
    class: crate::link::units::ClassId,
    handler: &Value<'m>,
) -> Option<Value<'m>> {
    let info = &program.units.classes[class];
    let unit = *info.methods.get("emit")?;
    let closure = program.open_frame(info.unit);
    Some(Value::Function { unit, closure, receiver: Some(std::rc::Rc::new(handler.clone())) })
}

/// The handlers that a table gives the logger to which all others hand their lines on.
pub(super) fn listed_at_root<'m>(
    program: &Program<'m>,
    module: ModuleId,
    table: (&'m Expression, FrameId),
) -> Vec<Link<'m>> {
    handlers_in(program, module, table, &ROOT.map(str::to_owned))
}

/// The handlers that a table gives one of some loggers, where they are not for worse than errors only.
fn handlers_in<'m>(
    program: &Program<'m>,
    module: ModuleId,
    (table, frame): (&'m Expression, FrameId),
    loggers: &[String],
) -> Vec<Link<'m>> {
    let under = |from: &'m Expression, key: &str| entries_of(from).find(|entry| entry.key.as_deref() == Some(key));
    let logger = |way: &String| match way.split_once('.') {
        Some((outer, name)) => under(&under(table, outer)?.value, name),
        None => under(table, way),
    };
    let mut links = Vec::new();
    for given in loggers.iter().filter_map(logger) {
        let Some(names) = under(&given.value, "handlers") else { continue };
        let ExpressionKind::List(names) = &names.value.kind else { continue };
        for name in names.iter().filter_map(text) {
            let handler = under(table, "handlers").and_then(|handlers| under(&handlers.value, name));
            let Some(handler) = handler.filter(|handler| !is_for_worse(&handler.value)) else { continue };
            let Some(class) = under(&handler.value, "class") else { continue };
            let Some(dotted) = program.text(&class.value, frame) else { continue };
            let made = named_by(program, module, &dotted).into_iter().map(|value| match value {
                Value::Class(class) => Value::Instance { class, site: None },
                value => value,
            });
            let span: Span = handler.value.span;
            links.extend(made.map(|value| Link { value, role: Role::Observer, module, span }));
        }
    }
    links
}

/// Whether a handler is told of lines only that are worse than errors.
fn is_for_worse(handler: &Expression) -> bool {
    let level = entries_of(handler).find(|entry| entry.key.as_deref() == Some("level"));
    level.and_then(|level| text(&level.value)).is_some_and(|level| matches!(level, "CRITICAL" | "FATAL"))
}

fn entries_of(expression: &Expression) -> std::slice::Iter<'_, Entry> {
    match &expression.kind {
        ExpressionKind::Object(entries) => entries.iter(),
        _ => [].iter(),
    }
}

fn text(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}
