//! Conversations that something keeps which is put together of functions and models: a graph with a memory. What runs in
//! it may cut them before the model is asked.

use rustc_hash::FxHashSet;

use crate::judge::behaviour::fresh::is_fresh;
use crate::link::arguments::Given;
use crate::link::entries::frame_of;
use crate::link::flow::walk_block;
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

use super::Inputs;
use super::cuts::{is_cut_here, is_cut_within, trims};
use super::kept::is_cut_whole;
use super::measures::compares_length;
use super::words::names_conversation;

/// How a function that a call is given protects: by what it gives back.
const CUTS: &str = "cuts";
/// Functions that are looked into.
const FUNCTIONS: usize = 60;
/// Callers of callers that are looked at.
const CALLERS: usize = 16;

impl<'m> Inputs<'_, '_, 'm> {
    /// Whether the conversation of a call begins with it: it goes by a name that was never there before, and no loop goes
    /// on with that.
    pub(super) fn begins_anew(&self, memory: FactId, site: Site) -> bool {
        let program = self.program();
        let names = program.catalogue.fact(memory).keys.iter();
        let mut given = names.filter_map(|path| match program.argument_of(site, path) {
            Given::Present { expression, frame } => Some((expression, frame)),
            _ => None,
        });
        given.any(|name| is_fresh(program, name)) && !self.is_repeated(site)
    }

    /// Whether a call stands in a loop, or what leads to it does.
    fn is_repeated(&self, site: Site) -> bool {
        let program = self.program();
        let mut next = Some(site);
        for _ in 0..CALLERS {
            let Some(here) = next else { break };
            let node = program.units.calls[here.call].node;
            if program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Loop(_))) {
                return true;
            }
            next = match program.frame(here.frame).how {
                How::Call(caller) => Some(caller),
                _ => None,
            };
        }
        false
    }

    /// Whether the conversation that goes with a call is cut by what the call is made on: by a part that does just that, or
    /// by a function that runs in it.
    pub(super) fn is_cut_inside(&self, site: Site, makers: &[Site]) -> bool {
        let program = self.program();
        let merged = self.merged_by(makers);
        let is_cut_by = |site: Site| {
            self.is_cut_by(site) && self.takes_effect(program.units.calls[site.call].call.span, site.frame, &merged)
        };
        if makers.iter().any(|made| is_cut_by(*made) || program.added_to(*made).iter().any(|step| is_cut_by(*step))) {
            return true;
        }
        let mut frames = program.runs(site).to_vec();
        let mut at = 0;
        while let Some(frame) = frames.get(at).copied().filter(|_| at < FUNCTIONS) {
            at += 1;
            if self.cuts_conversation(frame, &merged) {
                return true;
            }
            for call in &program.units.units[program.unit_of_frame(frame)].calls {
                let site = Site { call: *call, frame };
                if is_cut_by(site) {
                    return true;
                }
                let further: Vec<_> =
                    program.runs(site).iter().copied().filter(|each| !frames.contains(each)).collect();
                frames.extend(further);
            }
        }
        false
    }

    /// Whether a call cuts a conversation that it is given.
    fn is_cut_by(&self, site: Site) -> bool {
        let program = self.program();
        let is_window = |path: &str| {
            let facts = program.facts_of(path, Kind::Guard);
            facts.iter().any(|(_, fact)| fact.protects.as_deref() == Some("T2") && fact.how.as_deref() != Some(CUTS))
        };
        trims(program, site)
            || program.callee_paths(site).iter().any(|path| is_window(path))
            || self.is_called_with_a_cut(site)
    }

    /// Whether what is called was put together with something that cuts what goes through it: `trimmer | model`.
    pub(super) fn is_called_with_a_cut(&self, site: Site) -> bool {
        let program = self.program();
        let callees = self.case.callees(site);
        let mut makers = callees.iter().filter(|value| is_put_together(program, value)).flat_map(Value::sites);
        makers.any(|made| *made != site && trims(program, *made) && !is_given_messages(program, *made))
    }

    /// Whether a function that a call is given, or what it is made on was, cuts what the model is asked with each time:
    /// `prepareStep: ({ messages }) => ({ messages: messages.slice(-20) })`.
    pub(super) fn is_cut_by_given(&self, site: Site) -> bool {
        let program = self.program();
        let makers = self.case.callees(site).iter().flat_map(|value| value.sites().to_vec()).collect::<Vec<_>>();
        std::iter::once(site).chain(makers).any(|given| {
            let paths = program.callee_paths(given);
            let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
            facts.filter(|(_, fact)| fact.how.as_deref() == Some(CUTS)).any(|(_, fact)| {
                let Some(Given::Present { expression, frame }) =
                    fact.value.as_deref().map(|value| program.argument_of(given, value))
                else {
                    return false;
                };
                // One of several is enough: `history_processors=[redact, keep_recent]`.
                let each = program.values(expression, frame).to_vec().into_iter().flat_map(|value| match &value {
                    Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::List(_)) => {
                        program.elements(&value)
                    }
                    _ => vec![value],
                });
                let mut frames = each.filter_map(|function| frame_of(program, &function));
                frames.any(|frame| match fact.exports.as_slice() {
                    [] => self.answers_with_a_cut(frame),
                    keys => keys.iter().any(|key| self.gives_a_cut(frame, key)),
                })
            })
        })
    }

    /// Whether what a function gives holds a cut list, whatever else it adds: `earlier[-20:] + new`. Where it asks how long
    /// the list is, it may give a short one as it is.
    fn answers_with_a_cut(&self, frame: FrameId) -> bool {
        let program = self.program();
        let unit = &program.units.units[program.unit_of_frame(frame)];
        let is_cut = |returned: &&'m Expression| is_cut_within(program, returned, frame, 0);
        let asks_length = || {
            unit.nodes.iter().any(|node| match program.units.nodes[*node].kind {
                NodeKind::If { test, .. } => compares_length(program, test, frame),
                _ => false,
            })
        };
        unit.returns.iter().any(&is_cut) && (unit.returns.iter().all(&is_cut) || asks_length())
    }

    /// Whether a function gives a cut list under a key, always or where the list is long.
    fn gives_a_cut(&self, frame: FrameId, key: &str) -> bool {
        let program = self.program();
        let info = &program.units.units[program.unit_of_frame(frame)];
        let Some(returned) = info.returns.first().copied() else { return false };
        let ExpressionKind::Object(entries) = &returned.kind else { return false };
        let is_given = |node: &&NodeId| match program.units.nodes[**node].kind {
            NodeKind::Plain(statement) => statement.span.contains(returned.span),
            _ => false,
        };
        let tests = info.nodes.iter().find(is_given).map(|node| program.tests_around(*node)).unwrap_or_default();
        entries.iter().any(|entry| entry.key.as_deref() == Some(key) && is_cut_whole(program, &entry.value, frame, 0))
            && tests.iter().all(|test| compares_length(program, test, frame))
    }

    /// Whether one of the steps of what platforms serve cuts the conversation that is kept between the turns.
    pub(super) fn is_cut_by_steps(&self) -> bool {
        *self.cut_by_steps.get_or_init(|| {
            let program = self.program();
            let entries = self.case.entries;
            let callees = entries.assembled.iter().flat_map(|made| self.case.callees(*made).to_vec());
            let made: Vec<Site> = callees.flat_map(|value| value.sites().to_vec()).collect();
            let merged = self.merged_by(&made);
            let in_step = |unit: UnitId| {
                let frame = program.open_frame(unit);
                let mut calls = program.units.units[unit].calls.iter();
                self.cuts_conversation(frame, &merged)
                    || calls.any(|call| {
                        self.is_cut_by(Site { call: *call, frame })
                            && self.takes_effect(program.units.calls[*call].call.span, frame, &merged)
                    })
            };
            entries.steps().any(in_step)
                || entries.assembled.iter().any(|made| program.added_to(*made).iter().any(|step| self.is_cut_by(*step)))
        })
    }

    /// Whether the steps of what platforms serve write a part of its state: `return {"outline": text}`,
    /// `Command(update={"outline": text})`.
    pub(super) fn is_written_by_steps(&self, part: &str) -> bool {
        let written = self.written_by_steps.get_or_init(|| {
            let program = self.program();
            let mut keys = FxHashSet::default();
            for unit in self.case.entries.steps() {
                let frame = program.open_frame(unit);
                for returned in &program.units.units[unit].returns {
                    keys_of(returned, &mut keys);
                    for value in program.values(returned, frame).iter() {
                        if let Value::Data { expression, .. } = value {
                            keys_of(expression.0, &mut keys);
                        }
                    }
                }
            }
            keys
        });
        written.contains(part)
    }

    /// Whether a function takes a cut of a conversation: `state["messages"][-10:]`.
    fn cuts_conversation(&self, frame: FrameId, merged: &[String]) -> bool {
        let program = self.program();
        let Some(function) = program.units.units[program.unit_of_frame(frame)].function else { return false };
        let mut is_cut = false;
        walk_block(&function.body, &mut |expression| {
            is_cut |= cut_of(expression).is_some_and(names_conversation)
                && is_cut_here(program, expression, frame)
                && self.takes_effect(expression.span, frame, merged);
        });
        is_cut
    }
}

