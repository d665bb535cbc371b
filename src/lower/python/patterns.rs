//! Patterns of `match`, written as the expressions that they look like.

use tree_sitter::Node;

use super::branches::operator;
use super::{Lowering, parts};
use crate::model::{Argument, Call, Entry, Expression, ExpressionKind};

impl Lowering<'_> {
    /// The pattern of a whole case (none where it takes everything) and the name that it binds the subject to.
    pub(super) fn whole_pattern(&mut self, node: Node<'_>) -> (Option<Expression>, Option<Expression>) {
        let inner = parts(node);
        match inner.as_slice() {
            [] if self.text_of(node).trim() == "_" => (None, None),
            [single] if single.kind() == "dotted_name" && parts(*single).len() == 1 => {
                let name = self.text_of(*single);
                let bound = (name != "_").then(|| self.expression(*single));
                (None, bound)
            }
            [single] if single.kind() == "as_pattern" => {
                let named = parts(*single);
                let bound = named.last().map(|name| self.expression(*name));
                let pattern = named.first().and_then(|pattern| self.whole_pattern(*pattern).0);
                (pattern, bound)
            }
            _ => (Some(self.expression(node)), None),
        }
    }

    /// Lowers a node that occurs in patterns only.
    pub(super) fn pattern_kind(&mut self, node: Node<'_>) -> ExpressionKind {
        match node.kind() {
            "union_pattern" => operator("|", self.pattern_items(node)),
            "class_pattern" => self.class_pattern(node),
            "dict_pattern" => self.dict_pattern(node),
            "complex_pattern" => operator("+", self.pattern_items(node)),
            "splat_pattern" => match self.pattern_items(node).pop() {
                Some(inner) => ExpressionKind::Spread(Box::new(inner)),
                None => ExpressionKind::Unknown,
            },
            // A pattern around one other pattern.
            _ => self.pattern_items(node).pop().map_or(ExpressionKind::Unknown, |inner| inner.kind),
        }
    }

    /// The patterns among the children; signs and `_` are tokens of their own in the tree.
    pub(super) fn pattern_items(&mut self, node: Node<'_>) -> Vec<Expression> {
        let mut items = Vec::new();
        let mut is_negative = false;
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            let span = self.span(child);
            match child.kind() {
                "-" => is_negative = true,
                "_" => items.push(Expression { span, kind: ExpressionKind::Name("_".to_owned()) }),
                "comment" | "line_continuation" => {}
                _ if !child.is_named() || child.is_error() => {}
                _ => {
                    let item = self.expression(child);
                    let negated = std::mem::take(&mut is_negative);
                    items.push(if negated { Expression { span, kind: operator("-", vec![item]) } } else { item });
                }
            }
        }
        items
    }

    /// `C(a, k=b)` as a call.
    fn class_pattern(&mut self, node: Node<'_>) -> ExpressionKind {
        let span = self.span(node);
        let mut inner = parts(node).into_iter();
        let callee = inner.next().map_or_else(|| super::unknown(span), |name| self.expression(name));
        let mut arguments = Vec::new();
        for part in inner {
            let keyword = parts(part).into_iter().next().filter(|keyword| keyword.kind() == "keyword_pattern");
            let Some(keyword) = keyword else {
                arguments.push(Argument { name: None, value: self.expression(part) });
                continue;
            };
            let name = parts(keyword).first().map(|name| self.text_of(*name).to_owned());
            let value = self.pattern_items(keyword).into_iter().nth(1);
            arguments.push(Argument { name, value: value.unwrap_or_else(|| super::unknown(self.span(part))) });
        }
        ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false }))
    }

    fn dict_pattern(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut entries = Vec::new();
        let mut key = None;
        for (field, part) in super::fielded_parts(node) {
            match field {
                Some("value") => entries.push(Entry { computed: None, key: key.take(), value: self.expression(part) }),
                _ if part.kind() == "splat_pattern" => {
                    entries.push(Entry { computed: None, key: None, value: self.expression(part) })
                }
                _ => key = self.key_text(part),
            }
        }
        ExpressionKind::Object(entries)
    }
}

/// Whether a pattern names parts of what it is held against: a bare name in it does, a dotted one is compared with.
pub(super) fn captures(pattern: &Expression) -> bool {
    match &pattern.kind {
        ExpressionKind::Name(name) => name != "_",
        ExpressionKind::Call(call) => call.arguments.iter().any(|argument| captures(&argument.value)),
        ExpressionKind::List(items) => items.iter().any(captures),
        ExpressionKind::Object(entries) => entries.iter().any(|entry| captures(&entry.value)),
        ExpressionKind::Operator { operator, operands } if operator == "|" => operands.iter().any(captures),
        ExpressionKind::Spread(inner) => captures(inner),
        _ => false,
    }
}

/// An expression for a second place in the model (the middle of `a < b < c`, the subject of each case): copied while it
/// is small, so that copies within copies cannot add up.
pub(super) fn again(expression: &Expression) -> Expression {
    if is_small(expression, &mut 40) { expression.clone() } else { super::unknown(expression.span) }
}

/// Whether an expression has at most `left` nodes, all of kinds that tests are made of.
fn is_small(expression: &Expression, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match &expression.kind {
        ExpressionKind::Name(_) | ExpressionKind::Literal(_) | ExpressionKind::Unknown => true,
        ExpressionKind::Member { object, .. } => is_small(object, left),
        ExpressionKind::Await(value) | ExpressionKind::Spread(value) => is_small(value, left),
        ExpressionKind::Index { object, index } => is_small(object, left) && is_small(index, left),
        ExpressionKind::Slice { object, start, stop } => {
            is_small(object, left) && start.iter().chain(stop).all(|bound| is_small(bound, left))
        }
        ExpressionKind::Call(call) => {
            is_small(&call.callee, left) && call.arguments.iter().all(|argument| is_small(&argument.value, left))
        }
        ExpressionKind::List(items) | ExpressionKind::Template(items) => items.iter().all(|item| is_small(item, left)),
        ExpressionKind::Object(entries) => entries.iter().all(|entry| is_small(&entry.value, left)),
        ExpressionKind::Operator { operands, .. } => operands.iter().all(|operand| is_small(operand, left)),
        ExpressionKind::Assign(assignment) => assignment.value.iter().all(|value| is_small(value, left)),
        _ => false,
    }
}
