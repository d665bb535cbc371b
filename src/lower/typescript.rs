//! The TypeScript and JavaScript front end: tree-sitter's tree to the model.
//!
//! `syntax` parses and flattens, `kinds` names the grammar's words; `statements`, `modules`, `functions`, `classes`,
//! `expressions`, `patterns`, `types` and `markup` each lower their part of the language; `literals` decodes strings
//! and numbers.
//!
//! Where the model has no word of its own:
//! - a class used as a value is a block with the class; bound to a name or exported, it is a class of that name
//!   (`default` and `=` for exports that have none);
//! - decorators of a field are expression statements in front of the field;
//! - `<>...</>` is the list of its children; a template without substitutions is a text;
//! - `export * as n from 'm'` is an export `n` of source `m` without a value;
//! - long `else if` and `case` chains continue as a sequence of `If` after [`CHAIN`] nested ones.

mod classes;
mod expressions;
mod functions;
mod kinds;
mod literals;
mod markup;
mod modules;
mod patterns;
mod statements;
mod syntax;
#[cfg(test)]
mod tests;
mod types;

use crate::lower::budget::Budget;
use crate::model::{
    Block, Expression, ExpressionKind, Language, Lines, Literal, Module, Span, Statement, StatementKind,
};
use syntax::{Node, Tree};

/// How many arms of one `else if` or `case` chain, and operands of one operator chain, are nested into each other.
const CHAIN: usize = 64;

/// Lowers one file.
pub fn lower(path: &str, text: &str) -> Module {
    lower_code(path, text, !matches!(path.rsplit('.').next(), Some("ts" | "mts" | "cts")))
}

/// Lowers the code of a file; `has_markup` reads `<` as markup rather than as a type assertion.
pub(super) fn lower_code(path: &str, text: &str, has_markup: bool) -> Module {
    let mut lowering = Lowering::default();
    let mut tree = Tree::parse(text, has_markup, &mut lowering.budget);
    let comments = std::mem::take(&mut tree.comments);
    let (directives, body) = tree.root().map(|root| lowering.body(root)).unwrap_or_default();
    lowering.forgiven.sort_unstable();
    Module {
        path: path.to_owned(),
        language: Language::TypeScript,
        lines: Lines::of(text),
        body,
        comments,
        directives,
        forgiven: lowering.forgiven,
        lost: lowering.budget.into_lost(),
    }
}

/// What lowering one file carries along.
#[derive(Default)]
struct Lowering {
    budget: Budget,
    /// Objects that may be nothing: `a` in `a?.b`.
    forgiven: Vec<Span>,
    /// Inside a namespace: what it exports is not exported by the file.
    namespaces: usize,
}

impl Lowering {
    /// Runs `inner` one level deeper, or gives nothing when a limit is reached.
    fn deeper<T>(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if !self.budget.enter(span) {
            return None;
        }
        let lowered = inner(self);
        self.budget.leave();
        Some(lowered)
    }
}

fn expression(span: Span, kind: ExpressionKind) -> Expression {
    Expression { span, kind }
}

fn statement(span: Span, kind: StatementKind) -> Statement {
    Statement { span, kind }
}

fn unknown(span: Span) -> Expression {
    expression(span, ExpressionKind::Unknown)
}

fn name(node: Node<'_>) -> Expression {
    expression(node.span(), ExpressionKind::Name(node.text().to_owned()))
}

fn text(span: Span, text: String) -> Expression {
    expression(span, ExpressionKind::Literal(Literal::Text(text)))
}

fn operator(span: Span, operator: &str, operands: Vec<Expression>) -> Expression {
    expression(span, ExpressionKind::Operator { operator: operator.to_owned(), operands })
}

fn member(span: Span, object: Expression, name: &str) -> Expression {
    expression(span, ExpressionKind::Member { object: Box::new(object), name: name.to_owned() })
}

/// One condition of a chain with what follows from it.
struct Arm {
    span: Span,
    test: Expression,
    then: Block,
}

/// Nests the arms of a chain into each other; beyond [`CHAIN`] they follow one another.
fn chain(mut arms: Vec<Arm>, otherwise: Block) -> Block {
    let beyond = arms.split_off(arms.len().min(CHAIN));
    // What a case does not match is a part of it, though it stands behind.
    let follow = |arm: Arm, otherwise: Block| {
        let parts = otherwise.iter().map(|part| part.span);
        let span =
            parts.fold(arm.span, |all, part| Span { start: all.start.min(part.start), end: all.end.max(part.end) });
        statement(span, StatementKind::If { test: arm.test, then: arm.then, otherwise })
    };
    let mut block: Block = beyond.into_iter().map(|arm| follow(arm, Block::new())).collect();
    block.extend(otherwise);
    arms.into_iter().rev().fold(block, |block, arm| vec![follow(arm, block)])
}
