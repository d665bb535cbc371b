//! Which facts of the catalogue hold for a guard as the program sets it up.

use std::rc::Rc;

use crate::link::arguments::{Amount, Given, Held};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::super::behaviour::fresh::is_fresh;
use super::Guards;

impl<'p, 'm> Guards<'p, 'm> {
    /// The guard facts of a name for an item, switched on where it is made.
    pub fn facts(&self, path: &str, site: Option<Site>, item: &str) -> Vec<&'m Fact> {
        let bare = path.strip_suffix("()").unwrap_or(path);
        let mut names = vec![bare];
        if bare != path {
            names.push(path);
        }
        names
            .into_iter()
            .flat_map(|name| match site {
                Some(site) => self.program.facts_at(name, Kind::Guard, site),
                None => self.program.facts_of(name, Kind::Guard),
            })
            .map(|(_, fact)| fact)
            .filter(|fact| {
                fact.protects.as_deref() == Some(item)
                    && !matches!(fact.how.as_deref(), Some("exempt" | "catches" | "cuts"))
            })
            .filter(|fact| self.is_on(fact, site, item, bare) && self.is_for_method(fact, site))
            .filter(|fact| {
                let route = self.route.borrow().clone();
                !self.leaves_out(fact, site, route.as_deref())
            })
            .collect()
    }

    /// Whether a guard is told to leave out the requests to a route: `{ skip: (req) => req.path.startsWith("/api") }`.
    fn leaves_out(&self, fact: &Fact, site: Option<Site>, route: Option<&str>) -> bool {
        route.is_some() && self.is_told_to_pass(fact, site, |test, frame| self.is_for(test, frame, route))
    }

    /// Whether a guard is given a function that says of all that is looked at that it may pass.
    pub fn is_told_to_pass(
        &self,
        fact: &Fact,
        site: Option<Site>,
        passing: impl Fn(&'m Expression, FrameId) -> bool,
    ) -> bool {
        let Some(site) = site else { return false };
        fact.passes.iter().filter_map(|path| self.given_along(site, path)).any(|(function, frame)| {
            let values = self.program.values(function, frame);
            let passes = |value: &Value<'m>| {
                let Value::Function { unit, closure, receiver } = value else { return false };
                let inner = self.program.enter(*unit, *closure, receiver.clone(), How::Framework);
                let returns = &self.program.units.units[*unit].returns;
                inner.is_some_and(|inner| !returns.is_empty() && returns.iter().all(|given| passing(given, inner)))
            };
            !values.is_empty() && values.iter().all(passes)
        })
    }

    /// Whether a guard that is for some methods only is for that of the requests which are looked at:
    /// `@limiter.limit("10/minute", methods=["POST"])`.
    pub(super) fn is_for_method(&self, fact: &Fact, site: Option<Site>) -> bool {
        let (Some(path), Some(site)) = (fact.method.as_deref(), site) else { return true };
        let Given::Present { expression, frame } = self.program.argument(site, path) else { return true };
        let route = self.route.borrow();
        let Some((method, _)) = route.as_deref().and_then(|route| route.split_once(' ')) else { return true };
        let named = self.program.values(expression, frame);
        let named: Vec<String> = named
            .iter()
            .flat_map(|value| self.program.elements(value))
            .filter_map(|value| match value {
                Value::Data { expression, frame } => self.program.text(expression.0, frame),
                _ => None,
            })
            .collect();
        self.depends_on_route.set(true);
        named.is_empty() || method == "*" || named.iter().any(|each| each.eq_ignore_ascii_case(method))
    }

    pub(super) fn is_on(&self, fact: &Fact, site: Option<Site>, item: &str, path: &str) -> bool {
        let Some(site) = site else {
            // A class that is listed, and never called here.
            let path = || Value::Library { path: Rc::from(path), sites: Rc::from([]) };
            return if goes_by_settings(fact) { self.is_on_for_class(fact, &path()) } else { fact.needs.is_empty() };
        };
        self.program.applies(fact, site)
            && (item != "A1" || self.has_length(fact, site))
            && !self.counts_anew(fact, site)
    }

    /// Whether a limiter is asked about a name that is new each time: every request is the first of its own count.
    pub(super) fn counts_anew(&self, fact: &Fact, site: Site) -> bool {
        if let Some((namer, frame)) = fact.input.iter().find_map(|path| self.given_along(site, path)) {
            return self.names_anew(namer, frame);
        }
        let is_asked = matches!(fact.how.as_deref(), Some("result" | "raises"))
            && matches!(fact.protects.as_deref(), Some("C1" | "C2" | "C3"));
        let given = self.program.units.calls[site.call].call.arguments.first();
        is_asked
            && given.is_some_and(|given| {
                !matches!(given.value.kind, ExpressionKind::Object(_))
                    && is_fresh(self.program, (&given.value, site.frame))
            })
    }

    /// What a limiter is given at an argument path, where it is asked or made, or by another call: `library.init(path)`.
    pub(super) fn given_along(&self, site: Site, path: &str) -> Option<(&'m Expression, FrameId)> {
        if let Some((function, path)) = path.strip_suffix(')').and_then(|path| path.rsplit_once('('))
            && !path.is_empty()
        {
            return self.program.given_somewhere(function, path);
        }
        match self.program.argument_along(site, path) {
            Given::Present { expression, frame } => Some((expression, frame)),
            _ => None,
        }
    }

    /// Whether a function that tells whom a limiter counts makes up a name for each request: `lambda: uuid4().hex`.
    pub(super) fn names_anew(&self, namer: &'m Expression, frame: FrameId) -> bool {
        let program = self.program;
        let values = program.values(namer, frame);
        let is_anew = |value: &Value<'m>| {
            let Value::Function { unit, closure, receiver } = value else { return false };
            let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Framework) else { return false };
            let returns = &program.units.units[*unit].returns;
            !returns.is_empty() && returns.iter().all(|name| is_fresh(program, (name, inner)))
        };
        !values.is_empty() && values.iter().all(is_anew)
    }

    /// A deadline without a length is none: it must be given, or the library must have one of its own.
    pub(super) fn has_length(&self, fact: &Fact, site: Site) -> bool {
        let Some(setting) = &fact.timeout else { return true };
        match self.program.setting_at(setting, site) {
            Some(Held::Given(amount, _)) => amount != Amount::Off,
            Some(_) => true,
            None => setting.default.as_ref().is_some_and(|default| default.as_str() != Some("none")),
        }
    }

    /// The library class that a class derives from and that protects: `class PerUser(UserRateThrottle)`.
    pub fn inherited(&self, value: &Value<'m>, item: &str) -> Option<(FactId, Rc<str>)> {
        let (Value::Class(class) | Value::Instance { class, .. }) = value else { return None };
        let program = self.program;
        let line = program.line_of(*class);
        if line.iter().any(|class| program.units.classes[*class].methods.contains_key("allow_request")) {
            return None;
        }
        let bases = line.iter().flat_map(|class| {
            let info = &program.units.classes[*class];
            let frame = program.open_frame(info.unit);
            info.class.bases.iter().flat_map(move |base| program.values(base, frame).to_vec())
        });
        bases.into_iter().find_map(|base| {
            let Value::Library { path, .. } = &base else { return None };
            let facts = program.facts_of(path, Kind::Guard);
            let guarding = facts.iter().find(|(_, fact)| {
                fact.protects.as_deref() == Some(item)
                    && fact.how.as_deref() != Some("exempt")
                    && self.is_on_for_class(fact, value)
                    && self.still_refuses(*class, fact)
            });
            guarding.map(|(id, _)| (*id, path.clone()))
        })
    }

    /// Whether a class that derives from a guard leaves it on: a field that is null, in the class or in the settings for
    /// its scope, switches it off, and what the fact needs is given in one of these.
    pub(super) fn is_on_for_class(&self, fact: &Fact, class: &Value<'m>) -> bool {
        let rate = self.rate_of(fact, class);
        let is_null = |given: &'m Expression| matches!(given.kind, ExpressionKind::Literal(Literal::Null));
        if rate.is_some_and(|(given, _)| is_null(given)) {
            return false;
        }
        // Where nobody says how often, it lets all through.
        if rate.is_none() && goes_by_settings(fact) && self.says_nothing(class) && !has_open_scope(fact) {
            return false;
        }
        fact.needs.iter().all(|need| {
            let (known, need) = need.strip_prefix("known ").map_or(("", need.as_str()), |rest| ("known ", rest));
            let condition = need.trim_start_matches(|letter: char| !"<>=!".contains(letter));
            rate.is_some_and(|(given, frame)| self.program.fits(&format!("{known}{condition}"), given, frame))
        })
    }

    /// How often a class lets through: its own `rate`, or what the settings (`value` of the fact) say for its `scope`.
    pub(super) fn rate_of(&self, fact: &Fact, class: &Value<'m>) -> Option<(&'m Expression, FrameId)> {
        let program = self.program;
        let written = |values: Vec<Value<'m>>| {
            values.into_iter().find_map(|value| match value {
                Value::Data { expression, frame } => Some((expression.0, frame)),
                _ => None,
            })
        };
        if let Some(own) = written(program.member(class, "rate", None)) {
            return Some(own);
        }
        let (rates, scope) = fact.value.as_deref()?.rsplit_once('.')?;
        let own = written(program.member(class, "scope", None)).and_then(|(scope, home)| program.text(scope, home));
        let way = format!("{rates}.{}", own.as_deref().unwrap_or(scope));
        (0..program.modules.len()).find_map(|module| written(program.exported_under(module, &way)))
    }

    /// Whether a class is one of a library as it is, or adds nothing to it.
    pub(super) fn says_nothing(&self, class: &Value<'m>) -> bool {
        let (Value::Class(class) | Value::Instance { class, .. }) = class else { return true };
        self.program.line_of(*class).into_iter().all(|class| {
            let info = &self.program.units.classes[class];
            info.methods.is_empty() && info.fields.is_empty()
        })
    }
}

/// Whether settings tell how often a class lets through.
fn goes_by_settings(fact: &Fact) -> bool {
    fact.how.as_deref() == Some("middleware") && fact.value.is_some()
}

/// Whether the views tell under which name settings say how often.
fn has_open_scope(fact: &Fact) -> bool {
    fact.value.as_deref().is_some_and(|way| way.ends_with(".*"))
}
