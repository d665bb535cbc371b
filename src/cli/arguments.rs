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
    after_help = Outcome::table(),
    after_long_help = after_long_help()
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
    #[command(after_help = Outcome::table(), after_long_help = after_long_help())]
    Check(Check),
    /// Say what an item or rule asks, why, and how to fix it; or how a line of the code stands
    ///
    /// For a line with a call, an entry point, a guard or a function: the ways from the entry points to it with every
    /// guard that stands on them, and what each item that asks about it says.
    Explain(Explain),
    /// List what the tool knows, or the environment variables that an application reads
    List(List),
    /// Show which files are looked at, which are not, and why
    Files {
        /// The repository or app
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Bring the check into a repository: configuration, workflow, commit hook, templates
    Init(Init),
    /// Bring the guards themselves into a repository: a library to copy, and the lines that wire it
    Guards {
        #[command(subcommand)]
        command: Guards,
    },
    /// Print the configuration that holds, and where each part of it is written
    Config {
        /// The repository or app
        #[arg(default_value = ".")]
        path: PathBuf,
        #[command(flatten)]
        configuration: Configured,
    },
    /// Write the findings of today into a baseline, so that --new-only fails on others only
    #[command(args_conflicts_with_subcommands = true)]
    Baseline {
        #[command(subcommand)]
        action: Option<BaselineAction>,
        #[command(flatten)]
        known: BaselineArguments,
    },
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

/// Options of `explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// An item (A1, timeouts), a rule (missing-timeout), or a place (app/main.py:12)
    #[arg(value_name = "ITEM|RULE|PATH:LINE")]
    pub subject: String,
    /// The repository or app that PATH belongs to [default: the current folder, as for an audit; for a file outside of
    /// it, the git repository around it]
    #[arg(value_name = "ROOT")]
    pub root: Option<PathBuf>,
    #[command(flatten)]
    pub configuration: Configured,
    /// Folder with further packs and catalogue files
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// Options of `list`.
#[derive(Args, Debug)]
pub struct List {
    pub what: Listed,
    /// The repository or app whose variables are listed (`env`); only libraries with this in their name (`libraries`)
    #[arg(value_name = "PATH|NAME")]
    pub of: Option<PathBuf>,
    /// Write the variables as an .env.example, without values (`env`)
    #[arg(long)]
    pub example: bool,
    /// Folder with further catalogue files (`libraries`) and packs
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Guards {
    /// Copy the guard library of a language, and say what to paste where
    Add(Add),
}

/// Options of `guards add`.
#[derive(Args, Debug)]
pub struct Add {
    /// Whose library
    pub language: GuardLanguage,
    /// The repository or app
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Folder to copy into, relative to PATH; by default within the application's own code
    #[arg(long, value_name = "DIR")]
    pub to: Option<String>,
    /// Show only what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Replace files that are there and differ
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GuardLanguage {
    Python,
    #[value(alias = "javascript")]
    Typescript,
}

impl GuardLanguage {
    pub fn name(self) -> &'static str {
        match self {
            GuardLanguage::Python => "python",
            GuardLanguage::Typescript => "typescript",
        }
    }
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

#[derive(Debug, Subcommand)]
pub enum BaselineAction {
    /// Remove the entries that no finding matches any more
    Prune(BaselineArguments),
}

#[derive(Args, Debug)]
pub struct BaselineArguments {
    /// The repository or app
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The baseline, by default launchcheck-baseline.toml in PATH
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    #[command(flatten)]
    pub configuration: Configured,
    /// Folder with further packs and catalogue files
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// Where the configuration is.
#[derive(Args, Debug)]
pub struct Configured {
    /// Take the configuration from a file instead of the audited tree
    #[arg(help_heading = CONFIGURATION, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Take no configuration at all
    #[arg(help_heading = CONFIGURATION, hide_short_help = true, long, conflicts_with = "config")]
    pub isolated: bool,
}

/// What `--help` says beyond `-h`.
const SURROUNDINGS: &str = "\
Environment:
  LAUNCHCHECK_LANG             language of all texts: en or ko
  LC_ALL, LC_MESSAGES, LANG    language of what people read, where nothing else says
  NO_COLOR, FORCE_COLOR        never, always use colour
  CI                           what could not be checked counts as failed

Files:
  launchcheck.toml             configuration, in the root of the audited tree or in .github;
                               `launchcheck init` writes one with every key
  launchcheck-baseline.toml    what was open when it was written

Examples:
  launchcheck                                     audit the current folder
  launchcheck api --max-unticked 0 --require E2   another folder, nothing may be open
  launchcheck --output sarif=report.sarif         a file for code scanning as well
  launchcheck --new-only --changed-since HEAD     what a commit hook runs
  launchcheck explain A1                          a box: why, and how to get it ticked
  launchcheck explain app/main.py:12              a line: its ways from the entry points, and their guards
  launchcheck list libraries NAME                 what is known of a library, and its defaults";

/// Exit codes and everything that is around a run.
fn after_long_help() -> String {
    format!("{}\n\n{SURROUNDINGS}", Outcome::table())
}

/// Heads of the groups of options in the help.
const GATE: &str = "Gate";
const REPORT: &str = "Report";
const CONFIGURATION: &str = "Configuration";
const RUNNING: &str = "Running";

/// Options of an audit.
#[derive(Args, Debug)]
pub struct Check {
    /// The repository or app to audit
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How many boxes may be unticked [default: the configuration's, else 2]
    #[arg(help_heading = GATE, long, value_name = "N")]
    pub max_unticked: Option<usize>,
    /// Items that must be ticked whatever the count, such as A1,E2
    #[arg(help_heading = GATE, long, value_name = "IDS", value_delimiter = ',', value_parser = item)]
    pub require: Vec<Item>,
    /// Format of the report, by default human, or agent where a coding agent reads it
    #[arg(help_heading = REPORT, long, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// Write a further report to a file; may be repeated
    #[arg(help_heading = REPORT, long, value_name = "FORMAT=FILE", value_parser = output)]
    pub output: Vec<Output>,
    #[command(flatten)]
    pub configuration: Configured,
    /// Findings that are known, by default launchcheck-baseline.toml in PATH where it is there
    #[arg(help_heading = GATE, hide_short_help = true, long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Compare with the tree of a revision of git: what is new, known, gone
    #[arg(help_heading = GATE, long, value_name = "REF")]
    pub changed_since: Option<String>,
    /// Fail only on findings that neither the baseline nor --changed-since knows
    #[arg(help_heading = GATE, long)]
    pub new_only: bool,
    /// Fail also on suppressions that suppress nothing, stale entries of the baseline, and what could not be checked
    #[arg(help_heading = GATE, hide_short_help = true, long)]
    pub strict: bool,
    /// Folder with further packs and catalogue files
    #[arg(help_heading = CONFIGURATION, hide_short_help = true, long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Look for credentials in git's history, too
    #[arg(help_heading = RUNNING, long)]
    pub history: bool,
    /// Show every finding, suppressed ones too
    #[arg(help_heading = REPORT, long)]
    pub all: bool,
    /// Leave with 0 where the gate is not passed
    #[arg(help_heading = GATE, long)]
    pub exit_zero: bool,
    /// Print the verdict only
    #[arg(help_heading = REPORT, short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print all evidence and every file left out
    #[arg(help_heading = REPORT, short, long)]
    pub verbose: bool,
    /// Keep nothing from run to run; in CI nothing is kept anyway
    #[arg(help_heading = RUNNING, hide_short_help = true, long)]
    pub no_cache: bool,
    /// Say on standard error where the time went
    #[arg(help_heading = RUNNING, hide_short_help = true, long)]
    pub timings: bool,
    /// Worker threads, by default one per core
    #[arg(help_heading = RUNNING, hide_short_help = true, long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// Options of everything that is printed.
#[derive(Args, Debug, Default)]
pub struct Look {
    /// Language of the texts; also LAUNCHCHECK_LANG, else the locale
    #[arg(help_heading = REPORT, long, value_name = "LANG", global = true)]
    pub lang: Option<Lang>,
    /// When to use colour
    #[arg(help_heading = REPORT, hide_short_help = true, long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: ColorChoice,
    /// Draw with ASCII characters only
    #[arg(help_heading = REPORT, hide_short_help = true, long, global = true)]
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
    /// The libraries whose calls and guards are known, with their defaults
    Libraries,
    /// The formats of a report
    Formats,
    /// The environment variables that an application reads: what for, and where they are checked
    Env,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// Of `--format json`
    Report,
    /// Of launchcheck.toml
    Config,
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
