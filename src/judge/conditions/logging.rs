//! V1: every request is logged with outcome, duration and error.

use std::collections::BTreeSet;

use crate::link::entries::{Entry, Link, frame_of};
use crate::link::units::{NodeId, NodeKind};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{ExpressionKind, Language, Literal, Span, StatementKind};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;

use super::super::case::{Case, Outcome};
use super::super::guards::{Protection, short};
use super::super::verdict::{Evidence, Finding, Item, Text};

/// What a log tells about one way through a piece of code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    /// That it succeeded or with which status; on the way of failure: the error.
    what: bool,
    duration: bool,
}

/// What a log of requests tells, about those that succeed and those that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    success: Way,
    failure: Way,
}

impl Told {
    fn is_complete(self) -> bool {
        self.success.what && self.success.duration && self.failure.what && self.failure.duration
    }

    fn is_nothing(self) -> bool {
        self == Told::default()
    }

    /// What two logs tell together.
    fn and(self, other: Told) -> Told {
        let and = |a: Way, b: Way| Way { what: a.what || b.what, duration: a.duration || b.duration };
        Told { success: and(self.success, other.success), failure: and(self.failure, other.failure) }
    }

    /// What is told whichever of two ways is taken.
    fn or(self, other: Told) -> Told {
        let or = |a: Way, b: Way| Way { what: a.what && b.what, duration: a.duration && b.duration };
        Told { success: or(self.success, other.success), failure: or(self.failure, other.failure) }
    }
}

