//! Values that are written in pieces: `"sk-" + "..."`, adjacent literals.

use crate::{rules::secrets::Trigger, source::Span};

use super::{Hit, MOST_HITS, Scan};

/// Blanks and line breaks between two pieces, in bytes.
const LONGEST_GAP: usize = 120;

/// More seams than this in one text are no values.
const MOST_SEAMS: usize = 5000;

/// A text without its seams, and where they were.
struct Joined {
    text: String,
    /// Where each seam was in the joined text, and how many bytes were left out up to there.
    seams: Vec<(usize, usize)>,
}

impl Joined {
    fn of(text: &str, seams: &[(usize, usize)]) -> Joined {
        let mut joined = Joined { text: String::with_capacity(text.len()), seams: Vec::with_capacity(seams.len()) };
        let (mut from, mut left_out) = (0, 0);
        for (start, end) in seams {
            joined.text.push_str(text.get(from..*start).unwrap_or_default());
            left_out += end - start;
            joined.seams.push((joined.text.len(), left_out));
            from = *end;
        }
        joined.text.push_str(text.get(from..).unwrap_or_default());
        joined
    }

    /// Where a byte of the joined text is in the original.
    fn original(&self, at: usize) -> usize {
        let before = self.seams.partition_point(|(seam, _)| *seam <= at);
        at + before.checked_sub(1).and_then(|last| self.seams.get(last)).map_or(0, |(_, left_out)| *left_out)
    }

    fn has_seam_within(&self, start: usize, end: usize) -> bool {
        self.seams.iter().any(|(seam, _)| start < *seam && *seam < end)
    }
}

/// The places between a closing quote and the opening one of the next piece, both quotes included.
fn seams(bytes: &[u8]) -> Vec<(usize, usize)> {
    let is_of_value =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    while let Some(offset) = bytes.get(from..).and_then(|rest| rest.iter().position(|byte| b"\"'`".contains(byte))) {
        let start = from + offset;
        from = start + 1;
        let (Some(quote), true) = (bytes.get(start), is_of_value(start.checked_sub(1).and_then(|at| bytes.get(at))))
        else {
            continue;
        };
        let gap = bytes.get(start + 1..(start + 1 + LONGEST_GAP).min(bytes.len())).unwrap_or_default();
        let length = gap.iter().take_while(|byte| byte.is_ascii_whitespace() || b"+\\".contains(byte)).count();
        let end = start + 1 + length + 1;
        if length > 0 && gap.get(length) == Some(quote) && is_of_value(bytes.get(end)) {
            found.push((start, end));
            if found.len() >= MOST_SEAMS {
                break;
            }
        }
    }
    found
}

impl Scan<'_> {
    /// Looks for forms that stand in several literals.
    pub(super) fn look_for_joined(&mut self) {
        let seams = if self.is_code { seams(self.bytes) } else { Vec::new() };
        if seams.is_empty() {
            return;
        }
        let joined = Joined::of(self.text, &seams);
        let mut inner = Scan {
            text: &joined.text,
            bytes: joined.text.as_bytes(),
            hits: Vec::new(),
            cleared: Vec::new(),
            no_key_end: 0,
            ..*self
        };
        for found in self.shapes.search.find_overlapping_iter(&joined.text) {
            for trigger in self.shapes.triggers.get(found.pattern().as_usize()).into_iter().flatten() {
                if let Trigger::Form(shape, form) = *trigger {
                    inner.look_for_shape(shape, form, found.start());
                }
            }
            if inner.hits.len() >= MOST_HITS {
                break;
            }
        }
        for hit in inner.hits {
            let (start, end) = (hit.span.start as usize, hit.span.end as usize);
            if joined.has_seam_within(start, end) {
                let back = |at: u32| joined.original(at as usize);
                let hidden = Span::new(back(hit.hidden.start), back(hit.hidden.end));
                let span = Span::new(joined.original(start), joined.original(end.saturating_sub(1)) + 1);
                self.hits.push(Hit { span, hidden, ..hit });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_and_found_again() {
        let text = "a = (\"one\"\n     \"two\") + \"\" + \"x y\" + \" z\"; b = ['p', 'q']; c = 'r-' + 's'";
        let seams = seams(text.as_bytes());
        let joined = Joined::of(text, &seams);
        assert_eq!(joined.text, "a = (\"onetwo\") + \"\" + \"x y\" + \" z\"; b = ['p', 'q']; c = 'r-s'");
        for piece in ["two", "x y", "'p'", "s'"] {
            let at = joined.text.find(piece).expect("a piece");
            assert_eq!(joined.original(at), text.find(piece).expect("a piece"), "{piece}");
        }
    }
}
