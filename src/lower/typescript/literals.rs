//! Strings, templates' text and numbers: from how they are written to what they mean.

use super::syntax::Node;

/// The value of a quoted string, escapes decoded.
pub(super) fn string(node: Node<'_>) -> String {
    unescape(quoted(node.text()))
}

/// What stands between the quotes.
pub(super) fn quoted(written: &str) -> &str {
    let Some(quote) = written.chars().next().filter(|first| matches!(first, '"' | '\'' | '`')) else {
        return written;
    };
    let inner = written.get(1..).unwrap_or_default();
    inner.strip_suffix(quote).unwrap_or(inner)
}

/// Decodes the escapes of strings and templates. Halves of surrogate pairs become U+FFFD.
pub(super) fn unescape(written: &str) -> String {
    let mut decoded = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((plain, after)) = rest.split_once('\\') {
        decoded.push_str(plain);
        rest = escape(after, &mut decoded);
    }
    decoded.push_str(rest);
    decoded
}

/// Decodes one escape; `after` begins behind the backslash. Returns what follows the escape.
fn escape<'t>(after: &'t str, decoded: &mut String) -> &'t str {
    let mut characters = after.chars();
    let Some(first) = characters.next() else { return after };
    let rest = characters.as_str();
    let plain = match first {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' if !rest.starts_with(|next: char| next.is_ascii_digit()) => '\0',
        '\r' => return rest.strip_prefix('\n').unwrap_or(rest),
        '\n' | '\u{2028}' | '\u{2029}' => return rest,
        'x' | 'u' => {
            let Some((code, rest)) = code_point(first, rest) else {
                decoded.push(first);
                return rest;
            };
            return push_code_point(code, rest, decoded);
        }
        other => other,
    };
    decoded.push(plain);
    rest
}

/// Reads `41` of `\x41`, `0041` of `\u0041`, `{41}` of `\u{41}`.
fn code_point(letter: char, rest: &str) -> Option<(u32, &str)> {
    if letter == 'u'
        && let Some(braced) = rest.strip_prefix('{')
    {
        let (digits, rest) = braced.split_once('}')?;
        return Some((u32::from_str_radix(digits, 16).ok()?, rest));
    }
    let (digits, rest) = rest.split_at_checked(if letter == 'x' { 2 } else { 4 })?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

fn push_code_point<'t>(code: u32, rest: &'t str, decoded: &mut String) -> &'t str {
    if (0xD800..0xDC00).contains(&code)
        && let Some((low, after)) = rest.strip_prefix("\\u").and_then(|second| code_point('u', second))
        && (0xDC00..0xE000).contains(&low)
    {
        let pair = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        decoded.push(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER));
        return after;
    }
    decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

/// The value of a number: separators, all bases, and big integers (rounded).
pub(super) fn number(written: &str) -> Option<f64> {
    let digits: String = written.chars().filter(|character| *character != '_').collect();
    let digits = digits.strip_suffix('n').unwrap_or(&digits);
    let prefix = digits.get(..2).unwrap_or_default();
    match prefix {
        "0x" | "0X" => in_base(digits.get(2..)?, 16),
        "0o" | "0O" => in_base(digits.get(2..)?, 8),
        "0b" | "0B" => in_base(digits.get(2..)?, 2),
        _ if prefix.starts_with('0') && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')) => in_base(digits, 8),
        _ => digits.parse().ok(),
    }
}

fn in_base(digits: &str, base: u32) -> Option<f64> {
    digits.chars().try_fold(0.0, |value, digit| Some(value * f64::from(base) + f64::from(digit.to_digit(base)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_they_say() {
        assert_eq!(unescape(r"a\n\t\x41\u0042\u{1F600}\uD83D\uDE00\q\0"), "a\n\tAB\u{1F600}\u{1F600}q\0");
        assert_eq!(unescape("one \\\n two \\\r\n three"), "one  two  three");
        assert_eq!(unescape(r"\u12 \uD800 \"), "u12 \u{FFFD} ");
        assert_eq!(quoted("'it''"), "it'");
        assert_eq!(quoted("\""), "");
    }

    #[test]
    fn numbers_of_every_spelling() {
        let spellings = ["60_000", "0xff", "0b101", "0o17", "017", "089", "1e3", ".5", "5.", "123n", "0xFFn", "0"];
        let values = [60_000.0, 255.0, 5.0, 15.0, 15.0, 89.0, 1000.0, 0.5, 5.0, 123.0, 255.0, 0.0];
        for (spelling, value) in spellings.into_iter().zip(values) {
            assert_eq!(number(spelling), Some(value), "{spelling}");
        }
        assert_eq!(number("0x"), Some(0.0));
        assert_eq!(number("abc"), None);
    }
}
