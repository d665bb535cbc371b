//! Where what a parameter holds comes from: callers, frameworks, the request.

use crate::judge::inputs::schemas::{Ask, Limit, Schemas};
use crate::judge::inputs::words::*;
use crate::judge::inputs::{Leaf, LeafKind, Origin, Part};
use crate::link::entries::injected_for;
use crate::link::passing::own_receiver;
use crate::link::units::UnitId;
use crate::link::{FrameId, How, Site, Value};
use crate::model::*;

use super::{Found, State, Trace, meaningful};

impl<'t, 'c, 'p, 'm> Trace<'t, 'c, 'p, 'm> {
    pub(super) fn parameter(&mut self, expression: &'m Expression, index: usize, frame: FrameId, state: State<'m>) {
        let program = self.program();
        let here = program.frame(frame);
        let Some(function) = program.units.units[here.unit].function else { return };
        let Some(parameter) = function.parameters.get(index) else { return };
        match here.how {
            How::Call(site) => {
                if let Some(rest) = self.rest_passed(function, index, site) {
                    for argument in rest {
                        self.follow(argument, site.frame, state.clone());
                    }
                } else if let Some((argument, frame)) = program.passed_from(function, index, site) {
                    self.follow(argument, frame, state);
                } else if let Some((spread, name)) = self.spread_for(parameter, site) {
                    let mut state = state;
                    state.take_part(name, (site.frame, spread.span));
                    self.follow(spread, site.frame, state);
                } else if parameter.kind == ParameterKind::KeywordRest {
                    self.keywords(function, site, state);
                } else if self.hands_request_on(site) {
                    self.outside(expression, parameter, index, frame, state);
                } else if let Some(default) = &parameter.default {
                    self.follow(default, here.closure.unwrap_or(frame), state);
                } else if let Some(object) = self.called_on(parameter, site, here.receiver.as_deref()) {
                    self.follow(object, site.frame, state);
                }
            }
            How::Open => {
                for site in program.callers_of(here.unit).iter().take(6) {
                    if let Some(argument) = program.passed_expression(function, index, *site) {
                        let mut state = state.clone();
                        // No way from an entry point leads here that would tell what is refused on it.
                        if self.is_library {
                            let refusals = self.inputs.case.guards.refusals(&vec![*site]);
                            state.gates.extend(refusals.into_iter().map(|gate| (gate.test, gate.frame)));
                        }
                        self.follow(argument, site.frame, state);
                    }
                }
                if self.is_library && self.is_handed_in(here.unit, parameter, &state)
                    || self.inputs.handlers().contains(&here.unit)
                    || self.is_listened_to(here.unit)
                {
                    self.outside(expression, parameter, index, frame, state);
                }
            }
            How::Wraps(_) => {}
            How::Framework if index == 0 && self.is_mapped(here.unit) => self.item_of_mapped(here.unit, state),
            How::Framework if self.inputs.handlers().contains(&here.unit) || self.is_listened_to(here.unit) => {
                self.outside(expression, parameter, index, frame, state);
            }
            // Of what a graph works on the steps write some parts themselves; the conversation grows by both.
            How::Framework if index == 0 && self.inputs.case.entries.is_step(here.unit) => {
                let is_sent = |part: &String| part == TURNS || !self.inputs.is_written_by_steps(part);
                if state.path.last().is_none_or(is_sent) {
                    let mut state = state;
                    state.count |= self.inputs.is_cut_by_steps();
                    self.outside(expression, parameter, index, frame, state);
                }
            }
            How::Framework => self.item_of_receiver(function, index, here.unit, here.closure, state),
        }
    }

