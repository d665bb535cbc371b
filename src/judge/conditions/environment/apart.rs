//! Tests that stand apart from a use: what a health route or a page asks of a variable says nothing of the route that hands it
//! to a client.

use std::collections::BTreeSet;

use crate::link::Site;
use crate::link::entries::{Entry, frame_of};
use crate::link::units::UnitId;
use crate::model::{Call, Language, Span};
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::behind::{CALLERS, runs_only_with};
use super::checks::Checks;
use super::fillings::{Used, is_read_by};
use super::meanings::is_needed;
use super::names::Variables;
use super::reads::{self, Read};

/// A use that sends something out of the program: its unit, its place, and the call that it is given to.
type Sent<'m> = (UnitId, Span, &'m Call);

/// Notes the reads whose value is sent on a way on which no test of it lies, although tests of it stand elsewhere.
pub(super) fn note<'m>(case: &Case<'_, 'm>, variables: &Variables<'_, 'm>, checks: &Checks, all: &mut [Read<'m>]) {
    let tests: Vec<Option<Vec<UnitId>>> = all.iter().map(|read| tests_of(case, checks, read)).collect();
    let asked = all.iter().zip(&tests).filter(|(_, tests)| tests.is_some());
    let names: BTreeSet<&str> = asked.filter_map(|(read, _)| constant(variables, read)).collect();
    let used = match names.is_empty() {
        true => Vec::new(),
        false => reads::uses(variables, names).needing(variables),
    };
    for (read, tests) in all.iter_mut().zip(tests) {
        let Some(tests) = tests else { continue };
        let name = read.named.name.as_str();
        read.untested = sent(variables, read, &used).into_iter().any(|(unit, span, call)| {
            leaves(case, unit, call)
                && !runs_only_with(variables, name, (unit, span), CALLERS)
                && is_apart(case, &tests, unit)
        });
    }
}

/// The units of the tests by which code does without what is read; none where that does not hang on them alone, as with a
/// test that runs while the application starts.
fn tests_of(case: &Case<'_, '_>, checks: &Checks, read: &Read<'_>) -> Option<Vec<UnitId>> {
    let is_rust = case.program.modules[read.module].language == Language::Rust;
    if read.tested || read.raises || read.breaks || read.default.is_some() || is_rust || !is_needed(&read.named.name) {
        return None;
    }
    let tests: Option<Vec<UnitId>> = checks.done_without(&read.named.name, read.module).collect();
    tests.filter(|tests| !tests.is_empty() && !tests.iter().any(|test| runs_at_start(case, *test)))
}

fn runs_at_start(case: &Case<'_, '_>, unit: UnitId) -> bool {
    case.program.units.units[unit].function.is_none() || !case.starts_in(unit).is_empty()
}

/// The name under which a module keeps what is read.
fn constant<'m>(variables: &Variables<'_, 'm>, read: &Read<'m>) -> Option<&'m str> {
    read.bound.filter(|_| variables.program.units.units[read.unit].function.is_none())
}

/// Where what is read is given to a call: as it is read, or by the name under which its module keeps it.
fn sent<'m>(variables: &Variables<'_, 'm>, read: &Read<'m>, used: &[Used<'m>]) -> Vec<Sent<'m>> {
    let mut all: Vec<Sent<'m>> = read.given_to.map(|call| (read.unit, read.span, call)).into_iter().collect();
    if let Some(name) = constant(variables, read) {
        let own = used.iter().filter(|used| used.name == name && used.held.iter().any(|named| is_read_by(named, read)));
        all.extend(own.filter_map(|used| Some((used.unit, used.span, used.given_to?))));
    }
    all
}

/// Whether a call makes a client, or leaves the process.
fn leaves(case: &Case<'_, '_>, unit: UnitId, call: &Call) -> bool {
    let program = case.program;
    let Some(call) = program.units.call_id(call) else { return false };
    let paths = program.callee_paths(Site { call, frame: program.open_frame(unit) });
    paths.iter().any(|path| [Kind::Client, Kind::Call, Kind::Http].iter().any(|kind| program.is_a(path, *kind)))
}

/// Whether something comes to a use on which none of these tests lies.
fn is_apart(case: &Case<'_, '_>, tests: &[UnitId], user: UnitId) -> bool {
    if tests.iter().any(|test| is_within(case, *test, user) || is_within(case, user, *test)) {
        return false;
    }
    let ways = ways_to(case, user);
    if ways.is_empty() {
        // What is made while the application starts is used by whoever asks something of it.
        let asks_nothing = |entry: &usize| {
            !case.externals().iter().any(|external| external.reached.iter().any(|(reached, _)| reached == entry))
        };
        return runs_at_start(case, user)
            && tests.iter().all(|test| {
                let mut ways = ways_to(case, *test).into_iter().peekable();
                ways.peek().is_some() && ways.all(|entry| asks_nothing(&entry))
            });
    }
    let is_known = |test: &UnitId| is_component(case, *test) || !ways_to(case, *test).is_empty();
    tests.iter().all(is_known) && ways.into_iter().any(|entry| !tests.iter().any(|test| lies_on(case, entry, *test)))
}

/// Whether a function stands within another, or is that.
fn is_within(case: &Case<'_, '_>, inner: UnitId, outer: UnitId) -> bool {
    let units = &case.program.units.units;
    let mut around = std::iter::successors(Some(inner), |unit| units[*unit].parent);
    around.any(|unit| unit == outer)
}

/// The entry points on whose ways a function runs.
fn ways_to(case: &Case<'_, '_>, unit: UnitId) -> Vec<usize> {
    (0..case.entries.entries.len()).filter(|entry| runs_for(case, *entry, unit)).collect()
}

/// Whether a function runs for an entry point: behind its handler, or in front of that.
fn runs_for(case: &Case<'_, '_>, entry: usize, unit: UnitId) -> bool {
    let links = case.entries.entries[entry].chains.iter().flatten();
    let in_front = || links.filter_map(|link| frame_of(case.program, &link.value));
    case.reaches[entry].has_unit(unit) || in_front().any(|frame| case.guards.reach(frame).has_unit(unit))
}

/// Whether a test lies on the way of an entry point: what is shown around a page, or made ready for it, may test for it.
fn lies_on(case: &Case<'_, '_>, entry: usize, test: UnitId) -> bool {
    let is_of_pages = |entry: &Entry<'_>| entry.is_page || entry.is_action();
    runs_for(case, entry, test) || is_of_pages(&case.entries.entries[entry]) && is_component(case, test)
}

/// Whether a function makes a part of a page: by its name that begins with a capital letter no other is called.
fn is_component(case: &Case<'_, '_>, unit: UnitId) -> bool {
    let info = &case.program.units.units[unit];
    case.program.modules[info.module].language == Language::TypeScript
        && info.function.is_some_and(|function| function.name.starts_with(|first: char| first.is_ascii_uppercase()))
        && info.parent == Some(case.program.units.bodies[info.module])
}
