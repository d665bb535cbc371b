//! What flows into a model: the user's text, a client's messages, stored rows, memory; and whether it is bounded on
//! the way.
//!
//! The trace goes backwards from the arguments of an LLM call, through names, helpers and the frames of the trail, to
//! what comes from outside. What is bounded there, by a schema or a cut, or refused on the way, is limited.

mod conversations;
mod kept;
mod measures;
mod schemas;
mod trace;
mod words;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::arguments::Given;
use crate::link::entries::frame_of;
use crate::link::units::{CallId, ModuleId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

use super::behaviour::writes::Change;
use super::behaviour::{is_of_request, subjects};
use super::calls::External;
use super::case::Case;

use measures::Measure;
use schemas::Ask;
pub use schemas::Limit;
use trace::{State, Trace};

/// Where a part of the input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// Text that the user sends.
    User,
    /// A list of messages that the client sends.
    Messages,
    /// Many rows of a store.
    Rows,
    /// A collection that the process keeps from turn to turn.
    Memory,
}

/// What a source is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Request,
    Parameter(UnitId, usize),
    Store,
}

/// One source of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf<'m> {
    pub kind: LeafKind,
    /// The field or parameter, for people: `message`.
    pub name: String,
    /// The way to it from what holds it.
    path: Vec<String>,
    origin: Origin,
    pub module: ModuleId,
    pub span: Span,
    /// Whether its text is limited in length.
    text: Limit,
    /// Whether the number of its items is limited.
    count: Limit,
    is_items: bool,
    is_text: bool,
    /// Tests under which it is taken.
    gates: Vec<(&'m Expression, FrameId)>,
    /// The fact about the library that keeps it between turns.
    pub memory: Option<FactId>,
}

/// What is measured on the way to a call, by entry and call.
type Measured<'m> = RefCell<HashMap<(usize, Site), Rc<Vec<Measure<'m>>>>>;

type Tests<'m> = RefCell<FxHashMap<(usize, FrameId), Rc<[Measure<'m>]>>>;

/// Answers questions about what flows into the calls of a case, remembering what it found.
pub struct Inputs<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    leaves: RefCell<HashMap<Site, Rc<Vec<Leaf<'m>>>>>,
    measured: Measured<'m>,
    /// What tests measure, by test and frame.
    tests: Tests<'m>,
    /// Whether what a call loads is cut where it is stored.
    stored_cut: RefCell<FxHashMap<CallId, bool>>,
    handlers: OnceCell<FxHashSet<UnitId>>,
    handed_over: OnceCell<FxHashMap<String, Vec<(&'m Expression, FrameId)>>>,
    /// Whether a stored value is being looked at: what it was made of is not asked for the same again.
    looks_at_stored: Cell<bool>,
}

impl<'c, 'p, 'm> Inputs<'c, 'p, 'm> {
    pub fn new(case: &'c Case<'p, 'm>) -> Self {
        Inputs {
            case,
            leaves: RefCell::default(),
            measured: RefCell::default(),
            tests: RefCell::default(),
            stored_cut: RefCell::default(),
            handlers: OnceCell::new(),
            handed_over: OnceCell::new(),
            looks_at_stored: Cell::new(false),
        }
    }

    fn program(&self) -> &'p Program<'m> {
        self.case.program
    }

    /// The units whose parameters a framework fills with what comes from outside.
    fn handlers(&self) -> &FxHashSet<UnitId> {
        self.handlers.get_or_init(|| {
            let program = self.program();
            let entries = &self.case.entries.entries;
            let links = entries.iter().flat_map(|entry| entry.chains.iter().flatten());
            let frames = links.filter_map(|link| frame_of(program, &link.value));
            frames.chain(entries.iter().map(|entry| entry.handler)).map(|frame| program.unit_of_frame(frame)).collect()
        })
    }

