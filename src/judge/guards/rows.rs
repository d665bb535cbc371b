//! Refusals of what is known already: a row that exists, a key that was taken.

use rustc_hash::FxHashSet;

use crate::judge::behaviour::fresh::is_fresh;
use crate::judge::behaviour::{Operation, names_request};
use crate::link::flow::{Exit, Gate, Slice, leaves, leaves_by_raising};
use crate::link::units::NodeKind;
use crate::link::{Program, Site};
use crate::model::{Block, Call, Expression, ExpressionKind, Handler, StatementKind};

use super::conflicts::{Asked, returned_names};
use super::{Guards, Protection, unique};

impl<'p, 'm> Guards<'p, 'm> {
    /// A row that is stored before the work, in a block that leaves when a unique row was there already.
    pub(super) fn refuses_known_rows(&self, site: Site) -> Option<Protection> {
        let refuses = |handler| self.conflict_in(handler, site.frame).leaves();
        let is_refused = self.stored_where(site, refuses).is_some()
            || self.raising_callback(site).is_some()
            || self.conflict_of_result(site).is_some_and(|conflict| conflict.leaves())
            || self.fails_for_known_rows(site);
        is_refused.then(|| self.stored_at(site))
    }

    /// A row that is stored in a function that raises when a unique row was there already: its callers stop too.
    pub(super) fn raises_for_known_rows(&self, site: Site) -> Option<Protection> {
        let raises = self.stored_where(site, |handler| self.raises_in(handler, site.frame)).is_some()
            || self.raising_callback(site).is_some()
            || self.fails_for_known_rows(site);
        raises.then(|| self.stored_at(site))
    }

    /// What a call raises, by itself or in what it calls, for rows that were there already.
    pub(super) fn raised_for_known_rows(&self, site: Site, gates: &mut Vec<Gate<'m>>) {
        self.raised_within(site, gates, &mut FxHashSet::default(), 0);
    }

    /// Every call is looked into once: there are more ways to it than calls.
    fn raised_within(&self, site: Site, gates: &mut Vec<Gate<'m>>, seen: &mut FxHashSet<Site>, depth: usize) {
        let program = self.program;
        if !seen.insert(site) {
            return;
        }
        for frame in self.hands_on(site) {
            for call in &program.units.units[program.unit_of_frame(frame)].calls {
                let inner = Site { call: *call, frame };
                let refusal = self
                    .stored_where(inner, |handler| self.raises_in(handler, frame))
                    .map(|handler| self.conflict_in(handler, frame).block)
                    .or_else(|| self.raising_callback(inner));
                if let Some(refusal) = refusal {
                    let info = &program.units.calls[*call];
                    gates.push(Gate {
                        test: &info.call.callee,
                        frame,
                        exit: Exit::Raise,
                        refusal: Some(refusal),
                        refuses_when: true,
                        under: None,
                        span: info.call.span,
                        node: info.node,
                    });
                } else if depth < 3 {
                    self.raised_within(inner, gates, seen, depth + 1);
                }
            }
        }
    }

