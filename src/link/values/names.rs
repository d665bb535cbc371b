//! What a name is where it is read: by what the scopes around that place bind it to, else by what the language has.

use std::borrow::Cow;
use std::rc::Rc;

use crate::link::Program;
use crate::link::names::Target;
use crate::link::units::{Binding, Reader, Unit};
use crate::model::{Language, Span};

use super::{FrameId, PLACES, Value, Values, add, class_called_on, members};

impl<'m> Program<'m> {
    /// What the configuration says that a name of a module is: known as a library's names are.
    pub(super) fn own(&self, unit: &Unit<'m>, name: &str) -> Option<Value<'m>> {
        if unit.function.is_some() || unit.class.is_some() {
            return None;
        }
        let module = &self.modules[unit.module];
        let path = self.catalogue.own(module.language, &module.path, name)?;
        Some(Value::Library { path: path.into(), sites: Rc::from([]) })
    }

    /// What a name is in a frame. `written` is where it stands: what it is bound to there is not there yet.
    pub(super) fn name(&self, name: &'m str, frame: FrameId, written: Option<Span>) -> Values<'m> {
        // `::store`: no variable of a function, whatever they are called.
        if let Some(outermost) = name.strip_prefix("::") {
            return self.name(outermost, self.module_frame(self.module_of(self.unit_of_frame(frame))), None);
        }
        let mut written = written;
        // Where it is read from within another unit.
        let mut inner = None;
        let mut at = Some(frame);
        while let Some(id) = at {
            let (unit, closure) = {
                let frames = self.frames.borrow();
                (&self.units.units[frames[id].unit], frames[id].closure)
            };
            if matches!(name, "self" | "Self" | "cls" | "super")
                && let Some(class) = unit.class
            {
                if name == "super"
                    && let Some(found) = self.super_constructor(class, id)
                {
                    return found;
                }
                return vec![match (name, self.frame(id).receiver) {
                    ("self" | "super", Some(receiver)) => (*receiver).clone(),
                    ("self" | "super", None) => Value::Instance { class, site: None },
                    ("cls", Some(receiver)) => class_called_on(&receiver, class),
                    _ => Value::Class(class),
                }];
            }
            if let Some(own) = self.own(unit, name) {
                return vec![own];
            }
            let bindings = match written {
                Some(read) => self.units.bindings_at(self.unit_of_frame(id), name, read),
                None => unit.names.get(name).map(Vec::as_slice),
            };
            if let Some(bindings) = bindings {
                let reader = written.map(Reader::Own).or(inner.map(Reader::Inner));
                let held = match reader {
                    Some(reader) => self.units.reaching(self.unit_of_frame(id), name, bindings, reader),
                    None => Cow::Borrowed(bindings),
                };
                let bindings = held.as_ref();
                // `let config = config::load()`: the name inside is the one outside.
                let is_own = |binding: &Binding<'m>| match (binding, written) {
                    (Binding::Value { value, .. }, Some(written)) => value.span.contains(written),
                    // `for letter in letters(letter)`: what is gone through is asked for before.
                    (Binding::Element { over, .. }, Some(written)) => over.span.contains(written),
                    _ => false,
                };
                match bindings.iter().position(is_own) {
                    None => {
                        let bound = match &held {
                            Cow::Borrowed(row) => self.bound(row, id),
                            Cow::Owned(some) => self.bindings(some, id),
                        };
                        return self.with_assigned(bound, name, id);
                    }
                    Some(_) => {
                        let others: Vec<Binding<'m>> =
                            bindings.iter().filter(|binding| !is_own(binding)).cloned().collect();
                        if !others.is_empty() {
                            return self.with_assigned(self.bindings(&others, id), name, id);
                        }
                    }
                }
            } else {
                let assigned = self.with_assigned(Values::new(), name, id);
                if !assigned.is_empty() {
                    return assigned;
                }
            }
            inner = written.or(inner).map(|_| unit.span);
            written = None;
            if let Some(found) = self.imported_macro(unit, name, id) {
                return found;
            }
            at = closure;
        }
        self.outer_name(name, frame)
    }

    /// A macro is imported by its name and called with a `!` behind it.
    pub(super) fn imported_macro(&self, unit: &Unit<'m>, name: &str, frame: FrameId) -> Option<Values<'m>> {
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
    pub(super) fn outer_name(&self, name: &'m str, frame: FrameId) -> Values<'m> {
        let module = self.module_of(self.unit_of_frame(frame));
        let body = &self.units.units[self.units.bodies[module]];
        let mut globs = Vec::new();
        for binding in body.names.get("*").into_iter().flatten() {
            let Binding::Import(import) = binding else { continue };
            match self.resolve_import(module, &import.source) {
                Target::Module(target) => {
                    if let Some(found) = self.exported(target, name, 0) {
                        return found;
                    }
                }
                Target::Library(source) => globs.push(source),
                Target::Folder(_) => {}
            }
        }
        if let Some(path) = globs.iter().find_map(|source| self.brought(source, name)) {
            return vec![Value::Library { path, sites: Rc::from([]) }];
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

    /// A name that `use library::*` brings: one that the catalogue knows there.
    pub(super) fn brought(&self, source: &str, name: &str) -> Option<Rc<str>> {
        let path = format!("{source}.{name}");
        let known = |path: &str| self.catalogue.about(path).next().is_some();
        (known(&path) || known(&format!("{path}()"))).then(|| Rc::from(path))
    }

    /// Rust names without an import that start a path are crates; the prelude's are not.
    pub(super) fn is_prelude(&self, name: &str) -> bool {
        name.starts_with(|character: char| character.is_ascii_uppercase())
    }

    /// What a name is bound to in a scope; remembered, for it stands in many places. What was found while something
    /// else was being evaluated that it depends on is not the whole.
    pub(super) fn bound(&self, bindings: &[Binding<'m>], frame: FrameId) -> Values<'m> {
        // Bindings that hold at one place are a row of those of the name: its ends tell which they are.
        let place = |end: Option<&Binding<'m>>| end.map_or(0, |end| std::ptr::from_ref(end) as usize);
        let key = ((place(bindings.first()), place(bindings.last())), frame);
        if let Some(found) = self.bound_memo.borrow().get(&key) {
            return found.to_vec();
        }
        let cuts = self.cuts.get();
        let found = self.bindings(bindings, frame);
        if self.cuts.get() == cuts {
            self.bound_memo.borrow_mut().insert(key, found.as_slice().into());
        }
        found
    }

    pub(super) fn bindings(&self, bindings: &[Binding<'m>], frame: FrameId) -> Values<'m> {
        let mut all = Values::new();
        for binding in bindings.iter().take(PLACES) {
            self.bind(&mut all, binding, frame);
        }
        let annotations = bindings.iter().filter_map(|binding| match binding {
            Binding::Value { annotation: Some(annotation), access, .. } if access.is_empty() => Some(*annotation),
            _ => None,
        });
        if let Some(told) = self.told_by(annotations.map(|annotation| (annotation, frame)), &all) {
            return told;
        }
        // `client = None` before the real value says nothing.
        if all.len() > 1 {
            all.retain(|value| !members::is_null(value));
        }
        all
    }

    pub(super) fn binding(&self, binding: &Binding<'m>, frame: FrameId) -> Values<'m> {
        match binding {
            Binding::Value { value, access, annotation, .. } => {
                let found = self.through(self.values(value, frame).to_vec(), access);
                let Some(annotation) = annotation else { return found };
                let opaque = found.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
                if !opaque && !found.iter().all(|value| self.is_untold(value)) {
                    return found;
                }
                // Of what a library nobody knows gives, a class of the program says more.
                let declared = self.annotation(annotation, frame);
                let says =
                    |value: &Value<'m>| opaque || matches!(value, Value::Instance { .. }) && !self.is_shape(value);
                if declared.iter().any(says) { declared } else { found }
            }
            Binding::Declared(annotation) => self.annotation(annotation, frame),
            Binding::Parameter { index, access } => self.through(self.parameter(*index, frame), access),
            Binding::Element { over, access } => {
                let mut elements = Values::new();
                for value in self.values(over, frame).iter() {
                    add(&mut elements, self.elements(value));
                }
                // `for model in models.values()`: what the program itself has put there.
                if elements.iter().all(|value| self.is_opaque(value)) {
                    let items = self.items_of(over, frame);
                    elements = if items.is_empty() { elements } else { items };
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
}
