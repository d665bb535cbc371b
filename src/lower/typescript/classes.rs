//! Classes, interfaces, object types and enumerations.

use super::expressions::{key, literal};
use super::syntax::{Field, Kind, Node};
use super::{Lowering, expression, name, statement, unknown};
use crate::model::{
    Assignment, Block, Class, Entry, Expression, ExpressionKind, Literal, Span, Statement, StatementKind,
};

impl Lowering {
    /// A class, under the name it is bound to where that is known, otherwise under its own.
    pub(super) fn class(&mut self, node: Node<'_>, bound: Option<Node<'_>>, outer: Vec<Expression>) -> Class {
        let span = node.span();
        let named = bound.or_else(|| node.field(Field::Name));
        let mut decorators = outer;
        decorators.extend(self.decorators(node));
        Class {
            span,
            name: named.map(|named| named.text().to_owned()).unwrap_or_default(),
            name_span: named.map_or(Span { start: span.start, end: span.start }, Node::span),
            bases: node.child(Kind::ClassHeritage).map(|heritage| self.heritage(heritage)).unwrap_or_default(),
            keywords: Vec::new(),
            decorators,
            body: node.field(Field::Body).map(|body| self.members(body)).unwrap_or_default(),
            is_extension: false,
        }
    }

    fn heritage(&mut self, node: Node<'_>) -> Vec<Expression> {
        let mut bases = Vec::new();
        for clause in node.parts() {
            match clause.kind() {
                Kind::ExtendsClause => bases.extend(
                    clause.children().filter(|part| part.is_field(Field::Value)).map(|base| self.expression(base)),
                ),
                Kind::ImplementsClause => bases.extend(clause.parts().map(|base| self.annotated(base))),
                // Plain JavaScript grammars put the expression here itself.
                _ => bases.push(self.expression(clause)),
            }
        }
        bases
    }

    fn members(&mut self, node: Node<'_>) -> Block {
        let mut block = Block::new();
        let mut decorators = Vec::new();
        self.members_into(node, &mut decorators, &mut block);
        block
    }

    fn members_into(&mut self, node: Node<'_>, decorators: &mut Vec<Expression>, out: &mut Block) {
        for child in node.children() {
            match child.kind() {
                Kind::Decorator => decorators.push(self.only(child)),
                Kind::MethodDefinition => {
                    let mut own = std::mem::take(decorators);
                    own.extend(getter(child));
                    let method = self.deeper(child.span(), |lowering| lowering.function(child, own));
                    out.extend(method.map(|method| statement(child.span(), StatementKind::Function(Box::new(method)))));
                }
                Kind::PublicField => {
                    out.extend(std::mem::take(decorators).into_iter().map(decoration));
                    self.deeper(child.span(), |lowering| lowering.field(child, out));
                }
                Kind::ClassStaticBlock => {
                    let body = self.branch(child.field(Field::Body));
                    out.push(statement(child.span(), StatementKind::Block(body)));
                }
                Kind::Error => {
                    self.deeper(child.span(), |lowering| lowering.members_into(child, decorators, out));
                }
                kind if node.kind() == Kind::Error && kind.is_salvageable() => self.part(child, out),
                _ => decorators.clear(),
            }
        }
    }

    /// A field: its decorators as expressions, then the assignment.
    pub(super) fn field(&mut self, node: Node<'_>, out: &mut Block) {
        out.extend(self.decorators(node).into_iter().map(decoration));
        let Some(named) = node.field(Field::Name) else { return };
        out.push(self.annotated_field(node, named));
    }

    fn annotated_field(&mut self, node: Node<'_>, named: Node<'_>) -> Statement {
        let target = match key(named) {
            Some(known) => expression(named.span(), ExpressionKind::Name(known)),
            None => unknown(named.span()),
        };
        let annotation = node.field(Field::Type).and_then(|annotation| self.annotation(annotation));
        let value = node.field(Field::Value).map(|value| self.expression(value));
        let assignment = Assignment { target, annotation, value, operator: None, declares: false };
        statement(node.span(), StatementKind::Assign(Box::new(assignment)))
    }

    pub(super) fn interface(&mut self, node: Node<'_>) -> Class {
        let extended = node.child(Kind::ExtendsTypeClause);
        let bases = extended.map(|clause| clause.parts().map(|base| self.annotated(base)).collect());
        let body = node.field(Field::Body).map(|body| self.shape(body)).unwrap_or_default();
        shape_class(node, bases.unwrap_or_default(), body)
    }

