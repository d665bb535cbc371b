//! V2: someone is told when an error occurs.

use crate::link::arguments::Given;
use crate::link::entries::{Entry, Link, frame_of};
use crate::link::flow::{Exit, Gate, exit_of};
use crate::link::units::{ModuleId, NodeKind};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Language, Literal, Setting, Settings, Span, StatementKind};
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::FactId;
use crate::rules::packs::Reason;

use super::super::case::{Case, Outcome};
use super::super::guards::{Protection, short};
use super::super::verdict::{Evidence, Item, Location, Text};
use super::environment::names::Variables;
use super::fallback::answers_error;

/// Objects within objects in whose fields an address is looked for.
const FIELDS: usize = 4;

/// `no-error-alerting`: an error tracker or alert channel is initialised where the server runs and sees its errors, or
/// an own notifier is called where the errors of every LLM entry point pass.
pub fn alerting(case: &Case<'_, '_>) -> Outcome {
    if case.entries.entries.is_empty() && case.externals.is_empty() {
        return case.not_applicable(Item::V2, Reason::NoEntryPoint);
    }
    let told = |name: &str| match name {
        "" => Text { en: "someone is told about errors here".into(), ko: "여기서 오류를 알립니다".into() },
        name => {
            Text { en: format!("{name} is told about errors"), ko: format!("오류가 {name}(으)로 전달됩니다") }
        }
    };
    if let Some((location, name)) = configured(case, "V2") {
        return case.outcome(Item::V2, Vec::new(), vec![Evidence { location, message: told(&name) }]);
    }
    if let Some(found) = tracker(case).or_else(|| notifier(case)) {
        let evidence = vec![case.evidence(&found, told(&found.name))];
        return case.outcome(Item::V2, Vec::new(), evidence);
    }
    let unwired = case.unwired("V2");
    let (variant, values) = match &unwired {
        Some(guard) => ("not-wired", vec![("guard", guard.name.clone())]),
        None => ("none", Vec::new()),
    };
    // The most telling place: where the model is called, else the first entry point, else the first external call; of
    // several the first that nothing watches.
    let open = places(case).into_iter().find(|(module, _)| initialised(case, "V2", *module).is_none());
    let call = match open {
        Some((_, Place::Call(index))) => case.externals.get(index),
        _ => case.llm_calls().next(),
    };
    let in_process = |entry: &&Entry<'_>| open.is_none_or(|(module, _)| entry.module == module);
    let entries = &case.entries.entries;
    let public = entries.iter().find(|entry| entry.public && in_process(entry));
    let entry = public.or_else(|| entries.iter().find(in_process)).or(entries.first());
    let mut finding = match (call, entry, case.externals.first()) {
        (Some(call), ..) => case.call_finding("no-error-alerting", variant, call.call, &values),
        (None, Some(entry), _) => case.finding("no-error-alerting", variant, entry.module, entry.span, &values),
        (None, None, Some(call)) => case.call_finding("no-error-alerting", variant, call.call, &values),
        (None, None, None) => return case.not_applicable(Item::V2, Reason::NoEntryPoint),
    };
    if let Some(guard) = &unwired {
        let message = Text {
            en: format!("{} stands here", guard.name),
            ko: format!("{}이(가) 여기에 있습니다", guard.name),
        };
        finding.related.push(case.evidence(guard, message));
    }
    case.outcome(Item::V2, vec![finding], Vec::new())
}

/// A guard that is initialised at start-up, in a process in which a module runs.
pub fn initialised(case: &Case<'_, '_>, item: &str, module: ModuleId) -> Option<Protection> {
    let all = case.initialised(item, || called(case, item).chain(imported(case, item)).collect());
    let mut here = all.iter().filter(|(root, _)| case.processes().shared(*root, module));
    here.next().map(|(_, found)| found.clone())
}

