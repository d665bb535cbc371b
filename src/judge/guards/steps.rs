//! Protection at one step of a trail: decorators, what stands around it, what happens before it.

use crate::link::flow::{Exit, Gate, Slice, walk_block};
use crate::link::units::{CallId, NodeKind};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span, Statement, StatementKind};
use crate::rules::catalogue::{Fact, Kind};

use super::super::conditions::fallback::walk;
use super::memory::once;
use super::{DECIDES, DEPTH, Guards, Protection, short};

/// The role of guards that raise something else than an error of the language.
const NO_ERROR: &str = "no-error";

impl<'p, 'm> Guards<'p, 'm> {
    /// What protects one step of a way: its function's decorators, what stands around it, in its way, or before it.
    pub fn at_step(&self, site: Site, decorators: bool, item: &str) -> Option<Protection> {
        once(&self.memory.steps, (site, decorators), item, || {
            (if decorators { self.decorators(site.frame, item) } else { None })
                .or_else(|| self.around(site, item))
                .or_else(|| self.gates(&self.program.gates(site), item))
                .or_else(|| self.before(site, item))
                .or_else(|| self.on_both_sides(site, item))
        })
    }

    /// The decorators of the unit that a frame runs.
    pub fn decorators(&self, frame: FrameId, item: &str) -> Option<Protection> {
        let module = self.program.units.units[self.program.unit_of_frame(frame)].module;
        self.decorating(frame).into_iter().find_map(|(value, span)| match value {
            Value::Library { path, sites } => (!self.facts(&path, sites.last().copied(), item).is_empty())
                .then(|| Protection { module, span, name: short(&path) }),
            _ => None,
        })
    }

    /// What decorates the unit that a frame runs, and what decorators of the program apply to it, with the decorator.
    pub fn decorating(&self, frame: FrameId) -> Vec<(Value<'m>, Span)> {
        let program = self.program;
        let info = &program.units.units[program.unit_of_frame(frame)];
        let (Some(function), Some(parent)) = (info.function, info.parent) else { return Vec::new() };
        if function.decorators.is_empty() {
            return Vec::new();
        }
        let outer = program.frame(frame).closure.unwrap_or_else(|| program.open_frame(parent));
        let mut all = Vec::new();
        for decorator in &function.decorators {
            for value in program.values(decorator, outer).iter() {
                let applied = program.applied_by(value);
                all.extend(std::iter::once(value.clone()).chain(applied).map(|value| (value, decorator.span)));
            }
        }
        all
    }

    /// What a call stands inside of: the arguments of a wrapper, a `with` block; and what it is itself, where it hands a
    /// function on.
    pub fn around(&self, site: Site, item: &str) -> Option<Protection> {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let calls = std::iter::once(site.call).chain(info.within.iter().copied()).chain(self.operators_on(site));
        for call in calls {
            let here = Site { call, frame: site.frame };
            for path in program.callee_paths(here).iter() {
                let wraps = self
                    .facts(path, Some(here), item)
                    .iter()
                    .any(|fact| !matches!(fact.how.as_deref(), Some("result" | "init")));
                if wraps {
                    let call = program.units.calls[call].call;
                    return Some(Protection { module: info.module, span: call.callee.span, name: short(path) });
                }
            }
        }
        for (_, node) in program.units.ancestors(info.node) {
            let NodeKind::With(items) = node.kind else { continue };
            for item_ in items {
                for value in program.values(&item_.context, site.frame).iter() {
                    let Value::Library { path, sites } = value else { continue };
                    if !self.facts(path, sites.last().copied(), item).is_empty() {
                        return Some(Protection { module: info.module, span: item_.context.span, name: short(path) });
                    }
                }
            }
        }
        None
    }

