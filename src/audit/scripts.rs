//! Files that are scripts: at the root of a project, and nothing imports or starts them.

use std::collections::BTreeSet;

use crate::collect::{Class, Tree};
use crate::link::entries::{Entries, Started, found_by_convention};
use crate::link::names::{Names, Target, folder_of};
use crate::link::units::CallInfo;
use crate::link::{Program, Site};
use crate::model::{ExpressionKind, Language, Literal, Module, StatementKind};
use crate::rules::{catalogue::Kind, checked::Catalogue};

use super::Prepared;

/// Leaves out what is a script: a file at the root of a project that nothing imports, nothing starts and that holds no
/// entry point.
pub(super) fn drop_scripts(prepared: &mut Prepared, catalogue: &Catalogue) -> BTreeSet<String> {
    let Prepared { tree, modules, settings, .. } = prepared;
    let roots: BTreeSet<&str> = tree.projects.iter().map(|project| project.folder.as_str()).chain([""]).collect();
    let started: BTreeSet<&str> =
        tree.projects.iter().flat_map(|project| &project.started).map(|start| start.path.as_str()).collect();
    let imported = imported(modules, tree);
    let candidates: BTreeSet<String> = modules
        .iter()
        .filter(|module| module.language != Language::Rust && roots.contains(folder_of(&module.path)))
        .filter(|module| !imported.contains(&module.path) && !started.contains(module.path.as_str()))
        .map(|module| module.path.clone())
        .collect();
    if candidates.is_empty() || candidates.len() == modules.len() && started.is_empty() && candidates.len() == 1 {
        return BTreeSet::new();
    }
    let program = Program::new(modules, settings, &tree.projects, catalogue);
    let entries = Entries::of(&program, &Started { mains: &[], served: true });
    let mut keep: BTreeSet<String> = entries
        .entries
        .iter()
        .filter(|entry| entry.kind != "cli")
        .map(|entry| program.modules[entry.module].path.clone())
        .collect();
    keep.extend(
        entries
            .starts
            .iter()
            .map(|frame| program.modules[program.module_of(program.unit_of_frame(*frame))].path.clone()),
    );
    // What puts an application together is no script, though the handlers stand elsewhere.
    keep.extend((0..program.units.calls.len()).filter_map(|call| {
        let info = &program.units.calls[call];
        if !candidates.contains(&program.modules[info.module].path) {
            return None;
        }
        let site = Site { call, frame: program.open_frame(info.unit) };
        let assembles = program.callee_paths(site).iter().any(|path| {
            program.is_a(path, Kind::Router) || program.is_a(path, Kind::Mount) || program.is_a(path, Kind::Server)
        });
        assembles.then(|| program.modules[info.module].path.clone())
    }));
    keep.extend(imported_later(&program));
    keep.extend(found_by_convention(&program).into_iter().map(|module| program.modules[module].path.clone()));
    let dropped: BTreeSet<String> = candidates.difference(&keep).cloned().collect();
    if dropped.len() == modules.len() {
        return BTreeSet::new();
    }
    modules.retain(|module| !dropped.contains(&module.path));
    dropped
}

/// The paths of the modules that code imports where it runs: `await import("./instrument")`.
fn imported_later(program: &Program<'_>) -> BTreeSet<String> {
    let path_of = |info: &CallInfo<'_>| {
        let ExpressionKind::Name(name) = &info.call.callee.kind else { return None };
        let ExpressionKind::Literal(Literal::Text(source)) = &info.call.arguments.first()?.value.kind else {
            return None;
        };
        let module = &program.modules[info.module];
        let target = match name.as_str() {
            "import" | "require" => program.names.resolve(&module.path, module.language, source),
            _ => return None,
        };
        match target {
            Target::Module(target) if target != info.module => Some(program.modules[target].path.clone()),
            _ => None,
        }
    };
    program.units.calls.iter().filter_map(path_of).collect()
}

/// Says of the files that were left out what they are.
pub(super) fn name_scripts(tree: &mut Tree, dropped: &BTreeSet<String>) {
    for file in tree.files.iter_mut().filter(|file| dropped.contains(&file.path)) {
        file.class = Class::Script;
        file.reason = "nothing imports or starts it".to_owned();
    }
}

/// The paths of the modules that some other module imports.
pub(super) fn imported(modules: &[Module], tree: &Tree) -> BTreeSet<String> {
    let names = Names::of(modules.iter().map(|module| (module.path.as_str(), module.language)), &tree.projects);
    let mut paths = BTreeSet::new();
    for module in modules {
        for source in import_sources(module) {
            if let Target::Module(target) = names.resolve(&module.path, module.language, &source)
                && let Some(target) = modules.get(target)
                && target.path != module.path
            {
                paths.insert(target.path.clone());
            }
        }
    }
    paths
}

/// The sources that a module imports from, submodules by name included.
pub(super) fn import_sources(module: &Module) -> Vec<String> {
    let mut sources = Vec::new();
    let mut blocks: Vec<&crate::model::Block> = vec![&module.body];
    let separator = match module.language {
        Language::Python => ".",
        Language::TypeScript => "",
        Language::Rust => "::",
    };
    while let Some(block) = blocks.pop() {
        for statement in block {
            match &statement.kind {
                StatementKind::Import(import) => {
                    sources.push(import.source.clone());
                    if let (Some(name), false) = (&import.name, separator.is_empty()) {
                        let dotted = if import.source.ends_with('.') { "" } else { separator };
                        sources.push(format!("{}{dotted}{name}", import.source));
                    }
                }
                StatementKind::Export(export) => sources.extend(export.source.clone()),
                StatementKind::If { then, otherwise, .. } => blocks.extend([then, otherwise]),
                StatementKind::Try(each) => {
                    blocks.push(&each.body);
                    blocks.extend(each.handlers.iter().map(|handler| &handler.body));
                }
                StatementKind::Function(function) => blocks.push(&function.body),
                StatementKind::Class(class) => blocks.push(&class.body),
                StatementKind::Block(block) | StatementKind::With { body: block, .. } => blocks.push(block),
                _ => {}
            }
        }
    }
    sources
}
