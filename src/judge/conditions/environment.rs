//! E1: every required variable is checked before the application serves.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::arguments::Given;
use crate::link::flow::{Exit, Gate, exit_of};
use crate::link::units::{ClassId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::packs::Reason;

use super::super::case::{Case, Outcome};
use super::super::verdict::{Finding, Item};

/// A variable as one file reads it.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub module: ModuleId,
    pub span: Span,
    pub checked: Checked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checked {
    Yes,
    /// A check that runs only when a request is served.
    InHandler,
    /// A check whose error is caught so that serving goes on.
    Swallowed,
    No,
}

/// One place that reads a variable.
#[derive(Clone, Debug)]
struct Read<'m> {
    name: String,
    module: ModuleId,
    unit: UnitId,
    node: NodeId,
    span: Span,
    expression: &'m Expression,
    /// Reading it raises when it is missing.
    raises: bool,
    has_default: bool,
    /// Only compared or tested where it is read.
    tested: bool,
}

/// `unchecked-env-var`: variables without a default are checked at start-up: by a schema, by an explicit check that
/// stops the process, or by a read that raises while the application starts.
pub fn validation(case: &Case<'_, '_>, variables: &[Variable]) -> Outcome {
    if variables.is_empty() {
        return case.not_applicable(Item::E1, Reason::NoVariables);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for variable in variables {
        let variant = match variable.checked {
            Checked::Yes => continue,
            Checked::InHandler => "in-handler",
            Checked::Swallowed => "swallowed",
            Checked::No => "unchecked",
        };
        findings.push(case.finding(
            "unchecked-env-var",
            variant,
            variable.module,
            variable.span,
            &[("name", variable.name.clone())],
        ));
    }
    case.outcome(Item::E1, findings, Vec::new())
}

/// The variables that shipping code needs, one row per variable and file.
pub fn variables(case: &Case<'_, '_>) -> Vec<Variable> {
    let reads = reads(case);
    let checks = start_checks(case);
    let mut rows: BTreeMap<(String, String), Variable> = BTreeMap::new();
    let mut add = |variable: Variable| {
        let key = (case.program.modules[variable.module].path.clone(), variable.name.clone());
        match rows.get_mut(&key) {
            // The first place names the row; the best check anywhere in the program counts for the variable.
            Some(known) => known.checked = known.checked.min(variable.checked),
            None => {
                rows.insert(key, variable);
            }
        }
    };
    for read in &reads {
        if read.has_default || read.tested {
            continue;
        }
        let checked = if checks.contains(&read.name) || read.raises && runs_at_start(case, read.unit, read.node) {
            Checked::Yes
        } else if is_optional(case, read) {
            continue;
        } else if read.raises || checked_in_place(case, read) {
            if swallowed(case, read.node) && runs_at_start(case, read.unit, read.node) {
                Checked::Swallowed
            } else {
                Checked::InHandler
            }
        } else {
            Checked::No
        };
        add(Variable { name: read.name.clone(), module: read.module, span: read.span, checked });
    }
    for variable in schema_variables(case) {
        add(variable);
    }
    let mut all: Vec<Variable> = rows.into_values().collect();
    all.sort_by(|a, b| {
        let of = |variable: &Variable| {
            (case.program.modules[variable.module].path.clone(), variable.span, variable.name.clone())
        };
        of(a).cmp(&of(b))
    });
    all
}

/// Every read of a variable, with the variables that a dynamic name can be.
fn reads<'m>(case: &Case<'_, 'm>) -> Vec<Read<'m>> {
    let program = case.program;
    let mut all = Vec::new();
    for (unit, node, expression) in &program.units.members {
        let frame = program.open_frame(*unit);
        for value in program.values(expression, frame).iter() {
            let Some(path) = value.path() else { continue };
            for (_, fact) in program.facts_of(path, Kind::Environment) {
                let names: Vec<String> = match (&expression.kind, fact.variable.as_deref()) {
                    (ExpressionKind::Member { name, .. }, None) => vec![name.clone()],
                    (ExpressionKind::Index { index, .. }, Some("[]")) => texts(program, index, frame),
                    _ => continue,
                };
                for name in names {
                    all.push(Read {
                        name,
                        module: program.module_of(*unit),
                        unit: *unit,
                        node: *node,
                        span: expression.span,
                        expression,
                        raises: fact.raises == Some(true),
                        has_default: false,
                        tested: false,
                    });
                }
                break;
            }
        }
        // `const { KEY } = process.env`, and index reads of what is dynamic are found by their values above.
    }
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        for path in program.callee_paths(site) {
            let Some((_, fact)) = program.facts_of(&path, Kind::Environment).into_iter().next() else { continue };
            let Some(Given::Present { expression, frame }) =
                fact.variable.as_deref().map(|path| program.argument_of(site, path))
            else {
                continue;
            };
            let has_default = call_default(program, fact, site);
            for name in texts(program, expression, frame) {
                all.push(Read {
                    name,
                    module: info.module,
                    unit: info.unit,
                    node: info.node,
                    span: info.call.span,
                    expression: &info.call.callee,
                    raises: fact.raises == Some(true),
                    has_default,
                    tested: false,
                });
            }
            break;
        }
    }
    all.extend(destructured(case));
    let contexts = Contexts::of(program);
    for read in &mut all {
        contexts.apply(read);
    }
    all.retain(|read| is_variable_name(&read.name));
    all
}

