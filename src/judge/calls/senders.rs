//! What holds for the requests of a client that is given a function to send them with:
//! `createOpenAI({ fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(60_000) }) })`.

use crate::link::arguments::{Amount, Given, Held};
use crate::link::units::UnitId;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::rules::catalogue::{Fact, Kind, Setting};

use super::Search;

impl<'m> Search<'_, 'm> {
    /// What a setting is in all that the functions send which are given for it.
    pub(super) fn sent_by(&self, setting: &Setting, at: Site) -> Option<Held> {
        setting.by.iter().find_map(|path| {
            self.senders(at, path).into_iter().find_map(|(unit, frame)| self.in_all_requests(unit, frame))
        })
    }

    /// The functions at an argument path, at the call or where what it is given was made.
    fn senders(&self, at: Site, path: &str) -> Vec<(UnitId, FrameId)> {
        let program = self.program;
        let (holder, key) = path.split_once('.').map_or((None, path), |(holder, key)| (Some(holder), key));
        let places: Vec<Site> = match holder.map(|holder| program.argument(at, holder)) {
            None => vec![at],
            Some(Given::Present { expression, frame }) => {
                program.values(expression, frame).iter().flat_map(|value| value.sites().to_vec()).collect()
            }
            Some(_) => Vec::new(),
        };
        let given = places.into_iter().filter_map(|place| match program.argument(place, key) {
            Given::Present { expression, frame } => Some(program.values(expression, frame).to_vec()),
            _ => None,
        });
        given.flatten().filter_map(|value| entered(program, &value)).collect()
    }

    /// What holds for each request that a function makes, where it makes one.
    fn in_all_requests(&self, unit: UnitId, frame: FrameId) -> Option<Held> {
        let program = self.program;
        let mut first = None;
        for call in &program.units.units[unit].calls {
            let site = Site { call: *call, frame };
            let paths = program.callee_paths(site);
            let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Http));
            let Some(setting) = facts.into_iter().find_map(|(_, fact): (_, &Fact)| self.which.of(fact)) else {
                continue;
            };
            match program.setting_at(setting, site)? {
                held @ Held::Given(amount, _) if amount != Amount::Off => first = first.or(Some(held)),
                _ => return None,
            }
        }
        first
    }
}

fn entered<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<(UnitId, FrameId)> {
    let Value::Function { unit, closure, receiver } = value else { return None };
    Some((*unit, program.enter(*unit, *closure, receiver.clone(), How::Framework)?))
}
