//! The Python front end: tree-sitter's tree → model.
//!
//! Recursion follows the model's nesting and is bounded by [`Budget`]; chains that Python writes without nesting (long
//! `elif` chains, sums of a hundred thousand operands) are followed in loops and come out flat. Broken places lose only
//! themselves: what stands around them, and whole statements inside them, are lowered as usual.

mod branches;
mod definitions;
mod expressions;
mod literals;
mod patterns;
mod statements;

use std::collections::HashSet;

use tree_sitter::{Node, Parser, Tree};

use super::budget::Budget;
use crate::model::{Block, Comment, Expression, ExpressionKind, Language, Lines, LostReason, Module, Span};

/// Lowers one file. Never fails: what could not be read is in `Module::lost`.
pub fn lower(path: &str, text: &str) -> Module {
    let mut lowering = Lowering::new(text);
    let mut body = Block::new();
    match parse(text) {
        Some(tree) => {
            body = lowering.block(tree.root_node());
            lowering.survey(&tree);
        }
        None => lowering.budget.lose(Span::new(0, text.len()), LostReason::Syntax),
    }
    Module {
        path: path.to_owned(),
        language: Language::Python,
        lines: Lines::of(text),
        body,
        comments: lowering.comments,
        directives: Vec::new(),
        lost: lowering.budget.into_lost(),
    }
}

fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(text, None)
}

/// The state of lowering one text.
struct Lowering<'text> {
    text: &'text str,
    budget: Budget,
    /// The same depth as the budget's, to see how much is left.
    depth: usize,
    /// Where everything is said to stand, for a text that is quoted in another one (string annotations).
    place: Option<Span>,
    /// Within `if TYPE_CHECKING:`.
    is_type_only: bool,
    /// For each function around the current place: whether a `yield` was seen.
    yields: Vec<bool>,
    comments: Vec<Comment>,
    /// The error nodes whose readable parts were lowered, by tree-sitter's node id.
    recovered: HashSet<usize>,
}

impl<'text> Lowering<'text> {
    fn new(text: &'text str) -> Self {
        Lowering {
            text,
            budget: Budget::default(),
            depth: 0,
            place: None,
            is_type_only: false,
            yields: Vec::new(),
            comments: Vec::new(),
            recovered: HashSet::new(),
        }
    }

    fn span(&self, node: Node<'_>) -> Span {
        self.place.unwrap_or_else(|| Span::new(node.start_byte(), node.end_byte()))
    }

    fn text_of(&self, node: Node<'_>) -> &'text str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// See [`Budget::enter`].
    fn enter(&mut self, span: Span) -> bool {
        let entered = self.budget.enter(span);
        self.depth += usize::from(entered);
        entered
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.budget.leave();
    }

    /// Lowers the statements of a block or of a whole file.
    fn block(&mut self, node: Node<'_>) -> Block {
        let mut statements = Block::new();
        if node.is_error() {
            self.recover(node, &mut statements);
            return statements;
        }
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            self.statement(child, &mut statements);
        }
        statements
    }

    /// Lowers what can be read of a broken part: the statements and calls in it. The rest is noted as lost.
    fn recover(&mut self, node: Node<'_>, into: &mut Block) {
        self.recovered.insert(node.id());
        if !self.enter(self.span(node)) {
            return;
        }
        let mut unread: Option<Span> = None;
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            let is_readable = child.child_count() > 0 && child.kind() != "string";
            if !is_readable {
                let span = self.span(child);
                unread = Some(Span { start: unread.map_or(span.start, |unread| unread.start), end: span.end });
                continue;
            }
            self.lose(unread.take());
            if statements::is_statement(child.kind()) {
                self.statement(child, into);
            } else if expressions::is_telling(child.kind()) {
                self.expression_statement(child, into);
            } else {
                self.recover(child, into);
            }
        }
        self.lose(unread);
        self.leave();
    }

    fn lose(&mut self, span: Option<Span>) {
        if let Some(span) = span {
            self.budget.lose(span, LostReason::Syntax);
        }
    }

    /// Goes through the whole tree for what the model's shape has no place for: comments and broken parts.
    fn survey(&mut self, tree: &Tree) {
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            if node.kind() == "comment" {
                let text = self.text_of(node).trim_start_matches('#').trim().to_owned();
                self.comments.push(Comment { span: self.span(node), text });
            } else if (node.is_error() && !self.recovered.contains(&node.id())) || node.is_missing() {
                self.budget.lose(self.span(node), LostReason::Syntax);
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }
}

/// The children that say something, in order: named ones except comments and broken parts.
fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    fielded_parts(node).into_iter().map(|(_, child)| child).collect()
}

/// As [`parts`], each with the name of its field.
fn fielded_parts<'tree>(node: Node<'tree>) -> Vec<(Option<&'tree str>, Node<'tree>)> {
    let mut found = Vec::new();
    let mut cursor = node.walk();
    let mut is_inside = cursor.goto_first_child();
    while is_inside {
        let child = cursor.node();
        if child.is_named() && !child.is_error() && !matches!(child.kind(), "comment" | "line_continuation") {
            found.push((cursor.field_name(), child));
        }
        is_inside = cursor.goto_next_sibling();
    }
    found
}

/// Whether one of the children is this token.
fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| !child.is_named() && child.kind() == token)
}

fn unknown(span: Span) -> Expression {
    Expression { span, kind: ExpressionKind::Unknown }
}

#[cfg(test)]
mod tests;
