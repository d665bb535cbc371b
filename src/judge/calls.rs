//! The calls that leave the process, with what holds for each: time limit, retries, output limit.

mod alternatives;
mod connections;
mod declared;
mod in_process;
pub mod own_server;
mod rows;
mod senders;
mod several;
mod telemetry;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::arguments::{Amount, Given, Held};
use crate::link::browser::says_browser;
use crate::link::entries::Entries;
use crate::link::reach::Reach;
use crate::link::units::{CallId, ModuleId, UnitId};
use crate::link::{How, Program, Site, Value};
use crate::model::{ExpressionKind, Language};
use crate::rules::amounts;
use crate::rules::catalogue::{Calls, Fact, Kind, Setting};
use crate::rules::checked::{FactId, plain};
use crate::source::order::InOrder;

use super::channels;
use super::replies::Replies;
use super::requests::{BODIES, address, addresses, begins_with_setting, only_reads, sends_nothing};
use super::transports;
pub use alternatives::{MODEL, falls_back_to_itself};
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

/// A setting of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Timeout,
    Retry,
    Output,
}

impl Which {
    fn of(self, fact: &Fact) -> Option<&Setting> {
        match self {
            Which::Timeout => fact.timeout.as_ref(),
            Which::Retry => fact.retry.as_ref(),
            Which::Output => fact.output.as_ref(),
        }
    }
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

/// Names of what a call may be that are said.
const NAMES: usize = 3;

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

/// The address that a client was made with.
fn base_address(program: &Program<'_>, site: Site) -> Option<String> {
    let call = program.units.calls[site.call].call;
    let values = program.values(&call.callee, site.frame);
    values.iter().flat_map(|value| value.sites().to_vec()).find_map(|made| {
        let within = settings_within(program, made);
        within.iter().flat_map(|within| BASES.map(|key| format!("{within}{key}"))).find_map(|path| {
            match program.argument(made, &path) {
                Given::Present { expression, frame } => {
                    Some(program.text(expression, frame).unwrap_or_else(|| "*".into()))
                }
                _ => None,
            }
        })
    })
}

/// The keys under which clients are told the address that the paths of requests are put behind.
const BASES: [&str; 4] = ["base_url", "baseURL", "prefixUrl", "baseUrl"];

/// Where among its arguments a maker of clients takes settings: at the top, and wherever else it takes a timeout
/// (`useFactory.timeout`).
fn settings_within(program: &Program<'_>, made: Site) -> Vec<String> {
    let mut within = vec![String::new()];
    for path in program.callee_paths(made).iter() {
        for (_, fact) in program.facts_of(path, Kind::Client) {
            let arguments = fact.timeout.iter().flat_map(|setting| &setting.arguments);
            within.extend(arguments.filter_map(|path| Some(format!("{}.", path.rsplit_once('.')?.0))));
        }
    }
    within
}

/// The names of what a call may be, for people: not more than they read.
fn joined(mut names: Vec<String>) -> String {
    if names.len() > NAMES {
        names.truncate(NAMES - 1);
        names.push("…".to_owned());
    }
    names.join(" / ")
}

/// A canonical name as people say it: the package, then what is called on it.
fn api_name(path: &str) -> String {
    let path = plain(path);
    let path = path.as_str();
    let head = path.split(['.', '(']).next().unwrap_or(path);
    let head = if matches!(head, "globals" | "builtins" | "std") { "" } else { head };
    let mut tail: Vec<&str> = path.split('.').skip(1).collect();
    // What made the instance says little beside what is called on it.
    while tail.len() > 1 && tail.iter().rev().skip(1).any(|part| part.ends_with("()")) {
        tail.remove(0);
    }
    if let (1, Some(constructor)) = (tail.len(), path.split('.').rev().nth(1).filter(|part| part.ends_with("()")))
        && constructor != "default()"
    {
        let constructor = constructor.trim_end_matches("()");
        return format!("{head} {constructor}.{}", tail.join(".")).trim().to_owned();
    }
    let tail = tail.join(".");
    let tail = tail.trim_start_matches("default.");
    if tail.is_empty() || tail == "default" { head.to_owned() } else { format!("{head} {tail}").trim().to_owned() }
}

/// What holds for a setting of a call at a site: given at the call, at the clients that it is made on, or the default.
pub fn held(program: &Program<'_>, external: &External, site: Site, which: Which) -> Held {
    found(program, external, site, which).0
}

/// What decides a setting of a call that may be made on one of several: the call by the name that it has there, and where
/// the client is made.
pub struct Decides {
    pub api: Option<String>,
    pub client: Option<Site>,
}

/// Of several that a call may be made on the one that decides a setting.
pub fn decides(program: &Program<'_>, external: &External, site: Site, which: Which) -> Option<Decides> {
    let (value, makers) = found(program, external, site, which).1?;
    let named = value.path().filter(|path| external.endpoint.is_none() && program.is_a(path, Kind::Call));
    let is_client = |made: &Site| program.callee_paths(*made).iter().any(|path| program.is_a(path, Kind::Client));
    let client = makers.into_iter().find(is_client).filter(|made| made.call != external.call);
    Some(Decides { api: named.map(api_name), client })
}

/// What a call may be made on, with the calls that made it.
type Made<'m> = (Value<'m>, Vec<Site>);

