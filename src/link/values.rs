//! Where an expression comes from: library things by their canonical name, functions, classes, instances, data.

mod alike;
mod annotations;
mod assigned;
mod by_name;
mod callers;
mod exports;
mod frames;
mod held;
mod members;
mod names;
mod parameters;
mod renewed;
mod results;
mod set;
mod supers;

use std::collections::hash_map::Entry;
use std::rc::Rc;

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::units::*;
use super::{Program, STEPS};

pub(super) use frames::Frames;
pub use frames::{Frame, FrameId, How, Site};

/// An expression by identity.
#[derive(Clone, Copy, Debug)]
pub struct Written<'m>(pub &'m Expression);

impl PartialEq for Written<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Written<'_> {}
impl std::hash::Hash for Written<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (std::ptr::from_ref(self.0) as usize).hash(state);
    }
}

/// How something is written, and where.
pub(super) type Place<'m> = (&'m Expression, FrameId);

/// What an expression can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value<'m> {
    /// Something of a library, with the calls that made it, outermost last.
    Library {
        path: Rc<str>,
        sites: Rc<[Site]>,
    },
    Function {
        unit: UnitId,
        closure: FrameId,
        receiver: Option<Rc<Value<'m>>>,
    },
    Class(ClassId),
    Instance {
        class: ClassId,
        site: Option<Site>,
    },
    Module(ModuleId),
    Folder(Rc<str>),
    /// A literal, list, object, or something computed: to be looked into in its frame.
    Data {
        expression: Written<'m>,
        frame: FrameId,
    },
    /// A parameter that comes from outside.
    Parameter {
        unit: UnitId,
        index: usize,
        frame: FrameId,
    },
    Unknown,
}

impl Value<'_> {
    pub fn path(&self) -> Option<&str> {
        match self {
            Value::Library { path, .. } => Some(path),
            _ => None,
        }
    }

    pub fn sites(&self) -> &[Site] {
        match self {
            Value::Library { sites, .. } => sites,
            _ => &[],
        }
    }
}

/// More alternatives than this say nothing.
const ALTERNATIVES: usize = 16;
/// What can be called is more than a list of words: a program may choose among many providers.
const CALLABLES: usize = 64;
/// Evaluations within evaluations.
const EVALUATION_DEPTH: usize = 300;
/// A name longer than this has come out of a loop.
const PATH_LENGTH: usize = 240;
/// Calls that make one object.
const SITES: usize = 64;

pub type Values<'m> = Vec<Value<'m>>;

pub(super) fn add<'m>(all: &mut Values<'m>, more: impl IntoIterator<Item = Value<'m>>) {
    for value in more {
        let is_callable = matches!(value, Value::Instance { .. } | Value::Class(_) | Value::Function { .. });
        let limit = if is_callable { CALLABLES } else { ALTERNATIVES };
        if all.len() < limit && !all.contains(&value) {
            all.push(value);
        }
    }
}

/// The class on which a method of a class was called: one that derives from it, or itself.
fn class_called_on<'m>(receiver: &Value<'m>, class: ClassId) -> Value<'m> {
    match receiver {
        Value::Class(called) | Value::Instance { class: called, .. } => Value::Class(*called),
        _ => Value::Class(class),
    }
}

/// Whether an expression stands for itself, to be looked into where that is asked for.
fn is_data(expression: &Expression) -> bool {
    use ExpressionKind as E;
    matches!(expression.kind, E::Literal(_) | E::Template(_) | E::List(_) | E::Object(_) | E::Comprehension { .. })
}

