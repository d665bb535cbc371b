//! Functions, lambdas, classes and their parameters and annotations.

use tree_sitter::Node;

use super::{Lowering, fielded_parts, has_token, parse, parts};
use crate::model::{
    Block, Class, Entry, Expression, ExpressionKind, Function, Literal, Parameter, ParameterKind, Span, Statement,
    StatementKind,
};

/// The longest string annotation that is read.
const ANNOTATION_BYTES: usize = 200;

impl Lowering<'_> {
    /// A function or class, with the decorators before it.
    pub(super) fn definition(&mut self, node: Node<'_>) -> Option<StatementKind> {
        let mut decorators = Vec::new();
        let mut defined = node;
        if node.kind() == "decorated_definition" {
            for part in parts(node).into_iter().filter(|part| part.kind() == "decorator") {
                let inner = parts(part);
                decorators.extend(inner.first().map(|inner| self.expression(*inner)));
            }
            defined = node.child_by_field_name("definition")?;
        }
        Some(match defined.kind() {
            "function_definition" => StatementKind::Function(Box::new(self.function(defined, decorators))),
            _ => StatementKind::Class(Box::new(self.class(defined, decorators))),
        })
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Expression>) -> Function {
        let (name, name_span) = self.name_of(node);
        let parameters = node.child_by_field_name("parameters").map(|list| self.parameters(list)).unwrap_or_default();
        let returns = node.child_by_field_name("return_type").map(|returns| self.annotation(returns));
        self.yields.push(false);
        self.outer.push(Vec::new());
        let body = self.field_block(node, "body");
        let outer = self.outer.pop().unwrap_or_default();
        let is_generator = self.yields.pop().unwrap_or_default();
        Function {
            span: self.span(node),
            name,
            name_span,
            parameters,
            returns,
            decorators,
            body,
            is_async: has_token(node, "async"),
            is_generator,
            directives: Vec::new(),
            outer,
        }
    }

    /// A lambda is a function without a name that returns its expression.
    pub(super) fn lambda(&mut self, node: Node<'_>) -> Function {
        let span = self.span(node);
        let parameters = node.child_by_field_name("parameters").map(|list| self.parameters(list)).unwrap_or_default();
        self.yields.push(false);
        let value = self.field(node, "body");
        let is_generator = self.yields.pop().unwrap_or_default();
        let returned = value.map(|value| Statement { span: value.span, kind: StatementKind::Return(Some(value)) });
        Function {
            span,
            name: String::new(),
            name_span: Span { start: span.start, end: span.start },
            parameters,
            returns: None,
            decorators: Vec::new(),
            body: Block::from_iter(returned),
            is_async: false,
            is_generator,
            directives: Vec::new(),
            outer: Vec::new(),
        }
    }

    fn class(&mut self, node: Node<'_>, decorators: Vec<Expression>) -> Class {
        let (name, name_span) = self.name_of(node);
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        for part in node.child_by_field_name("superclasses").map(parts).unwrap_or_default() {
            let argument = self.argument(part);
            match argument.name.as_deref() {
                None => bases.push(argument.value),
                Some("**") => {
                    let span = argument.value.span;
                    let kind = ExpressionKind::Spread(Box::new(argument.value));
                    keywords.push(Entry { computed: None, key: None, value: Expression { span, kind } });
                }
                Some(_) => keywords.push(Entry { computed: None, key: argument.name, value: argument.value }),
            }
        }
        // A class body is no part of the function around it.
        self.yields.push(false);
        let body = self.field_block(node, "body");
        self.yields.pop();
        Class { span: self.span(node), name, name_span, bases, keywords, decorators, body, is_extension: false }
    }

    fn name_of(&self, node: Node<'_>) -> (String, Span) {
        match node.child_by_field_name("name") {
            Some(name) => (self.text_of(name).to_owned(), self.span(name)),
            None => (String::new(), Span::new(node.start_byte(), node.start_byte())),
        }
    }

    fn parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut found = Vec::new();
        let mut plain = ParameterKind::Plain;
        for part in parts(list) {
            if part.kind() == "keyword_separator" {
                plain = ParameterKind::KeywordOnly;
            } else if let Some(parameter) = self.parameter(part, plain) {
                if parameter.kind == ParameterKind::Rest {
                    plain = ParameterKind::KeywordOnly;
                }
                found.push(parameter);
            }
        }
        found
    }

    fn parameter(&mut self, node: Node<'_>, plain: ParameterKind) -> Option<Parameter> {
        let named = match node.kind() {
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name")?,
            "typed_parameter" => {
                fielded_parts(node).into_iter().find(|(field, _)| *field != Some("type")).map(|(_, part)| part)?
            }
            "positional_separator" => return None,
            _ => node,
        };
        let (target, kind) = match named.kind() {
            "list_splat_pattern" => (parts(named).into_iter().next()?, ParameterKind::Rest),
            "dictionary_splat_pattern" => (parts(named).into_iter().next()?, ParameterKind::KeywordRest),
            _ => (named, plain),
        };
        Some(Parameter {
            span: self.span(node),
            target: self.expression(target),
            annotation: node.child_by_field_name("type").map(|annotation| self.annotation(annotation)),
            default: self.field(node, "value"),
            kind,
            decorators: Vec::new(),
            is_property: false,
        })
    }

    /// A declared type as an expression; types written as texts are read where they are simple.
    pub(super) fn annotation(&mut self, node: Node<'_>) -> Expression {
        let mut annotation = self.expression(node);
        unquote(&mut annotation);
        annotation
    }
}

/// Replaces the texts within an annotation by what they say, except where a text is meant (`Literal["a"]`).
fn unquote(annotation: &mut Expression) {
    let span = annotation.span;
    match &mut annotation.kind {
        ExpressionKind::Literal(Literal::Text(text)) => {
            if let Some(kind) = quoted(text, span) {
                annotation.kind = kind;
            }
        }
        ExpressionKind::Index { object, index } => match (&object.kind, &mut index.kind) {
            (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }, _) if name == "Literal" => {}
            (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }, ExpressionKind::List(items))
                if name == "Annotated" =>
            {
                items.iter_mut().take(1).for_each(unquote);
            }
            _ => unquote(index),
        },
        ExpressionKind::List(items) => items.iter_mut().for_each(unquote),
        ExpressionKind::Operator { operator, operands } if operator == "|" => operands.iter_mut().for_each(unquote),
        _ => {}
    }
}

/// Reads a type in quotes, if it consists of names, dots, brackets and bars; all of it stands at `span`.
fn quoted(text: &str, span: Span) -> Option<ExpressionKind> {
    let is_plain = |character: char| character.is_alphanumeric() || "_.,[]| ".contains(character);
    if text.len() > ANNOTATION_BYTES || !text.chars().all(is_plain) {
        return None;
    }
    let tree = parse(text, 0, text.len())?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut lowering = Lowering::new(text);
    lowering.place = Some(span);
    let mut statements = lowering.block(tree.root_node());
    let last = statements.pop()?;
    match last.kind {
        StatementKind::Expression(expression) if statements.is_empty() => Some(expression.kind),
        _ => None,
    }
}
