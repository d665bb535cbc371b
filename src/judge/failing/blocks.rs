//! What a block of code does about a failure, in all its branches.

use crate::link::{FrameId, How, Value};
use crate::model::{Block, Expression, ExpressionKind, Literal, Loop, LoopKind, Span, Statement, StatementKind};

use super::heard::{collects, hands_out};
use super::own_errors::asks_for_own;
use super::shown::Shown;
use super::told::Told;
use super::{Fate, is_log};
use crate::judge::case::Case;
use crate::judge::retrying::{counts_attempts, last_name};
use crate::link::Site;
use crate::link::units::{Binding, UnitId};
use crate::rules::catalogue::Kind;

/// Functions within functions that may hand something out.
const DEPTH: usize = 3;

/// Marks what runs the function again in which it is called.
const REQUEUE: &str = "requeue";

/// Whether a test asks which of two is more: how often it was tried.
fn orders(test: &Expression) -> bool {
    matches!(&test.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "<" | "<=" | ">" | ">="))
}

/// How a row of statements ends: some branches with a fate, others by going on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// The worst fate of the branches that leave.
    pub(super) fate: Option<Fate>,
    /// Whether a branch reaches the end.
    pub(super) goes_on: bool,
    /// Whether a branch goes on with the next round of a loop, or after it.
    pub(super) next_round: bool,
    /// Whether something was answered on the way: sent, yielded.
    pub(super) sends: bool,
    /// Whether a branch puts the work back into its queue, however often it has failed.
    pub(super) requeues: bool,
    /// Whether it was asked on the way how often it has failed.
    pub(super) is_counted: bool,
}

impl Ends {
    fn worse(&mut self, fate: Fate) {
        self.fate = Some(self.fate.map_or(fate, |known| known.max(fate)));
    }
}

/// Looks at what is done about one failure.
pub(super) struct Blocks<'c, 'p, 'm> {
    pub(super) case: &'c Case<'p, 'm>,
    pub(super) frame: FrameId,
    pub(super) shown: Shown<'c, 'p, 'm>,
    /// How many functions stand around the code that is looked at.
    depth: usize,
    /// Names that hold nothing where the failure is passed over.
    unbound: Vec<&'m str>,
    /// Whether the code that is looked at comes behind the handler.
    is_behind: bool,
    /// What tells of the failure behind the place where it was handled; none: whatever is asked there may be about it.
    told: Option<Told<'c, 'p, 'm>>,
}

impl<'c, 'p, 'm> Blocks<'c, 'p, 'm> {
    /// Looks at code in a frame, where the failure goes by these names.
    pub(super) fn new(case: &'c Case<'p, 'm>, frame: FrameId, error: Vec<String>) -> Self {
        Blocks {
            case,
            frame,
            shown: Shown::new(case, frame, error),
            depth: 0,
            unbound: Vec::new(),
            is_behind: false,
            told: None,
        }
    }

    /// The same for what the handlers of a `try` do: behind it, only what asks about the failure is about it.
    pub(super) fn of_handler(case: &'c Case<'p, 'm>, frame: FrameId, error: Vec<String>, tried: Span) -> Self {
        let is_repeated =
            levels_around(case, case.program.unit_of_frame(frame), tried).iter().any(|level| level.in_loop.is_some());
        // What comes behind it in a loop is about all that was tried.
        let told = (!is_repeated).then(|| Told::of(case, frame, &error, tried));
        Blocks { told, ..Blocks::new(case, frame, error) }
    }

    /// What a block makes of the failure, which stands at a place of its unit: what is not decided in the block is
    /// decided by what follows it.
    pub(super) fn fate(&mut self, block: &'m Block, place: Span) -> Fate {
        self.unbound = unbound_behind(self.case, self.frame, place, block);
        let mut ends = self.ends(block);
        if ends.requeues {
            ends.worse(Fate::Rethrown);
        }
        let mut fate = ends.fate;
        if ends.goes_on || ends.next_round {
            let after = if ends.sends && !ends.next_round { Fate::Answered } else { self.after(place, &ends) };
            fate = Some(fate.map_or(after, |known| known.max(after)));
        }
        fate.unwrap_or(Fate::Nothing)
    }

