//! Stores that tell by a number whether something came for the first time: `sadd(key, id)` answers with none where the
//! set has it already, `incr(key)` with more than one where it was counted before.

use crate::judge::behaviour::fresh::is_fresh;
use crate::judge::behaviour::operations::{Operation, has_flag, operation};
use crate::judge::behaviour::quantities::is_whole;
use crate::judge::behaviour::scripts;
use crate::link::arguments::Given;
use crate::link::flow::Gate;
use crate::link::units::{Access, Binding};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::{Fact, Kind};

use super::asked::is_of_the_request;

/// Marks a store that answers with how many of what it is given were not there before.
const NEW: &str = "new";
/// Marks one that answers with what was there before.
const BEFORE: &str = "before";
/// Expressions and functions within each other.
const DEPTH: usize = 8;

/// Whether a gate lets what is counted or put in by a call pass the first time, and refuses it the second time.
pub(super) fn refuses_the_second<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    let Some((first, second)) = answers(program, site) else { return false };
    let holds = |answer| Answer { program, call: site.call, answer }.holds(gate.test, gate.frame, 0);
    holds(first) == Some(!gate.refuses_when)
        && holds(second) == Some(gate.refuses_when)
        && keys(program, site).into_iter().any(|key| is_of_the_request(program, key) && !is_fresh(program, key))
}

/// Whether a gate refuses who has claimed a key, and lets those pass who come later.
pub(super) fn lets_the_second_pass<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    refuses(program, gate, site, 1.0) == Some(true) && refuses(program, gate, site, 0.0) == Some(false)
}

/// Whether a gate refuses when a call has answered with a number; none where it asks for something else.
pub(in crate::judge::behaviour) fn refuses<'m>(
    program: &Program<'m>,
    gate: &Gate<'m>,
    site: Site,
    answer: f64,
) -> Option<bool> {
    let holds = Answer { program, call: site.call, answer }.holds(gate.test, gate.frame, 0)?;
    Some(holds == gate.refuses_when)
}

/// What a call answers the first and the second time.
fn answers(program: &Program<'_>, site: Site) -> Option<(f64, f64)> {
    if tells_new(program, site).is_some() {
        return Some((1.0, 0.0));
    }
    if told_as(program, site, BEFORE).is_some() {
        return Some((0.0, 1.0));
    }
    let is_one = |amount: &Expression| matches!(amount.kind, ExpressionKind::Literal(Literal::Number(1.0)));
    let arguments = &program.units.calls[site.call].call.arguments;
    let by_one = arguments.len() == 1 || arguments.last().is_some_and(|amount| is_one(&amount.value));
    (operation(program, site) == Some(Operation::Count) && by_one).then_some((1.0, 2.0))
}

/// The argument path of what a store is given that tells whether it was new.
fn tells_new<'m>(program: &Program<'m>, site: Site) -> Option<&'m str> {
    told_as(program, site, NEW)?.value.as_deref()
}

/// The fact by which a store tells in this way what was there before.
fn told_as<'m>(program: &Program<'m>, site: Site, role: &str) -> Option<&'m Fact> {
    let is_met = |need: &String| program.meets(need, site) == Some(true) || has_flag(program, site, need);
    let paths = program.callee_paths(site);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Store)).map(|(_, fact)| fact);
    facts.filter(|fact| fact.role.as_deref() == Some(role)).find(|fact| fact.needs.iter().all(is_met))
}

/// What a call of a store is about: its key, and what is put in there.
pub(super) fn keys<'m>(program: &Program<'m>, site: Site) -> Vec<(&'m Expression, FrameId)> {
    let put = tells_new(program, site).and_then(|path| match program.argument(site, path) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    });
    scripts::key_of(program, site).map(|key| (key, site.frame)).into_iter().chain(put).collect()
}

/// A call that has answered with a number.
struct Answer<'p, 'm> {
    program: &'p Program<'m>,
    call: usize,
    answer: f64,
}

