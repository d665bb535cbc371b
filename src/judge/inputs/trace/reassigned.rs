//! Names under which something is cut, by an assignment or in place.

use crate::judge::inputs::changes::shortened;
use crate::judge::inputs::cuts::{is_cut_here, returns_a_cut, trims};
use crate::judge::inputs::windows;
use crate::judge::inputs::words::mentions;
use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::*;

use super::{State, Trace};

impl<'m> Trace<'_, '_, '_, 'm> {
    /// `text = text[:4000]`, `if (turns.length > 20) turns = turns.slice(-20)`, `turns.splice(0, 5)`: what goes by a name
    /// is cut under that name.
    /// `dead` are the values that the name does not hold where it is read; `read` is that place, where it is in the same
    /// function.
    pub(super) fn reassigned(
        &self,
        name: &'m str,
        (unit, frame): (UnitId, FrameId),
        dead: &[&'m Expression],
        read: Option<Span>,
        state: &mut State<'m>,
    ) {
        let program = self.program();
        let info = &program.units.units[unit];
        for node in &info.nodes {
            let Some(assignment) = program.units.nodes[*node].kind.assignment() else { continue };
            // `turns[:-4] = [summary]`
            if let Some(list) = shortened(assignment)
                && matches!(&list.kind, ExpressionKind::Name(target) if target == name)
                && read.is_none_or(|read| !comes_later(program, *node, read))
            {
                self.cut(state);
                continue;
            }
            let is_own = matches!(&assignment.target.kind, ExpressionKind::Name(target) if target == name);
            let Some(value) = assignment.value.as_ref().filter(|_| is_own) else { continue };
            if dead.iter().any(|each| std::ptr::eq(*each, value)) || !self.is_cut_of(value, name, frame, state) {
                continue;
            }
            let tests = program.tests_around(*node);
            if tests.iter().all(|test| crate::judge::inputs::measures::compares_length(program, test, frame)) {
                self.cut(state);
            }
        }
        let mut in_place = info.calls.iter().filter(|id| {
            let call = program.units.calls[**id].call;
            match &call.callee.kind {
                ExpressionKind::Member { object, .. } => {
                    matches!(&object.kind, ExpressionKind::Name(holder) if holder == name)
                        && windows::cuts(program, **id, frame)
                }
                ExpressionKind::Name(called) => {
                    called == "del" && call.arguments.iter().any(|argument| mentions(&argument.value, name))
                }
                _ => false,
            }
        });
        if let Some(first) = in_place.next() {
            self.cut(state);
            let is_within = |call: CallId| match &program.units.calls[call].call.callee.kind {
                ExpressionKind::Member { object, .. } => windows::empties(program, call, object, frame),
                _ => false,
            };
            state.text |= is_within(*first) || in_place.any(|call| is_within(*call));
        }
    }

    /// Whether a value is a cut of what goes by a name: a slice, a method that cuts, a library's trimming.
    fn is_cut_of(&self, value: &'m Expression, name: &str, frame: FrameId, state: &State<'m>) -> bool {
        let program = self.program();
        match &value.kind {
            ExpressionKind::Slice { object, .. } => mentions(object, name) && is_cut_here(program, value, frame),
            ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => self.is_cut_of(inner, name, frame, state),
            ExpressionKind::List(items) => items.iter().any(|item| self.is_cut_of(item, name, frame, state)),
            ExpressionKind::Operator { operator, operands } if operator == "+" => {
                let is_cut = |operand: &'m Expression| self.is_cut_of(operand, name, frame, state);
                // In one text what is put behind a cut part may be of any length.
                let in_text = state.in_content && !state.items;
                let is_free = |operand: &'m Expression| in_text && self.is_given(operand, frame);
                operands.iter().any(is_cut)
                    && operands.iter().all(|each| is_cut(each) || !mentions(each, name) && !is_free(each))
            }
            ExpressionKind::Call(call) => {
                let about_it = mentions(&call.callee, name)
                    || call.arguments.iter().any(|argument| mentions(&argument.value, name));
                let is_trimmed =
                    || program.units.call_id(call).is_some_and(|id| trims(program, Site { call: id, frame }));
                about_it
                    && (is_cut_here(program, value, frame) || returns_a_cut(program, value, frame, 0) || is_trimmed())
            }
            _ => false,
        }
    }

    /// Whether an expression is made of what a function is given, or of the request.
    fn is_given(&self, expression: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let slice = program.slice(expression, frame);
        let is_request = |(part, frame): &(&'m Expression, FrameId)| {
            program
                .values(part, *frame)
                .iter()
                .filter_map(|value| value.path())
                .any(|path| self.inputs.is_request(path))
        };
        !slice.parameters.is_empty() || slice.parts.iter().any(is_request)
    }
}

/// Whether a statement stands behind a place, and no loop leads from there to it.
fn comes_later(program: &Program<'_>, node: NodeId, read: Span) -> bool {
    let units = &program.units;
    let is_repeated = units.ancestors(node).any(|(_, each)| match each.kind {
        NodeKind::Loop(_) => each.span.contains(read),
        _ => false,
    });
    units.nodes[node].span.start >= read.end && !is_repeated
}
