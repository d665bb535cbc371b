//! Options that hold on some ways to a call only: `if body.short: options["max_tokens"] = 100`, or
//! `if model.startswith("preview"): ..` with nothing for all other models.

use crate::link::Program;
use crate::link::passing::own_receiver;
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::{Amount, Given};

/// Parts of one test that are looked at, and tests around one value.
const DEPTH: usize = 6;
/// Assignments of one option that are looked at.
const ASSIGNMENTS: usize = 16;

/// A test around a value that is put among options, and whether it holds there.
type Way<'m> = (NodeId, &'m Expression, bool);

/// The answers of a test for which an option must be put in.
#[derive(Clone, Copy)]
enum Asked {
    /// What is seen does not tell which it is: one is enough.
    Either,
    Both,
    Only(bool),
}

impl<'m> Program<'m> {
    /// Whether a value is put among the options of a call only on ways that are not taken by default, or not by all that
    /// may be asked for, and nothing stands under any of the same keys on the others.
    pub(super) fn is_put_in_some_ways(&self, value: &'m Expression, site: Site, keys: &[String]) -> bool {
        let Some(node) = self.units.assigned_at.get(&(std::ptr::from_ref(value) as usize)) else { return false };
        let info = &self.units.calls[site.call];
        let Some(put) = self.units.nodes.get(*node).filter(|node| node.unit == info.unit) else { return false };
        let Some(holder) = put.kind.assignment().and_then(|assignment| holder_of(&assignment.target)) else {
            return false;
        };
        let around: Vec<NodeId> = self.units.ancestors(info.node).map(|(id, _)| id).collect();
        if self.ways_to(*node, &around).is_empty() {
            return false;
        }
        let keys: Vec<&str> = keys.iter().filter_map(|path| path.rsplit('.').next()).collect();
        let ways: Vec<Vec<Way<'m>>> =
            self.put_at(holder, &keys, info.unit).iter().map(|node| self.ways_to(*node, &around)).collect();
        let ways: Vec<&[Way<'m>]> = ways.iter().map(Vec::as_slice).collect();
        !self.covers(&ways, site.frame, 0) && !self.is_held_before(holder, &keys, site.frame)
    }

    /// Where a unit puts something under one of these keys of what a name holds.
    fn put_at(&self, holder: &Expression, keys: &[&str], unit: UnitId) -> Vec<NodeId> {
        let ExpressionKind::Name(name) = &holder.kind else { return Vec::new() };
        let assigned = keys.iter().flat_map(|key| self.units.member_assignments.get(&(name.as_str(), *key)));
        let assigned = assigned.flatten().filter(|each| each.unit == unit);
        let nodes = assigned.filter_map(|each| self.units.assigned_at.get(&(std::ptr::from_ref(each.value) as usize)));
        nodes.copied().take(ASSIGNMENTS).collect()
    }

    /// Whether the options hold one of the keys from the first.
    fn is_held_before(&self, holder: &'m Expression, keys: &[&str], frame: FrameId) -> bool {
        keys.iter().any(|key| match self.key_of_values(holder, frame, key, 0) {
            Given::Present { expression, frame } => self.amount(expression, frame, None, &[]) != Amount::Off,
            _ => false,
        })
    }

    /// The tests that lead to a node, outermost first, apart from those around the call itself.
    fn ways_to(&self, node: NodeId, around: &[NodeId]) -> Vec<Way<'m>> {
        let tests = self.units.ancestors(node).filter_map(|(id, each)| {
            let (test, holds) = match each.kind {
                NodeKind::Then(test) => (test, true),
                NodeKind::Otherwise(test) => (test, false),
                _ => return None,
            };
            (!around.contains(&id)).then_some((each.parent?, test, holds))
        });
        let mut ways: Vec<Way<'m>> = tests.collect();
        ways.reverse();
        ways
    }

