//! Tasks that put themselves back into their queue after a failure.

use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::{Program, Site};
use crate::model::{ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};

use super::recursions::first_external;
use super::waits::grows;
use super::{Construct, Repeats};
use crate::judge::case::Case;

/// Marks what runs the function again in which it is called.
const REQUEUE: &str = "requeue";

/// Calls of a unit by which it is run again later, with the wait that they are given.
pub(super) fn requeued(case: &Case<'_, '_>, unit: UnitId) -> Vec<Construct> {
    let program = case.program;
    let frame = program.open_frame(unit);
    let mut all = Vec::new();
    for call in &program.units.units[unit].calls {
        let site = Site { call: *call, frame };
        let paths = program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
        let Some((_, fact)) = facts.find(|(_, fact)| fact.role.as_deref() == Some(REQUEUE)) else { continue };
        let Some(api) = first_external(case, unit, frame, *call) else { continue };
        let waits = fact.value.as_deref().map(|path| program.argument(site, path));
        let exponential = match waits {
            Some(Given::Present { expression, frame }) => grows(program, expression, frame, &[]),
            _ => false,
        };
        let attempts = attempts(program, fact, site, unit);
        all.push(Construct {
            module: program.units.calls[*call].module,
            span: program.units.calls[*call].call.span,
            name: api,
            how: Repeats::Recursion { unit, call: *call },
            bounded: attempts != Attempts::Endless,
            exponential,
            after_failure: true,
            attempts: match attempts {
                Attempts::Told(number) => Some(number),
                _ => None,
            },
        });
    }
    all
}

#[derive(Clone, Copy, PartialEq)]
enum Attempts {
    Endless,
    Told(f64),
    Unknown,
}

/// How often it tries: as the call says, else as what decorates the task says, else as the library does.
fn attempts(program: &Program<'_>, fact: &Fact, site: Site, unit: UnitId) -> Attempts {
    let Some(setting) = &fact.attempts else { return Attempts::Unknown };
    let info = &program.units.units[unit];
    let home = info.parent.map(|parent| program.open_frame(parent));
    let decorators = info.function.into_iter().flat_map(|function| &function.decorators);
    let told = decorators.filter_map(|decorator| match &decorator.kind {
        ExpressionKind::Call(call) => Some(Site { call: program.units.call_id(call)?, frame: home? }),
        _ => None,
    });
    let given = std::iter::once(site).chain(told).find_map(|site| {
        setting.arguments.iter().find_map(|path| match program.argument(site, path) {
            Given::Present { expression, .. } => Some(expression),
            _ => None,
        })
    });
    let retries = match given.map(|given| &given.kind) {
        Some(ExpressionKind::Literal(Literal::Null)) => return Attempts::Endless,
        Some(ExpressionKind::Literal(Literal::Number(number))) => Some(*number),
        Some(_) => None,
        None => setting.default.as_ref().and_then(toml::Value::as_integer).map(|number| number as f64),
    };
    retries.map_or(Attempts::Unknown, |retries| Attempts::Told(retries + 1.0))
}
