//! What is behind a member, an index or a key: of modules, classes, objects and plain data.

use std::rc::Rc;

use crate::link::Program;
use crate::link::names::Target;
use crate::link::units::*;
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::frames::{FrameId, How, Site};
use super::renewed::renew;
use super::{ALTERNATIVES, Place, Value, Values, Written, add};

impl<'m> Program<'m> {
    pub(super) fn member_owned(&self, value: &Value<'m>, name: &str) -> Values<'m> {
        self.member(value, name, None)
    }

    /// A member of a value. `object` is how the value was written, to find assignments to the same member elsewhere.
    pub fn member(&self, value: &Value<'m>, name: &str, object: Option<Place<'m>>) -> Values<'m> {
        let unknown = || vec![Value::Unknown];
        match value {
            Value::Library { path, sites } => {
                let whole = format!("{path}.{name}");
                let configured = self.configured(&whole);
                if !configured.is_empty() {
                    return configured;
                }
                let assigned = self.assigned_member(object, name);
                let handed = self.handed_to_setting(&whole, object);
                if !assigned.is_empty() && (self.facts(&whole).is_empty() || handed.is_some()) {
                    let mut all = handed.unwrap_or_default();
                    add(&mut all, assigned);
                    return all;
                }
                if let Some(handed) = handed.filter(|handed| !handed.is_empty()) {
                    return handed;
                }
                let mut given = self.given_member(path, name);
                add(&mut given, self.in_context(path, name));
                if sites.is_empty() && given.is_empty() && self.facts(&whole).is_empty() {
                    given = self.brought_to_library(path, name);
                }
                if !given.is_empty() {
                    return given;
                }
                vec![Value::Library { path: whole.into(), sites: sites.clone() }]
            }
            Value::Module(module) => match self.exported(*module, name, 0) {
                Some(found) => found,
                None if self.modules[*module].language == Language::TypeScript && name == "default" => {
                    vec![value.clone()]
                }
                None => unknown(),
            },
            Value::Folder(folder) => {
                match self.names.in_folder(folder, name).or_else(|| self.names.in_tree(folder, name)) {
                    Some(Target::Module(module)) => vec![Value::Module(module)],
                    Some(Target::Folder(folder)) => vec![Value::Folder(folder.into())],
                    _ => unknown(),
                }
            }
            Value::Class(class) => {
                let own = self.class_member(*class, name, value, 0);
                // `ChatService.shared = ChatService()`, declared as nothing in the class.
                let is_open = own.iter().all(|value| *value == Value::Unknown || is_null(value));
                let assigned = if is_open { self.assigned_member(object, name) } else { Values::new() };
                match self.declared_within(*class, name).filter(|_| is_open && assigned.is_empty()) {
                    Some(module) => vec![Value::Module(module)],
                    None if assigned.is_empty() => own,
                    None => assigned,
                }
            }
            Value::Instance { class, .. } => self.class_member(*class, name, value, 0),
            Value::Data { expression, frame } => self.data_member(expression.0, *frame, name, object),
            // `handler.call(x)`: still that function, however it is called.
            // `descriptor.value`: what a decorator of methods is given.
            Value::Function { .. } if matches!(name, "call" | "apply" | "value") => vec![value.clone()],
            Value::Function { unit, closure, .. } => {
                let assigned = self.assigned_member(object, name);
                if !assigned.is_empty() {
                    return assigned;
                }
                let of_decorators = self.wrapped_by(*unit, *closure).into_iter();
                vec![Value::Library { path: format!("function.{name}").into(), sites: Rc::from([]) }]
                    .into_iter()
                    .chain(of_decorators.flat_map(|unit| self.decorator_member(unit, name)))
                    .collect()
            }
            Value::Parameter { .. } | Value::Unknown => {
                let assigned = self.assigned_member(object, name);
                let found = if assigned.is_empty() { self.related(None, name) } else { assigned };
                if found.is_empty() { vec![value.clone()] } else { found }
            }
        }
    }

    /// The file of `mod draw;` in `mod handlers { .. }`: it lies in a folder of the outer name.
    fn declared_within(&self, class: ClassId, name: &str) -> Option<ModuleId> {
        let info = &self.units.classes[class];
        let is_it = |statement: &Statement| {
            matches!(&statement.kind, StatementKind::Import(import)
            if import.local == name && import.source.strip_prefix("self::") == Some(name))
        };
        (self.modules[info.module].language == Language::Rust && info.class.body.iter().any(is_it))
            .then(|| self.module_named(info.module, &format!("self::{}::{name}", info.class.name)))
            .flatten()
    }

