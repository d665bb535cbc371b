//! Text as it was written: bytes decoded to UTF-8, spans into it, and the lines and columns that people read.

pub mod order;
pub mod toml;

use serde::{Deserialize, Serialize};

/// A range of bytes `start..end` in one file's decoded text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// A span from byte offsets; offsets beyond 4 GiB are clamped (no file of that size is read).
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { start: clamp(start), end: clamp(end) }
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A place as people and editors read it: 1-based lines, 1-based columns counted in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Whether a path pattern that the audited tree brings may be compiled: no path is as long, and compiling goes into every
/// brace.
pub fn is_bounded_pattern(pattern: &str) -> bool {
    pattern.len() <= 4096 && pattern.matches('{').count() <= 32
}

/// A range in a file: path relative to the root with `/`, 1-based lines, 1-based columns in characters, end exclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

/// Where each line of a text starts, to turn offsets into positions without keeping the text.
/// Columns need the text only on lines with characters outside ASCII, whose surplus bytes are kept here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    starts: Vec<u32>,
    /// Offsets of UTF-8 continuation bytes, ascending: each makes a column one smaller than its byte offset.
    continuations: Vec<u32>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        let mut lines = Lines { starts: vec![0], continuations: Vec::new() };
        for (offset, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                lines.starts.push(u32::try_from(offset + 1).unwrap_or(u32::MAX));
            } else if byte & 0xC0 == 0x80 {
                lines.continuations.push(u32::try_from(offset).unwrap_or(u32::MAX));
            }
        }
        lines
    }

    /// The number of lines (a text without a line break has one).
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The position of a byte offset; offsets beyond the end give the last line.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.continuations.partition_point(|at| *at < start);
        let until = self.continuations.partition_point(|at| *at < offset);
        let surplus = u32::try_from(until - before).unwrap_or(0);
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: offset.saturating_sub(start) - surplus + 1 }
    }

    /// The byte offset at which a 1-based line starts.
    pub fn start_of(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }
}

/// A decoded text, and what was lost on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub text: String,
    /// The encoding that was found: `utf-8`, `utf-16le`, `utf-16be`, or the one a coding cookie names.
    pub encoding: &'static str,
    /// Whether bytes had to be replaced because they are not valid in that encoding.
    pub damaged: bool,
}

/// Decodes a file: byte order marks, then a coding cookie in the first two lines, then UTF-8.
/// Returns `None` for binary content (NUL bytes outside UTF-16).
pub fn decode(bytes: &[u8]) -> Option<Decoded> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Some(Decoded { text: text.into_owned(), encoding: name_of(encoding), damaged });
    }
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        return decode_unmarked_utf16(bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Decoded { text: text.to_owned(), encoding: "utf-8", damaged: false });
    }
    let encoding = cookie(bytes).unwrap_or(encoding_rs::UTF_8);
    let (text, _, damaged) = encoding.decode(bytes);
    Some(Decoded { text: text.into_owned(), encoding: name_of(encoding), damaged })
}

/// UTF-16 without a mark: every other byte of mostly ASCII text is NUL.
fn decode_unmarked_utf16(bytes: &[u8]) -> Option<Decoded> {
    let sample = &bytes[..bytes.len().min(512)];
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let half = sample.len() / 2;
    let encoding = if half > 1 && zeros(1) * 10 > half * 7 && zeros(0) == 0 {
        encoding_rs::UTF_16LE
    } else if half > 1 && zeros(0) * 10 > half * 7 && zeros(1) == 0 {
        encoding_rs::UTF_16BE
    } else {
        return None;
    };
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    Some(Decoded { text: text.into_owned(), encoding: name_of(encoding), damaged })
}

fn name_of(encoding: &'static encoding_rs::Encoding) -> &'static str {
    match encoding.name() {
        "UTF-8" => "utf-8",
        "UTF-16LE" => "utf-16le",
        "UTF-16BE" => "utf-16be",
        other => other,
    }
}

/// The encoding named by a `coding:` cookie (PEP 263) in the first two lines.
fn cookie(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head: Vec<&[u8]> = bytes.splitn(3, |byte| *byte == b'\n').take(2).collect();
    head.into_iter().find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let (_, after) = line.split_once("coding")?;
        let label: String = after
            .trim_start_matches([':', '=', ' ', '\t'])
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || "-_.".contains(*character))
            .collect();
        // Python says cp949 and uhc where the encoding standard says euc-kr.
        let label = if matches!(label.as_str(), "cp949" | "uhc") { "euc-kr" } else { label.as_str() };
        encoding_rs::Encoding::for_label(label.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = '한글' # b\nnext";
        let lines = Lines::of(text);
        let hash = u32::try_from(text.find('#').unwrap_or(0)).unwrap_or(0);
        assert_eq!(lines.position(hash), Position { line: 1, column: 10 });
        assert_eq!(lines.position(hash + 5), Position { line: 2, column: 2 });
    }

    #[test]
    fn decodes_what_people_commit() {
        assert_eq!(decode(b"\xff\xfea\0b\0").map(|d| d.text), Some("ab".into()));
        assert_eq!(decode(b"k\0e\0y\0=\0").map(|d| d.encoding), Some("utf-16le"));
        assert_eq!(
            decode(b"# -*- coding: cp949 -*-\n\xc7\xd1").map(|d| d.text),
            Some("# -*- coding: cp949 -*-\n한".into())
        );
        assert_eq!(decode(b"\x7fELF\0\0\0\x01\x02"), None);
        assert_eq!(decode(b"ok \xff").map(|d| d.damaged), Some(true));
    }
}
