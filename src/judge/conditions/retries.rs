//! A2: retries are bounded and wait exponentially, and every LLM call has some.

use crate::link::arguments::{Amount, Given, Held};
use crate::link::units::{CallId, ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Literal, Loop, LoopKind, Span, Statement, StatementKind};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::calls::{External, Which, held};
use super::super::case::{Case, Outcome};
use super::super::guards::short;
use super::super::verdict::{Finding, Item};
use super::fallback::{walk, walk_statement};

/// One retry construct.
#[derive(Clone, Debug)]
pub struct Construct {
    pub module: ModuleId,
    pub span: Span,
    /// The library's name, or the call that a loop repeats.
    pub name: String,
    pub by_library: bool,
    pub bounded: bool,
    pub exponential: bool,
    /// The loop's own node, for calls inside it.
    node: Option<NodeId>,
    call: Option<CallId>,
}

/// All retry constructs of shipping code: what libraries are told to retry, and loops that do.
pub fn constructs(case: &Case<'_, '_>) -> Vec<Construct> {
    let mut all = library_constructs(case);
    for unit in 0..case.program.units.units.len() {
        all.extend(loops(case, unit));
    }
    all.sort_by(|a, b| {
        (&case.program.modules[a.module].path, a.span).cmp(&(&case.program.modules[b.module].path, b.span))
    });
    all
}

fn library_constructs(case: &Case<'_, '_>) -> Vec<Construct> {
    let program = case.program;
    let mut all = Vec::new();
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        for path in program.callee_paths(site) {
            let Some((_, fact)) = program.facts_of(&path, Kind::Guard).into_iter().find(|(_, fact)| {
                fact.protects.as_deref() == Some("A2")
                    && (fact.bounded.is_some() || fact.exponential.is_some())
                    && matches!(fact.how.as_deref(), Some("decorator" | "wrapper" | "context" | "raises"))
            }) else {
                continue;
            };
            all.push(Construct {
                module: info.module,
                span: info.call.span,
                name: short(&path),
                by_library: true,
                bounded: fact.bounded.as_ref().is_none_or(|condition| program.holds(condition, site)),
                exponential: fact.exponential.as_ref().is_none_or(|condition| program.holds(condition, site)),
                node: None,
                call: Some(call),
            });
            break;
        }
    }
    all
}

/// The loops of a unit that repeat an external call.
fn loops(case: &Case<'_, '_>, unit: UnitId) -> Vec<Construct> {
    let program = case.program;
    let frame = program.open_frame(unit);
    let mut all: Vec<Construct> = Vec::new();
    for node in &program.units.units[unit].nodes {
        let NodeKind::Loop(each) = program.units.nodes[*node].kind else { continue };
        let span = program.units.nodes[*node].span;
        // The innermost loop around a call is the one that repeats it.
        let Some((api, caught)) = repeated_call(case, unit, *node, frame) else { continue };
        if let Some((bounded, exponential)) = retries(program, each, frame, caught) {
            all.push(Construct {
                module: program.units.units[unit].module,
                span,
                name: api,
                by_library: false,
                bounded,
                exponential,
                node: Some(*node),
                call: None,
            });
        }
    }
    all
}

/// The external call that a loop repeats, and whether its failure is caught inside the loop so that it goes on.
fn repeated_call(case: &Case<'_, '_>, unit: UnitId, node: NodeId, frame: FrameId) -> Option<(String, bool)> {
    let program = case.program;
    let mut found: Option<(String, bool)> = None;
    for call in &program.units.units[unit].calls {
        let info = &program.units.calls[*call];
        let chain: Vec<NodeId> = program.units.ancestors(info.node).map(|(id, _)| id).collect();
        let innermost = chain.iter().find(|id| matches!(program.units.nodes[**id].kind, NodeKind::Loop(_)));
        if innermost != Some(&node) {
            continue;
        }
        let Some(api) = leaves(case, Site { call: *call, frame }, 2) else { continue };
        let caught = chain.iter().take_while(|id| **id != node).any(|id| match program.units.nodes[*id].kind {
            NodeKind::TryBody(each) => each.handlers.iter().any(|handler| goes_on(&handler.body)),
            _ => false,
        });
        if found.as_ref().is_none_or(|(_, known)| !known) {
            found = Some((api, caught));
        }
    }
    found
}

