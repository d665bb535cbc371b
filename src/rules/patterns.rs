//! Patterns over canonical names: braces for alternatives, `*` for one segment or a part of it, `**` for any way to go
//! on.

use std::collections::BTreeMap;

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

impl Segment {
    /// Whether it holds for one segment of a name.
    fn fits(&self, part: &str) -> bool {
        match self {
            Segment::Text(text) => text == part,
            Segment::Any => true,
            Segment::AnyCall => part.ends_with("()"),
            Segment::Like(before, after) => {
                part.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
            }
            Segment::Rest => false,
        }
    }
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

/// Patterns by what they begin with, so that a name is held against those only that begin like it.
#[derive(Debug, Default)]
pub struct PatternTree {
    /// What goes on with a segment as written.
    texts: BTreeMap<String, PatternTree>,
    /// What goes on with any other segment.
    others: Vec<(Segment, PatternTree)>,
    /// What ends here.
    ends: Vec<usize>,
}

impl PatternTree {
    /// Adds a pattern under a number.
    pub fn add(&mut self, pattern: &[Segment], id: usize) {
        let Some((first, rest)) = pattern.split_first() else { return self.ends.push(id) };
        let next = match first {
            Segment::Text(text) => self.texts.entry(text.clone()).or_default(),
            other => {
                let known = self.others.iter().position(|(known, _)| known == other);
                let at = known.unwrap_or_else(|| {
                    self.others.push((other.clone(), PatternTree::default()));
                    self.others.len() - 1
                });
                &mut self.others[at].1
            }
        };
        next.add(rest, id);
    }

    /// Adds the numbers of the patterns that hold for the segments of a name, in no order and some more than once.
    pub fn find(&self, parts: &[&str], found: &mut Vec<usize>) {
        let rest = parts.split_first();
        match rest {
            None => found.extend(&self.ends),
            Some((part, rest)) => {
                if let Some(next) = self.texts.get(*part) {
                    next.find(rest, found);
                }
            }
        }
        for (segment, next) in &self.others {
            match (segment, rest) {
                (Segment::Rest, _) => {
                    (0..=parts.len()).for_each(|skip| next.find(parts.get(skip..).unwrap_or(&[]), found));
                }
                (segment, Some((part, rest))) if segment.fits(part) => next.find(rest, found),
                _ => {}
            }
        }
    }

    /// The numbers of the patterns that begin with these segments as written, in no order.
    pub fn below<'t>(&'t self, parts: &[&str]) -> impl Iterator<Item = usize> + use<'t> {
        let start = parts.iter().try_fold(self, |tree, part| tree.texts.get(*part));
        let mut open: Vec<&PatternTree> = start.into_iter().collect();
        std::iter::from_fn(move || {
            let tree = open.pop()?;
            open.extend(tree.texts.values().chain(tree.others.iter().map(|(_, next)| next)));
            Some(tree.ends.as_slice())
        })
        .flatten()
        .copied()
    }
}

/// A name once for each head that its braces stand for: `{a.b,c}.{d,e}` → `a.b.{d,e}`, `c.{d,e}`.
pub fn by_head(name: &str) -> Vec<String> {
    let mut depth = 0usize;
    let end = name.char_indices().find_map(|(at, character)| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    });
    let (head, rest) = name.split_at(end.unwrap_or(name.len()));
    expand(head).into_iter().map(|head| head + rest).collect()
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
        assert_eq!(by_head("{a.b,c}.{d,e}()"), ["a.b.{d,e}()", "c.{d,e}()"]);
        assert_eq!(by_head("a.{d,e}"), ["a.{d,e}"]);
    }

    /// The patterns of a row that hold for a name.
    fn found<'w>(written: &[&'w str], name: &str) -> Vec<&'w str> {
        let mut tree = PatternTree::default();
        written.iter().enumerate().for_each(|(id, each)| tree.add(&pattern(each), id));
        let mut found = Vec::new();
        tree.find(&segments(name).collect::<Vec<_>>(), &mut found);
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|id| written[id]).collect()
    }

    #[test]
    fn names_find_the_patterns_that_hold_for_them() {
        let written = ["a.b", "a.*.c", "a.**", "a.**.d", "a.*().c", "a.b*", "a.b.c", "*.b", "kit/model/*.count"];
        assert_eq!(found(&written, "a"), ["a.**"]);
        assert_eq!(found(&written, "a.b"), ["a.b", "a.**", "a.b*", "*.b"]);
        assert_eq!(found(&written, "a.b.c"), ["a.*.c", "a.**", "a.b.c"]);
        assert_eq!(found(&written, "a.f().c"), ["a.*.c", "a.**", "a.*().c"]);
        assert_eq!(found(&written, "a.x.y.d"), ["a.**", "a.**.d"]);
        assert_eq!(found(&written, "a.d"), ["a.**", "a.**.d"]);
        assert_eq!(found(&written, "c.b"), ["*.b"]);
        assert_eq!(found(&written, "kit/model/large.count"), ["kit/model/*.count"]);
        assert_eq!(found(&written, "kit/models.count"), [""; 0]);
    }

    #[test]
    fn what_begins_with_a_name_is_found() {
        let mut tree = PatternTree::default();
        ["a.b", "a.b.c.d", "a.b.*", "a.c"].iter().enumerate().for_each(|(id, each)| tree.add(&pattern(each), id));
        let mut below: Vec<usize> = tree.below(&["a", "b"]).collect();
        below.sort_unstable();
        assert_eq!(below, [0, 1, 2]);
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
