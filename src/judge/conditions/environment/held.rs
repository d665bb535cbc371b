//! The variables whose value an expression may hold, as it is or slightly changed.

use std::collections::HashSet;

use crate::link::arguments::Given;
use crate::link::units::{Access, Binding, ClassId};
use crate::link::{FrameId, How, Site, Value};
use crate::model::*;

use super::names::{DEPTH, Named, Seen, Variables};

impl<'m> Variables<'_, 'm> {
    /// The variables whose value an expression may be, as it is or slightly changed.
    pub fn held(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.held_in(expression, frame, &mut HashSet::new(), &mut all, 0);
        all
    }

    pub(super) fn held_in(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        if depth > DEPTH || !seen.insert((std::ptr::from_ref(expression) as usize, frame)) {
            return;
        }
        if let Some(read) = self.read_of(expression, frame) {
            all.extend(read.names);
            return;
        }
        match &expression.kind {
            ExpressionKind::Name(name) => {
                for (binding, home) in self.bindings(name, frame, expression.span) {
                    self.held_by(expression, frame, &binding, home, seen, all, depth + 1);
                }
            }
            ExpressionKind::Member { object, name } => {
                self.held_by_values(expression, frame, seen, all, depth + 1);
                if let Given::Present { expression: inner, frame } = self.program.inside(object, frame, name, 0) {
                    self.held_in(inner, frame, seen, all, depth + 1);
                }
                for value in self.program.values(object, frame).iter() {
                    if let Value::Instance { class, site: None } = value {
                        self.held_by_makers(*class, name, seen, all, depth + 1);
                    }
                }
            }
            ExpressionKind::Index { .. } | ExpressionKind::Call(_)
                if self.program.setting_read(expression, frame).is_some() =>
            {
                all.extend(self.held_as_setting(expression, frame));
            }
            ExpressionKind::Index { object, index } => self.held_under_key(object, index, seen, all, depth + 1),
            ExpressionKind::Call(call) => self.held_by_call(call, frame, seen, all, depth + 1),
            ExpressionKind::Operator { operator, operands }
                if matches!(operator.as_str(), "or" | "??" | "and" | "?" | "=") =>
            {
                operands.iter().for_each(|operand| self.held_in(operand, frame, seen, all, depth + 1));
            }
            ExpressionKind::Conditional { then, otherwise, .. } => {
                self.held_in(then, frame, seen, all, depth + 1);
                self.held_in(otherwise, frame, seen, all, depth + 1);
            }
            ExpressionKind::Await(inner) => self.held_in(inner, frame, seen, all, depth + 1),
            ExpressionKind::Assign(assignment) => {
                if let Some(value) = &assignment.value {
                    self.held_in(value, frame, seen, all, depth + 1);
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a walk with its state")]
    pub(super) fn held_by(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        binding: &Binding<'m>,
        home: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        match binding {
            Binding::Value { value, access, .. } if access.is_empty() => self.held_in(value, home, seen, all, depth),
            Binding::Element { over, access } => match access.as_slice() {
                [] => self.held_items(over, home, seen, all, depth),
                // `for (const [name, value] of Object.entries(config))`.
                [Access::Position(1)] => self.held_items(over, home, seen, all, depth),
                _ => {}
            },
            Binding::Parameter { index, access } if access.is_empty() => {
                for (argument, site) in self.passed(*index, home) {
                    let mut found = Vec::new();
                    self.held_in(argument, site.frame, seen, &mut found, depth);
                    for mut named in found {
                        named.via.push(site.call);
                        all.push(named);
                    }
                }
            }
            Binding::Value { .. } | Binding::Import(_) => self.held_by_values(expression, frame, seen, all, depth),
            _ => {}
        }
    }

    /// What is put under a key of something of the same name: `context["KIND"] = KIND`, read by `context["KIND"]` or
    /// `context.get("KIND")` where the same is handed on.
    fn held_under_key(
        &self,
        object: &'m Expression,
        key: &'m Expression,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        let units = &self.program.units;
        let (ExpressionKind::Name(holder), ExpressionKind::Literal(Literal::Text(key))) = (&object.kind, &key.kind)
        else {
            return;
        };
        for put in units.member_assignments.get(&(holder.as_str(), key.as_str())).into_iter().flatten().take(DEPTH) {
            self.held_in(put.value, self.program.open_frame(put.unit), seen, all, depth);
        }
    }

    /// The variables that the program has put into its settings under the keys that an expression reads:
    /// `app.config[name]`, for each of the names.
    pub(super) fn held_as_setting(&self, read: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        let Some((object, key)) = self.program.setting_read(read, frame) else { return all };
        let holders = self.program.values(object, frame);
        for name in self.names_of(key, frame) {
            let mut found = Vec::new();
            for value in
                holders.iter().filter_map(Value::path).flat_map(|path| self.program.setting_under(path, &name.name))
            {
                match value {
                    Value::Data { expression, frame } => {
                        self.held_in(expression.0, frame, &mut HashSet::new(), &mut found, DEPTH / 2);
                    }
                    value => self.held_value(&value, &mut found),
                }
            }
            found.iter_mut().for_each(|named| named.via.extend(&name.via));
            all.extend(found);
        }
        all
    }

    /// A field of an object whose making is not seen here: what any making gives it.
    pub(super) fn held_by_makers(
        &self,
        class: ClassId,
        name: &str,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        for given in self.program.given_to(&Value::Instance { class, site: None }, name) {
            if let Given::Present { expression, frame } = given {
                self.held_in(expression, frame, seen, all, depth);
            }
        }
    }

    /// The variables among the values of a collection.
    pub(super) fn held_items(
        &self,
        over: &'m Expression,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        if depth > DEPTH {
            return;
        }
        match &over.kind {
            ExpressionKind::List(items) => items.iter().for_each(|item| {
                let parts = match &item.kind {
                    ExpressionKind::List(pair) => pair.as_slice(),
                    _ => std::slice::from_ref(item),
                };
                parts.iter().for_each(|part| self.held_in(part, frame, seen, all, depth + 1));
            }),
            ExpressionKind::Object(entries) => {
                entries.iter().for_each(|entry| self.held_in(&entry.value, frame, seen, all, depth + 1));
            }
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.first()) {
                (_, Some(first)) => self.held_items(&first.value, frame, seen, all, depth + 1),
                (ExpressionKind::Member { object, .. }, None) => self.held_items(object, frame, seen, all, depth + 1),
                _ => {}
            },
            _ => {
                for value in self.program.values(over, frame).iter() {
                    if let Value::Data { expression, frame } = value
                        && !std::ptr::eq(expression.0, over)
                    {
                        self.held_items(expression.0, *frame, seen, all, depth + 1);
                    }
                }
            }
        }
    }

    pub(super) fn held_by_values(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        for value in self.program.values(expression, frame).iter() {
            match value {
                Value::Data { expression: inner, frame } if !std::ptr::eq(inner.0, expression) => {
                    self.held_in(inner.0, *frame, seen, all, depth);
                }
                value => self.held_value(value, all),
            }
        }
    }

    /// What a value is that is read from the environment.
    fn held_value(&self, value: &Value<'m>, all: &mut Vec<Named>) {
        let Value::Library { path, sites } = value else { return };
        if let (true, Some(site)) = (path.ends_with("()"), sites.last()) {
            all.extend(self.read_at(*site).into_iter().flat_map(|read| read.names));
        } else if self.fact(path, |fact| fact.variable.is_none()).is_some()
            && let Some(name) = path.rsplit('.').next()
        {
            all.push(Named { name: name.to_owned(), via: Vec::new(), place: None });
        }
    }

    /// `getattr(config, name)`: what the object holds under each of the names.
    pub(super) fn held_by_name(&self, call: &'m Call, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        let [object, name, ..] = call.arguments.as_slice() else { return all };
        let objects = self.program.values(&object.value, frame);
        for name in self.names_of(&name.value, frame) {
            for value in objects.iter().flat_map(|object| self.program.member(object, &name.name, None)) {
                if let Value::Data { expression, frame } = value {
                    self.held_in(expression.0, frame, &mut HashSet::new(), &mut all, DEPTH / 2);
                } else {
                    self.held_value(&value, &mut all);
                }
            }
        }
        all
    }

    pub(super) fn held_by_call(
        &self,
        call: &'m Call,
        frame: FrameId,
        seen: &mut Seen,
        all: &mut Vec<Named>,
        depth: usize,
    ) {
        let program = self.program;
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let mut own = false;
        for value in program.values(&call.callee, frame).iter() {
            if let Value::Function { unit, closure, receiver } = value
                && let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site))
            {
                own = true;
                for returned in &program.units.units[*unit].returns {
                    self.held_in(returned, inner, seen, all, depth);
                }
            }
        }
        if own {
            return;
        }
        match &call.callee.kind {
            ExpressionKind::Name(name) if name == "getattr" => all.extend(self.held_by_name(call, frame)),
            ExpressionKind::Name(name) if converts(name) => {
                call.arguments
                    .iter()
                    .take(1)
                    .for_each(|argument| self.held_in(&argument.value, frame, seen, all, depth));
            }
            ExpressionKind::Member { object, name } if keeps(name) => self.held_in(object, frame, seen, all, depth),
            ExpressionKind::Member { object, name } if name == "get" => {
                if let Some(key) = call.arguments.first() {
                    self.held_under_key(object, &key.value, seen, all, depth);
                }
            }
            _ => {}
        }
    }
}

