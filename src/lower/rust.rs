//! The Rust front end: a token pass, `syn`, and the lowering of its trees.
//!
//! What has no counterpart in the model, or more than one, is written like this:
//!
//! | Rust | model |
//! |---|---|
//! | `mod m { .. }` | a `Class` named `m` without bases, its items the body |
//! | struct fields, enum variants | `Assign` with the type as annotation (a variant's payload: its type, a `List` of types, or an `Object`); attributes of the field are its value (one expression, or a `List`), as field descriptors are elsewhere |
//! | `#[cfg(test)]`, `#[test]` | dropped: they do not ship |
//! | doc attributes, `macro_rules!` | dropped |
//! | `None`, `()` | `Literal::Null` |
//! | `store::open` where a variable is called `store` | begins with the `Name` `::store`, which no variable has |
//! | `x.is_some_and(\|y\| test)`, `is_ok_and`, `map_or(false, ..)` | `and` of `x == Some(y)` and the test, about `x` itself; `is_none_or`, `map_or(true, ..)` an `or` |
//! | `&x`, `*x`, `(x)`, `x as T`, turbofish and generics of paths | transparent |
//! | `let mut x = *y` | `let x = y.clone()`: what is changed is a copy |
//! | `a..b` | `Operator("..", [a, b])`, `..=` likewise, a missing bound is `Null`; within an index a `Slice` |
//! | `async { .. }` | an async `Function` without parameters: work that has not begun; `\|x\| async { .. }` is one async function |
//! | tail of a function with a result, of a closure, of an `async` block | `Return`, also inside the branches of a tail `if` or `match` |
//! | `if`, `match` as values | `Conditional` where each branch is one expression and nothing is bound, else a `Block` of the `If` |
//! | `if let P = e`, match arms, `while let` | test `Operator("==", [e, P])` (a guard joins with `and`), names bound by an `Assign` at the head of the branch; after its first place `e` is repeated without the functions and blocks inside it, with the same spans |
//! | `let P = e else { .. }` | `Assign`, then `If` with the test `not (e == P)` |
//! | patterns | as the expressions that would build them: `Some(x)` a `Call`, `P { a, b: c }` a `Call` with `is_new`, tuples and slices `List`, `..` a `Spread`, `a \| b` an `Operator`, `x @ P` an `Operator("@")`, `_` a `Name` |
//! | `break x` | the expression, then `Break` |
//! | `return`, `break` as a value | a `Block` of the statement |
//! | `name!(..)` | a `Call` of `name!`; `vec!` a `List`, `json!` its value; objects in any macro are `Object`s; `key = v`, `key: v` keywords |
//! | a first text with `{x}` in a macro | a `Template`; `{}` is its argument when that is a plain path, else `Unknown` |
//! | `select! { p = e => b }` | an awaited `Call` of `select!` with all `e`, then an `If` for each: `p` is bound to the same call with its `e` in front, then `b`; the last is the `otherwise` |
//! | other macros of arms `p = e => b` | each arm an argument: a `Block` that assigns `await e` to `p`, then `b` |
//! | `#[cfg(p)]` of a statement | an `If` with what `p` says of what ships (no test, built for release) as its literal, else with `cfg!(p)`; `all`, `any` and `not` are operators |
//! | macros of `static` declarations, of items | the declarations |
//! | `impl Trait`, `dyn Trait` | the first trait |

mod attributes;
mod branches;
mod expressions;
mod functions;
mod imports;
mod items;
mod json;
mod macro_tokens;
mod macros;
mod patterns;
mod pieces;
mod repeat;
mod select;
mod statements;
mod templates;
mod tokens;
mod types;
mod variables;
mod variants;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::lower::budget::Budget;
use crate::model::{
    Argument, Assignment, Call, Expression, ExpressionKind, Language, Lines, Literal, LostReason, Module, Span,
    Statement, StatementKind,
};
use pieces::Piece;
use tokens::Token;

