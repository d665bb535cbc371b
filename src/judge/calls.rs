//! The calls that leave the process, with what holds for each: time limit, retries, output limit.

mod alternatives;
mod connections;
mod declared;
mod held;
mod in_process;
mod names;
pub mod own_server;
mod rows;
mod senders;
mod several;
mod telemetry;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::arguments::Given;
use crate::link::browser::says_browser;
use crate::link::entries::Entries;
use crate::link::reach::Reach;
use crate::link::units::{CallId, ModuleId, UnitId};
use crate::link::{How, Program, Site};
use crate::model::Language;
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::FactId;
use crate::source::order::InOrder;

use super::channels;
use super::replies::Replies;
use super::requests::{BODIES, address, addresses, begins_with_setting, only_reads, sends_nothing};
use super::transports;
pub use alternatives::{MODEL, falls_back_to_itself};
pub use held::{Which, asks_by_functions, decides, held, is_set};
use names::{api_name, base_address, joined};
pub use rows::settle;
pub use several::{is_one_of_several, lacking};

/// A call that leaves the process.
#[derive(Clone, Debug)]
pub struct External {
    pub call: CallId,
    pub kind: Calls,
    /// The library's name for it, for people: `openai chat.completions.create`.
    pub api: String,
    pub fact: FactId,
    /// The fact of the provider's address, for a raw HTTP call.
    pub endpoint: Option<FactId>,
    /// The call with nothing known of its callers.
    pub open: Site,
    /// The entry points that reach it, with the sites at which they do.
    pub reached: Vec<(usize, Vec<Site>)>,
}

/// What tells raw requests apart.
struct Known<'m> {
    replies: Replies<'m>,
    /// The modules that run in the browser.
    pages: FxHashSet<ModuleId>,
}

impl<'m> Known<'m> {
    fn of(program: &Program<'m>) -> Self {
        Known { replies: Replies::of(program), pages: program.browser_modules() }
    }
}

/// The entry points that run each unit.
struct Running<'r> {
    reaches: &'r [&'r Reach],
    entries: FxHashMap<UnitId, Vec<usize>>,
}

impl<'r> Running<'r> {
    fn of(reaches: &'r [&'r Reach]) -> Self {
        let mut entries: FxHashMap<UnitId, Vec<usize>> = FxHashMap::default();
        for (entry, reach) in reaches.iter().enumerate() {
            reach.units().for_each(|unit| entries.entry(unit).or_default().push(entry));
        }
        Running { reaches, entries }
    }

    fn entries(&self, unit: UnitId) -> &[usize] {
        self.entries.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// The entry points that reach a call, with the sites at which they do.
    fn reached(&self, program: &Program<'_>, call: CallId) -> Vec<(usize, Vec<Site>)> {
        let unit = program.units.calls[call].unit;
        let sites = |entry: &usize| -> Vec<Site> {
            let frames = self.reaches.get(*entry).map_or(&[][..], |reach| reach.frames_of(unit));
            frames.iter().map(|frame| Site { call, frame: *frame }).collect()
        };
        self.entries(unit).iter().map(|entry| (*entry, sites(entry))).collect()
    }
}

