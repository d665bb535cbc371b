//! `launchcheck baseline`: what is known today, and what of it is known no more.

use std::{fs, path::PathBuf};

use super::{
    Failure,
    arguments::{BaselineAction, BaselineArguments},
    surroundings::Surroundings,
    terms,
};
use crate::{
    Error, Options,
    judge::{
        baseline::{Baseline, BaselineError, FILE},
        compare::mark,
    },
    report::clean,
    verdict::Finding,
};

/// Writes or prunes a baseline; gives the sentence about it.
pub(super) fn run(
    action: Option<&BaselineAction>,
    known: &BaselineArguments,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    match action {
        None => write(known, surroundings),
        Some(BaselineAction::Prune(known)) => prune(known, surroundings),
    }
}

fn write(known: &BaselineArguments, surroundings: &Surroundings) -> Result<String, Failure> {
    let file = file(known);
    let findings = findings(known, surroundings)?;
    let baseline = Baseline::of(&file.display().to_string(), &findings);
    save(&file, &baseline)?;
    Ok(clean::finish(&format!("{}: {}\n", file.display(), counted(baseline.known.len()))))
}

fn prune(known: &BaselineArguments, surroundings: &Surroundings) -> Result<String, Failure> {
    let file = file(known);
    let Some(mut baseline) = terms::baseline(&known.path, known.baseline.as_deref())? else {
        let path = file.display().to_string();
        return Err(Error::from(BaselineError::Unreadable { path, why: "there is none".to_owned() }).into());
    };
    let mut findings = findings(known, surroundings)?;
    let stale = mark(&mut findings, &baseline.known);
    let mut index = 0;
    baseline.known.retain(|_| {
        index += 1;
        !stale.contains(&(index - 1))
    });
    save(&file, &baseline)?;
    let left = counted(baseline.known.len());
    Ok(clean::finish(&format!("{}: {} removed, {left} left\n", file.display(), stale.len())))
}

fn file(known: &BaselineArguments) -> PathBuf {
    known.baseline.clone().unwrap_or_else(|| known.path.join(FILE))
}

fn findings(known: &BaselineArguments, surroundings: &Surroundings) -> Result<Vec<Finding>, Failure> {
    let options = Options {
        configuration: terms::configuration(&known.path, &known.configuration)?,
        today: Some(surroundings.today().map_err(Failure::Usage)?),
        rules: known.rules.clone(),
        ..Options::default()
    };
    Ok(crate::audit(&known.path, &options)?.audit.findings)
}

fn save(file: &std::path::Path, baseline: &Baseline) -> Result<(), Failure> {
    fs::write(file, baseline.written()).map_err(|why| Failure::Write { what: format!("`{}`", file.display()), why })
}

fn counted(findings: usize) -> String {
    if findings == 1 { "1 known finding".to_owned() } else { format!("{findings} known findings") }
}
