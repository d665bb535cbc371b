//! Names of credentials: `OPENAI_API_KEY`, `apiKey`, `X-Api-Key`, `Admin API key`.

use crate::rules::secrets::Lists;

use super::Scan;

/// Names longer than this are data, in bytes.
const LONGEST_NAME: usize = 100;

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    Key,
    /// Its value may be shorter.
    Password,
}

/// A name as its words in small letters, joined by `_`: `myApiKey2` is `my_api_key2`, `APIKey` is `api_key`.
pub(super) fn words(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut words = String::with_capacity(name.len() + 4);
    for (at, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            if !words.ends_with('_') && !words.is_empty() {
                words.push('_');
            }
            continue;
        }
        let previous = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after_small = previous.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let ends_capitals =
            previous.is_some_and(u8::is_ascii_uppercase) && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        if byte.is_ascii_uppercase() && (after_small || ends_capitals) && !words.ends_with('_') {
            words.push('_');
        }
        words.push(char::from(byte.to_ascii_lowercase()));
    }
    words.trim_end_matches('_').to_owned()
}

/// Whether `words` ends in the words `tail`.
pub(super) fn ends_in(words: &str, tail: &str) -> bool {
    words.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
}

/// Whether `words` holds the words `part`.
pub(super) fn holds(words: &str, part: &str) -> bool {
    words.match_indices(part).any(|(at, found)| {
        let before = words.get(..at).is_none_or(|rest| rest.is_empty() || rest.ends_with('_'));
        before && words.get(at + found.len()..).is_none_or(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

/// What a name (as its words) is the name of, if it is a credential's.
pub(super) fn kind(words: &str, lists: &Lists) -> Option<NameKind> {
    let mut core = words.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    while let Some(rest) = lists.name_tails.iter().find_map(|tail| core.strip_suffix(tail.as_str())?.strip_suffix('_'))
    {
        core = rest;
    }
    if !lists.names.iter().any(|name| ends_in(core, name)) || lists.not_names.iter().any(|not| holds(words, not)) {
        return None;
    }
    let is_password = lists.password_names.iter().any(|name| ends_in(core, name));
    Some(if is_password { NameKind::Password } else { NameKind::Key })
}

/// Whether a name (as its words) says that its value is a key to something, without saying of which kind: `acme_key`.
pub(super) fn is_vendors_key(words: &str, lists: &Lists) -> bool {
    words.strip_suffix("_key").is_some_and(|rest| !rest.is_empty())
        && !lists.not_names.iter().any(|not| holds(words, not))
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.$".contains(&byte)
}

impl Scan<'_> {
    /// The identifier around a place.
    pub(super) fn identifier_around(&self, at: usize) -> (usize, usize) {
        let before = self.bytes.get(at.saturating_sub(LONGEST_NAME)..at).unwrap_or_default();
        let mut start = at - before.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
        let after = self.bytes.get(at..(at + LONGEST_NAME).min(self.bytes.len())).unwrap_or_default();
        let end = at + after.iter().take_while(|byte| is_name_byte(**byte)).count();
        // The letter of an escape is none of the name.
        if self.before(start) == Some(b'\\') && self.byte(start).is_some_and(|byte| b"ntr".contains(&byte)) {
            start += 1;
        }
        (start.min(at), end)
    }

    /// The name that the value at `start` is given to, as far as its line tells: empty if it does not.
    pub(super) fn name_before(&self, start: usize) -> String {
        let mut at = start;
        let mut has_operator = false;
        for word in ["Bearer ", "Basic ", "Token ", "KakaoAK "] {
            if at >= word.len() && self.text.get(at - word.len()..at) == Some(word) {
                at -= word.len();
            }
        }
        for _ in 0..24 {
            match self.before(at) {
                Some(b'=' | b':' | b',' | b'>') => has_operator = true,
                Some(b'"' | b'\'' | b'`' | b'\\' | b'[' | b'(' | b']' | b' ' | b'\t' | b'|' | b'?' | b'{') => {}
                _ => break,
            }
            at -= 1;
        }
        let (name_start, name_end) = (self.identifier_start(at), at);
        let name = self.slice(name_start, name_end).trim_start_matches(['-', '.', '$']);
        let is_name = has_operator && name.len() <= 80 && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        let last = name.rsplit('.').next().unwrap_or_default();
        if is_name { last.to_owned() } else { String::new() }
    }

    fn identifier_start(&self, at: usize) -> usize {
        let before = self.bytes.get(at.saturating_sub(LONGEST_NAME)..at).unwrap_or_default();
        let start = at - before.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
        let escaped = self.before(start) == Some(b'\\') && self.byte(start).is_some_and(|byte| b"ntr".contains(&byte));
        if escaped && start < at { start + 1 } else { start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::secrets::Shapes;

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("myApiKey"), "my_api_key");
        assert_eq!(words("X-API-Key"), "x_api_key");
        assert_eq!(words("APIKey"), "api_key");
        assert_eq!(words("OPENAI_API_KEY"), "openai_api_key");
    }

    #[test]
    fn credentials_names_are_told_from_others() {
        let Ok(shapes) = Shapes::built_in() else { panic!("the built-in shapes are wrong") };
        let kind_of = |name: &str| kind(&words(name), &shapes.lists);
        for name in ["OPENAI_API_KEY", "apiKey", "ADMIN_TOKEN_PROD", "jwtSecret2", "Authorization", "x-api-key"] {
            assert_eq!(kind_of(name), Some(NameKind::Key), "{name}");
        }
        assert_eq!(kind_of("db.password"), Some(NameKind::Password));
        for name in
            ["max_tokens", "tokenizer", "primary_key", "publishableKey", "keyboard", "author", "pad_token", "key"]
        {
            assert_eq!(kind_of(name), None, "{name}");
        }
    }
}
