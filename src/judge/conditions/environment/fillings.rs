//! What is made of a variable where it is used, not where it is read: the defaults of `const model = process.env.MODEL`
//! and `model || "small"` wherever it is asked for; and that it is only tested.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::units::{ModuleId, UnitId};
use crate::model::{Call, Expression, ExpressionKind, Parameter, Span};

use super::alternatives::Alternative;
use super::meanings::is_needed;
use super::names::{Named, Variables};
use super::reads::{Filled, Read, Use};

/// A name where it is used.
#[derive(Debug)]
struct Stand<'m> {
    expression: &'m Expression,
    name: &'m str,
    unit: UnitId,
    /// What is taken when it holds nothing.
    alternatives: Vec<(&'m Expression, UnitId)>,
    /// The name that it is given.
    bound: Option<&'m str>,
    /// Only compared or tested.
    tested: bool,
    given_to: Option<&'m Call>,
}

/// Where names are used: those that something stands in for, or all uses of certain names.
#[derive(Debug)]
pub(super) struct Stands<'m> {
    watched: Option<BTreeSet<&'m str>>,
    /// Whether tests are uses too, and what only hands on.
    every: bool,
    all: Vec<Stand<'m>>,
}

impl<'m> Stands<'m> {
    /// Those that something stands in for.
    pub(super) fn with_alternatives() -> Self {
        Stands { watched: None, every: false, all: Vec::new() }
    }

    /// All uses of these names that need them and do not only hand them on under another one of them.
    pub(super) fn of(names: BTreeSet<&'m str>) -> Self {
        Stands { watched: Some(names), every: false, all: Vec::new() }
    }

    /// All uses of these names, whatever they are.
    pub(super) fn every(names: BTreeSet<&'m str>) -> Self {
        Stands { watched: Some(names), every: true, all: Vec::new() }
    }

    pub(super) fn watches(&self, name: &str) -> bool {
        self.watched.as_ref().is_some_and(|names| names.contains(name))
    }

    pub(super) fn note(&mut self, expression: &'m Expression, name: &'m str, unit: UnitId, used: &Use<'m>) {
        let is_asked_for = match &self.watched {
            None => !used.alternatives.is_empty(),
            Some(names) if self.every => names.contains(name),
            Some(names) => {
                let is_handed_on = used.bound.is_some_and(|bound| names.contains(bound));
                names.contains(name) && !used.tested && !used.forgiven && !is_handed_on
            }
        };
        if is_asked_for {
            let (alternatives, bound) = (used.alternatives.clone(), used.bound);
            let (tested, given_to) = (used.tested, used.given_to);
            self.all.push(Stand { expression, name, unit, alternatives, bound, tested, given_to });
        }
    }
}

/// A use of something that is watched.
pub(super) struct Used<'m> {
    pub(super) name: &'m str,
    pub(super) span: Span,
    pub(super) unit: UnitId,
    /// The variables that are used here.
    pub(super) held: Vec<Named>,
    /// The call that it is given to, perhaps within an object, a list or a text.
    pub(super) given_to: Option<&'m Call>,
}

impl<'m> Stands<'m> {
    /// The uses that do more than to ask whether something is there.
    pub(super) fn needing(&self, variables: &Variables<'_, 'm>) -> Vec<Used<'m>> {
        let used = self.all.iter().filter(|stand| !stand.tested);
        let seen = |stand: &Stand<'m>| Used {
            name: stand.name,
            span: stand.expression.span,
            unit: stand.unit,
            held: stand.held(variables),
            given_to: stand.given_to,
        };
        used.map(seen).collect()
    }
}

impl<'m> Stand<'m> {
    /// The variables that are used here.
    fn held(&self, variables: &Variables<'_, 'm>) -> Vec<Named> {
        variables.held(self.expression, variables.program.open_frame(self.unit))
    }

    /// Whether something stands in for it when it is missing.
    fn is_filled(&self, variables: &Variables<'_, 'm>, named: &Named) -> bool {
        self.alternatives.iter().any(|(expression, unit)| {
            let frame = variables.program.open_frame(*unit);
            variables.alternative(expression, frame, named, 0) == Alternative::Something
        })
    }

    /// Whether it is a parameter of its own function, which may be given what has another name elsewhere.
    fn is_parameter(&self, variables: &Variables<'_, 'm>) -> bool {
        let function = variables.program.units.units[self.unit].function;
        let is_it =
            |parameter: &Parameter| matches!(&parameter.target.kind, ExpressionKind::Name(name) if name == self.name);
        function.is_some_and(|function| function.parameters.iter().any(is_it))
    }

