//! Which variables an expression reads, holds, or depends on.
//!
//! A name may be written where it is read, come from a list that a loop goes through, or be passed to a function that
//! reads it: then the calls on the way are kept, for they decide when the variable is read.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::link::arguments::Given;
use crate::link::entries::globs;
use crate::link::units::{Access, Binding, CallId, ClassId, ModuleId, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::super::availability::match_keys;

/// Steps from one expression to the next.
const DEPTH: usize = 16;
/// Callers of one function that are looked at.
const CALLERS: usize = 128;

/// A variable, and how its name came to the place that reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// The calls through which the name was passed, innermost first.
    pub via: Vec<CallId>,
    /// Where the name is written, or the call that is given it; none where only the value is seen.
    pub place: Option<(ModuleId, Span)>,
}

/// An expression that reads variables.
#[derive(Clone, Debug)]
pub struct ReadOf<'m> {
    pub names: Vec<Named>,
    /// Reading it raises when it is missing.
    pub raises: bool,
    pub default: Option<Default<'m>>,
}

/// What is given for the case that the variable is missing.
#[derive(Clone, Copy, Debug)]
pub enum Default<'m> {
    Given(&'m Expression, FrameId),
    /// Something that is not seen.
    Unseen,
}

/// Answers questions about variables in a program.
pub struct Variables<'p, 'm> {
    pub program: &'p Program<'m>,
    /// What the parts of decisions say, by expression and frame: many decisions share them.
    parts: RefCell<FxHashMap<(usize, FrameId), Rc<Part>>>,
    /// What flows into the results of functions that are handed over within decisions, by depth as well.
    handed: RefCell<FxHashMap<(usize, FrameId, usize), Rc<[Named]>>>,
}

/// What a part of a decision says about variables.
#[derive(Debug, Default)]
struct Part {
    named: Vec<Named>,
    /// It reads a variable.
    reads: bool,
    /// It is the environment itself.
    is_environment: bool,
}

type Seen = HashSet<(usize, FrameId)>;

impl<'p, 'm> Variables<'p, 'm> {
    pub fn new(program: &'p Program<'m>) -> Self {
        Variables { program, parts: RefCell::default(), handed: RefCell::default() }
    }

    /// What an expression reads itself.
    pub fn read_of(&self, expression: &'m Expression, frame: FrameId) -> Option<ReadOf<'m>> {
        let program = self.program;
        match &expression.kind {
            ExpressionKind::Member { name, .. } => {
                let values = program.values(expression, frame);
                let fact = values.iter().filter_map(Value::path).find_map(|path| {
                    let tail = path.rsplit('.').next()?;
                    (tail == name).then(|| self.fact(path, |fact| fact.variable.is_none()))?
                })?;
                if self.is_handed_over(fact, name) {
                    return None;
                }
                let named = self.written(name.clone(), expression, frame);
                Some(ReadOf { names: vec![named], raises: fact.raises == Some(true), default: None })
            }
            ExpressionKind::Index { object, index } => {
                let is_index = |fact: &Fact| fact.variable.as_deref() == Some("[]");
                let fact =
                    program.values(object, frame).iter().filter_map(Value::path).find_map(|path| {
                        self.fact(path, is_index).or_else(|| self.fact(&format!("{path}[]"), is_index))
                    })?;
                let names = self.names_of(index, frame);
                Some(ReadOf { names, raises: fact.raises == Some(true), default: None })
            }
            ExpressionKind::Call(call) => {
                let site = Site { call: program.units.call_id(call)?, frame };
                self.read_at(site)
            }
            _ => None,
        }
    }

    /// What a call reads.
    fn read_at(&self, site: Site) -> Option<ReadOf<'m>> {
        let program = self.program;
        program.callee_paths(site).iter().find_map(|path| {
            let fact = self.fact(path, |fact| fact.variable.as_deref().is_some_and(|path| path != "[]"))?;
            let Given::Present { expression, frame } = program.argument_of(site, fact.variable.as_deref()?) else {
                return None;
            };
            let default = fact.default.as_deref().and_then(|path| match program.argument_of(site, path) {
                Given::Present { expression, frame } => Some(Default::Given(expression, frame)),
                Given::Unresolved => Some(Default::Unseen),
                Given::Absent => None,
            });
            Some(ReadOf { names: self.names_of(expression, frame), raises: fact.raises == Some(true), default })
        })
    }

