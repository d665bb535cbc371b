//! `launchcheck check`: audit, report, gate.

use std::{fs, io::Write, path::Path};

use super::{Failure, arguments::Check, outcome::Outcome, print, surroundings::Surroundings, tongue_of};
use crate::{
    Options,
    report::{Format, Style, render},
    rules::packs::Packs,
    verdict::{Report, Tongue},
};

pub(super) fn run(
    check: &Check,
    surroundings: &Surroundings,
    chosen: Option<Tongue>,
    style: &Style,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome, Failure> {
    if check.path.as_os_str() == "-" {
        let message = "standard input is no repository: the questions are about a whole folder, so give its path";
        return Err(Failure::Usage(message.to_owned()));
    }
    if let Some(file) = twice(check) {
        return Err(Failure::Usage(format!("two reports would be written to `{}`", file.display())));
    }
    let format = check.format.unwrap_or_else(|| surroundings.format());
    let packs = Packs::load(check.rules.as_deref()).map_err(crate::Error::from)?;
    let options = Options {
        max_unticked: check.max_unticked,
        required: check.require.clone(),
        rules: check.rules.clone(),
        threads: check.threads.map(usize::from),
    };
    let report = crate::audit(&check.path, &options)?;
    let style = Style { all: check.all, quiet: check.quiet, verbose: check.verbose, ..*style };
    // A file is read elsewhere: nothing about this terminal holds for it.
    let plain = Style { width: Style::default().width, color: false, unicode: style.unicode, quiet: false, ..style };
    for output in &check.output {
        let text = written(&report, &packs, output.format, chosen, &plain);
        fs::write(&output.file, text)
            .map_err(|why| Failure::Write { what: format!("`{}`", output.file.display()), why })?;
    }
    if check.timings {
        timings(&report, err);
    }
    let outcome = Outcome::of(&report.audit);
    let outcome = if check.exit_zero { outcome.lenient() } else { outcome };
    match print(out, &written(&report, &packs, format, chosen, &style)) {
        // The verdict stands, whether or not somebody reads to the end.
        Err(Failure::Write { why, .. }) if why.kind() == std::io::ErrorKind::BrokenPipe => Ok(outcome),
        Err(failure) => Err(failure),
        Ok(()) => Ok(outcome),
    }
}

/// A file that more than one `--output` names.
fn twice(check: &Check) -> Option<&Path> {
    let files = || check.output.iter().map(|output| output.file.as_path());
    files().enumerate().find(|(index, file)| files().take(*index).any(|other| other == *file)).map(|(_, file)| file)
}

fn written(report: &Report, packs: &Packs, format: Format, chosen: Option<Tongue>, style: &Style) -> String {
    let style = Style { tongue: tongue_of(format, chosen, style), ..*style };
    render(report, packs, format, &style)
}

fn timings(report: &Report, err: &mut dyn Write) {
    for (stage, milliseconds) in &report.timings {
        // Timings are a courtesy: a closed stream is no reason to fail.
        let _ = writeln!(err, "{milliseconds:>10.1} ms  {stage}");
    }
}
