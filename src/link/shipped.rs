//! What switches of the environment say where nobody turns them: `os.getenv("REPORT_ERRORS", "0") == "1"` is off.
//!
//! Only words for yes and no are judged. A mode (`== "production"`) is told elsewhere, and a switch that belongs to a guard
//! itself (`RATE_LIMIT_ENABLED`) is the guard's own setting: it counts once it is set.

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Program;
use super::arguments::Given;
use super::values::{FrameId, Site, Value};

/// Expressions within expressions.
const DEPTH: usize = 8;

/// Words in the names of switches that belong to a guard itself.
const OF_GUARDS: [&str; 28] = [
    "limit", "rate", "quota", "budget", "cap", "cost", "spend", "throttl", "trim", "histor", "window", "dedup",
    "idempot", "duplic", "guard", "token", "cache", "max", "usage", "credit", "moderat", "alert", "monitor", "track",
    "log", "telemetr", "dsn", "notif",
];

/// What changes nothing about a yes or no: `.lower()`, `Boolean(..)`, `int(..)`.
const PASSING: [&str; 14] = [
    "lower",
    "upper",
    "strip",
    "trim",
    "casefold",
    "toLowerCase",
    "toUpperCase",
    "bool",
    "int",
    "str",
    "Boolean",
    "Number",
    "parseInt",
    "String",
];

/// What a setting is where nobody sets it.
#[derive(Clone, Debug, PartialEq)]
enum Shipped<'m> {
    Missing,
    Given(&'m Literal),
    /// A text that is read as a number: `int(os.getenv("VERBOSE", "0"))`.
    Number(f64),
}

