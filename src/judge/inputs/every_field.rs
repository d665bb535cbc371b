//! What is asked of every field of a request, whatever it is called: `for (const [name, text] of Object.entries(body))`.

use crate::link::units::{Access, Binding, NodeKind};
use crate::link::{FrameId, Program};
use crate::model::{Expression, ExpressionKind};

/// Functions within functions in which a field may be asked about.
const SCOPES: usize = 4;

/// What a name stands for each field of in turn.
pub(super) fn whole_of<'m>(
    program: &Program<'m>,
    field: &'m Expression,
    frame: FrameId,
) -> Option<(&'m Expression, FrameId)> {
    let ExpressionKind::Name(name) = &field.kind else { return None };
    let mut scopes = std::iter::successors(Some(frame), |id| program.frame(*id).closure).take(SCOPES);
    let (home, bindings) = scopes.find_map(|id| {
        let names = &program.units.units[program.unit_of_frame(id)].names;
        Some((id, names.get(name.as_str())?))
    })?;
    let [binding] = bindings.as_slice() else { return None };
    let (over, access, around) = match binding {
        // Of pairs of names and values the value is one of what is listed.
        Binding::Element { over, access } if access.is_empty() && is_listed_in_pairs(program, over, home) => {
            return Some((*over, home));
        }
        Binding::Element { over, access } => (*over, access, home),
        // `Object.values(body).some((text) => text.length > 2_000)`
        Binding::Parameter { index: 0, access } => {
            let around = program.frame(home).closure?;
            (called_for_each(program, home, around)?, access, around)
        }
        _ => return None,
    };
    Some((fields_of(over, access)?, around))
}

/// Whether a loop goes through the names and values of an object: `Object.entries(body)`, `body.items()`.
fn is_listed_in_pairs<'m>(program: &Program<'m>, object: &'m Expression, frame: FrameId) -> bool {
    let pairs = [Access::Position(1)];
    program.units.units[program.unit_of_frame(frame)].nodes.iter().any(|node| match program.units.nodes[*node].kind {
        NodeKind::Loop(each) => {
            let listed = each.over.as_ref().and_then(|over| fields_of(over, &pairs));
            listed.is_some_and(|listed| std::ptr::eq(listed, object))
        }
        _ => false,
    })
}

/// The list whose items a function is called for.
fn called_for_each<'m>(program: &Program<'m>, function: FrameId, around: FrameId) -> Option<&'m Expression> {
    let span = program.units.units[program.unit_of_frame(function)].span;
    let calls = &program.units.units[program.unit_of_frame(around)].calls;
    calls.iter().map(|call| program.units.calls[*call].call).find_map(|call| {
        match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Member { object, name }, [given])
                if given.value.span == span && matches!(name.as_str(), "some" | "every" | "find" | "forEach") =>
            {
                Some(&**object)
            }
            _ => None,
        }
    })
}

/// The object whose values, or pairs of names and values, a call lists.
fn fields_of<'m>(listed: &'m Expression, access: &[Access<'m>]) -> Option<&'m Expression> {
    let ExpressionKind::Call(call) = &listed.kind else { return None };
    let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
    let is_value = match name.as_str() {
        "entries" | "items" => matches!(access, [Access::Position(1)]),
        "values" => access.is_empty(),
        _ => false,
    };
    match call.arguments.as_slice() {
        [given] if is_value && matches!(&object.kind, ExpressionKind::Name(holder) if holder == "Object") => {
            Some(&given.value)
        }
        [] if is_value => Some(object),
        _ => None,
    }
}