    /// What the program itself puts on a request, or in a session, for those who come later, by key:
    /// `request.agency = agency`, `c.set("shop", shop)`, `session["turns"] = turns`.
    fn handed_over(&self, key: &str) -> &[(&'m Expression, FrameId)] {
        let all = self.handed_over.get_or_init(|| {
            let program = self.program();
            let entries = &self.case.entries.entries;
            let links = entries.iter().flat_map(|entry| entry.chains.iter().flatten());
            let frames = links.filter_map(|link| frame_of(program, &link.value));
            let known: FxHashMap<UnitId, FrameId> = frames.map(|frame| (program.unit_of_frame(frame), frame)).collect();
            let mut all: FxHashMap<String, Vec<(&'m Expression, FrameId)>> = FxHashMap::default();
            for (unit, key, holder, value) in handovers(program) {
                let frame = known.get(&unit).copied().unwrap_or_else(|| program.open_frame(unit));
                let lasts = |value: &Value<'m>| {
                    self.kept_by_library(value).is_some()
                        || matches!(value, Value::Library { path, .. } if self.is_request(path))
                };
                if program.values(holder, frame).iter().any(lasts) {
                    all.entry(key.to_owned()).or_default().push((value, frame));
                }
            }
            all
        });
        all.get(key).map_or(&[], Vec::as_slice)
    }

    /// The fact by which a value is what a library keeps from turn to turn: a session, the state of a page.
    fn kept_by_library(&self, value: &Value<'m>) -> Option<FactId> {
        let path = value.path().filter(|path| !path.ends_with("()"))?;
        self.program().facts_of(path, Kind::Memory).first().map(|(id, _)| *id)
    }

    /// Whether a name is the request or a part of it.
    fn is_request(&self, path: &str) -> bool {
        is_of_request(self.program(), path)
    }

    /// The sources of a call's input at a site.
    pub fn leaves(&self, external: &External, site: Site) -> Rc<Vec<Leaf<'m>>> {
        if let Some(found) = self.leaves.borrow().get(&site) {
            return found.clone();
        }
        let program = self.program();
        let mut paths: Vec<String> = program.catalogue.fact(external.fact).input.clone();
        if let Some(endpoint) = external.endpoint {
            let keys = &program.catalogue.fact(endpoint).input;
            paths = ["body", "json", "data", "#1", "json()", "body()"]
                .iter()
                .flat_map(|body| keys.iter().map(move |key| format!("{body}.{key}")))
                .collect();
            if keys.is_empty() {
                paths =
                    vec!["body".into(), "json".into(), "data".into(), "#1".into(), "json()".into(), "body()".into()];
            }
        }
        let mut trace = Trace::new(self);
        let mut any = false;
        for path in &paths {
            if let Given::Present { expression, frame } = program.argument_of(site, path) {
                any = true;
                trace.follow(expression, frame, State::default());
            }
        }
        if !any {
            for argument in &program.units.calls[site.call].call.arguments {
                trace.follow(&argument.value, site.frame, State::default());
            }
        }
        let mut found = trace.out;
        found.extend(self.memories(site));
        let found = Rc::new(found);
        self.leaves.borrow_mut().insert(site, found.clone());
        found
    }

