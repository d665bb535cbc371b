//! Whether the condition of a fact holds for a call.

use crate::link::Program;
use crate::link::units::UnitId;
use crate::link::values::{FrameId, Site, Value, Written};
use crate::model::*;
use crate::rules::catalogue::{Condition, Fact};
use crate::rules::checked::plain;

use super::lengths::written_amount;
use super::{Amount, DEPTH, Given};

/// What stands between conditions of which one is enough.
const EITHER: &str = " | ";

impl<'m> Program<'m> {
    /// Whether a catalogue condition holds at a site.
    pub fn holds(&self, condition: &Condition, site: Site) -> bool {
        match condition {
            Condition::Always(always) => *always,
            Condition::Given { any, default, not } => {
                if not.iter().any(|each| self.meets(each, site) == Some(true)) {
                    return false;
                }
                let answers: Vec<Option<bool>> = any.iter().map(|each| self.meets(each, site)).collect();
                if answers.contains(&Some(true)) {
                    return true;
                }
                answers.iter().all(Option::is_none) && *default
            }
        }
    }

    /// Whether a fact holds at a site: all that it needs is given, and nothing that switches it off.
    pub fn applies(&self, fact: &Fact, site: Site) -> bool {
        fact.needs.iter().all(|need| self.meets(need, site) == Some(true))
            && !fact.unless.iter().any(|unless| self.meets(unless, site) == Some(true))
    }

