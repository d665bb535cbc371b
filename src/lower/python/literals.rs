//! Texts and numbers as their values.

use tree_sitter::Node;

use super::{Lowering, parts};
use crate::model::{Expression, ExpressionKind, Literal, Span};

impl Lowering<'_> {
    /// A string, f-string, or several of them in a row: one text, or a template where values are filled in.
    pub(super) fn string(&mut self, node: Node<'_>) -> ExpressionKind {
        let mut pieces = Vec::new();
        if node.kind() == "concatenated_string" {
            for part in parts(node).into_iter().filter(|part| part.kind() == "string") {
                self.string_pieces(part, &mut pieces);
            }
        } else {
            self.string_pieces(node, &mut pieces);
        }
        if pieces.is_empty() {
            return ExpressionKind::Literal(Literal::Text(String::new()));
        }
        if let [Expression { kind: ExpressionKind::Literal(Literal::Text(text)), .. }] = pieces.as_mut_slice() {
            return ExpressionKind::Literal(Literal::Text(std::mem::take(text)));
        }
        ExpressionKind::Template(pieces)
    }

    /// The contents are what lies between the quotes and the values: the tree's own content nodes miss some escapes.
    fn string_pieces(&mut self, node: Node<'_>, pieces: &mut Vec<Expression>) {
        let parts = parts(node);
        let Some(start) = parts.first().filter(|part| part.kind() == "string_start") else { return };
        let opening = self.text_of(*start);
        let prefix = opening.trim_end_matches(['"', '\'']).to_ascii_lowercase();
        let quotes = opening.get(prefix.len()..).unwrap_or_default();
        let mut from = start.end_byte();
        for part in parts.into_iter().filter(|part| part.kind() == "interpolation") {
            self.content(from, part.start_byte(), &prefix, pieces);
            self.interpolation(part, pieces);
            from = part.end_byte();
        }
        let is_closed = self.text_of(node).ends_with(quotes);
        let end = if is_closed { node.end_byte().saturating_sub(quotes.len()) } else { node.end_byte() };
        self.content(from, end, &prefix, pieces);
    }

    fn content(&mut self, from: usize, end: usize, prefix: &str, pieces: &mut Vec<Expression>) {
        let text = decode(self.text.get(from..end).unwrap_or_default(), prefix);
        add_text(pieces, self.place.unwrap_or_else(|| Span::new(from, end)), text);
    }

    /// `{value:{width}}`: the value, and the values within its format.
    fn interpolation(&mut self, node: Node<'_>, pieces: &mut Vec<Expression>) {
        if let Some(value) = node.child_by_field_name("expression") {
            // A text filled in, `{"a"}`, is as good as written.
            let value = self.expression(value);
            match value.kind {
                ExpressionKind::Literal(Literal::Text(text)) => add_text(pieces, value.span, text),
                _ => pieces.push(self.dated(value, node)),
            }
        }
        let Some(format) = node.child_by_field_name("format_specifier") else { return };
        for part in parts(format) {
            pieces.extend(self.field(part, "expression"));
        }
    }
}

impl Lowering<'_> {
    /// `{now:%Y-%m-%d}`: which part of a time is written says what the text means; other formats say nothing.
    fn dated(&mut self, value: Expression, node: Node<'_>) -> Expression {
        let Some(format) = node.child_by_field_name("format_specifier") else { return value };
        let text = self.text_of(format).trim_start_matches(':');
        if !text.contains('%') {
            return value;
        }
        let span = self.place.unwrap_or_else(|| Span::new(format.start_byte(), format.end_byte()));
        let format = Expression { span, kind: ExpressionKind::Literal(Literal::Text(text.to_owned())) };
        Expression {
            span: value.span,
            kind: ExpressionKind::Operator { operator: ":".to_owned(), operands: vec![value, format] },
        }
    }
}

/// Adds a text to the pieces, to the one before it where that is a text as well.
fn add_text(pieces: &mut Vec<Expression>, span: Span, text: String) {
    if text.is_empty() {
        return;
    }
    if let Some(Expression { span: before, kind: ExpressionKind::Literal(Literal::Text(already)) }) = pieces.last_mut()
    {
        before.end = span.end;
        already.push_str(&text);
        return;
    }
    pieces.push(Expression { span, kind: ExpressionKind::Literal(Literal::Text(text)) });
}

