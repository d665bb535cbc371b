//! The way back from a name to what it was given where it is read.

use crate::link::flow::Placed;
use crate::link::units::{Access, Binding, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Expression, Span};

use super::super::kept::has_greatest_length;
use super::super::same::{Alias, Bound};
use super::super::schemas::Limit;
use super::super::windows::{self, Window};
use super::super::words::is_list_name;
use super::{Found, State, Trace, add_path};

impl<'m> Trace<'_, '_, '_, 'm> {
    pub(super) fn name(&mut self, expression: &'m Expression, name: &'m str, frame: FrameId, mut state: State<'m>) {
        let program = self.program();
        state.in_chain = false;
        let mut at = Some(frame);
        let mut is_outside = false;
        // Where the name is read: within a function that stands in another one, where that function stands.
        let mut read = expression.span;
        while let Some(id) = at {
            let here = program.frame(id);
            let Some(bindings) = program.units.bindings_at(here.unit, name, read) else {
                at = here.closure;
                read = program.units.units[here.unit].span;
                is_outside |= at.is_some_and(|around| self.is_made_once(around));
                // What stands around a function that is called again and again lasts from one time to the next.
                is_outside |= self.is_listened_to(here.unit) || self.inputs.handlers().contains(&here.unit);
                continue;
            };
            state.aliases.push(Alias {
                name,
                module: program.module_of(here.unit),
                bound: Bound::Unit(here.unit),
                is_copy: false,
            });
            let is_kept = is_outside || program.units.units[here.unit].function.is_none();
            // `deque(maxlen=16)` holds no more, whatever is added to it.
            let is_window = |binding: &Binding<'m>| match binding {
                Binding::Value { value, .. } => has_greatest_length(value),
                _ => false,
            };
            state.count |= !bindings.is_empty() && bindings.iter().all(is_window);
            let is_in_function = id == frame || program.units.units[here.unit].function.is_some();
            let mut reaching = if is_in_function { program.reaching(here.unit, name, read) } else { None };
            // A function within runs later: what the name is given behind it may be there by then.
            if let Some(reaching) = reaching.as_mut().filter(|_| id != frame) {
                reaching.dead.retain(|value| value.span.end <= read.start);
            }
            let dead = reaching.as_ref().map_or(&[][..], |reaching| reaching.dead.as_slice());
            self.reassigned(name, (here.unit, id), dead, (id == frame).then_some(read), &mut state);
            state.gathered |= bindings.len() > 1 || !program.growth(name, here.unit).is_empty();
            for binding in bindings {
                let is_dead = reaching.as_ref().is_some_and(|reaching| match binding {
                    Binding::Value { value, .. } => reaching.dead.iter().any(|dead| std::ptr::eq(*dead, *value)),
                    Binding::Parameter { .. } => reaching.is_rebound,
                    _ => false,
                });
                if is_dead {
                    continue;
                }
                let mut state = state.clone();
                match binding {
                    Binding::Value { value, access, .. } => {
                        if is_kept && self.kept(expression, (value, id), name, frame, &state) {
                            continue;
                        }
                        if !is_kept && access.is_empty() && id == frame {
                            self.kept_in_loop(expression, value, name, (here.unit, id), &state);
                        }
                        if let Some(window) = windows::refilled(program, name, value, id) {
                            state.count = true;
                            state.text |= window == Window::Text;
                        }
                        // `job, text = await queue.get()`
                        if let Some(Access::Position(place)) = access.first()
                            && let Some(site) = program.awaited_call(value, id)
                            && self.taken_from_queue(site, Some(*place), &state)
                        {
                            continue;
                        }
                        // `const [row] = await db.select()..`
                        if let Some((Access::Position(_), rest)) = access.split_first()
                            && self.loads_rows(value, id)
                        {
                            // `const [{ messages }] = ..`: a list within the row is all of it.
                            let is_list = |step: &Access<'_>| matches!(step, Access::Key(key) if is_list_name(key));
                            match rest.iter().any(is_list) {
                                true => state.items = true,
                                false => state.take_one(),
                            }
                        }
                        if let Some((Access::Position(place), rest)) = access.split_first()
                            && let Some(placed) = program.placed(value, id, *place)
                        {
                            add_path(&mut state, rest, (id, value.span));
                            self.placed(&placed, &state);
                            continue;
                        }
                        add_path(&mut state, access, (id, value.span));
                        self.follow(value, id, state);
                    }
                    Binding::Element { over, access } => {
                        state.items = true;
                        add_path(&mut state, access, (id, over.span));
                        // What was cut on the way may be the list.
                        let is_whole = !state.gathered && !state.sliced && !state.count;
                        let is_one =
                            (is_whole || self.measures) && self.is_one_each_round(over, expression.span, here.unit);
                        if is_one && !self.measures {
                            state.take_one();
                        }
                        let before = self.out.len();
                        self.follow(over, id, state);
                        if is_one {
                            self.each.extend(before..self.out.len());
                        }
                    }
                    Binding::Context(context) => self.follow(context, id, state),
                    Binding::Parameter { index, access } => {
                        // What a function takes of its parameters it takes before all else.
                        let start = program.units.units[here.unit].span.start;
                        add_path(&mut state, access, (id, Span { start, end: start }));
                        self.parameter(expression, *index, id, state);
                    }
                    Binding::Import(_) => {
                        for value in program.named_values(name, id) {
                            self.outer(expression, &value, name, frame, state.clone());
                        }
                    }
                    _ => {}
                }
            }
            let part = state.path.last().filter(|part| is_list_name(part)).cloned();
            if let Some(part) = part {
                for call in self.inputs.changes().added_to_part(here.unit, &format!("{name}.{part}")) {
                    self.grown_by(*call, id, &state);
                }
            }
            self.rewritten(name, here.unit, id, &state);
            for (call, grown) in program.growth(name, here.unit) {
                // Growth in the frame itself is seen with what it was called with.
                let grown = if program.unit_of_frame(grown) == here.unit { id } else { grown };
                self.grown_by(call, grown, &state);
            }
            return;
        }
        for value in program.values(expression, frame).iter() {
            self.outer(expression, value, name, frame, state.clone());
        }
    }

    /// Whether a function runs when the program starts: what it leaves to the functions that it gives away lasts as long.
    pub(super) fn is_made_once(&self, frame: FrameId) -> bool {
        let program = self.program();
        let is_body = |frame: FrameId| program.units.units[program.unit_of_frame(frame)].function.is_none();
        let here = program.frame(frame);
        let is_started = |site: &Site| is_body(site.frame);
        match here.how {
            How::Call(site) => is_started(&site),
            How::Open => {
                let callers = program.callers_of(here.unit);
                !is_body(frame) && !callers.is_empty() && callers.iter().all(is_started)
            }
            _ => false,
        }
    }

    /// Whether what a loop goes through is used item by item: `for text in texts: ask(text)`. What a generator yields
    /// comes together again.
    pub(super) fn is_one_each_round(&self, over: &Expression, read: Span, unit: UnitId) -> bool {
        let units = &self.program().units;
        let is_generator = units.units[unit].function.is_some_and(|function| function.is_generator);
        let goes_round = |node: &NodeId| match units.nodes[*node].kind {
            NodeKind::Loop(each) => {
                let is_it = each.over.as_ref().is_some_and(|list| list.span.contains(over.span));
                is_it && each.body.iter().any(|statement| statement.span.contains(read))
            }
            _ => false,
        };
        // A test in the loop is about each of the items.
        let tests =
            |node: &NodeId| matches!(units.nodes[*node].kind, NodeKind::If { test, .. } if test.span.contains(read));
        let nodes = &units.units[unit].nodes;
        !is_generator && nodes.iter().any(goes_round) && !nodes.iter().any(tests)
    }

    /// Of things that are given together the one at a place, with the tests that lead to it.
    pub(super) fn placed(&mut self, placed: &[Placed<'m>], state: &State<'m>) {
        for Placed { item, frame, of } in placed {
            let mut state = state.clone();
            let tests = of.map(|unit| self.program().gates_of_result(unit, item, *frame)).unwrap_or_default();
            state.gates.extend(tests.into_iter().map(|test| (test, *frame)));
            self.follow(item, *frame, state);
        }
    }

    /// Something imported or global: a collection of another module, the request itself.
    pub(super) fn outer(
        &mut self,
        expression: &'m Expression,
        value: &Value<'m>,
        name: &'m str,
        frame: FrameId,
        state: State<'m>,
    ) {
        match value {
            Value::Data { expression: data, frame: home }
                if !std::ptr::eq(data.0, expression)
                    && !self.kept(expression, (data.0, *home), name, frame, &state) =>
            {
                self.follow(data.0, *home, state);
            }
            Value::Library { path, .. } if self.inputs.command(path).is_some() => {
                let found = Found::of_command(&state.path);
                self.arrive(expression, name, frame, state, found);
            }
            Value::Library { path, .. } if self.inputs.is_request(path) => {
                let found = Found::of_request(&state.path, Limit::None);
                self.arrive(expression, name, frame, state, found);
            }
            _ => {}
        }
    }
}
