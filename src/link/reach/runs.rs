//! What a call runs: functions, constructors and methods of the program, and functions that a library is handed.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

/// Parts of the arguments of one call that are looked into for functions.
const PARTS: usize = 400;

/// Of what knows the function only by its name.
const NAMED: &str = "named";

/// How deep functions lie in what a call is given.
const DEPTH: usize = 5;

/// Links of one chain that are looked into for functions, the last ones first.
const MAKERS: usize = 12;

/// Methods of a list that call a function for its items.
const OVER_ITEMS: [&str; 12] = [
    "map",
    "flatMap",
    "forEach",
    "filter",
    "find",
    "findLast",
    "findIndex",
    "some",
    "every",
    "reduce",
    "sort",
    "toSorted",
];

/// Whether a name is a function of the language (`len`), or of an object that the platform brings (`Object.entries`): it
/// runs what it is given itself, not what an object holds that it is given.
fn is_ambient_static(path: &str) -> bool {
    if path.strip_prefix("builtins.").is_some_and(|rest| !rest.contains(['.', '('])) {
        return true;
    }
    path.strip_prefix("globals.").is_some_and(|rest| {
        let last = rest.rsplit('.').next().unwrap_or_default();
        !rest.contains('(') && rest.contains('.') && last.starts_with(|first: char| first.is_ascii_lowercase())
    })
}

impl<'m> Program<'m> {
    /// The frames that a call runs; remembered, for many entry points reach the same calls.
    pub fn runs(&self, site: Site) -> Rc<[FrameId]> {
        if let Some(known) = self.run_memo.borrow().get(&site) {
            return known.clone();
        }
        let frames = if self.is_registration(site.call) { Vec::new() } else { self.find_runs(site) };
        let frames = self.common.frames(frames);
        self.run_memo.borrow_mut().insert(site, frames.clone());
        frames
    }

    /// Whether a call registers something: the functions that it is given do not run there.
    pub(super) fn is_registration(&self, call: CallId) -> bool {
        self.registrations.get().is_some_and(|all| all.contains(&call))
    }

    fn find_runs(&self, site: Site) -> Vec<FrameId> {
        let call = self.units.calls[site.call].call;
        // `controller.talk.bind(controller)` gives the method, and runs nothing.
        if self.bound_function(call, site.frame).is_some() {
            return Vec::new();
        }
        let mut frames = Vec::new();
        self.entered(site, &mut frames);
        let (mut hands_on, mut keeps) = (false, false);
        let callees = self.callees(&call.callee, site.frame);
        for callee in &callees {
            match callee {
                Value::Function { unit, .. } if self.is_never_begun(site.call, *unit) => {}
                Value::Function { unit, closure, receiver } => {
                    frames.extend(self.enter(*unit, *closure, receiver.clone(), How::Call(site)));
                }
                Value::Class(class) => {
                    if let Some(constructor) = self.constructor(*class) {
                        let home = self.open_frame(self.units.classes[*class].unit);
                        let receiver = Value::Instance { class: *class, site: Some(site) };
                        frames.extend(self.enter(constructor, home, Some(Rc::new(receiver)), How::Call(site)));
                    }
                    self.run_after_construction(*class, site, &mut frames);
                }
                Value::Instance { .. } => {}
                Value::Library { path, sites } => {
                    hands_on = true;
                    self.task_by_name(path, site, &mut frames);
                    if self.is_a(path, Kind::Worker) {
                        self.run_workers(site, &mut frames);
                    }
                    self.methods_of_heirs(path, site, &mut frames);
                    // What a library object was built with runs when the object is used: tools, callbacks, graph nodes.
                    let runs_made = self.runs_what_made_it(path, sites, site, &mut frames);
                    if self.is_a(path, Kind::Store) {
                        keeps = true;
                    } else if !self.only_keeps(path) && !runs_made {
                        for made in self.unanswered(sites) {
                            let is_used = !self.is_registration(made.call);
                            if is_used && !self.callee_paths(*made).iter().any(|path| self.runs_nothing(path)) {
                                frames.extend(self.handed(*made).iter().copied());
                                let steps = self.additions(made.call);
                                for step in steps.iter().filter(|step| !self.is_registration(step.call)) {
                                    frames.extend(self.handed(*step).iter().copied());
                                }
                            }
                        }
                    }
                }
                Value::Module(module) => {
                    for value in self.exported(*module, "default", 0).unwrap_or_default() {
                        if let Value::Function { unit, closure, receiver } = value {
                            frames.extend(self.enter(unit, closure, receiver, How::Call(site)));
                        }
                    }
                }
                _ => hands_on = true,
            }
        }
        let is_inert =
            |callee: &Value<'m>| callee.path().is_some_and(|path| self.runs_nothing(path) || self.only_keeps(path));
        if callees.iter().any(is_inert) {
            return frames;
        }
        if keeps {
            // A store runs a function that it is given (`cache.wrap(key, ask)`), and nothing in what it keeps or looks up.
            self.callbacks_within(site, &mut frames, DEPTH);
        } else if hands_on || callees.is_empty() {
            let is_static =
                !callees.is_empty() && callees.iter().all(|callee| callee.path().is_some_and(is_ambient_static));
            if is_static {
                self.given_functions(site, &mut frames);
            } else {
                self.callbacks(site, &mut frames);
            }
            self.called_on(&callees, site, &mut frames);
            self.run_registered(site, &mut frames);
        }
        // What is put into a queue of the process goes on where it is taken out.
        for take in self.taken_by(site) {
            frames.push(self.open_frame(self.units.calls[take.call].unit));
        }
        frames.dedup();
        frames
    }