    /// The memories that what is called was made with: `ConversationChain(memory=...)`.
    fn memories(&self, site: Site) -> Vec<Leaf<'m>> {
        let program = self.program();
        let callees = self.case.callees(site);
        let made = callees.iter().flat_map(|value| value.sites().to_vec());
        let mut found: Vec<Leaf<'m>> = Vec::new();
        for made in made {
            let memory = program.callee_paths(made).into_iter().find_map(|path| self.memory(&path, made));
            let Some((memory, bounded)) = memory else { continue };
            let info = &program.units.calls[made.call];
            let leaf = Leaf {
                kind: LeafKind::Memory,
                name: Program::written(&info.call.callee),
                path: Vec::new(),
                origin: Origin::Store,
                module: info.module,
                span: info.call.span,
                text: Limit::Held,
                count: if bounded { Limit::Held } else { Limit::None },
                is_items: false,
                is_text: false,
                gates: Vec::new(),
                memory: Some(memory),
            };
            if !found.contains(&leaf) {
                found.push(leaf);
            }
        }
        found
    }

    /// The fact by which a call makes a memory, and whether that is bounded.
    fn memory(&self, path: &str, site: Site) -> Option<(FactId, bool)> {
        let program = self.program();
        let facts = program.facts_of(path, Kind::Memory);
        let (id, fact) = facts.first()?;
        let by_itself = fact.bounded.as_ref().is_some_and(|condition| program.holds(condition, site));
        let by_argument =
            fact.bound.as_deref().is_some_and(|bound| !matches!(program.argument_of(site, bound), Given::Absent));
        // A queue without a greatest length is a list like others.
        if fact.bound.is_some() && fact.bounded.is_none() && !by_argument {
            None
        } else {
            Some((*id, by_itself || by_argument))
        }
    }

    /// The schema that a call checks a value against: what its method belongs to, or its first argument.
    fn schema_of(&self, site: Site) -> Option<Value<'m>> {
        let program = self.program();
        let call = program.units.calls[site.call].call;
        let is_schema = |value: &Value<'m>| match value {
            Value::Library { path, sites } => {
                !sites.is_empty()
                    && sites
                        .iter()
                        .any(|made| program.callee_paths(*made).iter().any(|path| program.is_a(path, Kind::Schema)))
                    || program.is_a(path.trim_end_matches("()"), Kind::Schema)
            }
            Value::Class(class) | Value::Instance { class, .. } => self.is_schema_class(*class, 0),
            _ => false,
        };
        let holder = match &call.callee.kind {
            ExpressionKind::Member { object, .. } => {
                program.values(object, site.frame).iter().find(|value| is_schema(value)).cloned()
            }
            _ => None,
        };
        holder.or_else(|| {
            let first = call.arguments.first()?;
            program.values(&first.value, site.frame).iter().find(|value| is_schema(value)).cloned()
        })
    }

    fn is_schema_class(&self, class: crate::link::units::ClassId, depth: usize) -> bool {
        let program = self.program();
        let info = &program.units.classes[class];
        let home = program.open_frame(info.unit);
        depth < 6
            && info.class.bases.iter().any(|base| {
                program.values(base, home).iter().any(|value| match value {
                    Value::Library { path, .. } => program.is_a(path, Kind::Schema),
                    Value::Class(base) => *base != class && self.is_schema_class(*base, depth + 1),
                    _ => false,
                })
            })
    }

    /// Whether what goes by one of these names is added to after it was loaded.
    fn grows(&self, names: &[&str], site: Site) -> bool {
        let program = self.program();
        let module = program.units.calls[site.call].module;
        names.iter().any(|name| {
            program.units.calls.iter().any(|info| match &info.call.callee.kind {
                ExpressionKind::Member { object, name: method } => {
                    info.module == module && words::adds(method) && words::mentions(object, name)
                }
                _ => false,
            })
        })
    }

    /// Whether what is stored under the same key is cut when it is stored, or afterwards.
    fn is_stored_cut(&self, site: Site) -> bool {
        if let Some(known) = self.stored_cut.borrow().get(&site.call) {
            return *known;
        }
        let is_cut = self.finds_stored_cut(site);
        // While a stored value is being looked at, no other is: that answer is none.
        if !self.looks_at_stored.get() {
            self.stored_cut.borrow_mut().insert(site.call, is_cut);
        }
        is_cut
    }

    fn finds_stored_cut(&self, site: Site) -> bool {
        let program = self.program();
        let read = subjects::of_operation(program, site);
        let behaviour = &self.case.guards.behaviour;
        let written = behaviour.writes().iter().any(|write| {
            write.change == Change::Set
                && subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| self.is_cut_list(value, *frame))
        });
        written
            || program.units.calls.iter().enumerate().any(|(call, info)| {
                let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { return false };
                let name = name.to_ascii_lowercase();
                let trims = matches!(name.as_str(), "ltrim" | "xtrim" | "zremrangebyrank");
                trims && {
                    let site = Site { call, frame: program.open_frame(info.unit) };
                    behaviour.operation(site).is_some()
                        && subjects::are_related(&read, &subjects::of_operation(program, site))
                }
            })
    }

    /// Whether a value is a list that was cut as a whole: `json.dumps(turns[-20:])`.
    fn is_cut_list(&self, value: &'m Expression, frame: FrameId) -> bool {
        if self.looks_at_stored.replace(true) {
            return false;
        }
        let mut trace = Trace::new(self);
        trace.follow(value, frame, State::default());
        self.looks_at_stored.set(false);
        trace.out.iter().any(|leaf| leaf.origin == Origin::Store && leaf.count.is_some())
            || kept::is_cut_whole(value, 0)
    }

    /// The sources from which a text of any length reaches a call from an entry point.
    pub fn unlimited(&self, entry: usize, external: &External, site: Site) -> Vec<Leaf<'m>> {
        let leaves = self.leaves(external, site);
        let open = leaves.iter().filter(|leaf| matches!(leaf.kind, LeafKind::User | LeafKind::Messages));
        open.filter(|leaf| !self.holds(&leaf.text, entry) && !self.is_refused(Some(entry), site, leaf, Ask::Text))
            .cloned()
            .collect()
    }

    /// Whether the number of a source's messages is bounded when it reaches a call.
    pub fn is_bounded_conversation(&self, entry: Option<usize>, site: Site, leaf: &Leaf<'m>) -> bool {
        let holds = match entry {
            Some(entry) => self.holds(&leaf.count, entry),
            None => leaf.count.is_some(),
        };
        holds || self.is_refused(entry, site, leaf, Ask::Count)
    }

    /// Whether a limit holds for requests to an entry point: what is only declared must be used.
    fn holds(&self, limit: &Limit, entry: usize) -> bool {
        match limit {
            Limit::None => false,
            Limit::Held => true,
            Limit::Declared(by) => match by.strip_prefix('.') {
                Some(method) => self.calls_method(entry, method),
                None => self.is_validated(entry),
            },
        }
    }

    /// Whether a method of this name is called on the way, where its errors stop the request.
    fn calls_method(&self, entry: usize, method: &str) -> bool {
        let program = self.program();
        let Some(entry) = self.case.entries.entries.get(entry) else { return false };
        let links = entry.chains.iter().flatten().filter_map(|link| frame_of(program, &link.value));
        links.chain([entry.handler]).any(|frame| {
            self.case.guards.reach(frame).sites(program).any(|site| {
                let call = program.units.calls[site.call].call;
                matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == method)
                    && self.stops_on_error(site)
            })
        })
    }

    /// `value.validate()?`, `if let Err(error) = value.validate() { return ... }`.
    fn stops_on_error(&self, site: Site) -> bool {
        let program = self.program();
        program.hands_errors_on(site.call) || {
            let unit = program.units.calls[site.call].unit;
            let gates = program.exits(unit, site.frame);
            gates
                .iter()
                .any(|gate| program.slice(gate.test, gate.frame).sites.iter().any(|each| each.call == site.call))
        }
    }

    /// Whether something in front of the handler validates what it is given.
    fn is_validated(&self, entry: usize) -> bool {
        let program = self.program();
        let Some(entry) = self.case.entries.entries.get(entry) else { return false };
        !entry.chains.is_empty()
            && entry.chains.iter().all(|chain| {
                chain.iter().any(|link| {
                    link.value.path().is_some_and(|path| program.is_a(path.trim_end_matches("()"), Kind::Validator))
                })
            })
    }

    /// Whether a source is measured and refused on the way to a call, or taken only when it is short.
    fn is_refused(&self, entry: Option<usize>, site: Site, leaf: &Leaf<'m>, ask: Ask) -> bool {
        let program = self.program();
        let mut own = Vec::new();
        for (test, frame) in &leaf.gates {
            self.measured_by(test, *frame, &mut own);
        }
        if own.iter().any(|measure| measure.bounds(program, leaf, ask)) {
            return true;
        }
        let measured = match entry {
            Some(entry) => self.measured_on_the_way(entry, site),
            None => {
                let mut found = Vec::new();
                self.measured_by_all(&self.case.guards.refusals(&vec![site]), &mut found);
                Rc::new(found)
            }
        };
        measured.iter().any(|measure| measure.bounds(program, leaf, ask))
    }

    fn measured_on_the_way(&self, index: usize, site: Site) -> Rc<Vec<Measure<'m>>> {
        if let Some(found) = self.measured.borrow().get(&(index, site)) {
            return found.clone();
        }
        // What is measured on the way may itself be asked for on the way.
        self.measured.borrow_mut().insert((index, site), Rc::default());
        let guards = &self.case.guards;
        let mut found = Vec::new();
        if guards.for_all(self.case, "T1-input").is_some() {
            found.push(Measure::Everything);
        }
        let entry = &self.case.entries.entries[index];
        let chains = entry.chains.iter().map(|chain| {
            let mut measured = Vec::new();
            for link in chain {
                self.measured_by_link(link, &mut measured);
            }
            measured
        });
        found.extend(measures::common(chains.collect()));
        let trails = self.case.reaches[index].trails(site);
        let ways = trails.iter().map(|trail| {
            let mut measured = Vec::new();
            self.measured_by_all(&guards.refusals(trail), &mut measured);
            for checked in guards.before_all(trail) {
                self.checked_by(checked, &mut measured);
            }
            measured
        });
        found.extend(measures::common(ways.collect()));
        let found = Rc::new(found);
        self.measured.borrow_mut().insert((index, site), found.clone());
        found
    }

    /// What stands in front of a handler measures.
    fn measured_by_link(&self, link: &crate::link::entries::Link<'m>, measured: &mut Vec<Measure<'m>>) {
        let program = self.program();
        let guards = &self.case.guards;
        if let Value::Library { path, sites } = &link.value {
            let made = sites.last().copied();
            if !guards.facts(path, made, "T1-input").is_empty() {
                measures::add(measured, Measure::Everything);
            }
            // A schema that is put in front of the handler.
            for (_, fact) in program.facts_of(path.trim_end_matches("()"), Kind::Validator) {
                let given = fact.value.as_deref().zip(made).map(|(at, made)| program.argument_of(made, at));
                let Some(Given::Present { expression, frame }) = given else { continue };
                for schema in program.values(expression, frame).iter().cloned() {
                    let (path, origin) = (Vec::new(), Origin::Request);
                    measures::add(measured, Measure::Schema { path, origin, schema });
                }
            }
            return;
        }
        let Some(frame) = frame_of(program, &link.value) else { return };
        let ways = guards.refusals_in(frame, link.role).into_iter().map(|(gates, sites)| {
            let mut found = Vec::new();
            self.measured_by_all(&gates, &mut found);
            for site in sites {
                self.checked_by(site, &mut found);
            }
            found
        });
        for measure in measures::common(ways.collect()) {
            measures::add(measured, measure);
        }
    }
}

