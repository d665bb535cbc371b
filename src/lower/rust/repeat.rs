//! Copies of what is matched, for each place in the model that says what a pattern was matched with.

use super::{Lowering, expression, unknown};
use crate::model::{Argument, Call, Entry, Expression, ExpressionKind, Literal};

/// How many nodes of a subject are repeated for each arm.
const REPEATED_NODES: usize = 96;

/// Longer names and texts are not repeated.
const REPEATED_BYTES: usize = 200;

impl Lowering {
    /// A copy of a subject for a further place, without the functions and blocks in it.
    pub(super) fn repeat(&mut self, subject: &Expression) -> Expression {
        let mut left = REPEATED_NODES;
        let copy = summary(subject, &mut left);
        for _ in left..REPEATED_NODES {
            if self.budget.enter(subject.span) {
                self.budget.leave();
            }
        }
        copy
    }
}

/// Copies an expression up to a number of nodes; functions, blocks and what is too long become `Unknown`.
fn summary(written: &Expression, left: &mut usize) -> Expression {
    let Some(rest) = left.checked_sub(1) else { return unknown(written.span) };
    *left = rest;
    let kind = match &written.kind {
        ExpressionKind::Name(word) if word.len() < REPEATED_BYTES => written.kind.clone(),
        ExpressionKind::Literal(Literal::Text(text)) if text.len() >= REPEATED_BYTES => ExpressionKind::Unknown,
        ExpressionKind::Literal(_) => written.kind.clone(),
        ExpressionKind::Member { object, name } if name.len() < REPEATED_BYTES => {
            ExpressionKind::Member { object: Box::new(summary(object, left)), name: name.clone() }
        }
        ExpressionKind::Index { object, index } => {
            ExpressionKind::Index { object: Box::new(summary(object, left)), index: Box::new(summary(index, left)) }
        }
        ExpressionKind::Slice { object, start, stop } => {
            let object = Box::new(summary(object, left));
            let start = start.as_ref().map(|bound| Box::new(summary(bound, left)));
            let stop = stop.as_ref().map(|bound| Box::new(summary(bound, left)));
            ExpressionKind::Slice { object, start, stop }
        }
        ExpressionKind::Await(inner) => ExpressionKind::Await(Box::new(summary(inner, left))),
        ExpressionKind::Call(call) if call.arguments.len() < *left => {
            let callee = summary(&call.callee, left);
            let repeat =
                |argument: &Argument| Argument { name: argument.name.clone(), value: summary(&argument.value, left) };
            let arguments = call.arguments.iter().map(repeat).collect();
            ExpressionKind::Call(Box::new(Call { span: call.span, callee, arguments, is_new: call.is_new }))
        }
        ExpressionKind::Operator { operator, operands } => {
            ExpressionKind::Operator { operator: operator.clone(), operands: summaries(operands, left) }
        }
        ExpressionKind::List(parts) if parts.len() < *left => ExpressionKind::List(summaries(parts, left)),
        ExpressionKind::Template(parts) if parts.len() < *left => ExpressionKind::Template(summaries(parts, left)),
        ExpressionKind::Object(entries) if entries.len() < *left => {
            let repeat =
                |entry: &Entry| Entry { key: entry.key.clone(), computed: None, value: summary(&entry.value, left) };
            ExpressionKind::Object(entries.iter().map(repeat).collect())
        }
        _ => ExpressionKind::Unknown,
    };
    expression(written.span, kind)
}

fn summaries(parts: &[Expression], left: &mut usize) -> Vec<Expression> {
    parts.iter().map(|part| summary(part, left)).collect()
}