    /// All that a call passes for a parameter that takes the rest (`refuse_longer(600, title, *questions)`), where that is
    /// more than one, or a list that is spread.
    fn rest_passed(&self, function: &'m Function, index: usize, site: Site) -> Option<Vec<&'m Expression>> {
        let program = self.program();
        let takes_rest = function.parameters.get(index)?.kind == ParameterKind::Rest;
        if !takes_rest || program.is_handed_over(site.call) {
            return None;
        }
        let arguments = &program.units.calls[site.call].call.arguments;
        let rest = arguments.iter().filter(|argument| argument.name.is_none());
        let rest: Vec<&Argument> = rest.skip(index.saturating_sub(own_receiver(function))).collect();
        let is_list = |argument: &&Argument| match &argument.value.kind {
            ExpressionKind::Spread(inner) => {
                // What a wrapper hands on as it was given is looked up where it was.
                program.handed_on(inner, site.frame, ParameterKind::Rest).is_none()
            }
            _ => false,
        };
        let is_more = rest.iter().any(is_list) || rest.len() > 1;
        is_more.then(|| rest.into_iter().map(|argument| &argument.value).collect())
    }

    /// Whether a call hands on all that a handler is given: `(...given) => run(...given)`.
    fn hands_request_on(&self, site: Site) -> bool {
        let program = self.program();
        let here = program.frame(site.frame);
        let is_rest = |name: &str| {
            program.units.units[here.unit].function.is_some_and(|function| {
                function.parameters.iter().any(|parameter| {
                    parameter.kind == ParameterKind::Rest
                        && matches!(&parameter.target.kind, ExpressionKind::Name(own) if own == name)
                })
            })
        };
        here.how == How::Framework
            && self.inputs.handlers().contains(&here.unit)
            && program.units.calls[site.call].call.arguments.iter().any(|argument| match &argument.value.kind {
                ExpressionKind::Spread(inner) => matches!(&inner.kind, ExpressionKind::Name(name) if is_rest(name)),
                _ => false,
            })
    }

    /// What a method is called on that nobody in the program has made, such as the body of a request: `question.check()`.
    fn called_on(&self, parameter: &'m Parameter, site: Site, receiver: Option<&Value<'m>>) -> Option<&'m Expression> {
        let is_self = matches!(&parameter.target.kind, ExpressionKind::Name(name) if name == "self");
        let Some(Value::Instance { class, site: None }) = receiver.filter(|_| is_self) else { return None };
        let program = self.program();
        if program.constructor(*class).is_some() || !program.constructions_of(*class).is_empty() {
            return None;
        }
        match &program.units.calls[site.call].call.callee.kind {
            ExpressionKind::Member { object, .. } => Some(object),
            _ => None,
        }
    }

    /// Whether a function is called each time that something comes in.
    pub(super) fn is_listened_to(&self, unit: UnitId) -> bool {
        self.program().is_given_by_library(unit) && !self.inputs.handlers().contains(&unit)
    }

    /// What a call spreads over the parameters that it does not name: `reply(**form.cleaned_data)`.
    fn spread_for(&self, parameter: &'m Parameter, site: Site) -> Option<(&'m Expression, &'m str)> {
        let arguments = &self.program().units.calls[site.call].call.arguments;
        let spread = arguments.iter().find(|argument| argument.name.as_deref() == Some("**"))?;
        match (&parameter.target.kind, parameter.kind) {
            (ExpressionKind::Name(name), ParameterKind::Plain | ParameterKind::KeywordOnly) if name != "self" => {
                Some((&spread.value, name))
            }
            _ => None,
        }
    }

    /// What a call names that the function has no parameter for: `def relay(**options)`, called `relay(**body)`.
    fn keywords(&mut self, function: &'m Function, site: Site, state: State<'m>) {
        let has_parameter = |name: &str| {
            let mut targets = function.parameters.iter().map(|parameter| &parameter.target.kind);
            targets.any(|target| matches!(target, ExpressionKind::Name(own) if own == name))
        };
        let wanted = state.path.last().cloned();
        for argument in &self.program().units.calls[site.call].call.arguments {
            let Some(name) = argument.name.as_deref() else { continue };
            let mut state = State { in_chain: false, ..state.clone() };
            match &wanted {
                _ if name == "**" => {}
                _ if has_parameter(name) => continue,
                Some(wanted) if wanted != name => continue,
                Some(_) => {
                    state.path.pop();
                }
                None => {}
            }
            self.follow(&argument.value, site.frame, state);
        }
    }

