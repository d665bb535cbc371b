//! What the program's own decorators make of a function.

use std::rc::Rc;

use crate::model::{Expression, ExpressionKind, Language};

use super::units::{Binding, ClassId, UnitId};
use super::values::{FrameId, How, Site, Value, Values};
use super::{Program, passing::own_receiver};

/// Wrappers around one function that are looked through.
const WRAPPERS: usize = 8;

impl<'m> Program<'m> {
    /// What a function is under its name: what its own decorators return for it. Decorators of libraries leave it as
    /// it is; what they add is asked for where it matters.
    pub(super) fn decorated(&self, unit: UnitId, closure: FrameId, receiver: Option<Rc<Value<'m>>>) -> Values<'m> {
        let mut made = vec![Value::Function { unit, closure, receiver: receiver.clone() }];
        let Some(function) = self.units.units[unit].function else { return made };
        for decorator in function.decorators.iter().rev() {
            for value in self.values(decorator, closure).iter() {
                let Value::Function { unit: around, closure: home, receiver } = value else { continue };
                let Some(inner) = made.first().filter(|_| *around != unit) else { continue };
                let how = How::Wraps(self.wrapped(*around, inner.clone()));
                let Some(frame) = self.enter(*around, *home, receiver.clone(), how) else { continue };
                let mut functions = self.put_in_place(*around, frame);
                if functions.is_empty() {
                    functions = self.returned(*around, frame);
                    functions.retain(|value| matches!(value, Value::Function { .. }));
                }
                if !functions.is_empty() {
                    made = functions;
                }
            }
        }
        self.called_on_object(&mut made, receiver);
        made
    }

    /// What a decorator puts in place of a method is called on the same object: `def wrapper(self, text)`.
    fn called_on_object(&self, made: &mut Values<'m>, object: Option<Rc<Value<'m>>>) {
        for value in made {
            if let Value::Function { unit, receiver: receiver @ None, .. } = value
                && self.units.units[*unit].function.is_some_and(|function| own_receiver(function) > 0)
            {
                receiver.clone_from(&object);
            }
        }
    }

    /// The place of the parameter by which a decorator is given a function: the first one of its own, or the third of a
    /// target, a name and a descriptor.
    pub(super) fn given_by(&self, decorator: UnitId) -> usize {
        let info = &self.units.units[decorator];
        let Some(function) = info.function else { return 0 };
        let is_script = self.modules[info.module].language == Language::TypeScript;
        if is_script && function.parameters.len() == 3 { 2 } else { own_receiver(function) }
    }

    /// The functions that a decorator puts in place of a method: `descriptor.value = async function (...) { .. }`.
    fn put_in_place(&self, decorator: UnitId, frame: FrameId) -> Values<'m> {
        let place = self.given_by(decorator);
        let parameter = self.units.units[decorator].function.and_then(|function| function.parameters.get(place));
        let Some(ExpressionKind::Name(name)) = parameter.map(|parameter| &parameter.target.kind) else {
            return Values::new();
        };
        let assigned = self.units.member_assignments.get(&(name.as_str(), "value")).into_iter().flatten();
        let own = assigned.filter(|each| each.unit == decorator);
        let mut functions: Values<'m> = own.flat_map(|each| self.values(each.value, frame).to_vec()).collect();
        functions.retain(|value| matches!(value, Value::Function { .. }));
        functions
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

    /// A function, and those around which it was put by decorators of the program: the ones of libraries above these are
    /// decorators of what they made (`@app.task` above `@timed`).
    pub(super) fn wrapped_by(&self, unit: UnitId, closure: FrameId) -> Vec<UnitId> {
        let mut units = vec![unit];
        let mut home = Some(closure);
        while let Some(frame) = home.filter(|_| units.len() < WRAPPERS) {
            let frame = self.frame(frame);
            let given = match frame.how {
                How::Wraps(number) => self.given_to_decorator(number),
                _ => None,
            };
            home = match given {
                Some(Value::Function { unit, closure, .. }) if !units.contains(&unit) => {
                    units.push(unit);
                    Some(closure)
                }
                _ => None,
            };
        }
        units
    }

    /// The functions that a decorator is given anywhere.
    pub(super) fn all_given_to_decorator(&self, decorator: UnitId, index: usize) -> Values<'m> {
        if index != self.given_by(decorator) {
            return Values::new();
        }
        let wrapped = self.wrapped.borrow();
        wrapped.iter().filter(|(by, _)| *by == decorator).map(|(_, function)| function.clone()).collect()
    }

    /// The class whose methods are given to the decorator in which a function stands, where there is only one.
    pub(super) fn class_of_wrapped(&self, unit: UnitId) -> Option<ClassId> {
        let decorator = self.units.units[unit].parent?;
        let wrapped = self.wrapped.borrow();
        let mut classes = wrapped.iter().filter(|(by, _)| *by == decorator).map(|(_, function)| match function {
            Value::Function { unit, .. } => self.units.units[*unit].class,
            _ => None,
        });
        let first = classes.next()??;
        classes.all(|other| other == Some(first)).then_some(first)
    }

    /// The decorators of libraries that one of the program applies to the function that it is given:
    /// `return limiter.limit("10/minute")(view)`.
    pub fn applied_by(&self, decorator: &Value<'m>) -> Values<'m> {
        let Value::Function { unit, closure, receiver } = decorator else { return Values::new() };
        let info = &self.units.units[*unit];
        let place = self.given_by(*unit);
        let given = info.function.and_then(|function| function.parameters.get(place));
        let (Some(given), Some(frame)) = (given, self.enter(*unit, *closure, receiver.clone(), How::Framework)) else {
            return Values::new();
        };
        let mut all = Values::new();
        for returned in &info.returns {
            let mut applied = Values::new();
            let mut at = self.bound_once(*unit, returned);
            for _ in 0..WRAPPERS {
                let ExpressionKind::Call(call) = &at.kind else { break };
                let Some(argument) = call.arguments.first().filter(|argument| argument.name.is_none()) else { break };
                let callees = self.values(&call.callee, frame);
                applied.extend(callees.iter().filter(|callee| matches!(callee, Value::Library { .. })).cloned());
                at = self.bound_once(*unit, &argument.value);
            }
            if matches!((&at.kind, &given.target.kind), (ExpressionKind::Name(at), ExpressionKind::Name(given)) if at == given)
            {
                all.extend(applied);
            }
        }
        all
    }

    /// What a name of a function's own stands for, where it is bound only once; else the expression itself.
    fn bound_once(&self, unit: UnitId, expression: &'m Expression) -> &'m Expression {
        let ExpressionKind::Name(name) = &expression.kind else { return expression };
        match self.units.units[unit].names.get(name.as_str()).map(Vec::as_slice) {
            Some([Binding::Value { value, access, .. }]) if access.is_empty() => value,
            _ => expression,
        }
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
