//! What is measured on the way to a call, and refused when it is too long.

use std::rc::Rc;

use crate::link::flow::{Gate, Slice, walk_block};
use crate::link::units::Binding;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Entry, Expression, ExpressionKind, Literal, Span};
use crate::rules::catalogue::Kind;

use super::every_field::whole_of;
use super::numbers;
use super::schemas::{Ask, Schemas};
use super::trace::{State, Trace};
use super::windows::adds_lengths_up;
use super::words::parses;
use super::{Inputs, Leaf, LeafKind, Origin, Part};

/// How something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Its own length: of a text its characters, of a list its items.
    Own,
    /// The length of all of it together, as text or in tokens.
    Whole,
    /// The length of each of its items.
    Each,
    /// The length of one of its items: the last, the first.
    One,
}

/// Callers of what measures that are looked at.
const CALLERS: usize = 12;

/// Functions within functions in which a length is asked for.
const NESTED: usize = 3;

/// Something that is refused where it is too long.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measure<'m> {
    Length {
        name: String,
        path: Vec<String>,
        origin: Origin,
        part: Option<Part>,
        extent: Extent,
    },
    /// A schema that what is under a path must fit, as a whole or under a key of it.
    Schema {
        path: Vec<String>,
        origin: Origin,
        part: Option<Part>,
        schema: Value<'m>,
        key: Option<String>,
    },
    /// Each field of what is under a path.
    Fields {
        path: Vec<String>,
        origin: Origin,
        part: Option<Part>,
    },
    /// The whole request is bounded; what is stored is not.
    Everything,
}

impl<'m> Measure<'m> {
    /// Whether it bounds what is asked of a source.
    pub(super) fn bounds(&self, program: &Program<'m>, leaf: &Leaf<'m>, ask: Ask) -> bool {
        match self {
            Measure::Everything => leaf.origin != Origin::Store,
            Measure::Fields { path, origin, part } => {
                let is_same = is_same_origin(*origin, leaf.origin) && Part::may_be(*part, leaf.part);
                let is_field = || leaf.path.strip_prefix(path.as_slice()).is_some_and(|rest| rest.len() == 1);
                ask == Ask::Text && leaf.kind == LeafKind::User && is_same && is_field()
            }
            Measure::Length { name, path, origin, part, extent } => {
                let is_list = leaf.kind != LeafKind::User;
                // Of the items of a list one field is measured; what is sent may be all of them.
                let is_part = || is_list && (path.starts_with(&leaf.path) || leaf.path.starts_with(path));
                let is_same = *name == leaf.name
                    && is_same_origin(*origin, leaf.origin)
                    && Part::may_be(*part, leaf.part)
                    && (*origin != leaf.origin
                        || path.is_empty()
                        || leaf.path.is_empty()
                        || path.last() == leaf.path.last()
                        || is_part());
                is_same
                    && match (ask, extent) {
                        (Ask::Text, Extent::Own) => !is_list,
                        (Ask::Text, Extent::Whole | Extent::Each) => true,
                        (Ask::Count, Extent::Own | Extent::Whole) => true,
                        // The others may be of any length.
                        (Ask::Text, Extent::One) => !is_list || leaf.is_one,
                        (Ask::Count, Extent::Each | Extent::One) => false,
                    }
            }
            Measure::Schema { path, origin, part, schema, key } => {
                let is_same = is_same_origin(*origin, leaf.origin) && Part::may_be(*part, leaf.part);
                let rest = leaf.path.strip_prefix(path.as_slice());
                let Some(rest) = rest.filter(|_| is_same) else { return false };
                let rest: Vec<&str> = key.iter().chain(rest).map(String::as_str).collect();
                Schemas { program }.of_schema(schema, &rest, ask, 0).is_some()
            }
        }
    }
}

/// A request is the same wherever it is looked at; of two parameters of one function only the same one is.
fn is_same_origin(a: Origin, b: Origin) -> bool {
    match (a, b) {
        (Origin::Parameter(unit, index), Origin::Parameter(other, position)) => unit != other || index == position,
        (Origin::Store, _) | (_, Origin::Store) => a == b,
        _ => true,
    }
}

