//! Calls that may be of one library or of another: `ask = hosted.ask if HOSTED else local.ask`.

use std::rc::Rc;

use crate::link::{Program, Site};
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::FactId;

use super::External;

/// What else a call may be, of other libraries than a name is of.
pub(super) fn others(program: &Program<'_>, path: &str, kind: Calls, site: Site) -> Vec<Rc<str>> {
    let library = |path: &str| path.split(['.', '(']).next().map(str::to_owned);
    let is_kind = |(_, fact): &(FactId, &Fact)| fact.calls == Some(kind) && program.applies(fact, site);
    let mut known = vec![library(path)];
    let mut all = Vec::new();
    for other in program.callee_paths(site).iter() {
        if !known.contains(&library(other)) && program.facts_at(other, Kind::Call, site).iter().any(is_kind) {
            known.push(library(other));
            all.push(other.clone());
        }
    }
    all
}

/// Whether a call may be of several libraries: what is true of one need not be true of the others.
pub fn is_one_of_several(program: &Program<'_>, external: &External, site: Site) -> bool {
    let is_own = |path: &&Rc<str>| program.facts_of(path, Kind::Call).iter().any(|(id, _)| *id == external.fact);
    let paths = program.callee_paths(site);
    paths.iter().find(is_own).is_some_and(|path| !others(program, path, external.kind, site).is_empty())
}
