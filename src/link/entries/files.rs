//! The files that frameworks and platforms find by their path, and what they look for in them.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use globset::GlobSet;
use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::names::Target;
use crate::link::units::{Binding, ModuleId, UnitId};
use crate::link::values::Value;
use crate::model::{ExpressionKind, Literal, Project, Span};
use crate::rules::catalogue::{Fact, Kind, Library};
use crate::rules::checked::{Catalogue, FactId, is_everywhere, uses};
use crate::rules::globs::globs;

/// Of a convention whose paths are relative to the folder of a project that uses the library.
const PROJECT: &str = "project";
/// Of a convention about files that nothing else imports.
const ALONE: &str = "alone";

/// A convention with the files that it is about.
pub(super) struct Convention<'c> {
    pub(super) id: FactId,
    pub(super) fact: &'c Fact,
    library: &'c Library,
    globs: &'c GlobSet,
}

impl<'c> Convention<'c> {
    /// The conventions of the libraries that projects use.
    pub(super) fn all(catalogue: &'c Catalogue, projects: &[Project]) -> Vec<Convention<'c>> {
        let facts = catalogue.of_kind(Kind::Convention).filter(|(id, _)| is_used(catalogue, projects, *id));
        let found = facts.filter_map(|(id, fact)| {
            Some(Convention { id, fact, library: catalogue.library_of(id), globs: fact.files.set()? })
        });
        found.collect()
    }

    /// Whether a framework finds a file there: with `scope = "root"` only in the folder of a project, or in its `src`.
    pub(super) fn finds(&self, projects: &[Project], path: &str) -> bool {
        let mut within = projects.iter().filter_map(|project| Some((project, path_within(path, &project.folder)?)));
        match self.fact.scope.as_deref() {
            Some("root") if self.globs.is_match(path) => {
                let rest = within.map(|(_, rest)| rest).min_by_key(|rest| rest.len()).unwrap_or(path);
                !rest.strip_prefix("src/").unwrap_or(rest).contains('/')
            }
            Some(PROJECT) => {
                self.globs.is_match(path)
                    || within.any(|(project, rest)| uses(project, self.library) && self.globs.is_match(rest))
            }
            _ => self.globs.is_match(path),
        }
    }

    /// Whether all that it needs holds of what a file exports, or of what settings say.
    pub(super) fn fits(&self, program: &Program<'_>, module: ModuleId) -> bool {
        self.fact.needs.iter().all(|need| is_met(program, module, need))
    }

    /// Whether a function is what the framework looks for: where `keys` are the names that its first parameter has there,
    /// or the types that are declared for it.
    pub(super) fn takes(&self, program: &Program<'_>, unit: UnitId) -> bool {
        if self.fact.keys.is_empty() {
            return true;
        }
        let info = &program.units.units[unit];
        let Some(first) = info.function.and_then(|function| function.parameters.first()) else { return false };
        let is_named = |name: &str| self.fact.keys.iter().any(|key| key == name);
        if matches!(&first.target.kind, ExpressionKind::Name(name) if is_named(name)) {
            return true;
        }
        let home = info.parent.map(|parent| program.open_frame(parent));
        first.annotation.as_ref().zip(home).is_some_and(|(annotation, frame)| {
            program.values(annotation, frame).iter().filter_map(Value::path).any(is_named)
        })
    }
}

/// Whether a condition holds: `prerender == false`, `library.output != server`.
fn is_met<'m>(program: &Program<'m>, module: ModuleId, need: &str) -> bool {
    let Some((operator, (name, wanted))) =
        ["==", "!="].into_iter().find_map(|operator| Some((operator, need.split_once(operator)?)))
    else {
        return false;
    };
    let name = name.trim();
    let values = match name.contains('.') {
        true => program.configured_for(name, module),
        false => program.exported(module, name, 0).unwrap_or_default(),
    };
    let is_it = |value: &Value<'m>| {
        matches!(value, Value::Data { expression, frame }
            if program.compares(expression.0, *frame, "==", wanted.trim(), false))
    };
    values.iter().any(is_it) == (operator == "==")
}

/// Which modules others import, found out when it is asked for.
#[derive(Default)]
pub(super) struct Imported(OnceCell<FxHashSet<ModuleId>>);

impl Imported {
    /// Whether a convention may be about a module: one that wants files which stand for themselves is not about those
    /// that others import.
    pub(super) fn allows(&self, program: &Program<'_>, convention: &Convention<'_>, module: ModuleId) -> bool {
        convention.fact.role.as_deref() != Some(ALONE)
            || !self.0.get_or_init(|| imported_modules(program)).contains(&module)
    }
}

/// The modules that other ones import, or export from, also where they run: `await import("./ask")`.
fn imported_modules(program: &Program<'_>) -> FxHashSet<ModuleId> {
    let mut found = FxHashSet::default();
    let mut note = |module: ModuleId, source: &str| {
        if let Target::Module(target) = program.resolve_import(module, source)
            && target != module
        {
            found.insert(target);
        }
    };
    for unit in &program.units.units {
        for binding in unit.names.values().flatten() {
            if let Binding::Import(import) = binding {
                note(unit.module, &import.source);
            }
        }
    }
    for (module, exports) in program.units.exports.iter().enumerate() {
        exports.iter().filter_map(|export| export.source.as_deref()).for_each(|source| note(module, source));
    }
    for info in &program.units.calls {
        let (ExpressionKind::Name(name), Some(first)) = (&info.call.callee.kind, info.call.arguments.first()) else {
            continue;
        };
        if let ("import" | "require", ExpressionKind::Literal(Literal::Text(source))) =
            (name.as_str(), &first.value.kind)
        {
            note(info.module, source);
        }
    }
    found
}

