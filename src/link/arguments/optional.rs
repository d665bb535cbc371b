//! What options hold only on demand: `if body.short: options["max_tokens"] = 100`.

use crate::link::Program;
use crate::link::units::NodeKind;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;

/// Parts of one test that are looked at.
const DEPTH: usize = 6;

impl<'m> Program<'m> {
    /// Whether a value is put among the options of a call only under a condition that does not hold unless somebody asks
    /// for it: what is asked there is nothing by default.
    pub(super) fn is_put_on_demand(&self, value: &'m Expression, site: Site) -> bool {
        let Some(node) = self.units.assigned_at.get(&(std::ptr::from_ref(value) as usize)) else { return false };
        let info = &self.units.calls[site.call];
        if self.units.nodes.get(*node).is_none_or(|node| node.unit != info.unit) {
            return false;
        }
        let around: Vec<_> = self.units.ancestors(info.node).map(|(id, _)| id).collect();
        self.units.ancestors(*node).any(|(id, each)| match each.kind {
            NodeKind::Then(test) => !around.contains(&id) && self.is_unasked(test, site.frame, 0),
            _ => false,
        })
    }

    /// Whether a test does not hold by default.
    fn is_unasked(&self, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("and", parts) => parts.iter().any(|part| self.is_unasked(part, frame, depth + 1)),
                ("or", parts) => parts.iter().all(|part| self.is_unasked(part, frame, depth + 1)),
                ("is not" | "!=", [asked, nothing]) if is_null(nothing) => self.is_nothing_by_default(asked, frame),
                _ => false,
            },
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => self.is_nothing_by_default(test, frame),
            _ => false,
        }
    }

    /// Whether something is null or false unless it is given.
    fn is_nothing_by_default(&self, asked: &'m Expression, frame: FrameId) -> bool {
        let is_nothing = |value: &Value<'m>| match value {
            Value::Data { expression, .. } => is_no(expression.0),
            // What a framework fills from the request is its default where the request does not name it.
            Value::Parameter { unit, index, .. } => {
                let parameter = self.units.units[*unit].function.and_then(|function| function.parameters.get(*index));
                parameter.and_then(|parameter| parameter.default.as_ref()).is_some_and(is_no)
            }
            _ => false,
        };
        let values = self.values(asked, frame);
        !values.is_empty() && values.iter().all(is_nothing)
    }
}

fn is_null(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null))
}

fn is_no(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)))
}
