//! Format strings of macros as templates.

use super::{member, name, text, unknown};
use crate::model::{Argument, Expression, ExpressionKind, Literal, Span};

/// Makes a template of the first positional text that has placeholders.
pub(super) fn with_template(arguments: &mut [Argument]) {
    let is_text = |argument: &Argument| {
        argument.name.is_none() && matches!(argument.value.kind, ExpressionKind::Literal(Literal::Text(_)))
    };
    let Some(at) = arguments.iter().position(is_text) else { return };
    let Some((before, after)) = arguments.split_at_mut_checked(at + 1) else { return };
    let Some(argument) = before.last_mut() else { return };
    let ExpressionKind::Literal(Literal::Text(format)) = &argument.value.kind else { return };
    if let Some(parts) = template(format, argument.value.span, after) {
        argument.value.kind = ExpressionKind::Template(parts);
    }
}

/// The parts of a format string; `None` if it has no placeholder or is none.
fn template(format: &str, span: Span, arguments: &[Argument]) -> Option<Vec<Expression>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut next = 0;
    let mut rest = format;
    let mut has_placeholder = false;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        if let Some(escaped) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            plain.push_str(rest.get(..1)?);
            rest = escaped;
            continue;
        }
        let (inside, after) = rest.strip_prefix('{')?.split_once('}')?;
        let word = inside.split(':').next().unwrap_or_default().trim();
        has_placeholder = true;
        if !plain.is_empty() {
            parts.push(text(span, std::mem::take(&mut plain)));
        }
        parts.push(slot(word, span, arguments, &mut next)?);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(text(span, plain));
    }
    has_placeholder.then_some(parts)
}

/// What stands in a placeholder: a name of the scope, a named argument or a positional one.
fn slot(word: &str, span: Span, arguments: &[Argument], next: &mut usize) -> Option<Expression> {
    let position = if word.is_empty() {
        *next += 1;
        *next - 1
    } else if let Ok(number) = word.parse::<usize>() {
        number
    } else {
        let is_identifier = |part: char| part == '_' || part.is_alphanumeric();
        if !word.chars().all(is_identifier) {
            return None;
        }
        let named = arguments.iter().find(|argument| argument.name.as_deref() == Some(word));
        return Some(named.map_or_else(|| name(span, word), |argument| plain_path(&argument.value)));
    };
    let value = arguments.iter().filter(|argument| argument.name.is_none()).nth(position);
    Some(value.map_or_else(|| unknown(span), |argument| plain_path(&argument.value)))
}

/// Names and members as they are; of other values a template knows nothing, they are arguments already.
fn plain_path(value: &Expression) -> Expression {
    let mut links = 0;
    let mut object = value;
    while let ExpressionKind::Member { object: inner, .. } = &object.kind {
        object = inner;
        links += 1;
    }
    match &object.kind {
        ExpressionKind::Name(_) if links == 0 => value.clone(),
        ExpressionKind::Name(root) if links < 8 => {
            let mut names = Vec::new();
            let mut object = value;
            while let ExpressionKind::Member { object: inner, name } = &object.kind {
                names.push((object.span, name.clone()));
                object = inner;
            }
            let start = name(object.span, root.clone());
            names.into_iter().rev().fold(start, |object, (span, word)| member(object, span, word))
        }
        _ => unknown(value.span),
    }
}