/// How often one item may be mended before it is given up.
const MENDINGS: usize = 8;

/// Lowers one file.
pub fn lower(path: &str, text: &str) -> Module {
    let mut masked = mask(text);
    let (tokens, comments) = tokens::scan(&masked);
    let pieces = pieces::split(&masked, &tokens, 0..tokens.len(), false);
    let mut lowering = Lowering::default();
    for piece in pieces.iter().filter(|piece| piece.is_deep) {
        lowering.budget.lose(Span::new(piece.bytes.start, piece.bytes.end), LostReason::Depth);
        blank(&mut masked, piece.bytes.clone());
    }
    let mut body = Vec::new();
    match syn::parse_file(&masked) {
        Ok(file) => lowering.file(&file, &mut body),
        Err(_) => {
            for piece in pieces.iter().filter(|piece| !piece.is_deep) {
                lowering.piece(&masked, &tokens, piece, &mut body);
            }
        }
    }
    // The parser keeps the text of everything it has read on this thread until told that no span is used any longer.
    proc_macro2::extra::invalidate_current_thread_spans();
    Module {
        path: path.to_owned(),
        language: Language::Rust,
        lines: Lines::of(text),
        body,
        comments,
        directives: Vec::new(),
        forgiven: Vec::new(),
        lost: lowering.budget.into_lost(),
    }
}

/// The text without its byte order mark and interpreter line, at the same offsets.
fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    blank(&mut masked, 0..mark);
    let is_interpreter = |rest: &&str| !rest.trim_start().starts_with('[');
    if let Some(rest) = text.get(mark..).and_then(|rest| rest.strip_prefix("#!")).filter(is_interpreter) {
        let line = rest.find('\n').unwrap_or(rest.len());
        blank(&mut masked, mark..mark + 2 + line);
    }
    masked
}

/// Replaces bytes with spaces, so that all offsets stay.
fn blank(text: &mut String, bytes: Range<usize>) {
    let spaces = " ".repeat(bytes.len());
    if text.is_char_boundary(bytes.start) && text.is_char_boundary(bytes.end) {
        text.replace_range(bytes, &spaces);
    }
}

/// The state of lowering one file.
#[derive(Default)]
struct Lowering {
    budget: Budget,
    /// Where the text that is being lowered begins in the file.
    base: usize,
    /// The variables of the function that is being lowered.
    variables: BTreeSet<String>,
}

impl Lowering {
    /// Lowers one item that could not be parsed with the whole file, mending it where possible.
    fn piece(&mut self, text: &str, tokens: &[Token], piece: &Piece, body: &mut Vec<Statement>) {
        if self.try_piece(text, &piece.bytes, body).is_ok() {
            return;
        }
        let parts = pieces::split(text, tokens, piece.tokens.clone(), true);
        if parts.len() < 2 {
            return self.mend(text, tokens, piece, body);
        }
        for part in parts {
            if part.is_deep {
                self.budget.lose(Span::new(part.bytes.start, part.bytes.end), LostReason::Depth);
            } else {
                self.mend(text, tokens, &part, body);
            }
        }
    }

    /// Parses and lowers a part of the text; gives where parsing failed.
    fn try_piece(&mut self, text: &str, bytes: &Range<usize>, body: &mut Vec<Statement>) -> Result<(), usize> {
        let part = text.get(bytes.clone()).unwrap_or_default();
        match syn::parse_str::<syn::File>(part) {
            Ok(file) => {
                self.base = bytes.start;
                self.file(&file, body);
                self.base = 0;
                Ok(())
            }
            Err(error) => Err(bytes.start + error.span().byte_range().start),
        }
    }

