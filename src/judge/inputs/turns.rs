//! Conversations that a loop holds: a list that is started before it and grows with each thing that somebody says to it.

use crate::link::FrameId;
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::model::{Call, Expression, ExpressionKind, Loop};

use super::super::conditions::fallback::{walk, walk_statement};
use super::kept::{is_trimmed, starts_empty};
use super::same::{Alias, Same};
use super::trace::{State, Trace};

/// What asks a person for the next turn: on a terminal, on a socket. A pass that does not ask is a step of a tool loop.
const ASKS: [&str; 10] = [
    "input",
    "prompt",
    "question",
    "readline",
    "read_line",
    "receive_text",
    "receive_json",
    "iter_text",
    "iter_json",
    "recv",
];

impl<'m> Trace<'_, '_, '_, 'm> {
    /// `messages = [START]`, then `while True: messages.append(input()); ask(messages)`: what a function's name holds from
    /// turn to turn of its loop.
    pub(super) fn kept_in_loop(
        &mut self,
        expression: &'m Expression,
        initial: &'m Expression,
        name: &'m str,
        (unit, frame): (UnitId, FrameId),
        state: &State<'m>,
    ) {
        let program = self.program();
        let grows_in = |each: &(NodeId, &'m Loop)| {
            program
                .growth(name, unit)
                .iter()
                .any(|(call, _)| program.units.ancestors(program.units.calls[*call].node).any(|(id, _)| id == each.0))
        };
        let is_list = matches!(initial.kind, ExpressionKind::List(_)) || starts_empty(initial);
        let holds = is_list
            && self.turns(unit).into_iter().any(|each| {
                let span = program.units.nodes[each.0].span;
                span.contains(expression.span) && !span.contains(initial.span) && grows_in(&each)
            });
        if !holds || program.unit_of_frame(frame) != unit {
            return;
        }
        let own: Vec<Alias<'m>> = state.aliases.last().into_iter().copied().collect();
        let bounded = is_trimmed(&Same::new(self.inputs, &own));
        self.add_kept(expression, name, frame, (None, bounded), state);
    }

    /// The loops of a unit that ask a person for something in each pass.
    fn turns(&self, unit: UnitId) -> Vec<(NodeId, &'m Loop)> {
        let units = &self.program().units;
        let loops = units.units[unit].nodes.iter().filter_map(|node| match units.nodes[*node].kind {
            NodeKind::Loop(each) => Some((*node, each)),
            _ => None,
        });
        loops.filter(|(_, each)| self.asks(each, unit)).collect()
    }

    /// Whether a person is asked in a loop. A model that is asked by a method of such a name (`model.prompt(..)`) is no
    /// person.
    fn asks(&self, each: &Loop, unit: UnitId) -> bool {
        let program = self.program();
        let asks_a_model = |call: &Call| {
            let mut calls = program.units.units[unit].calls.iter();
            let found = calls.find(|id| std::ptr::eq(program.units.calls[**id].call, call));
            found.is_some_and(|id| self.inputs.case.external_at(*id).is_some())
        };
        let mut found = false;
        let mut look = |expression: &Expression| {
            if let ExpressionKind::Call(call) = &expression.kind
                && let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &call.callee.kind
            {
                found |= ASKS.contains(&name.as_str()) && !asks_a_model(call);
            }
        };
        each.over.iter().for_each(|over| walk(over, &mut look));
        each.body.iter().for_each(|statement| walk_statement(statement, &mut look));
        found
    }
}
