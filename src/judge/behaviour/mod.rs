//! Hand-written guards, recognised by what they do: what flows into their tests, what they keep, and how they refuse.

mod comparisons;
mod cooldowns;
mod copies;
mod entry_parts;
pub(in crate::judge) mod fresh;
mod inserts;
mod lifetimes;
mod made_things;
mod missing_rows;
pub mod operations;
mod own_objects;
mod procedures;
pub mod quantities;
mod repeats;
mod row_changes;
mod scripts;
pub mod subjects;
mod totals;
mod windows;
pub mod writes;

use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{LazyCell, OnceCell, RefCell};
use std::rc::Rc;

use crate::link::flow::{Gate, Slice};
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

pub use operations::{Operation, query_is_bounded};
use quantities::{Quantity, Source};
pub(super) use repeats::names_request;
use subjects::Subject;
use windows::Span;
pub use writes::stays_in_process;
use writes::{Change, Write};

/// More than anybody is allowed.
const MUCH: f64 = 1e15;

/// What hand-written code does, over the whole program.
pub struct Behaviour<'p, 'm> {
    program: &'p Program<'m>,
    /// The units that run: a record in a function that nobody calls is none.
    live: OnceCell<FxHashSet<UnitId>>,
    writes: OnceCell<Vec<Write<'m>>>,
    /// What is deleted, by what it is about.
    deletions: OnceCell<Vec<Vec<Subject>>>,
    /// What timers delete, or set anew.
    cleared: OnceCell<Vec<Vec<Subject>>>,
    /// What records tell about time, by their address.
    times: RefCell<FxHashMap<usize, Span>>,
    /// The units that record what others have spent than those who ask now.
    elsewhere: RefCell<FxHashSet<UnitId>>,
    /// The calls that set something in what goes by a name, by unit.
    setters: RefCell<FxHashMap<UnitId, Setters<'m>>>,
}

/// Calls that set something, each with the name of what it is called on.
type Setters<'m> = Rc<[(&'m str, &'m Expression)]>;

impl<'p, 'm> Behaviour<'p, 'm> {
    pub fn new(program: &'p Program<'m>) -> Self {
        Behaviour {
            program,
            live: OnceCell::new(),
            writes: OnceCell::new(),
            deletions: OnceCell::new(),
            cleared: OnceCell::new(),
            times: RefCell::default(),
            elsewhere: RefCell::default(),
            setters: RefCell::default(),
        }
    }

    /// Notes which units run at all.
    pub fn note_live(&self, units: FxHashSet<UnitId>) {
        let _ = self.live.set(units);
    }

    /// Notes which units record only what is spent for others than those who ask now; whether these are other ones than
    /// before.
    pub fn note_elsewhere(&self, units: FxHashSet<UnitId>) -> bool {
        let is_new = *self.elsewhere.borrow() != units;
        *self.elsewhere.borrow_mut() = units;
        is_new
    }

    /// Whether a unit runs at all.
    pub fn is_live(&self, unit: UnitId) -> bool {
        self.live.get().is_none_or(|live| runs_within(self.program, unit, live))
    }

    /// What a call does to a store, if it is one.
    pub fn operation(&self, site: Site) -> Option<Operation> {
        operations::operation(self.program, site)
    }

    /// All that the program records where it runs.
    pub fn writes(&self) -> &[Write<'m>] {
        self.writes.get_or_init(|| writes::all(self.program, self.live.get()))
    }

    /// What a gate protects by what it does; the guard's name for people. `reached` are the units that run for the request.
    pub fn of_gate(
        &self,
        gate: &Gate<'m>,
        slice: &Slice<'m>,
        item: &str,
        reached: Option<&FxHashSet<UnitId>>,
    ) -> Option<String> {
        let holds = match item {
            "C1" => self.limits_rate(gate, slice) || self.cools_down(gate, slice),
            "C2" => self.caps_cost(gate, slice),
            "C3" => repeats::stops(self.program, gate, slice, self.writes(), reached),
            _ => false,
        };
        holds.then(|| self.name(gate))
    }

