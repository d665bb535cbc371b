//! The pass over the tokens that comes before the parser: top-level items, and how deep each of them nests.
//!
//! The parser recurses (and its trees are dropped recursively), so what could exhaust the stack has to be known before.
//! Along every path into brackets the pass adds up what the tokens cost that can nest (brackets, operators, dots,
//! prefix keywords, open angle brackets), in KiB of stack as measured with the parser; a sum starts anew where a
//! statement, list item or match arm ends, because nothing before that point can still be open after it.

use std::ops::Range;

use super::tokens::{Token, TokenKind};
use crate::lower::budget::DEPTH;

/// What may be open at once, over all bracket levels, in KiB of stack; written code stays below 800.
const STACK: usize = 3000;

/// What one token costs, in KiB, where the parser recurses.
mod cost {
    /// `fn f() {` and `(|| {` cost most.
    pub(super) const BRACKET: usize = 9;
    pub(super) const ANGLE: usize = 8;
    pub(super) const WORD: usize = 4;
    /// The first `|` of a closure.
    pub(super) const CLOSURE: usize = 5;
    /// `&` in types.
    pub(super) const REFERENCE: usize = 4;
    pub(super) const PREFIX: usize = 3;
    /// Chains of calls and of binary operators: only dropping their tree recurses.
    pub(super) const CHAIN: usize = 1;
}

/// Words after which an expression, pattern or type goes on inside.
const PREFIX_WORDS: [&str; 29] = [
    "return", "break", "yield", "match", "if", "while", "for", "in", "loop", "unsafe", "async", "move", "static",
    "const", "fn", "dyn", "impl", "mut", "as", "let", "else", "do", "try", "use", "ref", "box", "where", "extern",
    "raw",
];

/// Words with which an item begins at the start of a line.
const ITEM_WORDS: [&str; 15] = [
    "pub",
    "fn",
    "async",
    "use",
    "mod",
    "struct",
    "enum",
    "impl",
    "trait",
    "const",
    "static",
    "type",
    "unsafe",
    "extern",
    "macro_rules",
];

/// A run of tokens between two item boundaries at the top level.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    /// Indices of its tokens.
    pub(super) tokens: Range<usize>,
    /// Too deep for the parser.
    pub(super) is_deep: bool,
}

/// What is open within one bracket.
#[derive(Default)]
struct Level {
    opener: u8,
    /// What may be open since the last boundary.
    open: usize,
    /// Angle brackets that are not closed: a comma inside them ends nothing.
    angles: usize,
    /// A closure's parameters have begun: a comma may be one of theirs.
    is_closure: bool,
}

/// Splits at the boundaries of top-level items. With `at_line_starts` also before an item word in the first column,
/// which finds the next item when brackets do not match.
pub(super) fn split(text: &str, tokens: &[Token], within: Range<usize>, at_line_starts: bool) -> Vec<Piece> {
    let mut splitter = Splitter {
        levels: vec![Level::default()],
        total: 0,
        braces: 0,
        is_deep: false,
        pieces: Vec::new(),
        first: within.start,
    };
    for index in within.clone() {
        let Some(token) = tokens.get(index) else { break };
        if at_line_starts && index > splitter.first && begins_item(text, token) {
            splitter.end_piece(tokens, index);
        }
        let previous = index.checked_sub(1).and_then(|before| tokens.get(before));
        let next = tokens.get(index + 1).filter(|_| index + 1 < within.end);
        if splitter.take(text, token, previous, next) {
            splitter.end_piece(tokens, index + 1);
        }
    }
    splitter.end_piece(tokens, within.end);
    splitter.pieces
}

/// Whether an item begins with this token at the start of a line.
fn begins_item(text: &str, token: &Token) -> bool {
    let at_start = token.start == 0 || text.as_bytes().get(token.start - 1) == Some(&b'\n');
    at_start
        && match token.kind {
            TokenKind::Word => ITEM_WORDS.contains(&text.get(token.start..token.end).unwrap_or_default()),
            TokenKind::Punctuation(byte) => byte == b'#',
            _ => false,
        }
}

struct Splitter {
    /// The top level and the open brackets.
    levels: Vec<Level>,
    /// What is open in all levels together.
    total: usize,
    braces: usize,
    is_deep: bool,
    pieces: Vec<Piece>,
    /// The first token of the piece.
    first: usize,
}

