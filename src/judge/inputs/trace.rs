//! The way back from the arguments of an LLM call to what comes from outside.

use rustc_hash::FxHashSet;

use crate::link::entries::injected_for;
use crate::link::units::{Access, Binding, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::super::behaviour::writes;
use super::schemas::{Ask, Limit, Schemas};
use super::words::*;
use super::{Inputs, Leaf, LeafKind, Origin};

/// Steps of one trace.
const DEPTH: usize = 70;
const STEPS: usize = 6_000;
const LEAVES: usize = 40;

/// What is known on the way back from the call.
#[derive(Clone, Debug, Default)]
pub(super) struct State<'m> {
    /// Its text is cut or counted.
    pub text: bool,
    /// The number of its items is limited.
    pub count: bool,
    /// It is cut; what that bounds is told by what it is in the end.
    pub sliced: bool,
    /// Member names from the outside in: `body.message` is `["message"]` when `body` is reached.
    pub path: Vec<String>,
    /// Within the text of one message.
    pub in_content: bool,
    /// Within a text that is put together of parts.
    pub in_text: bool,
    /// Reached through the items of a list.
    pub items: bool,
    /// Where the value is taken from what holds it.
    pub place: Option<(crate::link::units::ModuleId, Span)>,
    /// Whether the place is still being read: `body` of `body.text`.
    pub in_chain: bool,
    /// The schemas that the value was parsed with.
    pub schema: Option<Value<'m>>,
    /// Tests that decide whether this value is taken.
    pub gates: Vec<(&'m Expression, FrameId)>,
    /// The names under which the value goes.
    pub aliases: Vec<&'m str>,
    pub depth: usize,
}

/// What comes from outside, with what is known of it there.
struct Found {
    origin: Origin,
    path: Vec<String>,
    text: Limit,
    count: Limit,
    is_messages: bool,
}

impl Found {
    fn of_request(path: &[String], text: Limit) -> Found {
        Found { origin: Origin::Request, path: meaningful(path), text, count: Limit::None, is_messages: false }
    }
}

pub(super) struct Trace<'t, 'c, 'p, 'm> {
    pub inputs: &'t Inputs<'c, 'p, 'm>,
    pub seen: FxHashSet<(usize, FrameId, u8, u64)>,
    pub out: Vec<Leaf<'m>>,
}

impl<'t, 'c, 'p, 'm> Trace<'t, 'c, 'p, 'm> {
    pub(super) fn new(inputs: &'t Inputs<'c, 'p, 'm>) -> Self {
        Trace { inputs, seen: FxHashSet::default(), out: Vec::new() }
    }

    pub(super) fn program(&self) -> &'p Program<'m> {
        self.inputs.case.program
    }

    pub(super) fn follow(&mut self, expression: &'m Expression, frame: FrameId, mut state: State<'m>) {
        let flags = [state.text, state.count, state.sliced, state.in_content, state.in_text, state.items];
        let flags = flags.iter().fold(0u8, |all, flag| all << 1 | u8::from(*flag));
        let key = (std::ptr::from_ref(expression) as usize, frame, flags, hash_of(&state.path));
        if state.depth > DEPTH || self.out.len() > LEAVES || self.seen.len() > STEPS || !self.seen.insert(key) {
            return;
        }
        state.depth += 1;
        use ExpressionKind as E;
        match &expression.kind {
            E::Literal(_) | E::Unknown | E::Function(_) => {}
            E::Name(name) => self.name(expression, name, frame, state),
            E::Member { object, name } => self.member(expression, object, name, frame, state),
            E::Slice { object, .. } => {
                self.cut(&mut state);
                self.follow(object, frame, state);
            }
            E::Index { object, index } => self.index(expression, object, index, frame, state),
            E::Call(call) => self.call(expression, call, frame, state),
            E::Conditional { test, then, otherwise } => {
                // `ALLOWED.has(x) ? x : "plain"`: one of a list.
                state.text |= picks_from_a_list(test);
                state.gates.push((test, frame));
                self.follow(then, frame, state.clone());
                self.follow(otherwise, frame, state);
            }
            E::Object(entries) => self.object(entries, frame, state),
            E::Template(parts) => {
                (state.in_content, state.in_text) = (true, true);
                for part in parts {
                    self.follow(part, frame, state.clone());
                }
            }
            E::Operator { operator, operands } => match operator.as_str() {
                "==" | "!=" | "<" | ">" | "<=" | ">=" | "not" | "in" | "not in" | "is" | "is not" | "typeof" => {}
                _ => {
                    for operand in operands {
                        self.follow(operand, frame, state.clone());
                    }
                }
            },
            E::Comprehension { element, .. } => self.follow(element, frame, state),
            E::Spread(inner) | E::Await(inner) => self.follow(inner, frame, state),
            _ => {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                for child in children {
                    self.follow(child, frame, state.clone());
                }
            }
        }
    }

    /// A cut within the text of a message bounds the text; elsewhere the end of the trace tells what it bounds.
    fn cut(&self, state: &mut State<'m>) {
        if state.in_content && !state.items {
            state.text = true;
        } else {
            state.sliced = true;
        }
    }

    fn object(&mut self, entries: &'m [Entry], frame: FrameId, mut state: State<'m>) {
        if let Some(field) = state.path.last().cloned() {
            let whole = state.clone();
            state.path.pop();
            for entry in entries {
                if entry.key.as_deref() == Some(field.as_str()) {
                    self.follow(&entry.value, frame, state.clone());
                } else if let ExpressionKind::Spread(inner) = &entry.value.kind {
                    self.follow(inner, frame, whole.clone());
                }
            }
            return;
        }
        let in_text = state.in_content && !state.items;
        for entry in entries {
            if matches!(entry.key.as_deref(), Some("role" | "model" | "type" | "id" | "name")) {
                continue;
            }
            let mut state = state.clone();
            state.in_content |= in_text || entry.key.as_deref().is_some_and(|key| !is_list_name(key));
            self.follow(&entry.value, frame, state);
        }
    }

    fn index(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        index: &'m Expression,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        self.note_place(expression, frame, &mut state);
        match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => {
                if self.held(expression, object, key, None, frame, &state) {
                    return;
                }
                state.path.push(key.clone());
            }
            ExpressionKind::Literal(_) => state.items = true,
            _ => {
                // A field by a name that is only known when it runs: each name that is configured.
                let keys = super::measures::configured_keys(self.program(), index, frame);
                for key in &keys {
                    let mut state = state.clone();
                    state.path.push(key.clone());
                    self.follow(object, frame, state);
                }
                if !keys.is_empty() {
                    return;
                }
            }
        }
        self.follow(object, frame, state);
    }

    /// Notes where a value is taken from what holds it; of `body.text` the whole.
    fn note_place(&self, expression: &'m Expression, frame: FrameId, state: &mut State<'m>) {
        if !state.in_chain {
            let program = self.program();
            state.place = Some((program.module_of(program.unit_of_frame(frame)), expression.span));
            state.in_chain = true;
        }
    }

    fn name(&mut self, expression: &'m Expression, name: &'m str, frame: FrameId, mut state: State<'m>) {
        let program = self.program();
        state.in_chain = false;
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = program.frame(id);
            let Some(bindings) = program.units.units[here.unit].names.get(name) else {
                at = here.closure;
                continue;
            };
            state.aliases.push(name);
            self.reassigned(name, here.unit, id, &mut state);
            let is_kept = program.units.units[here.unit].function.is_none();
            let reaching = if id == frame { program.reaching(here.unit, name, expression.span) } else { None };
            for binding in bindings {
                let is_dead = reaching.as_ref().is_some_and(|reaching| match binding {
                    Binding::Value { value, .. } => reaching.dead.iter().any(|dead| std::ptr::eq(*dead, *value)),
                    Binding::Parameter { .. } => reaching.is_rebound,
                    _ => false,
                });
                if is_dead {
                    continue;
                }
                let mut state = state.clone();
                match binding {
                    Binding::Value { value, access, .. } => {
                        if is_kept && self.kept(expression, value, name, frame, &state) {
                            continue;
                        }
                        add_path(&mut state, access);
                        self.follow(value, id, state);
                    }
                    Binding::Element { over, access } => {
                        state.items = true;
                        add_path(&mut state, access);
                        self.follow(over, id, state);
                    }
                    Binding::Context(context) => self.follow(context, id, state),
                    Binding::Parameter { index, access } => {
                        add_path(&mut state, access);
                        self.parameter(expression, *index, id, state);
                    }
                    Binding::Import(_) => {
                        for value in program.named_values(name, id) {
                            self.outer(expression, &value, name, frame, state.clone());
                        }
                    }
                    _ => {}
                }
            }
            for (call, grown) in program.growth(name, here.unit) {
                // Growth in the frame itself is seen with what it was called with.
                let grown = if program.unit_of_frame(grown) == here.unit { id } else { grown };
                for argument in &program.units.calls[call].call.arguments {
                    self.follow(&argument.value, grown, State { path: Vec::new(), ..state.clone() });
                }
            }
            return;
        }
        for value in program.values(expression, frame).iter() {
            self.outer(expression, value, name, frame, state.clone());
        }
    }

    /// Something imported or global: a collection of another module, the request itself.
    fn outer(
        &mut self,
        expression: &'m Expression,
        value: &Value<'m>,
        name: &'m str,
        frame: FrameId,
        state: State<'m>,
    ) {
        match value {
            Value::Data { expression: data, frame: home }
                if !std::ptr::eq(data.0, expression) && !self.kept(expression, data.0, name, frame, &state) =>
            {
                self.follow(data.0, *home, state);
            }
            Value::Library { path, .. } if self.inputs.is_request(path) => {
                let found = Found::of_request(&state.path, Limit::None);
                self.arrive(expression, name, frame, state, found);
            }
            _ => {}
        }
    }

    /// `text = text[:4000]`, `if (turns.length > 20) turns = turns.slice(-20)`, `turns.splice(0, 5)`: what goes by a name
    /// is cut under that name.
    fn reassigned(&self, name: &'m str, unit: UnitId, frame: FrameId, state: &mut State<'m>) {
        let program = self.program();
        let info = &program.units.units[unit];
        for node in &info.nodes {
            let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { continue };
            let assignment = match &statement.kind {
                StatementKind::Assign(assignment) => assignment,
                StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => assignment,
                _ => continue,
            };
            let is_own = matches!(&assignment.target.kind, ExpressionKind::Name(target) if target == name);
            let Some(value) = assignment.value.as_ref().filter(|_| is_own) else { continue };
            if !self.is_cut_of(value, name, frame) {
                continue;
            }
            let tests = program.tests_around(*node);
            if tests.iter().all(|test| super::measures::compares_length(program, test, frame)) {
                self.cut(state);
            }
        }
        let in_place = info.calls.iter().any(|call| {
            let call = program.units.calls[*call].call;
            match &call.callee.kind {
                ExpressionKind::Member { object, name: method } => {
                    cuts_in_place(method, call.arguments.len())
                        && matches!(&object.kind, ExpressionKind::Name(holder) if holder == name)
                }
                ExpressionKind::Name(called) => {
                    called == "del" && call.arguments.iter().any(|argument| mentions(&argument.value, name))
                }
                _ => false,
            }
        });
        if in_place {
            self.cut(state);
        }
    }

    /// Whether a value is a cut of what goes by a name: a slice, a method that cuts, a library's trimming.
    fn is_cut_of(&self, value: &'m Expression, name: &str, frame: FrameId) -> bool {
        let program = self.program();
        match &value.kind {
            ExpressionKind::Slice { object, .. } => mentions(object, name),
            ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => self.is_cut_of(inner, name, frame),
            ExpressionKind::List(items) => items.iter().any(|item| self.is_cut_of(item, name, frame)),
            ExpressionKind::Operator { operator, operands } if operator == "+" => {
                operands.iter().any(|operand| self.is_cut_of(operand, name, frame))
                    && operands.iter().all(|operand| !mentions(operand, name) || self.is_cut_of(operand, name, frame))
            }
            ExpressionKind::Call(call) => {
                let method = match &call.callee.kind {
                    ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name.as_str(),
                    _ => "",
                };
                let about_it = mentions(&call.callee, name)
                    || call.arguments.iter().any(|argument| mentions(&argument.value, name));
                let trims = program.units.call_id(call).is_some_and(|id| {
                    program.callee_paths(Site { call: id, frame }).iter().any(|path| program.is_a(path, Kind::Trim))
                });
                about_it && (cuts(method) && !call.arguments.is_empty() || trims)
            }
            _ => false,
        }
    }

    fn parameter(&mut self, expression: &'m Expression, index: usize, frame: FrameId, state: State<'m>) {
        let program = self.program();
        let here = program.frame(frame);
        let Some(function) = program.units.units[here.unit].function else { return };
        let Some(parameter) = function.parameters.get(index) else { return };
        match here.how {
            How::Call(site) => {
                if let Some((argument, frame)) = program.passed_from(function, index, site) {
                    self.follow(argument, frame, state);
                } else if let Some(default) = &parameter.default {
                    self.follow(default, here.closure.unwrap_or(frame), state);
                }
            }
            How::Open => {
                for site in program.callers_of(here.unit).iter().take(6) {
                    if let Some(argument) = program.passed_expression(function, index, *site) {
                        self.follow(argument, site.frame, state.clone());
                    }
                }
            }
            How::Wraps(_) => {}
            How::Framework if self.inputs.handlers().contains(&here.unit) => {
                self.outside(expression, parameter, index, frame, state);
            }
            How::Framework => self.item_of_receiver(function, index, here.unit, here.closure, state),
        }
    }

    /// The parameter of a function that a method runs for each item of what it is called on.
    fn item_of_receiver(
        &mut self,
        function: &'m Function,
        index: usize,
        unit: UnitId,
        closure: Option<FrameId>,
        mut state: State<'m>,
    ) {
        let program = self.program();
        let (Some(parent), Some(closure)) = (program.units.units[unit].parent, closure) else { return };
        let given = program.units.units[parent].calls.iter().find_map(|call| {
            let call = program.units.calls[*call].call;
            let is_given = call.arguments.iter().any(
                |argument| matches!(&argument.value.kind, ExpressionKind::Function(each) if std::ptr::eq(each.as_ref(), function)),
            );
            match &call.callee.kind {
                ExpressionKind::Member { object, name } if is_given && iterates(name) => Some((object, name.as_str())),
                _ => None,
            }
        });
        if let Some((object, method)) = given
            && index == usize::from(method == "reduce")
        {
            state.items = true;
            self.follow(object, closure, state);
        }
    }

    /// A parameter that a framework fills: what the user sends, unless it is injected or no text.
    fn outside(
        &mut self,
        expression: &'m Expression,
        parameter: &'m Parameter,
        index: usize,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        let program = self.program();
        let unit = program.unit_of_frame(frame);
        let closure = program.frame(frame).closure.unwrap_or(frame);
        let schemas = Schemas { program };
        let injected = injected_for(program, parameter, closure);
        for value in &injected {
            if let Some(frame) = crate::link::entries::frame_of(program, value) {
                self.returns(program.unit_of_frame(frame), frame, &state);
            }
        }
        if !injected.is_empty() {
            return;
        }
        if parameter.annotation.as_ref().is_some_and(is_no_text) && state.path.is_empty() {
            return;
        }
        let own = match &parameter.target.kind {
            ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        let path = self.path_in(parameter, closure, &state.path);
        let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
        if let (Some(field), Some(annotation)) = (borrowed.first(), &parameter.annotation) {
            let classes = program.annotation(annotation, closure);
            let is_no_text = classes.iter().any(|value| match value {
                Value::Instance { class, .. } => schemas.is_no_text(*class, field),
                _ => false,
            });
            if is_no_text {
                return;
            }
        }
        if borrowed.is_empty() && parameter.annotation.as_ref().is_some_and(|each| schemas.is_choice(each, closure)) {
            return;
        }
        let text = schemas.of_parameter(parameter, closure, &borrowed, Ask::Text);
        let count = schemas.of_parameter(parameter, closure, &borrowed, Ask::Count);
        if state.path.is_empty() {
            state.place = Some((program.module_of(unit), parameter.span));
        }
        let is_request = program
            .parameter(index, frame)
            .iter()
            .any(|value| matches!(value, Value::Library { path, .. } if self.inputs.is_request(path)));
        let origin = if is_request { Origin::Request } else { Origin::Parameter(unit, index) };
        let alias = state.aliases.last().copied().unwrap_or_default();
        let own = if own.is_empty() { alias } else { own };
        let is_messages = self.is_message_list(parameter, closure, &borrowed);
        let found = Found { origin, path, text, count, is_messages };
        self.arrive(expression, own, closure, state, found);
    }

    /// The way from a parameter to what is taken of it: its fields, or the parts of a request.
    fn path_in(&self, parameter: &'m Parameter, frame: FrameId, path: &[String]) -> Vec<String> {
        let program = self.program();
        let has_field = |name: &String| {
            parameter.annotation.as_ref().is_some_and(|annotation| {
                program.annotation(annotation, frame).iter().any(|value| match value {
                    Value::Instance { class, .. } => program.units.classes[*class].fields.contains_key(name.as_str()),
                    _ => false,
                })
            })
        };
        if path.last().is_some_and(has_field) { path.iter().rev().cloned().collect() } else { meaningful(path) }
    }

    /// Whether a parameter, or a field of it, is a list of things with a role: messages, whatever they are called.
    fn is_message_list(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str]) -> bool {
        let program = self.program();
        let Some(annotation) = &parameter.annotation else { return false };
        let with_role = |item: &'m Expression, frame: FrameId| {
            program.annotation(item, frame).iter().any(|value| match value {
                Value::Instance { class, .. } => {
                    let fields = &program.units.classes[*class].fields;
                    ["role", "sender", "author", "speaker"].iter().any(|name| fields.contains_key(name))
                }
                _ => false,
            })
        };
        let Some(field) = path.first() else {
            return items_of(annotation).is_some_and(|item| with_role(item, frame));
        };
        program.annotation(annotation, frame).iter().any(|value| match value {
            Value::Instance { class, .. } => {
                let info = &program.units.classes[*class];
                let home = program.open_frame(info.unit);
                info.fields.get(field).is_some_and(|fields| {
                    fields.iter().any(|(_, assignment)| {
                        let items = assignment.annotation.as_ref().and_then(items_of);
                        items.is_some_and(|item| with_role(item, home))
                    })
                })
            }
            _ => false,
        })
    }

    /// What comes from outside has been reached.
    fn arrive(&mut self, expression: &'m Expression, own: &str, frame: FrameId, state: State<'m>, found: Found) {
        if state.path.iter().any(|part| is_no_text_part(part)) {
            return;
        }
        if found.origin == Origin::Request && self.handed_over(&state) {
            return;
        }
        let program = self.program();
        let Found { origin, path, mut text, mut count, is_messages } = found;
        if let Some(schema) = &state.schema {
            let schemas = Schemas { program };
            let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
            text = text.or(|| schemas.of_schema(schema, &borrowed, Ask::Text, 0));
            count = count.or(|| schemas.of_schema(schema, &borrowed, Ask::Count, 0));
        }
        let (module, span) =
            state.place.unwrap_or_else(|| (program.module_of(program.unit_of_frame(frame)), expression.span));
        // A list of messages goes by the name of the list, whatever is taken of its items.
        let listed = path.iter().find(|part| is_list_name(part)).cloned();
        let is_list = is_messages || listed.is_some() || path.is_empty() && is_list_name(own);
        let first = path.first().cloned().filter(|_| is_messages);
        let name = listed.or(first).or_else(|| path.last().cloned()).unwrap_or_else(|| own.to_owned());
        // A cut of a list bounds its items in number; the text of each may still be of any length.
        self.add(Leaf {
            kind: if is_list { LeafKind::Messages } else { LeafKind::User },
            name,
            path,
            origin,
            module,
            span,
            text: if state.text || state.sliced && !is_list { Limit::Held } else { text },
            count: if state.count || state.sliced { Limit::Held } else { count },
            is_items: state.items,
            is_text: state.in_text,
            gates: state.gates,
            memory: None,
        });
    }

    /// Whether the program itself has put on the request what is taken from it; then that is followed.
    fn handed_over(&mut self, state: &State<'m>) -> bool {
        let place = state.path.iter().rposition(|part| !is_container(part));
        let Some((at, key)) = place.and_then(|at| Some((at, state.path.get(at)?))) else { return false };
        let values = self.inputs.handed_over(key);
        for (value, frame) in values {
            let mut state = State { in_chain: false, place: None, ..state.clone() };
            state.path.truncate(at);
            self.follow(value, *frame, state);
        }
        !values.is_empty()
    }

    pub(super) fn add(&mut self, leaf: Leaf<'m>) {
        if !self.out.contains(&leaf) {
            self.out.push(leaf);
        }
    }

    fn member(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        let program = self.program();
        if self.held(expression, object, name, None, frame, &state) {
            return;
        }
        if matches!(&object.kind, ExpressionKind::Name(root) if root == "self") {
            state.aliases.push(name);
            let kept = program.values(expression, frame).iter().any(|value| match value {
                Value::Data { expression: data, .. } => self.kept(expression, data.0, name, frame, &state),
                _ => false,
            });
            if kept {
                return;
            }
        }
        for (unit, inner) in program.properties(expression, frame) {
            self.returns(unit, inner, &state);
        }
        let values = program.values(expression, frame);
        let mut followed = false;
        for value in values.iter() {
            match value {
                Value::Data { expression: data, frame: home } if !std::ptr::eq(data.0, expression) => {
                    followed = true;
                    let mut state = state.clone();
                    state.in_chain = false;
                    self.follow(data.0, *home, state);
                }
                // Settings, clients, modules: nothing that a user sends.
                Value::Library { path, .. } if !self.inputs.is_request(path) && self.is_thing(path) => followed = true,
                Value::Function { .. } | Value::Class(_) | Value::Module(_) => followed = true,
                _ => {}
            }
        }
        if !followed {
            self.note_place(expression, frame, &mut state);
            state.path.push(name.to_owned());
            self.follow(object, frame, state);
        }
    }

    /// Whether the catalogue knows a name as something else than a part of the request.
    fn is_thing(&self, path: &str) -> bool {
        let program = self.program();
        program.facts(path).iter().any(|id| {
            !matches!(program.catalogue.fact(*id).is, Kind::Request | Kind::Respond | Kind::Reject | Kind::Schema)
        })
    }

    fn call(&mut self, expression: &'m Expression, call: &'m Call, frame: FrameId, mut state: State<'m>) {
        let program = self.program();
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let method = match &call.callee.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        // What a model or another service answers is not the user's text.
        if self.inputs.case.external_at(id).is_some() {
            return;
        }
        let paths = program.callee_paths(site);
        for path in &paths {
            if program.is_a(path, Kind::Request) && !path.ends_with("()") {
                self.note_place(expression, frame, &mut state);
                let limit = Schemas { program }.of_call(site);
                let found = Found::of_request(&state.path, limit);
                return self.arrive(expression, method, frame, state, found);
            }
            if program.is_a(path, Kind::Trim) {
                (state.text, state.count) = (true, true);
            }
            if let Some(memory) = self.inputs.memory(path, site) {
                return self.remember(method, site, memory, &state);
            }
            if [Kind::Measure, Kind::Environment, Kind::Clock].iter().any(|kind| program.is_a(path, *kind)) {
                return;
            }
        }
        let is_in_process = paths.iter().any(|path| writes::is_of_the_language(path));
        if let Some(operation) = self.inputs.case.guards.behaviour.operation(site).filter(|_| !is_in_process) {
            return self.stored(site, operation, method, &state);
        }
        if self.own_call(call, site, &state) {
            return;
        }
        if cuts(method) && !call.arguments.is_empty() || method == "skip" && self.skips_the_rest(call) {
            self.cut(&mut state);
        }
        if makes_text(method) {
            state.in_text = true;
        }
        if parses(method) {
            state.schema = self.inputs.schema_of(site).or(state.schema);
        }
        self.handed_on(expression, call, frame, method, state);
    }

    /// What a function of the library hands on: what it is called on, and what it is given.
    fn handed_on(
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
                state.path.push(key.to_owned());
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
        let keeps_path = parses(method) || call.arguments.len() == 1;
        for argument in &call.arguments {
            if matches!(argument.value.kind, ExpressionKind::Function(_)) {
                continue;
            }
            let mut state = state.clone();
            state.in_chain = false;
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

    /// Whether a call is a link of a query or a request: `query(...).bind(id).fetch_all()` answers with what is stored,
    /// not with the `id`.
    fn asks_elsewhere(&self, call: &'m Call, frame: FrameId) -> bool {
        let program = self.program();
        let mut callee = &call.callee;
        for _ in 0..16 {
            callee = match &callee.kind {
                ExpressionKind::Member { object, .. } => object,
                ExpressionKind::Await(inner) => inner,
                ExpressionKind::Call(inner) => {
                    let asks = program.units.call_id(inner).is_some_and(|id| {
                        let site = Site { call: id, frame };
                        let is_in_process =
                            || program.callee_paths(site).iter().any(|path| writes::is_of_the_language(path));
                        self.inputs.case.external_at(id).is_some()
                            || self.inputs.case.guards.behaviour.operation(site).is_some() && !is_in_process()
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
    fn skips_the_rest(&self, call: &Call) -> bool {
        call.arguments.first().is_some_and(|argument| {
            let mut found = false;
            super::super::conditions::fallback::walk(&argument.value, &mut |each| {
                found |= matches!(&each.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "saturating_sub" | "len" | "length"));
            });
            found
        })
    }

    /// Functions and classes of the program: what they return, what they are made with.
    fn own_call(&mut self, call: &'m Call, site: Site, state: &State<'m>) -> bool {
        let program = self.program();
        let mut own = false;
        for callee in program.values(&call.callee, site.frame).iter() {
            match callee {
                Value::Function { unit, closure, receiver } => {
                    if let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                        own = true;
                        let mut state = state.clone();
                        state.in_chain = false;
                        let name = program.units.units[*unit].function.map(|function| function.name.as_str());
                        state.aliases.extend(name.filter(|name| !name.is_empty()));
                        self.returns(*unit, inner, &state);
                    }
                }
                Value::Class(class) => {
                    own = true;
                    self.constructed(*class, call, site.frame, state);
                }
                _ => {}
            }
        }
        own
    }

    /// What an instance is made with; its class bounds what it is a schema of.
    fn constructed(&mut self, class: crate::link::units::ClassId, call: &'m Call, frame: FrameId, state: &State<'m>) {
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
            for argument in &call.arguments {
                self.follow(&argument.value, frame, state.clone());
            }
            return;
        }
        for argument in &call.arguments {
            if matches!(argument.name.as_deref(), Some("role" | "model" | "type" | "id" | "name")) {
                continue;
            }
            let mut state = State { path: Vec::new(), in_chain: false, ..state.clone() };
            state.in_content |= argument.name.as_deref().is_some_and(|name| name != "**" && !is_list_name(name));
            self.follow(&argument.value, frame, state);
        }
    }

    /// What a function returns, each way with the tests that lead to it: what is returned when it is short is bounded.
    fn returns(&mut self, unit: UnitId, frame: FrameId, state: &State<'m>) {
        let program = self.program();
        let info = &program.units.units[unit];
        let given = if info.yields.is_empty() { &info.returns } else { &info.yields };
        for expression in given {
            let mut state = state.clone();
            state.in_chain = false;
            state.gates.extend(program.gates_of_result(unit, expression, frame).into_iter().map(|test| (test, frame)));
            self.follow(expression, frame, state);
        }
    }
}

/// What is taken from a value by destructuring it.
fn add_path(state: &mut State<'_>, access: &[Access<'_>]) {
    state.path.extend(access.iter().rev().filter_map(|step| match step {
        Access::Key(key) => Some((*key).to_owned()),
        _ => None,
    }));
}

/// A path from the root on, without what only holds the fields.
fn meaningful(path: &[String]) -> Vec<String> {
    let last = path.len().saturating_sub(1);
    let parts = path.iter().rev().enumerate();
    let kept = parts.filter(|(at, part)| !is_container(part) || *at == last && last > 0);
    kept.map(|(_, part)| part.clone()).collect()
}

fn hash_of(path: &[String]) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    path.hash(&mut hasher);
    hasher.finish()
}