    /// A guard is known by the function that it is; one within a handler by what it asks.
    fn name(&self, gate: &Gate<'m>) -> String {
        if self.program.frame(gate.frame).how == How::Framework
            && let Some(asked) = written_test(gate.test)
        {
            return asked;
        }
        let mut at = Some(self.program.unit_of_frame(gate.frame));
        while let Some(unit) = at {
            let info = &self.program.units.units[unit];
            if !info.name().is_empty() {
                return info.name().to_owned();
            }
            at = info.parent;
        }
        // A function without a name is known by what it asks.
        written_test(gate.test).unwrap_or_else(|| "if".to_owned())
    }

    /// Whether a guard counts in the memory of one process.
    pub fn counts_in_process(&self, slice: &Slice<'m>) -> bool {
        let quantities = comparisons::compared(self.program, slice, None);
        let kept: Vec<&Quantity<'m>> =
            quantities.iter().filter(|quantity| self.records(quantity).next().is_some()).collect();
        !kept.is_empty() && kept.iter().all(|quantity| self.is_in_process(quantity))
    }

    fn is_in_process(&self, quantity: &Quantity<'m>) -> bool {
        match quantity.source {
            Source::Process => true,
            Source::Row => false,
            Source::Store(site, _) => writes::stays_in_process(self.program, site),
        }
    }

    /// Whether a test asks about what something records in the branch that it opens: a count that is started anew.
    pub fn starts_anew(&self, test: &'m Expression, frame: FrameId, branch: NodeId) -> bool {
        let units = &self.program.units;
        let asked = quantities::behind(self.program, test, frame);
        self.writes().iter().any(|write| {
            units.ancestors(write.node).any(|(id, _)| id == branch)
                && asked.iter().any(|quantity| subjects::are_related(&quantity.subjects, &write.subjects))
        })
    }

