//! Methods of a class that answer which guards stand in front of a handler: `get_throttles` in place of `throttle_classes`.

use crate::link::Program;
use crate::link::units::{ModuleId, NodeKind, UnitId};
use crate::link::values::{FrameId, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span};

use super::Link;
use super::class_handlers::{listed_in_field, listed_links};

/// A method that answers in place of a field.
pub(super) struct Answers<'a> {
    pub(super) unit: UnitId,
    pub(super) method: &'a str,
    pub(super) field: &'a str,
}

impl Answers<'_> {
    /// The guards that the method answers for a handler; none where it may answer that there are none. `None`: what it
    /// answers is not told.
    pub(super) fn links<'m>(
        &self,
        program: &Program<'m>,
        frame: FrameId,
        (view, handler): (&Value<'m>, &str),
        (module, span): (ModuleId, Span),
    ) -> Option<Vec<Link<'m>>> {
        let mut links = Vec::new();
        for answer in self.possible(program, handler) {
            let before = links.len();
            if self.is_of_field(program, answer) {
                listed_in_field(program, view, self.field, (self.unit, (module, span)), &mut links);
                continue;
            }
            let list = match &answer.kind {
                ExpressionKind::Comprehension { clauses, .. } => &clauses.first()?.over,
                _ => answer,
            };
            if matches!(&list.kind, ExpressionKind::List(items) if items.is_empty()) {
                return Some(Vec::new());
            }
            listed_links(program, list, frame, module, &mut links);
            if links.len() == before {
                return None;
            }
        }
        (!links.is_empty()).then(|| links.into_iter().map(|link| Link { span, ..link }).collect())
    }

    /// What the method may return when the framework is about to run a handler: `if self.action == "create": return []`
    /// is for that one only.
    fn possible<'m>(&self, program: &Program<'m>, handler: &str) -> Vec<&'m Expression> {
        let units = &program.units;
        let info = &units.units[self.unit];
        let mut possible = Vec::new();
        for answer in info.returns.iter().copied() {
            let at = info.nodes.iter().rev().find(|node| {
                matches!(units.nodes[**node].kind, NodeKind::Plain(statement) if statement.span.contains(answer.span))
            });
            let around = at.into_iter().flat_map(|at| units.ancestors(*at));
            let decided = around.filter_map(|(_, node)| match node.kind {
                NodeKind::Then(test) => Some(is_about(test, handler)),
                NodeKind::Otherwise(test) => Some(is_about(test, handler).map(|holds| !holds)),
                _ => None,
            });
            let decided: Vec<Option<bool>> = decided.collect();
            if decided.contains(&Some(false)) {
                continue;
            }
            possible.push(answer);
            if decided.iter().all(|each| *each == Some(true)) {
                break;
            }
        }
        possible
    }

    /// Whether an answer is what the field lists: `super().get_throttles()`, `[each() for each in self.throttle_classes]`.
    fn is_of_field(&self, program: &Program<'_>, answer: &Expression) -> bool {
        match &answer.kind {
            ExpressionKind::Call(call) => {
                program.units.call_id(call).is_some_and(|call| program.calls_overridden(call, self.method))
            }
            ExpressionKind::Comprehension { clauses, .. } => clauses.first().is_some_and(
                |clause| matches!(&clause.over.kind, ExpressionKind::Member { name, .. } if *name == self.field),
            ),
            _ => false,
        }
    }
}

/// What a test of the handler's name says for one: `self.action == "create"`, `self.action in ("create", "update")`.
fn is_about(test: &Expression, handler: &str) -> Option<bool> {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
    let [asked, among] = operands.as_slice() else {
        let [inner] = operands.as_slice() else { return None };
        return (operator == "not").then(|| is_about(inner, handler))?.map(|holds| !holds);
    };
    if !matches!(&asked.kind, ExpressionKind::Member { name, .. } if name == "action") {
        return None;
    }
    let is_it = |expression: &Expression| match &expression.kind {
        ExpressionKind::Literal(Literal::Text(name)) => Some(name == handler),
        _ => None,
    };
    match (operator.as_str(), &among.kind) {
        ("==", _) => is_it(among),
        ("!=", _) => is_it(among).map(|same| !same),
        ("in" | "not in", ExpressionKind::List(items)) => {
            let known: Vec<bool> = items.iter().map(is_it).collect::<Option<_>>()?;
            Some(known.contains(&true) == (operator == "in"))
        }
        _ => None,
    }
}
