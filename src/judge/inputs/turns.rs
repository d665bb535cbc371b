//! Conversations that a loop holds: a list that is started before it and grows with each thing that somebody says to it.

use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site};
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
            let is_in_it =
                |call: &CallId| program.units.ancestors(program.units.calls[*call].node).any(|(id, _)| id == each.0);
            program.growth(name, unit).iter().any(|(call, _)| is_in_it(call))
                || program.units.units[unit]
                    .calls
                    .iter()
                    .any(|call| is_in_it(call) && is_grown_by(program, Site { call: *call, frame }, name))
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

/// Whether a call hands what goes by a name to a function of the program that puts something behind it:
/// `messages = assistant.next(messages, text)`.
fn is_grown_by(program: &Program<'_>, site: Site, name: &str) -> bool {
    let is_it = |given: &Expression| matches!(&given.kind, ExpressionKind::Name(own) if own == name);
    if !program.units.calls[site.call].call.arguments.iter().any(|argument| is_it(&argument.value)) {
        return false;
    }
    program.runs(site).iter().any(|inner| {
        let unit = program.unit_of_frame(*inner);
        let Some(function) = program.units.units[unit].function.filter(|_| program.frame(*inner).how == How::Call(site))
        else {
            return false;
        };
        function.parameters.iter().enumerate().any(|(index, parameter)| {
            let passed = program.passed_expression(function, index, site);
            matches!(&parameter.target.kind, ExpressionKind::Name(own) if passed.is_some_and(is_it) && grows(program, own, unit))
        })
    })
}

/// Whether a function puts something behind the list that goes by a name: `turns.append(turn)`, `turns += [turn]`.
fn grows(program: &Program<'_>, name: &str, unit: UnitId) -> bool {
    let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(own) if own == name);
    let mut assignments =
        program.units.units[unit].nodes.iter().filter_map(|node| program.units.nodes[*node].kind.assignment());
    !program.growth(name, unit).is_empty()
        || assignments.any(|each| is_it(&each.target) && each.operator.as_deref() == Some("+"))
}
