//! Slices: everything that flows into an expression, through names, parameters, attributes and results.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::children;
use super::exits::exit_of;
use super::gates::Gate;
use super::places::Placed;

impl<'m> Program<'m> {
    /// Everything that flows into a gate's decision: its test and the conditions around it.
    pub fn gate_slice(&self, gate: &Gate<'m>) -> Slice<'m> {
        let mut slice = Slice::default();
        self.slice_into(gate.test, gate.frame, &mut slice, 0);
        for (_, node) in self.units.ancestors(gate.node).skip(1) {
            if let NodeKind::Then(test) | NodeKind::Otherwise(test) = node.kind {
                self.slice_into(test, gate.frame, &mut slice, 0);
            }
        }
        slice
    }

    /// Everything that flows into an expression, with the frame in which it stands; remembered, for conditions ask it of
    /// the same tests.
    pub fn slice(&self, expression: &'m Expression, frame: FrameId) -> Rc<Slice<'m>> {
        self.slice_of(expression, frame, false)
    }

    /// What flows into an expression within the program: what comes back from outside is not what was sent there.
    pub fn slice_inside(&self, expression: &'m Expression, frame: FrameId) -> Rc<Slice<'m>> {
        self.slice_of(expression, frame, true)
    }

    fn slice_of(&self, expression: &'m Expression, frame: FrameId, inside: bool) -> Rc<Slice<'m>> {
        let key = (std::ptr::from_ref(expression) as usize, frame, inside);
        if let Some(known) = self.slices.borrow().get(&key) {
            return known.clone();
        }
        let mut slice = Slice { inside, ..Slice::default() };
        let cuts = self.cuts.get();
        self.slice_into(expression, frame, &mut slice, 0);
        (slice.seen, slice.seen_sites) = (FxHashSet::default(), FxHashSet::default());
        slice.parts.shrink_to_fit();
        let slice = Rc::new(slice);
        if self.cuts.get() == cuts && self.sliced.get() < REMEMBERED {
            self.sliced.set(self.sliced.get() + slice.parts.len());
            self.slices.borrow_mut().insert(key, slice.clone());
        }
        slice
    }

    pub(super) fn slice_into(&self, expression: &'m Expression, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let key = (std::ptr::from_ref(expression) as usize, frame, (slice.partly, slice.asked, slice.under));
        if depth > 80 || slice.parts.len() >= SLICE || !slice.seen.insert(key) {
            return;
        }
        slice.parts.push((expression, frame));
        use ExpressionKind as E;
        match &expression.kind {
            E::Name(name) => self.slice_name(name, expression.span, frame, slice, depth),
            E::Call(call) => self.slice_call(call, frame, slice, depth),
            E::Member { object, name } => {
                slice.beneath(Some(name), |slice| self.slice_holder(object, frame, slice, depth));
                self.slice_attribute(expression, frame, slice, depth);
                self.slice_told(object, expression.span, frame, slice, depth);
            }
            E::Index { object, index } => {
                let key = match &index.kind {
                    E::Literal(Literal::Text(key)) => Some(key.as_str()),
                    _ => None,
                };
                slice.beneath(key, |slice| self.slice_into(object, frame, slice, depth + 1));
                slice.beneath(None, |slice| self.slice_into(index, frame, slice, depth + 1));
            }
            E::Object(entries) => {
                let taken = slice.under.filter(|key| entries.iter().any(|entry| entry.key.as_deref() == Some(key)));
                let flows_in = |entry: &&Entry| taken.is_none() || entry.key.is_none() || entry.key.as_deref() == taken;
                slice.beneath(None, |slice| {
                    let flowing = entries.iter().filter(flows_in);
                    flowing.for_each(|entry| self.slice_into(&entry.value, frame, slice, depth + 1));
                });
            }
            E::Function(_) => {}
            E::Await(inner) => self.slice_into(inner, frame, slice, depth + 1),
            E::Conditional { test, then, otherwise } => {
                slice.beneath(None, |slice| self.slice_into(test, frame, slice, depth + 1));
                self.slice_into(then, frame, slice, depth + 1);
                self.slice_into(otherwise, frame, slice, depth + 1);
            }
            _ => slice.beneath(None, |slice| {
                children(expression, &mut |child| self.slice_into(child, frame, slice, depth + 1));
            }),
        }
    }

    /// What a member is taken from: of an instance of the program only which one it is, not all that it was made with.
    pub(super) fn slice_holder(&self, object: &'m Expression, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let is_own = self.values(object, frame).iter().any(|value| matches!(value, Value::Instance { .. }));
        let before = slice.partly;
        slice.partly |= is_own;
        self.slice_into(object, frame, slice, depth + 1);
        slice.partly = before;
    }

    fn slice_name(&self, name: &'m str, read: Span, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            let Some(bindings) = self.units.bindings_at(here.unit, name, read) else {
                at = here.closure;
                continue;
            };
            for binding in self.units.beside(here.unit, name, bindings, read).iter() {
                match binding {
                    Binding::Value { value, access, .. } => match access.first() {
                        Some(Access::Position(place)) => {
                            slice.beneath(None, |slice| self.slice_placed(value, *place, id, slice, depth));
                        }
                        Some(access) => {
                            let key = match access {
                                Access::Key(key) => Some(*key),
                                _ => None,
                            };
                            slice.beneath(key, |slice| self.slice_into(value, id, slice, depth + 1));
                        }
                        None => self.slice_into(value, id, slice, depth + 1),
                    },
                    Binding::Element { over, .. } => {
                        slice.beneath(None, |slice| self.slice_into(over, id, slice, depth + 1));
                    }
                    Binding::Context(context) => {
                        slice.beneath(None, |slice| self.slice_into(context, id, slice, depth + 1));
                    }
                    Binding::Parameter { index, .. } => self.slice_parameter(*index, id, slice, depth),
                    Binding::Import(_) => {
                        let values = self.outer_values(name, id);
                        for value in values {
                            if let Value::Data { expression, frame } = value {
                                self.slice_into(expression.0, frame, slice, depth + 1);
                            }
                        }
                    }
                    _ => {}
                }
            }
            slice.beneath(None, |slice| self.slice_growth(name, here.unit, slice, depth));
            return;
        }
    }

    /// Of things that are given together the one at a place flows in, and what decides which are given.
    fn slice_placed(&self, value: &'m Expression, place: usize, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let Some(placed) = self.placed(value, frame, place) else {
            return self.slice_into(value, frame, slice, depth + 1);
        };
        if let Some(site) = self.awaited_call(value, frame)
            && slice.seen_sites.insert(site)
        {
            slice.sites.push(site);
        }
        for Placed { item, frame, of } in placed {
            if let Some(unit) = of {
                slice.frames.push(frame);
                self.slice_choices(unit, frame, slice, depth);
            }
            self.slice_into(item, frame, slice, depth + 1);
        }
    }

    /// `missing.push(name)`: what is put into a collection, and when, flows into it.
    pub(super) fn slice_growth(&self, name: &'m str, unit: UnitId, slice: &mut Slice<'m>, depth: usize) {
        for (call, frame) in self.growth(name, unit) {
            let info = &self.units.calls[call];
            for argument in &info.call.arguments {
                self.slice_into(&argument.value, frame, slice, depth + 1);
            }
            for (_, node) in self.units.ancestors(info.node) {
                if let NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } = node.kind {
                    self.slice_into(test, frame, slice, depth + 1);
                }
            }
        }
    }