    /// The records about the same thing as a quantity.
    fn records<'q>(&'q self, quantity: &'q Quantity<'m>) -> impl Iterator<Item = &'q Write<'m>> {
        self.writes().iter().filter(|write| {
            let same_place = quantity.source != Source::Process || write.in_process || write.site.is_none();
            same_place
                && subjects::are_related(&quantity.subjects, &write.subjects)
                && !entry_parts::puts_a_thing(self.program, write, quantity)
                && !leaves_alone(self.program, write, quantity)
        })
    }

    /// What records say about the time over which they sum.
    fn span_of(&self, records: &[&Write<'m>]) -> Span {
        records.iter().map(|record| self.told_by(record)).fold(Span::default(), Span::and)
    }

    /// What a record tells about time, looked up once: many checks are about one record.
    fn told_by(&self, record: &Write<'m>) -> Span {
        let key = std::ptr::from_ref(record) as usize;
        if let Some(known) = self.times.borrow().get(&key) {
            return *known;
        }
        let program = self.program;
        let mut parts: Vec<(&'m Expression, FrameId)> = Vec::new();
        let mut sites: Vec<Site> = Vec::new();
        let frame = program.open_frame(record.unit);
        for (value, frame) in &record.values {
            // What is added may be anything; only what it is added under tells about time.
            if record.site.is_some() || record.change != Change::Adjust {
                let inner = program.slice(value, *frame);
                parts.extend_from_slice(&inner.parts);
                sites.extend_from_slice(&inner.sites);
            }
        }
        sites.extend(record.site.filter(|site| procedures::of(program, *site).is_some()));
        for test in program.tests_around(record.node) {
            let inner = program.slice(test, frame);
            parts.extend_from_slice(&inner.parts);
            sites.extend_from_slice(&inner.sites);
        }
        for call in &program.units.units[record.unit].calls {
            let site = Site { call: *call, frame };
            if self.operation(site) == Some(Operation::Expire) {
                let seconds = program.units.calls[*call].call.arguments.iter().skip(1);
                parts.extend(seconds.map(|argument| (&argument.value, frame)));
            }
        }
        let told = self.told_in(&parts, &sites);
        self.times.borrow_mut().insert(key, told);
        told
    }

    /// What expressions and calls tell about time, with the calls that change a time after it was made:
    /// `midnight.setUTCHours(0, 0, 0, 0)`.
    fn told_in(&self, parts: &[(&'m Expression, FrameId)], sites: &[Site]) -> Span {
        let program = self.program;
        let mut later: Vec<(&'m Expression, FrameId)> = Vec::new();
        let mut seen: FxHashSet<(&str, FrameId)> = FxHashSet::default();
        for (part, frame) in parts {
            let ExpressionKind::Name(name) = &part.kind else { continue };
            if seen.insert((name.as_str(), *frame)) {
                let setters = self.setters(program.unit_of_frame(*frame));
                later.extend(setters.iter().filter(|(of, _)| of == name).map(|(_, setter)| (*setter, *frame)));
            }
        }
        let by_database = |site: &Site| procedures::of(program, *site).map(|called| windows::of_text(&called.times));
        let by_database = sites.iter().filter_map(by_database).fold(Span::default(), Span::and);
        windows::of_parts(program, parts, sites).and(windows::of_parts(program, &later, &[])).and(by_database)
    }

    /// The calls of a unit that set something in what goes by a name.
    fn setters(&self, unit: UnitId) -> Setters<'m> {
        if let Some(known) = self.setters.borrow().get(&unit) {
            return known.clone();
        }
        let nodes = self.program.units.units[unit].nodes.iter().map(|node| self.program.units.nodes[*node].kind);
        let found = nodes.filter_map(|node| {
            let NodeKind::Plain(statement) = node else { return None };
            let StatementKind::Expression(value) = &statement.kind else { return None };
            let ExpressionKind::Call(call) = &value.kind else { return None };
            let ExpressionKind::Member { object, name: method } = &call.callee.kind else { return None };
            let ExpressionKind::Name(root) = &object.kind else { return None };
            method.starts_with("set").then_some((root.as_str(), value))
        });
        let found: Setters<'m> = found.collect();
        self.setters.borrow_mut().insert(unit, found.clone());
        found
    }

    /// Counts requests per caller, compares with a limit, refuses.
    fn limits_rate(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        let asked = LazyCell::new(|| self.told_in(&slice.parts, &slice.sites));
        comparisons::compared(self.program, slice, Some(gate)).iter().any(|quantity| {
            // What starts a count anew tells about its time: `hits.set(ip, { count: 1, resetAt: now + 60_000 })`.
            let related: Vec<&Write<'m>> = self.records(quantity).collect();
            let records: Vec<&Write<'m>> = related.iter().copied().filter(|write| write.accumulates()).collect();
            if self.refuses_few(gate, quantity, &records)
                || self.tells_nothing(quantity)
                || self.is_for_each_made(quantity)
            {
                return false;
            }
            let counts_itself = matches!(quantity.source, Source::Store(_, Operation::Count));
            let in_time = || {
                let span = asked.and(self.span_of(&related));
                span.clock || span.long || span.short || self.expires(&related) || self.is_cleared_in_time(quantity)
            };
            // Under a key that is new for each request every count is the first.
            let is_per_caller = quantity.keys.iter().any(|(key, frame)| {
                depends_on_caller(self.program, key, *frame)
                    && !is_written_out(self.program, key, *frame)
                    && !fresh::is_fresh(self.program, (key, *frame))
            });
            let knows_caller = match quantity.source {
                Source::Store(site, _) => procedures::of(self.program, site).is_some_and(|called| called.knows_caller),
                _ => false,
            };
            match quantity.source {
                _ if !is_per_caller && !knows_caller => false,
                // What is counted in a collection that the request itself makes is always the first.
                Source::Store(site, _) if lifetimes::is_collected_anew(self.program, site) => false,
                // That a row is not there says nothing about how many requests there were.
                Source::Store(_, Operation::Get | Operation::Many) if quantity.is_presence => false,
                // `count > 0`: that there is such a row already; only among those of a time that is one more than allowed.
                Source::Store(_, Operation::Tally) if quantity.is_presence && !in_time() => false,
                // A number under a key that never comes again is always the first.
                Source::Store(site, _) if self.is_under_new_key(site) => false,
                Source::Store(site, Operation::Count) => self.counts_by_one(site, &records),
                // The sum of what requests cost is a budget, however it is kept.
                Source::Store(site, Operation::Tally) => {
                    !operations::sums_up(self.program, site) && (!records.is_empty() || counts_itself)
                }
                Source::Store(..) | Source::Process => {
                    // A row more counts only where rows are counted.
                    let counts = |write: &&Write<'m>| {
                        write.by_one && (write.change != Change::Append || quantity.is_length)
                            || write.change == Change::Set && write.in_process
                    };
                    let by_one = records.iter().copied().any(|write| counts(&write));
                    by_one && !records.is_empty() && (in_time() || self.is_used_up(quantity, &records))
                }
                Source::Row => self.is_used_up(quantity, &records),
            }
        })
    }

    /// Whether an operation of a store is about a key that is made up for the request.
    fn is_under_new_key(&self, site: Site) -> bool {
        scripts::key_of(self.program, site).is_some_and(|key| {
            // What tells about rows (`where`, the time from which on they count) is no key.
            let is_key = self.operation(site) == Some(Operation::Count)
                || operations::statement(self.program, site).is_none()
                    && subjects::is_key(self.program, key, site.frame);
            is_key && fresh::is_fresh(self.program, (key, site.frame))
        })
    }

    /// A test that refuses when few were counted limits nothing; a balance that goes down does.
    fn refuses_few(&self, gate: &Gate<'m>, quantity: &Quantity<'m>, records: &[&Write<'m>]) -> bool {
        let is_tally = matches!(quantity.source, Source::Store(_, Operation::Tally));
        if quantity.refuses_little && (is_tally || quantity.is_length) {
            return !records.iter().any(|write| write.change == Change::Adjust);
        }
        if quantity.refuses_little && only_lapses(quantity, records) {
            return true;
        }
        // A limit is no balance: what is only ever added to is not used up.
        if quantity.refuses_little && self.only_goes_up(records) {
            return true;
        }
        let Source::Store(site, Operation::Count | Operation::Get) = quantity.source else { return false };
        let refuses = |answer| repeats::firsts::refuses(self.program, gate, site, answer);
        self.only_goes_up(records) && refuses(1.0) == Some(true) && refuses(MUCH) == Some(false)
    }

    /// Whether a number only ever grows: nothing is given back or taken off.
    fn only_goes_up(&self, records: &[&Write<'m>]) -> bool {
        let is_less = |argument: &Argument| {
            matches!(&argument.value.kind, ExpressionKind::Operator { operator, .. } if operator == "-")
                || matches!(argument.value.kind, ExpressionKind::Literal(Literal::Number(number)) if number < 0.0)
        };
        let mut adjusting = records.iter().filter(|write| write.change == Change::Adjust).peekable();
        adjusting.peek().is_some()
            && adjusting.all(|write| {
                let Some(site) = write.site else { return false };
                let call = self.program.units.calls[site.call].call;
                let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else {
                    return false;
                };
                name.to_ascii_lowercase().contains("incr") && !call.arguments.iter().any(is_less)
            })
    }

    /// Whether something is recorded only when something else has failed: nothing about the same thing is recorded where that
    /// goes well, as a row is that is added before it is changed.
    fn is_for_failures(&self, write: &Write<'m>, records: &[&Write<'m>]) -> bool {
        let units = &self.program.units;
        let tried = units.ancestors(write.node).find_map(|(_, node)| match node.kind {
            NodeKind::Handler(tried, _) => Some(tried),
            _ => None,
        });
        let is_tried = |other: &&&Write<'m>| {
            units.ancestors(other.node).any(|(_, node)| match node.kind {
                NodeKind::TryBody(each) => tried.is_some_and(|tried| std::ptr::eq(each, tried)),
                _ => false,
            })
        };
        tried.is_some() && !records.iter().any(|other| is_tried(&other))
    }

    /// Whether a test asks how many rows a change has found that finds them however much was used.
    fn tells_nothing(&self, quantity: &Quantity<'m>) -> bool {
        let Source::Store(site, _) = quantity.source else { return false };
        // What a function of the database answers when it has counted is no verdict of it.
        if let Some(called) = procedures::of(self.program, site) {
            return called.operation.writes() && is_changed_rows(quantity) && !called.decides;
        }
        is_changed_rows(quantity) && operations::changes_rows(self.program, site) && !self.is_within_bound(quantity)
    }

    /// Whether a function of the database answers with one value, which is not nought where it is there.
    fn is_scalar(&self, quantity: &Quantity<'m>) -> bool {
        let Source::Store(site, _) = quantity.source else { return false };
        procedures::of(self.program, site).is_some_and(|called| called.is_scalar)
    }

    fn is_within_bound(&self, quantity: &Quantity<'m>) -> bool {
        matches!(quantity.source, Source::Store(site, _) if row_changes::is_within_bound(self.program, site))
    }

    /// `incr(key)` counts requests, `incrby(key, tokens)` what they cost.
    fn counts_by_one(&self, site: Site, records: &[&Write<'m>]) -> bool {
        records.iter().any(|write| write.site.is_some_and(|each| each.call == site.call) && write.by_one)
            || records.is_empty()
    }

    /// Whether a length is that of a table of the process: how many keys it has says nothing of what was spent under each.
    fn is_size_of_table(&self, quantity: &Quantity<'m>, records: &[&Write<'m>]) -> bool {
        let units = &self.program.units;
        let is_under_key = |write: &&Write<'m>| match write.site {
            Some(site) => {
                let call = units.calls[site.call].call;
                let method = match &call.callee.kind {
                    ExpressionKind::Member { name, .. } => name.as_str(),
                    _ => "",
                };
                method == "setdefault" || matches!(method, "set" | "insert") && call.arguments.len() > 1
            }
            None => units.nodes[write.node]
                .kind
                .assignment()
                .is_some_and(|assignment| matches!(assignment.target.kind, ExpressionKind::Index { .. })),
        };
        quantity.is_length
            && quantity.source == Source::Process
            && quantity.keys.is_empty()
            && records.iter().any(is_under_key)
    }

    fn expires(&self, records: &[&Write<'m>]) -> bool {
        records.iter().any(|write| {
            let frame = self.program.open_frame(write.unit);
            let by_script = write.site.and_then(|site| scripts::of(self.program, site));
            if by_script.is_some_and(|script| script.expires) {
                return true;
            }
            self.program.units.units[write.unit].calls.iter().any(|call| {
                let site = Site { call: *call, frame };
                self.operation(site) == Some(Operation::Expire) || self.ends_with_time(site)
            })
        })
    }

    /// Whether what is recorded is gone before the day is over: `expire(key, 3600)`.
    fn is_gone_sooner(&self, records: &[&Write<'m>]) -> bool {
        let program = self.program;
        records.iter().any(|write| {
            let Some(site) = write.site.filter(|_| !write.in_process) else { return false };
            let lifetimes = program.units.units[write.unit].calls.iter().filter_map(|call| {
                let other = Site { call: *call, frame: site.frame };
                let arguments = &program.units.calls[*call].call.arguments;
                let is_same = || same_key(program, site, other);
                (self.operation(other) == Some(Operation::Expire) && is_same())
                    .then(|| program.number(&arguments.get(1)?.value, site.frame, 0))?
            });
            let script = scripts::of(program, site).and_then(|script| script.lifetime);
            let claimed = program.units.units[write.unit].calls.iter().filter_map(|call| {
                let other = Site { call: *call, frame: site.frame };
                let is_claim = self.operation(other) == Some(Operation::Claim) && same_key(program, site, other);
                let named = program.units.calls[*call]
                    .call
                    .arguments
                    .iter()
                    .find(|argument| matches!(argument.name.as_deref(), Some("timeout" | "ex" | "ttl" | "expire")));
                named.filter(|_| is_claim).and_then(|given| program.number(&given.value, site.frame, 0))
            });
            let lifetimes = lifetimes.chain(claimed);
            // Several are for several cases: the longest counts.
            lifetimes.chain(script).reduce(f64::max).is_some_and(|seconds| seconds < windows::DAY)
        })
    }

    /// Whether the key of a number changes within the day, however long old ones are kept: `tokens:2026-01-31T14`.
    fn starts_sooner(&self, quantity: &Quantity<'m>) -> bool {
        let Source::Store(site, Operation::Get | Operation::Count) = quantity.source else { return false };
        if !quantity.subjects.iter().any(|subject| matches!(subject, Subject::Key(_))) {
            return false;
        }
        scripts::key_of(self.program, site).is_some_and(|key| {
            let told = self.program.slice(key, site.frame);
            let span = windows::of_parts(self.program, &told.parts, &told.sites);
            span.short && !span.long
        })
    }

    /// Reads what was spent over a day or longer, compares with a limit, refuses; and spending is recorded.
    fn caps_cost(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        let asked = LazyCell::new(|| self.told_in(&slice.parts, &slice.sites));
        comparisons::compared(self.program, slice, Some(gate)).iter().any(|quantity| {
            let counts = quantity.is_length || matches!(quantity.source, Source::Store(_, Operation::Tally));
            let is_own = |write: &&Write<'m>| !self.elsewhere.borrow().contains(&write.unit);
            let records: Vec<&Write<'m>> = self.records(quantity).filter(is_own).collect();
            let sums = |write: &&Write<'m>| {
                write.accumulates()
                    && (counts || write.change != Change::Append)
                    && !self.is_for_failures(write, &records)
            };
            if matches!(quantity.source, Source::Store(_, Operation::Claim)) || !records.iter().any(sums) {
                return false;
            }
            if matches!(quantity.source, Source::Store(site, _) if lifetimes::is_collected_anew(self.program, site)) {
                return false;
            }
            if self.refuses_few(gate, quantity, &records)
                || is_row_only(quantity, &records) && !self.is_scalar(quantity)
                || self.is_gone_sooner(&records)
            {
                return false;
            }
            if self.is_size_of_table(quantity, &records) {
                return false;
            }
            if tells_who(quantity) || self.tells_nothing(quantity) || self.is_for_each_made(quantity) {
                return false;
            }
            let span = asked.and(self.span_of(&records));
            if span.long {
                return !self.starts_sooner(quantity);
            }
            if quantity.is_presence && matches!(quantity.source, Source::Store(_, Operation::Tally)) {
                return false;
            }
            // A balance: a number in a store that goes down or up and is never started anew.
            let adjusts = records.iter().any(|write| write.change == Change::Adjust);
            let is_number = (!quantity.is_length || is_changed_rows(quantity) && self.is_within_bound(quantity))
                && !matches!(quantity.source, Source::Process | Source::Store(_, Operation::Tally));
            (adjusts && is_number || self.counts_all_rows(quantity, &records))
                && !span.clock
                && !span.short
                && !self.expires(&records)
                && !self.is_in_process(quantity)
        })
    }
}

/// Whether what a test refuses is only what has lapsed, or is not there at all: a subscription, a token, a session. Who has
/// one asks as often as they like.
fn only_lapses(quantity: &Quantity<'_>, records: &[&Write<'_>]) -> bool {
    let is_missing = quantity.is_presence && quantity.source == Source::Process;
    let is_used_up = || records.iter().any(|write| write.change == Change::Adjust);
    quantity.is_moment || is_missing && !is_used_up()
}

/// A test as people know it: what it compares.
fn written_test(test: &Expression) -> Option<String> {
    let operands = match &test.kind {
        ExpressionKind::Operator { operands, .. } => operands,
        _ => return Some(Program::written(test)).filter(|written| !written.is_empty()),
    };
    operands.iter().find_map(written_test)
}

/// Whether a test asks how many rows a change has found: `updated.length === 0`, `result.count`.
fn is_changed_rows(quantity: &Quantity<'_>) -> bool {
    matches!(quantity.source, Source::Store(_, Operation::Set | Operation::Count))
        && (quantity.is_length || quantity.is_presence)
}

/// Whether a change sets other columns than the one that is looked at, by which it may only ask for its row:
/// `update({ where: { slug }, data: { visits: { increment: 1 } } })` says nothing about `board.slug`.
fn leaves_alone<'m>(program: &Program<'m>, write: &Write<'m>, quantity: &Quantity<'m>) -> bool {
    let is_column = |subject: &Subject| matches!(subject, Subject::Field(_));
    let is_of_row = matches!(quantity.source, Source::Row | Source::Store(_, Operation::Get | Operation::Many));
    is_of_row
        && quantity.subjects.iter().all(is_column)
        && matches!(write.change, Change::Adjust | Change::Set)
        && row_changes::changed(program, write).is_some_and(|changed| {
            let changed: Vec<Subject> = changed.iter().map(|(name, _)| Subject::Field((*name).to_owned())).collect();
            !subjects::are_related(&quantity.subjects, &changed)
        })
}

