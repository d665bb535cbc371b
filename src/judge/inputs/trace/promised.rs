//! What a promise is kept with: `new Promise((resolve) => parser.on("ready", () => resolve(text)))` gives the text.

use crate::link::units::UnitId;
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Call, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::{State, Trace};

/// Functions within functions that are looked into.
const DEPTH: usize = 6;

impl<'m> Trace<'_, '_, '_, 'm> {
    /// Follows what a function that is given to something new hands to the first function that it is given itself.
    /// Whether there is one.
    pub(super) fn promised(&mut self, call: &'m Call, site: Site, state: &State<'m>) -> bool {
        let program = self.program();
        let is_new = call.is_new
            && program.callee_paths(site).iter().any(|path| {
                program.facts_of(path, Kind::Runs).iter().any(|(_, fact)| fact.role.as_deref() == Some("at-once"))
            });
        let Some(first) = call.arguments.first().filter(|_| is_new) else { return false };
        let ran = program.values(&first.value, site.frame).iter().find_map(|value| match value {
            Value::Function { unit, closure, receiver } => {
                Some((*unit, program.enter(*unit, *closure, receiver.clone(), How::Framework)?))
            }
            _ => None,
        });
        let Some((unit, frame)) = ran else { return false };
        let keeper = program.units.units[unit].function.and_then(|function| function.parameters.first());
        let Some(ExpressionKind::Name(keeper)) = keeper.map(|keeper| &keeper.target.kind) else { return false };
        let state = State { in_chain: false, ..state.clone() };
        self.kept_with(keeper, unit, frame, &state, 0);
        true
    }

    fn kept_with(&mut self, keeper: &str, unit: UnitId, frame: FrameId, state: &State<'m>, depth: usize) {
        let program = self.program();
        let info = &program.units.units[unit];
        for call in info.calls.iter().map(|call| program.units.calls[*call].call) {
            let keeps = matches!(&call.callee.kind, ExpressionKind::Name(name) if name == keeper);
            if let Some(value) = call.arguments.first().filter(|_| keeps) {
                self.follow(&value.value, frame, state.clone());
            }
        }
        for inner in info.inner.iter().filter(|_| depth < DEPTH) {
            if !program.units.units[*inner].names.contains_key(keeper)
                && let Some(frame) = program.enter(*inner, frame, None, How::Framework)
            {
                self.kept_with(keeper, *inner, frame, state, depth + 1);
            }
        }
    }
}
