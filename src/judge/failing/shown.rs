//! What the caller is shown of a failure: an error status, the raw error, or neither.

use crate::link::arguments::Given;
use crate::link::units::{NodeKind, Unit};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Assignment, Expression, ExpressionKind, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::heard::{collects, hands_out, tells_others};
use super::own_errors::asks_for_own;
use super::{Fate, is_log};
use crate::judge::case::Case;
use crate::judge::retrying::{last_name, walk};

/// Helpers within helpers that make an answer of an error.
const DEPTH: usize = 3;
/// Attributes that hold an error's own text.
const TEXTS: [&str; 7] = ["message", "stack", "detail", "toString", "args", "description", "to_string"];
/// Functions that make text of what they are given.
const AS_TEXT: [&str; 9] = [
    "str",
    "repr",
    "String",
    "format_exc",
    "format_exception",
    "format_exception_only",
    "format!",
    "stringify",
    "to_string",
];

/// Functions that tell how much there is of something, and nothing else of it.
const AS_NUMBER: [&str; 4] = ["len", "count", "size", "is_empty"];

/// What becomes of the value of an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nobody asks for it.
    Dropped,
    /// It goes to the caller as it is: an error without its text tells nothing.
    Handed,
    /// It goes to the caller as text.
    Shown,
}

impl Way {
    fn as_text(self) -> Way {
        if self == Way::Dropped { self } else { Way::Shown }
    }

    fn as_it_is(self) -> Way {
        if self == Way::Dropped { self } else { Way::Handed }
    }

    fn as_handed(self) -> Way {
        if self == Way::Dropped { Way::Handed } else { self }
    }
}

/// Follows the error and its text through a handler.
pub(super) struct Shown<'c, 'p, 'm> {
    case: &'c Case<'p, 'm>,
    frame: FrameId,
    /// Names of the error itself.
    errors: Vec<String>,
    /// Names of its text.
    texts: Vec<String>,
    depth: usize,
}

impl<'c, 'p, 'm> Shown<'c, 'p, 'm> {
    pub(super) fn new(case: &'c Case<'p, 'm>, frame: FrameId, errors: Vec<String>) -> Self {
        Shown { case, frame, errors, texts: Vec::new(), depth: 0 }
    }

    /// Follows the error through an assignment: `message = str(error)`, `cause = error`.
    pub(super) fn assigned(&mut self, assignment: &'m Assignment) {
        let target = match &assignment.target.kind {
            ExpressionKind::Index { object, .. } => object,
            _ => &assignment.target,
        };
        let (Some(name), Some(value)) = (last_name(target), &assignment.value) else { return };
        if matches!(&value.kind, ExpressionKind::Name(of) if self.errors.contains(of)) {
            self.errors.push(name.to_owned());
        } else if self.holds_text(value, Way::Shown) {
            self.texts.push(name.to_owned());
        }
    }

