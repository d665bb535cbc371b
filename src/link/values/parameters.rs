//! What a parameter holds: what callers pass, what is declared, or what comes from outside.

use std::rc::Rc;

use crate::link::Program;
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::frames::{FrameId, How, Site};
use super::{ALTERNATIVES, Value, Values, add, class_called_on};

impl<'m> Program<'m> {
    /// What a parameter is in a frame.
    pub fn parameter(&self, index: usize, frame: FrameId) -> Values<'m> {
        let mut found = self.held_by_parameter(index, frame);
        if index == 0
            && let Some(makers) = self.scopes.borrow().get(&self.unit_of_frame(frame))
        {
            for value in &mut found {
                if let Value::Library { sites, .. } = value {
                    *sites = makers.clone();
                }
            }
        }
        found
    }

    fn held_by_parameter(&self, index: usize, frame: FrameId) -> Values<'m> {
        let here = self.frame(frame);
        let Some(function) = self.units.units[here.unit].function else { return vec![Value::Unknown] };
        let Some(parameter) = function.parameters.get(index) else { return vec![Value::Unknown] };
        let outside = vec![Value::Parameter { unit: here.unit, index, frame }];
        if let (0, ExpressionKind::Name(name), Some(class)) =
            (index, &parameter.target.kind, self.units.units[here.unit].class)
            && matches!(name.as_str(), "self" | "cls")
        {
            return match (name.as_str(), &here.receiver) {
                ("self", Some(receiver)) => vec![(**receiver).clone()],
                ("self", None) => vec![Value::Instance { class, site: None }],
                (_, Some(receiver)) => vec![class_called_on(receiver, class)],
                _ => vec![Value::Class(class)],
            };
        }
        // What a decorator puts in place of a method is called on the object of that.
        if let (0, ExpressionKind::Name(name)) = (index, &parameter.target.kind)
            && name == "self"
        {
            let object = match &here.receiver {
                Some(receiver) => Some((**receiver).clone()),
                None => self.class_of_wrapped(here.unit).map(|class| Value::Instance { class, site: None }),
            };
            if let Some(object) = object {
                return vec![object];
            }
        }
        let closure = here.closure.unwrap_or(frame);
        if index == 0
            && let Some(list) = self.units.gone_through.get(&here.unit)
        {
            let items = self.items_of(list, closure);
            if !items.is_empty() {
                return items;
            }
            let held = self.clients_of(list, closure);
            if !held.is_empty() {
                return held;
            }
        }
        let received = || -> Option<Values<'m>> {
            if let Some(class) = self.received_objects.borrow().get(&(here.unit, index)) {
                return Some(vec![Value::Instance { class: *class, site: None }]);
            }
            let received = self.received.borrow();
            let path = received.get(&here.unit)?.get(index).filter(|path| !path.is_empty())?;
            Some(vec![Value::Library { path: Rc::from(path.as_str()), sites: Rc::from([]) }])
        };
        match here.how {
            How::Call(site) => {
                if let Some(found) = self.passed(function, index, site) {
                    return self.known_of(found, parameter, closure);
                }
                match &parameter.default {
                    Some(default) => self.values(default, closure).to_vec(),
                    // What runs the function gives it the rest of what it is known to get.
                    None if self.places_arguments(site.call) => received().unwrap_or(outside),
                    None => outside,
                }
            }
            How::Wraps(number) if index == self.given_by(here.unit) => match self.given_to_decorator(number) {
                Some(wrapped) => vec![wrapped],
                None => outside,
            },
            How::Framework | How::Wraps(_) => {
                if let Some(default) = &parameter.default {
                    let injected = self.injected(default, closure, parameter.annotation.as_ref());
                    if !injected.is_empty() {
                        return injected;
                    }
                }
                let declared = self.declared(parameter, closure);
                if declared.iter().any(|value| !self.is_plain_data(value) && !self.is_shape(value)) {
                    declared
                } else {
                    received().unwrap_or(if declared.iter().any(|value| self.is_shape(value)) {
                        declared
                    } else {
                        outside
                    })
                }
            }
            How::Open => {
                let mut all = Values::new();
                if let Some(default) = &parameter.default {
                    add(&mut all, self.injected(default, closure, parameter.annotation.as_ref()));
                }
                if let Some(callers) = self.callers.get() {
                    for site in callers.get(&here.unit).into_iter().flatten().take(ALTERNATIVES) {
                        if let Some(found) = self.passed(function, index, *site) {
                            add(
                                &mut all,
                                found
                                    .into_iter()
                                    .filter(|value| !matches!(value, Value::Unknown | Value::Parameter { .. })),
                            );
                        }
                    }
                }
                if !all.is_empty() {
                    all = self.known_of(all, parameter, closure);
                }
                add(&mut all, self.all_given_to_decorator(here.unit, index));
                if all.is_empty() {
                    add(&mut all, self.declared_or_default(parameter, closure));
                }
                // A type that no library knows says less than what a framework is known to pass.
                if all.iter().all(|value| self.is_plain_data(value) || self.is_shape(value))
                    && let Some(received) = received()
                {
                    return received;
                }
                if all.is_empty()
                    && let Some(default) = &parameter.default
                {
                    add(&mut all, self.values(default, closure).iter().cloned());
                }
                if all.is_empty() { received().unwrap_or(outside) } else { all }
            }
        }
    }

    /// What is known of a parameter by what it is given, or by its declared type where that tells more.
    fn known_of(&self, found: Values<'m>, parameter: &'m Parameter, closure: FrameId) -> Values<'m> {
        let says_little =
            |value: &Value<'m>| self.is_opaque(value) || self.is_stored(value) || self.tells_little(value);
        if !found.iter().all(says_little) {
            return found;
        }
        let declared = self.declared(parameter, closure);
        let tells_more = if found.iter().all(|value| self.is_opaque(value)) {
            !declared.is_empty()
        } else if found.iter().all(|value| self.is_opaque(value) || self.is_stored(value)) {
            // `write(session.scalar(..))`: what comes out of a store is what it is declared to be.
            declared.iter().any(|value| matches!(value, Value::Instance { .. }))
        } else {
            // `write(request.app.state.llm)`: the type that is declared tells more than where it is kept.
            declared.iter().any(|value| match value {
                Value::Instance { .. } => self.acts(value),
                _ => {
                    let is_used = || self.does_something(value) && !found.iter().any(|each| self.does_something(each));
                    value.path().is_some() && (!self.is_untold(value) || is_used())
                }
            })
        };
        if tells_more { declared } else { found }
    }

    /// What a parameter is declared to be; what a library has in its stead, where nobody passes anything, says more than a
    /// type that only tells the shape: `env: NodeJS.ProcessEnv = process.env`.
    fn declared_or_default(&self, parameter: &'m Parameter, closure: FrameId) -> Values<'m> {
        let declared = self.declared(parameter, closure);
        let tells_shape = |value: &Value<'m>| self.is_plain_data(value) || self.is_shape(value);
        if let Some(default) = &parameter.default
            && !declared.is_empty()
            && declared.iter().all(tells_shape)
        {
            let given = self.values(default, closure);
            if !given.is_empty() && given.iter().all(|value| value.path().is_some()) {
                return given.to_vec();
            }
        }
        declared
    }

    /// Whether a value says less than a declared type would: nothing is known of it, or it is an item of something
    /// that no fact speaks of.
    pub(super) fn is_opaque(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Unknown | Value::Parameter { .. } => true,
            Value::Library { path, .. } => path.ends_with("[]") && self.facts(path).is_empty(),
            _ => false,
        }
    }

    /// Something of a library that no fact speaks of.
    pub(super) fn is_untold(&self, value: &Value<'m>) -> bool {
        value.path().is_some_and(|path| self.facts(path.strip_suffix("()").unwrap_or(path)).is_empty())
    }

    /// Something that an operation on a store gave.
    pub(super) fn is_stored(&self, value: &Value<'m>) -> bool {
        value.path().and_then(|path| path.strip_suffix("()")).is_some_and(|path| {
            let facts = self.facts(path);
            !facts.is_empty() && facts.iter().all(|id| self.catalogue.fact(*id).is == Kind::Store)
        })
    }

    /// An instance of a class of the program without methods: it only tells the shape (`interface Env { KEY: string }`).
    pub(super) fn is_shape(&self, value: &Value<'m>) -> bool {
        matches!(value, Value::Instance { class, .. } if self.units.classes[*class].methods.is_empty())
    }

    /// Instances of schemas and plain types come from outside when a framework fills the parameter.
    pub(in crate::link) fn is_plain_data(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Library { path, .. } => {
                ["builtins.", "globals.", "typing.", "std."].iter().any(|home| path.starts_with(home))
            }
            _ => false,
        }
    }

    /// What a call passes for a parameter; none where it passes nothing.
    pub(super) fn passed(&self, function: &'m Function, index: usize, site: Site) -> Option<Values<'m>> {
        if self.places_arguments(site.call) {
            let (value, frame) = self.passed_from(function, index, site)?;
            return Some(self.values(value, frame).to_vec());
        }
        let call = self.units.calls[site.call].call;
        let parameter = function.parameters.get(index)?;
        let offset = usize::from(matches!(
            function.parameters.first().map(|first| &first.target.kind),
            Some(ExpressionKind::Name(name)) if name == "self" || name == "cls"
        ));
        let name = match &parameter.target.kind {
            ExpressionKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        let positional: Vec<&'m Argument> = call.arguments.iter().filter(|argument| argument.name.is_none()).collect();
        if parameter.kind == ParameterKind::Rest {
            let mut all = Values::new();
            for argument in positional.iter().skip(index - offset.min(index)) {
                add(&mut all, self.values(&argument.value, site.frame).iter().cloned());
            }
            return Some(all);
        }
        if let Some(argument) =
            call.arguments.iter().find(|argument| argument.name.is_some() && argument.name.as_deref() == name)
        {
            return Some(self.values(&argument.value, site.frame).to_vec());
        }
        if parameter.kind == ParameterKind::Plain
            && let Some(argument) = index.checked_sub(offset).and_then(|index| positional.get(index))
        {
            if matches!(argument.value.kind, ExpressionKind::Spread(_)) {
                let passed = self.passed_from(function, index, site);
                return Some(
                    passed.map_or_else(|| vec![Value::Unknown], |(value, at)| self.values(value, at).to_vec()),
                );
            }
            let alike = self.passed_alike(function, &argument.value, site);
            return Some(alike.unwrap_or_else(|| self.values(&argument.value, site.frame).to_vec()));
        }
        if let Some((value, frame)) = self.passed_from(function, index, site) {
            return Some(self.values(value, frame).to_vec());
        }
        let mut spread = Values::new();
        for argument in call.arguments.iter().filter(|argument| argument.name.as_deref() == Some("**")) {
            for value in self.values(&argument.value, site.frame).iter() {
                if let Some(name) = name {
                    add(&mut spread, self.member(value, name, None));
                }
            }
        }
        if spread.is_empty() { None } else { Some(spread) }
    }
}