    /// Whether one of these ways is taken whatever the tests say, as far as it matters what they say.
    fn covers(&self, ways: &[&[Way<'m>]], frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH || ways.iter().any(|way| way.is_empty()) {
            return true;
        }
        let Some((branch, test, _)) = ways.iter().find_map(|way| way.first()) else { return false };
        let covers = |wanted: bool| {
            let left: Vec<&[Way<'m>]> = ways
                .iter()
                .filter_map(|way| match way.split_first() {
                    Some(((own, _, holds), rest)) if own == branch => (*holds == wanted).then_some(rest),
                    _ => Some(*way),
                })
                .collect();
            self.covers(&left, frame, depth + 1)
        };
        match self.asked_of(*branch, test, frame) {
            Asked::Either => covers(true) || covers(false),
            Asked::Both => covers(true) && covers(false),
            Asked::Only(answer) => covers(answer),
        }
    }

    fn asked_of(&self, branch: NodeId, test: &'m Expression, frame: FrameId) -> Asked {
        let leaves = |block: &'m Block| crate::link::flow::exit_of(block).is_some();
        match self.units.nodes.get(branch).map(|node| &node.kind) {
            Some(NodeKind::If { then, .. }) if leaves(then) => return Asked::Only(false),
            Some(NodeKind::If { otherwise, .. }) if leaves(otherwise) => return Asked::Only(true),
            _ => {}
        }
        match self.is_unasked(test, frame, 0) {
            true => Asked::Only(false),
            false => self.chosen_by(test, frame, 0),
        }
    }

    /// What a test asks that compares a text of the request with texts of the program: `model == "preview"`,
    /// `"preview" in model`, `model.startsWith("preview")`.
    fn chosen_by(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Asked {
        let Some((compared, wanted, comparison)) = comparison(test).filter(|_| depth <= DEPTH) else {
            return match &test.kind {
                ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                    ("not", [inner]) => match self.chosen_by(inner, frame, depth + 1) {
                        Asked::Both => Asked::Only(true),
                        Asked::Only(answer) => Asked::Only(!answer),
                        Asked::Either => Asked::Either,
                    },
                    ("and", parts) => {
                        let is_chosen =
                            |part| matches!(self.chosen_by(part, frame, depth + 1), Asked::Both | Asked::Only(false));
                        if parts.iter().any(is_chosen) { Asked::Both } else { Asked::Either }
                    }
                    _ => Asked::Either,
                },
                _ => Asked::Either,
            };
        };
        let texts = self.texts_of(wanted, frame);
        if texts.is_empty() || !self.is_from_request(compared, frame) {
            return Asked::Either;
        }
        let usual = self.usual_texts(compared, frame);
        let holds = usual.iter().filter(|usual| comparison.holds(usual, &texts)).count();
        match usual.len() {
            // A name that is left out leaves the others.
            0 if comparison == Comparison::Differs => Asked::Only(true),
            all if all > 0 && holds == all => Asked::Only(true),
            all if all > 0 && holds == 0 => Asked::Only(false),
            _ => Asked::Both,
        }
    }

    /// The texts that a test names.
    pub(super) fn texts_of(&self, wanted: &'m Expression, frame: FrameId) -> Vec<String> {
        let text_of = |each: &'m Expression| match &each.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let values = self.values(wanted, frame);
        let written = values.iter().flat_map(|value| match value {
            Value::Data { expression, .. } => match &expression.0.kind {
                ExpressionKind::List(items) => items.iter().filter_map(text_of).collect(),
                _ => text_of(expression.0).into_iter().collect::<Vec<_>>(),
            },
            _ => Vec::new(),
        });
        written.collect()
    }

    /// Whether something may be named by who calls: a parameter, or a part of one, and nothing that is configured.
    fn is_from_request(&self, compared: &'m Expression, frame: FrameId) -> bool {
        let slice = self.slice(compared, frame);
        let is_passed = |(unit, index, _): &(UnitId, usize, FrameId)| {
            self.units.units[*unit].function.is_some_and(|function| *index >= own_receiver(function))
        };
        let is_configured = |(part, frame): &(&'m Expression, FrameId)| {
            matches!(part.kind, ExpressionKind::Call(_) | ExpressionKind::Member { .. } | ExpressionKind::Index { .. })
                && self
                    .values(part, *frame)
                    .iter()
                    .filter_map(Value::path)
                    .any(|path| self.is_a(path, Kind::Environment))
        };
        slice.parameters.iter().any(is_passed) && !slice.parts.iter().any(is_configured)
    }

    /// The texts that something is where nobody names another: the default of a parameter, or of an `or`.
    fn usual_texts(&self, compared: &'m Expression, frame: FrameId) -> Vec<String> {
        let text_of = |expression: &'m Expression| match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let values = self.values(compared, frame);
        let texts = values.iter().filter_map(|value| match value {
            Value::Data { expression, .. } => text_of(expression.0),
            Value::Parameter { unit, index, .. } => {
                let parameter = self.units.units[*unit].function?.parameters.get(*index)?;
                text_of(parameter.default.as_ref()?)
            }
            _ => None,
        });
        texts.collect()
    }

    /// Whether a test does not hold by default.
    fn is_unasked(&self, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("and", parts) => parts.iter().any(|part| self.is_unasked(part, frame, depth + 1)),
                ("or", parts) => parts.iter().all(|part| self.is_unasked(part, frame, depth + 1)),
                ("is not" | "!=", [asked, nothing]) if is_null(nothing) => self.is_nothing_by_default(asked, frame),
                _ => false,
            },
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => self.is_nothing_by_default(test, frame),
            _ => false,
        }
    }

