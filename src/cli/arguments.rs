//! The command line as people write it.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser};

use super::outcome::Outcome;
use crate::{
    report::Format,
    verdict::{Item, Tongue},
};

/// The pre-deployment checklist for LLM apps: twelve boxes, each with evidence.
#[derive(Debug, Parser)]
#[command(
    name = "launchcheck",
    version,
    about,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = Outcome::table()
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub check: Check,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit a repository (the default command)
    #[command(after_help = Outcome::table())]
    Check(Check),
    /// Say what an item or rule asks, why, and how to fix it
    Explain {
        /// An item (A1, timeouts) or a rule (missing-timeout)
        #[arg(value_name = "ITEM|RULE")]
        subject: String,
        /// Folder with further packs and catalogue files
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// List what the tool knows
    List { what: Listed },
    /// Show which files are looked at, which are not, and why
    Files {
        /// The repository or app
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Bring the check into a repository: configuration, workflow, commit hook, templates
    Init(Init),
    /// Print the JSON Schema of a format
    Schema { of: Schema },
    /// Print the completions of a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page
    Man {
        /// Write the page and those of all commands into this folder instead
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

/// Options of `init`.
#[derive(Args, Debug)]
pub struct Init {
    /// The repository or app
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write without asking
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Show only what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Only these parts
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub only: Vec<Part>,
}

/// What `init` takes care of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// launchcheck.toml with every key
    Config,
    /// The workflow for GitHub
    Workflow,
    /// The hook in .pre-commit-config.yaml
    PreCommit,
    /// The variables that the code needs, in .env.example
    EnvExample,
    /// Lines for environment files in .gitignore
    Gitignore,
}

/// Options of an audit.
#[derive(Args, Debug)]
pub struct Check {
    /// The repository or app to audit
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How many boxes may be unticked
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub max_unticked: usize,
    /// Items that must be ticked whatever the count, such as A1,E2
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = item)]
    pub require: Vec<Item>,
    /// Format of the report, by default human, or agent where a coding agent reads it
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// Write a further report to a file; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    pub output: Vec<Output>,
    /// Folder with further packs and catalogue files
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Show every finding, suppressed ones too
    #[arg(long)]
    pub all: bool,
    /// Leave with 0 where the gate is not passed
    #[arg(long)]
    pub exit_zero: bool,
    /// Print the verdict only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print all evidence and every file left out
    #[arg(short, long)]
    pub verbose: bool,
    /// Say on standard error where the time went
    #[arg(long)]
    pub timings: bool,
    /// Worker threads, by default one per core
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// Options of everything that is printed.
#[derive(Args, Debug, Default)]
pub struct Look {
    /// Language of the texts; also LAUNCHCHECK_LANG, else the locale
    #[arg(long, value_name = "LANG", global = true)]
    pub lang: Option<Lang>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: ColorChoice,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    En,
    Ko,
}

impl From<Lang> for Tongue {
    fn from(lang: Lang) -> Tongue {
        match lang {
            Lang::En => Tongue::English,
            Lang::Ko => Tongue::Korean,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// The twelve items
    Items,
    /// The rules and the items they belong to
    Rules,
    /// The libraries whose calls and guards are known
    Libraries,
    /// The formats of a report
    Formats,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// Of `--format json`
    Report,
}

/// One `--output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub format: Format,
    pub file: PathBuf,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .try_map(|name| Format::from_name(&name).ok_or_else(|| format!("unknown format `{name}`")))
}

fn output(text: &str) -> Result<Output, String> {
    let (name, file) = text.split_once('=').ok_or("expected FORMAT=FILE, such as json=report.json")?;
    let names = Format::ALL.map(Format::name).join(", ");
    let format = Format::from_name(name).ok_or_else(|| format!("unknown format `{name}`; formats are {names}"))?;
    if file.is_empty() {
        return Err("the file name is empty".to_owned());
    }
    if file == "-" {
        return Err(format!("standard output is what --format is for: --format {name}"));
    }
    Ok(Output { format, file: PathBuf::from(file) })
}

fn item(text: &str) -> Result<Item, String> {
    let ids = Item::ALL.map(Item::id).join(", ");
    Item::from_id(text.trim()).ok_or_else(|| format!("unknown item; items are {ids}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_path_needs_no_command() {
        let parse = |arguments: &[&str]| Arguments::try_parse_from(arguments).expect("valid");
        assert_eq!(parse(&["launchcheck"]).check.path, PathBuf::from("."));
        assert_eq!(parse(&["launchcheck", "app", "--require", "a1,E2"]).check.require, [Item::A1, Item::E2]);
        match parse(&["launchcheck", "check", "app", "--format", "json", "--lang", "ko"]).command {
            Some(Command::Check(check)) => {
                assert_eq!((check.path, check.format), (PathBuf::from("app"), Some(Format::Json)));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn outputs_name_a_format_and_a_file() {
        assert_eq!(output("json=a=b.json"), Ok(Output { format: Format::Json, file: "a=b.json".into() }));
        assert!(output("json").is_err());
        assert!(output("yaml=a").is_err());
        assert!(output("json=").is_err());
        assert!(output("json=-").is_err());
    }
}
