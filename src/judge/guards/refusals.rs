//! The refusals and calls on the way to a call, and the middleware that lets requests pass.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::link::entries::{Role, is_assigned};
use crate::link::flow::{Exit, Gate};
use crate::link::reach::{Reach, Trail};
use crate::link::units::{Binding, NodeId, NodeKind};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Language, Literal, StatementKind};
use crate::rules::catalogue::Kind;

use super::super::inputs::words::asks_for_what_users_say;
use super::Guards;

/// Calls within calls whose refusals are looked for.
const CALLS_DEEP: usize = 3;
/// Refusals of one call that are looked at.
const GATES: usize = 200;

/// What is refused on one way through a function, and the calls that have happened on it.
pub type Way<'m> = (Vec<Gate<'m>>, Vec<Site>);

/// What stands in front, as what, and the route that is asked for.
type Asked = (FrameId, Role, Option<String>);

/// The ways through what stands in front of a handler. Where it goes on to nothing there is one, without a trail.
struct Ways<'m> {
    trails: Vec<Trail>,
    ways: Rc<[Way<'m>]>,
}

/// The refusals that were found: the same functions run in front of many entry points and on many ways.
#[derive(Default)]
pub(super) struct Refusals<'m> {
    /// What a call stops its caller by.
    calls: RefCell<FxHashMap<Site, Rc<[Gate<'m>]>>>,
    /// The calls by which what stands in front goes on.
    onwards: RefCell<FxHashMap<FrameId, Rc<[Site]>>>,
    /// What stands in front of handlers.
    in_front: RefCell<FxHashMap<(FrameId, Role), Rc<Ways<'m>>>>,
    /// The same for the requests to one route, where that makes a difference.
    for_route: RefCell<FxHashMap<Asked, Rc<[Way<'m>]>>>,
}

impl<'p, 'm> Guards<'p, 'm> {
    /// The gates that refuse on one way: in front of each of its calls, and in what has run before them.
    pub fn refusals(&self, trail: &Trail) -> Vec<Gate<'m>> {
        let mut gates = self.refusals_for_some(trail);
        gates.retain(|gate| self.is_for_all(gate));
        gates
    }

    /// Whether a gate stands in the way of all requests that are looked at: under no condition, or under one of their
    /// method, their path or their protocol that holds for them.
    fn is_for_all(&self, gate: &Gate<'m>) -> bool {
        gate.under.is_none_or(|test| !self.is_sometimes(test, gate.frame) && !self.is_for_others(gate.node, gate.frame))
    }

    /// The same with those that only stand in the way of requests of one method or to one path.
    fn refusals_for_some(&self, trail: &Trail) -> Vec<Gate<'m>> {
        let program = self.program;
        let mut gates = Vec::new();
        for step in trail {
            let is_kept = |gate: &Gate<'m>| {
                !self.is_optional(gate.under, gate.frame)
                    || gate.under.is_some_and(|test| self.asks_for_route(test, gate.frame))
            };
            gates.extend(program.gates(*step).into_iter().filter(is_kept));
            for before in program.before(*step) {
                // `if message["role"] == "user": check(message)`: what users have written is checked.
                let under = before.under.filter(|test| !asks_for_what_users_say(test));
                if before.is_caught || self.is_optional(under, step.frame) {
                    continue;
                }
                let until = Some(program.units.calls[step.call].node);
                self.refusals_through(before.site, until, &mut gates, 0);
            }
        }
        gates
    }

    /// Whether what a gate raises within one call is caught before another, which then happens all the same.
    pub(super) fn is_swallowed(&self, gate: &Gate<'m>, within: Site, until: Site) -> bool {
        let calls = &self.program.units.calls;
        self.program.is_stopped(gate, calls[within.call].node, Some(calls[until.call].node))
    }

    /// The frames that a call runs of which it raises what they raise: the program's own functions, and what a library
    /// has run by the time it returns (a transaction). Other callbacks may run later, or where nobody waits for them.
    pub(super) fn hands_on(&self, site: Site) -> Vec<FrameId> {
        let program = self.program;
        let is_own = |frame: &FrameId| program.frame(*frame).how == How::Call(site);
        let mut frames: Vec<FrameId> = program.runs(site).to_vec();
        let has_run = |path: &Rc<str>| {
            program.facts_of(path, Kind::Runs).iter().any(|(_, fact)| fact.role.as_deref() == Some("at-once"))
        };
        if frames.iter().all(is_own) || !program.callee_paths(site).iter().any(has_run) {
            frames.retain(is_own);
        }
        frames
    }

    /// Whether a call of a function that is asynchronous is left alone: what it raises stops nobody.
    pub(super) fn is_left_alone(&self, site: Site, frame: FrameId) -> bool {
        let program = self.program;
        let info = &program.units.calls[site.call];
        if program.is_handed_over(site.call) || program.keeps_errors(site) || program.is_left_running(site) {
            return true;
        }
        let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
        let StatementKind::Expression(value) = &statement.kind else { return false };
        self.is_asynchronous(frame) && is_dropped(value, info.call)
    }

    fn is_asynchronous(&self, frame: FrameId) -> bool {
        let function = self.program.units.units[self.program.unit_of_frame(frame)].function;
        function.is_some_and(|function| function.is_async && !function.is_generator)
    }

    /// Whether a test asks for the promise of an answer, or for the object that tells it, which are there whatever the
    /// answer is: `if (!allowed(ip))` of an asynchronous `allowed`, `count > 15` where nobody has awaited `count`,
    /// `if (!(await limiter.limit(ip)))` where the answer is in `success`.
    pub(super) fn asks_for_promise(&self, test: &'m Expression, frame: FrameId) -> bool {
        match &test.kind {
            ExpressionKind::Operator { operator, operands } => {
                let mut each = operands.iter().map(|operand| self.asks_for_promise(operand, frame));
                match operator.as_str() {
                    "and" | "or" => each.all(|asks| asks),
                    "not" | "<" | ">" | "<=" | ">=" | "==" | "!=" => each.any(|asks| asks),
                    _ => false,
                }
            }
            ExpressionKind::Name(name) => match self.bound_to_one(name, frame) {
                Some((value, true)) => {
                    matches!(value.kind, ExpressionKind::Call(_) | ExpressionKind::Await(_))
                        && self.asks_for_promise(value, frame)
                }
                // `const { success } = limiter.limit(ip)`
                Some((value, false)) => self.is_promise(value, frame),
                None => false,
            },
            // `verdict.success` of a verdict that nobody has awaited is nothing.
            ExpressionKind::Member { object, name } => {
                !matches!(name.as_str(), "then" | "catch" | "finally") && self.is_promise(object, frame)
            }
            ExpressionKind::Call(_) => self.is_promise(test, frame),
            ExpressionKind::Await(inner) => match &inner.kind {
                ExpressionKind::Call(call) => {
                    let site = self.program.units.call_id(call).map(|call| Site { call, frame });
                    site.is_some_and(|site| self.answers_with_object(site))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The value that a name is bound to where there is only one, and whether it is that as a whole.
    fn bound_to_one(&self, name: &str, frame: FrameId) -> Option<(&'m Expression, bool)> {
        let names = &self.program.units.units[self.program.unit_of_frame(frame)].names;
        match names.get(name).map(Vec::as_slice) {
            Some([Binding::Value { value, access, operator: None, .. }]) => Some((*value, access.is_empty())),
            _ => None,
        }
    }

    /// Whether an expression is a call that answers later, or by an object, and that nobody has awaited; also by its name.
    fn is_promise(&self, expression: &'m Expression, frame: FrameId) -> bool {
        match &expression.kind {
            ExpressionKind::Name(name) => self.bound_to_one(name, frame).is_some_and(|(value, is_whole)| {
                is_whole && matches!(value.kind, ExpressionKind::Call(_)) && self.is_promise(value, frame)
            }),
            ExpressionKind::Call(call) => self.program.units.call_id(call).is_some_and(|call| {
                let site = Site { call, frame };
                let frames = self.program.runs(site);
                let mut own =
                    frames.iter().filter(|inner| self.program.frame(**inner).how == How::Call(site)).peekable();
                if own.peek().is_none() {
                    return self.answers_later(site) || self.answers_with_object(site);
                }
                own.all(|inner| self.is_asynchronous(*inner))
            }),
            _ => false,
        }
    }

    /// Whether what a guard answers is in the fields of the object that it gives.
    pub(super) fn answers_with_object(&self, site: Site) -> bool {
        let in_fields = |path: &Rc<str>| {
            let facts = self.program.facts_of(path, Kind::Guard);
            facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("object"))
        };
        self.program.callee_paths(site).iter().any(in_fields)
    }

    /// Whether a store answers with a promise.
    fn answers_later(&self, site: Site) -> bool {
        if self.program.answers_when_awaited(site) {
            return true;
        }
        let later = |path: &Rc<str>| {
            let facts = self.program.facts_of(path, Kind::Store);
            facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("promise"))
        };
        self.program.callee_paths(site).iter().any(later)
    }

    /// The gates by which a call stops its caller, without those that raise what the caller catches and goes on.
    fn refusals_through(&self, site: Site, until: Option<NodeId>, gates: &mut Vec<Gate<'m>>, depth: usize) {
        let node = self.program.units.calls[site.call].node;
        let found = self.refused_by_call(site, depth);
        gates.extend(found.iter().filter(|gate| !self.program.is_stopped(gate, node, until)));
    }

    /// What a call stops its caller by; what is asked first and whole is remembered.
    fn refused_by_call(&self, site: Site, depth: usize) -> Rc<[Gate<'m>]> {
        if let Some(found) = self.refusals.calls.borrow().get(&site) {
            return found.clone();
        }
        let mut gates = Vec::new();
        self.refusals_of_call(site, &mut gates, depth);
        let found: Rc<[Gate<'m>]> = gates.into();
        if depth == 0 {
            self.refusals.calls.borrow_mut().insert(site, found.clone());
        }
        found
    }

    /// The gates by which a call stops its caller.
    pub(super) fn refusals_of_call(&self, site: Site, gates: &mut Vec<Gate<'m>>, depth: usize) {
        let program = self.program;
        if depth > CALLS_DEEP || gates.len() > GATES || !program.hands_errors_on(site.call) {
            return;
        }
        for frame in self.hands_on(site) {
            if self.is_left_alone(site, frame) {
                continue;
            }
            gates.extend(program.raising_gates(frame));
            for call in &program.units.units[program.unit_of_frame(frame)].calls {
                let info = &program.units.calls[*call];
                if !program.is_caught(info.node, None, None) {
                    self.refusals_through(Site { call: *call, frame }, None, gates, depth + 1);
                }
            }
        }
    }

    /// The calls that have happened on one way, without those that only sometimes do.
    pub fn before_all(&self, trail: &Trail) -> Vec<Site> {
        let program = self.program;
        let steps = trail.iter().flat_map(|step| program.before(*step).into_iter().map(|before| (before, *step)));
        let node = |site: Site| program.units.calls[site.call].node;
        let always = steps.filter(|(before, step)| {
            !before.is_caught
                && (before.under.is_none() || program.runs_as_given(node(before.site), node(*step), step.frame))
        });
        always.map(|(before, _)| before.site).collect()
    }

    /// What a function in front of the handler refuses, by the ways through it: gates, and the calls that have happened.
    pub fn refusals_in(&self, frame: FrameId, role: Role) -> Rc<[Way<'m>]> {
        let all = self.ways_through(frame, role);
        let is_for_some = all.ways.iter().any(|(gates, _)| gates.iter().any(|gate| gate.under.is_some()));
        if !is_for_some && !all.trails.iter().any(|trail| self.is_exempt(trail)) {
            return all.ways.clone();
        }
        let key = (frame, role, self.route.borrow().clone());
        let mut known = self.refusals.for_route.borrow_mut();
        let is_taken = |at: usize| all.trails.get(at).is_none_or(|trail| !self.is_exempt(trail));
        let for_all = |(gates, sites): &Way<'m>| -> Way<'m> {
            (gates.iter().filter(|gate| self.is_for_all(gate)).copied().collect(), sites.clone())
        };
        let taken = || {
            let ways = all.ways.iter().enumerate();
            ways.filter(|(at, _)| is_taken(*at)).map(|(_, way)| for_all(way)).collect()
        };
        known.entry(key).or_insert_with(taken).clone()
    }

    fn ways_through(&self, frame: FrameId, role: Role) -> Rc<Ways<'m>> {
        if let Some(found) = self.refusals.in_front.borrow().get(&(frame, role)) {
            return found.clone();
        }
        let found = Rc::new(self.find_ways_through(frame, role));
        self.refusals.in_front.borrow_mut().insert((frame, role), found.clone());
        found
    }

    fn find_ways_through(&self, frame: FrameId, role: Role) -> Ways<'m> {
        let program = self.program;
        let single = |way: Way<'m>| Ways { trails: Vec::new(), ways: [way].into() };
        if matches!(role, Role::Observer | Role::After) {
            return single((Vec::new(), Vec::new()));
        }
        let reach = self.reach(frame);
        let onwards = self.continuations(frame);
        if !onwards.is_empty() {
            let trails: Vec<Trail> = onwards.iter().flat_map(|site| reach.trails(*site)).collect();
            let ways = trails.iter().map(|trail| (self.refusals_for_some(trail), self.before_all(trail))).collect();
            return Ways { trails, ways };
        }
        let unit = program.unit_of_frame(frame);
        let mut gates = program.raising_gates(frame);
        if role != Role::Dependency {
            gates.extend(program.exits(unit, frame).into_iter().filter(|gate| gate.exit == Exit::Return));
        }
        let sites: Vec<Site> = program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame }).collect();
        for site in &sites {
            self.refusals_through(*site, None, &mut gates, 0);
        }
        single((gates, sites))
    }

    /// Whether a condition depends on the request.
    pub(super) fn is_optional(&self, test: Option<&'m Expression>, frame: FrameId) -> bool {
        test.is_some_and(|test| self.by_request(test, frame))
    }

    /// The calls by which a middleware goes on to what comes after it.
    pub fn continuations(&self, frame: FrameId) -> Rc<[Site]> {
        if let Some(found) = self.refusals.onwards.borrow().get(&frame) {
            return found.clone();
        }
        let found: Rc<[Site]> = self.find_continuations(&self.reach(frame)).into();
        self.refusals.onwards.borrow_mut().insert(frame, found.clone());
        found
    }

    fn find_continuations(&self, reach: &Reach) -> Vec<Site> {
        let program = self.program;
        reach
            .sites(program)
            .filter(|site| {
                let info = &program.units.calls[site.call];
                if self.hands_error_on(*site) {
                    return false;
                }
                // What an application is given to receive and to answer with is no way on.
                if self.goes_on_by_override(*site) {
                    return true;
                }
                let answers = match &info.call.callee.kind {
                    ExpressionKind::Name(name) => match name.as_str() {
                        "send" | "receive" | "start_response" => true,
                        // A promise is settled by what its function is given; `{ event, resolve }` of a hook goes on.
                        "resolve" | "reject" => !self.is_taken_of_given(name, site.frame),
                        _ => false,
                    },
                    _ => false,
                };
                !answers
                    && program.values(&info.call.callee, site.frame).iter().any(|value| match value {
                        Value::Parameter { .. } => goes_on(&info.call.callee),
                        Value::Library { .. } if self.is_given_next(*site) => true,
                        // What was wrapped by what was assigned in its place: `app.wsgi_app`.
                        Value::Library { path, .. }
                            if program.facts_of(path, Kind::Middleware).iter().any(|(_, fact)| is_assigned(fact)) =>
                        {
                            true
                        }
                        Value::Library { sites, .. } if sites.last().is_some_and(|made| self.is_of_override(*made)) => {
                            true
                        }
                        Value::Library { path, sites } => {
                            sites.is_empty()
                                && [".next", "()", ".call_next", ".handle", "Next().run", "Next().call"]
                                    .iter()
                                    .any(|end| path.ends_with(end))
                        }
                        _ => false,
                    })
            })
            .collect()
    }

    /// Whether a name is a part of an object that a function is given: `({ event, resolve }) => ..`.
    fn is_taken_of_given(&self, name: &str, frame: FrameId) -> bool {
        let mut around = std::iter::successors(Some(frame), |frame| self.program.frame(*frame).closure);
        let bindings = around.find_map(|frame| {
            self.program.units.units[self.program.unit_of_frame(frame)].names.get(name).map(Vec::as_slice)
        });
        bindings.is_some_and(|bindings| {
            bindings.iter().all(|each| matches!(each, Binding::Parameter { access, .. } if !access.is_empty()))
        })
    }

    /// Whether a call is given all that a middleware is given, the way on included: `limiter(req, res, next)`.
    fn is_given_next(&self, site: Site) -> bool {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let name = |each: &'m Expression| match &each.kind {
            ExpressionKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        let given: Vec<Option<&str>> = info.call.arguments.iter().map(|argument| name(&argument.value)).collect();
        if !(2..=3).contains(&given.len()) || given.last() != Some(&Some("next")) {
            return false;
        }
        let mut around = std::iter::successors(Some(info.unit), |unit| program.units.units[*unit].parent);
        around.any(|unit| {
            program.units.units[unit].function.is_some_and(|function| {
                function.parameters.iter().map(|parameter| name(&parameter.target)).eq(given.iter().copied())
            })
        })
    }

    /// Whether a method goes on by the method of a library that it overrides: what that answers is its answer too.
    fn goes_on_by_override(&self, site: Site) -> bool {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let is_dropped = match program.units.nodes[info.node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Expression(value) => value.span.end == info.call.span.end,
                _ => false,
            },
            _ => false,
        };
        !is_dropped
            && program.calls_overridden(site.call, program.units.units[info.unit].name())
            && self.is_of_library(site)
    }

    /// Whether a call asks the method of a library that the method around it overrides: what it gives is the way on
    /// (`handler = super().get_route_handler()`).
    fn is_of_override(&self, made: Site) -> bool {
        let info = &self.program.units.calls[made.call];
        self.program.calls_overridden(made.call, self.program.units.units[info.unit].name()) && self.is_of_library(made)
    }

    /// Whether a call is one of a library and no function of the program.
    fn is_of_library(&self, site: Site) -> bool {
        let callees = self.program.values(&self.program.units.calls[site.call].call.callee, site.frame);
        callees.iter().any(|callee| callee.path().is_some())
    }

    /// Whether a middleware gives up at a call: `next(error)` goes to the handlers of errors, past all that comes after.
    fn hands_error_on(&self, site: Site) -> bool {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let (ExpressionKind::Name(name), [given]) = (&info.call.callee.kind, info.call.arguments.as_slice()) else {
            return false;
        };
        if program.modules[info.module].language != Language::TypeScript {
            return false;
        }
        // `next` is the last of what a middleware is given, after the request and the answer.
        let mut around = std::iter::successors(Some(info.unit), |unit| program.units.units[*unit].parent);
        let is_last_given = around.any(|unit| {
            program.units.units[unit].function.is_some_and(|function| {
                let last = function.parameters.last().filter(|_| function.parameters.len() >= 3);
                last.is_some_and(|last| matches!(&last.target.kind, ExpressionKind::Name(last) if last == name))
            })
        });
        let goes_on = match &given.value.kind {
            ExpressionKind::Literal(Literal::Text(text)) => text == "route" || text == "router",
            ExpressionKind::Literal(_) => true,
            ExpressionKind::Name(name) => name == "undefined",
            _ => false,
        };
        is_last_given && !goes_on
    }
}

