//! Lengths of time and numbers that settings hold.

use crate::link::Program;
use crate::link::units::{Binding, CallInfo, UnitId};
use crate::link::values::{FrameId, How, Site, Value, Written};
use crate::model::*;
use crate::rules::amounts;
use crate::rules::catalogue::{Condition, Fact, Kind};

use super::{Amount, DEPTH, Given};

impl<'m> Program<'m> {
    /// How much an expression is.
    pub fn amount(&self, expression: &'m Expression, frame: FrameId, unit: Option<&str>, off: &[String]) -> Amount {
        self.amount_at(expression, frame, unit, off, 0)
    }

    pub(super) fn amount_at(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        unit: Option<&str>,
        off: &[String],
        depth: usize,
    ) -> Amount {
        let written = Program::written(expression);
        if off.contains(&written) {
            return Amount::Off;
        }
        let is_chosen = matches!(expression.kind, ExpressionKind::Conditional { .. });
        if let Some(number) = self.number(expression, frame, 0).filter(|_| !is_chosen) {
            let is_off = number == 0.0 || off.iter().any(|off| off.parse() == Ok(number));
            return if is_off { Amount::Off } else { Amount::Number(number * amounts::unit(unit)) };
        }
        // Of what depends on where the program runs, production counts.
        if let ExpressionKind::Conditional { test, then, otherwise } = &expression.kind
            && let Some(holds) = self.holds_deployed(test, frame, 0)
            && depth < DEPTH
        {
            return self.amount_at(if holds { then } else { otherwise }, frame, unit, off, depth + 1);
        }
        // Where one branch gives nothing, there are calls to which nothing is given.
        if let ExpressionKind::Conditional { then, otherwise, .. } = &expression.kind
            && [then, otherwise].iter().any(|branch| is_nothing(branch))
        {
            return Amount::Off;
        }
        if let ExpressionKind::Name(name) = &expression.kind
            && depth < DEPTH
            && let Some((chosen, home)) = self.chosen(name, frame)
        {
            return self.amount_at(chosen, home, unit, off, depth + 1);
        }
        if let ExpressionKind::Member { object, name } = &expression.kind
            && depth < DEPTH
            && let Some((chosen, home)) = self.chosen_for_field(object, name, frame)
        {
            return self.amount_at(chosen, home, unit, off, depth + 1);
        }
        let values = self.values(expression, frame);
        // What cannot be resolved is known by how it is written: `req.signal`.
        if values.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }))
            && self.facts_of(&written, Kind::Duration).iter().any(|(_, fact)| is_none(fact))
        {
            return Amount::Off;
        }
        let mut known: Option<Amount> = None;
        for value in values.iter() {
            let amount = self.value_amount(value, unit, off, depth);
            known = Some(match (known, amount) {
                (None, amount) => amount,
                // Of several, the longest wait counts; what is unknown counts as given.
                (Some(Amount::Number(a)), Amount::Number(b)) => Amount::Number(a.max(b)),
                (Some(Amount::Unknown), _) | (_, Amount::Unknown) => Amount::Unknown,
                (Some(Amount::Off), other) | (Some(other), Amount::Off) => other,
            });
        }
        match known.unwrap_or(Amount::Unknown) {
            Amount::Unknown if self.is_nowhere_given(expression, frame, 0) => Amount::Off,
            known => known,
        }
    }

    /// The choice that a name stands for: `TIMEOUT = float(given) if given else None`.
    fn chosen(&self, name: &str, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
        let (home, bound) =
            scopes.find_map(|id| Some((id, self.units.units[self.unit_of_frame(id)].names.get(name)?)))?;
        match bound.as_slice() {
            [Binding::Value { value, access, operator: None, .. }]
                if access.is_empty() && matches!(value.kind, ExpressionKind::Conditional { .. }) =>
            {
                Some((value, home))
            }
            _ => None,
        }
    }

    /// The choice that a field was given when its object was made: `Settings(timeout=float(given) if given else None)`.
    fn chosen_for_field(
        &self,
        object: &'m Expression,
        name: &str,
        frame: FrameId,
    ) -> Option<(&'m Expression, FrameId)> {
        let objects = self.values(object, frame);
        let [made @ Value::Instance { .. }] = &*objects else { return None };
        match self.given_to(made, name).as_slice() {
            [Given::Present { expression, frame }] if matches!(expression.kind, ExpressionKind::Conditional { .. }) => {
                Some((*expression, *frame))
            }
            _ => None,
        }
    }

    pub(super) fn value_amount(&self, value: &Value<'m>, unit: Option<&str>, off: &[String], depth: usize) -> Amount {
        if depth > DEPTH {
            return Amount::Unknown;
        }
        match value {
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)) => Amount::Off,
                ExpressionKind::Literal(Literal::Text(text)) => {
                    if off.contains(text) {
                        Amount::Off
                    } else {
                        amounts::duration(text).map_or(Amount::Unknown, Amount::Number)
                    }
                }
                ExpressionKind::List(items) => match items.last() {
                    // `(connect, read)`: the read half is the one that ends a hanging answer.
                    Some(last) => self.amount_at(last, *frame, unit, off, depth + 1),
                    None => Amount::Off,
                },
                _ => match self.number(expression.0, *frame, 0) {
                    Some(0.0) => Amount::Off,
                    Some(number) => Amount::Number(number * amounts::unit(unit)),
                    None => Amount::Unknown,
                },
            },
            Value::Library { path, sites } => {
                if off.iter().any(|off| path.ends_with(off.as_str())) {
                    return Amount::Off;
                }
                // `env.float("TIMEOUT", default=None)`: nothing where nobody sets it.
                if sites.last().is_some_and(|site| self.reads_nothing(*site)) {
                    return Amount::Off;
                }
                let default = sites.last().and_then(|site| self.written_default(*site));
                match default.or_else(|| self.schema_default(path, sites)) {
                    Some((default, frame)) => self.amount_at(default, frame, unit, off, depth + 1),
                    None => self.library_amount(path, sites, unit, off, depth),
                }
            }
            Value::Function { unit: function, closure, .. } => self.answered_amount(*function, *closure, off, depth),
            _ => Amount::Unknown,
        }
    }

    /// A function that is asked for an amount and always answers nothing gives nothing: `tracesSampler: () => 0`.
    fn answered_amount(&self, function: UnitId, closure: FrameId, off: &[String], depth: usize) -> Amount {
        let returns = &self.units.units[function].returns;
        let frame = self.enter(function, closure, None, How::Framework).unwrap_or_else(|| self.open_frame(function));
        let is_off = |value: &&'m Expression| self.amount_at(value, frame, None, off, depth + 1) == Amount::Off;
        if !returns.is_empty() && returns.iter().all(is_off) { Amount::Off } else { Amount::Unknown }
    }

    /// The length of what a library makes: a duration, an optional value, a signal that a timer ends.
    pub(super) fn library_amount(
        &self,
        path: &str,
        sites: &[Site],
        unit: Option<&str>,
        off: &[String],
        depth: usize,
    ) -> Amount {
        if let Some((_, fact)) = self.facts_of(path, Kind::Duration).first() {
            return match (&fact.ended_by, sites.last()) {
                _ if is_none(fact) => Amount::Off,
                (Some(method), Some(made)) => self.timer_length(method, *made),
                _ => Amount::Unknown,
            };
        }
        let (Some(name), Some(site)) = (path.strip_suffix("()"), sites.last()) else { return Amount::Unknown };
        if name == "std.Some" {
            return match self.argument(*site, "#0") {
                Given::Present { expression, frame } => self.amount_at(expression, frame, unit, off, depth + 1),
                _ => Amount::Unknown,
            };
        }
        let facts = self.facts_of(name, Kind::Duration);
        let Some((_, fact)) = facts.first() else { return Amount::Unknown };
        let unit = fact.unit.as_deref();
        let value = fact.value.as_deref().unwrap_or("#0");
        if let Some(list) = value.strip_suffix("[]") {
            return self.shortest(self.argument(*site, list), unit, off, depth + 1);
        }
        match self.argument(*site, value) {
            Given::Present { expression, frame } => self.amount_at(expression, frame, unit, off, depth + 1),
            Given::Unresolved => Amount::Unknown,
            Given::Absent => Amount::Off,
        }
    }

    /// The shortest of the lengths in a list.
    pub(super) fn shortest(&self, list: Given<'m>, unit: Option<&str>, off: &[String], depth: usize) -> Amount {
        let Given::Present { expression, frame } = list else { return Amount::Unknown };
        let mut shortest = Amount::Off;
        for value in self.values(expression, frame).iter() {
            let Value::Data { expression: Written(list), frame } = value else { return Amount::Unknown };
            let ExpressionKind::List(items) = &list.kind else { return Amount::Unknown };
            for item in items {
                shortest = match (shortest, self.amount_at(item, *frame, unit, off, depth)) {
                    (Amount::Number(a), Amount::Number(b)) => Amount::Number(a.min(b)),
                    (Amount::Number(known), _) | (_, Amount::Number(known)) => Amount::Number(known),
                    (Amount::Off, Amount::Off) => Amount::Off,
                    _ => Amount::Unknown,
                };
            }
        }
        shortest
    }

    /// Whether an expression is a signal by which something may be stopped: of a request, of a controller.
    pub(super) fn is_signal(&self, expression: &'m Expression, frame: FrameId) -> bool {
        let stops = |path: &str| {
            let facts = self.facts_of(path, Kind::Duration);
            facts.iter().any(|(_, fact)| is_none(fact) || fact.ended_by.is_some())
        };
        stops(&Program::written(expression)) || self.values(expression, frame).iter().filter_map(Value::path).any(stops)
    }

    /// After how long a timer calls a method of what was made at a site: `setTimeout(() => controller.abort(), 8000)`.
    pub(super) fn timer_length(&self, method: &str, made: Site) -> Amount {
        let Some((timer, fact)) = self.timers_of(method, made).into_iter().next() else { return Amount::Off };
        match self.argument(timer, fact.seconds.as_deref().unwrap_or("#0")) {
            Given::Present { expression, frame } => self.amount(expression, frame, fact.unit.as_deref(), &[]),
            _ => Amount::Unknown,
        }
    }

    /// The timers that call a method of what was made at a site, each with what is known of it.
    pub fn timers_of(&self, method: &str, made: Site) -> Vec<(Site, &'m Fact)> {
        let module = self.units.calls[made.call].module;
        let in_module = || self.units.calls.iter().enumerate().filter(move |(_, info)| info.module == module);
        let mut ending: Vec<UnitId> = in_module()
            .filter(|(_, info)| match &info.call.callee.kind {
                ExpressionKind::Member { object, name } if name == method => self
                    .values(object, self.open_frame(info.unit))
                    .iter()
                    .any(|value| value.sites().last().is_some_and(|site| site.call == made.call)),
                _ => false,
            })
            .map(|(_, info)| info.unit)
            .collect();
        if ending.is_empty() {
            return Vec::new();
        }
        // `const stop = (reason) => { controller.abort(reason); reject(reason); }`
        let own: Vec<UnitId> =
            in_module().filter(|(_, info)| self.is_run_here(info, &ending)).map(|(_, info)| info.unit).collect();
        ending.extend(own);
        let timers = in_module().filter_map(|(call, info)| {
            let timer = Site { call, frame: self.open_frame(info.unit) };
            let paths = self.callee_paths(timer);
            let fact = paths.iter().find_map(|path| self.facts_of(path, Kind::Sleep).into_iter().next())?.1;
            let mut frames = Vec::new();
            self.callbacks(timer, &mut frames);
            frames.iter().any(|frame| ending.contains(&self.unit_of_frame(*frame))).then_some((timer, fact))
        });
        timers.collect()
    }

    /// Whether a call runs one of some functions, by its name.
    fn is_run_here(&self, info: &CallInfo<'m>, functions: &[UnitId]) -> bool {
        matches!(info.call.callee.kind, ExpressionKind::Name(_))
            && self
                .values(&info.call.callee, self.open_frame(info.unit))
                .iter()
                .any(|value| matches!(value, Value::Function { unit, .. } if functions.contains(unit)))
    }
}

/// `30s`, `1 d` in seconds, `64kb`, `2mb` in bytes.
pub(super) fn written_amount(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let sizes = [
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
        ("kb", 1024.0),
        ("mb", 1_048_576.0),
        ("gb", 1_073_741_824.0),
    ];
    let size =
        sizes.iter().find_map(|(unit, bytes)| Some(lower.strip_suffix(unit)?.trim().parse::<f64>().ok()? * bytes));
    size.or_else(|| amounts::duration(&lower))
        .or_else(|| amounts::rates(&lower).map(|(_, window)| window).reduce(f64::max))
}

/// A signal that only looks like a length of time.
pub(super) fn is_none(fact: &Fact) -> bool {
    matches!(fact.bounded, Some(Condition::Always(false)))
}

/// `null`, `None`, `undefined`
pub(super) fn is_nothing(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Name(name) => name == "undefined" || name == "None",
        _ => false,
    }
}