/// The guards that calls at start-up set up.
fn called<'c>(case: &'c Case<'_, '_>, item: &'c str) -> impl Iterator<Item = (ModuleId, Protection)> + 'c {
    let program = case.program;
    case.start_sites().filter_map(move |site| {
        let info = &program.units.calls[site.call];
        if runs_in_browser(case, info.module)
            || case.is_skipped(info.node)
            || !program.is_reached_deployed(site)
            || skipped_caller(case, site.frame)
        {
            return None;
        }
        program.callee_paths(site).iter().cloned().find_map(|path| {
            // What is put in front of handlers protects those that it stands in front of.
            let facts = case.guards.facts(&path, Some(site), item);
            let is_on = facts.iter().any(|fact| {
                fact.how.as_deref() == Some("init")
                    && fact.sees.is_empty()
                    && (fact.role.as_deref() != Some("kept") || is_kept(case, site, 0))
            });
            let found = || Protection { module: info.module, span: info.call.span, name: short(&path) };
            is_on.then(|| (root_of(case, site), found()))
        })
    })
}

/// What is set up at start-up and sees the calls of one library only: named by the beginning of their names.
pub fn of_one_library<'c>(case: &'c Case<'_, '_>, item: &'c str) -> impl Iterator<Item = (ModuleId, Protection)> + 'c {
    let program = case.program;
    case.start_sites().flat_map(move |site| {
        let info = &program.units.calls[site.call];
        let mut seen: Vec<String> = Vec::new();
        if !case.is_skipped(info.node) && !skipped_caller(case, site.frame) {
            for path in program.callee_paths(site).iter() {
                let facts = case.guards.facts(path, Some(site), item);
                let on = facts.iter().filter(|fact| fact.how.as_deref() == Some("init"));
                seen.extend(on.flat_map(|fact| fact.sees.iter().cloned()));
            }
        }
        let root = root_of(case, site);
        seen.into_iter().map(move |name| (root, Protection { module: info.module, span: info.call.span, name }))
    })
}

/// The guards that are on as soon as their module is imported.
pub fn imported(case: &Case<'_, '_>, item: &str) -> Vec<(ModuleId, Protection)> {
    let program = case.program;
    let on_import = |module: ModuleId, span: Span, source: &str| {
        let name = program.catalogue.canonical(program.modules[module].language, source);
        let facts = case.guards.facts(&name, None, item);
        let is_on = facts.iter().any(|fact| fact.role.as_deref() == Some("imported"));
        let found = || Protection { module, span, name: short(source) };
        (is_on && !runs_in_browser(case, module)).then(|| (module, found()))
    };
    let statements = program.units.nodes.iter().filter_map(|node| match node.kind {
        NodeKind::Plain(statement) => match &statement.kind {
            StatementKind::Import(import) if !import.is_type_only => {
                Some((program.module_of(node.unit), statement.span, import.source.as_str()))
            }
            _ => None,
        },
        _ => None,
    });
    let mut found: Vec<_> = statements.filter_map(|(module, span, source)| on_import(module, span, source)).collect();
    found.extend(program.units.calls.iter().filter_map(|info| {
        let is_require = matches!(&info.call.callee.kind, ExpressionKind::Name(name) if name == "require");
        match &info.call.arguments.first()?.value.kind {
            ExpressionKind::Literal(Literal::Text(source)) if is_require => {
                on_import(info.module, info.call.span, source)
            }
            _ => None,
        }
    }));
    found
}

/// The module whose start makes a call.
pub fn root_of(case: &Case<'_, '_>, site: Site) -> ModuleId {
    let program = case.program;
    let mut frame = program.frame(site.frame);
    while let How::Call(caller) = frame.how {
        frame = program.frame(caller.frame);
    }
    program.module_of(frame.unit)
}

