//! Applications that are declared in a language of their own, with the functions that they are made of:
//!
//! ```text
//! action ask {
//!   fn: import { ask } from "@src/ai/operations",
//!   entities: [Note]
//! }
//! ```
//!
//! is `action.ask.fn` = `src/ai/operations.ask` and `action.ask.entities.0` = `Note`.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::tree::{DEPTH, ENTRIES, Node, Value};
use crate::model::{Literal, Setting, Span};

/// What an import is written with.
const IMPORT: &str = "import";
/// Endings of the files that imports name, which nothing tells apart.
const EXTENSIONS: [&str; 6] = [".js", ".jsx", ".ts", ".tsx", ".mjs", ".mts"];

/// The declarations of an application.
pub fn declarations(text: &str) -> Vec<Setting> {
    let mut reader = Reader { tokens: tokens(text).into_iter().peekable() };
    let mut declared = Vec::new();
    while let Some((token, span)) = reader.tokens.next() {
        let Token::Word(kind) = token else { continue };
        let Some(Token::Word(name)) = reader.peek() else { continue };
        let name = name.to_owned();
        reader.tokens.next();
        if let Some(value) = reader.value(0) {
            let named = Node::new(value.span, Value::Map(vec![(name, value)]));
            declared.push((kind.to_owned(), named));
        } else {
            declared.push((kind.to_owned(), Node::new(span, Value::Map(Vec::new()))));
        }
    }
    Node::new(Span::new(0, text.len()), Value::Map(declared)).flatten().into_iter().take(ENTRIES).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Text(&'t str),
    Mark(char),
}

struct Reader<'t> {
    tokens: Peekable<IntoIter<(Token<'t>, Span)>>,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<Token<'t>> {
        self.tokens.peek().map(|(token, _)| *token)
    }

    /// Takes a mark if it is the next token.
    fn takes(&mut self, mark: char) -> bool {
        self.tokens.next_if(|(token, _)| *token == Token::Mark(mark)).is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEPTH {
            return None;
        }
        let (token, span) = self.tokens.next()?;
        let scalar = |literal: Literal| Some(Node::new(span, Value::Scalar(literal)));
        match token {
            Token::Mark('{') => Some(self.map(span, depth)),
            Token::Mark('[') => Some(self.list(span, ']', depth)),
            Token::Mark('(') => Some(self.list(span, ')', depth)),
            Token::Mark(_) => None,
            Token::Text(text) => scalar(Literal::Text(text.to_owned())),
            Token::Word(IMPORT) => {
                let (named, end) = self.imported()?;
                let span = Span { start: span.start, end };
                Some(Node::new(span, Value::Scalar(Literal::Text(named))))
            }
            Token::Word("true") => scalar(Literal::Boolean(true)),
            Token::Word("false") => scalar(Literal::Boolean(false)),
            Token::Word(word) => scalar(word.parse().map_or_else(|_| Literal::Text(word.to_owned()), Literal::Number)),
        }
    }

    fn map(&mut self, open: Span, depth: usize) -> Node {
        let mut entries = Vec::new();
        while !self.takes('}') {
            match self.tokens.next() {
                Some((Token::Word(key) | Token::Text(key), _)) if self.takes(':') => {
                    entries.extend(self.value(depth + 1).map(|value| (key.to_owned(), value)));
                }
                Some(_) => {}
                None => break,
            }
        }
        Node::new(open, Value::Map(entries))
    }

    fn list(&mut self, open: Span, close: char, depth: usize) -> Node {
        let mut items = Vec::new();
        while !self.takes(close) {
            if self.takes(',') {
                continue;
            }
            if self.peek().is_none() {
                break;
            }
            items.extend(self.value(depth + 1));
        }
        Node::new(open, Value::List(items))
    }

    /// What an import brings, by its file without the ending and its name there; and where it ends.
    fn imported(&mut self) -> Option<(String, u32)> {
        let is_default = !self.takes('{');
        let Some((Token::Word(name), _)) = self.tokens.next() else { return None };
        let source = loop {
            match self.tokens.next()? {
                (Token::Text(source), span) => break (source, span.end),
                (Token::Word(_) | Token::Mark('}' | ','), _) => {}
                _ => return None,
            }
        };
        let (file, end) = source;
        let stem = EXTENSIONS.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
        let name = if is_default { "default" } else { name };
        Some((format!("{}.{name}", stem.trim_start_matches('@')), end))
    }
}

fn tokens(text: &str) -> Vec<(Token<'_>, Span)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let until = |end: &str| rest.find(end).map_or(rest.len(), |found| found + end.len());
        let is_word = |each: char| each.is_alphanumeric() || matches!(each, '_' | '.' | '-');
        let (token, length) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ if rest.starts_with("//") => (None, until("\n")),
            _ if rest.starts_with("/*") => (None, until("*/")),
            // What is written in another language stands between marks of its own: `{=json [] json=}`.
            _ if rest.starts_with("{=") => (rest.get(..until("=}")).map(Token::Text), until("=}")),
            '"' => {
                let length = text_length(rest);
                (rest.get(1..length - 1).map(Token::Text), length)
            }
            _ if is_word(first) => {
                let length = rest.find(|each| !is_word(each)).unwrap_or(rest.len());
                (rest.get(..length).map(Token::Word), length)
            }
            _ => (Some(Token::Mark(first)), first.len_utf8()),
        };
        found.extend(token.map(|token| (token, Span::new(at, at + length))));
        at += length;
    }
    found
}

/// How long a text in quotes is, with these; one that does not end goes to the end of all.
fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len().max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_by_file_and_name() {
        let text = "app notes { title: \"Notes\", head: [\"<a b='}'>\"], auth: { userEntity: User } }\n\
                    // query old { fn: import { old } from \"@src/old\" }\n\
                    query list { fn: import { list } from \"@src/notes/queries.js\", entities: [Note, User] }\n\
                    action ask { fn: import ask from \"@src/ask\" }\n\
                    api hook { fn: import { on as off, } from \"@src/hook\", httpRoute: (POST, \"/hook\"), auth: false }\n\
                    entity Note {=psl id Int =}\n";
        let found: Vec<String> =
            declarations(text).into_iter().map(|entry| format!("{}={:?}", entry.keys.join("."), entry.value)).collect();
        for expected in [
            "app.notes.auth.userEntity=Text(\"User\")",
            "query.list.fn=Text(\"src/notes/queries.list\")",
            "query.list.entities.1=Text(\"User\")",
            "action.ask.fn=Text(\"src/ask.default\")",
            "api.hook.fn=Text(\"src/hook.on\")",
            "api.hook.httpRoute.1=Text(\"/hook\")",
            "api.hook.auth=Boolean(false)",
        ] {
            assert!(found.iter().any(|each| each == expected), "{expected}: {found:#?}");
        }
        assert!(!found.iter().any(|each| each.contains("old")));
    }

    #[test]
    fn broken_declarations_end() {
        for part in ["{", "[", "(", "\"", "a", "a b {", "a b { c: ", "{=", "/*", "import ", "a b import {", "}", "\\"] {
            declarations(&part.repeat(20_000));
        }
    }
}
