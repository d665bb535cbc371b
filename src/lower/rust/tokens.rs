//! Tokens and comments of a text, read without the parser: `syn` keeps no comments and gives up at the first mistake.

use crate::model::{Comment, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// A number, string, character or lifetime.
    Literal,
    Open(u8),
    Close(u8),
    Punctuation(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: TokenKind,
}

/// Reads all tokens and comments of a text. Never fails: what has no end ends with the text.
pub(super) fn scan(text: &str) -> (Vec<Token>, Vec<Comment>) {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), comments: Vec::new() };
    while let Some(byte) = scanner.peek(0) {
        scanner.step(byte);
    }
    (scanner.tokens, scanner.comments)
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn step(&mut self, byte: u8) {
        let start = self.at;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
            b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
            b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
            b'"' => {
                self.string();
                self.push(start, TokenKind::Literal);
            }
            b'\'' => {
                self.character_or_lifetime();
                self.push(start, TokenKind::Literal);
            }
            b'0'..=b'9' => {
                self.number();
                self.push(start, TokenKind::Literal);
            }
            b'(' | b'[' | b'{' => {
                self.at += 1;
                self.push(start, TokenKind::Open(byte));
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                self.push(start, TokenKind::Close(byte));
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.word_or_prefixed(),
            _ => {
                self.at += 1;
                self.push(start, TokenKind::Punctuation(byte));
            }
        }
    }

    fn push(&mut self, start: usize, kind: TokenKind) {
        self.tokens.push(Token { start, end: self.at.min(self.bytes.len()), kind });
    }

    fn note(&mut self, start: usize, text: &str) {
        self.comments.push(Comment { span: Span::new(start, self.at), text: text.trim().to_owned() });
    }

    fn line_comment(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        let body = written.trim_start_matches('/');
        self.note(start, body.strip_prefix('!').unwrap_or(body));
    }

    /// Block comments nest in Rust.
    fn block_comment(&mut self) {
        let start = self.at;
        let mut open = 0usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => break,
                (Some(b'/'), Some(b'*')) => {
                    open += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        let body = written.strip_prefix("/*").unwrap_or(written);
        let body = body.strip_suffix("*/").unwrap_or(body);
        self.note(start, body.trim_start_matches(['*', '!']));
    }

    /// From the opening quote to behind the closing one.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// From the first `#` or the quote of a raw string.
    fn raw_string(&mut self, hashes: usize) {
        self.at += hashes + 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'"' && (0..hashes).all(|ahead| self.peek(ahead) == Some(b'#')) {
                self.at += hashes;
                break;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        self.at += 1;
        if self.peek(0) == Some(b'\\') {
            self.at += 2;
            while self.peek(0).is_some_and(|byte| byte != b'\'' && byte != b'\n') {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.bytes.len());
            return;
        }
        let width = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if self.peek(width) == Some(b'\'') {
            self.at += width + 1;
        } else {
            self.word();
        }
    }

    fn number(&mut self) {
        self.word();
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.word();
        }
    }

    fn word(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |character: char| character == '_' || character.is_alphanumeric();
        self.at += rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    }

    /// A word, or the string that its letters `r`, `b`, `c` announce.
    fn word_or_prefixed(&mut self) {
        let start = self.at;
        self.word();
        if self.at == start {
            // Some other character: white space of Unicode or a stray symbol.
            let character = self.text.get(self.at..).and_then(|rest| rest.chars().next());
            self.at += character.map_or(1, char::len_utf8);
            return;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        let hashes = (0..).take_while(|ahead| self.peek(*ahead) == Some(b'#')).count();
        match word {
            "r" | "br" | "cr" if self.peek(hashes) == Some(b'"') => {
                self.raw_string(hashes);
                self.push(start, TokenKind::Literal);
            }
            "r" if hashes == 1 => {
                self.at += 1;
                self.word();
                self.push(start, TokenKind::Word);
            }
            "b" | "c" if self.peek(0) == Some(b'"') => {
                self.string();
                self.push(start, TokenKind::Literal);
            }
            "b" if self.peek(0) == Some(b'\'') => {
                self.character_or_lifetime();
                self.push(start, TokenKind::Literal);
            }
            _ => self.push(start, TokenKind::Word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_comments_and_not_what_looks_like_them() {
        let text = "// one\nlet a = \"// no\"; /* two /* nested */ */ r#\"\"/*no*/\"#; '\"'; 'a /// three\n//! four";
        let (_, comments) = scan(text);
        let texts: Vec<&str> = comments.iter().map(|comment| comment.text.as_str()).collect();
        assert_eq!(texts, ["one", "two /* nested */", "three", "four"]);
        assert_eq!(comments.first().map(|comment| comment.span), Some(Span::new(0, 6)));
    }
}
