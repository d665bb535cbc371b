//! Queues of the process: what one function puts into a queue, another one takes out and goes on with.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Program;
use super::units::CallId;
use super::values::{FrameId, Site};
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

/// Calls on one queue that are looked at.
const CALLS: usize = 16;

/// What is called on the queues of a program, by the call that makes the queue.
#[derive(Debug, Default)]
pub(super) struct Queues {
    puts: FxHashMap<CallId, Vec<Site>>,
    takes: FxHashMap<CallId, Vec<Site>>,
}

impl<'m> Program<'m> {
    /// The calls that take out what a call puts into a queue.
    pub(super) fn taken_by(&self, put: Site) -> Vec<Site> {
        self.other_end(put, None, |queues, made| queues.takes.get(&made))
    }

    /// The calls that put in what a call takes out of a queue.
    pub fn put_by(&self, take: Site) -> Vec<Site> {
        self.other_end(take, Some(TAKE), |queues, made| queues.puts.get(&made))
    }

    fn other_end(
        &self,
        site: Site,
        role: Option<&str>,
        of: impl Fn(&Queues, CallId) -> Option<&Vec<Site>>,
    ) -> Vec<Site> {
        if self.queue_role(site) != Some(role) {
            return Vec::new();
        }
        let queues = self.known_queues();
        let mut found: Vec<Site> = Vec::new();
        for made in self.queues_of(site) {
            found.extend(of(&queues, made).into_iter().flatten().take(CALLS));
        }
        found
    }

    fn known_queues(&self) -> Rc<Queues> {
        if let Some(known) = &*self.queues.borrow() {
            return known.clone();
        }
        let found = Rc::new(self.find_queues());
        *self.queues.borrow_mut() = Some(found.clone());
        found
    }

    /// The call that an expression is, or waits for.
    pub fn awaited_call(&self, expression: &'m Expression, frame: FrameId) -> Option<Site> {
        match &expression.kind {
            ExpressionKind::Await(inner) => self.awaited_call(inner, frame),
            ExpressionKind::Call(call) => Some(Site { call: self.units.call_id(call)?, frame }),
            _ => None,
        }
    }

    fn find_queues(&self) -> Queues {
        let mut queues = Queues::default();
        for (call, info) in self.units.calls.iter().enumerate() {
            let site = Site { call, frame: self.open_frame(info.unit) };
            let Some(role) = self.queue_role(site) else { continue };
            let ends = if role == Some(TAKE) { &mut queues.takes } else { &mut queues.puts };
            for made in self.queues_of(site) {
                ends.entry(made).or_default().push(site);
            }
        }
        queues
    }

    /// Whether a call is one on a queue, and then which.
    fn queue_role(&self, site: Site) -> Option<Option<&'m str>> {
        let paths = self.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Queue));
        facts.next().map(|(_, fact)| fact.role.as_deref())
    }

    /// The calls that made the queues on which a call is made.
    fn queues_of(&self, site: Site) -> Vec<CallId> {
        let callee = &self.units.calls[site.call].call.callee;
        let values = self.values(callee, site.frame);
        values.iter().filter_map(|value| value.sites().last()).map(|made| made.call).collect()
    }
}

/// The role of a call that takes something out.
const TAKE: &str = "take";
