//! What `super` is: the methods of the bases, and the way of a constructor's arguments to the constructor of a base.

use std::rc::Rc;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::frames::{FrameId, How, Site};
use super::members::is_null;
use super::{ALTERNATIVES, Value, Values, add};

/// Bases of bases that are followed.
const GENERATIONS: usize = 8;

impl<'m> Program<'m> {
    /// `super.ask`, `super().ask`: what the bases have under this name, for the same receiver.
    pub(super) fn super_member(&self, object: &'m Expression, name: &str, frame: FrameId) -> Option<Values<'m>> {
        let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
        let called = matches!(&object.kind, ExpressionKind::Call(call) if is_super(&call.callee));
        let (class, receiver) = (called || is_super(object)).then(|| self.receiver_in(frame)).flatten()?;
        let own = self.units.classes[class].methods.get(name).copied();
        let mut all = Values::new();
        for base in self.written_bases(class) {
            match base {
                Value::Class(base) if base != class => add(&mut all, self.class_member(base, name, &receiver, 1)),
                Value::Library { path, .. } => add(&mut all, [library_member(&path, name, &receiver)]),
                _ => {}
            }
        }
        all.retain(|value| match value {
            Value::Function { unit, .. } => Some(*unit) != own,
            value => *value != Value::Unknown,
        });
        (!all.is_empty()).then_some(all)
    }

    /// `super(client)` calls the constructor of the base.
    pub(super) fn super_constructor(&self, class: ClassId, frame: FrameId) -> Option<Values<'m>> {
        if self.modules[self.units.classes[class].module].language != Language::TypeScript {
            return None;
        }
        let (_, receiver) = self.receiver_in(frame)?;
        let unit = self.bases_of(class).into_iter().find_map(|base| self.constructor(base))?;
        let closure = self.open_frame(self.units.units[unit].parent?);
        Some(vec![Value::Function { unit, closure, receiver: Some(Rc::new(receiver)) }])
    }

    /// How the constructor of a base runs when an object of a derived class is made: by the `super(...)` of the
    /// constructors in between.
    pub(super) fn built_through(
        &self,
        made: ClassId,
        constructor: UnitId,
        receiver: &Value<'m>,
        site: Option<Site>,
    ) -> How {
        let mut how = site.map_or(How::Open, How::Call);
        let mut class = made;
        for _ in 0..GENERATIONS {
            let methods = &self.units.classes[class].methods;
            let own = methods.get("__init__").or(methods.get("constructor")).copied();
            if own == Some(constructor) {
                return how;
            }
            if let Some(own) = own {
                let home = self.open_frame(self.units.classes[class].unit);
                let frame = self.enter(own, home, Some(Rc::new(receiver.clone())), how);
                let call = self.units.units[own].calls.iter().copied().find(|call| self.calls_super(*call));
                how = match (frame, call) {
                    (Some(frame), Some(call)) => How::Call(Site { call, frame }),
                    _ => return How::Open,
                };
            }
            match self.bases_of(class).into_iter().next() {
                Some(base) => class = base,
                None => break,
            }
        }
        How::Open
    }

    /// Under which names of libraries an object is made, and where: a class of the program that derives from one of a
    /// library hands it what it is made with itself, or what its constructor gives to `super`.
    pub fn made_as(&self, made: Site) -> Vec<(Rc<str>, Site)> {
        let mut all: Vec<_> = self.callee_paths(made).iter().map(|path| (path.clone(), made)).collect();
        if self.calls_super(made.call)
            && let Some((class, _)) = self.receiver_in(made.frame)
        {
            let bases = self.written_bases(class);
            all.extend(bases.iter().filter_map(|base| Some((Rc::from(base.path()?), made))));
        }
        for value in self.values(&self.units.calls[made.call].call.callee, made.frame).iter() {
            if let Value::Class(class) = value {
                all.extend(self.made_as_base(*class, made));
            }
        }
        all
    }