    /// A member of a decorated function is a member of what the decorator made: `task.delay`.
    pub(super) fn decorator_member(&self, unit: UnitId, name: &str) -> Values<'m> {
        let Some(function) = self.units.units[unit].function else { return Values::new() };
        let Some(parent) = self.units.units[unit].parent else { return Values::new() };
        let frame = self.open_frame(parent);
        let mut all = Values::new();
        for decorator in &function.decorators {
            for value in self.values(decorator, frame).iter() {
                if let Value::Library { path, sites } = value {
                    let path = format!("{}().{name}", path.trim_end_matches("()"));
                    add(&mut all, [Value::Library { path: path.into(), sites: sites.clone() }]);
                }
            }
        }
        all
    }

    /// What a call takes out of a memory of the program: `session.get("model")` is what `session.set("model", ...)` or
    /// `session["model"] = ...` put there. Data in it is a state of its own.
    pub(super) fn taken_out(&self, path: &str, call: &'m Call, frame: FrameId) -> Values<'m> {
        let (Some((memory, "get" | "setdefault" | "pop")), ExpressionKind::Member { object, .. }) =
            (path.rsplit_once('.'), &call.callee.kind)
        else {
            return Values::new();
        };
        let (ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. }) = &object.kind else {
            return Values::new();
        };
        let Some(ExpressionKind::Literal(Literal::Text(key))) = call.arguments.first().map(|key| &key.value.kind)
        else {
            return Values::new();
        };
        if !self.is_a(memory, Kind::Memory) {
            return Values::new();
        }
        let mut all = self.assigned_member(Some((object, frame)), key);
        let kept = self.units.kept.get(&(holder.as_str(), key.as_str())).map_or(&[][..], Vec::as_slice);
        for each in self.assigned_near(kept, frame).iter().take(ALTERNATIVES) {
            add(&mut all, self.values(each.value, self.open_frame(each.unit)).iter().cloned());
        }
        all.retain(|value| !matches!(value, Value::Unknown | Value::Data { .. } | Value::Parameter { .. }));
        all
    }

    pub(super) fn data_member(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        name: &str,
        object: Option<Place<'m>>,
    ) -> Values<'m> {
        let mut all = match &expression.kind {
            ExpressionKind::Object(entries) => self.entry(expression, entries, frame, name).to_vec(),
            _ => Values::new(),
        };
        if all.is_empty() {
            add(&mut all, self.assigned_member(object, name));
        }
        if all.is_empty() { vec![Value::Unknown] } else { all }
    }

    /// The values under a key of an object; empty: it has no such key. An object that is spread into itself ends here.
    pub(super) fn entry(
        &self,
        object: &'m Expression,
        entries: &'m [Entry],
        frame: FrameId,
        name: &str,
    ) -> Rc<[Value<'m>]> {
        let key = (std::ptr::from_ref(object) as usize, frame, Rc::from(name));
        if let Some(found) = self.entry_memo.borrow().get(&key) {
            return found.clone();
        }
        let nothing: Rc<[Value<'m>]> = Rc::from([]);
        self.entry_memo.borrow_mut().insert(key.clone(), nothing);
        let mut all = Values::new();
        // Later entries win; a spread may hold the key as well.
        for entry in entries.iter().rev() {
            match (&entry.key, &entry.value.kind) {
                (Some(key), _) if key == name => {
                    add(&mut all, self.values(&entry.value, frame).iter().cloned());
                    break;
                }
                (None, ExpressionKind::Spread(inner)) => {
                    for value in self.values(inner, frame).iter() {
                        add(
                            &mut all,
                            self.member(value, name, None).into_iter().filter(|value| *value != Value::Unknown),
                        );
                    }
                }
                _ => {}
            }
        }
        let found: Rc<[Value<'m>]> = all.into();
        self.entry_memo.borrow_mut().insert(key, found.clone());
        found
    }

    pub(in crate::link) fn class_member(
        &self,
        class: ClassId,
        name: &str,
        receiver: &Value<'m>,
        depth: usize,
    ) -> Values<'m> {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        let bound = || Some(Rc::new(receiver.clone()));
        if let Some(unit) = info.methods.get(name) {
            if self.is_property(*unit) {
                let frame = self.enter(*unit, home, bound(), How::Framework);
                let mut read = frame.map(|frame| self.returned(*unit, frame)).unwrap_or_default();
                add(&mut read, self.set_from_outside(class, name, receiver));
                return read;
            }
            let own = self.decorated(*unit, home, bound());
            let mut all = if self.is_abstract(*unit) { Values::new() } else { own.clone() };
            add(&mut all, self.overriding(class, name, receiver));
            return if all.is_empty() { own } else { all };
        }
        let mut all = Values::new();
        if let Some(values) = info.fields.get(name) {
            for (unit, assignment) in values.iter().take(ALTERNATIVES) {
                let frame = if *unit == info.unit { home } else { self.method_frame(*unit, class, home, receiver) };
                match (&assignment.value, &assignment.annotation) {
                    (Some(value), annotation) => {
                        let found = self.values(value, frame);
                        let opaque =
                            found.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
                        match annotation {
                            Some(annotation) if opaque => add(&mut all, self.annotation(annotation, frame)),
                            _ if !all.is_empty() && self.always_assigns(values, *unit, assignment) => {
                                renew(&mut all, found.to_vec())
                            }
                            _ => add(&mut all, found.iter().cloned()),
                        }
                    }
                    (None, Some(annotation)) => {
                        let declared = self.annotation(annotation, frame);
                        let built = self.built_field(class, name, receiver, &declared);
                        add(&mut all, if built.is_empty() { declared } else { built });
                    }
                    (None, None) => {}
                }
            }
        }
        if let (Some(index), Value::Instance { site, .. }) = (info.properties.get(name), receiver)
            && let Some(constructor) = info.methods.get("constructor")
        {
            let how = site.map_or(How::Open, How::Call);
            if let Some(frame) = self.enter(*constructor, home, bound(), how) {
                add(&mut all, self.parameter(*index, frame));
            }
        }
        // A data class or struct literal: the field is the keyword argument of the construction.
        if let Value::Instance { site: Some(site), .. } = receiver
            && self.constructor(class).is_none()
        {
            let given = self.constructed_field(class, name, *site);
            if !given.is_empty() {
                all = given;
            }
        }
        if all.is_empty() && depth < 8 {
            let extended = info.extensions.iter().flat_map(|extension| {
                let extension = &self.units.classes[*extension];
                extension.class.bases.iter().map(|base| (base, self.open_frame(extension.unit)))
            });
            for (base, home) in info.class.bases.iter().map(|base| (base, home)).chain(extended) {
                for value in self.bases_at(base, home).iter() {
                    match value {
                        Value::Class(base) if *base != class => {
                            add(&mut all, self.class_member(*base, name, receiver, depth + 1))
                        }
                        Value::Library { path, .. } => {
                            let related = self.related_of(receiver, name);
                            if !related.is_empty() {
                                add(&mut all, related);
                                continue;
                            }
                            let kept = self.kept_by_base(class, name, receiver);
                            if !kept.is_empty() {
                                add(&mut all, kept);
                                continue;
                            }
                            let inherited = self.inherited(path, name, receiver);
                            let inherited = self.made_by_base(class, receiver, inherited);
                            let configured = inherited.path().map(|path| self.configured(path)).unwrap_or_default();
                            add(&mut all, if configured.is_empty() { vec![inherited] } else { configured });
                        }
                        _ => {}
                    }
                }
            }
        }
        let annotations =
            info.fields.get(name).into_iter().flatten().take(ALTERNATIVES).filter_map(|(unit, assignment)| {
                let frame = if *unit == info.unit { home } else { self.method_frame(*unit, class, home, receiver) };
                Some((assignment.annotation.as_ref().filter(|_| assignment.value.is_some())?, frame))
            });
        if let Some(told) = self.told_by(annotations, &all) {
            return told;
        }
        if all.len() > 1 {
            all.retain(|value| !is_null(value));
        }
        if depth == 0 && all.iter().all(|value| self.is_promise(value)) {
            // What an interface promises is what those do that keep the promise; else nothing is known of it but what it
            // says that it gives.
            let kept = self.overriding(class, name, receiver);
            all.retain(|value| kept.is_empty() && self.tells_result(value));
            add(&mut all, kept);
            if all.is_empty() {
                all = self.brought_by_heirs(class, name, receiver);
            }
        }
        if all.is_empty() { vec![Value::Unknown] } else { all }
    }

    /// Whether a method is read like a field.
    pub(super) fn is_property(&self, unit: UnitId) -> bool {
        self.units.units[unit].function.is_some_and(is_read_like_a_field)
    }

    /// The method of a class that is read like a field of this name.
    pub fn property_of(&self, class: ClassId, name: &str) -> Option<UnitId> {
        self.units.classes[class].methods.get(name).copied().filter(|unit| self.is_property(*unit))
    }

    /// The constructor of a class, also an inherited one.
    pub fn constructor(&self, class: ClassId) -> Option<UnitId> {
        let info = &self.units.classes[class];
        info.methods.get("__init__").or(info.methods.get("constructor")).copied().or_else(|| {
            let home = self.open_frame(info.unit);
            info.class.bases.iter().find_map(|base| {
                self.bases_at(base, home).iter().find_map(|value| match value {
                    Value::Class(base) if *base != class => {
                        let methods = &self.units.classes[*base].methods;
                        methods.get("__init__").or(methods.get("constructor")).copied()
                    }
                    _ => None,
                })
            })
        })
    }

    /// What a declared field of an object holds whose construction is not seen: what the constructions in the program
    /// give it. Plain data comes from anywhere.
    pub(super) fn built_field(
        &self,
        class: ClassId,
        name: &str,
        receiver: &Value<'m>,
        declared: &[Value<'m>],
    ) -> Values<'m> {
        let is_plain = declared.iter().all(|value| self.is_plain_data(value));
        if is_plain || self.constructor(class).is_some() || !matches!(receiver, Value::Instance { site: None, .. }) {
            return Values::new();
        }
        let mut all = Values::new();
        for site in self.constructions_of(class).iter().take(ALTERNATIVES) {
            add(&mut all, self.constructed_field(class, name, *site));
        }
        all.retain(|value| !self.is_opaque(value));
        all
    }

    pub(super) fn constructed_field(&self, class: ClassId, name: &str, site: Site) -> Values<'m> {
        let call = self.units.calls[site.call].call;
        let order = &self.units.classes[class].order;
        let position = order.iter().position(|field| *field == name);
        let by_name = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
        // `View.as_view("chat", agent=Agent)` is given what it does by position.
        let constructs = self.values(&call.callee, site.frame).iter().any(|value| matches!(value, Value::Class(_)));
        let by_position = position
            .filter(|_| constructs)
            .and_then(|position| call.arguments.get(position).filter(|argument| argument.name.is_none()));
        match by_name.or(by_position) {
            Some(argument) => self.values(&argument.value, site.frame).to_vec(),
            None => Values::new(),
        }
    }

    /// What is assigned to a field of an object in the methods of its class, in the frames in which it is.
    pub fn field_places(&self, object: &Value<'m>, name: &str) -> Vec<Place<'m>> {
        let Value::Instance { class, .. } = object else { return Vec::new() };
        let info = &self.units.classes[*class];
        let home = self.open_frame(info.unit);
        let assigned = info.fields.get(name).into_iter().flatten().filter(|(unit, _)| *unit != info.unit);
        let placed = assigned.take(ALTERNATIVES).filter_map(|(unit, assignment)| {
            Some((assignment.value.as_ref()?, self.method_frame(*unit, *class, home, object)))
        });
        placed.collect()
    }

    /// The frame of a method in which an attribute is set: the constructor runs with the construction's arguments.
    pub(in crate::link) fn method_frame(
        &self,
        unit: UnitId,
        class: ClassId,
        home: FrameId,
        receiver: &Value<'m>,
    ) -> FrameId {
        let method = self.enclosing_method(unit);
        let is_constructor = self.constructor(class) == Some(method)
            || matches!(self.units.units[method].name(), "__init__" | "constructor" | "__post_init__");
        let how = match receiver {
            Value::Instance { class: made, site } if is_constructor && *made != class => {
                self.built_through(*made, method, receiver, *site)
            }
            Value::Instance { site: Some(site), .. } if is_constructor => How::Call(*site),
            _ => How::Open,
        };
        let frame = self.enter(method, home, Some(Rc::new(receiver.clone())), how);
        let frame = frame.unwrap_or_else(|| self.open_frame(method));
        if method == unit { frame } else { self.enter(unit, frame, None, How::Open).unwrap_or(frame) }
    }

    pub(super) fn enclosing_method(&self, unit: UnitId) -> UnitId {
        let mut at = unit;
        while self.units.units[at].class.is_none() {
            match self.units.units[at].parent {
                Some(parent) => at = parent,
                None => return unit,
            }
        }
        at
    }

    pub(super) fn index(
        &self,
        whole: &'m Expression,
        value: &Value<'m>,
        index: &'m Expression,
        frame: FrameId,
    ) -> Values<'m> {
        // What is written out under the key itself is that.
        let is_written = match (value, &index.kind) {
            (Value::Data { expression, .. }, ExpressionKind::Literal(Literal::Text(key))) => {
                matches!(&expression.0.kind, ExpressionKind::Object(entries)
                    if entries.iter().any(|entry| entry.key.as_ref() == Some(key)))
            }
            _ => false,
        };
        let held = if is_written { Values::new() } else { self.held(value, Some(frame)) };
        if !held.is_empty() {
            let written = match value {
                Value::Data { .. } => self.elements(value),
                _ => Values::new(),
            };
            return held.into_iter().chain(written.into_iter().filter(|value| *value != Value::Unknown)).collect();
        }
        match value {
            // `request.app["client"]` is what was put there as `app["client"]`.
            Value::Parameter { .. } | Value::Unknown => match self.assigned_under(whole, index, frame) {
                assigned if assigned.is_empty() => vec![value.clone()],
                assigned => assigned,
            },
            Value::Library { path, sites } => {
                if let ExpressionKind::Literal(Literal::Number(place)) = index.kind {
                    let answered = self.answered_at(value, place as usize);
                    if !answered.is_empty() {
                        return answered;
                    }
                }
                // `app.config["TIMEOUT"]` is what the program has given to it.
                if let Some(key) = self.setting_key(path, index, frame) {
                    let given = self.setting_under(path, &key);
                    if !given.is_empty() {
                        return given;
                    }
                }
                // `app.extensions["assistant"] = ...` is read back under the same key.
                if let (ExpressionKind::Index { object, .. }, ExpressionKind::Literal(Literal::Text(key))) =
                    (&whole.kind, &index.kind)
                    && self.facts(&format!("{path}[]")).is_empty()
                {
                    let assigned = self.assigned_member(Some((object, frame)), key);
                    if !assigned.is_empty() {
                        return assigned;
                    }
                }
                // `app[CLIENT] = ...`, where the key is no text but goes by a name.
                if self.facts(&format!("{path}[]")).is_empty() && matches!(index.kind, ExpressionKind::Name(_)) {
                    let assigned = self.assigned_under(whole, index, frame);
                    if !assigned.is_empty() {
                        return assigned;
                    }
                }
                let indexed = Value::Library { path: format!("{path}[]").into(), sites: sites.clone() };
                // A type with parameters is looked into when it annotates something.
                let is_type = !matches!(index.kind, ExpressionKind::Literal(_));
                if is_type { vec![indexed, Value::Data { expression: Written(whole), frame }] } else { vec![indexed] }
            }
            Value::Class(_) => vec![value.clone()],
            Value::Data { expression, frame: home } => match (&expression.0.kind, &index.kind) {
                (ExpressionKind::Object(_), ExpressionKind::Literal(Literal::Text(key))) => {
                    self.data_member(expression.0, *home, key, None)
                }
                // A key that is passed on: `table[purpose]`; what is only its default, `purpose ?? ""`, is none.
                // One that the table has not is not the only one that comes.
                (ExpressionKind::Object(_), _) => {
                    let under = |key: String| self.data_member(expression.0, *home, &key, None);
                    let key = self.text(index, frame).filter(|key| !key.is_empty());
                    let found = key.map(under).unwrap_or_default();
                    let is_there = found.iter().any(|value| *value != Value::Unknown);
                    if is_there { found } else { self.elements(value) }
                }
                (ExpressionKind::List(_) | ExpressionKind::Comprehension { .. }, _) => {
                    let mut all = self.elements(value);
                    add(&mut all, self.under_some_key(value));
                    all
                }
                _ => vec![Value::Unknown],
            },
            other => vec![other.clone()],
        }
    }
}

pub(super) fn is_null(value: &Value<'_>) -> bool {
    matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)))
}
