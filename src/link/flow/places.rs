//! What stands at one place of things that are given together: `return number, text`, then `number, text = read(row)`.

use crate::link::Program;
use crate::link::units::{Binding, UnitId};
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;

/// Steps from one expression to the next.
const DEPTH: usize = 6;

/// One of the things that may stand at a place.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'m> {
    pub item: &'m Expression,
    pub frame: FrameId,
    /// The function that returns it.
    pub of: Option<UnitId>,
}

impl<'m> Program<'m> {
    /// What stands at a place of what an expression gives, in each way in which it does; none where one of them is not
    /// written down as several things.
    pub fn placed(&self, value: &'m Expression, frame: FrameId, place: usize) -> Option<Vec<Placed<'m>>> {
        let mut found = Vec::new();
        self.place_in(value, (frame, None), place, &mut found, 0).then_some(found)
    }

    fn place_in(
        &self,
        value: &'m Expression,
        (frame, of): (FrameId, Option<UnitId>),
        place: usize,
        found: &mut Vec<Placed<'m>>,
        depth: usize,
    ) -> bool {
        use ExpressionKind as E;
        if depth > DEPTH {
            return false;
        }
        match &value.kind {
            E::Await(inner) => self.place_in(inner, (frame, of), place, found, depth + 1),
            E::Operator { operator, operands } if operator == "?" => {
                operands.iter().all(|inner| self.place_in(inner, (frame, of), place, found, depth + 1))
            }
            E::List(items) => {
                let is_open = items.iter().take(place + 1).any(|item| matches!(item.kind, E::Spread(_)));
                let Some(item) = items.get(place).filter(|_| !is_open) else { return false };
                found.push(Placed { item, frame, of });
                true
            }
            E::Conditional { then, otherwise, .. } => {
                [then, otherwise].into_iter().all(|each| self.place_in(each, (frame, of), place, found, depth + 1))
            }
            // Where nothing is given there is nothing to take apart.
            E::Literal(Literal::Null) => true,
            E::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (E::Name(name), [inner]) if matches!(name.as_str(), "Ok" | "Some") => {
                    self.place_in(&inner.value, (frame, of), place, found, depth + 1)
                }
                (E::Name(name), _) if name == "Err" => true,
                _ => match waited_for_together(call) {
                    Some(items) => {
                        let is_open = items.iter().take(place + 1).any(|item| matches!(item.kind, E::Spread(_)));
                        let Some(item) = items.get(place).filter(|_| !is_open) else { return false };
                        found.push(Placed { item, frame, of });
                        true
                    }
                    None => self.place_in_results(call, frame, place, found, depth),
                },
            },
            E::Name(name) => self.place_behind(name, (frame, of), place, found, depth),
            _ => false,
        }
    }

    /// In all that functions of the program return.
    fn place_in_results(
        &self,
        call: &'m Call,
        frame: FrameId,
        place: usize,
        found: &mut Vec<Placed<'m>>,
        depth: usize,
    ) -> bool {
        let Some(id) = self.units.call_id(call) else { return false };
        let callees = self.values(&call.callee, frame);
        let of_callee = |callee: &Value<'m>| {
            let Value::Function { unit, closure, receiver } = callee else { return false };
            let info = &self.units.units[*unit];
            let how = How::Call(Site { call: id, frame });
            let Some(inner) = self.enter(*unit, *closure, receiver.clone(), how) else { return false };
            info.yields.is_empty()
                && !info.returns.is_empty()
                && info.returns.iter().all(|each| self.place_in(each, (inner, Some(*unit)), place, found, depth + 1))
        };
        !callees.is_empty() && callees.iter().all(of_callee)
    }

    /// In the one thing that a name is given in its function.
    fn place_behind(
        &self,
        name: &str,
        (frame, of): (FrameId, Option<UnitId>),
        place: usize,
        found: &mut Vec<Placed<'m>>,
        depth: usize,
    ) -> bool {
        let unit = self.unit_of_frame(frame);
        match self.units.units[unit].names.get(name).map(Vec::as_slice) {
            Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => {
                self.growth(name, unit).is_empty() && self.place_in(value, (frame, of), place, found, depth + 1)
            }
            _ => false,
        }
    }
}

/// What is waited for together, in the order in which it is answered: `Promise.all([load(id), plan(id)])`,
/// `asyncio.gather(load(id), plan(id))`, `tokio::join!(..)`.
fn waited_for_together(call: &Call) -> Option<Vec<&Expression>> {
    let given = || call.arguments.iter().map(|argument| &argument.value);
    match &call.callee.kind {
        ExpressionKind::Member { object, name } if name == "all" => {
            let of_promises = matches!(&object.kind, ExpressionKind::Name(holder) if holder == "Promise");
            match given().next().map(|first| &first.kind) {
                Some(ExpressionKind::List(items)) if of_promises => Some(items.iter().collect()),
                _ => None,
            }
        }
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "gather" | "join!" | "try_join!") =>
        {
            Some(call.arguments.iter().filter(|each| each.name.is_none()).map(|each| &each.value).collect())
        }
        _ => None,
    }
}