impl<'m> Program<'m> {
    /// Where an expression comes from, in a frame. Empty: nothing (a function that returns nothing).
    pub fn values(&self, expression: &'m Expression, frame: FrameId) -> Rc<[Value<'m>]> {
        if is_data(expression) {
            return Rc::from([Value::Data { expression: Written(expression), frame }]);
        }
        let key = (std::ptr::from_ref(expression) as usize, frame);
        if self.depth.get() >= EVALUATION_DEPTH || self.steps.get() >= STEPS {
            self.cuts.set(self.cuts.get() + 1);
            let known = self.memo.borrow().get(&key).cloned().flatten();
            return known.unwrap_or_else(|| self.common.values(Vec::new()));
        }
        match self.memo.borrow_mut().entry(key) {
            Entry::Occupied(known) => {
                if known.get().is_none() {
                    self.cuts.set(self.cuts.get() + 1);
                }
                return known.get().clone().unwrap_or_else(|| self.common.values(Vec::new()));
            }
            Entry::Vacant(place) => place.insert(None),
        };
        self.steps.set(self.steps.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let mut found = self.evaluate(expression, frame);
        for value in &mut found {
            if matches!(value, Value::Library { path, sites } if path.len() > PATH_LENGTH || sites.len() > SITES) {
                *value = Value::Unknown;
            }
        }
        let found = self.common.values(found);
        self.depth.set(self.depth.get() - 1);
        self.memo.borrow_mut().insert(key, Some(found.clone()));
        found
    }

    fn evaluate(&self, expression: &'m Expression, frame: FrameId) -> Values<'m> {
        use ExpressionKind as E;
        let data = || vec![Value::Data { expression: Written(expression), frame }];
        match &expression.kind {
            E::Name(name) => self.name(name, frame, Some(expression.span)),
            E::Member { object, name } => match self.super_member(object, name, frame) {
                Some(found) => found,
                None => self.each(object, frame, |value| self.member(value, name, Some((object, frame)))),
            },
            E::Index { object, index } => {
                if let E::Literal(Literal::Text(name)) = &index.kind
                    && let Some((passed, frame)) = self.passed_under(object, name, frame)
                {
                    return self.values(passed, frame).to_vec();
                }
                let mapped = self.mapped(object, frame);
                match mapped.is_empty() {
                    true => self.each(object, frame, |value| self.index(expression, value, index, frame)),
                    false => mapped,
                }
            }
            E::Slice { object, .. } => self.values(object, frame).to_vec(),
            E::Call(call) => match self.taken_from_rest(call, frame) {
                Some((passed, frame)) => self.values(passed, frame).to_vec(),
                None => self.call_values(call, frame),
            },
            E::Await(inner) => self.awaited(inner, frame),
            E::Spread(inner) => self.values(inner, frame).to_vec(),
            E::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("or" | "and" | "??" | "?" | "=", _) => {
                    let mut all = Values::new();
                    for operand in operands {
                        add(&mut all, self.values(operand, frame).iter().cloned());
                    }
                    all
                }
                ("|", _) => self.composed(operands, frame).unwrap_or_else(data),
                _ => data(),
            },
            E::Conditional { test, then, otherwise } => {
                // Where the program is deployed only one of them is meant: `dev ? limited : plain`.
                if let Some(holds) = self.holds_where_it_runs(test, frame, 0) {
                    return self.values(if holds { then } else { otherwise }, frame).to_vec();
                }
                let mut all = self.values(then, frame).to_vec();
                add(&mut all, self.values(otherwise, frame).iter().cloned());
                all
            }
            E::Function(function) => match self.units.unit_of(function) {
                Some(unit) => vec![Value::Function { unit, closure: frame, receiver: None }],
                None => vec![Value::Unknown],
            },
            E::Assign(assignment) => {
                let mut all = Values::new();
                if assignment.operator.is_some() {
                    add(&mut all, self.values(&assignment.target, frame).iter().cloned());
                }
                if let Some(value) = &assignment.value {
                    add(&mut all, self.values(value, frame).iter().cloned());
                }
                all
            }
            E::Block(block) => match block.last().map(|statement| &statement.kind) {
                Some(StatementKind::Expression(value) | StatementKind::Return(Some(value))) => {
                    self.values(value, frame).to_vec()
                }
                Some(StatementKind::If { then, otherwise, .. }) => {
                    let mut all = Values::new();
                    for block in [then, otherwise] {
                        if let Some(StatementKind::Expression(value)) = block.last().map(|statement| &statement.kind) {
                            add(&mut all, self.values(value, frame).iter().cloned());
                        }
                    }
                    all
                }
                _ => data(),
            },
            E::Yield(_) | E::Unknown => vec![Value::Unknown],
            E::Literal(_) | E::Template(_) | E::List(_) | E::Object(_) | E::Comprehension { .. } => data(),
        }
    }

    /// What a library runs for us (`await retry(() => ask())`) gives what the function returns.
    fn awaited(&self, inner: &'m Expression, frame: FrameId) -> Values<'m> {
        let mut all = Values::new();
        let values = self.values(inner, frame);
        let runs_function = values.iter().any(|value| matches!(value, Value::Function { .. }));
        for value in values.iter() {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        add(&mut all, self.returned(*unit, frame));
                    }
                }
                // `await queue.add(() => ask())`: what the function answers, no longer what will run it.
                Value::Library { .. } if runs_function && self.is_untold(value) => {}
                other => add(&mut all, [other.clone()]),
            }
        }
        all
    }

    fn each(&self, object: &'m Expression, frame: FrameId, of: impl Fn(&Value<'m>) -> Values<'m>) -> Values<'m> {
        let mut all = Values::new();
        for value in self.values(object, frame).iter() {
            add(&mut all, of(value));
        }
        if all.is_empty() { vec![Value::Unknown] } else { all }
    }

    /// `prompt | model | parser`: runnable, with the settings of what it is made of.
    fn composed(&self, operands: &'m [Expression], frame: FrameId) -> Option<Values<'m>> {
        let composing = || self.catalogue.of_kind(Kind::Compose);
        let (_, whole) = composing().find(|(_, fact)| fact.names.iter().any(|name| name == "|"))?;
        let whole = whole.becomes.as_deref()?;
        let mut ways = vec![Vec::new()];
        // What only prepares or reads a text (a prompt, a parser) makes nothing that asks a model.
        let mut part = None;
        let (mut is_whole, mut is_open) = (false, false);
        let (mut unseen, mut cutting) = (None, None);
        for operand in operands {
            let values = self.values(operand, frame);
            is_open |= values.is_empty();
            let mut is_part = false;
            for value in values.iter() {
                let Value::Library { path, sites: more } = value else {
                    (is_part, is_open) = (true, true);
                    continue;
                };
                let facts = self.facts_of(path, Kind::Compose);
                let runnable = facts.first().and_then(|(_, fact)| fact.becomes.as_deref());
                let made = composing().find_map(|(_, fact)| fact.becomes.as_deref().filter(|made| **made == **path));
                let is_client = self.is_a(path.trim_end_matches("()"), Kind::Client);
                let Some(becomes) = made.or(runnable).or(is_client.then_some(whole)) else {
                    match self.is_a(path.trim_end_matches("()"), Kind::Trim) {
                        // `trimmer | model`: what goes through it is cut.
                        true => (is_part, cutting) = (true, Some(path.clone())),
                        false => is_open = true,
                    }
                    continue;
                };
                is_whole |= is_client || becomes == whole;
                is_part = true;
                part = part.or(Some(becomes));
                let is_made = |site: &Site| self.callee_paths(*site).iter().any(|path| self.is_a(path, Kind::Client));
                if is_client && !more.iter().any(is_made) {
                    unseen = unseen.or(Some(path.clone()));
                }
            }
            // Also inside of what is given: `passthrough | {"reply": prompt | model}`.
            if is_part {
                self.extend_each(&mut ways, operand, frame);
            }
        }
        let put_together = if is_whole || part.is_some() && is_open { Some(whole) } else { part };
        // Of a client that nobody sees being made its class is all that tells its settings.
        let path = unseen.or(put_together.map(Rc::from)).or(cutting)?;
        Some(ways.into_iter().map(|sites| Value::Library { path: path.clone(), sites: sites.into() }).collect())
    }

    fn through(&self, values: Values<'m>, access: &[Access<'m>]) -> Values<'m> {
        access.iter().fold(values, |values, step| {
            let mut next = Values::new();
            for value in &values {
                match step {
                    Access::Key(key) => add(&mut next, self.member(value, key, None)),
                    Access::Position(position) => add(&mut next, self.position(value, *position)),
                    Access::Field { class, place } => add(&mut next, self.field_at(value, class, *place)),
                    Access::Rest => add(&mut next, [value.clone()]),
                }
            }
            next
        })
    }

    /// What stands at a place in the order of the fields of a class, of which an object is.
    fn field_at(&self, value: &Value<'m>, class: &str, place: usize) -> Values<'m> {
        let Value::Instance { class: own, .. } = value else { return vec![Value::Unknown] };
        let line = self.line_of(*own);
        let named = line.into_iter().find(|each| self.units.classes[*each].class.name == class);
        match named.and_then(|named| self.units.classes[named].order.get(place)) {
            Some(field) => self.member(value, field, None),
            None => vec![Value::Unknown],
        }
    }

    fn position(&self, value: &Value<'m>, position: usize) -> Values<'m> {
        match value {
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::List(items) => match items.get(position) {
                    Some(item)
                        if !items
                            .iter()
                            .take(position + 1)
                            .any(|item| matches!(item.kind, ExpressionKind::Spread(_))) =>
                    {
                        self.values(item, *frame).to_vec()
                    }
                    _ => vec![Value::Unknown],
                },
                _ => vec![Value::Unknown],
            },
            Value::Library { path, sites } => match self.answered_at(value, position) {
                answered if answered.is_empty() => {
                    vec![Value::Library { path: format!("{path}[]").into(), sites: sites.clone() }]
                }
                answered => answered,
            },
            other => vec![other.clone()],
        }
    }

    /// The items of something that is iterated.
    pub fn elements(&self, value: &Value<'m>) -> Values<'m> {
        match value {
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::List(items) => {
                    let mut all = Values::new();
                    for item in items {
                        add(&mut all, self.values(item, *frame).iter().cloned());
                    }
                    all
                }
                ExpressionKind::Comprehension { element, .. } => self.values(element, *frame).to_vec(),
                ExpressionKind::Object(entries) => {
                    let mut all = Values::new();
                    for entry in entries {
                        add(&mut all, self.values(&entry.value, *frame).iter().cloned());
                    }
                    all
                }
                _ => vec![Value::Unknown],
            },
            Value::Library { path, sites } => {
                vec![Value::Library { path: format!("{path}[]").into(), sites: sites.clone() }]
            }
            other => vec![other.clone()],
        }
    }
}