/// Who asks is no amount: `if not user.id` sends visitors away, however much was used.
fn tells_who(quantity: &Quantity<'_>) -> bool {
    let is_identity = |subject: &Subject| match subject {
        Subject::Field(name) => {
            matches!(name.as_str(), "id" | "uid" | "sub" | "user" | "email" | "role")
                || ["Id", "_id", "ID"].iter().any(|end| name.ends_with(end))
        }
        _ => false,
    };
    !quantity.subjects.is_empty() && quantity.subjects.iter().all(is_identity)
}

/// That a row is there says nothing about its numbers; of a number that is kept under a key it says that it is not nought.
fn is_row_only(quantity: &Quantity<'_>, records: &[&Write<'_>]) -> bool {
    let is_key = |subject: &Subject| matches!(subject, Subject::Key(_));
    let is_number = quantity.subjects.iter().any(is_key)
        && records.iter().any(|write| write.change == Change::Adjust && write.subjects.iter().any(is_key));
    quantity.is_presence
        && matches!(quantity.source, Source::Store(_, Operation::Get | Operation::Many))
        && (quantity.is_found || !is_number)
}

/// Whether a unit is one of those that run, or a function that goes by no name and is written within one.
pub(super) fn runs_within(program: &Program<'_>, unit: UnitId, running: &FxHashSet<UnitId>) -> bool {
    let mut at = Some(unit);
    while let Some(unit) = at {
        if running.contains(&unit) {
            return true;
        }
        let info = &program.units.units[unit];
        let is_nameless = info.function.is_some_and(|function| function.name.is_empty());
        at = info.parent.filter(|_| is_nameless && !program.units.bound.contains(&unit));
    }
    false
}

