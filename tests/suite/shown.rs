//! What an example of the catalogue shows, as the lines of its notation (`Example` in src/rules/catalogue.rs).

use std::collections::{BTreeMap, BTreeSet};

use launchcheck::judge::behaviour::{Operation, request_of};
use launchcheck::judge::calls::{External, Which, held, is_set};
use launchcheck::judge::case::Case;
use launchcheck::judge::conditions::{alerting, availability, environment, guard_notes, retries};
use launchcheck::judge::inputs::Inputs;
use launchcheck::link::arguments::{Amount, Given, Held};
use launchcheck::link::entries::{Entries, Entry, Started, frame_of, set_by_convention};
use launchcheck::link::unfolded::unfold;
use launchcheck::link::units::{Binding, NodeKind};
use launchcheck::link::{FrameId, Program, Site, Value};
use launchcheck::lower;
use launchcheck::model::{
    Dependency, Expression, ExpressionKind, Language, Literal, Project, ProjectKind, Settings, Span, StatementKind,
};
use launchcheck::rules::catalogue::{Calls, Example, Fact, Kind, Library};
use launchcheck::rules::checked::{Catalogue, FactId, plain};

use crate::sample;

/// The items that stand in front of entry points.
const IN_FRONT: [&str; 4] = ["C1", "C2", "C3", "T1-input"];

/// The lines that an example shows, and the facts behind them.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) lines: BTreeMap<String, ()>,
    pub(crate) facts: BTreeSet<FactId>,
}

impl Shown {
    fn line(&mut self, line: impl Into<String>) {
        self.lines.insert(line.into().trim_end().to_owned(), ());
    }

    fn fact(&mut self, line: impl Into<String>, fact: FactId) {
        self.line(line);
        self.facts.insert(fact);
    }
}

/// Lowers, links and judges an example.
pub(crate) fn shown(catalogue: &Catalogue, library: &Library, example: &Example) -> Shown {
    let snippets = [
        (&example.python, "app.py", Language::Python),
        (&example.typescript, "app.ts", Language::TypeScript),
        (&example.rust, "src/main.rs", Language::Rust),
    ];
    let mut modules = Vec::new();
    let mut settings: Vec<Settings> = Vec::new();
    let mut kind = ProjectKind::None;
    for (snippet, path, language) in snippets {
        let Some(snippet) = snippet else { continue };
        let path = example.path.as_deref().unwrap_or(path);
        modules.push(lower::lower(path, snippet, language));
        kind = project_kind(language);
    }
    for (path, text) in &example.files {
        match lower::language_of(path) {
            Some(language) => modules.push(lower::lower(path, text, language)),
            None => settings.extend(lower::settings::lower(path, text)),
        }
    }
    let mut projects = [project(library, kind, &example.with)];
    catalogue.add_aliases(&mut projects);
    let unfolded = unfold(&mut modules, &projects, catalogue);
    let packs = sample::packs();
    let program = Program::new(&modules, &settings, &projects, catalogue);
    program.find_callers();
    let started = Started { mains: &[], run: &[], pages: &[], served: true, factories: &[], handlers: &[] };
    let mut entries = Entries::of(&program, &started);
    // Where it asks no model, what stands in front of others is no entry point.
    entries.entries.retain(|entry| !entry.is_in_front);
    let case = Case::new(&program, &entries, &packs, &started);
    let mut shown = Shown::default();
    shown.facts.extend(unfolded);
    if let Some(lost) = modules.iter().flat_map(|module| &module.lost).next() {
        shown.line(format!("cannot be read: {lost:?}"));
    }
    calls(&case, &mut shown);
    answers(&program, &mut shown);
    entry_points(&case, &mut shown);
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        for path in program.callee_paths(site).iter() {
            named(&case, path, Some(site), &mut shown);
        }
        operation(&case, site, &mut shown);
        if let Some(channel) = alerting::channel(&case, site) {
            shown.fact("notify", channel);
        }
    }
    requests(&case, &mut shown);
    memories(&case, &mut shown);
    without_a_call(&case, &mut shown);
    conflicts(&case, &mut shown);
    own_errors(&program, &mut shown);
    bare_names(&case, &mut shown);
    for construct in retries::constructs(&case) {
        let (bounded, exponential) = (yes(construct.bounded), yes(construct.exponential));
        shown.line(format!("retry bounded={bounded} exponential={exponential}"));
    }
    for variable in environment::survey(&case).required {
        let checked = if variable.checked == environment::Checked::Yes { "checked" } else { "unchecked" };
        shown.line(format!("env {} {checked}", variable.name));
    }
    platforms(&case, &mut shown);
    scaled(&program, library, &mut shown);
    by_name_only(&program, &entries, &mut shown);
    shown
}