/// Whether a handler lets the loop run again: it does not always leave it.
fn goes_on(block: &Block) -> bool {
    !block.iter().any(|statement| {
        matches!(&statement.kind, StatementKind::Raise(_) | StatementKind::Return(_) | StatementKind::Break)
    })
}

/// The external call that a call is or makes within a few steps.
fn leaves(case: &Case<'_, '_>, site: Site, depth: usize) -> Option<String> {
    if let Some(external) = case.externals.iter().find(|external| external.call == site.call) {
        return Some(external.api.clone());
    }
    if depth == 0 {
        return None;
    }
    for frame in case.program.runs(site, &case.entries.registrations) {
        let unit = case.program.unit_of_frame(frame);
        for call in &case.program.units.units[unit].calls {
            if let Some(api) = leaves(case, Site { call: *call, frame }, depth - 1) {
                return Some(api);
            }
        }
    }
    None
}

/// Whether a loop is a retry, and then whether it is bounded and waits exponentially.
fn retries<'m>(program: &Program<'m>, each: &'m Loop, frame: FrameId, caught: bool) -> Option<(bool, bool)> {
    match each.kind {
        LoopKind::Each => {
            // Over numbers it counts attempts, over anything else it goes through things.
            let over = each.over.as_ref()?;
            let delays = is_list_of_numbers(program, over, frame);
            (caught && (is_range(program, over, frame) || delays))
                .then(|| (true, delays || waits_exponentially(program, each, frame)))
        }
        LoopKind::While => {
            if reads_input(program, each, frame) {
                return None;
            }
            let bounded = each.over.as_ref().is_some_and(compares)
                || leaves_by_count(&each.body)
                || !each.step.is_empty() && each.over.is_some();
            // A bounded loop that does not go on after a failure polls or pages; only an unbounded one is a fault.
            if bounded && !caught {
                return None;
            }
            if !caught && pages(&each.body) {
                return None;
            }
            Some((bounded, waits_exponentially(program, each, frame)))
        }
    }
}

fn is_range(program: &Program<'_>, over: &Expression, frame: FrameId) -> bool {
    let _ = (program, frame);
    match &over.kind {
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "range")
                || matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "enumerate" | "rev" | "keys" | "Array" | "from"))
                    && call.arguments.iter().any(|argument| is_range(program, &argument.value, frame))
        }
        ExpressionKind::Operator { operator, .. } => operator.starts_with(".."),
        _ => false,
    }
}

fn is_list_of_numbers<'m>(program: &Program<'m>, over: &'m Expression, frame: FrameId) -> bool {
    program.values(over, frame).iter().any(|value| match value {
        Value::Data { expression, frame } => match &expression.0.kind {
            ExpressionKind::List(items) => {
                items.len() > 1 && items.iter().all(|item| program.number(item, *frame, 0).is_some())
            }
            _ => false,
        },
        _ => false,
    })
}

/// `attempt < limit`, in a loop's test.
fn compares(test: &Expression) -> bool {
    let mut found = false;
    walk(test, &mut |each| {
        if let ExpressionKind::Operator { operator, .. } = &each.kind {
            found |= matches!(operator.as_str(), "<" | ">" | "<=" | ">=");
        }
    });
    found
}

/// An exit of the loop behind a comparison: `if attempt >= limit: raise`.
fn leaves_by_count(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::If { test, then, otherwise } => {
            let exits = |block: &Block| {
                block.iter().any(|statement| {
                    matches!(&statement.kind, StatementKind::Break | StatementKind::Return(_) | StatementKind::Raise(_))
                })
            };
            compares(test) && (exits(then) || exits(otherwise)) || leaves_by_count(then) || leaves_by_count(otherwise)
        }
        StatementKind::Try(each) => {
            leaves_by_count(&each.body)
                || each.handlers.iter().any(|handler| leaves_by_count(&handler.body))
                || leaves_by_count(&each.finally)
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => leaves_by_count(block),
        _ => false,
    })
}

