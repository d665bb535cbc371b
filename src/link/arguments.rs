//! What a call is given: arguments by the paths that the catalogue writes, through spreads, wrappers and builder chains.

use std::rc::Rc;

use crate::model::*;
use crate::rules::amounts;
use crate::rules::catalogue::{Condition, Fact, Kind, Setting};
use crate::rules::checked::plain;

use super::Program;
use super::values::{FrameId, Site, Value, Written};

/// What was found under an argument path.
#[derive(Clone, Debug)]
pub enum Given<'m> {
    Absent,
    /// Something is spread or passed there that cannot be seen into.
    Unresolved,
    Present {
        expression: &'m Expression,
        frame: FrameId,
    },
}

impl<'m> Given<'m> {
    /// This, or what `other` finds where this is absent.
    pub fn or_else(self, other: impl FnOnce() -> Given<'m>) -> Given<'m> {
        match self {
            Given::Absent => other(),
            found => found,
        }
    }
}

/// How much a value is, as far as the text tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Number(f64),
    /// Null, false, zero, or what the catalogue calls off.
    Off,
    /// Given, but only known when it runs.
    Unknown,
}

/// What holds for a setting of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// Set at this site.
    Given(Amount, Site),
    /// Perhaps set: arguments are passed that cannot be seen into; with what the library does when not.
    Unresolved(Option<f64>),
    /// Not set; what the library does then (seconds, attempts), none: nothing.
    Default(Option<f64>),
}

const DEPTH: usize = 12;
/// How languages write a number without end.
const INFINITE: [&str; 3] = ["globals.Infinity", "globals.Number.POSITIVE_INFINITY", "math.inf"];

