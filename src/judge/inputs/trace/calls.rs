//! Where what a call returns comes from: its arguments, its function, the object it makes.

use crate::judge::behaviour::{Operation, writes};
use crate::judge::inputs::cuts::{call_is_cut, trims};
use crate::judge::inputs::same::{Alias, Bound};
use crate::judge::inputs::schemas::{Ask, Limit, Schemas};
use crate::judge::inputs::windows::{self, Window};
use crate::judge::inputs::words::*;
use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::{Found, State, Trace, fields};

impl<'t, 'c, 'p, 'm> Trace<'t, 'c, 'p, 'm> {
    pub(super) fn call(&mut self, expression: &'m Expression, call: &'m Call, frame: FrameId, mut state: State<'m>) {
        let program = self.program();
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let method = match &call.callee.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        let paths = program.callee_paths(site);
        // What a model or another service answers is not the user's text, unless people write to each other there.
        let is_talk = |path: &std::rc::Rc<str>| program.is_a(path, Kind::Request) && program.is_a(path, Kind::Store);
        if self.inputs.case.external_at(id).is_some() && !paths.iter().any(is_talk) {
            return;
        }
        if trims(program, site) {
            (state.text, state.count) = (true, true);
        }
        for path in paths.iter() {
            if let Some(fact) = self.inputs.command(path) {
                let found = Found::of_command(&state.path);
                if !self.inputs.is_declared_otherwise(fact, found.path.first().map(String::as_str)) {
                    self.note_place(expression, frame, &mut state);
                    self.arrive(expression, method, frame, state, found);
                }
                return;
            }
            if program.is_a(path, Kind::Request) && !path.ends_with("()") {
                if self.inputs.asks_for_no_text(path, site) {
                    return;
                }
                let limit = Schemas { program }.of_call(site);
                if program.is_a(path, Kind::Store) {
                    // A conversation that is kept holds what its user has just written.
                    let mut written = State { items: true, path: Vec::new(), ..state.of_items() };
                    self.note_place(expression, frame, &mut written);
                    let found = Found::of_request(&[], limit);
                    self.arrive(expression, "content", frame, written, found);
                    break;
                }
                self.note_place(expression, frame, &mut state);
                let found = Found::of_request(&state.path, limit);
                return self.arrive(expression, method, frame, state, found);
            }
            if let Some(memory) = self.inputs.memory(path, site) {
                return self.remember(method, site, memory, &state);
            }
            if [Kind::Measure, Kind::Number, Kind::Environment, Kind::Clock]
                .iter()
                .any(|kind| program.is_a(path, *kind))
            {
                return;
            }
        }
        let behaviour = &self.inputs.case.guards.behaviour;
        if let Some(operation) = behaviour.operation(site).filter(|_| !writes::stays_in_process(program, site)) {
            return self.stored(site, operation, method, &state);
        }
        if self.taken_from_queue(site, None, &state) {
            return;
        }
        if self.inputs.parses_command(call, frame, &state.path) {
            let found = Found::of_command(&state.path);
            self.note_place(expression, frame, &mut state);
            return self.arrive(expression, method, frame, state, found);
        }
        if self.own_call(call, site, &state) {
            return;
        }
        if self.is_given_a_connection(call, site) {
            return self.stored(site, Operation::Many, method, &state);
        }
        if self.promised(call, site, &state) || self.made_of_items(call, frame, method, &state) {
            return;
        }
        if call_is_cut(program, method, call, frame) || method == "skip" && self.skips_the_rest(call, frame) {
            self.cut(&mut state);
        }
        // What a developer tells is no turn of a conversation, however many there are.
        state.count |= call.arguments.iter().any(|argument| picks_instructions(&argument.value));
        if let Some(window) = windows::picked(program, method, call, frame) {
            state.count = true;
            state.text |= window == Window::Text;
        }
        if makes_text(method) {
            state.in_text = true;
            // What is cut afterwards is the text.
            state.text |= state.sliced;
            state.joined |= puts_together(method);
        }
        if takes_one(method, call) {
            state.take_one();
        }
        // `readValidatedBody(event, schema.parse)`: a part of the request, and what it has been held against.
        if let Some(schema) = self.inputs.schema_read_by(site)
            && let Some(request) = call.arguments.first()
        {
            self.note_place(expression, frame, &mut state);
            state.schema = Some((schema, fields(&state.path)));
            return self.follow(&request.value, frame, state);
        }
        if parses(method)
            && let Some(schema) = self.inputs.schema_of(site)
        {
            // `schema.safeParse(body).data.text`
            let mut way = state.path.clone();
            if way.last().is_some_and(|part| matches!(part.as_str(), "data" | "value" | "output")) {
                way.pop();
            }
            state.schema = Some((schema, fields(&way)));
        }
        self.handed_on(expression, call, frame, method, state);
    }

