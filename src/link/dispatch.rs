//! Which methods a call on an abstract type can run: those of the classes that stand behind it.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Program;
use super::units::*;
use super::values::{Value, Values};

/// Classes of the program that derive from some of libraries, with the names of those, by a method.
pub(super) type LibraryHeirs<'m> = FxHashMap<&'m str, Vec<(ClassId, Rc<[Rc<str>]>)>>;

/// Classes behind one abstract type that are followed.
const HEIRS: usize = 24;

impl<'m> Program<'m> {
    /// The methods of a name that classes derived from `class` have of their own. Nothing where the receiver is known
    /// to be of exactly this class.
    pub(super) fn overriding(&self, class: ClassId, name: &str, receiver: &Value<'m>) -> Vec<Value<'m>> {
        if !matches!(receiver, Value::Instance { site: None, .. }) {
            return Vec::new();
        }
        let of = |heir: ClassId| {
            let info = &self.units.classes[heir];
            let unit = *info.methods.get(name)?;
            if self.is_abstract(unit) {
                return None;
            }
            let receiver = Value::Instance { class: heir, site: None };
            Some(Value::Function { unit, closure: self.open_frame(info.unit), receiver: Some(Rc::new(receiver)) })
        };
        self.heirs(class).into_iter().filter_map(of).collect()
    }

    /// What an object has under a name that its own class has nothing under: what those that derive from it have from
    /// their other bases. `class Model(Structured, Client)`, where `Structured` calls `self.ask()` of the client.
    pub(super) fn brought_by_heirs(&self, class: ClassId, name: &str, receiver: &Value<'m>) -> Vec<Value<'m>> {
        if !matches!(receiver, Value::Instance { site: None, .. }) {
            return Vec::new();
        }
        let of = |heir: ClassId| self.class_member(heir, name, &Value::Instance { class: heir, site: None }, 1);
        let mut found: Vec<Value<'m>> = Vec::new();
        for value in self.heirs(class).into_iter().flat_map(of) {
            if value != Value::Unknown && !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }

    /// What a client of a library has under a name that the library knows nothing of, where it is only declared to be one:
    /// what the program's own clients of that library have. `llm: LLM` may be any of `class Patched(Structured, OpenAI)`.
    pub(super) fn brought_to_library(&self, path: &str, name: &str) -> Values<'m> {
        let Some(declared) = path.strip_suffix("()") else { return Values::new() };
        let known = self.library_heirs();
        let Some(heirs) = known.get(name) else { return Values::new() };
        let head = |path: &str| path.split('.').next().map(str::to_owned);
        let is_client = |path: &str| self.is_a(path, Kind::Client);
        let is_kin = |base: &Rc<str>| {
            **base == *declared || head(base) == head(declared) && is_client(declared) && is_client(base)
        };
        let mut found = Values::new();
        for (heir, _) in heirs.iter().filter(|(_, bases)| bases.iter().any(is_kin)) {
            for value in self.class_member(*heir, name, &Value::Instance { class: *heir, site: None }, 0) {
                if matches!(value, Value::Function { .. }) && !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found
    }

    /// The classes that derive from some of libraries, with those, by the methods that the program gives them. While they
    /// are looked for there are none.
    fn library_heirs(&self) -> Rc<LibraryHeirs<'m>> {
        if let Some(found) = self.library_heirs.borrow().as_ref() {
            return found.clone();
        }
        *self.library_heirs.borrow_mut() = Some(Rc::default());
        self.cuts.set(self.cuts.get() + 1);
        let mut heirs = LibraryHeirs::default();
        for class in 0..self.units.classes.len() {
            let line = self.line_of(class);
            let bases = line.iter().flat_map(|class| self.written_bases(*class));
            let bases: Rc<[Rc<str>]> = bases.filter_map(|base| base.path().map(Rc::from)).collect();
            if bases.is_empty() {
                continue;
            }
            let methods = line.iter().flat_map(|class| self.units.classes[*class].methods.keys());
            let names: BTreeSet<&'m str> = methods.copied().filter(|name| !name.starts_with("__")).collect();
            for name in names {
                heirs.entry(name).or_default().push((class, bases.clone()));
            }
        }
        heirs.values_mut().for_each(|classes| classes.truncate(HEIRS));
        let heirs = Rc::new(heirs);
        *self.library_heirs.borrow_mut() = Some(heirs.clone());
        heirs
    }

    /// Whether a value is an object of a class of the program that does something itself, or whose heirs do.
    pub(super) fn acts(&self, value: &Value<'m>) -> bool {
        let Value::Instance { class, .. } = value else { return false };
        let has_methods = |class: ClassId| !self.units.classes[class].methods.is_empty();
        has_methods(*class) || self.heirs(*class).into_iter().any(has_methods)
    }

    /// Whether a method only promises: it has no body, or one that does nothing but raise.
    pub(super) fn is_abstract(&self, unit: UnitId) -> bool {
        let Some(function) = self.units.units[unit].function else { return false };
        function.body.iter().all(|statement| match &statement.kind {
            StatementKind::Expression(value) => {
                matches!(value.kind, ExpressionKind::Literal(_) | ExpressionKind::Unknown)
            }
            StatementKind::Raise(_) => true,
            _ => false,
        })
    }

    /// Whether a value is a method that an interface promises: only its type is written.
    pub(super) fn is_promise(&self, value: &Value<'m>) -> bool {
        let Value::Function { unit, .. } = value else { return false };
        let returns = self.units.units[*unit].function.is_some_and(|function| function.returns.is_some());
        returns && self.is_abstract(*unit)
    }

    /// Whether the type of what a function gives names something that is known.
    pub(super) fn tells_result(&self, value: &Value<'m>) -> bool {
        let Value::Function { unit, .. } = value else { return false };
        !self.returned(*unit, self.open_frame(*unit)).is_empty()
    }

    /// The classes that derive from a class, directly or through others; for a type that only promises and that
    /// nothing derives from, the classes that have all its methods.
    fn heirs(&self, class: ClassId) -> Vec<ClassId> {
        let direct = self.direct_heirs();
        let mut found = BTreeSet::new();
        let mut queue = VecDeque::from([class]);
        while let Some(next) = queue.pop_front() {
            for heir in direct.get(next).into_iter().flatten() {
                if *heir != class && found.len() < HEIRS && found.insert(*heir) {
                    queue.push_back(*heir);
                }
            }
        }
        if found.is_empty() {
            found.extend(self.alike(class));
        }
        found.into_iter().collect()
    }

    fn alike(&self, class: ClassId) -> Vec<ClassId> {
        let promised = &self.units.classes[class].methods;
        if promised.is_empty() || !promised.values().all(|unit| self.is_abstract(*unit)) {
            return Vec::new();
        }
        let language = self.modules[self.units.classes[class].module].language;
        (0..self.units.classes.len())
            .filter(|other| {
                let info = &self.units.classes[*other];
                *other != class
                    && info.extends.is_none()
                    && self.modules[info.module].language == language
                    && promised.keys().all(|name| info.methods.contains_key(name))
            })
            .take(HEIRS)
            .collect()
    }

    /// For every class those that name it as a base. While the bases themselves are being found there are none.
    fn direct_heirs(&self) -> Rc<Vec<Vec<ClassId>>> {
        if let Some(found) = self.heirs.borrow().as_ref() {
            return found.clone();
        }
        *self.heirs.borrow_mut() = Some(Rc::default());
        let mut direct = vec![Vec::new(); self.units.classes.len()];
        for (id, info) in self.units.classes.iter().enumerate() {
            let heir = info.extends.unwrap_or(id);
            for base in &info.class.bases {
                for value in self.bases_at(base, self.open_frame(info.unit)).iter() {
                    if let Value::Class(base) | Value::Instance { class: base, .. } = value
                        && let Some(heirs) = direct.get_mut(*base)
                        && !heirs.contains(&heir)
                    {
                        heirs.push(heir);
                    }
                }
            }
        }
        let direct = Rc::new(direct);
        *self.heirs.borrow_mut() = Some(direct.clone());
        direct
    }
}
