//! What imports bind and what modules offer under a name.

use std::rc::Rc;

use crate::link::Program;
use crate::link::names::Target;
use crate::link::units::*;
use crate::model::*;

use super::frames::FrameId;
use super::{Value, Values, add};

impl<'m> Program<'m> {
    /// The module of the program that is imported under a name.
    pub fn module_named(&self, from: ModuleId, source: &str) -> Option<ModuleId> {
        match self.resolve_import(from, source) {
            Target::Module(module) => Some(module),
            _ => None,
        }
    }

    pub(in crate::link) fn resolve_import(&self, from: ModuleId, source: &str) -> Target {
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
    pub(super) fn imported(&self, import: &'m Import, from: ModuleId, depth: usize) -> Values<'m> {
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
                self.exported_whole(import, *target, depth).unwrap_or_else(|| vec![Value::Module(*target)])
            }
            (Target::Module(target), Some(name)) => {
                self.exported(*target, name, depth).unwrap_or_else(|| vec![Value::Unknown])
            }
            (Target::Folder(folder), None) => vec![Value::Folder(Rc::from(folder.as_str()))],
            // `import { api } from "./_generated/api"`: whatever it is called, the tree of the modules.
            (Target::Folder(folder), Some(_)) if module.language == Language::TypeScript => {
                vec![Value::Folder(Rc::from(folder.as_str()))]
            }
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

    /// `const limit = require("./limit")` of a module that is one function, class or product of a library as a whole
    /// (`module.exports = limit`): that thing, with the module where it has members of its own.
    fn exported_whole(&self, import: &Import, target: ModuleId, depth: usize) -> Option<Values<'m>> {
        let exports = &self.units.exports[target];
        if !import.is_require || !exports.iter().any(|export| export.name == "=") {
            return None;
        }
        let mut whole = self.exported(target, "default", depth + 1)?;
        let is_thing =
            |value: &Value<'m>| matches!(value, Value::Function { .. } | Value::Class(_) | Value::Library { .. });
        if whole.is_empty() || !whole.iter().all(is_thing) {
            return None;
        }
        if exports.iter().any(|export| export.name != "=") {
            whole.push(Value::Module(target));
        }
        Some(whole)
    }

    /// `use a::b::C` where `a::b` is a module of ours and `C` is not found there by file: try a shorter module path.
    pub(super) fn library_import(&self, from: ModuleId, path: &str, name: &str) -> Values<'m> {
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

    pub(super) fn offered(&self, module: ModuleId, name: &str, depth: usize) -> Option<Values<'m>> {
        let info = &self.modules[module];
        let frame = self.module_frame(module);
        let body = &self.units.units[self.units.bodies[module]];
        if let Some(own) = self.own(body, name) {
            return Some(vec![own]);
        }
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
                    binding => self.bind(&mut all, binding, frame),
                }
            }
            return Some(all);
        }
        let submodule = match info.language {
            Language::Python if info.path.ends_with("__init__.py") => {
                self.names.in_folder(crate::link::names::folder_of(&info.path), name)
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

    pub(super) fn exported_typescript(
        &self,
        module: ModuleId,
        name: &str,
        frame: FrameId,
        depth: usize,
    ) -> Option<Values<'m>> {
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
}

/// Modules through which a name is handed on.
pub(super) const EXPORT_DEPTH: usize = 24;
