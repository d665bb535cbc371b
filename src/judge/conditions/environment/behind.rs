//! Constants that are used only where a test says that their variable is there, under whatever name it is asked for:
//! `COLUMN = os.environ.get("COLUMN")` in a function that is called behind `if settings.column`. So are reads in functions that
//! are called only there.

use std::collections::BTreeSet;

use crate::link::units::UnitId;
use crate::model::Span;

use super::fillings::{Stands, Used, is_read_by};
use super::meanings::is_needed;
use super::names::Variables;
use super::reads::Read;

/// Callers of callers that are looked at.
pub(super) const CALLERS: usize = 3;

/// Notes the reads that a module keeps as a constant whose every use runs only where the variable is there; `uses` finds
/// all uses of certain names.
pub(super) fn note<'m>(variables: &Variables<'_, 'm>, reads: &mut [Read<'m>], uses: impl Fn(Stands<'m>) -> Stands<'m>) {
    let units = &variables.program.units.units;
    let constant = |read: &Read<'m>| {
        let is_missed = !read.raises && !read.breaks && !read.tested && read.default.is_none();
        let is_kept = |name: &&str| units[read.unit].function.is_none() && units[read.unit].names.contains_key(name);
        read.bound.filter(|name| is_missed && is_needed(&read.named.name) && is_kept(name))
    };
    let names: BTreeSet<&str> = reads.iter().filter_map(constant).collect();
    if names.is_empty() {
        return;
    }
    let used: Vec<Used<'m>> = uses(Stands::every(names)).needing(variables);
    for read in reads.iter_mut() {
        let Some(name) = constant(read) else { continue };
        let is_its = |used: &&Used<'m>| used.name == name && used.held.iter().any(|named| is_read_by(named, read));
        let mut own = used.iter().filter(is_its).peekable();
        read.tested = own.peek().is_some()
            && own.all(|used| runs_only_with(variables, &read.named.name, (used.unit, used.span), CALLERS));
    }
}

/// Notes the reads in functions that are called only where the variable is there: `Translator() if os.getenv("TOKEN") else None`.
pub(super) fn note_called(variables: &Variables<'_, '_>, reads: &mut [Read<'_>]) {
    let units = &variables.program.units;
    for read in reads {
        let is_own = read.named.via.is_empty() && read.default.is_none() && !read.tested;
        let runs_for_others = units.units[read.unit].function.is_none_or(|function| !function.decorators.is_empty());
        if is_own
            && !runs_for_others
            && is_needed(&read.named.name)
            && runs_only_with(variables, &read.named.name, (read.unit, read.span), CALLERS)
        {
            (read.tested, read.there, read.raises, read.breaks) = (true, true, false, false);
        }
    }
}

/// Whether what stands at a place of a unit runs only where a variable is there: behind a test of it, or in a function that
/// is only called there.
pub(super) fn runs_only_with(
    variables: &Variables<'_, '_>,
    name: &str,
    (unit, span): (UnitId, Span),
    depth: usize,
) -> bool {
    let units = &variables.program.units;
    let node = units.units[unit].nodes.iter().copied().rfind(|node| units.nodes[*node].span.contains(span));
    if node.is_some_and(|node| variables.runs_only_with(name, (unit, node, span))) {
        return true;
    }
    let callers = variables.program.callers_of(unit);
    depth > 0
        && units.units[unit].function.is_some()
        && !callers.is_empty()
        && callers.iter().all(|caller| {
            let info = &units.calls[caller.call];
            runs_only_with(variables, name, (info.unit, info.call.span), depth - 1)
        })
}
