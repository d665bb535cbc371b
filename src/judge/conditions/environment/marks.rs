//! Classes that describe the environment by marks on their fields, and functions that hold it against them.

use std::collections::BTreeMap;

use crate::link::units::UnitId;
use crate::link::{FrameId, Program, Site};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

/// The last names of the marks in front of each field: `@IsString() @IsOptional() KEY?: string`.
pub(super) type Marks<'m> = BTreeMap<&'m str, Vec<&'m str>>;

/// The marks that stand in front of the fields in the body of a class.
pub(super) fn of_fields(body: &Block) -> Marks<'_> {
    let mut all = Marks::new();
    let mut pending = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Expression(mark) => pending.extend(last_name(mark)),
            StatementKind::Assign(assignment) => {
                if let ExpressionKind::Name(field) = &assignment.target.kind
                    && !pending.is_empty()
                {
                    all.insert(field, std::mem::take(&mut pending));
                }
                pending.clear();
            }
            _ => pending.clear(),
        }
    }
    all
}

/// Whether a field is asked for: where fields are marked, what has no mark is not looked at.
pub(super) fn ask_for(marks: &Marks<'_>, field: &str) -> bool {
    let lets_lack = |mark: &&str| mark.to_ascii_lowercase().ends_with("optional");
    marks.is_empty() || marks.get(field).is_some_and(|marks| !marks.iter().any(lets_lack))
}

fn last_name(mark: &Expression) -> Option<&str> {
    match &mark.kind {
        ExpressionKind::Call(call) => last_name(&call.callee),
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a function stops for what its checks tell: those that only tell what they found must be asked, and none of
/// them may be told to pass over what is missing.
pub(super) fn heeds_checks(program: &Program<'_>, unit: UnitId, frame: FrameId) -> bool {
    let tells = |site: &Site| facts(program, *site).any(|fact| fact.how.as_deref() == Some("result"));
    let sites: Vec<Site> =
        program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame }).filter(tells).collect();
    let is_off = |site: &Site| {
        facts(program, *site).any(|fact| fact.unless.iter().any(|unless| program.meets(unless, *site) == Some(true)))
    };
    if sites.is_empty() {
        return true;
    }
    let gates = program.raising_gates(frame);
    let is_asked = |site: &Site| {
        gates.iter().any(|gate| program.slice(gate.test, gate.frame).sites.iter().any(|each| each.call == site.call))
    };
    !sites.iter().any(is_off) && sites.iter().any(is_asked)
}

fn facts<'m>(program: &Program<'m>, site: Site) -> impl Iterator<Item = &'m Fact> {
    let paths = program.callee_paths(site);
    let facts: Vec<&'m Fact> =
        paths.iter().flat_map(|path| program.facts_of(path, Kind::EnvironmentSchema)).map(|(_, fact)| fact).collect();
    facts.into_iter()
}
