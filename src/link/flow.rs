//! What decides whether code runs, and what flows into a decision.
//!
//! A gate is a test that stands in the way: an exit before a call, or the condition under which the call stands. The
//! slice of an expression is everything that flows into it: through names, parameters, attributes, and the results of
//! the program's own functions with the tests that choose among them.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Program;
use super::units::*;
use super::values::{FrameId, How, Site, Value};

/// Expressions in one slice.
const SLICE: usize = 1_500;

/// A test in the way of a call.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'m> {
    pub test: &'m Expression,
    pub frame: FrameId,
    pub exit: Exit,
    /// What runs when the gate refuses, where it is a block of its own.
    pub refusal: Option<&'m Block>,
    /// Whether the gate refuses when its test holds.
    pub refuses_when: bool,
    /// The innermost condition around the gate that is not around the call.
    pub under: Option<&'m Expression>,
    pub span: Span,
    /// The node of the test's statement; the conditions around it belong to the decision.
    pub node: NodeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By an exception: stops its callers too.
    Raise,
    /// By returning: stops only its own unit.
    Return,
    /// By leaving or going on in a loop: stops what comes after it in the loop.
    Loop,
    /// The call stands inside the branch that the gate opens.
    Branch,
}

/// A call that has happened when another happens.
#[derive(Clone, Copy, Debug)]
pub struct Before<'m> {
    pub site: Site,
    /// The innermost condition around it that is not around the later call.
    pub under: Option<&'m Expression>,
    /// Whether what it raises is caught on the way to the later call, which then happens all the same.
    pub is_caught: bool,
}

/// How a block ends.
pub fn exit_of(block: &Block) -> Option<Exit> {
    let last = block.last()?;
    match &last.kind {
        StatementKind::Raise(_) => Some(Exit::Raise),
        StatementKind::Return(value) => {
            Some(if value.as_ref().is_some_and(is_error) { Exit::Raise } else { Exit::Return })
        }
        StatementKind::Break | StatementKind::Continue => Some(Exit::Loop),
        StatementKind::If { then, otherwise, .. } => match (exit_of(then), exit_of(otherwise)) {
            (Some(Exit::Raise), Some(Exit::Raise)) => Some(Exit::Raise),
            (Some(_), Some(_)) => Some(Exit::Return),
            _ => None,
        },
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => exit_of(block),
        StatementKind::Try(each) => {
            if !each.finally.is_empty() && exit_of(&each.finally).is_some() {
                return exit_of(&each.finally);
            }
            let all = std::iter::once(&each.body).chain(each.handlers.iter().map(|handler| &handler.body));
            all.map(exit_of).collect::<Option<Vec<_>>>().map(|_| Exit::Return)
        }
        StatementKind::Expression(expression) => exit_call(expression),
        _ => None,
    }
}

/// `Err(..)` as a result: its callers stop at it as at an exception.
fn is_error(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err"),
        ExpressionKind::Block(block) => match block.last().map(|last| &last.kind) {
            Some(StatementKind::Expression(value) | StatementKind::Return(Some(value))) => is_error(value),
            _ => false,
        },
        _ => false,
    }
}

/// `sys.exit()`, `process.exit()`, `panic!()`, `bail!()`: calls that do not come back.
pub fn exit_call(expression: &Expression) -> Option<Exit> {
    let expression = match &expression.kind {
        ExpressionKind::Await(inner) => inner,
        _ => expression,
    };
    let ExpressionKind::Call(call) = &expression.kind else { return None };
    let name = match &call.callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name.as_str(),
        _ => return None,
    };
    match name {
        "exit" | "_exit" | "abort" | "panic!" | "bail!" | "unreachable!" | "todo!" | "unimplemented!" => {
            Some(Exit::Raise)
        }
        _ => None,
    }
}

/// The name of what a block raises at its end.
fn raised_name(block: &Block) -> Option<&str> {
    let StatementKind::Raise(Some(value)) = &block.last()?.kind else { return None };
    let named = match &value.kind {
        ExpressionKind::Call(call) => &call.callee,
        _ => value,
    };
    match &named.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a handler catches an exception of this name; of an unknown one whether it catches every exception.
fn catches(handler: &Handler, raised: Option<&str>) -> bool {
    fn names(expression: &Expression, raised: Option<&str>) -> bool {
        match &expression.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                matches!(name.as_str(), "Exception" | "BaseException") || Some(name.as_str()) == raised
            }
            ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => {
                items.iter().any(|item| names(item, raised))
            }
            _ => false,
        }
    }
    handler.catches.as_ref().is_none_or(|catches| names(catches, raised))
}

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

