//! What is decided by how a function is called: `model()` of a `def model(other=False)` never comes behind
//! `if not other: return`.

use crate::link::Program;
use crate::link::units::{Binding, NodeId, NodeKind, UnitId};
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;

/// Tests within tests that are looked at.
const DEPTH: usize = 6;

impl<'m> Program<'m> {
    /// Whether a node is never reached in a frame, because of what its function is called with there.
    pub fn is_left_out(&self, node: NodeId, frame: FrameId) -> bool {
        if !matches!(self.frame(frame).how, How::Call(_)) {
            return false;
        }
        let info = &self.units.nodes[node];
        let is_around =
            self.decisions_around(node).into_iter().any(|(test, holds)| self.decided(test, frame, 0) == Some(!holds));
        is_around
            || self
                .gates_before(info.unit, node, info.span, frame)
                .iter()
                .any(|gate| gate.under.is_none() && self.decided(gate.test, frame, 0) == Some(gate.refuses_when))
    }

    /// Whether a function never gives a result, because of what it is called with in a frame.
    pub fn is_never_given(&self, result: &'m Expression, frame: FrameId) -> bool {
        let at = self.node_of_result(self.unit_of_frame(frame), result);
        at.is_some_and(|at| self.is_left_out(at, frame))
    }

    /// Whether what a function is called with decides a test: `limit is None or len(text) <= limit` without a limit.
    pub fn is_decided(&self, test: &'m Expression, frame: FrameId) -> bool {
        matches!(self.frame(frame).how, How::Call(_)) && self.decided(test, frame, 0).is_some()
    }

    /// What a test says of literals that a call passes, or of defaults where it passes none.
    fn decided(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let decided = |part: &'m Expression| self.decided(part, frame, depth + 1);
        match &test.kind {
            ExpressionKind::Name(_) => match self.literal_passed(test, frame)? {
                Literal::Boolean(given) => Some(*given),
                Literal::Null => Some(false),
                _ => None,
            },
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => decided(inner).map(|holds| !holds),
                ("and", parts) => parts.iter().any(|part| decided(part) == Some(false)).then_some(false),
                ("or", parts) => parts.iter().any(|part| decided(part) == Some(true)).then_some(true),
                ("==" | "is" | "!=" | "is not", [passed, other]) => {
                    let wanted = match &other.kind {
                        ExpressionKind::Literal(wanted) => wanted,
                        ExpressionKind::Name(name) if name == "undefined" => &Literal::Null,
                        _ => return None,
                    };
                    let is_it = self.literal_passed(passed, frame)? == wanted;
                    Some(is_it == matches!(operator.as_str(), "==" | "is"))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The literal that a parameter is given by the call which runs a frame.
    fn literal_passed(&self, name: &'m Expression, frame: FrameId) -> Option<&'m Literal> {
        let ExpressionKind::Name(name) = &name.kind else { return None };
        let here = self.frame(frame);
        let (How::Call(site), unit) = (here.how, &self.units.units[here.unit]) else { return None };
        let [Binding::Parameter { index, access }] = unit.names.get(name.as_str())?.as_slice() else { return None };
        let function = unit.function.filter(|_| access.is_empty())?;
        let call = self.units.calls[site.call].call;
        // What is spread may be given for it.
        let is_whole = call.arguments.iter().all(|argument| {
            argument.name.as_deref() != Some("**") && !matches!(argument.value.kind, ExpressionKind::Spread(_))
        });
        let parameter = function.parameters.get(*index)?;
        let passed = self.passed_from(function, *index, site).map(|(passed, _)| passed);
        match passed.or(parameter.default.as_ref().filter(|_| is_whole)).map(|passed| &passed.kind) {
            Some(ExpressionKind::Literal(literal)) => Some(literal),
            None if is_whole && parameter.kind == ParameterKind::Plain && self.is_called_by(site, here.unit) => {
                (self.modules[unit.module].language == Language::TypeScript).then_some(&Literal::Null)
            }
            _ => None,
        }
    }

    /// Whether a call runs a function itself, and not one that it is given: then what it leaves out is undefined, as with
    /// `clip(text)` of a `function clip(text: string, limit?: number)`.
    fn is_called_by(&self, site: Site, unit: UnitId) -> bool {
        let callees = self.values(&self.units.calls[site.call].call.callee, site.frame);
        callees.iter().any(|callee| matches!(callee, Value::Function { unit: called, .. } if *called == unit))
    }

    /// The tests around a node, with what they say where it runs.
    fn decisions_around(&self, node: NodeId) -> Vec<(&'m Expression, bool)> {
        let around = self.units.ancestors(node).filter_map(|(_, node)| match node.kind {
            NodeKind::Then(test) => Some((test, true)),
            NodeKind::Otherwise(test) => Some((test, false)),
            NodeKind::Branch { test, holds } => Some((test, holds)),
            _ => None,
        });
        around.collect()
    }
}