/// `unlogged-entry-point`: each public entry point that reaches an external call (where none does: each public one;
/// where there is none: each LLM call) is covered by instrumentation or by an own wrapper that logs on both paths.
pub fn request_logging(case: &Case<'_, '_>) -> Outcome {
    let objects = objects(case);
    if objects.is_empty() {
        return llm_calls_alone(case);
    }
    let told = |name: &str| Text {
        en: format!("{name} records every request"),
        ko: format!("{name}이(가) 모든 요청을 기록합니다"),
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    if let Some(found) = super::alerting::initialised(case, "V1") {
        evidence.push(case.evidence(&found, told(&found.name)));
        return case.outcome(Item::V1, findings, evidence);
    }
    if let Some((location, name)) = super::alerting::configured(case, "V1") {
        evidence.push(Evidence { location, message: told(&name) });
        return case.outcome(Item::V1, findings, evidence);
    }
    let mut unwired = None;
    for index in objects {
        let entry = &case.entries.entries[index];
        match covered(case, entry, index) {
            Ok(found) => {
                let message = Text {
                    en: format!("{} is logged by {}", entry.name, found.name),
                    ko: format!("{}: {}이(가) 기록합니다", entry.name, found.name),
                };
                evidence.push(case.evidence(&found, message));
            }
            Err(told) => {
                let unwired = unwired.get_or_insert_with(|| case.unwired("V1")).clone();
                findings.push(finding(case, entry, told, unwired));
            }
        }
    }
    case.outcome(Item::V1, findings, evidence)
}

/// The entry points that must be logged.
fn objects(case: &Case<'_, '_>) -> BTreeSet<usize> {
    let public = |index: &usize| case.entries.entries[*index].public;
    let reaching: BTreeSet<usize> = case.reaching(|_| true).into_iter().filter(public).collect();
    if !reaching.is_empty() {
        return reaching;
    }
    (0..case.entries.entries.len())
        .filter(public)
        .filter(|index| case.entries.entries[*index].kind != "ui" || !case.externals.is_empty())
        .collect()
}

fn llm_calls_alone(case: &Case<'_, '_>) -> Outcome {
    let mut findings = Vec::new();
    if case.llm_calls().next().is_none() {
        return case.not_applicable(Item::V1, Reason::NoEntryPoint);
    }
    if super::alerting::initialised(case, "V1").is_some() {
        return case.outcome(Item::V1, findings, Vec::new());
    }
    for external in case.llm_calls() {
        let told = around_call(case, external.open);
        let is_told = told.is_complete();
        if !is_told && !client_is_traced(case, external.open) {
            findings.push(case.call_finding(
                "unlogged-entry-point",
                "none",
                external.call,
                &[("entry", external.api.clone())],
            ));
        }
    }
    case.outcome(Item::V1, findings, Vec::new())
}

fn finding(case: &Case<'_, '_>, entry: &Entry<'_>, told: Told, unwired: Option<Protection>) -> Finding {
    let name = ("entry", entry.name.clone());
    let unwired = unwired.filter(|_| !told.success.what);
    let finding = |variant: &str, values: &[(&str, String)]| {
        case.finding("unlogged-entry-point", variant, entry.module, entry.span, values)
    };
    let mut finding = match &unwired {
        Some(guard) => finding("not-wired", &[name, ("guard", guard.name.clone())]),
        None if told.is_nothing() => finding("none", &[name]),
        None => {
            let parts = [
                ("outcome", told.success.what),
                ("duration", told.success.duration),
                ("error", told.failure.what),
                ("duration-of-failure", told.failure.duration || !told.success.duration || !told.failure.what),
            ];
            let missing: Vec<&str> = parts.iter().filter(|(_, told)| !told).map(|(word, _)| *word).collect();
            finding("partial", &[name, ("missing", missing.join(", "))])
        }
    };
    if let Some(guard) = &unwired {
        let message = Text {
            en: format!("{} stands here", guard.name),
            ko: format!("{}이(가) 여기에 있습니다", guard.name),
        };
        finding.related.push(case.evidence(guard, message));
    }
    finding
}

/// Whether an entry point is logged, for the inventory.
pub fn is_logged(case: &Case<'_, '_>, index: usize) -> bool {
    let entry = &case.entries.entries[index];
    super::alerting::initialised(case, "V1").is_some()
        || super::alerting::configured(case, "V1").is_some()
        || covered(case, entry, index).is_ok()
}

/// What covers an entry point; else what its log tells at most.
fn covered<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, index: usize) -> Result<Protection, Told> {
    let handler_errors = errors_are_logged(case);
    let mut best: Option<Told> = None;
    let mut found = None;
    for chain in &entry.chains {
        let mut told = Told::default();
        let mut product = None;
        for link in chain.iter().rev() {
            match link_logs(case, entry, link) {
                Some(Logged::Product(protection)) => product = product.or(Some(protection)),
                Some(Logged::Own(own, protection)) => {
                    told = told.and(own);
                    // Lines written when the answer is finished tell of failures too; a handler of errors tells the rest.
                    told.failure.what |= own.failure.duration && handler_errors;
                    if told.is_complete() {
                        product = product.or(Some(protection));
                    }
                }
                None => {}
            }
        }
        match product {
            Some(protection) => found = found.or(Some(protection)),
            None => best = Some(best.map_or(told, |best| best.or(told))),
        }
    }
    if let (Some(found), None) = (found, best) {
        return Ok(found);
    }
    let best = best.unwrap_or_default();
    // The handler does it itself, or what runs on every way to a model call.
    let told = best.and(inside(case, entry.handler));
    let here = |name: String| Protection { module: entry.module, span: entry.span, name };
    if told.is_complete() {
        return Ok(here(entry.name.clone()));
    }
    let llm: Vec<_> =
        case.llm_calls().filter(|external| external.reached.iter().any(|(each, _)| *each == index)).collect();
    let sites = || {
        llm.iter().flat_map(|external| {
            external.reached.iter().filter(|(each, _)| *each == index).flat_map(|(_, sites)| sites.iter().copied())
        })
    };
    if let Some(first) = llm.first() {
        if sites().all(|site| client_is_traced(case, site)) {
            let info = &case.program.units.calls[first.call];
            return Ok(Protection { module: info.module, span: info.call.span, name: first.api.clone() });
        }
        let reach = &case.reaches[index];
        let ways = sites().flat_map(|site| reach.trails(site));
        let on_way = |trail: crate::link::reach::Trail| {
            trail.iter().fold(Told::default(), |told, step| told.and(around_call(case, *step)))
        };
        let least = ways.map(on_way).reduce(Told::or).unwrap_or_default();
        if told.and(least).is_complete() {
            return Ok(here(entry.name.clone()));
        }
        return Err(told.and(least));
    }
    Err(told)
}

