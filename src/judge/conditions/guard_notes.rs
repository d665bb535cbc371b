//! Notes about the guards of C1, C2 and C3 that are wired: limits that cannot bite, counts that every process keeps for
//! itself, and guards that let everything through when they fail themselves.

use crate::link::entries::{Entry, frame_of};
use crate::link::flow::{Exit, Gate, Slice};
use crate::link::units::NodeKind;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Handler, Literal, Span, StatementKind};
use crate::rules::amounts;
use crate::rules::catalogue::{Fact, Kind};

use super::super::case::Case;
use super::super::failing::answers_error;
use super::super::guards::Protection;
use super::super::verdict::{Confidence, Finding, Item};
use super::availability::match_keys;

/// Calls within calls that are followed to where a guard decides.
const DEPTH: usize = 4;
/// Requests in a minute that nobody makes: a limit above it stops no script.
const MOST_A_MINUTE: f64 = 10_000.0;
/// A plain number above it is such a limit in whatever time.
const MOST: f64 = 1_000_000.0;

/// Where a guard decides.
enum Decision<'m> {
    /// A test of the program's own, with all that flows into it.
    Gate(Gate<'m>, Box<Slice<'m>>),
    /// A call of a library.
    Library(Site),
}

/// What is worth saying about the guards of an item.
pub fn notes(case: &Case<'_, '_>, item: Item, guards: &[(usize, Protection)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (entry, guard) in guards {
        for decision in decisions(case, &case.entries.entries[*entry], guard, item) {
            let place =
                [weak(case, &decision, item), per_process(case, &decision, item), fails_open(case, &decision, item)];
            for (rule, module, span) in place.into_iter().flatten() {
                let mut finding = case.finding(rule, "note", module, span, &[("detail", format!("`{}`", guard.name))]);
                finding.confidence = Confidence::Note;
                finding.item = item;
                let is_known = |known: &Finding| known.rule == finding.rule && known.location == finding.location;
                if !findings.iter().any(is_known) {
                    findings.push(finding);
                }
            }
        }
    }
    findings
}

/// A note: its rule and its place.
type Note = Option<(&'static str, usize, Span)>;

/// Where a protection decides: in the tests at its place, in the calls there, and in what stands in front of the entry.
fn decisions<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, guard: &Protection, item: Item) -> Vec<Decision<'m>> {
    let program = case.program;
    let mut found = Vec::new();
    let mut seen: Vec<FrameId> = Vec::new();
    for (unit, info) in program.units.units.iter().enumerate() {
        if info.module == guard.module && info.span.contains(guard.span) {
            let gates = program.exits(unit, program.open_frame(unit));
            found.extend(
                gates.into_iter().filter(|gate| gate.span == guard.span).filter_map(|gate| of_gate(case, gate, item)),
            );
        }
    }
    for (call, info) in program.units.calls.iter().enumerate() {
        if info.module == guard.module && (guard.span.contains(info.call.span) || info.call.callee.span == guard.span) {
            let site = Site { call, frame: program.open_frame(info.unit) };
            found.extend(of_library(case, site, item).map(Decision::Library));
            for frame in program.runs(site).iter().copied() {
                within(case, frame, item, DEPTH, &mut seen, &mut found);
            }
        }
    }
    for link in entry.chains.iter().flatten().filter(|link| link.module == guard.module && link.span == guard.span) {
        match frame_of(program, &link.value) {
            Some(frame) => within(case, frame, item, DEPTH, &mut seen, &mut found),
            None => found.extend(link.value.sites().last().map(|site| Decision::Library(*site))),
        }
    }
    found
}

/// The tests and the calls of libraries by which what runs in a frame decides.
fn within<'m>(
    case: &Case<'_, 'm>,
    frame: FrameId,
    item: Item,
    depth: usize,
    seen: &mut Vec<FrameId>,
    found: &mut Vec<Decision<'m>>,
) {
    let program = case.program;
    if depth == 0 || seen.contains(&frame) || seen.len() > 100 {
        return;
    }
    seen.push(frame);
    let unit = program.unit_of_frame(frame);
    found.extend(program.exits(unit, frame).into_iter().filter_map(|gate| of_gate(case, gate, item)));
    for call in &program.units.units[unit].calls {
        let site = Site { call: *call, frame };
        found.extend(of_library(case, site, item).map(Decision::Library));
        for inner in program.runs(site).iter().copied() {
            within(case, inner, item, depth - 1, seen, found);
        }
    }
}

fn of_gate<'m>(case: &Case<'_, 'm>, gate: Gate<'m>, item: Item) -> Option<Decision<'m>> {
    case.guards.gate(&gate, item.id()).map(|_| Decision::Gate(gate, Box::new(case.program.gate_slice(&gate))))
}

