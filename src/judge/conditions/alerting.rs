//! V2: someone is told when an error occurs.

mod handlers;
mod notices;
mod reports;

use crate::link::browser::says_browser;
use crate::link::entries::{Entry, frame_of};
use crate::link::units::{ModuleId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Expression, ExpressionKind, Literal, Setting, Settings, Span, StatementKind};
use crate::rules::catalogue::{Calls, Fact, Kind};
use crate::rules::checked::{FactId, expand};
use crate::rules::packs::Reason;

use super::super::case::{AtStart, Case, Outcome};
use super::super::guards::{Protection, short};
use super::super::retrying::walk;
use super::super::verdict::{Evidence, Item, Location, Text};

use handlers::{answered_errors, around_every_call, is_idle, sees_every_failure};
use notices::notifies;

pub use notices::{channel, is_notice};

/// `no-error-alerting`: an error tracker or alert channel is initialised where the server runs and sees its errors, or
/// an own notifier is called where the errors of every LLM entry point pass.
pub fn alerting(case: &Case<'_, '_>) -> Outcome {
    if case.entries.entries.is_empty() && case.externals().is_empty() {
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
        Some((_, Place::Call(index))) => case.externals().get(index),
        _ => case.llm_calls().next(),
    };
    let in_process = |entry: &&Entry<'_>| open.is_none_or(|(module, _)| entry.module == module);
    let entries = &case.entries.entries;
    let public = entries.iter().find(|entry| entry.public && in_process(entry));
    let entry = public.or_else(|| entries.iter().find(in_process)).or(entries.first());
    let mut finding = match (call, entry, case.externals().first()) {
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
    let all = case.initialised(item, || {
        let given = assigned(case, item).into_iter().filter(|(fact, _)| fact.sees.is_empty()).map(|(_, found)| found);
        called(case, item).chain(imported(case, item).into_iter().chain(given).map(AtStart::anywhere)).collect()
    });
    let runs = case.processes();
    // A consumer that loads where the tracker is set up may do so by a signal of its framework.
    let lacks =
        |root: ModuleId, found: &Protection| runs.runs_without(module, root) && runs.runs_without(module, found.module);
    let starts =
        |each: &AtStart| each.runtime.as_deref().is_none_or(|runtime| case.program.is_served_in(module, runtime));
    let mut here =
        all.iter().filter(|each| runs.shared(each.root, module) && !lacks(each.root, &each.found) && starts(each));
    here.next().map(|each| each.found.clone())
}

/// The guards that calls at start-up set up.
fn called<'c>(case: &'c Case<'_, '_>, item: &'c str) -> impl Iterator<Item = AtStart> + 'c {
    let program = case.program;
    case.start_sites().filter_map(move |site| {
        let info = &program.units.calls[site.call];
        let sets_up = |fact: &&Fact| fact.how.as_deref() == Some("init") && fact.sees.is_empty();
        // What is put in front of handlers protects those that it stands in front of.
        let callees = program.callee_paths(site);
        let named = callees.iter().cloned().filter_map(|path| {
            let facts: Vec<_> = case.guards.facts(&path, Some(site), item).into_iter().filter(sets_up).collect();
            (!facts.is_empty()).then_some((path, facts))
        });
        let mut named = named.peekable();
        if named.peek().is_none()
            || runs_in_browser(case, info.module)
            || case.is_skipped(info.node)
            || !program.is_reached_deployed(site)
            || skipped_caller(case, site.frame)
            || case.entries.commands.contains(&root_frame(program, site.frame))
            || is_given_nothing(program, site)
        {
            return None;
        }
        named.find_map(|(path, facts)| {
            let is_on = facts.iter().any(|fact| match fact.role.as_deref() {
                Some("kept") => is_kept(case, site, 0),
                Some("unanswered") => {
                    !reports::answers_itself(case, root_of(case, site)) || reports::is_reported(case, &path)
                }
                _ => true,
            });
            let found = || Protection { module: info.module, span: info.call.span, name: short(&path) };
            let runtime = || program.runtime_of_start(site).map(str::to_owned);
            is_on.then(|| AtStart { root: root_of(case, site), runtime: runtime(), found: found() })
        })
    })
}

/// Whether a call is reached only where what it is given is missing: `if not dsn: init(dsn=dsn)`.
fn is_given_nothing(program: &Program<'_>, site: Site) -> bool {
    let given = program.units.calls[site.call].call.arguments.iter();
    // Whether it is to tell more, or where it runs, are other settings.
    let tells_where =
        |name: &str| ["dsn", "key", "token", "url"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    let names: Vec<String> = given
        .filter_map(|argument| match &argument.value.kind {
            ExpressionKind::Name(name) => Some(name.clone()),
            ExpressionKind::Member { .. } if argument.name.as_deref().is_none_or(tells_where) => {
                Some(Program::written(&argument.value))
            }
            _ => None,
        })
        .collect();
    let gates = program.gates(site);
    gates.iter().any(|gate| is_missing_where(gate.test, !gate.refuses_when, &names, 0))
}

/// Whether something that is written so is nothing where a test holds, or where it fails.
fn is_missing_where(test: &Expression, holds: bool, names: &[String], depth: usize) -> bool {
    match &test.kind {
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => !holds && names.contains(&Program::written(test)),
        ExpressionKind::Operator { operator, operands } if operator == "not" && depth < 8 => {
            operands.iter().any(|inner| is_missing_where(inner, !holds, names, depth + 1))
        }
        _ => false,
    }
}

/// The guards that settings of a library are, which are given their value at start-up: `litellm.failure_callback = [..]`.
fn assigned<'c>(case: &'c Case<'_, '_>, item: &str) -> Vec<(&'c Fact, (ModuleId, Protection))> {
    let program = case.program;
    let found = case.guards.initialised_by_settings(case, item).into_iter();
    found.map(|(fact, found)| (program.catalogue.fact(fact), (found.module, found))).collect()
}

/// What is set up at start-up and sees the calls of one library only: named by the beginning of their names.
pub fn of_one_library<'c>(case: &'c Case<'_, '_>, item: &'c str) -> impl Iterator<Item = (ModuleId, Protection)> + 'c {
    let program = case.program;
    let given = assigned(case, item).into_iter().flat_map(|(fact, (root, found))| {
        let named = fact.sees.iter().map(move |name| (root, Protection { name: name.clone(), ..found.clone() }));
        named.collect::<Vec<_>>()
    });
    let by_call = case.start_sites().flat_map(move |site| {
        let info = &program.units.calls[site.call];
        let mut seen: Vec<String> = Vec::new();
        for path in program.callee_paths(site).iter() {
            let facts = case.guards.facts(path, Some(site), item);
            let on = facts.iter().filter(|fact| fact.how.as_deref() == Some("init"));
            seen.extend(on.flat_map(|fact| fact.sees.iter().cloned()));
        }
        if !seen.is_empty() && (case.is_skipped(info.node) || skipped_caller(case, site.frame)) {
            seen.clear();
        }
        let root = root_of(case, site);
        seen.into_iter().map(move |name| (root, Protection { module: info.module, span: info.call.span, name }))
    });
    by_call.chain(given)
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
    case.program.module_of(case.program.unit_of_frame(root_frame(case.program, site.frame)))
}

/// The frame with which the calls begin that led to a frame.
fn root_frame(program: &Program<'_>, mut frame: FrameId) -> FrameId {
    while let How::Call(caller) = program.frame(frame).how {
        frame = caller.frame;
    }
    frame
}

/// Whether what a call returns lives as long as the program: it is bound in the main function, or returned to where it
/// is. `let _ = init()` drops it at once, and so does a statement.
fn is_kept(case: &Case<'_, '_>, site: Site, depth: usize) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let bound = program.units.ancestors(info.node).find_map(|(id, node)| match node.kind {
        NodeKind::Plain(statement) => match &statement.kind {
            StatementKind::Assign(assignment) => match &assignment.target.kind {
                ExpressionKind::Name(name) => Some((name.as_str(), assignment.declares.then_some(id))),
                ExpressionKind::Member { name, .. } => Some((name.as_str(), None)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    if is_never_dropped(case, site, bound.map(|(name, _)| name)) {
        return true;
    }
    if unit.function.is_none_or(|function| function.name == "main") {
        return bound.is_some_and(|(name, declared)| {
            name != "_" && declared.is_none_or(|node| !ends_with_a_branch(program, info.unit, node))
        });
    }
    let bound = bound.map(|(name, _)| name);
    // Also within what is returned: `Telemetry { guard }`.
    let returned = unit.returns.iter().any(|value| {
        let mut holds = value.span.contains(info.call.span);
        walk(value, &mut |part| {
            holds |= matches!(&part.kind, ExpressionKind::Name(name) if Some(name.as_str()) == bound);
        });
        holds
    });
    match program.frame(site.frame).how {
        How::Call(caller) if returned && depth < 6 => is_kept(case, caller, depth + 1),
        // `let _guard = dsn.map(|dsn| init(dsn));`
        _ if returned && depth < 6 => {
            mapped_by(program, info.unit, site.frame).is_some_and(|outer| is_kept(case, outer, depth + 1))
        }
        _ => false,
    }
}

/// Whether what a call returns is given to something that keeps it for good, by its name or at once:
/// `std::mem::forget(guard)`.
fn is_never_dropped(case: &Case<'_, '_>, site: Site, bound: Option<&str>) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    program.units.units[info.unit].calls.iter().any(|call| {
        let outer = Site { call: *call, frame: site.frame };
        let written = program.units.calls[*call].call;
        let is_it = |given: &Argument| match &given.value.kind {
            ExpressionKind::Name(name) => Some(name.as_str()) == bound && written.span.start > info.call.span.end,
            _ => given.value.span.contains(info.call.span),
        };
        written.arguments.iter().any(is_it)
            && program.callee_paths(outer).iter().any(|path| {
                program.facts_of(path, Kind::Same).iter().any(|(_, fact)| fact.role.as_deref() == Some("kept"))
            })
    })
}

/// Whether a name lives in a branch only that ends before the program serves: nothing runs in it after the name is set.
fn ends_with_a_branch(program: &Program<'_>, unit: UnitId, declared: NodeId) -> bool {
    let span = program.units.nodes[declared].span;
    let branch = program.units.ancestors(declared).find_map(|(_, node)| match node.kind {
        NodeKind::If { then, otherwise, .. } => {
            [then, otherwise].into_iter().find(|block| block.iter().any(|each| each.span.contains(span)))
        }
        _ => None,
    });
    let Some(end) = branch.and_then(|block| block.last()).map(|last| last.span.end) else { return false };
    let runs = |call: &usize| {
        let call = program.units.calls[*call].call;
        call.span.start >= span.end
            && call.span.end <= end
            && matches!(&call.callee.kind, ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)
                if ["serve", "run", "launch", "block_on", "start"].iter().any(|word| name.contains(word)))
    };
    !program.units.units[unit].calls.iter().any(runs)
}

/// The call that gives what a function in it gives, where there is something: `dsn.map(|dsn| init(dsn))`.
fn mapped_by(program: &Program<'_>, unit: UnitId, frame: FrameId) -> Option<Site> {
    let info = &program.units.units[unit];
    let (parent, span) = (info.parent?, info.span);
    let maps = |call: &&usize| {
        let call = program.units.calls[**call].call;
        call.arguments.iter().any(|argument| argument.value.span == span)
            && matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "map" | "and_then" | "then"))
    };
    let call = program.units.units[parent].calls.iter().find(maps)?;
    Some(Site { call: *call, frame: program.frame(frame).closure.unwrap_or_else(|| program.open_frame(parent)) })
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
pub fn runs_in_browser(case: &Case<'_, '_>, module: ModuleId) -> bool {
    says_browser(&case.program.modules[module])
}

/// Where errors matter: the model is called there, else something outside, else requests come in there. With the place
/// that a report names.
fn places(case: &Case<'_, '_>) -> Vec<(ModuleId, Place)> {
    let has_llm = case.llm_calls().next().is_some();
    let (mut served, mut others) = (Vec::new(), Vec::new());
    let mut add = |entry: &Entry<'_>, place: Place| {
        if entry.public { served.push((entry.module, place)) } else { others.push((entry.module, place)) }
    };
    for (index, external) in case.externals().iter().enumerate() {
        if !has_llm || external.kind == Calls::Llm {
            let place = if has_llm { Place::Call(index) } else { Place::Start };
            case.entries_of(external).into_iter().for_each(|entry| add(entry, place));
        }
    }
    let unreached = case.externals().iter().enumerate().filter(|(_, external)| external.reached.is_empty());
    let alone: Vec<(ModuleId, Place)> = unreached
        .filter(|(_, external)| !has_llm || external.kind == Calls::Llm)
        .map(|(index, external)| (case.program.units.calls[external.call].module, Place::Call(index)))
        .collect();
    if case.externals().is_empty() {
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
    if let Some((module, span)) = crate::link::entries::set_by_convention(program, item) {
        return Some((program.location(module, span), program.modules[module].path.clone()));
    }
    let facts = program.catalogue.of_kind(Kind::Platform);
    facts.filter(|(_, fact)| fact.protects.as_deref() == Some(item)).find_map(|(id, fact)| {
        let (settings, entry) = switched_on(program, id)?;
        let location = settings.location(entry.span);
        let named = fact.value.clone().filter(|value| !value.starts_with('~'));
        Some((location, named.unwrap_or_else(|| settings.path.clone())))
    })
}

/// The setting in the repository that switches on what a fact about a platform says.
pub fn switched_on<'m>(program: &Program<'m>, id: FactId) -> Option<(&'m Settings, &'m Setting)> {
    let (fact, files) = (program.catalogue.fact(id), program.settings_of(id));
    let parts = |patterns: &'_ [String]| -> Vec<Vec<String>> {
        patterns.iter().map(|pattern| pattern.split('.').map(str::to_owned).collect()).collect()
    };
    let (patterns, needs) = (parts(&fact.keys), parts(&fact.needs));
    let has = |entry: &Setting, patterns: &[Vec<String>]| {
        patterns.iter().any(|keys| {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            super::availability::match_keys(&keys, &entry.keys).is_some()
        })
    };
    let of_sort = || files.iter().copied();
    // The file of a server that only hands out files stands in front of nothing.
    let is_in_front = |settings: &Settings| {
        let folder = settings.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_below = |other: &&Settings| folder.is_empty() || other.path.starts_with(&format!("{folder}/"));
        needs.is_empty() || of_sort().filter(is_below).any(|other| other.entries.iter().any(|entry| has(entry, &needs)))
    };
    of_sort().filter(|settings| is_in_front(settings)).find_map(|settings| {
        let entry = settings
            .entries
            .iter()
            .find(|entry| is_on(&entry.value, fact.value.as_deref()) && has(entry, &patterns))?;
        Some((settings, entry))
    })
}

