//! Requests of a client to the server of the same repository: they are not external. A client is told where its server
//! is, so that what it asks for tells: a path for which the server has an entry point.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::entries::Entry;
use crate::rules::catalogue::{Calls, Kind};

use super::External;
use super::names::base_address;

/// Hosts on which a server runs while it is developed: a client's default.
const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"];

/// Leaves out what a client, which serves nothing itself, asks of the server beside it.
pub fn leave_to_its_client(program: &Program<'_>, entries: &[Entry<'_>], all: &mut Vec<External>) {
    let routes: Vec<(&Entry<'_>, &str, &str)> = entries
        .iter()
        .map(|entry| {
            let (method, path) = entry.name.split_once(' ').unwrap_or(("*", &entry.name));
            (entry, method, path)
        })
        .filter(|(_, _, path)| path.starts_with('/'))
        .collect();
    if routes.is_empty() {
        return;
    }
    all.retain(|each| {
        let is_request = each.kind == Calls::External && program.catalogue.fact(each.fact).is == Kind::Http;
        if !is_request || each.endpoint.is_some() || !each.reached.is_empty() {
            return true;
        }
        let Some((method, path)) = asked_for(program, each) else { return true };
        let module = program.units.calls[each.call].module;
        let is_it = |(entry, served, route): &(&Entry<'_>, &str, &str)| {
            entry.module != module
                && (*served == "*" || method.as_ref().is_none_or(|method| served.eq_ignore_ascii_case(method)))
                && is_served(route, &path)
        };
        !routes.iter().any(is_it)
    });
}

/// The method and the path of a request to a host that is not known, or local.
fn asked_for(program: &Program<'_>, request: &External) -> Option<(Option<String>, String)> {
    let url = program.catalogue.fact(request.fact).url.as_deref()?;
    let Given::Present { expression, frame } = program.argument(request.open, url) else { return None };
    let base = base_address(program, request.open).unwrap_or_default();
    let whole = format!("{}{}", base.trim_end_matches('/'), program.text(expression, frame)?);
    let (host, path) = whole.split_once("://").map_or(whole.as_str(), |(_, rest)| rest).split_once('/')?;
    let host = host.split(':').next().unwrap_or(host);
    let paths = program.callee_paths(request.open);
    let called = paths.first().and_then(|path| path.rsplit('.').next().map(str::to_owned));
    let method = called.filter(|name| matches!(name.as_str(), "get" | "post" | "put" | "patch" | "delete"));
    let path = path.split(['?', '#']).next().unwrap_or(path);
    (LOCAL.contains(&host) || host == "*").then(|| (method, path.to_owned()))
}

/// Whether a path is one of those for which a route is; one that is all parameters tells nothing.
fn is_served(route: &str, path: &str) -> bool {
    let parts = |path: &'_ str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (route, path) = (parts(route), parts(path));
    let is_open = |part: &str| part.starts_with(['{', ':', '<', '[']) || part.contains('*');
    route.len() == path.len()
        && route.iter().zip(&path).all(|(served, asked)| is_open(served) || asked.contains('*') || served == asked)
        && route.iter().zip(&path).any(|(served, asked)| !is_open(served) && served == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_and_what_is_asked_for() {
        assert!(is_served("/jobs", "jobs"));
        assert!(is_served("/jobs/{id}/vectors", "jobs/*/vectors"));
        assert!(!is_served("/jobs", "jobs/7"));
        assert!(!is_served("/{id}", "jobs"));
    }
}
