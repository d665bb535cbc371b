//! Objects written as tokens inside macros: `json!({ "key": value })` and its like.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Expr;

use super::{Lowering, expression, null, unknown};
use crate::model::{Entry, Expression, ExpressionKind, Literal};

impl Lowering {
    /// A value of JSON as a macro takes it: objects and lists of tokens, else a Rust expression.
    pub(super) fn json(&mut self, tokens: &[TokenTree]) -> Expression {
        let Some(first) = tokens.first() else { return unknown(crate::model::Span::default()) };
        if !self.enter(first.span()) {
            return unknown(self.span(first.span()));
        }
        let result = match tokens {
            [TokenTree::Group(group)] if is_object(group) => self.json_object(group),
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let parts = split_at_commas(&inner).map(|part| self.json(part)).collect();
                expression(self.span(group.span()), ExpressionKind::List(parts))
            }
            [TokenTree::Ident(word)] if word == "null" => null(self.span(word.span())),
            _ => match syn::parse2::<Expr>(tokens.iter().cloned().collect()) {
                Ok(value) => self.expression(&value),
                Err(_) => self.scattered(tokens),
            },
        };
        self.leave();
        result
    }

    /// The entries of a braced group.
    pub(super) fn json_object(&mut self, group: &Group) -> Expression {
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut entries = Vec::new();
        for part in split_at_commas(&inner) {
            let colon = part.iter().position(is_colon);
            let (written, value) = match colon.and_then(|at| Some((part.get(..at)?, part.get(at + 1..)?))) {
                Some((key, value)) => (Some(key), value),
                None => (None, part),
            };
            let key = written.and_then(|written| self.json_key(written));
            let computed = written.filter(|_| key.is_none()).map(|written| Box::new(self.json(written)));
            entries.push(Entry { key, computed, value: self.json(value) });
        }
        expression(self.span(group.span()), ExpressionKind::Object(entries))
    }

    /// A key known from the text.
    fn json_key(&mut self, tokens: &[TokenTree]) -> Option<String> {
        let [TokenTree::Literal(literal)] = tokens else { return None };
        match self.literal(&syn::Lit::new(literal.clone())).kind {
            ExpressionKind::Literal(Literal::Text(key)) => Some(key),
            _ => None,
        }
    }
}

/// Whether a braced group is an object: empty, or its first entry has a key that no block could begin with.
pub(super) fn is_object(group: &Group) -> bool {
    if group.delimiter() != Delimiter::Brace {
        return false;
    }
    let mut inner = group.stream().into_iter();
    match (inner.next(), inner.next()) {
        (None, _) => true,
        (Some(TokenTree::Literal(_) | TokenTree::Ident(_) | TokenTree::Group(_)), Some(second)) => is_colon(&second),
        _ => false,
    }
}

/// A `:` that is not half of a `::`.
fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == proc_macro2::Spacing::Alone)
}

/// The parts between commas, but for those of types (`row.get::<_, String>(0)`); an empty last part is left out.
pub(super) fn split_at_commas(tokens: &[TokenTree]) -> impl Iterator<Item = &[TokenTree]> {
    let mut open = 0_usize;
    let mut before = [' ', ' '];
    let is_comma = move |token: &TokenTree| {
        let mark = match token {
            TokenTree::Punct(mark) => mark.as_char(),
            _ => ' ',
        };
        match mark {
            '<' if open > 0 || before == [':', ':'] => open += 1,
            '>' if open > 0 && before[1] != '-' => open -= 1,
            _ => {}
        }
        before = [before[1], mark];
        mark == ',' && open == 0
    };
    tokens.split(is_comma).filter(|part| !part.is_empty())
}

/// All tokens of a stream.
pub(super) fn trees(stream: &TokenStream) -> Vec<TokenTree> {
    stream.clone().into_iter().collect()
}