/// An observability product around the model's client or call.
fn client_is_traced(case: &Case<'_, '_>, site: Site) -> bool {
    case.guards.around(site, "V1").is_some()
        || case.callees(site).iter().any(|value| {
            value.path().is_some_and(|path| !case.guards.facts(path, None, "V1").is_empty())
                || value.sites().iter().any(|made| {
                    case.program
                        .callee_paths(*made)
                        .iter()
                        .any(|path| !case.guards.facts(path, Some(*made), "V1").is_empty())
                })
        })
}

/// How something in front of a handler logs.
enum Logged {
    Product(Protection),
    Own(Told, Protection),
}

fn link_logs<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>, link: &Link<'m>) -> Option<Logged> {
    let here = |name: String| Protection { module: link.module, span: link.span, name };
    if let Value::Library { path, sites } = &link.value {
        return (!case.guards.facts(path, sites.last().copied(), "V1").is_empty())
            .then(|| Logged::Product(here(short(path))));
    }
    let frame = frame_of(case.program, &link.value)?;
    let route = entry.name.split_once(' ').map(|(_, path)| path).filter(|path| path.starts_with('/'));
    let told = around_continuations(case, frame, route)?;
    Some(Logged::Own(told, here(case.guards.name_of(&link.value))))
}

/// What a middleware tells about what it goes on to: the least over all its ways onwards. A hook that goes on to
/// nothing tells what it logs.
fn around_continuations(case: &Case<'_, '_>, frame: FrameId, route: Option<&str>) -> Option<Told> {
    let reach = case.guards.reach(frame);
    let onwards = case.guards.continuations(&reach);
    if onwards.is_empty() {
        // A hook after the answer: both ways end there.
        let told = inside(case, frame);
        let after = Way { what: told.success.what, duration: told.success.duration };
        return (!told.is_nothing()).then_some(Told {
            success: after,
            failure: Way { what: told.failure.what, duration: after.duration || told.failure.duration },
        });
    }
    let mut least: Option<Told> = None;
    for site in onwards {
        for trail in reach.trails(site) {
            if trail.iter().any(|step| case.guards.is_passed_by(*step, route)) {
                continue;
            }
            // Logs stand around the call in its own function or in one on the way.
            let told = trail.iter().fold(Told::default(), |told, step| told.and(around_call(case, *step)));
            least = Some(least.map_or(told, |least| least.or(told)));
        }
    }
    least
}

/// Whether a registered handler of errors logs them.
fn errors_are_logged(case: &Case<'_, '_>) -> bool {
    case.entries.error_handlers.iter().any(|link| {
        frame_of(case.program, &link.value).is_some_and(|frame| {
            let reach = case.guards.reach(frame);
            let logs = |site: Site| log_line(case, site).is_some_and(|line| line.is_error && line.failure);
            reach.sites(case.program).take(200).any(logs)
        })
    })
}

/// What is logged around a call within its function: after it, in the handlers around it, by what it stands inside
/// of, or by a callback that was registered before it.
fn around_call(case: &Case<'_, '_>, site: Site) -> Told {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut told = around_place(case, info.node, info.call.span, site.frame);
    // `res.on('finish', () => logger.info(...))` before going on.
    for before in program.before(site) {
        let other = program.units.calls[before.site.call].call;
        let event = other.arguments.first().and_then(|argument| match &argument.value.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
            _ => None,
        });
        if matches!(event, Some("finish" | "close" | "end")) {
            let mut frames = Vec::new();
            program.callbacks(Site { call: before.site.call, frame: site.frame }, &mut frames);
            for frame in frames {
                let inner = inside(case, frame);
                // The answer to a failed request is finished as well.
                told = told.and(Told {
                    success: inner.success,
                    failure: Way { what: inner.failure.what, duration: inner.success.duration },
                });
            }
        }
    }
    told = told.and(around_chained(case, site));
    // `with logged("chat"):` of a function that logs around its `yield`.
    for (_, node) in program.units.ancestors(info.node) {
        let NodeKind::With(items) = node.kind else { continue };
        for item in items {
            told = told.and(around_yield(case, &item.context, site.frame));
        }
    }
    told
}

