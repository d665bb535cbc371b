//! YAML: values from the parser, places found again in the text.
//!
//! The parser gives no positions, so each key is looked for in the lines that belong to its parent. What cannot be
//! found (behind an alias or a merge key) has the place of its parent.

use serde::Deserialize;

use super::tree::{DEPTH, Node, Value};
use crate::model::{Literal, Lost, LostReason, Span};

/// Bytes that are searched for keys in one file; a plain file of a megabyte stays far below.
const SEARCHED: usize = 64 << 20;
/// Open brackets at one place.
const BRACKETS: usize = 1_000;

/// Reads a YAML text. Several documents become one map (of maps) or one list after another.
pub fn parse(text: &str) -> (Vec<Node>, Vec<Lost>) {
    let mut nodes = Vec::new();
    let mut lost = Vec::new();
    if is_too_deep(text) {
        lost.push(Lost { span: Span::new(0, text.len()), why: LostReason::Depth });
        return (nodes, lost);
    }
    let mut from = 0;
    let mut finder = Finder { text, left: super::tree::ENTRIES, searched: SEARCHED };
    for document in serde_yaml_ng::Deserializer::from_str(text).take(200) {
        match serde_yaml_ng::Value::deserialize(document) {
            Ok(mut value) => {
                let _ = value.apply_merge();
                let end = document_end(text, from);
                nodes.push(finder.node(&value, Region { from, end }, Span::new(from, from), 0));
                from = end;
            }
            Err(error) => {
                let start = error.location().map_or(0, |location| location.index()).min(text.len());
                lost.push(Lost { span: Span::new(start, text.len()), why: LostReason::Syntax });
                break;
            }
        }
    }
    (nodes, lost)
}

/// Whether brackets are nested deeper than anybody writes: each level costs the parser a look at all levels above it.
/// Brackets in strings count, too; they are closed there or few.
fn is_too_deep(text: &str) -> bool {
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > BRACKETS
    })
}

/// Where the document that starts at `from` ends: before the next `---` line that follows some content.
fn document_end(text: &str, from: usize) -> usize {
    let mut at = from;
    let mut content = false;
    for line in text.get(from..).unwrap_or("").split_inclusive('\n') {
        if content && line.starts_with("---") {
            return at;
        }
        content |= !line.trim().is_empty() && !line.starts_with(['#', '%']) && line.trim_end() != "---";
        at += line.len();
    }
    text.len()
}

/// The part of the text that a value is written in.
#[derive(Clone, Copy)]
struct Region {
    from: usize,
    end: usize,
}

struct Finder<'t> {
    text: &'t str,
    /// How many more values are converted; aliases can make a small file a large value.
    left: usize,
    /// How many more bytes are searched for keys; after that values have the place of their parent.
    searched: usize,
}

