//! The paths for which what is found by convention stands in front: patterns that a file exports.

use regex::Regex;

use crate::link::Program;
use crate::link::units::ModuleId;
use crate::link::values::Value;
use crate::model::{ExpressionKind, Literal};

use super::{Entries, Link};

/// Longest pattern that is compiled.
const LONGEST: usize = 500;

/// The patterns under a path of what a module exports (`config.matcher`): a text, a list of texts, or of descriptions
/// with a `source`. None where they are not all written down.
pub(super) fn written(program: &Program<'_>, module: ModuleId, path: &str) -> Option<Vec<String>> {
    let mut parts = path.split('.');
    let mut values = program.exported(module, parts.next()?, 0)?;
    for part in parts {
        values = values.iter().flat_map(|value| program.member(value, part, None)).collect();
    }
    let mut patterns = Vec::new();
    for value in &values {
        let Value::Data { expression, frame } = value else { return None };
        let items = match &expression.0.kind {
            ExpressionKind::List(items) => items.iter().collect(),
            _ => vec![expression.0],
        };
        for item in items {
            let described = match &item.kind {
                ExpressionKind::Object(entries) => {
                    &entries.iter().find(|entry| entry.key.as_deref() == Some("source"))?.value
                }
                _ => item,
            };
            match &described.kind {
                ExpressionKind::Literal(Literal::Text(text)) => patterns.push(text.clone()),
                _ => patterns.push(program.text(described, *frame)?),
            }
        }
    }
    (!patterns.is_empty()).then_some(patterns)
}

impl<'m> Entries<'m> {
    /// Whether a path is none of those for which a link stands in front.
    pub(super) fn is_outside(&self, link: &Link<'m>, route: &str) -> bool {
        let Some(patterns) = self.scopes.get(&(link.module, link.span)) else { return false };
        route.starts_with('/') && patterns.iter().all(|pattern| takes_in(pattern, route) == Some(false))
    }
}

/// Whether a pattern takes in a path; none where that cannot be told. In patterns `:name` is a part of a path, with `?`,
/// `*` or `+` after it as in regular expressions, and groups are regular expressions.
fn takes_in(pattern: &str, route: &str) -> Option<bool> {
    if pattern.len() > LONGEST || pattern.contains('{') {
        return None;
    }
    if let Some((before, rest)) = pattern.split_once("((?!") {
        return after_refused(before, rest, route);
    }
    // What stands for a part of the path may be anything.
    let path = route.split('/').map(|part| if part.starts_with(['[', ':', '{']) { "x" } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    Some(Regex::new(&expression_of(pattern)).ok()?.is_match(&path))
}

/// `/((?!api|static).*)`: all paths but those that go on with one of the refused words.
fn after_refused(before: &str, rest: &str, route: &str) -> Option<bool> {
    let Some(tail) = route.strip_prefix(before) else {
        return (!before.contains([':', '('])).then_some(false);
    };
    let mut depth = 0_usize;
    let mut refused = vec![String::new()];
    for character in rest.chars() {
        match character {
            ')' if depth == 0 => break,
            '|' if depth == 0 => refused.push(String::new()),
            _ => {
                match character {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some(last) = refused.last_mut() {
                    last.push(character);
                }
            }
        }
    }
    let is_refused =
        refused.iter().any(|word| Regex::new(&format!("^(?:{word})")).is_ok_and(|word| word.is_match(tail)));
    Some(!is_refused)
}

/// The regular expression that a pattern stands for.
fn expression_of(pattern: &str) -> String {
    let mut expression = String::from("^");
    let mut rest = pattern.trim_end_matches('/').chars().peekable();
    let mut depth = 0_usize;
    while let Some(character) = rest.next() {
        match character {
            '(' => {
                depth += 1;
                expression.push('(');
            }
            ')' => {
                depth = depth.saturating_sub(1);
                expression.push(')');
            }
            _ if depth > 0 => expression.push(character),
            ':' => {
                while rest.next_if(|next| next.is_alphanumeric() || *next == '_').is_some() {}
                let repeated = rest.next_if(|next| matches!(next, '*' | '+' | '?'));
                // The slash before it is repeated, and missing, with it.
                match repeated.filter(|_| expression.ends_with('/')) {
                    Some(sign) => {
                        expression.pop();
                        expression.push_str("(?:/[^/]+)");
                        expression.push(sign);
                    }
                    None => expression.push_str("[^/]+"),
                }
            }
            '*' | '+' | '?' => expression.push(character),
            _ => expression.push_str(&regex::escape(&character.to_string())),
        }
    }
    expression.push_str("/?$");
    expression
}

#[cfg(test)]
mod tests {
    use super::takes_in;

    #[test]
    fn patterns_take_in_what_they_say() {
        let cases = [
            ("/api/chats/:path*", "/api/chat", Some(false)),
            ("/api/chats/:path*", "/api/chats", Some(true)),
            ("/api/:path*", "/api/chat/[id]", Some(true)),
            ("/api/:name", "/api/chat/title", Some(false)),
            ("/api/chat", "/api/chat", Some(true)),
            ("/(api|trpc)(.*)", "/api/chat", Some(true)),
            ("/dashboard(.*)", "/api/chat", Some(false)),
            ("/((?!api|_next/static|favicon.ico).*)", "/api/chat", Some(false)),
            ("/((?!_next/static|.*\\..*).*)", "/api/chat", Some(true)),
            ("/(unclosed", "/api/chat", None),
        ];
        for (pattern, route, expected) in cases {
            assert_eq!(takes_in(pattern, route), expected, "{pattern} {route}");
        }
    }
}
