//! The one cleaner in front of every output: nothing in an audited repository may drive a terminal, reorder text, or
//! speak to the machine that runs the check.
//!
//! `line`, `shown` and `block` clean what comes from a repository. What is read by more than eyes needs more: `prose` and
//! `code` for Markdown, `xml`, `uri`, `plain_message` for SARIF, `command_data` and `command_property` for the runner of
//! workflow commands; each of them cleans first. `finish` and `finish_json` go over the finished bytes and break up
//! workflow commands, which may also arise where two harmless pieces meet.

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

/// Text or an attribute's value in XML. `>` is escaped so that no `]]>` can arise, quotes so that no attribute ends early,
/// and what XML 1.0 cannot hold at all is shown as an escape. Line breaks stay. Workflow commands are broken up for those
/// who print the file into a build log; a parser gives them back as they were meant.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in block(text).split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let line = line.replace('&', "&amp;").replace("##[", "##&#91;");
        let line = match line.trim_start().strip_prefix("::") {
            Some(rest) => format!("{}&#58;:{rest}", " ".repeat(line.len() - line.trim_start().len())),
            None => line,
        };
        for character in line.chars() {
            match character {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                '\u{fffe}' | '\u{ffff}' => escape(character, &mut out),
                other => out.push(other),
            }
        }
    }
    out
}

