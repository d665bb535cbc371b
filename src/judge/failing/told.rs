//! What tells later code that something has failed: names that get their value where it was tried or handled, and what
//! is made of them.

use crate::judge::case::Case;
use crate::judge::retrying::{Leads, last_name, walk};
use crate::link::units::NodeKind;
use crate::link::{FrameId, Site};
use crate::model::{Assignment, Block, Expression, ExpressionKind, Span, Statement, StatementKind};

/// The names that tell of one failure.
pub(super) struct Told<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    frame: FrameId,
    names: Vec<&'m str>,
    /// The names of the error itself.
    errors: Vec<String>,
}

impl<'c, 'p, 'm> Told<'c, 'p, 'm> {
    /// What tells of a failure that is handled by a statement of a frame.
    pub(super) fn of(case: &'c Case<'p, 'm>, frame: FrameId, errors: &[String], tried: Span) -> Self {
        let units = &case.program.units;
        let mut told = Told { case, frame, names: Vec::new(), errors: errors.to_vec() };
        for node in &units.units[case.program.unit_of_frame(frame)].nodes {
            match units.nodes[*node].kind {
                NodeKind::Plain(statement) if tried.contains(statement.span) => told.set_by(statement),
                _ => {}
            }
        }
        told
    }

    /// What a statement sets, or calls a method of: `failed = True`, `failures.append(error)`.
    fn set_by(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::Assign(assignment) => self.add(&assignment.target),
            StatementKind::Expression(value) => walk(value, &mut |each| match &each.kind {
                ExpressionKind::Assign(assignment) => self.add(&assignment.target),
                ExpressionKind::Call(call) => {
                    if let ExpressionKind::Member { object, .. } = &call.callee.kind {
                        self.add(object);
                    }
                }
                _ => {}
            }),
            _ => {}
        }
    }

    fn add(&mut self, target: &'m Expression) {
        walk(target, &mut |each| self.names.extend(last_name(each).filter(|name| *name != "self")));
    }

    /// Follows what behind the handler is made of what tells of the failure.
    pub(super) fn assigned(&mut self, assignment: &'m Assignment) {
        if assignment.value.as_ref().is_some_and(|value| self.is_in(value)) {
            self.add(&assignment.target);
        }
    }

    /// Whether a branch is taken because of the failure, or hands on what tells of it.
    pub(super) fn is_asked_by(&self, branch: &'m Statement) -> bool {
        let StatementKind::If { test, then, otherwise } = &branch.kind else { return true };
        self.is_in(test) || self.is_handed_on(then) || self.is_handed_on(otherwise)
    }

    fn is_handed_on(&self, block: &'m Block) -> bool {
        block.iter().any(|statement| match &statement.kind {
            StatementKind::Raise(Some(value)) | StatementKind::Return(Some(value)) => self.is_in(value),
            // The error that is being handled.
            StatementKind::Raise(None) => true,
            StatementKind::If { .. } => self.is_asked_by(statement),
            StatementKind::Block(inner) | StatementKind::With { body: inner, .. } => self.is_handed_on(inner),
            _ => false,
        })
    }

    /// Whether an expression says something of the failure: what is asked of the outside with it has its own answer.
    fn is_in(&self, expression: &'m Expression) -> bool {
        let mut open = vec![expression];
        while let Some(each) = open.pop() {
            let is_told =
                |name: &str| self.names.contains(&name) || self.errors.iter().any(|error| error.as_str() == name);
            match &each.kind {
                ExpressionKind::Name(name) if is_told(name) => return true,
                ExpressionKind::Member { name, .. } if is_told(name) => return true,
                ExpressionKind::Call(call) if self.asks_outside(each) => open.push(&call.callee),
                _ => crate::link::flow::children(each, &mut |child| open.push(child)),
            }
        }
        false
    }

    fn asks_outside(&self, asked: &'m Expression) -> bool {
        let ExpressionKind::Call(call) = &asked.kind else { return false };
        let Some(call) = self.case.program.units.call_id(call) else { return false };
        Leads::of(self.case, Site { call, frame: self.frame }).external.is_some()
    }
}
