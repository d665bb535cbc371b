//! Which requests a guard lets pass unseen: exempt paths, probes, methods.

use crate::link::deployment::decided;
use crate::link::entries::Entry;
use crate::link::flow::{Exit, Gate};
use crate::link::reach::Trail;
use crate::link::units::{NodeId, NodeKind};
use crate::link::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::{Guards, routed};

/// Methods that do something; the others are never those of an ordinary request.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// What stands in place of a method where a websocket is opened.
pub(super) const WEBSOCKET: &str = "WEBSOCKET";

impl<'p, 'm> Guards<'p, 'm> {
    /// The method and path of the requests to an entry point. Where a handler is registered for all methods, what it
    /// does for some of them only tells which ones count: `if (req.method !== "POST") return res.status(405).end()`.
    pub(super) fn route_of(&self, entry: &Entry<'m>) -> Option<String> {
        if let Some(route) = routed(entry) {
            return Some(route.into_owned());
        }
        if entry.kind != "http" || !entry.name.starts_with('/') {
            return None;
        }
        let depends = self.depends_on_route.get();
        let serves = |method: &&str| self.works_for(entry, &format!("{method} {}", entry.name));
        let served: Vec<&str> = METHODS.into_iter().filter(serves).collect();
        self.depends_on_route.set(depends);
        match served.as_slice() {
            [only] => Some(format!("{only} {}", entry.name)),
            _ => Some(format!("* {}", entry.name)),
        }
    }

