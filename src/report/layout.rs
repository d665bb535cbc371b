//! Lines of a plain-text report: colours, wrapping by terminal cells, indentation.

use super::clean;

/// Puts colours on text, or leaves it as it is.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) color: bool,
}

impl Paint {
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("1;32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Breaks a cleaned line into lines of at most `width` cells, at spaces where there are any. A token of more than
/// `width` cells is cut only when `cut` says so (places are never cut: they must stay clickable).
pub(super) fn wrap(text: &str, width: usize, cut: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = clean::cells(word);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut current));
            used = 0;
        }
        if used > 0 {
            current.push(' ');
            used += 1;
        }
        if length <= width || !cut {
            current.push_str(word);
            used += length;
            continue;
        }
        for character in word.chars() {
            let cells = clean::cells_of(character);
            if used > 0 && used + cells > width {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            current.push(character);
            used += cells;
        }
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

/// Adds wrapped text to an output: the first line behind `first`, the others behind as many spaces as `first` has cells.
pub(super) fn paragraph(out: &mut String, first: &str, text: &str, width: usize, paint: impl Fn(&str) -> String) {
    let indent = clean::cells(first);
    let room = width.saturating_sub(indent).max(8);
    for (number, line) in wrap(text, room, true).iter().enumerate() {
        if number == 0 {
            out.push_str(&paint(first));
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_by_cells() {
        assert_eq!(wrap("가나다 라마", 6, true), ["가나다", "라마"]);
        assert_eq!(wrap("가나다라", 5, true), ["가나", "다라"]);
        assert_eq!(wrap("a/very/long/path.py:1:2 x", 5, false), ["a/very/long/path.py:1:2", "x"]);
        assert_eq!(wrap("", 5, true), [""]);
    }
}
