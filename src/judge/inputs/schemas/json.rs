//! JSON Schema, written as an object: `{ type: "object", properties: { text: { type: "string", maxLength: 4000 } } }`.

use crate::link::FrameId;
use crate::model::{Entry, Expression, ExpressionKind, Literal};

use super::{Ask, Limit, Schemas};

/// Whether an object is such a schema.
pub(super) fn is_schema(entries: &[Entry]) -> bool {
    let is_type = |text: &str| ["object", "array", "string", "number", "integer", "boolean", "null"].contains(&text);
    value(entries, "type").and_then(text).is_some_and(is_type)
        || value(entries, "properties").is_some_and(|value| matches!(value.kind, ExpressionKind::Object(_)))
        || value(entries, "enum").is_some_and(|value| matches!(value.kind, ExpressionKind::List(_)))
}

impl<'m> Schemas<'_, 'm> {
    /// What the schema says about a path.
    pub(super) fn of_json(&self, entries: &'m [Entry], frame: FrameId, path: &[&str], ask: Ask, depth: usize) -> Limit {
        let given = |key: &str| value(entries, key);
        let inner = |schema: Option<&'m Expression>, path: &[&str]| {
            schema.map_or(Limit::None, |schema| self.of_values(schema, frame, path, ask, depth + 1))
        };
        if ask == Ask::Count && given("maxItems").is_some() {
            return Limit::Held;
        }
        let properties = given("properties").map(|properties| match &properties.kind {
            ExpressionKind::Object(fields) => fields.as_slice(),
            _ => &[],
        });
        match (path.split_first(), properties) {
            (Some((field, rest)), Some(fields)) => inner(value(fields, field), rest),
            (_, None) if given("items").is_some() => inner(given("items"), path),
            (None, _) if ask == Ask::Count => Limit::None,
            (None, Some(fields)) if !fields.is_empty() => fields
                .iter()
                .fold(Limit::Held, |found, field| found.and(self.of_values(&field.value, frame, &[], ask, depth + 1))),
            (None, None) => {
                let holds_no_text =
                    given("type").and_then(text).is_some_and(|kind| !matches!(kind, "string" | "object" | "array"));
                let is_bounded = ["maxLength", "enum", "const"].iter().any(|key| given(key).is_some());
                if is_bounded || holds_no_text { Limit::Held } else { Limit::None }
            }
            _ => Limit::None,
        }
    }
}

fn value<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Expression> {
    entries.iter().find(|entry| entry.key.as_deref() == Some(key)).map(|entry| &entry.value)
}

fn text(value: &Expression) -> Option<&str> {
    match &value.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}
