//! One audit under way: the program, what was found in it, and how findings are written.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::entries::{Entries, Entry, Link, Started, frame_of};
use crate::link::reach::Reach;
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, ExpressionKind, Language, Span, Statement, StatementKind};
use crate::rules::catalogue::{Calls, Kind};
use crate::rules::packs::{Because, Packs, Reason};

use super::applications::Applications;
use super::calls::{self, External};
use super::conditions::logging::line::Line;
use super::guards::{Guards, Protection};
use super::loaded::never_loaded;
use super::processes::Processes;
use super::verdict::{Confidence, Evidence, Finding, Item, Location, Text, Verdict};

/// Everything that the conditions look at.
pub struct Case<'p, 'm> {
    pub program: &'p Program<'m>,
    pub entries: &'p Entries<'m>,
    pub reaches: Vec<Rc<Reach>>,
    /// The calls that leave the process, once they were asked for: what asks about the environment goes without.
    externals: OnceCell<Externals>,
    pub guards: Guards<'p, 'm>,
    pub packs: &'p Packs,
    /// Whether an application server imports the application instead of running main blocks.
    pub served: bool,
    /// Files that are only run themselves, by their main block, beside what a server imports.
    run: &'p [String],
    /// What runs when the application starts: module bodies and what they call.
    pub start_frames: Vec<FrameId>,
    start_units: HashMap<UnitId, Vec<FrameId>>,
    /// Values that are made at first use and are used at start-up: where they are declared.
    forced: Vec<(ModuleId, Span)>,
    processes: OnceCell<Processes>,
    applications: OnceCell<Applications<'p>>,
    /// What protects from start-up on, by item: each with the module whose start sets it up.
    initialised: RefCell<BTreeMap<String, Initialised>>,
    /// What calls log, by how many functions deep they are looked into.
    pub(super) log_lines: RefCell<FxHashMap<(Site, usize), Option<Line>>>,
    /// Which calls tell the operators, likewise: programs that call each other in a circle have more ways than time.
    pub(super) notices: RefCell<FxHashMap<(Site, usize), bool>>,
    /// Whether the operators are told of what is logged as an error.
    pub(super) errors_logged_are_told: Cell<Option<bool>>,
}

/// The calls that leave the process, and where among them each stands.
#[derive(Debug)]
struct Externals {
    all: Vec<External>,
    by_call: HashMap<CallId, usize>,
}

/// What protects from start-up on.
#[derive(Clone, Debug)]
pub struct AtStart {
    /// The module whose start sets it up.
    pub root: ModuleId,
    /// The one runtime of the platform in which it does; none: whichever starts.
    pub runtime: Option<String>,
    pub found: Protection,
}

impl AtStart {
    pub fn anywhere((root, found): (ModuleId, Protection)) -> AtStart {
        AtStart { root, runtime: None, found }
    }
}

pub type Initialised = Rc<[AtStart]>;

/// What a condition found.
#[derive(Debug)]
pub struct Outcome {
    pub item: Item,
    pub verdict: Verdict,
    pub because: Because,
    pub findings: Vec<Finding>,
    pub evidence: Vec<Evidence>,
}

/// The kind of an entry point that takes its work from a queue.
const QUEUE: &str = "queue";
/// The kind of an entry point that is started by hand.
const PROGRAM: &str = "cli";

impl<'p, 'm> Case<'p, 'm> {
    pub fn new(program: &'p Program<'m>, entries: &'p Entries<'m>, packs: &'p Packs, started: &Started<'p>) -> Self {
        let guards = Guards::new(program);
        let reaches: Vec<Rc<Reach>> = entries.entries.iter().map(|entry| guards.reach_of(entry)).collect();
        let mut case = Case {
            program,
            entries,
            reaches,
            externals: OnceCell::new(),
            guards,
            packs,
            served: started.served,
            run: started.run,
            start_frames: Vec::new(),
            start_units: HashMap::new(),
            forced: Vec::new(),
            processes: OnceCell::new(),
            applications: OnceCell::new(),
            initialised: RefCell::default(),
            log_lines: RefCell::default(),
            notices: RefCell::default(),
            errors_logged_are_told: Cell::new(None),
        };
        case.find_starts();
        case.guards.behaviour.note_live(case.live_units());
        case
    }

