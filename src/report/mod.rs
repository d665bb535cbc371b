//! Stage 5: verdicts → bytes. One file per format, the cleaner in front of all of them.

use crate::{
    rules::packs::Packs,
    verdict::{Report, Tongue},
};

pub mod clean;
pub mod concise;
pub mod human;
pub mod json;
mod layout;
mod snippet;
pub mod words;

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The twelve boxes, the worst places of each unticked one, and what to do.
    Human,
    /// One line per finding, as compilers and editors like it.
    Concise,
    /// The whole report by the published schema.
    Json,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Human, Format::Concise, Format::Json];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Concise => "concise",
            Format::Json => "json",
        }
    }

    /// One sentence about it, for `launchcheck list formats`.
    pub fn summary(self) -> &'static str {
        match self {
            Format::Human => "twelve boxes, the worst places of each unticked one, and what to do",
            Format::Concise => "one line per finding: path:line:column: rule message [item]",
            Format::Json => "the whole report; its schema is printed by `launchcheck schema report`",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// How a report is shown. Decided once by the caller; nothing here looks at the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub tongue: Tongue,
    /// Terminal cells per line; less than 40 counts as 40. Only the human format wraps.
    pub width: usize,
    pub color: bool,
    /// Whether lines and ticks may be drawn with characters outside ASCII.
    pub unicode: bool,
    /// Every finding, suppressed ones too, instead of the worst three per item.
    pub all: bool,
    /// Only the verdict line.
    pub quiet: bool,
    /// Evidence of ticked boxes and every file that was left out, too.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            tongue: Tongue::English,
            width: 80,
            color: false,
            unicode: true,
            all: false,
            quiet: false,
            verbose: false,
        }
    }
}

/// Writes a report in a format. The text ends with a line break and holds nothing hostile.
pub fn render(report: &Report, packs: &Packs, format: Format, style: &Style) -> String {
    match format {
        Format::Human => human::render(report, packs, style),
        Format::Concise => concise::render(report, style),
        Format::Json => json::render(report, packs, style.tongue),
    }
}

/// Breaks a cleaned line into lines of at most `width` cells, at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    layout::wrap(text, width, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("yaml"), None);
    }
}