    /// What a whole function makes of the failure.
    pub(super) fn of_body(&mut self, body: &'m Block) -> Fate {
        let mut ends = self.ends(body);
        if ends.requeues {
            ends.worse(Fate::Rethrown);
        }
        match ends.fate {
            Some(fate) if ends.goes_on && !ends.sends => fate.max(Fate::Nothing),
            Some(fate) => fate,
            None if ends.sends => Fate::Answered,
            None => Fate::Nothing,
        }
    }

    /// How a row of statements ends.
    pub(super) fn ends(&mut self, block: &'m [Statement]) -> Ends {
        let mut ends = Ends { goes_on: true, ..Ends::default() };
        for statement in block {
            self.statement(statement, &mut ends);
            if !ends.goes_on {
                break;
            }
        }
        ends
    }

    fn statement(&mut self, statement: &'m Statement, ends: &mut Ends) {
        match &statement.kind {
            StatementKind::Return(value) => {
                let fate = self.returned(value.as_ref(), ends.sends);
                ends.worse(fate);
                ends.goes_on = false;
            }
            StatementKind::Raise(Some(value)) if self.requeues(value) => {
                ends.requeues |= !ends.is_counted;
                ends.goes_on = false;
            }
            StatementKind::Raise(value) => {
                let status = value.as_ref().is_some_and(|value| self.shown.rejects(value));
                ends.worse(if status { Fate::RaisedStatus } else { Fate::Rethrown });
                ends.goes_on = false;
            }
            StatementKind::Break | StatementKind::Continue => {
                ends.next_round = true;
                ends.goes_on = false;
            }
            StatementKind::If { test, then, otherwise } if asks_for_own(self.case, test, self.frame).is_some() => {
                let is_own = asks_for_own(self.case, test, self.frame) == Some(true);
                let inner = self.ends(if is_own { otherwise } else { then });
                self.join(&[inner], ends);
            }
            StatementKind::If { test, then, otherwise } => {
                let (mut then, mut otherwise) = (self.ends(then), self.ends(otherwise));
                if orders(test) {
                    ends.is_counted = true;
                    (then.requeues, otherwise.requeues) = (false, false);
                }
                // An error's own pattern leaves nothing else to happen.
                let mut branches = if is_error_pattern(test) { vec![then] } else { vec![then, otherwise] };
                if self.is_about_something_else(statement) {
                    leave_failures_out(&mut branches);
                }
                self.join(&branches, ends);
            }
            StatementKind::Try(each) => {
                // What is tried here is the fallback; what becomes of it when that fails too is another matter.
                let mut body = self.ends(&each.body);
                let mut branches = Vec::new();
                if body.requeues && !each.handlers.is_empty() {
                    // The library tells when it was often enough.
                    body.requeues = false;
                    branches.extend(each.handlers.iter().map(|handler| self.ends(&handler.body)));
                }
                branches.push(body);
                self.join(&branches, ends);
                if body.fate.is_none() && body.goes_on {
                    let rest = self.ends(&each.otherwise);
                    self.join(&[rest], ends);
                }
            }
            StatementKind::Block(block) | StatementKind::With { body: block, .. } => {
                let inner = self.ends(block);
                self.join(&[inner], ends);
            }
            StatementKind::Loop(each) => {
                let inner = self.ends(&each.body);
                ends.sends |= inner.sends;
                if let Some(fate) = inner.fate {
                    ends.worse(fate);
                }
            }
            StatementKind::Expression(value) => self.expression(value, ends),
            StatementKind::Assign(assignment) if self.shown.sets_error_status(assignment) => {
                ends.worse(Fate::ErrorStatus);
                ends.goes_on = false;
            }
            StatementKind::Assign(assignment) if self.shown.answers(assignment) => {
                let value = assignment.value.as_ref().filter(|value| is_something(value));
                match value.and_then(|value| self.shown.returned(value)) {
                    Some(fate) => {
                        ends.worse(fate);
                        ends.goes_on &= fate < Fate::ErrorStatus;
                    }
                    None => ends.sends |= value.is_some(),
                }
            }
            StatementKind::Assign(assignment) => {
                self.shown.assigned(assignment);
                if let Some(told) = self.told.as_mut().filter(|_| self.is_behind) {
                    told.assigned(assignment);
                }
            }
            _ => {}
        }
    }

