//! Functions that a client is given to make its requests with: `new Client({ fetch: (url, options) => fetch(url, options) })`.
//! The request in such a function is the client's own, and is judged where the client is called. So is that of a method by
//! which a class of the program sends what the methods of its base are asked for.

use rustc_hash::FxHashSet;

use crate::link::units::UnitId;
use crate::link::{Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

/// Whether a request goes to the first thing that its function is given.
pub(super) fn hands_on_address(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    // `(...given) => fetch(...given)`
    let name = |expression: &Expression| match &expression.kind {
        ExpressionKind::Name(name) => Some(name.clone()),
        ExpressionKind::Spread(rest) => match &rest.kind {
            ExpressionKind::Name(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let function = program.units.units[info.unit].function;
    let first = function.and_then(|function| function.parameters.first()).and_then(|first| name(&first.target));
    first.is_some() && info.call.arguments.first().and_then(|address| name(&address.value)) == first
}

/// Whether a request is what a method of a client's own class goes on with, by which all its requests are sent, and which
/// nobody in the program calls: `return super().request(method, url, **options)`.
pub(super) fn sends_for_its_class(program: &Program<'_>, site: Site, fact: &Fact) -> bool {
    let info = &program.units.calls[site.call];
    let ExpressionKind::Member { object, name } = &info.call.callee.kind else { return false };
    let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
    let function = program.units.units[info.unit].function;
    let is_own = |path: &String| {
        let way = path.strip_prefix("told ").unwrap_or(path);
        way.strip_prefix("self.").or_else(|| way.split_once(").").map(|(_, method)| method)) == Some(name)
    };
    matches!(&object.kind, ExpressionKind::Call(inner) if is_super(&inner.callee))
        && function.is_some_and(|function| function.name == *name)
        && fact.timeout.iter().flat_map(|setting| &setting.by).any(is_own)
        && program.callers_of(info.unit).is_empty()
}

/// What a unit puts among options that go by a name: `options.fetch = (...given) => fetch(...given)`, or where they are
/// made.
fn put_among<'m>(program: &Program<'m>, options: &str, unit: UnitId) -> Vec<&'m Expression> {
    let units = &program.units;
    let assigned = units.units[unit].nodes.iter().filter_map(|node| units.nodes[*node].kind.assignment());
    let put = assigned.flat_map(|assignment| {
        let is_it = |holder: &Expression| matches!(&holder.kind, ExpressionKind::Name(name) if name == options);
        match (&assignment.target.kind, assignment.value.as_ref()) {
            (ExpressionKind::Member { object, .. }, Some(value)) if is_it(object) => vec![value],
            (_, Some(Expression { kind: ExpressionKind::Object(entries), .. })) if is_it(&assignment.target) => {
                entries.iter().map(|entry| &entry.value).collect()
            }
            _ => Vec::new(),
        }
    });
    put.collect()
}

/// The functions that clients are given among their options, and that nobody else calls.
pub(super) fn of_clients(program: &Program<'_>) -> FxHashSet<UnitId> {
    let mut found = FxHashSet::default();
    for (call, info) in program.units.calls.iter().enumerate() {
        let options = info.call.arguments.iter().flat_map(|argument| match (&argument.name, &argument.value.kind) {
            (Some(_), _) => vec![&argument.value],
            (None, ExpressionKind::Object(entries)) => entries.iter().map(|entry| &entry.value).collect(),
            (None, ExpressionKind::Name(options)) => put_among(program, options, info.unit),
            _ => Vec::new(),
        });
        let may_be = |value: &&Expression| {
            matches!(value.kind, ExpressionKind::Function(_) | ExpressionKind::Name(_) | ExpressionKind::Member { .. })
        };
        let options: Vec<&Expression> = options.filter(may_be).collect();
        let site = Site { call, frame: program.open_frame(info.unit) };
        if options.is_empty() || !program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Client)) {
            continue;
        }
        for value in options.into_iter().flat_map(|option| program.values(option, site.frame).to_vec()) {
            if let Value::Function { unit, .. } = value
                && program.callers_of(unit).is_empty()
            {
                found.insert(unit);
            }
        }
    }
    found
}