    /// The handler of rows that are there already, around a call that stores one.
    fn stored_where(&self, site: Site, refuses: impl Fn(&'m Handler) -> bool) -> Option<&'m Handler> {
        let program = self.program;
        let stored = match self.behaviour.operation(site)? {
            operation if operation.writes() => site,
            Operation::Commit => self.added_before(site)?,
            _ => return None,
        };
        let handler =
            program.units.ancestors(program.units.calls[site.call].node).find_map(|(_, node)| match node.kind {
                NodeKind::TryBody(tried) => tried
                    .handlers
                    .iter()
                    .find(|handler| refuses(handler) && !self.conflicts(handler, site.frame).is_empty()),
                _ => None,
            })?;
        can_meet_known_rows(program, stored).then_some(handler)
    }

    /// The body of a callback that raises whatever a stored row has met, and knows of rows that are there already:
    /// `create(row).catch((error) => { throw isDuplicate(error) ? new Conflict() : error; })`.
    fn raising_callback(&self, site: Site) -> Option<&'m Block> {
        let program = self.program;
        if !self.behaviour.operation(site)?.writes() || !can_meet_known_rows(program, site) {
            return None;
        }
        let stored = program.units.calls[site.call].call;
        let calls = program.units.units[program.units.calls[site.call].unit].calls.iter();
        let chained = calls.map(|call| program.units.calls[*call].call).filter(|outer| {
            outer.span.start == stored.span.start
                && outer.span.end > stored.span.end
                && matches!(&outer.callee.kind, ExpressionKind::Member { name, .. } if name == "catch")
        });
        let mut bodies = chained.filter_map(|outer| match &outer.arguments.first()?.value.kind {
            ExpressionKind::Function(callback) => Some(&callback.body),
            _ => None,
        });
        bodies.find(|body| always_raises(body) && self.knows_conflicts(body, site.frame))
    }

    /// The call by which a row was added to what is sent now: `session.add(row)` before `session.commit()`.
    fn added_before(&self, site: Site) -> Option<Site> {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let object = |call: &Call| match &call.callee.kind {
            ExpressionKind::Member { object, .. } => Some(Program::written(object)),
            _ => None,
        };
        let sends = object(info.call)?;
        let earlier = program.units.units[info.unit].calls.iter().copied().filter(|call| {
            let call = program.units.calls[*call].call;
            call.span.end <= info.call.span.start && object(call).as_ref() == Some(&sends)
        });
        let mut added = earlier.map(|call| Site { call, frame: site.frame });
        added.find(|other| self.behaviour.operation(*other).is_some_and(Operation::writes))
    }

    fn stored_at(&self, site: Site) -> Protection {
        let info = &self.program.units.calls[site.call];
        Protection { module: info.module, span: info.call.span, name: Program::written(&info.call.callee) }
    }

    /// A test of what answers whether a unique row was there already: of a function (`if seen_before(id): return`), or of
    /// a name that the handler sets (`if (repeated) return`).
    pub(super) fn tells_known_rows(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let program = self.program;
        let asked = Asked::of(gate.test, gate.refuses_when)?;
        let field = asked.field(program, gate.frame);
        let refuses = |site: Site, names: &[&str]| {
            let handled = |handler| self.answer_of(handler, site.frame, field, names);
            let stored =
                self.stored_where(site, |handler| handled(handler).is_some_and(|answer| asked.refuses(answer)));
            let told = || self.answer_of_result(site).filter(|answer| asked.refuses(answer));
            (stored.is_some() || told().is_some()).then(|| self.stored_at(site))
        };
        if let ExpressionKind::Name(name) = &asked.asked.kind {
            let unit = program.unit_of_frame(gate.frame);
            let mut own = program.units.units[unit].calls.iter();
            let is_set = |call: &usize| self.sets_for_known_rows(*call, name);
            let found = own.find_map(|call| {
                let site = Site { call: *call, frame: gate.frame };
                is_set(call).then(|| refuses(site, &[name.as_str()]))?
            });
            if found.is_some() {
                return found;
            }
        }
        // `fresh = claim(id)` is asked about by its name.
        let sites: Vec<Site> = match &asked.asked.kind {
            ExpressionKind::Call(call) => vec![Site { call: program.units.call_id(call)?, frame: gate.frame }],
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
                slice.sites.iter().copied().filter(|site| site.frame == gate.frame).collect()
            }
            _ => return None,
        };
        sites.into_iter().flat_map(|site| program.runs(site).to_vec()).find_map(|frame| {
            let unit = program.unit_of_frame(frame);
            let names = returned_names(program, unit, field);
            program.units.units[unit].calls.iter().find_map(|call| refuses(Site { call: *call, frame }, &names))
        })
    }

