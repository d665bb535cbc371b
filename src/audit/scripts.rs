//! Files that are scripts: at the root of a project, and nothing imports or starts them.

use std::collections::BTreeSet;

use crate::collect::{Class, Tree, imports_by_text};
use crate::link::entries::{Entries, Started, found_by_convention};
use crate::link::names::{Names, Target, folder_of};
use crate::link::unfolded::each_expression;
use crate::link::units::CallInfo;
use crate::link::{Program, Site};
use crate::lower::components::is_component;
use crate::model::{ExpressionKind, Language, Literal, Module, StatementKind};
use crate::rules::{catalogue::Kind, checked::Catalogue};
use crate::source::order::InOrder;

use super::Prepared;

/// Leaves out what is a script: a file at the root of a project that nothing imports, nothing starts and that holds no
/// entry point.
pub(super) fn drop_scripts(prepared: &mut Prepared, catalogue: &Catalogue) -> BTreeSet<String> {
    let Prepared { tree, modules, settings, .. } = prepared;
    let imports = imports(modules, tree);
    let candidates = candidates(modules, tree, &imports);
    let is_started = tree.projects.iter().any(|project| !project.started.is_empty());
    if candidates.is_empty() || candidates.len() == modules.len() && !is_started && candidates.len() == 1 {
        return BTreeSet::new();
    }
    // Only what could be left out is linked, with what it imports.
    let needed = reached(&candidates, &imports);
    let (linked, others): (Vec<_>, Vec<_>) =
        std::mem::take(modules).into_iter().enumerate().partition(|(number, _)| needed.contains(number));
    let linked: Vec<Module> = linked.into_iter().map(|(_, module)| module).collect();
    let keep = kept(&Program::new(&linked, settings, &tree.projects, catalogue), is_started);
    *modules = linked;
    modules.extend(others.into_iter().map(|(_, module)| module));
    modules.order_by(|left, right| left.path.cmp(&right.path));
    let is_dropped = |number: &usize| modules.get(*number).is_some_and(|module| !keep.contains(&module.path));
    let dropped: BTreeSet<usize> = candidates.into_iter().filter(is_dropped).collect();
    if dropped.len() == modules.len() && !modules.iter().all(is_evaluation) {
        return BTreeSet::new();
    }
    let mut paths = BTreeSet::new();
    for number in dropped.into_iter().rev() {
        paths.insert(modules.remove(number).path);
    }
    paths
}

/// Whether a module lies in a folder of evaluations: developers run them to see how well the models do.
fn is_evaluation(module: &Module) -> bool {
    const FOLDERS: [&str; 4] = ["eval", "evals", "evaluation", "evaluations"];
    let folder = folder_of(&module.path);
    module.language != Language::Rust && folder.split('/').any(|part| FOLDERS.contains(&part))
}

/// The numbers of the modules at the root of a project that nothing imports or starts, and those of evaluations that
/// nothing else imports, whoever starts them. Nobody runs a component by hand.
fn candidates(modules: &[Module], tree: &Tree, imports: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let roots: BTreeSet<&str> = tree.projects.iter().map(|project| project.folder.as_str()).chain([""]).collect();
    let started: BTreeSet<&str> =
        tree.projects.iter().flat_map(|project| &project.started).map(|start| start.path.as_str()).collect();
    let imported: BTreeSet<usize> = imports.iter().flatten().copied().collect();
    let others = modules.iter().zip(imports).filter(|(module, _)| !is_evaluation(module));
    // What an evaluation needs that a service starts is needed, too.
    let needed = reached(&others.flat_map(|(_, imports)| imports).copied().collect(), imports);
    let is_candidate = |(number, module): &(usize, &Module)| {
        if is_evaluation(module) && !needed.contains(number) {
            return true;
        }
        module.language != Language::Rust
            && !is_component(&module.path)
            && roots.contains(folder_of(&module.path))
            && !imported.contains(number)
            && !started.contains(module.path.as_str())
    };
    modules.iter().enumerate().filter(is_candidate).map(|(number, _)| number).collect()
}

/// Modules and everything that they import.
fn reached(from: &BTreeSet<usize>, imports: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut reached = from.clone();
    let mut fresh: Vec<usize> = from.iter().copied().collect();
    while let Some(number) = fresh.pop() {
        fresh.extend(imports.get(number).into_iter().flatten().copied().filter(|target| reached.insert(*target)));
    }
    reached
}

