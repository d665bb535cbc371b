//! Gates: tests that stand in the way of a call, and what has happened before it.

use std::rc::Rc;

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::children;
use super::exits::{Exit, exit_call, exit_of, is_error, leaves, leaves_by_raising, name_of, raised, raised_name};

/// Words in the names of functions that throw unless something holds.
const ASSERTS: [&str; 2] = ["assert", "invariant"];
/// Classes of one exception that are looked at.
const CLASSES: usize = 8;

impl<'m> Program<'m> {
    /// The tests that decide whether a unit returns this expression: those around it, and the exits before it.
    pub fn gates_of_result(&self, unit: UnitId, result: &'m Expression, frame: FrameId) -> Vec<&'m Expression> {
        let Some(at) = self.node_of_result(unit, result) else { return Vec::new() };
        let before = self.gates_before(unit, at, result.span, frame);
        before.into_iter().map(|gate| gate.test).chain(self.tests_around(at)).collect()
    }

    /// The statement with which a function gives a result.
    pub fn node_of_result(&self, unit: UnitId, result: &'m Expression) -> Option<NodeId> {
        let mut nodes = self.units.units[unit].nodes.iter().rev().copied();
        nodes.find(|node| {
            matches!(self.units.nodes[*node].kind, NodeKind::Plain(statement) if statement.span.contains(result.span))
        })
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

    /// Whether `inner` stands in no exception handler that `outer` does not stand in.
    pub fn is_handled_with(&self, inner: NodeId, outer: NodeId) -> bool {
        self.extra_condition(inner, outer).is_ok()
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

    /// The tests of exits that stand in front of a statement of a unit.
    pub fn gates_in_front(&self, unit: UnitId, at: NodeId, frame: FrameId) -> Vec<Gate<'m>> {
        self.gates_before(unit, at, self.units.nodes[at].span, frame)
    }

    /// All exits of a unit that end it by an exception, wherever they stand in it.
    pub fn raising_gates(&self, frame: FrameId) -> Vec<Gate<'m>> {
        let unit = self.unit_of_frame(frame);
        let leaves = |gate: &Gate<'m>| !self.is_caught(gate.node, gate.refusal.and_then(raised_name), None);
        self.exits(unit, frame).into_iter().filter(|gate| gate.exit == Exit::Raise && leaves(gate)).collect()
    }

    /// All exits of a unit, in the order of the text.
    pub fn exits(&self, unit: UnitId, frame: FrameId) -> Vec<Gate<'m>> {
        let mut gates: Vec<Gate<'m>> =
            self.units.units[unit].nodes.iter().flat_map(|id| self.gates_at(*id, frame)).collect();
        gates.extend(self.last_raises(unit, frame, &gates));
        gates.extend(self.chosen_errors(unit, frame));
        gates.retain(|gate| !self.is_off(gate.node, frame, None) && !self.never_refuses(gate));
        gates
    }

