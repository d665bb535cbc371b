//! How a retry waits: whether the length of its sleeps grows by a power, or is what the server asks for.

use crate::link::arguments::Given;
use crate::link::units::{NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Span, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::{Leads, site_in, walk, walk_statement};
use crate::judge::case::Case;
use crate::judge::guards::is_dropped;

/// Functions within functions that are searched for a sleep.
const DEPTH: usize = 3;

/// What is known of the waits between attempts.
#[derive(Debug, Default)]
pub(super) struct Waits<'m> {
    /// What sleeps are given, in their frames.
    lengths: Vec<(&'m Expression, FrameId)>,
    /// Names that are multiplied from one attempt to the next.
    grown: Vec<String>,
    /// The server is asked how long to wait.
    asked: bool,
    /// Promises that nobody awaits: what is done in them is waited for by nobody.
    dropped: Vec<Span>,
}

impl<'m> Waits<'m> {
    /// The waits among statements that run between two attempts.
    pub(super) fn among(case: &Case<'_, 'm>, statements: &[&'m Statement], frame: FrameId) -> Self {
        let mut waits = Waits::default();
        let mut set: Vec<&str> = Vec::new();
        for statement in statements {
            let mut grown = Vec::new();
            multiplied(statement, &mut grown);
            // `let delay = FIRST;` at the beginning of each round starts anew.
            grown.retain(|name| !set.contains(&name.as_str()));
            waits.grown.append(&mut grown);
            set.extend(set_anew(statement));
            walk_deep(statement, &mut |expression| waits.look(case, expression, frame));
        }
        waits
    }

    /// Names that an argument of the next attempt multiplies: `load(left - 1, wait * 2)`.
    pub(super) fn grows_by(&mut self, names: impl IntoIterator<Item = String>) {
        self.grown.extend(names);
    }

    fn look(&mut self, case: &Case<'_, 'm>, expression: &'m Expression, frame: FrameId) {
        match &expression.kind {
            ExpressionKind::Call(_) if self.dropped.iter().any(|span| span.contains(expression.span)) => {}
            ExpressionKind::Call(call) => {
                if let Some(call) = case.program.units.call_id(call) {
                    let site = site_in(case.program, call, frame);
                    if is_left_alone(case, site) && makes_promise(case.program, site) {
                        self.dropped.push(expression.span);
                    }
                    self.sleep(case, site, DEPTH, true);
                }
            }
            ExpressionKind::Literal(Literal::Text(text)) => self.asked |= text.eq_ignore_ascii_case("retry-after"),
            ExpressionKind::Assign(assignment) => {
                if let (Some("*" | "<<"), Some(name)) = (assignment.operator.as_deref(), last_name(&assignment.target))
                {
                    self.grown.push(name.to_owned());
                }
            }
            _ => {}
        }
    }

    /// A sleep that a call is, or makes.
    fn sleep(&mut self, case: &Case<'_, 'm>, site: Site, depth: usize, between: bool) {
        let program = case.program;
        let call = program.units.calls[site.call].call;
        let mut known = false;
        let is_left_alone = is_left_alone(case, site);
        for path in program.callee_paths(site).iter() {
            for (_, fact) in program.facts_of(path, Kind::Sleep) {
                known = true;
                if is_left_alone && fact.role.as_deref() == Some("promise") || program.comes_to_nothing(site) {
                    continue;
                }
                if let Given::Present { expression, frame } =
                    program.argument_of(site, fact.seconds.as_deref().unwrap_or("#0"))
                {
                    self.lengths.push((expression, frame));
                }
            }
        }
        if known || depth == 0 || is_left_alone && answers_later(program, site) {
            return;
        }
        let own: Vec<FrameId> =
            program.runs(site).iter().copied().filter(|frame| program.frame(*frame).how == How::Call(site)).collect();
        if own.is_empty() && between {
            // A sleep of a library that is not known: `sleep(ms)`, `delay(ms)`.
            let name = last_name(&call.callee).unwrap_or("").to_ascii_lowercase();
            if ["sleep", "delay", "wait", "pause", "backoff"].iter().any(|each| name.contains(each)) {
                self.lengths.extend(call.arguments.iter().map(|argument| (&argument.value, site.frame)));
            }
        }
        // What is retried may wait for itself; that is no wait between attempts.
        if own.is_empty() || Leads::of(case, site).external.is_some() {
            return;
        }
        for frame in own {
            self.unit(case, program.unit_of_frame(frame), frame, depth - 1);
        }
    }

    fn unit(&mut self, case: &Case<'_, 'm>, unit: UnitId, frame: FrameId, depth: usize) {
        let program = case.program;
        for call in &program.units.units[unit].calls {
            self.sleep(case, Site { call: *call, frame }, depth, false);
        }
        // `new Promise((resolve) => setTimeout(resolve, ms))` sleeps in a function of its own.
        for inner in &program.units.units[unit].inner {
            if let Some(frame) = program.enter(*inner, frame, None, How::Framework) {
                for call in &program.units.units[*inner].calls {
                    self.sleep(case, Site { call: *call, frame }, depth, false);
                }
            }
        }
    }

    /// Whether nothing is waited for.
    pub(super) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Whether the waits are exponential.
    pub(super) fn are_exponential(&self, program: &Program<'m>) -> bool {
        self.asked && !self.lengths.is_empty()
            || self.lengths.iter().any(|(length, frame)| {
                grows(program, length, *frame, &self.grown) && !is_capped_at_once(program, length, *frame)
            })
    }
}

/// Whether a call is a statement of its own: nobody waits for what it gives.
fn is_left_alone(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let StatementKind::Expression(value) = &statement.kind else { return false };
    is_dropped(value, info.call)
}

/// Whether what a call gives has to be waited for: the promise of a function of the program, or what a function that is
/// not known gives where others are awaited.
fn answers_later(program: &Program<'_>, site: Site) -> bool {
    if makes_promise(program, site) {
        return true;
    }
    let frames = program.runs(site);
    let mut own = frames.iter().copied().filter(|frame| program.frame(*frame).how == How::Call(site)).peekable();
    if own.peek().is_none() {
        let around = program.units.units[program.unit_of_frame(site.frame)].function;
        return around.is_some_and(|function| function.is_async) && program.callee_paths(site).is_empty();
    }
    own.all(|frame| {
        let info = &program.units.units[program.unit_of_frame(frame)];
        let is_promise = |value: &Expression| match &value.kind {
            ExpressionKind::Call(call) => program.units.call_id(call).is_some_and(|call| {
                let made = Site { call, frame };
                makes_promise(program, made) || program.callee_paths(made).iter().any(|path| is_promised(program, path))
            }),
            _ => false,
        };
        info.function.is_some_and(|function| function.is_async) || info.returns.iter().any(|value| is_promise(value))
    })
}

fn is_promised(program: &Program<'_>, path: &str) -> bool {
    program.facts_of(path, Kind::Sleep).iter().any(|(_, fact)| fact.role.as_deref() == Some("promise"))
}

/// `new Promise((resolve) => setTimeout(resolve, 500))`
fn makes_promise(program: &Program<'_>, site: Site) -> bool {
    program.callee_paths(site).iter().any(|path| path.as_ref() == "globals.Promise")
}

/// Also into functions written in place: `await new Promise((resolve) => setTimeout(resolve, delay))`.
fn walk_deep<'m>(statement: &'m Statement, look: &mut dyn FnMut(&'m Expression)) {
    let mut statements = vec![statement];
    while let Some(statement) = statements.pop() {
        walk_statement(statement, &mut |expression| {
            look(expression);
            if let ExpressionKind::Function(function) = &expression.kind {
                statements.extend(&function.body);
            }
        });
    }
}

/// Names that are multiplied each time round: `delay *= 2`, `delay = delay * 2`, `delay = min(delay * 2, cap)`.
fn multiplied(statement: &Statement, names: &mut Vec<String>) {
    match &statement.kind {
        StatementKind::Assign(assignment) => {
            // `let delay = delay * 2` is another name, which is gone when the round ends.
            let Some(name) = last_name(&assignment.target).filter(|_| !assignment.declares) else { return };
            let mut grows = assignment.operator.as_deref().is_some_and(|operator| matches!(operator, "*" | "<<"));
            if let Some(value) = &assignment.value {
                walk(value, &mut |each| grows |= multiplies(each, name));
            }
            if grows {
                names.push(name.to_owned());
            }
        }
        StatementKind::If { then, otherwise, .. } => {
            then.iter().chain(otherwise).for_each(|each| multiplied(each, names))
        }
        StatementKind::Try(each) => {
            let handlers = each.handlers.iter().flat_map(|handler| &handler.body);
            let rest = each.otherwise.iter().chain(&each.finally);
            each.body.iter().chain(handlers).chain(rest).for_each(|each| multiplied(each, names));
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => {
            block.iter().for_each(|each| multiplied(each, names))
        }
        _ => {}
    }
}

/// The name that a statement gives a value that it had nothing to do with before.
fn set_anew(statement: &Statement) -> Option<&str> {
    let StatementKind::Assign(assignment) = &statement.kind else { return None };
    let name = last_name(&assignment.target).filter(|_| assignment.operator.is_none())?;
    let mut is_own = false;
    walk(assignment.value.as_ref()?, &mut |part| is_own |= last_name(part) == Some(name));
    (!is_own).then_some(name)
}

/// `name * 2`, `name << 1`
pub(super) fn multiplies(expression: &Expression, name: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "*" | "<<") && operands.iter().any(|operand| last_name(operand) == Some(name))
        }
        // `delay.saturating_mul(2)`
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name: method } => {
                method.ends_with("mul") && last_name(object) == Some(name)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The name that a variable or attribute goes by.
pub fn last_name(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a length grows by a power, looked at through names.
pub(super) fn grows<'m>(program: &Program<'m>, length: &'m Expression, frame: FrameId, grown: &[String]) -> bool {
    grows_within(program, length, frame, grown, 0)
}

fn grows_within<'m>(
    program: &Program<'m>,
    length: &'m Expression,
    frame: FrameId,
    grown: &[String],
    depth: usize,
) -> bool {
    let slice = program.slice(length, frame);
    slice.parts.iter().any(|(part, frame)| match &part.kind {
        ExpressionKind::Operator { operator, operands } => {
            // `attempt ** 2` is a power, but does not grow by one.
            matches!(operator.as_str(), "**" | "<<")
                && operands.iter().skip(1).any(|exponent| !is_constant(program, exponent, *frame))
        }
        ExpressionKind::Call(call) => {
            last_name(&call.callee).is_some_and(|name| {
                let is_power = matches!(
                    name,
                    "pow" | "powi" | "powf" | "exp" | "exp2" | "expo" | "shl" | "saturating_pow" | "checked_pow"
                );
                // `2u32.pow(attempt)`, `Math.pow(2, attempt)`
                let exponent = call.arguments.last().map(|given| &given.value);
                is_power && exponent.is_some_and(|exponent| !is_constant(program, exponent, *frame))
            }) || depth < DEPTH
                && call.arguments.iter().any(|given| {
                    // `told.unwrap_or_else(|| backoff(attempt))`
                    let ExpressionKind::Function(function) = &given.value.kind else { return false };
                    let unit = program.units.unit_of(function);
                    let entered =
                        unit.and_then(|unit| Some((unit, program.enter(unit, *frame, None, How::Framework)?)));
                    entered.is_some_and(|(unit, inner)| {
                        let mut returned = program.units.units[unit].returns.iter();
                        returned.any(|value| grows_within(program, value, inner, grown, depth + 1))
                    })
                })
        }
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if grown.contains(name) => true,
        // Delays from a list, one per attempt.
        ExpressionKind::Index { object, .. } => numbers(program, object, *frame).is_some_and(|list| grow(&list)),
        ExpressionKind::Literal(Literal::Text(text)) => text.eq_ignore_ascii_case("retry-after"),
        _ => false,
    })
}

/// Whether a length is cut to what it begins with: `Math.min(300, 300 * 2 ** attempt)`.
fn is_capped_at_once<'m>(program: &Program<'m>, length: &'m Expression, frame: FrameId) -> bool {
    program.slice(length, frame).parts.iter().any(|(part, frame)| {
        let ExpressionKind::Call(call) = &part.kind else { return false };
        if last_name(&call.callee) != Some("min") {
            return false;
        }
        // `wait.min(cap)`
        let object = match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Member { object, .. }, [_]) => Some(&**object),
            _ => None,
        };
        let operands: Vec<&'m Expression> = call.arguments.iter().map(|given| &given.value).chain(object).collect();
        let (waits, caps): (Vec<_>, Vec<_>) =
            operands.into_iter().partition(|operand| first_wait(program, operand, *frame, 0).is_some());
        let Some(cap) = caps.into_iter().filter_map(|cap| program.number(cap, *frame, 0)).reduce(f64::min) else {
            return false;
        };
        waits.into_iter().any(|wait| first_wait(program, wait, *frame, 0).is_some_and(|first| first >= cap))
    })
}

