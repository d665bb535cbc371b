//! The one cleaner in front of every output: nothing in an audited repository may drive a terminal, reorder text, or
//! speak to the machine that runs the check.
//!
//! `line`, `shown` and `block` clean what comes from a repository; `finish` and `finish_json` go over the finished bytes and
//! break up workflow commands, which may also arise where two harmless pieces meet.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Text for one line: controls, line breaks, bidirectional and invisible characters become visible escapes.
pub fn line(text: &str) -> String {
    clean(text, |character, out| match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => escape(other, out),
    })
}

/// Text for one line of a plain-text format: as `line`, with `##[` broken up before it is laid out.
pub fn shown(text: &str) -> String {
    line(text).replace("##[", "# #[")
}

/// Text of several lines: as `line`, but line breaks stay (`\r\n` becomes `\n`) and tabs become four spaces.
pub fn block(text: &str) -> String {
    clean(&text.replace("\r\n", "\n"), |character, out| match character {
        '\n' => out.push('\n'),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("    "),
        other => escape(other, out),
    })
}

fn clean(text: &str, mut replace: impl FnMut(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hostile(character) {
            replace(character, &mut out);
        } else {
            out.push(character);
        }
    }
    out
}

/// How one hostile character is shown: `\u{202e}`.
pub(super) fn escape(character: char, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
}

/// Characters that are not shown as themselves: controls, bidirectional controls, line separators, invisible ones.
/// The emoji variation selector is harmless and stays.
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0E}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The number of terminal cells that a cleaned character takes.
pub fn cells_of(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// The number of terminal cells that a cleaned line takes.
pub fn cells(text: &str) -> usize {
    text.chars().map(cells_of).sum()
}

/// The last pass over a finished plain-text output: breaks up workflow commands (`::` at the start of a line, `##[`
/// anywhere) and takes away trailing white space.
pub fn finish(output: &str) -> String {
    let mut finished = String::with_capacity(output.len());
    for line in output.lines() {
        let (content, styles) = split_trailing_styles(line);
        let content = content.trim_end().replace("##[", "# #[");
        match content.trim_start().strip_prefix("::") {
            Some(rest) => {
                let indent = content.len() - content.trim_start().len();
                finished.push_str(content.get(..indent).unwrap_or_default());
                finished.push_str(": :");
                finished.push_str(rest);
            }
            None => finished.push_str(&content),
        }
        finished.push_str(styles);
        finished.push('\n');
    }
    finished
}

/// Splits colour sequences off the end of a line, so that spaces before them count as trailing.
fn split_trailing_styles(line: &str) -> (&str, &str) {
    let mut end = line.len();
    while let Some(head) = line.get(..end) {
        let Some(start) = head.rfind('\u{1b}') else { break };
        let sequence = head.get(start..).unwrap_or_default();
        let is_style = sequence.strip_prefix("\u{1b}[").and_then(|rest| rest.strip_suffix('m'));
        if !is_style.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')) {
            break;
        }
        end = start;
    }
    line.split_at_checked(end).unwrap_or((line, ""))
}

/// The last pass over finished JSON: `##[` is written with an escape, so that parsing gives back what was meant.
pub fn finish_json(output: &str) -> String {
    output.replace("##[", "\\u0023#[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_become_visible() {
        assert_eq!(line("a\u{1b}[31mb\u{202e}c\nd\te\u{7}"), "a\\u{1b}[31mb\\u{202e}c\\nd\\te\\u{7}");
        assert_eq!(line("한글 🙂 ✔\u{fe0f}"), "한글 🙂 ✔\u{fe0f}");
        assert_eq!(block("a\r\n\tb\rc\u{9b}"), "a\n    b\\rc\\u{9b}");
    }

    #[test]
    fn workflow_commands_are_broken_up() {
        assert_eq!(finish("  ::error::x\nsee a::b\n1 ##[group]\n"), "  : :error::x\nsee a::b\n1 # #[group]\n");
        assert_eq!(finish_json("\"##[x\""), "\"\\u0023#[x\"");
    }

    #[test]
    fn no_line_ends_in_white_space() {
        assert_eq!(finish("a  \n b\t\n\u{1b}[1mc  \u{1b}[0m"), "a\n b\n\u{1b}[1mc\u{1b}[0m\n");
    }

    #[test]
    fn hangul_takes_two_cells() {
        assert_eq!(cells("한a글"), 5);
    }
}
