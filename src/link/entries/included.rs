//! Lists of routes and routers that a registration takes in under a path: `path("api/", include("shop.urls"))`,
//! `path("api/", api.urls)`. What they hold is asked for behind that path.

use std::collections::BTreeMap;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::names::Target;
use crate::link::units::{CallId, ModuleId};
use crate::link::values::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span};
use crate::rules::catalogue::{Fact, Kind};

use super::Entries;
use super::naming::route_path;

/// The role of a registration that takes in other ones under its path.
pub(super) const INCLUDED: &str = "included";
/// Lists within lists that are gone through.
const DEPTH: usize = 12;

/// What is taken in.
#[derive(Debug)]
enum Taken {
    /// The list of a module.
    Module(ModuleId),
    /// A list that is written out, or goes by a name.
    List(ModuleId, Span),
    /// What is registered with the router that a call made.
    Router(CallId),
}

/// A registration that takes something in under its path.
#[derive(Debug)]
pub(super) struct Inclusion {
    call: CallId,
    path: String,
    taken: Taken,
    /// The module with the outermost list, where settings name it.
    outermost: Option<ModuleId>,
}

impl<'m> Entries<'m> {
    /// Notes what a registration takes in.
    pub(super) fn include(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        let (Some(path), Some(handler)) = (route_path(program, fact, site), fact.handler.as_deref()) else { return };
        let Given::Present { expression, frame } = program.argument(site, handler) else { return };
        let module = program.units.calls[site.call].module;
        let setting = fact.value.as_deref().map(|name| program.configured(name)).unwrap_or_default();
        let outermost = setting.iter().find_map(|value| module_named(program, module, value));
        for value in program.values(expression, frame).iter() {
            if let Some(taken) = taken_in(program, module, value) {
                self.inclusions.push(Inclusion { call: site.call, path: path.clone(), taken, outermost });
            }
        }
    }

    /// Gives what is taken in somewhere its whole path. `routers` tells the outermost router of entry points that have one.
    pub(super) fn under_inclusions(&mut self, program: &Program<'m>, routers: &[(usize, CallId)]) {
        if self.inclusions.is_empty() {
            return;
        }
        let mut names: Vec<(usize, String)> = Vec::new();
        for (entry, router) in routers {
            let mut around =
                self.inclusions.iter().filter(|each| matches!(each.taken, Taken::Router(own) if own == *router));
            let Some((call, path)) = around.next().map(|each| (each.call, each.path.as_str())) else { continue };
            let own =
                self.entries[*entry].name.split_once(' ').map_or(self.entries[*entry].name.as_str(), |(_, own)| own);
            if let Some(whole) = self.whole(program, call, &joined(path, own), 0) {
                names.push((*entry, whole));
            }
        }
        let lone: BTreeMap<usize, CallId> = self.lone.iter().map(|(entry, call)| (*entry, *call)).collect();
        for (entry, call) in &lone {
            let Some(own) = own_path(program, *call) else { continue };
            if let Some(whole) = self.whole(program, *call, &own, 0) {
                names.push((*entry, whole));
            }
        }
        for (entry, path) in names {
            let name = &mut self.entries[entry].name;
            let method = name.split_once(' ').map(|(method, _)| format!("{method} ")).unwrap_or_default();
            *name = format!("{method}/{}", path.trim_start_matches('/'));
        }
    }