/// Whether a value is a method of something that is put together of others.
fn is_put_together(program: &Program<'_>, value: &Value<'_>) -> bool {
    let holder = value.path().and_then(|path| path.rsplit_once("().")).map(|(holder, _)| holder);
    holder.is_some_and(|holder| program.is_composed(&format!("{holder}()")))
}

/// What an expression is a slice of.
fn cut_of(expression: &Expression) -> Option<&Expression> {
    match &expression.kind {
        ExpressionKind::Slice { object, .. } => Some(object),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name } if name == "slice" => Some(object),
            _ => None,
        },
        _ => None,
    }
}

/// The keys of an object, also of those that a call is given.
fn keys_of<'m>(returned: &'m Expression, keys: &mut FxHashSet<&'m str>) {
    match &returned.kind {
        ExpressionKind::Object(entries) => keys.extend(entries.iter().filter_map(|entry| entry.key.as_deref())),
        ExpressionKind::Call(call) => {
            for argument in &call.arguments {
                if let ExpressionKind::Object(entries) = &argument.value.kind {
                    let nested = entries.iter().filter_map(|entry| match &entry.value.kind {
                        // `new Command({ update: { outline } })`
                        ExpressionKind::Object(inner) => Some(inner),
                        _ => None,
                    });
                    let all = nested.flatten().chain(entries);
                    keys.extend(all.filter_map(|entry| entry.key.as_deref()));
                }
            }
        }
        _ => {}
    }
}

/// Whether a call that trims is given what it trims: then it gives a list, and nothing through which one goes.
fn is_given_messages(program: &Program<'_>, trim: Site) -> bool {
    let arguments = &program.units.calls[trim.call].call.arguments;
    arguments.iter().any(|argument| match &argument.name {
        Some(name) => name == "messages",
        None => !matches!(argument.value.kind, ExpressionKind::Object(_) | ExpressionKind::Spread(_)),
    })
}
