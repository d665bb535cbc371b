//! Chains: what stands at one line, how entry points reach it, and which guards stand on the way.
//!
//! It is found when somebody asks about a line, by the same functions that judge; an audit takes from here only what an
//! item that passes cites (`evidence`).
//! `things` finds what stands in a file, `ways` walks from entry points to a call and names every stop, `uses` tells whether
//! a way leads through something, `stands` and `texts` say what the items make of a call or an entry point.

mod evidence;
mod stands;
mod texts;
mod things;
mod uses;
mod ways;
mod words;

use crate::link::reach::Trail;
use crate::rules::catalogue::Calls;
use crate::source::order::InOrder;

use super::calls::External;
use super::case::{Case, Outcome};
use super::inputs::Inputs;
use super::retrying::Construct;
use super::verdict::chain::{Account, Chain, Explained, Step, Thing};
use super::verdict::{Item, Text};
use things::{Found, What};
use ways::Stop;

/// Ways that are looked at for something that may stand on any of them.
const WAYS: usize = 600;
/// Ways that are shown.
const SHOWN: usize = 4;
/// Things beside the one at a line, and things near a line where nothing stands.
const NEAR: usize = 3;

/// The line that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Relative to the audited root, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: Option<u32>,
}

/// What an explanation looks at.
#[derive(Clone, Copy)]
pub struct Look<'a, 'p, 'm> {
    pub case: &'a Case<'p, 'm>,
    pub inputs: &'a Inputs<'a, 'p, 'm>,
    pub constructs: &'a [Construct],
    pub outcomes: &'a [Outcome],
}

impl<'m> Look<'_, '_, 'm> {
    /// Says what stands at a line. None: the file is none of the program.
    pub fn explain(&self, asked: &Asked) -> Option<Explained> {
        let module = self.case.program.names.module_at(&asked.path)?;
        let all = self.things(module);
        let Some((found, beside)) = things::at(&all, asked) else {
            let nearest = things::nearest(&all, asked.line, NEAR);
            return Some(Explained::Nothing { path: asked.path.clone(), line: asked.line, nearest });
        };
        let mut account = match found.what {
            What::External(index) => self.external(&self.case.externals()[index]),
            What::Entry(index) => self.entry(index),
            _ => self.others(found),
        };
        account.thing = found.thing.clone();
        account.beside =
            beside.into_iter().map(|each| each.thing.clone()).filter(|each| *each != account.thing).collect();
        account.beside.dedup();
        Some(Explained::Thing(Box::new(account)))
    }

    /// A call that leaves the process: the shortest way from each entry point, and what the items say.
    fn external(&self, external: &External) -> Account {
        let mut account = Account::default();
        for (entry, sites) in external.reached.iter().take(SHOWN) {
            let trails = self.trails(*entry, sites);
            let Some(trail) = trails.first() else { continue };
            account.chains.push(self.chain(*entry, external, trail, trails.len(), &|stop| stop.is_target));
        }
        if external.reached.is_empty() {
            account.remarks.push(words::unreached());
            account.remarks.extend(self.callers(external));
        }
        account.more = words::more_entries(external.reached.len().saturating_sub(SHOWN));
        account.stands = self.stands_of_call(external);
        account
    }

    /// An entry point: what it reaches, and what stands in front.
    fn entry(&self, index: usize) -> Account {
        let mut account = Account::default();
        let reached: Vec<(&External, &Vec<crate::link::Site>)> = self.reached_by(index);
        for (external, sites) in reached.iter().take(SHOWN) {
            let trails = self.trails(index, sites);
            let Some(trail) = trails.first() else { continue };
            let mut chain = self.chain(index, external, trail, trails.len(), &|stop| stop.entry == Some(index));
            // Several calls may have the same name.
            let place = self.case.program.place(external.call);
            for title in [&mut chain.title.en, &mut chain.title.ko] {
                title.push_str(&format!(" ({}:{})", place.path, place.line));
            }
            account.chains.push(chain);
        }
        if reached.is_empty() {
            account.remarks.push(words::reaches_nothing());
            let stops = self.front(index);
            account.chains.push(Chain {
                title: self.entry_title(index),
                steps: self.steps(stops, &|stop| stop.entry == Some(index)),
            });
        }
        account.more = words::more_calls(reached.len().saturating_sub(SHOWN));
        account.stands = self.stands_of_entry(index);
        account
    }

