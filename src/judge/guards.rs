//! Whether something protects a call on the way to it.
//!
//! A trail is protected by what wraps it, by what must have happened before each of its steps, and by the tests that
//! stand in its way. Library guards are told by the catalogue, hand-written ones by what they do (`behaviour`).

mod asking;
mod claims;
mod conflicts;
mod facts;
mod forks;
mod memory;
mod overrides;
mod patterns;
mod refusals;
mod results;
mod routes;
mod rows;
mod skipping;
mod steps;
mod unique;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::link::entries::{Entry, Link, Role, decorator_facts, frame_of};
use crate::link::reach::{Reach, Trail};
use crate::link::units::{Binding, ModuleId, NodeKind, Unit, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{FactId, plain};

use super::behaviour::Behaviour;
use asking::Asking;
pub use forks::Fork;
use memory::Memory;
use refusals::Refusals;
pub use refusals::{Way, is_dropped};
pub use unique::may_conflict;

/// Where a guard stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Protection {
    pub module: ModuleId,
    pub span: Span,
    /// What it is, for people.
    pub name: String,
}

/// What runs from a handler together with what is injected into it.
type WithInjected = HashMap<(FrameId, Vec<FrameId>), Rc<Reach>>;

/// Answers questions about protection, remembering what it found.
pub struct Guards<'p, 'm> {
    pub program: &'p Program<'m>,
    pub behaviour: Behaviour<'p, 'm>,
    reaches: RefCell<HashMap<FrameId, Rc<Reach>>>,
    /// What runs from handlers together with what is injected into them.
    injected: RefCell<WithInjected>,
    memory: Memory,
    refusals: Refusals<'m>,
    initialised: RefCell<HashMap<String, Option<Protection>>>,
    /// What works through middleware, by the name of that and the item.
    worked_through: RefCell<HashMap<(String, String), Option<Protection>>>,
    /// The method and path of the requests that are looked at (`POST /ask`), and whether an answer has depended on it.
    route: RefCell<Option<String>>,
    depends_on_route: Cell<bool>,
    /// The units that run for the request that is looked at.
    reached: RefCell<Option<Rc<FxHashSet<UnitId>>>>,
    /// The entry points that ask models, once they were noted.
    asking: OnceCell<Asking>,
    /// The units in which something is bounded in time.
    pub units_with_deadline: OnceCell<BTreeSet<UnitId>>,
    /// The modules that run in the browser, once it was asked for.
    pages: OnceCell<FxHashSet<ModuleId>>,
}

const DEPTH: usize = 6;

/// Methods whose result tells whether the request may pass.
const DECIDES: [&str; 4] = ["canActivate", "allow_request", "has_permission", "shouldAllow"];

impl<'p, 'm> Guards<'p, 'm> {
    pub fn new(program: &'p Program<'m>) -> Self {
        Guards {
            program,
            behaviour: Behaviour::new(program),
            reaches: RefCell::default(),
            injected: RefCell::default(),
            memory: Memory::default(),
            refusals: Refusals::default(),
            initialised: RefCell::default(),
            worked_through: RefCell::default(),
            route: RefCell::default(),
            depends_on_route: Cell::new(false),
            reached: RefCell::default(),
            asking: OnceCell::new(),
            units_with_deadline: OnceCell::new(),
            pages: OnceCell::new(),
        }
    }

    /// What runs from a frame, remembered.
    pub fn reach(&self, frame: FrameId) -> Rc<Reach> {
        if let Some(found) = self.reaches.borrow().get(&frame) {
            return found.clone();
        }
        let reach = Rc::new(self.program.reach(frame));
        self.reaches.borrow_mut().insert(frame, reach.clone());
        reach
    }

    /// What runs for a request to an entry point: from its handler, from what is injected into that, and from what it goes
    /// on to.
    pub fn reach_of(&self, entry: &Entry<'m>) -> Rc<Reach> {
        let links = entry.chains.iter().flatten().filter(|link| link.role == Role::Dependency);
        let mut ahead: Vec<FrameId> = links.filter_map(|link| frame_of(self.program, &link.value)).collect();
        ahead.extend(&entry.behind);
        ahead.sort_unstable();
        ahead.dedup();
        ahead.retain(|frame| *frame != entry.handler);
        if ahead.is_empty() && !entry.is_page {
            return self.reach(entry.handler);
        }
        let key = (entry.handler, ahead);
        if let Some(found) = self.injected.borrow().get(&key) {
            return found.clone();
        }
        let reach = Rc::new(if entry.is_page {
            let pages = self.pages.get_or_init(|| self.program.browser_modules());
            self.program.reach_on_server(entry.handler, pages)
        } else {
            self.program.reach_with(entry.handler, &key.1)
        });
        self.injected.borrow_mut().insert(key, reach.clone());
        reach
    }

