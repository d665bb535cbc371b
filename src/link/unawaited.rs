//! Calls that come to nothing: what they give has to be awaited and nobody does, or they are queued on an object that is
//! never told to run what was queued.

use crate::model::{Call, Expression, ExpressionKind, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::source::order::InOrder;

use super::flow::children;
use super::units::{Binding, CallId, NodeKind, UnitId};
use super::{FrameId, Program, Site};

/// Links of one chain of calls.
const CHAIN: usize = 16;
/// Methods that only keep what they are given among others.
const KEEPS: [&str; 4] = ["add", "append", "push", "insert"];
/// Methods that tell something that was begun what to do, and not those who call them what has become of it.
const TELLS: [&str; 8] = ["abort", "add_done_callback", "cancel", "finally", "set_name", "start", "then", "unref"];

impl<'m> Program<'m> {
    /// Whether a call comes to nothing: `redis.incrby(key, tokens)` of an asynchronous client that nobody awaits, or
    /// `pipe.incrby(key, tokens)` of a pipeline that is never executed.
    pub fn comes_to_nothing(&self, site: Site) -> bool {
        if self.catalogue.of_kind(Kind::Lazy).next().is_none() {
            return false;
        }
        if let Some(known) = self.unawaited.borrow().get(&site) {
            return *known;
        }
        // Whoever asks in between, while a chain is followed, is told that it runs.
        self.unawaited.borrow_mut().insert(site, false);
        let chain = self.chain_from(site);
        let is_queued = self.is_queued(site);
        let found = if is_queued { !self.is_executed(site, &chain) } else { self.is_lost(&chain) };
        self.unawaited.borrow_mut().insert(site, found);
        found
    }

    /// Whether a call answers only when its result is awaited.
    pub fn answers_when_awaited(&self, site: Site) -> bool {
        self.is_lazy(site) && !self.is_queued(site)
    }

    /// Whether a chain of calls has a link that has to be awaited, and nobody does.
    fn is_lost(&self, chain: &[Site]) -> bool {
        let mut lazy = chain.iter().filter(|link| self.is_lazy(**link)).peekable();
        lazy.peek().is_some()
            && !lazy.any(|link| self.is_waited_for(*link))
            && chain.last().is_some_and(|last| self.is_never_awaited(*last))
    }

    /// Whether a call is awaited, or given to another one, which awaits, gathers or spawns it.
    fn is_waited_for(&self, site: Site) -> bool {
        let info = &self.units.calls[site.call];
        let awaits = &self.units.units[info.unit].awaits;
        !info.within.is_empty() || awaits.iter().any(|awaited| awaited.span.contains(info.call.span))
    }

    fn is_lazy(&self, site: Site) -> bool {
        self.callee_paths(site).iter().any(|path| self.lazy_facts(path).any(|fact| fact.keys.is_empty()))
    }

    fn lazy_facts(&self, path: &str) -> impl Iterator<Item = &'m Fact> {
        self.facts_of(path, Kind::Lazy).into_iter().map(|(_, fact)| fact)
    }

    /// The call with those that are chained to it, in their order.
    fn chain_from(&self, site: Site) -> Vec<Site> {
        let info = &self.units.calls[site.call];
        let calls = self.units.units[info.unit].calls.iter().copied();
        let later = calls.filter(|call| {
            let other = self.units.calls[*call].call.span;
            other.start == info.call.span.start && other.end > info.call.span.end
        });
        let mut later: Vec<CallId> = later.collect();
        later.order_by_key(|call| self.units.calls[*call].call.span.end);
        std::iter::once(site.call).chain(later).take(CHAIN).map(|call| Site { call, frame: site.frame }).collect()
    }

    /// Whether what a call is made on collects calls; those that made it tell.
    fn is_queued(&self, site: Site) -> bool {
        !self.runners(site).is_empty()
    }

    /// The methods that run what was called on the object of a call before.
    fn runners(&self, site: Site) -> Vec<&'m str> {
        let ExpressionKind::Member { object, .. } = &self.units.calls[site.call].call.callee.kind else {
            return Vec::new();
        };
        let mut names: Vec<&'m str> = Vec::new();
        for value in self.values(object, site.frame).iter() {
            for made in value.sites() {
                for path in self.callee_paths(*made).iter() {
                    names.extend(self.lazy_facts(path).flat_map(|fact| fact.keys.iter().map(String::as_str)));
                }
            }
        }
        names
    }

    /// Whether what was queued by a call is run: in its own chain, or by a call on the same object. An object that comes
    /// from elsewhere, or goes there, may be told to by others.
    fn is_executed(&self, site: Site, chain: &[Site]) -> bool {
        let runners = self.runners(site);
        let runs = |other: Site| {
            let call = self.units.calls[other.call].call;
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if runners.contains(&name.as_str()))
        };
        let happens = |other: Site| !self.is_lost(&self.chain_from(other));
        if chain.iter().any(|link| runs(*link)) {
            return chain.iter().filter(|link| runs(**link)).any(|link| happens(*link));
        }
        let info = &self.units.calls[site.call];
        let unit = &self.units.units[info.unit];
        let Some(name) = root_of(&info.call.callee) else {
            // `redis.pipeline().incr(key)` with nothing behind it.
            return !self.is_never_awaited(chain.last().copied().unwrap_or(site));
        };
        let is_made_here = unit.names.get(name).is_some_and(|bindings| {
            bindings.iter().all(|binding| matches!(binding, Binding::Value { .. } | Binding::Context(_)))
        });
        if !is_made_here || self.is_handed_on(name, info.unit) {
            return true;
        }
        let others = unit.calls.iter().map(|call| Site { call: *call, frame: site.frame });
        others
            .filter(|other| runs(*other) && root_of(&self.units.calls[other.call].call.callee) == Some(name))
            .any(happens)
    }

    /// Whether what goes by a name of a unit is given to something else, returned, or used by a function within.
    fn is_handed_on(&self, name: &str, unit: UnitId) -> bool {
        let info = &self.units.units[unit];
        let given = info.calls.iter().flat_map(|call| &self.units.calls[*call].call.arguments).map(|each| &each.value);
        let left = info.returns.iter().chain(&info.yields).copied();
        let named = info.names.values().flatten().filter_map(|binding| match binding {
            Binding::Value { value, .. } => Some(*value),
            _ => None,
        });
        let mut whole = given.chain(left).chain(named);
        let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(other) if other == name);
        whole.any(is_it)
            || info.inner.iter().any(|inner| {
                let inner = &self.units.units[*inner];
                inner.calls.iter().any(|call| root_of(&self.units.calls[*call].call.callee) == Some(name))
            })
    }

    /// Whether nobody waits for what a call gives: it stands alone as a statement, or under a name that is never awaited
    /// or handed on.
    fn is_never_awaited(&self, site: Site) -> bool {
        let info = &self.units.calls[site.call];
        if self.is_waited_for(site) {
            return false;
        }
        match self.units.nodes[info.node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Expression(value) => is_call(value, info.call),
                StatementKind::Assign(assignment) => {
                    let is_whole = assignment.value.as_ref().is_some_and(|value| is_call(value, info.call));
                    let ExpressionKind::Name(name) = &assignment.target.kind else { return false };
                    is_whole && !self.is_used_later(name, site.frame, |_| false)
                }
                _ => false,
            },
            NodeKind::If { test, .. } => test.span.contains(info.call.span),
            _ => false,
        }
    }

    /// Whether nobody asks what has become of something that a call begins: it stands alone as a statement (`ask()`,
    /// `void ask()`, `Thread(target=ask).start()`), or goes by a name that is only kept among others and told what to do
    /// (`tasks.add(task)`, `task.add_done_callback(tasks.discard)`).
    pub fn is_left_to_itself(&self, site: Site) -> bool {
        let info = &self.units.calls[site.call];
        let NodeKind::Plain(statement) = self.units.nodes[info.node].kind else { return false };
        match &statement.kind {
            StatementKind::Expression(value) => stands_alone(value, info.call),
            StatementKind::Assign(assignment) => match (&assignment.target.kind, &assignment.value) {
                (ExpressionKind::Name(name), Some(value)) if is_call(value, info.call) => {
                    let keeps = |call: &Call| called_on(call).is_some_and(|(_, method)| KEEPS.contains(&method));
                    !self.is_used_later(name, site.frame, keeps) && !self.is_asked_by_method(name, info.unit)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether what a call is made on is waited for as a whole in its unit, with all that was begun on it:
    /// `set.spawn(ask(part))` and `set.join_next().await`, a group of tasks that a block ends.
    pub fn is_holder_awaited(&self, site: Site) -> bool {
        let info = &self.units.calls[site.call];
        let unit = &self.units.units[info.unit];
        let Some(holder) = called_on(info.call).and_then(|(object, _)| root_of(object)) else { return false };
        unit.names.get(holder).into_iter().flatten().any(|binding| match binding {
            Binding::Context(_) => true,
            Binding::Value { .. } => unit.awaits.iter().any(|awaited| mentions(awaited, holder)),
            _ => false,
        })
    }

    /// Whether a method of what goes by a name is called that may tell what has become of it: `task.result()`.
    fn is_asked_by_method(&self, name: &str, unit: UnitId) -> bool {
        self.units.units[unit].calls.iter().any(|call| {
            let told = called_on(self.units.calls[*call].call);
            told.is_some_and(|(object, method)| root_of(object) == Some(name) && !TELLS.contains(&method))
        })
    }

    /// Whether what goes by a name is awaited, given to a call, returned, or put somewhere: anything but tested. Calls that
    /// are passed over make no use of it.
    fn is_used_later(&self, name: &str, frame: FrameId, is_passed_over: impl Fn(&Call) -> bool) -> bool {
        if name == "_" {
            return false;
        }
        let unit = &self.units.units[self.unit_of_frame(frame)];
        let calls = unit.calls.iter().map(|call| self.units.calls[*call].call).filter(|call| !is_passed_over(call));
        let given = calls.flat_map(|call| &call.arguments).map(|each| &each.value);
        let kept = unit.names.values().flatten().filter_map(|binding| match binding {
            Binding::Value { value, .. } | Binding::Element { over: value, .. } | Binding::Context(value) => {
                Some(*value)
            }
            _ => None,
        });
        let stored = unit.nodes.iter().filter_map(|node| self.units.nodes[*node].kind.assignment()?.value.as_ref());
        let left = unit.returns.iter().chain(&unit.yields).chain(&unit.awaits).copied();
        let is_seen_within = unit.inner.iter().any(|inner| {
            let inner = &self.units.units[*inner];
            inner.awaits.iter().chain(&inner.returns).any(|each| mentions(each, name))
        });
        // A name that a function around or within binds as well may be awaited there.
        let is_own = unit.names.contains_key(name);
        !is_own || is_seen_within || given.chain(kept).chain(stored).chain(left).any(|each| mentions(each, name))
    }
}

/// Whether an expression is this call.
fn is_call(value: &Expression, call: &Call) -> bool {
    matches!(&value.kind, ExpressionKind::Call(inner) if std::ptr::eq(inner.as_ref(), call))
}

/// What a call is a method of, and its name.
fn called_on(call: &Call) -> Option<(&Expression, &str)> {
    match &call.callee.kind {
        ExpressionKind::Member { object, name } => Some((object, name)),
        _ => None,
    }
}

/// Whether an expression is a call whose result nobody takes: the call itself, `void` of it, or a chain that begins with it
/// and only tells what was begun what to do.
fn stands_alone(value: &Expression, call: &Call) -> bool {
    let mut at = value;
    if let ExpressionKind::Operator { operator, operands } = &at.kind
        && operator == "void"
        && let [inner] = operands.as_slice()
    {
        at = inner;
    }
    for _ in 0..CHAIN {
        if is_call(at, call) {
            return true;
        }
        let ExpressionKind::Call(link) = &at.kind else { return false };
        match called_on(link) {
            Some((object, method)) if TELLS.contains(&method) => at = object,
            _ => return false,
        }
    }
    false
}

/// The name at the beginning of a chain of members and calls.
fn root_of(expression: &Expression) -> Option<&str> {
    let mut at = expression;
    for _ in 0..CHAIN * 2 {
        at = match &at.kind {
            ExpressionKind::Name(name) => return Some(name),
            ExpressionKind::Member { object, .. } => object,
            ExpressionKind::Call(call) => &call.callee,
            ExpressionKind::Await(inner) => inner,
            _ => return None,
        };
    }
    None
}

/// Expressions within expressions that are looked at.
const DEPTH: usize = 30;

fn mentions(expression: &Expression, name: &str) -> bool {
    fn walk(expression: &Expression, name: &str, depth: usize) -> bool {
        let mut found = matches!(&expression.kind, ExpressionKind::Name(other) if other == name);
        if depth < DEPTH {
            children(expression, &mut |child| found = found || walk(child, name, depth + 1));
        }
        found
    }
    walk(expression, name, 0)
}
