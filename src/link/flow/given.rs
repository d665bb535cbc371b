//! Tests whose answer is known from what functions are given, or from what they answer in every case.

use crate::link::Program;
use crate::link::units::{Access, Binding, NodeId, NodeKind};
use crate::link::values::{FrameId, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

/// Tests within tests that are looked at.
const DEPTH: usize = 6;

impl<'m> Program<'m> {
    /// Whether all tests around a node that are not around another one only ask whether something was given that is
    /// given: `if (schemas.body) request.body = schemas.body.parse(..)`, behind `validate({ body: Question })`.
    pub fn runs_as_given(&self, inner: NodeId, outer: NodeId, frame: FrameId) -> bool {
        let around = self.conditions_around(outer);
        let mut extra = self.conditions_around(inner).into_iter().filter(|id| !around.contains(id));
        extra.all(|id| match self.units.nodes[id].kind {
            NodeKind::Then(test) | NodeKind::Branch { test, holds: true } => self.is_given(test, frame, 0),
            _ => false,
        })
    }

    /// Whether what a test asks for is there: something that the program makes once, or a schema.
    fn is_given(&self, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &test.kind {
            ExpressionKind::Operator { operator, operands } if operator == "and" => {
                operands.iter().all(|part| self.is_given(part, frame, depth + 1))
            }
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "!=" | "is not") => {
                match operands.as_slice() {
                    [asked, Expression { kind: ExpressionKind::Literal(Literal::Null), .. }] => {
                        self.is_given(asked, frame, depth + 1)
                    }
                    _ => false,
                }
            }
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Index { .. } => {
                let values = self.values(test, frame);
                !values.is_empty() && values.iter().all(|value| self.is_there(value))
            }
            _ => false,
        }
    }

    fn is_there(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Function { .. } | Value::Class(_) | Value::Instance { .. } => true,
            Value::Data { expression, .. } => {
                matches!(expression.0.kind, ExpressionKind::Object(_) | ExpressionKind::List(_))
            }
            Value::Library { path, sites } => {
                let Some(made) = sites.first() else { return false };
                let is_made_once = self.units.units[self.units.calls[made.call].unit].function.is_none();
                let heads = path.match_indices('.').filter_map(|(at, _)| path.get(..at)).chain([path.as_ref()]);
                let is_schema = |head: &str| self.is_a(head.trim_end_matches("()"), Kind::Schema);
                path.ends_with("()")
                    && !self.is_a(path.trim_end_matches("()"), Kind::Environment)
                    && (is_made_once || heads.into_iter().any(is_schema))
            }
            _ => false,
        }
    }

    /// What a test always says because the functions that it asks answer nothing else: `if (!ok)` with
    /// `const { ok } = check(ip)`, where `check` has no other result than `{ ok: true }`.
    pub(super) fn answered_always(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        match &test.kind {
            ExpressionKind::Await(inner) => self.answered_always(inner, frame, depth + 1),
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => self.answered_always(inner, frame, depth + 1).map(|holds| !holds),
                _ => None,
            },
            ExpressionKind::Name(name) => {
                let (value, access) = self.bound_here(name, frame)?;
                match access {
                    [] => self.only_answer(value, frame, None, depth),
                    [Access::Key(key)] => self.only_answer(value, frame, Some(key), depth),
                    _ => None,
                }
            }
            ExpressionKind::Member { object, name } => match &object.kind {
                ExpressionKind::Name(holder) => match self.bound_here(holder, frame)? {
                    (value, []) => self.only_answer(value, frame, Some(name), depth),
                    _ => None,
                },
                ExpressionKind::Await(_) | ExpressionKind::Call(_) => {
                    self.only_answer(object, frame, Some(name), depth)
                }
                _ => None,
            },
            ExpressionKind::Call(_) => self.only_answer(test, frame, None, depth),
            _ => None,
        }
    }

    /// The one thing that a name is given in its function, and the part that it takes of it.
    fn bound_here(&self, name: &str, frame: FrameId) -> Option<(&'m Expression, &[Access<'m>])> {
        match self.units.units[self.unit_of_frame(frame)].names.get(name)?.as_slice() {
            [Binding::Value { value, access, operator: None, .. }] => Some((*value, access.as_slice())),
            _ => None,
        }
    }

    /// The one answer of all functions of the program that a call may be of, or what stands in it under a key.
    fn only_answer(&self, call: &'m Expression, frame: FrameId, key: Option<&str>, depth: usize) -> Option<bool> {
        let mut call = call;
        while let ExpressionKind::Await(inner) = &call.kind {
            call = inner;
        }
        let ExpressionKind::Call(call) = &call.kind else { return None };
        let mut only = None;
        let callees = self.values(&call.callee, frame);
        for callee in callees.iter() {
            let Value::Function { unit, .. } = callee else { return None };
            let info = &self.units.units[*unit];
            if !info.yields.is_empty() || info.returns.is_empty() {
                return None;
            }
            let frame = self.open_frame(*unit);
            for answer in &info.returns {
                // As the program is shipped it has ended before: `if LIMIT is None: return True`.
                let stands_at = |node: &&NodeId| matches!(self.units.nodes[**node].kind, NodeKind::Plain(statement) if statement.span.contains(answer.span));
                let place = info.nodes.iter().rev().find(stands_at);
                let is_never_reached = |node: &NodeId| {
                    self.is_let_through_before(*node, frame, None) || self.is_never_asked_for(*node, frame, depth)
                };
                if place.is_some_and(is_never_reached) {
                    continue;
                }
                let answer = match (key, &answer.kind) {
                    (None, _) => *answer,
                    (Some(key), ExpressionKind::Object(entries)) if entries.iter().all(|entry| entry.key.is_some()) => {
                        &entries.iter().find(|entry| entry.key.as_deref() == Some(key))?.value
                    }
                    _ => return None,
                };
                let answer = self.said(answer, frame, depth)?;
                if *only.get_or_insert(answer) != answer {
                    return None;
                }
            }
        }
        only
    }

    /// Whether an answer stands under a test that never holds: `if (!allowed) return refusal`, where all are allowed.
    fn is_never_asked_for(&self, node: NodeId, frame: FrameId, depth: usize) -> bool {
        self.units.ancestors(node).any(|(_, around)| match around.kind {
            NodeKind::Then(test) => self.answered_always(test, frame, depth + 1) == Some(false),
            NodeKind::Otherwise(test) => self.answered_always(test, frame, depth + 1) == Some(true),
            _ => false,
        })
    }

    /// What an answer says: yes or no, nothing, or one of two by a test that always says the same.
    fn said(&self, answer: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        match &answer.kind {
            ExpressionKind::Literal(Literal::Boolean(said)) => Some(*said),
            ExpressionKind::Literal(Literal::Null) => Some(false),
            ExpressionKind::Conditional { test, then, otherwise } if depth < DEPTH => {
                match self.answered_always(test, frame, depth + 1)? {
                    true => self.said(then, frame, depth + 1),
                    false => self.said(otherwise, frame, depth + 1),
                }
            }
            _ => None,
        }
    }
}