/// Whether two operations are written with the same key.
fn same_key(program: &Program<'_>, one: Site, other: Site) -> bool {
    let key = |site: Site| {
        let first = &program.units.calls[site.call].call.arguments.first()?.value;
        Some((Program::written(first), program.text(first, site.frame)))
    };
    key(one).is_some_and(|one| key(other) == Some(one))
}

/// Whether a key tells callers apart: something of the request flows into it.
fn depends_on_caller<'m>(program: &Program<'m>, key: &'m Expression, frame: FrameId) -> bool {
    let slice = program.slice(key, frame);
    let is_given = slice.parameters.iter().any(|(unit, index, _)| {
        let parameter = program.units.units[*unit].function.and_then(|function| function.parameters.get(*index));
        parameter.is_some_and(|parameter| {
            !matches!(&parameter.target.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "self" | "cls" | "now"))
        })
    });
    is_given
        || slice.parts.iter().any(|(part, frame)| {
            matches!(part.kind, ExpressionKind::Member { .. } | ExpressionKind::Name(_))
                && program.values(part, *frame).iter().any(|value| match value {
                    Value::Library { path, .. } => is_of_request(program, path) || tells_caller(program, path),
                    Value::Parameter { .. } => true,
                    _ => false,
                })
        })
}

/// Whether a key is one text that is written in the program, however it comes there: it is the same for everybody.
fn is_written_out<'m>(program: &Program<'m>, key: &'m Expression, frame: FrameId) -> bool {
    let slice = program.slice(key, frame);
    let is_passed = |(unit, index, frame): &(UnitId, usize, FrameId)| match program.frame(*frame).how {
        How::Call(site) => {
            let function = program.units.units[*unit].function;
            function.is_some_and(|function| program.passed_from(function, *index, site).is_some())
        }
        _ => false,
    };
    let is_plain = |part: &Expression| match &part.kind {
        ExpressionKind::Literal(_) | ExpressionKind::Name(_) | ExpressionKind::Template(_) => true,
        // `tool["name"]` of a list of tools.
        ExpressionKind::Index { .. } | ExpressionKind::List(_) | ExpressionKind::Object(_) => true,
        ExpressionKind::Operator { operator, .. } => operator == "+",
        _ => false,
    };
    slice.sites.is_empty()
        && slice.parameters.iter().all(is_passed)
        && slice.parts.iter().all(|(part, frame)| {
            is_plain(part)
                && (!matches!(part.kind, ExpressionKind::Name(_))
                    || program.values(part, *frame).iter().all(|value| matches!(value, Value::Data { .. })))
        })
        && slice.parts.iter().any(|(part, _)| matches!(part.kind, ExpressionKind::Literal(_)))
}

