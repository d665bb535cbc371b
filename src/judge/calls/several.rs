//! Calls that may be of one library or of another: `ask = hosted.ask if HOSTED else local.ask`.

use std::rc::Rc;

use crate::link::{Program, Site, Value};
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::FactId;

use super::External;
use super::held::{OnClient, Search, Which, is_set, on_client};
use super::names::{api_name, joined};

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

/// Of several that a call may be those that lack a setting, by their names; none where that is true of all or of none.
pub fn lacking(program: &Program<'_>, external: &External, site: Site, which: Which) -> Option<String> {
    if external.endpoint.is_some() {
        return None;
    }
    let values = program.values(&program.units.calls[site.call].call.callee, site.frame);
    let (mut lacking, mut has_other) = (Vec::new(), false);
    for value in values.iter() {
        match lacks(program, external, (value, site), which) {
            Some(true) => {
                let name = value.path().map(api_name).filter(|name| !lacking.contains(name));
                lacking.extend(name);
            }
            Some(false) => has_other = true,
            None => {}
        }
    }
    (has_other && !lacking.is_empty()).then(|| joined(lacking))
}

/// Whether one of those that a call may be lacks a setting, however its client is made; none where it is no such call.
fn lacks<'m>(program: &Program<'m>, external: &External, of: (&Value<'m>, Site), which: Which) -> Option<bool> {
    let (value, site) = of;
    let mut facts = program.facts_at(value.path()?, Kind::Call, site).into_iter().map(|(_, fact)| fact);
    let fact = facts.find(|fact| fact.calls == Some(external.kind) && program.applies(fact, site))?;
    Some(program.ways_made(value).into_iter().any(|makers| {
        let mut search = Search { program, which, unresolved: false, default: None, is_unknown: false };
        let held = search.consider(fact, site).unwrap_or_else(|| match on_client(&mut search, value, &makers) {
            OnClient::Given(held) => held,
            OnClient::NotGiven | OnClient::Unseen => search.not_given(),
        });
        !is_set(held)
    }))
}
