//! Keys that are made anew for each request: a random or momentary part makes the whole key one that never comes again.

use std::collections::HashMap;

use crate::link::entries::injected_for;
use crate::link::passing::own_receiver;
use crate::link::units::{Access, Binding, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Call, Expression, ExpressionKind, Function, Literal, ParameterKind, Span};
use crate::rules::catalogue::Kind;

use super::is_of_request;
use super::operations::{self, Operation};

/// How new a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum New {
    /// It may come again.
    No,
    /// The time of now, which is new as it is; rounded or cut it is a window.
    Moment,
    /// It was never there before.
    Ever,
    /// Nothing: what stands in for it tells.
    Nothing,
}

const DEPTH: usize = 30;

/// What asks the clock for a day.
const DAYS: [&str; 3] = ["date.today", "strftime", "localdate"];

/// Whether a key is made up on the spot: no later request comes with the same.
pub(in crate::judge) fn is_fresh<'m>(program: &Program<'m>, key: (&'m Expression, FrameId)) -> bool {
    let mut newness = Newness { program, known: HashMap::new() };
    matches!(newness.of(key.0, key.1, 0), New::Moment | New::Ever)
}

/// Whether a value was never there before, whatever the time is.
pub(super) fn is_made_up<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    let mut newness = Newness { program, known: HashMap::new() };
    newness.of(value, frame, 0) == New::Ever
}

/// How new each value is that a key is made of. A value that is made from itself (`text = text + part`) or through
/// many names is looked at once: the ways to it can be more than anybody has time for.
struct Newness<'p, 'm> {
    program: &'p Program<'m>,
    known: HashMap<(*const Expression, FrameId), New>,
}

