//! What an audit is held against: the configuration, the baseline, the day.

use std::path::Path;

use super::{
    Failure,
    arguments::{Check, Configured},
    surroundings::Surroundings,
};
use crate::{
    Error, Options,
    config::{self, ConfigError, Configuration, Mistake},
    judge::baseline::{Baseline, BaselineError, FILE},
    source::Lines,
    verdict::{Audit, Expired},
};

/// The configuration that holds for a tree.
pub(super) fn configuration(root: &Path, configured: &Configured) -> Result<Configuration, Failure> {
    if configured.isolated {
        return Ok(Configuration::default());
    }
    match &configured.config {
        Some(file) => {
            let written = config::read(file).map_err(Error::from)?;
            Ok(config::check(&written).map_err(Error::from)?)
        }
        None => Ok(crate::configuration(root)?),
    }
}

/// The baseline that was named, or the one at the root of the tree.
pub(super) fn baseline(root: &Path, named: Option<&Path>) -> Result<Option<Baseline>, Failure> {
    let Some(file) = named else {
        let text = config::text_in(root, FILE);
        return Ok(text.map(|text| Baseline::parse(FILE, &text)).transpose().map_err(Error::from)?);
    };
    let path = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|why| Error::from(BaselineError::Unreadable { path: path.clone(), why: why.to_string() }))?;
    Ok(Some(Baseline::parse(&path, &text).map_err(Error::from)?))
}

/// The attestations that have expired, each with its place: the report stands, and the run cannot be trusted.
pub(super) fn expired(root: &Path, configured: &Configured, audit: &Audit) -> Option<Failure> {
    let mistakes = audit.gate.expired.iter().map(|expired| {
        let Expired { item, expires, location } = expired;
        let file = configured.config.clone().unwrap_or_else(|| root.join(&location.path));
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let start = Lines::of(&text).start_of(location.line).map_or(0, |start| start as usize);
        let end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
        let problem = format!("the attestation of {} has expired on {expires}", item.id());
        let help = "check that the guard still stands, then set a new date; or take the attestation out".to_owned();
        Mistake::new(&location.path, text, start..end, problem, help)
    });
    let mistakes: Vec<Mistake> = mistakes.collect();
    (!mistakes.is_empty()).then(|| Error::from(ConfigError::Expired { mistakes }).into())
}

/// Everything that an audit is told.
pub(super) fn options(check: &Check, surroundings: &Surroundings) -> Result<Options, Failure> {
    let baseline = baseline(&check.path, check.baseline.as_deref())?;
    if check.new_only && baseline.is_none() && check.changed_since.is_none() {
        return Err(Failure::Usage(
            "--new-only needs something to compare with: write a baseline (launchcheck baseline), or give --changed-since REF"
                .to_owned(),
        ));
    }
    Ok(Options {
        history: check.history,
        max_unticked: check.max_unticked,
        required: check.require.clone(),
        configuration: configuration(&check.path, &check.configuration)?,
        is_imposed: check.configuration.isolated || check.configuration.config.is_some(),
        today: Some(surroundings.today().map_err(Failure::Usage)?),
        strict: check.strict,
        complete: surroundings.is_ci(),
        new_only: check.new_only,
        baseline,
        changed_since: check.changed_since.clone(),
        rules: check.rules.clone(),
        cache: (!check.no_cache).then(|| surroundings.cache()).flatten(),
        threads: check.threads.map(usize::from),
    })
}