    /// The calls that are given to a method of what a call has made, and do something to it: `timeout` and `retry` of
    /// `request.pipe(timeout(5_000), retry(3))`.
    pub fn operators_on(&self, site: Site) -> Vec<CallId> {
        let program = self.program;
        let calls = &program.units.calls;
        let own = calls[site.call].call.span;
        let is_operator = |call: &CallId| {
            let here = Site { call: *call, frame: site.frame };
            let facts = program.callee_paths(here);
            let mut facts = facts.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
            facts.any(|(_, fact)| fact.how.as_deref() == Some("argument"))
        };
        let is_given_to_it = |call: &CallId| {
            let Some(outer) = calls[*call].within.first() else { return false };
            let ExpressionKind::Member { object, .. } = &calls[*outer].call.callee.kind else { return false };
            object.span.contains(own)
                || matches!(object.kind, ExpressionKind::Name(_)) && program.pending(object, site.frame).contains(&site)
        };
        let unit = program.unit_of_frame(site.frame);
        let others = program.units.units[unit].calls.iter().copied().filter(|call| *call != site.call);
        others.filter(|call| !calls[*call].within.is_empty() && is_operator(call) && is_given_to_it(call)).collect()
    }

    /// The tests in the way of a call.
    pub(super) fn gates(&self, gates: &[Gate<'m>], item: &str) -> Option<Protection> {
        gates.iter().find_map(|gate| self.gate(gate, item))
    }

    pub fn gate(&self, gate: &Gate<'m>, item: &str) -> Option<Protection> {
        let test = std::ptr::from_ref(gate.test) as usize;
        let key = (gate.node, test, gate.frame, gate.refuses_when);
        once(&self.memory.gates, key, item, || self.find_gate(gate, item))
    }

    pub(super) fn find_gate(&self, gate: &Gate<'m>, item: &str) -> Option<Protection> {
        let program = self.program;
        let is_around = gate.exit == Exit::Branch;
        let is_left_out = |test| {
            self.is_sometimes(test, gate.frame)
                && !self.counts_beside(gate, test, item)
                && !self.only_asks_if_told(gate, test)
                && !self.is_for_all_but_payers(test, gate.frame, gate.node)
        };
        if gate.under.is_some_and(is_left_out)
            || self.is_for_others(gate.node, gate.frame)
            || !self.is_awaited_decision(gate) && self.asks_for_promise(gate.test, gate.frame)
            || !is_around && program.is_never_deployed(gate.node, gate.frame)
            || program.holds_deployed(gate.test, gate.frame, 0) == Some(!gate.refuses_when)
        {
            return None;
        }
        let route = self.route.borrow().clone();
        if self.concerns(gate.test, gate.frame, route.as_deref(), 0) == Some(!gate.refuses_when) && route.is_some() {
            return None;
        }
        let slice = program.gate_slice(gate);
        let module = program.module_of(program.unit_of_frame(gate.frame));
        let found = self.asks_library(&slice, item).map(|name| Protection { module, span: gate.span, name });
        if found.is_some() {
            return found.filter(|_| !self.passes_at_a_word(gate, &slice));
        }
        if item == "C3"
            && let Some(found) = self
                .tells_known_rows(gate, &slice)
                .or_else(|| self.claims_a_row(gate, &slice))
                .or_else(|| self.claims_by_insert(gate, &slice))
        {
            return Some(Protection { span: gate.span, module, ..found });
        }
        let reached = self.reached.borrow().clone();
        let name = self.behaviour.of_gate(gate, &slice, item, reached.as_deref())?;
        let is_left_out = matches!(item, "C1" | "C2") && self.passes_at_a_word(gate, &slice);
        (!is_left_out).then_some(Protection { module, span: gate.span, name })
    }

    /// The name of a library's guard that is asked among what flows into a test. One that recognises equal requests does
    /// so around the call: a cache of something else knows nothing of them.
    fn asks_library(&self, slice: &Slice<'m>, item: &str) -> Option<String> {
        slice.sites.iter().find_map(|site| {
            let paths = self.program.callee_paths(*site);
            let asked = paths.iter().find(|path| {
                let facts = self.facts(path, Some(*site), item);
                facts.iter().any(|fact| item != "C3" || matches!(fact.how.as_deref(), Some("result" | "raises")))
            });
            asked.map(|path| short(path))
        })
    }

    /// Whether a gate is what a function answers that is asked for a decision, by a promise of it: who asks awaits that.
    fn is_awaited_decision(&self, gate: &Gate<'m>) -> bool {
        let ExpressionKind::Call(call) = &gate.test.kind else { return false };
        let is_answer = gate.refusal.is_none() && gate.exit == Exit::Return && gate.span == gate.test.span;
        let site = self.program.units.call_id(call).map(|call| Site { call, frame: gate.frame });
        is_answer && !site.is_some_and(|site| self.answers_with_object(site))
    }

    /// Whether a condition depends on the request: then what stands under it does not always run.
    pub(super) fn by_request(&self, test: &'m Expression, frame: FrameId) -> bool {
        let slice = self.program.slice(test, frame);
        (slice.parameters.iter().any(|(_, _, frame)| self.program.frame(*frame).how == How::Framework)
            || self.asks_kind_of_caller(test, &slice))
            && !slice.sites.iter().any(|site| {
                self.program.callee_paths(*site).iter().any(|path| self.program.is_a(path, Kind::Environment))
            })
    }

    /// Whether a test asks what kind of caller somebody is, who is known by a library: `user.is_anonymous`. That somebody
    /// is known at all is not asked here.
    fn asks_kind_of_caller(&self, test: &'m Expression, slice: &Slice<'m>) -> bool {
        const WHO: [&str; 9] = ["data", "user", "session", "id", "sub", "uid", "email", "userId", "claims"];
        let is_caller = |site: &Site| {
            let paths = self.program.callee_paths(*site);
            paths.iter().any(|path| self.program.is_a(path, Kind::Caller))
        };
        let mut asks = false;
        walk(test, &mut |each| {
            asks |= matches!(&each.kind, ExpressionKind::Member { name, .. } if !WHO.contains(&name.as_str()));
        });
        asks && slice.sites.iter().any(is_caller)
    }

    /// What has happened when a call happens: library calls that stop their caller, and own functions that do.
    fn before(&self, site: Site, item: &str) -> Option<Protection> {
        let program = self.program;
        for before in program.before(site) {
            if item == "C3"
                && let Some(found) = self.refuses_known_rows(before.site)
            {
                return Some(found);
            }
            let info = &program.units.calls[before.site.call];
            let is_conditional = |test| {
                self.is_sometimes(test, site.frame) && !self.is_for_all_but_payers(test, site.frame, info.node)
                    || program.is_never_deployed(info.node, site.frame)
            };
            if before.is_caught || before.under.is_some_and(is_conditional) || self.is_for_others(info.node, site.frame)
            {
                continue;
            }
            if self.raises_no_error(before.site, item)
                && program.is_caught_unless_error(info.node, program.units.calls[site.call].node)
            {
                continue;
            }
            if let Some(found) = self.stops(before.site, site, item) {
                return Some(found);
            }
        }
        None
    }

    /// Whether a guard of a library raises something else than an error of the language.
    fn raises_no_error(&self, site: Site, item: &str) -> bool {
        let paths = self.program.callee_paths(site);
        let mut facts = paths.iter().flat_map(|path| self.program.facts_of(path, Kind::Guard));
        facts.any(|(_, fact)| fact.role.as_deref() == Some(NO_ERROR) && fact.protects.as_deref() == Some(item))
    }

    /// What stops the caller of a call: a guard of a library, or an own function that refuses, where what that raises is
    /// not caught before what comes after it.
    pub(super) fn stops(&self, call: Site, until: Site, item: &str) -> Option<Protection> {
        let program = self.program;
        let info = &program.units.calls[call.call];
        let is_guard = |fact: &&Fact| match fact.how.as_deref() {
            Some("raises") => true,
            // `limiter.check_key(&user).map_err(refused)?`
            Some("result") => program.is_ended_by_failure(call.call),
            Some("context" | "argument" | "wrapper") => stops_what_follows(item) || self.is_run_through(until, call),
            _ => false,
        };
        for path in program.callee_paths(call).iter() {
            if self.facts(path, Some(call), item).iter().any(is_guard) {
                return Some(Protection { module: info.module, span: info.call.span, name: short(path) });
            }
        }
        for frame in self.hands_on(call) {
            if !program.hands_errors_on(call.call) || self.is_left_alone(call, frame) {
                continue;
            }
            if let Some(found) = self.raises(frame, item, 1)
                && !self.is_caught_all(call, until, item)
            {
                return Some(Protection { module: info.module, span: info.call.span, ..found });
            }
        }
        None
    }

    /// Whether a call is given what another one makes of a function: `respond(cache.get_or_set(key, lambda: ask(text)))`.
    fn is_run_through(&self, outer: Site, inner: Site) -> bool {
        let program = self.program;
        let (outer, inner_call) = (program.units.calls[outer.call].call, program.units.calls[inner.call].call);
        let is_function = |value: &Value<'m>| matches!(value, Value::Function { .. });
        outer.span.contains(inner_call.span)
            && inner_call
                .arguments
                .iter()
                .any(|argument| program.values(&argument.value, inner.frame).iter().any(is_function))
    }

    /// Whether all that guards within one call is caught before another.
    fn is_caught_all(&self, within: Site, until: Site, item: &str) -> bool {
        let mut gates = Vec::new();
        self.refusals_of_call(within, &mut gates, 0);
        gates.retain(|gate| self.gate(gate, item).is_some());
        if item == "C3" {
            self.raised_for_known_rows(within, &mut gates);
        }
        !gates.is_empty() && gates.iter().all(|gate| self.is_swallowed(gate, within, until))
    }

    /// Whether running a frame stops its caller where the item asks for it.
    pub(super) fn raises(&self, frame: FrameId, item: &str, depth: usize) -> Option<Protection> {
        once(&self.memory.raises, (frame, depth), item, || self.find_raise(frame, item, depth))
    }

    fn find_raise(&self, frame: FrameId, item: &str, depth: usize) -> Option<Protection> {
        let program = self.program;
        let mut gates = program.raising_gates(frame);
        // What comes behind that is never asked where it matters.
        let end = if gates.is_empty() { None } else { program.is_left_when_deployed(frame) };
        if let Some(end) = end {
            gates.retain(|gate| gate.span.start < end);
        }
        if let Some(found) = self.gates(&gates, item) {
            return Some(found);
        }
        if stops_what_follows(item)
            && let Some(found) = self.decorators(frame, item)
        {
            return Some(found);
        }
        if depth >= DEPTH {
            return None;
        }
        let unit = program.unit_of_frame(frame);
        program.units.units[unit].calls.iter().find_map(|call| {
            let site = Site { call: *call, frame };
            let info = &program.units.calls[*call];
            if item == "C3"
                && let Some(found) = self.raises_for_known_rows(site)
            {
                return Some(found);
            }
            if program.is_caught(info.node, None, None)
                || !program.hands_errors_on(*call)
                || program.is_off(info.node, frame, None)
            {
                return None;
            }
            for path in program.callee_paths(site).iter() {
                let stops = |fact: &&Fact| match fact.how.as_deref() {
                    Some("raises") => true,
                    Some("result") => program.is_ended_by_failure(*call) || program.is_result(*call),
                    _ => false,
                };
                if self.facts(path, Some(site), item).iter().any(stops) {
                    return Some(Protection { module: info.module, span: info.call.span, name: short(path) });
                }
            }
            self.hands_on(site)
                .into_iter()
                .filter(|inner| !self.is_left_alone(site, *inner))
                .find_map(|inner| self.raises(inner, item, depth + 1))
        })
    }

    /// Whether a function that stands in front (middleware, dependency) protects what comes after it.
    pub fn in_frame(&self, frame: FrameId, item: &str) -> Option<Protection> {
        once(&self.memory.frames, frame, item, || {
            let reach = self.reach(frame);
            let onwards = self.continuations(frame);
            if onwards.is_empty() {
                return self.raises(frame, item, 0);
            }
            let mut first = None;
            let protected = onwards.iter().all(|site| {
                reach.trails(*site).iter().all(|trail| match self.on_trail(trail, item) {
                    Some(found) => {
                        first = first.take().or(Some(found));
                        true
                    }
                    None => self.is_exempt(trail) || self.starts_count(*site, item),
                })
            });
            first.filter(|_| protected)
        })
    }

    /// Whether those that a condition around a gate lets by are the first of a count that starts there:
    /// `if (!entry || now > entry.resetAt) { hits.set(..) } else if (entry.count >= 10) { return .. }`.
    fn counts_beside(&self, gate: &Gate<'m>, test: &'m Expression, item: &str) -> bool {
        let units = &self.program.units;
        let is_branch =
            |kind: NodeKind<'m>| matches!(kind, NodeKind::Then(of) | NodeKind::Otherwise(of) if std::ptr::eq(of, test));
        let around = units.ancestors(gate.node).find(|(_, node)| is_branch(node.kind));
        let Some((inside, node)) = around.filter(|_| matches!(item, "C1" | "C2")) else { return false };
        let mut beside = units.units[node.unit].nodes.iter().copied();
        beside.any(|other| {
            other != inside && is_branch(units.nodes[other].kind) && self.behaviour.starts_anew(test, gate.frame, other)
        })
    }

    /// Whether a condition around a test only asks if there is an answer to what the test compares:
    /// `if let Ok(used) = used_today(user).await { if used >= LIMIT { .. } }`.
    fn only_asks_if_told(&self, gate: &Gate<'m>, condition: &'m Expression) -> bool {
        let ExpressionKind::Operator { operator, operands } = &condition.kind else { return false };
        let ("==", [subject, Expression { kind: ExpressionKind::Call(variant), .. }]) =
            (operator.as_str(), operands.as_slice())
        else {
            return false;
        };
        let is_there = matches!(&variant.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "Ok" | "Some"))
            && variant.arguments.iter().all(|held| matches!(held.value.kind, ExpressionKind::Name(_)));
        let compares = matches!(&gate.test.kind, ExpressionKind::Operator { operator, .. }
            if matches!(operator.as_str(), "<" | "<=" | ">" | ">="));
        is_there
            && compares
            && self.program.gate_slice(gate).sites.iter().any(|site| {
                site.frame == gate.frame && subject.span.contains(self.program.units.calls[site.call].call.span)
            })
    }