/// Whether what a call returns lives as long as the program: it is bound in the main function, or returned to where it
/// is. `let _ = init()` drops it at once, and so does a statement.
fn is_kept(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let bound = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::Plain(statement) => match &statement.kind {
            StatementKind::Assign(assignment) => match &assignment.target.kind {
                ExpressionKind::Name(name) => Some(name.as_str()),
                ExpressionKind::Member { name, .. } => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    if unit.function.is_none_or(|function| function.name == "main") {
        return bound.is_some_and(|name| name != "_");
    }
    let returned = unit.returns.iter().any(|value| {
        value.span.contains(info.call.span)
            || matches!(&value.kind, ExpressionKind::Name(name) if Some(name.as_str()) == bound)
    });
    match program.frame(site.frame).how {
        How::Call(caller) if returned && depth < 6 => is_kept(case, caller, depth + 1),
        _ => false,
    }
}

/// Whether the call that runs a frame stands in a main block that the server never runs.
fn skipped_caller(case: &Case<'_, '_>, frame: FrameId) -> bool {
    let mut how = case.program.frame(frame).how;
    while let How::Call(site) = how {
        if case.is_skipped(case.program.units.calls[site.call].node) || !case.program.is_reached_deployed(site) {
            return true;
        }
        how = case.program.frame(site.frame).how;
    }
    false
}

/// Whether a module runs in the visitor's browser only.
pub fn runs_in_browser(case: &Case<'_, '_>, module: usize) -> bool {
    let module = &case.program.modules[module];
    let name = module.path.rsplit('/').next().unwrap_or("");
    module.directives.iter().any(|directive| directive == "use client")
        || name.contains(".client.")
        || name.contains("-client.")
}

/// Where errors matter: the model is called there, else something outside, else requests come in there. With the place
/// that a report names.
fn places(case: &Case<'_, '_>) -> Vec<(ModuleId, Place)> {
    let has_llm = case.llm_calls().next().is_some();
    let (mut served, mut others) = (Vec::new(), Vec::new());
    let mut add = |entry: &Entry<'_>, place: Place| {
        if entry.public { served.push((entry.module, place)) } else { others.push((entry.module, place)) }
    };
    for (index, external) in case.externals.iter().enumerate() {
        if !has_llm || external.kind == Calls::Llm {
            let place = if has_llm { Place::Call(index) } else { Place::Start };
            case.entries_of(external).into_iter().for_each(|entry| add(entry, place));
        }
    }
    let unreached = case.externals.iter().enumerate().filter(|(_, external)| external.reached.is_empty());
    let alone: Vec<(ModuleId, Place)> = unreached
        .filter(|(_, external)| !has_llm || external.kind == Calls::Llm)
        .map(|(index, external)| (case.program.units.calls[external.call].module, Place::Call(index)))
        .collect();
    if case.externals.is_empty() {
        case.entries.entries.iter().for_each(|entry| add(entry, Place::Start));
    }
    // What runs by hand has somebody who sees it fail.
    match (served.is_empty(), others.is_empty()) {
        (false, _) => served,
        (true, false) => others,
        (true, true) => alone,
    }
}

/// What a report about a place without a tracker names: a call, or where requests come in.
#[derive(Clone, Copy)]
enum Place {
    Call(usize),
    Start,
}

fn tracker(case: &Case<'_, '_>) -> Option<Protection> {
    let mut first = None;
    let all = places(case).iter().all(|(module, _)| match initialised(case, "V2", *module) {
        Some(found) => {
            first.get_or_insert(found);
            true
        }
        None => false,
    });
    first.filter(|_| all).or_else(|| {
        // Middleware or a wrapper of the application that is a tracker by itself.
        let chains = case.entries.entries.iter().flat_map(|entry| entry.chains.first()).collect::<Vec<_>>();
        if chains.is_empty() {
            return None;
        }
        let mut first = None;
        for chain in chains {
            first = Some(case.guards.on_chain(chain, "V2")?).or(first);
        }
        first
    })
}

/// What settings in the repository switch on: alert rules, an access log, a command that instruments what it starts.
pub fn configured(case: &Case<'_, '_>, item: &str) -> Option<(Location, String)> {
    let program = case.program;
    let facts = program.catalogue.of_kind(Kind::Platform);
    facts.filter(|(_, fact)| fact.protects.as_deref() == Some(item)).find_map(|(_, fact)| {
        let (settings, entry) = switched_on(program, fact)?;
        let location = settings.location(entry.span);
        Some((location, fact.value.clone().unwrap_or_else(|| settings.path.clone())))
    })
}

/// The setting in the repository that switches on what a fact about a platform says.
pub fn switched_on<'m>(program: &Program<'m>, fact: &Fact) -> Option<(&'m Settings, &'m Setting)> {
    let files = crate::link::entries::globs(&fact.files)?;
    let patterns: Vec<Vec<&str>> = fact.keys.iter().map(|pattern| pattern.split('.').collect()).collect();
    program.settings.iter().filter(|settings| files.is_match(&settings.path)).find_map(|settings| {
        let entry = settings.entries.iter().find(|entry| {
            is_on(&entry.value, fact.value.as_deref())
                && patterns.iter().any(|keys| super::availability::match_keys(keys, &entry.keys).is_some())
        })?;
        Some((settings, entry))
    })
}

