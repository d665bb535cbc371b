//! What is assigned to members elsewhere: `app.limiter = Limiter()`, read back as `app.limiter`.

use rustc_hash::FxHashMap;

use crate::link::Program;
use crate::link::units::*;
use crate::model::*;

use super::frames::{FrameId, How};
use super::{ALTERNATIVES, Place, Value, Values, add};

impl<'m> Program<'m> {
    /// `app.state.redis = ...` is read back as `request.app.state.redis`: by the last two names.
    pub(super) fn assigned_member(&self, object: Option<Place<'m>>, name: &str) -> Values<'m> {
        let Some(object) = object else { return Values::new() };
        let assigned = self.assigned_at(&self.units.member_assignments, object, name);
        match &object.0.kind {
            // `request.state.client`, which a function that runs at the start has yielded.
            ExpressionKind::Member { name: holder, .. } if assigned.is_empty() => self.yielded_member(holder, name),
            _ => assigned,
        }
    }

    fn assigned_at(
        &self,
        assignments: &FxHashMap<(&'m str, &'m str), Vec<MemberAssignment<'m>>>,
        (object, reader): Place<'m>,
        name: &str,
    ) -> Values<'m> {
        let (ExpressionKind::Member { name: holder, .. } | ExpressionKind::Name(holder)) = &object.kind else {
            return Values::new();
        };
        let is_bare = matches!(object.kind, ExpressionKind::Name(_));
        let Some(assigned) = assignments.get(&(holder.as_str(), name)) else { return Values::new() };
        let mut all = Values::new();
        for each in self.assigned_near(assigned, reader).iter().take(ALTERNATIVES) {
            if is_bare && self.is_other_variable(each, holder, reader) {
                continue;
            }
            add(&mut all, self.values(each.value, self.open_frame(each.unit)).iter().cloned());
        }
        all.retain(|value| *value != Value::Unknown);
        all
    }

