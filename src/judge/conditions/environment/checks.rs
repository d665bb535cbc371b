//! What stops the start when a variable is missing, and what does without it.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::arguments::Given;
use crate::link::flow::{Exit, exit_of};
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::ends::{End, diverges, end_of};
use super::is_credential;
use super::names::{Named, Variables};
use super::reads::Read;
use super::schemas;

/// The key under which the settings of a start script name a variable that it demands.
const DEMANDS: &str = "demands";

/// When something runs, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// While the application starts.
    Start,
    /// While it starts, but an error is caught and things go on.
    Swallowed,
    Later,
}

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
    /// Variables that code does without.
    optional: BTreeSet<(String, Option<ModuleId>)>,
    /// Variables whose content a check looks at, not only their presence.
    pub examined: BTreeSet<String>,
    /// Reads that a schema decides about: by place.
    pub governed: BTreeSet<(ModuleId, Span)>,
    /// Calls that check the environment and whose result code goes by, without stopping.
    pub heeded: BTreeSet<CallId>,
}

impl Checks {
    pub fn of(case: &Case<'_, '_>, schemas: &[schemas::Checked]) -> Checks {
        let mut checks = Checks::default();
        let variables = &Variables::with(case.program, schemas::open_fields(schemas));
        checks.by_schemas(case, schemas);
        for unit in 0..case.program.units.units.len() {
            for node in &case.program.units.units[unit].nodes {
                checks.at_node(case, variables, unit, *node, schemas);
            }
        }
        checks.by_calls(case, variables);
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

    /// Reads that raise check their variable for all who read it later.
    pub fn by_reads(&mut self, case: &Case<'_, '_>, reads: &[Read]) {
        for read in reads.iter().filter(|read| read.raises) {
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
        self.optional.contains(&(name.to_owned(), Some(module))) || self.optional.contains(&(name.to_owned(), None))
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
            if variables.holds_without(test, frame, &named.name) != Some(!refuses_when) {
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
        let module = variables.program.module_of(variables.program.unit_of_frame(frame));
        let is_behind = |(of, span): (ModuleId, Span)| {
            of == module && branches.into_iter().flatten().any(|statement| statement.span.contains(span))
        };
        for named in variables.tested(test, frame) {
            if variables.holds_without(test, frame, &named.name) == Some(when_missing)
                && !named.place.is_some_and(is_behind)
            {
                let place = named.place.map(|(module, _)| module);
                if matches!(purpose, Purpose::DoWithoutSetting) && is_credential(&named.name) {
                    continue;
                }
                // A name that comes from a table of another file is read here, where its test is.
                if matches!(purpose, Purpose::DoWithout) && named.via.is_empty() && place.is_some() {
                    self.optional.insert((named.name.clone(), Some(module)));
                }
                let known = (named.name, place);
                match purpose {
                    Purpose::Demand => self.demanded.insert(known),
                    Purpose::DoWithout | Purpose::DoWithoutSetting => self.optional.insert(known),
                };
            }
        }
    }

    /// Calls that raise when what they are given is nothing, and telemetry that is off without its own variable.
    fn by_calls<'m>(&mut self, case: &Case<'_, 'm>, variables: &Variables<'_, 'm>) {
        let program = case.program;
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
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

    fn own_settings<'m>(&mut self, variables: &Variables<'_, 'm>, value: &'m Expression, frame: FrameId, depth: usize) {
        if let ExpressionKind::Object(entries) = &value.kind
            && depth < 4
        {
            entries.iter().for_each(|entry| self.own_settings(variables, &entry.value, frame, depth + 1));
        }
        for named in variables.held(value, frame) {
            self.optional.insert((named.name, named.place.map(|(module, _)| module)));
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

/// Whether a test holds where a check has failed: `!result.success`, `result.error`.
fn is_failure(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, .. } if operator == "not" => true,
        ExpressionKind::Operator { operands, .. } => operands.iter().any(is_failure),
        ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => {
            matches!(name.as_str(), "error" | "errors" | "issues")
        }
        _ => false,
    }
}

/// Whether a test looks at the content of what it tests: a beginning, a pattern, a list of values.
fn looks_inside(test: &Expression) -> bool {
    let mut found = false;
    super::super::fallback::walk(test, &mut |each| {
        found |= match &each.kind {
            ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
                if matches!(name.as_str(), "startswith" | "startsWith" | "starts_with" | "match" | "fullmatch" | "test" | "includes" | "contains" | "is_match")),
            ExpressionKind::Operator { operator, operands } => match operator.as_str() {
                "in" | "not in" => true,
                "==" | "!=" => operands.iter().any(|operand| {
                    matches!(&operand.kind, ExpressionKind::Literal(Literal::Text(text)) if !text.is_empty() && text != "undefined" && text != "string")
                }),
                _ => false,
            },
            _ => false,
        };
    });
    found
}

#[derive(Clone, Copy)]
enum Purpose {
    Demand,
    DoWithout,
    /// Only settings are done without: for a credential the empty text is no value.
    DoWithoutSetting,
}

/// The statements behind a node's own in their block.
fn rest_behind<'m>(program: &Program<'m>, unit: UnitId, node: NodeId) -> &'m [Statement] {
    let span = program.units.nodes[node].span;
    let mut open: Vec<&'m [Statement]> = vec![match program.units.units[unit].function {
        Some(function) => &function.body,
        None => &program.modules[program.module_of(unit)].body,
    }];
    while let Some(block) = open.pop() {
        let Some(at) = block.iter().position(|statement| statement.span.contains(span)) else { continue };
        let Some(statement) = block.get(at) else { continue };
        if statement.span == span {
            return block.get(at + 1..).unwrap_or_default();
        }
        match &statement.kind {
            StatementKind::If { then, otherwise, .. } => open.extend([then.as_slice(), otherwise]),
            StatementKind::Loop(each) => open.push(&each.body),
            StatementKind::Try(each) => {
                open.extend([each.body.as_slice(), &each.otherwise, &each.finally]);
                open.extend(each.handlers.iter().map(|handler| handler.body.as_slice()));
            }
            StatementKind::With { body, .. } | StatementKind::Block(body) => open.push(body),
            _ => {}
        }
    }
    &[]
}

