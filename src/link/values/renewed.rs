//! Names and fields that are set anew to the same thing with other settings: `client = client.with_options(timeout=20)`.

use crate::link::Program;
use crate::link::units::*;
use crate::model::*;

use super::frames::FrameId;
use super::{Value, Values, add};

/// Adds what something is set to anew, each time: what that is made of, the same thing with other settings, it is no
/// longer.
pub(super) fn renew<'m>(all: &mut Values<'m>, renewed: Values<'m>) {
    all.retain(|before| renewed.contains(before) || !renewed.iter().any(|value| is_made_on(value, before)));
    add(all, renewed);
}

/// Whether a value is another one with further settings.
fn is_made_on(value: &Value<'_>, before: &Value<'_>) -> bool {
    match (value, before) {
        (Value::Library { path, sites }, Value::Library { path: same, sites: first }) => {
            path == same && !first.is_empty() && sites.len() > first.len() && sites.starts_with(first)
        }
        _ => false,
    }
}

impl<'m> Program<'m> {
    /// Adds what a name is bound to, to what it was bound to before.
    pub(super) fn bind(&self, all: &mut Values<'m>, binding: &Binding<'m>, frame: FrameId) {
        let found = self.binding(binding, frame);
        match binding {
            Binding::Value { renews: true, .. } => renew(all, found),
            _ => add(all, found),
        }
    }

    /// Whether the one unit that sets a field makes this assignment each time it runs.
    pub(super) fn always_assigns(
        &self,
        values: &[(UnitId, &'m Assignment)],
        unit: UnitId,
        assignment: &'m Assignment,
    ) -> bool {
        values.iter().all(|(each, _)| *each == unit)
            && self.units.units[unit].nodes.iter().map(|node| &self.units.nodes[*node]).any(|node| {
                node.parent.is_none() && node.kind.assignment().is_some_and(|each| std::ptr::eq(each, assignment))
            })
    }
}
