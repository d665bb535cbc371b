//! Models that run in the process itself: who asks them, or what is put together with them, asks nobody else.

use crate::link::{Program, Site, Value};
use crate::rules::catalogue::{Fact, Kind};

/// The role of a client that is the model itself.
const ROLE: &str = "process";

/// Whether all that a call is made on is put together with models that run in the process, and with no other ones.
pub(super) fn stays_in_process<'m>(program: &Program<'m>, site: Site) -> bool {
    if !program.catalogue.of_kind(Kind::Client).any(|(_, fact)| is_own(fact)) {
        return false;
    }
    let values = program.values(&program.units.calls[site.call].call.callee, site.frame);
    let stays = |value: &Value<'m>| {
        let ways = program.ways_made(value);
        !ways.is_empty() && ways.iter().all(|way| is_of_own_models(program, way))
    };
    !values.is_empty() && values.iter().all(stays)
}

fn is_of_own_models(program: &Program<'_>, made: &[Site]) -> bool {
    let models: Vec<bool> = made.iter().filter_map(|site| is_own_model(program, *site)).collect();
    !models.is_empty() && models.iter().all(|is_own| *is_own)
}

/// Whether the model that a call makes runs in the process; none where it makes no model.
fn is_own_model(program: &Program<'_>, made: Site) -> Option<bool> {
    let paths = program.callee_paths(made);
    let clients = paths.iter().flat_map(|path| program.facts_of(path, Kind::Client)).map(|(_, fact)| fact);
    clients.filter(|fact| is_own(fact) || fact.output.is_some()).map(is_own).next()
}

fn is_own(fact: &Fact) -> bool {
    fact.role.as_deref() == Some(ROLE)
}
