//! Patterns as the expressions that would build what they match.

use syn::ext::IdentExt;
use syn::{Member, Pat};

use super::{Lowering, call, cover, expression, keyword, name, null, operator, positional, unknown};
use crate::model::{Argument, Expression, ExpressionKind};

impl Lowering {
    /// Lowers a pattern. A guard is not part of it: see [`guarded`].
    pub(super) fn pattern(&mut self, written: &Pat) -> Expression {
        let first = first_of_pattern(written);
        if !self.enter(first) {
            return unknown(self.span(first));
        }
        let start = self.span(first);
        let result = match written {
            Pat::Ident(pattern) => self.binding(pattern),
            Pat::Lit(pattern) => self.literal(&pattern.lit),
            Pat::Path(pattern) => self.path(&pattern.path, pattern.qself.as_ref()),
            Pat::Macro(pattern) => self.macro_call(&pattern.mac),
            Pat::Range(pattern) => self.range(pattern),
            Pat::Wild(_) => name(start, "_"),
            Pat::Rest(_) => {
                let rest = name(start, "_");
                expression(start, ExpressionKind::Spread(Box::new(rest)))
            }
            Pat::Reference(pattern) => self.pattern(&pattern.pat),
            Pat::Paren(pattern) => self.pattern(&pattern.pat),
            Pat::Type(pattern) => self.pattern(&pattern.pat),
            Pat::Guard(pattern) => self.pattern(&pattern.pat),
            Pat::Or(pattern) => {
                let cases: Vec<Expression> = pattern.cases.iter().map(|case| self.pattern(case)).collect();
                let span = cases.last().map_or(start, |last| cover(start, last.span));
                operator(span, "|", cases)
            }
            Pat::Slice(pattern) => {
                let span = self.span(pattern.bracket_token.span.join());
                let parts = pattern.elems.iter().map(|part| self.pattern(part)).collect();
                expression(span, ExpressionKind::List(parts))
            }
            Pat::Tuple(pattern) => {
                let span = self.span(pattern.paren_token.span.join());
                if pattern.elems.is_empty() {
                    null(span)
                } else {
                    expression(
                        span,
                        ExpressionKind::List(pattern.elems.iter().map(|part| self.pattern(part)).collect()),
                    )
                }
            }
            Pat::TupleStruct(pattern) => {
                let callee = self.path(&pattern.path, pattern.qself.as_ref());
                let span = cover(callee.span, self.span(pattern.paren_token.span.close()));
                let parts = pattern.elems.iter().map(|part| positional(self.pattern(part))).collect();
                call(span, callee, parts)
            }
            Pat::Struct(pattern) => self.struct_pattern(pattern),
            _ => unknown(start),
        };
        self.leave();
        result
    }

    fn binding(&mut self, pattern: &syn::PatIdent) -> Expression {
        let span = self.span(pattern.ident.span());
        let word = pattern.ident.unraw().to_string();
        let bound = if word == "None" { null(span) } else { name(span, word) };
        let Some((_, inner)) = &pattern.subpat else { return bound };
        if let Pat::Rest(_) = **inner {
            return expression(span, ExpressionKind::Spread(Box::new(bound)));
        }
        let inner = self.pattern(inner);
        operator(cover(span, inner.span), "@", vec![bound, inner])
    }

    fn struct_pattern(&mut self, pattern: &syn::PatStruct) -> Expression {
        let callee = self.path(&pattern.path, pattern.qself.as_ref());
        let span = cover(callee.span, self.span(pattern.brace_token.span.close()));
        let fields: Vec<Argument> = pattern
            .fields
            .iter()
            .map(|field| {
                let value = self.pattern(&field.pat);
                keyword(member_name(&field.member), value)
            })
            .collect();
        let mut result = call(span, callee, fields);
        if let ExpressionKind::Call(call) = &mut result.kind {
            call.is_new = true;
        }
        result
    }
}

/// A field's name, or its number in a tuple.
pub(super) fn member_name(member: &Member) -> String {
    match member {
        Member::Named(ident) => ident.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// The pattern without its guard, and the guard.
pub(super) fn guarded(written: &Pat) -> (&Pat, Option<&syn::Expr>) {
    match written {
        Pat::Guard(pattern) => (&pattern.pat, Some(&pattern.guard)),
        other => (other, None),
    }
}

/// Whether a pattern matches everything: `_` or a plain name.
pub(super) fn is_catch_all(pattern: &Expression) -> bool {
    matches!(&pattern.kind, ExpressionKind::Name(word) if word == "_" || is_variable(word))
}

/// Whether a pattern binds names, as far as its lowered form tells: names in lower case that are not called.
pub(super) fn binds(pattern: &Expression) -> bool {
    match &pattern.kind {
        ExpressionKind::Name(word) => word != "_" && is_variable(word),
        ExpressionKind::Call(call) => call.arguments.iter().any(|argument| binds(&argument.value)),
        ExpressionKind::List(parts) => parts.iter().any(binds),
        ExpressionKind::Operator { operands, .. } => operands.iter().any(binds),
        ExpressionKind::Spread(inner) => binds(inner),
        _ => false,
    }
}

fn is_variable(word: &str) -> bool {
    !word.starts_with(char::is_uppercase)
}

fn first_of_pattern(written: &Pat) -> proc_macro2::Span {
    let path = |path: &syn::Path| {
        path.segments.first().map_or_else(proc_macro2::Span::call_site, |segment| segment.ident.span())
    };
    let mut written = written;
    loop {
        written = match written {
            Pat::Or(pattern) => match pattern.cases.first() {
                Some(first) => first,
                None => return proc_macro2::Span::call_site(),
            },
            Pat::Type(pattern) => &pattern.pat,
            Pat::Guard(pattern) => &pattern.pat,
            Pat::Ident(pattern) => return pattern.ident.span(),
            Pat::Lit(pattern) => return pattern.lit.span(),
            Pat::Path(pattern) => return path(&pattern.path),
            Pat::TupleStruct(pattern) => return path(&pattern.path),
            Pat::Struct(pattern) => return path(&pattern.path),
            Pat::Macro(pattern) => return path(&pattern.mac.path),
            Pat::Wild(pattern) => return pattern.underscore_token.span,
            Pat::Rest(pattern) => return pattern.dot2_token.spans.first().copied().unwrap_or_else(nowhere),
            Pat::Reference(pattern) => return pattern.and_token.span,
            Pat::Paren(pattern) => return pattern.paren_token.span.open(),
            Pat::Slice(pattern) => return pattern.bracket_token.span.open(),
            Pat::Tuple(pattern) => return pattern.paren_token.span.open(),
            _ => return nowhere(),
        };
    }
}

fn nowhere() -> proc_macro2::Span {
    proc_macro2::Span::call_site()
}
