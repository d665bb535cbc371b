//! Functions, methods, arrows and their parameters.

use super::expressions::key;
use super::syntax::{Field, Kind, Node};
use super::{Lowering, statement};
use crate::model::{Block, Expression, ExpressionKind, Function, Parameter, ParameterKind, Span, StatementKind};

impl Lowering {
    pub(super) fn function(&mut self, node: Node<'_>, decorators: Vec<Expression>) -> Function {
        let span = node.span();
        let name = node.field(Field::Name);
        let parameters = match (node.field(Field::Parameters), node.field(Field::Parameter)) {
            (Some(list), _) => list.parts().filter_map(|parameter| self.parameter(parameter)).collect(),
            (None, Some(single)) => vec![self.plain_parameter(single)],
            (None, None) => Vec::new(),
        };
        let returns = node.field(Field::ReturnType).and_then(|returns| self.annotation(returns));
        let (directives, body) = self.function_body(node.field(Field::Body));
        let is_generator = matches!(node.kind(), Kind::GeneratorFunction | Kind::GeneratorFunctionDeclaration);
        Function {
            span,
            name: name.and_then(key).unwrap_or_default(),
            name_span: name.map_or(Span { start: span.start, end: span.start }, Node::span),
            parameters,
            returns,
            decorators,
            body,
            is_async: node.has(Kind::Async),
            is_generator: is_generator || node.has(Kind::Star),
            directives,
            outer: Vec::new(),
        }
    }

    fn function_body(&mut self, node: Option<Node<'_>>) -> (Vec<String>, Block) {
        match node {
            Some(block) if block.kind() == Kind::StatementBlock => self.body(block),
            Some(value) => {
                let given = self.expression(value);
                let span = given.span;
                // `() => void tell(error)` gives back nothing.
                let kind = match &given.kind {
                    ExpressionKind::Operator { operator, .. } if operator == "void" => StatementKind::Expression(given),
                    _ => StatementKind::Return(Some(given)),
                };
                (Vec::new(), vec![statement(span, kind)])
            }
            None => Default::default(),
        }
    }

    fn plain_parameter(&mut self, node: Node<'_>) -> Parameter {
        Parameter {
            span: node.span(),
            target: self.pattern(node),
            annotation: None,
            default: None,
            kind: ParameterKind::Plain,
            decorators: Vec::new(),
            is_property: false,
        }
    }

    /// One parameter; none for `this: T`, which only types the receiver.
    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let pattern = node.field(Field::Pattern).or_else(|| node.field(Field::Name));
        let Some(pattern) = pattern.filter(|_| is_declared(node)) else {
            return is_pattern(node).then(|| self.plain_parameter(node));
        };
        if pattern.kind() == Kind::This {
            return None;
        }
        let is_property = [Kind::AccessibilityModifier, Kind::OverrideModifier, Kind::ReadonlyWord]
            .into_iter()
            .any(|kind| node.has(kind));
        let target = self.pattern(pattern);
        let (kind, target) = match target.kind {
            ExpressionKind::Spread(rest) => (ParameterKind::Rest, *rest),
            _ => (ParameterKind::Plain, target),
        };
        Some(Parameter {
            span: node.span(),
            target,
            annotation: node.field(Field::Type).and_then(|annotation| self.annotation(annotation)),
            default: node.field(Field::Value).map(|value| self.expression(value)),
            kind,
            decorators: self.decorators(node),
            is_property,
        })
    }

    /// The decorators written directly on a node.
    pub(super) fn decorators(&mut self, node: Node<'_>) -> Vec<Expression> {
        let decorators = node.children().filter(|child| child.kind() == Kind::Decorator);
        decorators.map(|decorator| self.only(decorator)).collect()
    }
}

fn is_declared(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::RequiredParameter | Kind::OptionalParameter)
}

fn is_pattern(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::Identifier | Kind::ArrayPattern | Kind::ObjectPattern | Kind::AssignmentPattern | Kind::RestPattern
    )
}