/// Whether a name is the request or something that is taken from it: `flask.request.remote_addr`, `express.Request().ip`.
pub(super) fn is_of_request(program: &Program<'_>, path: &str) -> bool {
    request_of(program, path).is_some()
}

/// The fact about the request that a name is taken from. What stands behind a command is no request.
pub fn request_of(program: &Program<'_>, path: &str) -> Option<FactId> {
    taken_from(program, path, Kind::Request).filter(|id| !is_of_command(program.catalogue.fact(*id)))
}

/// The fact about what stands behind a command that a name is taken from.
pub(super) fn command_of(program: &Program<'_>, path: &str) -> Option<FactId> {
    taken_from(program, path, Kind::Request).filter(|id| is_of_command(program.catalogue.fact(*id)))
}

/// Whether a fact is about what stands behind the command that started the program.
pub(super) fn is_of_command(fact: &Fact) -> bool {
    fact.role.as_deref() == Some("command")
}

/// Whether a name is taken from what tells who asks: `session.user.id`.
fn tells_caller(program: &Program<'_>, path: &str) -> bool {
    taken_from(program, path, Kind::Caller).is_some()
}

/// Whether a name is what a schema made, or something that is taken from that.
pub(super) fn is_of_schema(program: &Program<'_>, path: &str) -> bool {
    taken_from(program, path, Kind::Schema).is_some()
}

/// The fact of a kind that holds for a name or for what it is taken from.
fn taken_from(program: &Program<'_>, path: &str, kind: Kind) -> Option<FactId> {
    let mut at = path;
    loop {
        let own = program.facts_of(at, kind);
        let known = own.into_iter().chain(program.facts_of(at.trim_end_matches("()"), kind)).next();
        if let Some((id, _)) = known {
            return Some(id);
        }
        at = at.rsplit_once('.')?.0;
    }
}