fn of_library(case: &Case<'_, '_>, site: Site, item: Item) -> Option<Site> {
    let is_guard = |path: &std::rc::Rc<str>| !case.guards.facts(path, Some(site), item.id()).is_empty();
    case.program.callee_paths(site).iter().any(is_guard).then_some(site)
}

/// The calls of libraries of the guard that a decision asks.
fn asked(case: &Case<'_, '_>, decision: &Decision<'_>, item: Item) -> Vec<Site> {
    match decision {
        Decision::Library(site) => vec![*site],
        Decision::Gate(_, slice) => slice.sites.iter().filter_map(|site| of_library(case, *site, item)).collect(),
    }
}

/// A call with the calls that made what it is made on, the first of them first.
fn makers(case: &Case<'_, '_>, site: Site) -> Vec<Site> {
    let mut all: Vec<Site> = case.callees(site).iter().flat_map(|value| value.sites().to_vec()).collect();
    all.push(site);
    all.dedup();
    all
}

/// These, and the calls that made what they are given: `GovernorLayer::new(limits)`.
fn with_given(case: &Case<'_, '_>, site: Site) -> Vec<Site> {
    let program = case.program;
    let mut all = makers(case, site);
    for made in all.clone() {
        let call = program.units.calls[made.call].call;
        let given = call.arguments.iter().flat_map(|argument| program.values(&argument.value, made.frame).to_vec());
        all.extend(given.flat_map(|value| value.sites().to_vec()));
    }
    all
}

/// `weak-limit`: a limit on requests that nobody reaches. What a day may cost is counted in tokens, of which there are many.
fn weak<'m>(case: &Case<'_, 'm>, decision: &Decision<'m>, item: Item) -> Note {
    let program = case.program;
    let sites = match decision {
        Decision::Library(site) => with_given(case, *site),
        Decision::Gate(gate, slice) => {
            let too_many = slice.parts.iter().any(|(part, frame)| match &part.kind {
                ExpressionKind::Operator { operator, operands } if is_comparison(operator) => operands
                    .iter()
                    .any(|operand| program.number(operand, *frame, 0).is_some_and(|most| (MOST..1e9).contains(&most))),
                _ => false,
            });
            if too_many && item == Item::C1 {
                return Some(("weak-limit", program.module_of(gate_unit(case, gate)), gate.span));
            }
            slice
                .sites
                .iter()
                .filter(|site| !case.guards.facts(&path_of(case, **site), Some(**site), "C1").is_empty())
                .flat_map(|site| with_given(case, *site))
                .collect()
        }
    };
    sites.into_iter().find_map(|site| {
        let info = &program.units.calls[site.call];
        let is_weak = info
            .call
            .arguments
            .iter()
            .any(|argument| is_too_many(case, argument.name.as_deref(), &argument.value, site.frame, 0));
        is_weak.then_some(("weak-limit", info.module, info.call.span))
    })
}

fn path_of(case: &Case<'_, '_>, site: Site) -> std::rc::Rc<str> {
    case.program.callee_paths(site).iter().next().cloned().unwrap_or_else(|| "".into())
}

fn gate_unit(case: &Case<'_, '_>, gate: &Gate<'_>) -> usize {
    case.program.unit_of_frame(gate.frame)
}

/// `"1000000/minute"`, `{ limit: 1_000_000 }`, `slidingWindow(1_000_000, "1 m")`; lengths of time are no limits.
fn is_too_many<'m>(
    case: &Case<'_, 'm>,
    name: Option<&str>,
    value: &'m Expression,
    frame: FrameId,
    depth: usize,
) -> bool {
    let program = case.program;
    if depth > 4 || name.is_some_and(is_time) {
        return false;
    }
    match &value.kind {
        ExpressionKind::List(items) => items.iter().any(|item| is_too_many(case, name, item, frame, depth + 1)),
        ExpressionKind::Object(entries) => {
            entries.iter().any(|entry| is_too_many(case, entry.key.as_deref(), &entry.value, frame, depth + 1))
        }
        ExpressionKind::Call(call) => {
            let name = super::super::retrying::last_name(&call.callee);
            !name.is_some_and(is_time)
                && call.arguments.iter().any(|argument| {
                    is_too_many(case, argument.name.as_deref().or(name), &argument.value, frame, depth + 1)
                })
        }
        _ => {
            program.number(value, frame, 0).is_some_and(|most| (MOST..1e9).contains(&most))
                || program.text(value, frame).is_some_and(|text| {
                    let mut rates = amounts::rates(&text).peekable();
                    rates.peek().is_some()
                        && rates.all(|(count, window)| count * 60.0 / window.max(1.0) > MOST_A_MINUTE)
                })
                || matches!(value.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. })
                    && program.values(value, frame).iter().any(|inner| match inner {
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, value) => {
                            is_too_many(case, name, expression.0, *frame, depth + 1)
                        }
                        _ => false,
                    })
        }
    }
}

