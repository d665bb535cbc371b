//! Numbers and lists that are kept somewhere: what stands behind an expression, and by what it is looked up.

mod injected;
mod operations;
mod starts;

use rustc_hash::FxHashSet;

use crate::link::units::{Access, Binding, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Language, Literal, StatementKind};
use crate::rules::catalogue::Kind;

use super::lifetimes::{is_made_anew, outlives_requests};
use super::operations::{Operation, operation, ran_before};
use super::subjects::Subject;
use super::writes::stays_in_process;

use injected::is_looked_up;
use operations::counts_rows;
pub(super) use operations::is_whole;
pub(super) use starts::starts_collection;
use starts::{is_kept, is_put_somewhere};

/// Where a quantity is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Store(Site, Operation),
    /// An attribute or variable of the process.
    Process,
    /// A field of something that comes from elsewhere: a row, a session.
    Row,
}

/// Something kept that a test looks at.
#[derive(Clone, Debug)]
pub struct Quantity<'m> {
    pub source: Source,
    pub subjects: Vec<Subject>,
    /// What it is looked up by.
    pub keys: Vec<(&'m Expression, FrameId)>,
    /// How many there are, rather than the number itself.
    pub is_length: bool,
    /// Only whether there is something: `if not row`.
    pub is_presence: bool,
    /// The test refuses when there is little rather than much: `if count == 0`, `if rows.length < 3`.
    pub refuses_little: bool,
    /// It is compared with the time of now.
    pub is_moment: bool,
    /// All that was found, and no number: `data` of `const { data } = await ..`.
    pub is_found: bool,
    /// The keys and places that were read on the way to it, the innermost last.
    pub parts: Vec<String>,
}

/// What is known on the way back from a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading<'m> {
    field: Option<String>,
    is_length: bool,
    /// The field is an attribute of an object of Python, where what is counted has a call or a name of its own.
    is_attribute: bool,
    /// The test is whether there is something.
    by_truth: bool,
    refuses_little: bool,
    /// Whether it is known what follows from the comparison: only then something is told by which side stands where.
    is_directed: bool,
    /// What is asked for goes by a name for all that was found.
    is_found: bool,
    /// The place within results that are read together.
    position: Option<usize>,
    keys: Vec<(&'m Expression, FrameId)>,
    /// The keys and places that were read until here.
    parts: Vec<String>,
    depth: usize,
}

const DEPTH: usize = 40;
const STEPS: usize = 4_000;

/// The quantities behind an expression: what a record writes to.
pub fn behind<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> Vec<Quantity<'m>> {
    let mut search = Search::new(program);
    search.read(expression, frame, Reading::default());
    search.found
}

/// Whether an operator compares numbers.
fn compares(operator: &str) -> bool {
    matches!(operator, "<" | ">" | "<=" | ">=")
}

/// Whether a name asks how many there are.
fn is_length(name: &str) -> bool {
    matches!(name, "length" | "len" | "size" | "count" | "rowCount")
}

/// Whether a name that elsewhere asks how many there are is that of a column where it is an attribute in Python.
fn is_plain_column(name: &str) -> bool {
    matches!(name, "count" | "total")
}

/// Methods whose arguments are what is looked up.
fn looks_up(name: &str) -> bool {
    matches!(
        name,
        "get"
            | "entry"
            | "setdefault"
            | "pop"
            | "has"
            | "contains"
            | "contains_key"
            | "get_mut"
            | "get_or_default"
            | "or_insert_with"
    )
}

/// The key or place that a part of something is taken from by.
fn name_of_part(access: &Access<'_>) -> Option<String> {
    match access {
        Access::Key(key) => Some((*key).to_owned()),
        Access::Position(place) | Access::Field { place, .. } => Some(place.to_string()),
        Access::Rest => None,
    }
}

/// An expression with what is asked of it: of one row several columns may be, and whether there is one at all.
type Asked = (usize, FrameId, [bool; 2], Option<String>);

