//! Directive blocks, the way web servers are configured: `http { server { limit_req zone=a burst=5; } }`.

use super::{
    container::numbers,
    tree::{DEPTH, ENTRIES},
};
use crate::model::{Literal, Lost, LostReason, Setting, Span};

/// One directive: its name, its arguments, and its block if it has one.
struct Directive {
    name: String,
    arguments: String,
    span: Span,
    block: Option<Vec<Directive>>,
}

/// Whether a text is written in directive blocks rather than in sections.
pub fn looks_like(text: &str) -> bool {
    let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    lines().any(|line| line.contains('{') || line.ends_with(';'))
        && !lines().any(|line| line.starts_with('[') && line.ends_with(']'))
}

/// Lowers directive blocks; of a broken file what was read before the break is kept.
pub fn lower(text: &str) -> (Vec<Setting>, Vec<Lost>) {
    let mut reader = Reader { text, at: 0, count: 0, lost: Vec::new() };
    let directives = reader.block(0);
    let mut found = Vec::new();
    flatten(&directives, &mut Vec::new(), &mut found);
    (found, reader.lost)
}

fn flatten(directives: &[Directive], keys: &mut Vec<String>, found: &mut Vec<Setting>) {
    let names: Vec<&str> = directives.iter().map(|directive| directive.name.as_str()).collect();
    for (directive, number) in directives.iter().zip(numbers(&names)) {
        let before = keys.len();
        keys.push(directive.name.clone());
        keys.extend(number);
        let is_empty = directive.block.as_ref().is_none_or(Vec::is_empty);
        if is_empty || !directive.arguments.is_empty() {
            found.push(Setting {
                keys: keys.clone(),
                value: Literal::Text(directive.arguments.clone()),
                span: directive.span,
            });
        }
        if let Some(block) = &directive.block {
            flatten(block, keys, found);
        }
        keys.truncate(before);
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    count: usize,
    lost: Vec<Lost>,
}

impl Reader<'_> {
    fn lose(&mut self, why: LostReason) {
        if self.lost.is_empty() {
            self.lost.push(Lost { span: Span::new(self.at, self.text.len()), why });
        }
        self.at = self.text.len();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The directives up to the closing brace of this block, or the end of the text.
    fn block(&mut self, depth: usize) -> Vec<Directive> {
        let mut found = Vec::new();
        loop {
            let mut words: Vec<String> = Vec::new();
            let start = self.at;
            let mut span: Option<Span> = None;
            let ending = loop {
                match self.word() {
                    Word::Text(word, place) => {
                        span = Some(span.map_or(place, |span| Span { start: span.start, end: place.end }));
                        words.push(word);
                    }
                    other => break other,
                }
            };
            let span = span.unwrap_or(Span::new(start, self.at));
            self.count += 1;
            if self.count > ENTRIES {
                self.lose(LostReason::Size);
            }
            let mut words = words.into_iter();
            let name = words.next();
            let arguments = words.collect::<Vec<_>>().join(" ");
            let block = match ending {
                Word::Opens if depth >= DEPTH => {
                    self.lose(LostReason::Depth);
                    None
                }
                Word::Opens => Some(self.block(depth + 1)),
                _ => None,
            };
            if let Some(name) = name {
                found.push(Directive { name, arguments, span, block });
            }
            match ending {
                Word::Closes if depth > 0 => return found,
                Word::Ends => {
                    if depth > 0 {
                        self.lose(LostReason::Syntax);
                    }
                    return found;
                }
                _ => {}
            }
        }
    }

    fn word(&mut self) -> Word {
        loop {
            let rest = self.rest();
            let kept = rest.trim_start();
            self.at += rest.len() - kept.len();
            if !self.rest().starts_with('#') {
                break;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Word::Ends };
        self.at += first.len_utf8();
        match first {
            ';' => return Word::Stops,
            '{' => return Word::Opens,
            '}' => return Word::Closes,
            '"' | '\'' => {
                let end = self.rest().find(first).unwrap_or(self.rest().len());
                let word = self.rest().get(..end).unwrap_or("").to_owned();
                self.at = (self.at + end + 1).min(self.text.len());
                return Word::Text(word, Span::new(start, self.at));
            }
            _ => {}
        }
        // `${NAME}` holds braces that open no block.
        let mut end = first.len_utf8();
        let mut inside = false;
        let rest = self.text.get(start..).unwrap_or("");
        for (at, character) in rest.char_indices().skip(1) {
            let before = rest.get(..at).unwrap_or("");
            match character {
                '{' if before.ends_with('$') => inside = true,
                '}' if inside => inside = false,
                _ if character.is_whitespace() || ";{}".contains(character) => break,
                _ => {}
            }
            end = at + character.len_utf8();
        }
        self.at = start + end;
        Word::Text(rest.get(..end).unwrap_or("").to_owned(), Span::new(start, self.at))
    }
}

#[derive(Debug, PartialEq)]
enum Word {
    Text(String, Span),
    /// `;`
    Stops,
    /// `{`
    Opens,
    /// `}`
    Closes,
    /// The text.
    Ends,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_key_paths() {
        let text = "# c\nhttp {\n  limit_req_zone $a zone=z:10m rate=1r/s;\n  server {\n    listen ${PORT};\n    location /api/ {\n      limit_req zone=z;\n    }\n    location = / { return 200 \"a;b\"; }\n  }\n}\n";
        let (entries, lost) = lower(text);
        assert_eq!(lost, []);
        let shown: Vec<_> = entries.iter().map(|entry| (entry.keys.join("."), entry.value.clone())).collect();
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(
            shown,
            [
                ("http.limit_req_zone".to_owned(), text("$a zone=z:10m rate=1r/s")),
                ("http.server.listen".to_owned(), text("${PORT}")),
                ("http.server.location.0".to_owned(), text("/api/")),
                ("http.server.location.0.limit_req".to_owned(), text("zone=z")),
                ("http.server.location.1".to_owned(), text("= /")),
                ("http.server.location.1.return".to_owned(), text("200 a;b")),
            ]
        );
    }

    #[test]
    fn hostile_texts_end() {
        assert_eq!(lower(&"a {".repeat(10_000)).1.first().map(|lost| lost.why), Some(LostReason::Depth));
        for text in ["", "}", "a", "a {", "\"", "a \"b", "}}}{;", "한 글;"] {
            let _ = lower(text);
        }
    }
}