/// Functions whose result is their argument in another form.
pub fn converts(name: &str) -> bool {
    matches!(
        name,
        "str" | "int" | "float" | "bool" | "String" | "Number" | "Boolean" | "parseInt" | "parseFloat" | "Some" | "Ok"
    )
}

/// Methods whose result is there when their receiver is.
pub fn keeps(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "strip"
            | "rstrip"
            | "lstrip"
            | "lower"
            | "upper"
            | "toLowerCase"
            | "toUpperCase"
            | "toString"
            | "to_string"
            | "to_owned"
            | "to_lowercase"
            | "into"
            | "clone"
            | "as_ref"
            | "as_deref"
            | "as_str"
            | "ok"
            | "filter"
            | "map"
            | "and_then"
            | "parse"
            | "context"
            | "with_context"
            | "wrap_err"
            | "map_err"
            | "ok_or"
            | "ok_or_else"
            | "expect"
            | "unwrap"
            | "replace"
            | "rstrip_matches"
    )
}

/// Whether a method is one of texts in TypeScript.
pub fn is_of_texts(method: &str) -> bool {
    matches!(
        method,
        "at" | "charAt"
            | "charCodeAt"
            | "codePointAt"
            | "concat"
            | "endsWith"
            | "includes"
            | "indexOf"
            | "lastIndexOf"
            | "localeCompare"
            | "match"
            | "matchAll"
            | "normalize"
            | "padEnd"
            | "padStart"
            | "repeat"
            | "replaceAll"
            | "search"
            | "slice"
            | "split"
            | "startsWith"
            | "substr"
            | "substring"
            | "toLocaleLowerCase"
            | "toLocaleUpperCase"
            | "toLowerCase"
            | "toString"
            | "toUpperCase"
            | "trim"
            | "trimEnd"
            | "trimStart"
            | "valueOf"
    )
}
