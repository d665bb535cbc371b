//! Whether something protects a call on the way to it.
//!
//! A trail is protected by what wraps it, by what must have happened before each of its steps, and by the tests that
//! stand in its way. Library guards are told by the catalogue, hand-written ones by what they do (`behaviour`).

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::collections::HashMap;

use rustc_hash::FxHashSet;
use std::rc::Rc;

use crate::link::arguments::{Amount, Held};
use crate::link::entries::{Entry, Link, Role, decorator_facts, frame_of};
use crate::link::flow::{Exit, Gate, Slice, leaves, walk_block};
use crate::link::reach::{Reach, Trail};
use crate::link::units::{ModuleId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Handler, Literal, Span, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{FactId, plain};

use super::behaviour::{Behaviour, Operation};

/// Where a guard stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Protection {
    pub module: ModuleId,
    pub span: Span,
    /// What it is, for people.
    pub name: String,
}

/// Answers questions about protection, remembering what it found.
pub struct Guards<'p, 'm> {
    pub program: &'p Program<'m>,
    pub behaviour: Behaviour<'p, 'm>,
    reaches: RefCell<HashMap<FrameId, Rc<Reach>>>,
    frames: RefCell<HashMap<(FrameId, String), Option<Protection>>>,
    initialised: RefCell<HashMap<String, Option<Protection>>>,
    /// The units that run for the request that is looked at.
    reached: RefCell<Option<Rc<FxHashSet<UnitId>>>>,
    /// The units in which something is bounded in time.
    pub units_with_deadline: OnceCell<BTreeSet<UnitId>>,
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
            frames: RefCell::default(),
            initialised: RefCell::default(),
            reached: RefCell::default(),
            units_with_deadline: OnceCell::new(),
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

