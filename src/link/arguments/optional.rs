//! Parameters that may be left out: `ask(text)` of `function ask(text, maxTokens?)`.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::passing::own_receiver;
use crate::link::units::{Access, Binding, UnitId};
use crate::link::values::{FrameId, How, Value};
use crate::model::*;

/// Parts of one test that are looked at.
const DEPTH: usize = 6;

impl<'m> Program<'m> {
    /// Whether a value is a parameter that the call which runs its function leaves out, or a part of what is passed that
    /// is not there: `ask(text)` of `function ask(text, maxTokens?)`, `ask({ text })` of `function ask({ text, maxTokens })`.
    pub fn is_omitted(&self, value: &'m Expression, frame: FrameId) -> bool {
        self.omits(value, frame, 0)
    }

    fn omits(&self, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &value.kind {
            ExpressionKind::Name(name) => self.omits_name(name, frame, depth),
            ExpressionKind::Member { object, name } => {
                matches!(object.kind, ExpressionKind::Name(_)) && self.omits_part(object, frame, name, depth)
            }
            _ => false,
        }
    }

    fn omits_name(&self, name: &str, frame: FrameId, depth: usize) -> bool {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            let Some(bindings) = self.units.units[here.unit].names.get(name) else {
                at = here.closure;
                continue;
            };
            return match bindings.as_slice() {
                [Binding::Parameter { index, access }] => self.omits_parameter(here.unit, *index, access, id, depth),
                [Binding::Value { value, access, operator: None, .. }] => match access.as_slice() {
                    [] => self.omits(value, id, depth + 1),
                    [Access::Key(key)] if !self.has_default_in(here.unit, name) => {
                        matches!(value.kind, ExpressionKind::Name(_)) && self.omits_part(value, id, key, depth)
                    }
                    _ => false,
                },
                _ => false,
            };
        }
        false
    }

    /// Whether a call leaves out a parameter of the function that it runs, or the part of it under a key.
    fn omits_parameter(&self, unit: UnitId, index: usize, access: &[Access<'m>], frame: FrameId, depth: usize) -> bool {
        let here = self.frame(frame);
        let (How::Call(site), Some(function)) = (here.how, self.units.units[unit].function) else { return false };
        let Some(parameter) = function.parameters.get(index) else { return false };
        // Elsewhere nobody may leave out what has no default.
        let may_be_left_out = self.modules[self.module_of(unit)].language == Language::TypeScript;
        let call = self.units.calls[site.call].call;
        let is_whole = call.arguments.iter().all(|argument| {
            argument.name.as_deref() != Some("**") && !matches!(argument.value.kind, ExpressionKind::Spread(_))
        });
        let callees = self.callees(&call.callee, site.frame);
        let is_called = callees.iter().any(|value| matches!(value, Value::Function { unit: own, .. } if *own == unit));
        if !may_be_left_out
            || !is_whole
            || !is_called
            || parameter.kind != ParameterKind::Plain
            || parameter.default.is_some()
            || index < own_receiver(function)
        {
            return false;
        }
        let passed = self.passed_from(function, index, site);
        match (access, passed) {
            ([], None) => true,
            ([], Some((passed, from))) => self.omits(passed, from, depth + 1),
            ([Access::Key(key)], Some((passed, from))) => {
                !has_default(&parameter.target, key) && self.lacks_part(passed, from, key, depth)
            }
            _ => false,
        }
    }

    /// Whether a part of something that a name holds is not there.
    fn omits_part(&self, object: &'m Expression, frame: FrameId, key: &str, depth: usize) -> bool {
        self.omits(object, frame, depth + 1) || self.lacks_part(object, frame, key, depth)
    }

    fn lacks_part(&self, object: &'m Expression, frame: FrameId, key: &str, depth: usize) -> bool {
        let is_written = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Object(_)));
        let values = self.values(object, frame);
        if values.is_empty() || !values.iter().all(is_written) {
            return false;
        }
        match self.key(object, frame, key, 0) {
            Given::Absent => true,
            Given::Present { expression, frame } => self.omits(expression, frame, depth + 1),
            Given::Unresolved => false,
        }
    }

    /// Whether a name that a unit takes out of an object has a default there.
    fn has_default_in(&self, unit: UnitId, name: &str) -> bool {
        self.units.units[unit].nodes.iter().any(|node| {
            let assignment = self.units.nodes[*node].kind.assignment();
            assignment.is_some_and(|assignment| match &assignment.target.kind {
                ExpressionKind::Object(entries) => entries.iter().any(|entry| binds_with_default(&entry.value, name)),
                _ => false,
            })
        })
    }
}

/// Whether a pattern says what is under a key where nothing is given: `{ maxTokens = 300 }`.
fn has_default(pattern: &Expression, key: &str) -> bool {
    match &pattern.kind {
        ExpressionKind::Object(entries) => entries.iter().any(|entry| {
            entry.key.as_deref() == Some(key)
                && matches!(&entry.value.kind, ExpressionKind::Operator { operator, .. } if operator == "=")
        }),
        ExpressionKind::Operator { operator, operands } if operator == "=" => {
            operands.first().is_some_and(|inner| has_default(inner, key))
        }
        _ => false,
    }
}

fn binds_with_default(pattern: &Expression, name: &str) -> bool {
    match &pattern.kind {
        ExpressionKind::Operator { operator, operands } if operator == "=" => {
            matches!(operands.first().map(|first| &first.kind), Some(ExpressionKind::Name(own)) if own == name)
        }
        _ => false,
    }
}
