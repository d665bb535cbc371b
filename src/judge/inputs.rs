//! What flows into a model: the user's text, a client's messages, stored rows, memory; and whether it is bounded on
//! the way.
//!
//! The trace goes backwards from the arguments of an LLM call, through names, helpers and the frames of the trail, to
//! what comes from outside.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::link::arguments::{Amount, Given};
use crate::link::entries::{frame_of, injected_for};
use crate::link::flow::Gate;
use crate::link::units::{Access, Binding, ClassId, ModuleId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::behaviour::{Operation, query_is_bounded};
use super::calls::External;
use super::case::Case;

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

/// One source of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub kind: LeafKind,
    /// The field or parameter, for people: `message`.
    pub name: String,
    pub module: ModuleId,
    pub span: Span,
    /// Its text is limited in length.
    pub bounded: bool,
    /// The number of its items is limited.
    pub bounded_count: bool,
}

/// What is known on the way back from the call.
#[derive(Clone, Debug, Default)]
struct State {
    bounded: bool,
    bounded_count: bool,
    /// Member names from the outside in: `body.message` is `["message"]` when `body` is reached.
    path: Vec<String>,
    /// Within the text of one message.
    in_content: bool,
    /// The schema that the value was parsed with.
    schema: Option<Site>,
    depth: usize,
}

/// Names measured on the way to a call, by entry and call.
type Measured = RefCell<HashMap<(usize, Site), Rc<BTreeSet<String>>>>;

pub struct Inputs<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    leaves: RefCell<HashMap<Site, Rc<Vec<Leaf>>>>,
    measured: Measured,
}

/// Parts of a request that are no text for a model.
const NO_TEXT: [&str; 20] = [
    "app", "state", "ip", "method", "url", "path", "headers", "client", "session", "user", "cookies", "id", "log",
    "account", "auth", "locals", "signal", "scope", "nextUrl", "geo",
];
const CUTS: [&str; 12] = [
    "slice",
    "substring",
    "substr",
    "truncate",
    "take",
    "splice",
    "slice_",
    "head",
    "tail",
    "last",
    "chars_take",
    "limit",
];
const DEPTH: usize = 60;

impl<'c, 'p, 'm> Inputs<'c, 'p, 'm> {
    pub fn new(case: &'c Case<'p, 'm>) -> Self {
        Inputs { case, leaves: RefCell::default(), measured: RefCell::default() }
    }

    fn program(&self) -> &'p Program<'m> {
        self.case.program
    }

