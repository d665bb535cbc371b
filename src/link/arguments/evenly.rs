//! Functions that are asked how long to wait: whether what they give stays the same, or grows by the same each time.

use crate::link::Program;
use crate::link::units::Binding;
use crate::link::values::{FrameId, Value};
use crate::model::*;

/// Expressions within expressions.
const DEPTH: usize = 12;

impl<'m> Program<'m> {
    /// Whether all functions that an expression may be are functions of the program that give such numbers:
    /// `() => 1_000`, `(attempt) => attempt * 1_000`.
    pub(super) fn gives_evenly(&self, function: &'m Expression, frame: FrameId) -> bool {
        let functions = self.values(function, frame);
        let is_even = |value: &Value<'m>| match value {
            Value::Function { unit, .. } => {
                let frame = self.open_frame(*unit);
                let returns = &self.units.units[*unit].returns;
                !returns.is_empty() && returns.iter().all(|given| self.is_even(given, frame, 0))
            }
            _ => false,
        };
        !functions.is_empty() && functions.iter().all(is_even)
    }

    fn is_even(&self, number: &'m Expression, frame: FrameId, depth: usize) -> bool {
        let is_even = |each: &'m Expression| self.is_even(each, frame, depth + 1);
        if depth > DEPTH {
            return false;
        }
        match &number.kind {
            ExpressionKind::Literal(_) => true,
            ExpressionKind::Operator { operator, operands } => {
                let is_sum = matches!(operator.as_str(), "+" | "-");
                // The number of the attempt by itself is as good as a power.
                let grows = operands.iter().filter(|operand| !self.is_fixed(operand, frame)).count();
                (is_sum || matches!(operator.as_str(), "*" | "/") && grows < 2) && operands.iter().all(is_even)
            }
            ExpressionKind::Conditional { then, otherwise, .. } => is_even(then) && is_even(otherwise),
            ExpressionKind::Name(name) => {
                match self.units.units[self.unit_of_frame(frame)].names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Parameter { access, .. }]) => access.is_empty(),
                    Some([Binding::Value { value, access, operator: None, .. }]) => access.is_empty() && is_even(value),
                    Some(_) => false,
                    None => self.number(number, frame, 0).is_some(),
                }
            }
            // `Math.min(attempt * 500, 5_000)`, `Math.random() * 200`: of numbers others are made.
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Member { object, name } => {
                    let of_numbers = matches!(name.as_str(), "min" | "max" | "random" | "round" | "floor" | "ceil");
                    let is_math = matches!(&object.kind, ExpressionKind::Name(holder) if holder == "Math");
                    of_numbers && is_math && call.arguments.iter().all(|argument| is_even(&argument.value))
                }
                _ => false,
            },
            _ => self.number(number, frame, 0).is_some(),
        }
    }

    /// Whether a number is the same at each attempt, but for chance.
    fn is_fixed(&self, number: &'m Expression, frame: FrameId) -> bool {
        self.number(number, frame, 0).is_some()
            || matches!(&number.kind, ExpressionKind::Call(call)
                if matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "random"))
    }
}
