//! What a function returns where its caller tells it by a text which of its ways to take:
//! `endpoint("chat")` of `switch (task) { case "chat": return "/chat/completions"; case "files": return "/files"; }`.

use std::borrow::Cow;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::link::Program;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::values::{FrameId, How, Value};
use crate::model::*;

use super::branches::comparison;

/// Tests within tests that are looked at.
const DEPTH: usize = 6;
/// Returns of one function that are told apart.
const RETURNS: usize = 64;
/// Tests in front of one return that are asked.
const TESTS: usize = 48;

/// The tests in front of a return that compare texts, each with the answer for which it is come to.
type Way<'m> = Vec<(&'m Expression, bool)>;

/// The ways to the returns of functions, in the order of the returns; empty where no test tells them apart.
pub(in crate::link) type Ways<'m> = Rc<[Way<'m>]>;

impl<'m> Program<'m> {
    /// What a unit returns in a frame, without what it does not come to there: what it is called with tells that.
    pub(in crate::link) fn returns_told(&self, unit: UnitId, frame: FrameId) -> Cow<'_, [&'m Expression]> {
        let returns = &self.units.units[unit].returns;
        if returns.len() < 2 || !matches!(self.frame(frame).how, How::Call(_)) {
            return Cow::Borrowed(returns);
        }
        let ways = self.ways_of_returns(unit);
        if ways.is_empty() {
            return Cow::Borrowed(returns);
        }
        let is_open = |way: &Way<'m>| way.iter().all(|(test, holds)| self.told(test, frame, 0) != Some(!holds));
        let open: Vec<&'m Expression> =
            returns.iter().zip(ways.iter()).filter(|(_, way)| is_open(way)).map(|(value, _)| *value).collect();
        if open.is_empty() { Cow::Borrowed(returns) } else { Cow::Owned(open) }
    }

    fn ways_of_returns(&self, unit: UnitId) -> Ways<'m> {
        if let Some(known) = self.ways_of_returns.borrow().get(&unit) {
            return known.clone();
        }
        let ways = self.find_ways_of_returns(unit);
        self.ways_of_returns.borrow_mut().insert(unit, ways.clone());
        ways
    }

    fn find_ways_of_returns(&self, unit: UnitId) -> Ways<'m> {
        let info = &self.units.units[unit];
        let nothing = || Rc::from([]);
        if info.returns.len() > RETURNS {
            return nothing();
        }
        // Where each value is returned, and the tests behind each of which what follows it is left to the others.
        let mut places: FxHashMap<usize, NodeId> = FxHashMap::default();
        let mut leaving: FxHashMap<Option<NodeId>, Vec<(NodeId, &'m Expression)>> = FxHashMap::default();
        for id in &info.nodes {
            let node = &self.units.nodes[*id];
            match node.kind {
                NodeKind::Plain(Statement { kind: StatementKind::Return(Some(value)), .. }) => {
                    places.insert(std::ptr::from_ref(value) as usize, *id);
                }
                NodeKind::If { test, then, otherwise, .. } if otherwise.is_empty() && leaves(then) => {
                    leaving.entry(node.parent).or_default().push((*id, test));
                }
                _ => {}
            }
        }
        let way_to = |value: &&'m Expression| -> Way<'m> {
            let Some(place) = places.get(&(std::ptr::from_ref(*value) as usize)) else { return Way::new() };
            let mut way = Way::new();
            for (id, node) in self.units.ancestors(*place) {
                match node.kind {
                    NodeKind::Then(test) => way.push((test, true)),
                    NodeKind::Otherwise(test) => way.push((test, false)),
                    _ => {}
                }
                let before = leaving.get(&node.parent).into_iter().flatten().filter(|(other, _)| *other < id);
                way.extend(before.map(|(_, test)| (*test, false)));
            }
            way.retain(|(test, _)| tells(test, 0));
            way.truncate(TESTS);
            way
        };
        let ways: Vec<Way<'m>> = info.returns.iter().map(way_to).collect();
        if ways.iter().all(Vec::is_empty) { nothing() } else { ways.into() }
    }

    /// What a test says that compares texts which are all known; none where that is left to what runs.
    fn told(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let part = |part: &'m Expression| self.told(part, frame, depth + 1);
        if let ExpressionKind::Operator { operator, operands } = &test.kind {
            match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => return part(inner).map(|holds| !holds),
                ("and", parts) => {
                    let answers: Vec<Option<bool>> = parts.iter().map(part).collect();
                    let all = answers.iter().all(|answer| *answer == Some(true)).then_some(true);
                    return if answers.contains(&Some(false)) { Some(false) } else { all };
                }
                ("or", parts) => {
                    let answers: Vec<Option<bool>> = parts.iter().map(part).collect();
                    let none = answers.iter().all(|answer| *answer == Some(false)).then_some(false);
                    return if answers.contains(&Some(true)) { Some(true) } else { none };
                }
                _ => {}
            }
        }
        let (compared, wanted, comparison) = comparison(test)?;
        let wanted = self.texts_of(wanted, frame);
        if wanted.is_empty() {
            return None;
        }
        let values = self.values(compared, frame);
        let mut answers = values.iter().map(|value| match value {
            Value::Data { expression, .. } => match &expression.0.kind {
                ExpressionKind::Literal(Literal::Text(text)) => Some(comparison.holds(text, &wanted)),
                _ => None,
            },
            _ => None,
        });
        let first = answers.next()??;
        answers.all(|answer| answer == Some(first)).then_some(first)
    }
}

/// Whether a test compares something with texts.
fn tells(test: &Expression, depth: usize) -> bool {
    match &test.kind {
        _ if depth > DEPTH => false,
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "not" | "and" | "or") => {
            operands.iter().any(|part| tells(part, depth + 1))
        }
        _ => comparison(test).is_some(),
    }
}

/// Whether a block ends its function.
fn leaves(block: &Block) -> bool {
    matches!(exit_of(block), Some(Exit::Return | Exit::Raise))
}