/// Whether a test compares how long something is.
pub(super) fn compares_length<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    let slice = program.slice(test, frame);
    is_comparison(program, &slice) && !lengths(program, &slice).is_empty()
}

pub(super) fn is_comparison<'m>(program: &Program<'m>, slice: &Slice<'m>) -> bool {
    let compares = |part: &Expression| {
        matches!(&part.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "<" | ">" | "<=" | ">="))
            || in_range(part).is_some()
    };
    slice.parts.iter().any(|(part, _)| compares(part))
        || in_functions(program, slice).iter().any(|(part, _)| compares(part))
}

/// Whether a test that holds (or fails) says that something is short enough.
pub(super) fn bounds_length<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool) -> bool {
    sides(program, test, frame, holds).contains(&Side::Longest)
}

/// Whether a gate refuses what is long.
pub(super) fn refuses_long<'m>(program: &Program<'m>, gate: &Gate<'m>) -> bool {
    compares_length(program, gate.test, gate.frame)
        && !only_asks_for_more(program, gate.test, gate.frame, !gate.refuses_when)
}

/// Whether a test that holds (or fails) only says that something is long enough, `len(text) >= 3`, or nothing of how long
/// it may be.
fn only_asks_for_more<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool) -> bool {
    let sides = sides(program, test, frame, holds);
    !sides.is_empty() && !sides.contains(&Side::Longest)
}

/// Whether a test asks, whatever comes of it, only whether there is something: `if text and len(text) > 0`.
pub(super) fn asks_whether_any<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    [true, false].into_iter().all(|holds| only_asks_for_more(program, test, frame, holds))
}

/// What a comparison says about a length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Longest,
    Shortest,
    /// Whether there is something at all, or that what is short and says something of its own goes another way.
    Neither,
}

/// What is bounded by this is there, or is not.
const ANY: f64 = 1.0;

/// What the comparisons of a test say about lengths where it holds, or fails.
fn sides<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool) -> Vec<Side> {
    let measures = |each: &'m Expression| !lengths(program, &program.slice(each, frame)).is_empty();
    if in_range(test).is_some_and(measures) {
        return vec![if holds { Side::Longest } else { Side::Shortest }];
    }
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return Vec::new() };
    match (operator.as_str(), operands.as_slice()) {
        // `len(words) > 2 and words[0] == "/help"`: what fails in either way goes on.
        ("and", parts) if !holds && parts.iter().any(|part| asks_what_it_says(part) || asks_for_nothing(part)) => {
            let found = parts.iter().flat_map(|part| sides(program, part, frame, holds));
            found.map(|side| if side == Side::Longest { Side::Neither } else { side }).collect()
        }
        ("and" | "or", parts) => parts.iter().flat_map(|part| sides(program, part, frame, holds)).collect(),
        ("not", [inner]) => sides(program, inner, frame, !holds),
        ("<" | "<=" | ">" | ">=", [left, right]) => {
            let is_less = operator.starts_with('<') == holds;
            let (small, large) = if is_less { (left, right) } else { (right, left) };
            let is_any = || program.number(large, frame, 0).is_some_and(|most| most <= ANY);
            let longest = measures(small).then(|| if is_any() { Side::Neither } else { Side::Longest });
            longest.into_iter().chain(measures(large).then_some(Side::Shortest)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is asked to lie in a range with an end: `(1..=4_000).contains(&length)`.
fn in_range(test: &Expression) -> Option<&Expression> {
    let ExpressionKind::Call(call) = &test.kind else { return None };
    let (ExpressionKind::Member { object, name }, [measured]) = (&call.callee.kind, call.arguments.as_slice()) else {
        return None;
    };
    let ends = match &object.kind {
        ExpressionKind::Operator { operator, operands } if operator.starts_with("..") => {
            operands.get(1).is_some_and(|end| !matches!(end.kind, ExpressionKind::Literal(Literal::Null)))
        }
        _ => false,
    };
    (name == "contains" && ends).then_some(&measured.value)
}

/// Whether a test asks that there is no text at all: what is refused only then may be of any length.
fn asks_for_nothing(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "is_empty" | "isEmpty"))
        }
        ExpressionKind::Operator { operator, operands } if operator == "==" => operands
            .iter()
            .any(|operand| matches!(&operand.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty())),
        _ => false,
    }
}