    /// The calls that add to a collection by its name, in the unit that binds it and those inside it.
    pub fn growth(&self, name: &str, unit: UnitId) -> Vec<(CallId, FrameId)> {
        let calls = self.units.units[unit].growth.get(name).into_iter().flatten();
        calls.map(|call| (*call, self.open_frame(self.units.calls[*call].unit))).collect()
    }

    pub(super) fn outer_values(&self, name: &'m str, frame: FrameId) -> Vec<Value<'m>> {
        self.named_values(name, frame)
    }

    /// What is passed for a parameter: the argument, or what is injected.
    pub(super) fn slice_parameter(&self, index: usize, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let here = self.frame(frame);
        let Some(function) = self.units.units[here.unit].function else { return };
        let Some(parameter) = function.parameters.get(index) else { return };
        slice.parameters.push((here.unit, index, frame));
        match here.how {
            How::Call(site) => {
                let rest = self.passed_in_rest(function, index, site);
                if !rest.is_empty() {
                    rest.into_iter().for_each(|argument| self.slice_into(argument, site.frame, slice, depth + 1));
                } else if let Some((argument, frame)) = self.passed_from(function, index, site) {
                    self.slice_into(argument, frame, slice, depth + 1);
                } else if let Some(default) = &parameter.default {
                    self.slice_into(default, here.closure.unwrap_or(frame), slice, depth + 1);
                }
            }
            _ => {
                for link in crate::link::entries::injected_for(self, parameter, here.closure.unwrap_or(frame)) {
                    if let Value::Function { unit, .. } = &link
                        && let Some(inner) = crate::link::entries::frame_of(self, &link)
                    {
                        self.slice_unit(*unit, inner, slice, depth);
                    }
                }
            }
        }
    }

    pub(super) fn slice_attribute(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        slice: &mut Slice<'m>,
        depth: usize,
    ) {
        let before = std::mem::replace(&mut slice.partly, false);
        for (unit, inner) in self.properties(expression, frame) {
            self.slice_unit(unit, inner, slice, depth);
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Data { expression: inner, frame } if !std::ptr::eq(inner.0, expression) => {
                    self.slice_into(inner.0, *frame, slice, depth + 1);
                }
                Value::Library { sites, .. } => {
                    for site in sites.iter() {
                        if slice.seen_sites.insert(*site) {
                            slice.sites.push(*site);
                        }
                    }
                }
                _ => {}
            }
        }
        slice.partly = before;
    }