fn project_kind(language: Language) -> ProjectKind {
    match language {
        Language::Python => ProjectKind::Python,
        Language::TypeScript => ProjectKind::Node,
        Language::Rust => ProjectKind::Cargo,
    }
}

/// A project that depends on the library, in whatever version, and on what the example names.
fn project(library: &Library, kind: ProjectKind, with: &[String]) -> Project {
    let named = with.iter().map(|package| match package.rsplit_once('@').filter(|(name, _)| !name.is_empty()) {
        Some((name, version)) => (name.to_owned(), version.to_owned()),
        None => (package.clone(), "*".to_owned()),
    });
    let packages = &library.packages;
    let own = [&packages.pypi, &packages.npm, &packages.crates].into_iter().flatten();
    let dependencies = named
        .chain(own.map(|name| (name.clone(), "*".to_owned())))
        .map(|(name, requirement)| Dependency { name, requirement, development: false })
        .collect();
    Project { kind, dependencies, ..Project::default() }
}

fn yes(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

/// The external calls with what holds for them.
fn calls(case: &Case<'_, '_>, shown: &mut Shown) {
    let constructs = retries::constructs(case);
    for external in case.externals() {
        let program = case.program;
        let site = availability::reached_sites(external).first().copied().unwrap_or(external.open);
        let paths = program.callee_paths(site);
        let name = paths
            .iter()
            .find(|path| program.facts(path).contains(&external.fact))
            .or(paths.first())
            .map_or_else(String::new, |path| plain(path));
        let timeout = held(program, external, site, Which::Timeout);
        let retry = is_set(held(program, external, site, Which::Retry));
        let mut line = match external.kind {
            Calls::Llm => "llm",
            Calls::Paid => "paid",
            Calls::External => "external",
        }
        .to_owned();
        line += &format!(" {name} timeout={}", length(timeout));
        if external.kind == Calls::Llm {
            let output = is_set(held(program, external, site, Which::Output));
            line += &format!(" output={} retry={}", yes(output), yes(retry));
        }
        if !is_short(timeout) && availability::bound(case, external) == availability::Bound::Bounded {
            line += " deadline=yes";
        }
        if !retry && is_repeated(case, external, &constructs) {
            line += " retried=yes";
        }
        shown.fact(line, external.fact);
        shown.facts.extend(external.endpoint);
    }
}

/// Whether a call's own setting bounds it already.
fn is_short(timeout: Held) -> bool {
    match timeout {
        Held::Given(Amount::Number(seconds), _) => seconds <= 300.0,
        Held::Given(Amount::Unknown, _) => true,
        Held::Default(Some(seconds)) | Held::Unresolved(Some(seconds)) => seconds <= 120.0,
        _ => false,
    }
}

fn is_repeated(case: &Case<'_, '_>, external: &External, constructs: &[retries::Construct]) -> bool {
    retries::is_retried(case, external, constructs)
}

fn length(held: Held) -> String {
    match held {
        Held::Given(Amount::Off, _) | Held::Default(None) => "none".to_owned(),
        Held::Given(Amount::Number(seconds), _) => format!("given({seconds}s)"),
        Held::Given(Amount::Unknown, _) => "given".to_owned(),
        Held::Default(Some(seconds)) | Held::Unresolved(Some(seconds)) => format!("{seconds}s"),
        Held::Unresolved(None) => "unresolved".to_owned(),
    }
}

/// Entry points, and what protects them.
fn entry_points(case: &Case<'_, '_>, shown: &mut Shown) {
    for (index, entry) in case.entries.entries.iter().enumerate() {
        shown.line(format!("entry {} {}", entry.kind, entry.name));
        let sites: Vec<Site> = case
            .externals()
            .iter()
            .flat_map(|external| &external.reached)
            .filter(|(each, _)| *each == index)
            .flat_map(|(_, sites)| sites.iter().copied())
            .collect();
        for site in case.reaches[index].sites(case.program) {
            for path in case.program.callee_paths(site).iter() {
                for (id, fact) in case.program.facts_of(path, Kind::Payment) {
                    shown.fact(format!("payment {}", fact.role.as_deref().unwrap_or("")), id);
                }
            }
        }
        for item in IN_FRONT {
            if case.guards.on_entry(entry, &sites, item).is_some() {
                shown.line(format!("guarded {} {item}", entry.name));
            }
            // `class Daily(UserRateThrottle)`: what stands in front may derive from what guards.
            let in_front = entry.chains.iter().flatten();
            let derived = in_front.filter_map(|link| case.guards.inherited(&link.value, item));
            shown.facts.extend(derived.map(|(id, _)| id));
            if let Some(id) = case.guards.taken_out_by(entry, item) {
                shown.fact(format!("exempt {} {item}", entry.name), id);
            }
        }
    }
    if !case.entries.error_handlers.is_empty() {
        shown.line("error-handler");
    }
    if !case.entries.starts.is_empty() {
        shown.line("start");
    }
}

/// The members that are assigned and are answers: `ctx.body = text`.
fn answers(program: &Program<'_>, shown: &mut Shown) {
    for node in &program.units.nodes {
        let Some(assignment) = node.kind.assignment() else { continue };
        let ExpressionKind::Member { object, name } = &assignment.target.kind else { continue };
        for path in program.values(object, program.open_frame(node.unit)).iter().filter_map(Value::path) {
            let facts = program.facts_of(&format!("{path}.{name}"), Kind::Respond);
            shown.facts.extend(facts.into_iter().map(|(id, _)| id));
        }
    }
}

/// What a name says by the facts that hold for it.
fn named(case: &Case<'_, '_>, path: &str, site: Option<Site>, shown: &mut Shown) {
    let program = case.program;
    for id in program.facts(path).iter() {
        let fact = program.catalogue.fact(*id);
        match fact.is {
            Kind::Guard => guard(case, path, site, *id, fact, shown),
            // What it gives to the lines behind it is told by these; what nobody awaits shows by what is missing.
            Kind::Log if fact.role.is_some() => {
                shown.facts.insert(*id);
            }
            Kind::Lazy => {
                shown.facts.insert(*id);
            }
            Kind::Provide if fact.role.as_deref() == Some("yielded") => {
                shown.facts.insert(*id);
            }
            Kind::Log => shown.fact(format!("log {}", fact.level.as_deref().unwrap_or("info")), *id),
            Kind::Reject if site.is_none_or(|site| fails(program, fact, site)) => shown.fact("reject", *id),
            Kind::TextLimit => text_limit(program, fact, *id, site, shown),
            Kind::Clock => shown.fact("clock", *id),
            Kind::Prefix => shown.fact("prefix", *id),
            Kind::Fresh => shown.fact("fresh", *id),
            Kind::Respond => shown.fact("respond", *id),
            Kind::Sleep => shown.fact("sleep", *id),
            Kind::Measure => shown.fact("measure", *id),
            Kind::Trim => shown.fact("trim", *id),
            Kind::Prompt => shown.fact("prompt", *id),
            // A conversation that a provider keeps is shown where a call goes on with one.
            Kind::Memory if goes_on(program, fact, site) => shown.fact("memory", *id),
            Kind::Notify => shown.fact("notify", *id),
            Kind::Validator => shown.fact("validator", *id),
            Kind::Spawn => shown.fact("spawn", *id),
            Kind::Queue => shown.fact("queue", *id),
            Kind::Worker => shown.fact("worker", *id),
            Kind::Server => shown.fact("server", *id),
            Kind::Caller => shown.fact("caller", *id),
            // Those that hand arguments on are shown by what they become; of numbers there is no more to say.
            Kind::Runs | Kind::Number => {
                shown.facts.insert(*id);
            }
            Kind::LoadsEnvironmentFile if site.is_none_or(|site| program.applies(fact, site)) => {
                shown.fact("dotenv", *id);
            }
            _ => {}
        }
    }
}

fn guard(case: &Case<'_, '_>, path: &str, site: Option<Site>, id: FactId, fact: &Fact, shown: &mut Shown) {
    let item = fact.protects.as_deref().unwrap_or("");
    // Whether it protects is told by what the program's own function does.
    if matches!(fact.how.as_deref(), Some("catches" | "cuts")) {
        shown.facts.insert(id);
    }
    if case.guards.facts(path, site, item).iter().any(|each| std::ptr::eq(*each, fact)) {
        shown.fact(format!("guard {item}"), id);
    }
}

/// Whether a memory is kept here, or, where a provider keeps it, named here.
fn goes_on(program: &Program<'_>, fact: &Fact, site: Option<Site>) -> bool {
    let Some(value) = fact.value.as_deref() else {
        return site.is_none_or(|site| program.applies(fact, site));
    };
    site.is_some_and(|site| matches!(program.argument_of(site, value), Given::Present { .. }))
}

/// Whether the answer that a call makes is one of failure.
fn fails(program: &Program<'_>, fact: &Fact, site: Site) -> bool {
    match fact.status.as_deref().map(|status| program.argument_of(site, status)) {
        Some(Given::Present { expression, frame }) => {
            program.number(expression, frame, 0).is_none_or(|status| status >= 400.0)
        }
        Some(_) => false,
        None => fact.always == Some(true),
    }
}

fn operation(case: &Case<'_, '_>, site: Site, shown: &mut Shown) {
    let facts: Vec<FactId> = case
        .program
        .callee_paths(site)
        .iter()
        .flat_map(|path| case.program.facts_of(path, Kind::Store))
        .map(|(id, _)| id)
        .collect();
    // A text that gets a name is shown by what the name does.
    let defines = |id: &&FactId| case.program.catalogue.fact(**id).does.as_deref() == Some("define");
    shown.facts.extend(facts.iter().filter(defines));
    let Some(operation) = case.guards.behaviour.operation(site) else { return };
    let does = match operation {
        Operation::Get => "get",
        Operation::Set => "set",
        Operation::Claim => "claim",
        Operation::Count => "count",
        Operation::Append => "append",
        Operation::Delete => "delete",
        Operation::Many => "many",
        Operation::Tally => "tally",
        Operation::Expire => "expire",
        Operation::Results => "results",
        Operation::Commit => "commit",
    };
    shown.line(format!("store {does}"));
    let does_so = |id: &FactId| case.program.catalogue.fact(*id).does.as_deref() == Some(does);
    // Statements and scripts are told by their text.
    let by_text = !facts.iter().any(does_so);
    shown.facts.extend(facts.into_iter().filter(|id| by_text || does_so(id)));
}

/// Names that are used without being called: decorators, and what stands in front of handlers.
fn bare_names(case: &Case<'_, '_>, shown: &mut Shown) {
    let program = case.program;
    for info in &program.units.units {
        let (Some(function), Some(parent)) = (info.function, info.parent) else { continue };
        for decorator in function.decorators.iter().filter(|each| !matches!(each.kind, ExpressionKind::Call(_))) {
            for value in program.values(decorator, program.open_frame(parent)).iter() {
                if let Value::Library { path, sites } = value {
                    named(case, path, sites.last().copied(), shown);
                }
            }
        }
    }
    for link in case.entries.entries.iter().flat_map(|entry| entry.chains.iter().flatten()) {
        if let Value::Library { path, sites } = &link.value {
            named(case, path, sites.last().copied(), shown);
        }
    }
    // What is only read: `request.id`, `dev`, `base`.
    for info in &program.units.calls {
        for argument in &info.call.arguments {
            for path in program.values(&argument.value, program.open_frame(info.unit)).iter().filter_map(Value::path) {
                let told = [Kind::Fresh, Kind::Deployed, Kind::Prefix, Kind::Request, Kind::Caller, Kind::Measure]
                    .into_iter()
                    .flat_map(|kind| program.facts_of(path, kind));
                shown.facts.extend(told.map(|(id, _)| id));
            }
        }
    }
}

/// `schema FIELD LIMIT`, with the field that the limit is written at.
fn text_limit(program: &Program<'_>, fact: &Fact, id: FactId, site: Option<Site>, shown: &mut Shown) {
    let Some(site) = site.filter(|site| program.applies(fact, *site)) else { return };
    // What only says that a field is looked into limits nothing.
    if matches!(fact.role.as_deref(), Some("nested" | "typed" | "unsent" | "converted")) {
        shown.facts.insert(id);
        return;
    }
    let limit = fact.limit.as_deref().map(|limit| program.argument_of(site, limit));
    let by_function = fact.by.is_none() && matches!(fact.how.as_deref(), Some("function" | "raising"));
    let limit = match limit {
        // Beside a function something else may be given that limits by itself.
        Some(Given::Present { expression, frame }) if by_function && !holds_function(program, expression, frame) => {
            return;
        }
        Some(Given::Present { expression, frame }) => match program.amount(expression, frame, None, &[]) {
            Amount::Number(number) => number.to_string(),
            Amount::Unknown => "given".to_owned(),
            Amount::Off => return,
        },
        Some(_) => return,
        None => "no-text".to_owned(),
    };
    let info = &program.units.calls[site.call];
    let named = fact.path.as_deref().and_then(|path| match program.argument_of(site, path) {
        Given::Present { expression, frame } => program.text(expression, frame),
        _ => None,
    });
    let field = named.or_else(|| field_around(program, info.module, info.call.span)).unwrap_or_default();
    let of = if fact.role.as_deref() == Some("count") { " items" } else { "" };
    shown.fact(format!("schema {field} {limit}{of}"), id);
}

/// Whether an expression is a function or an object of the program, or holds one among others.
fn holds_function<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    program.values(expression, frame).iter().any(|value| match value {
        Value::Library { .. } => false,
        Value::Data { expression: inner, frame } => match &inner.0.kind {
            ExpressionKind::List(items) if !std::ptr::eq(inner.0, expression) || !items.is_empty() => items
                .iter()
                .any(|item| !matches!(item.kind, ExpressionKind::List(_)) && holds_function(program, item, *frame)),
            // An attribute names it.
            ExpressionKind::Literal(Literal::Text(path)) => !program.named_at(*frame, path).is_empty(),
            _ => false,
        },
        _ => true,
    })
}

