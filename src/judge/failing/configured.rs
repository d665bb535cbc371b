//! Fallbacks that a client or call is configured with: what a library asks when the first one fails, and the program's own
//! function that a library runs around the call.

use crate::judge::calls::{External, falls_back_to_itself};
use crate::judge::case::Case;
use crate::link::entries::frame_of;
use crate::link::units::{CallId, NodeKind};
use crate::link::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};

use super::super::retrying::last_name;
use super::handlers::of_try;
use super::results::of_chain;
use super::{Fate, is_returned_promise};

const ITEM: &str = "A3";

/// A client or call that is configured with a fallback, or a model given to it that asks another one.
pub(super) fn is_configured(case: &Case<'_, '_>, external: &External, step: Site) -> bool {
    let configured = Configured { case, external, step };
    if case.guards.around(step, ITEM).is_some() || configured.is_given_fallback(step) {
        return true;
    }
    let names_model = configured.names_model(step);
    case.callees(step).iter().any(|value| {
        value.sites().iter().any(|made| {
            configured.is_fallback(*made)
                || !names_model && configured.is_given_fallback(*made)
                || configured.is_caught_by(*made)
        })
    })
}

/// A call that may be configured with a fallback.
struct Configured<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    external: &'c External,
    step: Site,
}

impl<'m> Configured<'_, '_, 'm> {
    /// Whether a call names the model that is to be asked this time, in place of what it is made on was made with:
    /// `agent.run(text, model=...)`.
    fn names_model(&self, site: Site) -> bool {
        let program = self.case.program;
        let call = program.units.calls[site.call].call;
        let given = call.arguments.iter().find(|argument| argument.name.as_deref() == Some("model"));
        given.is_some_and(|given| {
            let values = program.values(&given.value, site.frame);
            let is_nothing = |value: &Value<'m>| match value {
                Value::Data { expression, .. } => matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null)),
                _ => false,
            };
            !matches!(given.value.kind, ExpressionKind::Literal(Literal::Null)) && !values.iter().any(is_nothing)
        })
    }

    /// Whether a call makes something that falls back by itself.
    fn is_fallback(&self, made: Site) -> bool {
        let program = self.case.program;
        let is_one = |path: &std::rc::Rc<str>| !self.case.guards.facts(path, Some(made), ITEM).is_empty();
        program.callee_paths(made).iter().any(is_one) && !falls_back_to_itself(program, made)
    }

    /// Whether a call makes something that runs the program's own function around its calls: `create_agent(model,
    /// middleware=[fallback])`.
    fn is_caught_by(&self, made: Site) -> bool {
        let program = self.case.program;
        let paths = program.callee_paths(made);
        let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
        facts.into_iter().any(|(_, fact)| self.is_caught_around(fact, made))
    }

    /// Whether what an argument is made of has the program's own function around the call, which answers for its failure.
    fn is_caught_within(&self, given: &'m Expression, frame: FrameId) -> bool {
        let program = self.case.program;
        program.slice(given, frame).sites.iter().any(|made| {
            let paths = program.callee_paths(*made);
            let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
            facts.into_iter().any(|(_, fact)| self.is_caught_around(fact, *made))
        })
    }

    /// `Agent(FallbackModel(first, second))`, `{ model: createFallback(...) }`: an argument of a library's call that falls
    /// back by itself.
    fn is_given_fallback(&self, site: Site) -> bool {
        let program = self.case.program;
        if program.callee_paths(site).is_empty() {
            return false;
        }
        let call = program.units.calls[site.call].call;
        call.arguments.iter().any(|argument| {
            self.holds_fallback(&argument.value, site.frame, 0) || self.is_caught_within(&argument.value, site.frame)
        })
    }

    fn holds_fallback(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
        self.case.program.values(expression, frame).iter().any(|value| match value {
            Value::Data { expression, frame } if depth < 2 => match &expression.0.kind {
                ExpressionKind::Object(entries) => {
                    entries.iter().any(|entry| self.holds_fallback(&entry.value, *frame, depth + 1))
                }
                ExpressionKind::List(items) => items.iter().any(|item| self.holds_fallback(item, *frame, depth + 1)),
                _ => false,
            },
            value => value.sites().last().is_some_and(|made| self.is_fallback(*made)),
        })
    }

    /// Whether a function that a library runs around the call answers for its failure: `wrapStream` of a middleware that
    /// asks another model where `doStream()` fails.
    fn is_caught_around(&self, fact: &Fact, made: Site) -> bool {
        let program = self.case.program;
        let catches = fact.how.as_deref() == Some("catches") && fact.protects.as_deref() == Some(ITEM);
        let (Some(at), Some(method)) = (fact.value.as_deref().filter(|_| catches), fact.by.as_deref()) else {
            return false;
        };
        let paths = program.callee_paths(self.step);
        if !paths.iter().any(|path| fact.sees.iter().any(|name| **path == **name)) {
            return false;
        }
        program.arguments_of(made, at).into_iter().any(|(given, frame, _)| {
            let given = program.values(given, frame);
            let each = given.iter().flat_map(|value| match value {
                Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::List(_)) => {
                    program.elements(value)
                }
                value => vec![value.clone()],
            });
            let around = each.flat_map(|object| {
                if self.is_decorated(&object, &fact.exports) {
                    return vec![object];
                }
                fact.exports.iter().flat_map(move |name| program.member(&object, name, None)).collect::<Vec<_>>()
            });
            around.filter_map(|function| frame_of(program, &function)).any(|frame| self.answers_for(frame, method))
        })
    }

    /// Whether a function is one that a decorator of such a name makes what is asked for: `@wrap_model_call`.
    fn is_decorated(&self, object: &Value<'m>, names: &[String]) -> bool {
        let Value::Function { unit, .. } = object else { return false };
        let Some(function) = self.case.program.units.units[*unit].function else { return false };
        function.decorators.iter().any(|decorator| {
            let named = match &decorator.kind {
                ExpressionKind::Call(call) => &call.callee,
                _ => decorator,
            };
            last_name(named).is_some_and(|own| names.iter().any(|name| name == own))
        })
    }

    /// Whether a function answers with something else wherever what it runs under a name fails; once more the same is
    /// nothing else.
    fn answers_for(&self, frame: FrameId, method: &str) -> bool {
        let program = self.case.program;
        let calls = program.units.units[program.unit_of_frame(frame)].calls.iter();
        // What goes by the same name on something else is another model: `standby.doStream(params)`.
        let is_own = |call: &CallId| {
            let callee = &program.units.calls[*call].call.callee;
            match &callee.kind {
                ExpressionKind::Name(name) => name == method,
                ExpressionKind::Member { name, .. } => {
                    let values = program.values(callee, frame);
                    name == method && values.iter().any(|value| matches!(value, Value::Parameter { .. }))
                }
                _ => false,
            }
        };
        let runs: Vec<Site> = calls.copied().filter(is_own).map(|call| Site { call, frame }).collect();
        let is_again = |site: &Site| {
            let mut around = program.units.ancestors(program.units.calls[site.call].node);
            around.any(|(_, node)| matches!(node.kind, NodeKind::Handler(..)))
        };
        // `handler(request.override(model=standby))` asks something else.
        let is_other = |site: &&Site| {
            let first = program.units.calls[site.call].call.arguments.first();
            first.is_some_and(|given| match &given.value.kind {
                ExpressionKind::Call(made) => made.arguments.iter().any(|argument| argument.name.is_some()),
                _ => false,
            })
        };
        let mut same = runs.iter().filter(|site| !(is_again(site) && is_other(site))).peekable();
        same.peek().is_some() && same.all(|site| !is_again(site) && self.is_answered(*site))
    }

    /// Whether the failure of a call is answered where it stands: by a handler around it, or on its own chain.
    fn is_answered(&self, site: Site) -> bool {
        let program = self.case.program;
        if is_returned_promise(self.case, &[site], 0) {
            return false;
        }
        of_chain(self.case, site) == Some(Fate::Answered)
            || program.units.ancestors(program.units.calls[site.call].node).any(|(id, node)| match node.kind {
                NodeKind::TryBody(each) => {
                    of_try(self.case, self.external, site, id, each, None) == Some(Fate::Answered)
                }
                _ => false,
            })
    }
}
