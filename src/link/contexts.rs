//! The context that a framework hands to its handlers: its members are the entries of the objects that the program makes
//! for it, by a function that runs for each request or on the way from one middleware to the next.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::ExpressionKind;
use crate::rules::catalogue::{Fact, Kind};

use super::arguments::Given;
use super::values::{Place, Values, add};
use super::{Program, Site, Value};

/// The role of what gives the members of a context: `fetchRequestHandler({ router, createContext })`.
const CONTEXT: &str = "context";

/// What makes the members of contexts, by the canonical names of these.
pub(super) type Contexts<'m> = Rc<FxHashMap<&'m str, Vec<Place<'m>>>>;

impl<'m> Program<'m> {
    /// What the program gives for a member of the context that goes by a canonical name.
    pub(super) fn in_context(&self, context: &str, name: &str) -> Values<'m> {
        let mut all = Values::new();
        if !self.context_names().contains(context) {
            return all;
        }
        // `next({ ctx })` hands on the context itself: what it is given is asked for already.
        let asked = (context.to_owned(), name.to_owned());
        if self.asked_of_contexts.borrow().contains(&asked) {
            self.cuts.set(self.cuts.get() + 1);
            return all;
        }
        self.asked_of_contexts.borrow_mut().push(asked);
        let contexts = self.contexts();
        let is_known = |value: &Value<'m>| match value {
            Value::Unknown | Value::Parameter { .. } => false,
            // `{ ...ctx, user }` hands on what was there before.
            Value::Library { path, .. } => {
                path.strip_prefix(context).and_then(|rest| rest.strip_prefix('.')) != Some(name)
            }
            _ => true,
        };
        for place in contexts.get(context).into_iter().flatten() {
            for object in self.values_of_provider(*place) {
                let members = self.member(&object, name, None);
                add(&mut all, members.into_iter().filter(|value| is_known(value)));
            }
        }
        self.asked_of_contexts.borrow_mut().pop();
        all
    }

    fn context_names(&self) -> &FxHashSet<&'m str> {
        self.context_names.get_or_init(|| self.context_facts().filter_map(|fact| fact.becomes.as_deref()).collect())
    }

    fn context_facts(&self) -> impl Iterator<Item = &'m Fact> + use<'m> {
        let catalogue = self.catalogue;
        catalogue.of_kind(Kind::Provide).map(|(_, fact)| fact).filter(|fact| is_context(fact))
    }

    /// What makes the members of contexts.
    fn contexts(&self) -> Contexts<'m> {
        if let Some(known) = &*self.contexts.borrow() {
            return known.clone();
        }
        // Whoever asks in between is told that nothing is given.
        *self.contexts.borrow_mut() = Some(Rc::default());
        let names: FxHashSet<&str> =
            self.context_facts().flat_map(|fact| &fact.names).flat_map(|name| super::provided::last_of(name)).collect();
        let mut found: FxHashMap<&'m str, Vec<Place<'m>>> = FxHashMap::default();
        for (call, info) in self.units.calls.iter().enumerate() {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                continue;
            };
            if info.call.arguments.is_empty() || !names.contains(name.as_str()) {
                continue;
            }
            let site = Site { call, frame: self.open_frame(info.unit) };
            for path in self.callee_paths(site).iter() {
                for (_, fact) in self.facts_of(path, Kind::Provide).into_iter().filter(|(_, fact)| is_context(fact)) {
                    let given = fact.value.as_deref().map(|value| self.argument(site, value));
                    let (Some(Given::Present { expression, frame }), Some(context)) = (given, fact.becomes.as_deref())
                    else {
                        continue;
                    };
                    found.entry(context).or_default().push((expression, frame));
                }
            }
        }
        let found = Rc::new(found);
        *self.contexts.borrow_mut() = Some(found.clone());
        found
    }
}

/// Whether a fact is about what makes the members of a context.
fn is_context(fact: &Fact) -> bool {
    fact.role.as_deref() == Some(CONTEXT)
}