/// Whether a setting is not off, and holds the word that is asked for, or one of several texts (`~ {error,fail}`).
fn is_on(value: &Literal, word: Option<&str>) -> bool {
    if let Some(texts) = word.and_then(|word| word.strip_prefix('~')) {
        let Literal::Text(text) = value else { return false };
        let text = text.to_ascii_lowercase();
        return expand(texts.trim()).iter().any(|each| text.contains(each.as_str()));
    }
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
    let mut registered = Vec::new();
    for link in &case.entries.error_handlers {
        if case.entries.narrow_handlers.contains(&(link.module, link.span)) || is_idle(case, link.module, link.span) {
            continue;
        }
        if let Some(frame) = frame_of(case.program, &link.value)
            && notifies(case, frame, 0)
        {
            let found = Protection { module: link.module, span: link.span, name: case.link_name(link) };
            if sees_every_failure(case, link) {
                return Some(found);
            }
            registered.push((link, found));
        }
        // A library's own handler that the settings list for what its framework logs.
        if let Some(path) = link.value.path()
            && writes_to_operators(case.program, path)
            && sees_every_failure(case, link)
        {
            return Some(Protection { module: link.module, span: link.span, name: short(path) });
        }
        // A library's own error handler: the tracker's.
        if let Some(path) = link.value.path()
            && !case.guards.facts(path, link.value.sites().last().copied(), "V2").is_empty()
        {
            return Some(Protection { module: link.module, span: link.span, name: short(path) });
        }
    }
    answered_errors(case).or_else(|| around_every_call(case, &registered))
}

/// Whether what is logged by a class of a library goes to somebody: where settings hold who that is, there is one.
fn writes_to_operators(program: &Program<'_>, path: &str) -> bool {
    let is_nobody = |value: &Value<'_>| matches!(value, Value::Data { expression, .. } if matches!(&expression.0.kind, ExpressionKind::List(all) if all.is_empty()));
    program.facts_of(path, Kind::Notify).iter().any(|(_, fact)| {
        fact.value.as_deref().is_none_or(|setting| {
            let recipients = program.configured(setting);
            !recipients.is_empty() && !recipients.iter().all(is_nobody)
        })
    })
}