/// `const { KEY, OTHER = "x" } = process.env`.
fn destructured<'m>(case: &Case<'_, 'm>) -> Vec<Read<'m>> {
    let program = case.program;
    let mut all = Vec::new();
    for node in 0..program.units.nodes.len() {
        let info = &program.units.nodes[node];
        let NodeKind::Plain(statement) = info.kind else { continue };
        let StatementKind::Assign(assignment) = &statement.kind else { continue };
        let (ExpressionKind::Object(entries), Some(value)) = (&assignment.target.kind, &assignment.value) else {
            continue;
        };
        let frame = program.open_frame(info.unit);
        for found in program.values(value, frame).iter() {
            let Some(path) = found.path() else { continue };
            for entry in entries {
                let Some(key) = &entry.key else { continue };
                if !program.is_a(&format!("{path}.{key}"), Kind::Environment) {
                    continue;
                }
                let has_default =
                    matches!(&entry.value.kind, ExpressionKind::Operator { operator, .. } if operator == "=");
                all.push(Read {
                    name: key.clone(),
                    module: program.module_of(info.unit),
                    unit: info.unit,
                    node,
                    span: entry.value.span,
                    expression: &entry.value,
                    raises: false,
                    has_default,
                    tested: false,
                });
            }
        }
    }
    all
}

/// Names of variables are written in capitals; others belong to the runtime.
fn is_variable_name(name: &str) -> bool {
    let ambient = [
        "NODE_ENV",
        "HOME",
        "PATH",
        "USER",
        "PWD",
        "CI",
        "TMPDIR",
        "TEMP",
        "LANG",
        "TERM",
        "NEXT_RUNTIME",
        "DEV",
        "PROD",
        "MODE",
        "SSR",
        "BASE_URL",
    ];
    name.len() > 1
        && name
            .chars()
            .all(|character| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
        && !ambient.contains(&name)
}

/// Whether a read by call has a default that is something.
fn call_default(program: &Program<'_>, fact: &Fact, site: Site) -> bool {
    let Some(path) = &fact.default else { return false };
    match program.argument_of(site, path) {
        Given::Present { expression, .. } => !is_empty(expression),
        Given::Unresolved => true,
        Given::Absent => false,
    }
}

/// Null and the empty text are no defaults.
fn is_empty(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
        _ => false,
    }
}

/// The texts that a name can be: a literal, or the items of a list that a loop goes through.
fn texts<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> Vec<String> {
    if let ExpressionKind::Literal(Literal::Text(text)) = &expression.kind {
        return vec![text.clone()];
    }
    let mut all = Vec::new();
    for value in program.values(expression, frame).iter() {
        if let Value::Data { expression, .. } = value
            && let ExpressionKind::Literal(Literal::Text(text)) = &expression.0.kind
        {
            all.push(text.clone());
        }
    }
    if let ExpressionKind::Name(_) = &expression.kind
        && let Some((unit, index)) = parameter_of(program, expression, frame)
    {
        for site in program.callers_of(unit) {
            let Some(function) = program.units.units[unit].function else { continue };
            if let Some(argument) = program.passed_expression(function, index, *site)
                && let ExpressionKind::Literal(Literal::Text(text)) = &argument.kind
                && !all.contains(text)
            {
                all.push(text.clone());
            }
        }
    }
    all
}

