//! What a call is given: arguments by the paths that the catalogue writes, through spreads, wrappers and builder chains.

mod behind;
mod branches;
mod conditions;
mod evenly;
mod keys;
mod lengths;
mod nested;
mod numbers;
mod optional;
mod texts;
pub(super) mod told;
mod when_set;

use std::rc::Rc;

use crate::model::*;
use crate::rules::catalogue::{Kind, Setting};
use crate::rules::checked::plain;

use super::Program;
use super::values::{FrameId, Site, Value, Written};

/// What was found under an argument path.
#[derive(Clone, Debug)]
pub enum Given<'m> {
    Absent,
    /// Something is spread or passed there that cannot be seen into.
    Unresolved,
    Present {
        expression: &'m Expression,
        frame: FrameId,
    },
}

impl<'m> Given<'m> {
    /// This, or what `other` finds where this is absent.
    pub fn or_else(self, other: impl FnOnce() -> Given<'m>) -> Given<'m> {
        match self {
            Given::Absent => other(),
            found => found,
        }
    }
}

/// How much a value is, as far as the text tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Number(f64),
    /// Null, false, zero, or what the catalogue calls off.
    Off,
    /// Given, but only known when it runs.
    Unknown,
}

/// What holds for a setting of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// Set at this site.
    Given(Amount, Site),
    /// Perhaps set: arguments are passed that cannot be seen into; with what the library does when not.
    Unresolved(Option<f64>),
    /// Not set; what the library does then (seconds, attempts), none: nothing.
    Default(Option<f64>),
}

const DEPTH: usize = 12;
/// Marks a field that is not sent with its object.
pub const UNSENT: &str = "unsent";

