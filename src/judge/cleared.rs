//! Timers that are stopped when the headers of an answer are there: they do not bound the reading of its body.

use std::collections::BTreeMap;

use crate::link::arguments::Given;
use crate::link::reach::Trail;
use crate::link::units::{CallId, NodeId, NodeKind, UnitId};
use crate::link::{Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Span, StatementKind};
use crate::rules::catalogue::Kind;

use super::calls::External;
use super::case::Case;
use super::retrying::last_name;

/// Functions within functions that may read a body.
const FUNCTIONS: usize = 60;

/// Whether the timer that bounds a call is stopped before the body of its answer is read.
pub(super) fn is_cleared_early(case: &Case<'_, '_>, external: &External, site: Site) -> bool {
    let program = case.program;
    if program.catalogue.fact(external.fact).replies.is_empty() {
        return false;
    }
    let Some((timer, stops)) = only_timer(program, external, site) else { return false };
    let clears = clears(program, timer, stops);
    if clears.is_empty() {
        return false;
    }
    let reached = external.reached.iter().filter(|(_, sites)| sites.contains(&site));
    let mut trails: Vec<Trail> = reached.flat_map(|(entry, _)| case.reaches[*entry].trails(site)).collect();
    if trails.is_empty() {
        trails.push(vec![site]);
    }
    trails.iter().any(|trail| {
        let way = Way::of(program, trail);
        let reads = way.reads(external);
        clears.iter().any(|clear| reads.iter().any(|read| way.is_before(*clear, read)))
    })
}

/// The one timer by which a call is stopped through the signal that it is given, with the name of what stops the timer.
fn only_timer<'m>(program: &Program<'m>, external: &External, site: Site) -> Option<(Site, &'m str)> {
    let setting = program.catalogue.fact(external.fact).timeout.as_ref()?;
    let (signal, frame) = setting.arguments.iter().find_map(|path| match program.argument(site, path) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    })?;
    let values = program.values(signal, frame);
    let [Value::Library { path, sites }] = &*values else { return None };
    let method = program.facts_of(path, Kind::Duration).first()?.1.ended_by.as_deref()?;
    match program.timers_of(method, *sites.last()?).as_slice() {
        [(timer, fact)] => Some((*timer, fact.ended_by.as_deref()?)),
        _ => None,
    }
}

/// The calls that stop a timer.
fn clears(program: &Program<'_>, timer: Site, stops: &str) -> Vec<CallId> {
    let module = program.units.calls[timer.call].module;
    let all = program.units.calls.iter().enumerate().filter(|(_, info)| info.module == module);
    let stopping = all.filter(|(_, info)| {
        let frame = program.open_frame(info.unit);
        let is_it = |value: &Value<'_>| value.sites().last().is_some_and(|made| made.call == timer.call);
        last_name(&info.call.callee) == Some(stops)
            && info.call.arguments.first().is_some_and(|given| program.values(&given.value, frame).iter().any(is_it))
    });
    stopping.map(|(call, _)| call).collect()
}

/// A place where the body of an answer is read.
struct Read {
    /// The step of the way in whose function it is.
    step: usize,
    unit: UnitId,
    node: NodeId,
    span: Span,
}

/// One way to a call, with the functions on it.
struct Way<'w, 'p, 'm> {
    program: &'p Program<'m>,
    trail: &'w [Site],
    /// The functions of the steps and those that are made in them, each with its last step.
    steps: BTreeMap<UnitId, usize>,
}

impl<'w, 'p, 'm> Way<'w, 'p, 'm> {
    fn of(program: &'p Program<'m>, trail: &'w [Site]) -> Self {
        let own = trail.iter().enumerate().map(|(step, site)| (program.unit_of_frame(site.frame), step));
        let mut steps: BTreeMap<UnitId, usize> = own.collect();
        // What a module defines runs elsewhere.
        let is_function = |(unit, _): &(UnitId, usize)| program.units.units[*unit].function.is_some();
        let mut open: Vec<(UnitId, usize)> = steps.iter().map(|(unit, step)| (*unit, *step)).collect();
        while let Some((unit, step)) = open.pop().filter(|_| steps.len() < FUNCTIONS) {
            for inner in program.units.units[unit].inner.iter().filter(|_| is_function(&(unit, step))) {
                if !steps.contains_key(inner) {
                    steps.insert(*inner, step);
                    open.push((*inner, step));
                }
            }
        }
        Way { program, trail, steps }
    }

