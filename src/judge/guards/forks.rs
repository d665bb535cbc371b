//! Guards on both sides of a test: `if key: limit(key) else: limit(ip)`. Neither stands in the way of all requests, but
//! every request passes one of them.

use crate::link::flow::{Exit, Gate, exit_of};
use crate::link::units::{NodeId, NodeKind};
use crate::link::{Program, Site};
use crate::model::{Block, Expression, ExpressionKind};

use super::{Guards, Protection};

/// Tests within tests that are looked at.
const DEPTH: usize = 6;

/// A test in front of a call whose two sides both go on to it, or leave.
pub struct Fork<'m> {
    pub sides: [Side<'m>; 2],
}

/// What stands on one side of a test.
pub struct Side<'m> {
    /// The tests that refuse there.
    pub gates: Vec<Gate<'m>>,
    calls: Vec<Site>,
    forks: Vec<Fork<'m>>,
    /// It never comes to the call.
    pub leaves: bool,
}

/// What runs in front of a call under some condition, each with the innermost node that this is.
struct Ahead<'p, 'm> {
    program: &'p Program<'m>,
    ifs: Vec<(NodeId, Option<NodeId>)>,
    gates: Vec<(Gate<'m>, Option<NodeId>)>,
    calls: Vec<(Site, Option<NodeId>)>,
    until: NodeId,
}

impl<'p, 'm> Guards<'p, 'm> {
    /// A protection that every way through a test in front of a call passes.
    pub(super) fn on_both_sides(&self, site: Site, item: &str) -> Option<Protection> {
        self.forks(site).iter().find_map(|fork| self.on_fork(fork, site, item))
    }

    /// The tests in front of a call that divide its requests.
    pub fn forks(&self, site: Site) -> Vec<Fork<'m>> {
        let ahead = Ahead::of(self.program, site);
        if ahead.gates.is_empty() && ahead.calls.is_empty() {
            return Vec::new();
        }
        let is_first = |(_, over): &&(NodeId, Option<NodeId>)| over.is_none();
        ahead.ifs.iter().filter(is_first).filter_map(|(node, _)| ahead.fork(*node, 0)).collect()
    }

    fn on_fork(&self, fork: &Fork<'m>, until: Site, item: &str) -> Option<Protection> {
        let mut first = None;
        for side in &fork.sides {
            match self.on_side(side, until, item) {
                Some(found) => first = first.or(Some(found)),
                None if side.leaves => {}
                None => return None,
            }
        }
        first
    }

    fn on_side(&self, side: &Side<'m>, until: Site, item: &str) -> Option<Protection> {
        side.gates
            .iter()
            .find_map(|gate| self.find_gate(gate, item))
            .or_else(|| side.calls.iter().find_map(|call| self.stops(*call, until, item)))
            .or_else(|| side.forks.iter().find_map(|fork| self.on_fork(fork, until, item)))
    }
}

impl<'p, 'm> Ahead<'p, 'm> {
    fn of(program: &'p Program<'m>, site: Site) -> Self {
        let info = &program.units.calls[site.call];
        let until = info.node;
        let around: Vec<NodeId> = program.units.ancestors(until).map(|(id, _)| id).collect();
        let over = |node: NodeId| {
            let conditions = program.units.ancestors(node).filter(|(id, each)| {
                let divides = matches!(each.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Branch { .. });
                *id != node && divides && !around.contains(id)
            });
            conditions.map(|(id, _)| id).next()
        };
        let is_test = |node: &&NodeId| {
            let each = &program.units.nodes[**node];
            let is_reached = program.is_handled_with(**node, until);
            matches!(each.kind, NodeKind::If { .. }) && each.span.end <= info.call.span.start && is_reached
        };
        let ifs = program.units.units[info.unit].nodes.iter().filter(is_test).map(|node| (*node, over(*node)));
        let gates = program.gates(site).into_iter().filter(|gate| gate.exit != Exit::Branch && gate.under.is_some());
        let calls = program.before(site).into_iter().filter(|before| !before.is_caught && before.under.is_some());
        Ahead {
            program,
            ifs: ifs.collect(),
            gates: gates.map(|gate| (Gate { under: None, ..gate }, over(gate.node))).collect(),
            calls: calls.map(|before| (before.site, over(program.units.calls[before.site.call].node))).collect(),
            until,
        }
    }