impl<'m> Program<'m> {
    /// What a test of a switch says unless somebody turns it; none where that depends on more.
    pub(in crate::link) fn switched_as_shipped(&self, test: &'m Expression, frame: FrameId) -> Option<bool> {
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => {
                let (negated, operator) = match operator.as_str() {
                    "!=" => (true, "=="),
                    "not in" => (true, "in"),
                    operator => (false, operator),
                };
                let holds = match (operator, operands.as_slice()) {
                    ("==", [left, right]) => {
                        self.is_said(left, right, frame).or_else(|| self.is_said(right, left, frame))
                    }
                    ("in", [left, right]) => self.is_among(left, right, frame),
                    _ => None,
                };
                holds.map(|holds| holds != negated)
            }
            _ => match self.shipped(test, frame, 0)? {
                Shipped::Given(Literal::Boolean(given)) => Some(*given),
                Shipped::Given(Literal::Number(number)) => Some(*number != 0.0),
                Shipped::Number(number) => Some(number != 0.0),
                Shipped::Given(Literal::Null) => Some(false),
                Shipped::Given(Literal::Text(text)) => text.is_empty().then_some(false),
                // `if (process.env.SERVICE_URL)`: the guard's own, active once it is set.
                Shipped::Missing => None,
            },
        }
    }

    /// Whether a switch says the word that it is compared with.
    fn is_said(&self, switch: &'m Expression, word: &'m Expression, frame: FrameId) -> Option<bool> {
        let ExpressionKind::Literal(word) = &word.kind else { return None };
        let wanted = says(word)?;
        match self.shipped(switch, frame, 0)? {
            Shipped::Missing => Some(false),
            Shipped::Given(given) => Some(says(given)? == wanted),
            Shipped::Number(number) => Some(says(&Literal::Number(number))? == wanted),
        }
    }

    fn is_among(&self, switch: &'m Expression, words: &'m Expression, frame: FrameId) -> Option<bool> {
        let ExpressionKind::List(words) = &words.kind else { return None };
        let said: Option<Vec<bool>> = words.iter().map(|word| self.is_said(switch, word, frame)).collect();
        said.filter(|said| !said.is_empty()).map(|said| said.contains(&true))
    }

    /// What an expression that comes to a variable of the environment is where that is not set.
    fn shipped(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<Shipped<'m>> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("or" | "??", [read, default]) => match (self.shipped(read, frame, depth + 1)?, &default.kind) {
                    (Shipped::Missing, ExpressionKind::Literal(default)) => Some(Shipped::Given(default)),
                    (Shipped::Given(given), _) if says(given) == Some(true) => Some(Shipped::Given(given)),
                    _ => None,
                },
                _ => None,
            },
            ExpressionKind::Call(call) => self.shipped_call(call, frame, depth),
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Index { .. } => {
                let values = self.values(expression, frame);
                let [value] = &values[..] else { return None };
                match value {
                    Value::Data { expression: written, frame } if self.is_set_once(written.0, expression, *frame) => {
                        self.shipped(written.0, *frame, depth + 1)
                    }
                    Value::Library { path, sites } if sites.is_empty() => {
                        self.is_variable(path).then_some(Shipped::Missing)
                    }
                    Value::Library { sites, .. } => {
                        let made = *sites.last()?;
                        let call = self.units.calls[made.call].call;
                        self.shipped_call(call, made.frame, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a name stands for what a module or class computes once.
    fn is_set_once(&self, written: &Expression, named: &Expression, frame: FrameId) -> bool {
        !std::ptr::eq(written, named) && self.units.units[self.unit_of_frame(frame)].function.is_none()
    }

    fn shipped_call(&self, call: &'m Call, frame: FrameId, depth: usize) -> Option<Shipped<'m>> {
        let site = Site { call: self.units.call_id(call)?, frame };
        let facts =
            self.callee_paths(site).iter().flat_map(|path| self.facts_of(path, Kind::Environment)).collect::<Vec<_>>();
        if let Some((_, fact)) =
            facts.into_iter().find(|(_, fact)| fact.variable.as_deref().is_some_and(|path| path != "[]"))
        {
            let Given::Present { expression: named, .. } = self.argument_of(site, fact.variable.as_deref()?) else {
                return None;
            };
            let ExpressionKind::Literal(Literal::Text(name)) = &named.kind else { return None };
            if self.is_of_guard(name) {
                return None;
            }
            return match self.argument_of(site, fact.default.as_deref().unwrap_or_default()) {
                Given::Absent => Some(Shipped::Missing),
                Given::Unresolved => None,
                Given::Present { expression, .. } => match &expression.kind {
                    ExpressionKind::Literal(given) => Some(Shipped::Given(given)),
                    _ => None,
                },
            };
        }
        let (passing, given) = match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Member { object, name }, []) => (name, &**object),
            (ExpressionKind::Name(name), [given]) => (name, &given.value),
            _ => return None,
        };
        let shipped = PASSING.contains(&passing.as_str()).then(|| self.shipped(given, frame, depth + 1))??;
        Some(match shipped {
            Shipped::Given(Literal::Text(text)) if matches!(passing.as_str(), "int" | "Number" | "parseInt") => {
                text.trim().parse().map_or(shipped, Shipped::Number)
            }
            _ => shipped,
        })
    }

    /// Whether a path is a variable of the environment that is no guard's own: `globals.process.env.VERBOSE`.
    fn is_variable(&self, path: &str) -> bool {
        let is_read = self.facts_of(path, Kind::Environment).iter().any(|(_, fact)| fact.variable.is_none());
        is_read && path.rsplit('.').next().is_some_and(|name| !self.is_of_guard(name))
    }

    /// Whether a switch's name says that it belongs to a guard, or to a library that the catalogue knows.
    pub(in crate::link) fn is_of_guard(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let names_it = |word: &str| {
            let has_word = |library: &str| {
                library.split(|each: char| !each.is_alphanumeric()).any(|each| each.eq_ignore_ascii_case(word))
            };
            word.len() > 4 && word != "debug" && self.catalogue.libraries.iter().any(|library| has_word(&library.name))
        };
        OF_GUARDS.iter().any(|word| name.contains(word)) || name.split('_').any(names_it)
    }
}

/// What a word says that switches something on or off.
fn says(word: &Literal) -> Option<bool> {
    match word {
        Literal::Boolean(said) => Some(*said),
        Literal::Number(1.0) => Some(true),
        Literal::Number(0.0) => Some(false),
        Literal::Number(_) => None,
        Literal::Null => Some(false),
        Literal::Text(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" | "y" | "enabled" => Some(true),
            "0" | "false" | "no" | "off" | "n" | "disabled" | "" => Some(false),
            _ => None,
        },
    }
}
