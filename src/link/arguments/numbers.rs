//! Numbers that expressions come to: folded, written as texts, or given where nobody sets the variable or field.

use crate::link::Program;
use crate::link::units::ClassInfo;
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
                    Value::Library { path, sites } => match self.schema_default(path, sites) {
                        Some((default, frame)) => self.number_or_text(default, frame, depth + 1),
                        None => self.number_made(*sites.last()?, depth),
                    },
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

    /// Whether a read of a variable is told to give nothing where nobody sets that.
    pub(super) fn reads_nothing(&self, site: Site) -> bool {
        let paths = self.callee_paths(site);
        let mut read = paths.iter().flat_map(|path| self.facts_of(path, Kind::Environment));
        let default = read.next().and_then(|(_, fact)| fact.default.as_deref());
        default.is_some_and(|default| match self.argument_of(site, default) {
            Given::Present { expression, .. } => matches!(expression.kind, ExpressionKind::Literal(Literal::Null)),
            _ => false,
        })
    }

    /// What stands where nobody sets a variable that is checked by a schema: `z.coerce.number().default(900)` of
    /// `env.TIMEOUT`, where the schema has parsed the environment.
    pub(in crate::link) fn schema_default(&self, path: &str, sites: &[Site]) -> Option<(&'m Expression, FrameId)> {
        let (maker, name) = path.rsplit_once('.').filter(|(_, name)| !name.contains('('))?;
        let maker = maker.trim_end_matches(".data").strip_suffix("()")?;
        let site = *sites.last()?;
        let facts = self.facts_of(maker, Kind::EnvironmentSchema);
        let (_, fact) = facts.iter().find(|(_, fact)| {
            fact.value.as_deref().is_none_or(|value| match self.argument_of(site, value) {
                Given::Present { expression, frame } => self.values(expression, frame).iter().any(|value| {
                    value.path().is_some_and(|path| self.is_a(&format!("{path}.{name}"), Kind::Environment))
                }),
                _ => false,
            })
        })?;
        fact.keys.iter().find_map(|keys| match self.argument_along(site, &format!("{keys}.{name}")) {
            Given::Present { expression, frame } => default_of_chain(expression).map(|default| (default, frame)),
            _ => None,
        })
    }

    /// Whether the program itself writes an empty text or null: not in a field that is filled from the environment.
    pub(super) fn is_written_empty(&self, expression: &'m Expression, frame: FrameId) -> bool {
        // `production ? undefined : address`: of two, the one that is taken where the program serves.
        if let ExpressionKind::Conditional { test, then, otherwise } = &expression.kind
            && let Some(holds) = self.holds_deployed(test, frame, 0)
        {
            return self.is_written_empty(if holds { then } else { otherwise }, frame);
        }
        let of_settings =
            |value: &Value<'m>| matches!(value, Value::Instance { class, .. } if self.is_of_environment(*class, 0));
        let is_member = match &expression.kind {
            ExpressionKind::Member { object, .. } => self.values(object, frame).iter().any(of_settings),
            _ => false,
        };
        let values = self.values(expression, frame);
        let is_empty = |value: &Value<'m>| match value {
            Value::Data { expression, frame } => {
                is_empty(expression.0) && !self.is_field_of_settings(expression.0, *frame)
            }
            _ => false,
        };
        !is_member && !values.is_empty() && values.iter().all(is_empty)
    }

    /// Whether something is what a field of settings is where the environment does not fill it, by whatever name and
    /// through whichever functions that comes: `sentry_dsn: str = ""`.
    fn is_field_of_settings(&self, default: &'m Expression, home: FrameId) -> bool {
        let unit = self.unit_of_frame(home);
        let is_field = |info: &&ClassInfo<'m>| info.unit == unit && info.class.span.contains(default.span);
        let mut classes = self.units.classes.iter().enumerate().filter(|(_, info)| is_field(info));
        classes.any(|(class, _)| self.is_of_environment(class, 0))
    }
}

/// What a chain of calls is told to take by default: `z.coerce.number().default(900).max(1_000)`.
fn default_of_chain(chain: &Expression) -> Option<&Expression> {
    let mut link = chain;
    for _ in 0..DEPTH {
        let ExpressionKind::Call(call) = &link.kind else { return None };
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        match (name.as_str(), call.arguments.as_slice()) {
            ("default", [default]) => return Some(&default.value),
            _ => link = object,
        }
    }
    None
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
