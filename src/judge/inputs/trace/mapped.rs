//! Lists that are made item by item: what a function makes of each item of another list.

use crate::judge::inputs::cuts::is_cut_here;
use crate::link::units::UnitId;
use crate::link::{FrameId, How, Value};
use crate::model::*;

use super::{State, Trace};

/// A function whose results are being followed for each item of a list.
#[derive(Clone, Copy, Debug)]
pub(in crate::judge::inputs) struct Mapped<'m> {
    unit: UnitId,
    list: &'m Expression,
    frame: FrameId,
    /// What is known of the list's length, whatever is taken of its items.
    count: bool,
    one: bool,
}

impl<'m> Trace<'_, '_, '_, 'm> {
    /// `turns.map((turn) => ({ role: turn.role, content: turn.content.slice(0, 4000) }))`: follows what is made of each
    /// item. Whether the function is known.
    pub(super) fn made_of_items(&mut self, call: &'m Call, frame: FrameId, method: &str, state: &State<'m>) -> bool {
        let given = |at: usize| call.arguments.get(at).map(|argument| &argument.value);
        let (list, function) = match (&call.callee.kind, method) {
            (ExpressionKind::Member { object, .. }, "map" | "flatMap") => (Some(object.as_ref()), given(0)),
            // `map(shorten, turns)`
            (ExpressionKind::Name(_), "map") => (given(1), given(0)),
            _ => return false,
        };
        let (Some(list), Some(function)) = (list, function) else { return false };
        let program = self.program();
        let entered = program.values(function, frame).iter().find_map(|value| match value {
            Value::Function { unit, closure, receiver } => {
                Some((*unit, program.enter(*unit, *closure, receiver.clone(), How::Framework)?))
            }
            _ => None,
        });
        let Some((unit, inner)) = entered.filter(|(unit, inner)| self.is_item_known(*unit, *inner)) else {
            return false;
        };
        let items = state.of_items();
        self.mapped.push(Mapped { unit, list, frame, count: items.count, one: items.one });
        for returned in &program.units.units[unit].returns {
            // What is cut in an item is its text, not the list.
            let is_cut = is_cut_here(program, returned, inner);
            let items = State { items: false, ..state.of_items() };
            let text = items.text || is_cut && items.path.is_empty();
            self.follow(returned, inner, State { text, ..items });
        }
        self.mapped.pop();
        true
    }

    /// Whether a function is given an item, and makes something of it: in no frame of its own nothing is known of that.
    fn is_item_known(&self, unit: UnitId, frame: FrameId) -> bool {
        let info = &self.program().units.units[unit];
        let is_own = self.program().frame(frame).how == How::Framework;
        is_own
            && !self.is_mapped(unit)
            && !info.returns.is_empty()
            && info.function.is_some_and(|function| !function.parameters.is_empty())
    }

    /// Whether a function is being followed for each item of a list.
    pub(super) fn is_mapped(&self, unit: UnitId) -> bool {
        self.mapped.iter().any(|mapped| mapped.unit == unit)
    }

    /// The item that such a function is given.
    pub(super) fn item_of_mapped(&mut self, unit: UnitId, mut state: State<'m>) {
        let Some(given) = self.mapped.iter().rev().find(|mapped| mapped.unit == unit).copied() else { return };
        // `turn[0]` and `turn.text.slice(0, 90)` take parts of each item, and leave none out.
        state.text |= state.sliced;
        (state.items, state.sliced, state.count, state.one) = (true, false, given.count, given.one);
        self.follow(given.list, given.frame, state);
    }
}
