//! What decides whether code runs, and what flows into a decision.
//!
//! A gate is a test that stands in the way: an exit before a call, or the condition under which the call stands. The
//! slice of an expression is everything that flows into it: through names, parameters, attributes, and the results of
//! the program's own functions with the tests that choose among them.

mod decided;
mod defaults;
mod divergence;
mod exits;
mod gates;
mod given;
mod limits;
mod places;
mod slices;

use crate::model::*;

use super::Program;
use super::units::*;
use super::values::Site;

pub use exits::{Exit, exit_call, exit_of, is_error, leaves, leaves_by_raising};
pub use gates::{Before, Gate};
pub use places::Placed;
pub use slices::Slice;

/// Every expression of a block, also in blocks within it.
pub fn walk_block<'m>(block: &'m Block, visit: &mut dyn FnMut(&'m Expression)) {
    fn walk<'m>(expression: &'m Expression, visit: &mut dyn FnMut(&'m Expression), depth: usize) {
        if depth > 100 {
            return;
        }
        visit(expression);
        children(expression, &mut |child| walk(child, visit, depth + 1));
    }
    for statement in block {
        match &statement.kind {
            StatementKind::Expression(value)
            | StatementKind::Return(Some(value))
            | StatementKind::Raise(Some(value)) => {
                walk(value, visit, 0);
            }
            StatementKind::Assign(assignment) => {
                if let Some(value) = &assignment.value {
                    walk(value, visit, 0);
                }
            }
            StatementKind::If { test, then, otherwise } => {
                walk(test, visit, 0);
                walk_block(then, visit);
                walk_block(otherwise, visit);
            }
            StatementKind::Loop(each) => walk_block(&each.body, visit),
            StatementKind::Try(each) => {
                walk_block(&each.body, visit);
                each.handlers.iter().for_each(|handler| walk_block(&handler.body, visit));
            }
            StatementKind::With { body, .. } | StatementKind::Block(body) => walk_block(body, visit),
            _ => {}
        }
    }
}

impl<'m> Program<'m> {
    /// The conditional nodes around a node, innermost first.
    fn conditions_around(&self, node: NodeId) -> Vec<NodeId> {
        self.units
            .ancestors(node)
            .filter(|(_, node)| {
                matches!(
                    node.kind,
                    NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Branch { .. } | NodeKind::Handler(..)
                )
            })
            .map(|(id, _)| id)
            .collect()
    }

    /// The tests under which a node runs, innermost first.
    pub fn tests_around(&self, node: NodeId) -> Vec<&'m Expression> {
        let tests = self.units.ancestors(node).filter_map(|(_, node)| match node.kind {
            NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } => Some(test),
            _ => None,
        });
        tests.collect()
    }

    /// Which of the values that a unit binds to a name have been replaced by others where the name is read.
    pub fn reaching(&self, unit: UnitId, name: &str, at: Span) -> Option<Reaching<'m>> {
        let info = &self.units.units[unit];
        let place = info.nodes.iter().rev().copied().find(|node| match self.units.nodes[*node].kind {
            NodeKind::Plain(statement) => statement.span.contains(at),
            NodeKind::If { test, .. } => test.span.contains(at),
            _ => false,
        })?;
        let around = self.conditions_around(place);
        let mut assigned: Vec<(NodeId, &'m Expression, bool)> = Vec::new();
        for node in &info.nodes {
            let Some(assignment) = self.units.nodes[*node].kind.assignment() else { continue };
            if let Some(value) = assignment.value.as_ref().filter(|_| binds(&assignment.target, name, 0)) {
                assigned.push((*node, value, assignment.operator.is_none()));
            }
        }
        let is_before = |node: NodeId| self.units.nodes[node].span.end <= at.start;
        // What comes later in a common loop is read in its next round.
        let comes_later = |node: NodeId| !is_before(node) && !self.shares_loop(place, node);
        let kills = assigned.iter().rposition(|(node, _, replaces)| {
            *replaces
                && is_before(*node)
                && self.conditions_around(*node).iter().all(|condition| around.contains(condition))
                && self
                    .units
                    .ancestors(*node)
                    .filter(|(_, node)| matches!(node.kind, NodeKind::Loop(_)))
                    .all(|(id, _)| self.units.ancestors(place).any(|(each, _)| each == id))
        });
        let mut dead: Vec<&'m Expression> =
            assigned.iter().filter(|(node, ..)| comes_later(*node)).map(|(_, value, _)| *value).collect();
        if let Some(last) = kills {
            dead.extend(assigned.iter().take(last).filter(|(node, ..)| is_before(*node)).map(|(_, value, _)| *value));
        }
        // Several names that are given several values at once hold one of them each.
        let parts = dead.iter().filter_map(|value| match &value.kind {
            ExpressionKind::List(items) => Some(items),
            _ => None,
        });
        let parts: Vec<&'m Expression> = parts.flatten().collect();
        dead.extend(parts);
        Some(Reaching { dead, is_rebound: kills.is_some() })
    }

    /// The last value that a unit has put into a part of something (`body.text = ..`, `body["text"] = ..`) where that part is
    /// read, if nothing decides whether it does.
    pub fn put_before(&self, unit: UnitId, part: &Expression) -> Option<&'m Expression> {
        let info = &self.units.units[unit];
        let at = part.span;
        let is_put = |node: &&NodeId| {
            let assignment = self.units.nodes[**node].kind.assignment();
            assignment.is_some_and(|each| each.operator.is_none() && is_same_part(&each.target, part, 0))
                && self.units.nodes[**node].span.end <= at.start
        };
        let last = info.nodes.iter().filter(is_put).max_by_key(|node| self.units.nodes[**node].span.start)?;
        let place = info.nodes.iter().rev().copied().find(|node| match self.units.nodes[*node].kind {
            NodeKind::Plain(statement) => statement.span.contains(at),
            NodeKind::If { test, .. } => test.span.contains(at),
            _ => false,
        })?;
        let around = self.conditions_around(place);
        let is_sure = self.conditions_around(*last).iter().all(|condition| around.contains(condition))
            && !self.units.ancestors(*last).any(|(id, node)| {
                matches!(node.kind, NodeKind::Loop(_)) && !self.units.ancestors(place).any(|(each, _)| each == id)
            });
        self.units.nodes[*last].kind.assignment().filter(|_| is_sure)?.value.as_ref()
    }

    /// The expression that a call passes for a parameter.
    pub fn passed_expression(&self, function: &'m Function, index: usize, site: Site) -> Option<&'m Expression> {
        if self.places_arguments(site.call) {
            return self.passed_from(function, index, site).map(|(passed, _)| passed);
        }
        let call = self.units.calls[site.call].call;
        let parameter = function.parameters.get(index)?;
        let offset = usize::from(matches!(
            function.parameters.first().map(|first| &first.target.kind),
            Some(ExpressionKind::Name(name)) if name == "self" || name == "cls"
        ));
        if let ExpressionKind::Name(name) = &parameter.target.kind
            && let Some(argument) = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name))
        {
            return Some(&argument.value);
        }
        let position = index.checked_sub(offset)?;
        call.arguments.iter().filter(|argument| argument.name.is_none()).nth(position).map(|argument| &argument.value)
    }
}