    /// `if fine: return` and then an exception: the test decides about the exception.
    pub(super) fn last_raises(&self, unit: UnitId, frame: FrameId, exits: &[Gate<'m>]) -> Vec<Gate<'m>> {
        let mut gates = Vec::new();
        for id in &self.units.units[unit].nodes {
            let node = &self.units.nodes[*id];
            let NodeKind::Plain(statement) = node.kind else { continue };
            let may_raise = match &statement.kind {
                StatementKind::Raise(_) => true,
                StatementKind::Return(Some(value)) => is_error(value),
                StatementKind::Expression(value) => is_call(value),
                _ => false,
            };
            if !may_raise {
                continue;
            }
            let around = self.conditions_around(*id);
            let mut earlier = exits
                .iter()
                .filter(|gate| {
                    gate.exit == Exit::Return
                        && gate.span.end <= node.span.start
                        && self.conditions_around(gate.node) == around
                })
                .peekable();
            // `error(402)` of a framework throws, though nothing says so here.
            let is_quiet = matches!(&statement.kind, StatementKind::Expression(value)
                if exit_call(value).is_none() && (earlier.peek().is_none() || self.thrown_by(value, frame).is_none()));
            if is_quiet {
                continue;
            }
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
    pub(super) fn chosen_errors(&self, unit: UnitId, frame: FrameId) -> Vec<Gate<'m>> {
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

    /// The tests that a statement itself decides by.
    fn gates_at(&self, id: NodeId, frame: FrameId) -> Vec<Gate<'m>> {
        match self.units.nodes[id].kind {
            NodeKind::If { test, then, otherwise, .. } => self.gate_of(test, then, otherwise, frame, id),
            NodeKind::Plain(Statement { kind: StatementKind::Expression(value), .. }) => {
                self.asserted(value, frame, id).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A call that throws unless what it is given first holds: `ctx.assert(count <= 20, 429)`.
    fn asserted(&self, value: &'m Expression, frame: FrameId, node: NodeId) -> Option<Gate<'m>> {
        let ExpressionKind::Call(call) = &value.kind else { return None };
        let test = &call.arguments.first()?.value;
        name_of(&call.callee).filter(|name| ASSERTS.iter().any(|word| name.contains(word)))?;
        let site = Site { call: self.units.call_id(call)?, frame };
        let asserts = |path: &Rc<str>| {
            self.facts_of(path, Kind::Reject).iter().any(|(_, fact)| fact.role.as_deref() == Some("asserts"))
        };
        let is_asserted = self.callee_paths(site).iter().any(asserts);
        let (exit, span) = (Exit::Raise, self.units.nodes[node].span);
        is_asserted.then_some(Gate { test, frame, exit, refusal: None, refuses_when: false, under: None, span, node })
    }

    pub(super) fn gate_of(
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
            if let Some(exit) = exit_of(block).or_else(|| self.thrown_by_call(block, frame)) {
                gates.push(Gate { test, frame, exit, refusal: Some(block), refuses_when, under: None, span, node });
            }
        }
        gates
    }

    /// A block that ends with a call that throws: of a library an error response (`error(429)`, `notFound()`), of a
    /// function that never returns.
    pub fn thrown_by_call(&self, block: &'m Block, frame: FrameId) -> Option<Exit> {
        let StatementKind::Expression(value) = &block.last()?.kind else { return None };
        self.thrown_by(value, frame)
    }

    /// How a statement that is one expression ends its function, where that calls what throws.
    fn thrown_by(&self, value: &'m Expression, frame: FrameId) -> Option<Exit> {
        if self.diverges(value, frame) {
            return Some(Exit::Raise);
        }
        let ExpressionKind::Call(call) = &value.kind else { return None };
        let site = Site { call: self.units.call_id(call)?, frame };
        let throws =
            |path: &Rc<str>| self.facts_of(path, Kind::Reject).iter().any(|(_, fact)| fact.raises == Some(true));
        self.callee_paths(site).iter().any(throws).then_some(Exit::Raise)
    }

    pub(super) fn gates_before(&self, unit: UnitId, at: NodeId, span: Span, frame: FrameId) -> Vec<Gate<'m>> {
        let mut gates = Vec::new();
        for id in &self.units.units[unit].nodes {
            if self.units.nodes[*id].span.end > span.start {
                // The call stands inside this statement: its tests are found as conditions around the call.
                continue;
            }
            let own = self.gates_at(*id, frame);
            if own.is_empty() {
                continue;
            }
            let Ok(under) = self.extra_condition(*id, at) else { continue };
            if self.is_off(*id, frame, Some(at)) {
                continue;
            }
            for mut gate in own {
                let goes_on = match gate.exit {
                    Exit::Raise => self.is_caught(*id, gate.refusal.and_then(raised_name), Some(at)),
                    // What leaves a loop reaches a call behind the loop.
                    Exit::Loop => !self.shares_loop(*id, at),
                    _ => false,
                };
                if !goes_on && !self.never_refuses(&gate) {
                    gate.under = under.filter(|under| !is_other_variant(under, gate.test));
                    gates.push(gate);
                }
            }
        }
        gates
    }

    /// Whether the innermost loop around one node is around the other as well.
    pub(super) fn shares_loop(&self, inner: NodeId, other: NodeId) -> bool {
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
                return !leaves(&handler.body) && !self.throws(&handler.body, each.unit);
            }
        }
        false
    }

    /// Whether what is raised at a node and is no `Error` is caught by a handler that goes on with it, though it may end for
    /// an `Error`: `if (rejected instanceof Error) throw rejected`.
    pub fn is_caught_unless_error(&self, node: NodeId, until: NodeId) -> bool {
        let shared: Vec<NodeId> = self.units.ancestors(until).map(|(id, _)| id).collect();
        let tried = self.units.ancestors(node).find_map(|(id, each)| match each.kind {
            NodeKind::TryBody(tried) if !shared.contains(&id) => Some((tried, each.unit)),
            _ => None,
        });
        let Some((tried, unit)) = tried else { return false };
        let ends = |statement: &'m Statement| match &statement.kind {
            StatementKind::If { test, otherwise, .. } if asks_for_an_error(test) => {
                leaves(otherwise) || self.throws(otherwise, unit)
            }
            _ => {
                let alone = std::slice::from_ref(statement);
                leaves(alone) || self.throws(alone, unit)
            }
        };
        tried.handlers.first().is_some_and(|handler| !handler.body.iter().any(ends))
    }

    /// Whether what a gate raises ends at a node of a caller, in a handler for it or for what it is derived from.
    pub fn is_stopped(&self, gate: &Gate<'m>, node: NodeId, until: Option<NodeId>) -> bool {
        let mut pending: Vec<(&'m Expression, FrameId)> =
            gate.refusal.and_then(raised).map(|raised| (raised, gate.frame)).into_iter().collect();
        for _ in 0..CLASSES {
            let Some((class, frame)) = pending.pop() else { return false };
            let Some(name) = name_of(class) else { continue };
            if self.is_caught(node, Some(name), until) {
                return true;
            }
            for value in self.values(class, frame).iter() {
                if let Value::Class(class) = value {
                    let info = &self.units.classes[*class];
                    let home = self.open_frame(info.unit);
                    pending.extend(info.class.bases.iter().map(|base| (base, home)));
                }
            }
        }
        false
    }

    /// Whether an error that a call returns stops its caller: everywhere but in Rust, where `?` says so, or where it is
    /// itself what the caller returns.
    pub fn hands_errors_on(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        if self.modules[info.module].language != Language::Rust {
            return true;
        }
        self.is_result(call)
            || self.written_around(call).into_iter().any(|expression| is_asked(expression, info.call, false, 0))
    }

    /// The expression of the statement in which a call stands.
    fn written_around(&self, call: CallId) -> Option<&'m Expression> {
        match self.units.nodes[self.units.calls[call].node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Expression(value) | StatementKind::Return(Some(value)) => Some(value),
                StatementKind::Assign(assignment) => assignment.value.as_ref(),
                _ => None,
            },
            NodeKind::If { test, .. } => Some(test),
            _ => None,
        }
    }

    /// Whether a call is what its function returns, with another error at most, where errors are returned.
    pub fn is_result(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        self.modules[info.module].language == Language::Rust
            && self.units.units[info.unit].returns.iter().any(|result| is_whole(result, info.call))
    }

    /// Whether a failure that a call tells of ends its function by a `?` of its own: `check(&key).map_err(refused)?`.
    pub fn is_ended_by_failure(&self, call: CallId) -> bool {
        let written = self.units.calls[call].call;
        self.written_around(call).is_some_and(|expression| is_asked_itself(expression, written, 0))
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
            if let Ok(under) = self.extra_condition(other.node, info.node)
                && !self.is_off(other.node, site.frame, Some(info.node))
            {
                let is_caught =
                    self.is_caught(other.node, None, Some(info.node)) || self.is_caught_in_chain(other.call, info.unit);
                all.push(Before { site: Site { call: *call, frame: site.frame }, under, is_caught });
            }
        }
        all
    }