/// A loop that waits for something to come in is no retry: a prompt, a queue, a socket, a stream.
fn reads_input(program: &Program<'_>, each: &Loop, frame: FrameId) -> bool {
    let _ = (program, frame);
    let mut found = false;
    let mut look = |expression: &Expression| {
        if let ExpressionKind::Call(call) = &expression.kind
            && let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &call.callee.kind
        {
            found |= matches!(
                name.as_str(),
                "input"
                    | "readline"
                    | "read_line"
                    | "read"
                    | "recv"
                    | "receive"
                    | "receive_text"
                    | "receive_json"
                    | "prompt"
                    | "question"
                    | "next"
                    | "get_updates"
                    | "getUpdates"
                    | "accept"
                    | "brpop"
                    | "blpop"
                    | "xread"
                    | "poll_next"
                    | "readLine"
                    | "next_line"
            );
        }
    };
    each.over.iter().for_each(|over| walk(over, &mut look));
    for statement in &each.body {
        walk_statement(statement, &mut look);
    }
    found
}

/// `cursor = page.next` and an exit without it: a loop through pages.
fn pages(block: &Block) -> bool {
    let mut found = false;
    for statement in block {
        walk_statement(statement, &mut |expression| {
            if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &expression.kind {
                let name = name.to_ascii_lowercase();
                found |= name.contains("cursor")
                    || name.contains("page")
                    || name.contains("next_token")
                    || name.contains("nexttoken")
                    || name.contains("offset")
                    || name.contains("has_more")
                    || name.contains("hasmore");
            }
        });
    }
    found
}

/// A sleep in the loop whose length grows by a power, or is what the server asks for.
fn waits_exponentially<'m>(program: &Program<'m>, each: &'m Loop, frame: FrameId) -> bool {
    let mut sleeps: Vec<&'m Expression> = Vec::new();
    let mut doubled: Vec<String> = Vec::new();
    let mut asked = false;
    let mut look = |expression: &'m Expression| {
        match &expression.kind {
            ExpressionKind::Call(call) => {
                let Some(id) = program.units.call_id(call) else { return };
                // A call inside a callback stands in its own unit.
                let unit = program.units.calls[id].unit;
                let at = if unit == program.unit_of_frame(frame) { frame } else { program.open_frame(unit) };
                let site = Site { call: id, frame: at };
                for path in program.callee_paths(site) {
                    for (_, fact) in program.facts_of(&path, Kind::Sleep) {
                        if let Given::Present { expression, .. } =
                            program.argument_of(site, fact.seconds.as_deref().unwrap_or("#0"))
                        {
                            sleeps.push(expression);
                        }
                    }
                }
                // A sleep of one's own: `await sleep(ms)`, `delay(ms)`.
                if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &call.callee.kind {
                    let name = name.to_ascii_lowercase();
                    if name.contains("sleep")
                        || name.contains("delay")
                        || name.contains("wait")
                        || name.contains("backoff")
                    {
                        sleeps.extend(call.arguments.iter().map(|argument| &argument.value));
                        if name.contains("backoff") && call.arguments.is_empty() {
                            sleeps.push(expression);
                        }
                    }
                }
            }
            ExpressionKind::Literal(Literal::Text(text)) => asked |= text.eq_ignore_ascii_case("retry-after"),
            ExpressionKind::Assign(assignment) if assignment.operator.as_deref() == Some("*") => {
                if let ExpressionKind::Name(name) = &assignment.target.kind {
                    doubled.push(name.clone());
                }
            }
            _ => {}
        }
    };
    for statement in &each.body {
        walk_deep(statement, &mut look);
    }
    for statement in each.body.iter().chain(&each.step) {
        doubled_names(statement, &mut doubled);
    }
    asked && !sleeps.is_empty() || sleeps.iter().any(|length| grows(program, length, frame, &doubled))
}

