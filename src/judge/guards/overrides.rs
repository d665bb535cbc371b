//! Methods of its own by which a class that derives from a library's guard may switch that off.

use crate::link::flow::leaves_by_raising;
use crate::link::units::{CallId, ClassId, NodeKind, UnitId};
use crate::model::{Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Fact;

use super::Guards;

/// Methods that call methods.
const DEPTH: usize = 4;

impl Guards<'_, '_> {
    /// Whether a class leaves those methods alone by which the guard that it derives from refuses (`exports` of the
    /// fact), or has ones that still do.
    pub(super) fn still_refuses(&self, class: ClassId, fact: &Fact) -> bool {
        let own = |method: &str| self.program.units.classes[class].methods.get(method).copied();
        fact.exports.iter().all(|export| match export.split_once(" != ") {
            Some((method, _)) => own(method).is_none_or(|unit| !self.is_always_true(unit)),
            None => own(export).is_none_or(|unit| self.may_refuse(class, unit, 0)),
        })
    }

    fn is_always_true(&self, unit: UnitId) -> bool {
        let returns = &self.program.units.units[unit].returns;
        let is_true = |value: &&Expression| matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(true)));
        !returns.is_empty() && returns.iter().all(is_true)
    }

    /// Whether a method raises, or goes on to one of the object that may: its own, or one that it has from the guard.
    fn may_refuse(&self, class: ClassId, unit: UnitId, depth: usize) -> bool {
        let program = self.program;
        let info = &program.units.units[unit];
        let raises = info.nodes.iter().any(|node| {
            matches!(program.units.nodes[*node].kind, NodeKind::Plain(statement) if matches!(statement.kind, StatementKind::Raise(_)))
        });
        raises
            || info.calls.iter().any(|call| {
                let Some((object, method)) = called_on(&program.units.calls[*call].call.callee) else { return false };
                if self.stays_inside(*call) {
                    return false;
                }
                match program.units.classes[class].methods.get(method).filter(|_| object == "self") {
                    Some(own) => *own != unit && depth < DEPTH && self.may_refuse(class, *own, depth + 1),
                    None => object == "self" || object == "super",
                }
            })
    }

    /// Whether what a call raises is caught and goes no further.
    fn stays_inside(&self, call: CallId) -> bool {
        let program = self.program;
        program.units.ancestors(program.units.calls[call].node).any(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => each.handlers.iter().any(|handler| !leaves_by_raising(&handler.body)),
            _ => false,
        })
    }
}

/// `super` and `canActivate` of `super.canActivate(context)`.
fn called_on(callee: &Expression) -> Option<(&str, &str)> {
    let ExpressionKind::Member { object, name } = &callee.kind else { return None };
    match &object.kind {
        ExpressionKind::Name(object) => Some((object, name)),
        _ => None,
    }
}
