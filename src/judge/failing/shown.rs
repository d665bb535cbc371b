//! What the caller is shown of a failure: an error status, the raw error, or neither.

use crate::link::arguments::Given;
use crate::link::units::{NodeKind, Unit};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Assignment, Expression, ExpressionKind, StatementKind};
use crate::rules::catalogue::Kind;

use super::heard::tells_only_operators;
use super::{Fate, is_log};
use crate::judge::case::Case;
use crate::judge::retrying::{last_name, walk};

/// Helpers within helpers that make an answer of an error.
const DEPTH: usize = 3;
/// Attributes that hold an error's own text.
const TEXTS: [&str; 7] = ["message", "stack", "detail", "toString", "args", "description", "to_string"];
/// Functions that make text of what they are given.
const AS_TEXT: [&str; 7] = ["str", "repr", "String", "format_exc", "format!", "stringify", "to_string"];

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
        let (Some(name), Some(value)) = (last_name(&assignment.target), &assignment.value) else { return };
        if matches!(&value.kind, ExpressionKind::Name(of) if self.errors.contains(of)) {
            self.errors.push(name.to_owned());
        } else if self.holds_text(value, true) {
            self.texts.push(name.to_owned());
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

    /// What an expression that is executed, or part of what is returned, shows; none: nothing bad.
    pub(super) fn fate(&mut self, expression: &'m Expression) -> Option<Fate> {
        if self.has_error_status(expression) {
            return Some(Fate::ErrorStatus);
        }
        if let Some(fate) = self.by_helper(expression) {
            return Some(fate);
        }
        self.holds_text(expression, false).then_some(Fate::RawError)
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
            Some(_) if matches!(call.callee.kind, ExpressionKind::Name(_)) => {
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

    pub(super) fn is_rejection(&self, expression: &'m Expression) -> bool {
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
        // An untyped response object: `res.status(500)`, `Response(..., { status: 500 })`.
        let by_method = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "status" | "sendStatus" | "code" | "writeHead"))
            && call.arguments.first().is_some_and(|first| self.is_error_number(&first.value, self.frame));
        let by_option = ["status", "status_code", "statusCode"].iter().any(|name| {
            matches!(program.argument(site, name), Given::Present { expression, frame } if self.is_error_number(expression, frame))
        });
        by_method || by_option
    }

    /// Whether an assignment gives an answer an error status: `res.statusCode = 502`, `*reply.status_mut() = ...`.
    pub(super) fn sets_error_status(&self, assignment: &'m Assignment) -> bool {
        let name = match &assignment.target.kind {
            ExpressionKind::Member { name, .. } => name.as_str(),
            ExpressionKind::Call(call) => last_name(&call.callee).unwrap_or(""),
            _ => return false,
        };
        matches!(name, "status" | "statusCode" | "status_code" | "status_mut")
            && assignment
                .value
                .as_ref()
                .is_some_and(|value| self.is_error_number(value, self.frame) || self.rejects(value))
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

    /// Follows the assignments of a statement.
    fn follow(&mut self, statement: &'m crate::model::Statement) {
        use StatementKind as S;
        match &statement.kind {
            S::Assign(assignment) => self.assigned(assignment),
            S::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|each| self.follow(each)),
            S::Block(block) | S::With { body: block, .. } => block.iter().for_each(|each| self.follow(each)),
            _ => {}
        }
    }

    /// Whether an expression holds the error's own text: `str(e)`, `err.message`, `f"... {e}"`. `shown`: it is made
    /// into text, or handed out of the program's own hands.
    fn holds_text(&self, expression: &'m Expression, shown: bool) -> bool {
        let mut stack: Vec<(&'m Expression, bool)> = vec![(expression, shown)];
        while let Some((each, shown)) = stack.pop() {
            match &each.kind {
                ExpressionKind::Call(call) => {
                    if self.call_shows(call, shown, &mut stack) {
                        return true;
                    }
                }
                ExpressionKind::Name(name) => {
                    if self.texts.contains(name) || shown && self.errors.contains(name) {
                        return true;
                    }
                }
                ExpressionKind::Member { object, name } => {
                    let of_error = matches!(&object.kind, ExpressionKind::Name(of) if self.errors.contains(of));
                    if of_error && TEXTS.contains(&name.as_str()) {
                        return true;
                    }
                    if !of_error {
                        stack.push((object, false));
                    }
                }
                ExpressionKind::Template(parts) => stack.extend(parts.iter().map(|part| (part, true))),
                ExpressionKind::Conditional { then, otherwise, .. } => {
                    stack.extend([(&**then, shown), (&**otherwise, shown)]);
                }
                ExpressionKind::Operator { operator, operands } => {
                    let joins = shown || matches!(operator.as_str(), "+" | "%");
                    let compares =
                        matches!(operator.as_str(), "==" | "!=" | "in" | "not in" | "is" | "not" | "<" | ">");
                    if !compares {
                        stack.extend(operands.iter().map(|operand| (operand, joins)));
                    }
                }
                _ => crate::link::flow::children(each, &mut |child| stack.push((child, shown))),
            }
        }
        false
    }

    /// Whether a call shows the error; what is to be looked at further is put on the stack.
    fn call_shows(&self, call: &'m crate::model::Call, shown: bool, stack: &mut Vec<(&'m Expression, bool)>) -> bool {
        let program = self.case.program;
        let name = last_name(&call.callee).unwrap_or("");
        let is_text = AS_TEXT.contains(&name);
        let Some(id) = program.units.call_id(call) else { return false };
        let site = Site { call: id, frame: self.frame };
        if !is_text && is_log(self.case, site) {
            return false;
        }
        let callees = self.case.callees(site);
        // An object that the program makes holds what it is given: `Reply(content=f"failed: {error}")`.
        if !callees.is_empty() && callees.iter().all(|value| matches!(value, Value::Class(_))) {
            stack.extend(call.arguments.iter().map(|argument| (&argument.value, shown)));
            return false;
        }
        let own = callees.iter().any(|value| matches!(value, Value::Function { .. } | Value::Class(_)));
        let sends = ["send", "reply", "emit", "write"].iter().any(|part| name.contains(part));
        if own && (!sends || tells_only_operators(self.case, site)) {
            return self.by_helper_text(site);
        }
        stack.extend(call.arguments.iter().map(|argument| (&argument.value, shown || is_text || !own || sends)));
        if let ExpressionKind::Member { object, name } = &call.callee.kind {
            stack.push((object, shown || TEXTS.contains(&name.as_str()) || name == "to_string"));
        }
        false
    }

    /// Whether a helper of the program returns the text of the error that it is given.
    fn by_helper_text(&self, site: Site) -> bool {
        let program = self.case.program;
        let call = program.units.calls[site.call].call;
        let given = call.arguments.iter().any(|argument| match &argument.value.kind {
            ExpressionKind::Name(name) => self.errors.contains(name) || self.texts.contains(name),
            _ => self.holds_text(&argument.value, true),
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
        let program = self.case.program;
        let unit = &program.units.units[program.unit_of_frame(frame)];
        let function = unit.function?;
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
                _ if self.holds_text(passed, true) => inner.texts.push(name.to_owned()),
                _ => {}
            }
        }
        function.body.iter().for_each(|statement| inner.follow(statement));
        let shown = unit.returns.iter().filter_map(|returned| inner.returned(returned)).max();
        shown.max(inner.sets_status_in(unit).then_some(Fate::ErrorStatus))
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