/// Also into functions written in place: `await new Promise((resolve) => setTimeout(resolve, delay))`.
fn walk_deep<'m>(statement: &'m Statement, look: &mut dyn FnMut(&'m Expression)) {
    let mut functions = Vec::new();
    walk_statement(statement, &mut |expression| {
        look(expression);
        if let ExpressionKind::Function(function) = &expression.kind {
            functions.push(function);
        }
    });
    for function in functions {
        for statement in &function.body {
            walk_deep(statement, look);
        }
    }
}

/// Names that are multiplied each time round: `delay *= 2`, `delay = delay * 2`, `delay = min(delay * 2, cap)`.
fn doubled_names(statement: &Statement, names: &mut Vec<String>) {
    match &statement.kind {
        StatementKind::Assign(assignment) => {
            let ExpressionKind::Name(name) = &assignment.target.kind else { return };
            let itself =
                |expression: &Expression| matches!(&expression.kind, ExpressionKind::Name(other) if other == name);
            let mut multiplied = assignment.operator.as_deref().is_some_and(|operator| matches!(operator, "*" | "<<"));
            if let Some(value) = &assignment.value {
                walk(value, &mut |each| {
                    if let ExpressionKind::Operator { operator, operands } = &each.kind {
                        multiplied |= matches!(operator.as_str(), "*" | "<<") && operands.iter().any(itself);
                    }
                });
            }
            if multiplied {
                names.push(name.clone());
            }
        }
        StatementKind::If { then, otherwise, .. } => {
            then.iter().chain(otherwise).for_each(|each| doubled_names(each, names))
        }
        StatementKind::Try(each) => {
            let handlers = each.handlers.iter().flat_map(|handler| &handler.body);
            each.body.iter().chain(handlers).chain(&each.finally).for_each(|each| doubled_names(each, names));
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => {
            block.iter().for_each(|each| doubled_names(each, names))
        }
        _ => {}
    }
}

/// Whether a length grows by a power, looked at through names.
fn grows<'m>(program: &Program<'m>, length: &'m Expression, frame: FrameId, doubled: &[String]) -> bool {
    let slice = program.slice(length, frame);
    slice.parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "**" | "<<"),
        ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "pow" | "powi" | "powf" | "exp" | "exp2" | "shl" | "saturating_pow")),
        ExpressionKind::Name(name) => doubled.contains(name),
        // Delays from a list, one per attempt.
        ExpressionKind::Index { object, .. } => is_list_of_numbers(program, object, frame),
        ExpressionKind::Literal(Literal::Text(text)) => text.eq_ignore_ascii_case("retry-after"),
        _ => false,
    })
}

