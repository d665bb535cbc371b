//! What is added to a part of an object: `chat.messages.push(turn)`, `params["messages"].append(turn)`; and objects that
//! stay in a collection from turn to turn, with their conversations in them.

use crate::judge::conditions::fallback::walk;
use crate::judge::inputs::changes::part_of;
use crate::judge::inputs::conversations::is_conversation;
use crate::judge::inputs::kept::is_trimmed;
use crate::judge::inputs::same::{Alias, Bound, Same};
use crate::judge::inputs::windows::{self, Window};
use crate::judge::inputs::words::is_list_name;
use crate::judge::inputs::{Leaf, LeafKind, Site, is_handle};
use crate::link::arguments::Given;
use crate::link::units::{Binding, CallId, UnitId};
use crate::link::{FrameId, Value};
use crate::model::*;

use super::{State, Trace};

impl<'m> Trace<'_, '_, '_, 'm> {
    /// Follows what a call adds to a list that is followed.
    pub(super) fn grown_by(&mut self, call: CallId, frame: FrameId, state: &State<'m>) {
        let program = self.program();
        let remade = state.aliases.len();
        let mut state = State { path: Vec::new(), place: state.place, remade, gathered: true, ..state.of_items() };
        let window = windows::filled(program, call, frame);
        state.count |= window.is_some();
        state.text |= window == Some(Window::Text);
        let adding = program.units.calls[call].call;
        // Of a key and a value, the key is no text.
        let is_keyed = matches!(&adding.callee.kind, ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "set" | "setdefault" | "insert"));
        for argument in adding.arguments.iter().skip(usize::from(is_keyed && adding.arguments.len() > 1)) {
            self.follow(&argument.value, frame, state.clone());
        }
    }

    /// Follows what a function writes into the items of one of its lists: `messages[-1]["content"] = text`.
    pub(super) fn rewritten(&mut self, list: &'m str, unit: UnitId, frame: FrameId, state: &State<'m>) {
        let changes = self.inputs.changes();
        for each in changes.rewritten(unit, list) {
            let remade = state.aliases.len();
            let state = State { path: Vec::new(), place: state.place, remade, ..state.of_items() };
            let in_content = state.in_content || each.is_part;
            self.follow(each.value, frame, State { in_content, ..state });
        }
    }

    /// Follows what the same function adds to a part of an object, as it is written there.
    pub(super) fn grown_part(&mut self, expression: &'m Expression, frame: FrameId, state: &State<'m>) {
        let unit = self.program().unit_of_frame(frame);
        let changes = self.inputs.changes();
        let Some(part) = Some(expression).filter(|_| changes.grow_in(unit)).and_then(part_of) else { return };
        for call in changes.added_to_part(unit, &part) {
            self.grown_by(*call, frame, state);
        }
    }

    /// Follows what is added to the parts of an object that is given whole: `create(**params)`, where
    /// `params["messages"].append(turn)` stands before.
    pub(in crate::judge::inputs) fn grown_given(&mut self, site: Site, paths: &[String]) {
        let program = self.program();
        let unit = program.unit_of_frame(site.frame);
        for argument in &program.units.calls[site.call].call.arguments {
            let given = match &argument.value.kind {
                ExpressionKind::Spread(inner) => inner.as_ref(),
                _ => &argument.value,
            };
            let ExpressionKind::Name(name) = &given.kind else { continue };
            for path in paths {
                let Some(key) = path.rsplit('.').next().filter(|key| !key.starts_with('#')) else { continue };
                for call in self.inputs.changes().added_to_part(unit, &format!("{name}.{key}")) {
                    self.grown_by(*call, site.frame, &State::default());
                }
            }
        }
    }

    /// Follows a list of messages in what is handed on whole: `create(body)`, `create({ ...body, stream: true })`,
    /// `create(**body)`, `fetch(url, { body: JSON.stringify(body) })`.
    pub(in crate::judge::inputs) fn whole(&mut self, site: Site, path: &str) {
        let program = self.program();
        let (holder, key) = match path.rsplit_once('.') {
            Some((holder, key)) => (Some(holder), key),
            None => (None, path),
        };
        if !is_list_name(key) {
            return;
        }
        let read = Some((site.frame, program.units.calls[site.call].call.span));
        let state = State { path: vec![key.to_owned()], read, ..State::default() };
        if let Some(holder) = holder {
            // What a library builds step by step is no body of a request.
            let is_built = |value: &Value<'m>| {
                value.path().is_some_and(|path| path.ends_with("()") && !self.inputs.is_request(path))
            };
            if let Given::Present { expression, frame } = program.argument_of(site, holder) {
                let body = put_into_text(expression);
                if !program.values(body, frame).iter().any(is_built) {
                    self.follow(body, frame, state);
                }
            }
            return;
        }
        let is_python = program.modules[program.units.calls[site.call].module].language == Language::Python;
        for argument in &program.units.calls[site.call].call.arguments {
            // What stands in a position is no options where they are named.
            let is_options = argument.name.is_none() && !is_python && !is_handle(argument);
            if argument.name.as_deref() == Some("**") || is_options {
                self.follow(&argument.value, site.frame, state.clone());
            }
        }
    }

    /// Whether a part of an object that a collection keeps grows here: `sessions.get(id).messages`, added to on each turn.
    pub(super) fn is_kept_part(&self, expression: &'m Expression, object: &'m Expression, frame: FrameId) -> bool {
        let unit = self.program().unit_of_frame(frame);
        let changes = self.inputs.changes();
        changes.grow_in(unit)
            && part_of(expression).is_some_and(|part| changes.grows(unit, &part))
            && self.is_of_kept_collection(object, frame)
    }

    /// A conversation in such a part, where following it has found none.
    pub(super) fn keep_part(
        &mut self,
        expression: &'m Expression,
        name: &'m str,
        frame: FrameId,
        found: &[Leaf<'m>],
        state: &State<'m>,
    ) {
        if found.iter().any(|leaf| matches!(leaf.kind, LeafKind::Memory | LeafKind::Rows)) {
            return;
        }
        let program = self.program();
        let module = program.module_of(program.unit_of_frame(frame));
        let own = Alias { name, module, bound: Bound::Attribute(None), is_copy: false };
        let mut names = state.aliases.clone();
        names.push(own);
        if is_conversation(state, &names) {
            let bounded = is_trimmed(&Same::new(self.inputs, &[own]));
            self.add_kept(expression, name, frame, (None, bounded), state);
        }
    }

    /// Whether an object is taken out of a collection that outlives the request.
    fn is_of_kept_collection(&self, object: &'m Expression, frame: FrameId) -> bool {
        let ExpressionKind::Name(name) = &object.kind else { return self.takes_out(object, frame) };
        let program = self.program();
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = program.frame(id);
            if let Some(bindings) = program.units.units[here.unit].names.get(name.as_str()) {
                return bindings.iter().any(|binding| match binding {
                    Binding::Value { value, access, .. } => access.is_empty() && self.takes_out(value, id),
                    _ => false,
                });
            }
            at = here.closure;
        }
        false
    }

    fn takes_out(&self, value: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let mut found = false;
        walk(value, &mut |each| {
            let collection = match &each.kind {
                ExpressionKind::Index { object, .. } => object,
                // `rooms[id] ??= { turns: [] }`
                ExpressionKind::Assign(assignment) => match &assignment.target.kind {
                    ExpressionKind::Index { object, .. } => object,
                    _ => return,
                },
                ExpressionKind::Call(call) => match &call.callee.kind {
                    ExpressionKind::Member { object, name } if matches!(name.as_str(), "get" | "setdefault") => object,
                    _ => return,
                },
                _ => return,
            };
            found |= program.values(collection, frame).iter().any(|value| program.outlives_calls(value));
        });
        found
    }

    /// Whether what a method is called on is a collection that the program fills: what is looked up in it by a key is not
    /// the key.
    pub(super) fn is_filled(&self, object: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        program.values(object, frame).iter().any(|value: &Value<'m>| program.is_filled(value))
    }
}

/// What a call writes as text: `body` of `JSON.stringify(body)`.
fn put_into_text(expression: &Expression) -> &Expression {
    match &expression.kind {
        ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.first()) {
            (ExpressionKind::Member { name, .. }, Some(first)) if matches!(name.as_str(), "stringify" | "dumps") => {
                &first.value
            }
            _ => expression,
        },
        _ => expression,
    }
}
