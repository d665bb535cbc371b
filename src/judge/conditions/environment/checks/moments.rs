//! When a check runs: while the application starts, or later.

use std::collections::BTreeSet;

use crate::judge::case::Case;
use crate::judge::conditions::environment::ends::{End, end_of};
use crate::judge::conditions::fallback::walk_statement;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Span, Statement, StatementKind};

/// When something runs, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// While the application starts.
    Start,
    /// While it starts, but an error is caught and things go on.
    Swallowed,
    Later,
}

/// When a place runs that is reached through calls, and the modules whose start runs it.
pub fn when(case: &Case<'_, '_>, unit: UnitId, node: Option<NodeId>, via: &[CallId]) -> (When, BTreeSet<ModuleId>) {
    let program = case.program;
    let mut places = vec![(unit, node)];
    places.extend(via.iter().map(|call| (program.units.calls[*call].unit, Some(program.units.calls[*call].node))));
    let caught = places.iter().any(|(_, node)| node.is_some_and(|node| swallows(program, node)));
    let mut best = When::Later;
    let mut roots = BTreeSet::new();
    let Some((outermost, node)) = places.last().copied() else { return (best, roots) };
    let is_never_deployed = |(unit, node): &(UnitId, Option<NodeId>)| {
        node.is_some_and(|node| program.is_never_deployed(node, program.open_frame(*unit)))
    };
    if node.is_some_and(|node| case.is_skipped(node)) || places.iter().any(is_never_deployed) {
        return (best, roots);
    }
    for frame in case.starts_in(outermost) {
        if node.is_some_and(|node| program.is_left_out(node, *frame)) {
            continue;
        }
        let Some((root, swallowed)) = started(case, *frame) else { continue };
        let now = if caught || swallowed { When::Swallowed } else { When::Start };
        best = best.min(now);
        if now == When::Start || best == When::Swallowed {
            roots.insert(root);
        }
    }
    (best, roots)
}

/// The module at whose start a frame runs, and whether an error is caught on the way; none where it never runs.
fn started(case: &Case<'_, '_>, frame: FrameId) -> Option<(ModuleId, bool)> {
    let program = case.program;
    let mut frame = program.frame(frame);
    let mut swallowed = false;
    while let How::Call(site) = frame.how {
        let node = program.units.calls[site.call].node;
        let is_off = program.is_never_deployed(node, site.frame) || program.is_left_out(node, site.frame);
        if case.is_skipped(node) || is_off || is_in_handler(program, node) {
            return None;
        }
        swallowed |= swallows(program, node) || does_without(case, site);
        frame = program.frame(site.frame);
    }
    Some((program.module_of(frame.unit), swallowed))
}

/// Whether an error at a node is caught, in its own unit, by a handler that lets things go on.
pub fn swallows(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            each.handlers.iter().any(|handler| !matches!(exit_of(&handler.body), Some(Exit::Raise)))
        }
        _ => false,
    })
}

/// Whether a node runs only when something else has failed: what checks there is no check of a start that goes well.
pub(super) fn is_in_handler(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Handler(..)))
}

/// Whether the error that a call returns is done without where it is made: `load().unwrap_or_default()`,
/// `match load() { Ok(settings) => settings, Err(_) => Settings::default() }`.
fn does_without(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let is_defaulted = program.units.units[info.unit].calls.iter().any(|other| {
        let call = program.units.calls[*other].call;
        let is_behind = call.span.start == info.call.span.start && call.span.end > info.call.span.end;
        let ExpressionKind::Member { name, .. } = &call.callee.kind else { return false };
        is_behind && match name.as_str() {
            "unwrap_or_default" | "unwrap_or" => true,
            "unwrap_or_else" => call.arguments.first().is_some_and(|argument| {
                let values = program.values(&argument.value, site.frame);
                let goes_on =
                    |value: &Value<'_>| matches!(value, Value::Function { unit, .. } if !program.never_returns(*unit));
                values.iter().any(goes_on)
            }),
            _ => false,
        }
    });
    is_defaulted
        || program.units.ancestors(info.node).any(|(_, node)| match node.kind {
            NodeKind::If { test, then, otherwise, .. } => {
                let block = error_branch(test, info.call.span, then, otherwise).map(own_arm);
                block.is_some_and(|block| end_of(case, info.unit, block) != Some(End::Stops))
            }
            NodeKind::Plain(statement) => {
                let mut goes_on = false;
                walk_statement(statement, &mut |each| {
                    if let ExpressionKind::Conditional { test, then, otherwise } = &each.kind
                        && let Some(value) = error_branch(test, info.call.span, then, otherwise)
                    {
                        let value = match &value.kind {
                            // The other arm has the error's own pattern.
                            ExpressionKind::Conditional { then, .. } => then,
                            _ => value,
                        };
                        goes_on |= !program.diverges(value, site.frame);
                    }
                });
                goes_on
            }
            _ => false,
        })
}

/// The block of an arm that has the error's own pattern: `Err(error) => ..` behind `Ok(settings) => ..`.
fn own_arm(block: &Block) -> &Block {
    match block.as_slice() {
        [Statement { kind: StatementKind::If { test, then, .. }, .. }] if matches!(&test.kind, ExpressionKind::Operator { operator, .. } if operator == "==") => {
            then
        }
        _ => block,
    }
}

/// Of the two branches of a test for the variant of what a call at a place returned the one for the error.
fn error_branch<'b, T>(test: &Expression, call: Span, then: &'b T, otherwise: &'b T) -> Option<&'b T> {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    let [subject, Expression { kind: ExpressionKind::Call(pattern), .. }] = operands.as_slice() else { return None };
    let ExpressionKind::Name(variant) = &pattern.callee.kind else { return None };
    match variant.as_str() {
        _ if operator != "==" || !subject.span.contains(call) => None,
        "Ok" => Some(otherwise),
        "Err" => Some(then),
        _ => None,
    }
}
