//! Values that a store keeps from turn to turn: whether they grow, and whether they are cut.

use crate::link::arguments::Given;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Entry, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Calls;

use super::super::behaviour::Operation;
use super::super::behaviour::operations;
use super::super::behaviour::subjects::{self, Subject};
use super::super::behaviour::writes::Change;
use super::same::Alias;
use super::trace::{State, Trace};
use super::{Inputs, Leaf, LeafKind, Origin, kept, words};

/// Callers of a call in which is looked for what is stored before it.
const CALLERS: usize = 6;
/// Functions within functions that store.
const HELPERS: usize = 2;

impl<'m> Trace<'_, '_, '_, 'm> {
    /// The user's texts that are stored in the same request just before a call, into what the call's conversation is
    /// loaded from: `await save(chat, text)`, then `const messages = await load(chat)`.
    pub(super) fn stored_before(&mut self, call: Site) -> Vec<Leaf<'m>> {
        let program = self.program();
        let loads: Vec<Vec<Subject>> =
            std::mem::take(&mut self.loaded).into_iter().map(|load| subjects::of_operation(program, load)).collect();
        let mut at = call;
        for _ in 0..CALLERS {
            for before in program.before(at) {
                self.follow_handed_over(before.site);
                if !loads.is_empty() {
                    self.follow_stored(before.site, &loads, 0);
                }
            }
            at = match program.frame(at.frame).how {
                How::Call(caller) => caller,
                // `new ReadableStream({ async start() { .. } })`: what is handed to a call runs behind what is before that.
                _ => match handed_to(program, at.frame) {
                    Some(taker) => taker,
                    None => break,
                },
            };
        }
        self.loaded.clear();
        let mut found = std::mem::take(&mut self.out);
        found.retain(|leaf| leaf.kind == LeafKind::User);
        found
    }

    /// Whether what a user says is put behind what a call loads in the same request: `rpush(chat, "Human: " + text)`,
    /// then `lrange(chat, 0, -1)`. What is loaded is what has been said so far, whatever it is called.
    pub(super) fn is_said_before(&self, load: Site) -> bool {
        if self.inputs.looks_at_stored.replace(true) {
            return false;
        }
        let loads = [subjects::of_operation(self.program(), load)];
        let mut trace = Trace { only_behind: true, ..Trace::new(self.inputs) };
        let mut at = load;
        for _ in 0..CALLERS {
            for before in self.program().before(at) {
                trace.follow_stored(before.site, &loads, 0);
            }
            let How::Call(caller) = self.program().frame(at.frame).how else { break };
            at = caller;
        }
        self.inputs.looks_at_stored.set(false);
        trace.out.iter().any(|leaf| leaf.kind == LeafKind::User)
    }

    /// Whether a value is the rows that a call loads, also by a chain: what is taken of it by its place is one row.
    pub(super) fn loads_rows(&self, value: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let mut at = program.awaited_call(value, frame);
        while let Some(site) = at {
            if self.inputs.case.guards.behaviour.operation(site) == Some(Operation::Many) {
                return true;
            }
            at = match &program.units.calls[site.call].call.callee.kind {
                ExpressionKind::Member { object, .. } => program.awaited_call(object, frame),
                _ => None,
            };
        }
        false
    }

    /// Follows the text that a call hands to a provider for a later one: a message of a thread that is kept there.
    fn follow_handed_over(&mut self, site: Site) {
        let Some(external) =
            self.inputs.case.external_at(site.call).filter(|external| external.kind == Calls::External)
        else {
            return;
        };
        let program = self.program();
        for path in &program.catalogue.fact(external.fact).input {
            if let Given::Present { expression, frame } = program.argument_of(site, path) {
                self.follow(expression, frame, State { in_content: true, ..State::default() });
            }
        }
    }

    /// Follows the texts that a call stores, itself or in the functions that it calls.
    fn follow_stored(&mut self, site: Site, loads: &[Vec<Subject>], depth: usize) {
        let program = self.program();
        if let Some(operation) = self.inputs.case.guards.behaviour.operation(site) {
            let stored = subjects::of_operation(program, site);
            let is_asked_for = operation == Operation::Append || !self.only_behind && operation.writes();
            if is_asked_for && loads.iter().any(|load| subjects::are_related(load, &stored)) {
                for (text, frame) in texts_of(self.inputs, site, operation, !self.only_behind) {
                    self.follow(text, frame, State { in_content: true, ..State::default() });
                }
            }
            return;
        }
        if depth == HELPERS {
            return;
        }
        for frame in program.runs(site).iter().copied() {
            if program.frame(frame).how == How::Call(site) {
                for call in &program.units.units[program.unit_of_frame(frame)].calls {
                    self.follow_stored(Site { call: *call, frame }, loads, depth + 1);
                }
            }
        }
    }
}