    /// The sources of a call's input at a site.
    pub fn leaves(&self, external: &External, site: Site) -> Rc<Vec<Leaf>> {
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
                paths = vec!["body".into(), "json".into(), "data".into()];
            }
        }
        let mut out = Vec::new();
        let mut seen = HashSet::new();
        let mut any = false;
        for path in &paths {
            if let Given::Present { expression, frame } = program.argument_of(site, path) {
                any = true;
                self.trace(expression, frame, State::default(), &mut seen, &mut out);
            }
        }
        if !any {
            for argument in &program.units.calls[site.call].call.arguments {
                self.trace(&argument.value, site.frame, State::default(), &mut seen, &mut out);
            }
        }
        out.dedup();
        let out = Rc::new(out);
        self.leaves.borrow_mut().insert(site, out.clone());
        out
    }

    fn trace(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        mut state: State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let key = (std::ptr::from_ref(expression) as usize, frame, state.bounded, state.bounded_count);
        if state.depth > DEPTH || out.len() > 40 || !seen.insert(key) {
            return;
        }
        state.depth += 1;
        use ExpressionKind as E;
        match &expression.kind {
            E::Literal(_) | E::Unknown | E::Function(_) => {}
            E::Name(name) => self.trace_name(expression, name, frame, state, seen, out),
            E::Member { object, name } => self.trace_member(expression, object, name, frame, state, seen, out),
            E::Slice { object, .. } => {
                (state.bounded, state.bounded_count) = (true, true);
                self.trace(object, frame, state, seen, out);
            }
            E::Index { object, index } => {
                if self.trace_kept(expression, object, frame, &state, out) {
                    return;
                }
                if let E::Literal(Literal::Text(key)) = &index.kind {
                    state.path.push(key.clone());
                }
                self.trace(object, frame, state, seen, out);
            }
            E::Call(call) => self.trace_call(call, frame, state, seen, out),
            E::Conditional { test, then, otherwise } => {
                // `ALLOWED.has(x) ? x : "plain"`: one of a list.
                if picks_from_a_list(test) {
                    state.bounded = true;
                }
                self.trace(then, frame, state.clone(), seen, out);
                self.trace(otherwise, frame, state, seen, out);
            }
            E::Object(entries) => {
                for entry in entries {
                    let mut state = State { path: Vec::new(), ..state.clone() };
                    state.in_content |= entry.key.as_deref().is_some_and(|key| !is_list_name(key));
                    if matches!(entry.key.as_deref(), Some("role" | "model" | "type" | "id" | "name")) {
                        continue;
                    }
                    self.trace(&entry.value, frame, state, seen, out);
                }
            }
            E::Template(parts) => {
                state.in_content = true;
                for part in parts {
                    self.trace(part, frame, state.clone(), seen, out);
                }
            }
            E::Operator { operator, operands } => {
                if matches!(
                    operator.as_str(),
                    "==" | "!=" | "<" | ">" | "<=" | ">=" | "not" | "in" | "not in" | "is" | "is not" | "typeof"
                ) {
                    return;
                }
                for operand in operands {
                    self.trace(operand, frame, state.clone(), seen, out);
                }
            }
            _ => {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                for child in children {
                    self.trace(child, frame, state.clone(), seen, out);
                }
            }
        }
    }

    fn trace_name(
        &self,
        expression: &'m Expression,
        name: &'m str,
        frame: FrameId,
        state: State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = program.frame(id);
            let Some(bindings) = program.units.units[here.unit].names.get(name) else {
                at = here.closure;
                continue;
            };
            let is_kept = program.units.units[here.unit].function.is_none();
            for binding in bindings {
                match binding {
                    Binding::Value { value, access, .. } => {
                        if is_kept && self.kept_leaf(expression, value, name, frame, &state, out) {
                            continue;
                        }
                        let mut state = state.clone();
                        state.path.extend(access.iter().rev().filter_map(|step| match step {
                            Access::Key(key) => Some((*key).to_owned()),
                            _ => None,
                        }));
                        self.trace(value, id, state, seen, out);
                    }
                    Binding::Element { over, access } => {
                        let mut state = state.clone();
                        state.path.extend(access.iter().rev().filter_map(|step| match step {
                            Access::Key(key) => Some((*key).to_owned()),
                            _ => None,
                        }));
                        self.trace(over, id, state, seen, out);
                    }
                    Binding::Context(context) => self.trace(context, id, state.clone(), seen, out),
                    Binding::Parameter { index, access } => {
                        let mut state = state.clone();
                        state.path.extend(access.iter().rev().filter_map(|step| match step {
                            Access::Key(key) => Some((*key).to_owned()),
                            _ => None,
                        }));
                        self.trace_parameter(expression, *index, id, state, seen, out);
                    }
                    Binding::Import(_) => {
                        for value in program.named_values(name, id) {
                            if let Value::Data { expression: data, frame: home } = value
                                && !self.kept_leaf(expression, data.0, name, frame, &state, out)
                            {
                                self.trace(data.0, home, state.clone(), seen, out);
                            }
                        }
                    }
                    _ => {}
                }
            }
            for (call, grown) in program.growth(name, here.unit) {
                // Growth in the frame itself is seen with what it was called with.
                let grown = if program.unit_of_frame(grown) == here.unit { id } else { grown };
                for argument in &program.units.calls[call].call.arguments {
                    self.trace(&argument.value, grown, State { path: Vec::new(), ..state.clone() }, seen, out);
                }
            }
            return;
        }
    }

    fn trace_parameter(
        &self,
        expression: &'m Expression,
        index: usize,
        frame: FrameId,
        state: State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        let here = program.frame(frame);
        let Some(function) = program.units.units[here.unit].function else { return };
        let Some(parameter) = function.parameters.get(index) else { return };
        match here.how {
            How::Call(site) => {
                if let Some((argument, frame)) = program.passed_from(function, index, site) {
                    self.trace(argument, frame, state, seen, out);
                } else if let Some(default) = &parameter.default {
                    self.trace(default, here.closure.unwrap_or(frame), state, seen, out);
                }
            }
            How::Open => {
                for site in program.callers_of(here.unit).iter().take(6) {
                    if let Some(argument) = program.passed_expression(function, index, *site) {
                        self.trace(argument, site.frame, state.clone(), seen, out);
                    }
                }
            }
            How::Wraps(_) => {}
            How::Framework => {
                self.outside(expression, parameter, here.unit, here.closure.unwrap_or(frame), &state, out)
            }
        }
    }

    /// A parameter that a framework fills: what the user sends, unless it is injected or no text.
    fn outside(
        &self,
        expression: &'m Expression,
        parameter: &'m Parameter,
        unit: UnitId,
        closure: FrameId,
        state: &State,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        if !injected_for(program, parameter, closure).is_empty()
            || state.path.iter().any(|part| NO_TEXT.contains(&part.as_str()))
        {
            return;
        }
        if parameter.annotation.as_ref().is_some_and(is_no_text) && state.path.is_empty() {
            return;
        }
        let own = match &parameter.target.kind {
            ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        // `body.message`: the field; `await request.json()`: what is taken from it.
        let path: Vec<&str> =
            state.path.iter().rev().map(String::as_str).filter(|part| !is_text_method(part)).collect();
        let name = path.last().copied().unwrap_or(own).to_owned();
        let mut bounded = state.bounded || self.limited_by_schema(parameter, closure, &path);
        if self.field_is_no_text(parameter, closure, &path) {
            return;
        }
        if let Some(schema) = state.schema {
            bounded |= self.schema_limits(schema, &path);
        }
        let (module, span) = match program.units.units[unit].function {
            Some(_) => (program.module_of(unit), if path.is_empty() { parameter.span } else { expression.span }),
            None => (program.module_of(unit), expression.span),
        };
        let module_of_expression = if path.is_empty() { module } else { self.module_around(expression, module) };
        self.push(state, name, module_of_expression, span, bounded, out);
    }

    /// The module that an expression stands in is the one of the frame that it was met in; parameters stand with theirs.
    fn module_around(&self, _expression: &Expression, module: ModuleId) -> ModuleId {
        module
    }

    fn push(&self, state: &State, name: String, module: ModuleId, span: Span, bounded: bool, out: &mut Vec<Leaf>) {
        let kind = if is_list_name(&name) { LeafKind::Messages } else { LeafKind::User };
        let leaf = Leaf { kind, name, module, span, bounded, bounded_count: state.bounded_count };
        if !out.contains(&leaf) {
            out.push(leaf);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of the trace")]
    fn trace_member(
        &self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        mut state: State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        if self.trace_kept(expression, expression, frame, &state, out) {
            return;
        }
        let values = program.values(expression, frame);
        let mut followed = false;
        for value in values.iter() {
            match value {
                Value::Data { expression: data, frame: home } if !std::ptr::eq(data.0, expression) => {
                    followed = true;
                    self.trace(data.0, *home, state.clone(), seen, out);
                }
                // Settings, clients, modules: nothing that a user sends.
                Value::Library { path, .. }
                    if !self.is_request(path)
                        && !path.contains("Update()")
                        && program.facts(path).iter().any(|id| {
                            !matches!(program.catalogue.fact(*id).is, Kind::Request | Kind::Respond | Kind::Reject)
                        }) =>
                {
                    followed = true;
                }
                Value::Function { .. } | Value::Class(_) | Value::Module(_) => followed = true,
                _ => {}
            }
        }
        if !followed {
            state.path.push(name.to_owned());
            self.trace(object, frame, state, seen, out);
        }
    }

    fn is_request(&self, path: &str) -> bool {
        path.find("()").and_then(|at| path.get(..at)).is_some_and(|head| self.program().is_a(head, Kind::Request))
    }

    fn trace_call(
        &self,
        call: &'m Call,
        frame: FrameId,
        mut state: State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let method = match &call.callee.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        // What a model or another service answers is not the user's text.
        if self.case.externals.iter().any(|external| external.call == id) {
            return;
        }
        for path in program.callee_paths(site) {
            if program.is_a(&path, Kind::Trim) {
                (state.bounded, state.bounded_count) = (true, true);
            }
            if let Some((_, fact)) = program.facts_of(&path, Kind::Memory).first() {
                let bounded = fact.bounded.as_ref().is_some_and(|condition| program.holds(condition, site))
                    || fact
                        .bound
                        .as_deref()
                        .is_some_and(|bound| !matches!(program.argument_of(site, bound), Given::Absent));
                out.push(Leaf {
                    kind: LeafKind::Memory,
                    name: method.to_owned(),
                    module: program.units.calls[id].module,
                    span: call.span,
                    bounded: true,
                    bounded_count: bounded || state.bounded_count,
                });
                return;
            }
            if program.is_a(&path, Kind::Measure)
                || program.is_a(&path, Kind::Environment)
                || program.is_a(&path, Kind::Clock)
            {
                return;
            }
        }
        if let Some(operation) = self.case.guards.behaviour.operation(site) {
            if operation == Operation::Many {
                let bounded = state.bounded_count || self.rows_are_bounded(site);
                out.push(Leaf {
                    kind: LeafKind::Rows,
                    name: method.to_owned(),
                    module: program.units.calls[id].module,
                    span: call.span,
                    bounded: true,
                    bounded_count: bounded,
                });
            }
            return;
        }
        let callees = self.case.callees(site);
        let mut own = false;
        for callee in callees.iter() {
            if let Value::Function { unit, closure, receiver } = callee
                && let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site))
            {
                own = true;
                self.trace_returns(*unit, inner, &state, seen, out);
            }
        }
        if own {
            return;
        }
        if CUTS.contains(&method) && !call.arguments.is_empty() {
            (state.bounded, state.bounded_count) = (true, true);
        }
        // A schema that parses the value bounds its fields.
        let parses = matches!(
            method,
            "parse" | "safeParse" | "parseAsync" | "safeParseAsync" | "validate" | "validateSync" | "model_validate"
        );
        let made = callees.iter().flat_map(|value| value.sites().to_vec()).next();
        if let (true, Some(schema)) = (parses, made) {
            state.schema = Some(schema);
        }
        if let ExpressionKind::Member { object, .. } = &call.callee.kind {
            self.trace(object, frame, state.clone(), seen, out);
        }
        for argument in &call.arguments {
            if matches!(argument.value.kind, ExpressionKind::Function(_)) {
                continue;
            }
            let keeps_path = parses || call.arguments.len() == 1;
            let path = if keeps_path { state.path.clone() } else { Vec::new() };
            self.trace(&argument.value, frame, State { path, ..state.clone() }, seen, out);
        }
    }

    /// What a function returns, each way with the tests that lead to it: what is returned when it is short is bounded.
    fn trace_returns(
        &self,
        unit: UnitId,
        frame: FrameId,
        state: &State,
        seen: &mut HashSet<(usize, FrameId, bool, bool)>,
        out: &mut Vec<Leaf>,
    ) {
        let program = self.program();
        let info = &program.units.units[unit];
        let measured_tests: Vec<Span> = info
            .nodes
            .iter()
            .filter_map(|node| match program.units.nodes[*node].kind {
                NodeKind::Then(test) | NodeKind::Otherwise(test) if self.measures(test, frame) => {
                    Some(program.units.nodes[*node].span)
                }
                _ => None,
            })
            .collect();
        let given = if info.yields.is_empty() { &info.returns } else { &info.yields };
        for expression in given {
            let mut state = State { path: state.path.clone(), ..state.clone() };
            state.bounded |= measured_tests.iter().any(|span| span.contains(expression.span));
            self.trace(expression, frame, state, seen, out);
        }
    }

    fn measures(&self, test: &'m Expression, frame: FrameId) -> bool {
        !self.measured_names(test, frame).is_empty()
    }

    /// Whether a query or load of rows says how many at most.
    fn rows_are_bounded(&self, site: Site) -> bool {
        let program = self.program();
        let call = program.units.calls[site.call].call;
        if let Some(text) = call.arguments.first().and_then(|argument| program.text(&argument.value, site.frame))
            && text.trim_start().to_ascii_lowercase().starts_with("select")
        {
            return query_is_bounded(&text);
        }
        for path in program.callee_paths(site) {
            for (_, fact) in program
                .facts_of(&path, Kind::Store)
                .into_iter()
                .filter(|(_, fact)| fact.does.as_deref() == Some("many"))
            {
                let Some(bound) = &fact.bound else { continue };
                for alternative in crate::rules::checked::expand(bound) {
                    match program.argument(site, &alternative) {
                        Given::Present { expression, frame } => {
                            // `lrange(key, 0, -1)` loads everything.
                            let everything =
                                program.number(expression, frame, 0) == Some(0.0) && alternative.starts_with('#');
                            if !everything && program.amount(expression, frame, None, &[]) != Amount::Off {
                                return true;
                            }
                        }
                        _ if self.chained_after(site, &alternative) => return true,
                        _ => {}
                    }
                }
            }
        }
        false
    }

    /// `query(...).limit(10)`: the bound is called on what the load returns.
    fn chained_after(&self, site: Site, bound: &str) -> bool {
        let Some(name) = bound.trim_start_matches('.').strip_suffix("()") else { return false };
        let program = self.program();
        let info = &program.units.calls[site.call];
        program.units.units[info.unit].calls.iter().any(|call| {
            let other = program.units.calls[*call].call;
            other.span.start == info.call.span.start
                && other.span.end > info.call.span.end
                && matches!(&other.callee.kind, ExpressionKind::Member { name: called, .. } if called == name)
        })
    }

    /// A collection that outlives the request: an attribute or module variable that starts empty and is added to.
    fn trace_kept(
        &self,
        expression: &'m Expression,
        holder: &'m Expression,
        frame: FrameId,
        state: &State,
        out: &mut Vec<Leaf>,
    ) -> bool {
        let ExpressionKind::Member { object, name } = &holder.kind else { return false };
        if !matches!(&object.kind, ExpressionKind::Name(root) if root == "self") {
            return false;
        }
        self.program().values(holder, frame).iter().any(|value| match value {
            Value::Data { expression: data, .. } => self.kept_leaf(expression, data.0, name, frame, state, out),
            _ => false,
        })
    }

    fn kept_leaf(
        &self,
        expression: &'m Expression,
        initial: &'m Expression,
        name: &str,
        frame: FrameId,
        state: &State,
        out: &mut Vec<Leaf>,
    ) -> bool {
        let is_empty = match &initial.kind {
            ExpressionKind::List(items) => items.is_empty(),
            ExpressionKind::Object(entries) => entries.is_empty(),
            ExpressionKind::Call(call) => {
                matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "defaultdict" | "dict" | "list" | "deque" | "Map"))
            }
            _ => false,
        };
        if !is_empty || !self.is_added_to(name) {
            return false;
        }
        let program = self.program();
        let bounded = state.bounded_count
            || self.is_trimmed(name)
            || matches!(&initial.kind, ExpressionKind::Call(call) if call.arguments.iter().any(|argument| argument.name.as_deref() == Some("maxlen")));
        let module = program.module_of(program.unit_of_frame(frame));
        let leaf = Leaf {
            kind: LeafKind::Memory,
            name: name.to_owned(),
            module,
            span: expression.span,
            bounded: true,
            bounded_count: bounded,
        };
        if !out.contains(&leaf) {
            out.push(leaf);
        }
        true
    }

    fn is_added_to(&self, name: &str) -> bool {
        self.program().units.calls.iter().any(|info| match &info.call.callee.kind {
            ExpressionKind::Member { object, name: method } => {
                matches!(method.as_str(), "append" | "push" | "extend" | "set" | "setdefault" | "insert" | "unshift")
                    && mentions(object, name)
            }
            _ => false,
        }) || self.program().units.nodes.iter().any(|node| match node.kind {
            NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) => {
                matches!(&assignment.target.kind, ExpressionKind::Index { object, .. } if mentions(object, name))
            }
            _ => false,
        })
    }

    /// Whether a collection is cut somewhere: assigned a slice of itself, shifted, popped, deleted from the front.
    fn is_trimmed(&self, name: &str) -> bool {
        let program = self.program();
        program.units.calls.iter().any(|info| match &info.call.callee.kind {
            ExpressionKind::Member { object, name: method } => matches!(method.as_str(), "popleft" | "shift" | "splice" | "pop") && mentions(object, name),
            ExpressionKind::Name(called) => called == "del" && info.call.arguments.iter().any(|argument| mentions(&argument.value, name)),
            _ => false,
        }) || program.units.nodes.iter().any(|node| match node.kind {
            NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) => {
                mentions(&assignment.target, name) && assignment.value.as_ref().is_some_and(|value| {
                    let mut cut = false;
                    super::conditions::fallback::walk(value, &mut |each| {
                        cut |= matches!(&each.kind, ExpressionKind::Slice { .. }) || matches!(&each.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "slice"));
                    });
                    cut
                })
            }
            _ => false,
        })
    }

    /// Whether the schema of a parameter limits the text at a path.
    fn limited_by_schema(&self, parameter: &'m Parameter, closure: FrameId, path: &[&str]) -> bool {
        let program = self.program();
        if path.is_empty() {
            let markers = parameter.default.iter().chain(&parameter.annotation);
            return markers.into_iter().any(|marker| self.has_text_limit(marker, closure, 0));
        }
        let Some(annotation) = &parameter.annotation else { return false };
        program.annotation(annotation, closure).iter().any(|value| match value {
            Value::Instance { class, .. } => self.class_limits(*class, path, 0),
            _ => false,
        })
    }

    fn class_limits(&self, class: ClassId, path: &[&str], depth: usize) -> bool {
        let program = self.program();
        let info = &program.units.classes[class];
        let Some((field, rest)) = path.split_first() else { return false };
        let home = program.open_frame(info.unit);
        let Some(fields) = info.fields.get(field) else {
            return depth < 6
                && info.class.bases.iter().any(|base| {
                    program.values(base, home).iter().any(|value| matches!(value, Value::Class(base) if *base != class && self.class_limits(*base, path, depth + 1)))
                });
        };
        fields.iter().any(|(_, assignment)| {
            let limited = assignment
                .value
                .iter()
                .chain(&assignment.annotation)
                .any(|marker| self.has_text_limit(marker, home, 0));
            if limited && rest.is_empty() {
                return true;
            }
            assignment.annotation.as_ref().is_some_and(|annotation| {
                program.annotation(annotation, home).iter().any(|value| match value {
                    Value::Instance { class: inner, .. } if *inner != class && depth < 6 => {
                        if rest.is_empty() {
                            self.all_text_limited(*inner, depth + 1)
                        } else {
                            self.class_limits(*inner, rest, depth + 1)
                        }
                    }
                    _ => false,
                })
            })
        })
    }

    /// Whether every text field of a class is limited.
    fn all_text_limited(&self, class: ClassId, depth: usize) -> bool {
        let info = &self.program().units.classes[class];
        !info.order.is_empty()
            && info.order.iter().all(|field| {
                info.fields.get(field).and_then(|fields| fields.first()).is_some_and(|(_, assignment)| {
                    assignment.annotation.as_ref().is_some_and(is_no_text) || self.class_limits(class, &[field], depth)
                })
            })
    }

    /// Whether a field's annotation is no text: a number, a choice, an enumeration.
    fn field_is_no_text(&self, parameter: &'m Parameter, closure: FrameId, path: &[&str]) -> bool {
        let program = self.program();
        let (Some(field), Some(annotation)) = (path.first(), &parameter.annotation) else { return false };
        program.annotation(annotation, closure).iter().any(|value| match value {
            Value::Instance { class, .. } => {
                let info = &program.units.classes[*class];
                let home = program.open_frame(info.unit);
                info.fields.get(field).is_some_and(|fields| {
                    fields.iter().any(|(_, assignment)| {
                        assignment
                            .annotation
                            .as_ref()
                            .is_some_and(|annotation| is_no_text(annotation) || self.is_choice(annotation, home))
                    })
                })
            }
            _ => false,
        })
    }

    /// A name for a choice of literals, or an enumeration.
    fn is_choice(&self, annotation: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        program.values(annotation, frame).iter().any(|value| match value {
            Value::Data { expression, .. } => !std::ptr::eq(expression.0, annotation) && is_no_text(expression.0),
            Value::Library { path, .. } => path.ends_with("Literal[]"),
            Value::Class(class) => {
                program.units.classes[*class].class.bases.iter().any(|base| Program::written(base).ends_with("Enum"))
            }
            _ => false,
        })
    }

    /// Whether a marker or type holds a limit of text: `Field(max_length=4000)`, `constr(max_length=10)`.
    fn has_text_limit(&self, marker: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > 6 {
            return false;
        }
        let program = self.program();
        match &marker.kind {
            ExpressionKind::Index { object, index } => {
                let parts: Vec<&'m Expression> = match &index.kind {
                    ExpressionKind::List(parts) => parts.iter().collect(),
                    _ => vec![index],
                };
                // A limit of a list bounds its items, not their text.
                !is_list_type(object) && parts.into_iter().any(|part| self.has_text_limit(part, frame, depth + 1))
            }
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().any(|operand| self.has_text_limit(operand, frame, depth + 1))
            }
            _ => program.values(marker, frame).iter().any(|value| match value {
                Value::Library { sites, .. } => sites.iter().any(|site| self.limits_text(*site)),
                Value::Data { expression, frame } if !std::ptr::eq(expression.0, marker) => {
                    self.has_text_limit(expression.0, *frame, depth + 1)
                }
                _ => false,
            }),
        }
    }

    /// Whether a call in a schema limits the length of a text.
    fn limits_text(&self, site: Site) -> bool {
        let program = self.program();
        program.callee_paths(site).iter().any(|path| {
            program.facts_of(path, Kind::TextLimit).iter().any(|(_, fact)| match &fact.limit {
                Some(limit) => match program.argument_of(site, limit) {
                    Given::Present { expression, frame } => program.amount(expression, frame, None, &[]) != Amount::Off,
                    _ => false,
                },
                None => true,
            })
        })
    }

    /// Whether the schema made at a site limits the text at a path.
    fn schema_limits(&self, schema: Site, path: &[&str]) -> bool {
        let program = self.program();
        let mut site = schema;
        for (depth, field) in path.iter().enumerate() {
            let Given::Present { expression, frame } = program.argument(site, field) else { return false };
            let values = program.values(expression, frame);
            if values.iter().any(|value| value.sites().iter().any(|site| self.limits_text(*site))) {
                return true;
            }
            if depth > 6 {
                return false;
            }
            let Some(next) = values.iter().find_map(|value| value.sites().first().copied()) else { return false };
            site = next;
        }
        false
    }

    /// Whether a gate on the way measures the leaf and refuses: in front of the handler, on the trail, or before it.
    pub fn is_measured(&self, entry: usize, site: Site, leaf: &Leaf) -> bool {
        self.measured_on_the_way(entry, site).contains(&leaf.name)
    }

    fn measured_on_the_way(&self, index: usize, site: Site) -> Rc<BTreeSet<String>> {
        if let Some(found) = self.measured.borrow().get(&(index, site)) {
            return found.clone();
        }
        let program = self.program();
        let mut names = BTreeSet::new();
        let entry = &self.case.entries.entries[index];
        for link in entry.chains.first().into_iter().flatten() {
            if let Some(frame) = frame_of(program, &link.value) {
                for frame in &self.case.guards.reach(frame).frames {
                    self.measured_in(*frame, &mut names);
                }
            }
            if let Value::Library { path, sites } = &link.value
                && !self.case.guards.facts(path, sites.last().copied(), "T1-input").is_empty()
            {
                names.insert("*".into());
            }
        }
        for trail in self.case.reaches[index].trails(site) {
            for step in &trail {
                for gate in program.gates(*step) {
                    self.measured_by(&gate, &mut names);
                }
                for before in program.before(*step) {
                    for frame in program.runs(before.site, &self.case.entries.registrations) {
                        for gate in program.raising_gates(frame) {
                            self.measured_by(&gate, &mut names);
                        }
                    }
                }
            }
        }
        let names = Rc::new(names);
        self.measured.borrow_mut().insert((index, site), names.clone());
        names
    }

    fn measured_in(&self, frame: FrameId, names: &mut BTreeSet<String>) {
        let unit = self.program().unit_of_frame(frame);
        for gate in self.program().exits(unit, frame) {
            self.measured_by(&gate, names);
        }
    }

    fn measured_by(&self, gate: &Gate<'m>, names: &mut BTreeSet<String>) {
        names.extend(self.measured_names(gate.test, gate.frame));
    }

    /// The names whose length a test compares.
    fn measured_names(&self, test: &'m Expression, frame: FrameId) -> BTreeSet<String> {
        let program = self.program();
        let slice = program.slice(test, frame);
        let mut names = BTreeSet::new();
        let compares = slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "<" | ">" | "<=" | ">=")));
        if !compares {
            return names;
        }
        let mut measured: Vec<(&'m Expression, FrameId)> = Vec::new();
        for (part, frame) in &slice.parts {
            if let ExpressionKind::Member { object, name } = &part.kind
                && name == "length"
            {
                measured.push((object, *frame));
            }
        }
        for site in &slice.sites {
            let call = program.units.calls[site.call].call;
            let measures = program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Measure));
            if measures {
                measured.extend(call.arguments.iter().map(|argument| (&argument.value, site.frame)));
            }
            if let ExpressionKind::Member { object, name } = &call.callee.kind
                && matches!(name.as_str(), "len" | "count" | "chars")
            {
                measured.push((object, site.frame));
            }
        }
        for (expression, frame) in measured {
            let inner = program.slice(expression, frame);
            for (part, frame) in &inner.parts {
                match &part.kind {
                    ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                        names.insert(name.clone());
                    }
                    // A field by a name that is only known when it runs: all names that are configured.
                    ExpressionKind::Index { index, .. } => match &index.kind {
                        ExpressionKind::Literal(Literal::Text(key)) => {
                            names.insert(key.clone());
                        }
                        _ => names.extend(configured_keys(program, index, *frame)),
                    },
                    _ => {}
                }
            }
        }
        names
    }
}