/// The paths of the modules that hold an entry point, put an application together or are found by a framework. Commands
/// that are declared as such are the application where nothing else is; beside one they are its helpers.
fn kept(program: &Program<'_>, is_started: bool) -> BTreeSet<String> {
    let started = Started { mains: &[], run: &[], pages: &[], served: true, factories: &[], handlers: &[] };
    let entries = Entries::of(program, &started);
    let own = entries.entries.iter().filter(|entry| entry.kind != "cli").map(|entry| entry.module);
    let starts = entries.starts.iter().map(|frame| program.module_of(program.unit_of_frame(*frame)));
    // What puts an application together is no script, though the handlers stand elsewhere.
    let assembles = (0..program.units.calls.len()).filter_map(|call| {
        let info = &program.units.calls[call];
        let site = Site { call, frame: program.open_frame(info.unit) };
        let assembles = program.callee_paths(site).iter().any(|path| {
            let registers = || {
                let routes = program.facts_of(path, Kind::Route);
                routes.iter().any(|(_, fact)| fact.handler.is_some() && fact.entry.as_deref() != Some("cli"))
            };
            let kinds = [Kind::Router, Kind::Mount, Kind::Server];
            kinds.into_iter().any(|kind| program.is_a(path, kind)) || registers()
        });
        assembles.then_some(info.module)
    });
    let found = found_by_convention(program).into_iter().chain(program.modules_of_settings());
    let modules: BTreeSet<usize> = own.chain(starts).chain(assembles).chain(found).collect();
    let modules = if modules.is_empty() && !is_started { with_commands(program) } else { modules };
    modules.into_iter().map(|module| program.modules[module].path.clone()).collect()
}

/// The modules that declare commands with a library: `@app.command()`, `typer.run(main)`.
fn with_commands(program: &Program<'_>) -> BTreeSet<usize> {
    let declares = |(call, info): (usize, &CallInfo<'_>)| {
        let site = Site { call, frame: program.open_frame(info.unit) };
        let is_command = |path: &std::rc::Rc<str>| {
            program.facts_of(path, Kind::Route).iter().any(|(_, fact)| fact.entry.as_deref() == Some("cli"))
        };
        program.callee_paths(site).iter().any(is_command).then_some(info.module)
    };
    program.units.calls.iter().enumerate().filter_map(declares).collect()
}

/// Says of the files that were left out what they are.
pub(super) fn name_scripts(tree: &mut Tree, dropped: &BTreeSet<String>) {
    for file in tree.files.iter_mut().filter(|file| dropped.contains(&file.path)) {
        file.class = Class::Script;
        file.reason = "nothing imports or starts it".to_owned();
    }
}

/// The numbers of the modules that each module imports, also where it runs: `await import("./instrument")`.
fn imports(modules: &mut [Module], tree: &Tree) -> Vec<BTreeSet<usize>> {
    let names = Names::of(modules.iter().map(|module| (module.path.as_str(), module.language)), &tree.projects);
    let targets = |(number, module): (usize, &mut Module)| {
        let mut sources = import_sources(module);
        sources.extend(sources_where_it_runs(module));
        let resolved = sources.iter().map(|source| names.resolve(&module.path, module.language, source));
        let target = |target| match target {
            Target::Module(target) if target != number => Some(target),
            _ => None,
        };
        resolved.filter_map(target).collect()
    };
    modules.iter_mut().enumerate().map(targets).collect()
}

/// The sources that calls import from, by the name of a module or of something in it: `import_string("shop.config.Live")`.
fn sources_where_it_runs(module: &mut Module) -> Vec<String> {
    let is_python = module.language == Language::Python;
    let mut sources = Vec::new();
    each_expression(&mut module.body, &mut |expression| {
        let ExpressionKind::Call(call) = &expression.kind else { return };
        let Some(ExpressionKind::Literal(Literal::Text(source))) =
            call.arguments.first().map(|given| &given.value.kind)
        else {
            return;
        };
        match &call.callee.kind {
            ExpressionKind::Name(name) if matches!(name.as_str(), "import" | "require") => sources.push(source.clone()),
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if is_python && imports_by_text(name) => {
                sources.push(source.clone());
                sources.extend(source.rsplit_once('.').map(|(holder, _)| holder.to_owned()));
            }
            _ => {}
        }
    });
    sources
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
