//! A3: when the model fails, the caller still gets a useful answer.

use crate::link::flow::exit_of;
use crate::link::reach::Trail;
use crate::link::units::{NodeKind, UnitId};
use crate::link::{FrameId, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Handler, Literal, Statement, StatementKind};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::calls::External;
use super::super::case::{Case, Outcome};
pub use super::super::retrying::{walk, walk_statement};
use super::super::verdict::{Finding, Item};

/// What becomes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The caller gets another answer.
    Answered,
    /// The handler raises again.
    Rethrown,
    /// It becomes an error status.
    ErrorStatus,
    /// The raw error is shown.
    RawError,
}

/// `no-fallback`: on every way to an LLM call something catches its failure and answers in its stead.
pub fn fallback(case: &Case<'_, '_>) -> Outcome {
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::A3, Reason::NoLlmCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for external in case.llm_calls() {
        if let Some(finding) = judge(case, external) {
            findings.push(finding);
        }
    }
    // A call that only answers for another one is the fallback; it need not have one of its own, unless nothing
    // answers when both fail and that is how the first one is judged already.
    case.outcome(Item::A3, findings, Vec::new())
}

fn judge(case: &Case<'_, '_>, external: &External) -> Option<Finding> {
    let api = ("api", external.api.clone());
    if external.reached.is_empty() {
        let fate = fate_of(case, &vec![external.open]);
        return match fate {
            Some(Fate::Answered) => None,
            fate => {
                let caller = case.program.units.units[case.program.units.calls[external.call].unit].name().to_owned();
                Some(finding(
                    case,
                    external,
                    fate,
                    &[api, ("entry", if caller.is_empty() { external.api.clone() } else { caller })],
                ))
            }
        };
    }
    for (entry, sites) in &external.reached {
        for site in sites.iter().take(8) {
            for trail in case.reaches[*entry].trails(*site) {
                let fate = fate_of(case, &trail);
                if fate != Some(Fate::Answered) {
                    let entry = case.entries.entries[*entry].name.clone();
                    return Some(finding(case, external, fate, &[api, ("entry", entry)]));
                }
            }
        }
    }
    None
}

fn finding(case: &Case<'_, '_>, external: &External, fate: Option<Fate>, values: &[(&str, String)]) -> Finding {
    let variant = match fate {
        Some(Fate::Rethrown) => "rethrown",
        Some(Fate::ErrorStatus) => "error-status",
        Some(Fate::RawError) => "raw-error",
        _ => "propagates",
    };
    case.call_finding("no-fallback", variant, external.call, values)
}

/// What becomes of a failure on one way, from the call outwards. None: nothing catches it.
fn fate_of(case: &Case<'_, '_>, trail: &Trail) -> Option<Fate> {
    let mut fate = None;
    for site in trail.iter().rev() {
        if case.guards.around(*site, "A3").is_some() || client_has_fallback(case, *site) {
            return Some(Fate::Answered);
        }
        match caught(case, *site) {
            Some(Fate::Answered) => return Some(Fate::Answered),
            // A handler that raises again leaves the failure to those further out.
            Some(Fate::Rethrown) => fate = Some(Fate::Rethrown),
            Some(other) => return Some(other),
            None => {}
        }
    }
    fate
}

/// A client or call that is configured with a fallback, or a model that is given to the call and asks another one.
fn client_has_fallback(case: &Case<'_, '_>, site: Site) -> bool {
    let arguments = &case.program.units.calls[site.call].call.arguments;
    case.callees(site).iter().any(|value| falls_back(case, value))
        || arguments.iter().any(|argument| given_fallback(case, &argument.value, site.frame, 0))
}

fn falls_back(case: &Case<'_, '_>, value: &Value<'_>) -> bool {
    value.sites().iter().any(|made| {
        case.program.callee_paths(*made).iter().any(|path| !case.guards.facts(path, Some(*made), "A3").is_empty())
    })
}

/// Whether an argument, or an option among them, is something that falls back by itself.
fn given_fallback<'m>(case: &Case<'_, 'm>, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
    case.program.values(expression, frame).iter().any(|value| match value {
        Value::Data { expression, frame } if depth < 2 => match &expression.0.kind {
            ExpressionKind::Object(entries) => {
                entries.iter().any(|entry| given_fallback(case, &entry.value, *frame, depth + 1))
            }
            _ => false,
        },
        value => falls_back(case, value),
    })
}