impl Finder<'_> {
    fn node(&mut self, value: &serde_yaml_ng::Value, region: Region, span: Span, depth: usize) -> Node {
        use serde_yaml_ng::Value as Yaml;
        self.left = self.left.saturating_sub(1);
        if depth > DEPTH || self.left == 0 {
            return Node::new(span, Value::Scalar(Literal::Null));
        }
        let value = match value {
            Yaml::Null => Value::Scalar(Literal::Null),
            Yaml::Bool(truth) => Value::Scalar(Literal::Boolean(*truth)),
            Yaml::Number(number) => Value::Scalar(Literal::Number(number.as_f64().unwrap_or(f64::NAN))),
            Yaml::String(text) => Value::Scalar(Literal::Text(text.clone())),
            Yaml::Tagged(tagged) => return self.node(&tagged.value, region, span, depth + 1),
            Yaml::Sequence(items) => Value::List(self.items(items, region, span, depth)),
            Yaml::Mapping(mapping) => {
                let mut from = region.from;
                let mut entries = Vec::new();
                for (key, value) in mapping {
                    let Some(key) = key_text(key) else { continue };
                    let (place, inside) = match self.key(&key, Region { from, end: region.end }) {
                        Some((place, inside, next)) => {
                            from = next;
                            (place, inside)
                        }
                        None => (span, region),
                    };
                    entries.push((key, self.node(value, inside, place, depth + 1)));
                }
                Value::Map(entries)
            }
        };
        Node::new(span, value)
    }

    fn items(&mut self, items: &[serde_yaml_ng::Value], region: Region, span: Span, depth: usize) -> Vec<Node> {
        let starts = self.dashes(region);
        let mut nodes = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let (place, inside) = match starts.get(number) {
                Some(from) if starts.len() == items.len() => {
                    let end = starts.get(number + 1).map_or(region.end, |next| *next);
                    let place = self.rest_of_line(*from + 1);
                    (place, Region { from: *from + 1, end })
                }
                _ => (span, region),
            };
            nodes.push(self.node(item, inside, place, depth + 1));
        }
        nodes
    }

    /// The offsets of the dashes that begin the items of a block sequence.
    fn dashes(&self, region: Region) -> Vec<usize> {
        let mut found = Vec::new();
        let mut first = None;
        let mut at = region.from;
        for line in self.text.get(region.from..region.end).unwrap_or("").split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let after = line.get(indent..).unwrap_or("");
            // The first piece may begin inside a line: its column counts from the start of that line.
            let column = at + indent - self.line_start(at);
            let is_dash = after.starts_with('-') && after.get(1..2).is_none_or(|next| " \r\n".contains(next));
            if is_dash && *first.get_or_insert(column) == column {
                found.push(at + indent);
            }
            at += line.len();
        }
        found
    }

    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
    }

    /// The span of the value that begins after `from` on the same line, without a comment.
    fn rest_of_line(&self, from: usize) -> Span {
        let line = self.text.get(from..).and_then(|rest| rest.split(['\n', '\r']).next()).unwrap_or("");
        let line = line.find(" #").and_then(|comment| line.get(..comment)).unwrap_or(line);
        let start = from + line.len() - line.trim_start().len();
        Span::new(start, (from + line.trim_end().len()).max(start))
    }

    /// Finds `key:` in a region: the span of its value, the region that belongs to it, and where its siblings go on.
    fn key(&mut self, key: &str, region: Region) -> Option<(Span, Region, usize)> {
        let mut searched = region.from;
        loop {
            let rest = self.text.get(searched..region.end)?;
            let found = rest.find(key);
            self.searched = self.searched.checked_sub(found.unwrap_or(rest.len()))?;
            let at = searched + found?;
            let after = at + key.len();
            searched = at + key.chars().next()?.len_utf8();
            let before = self.text.get(..at)?.chars().next_back();
            let line_start = self.line_start(at);
            let lead = self.text.get(line_start..at)?;
            self.searched = self.searched.checked_sub(lead.len())?;
            let quoted = matches!(before, Some('"' | '\''));
            let opens = before.is_none_or(|character| " \n\t{,\"'-".contains(character));
            let is_comment = lead.trim_start().starts_with('#') || lead.contains(" #");
            let tail = self.text.get(after..)?;
            let tail = if quoted { tail.strip_prefix(['"', '\'']).unwrap_or(tail) } else { tail };
            let colon = tail.trim_start_matches(' ');
            if !opens || is_comment || !colon.starts_with(':') {
                continue;
            }
            let value_from = self.text.len() - colon.len() + 1;
            if self.text.get(value_from..value_from + 1).is_some_and(|next| !" \r\n\t[{\"'".contains(next)) {
                continue;
            }
            let place = self.rest_of_line(value_from);
            let column = at - line_start - usize::from(quoted);
            let is_flow = !lead.trim_start_matches([' ', '-', '"', '\'']).is_empty();
            if is_flow {
                let inside = Region { from: value_from, end: region.end };
                return Some((self.flow_scalar(place), inside, value_from));
            }
            let end = self.block_end(value_from, region.end, column);
            return Some((place, Region { from: value_from, end }, end));
        }
    }

    /// Inside brackets a plain scalar ends before the next comma or bracket.
    fn flow_scalar(&self, place: Span) -> Span {
        let (start, end) = (place.start as usize, place.end as usize);
        let written = self.text.get(start..end).unwrap_or("");
        match written.find([',', '}', ']']) {
            Some(stop) if !written.starts_with(['[', '{', '"', '\'']) => Span::new(start, start + stop),
            _ => place,
        }
    }

    /// Where the block of a key at a column ends: before the next line that is not further in.
    fn block_end(&self, from: usize, limit: usize, column: usize) -> usize {
        let mut at = from;
        for (number, line) in self.text.get(from..limit).unwrap_or("").split_inclusive('\n').enumerate() {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            let is_blank = content.trim().is_empty() || content.starts_with('#');
            let is_item = indent == column && content.starts_with("- ");
            if number > 0 && !is_blank && indent <= column && !is_item {
                return at;
            }
            at += line.len();
        }
        limit
    }
}

fn key_text(key: &serde_yaml_ng::Value) -> Option<String> {
    use serde_yaml_ng::Value as Yaml;
    match key {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(String, String)> {
        let (nodes, lost) = parse(text);
        assert_eq!(lost, []);
        let settings = nodes.iter().flat_map(Node::flatten);
        let place = |span: Span| text.get(span.start as usize..span.end as usize).unwrap_or("?").to_owned();
        settings.map(|setting| (setting.keys.join("."), place(setting.span))).collect()
    }

    #[test]
    fn places_are_found_again() {
        let text = "# name: no\nname: a # c\nlist:\n- name: b\n  port: 1\n- name: c\nflow: {x: 1, y: [2, 3]}\nlast: |\n  name: z\n";
        let expected = [
            ("name", "a"),
            ("list.0.name", "b"),
            ("list.0.port", "1"),
            ("list.1.name", "c"),
            ("flow.x", "1"),
            ("flow.y.0", "[2, 3]}"),
            ("flow.y.1", "[2, 3]}"),
            ("last", "|"),
        ];
        let expected: Vec<_> = expected.iter().map(|(key, place)| ((*key).to_owned(), (*place).to_owned())).collect();
        assert_eq!(places(text), expected);
    }

    #[test]
    fn documents_follow_each_other() {
        let found = places("---\nkind: a\n---\nkind: b\n");
        assert_eq!(found, [("kind".to_owned(), "a".to_owned()), ("kind".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn aliases_and_hostile_texts_end() {
        let found = places("base: &b\n  k: 1\nuse:\n  <<: *b\n  z: 2\n");
        assert!(found.iter().any(|(key, _)| key == "use.k"), "{found:?}");
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (name, last) in
            ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        {
            bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{last}"); 9].join(", ")));
        }
        let _ = parse(&bomb);
        let _ = parse(&"[".repeat(20_000));
        let _ = parse("{{ template }}\na: [\n");
    }
}
