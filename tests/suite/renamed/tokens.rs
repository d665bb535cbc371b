//! The words of Rust.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::words::{Binding, Reading, Role, Word};

pub(super) fn rust(text: &str, own: &BTreeSet<String>) -> Reading {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("not a program: {error}\n{text}"));
    let mut reader = Reader { own, reading: Reading { words: Vec::new(), functions: Vec::new() } };
    reader.stream(tokens, Around { delimiter: Delimiter::None, items: Items::Module, in_function: false });
    reader.reading
}

struct Reader<'a> {
    own: &'a BTreeSet<String>,
    reading: Reading,
}

#[derive(Clone, Copy)]
struct Around {
    delimiter: Delimiter,
    items: Items,
    in_function: bool,
}

/// What a function is that stands here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    Module,
    Own,
    Foreign,
    /// An attribute: all names in it are another's.
    Attribute,
}

impl Reader<'_> {
    fn stream(&mut self, stream: TokenStream, around: Around) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let (mut next, mut function, mut is_use) = (around.items, false, false);
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            match token {
                TokenTree::Ident(ident) => {
                    match ident.to_string().as_str() {
                        "impl" if around.delimiter != Delimiter::Parenthesis => next = self.implemented(&tokens[at..]),
                        "trait" => next = Items::Own,
                        "fn" => function = true,
                        "use" => is_use = !tokens.get(at + 1).is_some_and(|root| self.is_own_root(root)),
                        _ => {}
                    }
                    self.ident(&tokens, at, around, is_use);
                }
                TokenTree::Group(group) => {
                    let body = function && group.delimiter() == Delimiter::Brace;
                    let in_function = around.in_function || body;
                    let items = match before {
                        _ if is_attribute(&tokens, at) => Items::Attribute,
                        _ if is_use => Items::Foreign,
                        _ if body => Items::Module,
                        _ => next,
                    };
                    if body && !around.in_function {
                        self.reading.functions.push(group.span().byte_range());
                    }
                    if group.delimiter() == Delimiter::Brace {
                        (next, function) = (around.items, false);
                    }
                    if is_use {
                        self.foreign(group.stream());
                    } else {
                        self.stream(group.stream(), Around { delimiter: group.delimiter(), items, in_function });
                    }
                }
                TokenTree::Literal(literal) => {
                    let written = literal.to_string();
                    self.reading.words.push(Word::new(literal.span().byte_range(), &written, Role::Text));
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => {
                    (next, function, is_use) = (around.items, false, false);
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn is_own_root(&self, token: &TokenTree) -> bool {
        let TokenTree::Ident(ident) = token else { return false };
        let name = ident.to_string();
        matches!(name.as_str(), "crate" | "super" | "self") || self.own.contains(&name)
    }

    /// Names of a library, as a `use` brings them.
    fn foreign(&mut self, stream: TokenStream) {
        for token in stream {
            match token {
                TokenTree::Ident(ident) => {
                    let mut word = Word::new(ident.span().byte_range(), &ident.to_string(), Role::Name);
                    word.binding = Some(Binding::Foreign);
                    self.reading.words.push(word);
                }
                TokenTree::Group(group) => self.foreign(group.stream()),
                _ => {}
            }
        }
    }

    /// Whether an `impl` gives a type methods of its own, or those that another's trait asks for.
    fn implemented(&self, tokens: &[TokenTree]) -> Items {
        let head = tokens
            .iter()
            .take_while(|token| !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
        let (mut last, mut depth) = (String::new(), 0);
        for token in head {
            match token {
                TokenTree::Ident(ident) if *ident == "for" && depth == 0 => {
                    return if self.own.contains(&format!("class {last}")) { Items::Own } else { Items::Foreign };
                }
                TokenTree::Ident(ident) if depth == 0 => last = ident.to_string(),
                TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
                TokenTree::Punct(mark) if mark.as_char() == '>' => depth -= 1,
                _ => {}
            }
        }
        Items::Own
    }

    fn ident(&mut self, tokens: &[TokenTree], at: usize, around: Around, is_use: bool) {
        let Some(TokenTree::Ident(ident)) = tokens.get(at) else { return };
        let mark = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
            Some(TokenTree::Punct(mark)) => Some(mark.as_char()),
            _ => None,
        };
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let keyword = match before {
            // `&'static str` declares nothing.
            Some(TokenTree::Ident(ident)) if mark(at.checked_sub(2)) != Some('\'') => ident.to_string(),
            _ => String::new(),
        };
        let mut word = Word::new(ident.span().byte_range(), &ident.to_string(), Role::Name);
        let (left, right) = (mark(at.checked_sub(1)), mark(Some(at + 1)));
        let opens_path = right == Some(':') && mark(Some(at + 2)) == Some(':');
        let is_call = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
            || opens_path;
        let opens_path_before = |at: usize| mark(at.checked_sub(2)) == Some(':');
        let root = path_root(tokens, at);
        let is_own = |root: &str| {
            matches!(root, "crate" | "super" | "self" | "Self")
                || self.own.contains(root)
                || self.own.contains(&format!("class {root}"))
        };
        word.role = match (left, right) {
            // Part of a library.
            _ if root.as_deref().is_some_and(|root| !is_own(root)) => Role::Key,
            (Some(':'), _) if opens_path_before(at) && name_before(tokens, at, 3).starts_with(char::is_uppercase) => {
                Role::Member
            }
            (Some('.'), _) if is_call => Role::Member,
            (Some('.'), _) => Role::Key,
            (_, Some(':')) if !opens_path && !matches!(keyword.as_str(), "let" | "mut" | "const" | "static") => {
                Role::Key
            }
            // `Claim { store, key }` cannot be told from what a block gives.
            (None | Some(','), None | Some(',')) if around.delimiter == Delimiter::Brace && keyword.is_empty() => {
                Role::Shorthand
            }
            _ => Role::Name,
        };
        word.binding = match keyword.as_str() {
            _ if around.items == Items::Attribute || is_use => Some(Binding::Foreign),
            "fn" if around.items == Items::Foreign => Some(Binding::Foreign),
            "fn" if around.items == Items::Own => Some(Binding::Method),
            "fn" => Some(Binding::Function),
            "struct" | "enum" | "trait" | "type" if around.items == Items::Foreign => Some(Binding::Foreign),
            "struct" | "enum" | "trait" | "type" => Some(Binding::Class),
            "const" | "static" if around.items == Items::Module => Some(Binding::Variable),
            "let" | "mut" if around.in_function && ident != "mut" => Some(Binding::Local),
            _ if around.delimiter == Delimiter::Parenthesis
                && left != Some('.')
                && right == Some(':')
                && !opens_path =>
            {
                Some(Binding::Parameter)
            }
            _ => None,
        };
        if word.binding == Some(Binding::Method) {
            word.role = Role::Member;
        }
        self.reading.words.push(word);
    }
}

/// The name that stands so many tokens before a place.
fn name_before(tokens: &[TokenTree], at: usize, back: usize) -> String {
    match at.checked_sub(back).and_then(|at| tokens.get(at)) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    }
}

/// The first name of the path that a name ends: `axum` in `axum::serve`.
fn path_root(tokens: &[TokenTree], at: usize) -> Option<String> {
    let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    let (mut at, mut root) = (at, None);
    while at >= 3 && is_colon(at - 1) && is_colon(at - 2) {
        let TokenTree::Ident(ident) = tokens.get(at - 3)? else { return root };
        root = Some(ident.to_string());
        at -= 3;
    }
    root
}

/// `#[derive(...)]`, `#![...]`.
fn is_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let is_mark = |back: usize, mark: char| matches!(at.checked_sub(back).and_then(|at| tokens.get(at)), Some(TokenTree::Punct(found)) if found.as_char() == mark);
    matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket)
        && (is_mark(1, '#') || is_mark(1, '!') && is_mark(2, '#'))
}
