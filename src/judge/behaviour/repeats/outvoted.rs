//! What a function answers for other reasons than what it has looked up: a flag that only tells how its work went on.

use crate::link::flow::Gate;
use crate::link::units::{Binding, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal};

/// Expressions within each other.
const DEPTH: usize = 8;

/// Whether a gate asks for a field of an answer (`outcome.parked`) that a function of the program sets only under tests
/// of something else than what an operation has found: what was found lets that function go on, and says no more.
pub(super) fn is_outvoted<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    let Some((call, key)) = asked_of(program, gate.test, gate.frame, None, 0) else { return false };
    let Some(outer) = program.units.call_id(call).map(|call| Site { call, frame: gate.frame }) else { return false };
    let mut frames = program.callees(&call.callee, gate.frame).to_vec().into_iter().filter_map(|callee| match callee {
        Value::Function { unit, closure, receiver } => {
            Some((unit, program.enter(unit, closure, receiver, How::Call(outer))?))
        }
        _ => None,
    });
    frames.next().is_some_and(|(unit, frame)| is_set_for_other_reasons(program, unit, frame, key, site))
        && frames.next().is_none()
}

/// The call of which a test asks for one field, also by names for both.
fn asked_of<'m>(
    program: &Program<'m>,
    test: &'m Expression,
    frame: FrameId,
    key: Option<&'m str>,
    depth: usize,
) -> Option<(&'m Call, &'m str)> {
    if depth > DEPTH {
        return None;
    }
    let inner = |test: &'m Expression, key| asked_of(program, test, frame, key, depth + 1);
    match &test.kind {
        ExpressionKind::Await(awaited) => inner(awaited, key),
        ExpressionKind::Call(call) => Some((call, key?)),
        ExpressionKind::Member { object, name } if key.is_none() => inner(object, Some(name)),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [asked]) => inner(asked, key),
            ("==", [asked, Expression { kind: ExpressionKind::Literal(Literal::Boolean(true)), .. }]) => {
                inner(asked, key)
            }
            _ => None,
        },
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            // `let parked = false` says what is so until something else is known.
            let mut set = unit.names.get(name.as_str())?.iter().filter(|binding| {
                !matches!(binding, Binding::Value { value, .. } if matches!(value.kind, ExpressionKind::Literal(_)))
            });
            match (set.next()?, set.next()) {
                (Binding::Value { value, access, operator: None, .. }, None) if access.is_empty() => inner(value, key),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether all answers of a function that say yes under a key stand under tests into which an operation does not flow.
fn is_set_for_other_reasons(program: &Program<'_>, unit: UnitId, frame: FrameId, key: &str, site: Site) -> bool {
    let info = &program.units.units[unit];
    let mut says_yes = false;
    for answer in &info.returns {
        let ExpressionKind::Object(entries) = &answer.kind else { return false };
        match entries.iter().find(|entry| entry.key.as_deref() == Some(key)).map(|entry| &entry.value.kind) {
            None | Some(ExpressionKind::Literal(Literal::Boolean(false) | Literal::Null)) => continue,
            Some(ExpressionKind::Literal(Literal::Boolean(true))) => says_yes = true,
            Some(_) => return false,
        }
        let stands_at = |node: &&NodeId| matches!(program.units.nodes[**node].kind, NodeKind::Plain(statement) if statement.span.contains(answer.span));
        let Some(node) = info.nodes.iter().rev().find(stands_at) else { return false };
        let tests = program.tests_around(*node);
        let mut flows_in = tests.iter().flat_map(|test| program.slice_inside(test, frame).sites.clone());
        if tests.is_empty() || flows_in.any(|each| each.call == site.call) {
            return false;
        }
    }
    says_yes
}