/// When a function runs that is given to what a result is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Success,
    Failure,
    Both,
}

/// What is logged by the functions that are given to calls on the result: `handle().pipe(tap({ next, error }))`,
/// `.then(log).catch(report)`.
fn around_chained(case: &Case<'_, '_>, site: Site) -> Told {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let mut given: Vec<(&crate::model::Expression, After)> = Vec::new();
    for call in &program.units.units[info.unit].calls {
        let outer = program.units.calls[*call].call;
        let ExpressionKind::Member { object, name } = &outer.callee.kind else { continue };
        if outer.span.end <= info.call.span.end || !object.span.contains(info.call.span) {
            continue;
        }
        for argument in &outer.arguments {
            handed_functions(&argument.value, after_of(name), 0, &mut given);
        }
    }
    let mut told = Told::default();
    for (function, after) in given.into_iter().take(20) {
        for value in program.values(function, site.frame).iter() {
            let Some(frame) = frame_of(program, value) else { continue };
            let calls = &program.units.units[program.unit_of_frame(frame)].calls;
            for line in calls.iter().filter_map(|call| log_line(case, Site { call: *call, frame })) {
                let (success, failure) = (after != After::Failure, after != After::Success);
                told.success.what |= success && (line.status || after == After::Success && line.says_something);
                told.success.duration |= success && line.duration;
                told.failure.what |= failure && line.tells_error();
                told.failure.duration |= failure && line.duration;
            }
        }
    }
    told
}

/// What the name of a method or of a key says about when its function runs.
fn after_of(name: &str) -> After {
    let name = name.to_ascii_lowercase();
    if name.starts_with("catch") || name == "error" {
        After::Failure
    } else if name.starts_with("finally") || name.starts_with("finalize") {
        After::Both
    } else {
        After::Success
    }
}

/// The functions among what is given: themselves, in an object by what they are for, or wrapped by a further call.
fn handed_functions<'m>(
    expression: &'m crate::model::Expression,
    after: After,
    depth: usize,
    all: &mut Vec<(&'m crate::model::Expression, After)>,
) {
    match &expression.kind {
        ExpressionKind::Call(call) if depth < 3 => {
            let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return };
            for argument in &call.arguments {
                handed_functions(&argument.value, after_of(name), depth + 1, all);
            }
        }
        ExpressionKind::Object(entries) if depth < 3 => {
            for entry in entries {
                let after = entry.key.as_deref().map_or(after, after_of);
                handed_functions(&entry.value, after, depth + 1, all);
            }
        }
        ExpressionKind::Function(_) | ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
            all.push((expression, after));
        }
        _ => {}
    }
}

/// What a context manager that is written as a generator logs around its `yield`.
fn around_yield<'m>(case: &Case<'_, 'm>, context: &'m crate::model::Expression, frame: FrameId) -> Told {
    let program = case.program;
    let ExpressionKind::Call(call) = &context.kind else { return Told::default() };
    let Some(id) = program.units.call_id(call) else { return Told::default() };
    let site = Site { call: id, frame };
    let mut told = Told::default();
    for frame in program.runs(site) {
        let info = &program.units.units[program.unit_of_frame(frame)];
        let Some(yielded) = info.nodes.iter().copied().find(|node| is_yield(&program.units.nodes[*node].kind)) else {
            continue;
        };
        told = told.and(around_place(case, yielded, program.units.nodes[yielded].span, frame));
    }
    told
}

fn is_yield(kind: &NodeKind<'_>) -> bool {
    let NodeKind::Plain(statement) = kind else { return false };
    let value = match &statement.kind {
        StatementKind::Expression(value) => value,
        StatementKind::Assign(assignment) => match &assignment.value {
            Some(value) => value,
            None => return false,
        },
        _ => return false,
    };
    matches!(value.kind, ExpressionKind::Yield(_))
}

