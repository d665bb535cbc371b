//! Tests of where the program runs: what stands behind `NODE_ENV === "development"` guards nothing that is deployed.

use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::Program;
use super::flow::{Exit, Gate};
use super::units::{NodeId, NodeKind};
use super::values::{FrameId, Site, Value};

const DEPTH: usize = 8;

impl<'m> Program<'m> {
    /// Whether a node runs only where the program is developed or tested.
    pub fn is_never_deployed(&self, node: NodeId, frame: FrameId) -> bool {
        self.units.ancestors(node).any(|(_, each)| {
            let (test, holds) = match each.kind {
                NodeKind::Then(test) => (test, true),
                NodeKind::Otherwise(test) => (test, false),
                NodeKind::Branch { test, holds } => (test, holds),
                _ => return false,
            };
            self.holds_deployed(test, frame, 0) == Some(!holds)
        })
    }

    /// Whether a value is one of two that is only taken where the program is developed or tested:
    /// `production ? undefined : other`.
    pub fn is_taken_in_development(&self, node: NodeId, frame: FrameId) -> bool {
        self.units.ancestors(node).any(|(_, each)| match each.kind {
            NodeKind::Branch { test, holds } => self.holds_where_it_runs(test, frame, 0) == Some(!holds),
            _ => false,
        })
    }

    /// Whether a call is reached where the program is deployed, as far as the tests in its function tell. What raises
    /// where a variable is not set leaves nothing out: a program that serves has it.
    pub fn is_reached_deployed(&self, site: Site) -> bool {
        let passes = |gate: &Gate<'m>| {
            gate.under.is_some()
                || gate.exit == Exit::Raise
                || self.holds_deployed(gate.test, gate.frame, 0) != Some(gate.refuses_when)
        };
        self.gates(site).iter().all(passes)
    }

    /// Whether a test holds in production; none where that cannot be told.
    pub fn holds_deployed(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        self.holds_where_it_runs(test, frame, depth).or_else(|| self.holds_by_default(test, frame, depth))
    }

    /// Where a unit is left at once in production, without a failure: `if (process.env.NODE_ENV === "production") return`.
    pub fn is_left_when_deployed(&self, frame: FrameId) -> Option<u32> {
        let exits = self.exits(self.unit_of_frame(frame), frame);
        let is_told = |test: &'m Expression| match &test.kind {
            ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "==" | "!="),
            kind => matches!(kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }),
        };
        let leaves = |gate: &&Gate<'m>| {
            gate.exit == Exit::Return
                && gate.under.is_none()
                && is_told(gate.test)
                && self.holds_where_it_runs(gate.test, frame, 0) == Some(gate.refuses_when)
        };
        exits.iter().find(leaves).map(|gate| gate.span.start)
    }

    /// Whether a test holds in production by what it says of where the program runs.
    pub(super) fn holds_where_it_runs(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let holds = |operand: &'m Expression| self.holds_deployed(operand, frame, depth + 1);
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => decided(parts.iter().map(holds), false),
                ("or", parts) => decided(parts.iter().map(holds), true),
                ("==", [left, right]) => is_production(left, right).or_else(|| self.is_runtime(left, right, frame)),
                ("!=", [left, right]) => {
                    let is_it = is_production(left, right).or_else(|| self.is_runtime(left, right, frame));
                    is_it.map(|is_it| !is_it)
                }
                _ => None,
            },
            // `if os.environ.get("DEBUG"):`
            ExpressionKind::Call(_) | ExpressionKind::Index { .. } => tells_debugging(test).then_some(false),
            // `const isDevelopment = process.env.NODE_ENV === "development"`.
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
                self.values(test, frame).iter().find_map(|value| match value {
                    Value::Data { expression, frame } if !std::ptr::eq(expression.0, test) => {
                        self.holds_where_it_runs(expression.0, *frame, depth + 1)
                    }
                    // `import { dev } from "$app/environment"`.
                    Value::Library { path, .. } => self
                        .facts_of(path, Kind::Deployed)
                        .first()
                        .map(|(_, fact)| fact.value.as_deref() == Some("true")),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// Whether what tells of several runtimes in which one is named is the one in which the program is served, unless a
    /// file chooses another: `process.env.NEXT_RUNTIME === "edge"`.
    fn is_runtime(&self, left: &'m Expression, right: &'m Expression, frame: FrameId) -> Option<bool> {
        let (fact, named) = self.runtime_compared(left, right, frame)?;
        let served = fact.value.as_deref()?;
        (!self.another_runtime_is_chosen(fact)).then(|| named == served)
    }
}

/// Whether what tells the environment is the one that is named, if it is production.
fn is_production(left: &Expression, right: &Expression) -> Option<bool> {
    let (told, named) = match (&left.kind, &right.kind) {
        (_, ExpressionKind::Literal(Literal::Text(text))) => (left, text),
        (ExpressionKind::Literal(Literal::Text(text)), _) => (right, text),
        _ => return None,
    };
    if tells_debugging(told) {
        return matches!(named.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes").then_some(false);
    }
    if !tells_environment(told) {
        return None;
    }
    match named.to_ascii_lowercase().as_str() {
        "production" | "prod" => Some(true),
        "development" | "dev" | "test" | "testing" | "local" | "ci" => Some(false),
        // Where somebody looks before it is deployed.
        "staging" | "stage" | "uat" | "qa" => Some(false),
        _ => None,
    }
}

/// Whether an expression is named as what tells where the program runs: `process.env.NODE_ENV`, `settings.environment`,
/// `os.getenv("APP_ENV", "dev")`.
fn tells_environment(expression: &Expression) -> bool {
    let Some(name) = told_name(expression).map(str::to_ascii_lowercase) else { return false };
    name.split('_').any(|word| matches!(word, "env" | "environment" | "stage"))
        || ["nodeenv", "appenv", "deployenv"].contains(&name.as_str())
}

/// Whether what is looked up switches debugging on, which it is not where nobody says so: `os.environ.get("FLASK_DEBUG")`.
fn tells_debugging(expression: &Expression) -> bool {
    let is_looked_up = match &expression.kind {
        ExpressionKind::Index { .. } => true,
        ExpressionKind::Call(call) => call.arguments.len() == 1,
        _ => false,
    };
    is_looked_up
        && told_name(expression).is_some_and(|name| name.split('_').any(|word| word.eq_ignore_ascii_case("debug")))
}

/// The name by which something is read, or looked up.
fn told_name(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        ExpressionKind::Index { index, .. } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        },
        ExpressionKind::Call(call) => {
            match (&call.callee.kind, call.arguments.first().map(|first| &first.value.kind)) {
                (_, Some(ExpressionKind::Literal(Literal::Text(text)))) => Some(text),
                // `settings.environment.lower()`
                (ExpressionKind::Member { object, .. }, None) => told_name(object),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What holds for a chain of answers of which one that is `decides` is enough.
pub fn decided(answers: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut known = true;
    for answer in answers {
        match answer {
            Some(holds) if holds == decides => return Some(decides),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decides)
}
