//! One finding with its source, drawn by miette. The source goes through the cleaner first, with its span kept in
//! step, and columns are those of the finding: characters, as in every other format.

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};

use super::{Style, clean, layout};
use crate::verdict::{Excerpt, Location};

/// Lines shown before and after the line of the finding.
const BEFORE: usize = 1;
const AFTER: usize = 2;
/// Cells between tab stops.
const TAB: usize = 4;

/// Draws one finding. `message` is cleaned already.
pub(super) fn draw(message: &str, location: &Location, excerpt: &Excerpt, severity: Severity, style: &Style) -> String {
    let digits = location.line.saturating_add(AFTER as u32).to_string().len();
    let room = style.width.saturating_sub(digits + 5).max(16);
    let Some(view) = View::of(excerpt, room, style.unicode) else { return String::new() };
    let theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::ascii(),
        (false, false) => GraphicalTheme::none(),
    };
    // Wrapped here at spaces: miette would also break between the syllables of a Korean word.
    let message = layout::wrap(message, style.width.saturating_sub(6), true).join("\n");
    let snippet = Snippet { message, location, view, severity };
    let mut drawn = String::new();
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false).with_context_lines(1);
    // Writing to a string fails only if the span lies outside the source, which `View` rules out.
    let _ = handler.render_report(&mut drawn, &snippet);
    drawn
}

/// Cleaned source, cut to a window of cells around the finding.
#[derive(Debug, PartialEq)]
struct View {
    text: String,
    /// The 1-based number of the first line of `text`.
    first_line: usize,
    /// The finding's part of its first line, in bytes of `text`.
    start: usize,
    end: usize,
}

impl View {
    fn of(excerpt: &Excerpt, room: usize, unicode: bool) -> Option<View> {
        let source = excerpt.text.as_str();
        let start = boundary(source, excerpt.start);
        let end = boundary(source, excerpt.end).max(start);
        let marked = source.get(..start)?.matches('\n').count();
        let first = marked.saturating_sub(BEFORE);
        let line_start = source.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let lines = source.split('\n').skip(first).take(marked - first + 1 + AFTER);
        let lines: Vec<&str> = lines.map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let length = lines.get(marked - first)?.len();
        let from = (start - line_start).min(length);
        let to = (end - line_start).min(length).max(from);
        let mut cells: Vec<Vec<Cell>> = lines.iter().map(|line| cells_of(line)).collect();
        // Blank lines below the finding say nothing.
        while cells.len() > marked - first + 1 && cells.last().is_some_and(|line| line.iter().all(Cell::is_blank)) {
            cells.pop();
        }
        let window = Window::around(cells.get(marked - first)?, from, room);
        let mut view = View { text: String::new(), first_line: excerpt.first_line as usize + first, start: 0, end: 0 };
        for (number, line) in cells.iter().enumerate() {
            let offset = view.text.len();
            let shown = window.cut(line, unicode);
            if number == marked - first {
                (view.start, view.end) = shown.span(from, to);
                view.start += offset;
                view.end += offset;
            }
            view.text.push_str(&shown.text);
            view.text.push('\n');
        }
        let limit = view.text.len();
        view.start = view.start.min(limit);
        view.end = view.end.clamp(view.start, limit);
        Some(view)
    }
}

/// The nearest character boundary at or before an offset.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A character of the source as it is shown.
struct Cell {
    /// Where it is in the source line, in bytes.
    at: usize,
    shown: String,
    width: usize,
}

impl Cell {
    fn is_blank(&self) -> bool {
        self.shown.bytes().all(|byte| byte == b' ')
    }
}

fn cells_of(line: &str) -> Vec<Cell> {
    let mut column = 0;
    let mut cells = Vec::with_capacity(line.len());
    for (at, character) in line.char_indices() {
        let mut shown = String::new();
        match character {
            // A workflow command is broken up here already, so that the underline below stays exact.
            '[' if line.get(..at).is_some_and(|before| before.ends_with("##")) => shown.push_str(" ["),
            '\t' => shown.push_str(&" ".repeat(TAB - column % TAB)),
            hostile if clean::is_hostile(hostile) => clean::escape(hostile, &mut shown),
            other => shown.push(other),
        }
        let width = clean::cells(&shown);
        column += width;
        cells.push(Cell { at, shown, width });
    }
    cells
}

/// The cells of each line that are shown: all lines are cut alike, so that indentation stays true.
struct Window {
    start: usize,
    room: usize,
}

/// A line as shown, with where each of its cells begins: (byte in the source line, byte in the text).
struct Shown {
    text: String,
    places: Vec<(usize, usize)>,
    /// Byte of the text where the source's part ends.
    end: usize,
}

