//! Where what a member holds comes from: attributes of objects, parts of what comes from outside.

use std::rc::Rc;

use crate::link::entries::{Entry, frame_of};
use crate::link::units::{Binding, ClassId, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::{Found, State, Trace};
use crate::judge::behaviour::Operation;
use crate::judge::inputs::fleeting::ends_with_its_function;
use crate::judge::inputs::handed::PutElsewhere;
use crate::judge::inputs::kept::{is_trimmed, starts_empty};
use crate::judge::inputs::same::{Alias, Bound, Same};
use crate::judge::inputs::schemas::Limit;
use crate::judge::inputs::windows;
use crate::judge::inputs::words::{is_shared_collection, parses};

/// Where frameworks let the program keep something for a request.
const KEEPS: [&str; 2] = ["state", "locals"];
/// Places at which something is put there that are looked at.
const PUTS: usize = 6;
/// Functions around one that are looked at.
const CALLERS: usize = 24;

impl<'m> Trace<'_, '_, '_, 'm> {
    pub(super) fn member(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        self.cut_in_place(expression, frame, &mut state);
        if self.is_part_cut(expression, frame) {
            self.cut(&mut state);
        }
        if self.held(expression, object, name, None, frame, &state) {
            return;
        }
        // `sys.argv`: a member of a module.
        let program = self.program();
        if program
            .values(expression, frame)
            .iter()
            .filter_map(Value::path)
            .any(|path| self.inputs.command(path).is_some())
        {
            self.note_place(expression, frame, &mut state);
            let found = Found::of_command(&state.path);
            return self.arrive(expression, name, frame, state, found);
        }
        // What a class itself holds (`Store.people`) lasts as long as the program.
        let is_own = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
        let made = program.values(object, frame).iter().find_map(|value| match value {
            Value::Instance { class, site } => Some((*class, *site)),
            Value::Class(class) => Some((*class, None)),
            _ => None,
        });
        if is_own || made.is_some() {
            let class = made.map(|(class, _)| class);
            let site = made.and_then(|(_, site)| site);
            let fleeting = site.is_some_and(|site| ends_with_its_function(program, site));
            let module = program.module_of(program.unit_of_frame(frame));
            state.aliases.push(Alias { name, module, bound: Bound::Attribute(class), is_copy: false });
            let kept = program.values(expression, frame).iter().any(|value| match value {
                Value::Data { expression: data, frame: home } => {
                    let state = State { fleeting, ..state.clone() };
                    self.kept(expression, (data.0, *home), name, frame, &state)
                }
                _ => false,
            });
            // `self.threads = defaultdict(list)`: a collection that a library makes.
            let made: Vec<(&'m Expression, FrameId)> = class
                .and_then(|class| program.units.classes[class].fields.get(name))
                .into_iter()
                .flatten()
                .filter_map(|(unit, field)| Some((field.value.as_ref()?, program.open_frame(*unit))))
                .filter(|(value, _)| matches!(value.kind, ExpressionKind::Call(_)) && starts_empty(value))
                .collect();
            let kept = kept
                || made.into_iter().any(|made| {
                    let state = State { fleeting, ..state.clone() };
                    self.kept(expression, made, name, frame, &state)
                });
            if kept {
                return;
            }
        }
        if self.is_shared(expression, object, name, frame, &state) {
            return;
        }
        if let Some((given, home)) = self.answer_given(object, name, frame) {
            return self.follow(given, home, State { in_chain: false, ..state });
        }
        if self.put_on_request(expression, object, name, frame, &state) {
            return;
        }
        self.grown_part(expression, frame, &state);
        for (unit, inner) in program.properties(expression, frame) {
            self.returns(unit, inner, &state);
        }
        let values = program.values(expression, frame);
        if let Some(count) = values.iter().find_map(|value| self.added_by_client(value, object, frame)) {
            let found = Found { count, is_messages: true, ..Found::of_request(&[], Limit::None) };
            return self.arrive(expression, name, frame, state, found);
        }
        let is_of_request = values.iter().filter_map(Value::path).any(|path| self.inputs.is_request(path));
        let (mut followed, mut put_back) = (false, false);
        for value in values.iter() {
            match value {
                Value::Data { expression: data, frame: home } if !std::ptr::eq(data.0, expression) => {
                    // `body.turns = body.turns.filter(...)`: what is read there is what was in it before.
                    let is_here = program.unit_of_frame(*home) == program.unit_of_frame(frame);
                    let comes_later = is_here && data.0.span.end >= expression.span.end;
                    // What another function puts on something that it is given is not on each request.
                    if !is_here && self.is_put_on_another(object, name, frame, data.0) {
                        continue;
                    }
                    let (data, home, is_sure) =
                        match self.inputs.put_elsewhere((object, name), (frame, expression.span), data.0) {
                            PutElsewhere::OnAnotherWay => continue,
                            PutElsewhere::OnTheWay(put) => (put.value, put.frame, put.is_sure),
                            PutElsewhere::Unknown => (data.0, *home, true),
                        };
                    put_back |= comes_later;
                    // `{ turns: [] }` in place of what is not there yet says nothing about what else it may be; nor does
                    // `{ turns: [{ role: "system", content: PROMPT }] }`.
                    let is_begun = starts_empty(data) || self.is_seed(data, home);
                    let is_all = is_sure && !comes_later && !is_begun;
                    followed |= is_all && !self.is_default(object, name, frame, data);
                    let mut state = state.clone();
                    state.in_chain = false;
                    self.follow(data, home, state);
                }
                Value::Library { path, sites } if self.are_related_rows(path) => {
                    followed = true;
                    if let (Some(site), true) = (sites.last(), state.items) {
                        self.related(expression, object, (name, *site), frame, state.clone());
                    }
                }
                // Settings, clients, modules: nothing that a user sends.
                Value::Library { path, .. } if !self.inputs.is_request(path) && self.is_thing(path) => followed = true,
                // `body.turns.filter(isShown)` is the turns, not the function that is asked of each.
                Value::Function { .. } if is_of_request => {}
                Value::Function { .. } | Value::Class(_) | Value::Module(_) => followed = true,
                _ => {}
            }
        }
        if !followed && !self.attribute(expression, object, name, frame, &state) {
            self.note_place(expression, frame, &mut state);
            state.take_part(name, (frame, expression.span));
            state.put_back |= put_back;
            self.follow(object, frame, state);
        }
    }

    /// What the program itself has put where a framework lets it keep something for a request: `ctx.state.text = text`,
    /// `res.locals.input = input`, also in what stands in front.
    fn put_on_request(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let ExpressionKind::Member { object: root, name: holder } = &object.kind else { return false };
        let program = self.program();
        let is_given = |value: &Value<'m>| match value {
            Value::Parameter { .. } => true,
            Value::Library { sites, .. } => sites.is_empty(),
            _ => false,
        };
        if !KEEPS.contains(&holder.as_str()) || !program.values(root, frame).iter().any(is_given) {
            return false;
        }
        let Some(assigned) = program.units.member_assignments.get(&(holder.as_str(), name)) else { return false };
        let own = program.unit_of_frame(frame);
        let mut followed = false;
        for each in program.assigned_near(assigned, frame).into_iter().take(PUTS) {
            if each.unit == own && each.value.span.end >= expression.span.end {
                continue;
            }
            followed = true;
            let mut homes = if each.unit == own { vec![frame] } else { self.run_in_front(each.unit, frame) };
            if homes.is_empty() {
                homes.push(program.open_frame(each.unit));
            }
            for home in homes {
                self.follow(each.value, home, State { in_chain: false, ..state.clone() });
            }
        }
        followed
    }

    /// The frames in which a function stands in front of the entry points whose handlers a frame runs for: what makes it
    /// may be given something else for each, `validate(Question)`.
    fn run_in_front(&self, unit: UnitId, frame: FrameId) -> Vec<FrameId> {
        let program = self.program();
        let mut around = Vec::new();
        let mut at = Some(frame);
        while let Some(frame) = at.filter(|_| around.len() < CALLERS) {
            around.push(program.unit_of_frame(frame));
            at = match program.frame(frame).how {
                How::Call(caller) => Some(caller.frame),
                _ => program.frame(frame).closure,
            };
        }
        let runs_for = |entry: &&Entry<'m>| {
            let mut handlers = entry.behind.iter().chain([&entry.handler]);
            handlers.any(|handler| around.contains(&program.unit_of_frame(*handler)))
        };
        let mut frames: Vec<FrameId> = Vec::new();
        for entry in self.inputs.case.entries.entries.iter().filter(runs_for) {
            let links = entry.chains.iter().flatten().filter_map(|link| frame_of(program, &link.value));
            let same = links.chain([entry.handler]).filter(|each| program.unit_of_frame(*each) == unit);
            frames.extend(same);
        }
        frames.sort_unstable();
        frames.dedup();
        frames.truncate(PUTS);
        frames
    }

    /// What a function of the program answers, where an object is made with that under a key: `{ messages: recent(turns) }`.
    /// What is done to it there is told by the function, not by what it returns in the end.
    fn answer_given(&self, object: &'m Expression, name: &str, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let program = self.program();
        if !matches!(object.kind, ExpressionKind::Name(_)) {
            return None;
        }
        let values = program.values(object, frame);
        let [Value::Data { expression: made, frame: home }] = &*values else { return None };
        let ExpressionKind::Object(entries) = &made.0.kind else { return None };
        let given = &entries.iter().rev().find(|entry| entry.key.as_deref() == Some(name))?.value;
        let mut answer = match &given.kind {
            // `const { messages } = await prepare(id); respond({ messages })`
            ExpressionKind::Name(name) => {
                let names = &program.units.units[program.unit_of_frame(*home)].names;
                match names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Value { value, operator: None, .. }]) => *value,
                    _ => given,
                }
            }
            _ => given,
        };
        while let ExpressionKind::Await(inner) = &answer.kind {
            answer = inner;
        }
        let ExpressionKind::Call(call) = &answer.kind else { return None };
        let callees = program.values(&call.callee, *home);
        let is_own = !callees.is_empty() && callees.iter().all(|value| matches!(value, Value::Function { .. }));
        // `{ messages: rows.map(asTurn) }`: what a method makes of something is still that.
        let is_made_of =
            || matches!(call.callee.kind, ExpressionKind::Member { .. }) && self.is_stored_or_checked(given, *home);
        (is_own || is_made_of()).then_some((given, *home))
    }

    /// Whether rows of a store flow into a value, or what has been held against a schema.
    fn is_stored_or_checked(&self, value: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let is_stored = |site: Site| self.inputs.case.guards.behaviour.operation(site).is_some_and(Operation::reads);
        let is_checked = |site: Site| match &program.units.calls[site.call].call.callee.kind {
            ExpressionKind::Member { name, .. } => parses(name) && self.inputs.schema_of(site).is_some(),
            _ => false,
        };
        program.slice(value, frame).sites.iter().any(|site| is_stored(*site) || is_checked(*site))
    }

    /// Whether a value is a conversation to which a library adds what its client sends; how many turns of it are kept.
    fn added_by_client(&self, value: &Value<'m>, object: &'m Expression, frame: FrameId) -> Option<Limit> {
        let program = self.program();
        let facts = program.facts_of(value.path()?, Kind::Memory);
        let (_, fact) = facts.into_iter().find(|(_, fact)| fact.role.as_deref() == Some("client"))?;
        let is_kept_short = fact.bound.as_deref().is_some_and(|bound| {
            program.values(object, frame).iter().flat_map(|holder| program.member(holder, bound, None)).any(|most| {
                matches!(most, Value::Data { expression, .. }
                    if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Number(_))))
            })
        });
        Some(if is_kept_short { Limit::Held } else { Limit::None })
    }

    /// Whether a name is that of rows of another table that belong to one: `messages = relationship("Message")`.
    fn are_related_rows(&self, path: &str) -> bool {
        let facts = self.program().facts_of(path.trim_end_matches("()"), Kind::Store);
        facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("items"))
    }

    /// Rows that belong to a row of the program, where they are taken one by one.
    fn related(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        (name, site): (&'m str, Site),
        frame: FrameId,
        mut state: State<'m>,
    ) {
        let program = self.program();
        let class = program.values(object, frame).iter().find_map(|value| match value {
            Value::Instance { class, .. } => Some(*class),
            _ => None,
        });
        let module = program.module_of(program.unit_of_frame(frame));
        state.aliases.push(Alias { name, module, bound: Bound::Attribute(class), is_copy: false });
        // `del chat.messages[:-20]`
        state.count |= is_trimmed(&Same::new(self.inputs, &state.aliases));
        let before = self.out.len();
        self.stored(site, Operation::Many, name, &state);
        // They are loaded where they are asked for, not where the class says that there are any.
        for leaf in self.out.iter_mut().skip(before) {
            (leaf.module, leaf.span) = (module, expression.span);
        }
    }

    /// Whether a value is put on something that is no request, where what is read is a part of one.
    fn is_put_on_another(&self, object: &'m Expression, name: &str, frame: FrameId, data: &Expression) -> bool {
        let program = self.program();
        let is_request = |object: &'m Expression, frame: FrameId| {
            program.values(object, frame).iter().filter_map(Value::path).any(|path| self.inputs.is_request(path))
        };
        let (ExpressionKind::Member { name: holder, .. } | ExpressionKind::Name(holder)) = &object.kind else {
            return false;
        };
        let assigned = program.units.member_assignments.get(&(holder.as_str(), name)).into_iter().flatten();
        let mut puts = assigned.filter(|each| std::ptr::eq(each.value, data)).peekable();
        puts.peek().is_some()
            && is_request(object, frame)
            && puts.all(|each| !is_request(each.object, program.open_frame(each.unit)))
    }

    /// `body.turns.drain(..surplus)`: what is written the same was cut before, in the same function.
    fn cut_in_place(&self, expression: &'m Expression, frame: FrameId, state: &mut State<'m>) {
        let program = self.program();
        let written = Program::written(expression);
        let units = &program.units;
        for call in &units.units[program.unit_of_frame(frame)].calls {
            let cutting = units.calls[*call].call;
            let ExpressionKind::Member { object, .. } = &cutting.callee.kind else { continue };
            if cutting.span.end <= expression.span.start
                && Program::written(object) == written
                && windows::cuts(program, *call, frame)
            {
                self.cut(state);
                state.text |= windows::empties(program, *call, object, frame);
            }
        }
    }

    /// Whether a value is what the class of something from outside gives a field that is left out: `city: str = ""`.
    fn is_default(&self, object: &'m Expression, name: &str, frame: FrameId, data: &Expression) -> bool {
        let program = self.program();
        let is_self = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
        !is_self
            && program.values(object, frame).iter().any(|value| match value {
                Value::Instance { class, site: None } => {
                    let info = &program.units.classes[*class];
                    info.fields.get(name).into_iter().flatten().any(|(unit, field)| {
                        *unit == info.unit
                            && field.annotation.is_some()
                            && field.value.as_ref().is_some_and(|value| std::ptr::eq(value, data))
                    })
                }
                _ => false,
            })
    }

    /// Whether the catalogue knows a name as something else than a part of the request.
    fn is_thing(&self, path: &str) -> bool {
        let program = self.program();
        program.facts(path).iter().any(|id| {
            !matches!(program.catalogue.fact(*id).is, Kind::Request | Kind::Respond | Kind::Reject | Kind::Schema)
        })
    }

    /// Whether a field holds, behind a lock, a conversation that all requests add to.
    fn is_shared(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let program = self.program();
        program.values(object, frame).iter().any(|value| {
            let Value::Instance { class, .. } = value else { return false };
            let info = &program.units.classes[*class];
            let (module, bound) = (info.module, Bound::Attribute(Some(*class)));
            let declared = info.fields.get(name).into_iter().flatten();
            let mut types =
                declared.filter(|(_, field)| field.value.is_none()).filter_map(|(_, field)| field.annotation.as_ref());
            types.any(|annotation| {
                let mut state = state.clone();
                state.aliases.push(Alias { name, module, bound, is_copy: false });
                is_shared_collection(annotation)
                    && self.kept(expression, (annotation, program.open_frame(info.unit)), name, frame, &state)
            })
        })
    }

    /// What an object of the program was given for an attribute: `self.query = query`, a field of a struct literal.
    fn attribute(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        name: &'m str,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let program = self.program();
        let is_self = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
        let mut followed = false;
        for value in program.values(object, frame).iter() {
            let Value::Instance { class, site } = value else { continue };
            let state = State { in_chain: false, place: None, ..state.clone() };
            for (set, frame) in self.settings_of(*class, name, value) {
                followed = true;
                self.follow(set, frame, state.clone());
            }
            let Some(constructor) = program.constructor(*class) else {
                // Elsewhere the object itself leads to where it was made.
                if let Some(site) = site.filter(|site| is_self && self.is_built_with(*class, name, *site)) {
                    followed = true;
                    let mut state = state;
                    state.path.push(name.to_owned());
                    self.constructed(*class, program.units.calls[site.call].call, site.frame, &state);
                }
                continue;
            };
            // `constructor(private query: string)`.
            if let Some(index) = program.units.classes[*class].properties.get(name)
                && let Some(inner) = self.runs_on(constructor, *class, value)
            {
                followed = true;
                self.parameter(expression, *index, inner, state);
            }
        }
        followed
    }

    /// What methods of a class assign to an attribute, each in the frame in which it does.
    fn settings_of(&self, class: ClassId, name: &str, object: &Value<'m>) -> Vec<(&'m Expression, FrameId)> {
        let program = self.program();
        let info = &program.units.classes[class];
        let set = info.fields.get(name).into_iter().flatten().filter(|(unit, _)| *unit != info.unit);
        set.filter_map(|(unit, assignment)| Some((assignment.value.as_ref()?, self.runs_on(*unit, class, object)?)))
            .take(6)
            .collect()
    }

    /// The frame in which a method runs on an object: the constructor is given what the object is made with.
    fn runs_on(&self, unit: UnitId, class: ClassId, object: &Value<'m>) -> Option<FrameId> {
        let program = self.program();
        let home = program.open_frame(program.units.classes[class].unit);
        let how = match object {
            Value::Instance { site: Some(site), .. } if program.constructor(class) == Some(unit) => How::Call(*site),
            _ => return Some(program.open_frame(unit)),
        };
        program.enter(unit, home, Some(Rc::new(object.clone())), how)
    }

    /// Whether a construction without a constructor gives a field: `Researcher { query: task }`.
    fn is_built_with(&self, class: ClassId, name: &str, site: Site) -> bool {
        let program = self.program();
        let arguments = &program.units.calls[site.call].call.arguments;
        let position = program.units.classes[class].order.iter().position(|field| *field == name);
        arguments.iter().any(|argument| argument.name.as_deref() == Some(name))
            || position.and_then(|at| arguments.get(at)).is_some_and(|argument| argument.name.is_none())
    }
}