    /// Whether a call of something that nobody knows is given what statements are run on: `all_turns().bind(&client, &chat)`.
    /// What it answers are rows.
    fn is_given_a_connection(&self, call: &'m Call, site: Site) -> bool {
        let program = self.program();
        let runs_statements = |value: &Value<'m>| match value {
            Value::Library { path, .. } => {
                program.catalogue.about(path).any(|fact| fact.is == Kind::Store && fact.value.is_some())
            }
            _ => false,
        };
        let is_connection = |given: &'m Expression| program.values(given, site.frame).iter().any(runs_statements);
        program.callee_paths(site).iter().all(|path| program.facts(path).is_empty())
            && !self.asks_elsewhere(call, site.frame)
            && call.arguments.iter().any(|argument| is_connection(&argument.value))
    }

    /// What a user writes into a field of a page, where that is read under the name by which it is kept.
    pub(in crate::judge::inputs) fn written_into(
        &mut self,
        field: Site,
        (expression, frame): (&'m Expression, FrameId),
        key: &str,
        state: &State<'m>,
    ) {
        let mut written = State { path: vec![key.to_owned()], in_chain: false, place: None, ..state.clone() };
        self.note_place(expression, frame, &mut written);
        self.call(expression, self.program().units.calls[field.call].call, field.frame, written);
    }

    /// What a call takes out of a queue of the process is what was put into it: of several things that were put there
    /// together, the one at a place.
    pub(super) fn taken_from_queue(&mut self, site: Site, place: Option<usize>, state: &State<'m>) -> bool {
        let program = self.program();
        let puts = program.put_by(site);
        for put in &puts {
            let paths = program.callee_paths(*put);
            let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Queue));
            for value in facts.filter_map(|(_, fact)| fact.value.as_deref()) {
                let Given::Present { expression, frame } = program.argument_of(*put, value) else { continue };
                let item = match (&expression.kind, place) {
                    (ExpressionKind::List(items), Some(place)) => items.get(place),
                    _ => None,
                };
                let state = State { in_chain: false, place: None, ..state.clone() };
                self.follow(item.unwrap_or(expression), frame, state);
            }
        }
        !puts.is_empty()
    }

    /// What a function of the library hands on: what it is called on, and what it is given.
    pub(super) fn handed_on(
        &mut self,
        expression: &'m Expression,
        call: &'m Call,
        frame: FrameId,
        method: &str,
        mut state: State<'m>,
    ) {
        if let ExpressionKind::Member { object, .. } = &call.callee.kind {
            let key = call.arguments.first().and_then(|argument| match &argument.value.kind {
                ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
                _ => None,
            });
            let default = call.arguments.get(1).map(|argument| &argument.value);
            if let Some(key) = key.filter(|_| takes_part(method) || method == "setdefault")
                && self.held(expression, object, key, default, frame, &state)
            {
                return;
            }
            if let Some(key) = key.filter(|_| takes_part(method)) {
                self.note_place(expression, frame, &mut state);
                state.take_part(key, (frame, expression.span));
                return self.follow(object, frame, state);
            }
            let mut held = state.clone();
            if adds(method) || takes_part(method) {
                held.in_chain = false;
            }
            // What is read by awaiting (`await request.json()`) is taken there.
            if reads_request(method) {
                self.note_place(expression, frame, &mut held);
            }
            self.follow(object, frame, held);
        }
        if self.asks_elsewhere(call, frame) {
            return;
        }
        let is_held = || self.tells_what_fits(call, frame);
        let keeps_path = parses(method) || call.arguments.len() == 1 || is_held();
        // What is looked for is not in the text that comes out.
        let is_pattern = matches!(method, "replace" | "replaceAll" | "replaceFirst");
        // Nor is the key in what is found under it.
        let has_key = method == "setdefault"
            || matches!(method, "get" | "pop") && (call.arguments.len() == 2 || self.is_called_on_a_table(call, frame))
            || matches!(method, "get" | "pop")
                && matches!(&call.callee.kind, ExpressionKind::Member { object, .. } if self.is_filled(object, frame));
        for (index, argument) in call.arguments.iter().enumerate() {
            if matches!(argument.value.kind, ExpressionKind::Function(_)) || (is_pattern || has_key) && index == 0 {
                continue;
            }
            let mut state = state.clone();
            state.in_chain = false;
            state.whole &= parses(method);
            match argument.name.as_deref() {
                Some("role" | "model" | "type" | "id" | "name") => continue,
                Some(name) if name != "**" => {
                    state.in_content |= !is_list_name(name) && matches!(name, "content" | "text" | "prompt" | "parts")
                }
                _ => {}
            }
            if !keeps_path {
                state.path.clear();
            }
            self.follow(&argument.value, frame, state);
        }
    }

    /// Whether a call gives back what it holds against a schema, fit or not.
    fn tells_what_fits(&self, call: &'m Call, frame: FrameId) -> bool {
        let site = self.program().units.call_id(call).map(|call| Site { call, frame });
        site.is_some_and(|site| self.inputs.schema_told_by(site).is_some())
    }

    /// Whether a method is called on a table that is written out in the program, or was read by a library when the program
    /// started: `ROLES.get(name)`, `PROMPTS = json.loads(..)`.
    fn is_called_on_a_table(&self, call: &'m Call, frame: FrameId) -> bool {
        let ExpressionKind::Member { object, .. } = &call.callee.kind else { return false };
        let values = self.program().values(object, frame);
        !values.is_empty()
            && values.iter().all(|value| match value {
                Value::Data { expression, .. } => {
                    matches!(&expression.0.kind, ExpressionKind::Object(entries) if !entries.is_empty())
                }
                Value::Library { path, sites } => {
                    let units = &self.program().units;
                    let is_of_start = |made: &Site| units.units[units.calls[made.call].unit].function.is_none();
                    path.ends_with("()")
                        && !self.inputs.is_request(path)
                        && self.program().facts(&format!("{path}.get")).is_empty()
                        && !sites.is_empty()
                        && sites.iter().all(is_of_start)
                }
                _ => false,
            })
    }

    /// Whether a call is a link of a query or a request: `query(...).bind(id).fetch_all()` answers with what is stored,
    /// not with the `id`.
    pub(super) fn asks_elsewhere(&self, call: &'m Call, frame: FrameId) -> bool {
        let program = self.program();
        let mut callee = &call.callee;
        for _ in 0..16 {
            callee = match &callee.kind {
                ExpressionKind::Member { object, .. } => object,
                ExpressionKind::Await(inner) => inner,
                ExpressionKind::Call(inner) => {
                    let asks = program.units.call_id(inner).is_some_and(|id| {
                        let site = Site { call: id, frame };
                        self.inputs.case.external_at(id).is_some()
                            || self.inputs.case.guards.behaviour.operation(site).is_some()
                                && !writes::stays_in_process(program, site)
                    });
                    if asks {
                        return true;
                    }
                    &inner.callee
                }
                _ => return false,
            };
        }
        false
    }

    /// `skip(turns.len() - 20)`: the rest is a tail of known length.
    pub(super) fn skips_the_rest(&self, call: &'m Call, frame: FrameId) -> bool {
        let names_length = |part: &Expression| matches!(&part.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "saturating_sub" | "len" | "length"));
        let counts = |part: &Expression| match &part.kind {
            ExpressionKind::Call(call) => names_length(&call.callee),
            _ => names_length(part),
        };
        call.arguments.first().is_some_and(|argument| {
            let mut found = false;
            crate::judge::conditions::fallback::walk(&argument.value, &mut |each| found |= counts(each));
            // `let skip = rows.len().saturating_sub(16);`
            found |= matches!(argument.value.kind, ExpressionKind::Name(_))
                && self.program().slice(&argument.value, frame).parts.iter().any(|(part, _)| counts(part));
            found
        })
    }

    /// Functions and classes of the program: what they return, what they are made with.
    pub(super) fn own_call(&mut self, call: &'m Call, site: Site, state: &State<'m>) -> bool {
        let program = self.program();
        let mut own = false;
        for callee in &program.callees(&call.callee, site.frame) {
            match callee {
                Value::Function { unit, closure, receiver } => {
                    if let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                        own = true;
                        let mut state = state.clone();
                        state.in_chain = false;
                        let name = program.units.units[*unit].function.map(|function| function.name.as_str());
                        let module = program.module_of(*unit);
                        let alias = |name| Alias { name, module, bound: Bound::Unit(*unit), is_copy: true };
                        state.aliases.extend(name.filter(|name| !name.is_empty()).map(alias));
                        self.returns(*unit, inner, &state);
                    }
                }
                Value::Class(class) => {
                    own = true;
                    self.constructed(*class, call, site.frame, state);
                }
                // A library's method that makes an object of a class of the program: `self.get_serializer(data=..)`.
                Value::Library { .. } => {
                    for made in program.result(callee, site) {
                        if let Value::Instance { class, site: Some(at) } = made
                            && at == site
                        {
                            own = true;
                            self.constructed(class, call, site.frame, state);
                        }
                    }
                }
                _ => {}
            }
        }
        own
    }

    /// What an instance is made with; its class bounds what it is a schema of.
    pub(super) fn constructed(
        &mut self,
        class: crate::link::units::ClassId,
        call: &'m Call,
        frame: FrameId,
        state: &State<'m>,
    ) {
        let program = self.program();
        let schemas = Schemas { program };
        let info = &program.units.classes[class];
        // The field that is read of it, past what wraps it (`serializer.validated_data["text"]`).
        let field = state.path.iter().rposition(|part| info.fields.contains_key(part.as_str()));
        let field = field.and_then(|at| Some((at, state.path.get(at)?.clone())));
        let named = |name: &str| call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
        let by_position = |name: &str| {
            let position = info.order.iter().position(|field| *field == name)?;
            call.arguments.get(position).filter(|argument| argument.name.is_none())
        };
        // `serializer.initial_data["text"]` is what came in, whatever the fields are declared to be.
        let raw = program.facts_of_bases(class, Kind::Schema).into_iter().flat_map(|(_, fact)| &fact.keys);
        let raw: Vec<&String> = raw.collect();
        let is_raw = state.path.iter().any(|part| raw.contains(&part) && !info.fields.contains_key(part.as_str()));
        if let Some((at, _)) = field.clone().filter(|_| is_raw) {
            let mut path = state.path.clone();
            path.truncate(at + 1);
            let state = State { path, in_chain: false, ..state.clone() };
            return call.arguments.iter().for_each(|argument| self.follow(&argument.value, frame, state.clone()));
        }
        if let Some((at, name)) = field {
            let mut state = state.clone();
            state.in_chain = false;
            if schemas.of_class(class, &[name.as_str()], Ask::Text, 0) == Limit::Held {
                state.text = true;
            }
            if schemas.of_class(class, &[name.as_str()], Ask::Count, 0) == Limit::Held {
                state.count = true;
            }
            if schemas.is_no_text(class, &name) {
                return;
            }
            if let Some(argument) = named(&name).or_else(|| by_position(&name)) {
                state.path.truncate(at);
                return self.follow(&argument.value, frame, state);
            }
            state.path.truncate(at + 1);
            // `Question(**json.loads(sent))`
            state.schema = state.schema.or(Some((Value::Class(class), vec![name])));
            for argument in &call.arguments {
                self.follow(&argument.value, frame, state.clone());
            }
            return;
        }
        // All of it, such as `**serializer.validated_data`: each of its texts is short.
        let is_short = !is_raw && schemas.of_all_fields(class, 0) == Limit::Held;
        for argument in &call.arguments {
            if matches!(argument.name.as_deref(), Some("role" | "model" | "type" | "id" | "name")) {
                continue;
            }
            let mut state = State { path: Vec::new(), in_chain: false, whole: false, ..state.clone() };
            state.in_content |= argument.name.as_deref().is_some_and(|name| name != "**" && !is_list_name(name));
            state.text |= is_short;
            self.follow(&argument.value, frame, state);
        }
    }

    /// What a function returns, each way with the tests that lead to it: what is returned when it is short is bounded.
    pub(super) fn returns(&mut self, unit: UnitId, frame: FrameId, state: &State<'m>) {
        let program = self.program();
        let info = &program.units.units[unit];
        let given = if info.yields.is_empty() { &info.returns } else { &info.yields };
        for expression in given.iter().filter(|expression| !program.is_never_given(expression, frame)) {
            let mut state = state.clone();
            state.in_chain = false;
            // A measure that the call leaves out measures nothing: `clip(text)` of a `def clip(text, limit=None)`.
            let tests = program.gates_of_result(unit, expression, frame).into_iter();
            state.gates.extend(tests.filter(|test| !program.is_decided(test, frame)).map(|test| (test, frame)));
            self.follow(expression, frame, state);
        }
    }
}