    /// The guard facts of a name for an item, switched on where it is made.
    pub fn facts(&self, path: &str, site: Option<Site>, item: &str) -> Vec<&'m Fact> {
        let bare = path.strip_suffix("()").unwrap_or(path);
        let mut names = vec![bare];
        if bare != path {
            names.push(path);
        }
        names
            .into_iter()
            .flat_map(|name| self.program.facts_of(name, Kind::Guard))
            .map(|(_, fact)| fact)
            .filter(|fact| fact.protects.as_deref() == Some(item) && fact.how.as_deref() != Some("exempt"))
            .filter(|fact| self.is_on(fact, site, item))
            .collect()
    }

    fn is_on(&self, fact: &Fact, site: Option<Site>, item: &str) -> bool {
        let Some(site) = site else { return fact.needs.is_empty() };
        self.program.applies(fact, site) && (item != "A1" || self.has_length(fact, site))
    }

    /// A deadline without a length is none: it must be given, or the library must have one of its own.
    fn has_length(&self, fact: &Fact, site: Site) -> bool {
        let Some(setting) = &fact.timeout else { return true };
        match self.program.setting_at(setting, site) {
            Some(Held::Given(amount, _)) => amount != Amount::Off,
            Some(_) => true,
            None => setting.default.as_ref().is_some_and(|default| default.as_str() != Some("none")),
        }
    }

    /// Whether every way from the entry point to the call is protected; the first protection found.
    pub fn on_entry(&self, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
        self.look_at(entry);
        let is_exempt = self.taken_out_by(entry, item).is_some();
        let mut first = None;
        for chain in &entry.chains {
            let own: Vec<Link<'m>>;
            let chain: &[Link<'m>] = if is_exempt {
                own = chain.iter().filter(|link| !matches!(link.value, Value::Library { .. })).cloned().collect();
                &own
            } else {
                chain
            };
            first = Some(self.on_chain(chain, item).or_else(|| self.on_all_trails(entry, sites, item))?);
        }
        first
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
    fn look_at(&self, entry: &Entry<'m>) {
        let links = entry.chains.iter().flatten().filter_map(|link| frame_of(self.program, &link.value));
        let frames: Vec<FrameId> = links.chain([entry.handler]).collect();
        let units = frames
            .into_iter()
            .flat_map(|frame| self.reach(frame).frames.clone())
            .map(|frame| self.program.unit_of_frame(frame))
            .collect();
        *self.reached.borrow_mut() = Some(Rc::new(units));
        // What is recorded for one request tells nothing about another.
        self.frames.borrow_mut().retain(|(_, item), _| item != "C3");
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
                self.facts(path, Some(site), item).iter().any(|fact| fact.how.as_deref() == Some("init"))
            })?;
            let info = &program.units.calls[site.call];
            Some(Protection { module: info.module, span: info.call.span, name: short(path) })
        })
    }

    /// The setting of a library that is assigned at start-up and guards every call, with its fact.
    pub fn initialised_by_setting(&self, case: &super::case::Case<'p, 'm>, item: &str) -> Option<(FactId, Protection)> {
        let program = self.program;
        case.start_frames.iter().find_map(|frame| {
            let unit = &program.units.units[program.unit_of_frame(*frame)];
            unit.nodes.iter().find_map(|node| {
                let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { return None };
                let StatementKind::Assign(assignment) = &statement.kind else { return None };
                let given = assignment.value.as_ref()?;
                let name = self.setting_name(&assignment.target, *frame)?;
                let facts = program.facts_of(&name, Kind::Guard);
                let (id, _) = facts.into_iter().find(|(_, fact)| {
                    fact.protects.as_deref() == Some(item)
                        && fact.how.as_deref() == Some("init")
                        && fact.needs.iter().all(|need| program.fits(need, given, *frame))
                })?;
                Some((id, Protection { module: unit.module, span: statement.span, name: short(&name) }))
            })
        })
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
        match &link.value {
            Value::Library { path, sites } => {
                (!self.facts(path, sites.last().copied(), item).is_empty()).then(|| here(short(path)))
            }
            value => {
                let frame = frame_of(self.program, value)?;
                let found = self.in_frame(frame, item, 0);
                // A dependency stops a request only by raising; a hook of a framework also by what it answers.
                let found =
                    found.or_else(|| if link.role == Role::Dependency { None } else { self.answers(frame, item) });
                found.map(|_| here(self.name_of(value)))
            }
        }
    }

    /// The name of a function or class for people.
    pub fn name_of(&self, value: &Value<'m>) -> String {
        match value {
            Value::Function { unit, .. } => {
                let mut at = Some(*unit);
                while let Some(unit) = at {
                    let info = &self.program.units.units[unit];
                    if !info.name().is_empty() {
                        return info.name().to_owned();
                    }
                    at = info.parent;
                }
                String::new()
            }
            Value::Class(class) | Value::Instance { class, .. } => {
                self.program.units.classes[*class].class.name.clone()
            }
            Value::Library { path, .. } => short(path),
            _ => String::new(),
        }
    }

    fn on_all_trails(&self, entry: &Entry<'m>, sites: &[Site], item: &str) -> Option<Protection> {
        let reach = self.reach(entry.handler);
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
        trail.iter().enumerate().find_map(|(index, site)| self.at_step(*site, index > 0, item, 0))
    }

    fn at_step(&self, site: Site, decorators: bool, item: &str, depth: usize) -> Option<Protection> {
        (if decorators { self.decorators(site.frame, item) } else { None })
            .or_else(|| self.around(site, item))
            .or_else(|| self.gates(&self.program.gates(site), item))
            .or_else(|| self.before(site, item, depth))
    }

    /// The decorators of the unit that a frame runs.
    pub fn decorators(&self, frame: FrameId, item: &str) -> Option<Protection> {
        let program = self.program;
        let info = &program.units.units[program.unit_of_frame(frame)];
        let (function, parent) = (info.function?, info.parent?);
        let outer = program.frame(frame).closure.unwrap_or_else(|| program.open_frame(parent));
        function.decorators.iter().find_map(|decorator| {
            program.values(decorator, outer).iter().find_map(|value| match value {
                Value::Library { path, sites } => (!self.facts(path, sites.last().copied(), item).is_empty())
                    .then(|| Protection { module: info.module, span: decorator.span, name: short(path) }),
                _ => None,
            })
        })
    }

    /// What a call stands inside of: the arguments of a wrapper, a `with` block; and what it is itself, where it hands a
    /// function on.
    pub fn around(&self, site: Site, item: &str) -> Option<Protection> {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let calls = std::iter::once(site.call).chain(info.within.iter().copied());
        for call in calls {
            let here = Site { call, frame: site.frame };
            for path in program.callee_paths(here) {
                let wraps = self
                    .facts(&path, Some(here), item)
                    .iter()
                    .any(|fact| !matches!(fact.how.as_deref(), Some("result" | "init")));
                if wraps {
                    let call = program.units.calls[call].call;
                    return Some(Protection { module: info.module, span: call.callee.span, name: short(&path) });
                }
            }
        }
        for (_, node) in program.units.ancestors(info.node) {
            let NodeKind::With(items) = node.kind else { continue };
            for item_ in items {
                for value in program.values(&item_.context, site.frame).iter() {
                    let Value::Library { path, sites } = value else { continue };
                    if !self.facts(path, sites.last().copied(), item).is_empty() {
                        return Some(Protection { module: info.module, span: item_.context.span, name: short(path) });
                    }
                }
            }
        }
        None
    }

    /// The tests in the way of a call.
    fn gates(&self, gates: &[Gate<'m>], item: &str) -> Option<Protection> {
        gates.iter().find_map(|gate| self.gate(gate, item))
    }

    pub fn gate(&self, gate: &Gate<'m>, item: &str) -> Option<Protection> {
        let program = self.program;
        if gate.under.is_some_and(|test| self.by_request(test, gate.frame)) {
            return None;
        }
        let slice = program.gate_slice(gate);
        let module = program.module_of(program.unit_of_frame(gate.frame));
        for site in &slice.sites {
            for path in program.callee_paths(*site) {
                if !self.facts(&path, Some(*site), item).is_empty() {
                    return Some(Protection { module, span: gate.span, name: short(&path) });
                }
            }
        }
        if item == "C3"
            && let Some(found) = self.tells_known_rows(gate, &slice)
        {
            return Some(Protection { span: gate.span, module, ..found });
        }
        let reached = self.reached.borrow().clone();
        self.behaviour.of_gate(gate, &slice, item, reached.as_deref()).map(|name| Protection {
            module,
            span: gate.span,
            name,
        })
    }

    /// Whether a condition depends on the request: then what stands under it does not always run.
    fn by_request(&self, test: &'m Expression, frame: FrameId) -> bool {
        let slice = self.program.slice(test, frame);
        slice.parameters.iter().any(|(_, _, frame)| self.program.frame(*frame).how == How::Framework)
            && !slice.sites.iter().any(|site| {
                self.program.callee_paths(*site).iter().any(|path| self.program.is_a(path, Kind::Environment))
            })
    }

    /// What has happened when a call happens: library calls that stop their caller, and own functions that do.
    fn before(&self, site: Site, item: &str, depth: usize) -> Option<Protection> {
        let program = self.program;
        for before in program.before(site) {
            if item == "C3"
                && let Some(found) = self.refuses_known_rows(before.site)
            {
                return Some(found);
            }
            if before.is_caught || before.under.is_some_and(|test| self.by_request(test, site.frame)) {
                continue;
            }
            let info = &program.units.calls[before.site.call];
            for path in program.callee_paths(before.site) {
                let stops = self
                    .facts(&path, Some(before.site), item)
                    .iter()
                    .any(|fact| matches!(fact.how.as_deref(), Some("raises" | "context" | "argument" | "wrapper")));
                if stops {
                    return Some(Protection { module: info.module, span: info.call.span, name: short(&path) });
                }
            }
            if depth < DEPTH {
                for frame in program.runs(before.site) {
                    // What a function hands to a library it only stops where it is awaited; callbacks are not followed.
                    if program.frame(frame).how != How::Call(before.site) || !program.hands_errors_on(before.site.call)
                    {
                        continue;
                    }
                    if let Some(found) = self.raises(frame, item, depth + 1) {
                        return Some(Protection { module: info.module, span: info.call.span, ..found });
                    }
                }
            }
        }
        None
    }

    /// A row that is stored before the work, in a block that leaves when a unique row was there already.
    fn refuses_known_rows(&self, site: Site) -> Option<Protection> {
        let program = self.program;
        let writes = self.behaviour.operation(site).is_some_and(Operation::writes);
        let info = &program.units.calls[site.call];
        let refuses = program.units.ancestors(info.node).any(|(_, node)| match node.kind {
            NodeKind::TryBody(tried) => tried
                .handlers
                .iter()
                .any(|handler| leaves(&handler.body) && !self.conflicts(handler, site.frame).is_empty()),
            _ => false,
        });
        (writes && refuses).then(|| Protection {
            module: info.module,
            span: info.call.span,
            name: Program::written(&info.call.callee),
        })
    }

    /// A test of a function that answers whether a unique row was there already: `if seen_before(id): return`.
    fn tells_known_rows(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let program = self.program;
        let (mut test, mut refuses_when) = (gate.test, gate.refuses_when);
        let asked = loop {
            match &test.kind {
                ExpressionKind::Operator { operator, operands } if operator == "not" => {
                    (test, refuses_when) = (operands.first()?, !refuses_when);
                }
                ExpressionKind::Await(inner) => test = inner,
                _ => break test,
            }
        };
        // `fresh = claim(id)` is asked about by its name.
        let sites: Vec<Site> = match &asked.kind {
            ExpressionKind::Call(call) => vec![Site { call: program.units.call_id(call)?, frame: gate.frame }],
            ExpressionKind::Name(_) => slice.sites.iter().copied().filter(|site| site.frame == gate.frame).collect(),
            _ => return None,
        };
        sites.into_iter().flat_map(|site| program.runs(site)).find_map(|frame| {
            let unit = program.unit_of_frame(frame);
            program.units.units[unit].calls.iter().find_map(|call| {
                let found = self.refuses_known_rows(Site { call: *call, frame })?;
                let answers =
                    program.units.ancestors(program.units.calls[*call].node).any(|(_, node)| match node.kind {
                        NodeKind::TryBody(tried) => {
                            tried.handlers.iter().any(|handler| answer_of(handler) == Some(refuses_when))
                        }
                        _ => false,
                    });
                answers.then_some(found)
            })
        })
    }

    /// What makes a handler one of rows that are there already: the class that it catches (`except IntegrityError`), or
    /// the code that it asks for (`if (error.code === "P2002")`).
    pub fn conflicts(&self, handler: &'m Handler, frame: FrameId) -> Vec<FactId> {
        let mut found = Vec::new();
        let mut classes: Vec<&'m Expression> = handler.catches.iter().collect();
        while let Some(class) = classes.pop() {
            match &class.kind {
                ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => classes.extend(items),
                _ => {
                    let values = self.program.values(class, frame);
                    let facts = values
                        .iter()
                        .filter_map(Value::path)
                        .flat_map(|path| self.program.facts_of(path, Kind::Conflict).into_iter().map(|(id, _)| id));
                    found.extend(facts);
                }
            }
        }
        let has_code = |fact: &Fact, code: &str| fact.names.iter().any(|name| name == code);
        let facts: Vec<(FactId, &Fact)> = self.program.catalogue.of_kind(Kind::Conflict).collect();
        walk_block(&handler.body, &mut |expression| {
            let code = match &expression.kind {
                ExpressionKind::Literal(Literal::Text(text)) => text.clone(),
                ExpressionKind::Literal(Literal::Number(number)) => number.to_string(),
                _ => return,
            };
            found.extend(facts.iter().filter(|(_, fact)| has_code(fact, &code)).map(|(id, _)| *id));
        });
        found
    }

    /// Whether running a frame stops its caller where the item asks for it.
    fn raises(&self, frame: FrameId, item: &str, depth: usize) -> Option<Protection> {
        let program = self.program;
        if let Some(found) = self.gates(&program.raising_gates(frame), item) {
            return Some(found);
        }
        if let Some(found) = self.decorators(frame, item) {
            return Some(found);
        }
        if depth >= DEPTH {
            return None;
        }
        let unit = program.unit_of_frame(frame);
        program.units.units[unit].calls.iter().find_map(|call| {
            let site = Site { call: *call, frame };
            let info = &program.units.calls[*call];
            if program.is_caught(info.node, None, None) || !program.hands_errors_on(*call) {
                return None;
            }
            for path in program.callee_paths(site) {
                if self.facts(&path, Some(site), item).iter().any(|fact| fact.how.as_deref() == Some("raises")) {
                    return Some(Protection { module: info.module, span: info.call.span, name: short(&path) });
                }
            }
            program
                .runs(site)
                .into_iter()
                .filter(|inner| program.frame(*inner).how == How::Call(site))
                .find_map(|inner| self.raises(inner, item, depth + 1))
        })
    }

    /// Whether a function that stands in front (middleware, dependency) protects what comes after it.
    pub fn in_frame(&self, frame: FrameId, item: &str, depth: usize) -> Option<Protection> {
        let key = (frame, item.to_owned());
        if let Some(found) = self.frames.borrow().get(&key) {
            return found.clone();
        }
        self.frames.borrow_mut().insert(key.clone(), None);
        let reach = self.reach(frame);
        let onwards = self.continuations(&reach);
        let found = if onwards.is_empty() {
            self.raises(frame, item, depth)
        } else {
            let mut first = None;
            let protected = onwards.iter().all(|site| {
                reach.trails(*site).iter().all(|trail| match self.on_trail(trail, item) {
                    Some(found) => {
                        first = first.take().or(Some(found));
                        true
                    }
                    None => self.is_exempt(trail),
                })
            });
            first.filter(|_| protected).or_else(|| self.raises(frame, item, depth))
        };
        self.frames.borrow_mut().insert(key, found.clone());
        found
    }

    /// Whether a hook that goes on by returning nothing refuses by returning an answer, or one that is asked for a
    /// decision refuses by saying no.
    fn answers(&self, frame: FrameId, item: &str) -> Option<Protection> {
        let program = self.program;
        let unit = program.unit_of_frame(frame);
        let info = &program.units.units[unit];
        if !self.continuations(&self.reach(frame)).is_empty() {
            return None;
        }
        let answers = |gate: &Gate<'m>| {
            gate.exit == Exit::Return
                && gate.refusal.is_some_and(|refusal| match refusal.last().map(|last| &last.kind) {
                    Some(StatementKind::Return(Some(value))) => {
                        !matches!(value.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(true)))
                    }
                    _ => false,
                })
        };
        let mut gates: Vec<Gate<'m>> = program.exits(unit, frame).into_iter().filter(answers).collect();
        if DECIDES.contains(&info.name()) {
            let decisions = info.returns.iter().filter_map(|test| {
                let node = info.nodes.last().copied()?;
                let (exit, span) = (Exit::Return, test.span);
                Some(Gate { test, frame, exit, refusal: None, refuses_when: false, under: None, span, node })
            });
            gates.extend(decisions);
        }
        self.gates(&gates, item)
    }

    /// The gates that refuse on one way: in front of each of its calls, and in what has run before them.
    pub fn refusals(&self, trail: &Trail) -> Vec<Gate<'m>> {
        let program = self.program;
        let mut gates = Vec::new();
        for step in trail {
            gates.extend(program.gates(*step).into_iter().filter(|gate| !self.is_optional(gate.under, gate.frame)));
            for before in program.before(*step) {
                if before.is_caught || self.is_optional(before.under, step.frame) {
                    continue;
                }
                self.refusals_of_call(before.site, &mut gates, 0);
            }
        }
        gates
    }

    /// The gates by which a call stops its caller.
    fn refusals_of_call(&self, site: Site, gates: &mut Vec<Gate<'m>>, depth: usize) {
        let program = self.program;
        if depth > 3 || gates.len() > 200 || !program.hands_errors_on(site.call) {
            return;
        }
        for frame in program.runs(site) {
            if program.frame(frame).how != How::Call(site) {
                continue;
            }
            gates.extend(program.raising_gates(frame));
            for call in &program.units.units[program.unit_of_frame(frame)].calls {
                let info = &program.units.calls[*call];
                if !program.is_caught(info.node, None, None) {
                    self.refusals_of_call(Site { call: *call, frame }, gates, depth + 1);
                }
            }
        }
    }

    /// The calls that have happened on one way, without those that only sometimes do.
    pub fn before_all(&self, trail: &Trail) -> Vec<Site> {
        let steps = trail.iter().flat_map(|step| self.program.before(*step));
        steps.filter(|before| !before.is_caught && before.under.is_none()).map(|before| before.site).collect()
    }

    /// What a function in front of the handler refuses, by the ways through it: gates, and the calls that have happened.
    pub fn refusals_in(&self, frame: FrameId, role: Role) -> Vec<(Vec<Gate<'m>>, Vec<Site>)> {
        let program = self.program;
        let reach = self.reach(frame);
        let onwards = self.continuations(&reach);
        if !onwards.is_empty() {
            let trails = onwards.iter().flat_map(|site| reach.trails(*site));
            let ways = trails.filter(|trail| !self.is_exempt(trail));
            return ways.map(|trail| (self.refusals(&trail), self.before_all(&trail))).collect();
        }
        let unit = program.unit_of_frame(frame);
        let mut gates = program.raising_gates(frame);
        if role != Role::Dependency {
            gates.extend(program.exits(unit, frame).into_iter().filter(|gate| gate.exit == Exit::Return));
        }
        let sites: Vec<Site> = program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame }).collect();
        for site in &sites {
            self.refusals_of_call(*site, &mut gates, 0);
        }
        vec![(gates, sites)]
    }

    /// Whether a condition depends on the request.
    fn is_optional(&self, test: Option<&'m Expression>, frame: FrameId) -> bool {
        test.is_some_and(|test| self.by_request(test, frame))
    }

    /// A way through a middleware for what it does not concern: other protocols, its own switch.
    fn is_exempt(&self, trail: &Trail) -> bool {
        trail.last().is_some_and(|last| self.is_passed_by(*last, None))
    }

    /// Whether a call stands in a branch that the requests in question never take: it is for another protocol, for
    /// probes, or for other paths than the route.
    pub fn is_passed_by(&self, site: Site, route: Option<&str>) -> bool {
        self.program.gates(site).iter().any(|gate| {
            gate.exit == Exit::Branch && self.concerns(gate.test, gate.frame, route, 0) == Some(gate.refuses_when)
        })
    }

    /// Whether a test holds for ordinary requests to a route; none where that cannot be told.
    fn concerns(&self, test: &'m Expression, frame: FrameId, route: Option<&str>, depth: usize) -> Option<bool> {
        let holds = |operand: &'m Expression| self.concerns(operand, frame, route, depth + 1);
        if depth > 8 {
            return None;
        }
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => decided(parts.iter().map(holds), false),
                ("or", parts) => decided(parts.iter().map(holds), true),
                ("==" | "in", [_, right]) => self.is_one_of(right, frame, route, |route, text| route == text),
                ("!=" | "not in", [_, right]) => {
                    self.is_one_of(right, frame, route, |route, text| route == text).map(|is_one| !is_one)
                }
                _ => None,
            },
            ExpressionKind::Call(call) => {
                let ExpressionKind::Member { name, .. } = &call.callee.kind else { return None };
                let given = &call.arguments.first()?.value;
                match name.as_str() {
                    "startswith" | "startsWith" | "starts_with" => {
                        self.is_one_of(given, frame, route, |route, text| route.starts_with(text))
                    }
                    // `SKIPPED.includes(req.path)`, `SKIPPED.has(...)`.
                    "includes" | "has" | "contains" => {
                        let ExpressionKind::Member { object, .. } = &call.callee.kind else { return None };
                        self.is_one_of(object, frame, route, |route, text| route == text)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether an ordinary request is one of the protocols, methods or paths that are written.
    fn is_one_of(
        &self,
        written: &'m Expression,
        frame: FrameId,
        route: Option<&str>,
        fits: impl Fn(&str, &str) -> bool,
    ) -> Option<bool> {
        let mut texts = Vec::new();
        self.texts(written, frame, &mut texts, 0);
        if texts.is_empty() {
            return None;
        }
        let answers = texts.iter().map(|text| match text.as_str() {
            "http" => Some(true),
            "websocket" | "lifespan" | "OPTIONS" | "HEAD" => Some(false),
            path if path.starts_with('/') => match route {
                Some(route) => Some(fits(route, path)),
                None if is_probe(path) => Some(false),
                None => None,
            },
            _ => None,
        });
        decided(answers, true)
    }

    /// The texts that an expression is, or that its list holds.
    fn texts(&self, written: &'m Expression, frame: FrameId, texts: &mut Vec<String>, depth: usize) {
        if depth > 3 {
            return;
        }
        match &written.kind {
            ExpressionKind::Literal(Literal::Text(text)) => texts.push(text.clone()),
            ExpressionKind::List(items) => items.iter().for_each(|item| self.texts(item, frame, texts, depth + 1)),
            ExpressionKind::Call(call) => {
                // `new Set([...])`, `frozenset({...})`.
                call.arguments.iter().take(1).for_each(|each| self.texts(&each.value, frame, texts, depth + 1));
            }
            _ => {
                for value in self.program.values(written, frame).iter() {
                    match value {
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, written) => {
                            self.texts(expression.0, *frame, texts, depth + 1);
                        }
                        Value::Library { sites, .. } => {
                            for site in sites.iter().take(1) {
                                let call = self.program.units.calls[site.call].call;
                                call.arguments
                                    .iter()
                                    .take(1)
                                    .for_each(|each| self.texts(&each.value, site.frame, texts, depth + 1));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// The calls by which a middleware goes on to what comes after it.
    pub fn continuations(&self, reach: &Reach) -> Vec<Site> {
        let program = self.program;
        reach
            .sites(program)
            .filter(|site| {
                let info = &program.units.calls[site.call];
                // What an application is given to receive and to answer with is no way on.
                let answers = matches!(&info.call.callee.kind, ExpressionKind::Name(name)
                    if matches!(name.as_str(), "send" | "receive" | "start_response" | "resolve" | "reject"));
                !answers
                    && program.values(&info.call.callee, site.frame).iter().any(|value| match value {
                        Value::Parameter { .. } => goes_on(&info.call.callee),
                        Value::Library { path, sites } => {
                            sites.is_empty()
                                && [".next", "()", ".call_next", ".handle"].iter().any(|end| path.ends_with(end))
                        }
                        _ => false,
                    })
            })
            .collect()
    }
}

/// What a handler answers, where it is yes or no.
fn answer_of(handler: &Handler) -> Option<bool> {
    match &handler.body.last()?.kind {
        StatementKind::Return(Some(value)) => match value.kind {
            ExpressionKind::Literal(Literal::Boolean(answer)) => Some(answer),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a call of something that was given goes on with it: it is called itself, or by a method for that;
/// `error.toString()` of a given error does not.
fn goes_on(callee: &Expression) -> bool {
    const ONWARDS: [&str; 14] = [
        "run", "call", "handle", "next", "invoke", "fetch", "dispatch", "execute", "apply", "process", "oneshot",
        "resolve", "handler", "app",
    ];
    match &callee.kind {
        ExpressionKind::Member { object, name } => {
            ONWARDS.contains(&name.as_str()) || matches!(&object.kind, ExpressionKind::Name(root) if root == "self")
        }
        _ => true,
    }
}

/// What holds for a chain of answers of which one that is `decides` is enough.
fn decided(answers: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut known = true;
    for answer in answers {
        match answer {
            Some(holds) if holds == decides => return Some(decides),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decides)
}

/// Paths that only ask whether the server is there.
fn is_probe(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    matches!(
        last,
        "" | "health"
            | "healthz"
            | "livez"
            | "readyz"
            | "ready"
            | "live"
            | "ping"
            | "metrics"
            | "status"
            | "favicon.ico"
            | "docs"
            | "openapi.json"
    )
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