    /// A member that an injected object has from a class of a library, with what its own constructor gives to that:
    /// nobody is seen who makes the object, but `super({ timeout: 20_000 })` stands in its class.
    pub(super) fn made_by_base(&self, class: ClassId, receiver: &Value<'m>, member: Value<'m>) -> Value<'m> {
        let (Value::Instance { class: own, site: None }, Value::Library { path, sites }) = (receiver, &member) else {
            return member;
        };
        if !sites.is_empty() || *own != class {
            return member;
        }
        let info = &self.units.classes[class];
        let constructor = info.methods.get("__init__").or(info.methods.get("constructor")).copied();
        let Some(constructor) = constructor else { return member };
        let home = self.open_frame(info.unit);
        let frame = self.enter(constructor, home, Some(Rc::new(receiver.clone())), How::Open);
        let call = self.units.units[constructor].calls.iter().copied().find(|call| self.calls_super(*call));
        match (frame, call) {
            (Some(frame), Some(call)) => Value::Library { path: path.clone(), sites: Rc::from([Site { call, frame }]) },
            _ => member,
        }
    }

    /// A member that nothing is known of but that a class of a library has been given its namesake when it was made, by
    /// the constructor of a class that derives from it or by whoever makes the object: `super().__init__(llm=llm)` is
    /// read back as `self._llm`. Only what does something: texts and numbers are a state of their own.
    pub(super) fn kept_by_base(&self, class: ClassId, name: &str, receiver: &Value<'m>) -> Values<'m> {
        let info = &self.units.classes[class];
        let constructor = info.methods.get("__init__").or(info.methods.get("constructor")).copied();
        let given_at: Vec<Site> = match (constructor, receiver) {
            (Some(constructor), _) => {
                let call = self.units.units[constructor].calls.iter().copied().find(|call| self.calls_super(*call));
                let frame = || self.method_frame(constructor, class, self.open_frame(info.unit), receiver);
                call.map(|call| Site { call, frame: frame() }).into_iter().collect()
            }
            (None, Value::Instance { site: Some(site), .. }) if self.constructor(class).is_none() => vec![*site],
            (None, _) => self.constructions_of(class).iter().copied().take(ALTERNATIVES).collect(),
        };
        let mut all = Values::new();
        for site in given_at {
            let Given::Present { expression, frame } = self.argument(site, name.trim_start_matches('_')) else {
                continue;
            };
            let values = self.values(expression, frame);
            let declared = self.declared_of(expression, frame).filter(|_| values.iter().all(is_null));
            add(&mut all, declared.as_deref().unwrap_or(&values).iter().cloned());
        }
        all.retain(|value| self.does_something(value));
        all
    }

    /// What the parameter is declared to be that an expression is the name of.
    fn declared_of(&self, expression: &'m Expression, frame: FrameId) -> Option<Values<'m>> {
        let ExpressionKind::Name(name) = &expression.kind else { return None };
        let here = self.frame(frame);
        let mut parameters = self.units.units[here.unit].function?.parameters.iter();
        let is_it = |parameter: &&Parameter| matches!(&parameter.target.kind, ExpressionKind::Name(own) if own == name);
        Some(self.declared(parameters.find(is_it)?, here.closure.unwrap_or(frame)))
    }

    /// A member that an object has from a class of a library. What such a class puts together is asked by the name of all
    /// that is put together so, where nothing is said of the class itself.
    pub(super) fn inherited(&self, path: &str, name: &str, receiver: &Value<'m>) -> Value<'m> {
        let own = library_member(path, name, receiver);
        let is_told = own.path().is_some_and(|path| !self.facts(path).is_empty());
        if is_told || !matches!(receiver, Value::Instance { .. }) {
            return own;
        }
        let composed = self.facts_of(path, Kind::Compose).into_iter().find_map(|(_, fact)| fact.becomes.as_deref());
        composed.map_or(own, |whole| library_member(whole.trim_end_matches("()"), name, receiver))
    }

    /// The calls that made a value; of an object whose class hands the base from a library what that puts together, those
    /// that made this too.
    pub fn makers(&self, value: &Value<'m>) -> Vec<Site> {
        let mut all: Vec<Site> = Vec::new();
        for way in self.ways_made(value) {
            let new: Vec<Site> = way.into_iter().filter(|site| !all.contains(site)).collect();
            all.extend(new);
        }
        all
    }

    /// The same, one list for each of the clients that may have been handed over.
    pub fn ways_made(&self, value: &Value<'m>) -> Vec<Vec<Site>> {
        let mut ways = vec![value.sites().to_vec()];
        for made in value.sites() {
            for (path, base) in self.made_as(*made) {
                // What a call of the library itself puts together is among the makers already.
                let is_own = self.callee_paths(*made).iter().any(|own| **own == *path);
                if !is_own && self.is_a(&path, Kind::Compose) {
                    for argument in &self.units.calls[base.call].call.arguments {
                        self.extend_each(&mut ways, &argument.value, base.frame);
                    }
                }
            }
        }
        ways
    }

    fn made_as_base(&self, made_class: ClassId, made: Site) -> Vec<(Rc<str>, Site)> {
        let receiver = Value::Instance { class: made_class, site: Some(made) };
        let (mut class, mut at) = (made_class, made);
        for _ in 0..GENERATIONS {
            let methods = &self.units.classes[class].methods;
            if let Some(own) = methods.get("__init__").or(methods.get("constructor")).copied() {
                let home = self.open_frame(self.units.classes[class].unit);
                let frame = self.enter(own, home, Some(Rc::new(receiver.clone())), How::Call(at));
                let call = self.units.units[own].calls.iter().copied().find(|call| self.calls_super(*call));
                let (Some(frame), Some(call)) = (frame, call) else { return Vec::new() };
                at = Site { call, frame };
            }
            let bases = self.written_bases(class);
            let libraries: Vec<_> =
                bases.iter().filter_map(|base| base.path().map(|path| (Rc::from(path), at))).collect();
            let next = bases.into_iter().find_map(|base| match base {
                Value::Class(base) if base != class => Some(base),
                _ => None,
            });
            match next {
                Some(base) if libraries.is_empty() => class = base,
                _ => return libraries,
            }
        }
        Vec::new()
    }

    /// `super(...)` of a constructor, `super().__init__(...)`.
    fn calls_super(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
        match &info.call.callee.kind {
            ExpressionKind::Name(name) => name == "super" && self.modules[info.module].language == Language::TypeScript,
            ExpressionKind::Member { object, name } => {
                name == "__init__" && matches!(&object.kind, ExpressionKind::Call(inner) if is_super(&inner.callee))
            }
            _ => false,
        }
    }

    /// Whether a call goes on to what a method of this name overrides: `super().dispatch(request)`.
    pub fn calls_overridden(&self, call: CallId, method: &str) -> bool {
        let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
        match &self.units.calls[call].call.callee.kind {
            ExpressionKind::Member { object, name } => {
                name == method
                    && (is_super(object)
                        || matches!(&object.kind, ExpressionKind::Call(inner) if is_super(&inner.callee)))
            }
            _ => false,
        }
    }

    /// The class whose method a frame runs, or stands in, and its receiver.
    fn receiver_in(&self, frame: FrameId) -> Option<(ClassId, Value<'m>)> {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            if let Some(class) = self.units.units[here.unit].class {
                let unseen = Value::Instance { class, site: None };
                return Some((class, here.receiver.map_or(unseen, |receiver| (*receiver).clone())));
            }
            at = here.closure;
        }
        None
    }

    /// What a base is written as: `Writer` of `const Writer = require("./writer")` is what that module is as a whole.
    pub(in crate::link) fn bases_at(&self, base: &'m Expression, home: FrameId) -> Values<'m> {
        let whole = |value: &Value<'m>| match value {
            Value::Module(module) => self.exported(*module, "default", 0).unwrap_or_default(),
            // `Server[dict]`: the class itself, for one kind of things.
            Value::Library { path, sites } if path.ends_with("[]") => {
                vec![Value::Library { path: path.trim_end_matches("[]").into(), sites: sites.clone() }]
            }
            value => vec![value.clone()],
        };
        self.values(base, home).iter().flat_map(whole).collect()
    }

    /// The classes that derive from one of a library for which a fact holds.
    pub(in crate::link) fn heirs_of_library(&self, fact: FactId) -> Vec<ClassId> {
        let holds = |base: &Value<'m>| base.path().is_some_and(|path| self.facts(path).contains(&fact));
        (0..self.units.classes.len()).filter(|class| self.written_bases(*class).iter().any(holds)).collect()
    }

    pub(in crate::link) fn written_bases(&self, class: ClassId) -> Values<'m> {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        info.class.bases.iter().flat_map(|base| self.bases_at(base, home)).collect()
    }

    /// Whether a class derives from one of a library, or from one of the program that does.
    pub(in crate::link) fn derives_from_library(&self, class: ClassId) -> bool {
        let mut next = Some(class);
        for _ in 0..GENERATIONS {
            let Some(class) = next else { break };
            let bases = self.written_bases(class);
            if bases.iter().any(|base| base.path().is_some()) {
                return true;
            }
            next = bases.into_iter().find_map(|base| match base {
                Value::Class(base) if base != class => Some(base),
                _ => None,
            });
        }
        false
    }

    /// A class with those of the program that it derives from, nearest first.
    pub fn line_of(&self, class: ClassId) -> Vec<ClassId> {
        let mut line = vec![class];
        let mut at = 0;
        while let Some(next) = line.get(at).copied().filter(|_| line.len() <= GENERATIONS) {
            let further: Vec<ClassId> = self.bases_of(next).into_iter().filter(|base| !line.contains(base)).collect();
            line.extend(further);
            at += 1;
        }
        line
    }

    /// What is known of a kind of the classes of libraries that a class derives from, also through others of the program.
    pub fn facts_of_bases(&self, class: ClassId, kind: Kind) -> Vec<(FactId, &'m Fact)> {
        let bases = self.line_of(class).into_iter().flat_map(|class| self.written_bases(class));
        bases.flat_map(|base| base.path().map(|path| self.facts_of(path, kind)).unwrap_or_default()).collect()
    }

    /// The bases of a class that the program itself has.
    fn bases_of(&self, class: ClassId) -> Vec<ClassId> {
        let classes = self.written_bases(class).into_iter().filter_map(|value| match value {
            Value::Class(base) if base != class => Some(base),
            _ => None,
        });
        classes.collect()
    }
}

/// A member that an object has from a class of a library.
pub(super) fn library_member<'m>(path: &str, name: &str, receiver: &Value<'m>) -> Value<'m> {
    let sites: Vec<Site> = match receiver {
        Value::Instance { site: Some(site), .. } => vec![*site],
        _ => Vec::new(),
    };
    let suffix = if matches!(receiver, Value::Class(_)) { "" } else { "()" };
    Value::Library { path: format!("{path}{suffix}.{name}").into(), sites: sites.into() }
}
