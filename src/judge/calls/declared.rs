//! Agents that are only declared, and served by a platform: they are called where they are declared.

use crate::link::entries::Entries;
use crate::link::{Program, Site, Value};
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::{FactId, expand};

use super::names::api_name;
use super::{External, Running};

/// The calls that put together what platforms serve and what asks a model by itself. A graph of functions that ask one is
/// called in these.
pub(super) fn served(program: &Program<'_>, entries: &Entries<'_>, running: &Running<'_>) -> Vec<External> {
    let mut all: Vec<External> = Vec::new();
    for made in &entries.declared {
        let is_known = all.iter().any(|known| known.call == made.call);
        let Some((fact, api)) = agent(program, *made).filter(|_| !is_known) else { continue };
        let mut reached = running.reached(program, made.call);
        let info = &program.units.calls[made.call];
        let is_own = |index: usize| {
            let entry = &entries.entries[index];
            entry.module == info.module && entry.span.contains(info.call.span)
        };
        // Of several that a module declares each is an entry point of its own.
        if reached.iter().any(|(index, _)| is_own(*index)) {
            reached.retain(|(index, _)| is_own(*index));
        }
        let open = Site { call: made.call, frame: program.open_frame(info.unit) };
        all.push(External { call: made.call, kind: Calls::Llm, api, fact, endpoint: None, open, reached });
    }
    all
}

/// The fact by which a call makes what asks a model, with its name for people.
fn agent<'m>(program: &Program<'m>, made: Site) -> Option<(FactId, String)> {
    program.callee_paths(made).iter().find_map(|path| {
        let facts = program.facts_of(path, Kind::Compose);
        let fits = facts.into_iter().filter(|(_, fact)| asks(program, fact) && program.applies(fact, made));
        // What tells the settings of a model that goes by its name comes first.
        let (id, fact) = fits.max_by_key(|(_, fact)| fact.timeout.is_some())?;
        (fact.timeout.is_some() || has_model(program, path, made)).then(|| (id, api_name(path)))
    })
}

/// Whether what a fact makes is asked for what a model answers.
fn asks(program: &Program<'_>, fact: &Fact) -> bool {
    let Some(whole) = fact.becomes.as_deref() else { return false };
    let is_part = |name: &String| name.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'));
    let of_whole = |name: &String| expand(name).iter().any(is_part);
    let mut calls = program.catalogue.of_kind(Kind::Call);
    calls.any(|(_, call)| call.calls == Some(Calls::Llm) && call.names.iter().any(of_whole))
}

/// Whether a model is among what something is put together of.
fn has_model<'m>(program: &Program<'m>, path: &str, made: Site) -> bool {
    let maker: Value<'m> = Value::Library { path: path.into(), sites: std::rc::Rc::from([]) };
    let is_client = |site: &Site| {
        let names = program.made_as(*site);
        names.iter().any(|(path, _)| program.is_a(path, Kind::Client))
    };
    program.result(&maker, made).iter().any(|whole| program.makers(whole).iter().any(is_client))
}
