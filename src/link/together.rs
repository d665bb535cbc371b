//! Which modules belong to one program: a repository may hold several small ones, side by side, that know nothing of each
//! other.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::model::*;
use crate::rules::catalogue::Kind;
use crate::rules::patterns::expand;

use super::Program;
use super::names::{Target, folder_of};
use super::units::{Binding, ModuleId, NodeKind, UnitId};

impl<'m> Program<'m> {
    /// Of what stands in several modules what a program has that the reader is part of; all of it where that has none, for
    /// modules may be brought together in ways that nobody sees.
    pub(super) fn of_one_program<T: Copy>(
        &self,
        reader: ModuleId,
        all: &[T],
        module: impl Fn(T) -> ModuleId,
    ) -> Vec<T> {
        let is_elsewhere = |each: &T| module(*each) != reader;
        if all.len() < 2 || !all.iter().any(is_elsewhere) {
            return all.to_vec();
        }
        let own = self.one_program_with(reader);
        let near: Vec<T> = all.iter().copied().filter(|each| own.contains(&module(*each))).collect();
        if near.is_empty() { all.to_vec() } else { near }
    }

    /// The modules of all programs that load a module: what imports it, and what these import.
    fn one_program_with(&self, module: ModuleId) -> Rc<FxHashSet<ModuleId>> {
        if let Some(known) = self.near_modules.borrow().get(&module) {
            return known.clone();
        }
        let roots = closure(self.importers(), FxHashSet::from_iter([module]));
        let own = Rc::new(closure(self.imports(), roots));
        self.near_modules.borrow_mut().insert(module, own.clone());
        own
    }

    fn importers(&self) -> &[BTreeSet<ModuleId>] {
        self.importers.get_or_init(|| {
            let mut importers = vec![BTreeSet::new(); self.modules.len()];
            for (importer, imported) in self.imports().iter().enumerate() {
                for module in imported {
                    importers[*module].insert(importer);
                }
            }
            importers
        })
    }

    /// The modules that each module imports; a Python module brings the packages it lies in.
    pub fn imports(&self) -> &[BTreeSet<ModuleId>] {
        self.imports.get_or_init(|| imports(self))
    }
}

/// The role of calls that load a module which they name.
const LOADS: &str = "loads";

/// Names within names for what a call is given that are looked up.
const NAMES: usize = 4;

/// The modules that calls of a library load by their dotted names: `bot.load_extension("cogs.questions")`. Where only the
/// folder is written out (`f"cogs.{name}"`), all that lie in it. What goes by the name of the method alone: what things are
/// is not known before it is known what is imported.
fn loaded_by_name(program: &Program<'_>) -> Vec<(ModuleId, ModuleId)> {
    let facts = program.catalogue.of_kind(Kind::Mount).map(|(_, fact)| fact);
    let names = facts.filter(|fact| fact.role.as_deref() == Some(LOADS)).flat_map(|fact| &fact.names);
    let methods: FxHashSet<String> =
        names.flat_map(|name| expand(name)).filter_map(|name| Some(name.rsplit('.').next()?.to_owned())).collect();
    let calls =
        program.units.calls.iter().filter(
            |info| matches!(&info.call.callee.kind, ExpressionKind::Member { name, .. } if methods.contains(name)),
        );
    let mut loaded = Vec::new();
    for info in calls {
        let Some(given) = info.call.arguments.first() else { continue };
        for dotted in written_texts(program, info.unit, &given.value, 0) {
            loaded.extend(modules_named(program, info.module, &dotted).into_iter().map(|each| (info.module, each)));
        }
    }
    loaded
}