/// The call to which the function that a frame runs is handed where it is written.
fn handed_to(program: &Program<'_>, frame: FrameId) -> Option<Site> {
    let here = program.frame(frame);
    let (function, outer) = (program.units.units[here.unit].function?, here.closure?);
    let calls = program.units.units[program.unit_of_frame(outer)].calls.iter().copied();
    let around = calls.filter(|call| program.units.calls[*call].call.span.contains(function.span));
    let innermost = around.min_by_key(|call| {
        let span = program.units.calls[*call].call.span;
        span.end - span.start
    });
    innermost.map(|call| Site { call, frame: outer })
}

/// The texts that an operation stores: the columns for it of a row, or what is put behind under a key; with `as_they_are`
/// also what is put behind without any words around it, which may be no text.
fn texts_of<'m>(
    inputs: &Inputs<'_, '_, 'm>,
    site: Site,
    operation: Operation,
    as_they_are: bool,
) -> Vec<(&'m Expression, FrameId)> {
    let program = inputs.program();
    let info = &program.units.calls[site.call];
    // `insert(messages).values({ content })`: the row is given to what is chained.
    let calls = program.units.units[info.unit].calls.iter().map(|call| program.units.calls[*call].call);
    let chained = calls.filter(|other| {
        other.span.start == info.call.span.start
            && other.span.end > info.call.span.end
            && matches!(&other.callee.kind, ExpressionKind::Member { name, .. } if name == "values")
    });
    let mut texts = in_statement(program, site);
    if operation == Operation::Append {
        let as_they_are = as_they_are && operations::statement(program, site).is_none();
        for argument in info.call.arguments.iter().skip(1) {
            lines(program, &argument.value, site.frame, as_they_are, &mut texts);
        }
    }
    for argument in info.call.arguments.iter().chain(chained.flat_map(|other| &other.arguments)) {
        columns(inputs, argument, site.frame, &mut texts);
    }
    texts
}

/// A line that is put behind others: `rpush(key, "User: " + text)`, and as it is `rpush(key, text)`.
fn lines<'m>(
    program: &Program<'m>,
    given: &'m Expression,
    frame: FrameId,
    as_they_are: bool,
    texts: &mut Vec<(&'m Expression, FrameId)>,
) {
    let is_joined = |each: &Expression| match &each.kind {
        ExpressionKind::Template(_) => true,
        ExpressionKind::Operator { operator, .. } => operator == "+",
        _ => false,
    };
    match &given.kind {
        _ if is_joined(given) => texts.push((given, frame)),
        ExpressionKind::Object(entries) => {
            // `zadd(key, { score: Date.now(), member: "User: " + text })`
            let member = entries.iter().filter(|entry| entry.key.as_deref() == Some("member"));
            member.for_each(|entry| lines(program, &entry.value, frame, as_they_are, texts));
        }
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            let values = program.values(given, frame);
            let before = texts.len();
            for value in values.iter() {
                if let Value::Data { expression, frame } = value
                    && is_joined(expression.0)
                {
                    texts.push((expression.0, *frame));
                }
            }
            // What is made of several things is looked into for the one that is a text.
            let is_made = |value: &Value<'m>| match value {
                Value::Data { expression, .. } => {
                    matches!(expression.0.kind, ExpressionKind::Object(_) | ExpressionKind::List(_))
                }
                value => matches!(value, Value::Instance { .. }),
            };
            let is_whole = as_they_are && !words::names_a_handle(name) && !values.iter().any(is_made);
            if is_whole && texts.len() == before {
                texts.push((given, frame));
            }
        }
        _ => {}
    }
}

