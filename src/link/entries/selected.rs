//! Middleware that is put in front of some entry points only: of those with a path, of those of a class of handlers.

use regex::Regex;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::ClassId;
use crate::link::values::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Fact;

use super::Entry;

/// Longest pattern that is compiled.
const LONGEST: usize = 500;
/// Lists within lists of routes.
const DEPTH: usize = 4;

/// The entry points that middleware is for.
#[derive(Debug, Default)]
pub(super) struct Selection {
    routes: Vec<Route>,
    classes: Vec<ClassId>,
    excluded: Vec<Route>,
}

/// Requests by their path and method.
#[derive(Debug)]
struct Route {
    path: Regex,
    /// None: all methods.
    method: Option<String>,
}

impl Selection {
    /// What a call that puts middleware in front says of it: its arguments name what it is for, those of the calls in
    /// `keys` before it what it is not for.
    pub(super) fn of<'m>(program: &Program<'m>, fact: &Fact, site: Site) -> Selection {
        let mut selection = Selection::default();
        for argument in &program.units.calls[site.call].call.arguments {
            selection.add(program, &argument.value, site.frame, 0);
        }
        for path in &fact.keys {
            for (_, _, link) in program.arguments_of(site, path) {
                for argument in &program.units.calls[link.call].call.arguments {
                    selection.excluded.extend(route(program, &argument.value, link.frame, false));
                }
            }
        }
        selection
    }

    fn add<'m>(&mut self, program: &Program<'m>, named: &'m Expression, frame: FrameId, depth: usize) {
        if let ExpressionKind::Spread(inner) = &named.kind {
            return self.add(program, inner, frame, depth);
        }
        if let Some(route) = route(program, named, frame, true) {
            self.routes.push(route);
            return;
        }
        for value in program.values(named, frame).iter() {
            match value {
                Value::Class(class) => self.classes.push(*class),
                Value::Data { expression, frame } if depth < DEPTH => {
                    if let ExpressionKind::List(items) = &expression.0.kind {
                        items.iter().for_each(|item| self.add(program, item, *frame, depth + 1));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether the middleware stands in front of an entry point.
    pub(super) fn takes_in(&self, program: &Program<'_>, entry: &Entry<'_>) -> bool {
        let (method, path) = entry.name.split_once(' ').unwrap_or(("", ""));
        // What stands for a part of the path may be anything.
        let path = path.split('/').map(|part| if part.starts_with(':') { "x" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let is_it = |route: &Route| {
            route.path.is_match(&path) && route.method.as_deref().is_none_or(|only| method.is_empty() || only == method)
        };
        let class = program.units.units[program.unit_of_frame(entry.handler)].class;
        (self.routes.iter().any(is_it) || class.is_some_and(|class| self.classes.contains(&class)))
            && !self.excluded.iter().any(is_it)
    }
}

/// A path as a text, or with its method as an object: `"notes/*rest"`, `{ path: "notes", method: RequestMethod.POST }`.
/// A text is for what lies below as well, unless it is a path to leave out.
fn route<'m>(program: &Program<'m>, named: &'m Expression, frame: FrameId, with_below: bool) -> Option<Route> {
    if let Given::Present { expression, frame: home } = program.inside(named, frame, "path", 0) {
        let path = Regex::new(&expression_of(&program.text(expression, home)?, false)?).ok()?;
        let method = match program.inside(named, frame, "method", 0) {
            Given::Present { expression, frame } => program.values(expression, frame).iter().find_map(last_part),
            _ => None,
        };
        return Some(Route { path, method: method.filter(|method| method != "ALL") });
    }
    let path = program.text(named, frame)?;
    Some(Route { path: Regex::new(&expression_of(&path, with_below)?).ok()?, method: None })
}

/// `POST` of `RequestMethod.POST`.
fn last_part(value: &Value<'_>) -> Option<String> {
    value.path()?.rsplit('.').next().map(str::to_owned)
}

/// The regular expression that a pattern stands for: `*` and `*name` any rest, `:name` a part, `{..}` what may be missing,
/// groups are regular expressions.
fn expression_of(pattern: &str, with_below: bool) -> Option<String> {
    if pattern.len() > LONGEST {
        return None;
    }
    let mut expression = String::from("^/?");
    let mut rest = pattern.trim_matches('/').chars().peekable();
    let mut depth = 0_usize;
    let is_word = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    while let Some(letter) = rest.next() {
        match letter {
            '(' | ')' => {
                depth = if letter == '(' { depth + 1 } else { depth.saturating_sub(1) };
                expression.push(letter);
            }
            _ if depth > 0 => expression.push(letter),
            '{' => expression.push_str("(?:"),
            '}' => expression.push_str(")?"),
            '*' | ':' => {
                while rest.next_if(is_word).is_some() {}
                expression.push_str(if letter == '*' { ".*" } else { "[^/]+" });
            }
            '?' => expression.push('?'),
            _ => expression.push_str(&regex::escape(&letter.to_string())),
        }
    }
    expression.push_str(if with_below { "(?:/.*)?/?$" } else { "/?$" });
    Some(expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_what_they_say() {
        let cases = [
            ("*", "/notes", true),
            ("{*splat}", "/", true),
            ("/*splat", "/notes/x", true),
            ("(.*)", "/notes", true),
            ("v1/*path", "/v1/notes", true),
            ("v1/*path", "/v2/notes", false),
            ("notes", "/notes/x", true),
            ("note", "/notes", false),
            ("notes/:id", "/notes/x", true),
            ("", "/notes", true),
        ];
        for (pattern, path, expected) in cases {
            let expression = expression_of(pattern, true).and_then(|expression| Regex::new(&expression).ok());
            assert_eq!(expression.is_some_and(|each| each.is_match(path)), expected, "{pattern} {path}");
        }
        let exact = expression_of("notes", false).and_then(|expression| Regex::new(&expression).ok());
        assert!(exact.is_some_and(|each| each.is_match("/notes") && !each.is_match("/notes/x")));
    }
}