/// The innermost named place around a span: a field of a class, a parameter, a key, a variable.
fn field_around(program: &Program<'_>, module: usize, span: Span) -> Option<String> {
    let mut best: Option<(u32, String)> = None;
    let mut offer = |place: Span, name: &str| {
        let size = place.end - place.start;
        if place.contains(span) && place != span && best.as_ref().is_none_or(|(known, _)| size < *known) {
            best = Some((size, name.to_owned()));
        }
    };
    for class in program.units.classes.iter().filter(|class| class.module == module) {
        for (name, assignments) in class.fields.iter().collect::<BTreeMap<_, _>>() {
            for (_, assignment) in assignments {
                for part in assignment.value.iter().chain(&assignment.annotation) {
                    offer(wider(assignment.target.span, part.span), name);
                }
            }
        }
    }
    // What decorates a field stands before it.
    for class in program.units.classes.iter().filter(|class| class.module == module) {
        let statements = &class.class.body;
        let decorating = statements
            .iter()
            .position(|each| matches!(each.kind, StatementKind::Expression(_)) && each.span.contains(span));
        let field =
            decorating.into_iter().flat_map(|at| statements.iter().skip(at)).find_map(|each| match &each.kind {
                StatementKind::Assign(assignment) => Some(&assignment.target),
                _ => None,
            });
        if let Some(target) = field
            && let ExpressionKind::Name(name) = &target.kind
        {
            offer(wider(target.span, span), name);
        }
    }
    for unit in program.units.units.iter().filter(|unit| unit.module == module) {
        for (name, bindings) in unit.names.iter().collect::<BTreeMap<_, _>>() {
            for binding in bindings {
                if let Binding::Value { value, .. } = binding {
                    offer(wider(value.span, value.span), name);
                }
            }
        }
        for parameter in unit.function.iter().flat_map(|function| &function.parameters) {
            if let ExpressionKind::Name(name) = &parameter.target.kind {
                offer(parameter.span, name);
            }
        }
    }
    for call in program.units.calls.iter().filter(|call| call.module == module) {
        for argument in &call.call.arguments {
            keys(&argument.value, &mut offer);
            if let Some(name) = &argument.name {
                offer(wider(argument.value.span, argument.value.span), name);
            }
        }
    }
    best.map(|(_, name)| name)
}