    /// Where the body of the answer is read.
    fn reads(&self, external: &External) -> Vec<Read> {
        let program = self.program;
        let readers = &program.catalogue.fact(external.fact).replies;
        let is_answer = |value: &Value<'m>| {
            let made = value.sites().last().is_some_and(|made| made.call == external.call);
            made && value.path().is_some_and(|path| path.ends_with("()") && path.matches("()").count() == 1)
        };
        let mut all = Vec::new();
        for (unit, step) in &self.steps {
            let own = self.trail.get(*step).filter(|site| program.unit_of_frame(site.frame) == *unit);
            let frame = own.map_or_else(|| program.open_frame(*unit), |site| site.frame);
            for (node, member) in &program.units.units[*unit].members {
                let ExpressionKind::Member { object, name } = &member.kind else { continue };
                if readers.contains(name) && program.values(object, frame).iter().any(is_answer) {
                    all.push(Read { step: *step, unit: *unit, node: *node, span: member.span });
                }
            }
        }
        all
    }

    /// Whether the timer has been stopped when the body is read.
    fn is_before(&self, clear: CallId, read: &Read) -> bool {
        let program = self.program;
        let info = &program.units.calls[clear];
        let Some(step) = self.steps.get(&info.unit).copied() else { return false };
        let Some(asked) = self.trail.get(step) else { return false };
        let span = info.call.span;
        let is_chained = info.unit == program.unit_of_frame(asked.frame)
            || info.unit == read.unit
            || self.is_handed_to_chain(info.unit, *asked);
        // What stops an earlier attempt does not stop this one.
        let is_behind = span.start >= program.units.calls[asked.call].call.span.start;
        if !is_chained || !is_behind {
            return false;
        }
        if read.step < step {
            return self.is_always(clear, None);
        }
        if read.step > step {
            return false;
        }
        read.span.start > span.end && self.is_always(clear, Some(read.span)) || self.is_left_open(clear, read)
    }

    /// Whether a function is what runs when a call has been answered: `ask().finally(() => clearTimeout(timer))`.
    fn is_handed_to_chain(&self, unit: UnitId, asked: Site) -> bool {
        let units = &self.program.units;
        let (function, call) = (units.units[unit].span, units.calls[asked.call].call.span);
        units.units[units.calls[asked.call].unit].calls.iter().any(|chained| {
            let chained = units.calls[*chained].call;
            let is_given = || chained.arguments.iter().any(|argument| argument.value.span.contains(function));
            matches!(&chained.callee.kind, ExpressionKind::Member { object, name }
                if matches!(name.as_str(), "then" | "finally") && object.span.contains(call))
                && is_given()
        })
    }

    /// Whether the timer is stopped whatever happens, on the way to a place.
    fn is_always(&self, clear: CallId, place: Option<Span>) -> bool {
        let units = &self.program.units;
        let info = &units.calls[clear];
        let timer = info.call.arguments.first().map(|given| Program::written(&given.value)).unwrap_or_default();
        let asks_for_it = |test: &Expression| !timer.is_empty() && Program::written(test) == timer;
        let around = units.ancestors(info.node).take_while(|(_, node)| node.unit == info.unit);
        let mut around = around.filter(|(_, node)| !place.is_some_and(|place| node.span.contains(place)));
        around.all(|(_, node)| match node.kind {
            // `if (timer) clearTimeout(timer)`
            NodeKind::Then(test) | NodeKind::If { test, .. } => asks_for_it(test),
            NodeKind::Otherwise(_) | NodeKind::Handler(..) | NodeKind::Loop(_) | NodeKind::Branch { .. } => false,
            _ => true,
        })
    }

    /// Whether the reading is only begun in a block behind which the timer is stopped: `return reply.json()` without
    /// `await`, and `finally`.
    fn is_left_open(&self, clear: CallId, read: &Read) -> bool {
        let units = &self.program.units;
        let info = &units.calls[clear];
        let is_returned = matches!(units.nodes[read.node].kind, NodeKind::Plain(statement)
            if matches!(statement.kind, StatementKind::Return(Some(_))));
        let is_awaited = || units.units[read.unit].awaits.iter().any(|awaited| awaited.span.contains(read.span));
        info.unit == read.unit
            && is_returned
            && !is_awaited()
            && self.is_always(clear, Some(read.span))
            && units.ancestors(info.node).any(|(_, node)| match node.kind {
                NodeKind::Finally(each) => each.body.iter().any(|statement| statement.span.contains(read.span)),
                _ => false,
            })
    }
}
