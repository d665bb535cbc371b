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

use std::borrow::Cow;
use std::collections::HashSet;

use tree_sitter::{Node, Parser, Point, Range, Tree};

use super::budget::Budget;
use crate::model::{Block, Comment, Expression, ExpressionKind, Language, Lines, LostReason, Module, Span};

/// How many bytes of one file may be parsed again to start anew behind broken parts.
const PARSED_AGAIN: usize = 512 << 10;
/// How many continued lines may follow each other with nothing on them.
const CONTINUATIONS: usize = 100;

/// Lowers one file. Never fails: what could not be read is in `Module::lost`.
pub fn lower(path: &str, text: &str) -> Module {
    let joined = with_bounded_continuations(text);
    let mut lowering = Lowering::new(&joined);
    let body = lowering.text_from_its_parts();
    Module {
        path: path.to_owned(),
        language: Language::Python,
        lines: Lines::of(text),
        body,
        comments: lowering.comments,
        directives: Vec::new(),
        forgiven: Vec::new(),
        lost: lowering.budget.into_lost(),
    }
}

/// Continued lines with nothing else on them cost the parser the square of their number: of a long row of them all but
/// the first become blanks, so that every place stays where it is.
fn with_bounded_continuations(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::new();
    let (mut at, mut row) = (0, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let code = line.trim_end_matches(['\n', '\r']);
        row = if code.trim_matches([' ', '\t']) == "\\" { row + 1 } else { 0 };
        if row > CONTINUATIONS {
            if bytes.is_empty() {
                bytes.extend_from_slice(text.as_bytes());
            }
            bytes.get_mut(at..end).into_iter().for_each(|line| line.fill(b' '));
        }
        at = end;
    }
    match String::from_utf8(bytes) {
        Ok(joined) if !joined.is_empty() => Cow::Owned(joined),
        _ => Cow::Borrowed(text),
    }
}

/// Parses a part of a text that begins at a line's start; positions are those of the whole text.
fn parse(text: &str, from: usize, end: usize) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    if (from, end) != (0, text.len()) {
        let range =
            Range { start_byte: from, end_byte: end, start_point: point(text, from), end_point: point(text, end) };
        parser.set_included_ranges(&[range]).ok()?;
    }
    parser.parse(text, None)
}

fn point(text: &str, offset: usize) -> Point {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Point { row: before.bytes().filter(|byte| *byte == b'\n').count(), column: before.len() - line_start }
}

/// Where reading can start anew, when a broken part at the top level swallowed what comes after it (as an open bracket
/// does): the next line behind the break that begins a definition, an import or an assignment.
fn restart(root: Node<'_>, text: &str) -> Option<usize> {
    if !root.has_error() {
        return None;
    }
    let mut cursor = root.walk();
    for child in root.children(&mut cursor) {
        let is_broken = if root.is_error() { !is_intact(child) } else { child.is_error() };
        if is_broken {
            let end = if root.is_error() { root.end_byte() } else { child.end_byte() };
            let found = next_start(text, child.start_byte());
            if found.is_some_and(|found| found < end) {
                return found;
            }
        }
    }
    None
}

fn is_intact(node: Node<'_>) -> bool {
    node.kind() == "comment" || (statements::is_statement(node.kind()) && !node.has_error())
}

/// The next line after an offset that can only be the beginning of a statement.
fn next_start(text: &str, offset: usize) -> Option<usize> {
    let mut at = offset;
    for line in text.get(offset..)?.split_inclusive('\n') {
        if at > offset && is_start(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

fn is_start(line: &str) -> bool {
    let word_end = line.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    match word {
        "" => line.starts_with('@'),
        "def" | "class" | "import" | "from" => rest.starts_with(' '),
        "async" => rest.starts_with(" def "),
        _ => rest.starts_with(" = "),
    }
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
    /// For each function around the current place: the names of a scope around it that it says to assign to.
    outer: Vec<Vec<String>>,
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
            outer: Vec::new(),
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

    /// Lowers the whole text, in one go where it is intact.
    fn text_from_its_parts(&mut self) -> Block {
        let mut body = Block::new();
        let mut from = 0;
        let mut left = PARSED_AGAIN;
        while let Some(tree) = parse(self.text, from, self.text.len()) {
            left = left.saturating_sub(self.text.len() - from);
            let restart = if left > 0 { restart(tree.root_node(), self.text) } else { None };
            let Some(next) = restart else {
                body.append(&mut self.part(&tree));
                return body;
            };
            let Some(broken) = parse(self.text, from, next) else { break };
            body.append(&mut self.part(&broken));
            from = next;
        }
        self.budget.lose(Span::new(from, self.text.len()), LostReason::Syntax);
        body
    }

    fn part(&mut self, tree: &Tree) -> Block {
        let statements = self.block(tree.root_node());
        self.survey(tree);
        self.recovered.clear();
        statements
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
