//! What stops the start when a variable is missing, and what does without it.

mod decisions;
mod guarded;
mod models;
mod moments;

use std::collections::{BTreeMap, BTreeSet};

use crate::link::arguments::Given;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Site};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::ends::{End, end_of};
use super::meanings::is_credential;
use super::names::{Named, Variables};
use super::reads::Read;
use super::schemas;

use decisions::{
    asks_presence, assigns, in_test, is_compared, is_failure, is_in_loop, is_literal_branch, is_stopped, looks_inside,
    parts_of, raises_at_its_end, replaces, rest_behind, returns_nothing, returns_what_is_tested, stops_after,
};

use moments::is_in_handler;
pub use moments::{When, swallows, when};

/// The key under which the settings of a start script name a variable that it demands.
const DEMANDS: &str = "demands";

/// Something that stops when a variable is missing.
#[derive(Clone, Debug)]
struct Check {
    when: When,
    /// The modules whose start runs it.
    roots: BTreeSet<ModuleId>,
    /// Where it is written; none where no code says it.
    place: Option<(ModuleId, Span)>,
}

/// All checks of a program, and what is optional in it.
#[derive(Debug, Default)]
pub struct Checks {
    checks: BTreeMap<String, Vec<Check>>,
    /// Variables that a test demands, with the module of the read where it is known.
    demanded: BTreeSet<(String, Option<ModuleId>)>,
    /// Variables that code does without, with the units whose tests say so; none where it is so wherever they are used.
    optional: BTreeMap<(String, Option<ModuleId>), Vec<Option<UnitId>>>,
    /// Variables whose content a check looks at, not only their presence.
    pub examined: BTreeSet<String>,
    /// Reads that a schema decides about: by place.
    pub governed: BTreeSet<(ModuleId, Span)>,
    /// The modules that read a variable themselves.
    read_in: BTreeSet<(String, ModuleId)>,
    /// Where variables are read only when they are there.
    present: BTreeSet<(ModuleId, Span)>,
    /// Calls that check the environment and whose result code goes by, without stopping.
    pub heeded: BTreeSet<CallId>,
}

