//! Members that are taken by a text: `getattr(model, "ask", None)` is `model.ask`.

use std::rc::Rc;

use crate::link::Program;
use crate::model::*;

use super::frames::FrameId;
use super::members::is_null;
use super::{Value, Values, add};

/// The function that takes a member by its name.
const TAKES: &str = "getattr";

impl<'m> Program<'m> {
    /// What a call takes from an object by the name of a member, with what it gives where there is none; none where the
    /// call does something else, or nothing is known of the name.
    pub(super) fn taken_by_name(&self, call: &'m Call, frame: FrameId) -> Option<Values<'m>> {
        let ExpressionKind::Name(function) = &call.callee.kind else { return None };
        let [object, name, otherwise @ ..] = call.arguments.as_slice() else { return None };
        let module = self.module_of(self.unit_of_frame(frame));
        if function != TAKES || otherwise.len() > 1 || self.modules[module].language != Language::Python {
            return None;
        }
        let named = self.text(&name.value, frame).unwrap_or_else(|| "*".to_owned());
        let object = &object.value;
        let mut all = Values::new();
        if let Some((before, after)) = named.split_once('*') {
            for value in self.values(object, frame).iter() {
                add(&mut all, self.methods_named(value, before, after, frame));
            }
            return (!all.is_empty()).then_some(all);
        }
        for value in self.values(object, frame).iter() {
            add(&mut all, self.member(value, &named, Some((object, frame))));
        }
        // Of what a library has only what is known for what it does; the rest is looked at.
        all.retain(|value| match value {
            Value::Unknown | Value::Parameter { .. } => false,
            Value::Library { .. } => self.does_something(value),
            _ => true,
        });
        if all.is_empty() {
            return None;
        }
        if let Some(otherwise) = otherwise.first() {
            add(&mut all, self.values(&otherwise.value, frame).iter().filter(|value| !is_null(value)).cloned());
        }
        Some(all)
    }

    /// The methods of an object of the program whose names begin and end so, but for the one that asks for them and those
    /// that are its own affair.
    fn methods_named(&self, object: &Value<'m>, before: &str, after: &str, frame: FrameId) -> Values<'m> {
        let Value::Instance { class, .. } = object else { return Values::new() };
        let info = &self.units.classes[*class];
        let asking = self.enclosing_method(self.unit_of_frame(frame));
        let is_hidden = |name: &str| name.starts_with('_') && !before.starts_with('_');
        let is_meant =
            |name: &str| name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
        let mut methods: Vec<_> = info
            .methods
            .iter()
            .filter(|(name, unit)| is_meant(name) && !is_hidden(name) && **unit != asking && !self.is_property(**unit))
            .map(|(_, unit)| *unit)
            .collect();
        methods.sort_unstable();
        let closure = self.open_frame(info.unit);
        let receiver = Rc::new(object.clone());
        methods.into_iter().map(|unit| Value::Function { unit, closure, receiver: Some(receiver.clone()) }).collect()
    }
}