/// What the innermost try around a call, or a rejection handler chained to it, makes of its failure.
fn caught<'m>(case: &Case<'_, 'm>, site: Site) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.calls[site.call];
    if let Some(fate) = chained_catch(case, site) {
        return Some(fate);
    }
    let nodes: Vec<_> = program.units.ancestors(info.node).collect();
    let mut last = None;
    for (id, node) in &nodes {
        let NodeKind::TryBody(each) = node.kind else { continue };
        let outer = program.units.nodes[*id].parent;
        for handler in &each.handlers {
            let fate = handler_fate(case, info.unit, handler, outer.is_some(), site);
            match fate {
                Fate::Answered => {}
                fate => last = Some(fate),
            }
        }
        // Each kind of failure must be answered; the worst handler decides.
        if !each.handlers.is_empty() {
            match last {
                None => return Some(Fate::Answered),
                Some(Fate::Rethrown) => {}
                Some(other) => return Some(other),
            }
        }
    }
    last
}

/// `.catch(error => ...)`, `.unwrap_or(...)`, `.or_else(...)` on the call's own chain.
fn chained_catch<'m>(case: &Case<'_, 'm>, site: Site) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.calls[site.call];
    for call in &program.units.units[info.unit].calls {
        let other = &program.units.calls[*call];
        if other.call.span.start != info.call.span.start || other.call.span.end <= info.call.span.end {
            continue;
        }
        let ExpressionKind::Member { name, .. } = &other.call.callee.kind else { continue };
        match name.as_str() {
            "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" | "or_else" => return Some(Fate::Answered),
            "catch" => {
                let mut frames = Vec::new();
                program.callbacks(Site { call: *call, frame: site.frame }, case.guards.registrations, &mut frames);
                let frame = frames.first()?;
                let unit = program.unit_of_frame(*frame);
                let function = program.units.units[unit].function?;
                let names = function.parameters.first().map(|parameter| &parameter.target);
                return Some(block_fate(case, unit, &function.body, names, true));
            }
            _ => {}
        }
    }
    None
}

fn handler_fate<'m>(case: &Case<'_, 'm>, unit: UnitId, handler: &'m Handler, continues: bool, site: Site) -> Fate {
    let _ = site;
    block_fate(case, unit, &handler.body, handler.binds.as_ref(), continues)
}

/// What a handler's block makes of the failure.
fn block_fate<'m>(
    case: &Case<'_, 'm>,
    unit: UnitId,
    block: &'m Block,
    error: Option<&'m Expression>,
    continues: bool,
) -> Fate {
    if always_raises(block) {
        return Fate::Rethrown;
    }
    if let Some(fate) = bad_answer(case, unit, block, error) {
        return fate;
    }
    match exit_of(block) {
        // `return None`, `return` and falling off the end of the function answer nothing.
        Some(_) if returns_nothing(block) => Fate::Rethrown,
        Some(_) => Fate::Answered,
        None if continues => Fate::Answered,
        None => Fate::Answered,
    }
}

fn returns_nothing(block: &Block) -> bool {
    match block.last().map(|statement| &statement.kind) {
        Some(StatementKind::Return(None)) => !block.iter().any(sends_something),
        Some(StatementKind::Return(Some(value))) => matches!(value.kind, ExpressionKind::Literal(Literal::Null)),
        _ => false,
    }
}

/// A call before an empty return that may be the answer itself.
fn sends_something(statement: &Statement) -> bool {
    matches!(&statement.kind, StatementKind::Expression(expression) if contains_call(expression, &["json", "send", "write", "emit", "reply", "reply_text", "send_message", "answer", "yield", "put", "enqueue"]))
}

fn contains_call(expression: &Expression, names: &[&str]) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        if let ExpressionKind::Call(call) = &each.kind
            && let ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) = &call.callee.kind
        {
            found |= names.contains(&name.as_str());
        }
    });
    found
}

/// Whether every way through a block ends in raising.
fn always_raises(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => {
            !otherwise.is_empty() && always_raises(then) && always_raises(otherwise)
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => always_raises(block),
        _ => false,
    })
}

/// Whether a block answers with an error status.
pub fn answers_error<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block) -> bool {
    bad_answer(case, unit, block, None).is_some()
}