/// What is logged around a place of a function.
fn around_place(case: &Case<'_, '_>, node: NodeId, span: Span, frame: FrameId) -> Told {
    let program = case.program;
    let unit = program.unit_of_frame(frame);
    let never_raises = program.modules[program.module_of(unit)].language == Language::Rust;
    let tries: Vec<_> = program
        .units
        .ancestors(node)
        .filter_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => Some(each),
            _ => None,
        })
        .collect();
    let mut told = Told::default();
    for call in &program.units.units[unit].calls {
        let other = &program.units.calls[*call];
        let here = other.call.span;
        let Some(line) = log_line(case, Site { call: *call, frame }) else { continue };
        let in_handler = tries.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(here)));
        let in_finally = tries.iter().any(|each| each.finally.iter().any(|statement| statement.span.contains(here)));
        let after = here.start >= span.end;
        if in_finally {
            told.success.what |= line.status;
            told.success.duration |= line.duration;
            told.failure.duration |= line.duration;
            told.failure.what |= line.failure;
        } else if in_handler || after && is_failing(program, other.node) {
            told.failure.what |= line.tells_error();
            told.failure.duration |= line.duration;
        } else if after && runs_too(case, other.node, node) {
            told.success.what |= line.status || line.says_something;
            told.success.duration |= line.duration;
            if never_raises {
                // What comes back is an answer, whatever its status.
                told.failure.duration |= line.duration;
                told.failure.what |= line.tells_error();
            }
        }
    }
    told
}

/// Whether a test asks whether there is an error: `if (c.error)`, `if err is not None`.
fn asks_for_error(test: &crate::model::Expression) -> Option<bool> {
    match &test.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            matches!(name.to_ascii_lowercase().as_str(), "error" | "err" | "exc" | "exception" | "failure")
                .then_some(true)
        }
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => asks_for_error(inner).map(|asks| !asks),
            ("!=" | "is not", [inner, other]) if is_null(other) => asks_for_error(inner),
            ("==" | "is", [inner, other]) if is_null(other) => asks_for_error(inner).map(|asks| !asks),
            _ => None,
        },
        _ => None,
    }
}

fn is_null(expression: &crate::model::Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null))
        || matches!(&expression.kind, ExpressionKind::Name(name) if name == "undefined")
}

/// Whether a place runs only for a failure: `Err(error) => ...`, `if let Err(error)`, `if (c.error)`.
pub fn is_failing(program: &crate::link::Program<'_>, node: NodeId) -> bool {
    let about = |test: &crate::model::Expression, variant: &str| {
        matches!(&test.kind, ExpressionKind::Operator { operator, operands }
            if operator == "==" && operands.iter().any(|operand| matches!(&operand.kind, ExpressionKind::Call(call)
                if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == variant))))
    };
    program.units.ancestors(node).any(|(_, node)| match node.kind {
        NodeKind::Then(test) => about(test, "Err") || asks_for_error(test) == Some(true),
        NodeKind::Otherwise(test) => about(test, "Ok") || asks_for_error(test) == Some(false),
        NodeKind::Handler(..) => true,
        _ => false,
    })
}

/// Whether a place is only reached with the status of a failure: `if response.status_code < 500: return response`.
fn is_for_failures(program: &crate::link::Program<'_>, site: Site) -> bool {
    program.gates(site).iter().any(|gate| {
        let ExpressionKind::Operator { operator, operands } = &gate.test.kind else { return false };
        let [
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name),
            ExpressionKind::Literal(Literal::Number(least)),
        ] = [operands.first(), operands.get(1)]
            .map(|operand| operand.map_or(&ExpressionKind::Unknown, |each| &each.kind))
        else {
            return false;
        };
        // The place runs where the test does not refuse.
        let runs_above = match operator.as_str() {
            "<" | "<=" => gate.refuses_when,
            ">" | ">=" => !gate.refuses_when,
            _ => return false,
        };
        name.to_ascii_lowercase().contains("status") && *least >= 399.0 && runs_above
    })
}

