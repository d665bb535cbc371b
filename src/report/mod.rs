//! Stage 5: verdicts → bytes. One file per format, the cleaner in front of all of them.

use crate::{
    rules::packs::Packs,
    verdict::{Report, Tongue},
};

pub mod agent;
pub mod badge;
pub mod clean;
pub mod concise;
pub mod explained;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod junit;
mod layout;
pub mod markdown;
mod order;
pub mod sarif;
mod snippet;
pub mod words;
mod xml;

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The twelve boxes, the worst places of each unticked one, and what to do.
    Human,
    /// One line per finding, as compilers and editors like it.
    Concise,
    /// The whole report by the published schema.
    Json,
    /// For code scanning pages and editors: SARIF 2.1.0.
    Sarif,
    /// Annotations of a pull request: workflow commands of GitHub Actions.
    Github,
    /// Code quality of a merge request on GitLab.
    Gitlab,
    /// Test results: five suites, twelve cases.
    Junit,
    /// The summary of a job, or a comment.
    Markdown,
    /// For coding agents: the verdict, and one line per gap with its fix.
    Agent,
    /// An SVG for a page.
    Badge,
}

impl Format {
    pub const ALL: [Format; 10] = [
        Format::Human,
        Format::Concise,
        Format::Json,
        Format::Sarif,
        Format::Github,
        Format::Gitlab,
        Format::Junit,
        Format::Markdown,
        Format::Agent,
        Format::Badge,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Concise => "concise",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
            Format::Agent => "agent",
            Format::Badge => "badge",
        }
    }

    /// One sentence about it, for `launchcheck list formats`.
    pub fn summary(self) -> &'static str {
        match self {
            Format::Human => "twelve boxes, the worst places of each unticked one, and what to do",
            Format::Concise => "one line per finding: path:line:column: rule message [item]",
            Format::Json => "the whole report; its schema is printed by `launchcheck schema report`",
            Format::Sarif => "SARIF 2.1.0 for code scanning pages and editors",
            Format::Github => "annotations of a pull request, as workflow commands for GitHub Actions",
            Format::Gitlab => "code quality of a merge request on GitLab",
            Format::Junit => "test results: a suite per stage, a case per box",
            Format::Markdown => "the summary of a job, or a comment on a pull request",
            Format::Agent => "for a coding agent: the verdict, then one line per gap with its fix",
            Format::Badge => "an SVG for a page: the score, or `ready`",
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
        Format::Sarif => sarif::render(report, packs, style.tongue),
        Format::Github => github::render(report, packs, style),
        Format::Gitlab => gitlab::render(report, packs, style.tongue),
        Format::Junit => junit::render(report, packs, style.tongue),
        Format::Markdown => markdown::render(report, packs, style),
        Format::Agent => agent::render(report, style),
        Format::Badge => badge::render(report, style.tongue),
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