/// What holds for a setting, and what of that which the call may be made on decides.
fn found<'m>(program: &Program<'m>, external: &External, site: Site, which: Which) -> (Held, Option<Made<'m>>) {
    let mut search = Search { program, which, unresolved: false, default: None, is_unknown: false };
    let fact = program.catalogue.fact(external.fact);
    if let Some(endpoint) = external.endpoint {
        let endpoint = program.catalogue.fact(endpoint);
        if let Some(setting) = which.of(endpoint) {
            // `https.request(options, (answer) => ..)`: what is called back is no body.
            let is_body = |prefix: &str| match program.argument(site, prefix) {
                Given::Present { expression, .. } => !matches!(expression.kind, ExpressionKind::Function(_)),
                _ => true,
            };
            for prefix in BODIES.into_iter().filter(|prefix| is_body(prefix)) {
                let within = Setting {
                    arguments: setting.arguments.iter().map(|path| format!("{prefix}.{path}")).collect(),
                    ..setting.clone()
                };
                match program.setting_at(&within, site) {
                    Some(held @ Held::Given(..)) => return (held, None),
                    // A body that cannot be seen into.
                    Some(_) => search.unresolved = true,
                    None => {}
                }
            }
        }
    }
    if let Some(held) = search.consider(fact, site) {
        return (held, None);
    }
    let call = program.units.calls[site.call].call;
    let mut values = program.values(&call.callee, site.frame);
    // What is declared to be served is itself what is called.
    if fact.is == Kind::Compose {
        values = values.iter().flat_map(|maker| program.result(maker, site)).collect();
    }
    // What nothing is known of on this way is what it is declared to be.
    let is_known = |value: &Value<'m>| value.path().is_some_and(|path| !program.facts(path).is_empty());
    if !values.iter().any(is_known) {
        values = program.values(&call.callee, external.open.frame);
    }
    // The call may be made on any of them: what the worst one does is what holds. Where none of them is seen being made,
    // what is known of their classes.
    let is_put_together = |value: &Value<'m>| {
        let is_composed =
            |made: &Site| program.callee_paths(*made).iter().any(|path| program.is_a(path, Kind::Compose));
        value.sites().iter().any(is_composed) || is_whole(program, value)
    };
    // Of what is put together with a client what that does by default holds, before what it does where none is seen.
    let before = |is_whole: bool| match is_whole {
        true => Search { default: None, is_unknown: false, ..search },
        false => search,
    };
    let mut unseen = before(values.iter().any(is_put_together));
    let mut worst: Option<(Held, Made<'m>)> = None;
    let others = values.iter().flat_map(|value| alternatives::alternatives(program, value)).collect::<Vec<_>>();
    let every = values.iter().chain(&others);
    let ways = every.flat_map(|value| program.ways_made(value).into_iter().map(move |way| (value, way)));
    for (value, makers) in ways {
        let mut own = before(is_put_together(value));
        let held = match on_client(&mut own, value, &makers) {
            OnClient::Given(held) => held,
            OnClient::NotGiven => Search { default: own.default.or(search.default), ..own }.not_given(),
            OnClient::Unseen => {
                on_client(&mut unseen, value, &makers);
                continue;
            }
        };
        if worst.as_ref().is_none_or(|(worst, _)| is_worse(which, *worst, held)) {
            worst = Some((held, (value.clone(), makers)));
        }
    }
    if !matches!(worst, Some((Held::Given(..), _)))
        && let Some(held) = held_by_models(&unseen, &values)
    {
        return (held, None);
    }
    if let Some((held, made)) = worst {
        return (held, Some(made));
    }
    if unseen.default.is_none() {
        (unseen.default, unseen.is_unknown) = (search.default, search.is_unknown);
    }
    let held = match unseen.not_given() {
        nothing @ (Held::Default(None) | Held::Unresolved(None)) => put_together(program, site).unwrap_or(nothing),
        held => held,
    };
    (held, None)
}

