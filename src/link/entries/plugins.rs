//! Plugins: functions that are registered at a router and add to a router of their own below it, or to itself.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::error_handlers::is_error_of_all;
use super::{Entries, Link, Role};

/// How deep plugins may register plugins.
const ROUNDS: usize = 6;

impl<'m> Entries<'m> {
    /// Tells plugins what they add to, before anything is looked for in them.
    pub(super) fn plugins(&mut self, program: &Program<'m>) {
        let facts: Vec<&Fact> = program
            .catalogue
            .of_kind(Kind::Mount)
            .map(|(_, fact)| fact)
            .filter(|fact| fact.role.as_deref() == Some("scope"))
            .collect();
        let names: FxHashSet<&str> =
            facts.iter().flat_map(|fact| &fact.names).filter_map(|name| name.rsplit('.').next()).collect();
        for _ in 0..ROUNDS {
            let mut is_new = false;
            for (call, info) in program.units.calls.iter().enumerate() {
                let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { continue };
                if !names.contains(name.as_str()) {
                    continue;
                }
                let site = Site { call, frame: program.open_frame(info.unit) };
                for value in program.values(&info.call.callee, site.frame).iter() {
                    let Value::Library { path, sites } = value else { continue };
                    for (_, fact) in program.facts_of(path, Kind::Mount) {
                        if fact.role.as_deref() == Some("scope") {
                            is_new |= self.plugin(program, fact, site, sites.first().copied());
                        }
                    }
                }
            }
            if !is_new {
                break;
            }
            // What was evaluated before does not know what the plugins are given.
            program.forget();
        }
    }

    fn plugin(&self, program: &Program<'m>, fact: &'m Fact, site: Site, router: Option<Site>) -> bool {
        let Some(first) = program.units.calls[site.call].call.arguments.first() else { return false };
        let mut is_new = false;
        for value in program.values(&first.value, site.frame).iter() {
            let loaded = loaded_from(program, value, site);
            for value in std::iter::once(value).chain(&loaded) {
                is_new |= self.is_told(program, fact, value, site, router);
            }
        }
        is_new
    }

    /// Tells a plugin what it adds to; whether it did not know.
    fn is_told(
        &self,
        program: &Program<'m>,
        fact: &'m Fact,
        plugin: &Value<'m>,
        site: Site,
        router: Option<Site>,
    ) -> bool {
        let mut is_new = false;
        let mut note = |unit: UnitId, makers: Rc<[Site]>| {
            program.receives(unit, &fact.receives);
            is_new |= program.adds_to(unit, makers);
        };
        match plugin {
            Value::Function { unit, .. } => note(*unit, Rc::from([site])),
            value if is_added_to_parent(program, value) => {
                let makers: Rc<[Site]> = router.into_iter().collect();
                for made in value.sites() {
                    for argument in &program.units.calls[made.call].call.arguments {
                        for inner in program.values(&argument.value, made.frame).iter() {
                            if let Value::Function { unit, .. } = inner {
                                note(*unit, makers.clone());
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        is_new
    }

    /// Handlers of errors in a table that an application is made with: `App(exception_handlers={Exception: tell})`.
    pub(super) fn handlers_in(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        let Some(Given::Present { expression, frame }) =
            fact.value.as_deref().map(|table| program.argument(site, table))
        else {
            return;
        };
        let module = program.units.calls[site.call].module;
        for value in program.values(expression, frame).iter() {
            let Value::Data { expression: table, frame } = value else { continue };
            let ExpressionKind::Object(entries) = &table.0.kind else { continue };
            for entry in entries {
                for value in program.values(&entry.value, *frame).iter() {
                    if !matches!(value, Value::Function { .. }) {
                        continue;
                    }
                    if !entry.key.as_deref().is_none_or(is_error_of_all) {
                        self.narrow_handlers.insert((module, entry.value.span));
                    }
                    let link = Link { value: value.clone(), role: Role::Middleware, module, span: entry.value.span };
                    self.error_handlers.push(link);
                }
            }
        }
    }
}

/// Whether what is registered adds to the router that it is registered at, not to one of its own.
pub(super) fn is_added_to_parent(program: &Program<'_>, value: &Value<'_>) -> bool {
    value.path().and_then(|path| path.strip_suffix("()")).is_some_and(|maker| {
        program.facts_of(maker, Kind::Mount).iter().any(|(_, fact)| fact.role.as_deref() == Some("parent"))
    })
}

/// Whether a plugin is one that registers all that the files of a folder export.
pub(super) fn is_of_folder(program: &Program<'_>, value: &Value<'_>) -> bool {
    value.path().is_some_and(|path| folder_of(program, path).is_some())
}

/// The argument path of the folder whose files a plugin loads.
fn folder_of<'m>(program: &Program<'m>, path: &str) -> Option<&'m str> {
    let facts = program.facts_of(path.trim_end_matches("()"), Kind::Mount);
    facts
        .into_iter()
        .find(|(_, fact)| fact.role.as_deref() == Some("folder"))
        .and_then(|(_, fact)| fact.path.as_deref())
}

/// The plugins that another one loads from a folder: `register(autoload, { dir: join(here, "routes") })`.
fn loaded_from<'m>(program: &Program<'m>, loader: &Value<'m>, site: Site) -> Vec<Value<'m>> {
    let Some(at) = loader.path().and_then(|path| folder_of(program, path)) else { return Vec::new() };
    let Given::Present { expression, .. } = program.argument(site, at) else { return Vec::new() };
    let mut steps: Vec<&str> = Vec::new();
    written_in(expression, &mut steps, 0);
    let module = &program.modules[program.units.calls[site.call].module];
    let mut folder: Vec<&str> = module.path.split('/').collect();
    folder.pop();
    for step in steps.iter().flat_map(|step| step.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                folder.pop();
            }
            step => folder.push(step),
        }
    }
    let folder = folder.join("/") + "/";
    let modules = (0..program.modules.len()).filter(|module| {
        let module = &program.modules[*module];
        !steps.is_empty() && module.language == Language::TypeScript && module.path.starts_with(&folder)
    });
    modules.flat_map(|module| program.exported(module, "default", 0).unwrap_or_default()).collect()
}

/// The texts that are written in an expression, in their order.
fn written_in<'m>(expression: &'m Expression, texts: &mut Vec<&'m str>, depth: usize) {
    if depth > ROUNDS {
        return;
    }
    if let ExpressionKind::Literal(Literal::Text(text)) = &expression.kind {
        texts.push(text);
    }
    crate::link::flow::children(expression, &mut |child| written_in(child, texts, depth + 1));
}