    fn fork(&self, node: NodeId, depth: usize) -> Option<Fork<'m>> {
        let NodeKind::If { test, then, otherwise, .. } = self.program.units.nodes[node].kind else { return None };
        if depth > DEPTH {
            return None;
        }
        let other = if otherwise.is_empty() {
            match self.opposite(node, test) {
                Some((other, block)) => self.side(other, true, block, depth),
                None => return None,
            }
        } else {
            self.side(node, false, otherwise, depth)
        };
        Some(Fork { sides: [self.side(node, true, then, depth), other] })
    }

    /// What stands on the side of a test on which it holds, or does not.
    fn side(&self, node: NodeId, holds: bool, block: &'m Block, depth: usize) -> Side<'m> {
        let units = &self.program.units;
        let is_side = |kind: NodeKind<'m>| match kind {
            NodeKind::Then(_) => holds,
            NodeKind::Otherwise(_) => !holds,
            _ => false,
        };
        let is_own = |id: &NodeId| units.nodes[*id].parent == Some(node) && is_side(units.nodes[*id].kind);
        let own = units.units[units.nodes[node].unit].nodes.iter().copied().find(is_own);
        let leaves = matches!(exit_of(block), Some(Exit::Return | Exit::Raise))
            && !self.program.is_caught(node, None, Some(self.until));
        let Some(own) = own else {
            return Side { gates: Vec::new(), calls: Vec::new(), forks: Vec::new(), leaves };
        };
        let is_here = |over: &Option<NodeId>| *over == Some(own);
        let gates = self.gates.iter().filter(|(_, over)| is_here(over)).map(|(gate, _)| *gate).collect();
        let calls = self.calls.iter().filter(|(_, over)| is_here(over)).map(|(call, _)| *call).collect();
        let within = self.ifs.iter().filter(|(_, over)| is_here(over));
        let forks = within.filter_map(|(node, _)| self.fork(*node, depth + 1)).collect();
        Side { gates, calls, forks, leaves }
    }

    /// `if (!key) { .. }` behind `if (key) { .. }`, with its block.
    fn opposite(&self, node: NodeId, test: &Expression) -> Option<(NodeId, &'m Block)> {
        let units = &self.program.units;
        let own = self.ifs.iter().find(|(each, _)| *each == node).map(|(_, over)| *over)?;
        self.ifs.iter().filter(|(other, over)| *other > node && *over == own).find_map(|(other, _)| {
            match units.nodes[*other].kind {
                NodeKind::If { test: asked, then, otherwise, .. } if otherwise.is_empty() => {
                    is_opposite(test, asked).then_some((*other, then))
                }
                _ => None,
            }
        })
    }
}

/// Whether one of two tests holds exactly where the other does not.
fn is_opposite(one: &Expression, other: &Expression) -> bool {
    let (one, holds) = unturned(one);
    let (other, other_holds) = unturned(other);
    let turned = |one: &str, other: &str| {
        let pairs = [("==", "!="), ("is", "is not"), ("in", "not in")];
        pairs.iter().any(|pair| *pair == (one, other) || *pair == (other, one))
    };
    match (&one.kind, &other.kind) {
        (
            ExpressionKind::Operator { operator, operands },
            ExpressionKind::Operator { operator: asked, operands: others },
        ) if operator != asked => holds == other_holds && turned(operator, asked) && is_same_list(operands, others, 0),
        _ => holds != other_holds && is_same(one, other, 0),
    }
}

/// A test without the `not` in front of it, and whether it holds where the whole does.
fn unturned(test: &Expression) -> (&Expression, bool) {
    let (mut test, mut holds) = (test, true);
    for _ in 0..DEPTH {
        match &test.kind {
            ExpressionKind::Operator { operator, operands } if operator == "not" => match operands.as_slice() {
                [inner] => (test, holds) = (inner, !holds),
                _ => break,
            },
            _ => break,
        }
    }
    (test, holds)
}

/// Whether two expressions are written alike.
fn is_same(one: &Expression, other: &Expression, depth: usize) -> bool {
    let alike = |one: &Expression, other: &Expression| is_same(one, other, depth + 1);
    if depth > DEPTH {
        return false;
    }
    match (&one.kind, &other.kind) {
        (ExpressionKind::Name(one), ExpressionKind::Name(other)) => one == other,
        (ExpressionKind::Literal(one), ExpressionKind::Literal(other)) => one == other,
        (ExpressionKind::Member { object, name }, ExpressionKind::Member { object: of, name: asked }) => {
            name == asked && alike(object, of)
        }
        (ExpressionKind::Index { object, index }, ExpressionKind::Index { object: of, index: asked }) => {
            alike(index, asked) && alike(object, of)
        }
        (
            ExpressionKind::Operator { operator, operands },
            ExpressionKind::Operator { operator: asked, operands: of },
        ) => operator == asked && is_same_list(operands, of, depth),
        _ => false,
    }
}

fn is_same_list(one: &[Expression], other: &[Expression], depth: usize) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other, depth + 1))
}