impl Window {
    fn around(line: &[Cell], from: usize, room: usize) -> Window {
        let before: usize = line.iter().take_while(|cell| cell.at < from).map(|cell| cell.width).sum();
        let total: usize = line.iter().map(|cell| cell.width).sum();
        let start = if total <= room || before < room / 2 { 0 } else { before - room / 4 };
        Window { start, room }
    }

    fn cut(&self, line: &[Cell], unicode: bool) -> Shown {
        let mark = if unicode { "…" } else { "..." };
        let total: usize = line.iter().map(|cell| cell.width).sum();
        let mut shown = Shown { text: String::new(), places: Vec::new(), end: 0 };
        let clips_start = self.start > 0 && total > self.start;
        let clips_end = total > self.start + self.room;
        let mark_cells = clean::cells(mark);
        let first = self.start + if clips_start { mark_cells } else { 0 };
        let last = self.start + self.room - if clips_end { mark_cells } else { 0 };
        if clips_start {
            shown.text.push_str(mark);
        }
        let mut column = 0;
        for cell in line {
            if column >= first && column + cell.width <= last {
                shown.places.push((cell.at, shown.text.len()));
                shown.text.push_str(&cell.shown);
            }
            column += cell.width;
        }
        shown.end = shown.text.len();
        if clips_end {
            shown.text.push_str(mark);
        }
        shown
    }
}

impl Shown {
    /// The bytes of the text that show the bytes `from..to` of the source line; never empty where there is text.
    fn span(&self, from: usize, to: usize) -> (usize, usize) {
        let place =
            |wanted: usize| self.places.iter().find(|(at, _)| *at >= wanted).map_or(self.end, |(_, shown)| *shown);
        let start = place(from);
        (start, place(to).max(start))
    }
}

/// A finding in miette's terms.
struct Snippet<'a> {
    message: String,
    location: &'a Location,
    view: View,
    severity: Severity,
}

impl std::fmt::Debug for Snippet<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::fmt::Display for Snippet<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Snippet<'_> {}

impl Diagnostic for Snippet<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.view.end - self.view.start;
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, (self.view.start, length)))))
    }
}

impl SourceCode for Snippet<'_> {
    /// Always gives the whole view. Asked without context it is for the header, whose line and column are those of the
    /// finding; asked with context it is for the lines, which are counted from the first one shown.
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let one_based = if before == 0 {
            (self.location.line as usize, self.location.column as usize)
        } else {
            (self.view.first_line, 1)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            clean::shown(&self.location.path),
            self.view.text.as_bytes(),
            SourceSpan::from((0, self.view.text.len())),
            one_based.0.saturating_sub(1),
            one_based.1.saturating_sub(1),
            self.view.text.matches('\n').count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, marked: &str) -> Excerpt {
        let start = text.find(marked).unwrap_or(0);
        Excerpt { first_line: 10, text: text.to_owned(), start, end: start + marked.len() }
    }

    fn location(line: u32, column: u32) -> Location {
        Location { path: "a.py".into(), line, column, end_line: line, end_column: column + 1 }
    }

    fn drawn(text: &str, marked: &str, width: usize) -> String {
        let style = Style { width, ..Style::default() };
        draw("m", &location(11, 5), &excerpt(text, marked), Severity::Error, &style)
    }

    #[test]
    fn underlines_stay_exact_beside_wide_and_hostile_characters() {
        let text = drawn("first\r\n\t한글 = \u{202e}call(x)\r\nlast\r\n", "call(x)", 80);
        let expected = "  × m\n    ╭─[a.py:11:5]\n 10 │ first\n 11 │     한글 = \\u{202e}call(x)\n    ·                    ───────\n 12 │ last\n    ╰────\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_finding() {
        let long = format!("{}call(x){}", "가".repeat(5_000), " + y".repeat(50_000));
        for width in [40, 80, 120] {
            let text = drawn(&format!("first\n{long}\n"), "call(x)", width);
            assert!(text.contains("call(x)"), "{text}");
            assert!(text.lines().all(|line| clean::cells(line) <= width), "{text}");
        }
    }

    #[test]
    fn spans_beyond_the_text_are_drawn_at_its_end() {
        for (start, end) in [(0, 0), (3, 900), (900, 901), (5, 2)] {
            let excerpt = Excerpt { first_line: 1, text: "a한b\n\nc".into(), start, end };
            let text = draw("m", &location(1, 1), &excerpt, Severity::Error, &Style::default());
            assert!(text.contains("a.py:1:1"));
        }
    }
}