/// Whether something after a call runs whenever the call succeeds.
fn runs_too(case: &Case<'_, '_>, later: usize, call: usize) -> bool {
    let program = case.program;
    let place = program.units.nodes[later].span;
    let leaves = program.units.ancestors(call).any(|(_, node)| match node.kind {
        // `await app(...); return` in a branch: what comes after the branch is for others.
        NodeKind::If { then, otherwise, .. } if !node.span.contains(place) => {
            let here = |block: &crate::model::Block| {
                block.iter().any(|statement| statement.span.contains(program.units.nodes[call].span))
            };
            [then, otherwise].into_iter().any(|block| here(block) && crate::link::flow::exit_of(block).is_some())
        }
        _ => false,
    });
    if leaves {
        return false;
    }
    let around: BTreeSet<usize> = program.units.ancestors(call).map(|(id, _)| id).collect();
    program.units.ancestors(later).all(|(id, node)| {
        around.contains(&id) || !matches!(node.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Handler(..))
    }) || program
        .units
        .ancestors(later)
        .any(|(_, node)| matches!(node.kind, NodeKind::Otherwise(_) | NodeKind::Then(_)))
}

/// What a function logs about itself: both paths.
fn inside(case: &Case<'_, '_>, frame: FrameId) -> Told {
    let program = case.program;
    let mut told = Told::default();
    let unit = program.unit_of_frame(frame);
    for call in &program.units.units[unit].calls {
        let Some(line) = log_line(case, Site { call: *call, frame }) else { continue };
        let node = program.units.calls[*call].node;
        let in_finally = program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Finally(_)));
        if in_finally {
            told.success.what |= line.status;
            told.success.duration |= line.duration;
            told.failure.duration |= line.duration;
            told.failure.what |= line.failure;
        } else if is_failing(program, node) || is_for_failures(program, Site { call: *call, frame }) {
            told.failure.what |= line.tells_error();
            told.failure.duration |= line.duration;
        } else {
            told.success.what |= line.status || line.duration && line.says_something;
            told.success.duration |= line.duration;
            told.failure.what |= line.failure && line.is_error;
        }
    }
    told
}

/// What one log line holds.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    status: bool,
    duration: bool,
    failure: bool,
    is_error: bool,
    has_stack: bool,
    says_something: bool,
}

impl Line {
    /// Whether an error is told with what it is.
    fn tells_error(self) -> bool {
        self.has_stack || self.failure
    }

    fn and(self, other: Line) -> Line {
        Line {
            status: self.status || other.status,
            duration: self.duration || other.duration,
            failure: self.failure || other.failure,
            is_error: self.is_error || other.is_error,
            has_stack: self.has_stack || other.has_stack,
            says_something: self.says_something || other.says_something,
        }
    }
}

/// Functions within functions whose lines are read.
const HELPERS: usize = 3;

/// What a call logs: itself, or by the function of the program that it calls.
fn log_line(case: &Case<'_, '_>, site: Site) -> Option<Line> {
    log_line_at(case, site, 0)
}

