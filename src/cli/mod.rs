//! Arguments, commands, exit codes. The only part that knows of terminals, variables and standard streams.

use std::{
    ffi::OsString,
    io::{self, ErrorKind, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use clap::{CommandFactory, Parser};
use miette::{GraphicalReportHandler, GraphicalTheme};

use self::{
    arguments::{Arguments, Command, Guards, List, Listed, Schema},
    outcome::Outcome,
    surroundings::Surroundings,
};
use crate::{
    Error, config,
    report::{Style, clean, json},
    verdict::Tongue,
};

pub mod arguments;
mod baseline;
mod check;
mod environment;
mod explain;
mod files;
mod guards;
mod init;
mod libraries;
mod list;
mod manual;
pub mod outcome;
pub mod surroundings;
mod terms;

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The arguments do not make sense together or to this command.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Audit(#[from] Error),
    /// A file or stream that could not be written.
    #[error("cannot write {what}: {why}")]
    Write { what: String, why: io::Error },
}

/// Runs the program on its real arguments and streams; gives the exit code.
pub fn main() -> u8 {
    let surroundings = Surroundings::real();
    // What a panic says may quote the text that it is about: only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let _ = writeln!(io::stderr(), "launchcheck: panicked{place}");
    }));
    let run = || run(std::env::args_os(), &surroundings, &mut io::stdout().lock(), &mut io::stderr());
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(outcome) => outcome.code(),
        Err(_) => {
            let _ = writeln!(io::stderr(), "launchcheck: internal error; please report it with the message above");
            Outcome::Untrusted.code()
        }
    }
}

/// Runs a command line. The report goes to `out`, everything else to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    surroundings: &Surroundings,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, surroundings, out, err),
    };
    match command(&arguments, surroundings, out, err) {
        Ok(outcome) => outcome,
        // Whoever reads our output has seen enough: that is no error.
        Err(Failure::Write { why, .. }) if why.kind() == ErrorKind::BrokenPipe => Outcome::Ready,
        Err(failure) => {
            let _ = err.write_all(describe(&failure, surroundings).as_bytes());
            Outcome::Untrusted
        }
    }
}

fn command(
    arguments: &Arguments,
    surroundings: &Surroundings,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let chosen = surroundings.chosen_tongue(&arguments.look).map_err(Failure::Usage)?;
    let style = Style {
        tongue: chosen.unwrap_or_else(|| surroundings.locale_tongue()),
        width: surroundings.width(),
        color: surroundings.color(&arguments.look),
        unicode: surroundings.unicode(&arguments.look),
        ..Style::default()
    };
    let text = match &arguments.command {
        None => return check::run(&arguments.check, chosen, &style, surroundings, out, err),
        Some(Command::Check(check)) => return check::run(check, chosen, &style, surroundings, out, err),
        Some(Command::Explain(options)) => explain::text(options, surroundings, &style)?,
        Some(Command::List(List { what: Listed::Env, of, example, .. })) => {
            environment::text(of.as_deref().unwrap_or(Path::new(".")), *example, &style)?
        }
        Some(Command::List(List { example: true, .. })) => {
            return Err(Failure::Usage("only `list env` writes an example".to_owned()));
        }
        Some(Command::List(options)) => list::text(options, &style)?,
        Some(Command::Files { path }) => files::text(&crate::tree(path, &crate::configuration(path)?)?),
        Some(Command::Config { path, configuration }) => {
            clean::finish(&clean::block(&config::shown(&terms::configuration(path, configuration)?)))
        }
        Some(Command::Baseline { action, known }) => baseline::run(action.as_ref(), known, surroundings)?,
        Some(Command::Schema { of: Schema::Report }) => json::JSON_SCHEMA.to_owned(),
        Some(Command::Schema { of: Schema::Config }) => config::JSON_SCHEMA.to_owned(),
        Some(Command::Completions { shell }) => completions(*shell),
        Some(Command::Man { to: None }) => manual::text()?,
        Some(Command::Man { to: Some(folder) }) => {
            manual::write(folder)?;
            String::new()
        }
        Some(Command::Guards { command: Guards::Add(options) }) => guards::add(options, &style)?,
        Some(Command::Init(options)) => {
            init::run(options, surroundings, &style, out)?;
            return Ok(Outcome::Ready);
        }
    };
    print(out, &text)?;
    Ok(Outcome::Ready)
}

/// Writes to standard output.
fn print(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|why| Failure::Write { what: "the report".to_owned(), why })
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "launchcheck", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Help and version go to `out`, complaints about arguments to `err`.
fn usage(error: &clap::Error, surroundings: &Surroundings, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let text = error.render();
    let is_colored = surroundings.is_terminal && surroundings.color(&arguments::Look::default());
    let text = if is_colored { text.ansi().to_string() } else { text.to_string() };
    let text = format!("{}\n", text.trim_end());
    if error.use_stderr() {
        let _ = err.write_all(text.as_bytes());
        Outcome::Untrusted
    } else {
        let _ = out.write_all(text.as_bytes());
        Outcome::Ready
    }
}

/// An error as it is shown: without colour, because what it quotes goes through the cleaner as a whole.
fn describe(failure: &Failure, surroundings: &Surroundings) -> String {
    let text = match failure {
        Failure::Audit(error) => {
            let mut text = String::new();
            let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none())
                .with_width(surroundings.width())
                .with_links(false);
            match handler.render_report(&mut text, error) {
                Ok(()) => text,
                Err(_) => error.to_string(),
            }
        }
        Failure::Usage(_) => format!("error: {failure}\n\nFor more information, try '--help'."),
        Failure::Write { .. } => format!("error: {failure}"),
    };
    clean::finish(&clean::block(&text))
}

/// The language of a format: what was asked for, else the locale for people and English for machines.
fn tongue_of(format: crate::report::Format, chosen: Option<Tongue>, style: &Style) -> Tongue {
    match (chosen, format) {
        (Some(tongue), _) => tongue,
        (None, crate::report::Format::Human) => style.tongue,
        (None, _) => Tongue::English,
    }
}