/// Whether a block answers with an error status or the raw error.
fn bad_answer<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block, error: Option<&'m Expression>) -> Option<Fate> {
    let program = case.program;
    let frame = program.open_frame(unit);
    let names = bound_names(error);
    let mut fate = None;
    let mut visit = |expression: &'m Expression| {
        let ExpressionKind::Call(call) = &expression.kind else { return };
        let Some(id) = program.units.call_id(call) else { return };
        let site = Site { call: id, frame };
        let paths = program.callee_paths(site);
        if paths.iter().any(|path| program.is_a(path, Kind::Log)) {
            return;
        }
        for path in &paths {
            for (_, fact) in program.facts_of(path, Kind::Reject) {
                let status = fact.status.as_deref().map(|status| program.argument_of(site, status));
                let failing = match status {
                    Some(crate::link::arguments::Given::Present { expression, frame }) => {
                        program.number(expression, frame, 0).is_none_or(|status| status >= 400.0)
                    }
                    Some(_) => false,
                    None => fact.always == Some(true),
                };
                if failing {
                    fate = Some(Fate::ErrorStatus);
                }
            }
        }
        // An untyped response object: `res.status(500)`, `Response(..., { status: 500 })`, `jsonify(...), 500`.
        if let ExpressionKind::Member { name, .. } = &call.callee.kind
            && matches!(name.as_str(), "status" | "sendStatus" | "code" | "writeHead")
            && let Some(first) = call.arguments.first()
            && program.number(&first.value, frame, 0).is_some_and(|status| (400.0..600.0).contains(&status))
        {
            fate = Some(Fate::ErrorStatus);
        }
        if let crate::link::arguments::Given::Present { expression, frame } =
            program.argument(site, "status").or_else(|| program.argument(site, "status_code"))
            && program.number(expression, frame, 0).is_some_and(|status| (400.0..600.0).contains(&status))
        {
            fate = Some(Fate::ErrorStatus);
        }
    };
    for statement in block {
        walk_statement(statement, &mut visit);
    }
    if fate.is_some() {
        return fate;
    }
    if names.is_empty() {
        return None;
    }
    let mut raw = false;
    let mut check = |expression: &'m Expression| {
        // What is sent, yielded or returned.
        if shows_error(case, unit, expression, &names) {
            raw = true;
        }
    };
    for statement in block {
        outputs(statement, &mut check);
    }
    raw.then_some(Fate::RawError)
}

fn bound_names(error: Option<&Expression>) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(error) = error {
        walk(error, &mut |each| {
            if let ExpressionKind::Name(name) = &each.kind {
                names.push(name.clone());
            }
        });
    }
    names
}

/// Visits the expressions by which a statement hands something to the caller: returned, yielded, or given to a call
/// that is not a log line.
fn outputs<'m>(statement: &'m Statement, visit: &mut dyn FnMut(&'m Expression)) {
    match &statement.kind {
        StatementKind::Return(Some(value)) | StatementKind::Expression(value) => visit(value),
        StatementKind::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|each| outputs(each, visit)),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => {
            block.iter().for_each(|each| outputs(each, visit))
        }
        StatementKind::Try(each) => each.body.iter().for_each(|each| outputs(each, visit)),
        _ => {}
    }
}

/// Whether an output holds the error's own text: `str(e)`, `err.message`, `f"... {e}"`.
fn shows_error<'m>(case: &Case<'_, 'm>, unit: UnitId, expression: &'m Expression, names: &[String]) -> bool {
    let program = case.program;
    let frame = program.open_frame(unit);
    let mut found = false;
    let mut stack: Vec<(&'m Expression, bool)> = vec![(expression, false)];
    while let Some((each, shown)) = stack.pop() {
        if let ExpressionKind::Call(call) = &each.kind
            && let Some(id) = program.units.call_id(call)
        {
            let site = Site { call: id, frame };
            let paths = program.callee_paths(site);
            let logs = paths.iter().any(|path| {
                program.is_a(path, Kind::Log) || path.contains("capture_exception") || path.contains("captureException")
            });
            let written = crate::link::Program::written(&call.callee);
            if logs
                || written.contains("log")
                || written.contains("print")
                || written.contains("warn")
                || written.contains("isinstance")
                || written.contains("capture")
            {
                continue;
            }
            // Only what goes out of the program's own hands is shown.
            let own = case.callees(site).iter().any(|value| matches!(value, Value::Function { .. }));
            for argument in &call.arguments {
                stack.push((
                    &argument.value,
                    !own || written.contains("send") || written.contains("reply") || written.contains("emit"),
                ));
            }
            stack.push((&call.callee, shown));
            continue;
        }
        match &each.kind {
            ExpressionKind::Name(name) if names.contains(name) => found |= shown,
            ExpressionKind::Member { object, name } => {
                let is_text =
                    matches!(name.as_str(), "message" | "stack" | "detail" | "toString" | "args" | "description");
                if is_text && matches!(&object.kind, ExpressionKind::Name(holder) if names.contains(holder)) {
                    found = true;
                }
            }
            ExpressionKind::Template(parts) => parts.iter().for_each(|part| stack.push((part, true))),
            ExpressionKind::Conditional { then, otherwise, .. } => {
                stack.push((then, shown));
                stack.push((otherwise, shown));
            }
            _ => crate::link::flow::children(each, &mut |child| stack.push((child, shown))),
        }
    }
    found
}