impl Checks {
    /// The checks of a program that reads variables at the places in `reads`.
    pub fn of(case: &Case<'_, '_>, schemas: &[schemas::Checked], reads: &[Read<'_>]) -> Checks {
        let present = reads.iter().filter(|read| read.there).filter_map(|read| read.named.place).collect();
        let read_in = reads.iter().map(|read| (read.named.name.clone(), read.module)).collect();
        let mut checks = Checks { present, read_in, ..Checks::default() };
        let variables = &Variables::with(case.program, schemas::open_fields(schemas));
        checks.by_schemas(case, schemas);
        for unit in 0..case.program.units.units.len() {
            for node in &case.program.units.units[unit].nodes {
                checks.at_node(case, variables, unit, *node, schemas);
            }
        }
        checks.by_calls(case, variables);
        checks.by_models(case, variables);
        checks.by_scripts(case);
        checks
    }

    /// What a script demands that starts the server.
    fn by_scripts(&mut self, case: &Case<'_, '_>) {
        let settings = case.program.settings;
        for script in settings {
            let demanded =
                script.entries.iter().filter(|entry| matches!(entry.keys.as_slice(), [key] if key == DEMANDS));
            let name = script.path.rsplit('/').next().unwrap_or_default();
            let starts = |other: &Settings| {
                other.path != script.path
                    && other
                        .entries
                        .iter()
                        .any(|entry| matches!(&entry.value, Literal::Text(text) if text.contains(name)))
            };
            let mut demanded = demanded.peekable();
            if demanded.peek().is_none() || !settings.iter().any(starts) {
                continue;
            }
            for entry in demanded {
                if let Literal::Text(variable) = &entry.value {
                    let roots = case.processes().served().clone();
                    let check = Check { when: When::Start, roots, place: None };
                    self.checks.entry(variable.clone()).or_default().push(check);
                }
            }
        }
    }

    /// Reads that raise, or that break what is done with them, check their variable for all who read it later.
    pub fn by_reads(&mut self, case: &Case<'_, '_>, reads: &[Read<'_>]) {
        let is_second = |read: &&Read<'_>| read.node.is_some_and(|node| is_in_handler(case.program, node));
        // What is read when something else has failed says nothing to those who read it in any case.
        let usual: BTreeSet<&str> =
            reads.iter().filter(|read| !is_second(read)).map(|read| read.named.name.as_str()).collect();
        let says = |read: &&Read<'_>| !is_second(read) || !usual.contains(read.named.name.as_str());
        for read in reads.iter().filter(|read| read.raises || read.breaks).filter(says) {
            let (when, roots) = when(case, read.unit, read.node, &read.named.via);
            self.add(&read.named.name, when, &roots, (read.module, read.span));
        }
    }

    /// When the best check of a variable that covers a module runs.
    pub fn covering(&self, case: &Case<'_, '_>, name: &str, module: ModuleId) -> When {
        self.best(case, name, module).map_or(When::Later, |check| check.when)
    }

    /// Where a variable is checked for a module.
    pub fn place(&self, case: &Case<'_, '_>, name: &str, module: ModuleId) -> Option<(ModuleId, Span)> {
        self.best(case, name, module).filter(|check| check.when == When::Start).and_then(|check| check.place)
    }

    fn best(&self, case: &Case<'_, '_>, name: &str, module: ModuleId) -> Option<&Check> {
        let checks = self.checks.get(name).into_iter().flatten();
        let covers = |check: &&Check| check.roots.iter().any(|root| case.processes().covers(*root, module));
        checks.filter(covers).min_by_key(|check| check.when)
    }

    pub fn demands(&self, name: &str, module: ModuleId) -> bool {
        self.demanded.contains(&(name.to_owned(), Some(module))) || self.demanded.contains(&(name.to_owned(), None))
    }

    pub fn is_optional(&self, name: &str, module: ModuleId) -> bool {
        self.done_without(name, module).next().is_some()
    }

    /// The units whose tests say that code does without a variable; none for one that it does without anyway.
    pub fn done_without(&self, name: &str, module: ModuleId) -> impl Iterator<Item = Option<UnitId>> + '_ {
        let of = |module| self.optional.get(&(name.to_owned(), module)).into_iter().flatten().copied();
        of(Some(module)).chain(of(None))
    }

    fn do_without(&mut self, name: String, module: Option<ModuleId>, test: Option<UnitId>) {
        self.optional.entry((name, module)).or_default().push(test);
    }

    fn by_schemas(&mut self, case: &Case<'_, '_>, schemas: &[schemas::Checked]) {
        for schema in schemas {
            self.governed.extend(&schema.governed);
            if schema.by_result {
                continue;
            }
            let info = &case.program.units.calls[schema.call];
            let (when, roots) = when(case, info.unit, Some(info.node), &[]);
            for variable in &schema.variables {
                self.add(&variable.name, when, &roots, (variable.module, variable.span));
            }
            for name in &schema.filled {
                self.add(name, when, &roots, (info.module, info.call.span));
            }
        }
    }

    fn add(&mut self, name: &str, when: When, roots: &BTreeSet<ModuleId>, place: (ModuleId, Span)) {
        if when != When::Later {
            self.checks.entry(name.to_owned()).or_default().push(Check {
                when,
                roots: roots.clone(),
                place: Some(place),
            });
        }
    }

    fn at_node<'m>(
        &mut self,
        case: &Case<'_, 'm>,
        variables: &Variables<'_, 'm>,
        unit: UnitId,
        node: NodeId,
        schemas: &[schemas::Checked],
    ) {
        let frame = case.program.open_frame(unit);
        match case.program.units.nodes[node].kind {
            NodeKind::If { test, then, otherwise, .. } => {
                let decision = Decision { variables, test, frame, branches: [then, otherwise] };
                if otherwise.is_empty() && exit_of(then) == Some(Exit::Return) {
                    let rest = rest_behind(case.program, unit, node);
                    if raises_at_its_end(case, unit, rest) {
                        // `for name in NAMES: if has(name): return`: those behind the first are never looked at.
                        if is_in_loop(case.program, node) {
                            return self.notice(&decision, false, Purpose::Demand);
                        }
                        self.stops(case, variables, unit, node, test, false, schemas);
                        return self.notice(&decision, false, Purpose::Demand);
                    }
                    // What is handed on where it is there, and else the empty text, is not done without.
                    if returns_what_is_tested(test, then) && rest.last().is_none_or(returns_nothing) {
                        return self.notice(&decision, false, Purpose::DoWithoutSetting);
                    }
                }
                for (block, refuses_when) in [(then, true), (otherwise, false)] {
                    let other = if refuses_when { otherwise } else { then };
                    let end = end_of(case, unit, block);
                    // A failure that is only told goes by.
                    let is_told = refuses_when && !block.is_empty() && !is_failure(test) || !otherwise.is_empty();
                    if matches!(end, Some(End::Refuses | End::Leaves)) || is_told || assigns(block) {
                        self.heed(case, test, frame, schemas);
                    }
                    match end {
                        Some(End::Stops) => {
                            self.stops(case, variables, unit, node, test, refuses_when, schemas);
                            self.notice(&decision, refuses_when, Purpose::Demand);
                        }
                        Some(End::Refuses) => self.notice(&decision, refuses_when, Purpose::Demand),
                        Some(End::Leaves) if stops_after(case, unit, test) => {
                            self.stops(case, variables, unit, node, test, !refuses_when, schemas);
                            self.notice(&decision, !refuses_when, Purpose::Demand);
                        }
                        Some(End::Leaves) => self.notice(&decision, refuses_when, Purpose::DoWithout),
                        None if !other.is_empty() && !is_stopped(case, unit, other) => {
                            self.notice(&decision, refuses_when, Purpose::DoWithout)
                        }
                        None if assigns(block) => self.notice(&decision, refuses_when, Purpose::DoWithout),
                        None => {}
                    }
                }
            }
            NodeKind::Branch { test, holds }
                if !in_test(case.program, node) && (is_compared(test) || !is_literal_branch(case.program, node)) =>
            {
                let decision = Decision { variables, test, frame, branches: [&[], &[]] };
                self.notice(&decision, !holds, Purpose::DoWithout);
                self.heed(case, test, frame, schemas);
            }
            _ => {}
        }
    }

