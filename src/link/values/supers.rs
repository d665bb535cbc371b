//! What `super` is: the methods of the bases, and the way of a constructor's arguments to the constructor of a base.

use std::rc::Rc;

use crate::link::Program;
use crate::link::units::*;
use crate::model::*;

use super::frames::{FrameId, How, Site};
use super::{Value, Values, add};

/// Bases of bases that are followed.
const GENERATIONS: usize = 8;

impl<'m> Program<'m> {
    /// `super.ask`, `super().ask`: what the bases have under this name, for the same receiver.
    pub(super) fn super_member(&self, object: &'m Expression, name: &str, frame: FrameId) -> Option<Values<'m>> {
        let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
        let called = matches!(&object.kind, ExpressionKind::Call(call) if is_super(&call.callee));
        let (class, receiver) = (called || is_super(object)).then(|| self.receiver_in(frame)).flatten()?;
        let own = self.units.classes[class].methods.get(name).copied();
        let mut all = Values::new();
        for base in self.bases_of(class) {
            add(&mut all, self.class_member(base, name, &receiver, 1));
        }
        all.retain(|value| match value {
            Value::Function { unit, .. } => Some(*unit) != own,
            value => *value != Value::Unknown,
        });
        (!all.is_empty()).then_some(all)
    }

    /// `super(client)` calls the constructor of the base.
    pub(super) fn super_constructor(&self, class: ClassId, frame: FrameId) -> Option<Values<'m>> {
        if self.modules[self.units.classes[class].module].language != Language::TypeScript {
            return None;
        }
        let (_, receiver) = self.receiver_in(frame)?;
        let unit = self.bases_of(class).into_iter().find_map(|base| self.constructor(base))?;
        let closure = self.open_frame(self.units.units[unit].parent?);
        Some(vec![Value::Function { unit, closure, receiver: Some(Rc::new(receiver)) }])
    }

    /// How the constructor of a base runs when an object of a derived class is made: by the `super(...)` of the
    /// constructors in between.
    pub(super) fn built_through(
        &self,
        made: ClassId,
        constructor: UnitId,
        receiver: &Value<'m>,
        site: Option<Site>,
    ) -> How {
        let mut how = site.map_or(How::Open, How::Call);
        let mut class = made;
        for _ in 0..GENERATIONS {
            let methods = &self.units.classes[class].methods;
            let own = methods.get("__init__").or(methods.get("constructor")).copied();
            if own == Some(constructor) {
                return how;
            }
            if let Some(own) = own {
                let home = self.open_frame(self.units.classes[class].unit);
                let frame = self.enter(own, home, Some(Rc::new(receiver.clone())), how);
                let call = self.units.units[own].calls.iter().copied().find(|call| self.calls_super(*call));
                how = match (frame, call) {
                    (Some(frame), Some(call)) => How::Call(Site { call, frame }),
                    _ => return How::Open,
                };
            }
            match self.bases_of(class).into_iter().next() {
                Some(base) => class = base,
                None => break,
            }
        }
        How::Open
    }

    /// `super(...)` of a constructor, `super().__init__(...)`.
    fn calls_super(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        let is_super = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == "super");
        match &info.call.callee.kind {
            ExpressionKind::Name(name) => name == "super" && self.modules[info.module].language == Language::TypeScript,
            ExpressionKind::Member { object, name } => {
                name == "__init__" && matches!(&object.kind, ExpressionKind::Call(inner) if is_super(&inner.callee))
            }
            _ => false,
        }
    }

    /// The class whose method a frame runs, or stands in, and its receiver.
    fn receiver_in(&self, frame: FrameId) -> Option<(ClassId, Value<'m>)> {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            if let Some(class) = self.units.units[here.unit].class {
                let unseen = Value::Instance { class, site: None };
                return Some((class, here.receiver.map_or(unseen, |receiver| (*receiver).clone())));
            }
            at = here.closure;
        }
        None
    }

    /// The bases of a class that the program itself has.
    /// What a base is written as: `Writer` of `const Writer = require("./writer")` is what that module is as a whole.
    pub(in crate::link) fn bases_at(&self, base: &'m Expression, home: FrameId) -> Values<'m> {
        let whole = |value: &Value<'m>| match value {
            Value::Module(module) => self.exported(*module, "default", 0).unwrap_or_default(),
            value => vec![value.clone()],
        };
        self.values(base, home).iter().flat_map(whole).collect()
    }

    fn bases_of(&self, class: ClassId) -> Vec<ClassId> {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        let values = info.class.bases.iter().flat_map(|base| self.bases_at(base, home));
        let classes = values.filter_map(|value| match value {
            Value::Class(base) if base != class => Some(base),
            _ => None,
        });
        classes.collect()
    }
}
