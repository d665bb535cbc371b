//! What stands in for a variable that is missing: the other side of `||`, a default, what a handler takes.

use crate::link::units::Binding;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;

use super::held::keeps;
use super::names::{Default as Fallback, Named, Variables};

/// What an alternative is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alternative {
    Nothing,
    Blank,
    Something,
    Variable,
    Stops,
}

/// What an exception handler takes instead of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Nothing,
    Something,
}

/// Whether handlers of a `try` give the value that was not there.
pub(super) fn replaced_by(each: &Try) -> Option<Replaced> {
    each.handlers.iter().flat_map(|handler| &handler.body).find_map(|statement| {
        let value = match &statement.kind {
            StatementKind::Assign(assignment) => assignment.value.as_ref()?,
            StatementKind::Return(Some(value)) => value,
            _ => return None,
        };
        Some(match &value.kind {
            ExpressionKind::Literal(Literal::Null) => Replaced::Nothing,
            ExpressionKind::Literal(_) | ExpressionKind::Template(_) => Replaced::Something,
            _ => return None,
        })
    })
}

impl<'m> Variables<'_, 'm> {
    /// What is taken instead of a missing variable.
    pub(super) fn alternative(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        named: &Named,
        depth: usize,
    ) -> Alternative {
        let program = self.program;
        if depth > 4 {
            return Alternative::Something;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Null) => return Alternative::Nothing,
            ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => return Alternative::Blank,
            ExpressionKind::Name(name) if name == "undefined" => return Alternative::Nothing,
            ExpressionKind::Literal(_) | ExpressionKind::Template(_) => return Alternative::Something,
            _ => {}
        }
        if program.diverges(expression, frame) {
            return Alternative::Stops;
        }
        if let ExpressionKind::Call(call) = &expression.kind
            && call.arguments.is_empty()
            && matches!(Program::written(&call.callee).as_str(), "String.new" | "str" | "String" | "String.default")
        {
            return Alternative::Blank;
        }
        if let ExpressionKind::Call(call) = &expression.kind
            && let ExpressionKind::Member { object, name } = &call.callee.kind
            && keeps(name)
        {
            return self.alternative(object, frame, named, depth + 1);
        }
        // The fallback that a helper is called with.
        if let ExpressionKind::Name(name) = &expression.kind {
            for (binding, home) in self.bindings(name, frame, expression.span) {
                let Binding::Parameter { index, .. } = binding else { continue };
                return self.passed_alternative(index, home, named, depth);
            }
        }
        // Another variable: with a default of its own it always is something.
        if let Some(read) = self.read_of(expression, frame) {
            return match read.default {
                Some(Fallback::Given(default, frame)) => match self.alternative(default, frame, named, depth + 1) {
                    Alternative::Nothing => Alternative::Variable,
                    other => other,
                },
                Some(Fallback::Unseen) => Alternative::Something,
                None => Alternative::Variable,
            };
        }
        if !self.held(expression, frame).is_empty() {
            return Alternative::Variable;
        }
        let values = program.values(expression, frame);
        let literal = |value: &Value<'m>| match value {
            Value::Data { expression, .. } => match &expression.0.kind {
                ExpressionKind::Literal(Literal::Null) => Some(Alternative::Nothing),
                ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => Some(Alternative::Blank),
                _ => None,
            },
            _ => None,
        };
        match values.as_ref() {
            [only] => literal(only).unwrap_or(Alternative::Something),
            _ => Alternative::Something,
        }
    }

    fn passed_alternative(&self, index: usize, home: FrameId, named: &Named, depth: usize) -> Alternative {
        let program = self.program;
        let unit = program.unit_of_frame(home);
        let Some(function) = program.units.units[unit].function else { return Alternative::Something };
        let Some(parameter) = function.parameters.get(index) else { return Alternative::Something };
        let passed = named.via.first().and_then(|call| {
            let site = Site { call: *call, frame: program.open_frame(program.units.calls[*call].unit) };
            program.passed_expression(function, index, site).map(|passed| (passed, site.frame))
        });
        match (passed, &parameter.default) {
            (Some((passed, frame)), _) => self.alternative(passed, frame, named, depth + 1),
            (None, Some(default)) => self.alternative(default, home, named, depth + 1),
            // Nobody is seen who passes nothing.
            (None, None) if named.via.is_empty() => Alternative::Something,
            (None, None) => Alternative::Nothing,
        }
    }
}
