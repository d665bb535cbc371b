//! What type annotations promise, and what is injected by them.

use std::rc::Rc;

use crate::link::Program;
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::frames::{FrameId, How};
use super::{Value, Values, add};

impl<'m> Program<'m> {
    /// The values that a type annotation promises: instances of the classes it names, or what is injected.
    pub fn annotation(&self, annotation: &'m Expression, frame: FrameId) -> Values<'m> {
        self.annotation_at(annotation, frame, 0)
    }

    pub(super) fn annotation_at(&self, annotation: &'m Expression, frame: FrameId, depth: usize) -> Values<'m> {
        if depth > 6 {
            return Values::new();
        }
        let mut all = Values::new();
        match &annotation.kind {
            ExpressionKind::Operator { operands, .. } => {
                for operand in operands {
                    add(&mut all, self.annotation_at(operand, frame, depth + 1));
                }
            }
            ExpressionKind::Index { index, object } => {
                let parts: Vec<&'m Expression> = match &index.kind {
                    ExpressionKind::List(parts) => parts.iter().collect(),
                    _ => vec![index],
                };
                for part in parts.iter().skip(1) {
                    add(&mut all, self.injected(part, frame, parts.first().copied()));
                }
                if all.is_empty() {
                    add(&mut all, self.keeping(object, frame));
                }
                if all.is_empty() {
                    for part in &parts {
                        add(&mut all, self.annotation_at(part, frame, depth + 1));
                    }
                }
                if all.is_empty() {
                    add(&mut all, self.annotation_at(object, frame, depth + 1));
                }
            }
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
                for value in self.values(annotation, frame).iter() {
                    match value {
                        Value::Class(class) => add(&mut all, [Value::Instance { class: *class, site: None }]),
                        Value::Library { path, .. } if path.ends_with("()") => {
                            add(&mut all, self.provided(value));
                        }
                        Value::Library { path, .. } if !path.ends_with("[]") => {
                            add(&mut all, [Value::Library { path: format!("{path}()").into(), sites: Rc::from([]) }]);
                        }
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, annotation) => {
                            add(&mut all, self.annotation_at(expression.0, *frame, depth + 1));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        all
    }

    /// `Cache<Key, Answer>`, `Request<Body>`: a type that keeps what it is made of is itself what is asked, not its parts. A
    /// class of the program that does something is so too, whatever it is made of: `Model<Settings>`.
    pub(super) fn keeping(&self, object: &'m Expression, frame: FrameId) -> Values<'m> {
        let values = self.values(object, frame);
        let kept = values.iter().filter_map(|value| match value {
            // What only wraps one thing is asked for that: `struct Valid<T>(T)`.
            Value::Class(class) if self.units.classes[*class].order == ["0"] => None,
            Value::Class(class) => {
                let object = Value::Instance { class: *class, site: None };
                self.acts(&object).then_some(object)
            }
            Value::Library { path, .. } => {
                // A router has the type of its state: `Router<AppState>`.
                let makes_routers =
                    || [path.to_string(), format!("{path}.new")].iter().any(|name| self.is_a(name, Kind::Router));
                // A client, a store or a reader of settings has parameters of its own: `Client<Config>`,
                // `Repository<Message>`, `ConfigService<Settings>`. What the language itself has is asked for its items,
                // but for what is looked up by keys.
                let is_language = self.is_plain_data(value) || path.starts_with("collections.");
                let is_store = |fact: &Fact| {
                    let looks_up = |name: &String| ["get", "contains_key", "has"].iter().any(|key| name.contains(key));
                    fact.is == Kind::Store && (!is_language || fact.names.iter().any(looks_up))
                };
                let is_used = || {
                    let mut known = self.catalogue.about(&format!("{path}()"));
                    self.is_a(path, Kind::Client)
                        || known.any(|fact| {
                            matches!(fact.is, Kind::Call | Kind::Guard | Kind::Environment | Kind::Log)
                                || is_store(fact)
                        })
                };
                (self.is_a(path, Kind::Request) || makes_routers() || is_used())
                    .then(|| Value::Library { path: format!("{path}()").into(), sites: Rc::from([]) })
            }
            _ => None,
        });
        kept.collect()
    }

    /// What a marker such as `Depends(provider)` gives; `class` is the annotated type where the marker names no provider.
    pub(super) fn injected(&self, marker: &'m Expression, frame: FrameId, class: Option<&'m Expression>) -> Values<'m> {
        let mut all = Values::new();
        for value in self.values(marker, frame).iter() {
            let provided = self.provided(value);
            if provided.is_empty()
                && value.path().is_some_and(|path| self.is_a(path.trim_end_matches("()"), Kind::Inject))
                && let Some(class) = class
            {
                add(&mut all, self.annotation(class, frame));
            }
            add(&mut all, provided);
        }
        all
    }

    /// The values that the provider of an injection marker returns.
    pub(super) fn provided(&self, marker: &Value<'m>) -> Values<'m> {
        let mut all = Values::new();
        for provider in self.providers(marker) {
            match provider {
                Value::Function { unit, closure, receiver } => {
                    if let Some(frame) = self.enter(unit, closure, receiver, How::Framework) {
                        add(&mut all, self.returned(unit, frame));
                    }
                }
                Value::Class(class) => add(&mut all, [Value::Instance { class, site: None }]),
                _ => {}
            }
        }
        all
    }

    /// The functions that an injection marker names.
    pub fn providers(&self, marker: &Value<'m>) -> Values<'m> {
        let Value::Library { path, sites } = marker else { return Values::new() };
        let Some(name) = path.strip_suffix("()") else { return Values::new() };
        // A marker that was made of the function (`CurrentUser = decorate(find)`) holds it where it was made.
        let made = if name.ends_with("()") { sites.first() } else { sites.last() };
        let Some(site) = made.copied() else { return Values::new() };
        // A token names no function.
        if !self.facts_of(name, Kind::Inject).iter().any(|(_, fact)| fact.value.is_none()) {
            return Values::new();
        }
        let call = self.units.calls[site.call].call;
        call.arguments.first().map_or_else(Values::new, |argument| self.values(&argument.value, site.frame).to_vec())
    }

    pub(super) fn declared(&self, parameter: &'m Parameter, frame: FrameId) -> Values<'m> {
        let given = self.given_by_token(parameter, frame);
        if given.iter().any(|value| value.path().is_some() && !self.is_opaque(value)) {
            return given;
        }
        let declared =
            parameter.annotation.as_ref().map_or_else(Values::new, |annotation| self.annotation(annotation, frame));
        let named = self.given_by_name(parameter, &declared);
        if !named.is_empty() {
            return named;
        }
        let with_maker = |value| match value {
            Value::Library { path, sites } if sites.is_empty() => {
                Value::Library { sites: self.makers_for(&path, parameter), path }
            }
            value => value,
        };
        let mut all = Values::new();
        for value in declared.into_iter().map(with_maker) {
            let provided = match &value {
                Value::Library { path, sites } if sites.is_empty() => self.provided_as(path),
                _ => Values::new(),
            };
            add(&mut all, if provided.is_empty() { vec![value] } else { provided });
        }
        all
    }
}