/// The keys of the objects that flow into an index: `for (const [name, rule] of Object.entries(fields))`.
fn configured_keys<'m>(program: &Program<'m>, index: &'m Expression, frame: FrameId) -> Vec<String> {
    let slice = program.slice(index, frame);
    slice
        .parts
        .iter()
        .filter_map(|(part, _)| match &part.kind {
            ExpressionKind::Object(entries) => {
                Some(entries.iter().filter_map(|entry| entry.key.clone()).collect::<Vec<_>>())
            }
            ExpressionKind::List(items) => Some(
                items
                    .iter()
                    .filter_map(|item| match &item.kind {
                        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        })
        .flatten()
        .collect()
}

fn mentions(expression: &Expression, name: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Name(other) => other == name,
        ExpressionKind::Member { object, name: other } => other == name || mentions(object, name),
        ExpressionKind::Index { object, .. } | ExpressionKind::Slice { object, .. } => mentions(object, name),
        ExpressionKind::Call(call) => mentions(&call.callee, name),
        _ => false,
    }
}

/// A name of many messages.
fn is_list_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["messages", "history", "turns", "conversation", "chat_log", "transcript"].iter().any(|word| name.ends_with(word))
}

/// Methods by which the text of a request is taken.
fn is_text_method(name: &str) -> bool {
    matches!(
        name,
        "json"
            | "text"
            | "body"
            | "form"
            | "formData"
            | "get_json"
            | "query"
            | "data"
            | "strip"
            | "trim"
            | "get"
            | "toString"
            | "map"
            | "join"
            | "content"
            | "parse"
            | "args"
            | "replace"
            | "lower"
            | "toLowerCase"
            | "split"
            | "format"
            | "filter"
            | "at"
            | "value"
    )
}