    /// Whether a branch behind the handler asks about something else that may go wrong, such as the next request.
    fn is_about_something_else(&self, branch: &'m Statement) -> bool {
        self.is_behind && self.told.as_ref().is_some_and(|told| !told.is_asked_by(branch))
    }

    fn join(&self, branches: &[Ends], ends: &mut Ends) {
        for branch in branches {
            if let Some(fate) = branch.fate {
                ends.worse(fate);
            }
            ends.next_round |= branch.next_round;
            ends.sends |= branch.sends;
            ends.requeues |= branch.requeues;
        }
        ends.goes_on = branches.iter().any(|branch| branch.goes_on);
    }

    /// Whether what is raised puts the work back into its queue.
    fn requeues(&self, raised: &'m Expression) -> bool {
        let ExpressionKind::Call(call) = &raised.kind else { return false };
        let program = self.case.program;
        let Some(call) = program.units.call_id(call) else { return false };
        let paths = program.callee_paths(Site { call, frame: self.frame });
        let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
        facts.any(|(_, fact)| fact.role.as_deref() == Some(REQUEUE))
    }

    /// A statement that is an expression: something may be sent, or end everything.
    fn expression(&mut self, value: &'m Expression, ends: &mut Ends) {
        if self.shown.raises(value) {
            ends.worse(Fate::RaisedStatus);
            ends.goes_on = false;
            return;
        }
        if self.shown.ends_here(value) {
            ends.worse(Fate::Rethrown);
            ends.goes_on = false;
            return;
        }
        if let Some(fate) = self.shown.told(value) {
            ends.worse(fate);
            ends.goes_on &= fate < Fate::ErrorStatus;
            return;
        }
        self.shown.collected(value);
        ends.sends |= self.sends(value);
    }

    /// Whether an expression hands something out: a yield, or a call that is no log line; of a function of the program
    /// what it does.
    fn sends(&self, value: &'m Expression) -> bool {
        let mut inner = value;
        while let ExpressionKind::Await(next) = &inner.kind {
            inner = next;
        }
        match &inner.kind {
            ExpressionKind::Yield(_) => true,
            ExpressionKind::Call(call) => {
                let Some(id) = self.case.program.units.call_id(call) else { return false };
                let site = Site { call: id, frame: self.frame };
                !is_log(self.case, site)
                    && call.arguments.iter().any(|argument| is_something(&argument.value))
                    && !self.is_kept_elsewhere(value, site)
                    && self.is_sent_within(site)
            }
            _ => false,
        }
    }

    /// Whether a call of no function of the program only keeps, counts or carries away what it is given: the error goes to
    /// nobody who asked.
    fn is_kept_elsewhere(&self, value: &'m Expression, site: Site) -> bool {
        let callee = &self.case.program.units.calls[site.call].call.callee;
        let is_collected = matches!(&callee.kind, ExpressionKind::Member { name, .. } if collects(name));
        // `context.set("failed", true)`
        let is_put = matches!(&callee.kind, ExpressionKind::Member { name, .. } if name == "set");
        (is_collected || is_put || self.shown.is_given_error(value))
            && self.case.callees(site).iter().all(|callee| !matches!(callee, Value::Function { .. }))
            && !hands_out(self.case, site)
    }

    /// Whether the functions of the program that a call runs hand something out; what others do with it is not known.
    fn is_sent_within(&self, site: Site) -> bool {
        let program = self.case.program;
        let runs = program.runs(site);
        let frames: Vec<FrameId> =
            runs.iter().copied().filter(|frame| program.frame(*frame).how == How::Call(site)).collect();
        frames.is_empty()
            || self.depth >= DEPTH
            || frames.into_iter().any(|frame| {
                let unit = &program.units.units[program.unit_of_frame(frame)];
                let mut inner = Blocks { depth: self.depth + 1, ..Blocks::new(self.case, frame, Vec::new()) };
                unit.function.is_none_or(|function| inner.ends(&function.body).sends)
            })
    }

