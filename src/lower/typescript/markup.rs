//! JSX: an element is a call of its tag.

use super::expressions::literal;
use super::literals::quoted;
use super::syntax::{Field, Kind, Node};
use super::{Lowering, expression, text, unknown};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};

impl Lowering {
    pub(super) fn markup(&mut self, node: Node<'_>) -> Expression {
        let span = node.span();
        let head = node.field(Field::OpenTag).unwrap_or(node);
        let tag = head.field(Field::Name);
        let mut arguments: Vec<Argument> = Vec::new();
        for attribute in head.children().filter(|child| child.is_field(Field::Attribute)) {
            arguments.extend(self.attribute(attribute));
        }
        if node.kind() == Kind::JsxElement {
            let children = node.parts().filter(|child| !child.is_field(Field::OpenTag));
            let values = children.filter_map(|child| self.content(child));
            arguments.extend(values.map(|value| Argument { name: None, value }));
        }
        let Some(tag) = tag else {
            let children = arguments.into_iter().map(|argument| argument.value).collect();
            return expression(span, ExpressionKind::List(children));
        };
        let callee = match tag.kind() {
            Kind::JsxNamespaceName => super::name(tag),
            _ => self.expression(tag),
        };
        expression(span, ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false })))
    }

    fn attribute(&mut self, node: Node<'_>) -> Option<Argument> {
        if node.kind() == Kind::JsxExpression {
            let value = match node.first()? {
                spread if spread.kind() == Kind::SpreadElement => self.only(spread),
                other => self.expression(other),
            };
            return Some(Argument { name: Some("**".to_owned()), value });
        }
        let mut parts = node.parts();
        let named = parts.next()?;
        let value = match parts.next() {
            None => literal(node.span(), Literal::Boolean(true)),
            Some(value) if value.kind() == Kind::StringLiteral => text(value.span(), quoted(value.text()).to_owned()),
            Some(value) => self.content(value).unwrap_or_else(|| unknown(value.span())),
        };
        Some(Argument { name: Some(named.text().to_owned()), value })
    }

    /// A child of an element; none for blank text and comments.
    fn content(&mut self, node: Node<'_>) -> Option<Expression> {
        match node.kind() {
            Kind::JsxText => {
                let written = node.text().trim();
                (!written.is_empty()).then(|| text(node.span(), written.to_owned()))
            }
            Kind::JsxExpression => node.first().map(|inner| self.expression(inner)),
            Kind::JsxElement | Kind::JsxSelfClosing => Some(self.expression(node)),
            _ => None,
        }
    }
}
