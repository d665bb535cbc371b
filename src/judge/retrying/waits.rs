//! How a retry waits: whether the length of its sleeps grows by a power, or is what the server asks for.

use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::{Leads, site_in, walk, walk_statement};
use crate::judge::case::Case;

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
}

impl<'m> Waits<'m> {
    /// The waits among statements that run between two attempts.
    pub(super) fn among(case: &Case<'_, 'm>, statements: &[&'m Statement], frame: FrameId) -> Self {
        let mut waits = Waits::default();
        for statement in statements {
            multiplied(statement, &mut waits.grown);
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
            ExpressionKind::Call(call) => {
                if let Some(call) = case.program.units.call_id(call) {
                    self.sleep(case, site_in(case.program, call, frame), DEPTH, true);
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
        for path in program.callee_paths(site).iter() {
            for (_, fact) in program.facts_of(path, Kind::Sleep) {
                known = true;
                if let Given::Present { expression, frame } =
                    program.argument_of(site, fact.seconds.as_deref().unwrap_or("#0"))
                {
                    self.lengths.push((expression, frame));
                }
            }
        }
        if known || depth == 0 {
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

    /// Whether the waits are exponential.
    pub(super) fn are_exponential(&self, program: &Program<'m>) -> bool {
        self.asked && !self.lengths.is_empty()
            || self.lengths.iter().any(|(length, frame)| grows(program, length, *frame, &self.grown))
    }
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
            let Some(name) = last_name(&assignment.target) else { return };
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
    let slice = program.slice(length, frame);
    slice.parts.iter().any(|(part, frame)| match &part.kind {
        ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "**" | "<<"),
        ExpressionKind::Call(call) => last_name(&call.callee).is_some_and(|name| {
            matches!(name, "pow" | "powi" | "powf" | "exp" | "exp2" | "expo" | "shl" | "saturating_pow" | "checked_pow")
        }),
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if grown.contains(name) => true,
        // Delays from a list, one per attempt.
        ExpressionKind::Index { object, .. } => numbers(program, object, *frame).is_some_and(|list| grow(&list)),
        ExpressionKind::Literal(Literal::Text(text)) => text.eq_ignore_ascii_case("retry-after"),
        _ => false,
    })
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