    /// Whether every way from the entry point to the call is protected; the first protection found.
    pub fn on_entry(&self, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
        self.look_at(entry);
        let exemption = self.taken_out_by(entry, item);
        let mut first = None;
        for chain in &entry.chains {
            let own: Vec<Link<'m>>;
            let chain: &[Link<'m>] = match exemption {
                Some(exemption) => {
                    own = chain.iter().filter(|link| !self.heeds(link, exemption, item)).cloned().collect();
                    &own
                }
                None => chain,
            };
            first = Some(self.on_chain(chain, item).or_else(|| self.on_all_trails(entry, sites, item))?);
        }
        first
    }

    /// Whether what stands in front lets those through that are taken out: what a library made, or a class that derives
    /// from a guard of the same one.
    fn heeds(&self, link: &Link<'m>, exemption: FactId, item: &str) -> bool {
        let library = |id: FactId| self.program.catalogue.library_of(id);
        match &link.value {
            Value::Library { .. } => true,
            value => self.inherited(value, item).is_some_and(|(id, _)| std::ptr::eq(library(id), library(exemption))),
        }
    }

    /// The fact by which a decorator of a handler or of its class takes it out of what a library does for all.
    pub fn taken_out_by(&self, entry: &Entry<'m>, item: &str) -> Option<FactId> {
        let program = self.program;
        let info = &program.units.units[program.unit_of_frame(entry.handler)];
        let class = info.class.map(|class| &program.units.classes[class]);
        let of_class = class.iter().flat_map(|class| {
            let frame = program.open_frame(class.unit);
            class.class.decorators.iter().map(move |decorator| (decorator, frame))
        });
        let home = info.parent.map(|parent| program.open_frame(parent));
        let own = info.function.into_iter().flat_map(|function| &function.decorators);
        let decorators = of_class.chain(own.filter_map(|decorator| Some((decorator, home?))));
        let exempting: Vec<(FactId, &Fact)> = program
            .catalogue
            .of_kind(Kind::Guard)
            .filter(|(_, fact)| fact.protects.as_deref() == Some(item) && fact.how.as_deref() == Some("exempt"))
            .collect();
        // `app.post(path, { config: { rateLimit: false } }, handler)`.
        let by_registration = entry.chains.iter().flatten().find_map(|link| match &link.value {
            Value::Library { path, sites } => {
                let site = *sites.last()?;
                let facts = program.facts(path);
                let takes_out = |(id, fact): &&(FactId, &Fact)| facts.contains(id) && program.applies(fact, site);
                exempting.iter().find(|each| !each.1.needs.is_empty() && takes_out(each)).map(|(id, _)| *id)
            }
            _ => None,
        });
        if by_registration.is_some() {
            return by_registration;
        }
        decorators.into_iter().find_map(|(decorator, frame)| {
            let called = decorator_facts(program, decorator, frame);
            let values = program.values(decorator, frame);
            exempting.iter().find_map(|(id, fact)| {
                let by_call =
                    called.iter().any(|(each, site)| std::ptr::eq(*each, *fact) && program.applies(fact, *site));
                let by_name = || values.iter().filter_map(Value::path).any(|path| program.facts(path).contains(id));
                (by_call || by_name()).then_some(*id)
            })
        })
    }

    /// From now on questions are about requests to this entry point.
    pub fn look_at(&self, entry: &Entry<'m>) {
        let units = self.units_of(entry);
        self.note_records_of_others(entry, &units);
        *self.reached.borrow_mut() = Some(Rc::new(units));
        let route = self.route_of(entry);
        let is_other = *self.route.borrow() != route;
        *self.route.borrow_mut() = route;
        if is_other && self.depends_on_route.replace(false) {
            self.memory.clear();
        }
        // What is recorded for one request tells nothing about another.
        self.memory.forget("C3");
    }

    /// A guard that is initialised at start-up for every call: by a call, or by a setting of a library
    /// (`litellm.max_budget = 20`).
    pub fn for_all(&self, case: &super::case::Case<'p, 'm>, item: &str) -> Option<Protection> {
        if let Some(found) = self.initialised.borrow().get(item) {
            return found.clone();
        }
        let found = self.initialised_by_call(case, item).or_else(|| Some(self.initialised_by_setting(case, item)?.1));
        self.initialised.borrow_mut().insert(item.to_owned(), found.clone());
        found
    }

