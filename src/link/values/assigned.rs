//! What is assigned to members elsewhere: `app.limiter = Limiter()`, read back as `app.limiter`.

use crate::link::Program;
use crate::link::units::*;
use crate::model::*;

use super::frames::FrameId;
use super::{ALTERNATIVES, Value, Values, add};

impl<'m> Program<'m> {
    /// `app.state.redis = ...` is read back as `request.app.state.redis`: by the last two names.
    pub(super) fn assigned_member(&self, object: Option<(&'m Expression, FrameId)>, name: &str) -> Values<'m> {
        let Some((object, frame)) = object else { return Values::new() };
        self.assigned_where(object, name, &|each, holder| self.may_be_read(each, holder, frame))
    }

    /// The same for what is kept under keys: whatever variable leads to it.
    pub(super) fn assigned_anywhere(&self, object: &'m Expression, key: &str) -> Values<'m> {
        self.assigned_where(object, key, &|_, _| true)
    }

    fn assigned_where(
        &self,
        object: &'m Expression,
        name: &str,
        counts: &dyn Fn(&MemberAssignment<'m>, &str) -> bool,
    ) -> Values<'m> {
        let (ExpressionKind::Member { name: holder, .. } | ExpressionKind::Name(holder)) = &object.kind else {
            return Values::new();
        };
        let mut all = Values::new();
        let assigned = self.units.member_assignments.get(&(holder.as_str(), name)).into_iter().flatten();
        for each in assigned.take(ALTERNATIVES).filter(|each| counts(each, holder)) {
            add(&mut all, self.values(each.value, self.open_frame(each.unit)).iter().cloned());
        }
        all.retain(|value| *value != Value::Unknown);
        all
    }

    /// Whether what is assigned to a member may be read under the same names in a frame: a variable of another function
    /// that never leaves it is another thing.
    fn may_be_read(&self, assigned: &MemberAssignment<'m>, holder: &str, frame: FrameId) -> bool {
        if !matches!(assigned.object.kind, ExpressionKind::Name(_)) {
            return true;
        }
        let Some(home) = self.units.binder_of(holder, assigned.unit) else { return true };
        let info = &self.units.units[home];
        let is_made_there = |binding: &Binding<'m>| {
            matches!(binding, Binding::Value { .. } | Binding::Element { .. } | Binding::Context(_))
        };
        let is_local = info.function.is_some()
            && info.names.get(holder).is_some_and(|bindings| bindings.iter().all(is_made_there));
        !is_local
            || self.units.binder_of(holder, self.unit_of_frame(frame)) == Some(home)
            || self.leaves_its_unit(home, holder)
    }

    /// Whether a variable is returned, or handed to a function or an object of the program.
    fn leaves_its_unit(&self, unit: UnitId, name: &str) -> bool {
        let info = &self.units.units[unit];
        let is_it = |value: &Expression| matches!(&value.kind, ExpressionKind::Name(each) if each == name);
        let frame = self.open_frame(unit);
        info.returns.iter().chain(&info.yields).any(|returned| is_it(returned))
            || info.calls.iter().any(|call| {
                let call = self.units.calls[*call].call;
                call.arguments.iter().any(|argument| is_it(&argument.value))
                    && self.values(&call.callee, frame).iter().any(|callee| {
                        matches!(callee, Value::Function { .. } | Value::Class(_) | Value::Instance { .. })
                    })
            })
    }
}