/// The texts that are written in an expression, or where the names in it are bound, with `*` for what is not written out.
fn written_texts(program: &Program<'_>, unit: UnitId, expression: &Expression, depth: usize) -> Vec<String> {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Text(text)) => vec![text.clone()],
        ExpressionKind::Template(parts) => {
            let text = |part: &Expression| match &part.kind {
                ExpressionKind::Literal(Literal::Text(text)) => text.clone(),
                _ => "*".to_owned(),
            };
            vec![parts.iter().map(text).collect()]
        }
        ExpressionKind::List(items) => {
            items.iter().flat_map(|item| written_texts(program, unit, item, depth)).collect()
        }
        ExpressionKind::Name(name) if depth < NAMES => {
            let mut scopes = std::iter::successors(Some(unit), |unit| program.units.units[*unit].parent);
            let bound = scopes.find_map(|unit| Some((unit, program.units.units[unit].names.get(name.as_str())?)));
            let Some((home, bindings)) = bound else { return Vec::new() };
            let written = bindings.iter().filter_map(|binding| match binding {
                Binding::Value { value, access, .. } if access.is_empty() => Some(*value),
                Binding::Element { over, access } if access.is_empty() => Some(*over),
                _ => None,
            });
            written.flat_map(|each| written_texts(program, home, each, depth + 1)).collect()
        }
        _ => Vec::new(),
    }
}

/// The modules that a dotted name stands for, with `*` for what is not written out.
fn modules_named(program: &Program<'_>, from: ModuleId, dotted: &str) -> Vec<ModuleId> {
    let info = &program.modules[from];
    match dotted.split_once('*') {
        None => match program.names.resolve(&info.path, info.language, dotted) {
            Target::Module(target) => vec![target],
            _ => Vec::new(),
        },
        Some((folder, rest)) => {
            let Some(folder) = folder.strip_suffix('.').filter(|_| rest.is_empty()) else { return Vec::new() };
            let folder = format!("{}/", folder.replace('.', "/"));
            let lies_there = |path: &str| {
                let own = path.strip_prefix(folder_of(&info.path)).unwrap_or(path).trim_start_matches('/');
                own.strip_prefix(folder.as_str()).is_some_and(|name| !name.contains('/'))
            };
            (0..program.modules.len()).filter(|module| lies_there(&program.modules[*module].path)).collect()
        }
    }
}

fn closure(next: &[BTreeSet<ModuleId>], from: FxHashSet<ModuleId>) -> FxHashSet<ModuleId> {
    let mut open: Vec<ModuleId> = from.iter().copied().collect();
    let mut all = from;
    while let Some(module) = open.pop() {
        open.extend(next.get(module).into_iter().flatten().copied().filter(|next| all.insert(*next)));
    }
    all
}

fn imports(program: &Program<'_>) -> Vec<BTreeSet<ModuleId>> {
    let mut all: Vec<BTreeSet<ModuleId>> = vec![BTreeSet::new(); program.modules.len()];
    for node in &program.units.nodes {
        let NodeKind::Plain(statement) = node.kind else { continue };
        let module = program.module_of(node.unit);
        let info = &program.modules[module];
        let mut add = |source: &str| {
            if let Target::Module(target) = program.names.resolve(&info.path, info.language, source)
                && let Some(imported) = all.get_mut(module)
            {
                imported.insert(target);
            }
        };
        match &statement.kind {
            StatementKind::Import(import) if import.is_type_only => {}
            StatementKind::Import(import) => {
                add(&import.source);
                if let (Some(name), true) = (&import.name, info.language == Language::Python) {
                    let dot = if import.source.ends_with('.') { "" } else { "." };
                    add(&format!("{}{dot}{name}", import.source));
                }
            }
            StatementKind::Export(export) => export.source.iter().for_each(|source| add(source)),
            _ => {}
        }
    }
    // `await import("./instrument")`, `require("./instrument")` inside a function.
    for info in &program.units.calls {
        let module = &program.modules[info.module];
        let is_import = matches!(&info.call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "import" | "require"));
        let Some(given) = info.call.arguments.first().filter(|_| is_import) else { continue };
        if let ExpressionKind::Literal(Literal::Text(source)) = &given.value.kind
            && let Target::Module(target) = program.names.resolve(&module.path, module.language, source)
            && let Some(imported) = all.get_mut(info.module)
        {
            imported.insert(target);
        }
    }
    for (module, target) in loaded_by_name(program) {
        all.get_mut(module).into_iter().for_each(|imported| _ = imported.insert(target));
    }
    for (module, imported) in all.iter_mut().enumerate() {
        let mut folder = folder_of(&program.modules[module].path);
        while !folder.is_empty() && program.modules[module].language == Language::Python {
            imported
                .extend(program.names.module_at(&format!("{folder}/__init__.py")).filter(|package| *package != module));
            folder = folder_of(folder);
        }
    }
    all
}