fn columns<'m>(
    inputs: &Inputs<'_, '_, 'm>,
    argument: &'m Argument,
    frame: FrameId,
    texts: &mut Vec<(&'m Expression, FrameId)>,
) {
    // `create(role="user", content=text)`
    if argument.name.as_deref().is_some_and(holds_text) {
        texts.push((&argument.value, frame));
    }
    let mut rows = vec![(&argument.value, frame)];
    let mut steps = 0;
    while let Some((row, frame)) = rows.pop() {
        steps += 1;
        if steps > 40 {
            return;
        }
        match &row.kind {
            ExpressionKind::Object(entries) => {
                for entry in entries {
                    match (entry.key.as_deref(), &entry.value.kind) {
                        (Some(key), _) if holds_text(key) => texts.push((&entry.value, frame)),
                        (Some("data" | "values" | "create" | "member"), _) => rows.push((&entry.value, frame)),
                        (None, ExpressionKind::Spread(inner)) => rows.push((inner, frame)),
                        _ => {}
                    }
                }
            }
            ExpressionKind::List(items) => rows.extend(items.iter().map(|item| (item, frame))),
            ExpressionKind::Literal(Literal::Text(_)) => {}
            // `Message(role="user", content=text)`: the row as an object.
            ExpressionKind::Call(call)
                if call.arguments.iter().any(|given| given.name.as_deref().is_some_and(holds_text)) =>
            {
                let named = call.arguments.iter().filter(|given| given.name.as_deref().is_some_and(holds_text));
                texts.extend(named.map(|given| (&given.value, frame)));
            }
            // `JSON.stringify(message)`
            ExpressionKind::Call(call) if call.arguments.len() == 1 => {
                rows.extend(call.arguments.first().map(|given| (&given.value, frame)));
            }
            _ => {
                for value in inputs.program().values(row, frame).iter() {
                    match value {
                        Value::Data { expression, frame } if !std::ptr::eq(expression.0, row) => {
                            rows.push((expression.0, *frame));
                        }
                        // `row = Message(content=text)`, then `session.add(row)`.
                        Value::Instance { site: Some(made), .. } => {
                            let given = &inputs.program().units.calls[made.call].call.arguments;
                            let named = given.iter().filter(|given| given.name.as_deref().is_some_and(holds_text));
                            texts.extend(named.map(|given| (&given.value, made.frame)));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// The values of the columns for texts that a statement inserts: `"INSERT INTO turns (role, content) VALUES (?, ?)"`.
fn in_statement<'m>(program: &Program<'m>, site: Site) -> Vec<(&'m Expression, FrameId)> {
    let Some(text) = operations::statement(program, site) else { return Vec::new() };
    let text = text.to_ascii_lowercase();
    let columns =
        text.split_once("into").and_then(|(_, rest)| rest.split_once('(')).and_then(|(_, rest)| rest.split_once(')'));
    let Some((columns, rest)) = columns else { return Vec::new() };
    let names = columns.split(',').map(|name| name.trim().trim_matches(['"', '`', '[']));
    let given = operations::given_to_statement(program, site);
    let values = marks(rest, given.len());
    let held = names.zip(values).filter(|(name, _)| holds_text(name));
    held.filter_map(|(_, value)| Some((*given.get(value?)?, site.frame))).collect()
}

/// For each value of a row that a statement inserts the place of what stands in for it, where it is a mark:
/// `values (?, 'user', ?)`, `values ($2, now(), $1)`. Without a list of values each column has its own.
fn marks(rest: &str, given: usize) -> Vec<Option<usize>> {
    let Some((_, rest)) = rest.split_once("values") else { return (0..given).map(Some).collect() };
    let (mut values, mut depth, mut value, mut next) = (Vec::new(), 0, String::new(), 0);
    for character in rest.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        let ends = depth == 0 && character == ')';
        if !(ends || depth == 1 && character == ',') {
            value.push(character);
            continue;
        }
        let written = value.trim_start_matches([' ', '\n', '(']).trim();
        let number = written.trim_start_matches(['?', '$']);
        let place = match number.parse::<usize>() {
            Ok(number) if number > 0 && number.to_string() != written => Some(number - 1),
            _ if written == "?" || written.starts_with('%') => Some(next),
            _ => None,
        };
        next += usize::from(place.is_some());
        values.push(place);
        value.clear();
        if ends {
            break;
        }
    }
    values
}

/// Whether a column holds what somebody says.
pub(super) fn holds_text(column: &str) -> bool {
    matches!(column, "content" | "text" | "message" | "body" | "prompt" | "question" | "parts")
}

/// Whether a statement deletes all but so many rows: `DELETE FROM turns WHERE id NOT IN (SELECT id .. LIMIT 16)`.
fn deletes_the_rest(program: &Program<'_>, site: Site) -> bool {
    operations::statement(program, site).is_some_and(|text| {
        operations::query_operation(&text) == Some(Operation::Delete)
            && text.to_ascii_lowercase().contains("select")
            && ["limit", "offset"].iter().any(|word| text.to_ascii_lowercase().contains(word))
    })
}

impl<'m> Inputs<'_, '_, 'm> {
    /// Whether what is stored was read there before and is more now: `[...history, turn]`, `history + [turn]`,
    /// `{"$push": ...}`.
    pub(super) fn is_stored_longer(&self, site: Site) -> bool {
        if let Some(known) = self.stored_longer.borrow().get(&site) {
            return *known;
        }
        let is_longer = self.finds_stored_longer(site);
        self.stored_longer.borrow_mut().insert(site, is_longer);
        is_longer
    }

    fn finds_stored_longer(&self, site: Site) -> bool {
        let read = subjects::of_operation(self.program(), site);
        self.case.guards.behaviour.writes().iter().any(|write| {
            write.site.is_some()
                && subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| self.is_longer(value, *frame, site, 0))
        })
    }

    /// Whether a value is what a call has read with something added; for a parameter, what its callers give.
    fn is_longer(&self, value: &'m Expression, frame: FrameId, read: Site, depth: usize) -> bool {
        let program = self.program();
        let slice = program.slice(value, frame);
        let has_read = |part: &'m Expression, frame: FrameId| {
            program.slice(part, frame).sites.iter().any(|site| site.call == read.call)
        };
        let grown = slice.parts.iter().any(|(part, frame)| match &part.kind {
            ExpressionKind::List(items) => {
                items.len() > 1
                    && items.iter().any(|item| match &item.kind {
                        ExpressionKind::Spread(inner) => has_read(inner, *frame),
                        _ => false,
                    })
            }
            ExpressionKind::Operator { operator, operands } => {
                operator == "+"
                    && operands.iter().any(|operand| matches!(operand.kind, ExpressionKind::List(_)))
                    && operands.iter().any(|operand| has_read(operand, *frame))
            }
            ExpressionKind::Object(entries) => entries.iter().any(words::is_put_behind),
            _ => false,
        });
        grown
            || depth < 3
                && slice.parameters.iter().take(8).any(|(unit, index, frame)| {
                    let function = program.units.units[*unit].function;
                    program.frame(*frame).how == How::Open
                        && program.callers_of(*unit).iter().take(6).any(|site| {
                            function
                                .and_then(|function| program.passed_from(function, *index, *site))
                                .is_some_and(|(given, frame)| self.is_longer(given, frame, read, depth + 1))
                        })
                })
    }

    /// Whether the program puts what a model has answered behind what a call loads: `rpush(room, f"AI: {answer}")`. What
    /// is loaded the next time is a conversation, whatever it is called.
    pub(super) fn is_added_to_by_turns(&self, site: Site) -> bool {
        let program = self.program();
        let behaviour = &self.case.guards.behaviour;
        let module = program.units.calls[site.call].module;
        let read = subjects::of_operation(program, site);
        let is_answered = |value: &'m Expression, frame: FrameId| {
            program
                .slice(value, frame)
                .sites
                .iter()
                .any(|site| self.case.external_at(site.call).is_some_and(|external| external.kind == Calls::Llm))
        };
        behaviour.writes().iter().any(|write| {
            write.site.is_some_and(|site| {
                program.units.calls[site.call].module == module && behaviour.operation(site) == Some(Operation::Append)
            }) && subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| is_answered(value, *frame))
        })
    }

    /// Whether what goes by one of these names is added to after it was loaded.
    pub(super) fn grows(&self, names: &[Alias<'m>], site: Site) -> bool {
        let calls = &self.program().units.calls;
        let module = calls[site.call].module;
        let mut near = self.changes().added.iter().filter(|change| calls[change.call].module == module);
        near.any(|change| names.iter().any(|name| words::mentions(change.of, name.name)))
    }

    /// Whether what is stored under the same key is cut when it is stored, or afterwards.
    pub(super) fn is_stored_cut(&self, site: Site) -> bool {
        if let Some(known) = self.stored_cut.borrow().get(&site.call) {
            return *known;
        }
        let is_cut = self.finds_stored_cut(site);
        // While a stored value is being looked at, no other is: that answer is none.
        if !self.looks_at_stored.get() {
            self.stored_cut.borrow_mut().insert(site.call, is_cut);
        }
        is_cut
    }

    fn finds_stored_cut(&self, site: Site) -> bool {
        let program = self.program();
        let read = subjects::of_operation(program, site);
        let behaviour = &self.case.guards.behaviour;
        let written = behaviour.writes().iter().any(|write| {
            let takes_place = || write.site.is_some_and(|site| behaviour.operation(site) == Some(Operation::Set));
            subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| {
                    self.has_entry(value, *frame, words::is_kept_short)
                        || (write.change == Change::Set || takes_place())
                            // What is only put behind leaves what was there before.
                            && !self.has_entry(value, *frame, words::is_put_behind)
                            && self.is_cut_list(value, *frame)
                })
        });
        written
            || self.are_older_rows_deleted(site)
            || program.units.calls.iter().enumerate().any(|(call, info)| {
                let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { return false };
                let name = name.to_ascii_lowercase();
                let site = Site { call, frame: program.open_frame(info.unit) };
                let trims = matches!(name.as_str(), "ltrim" | "xtrim" | "zremrangebyrank");
                let deletes = !trims && matches!(name.as_str(), "execute" | "query" | "run" | "raw");
                (trims || deletes && deletes_the_rest(program, site))
                    && behaviour.operation(site).is_some()
                    && subjects::are_related(&read, &subjects::of_operation(program, site))
            })
    }

    /// Whether an object that a value is made of has such an entry.
    fn has_entry(&self, value: &'m Expression, frame: FrameId, is_such: fn(&Entry) -> bool) -> bool {
        self.program().slice(value, frame).parts.iter().any(|(part, _)| match &part.kind {
            ExpressionKind::Object(entries) => entries.iter().any(is_such),
            _ => false,
        })
    }

    /// Whether a value is a list that was cut as a whole: `json.dumps(turns[-20:])`.
    fn is_cut_list(&self, value: &'m Expression, frame: FrameId) -> bool {
        if self.looks_at_stored.replace(true) {
            return false;
        }
        let mut trace = Trace::new(self);
        trace.follow(value, frame, State::default());
        self.looks_at_stored.set(false);
        trace.out.iter().any(|leaf| leaf.origin == Origin::Store && leaf.count.is_some())
            || kept::is_cut_whole(self.program(), value, frame, 0)
    }
}
