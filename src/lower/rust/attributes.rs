//! Attributes: as decorators, as the values of fields, and as what says for which builds code is there.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Expr};

use super::{Lowering, call, cover, expression, name, operator, positional};
use crate::model::{Argument, Expression, ExpressionKind, Literal, Span};

/// Predicates within predicates that are read.
const PREDICATES: usize = 16;

impl Lowering {
    /// Attributes as expressions: `#[a::b]` is a member, `#[a(x, k = v)]` a call, `#[a = x]` a call with one argument.
    pub(super) fn decorators(&mut self, attributes: &[Attribute]) -> Vec<Expression> {
        let outer = attributes.iter().filter(|attribute| matches!(attribute.style, syn::AttrStyle::Outer));
        let mut decorators = Vec::new();
        for attribute in outer.filter(|attribute| !attribute.path().is_ident("doc")) {
            let callee = self.path(attribute.path(), None);
            let arguments: Vec<Argument> = match &attribute.meta {
                syn::Meta::Path(_) => {
                    decorators.push(callee);
                    continue;
                }
                syn::Meta::List(list) => self.arguments_of_tokens(&list.tokens, false),
                syn::Meta::NameValue(pair) => vec![positional(self.expression(&pair.value))],
            };
            let end = self.span(attribute.bracket_token.span.close());
            let span = Span { start: callee.span.start, end: end.start };
            decorators.push(call(span, callee, arguments));
        }
        decorators
    }

    /// What an expression that stands as a statement is compiled under: `#[cfg(feature = "limits")] if .. { .. }`. None
    /// where that is always.
    pub(super) fn compiled_under(&mut self, written: &Expr) -> Option<Expression> {
        let predicates = of_expression(written).iter().filter_map(|attribute| match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => Some(&list.tokens),
            _ => None,
        });
        let mut tests: Vec<Expression> =
            predicates.filter(|each| configured(each) != Some(true)).map(|each| self.configuration(each, 0)).collect();
        if tests.len() < 2 {
            return tests.pop();
        }
        let span = tests.iter().map(|test| test.span).reduce(cover).unwrap_or_default();
        Some(operator(span, "and", tests))
    }

    /// A `cfg` predicate as a test: what it says of what ships, else its parts, of which each asks `cfg!(..)`.
    pub(super) fn configuration(&mut self, predicate: &TokenStream, depth: usize) -> Expression {
        let span = self.span(predicate.span());
        if let Some(holds) = configured(predicate) {
            return expression(span, ExpressionKind::Literal(Literal::Boolean(holds)));
        }
        let mut tokens = predicate.clone().into_iter();
        let spelling = match tokens.next() {
            Some(TokenTree::Ident(word)) if word == "not" => "not",
            Some(TokenTree::Ident(word)) if word == "all" => "and",
            Some(TokenTree::Ident(word)) if word == "any" => "or",
            _ => "",
        };
        match tokens.next() {
            Some(TokenTree::Group(inner)) if !spelling.is_empty() && depth < PREDICATES => {
                let parts = parts(&inner.stream());
                operator(span, spelling, parts.iter().map(|part| self.configuration(part, depth + 1)).collect())
            }
            _ => {
                let arguments = self.arguments_of_tokens(predicate, false);
                call(span, name(span, "cfg!"), arguments)
            }
        }
    }

    /// The attributes of a field or variant as one value.
    pub(super) fn attribute_value(&mut self, attributes: &[Attribute]) -> Option<Expression> {
        let mut values = self.decorators(attributes);
        if values.len() < 2 {
            return values.pop();
        }
        let span = values.iter().map(|value| value.span).reduce(cover).unwrap_or_default();
        Some(expression(span, ExpressionKind::List(values)))
    }
}

/// Whether attributes say that this is not compiled into what ships: it is for tests, benchmarks or debugging only.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        match (last.as_deref(), &attribute.meta) {
            (Some("test" | "bench"), _) => true,
            (Some("cfg"), syn::Meta::List(list)) => configured(&list.tokens) == Some(false),
            _ => false,
        }
    })
}

/// What a `cfg` predicate says of what ships: it is no test, and built for release. None: that depends on more.
pub(super) fn configured(predicate: &TokenStream) -> Option<bool> {
    within(predicate, 0)
}

fn within(predicate: &TokenStream, depth: usize) -> Option<bool> {
    let mut tokens = predicate.clone().into_iter();
    let Some(TokenTree::Ident(word)) = tokens.next() else { return None };
    if depth > PREDICATES {
        return None;
    }
    match (word.to_string().as_str(), tokens.next()) {
        ("test" | "debug_assertions", None) => Some(false),
        ("not", Some(TokenTree::Group(inner))) => within(&inner.stream(), depth + 1).map(|holds| !holds),
        ("all", Some(TokenTree::Group(inner))) => joined(&inner.stream(), false, depth),
        ("any", Some(TokenTree::Group(inner))) => joined(&inner.stream(), true, depth),
        _ => None,
    }
}

/// Several predicates of which one `decides` for all.
fn joined(predicates: &TokenStream, decides: bool, depth: usize) -> Option<bool> {
    let answers: Vec<Option<bool>> = parts(predicates).iter().map(|part| within(part, depth + 1)).collect();
    if answers.contains(&Some(decides)) {
        return Some(decides);
    }
    answers.iter().all(Option::is_some).then_some(!decides)
}

/// The predicates between commas.
fn parts(predicates: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = predicates.clone().into_iter().collect();
    let parts = tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','));
    parts.filter(|part| !part.is_empty()).map(|part| part.iter().cloned().collect()).collect()
}

/// The attributes of an expression that stands as a statement.
fn of_expression(written: &Expr) -> &[Attribute] {
    match written {
        Expr::Assign(written) => &written.attrs,
        Expr::Await(written) => &written.attrs,
        Expr::Binary(written) => &written.attrs,
        Expr::Block(written) => &written.attrs,
        Expr::Call(written) => &written.attrs,
        Expr::ForLoop(written) => &written.attrs,
        Expr::If(written) => &written.attrs,
        Expr::Loop(written) => &written.attrs,
        Expr::Macro(written) => &written.attrs,
        Expr::Match(written) => &written.attrs,
        Expr::MethodCall(written) => &written.attrs,
        Expr::Return(written) => &written.attrs,
        Expr::Try(written) => &written.attrs,
        Expr::Unsafe(written) => &written.attrs,
        Expr::While(written) => &written.attrs,
        _ => &[],
    }
}