/// Whether a setting is not off, and holds the word that is asked for.
fn is_on(value: &Literal, word: Option<&str>) -> bool {
    let text = match value {
        Literal::Boolean(on) => return *on && word.is_none(),
        Literal::Text(text) => text.trim(),
        _ => "",
    };
    let is_off = text == "off" || text.starts_with("off ");
    !is_off
        && word.is_none_or(|word| text.split(|each: char| each.is_whitespace() || each == '"').any(|each| each == word))
}

/// An own notifier in a registered handler of errors, or in a handler around every model call.
fn notifier(case: &Case<'_, '_>) -> Option<Protection> {
    for link in &case.entries.error_handlers {
        if case.entries.narrow_handlers.contains(&(link.module, link.span)) || is_idle(case, link.module, link.span) {
            continue;
        }
        if let Some(frame) = frame_of(case.program, &link.value)
            && notifies(case, frame, 0)
            && sees_every_failure(case, link)
        {
            return Some(Protection { module: link.module, span: link.span, name: case.link_name(link) });
        }
        // A library's own error handler: the tracker's.
        if let Some(path) = link.value.path()
            && !case.guards.facts(path, link.value.sites().last().copied(), "V2").is_empty()
        {
            return Some(Protection { module: link.module, span: link.span, name: short(path) });
        }
    }
    answered_errors(case).or_else(|| around_every_call(case))
}

/// Whether the failures of every model call come to a handler of errors: it is registered behind their entry points, and
/// these do not answer with an error of their own before.
fn sees_every_failure<'m>(case: &Case<'_, 'm>, link: &Link<'m>) -> bool {
    let unseen = case.entries.unseen.get(&(link.module, link.span));
    case.llm_calls().flat_map(|external| &external.reached).all(|(entry, sites)| {
        let is_behind = !unseen.is_some_and(|unseen| unseen.contains(&case.entries.entries[*entry].handler));
        let is_kept = |step: &Site| answers_itself(case, *step);
        is_behind
            && sites.iter().flat_map(|site| case.reaches[*entry].trails(*site)).all(|trail| !trail.iter().any(is_kept))
    })
}

/// Whether a call stands where its failure is caught and answered with an error status, and nobody is told.
fn answers_itself(case: &Case<'_, '_>, step: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let caught = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => each.handlers.first(),
        _ => None,
    });
    caught.is_some_and(|handler| {
        exit_of(&handler.body) != Some(Exit::Raise)
            && answers_error(case, info.unit, &handler.body)
            && handler_notifies(case, step).is_none()
    })
}

/// Whether a registration stands in a function that nothing calls and that makes no application by itself.
fn is_idle(case: &Case<'_, '_>, module: ModuleId, span: Span) -> bool {
    let program = case.program;
    let units = program.units.units.iter().enumerate();
    // A handler that is written in place is not what it stands in.
    let holds = |span_of: Span| span_of.contains(span) && span_of != span;
    let around = units.filter(|(_, unit)| unit.module == module && unit.function.is_some() && holds(unit.span));
    let Some((unit, info)) = around.min_by_key(|(_, unit)| unit.span.end - unit.span.start) else { return false };
    let makes = |call: &usize| {
        let site = Site { call: *call, frame: program.open_frame(unit) };
        program
            .callee_paths(site)
            .iter()
            .any(|path| program.is_a(path, Kind::Router) || program.is_a(path, Kind::Mount))
    };
    let serves = || case.entries.entries.iter().any(|entry| entry.module == module && info.span.contains(entry.span));
    let is_plain = info.class.is_none() && info.function.is_some_and(|function| function.decorators.is_empty());
    is_plain
        && case.starts_in(unit).is_empty()
        && !program.is_called(unit)
        && !case.reaches.iter().any(|reach| reach.has_unit(unit))
        && !serves()
        && !info.calls.iter().any(makes)
}

/// Errors that are turned into answers by a method of their own.
fn answered_errors(case: &Case<'_, '_>) -> Option<Protection> {
    let program = case.program;
    program.units.classes.iter().find_map(|class| {
        let unit = *class.methods.get("into_response")?;
        let span = program.units.units[unit].span;
        let name = class.class.name.clone();
        notifies(case, program.open_frame(unit), 0).then_some(Protection { module: class.module, span, name })
    })
}