    /// Whether a parameter of a function that nobody in the program calls is a text that its callers have from a user:
    /// of a function for others, not what objects are set up with.
    fn is_handed_in(&self, unit: UnitId, parameter: &Parameter, state: &State<'m>) -> bool {
        let program = self.program();
        let info = &program.units.units[unit];
        let is_constructor = info.class.is_some_and(|class| program.constructor(class) == Some(unit));
        let name = match &parameter.target.kind {
            ExpressionKind::Name(name) => name.as_str(),
            _ => return false,
        };
        state.path.is_empty()
            && !is_constructor
            && !info.name().is_empty()
            && !info.name().starts_with('_')
            && parameter.default.is_none()
            && !is_instruction(name)
            && !names_no_prose(name)
            && parameter.annotation.as_ref().map_or(state.in_content, is_free_text)
            && program.callers_of(unit).is_empty()
    }

    /// The parameter of a function that a method runs for each item of what it is called on.
    pub(super) fn item_of_receiver(
        &mut self,
        function: &'m Function,
        index: usize,
        unit: UnitId,
        closure: Option<FrameId>,
        mut state: State<'m>,
    ) {
        let program = self.program();
        let (Some(parent), Some(closure)) = (program.units.units[unit].parent, closure) else { return };
        let given = program.units.units[parent].calls.iter().find_map(|call| {
            let call = program.units.calls[*call].call;
            let is_given = call.arguments.iter().any(
                |argument| matches!(&argument.value.kind, ExpressionKind::Function(each) if std::ptr::eq(each.as_ref(), function)),
            );
            match &call.callee.kind {
                ExpressionKind::Member { object, name } if is_given && iterates(name) => Some((object, name.as_str())),
                _ => None,
            }
        });
        if let Some((object, method)) = given
            && index == usize::from(method == "reduce")
        {
            state.items = true;
            self.follow(object, closure, state);
        }
    }