    /// The units that run for an entry point or at start-up. Where nothing starts (a library), all of them.
    fn live_units(&self) -> FxHashSet<UnitId> {
        let program = self.program;
        if self.entries.entries.is_empty() {
            return (0..program.units.units.len()).collect();
        }
        let links = self.entries.entries.iter().flat_map(|entry| entry.chains.iter().flatten());
        let guards = links.filter_map(|link| frame_of(program, &link.value));
        let mut frames: Vec<FrameId> = self.start_frames.clone();
        frames.extend(self.reaches.iter().flat_map(|reach| reach.frames.iter().copied()));
        for frame in guards {
            frames.extend(self.guards.reach(frame).frames.iter().copied());
        }
        frames.into_iter().map(|frame| program.unit_of_frame(frame)).collect()
    }

    /// Module bodies and what runs from them, without what is only registered there. Values of a compiled language's
    /// modules are made when they are first used.
    fn find_starts(&mut self) {
        let is_lazy = |module: &ModuleId| self.program.modules[*module].language == Language::Rust;
        let never = never_loaded(self.program, self.entries);
        let modules = (0..self.program.modules.len()).filter(|module| !never.contains(module));
        let mut roots: Vec<FrameId> =
            modules.filter(|module| !is_lazy(module)).map(|module| self.program.module_frame(module)).collect();
        roots.extend(self.entries.starts.iter().copied());
        roots.extend(self.entries.entries.iter().filter(|entry| entry.kind == "cli").map(|entry| entry.handler));
        let mut seen = BTreeSet::new();
        let served = self.served_units();
        self.add_starts(roots, &served, &mut seen);
        self.force_lazy_values(&served, &mut seen);
    }

    /// The functions that run for a request, wherever else they are handed to: handlers and what stands in front of them.
    fn served_units(&self) -> FxHashSet<UnitId> {
        let program = self.program;
        let frames = self.entries.entries.iter().filter(|entry| entry.public).flat_map(|entry| {
            let links = entry.chains.iter().flatten().filter_map(|link| frame_of(program, &link.value));
            links.chain([entry.handler]).chain(entry.behind.iter().copied())
        });
        frames.map(|frame| program.unit_of_frame(frame)).collect()
    }

    fn add_starts(&mut self, roots: Vec<FrameId>, served: &FxHashSet<UnitId>, seen: &mut BTreeSet<FrameId>) {
        for root in roots {
            for frame in self.guards.reach(root).without_kept(self.program, served) {
                if seen.insert(frame) {
                    self.start_frames.push(frame);
                    self.start_units.entry(self.program.unit_of_frame(frame)).or_default().push(frame);
                }
            }
        }
    }

    /// What is made at first use runs at start-up where a function that runs then names it.
    fn force_lazy_values(&mut self, served: &FxHashSet<UnitId>, seen: &mut BTreeSet<FrameId>) {
        let mut lazy = lazy_values(self.program);
        let mut looked_at = 0;
        while looked_at < self.start_frames.len() && !lazy.is_empty() {
            let unit = self.program.unit_of_frame(self.start_frames[looked_at]);
            looked_at += 1;
            let Some(function) = self.program.units.units[unit].function else { continue };
            let named = names_in(&function.body);
            let (forced, rest): (Vec<_>, Vec<_>) = lazy.into_iter().partition(|(_, name, _)| named.contains(name));
            lazy = rest;
            for (module, _, span) in forced {
                self.forced.push((module, span));
                let body = self.program.units.bodies[module];
                let frame = self.program.module_frame(module);
                let mut roots = Vec::new();
                for call in &self.program.units.units[body].calls {
                    if span.contains(self.program.units.calls[*call].call.span) {
                        let site = Site { call: *call, frame };
                        roots.extend(self.program.runs(site).iter().copied());
                    }
                }
                if seen.insert(frame) {
                    self.start_frames.push(frame);
                    self.start_units.entry(body).or_default().push(frame);
                }
                self.add_starts(roots, served, seen);
            }
        }
    }

    /// Which modules run together.
    pub fn processes(&self) -> &Processes {
        self.processes.get_or_init(|| Processes::of(self.program, self.entries))
    }

