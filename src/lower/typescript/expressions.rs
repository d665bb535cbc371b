//! Expressions.

use super::literals;
use super::syntax::{Field, Kind, Node};
use super::{CHAIN, Lowering, expression, member, name, operator, statement, text, unknown};
use crate::model::{
    Argument, Assignment, Block, Call, Entry, Expression, ExpressionKind, Literal, Span, StatementKind,
};

/// What an expression is without parentheses, `!`, `as`, `satisfies` and type arguments around it.
pub(super) fn transparent(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    loop {
        let inner = match node.kind() {
            Kind::ParenthesizedExpression
            | Kind::NonNullExpression
            | Kind::AsExpression
            | Kind::SatisfiesExpression
            | Kind::InstantiationExpression => node.first(),
            Kind::TypeAssertion => node.parts().find(|part| part.kind() != Kind::TypeArguments),
            // `options as Client.Chat.Options`: what the grammar takes for members of the cast is its type.
            Kind::MemberExpression => match node.field(Field::Object) {
                Some(cast) if matches!(cast.kind(), Kind::AsExpression | Kind::SatisfiesExpression) => Some(cast),
                _ => return node,
            },
            _ => return node,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

/// The model's spelling of an operator.
pub(super) fn spelling(written: &str) -> &str {
    match written {
        "===" => "==",
        "!==" => "!=",
        "&&" => "and",
        "||" => "or",
        "!" => "not",
        ">>>" => ">>",
        other => other,
    }
}

impl Lowering {
    pub(super) fn expression(&mut self, node: Node<'_>) -> Expression {
        let node = transparent(node);
        let span = node.span();
        self.deeper(span, |lowering| lowering.expression_of(node)).unwrap_or_else(|| unknown(span))
    }

    fn expression_of(&mut self, node: Node<'_>) -> Expression {
        let span = node.span();
        match node.kind() {
            Kind::Identifier if node.text() == "undefined" => literal(span, Literal::Null),
            Kind::Identifier | Kind::PrivateName | Kind::PropertyIdentifier | Kind::Import | Kind::Super => {
                match node.text() {
                    "" => unknown(span),
                    _ => name(node),
                }
            }
            Kind::ShorthandProperty | Kind::TypeIdentifier | Kind::PredefinedType => name(node),
            Kind::This => expression(span, ExpressionKind::Name("self".to_owned())),
            Kind::Undefined | Kind::Null => literal(span, Literal::Null),
            Kind::True => literal(span, Literal::Boolean(true)),
            Kind::False => literal(span, Literal::Boolean(false)),
            Kind::Number => literals::number(node.text())
                .map_or_else(|| unknown(span), |number| literal(span, Literal::Number(number))),
            Kind::StringLiteral => text(span, literals::string(node)),
            Kind::Regex => text(span, node.text().to_owned()),
            Kind::TemplateString => self.template(node, false),
            Kind::MemberExpression | Kind::NestedIdentifier => self.member_access(node),
            Kind::MetaProperty => meta_property(node),
            Kind::SubscriptExpression => self.subscript(node),
            Kind::CallExpression => self.call(node),
            Kind::NewExpression => self.construction(node),
            Kind::FunctionExpression
            | Kind::GeneratorFunction
            | Kind::ArrowFunction
            | Kind::FunctionDeclaration
            | Kind::MethodDefinition => {
                let function = self.function(node, Vec::new());
                expression(span, ExpressionKind::Function(Box::new(function)))
            }
            Kind::Object => self.object(node),
            Kind::Array => self.list(node),
            Kind::BinaryExpression => self.binary(node),
            Kind::UnaryExpression => {
                let written = node.field(Field::Operator).map(Node::text).unwrap_or_default();
                let operand = self.required(node, Field::Argument);
                operator(span, spelling(written), vec![operand])
            }
            Kind::TernaryExpression => self.conditional(node),
            Kind::AssignmentExpression => self.assignment(node),
            Kind::AugmentedAssignment | Kind::UpdateExpression => {
                let assignment = self.compound_assignment(node);
                expression(span, ExpressionKind::Assign(Box::new(assignment)))
            }
            Kind::AwaitExpression => {
                let awaited = self.only(node);
                expression(span, ExpressionKind::Await(Box::new(awaited)))
            }
            Kind::YieldExpression => {
                let value = node.first().map(|value| self.expression(value));
                let value = match value {
                    Some(all) if node.has(Kind::Star) => {
                        Some(expression(all.span, ExpressionKind::Spread(Box::new(all))))
                    }
                    value => value,
                };
                expression(span, ExpressionKind::Yield(value.map(Box::new)))
            }
            Kind::SpreadElement => {
                let spread = self.only(node);
                expression(span, ExpressionKind::Spread(Box::new(spread)))
            }
            Kind::SequenceExpression => self.sequence(node),
            Kind::Class => {
                let class = StatementKind::Class(Box::new(self.class(node, None, Vec::new())));
                expression(span, ExpressionKind::Block(vec![statement(span, class)]))
            }
            Kind::JsxElement | Kind::JsxSelfClosing => self.markup(node),
            Kind::JsxExpression => self.only(node),
            Kind::ArrayPattern | Kind::ObjectPattern | Kind::AssignmentPattern | Kind::RestPattern => {
                self.pattern(node)
            }
            Kind::Error => self.salvaged(node),
            _ => unknown(span),
        }
    }

    /// The only child with content.
    pub(super) fn only(&mut self, node: Node<'_>) -> Expression {
        node.first().map_or_else(|| unknown(node.span()), |inner| self.expression(inner))
    }

    /// A named part; `Unknown` where the text lacks it.
    pub(super) fn required(&mut self, node: Node<'_>, field: Field) -> Expression {
        node.field(field).map_or_else(|| unknown(node.span()), |inner| self.expression(inner))
    }

    /// What can be read of a broken expression.
    fn salvaged(&mut self, node: Node<'_>) -> Expression {
        let mut block = Block::new();
        for part in node.parts().filter(|part| part.kind().is_salvageable()) {
            self.expression_statement(part.span(), part, &mut block);
        }
        match block.is_empty() {
            true => unknown(node.span()),
            false => expression(node.span(), ExpressionKind::Block(block)),
        }
    }

    fn member_access(&mut self, node: Node<'_>) -> Expression {
        let object = self.required(node, Field::Object);
        if node.has(Kind::OptionalChain) {
            self.forgiven.push(object.span);
        }
        member(node.span(), object, node.field(Field::Property).map(Node::text).unwrap_or_default())
    }

    fn subscript(&mut self, node: Node<'_>) -> Expression {
        let object = Box::new(self.required(node, Field::Object));
        let index = Box::new(self.required(node, Field::Index));
        expression(node.span(), ExpressionKind::Index { object, index })
    }

    fn call(&mut self, node: Node<'_>) -> Expression {
        let callee = self.required(node, Field::Function);
        let arguments = match node.field(Field::Arguments) {
            Some(tagged) if tagged.kind() == Kind::TemplateString => vec![positional(self.template(tagged, true))],
            Some(arguments) => self.arguments(arguments),
            None => Vec::new(),
        };
        let (span, called) = (node.span(), node.field(Field::Function));
        // `await store.get<T>(key)`: the grammar takes the part before the types for what is called.
        if called.is_some_and(|called| called.kind() == Kind::AwaitExpression)
            && let ExpressionKind::Await(inner) = callee.kind
        {
            let call = Call { span, callee: *inner, arguments, is_new: false };
            let call = expression(span, ExpressionKind::Call(Box::new(call)));
            return expression(span, ExpressionKind::Await(Box::new(call)));
        }
        let call = Call { span, callee, arguments, is_new: false };
        expression(span, ExpressionKind::Call(Box::new(call)))
    }

    fn construction(&mut self, node: Node<'_>) -> Expression {
        let callee = self.required(node, Field::Constructor);
        let arguments = node.field(Field::Arguments).map(|arguments| self.arguments(arguments)).unwrap_or_default();
        let call = Call { span: node.span(), callee, arguments, is_new: true };
        expression(node.span(), ExpressionKind::Call(Box::new(call)))
    }

    fn arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        node.parts().map(|argument| positional(self.expression(argument))).collect()
    }

    fn list(&mut self, node: Node<'_>) -> Expression {
        let items = self.items(node, Self::expression);
        expression(node.span(), ExpressionKind::List(items))
    }

    /// The items of a list or list pattern; a hole is `Unknown`, so that places stay right.
    pub(super) fn items(
        &mut self,
        node: Node<'_>,
        lower: impl Fn(&mut Self, Node<'_>) -> Expression,
    ) -> Vec<Expression> {
        let mut items = Vec::new();
        let mut is_open = true;
        for child in node.children() {
            match child.kind() {
                Kind::Comma if is_open => items.push(unknown(child.span())),
                Kind::Comma => is_open = true,
                Kind::Error => {}
                _ => {
                    items.push(lower(self, child));
                    is_open = false;
                }
            }
        }
        items
    }

    fn object(&mut self, node: Node<'_>) -> Expression {
        let entries = node.parts().filter_map(|part| self.entry(part)).collect();
        expression(node.span(), ExpressionKind::Object(entries))
    }

    fn entry(&mut self, node: Node<'_>) -> Option<Entry> {
        let key = |field: Field| node.field(field).and_then(key);
        match node.kind() {
            Kind::Pair => {
                let key = key(Field::Key);
                let computed = match key {
                    None => {
                        node.field(Field::Key).and_then(|name| name.first()).map(|name| Box::new(self.expression(name)))
                    }
                    Some(_) => None,
                };
                Some(Entry { key, computed, value: self.required(node, Field::Value) })
            }
            Kind::ShorthandProperty => {
                Some(Entry { key: Some(node.text().to_owned()), computed: None, value: self.expression(node) })
            }
            Kind::MethodDefinition => {
                Some(Entry { key: key(Field::Name), computed: None, value: self.expression(node) })
            }
            Kind::SpreadElement => Some(Entry { key: None, computed: None, value: self.expression(node) }),
            _ => None,
        }
    }

    /// The parts of a template. Without substitutions it is a text, unless a tag wants the template.
    pub(super) fn template(&mut self, node: Node<'_>, is_tagged: bool) -> Expression {
        let span = node.span();
        if !is_tagged && !node.has(Kind::TemplateSubstitution) {
            return text(span, literals::string(node));
        }
        let mut parts = Vec::new();
        let mut start = span.start + 1;
        let fragment = |start: u32, end: u32| {
            let written = node.text_between(start, end);
            (!written.is_empty()).then(|| text(Span { start, end }, literals::unescape(written)))
        };
        for substitution in node.children().filter(|child| child.kind() == Kind::TemplateSubstitution) {
            parts.extend(fragment(start, substitution.span().start));
            parts.push(self.only(substitution));
            start = substitution.span().end;
        }
        parts.extend(fragment(start, span.end.saturating_sub(1)));
        expression(span, ExpressionKind::Template(parts))
    }

    /// A chain of one operator that is longer than people write is one operator with many operands.
    fn binary(&mut self, node: Node<'_>) -> Expression {
        let own = sign(node);
        let mut rights = Vec::new();
        let mut left = node;
        while left.kind() == Kind::BinaryExpression && sign(left) == own {
            rights.extend(left.field(Field::Right));
            let Some(next) = left.field(Field::Left) else { break };
            left = next;
        }
        if rights.len() > CHAIN {
            let mut operands = vec![self.expression(left)];
            operands.extend(rights.into_iter().rev().map(|right| self.expression(right)));
            return operator(node.span(), own, operands);
        }
        let left = self.required(node, Field::Left);
        let right = self.required(node, Field::Right);
        operator(node.span(), own, vec![left, right])
    }

    fn conditional(&mut self, node: Node<'_>) -> Expression {
        let test = Box::new(self.required(node, Field::Condition));
        let then = Box::new(self.required(node, Field::Consequence));
        let otherwise = Box::new(self.required(node, Field::Alternative));
        expression(node.span(), ExpressionKind::Conditional { test, then, otherwise })
    }

    fn assignment(&mut self, node: Node<'_>) -> Expression {
        let target = node.field(Field::Left).map_or_else(|| unknown(node.span()), |target| self.pattern(target));
        let value = Some(self.required(node, Field::Right));
        let assignment = Assignment { target, annotation: None, value, operator: None, declares: false };
        expression(node.span(), ExpressionKind::Assign(Box::new(assignment)))
    }

    /// `a, b, c`: all but the last are statements, the last is the value.
    fn sequence(&mut self, node: Node<'_>) -> Expression {
        let mut parts = node.parts().peekable();
        let mut block = Block::new();
        while let Some(part) = parts.next() {
            match parts.peek() {
                Some(_) => self.expression_statement(part.span(), part, &mut block),
                None => block.push(statement(part.span(), StatementKind::Expression(self.expression(part)))),
            }
        }
        expression(node.span(), ExpressionKind::Block(block))
    }
}

fn positional(value: Expression) -> Argument {
    Argument { name: None, value }
}

pub(super) fn literal(span: Span, literal: Literal) -> Expression {
    expression(span, ExpressionKind::Literal(literal))
}

/// The operator of a binary expression as the model spells it.
fn sign(node: Node<'_>) -> &str {
    spelling(node.field(Field::Operator).map(Node::text).unwrap_or_default())
}

/// `import.meta`, `new.target`.
fn meta_property(node: Node<'_>) -> Expression {
    let span = node.span();
    match node.text().split_once('.') {
        Some((object, property)) => {
            let object = expression(span, ExpressionKind::Name(object.trim().to_owned()));
            member(span, object, property.trim())
        }
        None => unknown(span),
    }
}

/// The name of a property, where the text tells it.
pub(super) fn key(node: Node<'_>) -> Option<String> {
    match node.kind() {
        Kind::StringLiteral => Some(literals::string(node)),
        Kind::ComputedName => match node.first()? {
            inner if inner.kind() == Kind::StringLiteral => Some(literals::string(inner)),
            inner if inner.kind() == Kind::TemplateString && !inner.has(Kind::TemplateSubstitution) => {
                Some(literals::string(inner))
            }
            _ => None,
        },
        _ => Some(node.text().to_owned()),
    }
}
