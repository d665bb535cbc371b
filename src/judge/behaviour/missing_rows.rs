//! Changes to documents of a day that nobody has put there: `updateOne({ user, day }, { $inc: { calls: 1 } })` without
//! `upsert` changes nothing where no document is.

use crate::judge::conditions::fallback::walk;
use crate::link::{Program, Site};
use crate::model::{Argument, Expression, ExpressionKind, Literal};

use super::operations::{Operation, operation};
use super::subjects::are_related;
use super::windows;
use super::writes::Write;

/// Calls that put documents there in ways that are not followed.
const PUTS: [&str; 3] = ["save", "bulkWrite", "bulk_write"];

/// Leaves out the changes to documents of a day, or of another time, that the program never puts there. Those that last
/// may be put there by others.
pub(super) fn leave_out(program: &Program<'_>, writes: &mut Vec<Write<'_>>) {
    let lost: Vec<bool> = writes.iter().map(|write| write.site.is_some_and(|site| needs_row(program, site))).collect();
    if !lost.contains(&true) || program.units.calls.iter().any(|info| is_named(&info.call.callee, &PUTS)) {
        return;
    }
    let putting: Vec<_> =
        writes.iter().filter(|write| write.site.is_some_and(|site| puts(program, site))).cloned().collect();
    let mut lost = lost.into_iter();
    writes.retain(|write| {
        lost.next() != Some(true) || putting.iter().any(|other| are_related(&write.subjects, &other.subjects))
    });
}

/// Whether a call counts in a document that it asks for by a time, and makes none.
fn needs_row(program: &Program<'_>, site: Site) -> bool {
    let call = program.units.calls[site.call].call;
    let [filter, change, ..] = call.arguments.as_slice() else { return false };
    let ExpressionKind::Object(entries) = &change.value.kind else { return false };
    if !entries.iter().any(|entry| entry.key.as_deref() == Some("$inc"))
        || call.arguments.iter().any(may_upsert)
        || compares(&filter.value)
        || operation(program, site) != Some(Operation::Set)
    {
        return false;
    }
    let slice = program.slice(&filter.value, site.frame);
    windows::of_parts(program, &slice.parts, &slice.sites).clock
}

/// Whether a condition asks for more than what is the same: a document that has lasted until now may be anybody's.
fn compares(filter: &Expression) -> bool {
    let mut found = false;
    walk(filter, &mut |each| {
        if let ExpressionKind::Object(entries) = &each.kind {
            found |= entries.iter().any(|entry| entry.key.as_deref().is_some_and(|key| key.starts_with('$')));
        }
    });
    found
}

/// Whether a call puts a document there.
fn puts(program: &Program<'_>, site: Site) -> bool {
    operation(program, site) == Some(Operation::Append)
        || program.units.calls[site.call].call.arguments.iter().any(may_upsert)
}

/// Whether an argument says that what is missing is made, or cannot be looked into.
fn may_upsert(argument: &Argument) -> bool {
    let is_on = |value: &Expression| !matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(false)));
    match (argument.name.as_deref(), &argument.value.kind) {
        (Some("upsert"), _) => is_on(&argument.value),
        (Some("**"), _) | (None, ExpressionKind::Spread(_)) => true,
        (None, ExpressionKind::Object(entries)) => entries.iter().any(|entry| match entry.key.as_deref() {
            Some(key) => key == "upsert" && is_on(&entry.value),
            None => true,
        }),
        _ => false,
    }
}

fn is_named(callee: &Expression, names: &[&str]) -> bool {
    matches!(&callee.kind, ExpressionKind::Member { name, .. } if names.contains(&name.as_str()))
}
