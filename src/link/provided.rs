//! What is provided for others by their types: clients that the decorator of one class makes for the classes that it
//! lists, and objects that the program gives to all its handlers.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Expression, ExpressionKind, Literal, Parameter};
use crate::rules::catalogue::{Fact, Kind};

use super::arguments::Given;
use super::flow::children;
use super::units::{Binding, CallId, ClassId};
use super::values::{Place, Values, add};
use super::{FrameId, How, Program, Site, Value};

/// Something that is made for the classes beside it.
#[derive(Debug)]
pub(super) struct Provision {
    /// The canonical name under which they ask for it.
    name: String,
    site: Site,
    classes: Vec<ClassId>,
}

/// What a type is by which handlers ask for an object.
const ASKED: &str = "asked";

/// The calls that give an object to handlers, with the argument path of that.
pub(super) type Objects<'m> = Rc<[(Site, &'m str)]>;

/// The role of what runs a function at the start of which the keys that it yields are members of requests.
const YIELDED: &str = "yielded";

/// What start-up functions yield, by the member that holds it and its key there.
pub(super) type Yielded<'m> = Rc<FxHashMap<(&'m str, &'m str), Vec<Place<'m>>>>;

/// What the program gives to its handlers under names.
pub(super) type Named<'m> = Rc<FxHashMap<&'m str, Vec<Place<'m>>>>;

/// The role of what gives an application a member: `app.decorate("llm", client)`.
const MEMBER: &str = "member";

/// The calls that may give applications members, by the names of these.
pub(super) type Members<'m> = FxHashMap<&'m str, Vec<CallId>>;

/// The role of what gives things to the parameters that have their names.
const NAMED: &str = "named";

/// What is provided under a token.
#[derive(Debug)]
pub(super) struct Token<'m> {
    name: Place<'m>,
    provider: Place<'m>,
}

impl<'m> Program<'m> {
    /// The calls that made what a parameter of a class asks for by its type.
    pub(super) fn makers_for(&self, name: &str, parameter: &'m Parameter) -> Rc<[Site]> {
        let known = self.provisions.borrow().clone();
        let provisions = known.unwrap_or_else(|| {
            // Whoever asks in between, while the lists are read, is told that nothing is provided.
            *self.provisions.borrow_mut() = Some(Rc::default());
            let found = Rc::new(self.find_provisions());
            *self.provisions.borrow_mut() = Some(found.clone());
            found
        });
        let asks = |class: &ClassId| {
            let units = &self.units;
            units.classes[*class].methods.values().any(|unit| {
                let function = units.units[*unit].function;
                function.is_some_and(|function| function.parameters.iter().any(|each| std::ptr::eq(each, parameter)))
            })
        };
        let fitting =
            provisions.iter().filter(|provision| provision.name == name && provision.classes.iter().any(asks));
        fitting.map(|provision| provision.site).collect()
    }