fn wider(a: Span, b: Span) -> Span {
    Span { start: a.start.min(b.start), end: a.end.max(b.end) + 1 }
}

fn keys(expression: &Expression, offer: &mut dyn FnMut(Span, &str)) {
    let ExpressionKind::Object(entries) = &expression.kind else { return };
    for entry in entries {
        if let Some(key) = &entry.key {
            offer(wider(entry.value.span, entry.value.span), key);
        }
        keys(&entry.value, offer);
    }
}

/// What code takes from requests: by the classes of parameters, or the name of the request itself.
fn requests(case: &Case<'_, '_>, shown: &mut Shown) {
    let program = case.program;
    let mut paths: Vec<String> = Vec::new();
    for entry in &case.entries.entries {
        let links = entry.chains.iter().flatten().filter_map(|link| frame_of(program, &link.value));
        for frame in links.chain([entry.handler]) {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            for index in 0..unit.function.map_or(0, |function| function.parameters.len()) {
                paths.extend(program.parameter(index, frame).iter().filter_map(Value::path).map(str::to_owned));
            }
            for call in &unit.calls {
                paths.extend(program.callee_paths(Site { call: *call, frame }).iter().map(ToString::to_string));
            }
        }
    }
    shown.facts.extend(paths.iter().filter_map(|path| request_of(program, path)));
    // What stands behind a command is no request.
    let typed = paths.iter().flat_map(|path| program.facts_of(path, Kind::Request));
    shown.facts.extend(typed.map(|(id, _)| id));
}