    /// The frames in which a unit runs at start-up.
    pub fn starts_in(&self, unit: UnitId) -> &[FrameId] {
        self.start_units.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// Whether a place stands behind the `yield` of a start-up function: it runs when the application ends.
    fn comes_after_serving(&self, node: NodeId) -> bool {
        let units = &self.program.units;
        let unit = units.nodes[node].unit;
        let is_generator = units.units[unit].function.is_some_and(|function| function.is_generator);
        if !is_generator || !self.entries.starts.iter().any(|frame| self.program.unit_of_frame(*frame) == unit) {
            return false;
        }
        let yields = units.units[unit].nodes.iter().filter_map(|id| match units.nodes[*id].kind {
            NodeKind::Plain(Statement { kind: StatementKind::Expression(value), span }) => {
                matches!(value.kind, ExpressionKind::Yield(_)).then_some(span.start)
            }
            _ => None,
        });
        yields.min().is_some_and(|at| at < units.nodes[node].span.start)
    }

    /// Whether a place does not run at start-up although its unit does: a main block that the server never runs, a
    /// value that nothing uses then.
    pub fn is_skipped(&self, node: NodeId) -> bool {
        let program = self.program;
        let info = &program.units.nodes[node];
        let module = program.module_of(info.unit);
        if program.units.bodies[module] == info.unit && program.modules[module].language == Language::Rust {
            return !self.forced.iter().any(|(of, span)| *of == module && span.contains(info.span));
        }
        if self.comes_after_serving(node) {
            return true;
        }
        self.served
            && !self.run.contains(&program.modules[module].path)
            && program.units.ancestors(node).any(|(_, node)| match node.kind {
                NodeKind::If { statement, .. } => crate::link::entries::is_main_block(statement),
                _ => false,
            })
    }

    /// The calls that run at start-up.
    pub fn start_sites(&self) -> impl Iterator<Item = Site> + '_ {
        self.start_frames.iter().flat_map(|frame| {
            let unit = self.program.unit_of_frame(*frame);
            self.program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame: *frame })
        })
    }

    /// Whether two modules run together: in one application, and in one process of it.
    pub fn run_together(&self, one: ModuleId, other: ModuleId) -> bool {
        let applications = self.applications.get_or_init(|| Applications::of(self.program, self.entries));
        one == other || !applications.are_apart(one, other) && self.processes().shared(one, other)
    }

    /// The calls that leave the process, in the order of files and lines.
    pub fn externals(&self) -> &[External] {
        &self.found_externals().all
    }

    fn found_externals(&self) -> &Externals {
        self.externals.get_or_init(|| {
            let reaches: Vec<&Reach> = self.reaches.iter().map(Rc::as_ref).collect();
            let mut all = calls::find(self.program, self.entries, &reaches);
            calls::own_server::leave_to_its_client(self.program, &self.entries.entries, &mut all);
            let by_call = all.iter().enumerate().map(|(index, external)| (external.call, index)).collect();
            Externals { all, by_call }
        })
    }

    /// The external call that a call is.
    pub fn external_at(&self, call: CallId) -> Option<&External> {
        let found = self.found_externals();
        found.by_call.get(&call).and_then(|index| found.all.get(*index))
    }

    /// What `find` finds to protect from start-up on; looked for once per item.
    pub fn initialised(&self, item: &str, find: impl FnOnce() -> Vec<AtStart>) -> Initialised {
        if let Some(known) = self.initialised.borrow().get(item) {
            return known.clone();
        }
        let found: Initialised = find().into();
        self.initialised.borrow_mut().insert(item.to_owned(), found.clone());
        found
    }

    pub fn llm_calls(&self) -> impl Iterator<Item = &External> {
        self.externals().iter().filter(|external| external.kind == Calls::Llm)
    }

    /// The entry points through which a call is reached.
    pub fn entries_of(&self, external: &External) -> Vec<&'p Entry<'m>> {
        external.reached.iter().filter_map(|(entry, _)| self.entries.entries.get(*entry)).collect()
    }

    /// Indices of the entry points that reach a call of which something holds.
    pub fn reaching(&self, holds: impl Fn(&External) -> bool) -> BTreeSet<usize> {
        self.externals()
            .iter()
            .filter(|external| holds(external))
            .flat_map(|external| external.reached.iter().map(|(entry, _)| *entry))
            .collect()
    }

    /// The entry points that hand work to a queue's consumer: what stands in front of them stands in front of it.
    pub fn producers(&self, entry: &Entry<'m>) -> Vec<usize> {
        if entry.kind != QUEUE {
            return Vec::new();
        }
        let unit = self.program.unit_of_frame(entry.handler);
        let is_run_here = self.entries.run_here.contains(&entry.handler);
        let gives_work = |other: &Entry<'m>| other.handler != entry.handler && !(is_run_here && other.kind == PROGRAM);
        let others = self.entries.entries.iter().enumerate().filter(|(_, other)| gives_work(other));
        others.filter(|(index, _)| self.reaches[*index].has_unit(unit)).map(|(index, _)| index).collect()
    }

    pub fn entry_location(&self, entry: &Entry<'m>) -> Location {
        self.program.location(entry.module, entry.span)
    }

    /// The name of the function around a place, for fingerprints.
    fn around(&self, module: ModuleId, span: Span) -> String {
        let units = &self.program.units.units;
        let mut best: Option<&crate::link::units::Unit<'_>> = None;
        for unit in
            units.iter().filter(|unit| unit.module == module && unit.function.is_some() && unit.span.contains(span))
        {
            if !unit.name().is_empty() && best.is_none_or(|best| best.span.contains(unit.span)) {
                best = Some(unit);
            }
        }
        best.map_or_else(String::new, |unit| unit.name().to_owned())
    }

    /// The language of a module, as snippets to paste are named.
    pub fn paste_language(&self, module: ModuleId) -> &'static str {
        match self.program.modules[module].language {
            Language::Python => "python",
            Language::TypeScript => "typescript",
            Language::Rust => "rust",
        }
    }

    /// What to do about a finding of a rule in a module, with code that fits the packages which it uses, or else those
    /// that its project depends on.
    fn help(&self, rule: &str, module: ModuleId) -> Text {
        let language = self.paste_language(module);
        if self.packs.rule(rule).is_none_or(|rule| rule.fitted.is_empty()) {
            return self.packs.help(rule, Some(language));
        }
        let imported = self.program.packages_of(module);
        let path = self.program.modules[module].path.as_str();
        let around = self.program.projects.iter().filter(|project| {
            project.folder.is_empty() || path.strip_prefix(&project.folder).is_some_and(|rest| rest.starts_with('/'))
        });
        let asked: BTreeSet<&str> =
            around.flat_map(|project| &project.dependencies).map(|dependency| dependency.name.as_str()).collect();
        let imports = |name: &str| imported.contains(name);
        let depends = |name: &str| imported.contains(name) || asked.contains(name);
        self.packs.help_fitting(rule, language, &[&imports, &depends])
    }

    /// A finding at a place of a module.
    pub fn finding(
        &self,
        rule: &str,
        variant: &str,
        module: ModuleId,
        span: Span,
        values: &[(&str, String)],
    ) -> Finding {
        let location = self.program.location(module, span);
        let subject = subject(values);
        let around = self.around(module, span);
        let signature = fingerprint(&[rule, &around, &subject]);
        let fingerprint = fingerprint(&[rule, &location.path, &around, &subject]);
        Finding {
            rule: rule.to_owned(),
            item: self.packs.rule(rule).map_or(Item::V1, |rule| rule.item),
            confidence: Confidence::Certain,
            message: self.packs.message(rule, variant, values),
            help: self.help(rule, module),
            location,
            related: Vec::new(),
            fingerprint,
            signature,
            suppressed: None,
            standing: None,
            moved_from: None,
            excerpt: None,
        }
    }

    /// A finding about a call.
    pub fn call_finding(&self, rule: &str, variant: &str, call: CallId, values: &[(&str, String)]) -> Finding {
        let info = &self.program.units.calls[call];
        self.finding(rule, variant, info.module, info.call.span, values)
    }

    pub fn evidence(&self, protection: &Protection, text: Text) -> Evidence {
        Evidence { location: self.program.location(protection.module, protection.span), message: text }
    }

    /// An outcome: fails exactly when a finding is more than a note.
    pub fn outcome(&self, item: Item, findings: Vec<Finding>, evidence: Vec<Evidence>) -> Outcome {
        let gaps = findings
            .iter()
            .filter(|finding| finding.confidence != Confidence::Note && finding.suppressed.is_none())
            .count();
        let (verdict, because) =
            if gaps > 0 { (Verdict::Fail, Because::Fail(gaps)) } else { (Verdict::Pass, Because::Pass) };
        Outcome { item, verdict, because, findings, evidence }
    }

    pub fn not_applicable(&self, item: Item, reason: Reason) -> Outcome {
        Outcome {
            item,
            verdict: Verdict::NotApplicable,
            because: Because::NotApplicable(reason),
            findings: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// A guard of this item that exists somewhere in the program, for "defined but not wired".
    pub fn unwired(&self, item: &str) -> Option<Protection> {
        let program = self.program;
        let holders = holders(program, item);
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
            for path in program.callee_paths(site).iter() {
                // A limiter object whose methods protect is the guard that people see; an application is none.
                let is_holder = holders.contains(&**path) && !program.is_a(path, Kind::Router);
                if is_holder || !self.guards.facts(path, Some(site), item).is_empty() {
                    return Some(Protection {
                        module: info.module,
                        span: info.call.span,
                        name: super::guards::short(path),
                    });
                }
            }
        }
        None
    }

    /// A link as people call it.
    pub fn link_name(&self, link: &Link<'m>) -> String {
        self.guards.name_of(&link.value)
    }

    /// The values of a callee, for conditions that look at what is called.
    pub fn callees(&self, site: Site) -> Rc<[Value<'m>]> {
        let call = self.program.units.calls[site.call].call;
        let callees = self.program.values(&call.callee, site.frame);
        // What a platform serves is called where it is declared: what is called is what is made there.
        match self.entries.declared.iter().any(|declared| declared.call == site.call) {
            true => callees.iter().flat_map(|callee| self.program.result(callee, site)).collect(),
            false => callees,
        }
    }
}