/// Whether a statement drops the promise of a call: `check(ip)`, `void check(ip)`, `check(ip).then(note)`.
pub fn is_dropped(value: &Expression, call: &Call) -> bool {
    match &value.kind {
        ExpressionKind::Operator { operator, operands } if operator == "void" => {
            operands.first().is_some_and(|inner| is_dropped(inner, call))
        }
        ExpressionKind::Call(each) if std::ptr::eq(each.as_ref(), call) => true,
        ExpressionKind::Call(each) => match &each.callee.kind {
            ExpressionKind::Member { object, name } => {
                matches!(name.as_str(), "then" | "catch" | "finally") && is_dropped(object, call)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a call of something that was given goes on with it: it is called itself, or by a method for that;
/// `error.toString()` of a given error does not.
pub(super) fn goes_on(callee: &Expression) -> bool {
    const ONWARDS: [&str; 14] = [
        "run", "call", "handle", "next", "invoke", "fetch", "dispatch", "execute", "apply", "process", "oneshot",
        "resolve", "handler", "app",
    ];
    match &callee.kind {
        ExpressionKind::Member { object, name } => {
            ONWARDS.contains(&name.as_str()) || matches!(&object.kind, ExpressionKind::Name(root) if root == "self")
        }
        _ => true,
    }
}
