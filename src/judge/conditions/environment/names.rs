//! Which variables an expression reads, holds, or depends on.
//!
//! A name may be written where it is read, come from a list that a loop goes through, or be passed to a function that
//! reads it: then the calls on the way are kept, for they decide when the variable is read.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::link::arguments::Given;
use crate::link::units::{Access, Binding, CallId, ClassId, ModuleId, Reader, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::super::availability::match_keys;
use super::classes::settings_fields;
use super::unfilled::is_nothing;

/// Steps from one expression to the next.
pub(super) const DEPTH: usize = 16;
/// Modules that hand on what they import.
const IMPORTS: usize = 4;
/// Callers of one function that are looked at.
pub(super) const CALLERS: usize = 128;

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
    /// What is read is the environment of the process: names may be written in small letters there.
    pub of_process: bool,
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
    pub(super) parts: Memo<(usize, FrameId), Rc<Part>>,
    /// What flows into the results of functions that are handed over within decisions, by depth as well.
    pub(super) handed: Memo<(usize, FrameId, usize), Rc<[Named]>>,
    /// Fields of what schemas make of the environment that may be missing there: reading them reads the variable.
    open: OpenFields,
    /// The fields of settings classes that are nothing without their variable, with that.
    settings: OnceCell<Vec<(ClassId, &'m str, String)>>,
}

/// By the call that makes the environment: the fields that may be missing in it, with their variables.
pub type OpenFields = BTreeMap<CallId, BTreeMap<String, String>>;

/// What a part of a decision says about variables.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) named: Vec<Named>,
    /// It reads a variable.
    pub(super) reads: bool,
    /// It is the environment itself.
    pub(super) is_environment: bool,
}

pub(super) type Memo<K, V> = RefCell<FxHashMap<K, V>>;
pub(super) type Seen = HashSet<(usize, FrameId)>;

impl<'p, 'm> Variables<'p, 'm> {
    pub fn new(program: &'p Program<'m>) -> Self {
        Variables::with(program, OpenFields::new())
    }

    /// Variables that are also read as fields of what a schema makes.
    pub fn with(program: &'p Program<'m>, open: OpenFields) -> Self {
        Variables { program, parts: RefCell::default(), handed: RefCell::default(), open, settings: OnceCell::new() }
    }