/// A path as a relative URI reference (RFC 3986): every byte outside `A-Z a-z 0-9 - . _ ~ /` as `%XX`. A `:` too, which
/// would make a scheme of the first part, and `%`, `?` and `#`, which would end the path.
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in line(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A plain message of a SARIF log, in which `[text](target)` would be a link: `](` is broken up.
pub fn plain_message(text: &str) -> String {
    line(text).replace("](", "] (")
}

/// What follows the second `::` of a workflow command. The runner takes `%25`, `%0D` and `%0A` back, so a `%` of the
/// text must be escaped, too. Line breaks stay line breaks; what they lead to may not look like a further command.
pub fn command_data(text: &str) -> String {
    finish(&block(text)).trim_end().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command: as its data, and `:` and `,` would end it. A property is one line.
pub fn command_property(text: &str) -> String {
    shown(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// A sentence in Markdown. What stands between backquotes becomes code; so does every other word that Markdown or the
/// site that shows it could take for more than a word (markup, HTML, links, mentions, issue numbers, emoji).
/// `in_table`: for a cell, where a pipe ends the cell even inside code.
pub fn prose(text: &str, in_table: bool) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((quoted, after)) = after.split_once('`') else { break };
        words(before, in_table, &mut out);
        if !quoted.is_empty() {
            push_code(quoted, in_table, &mut out);
        }
        rest = after;
    }
    words(rest, in_table, &mut out);
    out
}

/// Adds text without pairs of backquotes, word by word. Punctuation around a word that becomes code stays outside.
fn words(text: &str, in_table: bool, out: &mut String) {
    for (number, word) in text.split(' ').enumerate() {
        if number > 0 {
            out.push(' ');
        }
        if is_plain_word(word) {
            out.push_str(word);
            continue;
        }
        let rest = word.trim_start_matches(OPENING);
        let core = rest.trim_end_matches(CLOSING);
        out.push_str(word.strip_suffix(rest).unwrap_or_default());
        push_code(core, in_table, out);
        out.push_str(rest.strip_prefix(core).unwrap_or_default());
    }
}

/// Punctuation before and after words.
const OPENING: [char; 3] = ['(', '"', '\''];
const CLOSING: [char; 9] = ['.', ',', ':', ';', '!', '?', '"', '\'', ')'];

/// Adds a code span, apart from one before it: two that touch are read as one.
fn push_code(text: &str, in_table: bool, out: &mut String) {
    if out.ends_with('`') {
        out.push(' ');
    }
    out.push_str(&code(text, in_table));
}

/// Whether a word means nothing but itself wherever it stands in a line of Markdown.
fn is_plain_word(word: &str) -> bool {
    let inner = word.trim_start_matches(OPENING).trim_end_matches(CLOSING);
    let is_plain = |each: char| each.is_alphanumeric() || !each.is_ascii() || "-/'\"()%=+,;".contains(each);
    // A commit's hash and an issue's key (`ABC-1`) become links, dashes alone a rule or a list.
    let is_hash = inner.len() >= 7 && inner.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_key = inner
        .split_once('-')
        .is_some_and(|(key, number)| key.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_number(number));
    let is_rule = !inner.is_empty() && inner.bytes().all(|byte| matches!(byte, b'-' | b'+'));
    inner.chars().all(is_plain) && !is_hash && !is_key && !is_rule
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name as a code span of Markdown: between more backquotes than it holds in a row. Nothing in it is read as markup.
pub fn code(text: &str, in_table: bool) -> String {
    let mut text = line(text);
    if in_table {
        text = without_cell_ends(&text);
    }
    let longest = text.split(|each| each != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One space on each side is taken away again, where the text is not all spaces.
    let needs_room = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    match text.trim().is_empty() {
        true => format!("{fence}\u{2423}{fence}"),
        false if needs_room => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// Escapes pipes for a table cell. A backslash takes what follows it along, so that a run of them before a pipe must be
/// of odd length; where the text has an even one before it, it shows one more.
fn without_cell_ends(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut backslashes = 0;
    for character in text.chars() {
        if character == '|' {
            out.push_str(if backslashes % 2 == 0 { "\\" } else { "\\\\" });
        }
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        out.push(character);
    }
    // The cell's own end must not be taken along either.
    if backslashes % 2 == 1 {
        out.push(' ');
    }
    out
}

/// Text of several lines as a fenced block of Markdown: the fence is longer than any in it. `language`: ours, or empty.
pub fn fenced(text: &str, language: &str) -> String {
    let text = block(text);
    let longest = text.split(|each| each != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
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
    fn xml_holds_text_and_nothing_else() {
        assert_eq!(xml("a]]><b c='d\"'>&amp;"), "a]]&gt;&lt;b c=&#39;d&quot;&#39;&gt;&amp;amp;");
        assert_eq!(
            xml("::error::x\n  ::a\n##[group]\u{ffff}\u{1b}"),
            "&#58;:error::x\n  &#58;:a\n##&#91;group]\\u{ffff}\\u{1b}"
        );
    }

    #[test]
    fn paths_become_relative_uris() {
        assert_eq!(uri("a b/한.py"), "a%20b/%ED%95%9C.py");
        assert_eq!(uri("c:/?q#f%41\n"), "c%3A/%3Fq%23f%2541%5Cn");
    }

    #[test]
    fn workflow_commands_are_escaped_by_the_runners_rules() {
        assert_eq!(command_property("a,b:c%0A::d\n"), "a%2Cb%3Ac%250A%3A%3Ad\\n");
        assert_eq!(command_data("50%\n::error::x ##[group]\n"), "50%25%0A: :error::x # #[group]");
    }

    #[test]
    fn markdown_is_prose_and_code() {
        assert_eq!(
            prose("`a|b` has no limit (3 × 3 = 9), 한글입니다.", false),
            "`a|b` has no limit (3 × 3 = 9), 한글입니다."
        );
        assert_eq!(prose("see @octocat, #1 or <b> *x*", false), "see `@octocat`, `#1` or `<b>` `*x*`");
        assert_eq!(
            prose("https://a.b www.a.b a@b.c :x: deadbeef GH-1", false),
            "`https://a.b` `www.a.b` `a@b.c` `:x`: `deadbeef` `GH-1`"
        );
        assert_eq!(prose("one ` only", false), "one `` ` `` only");
        assert_eq!(prose("`a``<b>", false), "`a` `` `<b> ``");
        assert_eq!(code("a``b`", false), "``` a``b` ```");
        assert_eq!(code("a|b\\|c\\", true), "`a\\|b\\\\\\|c\\ `");
        assert_eq!(code("  ", false), "`␣`");
        assert_eq!(fenced("a\n```\nb\n", "rust"), "````rust\na\n```\nb\n````");
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
