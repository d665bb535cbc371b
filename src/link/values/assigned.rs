//! What is assigned to members elsewhere: `app.limiter = Limiter()`, read back as `app.limiter`.

use crate::link::Program;
use crate::link::units::*;
use crate::model::*;

use super::frames::{FrameId, How};
use super::{ALTERNATIVES, Place, Value, Values, add};

impl<'m> Program<'m> {
    /// `app.state.redis = ...` is read back as `request.app.state.redis`: by the last two names.
    pub(super) fn assigned_member(&self, object: Option<Place<'m>>, name: &str) -> Values<'m> {
        let Some((object, reader)) = object else { return Values::new() };
        let (ExpressionKind::Member { name: holder, .. } | ExpressionKind::Name(holder)) = &object.kind else {
            return Values::new();
        };
        let is_bare = matches!(object.kind, ExpressionKind::Name(_));
        let mut all = Values::new();
        for each in self.units.member_assignments.get(&(holder.as_str(), name)).into_iter().flatten().take(ALTERNATIVES)
        {
            if is_bare && self.is_other_variable(each, holder, reader) {
                continue;
            }
            add(&mut all, self.values(each.value, self.open_frame(each.unit)).iter().cloned());
        }
        all.retain(|value| *value != Value::Unknown);
        all
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
