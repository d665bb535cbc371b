//! JSON as people write it: with comments, trailing commas and a byte order mark, every value with its span.

use super::tree::{DEPTH, Node, Value};
use crate::model::{Literal, Lost, LostReason, Span};

/// Reads a JSON text. What comes after an error is lost and said; what was read before it is kept.
pub fn parse(text: &str) -> (Option<Node>, Vec<Lost>) {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, lost: Vec::new() };
    reader.blank();
    let node = reader.value(0);
    reader.blank();
    if reader.lost.is_empty() && reader.at < text.len() {
        reader.lose(LostReason::Syntax);
    }
    (node, reader.lost)
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    lost: Vec<Lost>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn lose(&mut self, why: LostReason) {
        if self.lost.is_empty() {
            self.lost.push(Lost { span: Span::new(self.at, self.text.len()), why });
        }
    }

    /// Passes white space, comments and a byte order mark.
    fn blank(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let line_comment = rest.starts_with("//");
            if line_comment {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else {
                let kept =
                    rest.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
                if kept.len() == rest.len() {
                    return;
                }
                self.at += rest.len() - kept.len();
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        if depth > DEPTH {
            self.lose(LostReason::Depth);
            return None;
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Value::Scalar(Literal::Text(self.string()?)),
            _ => Value::Scalar(self.word()?),
        };
        Some(Node::new(Span::new(start, self.at), value))
    }

    fn map(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut entries = Vec::new();
        while self.another(b'}') {
            let key = if self.peek() == Some(b'"') { self.string() } else { None };
            self.blank();
            let (Some(key), Some(b':')) = (key, self.peek()) else {
                self.lose(LostReason::Syntax);
                break;
            };
            self.at += 1;
            self.blank();
            match self.value(depth + 1) {
                Some(node) => entries.push((key, node)),
                None => break,
            }
        }
        Value::Map(entries)
    }

    fn list(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut items = Vec::new();
        while self.another(b']') {
            match self.value(depth + 1) {
                Some(node) => items.push(node),
                None => break,
            }
        }
        Value::List(items)
    }

    /// Passes a comma, or the closing bracket (then there is no further item).
    fn another(&mut self, closing: u8) -> bool {
        if !self.lost.is_empty() {
            return false;
        }
        self.blank();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.blank();
        }
        match self.peek() {
            Some(byte) if byte == closing => {
                self.at += 1;
                false
            }
            None => {
                self.lose(LostReason::Syntax);
                false
            }
            Some(_) => true,
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        let mut end = start + 1;
        loop {
            match self.bytes.get(end) {
                Some(b'\\') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
                None => {
                    self.lose(LostReason::Syntax);
                    return None;
                }
            }
        }
        let quoted = self.text.get(start..=end)?;
        self.at = end + 1;
        // Raw control characters are no JSON, but they are no reason to lose a file either.
        let inner = || quoted.get(1..quoted.len() - 1).unwrap_or("").to_owned();
        Some(serde_json::from_str(quoted).unwrap_or_else(|_| inner()))
    }

    fn word(&mut self) -> Option<Literal> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let end = rest.find(|character: char| character.is_whitespace() || ",]}/:\"".contains(character));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or("");
        let literal = match word {
            "true" => Some(Literal::Boolean(true)),
            "false" => Some(Literal::Boolean(false)),
            "null" => Some(Literal::Null),
            _ => word.parse().ok().map(Literal::Number),
        };
        match literal {
            Some(_) => self.at += word.len(),
            None => self.lose(LostReason::Syntax),
        }
        literal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let text = "// c\n{ \"a\": [1, /* x */ \"b\\n\",], \"u\": \"http://x\", }";
        let (node, lost) = parse(text);
        assert_eq!(lost, []);
        let flat = node.map(|node| node.flatten()).unwrap_or_default();
        let keys: Vec<_> = flat.iter().map(|setting| setting.keys.join(".")).collect();
        assert_eq!(keys, ["a.0", "a.1", "u"]);
        let span = flat.first().map(|setting| setting.span).unwrap_or_default();
        assert_eq!(text.get(span.start as usize..span.end as usize), Some("1"));
    }

    #[test]
    fn hostile_texts_end() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep).1.first().map(|lost| lost.why), Some(LostReason::Depth));
        for text in ["", "{", "{\"a\"", "{\"a\":", "\"\\", "{\"a\":1 \"b\":2}", "{,}", "nope", "/*", "한{"] {
            let _ = parse(text);
        }
        assert_eq!(parse("{\"a\": 1, b: 2}").0.map(|node| node.flatten().len()), Some(1));
    }
}
