//! Where an expression comes from: library things by their canonical name, functions, classes, instances, data.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::arguments::Given;
use super::names::Target;
use super::passing::own_receiver;
use super::units::*;
use super::{Program, STEPS};

pub type FrameId = usize;

/// A call as it happens in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub call: CallId,
    pub frame: FrameId,
}

/// How a unit is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// By this call.
    Call(Site),
    /// By whoever calls it: parameters have the values of all known callers.
    Open,
    /// By a framework or library: parameters come from outside, or are injected.
    Framework,
    /// As a decorator, around the function of this number.
    Wraps(usize),
}

/// A unit together with what runs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame<'m> {
    pub unit: UnitId,
    pub how: How,
    pub receiver: Option<Rc<Value<'m>>>,
    /// The frame of the unit in which this one is defined.
    pub closure: Option<FrameId>,
    pub depth: usize,
}

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
/// Calls within calls that are followed.
const FRAME_DEPTH: usize = 40;
/// Frames of one unit that are kept apart.
const FRAMES_PER_UNIT: u32 = 64;
/// Frames of a program from which on units have fewer of their own; a service of a hundred files stays below.
const CROWDED: usize = 20_000;
const FRAMES_WHEN_CROWDED: u32 = 16;
/// Modules through which a name is handed on.
const EXPORT_DEPTH: usize = 24;
/// Evaluations within evaluations.
const EVALUATION_DEPTH: usize = 300;
/// A name longer than this has come out of a loop.
const PATH_LENGTH: usize = 240;
/// Calls that make one object.
const SITES: usize = 64;

pub type Values<'m> = Vec<Value<'m>>;

fn add<'m>(all: &mut Values<'m>, more: impl IntoIterator<Item = Value<'m>>) {
    for value in more {
        if all.len() >= ALTERNATIVES {
            return;
        }
        if !all.contains(&value) {
            all.push(value);
        }
    }
}