impl<'m> Answer<'_, 'm> {
    /// Whether a test holds then; none where it asks for something else.
    fn holds(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        if let ExpressionKind::Operator { operator, operands } = &test.kind {
            return match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => self.holds(inner, frame, depth + 1).map(|holds| !holds),
                ("and" | "or", parts) => parts.iter().find_map(|part| self.holds(part, frame, depth + 1)),
                (_, [answer, bound]) => {
                    // Nothing was there: none of it.
                    let is_nothing = matches!(bound.kind, ExpressionKind::Literal(Literal::Null));
                    let bound = if is_nothing { Some(0.0) } else { self.program.number(bound, frame, 0) };
                    compared(operator, self.number(answer, frame, depth)?, bound?)
                }
                _ => None,
            };
        }
        if let Some(number) = self.number(test, frame, depth) {
            return Some(number != 0.0);
        }
        match &test.kind {
            ExpressionKind::Await(inner) => self.holds(inner, frame, depth + 1),
            ExpressionKind::Name(name) => self.holds(self.bound(name, frame)?, frame, depth + 1),
            ExpressionKind::Call(_) => self.told(test, frame, depth),
            _ => None,
        }
    }

    /// What a function of the program answers: `return await redis.incr(key) > 1`, or yes and no by a test of its own.
    fn told(&self, call: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        let program = self.program;
        let ExpressionKind::Call(call) = &call.kind else { return None };
        let site = Site { call: program.units.call_id(call)?, frame };
        program.callees(&call.callee, frame).iter().find_map(|callee| {
            let Value::Function { unit, closure, receiver } = callee else { return None };
            let inner = program.enter(*unit, *closure, receiver.clone(), How::Call(site))?;
            let by_test = program.exits(*unit, inner).iter().find_map(|gate| {
                let StatementKind::Return(Some(value)) = &gate.refusal?.last()?.kind else { return None };
                let ExpressionKind::Literal(Literal::Boolean(answer)) = value.kind else { return None };
                let is_taken = self.holds(gate.test, gate.frame, depth + 1)? == gate.refuses_when;
                Some(if is_taken { answer } else { !answer })
            });
            by_test.or_else(|| match program.units.units[*unit].returns.as_slice() {
                [answer] => self.holds(answer, inner, depth + 1),
                _ => None,
            })
        })
    }

    /// The number where an expression is the answer itself, under whatever name.
    fn number(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<f64> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Await(inner) => self.number(inner, frame, depth + 1),
            ExpressionKind::Name(name) => self.number(self.bound(name, frame)?, frame, depth + 1),
            // `store.get(key) or 0`
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                self.number(operands.first()?, frame, depth + 1)
            }
            ExpressionKind::Call(call) if self.program.units.call_id(call) == Some(self.call) => Some(self.answer),
            // How many rows there are that are new: `claimed.length`.
            ExpressionKind::Member { object, name } if is_whole(name) || name == "length" => {
                self.number(object, frame, depth + 1)
            }
            // What is chained to a call of a store says what it answers with: `upsert(row, once).select("key")`.
            ExpressionKind::Call(call) if self.is_chained(call) => Some(self.answer),
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (ExpressionKind::Name(name), [given])
                    if matches!(name.as_str(), "int" | "float" | "bool" | "Number" | "Boolean") =>
                {
                    self.number(&given.value, frame, depth + 1)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a call is chained to the one that has answered.
    fn is_chained(&self, call: &Call) -> bool {
        let told = self.program.units.calls[self.call].call;
        let gives = matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "select" | "returning" | "execute" | "single" | "maybeSingle" | "maybe_single"));
        gives && call.span.start == told.span.start && call.span.end > told.span.end
    }

    /// The one value that a name of a function is given.
    fn bound(&self, name: &str, frame: FrameId) -> Option<&'m Expression> {
        let unit = &self.program.units.units[self.program.unit_of_frame(frame)];
        match unit.names.get(name).map(Vec::as_slice) {
            Some([Binding::Value { value, access, operator: None, .. }]) => match access.as_slice() {
                [] => Some(*value),
                // `const { data } = await db.rpc("claim", { key })`: what was answered.
                [Access::Key(key)] if is_whole(key) => Some(*value),
                _ => None,
            },
            _ => None,
        }
    }
}

fn compared(operator: &str, answer: f64, bound: f64) -> Option<bool> {
    Some(match operator {
        "==" | "is" => answer == bound,
        "!=" | "is not" => answer != bound,
        "<" => answer < bound,
        "<=" => answer <= bound,
        ">" => answer > bound,
        ">=" => answer >= bound,
        _ => return None,
    })
}