impl<'m> Program<'m> {
    /// Looks up an argument path at a call; of alternatives `{#0,url}` the first given.
    pub fn argument(&self, site: Site, path: &str) -> Given<'m> {
        if path.contains('{') { self.argument_of(site, path) } else { self.argument_at(site, path, 0) }
    }

    /// Looks up the first given of the alternatives `{a,b}.c` of an argument path.
    pub fn argument_of(&self, site: Site, paths: &str) -> Given<'m> {
        let mut last = Given::Absent;
        for path in crate::rules::checked::expand(paths) {
            match self.argument_at(site, &path, 0) {
                Given::Absent => {}
                Given::Unresolved => last = Given::Unresolved,
                found => return found,
            }
        }
        last
    }

    fn argument_at(&self, site: Site, path: &str, depth: usize) -> Given<'m> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(list) = head.strip_suffix("[]").filter(|list| !list.is_empty() && !rest.is_empty()) {
            return self.inside_items(self.argument_at(site, list, depth), rest, depth);
        }
        let found = if let Some(position) = head.strip_prefix('#') {
            self.positional(site, position)
        } else if let Some(name) = head.strip_prefix('+').and_then(|head| head.strip_suffix("()")) {
            self.continued(site, name)
        } else if let Some(name) = head.strip_suffix("()") {
            // `request().#1`: another argument than the first of the call in the chain.
            if let Some(position) = rest.split('.').next().and_then(|next| next.strip_prefix('#')) {
                let rest = rest.split_once('.').map_or("", |(_, rest)| rest);
                return match self.link_named(site, name).map(|link| self.positional(link, position)) {
                    Some(Given::Present { expression, frame }) if !rest.is_empty() => {
                        self.inside(expression, frame, rest, depth + 1)
                    }
                    found => found.unwrap_or(Given::Absent),
                };
            }
            self.chained(site, name)
        } else {
            self.named(site, head, depth)
        };
        match found {
            Given::Present { expression, frame } if !rest.is_empty() => self.inside(expression, frame, rest, depth + 1),
            found => found,
        }
    }

    fn positional(&self, site: Site, position: &str) -> Given<'m> {
        let call = self.units.calls[site.call].call;
        let arguments: Vec<&'m Argument> = call.arguments.iter().filter(|argument| argument.name.is_none()).collect();
        let index = match position.strip_prefix('-') {
            Some(back) => back.parse::<usize>().ok().and_then(|back| arguments.len().checked_sub(back)),
            None => position.parse::<usize>().ok(),
        };
        match index.and_then(|index| arguments.get(index)) {
            Some(argument) => Given::Present { expression: &argument.value, frame: site.frame },
            None if arguments.iter().any(|argument| matches!(argument.value.kind, ExpressionKind::Spread(_))) => {
                Given::Unresolved
            }
            None => Given::Absent,
        }
    }

    /// Everything that is given at an argument path: of a builder chain (`use()`) at each call of that name, in the order
    /// in which they were made; with the site that it is given at.
    pub fn arguments_of(&self, site: Site, paths: &str) -> Vec<(&'m Expression, FrameId, Site)> {
        let mut all = Vec::new();
        for path in crate::rules::checked::expand(paths) {
            let Some(name) = path.strip_suffix("()").filter(|name| !name.contains(['.', '('])) else {
                if let Given::Present { expression, frame } = self.argument(site, &path) {
                    all.push((expression, frame, site));
                }
                continue;
            };
            let call = self.units.calls[site.call].call;
            let mut links: Vec<Site> = Vec::new();
            for link in self.values(&call.callee, site.frame).iter().flat_map(|value| value.sites().to_vec()) {
                if self.is_named(link, name) && !links.contains(&link) {
                    links.push(link);
                }
            }
            let first = |link: &Site| self.units.calls[link.call].call.arguments.first();
            all.extend(links.iter().filter_map(|link| Some((&first(link)?.value, link.frame, *link))));
        }
        all
    }

    /// Whether what a call calls goes by a name.
    fn is_named(&self, site: Site, name: &str) -> bool {
        let (ExpressionKind::Member { name: called, .. } | ExpressionKind::Name(called)) =
            &self.units.calls[site.call].call.callee.kind
        else {
            return false;
        };
        called == name
    }

    /// The first argument of a call of this name in the builder chain that leads to the site.
    fn chained(&self, site: Site, name: &str) -> Given<'m> {
        let Some(link) = self.link_named(site, name) else { return Given::Absent };
        let call = self.units.calls[link.call].call;
        let given = call.arguments.first().map_or(&call.callee, |argument| &argument.value);
        Given::Present { expression: given, frame: link.frame }
    }

    /// The last call of this name in the builder chain that leads to the site.
    fn link_named(&self, site: Site, name: &str) -> Option<Site> {
        let call = self.units.calls[site.call].call;
        let values = self.values(&call.callee, site.frame);
        let mut links = values.iter().flat_map(|value| value.sites().iter().rev().copied());
        links.find(|link| self.is_named(*link, name))
    }

    /// The first argument of a call of this name on what the site makes, in the same function: `body` of
    /// `request.end(body)` behind `const request = https.request(options)`.
    fn continued(&self, site: Site, name: &str) -> Given<'m> {
        let unit = &self.units.units[self.units.calls[site.call].unit];
        let later = unit.calls.iter().map(|call| self.units.calls[*call].call).find_map(|call| {
            let ExpressionKind::Member { object, name: called } = &call.callee.kind else { return None };
            let given = call.arguments.first().filter(|_| called == name)?;
            let is_made_here = |value: &Value<'m>| value.sites().last() == Some(&site);
            self.values(object, site.frame).iter().any(is_made_here).then_some(&given.value)
        });
        later.map_or(Given::Absent, |expression| Given::Present { expression, frame: site.frame })
    }

    /// A call of this name in the chain that made a value.
    fn chained_in(&self, expression: &'m Expression, frame: FrameId, name: &str) -> Given<'m> {
        let mut unresolved = false;
        for value in self.values(expression, frame).iter() {
            let Value::Library { sites, .. } = value else {
                unresolved = true;
                continue;
            };
            for link in sites.iter() {
                let call = self.units.calls[link.call].call;
                if let ExpressionKind::Member { name: called, .. } = &call.callee.kind
                    && called == name
                    && !self.is_off(self.units.calls[link.call].node, link.frame, None)
                {
                    let given = call.arguments.first().map_or(&call.callee, |argument| &argument.value);
                    return Given::Present { expression: given, frame: link.frame };
                }
            }
        }
        if unresolved { Given::Unresolved } else { Given::Absent }
    }

    /// A keyword argument, or a key of an object among the arguments.
    fn named(&self, site: Site, name: &str, depth: usize) -> Given<'m> {
        let call = self.units.calls[site.call].call;
        if let Some(argument) = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name)) {
            return Given::Present { expression: &argument.value, frame: site.frame };
        }
        let mut unresolved = false;
        // Python names its options: what stands in a position is none, unless it is a literal or spread.
        let named_only = self.modules[self.units.calls[site.call].module].language == Language::Python;
        // Where the options are written out, no other value stands for them.
        let written_out = call
            .arguments
            .iter()
            .any(|argument| argument.name.is_none() && matches!(argument.value.kind, ExpressionKind::Object(_)));
        for argument in call.arguments.iter().rev() {
            let is_literal = matches!(argument.value.kind, ExpressionKind::Object(_) | ExpressionKind::Spread(_));
            let looked_into = match argument.name.as_deref() {
                None if named_only && !is_literal => continue,
                Some("**")
                    if depth < DEPTH
                        && let Some((outer, _)) =
                            self.handed_on(&argument.value, site.frame, ParameterKind::KeywordRest) =>
                {
                    // `def ask(**options): create(**options)`: whatever the caller names, else what is put in here.
                    match self.named(outer, name, depth + 1) {
                        given @ Given::Present { .. } => given,
                        other => match self.key(&argument.value, site.frame, name, depth + 1) {
                            here @ Given::Present { .. } => here,
                            _ => other,
                        },
                    }
                }
                None if !matches!(argument.value.kind, ExpressionKind::Spread(_)) => {
                    self.key(&argument.value, site.frame, name, depth + 1)
                }
                Some("**") | None => self.key_of_spread(&argument.value, site.frame, name, depth + 1),
                Some(_) => continue,
            };
            match looked_into {
                Given::Absent => {}
                // A positional value that is not an object is no options; only what is spread may hold the key.
                Given::Unresolved => {
                    unresolved |= argument.name.is_some()
                        || matches!(argument.value.kind, ExpressionKind::Spread(_))
                        || !written_out && self.looks_like_options(&argument.value, site.frame)
                        || matches!(argument.value.kind, ExpressionKind::Object(_))
                }
                found => return found,
            }
        }
        if unresolved { Given::Unresolved } else { Given::Absent }
    }

    /// A bare name or member given where options would stand (`create(parameters)`), unless its type holds no options.
    fn looks_like_options(&self, expression: &'m Expression, frame: FrameId) -> bool {
        matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Call(_))
            && !self.values(expression, frame).iter().all(|value| {
                value
                    .path()
                    .is_some_and(|path| matches!(path, "globals.string()" | "globals.number()" | "globals.Buffer()"))
            })
    }

    /// What a setting is at one site.
    pub fn setting_at(&self, setting: &Setting, site: Site) -> Option<Held> {
        let mut unresolved = false;
        for path in &setting.arguments {
            match self.argument(site, path) {
                Given::Present { expression, frame }
                    if self.is_put_in_some_ways(expression, site, &setting.arguments)
                        || self.is_omitted(expression, frame) => {}
                Given::Present { expression, frame } => {
                    let amount = self.amount(expression, frame, setting.unit.as_deref(), &setting.off);
                    // What nothing ends leaves the time limit of the client as it is.
                    if amount != Amount::Off || !self.is_signal(expression, frame) {
                        return Some(Held::Given(amount, site));
                    }
                }
                Given::Unresolved => unresolved = true,
                Given::Absent => {}
            }
        }
        if let Some((expression, frame)) = self.one_of(site, &setting.arguments) {
            let amount = self.amount(expression, frame, setting.unit.as_deref(), &setting.off);
            // What is off where it stands was looked at above.
            if amount != Amount::Off {
                return Some(Held::Given(amount, site));
            }
        }
        unresolved.then_some(Held::Unresolved(None))
    }

    /// What a setting is where it is assigned for all calls, or to the object that a site made; what that is made after
    /// (`before axios.defaults.timeout`), where it takes over what holds then.
    pub fn setting_assigned(&self, setting: &Setting, site: Site) -> Option<Held> {
        setting.assigned.iter().flat_map(|name| crate::rules::checked::expand(name)).find_map(|name| {
            if let Some((function, path)) = name.strip_suffix(')').and_then(|name| name.rsplit_once('('))
                && !path.is_empty()
            {
                let (given, frame) = self.given_somewhere(function, path)?;
                let amount = self.amount(given, frame, setting.unit.as_deref(), &setting.off);
                return Some(Held::Given(amount, site));
            }
            let (name, taken_over) = name.strip_prefix("before ").map_or((name.as_str(), false), |name| (name, true));
            let (object, member) = name.rsplit_once('.')?;
            let holder = object.rsplit('.').next()?;
            let made = &self.units.calls[site.call];
            let assigned = self.units.member_assignments.get(&(holder, member))?.iter().find(|each| {
                let is_earlier =
                    self.module_of(each.unit) == made.module && each.value.span.end <= made.call.span.start;
                if taken_over && !is_earlier {
                    return false;
                }
                let values = self.values(each.object, self.open_frame(each.unit));
                values.iter().any(|value| match value {
                    Value::Library { path, sites } => {
                        plain(path) == object && (sites.is_empty() || sites.contains(&site))
                    }
                    _ => false,
                })
            })?;
            let frame = self.open_frame(assigned.unit);
            let amount = self.amount(assigned.value, frame, setting.unit.as_deref(), &setting.off);
            Some(Held::Given(amount, site))
        })
    }

    /// What any call of a function of a library is given at an argument path.
    pub fn given_somewhere(&self, function: &str, path: &str) -> Option<(&'m Expression, FrameId)> {
        let own = function.rsplit('.').next()?;
        self.units.calls.iter().enumerate().find_map(|(call, info)| {
            let site = Site { call, frame: self.open_frame(info.unit) };
            if !self.is_named(site, own) || !self.callee_paths(site).iter().any(|path| plain(path) == function) {
                return None;
            }
            match self.argument(site, path) {
                Given::Present { expression, frame } => Some((expression, frame)),
                _ => None,
            }
        })
    }

    /// The canonical names of what a call calls; remembered, for every condition asks it of the same calls.
    pub fn callee_paths(&self, site: Site) -> Rc<[Rc<str>]> {
        if let Some(known) = self.callee_memo.borrow().get(&site) {
            return known.clone();
        }
        let call = self.units.calls[site.call].call;
        let cuts = self.cuts.get();
        let values = self.values(&call.callee, site.frame);
        let names = values.iter().filter_map(|value| match value {
            Value::Library { path, .. } => Some(path.clone()),
            _ => None,
        });
        let paths = self.common.names(names.collect());
        if self.cuts.get() == cuts {
            self.callee_memo.borrow_mut().insert(site, paths.clone());
        }
        paths
    }

    /// The literal text that an expression is, templates with `*` for what is not known.
    pub fn text(&self, expression: &'m Expression, frame: FrameId) -> Option<String> {
        self.text_at(expression, frame, 0)
    }

    /// The host that a path is put behind: `new URL("/chat", "https://api.example.com")`, or one that the environment
    /// tells. What comes from the request or from the module itself is the program's own.
    fn base_of(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<String> {
        let text = self.text_at(expression, frame, depth + 1);
        let is_configured = |value: &Value<'m>| value.path().is_some_and(|path| self.is_a(path, Kind::Environment));
        match text {
            Some(text) if text.contains("://") || text.starts_with('*') => Some(text.trim_end_matches('/').to_owned()),
            _ if self.values(expression, frame).iter().any(is_configured) => Some("*".to_owned()),
            Some(text) if text.is_empty() || text.starts_with('/') => None,
            _ => (!self.is_own_address(expression, frame)).then(|| "*".to_owned()),
        }
    }

    /// The text that a call is given first, a path behind the host that it is given with it.
    fn first_text(&self, site: Site, depth: usize) -> Option<String> {
        let arguments = &self.units.calls[site.call].call.arguments;
        let text = self.text_at(&arguments.first()?.value, site.frame, depth + 1)?;
        let base = arguments.get(1).filter(|_| text.starts_with('/'));
        let base = base.and_then(|base| self.base_of(&base.value, site.frame, depth));
        Some(base.map_or_else(|| text.clone(), |base| format!("{base}{text}")))
    }

    /// Whether an address is that of the program itself: of the request, the page or the module. `request.url`,
    /// `window.location.origin`, `import.meta.url`.
    fn is_own_address(&self, expression: &'m Expression, frame: FrameId) -> bool {
        let mut root = expression;
        let mut tells_place = false;
        loop {
            root = match &root.kind {
                ExpressionKind::Member { object, name } => {
                    tells_place |= tells_own_place(name);
                    object
                }
                ExpressionKind::Index { object, .. } => object,
                ExpressionKind::Call(call) => &call.callee,
                ExpressionKind::Await(inner) => inner,
                _ => break,
            };
        }
        let is_here = matches!(&root.kind, ExpressionKind::Name(name) if is_own_place(name));
        let is_request = |path: &str| {
            let holders = path.match_indices('.').filter_map(|(at, _)| path.get(..at)).chain([path]);
            holders
                .into_iter()
                .any(|holder| self.is_a(holder, Kind::Request) || self.is_a(plain(holder).as_str(), Kind::Request))
        };
        let is_own = |path: &str| {
            path.split('.').any(|part| tells_own_place(part.trim_end_matches("()")))
                && (path.starts_with("globals.") || is_request(path))
        };
        is_here && tells_place || self.values(expression, frame).iter().filter_map(Value::path).any(is_own)
    }

    /// What only takes something off the ends of an address leaves the host: `base.replace(/\/$/, "")`.
    fn trimmed_text(&self, call: &'m Call, frame: FrameId, depth: usize) -> Option<String> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        let text = || self.text_at(object, frame, depth + 1).unwrap_or_else(|| "*".to_owned());
        // The slash at the end is mostly what is taken off.
        trims(name).then(|| text().trim_end_matches('/').to_owned())
    }

    /// `urljoin(BASE, "/v1/chat")`, `base.join("v1/chat")`: an address and a path behind it.
    fn joined_text(&self, call: &'m Call, frame: FrameId, depth: usize) -> Option<String> {
        let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return None };
        let lower = name.to_ascii_lowercase();
        let given: Vec<&'m Expression> = call.arguments.iter().map(|argument| &argument.value).collect();
        let (base, path) = match (given.as_slice(), &call.callee.kind) {
            ([base, path], _) if lower.contains("join") && lower.contains("url") => {
                (self.base_of(base, frame, depth)?, *path)
            }
            ([path], ExpressionKind::Member { object, .. }) if lower == "join" => {
                (self.text_at(object, frame, depth + 1).filter(|text| text.contains("://"))?, *path)
            }
            _ => return None,
        };
        let path = self.text_at(path, frame, depth + 1)?;
        Some(format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/')))
    }

    fn text_at(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
            ExpressionKind::Template(parts) => Some(
                parts.iter().map(|part| self.text_at(part, frame, depth + 1).unwrap_or_else(|| "*".into())).collect(),
            ),
            ExpressionKind::Operator { operator, operands } if operator == "+" => Some(
                operands
                    .iter()
                    .map(|part| self.text_at(part, frame, depth + 1).unwrap_or_else(|| "*".into()))
                    .collect(),
            ),
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "or" | "??") => {
                operands.iter().rev().find_map(|operand| self.text_at(operand, frame, depth + 1))
            }
            ExpressionKind::Call(call) => {
                // `new URL("https://...")`, `format!(...)`, `"...".format(...)`, `Url::parse(..)`.
                let own = match &call.callee.kind {
                    ExpressionKind::Member { object, name }
                        if name == "format" || name == "to_string" || name == "to_owned" || name == "into" =>
                    {
                        self.text_at(object, frame, depth + 1)
                    }
                    _ => self.trimmed_text(call, frame, depth).or_else(|| self.joined_text(call, frame, depth)),
                };
                own.or_else(|| {
                    first_written(self.values(expression, frame).iter().map(|value| match value {
                        Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                            self.text_at(inner, *frame, depth + 1)
                        }
                        Value::Library { sites, .. } => {
                            let site = *sites.last()?;
                            if let Some(trimmed) =
                                self.trimmed_text(self.units.calls[site.call].call, site.frame, depth)
                            {
                                return Some(trimmed);
                            }
                            self.first_text(site, depth)
                        }
                        _ => None,
                    }))
                })
            }
            _ => first_written(self.values(expression, frame).iter().map(|value| match value {
                Value::Data { expression: Written(inner), frame } if !std::ptr::eq(*inner, expression) => {
                    self.text_at(inner, *frame, depth + 1)
                }
                Value::Library { path, .. } if self.is_a(path, Kind::Prefix) => Some("/".to_owned()),
                Value::Library { sites, .. } => {
                    // An environment read with a default, a parsed URL.
                    let site = sites.last()?;
                    let call = self.units.calls[site.call].call;
                    let whole = self.trimmed_text(call, site.frame, depth);
                    if let Some(whole) = whole.or_else(|| self.joined_text(call, site.frame, depth)) {
                        return Some(whole);
                    }
                    // `const address = new URL("/chat", base)`
                    if call.is_new && call.arguments.len() == 2 {
                        return self.first_text(*site, depth);
                    }
                    // A description of it is no value of it.
                    let values = call.arguments.iter().rev().filter(|argument| {
                        argument.name.as_deref().is_none_or(|name| name.contains("default") || name == "value")
                    });
                    values.into_iter().find_map(|argument| self.text_at(&argument.value, site.frame, depth + 1))
                }
                _ => None,
            })),
        }
    }
}

/// The first of some texts; nothing is written before something is: `if not url: return ""`.
fn first_written(texts: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut empty = None;
    for text in texts.flatten() {
        if !text.is_empty() {
            return Some(text);
        }
        empty = Some(text);
    }
    empty
}

/// What a request, a page or a module tells of the address under which it was reached.
fn tells_own_place(name: &str) -> bool {
    matches!(name, "url" | "nextUrl" | "origin" | "href" | "host" | "location" | "baseURI" | "protocol" | "headers")
}

/// Names of the request, the page and the module.
fn is_own_place(name: &str) -> bool {
    matches!(
        name,
        "req" | "request" | "ctx" | "c" | "event" | "window" | "globalThis" | "location" | "document" | "import"
    )
}

/// Methods that give the text that they are called on without something at its ends.
fn trims(method: &str) -> bool {
    matches!(
        method,
        "trim"
            | "trimEnd"
            | "trimStart"
            | "strip"
            | "rstrip"
            | "lstrip"
            | "removesuffix"
            | "removeprefix"
            | "replace"
            | "replaceAll"
            | "toString"
            | "valueOf"
            | "trim_end_matches"
            | "trim_end"
            | "lower"
            | "toLowerCase"
    )
}
