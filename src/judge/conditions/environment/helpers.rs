//! Functions of the program that have a value of their own for a parameter that holds nothing: `(text || "").trim()`.

use crate::link::flow::walk_block;
use crate::link::passing::own_receiver;
use crate::link::{FrameId, Value};
use crate::model::*;

use super::names::Variables;
use super::reads::{Filled, bound_name};

impl<'m> Variables<'_, 'm> {
    /// What the function of the program that is called takes in place of an argument that holds nothing; none where it takes
    /// that as it is.
    pub(super) fn filled_by_callee(
        &self,
        call: &'m Call,
        index: usize,
        name: Option<&str>,
        frame: FrameId,
    ) -> Option<Filled> {
        let callees = self.program.values(&call.callee, frame);
        let unit = match callees.as_ref() {
            [Value::Function { unit, .. }] => unit,
            // `self.base = base or "https://…"`
            [Value::Class(class)] => &self.program.constructor(*class)?,
            _ => return None,
        };
        let function = self.program.units.units[*unit].function?;
        let parameter = match name {
            Some(name) => function.parameters.iter().find(|parameter| bound_name(&parameter.target) == Some(name)),
            None => function.parameters.get(index + own_receiver(function)),
        }?;
        let is_typescript = self.program.modules[self.program.module_of(*unit)].language == Language::TypeScript;
        match &parameter.default {
            // What is undefined is not given.
            Some(default) if is_typescript => filling(default),
            _ => filled_in(&function.body, bound_name(&parameter.target)?),
        }
    }
}

/// What a body takes wherever a name holds nothing.
fn filled_in(body: &Block, name: &str) -> Option<Filled> {
    if let Some(filled) = body.iter().find_map(|statement| replaced(statement, name)) {
        return Some(filled);
    }
    let (mut all, mut filled): (usize, Vec<Filled>) = (0, Vec::new());
    walk_block(body, &mut |each| {
        all += usize::from(is_name(each, name));
        filled.extend(alternative(each, name));
    });
    let is_blank = || filled.contains(&Filled::Blank);
    (all > 0 && filled.len() == all).then(|| if is_blank() { Filled::Blank } else { Filled::Something })
}

/// `text = text || ""`.
fn replaced(statement: &Statement, name: &str) -> Option<Filled> {
    let StatementKind::Assign(assignment) = &statement.kind else { return None };
    is_name(&assignment.target, name).then_some(())?;
    alternative(assignment.value.as_ref()?, name)
}

/// What an expression takes where a name holds nothing: `text || ""`.
fn alternative(expression: &Expression, name: &str) -> Option<Filled> {
    match &expression.kind {
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
            let [first, .., last] = operands.as_slice() else { return None };
            is_name(first, name).then(|| filling(last)).flatten()
        }
        _ => None,
    }
}

fn is_name(expression: &Expression, name: &str) -> bool {
    matches!(&expression.kind, ExpressionKind::Name(written) if written == name)
}

/// What a written value is in place of one that is missing.
fn filling(value: &Expression) -> Option<Filled> {
    match &value.kind {
        ExpressionKind::Literal(Literal::Null) => None,
        ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => Some(Filled::Blank),
        ExpressionKind::Literal(_) | ExpressionKind::Template(_) => Some(Filled::Something),
        _ => None,
    }
}