fn is_time(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "window", "ms", "milli", "nano", "micro", "duration", "interval", "ttl", "expir", "second", "time", "period",
        "secs",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "<" | ">" | "<=" | ">=")
}

/// `per-process-guard`: every process and every cold start counts from zero.
fn per_process<'m>(case: &Case<'_, 'm>, decision: &Decision<'m>, item: Item) -> Note {
    let program = case.program;
    if !is_scaled(case) {
        return None;
    }
    for site in asked(case, decision, item) {
        let alone = program.callee_paths(site).iter().any(|path| {
            let facts = case.guards.facts(path, Some(site), item.id());
            facts.iter().any(|fact| {
                fact.shared.as_ref().is_some_and(|shared| !program.holds(shared, site))
                    && !fact.keys.iter().any(|key| is_configured(program, key))
            })
        });
        let first = makers(case, site).into_iter().next().filter(|_| alone);
        if let Some(first) = first {
            let info = &program.units.calls[first.call];
            return Some(("per-process-guard", info.module, info.call.span));
        }
    }
    let Decision::Gate(gate, slice) = decision else { return None };
    if !case.guards.behaviour.counts_in_process(slice) {
        return None;
    }
    let compared = slice
        .parts
        .iter()
        .find(|(part, _)| matches!(&part.kind, ExpressionKind::Operator { operator, .. } if is_comparison(operator)));
    let (span, frame) = compared.map_or((gate.span, gate.frame), |(part, frame)| (part.span, *frame));
    Some(("per-process-guard", program.module_of(program.unit_of_frame(frame)), span))
}

/// Whether a setting of the application is given anywhere: `app.config.update(STORE=...)`, `app.config["STORE"] = ...`,
/// a field of a class of settings.
fn is_configured(program: &Program<'_>, key: &str) -> bool {
    program
        .units
        .calls
        .iter()
        .any(|info| info.call.arguments.iter().any(|argument| argument.name.as_deref() == Some(key)))
        || program.units.classes.iter().any(|info| info.fields.contains_key(key))
        || program.units.nodes.iter().any(|node| match node.kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Assign(assignment) => match &assignment.target.kind {
                    ExpressionKind::Index { index, .. } => {
                        matches!(&index.kind, ExpressionKind::Literal(Literal::Text(text)) if text == key)
                    }
                    ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => name == key,
                    _ => false,
                },
                _ => false,
            },
            _ => false,
        })
}

/// Whether a file of the repository tells that several processes answer, or that none lives long.
fn is_scaled(case: &Case<'_, '_>) -> bool {
    case.program.catalogue.of_kind(Kind::Scaled).any(|(_, fact)| tells_of_several(case.program, fact))
}

/// Whether a settings file tells what a fact about several processes asks for.
pub fn tells_of_several(program: &Program<'_>, fact: &Fact) -> bool {
    let Some(files) = fact.files.set() else { return false };
    let patterns: Vec<Vec<&str>> = fact.keys.iter().map(|pattern| pattern.split('.').collect()).collect();
    program.settings.iter().filter(|settings| files.is_match(&settings.path)).any(|settings| {
        let told: Vec<&Literal> = settings
            .entries
            .iter()
            .filter(|entry| patterns.iter().any(|pattern| match_keys(pattern, &entry.keys).is_some()))
            .map(|entry| &entry.value)
            .collect();
        match &fact.value {
            // A command may be written as a list of words.
            Some(words) => {
                let command: Vec<String> = told.into_iter().map(text_of).collect();
                regex::Regex::new(words).is_ok_and(|words| words.is_match(&command.join(" ")))
            }
            None => told.into_iter().any(|value| *value != Literal::Number(1.0)),
        }
    })
}