/// Whether a value is what a library puts together of others: a chain, an agent, a graph.
fn is_whole<'m>(program: &Program<'m>, value: &Value<'m>) -> bool {
    let made = value.path().and_then(|path| path.get(..path.find("()")? + 2));
    made.is_some_and(|made| {
        program.catalogue.of_kind(Kind::Compose).any(|(_, fact)| fact.becomes.as_deref() == Some(made))
    })
}

/// What all models give a setting that something asks one after the other, which is not given it itself: the worst.
fn held_by_models<'m>(search: &Search<'_, 'm>, values: &[Value<'m>]) -> Option<Held> {
    let program = search.program;
    let makers: Vec<Site> = values.iter().flat_map(|value| program.makers(value)).collect();
    let models: Vec<Value<'m>> =
        makers.into_iter().flat_map(|made| alternatives::models_within(program, made)).collect();
    let mut worst = None;
    for model in &models {
        let mut own = Search { default: None, ..*search };
        let OnClient::Given(held) = on_client(&mut own, model, model.sites()) else { return None };
        worst = Some(worst.filter(|known| !is_worse(search.which, *known, held)).unwrap_or(held));
    }
    worst
}

/// Whether a call is one of something that is put together of nothing but functions that ask a model.
pub fn asks_by_functions<'m>(program: &Program<'m>, site: Site) -> bool {
    let values = program.values(&program.units.calls[site.call].call.callee, site.frame);
    let is_client = |made: &Site| program.callee_paths(*made).iter().any(|path| program.is_a(path, Kind::Client));
    let has_client =
        |value: &Value<'m>| program.makers(value).iter().any(is_client) || program.has_parts(value.sites());
    !values.iter().any(has_client) && put_together(program, site).is_some()
}

/// What holds for a call of something that is put together of functions that ask a model: they are calls of their own,
/// and are judged where they stand.
fn put_together(program: &Program<'_>, site: Site) -> Option<Held> {
    let call = program.units.calls[site.call].call;
    let values = program.values(&call.callee, site.frame);
    let is_composed = |made: &Site| program.callee_paths(*made).iter().any(|path| program.is_a(path, Kind::Compose));
    if !values.iter().any(|value| value.sites().iter().any(is_composed)) {
        return None;
    }
    let mut frames = program.runs(site).to_vec();
    let mut at = 0;
    while let Some(frame) = frames.get(at).copied().filter(|_| at < PARTS) {
        at += 1;
        for call in &program.units.units[program.unit_of_frame(frame)].calls {
            let part = Site { call: *call, frame };
            let asks = |path: &std::rc::Rc<str>| {
                program.facts_of(path, Kind::Call).iter().any(|(_, fact)| fact.calls == Some(Calls::Llm))
            };
            if program.callee_paths(part).iter().any(asks) {
                return Some(Held::Given(Amount::Unknown, part));
            }
            let further: Vec<_> = program.runs(part).iter().copied().filter(|each| !frames.contains(each)).collect();
            frames.extend(further);
        }
    }
    None
}

/// Functions that are looked into for what something that is put together asks.
const PARTS: usize = 60;

/// What one of the values that a call may be made on says of a setting.
enum OnClient {
    Given(Held),
    /// Its client is seen being made, without the setting.
    NotGiven,
    Unseen,
}