impl<'m> Program<'m> {
    /// Looks up an argument path at a call; of alternatives `{#0,url}` the first given.
    pub fn argument(&self, site: Site, path: &str) -> Given<'m> {
        if path.contains('{') { self.argument_of(site, path) } else { self.argument_at(site, path, 0) }
    }

    /// Looks up the first given of the alternatives `{a,b}.c` of an argument path.
    pub fn argument_of(&self, site: Site, paths: &str) -> Given<'m> {
        let mut last = Given::Absent;
        for path in crate::rules::checked::expand(paths) {
            match self.argument(site, &path) {
                Given::Absent => {}
                Given::Unresolved => last = Given::Unresolved,
                found => return found,
            }
        }
        last
    }

    fn argument_at(&self, site: Site, path: &str, depth: usize) -> Given<'m> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let found = if let Some(position) = head.strip_prefix('#') {
            self.positional(site, position)
        } else if let Some(name) = head.strip_suffix("()") {
            self.chained(site, name)
        } else {
            self.named(site, head, depth)
        };
        match found {
            Given::Present { expression, frame } if !rest.is_empty() => self.inside(expression, frame, rest, depth + 1),
            found => found,
        }
    }

    fn positional(&self, site: Site, position: &str) -> Given<'m> {
        let call = self.units.calls[site.call].call;
        let arguments: Vec<&'m Argument> = call.arguments.iter().filter(|argument| argument.name.is_none()).collect();
        let index = match position.strip_prefix('-') {
            Some(back) => back.parse::<usize>().ok().and_then(|back| arguments.len().checked_sub(back)),
            None => position.parse::<usize>().ok(),
        };
        match index.and_then(|index| arguments.get(index)) {
            Some(argument) => Given::Present { expression: &argument.value, frame: site.frame },
            None if arguments.iter().any(|argument| matches!(argument.value.kind, ExpressionKind::Spread(_))) => {
                Given::Unresolved
            }
            None => Given::Absent,
        }
    }

    /// The first argument of a call of this name in the builder chain that leads to the site.
    fn chained(&self, site: Site, name: &str) -> Given<'m> {
        let call = self.units.calls[site.call].call;
        for value in self.values(&call.callee, site.frame).iter() {
            for link in value.sites().iter().rev() {
                let link_call = self.units.calls[link.call].call;
                if let ExpressionKind::Member { name: called, .. } | ExpressionKind::Name(called) =
                    &link_call.callee.kind
                    && called == name
                {
                    return match link_call.arguments.first() {
                        Some(argument) => Given::Present { expression: &argument.value, frame: link.frame },
                        None => Given::Present { expression: &link_call.callee, frame: link.frame },
                    };
                }
            }
        }
        Given::Absent
    }

    /// A call of this name in the chain that made a value.
    fn chained_in(&self, expression: &'m Expression, frame: FrameId, name: &str) -> Given<'m> {
        let mut unresolved = false;
        for value in self.values(expression, frame).iter() {
            let Value::Library { sites, .. } = value else {
                unresolved = true;
                continue;
            };
            for link in sites.iter() {
                let call = self.units.calls[link.call].call;
                if let ExpressionKind::Member { name: called, .. } = &call.callee.kind
                    && called == name
                {
                    let given = call.arguments.first().map_or(&call.callee, |argument| &argument.value);
                    return Given::Present { expression: given, frame: link.frame };
                }
            }
        }
        if unresolved { Given::Unresolved } else { Given::Absent }
    }

    /// A keyword argument, or a key of an object among the arguments.
    fn named(&self, site: Site, name: &str, depth: usize) -> Given<'m> {
        let call = self.units.calls[site.call].call;
        if let Some(argument) = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name)) {
            return Given::Present { expression: &argument.value, frame: site.frame };
        }
        let mut unresolved = false;
        // Python names its options: what stands in a position is none, unless it is a literal or spread.
        let named_only = self.modules[self.units.calls[site.call].module].language == Language::Python;
        // Where the options are written out, no other value stands for them.
        let written_out = call
            .arguments
            .iter()
            .any(|argument| argument.name.is_none() && matches!(argument.value.kind, ExpressionKind::Object(_)));
        for argument in call.arguments.iter().rev() {
            let is_literal = matches!(argument.value.kind, ExpressionKind::Object(_) | ExpressionKind::Spread(_));
            let looked_into = match argument.name.as_deref() {
                None if named_only && !is_literal => continue,
                Some("**")
                    if depth < DEPTH
                        && let Some((outer, _)) =
                            self.handed_on(&argument.value, site.frame, ParameterKind::KeywordRest) =>
                {
                    // `def ask(**options): create(**options)`: whatever the caller names.
                    self.named(outer, name, depth + 1)
                }
                Some("**") | None => self.key(&argument.value, site.frame, name, depth + 1),
                Some(_) => continue,
            };
            match looked_into {
                Given::Absent => {}
                // A positional value that is not an object is no options; only what is spread may hold the key.
                Given::Unresolved => {
                    unresolved |= argument.name.is_some()
                        || matches!(argument.value.kind, ExpressionKind::Spread(_))
                        || !written_out && self.looks_like_options(&argument.value, site.frame)
                        || matches!(argument.value.kind, ExpressionKind::Object(_))
                }
                found => return found,
            }
        }
        if unresolved { Given::Unresolved } else { Given::Absent }
    }

    /// A bare name or member given where options would stand (`create(parameters)`), unless its type holds no options.
    fn looks_like_options(&self, expression: &'m Expression, frame: FrameId) -> bool {
        matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Call(_))
            && !self.values(expression, frame).iter().all(|value| {
                value
                    .path()
                    .is_some_and(|path| matches!(path, "globals.string()" | "globals.number()" | "globals.Buffer()"))
            })
    }

    /// A key path inside the value of an expression.
    pub fn inside(&self, expression: &'m Expression, frame: FrameId, path: &str, depth: usize) -> Given<'m> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(name) = head.strip_suffix("()") {
            return self.chained_in(expression, frame, name);
        }
        let found = match head.strip_prefix('#').map(str::parse::<usize>) {
            Some(Ok(position)) => self.item(expression, frame, position),
            _ => self.key(expression, frame, head, depth),
        };
        match found {
            Given::Present { expression, frame } if !rest.is_empty() => self.inside(expression, frame, rest, depth + 1),
            found => found,
        }
    }

    /// An item of a list or tuple.
    fn item(&self, expression: &'m Expression, frame: FrameId, position: usize) -> Given<'m> {
        for value in self.values(expression, frame).iter() {
            if let Value::Data { expression: Written(list), frame } = value
                && let ExpressionKind::List(items) = &list.kind
            {
                return items
                    .get(position)
                    .map_or(Given::Absent, |item| Given::Present { expression: item, frame: *frame });
            }
        }
        // `limit(2, "1 d")`: an argument of the call that made it.
        self.key(expression, frame, &format!("#{position}"), 0)
    }

    /// A key of the object that an expression is, in all the shapes that it may have.
    fn key(&self, expression: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        if depth > DEPTH {
            return Given::Unresolved;
        }
        if let Some(found) = self.assigned_key(expression, frame, name) {
            return found;
        }
        let asked = (std::ptr::from_ref(expression) as usize, frame, hash_of(name));
        if let Some(known) = self.keys.borrow().get(&asked) {
            return known.clone();
        }
        // Options that are spread into themselves hold nothing more.
        self.keys.borrow_mut().insert(asked, Given::Unresolved);
        let found = self.key_of_values(expression, frame, name, depth);
        self.keys.borrow_mut().insert(asked, found.clone());
        found
    }

    fn key_of_values(&self, expression: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        let mut first = None;
        let mut unresolved = false;
        let values = self.values(expression, frame);
        for value in values.iter() {
            match self.key_of(value, name, depth) {
                Given::Absent => return Given::Absent,
                Given::Unresolved => unresolved = true,
                found => first = first.or(Some(found)),
            }
        }
        match first {
            Some(found) => found,
            None if unresolved || values.is_empty() => Given::Unresolved,
            None => Given::Absent,
        }
    }

    /// `options["key"] = value` or `options.key = value` before the options are passed.
    fn assigned_key(&self, expression: &'m Expression, frame: FrameId, name: &str) -> Option<Given<'m>> {
        let holder = match &expression.kind {
            ExpressionKind::Name(holder) => holder.as_str(),
            ExpressionKind::Spread(inner) => match &inner.kind {
                ExpressionKind::Name(holder) => holder.as_str(),
                _ => return None,
            },
            _ => return None,
        };
        let unit = self.unit_of_frame(frame);
        let assigned = self.units.member_assignments.get(&(holder, name))?;
        let (_, value) = assigned.iter().find(|(where_, _)| *where_ == unit)?;
        Some(Given::Present { expression: value, frame })
    }

    fn key_of(&self, value: &Value<'m>, name: &str, depth: usize) -> Given<'m> {
        match value {
            Value::Data { expression, frame } => self.key_of_data(expression.0, *frame, name, depth),
            Value::Library { path, sites } if path.ends_with("()") => match sites.last() {
                Some(site) => self.argument_at(*site, name, depth + 1),
                None => Given::Unresolved,
            },
            Value::Instance { class, site: Some(site) } => {
                let call = self.units.calls[site.call].call;
                match call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name)) {
                    Some(argument) => Given::Present { expression: &argument.value, frame: site.frame },
                    None => match self.units.classes[*class].fields.get(name).and_then(|fields| fields.first()) {
                        Some((unit, Assignment { value: Some(value), .. })) => {
                            Given::Present { expression: value, frame: self.open_frame(*unit) }
                        }
                        _ => Given::Absent,
                    },
                }
            }
            _ => Given::Unresolved,
        }
    }

    fn key_of_data(&self, expression: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        match &expression.kind {
            ExpressionKind::Object(entries) => {
                let mut unresolved = false;
                for entry in entries.iter().rev() {
                    match (&entry.key, &entry.value.kind) {
                        (Some(key), _) if key == name => return Given::Present { expression: &entry.value, frame },
                        (None, ExpressionKind::Spread(inner)) => match self.spread_key(inner, frame, name, depth) {
                            Given::Absent => {}
                            Given::Unresolved => unresolved = true,
                            found => return found,
                        },
                        _ => {}
                    }
                }
                if unresolved { Given::Unresolved } else { Given::Absent }
            }
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Comprehension { .. } => Given::Absent,
            // `{...} | {...}` merges; the right side wins.
            ExpressionKind::Operator { operator, operands } if operator == "|" => {
                let mut unresolved = false;
                for operand in operands.iter().rev() {
                    match self.key(operand, frame, name, depth + 1) {
                        Given::Absent => {}
                        Given::Unresolved => unresolved = true,
                        found => return found,
                    }
                }
                if unresolved { Given::Unresolved } else { Given::Absent }
            }
            _ => Given::Unresolved,
        }
    }

    /// `...(condition && {key: 1})` may not give the key; `...options` gives it if they hold it.
    fn spread_key(&self, inner: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        match &inner.kind {
            ExpressionKind::Operator { operator, operands }
                if operator == "and" || operator == "??" || operator == "or" =>
            {
                operands.last().map_or(Given::Absent, |last| self.key(last, frame, name, depth + 1))
            }
            _ => self.key(inner, frame, name, depth + 1),
        }
    }

    /// How much an expression is.
    pub fn amount(&self, expression: &'m Expression, frame: FrameId, unit: Option<&str>, off: &[String]) -> Amount {
        self.amount_at(expression, frame, unit, off, 0)
    }

    fn amount_at(
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
        if let Some(number) = self.number(expression, frame, 0) {
            let is_off = number == 0.0 || off.iter().any(|off| off.parse() == Ok(number));
            return if is_off { Amount::Off } else { Amount::Number(number * amounts::unit(unit)) };
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
        known.unwrap_or(Amount::Unknown)
    }

    fn value_amount(&self, value: &Value<'m>, unit: Option<&str>, off: &[String], depth: usize) -> Amount {
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
                self.library_amount(path, sites, unit, off, depth)
            }
            _ => Amount::Unknown,
        }
    }

    /// The length of what a library makes: a duration, an optional value, a signal that a timer ends.
    fn library_amount(&self, path: &str, sites: &[Site], unit: Option<&str>, off: &[String], depth: usize) -> Amount {
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
    fn shortest(&self, list: Given<'m>, unit: Option<&str>, off: &[String], depth: usize) -> Amount {
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

    /// After how long a timer calls a method of what was made at a site: `setTimeout(() => controller.abort(), 8000)`.
    fn timer_length(&self, method: &str, made: Site) -> Amount {
        let module = self.units.calls[made.call].module;
        let in_module = || self.units.calls.iter().enumerate().filter(move |(_, info)| info.module == module);
        let ending: Vec<super::units::UnitId> = in_module()
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
            return Amount::Off;
        }
        for (call, info) in in_module() {
            let timer = Site { call, frame: self.open_frame(info.unit) };
            for path in self.callee_paths(timer) {
                let Some((_, fact)) = self.facts_of(&path, Kind::Sleep).into_iter().next() else { continue };
                let mut frames = Vec::new();
                self.callbacks(timer, &mut frames);
                if !frames.iter().any(|frame| ending.contains(&self.unit_of_frame(*frame))) {
                    continue;
                }
                return match self.argument(timer, fact.seconds.as_deref().unwrap_or("#0")) {
                    Given::Present { expression, frame } => self.amount(expression, frame, fact.unit.as_deref(), &[]),
                    _ => Amount::Unknown,
                };
            }
        }
        Amount::Off
    }

    /// The number that an expression is in every case, folded.
    pub fn number(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<f64> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Number(number)) => Some(*number),
            ExpressionKind::Operator { operator, operands } => {
                let numbers: Vec<f64> =
                    operands.iter().map(|operand| self.number(operand, frame, depth + 1)).collect::<Option<_>>()?;
                match (operator.as_str(), numbers.as_slice()) {
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
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Conditional { .. } => {
                let values = self.values(expression, frame);
                let mut numbers = values.iter().map(|value| match value {
                    Value::Library { path, .. } if INFINITE.contains(&plain(path).as_str()) => Some(f64::INFINITY),
                    Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                        self.number(inner, *frame, depth + 1)
                    }
                    _ => None,
                });
                let first = numbers.next()??;
                numbers.try_fold(first, |greatest: f64, next| Some(greatest.max(next?)))
            }
            _ => None,
        }
    }

    /// What a setting is at one site.
    pub fn setting_at(&self, setting: &Setting, site: Site) -> Option<Held> {
        let mut unresolved = false;
        for path in &setting.arguments {
            match self.argument(site, path) {
                Given::Present { expression, frame } => {
                    return Some(Held::Given(
                        self.amount(expression, frame, setting.unit.as_deref(), &setting.off),
                        site,
                    ));
                }
                Given::Unresolved => unresolved = true,
                Given::Absent => {}
            }
        }
        unresolved.then_some(Held::Unresolved(None))
    }

    /// The canonical names of what a call calls.
    pub fn callee_paths(&self, site: Site) -> Vec<Rc<str>> {
        let call = self.units.calls[site.call].call;
        self.values(&call.callee, site.frame)
            .iter()
            .filter_map(|value| match value {
                Value::Library { path, .. } => Some(path.clone()),
                _ => None,
            })
            .collect()
    }

    /// The literal text that an expression is, templates with `*` for what is not known.
    pub fn text(&self, expression: &'m Expression, frame: FrameId) -> Option<String> {
        self.text_at(expression, frame, 0)
    }

    fn text_at(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
            ExpressionKind::Template(parts) => Some(
                parts.iter().map(|part| self.text_at(part, frame, depth + 1).unwrap_or_else(|| "*".into())).collect(),
            ),
            ExpressionKind::Operator { operator, operands } if operator == "+" => Some(
                operands
                    .iter()
                    .map(|part| self.text_at(part, frame, depth + 1).unwrap_or_else(|| "*".into()))
                    .collect(),
            ),
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                operands.iter().rev().find_map(|operand| self.text_at(operand, frame, depth + 1))
            }
            ExpressionKind::Call(call) => {
                // `new URL("https://...")`, `format!(...)`, `"...".format(...)`, `Url::parse(..)`.
                let own = match &call.callee.kind {
                    ExpressionKind::Member { object, name }
                        if name == "format" || name == "to_string" || name == "to_owned" || name == "into" =>
                    {
                        self.text_at(object, frame, depth + 1)
                    }
                    _ => None,
                };
                own.or_else(|| {
                    self.values(expression, frame).iter().find_map(|value| match value {
                        Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                            self.text_at(inner, *frame, depth + 1)
                        }
                        Value::Library { sites, .. } => {
                            let site = sites.last()?;
                            let argument = self.units.calls[site.call].call.arguments.first()?;
                            self.text_at(&argument.value, site.frame, depth + 1)
                        }
                        _ => None,
                    })
                })
            }
            _ => self.values(expression, frame).iter().find_map(|value| match value {
                Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                    self.text_at(inner, *frame, depth + 1)
                }
                Value::Library { sites, .. } => {
                    // An environment read with a default, a parsed URL.
                    let site = sites.last()?;
                    let call = self.units.calls[site.call].call;
                    call.arguments
                        .iter()
                        .rev()
                        .find_map(|argument| self.text_at(&argument.value, site.frame, depth + 1))
                }
                _ => None,
            }),
        }
    }

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

    /// One condition on an argument: `path` (given and not off), `path: name` (its value holds a call of that name),
    /// `path >= 1.5` and `path != false` (a comparison), `known path >= 1 d` (which does not hold for what is only known
    /// when it runs), `.method()` (somewhere that method is called on the same object). None: the argument is not given.
    pub fn meets(&self, condition: &str, site: Site) -> Option<bool> {
        let (condition, unknown) = match condition.strip_prefix("known ") {
            Some(condition) => (condition, false),
            None => (condition, true),
        };
        if let Some((path, name)) = condition.split_once(": ") {
            let given = self.arguments_along(site, path.trim());
            let mentions =
                |(expression, frame): &(&'m Expression, FrameId)| self.mentions(expression, *frame, name.trim(), 0);
            return (!given.is_empty()).then(|| given.iter().any(mentions));
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

    /// The values of an argument path at the call and at those that made what it is called on, the call's own first.
    fn arguments_along(&self, site: Site, path: &str) -> Vec<(&'m Expression, FrameId)> {
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
    fn is_used(&self, site: Site, method: &str) -> bool {
        let callee = &self.units.calls[site.call].call.callee;
        let Some(used) = self.used.get() else { return false };
        self.values(callee, site.frame).iter().any(|value| {
            let made = value.sites().first().map_or(site.call, |made| made.call);
            used.get(&made).is_some_and(|methods| methods.contains(method))
        })
    }

    /// Whether a value fits a condition that names no argument: `<= 65536`, `known >= 1 d`; an empty one asks for any value.
    pub fn fits(&self, condition: &str, value: &'m Expression, frame: FrameId) -> bool {
        let (condition, unknown) = match condition.strip_prefix("known") {
            Some(condition) => (condition.trim(), false),
            None => (condition.trim(), true),
        };
        match ["!=", "==", ">=", "<=", ">", "<"].iter().find(|operator| condition.starts_with(**operator)) {
            Some(operator) => {
                let wanted = condition.get(operator.len()..).unwrap_or_default().trim();
                self.compares(value, frame, operator, wanted, unknown)
            }
            None => self.amount(value, frame, None, &[]) != Amount::Off,
        }
    }

    /// A bare word among the arguments of a Rust attribute: `#[instrument(err)]`.
    fn has_word(&self, site: Site, word: &str) -> bool {
        let info = &self.units.calls[site.call];
        info.decorates.is_some()
            && self.modules[info.module].language == Language::Rust
            && info.call.arguments.iter().any(
                |argument| matches!(&argument.value.kind, ExpressionKind::Name(name) if argument.name.is_none() && name == word),
            )
    }

    /// An argument of the call, or of the calls that made what it is called on: `new Limiter({window}).limit(key)`.
    fn argument_along(&self, site: Site, path: &str) -> Given<'m> {
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
    fn compares(
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
            _ => false,
        });
        matches!(operator, "==" | "=") == is_it
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
                    let frame = self.enter(*unit, *closure, receiver.clone(), super::values::How::Framework);
                    self.units.units[*unit].calls.iter().any(|call| {
                        let callee = &self.units.calls[*call].call.callee;
                        Program::written(callee) == name
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
}

impl<'m> Program<'m> {
    /// Whether an argument of a call mentions something: `new Promise((_, reject) => setTimeout(reject, 5000))`.
    fn argument_mentions(&self, site: Site, name: &str, depth: usize) -> bool {
        let call = self.units.calls[site.call].call;
        call.arguments.iter().any(|argument| self.mentions(&argument.value, site.frame, name, depth + 3))
    }
}

/// `30s`, `1 d` in seconds, `64kb`, `2mb` in bytes.
fn written_amount(text: &str) -> Option<f64> {
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
fn is_none(fact: &Fact) -> bool {
    matches!(fact.bounded, Some(Condition::Always(false)))
}

fn hash_of(name: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
