//! Modules that are never loaded where the program is deployed: all that loads them is an `import()` in a function that
//! nobody calls, or behind a test that fails there.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::entries::Entries;
use crate::link::units::{ModuleId, NodeKind, UnitId};
use crate::link::{Program, Site, Value};
use crate::model::{Export, Expression, ExpressionKind, Language, StatementKind};

use super::retrying::{walk, walk_statement};

/// The modules that are never loaded.
pub(super) fn never_loaded(program: &Program<'_>, entries: &Entries<'_>) -> FxHashSet<ModuleId> {
    let mut never = loaded_late(program);
    never.retain(|_, is_dead| *is_dead);
    if never.is_empty() {
        return FxHashSet::default();
    }
    let at_once = loaded_at_once(program);
    let served = entries.entries.iter().map(|entry| entry.module);
    let started = entries.starts.iter().map(|start| program.module_of(program.unit_of_frame(*start)));
    let needed: FxHashSet<ModuleId> = served.chain(started).chain(at_once).collect();
    never.into_keys().filter(|module| !needed.contains(module)).collect()
}

/// The modules that functions load by `import()`, and whether none of them ever does so.
fn loaded_late(program: &Program<'_>) -> FxHashMap<ModuleId, bool> {
    let mut late = FxHashMap::default();
    for (call, info) in program.units.calls.iter().enumerate() {
        let is_late = program.units.units[info.unit].function.is_some();
        let frame = program.open_frame(info.unit);
        let Some(Value::Module(module)) = program.required(info.call, frame) else { continue };
        let is_dead = is_late
            && (!program.is_reached_deployed(Site { call, frame })
                || program.is_never_deployed(info.node, frame)
                || is_never_called(program, info.unit));
        *late.entry(module).or_insert(true) &= is_dead;
    }
    late
}

/// Whether a function has a name under which nobody calls it, hands it on, or finds it from outside.
fn is_never_called(program: &Program<'_>, unit: UnitId) -> bool {
    let info = &program.units.units[unit];
    let name = info.name();
    let is_exported =
        |export: &Export| export.name == name || export.value.as_ref().is_some_and(|value| mentions(value, name));
    let is_named = |unit: UnitId| {
        let mut found = false;
        for node in &program.units.units[unit].nodes {
            if let NodeKind::Plain(statement) = program.units.nodes[*node].kind {
                walk_statement(statement, &mut |each| found |= is_name(each, name));
            }
        }
        found
    };
    let units = 0..program.units.units.len();
    !name.is_empty()
        && info.class.is_none()
        && program.callers_of(unit).is_empty()
        && !program.units.exports[info.module].iter().any(|export| is_exported(export))
        && !units.filter(|each| program.module_of(*each) == info.module).any(is_named)
}

fn mentions(expression: &Expression, name: &str) -> bool {
    let mut found = false;
    walk(expression, &mut |each| found |= is_name(each, name));
    found
}

fn is_name(expression: &Expression, name: &str) -> bool {
    matches!(&expression.kind, ExpressionKind::Name(other) if other == name)
}

/// The modules that other modules import as they are loaded themselves.
fn loaded_at_once(program: &Program<'_>) -> Vec<ModuleId> {
    let imports = program.units.nodes.iter().filter_map(|node| match node.kind {
        NodeKind::Plain(statement) => match &statement.kind {
            StatementKind::Import(import) if !import.is_type_only => {
                Some((program.module_of(node.unit), import.source.as_str()))
            }
            _ => None,
        },
        _ => None,
    });
    let exports = program.units.exports.iter().enumerate();
    let exports = exports.flat_map(|(module, all)| all.iter().map(move |export| (module, *export)));
    let exports = exports.filter_map(|(module, export)| Some((module, export.source.as_deref()?)));
    let is_typescript = |module: ModuleId| program.modules[module].language == Language::TypeScript;
    let sources = imports.chain(exports).filter(|(module, _)| is_typescript(*module));
    sources.filter_map(|(module, source)| program.module_named(module, source)).collect()
}