/// `unbounded-retry`, `retry-without-backoff`, `no-retry`: every retry construct is bounded in attempts and waits
/// exponentially, and every LLM call has one, its own or the library's.
pub fn backoff(case: &Case<'_, '_>, constructs: &[Construct]) -> Outcome {
    if case.externals.is_empty() {
        return case.not_applicable(Item::A2, Reason::NoExternalCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for construct in constructs {
        let (variant, value) = if construct.by_library {
            ("library", ("guard", construct.name.clone()))
        } else {
            ("loop", ("api", construct.name.clone()))
        };
        if !construct.bounded {
            findings.push(case.finding("unbounded-retry", variant, construct.module, construct.span, &[value]));
        } else if !construct.exponential {
            findings.push(case.finding("retry-without-backoff", variant, construct.module, construct.span, &[value]));
        }
    }
    for external in case.llm_calls() {
        if let Some(finding) = without_retry(case, external, constructs) {
            findings.push(finding);
        }
    }
    case.outcome(Item::A2, findings, Vec::new())
}

/// Whether an LLM call is retried: by its library, or by something around it on every way.
pub fn is_retried(case: &Case<'_, '_>, external: &External, constructs: &[Construct]) -> bool {
    without_retry(case, external, constructs).is_none()
}

fn without_retry(case: &Case<'_, '_>, external: &External, constructs: &[Construct]) -> Option<Finding> {
    for site in super::availability::reached_sites(external) {
        let built_in = held(case.program, external, site, Which::Retry);
        let (on, off) = match built_in {
            Held::Given(Amount::Off, _) => (false, true),
            Held::Given(..) => (true, false),
            Held::Default(Some(attempts)) | Held::Unresolved(Some(attempts)) => (attempts > 0.0, false),
            Held::Default(None) | Held::Unresolved(None) => (false, false),
        };
        if on || is_wrapped(case, external, site, constructs) {
            continue;
        }
        let api = ("api", external.api.clone());
        if let Some((guard, call)) = on_generator(case, external, site) {
            let _ = call;
            return Some(case.call_finding("no-retry", "generator", external.call, &[api, ("guard", guard)]));
        }
        return Some(case.call_finding("no-retry", if off { "off" } else { "none" }, external.call, &[api]));
    }
    None
}

/// Whether a retry construct stands around a call on every way to it.
fn is_wrapped(case: &Case<'_, '_>, external: &External, site: Site, constructs: &[Construct]) -> bool {
    let ways: Vec<Vec<Site>> = external
        .reached
        .iter()
        .filter(|(_, sites)| sites.contains(&site))
        .flat_map(|(entry, _)| case.reaches[*entry].trails(site))
        .collect();
    let around = |step: &Site| {
        let in_loop = case
            .program
            .units
            .ancestors(case.program.units.calls[step.call].node)
            .any(|(id, _)| constructs.iter().any(|construct| construct.node == Some(id)));
        in_loop
            || case.guards.around(*step, "A2").is_some()
            || decorated(case, step.frame)
            || passed_to_retry(case, *step, constructs)
    };
    if ways.is_empty() {
        if around(&site) {
            return true;
        }
        // Nothing reaches it: what repeats the function around it, or else its known callers decide.
        let unit = case.program.units.calls[site.call].unit;
        let is_repeated = constructs.iter().filter_map(|construct| construct.call).any(|call| {
            let mut frames = Vec::new();
            let frame = case.program.open_frame(case.program.units.calls[call].unit);
            case.program.callbacks(Site { call, frame }, case.guards.registrations, &mut frames);
            frames.iter().any(|frame| case.program.unit_of_frame(*frame) == unit)
        });
        if is_repeated {
            return true;
        }
        let callers = case.program.callers_of(case.program.units.calls[site.call].unit);
        return !callers.is_empty() && callers.iter().all(around);
    }
    ways.iter().all(|trail| trail.iter().any(around))
}

/// A call that hands a function to a retry construct, or is made on what one returned (`model.with_retry().invoke()`).
fn passed_to_retry(case: &Case<'_, '_>, step: Site, constructs: &[Construct]) -> bool {
    let callees = case.callees(step);
    constructs.iter().filter_map(|construct| construct.call).any(|call| {
        call == step.call || callees.iter().any(|value| value.sites().iter().any(|site| site.call == call))
    })
}

/// A retry decorator on a unit that is not a generator.
fn decorated(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let unit = case.program.unit_of_frame(frame);
    let is_generator = case.program.units.units[unit].function.is_some_and(|function| function.is_generator);
    !is_generator && case.guards.decorators(frame, "A2").is_some()
}

/// A retry decorator that retries nothing because it sits on a generator.
fn on_generator(case: &Case<'_, '_>, external: &External, site: Site) -> Option<(String, CallId)> {
    let ways: Vec<Vec<Site>> =
        external.reached.iter().flat_map(|(entry, _)| case.reaches[*entry].trails(site)).collect();
    ways.iter().flatten().chain([&site]).find_map(|step| {
        let unit = case.program.unit_of_frame(step.frame);
        let function = case.program.units.units[unit].function?;
        let guard = case.guards.decorators(step.frame, "A2")?;
        function.is_generator.then_some((guard.name, step.call))
    })
}
