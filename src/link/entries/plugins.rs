//! Plugins: functions that are registered at a router and add to a router of their own below it, or to itself.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::registered::is_error_of_all;
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
            let mut note = |unit: UnitId, makers: Rc<[Site]>| {
                program.receives(unit, &fact.receives);
                is_new |= program.adds_to(unit, makers);
            };
            match value {
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