    /// The fields of settings classes that are nothing without their variable.
    pub(super) fn open_settings(&self) -> &[(ClassId, &'m str, String)] {
        self.settings.get_or_init(|| {
            let all = settings_fields(self.program).into_iter();
            let open = all.filter(|(_, _, field, _)| field.value.as_ref().is_some_and(is_nothing));
            open.map(|(class, name, _, required)| (class, name, required.name)).collect()
        })
    }

    /// `env.KEY` of an `env` that a schema has made, and in which the key may be missing.
    fn open_field(&self, object: &'m Expression, name: &str, frame: FrameId) -> Option<&str> {
        if self.open.is_empty() {
            return None;
        }
        self.program.values(object, frame).iter().find_map(|value| {
            let is_whole = value.path().is_some_and(|path| path.ends_with("()") || path.ends_with("().data"));
            let made = value.sites().last().filter(|_| is_whole)?;
            self.open.get(&made.call)?.get(name).map(String::as_str)
        })
    }

    /// What an expression reads itself.
    pub fn read_of(&self, expression: &'m Expression, frame: FrameId) -> Option<ReadOf<'m>> {
        let program = self.program;
        match &expression.kind {
            ExpressionKind::Member { object, name } => {
                if let Some(variable) = self.open_field(object, name, frame) {
                    let named = self.written(variable.to_owned(), expression, frame);
                    return Some(ReadOf { names: vec![named], raises: false, default: None, of_process: false });
                }
                // A field of an object that the program makes of variables: they are read where it is made.
                if program.values(object, frame).iter().any(|value| self.has_own(value, name)) {
                    return None;
                }
                let values = program.values(expression, frame);
                let fact = values.iter().filter_map(Value::path).find_map(|path| {
                    let tail = path.rsplit('.').next()?;
                    (tail == name).then(|| self.fact(path, |fact| fact.variable.is_none()))?
                })?;
                if self.is_handed_over(fact, name) {
                    return None;
                }
                let named = self.written(name.clone(), expression, frame);
                let (raises, of_process) = (fact.raises == Some(true), is_of_process(fact));
                Some(ReadOf { names: vec![named], raises, default: None, of_process })
            }
            ExpressionKind::Index { object, index } => {
                let is_index = |fact: &Fact| fact.variable.as_deref() == Some("[]");
                let fact =
                    program.values(object, frame).iter().filter_map(Value::path).find_map(|path| {
                        self.fact(path, is_index).or_else(|| self.fact(&format!("{path}[]"), is_index))
                    })?;
                let mut names = self.names_of(index, frame);
                names.retain(|named| !self.is_handed_over(fact, &named.name));
                let (raises, of_process) = (fact.raises == Some(true), is_of_process(fact));
                Some(ReadOf { names, raises, default: None, of_process })
            }
            ExpressionKind::Call(call) => {
                let site = Site { call: program.units.call_id(call)?, frame };
                self.read_at(site)
            }
            _ => None,
        }
    }

    /// Whether the program itself gives something a value under a name: a key of an object, a field of a class, a name of
    /// a module.
    fn has_own(&self, value: &Value<'m>, name: &str) -> bool {
        let units = &self.program.units;
        match value {
            Value::Data { expression, .. } => matches!(expression.0.kind, ExpressionKind::Object(_)),
            Value::Instance { class, .. } | Value::Class(class) => {
                let fields = units.classes[*class].fields.get(name).into_iter().flatten();
                fields.into_iter().any(|(_, field)| field.value.is_some())
            }
            Value::Module(module) => {
                let bindings = units.units[units.bodies[*module]].names.get(name).into_iter().flatten();
                bindings.into_iter().any(|binding| matches!(binding, Binding::Value { .. }))
            }
            _ => false,
        }
    }

    /// What a call reads.
    pub(super) fn read_at(&self, site: Site) -> Option<ReadOf<'m>> {
        let program = self.program;
        program.callee_paths(site).iter().find_map(|path| {
            let fact = self.fact(path, |fact| fact.variable.as_deref().is_some_and(|path| path != "[]"))?;
            let Given::Present { expression, frame } = program.argument_of(site, fact.variable.as_deref()?) else {
                return None;
            };
            let default = fact.default.as_deref().and_then(|path| match program.argument_of(site, path) {
                // `config.get("KEY", { infer: true })`: a variable is text, so an object holds options.
                Given::Present { expression, .. } if matches!(expression.kind, ExpressionKind::Object(_)) => None,
                Given::Present { expression, frame } => Some(Default::Given(expression, frame)),
                Given::Unresolved => Some(Default::Unseen),
                Given::Absent => None,
            });
            let (raises, of_process) = (fact.raises == Some(true), is_of_process(fact));
            Some(ReadOf { names: self.names_of(expression, frame), raises, default, of_process })
        })
    }

    pub(super) fn fact(&self, path: &str, fits: impl Fn(&Fact) -> bool) -> Option<&'m Fact> {
        self.program.facts_of(path, Kind::Environment).into_iter().map(|(_, fact)| fact).find(|fact| fits(fact))
    }

    /// Whether the platform's settings name something that it hands over under this name: a store, a model.
    fn is_handed_over(&self, fact: &Fact, name: &str) -> bool {
        let Some(files) = fact.files.set().filter(|_| !fact.files.is_empty()) else { return false };
        let names_it = |entry: &Setting| {
            matches!(&entry.value, Literal::Text(text) if text == name)
                && fact.keys.iter().any(|keys| match_keys(&keys.split('.').collect::<Vec<_>>(), &entry.keys).is_some())
        };
        let mut settings = self.program.settings.iter().filter(|settings| files.is_match(&settings.path));
        settings.any(|settings| settings.entries.iter().any(names_it))
    }

