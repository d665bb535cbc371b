//! Type annotations as expressions, as far as someone may ask: names, generics, unions, object types, literals.

use super::expressions::{key, literal};
use super::syntax::{Field, Kind, Node};
use super::{Lowering, expression, member, name, operator, unknown};
use crate::model::{Entry, Expression, ExpressionKind, Literal};

impl Lowering {
    /// What stands behind the colon; none where that is no type of a value (`x is T`).
    pub(super) fn annotation(&mut self, node: Node<'_>) -> Option<Expression> {
        match node.kind() {
            Kind::TypeAnnotation => node.first().map(|written| self.annotated(written)),
            _ => None,
        }
    }

    /// The named type that a value is said to be of: `value as T`, `value satisfies T`, `<T>value`.
    pub(super) fn asserted(&mut self, value: Node<'_>) -> Option<Expression> {
        let mut node = value;
        while matches!(node.kind(), Kind::ParenthesizedExpression | Kind::AwaitExpression) {
            node = node.first()?;
        }
        let asserted = match node.kind() {
            Kind::AsExpression | Kind::SatisfiesExpression => node.parts().nth(1)?,
            Kind::TypeAssertion => node.parts().find(|part| part.kind() == Kind::TypeArguments)?.first()?,
            _ => return None,
        };
        let is_named = matches!(
            asserted.kind(),
            Kind::TypeIdentifier | Kind::NestedTypeIdentifier | Kind::GenericType | Kind::UnionType
        );
        is_named.then(|| self.annotated(asserted))
    }

    pub(super) fn annotated(&mut self, node: Node<'_>) -> Expression {
        let mut node = node;
        while matches!(node.kind(), Kind::ParenthesizedType | Kind::ReadonlyType) {
            let Some(inner) = node.first() else { break };
            node = inner;
        }
        let span = node.span();
        self.deeper(span, |lowering| lowering.annotated_of(node)).unwrap_or_else(|| unknown(span))
    }

    fn annotated_of(&mut self, node: Node<'_>) -> Expression {
        let span = node.span();
        match node.kind() {
            Kind::TypeIdentifier | Kind::Identifier | Kind::PredefinedType => match node.text() {
                "undefined" | "null" => literal(span, Literal::Null),
                _ => name(node),
            },
            Kind::NestedTypeIdentifier => {
                let module = node.field(Field::Module).map_or_else(|| unknown(span), |module| self.expression(module));
                member(span, module, node.field(Field::Name).map(Node::text).unwrap_or_default())
            }
            Kind::GenericType => self.generic(node),
            Kind::ArrayType => {
                let array = expression(span, ExpressionKind::Name("Array".to_owned()));
                let item = node.first().map_or_else(|| unknown(span), |item| self.annotated(item));
                expression(span, ExpressionKind::Index { object: Box::new(array), index: Box::new(item) })
            }
            Kind::LookupType => {
                let mut parts = node.parts().map(|part| self.annotated(part));
                match (parts.next(), parts.next()) {
                    (Some(object), Some(index)) => {
                        let (object, index) = (Box::new(object), Box::new(index));
                        expression(span, ExpressionKind::Index { object, index })
                    }
                    _ => unknown(span),
                }
            }
            Kind::UnionType | Kind::IntersectionType => {
                let sign = if node.kind() == Kind::UnionType { "|" } else { "&" };
                let types = operands(node).into_iter().map(|operand| self.annotated(operand)).collect();
                operator(span, sign, types)
            }
            Kind::LiteralType => self.only(node),
            Kind::ObjectType => self.object_type(node),
            Kind::TupleType => {
                let items = node.parts().map(|item| self.annotated(item)).collect();
                expression(span, ExpressionKind::List(items))
            }
            Kind::RequiredParameter | Kind::OptionalParameter => node
                .field(Field::Type)
                .and_then(|annotation| self.annotation(annotation))
                .unwrap_or_else(|| unknown(span)),
            Kind::TypeQuery => {
                let asked = self.only(node);
                operator(span, "typeof", vec![asked])
            }
            Kind::ThisType => expression(span, ExpressionKind::Name("self".to_owned())),
            Kind::MemberExpression | Kind::CallExpression => self.expression(node),
            _ => unknown(span),
        }
    }

    fn generic(&mut self, node: Node<'_>) -> Expression {
        let span = node.span();
        let object = Box::new(node.field(Field::Name).map_or_else(|| unknown(span), |named| self.annotated(named)));
        let given = node.field(Field::TypeArguments);
        let mut arguments: Vec<Expression> =
            given.map(|given| given.parts().map(|argument| self.annotated(argument)).collect()).unwrap_or_default();
        let index = match arguments.pop() {
            Some(only) if arguments.is_empty() => only,
            last => {
                arguments.extend(last);
                expression(given.map_or(span, Node::span), ExpressionKind::List(arguments))
            }
        };
        expression(span, ExpressionKind::Index { object, index: Box::new(index) })
    }

    fn object_type(&mut self, node: Node<'_>) -> Expression {
        let fields = node.parts().filter(|part| part.kind() == Kind::PropertySignature);
        let entries = fields.map(|field| {
            let annotation = field.field(Field::Type).and_then(|annotation| self.annotation(annotation));
            let value = annotation.unwrap_or_else(|| unknown(field.span()));
            Entry { computed: None, key: field.field(Field::Name).and_then(key), value }
        });
        let entries = entries.collect();
        expression(node.span(), ExpressionKind::Object(entries))
    }
}

/// All operands of `A | B | C` (or `&`), which the grammar nests to the left.
pub(super) fn operands(node: Node<'_>) -> Vec<Node<'_>> {
    let own = node.kind();
    let mut operands = Vec::new();
    let mut current = node;
    while current.kind() == own {
        let mut parts: Vec<Node<'_>> = current.parts().collect();
        if parts.is_empty() {
            break;
        }
        let first = parts.remove(0);
        operands.extend(parts.into_iter().rev());
        current = first;
    }
    if current.kind() != own {
        operands.push(current);
    }
    operands.reverse();
    operands
}
