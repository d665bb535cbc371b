//! A1: every external call is bounded in time.

use std::collections::BTreeSet;

use globset::GlobSet;

use crate::link::arguments::{Amount, Given, Held};
use crate::link::entries::{Entry, Link};
use crate::link::units::ModuleId;
use crate::link::{Site, Value};
use crate::model::{Literal, Span};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::globs::globs;
use crate::rules::packs::Reason;

use super::super::calls::{External, Which, decides, held};
use super::super::case::{Case, Outcome};
use super::super::cleared::is_cleared_early;
use super::super::deadlines::{LONGEST, enclosed, outlives};
use super::super::verdict::{Confidence, Finding, Item, Location};

/// A library's default above this does not count, in seconds.
const LONGEST_DEFAULT: f64 = 120.0;

/// How a call is bounded in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    Bounded,
    /// Nothing bounds it.
    None,
    Off,
    /// It ends when the headers of the answer are there, and the body is read without one.
    Headers,
    TooLong(f64),
    /// The library's own default, in seconds.
    Default(f64),
    /// Perhaps: options are passed that cannot be seen into; with the library's default.
    Unresolved(Option<f64>),
}

/// `missing-timeout`: an argument, the client's configuration, an enclosing deadline, or a platform limit bounds each
/// external call by at most five minutes; a default of at most two minutes counts.
pub fn timeouts(case: &Case<'_, '_>) -> Outcome {
    if case.externals().is_empty() {
        return case.not_applicable(Item::A1, Reason::NoExternalCall);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for external in case.externals() {
        let bound = bound(case, external);
        if bound == Bound::Bounded {
            continue;
        }
        let decides = open_site(case, external).and_then(|site| decides(case.program, external, site, Which::Timeout));
        let api = ("api", decides.as_ref().and_then(|each| each.api.clone()).unwrap_or_else(|| external.api.clone()));
        let seconds = |seconds: f64| ("seconds", format!("{seconds}"));
        let mut finding = match bound {
            Bound::Bounded => continue,
            Bound::None => case.call_finding("missing-timeout", "none", external.call, &[api]),
            Bound::Off => case.call_finding("missing-timeout", "off", external.call, &[api]),
            Bound::Headers => case.call_finding("missing-timeout", "headers", external.call, &[api]),
            Bound::TooLong(length) => {
                case.call_finding("missing-timeout", "too-long", external.call, &[api, seconds(length)])
            }
            Bound::Default(length) => {
                case.call_finding("missing-timeout", "default", external.call, &[api, seconds(length)])
            }
            Bound::Unresolved(default) => {
                let mut finding = match default {
                    Some(length) => {
                        case.call_finding("missing-timeout", "default", external.call, &[api, seconds(length)])
                    }
                    None => case.call_finding("missing-timeout", "none", external.call, &[api]),
                };
                finding.confidence = Confidence::Likely;
                finding
            }
        };
        add_client(case, external, decides.and_then(|each| each.client), &mut finding);
        findings.push(finding);
    }
    case.outcome(Item::A1, findings, Vec::new())
}

/// Where the client is made that a call is made on.
pub fn client(case: &Case<'_, '_>, external: &External, site: Site) -> Option<Site> {
    let call = case.program.units.calls[external.call].call;
    let values = case.program.values(&call.callee, site.frame);
    let mut made = values.iter().flat_map(|value| value.sites().to_vec());
    made.find(|site| case.program.callee_paths(*site).iter().any(|path| case.program.is_a(path, Kind::Client)))
        .filter(|site| site.call != external.call)
}

/// Names the client that a call is made on as a related place: the one that decides, where there are several.
pub fn add_client(case: &Case<'_, '_>, external: &External, decides: Option<Site>, finding: &mut Finding) {
    if let Some(site) = decides.or_else(|| client(case, external, external.open)) {
        let location = case.program.place(site.call);
        let message = super::super::verdict::Text {
            en: "the client is made here".into(),
            ko: "클라이언트를 만드는 곳입니다".into(),
        };
        finding.related.push(super::super::verdict::Evidence { location, message });
    }
}

/// How a call is bounded, over all the ways in which it is reached.
pub fn bound(case: &Case<'_, '_>, external: &External) -> Bound {
    match open_site(case, external) {
        Some(site) if !by_platform(case, external) => by_settings(case, external, site),
        _ => Bound::Bounded,
    }
}

/// The first site at which neither a setting nor a deadline bounds a call.
fn open_site(case: &Case<'_, '_>, external: &External) -> Option<Site> {
    let mut sites = reached_sites(external).into_iter();
    sites.find(|site| by_settings(case, external, *site) != Bound::Bounded && !enclosed(case, external, *site))
}

/// The sites at which a call happens; where nothing reaches it, as it is written.
pub fn reached_sites(external: &External) -> Vec<Site> {
    let mut sites: Vec<Site> = external.reached.iter().flat_map(|(_, sites)| sites.iter().copied()).take(40).collect();
    if sites.is_empty() {
        sites.push(external.open);
    }
    sites
}

fn by_settings(case: &Case<'_, '_>, external: &External, site: Site) -> Bound {
    match held(case.program, external, site, Which::Timeout) {
        Held::Given(Amount::Number(seconds), _) if seconds > LONGEST => Bound::TooLong(seconds),
        Held::Given(Amount::Number(_) | Amount::Unknown, _) if is_cleared_early(case, external, site) => Bound::Headers,
        Held::Given(Amount::Number(_) | Amount::Unknown, _) => Bound::Bounded,
        Held::Given(Amount::Off, _) => Bound::Off,
        Held::Default(Some(seconds)) | Held::Unresolved(Some(seconds)) if seconds <= LONGEST_DEFAULT => Bound::Bounded,
        Held::Default(Some(seconds)) => Bound::Default(seconds),
        Held::Default(None) => Bound::None,
        Held::Unresolved(default) => Bound::Unresolved(default),
    }
}

/// Whether a platform's limit for the handler bounds every entry point that reaches the call.
pub fn by_platform(case: &Case<'_, '_>, external: &External) -> bool {
    !external.reached.is_empty()
        && case.entries_of(external).iter().all(|entry| platform_limit(case, entry))
        && !external.reached.iter().any(|(entry, sites)| {
            let reach = &case.reaches[*entry];
            sites.iter().any(|site| reach.trails(*site).iter().any(|trail| outlives(case, trail)))
        })
}

/// Whether a limit of the platform of at most five minutes holds for an entry point: a constant that its module
/// exports, or a key of a settings file.
pub fn platform_limit(case: &Case<'_, '_>, entry: &Entry<'_>) -> bool {
    platform_place(case, entry).is_some()
}

/// The scope of a limit that holds for all that a project serves.
const PROJECT: &str = "project";

/// The place of a platform's limit for an entry point.
pub fn platform_place(case: &Case<'_, '_>, entry: &Entry<'_>) -> Option<Location> {
    let program = case.program;
    let path = &program.modules[entry.module].path;
    for (id, fact) in
        program.catalogue.of_kind(Kind::Platform).filter(|(_, fact)| fact.protects.as_deref() == Some("A1"))
    {
        let Some(files) = fact.files.set() else { continue };
        if fact.scope.as_deref() == Some(PROJECT) {
            if let Some(place) = limit_of_project(case, entry, fact, files) {
                return Some(place);
            }
            continue;
        }
        if files.is_match(path) {
            for key in &fact.keys {
                if is_limited(case, entry.module, key) {
                    let span = asked_for(case, entry, fact).unwrap_or(entry.span);
                    return Some(program.location(entry.module, span));
                }
            }
        }
        if entry.is_action()
            && let Some(place) = limit_of_pages(case, entry, fact, files)
        {
            return Some(place);
        }
        if let Some(place) = limit_of_servers(case, entry, fact, files) {
            return Some(place);
        }
        for settings in program.settings_of(id).iter() {
            let folder = crate::link::names::folder_of(&settings.path);
            for entry_ in &settings.entries {
                let Literal::Number(seconds) = entry_.value else { continue };
                let limit = if fact.unit.as_deref() == Some("ms") { seconds / 1000.0 } else { seconds };
                let applies = fact.keys.iter().any(|pattern| {
                    let parts: Vec<&str> = pattern.split('.').collect();
                    match_keys(&parts, &entry_.keys).is_some_and(|captured| {
                        let captured = captured.first().copied();
                        let is_file = captured.is_some_and(|glob| {
                            let whole = crate::model::join(folder, glob);
                            globs(&[whole]).is_some_and(|globs| globs.is_match(path))
                        });
                        (fact.scope.as_deref() != Some("pattern") || is_file)
                            && is_deployed(case, entry, fact, settings, captured)
                    })
                });
                if applies && limit > 0.0 && limit <= LONGEST {
                    return Some(settings.location(entry_.span));
                }
            }
        }
    }
    None
}

/// Whether the functions that settings deploy, or the one of a name, load an entry point; so does what cannot be found.
fn is_deployed(
    case: &Case<'_, '_>,
    entry: &Entry<'_>,
    fact: &Fact,
    settings: &crate::model::Settings,
    function: Option<&str>,
) -> bool {
    let Some(keys) = &fact.handler else { return true };
    let pattern: Vec<&str> = keys.split('.').collect();
    let named = settings.entries.iter().filter_map(|each| match &each.value {
        Literal::Text(text) => {
            let captured = match_keys(&pattern, &each.keys)?;
            let is_it = function.is_none() || captured.first().copied() == function;
            is_it.then(|| text.rsplit_once('.').map_or(text.as_str(), |(stem, _)| stem).trim_start_matches("./"))
        }
        _ => None,
    });
    let named: Vec<&str> = named.collect();
    let is_named = |path: &str| {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        named.iter().any(|name| stem == *name || stem.strip_suffix(name).is_some_and(|folder| folder.ends_with('/')))
    };
    let modules = case.program.modules.iter().enumerate();
    let mut found = modules.filter(|(_, module)| is_named(&module.path)).map(|(module, _)| module).peekable();
    found.peek().is_none()
        || found.any(|module| module == entry.module || case.processes().brings(module, entry.module))
}

/// Whether a module exports a time limit under a key.
fn is_limited(case: &Case<'_, '_>, module: ModuleId, key: &str) -> bool {
    exported_number(case, module, key).is_some_and(|seconds| seconds > 0.0 && seconds <= LONGEST)
}

/// An action runs under the limit of the page that it is called from: the place of the first, where all have one.
fn limit_of_pages(case: &Case<'_, '_>, entry: &Entry<'_>, fact: &Fact, files: &GlobSet) -> Option<Location> {
    let program = case.program;
    // A route calls the function itself: that is no call of the action.
    let routes: BTreeSet<ModuleId> =
        case.entries.entries.iter().filter(|entry| entry.kind == "http").map(|entry| entry.module).collect();
    let pages = (0..program.modules.len()).filter(|module| {
        *module != entry.module
            && !routes.contains(module)
            && files.is_match(&program.modules[*module].path)
            && case.processes().brings(*module, entry.module)
    });
    let mut first = None;
    for page in pages {
        let place = place_of_limit(case, page, fact)?;
        first = first.or(Some(place));
    }
    first
}

/// The limit that a project's own settings give to all that it serves, where the entry point asks for no other one.
fn limit_of_project(case: &Case<'_, '_>, entry: &Entry<'_>, fact: &Fact, files: &GlobSet) -> Option<Location> {
    let program = case.program;
    let own = program.catalogue.of_kind(Kind::Platform).filter(|(_, each)| each.protects.as_deref() == Some("A1"));
    let mut asked = own.filter(|(_, each)| each.scope.is_none()).flat_map(|(_, each)| &each.keys);
    if asked.any(|key| exported_number(case, entry.module, key).is_some()) {
        return None;
    }
    let path = &program.modules[entry.module].path;
    let holds = |module: &ModuleId| {
        let settings = &program.modules[*module].path;
        let folder = crate::link::names::folder_of(settings);
        files.is_match(settings) && (folder.is_empty() || path.starts_with(&format!("{folder}/")))
    };
    (0..program.modules.len()).filter(holds).find_map(|module| place_of_limit(case, module, fact))
}

/// Where a module exports a time limit of a platform.
fn place_of_limit(case: &Case<'_, '_>, module: ModuleId, fact: &Fact) -> Option<Location> {
    let key = fact.keys.iter().find(|key| is_limited(case, module, key))?;
    let name = key.split('.').next().unwrap_or(key);
    let export = case.program.units.exports[module].iter().find(|export| export.name == name)?;
    Some(case.program.location(module, export.value.as_ref()?.span))
}

/// What another handler serves runs under the limit of that one: the place of the first, where all ways lead through one
/// with a limit. `fetchRequestHandler({ router })` in a route.
fn limit_of_servers(case: &Case<'_, '_>, entry: &Entry<'_>, fact: &Fact, files: &GlobSet) -> Option<Location> {
    let program = case.program;
    let limit = |link: &Link<'_>| {
        let Value::Function { unit, .. } = &link.value else { return None };
        let module = program.module_of(*unit);
        let is_handler = |each: &Entry<'_>| each.module == module && program.unit_of_frame(each.handler) == *unit;
        let is_served = files.is_match(&program.modules[module].path) && case.entries.entries.iter().any(is_handler);
        place_of_limit(case, module, fact).filter(|_| is_served)
    };
    let mut first = None;
    for chain in &entry.chains {
        let place = chain.iter().find_map(limit)?;
        first = first.or(Some(place));
    }
    first
}