    /// `model = model or "small"`: behind it the name holds something.
    fn replaces(&self, other: &Stand<'m>) -> bool {
        self.bound == Some(self.name) && self.name == other.name && self.unit == other.unit
    }
}

/// Gives reads the default that every use of what they are kept in has; `uses` finds all uses of certain names.
pub(super) fn fill<'m>(
    variables: &Variables<'_, 'm>,
    reads: &mut [Read<'m>],
    stands: &Stands<'m>,
    uses: impl Fn(Stands<'m>) -> Stands<'m>,
) {
    let is_open = |read: &Read<'_>| {
        let is_missed = !read.raises && !read.breaks && !read.tested;
        is_missed && read.default != Some(Filled::Something)
    };
    let names: BTreeSet<&str> = reads.iter().filter(|read| is_open(read)).filter_map(|read| read.bound).collect();
    if names.is_empty() {
        return;
    }
    let may_hold = |stand: &&Stand<'m>| names.contains(stand.name) || stand.is_parameter(variables);
    let held: Vec<(&Stand<'m>, Vec<Named>)> =
        stands.all.iter().filter(may_hold).map(|stand| (stand, stand.held(variables))).collect();
    for read in reads.iter_mut().filter(|read| is_open(read)) {
        let Some(bound) = read.bound else { continue };
        let holds = |held: &[Named]| held.iter().any(|named| is_read_by(named, read));
        let filled: Vec<&Stand<'m>> = held
            .iter()
            .filter(|(stand, held)| holds(held) && stand.is_filled(variables, &read.named))
            .map(|(stand, _)| *stand)
            .collect();
        if filled.is_empty() {
            continue;
        }
        let names = filled.iter().map(|stand| stand.name).chain([bound]).collect();
        let is_bare = |stand: &Stand<'m>| {
            !stand.is_filled(variables, &read.named)
                && !filled.iter().any(|other| other.replaces(stand))
                && holds(&stand.held(variables))
        };
        if !uses(Stands::of(names)).all.iter().any(is_bare) {
            read.default = Some(Filled::Something);
        }
    }
}

/// Notes the reads whose value a function keeps for itself under a name, and only tests there: `const key =
/// process.env.KEY; return { mail: !!key }`.
pub(super) fn note_tests<'m>(
    variables: &Variables<'_, 'm>,
    reads: &mut [Read<'m>],
    uses: impl Fn(Stands<'m>) -> Stands<'m>,
) {
    let units = &variables.program.units.units;
    let is_local = |read: &Read<'m>| {
        let is_missed =
            !read.raises && !read.breaks && !read.tested && read.default.is_none() && is_needed(&read.named.name);
        let is_bound = |name: &str| units[read.unit].function.is_some() && units[read.unit].names.contains_key(name);
        read.bound.filter(|name| is_missed && is_bound(name))
    };
    let places: BTreeSet<(&str, ModuleId)> =
        reads.iter().filter_map(|read| Some((is_local(read)?, read.module))).collect();
    if places.is_empty() {
        return;
    }
    let of_unit = |unit: UnitId| variables.program.module_of(unit);
    let stands = uses(Stands::every(places.iter().map(|(name, _)| *name).collect())).all;
    let mut held: BTreeMap<(&str, ModuleId), Vec<_>> = BTreeMap::new();
    for stand in stands.iter().filter(|stand| places.contains(&(stand.name, of_unit(stand.unit)))) {
        held.entry((stand.name, of_unit(stand.unit))).or_default().push((stand, stand.held(variables)));
    }
    for read in reads.iter_mut() {
        let Some(bound) = is_local(read) else { continue };
        let is_its = |held: &Vec<Named>| held.is_empty() || held.iter().any(|named| is_read_by(named, read));
        let all = held.get(&(bound, read.module)).into_iter().flatten();
        let mut own = all.filter(|(_, held)| is_its(held)).peekable();
        read.tested = own.peek().is_some() && own.all(|(stand, _)| stand.tested);
    }
}

/// Whether what an expression holds is what a read reads.
pub(super) fn is_read_by(named: &Named, read: &Read<'_>) -> bool {
    named.name == read.named.name && (named.place.is_none() || named.place == read.named.place)
}
