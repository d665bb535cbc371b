//! Names under which something is cut, by an assignment or in place.

use crate::judge::inputs::changes::shortened;
use crate::judge::inputs::cuts::{is_cut_here, returns_a_cut, trims};
use crate::judge::inputs::windows::{self, Window};
use crate::judge::inputs::words::mentions;
use crate::link::flow::is_same_part;
use crate::link::units::{Binding, CallId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site};
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
            let window = windows::given_back(program, value, frame).filter(|_| is_given_to(value, name));
            let is_dead = dead.iter().any(|each| std::ptr::eq(*each, value));
            if is_dead || window.is_none() && !self.is_cut_of(value, name, frame, state) {
                continue;
            }
            let tests = program.tests_around(*node);
            if tests.iter().all(|test| crate::judge::inputs::measures::compares_length(program, test, frame)) {
                self.cut(state);
                state.text |= window == Some(Window::Text);
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

    /// What a function has put into a part of what it is given, where that part is read: `body.text = body.text[:2000]`.
    pub(super) fn put_into_parameter(&self, part: &'m Expression, frame: FrameId) -> Option<&'m Expression> {
        let program = self.program();
        let unit = program.unit_of_frame(frame);
        is_of_parameter(program, root_of(part)?, unit).then(|| program.put_before(unit, part)).flatten()
    }

    /// Whether a part of what a function is given is cut there before it is read: under a test of its length, or by a
    /// function that it is handed to (`trim(body)`, which does `body.turns = body.turns[-20:]`).
    pub(super) fn is_part_cut(&self, part: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let unit = program.unit_of_frame(frame);
        let (Some(root), ExpressionKind::Member { name, .. }) = (root_of(part), &part.kind) else { return false };
        if !is_of_parameter(program, root, unit) {
            return false;
        }
        if self.cuts_part(unit, frame, part) {
            return true;
        }
        program.units.units[unit].calls.iter().any(|call| {
            let info = &program.units.calls[*call];
            let is_given =
                |argument: &Argument| matches!(&argument.value.kind, ExpressionKind::Name(own) if own == root);
            info.call.span.end <= part.span.start
                && info.call.arguments.iter().any(is_given)
                && self.hands_to_cut(Site { call: *call, frame }, root, name)
        })
    }

    /// Whether a function that a call runs cuts a part of what it is given there.
    fn hands_to_cut(&self, site: Site, root: &str, name: &str) -> bool {
        let program = self.program();
        program.runs(site).iter().any(|inner| {
            let unit = program.unit_of_frame(*inner);
            let Some(function) =
                program.units.units[unit].function.filter(|_| program.frame(*inner).how == How::Call(site))
            else {
                return false;
            };
            function.parameters.iter().enumerate().any(|(index, parameter)| {
                let passed = program.passed_expression(function, index, site);
                let is_it =
                    passed.is_some_and(|passed| matches!(&passed.kind, ExpressionKind::Name(own) if own == root));
                let ExpressionKind::Name(own) = &parameter.target.kind else { return false };
                is_it
                    && program.units.units[unit].nodes.iter().any(|node| {
                        let Some(each) = program.units.nodes[*node].kind.assignment() else { return false };
                        let is_part = matches!(&each.target.kind, ExpressionKind::Member { object, name: put }
                            if put == name && matches!(&object.kind, ExpressionKind::Name(holder) if holder == own));
                        is_part && self.is_cut_put(*node, each, *inner)
                    })
            })
        })
    }

    /// Whether a unit cuts a part before it is read, under tests of lengths.
    fn cuts_part(&self, unit: UnitId, frame: FrameId, part: &'m Expression) -> bool {
        let program = self.program();
        program.units.units[unit].nodes.iter().any(|node| {
            let Some(each) = program.units.nodes[*node].kind.assignment() else { return false };
            program.units.nodes[*node].span.end <= part.span.start
                && is_same_part(&each.target, part, 0)
                && self.is_cut_put(*node, each, frame)
        })
    }

    /// `body.turns = body.turns[-20:]`, whatever is written before the part; tests of lengths may decide whether.
    fn is_cut_put(&self, node: NodeId, each: &'m Assignment, frame: FrameId) -> bool {
        let program = self.program();
        let Some(value) = each.value.as_ref().filter(|_| each.operator.is_none()) else { return false };
        let is_cut = match &value.kind {
            ExpressionKind::Slice { object, .. } => {
                is_same_part(object, &each.target, 0) && is_cut_here(program, value, frame)
            }
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Member { object, .. } => {
                    is_same_part(object, &each.target, 0) && is_cut_here(program, value, frame)
                }
                _ => false,
            },
            _ => false,
        };
        is_cut
            && program
                .tests_around(node)
                .iter()
                .all(|test| crate::judge::inputs::measures::compares_length(program, test, frame))
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

/// Whether a call is given what goes by a name.
fn is_given_to(value: &Expression, name: &str) -> bool {
    match &value.kind {
        ExpressionKind::Call(call) => call.arguments.iter().any(|argument| mentions(&argument.value, name)),
        _ => false,
    }
}

/// The name that a part is taken from: `body` of `body.message.text`.
fn root_of(part: &Expression) -> Option<&str> {
    let mut at = part;
    while let ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } = &at.kind {
        at = object;
    }
    match &at.kind {
        ExpressionKind::Name(name) if !std::ptr::eq(at, part) => Some(name),
        _ => None,
    }
}

/// Whether a name is that of something that a function is given, and nothing else there; `self` is what it works on.
fn is_of_parameter(program: &Program<'_>, name: &str, unit: UnitId) -> bool {
    let bindings = program.units.units[unit].names.get(name).map(Vec::as_slice);
    name != "self" && matches!(bindings, Some([Binding::Parameter { access, .. }]) if access.is_empty())
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