    /// `consume(key).catch(report)`: the error ends there, unless the handler raises again.
    pub(super) fn is_caught_in_chain(&self, call: &Call, unit: UnitId) -> bool {
        self.units.units[unit].calls.iter().any(|outer| {
            let outer = self.units.calls[*outer].call;
            outer.span.start == call.span.start
                && outer.span.end > call.span.end
                && matches!(&outer.callee.kind, ExpressionKind::Member { name, .. } if name == "catch")
                && !outer.arguments.iter().any(|argument| match &argument.value.kind {
                    ExpressionKind::Function(handler) => {
                        leaves_by_raising(&handler.body)
                            || self.units.unit_of(handler).is_some_and(|unit| self.throws(&handler.body, unit))
                    }
                    _ => false,
                })
        })
    }

    /// Whether a block of a unit calls somewhere what throws: `ctx.throw(429)`.
    pub(super) fn throws(&self, block: &'m [Statement], unit: UnitId) -> bool {
        block.iter().any(|statement| match &statement.kind {
            StatementKind::Expression(value) | StatementKind::Return(Some(value)) => {
                self.thrown_by(value, self.open_frame(unit)).is_some()
            }
            StatementKind::If { then, otherwise, .. } => self.throws(then, unit) || self.throws(otherwise, unit),
            StatementKind::Block(block) => self.throws(block, unit),
            _ => false,
        })
    }
}

