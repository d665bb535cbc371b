//! What flows into a model: the user's text, a client's messages, stored rows, memory; and whether it is bounded on
//! the way.
//!
//! The trace goes backwards from the arguments of an LLM call, through names, helpers and the frames of the trail, to
//! what comes from outside. What is bounded there, by a schema or a cut, or refused on the way, is limited.

mod changes;
mod commands;
mod composed;
mod conversations;
mod cuts;
mod effects;
mod every_field;
mod fields;
pub(super) mod fleeting;
mod handed;
mod kept;
mod limits;
mod measures;
mod memories;
mod numbers;
mod pruned;
mod same;
mod schemas;
mod stored;
mod trace;
mod turns;
mod widgets;
mod windows;
pub(super) mod words;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::arguments::Given;
use crate::link::entries::frame_of;
use crate::link::units::{CallId, ModuleId, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

use super::behaviour::{command_of, is_of_request};
use super::calls::External;
use super::case::Case;
use super::requests::BODIES;

use changes::{Changes, Group};
pub(in crate::judge) use commands::is_command_line;
use measures::Measure;
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
    /// What stands behind the command that started the program.
    Command,
    Parameter(UnitId, usize),
    Store,
}

/// A part of a request, each of which is sent by itself: what one is held against says nothing about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Body,
    Query,
    Path,
    Headers,
    Cookies,
}

impl Part {
    /// The part to which a way in a request leads (the root last): the first of its names that is one.
    fn of(path: &[String]) -> Option<Part> {
        path.iter().rev().find_map(|name| match name.as_str() {
            "body" | "json" | "form" | "POST" => Some(Part::Body),
            "query" | "args" | "GET" | "query_params" | "searchParams" | "queryStringParameters" => Some(Part::Query),
            "params" | "path_params" | "pathParameters" => Some(Part::Path),
            "headers" => Some(Part::Headers),
            "cookies" => Some(Part::Cookies),
            _ => None,
        })
    }

    /// Whether both may be the same part.
    fn may_be(one: Option<Part>, other: Option<Part>) -> bool {
        one.is_none() || other.is_none() || one == other
    }
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
    /// The part of the request that it is taken from, where that is written.
    part: Option<Part>,
    pub module: ModuleId,
    pub span: Span,
    /// Whether its text is limited in length.
    text: Limit,
    /// Whether the number of its items is limited.
    count: Limit,
    is_items: bool,
    /// Whether it is one item of a list of messages.
    is_one: bool,
    is_text: bool,
    /// Tests under which it is taken.
    gates: Vec<(&'m Expression, FrameId)>,
    /// The fact about the library that keeps it between turns.
    pub memory: Option<FactId>,
}

/// What is measured on the way to a call, by entry and call.
type Measured<'m> = RefCell<HashMap<(usize, Site), Rc<Vec<Measure<'m>>>>>;

/// What is measured in front, by the place of its ways, and whether for a call that no entry point reaches.
type InFront<'m> = RefCell<FxHashMap<(usize, bool), Rc<[Measure<'m>]>>>;

/// What tests measure, by test and frame, and whether a call is looked at that no entry point reaches.
type Tests<'m> = RefCell<FxHashMap<(usize, FrameId, bool), Rc<[Measure<'m>]>>>;

/// What calls check, by site, and whether for a call that no entry point reaches.
type Checks<'m> = RefCell<FxHashMap<(Site, bool), Rc<[Measure<'m>]>>>;

/// Which of a group of changes are changes of what goes by a name.
type Changed<'m> = RefCell<FxHashMap<(same::Alias<'m>, Group), Rc<[usize]>>>;

/// The keys that an index may be, by index and frame.
type Keys = RefCell<FxHashMap<(usize, FrameId), Rc<[String]>>>;

/// How many steps one question may take, by how many all before it took; a service of a hundred files stays below the
/// first. What is found beyond is far from the call, and seldom what is sent with it.
const ALLOWED: [(usize, usize); 2] = [(60_000, 6_000), (200_000, 600)];
/// How many steps a question may take beyond these.
const LEAST: usize = 200;

