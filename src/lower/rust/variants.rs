//! Methods that test what an option or a result holds, as the test that they stand for.

use syn::{Expr, Lit, Pat};

use super::{Lowering, call, cover, name, null, operator, positional};
use crate::model::{Expression, ExpressionKind};

/// How often what is held is written in place of the closure's parameter.
const PLACES: usize = 8;

/// What the test asks where nothing is held.
#[derive(Clone, Copy)]
enum Otherwise {
    /// It does not hold.
    Fails,
    /// It holds.
    Holds,
}

impl Lowering {
    /// `used.is_some_and(|tokens| tokens >= LIMIT)`: there is something, and that is beyond the limit.
    pub(super) fn held_test(&mut self, written: &syn::ExprMethodCall) -> Option<Expression> {
        let (variant, otherwise, closure) = asked(written)?;
        let parameter = parameter_of(closure.inputs.first().filter(|_| closure.inputs.len() == 1)?)?;
        if matches!(&*closure.body, Expr::Block(_) | Expr::Async(_)) {
            return None;
        }
        let subject = self.expression(&written.receiver);
        let span = cover(subject.span, self.span(written.paren_token.span.close()));
        let held = self.repeat(&subject);
        let mut test = self.expression(&closure.body);
        put_in_place(&mut test, &parameter.to_string(), &held, &mut PLACES.clone());
        let place = self.span(parameter.span());
        Some(match otherwise {
            Otherwise::Fails => {
                let pattern = call(place, name(place, variant), vec![positional(name(place, "_"))]);
                let is_held = operator(subject.span, "==", vec![subject, pattern]);
                operator(span, "and", vec![is_held, test])
            }
            Otherwise::Holds => {
                let is_nothing = operator(subject.span, "==", vec![subject, null(place)]);
                operator(span, "or", vec![is_nothing, test])
            }
        })
    }
}

/// Which variant a method asks for, what it says of the other one, and what it asks of what is held.
fn asked(written: &syn::ExprMethodCall) -> Option<(&'static str, Otherwise, &syn::ExprClosure)> {
    let arguments: Vec<&Expr> = written.args.iter().collect();
    let (variant, otherwise, asks) = match (written.method.to_string().as_str(), arguments.as_slice()) {
        ("is_some_and", [asks]) => ("Some", Otherwise::Fails, *asks),
        ("is_ok_and", [asks]) => ("Ok", Otherwise::Fails, *asks),
        ("is_none_or", [asks]) => ("Some", Otherwise::Holds, *asks),
        ("map_or", [Expr::Lit(default), asks]) => match &default.lit {
            Lit::Bool(default) => ("Some", if default.value { Otherwise::Holds } else { Otherwise::Fails }, *asks),
            _ => return None,
        },
        _ => return None,
    };
    match asks {
        Expr::Closure(closure) => Some((variant, otherwise, closure)),
        _ => None,
    }
}

/// The one name that a parameter binds: `|used|`, `|&used|`, `|used: i64|`.
fn parameter_of(pattern: &Pat) -> Option<&syn::Ident> {
    let mut pattern = pattern;
    loop {
        pattern = match pattern {
            Pat::Ident(bound) if bound.subpat.is_none() => return Some(&bound.ident),
            Pat::Reference(inner) => &inner.pat,
            Pat::Paren(inner) => &inner.pat,
            Pat::Type(inner) => &inner.pat,
            _ => return None,
        };
    }
}

/// Writes what is held wherever its name stands.
fn put_in_place(written: &mut Expression, word: &str, held: &Expression, left: &mut usize) {
    let mut each = |part: &mut Expression| put_in_place(part, word, held, left);
    match &mut written.kind {
        ExpressionKind::Name(own) if own == word => {
            if let Some(rest) = left.checked_sub(1) {
                *left = rest;
                *written = held.clone();
            }
        }
        ExpressionKind::Member { object, .. } => each(object),
        ExpressionKind::Index { object, index } => {
            each(object);
            each(index);
        }
        ExpressionKind::Slice { object, start, stop } => {
            each(object);
            start.iter_mut().chain(stop).for_each(|bound| each(bound));
        }
        ExpressionKind::Call(call) => {
            each(&mut call.callee);
            call.arguments.iter_mut().for_each(|argument| each(&mut argument.value));
        }
        ExpressionKind::Operator { operands: parts, .. }
        | ExpressionKind::List(parts)
        | ExpressionKind::Template(parts) => parts.iter_mut().for_each(each),
        ExpressionKind::Conditional { test, then, otherwise } => {
            each(test);
            each(then);
            each(otherwise);
        }
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => each(inner),
        _ => {}
    }
}
