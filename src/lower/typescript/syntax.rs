//! The parse tree as a flat list: one pass with a cursor, so that nothing later costs per sibling or per level.
//!
//! Comments, punctuation and the inside of strings stay out of the list; comments are kept aside.

use std::sync::LazyLock;

use tree_sitter::{Parser, TreeCursor};

pub(super) use super::kinds::{Field, Kind};
use crate::lower::budget::Budget;
use crate::model::{Comment, LostReason, Span};

/// A grammar with its numbers of kinds and fields translated once.
struct Grammar {
    language: tree_sitter::Language,
    kinds: Vec<Kind>,
    fields: Vec<Field>,
}

impl Grammar {
    fn of(language: tree_sitter::Language) -> Self {
        let kind = |id: u16| {
            let name = language.node_kind_for_id(id).unwrap_or_default();
            match language.node_kind_is_named(id) {
                true => Kind::named(name).unwrap_or(Kind::Other),
                false => Kind::anonymous(name),
            }
        };
        let field = |id: u16| language.field_name_for_id(id).and_then(Field::named).unwrap_or(Field::None);
        let kinds = (0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX)).map(kind).collect();
        let fields = (0..=u16::try_from(language.field_count()).unwrap_or(u16::MAX - 1)).map(field).collect();
        Grammar { kinds, fields, language }
    }

    fn kind(&self, node: &tree_sitter::Node<'_>) -> Kind {
        let error = if node.is_error() { Kind::Error } else { Kind::Other };
        self.kinds.get(usize::from(node.kind_id())).copied().unwrap_or(error)
    }

    fn field(&self, cursor: &TreeCursor<'_>) -> Field {
        let id = cursor.field_id().map_or(0, |id| usize::from(id.get()));
        self.fields.get(id).copied().unwrap_or(Field::None)
    }
}

static TYPESCRIPT: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::of(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()));
static TSX: LazyLock<Grammar> = LazyLock::new(|| Grammar::of(tree_sitter_typescript::LANGUAGE_TSX.into()));

/// One node; its children are a linked list. Number 0 is the root, so 0 as a link means none.
#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    field: Field,
    span: Span,
    first: u32,
    next: u32,
}

/// A parsed file: what the grammar saw, without what nobody asks for.
pub(super) struct Tree<'t> {
    text: &'t str,
    entries: Vec<Entry>,
    pub(super) comments: Vec<Comment>,
}

impl<'t> Tree<'t> {
    /// Parses one file; `with_markup` reads `<` as markup rather than as a type assertion. What the grammar did not
    /// understand is noted in the budget.
    pub(super) fn parse(text: &'t str, with_markup: bool, budget: &mut Budget) -> Self {
        let grammar = if with_markup { &TSX } else { &TYPESCRIPT };
        let whole = Span::new(0, text.len());
        let root = Entry { kind: Kind::Program, field: Field::None, span: whole, first: 0, next: 0 };
        let mut tree = Tree { text, entries: Vec::with_capacity(text.len() / 8 + 1), comments: Vec::new() };
        tree.entries.push(root);
        let mut parser = Parser::new();
        let parsed = parser.set_language(&grammar.language).ok().and_then(|()| parser.parse(text, None));
        match parsed {
            Some(parsed) => tree.flatten(grammar, parsed.walk(), budget),
            None => budget.lose(whole, LostReason::Size),
        }
        tree
    }