    /// Of what is assigned in several places what the program has that a frame is part of.
    pub fn assigned_near(&self, all: &[MemberAssignment<'m>], reader: FrameId) -> Vec<MemberAssignment<'m>> {
        let module = |each: MemberAssignment<'m>| self.module_of(each.unit);
        self.of_one_program(self.module_of(self.unit_of_frame(reader)), all, module)
    }

    /// What a name of a unit is, with the things that functions within assign to it. Texts and numbers that change while
    /// the program runs are a state of their own.
    pub(super) fn with_assigned(&self, bound: Values<'m>, name: &'m str, home: FrameId) -> Values<'m> {
        let Some(assigned) = self.units.assigned_within.get(&(self.unit_of_frame(home), name)) else { return bound };
        let mut all = Values::new();
        for (unit, value) in assigned.iter().take(ALTERNATIVES) {
            let values = self.values(value, self.open_frame(*unit));
            add(&mut all, values.iter().filter(|value| self.does_something(value)).cloned());
        }
        if all.is_empty() {
            return bound;
        }
        // Nothing, or a type that nobody knows, is what it was before.
        add(&mut all, bound.into_iter().filter(|value| self.does_something(value)));
        all
    }

    /// `app["client"] = ...` and `app[CLIENT] = ...` are read back under the same key as `request.app["client"]`: only
    /// things, for texts and numbers are a state of their own.
    pub(super) fn assigned_under(&self, whole: &'m Expression, index: &'m Expression, frame: FrameId) -> Values<'m> {
        let ExpressionKind::Index { object, .. } = &whole.kind else { return Values::new() };
        let mut all = match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => self.assigned_member(Some((object, frame)), key),
            ExpressionKind::Name(key) => self.assigned_at(&self.units.keyed_assignments, (object, frame), key),
            _ => Values::new(),
        };
        all.retain(|value| self.does_something(value));
        all
    }

    /// `c.set("log", logger)` is read back as `c.get("log")`, of whatever is the same by its type. Only for what nobody
    /// knows better (`answered`), and only things: texts and numbers are a state of their own.
    pub(super) fn put_under(&self, call: &'m Call, frame: FrameId, answered: &[Value<'m>]) -> Values<'m> {
        let (ExpressionKind::Member { object, name }, [key]) = (&call.callee.kind, call.arguments.as_slice()) else {
            return Values::new();
        };
        let ExpressionKind::Literal(Literal::Text(key)) = &key.value.kind else { return Values::new() };
        let is_untold = |value: &Value<'m>| matches!(value, Value::Unknown) || self.is_untold(value);
        if name != "get" || !answered.iter().all(is_untold) {
            return Values::new();
        }
        let Some(puts) = self.puts_by_key().get(key.as_str()) else { return Values::new() };
        let holders = self.values(object, frame);
        let reader = self.module_of(self.unit_of_frame(frame));
        let mut all = Values::new();
        for put in self.of_one_program(reader, puts, |put| self.units.calls[put].module).iter().take(ALTERNATIVES) {
            let info = &self.units.calls[*put];
            let home = self.open_frame(info.unit);
            let (ExpressionKind::Member { object, .. }, Some(given)) =
                (&info.call.callee.kind, info.call.arguments.get(1))
            else {
                continue;
            };
            let is_same =
                |other: &Value<'m>| holders.iter().any(|own| own.path().is_some() && own.path() == other.path());
            if self.values(object, home).iter().any(is_same) {
                add(
                    &mut all,
                    self.values(&given.value, home).iter().filter(|value| self.does_something(value)).cloned(),
                );
            }
        }
        all
    }

    /// Whether a value is something that is called: an object of the program, or one of a library whose methods are known.
    pub(super) fn does_something(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Library { path, .. } => self.catalogue.about(path).next().is_some(),
            _ => self.is_thing(value),
        }
    }

    /// The calls of a method `set` that are given a written key and a value, by the key.
    fn puts_by_key(&self) -> &FxHashMap<&'m str, Vec<CallId>> {
        self.put_under.get_or_init(|| {
            let mut puts: FxHashMap<&'m str, Vec<CallId>> = FxHashMap::default();
            for (call, info) in self.units.calls.iter().enumerate() {
                let (ExpressionKind::Member { name, .. }, [key, _]) =
                    (&info.call.callee.kind, info.call.arguments.as_slice())
                else {
                    continue;
                };
                if let ("set", ExpressionKind::Literal(Literal::Text(key))) = (name.as_str(), &key.value.kind) {
                    puts.entry(key).or_default().push(call);
                }
            }
            puts
        })
    }

    /// Whether a variable that a function makes and assigns to is another one than what is read under its name: a
    /// variable of another function, or what a framework hands to it.
    fn is_other_variable(&self, each: &MemberAssignment<'m>, holder: &str, reader: FrameId) -> bool {
        if !matches!(each.object.kind, ExpressionKind::Name(_)) {
            return false;
        }
        let mut at = Some(each.unit);
        let home = loop {
            let Some(unit) = at else { return false };
            if self.units.units[unit].names.contains_key(holder) {
                break unit;
            }
            at = self.units.units[unit].parent;
        };
        let is_made = |unit: UnitId| {
            let info = &self.units.units[unit];
            info.function.is_some()
                && info.names.get(holder).into_iter().flatten().all(|binding| matches!(binding, Binding::Value { .. }))
        };
        if !is_made(home) {
            return false;
        }
        let mut at = Some(reader);
        while let Some(id) = at {
            let frame = self.frame(id);
            if let Some(bindings) = self.units.units[frame.unit].names.get(holder) {
                let is_given = bindings.iter().any(|binding| matches!(binding, Binding::Parameter { .. }));
                return frame.unit != home && (is_made(frame.unit) || is_given && !matches!(frame.how, How::Call(_)));
            }
            at = frame.closure;
        }
        false
    }
}