/// Answers questions about what flows into the calls of a case, remembering what it found.
pub struct Inputs<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    leaves: RefCell<HashMap<Site, Rc<Vec<Leaf<'m>>>>>,
    measured: Measured<'m>,
    /// What is measured on the ways through what stands in front of handlers.
    in_front: InFront<'m>,
    /// What tests measure, by test and frame.
    tests: Tests<'m>,
    /// What calls check against schemas.
    checks: Checks<'m>,
    /// Whether what a call loads is cut where it is stored.
    stored_cut: RefCell<FxHashMap<CallId, bool>>,
    /// Whether what a call loads has grown when it is stored.
    stored_longer: RefCell<FxHashMap<Site, bool>>,
    handlers: OnceCell<FxHashSet<UnitId>>,
    handed_over: OnceCell<handed::HandedOver<'m>>,
    /// Where collections change, anywhere in the program.
    changes: OnceCell<Changes<'m>>,
    /// The changes of what goes by a name.
    changed: Changed<'m>,
    /// The keys by which something is taken where only the running program knows them.
    keys: Keys,
    /// Where the parts are declared of what stands behind a command.
    declared_parts: OnceCell<Vec<Site>>,
    /// The fields of pages that are kept under a name.
    kept_fields: OnceCell<widgets::Kept>,
    /// Whether a step of what a platform serves cuts its conversation, once it was asked for.
    cut_by_steps: OnceCell<bool>,
    /// The memories that are put on something after it was made, once they were asked for.
    put_on_later: OnceCell<Vec<memories::PutOn>>,
    /// The parts of its state that such steps write.
    written_by_steps: OnceCell<FxHashSet<&'m str>>,
    /// Whether a call is being looked at that no entry point reaches.
    is_library: Cell<bool>,
    /// Whether a stored value is being looked at: what it was made of is not asked for the same again.
    looks_at_stored: Cell<bool>,
    /// Steps that may still be taken for the question that is being answered; none: none is.
    steps_left: Cell<Option<usize>>,
    /// Steps that were taken for all questions.
    steps: Cell<usize>,
}

impl<'c, 'p, 'm> Inputs<'c, 'p, 'm> {
    pub fn new(case: &'c Case<'p, 'm>) -> Self {
        Inputs {
            case,
            leaves: RefCell::default(),
            measured: RefCell::default(),
            in_front: RefCell::default(),
            tests: RefCell::default(),
            checks: RefCell::default(),
            stored_cut: RefCell::default(),
            stored_longer: RefCell::default(),
            handlers: OnceCell::new(),
            handed_over: OnceCell::new(),
            changes: OnceCell::new(),
            changed: RefCell::default(),
            keys: RefCell::default(),
            declared_parts: OnceCell::new(),
            kept_fields: OnceCell::new(),
            cut_by_steps: OnceCell::new(),
            put_on_later: OnceCell::new(),
            written_by_steps: OnceCell::new(),
            is_library: Cell::new(false),
            looks_at_stored: Cell::new(false),
            steps_left: Cell::new(None),
            steps: Cell::new(0),
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

    fn changes(&self) -> &Changes<'m> {
        self.changes.get_or_init(|| Changes::of(self.program()))
    }

    /// The keys of the objects that flow into an index; remembered, for many ways lead through it.
    fn configured_keys(&self, index: &'m Expression, frame: FrameId) -> Rc<[String]> {
        let key = (std::ptr::from_ref(index) as usize, frame);
        if let Some(known) = self.keys.borrow().get(&key) {
            return known.clone();
        }
        let found: Rc<[String]> = measures::configured_keys(self.program(), index, frame).into();
        self.keys.borrow_mut().insert(key, found.clone());
        found
    }

    /// The fact by which a value is what a library keeps from turn to turn: a session, the state of a page.
    fn kept_by_library(&self, value: &Value<'m>) -> Option<FactId> {
        let path = value.path().filter(|path| !path.ends_with("()"))?;
        self.program().facts_of(path, Kind::Memory).first().map(|(id, _)| *id)
    }

    /// Whether a name is the request or a part of it.
    fn is_request(&self, path: &str) -> bool {
        is_of_request(self.program(), path) || command_of(self.program(), path).is_some()
    }

    /// The sources of a call's input at a site.
    pub fn leaves(&self, external: &External, site: Site) -> Rc<Vec<Leaf<'m>>> {
        if let Some(found) = self.leaves.borrow().get(&site) {
            return found.clone();
        }
        let found = Rc::new(self.find_leaves(external, site));
        self.leaves.borrow_mut().insert(site, found.clone());
        found
    }

