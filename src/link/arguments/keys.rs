//! What stands under a key or at a position of data that is put together in the program.

use std::cell::Cell;

use crate::link::Program;
use crate::link::units::ClassId;
use crate::link::values::{FrameId, How, Site, Value, Written};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::{DEPTH, Given, UNSENT};

/// Shapes of options that are looked at for one setting.
const SHAPES: usize = 100;

/// Something that is put into options later.
enum Added<'m> {
    Key(&'m str, &'m Expression),
    All(&'m Expression),
}

impl<'m> Program<'m> {
    /// A key path inside the value of an expression.
    pub fn inside(&self, expression: &'m Expression, frame: FrameId, path: &str, depth: usize) -> Given<'m> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(list) = head.strip_suffix("[]").filter(|list| !list.is_empty() && !rest.is_empty()) {
            return self.inside_items(self.key(expression, frame, list, depth), rest, depth);
        }
        let found = match (head.strip_suffix("()"), head.strip_prefix('#').map(str::parse::<usize>)) {
            (Some(name), _) => self.chained_in(expression, frame, name),
            (None, Some(Ok(position))) => self.item(expression, frame, position),
            (None, _) => self.key(expression, frame, head, depth),
        };
        match found {
            Given::Present { expression, frame } if !rest.is_empty() => self.inside(expression, frame, rest, depth + 1),
            found => found,
        }
    }

