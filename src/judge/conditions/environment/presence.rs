//! What a test says when a variable is missing.

use crate::link::units::Binding;
use crate::link::{FrameId, How, Site, Value};
use crate::model::*;

use super::classes::is_made_of;
use super::held::converts;
use super::names::{Named, Variables};

const DEPTH: usize = 12;
/// Steps that it takes to look into a function: those that call each other end soon.
const CALL: usize = 4;

impl<'m> Variables<'_, 'm> {
    /// Whether a test holds when a variable is missing; none where that cannot be told.
    pub fn holds_without(&self, test: &'m Expression, frame: FrameId, name: &str) -> Option<bool> {
        self.holds(test, frame, name, 0)
    }

    fn holds(&self, test: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let holds = |operand: &'m Expression| self.holds(operand, frame, name, depth + 1);
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => all_or_any(parts.iter().map(holds), false),
                ("or" | "??", parts) => all_or_any(parts.iter().map(holds), true),
                ("==" | "is", [left, right]) => self.equals(left, right, frame, name),
                ("!=" | "is not", [left, right]) => self.equals(left, right, frame, name).map(|equal| !equal),
                ("in", [left, right]) => self.is_among(left, right, frame, name),
                ("not in", [left, right]) => self.is_among(left, right, frame, name).map(|among| !among),
                _ => None,
            },
            ExpressionKind::Await(inner) => holds(inner),
            ExpressionKind::Call(call) if self.calls_own(call, frame) => {
                self.answers(call, frame, name, depth).or_else(|| self.is_missing(test, frame, name).then_some(false))
            }
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Name(callee) if converts(callee) => holds(&call.arguments.first()?.value),
                ExpressionKind::Member { name: method, .. } | ExpressionKind::Name(method)
                    if matches!(method.as_str(), "isFinite" | "isInteger" | "isSafeInteger" | "isNaN") =>
                {
                    let given = &call.arguments.first()?.value;
                    self.is_missing(given, frame, name).then_some(method == "isNaN")
                }
                ExpressionKind::Member { object, name: method } => match method.as_str() {
                    "is_none" | "is_err" => holds(object).map(|holds| !holds),
                    "is_some" | "is_ok" | "is_some_and" | "is_ok_and" => holds(object),
                    _ => self.is_missing(test, frame, name).then_some(false),
                },
                _ => self.is_missing(test, frame, name).then_some(false),
            },
            ExpressionKind::Name(written) => {
                if self.is_missing(test, frame, name) {
                    return Some(false);
                }
                // `const configured = !!A && !!B`.
                self.defined(written, frame, test.span).into_iter().find_map(|(binding, home)| match binding {
                    Binding::Value { value, access, .. }
                        if access.is_empty()
                            && matches!(value.kind, ExpressionKind::Operator { .. } | ExpressionKind::Call(_)) =>
                    {
                        self.holds(value, home, name, depth + 1)
                    }
                    _ => None,
                })
            }
            _ => self.is_missing(test, frame, name).then_some(false),
        }
    }

    fn calls_own(&self, call: &'m Call, frame: FrameId) -> bool {
        let callees = self.program.values(&call.callee, frame);
        !callees.is_empty() && callees.iter().all(|callee| matches!(callee, Value::Function { .. }))
    }

    /// What functions of the program answer when a variable is missing, where all that they give then says the same:
    /// `case "mail": return !!process.env.MAIL_KEY`, for the literal that the call passes.
    fn answers(&self, call: &'m Call, frame: FrameId, name: &str, depth: usize) -> Option<bool> {
        let program = self.program;
        let site = Site { call: program.units.call_id(call)?, frame };
        let mut said = None;
        for callee in program.values(&call.callee, frame).iter() {
            let Value::Function { unit, closure, receiver } = callee else { return None };
            let inner = program.enter(*unit, *closure, receiver.clone(), How::Call(site))?;
            for result in program.units.units[*unit].returns.iter().copied() {
                if program.is_never_given(result, inner) || self.is_given_only_with(result, inner, name, depth + CALL) {
                    continue;
                }
                let truth = self.truth(result, inner, name, depth + CALL)?;
                if said.is_some_and(|said| said != truth) {
                    return None;
                }
                said = Some(truth);
            }
        }
        said
    }

    /// Whether a function gives a result only where the variable is there: `if (!key) return false; return true`.
    fn is_given_only_with(&self, result: &'m Expression, frame: FrameId, name: &str, depth: usize) -> bool {
        let unit = self.program.unit_of_frame(frame);
        let Some(node) = self.program.node_of_result(unit, result) else { return false };
        let mut tests = self.tests_before((unit, node, result.span)).into_iter();
        tests.any(|(test, holds)| self.holds(test, frame, name, depth) == Some(!holds))
    }

    /// Whether what a function gives passes for true when a variable is missing.
    fn truth(&self, given: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Option<bool> {
        match &given.kind {
            ExpressionKind::Literal(Literal::Boolean(given)) => Some(*given),
            ExpressionKind::Literal(Literal::Null) => Some(false),
            ExpressionKind::Literal(Literal::Text(text)) => Some(!text.is_empty()),
            _ => self.holds(given, frame, name, depth),
        }
    }

    /// Whether a test asks for one of several variables, this one among them: `USER || PASSWORD`. What it decides on is
    /// off without all of them, and takes what there is.
    pub(super) fn is_one_of(&self, test: &'m Expression, frame: FrameId, name: &str) -> bool {
        let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
        let asks = |operand: &'m Expression| {
            let tested = self.tested(operand, frame);
            let is_asked = |named: &&Named| self.holds_without(operand, frame, &named.name) == Some(false);
            tested.iter().find(is_asked).map(|named| named.name == name)
        };
        // A neighbour in the same settings asks like those that are known as variables.
        let is_neighbour = |operand: &Expression| {
            holder(operand)
                .is_some_and(|of| operands.iter().any(|other| holder(other) == Some(of) && asks(other).is_some()))
        };
        matches!(operator.as_str(), "or" | "??")
            && operands.iter().any(|operand| asks(operand) == Some(true))
            && operands.iter().all(|operand| asks(operand).is_some() || is_neighbour(operand))
    }

    /// Whether an expression is nothing when the variable is missing.
    fn is_missing(&self, expression: &'m Expression, frame: FrameId, name: &str) -> bool {
        self.held(expression, frame).iter().any(|named| named.name == name)
            || self.is_open_setting(expression, frame, name)
    }

    /// Whether an expression is the field of a settings class that a variable fills, and that is nothing without it.
    fn is_open_setting(&self, expression: &'m Expression, frame: FrameId, name: &str) -> bool {
        let ExpressionKind::Member { object, name: field } = &expression.kind else { return false };
        let mut open = self.open_settings().iter().filter(|(_, own, variable)| own == field && variable == name);
        open.any(|(class, ..)| {
            let is_it = |value: &Value<'m>| matches!(value, Value::Instance { class: made, .. } if is_made_of(self.program, *made, *class));
            self.program.values(object, frame).iter().any(is_it)
        })
    }

    fn equals(&self, left: &'m Expression, right: &'m Expression, frame: FrameId, name: &str) -> Option<bool> {
        let (subject, other) = match (self.concerns(left, frame, name), self.concerns(right, frame, name)) {
            (true, _) => (left, right),
            (false, true) => (right, left),
            (false, false) => return None,
        };
        let is_type = matches!(&subject.kind, ExpressionKind::Operator { operator, .. } if operator == "typeof");
        match &other.kind {
            ExpressionKind::Literal(Literal::Null) => Some(true),
            ExpressionKind::Literal(Literal::Text(text)) if is_type => Some(text == "undefined"),
            ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => {
                Some(self.is_empty_by_default(subject, frame, 0))
            }
            ExpressionKind::Literal(Literal::Boolean(wanted)) => {
                self.holds(subject, frame, name, 1).map(|holds| holds == *wanted)
            }
            ExpressionKind::Literal(_) => Some(false),
            ExpressionKind::Name(word) | ExpressionKind::Member { name: word, .. } => match word.as_str() {
                "undefined" | "None" | "null" => Some(true),
                _ => None,
            },
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Name(variant) | ExpressionKind::Member { name: variant, .. } => {
                    match variant.as_str() {
                        "Err" => Some(true),
                        "Ok" | "Some" => Some(false),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn concerns(&self, expression: &'m Expression, frame: FrameId, name: &str) -> bool {
        let inner = match &expression.kind {
            ExpressionKind::Operator { operator, operands } if operator == "typeof" => operands.first(),
            _ => None,
        };
        self.is_missing(inner.unwrap_or(expression), frame, name)
    }

    /// `name in os.environ`, `value in ("a", "b")`.
    fn is_among(&self, left: &'m Expression, right: &'m Expression, frame: FrameId, name: &str) -> Option<bool> {
        if self.is_environment(right, frame) {
            return self.names_of(left, frame).iter().any(|named| named.name == name).then_some(false);
        }
        let ExpressionKind::List(items) = &right.kind else { return None };
        let is_null = |item: &Expression| matches!(item.kind, ExpressionKind::Literal(Literal::Null));
        self.is_missing(left, frame, name).then(|| items.iter().any(is_null))
    }

    /// Whether a missing variable is read as the empty text.
    fn is_empty_by_default(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let is_empty = |expression: &Expression| matches!(&expression.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty());
        match &expression.kind {
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                operands.last().is_some_and(is_empty)
            }
            ExpressionKind::Call(call) => match self.read_of(expression, frame) {
                Some(read) => {
                    matches!(read.default, Some(super::names::Default::Given(default, _)) if is_empty(default))
                }
                None => match &call.callee.kind {
                    ExpressionKind::Member { object, .. } => self.is_empty_by_default(object, frame, depth + 1),
                    _ => false,
                },
            },
            ExpressionKind::Name(name) => {
                self.bindings(name, frame, expression.span).into_iter().any(|(binding, home)| match binding {
                    Binding::Value { value, access, .. } if access.is_empty() => {
                        self.is_empty_by_default(value, home, depth + 1)
                    }
                    _ => false,
                })
            }
            _ => false,
        }
    }
}

/// `env` of `env.USER`.
fn holder(expression: &Expression) -> Option<&str> {
    let ExpressionKind::Member { object, .. } = &expression.kind else { return None };
    match &object.kind {
        ExpressionKind::Name(name) => Some(name),
        _ => None,
    }
}

/// What holds for a chain of operands: `or` holds as soon as one does, `and` fails as soon as one does.
fn all_or_any(parts: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(holds) if holds == decides => return Some(decides),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decides)
}
