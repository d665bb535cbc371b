//! What is still to come: the calls whose results an expression holds without having waited for them.

use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Program;
use super::units::Binding;
use super::values::{FrameId, How, Site};

/// Expressions looked at for one answer.
const STEPS: usize = 400;

impl<'m> Program<'m> {
    /// The calls whose results an expression stands for as long as nobody has awaited it: `fetch(url)` itself, a name
    /// that it was given, what a combinator holds (`Promise.all([...])`), or what was passed for a parameter.
    pub fn pending(&self, expression: &'m Expression, frame: FrameId) -> Vec<Site> {
        let mut found = Vec::new();
        let mut stack = vec![(expression, frame)];
        let mut steps = 0;
        while let Some((expression, frame)) = stack.pop() {
            steps += 1;
            if steps > STEPS {
                break;
            }
            match &expression.kind {
                ExpressionKind::Call(call) => {
                    if let Some(call) = self.units.call_id(call) {
                        let site = Site { call, frame };
                        if found.contains(&site) {
                            continue;
                        }
                        found.push(site);
                    }
                    stack.extend(call.arguments.iter().map(|argument| (&argument.value, frame)));
                    // `fetch(url).then(...)`, `load(url).boxed()`
                    if let ExpressionKind::Member { object, .. } = &call.callee.kind {
                        stack.push((object, frame));
                    }
                }
                ExpressionKind::Name(name) => self.pending_name(name, frame, &mut stack),
                ExpressionKind::List(items) => stack.extend(items.iter().map(|item| (item, frame))),
                ExpressionKind::Comprehension { element, .. } => stack.push((element, frame)),
                ExpressionKind::Conditional { then, otherwise, .. } => {
                    stack.push((then, frame));
                    stack.push((otherwise, frame));
                }
                ExpressionKind::Spread(inner) => stack.push((inner, frame)),
                _ => {}
            }
        }
        found
    }

    fn pending_name(&self, name: &str, frame: FrameId, stack: &mut Vec<(&'m Expression, FrameId)>) {
        let mut at = Some(frame);
        while let Some(id) = at {
            let here = self.frame(id);
            let unit = &self.units.units[here.unit];
            let Some(bindings) = unit.names.get(name) else {
                at = here.closure;
                continue;
            };
            for binding in bindings {
                match binding {
                    Binding::Value { value, .. } => stack.push((value, id)),
                    Binding::Parameter { index, .. } => {
                        if let (How::Call(site), Some(function)) = (here.how, unit.function)
                            && let Some(passed) = self.passed_from(function, *index, site)
                        {
                            stack.push(passed);
                        }
                    }
                    _ => {}
                }
            }
            for (call, _) in self.growth(name, here.unit) {
                if self.units.calls[call].unit == here.unit {
                    stack.extend(self.units.calls[call].call.arguments.iter().map(|argument| (&argument.value, id)));
                }
            }
            return;
        }
    }

    /// Whether the call starts work that goes on without its caller: a task that nobody waits for in the unit that
    /// starts it.
    pub fn is_left_running(&self, site: Site) -> bool {
        let Some(spawn) = self.spawn_around(site) else { return false };
        let unit = &self.units.units[self.units.calls[site.call].unit];
        !unit.awaits.iter().any(|awaited| self.pending(awaited, site.frame).contains(&spawn))
    }

    /// The call that starts a call as work of its own: itself, or one that it is given to.
    pub fn spawn_around(&self, site: Site) -> Option<Site> {
        std::iter::once(site.call)
            .chain(self.units.calls[site.call].within.iter().copied())
            .map(|call| Site { call, frame: site.frame })
            .find(|here| self.callee_paths(*here).iter().any(|path| self.is_a(path, Kind::Spawn)))
    }

    /// Whether what fails in a call comes back as a result among others and stops nobody:
    /// `gather(check(ip), return_exceptions=True)`, `Promise.allSettled([check(ip)])`.
    pub fn keeps_errors(&self, site: Site) -> bool {
        self.units.calls[site.call].within.iter().any(|outer| {
            let outer = Site { call: *outer, frame: site.frame };
            let paths = self.callee_paths(outer);
            let facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Same));
            let mut given = facts.flat_map(|(_, fact)| fact.errors.iter().flatten());
            given.any(|path| self.meets(path, outer) == Some(true))
        })
    }
}