    /// A parameter that a framework fills: what the user sends, unless it is injected or no text.
    pub(super) fn outside(
        &mut self,
        expression: &'m Expression,
        parameter: &'m Parameter,
        index: usize,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        let program = self.program();
        let unit = program.unit_of_frame(frame);
        let closure = program.frame(frame).closure.unwrap_or(frame);
        let schemas = Schemas { program };
        let injected = injected_for(program, parameter, closure);
        for value in &injected {
            if let Some(frame) = crate::link::entries::frame_of(program, value) {
                self.returns(program.unit_of_frame(frame), frame, &state);
            }
        }
        if !injected.is_empty() {
            return;
        }
        let is_never_long = program.is_never_long(unit, index) || parameter.annotation.as_ref().is_some_and(is_no_text);
        if is_never_long && state.path.is_empty() {
            return;
        }
        let own = match &parameter.target.kind {
            ExpressionKind::Name(name) => name.as_str(),
            _ => "",
        };
        let path = self.path_in(parameter, closure, &state.path);
        let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
        if let (Some(field), Some(annotation)) = (borrowed.first(), &parameter.annotation) {
            let classes = program.annotation(annotation, closure);
            // A list of messages that a class does not have is not in its objects. The state of what a platform serves
            // may have it of a class of the library.
            if is_list_name(field) && !self.inputs.case.entries.is_step(unit) && schemas.lack_field(&classes, field) {
                return;
            }
            let is_no_text = classes.iter().any(|value| match value {
                Value::Instance { class, .. } => schemas.is_no_text(*class, field),
                _ => false,
            });
            if is_no_text {
                return;
            }
        }
        if borrowed.is_empty() && parameter.annotation.as_ref().is_some_and(|each| schemas.is_choice(each, closure)) {
            return;
        }
        let text = schemas.of_parameter(parameter, closure, &borrowed, Ask::Text);
        let count = schemas.of_parameter(parameter, closure, &borrowed, Ask::Count);
        if state.path.is_empty() {
            state.place = Some((program.module_of(unit), parameter.span));
        }
        let is_request = program
            .parameter(index, frame)
            .iter()
            .any(|value| matches!(value, Value::Library { path, .. } if self.inputs.is_request(path)));
        // What a framework is known to pass is an object of a schema: `perform_create(self, serializer)`.
        let known = program.received_object(unit, index).map(|class| Value::Instance { class, site: None });
        state.schema = state.schema.or(known.map(|schema| (schema, path.clone())));
        let origin = if is_request { Origin::Request } else { Origin::Parameter(unit, index) };
        let alias = state.aliases.last().map_or("", |alias| alias.name);
        let own = if own.is_empty() { alias } else { own };
        let is_list =
            |annotation: &Expression| items_of(annotation).is_some_and(|item| !is_free_text(item) && !is_no_text(item));
        let is_messages = self.is_message_list(parameter, closure, &borrowed)
            || state.whole && self.is_declared(parameter, closure, &borrowed, is_list);
        // What the program gives to its handlers no user has sent; a conversation may be kept there all the same.
        let is_kept = is_messages || borrowed.iter().any(|part| is_list_name(part)) || state.items;
        if !is_kept && parameter.annotation.as_ref().is_some_and(|each| program.is_of_program(each, closure)) {
            return;
        }
        let is_one_text = self.is_declared(parameter, closure, &borrowed, is_free_text);
        let found = Found { origin, path, text, count, is_messages, is_one_text };
        self.arrive(expression, own, closure, state, found);
    }

    /// The way from a parameter to what is taken of it: its fields, or the parts of a request.
    pub(super) fn path_in(&self, parameter: &'m Parameter, frame: FrameId, path: &[String]) -> Vec<String> {
        let program = self.program();
        let has_field = |name: &String| {
            parameter.annotation.as_ref().is_some_and(|annotation| {
                program.annotation(annotation, frame).iter().any(|value| match value {
                    Value::Instance { class, .. } => program.units.classes[*class].fields.contains_key(name.as_str()),
                    _ => false,
                })
            })
        };
        if path.last().is_some_and(has_field) { path.iter().rev().cloned().collect() } else { meaningful(path) }
    }

