//! What calls go by: their names for people, and the addresses that their clients are made with.

use crate::link::arguments::Given;
use crate::link::{Program, Site};
use crate::rules::catalogue::Kind;
use crate::rules::checked::plain;

/// Names of what a call may be that are said.
const NAMES: usize = 3;

/// The address that a client was made with.
pub(super) fn base_address(program: &Program<'_>, site: Site) -> Option<String> {
    let call = program.units.calls[site.call].call;
    let values = program.values(&call.callee, site.frame);
    values.iter().flat_map(|value| value.sites().to_vec()).find_map(|made| {
        let within = settings_within(program, made);
        within.iter().flat_map(|within| BASES.map(|key| format!("{within}{key}"))).find_map(|path| {
            match program.argument(made, &path) {
                Given::Present { expression, frame } => {
                    Some(program.text(expression, frame).unwrap_or_else(|| "*".into()))
                }
                _ => None,
            }
        })
    })
}

/// The keys under which clients are told the address that the paths of requests are put behind.
const BASES: [&str; 4] = ["base_url", "baseURL", "prefixUrl", "baseUrl"];

/// Where among its arguments a maker of clients takes settings: at the top, and wherever else it takes a timeout
/// (`useFactory.timeout`).
fn settings_within(program: &Program<'_>, made: Site) -> Vec<String> {
    let mut within = vec![String::new()];
    for path in program.callee_paths(made).iter() {
        for (_, fact) in program.facts_of(path, Kind::Client) {
            let arguments = fact.timeout.iter().flat_map(|setting| &setting.arguments);
            within.extend(arguments.filter_map(|path| Some(format!("{}.", path.rsplit_once('.')?.0))));
        }
    }
    within
}

/// The names of what a call may be, for people: not more than they read.
pub(super) fn joined(mut names: Vec<String>) -> String {
    if names.len() > NAMES {
        names.truncate(NAMES - 1);
        names.push("…".to_owned());
    }
    names.join(" / ")
}

/// A canonical name as people say it: the package, then what is called on it.
pub(super) fn api_name(path: &str) -> String {
    let path = plain(path);
    let path = path.as_str();
    let head = path.split(['.', '(']).next().unwrap_or(path);
    let head = if matches!(head, "globals" | "builtins" | "std") { "" } else { head };
    let mut tail: Vec<&str> = path.split('.').skip(1).collect();
    // What made the instance says little beside what is called on it.
    while tail.len() > 1 && tail.iter().rev().skip(1).any(|part| part.ends_with("()")) {
        tail.remove(0);
    }
    if let (1, Some(constructor)) = (tail.len(), path.split('.').rev().nth(1).filter(|part| part.ends_with("()")))
        && constructor != "default()"
    {
        let constructor = constructor.trim_end_matches("()");
        return format!("{head} {constructor}.{}", tail.join(".")).trim().to_owned();
    }
    let tail = tail.join(".");
    let tail = tail.trim_start_matches("default.");
    if tail.is_empty() || tail == "default" { head.to_owned() } else { format!("{head} {tail}").trim().to_owned() }
}