/// What libraries keep between turns that reaches a model.
fn memories(case: &Case<'_, '_>, shown: &mut Shown) {
    let inputs = Inputs::new(case);
    for external in case.llm_calls() {
        for site in availability::reached_sites(external).into_iter().chain([external.open]) {
            for memory in inputs.leaves(external, site).iter().filter_map(|leaf| leaf.memory) {
                shown.fact("memory", memory);
            }
        }
    }
}

/// Guards that are on because their module is imported, or a setting of their library is assigned.
fn without_a_call(case: &Case<'_, '_>, shown: &mut Shown) {
    let program = case.program;
    let sources = || {
        program.units.nodes.iter().filter_map(|node| match node.kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Import(import) => {
                    let language = program.modules[program.module_of(node.unit)].language;
                    Some(program.catalogue.canonical(language, &import.source))
                }
                _ => None,
            },
            _ => None,
        })
    };
    for (id, _) in sources().flat_map(|source| program.facts_of(&source, Kind::LoadsEnvironmentFile)) {
        shown.fact("dotenv", id);
    }
    for item in ["V1", "V2"].into_iter().filter(|item| !alerting::imported(case, item).is_empty()) {
        let sources = sources();
        for (id, fact) in sources.flat_map(|source| program.facts_of(&source, Kind::Guard)) {
            if fact.role.as_deref() == Some("imported") && fact.protects.as_deref() == Some(item) {
                shown.fact(format!("guard {item}"), id);
            }
        }
    }
    for item in IN_FRONT.into_iter().chain(["V1", "V2"]) {
        let one_by_one = case.guards.initialised_by_settings(case, item);
        for (id, _) in one_by_one.into_iter().chain(case.guards.initialised_by_setting(case, item)) {
            shown.fact(format!("guard {item}"), id);
        }
    }
}

