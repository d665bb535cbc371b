//! What the program's own decorators make of a function.

use std::rc::Rc;

use super::units::UnitId;
use super::values::{FrameId, How, Site, Value, Values};
use super::{Program, passing::own_receiver};

/// Wrappers around one function that are looked through.
const WRAPPERS: usize = 8;

impl<'m> Program<'m> {
    /// What a function is under its name: what its own decorators return for it. Decorators of libraries leave it as
    /// it is; what they add is asked for where it matters.
    pub(super) fn decorated(&self, unit: UnitId, closure: FrameId, receiver: Option<Rc<Value<'m>>>) -> Values<'m> {
        let mut made = vec![Value::Function { unit, closure, receiver }];
        let Some(function) = self.units.units[unit].function else { return made };
        for decorator in function.decorators.iter().rev() {
            for value in self.values(decorator, closure).iter() {
                let Value::Function { unit: around, closure: home, receiver } = value else { continue };
                let Some(inner) = made.first().filter(|_| *around != unit) else { continue };
                let how = How::Wraps(self.wrapped(*around, inner.clone()));
                let Some(frame) = self.enter(*around, *home, receiver.clone(), how) else { continue };
                let functions: Values<'m> = self
                    .returned(*around, frame)
                    .into_iter()
                    .filter(|value| matches!(value, Value::Function { .. }))
                    .collect();
                if !functions.is_empty() {
                    made = functions;
                }
            }
        }
        made
    }

    /// The number under which a function is known that a decorator is given.
    fn wrapped(&self, decorator: UnitId, function: Value<'m>) -> usize {
        let mut wrapped = self.wrapped.borrow_mut();
        let known = wrapped.iter().position(|known| *known == (decorator, function.clone()));
        known.unwrap_or_else(|| {
            wrapped.push((decorator, function));
            wrapped.len() - 1
        })
    }

    /// The function that a decorator is given, in the frame in which it makes something of it.
    pub(super) fn given_to_decorator(&self, number: usize) -> Option<Value<'m>> {
        self.wrapped.borrow().get(number).map(|(_, function)| function.clone())
    }

    /// The functions that a decorator is given anywhere.
    pub(super) fn all_given_to_decorator(&self, decorator: UnitId, index: usize) -> Values<'m> {
        let first = self.units.units[decorator].function.map_or(0, own_receiver);
        if index != first {
            return Values::new();
        }
        let wrapped = self.wrapped.borrow();
        wrapped.iter().filter(|(by, _)| *by == decorator).map(|(_, function)| function.clone()).collect()
    }

    /// The units behind a function: itself, and those that it was made around by decorators.
    pub fn units_behind(&self, value: &Value<'m>) -> Vec<UnitId> {
        let mut units = Vec::new();
        let mut value = value.clone();
        while let Value::Function { unit, closure, .. } = value {
            if units.contains(&unit) || units.len() > 8 {
                break;
            }
            units.push(unit);
            let How::Wraps(number) = self.frame(closure).how else { break };
            let Some(inner) = self.given_to_decorator(number) else { break };
            value = inner;
        }
        units
    }

    /// The function that people mean by a handler: the one inside its decorators and wrappers.
    pub(super) fn innermost(&self, unit: UnitId, closure: FrameId) -> UnitId {
        let (mut unit, mut closure) = (unit, closure);
        for _ in 0..WRAPPERS {
            let inner = match self.frame(closure).how {
                How::Wraps(number) => self.given_to_decorator(number),
                How::Call(site) => self.function_given(site),
                _ => None,
            };
            let Some(Value::Function { unit: next, closure: home, .. }) = inner else { break };
            if self.units.units[next].name().is_empty() {
                break;
            }
            (unit, closure) = (next, home);
        }
        unit
    }

    /// The function among the arguments of a call.
    fn function_given(&self, site: Site) -> Option<Value<'m>> {
        let arguments = &self.units.calls[site.call].call.arguments;
        let mut values = arguments.iter().flat_map(|argument| self.values(&argument.value, site.frame).to_vec());
        values.find(|value| matches!(value, Value::Function { .. }))
    }

    /// Applies all decorators once, so that each of them is known to wrap what it wraps.
    pub(super) fn apply_decorators(&self) {
        for (unit, info) in self.units.units.iter().enumerate() {
            if let (Some(parent), Some(function)) = (info.parent, info.function)
                && !function.decorators.is_empty()
            {
                self.decorated(unit, self.open_frame(parent), None);
            }
        }
    }
}