fn text_of(value: &Literal) -> String {
    match value {
        Literal::Text(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// `fail-open-guard`: what the guard asks may fail, and then the request goes on.
fn fails_open<'m>(case: &Case<'_, 'm>, decision: &Decision<'m>, item: Item) -> Note {
    let Decision::Gate(gate, slice) = decision else { return None };
    let program = case.program;
    let mut sites: Vec<Site> =
        slice.sites.iter().copied().filter(|site| case.guards.behaviour.operation(*site).is_some()).collect();
    sites.extend(asked(case, decision, item));
    let is_open = sites.iter().any(|site| {
        let info = &program.units.calls[site.call];
        let in_memory = super::super::behaviour::stays_in_process(program, *site);
        !in_memory
            && (is_defaulted(case, *site)
                || is_skipped(case, *site, gate)
                || program.units.ancestors(info.node).any(|(_, node)| match node.kind {
                    NodeKind::TryBody(tried) => {
                        let inside = info.unit == gate_unit(case, gate)
                            && tried.body.iter().any(|each| each.span.contains(gate.span));
                        tried.handlers.iter().any(|handler| lets_through(case, gate, handler, info.unit, inside))
                    }
                    _ => false,
                }))
    });
    is_open.then(|| ("fail-open-guard", program.module_of(gate_unit(case, gate)), gate.span))
}

/// `incr(key).await.unwrap_or(0)`, `incr(key).catch(() => 0)`: a failure counts as nothing.
fn is_defaulted(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let is_none =
        |value: &Expression| matches!(value.kind, ExpressionKind::Literal(Literal::Number(0.0) | Literal::Null));
    program.units.units[info.unit].calls.iter().any(|call| {
        let other = program.units.calls[*call].call;
        let ExpressionKind::Member { name, .. } = &other.callee.kind else { return false };
        let is_chained = other.span.start == info.call.span.start && other.span.end > info.call.span.end;
        let given = other.arguments.first().map(|argument| &argument.value);
        is_chained
            && match name.as_str() {
                "unwrap_or_default" => true,
                "unwrap_or" => given.is_some_and(is_none),
                "catch" | "unwrap_or_else" => given.is_some_and(|given| match &given.kind {
                    ExpressionKind::Function(handler) => handler.body.last().is_some_and(|last| match &last.kind {
                        StatementKind::Return(Some(value)) => is_none(value),
                        _ => false,
                    }),
                    _ => false,
                }),
                _ => false,
            }
    })
}

/// `if let Ok(hits) = incr(key).await { if hits > 20 { ... } }`: without an answer nothing is asked.
fn is_skipped(case: &Case<'_, '_>, site: Site, gate: &Gate<'_>) -> bool {
    let program = case.program;
    let call = program.units.calls[site.call].call.span;
    program.units.units[gate_unit(case, gate)].nodes.iter().any(|id| match program.units.nodes[*id].kind {
        NodeKind::If { test, otherwise, statement, .. } => {
            otherwise.is_empty()
                && statement.span.contains(gate.span)
                && test.span.contains(call)
                && asks_for_success(test)
        }
        _ => false,
    })
}

/// Whether a test holds only where a result is one: `== Ok(hits)`.
fn asks_for_success(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "==" => operands.get(1).is_some_and(|pattern| {
            matches!(&pattern.kind, ExpressionKind::Call(call) if super::super::retrying::last_name(&call.callee) == Some("Ok"))
        }),
        ExpressionKind::Operator { operands, .. } => operands.iter().any(asks_for_success),
        _ => false,
    }
}

/// Whether a handler around what a guard asks lets the request go on.
fn lets_through<'m>(case: &Case<'_, 'm>, gate: &Gate<'m>, handler: &'m Handler, unit: usize, inside: bool) -> bool {
    let own = unit == gate_unit(case, gate);
    let Some(last) = handler.body.last() else { return own };
    match &last.kind {
        StatementKind::Raise(_) => false,
        StatementKind::Return(value) if own => {
            // A function that stops its callers by raising lets them go on by returning.
            gate.exit == Exit::Raise || value.as_ref().is_some_and(goes_on) && !answers_error(case, unit, &handler.body)
        }
        StatementKind::Return(Some(value)) => match value.kind {
            ExpressionKind::Literal(Literal::Boolean(answer)) => answer != (gate.refuses_when != is_negated(gate.test)),
            _ => false,
        },
        _ if own => (inside || assigns(&handler.body)) && !exits(case, unit, &handler.body),
        _ => false,
    }
}

fn exits<'m>(case: &Case<'_, 'm>, unit: usize, block: &'m Block) -> bool {
    let hands_on = block.last().is_some_and(|last| match &last.kind {
        StatementKind::Expression(value) | StatementKind::Return(Some(value)) => hands_error_on(value),
        _ => false,
    });
    hands_on || answers_error(case, unit, block) || crate::link::flow::leaves(block)
}

/// `next(error)`: the request ends at the handlers of errors.
fn hands_error_on(value: &Expression) -> bool {
    let ExpressionKind::Call(call) = &value.kind else { return false };
    let is_next = matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "next");
    is_next && matches!(call.arguments.as_slice(), [given] if !matches!(given.value.kind, ExpressionKind::Literal(_)))
}

fn assigns(block: &Block) -> bool {
    block.iter().any(|statement| matches!(statement.kind, StatementKind::Assign(_)))
}

/// `return next()`, `return call_next(request)`
fn goes_on(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Await(inner) => goes_on(inner),
        ExpressionKind::Call(_) if hands_error_on(value) => false,
        ExpressionKind::Call(call) => super::super::retrying::last_name(&call.callee)
            .is_some_and(|name| matches!(name, "next" | "call_next" | "run" | "handle" | "handler")),
        _ => false,
    }
}

fn is_negated(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "not" => {
            !operands.first().is_some_and(is_negated)
        }
        _ => false,
    }
}