    /// The methods that are read like fields behind a member.
    pub fn properties(&self, expression: &'m Expression, frame: FrameId) -> Vec<(UnitId, FrameId)> {
        let ExpressionKind::Member { object, name } = &expression.kind else { return Vec::new() };
        let values = self.values(object, frame);
        let found = values.iter().filter_map(|value| {
            let class = match value {
                Value::Instance { class, .. } | Value::Class(class) => *class,
                _ => return None,
            };
            let unit = self.property_of(class, name)?;
            let home = self.open_frame(self.units.classes[class].unit);
            Some((unit, self.enter(unit, home, Some(Rc::new(value.clone())), How::Framework)?))
        });
        found.collect()
    }

    pub(super) fn slice_call(&self, call: &'m Call, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let Some(id) = self.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        slice.seen_sites.insert(site);
        slice.sites.push(site);
        let leaves = |path: &Rc<str>| self.is_a(path, Kind::Call) || self.is_a(path, Kind::Http);
        if slice.inside && self.callee_paths(site).iter().any(leaves) || slice.asked && self.makes_client(site) {
            return;
        }
        let callees = self.callees(&call.callee, frame);
        slice.beneath(None, |slice| self.slice_callee(call, frame, slice, depth));
        let mut own = false;
        for callee in callees.iter() {
            if let Value::Function { unit, closure, receiver } = callee
                && let Some(inner) = self.enter(*unit, *closure, receiver.clone(), How::Call(site))
            {
                own = true;
                self.slice_unit(*unit, inner, slice, depth);
            }
        }
        // `db.transaction(async (tx) => free)` gives what its function gives.
        if !own && self.callee_paths(site).iter().any(|path| self.gives_result_of_function(path)) {
            for inner in self.runs(site).iter() {
                self.slice_unit(self.unit_of_frame(*inner), *inner, slice, depth + 1);
            }
        }
        let constructs = slice.partly && callees.iter().any(|callee| matches!(callee, Value::Class(_)));
        // What is given to a function of the program flows only where its parameters flow.
        if !own && !constructs {
            slice.beneath(None, |slice| {
                call.arguments.iter().for_each(|argument| self.slice_into(&argument.value, frame, slice, depth + 1));
            });
        }
    }