    /// Whether something is null or false unless it is given.
    fn is_nothing_by_default(&self, asked: &'m Expression, frame: FrameId) -> bool {
        let is_nothing = |value: &Value<'m>| match value {
            Value::Data { expression, .. } => is_no(expression.0),
            // What a framework fills from the request is its default where the request does not name it.
            Value::Parameter { unit, index, .. } => {
                let parameter = self.units.units[*unit].function.and_then(|function| function.parameters.get(*index));
                parameter.and_then(|parameter| parameter.default.as_ref()).is_some_and(is_no)
            }
            _ => false,
        };
        let values = self.values(asked, frame);
        !values.is_empty() && values.iter().all(is_nothing)
    }
}

/// How a text is compared with others.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Is,
    Differs,
    Contains,
    Begins,
    Ends,
}

impl Comparison {
    pub(super) fn holds(self, text: &str, others: &[String]) -> bool {
        let fits = |other: &String| match self {
            Comparison::Is | Comparison::Differs => text == other,
            Comparison::Contains => text.contains(other.as_str()),
            Comparison::Begins => text.starts_with(other.as_str()),
            Comparison::Ends => text.ends_with(other.as_str()),
        };
        others.iter().any(fits) != (self == Comparison::Differs)
    }
}

/// What a test compares, with what, and how.
pub(super) fn comparison(test: &Expression) -> Option<(&Expression, &Expression, Comparison)> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("==" | "===", [left, right]) if is_text(left) => Some((right, left, Comparison::Is)),
            ("==" | "===", [left, right]) => Some((left, right, Comparison::Is)),
            ("!=" | "!==", [left, right]) if is_text(left) => Some((right, left, Comparison::Differs)),
            ("!=" | "!==", [left, right]) => Some((left, right, Comparison::Differs)),
            ("in", [left, right]) if is_text(left) => Some((right, left, Comparison::Contains)),
            ("in", [left, right]) => Some((left, right, Comparison::Is)),
            ("not in", [left, right]) if !is_text(left) => Some((left, right, Comparison::Differs)),
            _ => None,
        },
        ExpressionKind::Call(call) => {
            let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
            let given = &call.arguments.first()?.value;
            match name.as_str() {
                "startswith" | "startsWith" | "starts_with" => Some((object, given, Comparison::Begins)),
                "endswith" | "endsWith" | "ends_with" => Some((object, given, Comparison::Ends)),
                "includes" | "contains" if is_text(given) => Some((object, given, Comparison::Contains)),
                "includes" | "contains" | "has" => Some((given, object, Comparison::Is)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a target is a key or member of.
fn holder_of(target: &Expression) -> Option<&Expression> {
    match &target.kind {
        ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } => Some(object),
        _ => None,
    }
}

fn is_text(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Text(_)))
}

fn is_null(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null))
}

fn is_no(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)))
}