/// What a name no longer is where it is read.
#[derive(Debug, Default)]
pub struct Reaching<'m> {
    /// Values that were bound to it before, or are later.
    pub dead: Vec<&'m Expression>,
    /// Whether the unit has bound it anew in every case: a parameter is no longer what was passed.
    pub is_rebound: bool,
}

/// Whether a target binds a name.
fn binds(target: &Expression, name: &str, depth: usize) -> bool {
    match &target.kind {
        ExpressionKind::Name(bound) => bound == name,
        ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } if depth < 8 => {
            items.iter().any(|item| binds(item, name, depth + 1))
        }
        ExpressionKind::Object(entries) if depth < 8 => {
            entries.iter().any(|entry| binds(&entry.value, name, depth + 1))
        }
        ExpressionKind::Spread(inner) => binds(inner, name, depth + 1),
        ExpressionKind::Call(call) if depth < 8 => {
            call.arguments.iter().any(|argument| binds(&argument.value, name, depth + 1))
        }
        _ => false,
    }
}

/// The direct children of an expression.
pub fn children<'m>(expression: &'m Expression, visit: &mut dyn FnMut(&'m Expression)) {
    use ExpressionKind as E;
    match &expression.kind {
        E::Name(_) | E::Literal(_) | E::Unknown | E::Function(_) => {}
        E::Member { object, .. } => visit(object),
        E::Index { object, index } => {
            visit(object);
            visit(index);
        }
        E::Slice { object, start, stop } => {
            visit(object);
            start.iter().chain(stop).for_each(|each| visit(each));
        }
        E::Call(call) => {
            visit(&call.callee);
            call.arguments.iter().for_each(|argument| visit(&argument.value));
        }
        E::Template(parts) | E::List(parts) | E::Operator { operands: parts, .. } => parts.iter().for_each(visit),
        E::Object(entries) => entries.iter().for_each(|entry| visit(&entry.value)),
        E::Conditional { test, then, otherwise } => {
            visit(test);
            visit(then);
            visit(otherwise);
        }
        E::Await(inner) | E::Spread(inner) => visit(inner),
        E::Yield(inner) => inner.iter().for_each(|inner| visit(inner)),
        E::Assign(assignment) => assignment.value.iter().for_each(visit),
        E::Comprehension { element, clauses } => {
            visit(element);
            for clause in clauses {
                visit(&clause.over);
                clause.tests.iter().for_each(&mut *visit);
            }
        }
        E::Block(block) => {
            for statement in block {
                match &statement.kind {
                    StatementKind::Expression(value) | StatementKind::Return(Some(value)) => visit(value),
                    StatementKind::Assign(assignment) => assignment.value.iter().for_each(&mut *visit),
                    _ => {}
                }
            }
        }
    }
}

/// Names and keys on the way to a part.
const PARTS: usize = 12;

/// Whether two expressions name the same part of the same thing: `body.text`, `body["text"]`.
pub fn is_same_part(one: &Expression, other: &Expression, depth: usize) -> bool {
    use ExpressionKind as E;
    depth < PARTS
        && match (&one.kind, &other.kind) {
            (E::Name(one), E::Name(other)) => depth > 0 && one == other,
            (E::Member { object: one, name }, E::Member { object: other, name: same }) => {
                name == same && is_same_part(one, other, depth + 1)
            }
            (E::Index { object: one, index }, E::Index { object: other, index: same }) => {
                let is_key = match (&index.kind, &same.kind) {
                    (E::Literal(Literal::Text(key)), E::Literal(Literal::Text(same))) => key == same,
                    _ => false,
                };
                is_key && is_same_part(one, other, depth + 1)
            }
            _ => false,
        }
}