/// The way back from expressions to what they read.
pub(super) struct Search<'p, 'm> {
    program: &'p Program<'m>,
    seen: FxHashSet<Asked>,
    pub(super) found: Vec<Quantity<'m>>,
    /// Whether what is read is compared with the time of now.
    pub(super) is_moment: bool,
}

impl<'p, 'm> Search<'p, 'm> {
    pub(super) fn new(program: &'p Program<'m>) -> Self {
        Search { program, seen: FxHashSet::default(), found: Vec::new(), is_moment: false }
    }

    /// Reads an operand of a comparison; `refuses_little` is none where it is not known what follows from it.
    pub(super) fn read_operand(
        &mut self,
        operand: &'m Expression,
        frame: FrameId,
        by_truth: bool,
        refuses_little: Option<bool>,
    ) {
        let is_directed = refuses_little.is_some();
        let refuses_little = refuses_little == Some(true);
        self.read(operand, frame, Reading { by_truth, is_directed, refuses_little, ..Reading::default() });
    }

    pub(super) fn read(&mut self, expression: &'m Expression, frame: FrameId, mut reading: Reading<'m>) {
        let asked = [reading.is_length, reading.by_truth];
        let key = (std::ptr::from_ref(expression) as usize, frame, asked, reading.field.clone());
        if reading.depth > DEPTH || self.seen.len() > STEPS || !self.seen.insert(key) {
            return;
        }
        reading.depth += 1;
        use ExpressionKind as E;
        match &expression.kind {
            E::Await(inner) | E::Spread(inner) => self.read(inner, frame, reading),
            E::Slice { object, .. } => self.read(object, frame, reading),
            E::Operator { operator, operands } => {
                for (place, operand) in operands.iter().enumerate() {
                    // `limit - used`: little is left where much is used. `used < limit` as an answer that is asked for
                    // by its truth is about what it compares: it is no where much is used.
                    let turns = match operator.as_str() {
                        "-" | ">" | ">=" => place == 1,
                        "<" | "<=" => place == 0,
                        "not" => true,
                        _ => false,
                    };
                    let by_truth = reading.by_truth && !compares(operator);
                    let refuses_little = reading.is_directed && reading.refuses_little != turns;
                    self.read(operand, frame, Reading { refuses_little, by_truth, ..reading.clone() });
                }
            }
            E::Conditional { then, otherwise, .. } => {
                self.read(then, frame, reading.clone());
                self.read(otherwise, frame, reading);
            }
            E::Assign(assignment) => {
                if let Some(value) = &assignment.value {
                    self.read(value, frame, reading);
                }
            }
            E::Comprehension { element, clauses } => {
                for clause in clauses {
                    self.read(&clause.over, frame, reading.clone());
                }
                self.read(element, frame, reading);
            }
            E::List(items) => {
                for item in items {
                    self.read(item, frame, reading.clone());
                }
            }
            E::Block(_) => {
                crate::link::flow::children(expression, &mut |child| self.read(child, frame, reading.clone()))
            }
            E::Name(name) => self.read_name(expression, name, frame, reading),
            E::Member { object, name } => self.read_member(expression, object, name, frame, reading),
            E::Index { object, index } => {
                match &index.kind {
                    E::Literal(Literal::Text(text)) => {
                        return self.read_field(expression, object, text, frame, reading);
                    }
                    E::Literal(Literal::Number(place)) => {
                        reading.position = Some(*place as usize);
                        reading.parts.push(place.to_string());
                    }
                    _ => reading.keys.push((index, frame)),
                }
                self.read(object, frame, reading);
            }
            E::Call(call) => self.read_call(call, frame, reading),
            _ => {}
        }
    }

    fn add(&mut self, source: Source, subjects: Vec<Subject>, reading: Reading<'m>) {
        let is_presence = reading.by_truth && reading.field.is_none() && !reading.is_length;
        let Reading { keys, is_length, refuses_little, is_found, parts, .. } = reading;
        let is_moment = self.is_moment && !is_length && !is_presence;
        self.found.push(Quantity {
            source,
            subjects,
            keys,
            is_length,
            is_presence,
            refuses_little,
            is_moment,
            is_found,
            parts,
        });
    }

