//! What a function puts into an object behind the place where it writes that out, before anybody gets it:
//! `body = {"messages": messages}`, `body["max_tokens"] = 300`, `return body`.

use crate::link::Program;
use crate::link::units::{NodeId, UnitId};
use crate::link::values::FrameId;
use crate::model::*;

use super::Given;

impl<'m> Program<'m> {
    /// What is put under a key of an object whenever it is written out, before it is passed on.
    pub(super) fn put_behind(&self, object: &'m Expression, frame: FrameId, key: &str) -> Option<Given<'m>> {
        let (unit, name, node) = *self.units.named_objects.get(&(std::ptr::from_ref(object) as usize))?;
        let assigned = self.units.member_assignments.get(&(name, key))?;
        let is_only = self.units.units[unit].names.get(name).is_some_and(|bindings| bindings.len() == 1);
        if !is_only || self.unit_of_frame(frame) != unit {
            return None;
        }
        let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(own) if own == name);
        let around: Vec<NodeId> =
            node.into_iter().flat_map(|node| self.units.ancestors(node)).map(|(id, _)| id).collect();
        let is_always = |value: &Expression| {
            let node = self.units.assigned_at.get(&(std::ptr::from_ref(value) as usize));
            let node = node.and_then(|node| self.units.nodes.get(*node));
            node.is_some_and(|node| node.parent.is_none_or(|parent| around.contains(&parent)))
        };
        let mut put = assigned.iter().filter(|each| each.unit == unit && is_it(each.object) && is_always(each.value));
        let value = put.next_back()?.value;
        let between = Span { start: object.span.end, end: value.span.start };
        (!self.is_passed_on(unit, name, between)).then_some(Given::Present { expression: value, frame })
    }

    /// Whether a unit passes something on at some place of the text.
    fn is_passed_on(&self, unit: UnitId, name: &str, at: Span) -> bool {
        let is_it = |value: &Expression| match &value.kind {
            ExpressionKind::Name(own) => own == name,
            ExpressionKind::Spread(inner) => matches!(&inner.kind, ExpressionKind::Name(own) if own == name),
            _ => false,
        };
        let calls = self.units.units[unit].calls.iter().map(|call| self.units.calls[*call].call);
        let mut given = calls.flat_map(|call| &call.arguments).map(|argument| &argument.value);
        given.any(|value| at.contains(value.span) && is_it(value))
    }
}