fn parameter_of<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> Option<(UnitId, usize)> {
    program.slice(expression, frame).parameters.first().map(|(unit, index, _)| (*unit, *index))
}

/// How each read is used where it stands: with an alternative, or only in a test.
struct Contexts {
    defaulted: BTreeSet<(usize, Span)>,
    tested: BTreeSet<(usize, Span)>,
    raised: BTreeSet<(usize, Span)>,
}

impl Contexts {
    fn of(program: &Program<'_>) -> Contexts {
        let mut contexts = Contexts { defaulted: BTreeSet::new(), tested: BTreeSet::new(), raised: BTreeSet::new() };
        for (module, info) in program.modules.iter().enumerate() {
            for statement in &info.body {
                contexts.statement(program, module, statement);
            }
        }
        contexts
    }

    fn apply(&self, read: &mut Read<'_>) {
        let inside = |spans: &BTreeSet<(usize, Span)>| {
            spans
                .range((read.module, Span { start: 0, end: 0 })..(read.module + 1, Span::default()))
                .any(|(_, span)| span.contains(read.span))
        };
        read.has_default |= inside(&self.defaulted);
        read.tested |= inside(&self.tested);
        read.raises |= inside(&self.raised);
    }

    fn statement(&mut self, program: &Program<'_>, module: usize, statement: &Statement) {
        match &statement.kind {
            StatementKind::If { test, then, otherwise } => {
                // A test that stops is a check; the read in it is judged by the gate.
                if exit_of(then).is_none() && exit_of(otherwise).is_none() {
                    self.test(module, test);
                }
                self.expression(program, module, test);
                then.iter().chain(otherwise).for_each(|each| self.statement(program, module, each));
            }
            StatementKind::Loop(each) => {
                each.over.iter().for_each(|over| self.expression(program, module, over));
                each.body.iter().for_each(|each| self.statement(program, module, each));
            }
            StatementKind::Try(each) => {
                let handlers = each.handlers.iter().flat_map(|handler| &handler.body);
                each.body
                    .iter()
                    .chain(handlers)
                    .chain(&each.otherwise)
                    .chain(&each.finally)
                    .for_each(|each| self.statement(program, module, each));
            }
            StatementKind::With { items, body } => {
                items.iter().for_each(|item| self.expression(program, module, &item.context));
                body.iter().for_each(|each| self.statement(program, module, each));
            }
            StatementKind::Block(block) => block.iter().for_each(|each| self.statement(program, module, each)),
            StatementKind::Function(function) => self.function(program, module, function),
            StatementKind::Class(class) => class.body.iter().for_each(|each| self.statement(program, module, each)),
            StatementKind::Expression(value)
            | StatementKind::Return(Some(value))
            | StatementKind::Raise(Some(value)) => self.expression(program, module, value),
            StatementKind::Assign(assignment) => {
                assignment.value.iter().for_each(|value| self.expression(program, module, value))
            }
            StatementKind::Export(export) => {
                export.value.iter().for_each(|value| self.expression(program, module, value))
            }
            _ => {}
        }
    }

    fn function(&mut self, program: &Program<'_>, module: usize, function: &Function) {
        for parameter in &function.parameters {
            parameter.default.iter().for_each(|default| self.expression(program, module, default));
        }
        function.body.iter().for_each(|each| self.statement(program, module, each));
    }

    fn test(&mut self, module: usize, test: &Expression) {
        self.tested.insert((module, test.span));
    }

