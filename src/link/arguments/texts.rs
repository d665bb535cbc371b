//! All texts that an expression may be: one of a table, one of several ways, put together of parts of which each may be
//! several.

use crate::link::Program;
use crate::link::values::{FrameId, Value, Written};
use crate::model::*;

use super::DEPTH;

/// Texts of one expression that are told apart.
const TEXTS: usize = 160;
/// Letters after which nothing is put behind a text any more.
const LENGTH: usize = 1_000;
/// Expressions that are looked at for the texts of one.
const WORK: usize = 2_000;

impl<'m> Program<'m> {
    /// The literal texts that an expression may be, with `*` for what is not known.
    pub fn texts(&self, expression: &'m Expression, frame: FrameId) -> Vec<String> {
        let mut left = WORK;
        self.texts_within(expression, frame, 0, &mut left)
    }

    fn texts_within(&self, expression: &'m Expression, frame: FrameId, depth: usize, left: &mut usize) -> Vec<String> {
        if depth > DEPTH || *left == 0 {
            return Vec::new();
        }
        *left -= 1;
        let mut all = Vec::new();
        match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => all.push(text.clone()),
            ExpressionKind::Template(parts) => all = self.in_a_row(parts, frame, depth, left),
            ExpressionKind::Operator { operator, operands } if operator == "+" => {
                all = self.in_a_row(operands, frame, depth, left);
            }
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                for operand in operands {
                    add(&mut all, self.texts_within(operand, frame, depth + 1, left));
                }
            }
            ExpressionKind::Conditional { then, otherwise, .. } => {
                add(&mut all, self.texts_within(then, frame, depth + 1, left));
                add(&mut all, self.texts_within(otherwise, frame, depth + 1, left));
            }
            ExpressionKind::Await(inner) => all = self.texts_within(inner, frame, depth + 1, left),
            _ => {
                for value in self.values(expression, frame).iter() {
                    if let Value::Data { expression: Written(inner), frame } = value
                        && !std::ptr::eq(*inner, expression)
                    {
                        add(&mut all, self.texts_within(inner, *frame, depth + 1, left));
                    }
                }
                if all.is_empty() {
                    all.extend(self.text_at(expression, frame, depth));
                }
            }
        }
        all
    }

    /// The texts that parts are in a row, those of the first part outermost.
    fn in_a_row(&self, parts: &'m [Expression], frame: FrameId, depth: usize, left: &mut usize) -> Vec<String> {
        let mut rows = vec![String::new()];
        for part in parts {
            let mut texts = self.texts_within(part, frame, depth + 1, left);
            if texts.is_empty() {
                texts.push("*".to_owned());
            }
            let mut longer = Vec::new();
            for row in &rows {
                // What is longer is no address and no name.
                match row.len() > LENGTH {
                    true => add(&mut longer, [row.clone()]),
                    false => add(&mut longer, texts.iter().map(|text| format!("{row}{text}"))),
                }
            }
            rows = longer;
        }
        rows
    }
}

fn add(all: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for text in more {
        if all.len() < TEXTS && !all.contains(&text) {
            all.push(text);
        }
    }
}