/// The least that a product with a power comes to: that of its other factors.
fn first_wait<'m>(program: &Program<'m>, wait: &'m Expression, frame: FrameId, depth: usize) -> Option<f64> {
    if depth > DEPTH {
        return None;
    }
    match &wait.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("**", _) => Some(1.0),
            ("<<", [first, _]) => program.number(first, frame, 0),
            ("*", factors) => {
                let mut powers = factors.iter().filter_map(|factor| first_wait(program, factor, frame, depth + 1));
                let first = powers.next()?;
                Some(factors.iter().filter_map(|factor| program.number(factor, frame, 0)).product::<f64>() * first)
            }
            _ => None,
        },
        ExpressionKind::Call(call) => {
            let is_power = matches!(last_name(&call.callee), Some("pow" | "powi" | "powf"));
            is_power.then_some(1.0)
        }
        ExpressionKind::Name(_) => program.values(wait, frame).iter().find_map(|value| match value {
            Value::Data { expression, frame } if !std::ptr::eq(expression.0, wait) => {
                first_wait(program, expression.0, *frame, depth + 1)
            }
            _ => None,
        }),
        _ => None,
    }
}

/// Whether a value is the same number each time: written down, or the name of a constant.
fn is_constant<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    match &value.kind {
        ExpressionKind::Literal(Literal::Number(_)) => true,
        ExpressionKind::Name(name) => {
            let is_constant = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
            is_constant && program.number(value, frame, 0).is_some()
        }
        _ => false,
    }
}