    fn find_leaves(&self, external: &External, site: Site) -> Vec<Leaf<'m>> {
        let mut trace = Trace::new(self);
        let mut found = self.traced(external, site, &mut trace);
        found.extend(self.put_into_templates(site, &mut trace));
        for (turns, frame) in self.begun_with(site) {
            trace.follow(turns, frame, State { whole: true, as_messages: true, ..State::default() });
        }
        found.append(&mut trace.out);
        found.extend(trace.stored_before(site));
        found.extend(self.memories(site));
        found.extend(self.sent_to_declared(site));
        if self.is_called_with_a_cut(site) {
            for leaf in &mut found {
                leaf.count = Limit::Held;
                leaf.text = if leaf.kind == LeafKind::Messages { Limit::Held } else { leaf.text.clone() };
            }
        }
        found
    }

    /// Answers one question, with all that is asked for its sake, in so many steps. In a large program most of what is
    /// looked through is of no concern, and the more there was the fewer steps are left for the rest.
    fn within_steps<T>(&self, answer: impl FnOnce() -> T) -> T {
        if self.steps_left.get().is_some() {
            return answer();
        }
        let most = ALLOWED.iter().find(|(taken, _)| self.steps.get() < *taken).map_or(LEAST, |(_, most)| *most);
        self.steps_left.set(Some(most));
        let answer = answer();
        self.steps_left.set(None);
        answer
    }

    /// Takes a step; false: there is none left.
    fn take_step(&self) -> bool {
        let left = self.steps_left.get();
        if left == Some(0) {
            return false;
        }
        self.steps.set(self.steps.get() + 1);
        self.steps_left.set(left.map(|left| left - 1));
        true
    }

    /// The sources of the input of a call that no entry point reaches: also the texts that its functions are given by
    /// whoever calls them.
    pub fn handed_in(&self, external: &External) -> Vec<Leaf<'m>> {
        let mut found = self.traced(external, external.open, &mut Trace { is_library: true, ..Trace::new(self) });
        found.retain(|leaf| matches!(leaf.origin, Origin::Parameter(..)));
        found
    }

    fn traced(&self, external: &External, site: Site, trace: &mut Trace<'_, 'c, 'p, 'm>) -> Vec<Leaf<'m>> {
        let program = self.program();
        let mut paths: Vec<String> = program.catalogue.fact(external.fact).input.clone();
        if let Some(endpoint) = external.endpoint {
            let keys = &program.catalogue.fact(endpoint).input;
            paths = match keys.is_empty() {
                true => BODIES.map(str::to_owned).to_vec(),
                false => BODIES.iter().flat_map(|body| keys.iter().map(move |key| format!("{body}.{key}"))).collect(),
            };
        }
        let arguments = &program.units.calls[site.call].call.arguments;
        let spreads = arguments.iter().any(|argument| argument.name.as_deref() == Some("**"));
        // `create(body)`, `create({ ...body })`
        let is_python = program.modules[program.units.calls[site.call].module].language == Language::Python;
        let is_whole = |argument: &Argument| match &argument.value.kind {
            _ if is_handle(argument) => false,
            ExpressionKind::Name(_) | ExpressionKind::Await(_) | ExpressionKind::Call(_) => true,
            ExpressionKind::Object(entries) => {
                entries.iter().any(|entry| matches!(entry.value.kind, ExpressionKind::Spread(_)))
            }
            _ => false,
        };
        let spreads = spreads || !is_python && arguments.first().is_some_and(is_whole);
        let (mut any, mut unseen) = (false, Vec::new());
        trace.grown_given(site, &paths);
        for path in &paths {
            if trace.is_library && words::is_instruction(path) {
                continue;
            }
            match program.argument_of(site, path) {
                Given::Present { expression, frame } => {
                    any = true;
                    let as_messages = path.rsplit('.').next().is_some_and(words::is_list_name);
                    trace.follow(expression, frame, State { whole: true, as_messages, ..State::default() });
                }
                Given::Unresolved => unseen.push(path),
                Given::Absent if spreads || path.contains('.') => unseen.push(path),
                Given::Absent => {}
            }
        }
        if !any {
            unseen.into_iter().for_each(|path| trace.whole(site, path));
        }
        if !any && trace.out.is_empty() {
            // What names something that is kept elsewhere (`thread_id`) is no text.
            let arguments = program.units.calls[site.call].call.arguments.iter();
            for argument in arguments.filter(|argument| !is_handle(argument)) {
                trace.follow(&argument.value, site.frame, State::default());
            }
        }
        std::mem::take(&mut trace.out)
    }

    /// The sources of the templates that what is called was made with: a text that is written into one is a part of every
    /// prompt that is made of it.
    fn put_into_templates(&self, site: Site, trace: &mut Trace<'_, 'c, 'p, 'm>) -> Vec<Leaf<'m>> {
        let program = self.program();
        let callees = self.case.callees(site);
        let mut made: Vec<Site> = callees.iter().flat_map(|value| value.sites().to_vec()).collect();
        made.sort_unstable();
        made.dedup();
        for made in made {
            for path in program.callee_paths(made).iter() {
                for input in program.facts_of(path, Kind::Prompt).iter().flat_map(|(_, fact)| &fact.input) {
                    if let Given::Present { expression, frame } = program.argument_of(made, input) {
                        trace.follow(expression, frame, State { in_content: true, ..State::default() });
                    }
                }
            }
        }
        std::mem::take(&mut trace.out)
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

    /// The schema by which a call reads what it gives: `readValidatedBody(event, schema.parse)`, or a function that parses.
    fn schema_read_by(&self, site: Site) -> Option<Value<'m>> {
        let program = self.program();
        let paths = program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Validator));
        let fact = facts.find(|(_, fact)| fact.how.as_deref() == Some("reads"))?.1;
        let (expression, frame, _) = program.arguments_of(site, fact.value.as_deref()?).into_iter().next()?;
        if let ExpressionKind::Member { object, name } = &expression.kind
            && words::parses(name)
        {
            return program.values(object, frame).first().cloned();
        }
        program.values(expression, frame).iter().find_map(|value| match value {
            Value::Function { unit, closure, receiver } => {
                let inner = program.enter(*unit, *closure, receiver.clone(), How::Framework)?;
                program.units.units[*unit].returns.iter().find_map(|returned| match &returned.kind {
                    ExpressionKind::Call(call) => {
                        self.schema_of(Site { call: program.units.call_id(call)?, frame: inner })
                    }
                    _ => None,
                })
            }
            value => Some(value.clone()),
        })
    }

    /// The schema against which a call holds what it is given, where it only tells whether that fits and gives it back in
    /// any case: `superValidate(request, zod(schema))`.
    fn schema_told_by(&self, site: Site) -> Option<Value<'m>> {
        let program = self.program();
        let paths = program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Validator));
        let fact = facts.find(|(_, fact)| fact.how.as_deref() == Some("tells") && fact.value.is_some())?.1;
        let (expression, frame, _) = program.arguments_of(site, fact.value.as_deref()?).into_iter().next()?;
        program.values(expression, frame).first().cloned()
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
}

/// Whether an argument only tells which thing is meant that is kept elsewhere.
fn is_handle(argument: &Argument) -> bool {
    let written = match &argument.value.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name.as_str()),
        _ => None,
    };
    argument.name.as_deref().or(written).is_some_and(words::names_a_handle)
}