/// What refuses a row that is there already, in front of what an entry point reaches.
fn conflicts(case: &Case<'_, '_>, shown: &mut Shown) {
    if !shown.lines.keys().any(|line| line.starts_with("guarded ") && line.ends_with(" C3")) {
        return;
    }
    for (unit, info) in case.program.units.units.iter().enumerate() {
        if let Some(function) = info.function {
            shown.facts.extend(case.guards.conflicts_asked(&function.body, case.program.open_frame(unit)));
        }
        for node in &info.nodes {
            if let NodeKind::TryBody(tried) = case.program.units.nodes[*node].kind {
                let frame = case.program.open_frame(unit);
                shown.facts.extend(tried.handlers.iter().flat_map(|handler| case.guards.conflicts(handler, frame)));
            }
        }
    }
}

/// Errors that handlers catch and no failing call raises.
fn own_errors(program: &Program<'_>, shown: &mut Shown) {
    for node in &program.units.nodes {
        let NodeKind::TryBody(tried) = node.kind else { continue };
        for catches in tried.handlers.iter().filter_map(|handler| handler.catches.as_ref()) {
            let caught = program.values(catches, program.open_frame(node.unit));
            let facts = caught.iter().filter_map(Value::path).flat_map(|path| program.facts_of(path, Kind::OwnError));
            shown.facts.extend(facts.map(|(id, _)| id));
        }
    }
}

