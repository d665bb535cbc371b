//! Refusals of what is known already: a row that exists, a key that was taken.

use rustc_hash::FxHashSet;

use crate::judge::behaviour::Operation;
use crate::judge::behaviour::fresh::is_fresh;
use crate::link::flow::{Exit, Gate, Slice, leaves, leaves_by_raising, walk_block};
use crate::link::units::NodeKind;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Block, Call, Expression, ExpressionKind, Handler, Literal, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::{Guards, Protection, unique};

impl<'p, 'm> Guards<'p, 'm> {
    /// A row that is stored before the work, in a block that leaves when a unique row was there already.
    pub(super) fn refuses_known_rows(&self, site: Site) -> Option<Protection> {
        self.stored_where(site, |handler| leaves(&handler.body)).map(|_| self.stored_at(site))
    }

    /// A row that is stored in a function that raises when a unique row was there already: its callers stop too.
    pub(super) fn raises_for_known_rows(&self, site: Site) -> Option<Protection> {
        self.stored_where(site, |handler| self.raises_in(handler, site.frame)).map(|_| self.stored_at(site))
    }

    /// What a call raises, by itself or in what it calls, for rows that were there already.
    pub(super) fn raised_for_known_rows(&self, site: Site, gates: &mut Vec<Gate<'m>>) {
        self.raised_within(site, gates, &mut FxHashSet::default(), 0);
    }

    /// Every call is looked into once: there are more ways to it than calls.
    fn raised_within(&self, site: Site, gates: &mut Vec<Gate<'m>>, seen: &mut FxHashSet<Site>, depth: usize) {
        let program = self.program;
        if !seen.insert(site) {
            return;
        }
        for frame in self.hands_on(site) {
            for call in &program.units.units[program.unit_of_frame(frame)].calls {
                let inner = Site { call: *call, frame };
                if let Some(handler) = self.stored_where(inner, |handler| self.raises_in(handler, frame)) {
                    let info = &program.units.calls[*call];
                    gates.push(Gate {
                        test: &info.call.callee,
                        frame,
                        exit: Exit::Raise,
                        refusal: Some(self.branch_of_conflict(&handler.body).unwrap_or(&handler.body)),
                        refuses_when: true,
                        under: None,
                        span: info.call.span,
                        node: info.node,
                    });
                } else if depth < 3 {
                    self.raised_within(inner, gates, seen, depth + 1);
                }
            }
        }
    }

    fn raises_in(&self, handler: &'m Handler, frame: FrameId) -> bool {
        let throws = |branch| self.program.thrown_by_call(branch, frame) == Some(Exit::Raise);
        match self.branch_of_conflict(&handler.body) {
            Some(branch) => leaves_by_raising(branch) || throws(branch),
            None => leaves_by_raising(&handler.body) && !returns(&handler.body),
        }
    }