    /// Follows the error into what it is put into: `errors.append(f"{model}: {error}")`.
    pub(super) fn collected(&mut self, expression: &'m Expression) {
        let ExpressionKind::Call(call) = &bare(expression).kind else { return };
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return };
        let ExpressionKind::Name(list) = &object.kind else { return };
        let is_held = call.arguments.iter().any(|argument| self.holds_text(&argument.value, Way::Shown));
        if collects(name) && is_held {
            self.texts.push(list.clone());
        }
    }

    /// What an expression that is returned shows; none: nothing bad.
    pub(super) fn returned(&mut self, expression: &'m Expression) -> Option<Fate> {
        self.fate(expression).or_else(|| self.is_error(expression).then_some(Fate::RawError))
    }

    /// Whether a value is the error itself, or an object that holds it: `return error`, `return { error }`.
    fn is_error(&self, expression: &Expression) -> bool {
        match &bare(expression).kind {
            ExpressionKind::Name(name) => self.errors.contains(name),
            ExpressionKind::Object(entries) => entries
                .iter()
                .any(|entry| matches!(&entry.value.kind, ExpressionKind::Name(name) if self.errors.contains(name))),
            ExpressionKind::Conditional { then, otherwise, .. } => self.is_error(then) || self.is_error(otherwise),
            _ => false,
        }
    }

    /// What an expression whose value reaches the caller shows; none: nothing bad.
    pub(super) fn fate(&mut self, expression: &'m Expression) -> Option<Fate> {
        if self.has_error_status(expression) {
            return Some(Fate::ErrorStatus);
        }
        if let Some(fate) = self.by_helper(expression) {
            return Some(fate);
        }
        self.holds_text(expression, Way::Handed).then_some(Fate::RawError)
    }

    /// What an expression that is only executed shows; none: nothing bad. What it gives is dropped: shown is what it
    /// yields, and what it gives to a call that hands it to those who asked.
    pub(super) fn told(&mut self, expression: &'m Expression) -> Option<Fate> {
        let inner = bare(expression);
        if let ExpressionKind::Yield(_) = inner.kind {
            return self.fate(expression);
        }
        if self.tells_status(inner) {
            return Some(Fate::ErrorStatus);
        }
        if let Some(fate) = self.told_by_helper(inner) {
            return Some(fate);
        }
        self.holds_text(inner, Way::Dropped).then_some(Fate::RawError)
    }

    /// Whether an expression is given the error, whatever becomes of it there.
    pub(super) fn is_given_error(&self, expression: &'m Expression) -> bool {
        let mut found = false;
        walk(expression, &mut |each| {
            found |= matches!(&each.kind, ExpressionKind::Name(name) if self.errors.contains(name) || self.texts.contains(name));
        });
        found
    }

    /// Whether a call raises what those further out may handle: `bail!("no answer")`.
    pub(super) fn raises(&self, expression: &'m Expression) -> bool {
        let program = self.case.program;
        let ExpressionKind::Call(call) = &bare(expression).kind else { return false };
        let Some(id) = program.units.call_id(call) else { return false };
        let paths = program.callee_paths(Site { call: id, frame: self.frame });
        let raises = |path: &std::rc::Rc<str>| {
            program.facts_of(path, Kind::Reject).iter().any(|(_, fact)| fact.raises == Some(true))
        };
        paths.iter().any(raises)
    }

    /// What an error that is returned as a result is for the caller, who may handle it: `Err(error.into())`.
    pub(super) fn handed_on(&self, expression: &'m Expression) -> Option<Fate> {
        let is_error = matches!(&expression.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err"));
        if is_error {
            return Some(if self.has_error_status(expression) { Fate::RaisedStatus } else { Fate::Rethrown });
        }
        self.raises(expression).then_some(Fate::RaisedStatus)
    }

    /// Whether an expression makes an error that carries a status.
    pub(super) fn rejects(&self, expression: &'m Expression) -> bool {
        self.has_error_status(expression)
    }

    /// Whether an expression never comes back: `panic!`, `process.exit(1)`, and the error handed to what comes next.
    pub(super) fn ends_here(&self, expression: &'m Expression) -> bool {
        let ExpressionKind::Call(call) = &bare(expression).kind else { return false };
        if self.case.program.diverges(expression, self.frame) {
            return true;
        }
        match last_name(&call.callee) {
            // A parameter that is given the error: `next(error)`, `reject(error)`.
            Some(name) if matches!(call.callee.kind, ExpressionKind::Name(_)) && !is_listener(name) => {
                let is_parameter = self
                    .case
                    .program
                    .values(&call.callee, self.frame)
                    .iter()
                    .any(|value| matches!(value, Value::Parameter { .. }) || is_next(value));
                is_parameter
                    && call.arguments.first().is_some_and(
                        |argument| matches!(&argument.value.kind, ExpressionKind::Name(name) if self.errors.contains(name)),
                    )
            }
            _ => false,
        }
    }

    /// An answer with an error status anywhere in an expression.
    fn has_error_status(&self, expression: &'m Expression) -> bool {
        let mut found = false;
        walk(expression, &mut |each| {
            found |= match &each.kind {
                ExpressionKind::Call(_) => self.is_rejection(each),
                // `StatusCode::BAD_GATEWAY`
                ExpressionKind::Member { object, name } => {
                    last_name(object).is_some_and(|holder| holder.to_ascii_lowercase().contains("status"))
                        && ERROR_STATUS.iter().any(|status| name.ends_with(status))
                }
                // `return {"error": ...}, 502`
                ExpressionKind::List(items) => items.last().is_some_and(|last| {
                    items.len() > 1
                        && matches!(last.kind, ExpressionKind::Literal(_))
                        && self.is_error_number(last, self.frame)
                }),
                _ => false,
            };
        });
        found
    }

    fn is_error_number(&self, expression: &'m Expression, frame: FrameId) -> bool {
        self.case.program.number(expression, frame, 0).is_some_and(|status| (400.0..600.0).contains(&status))
    }

    /// Whether a status that is chosen is one of an error where nothing else is known: `error.status ?? 500`.
    fn is_error_at_last(&self, expression: &'m Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "??" | "or") => {
                operands.last().is_some_and(|last| self.is_error_number(last, self.frame))
            }
            ExpressionKind::Conditional { then, otherwise, .. } => {
                self.is_error_at_last(then) && self.is_error_at_last(otherwise)
            }
            _ => self.is_error_number(expression, self.frame),
        }
    }

    /// Whether an assignment makes the answer: `ctx.body = { text }`.
    pub(super) fn answers(&self, assignment: &'m Assignment) -> bool {
        let ExpressionKind::Member { object, name } = &assignment.target.kind else { return false };
        let program = self.case.program;
        assignment.operator.is_none()
            && program
                .values(object, self.frame)
                .iter()
                .filter_map(Value::path)
                .any(|path| program.is_a(&format!("{path}.{name}"), Kind::Respond))
    }

    /// Whether an expression that is only executed gives the answer an error status: one that is handed to a metric, a
    /// log or a table is none of the answer's.
    fn tells_status(&self, expression: &'m Expression) -> bool {
        let mut found = false;
        walk(expression, &mut |each| {
            let ExpressionKind::Call(call) = &each.kind else { return };
            let Some(id) = self.case.program.units.call_id(call) else { return };
            let is_handed = || {
                matches!(last_name(&call.callee), Some("status" | "status_code" | "set_status"))
                    || hands_out(self.case, Site { call: id, frame: self.frame })
            };
            found |= self.refuses(each) || (self.has_status_option(each) || self.has_error_status(each)) && is_handed();
        });
        found
    }

    pub(super) fn is_rejection(&self, expression: &'m Expression) -> bool {
        self.refuses(expression) || self.has_status_option(expression)
    }

    /// Whether a call is given a status for what it makes: `Response(..., { status: 500 })`.
    fn has_status_option(&self, expression: &'m Expression) -> bool {
        let program = self.case.program;
        let ExpressionKind::Call(call) = &expression.kind else { return false };
        let Some(id) = program.units.call_id(call) else { return false };
        let site = Site { call: id, frame: self.frame };
        let is_line = |path: &std::rc::Rc<str>| program.is_a(path, Kind::Log);
        !program.callee_paths(site).iter().any(is_line)
            && ["status", "status_code", "statusCode"].iter().any(|name| {
                matches!(program.argument(site, name), Given::Present { expression, frame } if self.is_error_number(expression, frame))
            })
    }

    /// Whether a call refuses by what is known of it, or sets the status of an answer: `res.status(500)`.
    fn refuses(&self, expression: &'m Expression) -> bool {
        let program = self.case.program;
        let ExpressionKind::Call(call) = &expression.kind else { return false };
        let Some(id) = program.units.call_id(call) else { return false };
        let site = Site { call: id, frame: self.frame };
        let paths = program.callee_paths(site);
        if paths.iter().any(|path| program.is_a(path, Kind::Log)) {
            return false;
        }
        for path in paths.iter() {
            for (_, fact) in program.facts_of(path, Kind::Reject) {
                let failing = match fact.status.as_deref().map(|status| program.argument_of(site, status)) {
                    Some(Given::Present { expression, frame }) => {
                        program.number(expression, frame, 0).is_none_or(|status| status >= 400.0)
                    }
                    Some(_) => false,
                    None => fact.always == Some(true),
                };
                if failing {
                    return true;
                }
            }
        }
        // An untyped response object.
        matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "status" | "sendStatus" | "code" | "writeHead"))
            && call.arguments.first().is_some_and(|first| self.is_error_number(&first.value, self.frame))
    }

    /// Whether an assignment gives an answer an error status: `res.statusCode = 502`, `*reply.status_mut() = ...`.
    pub(super) fn sets_error_status(&self, assignment: &'m Assignment) -> bool {
        let name = match &assignment.target.kind {
            ExpressionKind::Member { name, .. } => name.as_str(),
            ExpressionKind::Call(call) => last_name(&call.callee).unwrap_or(""),
            _ => return false,
        };
        matches!(name, "status" | "statusCode" | "status_code" | "status_mut")
            && assignment.value.as_ref().is_some_and(|value| self.is_error_at_last(value) || self.rejects(value))
    }

    /// What a helper of the program makes of the error: `return asResponse(error)`.
    fn by_helper(&self, expression: &'m Expression) -> Option<Fate> {
        let program = self.case.program;
        let ExpressionKind::Call(call) = &bare(expression).kind else { return None };
        let id = program.units.call_id(call)?;
        let site = Site { call: id, frame: self.frame };
        if is_log(self.case, site) {
            return None;
        }
        self.by_helper_site(site)
    }

    /// What a helper of the program tells those who asked of the error that it is given: `refuse(res, error)`.
    fn told_by_helper(&self, expression: &'m Expression) -> Option<Fate> {
        let program = self.case.program;
        let ExpressionKind::Call(call) = &expression.kind else { return None };
        let site = Site { call: program.units.call_id(call)?, frame: self.frame };
        if self.depth >= DEPTH || is_log(self.case, site) {
            return None;
        }
        let frames = program.runs(site);
        let entered = frames.iter().copied().filter(|frame| program.frame(*frame).how == How::Call(site));
        entered.filter_map(|frame| self.told_within(site, frame)).max()
    }

    fn told_within(&self, site: Site, frame: FrameId) -> Option<Fate> {
        let unit = &self.case.program.units.units[self.case.program.unit_of_frame(frame)];
        let mut inner = self.within(site, frame)?;
        let executed = unit.nodes.iter().filter_map(|node| match self.case.program.units.nodes[*node].kind {
            NodeKind::Plain(Statement { kind: StatementKind::Expression(value), .. }) => Some(value),
            _ => None,
        });
        let told = executed.filter_map(|value| inner.told(value)).max();
        told.max(inner.sets_status_in(unit).then_some(Fate::ErrorStatus))
    }

    /// Follows the assignments of a statement.
    fn follow(&mut self, statement: &'m Statement) {
        use StatementKind as S;
        match &statement.kind {
            S::Assign(assignment) => self.assigned(assignment),
            S::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|each| self.follow(each)),
            S::Block(block) | S::With { body: block, .. } => block.iter().for_each(|each| self.follow(each)),
            _ => {}
        }
    }

    /// Whether an expression holds the error's own text, and it gets to the caller on its way: `str(e)`, `err.message`,
    /// `f"... {e}"`.
    fn holds_text(&self, expression: &'m Expression, way: Way) -> bool {
        let mut stack: Vec<(&'m Expression, Way)> = vec![(expression, way)];
        while let Some((each, way)) = stack.pop() {
            match &each.kind {
                ExpressionKind::Call(call) => {
                    if self.call_shows(call, way, &mut stack) {
                        return true;
                    }
                }
                ExpressionKind::Name(name) => {
                    let is_text = self.texts.contains(name) && way != Way::Dropped;
                    if is_text || way == Way::Shown && self.errors.contains(name) {
                        return true;
                    }
                }
                ExpressionKind::Member { object, name } => {
                    let of_error = matches!(&object.kind, ExpressionKind::Name(of) if self.errors.contains(of));
                    if of_error && way != Way::Dropped && TEXTS.contains(&name.as_str()) {
                        return true;
                    }
                    if !of_error {
                        stack.push((object, way.as_it_is()));
                    }
                }
                ExpressionKind::Template(parts) => stack.extend(parts.iter().map(|part| (part, way.as_text()))),
                ExpressionKind::Conditional { test, then, otherwise } => {
                    match asks_for_own(self.case, test, self.frame) {
                        Some(is_own) => stack.push((if is_own { &**otherwise } else { &**then }, way)),
                        None => stack.extend([(&**then, way), (&**otherwise, way)]),
                    }
                }
                ExpressionKind::Operator { operator, operands } => {
                    let joins = matches!(operator.as_str(), "+" | "%");
                    let inner = if joins { way.as_text() } else { way };
                    let compares =
                        matches!(operator.as_str(), "==" | "!=" | "in" | "not in" | "is" | "not" | "<" | ">");
                    if !compares {
                        stack.extend(operands.iter().map(|operand| (operand, inner)));
                    }
                }
                _ => crate::link::flow::children(each, &mut |child| stack.push((child, way))),
            }
        }
        false
    }

    /// Whether a call shows the error; what is to be looked at further is put on the stack.
    fn call_shows(&self, call: &'m crate::model::Call, way: Way, stack: &mut Vec<(&'m Expression, Way)>) -> bool {
        let program = self.case.program;
        let name = last_name(&call.callee).unwrap_or("");
        let is_text = AS_TEXT.contains(&name);
        let Some(id) = program.units.call_id(call) else { return false };
        let site = Site { call: id, frame: self.frame };
        if !is_text && is_log(self.case, site) || AS_NUMBER.contains(&name) {
            return false;
        }
        let callees = self.case.callees(site);
        // An object that the program makes holds what it is given: `Reply(content=f"failed: {error}")`.
        if !callees.is_empty() && callees.iter().all(|value| matches!(value, Value::Class(_))) {
            stack.extend(call.arguments.iter().map(|argument| (&argument.value, way)));
            return false;
        }
        let own = callees.iter().any(|value| matches!(value, Value::Function { .. } | Value::Class(_)));
        let sends = ["send", "reply", "emit", "write"].iter().any(|part| name.contains(part));
        if own && !(sends && tells_others(self.case, site)) {
            return way != Way::Dropped && self.by_helper_text(site);
        }
        let way = if own || way == Way::Dropped && hands_out(self.case, site) { way.as_handed() } else { way };
        if way != Way::Dropped && !own && matches!(call.callee.kind, ExpressionKind::Member { .. }) && collects(name) {
            return false;
        }
        stack.extend(call.arguments.iter().map(|argument| (&argument.value, way.as_text())));
        if let ExpressionKind::Member { object, name } = &call.callee.kind {
            let is_made_text = TEXTS.contains(&name.as_str()) || name == "to_string";
            stack.push((object, if is_made_text { way.as_text() } else { way }));
        }
        false
    }

    /// Whether a helper of the program returns the text of the error that it is given.
    fn by_helper_text(&self, site: Site) -> bool {
        let program = self.case.program;
        let call = program.units.calls[site.call].call;
        let given = call.arguments.iter().any(|argument| match &argument.value.kind {
            ExpressionKind::Name(name) => self.errors.contains(name) || self.texts.contains(name),
            _ => self.holds_text(&argument.value, Way::Shown),
        });
        given && self.by_helper_site(site) == Some(Fate::RawError)
    }

    fn by_helper_site(&self, site: Site) -> Option<Fate> {
        let program = self.case.program;
        if self.depth >= DEPTH {
            return None;
        }
        let frames = program.runs(site);
        frames
            .iter()
            .copied()
            .filter(|frame| program.frame(*frame).how == How::Call(site))
            .find_map(|frame| self.within_helper(site, frame))
    }

    fn within_helper(&self, site: Site, frame: FrameId) -> Option<Fate> {
        let unit = &self.case.program.units.units[self.case.program.unit_of_frame(frame)];
        let mut inner = self.within(site, frame)?;
        let shown = unit.returns.iter().filter_map(|returned| inner.returned(returned)).max();
        shown.max(inner.sets_status_in(unit).then_some(Fate::ErrorStatus))
    }

    /// The error and its text as a helper knows them that a call gives them to.
    fn within(&self, site: Site, frame: FrameId) -> Option<Self> {
        let program = self.case.program;
        let function = program.units.units[program.unit_of_frame(frame)].function?;
        let mut inner = Shown::new(self.case, frame, Vec::new());
        inner.depth = self.depth + 1;
        for (index, parameter) in function.parameters.iter().enumerate() {
            let (Some((passed, _)), Some(name)) =
                (program.passed_from(function, index, site), last_name(&parameter.target))
            else {
                continue;
            };
            match &passed.kind {
                ExpressionKind::Name(error) if self.errors.contains(error) => inner.errors.push(name.to_owned()),
                _ if self.holds_text(passed, Way::Shown) => inner.texts.push(name.to_owned()),
                _ => {}
            }
        }
        function.body.iter().for_each(|statement| inner.follow(statement));
        Some(inner)
    }

    /// Whether a statement of a unit gives its answer an error status, whatever is returned then.
    fn sets_status_in(&self, unit: &Unit<'m>) -> bool {
        unit.nodes.iter().any(|node| match self.case.program.units.nodes[*node].kind {
            NodeKind::Plain(statement) => match &statement.kind {
                StatementKind::Expression(value) => self.is_rejection(bare(value)),
                StatementKind::Assign(assignment) => self.sets_error_status(assignment),
                _ => false,
            },
            _ => false,
        })
    }
}

/// Names of statuses that tell of a failure, as libraries spell them.
const ERROR_STATUS: [&str; 9] = [
    "BAD_REQUEST",
    "FORBIDDEN",
    "TOO_MANY_REQUESTS",
    "INTERNAL_SERVER_ERROR",
    "NOT_IMPLEMENTED",
    "BAD_GATEWAY",
    "SERVICE_UNAVAILABLE",
    "GATEWAY_TIMEOUT",
    "FAILED_DEPENDENCY",
];

/// Whether a name is that of a function which is told of what happens, and decides nothing: `onError`, `on_failure`.
fn is_listener(name: &str) -> bool {
    let rest = name.strip_prefix("on");
    rest.is_some_and(|rest| rest.starts_with(|first: char| first == '_' || first.is_uppercase()))
}

/// What hands a request on to the next handler.
fn is_next(value: &Value<'_>) -> bool {
    value.path().is_some_and(|path| path.ends_with("next") || path.ends_with("NextFunction()"))
}

/// An expression without what waits for it.
fn bare(expression: &Expression) -> &Expression {
    let mut expression = expression;
    while let ExpressionKind::Await(inner) = &expression.kind {
        expression = inner;
    }
    expression
}