    /// A key path inside one of the items of a list, or inside the one thing that stands in place of a list.
    pub(super) fn inside_items(&self, list: Given<'m>, path: &str, depth: usize) -> Given<'m> {
        let Given::Present { expression, frame } = list else { return list };
        if depth > DEPTH {
            return Given::Unresolved;
        }
        let mut items = Vec::new();
        for value in self.values(expression, frame).iter() {
            if let Value::Data { expression: Written(list), frame } = value
                && let ExpressionKind::List(all) = &list.kind
            {
                items.extend(all.iter().map(|item| (item, *frame)));
            }
        }
        if items.is_empty() {
            items.push((expression, frame));
        }
        let mut found = Given::Absent;
        for (item, frame) in items {
            match self.inside(item, frame, path, depth + 1) {
                given @ Given::Present { .. } => return given,
                Given::Unresolved => found = Given::Unresolved,
                Given::Absent => {}
            }
        }
        found
    }

    /// An item of a list or tuple.
    pub(super) fn item(&self, expression: &'m Expression, frame: FrameId, position: usize) -> Given<'m> {
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
    pub(super) fn key(&self, expression: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
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
        let mut found = self.key_of_values(expression, frame, name, depth);
        for (more, frame) in self.put_in(expression, frame) {
            let added = match more {
                Added::Key(key, value) if key == name => Given::Present { expression: value, frame },
                Added::Key(..) => continue,
                Added::All(more) => self.key(more, frame, name, depth + 1),
            };
            match (&found, added) {
                (_, added @ Given::Present { .. }) => found = added,
                (Given::Absent, added) => found = added,
                _ => {}
            }
        }
        if let (Given::Absent, Some(value)) = (&found, self.put_within(expression, frame, name)) {
            found = Given::Present { expression: value, frame };
        }
        self.keys.borrow_mut().insert(asked, found.clone());
        found
    }

    /// What is put into options by `options.update(..)` or `options.setdefault(..)` before they are passed.
    fn put_in(&self, expression: &'m Expression, frame: FrameId) -> Vec<(Added<'m>, FrameId)> {
        let ExpressionKind::Name(holder) = &expression.kind else { return Vec::new() };
        let unit = &self.units.units[self.unit_of_frame(frame)];
        let calls = unit.calls.iter().map(|call| self.units.calls[*call].call);
        let before = calls.filter(|call| call.span.end <= expression.span.start);
        let added = before.flat_map(|call| match &call.callee.kind {
            ExpressionKind::Member { object, name }
                if matches!(&object.kind, ExpressionKind::Name(own) if own == holder) =>
            {
                added_by(name, &call.arguments)
            }
            _ => Vec::new(),
        });
        added.map(|added| (added, frame)).collect()
    }

    /// A value among the options of a call, where each shape that they may have gives one of these keys:
    /// `{"max_completion_tokens": n} if is_new else {"max_tokens": n}`, spread into the call or into its options.
    pub(super) fn one_of(&self, site: Site, keys: &[String]) -> Option<(&'m Expression, FrameId)> {
        let keys: Vec<String> = keys.iter().flat_map(|key| crate::rules::checked::expand(key)).collect();
        let split: Vec<(&str, &str)> = keys.iter().map(|key| key.rsplit_once('.').unwrap_or(("", key))).collect();
        let mut holders: Vec<&str> = split.iter().map(|(holder, _)| *holder).collect();
        holders.dedup();
        let left = Cell::new(SHAPES);
        holders.into_iter().find_map(|holder| {
            let own = split.iter().filter(|(each, own)| *each == holder && !own.contains(['(', '#', '[']));
            let own: Vec<&str> = own.map(|(_, own)| *own).collect();
            let options = match holder {
                _ if own.len() < 2 => Vec::new(),
                "" => self.options(site),
                holder => seen(self.argument(site, holder)).into_iter().collect(),
            };
            options.into_iter().find_map(|(options, frame)| self.one_in(options, frame, &own, &left))
        })
    }

    /// What a call is given as its options: objects, what is spread, and what is put into that before.
    fn options(&self, site: Site) -> Vec<(&'m Expression, FrameId)> {
        let info = &self.units.calls[site.call];
        // Python names its options: what stands in a position is none, unless it is spread.
        let has_objects = self.modules[info.module].language != Language::Python;
        let mut options = Vec::new();
        for argument in &info.call.arguments {
            let given = match (argument.name.as_deref(), &argument.value.kind) {
                (None, ExpressionKind::Spread(inner)) => inner,
                (Some("**"), _) => &argument.value,
                (None, _) if has_objects => &argument.value,
                _ => continue,
            };
            options.push((given, site.frame));
            options.extend(self.put_in(given, site.frame).into_iter().filter_map(|(added, frame)| match added {
                Added::All(more) => Some((more, frame)),
                Added::Key(..) => None,
            }));
        }
        options
    }

    /// A value of an object that gives one of these keys in each shape that it may have.
    fn one_in(
        &self,
        options: &'m Expression,
        frame: FrameId,
        keys: &[&str],
        left: &Cell<usize>,
    ) -> Option<(&'m Expression, FrameId)> {
        let mut first = None;
        for shape in self.values(options, frame).iter() {
            left.set(left.get().checked_sub(1)?);
            let mut own = keys.iter().filter_map(|key| seen(self.key_of(shape, key, 0)));
            let own = own.find(|(value, frame)| !self.is_omitted(value, *frame));
            let within = || match shape {
                Value::Data { expression: Written(object), frame } => {
                    let ExpressionKind::Object(entries) = &object.kind else { return None };
                    entries.iter().find_map(|entry| match (&entry.key, &entry.value.kind) {
                        (None, ExpressionKind::Spread(inner)) => self.one_in(inner, *frame, keys, left),
                        _ => None,
                    })
                }
                // `JSON.stringify(body)`
                Value::Library { path, sites } if path.ends_with("()") => {
                    let options = sites.last().map(|made| self.options(*made)).unwrap_or_default();
                    options.into_iter().find_map(|(options, frame)| self.one_in(options, frame, keys, left))
                }
                _ => None,
            };
            first = first.or(Some(own.or_else(within)?));
        }
        first
    }

    pub(super) fn key_of_values(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        name: &str,
        depth: usize,
    ) -> Given<'m> {
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
    pub(super) fn assigned_key(&self, expression: &'m Expression, frame: FrameId, name: &str) -> Option<Given<'m>> {
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
        let assigned = assigned.iter().find(|each| each.unit == unit)?;
        Some(Given::Present { expression: assigned.value, frame })
    }

    /// What a field of an object was given when it was made; where its making is not seen, in all that make one.
    pub fn given_to(&self, value: &Value<'m>, name: &str) -> Vec<Given<'m>> {
        match value {
            Value::Instance { class, site: None } => {
                let made = self.constructions_of(*class).iter();
                made.map(|site| self.key_of(&Value::Instance { class: *class, site: Some(*site) }, name, 0)).collect()
            }
            Value::Instance { .. } => vec![self.key_of(value, name, 0)],
            _ => Vec::new(),
        }
    }

    pub(super) fn key_of(&self, value: &Value<'m>, name: &str, depth: usize) -> Given<'m> {
        match value {
            Value::Data { expression, frame } => self.key_of_data(expression.0, *frame, name, depth),
            Value::Library { path, sites } if path.ends_with("()") => match sites.last() {
                Some(site) => self.argument_at(*site, name, depth + 1),
                None => Given::Unresolved,
            },
            Value::Instance { class, .. } if self.is_unsent(*class, name) => Given::Absent,
            Value::Instance { class, site: Some(site) } => {
                let arguments = &self.units.calls[site.call].call.arguments;
                // `Request { messages, ..Request::default() }`: the rest is as it is there.
                let rest = || {
                    let spread = arguments.iter().find(|argument| argument.name.as_deref() == Some("**"))?;
                    match self.spread_key(&spread.value, site.frame, name, depth) {
                        Given::Present { expression, frame } => Some(Given::Present { expression, frame }),
                        _ => None,
                    }
                };
                let own = arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
                let own = own.map(|argument| Given::Present { expression: &argument.value, frame: site.frame });
                match own.or_else(rest) {
                    Some(found) => found,
                    None => match self.units.classes[*class].fields.get(name).and_then(|fields| fields.first()) {
                        Some((unit, Assignment { value: Some(found), .. })) => {
                            let home = self.open_frame(self.units.classes[*class].unit);
                            let is_declared = *unit == self.units.classes[*class].unit;
                            // What a constructor was given is known: by the call that made this very object.
                            let frame = if is_declared { home } else { self.method_frame(*unit, *class, home, value) };
                            Given::Present { expression: found, frame }
                        }
                        _ => Given::Absent,
                    },
                }
            }
            // `base=PatientTask`: what the class says, for all that is made of it.
            Value::Class(class) => self.attribute_of(*class, name),
            // `options: () => ({ timeout: 5_000 })`: what the function gives.
            Value::Function { unit, closure, receiver } if depth < DEPTH => {
                let frame = self.enter(*unit, *closure, receiver.clone(), How::Framework);
                let returned = frame.map_or_else(Vec::new, |frame| self.returned(*unit, frame));
                let found = returned.iter().map(|value| self.key_of(value, name, depth + 1)).next();
                found.unwrap_or(Given::Unresolved)
            }
            _ => Given::Unresolved,
        }
    }

    /// What the body of a class, or of one that it derives from, gives an attribute.
    fn attribute_of(&self, class: ClassId, name: &str) -> Given<'m> {
        let mut classes = vec![class];
        let mut at = 0;
        while let Some(class) = classes.get(at).copied() {
            at += 1;
            let info = &self.units.classes[class];
            let home = self.open_frame(info.unit);
            let mut declared = info.fields.get(name).into_iter().flatten().filter(|(unit, _)| *unit == info.unit);
            if let Some(value) = declared.find_map(|(_, each)| each.value.as_ref()) {
                return Given::Present { expression: value, frame: home };
            }
            for base in &info.class.bases {
                for value in self.values(base, home).iter() {
                    if let Value::Class(base) = value
                        && classes.len() < DEPTH
                        && !classes.contains(base)
                    {
                        classes.push(*base);
                    }
                }
            }
        }
        Given::Unresolved
    }

    /// Whether a marker on a field says that it stays where it is when its object is sent: `#[serde(skip)]`.
    fn is_unsent(&self, class: ClassId, field: &str) -> bool {
        let info = &self.units.classes[class];
        let declared = info.fields.get(field).into_iter().flatten().filter(|(unit, _)| *unit == info.unit);
        let markers = declared.filter_map(|(_, each)| each.value.as_ref()).flat_map(|value| match &value.kind {
            ExpressionKind::List(several) => several.iter().collect(),
            _ => vec![value],
        });
        let calls = markers.filter_map(|marker| match &marker.kind {
            ExpressionKind::Call(call) => self.units.call_id(call),
            _ => None,
        });
        calls.map(|call| Site { call, frame: self.open_frame(info.unit) }).any(|site| {
            self.callee_paths(site).iter().any(|path| {
                let mut facts = self.facts_of(path, Kind::TextLimit).into_iter();
                facts.any(|(_, fact)| fact.role.as_deref() == Some(UNSENT) && self.applies(fact, site))
            })
        })
    }

    /// A key of what is spread: what a function of a library gives holds more than what that was given, so it may hold any;
    /// and what is looked up may be there, whatever stands in for it (`settings.get("options", {})`).
    pub(super) fn key_of_spread(&self, spread: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        let is_open = |value: &Value<'m>| match value {
            Value::Library { path, sites } => sites.last().is_some_and(|made| self.is_given_back(path, *made)),
            _ => false,
        };
        match self.key(spread, frame, name, depth) {
            Given::Absent if is_looked_up(spread) || self.values(spread, frame).iter().any(is_open) => {
                Given::Unresolved
            }
            found => found,
        }
    }

    /// Whether a value is what a function of a library gives that nobody knows and that is given no options, not an object
    /// that is made with them: `await load()`, `JSON.parse(text)`.
    fn is_given_back(&self, path: &str, made: Site) -> bool {
        let Some(function) = path.strip_suffix("()") else { return false };
        let name = function.rsplit('.').next().unwrap_or(function);
        let call = self.units.calls[made.call].call;
        let is_object = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Object(_)));
        let takes_options = call
            .arguments
            .iter()
            .any(|argument| argument.name.is_some() || self.values(&argument.value, made.frame).iter().any(is_object));
        // `Request { model, ..Default::default() }` is known as a whole.
        let is_whole = self.modules[self.units.calls[made.call].module].language == Language::Rust;
        let is_class = call.is_new || name.starts_with(char::is_uppercase);
        let is_made = is_whole || is_class || path.starts_with("builtins.");
        !is_made && !takes_options && self.facts(function).is_empty()
    }

    pub(super) fn key_of_data(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        name: &str,
        depth: usize,
    ) -> Given<'m> {
        match &expression.kind {
            ExpressionKind::Object(entries) => {
                let mut unresolved = false;
                for entry in entries.iter().rev() {
                    match (&entry.key, &entry.value.kind) {
                        (Some(key), _) if key == name => return Given::Present { expression: &entry.value, frame },
                        (None, _) if entry.computed.as_ref().is_some_and(|key| self.spells(key, frame, name)) => {
                            return Given::Present { expression: &entry.value, frame };
                        }
                        (None, ExpressionKind::Spread(inner)) => match self.spread_key(inner, frame, name, depth) {
                            Given::Absent => {}
                            Given::Unresolved => unresolved = true,
                            found => return found,
                        },
                        _ => {}
                    }
                }
                if let Some(found) = self.put_behind(expression, frame, name) {
                    return found;
                }
                let is_open = unresolved || self.may_be_given(expression, name);
                if is_open { Given::Unresolved } else { Given::Absent }
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

    /// Whether a computed key is a name, or one of several ways to write it: names that end in the same word, as
    /// `"max_completion_tokens" if is_new else "max_tokens"`.
    fn spells(&self, key: &'m Expression, frame: FrameId, name: &str) -> bool {
        let texts = self.texts(key, frame);
        texts.iter().any(|text| text == name) && texts.iter().all(|text| last_word(text) == last_word(name))
    }

    /// `...(condition && {key: 1})` may not give the key; `...options` gives it if they hold it.
    pub(super) fn spread_key(&self, inner: &'m Expression, frame: FrameId, name: &str, depth: usize) -> Given<'m> {
        match &inner.kind {
            ExpressionKind::Operator { operator, operands }
                if operator == "and" || operator == "??" || operator == "or" =>
            {
                operands.last().map_or(Given::Absent, |last| self.key(last, frame, name, depth + 1))
            }
            _ => self.key_of_spread(inner, frame, name, depth + 1),
        }
    }
}

fn seen(given: Given<'_>) -> Option<(&'_ Expression, FrameId)> {
    match given {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    }
}

/// What a method adds to the options that it is called on.
fn added_by<'m>(method: &str, arguments: &'m [Argument]) -> Vec<Added<'m>> {
    match (method, arguments) {
        ("setdefault", [key, value]) => match &key.value.kind {
            ExpressionKind::Literal(Literal::Text(key)) => vec![Added::Key(key, &value.value)],
            _ => Vec::new(),
        },
        ("update", arguments) => {
            let added = arguments.iter().map(|argument| match argument.name.as_deref() {
                None | Some("**") => Added::All(&argument.value),
                Some(key) => Added::Key(key, &argument.value),
            });
            added.collect()
        }
        _ => Vec::new(),
    }
}

/// The word that a name ends in: `tokens` of `max_tokens` and `maxTokens`.
fn last_word(name: &str) -> String {
    let begins = |(at, letter): (usize, char)| match letter {
        '_' | '-' => Some(at + 1),
        letter => letter.is_ascii_uppercase().then_some(at),
    };
    let start = name.char_indices().rev().find_map(begins).unwrap_or(0);
    name.get(start..).unwrap_or(name).to_ascii_lowercase()
}

pub(super) fn hash_of(name: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Whether something is looked up under a key, with what stands in for it: `settings.get("options", {})`.
fn is_looked_up(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "get")
                && call.arguments.len() == 2
        }
        _ => false,
    }
}
