//! Rows that are there already, where a store tells of them by its result and throws nothing:
//! `Err(error) if error.is_unique_violation() => return Ok(false)`, `.map_err(|error| conflict(error))?`.

use crate::link::Site;
use crate::link::flow::{is_error, leaves_by_raising};
use crate::model::{Expression, ExpressionKind, Literal, StatementKind};

use super::Guards;
use super::conflicts::Conflict;
use super::rows::can_meet_known_rows;

impl<'p, 'm> Guards<'p, 'm> {
    /// What runs where a call that stores a row has met one that was there, if its function asks for that.
    pub(super) fn conflict_of_result(&self, site: Site) -> Option<Conflict<'m>> {
        if !self.behaviour.operation(site)?.writes() || !can_meet_known_rows(self.program, site) {
            return None;
        }
        let unit = self.program.units.calls[site.call].unit;
        let body = &self.program.units.units[unit].function?.body;
        Some(self.conflict_of(body, site)).filter(|conflict| conflict.is_asked)
    }

    /// Whether a function ends with an error where a row was there already.
    pub(super) fn fails_for_known_rows(&self, site: Site) -> bool {
        let fails = |conflict: Conflict<'m>| {
            conflict.runs.iter().any(|statement| match &statement.kind {
                StatementKind::Return(Some(value)) => is_error(value),
                _ => leaves_by_raising(std::slice::from_ref(*statement)),
            })
        };
        self.conflict_of_result(site).is_some_and(fails) || self.is_mapped_to_error(site)
    }

    /// What a function answers where a row was there already: `Ok(false)` says no.
    pub(super) fn answer_of_result(&self, site: Site) -> Option<&'m Literal> {
        let conflict = self.conflict_of_result(site)?;
        conflict.runs.iter().rev().find_map(|statement| match &statement.kind {
            StatementKind::Return(Some(value)) => answer(value),
            _ => None,
        })
    }

    /// Whether what a call has met is told apart in a function that makes an error of it, with which the caller ends:
    /// `store(row).await.map_err(|error| if error.is_unique_violation() { CONFLICT } else { FAILED })?`.
    fn is_mapped_to_error(&self, site: Site) -> bool {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let writes = self.behaviour.operation(site).is_some_and(|operation| operation.writes());
        writes
            && can_meet_known_rows(program, site)
            && program.units.units[info.unit].calls.iter().any(|call| {
                let outer = program.units.calls[*call].call;
                let maps = matches!(&outer.callee.kind, ExpressionKind::Member { name, .. } if name == "map_err")
                    && outer.span.start == info.call.span.start
                    && outer.span.end > info.call.span.end;
                let knows = |mapping: &'m Expression| match &mapping.kind {
                    ExpressionKind::Function(function) => self.knows_conflicts(&function.body, site.frame),
                    _ => program.values(mapping, site.frame).iter().any(|value| self.is_asked_within(value)),
                };
                maps && (program.is_ended_by_failure(*call) || program.is_result(*call))
                    && outer.arguments.first().is_some_and(|mapping| knows(&mapping.value))
            })
    }
}

/// The literal that a result holds: `Ok(false)`.
fn answer(value: &Expression) -> Option<&Literal> {
    match &value.kind {
        ExpressionKind::Literal(literal) => Some(literal),
        ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Name(name), [held]) if matches!(name.as_str(), "Ok" | "Some") => answer(&held.value),
            _ => None,
        },
        _ => None,
    }
}