    /// `type T = { ... }` and `type T = A & { ... }` as classes, `type T = A` as another name; other aliases say nothing
    /// that is asked for.
    pub(super) fn type_alias(&mut self, node: Node<'_>, out: &mut Block) {
        let Some(value) = node.field(Field::Value) else { return };
        let mut bases = Vec::new();
        let mut body = Block::new();
        match value.kind() {
            Kind::ObjectType => body = self.shape(value),
            Kind::IntersectionType => {
                for part in super::types::operands(value) {
                    match part.kind() {
                        Kind::ObjectType => body.extend(self.shape(part)),
                        _ => bases.push(self.annotated(part)),
                    }
                }
            }
            Kind::TypeIdentifier | Kind::NestedTypeIdentifier => return self.other_name(node, value, out),
            _ => return,
        }
        out.push(statement(node.span(), StatementKind::Class(Box::new(shape_class(node, bases, body)))));
    }

    /// `type Service = Client`: one and the same.
    fn other_name(&mut self, node: Node<'_>, value: Node<'_>, out: &mut Block) {
        let Some(named) = node.field(Field::Name) else { return };
        let value = Some(self.annotated(value));
        let assignment = Assignment { target: name(named), annotation: None, value, operator: None, declares: true };
        out.push(statement(node.span(), StatementKind::Assign(Box::new(assignment))));
    }

    /// The fields of an interface or object type; its methods too, for it only promises them.
    fn shape(&mut self, node: Node<'_>) -> Block {
        let mut lowered = Block::new();
        for field in node.parts() {
            let Some(named) = field.field(Field::Name) else { continue };
            let lower = |lowering: &mut Self| match field.kind() {
                Kind::PropertySignature => Some(lowering.annotated_field(field, named)),
                Kind::MethodSignature => lowering.promised(field, named),
                _ => None,
            };
            lowered.extend(self.deeper(field.span(), lower).flatten());
        }
        lowered
    }

    /// `ask(text: string): Promise<string>` of an interface: a field that holds a function of which only the type is known.
    fn promised(&mut self, node: Node<'_>, named: Node<'_>) -> Option<Statement> {
        if getter(node).is_some() {
            return None;
        }
        let target = expression(named.span(), ExpressionKind::Name(key(named)?));
        let function = self.function(node, Vec::new());
        let value = Some(expression(node.span(), ExpressionKind::Function(Box::new(function))));
        let assignment = Assignment { target, annotation: None, value, operator: None, declares: false };
        Some(statement(node.span(), StatementKind::Assign(Box::new(assignment))))
    }

    /// An enumeration is an object with its members; those without a value count on from the one before.
    pub(super) fn enumeration(&mut self, node: Node<'_>, out: &mut Block) {
        let (Some(named), Some(body)) = (node.field(Field::Name), node.field(Field::Body)) else { return };
        let mut next = 0.0;
        let mut entries = Vec::new();
        for member in body.parts() {
            let (named, value) = match member.kind() {
                Kind::EnumAssignment => (member.field(Field::Name), member.field(Field::Value)),
                _ => (Some(member), None),
            };
            let value = match value {
                Some(value) => self.expression(value),
                None => literal(member.span(), Literal::Number(next)),
            };
            if let ExpressionKind::Literal(Literal::Number(number)) = value.kind {
                next = number + 1.0;
            }
            entries.push(Entry { computed: None, key: named.and_then(key), value });
        }
        let value = Some(expression(body.span(), ExpressionKind::Object(entries)));
        let assignment = Assignment { target: name(named), annotation: None, value, operator: None, declares: true };
        out.push(statement(node.span(), StatementKind::Assign(Box::new(assignment))));
    }
}

/// `get key() { ... }` is read like a field: it is marked as Python marks such methods.
fn getter(method: Node<'_>) -> Option<Expression> {
    let named = method.field(Field::Name)?;
    let length = named.span().start.checked_sub(method.span().start)?;
    let is_getter = method.text().get(..length as usize)?.split_whitespace().next_back() == Some("get");
    is_getter.then(|| expression(named.span(), ExpressionKind::Name("property".to_owned())))
}

fn decoration(decorator: Expression) -> Statement {
    statement(decorator.span, StatementKind::Expression(decorator))
}

fn shape_class(node: Node<'_>, bases: Vec<Expression>, body: Block) -> Class {
    let span = node.span();
    let named = node.field(Field::Name);
    Class {
        span,
        name: named.map(|named| named.text().to_owned()).unwrap_or_default(),
        name_span: named.map_or(Span { start: span.start, end: span.start }, Node::span),
        bases,
        keywords: Vec::new(),
        decorators: Vec::new(),
        body,
        is_extension: false,
    }
}