    fn initialised_by_call(&self, case: &super::case::Case<'p, 'm>, item: &str) -> Option<Protection> {
        let program = self.program;
        case.start_sites().find_map(|site| {
            let paths = program.callee_paths(site);
            let path = paths.iter().find(|path| {
                let facts = self.facts(path, Some(site), item);
                facts.iter().any(|fact| fact.how.as_deref() == Some("init") && fact.by.is_none())
            })?;
            let info = &program.units.calls[site.call];
            Some(Protection { module: info.module, span: info.call.span, name: short(path) })
        })
    }

    /// The setting of a library that is assigned at start-up and guards every call, with its fact.
    pub fn initialised_by_setting(&self, case: &super::case::Case<'p, 'm>, item: &str) -> Option<(FactId, Protection)> {
        let at_once = || {
            case.start_sites().find_map(|site| {
                let info = &self.program.units.calls[site.call];
                self.program.settings_at(site).into_iter().find_map(|(name, (given, frame))| {
                    let id = self.guarding_setting(&name, given, frame, item)?;
                    Some((id, Protection { module: info.module, span: info.call.span, name: short(&name) }))
                })
            })
        };
        self.initialised_by_settings(case, item).into_iter().next().or_else(at_once)
    }

    /// The settings of libraries that are assigned one by one at start-up and guard every call, with their facts.
    pub fn initialised_by_settings(&self, case: &super::case::Case<'p, 'm>, item: &str) -> Vec<(FactId, Protection)> {
        let program = self.program;
        let assigned = case.start_frames.iter().flat_map(|frame| {
            let unit = &program.units.units[program.unit_of_frame(*frame)];
            unit.nodes.iter().filter_map(move |node| {
                let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { return None };
                if case.is_skipped(*node) {
                    return None;
                }
                let StatementKind::Assign(assignment) = &statement.kind else { return None };
                let given = assignment.value.as_ref()?;
                let name = self.setting_name(&assignment.target, *frame)?;
                let id = self.guarding_setting(&name, given, *frame, item)?;
                Some((id, Protection { module: unit.module, span: statement.span, name: short(&name) }))
            })
        });
        assigned.collect()
    }

    /// The fact by which a setting of a library guards every call when it is given a value.
    fn guarding_setting(&self, name: &str, given: &'m Expression, frame: FrameId, item: &str) -> Option<FactId> {
        let program = self.program;
        let facts = program.facts_of(name, Kind::Guard);
        let guarding = facts.into_iter().find(|(_, fact)| {
            fact.protects.as_deref() == Some(item)
                && fact.how.as_deref() == Some("init")
                && fact.needs.iter().all(|need| program.fits(need, given, frame))
        });
        guarding.map(|(id, _)| id)
    }

    /// The canonical name of a setting that is assigned: `litellm.max_budget`, `flask.Flask().config.MAX_CONTENT_LENGTH`.
    fn setting_name(&self, target: &'m Expression, frame: FrameId) -> Option<String> {
        let (object, name) = match &target.kind {
            ExpressionKind::Member { object, name } => (object, name),
            ExpressionKind::Index { object, index } => match &index.kind {
                ExpressionKind::Literal(Literal::Text(name)) => (object, name),
                _ => return None,
            },
            _ => return None,
        };
        let values = self.program.values(object, frame);
        let path = values.iter().find_map(|value| value.path())?;
        Some(format!("{path}.{name}"))
    }

