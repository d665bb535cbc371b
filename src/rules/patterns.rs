//! Patterns over canonical names: braces for alternatives, `*` for one segment or a part of it, `**` for any way to go
//! on.

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Text(String),
    /// One segment, whatever it is.
    Any,
    /// One segment that is a call, whatever is called.
    AnyCall,
    /// A segment with anything in one place: `model/*`.
    Like(String, String),
    /// Any way to go on, also none.
    Rest,
}

/// The pattern of a name without braces.
pub fn pattern(name: &str) -> Vec<Segment> {
    segments(name).map(segment).collect()
}

/// The segments of a canonical name: split at dots.
pub fn segments(name: &str) -> impl Iterator<Item = &str> {
    name.split('.').filter(|segment| !segment.is_empty())
}

fn segment(text: &str) -> Segment {
    match text {
        "*" => Segment::Any,
        "*()" => Segment::AnyCall,
        "**" => Segment::Rest,
        text => match text.split_once('*') {
            Some((before, after)) => Segment::Like(before.to_owned(), after.to_owned()),
            None => Segment::Text(text.to_owned()),
        },
    }
}

/// Whether a pattern holds for the segments of a name.
pub fn matches(pattern: &[Segment], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((Segment::Rest, tail)), _) => {
            tail.is_empty() || (0..=parts.len()).any(|skip| matches(tail, parts.get(skip..).unwrap_or(&[])))
        }
        (Some((first, pattern)), Some((part, parts))) => {
            let fits = match first {
                Segment::Text(text) => text == part,
                Segment::Any => true,
                Segment::AnyCall => part.ends_with("()"),
                Segment::Like(before, after) => {
                    part.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
                }
                Segment::Rest => false,
            };
            fits && matches(pattern, parts)
        }
        _ => false,
    }
}

/// `a.{b,c}.d` → `a.b.d`, `a.c.d`; braces may hold dots and may nest.
pub fn expand(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0usize;
    let mut starts = vec![open + 1];
    let mut close = None;
    for (at, character) in pattern.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    close = Some(at);
                    break;
                }
            }
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
    }
    let Some(close) = close else { return vec![pattern.to_owned()] };
    let (before, after) = (pattern.get(..open).unwrap_or(""), pattern.get(close + 1..).unwrap_or(""));
    let mut all = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(close, |next| next - 1);
        let middle = pattern.get(*start..end).unwrap_or("");
        all.extend(expand(&format!("{before}{middle}{after}")));
    }
    all
}

/// Why a name, or a part of one, is misspelt, and what to write instead.
pub fn misspelling(name: &str) -> Option<(String, &'static str)> {
    if name.contains(char::is_whitespace) {
        return Some((format!("`{name}` has a space, which no name has"), "one string for each name"));
    }
    if name.contains("::") {
        return Some((format!("`{name}` is written with `::`"), "write dots: `library.Client.new`"));
    }
    (name.matches('{').count() != name.matches('}').count())
        .then(|| (format!("the braces of `{name}` do not close"), "`a.{b,c}` stands for `a.b` and `a.c`"))
}

/// Why a name with its braces can match nothing, and what to write instead.
pub fn mistake(name: &str) -> Option<(String, &'static str)> {
    if name == "|" {
        return None;
    }
    if name.is_empty() {
        return Some(("an empty name matches nothing".to_owned(), "write the module, then the way to the function"));
    }
    if let Some(misspelling) = misspelling(name) {
        return Some(misspelling);
    }
    if let Some(set) = name.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(set, _)| set) {
        return Some((format!("there is no set `{set}`"), "add it under [sets], or write the names out"));
    }
    expand(name).iter().find_map(|each| {
        if each.starts_with('.') || each.ends_with('.') || each.contains("..") {
            return Some((
                format!("`{each}` has an empty part between its dots, which no name has"),
                "one name on each side of a dot",
            ));
        }
        let is_odd = |part: &str| {
            let mut rest = part;
            while let Some(shorter) = rest.strip_suffix("()").or(rest.strip_suffix("[]")) {
                rest = shorter;
            }
            rest.contains(['(', ')', '[', ']', '{', '}', '<', '>', ',', '=', '"'])
        };
        segments(each).any(is_odd).then(|| {
            (
                format!("`{each}` is no canonical name"),
                "a call is `()` and an index `[]`, without what stands in them: `library.Client().chat`",
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_wildcards() {
        assert_eq!(expand("a.{b,c.{d,e}}()"), ["a.b()", "a.c.d()", "a.c.e()"]);
        let pattern = pattern("x.*().**");
        let fits = |name: &str| matches(&pattern, &segments(name).collect::<Vec<_>>());
        assert!(fits("x.y().z.w") && fits("x.y()") && !fits("x.y.z"));
        let like = super::pattern("kit/model/*.count");
        assert!(matches(&like, &["kit/model/large", "count"]) && !matches(&like, &["kit/models", "count"]));
    }

    #[test]
    fn names_that_match_nothing() {
        for name in ["", "a.b c", "a::b", "a.{b,c", "a..b", ".a", "a.", "a.f(x).b", "a.{b,}.c", "<Client>.a"] {
            assert!(mistake(name).is_some(), "{name}");
        }
        for name in ["|", "std.println!", "@scope/name.default().a", "a.b()()[]", "*.x", "a{,.b}.c", "std.env!"] {
            assert!(mistake(name).is_none(), "{name}: {:?}", mistake(name));
        }
    }
}