/// What `*` stands for in a key pattern, in order. A key that holds dots itself (`nginx.ingress.kubernetes.io/limit-rps`)
/// is as many parts of the pattern.
pub fn match_keys<'k>(pattern: &[&str], keys: &'k [String]) -> Option<Vec<&'k str>> {
    match (pattern.split_first(), keys.split_first()) {
        (None, None) => Some(Vec::new()),
        (Some((&"**", rest)), _) => (0..=keys.len()).find_map(|skip| match_keys(rest, keys.get(skip..)?)),
        (Some((&"*", rest)), Some((key, keys))) => {
            let mut captured = vec![key.as_str()];
            captured.extend(match_keys(rest, keys)?);
            Some(captured)
        }
        (Some(_), Some((key, keys))) => {
            let parts = key.split('.').count();
            let own = pattern.get(..parts)?;
            if own.join(".") != *key {
                return None;
            }
            match_keys(pattern.get(parts..)?, keys)
        }
        _ => None,
    }
}

/// A number that the entry point's module exports under a key path.
fn exported_number(case: &Case<'_, '_>, module: ModuleId, key: &str) -> Option<f64> {
    let program = case.program;
    let (name, rest) = key.split_once('.').unwrap_or((key, ""));
    let export = program.units.exports[module].iter().find(|export| export.name == name)?;
    let value = export.value.as_ref()?;
    let frame = program.module_frame(module);
    if rest.is_empty() {
        return program.number(value, frame, 0);
    }
    match program.inside(value, frame, rest, 0) {
        Given::Present { expression, frame } => program.number(expression, frame, 0),
        _ => None,
    }
}

/// The place at which an entry point's module exports a key that a fact about its platform names.
pub fn asked_for(case: &Case<'_, '_>, entry: &Entry<'_>, fact: &Fact) -> Option<Span> {
    let program = case.program;
    let frame = program.module_frame(entry.module);
    let found = fact.keys.iter().find_map(|key| {
        let (name, rest) = key.split_once('.').unwrap_or((key, ""));
        let export = program.units.exports[entry.module].iter().find(|export| export.name == name)?;
        let value = export.value.as_ref()?;
        match program.inside(value, frame, rest, 0) {
            _ if rest.is_empty() => Some(value.span),
            Given::Present { expression, .. } => Some(expression.span),
            _ => None,
        }
    })?;
    fact.files.set()?.is_match(&program.modules[entry.module].path).then_some(found)
}
