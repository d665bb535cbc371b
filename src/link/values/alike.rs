//! Functions of a table that are each given what stands under their own key: `parsers[name](input[name])`.

use crate::link::Program;
use crate::link::units::Binding;
use crate::model::*;

use super::{FrameId, Site, Value, Values, Written, add};

/// Names that stand for one another, and alternatives of one value.
const STEPS: usize = 4;

impl<'m> Program<'m> {
    /// What a function of a table is given where a call goes through the table and takes what it passes from under the
    /// same key; none where it is passed otherwise.
    pub(super) fn passed_alike(
        &self,
        function: &'m Function,
        argument: &'m Expression,
        site: Site,
    ) -> Option<Values<'m>> {
        if !matches!(argument.kind, ExpressionKind::Index { .. } | ExpressionKind::Name(_)) {
            return None;
        }
        let callee = &self.units.calls[site.call].call.callee;
        let (table, key) = match &callee.kind {
            ExpressionKind::Index { object, index } => (object.as_ref(), Some(name_of(index)?)),
            ExpressionKind::Name(name) => match self.only_binding(name, site.frame)? {
                Binding::Value { value: Expression { kind: ExpressionKind::Index { object, index }, .. }, .. } => {
                    (object.as_ref(), Some(name_of(index)?))
                }
                // `for (const [name, parse] of Object.entries(parsers)) parse(input[name])`
                Binding::Element { over, access } if access.is_empty() => (*over, None),
                _ => return None,
            },
            _ => return None,
        };
        let mut holders = Vec::new();
        let taken_by = self.taken_under(argument, site.frame, &mut holders, STEPS)?;
        let is_same = match key {
            Some(key) => key == taken_by,
            None => self.is_key_of(taken_by, table, site.frame),
        };
        let own = self.key_in(table, function, site.frame).filter(|_| is_same)?;
        let mut all = Values::new();
        for holder in holders {
            for value in self.values(holder, site.frame).iter() {
                let Value::Data { expression: Written(object), frame } = value else { return None };
                let ExpressionKind::Object(entries) = &object.kind else { return None };
                add(&mut all, self.entry(object, entries, *frame, own).iter().cloned());
            }
        }
        Some(all)
    }

    /// The name of the key under which an argument is taken, and what it is taken from: `input[name] ?? given[name]`.
    fn taken_under(
        &self,
        argument: &'m Expression,
        frame: FrameId,
        holders: &mut Vec<&'m Expression>,
        steps: usize,
    ) -> Option<&'m str> {
        let steps = steps.checked_sub(1)?;
        match &argument.kind {
            ExpressionKind::Index { object, index } => {
                holders.push(object);
                name_of(index)
            }
            ExpressionKind::Name(name) => match self.only_binding(name, frame)? {
                Binding::Value { value, access, .. } if access.is_empty() => {
                    self.taken_under(value, frame, holders, steps)
                }
                _ => None,
            },
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                let mut keys = operands.iter().map(|operand| self.taken_under(operand, frame, holders, steps));
                let first = keys.next()??;
                keys.all(|key| key == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// What a name of the function at hand is bound to, where it is bound once.
    fn only_binding(&self, name: &str, frame: FrameId) -> Option<&Binding<'m>> {
        match self.units.units[self.unit_of_frame(frame)].names.get(name)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether a name is each key of a table in turn.
    fn is_key_of(&self, key: &str, table: &Expression, frame: FrameId) -> bool {
        let Some(Binding::Element { over, .. }) = self.only_binding(key, frame) else { return false };
        match &over.kind {
            ExpressionKind::Call(call) => {
                let mut given = call.arguments.iter().map(|argument| &argument.value);
                given.any(|given| std::ptr::eq(given, table))
                    || matches!(&call.callee.kind, ExpressionKind::Member { object, .. } if std::ptr::eq(object.as_ref(), table))
            }
            _ => false,
        }
    }

    /// The key under which a function stands in a table that is written out.
    fn key_in(&self, table: &'m Expression, function: &'m Function, frame: FrameId) -> Option<&'m str> {
        let is_it = |value: &Value<'m>| match value {
            Value::Function { unit, .. } => {
                self.units.units[*unit].function.is_some_and(|own| std::ptr::eq(own, function))
            }
            _ => false,
        };
        self.values(table, frame).iter().find_map(|value| {
            let Value::Data { expression: Written(object), frame } = value else { return None };
            let ExpressionKind::Object(entries) = &object.kind else { return None };
            let mut held = entries.iter().filter(|entry| self.values(&entry.value, *frame).iter().any(is_it));
            held.next().and_then(|entry| entry.key.as_deref())
        })
    }
}

fn name_of(key: &Expression) -> Option<&str> {
    match &key.kind {
        ExpressionKind::Name(name) => Some(name),
        _ => None,
    }
}
