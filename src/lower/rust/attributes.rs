//! Attributes: as decorators, as the values of fields, and as what says that code is for tests.

use syn::Attribute;

use super::{Lowering, call, cover, expression, positional};
use crate::model::{Argument, Expression, ExpressionKind, Span};

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

/// Whether attributes say that this is compiled for tests or benchmarks only.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        match (last.as_deref(), &attribute.meta) {
            (Some("test" | "bench"), _) => true,
            (Some("cfg"), syn::Meta::List(list)) => requires_test(list.tokens.clone()),
            _ => false,
        }
    })
}

/// Whether a `cfg` predicate needs `test`: alone or within `all(..)`.
fn requires_test(tokens: proc_macro2::TokenStream) -> bool {
    let mut is_all = false;
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Ident(word) if word == "test" => return true,
            proc_macro2::TokenTree::Ident(word) => is_all = word == "all",
            proc_macro2::TokenTree::Group(group) if is_all => {
                let mut words = group.stream().into_iter();
                let is_test = |token: proc_macro2::TokenTree| matches!(token, proc_macro2::TokenTree::Ident(word) if word == "test");
                if words.any(is_test) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}