    /// Whether a handler around a call sets a name.
    fn sets_for_known_rows(&self, call: usize, name: &str) -> bool {
        let units = &self.program.units;
        let binds = |handler: &Handler| {
            let unit = units.calls[call].unit;
            let mut nodes = units.units[unit].nodes.iter().map(|node| &units.nodes[*node]);
            nodes.any(|node| {
                handler.span.contains(node.span)
                    && node.kind.assignment().is_some_and(
                        |assignment| matches!(&assignment.target.kind, ExpressionKind::Name(bound) if bound == name),
                    )
            })
        };
        units.ancestors(units.calls[call].node).any(|(_, node)| match node.kind {
            NodeKind::TryBody(tried) => tried.handlers.iter().any(binds),
            _ => false,
        })
    }
}

/// Whether what a call stores can meet a row that an earlier request has stored.
pub(super) fn can_meet_known_rows(program: &Program<'_>, site: Site) -> bool {
    unique::may_conflict(program, site) && !is_always_new(program, site) && !counts(program.units.calls[site.call].call)
}

/// Whether a change counts: where it meets what is there already, that is a limit which has been reached.
fn counts(call: &Call) -> bool {
    call.arguments.iter().any(|argument| match &argument.value.kind {
        ExpressionKind::Object(entries) => entries.iter().any(|entry| entry.key.as_deref() == Some("$inc")),
        _ => false,
    })
}

/// Whether a block ends by raising, on all its ways.
fn always_raises(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => always_raises(then) && always_raises(otherwise),
        StatementKind::Block(block) => always_raises(block),
        _ => false,
    }) && !block
        .iter()
        .any(|statement| leaves(std::slice::from_ref(statement)) && !leaves_by_raising(std::slice::from_ref(statement)))
}

/// Whether all that a row is stored with is made up on the spot: no later request comes with the same.
fn is_always_new(program: &Program<'_>, site: Site) -> bool {
    // The column that names the request decides, whatever else the row holds.
    let mut columns = Vec::new();
    for argument in &program.units.calls[site.call].call.arguments {
        columns_of(&argument.value, &mut columns, 0);
    }
    columns.retain(|(name, _)| names_request(name));
    if !columns.is_empty() {
        return columns.into_iter().all(|(_, value)| is_fresh(program, (value, site.frame)));
    }
    let mut given = Vec::new();
    for argument in &program.units.calls[site.call].call.arguments {
        values_of(&argument.value, &mut given, 0);
    }
    given.retain(|value| !matches!(value.kind, ExpressionKind::Literal(_)));
    !given.is_empty() && given.into_iter().all(|value| is_fresh(program, (value, site.frame)))
}

/// The columns of a row that is written out: `{ key, text }`, `{ data: { key } }`, `Row(key=key)`.
fn columns_of<'m>(given: &'m Expression, columns: &mut Vec<(&'m str, &'m Expression)>, depth: usize) {
    let mut add = |name: &'m str, value: &'m Expression| {
        columns.push((name, value));
        if matches!(value.kind, ExpressionKind::Object(_)) && depth < 4 {
            columns_of(value, columns, depth + 1);
        }
    };
    match &given.kind {
        ExpressionKind::Object(entries) => {
            entries
                .iter()
                .filter_map(|entry| Some((entry.key.as_deref()?, &entry.value)))
                .for_each(|(name, value)| add(name, value));
        }
        ExpressionKind::Call(call) => {
            call.arguments
                .iter()
                .filter_map(|argument| Some((argument.name.as_deref()?, &argument.value)))
                .for_each(|(name, value)| add(name, value));
        }
        _ => {}
    }
}

/// The values that a row is made of: `{ data: { key } }`, `Row(key=key)`.
fn values_of<'m>(given: &'m Expression, values: &mut Vec<&'m Expression>, depth: usize) {
    match &given.kind {
        ExpressionKind::Object(entries) if depth < 4 => {
            entries.iter().for_each(|entry| values_of(&entry.value, values, depth + 1));
        }
        ExpressionKind::Call(call) if call.arguments.iter().any(|argument| argument.name.is_some()) && depth < 4 => {
            call.arguments.iter().for_each(|argument| values_of(&argument.value, values, depth + 1));
        }
        _ => values.push(given),
    }
}