    /// Notes the checks of the environment whose result a test is about.
    fn heed<'m>(&mut self, case: &Case<'_, 'm>, test: &'m Expression, frame: FrameId, schemas: &[schemas::Checked]) {
        let results: Vec<_> = schemas.iter().filter(|schema| schema.by_result).map(|schema| schema.call).collect();
        if !results.is_empty() {
            let slice = case.program.slice(test, frame);
            self.heeded.extend(slice.sites.iter().map(|site| site.call).filter(|call| results.contains(call)));
        }
    }

    /// A test that stops: at the start it checks all that flows into it, unless it lets the missing value pass.
    #[expect(clippy::too_many_arguments, reason = "one test with its surroundings")]
    fn stops<'m>(
        &mut self,
        case: &Case<'_, 'm>,
        variables: &Variables<'_, 'm>,
        unit: UnitId,
        node: NodeId,
        test: &'m Expression,
        refuses_when: bool,
        schemas: &[schemas::Checked],
    ) {
        if case.starts_in(unit).is_empty() {
            return;
        }
        let frame = case.program.open_frame(unit);
        let place = (case.program.module_of(unit), test.span);
        if looks_inside(test) {
            self.examined.extend(variables.tested(test, frame).into_iter().map(|named| named.name));
        }
        for named in variables.deciding(test, frame) {
            if variables.holds_without(test, frame, &named.name) != Some(!refuses_when)
                && !variables.is_passed_only_when_there(&named)
            {
                let (when, roots) = when(case, unit, Some(node), &named.via);
                self.add(&named.name, when, &roots, place);
            }
        }
        let results: Vec<_> = schemas.iter().filter(|schema| schema.by_result).collect();
        if results.is_empty() {
            return;
        }
        let slice = case.program.slice(test, frame);
        for schema in results.into_iter().filter(|schema| slice.sites.iter().any(|site| site.call == schema.call)) {
            let (when, roots) = when(case, unit, Some(node), &[]);
            for variable in &schema.variables {
                self.add(&variable.name, when, &roots, place);
            }
        }
    }

    /// Notes the variables that a test is about and that take the branch in question when they are missing. What is read
    /// only behind the test is not what it is about: `if (key === "") key = process.env.KEY`.
    fn notice(&mut self, decision: &Decision<'_, '_, '_>, when_missing: bool, purpose: Purpose) {
        let Decision { variables, test, frame, branches } = *decision;
        let unit = variables.program.unit_of_frame(frame);
        let module = variables.program.module_of(unit);
        // What is replaced where it is missing is there from then on.
        let test_in = (!branches.into_iter().any(|block| replaces(test, block))).then_some(unit);
        let is_behind = |(of, span): (ModuleId, Span)| {
            of == module && branches.into_iter().flatten().any(|statement| statement.span.contains(span))
        };
        for named in variables.tested(test, frame) {
            if variables.holds_without(test, frame, &named.name) == Some(when_missing)
                && !named.place.is_some_and(is_behind)
            {
                // What gets here only when it is there is not asked for here.
                let gets_here = !named.place.is_some_and(|place| self.present.contains(&place))
                    && !variables.is_passed_only_when_there(&named);
                if matches!(purpose, Purpose::Demand) && !gets_here {
                    continue;
                }
                let place = named.place.map(|(module, _)| module);
                if matches!(purpose, Purpose::DoWithoutSetting) && is_credential(&named.name) {
                    continue;
                }
                // A name that comes from a table of another file is read here, where its test is.
                if matches!(purpose, Purpose::DoWithout) && named.via.is_empty() && place.is_some() {
                    self.do_without(named.name.clone(), Some(module), test_in);
                }
                let mut known = (named.name, place);
                match purpose {
                    Purpose::Demand => {
                        // Where only the value is seen, it is what the module itself reads, if it does.
                        let own = (known.0.clone(), module);
                        known.1 = known.1.or_else(|| self.read_in.contains(&own).then_some(module));
                        self.demanded.insert(known);
                    }
                    Purpose::DoWithout => self.do_without(known.0, known.1, test_in),
                    Purpose::DoWithoutSetting => self.do_without(known.0, known.1, None),
                }
            }
        }
    }

    /// Calls that raise when what they are given is nothing, and telemetry that is off without its own variable.
    fn by_calls<'m>(&mut self, case: &Case<'_, 'm>, variables: &Variables<'_, 'm>) {
        let program = case.program;
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
            self.told_by_flags(variables, info.call, site.frame);
            for path in program.callee_paths(site).iter() {
                for (_, fact) in program.facts_of(path, Kind::Guard) {
                    match (fact.protects.as_deref(), fact.how.as_deref()) {
                        (Some("E1"), _) => {
                            let Given::Present { expression, frame } = program.argument(site, "#0") else { continue };
                            for named in variables.deciding(expression, frame) {
                                if variables.holds_without(expression, frame, &named.name) != Some(true) {
                                    let (when, roots) = when(case, info.unit, Some(info.node), &named.via);
                                    self.add(&named.name, when, &roots, (info.module, info.call.span));
                                    self.demanded.insert((named.name, named.place.map(|(module, _)| module)));
                                }
                            }
                        }
                        // What a client is given is its own, also where a gateway in front of it is asked to log.
                        (Some("V1" | "V2"), Some("init" | "argument" | "wrapper" | "middleware"))
                            if program.applies(fact, site)
                                && !program.is_a(path, Kind::Client)
                                && !program.is_a(path, Kind::Call) =>
                        {
                            for argument in &info.call.arguments {
                                self.own_settings(variables, &argument.value, site.frame, 0);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// What is passed together with whether it is there is done without where it is not: `Limiter(enabled=url is not None,
    /// storage_uri=url)`.
    fn told_by_flags<'m>(&mut self, variables: &Variables<'_, 'm>, call: &'m Call, frame: FrameId) {
        let parts = parts_of(call);
        for test in parts.iter().filter(|part| asks_presence(part)) {
            let module = variables.program.module_of(variables.program.unit_of_frame(frame));
            for named in variables.tested(test, frame) {
                let is_it = |other: &Named| other.name == named.name;
                let is_passed = |part: &&&'m Expression| variables.held(part, frame).iter().any(is_it);
                if variables.holds_without(test, frame, &named.name).is_some()
                    && parts.iter().filter(|part| !asks_presence(part)).any(|part| is_passed(&part))
                {
                    let place = named.place.map_or(module, |(module, _)| module);
                    self.do_without(named.name, Some(place), None);
                }
            }
        }
    }

    fn own_settings<'m>(&mut self, variables: &Variables<'_, 'm>, value: &'m Expression, frame: FrameId, depth: usize) {
        if let ExpressionKind::Object(entries) = &value.kind
            && depth < 4
        {
            entries.iter().for_each(|entry| self.own_settings(variables, &entry.value, frame, depth + 1));
        }
        for named in variables.held(value, frame) {
            self.do_without(named.name, named.place.map(|(module, _)| module), None);
        }
    }
}

/// A test with what runs behind it.
#[derive(Clone, Copy)]
struct Decision<'v, 'p, 'm> {
    variables: &'v Variables<'p, 'm>,
    test: &'m Expression,
    frame: FrameId,
    branches: [&'m [Statement]; 2],
}

#[derive(Clone, Copy)]
enum Purpose {
    Demand,
    DoWithout,
    /// Only settings are done without: for a credential the empty text is no value.
    DoWithoutSetting,
}