fn log_line_at(case: &Case<'_, '_>, site: Site, depth: usize) -> Option<Line> {
    let program = case.program;
    let level = program
        .callee_paths(site)
        .iter()
        .flat_map(|path| program.facts_of(path, Kind::Log))
        .find(|(_, fact)| fact.needs.iter().all(|need| program.meets(need, site) == Some(true)))
        .map(|(_, fact)| fact.level.clone().unwrap_or_else(|| "info".into()));
    let Some(level) = level else {
        // Only what is called for its own sake: what the model's wrapper logs is told on the way to the model.
        if depth >= HELPERS || !is_statement(program, site, depth > 0) {
            return None;
        }
        let frames = program.runs(site).into_iter().take(4);
        return frames
            .filter(|frame| program.frame(*frame).how == How::Call(site))
            .flat_map(|frame| {
                let unit = program.unit_of_frame(frame);
                program.units.units[unit].calls.iter().map(move |call| Site { call: *call, frame })
            })
            .take(60)
            .filter_map(|inner| log_line_at(case, inner, depth + 1))
            .reduce(Line::and);
    };
    let info = &program.units.calls[site.call];
    let mut line = Line {
        is_error: matches!(level.as_str(), "error" | "exception" | "critical" | "warning"),
        has_stack: level == "exception",
        says_something: !info.call.arguments.is_empty(),
        ..Line::default()
    };
    let caught = caught_names(program, info.node);
    for argument in &info.call.arguments {
        let is_length = argument.name.as_deref().is_some_and(names_duration);
        let slice = program.slice(&argument.value, site.frame);
        line.duration |= is_length || tells_duration(program, &slice);
        for (part, _) in &slice.parts {
            match &part.kind {
                ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                    line.failure |= caught.contains(name);
                    let name = name.to_ascii_lowercase();
                    line.status |= name.contains("status") || matches!(name.as_str(), "outcome" | "ok" | "success");
                    line.failure |= name.contains("err") || name.contains("exc");
                }
                ExpressionKind::Literal(Literal::Text(text)) => line.status |= text == "status" || text == "outcome",
                ExpressionKind::Object(entries) => {
                    for key in entries.iter().filter_map(|entry| entry.key.as_deref()) {
                        line.status |= matches!(key, "status" | "statusCode" | "outcome" | "success" | "ok");
                    }
                }
                _ => {}
            }
        }
        if let Some(name) = &argument.name {
            line.status |= name.contains("status") || name == "outcome";
            line.failure |= name == "exc_info" || name == "error";
            line.has_stack |= name == "exc_info";
        }
    }
    Some(line)
}

/// Whether a call stands alone as a statement; in a helper that is called for its own sake also what it returns:
/// `info: (message) => write('info', message)`.
fn is_statement(program: &crate::link::Program<'_>, site: Site, in_helper: bool) -> bool {
    let info = &program.units.calls[site.call];
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let mut value = match &statement.kind {
        StatementKind::Expression(value) => value,
        StatementKind::Return(Some(value)) if in_helper => value,
        _ => return false,
    };
    while let ExpressionKind::Await(inner) = &value.kind {
        value = inner;
    }
    matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call))
}

/// The names that the handlers around a place bind the error to.
fn caught_names(program: &crate::link::Program<'_>, node: NodeId) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |expression: &crate::model::Expression| {
        super::fallback::walk(expression, &mut |each| {
            if let ExpressionKind::Name(name) = &each.kind {
                names.push(name.clone());
            }
        });
    };
    for (_, node) in program.units.ancestors(node) {
        match node.kind {
            NodeKind::Handler(_, handler) => handler.binds.iter().for_each(&mut add),
            NodeKind::Then(test) => {
                if let ExpressionKind::Operator { operands, .. } = &test.kind {
                    for operand in operands {
                        if let ExpressionKind::Call(call) = &operand.kind
                            && matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err")
                        {
                            call.arguments.iter().for_each(|argument| add(&argument.value));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether a length of time flows into an expression: a difference of clock readings, or what is named so.
fn tells_duration(program: &crate::link::Program<'_>, slice: &crate::link::flow::Slice<'_>) -> bool {
    let reads_clock =
        slice.sites.iter().any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)));
    slice.parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Operator { operator, .. } => operator == "-" && reads_clock,
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } => {
                matches!(name.as_str(), "elapsed" | "duration_since" | "signed_duration_since" | "hrtime")
                    && (name != "hrtime" || !call.arguments.is_empty())
            }
            _ => false,
        },
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => names_duration(name),
        ExpressionKind::Object(entries) => entries.iter().filter_map(|entry| entry.key.as_deref()).any(names_duration),
        _ => false,
    })
}

fn names_duration(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "ms"
        || name.ends_with("_ms")
        || ["duration", "elapsed", "latency", "responsetime", "response_time", "took"]
            .iter()
            .any(|word| name.contains(word))
}