/// The value of a string's content, by its prefix (`f`, `rb`, ...): escapes decoded, doubled braces single, line ends `\n`.
pub(super) fn decode(content: &str, prefix: &str) -> String {
    let is_raw = prefix.contains('r');
    let is_format = prefix.contains(['f', 't']);
    let mut decoded = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find(['\\', '{', '}', '\r']) {
        let (before, tail) = rest.split_at(at);
        decoded.push_str(before);
        let mut characters = tail.chars();
        let first = characters.next().unwrap_or('\\');
        rest = characters.as_str();
        match first {
            '\\' if !is_raw => rest = escape(rest, !prefix.contains('b'), &mut decoded),
            '{' | '}' if is_format => {
                decoded.push(first);
                rest = rest.strip_prefix(first).unwrap_or(rest);
            }
            '\r' => {
                decoded.push('\n');
                rest = rest.strip_prefix('\n').unwrap_or(rest);
            }
            _ => decoded.push(first),
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Decodes one escape after its backslash and returns what follows it; unknown escapes stay as they are written.
fn escape<'text>(rest: &'text str, is_text: bool, decoded: &mut String) -> &'text str {
    let mut characters = rest.chars();
    let simple = match characters.next() {
        Some('\n') => return characters.as_str(),
        Some('\r') => return characters.as_str().strip_prefix('\n').unwrap_or(characters.as_str()),
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('v') => '\u{b}',
        Some(same @ ('\\' | '\'' | '"')) => same,
        Some('x') => return numbered(characters.as_str(), 2, 16, 'x', decoded),
        Some('u') if is_text => return numbered(characters.as_str(), 4, 16, 'u', decoded),
        Some('U') if is_text => return numbered(characters.as_str(), 8, 16, 'U', decoded),
        Some('0'..='7') => {
            let digits = rest.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            return numbered(rest, digits, 8, '0', decoded);
        }
        _ => {
            decoded.push('\\');
            return rest;
        }
    };
    decoded.push(simple);
    characters.as_str()
}

/// Decodes a character given by `count` digits; surrogates become U+FFFD, too few digits stay as written.
fn numbered<'text>(rest: &'text str, count: usize, radix: u32, letter: char, decoded: &mut String) -> &'text str {
    let digits = rest.get(..count).filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)));
    match digits.and_then(|digits| u32::from_str_radix(digits, radix).ok()) {
        Some(code) => {
            decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest.get(count..).unwrap_or_default()
        }
        None => {
            decoded.push('\\');
            decoded.push(letter);
            rest
        }
    }
}

/// The value of a number as written: `1_000`, `0xff`, `1e-3`, `10L`, `2j` (imaginary parts count as plain numbers).
pub(super) fn number(text: &str) -> f64 {
    let text = text.replace('_', "").to_ascii_lowercase();
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find(|(prefix, _)| text.starts_with(prefix));
    if let Some((prefix, radix)) = radix {
        let digits = text.trim_start_matches(prefix).chars().filter_map(|digit| digit.to_digit(radix));
        return digits.fold(0.0, |value, digit| value * f64::from(radix) + f64::from(digit));
    }
    text.trim_end_matches(['j', 'l']).parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{decode, number};

    #[test]
    fn escapes_are_decoded_as_python_does() {
        assert_eq!(decode(r"\x41\u0042\U00000043\104\n\\\q", ""), "ABCD\n\\\\q");
        assert_eq!(decode("a\\\nb\r\nc", ""), "ab\nc");
        assert_eq!(decode(r"\u0041\x41", "b"), r"\u0041A");
        assert_eq!(decode(r"\n{{}}", "rf"), r"\n{}");
        assert_eq!(decode(r"\xZ\ud800\", ""), "\\xZ\u{fffd}\\");
    }

    #[test]
    fn numbers_have_their_value() {
        let values = ["1_000", "0xFF", "0b11", "0o17", "10L", "2.5e3", "1.", ".5", "3j"].map(number);
        assert_eq!(values, [1000.0, 255.0, 3.0, 15.0, 10.0, 2500.0, 1.0, 0.5, 3.0]);
    }
}