/// Finds all external calls of shipping code, in the order of files and lines.
pub fn find<'m>(program: &Program<'m>, entries: &Entries<'m>, reaches: &[&Reach]) -> Vec<External> {
    let running = Running::of(reaches);
    let known = Known::of(program);
    let mut transports = None;
    let mut all = Vec::new();
    for call in 0..program.units.calls.len() {
        let info = &program.units.calls[call];
        let open = Site { call, frame: program.open_frame(info.unit) };
        let entries = running.entries(info.unit);
        let sites =
            std::iter::once(open).chain(running.reached(program, call).into_iter().flat_map(|(_, sites)| sites));
        let Some((kind, fact, endpoint, api)) =
            sites.take(24).find_map(|site| classify(program, &known, site, !entries.is_empty()))
        else {
            continue;
        };
        if kind == Calls::External
            && transports::hands_on_address(program, open)
            && transports.get_or_insert_with(|| transports::of_clients(program)).contains(&info.unit)
        {
            continue;
        }
        if kind == Calls::External && transports::sends_for_its_class(program, open, program.catalogue.fact(fact)) {
            continue;
        }
        let reached = running.reached(program, call);
        let found = External { call, kind, api, fact, endpoint, open, reached };
        all.extend(apart(program, found));
    }
    // A chained call (`client.post(..).send()`) is one call: the outermost fact wins.
    let place =
        |each: &External| (program.units.calls[each.call].module, program.units.calls[each.call].call.span.start);
    let mut begun: FxHashMap<(ModuleId, u32), Vec<(CallId, FactId)>> = FxHashMap::default();
    all.iter().for_each(|each| begun.entry(place(each)).or_default().push((each.call, each.fact)));
    let is_inner = |each: &&External| {
        let mut others = begun.get(&place(each)).into_iter().flatten();
        others.any(|(other, fact)| *other != each.call && chained_in(program, each.call, *other) && *fact == each.fact)
    };
    let inner: FxHashSet<CallId> = all.iter().filter(is_inner).map(|each| each.call).collect();
    all.retain(|each| !inner.contains(&each.call));
    leave_to_the_browser(program, &known.pages, &mut all);
    telemetry::leave_out(program, &mut all);
    connections::ask(program, &running, &mut all);
    all.extend(declared::served(program, entries, &running));
    all.order_by_key(|each| {
        let place = program.place(each.call);
        (place.path, place.line, place.column, program.units.calls[each.call].call.span.end)
    });
    all.dedup_by(|later, earlier| {
        later.kind == earlier.kind
            && program.units.calls[later.call].call.span.start == program.units.calls[earlier.call].call.span.start
            && program.units.calls[later.call].module == program.units.calls[earlier.call].module
            && {
                earlier.call = later.call.min(earlier.call);
                true
            }
    });
    all
}

/// A raw request with what else is sent through the same client: a message to a channel of the operators is none to a
/// model, nor is what goes to other addresses. What the place of the request stands for comes last.
fn apart(program: &Program<'_>, found: External) -> Vec<External> {
    let sites = || found.reached.iter().flat_map(|(_, sites)| sites);
    if found.endpoint.is_none() || sites().count() < 2 {
        return vec![found];
    }
    let elsewhere = if found.kind == Calls::Llm { elsewhere(program, sites().copied()) } else { FxHashSet::default() };
    let is_other = |site: &Site| elsewhere.contains(site) || channels::is_addressed(program, *site);
    let to_others: FxHashSet<Site> = sites().copied().filter(is_other).collect();
    if to_others.is_empty() || sites().all(|site| to_others.contains(site)) {
        return vec![found];
    }
    let paths = program.callee_paths(found.open);
    let api = paths.iter().find(|path| program.is_a(path, Kind::Http)).map_or(found.api.clone(), |path| api_name(path));
    let chosen = |is_other: bool| -> Vec<(usize, Vec<Site>)> {
        let of_entry = |sites: &Vec<Site>| -> Vec<Site> {
            sites.iter().copied().filter(|site| to_others.contains(site) == is_other).collect()
        };
        let reached = found.reached.iter().map(|(entry, sites)| (*entry, of_entry(sites)));
        reached.filter(|(_, sites)| !sites.is_empty()).collect()
    };
    let message = External { kind: Calls::External, api, endpoint: None, reached: chosen(true), ..found };
    vec![message, External { reached: chosen(false), ..found }]
}

/// The share of models among the addresses of all callers below which none is meant, where it is known who means one.
const RARE: f64 = 0.1;