    /// Whether a middleware goes on at a call because it starts to count there: the first request of a window passes.
    fn starts_count(&self, site: Site, item: &str) -> bool {
        let units = &self.program.units;
        let mut around = units.ancestors(units.calls[site.call].node);
        let branch = around.find_map(|(id, node)| match node.kind {
            NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } => Some((id, test)),
            _ => None,
        });
        matches!(item, "C1" | "C2")
            && branch.is_some_and(|(branch, test)| self.behaviour.starts_anew(test, site.frame, branch))
    }

    /// Whether a hook that goes on by returning nothing refuses by returning an answer, or one that is asked for a
    /// decision refuses by saying no.
    pub(super) fn answers(&self, frame: FrameId, decides: bool, item: &str) -> Option<Protection> {
        let program = self.program;
        let unit = program.unit_of_frame(frame);
        let info = &program.units.units[unit];
        if !self.continuations(frame).is_empty() {
            return None;
        }
        let answers = |gate: &Gate<'m>| {
            gate.exit == Exit::Return
                && gate.refusal.is_some_and(|refusal| match refusal.last().map(|last| &last.kind) {
                    Some(StatementKind::Return(Some(value))) => {
                        !matches!(value.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(true)))
                    }
                    _ => false,
                })
        };
        let exits = program.exits(unit, frame);
        let route = self.route.borrow().clone();
        // `if not request.path.startswith("/admin"): return`: what comes after it is not for this route.
        let leaves = |gate: &&Gate<'m>| {
            gate.exit == Exit::Return
                && !answers(gate)
                && self.concerns(gate.test, frame, route.as_deref(), 0) == Some(gate.refuses_when)
        };
        let left_at = exits.iter().filter(leaves).map(|gate| gate.span.start).min();
        let is_for_route = |gate: &Gate<'m>| {
            left_at.is_none_or(|at| gate.span.start <= at)
                && !program.units.ancestors(gate.node).any(|(_, node)| match node.kind {
                    NodeKind::Then(test) => self.concerns(test, frame, route.as_deref(), 0) == Some(false),
                    NodeKind::Otherwise(test) => self.concerns(test, frame, route.as_deref(), 0) == Some(true),
                    _ => false,
                })
        };
        let mut gates: Vec<Gate<'m>> =
            exits.iter().filter(|gate| answers(gate) && is_for_route(gate)).cloned().collect();
        if decides || DECIDES.contains(&info.name()) {
            let decisions = info.returns.iter().filter_map(|test| {
                let node = info.nodes.last().copied()?;
                let (exit, span) = (Exit::Return, test.span);
                Some(Gate { test, frame, exit, refusal: None, refuses_when: false, under: None, span, node })
            });
            gates.extend(decisions);
        }
        gates.extend(self.answered_at_last(frame));
        for call in &info.calls {
            self.answered_within(Site { call: *call, frame }, &mut gates, 0);
        }
        self.gates(&gates, item)
    }

    /// `if (fine) return;` and then an answer as the last of a hook, sent or returned: the test decides about the answer.
    fn answered_at_last(&self, frame: FrameId) -> Vec<Gate<'m>> {
        let program = self.program;
        let unit = program.unit_of_frame(frame);
        let last = program.units.units[unit].nodes.last().copied();
        let Some((last, value, returns)) = last.and_then(|node| match program.units.nodes[node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Return(Some(value)) => Some((node, value, true)),
                StatementKind::Expression(value) => Some((node, value, false)),
                _ => None,
            },
            _ => None,
        }) else {
            return Vec::new();
        };
        let is_first = program.units.nodes[last].parent.is_none();
        // What a hook returns is the answer, where it has returned nothing for those that may go on.
        let is_answer = returns && !matches!(value.kind, ExpressionKind::Literal(_));
        if !is_first || !is_answer && !self.sends(std::iter::once(value), frame) {
            return Vec::new();
        }
        let is_nothing = |each: &Statement| match &each.kind {
            StatementKind::Return(value) => {
                value.as_ref().is_none_or(|value| matches!(value.kind, ExpressionKind::Literal(Literal::Null)))
            }
            _ => false,
        };
        let passes = |gate: &Gate<'m>| {
            gate.exit == Exit::Return
                && gate.under.is_none()
                && gate.refusal.is_some_and(|block| block.iter().all(is_nothing))
        };
        let earlier = program.exits(unit, frame).into_iter().filter(passes);
        earlier.map(|gate| Gate { refusal: None, refuses_when: !gate.refuses_when, ..gate }).collect()
    }

    /// The tests by which a function that a hook waits for sends an answer: then no handler runs any more.
    fn answered_within(&self, site: Site, gates: &mut Vec<Gate<'m>>, depth: usize) {
        let program = self.program;
        if depth > 3 || !program.gates(site).iter().all(|gate| self.is_no_way_past(gate)) {
            return;
        }
        for frame in self.hands_on(site) {
            if self.is_left_alone(site, frame) {
                continue;
            }
            let unit = program.unit_of_frame(frame);
            let sends = |gate: &Gate<'m>| {
                let mut written = Vec::new();
                if let Some(block) = gate.refusal.filter(|_| gate.exit == Exit::Return) {
                    walk_block(block, &mut |each| written.push(each));
                }
                self.sends(written.into_iter(), frame)
            };
            gates.extend(program.exits(unit, frame).into_iter().filter(sends));
            gates.extend(self.answered_at_last(frame));
            for call in &program.units.units[unit].calls {
                self.answered_within(Site { call: *call, frame }, gates, depth + 1);
            }
        }
    }

    /// Whether a test in front of a call lets no request pass by it: it refuses by itself, or is for other requests.
    fn is_no_way_past(&self, gate: &Gate<'m>) -> bool {
        let answers = gate.refusal.and_then(|refusal| refusal.last()).is_some_and(|last| match &last.kind {
            StatementKind::Return(Some(value)) => !matches!(value.kind, ExpressionKind::Literal(_)),
            _ => false,
        });
        let route = self.route.borrow().clone();
        match gate.exit {
            Exit::Raise => true,
            Exit::Return if answers => true,
            _ => {
                route.is_some() && self.concerns(gate.test, gate.frame, route.as_deref(), 0) == Some(!gate.refuses_when)
            }
        }
    }

    /// Whether an answer is sent in some of these expressions, by the framework's own object for it.
    fn sends(&self, mut written: impl Iterator<Item = &'m Expression>, frame: FrameId) -> bool {
        let program = self.program;
        written.any(|each| {
            let mut sends = false;
            let mut look = |each: &'m Expression| {
                if let ExpressionKind::Call(call) = &each.kind
                    && let Some(call) = program.units.call_id(call)
                {
                    let paths = program.callee_paths(Site { call, frame });
                    sends |= paths.iter().any(|path| path.contains("().") && program.is_a(path, Kind::Respond));
                }
            };
            look(each);
            if let ExpressionKind::Await(inner) = &each.kind {
                look(inner);
            }
            sends
        })
    }
}

/// Whether what guards one call keeps those from happening that come after it. What knows equal requests again gives the
/// first answer once more: the calls inside it are not made, those behind it are.
fn stops_what_follows(item: &str) -> bool {
    item != "C3"
}
