//! TOML with spans; of a broken file what the reader recovers is kept.

use toml::de::{DeTable, DeValue};

use super::tree::{DEPTH, Node, Value};
use crate::model::{Literal, Lost, LostReason, Span};
use crate::source::order::InOrder;

/// Reads a TOML text.
pub fn parse(text: &str) -> (Node, Vec<Lost>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lost = errors.iter().take(20).map(|error| {
        let range = error.span().unwrap_or(0..text.len());
        Lost { span: Span::new(range.start, range.end), why: LostReason::Syntax }
    });
    let lost = lost.collect();
    let entries = map(table.get_ref(), 0);
    (Node::new(Span::new(0, text.len()), entries), lost)
}

fn map(table: &DeTable<'_>, depth: usize) -> Value {
    let mut entries: Vec<(String, Node)> =
        table.iter().map(|(key, value)| (key.get_ref().to_string(), node(value, depth))).collect();
    entries.order_by_key(|(_, node)| node.span.start);
    Value::Map(entries)
}

fn node(spanned: &toml::Spanned<DeValue<'_>>, depth: usize) -> Node {
    let range = spanned.span();
    let value = match spanned.get_ref() {
        _ if depth > DEPTH => Value::Scalar(Literal::Null),
        DeValue::String(text) => Value::Scalar(Literal::Text(text.to_string())),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
            Value::Scalar(Literal::Number(number as f64))
        }
        DeValue::Float(number) => Value::Scalar(Literal::Number(number.as_str().parse().unwrap_or(f64::NAN))),
        DeValue::Boolean(truth) => Value::Scalar(Literal::Boolean(*truth)),
        DeValue::Datetime(moment) => Value::Scalar(Literal::Text(moment.to_string())),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, depth + 1)).collect()),
        DeValue::Table(table) => map(table, depth + 1),
    };
    Node::new(Span::new(range.start, range.end), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_to_values_with_spans() {
        let text = "[a]\nb = 'x'\nc = [1, 2.5]\n[[d]]\ne = true\n[[d]]\ne = 1_000\n";
        let (node, lost) = parse(text);
        assert_eq!(lost, []);
        let flat = node.flatten();
        let keys: Vec<_> = flat.iter().map(|setting| setting.keys.join(".")).collect();
        assert_eq!(keys, ["a.b", "a.c.0", "a.c.1", "d.0.e", "d.1.e"]);
        assert_eq!(flat.last().map(|setting| setting.value.clone()), Some(Literal::Number(1000.0)));
        let span = flat.first().map(|setting| setting.span).unwrap_or_default();
        assert_eq!(text.get(span.start as usize..span.end as usize), Some("'x'"));
    }

    #[test]
    fn a_broken_file_keeps_what_was_read() {
        let (node, lost) = parse("a = 1\nb = = 2\n[c]\nd = 3\n");
        assert!(!lost.is_empty());
        assert!(node.get("a").is_some());
        let _ = parse(&format!("a = {}", "[".repeat(10_000)));
    }
}