    /// The task that a call puts into a queue by its name: `celery.send_task("report", args=[text])`.
    fn task_by_name(&self, path: &str, site: Site, frames: &mut Vec<FrameId>) {
        let facts = self.facts_of(path, Kind::Spawn);
        let Some((_, fact)) = facts.iter().find(|(_, fact)| fact.role.as_deref() == Some(NAMED)) else { return };
        let named = match fact.handler.as_deref().map(|handler| self.argument_of(site, handler)) {
            Some(Given::Present { expression, frame }) => self.text(expression, frame),
            _ => None,
        };
        let unit = named.and_then(|name| self.tasks.get()?.get(&name).copied());
        if let Some(unit) = unit.filter(|_| self.hands_over(site))
            && let Some(parent) = self.units.units[unit].parent
        {
            frames.extend(self.enter(unit, self.open_frame(parent), None, How::Call(site)));
        }
    }

    /// What runs when an object is entered that a call gives: `__enter__` for `with Limited(user):`.
    fn entered(&self, site: Site, frames: &mut Vec<FrameId>) {
        let Some(opened) = self.opened().get(&site.call) else { return };
        for value in self.values(opened, site.frame).iter() {
            let Value::Instance { class, .. } = value else { continue };
            for name in ["__enter__", "__aenter__"] {
                let methods = self.line_of(*class).into_iter();
                let method = methods.filter_map(|class| self.units.classes[class].methods.get(name)).next();
                let home = self.open_frame(self.units.classes[*class].unit);
                let receiver = Some(Rc::new(value.clone()));
                frames.extend(method.and_then(|unit| self.enter(*unit, home, receiver, How::Call(site))));
            }
        }
    }

