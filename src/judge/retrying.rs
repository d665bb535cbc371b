//! Retry constructs: what repeats a call when it fails, whether it ends, and how it waits.
//!
//! A construct is a library that is told to retry (`library`), a loop around an external call, or a function that calls
//! itself again after a failure (`loops`). How it waits is read from what its sleeps are given (`waits`).

mod answers;
mod counts;
mod errors;
mod items;
mod last_rounds;
mod library;
mod loops;
mod progress;
mod reasked;
mod recursions;
mod repeated;
mod requeued;
mod resent;
mod steps_back;
mod turns;
mod waits;

use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::{Block, Expression, Span, Statement, StatementKind};
use crate::rules::catalogue::{Calls, Kind};
use crate::source::order::InOrder;

use super::case::Case;
use super::failing::catches_everything;
pub use errors::{Retried, asks_for_foreign_errors, retried, tells_errors};
pub use loops::counts_attempts;
pub use recursions::last_blocks;
pub use repeated::{Repeated, repeated};
pub use waits::last_name;

/// One retry construct.
#[derive(Clone, Debug)]
pub struct Construct {
    pub module: ModuleId,
    pub span: Span,
    /// The library's name, or the call that is repeated.
    pub name: String,
    pub how: Repeats,
    pub bounded: bool,
    pub exponential: bool,
    /// Whether it tries again because something has failed; else it asks again and again until something is there.
    pub after_failure: bool,
    /// How often it tries in all, where that is written down.
    pub attempts: Option<f64>,
}

/// How a construct repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// A library's decorator, wrapper, context or policy, made by this call.
    Library(CallId),
    /// A library's decorator that is called with nothing: `@retry`.
    Decorator(UnitId),
    /// The body of a loop.
    Loop(NodeId),
    /// A function that calls itself again.
    Recursion { unit: UnitId, call: CallId },
}

impl Construct {
    /// Whether it tries a second time at all.
    pub fn tries_again(&self) -> bool {
        self.attempts.is_none_or(|attempts| attempts > 1.0)
    }

    pub fn is_library(&self) -> bool {
        matches!(self.how, Repeats::Library(_) | Repeats::Decorator(_))
    }

    /// The call that makes a library retry.
    pub fn call(&self) -> Option<CallId> {
        match self.how {
            Repeats::Library(call) => Some(call),
            _ => None,
        }
    }
}

/// All retry constructs of shipping code around external calls, in the order of files and lines.
pub fn constructs(case: &Case<'_, '_>) -> Vec<Construct> {
    let mut all = library::constructs(case);
    for unit in 0..case.program.units.units.len() {
        all.extend(loops::loops(case, unit));
        all.extend(recursions::recursions(case, unit));
        all.extend(requeued::requeued(case, unit));
        all.extend(resent::resent(case, unit));
    }
    all.order_by(|a, b| {
        (&case.program.modules[a.module].path, a.span).cmp(&(&case.program.modules[b.module].path, b.span))
    });
    all
}

/// Calls within calls that are followed to an external call.
const DEPTH: usize = 4;

/// What a call leads to within a few steps.
pub struct Leads<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    seen: Vec<FrameId>,
    /// The first external call, by its name.
    pub external: Option<String>,
    /// Whether a database or cache is asked on the way.
    pub stores: bool,
    /// Whether only calls count whose failure comes back to the first one.
    failing: bool,
}

impl<'c, 'p, 'm> Leads<'c, 'p, 'm> {
    /// Follows a call.
    pub fn of(case: &'c Case<'p, 'm>, site: Site) -> Self {
        let mut leads = Leads { case, seen: Vec::new(), external: None, stores: false, failing: false };
        leads.follow(site, DEPTH);
        leads
    }

    /// Follows a call, apart from what is caught on the way: a handler of messages that goes on with the next one.
    pub fn failing(case: &'c Case<'p, 'm>, site: Site) -> Self {
        let mut leads = Leads { case, seen: Vec::new(), external: None, stores: false, failing: true };
        leads.follow(site, DEPTH);
        leads
    }

    /// Follows everything that a unit calls.
    pub fn of_frame(case: &'c Case<'p, 'm>, frame: FrameId) -> Self {
        let mut leads = Leads { case, seen: Vec::new(), external: None, stores: false, failing: false };
        leads.frame(frame, DEPTH);
        leads
    }