/// The sites of a raw request at which it goes to hosts that are known, and to none where a model is asked; and those of
/// which nothing is known but that one of all the many addresses is that of a model, where others are known to ask it.
/// What may be asked of a model at every site, whatever these say, tells nothing of one of them.
fn elsewhere(program: &Program<'_>, sites: impl Iterator<Item = Site>) -> FxHashSet<Site> {
    let known = |site: Site| {
        let (address, frame) = channels::address_of(program, site)?;
        let mut all = addresses(program, address, frame);
        // At no address nothing is asked.
        all.retain(|address| !address.is_empty());
        Some((site, all))
    };
    let known: Vec<(Site, Vec<String>)> = sites.filter_map(known).collect();
    let asked = |(_, all): &(Site, Vec<String>)| -> FxHashSet<String> {
        all.iter().filter(|address| asks_a_model(program, address)).cloned().collect()
    };
    let models: Vec<FxHashSet<String>> = known.iter().map(asked).collect();
    let Some(mut everywhere) = models.first().cloned() else { return FxHashSet::default() };
    everywhere.retain(|address| models.iter().all(|own| own.contains(address)));
    let tells = |own: &FxHashSet<String>| own.len() > everywhere.len();
    if !models.iter().any(tells) {
        return FxHashSet::default();
    }
    let has_host = |address: &String| {
        address.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.starts_with(['*', '/']))
    };
    let share =
        |all: &[String], own: &FxHashSet<String>| (own.len() - everywhere.len()) as f64 / all.len().max(1) as f64;
    let is_known =
        |((site, _), own): (&(Site, Vec<String>), &FxHashSet<String>)| tells(own) && is_for_one(program, *site);
    let is_meant = known.iter().zip(&models).any(is_known);
    let is_other = |((site, all), own): &(&(Site, Vec<String>), &FxHashSet<String>)| match tells(own) {
        true => is_meant && share(all, own) < RARE && !is_for_one(program, *site),
        false => !all.is_empty() && all.iter().all(has_host),
    };
    known.iter().zip(&models).filter(is_other).map(|((site, _), _)| *site).collect()
}

/// Whether it is known for whom a call runs: all the way up from a handler, and not for all callers at once.
fn is_for_one(program: &Program<'_>, site: Site) -> bool {
    let mut at = Some(site.frame);
    while let Some(id) = at {
        let frame = program.frame(id);
        at = match frame.how {
            How::Call(site) => Some(site.frame),
            How::Open => return false,
            How::Framework | How::Wraps(_) => {
                frame.closure.filter(|around| program.units.units[program.unit_of_frame(*around)].function.is_some())
            }
        };
    }
    true
}

/// Whether a model is asked at an address.
fn asks_a_model(program: &Program<'_>, address: &str) -> bool {
    program.catalogue.endpoint(address).is_some_and(|id| program.catalogue.fact(id).calls == Some(Calls::Llm))
}

/// Requests that only a page makes, to its own server or for its own sake, are not the server's.
fn leave_to_the_browser(program: &Program<'_>, pages: &FxHashSet<ModuleId>, all: &mut Vec<External>) {
    all.retain(|each| {
        each.kind != Calls::External
            || !each.reached.is_empty()
            || program.catalogue.fact(each.fact).is != Kind::Http
            || !pages.contains(&program.units.calls[each.call].module)
                && !program.is_sent(program.units.calls[each.call].unit)
    });
}

/// Whether `inner` is the receiver of `outer`.
fn chained_in(program: &Program<'_>, inner: CallId, outer: CallId) -> bool {
    let (inner, outer) = (&program.units.calls[inner], &program.units.calls[outer]);
    inner.module == outer.module
        && inner.call.span.start == outer.call.span.start
        && inner.call.span.end < outer.call.span.end
}

