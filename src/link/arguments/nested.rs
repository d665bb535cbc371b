//! What is put into an object that stands within another one: `options["config"]["limit"] = 200` behind
//! `options = {"config": {}}`.

use crate::link::Program;
use crate::link::units::{Binding, Unit};
use crate::link::values::FrameId;
use crate::model::*;

impl<'m> Program<'m> {
    /// What the function in which an object is written puts under a key of it, by the name of what that stands in.
    pub(super) fn put_within(&self, object: &'m Expression, frame: FrameId, key: &str) -> Option<&'m Expression> {
        if !matches!(object.kind, ExpressionKind::Object(_)) {
            return None;
        }
        let unit = &self.units.units[self.unit_of_frame(frame)];
        let assigned = unit.nodes.iter();
        let mut assigned = assigned.filter_map(|node| Some((*node, self.units.nodes[*node].kind.assignment()?)));
        assigned.find_map(|(node, assignment)| {
            let (inner, _) = part_of(&assignment.target).filter(|(_, own)| *own == key)?;
            let (holder, outer) = part_of(inner)?;
            let is_put = assignment.operator.is_none() && stands_in(unit, holder, outer, object);
            let value = assignment.value.as_ref().filter(|_| is_put)?;
            // What is only put there where it was given may not be.
            let tests = self.tests_around(node);
            (!tests.iter().any(|test| asks_whether_given(test, value))).then_some(value)
        })
    }
}

/// Whether a test asks whether there is something to put somewhere: `if let Some(limit) = limit`, `if limit is not None`,
/// `if (limit)`.
fn asks_whether_given(test: &Expression, value: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("and" | "or", operands) => operands.iter().any(|operand| asks_whether_given(operand, value)),
            ("==" | "!=" | "is" | "is not", [_, other]) => match &other.kind {
                ExpressionKind::Literal(Literal::Null) => true,
                ExpressionKind::Call(variant) => Program::written(&variant.callee) == "Some",
                _ => false,
            },
            _ => false,
        },
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
            let asked = Program::written(test);
            !asked.is_empty() && asked == Program::written(value)
        }
        _ => false,
    }
}

/// Whether an object is what stands under a key of the object that a name is given in a unit.
fn stands_in(unit: &Unit<'_>, holder: &Expression, key: &str, object: &Expression) -> bool {
    let ExpressionKind::Name(holder) = &holder.kind else { return false };
    unit.names.get(holder.as_str()).into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, access, .. } if access.is_empty() => match &value.kind {
            ExpressionKind::Object(entries) => {
                entries.iter().any(|entry| entry.key.as_deref() == Some(key) && std::ptr::eq(&entry.value, object))
            }
            _ => false,
        },
        _ => false,
    })
}

/// What a target is a part of, and the key that it has there.
fn part_of(target: &Expression) -> Option<(&Expression, &str)> {
    match &target.kind {
        ExpressionKind::Member { object, name } => Some((object, name)),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => Some((object, key)),
            _ => None,
        },
        _ => None,
    }
}
