//! What a call passes for a parameter, also through the `*args` of a wrapper that hands them on.

use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::Program;
use super::arguments::Given;
use super::units::{Binding, CallId};
use super::values::{FrameId, How, Site};

/// How a fact says that a call passes its own arguments on.
const ITS_OWN: &str = "#*";

/// Wrappers that hand on what they were given.
const WRAPPERS: usize = 8;

impl<'m> Program<'m> {
    /// The expression that a call passes for a parameter, with the frame in which it stands.
    pub fn passed_from(&self, function: &'m Function, index: usize, site: Site) -> Option<(&'m Expression, FrameId)> {
        let parameter = function.parameters.get(index)?;
        if let Some(passed) = self.handed_over(parameter, index.checked_sub(own_receiver(function)), site) {
            return passed;
        }
        let name = match &parameter.target.kind {
            ExpressionKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        let by_name_only = matches!(parameter.kind, ParameterKind::KeywordOnly | ParameterKind::KeywordRest);
        let position = index.checked_sub(own_receiver(function)).filter(|_| !by_name_only);
        let (mut site, mut position) = (site, position);
        for _ in 0..WRAPPERS {
            let call = self.units.calls[site.call].call;
            if let Some(name) = name
                && let Some(argument) = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name))
            {
                return Some((&argument.value, site.frame));
            }
            let rest = call.arguments.iter().find(|argument| argument.name.as_deref() == Some("**"));
            if let (Some(rest), Some(name)) = (rest, name)
                && let Some(put) = self.put_into_rest(&rest.value, name, site)
            {
                return Some((put, site.frame));
            }
            let mut positional = call.arguments.iter().filter(|argument| argument.name.is_none());
            let given = position.and_then(|position| {
                positional.clone().nth(position).filter(|given| !matches!(given.value.kind, ExpressionKind::Spread(_)))
            });
            if let Some(given) = given {
                return Some((&given.value, site.frame));
            }
            let spread_at = positional.position(|each| matches!(each.value.kind, ExpressionKind::Spread(_)));
            if let Some(spread_at) = spread_at {
                let spread = call.arguments.iter().filter(|argument| argument.name.is_none()).nth(spread_at)?;
                let ExpressionKind::Spread(inner) = &spread.value.kind else { return None };
                let (outer, first) = self.handed_on(inner, site.frame, ParameterKind::Rest)?;
                let beyond = position.and_then(|position| position.checked_sub(spread_at));
                (site, position) = (outer, beyond.map(|beyond| beyond + first));
            } else {
                (site, _) = self.handed_on(&rest?.value, site.frame, ParameterKind::KeywordRest)?;
                position = None;
            }
            // `apply_async((user, lane))` of what a wrapper hands on.
            if let Some(passed) = self.handed_over(parameter, position, site) {
                return passed;
            }
        }
        None
    }

    /// What a wrapper itself puts under a name into the rest that it hands on: `options["messages"] = earlier + later`.
    fn put_into_rest(&self, rest: &Expression, name: &str, site: Site) -> Option<&'m Expression> {
        let ExpressionKind::Name(holder) = &rest.kind else { return None };
        let call = self.units.calls[site.call].call;
        let is_put = |target: &Expression| {
            matches!(&target.kind, ExpressionKind::Index { object, index }
                if matches!(&object.kind, ExpressionKind::Name(own) if own == holder)
                    && matches!(&index.kind, ExpressionKind::Literal(Literal::Text(key)) if key == name))
        };
        let nodes = self.units.units[self.unit_of_frame(site.frame)].nodes.iter().rev();
        let assigned = nodes.filter_map(|node| self.units.nodes[*node].kind.assignment());
        let values = assigned.filter(|each| each.operator.is_none() && is_put(&each.target));
        values.filter_map(|each| each.value.as_ref()).find(|value| value.span.end <= call.span.start)
    }

    /// What a call passes for a parameter that takes all the rest by name: `context` of `def log(message, **context)`.
    pub fn passed_in_rest(&self, function: &'m Function, index: usize, site: Site) -> Vec<&'m Expression> {
        let takes_rest = |parameter: &&Parameter| parameter.kind == ParameterKind::KeywordRest;
        if function.parameters.get(index).filter(takes_rest).is_none() {
            return Vec::new();
        }
        let has_own = |name: &str| {
            let named =
                |parameter: &Parameter| matches!(&parameter.target.kind, ExpressionKind::Name(own) if own == name);
            function.parameters.iter().any(|parameter| parameter.kind != ParameterKind::KeywordRest && named(parameter))
        };
        let arguments = self.units.calls[site.call].call.arguments.iter();
        let rest = arguments.filter(|argument| argument.name.as_deref().is_some_and(|name| !has_own(name)));
        rest.map(|argument| &argument.value).collect()
    }

    /// What the call that runs a function gives under a name that none of its parameters has: `guard` of
    /// `limited(guard=..)`, read as `options["guard"]` in `def limited(**options)`.
    pub fn passed_under(&self, rest: &Expression, name: &str, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let ExpressionKind::Name(holder) = &rest.kind else { return None };
        let mut scopes = std::iter::successors(Some(frame), |id| self.frame(*id).closure);
        let (home, bound) =
            scopes.find_map(|id| Some((id, self.units.units[self.unit_of_frame(id)].names.get(holder.as_str())?)))?;
        let [Binding::Parameter { index, access }] = bound.as_slice() else { return None };
        let here = self.frame(home);
        let parameter = self.units.units[here.unit].function?.parameters.get(*index)?;
        let How::Call(site) = here.how else { return None };
        if parameter.kind != ParameterKind::KeywordRest || !access.is_empty() {
            return None;
        }
        let mut given = self.units.calls[site.call].call.arguments.iter();
        let argument = given.find(|argument| argument.name.as_deref() == Some(name))?;
        Some((&argument.value, site.frame))
    }

    /// The same, taken out by a method: `options.pop("guard")`.
    pub fn taken_from_rest(&self, call: &Call, frame: FrameId) -> Option<(&'m Expression, FrameId)> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        let Some(ExpressionKind::Literal(Literal::Text(key))) = call.arguments.first().map(|first| &first.value.kind)
        else {
            return None;
        };
        matches!(name.as_str(), "get" | "pop").then(|| self.passed_under(object, key, frame))?
    }

    /// Whether a call hands over a function with what it is to be given: `task.delay(text)`.
    pub fn hands_over(&self, site: Site) -> bool {
        let paths = self.callee_paths(site);
        let kinds = [Kind::Spawn, Kind::Runs];
        let facts = paths.iter().flat_map(|path| kinds.into_iter().flat_map(|kind| self.facts_of(path, kind)));
        let known = facts.map(|(_, fact)| fact).find(|fact| fact.value.is_some());
        if let Some(fact) = known {
            self.spawned.borrow_mut().insert(site.call, fact);
        }
        known.is_some()
    }

    /// Whether a call is known to have handed a function over: its errors do not come back.
    pub fn is_handed_over(&self, call: CallId) -> bool {
        self.spawned.borrow().get(&call).is_some_and(|fact| fact.is == Kind::Spawn)
    }

    /// Whether a call is known to say of each parameter of what it runs what it is given.
    pub(super) fn places_arguments(&self, call: CallId) -> bool {
        self.spawned.borrow().get(&call).is_some_and(|fact| placed(fact).is_some())
    }

    /// What a call that hands a function over passes for a parameter in a list or an object (`apply_async(args=[text])`);
    /// none where it passes its own arguments.
    fn handed_over(
        &self,
        parameter: &Parameter,
        position: Option<usize>,
        site: Site,
    ) -> Option<Option<(&'m Expression, FrameId)>> {
        let fact = *self.spawned.borrow().get(&site.call)?;
        if let Some(mut row) = placed(fact) {
            let given = position.and_then(|position| row.nth(position)).map(|path| self.argument_of(site, path.trim()));
            return Some(match given {
                Some(Given::Present { expression, frame }) => Some((expression, frame)),
                _ => None,
            });
        }
        let list = fact.value.as_deref().filter(|value| *value != ITS_OWN)?;
        if let (Some(position), Given::Present { expression, frame }) = (position, self.argument(site, list))
            && let ExpressionKind::List(items) = &expression.kind
            && let Some(item) = items.get(position)
        {
            return Some(Some((item, frame)));
        }
        let ExpressionKind::Name(name) = &parameter.target.kind else { return Some(None) };
        let by_name = fact.keys.iter().find_map(|path| match self.argument(site, path) {
            Given::Present { expression, frame } => match &expression.kind {
                ExpressionKind::Object(entries) => {
                    let entry = entries.iter().find(|entry| entry.key.as_deref() == Some(name.as_str()))?;
                    Some((&entry.value, frame))
                }
                _ => None,
            },
            _ => None,
        });
        Some(by_name)
    }

    /// The call whose further arguments a rest parameter holds, and the position of the first of them.
    pub fn handed_on(&self, rest: &Expression, frame: FrameId, kind: ParameterKind) -> Option<(Site, usize)> {
        let rest = match &rest.kind {
            ExpressionKind::Spread(inner) => inner,
            _ => rest,
        };
        let ExpressionKind::Name(name) = &rest.kind else { return None };
        let here = self.frame(frame);
        let function = self.units.units[here.unit].function?;
        let at = function.parameters.iter().position(|parameter| {
            parameter.kind == kind && matches!(&parameter.target.kind, ExpressionKind::Name(own) if own == name)
        })?;
        let How::Call(outer) = here.how else { return None };
        Some((outer, at.saturating_sub(own_receiver(function))))
    }
}

/// The argument paths that say what each parameter is given, in their order: `[_, #2]`.
fn placed(fact: &Fact) -> Option<std::str::Split<'_, char>> {
    let row = fact.value.as_deref()?.strip_prefix('[')?.strip_suffix(']')?;
    Some(row.split(','))
}

/// One where the first parameter is the receiver, which no call passes.
pub fn own_receiver(function: &Function) -> usize {
    usize::from(matches!(
        function.parameters.first().map(|first| &first.target.kind),
        Some(ExpressionKind::Name(name)) if name == "self" || name == "cls"
    ))
}