    fn expression(&mut self, program: &Program<'_>, module: usize, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Operator { operator, operands } => {
                match (operator.as_str(), operands.as_slice()) {
                    ("or" | "??", [first, .., last])
                        if !is_empty(last) && !matches!(last.kind, ExpressionKind::Call(_)) =>
                    {
                        // `A || B` of two variables: one of them must be checked, the last stands for both.
                        self.defaulted.insert((module, first.span));
                    }
                    ("==" | "!=" | "is" | "is not" | "not" | "in" | "not in" | "typeof" | "<" | ">", _) => {
                        operands.iter().for_each(|operand| self.test(module, operand));
                    }
                    ("and", [first, ..]) => self.test(module, first),
                    ("?", [inner]) => {
                        self.raised.insert((module, inner.span));
                    }
                    _ => {}
                }
                operands.iter().for_each(|operand| self.expression(program, module, operand));
            }
            ExpressionKind::Conditional { test, then, otherwise } => {
                self.test(module, test);
                // `X ? f(X) : nothing` uses it only where it is there.
                self.tested.insert((module, then.span));
                [test, then, otherwise].into_iter().for_each(|each| self.expression(program, module, each));
            }
            ExpressionKind::Call(call) => {
                if let ExpressionKind::Member { object, name } = &call.callee.kind {
                    match name.as_str() {
                        "expect" | "unwrap" => {
                            self.raised.insert((module, object.span));
                        }
                        "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" | "ok" | "is_ok" | "is_err" | "map_or" => {
                            self.defaulted.insert((module, object.span));
                        }
                        _ => {}
                    }
                }
                if matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "Boolean" | "bool"))
                {
                    call.arguments.iter().for_each(|argument| self.test(module, &argument.value));
                }
                self.expression(program, module, &call.callee);
                call.arguments.iter().for_each(|argument| self.expression(program, module, &argument.value));
            }
            ExpressionKind::Function(function) => self.function(program, module, function),
            _ => {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                children.into_iter().for_each(|child| self.expression(program, module, child));
            }
        }
    }
}

/// The variables that a check stops the start for, by name.
fn start_checks(case: &Case<'_, '_>) -> BTreeSet<String> {
    let program = case.program;
    let mut names = BTreeSet::new();
    for frame in &case.start_frames {
        let unit = program.unit_of_frame(*frame);
        for gate in program.exits(unit, *frame) {
            if gate.exit != Exit::Raise && !is_body_exit(case, &gate)
                || case.is_skipped(gate.node)
                || swallowed(case, gate.node)
            {
                continue;
            }
            if !runs_at_start(case, unit, gate.node) {
                continue;
            }
            variables_in(case, gate.test, *frame, &mut names);
        }
    }
    for site in case.start_sites() {
        let info = &program.units.calls[site.call];
        for path in program.callee_paths(site) {
            for (_, fact) in program.facts_of(&path, Kind::EnvironmentSchema) {
                if swallowed(case, info.node) {
                    continue;
                }
                let _ = fact;
                schema_names(case, site, &mut names);
            }
        }
    }
    names
}

/// The keys that a schema checks: of the objects among the arguments of the call and of what it is called on.
fn schema_names(case: &Case<'_, '_>, site: Site, names: &mut BTreeSet<String>) {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut sites: Vec<Site> = case.callees(site).iter().flat_map(|value| value.sites().to_vec()).collect();
    sites.push(site);
    let mut visited = BTreeSet::new();
    while let Some(site) = sites.pop() {
        if !visited.insert(site) || visited.len() > 60 {
            continue;
        }
        for argument in &program.units.calls[site.call].call.arguments {
            object_keys(program, &argument.value, site.frame, names, &mut sites, 0);
        }
    }
    let _ = info;
}

fn object_keys<'m>(
    program: &Program<'m>,
    expression: &'m Expression,
    frame: FrameId,
    names: &mut BTreeSet<String>,
    sites: &mut Vec<Site>,
    depth: usize,
) {
    if depth > 4 {
        return;
    }
    for value in program.values(expression, frame).iter() {
        match value {
            Value::Data { expression, frame } => {
                if let ExpressionKind::Object(entries) = &expression.0.kind {
                    for entry in entries {
                        names.extend(entry.key.iter().filter(|key| is_variable_name(key)).cloned());
                        object_keys(program, &entry.value, *frame, names, sites, depth + 1);
                    }
                }
            }
            Value::Library { sites: more, .. } => sites.extend(more.iter().copied()),
            _ => {}
        }
    }
}

