//! What holds for the settings of a call: its timeout, its retries and the limit of what a model answers, given at the
//! call, at the clients that it is made on, or by default.

use crate::link::arguments::{Amount, Given, Held};
use crate::link::{Program, Site, Value};
use crate::model::ExpressionKind;
use crate::rules::amounts;
use crate::rules::catalogue::{Calls, Fact, Kind, Setting};

use super::super::requests::BODIES;
use super::names::api_name;
use super::{External, alternatives};

/// A setting of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Timeout,
    Retry,
    Output,
}

impl Which {
    pub(super) fn of(self, fact: &Fact) -> Option<&Setting> {
        match self {
            Which::Timeout => fact.timeout.as_ref(),
            Which::Retry => fact.retry.as_ref(),
            Which::Output => fact.output.as_ref(),
        }
    }
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
pub(super) enum OnClient {
    Given(Held),
    /// Its client is seen being made, without the setting.
    NotGiven,
    Unseen,
}

pub(super) fn on_client<'m>(search: &mut Search<'_, 'm>, value: &Value<'m>, makers: &[Site]) -> OnClient {
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
pub(super) struct Search<'p, 'm> {
    pub(super) program: &'p Program<'m>,
    pub(super) which: Which,
    pub(super) unresolved: bool,
    pub(super) default: Option<Option<f64>>,
    /// The default is that of something that cannot be seen.
    pub(super) is_unknown: bool,
}

impl Search<'_, '_> {
    /// What holds where nothing that was considered gives it.
    pub(super) fn not_given(&self) -> Held {
        let default = self.default.flatten();
        if self.unresolved || self.is_unknown { Held::Unresolved(default) } else { Held::Default(default) }
    }

    /// What a fact's setting is at a site; its default is remembered where no earlier fact had one.
    pub(super) fn consider(&mut self, fact: &Fact, at: Site) -> Option<Held> {
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
