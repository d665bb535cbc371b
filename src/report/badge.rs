//! A badge for a page: `launchcheck 9/12`, or `ready`. It refers to nothing outside of itself, and its widths do not
//! depend on the fonts of whoever looks at it.

use super::{words, xml::Element};
use crate::verdict::{Audit, Report, Tongue};

const LABEL: &str = "launchcheck";
/// Space on each side of a text, height of the badge, size of the letters: in pixels.
const PADDING: f64 = 6.0;
const HEIGHT: u32 = 20;
const LETTERS: f64 = 11.0;

/// Draws the badge.
pub fn render(report: &Report, tongue: Tongue) -> String {
    let (value, color) = value(&report.audit, tongue);
    let title = format!("{LABEL}: {}", words::verdict(&report.audit, tongue));
    let (label_width, value_width) = (width(LABEL), width(&value));
    let (left, right) = ((label_width + 2.0 * PADDING).round(), (value_width + 2.0 * PADDING).round());
    let total = left + right;
    let rectangle = |x: f64, width: f64, fill: &str| {
        Element::new("rect").with("x", x).with("width", width).with("height", HEIGHT).with("fill", fill)
    };
    let text = |x: f64, width: f64, said: &str| {
        Element::new("text").with("x", x).with("y", 14).with("textLength", format!("{width:.1}")).saying(said)
    };
    let round = Element::new("clipPath")
        .with("id", "round")
        .holding([Element::new("rect").with("width", total).with("height", HEIGHT).with("rx", 3)]);
    let boxes = Element::new("g")
        .with("clip-path", "url(#round)")
        .holding([rectangle(0.0, left, "#444"), rectangle(left, right, color)]);
    let texts = Element::new("g")
        .with("fill", "#fff")
        .with("text-anchor", "middle")
        .with("font-family", "Verdana,Geneva,DejaVu Sans,sans-serif")
        .with("font-size", LETTERS)
        .holding([text(left / 2.0, label_width, LABEL), text(left + right / 2.0, value_width, &value)]);
    let badge = Element::new("svg")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .with("width", total)
        .with("height", HEIGHT)
        .with("role", "img")
        .with("aria-label", &title)
        .holding([Element::new("title").saying(&title), round, boxes, texts]);
    let mut out = String::new();
    badge.write(&mut out, 0);
    out
}

/// What the badge says, and on which colour; white on each is readable (contrast of 4.5 and more).
fn value(audit: &Audit, tongue: Tongue) -> (String, &'static str) {
    let score = format!("{}/{}", audit.score(), audit.boxes.len());
    let is_trusted = audit.reasons().is_empty();
    match (audit.gate.empty, audit.is_ready(), is_trusted, tongue) {
        (true, _, _, Tongue::English) => ("no app".to_owned(), "#6b6b6b"),
        (true, _, _, Tongue::Korean) => ("앱 없음".to_owned(), "#6b6b6b"),
        (_, true, true, Tongue::English) => ("ready".to_owned(), "#2a7f3a"),
        (_, true, true, Tongue::Korean) => ("준비됨".to_owned(), "#2a7f3a"),
        (_, true, false, _) => (format!("{score}?"), "#8a6100"),
        (_, false, ..) => (score, "#c0392b"),
    }
}

/// The width of a text in pixels, by the advance widths of Verdana; a Korean syllable is as wide as it is high.
fn width(text: &str) -> f64 {
    let per_mille: u32 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'l' => 274,
            'j' => 344,
            'f' | ' ' => 352,
            't' => 394,
            'r' => 427,
            '/' => 454,
            'c' | 's' => 521,
            'z' => 525,
            '?' => 545,
            'k' | 'v' | 'x' | 'y' => 592,
            'a' | 'e' => 598,
            'o' => 607,
            'b' | 'd' | 'g' | 'p' | 'q' => 623,
            'h' | 'n' | 'u' => 633,
            '0'..='9' => 636,
            'w' => 818,
            'm' => 973,
            _ => 1000,
        })
        .sum();
    f64::from(per_mille) * LETTERS / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_letters() {
        assert!((width("launchcheck") - 68.4).abs() < 0.5, "{}", width("launchcheck"));
        assert!((width("준비") - 22.0).abs() < f64::EPSILON);
        assert!(width("12/12") > width("9/12"));
    }
}