    /// Whether a parameter, or a field of it, is a list of things with a role: messages, whatever they are called.
    pub(super) fn is_message_list(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str]) -> bool {
        let program = self.program();
        let Some(annotation) = &parameter.annotation else { return false };
        let with_role = |item: &'m Expression, frame: FrameId| {
            program.annotation(item, frame).iter().any(|value| match value {
                Value::Instance { class, .. } => {
                    let fields = &program.units.classes[*class].fields;
                    ["role", "sender", "author", "speaker"].iter().any(|name| fields.contains_key(name))
                }
                _ => false,
            })
        };
        let Some(field) = path.first() else {
            return items_of(annotation).is_some_and(|item| with_role(item, frame));
        };
        program.annotation(annotation, frame).iter().any(|value| match value {
            Value::Instance { class, .. } => {
                let info = &program.units.classes[*class];
                let home = program.open_frame(info.unit);
                info.fields.get(field).is_some_and(|fields| {
                    fields.iter().any(|(_, assignment)| {
                        let items = assignment.annotation.as_ref().and_then(items_of);
                        items.is_some_and(|item| with_role(item, home))
                    })
                })
            }
            _ => false,
        })
    }

    /// Whether a parameter, or a field of it, is declared as something.
    fn is_declared(
        &self,
        parameter: &'m Parameter,
        frame: FrameId,
        path: &[&str],
        asked: impl Fn(&Expression) -> bool,
    ) -> bool {
        let Some(annotation) = &parameter.annotation else { return false };
        let Some(field) = path.first() else { return asked(annotation) };
        let program = self.program();
        program.annotation(annotation, frame).iter().any(|value| match value {
            Value::Instance { class, .. } => {
                let fields = program.units.classes[*class].fields.get(field).into_iter().flatten();
                fields.filter_map(|(_, field)| field.annotation.as_ref()).any(&asked)
            }
            _ => false,
        })
    }

    /// What comes from outside has been reached.
    pub(super) fn arrive(
        &mut self,
        expression: &'m Expression,
        own: &str,
        frame: FrameId,
        state: State<'m>,
        found: Found,
    ) {
        if !self.follows_names && state.path.iter().any(|part| is_no_text_part(part)) {
            return;
        }
        if found.origin == Origin::Request && !state.put_back && self.handed_over(&state, frame) {
            return;
        }
        let program = self.program();
        let Found { origin, mut path, mut text, mut count, is_messages, is_one_text } = found;
        if let Some((schema, way)) = &state.schema {
            let schemas = Schemas { program };
            if path.is_empty() {
                path.clone_from(way);
            }
            let borrowed: Vec<&str> = way.iter().map(String::as_str).collect();
            text = text.or(|| schemas.of_schema(schema, &borrowed, Ask::Text, 0));
            count = count.or(|| schemas.of_schema(schema, &borrowed, Ask::Count, 0));
        }
        let (module, span) =
            state.place.unwrap_or_else(|| (program.module_of(program.unit_of_frame(frame)), expression.span));
        // A list of messages goes by the name of the list, whatever is taken of its items.
        // What is one message's text as it is may be the transcript of a recording.
        let is_whole_text = is_one_text || state.in_content && !state.items && !state.in_text;
        let is_many = |part: &str| is_list_name(part) && !(is_whole_text && may_be_one_text(part));
        let listed = path.iter().find(|part| is_many(part)).cloned();
        let is_spread = state.turns && !state.count && !state.sliced && !state.in_content && !state.in_text;
        // What is handed on as it is where a list of messages is asked for is one, whatever it is called.
        let is_one = is_one_text || state.in_content || state.in_text || state.items || state.one;
        let is_handed_on = state.whole && state.as_messages && !is_one;
        let is_list = is_messages || is_spread || is_handed_on || listed.is_some() || path.is_empty() && is_many(own);
        let first = path.first().cloned().filter(|_| is_messages);
        let name = listed.or(first).or_else(|| path.last().cloned()).unwrap_or_else(|| own.to_owned());
        // A cut of a list bounds its items in number; the text of each may still be of any length.
        self.add(Leaf {
            kind: if is_list { LeafKind::Messages } else { LeafKind::User },
            name,
            path,
            origin,
            part: if origin == Origin::Request { Part::of(&state.path) } else { None },
            module,
            span,
            text: if state.text || state.sliced && !is_list { Limit::Held } else { text },
            count: if state.count || state.sliced { Limit::Held } else { count },
            is_items: state.items,
            is_one: state.one,
            is_text: state.in_text,
            gates: state.gates,
            memory: None,
        });
    }

    /// Follows what the program itself has put on the request, where that is taken from it. Whether it has taken the place
    /// of all that was sent there.
    pub(super) fn handed_over(&mut self, state: &State<'m>, frame: FrameId) -> bool {
        let place = state.path.iter().rposition(|part| !is_container(part));
        let Some((at, key)) = place.and_then(|at| Some((at, state.path.get(at)?))) else { return false };
        let puts = self.inputs.put_on_request(key, frame, state.read);
        for put in &puts {
            let mut state = State { in_chain: false, place: None, put_back: true, ..state.clone() };
            state.path.truncate(at);
            self.follow(put.value, put.frame, state);
        }
        puts.iter().any(|put| put.is_sure)
    }
}