/// What makes the objects of which a method protects without needing anything else: `a.Limiter` of `a.Limiter().check`.
pub(super) fn holders(program: &Program<'_>, item: &str) -> FxHashSet<String> {
    let guards = program.catalogue.of_kind(Kind::Guard);
    guards
        .filter(|(_, fact)| fact.protects.as_deref() == Some(item) && fact.needs.is_empty())
        .flat_map(|(_, fact)| fact.names.iter().flat_map(|name| crate::rules::checked::expand(name)))
        .flat_map(|name| {
            // What has the guard as a member, `a.env().LIMITER.limit`, holds much else.
            let has_it_itself = |end: usize| {
                let rest = name.get(end + 3..).unwrap_or_default();
                rest.split_once('.').is_none_or(|(first, _)| first.ends_with("()"))
            };
            let ends: Vec<String> = name
                .match_indices("().")
                .filter(|(end, _)| has_it_itself(*end))
                .filter_map(|(end, _)| name.get(..end).map(str::to_owned))
                .collect();
            ends
        })
        // An application that has a guard among its methods is none itself.
        .filter(|holder| !program.is_a(holder, Kind::Router))
        .collect()
}

/// The values that modules of a compiled language declare: module, name and place.
fn lazy_values(program: &Program<'_>) -> Vec<(ModuleId, String, Span)> {
    let mut all = Vec::new();
    for (module, info) in program.modules.iter().enumerate().filter(|(_, info)| info.language == Language::Rust) {
        for statement in &info.body {
            if let StatementKind::Assign(assignment) = &statement.kind
                && let ExpressionKind::Name(name) = &assignment.target.kind
                && assignment.value.is_some()
            {
                all.push((module, name.clone(), statement.span));
            }
        }
    }
    all
}

/// All names that a block mentions.
fn names_in(block: &Block) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for statement in block {
        super::conditions::fallback::walk_statement(statement, &mut |expression| {
            if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &expression.kind {
                names.insert(name.clone());
            }
        });
    }
    names
}

/// What a finding is about, of the values in its message: not what is elsewhere or counted, which changes without it.
fn subject(values: &[(&str, String)]) -> String {
    const ELSEWHERE: [&str; 4] = ["guard", "missing", "seconds", "detail"];
    let own = values.iter().filter(|(name, _)| !ELSEWHERE.contains(name));
    own.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
}

/// A hash that survives inserted lines: FNV-1a with 64 bits over the parts, as sixteen hexadecimal digits.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}
