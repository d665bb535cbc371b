//! Excerpts of the text around findings, with credentials hidden.

use std::collections::BTreeMap;

use crate::collect::{Contents, Tree};
use crate::judge;
use crate::judge::conditions::exposure::FileHits;
use crate::source::{Span, decode};
use crate::verdict::*;

use super::redaction::Redaction;

/// The texts of a tree's files, read again for the few that are shown, with what must stay hidden in them.
pub(super) struct Texts<'t> {
    contents: &'t Contents,
    hits: BTreeMap<&'t str, &'t FileHits>,
    redaction: &'t Redaction,
    known: BTreeMap<String, Option<(String, Vec<Span>)>>,
}

impl<'t> Texts<'t> {
    pub(super) fn new(
        contents: &'t Contents,
        tree: &'t Tree,
        found: &'t [FileHits],
        redaction: &'t Redaction,
    ) -> Texts<'t> {
        let hits = tree.files.iter().map(|file| file.path.as_str()).zip(found).collect();
        Texts { contents, hits, redaction, known: BTreeMap::new() }
    }

    /// The source around a place.
    fn around(&mut self, location: &Location) -> Option<Excerpt> {
        let Texts { contents, hits, redaction, known } = self;
        let path = &location.path;
        let text = known.entry(path.clone()).or_insert_with(|| {
            let text = contents.bytes(path).ok().and_then(|bytes| decode(&bytes))?.text;
            let found = hits.get(path.as_str()).map(|found| judge::secrets::hidden(&found.hits, &text));
            let mut hidden = [found.unwrap_or_default(), redaction.hidden(&text)].concat();
            hidden.sort_unstable();
            Some((text, hidden))
        });
        text.as_ref().and_then(|(text, hidden)| excerpt(text, location, hidden))
    }

    /// One line, without the white space around it.
    pub(super) fn line(&mut self, path: &str, line: u32) -> Option<String> {
        let location = Location { path: path.to_owned(), line, column: 1, end_line: line, end_column: 1 };
        let excerpt = self.around(&location)?;
        let index = line.checked_sub(excerpt.first_line)?;
        excerpt.text.lines().nth(index as usize).map(|line| line.trim().to_owned())
    }
}

/// The source around each finding; credentials in it are left out.
pub(super) fn excerpts(
    contents: &Contents,
    findings: &mut [Finding],
    tree: &Tree,
    found: &[FileHits],
    redaction: &Redaction,
) {
    let mut texts = Texts::new(contents, tree, found, redaction);
    // What only git's history holds brings its own.
    for finding in findings.iter_mut().filter(|finding| finding.excerpt.is_none()) {
        finding.excerpt = texts.around(&finding.location);
    }
}

pub(super) fn excerpt(text: &str, location: &Location, hidden: &[Span]) -> Option<Excerpt> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = (location.line as usize).checked_sub(1)?;
    let first = line.saturating_sub(1);
    let last = (line + 3).min(lines.len());
    let base: usize = lines.get(..first)?.iter().map(|line| line.len()).sum();
    let before: usize = lines.get(first..line)?.iter().map(|line| line.len()).sum();
    let here = lines.get(line)?;
    let column = |column: u32| {
        here.char_indices().nth((column as usize).saturating_sub(1)).map_or(here.trim_end().len(), |(at, _)| at)
    };
    let start = column(location.column);
    let end = if location.end_line == location.line { column(location.end_column) } else { here.trim_end().len() };
    let shown = lines.get(first..last)?.concat();
    let (text, start, end) = masked(&shown, base, hidden, before + start, before + end.max(start));
    Some(Excerpt { first_line: u32::try_from(first + 1).ok()?, text, start, end })
}

/// A part of a text that begins at `base` without what is hidden in the text, and where two places of it are then.
pub(super) fn masked(part: &str, base: usize, hidden: &[Span], start: usize, end: usize) -> (String, usize, usize) {
    let within: Vec<&Span> =
        hidden.iter().filter(|span| (span.end as usize) > base && (span.start as usize) < base + part.len()).collect();
    let mut shown = String::with_capacity(part.len());
    let (mut new_start, mut new_end) = (None, None);
    let (mut next, mut until) = (0, 0);
    let mut is_open = false;
    for (at, character) in part.char_indices() {
        if at == start {
            new_start = Some(shown.len());
        }
        if at == end {
            new_end = Some(shown.len());
        }
        while let Some(span) = within.get(next).filter(|span| span.start as usize <= base + at) {
            until = until.max(span.end as usize);
            next += 1;
        }
        match character {
            '\n' | '\r' => is_open = false,
            _ if base + at < until => {
                if !is_open {
                    shown.push('…');
                }
                is_open = true;
                continue;
            }
            _ => is_open = false,
        }
        shown.push(character);
    }
    let whole = shown.len();
    let start = new_start.unwrap_or(whole);
    (shown, start, new_end.unwrap_or(whole).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_left_out_of_excerpts() {
        let text = "a\nkey = \"abcdSECRET\"\nb = 1\n";
        let location = Location { path: String::new(), line: 2, column: 8, end_line: 2, end_column: 18 };
        let shown = excerpt(text, &location, &[Span { start: 13, end: 19 }]).expect("an excerpt");
        assert_eq!(shown.text, "a\nkey = \"abcd…\"\nb = 1\n");
        assert_eq!(shown.text.get(shown.start..shown.end), Some("abcd…"));
        let lines = excerpt(text, &location, &[Span { start: 7, end: 24 }]).expect("an excerpt");
        assert_eq!(lines.text, "a\nkey =…\n… 1\n");
    }
}
