//! Which column of a row a test asks for: that says something about earlier requests only where they set it.

use crate::judge::behaviour::fresh::is_fresh;
use crate::judge::behaviour::row_changes;
use crate::judge::behaviour::subjects::{Subject, are_related};
use crate::judge::behaviour::writes::Write;
use crate::link::flow::Gate;
use crate::link::{FrameId, Program};
use crate::model::{Expression, ExpressionKind};

use super::LookUp;

/// A column of a row that was looked up, as a test asks for it: `title` of `if (chat.title)`.
#[derive(Clone, Copy)]
pub(super) struct Column<'m> {
    row: &'m str,
    name: &'m str,
    frame: FrameId,
}

/// Tests within each other.
const DEPTH: usize = 8;

/// The column that a gate asks for of what was looked up, where it asks for one: `if board is not None and
/// board.suspended`, `if (order.state === "done")`.
pub(super) fn asked_for<'m>(program: &Program<'m>, gate: &Gate<'m>, look_up: &LookUp<'m>) -> Option<Column<'m>> {
    let site = look_up.site?;
    let mut members = Vec::new();
    members_of(gate.test, &mut members, 0);
    members.retain(|(row, _)| {
        let found = program.slice(row, gate.frame);
        matches!(row.kind, ExpressionKind::Name(_)) && found.sites.contains(&site)
    });
    let [(row, name)] = members.as_slice() else { return None };
    match &row.kind {
        ExpressionKind::Name(row) => Some(Column { row, name, frame: gate.frame }),
        _ => None,
    }
}

/// The members that a test asks for one by one, each with what it is taken from.
fn members_of<'m>(test: &'m Expression, found: &mut Vec<(&'m Expression, &'m str)>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match &test.kind {
        ExpressionKind::Member { object, name } => found.push((object, name)),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not" | "and", parts) => parts.iter().for_each(|part| members_of(part, found, depth + 1)),
            ("==" | "!=" | "is" | "is not", [asked, Expression { kind: ExpressionKind::Literal(_), .. }]) => {
                members_of(asked, found, depth + 1);
            }
            _ => {}
        },
        _ => {}
    }
}

impl<'m> Column<'m> {
    /// Whether a record may set the column: what is not written out may set any.
    pub(super) fn may_be_set(&self, program: &Program<'m>, write: &Write<'m>) -> bool {
        match row_changes::changed(program, write) {
            Some(changed) => changed.iter().any(|(name, _)| *name == self.name),
            None => true,
        }
    }

    /// Whether a record puts something into the column that is only known then, so that the next request finds it:
    /// `update({ where: { id }, data: { title } })`, `chat.title = title`.
    pub(super) fn keeps_answer(&self, program: &Program<'m>, write: &Write<'m>, asked: &[Subject]) -> bool {
        let home = program.open_frame(write.unit);
        // When something happened is no answer.
        let is_open = |value: &'m Expression| {
            !matches!(value.kind, ExpressionKind::Literal(_)) && !is_fresh(program, (value, home))
        };
        match write.site {
            Some(_) if !are_related(asked, &write.subjects) => false,
            Some(_) => row_changes::changed(program, write)
                .is_some_and(|changed| changed.iter().any(|(name, value)| *name == self.name && is_open(value))),
            None => {
                let assignment = program.units.nodes[write.node].kind.assignment();
                write.unit == program.unit_of_frame(self.frame)
                    && assignment.is_some_and(|assignment| match &assignment.target.kind {
                        ExpressionKind::Member { object, name } => {
                            name == self.name
                                && matches!(&object.kind, ExpressionKind::Name(row) if row == self.row)
                                && assignment.value.as_ref().is_some_and(is_open)
                        }
                        _ => false,
                    })
            }
        }
    }
}
