//! Handlers that a client runs when a request has failed, and that send it again:
//! `client.interceptors.response.use(undefined, (error) => client.request(error.config))`.

use rustc_hash::FxHashSet;

use crate::link::arguments::Given;
use crate::link::units::{CallId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Statement};
use crate::rules::catalogue::Kind;

use super::waits::Waits;
use super::{Construct, Repeats, walk};
use crate::judge::case::Case;

/// Marks what is given a function that runs when a request has failed.
const ON_FAILURE: &str = "on-failure";

/// The calls by which handlers that a unit registers send again what has failed.
pub(super) fn resent(case: &Case<'_, '_>, unit: UnitId) -> Vec<Construct> {
    let program = case.program;
    let frame = program.open_frame(unit);
    let mut all = Vec::new();
    for call in &program.units.units[unit].calls {
        let site = Site { call: *call, frame };
        for path in program.callee_paths(site).iter() {
            let facts = program.facts_of(path, Kind::Runs);
            let handlers = facts.iter().filter(|(_, fact)| fact.role.as_deref() == Some(ON_FAILURE));
            for handler in handlers.filter_map(|(_, fact)| fact.handler.as_deref()) {
                let Given::Present { expression, frame } = program.argument(site, handler) else { continue };
                for value in program.values(expression, frame).iter() {
                    if let Value::Function { unit, .. } = value {
                        all.extend(sent_again(case, *unit));
                    }
                }
            }
        }
    }
    all
}

/// The call by which a handler of failures sends again what it is told of.
fn sent_again(case: &Case<'_, '_>, handler: UnitId) -> Option<Construct> {
    let program = case.program;
    let frame = program.open_frame(handler);
    let function = program.units.units[handler].function?;
    let (call, api) = program.units.units[handler].calls.iter().find_map(|call| {
        let external = case.external_at(*call)?;
        is_of_failure(program, Site { call: *call, frame }, handler).then(|| (*call, external.api.clone()))
    })?;
    let counters = counters(program, handler, call);
    let tests = tests_of(program, handler, frame, &counters);
    let statements: Vec<&Statement> = function.body.iter().collect();
    let waits = Waits::among(case, &statements, frame);
    let is_counted = tests.iter().any(|test| compares(test));
    // Once more with something new (another token) is no retry.
    if !tests.is_empty() && !is_counted && waits.is_empty() {
        return None;
    }
    let info = &program.units.calls[call];
    Some(Construct {
        module: info.module,
        span: info.call.span,
        name: api,
        how: Repeats::Recursion { unit: handler, call },
        bounded: !tests.is_empty(),
        exponential: waits.are_exponential(program),
        after_failure: true,
        attempts: None,
    })
}

/// Whether a call is given what its function is told of the failure.
fn is_of_failure(program: &Program<'_>, site: Site, handler: UnitId) -> bool {
    program.units.calls[site.call].call.arguments.iter().any(|argument| {
        let slice = program.slice(&argument.value, site.frame);
        slice.parameters.iter().any(|(unit, index, _)| *unit == handler && *index == 0)
    })
}

/// What a handler changes, and what it adds to the request that it sends: one of it may count.
fn counters<'m>(program: &Program<'m>, handler: UnitId, sent: CallId) -> FxHashSet<&'m str> {
    let info = &program.units.units[handler];
    let changed = info.nodes.iter().filter_map(|node| program.units.nodes[*node].kind.assignment());
    let changed = changed.filter(|assignment| !assignment.declares).map(|assignment| &assignment.target);
    let kept = info.calls.iter().filter_map(|call| match &program.units.calls[*call].call.callee.kind {
        ExpressionKind::Member { object, name } if name == "set" => Some(object.as_ref()),
        _ => None,
    });
    let mut names: FxHashSet<&'m str> = changed.chain(kept).filter_map(name_of).collect();
    for argument in &program.units.calls[sent].call.arguments {
        walk(&argument.value, &mut |each| {
            if let ExpressionKind::Object(entries) = &each.kind {
                names.extend(entries.iter().filter_map(|entry| entry.key.as_deref()));
            }
        });
    }
    names
}

/// The tests of a handler that ask for one of these names.
fn tests_of<'m>(
    program: &Program<'m>,
    handler: UnitId,
    frame: FrameId,
    names: &FxHashSet<&'m str>,
) -> Vec<&'m Expression> {
    let nodes = program.units.units[handler].nodes.iter().map(|node| program.units.nodes[*node].kind);
    let tests = nodes.filter_map(|node| match node {
        NodeKind::If { test, .. } | NodeKind::Branch { test, .. } => Some(test),
        _ => None,
    });
    let asks = |test: &&'m Expression| {
        let slice = program.slice(test, frame);
        slice.parts.iter().any(|(part, _)| name_of(part).is_some_and(|name| names.contains(name)))
    };
    tests.filter(asks).collect()
}

/// Whether a test compares numbers.
fn compares(test: &Expression) -> bool {
    let mut found = false;
    walk(test, &mut |each| {
        found |= matches!(&each.kind, ExpressionKind::Operator { operator, .. }
            if matches!(operator.as_str(), "<" | ">" | "<=" | ">="));
    });
    found
}

/// The last name of a variable or of a part of something.
fn name_of(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        ExpressionKind::Index { index, .. } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}