    fn fact(&self, path: &str, fits: impl Fn(&Fact) -> bool) -> Option<&'m Fact> {
        self.program.facts_of(path, Kind::Environment).into_iter().map(|(_, fact)| fact).find(|fact| fits(fact))
    }

    /// Whether the platform's settings name something that it hands over under this name: a store, a model.
    fn is_handed_over(&self, fact: &Fact, name: &str) -> bool {
        let Some(files) = globs(&fact.files).filter(|_| !fact.files.is_empty()) else { return false };
        let names_it = |entry: &Setting| {
            matches!(&entry.value, Literal::Text(text) if text == name)
                && fact.keys.iter().any(|keys| match_keys(&keys.split('.').collect::<Vec<_>>(), &entry.keys).is_some())
        };
        let mut settings = self.program.settings.iter().filter(|settings| files.is_match(&settings.path));
        settings.any(|settings| settings.entries.iter().any(names_it))
    }

    /// Whether an expression is the whole environment.
    pub fn is_environment(&self, expression: &'m Expression, frame: FrameId) -> bool {
        self.program.values(expression, frame).iter().filter_map(Value::path).any(|path| {
            self.fact(path, |fact| fact.variable.as_deref() == Some("[]")).is_some()
                || self.program.is_a(&format!("{path}[]"), Kind::Environment)
                || self.fact(&format!("{path}.ANY"), |fact| fact.variable.is_none()).is_some()
        })
    }

    fn written(&self, name: String, expression: &Expression, frame: FrameId) -> Named {
        let module = self.program.module_of(self.program.unit_of_frame(frame));
        Named { name, via: Vec::new(), place: Some((module, expression.span)) }
    }

    /// The texts that a name can be.
    pub fn names_of(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.texts(expression, frame, &mut HashSet::new(), &mut all, 0);
        all
    }

    fn texts(&self, expression: &'m Expression, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        if depth > DEPTH || !seen.insert((std::ptr::from_ref(expression) as usize, frame)) {
            return;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => all.push(self.written(text.clone(), expression, frame)),
            ExpressionKind::Name(name) => {
                for (binding, home) in self.bindings(name, frame, expression.span) {
                    match binding {
                        Binding::Value { value, access, .. } if access.is_empty() => {
                            self.texts(value, home, seen, all, depth + 1);
                        }
                        Binding::Element { over, access }
                            if matches!(access.as_slice(), [] | [Access::Position(0)]) =>
                        {
                            self.items(over, home, seen, all, depth + 1);
                        }
                        Binding::Parameter { index, access } if access.is_empty() => {
                            self.passed_texts(index, home, seen, all, depth + 1);
                        }
                        Binding::Import(_) => self.valued_texts(expression, frame, all),
                        _ => {}
                    }
                }
            }
            _ => self.valued_texts(expression, frame, all),
        }
    }

    fn valued_texts(&self, expression: &'m Expression, frame: FrameId, all: &mut Vec<Named>) {
        for value in self.program.values(expression, frame).iter() {
            if let Value::Data { expression: written, frame } = value
                && let ExpressionKind::Literal(Literal::Text(text)) = &written.0.kind
            {
                all.push(self.written(text.clone(), written.0, *frame));
            }
        }
    }

    /// What is passed for a parameter that holds a name.
    fn passed_texts(&self, index: usize, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        let passed = self.passed(index, frame);
        for (argument, site) in &passed {
            let mut found = Vec::new();
            self.texts(argument, site.frame, seen, &mut found, depth);
            let info = &self.program.units.calls[site.call];
            for mut named in found {
                let in_place = |(module, span): (ModuleId, Span)| module == info.module && argument.span.contains(span);
                if named.via.is_empty() && named.place.is_some_and(in_place) {
                    named.place = Some((info.module, info.call.span));
                }
                named.via.insert(0, site.call);
                all.push(named);
            }
        }
        if passed.is_empty() && index == 0 {
            // `REQUIRED.forEach((name) => ...)`: the items of what the function is given to.
            let unit = self.program.unit_of_frame(frame);
            if let Some((list, home)) = self.goes_through(unit) {
                self.items(list, home, seen, all, depth);
            }
        }
    }

    /// The arguments that calls pass for a parameter.
    fn passed(&self, index: usize, frame: FrameId) -> Vec<(&'m Expression, Site)> {
        let program = self.program;
        let here = program.frame(frame);
        let Some(function) = program.units.units[here.unit].function else { return Vec::new() };
        let sites: Vec<Site> = match here.how {
            How::Call(site) => vec![site],
            _ => program.callers_of(here.unit).iter().copied().take(CALLERS).collect(),
        };
        sites.into_iter().filter_map(|site| Some((program.passed_expression(function, index, site)?, site))).collect()
    }

    /// The list whose method is given a function without a name.
    fn goes_through(&self, unit: UnitId) -> Option<(&'m Expression, FrameId)> {
        let program = self.program;
        let function = program.units.units[unit].function?;
        let parent = program.units.units[unit].parent?;
        let call = program.units.units[parent].calls.iter().map(|call| program.units.calls[*call].call).find(|call| {
            call.arguments.iter().any(|argument| {
                matches!(&argument.value.kind, ExpressionKind::Function(given) if std::ptr::eq(given.as_ref(), function))
            })
        })?;
        let ExpressionKind::Member { object, .. } = &call.callee.kind else { return None };
        Some((object, program.open_frame(parent)))
    }

    /// The texts that a collection goes through: the items of a list, the keys of an object.
    fn items(&self, expression: &'m Expression, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match &expression.kind {
            ExpressionKind::List(items) => {
                for item in items {
                    match &item.kind {
                        ExpressionKind::Spread(inner) => self.items(inner, frame, seen, all, depth + 1),
                        // `[name, description]` pairs: the first is the name.
                        ExpressionKind::List(pair) => {
                            if let Some(first) = pair.first() {
                                self.texts(first, frame, seen, all, depth + 1);
                            }
                        }
                        _ => self.texts(item, frame, seen, all, depth + 1),
                    }
                }
            }
            ExpressionKind::Object(entries) => {
                for entry in entries {
                    match (&entry.key, &entry.value.kind) {
                        (Some(key), _) => all.push(self.written(key.clone(), &entry.value, frame)),
                        (None, ExpressionKind::Spread(inner)) => self.items(inner, frame, seen, all, depth + 1),
                        _ => {}
                    }
                }
            }
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().for_each(|operand| self.items(operand, frame, seen, all, depth + 1));
            }
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.first()) {
                // `Object.keys(required)`, `set(required)`.
                (_, Some(first)) => self.items(&first.value, frame, seen, all, depth + 1),
                // `required.items()`.
                (ExpressionKind::Member { object, .. }, None) => self.items(object, frame, seen, all, depth + 1),
                _ => {}
            },
            _ => {
                for value in self.program.values(expression, frame).iter() {
                    if let Value::Data { expression: written, frame } = value
                        && !std::ptr::eq(written.0, expression)
                    {
                        self.items(written.0, *frame, seen, all, depth + 1);
                    }
                }
            }
        }
    }

    /// The bindings of a name that a frame sees, with the frame that binds it.
    pub(super) fn bindings(&self, name: &str, frame: FrameId, written: Span) -> Vec<(Binding<'m>, FrameId)> {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.program.frame(id);
            if let Some(bindings) = self.program.units.units[here.unit].names.get(name) {
                // What a name is bound to where it stands is not there yet.
                let is_own = |binding: &&Binding<'m>| {
                    id == frame && matches!(binding, Binding::Value { value, .. } if value.span.contains(written))
                };
                let found: Vec<_> = bindings
                    .iter()
                    .filter(|binding| !is_own(binding))
                    .take(CALLERS)
                    .map(|binding| (binding.clone(), id))
                    .collect();
                if !found.is_empty() {
                    return found;
                }
            }
            at = here.closure;
        }
        Vec::new()
    }

    /// The variables whose value an expression may be, as it is or slightly changed.
    pub fn held(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.held_in(expression, frame, &mut HashSet::new(), &mut all, 0);
        all
    }

    fn held_in(&self, expression: &'m Expression, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        if depth > DEPTH || !seen.insert((std::ptr::from_ref(expression) as usize, frame)) {
            return;
        }
        if let Some(read) = self.read_of(expression, frame) {
            all.extend(read.names);
            return;
        }
        match &expression.kind {
            ExpressionKind::Name(name) => {
                for (binding, home) in self.bindings(name, frame, expression.span) {
                    self.held_by(expression, frame, &binding, home, seen, all, depth + 1);
                }
            }
            ExpressionKind::Member { object, name } => {
                self.held_by_values(expression, frame, seen, all, depth + 1);
                if let Given::Present { expression: inner, frame } = self.program.inside(object, frame, name, 0) {
                    self.held_in(inner, frame, seen, all, depth + 1);
                }
                for value in self.program.values(object, frame).iter() {
                    if let Value::Instance { class, site: None } = value {
                        self.held_by_makers(*class, name, seen, all, depth + 1);
                    }
                }
            }
            ExpressionKind::Call(call) => self.held_by_call(call, frame, seen, all, depth + 1),
            ExpressionKind::Operator { operator, operands }
                if matches!(operator.as_str(), "or" | "??" | "and" | "?" | "=") =>
            {
                operands.iter().for_each(|operand| self.held_in(operand, frame, seen, all, depth + 1));
            }
            ExpressionKind::Conditional { then, otherwise, .. } => {
                self.held_in(then, frame, seen, all, depth + 1);
                self.held_in(otherwise, frame, seen, all, depth + 1);
            }
            ExpressionKind::Await(inner) => self.held_in(inner, frame, seen, all, depth + 1),
            ExpressionKind::Assign(assignment) => {
                if let Some(value) = &assignment.value {
                    self.held_in(value, frame, seen, all, depth + 1);
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a walk with its state")]
    fn held_by(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        binding: &Binding<'m>,
        home: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        match binding {
            Binding::Value { value, access, .. } if access.is_empty() => self.held_in(value, home, seen, all, depth),
            Binding::Element { over, access } => match access.as_slice() {
                [] => self.held_items(over, home, seen, all, depth),
                // `for (const [name, value] of Object.entries(config))`.
                [Access::Position(1)] => self.held_items(over, home, seen, all, depth),
                _ => {}
            },
            Binding::Parameter { index, access } if access.is_empty() => {
                for (argument, site) in self.passed(*index, home) {
                    let mut found = Vec::new();
                    self.held_in(argument, site.frame, seen, &mut found, depth);
                    for mut named in found {
                        named.via.push(site.call);
                        all.push(named);
                    }
                }
            }
            Binding::Value { .. } | Binding::Import(_) => self.held_by_values(expression, frame, seen, all, depth),
            _ => {}
        }
    }

    /// A field of an object whose making is not seen here: what any making gives it.
    fn held_by_makers(&self, class: ClassId, name: &str, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        for site in self.program.constructions_of(class) {
            let mut arguments = self.program.units.calls[site.call].call.arguments.iter();
            if let Some(given) = arguments.find(|argument| argument.name.as_deref() == Some(name)) {
                self.held_in(&given.value, site.frame, seen, all, depth);
            }
        }
    }

    /// The variables among the values of a collection.
    fn held_items(&self, over: &'m Expression, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match &over.kind {
            ExpressionKind::List(items) => items.iter().for_each(|item| {
                let parts = match &item.kind {
                    ExpressionKind::List(pair) => pair.as_slice(),
                    _ => std::slice::from_ref(item),
                };
                parts.iter().for_each(|part| self.held_in(part, frame, seen, all, depth + 1));
            }),
            ExpressionKind::Object(entries) => {
                entries.iter().for_each(|entry| self.held_in(&entry.value, frame, seen, all, depth + 1));
            }
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.first()) {
                (_, Some(first)) => self.held_items(&first.value, frame, seen, all, depth + 1),
                (ExpressionKind::Member { object, .. }, None) => self.held_items(object, frame, seen, all, depth + 1),
                _ => {}
            },
            _ => {
                for value in self.program.values(over, frame).iter() {
                    if let Value::Data { expression, frame } = value
                        && !std::ptr::eq(expression.0, over)
                    {
                        self.held_items(expression.0, *frame, seen, all, depth + 1);
                    }
                }
            }
        }
    }

    fn held_by_values(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        for value in self.program.values(expression, frame).iter() {
            match value {
                Value::Data { expression: inner, frame } if !std::ptr::eq(inner.0, expression) => {
                    self.held_in(inner.0, *frame, seen, all, depth);
                }
                Value::Library { path, sites } => {
                    if let (true, Some(site)) = (path.ends_with("()"), sites.last()) {
                        all.extend(self.read_at(*site).into_iter().flat_map(|read| read.names));
                    } else if self.fact(path, |fact| fact.variable.is_none()).is_some()
                        && let Some(name) = path.rsplit('.').next()
                    {
                        all.push(Named { name: name.to_owned(), via: Vec::new(), place: None });
                    }
                }
                _ => {}
            }
        }
    }

    fn held_by_call(&self, call: &'m Call, frame: FrameId, seen: &mut Seen, all: &mut Vec<Named>, depth: usize) {
        let program = self.program;
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let mut own = false;
        for value in program.values(&call.callee, frame).iter() {
            if let Value::Function { unit, closure, receiver } = value
                && let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site))
            {
                own = true;
                for returned in &program.units.units[*unit].returns {
                    self.held_in(returned, inner, seen, all, depth);
                }
            }
        }
        if own {
            return;
        }
        match &call.callee.kind {
            ExpressionKind::Name(name) if converts(name) => {
                call.arguments
                    .iter()
                    .take(1)
                    .for_each(|argument| self.held_in(&argument.value, frame, seen, all, depth));
            }
            ExpressionKind::Member { object, name } if keeps(name) => self.held_in(object, frame, seen, all, depth),
            _ => {}
        }
    }

    /// The variables that flow into a decision, however far.
    pub fn deciding(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.deciding_in(expression, frame, &mut all, 0);
        all
    }

    fn part(&self, expression: &'m Expression, frame: FrameId) -> Rc<Part> {
        let key = (std::ptr::from_ref(expression) as usize, frame);
        if let Some(known) = self.parts.borrow().get(&key) {
            return known.clone();
        }
        let mut part = Part::default();
        if let Some(read) = self.read_of(expression, frame) {
            part.reads = true;
            part.named = read.names;
        } else if matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }) {
            self.held_by_values(expression, frame, &mut HashSet::new(), &mut part.named, DEPTH);
            part.is_environment = self.is_environment(expression, frame);
        }
        let part = Rc::new(part);
        self.parts.borrow_mut().insert(key, part.clone());
        part
    }

    fn handed(&self, returned: &'m Expression, frame: FrameId, depth: usize) -> Rc<[Named]> {
        let key = (std::ptr::from_ref(returned) as usize, frame, depth);
        if let Some(known) = self.handed.borrow().get(&key) {
            return known.clone();
        }
        let mut all = Vec::new();
        self.deciding_in(returned, frame, &mut all, depth);
        let all: Rc<[Named]> = all.into();
        self.handed.borrow_mut().insert(key, all.clone());
        all
    }

    fn deciding_in(&self, expression: &'m Expression, frame: FrameId, all: &mut Vec<Named>, depth: usize) {
        let program = self.program;
        let slice = program.slice(expression, frame);
        let mut reads: Vec<(ModuleId, Span)> = Vec::new();
        let mut bare = Vec::new();
        for (part, frame) in &slice.parts {
            let module = program.module_of(program.unit_of_frame(*frame));
            let said = self.part(part, *frame);
            all.extend(said.named.iter().cloned());
            if said.reads {
                reads.push((module, part.span));
                continue;
            }
            if said.is_environment {
                bare.push((module, part.span));
            }
            match &part.kind {
                ExpressionKind::Call(call) if depth < 3 => {
                    for argument in &call.arguments {
                        if let ExpressionKind::Function(function) = &argument.value.kind
                            && let Some(unit) = program.units.unit_of(function)
                            && let Some(inner) = program.enter(unit, *frame, None, How::Framework)
                        {
                            for returned in &program.units.units[unit].returns {
                                all.extend(self.handed(returned, inner, depth + 1).iter().cloned());
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        // `name not in os.environ`, `REQUIRED - set(os.environ)`: the names are all that is written.
        let is_bare =
            |(module, span): &(ModuleId, Span)| !reads.iter().any(|(of, read)| of == module && read.contains(*span));
        if bare.iter().any(is_bare) {
            for (part, frame) in &slice.parts {
                match &part.kind {
                    ExpressionKind::Literal(Literal::Text(text)) => all.push(self.written(text.clone(), part, *frame)),
                    ExpressionKind::Name(_) => self.texts(part, *frame, &mut HashSet::new(), all, 0),
                    _ => {}
                }
            }
        }
    }
}

/// Functions whose result is their argument in another form.
pub fn converts(name: &str) -> bool {
    matches!(
        name,
        "str" | "int" | "float" | "bool" | "String" | "Number" | "Boolean" | "parseInt" | "parseFloat" | "Some" | "Ok"
    )
}

/// Methods whose result is there when their receiver is.
pub fn keeps(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "strip"
            | "rstrip"
            | "lstrip"
            | "lower"
            | "upper"
            | "toLowerCase"
            | "toUpperCase"
            | "toString"
            | "to_string"
            | "to_owned"
            | "to_lowercase"
            | "into"
            | "clone"
            | "as_ref"
            | "as_deref"
            | "as_str"
            | "ok"
            | "filter"
            | "map"
            | "and_then"
            | "parse"
            | "context"
            | "with_context"
            | "wrap_err"
            | "map_err"
            | "ok_or"
            | "ok_or_else"
            | "expect"
            | "unwrap"
            | "replace"
            | "rstrip_matches"
    )
}

/// Whether a method is one of texts in TypeScript.
pub fn is_of_texts(method: &str) -> bool {
    matches!(
        method,
        "at" | "charAt"
            | "charCodeAt"
            | "codePointAt"
            | "concat"
            | "endsWith"
            | "includes"
            | "indexOf"
            | "lastIndexOf"
            | "localeCompare"
            | "match"
            | "matchAll"
            | "normalize"
            | "padEnd"
            | "padStart"
            | "repeat"
            | "replaceAll"
            | "search"
            | "slice"
            | "split"
            | "startsWith"
            | "substr"
            | "substring"
            | "toLocaleLowerCase"
            | "toLocaleUpperCase"
            | "toLowerCase"
            | "toString"
            | "toUpperCase"
            | "trim"
            | "trimEnd"
            | "trimStart"
            | "valueOf"
    )
}
