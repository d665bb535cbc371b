//! Functions that a decorator of the program marks for whoever looks through a module for them:
//! `task_fn._task_name = name`, then `for value in vars(module).values(): getattr(value, "_task_name", None)`.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::units::{Binding, UnitId};
use crate::link::values::{FrameId, Value};
use crate::model::{Expression, ExpressionKind, Language, Literal};

/// Functions that ask an object for a member by its name.
const ASKS: [&str; 2] = ["getattr", "hasattr"];
/// The function that gives an object a member by its name.
const GIVES: &str = "setattr";
/// Calls around the name of what was found.
const AROUND: usize = 3;

/// The functions that stand under a name which goes through all that there is, and is asked there for marks.
pub(super) fn marked<'m>(program: &Program<'m>, found: &'m Expression, frame: FrameId) -> Vec<UnitId> {
    let unit = program.unit_of_frame(frame);
    let info = &program.units.units[unit];
    let Some(name) = name_in(found).filter(|_| program.modules[info.module].language == Language::Python) else {
        return Vec::new();
    };
    let goes_through = |binding: &Binding<'m>| matches!(binding, Binding::Element { .. });
    if !info.names.get(name).into_iter().flatten().any(goes_through) {
        return Vec::new();
    }
    let asked = info.calls.iter().filter_map(|call| member_named(program, *call, &ASKS, Some(name)));
    let marks: FxHashSet<&str> = asked.collect();
    if marks.is_empty() {
        return Vec::new();
    }
    let markers = markers(program, &marks);
    let is_marked = |unit: &UnitId| {
        let info = &program.units.units[*unit];
        let (Some(function), Some(parent)) = (info.function, info.parent) else { return false };
        let home = program.open_frame(parent);
        function.decorators.iter().any(|decorator| {
            let applied = match &decorator.kind {
                ExpressionKind::Call(call) => &call.callee,
                _ => decorator,
            };
            let values = program.values(applied, home);
            values.iter().any(|value| matches!(value, Value::Function { unit, .. } if markers.contains(unit)))
        })
    };
    (0..program.units.units.len()).filter(is_marked).collect()
}

/// The functions that set one of these marks, with those around them.
fn markers(program: &Program<'_>, marks: &FxHashSet<&str>) -> FxHashSet<UnitId> {
    let assigned = program.units.member_assignments.iter().filter(|((_, member), _)| marks.contains(member));
    let assigned = assigned.flat_map(|(_, places)| places.iter().map(|place| place.unit));
    let calls = program.units.calls.iter().enumerate();
    let given = calls
        .filter(|(call, _)| member_named(program, *call, &[GIVES], None).is_some_and(|member| marks.contains(member)));
    let set = assigned.chain(given.map(|(_, info)| info.unit));
    let around = |unit: UnitId| std::iter::successors(Some(unit), |unit: &UnitId| program.units.units[*unit].parent);
    set.flat_map(around).filter(|unit| program.units.units[*unit].function.is_some()).collect()
}

/// The member that a call of one of these functions names, of the object that goes by a name.
fn member_named<'m>(program: &Program<'m>, call: usize, functions: &[&str], object: Option<&str>) -> Option<&'m str> {
    let call = program.units.calls[call].call;
    let ExpressionKind::Name(function) = &call.callee.kind else { return None };
    let [holder, member, ..] = call.arguments.as_slice() else { return None };
    let is_object = |name: &str| matches!(&holder.value.kind, ExpressionKind::Name(own) if own == name);
    match &member.value.kind {
        ExpressionKind::Literal(Literal::Text(member))
            if functions.contains(&function.as_str()) && object.is_none_or(is_object) =>
        {
            Some(member)
        }
        _ => None,
    }
}

/// The name that is given, also as the last argument of a call that gives it back: `cast("Worker", value)`.
fn name_in(found: &Expression) -> Option<&str> {
    let mut found = found;
    for _ in 0..AROUND {
        found = match &found.kind {
            ExpressionKind::Name(name) => return Some(name),
            ExpressionKind::Call(call) => &call.arguments.last()?.value,
            _ => return None,
        };
    }
    None
}
