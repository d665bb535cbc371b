//! What limits are as the program is shipped: one that is nothing, or without end, lets everything through
//! (`LIMIT = None`, `def __init__(self, limit: int | None = None)`, `float("inf")`).

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Value};
use crate::model::*;

use super::exits::Exit;

/// Names that stand for others.
const DEPTH: usize = 8;

/// Methods that make an object: what they set on it is there from the start.
const MAKES_OBJECT: [&str; 3] = ["__init__", "__post_init__", "constructor"];

/// What a limit is where nobody changes it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Nothing,
    Number(f64),
}

impl<'m> Program<'m> {
    /// What a comparison says of limits as the program is shipped.
    pub(super) fn compared_as_shipped(
        &self,
        operator: &str,
        left: &'m Expression,
        right: &'m Expression,
        frame: FrameId,
    ) -> Option<bool> {
        if matches!(operator, "is" | "is not" | "==" | "!=") {
            let asked = match (is_null(left), is_null(right)) {
                (false, true) => left,
                (true, false) => right,
                _ => return None,
            };
            let is_nothing = self.limit_as_shipped(asked, frame)? == Limit::Nothing;
            return Some(is_nothing == matches!(operator, "is" | "=="));
        }
        if !matches!(operator, "<" | "<=" | ">" | ">=") {
            return None;
        }
        let number = |side| match self.limit_as_shipped(side, frame) {
            Some(Limit::Number(number)) => Some(number),
            _ => None,
        };
        match (number(left), number(right)) {
            (Some(left), Some(right)) => Some(match operator {
                "<" => left < right,
                "<=" => left <= right,
                ">" => left > right,
                _ => left >= right,
            }),
            // Nothing is beyond a limit without end.
            (_, Some(most)) if most == f64::INFINITY => Some(operator.starts_with('<')),
            (Some(most), _) if most == f64::INFINITY => Some(operator.starts_with('>')),
            _ => None,
        }
    }

    /// Whether a limit is there at all as the program is shipped: `if LIMIT and used >= LIMIT`.
    pub(super) fn is_limited_as_shipped(&self, limit: &'m Expression, frame: FrameId) -> Option<bool> {
        let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &limit.kind else { return None };
        // What switches a guard on is no limit.
        if name.to_ascii_lowercase().contains("enab") {
            return None;
        }
        Some(match self.limit_as_shipped(limit, frame)? {
            Limit::Nothing => false,
            Limit::Number(number) => number != 0.0,
        })
    }

    fn limit_as_shipped(&self, limit: &'m Expression, frame: FrameId) -> Option<Limit> {
        if is_null(limit) {
            return Some(Limit::Nothing);
        }
        if !self.is_settled(limit, frame, 0) {
            return None;
        }
        if let Some(number) = self.number(limit, frame, 0) {
            return Some(Limit::Number(number));
        }
        let values = self.values(limit, frame);
        let [value] = &values[..] else { return None };
        let is_nothing = match value {
            Value::Data { expression, .. } => is_null(expression.0),
            Value::Library { sites, .. } => {
                sites.last().and_then(|site| self.written_default(*site)).is_some_and(|(default, _)| is_null(default))
            }
            _ => false,
        };
        (is_nothing && self.is_own_amount(limit, frame)).then_some(Limit::Nothing)
    }

    /// Whether nobody fills in what is nothing: a field of settings is filled from the environment, where it may say
    /// with what a guard works (an address, a key) once it is set; only of an amount nothing means that there is no limit.
    fn is_own_amount(&self, limit: &'m Expression, frame: FrameId) -> bool {
        let ExpressionKind::Member { object, name } = &limit.kind else {
            return match self.passed_on(limit, frame) {
                Some((inner, frame)) => self.is_own_amount(inner, frame),
                None => true,
            };
        };
        self.values(object, frame).iter().all(|value| match value {
            Value::Instance { class, .. } if self.is_of_environment(*class, 0) => {
                let fields = self.units.classes[*class].fields.get(name.as_str()).into_iter().flatten();
                fields.filter_map(|(_, field)| field.annotation.as_ref()).any(is_amount)
            }
            _ => true,
        })
    }

    /// What a name stands for that is bound once, or given by the call that runs the function.
    fn passed_on(&self, name: &'m Expression, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let ExpressionKind::Name(name) = &name.kind else { return None };
        let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
        let (id, here, bound) = scopes.find_map(|id| {
            let here = self.frame(id);
            Some((id, here.clone(), self.units.units[here.unit].names.get(name.as_str())?))
        })?;
        match bound.as_slice() {
            [Binding::Value { value, access, operator: None, .. }] if access.is_empty() => Some((*value, id)),
            [Binding::Parameter { index, access }] if access.is_empty() => {
                let (function, How::Call(site)) = (self.units.units[here.unit].function?, here.how) else {
                    return None;
                };
                // What is spread may be given for it.
                let is_spread = self.units.calls[site.call].call.arguments.iter().any(|argument| {
                    argument.name.as_deref() == Some("**") || matches!(argument.value.kind, ExpressionKind::Spread(_))
                });
                let default = function.parameters.get(*index)?.default.as_ref().filter(|_| !is_spread);
                let home = here.closure.unwrap_or(id);
                self.passed_from(function, *index, site).or_else(|| Some((default?, home)))
            }
            _ => None,
        }
    }