/// Guards in settings files, and limits of time in constants that a platform reads.
fn platforms(case: &Case<'_, '_>, shown: &mut Shown) {
    let program = case.program;
    for (id, fact) in program.catalogue.of_kind(Kind::Platform) {
        let Some(files) = fact.files.set() else { continue };
        let protects = fact.protects.as_deref().unwrap_or("");
        let of_project = fact.scope.as_deref() == Some("project")
            && program.modules.iter().any(|module| files.is_match(&module.path));
        let is_there = |entry: &Entry<'_>| of_project || files.is_match(&program.modules[entry.module].path);
        let is_on = alerting::switched_on(program, id).is_some();
        let mut entries = case.entries.entries.iter().filter(|entry| is_on || is_there(entry));
        let holds = match protects {
            "A1" => entries.any(|entry| availability::platform_limit(case, entry)),
            _ => is_on || entries.any(|entry| availability::asked_for(case, entry, fact).is_some()),
        };
        if holds {
            shown.fact(format!("guard {protects}"), id);
        }
    }
}

/// Settings files that tell of several processes.
fn scaled(program: &Program<'_>, library: &Library, shown: &mut Shown) {
    for (id, fact) in program.catalogue.of_kind(Kind::Scaled) {
        // Other libraries have such files in their examples for another reason.
        if program.catalogue.library_of(id).name == library.name && guard_notes::tells_of_several(program, fact) {
            shown.fact("scaled".to_owned(), id);
        }
    }
}

