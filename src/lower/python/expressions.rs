//! Expressions.

use tree_sitter::Node;

use super::branches::operator;
use super::literals::number;
use super::{Lowering, fielded_parts, has_token, parts, patterns};
use crate::model::{Argument, Call, Clause, Entry, Expression, ExpressionKind, Literal, Span};

/// `a + b + c` nests to the left up to this many operands; longer runs become one operator with all of them.
const NESTED_OPERANDS: usize = 40;

/// Whether an expression of this kind is worth keeping when it stands in a broken part.
pub(super) fn is_telling(kind: &str) -> bool {
    matches!(
        kind,
        "assignment"
            | "augmented_assignment"
            | "named_expression"
            | "call"
            | "await"
            | "yield"
            | "lambda"
            | "subscript"
    ) || (kind.ends_with("_operator") && kind != "unary_operator")
        || kind.ends_with("_comprehension")
}

impl Lowering<'_> {
    /// Lowers one expression; what is nested too deep, missing or broken is `Unknown`.
    pub(super) fn expression(&mut self, node: Node<'_>) -> Expression {
        let node = unwrapped(node);
        let span = self.span(node);
        if !self.enter(span) {
            return super::unknown(span);
        }
        let is_broken = node.is_missing() || node.is_error();
        let kind = if is_broken { ExpressionKind::Unknown } else { self.expression_kind(node) };
        self.leave();
        Expression { span, kind }
    }

    fn expression_kind(&mut self, node: Node<'_>) -> ExpressionKind {
        match node.kind() {
            "identifier" | "keyword_identifier" => ExpressionKind::Name(self.text_of(node).to_owned()),
            "string" | "concatenated_string" => self.string(node),
            "integer" | "float" => ExpressionKind::Literal(Literal::Number(number(self.text_of(node)))),
            "true" => ExpressionKind::Literal(Literal::Boolean(true)),
            "false" => ExpressionKind::Literal(Literal::Boolean(false)),
            "none" => ExpressionKind::Literal(Literal::Null),
            "ellipsis" => ExpressionKind::Name("Ellipsis".to_owned()),
            "attribute" | "member_type" => self.member(node),
            "dotted_name" => self.dotted_name(node),
            "call" => ExpressionKind::Call(Box::new(self.call(node))),
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" => self.list(node),
            "tuple_pattern" | "list_pattern" => ExpressionKind::List(self.pattern_items(node)),
            "dictionary" => self.dictionary(node),
            "assignment" | "augmented_assignment" => ExpressionKind::Assign(Box::new(self.assignment(node))),
            "await" => self.wrapping(node, ExpressionKind::Await),
            "lambda" => ExpressionKind::Function(Box::new(self.lambda(node))),
            kind if kind.ends_with("_comprehension") || kind == "generator_expression" => self.comprehension(node),
            kind if kind.ends_with("_operator") || kind == "union_type" => self.operation(node),
            _ => self.rare_kind(node),
        }
    }

    fn rare_kind(&mut self, node: Node<'_>) -> ExpressionKind {
        match node.kind() {
            "subscript" => self.subscript(node),
            "generic_type" => self.generic_type(node),
            "conditional_expression" => self.conditional(node),
            "named_expression" => self.walrus(node),
            "yield" => self.yielded(node),
            "slice" => self.slice_call(node),
            "list_splat" | "dictionary_splat" | "list_splat_pattern" | "dictionary_splat_pattern" | "splat_type" => {
                self.wrapping(node, ExpressionKind::Spread)
            }
            "as_pattern" | "constrained_type" => self.wrapping(node, |inner| inner.kind),
            kind if kind.ends_with("_pattern") => self.pattern_kind(node),
            _ => ExpressionKind::Unknown,
        }
    }

    /// A kind made of the first expression within.
    fn wrapping(&mut self, node: Node<'_>, make: impl FnOnce(Box<Expression>) -> ExpressionKind) -> ExpressionKind {
        match parts(node).first() {
            Some(inner) => make(Box::new(self.expression(*inner))),
            None => ExpressionKind::Unknown,
        }
    }

    fn member(&mut self, node: Node<'_>) -> ExpressionKind {
        let inner = parts(node);
        match (inner.first(), inner.last()) {
            (Some(object), Some(name)) if inner.len() > 1 => ExpressionKind::Member {
                object: Box::new(self.expression(*object)),
                name: self.text_of(*name).to_owned(),
            },
            _ => ExpressionKind::Unknown,
        }
    }

    /// `a.b.c` as patterns have it: one node with all names.
    fn dotted_name(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut names = parts(node).into_iter().take(NESTED_OPERANDS);
        let Some(first) = names.next() else { return ExpressionKind::Unknown };
        let mut span = self.span(first);
        let mut kind = ExpressionKind::Name(self.text_of(first).to_owned());
        for name in names {
            let object = Box::new(Expression { span, kind });
            span.end = self.span(name).end;
            kind = ExpressionKind::Member { object, name: self.text_of(name).to_owned() };
        }
        kind
    }

    fn call(&mut self, node: Node<'_>) -> Call {
        let span = self.span(node);
        let callee = self.field(node, "function").unwrap_or_else(|| super::unknown(span));
        let arguments = match node.child_by_field_name("arguments") {
            Some(generator) if generator.kind() == "generator_expression" => {
                vec![Argument { name: None, value: self.expression(generator) }]
            }
            Some(list) => parts(list).into_iter().map(|part| self.argument(part)).collect(),
            None => Vec::new(),
        };
        Call { span, callee, arguments, is_new: false }
    }

    pub(super) fn argument(&mut self, node: Node<'_>) -> Argument {
        let (name, value) = match node.kind() {
            "keyword_argument" => {
                let name = node.child_by_field_name("name").map(|name| self.text_of(name).to_owned());
                (name, node.child_by_field_name("value"))
            }
            "dictionary_splat" => (Some("**".to_owned()), parts(node).into_iter().next()),
            _ => (None, Some(node)),
        };
        let value = self.expression_in(value, node);
        Argument { name, value }
    }

    /// The expression, or `Unknown` at the node that should contain one.
    fn expression_in(&mut self, found: Option<Node<'_>>, node: Node<'_>) -> Expression {
        match found {
            Some(found) => self.expression(found),
            None => super::unknown(self.span(node)),
        }
    }

    fn list(&mut self, node: Node<'_>) -> ExpressionKind {
        ExpressionKind::List(parts(node).into_iter().map(|item| self.expression(item)).collect())
    }

    fn dictionary(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut entries = Vec::new();
        for part in parts(node) {
            let (key, value) = match part.kind() {
                "pair" => (part.child_by_field_name("key"), part.child_by_field_name("value")),
                _ => (None, Some(part)),
            };
            let text = key.and_then(|key| self.key_text(key));
            let computed = key.filter(|_| text.is_none()).map(|key| Box::new(self.expression(key)));
            let value = self.expression_in(value, part);
            entries.push(Entry { key: text, computed, value });
        }
        ExpressionKind::Object(entries)
    }

    /// The text of a key that is a text or a number.
    pub(super) fn key_text(&mut self, node: Node<'_>) -> Option<String> {
        let key = unwrapped(node);
        match key.kind() {
            "string" | "concatenated_string" => match self.string(key) {
                ExpressionKind::Literal(Literal::Text(text)) => Some(text),
                _ => None,
            },
            "integer" | "float" => Some(number(self.text_of(key)).to_string()),
            "unary_operator" if self.text_of(key).starts_with('-') => {
                let inner = key.child_by_field_name("argument")?;
                matches!(inner.kind(), "integer" | "float").then(|| (-number(self.text_of(inner))).to_string())
            }
            _ => None,
        }
    }

    fn subscript(&mut self, node: Node<'_>) -> ExpressionKind {
        let Some(object) = self.field(node, "value") else { return ExpressionKind::Unknown };
        let object = Box::new(object);
        let subscripts: Vec<_> = fielded_parts(node)
            .into_iter()
            .filter(|(field, _)| *field == Some("subscript"))
            .map(|(_, part)| part)
            .collect();
        match subscripts.as_slice() {
            [slice] if slice.kind() == "slice" => {
                let mut bounds = self.slice_bounds(*slice).into_iter();
                let mut bound = || bounds.next().flatten().map(Box::new);
                ExpressionKind::Slice { object, start: bound(), stop: bound() }
            }
            several => match self.one_or_list(several) {
                Some(index) => ExpressionKind::Index { object, index: Box::new(index) },
                None => ExpressionKind::Unknown,
            },
        }
    }

    /// Start, stop and step, as far as they are written.
    fn slice_bounds(&mut self, node: Node<'_>) -> Vec<Option<Expression>> {
        let mut bounds = vec![None];
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if child.kind() == ":" {
                bounds.push(None);
            } else if child.is_named()
                && !child.is_error()
                && !matches!(child.kind(), "comment" | "line_continuation")
                && let Some(bound) = bounds.last_mut()
            {
                *bound = Some(self.expression(child));
            }
        }
        bounds
    }

    /// A slice among other subscripts (`x[a:b, c]`), as the object that Python makes of it.
    fn slice_call(&mut self, node: Node<'_>) -> ExpressionKind {
        let span = self.span(node);
        let callee = Expression { span, kind: ExpressionKind::Name("slice".to_owned()) };
        let null = Expression { span, kind: ExpressionKind::Literal(Literal::Null) };
        let bounds = self.slice_bounds(node).into_iter();
        let arguments =
            bounds.map(|bound| Argument { name: None, value: bound.unwrap_or_else(|| null.clone()) }).collect();
        ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false }))
    }

    /// `list[str]` where the grammar takes it for a type.
    fn generic_type(&mut self, node: Node<'_>) -> ExpressionKind {
        let inner = parts(node);
        let (Some(object), Some(parameters)) = (inner.first(), inner.get(1)) else { return ExpressionKind::Unknown };
        let object = Box::new(self.expression(*object));
        match self.one_or_list(&parts(*parameters)) {
            Some(index) => ExpressionKind::Index { object, index: Box::new(index) },
            None => ExpressionKind::Unknown,
        }
    }

    fn operation(&mut self, node: Node<'_>) -> ExpressionKind {
        match node.kind() {
            "comparison_operator" => self.comparison(node),
            "not_operator" => match self.field(node, "argument") {
                Some(operand) => operator("not", vec![operand]),
                None => ExpressionKind::Unknown,
            },
            "unary_operator" => match (node.child_by_field_name("operator"), self.field(node, "argument")) {
                (Some(token), Some(operand)) => operator(token.kind(), vec![operand]),
                _ => ExpressionKind::Unknown,
            },
            "union_type" => {
                let operands = parts(node).into_iter().map(|operand| self.expression(operand)).collect();
                operator("|", operands)
            }
            _ => self.binary(node),
        }
    }

    fn binary(&mut self, node: Node<'_>) -> ExpressionKind {
        let Some(token) = node.child_by_field_name("operator") else { return ExpressionKind::Unknown };
        let mut operands = Vec::new();
        let mut left = Some(node);
        while let Some(run) = left.filter(|left| is_operation(*left, token.kind())) {
            operands.extend(run.child_by_field_name("right"));
            left = run.child_by_field_name("left");
            if operands.len() > NESTED_OPERANDS {
                return self.long_operation(node, token.kind());
            }
        }
        let operands = [node.child_by_field_name("left"), node.child_by_field_name("right")];
        operator(token.kind(), operands.into_iter().flatten().map(|operand| self.expression(operand)).collect())
    }

    /// A run of one operator as long as that, as one operator with all operands.
    fn long_operation(&mut self, node: Node<'_>, token: &str) -> ExpressionKind {
        let mut operands = Vec::new();
        let mut left = Some(node);
        while let Some(run) = left.filter(|left| is_operation(*left, token)) {
            operands.extend(run.child_by_field_name("right"));
            left = run.child_by_field_name("left");
        }
        operands.extend(left);
        operator(token, operands.into_iter().rev().map(|operand| self.expression(operand)).collect())
    }

    /// `a < b`; a chain `a < b < c` is `a < b and b < c`.
    fn comparison(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut operands = Vec::new();
        let mut tokens = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if child.is_error() || matches!(child.kind(), "comment" | "line_continuation") {
                continue;
            }
            match child.kind() {
                "<>" => tokens.push("!="),
                token if !child.is_named() => tokens.push(token),
                _ => operands.push(self.expression(child)),
            }
        }
        let mut operands = operands.into_iter().peekable();
        let mut pairs: Vec<Expression> = Vec::new();
        let mut left = operands.next();
        for token in tokens {
            let Some(right) = operands.next() else { break };
            let next = operands.peek().map(|_| patterns::again(&right));
            if let Some(left) = std::mem::replace(&mut left, next) {
                let span = Span { start: left.span.start, end: right.span.end };
                pairs.push(Expression { span, kind: operator(token, vec![left, right]) });
            }
        }
        match pairs.len() {
            0 => left.map_or(ExpressionKind::Unknown, |left| left.kind),
            1 => pairs.pop().map_or(ExpressionKind::Unknown, |pair| pair.kind),
            _ => operator("and", pairs),
        }
    }

    fn conditional(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut inner = parts(node).into_iter();
        let (Some(then), Some(test), Some(otherwise)) = (inner.next(), inner.next(), inner.next()) else {
            return ExpressionKind::Unknown;
        };
        ExpressionKind::Conditional {
            test: Box::new(self.expression(test)),
            then: Box::new(self.expression(then)),
            otherwise: Box::new(self.expression(otherwise)),
        }
    }

    fn walrus(&mut self, node: Node<'_>) -> ExpressionKind {
        let Some(target) = self.field(node, "name") else { return ExpressionKind::Unknown };
        let value = self.field(node, "value");
        let assignment = crate::model::Assignment { target, annotation: None, value, operator: None, declares: false };
        ExpressionKind::Assign(Box::new(assignment))
    }

    /// `yield x`; `yield from x` yields a spread.
    fn yielded(&mut self, node: Node<'_>) -> ExpressionKind {
        if let Some(yields) = self.yields.last_mut() {
            *yields = true;
        }
        let value = parts(node).first().map(|value| self.expression(*value));
        ExpressionKind::Yield(value.map(|value| {
            let span = value.span;
            let value = Box::new(value);
            if has_token(node, "from") {
                Box::new(Expression { span, kind: ExpressionKind::Spread(value) })
            } else {
                value
            }
        }))
    }

    /// All comprehensions alike; that of a dict makes a list of key and value.
    fn comprehension(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut element = None;
        for part in parts(node) {
            match part.kind() {
                "for_in_clause" => clauses.extend(self.clause(part)),
                "if_clause" => {
                    let test = parts(part).first().map(|test| self.expression(*test));
                    if let Some(clause) = clauses.last_mut() {
                        clause.tests.extend(test);
                    }
                }
                "pair" => element = self.one_or_list(&parts(part)),
                _ => element = Some(self.expression(part)),
            }
        }
        match element {
            Some(element) => ExpressionKind::Comprehension { element: Box::new(element), clauses },
            None => ExpressionKind::Unknown,
        }
    }

    fn clause(&mut self, node: Node<'_>) -> Option<Clause> {
        let over: Vec<_> = fielded_parts(node)
            .into_iter()
            .filter(|(field, _)| *field == Some("right"))
            .map(|(_, part)| part)
            .collect();
        Some(Clause { target: self.field(node, "left")?, over: self.one_or_list(&over)?, tests: Vec::new() })
    }
}

fn is_operation(node: Node<'_>, token: &str) -> bool {
    matches!(node.kind(), "binary_operator" | "boolean_operator")
        && node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == token)
}

/// The expression within parentheses and other wrappers that mean nothing.
fn unwrapped(node: Node<'_>) -> Node<'_> {
    let mut inner = node;
    while matches!(inner.kind(), "parenthesized_expression" | "type" | "as_pattern_target") {
        match parts(inner).first() {
            Some(child) => inner = *child,
            None => break,
        }
    }
    inner
}