    /// What a returned value is for the caller.
    fn returned(&mut self, value: Option<&'m Expression>, sends: bool) -> Fate {
        let nothing = if sends { Fate::Answered } else { Fate::Nothing };
        let Some(value) = value else { return nothing };
        if let Some(fate) = self.shown.handed_on(value) {
            return fate;
        }
        if self.case.program.diverges(value, self.frame) {
            return Fate::Rethrown;
        }
        if let Some(fate) = self.shown.returned(value) {
            return fate;
        }
        match &value.kind {
            ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)) => nothing,
            ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => nothing,
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Name(name) if name == "Ok" || name == "Some" => {
                    self.returned(call.arguments.first().map(|argument| &argument.value), sends)
                }
                // `String::new()`
                ExpressionKind::Member { object, name } if name == "new" && last_name(object) == Some("String") => {
                    nothing
                }
                _ if self.expression_sends_nothing(value) => nothing,
                _ => Fate::Answered,
            },
            ExpressionKind::Name(name) if name == "None" => nothing,
            _ if self.holds_nothing(value) || does_nothing(value) => nothing,
            _ => Fate::Answered,
        }
    }

    /// Whether a value is one that the failing call should have given: a name that nothing else was given to.
    fn holds_nothing(&self, value: &Expression) -> bool {
        match &value.kind {
            ExpressionKind::Name(name) => self.unbound.contains(&name.as_str()),
            ExpressionKind::Await(inner) | ExpressionKind::Member { object: inner, .. } => self.holds_nothing(inner),
            _ => false,
        }
    }

    /// `return next(error)` hands the error on; `return console.error(error)` answers nothing.
    fn expression_sends_nothing(&self, value: &'m Expression) -> bool {
        let ExpressionKind::Call(call) = &value.kind else { return false };
        let Some(id) = self.case.program.units.call_id(call) else { return false };
        is_log(self.case, Site { call: id, frame: self.frame })
    }

    /// What follows a place in its unit, when the code there goes on.
    fn after(&mut self, place: Span, ends: &Ends) -> Fate {
        let unit = self.case.program.unit_of_frame(self.frame);
        let levels = levels_around(self.case, unit, place);
        self.is_behind = true;
        let mut sends = ends.sends;
        // A round that ends early leaves the rest of its loop's body out.
        let mut skip = ends.next_round && !ends.goes_on;
        for level in levels {
            if !skip {
                let rest = self.ends(level.rest);
                sends |= rest.sends;
                if let Some(fate) = rest.fate {
                    return fate;
                }
                skip = rest.next_round && !rest.goes_on;
            }
            if let Some(each) = level.in_loop {
                skip = false;
                if goes_through_things(self.case, each, self.frame) {
                    return Fate::Answered;
                }
            }
        }
        if sends { Fate::Answered } else { Fate::Nothing }
    }
}

/// Of branches that ask about something else only those are gone on with in which nothing goes wrong.
fn leave_failures_out(branches: &mut Vec<Ends>) {
    let is_good = |ends: &Ends| ends.fate.is_none_or(|fate| fate == Fate::Answered);
    if branches.iter().any(is_good) {
        branches.retain(is_good);
    }
}

/// The names that a unit gives a value only in what is tried at a place, and not in the block that handles its failure.
fn unbound_behind<'m>(case: &Case<'_, 'm>, frame: FrameId, tried: Span, handler: &'m Block) -> Vec<&'m str> {
    let unit = &case.program.units.units[case.program.unit_of_frame(frame)];
    let is_tried = |binding: &Binding<'m>| match binding {
        Binding::Value { value, .. } => {
            let is_given = matches!(value.kind, ExpressionKind::Await(_) | ExpressionKind::Call(_))
                || matches!(value.kind, ExpressionKind::Member { .. } | ExpressionKind::Index { .. });
            is_given && tried.contains(value.span) && !handler.iter().any(|each| each.span.contains(value.span))
        }
        Binding::Declared(_) => true,
        _ => false,
    };
    let names = unit.names.iter().filter(|_| unit.function.is_some());
    let unbound = names.filter(|(_, bindings)| {
        bindings.iter().any(|binding| matches!(binding, Binding::Value { .. })) && bindings.iter().all(is_tried)
    });
    unbound.map(|(name, _)| *name).collect()
}

