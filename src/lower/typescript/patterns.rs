//! What values are bound to: names, members and destructuring patterns.

use super::expressions::{key, transparent};
use super::syntax::{Field, Kind, Node};
use super::{Lowering, expression, name, operator, unknown};
use crate::model::{Entry, Expression, ExpressionKind};

impl Lowering {
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Expression {
        let node = transparent(node);
        let span = node.span();
        match node.kind() {
            Kind::Identifier | Kind::ShorthandPattern | Kind::Undefined => name(node),
            Kind::ArrayPattern
            | Kind::ObjectPattern
            | Kind::RestPattern
            | Kind::AssignmentPattern
            | Kind::ObjectAssignmentPattern => {
                self.deeper(span, |lowering| lowering.destructured(node)).unwrap_or_else(|| unknown(span))
            }
            _ => self.expression(node),
        }
    }

    fn destructured(&mut self, node: Node<'_>) -> Expression {
        let span = node.span();
        match node.kind() {
            Kind::ArrayPattern => {
                let items = self.items(node, Self::pattern);
                expression(span, ExpressionKind::List(items))
            }
            Kind::ObjectPattern => {
                let entries = node.parts().map(|part| self.property(part)).collect();
                expression(span, ExpressionKind::Object(entries))
            }
            Kind::RestPattern => {
                let rest = node.first().map_or_else(|| unknown(span), |inner| self.pattern(inner));
                expression(span, ExpressionKind::Spread(Box::new(rest)))
            }
            _ => {
                let bound = node.field(Field::Left).map_or_else(|| unknown(span), |bound| self.pattern(bound));
                let default = self.required(node, Field::Right);
                operator(span, "=", vec![bound, default])
            }
        }
    }

    fn property(&mut self, node: Node<'_>) -> Entry {
        match node.kind() {
            Kind::PairPattern => {
                let value = node.field(Field::Value).map_or_else(|| unknown(node.span()), |value| self.pattern(value));
                Entry { computed: None, key: node.field(Field::Key).and_then(key), value }
            }
            Kind::RestPattern => Entry { computed: None, key: None, value: self.pattern(node) },
            Kind::ObjectAssignmentPattern => {
                let bound = node.field(Field::Left);
                Entry { computed: None, key: bound.map(|bound| bound.text().to_owned()), value: self.pattern(node) }
            }
            _ => Entry { computed: None, key: Some(node.text().to_owned()), value: self.pattern(node) },
        }
    }
}

/// The names that a pattern binds, in order.
pub(super) fn bound_names<'m>(pattern: &'m Expression, names: &mut Vec<&'m Expression>) {
    match &pattern.kind {
        ExpressionKind::Name(_) => names.push(pattern),
        ExpressionKind::List(items) => items.iter().for_each(|item| bound_names(item, names)),
        ExpressionKind::Object(entries) => entries.iter().for_each(|entry| bound_names(&entry.value, names)),
        ExpressionKind::Spread(rest) => bound_names(rest, names),
        ExpressionKind::Operator { operator, operands } if operator == "=" => {
            operands.iter().take(1).for_each(|bound| bound_names(bound, names));
        }
        _ => {}
    }
}
