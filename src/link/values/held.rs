//! What is in collections: `clients[key]` is what `clients[key] = OpenAI()` has put there.

use crate::link::Program;
use crate::link::units::growth::start_of;
use crate::link::units::*;
use crate::model::*;

use super::frames::{FrameId, How};
use super::{PLACES, Value, Values, add};

impl<'m> Program<'m> {
    /// What a call takes out of a collection that the program fills itself: `clients.get(key)`,
    /// `clients.setdefault(key, OpenAI())`. Empty: nothing is known to have been put there.
    pub(super) fn looked_up(&self, call: &'m Call, frame: FrameId) -> Values<'m> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return Values::new() };
        if !matches!(
            name.as_str(),
            "get" | "setdefault" | "pop" | "at" | "find" | "findLast" | "shift" | "popleft" | "popitem"
        ) {
            return Values::new();
        }
        // Under a key that is written there lies what was put under it, not what was put under others.
        let key = call.arguments.first().map(|argument| &argument.value.kind);
        if matches!(key, Some(ExpressionKind::Literal(Literal::Text(_)))) {
            return Values::new();
        }
        let mut all = Values::new();
        for collection in self.values(object, frame).iter() {
            // What finds something by a test in anything but a list finds rows.
            if name.starts_with("find") && !matches!(collection, Value::Data { .. }) {
                continue;
            }
            add(&mut all, self.held(collection, Some(frame)));
            add(&mut all, self.written_items(collection));
        }
        if !all.is_empty()
            && let Some(default) = call.arguments.get(1)
        {
            let values = self.values(&default.value, frame);
            add(&mut all, values.iter().filter(|value| self.is_thing(value)).cloned());
        }
        all
    }

    /// The objects and functions that the program puts into a collection while it runs. Texts and numbers in it are a
    /// state of its own.
    /// What is put there in the function that reads it is what it is there: `cls._instances[cls] = cls()`.
    pub(super) fn held(&self, collection: &Value<'m>, reader: Option<FrameId>) -> Values<'m> {
        let mut all = Values::new();
        for (unit, value) in self.puts(collection).iter().take(PLACES) {
            let own = reader.filter(|reader| self.unit_of_frame(*reader) == *unit);
            let values = self.values(value, own.unwrap_or_else(|| self.open_frame(*unit)));
            add(&mut all, values.iter().filter(|value| self.is_kept_thing(value)).cloned());
        }
        all
    }

    /// Whether the program puts something into a collection that it starts itself.
    pub fn is_filled(&self, collection: &Value<'m>) -> bool {
        !self.puts(collection).is_empty()
    }

    /// Whether a collection that the program fills is started outside of any function.
    pub fn outlives_calls(&self, collection: &Value<'m>) -> bool {
        let unit = match collection {
            Value::Data { frame, .. } => self.unit_of_frame(*frame),
            _ => match collection.sites().last() {
                Some(made) => self.units.calls[made.call].unit,
                None => return false,
            },
        };
        self.units.units[unit].function.is_none() && self.is_filled(collection)
    }

    fn puts(&self, collection: &Value<'m>) -> &[(UnitId, &'m Expression)] {
        let start = match collection {
            Value::Data { expression, .. } => Some(start_of(expression.0)),
            _ => collection.sites().last().map(|made| std::ptr::from_ref(self.units.calls[made.call].call) as usize),
        };
        start.and_then(|start| self.units.put.get(&start)).map_or(&[], Vec::as_slice)
    }

    /// The items of a list, whichever of them is taken.
    pub(super) fn items_of(&self, list: &'m Expression, frame: FrameId) -> Values<'m> {
        let list = (0..PASSED_ON).fold(list, |list, _| same_items(list).unwrap_or(list));
        let mut all = self.mapped(list, frame);
        for value in self.values(list, frame).iter() {
            add(&mut all, self.held(value, None));
            add(&mut all, self.written_items(value));
        }
        all
    }

    /// The things that are written out in a list or under the keys of an object.
    fn written_items(&self, collection: &Value<'m>) -> Values<'m> {
        let Value::Data { expression, .. } = collection else { return Values::new() };
        let mut all = self.elements(collection);
        all.retain(|value| self.is_kept_thing(value));
        // `{writer.name: writer for writer in writers}` is written as pairs.
        if let (ExpressionKind::Comprehension { element, .. }, Value::Data { frame, .. }) =
            (&expression.0.kind, collection)
            && let ExpressionKind::List(pair) = &element.kind
            && let [_, value] = pair.as_slice()
        {
            add(&mut all, self.values(value, *frame).iter().filter(|value| self.is_kept_thing(value)).cloned());
        }
        all
    }

    /// What is taken out of a collection by a key that is only known when the program runs: one of the things in it.
    pub(super) fn under_some_key(&self, collection: &Value<'m>) -> Values<'m> {
        match collection {
            Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Comprehension { .. }) => {
                self.written_items(collection)
            }
            _ => Values::new(),
        }
    }

    /// What a list holds whose items are made one by one: `keys.map((key) => new OpenAI({ apiKey: key }))`.
    pub(super) fn mapped(&self, list: &'m Expression, frame: FrameId) -> Values<'m> {
        let list = match &list.kind {
            ExpressionKind::Name(name) => {
                let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
                let found = scopes.find_map(|id| {
                    let bindings = self.units.units[self.unit_of_frame(id)].names.get(name.as_str())?;
                    Some((id, bindings))
                });
                match found {
                    Some((home, bindings)) => match bindings.as_slice() {
                        [Binding::Value { value, access, .. }] if access.is_empty() => (*value, home),
                        _ => return Values::new(),
                    },
                    None => return Values::new(),
                }
            }
            _ => (list, frame),
        };
        let (ExpressionKind::Call(call), home) = (&list.0.kind, list.1) else { return Values::new() };
        let is_map = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "map");
        let Some(given) = call.arguments.first().filter(|_| is_map) else { return Values::new() };
        let mut all = Values::new();
        for value in self.values(&given.value, home).iter() {
            if let Value::Function { unit, closure, receiver } = value
                && let Some(inner) = self.enter(*unit, *closure, receiver.clone(), How::Framework)
            {
                add(&mut all, self.returned(*unit, inner).into_iter().filter(|value| self.is_kept_thing(value)));
            }
        }
        all
    }
}

impl<'m> Program<'m> {
    /// Whether a value is an object that does something, or a function. What only has fields is a state, as texts and
    /// numbers are.
    pub(super) fn is_thing(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Class(class) | Value::Instance { class, .. } => {
                let is_set_up = |name: &str| {
                    (name.starts_with("__") && name != "__call__") || name == "constructor" || name == "new"
                };
                self.units.classes[*class].methods.keys().any(|name| !is_set_up(name))
            }
            Value::Function { .. } => true,
            Value::Library { path, .. } => path.ends_with("()"),
            _ => false,
        }
    }

    /// Whether a value in a collection is a thing, or an object or a list with one in it: `{ id: "fast", model: new Fast() }`,
    /// `["/ask", ask]`.
    fn is_kept_thing(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Data { .. } => self.has_thing(value, 0),
            _ => self.is_thing(value),
        }
    }

    /// Whether a thing of the program stands in an object or a list, also in one that is spread into it or stands there:
    /// `{ name, ...implementation }`, `{ stream: { run: ask } }`.
    fn has_thing(&self, value: &Value<'m>, depth: usize) -> bool {
        let Value::Data { expression, frame } = value else {
            return !matches!(value, Value::Library { .. }) && self.is_thing(value);
        };
        let has_one =
            |part: &'m Expression| self.values(part, *frame).iter().any(|value| self.has_thing(value, depth + 1));
        match &expression.0.kind {
            _ if depth > PARTS => false,
            ExpressionKind::Object(entries) => entries.iter().take(ENTRIES).any(|entry| has_one(&entry.value)),
            ExpressionKind::List(items) => items.iter().take(ENTRIES).any(has_one),
            _ => false,
        }
    }
}

/// Calls one around the other that leave the items of a list as they are.
const PASSED_ON: usize = 4;
/// Objects within objects that are looked into for things.
const PARTS: usize = 2;
/// Entries of one object in a collection that are looked at.
const ENTRIES: usize = 12;

/// The collection whose items something goes through: `models` of `models.values()`, `Array.from(models)`,
/// `list(models)`, `models.filter(isReady)`.
fn same_items(list: &Expression) -> Option<&Expression> {
    let ExpressionKind::Call(call) = &list.kind else { return None };
    let only = || call.arguments.first().filter(|argument| argument.name.is_none()).map(|argument| &argument.value);
    match &call.callee.kind {
        ExpressionKind::Name(name) if matches!(name.as_str(), "list" | "tuple" | "sorted" | "reversed") => only(),
        ExpressionKind::Member { object, name } => match (&object.kind, name.as_str()) {
            (ExpressionKind::Name(holder), "values") if holder == "Object" => only(),
            (ExpressionKind::Name(holder), "from") if holder == "Array" => only(),
            (
                _,
                "values" | "filter" | "slice" | "iter" | "into_iter" | "toReversed" | "toSorted" | "reverse" | "sort",
            ) => Some(object),
            _ => None,
        },
        _ => None,
    }
}