    /// A protection among what stands in front of the handler.
    pub fn on_chain(&self, chain: &[Link<'m>], item: &str) -> Option<Protection> {
        chain.iter().find_map(|link| self.on_link(link, item))
    }

    pub fn on_link(&self, link: &Link<'m>, item: &str) -> Option<Protection> {
        let here = |name: String| Protection { module: link.module, span: link.span, name };
        if matches!(link.role, Role::Observer | Role::After) {
            return None;
        }
        match &link.value {
            Value::Library { path, sites } => {
                let guards = !self.facts(path, sites.last().copied(), item).is_empty();
                if guards { Some(here(short(path))) } else { self.through(path, item) }
            }
            value => {
                if let Some((_, path)) = self.inherited(value, item) {
                    return Some(here(short(&path)));
                }
                let frame = frame_of(self.program, value)?;
                let found = self.in_frame(frame, item);
                // A dependency stops a request only by raising; a hook of a framework also by what it answers.
                let found = found.or_else(|| match link.role {
                    Role::Dependency => None,
                    role => self.answers(frame, role == Role::Decision, item),
                });
                let found = found?;
                // A function without a name is known by what guards in it.
                Some(here(Some(self.name_of(value)).filter(|name| !name.is_empty()).unwrap_or(found.name)))
            }
        }
    }

    /// What is initialised somewhere and works through middleware that stands in front: the limits of a limiter, which its
    /// library's middleware asks.
    fn through(&self, middleware: &str, item: &str) -> Option<Protection> {
        let key = (middleware.to_owned(), item.to_owned());
        if let Some(found) = self.worked_through.borrow().get(&key) {
            return found.clone();
        }
        let found = self.find_through(middleware, item);
        self.worked_through.borrow_mut().insert(key, found.clone());
        found
    }

    fn find_through(&self, middleware: &str, item: &str) -> Option<Protection> {
        let program = self.program;
        let works = |fact: &&Fact| {
            let module = fact.by.as_deref().and_then(|by| middleware.strip_prefix(by));
            fact.how.as_deref() == Some("init")
                && fact.protects.as_deref() == Some(item)
                && module.is_some_and(|rest| rest.starts_with('.'))
        };
        let mut facts = program.catalogue.of_kind(Kind::Guard).map(|(_, fact)| fact);
        facts.find(works)?;
        (0..program.units.calls.len()).find_map(|call| {
            let info = &program.units.calls[call];
            let site = Site { call, frame: program.open_frame(info.unit) };
            let paths = program.callee_paths(site);
            let made = paths.iter().find(|path| self.facts(path, Some(site), item).iter().any(works))?;
            Some(Protection { module: info.module, span: info.call.span, name: short(made) })
        })
    }

    /// The name of a function or class for people.
    pub fn name_of(&self, value: &Value<'m>) -> String {
        match value {
            Value::Function { unit, .. } => self.name_of_unit(*unit),
            Value::Class(class) | Value::Instance { class, .. } => {
                self.program.units.classes[*class].class.name.clone()
            }
            Value::Library { path, .. } => short(path),
            _ => String::new(),
        }
    }

    /// The name of a function; of one without a name what it is bound to, or the function around it.
    pub fn name_of_unit(&self, unit: UnitId) -> String {
        let units = &self.program.units.units;
        let mut at = Some(unit);
        while let Some(unit) = at {
            let info = &units[unit];
            if !info.name().is_empty() {
                return info.name().to_owned();
            }
            if let Some(name) = info.parent.and_then(|parent| bound_to(&units[parent], info.span)) {
                return name.to_owned();
            }
            at = info.parent;
        }
        String::new()
    }

    fn on_all_trails(&self, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
        let reach = self.reach_of(entry);
        let mut first = None;
        for site in sites {
            for trail in reach.trails(*site) {
                let found = self.on_trail(&trail, item)?;
                first = first.or(Some(found));
            }
        }
        first
    }

    /// A protection on one way.
    pub fn on_trail(&self, trail: &Trail, item: &str) -> Option<Protection> {
        trail.iter().enumerate().find_map(|(index, site)| self.at_step(*site, index > 0, item))
    }
}

/// The method and path that an entry point answers, where it has a path: `POST /ask`. Actions are sent to whatever page
/// uses them. What a websocket is opened for has a path, and no method.
pub fn routed<'e>(entry: &'e Entry<'_>) -> Option<Cow<'e, str>> {
    if entry.is_action() && !entry.name.contains(' ') {
        return Some(Cow::Borrowed("POST *"));
    }
    let name = entry.name.as_str();
    if entry.kind == "websocket" && name.starts_with('/') {
        return Some(Cow::Owned(format!("{} {name}", routes::WEBSOCKET)));
    }
    name.split_once(' ').is_some_and(|(_, path)| path.starts_with('/')).then_some(Cow::Borrowed(name))
}

/// The name whose value, as a unit binds it, holds a span.
fn bound_to<'m>(unit: &Unit<'m>, span: Span) -> Option<&'m str> {
    let values = unit.names.iter().flat_map(|(name, bindings)| {
        bindings.iter().filter_map(move |binding| match binding {
            Binding::Value { value, access, .. } if access.is_empty() && value.span.contains(span) => {
                Some((value.span.end - value.span.start, *name))
            }
            _ => None,
        })
    });
    values.min().map(|(_, name)| name)
}

/// A canonical name as people write it.
pub fn short(path: &str) -> String {
    let path = plain(path);
    let path = path.trim_end_matches("()");
    let head = path.split(['.', '(']).next().unwrap_or(path);
    let tail = path.rsplit('.').next().unwrap_or(path).trim_end_matches("()");
    let head = if matches!(head, "globals" | "builtins" | "std") { "" } else { head };
    if head == tail || tail.is_empty() || tail == "default" {
        head.to_owned()
    } else if head.is_empty() {
        tail.to_owned()
    } else {
        format!("{head} {tail}")
    }
}