/// Whether statements end by raising, or by a call that never comes back.
fn raises_at_its_end<'m>(case: &Case<'_, 'm>, unit: UnitId, statements: &'m [Statement]) -> bool {
    match statements.last().map(|statement| &statement.kind) {
        Some(StatementKind::Raise(_)) => true,
        Some(StatementKind::Expression(value)) => diverges(case.program, value, case.program.open_frame(unit), 0),
        _ => false,
    }
}

/// `if value: return value`.
fn returns_what_is_tested(test: &Expression, then: &Block) -> bool {
    match (&test.kind, then.as_slice()) {
        (
            ExpressionKind::Name(tested),
            [
                Statement {
                    kind: StatementKind::Return(Some(Expression { kind: ExpressionKind::Name(name), .. })),
                    ..
                },
            ],
        ) => tested == name,
        _ => false,
    }
}

/// `return ""`, `return None`, or no answer at all.
fn returns_nothing(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Return(Some(value)) => match &value.kind {
            ExpressionKind::Literal(Literal::Null) => true,
            ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
            _ => false,
        },
        StatementKind::Return(None) => true,
        StatementKind::Expression(_) => true,
        _ => false,
    }
}

fn is_stopped<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block) -> bool {
    matches!(end_of(case, unit, block), Some(End::Stops | End::Refuses))
}

/// `if (!missing.length) return;` in front of what ends the process: what does not leave there never comes back.
fn stops_after<'m>(case: &Case<'_, 'm>, unit: UnitId, test: &'m Expression) -> bool {
    if case.starts_in(unit).is_empty() {
        return false;
    }
    let exits = case.program.exits(unit, case.program.open_frame(unit));
    exits.iter().any(|gate| gate.exit == Exit::Raise && gate.refusal.is_none() && std::ptr::eq(gate.test, test))
}

/// `if not value: value = "default"`.
fn assigns(block: &Block) -> bool {
    block.iter().any(|statement| {
        matches!(&statement.kind, StatementKind::Assign(assignment)
            if matches!(assignment.target.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }) && !assignment.declares)
    })
}

/// Whether a conditional operand is part of the test of a statement: the statement decides then.
fn in_test(program: &Program<'_>, node: NodeId) -> bool {
    let span = program.units.nodes[node].span;
    program.units.ancestors(node).skip(1).any(|(_, outer)| match outer.kind {
        NodeKind::If { test, .. } => test.span.contains(span),
        NodeKind::Loop(each) => each.over.as_ref().is_some_and(|over| over.span.contains(span)),
        _ => false,
    })
}

/// `KIND == "a"`: what is compared with a value is a switch, whatever it chooses between.
fn is_compared(test: &Expression) -> bool {
    let is_value = |operand: &Expression| matches!(&operand.kind, ExpressionKind::Literal(Literal::Text(text)) if !text.is_empty());
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "==" | "!=") && operands.iter().any(is_value)
        }
        _ => false,
    }
}