/// Whether a test holds for errors of the language only.
fn asks_for_an_error(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "instanceof" => {
            matches!(operands.get(1).map(|class| &class.kind), Some(ExpressionKind::Name(name)) if name == "Error")
        }
        _ => false,
    }
}

/// Whether an expression is a call, waited for or not.
fn is_call(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Await(inner) => is_call(inner),
        ExpressionKind::Call(_) => true,
        _ => false,
    }
}

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

/// A call that has happened when another happens.
#[derive(Clone, Copy, Debug)]
pub struct Before<'m> {
    pub site: Site,
    /// The innermost condition around it that is not around the later call.
    pub under: Option<&'m Expression>,
    /// Whether what it raises is caught on the way to the later call, which then happens all the same.
    pub is_caught: bool,
}

/// Whether a handler catches an exception of this name; of an unknown one whether it catches every exception.
pub(super) fn catches(handler: &Handler, raised: Option<&str>) -> bool {
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

/// Whether two tests ask for the two variants that there are: what is not `Ok(..)` is `Err(..)`.
fn is_other_variant(one: &Expression, other: &Expression) -> bool {
    let pattern = |test: &Expression| match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "==" => {
            let named = operands.last().map(|pattern| match &pattern.kind {
                ExpressionKind::Call(call) => &call.callee,
                _ => pattern,
            });
            match named.map(|named| &named.kind) {
                Some(ExpressionKind::Name(name)) => VARIANTS.iter().position(|known| known == name),
                _ => None,
            }
        }
        _ => None,
    };
    // The other one of a pair stands beside it.
    matches!((pattern(one), pattern(other)), (Some(one), Some(other)) if one ^ 1 == other)
}

/// Variants in pairs.
const VARIANTS: [&str; 4] = ["Ok", "Err", "Some", "None"];

/// Whether a result is what a call returns, waited for and with another error at most.
fn is_whole(result: &Expression, call: &Call) -> bool {
    let mut at = result;
    loop {
        at = match &at.kind {
            ExpressionKind::Await(inner) => inner,
            ExpressionKind::Call(each) if std::ptr::eq(each.as_ref(), call) => return true,
            ExpressionKind::Call(each) => match &each.callee.kind {
                ExpressionKind::Member { object, name } if name == "map_err" => object,
                _ => return false,
            },
            _ => return false,
        };
    }
}

/// Whether a `?` within an expression asks for a call itself, with another error or another answer at most.
fn is_asked_itself(expression: &Expression, call: &Call, depth: usize) -> bool {
    if depth > 60 {
        return false;
    }
    if let ExpressionKind::Operator { operator, operands } = &expression.kind
        && operator == "?"
        && operands.first().is_some_and(|asked| begins_with(asked, call))
    {
        return true;
    }
    let mut found = false;
    children(expression, &mut |child| found = found || is_asked_itself(child, call, depth + 1));
    found
}

/// Whether an expression is a call, or a chain on it that leaves a failure one.
fn begins_with(expression: &Expression, call: &Call) -> bool {
    let mut at = expression;
    loop {
        at = match &at.kind {
            ExpressionKind::Await(inner) => inner,
            ExpressionKind::Call(each) if std::ptr::eq(each.as_ref(), call) => return true,
            ExpressionKind::Call(each) => match &each.callee.kind {
                ExpressionKind::Member { object, name } if FAILS_ON.contains(&name.as_str()) => object,
                _ => return false,
            },
            _ => return false,
        };
    }
}

/// Methods of a result or an option by which a failure stays one.
const FAILS_ON: [&str; 11] =
    ["map_err", "inspect_err", "map", "or", "is_ok", "then_some", "then", "ok", "ok_or", "ok_or_else", "context"];

/// Whether a call stands under a `?` within an expression.
pub(super) fn is_asked(expression: &Expression, call: &Call, asked: bool, depth: usize) -> bool {
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
