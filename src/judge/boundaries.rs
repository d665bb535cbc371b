//! Functions in front of handlers that catch what all that they go on to raises.

use crate::link::entries::{Entry, Link, frame_of};
use crate::link::flow::{leaves_by_raising, walk_block};
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Site};
use crate::model::{Expression, ExpressionKind, Handler, Language, Literal};

use super::case::Case;
use super::failing::catches_everything;

/// A status of a failure that is the server's own.
const SERVER_ERROR: f64 = 500.0;
/// Tests within tests.
const DEPTH: usize = 8;

/// Whether errors of an entry point end in something in front of it, which does not hand them on to those who are told of
/// errors.
pub(super) fn keep_errors<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>) -> bool {
    entry.chains.iter().any(|chain| {
        chain.iter().any(|link| catching(case, link).is_some_and(|(handler, frame)| !emits(case, handler, frame)))
    })
}

/// The handler in which everything ends that a function in front raises by what it goes on to; none: something gets past
/// it.
pub(super) fn catching<'m>(case: &Case<'_, 'm>, link: &Link<'m>) -> Option<(&'m Handler, FrameId)> {
    let program = case.program;
    let frame = frame_of(program, &link.value)?;
    if program.modules[program.module_of(program.unit_of_frame(frame))].language != Language::TypeScript {
        return None;
    }
    let onwards = case.guards.continuations(frame);
    let mut found = None;
    for site in onwards.iter() {
        // Elsewhere the way on is left before what comes after it fails.
        let is_waited_for = program.callee_paths(*site).iter().any(|path| path.ends_with("Next()"));
        found = Some(caught_at(case, *site).filter(|_| is_waited_for)?);
    }
    found.map(|handler| (handler, frame))
}

fn caught_at<'m>(case: &Case<'_, 'm>, site: Site) -> Option<&'m Handler> {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let awaited = unit.awaits.iter().any(|each| each.span.contains(info.call.span));
    let tried = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => Some(each),
        _ => None,
    })?;
    let handler = tried.handlers.iter().find(|handler| catches_everything(handler))?;
    let raises = leaves_by_raising(&handler.body) || program.thrown_by_call(&handler.body, site.frame).is_some();
    (awaited && !raises).then_some(handler)
}

/// Whether a handler hands its error on to those who are told of errors: `ctx.app.emit("error", error, ctx)`.
fn emits<'m>(case: &Case<'_, 'm>, handler: &'m Handler, frame: FrameId) -> bool {
    let program = case.program;
    let unit = program.unit_of_frame(frame);
    let mut found = false;
    walk_block(&handler.body, &mut |each| {
        let ExpressionKind::Call(call) = &each.kind else { return };
        let is_emit = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "emit");
        let is_error = call.arguments.first().is_some_and(
            |first| matches!(&first.value.kind, ExpressionKind::Literal(Literal::Text(event)) if event == "error"),
        );
        let node = program.units.call_id(call).map(|call| program.units.calls[call].node);
        found |= is_emit && is_error && node.is_some_and(|node| is_for_server_errors(case, node, unit));
    });
    found
}

/// Whether no test around a place leaves the server's own errors out: `if (ctx.status < 500)` does.
fn is_for_server_errors(case: &Case<'_, '_>, node: NodeId, unit: UnitId) -> bool {
    let units = &case.program.units;
    units.ancestors(node).take_while(|(_, node)| node.unit == unit).all(|(_, node)| match node.kind {
        NodeKind::Then(test) => holds(test, 0) != Some(false),
        NodeKind::Otherwise(test) => holds(test, 0) != Some(true),
        NodeKind::Branch { test, holds: wanted } => holds(test, 0) != Some(!wanted),
        _ => true,
    })
}

/// Whether a test that compares a status holds for a server's error; none where it asks for something else.
fn holds(test: &Expression, depth: usize) -> Option<bool> {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    if depth > DEPTH {
        return None;
    }
    let each = || operands.iter().map(|operand| holds(operand, depth + 1));
    match (operator.as_str(), operands.as_slice()) {
        ("not", [_]) => each().next().flatten().map(|holds| !holds),
        ("and", _) => each().any(|holds| holds == Some(false)).then_some(false),
        ("or", _) => each().all(|holds| holds == Some(false)).then_some(false),
        (_, [_, Expression { kind: ExpressionKind::Literal(Literal::Number(bound)), .. }]) if *bound >= 100.0 => {
            match operator.as_str() {
                "<" => Some(SERVER_ERROR < *bound),
                "<=" => Some(SERVER_ERROR <= *bound),
                ">" => Some(SERVER_ERROR > *bound),
                ">=" => Some(SERVER_ERROR >= *bound),
                _ => None,
            }
        }
        _ => None,
    }
}