impl Splitter {
    /// Counts one token; `true` when a top-level item ends with it.
    fn take(&mut self, text: &str, token: &Token, previous: Option<&Token>, next: Option<&Token>) -> bool {
        match token.kind {
            TokenKind::Word => {
                if PREFIX_WORDS.contains(&text.get(token.start..token.end).unwrap_or_default()) {
                    self.open(cost::WORD);
                }
            }
            TokenKind::Literal => {}
            TokenKind::Open(byte) => self.enter(byte),
            TokenKind::Close(byte) => {
                self.close(byte);
                if byte == b'}' && ends_statement(text, next) {
                    self.boundary();
                    return self.levels.len() == 1;
                }
            }
            TokenKind::Punctuation(b';') => {
                self.boundary();
                return self.levels.len() == 1;
            }
            TokenKind::Punctuation(byte) => self.punctuation(byte, token, previous),
        }
        false
    }

    fn punctuation(&mut self, byte: u8, token: &Token, previous: Option<&Token>) {
        let joined = previous.filter(|before| before.end == token.start);
        let after = |wanted: u8| joined.is_some_and(|before| before.kind == TokenKind::Punctuation(wanted));
        let Some(level) = self.levels.last_mut() else { return };
        match byte {
            b',' => {
                if level.angles == 0 && !level.is_closure {
                    self.boundary();
                }
            }
            b'>' if after(b'=') => self.boundary(),
            b'<' => {
                level.angles += 1;
                self.open(cost::ANGLE);
            }
            b'>' if !after(b'-') => {
                level.angles = level.angles.saturating_sub(1);
                self.open(cost::CHAIN);
            }
            b'|' => {
                let ends_operand = |kind| matches!(kind, TokenKind::Word | TokenKind::Literal | TokenKind::Close(_));
                let is_closure = !previous.is_some_and(|before| ends_operand(before.kind));
                level.is_closure |= is_closure;
                self.open(if is_closure { cost::CLOSURE } else { cost::CHAIN });
            }
            b'&' => self.open(cost::REFERENCE),
            b'!' | b'-' | b'*' | b'=' | b'@' => self.open(cost::PREFIX),
            _ => self.open(cost::CHAIN),
        }
    }

    fn open(&mut self, cost: usize) {
        if let Some(level) = self.levels.last_mut() {
            level.open += cost;
            self.total += cost;
        }
        if self.total > STACK {
            self.is_deep = true;
        }
    }

    fn enter(&mut self, opener: u8) {
        // `f()()()` is a chain in the level that it stands in.
        self.open(cost::CHAIN);
        self.braces += usize::from(opener == b'{');
        self.levels.push(Level { opener, ..Level::default() });
        self.total += cost::BRACKET;
        if self.levels.len() > DEPTH {
            self.is_deep = true;
        }
    }

    fn leave(&mut self) {
        if self.levels.len() > 1
            && let Some(level) = self.levels.pop()
        {
            self.total -= level.open + cost::BRACKET;
            self.braces -= usize::from(level.opener == b'{');
        }
    }

    /// A stray `)` or `]` is passed over; a `}` ends whatever is open inside its braces.
    fn close(&mut self, byte: u8) {
        let opener = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let matches = self.levels.last().is_some_and(|level| level.opener == opener);
        if !matches && (opener != b'{' || self.braces == 0) {
            return;
        }
        while self.levels.len() > 1 && self.levels.last().is_some_and(|level| level.opener != opener) {
            self.leave();
        }
        self.leave();
    }

    /// Nothing before this point is open any longer within the innermost bracket.
    fn boundary(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.total -= level.open;
            *level = Level { opener: level.opener, ..Level::default() };
        }
    }

    fn end_piece(&mut self, tokens: &[Token], end: usize) {
        let bytes = tokens.get(self.first..end).and_then(|part| Some(part.first()?.start..part.last()?.end));
        if let Some(bytes) = bytes {
            self.pieces.push(Piece { bytes, tokens: self.first..end, is_deep: self.is_deep });
        }
        self.levels.truncate(1);
        self.boundary();
        self.total = 0;
        self.braces = 0;
        self.is_deep = false;
        self.first = end;
    }
}

/// Whether the statement or item ends with a `}` before this token. An operator, `else` or another bracket may go on.
fn ends_statement(text: &str, next: Option<&Token>) -> bool {
    match next {
        None => true,
        Some(token) => match token.kind {
            TokenKind::Word => !matches!(text.get(token.start..token.end), Some("else" | "as" | "in" | "where")),
            TokenKind::Literal | TokenKind::Punctuation(b'#') => true,
            _ => false,
        },
    }
}