    /// Whether an expression is the same whenever it is asked for.
    fn is_settled(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &expression.kind {
            ExpressionKind::Literal(_) => true,
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().all(|operand| self.is_settled(operand, frame, depth + 1))
            }
            ExpressionKind::Call(_) => self.number(expression, frame, 0).is_some(),
            ExpressionKind::Name(name) => {
                let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
                let bound = scopes.find_map(|id| {
                    let unit = self.unit_of_frame(id);
                    Some((unit, self.units.units[unit].names.get(name.as_str())?))
                });
                let Some((unit, bound)) = bound else { return false };
                // A name of a function is its own, and that of the functions within that say so.
                let is_shared = self.units.assigned_within.contains_key(&(unit, name.as_str()));
                (self.units.units[unit].function.is_some() && !is_shared || !self.is_changed(name))
                    && match self.passed_on(expression, frame) {
                        Some((inner, home)) => is_null(inner) || self.is_settled(inner, home, depth + 1),
                        None => matches!(bound.as_slice(), [Binding::Import(_)]),
                    }
            }
            ExpressionKind::Member { object, name } => {
                let holders = self.values(object, frame);
                !holders.is_empty()
                    && holders.iter().all(|holder| match holder {
                        Value::Instance { .. } | Value::Class(_) => !self.is_set_later(name),
                        Value::Module(_) => !self.is_changed(name),
                        Value::Library { path, sites } => sites.is_empty() && !path.contains('('),
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    /// Whether anything sets a member of this name on an object that has been made.
    fn is_set_later(&self, name: &str) -> bool {
        self.later_members.get_or_init(|| self.find_later_members()).contains(name)
    }

    fn find_later_members(&self) -> FxHashSet<&'m str> {
        let set = self.units.nodes.iter().filter_map(|node| {
            let NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) = node.kind else {
                return None;
            };
            let ExpressionKind::Member { object, name } = &assignment.target.kind else { return None };
            let is_own = matches!(&object.kind, ExpressionKind::Name(own) if own == "self" || own == "this");
            let is_made = MAKES_OBJECT.contains(&self.units.units[node.unit].name());
            (assignment.operator.is_some() || !is_own || !is_made).then_some(name.as_str())
        });
        set.collect()
    }

    /// Whether a function has let everything through before a node, as the program is shipped, unless it has before
    /// `until` as well: `if LIMIT is None: return`.
    pub(super) fn is_let_through_before(&self, node: NodeId, frame: FrameId, until: Option<NodeId>) -> bool {
        let nodes = &self.units.nodes;
        let is_behind = |leaving: NodeId, node: NodeId| {
            let around = nodes[leaving].parent;
            nodes[node].unit == nodes[leaving].unit
                && nodes[node].span.start >= nodes[leaving].span.end
                && around.is_none_or(|around| self.units.ancestors(node).any(|(id, _)| id == around))
        };
        self.let_through(frame)
            .iter()
            .any(|leaving| is_behind(*leaving, node) && !until.is_some_and(|until| is_behind(*leaving, until)))
    }

    /// The tests of a function that always end it without a word as the program is shipped.
    fn let_through(&self, frame: FrameId) -> Rc<[NodeId]> {
        if let Some(known) = self.let_through.borrow().get(&frame) {
            return known.clone();
        }
        let unit = &self.units.units[self.unit_of_frame(frame)];
        let nodes = unit.nodes.iter().copied().filter(|id| {
            let NodeKind::If { test, then, otherwise, .. } = self.units.nodes[*id].kind else { return false };
            let lets = self.gate_of(test, then, otherwise, frame, *id).into_iter().filter(|gate| {
                gate.exit == Exit::Return && gate.refusal.and_then(|block| block.last()).is_some_and(says_nothing)
            });
            lets.into_iter().any(|gate| self.holds_by_default(gate.test, frame, 0) == Some(gate.refuses_when))
        });
        let found: Rc<[NodeId]> = if unit.function.is_some() { nodes.collect() } else { Rc::from([]) };
        self.let_through.borrow_mut().insert(frame, found.clone());
        found
    }
}

/// Whether a statement leaves a function with nothing, or with yes, also in an object that is written out:
/// `return { allowed: true, left: 50 }`.
fn says_nothing(statement: &Statement) -> bool {
    let is_yes = |value: &Expression| matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(true)));
    match &statement.kind {
        StatementKind::Return(None) => true,
        StatementKind::Return(Some(value)) => match &value.kind {
            ExpressionKind::Object(entries) => entries.iter().any(|entry| is_yes(&entry.value)),
            _ => is_null(value) || is_yes(value),
        },
        _ => false,
    }
}

fn is_null(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Name(name) => name == "undefined",
        _ => false,
    }
}

/// Whether a type is that of an amount: `int | None`, `Optional[float]`, `"int | None"`.
fn is_amount(annotation: &Expression) -> bool {
    let is_one = |word: &str| matches!(word, "int" | "float" | "Decimal" | "number");
    match &annotation.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => is_one(name),
        ExpressionKind::Literal(Literal::Text(text)) => text.split(|each: char| !each.is_alphanumeric()).any(is_one),
        ExpressionKind::Index { index, .. } => is_amount(index),
        ExpressionKind::Operator { operands, .. } | ExpressionKind::List(operands) => operands.iter().any(is_amount),
        _ => false,
    }
}
