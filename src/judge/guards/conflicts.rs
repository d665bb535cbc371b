//! What is done about a row that is there already: which handlers know it, and what runs in them then.

use crate::link::flow::{Exit, leaves, leaves_by_raising, walk_block};
use crate::link::units::{Access, Binding, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Handler, Literal, Statement, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::Guards;

/// Expressions and functions within each other.
const DEPTH: usize = 8;

/// What runs in a handler where a row is there already.
pub(super) struct Conflict<'m> {
    /// The statements that run then, whatever else is asked in them.
    pub(super) runs: Vec<&'m Statement>,
    /// The block that they end in.
    pub(super) block: &'m Block,
    /// Whether a test has asked for it.
    pub(super) is_asked: bool,
    /// Whether what runs now does not run where a row was stored.
    is_apart: bool,
}

impl Conflict<'_> {
    /// Whether the function may end there.
    pub(super) fn leaves(&self) -> bool {
        self.runs.iter().any(|statement| leaves(std::slice::from_ref(*statement)))
    }
}

impl<'p, 'm> Guards<'p, 'm> {
    /// What runs in a handler where what it has caught is a row that is there already.
    pub(super) fn conflict_in(&self, handler: &'m Handler, frame: FrameId) -> Conflict<'m> {
        let asked = self.asked_for_codes(frame);
        let mut conflict = Conflict { runs: Vec::new(), block: &handler.body, is_asked: false, is_apart: false };
        asked.run(&handler.body, &mut conflict, 0);
        conflict
    }

    /// What runs of the function of a call that stores a row where that has told that it was there already.
    pub(super) fn conflict_of(&self, body: &'m Block, site: Site) -> Conflict<'m> {
        let mut asked = self.asked_for_codes(site.frame);
        asked.stored = Some(site);
        let mut conflict = Conflict { runs: Vec::new(), block: body, is_asked: false, is_apart: false };
        asked.run(body, &mut conflict, 0);
        conflict
    }

    /// Whether a function of the program asks for a row that is there already.
    pub(super) fn is_asked_within(&self, value: &Value<'m>) -> bool {
        let Value::Function { unit, .. } = value else { return false };
        let function = self.program.units.units[*unit].function;
        function.is_some_and(|function| self.knows_conflicts(&function.body, self.program.open_frame(*unit)))
    }

    /// Whether a handler raises for a row that is there already.
    pub(super) fn raises_in(&self, handler: &'m Handler, frame: FrameId) -> bool {
        let conflict = self.conflict_in(handler, frame);
        let mut runs = conflict.runs.iter();
        let raises = runs.any(|statement| leaves_by_raising(std::slice::from_ref(*statement)));
        if !conflict.is_asked {
            return raises && !returns(&handler.body);
        }
        raises || self.program.thrown_by_call(conflict.block, frame) == Some(Exit::Raise)
    }

    /// What a handler answers for a row that is there already, where it is written down: by returning it, or by what it
    /// sets one of these names to.
    pub(super) fn answer_of(
        &self,
        handler: &'m Handler,
        frame: FrameId,
        field: Option<&str>,
        names: &[&str],
    ) -> Option<&'m Literal> {
        let conflict = self.conflict_in(handler, frame);
        conflict.runs.iter().rev().find_map(|statement| match &statement.kind {
            StatementKind::Return(None) => Some(&Literal::Null),
            StatementKind::Return(Some(value)) => literal_in(value, field),
            StatementKind::Assign(assignment) => match &assignment.target.kind {
                ExpressionKind::Name(name) if names.contains(&name.as_str()) => {
                    literal_in(assignment.value.as_ref()?, field)
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// What makes a handler one of rows that are there already: the class that it catches (`except IntegrityError`), or
    /// the code that it asks for (`if (error.code === "P2002")`), itself or by a function of the program.
    pub fn conflicts(&self, handler: &'m Handler, frame: FrameId) -> Vec<FactId> {
        let mut found = Vec::new();
        let mut classes: Vec<&'m Expression> = handler.catches.iter().collect();
        while let Some(class) = classes.pop() {
            match &class.kind {
                ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => classes.extend(items),
                _ => {
                    let values = self.program.values(class, frame);
                    let facts = values
                        .iter()
                        .filter_map(Value::path)
                        .flat_map(|path| self.program.facts_of(path, Kind::Conflict).into_iter().map(|(id, _)| id));
                    found.extend(facts);
                }
            }
        }
        self.codes_in(&handler.body, frame, &mut found, 0);
        found
    }

    /// Whether a block asks for a row that is there already, itself or by a function of the program.
    pub(super) fn knows_conflicts(&self, block: &'m Block, frame: FrameId) -> bool {
        !self.conflicts_asked(block, frame).is_empty()
    }

    /// What a block asks of an error that tells of a row that is there already.
    pub fn conflicts_asked(&self, block: &'m Block, frame: FrameId) -> Vec<FactId> {
        let mut found = Vec::new();
        self.codes_in(block, frame, &mut found, 0);
        found
    }

    fn codes_in(&self, body: &'m Block, frame: FrameId, found: &mut Vec<FactId>, depth: usize) {
        let asked = self.asked_for_codes(frame);
        let mut called = Vec::new();
        walk_block(body, &mut |expression| {
            if let ExpressionKind::Call(call) = &expression.kind {
                called.push(&call.callee);
            }
            found.extend(asked.facts_of(expression).map(|(id, _)| *id));
        });
        if depth >= 2 {
            return;
        }
        for callee in called {
            for value in self.program.values(callee, frame).iter() {
                if let Value::Function { unit, .. } = value
                    && let Some(function) = self.program.units.units[*unit].function
                {
                    self.codes_in(&function.body, self.program.open_frame(*unit), found, depth + 1);
                }
            }
        }
    }

    fn asked_for_codes(&self, frame: FrameId) -> AskedForCodes<'p, 'm> {
        let facts = self.program.catalogue.of_kind(Kind::Conflict).collect();
        AskedForCodes { program: self.program, facts, frame, stored: None }
    }
}

/// Tests that ask whether a row is there already, by the codes with which stores say so.
struct AskedForCodes<'p, 'm> {
    program: &'p Program<'m>,
    facts: Vec<(FactId, &'m Fact)>,
    frame: FrameId,
    /// The call that has stored the row, where its result is asked and nothing was caught.
    stored: Option<Site>,
}

impl<'p, 'm> AskedForCodes<'p, 'm> {
    /// What runs of a block; whether the block ends with it.
    fn run(&self, block: &'m Block, conflict: &mut Conflict<'m>, depth: usize) -> bool {
        for statement in block {
            let StatementKind::If { test, then, otherwise } = &statement.kind else {
                // What also runs where the row was stored says nothing about those that were there already.
                if self.stored.is_none() || conflict.is_apart {
                    conflict.runs.push(statement);
                }
                if matches!(statement.kind, StatementKind::Return(_) | StatementKind::Raise(_)) {
                    return true;
                }
                continue;
            };
            match self.holds(test, 0).filter(|_| depth < DEPTH) {
                Some(holds) => {
                    conflict.is_asked |= self.stored.is_none() || self.asks_for_code(test);
                    let branch = if holds { then } else { otherwise };
                    let other = if holds { otherwise } else { then };
                    let was_apart = conflict.is_apart;
                    let parts = self.stored.is_none() || self.holds_when_stored(test, 0) != Some(holds);
                    conflict.is_apart |= parts;
                    let outer = conflict.block;
                    if !branch.is_empty() {
                        conflict.block = branch;
                    }
                    if self.run(branch, conflict, depth + 1) {
                        return true;
                    }
                    // Both go on together, unless the other one has ended.
                    conflict.is_apart = was_apart || parts && leaves(other);
                    // What comes behind the test runs, too.
                    if block.last().is_some_and(|last| !std::ptr::eq(last, statement)) {
                        conflict.block = outer;
                    }
                }
                None if self.stored.is_some() && !conflict.is_apart => {}
                None => conflict.runs.push(statement),
            }
        }
        false
    }

    /// Whether a test asks for more than whether something was stored.
    fn asks_for_code(&self, test: &'m Expression) -> bool {
        let by_code =
            AskedForCodes { program: self.program, facts: self.facts.clone(), frame: self.frame, stored: None };
        by_code.holds(test, 0).is_some()
    }

    /// Whether an arm is taken when a result has told that nothing was stored: `Err(error)` is, and `Ok(_)` is not.
    fn is_taken(&self, subject: &'m Expression, arm: &Expression) -> Option<bool> {
        let stored = self.stored?;
        let ExpressionKind::Call(call) = &arm.kind else { return None };
        let ExpressionKind::Name(variant) = &call.callee.kind else { return None };
        let fails = match variant.as_str() {
            "Err" => true,
            "Ok" => false,
            _ => return None,
        };
        let calls = &self.program.units.calls;
        let start = calls[stored.call].call.span.start;
        let is_about_it = subject.span.contains(calls[stored.call].call.span)
            || self.program.slice(subject, self.frame).sites.iter().any(|site| {
                calls[site.call].module == calls[stored.call].module && calls[site.call].call.span.start == start
            });
        is_about_it.then_some(fails)
    }

    /// Whether a test holds for a row that is there already; none where it asks for something else.
    fn holds(&self, test: &'m Expression, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let holds = |each: &'m Expression| self.holds(each, depth + 1);
        match &test.kind {
            _ if self.is_failure(test) => Some(true),
            ExpressionKind::Await(inner) => holds(inner),
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                // What is asked besides (`error instanceof KnownError`) is the case, too.
                ("and", parts) => parts.iter().filter_map(holds).reduce(|one, other| one && other),
                ("or", parts) => {
                    let told: Vec<bool> = parts.iter().filter_map(holds).collect();
                    (!told.is_empty()).then(|| told.contains(&true))
                }
                ("==", [subject, arm]) if self.is_taken(subject, arm).is_some() => self.is_taken(subject, arm),
                ("!=" | "is not" | "not in", parts) => parts.iter().any(|part| self.has_code(part, 0)).then_some(false),
                (_, parts) => parts.iter().any(|part| self.has_code(part, 0)).then_some(true),
            },
            ExpressionKind::Name(name) => {
                let unit = self.program.unit_of_frame(self.frame);
                match self.program.units.units[unit].names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => holds(value),
                    _ => None,
                }
            }
            ExpressionKind::Call(call) => {
                let callees = self.program.values(&call.callee, self.frame);
                let mut units = callees.iter().filter_map(|value| match value {
                    Value::Function { unit, .. } => Some(*unit),
                    _ => None,
                });
                let told = units.find_map(|unit| self.answered_by(unit, depth + 1));
                told.or_else(|| self.has_code(test, 0).then_some(true))
            }
            _ => self.has_code(test, 0).then_some(true),
        }
    }

    /// Whether a test holds where the row was stored and nothing has failed; none where it asks for something else.
    fn holds_when_stored(&self, test: &'m Expression, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let holds = |each: &'m Expression| self.holds_when_stored(each, depth + 1);
        match &test.kind {
            ExpressionKind::Await(inner) => holds(inner),
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => {
                    let told: Vec<Option<bool>> = parts.iter().map(holds).collect();
                    if told.contains(&Some(false)) {
                        Some(false)
                    } else {
                        told.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                    }
                }
                ("or", parts) => {
                    let told: Vec<Option<bool>> = parts.iter().map(holds).collect();
                    if told.contains(&Some(true)) {
                        Some(true)
                    } else {
                        told.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                    }
                }
                ("==", [subject, arm]) if self.is_taken(subject, arm).is_some() => {
                    self.is_taken(subject, arm).map(|taken| !taken)
                }
                ("!=" | "is not" | "not in", parts) if parts.iter().any(|part| self.has_code(part, 0)) => Some(true),
                (_, parts) if parts.iter().any(|part| self.has_code(part, 0)) => Some(false),
                _ => None,
            },
            ExpressionKind::Call(_) => self.has_code(test, 0).then_some(false),
            _ if self.is_failure(test) => Some(false),
            _ => None,
        }
    }

    /// Whether an expression is what a call that stores a row answers with where it has failed: `error`.
    fn is_failure(&self, expression: &'m Expression) -> bool {
        let Some(stored) = self.stored else { return false };
        let ExpressionKind::Name(name) = &expression.kind else { return false };
        let program = self.program;
        let bindings = program.units.units[program.unit_of_frame(self.frame)].names.get(name.as_str());
        let Some([Binding::Value { value, access, .. }]) = bindings.map(Vec::as_slice) else { return false };
        let [Access::Key(key)] = access.as_slice() else { return false };
        value.span.contains(program.units.calls[stored.call].call.span)
            && program.callee_paths(stored).iter().any(|path| {
                let facts = program.facts_of(path, Kind::Store);
                facts.iter().any(|(_, fact)| fact.errors.iter().flatten().any(|error| error == key))
            })
    }

    /// What a function answers that is asked whether a row is there already.
    fn answered_by(&self, unit: UnitId, depth: usize) -> Option<bool> {
        let info = &self.program.units.units[unit];
        let body = &info.function?.body;
        let frame = self.program.open_frame(unit);
        let inner = AskedForCodes { program: self.program, facts: self.facts.clone(), frame, stored: None };
        let is_literal = |value: &Expression| matches!(value.kind, ExpressionKind::Literal(_));
        let told = info.returns.iter().filter(|value| !is_literal(value)).find_map(|value| inner.holds(value, depth));
        if told.is_some() {
            return told;
        }
        let mut conflict = Conflict { runs: Vec::new(), block: body, is_asked: false, is_apart: false };
        inner.run(body, &mut conflict, depth);
        let answer = conflict.runs.iter().find_map(|statement| match &statement.kind {
            StatementKind::Return(Some(Expression { kind: ExpressionKind::Literal(answer), .. })) => Some(answer),
            _ => None,
        });
        match answer {
            Some(Literal::Boolean(answer)) if conflict.is_asked => Some(*answer),
            _ => None,
        }
    }

    /// Whether a code stands somewhere in an expression.
    fn has_code(&self, expression: &'m Expression, depth: usize) -> bool {
        let mut found = self.facts_of(expression).next().is_some();
        if depth < 20 {
            crate::link::flow::children(expression, &mut |child| found = found || self.has_code(child, depth + 1));
        }
        found
    }

    /// The facts whose code an expression is, also by the name of a constant, or whose name that itself is: the method of an
    /// error, a kind of errors.
    fn facts_of(&self, expression: &'m Expression) -> impl Iterator<Item = &(FactId, &'m Fact)> {
        let mut codes: Vec<String> = Vec::new();
        match &expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => codes.push(text.clone()),
            ExpressionKind::Literal(Literal::Number(number)) => codes.push(number.to_string()),
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
                codes.extend(self.program.values(expression, self.frame).iter().find_map(|value| match value {
                    Value::Data { expression, .. } => match &expression.0.kind {
                        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
                        ExpressionKind::Literal(Literal::Number(number)) => Some(number.to_string()),
                        _ => None,
                    },
                    Value::Library { path, .. } => Some(path.to_string()),
                    _ => None,
                }));
                if let ExpressionKind::Member { name, .. } = &expression.kind {
                    codes.push(name.clone());
                }
            }
            _ => {}
        }
        self.facts.iter().filter(move |(_, fact)| codes.iter().any(|code| fact.names.contains(code)))
    }
}

/// What a test asks about, and when it refuses.
pub(super) struct Asked<'m> {
    pub(super) asked: &'m Expression,
    pub(super) refuses_when: bool,
    /// What it is compared with, if with anything: `row is None`, `state === "seen"`.
    pub(super) wanted: Option<&'m Literal>,
}

impl<'m> Asked<'m> {
    /// What a test asks about, without what turns its answer round.
    pub(super) fn of(mut test: &'m Expression, mut refuses_when: bool) -> Option<Self> {
        let mut wanted = None;
        loop {
            let ExpressionKind::Operator { operator, operands } = &test.kind else {
                test = match &test.kind {
                    ExpressionKind::Await(inner) => inner,
                    // What is made of a failure changes nothing of the answer: `claim(&key).await.map_err(failed)?`.
                    ExpressionKind::Call(call) => match &call.callee.kind {
                        ExpressionKind::Member { object, name }
                            if matches!(
                                name.as_str(),
                                "map_err" | "unwrap" | "expect" | "context" | "with_context"
                            ) =>
                        {
                            object
                        }
                        _ => break,
                    },
                    _ => break,
                };
                continue;
            };
            (test, refuses_when) = match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => (inner, !refuses_when),
                ("?", [inner]) => (inner, refuses_when),
                ("is" | "==", [inner, Expression { kind: ExpressionKind::Literal(literal), .. }]) => {
                    wanted = Some(literal);
                    (inner, refuses_when)
                }
                ("is not" | "!=", [inner, Expression { kind: ExpressionKind::Literal(literal), .. }]) => {
                    wanted = Some(literal);
                    (inner, !refuses_when)
                }
                _ => return None,
            };
        }
        Some(Asked { asked: test, refuses_when, wanted })
    }