    /// A guard, a retry, a call within the program or a function: the ways that lead through it.
    fn others(&self, found: &Found) -> Account {
        let mut account = Account::default();
        let (mut more, mut budget) = (0, WAYS);
        for index in 0..self.case.entries.entries.len() {
            let Some((chain, passes)) = self.way_through(index, found, &mut budget) else { continue };
            if account.chains.len() < SHOWN {
                account.chains.push(chain);
            } else {
                more += usize::from(passes);
            }
        }
        account.more = words::more_entries(more);
        match (account.chains.is_empty(), budget) {
            (_, 0) => account.remarks.push(words::not_all_ways(WAYS)),
            (true, _) => account.remarks.extend(self.unused(found)),
            (false, _) => {}
        }
        account
    }

    /// The calls that an entry point reaches, models first.
    fn reached_by(&self, index: usize) -> Vec<(&External, &Vec<crate::link::Site>)> {
        let mut reached: Vec<_> = self
            .case
            .externals()
            .iter()
            .filter_map(|external| {
                let (_, sites) = external.reached.iter().find(|(entry, _)| *entry == index)?;
                Some((external, sites))
            })
            .collect();
        reached.order_by_key(|(external, _)| match external.kind {
            Calls::Llm => 0,
            Calls::Paid => 1,
            Calls::External => 2,
        });
        reached
    }

    /// The ways from an entry point to a call, shortest first.
    fn trails(&self, entry: usize, sites: &[crate::link::Site]) -> Vec<Trail> {
        let Some(reach) = self.case.reaches.get(entry) else { return Vec::new() };
        let mut trails: Vec<Trail> = sites.iter().flat_map(|site| reach.trails(*site)).collect();
        trails.order_by_key(Vec::len);
        trails
    }

    fn chain(
        &self,
        entry: usize,
        external: &External,
        trail: &Trail,
        ways: usize,
        is_asked: &dyn Fn(&Stop<'m>) -> bool,
    ) -> Chain {
        let title = words::way(&self.case.entries.entries[entry].name, &external.api, ways);
        Chain { title, steps: self.steps(self.way(entry, Some(external), trail), is_asked) }
    }

    fn entry_title(&self, index: usize) -> Text {
        words::same(&format!("`{}`", self.case.entries.entries[index].name))
    }

    /// Stops as they are told; those at one line are one step.
    fn steps(&self, stops: Vec<Stop<'m>>, is_asked: &dyn Fn(&Stop<'m>) -> bool) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for stop in stops {
            let is_asked = is_asked(&stop);
            let location = stop.place.unwrap_or_else(|| self.case.program.location(stop.module, stop.span));
            let mut guards: Vec<Item> = stop.guards;
            guards.sort_unstable();
            guards.dedup();
            match steps.last_mut() {
                Some(last) if last.location == location && last.what == stop.what => {
                    last.guards.extend(guards);
                    last.guards.sort_unstable();
                    last.guards.dedup();
                    last.is_asked |= is_asked;
                }
                _ => steps.push(Step { location, what: stop.what, guards, is_asked, code: String::new() }),
            }
        }
        steps
    }

    /// Who calls the function of a call that no entry point reaches.
    fn callers(&self, external: &External) -> Option<Text> {
        let program = self.case.program;
        let unit = program.units.calls[external.call].unit;
        let places: Vec<String> = program
            .callers_of(unit)
            .iter()
            .take(NEAR)
            .map(|site| {
                let place = program.place(site.call);
                format!("{}:{}", place.path, place.line)
            })
            .collect();
        let name = program.units.units[unit].name();
        (!name.is_empty()).then(|| words::called_from(name, &places))
    }
}

impl Default for Account {
    fn default() -> Self {
        Account {
            thing: Thing { location: Default::default(), what: Text::default() },
            beside: Vec::new(),
            remarks: Vec::new(),
            chains: Vec::new(),
            more: None,
            stands: Vec::new(),
        }
    }
}