/// Whether a test is the pattern of an error: all that is left when the result is no success.
fn is_error_pattern(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "==" => operands.get(1).is_some_and(|pattern| {
            matches!(&pattern.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err"))
        }),
        _ => false,
    }
}

/// Whether a value is an object of functions that do nothing: `{ onMessage() {}, onClose() {} }`.
pub(super) fn does_nothing(value: &Expression) -> bool {
    let ExpressionKind::Object(entries) = &value.kind else { return false };
    let is_idle = |entry: &crate::model::Entry| match &entry.value.kind {
        ExpressionKind::Function(function) => function.body.is_empty(),
        _ => false,
    };
    !entries.is_empty() && entries.iter().all(is_idle)
}

/// Whether an argument is worth sending.
fn is_something(value: &Expression) -> bool {
    !matches!(value.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(_)))
}

/// A loop over models, providers, or other things that can each answer.
pub(super) fn goes_through_things<'m>(case: &Case<'_, 'm>, each: &'m Loop, frame: FrameId) -> bool {
    let only_one = each.over.as_ref().is_some_and(|over| {
        let values = case.program.values(over, frame);
        !values.is_empty()
            && values.iter().all(|value| {
                matches!(value, Value::Data { expression, .. } if matches!(&expression.0.kind, ExpressionKind::List(items) if items.len() < 2))
            })
    });
    let only_one = only_one && !each.over.as_ref().is_some_and(|over| is_added_to(case, over, frame));
    each.kind == LoopKind::Each && !counts_attempts(case, each, frame) && !only_one
}

/// Whether something more is put into a list where it is made: `self.models.append(spare)`.
fn is_added_to(case: &Case<'_, '_>, list: &Expression, frame: FrameId) -> bool {
    let program = case.program;
    let module = program.module_of(program.unit_of_frame(frame));
    let written = crate::link::Program::written(list);
    program.units.calls.iter().any(|info| {
        info.module == module
            && matches!(&info.call.callee.kind, ExpressionKind::Member { object, name }
                if matches!(name.as_str(), "append" | "push" | "extend" | "insert" | "unshift")
                    && crate::link::Program::written(object) == written)
    })
}

/// The statements after a place, level by level outwards.
struct Level<'m> {
    rest: &'m [Statement],
    /// The loop whose body the level is.
    in_loop: Option<&'m Loop>,
}

/// The rows of statements that follow a place in a unit, innermost first.
fn levels_around<'m>(case: &Case<'_, 'm>, unit: UnitId, place: Span) -> Vec<Level<'m>> {
    let info = &case.program.units.units[unit];
    let mut block: &'m [Statement] = match info.function {
        Some(function) => &function.body,
        None => &case.program.modules[info.module].body,
    };
    let mut levels = Vec::new();
    let mut in_loop = None;
    while let Some(at) = block.iter().position(|statement| statement.span.contains(place)) {
        let (Some(statement), rest) = (block.get(at), block.get(at + 1..).unwrap_or_default()) else { break };
        levels.push(Level { rest, in_loop });
        if statement.span == place {
            break;
        }
        let Some((inner, looped)) = block_with(statement, place) else { break };
        (block, in_loop) = (inner, looped);
    }
    levels.reverse();
    levels
}

/// The block of a statement in which a place lies, and the loop that it is the body of.
fn block_with(statement: &Statement, place: Span) -> Option<(&[Statement], Option<&Loop>)> {
    let holds = |block: &Block| block.iter().any(|each| each.span.contains(place));
    let plain = |block| Some((block, None));
    match &statement.kind {
        StatementKind::If { then, .. } if holds(then) => plain(then.as_slice()),
        StatementKind::If { otherwise, .. } if holds(otherwise) => plain(otherwise.as_slice()),
        StatementKind::Loop(each) if holds(&each.body) => Some((each.body.as_slice(), Some(each.as_ref()))),
        StatementKind::Try(each) => {
            let handlers = each.handlers.iter().map(|handler| &handler.body);
            let all = [&each.body, &each.otherwise, &each.finally].into_iter().chain(handlers);
            all.into_iter().find(|block| holds(block)).map(|block| (block.as_slice(), None))
        }
        StatementKind::Block(block) | StatementKind::With { body: block, .. } if holds(block) => {
            plain(block.as_slice())
        }
        _ => None,
    }
}
