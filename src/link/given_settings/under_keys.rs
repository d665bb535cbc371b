//! What is read out of an object that holds settings: `app.config["TIMEOUT"]` is what `app.config.from_object(Settings)`,
//! `app.config.update(TIMEOUT=20)` or `app.config["TIMEOUT"] = 20` has given it.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::Program;
use crate::link::names::Target;
use crate::link::units::CallId;
use crate::link::values::{FrameId, Value, Values};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// The calls that may give something to an object that holds settings, by the name under which it is written there
/// (`config`), as they are written: what they are called on is asked when a setting is.
pub(in crate::link) type Giving<'m> = FxHashMap<&'m str, Vec<CallId>>;

/// Calls that may give settings, and what they are given, as far as they are looked at.
const CALLS: usize = 400;
/// A method that reads a setting.
const READS: &str = "get";

impl<'m> Program<'m> {
    /// Whether a name is one of an object that holds what the program gives to it.
    fn holds_settings(&self, path: &str) -> bool {
        self.facts_of(path, Kind::Setting).iter().any(|(_, fact)| fact.role.as_deref() == Some("holder"))
    }

    /// The key under which an expression reads a setting, with what holds that: `app.config["TIMEOUT"]`,
    /// `app.config.get("TIMEOUT")`.
    pub fn setting_read(&self, expression: &'m Expression, frame: FrameId) -> Option<(&'m Expression, &'m Expression)> {
        let (object, key) = match &expression.kind {
            ExpressionKind::Index { object, index } => (&**object, &**index),
            ExpressionKind::Call(call) => read_by(call)?,
            _ => return None,
        };
        let values = self.values(object, frame);
        values.iter().filter_map(Value::path).any(|path| self.holds_settings(path)).then_some((object, key))
    }