/// A `return` from a module body or main function ends the process as well.
fn is_body_exit(case: &Case<'_, '_>, gate: &Gate<'_>) -> bool {
    let unit = case.program.unit_of_frame(gate.frame);
    gate.exit == Exit::Return && case.program.units.units[unit].name() == "main"
}

/// The variables that flow into an expression.
fn variables_in<'m>(case: &Case<'_, 'm>, expression: &'m Expression, frame: FrameId, names: &mut BTreeSet<String>) {
    let program = case.program;
    let slice = program.slice(expression, frame);
    for (part, frame) in &slice.parts {
        match &part.kind {
            ExpressionKind::Member { name, .. } => {
                for value in program.values(part, *frame).iter() {
                    if value.path().is_some_and(|path| program.is_a(path, Kind::Environment)) {
                        names.insert(name.clone());
                    }
                }
            }
            ExpressionKind::Index { index, .. } => {
                for value in program.values(part, *frame).iter() {
                    if value.path().is_some_and(|path| program.is_a(path, Kind::Environment)) {
                        names.extend(texts(program, index, *frame));
                    }
                }
            }
            _ => {}
        }
    }
    for site in &slice.sites {
        for path in program.callee_paths(*site) {
            for (_, fact) in program.facts_of(&path, Kind::Environment) {
                if let Some(Given::Present { expression, frame }) =
                    fact.variable.as_deref().map(|path| program.argument_of(*site, path))
                {
                    names.extend(texts(program, expression, frame));
                }
            }
        }
    }
    // Settings objects: `settings.x` of a class whose fields are variables is checked by the class itself.
}

/// Whether code runs while the application starts.
fn runs_at_start(case: &Case<'_, '_>, unit: UnitId, node: NodeId) -> bool {
    if case.is_skipped(node) {
        return false;
    }
    let frames = case.starts_in(unit);
    if frames.is_empty() {
        return false;
    }
    // A function that a request runs as well is still run at start; a handler is not in these frames.
    frames.iter().any(|frame| {
        let mut how = case.program.frame(*frame).how;
        while let crate::link::How::Call(site) = how {
            if case.is_skipped(case.program.units.calls[site.call].node) {
                return false;
            }
            how = case.program.frame(site.frame).how;
        }
        true
    })
}

/// Whether an error at a node is caught, in its own unit, by a handler that lets things go on.
fn swallowed(case: &Case<'_, '_>, node: NodeId) -> bool {
    case.program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            each.handlers.iter().any(|handler| !matches!(exit_of(&handler.body), Some(Exit::Raise)))
        }
        _ => false,
    })
}

/// Whether the value that is read is tested before use, so that the application does without it.
fn is_optional(case: &Case<'_, '_>, read: &Read<'_>) -> bool {
    let program = case.program;
    let Some(name) = bound_name(program, read) else { return false };
    let mut optional = false;
    for node in &program.units.nodes {
        if program.module_of(node.unit) != read.module {
            continue;
        }
        let (test, stops) = match node.kind {
            NodeKind::If { test, then, otherwise, .. } => {
                (test, exit_of(then).is_some() || exit_of(otherwise).is_some())
            }
            NodeKind::Branch { test, .. } => (test, false),
            _ => continue,
        };
        if !stops && mentions_name(test, &name) {
            optional = true;
        }
    }
    optional
}

fn mentions_name(test: &Expression, name: &str) -> bool {
    let mut found = false;
    super::fallback::walk(test, &mut |each| {
        if let ExpressionKind::Name(other) | ExpressionKind::Member { name: other, .. } = &each.kind {
            found |= other == name;
        }
    });
    found
}

