//! What libraries are told to retry.

use crate::link::arguments::{Amount, Held};
use crate::link::{Program, Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::{Condition, Fact, Kind};

use super::{Construct, Leads, Repeats};
use crate::judge::case::Case;
use crate::judge::guards::short;

/// The calls that make a library retry something.
pub(super) fn constructs(case: &Case<'_, '_>) -> Vec<Construct> {
    let program = case.program;
    let mut all = bare(case);
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        let Some((fact, path)) = fact_at(case, site) else { continue };
        if only_stores(case, site) {
            continue;
        }
        all.push(Construct {
            module: info.module,
            span: info.call.span,
            name: short(&path),
            how: Repeats::Library(call),
            bounded: fact.bounded.as_ref().is_none_or(|condition| program.holds(condition, site)),
            exponential: fact.exponential.as_ref().is_none_or(|condition| program.holds(condition, site)),
            after_failure: true,
            attempts: attempts(program, fact, site),
        });
    }
    all
}

/// The decorators that make a library retry as it does by itself, because nothing is said to them: `@retry`.
fn bare(case: &Case<'_, '_>) -> Vec<Construct> {
    let program = case.program;
    let mut all = Vec::new();
    for (unit, info) in program.units.units.iter().enumerate() {
        let (Some(function), Some(parent)) = (info.function, info.parent) else { continue };
        for decorator in function.decorators.iter().filter(|each| !matches!(each.kind, ExpressionKind::Call(_))) {
            let frame = program.open_frame(parent);
            let named = program.values(decorator, frame);
            let named = named.iter().filter_map(|value| match value {
                Value::Library { path, sites } if sites.is_empty() => Some(path.clone()),
                _ => None,
            });
            let Some((fact, path)) = named.into_iter().find_map(|path| Some((decorates(case, &path)?, path))) else {
                continue;
            };
            let leads = Leads::of_frame(case, program.open_frame(unit));
            if leads.external.is_none() && leads.stores {
                continue;
            }
            all.push(Construct {
                module: info.module,
                span: decorator.span,
                name: short(&path),
                how: Repeats::Decorator(unit),
                bounded: fact.bounded.as_ref().is_none_or(by_itself),
                exponential: fact.exponential.as_ref().is_none_or(by_itself),
                after_failure: true,
                attempts: None,
            });
        }
    }
    all
}

/// The fact of a decorator that retries and needs to be told nothing.
fn decorates<'m>(case: &Case<'_, 'm>, path: &str) -> Option<&'m Fact> {
    let facts = case.program.facts_of(path, Kind::Guard).into_iter().map(|(_, fact)| fact);
    facts
        .filter(|fact| fact.protects.as_deref() == Some("A2") && fact.how.as_deref() == Some("decorator"))
        .find(|fact| (fact.bounded.is_some() || fact.exponential.is_some()) && fact.needs.is_empty())
}

/// What holds where nothing is given.
fn by_itself(condition: &Condition) -> bool {
    match condition {
        Condition::Always(always) => *always,
        Condition::Given { default, .. } => *default,
    }
}

/// The fact of a call that retries, with the name it is known by.
pub(super) fn fact_at<'m>(case: &Case<'_, 'm>, site: Site) -> Option<(&'m Fact, std::rc::Rc<str>)> {
    let program = case.program;
    program.callee_paths(site).iter().cloned().find_map(|path| {
        program
            .facts_of(&path, Kind::Guard)
            .into_iter()
            .map(|(_, fact)| fact)
            .find(|fact| {
                fact.protects.as_deref() == Some("A2")
                    && (fact.bounded.is_some() || fact.exponential.is_some())
                    && program.applies(fact, site)
            })
            .map(|fact| (fact, path.clone()))
    })
}

/// How often it tries in all: the retries that it is told, and the first time.
fn attempts(program: &Program<'_>, fact: &Fact, site: Site) -> Option<f64> {
    let setting = fact.attempts.as_ref()?;
    match program.setting_at(setting, site) {
        Some(Held::Given(Amount::Number(number), _)) => Some(number),
        Some(Held::Given(Amount::Off, _)) => Some(0.0),
        Some(_) => None,
        None => setting.default.as_ref().and_then(toml::Value::as_integer).map(|number| number as f64),
    }
    .map(|number| if setting.unit.as_deref() == Some("retries") { number + 1.0 } else { number })
}

/// Whether what is retried asks a database and nothing outside: waiting for it to start is no retry of a call.
fn only_stores(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let leads = match info.decorates {
        Some(unit) => Leads::of_frame(case, program.open_frame(unit)),
        None => Leads::of(case, site),
    };
    leads.external.is_none() && leads.stores
}