fn on_client<'m>(search: &mut Search<'_, 'm>, value: &Value<'m>, makers: &[Site]) -> OnClient {
    let program = search.program;
    let which = search.which;
    let clients: Vec<(&'m Fact, Site)> = makers
        .iter()
        .rev()
        .flat_map(|made| {
            program.made_as(*made).into_iter().flat_map(|(path, made)| {
                let mut facts = program.facts_at(&path, Kind::Client, made);
                facts.extend(program.facts_of(&path, Kind::Same));
                facts.extend(program.facts_of(&path, Kind::Compose));
                facts.retain(|(_, fact)| program.applies(fact, made));
                facts.into_iter().map(move |(_, fact)| (fact, made)).collect::<Vec<_>>()
            })
        })
        .collect();
    let is_client = |(fact, _): &&(&'m Fact, Site)| fact.is == Kind::Client;
    for (place, (fact, made)) in clients.iter().enumerate() {
        // A method that changes options takes the options of its client too, which was made before.
        let own: Vec<&Fact> = if fact.is == Kind::Client || which.of(fact).is_some() {
            vec![*fact]
        } else {
            clients.iter().skip(place).filter(is_client).map(|(fact, _)| *fact).collect()
        };
        for fact in own {
            if let Some(held) = search.consider(fact, *made) {
                return OnClient::Given(held);
            }
        }
    }
    // An instance of which only the class is known has the defaults of the class, but for what it is given where it is
    // made in a way that nobody sees into: `getattr(module, name)(timeout=30)`.
    let constructor = value.path().and_then(|path| path.get(..path.find("()")?));
    let is_made_of = |made: &Site, class: &str| program.callee_paths(*made).iter().any(|path| path.starts_with(class));
    let unseen: Vec<Site> = value
        .sites()
        .iter()
        .copied()
        .filter(|made| !constructor.is_some_and(|class| is_made_of(made, class)))
        .collect();
    let constructor = constructor.filter(|_| value.sites().is_empty() || !unseen.is_empty());
    let is_seen = clients
        .iter()
        .any(|(fact, _)| fact.is != Kind::Same && which.of(fact).is_some_and(|setting| !is_unknown(setting)));
    let of_class = constructor.into_iter().flat_map(|constructor| program.facts_of(constructor, Kind::Client));
    // What is seen tells more than that it may be anything.
    for (_, fact) in of_class.filter(|(_, fact)| !is_seen || !which.of(fact).is_some_and(is_unknown)) {
        for made in &unseen {
            if let Some(held) = search.consider(fact, *made) {
                return OnClient::Given(held);
            }
        }
        search.note_default(fact);
    }
    if clients.iter().any(|(fact, _)| fact.is == Kind::Client) { OnClient::NotGiven } else { OnClient::Unseen }
}

/// Whether the second of two gives less: nothing at all, something unseen, the longer time.
fn is_worse(which: Which, first: Held, second: Held) -> bool {
    let rank = |held: Held| match held {
        Held::Given(Amount::Off, _) | Held::Default(None) => (3, 0.0),
        Held::Unresolved(None) => (2, 0.0),
        Held::Given(Amount::Number(amount), _) | Held::Default(Some(amount)) | Held::Unresolved(Some(amount)) => {
            match which {
                Which::Retry if amount <= 0.0 => (3, 0.0),
                Which::Timeout => (1, amount),
                Which::Retry | Which::Output => (1, 0.0),
            }
        }
        Held::Given(Amount::Unknown, _) => (0, 0.0),
    };
    rank(second) > rank(first)
}

/// The way from the call outwards to its clients.
#[derive(Clone, Copy)]
struct Search<'p, 'm> {
    program: &'p Program<'m>,
    which: Which,
    unresolved: bool,
    default: Option<Option<f64>>,
    /// The default is that of something that cannot be seen.
    is_unknown: bool,
}

impl Search<'_, '_> {
    /// What holds where nothing that was considered gives it.
    fn not_given(&self) -> Held {
        let default = self.default.flatten();
        if self.unresolved || self.is_unknown { Held::Unresolved(default) } else { Held::Default(default) }
    }

    /// What a fact's setting is at a site; its default is remembered where no earlier fact had one.
    fn consider(&mut self, fact: &Fact, at: Site) -> Option<Held> {
        let setting = self.which.of(fact)?;
        match self.program.setting_at(setting, at) {
            Some(Held::Unresolved(_)) => self.unresolved = true,
            Some(held) => return Some(held),
            None => {}
        }
        if let Some(held) = self.program.setting_assigned(setting, at).or_else(|| self.sent_by(setting, at)) {
            return Some(held);
        }
        self.note_default(fact);
        None
    }

    fn note_default(&mut self, fact: &Fact) {
        if let Some(value) = self.which.of(fact).and_then(|setting| setting.default.as_ref())
            && self.default.is_none()
        {
            self.is_unknown = value.as_str() == Some(UNKNOWN);
            self.default = Some(number(value));
        }
    }
}

/// The default of what is only known by something that cannot be seen.
const UNKNOWN: &str = "unknown";

/// Whether what holds by default is told by something that cannot be seen.
fn is_unknown(setting: &Setting) -> bool {
    setting.default.as_ref().and_then(toml::Value::as_str) == Some(UNKNOWN)
}

/// A default as written: a number, a length of time, or `none`.
fn number(value: &toml::Value) -> Option<f64> {
    match value {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        toml::Value::Boolean(on) => on.then_some(1.0),
        toml::Value::String(text) => amounts::duration(text),
        _ => None,
    }
}

/// Whether something is set and not off.
pub fn is_set(held: Held) -> bool {
    match held {
        Held::Given(amount, _) => amount != Amount::Off,
        // What is passed there and cannot be seen into leaves the default as it is.
        Held::Default(value) | Held::Unresolved(value) => value.is_some_and(|value| value > 0.0),
    }
}