    /// What the program gives to its handlers that has the type of this name: `with_state(client)`, `Data::new(client)`.
    pub(super) fn provided_as(&self, name: &str) -> Values<'m> {
        let declared = name.strip_suffix("()").unwrap_or(name);
        let mut all = Values::new();
        for (site, what) in self.given_to_handlers().iter() {
            let Given::Present { expression, frame } = self.argument(*site, what) else { continue };
            let values = self.values(expression, frame);
            let fits = |value: &&Value<'m>| value.path().is_some_and(|path| self.is_of_type(path, declared));
            add(&mut all, values.iter().filter(fits).cloned());
        }
        all
    }

    /// Whether a parameter of this type is an object that the program gives to its handlers, and nothing that a request
    /// brings: `State<App>`, `Extension<Pool>`, `Extension<App>` where it gives one by that type.
    pub fn is_of_program(&self, annotation: &'m Expression, frame: FrameId) -> bool {
        let ExpressionKind::Index { object, index } = &annotation.kind else { return false };
        // `Extension<Pool>`: what a library is known to do something with is no text of a request.
        let is_thing = || {
            let types = self.values(index, frame);
            let mut known = types.iter().filter_map(Value::path).filter(|path| !path.starts_with("globals."));
            known.any(|path| self.catalogue.about(&format!("{path}()")).next().is_some())
        };
        self.values(object, frame).iter().filter_map(Value::path).any(|path| {
            let facts = self.facts_of(path, Kind::Provide);
            facts.iter().any(|(_, fact)| fact.role.as_deref() == Some(ASKED))
                || !facts.is_empty() && (is_thing() || self.is_given_by(path))
        })
    }

    /// Whether the program gives something to its handlers by what goes by this name: `layer(Extension(app))`.
    fn is_given_by(&self, path: &str) -> bool {
        let given = self.given_to_handlers();
        given.iter().any(|(site, _)| self.callee_paths(*site).iter().any(|each| **each == *path))
    }

    /// Whether what has been made is of the type declared: made by one of its own functions, or by a builder of clients
    /// beside it.
    fn is_of_type(&self, made: &str, declared: &str) -> bool {
        let Some(maker) = made.strip_suffix("()") else { return false };
        let is_type = |part: &&str| part.starts_with(char::is_uppercase);
        let module = |path: &str| path.split('.').take_while(|part| !is_type(part)).collect::<Vec<_>>().join(".");
        let is_own = maker.strip_prefix(declared).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        is_own
            || module(maker) == module(declared)
                && self.is_a(maker, Kind::Client)
                && self.is_a(declared, Kind::Client)
                && maker.contains("()")
    }

    /// The calls that give an object to handlers, with the argument path of that.
    fn given_to_handlers(&self) -> Objects<'m> {
        if let Some(known) = &*self.given_objects.borrow() {
            return known.clone();
        }
        // Whoever asks in between is told that nothing is given.
        *self.given_objects.borrow_mut() = Some(Rc::from([]));
        let catalogue = self.catalogue;
        let gives = |fact: &&'m Fact| fact.role.is_none();
        let facts = catalogue.of_kind(Kind::Provide).map(|(_, fact)| fact).filter(gives);
        let names: FxHashSet<&str> = facts.flat_map(|fact| &fact.names).flat_map(|name| last_of(name)).collect();
        let mut found = Vec::new();
        for (call, info) in self.units.calls.iter().enumerate() {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                continue;
            };
            if info.call.arguments.is_empty() || !names.contains(name.as_str()) {
                continue;
            }
            let site = Site { call, frame: self.open_frame(info.unit) };
            for path in self.callee_paths(site).iter() {
                let facts = self.facts_of(path, Kind::Provide);
                let facts = facts.iter().map(|(_, fact)| *fact).filter(gives);
                found.extend(facts.map(|fact| (site, fact.value.as_deref().unwrap_or("#0"))));
            }
        }
        let found: Objects<'m> = found.into();
        *self.given_objects.borrow_mut() = Some(found.clone());
        found
    }

    /// What the program has given to an application as a member of this name, of all that are of its type.
    pub(super) fn given_member(&self, application: &str, name: &str) -> Values<'m> {
        let mut all = Values::new();
        for call in self.given_members().get(name).into_iter().flatten() {
            let info = &self.units.calls[*call];
            let ExpressionKind::Member { name: method, .. } = &info.call.callee.kind else { continue };
            let site = Site { call: *call, frame: self.open_frame(info.unit) };
            let own = self.facts_of(&format!("{application}.{method}"), Kind::Provide);
            let paths = self.callee_paths(site);
            let facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Provide));
            let shared = facts.filter(|(id, fact)| is_member(fact) && own.iter().any(|(known, _)| known == id));
            for (_, fact) in shared.collect::<Vec<_>>() {
                let given = fact.value.as_deref().map(|value| self.argument(site, value));
                if let Some(Given::Present { expression, frame }) = given {
                    add(
                        &mut all,
                        self.values(expression, frame).iter().filter(|value| **value != Value::Unknown).cloned(),
                    );
                }
            }
        }
        all
    }

    /// The calls that may give an application a member, by its name, as they are written: what they are called on is
    /// asked when the member is.
    fn given_members(&self) -> &Members<'m> {
        self.given_members.get_or_init(|| {
            let facts = self.catalogue.of_kind(Kind::Provide).map(|(_, fact)| fact).filter(|fact| is_member(fact));
            let names: FxHashSet<&str> = facts.flat_map(|fact| &fact.names).flat_map(|name| last_of(name)).collect();
            let mut found = Members::default();
            for (call, info) in self.units.calls.iter().enumerate() {
                let (ExpressionKind::Member { name, .. }, [key, ..]) =
                    (&info.call.callee.kind, info.call.arguments.as_slice())
                else {
                    continue;
                };
                if let ExpressionKind::Literal(Literal::Text(key)) = &key.value.kind
                    && names.contains(name.as_str())
                {
                    found.entry(key.as_str()).or_default().push(call);
                }
            }
            found
        })
    }

    /// What the program gives to a parameter by its name, where it is of the declared type: `Dispatcher(llm=client)`.
    pub(super) fn given_by_name(&self, parameter: &'m Parameter, declared: &[Value<'m>]) -> Values<'m> {
        let mut all = Values::new();
        let (ExpressionKind::Name(name), Some(_), None) =
            (&parameter.target.kind, &parameter.annotation, &parameter.default)
        else {
            return all;
        };
        let given = self.named_objects().get(name.as_str()).cloned().unwrap_or_default();
        let fits = |value: &Value<'m>| declared.iter().all(|declared| self.is_declared_as(value, declared));
        for (expression, frame) in given {
            for value in self.values(expression, frame).iter() {
                let made = self.provided(value);
                let values = if made.is_empty() { vec![value.clone()] } else { made };
                add(&mut all, values.into_iter().filter(fits));
            }
        }
        all
    }

    /// What is written of a parameter in the tables of what parameters are given by their names.
    pub fn written_of(&self, parameter: &Parameter) -> Vec<Place<'m>> {
        match (&parameter.target.kind, &parameter.default) {
            (ExpressionKind::Name(name), None) => self.named_objects().get(name.as_str()).cloned().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Whether a value may stand where a type is declared.
    fn is_declared_as(&self, value: &Value<'m>, declared: &Value<'m>) -> bool {
        match (value, declared) {
            (Value::Instance { class, .. }, Value::Instance { class: declared, .. }) => class == declared,
            (Value::Library { path, .. }, Value::Library { path: declared, .. }) => {
                self.is_of_type(path, declared.strip_suffix("()").unwrap_or(declared))
            }
            (Value::Data { .. }, declared) => self.is_plain_data(declared),
            _ => false,
        }
    }

    /// What the program gives to its handlers, by the name under which it does.
    fn named_objects(&self) -> Named<'m> {
        if let Some(known) = &*self.given_names.borrow() {
            return known.clone();
        }
        // Whoever asks in between is told that nothing is given.
        *self.given_names.borrow_mut() = Some(Rc::default());
        let catalogue = self.catalogue;
        let is_plain = |fact: &Fact| is_named(fact) && fact.value.is_none();
        let facts = catalogue.of_kind(Kind::Provide).map(|(_, fact)| fact).filter(|fact| is_plain(fact));
        let names: FxHashSet<&str> = facts.flat_map(|fact| &fact.names).flat_map(|name| last_of(name)).collect();
        let gives = |path: &str| self.facts_of(path, Kind::Provide).iter().any(|(_, fact)| is_plain(fact));
        let mut found: FxHashMap<&'m str, Vec<Place<'m>>> = FxHashMap::default();
        self.add_from_tables(&mut found);
        let mut is_used = false;
        for (call, info) in self.units.calls.iter().enumerate() {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                continue;
            };
            let site = Site { call, frame: self.open_frame(info.unit) };
            if names.contains(name.as_str()) && self.callee_paths(site).iter().any(|path| gives(path)) {
                is_used = true;
                for argument in &info.call.arguments {
                    if let Some(name) = argument.name.as_deref().filter(|name| *name != "**") {
                        found.entry(name).or_default().push((&argument.value, site.frame));
                    }
                }
            }
        }
        // `dispatcher["llm"] = client`
        for node in self.units.nodes.iter().filter(|_| is_used) {
            let Some(assignment) = node.kind.assignment() else { continue };
            let (ExpressionKind::Index { object, index }, Some(value)) = (&assignment.target.kind, &assignment.value)
            else {
                continue;
            };
            let ExpressionKind::Literal(Literal::Text(name)) = &index.kind else { continue };
            let frame = self.open_frame(node.unit);
            if self.values(object, frame).iter().filter_map(Value::path).any(|path| gives(&format!("{path}[]"))) {
                found.entry(name.as_str()).or_default().push((value, frame));
            }
        }
        let found = Rc::new(found);
        *self.given_names.borrow_mut() = Some(found.clone());
        found
    }

    /// What a start-up function has yielded under a key: `yield {"client": client}` of a lifespan, read as
    /// `request.state.client`.
    pub(super) fn yielded_member(&self, holder: &str, name: &str) -> Values<'m> {
        let known = self.yielded.borrow().clone();
        let yielded = known.unwrap_or_else(|| {
            // Whoever asks in between is told that nothing is.
            *self.yielded.borrow_mut() = Some(Rc::default());
            let found = Rc::new(self.find_yielded());
            *self.yielded.borrow_mut() = Some(found.clone());
            found
        });
        let mut all = Values::new();
        if yielded.is_empty() {
            return all;
        }
        for (expression, frame) in yielded.get(&(holder, name)).into_iter().flatten() {
            add(&mut all, self.values(expression, *frame).iter().filter(|value| **value != Value::Unknown).cloned());
        }
        all
    }

    fn find_yielded(&self) -> FxHashMap<(&'m str, &'m str), Vec<Place<'m>>> {
        let mut found: FxHashMap<(&'m str, &'m str), Vec<Place<'m>>> = FxHashMap::default();
        let yields = |fact: &Fact| fact.role.as_deref() == Some(YIELDED);
        let facts = self.catalogue.of_kind(Kind::Provide).map(|(_, fact)| fact).filter(|fact| yields(fact));
        let names: FxHashSet<&str> = facts.flat_map(|fact| &fact.names).flat_map(|name| last_of(name)).collect();
        for (call, info) in self.units.calls.iter().enumerate() {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                continue;
            };
            if info.call.arguments.is_empty() || !names.contains(name.as_str()) {
                continue;
            }
            let site = Site { call, frame: self.open_frame(info.unit) };
            let paths = self.callee_paths(site);
            let facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Provide));
            for (_, fact) in facts.filter(|(_, fact)| yields(fact)).collect::<Vec<_>>() {
                let given = fact.value.as_deref().map(|value| self.argument(site, value));
                let Some(Given::Present { expression, frame }) = given else { continue };
                for (key, place) in self.entries_yielded(expression, frame) {
                    for holder in &fact.keys {
                        found.entry((holder.as_str(), key)).or_default().push(place);
                    }
                }
            }
        }
        found
    }

    /// The keys of the mappings that a function yields, with what stands under them.
    fn entries_yielded(&self, function: &'m Expression, frame: FrameId) -> Vec<(&'m str, Place<'m>)> {
        let mut found = Vec::new();
        for value in self.values(function, frame).iter() {
            let Value::Function { unit, .. } = value else { continue };
            let home = self.open_frame(*unit);
            for yielded in &self.units.units[*unit].yields {
                let mut written = vec![*yielded];
                if let ExpressionKind::Name(name) = &yielded.kind {
                    let bindings = self.units.units[*unit].names.get(name.as_str()).into_iter().flatten();
                    written.extend(bindings.filter_map(|binding| match binding {
                        Binding::Value { value, access, .. } if access.is_empty() => Some(*value),
                        _ => None,
                    }));
                }
                for each in written {
                    match &each.kind {
                        ExpressionKind::Object(entries) => {
                            let keyed = entries.iter().filter_map(|entry| Some((entry.key.as_deref()?, &entry.value)));
                            found.extend(keyed.map(|(key, value)| (key, (value, home))));
                        }
                        // `State(client=client)` of a typed dictionary.
                        ExpressionKind::Call(call) => {
                            let keyed =
                                call.arguments.iter().filter_map(|each| Some((each.name.as_deref()?, &each.value)));
                            found.extend(keyed.map(|(key, value)| (key, (value, home))));
                        }
                        _ => {}
                    }
                }
            }
        }
        found
    }

    /// What a parameter is given by the token that its decorator names: `@Inject("LLM") private readonly llm: Client`.
    pub(super) fn given_by_token(&self, parameter: &'m Parameter, frame: FrameId) -> Values<'m> {
        let mut all = Values::new();
        for decorator in &parameter.decorators {
            let ExpressionKind::Call(call) = &decorator.kind else { continue };
            let Some(asked) = call.arguments.first().map(|argument| &argument.value) else { continue };
            let is_marker = self
                .values(&call.callee, frame)
                .iter()
                .filter_map(Value::path)
                .any(|path| self.facts_of(path, Kind::Inject).iter().any(|(_, fact)| fact.value.is_some()));
            if !is_marker {
                continue;
            }
            let known = self.tokens.borrow().clone();
            let tokens = known.unwrap_or_else(|| {
                // As above: while they are looked for there are none.
                *self.tokens.borrow_mut() = Some(Rc::default());
                let found = Rc::new(self.find_tokens());
                *self.tokens.borrow_mut() = Some(found.clone());
                found
            });
            for token in tokens.iter().filter(|token| self.is_same_token(token.name, (asked, frame))) {
                add(&mut all, self.values_of_provider(token.provider));
            }
        }
        all
    }

    /// What a provider gives: a value as it is, or what a function returns.
    pub(super) fn values_of_provider(&self, (provider, frame): Place<'m>) -> Values<'m> {
        let mut all = Values::new();
        for value in self.values(provider, frame).iter() {
            match value {
                Value::Function { unit, closure, receiver } => {
                    if let Some(inner) = self.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        add(&mut all, self.returned(*unit, inner));
                    }
                }
                value => add(&mut all, [value.clone()]),
            }
        }
        all
    }

    fn is_same_token(&self, one: Place<'m>, other: Place<'m>) -> bool {
        let text = |(token, frame): Place<'m>| self.text(token, frame);
        match (text(one), text(other)) {
            (Some(one), Some(other)) => one == other,
            _ => {
                let others = self.values(other.0, other.1);
                self.values(one.0, one.1).iter().any(|value| *value != Value::Unknown && others.contains(value))
            }
        }
    }

    /// The objects in the program that provide something under a token, as the catalogue names their keys.
    fn find_tokens(&self) -> Vec<Token<'m>> {
        let facts = self.catalogue.of_kind(Kind::Inject);
        let facts: Vec<(&str, &Vec<String>)> =
            facts.filter_map(|(_, fact)| Some((fact.value.as_deref()?, &fact.keys))).collect();
        let mut found = Vec::new();
        if facts.is_empty() {
            return found;
        }
        let mut open: Vec<Place<'m>> = Vec::new();
        for class in &self.units.classes {
            let frame = self.open_frame(class.unit);
            open.extend(class.class.decorators.iter().map(|decorator| (decorator, frame)));
        }
        let mut seen = FxHashSet::default();
        while let Some((expression, frame)) = open.pop() {
            if !seen.insert(std::ptr::from_ref(expression) as usize) {
                continue;
            }
            match &expression.kind {
                ExpressionKind::Object(entries) => {
                    let value = |key: &str| {
                        entries.iter().find(|entry| entry.key.as_deref() == Some(key)).map(|entry| &entry.value)
                    };
                    found.extend(facts.iter().filter_map(|(under, keys)| {
                        let provider = keys.iter().find_map(|key| value(key))?;
                        Some(Token { name: (value(under)?, frame), provider: (provider, frame) })
                    }));
                }
                // `providers: [llmProvider, ...shared]`
                ExpressionKind::Name(_) => {
                    open.extend(self.values(expression, frame).iter().filter_map(|value| match value {
                        Value::Data { expression, frame } => Some((expression.0, *frame)),
                        _ => None,
                    }));
                }
                _ => {}
            }
            children(expression, &mut |child| open.push((child, frame)));
        }
        found
    }

    fn find_provisions(&self) -> Vec<Provision> {
        if self.catalogue.of_kind(Kind::Client).all(|(_, fact)| fact.becomes.is_none()) {
            return Vec::new();
        }
        let decorated = self.units.classes.iter().flat_map(|info| {
            let frame = self.open_frame(info.unit);
            info.class.decorators.iter().map(move |decorator| (decorator, frame))
        });
        decorated.flat_map(|(decorator, frame)| self.provisions_of(decorator, frame)).collect()
    }

    /// What one decorator provides.
    fn provisions_of(&self, decorator: &'m Expression, frame: FrameId) -> Vec<Provision> {
        let (mut found, mut classes) = (Vec::new(), Vec::new());
        let mut pending = vec![decorator];
        while let Some(expression) = pending.pop() {
            children(expression, &mut |child| pending.push(child));
            match &expression.kind {
                ExpressionKind::List(items) => classes.extend(items.iter().flat_map(|item| self.listed(item, frame))),
                ExpressionKind::Call(call) => {
                    let Some(call) = self.units.call_id(call) else { continue };
                    let site = Site { call, frame };
                    let names = self
                        .callee_paths(site)
                        .iter()
                        .flat_map(|path| self.facts_of(path, Kind::Client))
                        .filter_map(|(_, fact)| fact.becomes.clone())
                        .collect::<Vec<_>>();
                    found.extend(names.into_iter().map(|name| (name, site)));
                }
                _ => {}
            }
        }
        found.into_iter().map(|(name, site)| Provision { name, site, classes: classes.clone() }).collect()
    }

    fn listed(&self, item: &'m Expression, frame: FrameId) -> Vec<ClassId> {
        if !matches!(item.kind, ExpressionKind::Name(_)) {
            return Vec::new();
        }
        let values = self.values(item, frame);
        values
            .iter()
            .filter_map(|value| match value {
                Value::Class(class) => Some(*class),
                _ => None,
            })
            .collect()
    }
}

/// Whether a fact is about what becomes a member of an application.
fn is_member(fact: &Fact) -> bool {
    fact.role.as_deref() == Some(MEMBER)
}

/// Whether a fact is about what is given to parameters by their names.
pub(super) fn is_named(fact: &Fact) -> bool {
    fact.role.as_deref() == Some(NAMED)
}

/// The last part of a canonical name, in all its alternatives.
pub(super) fn last_of(name: &str) -> impl Iterator<Item = &str> {
    name.rsplit('.').next().unwrap_or_default().trim_matches(['{', '}']).split(',')
}
