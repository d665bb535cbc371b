//! Variables that are kept in an attribute which nobody reads: nothing needs their value.

use crate::link::Program;
use crate::link::units::NodeKind;
use crate::model::*;

use super::reads::Read;

/// Whether a read only fills an attribute of an object of Python that is not read anywhere.
pub(super) fn is_kept_unread(program: &Program<'_>, read: &Read<'_>) -> bool {
    let NodeKind::Plain(statement) = (match read.node {
        Some(node) if program.modules[read.module].language == Language::Python => program.units.nodes[node].kind,
        _ => return false,
    }) else {
        return false;
    };
    let StatementKind::Assign(assignment) = &statement.kind else { return false };
    let ExpressionKind::Member { object, name } = &assignment.target.kind else { return false };
    let is_own = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
    let is_whole = assignment.value.as_ref().is_some_and(|value| value.span == read.span);
    is_own && is_whole && !is_read(program, name, &assignment.target) && !is_asked_by_name(program, name)
}

/// Whether an attribute of this name stands anywhere but where it is filled.
fn is_read(program: &Program<'_>, attribute: &str, filled: &Expression) -> bool {
    let mut members = program.units.units.iter().flat_map(|unit| &unit.members);
    members.any(|(_, each)| {
        matches!(&each.kind, ExpressionKind::Member { name, .. } if name == attribute) && !std::ptr::eq(*each, filled)
    })
}

/// `getattr(images, "project")`, `vars(images)`, and whatever asks for a name that is not written down.
fn is_asked_by_name(program: &Program<'_>, attribute: &str) -> bool {
    program.units.calls.iter().any(|info| {
        let ExpressionKind::Name(name) = &info.call.callee.kind else { return false };
        match (name.as_str(), info.call.arguments.get(1).map(|argument| &argument.value.kind)) {
            ("getattr", Some(ExpressionKind::Literal(Literal::Text(text)))) => text == attribute,
            ("getattr" | "vars" | "asdict", _) => true,
            _ => false,
        }
    })
}