/// The facts that show in what other facts do: clients in the settings of their calls, routers in entry points.
fn by_name_only(program: &Program<'_>, entries: &Entries<'_>, shown: &mut Shown) {
    let has = |word: &str| shown.lines.keys().any(|line| line.starts_with(word));
    let has_guard = has("guard ");
    let (entry, env) = (has("entry "), has("env "));
    let (starts, handlers) = (has("start"), has("error-handler"));
    for id in program.facts_met() {
        let shows = match program.catalogue.fact(id).is {
            Kind::Client | Kind::Same | Kind::Compose | Kind::Duration | Kind::Schema => true,
            Kind::Router | Kind::Mount | Kind::Middleware | Kind::Inject | Kind::Provide => true,
            Kind::Route | Kind::Timetable => entry,
            Kind::Setting | Kind::Deployed | Kind::Relation | Kind::Merge => true,
            Kind::Environment | Kind::EnvironmentSchema => env,
            // What checks variables when an object is made of them.
            Kind::Guard => env && program.catalogue.fact(id).protects.as_deref() == Some("E1"),
            // Types and classes that limit without a call.
            Kind::TextLimit => matches!(program.catalogue.fact(id).role.as_deref(), Some("indexed" | "whole")),
            // What settings list among the handlers of log lines.
            Kind::Notify => handlers,
            Kind::ErrorHandler => handlers || program.catalogue.fact(id).role.as_deref() == Some("logs"),
            Kind::Runs => matches!(program.catalogue.fact(id).role.as_deref(), Some("nothing" | "methods")),
            // What its client adds to goes for the client's messages.
            Kind::Memory => program.catalogue.fact(id).role.as_deref() == Some("client"),
            // A type of what fills a parameter is called nowhere.
            Kind::Validator => has("schema "),
            _ => false,
        };
        if shows {
            shown.facts.insert(id);
        }
    }
    let paths: Vec<&str> = entries.entries.iter().map(|entry| program.modules[entry.module].path.as_str()).collect();
    for (id, fact) in program.catalogue.of_kind(Kind::Convention) {
        if let Some(item) = &fact.protects {
            if set_by_convention(program, item).is_some() {
                shown.fact(format!("guard {item}"), id);
            }
            continue;
        }
        let Some(files) = fact.files.set() else { continue };
        let is_there = |module: &launchcheck::model::Module| files.is_match(&module.path);
        let names =
            |module: usize, wanted: &str| program.units.units[program.units.bodies[module]].names.contains_key(wanted);
        // A file of settings runs as a whole, or is read.
        let is_read =
            program.modules.iter().enumerate().filter(|(_, module)| is_there(module)).any(|(module, info)| {
                info.language == Language::Python
                    && fact.exports.iter().any(|wanted| wanted == "*" || names(module, wanted))
            });
        if matches!(fact.role.as_deref(), Some("start" | "names" | "logs")) && is_read {
            shown.facts.insert(id);
        }
        let shows = match fact.role.as_deref() {
            // What only settings are made of starts nothing itself.
            Some("start") => starts || env,
            Some("error-handler") => handlers,
            Some("middleware") => true,
            Some("settings") => has_guard,
            _ => paths.iter().any(|path| files.is_match(path)),
        };
        let exported =
            program.modules.iter().enumerate().filter(|(_, module)| is_there(module)).any(|(module, info)| {
                let first = |wanted: &String| wanted.split('.').next().unwrap_or_default().to_owned();
                let is_own = |wanted: &String| info.language == Language::Python && names(module, &first(wanted));
                let exports = &program.units.exports[module];
                fact.exports
                    .iter()
                    .any(|wanted| is_own(wanted) || exports.iter().any(|export| first(wanted) == export.name))
            });
        // A file that exports nothing runs as a whole.
        let is_whole = fact.exports.is_empty() && has_guard && program.modules.iter().any(is_there);
        if shows && exported || is_whole {
            shown.facts.insert(id);
        }
    }
}
