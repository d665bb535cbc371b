//! Functions that answer a request in a row: which of them ask a model, and which are entry points of their own.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::link::entries::{Entries, Link, Role, frame_of};
use crate::link::units::CallId;
use crate::link::{FrameId, Program, Site, Value};
use crate::rules::catalogue::{Calls, Kind};

use super::super::guards::Guards;
use super::{Known, classify};

/// What a function that stands in front of others does for the requests that come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It asks no model.
    Passes,
    /// It asks a model, and goes on with what that has answered.
    Prepares,
    /// It asks a model, and answers.
    Answers,
}

/// Leaves out what asks for nothing that is paid for: pages that only show data, and what only stands in front of others.
/// Where a function that asks a model goes on to the next one, the request is handled from there on.
pub fn settle<'m>(program: &Program<'m>, entries: &mut Entries<'m>) {
    let rows = Rows { program, known: OnceCell::new(), guards: OnceCell::new() };
    let mut parts = HashMap::new();
    let mut part = |frame: FrameId| *parts.entry(frame).or_insert_with(|| rows.part(frame));
    entries.entries.retain(|entry| match (entry.is_page, entry.is_in_front) {
        (true, _) => rows.page_is_paid(entry.handler),
        (_, true) => part(entry.handler) == Part::Answers,
        _ => true,
    });
    for entry in entries.entries.iter_mut().filter(|entry| entry.kind == "http") {
        let mut asks = |link: &Link<'m>| {
            let frame = frame_in_row(program, link)?;
            (frame != entry.handler && part(frame) == Part::Prepares).then_some(frame)
        };
        let Some(first) = entry.chains.iter().flatten().find_map(&mut asks) else { continue };
        for chain in &mut entry.chains {
            let frames: Vec<Option<FrameId>> = chain.iter().map(|link| frame_in_row(program, link)).collect();
            let Some(at) = frames.iter().position(|frame| *frame == Some(first)) else { continue };
            entry.behind.extend(frames.into_iter().skip(at + 1).flatten());
            chain.truncate(at);
        }
        entry.behind.push(entry.handler);
        entry.behind.sort_unstable();
        entry.behind.dedup();
        entry.handler = first;
    }
}

/// The frame of a function of the program that stands in a row.
fn frame_in_row<'m>(program: &Program<'m>, link: &Link<'m>) -> Option<FrameId> {
    let is_function = link.role == Role::Middleware && matches!(link.value, Value::Function { .. });
    if is_function { frame_of(program, &link.value) } else { None }
}

struct Rows<'p, 'm> {
    program: &'p Program<'m>,
    known: OnceCell<Known<'m>>,
    guards: OnceCell<Guards<'p, 'm>>,
}

impl<'p, 'm> Rows<'p, 'm> {
    fn known(&self) -> &Known<'m> {
        self.known.get_or_init(|| Known::of(self.program))
    }

    fn is_paid(&self, site: Site) -> bool {
        classify(self.program, self.known(), site, true).is_some_and(|(kind, ..)| kind != Calls::External)
    }

    fn page_is_paid(&self, page: FrameId) -> bool {
        let reach = self.program.reach_on_server(page, &self.known().pages);
        reach.sites(self.program).any(|site| self.is_paid(site))
    }

    fn part(&self, frame: FrameId) -> Part {
        let program = self.program;
        let reach = program.reach(frame);
        let may_leave = |site: &Site| {
            let paths = program.callee_paths(*site);
            paths.iter().any(|path| program.is_a(path, Kind::Call) || program.is_a(path, Kind::Http))
        };
        let paid: Vec<Site> = reach.sites(program).filter(|site| may_leave(site) && self.is_paid(*site)).collect();
        if paid.is_empty() {
            return Part::Passes;
        }
        let asking: Vec<CallId> =
            paid.iter().flat_map(|site| reach.trails(*site)).flatten().map(|step| step.call).collect();
        let guards = self.guards.get_or_init(|| Guards::new(program));
        let onwards = guards.continuations(frame);
        let mut ways = onwards.iter().flat_map(|site| reach.trails(*site)).flatten();
        if ways.any(|step| self.has_asked(step, &asking)) { Part::Prepares } else { Part::Answers }
    }

    /// Whether one of these calls has happened before another, or stands in the same chain: `ask(text).then(() => next())`.
    fn has_asked(&self, step: Site, asking: &[CallId]) -> bool {
        let calls = &self.program.units.calls;
        let is_begun = |other: &CallId| {
            calls[*other].unit == calls[step.call].unit
                && calls[*other].call.span.start == calls[step.call].call.span.start
                && *other != step.call
        };
        asking.iter().any(is_begun) || self.program.before(step).iter().any(|before| asking.contains(&before.site.call))
    }
}