    /// Whether an expression is the whole environment.
    pub fn is_environment(&self, expression: &'m Expression, frame: FrameId) -> bool {
        self.environment(expression, frame).is_some()
    }

    /// What is known of the environment that an expression is.
    pub(super) fn environment(&self, expression: &'m Expression, frame: FrameId) -> Option<&'m Fact> {
        self.program.values(expression, frame).iter().filter_map(Value::path).find_map(|path| {
            self.fact(path, |fact| fact.variable.as_deref() == Some("[]"))
                .or_else(|| self.fact(&format!("{path}[]"), |_| true))
                .or_else(|| self.fact(&format!("{path}.ANY"), |fact| fact.variable.is_none()))
        })
    }

    pub(super) fn written(&self, name: String, expression: &Expression, frame: FrameId) -> Named {
        let module = self.program.module_of(self.program.unit_of_frame(frame));
        Named { name, via: Vec::new(), place: Some((module, expression.span)) }
    }

    /// The texts that a name can be.
    pub fn names_of(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.texts(expression, frame, &mut HashSet::new(), &mut all, 0);
        all
    }

    pub(super) fn texts(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
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
    pub(super) fn passed(&self, index: usize, frame: FrameId) -> Vec<(&'m Expression, Site)> {
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

    /// What a name is bound to where it is defined, in whatever module.
    pub(super) fn defined(&self, name: &str, frame: FrameId, written: Span) -> Vec<(Binding<'m>, FrameId)> {
        let mut open = self.bindings(name, frame, written);
        let mut all = Vec::new();
        for _ in 0..IMPORTS {
            let (imports, own): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(binding, _)| matches!(binding, Binding::Import(_)));
            all.extend(own);
            open = imports.into_iter().flat_map(|(binding, home)| self.behind_import(&binding, home)).collect();
        }
        all
    }

    /// What the module binds to a name that is imported from it.
    fn behind_import(&self, binding: &Binding<'m>, frame: FrameId) -> Vec<(Binding<'m>, FrameId)> {
        let Binding::Import(Import { name: Some(name), source, .. }) = binding else { return Vec::new() };
        let program = self.program;
        let from = program.module_of(program.unit_of_frame(frame));
        let Some(module) = program.module_named(from, source) else { return Vec::new() };
        let export = program.units.exports[module].iter().find(|export| export.name == *name);
        let local = match export.and_then(|export| export.value.as_ref()).map(|value| &value.kind) {
            Some(ExpressionKind::Name(local)) => local,
            _ => name,
        };
        let body = program.units.bodies[module];
        let bound = program.units.units[body].names.get(local.as_str()).into_iter().flatten();
        bound.take(CALLERS).map(|binding| (binding.clone(), program.module_frame(module))).collect()
    }

    /// The bindings of a name that a frame sees, with the frame that binds it.
    pub(super) fn bindings(&self, name: &str, frame: FrameId, written: Span) -> Vec<(Binding<'m>, FrameId)> {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.program.frame(id);
            let units = &self.program.units;
            // In a comprehension a name may be another one than around it.
            let bindings = match id == frame {
                true => units.bindings_at(here.unit, name, written),
                false => units.units[here.unit].names.get(name).map(Vec::as_slice),
            };
            if let Some(bindings) = bindings {
                // What a name is bound to where it stands is not there yet.
                let is_own = |binding: &&Binding<'m>| {
                    id == frame && matches!(binding, Binding::Value { value, .. } if value.span.contains(written))
                };
                // Nor is what it is bound to behind that, or in another branch.
                let held = match id == frame {
                    true => self.program.units.reaching(here.unit, name, bindings, Reader::Own(written)),
                    false => Cow::Borrowed(bindings),
                };
                let found: Vec<_> = held
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
}

/// Whether a fact is about the environment of the process itself.
pub(super) fn is_of_process(fact: &Fact) -> bool {
    fact.role.as_deref() == Some("process")
}