/// The name that a read is bound to, where its statement is an assignment.
fn bound_name(program: &Program<'_>, read: &Read<'_>) -> Option<String> {
    let _ = read.expression;
    let NodeKind::Plain(statement) = program.units.nodes[read.node].kind else { return None };
    let StatementKind::Assign(assignment) = &statement.kind else { return None };
    // Only where the read is the whole value.
    let value = assignment.value.as_ref()?;
    if value.span.end > read.span.end + 3 || value.span.start + 3 < read.span.start {
        return None;
    }
    match &assignment.target.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// Whether a check that stops exists where the variable is read, though not at start-up.
fn checked_in_place(case: &Case<'_, '_>, read: &Read<'_>) -> bool {
    let program = case.program;
    let frame = program.open_frame(read.unit);
    program.exits(read.unit, frame).iter().any(|gate| {
        let mut names = BTreeSet::new();
        variables_in(case, gate.test, gate.frame, &mut names);
        names.contains(&read.name)
    })
}

/// The fields of settings classes: variables without a default, checked where the class is made at start-up.
fn schema_variables(case: &Case<'_, '_>) -> Vec<Variable> {
    let program = case.program;
    let mut all = Vec::new();
    for class in 0..program.units.classes.len() {
        if !is_settings_class(program, class, 0) {
            continue;
        }
        let checked = made_at_start(case, class);
        let info = &program.units.classes[class];
        for name in &info.order {
            let Some(fields) = info.fields.get(name) else { continue };
            for (_, assignment) in fields.iter().take(1) {
                if assignment.annotation.is_none()
                    || !is_required(program, info.unit, assignment)
                    || name.starts_with('_')
                    || *name == "model_config"
                {
                    continue;
                }
                all.push(Variable {
                    name: name.to_ascii_uppercase(),
                    module: info.module,
                    span: assignment.target.span,
                    checked,
                });
            }
        }
    }
    all
}

fn is_settings_class(program: &Program<'_>, class: ClassId, depth: usize) -> bool {
    let info = &program.units.classes[class];
    let frame = program.open_frame(info.unit);
    depth < 6
        && info.class.bases.iter().any(|base| {
            program.values(base, frame).iter().any(|value| match value {
                Value::Library { path, .. } => program.is_a(path, Kind::EnvironmentSchema),
                Value::Class(base) => *base != class && is_settings_class(program, *base, depth + 1),
                _ => false,
            })
        })
}

/// A field without a default; a `Field(...)` without `default` or `default_factory` has none.
fn is_required(program: &Program<'_>, unit: UnitId, assignment: &Assignment) -> bool {
    let optional_type = assignment.annotation.as_ref().is_some_and(|annotation| {
        let written = Program::written(annotation);
        written.starts_with("ClassVar")
    });
    if optional_type {
        return false;
    }
    let Some(value) = &assignment.value else { return true };
    let ExpressionKind::Call(call) = &value.kind else {
        return matches!(&value.kind, ExpressionKind::Name(name) if name == "Ellipsis");
    };
    let _ = (program, unit);
    let named = |name: &str| call.arguments.iter().any(|argument| argument.name.as_deref() == Some(name));
    let positional = call.arguments.iter().find(|argument| argument.name.is_none());
    let given = positional
        .is_some_and(|argument| !matches!(&argument.value.kind, ExpressionKind::Name(name) if name == "Ellipsis"));
    let is_field = matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "Field");
    is_field && !given && !named("default") && !named("default_factory")
}

/// Whether a settings class is made while the application starts, and its error is not swallowed.
fn made_at_start(case: &Case<'_, '_>, class: ClassId) -> Checked {
    let mut best = Checked::No;
    for (call, info) in case.program.units.calls.iter().enumerate() {
        let open = Site { call, frame: case.program.open_frame(info.unit) };
        let makes = case.callees(open).iter().any(|value| match value {
            Value::Class(made) => *made == class || is_subclass(case.program, *made, class),
            _ => false,
        });
        if !makes {
            continue;
        }
        let checked = if !runs_at_start(case, info.unit, info.node) {
            Checked::InHandler
        } else if swallowed(case, info.node) {
            Checked::Swallowed
        } else {
            Checked::Yes
        };
        best = best.min(checked);
    }
    best
}

fn is_subclass(program: &Program<'_>, class: ClassId, of: ClassId) -> bool {
    let info = &program.units.classes[class];
    let frame = program.open_frame(info.unit);
    info.class
        .bases
        .iter()
        .any(|base| program.values(base, frame).iter().any(|value| matches!(value, Value::Class(base) if *base == of)))
}