    fn read_name(&mut self, expression: &'m Expression, name: &'m str, frame: FrameId, reading: Reading<'m>) {
        let program = self.program;
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = program.frame(id);
            let unit = &program.units.units[here.unit];
            let Some(bindings) = unit.names.get(name) else {
                at = here.closure;
                continue;
            };
            // `global used; used += 1`, `used = 0`: changed here, bound outside.
            let only_adds = bindings.iter().all(|binding| matches!(binding, Binding::Value { operator: Some(_), .. }));
            let is_outer = here.closure.is_some_and(|outer| only_adds || self.is_kept_outside(name, here.unit, outer));
            if is_outer {
                at = here.closure;
                continue;
            }
            let is_started =
                |binding: &Binding<'m>| matches!(binding, Binding::Value { value, .. } if is_kept(program, value, id));
            let may_last = unit.function.is_none() || id != frame;
            if may_last && bindings.iter().any(is_started) && outlives_requests(program, id) {
                self.add(Source::Process, vec![Subject::Field(name.to_owned())], reading);
                return;
            }
            for binding in bindings {
                match binding {
                    Binding::Value { value, access, .. } => {
                        let mut reading = reading.clone();
                        if let Some(Access::Key(key)) = access.last() {
                            reading.is_length |= is_length(key);
                            // `const { data, error } = await ..`: what was found, and no column of it.
                            let is_found = access.len() == 1 && is_whole(key);
                            reading.is_found |= is_found && reading.field.is_none();
                            reading.field = reading.field.or_else(|| (!is_found).then(|| (*key).to_owned()));
                        }
                        if let Some(Access::Position(place)) = access.first() {
                            reading.position = Some(*place);
                        }
                        reading.parts.extend(access.iter().rev().filter_map(name_of_part));
                        self.read(value, id, reading);
                    }
                    Binding::Element { over, .. } => self.read(over, id, reading.clone()),
                    Binding::Context(context) => self.read(context, id, reading.clone()),
                    Binding::Parameter { index, .. } => self.read_parameter(*index, id, reading.clone()),
                    Binding::Import(_) => {
                        let kept = program.named_values(name, id).iter().any(|value| matches!(value, Value::Data { expression, frame } if is_kept(program, expression.0, *frame)));
                        if kept {
                            self.add(Source::Process, vec![Subject::Field(name.to_owned())], reading.clone());
                        }
                    }
                    _ => {}
                }
            }
            return;
        }
        let _ = expression;
    }

    /// Whether a name that a unit assigns to, without declaring it, is something that its module keeps.
    fn is_kept_outside(&self, name: &str, unit: UnitId, outer: FrameId) -> bool {
        let program = self.program;
        let is_declared = program.units.units[unit].nodes.iter().any(|node| match program.units.nodes[*node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Assign(assignment) => {
                    assignment.declares && matches!(&assignment.target.kind, ExpressionKind::Name(own) if own == name)
                }
                _ => false,
            },
            _ => false,
        });
        let own = program.units.units[unit].names.get(name).into_iter().flatten();
        if is_declared
            || own.into_iter().any(|binding| !matches!(binding, Binding::Value { access, .. } if access.is_empty()))
        {
            return false;
        }
        let mut at = Some(outer);
        while let Some(id) = at {
            let here = program.frame(id);
            let info = &program.units.units[here.unit];
            if let Some(bindings) = info.names.get(name) {
                let is_kept = |binding: &Binding<'m>| matches!(binding, Binding::Value { value, .. } if is_kept(program, value, id));
                return bindings.iter().any(is_kept) && outlives_requests(program, id);
            }
            at = here.closure;
        }
        false
    }

    fn read_parameter(&mut self, index: usize, frame: FrameId, mut reading: Reading<'m>) {
        let program = self.program;
        let here = program.frame(frame);
        let Some(function) = program.units.units[here.unit].function else { return };
        let How::Call(site) = here.how else {
            if let Some(field) = reading.field.clone() {
                let home = here.closure.unwrap_or(frame);
                let parameter = function.parameters.get(index);
                if let Some(parameter) = parameter.filter(|each| is_looked_up(program, each, home, 0)) {
                    reading.keys.push((&parameter.target, frame));
                }
                self.add(Source::Row, vec![Subject::Field(field)], reading);
            }
            return;
        };
        if let Some(argument) = program.passed_expression(function, index, site) {
            self.read(argument, site.frame, reading);
        }
    }

    fn read_member(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        mut reading: Reading<'m>,
    ) {
        let program = self.program;
        let module = program.module_of(program.unit_of_frame(frame));
        let is_column = is_plain_column(name) && program.modules[module].language == Language::Python;
        if is_length(name) && !is_column {
            reading.is_length = true;
            return self.read(object, frame, reading);
        }
        reading.is_attribute |= is_column && reading.field.is_none();
        let properties = program.properties(expression, frame);
        if !properties.is_empty() {
            for (unit, inner) in properties {
                for value in &program.units.units[unit].returns {
                    self.read(value, inner, reading.clone());
                }
            }
            return;
        }
        let is_own = matches!(&object.kind, ExpressionKind::Name(root) if root == "self")
            || program.values(object, frame).iter().any(|value| matches!(value, Value::Instance { site: Some(_), .. }));
        if !is_own {
            return self.read_field(expression, object, name, frame, reading);
        }
        if is_made_anew(program, object, name, frame) {
            return;
        }
        if matches!(&object.kind, ExpressionKind::Name(root) if root == "self" || root == "this") {
            reading.keys.extend(self.kept_under(frame));
        }
        let values = program.values(expression, frame);
        // A number that starts somewhere and changes is kept, whatever is added to it.
        let starts = values.iter().any(|value| match value {
            Value::Data { expression: inner, .. } => {
                matches!(inner.0.kind, ExpressionKind::Literal(Literal::Number(_)))
            }
            _ => false,
        });
        if starts && values.len() > 1 {
            return self.add(Source::Process, vec![Subject::Field(name.to_owned())], reading);
        }
        // An attribute that was computed when the object was made is what it was computed from.
        let before = self.found.len();
        for value in values.iter() {
            match value {
                Value::Data { expression: inner, frame: home }
                    if !std::ptr::eq(inner.0, expression) && !is_kept(program, inner.0, *home) =>
                {
                    self.read(inner.0, *home, reading.clone());
                }
                Value::Library { path, sites } if path.ends_with("()") => {
                    if let Some(site) = sites.last()
                        && !starts_collection(program, program.units.calls[site.call].call, *site)
                    {
                        self.read_call(program.units.calls[site.call].call, site.frame, reading.clone());
                    }
                }
                _ => {}
            }
        }
        if self.found.len() == before {
            self.add(Source::Process, vec![Subject::Field(name.to_owned())], reading);
        }
    }

    /// What the object of a method is looked up by, where the process keeps one for each:
    /// `windows.setdefault(address, Window()).allow()`.
    fn kept_under(&self, frame: FrameId) -> Vec<(&'m Expression, FrameId)> {
        let program = self.program;
        let How::Call(site) = program.frame(frame).how else { return Vec::new() };
        let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else {
            return Vec::new();
        };
        let is_own = matches!(&object.kind, ExpressionKind::Name(root) if root == "self" || root == "this");
        if is_own {
            return self.kept_under(site.frame);
        }
        let values = program.values(object, site.frame);
        let mut made = values.iter().filter_map(|value| match value {
            Value::Instance { site: Some(made), .. } => Some(*made),
            _ => None,
        });
        // One that is made where none is kept, and put nowhere, is the one of nobody.
        let is_kept = made.clone().next().is_some() && made.all(|made| is_put_somewhere(program, made));
        if !is_kept {
            return Vec::new();
        }
        let mut keys = behind(program, object, site.frame);
        keys.retain(|quantity| match quantity.source {
            Source::Process => true,
            Source::Store(store, _) => stays_in_process(program, store),
            Source::Row => false,
        });
        keys.into_iter().flat_map(|quantity| quantity.keys).collect()
    }

    /// A field of a row or of an object that comes from elsewhere.
    fn read_field(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &str,
        frame: FrameId,
        mut reading: Reading<'m>,
    ) {
        let program = self.program;
        for value in program.values(expression, frame).iter() {
            // A module's variable, an exported counter.
            if let Value::Data { expression: inner, frame: home } = value
                && !std::ptr::eq(inner.0, expression)
            {
                let is_global = program.units.units[program.unit_of_frame(*home)].function.is_none();
                if is_global && is_kept(program, inner.0, *home) {
                    return self.add(Source::Process, vec![Subject::Field(name.to_owned())], reading);
                }
                self.read(inner.0, *home, reading.clone());
            }
        }
        let before = self.found.len();
        reading.parts.push(name.to_owned());
        reading.field = reading.field.or_else(|| Some(name.to_owned()));
        // `cursor.execute("UPDATE ..")`, then `cursor.rowcount`.
        if let ExpressionKind::Name(holder) = &object.kind
            && counts_rows(name)
            && let Some((told, _)) = ran_before(program, frame, expression.span, holder)
            && let Some(operation) = operation(program, told)
        {
            return self.read_operation(told, operation, reading);
        }
        let field = reading.field.clone().unwrap_or_default();
        self.read(object, frame, reading.clone());
        if self.found.len() == before {
            self.add(Source::Row, vec![Subject::Field(field)], reading);
        }
    }

    fn read_call(&mut self, call: &'m Call, frame: FrameId, reading: Reading<'m>) {
        let program = self.program;
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let paths = program.callee_paths(site);
        if paths.iter().any(|path| program.is_a(path, Kind::Clock) || program.is_a(path, Kind::Environment)) {
            return;
        }
        if let Some(operation) = operation(program, site) {
            return self.read_operation(site, operation, reading);
        }
        let mut own = false;
        for callee in &program.callees(&call.callee, frame) {
            let Value::Function { unit, closure, receiver } = callee else { continue };
            let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else { continue };
            own = true;
            let info = &program.units.units[*unit];
            for value in info.returns.iter().chain(&info.yields) {
                self.read(value, inner, reading.clone());
            }
        }
        if own {
            return;
        }
        let measures = paths.iter().any(|path| program.is_a(path, Kind::Measure));
        let reading = Reading { is_length: reading.is_length || measures, ..reading };
        let before = self.found.len();
        let looks_up = self.read_callee(call, frame, &reading);
        // What is chained to a query says which rows are meant: `.eq("id", id)`.
        let is_query = self.found.get(before..).into_iter().flatten().any(|quantity| match quantity.source {
            Source::Store(site, _) => program.units.calls[site.call].call.span.start == call.span.start,
            _ => false,
        });
        if !looks_up && !is_query {
            for argument in &call.arguments {
                self.read(&argument.value, frame, reading.clone());
            }
        }
    }

    /// What a method is called on; whether its arguments are only what is looked up.
    pub(super) fn read_callee(&mut self, call: &'m Call, frame: FrameId, reading: &Reading<'m>) -> bool {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return false };
        let mut reading = reading.clone();
        reading.is_length |= is_length(name) && call.arguments.is_empty();
        let is_look_up = looks_up(name);
        if is_look_up {
            reading.keys.extend(call.arguments.first().map(|argument| (&argument.value, frame)));
            // A look-up by a written name is a field.
            if let Some(ExpressionKind::Literal(Literal::Text(text))) =
                call.arguments.first().map(|argument| &argument.value.kind)
            {
                reading.parts.push(text.clone());
                reading.field = reading.field.or_else(|| Some(text.clone()));
            }
        }
        self.read(object, frame, reading);
        is_look_up
    }
}
