//! Numbers that expressions come to: folded, written as texts, or given where nobody sets the variable or field.

use crate::link::Program;
use crate::link::values::{FrameId, Site, Value, Written};
use crate::model::*;
use crate::rules::catalogue::Kind;
use crate::rules::checked::plain;

use super::{DEPTH, Given};

impl<'m> Program<'m> {
    /// The number that an expression is in every case, folded.
    pub fn number(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<f64> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Number(number)) => Some(*number),
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("or" | "??", [read, default]) if self.reads_variable(read, frame) => {
                    self.number_or_text(default, frame, depth + 1)
                }
                _ => self.folded(operator, operands, frame, depth),
            },
            ExpressionKind::Name(_)
            | ExpressionKind::Member { .. }
            | ExpressionKind::Index { .. }
            | ExpressionKind::Conditional { .. } => {
                let values = self.values(expression, frame);
                let mut numbers = values.iter().map(|value| match value {
                    Value::Library { path, .. } if INFINITE.contains(&plain(path).as_str()) => Some(f64::INFINITY),
                    Value::Library { sites, .. } => self.number_made(*sites.last()?, depth),
                    Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                        self.number(inner, *frame, depth + 1)
                    }
                    _ => None,
                });
                let first = numbers.next()??;
                numbers.try_fold(first, |greatest: f64, next| Some(greatest.max(next?)))
            }
            ExpressionKind::Call(call) => {
                let site = Site { call: self.units.call_id(call)?, frame };
                self.number_made(site, depth)
            }
            _ => None,
        }
    }

    fn folded(&self, operator: &str, operands: &'m [Expression], frame: FrameId, depth: usize) -> Option<f64> {
        let numbers: Vec<f64> =
            operands.iter().map(|operand| self.number(operand, frame, depth + 1)).collect::<Option<_>>()?;
        match (operator, numbers.as_slice()) {
            ("-", [a]) => Some(-a),
            ("+", [a, b]) => Some(a + b),
            ("-", [a, b]) => Some(a - b),
            ("*", [a, b]) => Some(a * b),
            ("/", [a, b]) if *b != 0.0 => Some(a / b),
            ("**", [a, b]) => Some(a.powf(*b)),
            ("<<", [a, b]) => Some(a * b.exp2()),
            _ => None,
        }
    }

    /// The number that a call makes: of a text, or of what stands where nobody sets a variable or field.
    fn number_made(&self, site: Site, depth: usize) -> Option<f64> {
        if let Some((default, frame)) = self.written_default(site) {
            return self.number_or_text(default, frame, depth + 1);
        }
        let makes_number = self.callee_paths(site).iter().any(|path| MAKES_NUMBER.contains(&&**path));
        let given = self.units.calls[site.call].call.arguments.first().filter(|_| makes_number)?;
        self.number_or_text(&given.value, site.frame, depth + 1)
    }

    /// A number, also one that is written as a text: `"900"`, `"inf"`.
    fn number_or_text(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<f64> {
        let ExpressionKind::Literal(Literal::Text(text)) = &expression.kind else {
            return self.number(expression, frame, depth);
        };
        let text = text.trim().trim_start_matches('+').to_ascii_lowercase();
        match text.as_str() {
            "inf" | "infinity" => Some(f64::INFINITY),
            _ => text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    /// Whether an expression reads a variable of the environment that has no default there.
    fn reads_variable(&self, read: &'m Expression, frame: FrameId) -> bool {
        let values = self.values(read, frame);
        !values.is_empty()
            && values.iter().all(|value| match value {
                Value::Library { path, sites } => {
                    self.is_a(path.trim_end_matches("()"), Kind::Environment)
                        && sites.last().is_none_or(|site| self.written_default(*site).is_none())
                }
                _ => false,
            })
    }

    /// What stands where nobody sets it: the default of a variable that is read, or of a field that a class declares
    /// (`Field(default=900)`, `field(default=900)`). An empty one of a variable is none.
    pub(in crate::link) fn written_default(&self, site: Site) -> Option<(&'m Expression, FrameId)> {
        let given = |path: &str| match self.argument_of(site, path) {
            Given::Present { expression, frame } => Some((expression, frame)),
            _ => None,
        };
        let paths = self.callee_paths(site);
        let read = paths.iter().flat_map(|path| self.facts_of(path, Kind::Environment)).next();
        if let Some((_, fact)) = read {
            return given(fact.default.as_deref()?).filter(|(default, _)| !is_empty(default));
        }
        let declares = paths.iter().any(|path| matches!(path.rsplit('.').next(), Some("Field" | "field")));
        let (default, frame) = given("{default,#0}").filter(|_| declares)?;
        let is_open = matches!(&default.kind, ExpressionKind::Name(name) if name == "Ellipsis");
        (!is_open).then_some((default, frame))
    }

    /// Whether the program itself writes an empty text or null: not in a field that is filled from the environment.
    pub(super) fn is_written_empty(&self, expression: &'m Expression, frame: FrameId) -> bool {
        let is_filled = match &expression.kind {
            ExpressionKind::Member { object, .. } => self
                .values(object, frame)
                .iter()
                .any(|value| matches!(value, Value::Instance { class, .. } if self.is_of_environment(*class, 0))),
            _ => false,
        };
        let values = self.values(expression, frame);
        let is_empty = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if is_empty(expression.0));
        !is_filled && !values.is_empty() && values.iter().all(is_empty)
    }
}

fn is_empty(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
        ExpressionKind::List(items) => items.is_empty(),
        _ => false,
    }
}

/// What makes a number of what it is given.
const MAKES_NUMBER: [&str; 6] =
    ["builtins.int", "builtins.float", "decimal.Decimal", "globals.Number", "globals.parseInt", "globals.parseFloat"];

/// How languages write a number without end.
const INFINITE: [&str; 6] = [
    "globals.Infinity",
    "globals.Number.POSITIVE_INFINITY",
    "globals.Number.MAX_SAFE_INTEGER",
    "globals.Number.MAX_VALUE",
    "math.inf",
    "sys.maxsize",
];