    /// Leaves out the statements that the parser complains about until it reads the rest.
    fn mend(&mut self, text: &str, tokens: &[Token], piece: &Piece, body: &mut Vec<Statement>) {
        let mut mended = text.get(piece.bytes.clone()).unwrap_or_default().to_owned();
        let own: Vec<Token> = tokens
            .get(piece.tokens.clone())
            .unwrap_or_default()
            .iter()
            .map(|token| Token { start: token.start - piece.bytes.start, end: token.end - piece.bytes.start, ..*token })
            .collect();
        let mut lost = Vec::new();
        for _ in 0..MENDINGS {
            let error = match syn::parse_str::<syn::File>(&mended) {
                Ok(file) => {
                    self.base = piece.bytes.start;
                    self.file(&file, body);
                    self.base = 0;
                    for span in lost {
                        self.budget.lose(span, LostReason::Syntax);
                    }
                    return;
                }
                Err(error) => error.span().byte_range().start,
            };
            let Some(bytes) = pieces::statement_around(&mended, &own, error) else { break };
            lost.push(Span::new(piece.bytes.start + bytes.start, piece.bytes.start + bytes.end));
            blank(&mut mended, bytes);
        }
        self.budget.lose(Span::new(piece.bytes.start, piece.bytes.end), LostReason::Syntax);
    }

    fn file(&mut self, file: &syn::File, body: &mut Vec<Statement>) {
        if !attributes::is_test(&file.attrs) {
            for item in &file.items {
                self.item(item, body);
            }
        }
    }

    /// The place of tokens in the file.
    fn span(&self, tokens: proc_macro2::Span) -> Span {
        let bytes = tokens.byte_range();
        Span::new(self.base + bytes.start, self.base + bytes.end)
    }

    /// Enters a node that begins with these tokens; see [`Budget::enter`].
    fn enter(&mut self, tokens: proc_macro2::Span) -> bool {
        let span = self.span(tokens);
        self.budget.enter(span)
    }

    fn leave(&mut self) {
        self.budget.leave();
    }
}

/// From the beginning of one span to the end of another.
fn cover(from: Span, to: Span) -> Span {
    Span { start: from.start.min(to.start), end: from.end.max(to.end) }
}

fn expression(span: Span, kind: ExpressionKind) -> Expression {
    Expression { span, kind }
}

fn name(span: Span, text: impl Into<String>) -> Expression {
    expression(span, ExpressionKind::Name(text.into()))
}

fn text(span: Span, text: impl Into<String>) -> Expression {
    expression(span, ExpressionKind::Literal(Literal::Text(text.into())))
}

fn null(span: Span) -> Expression {
    expression(span, ExpressionKind::Literal(Literal::Null))
}

fn unknown(span: Span) -> Expression {
    expression(span, ExpressionKind::Unknown)
}

fn member(object: Expression, end: Span, name: impl Into<String>) -> Expression {
    let span = cover(object.span, end);
    expression(span, ExpressionKind::Member { object: Box::new(object), name: name.into() })
}

fn operator(span: Span, spelling: &str, operands: Vec<Expression>) -> Expression {
    expression(span, ExpressionKind::Operator { operator: spelling.to_owned(), operands })
}

fn call(span: Span, callee: Expression, arguments: Vec<Argument>) -> Expression {
    expression(span, ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false })))
}

fn positional(value: Expression) -> Argument {
    Argument { name: None, value }
}

fn keyword(name: impl Into<String>, value: Expression) -> Argument {
    Argument { name: Some(name.into()), value }
}

fn statement(span: Span, kind: StatementKind) -> Statement {
    Statement { span, kind }
}

/// A field or variant of a type.
fn field(span: Span, target: Expression, annotation: Option<Expression>, value: Option<Expression>) -> Statement {
    let assignment = Assignment { target, annotation, value, operator: None, declares: false };
    statement(span, StatementKind::Assign(Box::new(assignment)))
}

/// `let target: annotation = value`.
fn declaration(span: Span, target: Expression, annotation: Option<Expression>, value: Option<Expression>) -> Statement {
    let assignment = Assignment { target, annotation, value, operator: None, declares: true };
    statement(span, StatementKind::Assign(Box::new(assignment)))
}

#[cfg(test)]
mod tests;
