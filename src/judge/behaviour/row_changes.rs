//! How much a change to a row is, and whether it only happens within a bound: `set credits = credits - 1 where credits > 0`.

use crate::link::flow::children;
use crate::link::units::UnitId;
use crate::link::{FrameId, Program, Site};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};
use crate::source::order::InOrder;

use super::operations;
use super::writes::Write;

/// Expressions within expressions.
const DEPTH: usize = 12;

/// Methods by which a chain says what a change sets.
const SETS: [&str; 2] = ["set", "values"];

/// The calls that a chain goes on with after a call, innermost first: `.set(..)` and `.where(..)` of
/// `db.update(users).set(..).where(..)`.
pub(super) fn later_in_chain<'m>(program: &Program<'m>, unit: UnitId, inner: &Call) -> Vec<&'m Call> {
    let calls = program.units.units[unit].calls.iter().map(|call| program.units.calls[*call].call);
    let mut later: Vec<&'m Call> = calls
        .filter(|outer| match &outer.callee.kind {
            ExpressionKind::Member { object, .. } => {
                outer.span.start == inner.span.start && object.span.contains(inner.span)
            }
            _ => false,
        })
        .collect();
    later.order_by_key(|call| call.span.end);
    later
}

/// What the chain of a change sets: the arguments of its `.set(..)`.
pub(super) fn set_in_chain<'m>(program: &Program<'m>, unit: UnitId, inner: &Call) -> Vec<&'m Expression> {
    let sets = |call: &&&'m Call| matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if SETS.contains(&name.as_str()));
    let later = later_in_chain(program, unit, inner);
    later.iter().filter(sets).flat_map(|call| &call.arguments).map(|argument| &argument.value).collect()
}

/// What a change of rows sets, and under which names, where it tells all of them: the `data` of `update({ where, data })`,
/// what stands under `$inc`, `.set({ .. })` in its chain, `update({ .. })` and `update(visits=..)` of what was asked for.
pub(super) fn changed<'m>(program: &Program<'m>, write: &Write<'m>) -> Option<Vec<(&'m str, &'m Expression)>> {
    let info = &program.units.calls[write.site?.call];
    let arguments = info.call.arguments.as_slice();
    let mut set = set_in_chain(program, info.unit, info.call);
    let mut names = Vec::new();
    for argument in arguments {
        let ExpressionKind::Object(entries) = &argument.value.kind else { continue };
        let sets = |key: &str| matches!(key, "data" | "create" | "update") || key.starts_with('$');
        let told = entries.iter().filter(|entry| entry.key.as_deref().is_some_and(sets));
        set.extend(told.map(|entry| &entry.value));
    }
    let is_update = matches!(&info.call.callee.kind, ExpressionKind::Member { name, .. } if name == "update");
    if set.is_empty() && is_update {
        match arguments {
            [Argument { name: None, value }] => set.push(value),
            named => {
                let columns = named.iter().map(|each| Some((each.name.as_deref()?, &each.value)));
                names.extend(columns.collect::<Option<Vec<_>>>()?);
            }
        }
    }
    for value in set {
        keys_within(value, &mut names, 0)?;
    }
    let is_open = names.iter().any(|(name, _)| *name == "**");
    (!names.is_empty() && !is_open).then_some(names)
}

/// What stands in an object and in those within it, by its keys; none where it is not written out.
fn keys_within<'m>(value: &'m Expression, names: &mut Vec<(&'m str, &'m Expression)>, depth: usize) -> Option<()> {
    let ExpressionKind::Object(entries) = &value.kind else { return (depth > 0).then_some(()) };
    for entry in entries {
        names.push((entry.key.as_deref()?, &entry.value));
        if depth < DEPTH {
            keys_within(&entry.value, names, depth + 1)?;
        }
    }
    Some(())
}

/// Whether a statement that is written within a value adds or takes away: ``sql`${usage.cents} + ${cents}` ``, ``sql`${users.credits} - 1` ``.
pub(super) fn writes_a_sum<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    program.slice(value, frame).parts.iter().any(|(part, _)| amount_of(part).is_some())
}