/// A handler that notifies around every model call, or around what goes on to the entry points that make one.
fn around_every_call(case: &Case<'_, '_>) -> Option<Protection> {
    let has_llm = case.llm_calls().next().is_some();
    let mut first = None;
    for external in case.externals.iter().filter(|external| !has_llm || external.kind == Calls::Llm) {
        if external.reached.is_empty() {
            first = first.or(Some(handler_notifies(case, external.open)?));
        }
        for (entry, sites) in &external.reached {
            if let Some(found) = in_front(case, &case.entries.entries[*entry]) {
                first = first.or(Some(found));
                continue;
            }
            for site in sites {
                for trail in case.reaches[*entry].trails(*site) {
                    let found = trail.iter().find_map(|step| handler_notifies(case, *step))?;
                    first = first.or(Some(found));
                }
            }
        }
    }
    first
}

/// A middleware on every way to an entry point that notifies of the errors of what it goes on to.
fn in_front<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>) -> Option<Protection> {
    let mut first = None;
    for chain in &entry.chains {
        let found = chain.iter().find_map(|link| {
            let reach = case.guards.reach(frame_of(case.program, &link.value)?);
            let onwards = case.guards.continuations(&reach);
            let ways = onwards.iter().flat_map(|site| reach.trails(*site));
            let mut found = None;
            for trail in ways.filter(|trail| !trail.iter().any(|step| case.guards.is_passed_by(*step, None))) {
                found = Some(trail.iter().find_map(|step| handler_notifies(case, *step))?);
            }
            found
        });
        first = Some(found?).or(first);
    }
    first
}

/// Whether a handler around a call notifies.
fn handler_notifies(case: &Case<'_, '_>, step: Site) -> Option<Protection> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let tries: Vec<_> = program
        .units
        .ancestors(info.node)
        .filter_map(|(_, node)| match node.kind {
            NodeKind::TryBody(each) => Some(each),
            _ => None,
        })
        .collect();
    program.units.units[info.unit].calls.iter().find_map(|call| {
        let other = &program.units.calls[*call];
        let here = other.call.span;
        let in_handler = tries.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(here)));
        let after_failure = here.start >= info.call.span.end && super::logging::around::is_failing(program, other.node);
        let notices = (in_handler || after_failure) && is_notice(case, Site { call: *call, frame: step.frame }, 0);
        notices.then(|| Protection {
            module: info.module,
            span: here,
            name: crate::link::Program::written(&other.call.callee),
        })
    })
}

/// Whether anything that a frame runs is a message to the operators.
fn notifies<'m>(case: &Case<'_, 'm>, frame: FrameId, depth: usize) -> bool {
    let program = case.program;
    let unit = program.unit_of_frame(frame);
    program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame }).any(|site| {
        let for_clients = |gate: &Gate<'m>| {
            is_client_error(gate.test, !gate.refuses_when)
                || is_own_refusal(program, gate.test, gate.frame, !gate.refuses_when)
        };
        is_notice(case, site, depth) && !program.gates(site).iter().any(for_clients)
    })
}

/// Whether a test that holds (or fails) says that an error is one by which the program itself refuses:
/// `error instanceof HTTPException`.
fn is_own_refusal<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, holds: bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => is_own_refusal(program, inner, frame, !holds),
        ("instanceof", [_, class]) if holds => {
            let classes = program.values(class, frame);
            classes.iter().filter_map(Value::path).any(|path| program.is_a(path, Kind::Reject))
        }
        _ => false,
    }
}

/// Whether a test that holds (or fails) says that a status is below those of the server's own errors: `status < 500`.
fn is_client_error(test: &Expression, holds: bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let is_status = |each: &Expression, least: f64| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if number == least);
    match (operator.as_str(), operands.as_slice()) {
        ("not", [inner]) => is_client_error(inner, !holds),
        ("and", parts) => holds && parts.iter().any(|part| is_client_error(part, true)),
        ("or", parts) => !holds && parts.iter().any(|part| is_client_error(part, false)),
        ("<", [_, limit]) => holds && is_status(limit, 500.0),
        ("<=", [_, limit]) => holds && is_status(limit, 499.0),
        (">=", [_, limit]) => !holds && is_status(limit, 500.0),
        (">", [_, limit]) => !holds && is_status(limit, 499.0),
        _ => false,
    }
}