/// Whether a test asks what a text says: how it begins, or whether a part of it is a word that is written out.
fn asks_what_it_says(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "==" => {
            let is_word = |each: &Expression| matches!(&each.kind, ExpressionKind::Literal(Literal::Text(text)) if !text.is_empty());
            let is_part = |each: &Expression| {
                let mut each = each;
                while let ExpressionKind::Call(call) = &each.kind
                    && let ExpressionKind::Member { object, .. } = &call.callee.kind
                {
                    each = object;
                }
                matches!(each.kind, ExpressionKind::Index { .. } | ExpressionKind::Slice { .. })
            };
            operands.iter().any(is_word) && operands.iter().any(is_part)
        }
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "startsWith" | "startswith"))
        }
        _ => false,
    }
}

/// The largest body of a request, in bytes, that bounds the text in it.
const BODY: f64 = 65_536.0;

/// Whether the announced length of the whole request is compared with so little that the text in it is bounded:
/// `int(request.headers.get("content-length", 0)) > 16_384`.
fn measures_the_request<'m>(program: &Program<'m>, slice: &Slice<'m>) -> bool {
    let is_announced = |(part, _): &(&Expression, FrameId)| match &part.kind {
        ExpressionKind::Literal(Literal::Text(text)) => text.eq_ignore_ascii_case("content-length"),
        ExpressionKind::Member { name, .. } => matches!(name.as_str(), "content_length" | "contentLength"),
        _ => false,
    };
    slice.parts.iter().any(|(part, frame)| match &part.kind {
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "<" | ">" | "<=" | ">=") => {
            let is_little =
                |each: &'m Expression| program.number(each, *frame, 0).is_some_and(|most| most > 0.0 && most <= BODY);
            let is_body = |each: &'m Expression| {
                let measured = lengths(program, &program.slice(each, *frame));
                measured.into_iter().any(|(measured, frame, _)| is_whole_body(program, measured, frame))
            };
            operands.iter().any(is_little)
                && operands
                    .iter()
                    .any(|each| program.slice(each, *frame).parts.iter().any(is_announced) || is_body(each))
        }
        _ => false,
    })
}

/// What stands in the functions that are given to the calls of a slice: `turns.some((turn) => turn.text.length > 2_000)`.
fn in_functions<'m>(program: &Program<'m>, slice: &Slice<'m>) -> Vec<(&'m Expression, FrameId)> {
    let mut found = Vec::new();
    let mut open: Vec<(&'m Expression, FrameId, usize)> =
        slice.parts.iter().map(|(part, frame)| (*part, *frame, 0)).collect();
    while let Some((part, frame, depth)) = open.pop() {
        let ExpressionKind::Function(function) = &part.kind else { continue };
        let entered = program.units.unit_of(function).and_then(|unit| program.enter(unit, frame, None, How::Framework));
        if let Some(inner) = entered {
            let mut measuring = Vec::new();
            walk_block(&function.body, &mut |each| {
                found.push((each, inner));
                if is_call_of_the_program(program, each, inner) {
                    measuring.push(each);
                }
                // `turns.some((turn) => turn.parts.some((part) => part.text.length > 2_000))`
                if depth < NESTED {
                    open.push((each, inner, depth + 1));
                }
            });
            // `turns.reduce((sum, turn) => sum + tokensOf(turn), 0)`
            found.extend(measuring.into_iter().flat_map(|call| program.slice(call, inner).parts.clone()));
        }
    }
    found
}

/// Whether an expression calls a function that is written in the program.
fn is_call_of_the_program<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    match &expression.kind {
        ExpressionKind::Call(call) => {
            program.values(&call.callee, frame).iter().any(|value| matches!(value, Value::Function { .. }))
        }
        _ => false,
    }
}

/// Whether a member of what a library brings tells how long that is: `upload.size`.
fn is_measure<'m>(program: &Program<'m>, part: &'m Expression, frame: FrameId) -> bool {
    program.values(part, frame).iter().filter_map(Value::path).any(|path| program.is_a(path, Kind::Measure))
}