/// Whether such a statement adds or takes away one.
pub(super) fn writes_one_more<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    let parts = &program.slice(value, frame).parts;
    parts.iter().any(|(part, _)| amount_of(part) == Some(Some(1.0)))
}

/// The amount that a statement in a template adds or takes away, where it does: none within where it is not known.
fn amount_of(part: &Expression) -> Option<Option<f64>> {
    let ExpressionKind::Template(pieces) = &part.kind else { return None };
    pieces.iter().enumerate().find_map(|(at, piece)| {
        let ExpressionKind::Literal(Literal::Text(text)) = &piece.kind else { return None };
        text.match_indices(['+', '-']).find_map(|(sign, _)| {
            let (before, after) = (text.get(..sign)?, text.get(sign + 1..)?);
            // A hyphen between two names is no difference.
            let is_spaced = before.ends_with(char::is_whitespace) || text.as_bytes().get(sign) == Some(&b'+');
            let has_operand = !before.trim().is_empty() || at > 0;
            let written = after.split([' ', ')', ',', '\n']).find(|word| !word.is_empty());
            match (written, pieces.get(at + 1)) {
                _ if !is_spaced || !has_operand => None,
                (Some(written), _) => {
                    let number = written.parse().ok();
                    (number.is_some() || before.trim().is_empty()).then_some(number)
                }
                // What a caller says is an amount, though it may be one.
                (None, Some(next)) => Some(written_number(next)),
                (None, None) => None,
            }
        })
    })
}

fn written_number(expression: &Expression) -> Option<f64> {
    match expression.kind {
        ExpressionKind::Literal(Literal::Number(number)) => Some(number),
        _ => None,
    }
}

/// Whether a change says which rows it is about: `.where(..)` in its chain, `where: { id }` in what it is given.
pub(super) fn has_condition(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let is_named = |call: &&Call| matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "where");
    let is_given = |argument: &Argument| match &argument.value.kind {
        ExpressionKind::Object(entries) => entries.iter().any(|entry| entry.key.as_deref() == Some("where")),
        _ => false,
    };
    info.call.arguments.iter().any(is_given) || later_in_chain(program, info.unit, info.call).iter().any(is_named)
}

/// Whether a change to rows only happens within a bound, so that how many it changed tells whether there was anything
/// left: `where: { credits: { gt: 0 } }`, `.where(lt(usage.requests, 60))`, `where credits > 0`.
pub(super) fn is_within_bound(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    if let Some(text) = operations::statement(program, site) {
        let text = text.to_ascii_lowercase();
        return text.split_once("where").is_some_and(|(_, condition)| condition.contains(['<', '>']));
    }
    let later = later_in_chain(program, info.unit, info.call);
    let all = later.into_iter().chain([info.call]).flat_map(|call| &call.arguments);
    all.map(|argument: &Argument| &argument.value).any(|value| bounds(value, 0))
}

/// Whether a condition compares with a bound.
fn bounds(condition: &Expression, depth: usize) -> bool {
    const NAMES: [&str; 8] = ["lt", "lte", "gt", "gte", "$lt", "$lte", "$gt", "$gte"];
    let compares = match &condition.kind {
        ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "<" | "<=" | ">" | ">="),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => NAMES.contains(&name.as_str()),
            _ => false,
        },
        ExpressionKind::Object(entries) => {
            entries.iter().any(|entry| entry.key.as_deref().is_some_and(|key| NAMES.contains(&key)))
        }
        ExpressionKind::Template(pieces) => pieces.iter().any(|piece| match &piece.kind {
            ExpressionKind::Literal(Literal::Text(text)) => text.contains(['<', '>']),
            _ => false,
        }),
        _ => false,
    };
    let mut found = compares;
    if depth < DEPTH {
        children(condition, &mut |child| found = found || bounds(child, depth + 1));
    }
    found
}