/// `X is None` that only chooses between two constants says nothing about how X is used.
fn is_literal_branch(program: &Program<'_>, node: NodeId) -> bool {
    let info = &program.units.nodes[node];
    let unit = &program.units.units[info.unit];
    let holds_code = unit.members.iter().any(|(_, each)| info.span.contains(each.span))
        || unit.calls.iter().any(|call| info.span.contains(program.units.calls[*call].call.span));
    !holds_code && !span_holds_name(program, info.unit, info.span)
}

/// Whether a name is written within a span: of the statement that holds it.
fn span_holds_name(program: &Program<'_>, unit: UnitId, span: Span) -> bool {
    let mut found = false;
    for node in &program.units.units[unit].nodes {
        let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { continue };
        if statement.span.contains(span) {
            super::super::fallback::walk_statement(statement, &mut |each| {
                found |= span.contains(each.span) && matches!(each.kind, ExpressionKind::Name(_));
            });
        }
    }
    found
}

/// When a place runs that is reached through calls, and the modules whose start runs it.
pub fn when(case: &Case<'_, '_>, unit: UnitId, node: Option<NodeId>, via: &[CallId]) -> (When, BTreeSet<ModuleId>) {
    let program = case.program;
    let mut places = vec![(unit, node)];
    places.extend(via.iter().map(|call| (program.units.calls[*call].unit, Some(program.units.calls[*call].node))));
    let caught = places.iter().any(|(_, node)| node.is_some_and(|node| swallows(program, node)));
    let mut best = When::Later;
    let mut roots = BTreeSet::new();
    let Some((outermost, node)) = places.last().copied() else { return (best, roots) };
    let is_never_deployed = |(unit, node): &(UnitId, Option<NodeId>)| {
        node.is_some_and(|node| program.is_never_deployed(node, program.open_frame(*unit)))
    };
    if node.is_some_and(|node| case.is_skipped(node)) || places.iter().any(is_never_deployed) {
        return (best, roots);
    }
    for frame in case.starts_in(outermost) {
        let Some((root, swallowed)) = started(case, *frame) else { continue };
        let now = if caught || swallowed { When::Swallowed } else { When::Start };
        best = best.min(now);
        if now == When::Start || best == When::Swallowed {
            roots.insert(root);
        }
    }
    (best, roots)
}

/// The module at whose start a frame runs, and whether an error is caught on the way; none where it never runs.
fn started(case: &Case<'_, '_>, frame: FrameId) -> Option<(ModuleId, bool)> {
    let program = case.program;
    let mut frame = program.frame(frame);
    let mut swallowed = false;
    while let How::Call(site) = frame.how {
        let node = program.units.calls[site.call].node;
        if case.is_skipped(node) || program.is_never_deployed(node, site.frame) {
            return None;
        }
        swallowed |= swallows(program, node);
        frame = program.frame(site.frame);
    }
    Some((program.module_of(frame.unit), swallowed))
}

/// Whether an error at a node is caught, in its own unit, by a handler that lets things go on.
pub fn swallows(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            each.handlers.iter().any(|handler| !matches!(exit_of(&handler.body), Some(Exit::Raise)))
        }
        _ => false,
    })
}

impl<'m> Variables<'_, 'm> {
    /// The variables that a test is about.
    pub fn tested(&self, test: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        let mut open = vec![(test, 0)];
        while let Some((each, depth)) = open.pop() {
            match &each.kind {
                ExpressionKind::Operator { operator, operands } if depth < 12 => {
                    if matches!(operator.as_str(), "in" | "not in")
                        && let [left, right] = operands.as_slice()
                        && self.is_environment(right, frame)
                    {
                        all.extend(self.names_of(left, frame));
                        continue;
                    }
                    open.extend(operands.iter().map(|operand| (operand, depth + 1)));
                }
                ExpressionKind::Call(call) if depth < 12 => {
                    all.extend(self.held(each, frame));
                    if let ExpressionKind::Member { object, .. } = &call.callee.kind {
                        open.push((object, depth + 1));
                    }
                    open.extend(call.arguments.iter().take(1).map(|argument| (&argument.value, depth + 1)));
                }
                ExpressionKind::Name(name) => {
                    all.extend(self.held(each, frame));
                    for (binding, _) in self.bindings(name, frame, each.span) {
                        if let crate::link::units::Binding::Value { value, access, .. } = binding
                            && access.is_empty()
                            && depth < 4
                            && matches!(value.kind, ExpressionKind::Operator { .. })
                        {
                            open.push((value, depth + 4));
                        }
                    }
                }
                _ => all.extend(self.held(each, frame)),
            }
        }
        all
    }
}