    /// The calls whose results are entered by a `with` statement.
    fn opened(&self) -> &FxHashMap<CallId, &'m Expression> {
        self.opened.get_or_init(|| {
            let items = self.units.nodes.iter().filter_map(|node| match node.kind {
                NodeKind::With(items) => Some(items),
                _ => None,
            });
            let called = items.flatten().filter_map(|item| match &item.context.kind {
                ExpressionKind::Call(call) => Some((self.units.call_id(call)?, &item.context)),
                _ => None,
            });
            called.collect()
        })
    }

    /// Whether a statement makes a coroutine of Python that nobody awaits: `add(tokens)` of an `async def add`. Nothing of
    /// it runs, unless a decorator sees to that.
    fn is_never_begun(&self, call: CallId, unit: UnitId) -> bool {
        let info = &self.units.calls[call];
        let makes_coroutine =
            |function: &Function| function.is_async && !function.is_generator && function.decorators.is_empty();
        self.modules[info.module].language == Language::Python
            && self.units.units[unit].function.is_some_and(makes_coroutine)
            && matches!(self.units.nodes[info.node].kind, NodeKind::Plain(Statement { kind: StatementKind::Expression(value), .. })
                if matches!(&value.kind, ExpressionKind::Call(own) if std::ptr::eq(own.as_ref(), info.call)))
    }

    /// The methods that run when an object has been made: its validators, and what comes after its fields are set.
    fn run_after_construction(&self, class: ClassId, site: Site, frames: &mut Vec<FrameId>) {
        let info = &self.units.classes[class];
        let validates = |decorator: &Expression| Program::written(decorator).contains("validator");
        let mut units: Vec<UnitId> = info.methods.values().copied().collect();
        units.retain(|unit| {
            let unit = &self.units.units[*unit];
            matches!(unit.name(), "model_post_init" | "__post_init__")
                || unit.function.is_some_and(|function| function.decorators.iter().any(validates))
        });
        units.sort_unstable();
        // An object that is made while something is served is gone through there: `async for piece in Reply(text)`.
        if self.units.units[self.units.calls[site.call].unit].function.is_some() {
            let goes_through = ["__iter__", "__aiter__", "__next__", "__anext__"];
            units.extend(goes_through.iter().filter_map(|name| info.methods.get(name)));
        }
        let home = self.open_frame(info.unit);
        for unit in units {
            let receiver = Value::Instance { class, site: Some(site) };
            frames.extend(self.enter(unit, home, Some(Rc::new(receiver)), How::Call(site)));
        }
    }

    /// The methods that something of a library runs of the classes that derive from its own: `server.process(body)` runs
    /// `respond`. Where the object is known, those of its class.
    fn methods_of_heirs(&self, path: &str, site: Site, frames: &mut Vec<FrameId>) {
        for (id, fact) in self.facts_of(path, Kind::Runs) {
            let Some(method) = fact.handler.as_deref().filter(|_| fact.role.as_deref() == Some("methods")) else {
                continue;
            };
            let objects = match &self.units.calls[site.call].call.callee.kind {
                ExpressionKind::Member { object, .. } => self.values(object, site.frame),
                _ => Rc::from([]),
            };
            let known: Vec<ClassId> = objects
                .iter()
                .filter_map(|value| match value {
                    Value::Instance { class, .. } => Some(*class),
                    _ => None,
                })
                .collect();
            let heirs = if known.is_empty() { self.heirs_of_library(id) } else { known };
            for class in heirs {
                let receiver = Value::Instance { class, site: None };
                for value in self.member(&receiver, method, None) {
                    let Value::Function { unit, closure, receiver } = value else { continue };
                    self.receives(unit, &fact.receives);
                    frames.extend(self.enter(unit, closure, receiver, How::Framework));
                }
            }
        }
    }

    /// A call that runs the function with which its object was made, and gives it its own arguments: `breaker.fire(text)`
    /// runs `ask(text)`; and what was added to the object. Whether it is one.
    fn runs_what_made_it(&self, path: &str, sites: &[Site], site: Site, frames: &mut Vec<FrameId>) -> bool {
        let facts = self.facts_of(path, Kind::Runs);
        let handlers = facts.iter().filter(|(_, fact)| fact.role.as_deref() == Some("made"));
        let mut is_one = false;
        for handler in handlers.filter_map(|(_, fact)| fact.handler.as_deref()) {
            is_one = true;
            for made in sites {
                let Given::Present { expression, frame } = self.argument(*made, handler) else { continue };
                for value in self.values(expression, frame).iter() {
                    if let Value::Function { unit, closure, receiver } = value {
                        frames.extend(self.enter(*unit, *closure, receiver.clone(), How::Call(site)));
                    }
                }
                for step in self.additions(made.call).iter().filter(|step| !self.is_registration(step.call)) {
                    frames.extend(self.handed(*step).iter().copied());
                }
            }
        }
        is_one
    }

    /// Whether something of a library runs none of the functions that it is given.
    fn runs_nothing(&self, path: &str) -> bool {
        self.facts_of(path, Kind::Runs).iter().any(|(_, fact)| fact.role.as_deref() == Some("nothing"))
    }

    /// Whether something of a library keeps the functions that it is given for those who use what it makes.
    fn only_keeps(&self, path: &str) -> bool {
        self.facts_of(path, Kind::Runs).iter().any(|(_, fact)| fact.role.as_deref() == Some("kept"))
    }

    /// Whether a name is a field of something that asks a model, and no method of it that is known: `agent.name`. Who is
    /// given that has not been given what it belongs to.
    fn only_tells(&self, path: &str) -> bool {
        path.rsplit_once("().").is_some_and(|(maker, field)| {
            !field.contains('(') && self.asks_a_model(&format!("{maker}()")) && self.facts(path).is_empty()
        })
    }

    /// The functions that a call is given as its arguments themselves.
    pub(in crate::link) fn given_functions(&self, site: Site, frames: &mut Vec<FrameId>) {
        for argument in &self.units.calls[site.call].call.arguments {
            for value in self.values(&argument.value, site.frame).iter() {
                if let Value::Function { unit, closure, receiver } = value {
                    frames.extend(self.enter(*unit, *closure, receiver.clone(), How::Framework));
                }
            }
        }
    }

    /// The calls that made something of a library and left their functions in it, the last one first. An answer holds
    /// none, whatever was made before it was asked for.
    fn unanswered<'s>(&'s self, sites: &'s [Site]) -> impl Iterator<Item = &'s Site> {
        sites.iter().rev().take_while(|site| !self.is_spent(**site))
    }

    /// Whether a call has run the functions that it was given by the time it returns: a retry, a deadline, a request. What
    /// it returns is their result and runs nothing any more; nor does what a store has found run what it was asked with.
    pub(super) fn is_spent(&self, site: Site) -> bool {
        if let Some(known) = self.spent.borrow().get(&site) {
            return *known;
        }
        let is_spent = self.runs_at_once(site);
        self.spent.borrow_mut().insert(site, is_spent);
        is_spent
    }

    fn runs_at_once(&self, site: Site) -> bool {
        // `ask().catch(() => askOther())` runs its functions where it stands.
        let callee = &self.units.calls[site.call].call.callee;
        if matches!(&callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "then" | "catch" | "finally"))
        {
            return true;
        }
        if self.goes_over_items(site) {
            return true;
        }
        let is_wrapper = |fact: &Fact| {
            fact.how.as_deref() == Some("wrapper")
                && match fact.protects.as_deref() {
                    Some("A1" | "A2" | "A3") => true,
                    // `cache.wrap(key, ask)` gives the answer; `memoize(ask, options)` a function that asks.
                    Some("C3") => !self.begins_with_function(site),
                    _ => false,
                }
        };
        // What gives back what it is called on has run nothing yet: `model.bind_tools(tools).with_fallbacks(others)`.
        let is_same = |path: &Rc<str>| self.facts_of(path, Kind::Same).iter().any(|(_, fact)| fact.gives_its_object());
        let is_answer = |fact: &Fact| matches!(fact.role.as_deref(), Some("at-once" | "made" | "repeated"));
        self.callee_paths(site).iter().any(|path| {
            [Kind::Call, Kind::Http, Kind::Store].into_iter().any(|kind| self.is_a(path, kind))
                || self.facts_of(path, Kind::Runs).iter().any(|(_, fact)| is_answer(fact))
                || !is_same(path) && self.facts_of(path, Kind::Guard).iter().any(|(_, fact)| is_wrapper(fact))
        })
    }

    /// `tags.map((tag) => tag.trim())`: a list has called the function for all of its items by the time it answers.
    fn goes_over_items(&self, site: Site) -> bool {
        let info = &self.units.calls[site.call];
        let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { return false };
        let is_function = |argument: &Argument| matches!(argument.value.kind, ExpressionKind::Function(_));
        self.modules[info.module].language == Language::TypeScript
            && OVER_ITEMS.contains(&name.as_str())
            && info.call.arguments.first().is_some_and(is_function)
            && self.callee_paths(site).iter().all(|path| self.facts(path).is_empty())
    }

    fn begins_with_function(&self, site: Site) -> bool {
        let first = self.units.calls[site.call].call.arguments.first();
        first.is_some_and(|first| {
            self.values(&first.value, site.frame).iter().any(|value| matches!(value, Value::Function { .. }))
        })
    }

    /// `(|| ask()).retry(policy)`: a method that a library gives to functions runs the function.
    fn called_on(&self, callees: &[Value<'m>], site: Site, frames: &mut Vec<FrameId>) {
        let of_function = |callee: &Value<'m>| callee.path().is_some_and(|path| path.starts_with("function."));
        let written = &self.units.calls[site.call].call.callee;
        let object = match &written.kind {
            ExpressionKind::Member { object, .. } if callees.iter().all(of_function) => object,
            // `sync_to_async(report.delay)(key)`: the method that something of a library has been given.
            ExpressionKind::Call(_) | ExpressionKind::Name(_) if callees.iter().any(of_function) => {
                match self.method_behind(written, site.frame, 0) {
                    Some(object) => object,
                    None => return,
                }
            }
            _ => return,
        };
        for value in self.values(object, site.frame).iter() {
            if let Value::Function { unit, closure, receiver } = value {
                frames.extend(self.enter(*unit, *closure, receiver.clone(), How::Framework));
            }
        }
    }

    /// What a method is of that a name stands for, or that a call gives as it is given it.
    fn method_behind(&self, callee: &'m Expression, frame: FrameId, depth: usize) -> Option<&'m Expression> {
        match &callee.kind {
            _ if depth > DEPTH => None,
            ExpressionKind::Member { object, .. } => Some(object),
            ExpressionKind::Call(call) => {
                let site = Site { call: self.units.call_id(call)?, frame };
                let is_same = self.callee_paths(site).iter().any(|path| self.is_a(path, Kind::Same));
                self.method_behind(&call.arguments.first().filter(|_| is_same)?.value, frame, depth + 1)
            }
            ExpressionKind::Name(name) => {
                let unit = &self.units.units[self.unit_of_frame(frame)];
                match unit.names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => {
                        self.method_behind(value, frame, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The functions that a call was given; remembered, for every use of what it makes asks for them.
    fn handed(&self, made: Site) -> Rc<[FrameId]> {
        if let Some(known) = self.handed.borrow().get(&made) {
            return known.clone();
        }
        let cuts = self.cuts.get();
        let mut frames = Vec::new();
        self.callbacks(made, &mut frames);
        if self.callee_paths(made).iter().any(|path| self.is_a(path, Kind::Compose)) {
            for argument in &self.units.calls[made.call].call.arguments {
                self.objects_in(&argument.value, made.frame, &mut frames, 0);
            }
        }
        let frames: Rc<[FrameId]> = frames.into();
        if self.cuts.get() == cuts {
            self.handed.borrow_mut().insert(made, frames.clone());
        }
        frames
    }

    /// The functions that a call adds to what it is called on as steps, and those that are added to what it makes.
    pub(in crate::link) fn steps_of(&self, made: Site) -> Vec<UnitId> {
        let is_step = self.callee_paths(made).iter().any(|path| self.is_a(path, Kind::Same));
        let mut frames = Vec::new();
        let added = self.additions(made.call);
        for step in is_step.then_some(made).iter().chain(added.iter()) {
            self.given_functions(*step, &mut frames);
        }
        frames.into_iter().map(|frame| self.unit_of_frame(frame)).collect()
    }

    /// The methods of objects that something is put together of, where their class derives from one of a library, which
    /// calls what the class fills in: a retriever, a tool.
    fn objects_in(&self, expression: &'m Expression, frame: FrameId, frames: &mut Vec<FrameId>, depth: usize) {
        if depth > DEPTH || frames.len() > 200 {
            return;
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Instance { class, .. } if self.derives_from_library(*class) => {
                    let info = &self.units.classes[*class];
                    let mut units: Vec<UnitId> = info.methods.values().copied().collect();
                    units.retain(|unit| !matches!(self.units.units[*unit].name(), "__init__" | "constructor"));
                    units.sort_unstable();
                    let home = self.open_frame(info.unit);
                    for unit in units {
                        frames.extend(self.enter(unit, home, Some(Rc::new(value.clone())), How::Framework));
                    }
                }
                Value::Data { expression: inner, frame } => match &inner.0.kind {
                    ExpressionKind::List(items) => {
                        items.iter().for_each(|item| self.objects_in(item, *frame, frames, depth + 1));
                    }
                    ExpressionKind::Object(entries) => {
                        entries.iter().for_each(|entry| self.objects_in(&entry.value, *frame, frames, depth + 1));
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// The functions among the arguments of a call, without those that are only registered there.
    pub fn callbacks(&self, site: Site, frames: &mut Vec<FrameId>) {
        self.callbacks_within(site, frames, 0);
    }

    /// The same from a depth on: from the greatest only functions that are arguments themselves.
    fn callbacks_within(&self, site: Site, frames: &mut Vec<FrameId>, depth: usize) {
        let call = self.units.calls[site.call].call;
        // A method of a function runs it: `fetch.retry(policy)`.
        if let ExpressionKind::Member { object, .. } = &call.callee.kind {
            let how = if self.hands_over(site) { How::Call(site) } else { How::Framework };
            for value in self.values(object, site.frame).iter() {
                if let Value::Function { unit, closure, receiver } = value {
                    frames.extend(self.enter(*unit, *closure, receiver.clone(), how));
                }
            }
        }
        let mut seen = FxHashSet::default();
        for argument in &call.arguments {
            self.functions_in(&argument.value, site.frame, frames, &mut seen, depth);
        }
    }

    fn functions_in(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        frames: &mut Vec<FrameId>,
        seen: &mut FxHashSet<(usize, FrameId)>,
        depth: usize,
    ) {
        let is_new = seen.len() < PARTS && seen.insert((std::ptr::from_ref(expression) as usize, frame));
        if depth > DEPTH || frames.len() > 200 || !is_new {
            return;
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Framework)
                        && !frames.contains(&frame)
                    {
                        frames.push(frame);
                    }
                }
                Value::Data { expression: inner, frame } => match &inner.0.kind {
                    ExpressionKind::List(items) => {
                        items.iter().for_each(|item| self.functions_in(item, *frame, frames, seen, depth + 1))
                    }
                    ExpressionKind::Object(entries) => {
                        entries
                            .iter()
                            .for_each(|entry| self.functions_in(&entry.value, *frame, frames, seen, depth + 1));
                    }
                    ExpressionKind::Comprehension { element, .. } => {
                        self.functions_in(element, *frame, frames, seen, depth + 1)
                    }
                    _ => {}
                },
                Value::Library { path, .. } if self.only_tells(path) => {}
                Value::Library { path, sites } => {
                    let made = self.unanswered(sites).take(MAKERS).filter(|site| !self.is_registration(site.call));
                    let before = frames.len();
                    for (at, site) in made.take(2).enumerate() {
                        // What was made of functions has run them when it was called with other things: `cached(ask)(text)`
                        // is an answer.
                        if at > 0 && frames.len() == before && path.ends_with("()()") {
                            break;
                        }
                        let call = self.units.calls[site.call].call;
                        for argument in &call.arguments {
                            self.functions_in(&argument.value, site.frame, frames, seen, depth + 2);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
