//! Regular expressions that a text must match: one whose matches end bounds the text.

/// Whether all that a pattern matches from its first to its last character is of some greatest length: it is held at both
/// ends, and nothing in it repeats without end.
pub(super) fn ends(pattern: &str) -> bool {
    let pattern = match pattern.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
        // With `m` the ends are those of a line, with `g` and `y` a match begins where the last one ended.
        Some((_, flags)) if flags.contains(['m', 'g', 'y']) => return false,
        Some((pattern, _)) => pattern,
        None => pattern,
    };
    let held = pattern.strip_prefix('^').or_else(|| pattern.strip_prefix("\\A"));
    let held = held.and_then(|rest| {
        let is_end = |end: &str| rest.strip_suffix(end).filter(|before| !is_escaped(before));
        is_end("$").or_else(|| is_end("\\Z")).or_else(|| is_end("\\z"))
    });
    held.is_some_and(is_finite)
}

/// Whether the next character is taken as it is: an odd number of backslashes stands before it.
fn is_escaped(before: &str) -> bool {
    before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Whether nothing in a pattern repeats without end, and no alternative of it leaves the ends open.
fn is_finite(pattern: &str) -> bool {
    let mut rest = pattern.chars().peekable();
    // The groups around, each with whether it only looks at what comes.
    let mut groups: Vec<bool> = Vec::new();
    let mut is_looking = false;
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            '[' => skip_class(&mut rest),
            '(' => {
                groups.push(is_looking);
                is_looking |= looks(&mut rest);
            }
            ')' => is_looking = groups.pop().unwrap_or(false),
            '|' if groups.is_empty() => return false,
            '*' | '+' if !is_looking => return false,
            '{' if !is_looking && is_open(&mut rest) => return false,
            _ => {}
        }
    }
    groups.is_empty()
}

type Characters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// Goes on to the end of a class: in `[^*+]` they are characters.
fn skip_class(rest: &mut Characters<'_>) {
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            ']' => return,
            _ => {}
        }
    }
}

/// Whether a group takes nothing of the text: `(?=.*[0-9])`, `(?!admin)`.
fn looks(rest: &mut Characters<'_>) -> bool {
    if rest.next_if_eq(&'?').is_none() {
        return false;
    }
    rest.next_if(|next| matches!(next, '=' | '!')).is_some()
}

/// Whether a number of times has no end: `{8,}`.
fn is_open(rest: &mut Characters<'_>) -> bool {
    let mut last = '{';
    while let Some(character) = rest.next_if(|next| next.is_ascii_digit() || *next == ',') {
        last = character;
    }
    last == ',' && rest.peek() == Some(&'}')
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn patterns_that_end() {
        for pattern in [
            "/^[a-z]{2}$/",
            "/^[A-Z]{2}(-[a-z]{2,8})?$/i",
            r"/^(?=.*\d)[\w*+]{8,20}$/",
            r"^\d{4}-\d{2}$",
            r"\A\+?\d{8,15}\Z",
            "/^(small|large)$/u",
        ] {
            assert!(ends(pattern), "{pattern}");
        }
        for pattern in [
            "/^[a-z]+$/",
            "/^.*$/",
            "/[a-z]{2}/",
            "/^[a-z]{2}/",
            "/^a|b$/",
            "/^[a-z]{2,}$/",
            "/^[a-z]{2}$/m",
            r"/^[a-z]{2}\$/",
            "^(a{2})+$",
        ] {
            assert!(!ends(pattern), "{pattern}");
        }
    }
}