/// Whether what is measured is the body of the request as it came: `len(await request.body())`.
fn is_whole_body<'m>(program: &Program<'m>, measured: &'m Expression, frame: FrameId) -> bool {
    match &measured.kind {
        ExpressionKind::Await(inner) => is_whole_body(program, inner, frame),
        ExpressionKind::Name(name) => {
            let names = &program.units.units[program.unit_of_frame(frame)].names;
            match names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, .. }])
                    if access.is_empty() && !value.span.contains(measured.span) =>
                {
                    is_whole_body(program, value, frame)
                }
                _ => false,
            }
        }
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name } => {
                let is_request = |path: &Rc<str>| {
                    program.is_a(path, Kind::Request) || program.is_a(path.trim_end_matches("()"), Kind::Request)
                };
                matches!(name.as_str(), "body" | "get_data" | "read")
                    && program.values(object, frame).iter().any(|value| match value {
                        Value::Library { path, .. } => is_request(path),
                        Value::Parameter { .. } => {
                            matches!(&object.kind, ExpressionKind::Name(name) if name == "request")
                        }
                        _ => false,
                    })
            }
            _ => false,
        },
        _ => false,
    }
}

/// The expressions whose length is asked for in a slice; with whether it is asked for in tokens.
pub(super) fn lengths<'m>(program: &Program<'m>, slice: &Slice<'m>) -> Vec<(&'m Expression, FrameId, bool)> {
    let mut measured = Vec::new();
    let inner = in_functions(program, slice);
    for (part, frame) in slice.parts.iter().chain(&inner) {
        if let ExpressionKind::Member { object, name } = &part.kind
            && (name == "length" || is_measure(program, part, *frame))
        {
            measured.push((object.as_ref(), *frame, false));
        }
    }
    let inner_sites = inner.iter().filter_map(|(part, frame)| match &part.kind {
        ExpressionKind::Call(call) => Some(Site { call: program.units.call_id(call)?, frame: *frame }),
        _ => None,
    });
    for site in slice.sites.iter().copied().chain(inner_sites) {
        let call = program.units.calls[site.call].call;
        let paths = program.callee_paths(site);
        if paths.iter().any(|path| program.is_a(path, Kind::Measure)) {
            let in_tokens = !paths.iter().any(|path| path.starts_with("builtins."));
            measured.extend(call.arguments.iter().map(|argument| (&argument.value, site.frame, in_tokens)));
        }
        if let ExpressionKind::Member { object, name } = &call.callee.kind
            && matches!(name.as_str(), "len" | "count" | "chars")
            // `text.count("!")` asks how often something stands in it.
            && call.arguments.is_empty()
        {
            measured.push((object, site.frame, false));
        }
    }
    measured
}

/// The calls in a slice that give the least of several: `min(count(text), most)`.
fn capped<'m>(slice: &Slice<'m>) -> Vec<(Span, FrameId)> {
    let calls = slice.parts.iter().filter_map(|(part, frame)| match &part.kind {
        ExpressionKind::Call(call) => Some((call, *frame)),
        _ => None,
    });
    let is_least = |call: &Call| {
        matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "min")
            && call.arguments.len() > 1
    };
    calls.filter(|(call, _)| is_least(call)).map(|(call, frame)| (call.span, frame)).collect()
}

/// Whether a length is never more than something else, however long what it is of: then no test of it refuses what is
/// long. Also where it is asked for in a function whose result is capped.
fn is_capped(program: &Program<'_>, caps: &[(Span, FrameId)], measured: &Expression, frame: FrameId) -> bool {
    let mut at = (measured.span, frame);
    for _ in 0..if caps.is_empty() { 0 } else { CALLERS } {
        if caps.iter().any(|(span, frame)| *frame == at.1 && span.contains(at.0)) {
            return true;
        }
        let How::Call(site) = program.frame(at.1).how else { return false };
        at = (program.units.calls[site.call].call.span, site.frame);
    }
    false
}

