//! Regular expressions that the path of a request must match.

use regex::RegexBuilder;

/// The longest pattern that is tried out, in bytes.
const PATTERN: usize = 300;
/// How large what is made of a pattern may be, in bytes.
const SIZE: usize = 1 << 16;

/// Whether a path fits a pattern as it is written in the program, `/^\/api\//i`; none where that cannot be told: a part of
/// the path may be anything, or the pattern is none that is understood here.
pub(super) fn fits(written: &str, path: &str) -> Option<bool> {
    let (pattern, flags) = written.strip_prefix('/')?.rsplit_once('/')?;
    let is_plain = !path.contains([':', '{', '[', '<', '*']);
    if pattern.len() > PATTERN || !is_plain && pattern.contains('$') {
        return None;
    }
    let pattern = RegexBuilder::new(pattern).case_insensitive(flags.contains('i')).size_limit(SIZE).build().ok()?;
    let fixed = path.find([':', '{', '[', '<', '*']).and_then(|at| path.get(..at)).unwrap_or(path);
    let is_matched = pattern.is_match(fixed);
    (is_plain || is_matched).then_some(is_matched)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn what_is_written_decides() {
        assert_eq!(fits(r"/^\/api\//", "/api/chat"), Some(true));
        assert_eq!(fits(r"/^\/api\/(chat|ask)$/", "/api/cards"), Some(false));
        assert_eq!(fits(r"/^\/api\//", "/api/chat/[id]"), Some(true));
        assert_eq!(fits(r"/^\/api\/chat\/7/", "/api/chat/[id]"), None);
        assert_eq!(fits(r"/^(?!\/health)/", "/api/chat"), None);
    }
}