    /// What a call that reads a setting gives; empty: nothing is known of it.
    pub(in crate::link) fn setting_got(&self, call: &'m Call, frame: FrameId) -> Values<'m> {
        let Some((object, key)) = read_by(call) else { return Values::new() };
        let values = self.values(object, frame);
        let Some(path) = values.iter().filter_map(Value::path).find(|path| self.holds_settings(path)) else {
            return Values::new();
        };
        self.text(key, frame).map(|key| self.setting_under(path, &key)).unwrap_or_default()
    }

    /// The key at which something is read of what holds settings.
    pub(in crate::link) fn setting_key(&self, path: &str, index: &'m Expression, frame: FrameId) -> Option<String> {
        if self.holds_settings(path) { self.text(index, frame) } else { None }
    }

    /// What the program gives to a key of what holds settings, by the name of that; empty: nothing is known.
    pub fn setting_under(&self, path: &str, key: &str) -> Values<'m> {
        if !self.holds_settings(path) {
            return Values::new();
        }
        let holder = path.rsplit('.').next().unwrap_or(path);
        let is_holder = |object: &'m Expression, frame: FrameId| {
            self.values(object, frame).iter().filter_map(Value::path).any(|path| self.holds_settings(path))
        };
        let mut all = Values::new();
        for each in self.units.member_assignments.get(&(holder, key)).into_iter().flatten().take(CALLS) {
            let frame = self.open_frame(each.unit);
            if is_holder(each.object, frame) {
                add(&mut all, self.values(each.value, frame).iter().cloned());
            }
        }
        all.retain(|value| *value != Value::Unknown);
        if !all.is_empty() {
            return all;
        }
        let giving = self.giving.get_or_init(|| self.find_giving());
        for call in giving.get(holder).into_iter().flatten().take(CALLS) {
            let info = &self.units.calls[*call];
            let frame = self.open_frame(info.unit);
            let ExpressionKind::Member { object, .. } = &info.call.callee.kind else { continue };
            if is_holder(object, frame) {
                add(&mut all, self.given_by_call(info.call, key, frame));
            }
        }
        all.retain(|value| *value != Value::Unknown);
        // What is nothing before it is given says nothing.
        if all.len() > 1 {
            all.retain(|value| !matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null))));
        }
        all
    }

    fn find_giving(&self) -> Giving<'m> {
        let facts = self.catalogue.of_kind(Kind::Setting).map(|(_, fact)| fact);
        let names = facts.filter(|fact| fact.role.as_deref() == Some("holder")).flat_map(|fact| &fact.names);
        let holders: FxHashSet<&str> = names.map(|name| name.rsplit('.').next().unwrap_or(name)).collect();
        let mut giving = Giving::default();
        if holders.is_empty() {
            return giving;
        }
        for (call, info) in self.units.calls.iter().enumerate() {
            let ExpressionKind::Member { object, name } = &info.call.callee.kind else { continue };
            let ExpressionKind::Member { name: holder, .. } = &object.kind else { continue };
            if name != READS && !info.call.arguments.is_empty() && holders.contains(holder.as_str()) {
                giving.entry(holder.as_str()).or_default().push(call);
            }
        }
        giving
    }

    /// What a call gives to a key: by its name, in a table, or in a class or module that holds it.
    fn given_by_call(&self, call: &'m Call, key: &str, frame: FrameId) -> Values<'m> {
        let named = |argument: &&'m Argument| argument.name.as_deref() == Some(key);
        if let Some(argument) = call.arguments.iter().find(named) {
            return self.values(&argument.value, frame).to_vec();
        }
        // `app.config.setdefault("TIMEOUT", 20)`
        if let [first, given] = call.arguments.as_slice()
            && matches!(&first.value.kind, ExpressionKind::Literal(Literal::Text(own)) if own == key)
        {
            return self.values(&given.value, frame).to_vec();
        }
        let mut all = Values::new();
        let sources = call.arguments.iter().filter(|argument| argument.name.as_deref().is_none_or(|name| name == "**"));
        for source in sources.take(CALLS) {
            for value in self.values(&source.value, frame).iter() {
                add(&mut all, self.given_in(value, key));
            }
        }
        all
    }

    fn given_in(&self, source: &Value<'m>, key: &str) -> Values<'m> {
        match source {
            Value::Class(class) | Value::Instance { class, .. } => {
                let given = self.field_value(*class, key, 0);
                given.map(|(value, home)| self.values(value, home).to_vec()).unwrap_or_default()
            }
            Value::Module(module) => {
                let mut all = self.exported(*module, key, 0).unwrap_or_default();
                all.retain(|value| *value != Value::Unknown);
                all
            }
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::Object(_) => {
                    let mut all = self.member(source, key, None);
                    all.retain(|value| *value != Value::Unknown);
                    all
                }
                // `app.config.from_object("shop.settings.Production")`, `"shop.settings"`
                ExpressionKind::Literal(Literal::Text(dotted)) => match self.class_named(dotted, *frame) {
                    Some(class) => self.given_in(&Value::Class(class), key),
                    None => {
                        let from = &self.modules[self.module_of(self.unit_of_frame(*frame))];
                        match self.names.resolve(&from.path, from.language, dotted.trim_end_matches(".py")) {
                            Target::Module(module) => self.given_in(&Value::Module(module), key),
                            _ => Values::new(),
                        }
                    }
                },
                _ => Values::new(),
            },
            _ => Values::new(),
        }
    }
}

/// What a call reads a setting of, and its key: `app.config.get("TIMEOUT", 20)`.
fn read_by(call: &Call) -> Option<(&Expression, &Expression)> {
    match (&call.callee.kind, call.arguments.first()) {
        (ExpressionKind::Member { object, name }, Some(Argument { name: None, value })) if name == READS => {
            Some((object, value))
        }
        _ => None,
    }
}

fn add<'m>(all: &mut Values<'m>, more: impl IntoIterator<Item = Value<'m>>) {
    for value in more {
        if all.len() < CALLS && !all.contains(&value) {
            all.push(value);
        }
    }
}