/// The keys of the objects that flow into an index: `for (const [name, rule] of Object.entries(fields))`.
pub(super) fn configured_keys<'m>(program: &Program<'m>, index: &'m Expression, frame: FrameId) -> Vec<String> {
    let slice = program.slice(index, frame);
    let keys = slice.parts.iter().filter_map(|(part, _)| match &part.kind {
        ExpressionKind::Object(entries) => {
            Some(entries.iter().filter_map(|entry| entry.key.clone()).collect::<Vec<_>>())
        }
        ExpressionKind::List(items) => Some(
            items
                .iter()
                .filter_map(|item| match &item.kind {
                    ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    });
    keys.flatten().take(40).collect()
}

impl<'m> Inputs<'_, '_, 'm> {
    /// What a test measures; remembered, for a test stands on the ways of many calls.
    pub(super) fn measured_by(&self, test: &'m Expression, frame: FrameId, found: &mut Vec<Measure<'m>>) {
        let key = (std::ptr::from_ref(test) as usize, frame, self.is_library.get());
        let known = self.tests.borrow().get(&key).cloned();
        let measured = known.unwrap_or_else(|| {
            let mut measured = Vec::new();
            self.find_measures(test, frame, &mut measured);
            let measured: Rc<[Measure<'m>]> = measured.into();
            self.tests.borrow_mut().insert(key, measured.clone());
            measured
        });
        for measure in measured.iter() {
            add(found, measure.clone());
        }
    }

    fn find_measures(&self, test: &'m Expression, frame: FrameId, found: &mut Vec<Measure<'m>>) {
        let program = self.case.program;
        let slice = program.slice(test, frame);
        if is_comparison(program, &slice) {
            let caps = capped(&slice);
            // What is added up in a loop is the length of all of it.
            let sums = slice.parts.iter().any(|(part, frame)| adds_lengths_up(program, part, *frame));
            for (expression, frame, in_tokens) in lengths(program, &slice) {
                if is_capped(program, &caps, expression, frame) {
                    continue;
                }
                if let Some((whole, frame)) = whole_of(program, expression, frame).filter(|_| !sums) {
                    let mut trace = Trace::new(self);
                    trace.follow(whole, frame, State::default());
                    for Leaf { path, origin, part, .. } in trace.out {
                        add(found, Measure::Fields { path, origin, part });
                    }
                }
                let mut trace = Trace { measures: !sums, ..Trace::new(self) };
                let in_content = trace.is_library;
                trace.follow(expression, frame, State { in_content, ..State::default() });
                for (place, leaf) in trace.out.into_iter().enumerate() {
                    let extent = match (in_tokens || leaf.is_text, leaf.is_items) {
                        _ if leaf.is_one => Extent::One,
                        _ if trace.each.contains(&place) => Extent::Each,
                        (true, _) => Extent::Whole,
                        (false, true) => Extent::Each,
                        (false, false) => Extent::Own,
                    };
                    let Leaf { name, path, origin, part, .. } = leaf;
                    add(found, Measure::Length { name, path, origin, part, extent });
                }
            }
        }
        if measures_the_request(program, &slice) {
            add(found, Measure::Everything);
        }
        // `if (!schema.safeParse(body).success) return`: the schema measures.
        for site in &slice.sites {
            // What it was checked with elsewhere, where the same stands in front of others, is not what is asked here.
            let is_elsewhere = site.frame != frame && slice.sites.contains(&Site { call: site.call, frame });
            if !is_elsewhere {
                self.checked_by(*site, found);
            }
        }
    }

    /// What a call checks against a schema: `schema.parse(body)`; remembered, for it flows into many tests.
    pub(super) fn checked_by(&self, site: Site, found: &mut Vec<Measure<'m>>) {
        let key = (site, self.is_library.get());
        let known = self.checks.borrow().get(&key).cloned();
        let checked = known.unwrap_or_else(|| {
            // What a check is given may itself have been checked.
            self.checks.borrow_mut().insert(key, Rc::from([]));
            let mut checked = Vec::new();
            self.find_checked(site, &mut checked);
            let checked: Rc<[Measure<'m>]> = checked.into();
            self.checks.borrow_mut().insert(key, checked.clone());
            checked
        });
        for measure in checked.iter() {
            add(found, measure.clone());
        }
    }

    fn find_checked(&self, site: Site, found: &mut Vec<Measure<'m>>) {
        let program = self.case.program;
        let call = program.units.calls[site.call].call;
        let method = match &call.callee.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name.as_str(),
            _ => return,
        };
        let schema = if parses(method) { self.schema_of(site) } else { self.schema_told_by(site) };
        let Some(schema) = schema else { return };
        // `serializer.is_valid(raise_exception=True)`: it is asked of what its object was made with.
        let made = match &schema {
            Value::Instance { site: Some(made), .. } if call.arguments.iter().all(|each| each.name.is_some()) => {
                Some(*made)
            }
            _ => None,
        };
        let own = made.into_iter().flat_map(|made| {
            program.units.calls[made.call].call.arguments.iter().map(move |argument| (argument, made.frame))
        });
        let given = call.arguments.iter().take(2).map(|argument| (argument, site.frame));
        for (argument, frame) in given.chain(own) {
            for (key, value) in checked_parts(&argument.value) {
                let mut trace = Trace::new(self);
                trace.follow(value, frame, State::default());
                for leaf in trace.out.into_iter().filter(|leaf| leaf.origin != Origin::Store) {
                    let Leaf { path, origin, part, .. } = leaf;
                    let key = key.map(str::to_owned);
                    add(found, Measure::Schema { path, origin, part, schema: schema.clone(), key });
                }
            }
        }
    }

    /// What a set of gates measures.
    pub(super) fn measured_by_all(&self, gates: &[Gate<'m>], found: &mut Vec<Measure<'m>>) {
        // What is refused because it is too short may be of any length.
        let asks_for_more =
            |gate: &&Gate<'m>| only_asks_for_more(self.case.program, gate.test, gate.frame, !gate.refuses_when);
        for gate in gates.iter().filter(|gate| !asks_for_more(gate)) {
            self.measured_by(gate.test, gate.frame, found);
        }
        for gate in gates {
            self.told_as_numbers(gate, found);
        }
    }

    /// What a gate refuses that is no number: the rest is no text of any length.
    fn told_as_numbers(&self, gate: &Gate<'m>, found: &mut Vec<Measure<'m>>) {
        let told = numbers::told(self.case.program, gate.test, gate.frame, !gate.refuses_when, 0);
        for expression in told.into_iter().filter(|told| numbers::is_taken(self.case.program, told, gate.frame, 0)) {
            let mut trace = Trace::new(self);
            trace.follow(expression, gate.frame, State { in_content: trace.is_library, ..State::default() });
            for leaf in trace.out {
                let Leaf { name, path, origin, part, .. } = leaf;
                add(found, Measure::Length { name, path, origin, part, extent: Extent::Own });
            }
        }
    }
}

/// What a check is given: as a whole, or each part of the request under the key at which the schema speaks of it:
/// `schema.parse({ body: req.body, query: req.query })`.
fn checked_parts(given: &Expression) -> Vec<(Option<&str>, &Expression)> {
    match &given.kind {
        ExpressionKind::Object(entries) if entries.iter().all(|entry| is_part_under(entry.key.as_deref(), entry)) => {
            entries.iter().map(|entry| (entry.key.as_deref(), &entry.value)).collect()
        }
        _ => vec![(None, given)],
    }
}

/// Whether an entry of an object holds the part of a request that is its key: `{ body: request.body }`.
fn is_part_under(key: Option<&str>, entry: &Entry) -> bool {
    matches!(&entry.value.kind, ExpressionKind::Member { name, .. } if key == Some(name))
        && key.is_some_and(|key| Part::of(&[key.to_owned()]).is_some())
}

pub(super) fn add<'m>(found: &mut Vec<Measure<'m>>, measure: Measure<'m>) {
    if !found.contains(&measure) {
        found.push(measure);
    }
}

/// What both ways measure.
pub(super) fn common<'m>(ways: Vec<Vec<Measure<'m>>>) -> Vec<Measure<'m>> {
    let mut ways = ways.into_iter();
    let Some(mut common) = ways.next() else { return Vec::new() };
    for way in ways {
        common.retain(|measure| way.contains(measure));
    }
    common
}
