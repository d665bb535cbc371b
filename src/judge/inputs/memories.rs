//! Conversations that something keeps which a call is made on, or given: the memory of a chain, the saver of a graph, the
//! session of a runner, a thread at the provider.

use rustc_hash::FxHashSet;

use crate::link::arguments::{Amount, Given};
use crate::link::units::{CallId, ModuleId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, Span};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::fleeting::is_made_for_its_function;
use super::kept::is_cut_whole;
use super::schemas::Limit;
use super::trace::{State, Trace};
use super::{Inputs, Leaf, LeafKind, Origin};

/// A memory that is assigned to a member of what keeps a conversation in it: `graph.checkpointer = saver`.
const ASSIGNED: &str = "assigned";
/// A memory that lasts as long as its object.
const OF_PROCESS: &str = "process";

/// A memory that was put on something after it had been made.
#[derive(Clone, Copy, Debug)]
pub(super) struct PutOn {
    memory: FactId,
    /// The call that made what it is put on.
    made: CallId,
    module: ModuleId,
    span: Span,
}

impl<'m> Inputs<'_, '_, 'm> {
    /// The memories with which a call goes on: those that what is called was made with, `ConversationChain(memory=...)`,
    /// or was given since, and those that the call itself names.
    pub(super) fn memories(&self, site: Site) -> Vec<Leaf<'m>> {
        let program = self.program();
        let callees = self.case.callees(site);
        let makers: Vec<Site> = callees.iter().flat_map(|value| program.makers(value)).collect();
        let mut found: Vec<Leaf<'m>> = Vec::new();
        let mut note = |memory: FactId, bounded: bool, name: String, (module, span): (ModuleId, Span)| {
            if !self.begins_anew(memory, site) {
                let leaf = remembered(memory, name, bounded || self.is_cut_inside(site, &makers), module, span);
                found.extend((!found.contains(&leaf)).then_some(leaf));
            }
        };
        for made in makers.iter().copied() {
            let paths = program.callee_paths(made);
            if let Some((memory, bounded)) = paths.iter().find_map(|path| self.memory(path, made))
                && !self.ends_with_the_request(memory, made)
            {
                let info = &program.units.calls[made.call];
                let bounded = bounded || self.is_assigned_a_cut(memory, made);
                note(memory, bounded, Program::written(&info.call.callee), (info.module, info.call.span));
            }
        }
        for put in self.put_on_later() {
            if makers.iter().any(|made| made.call == put.made) {
                let name = program.catalogue.fact(put.memory).names.first().cloned().unwrap_or_default();
                note(put.memory, false, name, (put.module, put.span));
            }
        }
        found.extend(self.gone_on_with(site));
        found
    }

    /// What whoever calls a platform sends to what it serves, with the turns before that the platform keeps.
    pub(super) fn sent_to_declared(&self, site: Site) -> Option<Leaf<'m>> {
        if !self.case.entries.declared.iter().any(|declared| declared.call == site.call) {
            return None;
        }
        let callees = self.case.callees(site);
        let makers: Vec<Site> = callees.iter().flat_map(|value| self.program().makers(value)).collect();
        let info = &self.program().units.calls[site.call];
        let is_cut = self.is_cut_by_steps() || self.is_cut_inside(site, &makers);
        Some(Leaf {
            kind: LeafKind::Messages,
            name: "messages".to_owned(),
            origin: Origin::Request,
            text: Limit::None,
            count: if is_cut { Limit::Held } else { Limit::None },
            is_items: true,
            memory: None,
            ..remembered(FactId::default(), String::new(), false, info.module, info.call.span)
        })
    }

    /// The memories that the program assigns to members of what libraries have put together.
    fn put_on_later(&self) -> &[PutOn] {
        self.put_on_later.get_or_init(|| {
            let program = self.program();
            let is_assigned = |fact: &&Fact| fact.role.as_deref() == Some(ASSIGNED);
            let facts = program.catalogue.of_kind(Kind::Memory).map(|(_, fact)| fact).filter(is_assigned);
            let members: FxHashSet<&str> =
                facts.flat_map(|fact| &fact.names).filter_map(|name| name.rsplit('.').next()).collect();
            let assignments = program.units.member_assignments.iter();
            let mut assignments: Vec<_> = assignments.filter(|((_, member), _)| members.contains(member)).collect();
            assignments.sort_unstable_by_key(|(names, _)| **names);
            let mut all = Vec::new();
            for ((_, member), each) in
                assignments.iter().flat_map(|(names, all)| all.iter().map(move |each| (names, each)))
            {
                let frame = program.open_frame(each.unit);
                if program.amount(each.value, frame, None, &[]) == Amount::Off {
                    continue;
                }
                for value in program.values(each.object, frame).iter() {
                    let Value::Library { path, sites } = value else { continue };
                    let memory = program.facts_of(&format!("{path}.{member}"), Kind::Memory);
                    let memory = memory.into_iter().find(|(_, fact)| is_assigned(fact));
                    if let Some(((memory, _), made)) = memory.zip(sites.last()) {
                        let module = program.module_of(each.unit);
                        all.push(PutOn { memory, made: made.call, module, span: each.value.span });
                    }
                }
            }
            all.sort_unstable_by_key(|put| (put.module, put.span.start));
            all
        })
    }

    /// The conversation that a call names with which it goes on: one that a provider keeps and that was there before the
    /// request, `previous_response_id=body.last`, or an object that keeps it, `session=SQLiteSession(user)`.
    fn gone_on_with(&self, site: Site) -> Option<Leaf<'m>> {
        let program = self.program();
        let paths = program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Memory));
        facts.find_map(|(id, fact)| {
            let Given::Present { expression, frame } = program.argument_of(site, fact.value.as_deref()?) else {
                return None;
            };
            let is_bounded = fact.bounded.as_ref().is_some_and(|condition| program.holds(condition, site));
            if let Some((memory, bounded, made)) = self.kept_in_object(expression, frame) {
                if self.ends_with_the_request(memory, made) {
                    return None;
                }
                let info = &program.units.calls[made.call];
                let name = Program::written(&info.call.callee);
                return Some(remembered(memory, name, bounded || is_bounded, info.module, info.call.span));
            }
            let mut trace = Trace { follows_names: true, ..Trace::new(self) };
            trace.follow(expression, frame, State::default());
            if trace.out.is_empty() {
                return None;
            }
            let module = program.module_of(program.unit_of_frame(frame));
            Some(remembered(id, Program::written(expression), is_bounded, module, expression.span))
        })
    }

    /// Whether a memory lasts only as long as its object, and that is made for one request.
    fn ends_with_the_request(&self, memory: FactId, made: Site) -> bool {
        let is_of_process = self.program().catalogue.fact(memory).role.as_deref() == Some(OF_PROCESS);
        is_of_process && is_made_for_its_function(self.program(), made)
    }

    /// Whether what holds the turns of a memory is assigned a part of them: `chat.history = chat.history[-20:]`.
    fn is_assigned_a_cut(&self, memory: FactId, made: Site) -> bool {
        let program = self.program();
        let mut members = program.catalogue.fact(memory).exports.iter();
        members.any(|member| {
            let named = program.units.member_assignments.iter().filter(|((_, name), _)| name == member);
            named.flat_map(|(_, all)| all).any(|each| {
                let frame = program.open_frame(each.unit);
                let makes = |value: &Value<'m>| program.makers(value).iter().any(|site| site.call == made.call);
                is_cut_whole(program, each.value, frame, 0) && program.values(each.object, frame).iter().any(makes)
            })
        })
    }

    /// The turns with which a memory begins that a call is made on: `start_chat(history=turns)`.
    pub(super) fn begun_with(&self, site: Site) -> Vec<(&'m Expression, FrameId)> {
        let program = self.program();
        let callees = self.case.callees(site);
        let mut makers: Vec<Site> = callees.iter().flat_map(|value| program.makers(value)).collect();
        makers.sort_unstable();
        makers.dedup();
        let mut all = Vec::new();
        for made in makers {
            for path in program.callee_paths(made).iter() {
                for input in program.facts_of(path, Kind::Memory).iter().flat_map(|(_, fact)| &fact.input) {
                    if let Given::Present { expression, frame } = program.argument_of(made, input) {
                        all.push((expression, frame));
                    }
                }
            }
        }
        all
    }

    /// The memory that an object is, whether it is bounded, and the call that made it.
    fn kept_in_object(&self, object: &'m Expression, frame: FrameId) -> Option<(FactId, bool, Site)> {
        let values = self.program().values(object, frame);
        values.iter().find_map(|value| {
            let (maker, made) = value.path()?.strip_suffix("()").zip(value.sites().last().copied())?;
            self.memory(maker, made).map(|(memory, bounded)| (memory, bounded, made))
        })
    }

    /// The fact by which a call makes a memory, and whether that is bounded.
    pub(super) fn memory(&self, path: &str, site: Site) -> Option<(FactId, bool)> {
        let program = self.program();
        let facts = program.facts_of(path, Kind::Memory);
        let (id, fact) = facts.iter().find(|(_, fact)| program.applies(fact, site))?;
        let by_itself = fact.bounded.as_ref().is_some_and(|condition| program.holds(condition, site));
        let by_argument =
            fact.bound.as_deref().is_some_and(|bound| !matches!(program.argument_of(site, bound), Given::Absent));
        // A queue without a greatest length is a list like others.
        if fact.bound.is_some() && fact.bounded.is_none() && !by_argument {
            None
        } else {
            Some((*id, by_itself || by_argument))
        }
    }
}

fn remembered<'m>(memory: FactId, name: String, bounded: bool, module: ModuleId, span: Span) -> Leaf<'m> {
    Leaf {
        kind: LeafKind::Memory,
        name,
        path: Vec::new(),
        origin: Origin::Store,
        part: None,
        module,
        span,
        text: Limit::Held,
        count: if bounded { Limit::Held } else { Limit::None },
        is_items: false,
        is_one: false,
        is_text: false,
        gates: Vec::new(),
        memory: Some(memory),
    }
}
