//! Parameters that may be left out: `ask(text)` of `function ask(text, maxTokens?)`.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::arguments::lengths::is_nothing;
use crate::link::passing::own_receiver;
use crate::link::units::{Access, Binding, UnitId};
use crate::link::values::{FrameId, How, Value};
use crate::model::*;

/// Parts of one test that are looked at.
const DEPTH: usize = 6;
/// Methods that make nothing of nothing, whatever they are given.
const STAYS_NOTHING: [&str; 9] =
    ["and", "and_then", "as_deref", "as_ref", "cloned", "copied", "filter", "flatten", "map"];

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
                matches!(object.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. })
                    && self.omits_part(object, frame, name, depth)
            }
            // `options?.maxTokens ?? this.config.maxTokens`
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                operands.iter().all(|operand| is_nothing(operand) || self.omits(operand, frame, depth + 1))
            }
            _ => false,
        }
    }

    /// Whether a value is nothing on the way to it: what is left out, what a function is given nothing for, a key that a
    /// dictionary of the program does not have (`config.get("max_tokens")`), and what is made of nothing.
    pub(super) fn is_nowhere_given(&self, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &value.kind {
            _ if is_nothing(value) => true,
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                operands.iter().all(|operand| self.is_nowhere_given(operand, frame, depth + 1))
            }
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (ExpressionKind::Member { object, name }, [key, rest @ ..]) if name == "get" => match &key.value.kind {
                    ExpressionKind::Literal(Literal::Text(key)) => {
                        rest.iter().all(|default| is_nothing(&default.value))
                            && self.lacks_part(object, frame, key, depth)
                    }
                    _ => false,
                },
                (ExpressionKind::Member { object, name }, _) if STAYS_NOTHING.contains(&name.as_str()) => {
                    self.is_nowhere_given(object, frame, depth + 1)
                }
                _ => false,
            },
            ExpressionKind::Name(_) => {
                let values = self.values(value, frame);
                let is_null =
                    |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if is_nothing(expression.0));
                self.omits(value, frame, depth) || !values.is_empty() && values.iter().all(is_null)
            }
            _ => self.omits(value, frame, depth),
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
        if depth > DEPTH || self.is_put_in_elsewhere(object, key) {
            return false;
        }
        let (object, frame) = self.alternatives_behind(object, frame).unwrap_or((object, frame));
        // `options or {}`, `options ?? {}`
        if let ExpressionKind::Operator { operator, operands } = &object.kind
            && matches!(operator.as_str(), "or" | "??")
        {
            return operands.iter().all(|operand| {
                self.is_nowhere_given(operand, frame, depth + 1) || self.lacks_part(operand, frame, key, depth + 1)
            });
        }
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

    /// Whether a part is put into what goes by the last name of an object anywhere: `this.config.options = options`.
    fn is_put_in_elsewhere(&self, object: &Expression, key: &str) -> bool {
        let ExpressionKind::Member { name, .. } = &object.kind else { return false };
        self.units.member_assignments.contains_key(&(name.as_str(), key))
    }

    /// The alternatives that a name stands for, where it is given nothing else: `const options = given ?? {}`.
    fn alternatives_behind(&self, object: &'m Expression, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let ExpressionKind::Name(name) = &object.kind else { return None };
        let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
        let (home, bindings) =
            scopes.find_map(|id| Some((id, self.units.units[self.unit_of_frame(id)].names.get(name.as_str())?)))?;
        match bindings.as_slice() {
            [Binding::Value { value, access, operator: None, .. }] if access.is_empty() => {
                let is_either = matches!(&value.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "or" | "??"));
                is_either.then_some((*value, home))
            }
            _ => None,
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