    /// The handler of rows that are there already, around a call that stores one.
    fn stored_where(&self, site: Site, refuses: impl Fn(&'m Handler) -> bool) -> Option<&'m Handler> {
        let program = self.program;
        let stored = match self.behaviour.operation(site)? {
            operation if operation.writes() => site,
            Operation::Commit => self.added_before(site)?,
            _ => return None,
        };
        let handler =
            program.units.ancestors(program.units.calls[site.call].node).find_map(|(_, node)| match node.kind {
                NodeKind::TryBody(tried) => tried
                    .handlers
                    .iter()
                    .find(|handler| refuses(handler) && !self.conflicts(handler, site.frame).is_empty()),
                _ => None,
            })?;
        (unique::may_conflict(program, stored) && !is_always_new(program, stored)).then_some(handler)
    }

    /// The call by which a row was added to what is sent now: `session.add(row)` before `session.commit()`.
    fn added_before(&self, site: Site) -> Option<Site> {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let object = |call: &Call| match &call.callee.kind {
            ExpressionKind::Member { object, .. } => Some(Program::written(object)),
            _ => None,
        };
        let sends = object(info.call)?;
        let earlier = program.units.units[info.unit].calls.iter().copied().filter(|call| {
            let call = program.units.calls[*call].call;
            call.span.end <= info.call.span.start && object(call).as_ref() == Some(&sends)
        });
        let mut added = earlier.map(|call| Site { call, frame: site.frame });
        added.find(|other| self.behaviour.operation(*other).is_some_and(Operation::writes))
    }

    fn stored_at(&self, site: Site) -> Protection {
        let info = &self.program.units.calls[site.call];
        Protection { module: info.module, span: info.call.span, name: Program::written(&info.call.callee) }
    }

    /// A test of a function that answers whether a unique row was there already: `if seen_before(id): return`.
    pub(super) fn tells_known_rows(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let program = self.program;
        let Asked { asked, refuses_when, for_nothing } = asked(gate.test, gate.refuses_when)?;
        // `fresh = claim(id)` is asked about by its name.
        let sites: Vec<Site> = match &asked.kind {
            ExpressionKind::Call(call) => vec![Site { call: program.units.call_id(call)?, frame: gate.frame }],
            ExpressionKind::Name(_) => slice.sites.iter().copied().filter(|site| site.frame == gate.frame).collect(),
            _ => return None,
        };
        sites.into_iter().flat_map(|site| program.runs(site).to_vec()).find_map(|frame| {
            let unit = program.unit_of_frame(frame);
            program.units.units[unit].calls.iter().find_map(|call| {
                let found = self.refuses_known_rows(Site { call: *call, frame })?;
                let answers =
                    program.units.ancestors(program.units.calls[*call].node).any(|(_, node)| match node.kind {
                        NodeKind::TryBody(tried) => {
                            tried.handlers.iter().any(|handler| match self.answer_of(handler) {
                                Some(Literal::Boolean(answer)) => !for_nothing && *answer == refuses_when,
                                // Nothing is what was asked for, or counts as no.
                                Some(Literal::Null) => for_nothing == refuses_when,
                                _ => false,
                            })
                        }
                        _ => false,
                    });
                answers.then_some(found)
            })
        })
    }

    /// What a handler answers for a row that is there already, where it is written down.
    fn answer_of(&self, handler: &'m Handler) -> Option<&'m Literal> {
        let branch = self.branch_of_conflict(&handler.body).unwrap_or(&handler.body);
        match &branch.last()?.kind {
            StatementKind::Return(Some(Expression { kind: ExpressionKind::Literal(answer), .. })) => Some(answer),
            StatementKind::Return(None) => Some(&Literal::Null),
            _ => None,
        }
    }

    /// What runs where a handler has asked for the code of rows that are there already.
    fn branch_of_conflict(&self, body: &'m Block) -> Option<&'m Block> {
        let facts: Vec<&Fact> = self.program.catalogue.of_kind(Kind::Conflict).map(|(_, fact)| fact).collect();
        body.iter().find_map(|statement| {
            let StatementKind::If { test, then, otherwise } = &statement.kind else { return None };
            let negated = matches!(&test.kind, ExpressionKind::Operator { operator, .. } if operator == "!=");
            let branch = if negated { otherwise } else { then };
            (holds_code(test, &facts, 0) && !branch.is_empty()).then_some(branch)
        })
    }

    /// What makes a handler one of rows that are there already: the class that it catches (`except IntegrityError`), or
    /// the code that it asks for (`if (error.code === "P2002")`).
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
        let has_code = |fact: &Fact, code: &str| fact.names.iter().any(|name| name == code);
        let facts: Vec<(FactId, &Fact)> = self.program.catalogue.of_kind(Kind::Conflict).collect();
        walk_block(&handler.body, &mut |expression| {
            let code = match &expression.kind {
                ExpressionKind::Literal(Literal::Text(text)) => text.clone(),
                ExpressionKind::Literal(Literal::Number(number)) => number.to_string(),
                _ => return,
            };
            found.extend(facts.iter().filter(|(_, fact)| has_code(fact, &code)).map(|(id, _)| *id));
        });
        found
    }
}

/// Whether all that a row is stored with is made up on the spot: no later request comes with the same.
fn is_always_new(program: &Program<'_>, site: Site) -> bool {
    let mut given = Vec::new();
    for argument in &program.units.calls[site.call].call.arguments {
        values_of(&argument.value, &mut given, 0);
    }
    given.retain(|value| !matches!(value.kind, ExpressionKind::Literal(_)));
    !given.is_empty() && given.into_iter().all(|value| is_fresh(program, (value, site.frame)))
}

/// The values that a row is made of: `{ data: { key } }`, `Row(key=key)`.
fn values_of<'m>(given: &'m Expression, values: &mut Vec<&'m Expression>, depth: usize) {
    match &given.kind {
        ExpressionKind::Object(entries) if depth < 4 => {
            entries.iter().for_each(|entry| values_of(&entry.value, values, depth + 1));
        }
        ExpressionKind::Call(call) if call.arguments.iter().any(|argument| argument.name.is_some()) && depth < 4 => {
            call.arguments.iter().for_each(|argument| values_of(&argument.value, values, depth + 1));
        }
        _ => values.push(given),
    }
}

/// What a test asks about, and when it refuses.
struct Asked<'m> {
    asked: &'m Expression,
    refuses_when: bool,
    /// Whether it asks for nothing: `row is None`.
    for_nothing: bool,
}

/// What a test asks about, without what turns its answer round.
fn asked(mut test: &Expression, mut refuses_when: bool) -> Option<Asked<'_>> {
    let mut for_nothing = false;
    loop {
        let ExpressionKind::Operator { operator, operands } = &test.kind else {
            let ExpressionKind::Await(inner) = &test.kind else { break };
            test = inner;
            continue;
        };
        let is_null = |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Null));
        (test, refuses_when) = match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => (inner, !refuses_when),
            ("is" | "==", [inner, other]) if is_null(other) => (inner, refuses_when),
            ("is not" | "!=", [inner, other]) if is_null(other) => (inner, !refuses_when),
            _ => return None,
        };
        for_nothing |= operator != "not";
    }
    Some(Asked { asked: test, refuses_when, for_nothing })
}

/// Whether a test asks for a code by which stores say that a row is there already.
fn holds_code(test: &Expression, facts: &[&Fact], depth: usize) -> bool {
    let code = match &test.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
        ExpressionKind::Literal(Literal::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    if code.is_some_and(|code| facts.iter().any(|fact| fact.names.contains(&code))) {
        return true;
    }
    let mut found = false;
    if depth < 20 {
        crate::link::flow::children(test, &mut |child| found = found || holds_code(child, facts, depth + 1));
    }
    found
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