    /// The path from the outermost list on of what a registration there registers; none where nobody takes that list in.
    fn whole(&self, program: &Program<'m>, call: CallId, path: &str, depth: usize) -> Option<String> {
        let info = &program.units.calls[call];
        let is_within = |each: &&Inclusion| match &each.taken {
            Taken::List(module, span) => *module == info.module && span.contains(info.call.span),
            _ => false,
        };
        let length = |each: &&Inclusion| match &each.taken {
            Taken::List(_, span) => span.end - span.start,
            _ => 0,
        };
        let of_module = |each: &&Inclusion| matches!(each.taken, Taken::Module(module) if module == info.module);
        let list = self.inclusions.iter().filter(is_within).min_by_key(length);
        match list.or_else(|| self.inclusions.iter().find(of_module)) {
            Some(around) if depth < DEPTH && around.call != call => {
                self.whole(program, around.call, &joined(&around.path, path), depth + 1)
            }
            Some(_) => None,
            None => {
                let is_outermost = self.inclusions.iter().any(|each| each.outermost == Some(info.module));
                (depth > 0 || is_outermost || self.takes_in_a_router(call)).then(|| path.to_owned())
            }
        }
    }

    fn takes_in_a_router(&self, call: CallId) -> bool {
        self.inclusions.iter().any(|each| each.call == call && matches!(each.taken, Taken::Router(_)))
    }
}

/// What a value names that a registration may take in.
fn taken_in<'m>(program: &Program<'m>, module: ModuleId, value: &Value<'m>) -> Option<Taken> {
    match value {
        Value::Module(module) => Some(Taken::Module(*module)),
        // `router.urls`
        Value::Library { path, sites } if !path.ends_with("()") => sites.first().map(|made| Taken::Router(made.call)),
        Value::Data { expression, frame } => match &expression.0.kind {
            ExpressionKind::Literal(Literal::Text(_)) => module_named(program, module, value).map(Taken::Module),
            ExpressionKind::List(items) => Some(list_of(program, expression.0, items, *frame)),
            _ => None,
        },
        _ => None,
    }
}

/// The list that is taken in: itself, or the first of a pair with a name (`(patterns, "shop")`).
fn list_of<'m>(program: &Program<'m>, whole: &'m Expression, items: &'m [Expression], frame: FrameId) -> Taken {
    let named = match items {
        [first, Expression { kind: ExpressionKind::Literal(Literal::Text(_)), .. }] => {
            program.values(first, frame).iter().find_map(|value| match value {
                Value::Data { expression, frame } if matches!(expression.0.kind, ExpressionKind::List(_)) => {
                    Some((expression.0.span, *frame))
                }
                _ => None,
            })
        }
        _ => None,
    };
    let (span, home) = named.unwrap_or((whole.span, frame));
    Taken::List(program.module_of(program.unit_of_frame(home)), span)
}

/// The module that a dotted text names.
fn module_named(program: &Program<'_>, module: ModuleId, value: &Value<'_>) -> Option<ModuleId> {
    let Value::Data { expression, .. } = value else { return None };
    let ExpressionKind::Literal(Literal::Text(dotted)) = &expression.0.kind else { return None };
    let info = &program.modules[module];
    match program.names.resolve(&info.path, info.language, dotted) {
        Target::Module(found) => Some(found),
        _ => None,
    }
}

/// The path that a registration is given itself.
fn own_path(program: &Program<'_>, call: CallId) -> Option<String> {
    let site = Site { call, frame: program.open_frame(program.units.calls[call].unit) };
    let paths = program.callee_paths(site);
    paths.iter().flat_map(|path| program.facts_of(path, Kind::Route)).find_map(|(_, fact)| {
        let written = route_path(program, fact, site);
        written.or_else(|| is_empty(program, fact, site).then(String::new))
    })
}

/// Whether a registration is given the empty path.
fn is_empty(program: &Program<'_>, fact: &Fact, site: Site) -> bool {
    match fact.path.as_deref().map(|path| program.argument(site, path)) {
        Some(Given::Present { expression, .. }) => {
            matches!(&expression.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty())
        }
        _ => false,
    }
}

/// A path behind another one, each without the marks of a pattern at its ends: `^api/`, `chat/$`.
fn joined(before: &str, path: &str) -> String {
    let before = before.trim_start_matches('^');
    let path = path.trim_start_matches('^').trim_end_matches('$');
    let rest = if before.is_empty() || before.ends_with('/') { path.trim_start_matches('/') } else { path };
    format!("{before}{rest}")
}