    /// The first LLM call that a call is or leads to.
    pub fn llm(case: &'c Case<'p, 'm>, site: Site) -> Option<Site> {
        let program = case.program;
        let mut seen: Vec<FrameId> = Vec::new();
        let mut queue = std::collections::VecDeque::from([(site, DEPTH)]);
        while let Some((site, depth)) = queue.pop_front() {
            match case.external_at(site.call) {
                Some(external) if external.kind == Calls::Llm => return Some(site),
                Some(_) => continue,
                None if depth == 0 => continue,
                None => {}
            }
            for frame in program.runs(site).iter().copied() {
                if seen.contains(&frame) || seen.len() > 200 {
                    continue;
                }
                seen.push(frame);
                let calls = &program.units.units[program.unit_of_frame(frame)].calls;
                queue.extend(calls.iter().map(|call| (Site { call: *call, frame }, depth - 1)));
            }
        }
        None
    }

    fn follow(&mut self, site: Site, depth: usize) {
        if let Some(external) = self.case.external_at(site.call) {
            self.external = self.external.take().or_else(|| Some(external.api.clone()));
            return;
        }
        let program = self.case.program;
        self.stores |= program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Store));
        if depth == 0 {
            return;
        }
        for frame in program.runs(site).iter().copied() {
            self.frame(frame, depth - 1);
        }
    }

    fn frame(&mut self, frame: FrameId, depth: usize) {
        if self.external.is_some() || self.seen.contains(&frame) || self.seen.len() > 200 {
            return;
        }
        self.seen.push(frame);
        let program = self.case.program;
        for call in &program.units.units[program.unit_of_frame(frame)].calls {
            if self.failing && is_caught(program, program.units.calls[*call].node) {
                continue;
            }
            self.follow(Site { call: *call, frame }, depth);
            if self.external.is_some() {
                return;
            }
        }
    }
}

/// Whether whatever fails at a node is caught in its own unit and not raised again.
fn is_caught(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            each.handlers.iter().any(|handler| catches_everything(handler) && !raises(&handler.body))
        }
        _ => false,
    })
}

/// Whether a block raises somewhere.
fn raises(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => raises(then) || raises(otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => raises(block),
        StatementKind::Loop(each) => raises(&each.body),
        StatementKind::Try(each) => {
            raises(&each.body) || raises(&each.finally) || each.handlers.iter().any(|handler| raises(&handler.body))
        }
        _ => false,
    })
}

/// A site of a unit: in the frame given where the call stands in that frame's unit, else with everything open.
fn site_in(program: &Program<'_>, call: CallId, frame: FrameId) -> Site {
    let unit = program.units.calls[call].unit;
    let frame = if unit == program.unit_of_frame(frame) { frame } else { program.open_frame(unit) };
    Site { call, frame }
}

/// Visits an expression and everything in it, functions left out.
pub fn walk<'m>(expression: &'m Expression, visit: &mut dyn FnMut(&'m Expression)) {
    let mut stack = vec![expression];
    while let Some(expression) = stack.pop() {
        visit(expression);
        let start = stack.len();
        crate::link::flow::children(expression, &mut |child| stack.push(child));
        if let Some(children) = stack.get_mut(start..) {
            children.reverse();
        }
    }
}

/// Visits the expressions of a statement and of the statements in it, functions left out.
pub fn walk_statement<'m>(statement: &'m Statement, visit: &mut dyn FnMut(&'m Expression)) {
    let mut stack = vec![statement];
    while let Some(statement) = stack.pop() {
        let mut blocks: Vec<&'m Block> = Vec::new();
        match &statement.kind {
            StatementKind::Expression(value)
            | StatementKind::Return(Some(value))
            | StatementKind::Raise(Some(value)) => walk(value, visit),
            StatementKind::Assign(assignment) => assignment.value.iter().for_each(|value| walk(value, visit)),
            StatementKind::If { test, then, otherwise } => {
                walk(test, visit);
                blocks.extend([then, otherwise]);
            }
            StatementKind::Block(block) => blocks.push(block),
            StatementKind::With { items, body } => {
                items.iter().for_each(|item| walk(&item.context, visit));
                blocks.push(body);
            }
            StatementKind::Loop(each) => {
                each.over.iter().for_each(|over| walk(over, visit));
                blocks.extend([&each.setup, &each.step, &each.body]);
            }
            StatementKind::Try(each) => {
                blocks.push(&each.body);
                blocks.extend(each.handlers.iter().map(|handler| &handler.body));
                blocks.extend([&each.otherwise, &each.finally]);
            }
            _ => {}
        }
        stack.extend(blocks.into_iter().flatten().rev());
    }
}