    /// What is called, and the object on which it is asked for something; what a method does itself is looked into as a
    /// function of the program.
    fn slice_callee(&self, call: &'m Call, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let ExpressionKind::Member { object, .. } = &call.callee.kind else {
            return self.slice_into(&call.callee, frame, slice, depth + 1);
        };
        let before = slice.asked;
        slice.asked |= slice.inside;
        self.slice_holder(object, frame, slice, depth);
        slice.asked = before;
        if asks_for_answer(call) {
            self.slice_told(object, call.span, frame, slice, depth);
        }
    }

    /// Whether what a library gives is what a function gives that it is given.
    fn gives_result_of_function(&self, path: &str) -> bool {
        let is_result = |value: &str| value.starts_with('#') && value.ends_with("()");
        self.facts_of(path, Kind::Same).iter().any(|(_, fact)| fact.value.as_deref().is_some_and(is_result))
    }

    /// Whether a call makes a client of a library: something that is told by names what to go by, and then asked.
    fn makes_client(&self, site: Site) -> bool {
        let is_named =
            |argument: &Argument| argument.name.is_some() || matches!(argument.value.kind, ExpressionKind::Object(_));
        let takes_names = self.units.calls[site.call].call.arguments.iter().any(is_named);
        // What a language brings along makes values, not clients.
        let is_package = |path: &str| !["builtins.", "globals.", "std."].iter().any(|head| path.starts_with(head));
        let paths = self.callee_paths(site);
        paths.iter().any(|path| self.is_a(path, Kind::Client) || takes_names && is_package(path))
    }

    /// `cursor.execute(query, values)`, then `cursor.fetchone()` or `cursor.rowcount`: what a store was last told through
    /// an object flows into what is asked of that object.
    fn slice_told(&self, object: &'m Expression, at: Span, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let ExpressionKind::Name(name) = &object.kind else { return };
        let unit = &self.units.units[self.unit_of_frame(frame)];
        if !unit.names.contains_key(name.as_str()) {
            return;
        }
        let told = unit.calls.iter().copied().filter(|call| {
            let other = self.units.calls[*call].call;
            other.span.end <= at.start
                && !other.arguments.is_empty()
                && matches!(&other.callee.kind, ExpressionKind::Member { object, .. } if matches!(&object.kind, ExpressionKind::Name(on) if on == name))
        });
        let Some(last) = told.max_by_key(|call| self.units.calls[*call].call.span.start) else { return };
        if self.callee_paths(Site { call: last, frame }).iter().any(|path| self.is_a(path, Kind::Store)) {
            self.slice_call(self.units.calls[last].call, frame, slice, depth + 1);
        }
    }

    /// What a unit returns, and what decides which return is taken.
    pub(super) fn slice_unit(&self, unit: UnitId, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let info = &self.units.units[unit];
        slice.frames.push(frame);
        for expression in info.returns.iter().chain(&info.yields) {
            self.slice_into(expression, frame, slice, depth + 1);
        }
        self.slice_choices(unit, frame, slice, depth);
    }

    /// What decides which return of a unit is taken.
    fn slice_choices(&self, unit: UnitId, frame: FrameId, slice: &mut Slice<'m>, depth: usize) {
        let info = &self.units.units[unit];
        for id in &info.nodes {
            if let NodeKind::If { test, then, otherwise, .. } = self.units.nodes[*id].kind
                && (exit_of(then).is_some() || exit_of(otherwise).is_some() || chooses(info, then, otherwise))
            {
                // What decides is looked at whole.
                let before = std::mem::replace(&mut slice.partly, false);
                slice.beneath(None, |slice| self.slice_into(test, frame, slice, depth + 1));
                slice.partly = before;
            }
        }
    }
}

/// Whether a call asks an object for the answer to what it was told before: with nothing more than how much of it.
fn asks_for_answer(call: &Call) -> bool {
    call.arguments.iter().all(|argument| matches!(argument.value.kind, ExpressionKind::Literal(Literal::Number(_))))
}

/// Whether a test chooses what a name holds that the unit returns: `if over: reason = ".." else: reason = None`, then
/// `return reason`.
fn chooses(unit: &Unit<'_>, then: &Block, otherwise: &Block) -> bool {
    let is_returned = |statement: &Statement| {
        let StatementKind::Assign(assignment) = &statement.kind else { return false };
        let ExpressionKind::Name(target) = &assignment.target.kind else { return false };
        unit.returns.iter().any(|value| matches!(&value.kind, ExpressionKind::Name(name) if name == target))
    };
    then.iter().chain(otherwise).any(is_returned)
}

/// Expressions in one slice.
const SLICE: usize = 1_500;
/// Expressions in all slices that are remembered.
const REMEMBERED: usize = 4_000_000;

/// What flows into an expression.
#[derive(Debug, Default)]
pub struct Slice<'m> {
    pub parts: Vec<(&'m Expression, FrameId)>,
    pub sites: Vec<Site>,
    pub parameters: Vec<(UnitId, usize, FrameId)>,
    /// Frames of the program's own functions whose results flow in.
    pub frames: Vec<FrameId>,
    /// Whether what is sent out of the program does not flow into what comes back.
    inside: bool,
    /// Whether only the choice of an object is looked at, not what the object holds.
    partly: bool,
    /// Whether it is asked what an object answers: what a client was made with does not flow into that.
    asked: bool,
    /// The key under which something is taken out of what is looked at: the other entries of an object do not flow in.
    under: Option<&'m str>,
    seen: FxHashSet<Looked<'m>>,
    seen_sites: FxHashSet<Site>,
}

/// What has been looked at, and how: partly, for what it answers, under a key.
type Looked<'m> = (usize, FrameId, (bool, bool, Option<&'m str>));

impl<'m> Slice<'m> {
    /// Looks at something of which only what stands under a key is asked for; with none, at all of it.
    fn beneath(&mut self, key: Option<&'m str>, look: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.under, key.filter(|_| self.inside));
        look(self);
        self.under = before;
    }
}