    /// One condition on an argument: `path` (given and not off), `path: name` (its value holds a call of that name, or of
    /// one of `{several,names}`), `path >= 1.5` and `path != false` (a comparison), `path ~ word` (a text that contains
    /// it), `path is empty` (the program itself writes an empty text or list, or null), `path only other` (a list of nothing but what is at the other path), `path gives null` (a function that gives back nothing else), `path gives even` (a function of the program whose numbers stay the same or grow evenly), `known path >= 1 d` (which does not hold for what is only known
    /// when it runs), `setting name = false` (a setting that is given to an object of a library, wherever; without a value that anything is), `.method()` (somewhere that method is called on the same object). None: the argument is not given.
    pub fn meets(&self, condition: &str, site: Site) -> Option<bool> {
        if condition.contains(EITHER) {
            let answers: Vec<Option<bool>> = condition.split(EITHER).map(|each| self.meets(each, site)).collect();
            return answers.iter().flatten().copied().reduce(|one, other| one || other);
        }
        let (condition, unknown) = match condition.strip_prefix("known ") {
            Some(condition) => (condition, false),
            None => (condition, true),
        };
        if let Some(setting) = condition.strip_prefix("setting ") {
            let Some((name, wanted)) = setting.split_once('=') else {
                return self.sets(setting.trim()).then_some(true);
            };
            let given = self.given_setting(name.trim());
            let holds =
                |(value, frame): &(&'m Expression, FrameId)| self.compares(value, *frame, "==", wanted.trim(), unknown);
            return (!given.is_empty()).then(|| given.iter().all(holds));
        }
        if let Some((path, name)) = condition.split_once(": ") {
            let given = self.arguments_along(site, path.trim());
            let names = crate::rules::checked::expand(name.trim());
            let mentions = |(expression, frame): &(&'m Expression, FrameId)| {
                names.iter().any(|name| self.mentions(expression, *frame, name, 0))
            };
            return (!given.is_empty()).then(|| given.iter().any(mentions));
        }
        if let Some((path, word)) = condition.split_once(" ~ ") {
            let words = crate::rules::checked::expand(word.trim());
            let contains = |text: String| words.iter().any(|word| text.contains(word.as_str()));
            let given = match self.argument_along(site, path.trim()) {
                Given::Present { expression, frame } => Some((expression, frame)),
                _ => self.argument_when_set(site, path.trim()),
            };
            return given.map(|(expression, frame)| self.text(expression, frame).is_some_and(contains));
        }
        if let Some(path) = condition.strip_suffix(" is empty") {
            return match self.argument_along(site, path.trim()) {
                Given::Present { expression, frame } => Some(self.is_written_empty(expression, frame)),
                _ => None,
            };
        }
        if let Some((path, other)) = condition.split_once(" only ") {
            return self.is_only(site, path.trim(), other.trim());
        }
        if let Some((path, wanted)) = condition.split_once(" gives ") {
            return match self.argument_along(site, path.trim()) {
                Given::Present { expression, frame } => match wanted.trim() {
                    "even" => Some(self.gives_evenly(expression, frame)),
                    wanted => Some(self.only_gives(expression, frame, wanted)),
                },
                _ => None,
            };
        }
        if let Some(method) = condition.strip_prefix('.').and_then(|rest| rest.strip_suffix("()")) {
            return Some(self.is_used(site, method));
        }
        for operator in ["!=", "==", ">=", "<=", ">", "<", "="] {
            let Some((path, wanted)) = condition.split_once(operator) else { continue };
            return match self.argument_along(site, path.trim()) {
                Given::Present { expression, frame } => {
                    Some(self.compares(expression, frame, operator, wanted.trim(), unknown))
                }
                // What is not given is not that value.
                Given::Absent if operator == "!=" => Some(true),
                _ => None,
            };
        }
        match self.argument_along(site, condition.trim()) {
            Given::Present { expression, frame } => Some(self.amount(expression, frame, None, &[]) != Amount::Off),
            _ => self.has_word(site, condition.trim()).then_some(true),
        }
    }

    /// Whether a list holds texts that are known, and all of them the one at another path: `fallbacks=[MODEL]` of a call
    /// that is given `model=MODEL`.
    fn is_only(&self, site: Site, path: &str, other: &str) -> Option<bool> {
        let (given, frame) = self.arguments_along(site, path).into_iter().next()?;
        let (same, home) = self.arguments_along(site, other).into_iter().next()?;
        let wanted = self.text(same, home)?;
        let lists = self.values(given, frame);
        let is_same = |value: &Value<'m>| match value {
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::List(items) => {
                    !items.is_empty() && items.iter().all(|item| self.text(item, *frame).as_ref() == Some(&wanted))
                }
                _ => false,
            },
            _ => false,
        };
        Some(!lists.is_empty() && lists.iter().all(is_same))
    }

    /// Whether a function gives back one value whatever it is given: `lambda event, hint: None`.
    fn only_gives(&self, function: &'m Expression, frame: FrameId, wanted: &str) -> bool {
        self.values(function, frame).iter().any(|value| {
            let Value::Function { unit, .. } = value else { return false };
            let returns = &self.units.units[*unit].returns;
            let own = self.open_frame(*unit);
            // What ends without a word gives nothing.
            let is_silent =
                returns.is_empty() && matches!(wanted, "None" | "null") && self.units.units[*unit].yields.is_empty();
            is_silent
                || !returns.is_empty() && returns.iter().all(|given| self.compares(given, own, "==", wanted, false))
        })
    }

    /// The values of an argument path at the call and at those that made what it is called on, the call's own first.
    pub(super) fn arguments_along(&self, site: Site, path: &str) -> Vec<(&'m Expression, FrameId)> {
        let callee = &self.units.calls[site.call].call.callee;
        let values = self.values(callee, site.frame);
        let links = values.iter().flat_map(|value| value.sites().iter().rev().copied()).filter(|link| *link != site);
        let given = std::iter::once(site).chain(links).filter_map(|link| match self.argument(link, path) {
            Given::Present { expression, frame } => Some((expression, frame)),
            _ => None,
        });
        given.collect()
    }

    /// Whether a method is called anywhere on the object that a call is made on.
    pub(super) fn is_used(&self, site: Site, method: &str) -> bool {
        let callee = &self.units.calls[site.call].call.callee;
        let Some(used) = self.used.get() else { return false };
        self.values(callee, site.frame).iter().any(|value| {
            let made = value.sites().first().map_or(site.call, |made| made.call);
            used.get(&made).is_some_and(|methods| methods.contains(method))
        })
    }

    /// Whether a value fits a condition that names no argument: `<= 65536`, `known >= 1 d`, `~ {langfuse,langsmith}` (a text
    /// in it contains one of these words); an empty one asks for any value.
    pub fn fits(&self, condition: &str, value: &'m Expression, frame: FrameId) -> bool {
        let (condition, unknown) = match condition.strip_prefix("known") {
            Some(condition) => (condition.trim(), false),
            None => (condition.trim(), true),
        };
        if let Some(words) = condition.strip_prefix('~') {
            let words = crate::rules::checked::expand(words.trim());
            let slice = self.slice(value, frame);
            return slice.parts.iter().any(|(part, _)| match &part.kind {
                ExpressionKind::Literal(Literal::Text(text)) => words.iter().any(|word| text.contains(word.as_str())),
                _ => false,
            });
        }
        match ["!=", "==", ">=", "<=", ">", "<"].iter().find(|operator| condition.starts_with(**operator)) {
            Some(operator) => {
                let wanted = condition.get(operator.len()..).unwrap_or_default().trim();
                self.compares(value, frame, operator, wanted, unknown)
            }
            None => self.amount(value, frame, None, &[]) != Amount::Off,
        }
    }

    /// A bare word among the arguments of a Rust attribute: `#[instrument(err)]`.
    pub(super) fn has_word(&self, site: Site, word: &str) -> bool {
        let info = &self.units.calls[site.call];
        info.decorates.is_some()
            && self.modules[info.module].language == Language::Rust
            && info.call.arguments.iter().any(
                |argument| matches!(&argument.value.kind, ExpressionKind::Name(name) if argument.name.is_none() && name == word),
            )
    }

    /// An argument of the call, or of the calls that made what it is called on: `new Limiter({window}).limit(key)`.
    pub fn argument_along(&self, site: Site, path: &str) -> Given<'m> {
        let own = self.argument(site, path);
        if matches!(own, Given::Present { .. }) {
            return own;
        }
        let callee = &self.units.calls[site.call].call.callee;
        for value in self.values(callee, site.frame).iter() {
            for link in value.sites().iter().rev().filter(|link| **link != site) {
                if let found @ Given::Present { .. } = self.argument(*link, path) {
                    return found;
                }
            }
        }
        own
    }

    /// `unknown` is the answer for a number that is only known when it runs: given on purpose, unless more is asked.
    pub(in crate::link) fn compares(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        operator: &str,
        wanted: &str,
        unknown: bool,
    ) -> bool {
        // One of several is enough: `default_limits=["10/minute", "200/day"]`.
        if let ExpressionKind::List(items) = &expression.kind {
            return items.iter().any(|item| self.compares(item, frame, operator, wanted, unknown));
        }
        if let Some(number) = wanted.parse::<f64>().ok().or_else(|| written_amount(wanted)) {
            let given = self.number(expression, frame, 0);
            return match given.or_else(|| written_amount(&self.text(expression, frame)?)) {
                Some(given) => match operator {
                    "!=" => given != number,
                    "==" | "=" => given == number,
                    ">=" => given >= number,
                    "<=" => given <= number,
                    ">" => given > number,
                    _ => given < number,
                },
                None => unknown && !matches!(operator, "==" | "="),
            };
        }
        let wanted = wanted.trim_matches(['"', '\'']);
        let is_it = self.values(expression, frame).iter().any(|value| match value {
            Value::Data { expression, .. } => match &expression.0.kind {
                ExpressionKind::Literal(Literal::Boolean(given)) => wanted == given.to_string(),
                ExpressionKind::Literal(Literal::Text(given)) => wanted == given,
                ExpressionKind::Literal(Literal::Null) => matches!(wanted, "None" | "null"),
                _ => false,
            },
            Value::Library { path, .. } => plain(path) == wanted,
            // A function that is asked and always says the same: `skip: () => true`.
            Value::Function { unit, .. } => self.always_says(*unit, wanted),
            _ => false,
        });
        // `enabled: process.env.NODE_ENV === "production"`: what it is where the program is deployed.
        let deployed = || self.holds_deployed(expression, frame, 0).is_some_and(|holds| wanted == holds.to_string());
        matches!(operator, "==" | "=") == (is_it || matches!(wanted, "true" | "false") && deployed())
    }

    /// Whether a function has one answer, `true` or `false`, and it is the one that is wanted.
    fn always_says(&self, unit: UnitId, wanted: &str) -> bool {
        let returns = &self.units.units[unit].returns;
        let says = |value: &&'m Expression| matches!(&value.kind, ExpressionKind::Literal(Literal::Boolean(said)) if wanted == said.to_string());
        !returns.is_empty() && returns.iter().all(says)
    }

    /// Whether the value of an expression holds a call of something, or is it.
    pub fn mentions(&self, expression: &'m Expression, frame: FrameId, name: &str, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let pattern = |path: &str| {
            let path = plain(path);
            path.trim_end_matches("()") == name || path.contains(&format!("{name}()"))
        };
        match &expression.kind {
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().any(|each| self.mentions(each, frame, name, depth + 1))
            }
            ExpressionKind::List(items) => items.iter().any(|each| self.mentions(each, frame, name, depth + 1)),
            _ => self.values(expression, frame).iter().any(|value| match value {
                Value::Library { path, sites } => {
                    pattern(path) || sites.last().is_some_and(|site| self.argument_mentions(*site, name, depth))
                }
                // A function mentions what it calls, also under the name of a parameter.
                Value::Function { unit, closure, receiver } => {
                    let frame = self.enter(*unit, *closure, receiver.clone(), crate::link::How::Framework);
                    self.units.units[*unit].calls.iter().any(|call| {
                        let callee = &self.units.calls[*call].call.callee;
                        let written = Program::written(callee);
                        written == name
                            || name.starts_with('.') && written.ends_with(name)
                            || frame.is_some_and(|frame| {
                                self.values(callee, frame).iter().any(|value| value.path().is_some_and(pattern))
                            })
                    })
                }
                Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                    self.mentions(inner, *frame, name, depth + 1)
                }
                _ => false,
            }),
        }
    }

    /// Whether an argument of a call mentions something: `new Promise((_, reject) => setTimeout(reject, 5000))`.
    pub(super) fn argument_mentions(&self, site: Site, name: &str, depth: usize) -> bool {
        let call = self.units.calls[site.call].call;
        call.arguments.iter().any(|argument| self.mentions(&argument.value, site.frame, name, depth + 3))
    }
}