/// Whether a block leaves its function somewhere.
pub fn leaves(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) | StatementKind::Return(_) => true,
        StatementKind::If { then, otherwise, .. } => leaves(then) || leaves(otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => leaves(block),
        StatementKind::Try(each) => leaves(&each.body) || each.handlers.iter().any(|handler| leaves(&handler.body)),
        StatementKind::Expression(value) => exit_call(value).is_some(),
        _ => false,
    })
}

/// Whether a block raises somewhere.
pub fn leaves_by_raising(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => leaves_by_raising(then) || leaves_by_raising(otherwise),
        StatementKind::Block(block) => leaves_by_raising(block),
        _ => false,
    })
}

/// Whether a call stands under a `?` within an expression.
fn is_asked(expression: &Expression, call: &Call, asked: bool, depth: usize) -> bool {
    if depth > 60 {
        return false;
    }
    if matches!(&expression.kind, ExpressionKind::Call(each) if std::ptr::eq(each.as_ref(), call)) {
        return asked;
    }
    let asked = asked || matches!(&expression.kind, ExpressionKind::Operator { operator, .. } if operator == "?");
    let mut found = false;
    children(expression, &mut |child| found = found || is_asked(child, call, asked, depth + 1));
    found
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
            let NodeKind::Plain(statement) = self.units.nodes[*node].kind else { continue };
            let assignment = match &statement.kind {
                StatementKind::Assign(assignment) => assignment,
                StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => assignment,
                _ => continue,
            };
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
        Some(Reaching { dead, is_rebound: kills.is_some() })
    }

    /// The tests that decide whether a unit returns this expression: those around it, and the exits before it.
    pub fn gates_of_result(&self, unit: UnitId, result: &'m Expression, frame: FrameId) -> Vec<&'m Expression> {
        let at = self.units.units[unit].nodes.iter().rev().find(|node| {
            matches!(self.units.nodes[**node].kind, NodeKind::Plain(statement) if statement.span.contains(result.span))
        });
        let Some(at) = at.copied() else { return Vec::new() };
        let before = self.gates_before(unit, at, result.span, frame);
        before.into_iter().map(|gate| gate.test).chain(self.tests_around(at)).collect()
    }

    /// The innermost condition around `inner` that is not around `outer`: none where both always run together.
    /// `Err` where `inner` stands in an exception handler that `outer` does not stand in.
    fn extra_condition(&self, inner: NodeId, outer: NodeId) -> Result<Option<&'m Expression>, ()> {
        let around = self.conditions_around(outer);
        let mut extra = None;
        for id in self.conditions_around(inner) {
            if around.contains(&id) {
                continue;
            }
            match self.units.nodes[id].kind {
                NodeKind::Handler(..) => return Err(()),
                NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } => {
                    extra = extra.or(Some(test))
                }
                _ => {}
            }
        }
        Ok(extra)
    }

    /// The gates that stand before a call or around it, within its own unit.
    pub fn gates(&self, site: Site) -> Vec<Gate<'m>> {
        let info = &self.units.calls[site.call];
        let mut gates = self.gates_before(info.unit, info.node, info.call.span, site.frame);
        for (id, node) in self.units.ancestors(info.node) {
            let (test, refuses_when) = match node.kind {
                NodeKind::Then(test) => (test, false),
                NodeKind::Otherwise(test) => (test, true),
                NodeKind::Branch { test, holds } => (test, !holds),
                _ => continue,
            };
            gates.push(Gate {
                test,
                frame: site.frame,
                exit: Exit::Branch,
                refusal: None,
                refuses_when,
                under: None,
                span: test.span,
                node: id,
            });
        }
        gates
    }

    /// All exits of a unit that end it by an exception, wherever they stand in it.
    pub fn raising_gates(&self, frame: FrameId) -> Vec<Gate<'m>> {
        let unit = self.unit_of_frame(frame);
        let leaves = |gate: &Gate<'m>| !self.is_caught(gate.node, gate.refusal.and_then(raised_name), None);
        self.exits(unit, frame).into_iter().filter(|gate| gate.exit == Exit::Raise && leaves(gate)).collect()
    }

    /// All exits of a unit, in the order of the text.
    pub fn exits(&self, unit: UnitId, frame: FrameId) -> Vec<Gate<'m>> {
        let mut gates: Vec<Gate<'m>> = self.units.units[unit]
            .nodes
            .iter()
            .flat_map(|id| {
                let node = &self.units.nodes[*id];
                let NodeKind::If { test, then, otherwise, .. } = node.kind else { return Vec::new() };
                self.gate_of(test, then, otherwise, frame, *id)
            })
            .collect();
        gates.extend(self.last_raises(unit, &gates));
        gates.extend(self.chosen_errors(unit, frame));
        gates
    }

    /// `if fine: return` and then an exception: the test decides about the exception.
    fn last_raises(&self, unit: UnitId, exits: &[Gate<'m>]) -> Vec<Gate<'m>> {
        let mut gates = Vec::new();
        for id in &self.units.units[unit].nodes {
            let node = &self.units.nodes[*id];
            let NodeKind::Plain(statement) = node.kind else { continue };
            let raises = match &statement.kind {
                StatementKind::Raise(_) => true,
                StatementKind::Return(Some(value)) => is_error(value),
                StatementKind::Expression(value) => exit_call(value).is_some(),
                _ => false,
            };
            if !raises {
                continue;
            }
            let around = self.conditions_around(*id);
            let earlier = exits.iter().filter(|gate| {
                gate.exit == Exit::Return
                    && gate.span.end <= node.span.start
                    && self.conditions_around(gate.node) == around
            });
            gates.extend(earlier.map(|gate| Gate {
                exit: Exit::Raise,
                refusal: None,
                refuses_when: !gate.refuses_when,
                ..*gate
            }));
        }
        gates
    }

    /// `if over { Err(..) } else { Ok(..) }` as the result of a function.
    fn chosen_errors(&self, unit: UnitId, frame: FrameId) -> Vec<Gate<'m>> {
        let info = &self.units.units[unit];
        let Some(node) = info.nodes.last().copied() else { return Vec::new() };
        let chosen = info.returns.iter().filter_map(|value| {
            let ExpressionKind::Conditional { test, then, otherwise } = &value.kind else { return None };
            let refuses_when = match (is_error(then), is_error(otherwise)) {
                (true, false) => true,
                (false, true) => false,
                _ => return None,
            };
            Some(Gate {
                test,
                frame,
                exit: Exit::Raise,
                refusal: None,
                refuses_when,
                under: None,
                span: test.span,
                node,
            })
        });
        chosen.collect()
    }

    fn gate_of(
        &self,
        test: &'m Expression,
        then: &'m Block,
        otherwise: &'m Block,
        frame: FrameId,
        node: NodeId,
    ) -> Vec<Gate<'m>> {
        let mut gates = Vec::new();
        let span = self.units.nodes[node].span;
        for (block, refuses_when) in [(then, true), (otherwise, false)] {
            if let Some(exit) = exit_of(block).or_else(|| self.thrown_by_library(block, frame)) {
                gates.push(Gate { test, frame, exit, refusal: Some(block), refuses_when, under: None, span, node });
            }
        }
        gates
    }

    /// A block that ends with a call of a library that throws an error response: `error(429)`, `notFound()`.
    fn thrown_by_library(&self, block: &'m Block, frame: FrameId) -> Option<Exit> {
        let StatementKind::Expression(value) = &block.last()?.kind else { return None };
        let ExpressionKind::Call(call) = &value.kind else { return None };
        let site = Site { call: self.units.call_id(call)?, frame };
        let throws =
            |path: &Rc<str>| self.facts_of(path, Kind::Reject).iter().any(|(_, fact)| fact.raises == Some(true));
        self.callee_paths(site).iter().any(throws).then_some(Exit::Raise)
    }

    fn gates_before(&self, unit: UnitId, at: NodeId, span: Span, frame: FrameId) -> Vec<Gate<'m>> {
        let mut gates = Vec::new();
        for id in &self.units.units[unit].nodes {
            let node = &self.units.nodes[*id];
            let NodeKind::If { test, then, otherwise, .. } = node.kind else { continue };
            if node.span.end > span.start {
                // The call stands inside this statement: its tests are found as conditions around the call.
                continue;
            }
            let Ok(under) = self.extra_condition(*id, at) else { continue };
            for mut gate in self.gate_of(test, then, otherwise, frame, *id) {
                let goes_on = match gate.exit {
                    Exit::Raise => self.is_caught(*id, gate.refusal.and_then(raised_name), Some(at)),
                    // What leaves a loop reaches a call behind the loop.
                    Exit::Loop => !self.shares_loop(*id, at),
                    _ => false,
                };
                if !goes_on {
                    gate.under = under;
                    gates.push(gate);
                }
            }
        }
        gates
    }

    /// Whether the innermost loop around one node is around the other as well.
    fn shares_loop(&self, inner: NodeId, other: NodeId) -> bool {
        let innermost = self.units.ancestors(inner).find(|(_, node)| matches!(node.kind, NodeKind::Loop(_)));
        innermost.is_some_and(|(id, _)| self.units.ancestors(other).any(|(each, _)| each == id))
    }

    /// Whether an exception that is raised at a node is caught by a handler that goes on. Only blocks that are not
    /// around `until` are looked at: behind the others the later place is not reached either.
    pub fn is_caught(&self, node: NodeId, raised: Option<&str>, until: Option<NodeId>) -> bool {
        let shared: Vec<NodeId> =
            until.into_iter().flat_map(|until| self.units.ancestors(until).map(|(id, _)| id)).collect();
        for (id, each) in self.units.ancestors(node) {
            let NodeKind::TryBody(tried) = each.kind else { continue };
            if shared.contains(&id) {
                continue;
            }
            if let Some(handler) = tried.handlers.iter().find(|handler| catches(handler, raised)) {
                return !leaves(&handler.body);
            }
        }
        false
    }

    /// Whether an error that a call returns stops its caller: everywhere but in Rust, where `?` says so.
    pub fn hands_errors_on(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        if self.modules[info.module].language != Language::Rust {
            return true;
        }
        let within: Vec<&'m Expression> = match self.units.nodes[info.node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Expression(value) | StatementKind::Return(Some(value)) => vec![value],
                StatementKind::Assign(assignment) => assignment.value.iter().collect(),
                _ => Vec::new(),
            },
            NodeKind::If { test, .. } => vec![test],
            _ => Vec::new(),
        };
        within.into_iter().any(|expression| is_asked(expression, info.call, false, 0))
    }

    /// The calls of the same unit that have happened when a call happens.
    pub fn before(&self, site: Site) -> Vec<Before<'m>> {
        let info = &self.units.calls[site.call];
        let mut all = Vec::new();
        for call in &self.units.units[info.unit].calls {
            let other = &self.units.calls[*call];
            if *call == site.call || other.call.span.end > info.call.span.end || other.decorates.is_some() {
                continue;
            }
            if other.call.span.contains(info.call.span) {
                continue;
            }
            if let Ok(under) = self.extra_condition(other.node, info.node) {
                let is_caught =
                    self.is_caught(other.node, None, Some(info.node)) || self.is_caught_in_chain(other.call, info.unit);
                all.push(Before { site: Site { call: *call, frame: site.frame }, under, is_caught });
            }
        }
        all
    }

    /// `consume(key).catch(report)`: the error ends there, unless the handler raises again.
    fn is_caught_in_chain(&self, call: &Call, unit: UnitId) -> bool {
        self.units.units[unit].calls.iter().any(|outer| {
            let outer = self.units.calls[*outer].call;
            outer.span.start == call.span.start
                && outer.span.end > call.span.end
                && matches!(&outer.callee.kind, ExpressionKind::Member { name, .. } if name == "catch")
                && !outer.arguments.iter().any(|argument| match &argument.value.kind {
                    ExpressionKind::Function(handler) => leaves_by_raising(&handler.body),
                    _ => false,
                })
        })
    }

    /// Everything that flows into a gate's decision: its test and the conditions around it.
    pub fn gate_slice(&self, gate: &Gate<'m>) -> Slice<'m> {
        let mut slice = self.slice(gate.test, gate.frame);
        for (_, node) in self.units.ancestors(gate.node).skip(1) {
            if let NodeKind::Then(test) | NodeKind::Otherwise(test) = node.kind {
                self.slice_into(test, gate.frame, &mut slice, 0);
            }
        }
        slice
    }

    /// Everything that flows into an expression, with the frame in which it stands.
    pub fn slice(&self, expression: &'m Expression, frame: FrameId) -> Slice<'m> {
        let mut slice = Slice::default();
        self.slice_into(expression, frame, &mut slice, 0);
        slice
    }

    fn slice_into(&self, expression: &'m Expression, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let key = (std::ptr::from_ref(expression) as usize, frame, slice.partly);
        if depth > 80 || slice.parts.len() >= SLICE || !slice.seen.insert(key) {
            return;
        }
        slice.parts.push((expression, frame));
        use ExpressionKind as E;
        match &expression.kind {
            E::Name(name) => self.slice_name(name, frame, slice, depth),
            E::Call(call) => self.slice_call(call, frame, slice, depth),
            E::Member { object, .. } => {
                self.slice_holder(object, frame, slice, depth);
                self.slice_attribute(expression, frame, slice, depth);
            }
            E::Function(_) => {}
            _ => children(expression, &mut |child| self.slice_into(child, frame, slice, depth + 1)),
        }
    }

    /// What a member is taken from: of an instance of the program only which one it is, not all that it was made with.
    fn slice_holder(&self, object: &'m Expression, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let is_own = self.values(object, frame).iter().any(|value| matches!(value, Value::Instance { .. }));
        let before = slice.partly;
        slice.partly |= is_own;
        self.slice_into(object, frame, slice, depth + 1);
        slice.partly = before;
    }

    fn slice_name(&self, name: &'m str, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            let Some(bindings) = self.units.units[here.unit].names.get(name) else {
                at = here.closure;
                continue;
            };
            for binding in bindings {
                match binding {
                    Binding::Value { value, .. } => self.slice_into(value, id, slice, depth + 1),
                    Binding::Element { over, .. } => self.slice_into(over, id, slice, depth + 1),
                    Binding::Context(context) => self.slice_into(context, id, slice, depth + 1),
                    Binding::Parameter { index, .. } => self.slice_parameter(*index, id, slice, depth),
                    Binding::Import(_) => {
                        let values = self.outer_values(name, id);
                        for value in values {
                            if let Value::Data { expression, frame } = value {
                                self.slice_into(expression.0, frame, slice, depth + 1);
                            }
                        }
                    }
                    _ => {}
                }
            }
            self.slice_growth(name, here.unit, slice, depth);
            return;
        }
    }

    /// `missing.push(name)`: what is put into a collection, and when, flows into it.
    fn slice_growth(&self, name: &'m str, unit: UnitId, slice: &mut Slice<'m>, depth: usize) {
        for (call, frame) in self.growth(name, unit) {
            let info = &self.units.calls[call];
            for argument in &info.call.arguments {
                self.slice_into(&argument.value, frame, slice, depth + 1);
            }
            for (_, node) in self.units.ancestors(info.node) {
                if let NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } = node.kind {
                    self.slice_into(test, frame, slice, depth + 1);
                }
            }
        }
    }

    /// The calls that add to a collection by its name, in the unit that binds it and those inside it.
    pub fn growth(&self, name: &str, unit: UnitId) -> Vec<(CallId, FrameId)> {
        let mut found = Vec::new();
        let mut units = vec![unit];
        while let Some(unit) = units.pop() {
            let info = &self.units.units[unit];
            units.extend(info.inner.iter().filter(|inner| !self.units.units[**inner].names.contains_key(name)));
            for call in &info.calls {
                let ExpressionKind::Member { object, name: method } = &self.units.calls[*call].call.callee.kind else {
                    continue;
                };
                let grows = matches!(
                    method.as_str(),
                    "push" | "append" | "add" | "extend" | "insert" | "unshift" | "appendleft" | "concat" | "push_back"
                );
                if grows && matches!(&object.kind, ExpressionKind::Name(holder) if holder == name) {
                    found.push((*call, self.open_frame(unit)));
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn outer_values(&self, name: &'m str, frame: FrameId) -> Vec<Value<'m>> {
        self.named_values(name, frame)
    }

    /// What is passed for a parameter: the argument, or what is injected.
    fn slice_parameter(&self, index: usize, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let here = self.frame(frame);
        let Some(function) = self.units.units[here.unit].function else { return };
        let Some(parameter) = function.parameters.get(index) else { return };
        slice.parameters.push((here.unit, index, frame));
        match here.how {
            How::Call(site) => {
                if let Some((argument, frame)) = self.passed_from(function, index, site) {
                    self.slice_into(argument, frame, slice, depth + 1);
                } else if let Some(default) = &parameter.default {
                    self.slice_into(default, here.closure.unwrap_or(frame), slice, depth + 1);
                }
            }
            _ => {
                for link in super::entries::injected_for(self, parameter, here.closure.unwrap_or(frame)) {
                    if let Value::Function { unit, .. } = &link
                        && let Some(inner) = super::entries::frame_of(self, &link)
                    {
                        self.slice_unit(*unit, inner, slice, depth);
                    }
                }
            }
        }
    }

    /// The expression that a call passes for a parameter.
    pub fn passed_expression(&self, function: &'m Function, index: usize, site: Site) -> Option<&'m Expression> {
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

    fn slice_attribute(&self, expression: &'m Expression, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let before = std::mem::replace(&mut slice.partly, false);
        for (unit, inner) in self.properties(expression, frame) {
            self.slice_unit(unit, inner, slice, depth);
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Data { expression: inner, frame } if !std::ptr::eq(inner.0, expression) => {
                    self.slice_into(inner.0, *frame, slice, depth + 1);
                }
                Value::Library { sites, .. } => {
                    slice.sites.extend(sites.iter().filter(|site| !slice.site_seen(site)).copied().collect::<Vec<_>>());
                }
                _ => {}
            }
        }
        slice.partly = before;
    }

    /// The methods that are read like fields behind a member.
    pub fn properties(&self, expression: &'m Expression, frame: FrameId) -> Vec<(UnitId, FrameId)> {
        let ExpressionKind::Member { object, name } = &expression.kind else { return Vec::new() };
        let values = self.values(object, frame);
        let found = values.iter().filter_map(|value| {
            let class = match value {
                Value::Instance { class, .. } | Value::Class(class) => *class,
                _ => return None,
            };
            let unit = self.property_of(class, name)?;
            let home = self.open_frame(self.units.classes[class].unit);
            Some((unit, self.enter(unit, home, Some(Rc::new(value.clone())), How::Framework)?))
        });
        found.collect()
    }

    fn slice_call(&self, call: &'m Call, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let Some(id) = self.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        slice.sites.push(site);
        let callees = self.values(&call.callee, frame);
        match &call.callee.kind {
            // The method itself is looked into below.
            ExpressionKind::Member { object, .. } => self.slice_holder(object, frame, slice, depth),
            _ => self.slice_into(&call.callee, frame, slice, depth + 1),
        }
        let mut own = false;
        for callee in callees.iter() {
            if let Value::Function { unit, closure, receiver } = callee
                && let Some(inner) = self.enter(*unit, *closure, receiver.clone(), How::Call(site))
            {
                own = true;
                self.slice_unit(*unit, inner, slice, depth);
            }
        }
        let constructs = slice.partly && callees.iter().any(|callee| matches!(callee, Value::Class(_)));
        // What is given to a function of the program flows only where its parameters flow.
        if !own && !constructs {
            for argument in &call.arguments {
                self.slice_into(&argument.value, frame, slice, depth + 1);
            }
        }
    }

    /// What a unit returns, and what decides which return is taken.
    fn slice_unit(&self, unit: UnitId, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let info = &self.units.units[unit];
        slice.frames.push(frame);
        for expression in info.returns.iter().chain(&info.yields) {
            self.slice_into(expression, frame, slice, depth + 1);
        }
        for id in &info.nodes {
            if let NodeKind::If { test, then, otherwise, .. } = self.units.nodes[*id].kind
                && (exit_of(then).is_some() || exit_of(otherwise).is_some())
            {
                // What decides is looked at whole.
                let before = std::mem::replace(&mut slice.partly, false);
                self.slice_into(test, frame, slice, depth + 1);
                slice.partly = before;
            }
        }
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

/// What flows into an expression.
#[derive(Debug, Default)]
pub struct Slice<'m> {
    pub parts: Vec<(&'m Expression, FrameId)>,
    pub sites: Vec<Site>,
    pub parameters: Vec<(UnitId, usize, FrameId)>,
    /// Frames of the program's own functions whose results flow in.
    pub frames: Vec<FrameId>,
    /// Whether only the choice of an object is looked at, not what the object holds.
    partly: bool,
    seen: FxHashSet<(usize, FrameId, bool)>,
}

impl Slice<'_> {
    fn site_seen(&self, site: &Site) -> bool {
        self.sites.contains(site)
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
