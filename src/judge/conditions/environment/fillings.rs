//! Defaults that stand where a variable is used, not where it is read: `const model = process.env.MODEL`, and
//! `model || "small"` wherever it is asked for.

use std::collections::BTreeSet;

use crate::link::units::UnitId;
use crate::model::{Expression, ExpressionKind, Parameter};

use super::alternatives::Alternative;
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
}

/// Where names are used: those that something stands in for, or all uses of certain names.
#[derive(Debug)]
pub(super) struct Stands<'m> {
    watched: Option<BTreeSet<&'m str>>,
    all: Vec<Stand<'m>>,
}

impl<'m> Stands<'m> {
    /// Those that something stands in for.
    pub(super) fn with_alternatives() -> Self {
        Stands { watched: None, all: Vec::new() }
    }

    /// All uses of these names that need them and do not only hand them on under another one of them.
    pub(super) fn of(names: BTreeSet<&'m str>) -> Self {
        Stands { watched: Some(names), all: Vec::new() }
    }

    pub(super) fn watches(&self, name: &str) -> bool {
        self.watched.as_ref().is_some_and(|names| names.contains(name))
    }

    pub(super) fn note(&mut self, expression: &'m Expression, name: &'m str, unit: UnitId, used: &Use<'m>) {
        let is_asked_for = match &self.watched {
            None => !used.alternatives.is_empty(),
            Some(names) => {
                let is_handed_on = used.bound.is_some_and(|bound| names.contains(bound));
                names.contains(name) && !used.tested && !used.forgiven && !is_handed_on
            }
        };
        if is_asked_for {
            let (alternatives, bound) = (used.alternatives.clone(), used.bound);
            self.all.push(Stand { expression, name, unit, alternatives, bound });
        }
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
    uses: impl Fn(BTreeSet<&'m str>) -> Stands<'m>,
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
        if !uses(names).all.iter().any(is_bare) {
            read.default = Some(Filled::Something);
        }
    }
}

/// Whether what an expression holds is what a read reads.
fn is_read_by(named: &Named, read: &Read<'_>) -> bool {
    named.name == read.named.name && (named.place.is_none() || named.place == read.named.place)
}