impl<'m> Newness<'_, 'm> {
    fn of(&mut self, value: &'m Expression, frame: FrameId, depth: usize) -> New {
        if depth > DEPTH {
            return New::No;
        }
        let place = (std::ptr::from_ref(value), frame);
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        self.known.insert(place, New::No);
        let new = self.looked_at(value, frame, depth);
        self.known.insert(place, new);
        new
    }

    fn looked_at(&mut self, value: &'m Expression, frame: FrameId, depth: usize) -> New {
        // `request.id`, which the framework numbers.
        if matches!(value.kind, ExpressionKind::Member { .. }) && self.is_new_by_library(value, frame) {
            return New::Ever;
        }
        if let ExpressionKind::Member { object, name } = &value.kind
            && is_number(name)
            && self.is_of_new_row(object, frame)
        {
            return New::Ever;
        }
        let mut of = |inner: &'m Expression| self.of(inner, frame, depth + 1);
        let whole = |parts: &mut dyn Iterator<Item = New>| match parts.filter(|part| *part != New::Nothing).max() {
            Some(New::Moment | New::Ever) => New::Ever,
            _ => New::No,
        };
        match &value.kind {
            ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => of(inner),
            ExpressionKind::Template(parts) | ExpressionKind::List(parts) => whole(&mut parts.iter().map(of)),
            ExpressionKind::Object(entries) => whole(&mut entries.iter().map(|entry| of(&entry.value))),
            ExpressionKind::Operator { operator, operands } => match operator.as_str() {
                // `Run.id == run.id` asks for what was never there before.
                "+" | "==" => whole(&mut operands.iter().map(of)),
                "?" => operands.first().map_or(New::No, of),
                // One of several: as new as the least of them.
                "??" | "or" | "and" => operands.iter().map(of).min().unwrap_or(New::No),
                _ => New::No,
            },
            ExpressionKind::Conditional { then, otherwise, .. } => of(then).min(of(otherwise)),
            ExpressionKind::Member { object, name } => match self
                .of_request(object, name, frame, depth)
                .or_else(|| self.of_own_object(object, name, frame, depth))
            {
                Some(new) => new,
                None => ever(self.of(object, frame, depth + 1)),
            },
            ExpressionKind::Slice { object, .. } => ever(of(object)),
            ExpressionKind::Name(name) => self.of_name(name, value.span, frame, depth),
            ExpressionKind::Literal(Literal::Null) => New::Nothing,
            ExpressionKind::Call(call) => self.of_call(call, frame, depth),
            _ => New::No,
        }
    }

    /// What the program itself puts on each request: `request.id = randomUUID()`. As new as the least of what it puts there.
    fn of_request(&mut self, object: &'m Expression, name: &'m str, frame: FrameId, depth: usize) -> Option<New> {
        let (ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. }) = &object.kind else {
            return None;
        };
        let program = self.program;
        let assigned = program.units.member_assignments.get(&(holder.as_str(), name))?;
        let is_request = |object: &'m Expression, frame: FrameId| {
            program.values(object, frame).iter().filter_map(Value::path).any(|path| is_of_request(program, path))
        };
        if !is_request(object, frame) {
            return None;
        }
        let put: Vec<(&'m Expression, FrameId)> = assigned
            .iter()
            .map(|each| (each, program.open_frame(each.unit)))
            .filter(|(each, home)| is_request(each.object, *home))
            .map(|(each, home)| (each.value, home))
            .collect();
        put.into_iter().map(|(value, home)| self.of(value, home, depth + 1)).min()
    }

    /// What an object of the program holds under a name that is made for each request, as it was made: `self.key` of
    /// `Guard(uuid4().hex)`.
    fn of_own_object(&mut self, object: &'m Expression, name: &'m str, frame: FrameId, depth: usize) -> Option<New> {
        let program = self.program;
        let values = program.values(object, frame);
        let mut least = None;
        for value in values.iter() {
            let Value::Instance { site: Some(made), .. } = value else { return None };
            let function = program.units.units[program.units.calls[made.call].unit].function?;
            // A decorator may remember what was made at first.
            if !function.decorators.is_empty() {
                return None;
            }
            for (given, home) in program.field_places(value, name) {
                let new = self.of(given, home, depth + 1);
                least = Some(least.map_or(new, |least: New| least.min(new)));
            }
        }
        least
    }

    /// Whether a row was added just before: `report = Report.objects.create(...)`, then `report.pk`.
    fn is_of_new_row(&self, row: &'m Expression, frame: FrameId) -> bool {
        let program = self.program;
        let is_added = |site: &Site| operations::operation(program, *site) == Some(Operation::Append);
        program.awaited_call(row, frame).as_ref().is_some_and(is_added)
            || matches!(row.kind, ExpressionKind::Name(_)) && program.slice(row, frame).sites.iter().any(is_added)
            || self.is_of_added_object(row, frame)
    }

    /// Whether an object of a class was made in this function and given to a store as a row: `run = Run(goal=goal)`,
    /// `session.add(run)`.
    fn is_of_added_object(&self, row: &'m Expression, frame: FrameId) -> bool {
        let program = self.program;
        let ExpressionKind::Name(name) = &row.kind else { return false };
        let unit = program.unit_of_frame(frame);
        let values = program.values(row, frame);
        let is_made_here = |value: &Value<'m>| match value {
            Value::Instance { site: Some(made), .. } => program.units.calls[made.call].unit == unit,
            _ => false,
        };
        let is_given = |call: &usize| {
            let info = &program.units.calls[*call];
            info.call.span.end <= row.span.start
                && info
                    .call
                    .arguments
                    .iter()
                    .any(|given| matches!(&given.value.kind, ExpressionKind::Name(other) if other == name))
                && operations::operation(program, Site { call: *call, frame }) == Some(Operation::Append)
        };
        !values.is_empty() && values.iter().all(is_made_here) && program.units.units[unit].calls.iter().any(is_given)
    }

    fn is_new_by_library(&self, value: &'m Expression, frame: FrameId) -> bool {
        let values = self.program.values(value, frame);
        !values.is_empty()
            && values.iter().all(|each| each.path().is_some_and(|path| self.program.is_a(path, Kind::Fresh)))
    }

    fn of_name(&mut self, name: &'m str, read: Span, frame: FrameId, depth: usize) -> New {
        let program = self.program;
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = program.frame(id);
            let unit = &program.units.units[here.unit];
            let Some(bindings) = unit.names.get(name) else {
                at = here.closure;
                continue;
            };
            // What a module binds is bound once, not for each request.
            if unit.function.is_none() {
                return New::No;
            }
            // `id = id or uuid4()`: what the name has been given before is no more.
            let reaching = if id == frame { program.reaching(here.unit, name, read) } else { None };
            let is_dead = |binding: &Binding<'m>| {
                reaching.as_ref().is_some_and(|reaching| match binding {
                    Binding::Value { value, .. } => reaching.dead.iter().any(|dead| std::ptr::eq(*dead, *value)),
                    Binding::Parameter { .. } => reaching.is_rebound,
                    _ => false,
                })
            };
            let mut of_binding = |binding: &Binding<'m>| match binding {
                Binding::Value { value, access, .. } => {
                    // `key, now = name, time()`: each name has its own part.
                    if let (ExpressionKind::List(items), [Access::Position(at)]) = (&value.kind, access.as_slice()) {
                        return items.get(*at).map_or(New::No, |item| self.of(item, id, depth + 1));
                    }
                    let whole = self.of(value, id, depth + 1);
                    if access.iter().any(|access| *access != Access::Rest) { ever(whole) } else { whole }
                }
                Binding::Parameter { index, access } if access.is_empty() => {
                    let How::Call(site) = here.how else { return self.of_injected(id, *index, depth) };
                    if let Some(rest) = unit.function.and_then(|function| rest_from(function, *index)) {
                        return self.of_rest(site, rest, depth);
                    }
                    let passed = unit.function.and_then(|function| program.passed_expression(function, *index, site));
                    match passed {
                        Some(passed) => self.of(passed, site.frame, depth + 1),
                        None => self.of_left_out(here.unit, *index, (id, site), depth),
                    }
                }
                _ => New::No,
            };
            return bindings.iter().filter(|each| !is_dead(each)).map(&mut of_binding).min().unwrap_or(New::No);
        }
        New::No
    }

    /// What a parameter is that a call leaves out: its default, else nothing.
    fn of_left_out(&mut self, unit: UnitId, index: usize, (frame, site): (FrameId, Site), depth: usize) -> New {
        let program = self.program;
        let arguments = &program.units.calls[site.call].call.arguments;
        let is_spread = |argument: &Argument| {
            argument.name.as_deref() == Some("**") || matches!(argument.value.kind, ExpressionKind::Spread(_))
        };
        let parameter = program.units.units[unit].function.and_then(|function| function.parameters.get(index));
        let Some(parameter) = parameter.filter(|each| matches!(each.target.kind, ExpressionKind::Name(_))) else {
            return New::No;
        };
        let is_plain = matches!(parameter.kind, ParameterKind::Plain | ParameterKind::KeywordOnly);
        // A method is called on what its first parameter is.
        let is_receiver = index < program.units.units[unit].function.map_or(0, own_receiver);
        if arguments.iter().any(is_spread) || !is_plain || is_receiver || program.is_handed_over(site.call) {
            return New::No;
        }
        match &parameter.default {
            Some(default) => self.of(default, program.frame(frame).closure.unwrap_or(frame), depth + 1),
            None => New::No,
        }
    }

    /// What a call passes for a parameter that takes the rest: one new part makes all of it new.
    fn of_rest(&mut self, site: Site, from: usize, depth: usize) -> New {
        let given = self.program.units.calls[site.call].call.arguments.iter();
        let rest = given.filter(|argument| argument.name.is_none()).skip(from);
        match rest.map(|argument| self.of(&argument.value, site.frame, depth + 1)).max() {
            Some(New::Moment | New::Ever) => New::Ever,
            _ => New::No,
        }
    }

    /// What a framework injects for a parameter of a handler, which it has a function make for each request.
    fn of_injected(&mut self, handler: FrameId, index: usize, depth: usize) -> New {
        let program = self.program;
        let here = program.frame(handler);
        let parameter = program.units.units[here.unit].function.and_then(|function| function.parameters.get(index));
        let (Some(parameter), Some(closure), How::Framework) = (parameter, here.closure, here.how) else {
            return New::No;
        };
        let mut least = None;
        for provider in injected_for(program, parameter, closure) {
            let Value::Function { unit, closure, receiver } = provider else { return New::No };
            let Some(inner) = program.enter(unit, closure, receiver, How::Framework) else { return New::No };
            for value in &program.units.units[unit].returns {
                let new = self.of(value, inner, depth + 1);
                least = Some(least.map_or(new, |least: New| least.min(new)));
            }
        }
        least.unwrap_or(New::No)
    }

    fn of_call(&mut self, call: &'m Call, frame: FrameId, depth: usize) -> New {
        let program = self.program;
        let Some(id) = program.units.call_id(call) else { return New::No };
        let site = Site { call: id, frame };
        let paths = program.callee_paths(site);
        if paths.iter().any(|path| program.is_a(path, Kind::Fresh)) {
            return New::Ever;
        }
        if paths.iter().any(|path| program.is_a(path, Kind::Clock)) {
            // The clock is also asked for a day: `date.today()`, `strftime("%F")`.
            let is_day = paths.iter().any(|path| DAYS.iter().any(|day| path.ends_with(day)));
            return if is_day || !call.arguments.is_empty() && call.is_new { New::No } else { New::Moment };
        }
        if let Some(least) = self.of_results(call, site, depth) {
            return least;
        }
        let given = call.arguments.iter().map(|argument| self.of(&argument.value, frame, depth + 1));
        let given = given.filter(|new| *new != New::Nothing).max();
        given.unwrap_or(New::No).max(self.of_receiver(call, frame, depth))
    }

    /// What an own function gives: as new as the least of its results.
    fn of_results(&mut self, call: &'m Call, site: Site, depth: usize) -> Option<New> {
        let program = self.program;
        let mut least = None;
        for callee in &program.callees(&call.callee, site.frame) {
            let Value::Function { unit, closure, receiver } = callee else { continue };
            let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else { continue };
            for value in &program.units.units[*unit].returns {
                let new = self.of(value, inner, depth + 1);
                least = Some(least.map_or(new, |least: New| least.min(new)));
            }
        }
        least
    }

    fn of_receiver(&mut self, call: &'m Call, frame: FrameId, depth: usize) -> New {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return New::No };
        let new = self.of(object, frame, depth + 1);
        let tells_all = matches!(
            name.as_str(),
            "toString"
                | "toISOString"
                | "toJSON"
                | "getTime"
                | "valueOf"
                | "isoformat"
                | "timestamp"
                | "to_string"
                | "to_rfc3339"
                | "timestamp_millis"
                | "timestamp_micros"
                | "timestamp_nanos_opt"
                | "duration_since"
                | "as_millis"
                | "as_micros"
                | "as_nanos"
                | "as_secs"
                | "as_secs_f64"
                | "unwrap"
                | "expect"
                | "unwrap_or_default"
                | "unwrap_or"
                | "clone"
                | "to_owned"
        );
        if tells_all { new } else { ever(new) }
    }
}

/// How many arguments come before those that a parameter holds, where it takes the rest: `(...parts) =>`.
fn rest_from(function: &Function, index: usize) -> Option<usize> {
    let parameter = function.parameters.get(index).filter(|parameter| parameter.kind == ParameterKind::Rest);
    parameter.map(|_| index.saturating_sub(own_receiver(function)))
}

/// The names under which a row has the number that its store gave it.
fn is_number(name: &str) -> bool {
    matches!(name, "id" | "pk")
}

/// A part of something: of a moment it may be a window.
fn ever(new: New) -> New {
    if new == New::Ever { New::Ever } else { New::No }
}
