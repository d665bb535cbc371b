//! Schemas as JSON Schema writes them: `{ type: "object", required: ["KEY"], properties: { KEY: { type: "string" } } }`.

use crate::link::units::ModuleId;
use crate::model::{Entry, Expression, ExpressionKind, Literal, Span};

use super::Key;

/// A property of such a schema.
pub(super) struct Property {
    name: String,
    span: Span,
    is_required: bool,
    is_filled: bool,
}

impl Property {
    pub(super) fn within(self, module: ModuleId) -> Key {
        let Property { name, span, is_required, is_filled } = self;
        Key { key: name, module, span, is_required, is_filled, is_blank: false, examined: false }
    }
}

/// The properties that an object describes; none where it is no such schema. Those with a default are never missing.
pub(super) fn of(entries: &[Entry]) -> Option<Vec<Property>> {
    let ExpressionKind::Object(properties) = &value(entries, "properties")?.kind else { return None };
    if !matches!(&value(entries, "type")?.kind, ExpressionKind::Literal(Literal::Text(kind)) if kind == "object") {
        return None;
    }
    let required = value(entries, "required");
    let asks_for = |name: &str| match required.map(|required| &required.kind) {
        Some(ExpressionKind::List(names)) => {
            names.iter().any(|each| matches!(&each.kind, ExpressionKind::Literal(Literal::Text(text)) if text == name))
        }
        _ => false,
    };
    let property = |entry: &Entry| {
        let name = entry.key.clone()?;
        let is_filled = match &entry.value.kind {
            ExpressionKind::Object(description) => value(description, "default").is_some(),
            _ => false,
        };
        let is_required = asks_for(&name) && !is_filled;
        Some(Property { name, span: entry.value.span, is_required, is_filled })
    };
    Some(properties.iter().filter_map(property).collect())
}

fn value<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Expression> {
    entries.iter().find(|entry| entry.key.as_deref() == Some(key)).map(|entry| &entry.value)
}
