//! What the environment says about language, colour, drawing, width and readers. Asked once; everything below is told.

use std::{
    env,
    io::IsTerminal,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use super::arguments::{ColorChoice, Lang, Look};
use crate::{report::Format, rules::agents, verdict::Tongue};

/// The width of what is not a terminal.
const PIPED: usize = 80;
/// Wider lines are hard to read.
const WIDEST: usize = 120;

/// Looks a variable up.
type Variable = Box<dyn Fn(&str) -> Option<String>>;

/// Where the program runs.
pub struct Surroundings {
    variable: Variable,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
    /// Whether a person can be asked: standard input and standard output are a terminal.
    pub can_ask: bool,
    /// The terminal's width in cells.
    pub columns: Option<usize>,
}

impl Surroundings {
    /// The real ones.
    pub fn real() -> Surroundings {
        Surroundings {
            variable: Box::new(|name| env::var(name).ok()),
            is_terminal: std::io::stdout().is_terminal(),
            can_ask: std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
            columns: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        }
    }

    /// A pipe with these variables and no others, for tests.
    pub fn piped(variables: &[(&str, &str)]) -> Surroundings {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let variable =
            move |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        Surroundings { variable: Box::new(variable), is_terminal: false, can_ask: false, columns: None }
    }

    /// A variable that is set to something.
    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The language that was asked for by option or variable.
    ///
    /// # Errors
    /// A variable with a language that there is not.
    pub fn chosen_tongue(&self, look: &Look) -> Result<Option<Tongue>, String> {
        if let Some(lang) = look.lang {
            return Ok(Some(lang.into()));
        }
        match self.set("LAUNCHCHECK_LANG").as_deref() {
            None => Ok(None),
            Some("en") => Ok(Some(Lang::En.into())),
            Some("ko") => Ok(Some(Lang::Ko.into())),
            Some(other) => Err(format!("LAUNCHCHECK_LANG is `{other}`; languages are en and ko")),
        }
    }

    /// The language of the locale.
    pub fn locale_tongue(&self) -> Tongue {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| self.set(name));
        match locale {
            Some(locale) if locale.starts_with("ko") => Tongue::Korean,
            _ => Tongue::English,
        }
    }

    /// Whether to use colour: the option, then NO_COLOR, then FORCE_COLOR, then the terminal.
    pub fn color(&self, look: &Look) -> bool {
        match look.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.set("NO_COLOR").is_some() => false,
            ColorChoice::Auto => {
                let forced = ["FORCE_COLOR", "CLICOLOR_FORCE"].into_iter().filter_map(|name| self.set(name));
                forced.into_iter().any(|value| value != "0")
                    || (self.is_terminal && self.set("TERM").as_deref() != Some("dumb"))
            }
        }
    }

    /// Whether to draw beyond ASCII: always, except on a terminal whose locale says that it cannot.
    pub fn unicode(&self, look: &Look) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.set(name));
        let can = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        !look.ascii && (!self.is_terminal || can)
    }

    /// Whether this runs in continuous integration, as all services tell by `CI`.
    pub fn is_ci(&self) -> bool {
        self.set("CI").is_some_and(|value| !matches!(value.as_str(), "0" | "false"))
    }

    /// The folder for what is kept from run to run; none in CI, where no run knows the one before.
    pub fn cache(&self) -> Option<PathBuf> {
        if self.is_ci() {
            return None;
        }
        let absolute = |name: &str| self.set(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let shared = absolute("XDG_CACHE_HOME").or_else(|| absolute("LOCALAPPDATA"));
        let folder = shared.or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(folder.join("launchcheck"))
    }

    /// The day, `YYYY-MM-DD` in UTC: that of SOURCE_DATE_EPOCH, else the clock's.
    ///
    /// # Errors
    /// A variable that is no number of seconds.
    pub fn today(&self) -> Result<String, String> {
        let seconds = match self.set("SOURCE_DATE_EPOCH") {
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| format!("SOURCE_DATE_EPOCH is `{text}`; it is a number of seconds since 1970"))?,
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        };
        Ok(day(seconds / 86_400))
    }

    /// The format for whoever reads: people, unless a coding agent has started the program and looks at no terminal.
    pub fn format(&self) -> Format {
        let is_agent = || agents::known().iter().any(|agent| agent.is_at_work(&self.variable));
        if !self.is_terminal && is_agent() { Format::Agent } else { Format::Human }
    }

    /// Cells per line.
    pub fn width(&self) -> usize {
        match self.columns {
            Some(columns) if self.is_terminal => columns.min(WIDEST),
            _ => PIPED,
        }
    }
}