    /// Whether a handler comes to something that it does for requests to a route: a call of the program's own functions,
    /// or one that leaves the process.
    fn works_for(&self, entry: &Entry<'m>, route: &str) -> bool {
        let program = self.program;
        let unit = program.unit_of_frame(entry.handler);
        let mut sites = program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame: entry.handler });
        sites.any(|site| {
            let paths = program.callee_paths(site);
            let leaves = || paths.iter().any(|path| program.is_a(path, Kind::Call) || program.is_a(path, Kind::Http));
            (leaves() || !program.runs(site).is_empty()) && !self.is_left_before(site, Some(route))
        })
    }

    /// A way through a middleware for what it does not concern: other protocols, its own switch.
    pub(super) fn is_exempt(&self, trail: &Trail) -> bool {
        let route = self.route.borrow().clone();
        let passes = |last: &Site| {
            !is_websocket(route.as_deref()) && self.is_passed_by(*last, None)
                || route.is_some() && self.is_passed_by(*last, route.as_deref())
        };
        trail.last().is_some_and(passes)
    }

    /// Whether a call stands in a branch that the requests in question never take: it is for another protocol, for
    /// probes, or for other paths than the route.
    pub fn is_passed_by(&self, site: Site, route: Option<&str>) -> bool {
        self.program.gates(site).iter().any(|gate| {
            gate.exit == Exit::Branch && self.concerns(gate.test, gate.frame, route, 0) == Some(gate.refuses_when)
        })
    }

    /// Whether the requests in question have left a function before a call: `if (path.startsWith("/api")) return`.
    pub fn is_left_before(&self, site: Site, route: Option<&str>) -> bool {
        self.program.gates(site).iter().any(|gate| {
            gate.under.is_none() && self.concerns(gate.test, gate.frame, route, 0) == Some(gate.refuses_when)
        })
    }

    /// Whether a test only asks for the method, the path or the protocol of a request.
    pub(super) fn asks_for_route(&self, test: &'m Expression, frame: FrameId) -> bool {
        let depends = self.depends_on_route.get();
        let asks =
            METHODS.into_iter().all(|method| self.concerns(test, frame, Some(&format!("{method} /")), 0).is_some());
        self.depends_on_route.set(depends);
        asks
    }

    /// Whether a gate keeps the requests in question from what stands behind it.
    pub fn is_for_other_requests(&self, gate: &Gate<'m>, route: Option<&str>) -> bool {
        self.concerns(gate.test, gate.frame, route, 0) == Some(gate.refuses_when)
    }

    /// Whether a test holds for ordinary requests to a route.
    pub fn is_for(&self, test: &'m Expression, frame: FrameId, route: Option<&str>) -> bool {
        self.concerns(test, frame, route, 0) == Some(true)
    }

    /// Whether a test holds for ordinary requests to a route; none where that cannot be told.
    pub(super) fn concerns(
        &self,
        test: &'m Expression,
        frame: FrameId,
        route: Option<&str>,
        depth: usize,
    ) -> Option<bool> {
        let holds = |operand: &'m Expression| self.concerns(operand, frame, route, depth + 1);
        if depth > 8 {
            return None;
        }
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => decided(parts.iter().map(holds), false),
                ("or", parts) => decided(parts.iter().map(holds), true),
                // `req.url?.startsWith("/api") ?? false`
                ("??", [told, _]) => holds(told),
                ("==" | "in", [_, right]) => self
                    .is_one_of(right, frame, route, |route, text| route == text)
                    .or_else(|| self.program.holds_deployed(test, frame, 0)),
                ("!=" | "not in", [_, right]) => self
                    .is_one_of(right, frame, route, |route, text| route == text)
                    .map(|is_one| !is_one)
                    .or_else(|| self.program.holds_deployed(test, frame, 0)),
                _ => None,
            },
            // `if (isDevelopment) return next()`.
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => self.program.holds_deployed(test, frame, 0),
            ExpressionKind::Call(call) => {
                let ExpressionKind::Member { name, .. } = &call.callee.kind else { return None };
                let given = &call.arguments.first()?.value;
                match name.as_str() {
                    "startswith" | "startsWith" | "starts_with" => {
                        self.is_one_of(given, frame, route, |route, text| route.starts_with(text))
                    }
                    // `SKIPPED.includes(req.path)`, `SKIPPED.has(...)`.
                    "includes" | "has" | "contains" => {
                        let ExpressionKind::Member { object, .. } = &call.callee.kind else { return None };
                        self.is_one_of(object, frame, route, |route, text| route == text)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether what stands at a node is for other requests than those that are looked at: other paths, other methods.
    pub(super) fn is_for_others(&self, node: NodeId, frame: FrameId) -> bool {
        let route = self.route.borrow().clone();
        route.is_some()
            && self.program.units.ancestors(node).any(|(_, each)| {
                let (test, holds) = match each.kind {
                    NodeKind::Then(test) => (test, true),
                    NodeKind::Otherwise(test) => (test, false),
                    NodeKind::Branch { test, holds } => (test, holds),
                    _ => return false,
                };
                self.concerns(test, frame, route.as_deref(), 0) == Some(!holds)
            })
    }

    /// Whether a condition depends on the request in a way that is not told by its method and path: then what stands
    /// under it does not always run.
    pub(super) fn is_sometimes(&self, test: &'m Expression, frame: FrameId) -> bool {
        let route = self.route.borrow().clone();
        self.by_request(test, frame) && (route.is_none() || self.concerns(test, frame, route.as_deref(), 0).is_none())
    }

    /// Whether an ordinary request is one of the protocols, methods or paths that are written.
    pub(super) fn is_one_of(
        &self,
        written: &'m Expression,
        frame: FrameId,
        route: Option<&str>,
        fits: impl Fn(&str, &str) -> bool,
    ) -> Option<bool> {
        let mut texts = Vec::new();
        self.texts(written, frame, &mut texts, 0);
        if texts.is_empty() {
            return None;
        }
        let opens = is_websocket(route);
        let (method, route) = match route.and_then(|route| route.split_once(' ')) {
            Some((method, path)) => (Some(method).filter(|method| METHODS.contains(method)), Some(path)),
            None => (None, route),
        };
        let answers = texts.iter().map(|text| match text.as_str() {
            text if METHODS.contains(&text) => {
                self.depends_on_route.set(true);
                method.map(|method| method == text)
            }
            "http" | "websocket" => {
                self.depends_on_route.set(true);
                Some((text == "websocket") == opens)
            }
            "lifespan" | "OPTIONS" | "HEAD" => Some(false),
            path if path.starts_with('/') => match route {
                Some(route) => {
                    self.depends_on_route.set(true);
                    // What stands for a part of a path may be anything, and a router may know its paths only by their end.
                    let fixed =
                        route.find([':', '{', '[', '<', '*']).map_or(route, |at| route.get(..at).unwrap_or(route));
                    let is_open = fixed.len() < route.len() && path.starts_with(fixed);
                    let is_inside = route.get(1..).is_some_and(|rest| rest.contains(path));
                    if is_open || is_inside { None } else { Some(fits(route, path)) }
                }
                None if is_probe(path) => Some(false),
                None => None,
            },
            _ => None,
        });
        decided(answers, true)
    }

    /// The texts that an expression is, or that its list holds.
    pub(super) fn texts(&self, written: &'m Expression, frame: FrameId, texts: &mut Vec<String>, depth: usize) {
        if depth > 3 {
            return;
        }
        match &written.kind {
            ExpressionKind::Literal(Literal::Text(text)) => texts.push(text.clone()),
            ExpressionKind::List(items) => items.iter().for_each(|item| self.texts(item, frame, texts, depth + 1)),
            ExpressionKind::Call(call) => {
                // `new Set([...])`, `frozenset({...})`.
                call.arguments.iter().take(1).for_each(|each| self.texts(&each.value, frame, texts, depth + 1));
            }
            _ => {
                for value in self.program.values(written, frame).iter() {
                    match value {
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, written) => {
                            self.texts(expression.0, *frame, texts, depth + 1);
                        }
                        Value::Library { sites, .. } => {
                            for site in sites.iter().take(1) {
                                let call = self.program.units.calls[site.call].call;
                                call.arguments
                                    .iter()
                                    .take(1)
                                    .for_each(|each| self.texts(&each.value, site.frame, texts, depth + 1));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// Whether a route is that of a websocket.
fn is_websocket(route: Option<&str>) -> bool {
    route.and_then(|route| route.split_once(' ')).is_some_and(|(method, _)| method == WEBSOCKET)
}

/// Paths that only ask whether the server is there.
pub(super) fn is_probe(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    matches!(
        last,
        "" | "health"
            | "healthz"
            | "livez"
            | "readyz"
            | "ready"
            | "live"
            | "ping"
            | "metrics"
            | "status"
            | "favicon.ico"
            | "docs"
            | "openapi.json"
    )
}