    pub(super) fn root(&self) -> Option<Node<'_>> {
        self.node(0)
    }

    fn node(&self, index: u32) -> Option<Node<'_>> {
        self.entries.get(index as usize).map(|entry| Node { tree: self, entry })
    }

    fn flatten(&mut self, grammar: &Grammar, mut cursor: TreeCursor<'_>, budget: &mut Budget) {
        let gap = cursor.node().is_error().then_some(0);
        let mut open: Vec<Open> = vec![Open { entry: 0, last: 0, kind: Kind::Program, gap }];
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            if let Some(opened) = self.visit(grammar, &cursor, &mut open, budget)
                && cursor.goto_first_child()
            {
                open.push(opened);
                continue;
            }
            while !cursor.goto_next_sibling() {
                let done = open.pop();
                if let Some(Open { entry, gap: Some(from), .. }) = done {
                    let end = self.entries.get(entry as usize).map_or(from, |entry| entry.span.end);
                    self.lose_gap(from, end, budget);
                }
                if open.is_empty() || !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// Takes the cursor's node over; returns it when its children are wanted too.
    fn visit(
        &mut self,
        grammar: &Grammar,
        cursor: &TreeCursor<'_>,
        open: &mut [Open],
        budget: &mut Budget,
    ) -> Option<Open> {
        let node = cursor.node();
        let kind = grammar.kind(&node);
        let span = Span::new(node.start_byte(), node.end_byte());
        if node.is_missing() {
            budget.lose(span, LostReason::Syntax);
        }
        if matches!(kind, Kind::Comment | Kind::HtmlComment) {
            let text = comment_text(self.slice(span));
            self.comments.push(Comment { span, text });
            return None;
        }
        let parent = open.last_mut()?;
        let field = grammar.field(cursor);
        let kind = match kind {
            Kind::Error => tolerated(self.slice(span), parent.kind).unwrap_or(kind),
            kind => meaning(kind, field, parent.kind)?,
        };
        let index = u32::try_from(self.entries.len()).ok()?;
        self.entries.push(Entry { kind, field, span, first: 0, next: 0 });
        let link = if parent.last == 0 { parent.entry } else { parent.last };
        if let Some(before) = self.entries.get_mut(link as usize) {
            if parent.last == 0 {
                before.first = index;
            } else {
                before.next = index;
            }
        }
        parent.last = index;
        let is_searched = parent.kind.is_container() && (parent.kind != Kind::Error || parent.gap.is_some());
        let gap = (kind == Kind::Error && is_searched).then_some(span.start);
        if kind == Kind::Error && !is_searched && parent.kind != Kind::Error {
            budget.lose(span, LostReason::Syntax);
        }
        if let Some(from) = parent.gap
            && (kind.is_salvageable() || kind == Kind::Error)
        {
            parent.gap = Some(span.end);
            self.lose_gap(from, span.start, budget);
        }
        (!kind.is_leaf()).then_some(Open { entry: index, last: 0, kind, gap })
    }

    /// Notes what lies between two readable parts of a broken part.
    fn lose_gap(&self, from: u32, to: u32, budget: &mut Budget) {
        let span = Span { start: from, end: to };
        let text = self.slice(span);
        let start = from + u32::try_from(text.len() - text.trim_start().len()).unwrap_or(0);
        let end = start + u32::try_from(text.trim().len()).unwrap_or(0);
        if end > start {
            budget.lose(Span { start, end }, LostReason::Syntax);
        }
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// A node whose children are being read.
struct Open {
    entry: u32,
    /// The child read last; 0: none yet.
    last: u32,
    kind: Kind,
    /// In a broken part: from where nothing has been readable.
    gap: Option<u32>,
}

/// What the grammar calls broken and the languages do not: a bare `&` in markup, `export type *`.
fn tolerated(text: &str, parent: Kind) -> Option<Kind> {
    match parent {
        Kind::JsxElement if text.starts_with('&') => Some(Kind::JsxText),
        Kind::ExportStatement if text == "type" => Some(Kind::TypeWord),
        _ => None,
    }
}

/// The kind under which a node is kept; none: it is left out.
fn meaning(kind: Kind, field: Field, parent: Kind) -> Option<Kind> {
    match kind {
        Kind::Punctuation | Kind::Star | Kind::Comma | Kind::EqualsSign if field == Field::Operator => {
            Some(Kind::Operator)
        }
        Kind::Punctuation if field == Field::Kind => Some(Kind::DeclarationWord),
        Kind::Comma => matches!(parent, Kind::Array | Kind::ArrayPattern).then_some(kind),
        Kind::EqualsSign => (parent == Kind::ExportStatement).then_some(kind),
        kind if kind.is_dropped() => None,
        kind => Some(kind),
    }
}

fn comment_text(written: &str) -> String {
    let inner = match written.strip_prefix("/*") {
        Some(block) => block.strip_suffix("*/").unwrap_or(block).trim_start_matches('*'),
        None => written.strip_prefix("//").or_else(|| written.strip_prefix("<!--")).unwrap_or(written),
    };
    inner.trim().to_owned()
}

/// A node of a [`Tree`].
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    entry: &'t Entry,
}

impl<'t> Node<'t> {
    pub(super) fn kind(self) -> Kind {
        self.entry.kind
    }

    pub(super) fn span(self) -> Span {
        self.entry.span
    }

    pub(super) fn text(self) -> &'t str {
        self.tree.slice(self.entry.span)
    }

    /// The text between two offsets of the same file.
    pub(super) fn text_between(self, start: u32, end: u32) -> &'t str {
        self.tree.slice(Span { start, end })
    }

    /// All that was kept, also words and broken parts.
    pub(super) fn children(self) -> Children<'t> {
        Children { tree: self.tree, next: self.entry.first }
    }

    /// Children with content: no words, no broken parts.
    pub(super) fn parts(self) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(|child| !child.kind().is_token() && child.kind() != Kind::Error)
    }

    /// The first child with content; in want of one, a broken part.
    pub(super) fn first(self) -> Option<Node<'t>> {
        self.parts().next().or_else(|| self.children().find(|child| child.kind() == Kind::Error))
    }

    pub(super) fn is_field(self, field: Field) -> bool {
        self.entry.field == field
    }

    pub(super) fn field(self, field: Field) -> Option<Node<'t>> {
        self.children().find(|child| child.entry.field == field)
    }

    pub(super) fn child(self, kind: Kind) -> Option<Node<'t>> {
        self.children().find(|child| child.kind() == kind)
    }

    pub(super) fn has(self, kind: Kind) -> bool {
        self.child(kind).is_some()
    }
}

pub(super) struct Children<'t> {
    tree: &'t Tree<'t>,
    next: u32,
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.next == 0 {
            return None;
        }
        let node = self.tree.node(self.next)?;
        self.next = node.entry.next;
        Some(node)
    }
}