    /// Whether the test refuses where this is the answer.
    pub(super) fn refuses(&self, answer: &Literal) -> bool {
        let holds = match (self.wanted, answer) {
            (Some(wanted), answer) => wanted == answer,
            (None, Literal::Boolean(answer)) => *answer,
            (None, Literal::Null) => false,
            (None, Literal::Number(number)) => *number != 0.0,
            (None, Literal::Text(text)) => !text.is_empty(),
        };
        holds == self.refuses_when
    }

    /// The field of an answer that is asked for: `claimed.fresh`, or `fresh` of `const { fresh } = await claim(id)`.
    pub(super) fn field(&self, program: &Program<'m>, frame: FrameId) -> Option<&'m str> {
        match &self.asked.kind {
            ExpressionKind::Member { name, .. } => Some(name),
            ExpressionKind::Name(name) => {
                let names = &program.units.units[program.unit_of_frame(frame)].names;
                match names.get(name.as_str()).map(Vec::as_slice) {
                    Some([Binding::Value { access, .. }]) => match access.as_slice() {
                        [Access::Key(key)] => Some(key),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The names that a function returns, also within an object under a key.
pub(super) fn returned_names<'m>(program: &Program<'m>, unit: UnitId, field: Option<&str>) -> Vec<&'m str> {
    let returned = program.units.units[unit].returns.iter().filter_map(|value| match (field, &value.kind) {
        (Some(field), ExpressionKind::Object(entries)) => {
            entries.iter().find(|entry| entry.key.as_deref() == Some(field)).map(|entry| &entry.value)
        }
        _ => Some(*value),
    });
    let names = returned.filter_map(|value| match &value.kind {
        ExpressionKind::Name(name) => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

/// A literal, or the one under a key of an object that is written down; nothing where it has no such key.
fn literal_in<'m>(value: &'m Expression, field: Option<&str>) -> Option<&'m Literal> {
    match (&value.kind, field) {
        (ExpressionKind::Literal(literal), _) => Some(literal),
        (ExpressionKind::Object(entries), Some(field)) => {
            let own = entries.iter().find(|entry| entry.key.as_deref() == Some(field));
            match own.map(|entry| &entry.value.kind) {
                Some(ExpressionKind::Literal(literal)) => Some(literal),
                Some(_) => None,
                None => entries.iter().all(|entry| entry.key.is_some()).then_some(&Literal::Null),
            }
        }
        _ => None,
    }
}

/// Whether a block goes back to its caller without an error somewhere.
fn returns(block: &Block) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Return(_) => true,
        StatementKind::If { then, otherwise, .. } => returns(then) || returns(otherwise),
        StatementKind::Block(block) => returns(block),
        _ => false,
    })
}