impl<'m> Program<'m> {
    pub fn frame(&self, id: FrameId) -> Frame<'m> {
        self.frames.borrow()[id].clone()
    }

    pub fn unit_of_frame(&self, id: FrameId) -> UnitId {
        self.frames.borrow()[id].unit
    }

    fn intern(&self, frame: Frame<'m>) -> FrameId {
        if let Some(id) = self.frame_ids.borrow().get(&frame) {
            return *id;
        }
        let id = self.frames.borrow().len();
        if let Some(count) = self.frames_of_unit.borrow_mut().get_mut(frame.unit) {
            *count += 1;
        }
        self.frames.borrow_mut().push(frame.clone());
        self.frame_ids.borrow_mut().insert(frame, id);
        id
    }

    /// The frame of a module's body.
    pub fn module_frame(&self, module: ModuleId) -> FrameId {
        self.intern(Frame {
            unit: self.units.bodies[module],
            how: How::Framework,
            receiver: None,
            closure: None,
            depth: 0,
        })
    }

    /// The frame of a unit of which nothing is known but where it is written.
    pub fn open_frame(&self, unit: UnitId) -> FrameId {
        let info = &self.units.units[unit];
        let Some(parent) = info.parent else { return self.module_frame(info.module) };
        let closure = Some(self.open_frame(parent));
        self.intern(Frame { unit, how: How::Open, receiver: None, closure, depth: 1 })
    }

    /// The frame in which a function value runs.
    pub fn enter(&self, unit: UnitId, closure: FrameId, receiver: Option<Rc<Value<'m>>>, how: How) -> Option<FrameId> {
        let depth = match how {
            How::Call(site) => self.frames.borrow()[site.frame].depth + 1,
            _ => 1,
        };
        if depth > FRAME_DEPTH || self.runs_already(unit, how) {
            return None;
        }
        let frame = Frame { unit, how, receiver, closure: Some(closure), depth };
        if let Some(id) = self.frame_ids.borrow().get(&frame) {
            return Some(*id);
        }
        // Every way to a unit has its own frame, and ways multiply: beyond some, they share one.
        let limit = if self.frames.borrow().len() < CROWDED { FRAMES_PER_UNIT } else { FRAMES_WHEN_CROWDED };
        if self.frames_of_unit.borrow().get(unit).is_some_and(|count| *count >= limit) {
            return Some(self.open_frame(unit));
        }
        Some(self.intern(frame))
    }

    /// Whether the unit is on the chain of callers twice already: recursion is followed once.
    fn runs_already(&self, unit: UnitId, how: How) -> bool {
        let frames = self.frames.borrow();
        let (mut how, mut times) = (how, 0);
        while let How::Call(site) = how {
            let frame = &frames[site.frame];
            times += usize::from(frame.unit == unit);
            if times > 1 {
                return true;
            }
            how = frame.how;
        }
        false
    }

    /// Where an expression comes from, in a frame. Empty: nothing (a function that returns nothing).
    pub fn values(&self, expression: &'m Expression, frame: FrameId) -> Rc<[Value<'m>]> {
        let key = (std::ptr::from_ref(expression) as usize, frame);
        if let Some(found) = self.memo.borrow().get(&key) {
            return found.clone();
        }
        if self.steps.get() >= STEPS || self.depth.get() >= EVALUATION_DEPTH || !self.active.borrow_mut().insert(key) {
            return Rc::from([]);
        }
        self.steps.set(self.steps.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let mut found = self.evaluate(expression, frame);
        for value in &mut found {
            if matches!(value, Value::Library { path, sites } if path.len() > PATH_LENGTH || sites.len() > SITES) {
                *value = Value::Unknown;
            }
        }
        let found: Rc<[Value<'m>]> = found.into();
        self.depth.set(self.depth.get() - 1);
        self.active.borrow_mut().remove(&key);
        self.memo.borrow_mut().insert(key, found.clone());
        found
    }

    fn evaluate(&self, expression: &'m Expression, frame: FrameId) -> Values<'m> {
        use ExpressionKind as E;
        let data = || vec![Value::Data { expression: Written(expression), frame }];
        match &expression.kind {
            E::Name(name) => self.name(name, frame, Some(expression.span)),
            E::Member { object, name } => self.each(object, frame, |value| self.member(value, name, Some(object))),
            E::Index { object, index } => self.each(object, frame, |value| self.index(expression, value, index, frame)),
            E::Slice { object, .. } => self.values(object, frame).to_vec(),
            E::Call(call) => self.call_values(call, frame),
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
            E::Conditional { then, otherwise, .. } => {
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
        for value in self.values(inner, frame).iter() {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        add(&mut all, self.returned(*unit, frame));
                    }
                }
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
        let mut sites = Vec::new();
        let mut becomes = None;
        for operand in operands {
            for value in self.values(operand, frame).iter() {
                let Value::Library { path, sites: more } = value else { continue };
                let facts = self.facts_of(path, Kind::Compose);
                let runnable = facts.first().and_then(|(_, fact)| fact.becomes.clone());
                let client = self.is_a(path.trim_end_matches("()"), Kind::Client);
                let made =
                    self.catalogue.of_kind(Kind::Compose).find(|(_, fact)| fact.becomes.as_deref() == Some(path));
                if client || made.is_some() || runnable.is_some() {
                    sites.extend_from_slice(more);
                }
                becomes = becomes.or(made.map(|_| path.to_string())).or(runnable);
                if client && becomes.is_none() {
                    let any = self
                        .catalogue
                        .of_kind(Kind::Compose)
                        .find(|(_, fact)| fact.names.iter().any(|name| name == "|"));
                    becomes = any.and_then(|(_, fact)| fact.becomes.clone());
                }
            }
        }
        Some(vec![Value::Library { path: Rc::from(becomes?.as_str()), sites: sites.into() }])
    }

    /// What a name is in a frame. `written` is where it stands: what it is bound to there is not there yet.
    fn name(&self, name: &'m str, frame: FrameId, written: Option<Span>) -> Values<'m> {
        let mut written = written;
        let mut at = Some(frame);
        while let Some(id) = at {
            let (unit, closure) = {
                let frames = self.frames.borrow();
                (&self.units.units[frames[id].unit], frames[id].closure)
            };
            if matches!(name, "self" | "Self" | "cls" | "super")
                && let Some(class) = unit.class
            {
                return vec![match (name, self.frame(id).receiver) {
                    ("self" | "super", Some(receiver)) => (*receiver).clone(),
                    ("self" | "super", None) => Value::Instance { class, site: None },
                    _ => Value::Class(class),
                }];
            }
            if let Some(bindings) = unit.names.get(name) {
                // `let config = config::load()`: the name inside is the one outside.
                let is_own = |binding: &Binding<'m>| match (binding, written) {
                    (Binding::Value { value, .. }, Some(written)) => value.span.contains(written),
                    _ => false,
                };
                match bindings.iter().position(is_own) {
                    None => return self.bindings(bindings, id),
                    Some(_) => {
                        let others: Vec<Binding<'m>> =
                            bindings.iter().filter(|binding| !is_own(binding)).cloned().collect();
                        if !others.is_empty() {
                            return self.bindings(&others, id);
                        }
                    }
                }
            }
            written = None;
            if let Some(found) = self.imported_macro(unit, name, id) {
                return found;
            }
            at = closure;
        }
        self.outer_name(name, frame)
    }

    /// A macro is imported by its name and called with a `!` behind it.
    fn imported_macro(&self, unit: &Unit<'m>, name: &str, frame: FrameId) -> Option<Values<'m>> {
        let bindings = unit.names.get(name.strip_suffix('!')?)?;
        let import = bindings.iter().find_map(|binding| match binding {
            Binding::Import(import) => Some(*import),
            _ => None,
        })?;
        self.imported(import, self.module_of(self.unit_of_frame(frame)), 0).into_iter().find_map(|value| match value {
            Value::Library { path, sites } => Some(vec![Value::Library { path: format!("{path}!").into(), sites }]),
            _ => None,
        })
    }

    /// The values of a name in a frame.
    pub fn named_values(&self, name: &'m str, frame: FrameId) -> Values<'m> {
        self.name(name, frame, None)
    }

    /// A name that no scope binds: star imports, then what every program has.
    fn outer_name(&self, name: &'m str, frame: FrameId) -> Values<'m> {
        let module = self.module_of(self.unit_of_frame(frame));
        let body = &self.units.units[self.units.bodies[module]];
        for binding in body.names.get("*").into_iter().flatten() {
            let Binding::Import(import) = binding else { continue };
            if let Target::Module(target) = self.resolve_import(module, &import.source)
                && let Some(found) = self.exported(target, name, 0)
            {
                return found;
            }
        }
        let path = match self.modules[module].language {
            Language::Python => format!("builtins.{name}"),
            Language::TypeScript => format!("globals.{name}"),
            Language::Rust => match self.resolve_import(module, name) {
                Target::Module(target) => return vec![Value::Module(target)],
                _ if name.ends_with('!') || self.is_prelude(name) => format!("std.{name}"),
                _ => self.catalogue.canonical(Language::Rust, name),
            },
        };
        vec![Value::Library { path: Rc::from(path), sites: Rc::from([]) }]
    }

    /// Rust names without an import that start a path are crates; the prelude's are not.
    fn is_prelude(&self, name: &str) -> bool {
        name.starts_with(|character: char| character.is_ascii_uppercase())
    }

    fn bindings(&self, bindings: &[Binding<'m>], frame: FrameId) -> Values<'m> {
        let mut all = Values::new();
        for binding in bindings.iter().take(ALTERNATIVES) {
            add(&mut all, self.binding(binding, frame));
        }
        // `client = None` before the real value says nothing.
        if all.len() > 1 {
            let is_null = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)));
            all.retain(|value| !is_null(value));
        }
        all
    }

    fn binding(&self, binding: &Binding<'m>, frame: FrameId) -> Values<'m> {
        match binding {
            Binding::Value { value, access, annotation, .. } => {
                let found = self.through(self.values(value, frame).to_vec(), access);
                let opaque = found.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
                match annotation {
                    Some(annotation) if opaque => {
                        let declared = self.annotation(annotation, frame);
                        if declared.is_empty() { found } else { declared }
                    }
                    _ => found,
                }
            }
            Binding::Declared(annotation) => self.annotation(annotation, frame),
            Binding::Parameter { index, access } => self.through(self.parameter(*index, frame), access),
            Binding::Element { over, access } => {
                let mut elements = Values::new();
                for value in self.values(over, frame).iter() {
                    add(&mut elements, self.elements(value));
                }
                self.through(elements, access)
            }
            Binding::Context(context) => self.values(context, frame).to_vec(),
            Binding::Function(unit) => self.decorated(*unit, frame, None),
            Binding::Class(class) => vec![Value::Class(*class)],
            Binding::Import(import) => self.imported(import, self.module_of(self.unit_of_frame(frame)), 0),
            Binding::Caught => vec![Value::Unknown],
        }
    }

    fn through(&self, values: Values<'m>, access: &[Access<'m>]) -> Values<'m> {
        access.iter().fold(values, |values, step| {
            let mut next = Values::new();
            for value in &values {
                match step {
                    Access::Key(key) => add(&mut next, self.member(value, key, None)),
                    Access::Position(position) => add(&mut next, self.position(value, *position)),
                    Access::Rest => add(&mut next, [value.clone()]),
                }
            }
            next
        })
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
            Value::Library { path, sites } => {
                vec![Value::Library { path: format!("{path}[]").into(), sites: sites.clone() }]
            }
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

    pub(super) fn resolve_import(&self, from: ModuleId, source: &str) -> Target {
        if let Some(found) = self.import_memo.borrow().get(&from).and_then(|known| known.get(source)) {
            return found.clone();
        }
        let module = &self.modules[from];
        let found = match self.names.resolve(&module.path, module.language, source) {
            Target::Library(path) => Target::Library(self.catalogue.canonical(module.language, &path)),
            target => target,
        };
        self.import_memo.borrow_mut().entry(from).or_default().insert(source.to_owned(), found.clone());
        found
    }

    /// What an import binds.
    fn imported(&self, import: &'m Import, from: ModuleId, depth: usize) -> Values<'m> {
        let module = &self.modules[from];
        let target = self.resolve_import(from, &import.source);
        let library = |path: String| vec![Value::Library { path: Rc::from(path), sites: Rc::from([]) }];
        match (&target, import.name.as_deref()) {
            (Target::Module(target), None) => {
                // `import a.b` binds `a`.
                let head = import.source.split('.').next().unwrap_or("");
                if module.language == Language::Python && import.local == head && import.source.contains('.') {
                    return match self.resolve_import(from, head) {
                        Target::Module(head) => vec![Value::Module(head)],
                        Target::Folder(folder) => vec![Value::Folder(folder.into())],
                        Target::Library(path) => library(path),
                    };
                }
                vec![Value::Module(*target)]
            }
            (Target::Module(target), Some(name)) => {
                self.exported(*target, name, depth).unwrap_or_else(|| vec![Value::Unknown])
            }
            (Target::Folder(folder), None) => vec![Value::Folder(Rc::from(folder.as_str()))],
            (Target::Folder(folder), Some(name)) => match self.names.in_folder(folder, name) {
                Some(Target::Module(module)) => vec![Value::Module(module)],
                Some(Target::Folder(folder)) => vec![Value::Folder(folder.into())],
                _ => vec![Value::Unknown],
            },
            (Target::Library(path), None) => {
                let head = import.source.split('.').next().unwrap_or("");
                if module.language == Language::Python && import.local == head {
                    return library(self.catalogue.canonical(module.language, head));
                }
                library(path.clone())
            }
            (Target::Library(path), Some(name)) => self.library_import(from, path, name),
        }
    }

    /// `use a::b::C` where `a::b` is a module of ours and `C` is not found there by file: try a shorter module path.
    fn library_import(&self, from: ModuleId, path: &str, name: &str) -> Values<'m> {
        if self.modules[from].language == Language::Rust {
            let mut parts: Vec<&str> = path.split('.').collect();
            let mut tail = vec![name.to_owned()];
            while let Some(last) = parts.pop() {
                if let Target::Module(target) = self.resolve_import(from, &parts.join("::")) {
                    tail.push(last.to_owned());
                    let mut values = vec![Value::Module(target)];
                    for name in tail.iter().rev() {
                        values = values.iter().flat_map(|value| self.member_owned(value, name)).collect();
                    }
                    return values;
                }
                tail.push(last.to_owned());
                if parts.is_empty() {
                    break;
                }
            }
        }
        vec![Value::Library { path: format!("{path}.{name}").into(), sites: Rc::from([]) }]
    }

    /// What a module offers under a name; none: nothing of that name. Modules that import each other's everything are
    /// asked once.
    pub fn exported(&self, module: ModuleId, name: &str, depth: usize) -> Option<Values<'m>> {
        let key = (module, Rc::from(name));
        if let Some(found) = self.export_memo.borrow().get(&key) {
            return found.as_ref().map(|values| values.to_vec());
        }
        if depth > EXPORT_DEPTH {
            return None;
        }
        self.export_memo.borrow_mut().insert(key.clone(), None);
        let found = self.offered(module, name, depth);
        self.export_memo.borrow_mut().insert(key, found.as_deref().map(Rc::from));
        found
    }

    fn offered(&self, module: ModuleId, name: &str, depth: usize) -> Option<Values<'m>> {
        let info = &self.modules[module];
        let frame = self.module_frame(module);
        let body = &self.units.units[self.units.bodies[module]];
        if info.language == Language::TypeScript {
            return self.exported_typescript(module, name, frame, depth);
        }
        // `from package import module` in the package itself brings the module in: the file, not the name again.
        let is_own = |binding: &&Binding<'m>| match binding {
            Binding::Import(import) => {
                import.name.as_deref() == Some(name)
                    && matches!(self.resolve_import(module, &import.source), Target::Module(source) if source == module)
            }
            _ => false,
        };
        if let Some(bindings) = body.names.get(name)
            && !bindings.iter().all(|binding| is_own(&binding))
        {
            let mut all = Values::new();
            for binding in bindings {
                match binding {
                    binding if is_own(&binding) => {}
                    Binding::Import(import) => add(&mut all, self.imported(import, module, depth + 1)),
                    binding => add(&mut all, self.binding(binding, frame)),
                }
            }
            return Some(all);
        }
        let submodule = match info.language {
            Language::Python if info.path.ends_with("__init__.py") => {
                self.names.in_folder(super::names::folder_of(&info.path), name)
            }
            Language::Rust => Some(self.resolve_import(module, &format!("self::{name}"))),
            _ => None,
        };
        match submodule {
            Some(Target::Module(module)) => return Some(vec![Value::Module(module)]),
            Some(Target::Folder(folder)) => return Some(vec![Value::Folder(folder.into())]),
            _ => {}
        }
        for binding in body.names.get("*").into_iter().flatten() {
            let Binding::Import(import) = binding else { continue };
            if let Target::Module(target) = self.resolve_import(module, &import.source)
                && target != module
                && let Some(found) = self.exported(target, name, depth + 1)
            {
                return Some(found);
            }
        }
        None
    }

    fn exported_typescript(&self, module: ModuleId, name: &str, frame: FrameId, depth: usize) -> Option<Values<'m>> {
        let exports = &self.units.exports[module];
        for export in exports.iter().filter(|export| export.name == name) {
            let Some(value) = &export.value else { continue };
            if let Some(source) = &export.source {
                let ExpressionKind::Name(original) = &value.kind else { continue };
                return Some(match self.resolve_import(module, source) {
                    Target::Module(target) => self.exported(target, original, depth + 1)?,
                    Target::Library(path) => {
                        vec![Value::Library { path: format!("{path}.{original}").into(), sites: Rc::from([]) }]
                    }
                    Target::Folder(_) => return None,
                });
            }
            return Some(self.values(value, frame).to_vec());
        }
        // `export * as name from 'm'` has no value; `module.exports = {...}` has the name as a key.
        for export in exports.iter().filter(|export| export.name == "=") {
            let Some(value) = &export.value else { continue };
            if name == "default" {
                return Some(self.values(value, frame).to_vec());
            }
            let found: Values =
                self.values(value, frame).iter().flat_map(|value| self.member_owned(value, name)).collect();
            if !found.iter().all(|value| *value == Value::Unknown) {
                return Some(found);
            }
        }
        for export in exports.iter() {
            let Some(source) = &export.source else { continue };
            if export.name == "*" {
                match self.resolve_import(module, source) {
                    Target::Module(target) if target != module => {
                        if let Some(found) = self.exported(target, name, depth + 1) {
                            return Some(found);
                        }
                    }
                    _ => {}
                }
            } else if export.name == name && export.value.is_none() {
                return Some(match self.resolve_import(module, source) {
                    Target::Module(target) => vec![Value::Module(target)],
                    Target::Library(path) => vec![Value::Library { path: path.into(), sites: Rc::from([]) }],
                    Target::Folder(_) => return None,
                });
            }
        }
        None
    }

    fn member_owned(&self, value: &Value<'m>, name: &str) -> Values<'m> {
        self.member(value, name, None)
    }

    /// A member of a value. `object` is how the value was written, to find assignments to the same member elsewhere.
    pub fn member(&self, value: &Value<'m>, name: &str, object: Option<&'m Expression>) -> Values<'m> {
        let unknown = || vec![Value::Unknown];
        match value {
            Value::Library { path, sites } => {
                let assigned = self.assigned_member(object, name);
                if !assigned.is_empty() && self.facts(&format!("{path}.{name}")).is_empty() {
                    return assigned;
                }
                vec![Value::Library { path: format!("{path}.{name}").into(), sites: sites.clone() }]
            }
            Value::Module(module) => match self.exported(*module, name, 0) {
                Some(found) => found,
                None if self.modules[*module].language == Language::TypeScript && name == "default" => {
                    vec![value.clone()]
                }
                None => unknown(),
            },
            Value::Folder(folder) => match self.names.in_folder(folder, name) {
                Some(Target::Module(module)) => vec![Value::Module(module)],
                Some(Target::Folder(folder)) => vec![Value::Folder(folder.into())],
                _ => unknown(),
            },
            Value::Class(class) => self.class_member(*class, name, value, 0),
            Value::Instance { class, .. } => self.class_member(*class, name, value, 0),
            Value::Data { expression, frame } => self.data_member(expression.0, *frame, name, object),
            // `handler.bind(x)`, `task.delay`: still that function, however it is called.
            Value::Function { .. } if matches!(name, "bind" | "call" | "apply") => vec![value.clone()],
            Value::Function { unit, .. } => {
                let assigned = self.assigned_member(object, name);
                if !assigned.is_empty() {
                    return assigned;
                }
                vec![Value::Library { path: format!("function.{name}").into(), sites: Rc::from([]) }]
                    .into_iter()
                    .chain(self.decorator_member(*unit, name))
                    .collect()
            }
            Value::Parameter { .. } | Value::Unknown => {
                let assigned = self.assigned_member(object, name);
                if assigned.is_empty() { vec![value.clone()] } else { assigned }
            }
        }
    }

    /// A member of a decorated function is a member of what the decorator made: `task.delay`.
    fn decorator_member(&self, unit: UnitId, name: &str) -> Values<'m> {
        let Some(function) = self.units.units[unit].function else { return Values::new() };
        let Some(parent) = self.units.units[unit].parent else { return Values::new() };
        let frame = self.open_frame(parent);
        let mut all = Values::new();
        for decorator in &function.decorators {
            for value in self.values(decorator, frame).iter() {
                if let Value::Library { path, sites } = value {
                    let path = format!("{}().{name}", path.trim_end_matches("()"));
                    add(&mut all, [Value::Library { path: path.into(), sites: sites.clone() }]);
                }
            }
        }
        all
    }

    /// `app.state.redis = ...` is read back as `request.app.state.redis`: by the last two names.
    fn assigned_member(&self, object: Option<&'m Expression>, name: &str) -> Values<'m> {
        let holder = match object.map(|object| &object.kind) {
            Some(ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) => name.as_str(),
            _ => return Values::new(),
        };
        let mut all = Values::new();
        for (unit, value) in self.units.member_assignments.get(&(holder, name)).into_iter().flatten().take(ALTERNATIVES)
        {
            add(&mut all, self.values(value, self.open_frame(*unit)).iter().cloned());
        }
        all.retain(|value| *value != Value::Unknown);
        all
    }

    fn data_member(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        name: &str,
        object: Option<&'m Expression>,
    ) -> Values<'m> {
        let mut all = match &expression.kind {
            ExpressionKind::Object(entries) => self.entry(expression, entries, frame, name).to_vec(),
            _ => Values::new(),
        };
        if all.is_empty() {
            add(&mut all, self.assigned_member(object, name));
        }
        if all.is_empty() { vec![Value::Unknown] } else { all }
    }

    /// The values under a key of an object; empty: it has no such key. An object that is spread into itself ends here.
    fn entry(&self, object: &'m Expression, entries: &'m [Entry], frame: FrameId, name: &str) -> Rc<[Value<'m>]> {
        let key = (std::ptr::from_ref(object) as usize, frame, Rc::from(name));
        if let Some(found) = self.entry_memo.borrow().get(&key) {
            return found.clone();
        }
        let nothing: Rc<[Value<'m>]> = Rc::from([]);
        self.entry_memo.borrow_mut().insert(key.clone(), nothing);
        let mut all = Values::new();
        // Later entries win; a spread may hold the key as well.
        for entry in entries.iter().rev() {
            match (&entry.key, &entry.value.kind) {
                (Some(key), _) if key == name => {
                    add(&mut all, self.values(&entry.value, frame).iter().cloned());
                    break;
                }
                (None, ExpressionKind::Spread(inner)) => {
                    for value in self.values(inner, frame).iter() {
                        add(
                            &mut all,
                            self.member(value, name, None).into_iter().filter(|value| *value != Value::Unknown),
                        );
                    }
                }
                _ => {}
            }
        }
        let found: Rc<[Value<'m>]> = all.into();
        self.entry_memo.borrow_mut().insert(key, found.clone());
        found
    }

    fn class_member(&self, class: ClassId, name: &str, receiver: &Value<'m>, depth: usize) -> Values<'m> {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        let bound = || Some(Rc::new(receiver.clone()));
        if let Some(unit) = info.methods.get(name) {
            if self.is_property(*unit) {
                return self
                    .enter(*unit, home, bound(), How::Framework)
                    .map(|frame| self.returned(*unit, frame))
                    .unwrap_or_default();
            }
            let own = self.decorated(*unit, home, bound());
            let mut all = if self.is_abstract(*unit) { Values::new() } else { own.clone() };
            add(&mut all, self.overriding(class, name, receiver));
            return if all.is_empty() { own } else { all };
        }
        let mut all = Values::new();
        if let Some(values) = info.fields.get(name) {
            for (unit, assignment) in values.iter().take(ALTERNATIVES) {
                let frame = if *unit == info.unit { home } else { self.method_frame(*unit, class, home, receiver) };
                match (&assignment.value, &assignment.annotation) {
                    (Some(value), annotation) => {
                        let found = self.values(value, frame);
                        let opaque =
                            found.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
                        match annotation {
                            Some(annotation) if opaque => add(&mut all, self.annotation(annotation, frame)),
                            _ => add(&mut all, found.iter().cloned()),
                        }
                    }
                    (None, Some(annotation)) => {
                        let declared = self.annotation(annotation, frame);
                        let built = self.built_field(class, name, receiver, &declared);
                        add(&mut all, if built.is_empty() { declared } else { built });
                    }
                    (None, None) => {}
                }
            }
        }
        if let (Some(index), Value::Instance { site, .. }) = (info.properties.get(name), receiver)
            && let Some(constructor) = info.methods.get("constructor")
        {
            let how = site.map_or(How::Open, How::Call);
            if let Some(frame) = self.enter(*constructor, home, bound(), how) {
                add(&mut all, self.parameter(*index, frame));
            }
        }
        // A data class or struct literal: the field is the keyword argument of the construction.
        if let Value::Instance { site: Some(site), .. } = receiver
            && self.constructor(class).is_none()
        {
            let given = self.constructed_field(class, name, *site);
            if !given.is_empty() {
                all = given;
            }
        }
        if all.is_empty() && depth < 8 {
            let extended = info.extensions.iter().flat_map(|extension| {
                let extension = &self.units.classes[*extension];
                extension.class.bases.iter().map(|base| (base, self.open_frame(extension.unit)))
            });
            for (base, home) in info.class.bases.iter().map(|base| (base, home)).chain(extended) {
                for value in self.values(base, home).iter() {
                    match value {
                        Value::Class(base) if *base != class => {
                            add(&mut all, self.class_member(*base, name, receiver, depth + 1))
                        }
                        Value::Library { path, .. } => {
                            let sites: Vec<Site> = match receiver {
                                Value::Instance { site: Some(site), .. } => vec![*site],
                                _ => Vec::new(),
                            };
                            let suffix = if matches!(receiver, Value::Class(_)) { "" } else { "()" };
                            add(
                                &mut all,
                                [Value::Library { path: format!("{path}{suffix}.{name}").into(), sites: sites.into() }],
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        if all.len() > 1 {
            all.retain(|value| !matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null))));
        }
        if all.is_empty() && depth == 0 {
            add(&mut all, self.overriding(class, name, receiver));
        }
        if all.is_empty() { vec![Value::Unknown] } else { all }
    }

    /// Whether a method is read like a field.
    fn is_property(&self, unit: UnitId) -> bool {
        self.units.units[unit].function.is_some_and(|function| {
            function.decorators.iter().any(|decorator| {
                matches!(&decorator.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name.ends_with("property"))
            })
        })
    }

    /// The method of a class that is read like a field of this name.
    pub fn property_of(&self, class: ClassId, name: &str) -> Option<UnitId> {
        self.units.classes[class].methods.get(name).copied().filter(|unit| self.is_property(*unit))
    }

    /// The constructor of a class, also an inherited one.
    pub fn constructor(&self, class: ClassId) -> Option<UnitId> {
        let info = &self.units.classes[class];
        info.methods.get("__init__").or(info.methods.get("constructor")).copied().or_else(|| {
            let home = self.open_frame(info.unit);
            info.class.bases.iter().find_map(|base| {
                self.values(base, home).iter().find_map(|value| match value {
                    Value::Class(base) if *base != class => self.units.classes[*base].methods.get("__init__").copied(),
                    _ => None,
                })
            })
        })
    }

    /// What a declared field of an object holds whose construction is not seen: what the constructions in the program
    /// give it. Plain data comes from anywhere.
    fn built_field(&self, class: ClassId, name: &str, receiver: &Value<'m>, declared: &[Value<'m>]) -> Values<'m> {
        let is_plain = declared.iter().all(|value| self.is_plain_data(value));
        if is_plain || self.constructor(class).is_some() || !matches!(receiver, Value::Instance { site: None, .. }) {
            return Values::new();
        }
        let mut all = Values::new();
        for site in self.constructions_of(class).iter().take(ALTERNATIVES) {
            add(&mut all, self.constructed_field(class, name, *site));
        }
        all.retain(|value| !self.is_opaque(value));
        all
    }

    fn constructed_field(&self, class: ClassId, name: &str, site: Site) -> Values<'m> {
        let call = self.units.calls[site.call].call;
        let order = &self.units.classes[class].order;
        let position = order.iter().position(|field| *field == name);
        let by_name = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
        let by_position =
            position.and_then(|position| call.arguments.get(position).filter(|argument| argument.name.is_none()));
        match by_name.or(by_position) {
            Some(argument) => self.values(&argument.value, site.frame).to_vec(),
            None => Values::new(),
        }
    }

    /// The frame of a method in which an attribute is set: the constructor runs with the construction's arguments.
    fn method_frame(&self, unit: UnitId, class: ClassId, home: FrameId, receiver: &Value<'m>) -> FrameId {
        let method = self.enclosing_method(unit);
        let is_constructor = self.constructor(class) == Some(method)
            || matches!(self.units.units[method].name(), "__init__" | "constructor" | "__post_init__");
        let how = match receiver {
            Value::Instance { site: Some(site), .. } if is_constructor => How::Call(*site),
            _ => How::Open,
        };
        let frame = self.enter(method, home, Some(Rc::new(receiver.clone())), how);
        let frame = frame.unwrap_or_else(|| self.open_frame(method));
        if method == unit { frame } else { self.enter(unit, frame, None, How::Open).unwrap_or(frame) }
    }

    fn enclosing_method(&self, unit: UnitId) -> UnitId {
        let mut at = unit;
        while self.units.units[at].class.is_none() {
            match self.units.units[at].parent {
                Some(parent) => at = parent,
                None => return unit,
            }
        }
        at
    }

    fn index(&self, whole: &'m Expression, value: &Value<'m>, index: &'m Expression, frame: FrameId) -> Values<'m> {
        match value {
            Value::Library { path, sites } => {
                // `app.extensions["assistant"] = ...` is read back under the same key.
                if let (ExpressionKind::Index { object, .. }, ExpressionKind::Literal(Literal::Text(key))) =
                    (&whole.kind, &index.kind)
                    && self.facts(&format!("{path}[]")).is_empty()
                {
                    let assigned = self.assigned_member(Some(object), key);
                    if !assigned.is_empty() {
                        return assigned;
                    }
                }
                let indexed = Value::Library { path: format!("{path}[]").into(), sites: sites.clone() };
                // A type with parameters is looked into when it annotates something.
                let is_type = !matches!(index.kind, ExpressionKind::Literal(_));
                if is_type { vec![indexed, Value::Data { expression: Written(whole), frame }] } else { vec![indexed] }
            }
            Value::Class(_) => vec![value.clone()],
            Value::Data { expression, frame: home } => match (&expression.0.kind, &index.kind) {
                (ExpressionKind::Object(_), ExpressionKind::Literal(Literal::Text(key))) => {
                    self.data_member(expression.0, *home, key, None)
                }
                // A key that is passed on: `table[purpose]`.
                (ExpressionKind::Object(_), _) => match self.text(index, frame) {
                    Some(key) => self.data_member(expression.0, *home, &key, None),
                    None => self.elements(value),
                },
                (ExpressionKind::List(_), _) => self.elements(value),
                _ => vec![Value::Unknown],
            },
            other => vec![other.clone()],
        }
    }

    /// The values that a type annotation promises: instances of the classes it names, or what is injected.
    pub fn annotation(&self, annotation: &'m Expression, frame: FrameId) -> Values<'m> {
        self.annotation_at(annotation, frame, 0)
    }

    fn annotation_at(&self, annotation: &'m Expression, frame: FrameId, depth: usize) -> Values<'m> {
        if depth > 6 {
            return Values::new();
        }
        let mut all = Values::new();
        match &annotation.kind {
            ExpressionKind::Operator { operands, .. } => {
                for operand in operands {
                    add(&mut all, self.annotation_at(operand, frame, depth + 1));
                }
            }
            ExpressionKind::Index { index, object } => {
                let parts: Vec<&'m Expression> = match &index.kind {
                    ExpressionKind::List(parts) => parts.iter().collect(),
                    _ => vec![index],
                };
                for part in parts.iter().skip(1) {
                    add(&mut all, self.injected(part, frame, parts.first().copied()));
                }
                if all.is_empty() {
                    add(&mut all, self.keeping(object, frame));
                }
                if all.is_empty() {
                    for part in &parts {
                        add(&mut all, self.annotation_at(part, frame, depth + 1));
                    }
                }
                if all.is_empty() {
                    add(&mut all, self.annotation_at(object, frame, depth + 1));
                }
            }
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
                for value in self.values(annotation, frame).iter() {
                    match value {
                        Value::Class(class) => add(&mut all, [Value::Instance { class: *class, site: None }]),
                        Value::Library { path, .. } if path.ends_with("()") => {
                            add(&mut all, self.provided(value));
                        }
                        Value::Library { path, .. } if !path.ends_with("[]") => {
                            add(&mut all, [Value::Library { path: format!("{path}()").into(), sites: Rc::from([]) }]);
                        }
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, annotation) => {
                            add(&mut all, self.annotation_at(expression.0, *frame, depth + 1));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        all
    }

    /// `Cache<Key, Answer>`, `Request<Body>`: a type that keeps what it is made of is itself what is asked, not its parts.
    fn keeping(&self, object: &'m Expression, frame: FrameId) -> Values<'m> {
        let values = self.values(object, frame);
        let kept = values.iter().filter_map(|value| match value {
            Value::Library { path, .. } => {
                let keeps = ["get", "contains_key", "has"]
                    .iter()
                    .any(|method| self.is_a(&format!("{path}().{method}"), Kind::Store));
                (keeps || self.is_a(path, Kind::Request))
                    .then(|| Value::Library { path: format!("{path}()").into(), sites: Rc::from([]) })
            }
            _ => None,
        });
        kept.collect()
    }

    /// What a marker such as `Depends(provider)` gives; `class` is the annotated type where the marker names no provider.
    fn injected(&self, marker: &'m Expression, frame: FrameId, class: Option<&'m Expression>) -> Values<'m> {
        let mut all = Values::new();
        for value in self.values(marker, frame).iter() {
            let provided = self.provided(value);
            if provided.is_empty()
                && value.path().is_some_and(|path| self.is_a(path.trim_end_matches("()"), Kind::Inject))
                && let Some(class) = class
            {
                add(&mut all, self.annotation(class, frame));
            }
            add(&mut all, provided);
        }
        all
    }

    /// The values that the provider of an injection marker returns.
    fn provided(&self, marker: &Value<'m>) -> Values<'m> {
        let mut all = Values::new();
        for provider in self.providers(marker) {
            match provider {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = self.enter(unit, closure, receiver, How::Framework) {
                        add(&mut all, self.returned(unit, frame));
                    }
                }
                Value::Class(class) => add(&mut all, [Value::Instance { class, site: None }]),
                _ => {}
            }
        }
        all
    }

    /// The functions that an injection marker names.
    pub fn providers(&self, marker: &Value<'m>) -> Values<'m> {
        let Value::Library { path, sites } = marker else { return Values::new() };
        let Some(name) = path.strip_suffix("()") else { return Values::new() };
        // A marker that was made of the function (`CurrentUser = decorate(find)`) holds it where it was made.
        let made = if name.ends_with("()") { sites.first() } else { sites.last() };
        let Some(site) = made.copied() else { return Values::new() };
        if !self.is_a(name, Kind::Inject) {
            return Values::new();
        }
        let call = self.units.calls[site.call].call;
        call.arguments.first().map_or_else(Values::new, |argument| self.values(&argument.value, site.frame).to_vec())
    }

    /// What a parameter is in a frame.
    pub fn parameter(&self, index: usize, frame: FrameId) -> Values<'m> {
        let here = self.frame(frame);
        let Some(function) = self.units.units[here.unit].function else { return vec![Value::Unknown] };
        let Some(parameter) = function.parameters.get(index) else { return vec![Value::Unknown] };
        let outside = vec![Value::Parameter { unit: here.unit, index, frame }];
        if let (0, ExpressionKind::Name(name), Some(class)) =
            (index, &parameter.target.kind, self.units.units[here.unit].class)
            && matches!(name.as_str(), "self" | "cls")
        {
            return match (name.as_str(), &here.receiver) {
                ("self", Some(receiver)) => vec![(**receiver).clone()],
                ("self", None) => vec![Value::Instance { class, site: None }],
                _ => vec![Value::Class(class)],
            };
        }
        let closure = here.closure.unwrap_or(frame);
        let received = || -> Option<Values<'m>> {
            let received = self.received.borrow();
            let path = received.get(&here.unit)?.get(index)?;
            Some(vec![Value::Library { path: Rc::from(path.as_str()), sites: Rc::from([]) }])
        };
        match here.how {
            How::Call(site) => {
                if let Some(found) = self.passed(function, index, site) {
                    let opaque = found.iter().all(|value| self.is_opaque(value));
                    let declared = if opaque { self.declared(parameter, closure) } else { Values::new() };
                    return if declared.is_empty() { found } else { declared };
                }
                match &parameter.default {
                    Some(default) => self.values(default, closure).to_vec(),
                    None => outside,
                }
            }
            How::Wraps(number) if index == own_receiver(function) => match self.given_to_decorator(number) {
                Some(wrapped) => vec![wrapped],
                None => outside,
            },
            How::Framework | How::Wraps(_) => {
                if let Some(default) = &parameter.default {
                    let injected = self.injected(default, closure, parameter.annotation.as_ref());
                    if !injected.is_empty() {
                        return injected;
                    }
                }
                let declared = self.declared(parameter, closure);
                if declared.iter().any(|value| !self.is_plain_data(value) && !self.is_shape(value)) {
                    declared
                } else {
                    received().unwrap_or(if declared.iter().any(|value| self.is_shape(value)) {
                        declared
                    } else {
                        outside
                    })
                }
            }
            How::Open => {
                let mut all = Values::new();
                if let Some(default) = &parameter.default {
                    add(&mut all, self.injected(default, closure, parameter.annotation.as_ref()));
                }
                if let Some(callers) = self.callers.get() {
                    for site in callers.get(&here.unit).into_iter().flatten().take(ALTERNATIVES) {
                        if let Some(found) = self.passed(function, index, *site) {
                            add(
                                &mut all,
                                found
                                    .into_iter()
                                    .filter(|value| !matches!(value, Value::Unknown | Value::Parameter { .. })),
                            );
                        }
                    }
                }
                add(&mut all, self.all_given_to_decorator(here.unit, index));
                if all.is_empty() {
                    add(&mut all, self.declared(parameter, closure));
                }
                // A type that no library knows says less than what a framework is known to pass.
                if all.iter().all(|value| self.is_plain_data(value) || self.is_shape(value))
                    && let Some(received) = received()
                {
                    return received;
                }
                if all.is_empty()
                    && let Some(default) = &parameter.default
                {
                    add(&mut all, self.values(default, closure).iter().cloned());
                }
                if all.is_empty() { received().unwrap_or(outside) } else { all }
            }
        }
    }

    /// Whether a value says less than a declared type would: nothing is known of it, or it is an item of something
    /// that no fact speaks of.
    fn is_opaque(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Unknown | Value::Parameter { .. } => true,
            Value::Library { path, .. } => path.ends_with("[]") && self.facts(path).is_empty(),
            _ => false,
        }
    }

    /// An instance of a class of the program without methods: it only tells the shape (`interface Env { KEY: string }`).
    fn is_shape(&self, value: &Value<'m>) -> bool {
        matches!(value, Value::Instance { class, .. } if self.units.classes[*class].methods.is_empty())
    }

    /// Instances of schemas and plain types come from outside when a framework fills the parameter.
    fn is_plain_data(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Library { path, .. } => {
                ["builtins.", "globals.", "typing.", "std."].iter().any(|home| path.starts_with(home))
            }
            _ => false,
        }
    }

    fn declared(&self, parameter: &'m Parameter, frame: FrameId) -> Values<'m> {
        let declared =
            parameter.annotation.as_ref().map_or_else(Values::new, |annotation| self.annotation(annotation, frame));
        let with_maker = |value| match value {
            Value::Library { path, sites } if sites.is_empty() => {
                Value::Library { sites: self.makers_for(&path, parameter), path }
            }
            value => value,
        };
        declared.into_iter().map(with_maker).collect()
    }

    /// What a call passes for a parameter; none where it passes nothing.
    fn passed(&self, function: &'m Function, index: usize, site: Site) -> Option<Values<'m>> {
        let call = self.units.calls[site.call].call;
        let parameter = function.parameters.get(index)?;
        let offset = usize::from(matches!(
            function.parameters.first().map(|first| &first.target.kind),
            Some(ExpressionKind::Name(name)) if name == "self" || name == "cls"
        ));
        let name = match &parameter.target.kind {
            ExpressionKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        let positional: Vec<&'m Argument> = call.arguments.iter().filter(|argument| argument.name.is_none()).collect();
        if parameter.kind == ParameterKind::Rest {
            let mut all = Values::new();
            for argument in positional.iter().skip(index - offset.min(index)) {
                add(&mut all, self.values(&argument.value, site.frame).iter().cloned());
            }
            return Some(all);
        }
        if let Some(argument) =
            call.arguments.iter().find(|argument| argument.name.is_some() && argument.name.as_deref() == name)
        {
            return Some(self.values(&argument.value, site.frame).to_vec());
        }
        if parameter.kind == ParameterKind::Plain
            && let Some(argument) = index.checked_sub(offset).and_then(|index| positional.get(index))
        {
            if matches!(argument.value.kind, ExpressionKind::Spread(_)) {
                let passed = self.passed_from(function, index, site);
                return Some(
                    passed.map_or_else(|| vec![Value::Unknown], |(value, at)| self.values(value, at).to_vec()),
                );
            }
            return Some(self.values(&argument.value, site.frame).to_vec());
        }
        if let Some((value, frame)) = self.passed_from(function, index, site) {
            return Some(self.values(value, frame).to_vec());
        }
        let mut spread = Values::new();
        for argument in call.arguments.iter().filter(|argument| argument.name.as_deref() == Some("**")) {
            for value in self.values(&argument.value, site.frame).iter() {
                if let Some(name) = name {
                    add(&mut spread, self.member(value, name, None));
                }
            }
        }
        if spread.is_empty() { None } else { Some(spread) }
    }

    /// The values of a call.
    fn call_values(&self, call: &'m Call, frame: FrameId) -> Values<'m> {
        let Some(id) = self.units.call_id(call) else { return vec![Value::Unknown] };
        if let Some(module) = self.required(call, frame) {
            return vec![module];
        }
        if let Some(same) = self.same_by_method(call, frame) {
            return same;
        }
        let site = Site { call: id, frame };
        let mut all = Values::new();
        for callee in self.values(&call.callee, frame).iter() {
            add(&mut all, self.result(callee, site));
        }
        all
    }

    /// `value.unwrap()`, `value.clone()`: what has the method, whatever it is, where nothing else is known of the method.
    fn same_by_method(&self, call: &'m Call, frame: FrameId) -> Option<Values<'m>> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        let language = self.modules[self.module_of(self.unit_of_frame(frame))].language;
        if language != Language::Rust || !self.is_a(&format!("std.self.{name}"), Kind::Same) {
            return None;
        }
        let values = self.values(object, frame);
        let is_own = |value: &Value<'m>| match value {
            Value::Library { path, .. } => !self.facts(&format!("{path}.{name}")).is_empty(),
            Value::Instance { class, .. } => self.units.classes[*class].methods.contains_key(name.as_str()),
            Value::Class(_) | Value::Module(_) | Value::Folder(_) => true,
            _ => false,
        };
        (!values.is_empty() && !values.iter().any(is_own)).then(|| values.to_vec())
    }

    /// `require('./m')` and `import('./m')` as a value: the module, whole.
    fn required(&self, call: &'m Call, frame: FrameId) -> Option<Value<'m>> {
        let ExpressionKind::Name(name) = &call.callee.kind else { return None };
        let module = self.module_of(self.unit_of_frame(frame));
        if self.modules[module].language != Language::TypeScript || !matches!(name.as_str(), "require" | "import") {
            return None;
        }
        let ExpressionKind::Literal(Literal::Text(source)) = &call.arguments.first()?.value.kind else { return None };
        Some(match self.resolve_import(module, source) {
            Target::Module(target) => Value::Module(target),
            Target::Folder(folder) => Value::Folder(folder.into()),
            Target::Library(path) => Value::Library { path: path.into(), sites: Rc::from([]) },
        })
    }

    /// The values that calling something gives.
    pub fn result(&self, callee: &Value<'m>, site: Site) -> Values<'m> {
        match callee {
            Value::Library { path, sites } => self.library_result(path, sites, site),
            Value::Function { unit, closure, receiver } => {
                match self.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                    Some(frame) => self.returned(*unit, frame),
                    None => vec![Value::Unknown],
                }
            }
            Value::Class(class) => vec![Value::Instance { class: *class, site: Some(site) }],
            Value::Instance { class, .. } => {
                let methods = &self.units.classes[*class].methods;
                match methods.get("__call__") {
                    Some(unit) => {
                        let home = self.open_frame(self.units.classes[*class].unit);
                        match self.enter(*unit, home, Some(Rc::new(callee.clone())), How::Call(site)) {
                            Some(frame) => self.returned(*unit, frame),
                            None => vec![Value::Unknown],
                        }
                    }
                    None => vec![Value::Unknown],
                }
            }
            Value::Module(module) => match self.exported(*module, "default", 0) {
                Some(values) => values.iter().flat_map(|value| self.result(value, site)).collect(),
                None => vec![Value::Unknown],
            },
            _ => vec![Value::Unknown],
        }
    }

    fn library_result(&self, path: &Rc<str>, sites: &Rc<[Site]>, site: Site) -> Values<'m> {
        let call = self.units.calls[site.call].call;
        let extended = |more: Site| -> Rc<[Site]> { sites.iter().copied().chain([more]).collect() };
        let mut all = Values::new();
        for id in self.facts(path).iter() {
            let fact = self.catalogue.fact(*id);
            match fact.is {
                Kind::Same => {
                    // A method returns its receiver unless it says otherwise, a function what it is given, or what that returns (`#0()`).
                    let value = fact.value.as_deref().unwrap_or("#0");
                    let returned = value.strip_suffix("()").filter(|value| value.starts_with('#'));
                    let given = match &call.callee.kind {
                        ExpressionKind::Member { object, .. } if path.contains("()") && fact.value.is_none() => {
                            Some((&**object, site.frame))
                        }
                        _ => match self.argument(site, returned.unwrap_or(value)) {
                            Given::Present { expression, frame } => Some((expression, frame)),
                            _ => None,
                        },
                    };
                    let Some((given, frame)) = given else { continue };
                    for value in self.values(given, frame).iter() {
                        if let (Some(_), Value::Function { unit, closure, receiver }) = (returned, value) {
                            if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                                add(&mut all, self.returned(*unit, frame));
                            }
                            continue;
                        }
                        add(
                            &mut all,
                            [match value {
                                // A library's function that is called there: `LazyLock::new(Client::new)`.
                                Value::Library { path, sites } if returned.is_some() && !path.ends_with("()") => {
                                    Value::Library {
                                        path: format!("{path}()").into(),
                                        sites: sites.iter().copied().chain([site]).collect(),
                                    }
                                }
                                Value::Library { path, sites } => Value::Library {
                                    path: path.clone(),
                                    sites: sites.iter().copied().chain([site]).collect(),
                                },
                                other => other.clone(),
                            }],
                        );
                    }
                }
                Kind::Compose => {
                    let mut made: Vec<Site> = sites.to_vec();
                    for argument in &call.arguments {
                        self.client_sites(&argument.value, site.frame, &mut made, 0);
                    }
                    made.push(site);
                    let becomes = fact.becomes.as_deref().unwrap_or("");
                    add(&mut all, [Value::Library { path: Rc::from(becomes), sites: made.into() }]);
                }
                _ => {}
            }
        }
        if !all.is_empty() {
            return all;
        }
        add(&mut all, [Value::Library { path: format!("{path}()").into(), sites: extended(site) }]);
        // What wraps a function still runs it; what registers one does not.
        let registers = self.facts_of(path, Kind::Route).iter().any(|(_, fact)| fact.handler.is_some());
        for argument in &call.arguments {
            for value in self.values(&argument.value, site.frame).iter() {
                if matches!(value, Value::Function { .. })
                    && !registers
                    && !matches!(argument.value.kind, ExpressionKind::Function(_) if self.is_a(path, Kind::Client))
                {
                    add(&mut all, [value.clone()]);
                }
            }
        }
        all
    }

    /// The constructor calls of clients among the values of an argument, also inside lists and objects.
    fn client_sites(&self, expression: &'m Expression, frame: FrameId, sites: &mut Vec<Site>, depth: usize) {
        if depth > 4 {
            return;
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Library { sites: more, .. } => {
                    for site in more.iter() {
                        if !sites.contains(site) {
                            sites.push(*site);
                        }
                    }
                }
                Value::Data { expression, frame } => match &expression.0.kind {
                    ExpressionKind::List(items) => {
                        items.iter().for_each(|item| self.client_sites(item, *frame, sites, depth + 1))
                    }
                    ExpressionKind::Object(entries) => {
                        entries.iter().for_each(|entry| self.client_sites(&entry.value, *frame, sites, depth + 1));
                    }
                    _ => {}
                },
                Value::Function { unit, closure, receiver } if depth < 2 => {
                    if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        for expression in &self.units.units[*unit].returns {
                            self.client_sites(expression, frame, sites, depth + 2);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// What a unit returns (or yields) in a frame.
    pub fn returned(&self, unit: UnitId, frame: FrameId) -> Values<'m> {
        let info = &self.units.units[unit];
        let mut all = Values::new();
        let given = if info.yields.is_empty() { &info.returns } else { &info.yields };
        for expression in given.iter().take(ALTERNATIVES) {
            add(&mut all, self.values(expression, frame).iter().cloned());
        }
        let opaque = all.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
        if opaque && let Some(annotation) = info.function.and_then(|function| function.returns.as_ref()) {
            let declared = self.annotation(annotation, frame);
            if declared.iter().any(|value| !self.is_plain_data(value)) {
                return declared;
            }
        }
        // What a library keeps for the program is what the program says it is: `-> Assistant`.
        let kept = |value: &Value<'m>| matches!(value, Value::Library { path, .. } if self.facts(path).is_empty());
        if !all.is_empty()
            && all.iter().all(kept)
            && let Some(annotation) = info.function.and_then(|function| function.returns.as_ref())
        {
            let declared = self.annotation(annotation, frame);
            if declared.iter().any(|value| matches!(value, Value::Instance { .. })) {
                return declared;
            }
        }
        if all.len() > 1 {
            all.retain(|value| !matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null))));
        }
        all
    }

    /// Finds who calls what, once, with everything open; parameters of open frames use it from then on.
    pub fn find_callers(&self) {
        self.apply_decorators();
        let mut callers: FxHashMap<UnitId, Vec<Site>> = FxHashMap::default();
        let mut constructions: FxHashMap<ClassId, Vec<Site>> = FxHashMap::default();
        let mut used: FxHashMap<CallId, FxHashSet<&'m str>> = FxHashMap::default();
        for (call, info) in self.units.calls.iter().enumerate() {
            let frame = self.open_frame(info.unit);
            for value in self.values(&info.call.callee, frame).iter() {
                if let Value::Class(class) = value {
                    constructions.entry(*class).or_default().push(Site { call, frame });
                }
                if let (Value::Library { sites, .. }, ExpressionKind::Member { name, .. }) =
                    (value, &info.call.callee.kind)
                    && let Some(made) = sites.first()
                {
                    used.entry(made.call).or_default().insert(name.as_str());
                }
                let units = match value {
                    Value::Function { .. } => self.units_behind(value),
                    Value::Class(class) => self.constructor(*class).into_iter().collect(),
                    _ => Vec::new(),
                };
                for unit in units {
                    callers.entry(unit).or_default().push(Site { call, frame });
                }
            }
        }
        self.forget();
        let _ = self.callers.set(callers);
        let _ = self.constructions.set(constructions);
        let _ = self.used.set(used);
    }

    /// The known calls that make an object of a class.
    pub fn constructions_of(&self, class: ClassId) -> &[Site] {
        self.constructions.get().and_then(|all| all.get(&class)).map_or(&[], Vec::as_slice)
    }

    /// The known calls of a unit.
    pub fn callers_of(&self, unit: UnitId) -> &[Site] {
        self.callers.get().and_then(|callers| callers.get(&unit)).map_or(&[], Vec::as_slice)
    }
}