/// Whether a call is a message to the operators, or leads to one; remembered, for it is asked of every call around a
/// failure.
pub fn is_notice(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    if let Some(known) = case.notices.borrow().get(&(site, depth)) {
        return *known;
    }
    let found = tells_operators(case, site, depth);
    case.notices.borrow_mut().insert((site, depth), found);
    found
}

fn tells_operators(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    let program = case.program;
    for path in program.callee_paths(site).iter() {
        let notices = program.facts_of(path, Kind::Notify).iter().any(|(_, fact)| {
            fact.needs.iter().all(|need| program.meets(need, site) == Some(true))
                && fact.value.as_deref().is_none_or(|recipient| is_for_operators(case, site, recipient))
        });
        let tells = notices
            || !case.guards.facts(path, Some(site), "V2").is_empty()
            || program.is_a(path, Kind::Http) && goes_to_a_channel(case, site);
        if tells && !is_lost(case, site, path) {
            return true;
        }
    }
    depth < 4
        && program.runs(site).iter().copied().any(|frame| {
            let unit = program.unit_of_frame(frame);
            let waits = program.units.units[unit].function.is_some_and(|function| function.is_async);
            !(waits && is_never_awaited(case, site)) && notifies(case, frame, depth + 1)
        })
}

/// Whether a call of an asynchronous client is never awaited.
fn is_lost(case: &Case<'_, '_>, site: Site, path: &str) -> bool {
    path.contains("Async") && is_never_awaited(case, site)
}

/// Whether the result of an asynchronous call is dropped in a language in which it then never runs.
fn is_never_awaited(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    // What is handed on is awaited, gathered or spawned by who gets it.
    if program.modules[info.module].language == Language::TypeScript || !info.within.is_empty() {
        return false;
    }
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let StatementKind::Expression(value) = &statement.kind else { return false };
    matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call))
}

/// Whether a message goes to somebody whom the request did not choose.
fn is_for_operators(case: &Case<'_, '_>, site: Site, recipient: &str) -> bool {
    let program = case.program;
    let Given::Present { expression, frame } = program.argument(site, recipient) else { return false };
    let slice = program.slice(expression, frame);
    !slice.parameters.iter().any(|(_, _, frame)| program.frame(*frame).how == How::Framework)
}

/// The fact of the channel that a raw request goes to, by its address.
pub fn channel(case: &Case<'_, '_>, site: Site) -> Option<FactId> {
    let program = case.program;
    if !program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Http)) {
        return None;
    }
    let arguments = &program.units.calls[site.call].call.arguments;
    arguments.iter().find_map(|argument| case.channel(&program.text(&argument.value, site.frame)?))
}

/// A raw request to an incoming webhook: by its address, or by the variable that holds the address.
fn goes_to_a_channel(case: &Case<'_, '_>, site: Site) -> bool {
    if channel(case, site).is_some() {
        return true;
    }
    let program = case.program;
    let call = program.units.calls[site.call].call;
    let Some(address) = call.arguments.first() else { return false };
    let tells = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["webhook", "hooks.", "alert", "pagerduty", "opsgenie", "/services/t", "bot*/sendmessage", "sendmessage"]
            .iter()
            .any(|word| text.contains(word))
    };
    is_written(program, &address.value, site.frame, &tells, 0)
        || Variables::new(program).held(&address.value, site.frame).iter().any(|named| tells(&named.name))
}

/// Whether one of the words stands in what an expression is made of, also in what an object was given when it was made:
/// `this.url` of an injected service.
fn is_written<'m>(
    program: &Program<'m>,
    expression: &'m Expression,
    frame: FrameId,
    tells: &dyn Fn(&str) -> bool,
    depth: usize,
) -> bool {
    program.slice(expression, frame).parts.iter().any(|(part, frame)| match &part.kind {
        ExpressionKind::Literal(Literal::Text(text)) => tells(text),
        ExpressionKind::Name(name) => tells(name),
        ExpressionKind::Member { object, name } => {
            tells(name)
                || depth < FIELDS
                    && program.values(object, *frame).iter().flat_map(|value| program.given_to(value, name)).any(
                        |given| match given {
                            Given::Present { expression, frame } => {
                                is_written(program, expression, frame, tells, depth + 1)
                            }
                            _ => false,
                        },
                    )
        }
        _ => false,
    })
}
