//! Comments of settings files that write them with `#`: YAML, TOML, environment files and their like.

use crate::model::{Comment, Span};

/// What a line begins in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Nothing,
    /// A text over several lines, up to these quotes.
    Quotes(&'static str),
    /// A text that goes on as long as lines are indented deeper than this.
    Block(usize),
}

/// The comments of a text. A `#` begins one at the start of a line or behind a blank, outside of quotes and of texts
/// that go over several lines.
pub fn comments(text: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    let mut within = Within::Nothing;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Within::Block(indent) = within
            && !line.trim().is_empty()
            && indent_of(line) <= indent
        {
            within = Within::Nothing;
        }
        let (at, next) = comment_in(line, within);
        if let Some(at) = at {
            let end = line.trim_end().len();
            let said = line.get(at..end).unwrap_or("").to_owned();
            found.push(Comment { span: Span::new(start + at, start + end), text: said });
        }
        within = next;
        start += line.len();
    }
    found
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the comment of a line begins, and what the next line begins in.
fn comment_in(line: &str, within: Within) -> (Option<usize>, Within) {
    let mut at = match within {
        Within::Block(_) => return (None, within),
        Within::Quotes(quotes) => match line.find(quotes) {
            Some(end) => end + quotes.len(),
            None => return (None, within),
        },
        Within::Nothing => 0,
    };
    let rest = |at: usize| line.get(at..).unwrap_or("");
    let is_after = |at: usize, holds: fn(char) -> bool| line.get(..at).is_some_and(|before| before.ends_with(holds));
    let mut comment = None;
    while let Some(character) = rest(at).chars().next() {
        if let Some(quotes) = ["\"\"\"", "'''"].into_iter().find(|quotes| rest(at).starts_with(quotes)) {
            match rest(at + 3).find(quotes) {
                Some(end) => at += 3 + end + 3,
                None => return (None, Within::Quotes(quotes)),
            }
            continue;
        }
        match character {
            '#' if at == 0 || is_after(at, char::is_whitespace) => {
                comment = Some(at);
                break;
            }
            // An apostrophe within a word opens nothing.
            '"' | '\'' if !is_after(at, char::is_alphanumeric) => at += closing(rest(at), character),
            other => at += other.len_utf8(),
        }
    }
    let code = line.get(..comment.unwrap_or(line.len())).unwrap_or("").trim_end();
    let mark = code.trim_end_matches(|character: char| character.is_ascii_digit() || "+-".contains(character));
    let before = mark.trim_end_matches(['|', '>']);
    let opens_block = before.len() < mark.len() && before.trim_end().ends_with([':', '-']);
    (comment, if opens_block { Within::Block(indent_of(line)) } else { Within::Nothing })
}

/// The length of what is in quotes on one line; a quote that nothing closes is a character.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            other if other == quote => return at + 1,
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        comments(text).into_iter().map(|comment| comment.text).collect()
    }

    #[test]
    fn comments_are_told_from_texts() {
        let text = "# one\na: b # two\nc: 'x # no' # three\nd: \"\\\" # no\"\ne: it's # four\n";
        assert_eq!(found(text), ["# one", "# two", "# three", "# four"]);
        assert_eq!(found("URL=http://x/#no\nA=1 # yes"), ["# yes"]);
        assert_eq!(found("run: |\n  # no\n\n  echo # no\nnext: 1 # yes\n"), ["# yes"]);
        assert_eq!(found("- >-\n  # no\n- x # yes\n"), ["# yes"]);
        assert_eq!(found("a = \"\"\"x\n# no\n\"\"\" # yes\nb = '''c''' # too"), ["# yes", "# too"]);
        assert_eq!(found("a: '\n# 한글\n'''"), ["# 한글"]);
    }
}