fn is_list_type(expression: &Expression) -> bool {
    matches!(&expression.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "list" | "List" | "Sequence" | "Array" | "set" | "Set" | "tuple" | "Tuple" | "conlist"))
}

/// Types that hold no free text.
fn is_no_text(annotation: &Expression) -> bool {
    match &annotation.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            matches!(
                name.as_str(),
                "int"
                    | "float"
                    | "bool"
                    | "number"
                    | "boolean"
                    | "UUID"
                    | "UUID4"
                    | "date"
                    | "datetime"
                    | "Decimal"
                    | "i32"
                    | "i64"
                    | "u32"
                    | "u64"
                    | "usize"
                    | "f32"
                    | "f64"
                    | "BackgroundTasks"
            )
        }
        ExpressionKind::Index { object, index } => match &object.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "Literal" => true,
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }
                if name == "Optional" || name == "Annotated" =>
            {
                match &index.kind {
                    ExpressionKind::List(parts) => parts.first().is_some_and(is_no_text),
                    _ => is_no_text(index),
                }
            }
            _ => false,
        },
        ExpressionKind::Operator { operator, operands } if operator == "|" => {
            operands.iter().all(|operand| is_no_text(operand) || matches!(operand.kind, ExpressionKind::Literal(_)))
        }
        ExpressionKind::Literal(Literal::Text(_) | Literal::Null) => true,
        _ => false,
    }
}

/// `ALLOWED.has(x)`, `x in ALLOWED`, `x == "a"`.
fn picks_from_a_list(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "has" | "includes" | "contains"))
        }
        ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "in" | "=="),
        _ => false,
    }
}