/// The numbers of a list of numbers, also where it is numbered (`enumerate([1, 2, 4])`) or ends with nothing: after the
/// last attempt there is no wait.
pub(super) fn numbers<'m>(program: &Program<'m>, list: &'m Expression, frame: FrameId) -> Option<Vec<f64>> {
    if let ExpressionKind::Call(call) = &list.kind
        && last_name(&call.callee) == Some("enumerate")
    {
        return numbers(program, &call.arguments.first()?.value, frame);
    }
    program.values(list, frame).iter().find_map(|value| {
        let Value::Data { expression, frame } = value else { return None };
        let ExpressionKind::List(items) = &expression.0.kind else { return None };
        let items = match items.split_last() {
            Some((Expression { kind: ExpressionKind::Literal(Literal::Null), .. }, before)) => before,
            _ => items.as_slice(),
        };
        let numbers: Vec<f64> = items.iter().map(|item| program.number(item, *frame, 0)).collect::<Option<_>>()?;
        (numbers.len() > 1).then_some(numbers)
    })
}

/// Whether a row of delays grows faster than evenly.
pub(super) fn grow(delays: &[f64]) -> bool {
    let steps: Vec<f64> = delays.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).collect();
    match (steps.first(), steps.last()) {
        (Some(first), Some(last)) if steps.len() > 1 => steps.iter().all(|step| *step >= 0.0) && last > first,
        (Some(only), _) => delays.first().is_some_and(|first| *only >= *first),
        _ => false,
    }
}
