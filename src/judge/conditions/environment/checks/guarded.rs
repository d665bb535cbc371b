//! What is passed on only where a test says that the variable is there: `if key: Client(key)`.

use crate::judge::conditions::environment::names::{Named, Variables};
use crate::link::flow::exit_of;
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::model::*;

/// Where something stands: its unit, the node of that which it is part of, and what it spans.
pub(in crate::judge::conditions::environment) type Place = (UnitId, NodeId, Span);

/// A test, and how it came out where something runs.
pub(in crate::judge::conditions::environment) type Outcome<'m> = (&'m Expression, bool);

impl<'m> Variables<'_, 'm> {
    /// Whether one of the calls through which a value came is made only where the variable is there.
    pub(super) fn is_passed_only_when_there(&self, named: &Named) -> bool {
        named.via.iter().any(|call| {
            let info = &self.program.units.calls[*call];
            self.runs_only_with(&named.name, (info.unit, info.node, info.call.span))
        })
    }

    /// Whether what stands at a place of a unit runs only where a variable is there.
    pub(in crate::judge::conditions::environment) fn runs_only_with(&self, name: &str, place: Place) -> bool {
        let frame = self.program.open_frame(place.0);
        let says_so = |(test, holds): &Outcome<'m>| self.holds_without(test, frame, name) == Some(!holds);
        self.tests_before(place).iter().any(says_so)
    }

    /// The tests that have come out before something runs, around it and in front of it.
    pub(in crate::judge::conditions::environment) fn tests_before(
        &self,
        (unit, node, span): Place,
    ) -> Vec<Outcome<'m>> {
        let units = &self.program.units;
        let mut tests: Vec<Outcome<'m>> = units
            .ancestors(node)
            .filter_map(|(_, node)| match node.kind {
                NodeKind::Then(test) => Some((test, true)),
                NodeKind::Otherwise(test) => Some((test, false)),
                NodeKind::Branch { test, holds } => Some((test, holds)),
                _ => None,
            })
            .collect();
        self.left_before(unit, span, &mut tests);
        tests
    }

    /// `if not key: return` in front of a place.
    fn left_before(&self, unit: UnitId, at: Span, tests: &mut Vec<Outcome<'m>>) {
        let mut block = match self.program.units.units[unit].function {
            Some(function) => Some(&function.body),
            None => Some(&self.program.modules[self.program.module_of(unit)].body),
        };
        while let Some(statements) = block.take() {
            for statement in statements {
                if statement.span.contains(at) {
                    block = block_around(statement, at);
                    break;
                }
                if let StatementKind::If { test, then, otherwise } = &statement.kind
                    && otherwise.is_empty()
                    && exit_of(then).is_some()
                {
                    tests.push((test, false));
                }
            }
        }
    }
}

/// The block of a statement that holds a place.
fn block_around(statement: &Statement, at: Span) -> Option<&Block> {
    let blocks: Vec<&Block> = match &statement.kind {
        StatementKind::If { then, otherwise, .. } => vec![then, otherwise],
        StatementKind::Loop(each) => vec![&each.body],
        StatementKind::Try(each) => {
            let mut all = vec![&each.body, &each.otherwise, &each.finally];
            all.extend(each.handlers.iter().map(|handler| &handler.body));
            all
        }
        StatementKind::With { body, .. } | StatementKind::Block(body) => vec![body],
        _ => Vec::new(),
    };
    blocks.into_iter().find(|block| block.iter().any(|statement| statement.span.contains(at)))
}
