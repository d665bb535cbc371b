//! What is added to an object of a library step by step: `graph.add_node("answer", answer)`.
//!
//! The functions that such a step is given run when the object is used, though the step's own result is dropped.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Program;
use super::units::{CallId, NodeKind, UnitId};
use super::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

impl<'m> Program<'m> {
    /// The steps that add to what a call has made.
    pub(super) fn additions(&self, made: CallId) -> Rc<[Site]> {
        if let Some(found) = self.additions.get() {
            return found.get(&made).cloned().unwrap_or_else(|| Rc::from([]));
        }
        // What is asked for while they are looked for goes without them.
        if self.is_adding.replace(true) {
            self.cuts.set(self.cuts.get() + 1);
            return Rc::from([]);
        }
        let found = self.find_additions();
        self.is_adding.set(false);
        let steps = found.get(&made).cloned().unwrap_or_else(|| Rc::from([]));
        // Asked for while it was looked for, it may be there already: it is the same.
        let _ = self.additions.set(found);
        steps
    }

    /// The calls whose results are given to the steps that add to what a call has made: `graph.add_node("cut", Cut())`.
    pub fn added_to(&self, made: Site) -> Vec<Site> {
        let mut all = Vec::new();
        for step in self.additions(made.call).iter() {
            for argument in &self.units.calls[step.call].call.arguments {
                self.client_sites(&argument.value, step.frame, &mut all, 0);
            }
        }
        all
    }

    /// The calls that made the parts of something that is put together step by step, where a part is itself something that
    /// asks a model: `graph.add_node("answer", prompt | model)`. What a function asks are calls of their own.
    pub(super) fn parts(&self, made: &[Site]) -> Vec<Rc<[Site]>> {
        let mut all: Vec<Rc<[Site]>> = Vec::new();
        for each in made {
            let added = self.additions(each.call);
            let chained = self.callee_paths(*each).iter().any(|path| self.is_a(path, Kind::Same)).then_some(*each);
            for step in chained.into_iter().chain(added.iter().copied()) {
                for argument in &self.units.calls[step.call].call.arguments {
                    for value in self.values(&argument.value, step.frame).iter() {
                        if let Value::Library { path, sites } = value
                            && self.asks_a_model(path)
                            && !all.contains(sites)
                        {
                            all.push(sites.clone());
                        }
                    }
                }
            }
        }
        all
    }

    /// Whether something that is put together step by step has parts that ask a model themselves.
    pub fn has_parts(&self, made: &[Site]) -> bool {
        !self.parts(made).is_empty()
    }

    /// The steps by which a function was added to what these calls have made: `graph.add_node("answer", answer)`.
    pub fn steps_with(&self, made: &[Site], unit: UnitId) -> Vec<Site> {
        let is_step = |each: &Site| self.callee_paths(*each).iter().any(|path| self.is_a(path, Kind::Same));
        let chained = made.iter().copied().filter(is_step);
        let added = made.iter().flat_map(|each| self.additions(each.call).to_vec());
        let mut steps: Vec<Site> = chained.chain(added).collect();
        steps.sort_unstable_by_key(|step| step.call);
        steps.dedup();
        steps.retain(|step| {
            let mut frames = Vec::new();
            self.given_functions(*step, &mut frames);
            frames.iter().any(|frame| self.unit_of_frame(*frame) == unit)
        });
        steps
    }

    /// Whether a step is given what a call has made.
    pub fn is_step_given(&self, step: Site, made: CallId) -> bool {
        let mut sites = Vec::new();
        for argument in &self.units.calls[step.call].call.arguments {
            self.client_sites(&argument.value, step.frame, &mut sites, 0);
        }
        sites.iter().any(|site| site.call == made)
    }

    /// Whether something that was made asks a model: a client, or what is put together with one.
    pub(super) fn asks_a_model(&self, path: &str) -> bool {
        self.is_a(path.trim_end_matches("()"), Kind::Client) || self.is_composed(path)
    }

    /// Whether something that was made is put together of others.
    pub fn is_composed(&self, path: &str) -> bool {
        let is_whole = |fact: &Fact| fact.becomes.as_deref() == Some(path);
        self.catalogue.of_kind(Kind::Compose).any(|(_, fact)| is_whole(fact))
    }

    fn find_additions(&self) -> FxHashMap<CallId, Rc<[Site]>> {
        let mut found: FxHashMap<CallId, Vec<Site>> = FxHashMap::default();
        let facts = self.catalogue.of_kind(Kind::Same).flat_map(|(_, fact)| &fact.names);
        let steps = facts.filter_map(|name| name.rsplit_once("().").map(|(_, steps)| steps));
        let steps: FxHashSet<&str> = steps.flat_map(|steps| steps.trim_matches(['{', '}']).split(',')).collect();
        for (call, info) in self.units.calls.iter().enumerate() {
            let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { continue };
            if info.call.arguments.is_empty() || !steps.contains(name.as_str()) || !self.is_dropped(call) {
                continue;
            }
            let site = Site { call, frame: self.open_frame(info.unit) };
            if !self.callee_paths(site).iter().any(|path| self.is_a(path, Kind::Same)) {
                continue;
            }
            for value in self.values(&info.call.callee, site.frame).iter() {
                for made in value.sites() {
                    let steps = found.entry(made.call).or_default();
                    if made.call != call && !steps.contains(&site) {
                        steps.push(site);
                    }
                }
            }
        }
        found.into_iter().map(|(made, steps)| (made, steps.into())).collect()
    }

    /// Whether what a chain of calls gives is dropped: it is a statement of its own.
    fn is_dropped(&self, call: CallId) -> bool {
        let info = &self.units.calls[call];
        let NodeKind::Plain(statement) = self.units.nodes[info.node].kind else { return false };
        let StatementKind::Expression(value) = &statement.kind else { return false };
        value.span.start == info.call.span.start
    }
}