/// The files that frameworks of these projects may find by their path, one set for each convention. What is told by the
/// types that it declares names its library anyway.
pub fn conventions(catalogue: &Catalogue, projects: &[Project]) -> Vec<GlobSet> {
    let anywhere = |fact: &Fact| {
        let nested =
            fact.files.iter().filter(|_| fact.scope.as_deref() == Some(PROJECT)).map(|glob| format!("**/{glob}"));
        globs(&fact.files.iter().cloned().chain(nested).collect::<Vec<_>>())
    };
    let is_by_type = |fact: &Fact| fact.keys.iter().any(|key| key.contains('.'));
    let all = Convention::all(catalogue, projects);
    all.iter().filter(|each| !is_by_type(each.fact)).filter_map(|each| anywhere(each.fact)).collect()
}

/// The modules that a framework finds by their path, and in which it finds what it looks for.
pub fn found_by_convention(program: &Program<'_>) -> BTreeSet<ModuleId> {
    let conventions = Convention::all(program.catalogue, program.projects);
    let imported = Imported::default();
    let holds = |convention: &Convention<'_>, module: ModuleId, export: &str| {
        let name = export.split('.').next().unwrap_or(export);
        let is_it = |value: &Value<'_>| match value {
            Value::Function { unit, .. } => convention.takes(program, *unit),
            _ => convention.fact.keys.is_empty(),
        };
        name == "*"
            || program.exported(module, name, 0).is_some_and(|values| values.is_empty() || values.iter().any(is_it))
    };
    let is_found = |module: &ModuleId| {
        conventions.iter().any(|convention| {
            let exports = &convention.fact.exports;
            let holds_any = || exports.is_empty() || exports.iter().any(|export| holds(convention, *module, export));
            convention.finds(program.projects, &program.modules[*module].path)
                && program.version_fits_in(convention.id, "", *module)
                && holds_any()
                && convention.fits(program, *module)
                && imported.allows(program, convention, *module)
        })
    };
    (0..program.modules.len()).filter(is_found).collect()
}

/// The one of several runtimes in which a framework loads a file that it finds by its path, and in no other.
pub fn runtime_of_file<'m>(program: &Program<'m>, module: ModuleId) -> Option<&'m str> {
    let path = program.modules[module].path.as_str();
    let facts = program.catalogue.of_kind(Kind::Convention);
    facts
        .filter(|(id, fact)| fact.value.is_some() && library_is_used(program, *id))
        .find(|(id, fact)| {
            program.version_fits_in(*id, "", module) && fact.files.set().is_some_and(|globs| globs.is_match(path))
        })
        .and_then(|(_, fact)| fact.value.as_deref())
}

/// Where a file of settings that a server finds by its path sets all that protects for an item: `access_log_format = ".."`.
pub fn set_by_convention(program: &Program<'_>, item: &str) -> Option<(ModuleId, Span)> {
    let facts = program.catalogue.of_kind(Kind::Convention);
    let mut protecting =
        facts.filter(|(id, fact)| fact.protects.as_deref() == Some(item) && library_is_used(program, *id));
    protecting.find_map(|(_, fact)| {
        let files = fact.files.set()?;
        let modules = (0..program.modules.len()).filter(|module| files.is_match(&program.modules[*module].path));
        modules.into_iter().find_map(|module| {
            let set: Option<Vec<Span>> = fact.exports.iter().map(|name| set_in(program, module, name)).collect();
            Some((module, set?.first().copied()?))
        })
    })
}

/// The place at which a module gives a name a value that is not nothing.
fn set_in(program: &Program<'_>, module: ModuleId, name: &str) -> Option<Span> {
    let values = program.exported(module, name, 0)?;
    let is_nothing = |value: &Value<'_>| match value {
        Value::Data { expression, .. } => match &expression.0.kind {
            ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)) => true,
            ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
            _ => false,
        },
        _ => false,
    };
    let set = values.iter().find(|value| !is_nothing(value))?;
    Some(match set {
        Value::Data { expression, .. } => expression.0.span,
        value => value.sites().last().map_or_else(Span::default, |made| program.units.calls[made.call].call.span),
    })
}

/// Whether a library is declared or spoken of anywhere: conventions of frameworks that are not there do not hold.
pub(in crate::link) fn library_is_used(program: &Program<'_>, fact: FactId) -> bool {
    is_used(program.catalogue, program.projects, fact)
}

fn is_used(catalogue: &Catalogue, projects: &[Project], fact: FactId) -> bool {
    let library = catalogue.library_of(fact);
    is_everywhere(library) || projects.iter().any(|project| uses(project, library))
}

/// A path in a folder, from there.
fn path_within<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}