/// The statement around a place where parsing failed: from behind the last boundary in the innermost braces to the
/// next one. `None` outside all braces. What is blank already is passed over for what is around it.
pub(super) fn statement_around(text: &str, tokens: &[Token], place: usize) -> Option<Range<usize>> {
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index).filter(|token| token.end <= place) {
        match token.kind {
            TokenKind::Open(byte) => open.push((byte, token.end)),
            TokenKind::Close(byte) => {
                open.pop();
                if let (b'}', Some(around)) = (byte, open.last_mut()) {
                    around.1 = token.end;
                }
            }
            TokenKind::Punctuation(b';') => {
                if let Some(around) = open.last_mut() {
                    around.1 = token.end;
                }
            }
            _ => {}
        }
        index += 1;
    }
    while let Some((byte, start)) = open.pop() {
        if byte != b'{' {
            continue;
        }
        let end = end_of_statement(tokens.get(index..).unwrap_or_default(), open_inside(tokens, index, start))?;
        if text.get(start..end).is_some_and(|part| !part.trim().is_empty()) {
            return Some(start..end);
        }
    }
    None
}

/// How many brackets are open before token `index` that were opened behind `start`.
fn open_inside(tokens: &[Token], index: usize, start: usize) -> usize {
    let inside = tokens.get(..index).unwrap_or_default().iter().rev().take_while(|token| token.start >= start);
    let mut open = 0isize;
    for token in inside {
        match token.kind {
            TokenKind::Open(_) => open += 1,
            TokenKind::Close(_) => open -= 1,
            _ => {}
        }
    }
    usize::try_from(open).unwrap_or(0)
}

/// Where the statement ends that `tokens` continue, `open` brackets inside it.
fn end_of_statement(tokens: &[Token], mut open: usize) -> Option<usize> {
    for token in tokens {
        match token.kind {
            TokenKind::Open(_) => open += 1,
            TokenKind::Close(byte) => {
                let Some(left) = open.checked_sub(1) else { return Some(token.start) };
                open = left;
                if open == 0 && byte == b'}' {
                    return Some(token.end);
                }
            }
            TokenKind::Punctuation(b';') if open == 0 => return Some(token.end),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tokens::scan;
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        let (tokens, _) = scan(text);
        let pieces = split(text, &tokens, 0..tokens.len(), false);
        pieces.into_iter().map(|piece| &text[piece.bytes]).collect()
    }

    #[test]
    fn splits_at_items() {
        assert_eq!(
            pieces("use a::{b, c}; fn f() { g(); } static X: T = T { a: 1 }; const Y: u8 = if x { 1 } else { 2 };"),
            ["use a::{b, c};", "fn f() { g(); }", "static X: T = T { a: 1 };", "const Y: u8 = if x { 1 } else { 2 };"]
        );
    }

    #[test]
    fn finds_the_next_item_when_brackets_do_not_match() {
        let text = "fn a() { if x {\n}\nfn b() {}\n";
        let (tokens, _) = scan(text);
        let found = split(text, &tokens, 0..tokens.len(), true);
        assert_eq!(
            found.iter().map(|piece| &text[piece.bytes.clone()]).collect::<Vec<_>>(),
            ["fn a() { if x {\n}", "fn b() {}"]
        );
    }

    #[test]
    fn marks_only_the_item_that_is_too_deep() {
        let text = format!("fn a() {{}} fn b() {{ {} }} fn c() {{}}", "(".repeat(300) + &")".repeat(300));
        let (tokens, _) = scan(&text);
        let deep: Vec<bool> =
            split(&text, &tokens, 0..tokens.len(), false).into_iter().map(|piece| piece.is_deep).collect();
        assert_eq!(deep, [false, true, false]);
    }

    #[test]
    fn long_but_flat_code_is_not_deep() {
        let arms = "A => f(a < b, |x| y), ".repeat(3000);
        let statements = "if a { b(); } ".repeat(3000);
        let list = "1 + 2 - 3, ".repeat(3000);
        let text = format!("fn a() {{ match x {{ {arms} }} {statements} let l = [{list}]; }}");
        let (tokens, _) = scan(&text);
        assert!(split(&text, &tokens, 0..tokens.len(), false).iter().all(|piece| !piece.is_deep));
    }

    #[test]
    fn the_statement_around_a_mistake() {
        let text = "fn a() { one(); two(; three(); }";
        let (tokens, _) = scan(text);
        let place = text.find("; three").unwrap_or(0);
        // The bracket never closes, so the loss reaches to the end of the braces at most.
        let found = statement_around(text, &tokens, place);
        assert!(found.is_none_or(|range| range.start >= text.find(" two").unwrap_or(0)));
        let text = "fn a() { one(); let = 2; three(); }";
        let (tokens, _) = scan(text);
        let found = statement_around(text, &tokens, text.find("= 2").unwrap_or(0));
        assert_eq!(found.and_then(|range| text.get(range)), Some(" let = 2;"));
    }
}
