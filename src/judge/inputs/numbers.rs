//! Tests that tell numbers and truth values from texts: what passes them is no text of any length.

use crate::link::units::Binding;
use crate::link::{FrameId, Program, Site};
use crate::model::{Call, Expression, ExpressionKind, Language, Literal};
use crate::rules::catalogue::Kind;

use super::words::{reads_request, takes_part};

/// Tests within tests.
const DEPTH: usize = 8;
/// Marks a function that only holds for numbers.
const TELLS: &str = "tells";

/// What is known to be a number, or a truth value, where a test holds or fails: `count` of
/// `!Number.isInteger(count) || count > 20` where that fails.
pub(super) fn told<'m>(
    program: &Program<'m>,
    test: &'m Expression,
    frame: FrameId,
    holds: bool,
    depth: usize,
) -> Vec<&'m Expression> {
    let of = |part: &'m Expression, holds: bool| told(program, part, frame, holds, depth + 1);
    match &test.kind {
        _ if depth > DEPTH => Vec::new(),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => of(inner, !holds),
            // All of them hold, or none does.
            ("and", parts) if holds => parts.iter().flat_map(|part| of(part, true)).collect(),
            ("or", parts) if !holds => parts.iter().flat_map(|part| of(part, false)).collect(),
            ("==", [kind, named]) if holds => kind_asked(kind, named).into_iter().collect(),
            ("!=", [kind, named]) if !holds => kind_asked(kind, named).into_iter().collect(),
            // To compare a text with a number is an error in Python: the request ends there.
            ("<" | ">" | "<=" | ">=", [left, right]) if is_strict(program, frame) => {
                let is_number = |each: &'m Expression| program.number(each, frame, 0).is_some();
                match (is_number(left), is_number(right)) {
                    (false, true) => vec![left],
                    (true, false) => vec![right],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        },
        ExpressionKind::Call(call) if holds => asked_by(program, call, frame).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a test that holds, or fails, tells that an expression is a number.
pub(super) fn is_told<'m>(
    program: &Program<'m>,
    (test, frame): (&'m Expression, FrameId),
    holds: bool,
    expression: &Expression,
) -> bool {
    let written = Program::written(expression);
    matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. })
        && told(program, test, frame, holds, 0).into_iter().any(|each| Program::written(each) == written)
}

/// Whether an expression is a part of something as it was taken, and nothing that was made of it: that a score is a number
/// says nothing about the text that was scored.
pub(super) fn is_taken<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
    let of = |inner: &'m Expression| is_taken(program, inner, frame, depth + 1);
    match &expression.kind {
        _ if depth > DEPTH => false,
        ExpressionKind::Name(name) => {
            let names = &program.units.units[program.unit_of_frame(frame)].names;
            names.get(name.as_str()).is_none_or(|bindings| {
                bindings.iter().all(|binding| match binding {
                    Binding::Value { value, operator, .. } => operator.is_none() && of(value),
                    Binding::Parameter { .. } | Binding::Import(_) => true,
                    _ => false,
                })
            })
        }
        ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } => of(object),
        ExpressionKind::Await(inner) => of(inner),
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
            operands.iter().all(|each| matches!(each.kind, ExpressionKind::Literal(_)) || of(each))
        }
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name } => {
                takes_part(name) && of(object) || reads_request(name) && call.arguments.is_empty() && of(object)
            }
            _ => false,
        },
        _ => false,
    }
}

/// What is asked for its kind where that is a number: `typeof count === "number"`.
fn kind_asked<'m>(kind: &'m Expression, named: &Expression) -> Option<&'m Expression> {
    let is_number = matches!(&named.kind, ExpressionKind::Literal(Literal::Text(name))
        if matches!(name.as_str(), "number" | "boolean" | "bigint"));
    match &kind.kind {
        ExpressionKind::Operator { operator, operands } if operator == "typeof" && is_number => operands.first(),
        _ => None,
    }
}

/// What a call asks about that holds for numbers only: `Number.isInteger(count)`, `isinstance(count, int)`.
fn asked_by<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId) -> Option<&'m Expression> {
    let first = &call.arguments.first()?.value;
    if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "isinstance") {
        let classes = match &call.arguments.get(1)?.value.kind {
            ExpressionKind::List(classes) => classes.as_slice(),
            _ => std::slice::from_ref(&call.arguments.get(1)?.value),
        };
        let is_number = |class: &Expression| {
            matches!(&class.kind, ExpressionKind::Name(name)
            if matches!(name.as_str(), "int" | "float" | "bool"))
        };
        return classes.iter().all(is_number).then_some(first);
    }
    let site = Site { call: program.units.call_id(call)?, frame };
    let tells = |path: &std::rc::Rc<str>| {
        program.facts_of(path, Kind::Number).iter().any(|(_, fact)| fact.role.as_deref() == Some(TELLS))
    };
    program.callee_paths(site).iter().any(tells).then_some(first)
}

/// Whether what is compared must be of one kind where a frame runs.
fn is_strict(program: &Program<'_>, frame: FrameId) -> bool {
    program.modules[program.module_of(program.unit_of_frame(frame))].language == Language::Python
}