/// Every value that is put on something under a key, with the unit that does so.
fn handovers<'m>(program: &Program<'m>) -> Vec<(UnitId, &'m str, &'m Expression, &'m Expression)> {
    let mut all = Vec::new();
    for (unit, info) in program.units.units.iter().enumerate() {
        for node in &info.nodes {
            let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { continue };
            let assignment = match &statement.kind {
                StatementKind::Assign(assignment) => assignment,
                StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => assignment,
                _ => continue,
            };
            let Some(value) = &assignment.value else { continue };
            match &assignment.target.kind {
                ExpressionKind::Member { object, name } => all.push((unit, name.as_str(), object.as_ref(), value)),
                ExpressionKind::Index { object, index } => {
                    if let ExpressionKind::Literal(Literal::Text(key)) = &index.kind {
                        all.push((unit, key.as_str(), object.as_ref(), value));
                    }
                }
                _ => {}
            }
        }
        for call in &info.calls {
            let call = program.units.calls[*call].call;
            let (ExpressionKind::Member { object, name }, [key, value]) =
                (&call.callee.kind, call.arguments.as_slice())
            else {
                continue;
            };
            if let ("set", ExpressionKind::Literal(Literal::Text(key))) = (name.as_str(), &key.value.kind) {
                all.push((unit, key.as_str(), object.as_ref(), &value.value));
            }
        }
    }
    all
}
