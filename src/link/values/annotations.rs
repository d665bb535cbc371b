//! What type annotations promise, and what is injected by them.

use std::rc::Rc;

use crate::link::Program;
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::frames::{FrameId, How, Site};
use super::members::is_null;
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

    /// What the types that are written beside values tell of them where the values themselves tell little or nothing:
    /// `client: OpenAI = request.app.state.client`, `client: Optional[OpenAI] = None`. Only what is known to do something
    /// tells more.
    pub(super) fn told_by(
        &self,
        annotations: impl Iterator<Item = (&'m Expression, FrameId)>,
        found: &[Value<'m>],
    ) -> Option<Values<'m>> {
        let mut annotations = annotations.peekable();
        annotations.peek()?;
        let says_little = |value: &Value<'m>| is_null(value) || self.is_opaque(value) || self.tells_little(value);
        if !found.iter().all(says_little) {
            return None;
        }
        let mut told = Values::new();
        for (annotation, frame) in annotations {
            add(&mut told, self.annotation(annotation, frame).into_iter().filter(|value| self.tells_much(value)));
        }
        let mut made = Vec::new();
        for site in found.iter().filter_map(|value| value.sites().last()) {
            for argument in &self.units.calls[site.call].call.arguments {
                self.client_sites(&argument.value, site.frame, &mut made, 0);
            }
            made.push(*site);
        }
        let made: Rc<[Site]> = made.into();
        for value in &mut told {
            if let Value::Library { sites, .. } = value
                && sites.is_empty()
            {
                *sites = made.clone();
            }
        }
        (!told.is_empty()).then_some(told)
    }

    /// Something of a library that no fact speaks of, or an item under a key that is only known when the program runs.
    pub(super) fn tells_little(&self, value: &Value<'m>) -> bool {
        let is_item = matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Index { .. }));
        is_item || self.is_untold(value)
    }

    /// An object of the program that does something, or one of a library that is known for what it does.
    fn tells_much(&self, value: &Value<'m>) -> bool {
        match value {
            Value::Instance { .. } => self.acts(value),
            Value::Library { path, .. } => {
                path.strip_suffix("()").is_some_and(|class| !self.is_plain_data(value) && self.has_uses(class))
            }
            _ => false,
        }
    }

    /// Whether objects of a class of a library are there to be used: clients, guards, readers of settings.
    fn has_uses(&self, class: &str) -> bool {
        self.is_a(class, Kind::Client)
            || self
                .catalogue
                .about(&format!("{class}()"))
                .any(|fact| matches!(fact.is, Kind::Call | Kind::Guard | Kind::Environment | Kind::Log))
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
                let is_used = || self.has_uses(path) || self.catalogue.about(&format!("{path}()")).any(is_store);
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
    pub(in crate::link) fn provided(&self, marker: &Value<'m>) -> Values<'m> {
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