/// `is_served`: whether an entry point reaches the call.
fn classify<'m>(
    program: &Program<'m>,
    known: &Known<'m>,
    site: Site,
    is_served: bool,
) -> Option<(Calls, FactId, Option<FactId>, String)> {
    for path in program.callee_paths(site).iter() {
        let call = program.facts_at(path, Kind::Call, site).into_iter().find(|(_, fact)| program.applies(fact, site));
        if let Some((id, fact)) = call {
            if fact.calls == Some(Calls::Llm) && in_process::stays_in_process(program, site) {
                return None;
            }
            let kind = fact.calls?;
            let others = several::others(program, path, kind, site);
            let names = std::iter::once(path).chain(&others).map(|path| api_name(path)).collect();
            return Some((kind, id, None, joined(names)));
        }
        if let Some((id, fact)) = program.facts_at(path, Kind::Http, site).first() {
            let url = fact.url.as_deref().map(|url| program.argument(site, url));
            let text = match url {
                Some(Given::Present { expression, frame }) => address(program, expression, frame),
                _ => None,
            };
            let module = program.units.calls[site.call].module;
            // `process.env.API_URL || ""`: a server has no page to go by; it works only where the variable is set.
            let is_set_elsewhere = || match url {
                Some(Given::Present { expression, frame }) => {
                    is_served && !known.pages.contains(&module) && begins_with_setting(program, expression, frame, 0)
                }
                _ => false,
            };
            let base = base_address(program, site).or_else(|| is_set_elsewhere().then(|| "*".to_owned()));
            let behind = |text: &str| format!("{}{text}", base.clone().unwrap_or_default());
            let mut whole = behind(text.as_deref().unwrap_or_default());
            // A path without a host is the page's own server, one from the module on a file of its own.
            const OWN: [&str; 5] = ["/", "./", "../", "blob:", "data:"];
            let is_script = program.modules[module].language == Language::TypeScript;
            let is_own = |text: &str| OWN.iter().any(|start| text.starts_with(start));
            if is_script && base.is_none() && text.as_deref().is_some_and(is_own) {
                return None;
            }
            // Of the addresses that it may be the one of a model tells what is asked there; where it is known already what
            // is, one that is known as well.
            if let Some(Given::Present { expression, frame }) = url
                && !asks_a_model(program, &whole)
            {
                let is_told = program.catalogue.endpoint(&whole).is_some();
                let others = addresses(program, expression, frame).into_iter().map(|text| behind(&text));
                let mut others = others.filter(|other| !is_told || !other.contains('*'));
                whole = others.find(|other| asks_a_model(program, other)).unwrap_or(whole);
            }
            let told =
                || told_by_reply(program, known, &whole, site, is_served).filter(|_| !only_reads(program, path, site));
            let is_asked = |id: &FactId| asks_for(program, program.catalogue.fact(*id), path, site, &whole);
            let endpoint = program.catalogue.endpoint(&whole).filter(is_asked).or_else(told);
            let kind = endpoint.and_then(|id| program.catalogue.fact(id).calls).unwrap_or(Calls::External);
            // Where any sort of model is served, sound and pictures are no question to one that writes.
            let kind = if kind == Calls::Llm && sends_media(program, site) { Calls::Paid } else { kind };
            let host =
                whole.split("://").nth(1).unwrap_or("").split(['?', '*']).next().unwrap_or("").trim_end_matches('/');
            let name = api_name(path);
            return Some((kind, *id, endpoint, if host.is_empty() { name } else { format!("{name} {host}") }));
        }
    }
    None
}

/// Whether the body of a request is said to be sound or a picture.
fn sends_media(program: &Program<'_>, site: Site) -> bool {
    let said = ["headers.Content-Type", "headers.content-type"].map(|header| program.argument(site, header));
    said.into_iter().any(|given| match given {
        Given::Present { expression, frame } => {
            let said = program.text(expression, frame).unwrap_or_default();
            ["audio/", "image/", "video/"].iter().any(|sort| said.starts_with(sort))
        }
        _ => false,
    })
}

/// Whether a request has a body where its address is told something in one, and in it what tells a generation where any
/// sort of model is served there, and nothing that tells something else.
fn asks_for(program: &Program<'_>, endpoint: &Fact, path: &str, site: Site, address: &str) -> bool {
    let is_told = |need: &str, body: &str| {
        let mut ways = need.split(" | ").map(|way| format!("{body}.{way}"));
        ways.any(|way| program.meets(&way, site) == Some(true))
    };
    let is_sent = endpoint.calls == Some(Calls::Llm) || !endpoint.input.is_empty();
    let has_body = !is_sent || !sends_nothing(program, path, site, address);
    let holds = |condition: &String| BODIES.iter().any(|body| is_told(condition, body));
    has_body && endpoint.needs.iter().all(holds) && !endpoint.unless.iter().any(holds)
}

/// The provider behind an address that is not known. A page that reads such a reply has it from its own server.
fn told_by_reply<'m>(
    program: &Program<'m>,
    known: &Known<'m>,
    address: &str,
    site: Site,
    is_served: bool,
) -> Option<FactId> {
    let info = &program.units.calls[site.call];
    let module = &program.modules[info.module];
    let is_for_pages = || !is_served && known.pages.contains(&info.module);
    let is_page = module.path.ends_with("sx") || says_browser(module) || is_for_pages() || program.is_sent(info.unit);
    let is_known = address.split_once("://").is_some_and(|(_, host)| !host.starts_with('*') && !host.is_empty());
    if is_page || is_known { None } else { known.replies.find(program, site) }
}