/// A day of the Gregorian calendar by its number since 1970. Years are counted from March, so that leap days come last.
fn day(number: u64) -> String {
    const CYCLE: u64 = 146_097;
    let shifted = number + 719_468;
    let (cycle, of_cycle) = (shifted / CYCLE, shifted % CYCLE);
    let of_year = |days: u64| (days - days / 1_460 + days / 36_524 - days / 146_096) / 365;
    let year = of_year(of_cycle);
    let day_of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = cycle * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(color: ColorChoice) -> Look {
        Look { lang: None, color, ascii: false }
    }

    #[test]
    fn the_locale_is_the_first_one_that_is_set() {
        let tongue = |variables: &[(&str, &str)]| Surroundings::piped(variables).locale_tongue();
        assert_eq!(tongue(&[("LANG", "ko_KR.UTF-8")]), Tongue::Korean);
        assert_eq!(tongue(&[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "C")]), Tongue::English);
        assert_eq!(tongue(&[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "")]), Tongue::Korean);
        assert_eq!(tongue(&[]), Tongue::English);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let today = |epoch| Surroundings::piped(&[("SOURCE_DATE_EPOCH", epoch)]).today();
        for (epoch, expected) in [
            ("0", "1970-01-01"),
            ("951782399", "2000-02-28"),
            ("951782400", "2000-02-29"),
            ("951868800", "2000-03-01"),
            ("1709164800", "2024-02-29"),
            ("1798761599", "2026-12-31"),
            ("4107542400", "2100-03-01"),
        ] {
            assert_eq!(today(epoch).as_deref(), Ok(expected), "{epoch}");
        }
        assert!(today("soon").is_err());
    }

    #[test]
    fn agents_get_their_format_where_there_is_no_terminal() {
        let format = |variables: &[(&str, &str)], is_terminal| {
            Surroundings { is_terminal, ..Surroundings::piped(variables) }.format()
        };
        assert_eq!(format(&[], false), Format::Human);
        for variable in ["CLAUDECODE", "CURSOR_AGENT", "GEMINI_CLI", "CODEX_SANDBOX", "AI_AGENT"] {
            assert_eq!(format(&[(variable, "1")], false), Format::Agent, "{variable}");
            assert_eq!(format(&[(variable, "1")], true), Format::Human, "{variable}");
            assert_eq!(format(&[(variable, "")], false), Format::Human, "{variable}");
            assert_eq!(format(&[(variable, "0")], false), Format::Human, "{variable}");
        }
        assert_eq!(format(&[("AGENT", "goose")], false), Format::Agent);
        assert_eq!(format(&[("AGENT", "build-01")], false), Format::Human);
    }

    #[test]
    fn an_unknown_language_is_an_error() {
        let chosen =
            |value| Surroundings::piped(&[("LAUNCHCHECK_LANG", value)]).chosen_tongue(&look(ColorChoice::Auto));
        assert_eq!(chosen("ko"), Ok(Some(Tongue::Korean)));
        assert_eq!(chosen(""), Ok(None));
        assert!(chosen("fr").is_err());
    }

    #[test]
    fn colour_follows_the_usual_variables() {
        let color = |variables: &[(&str, &str)], is_terminal| {
            Surroundings { is_terminal, ..Surroundings::piped(variables) }.color(&look(ColorChoice::Auto))
        };
        assert!(!color(&[], false));
        assert!(color(&[], true));
        assert!(color(&[("NO_COLOR", "")], true));
        assert!(!color(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true));
        assert!(color(&[("FORCE_COLOR", "1")], false));
        assert!(!color(&[("TERM", "dumb")], true));
        assert!(Surroundings::piped(&[("NO_COLOR", "1")]).color(&look(ColorChoice::Always)));
    }
}
