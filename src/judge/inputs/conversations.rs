//! Conversations at the end of the way back: the memories of libraries, rows of a store, collections that the process
//! keeps from turn to turn.

use crate::link::arguments::{Amount, Given};
use crate::link::units::Binding;
use crate::link::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;
use crate::rules::checked::{FactId, expand};

use super::super::behaviour::{Operation, operations, query_is_bounded};
use super::super::conditions::fallback::walk;
use super::kept::{
    added_by, grows_in_functions, has_greatest_length, holds_bounded, is_added_to, is_cut_whole, is_trimmed,
    starts_empty,
};
use super::same::{Alias, Bound, Same};
use super::schemas::Limit;
use super::stored::holds_text;
use super::trace::{State, Trace};
use super::words::{fetches_one, is_about_conversation, is_shared_collection};
use super::{Leaf, LeafKind, Origin};

impl<'m> Trace<'_, '_, '_, 'm> {
    pub(super) fn remember(&mut self, method: &str, site: Site, (memory, bounded): (FactId, bool), state: &State<'m>) {
        let info = &self.program().units.calls[site.call];
        self.add(Leaf {
            kind: LeafKind::Memory,
            name: method.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            part: None,
            module: info.module,
            span: info.call.span,
            text: Limit::Held,
            count: if bounded || state.count || state.sliced { Limit::Held } else { Limit::None },
            is_items: false,
            is_one: false,
            is_text: false,
            gates: Vec::new(),
            memory: Some(memory),
        });
    }

    /// What comes from a store: many rows, or a conversation that is kept as one value.
    pub(super) fn stored(&mut self, site: Site, operation: Operation, method: &str, state: &State<'m>) {
        let program = self.program();
        let info = &program.units.calls[site.call];
        // `message = { content: documents }` is one message, whatever it is called.
        let is_conversation = is_conversation(state, state.aliases.get(state.around..).unwrap_or_default())
            || operations::statement(program, site).is_some_and(|text| is_about_conversation(&text));
        let is_one_row = operation == Operation::Many && self.is_fetched_as_one(site);
        let beside = self.rows_beside(site, &state.path);
        let is_rows = match operation {
            Operation::Get | Operation::Many if beside.is_some() => is_conversation,
            Operation::Many if !is_one_row => {
                is_conversation || self.inputs.is_added_to_by_turns(site) || self.is_said_before(site)
            }
            // A value that holds a whole conversation, and grows before it goes back.
            Operation::Get | Operation::Many => {
                let is_list = state.items || !state.in_content;
                // `[{"role": turn["who"], "content": turn["text"]} for turn in turns]`: all turns, written anew.
                let remade = state.aliases.get(state.remade..).filter(|_| state.items && !state.one);
                let grown = if state.in_content { remade } else { Some(state.aliases.as_slice()) };
                !state.in_text
                    && (!is_one_row && grown.is_some_and(|names| self.inputs.grows(names, site))
                        || is_list && self.inputs.is_stored_longer(site))
            }
            _ => false,
        };
        if !is_rows {
            return;
        }
        // What is cut after it was loaded is limited whoever wrote it.
        if !state.text && !self.loaded.contains(&site) {
            self.loaded.push(site);
        }
        let bounded = state.count
            || state.sliced
            || operation == Operation::Many
                && !is_one_row
                && (beside.is_none() && self.rows_are_bounded(site) || self.inputs.is_chosen_among_few(site))
            || beside == Some(true)
            || self.inputs.is_stored_cut(site);
        self.add(Leaf {
            kind: LeafKind::Rows,
            name: method.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            part: None,
            module: info.module,
            span: info.call.span,
            text: Limit::Held,
            count: if bounded { Limit::Held } else { Limit::None },
            is_items: state.items,
            is_one: state.one,
            is_text: state.in_text,
            gates: state.gates.clone(),
            memory: None,
        });
    }

    /// Whether a query or load of rows says how many at most.
    pub(super) fn rows_are_bounded(&self, site: Site) -> bool {
        let program = self.program();
        for path in program.callee_paths(site).iter() {
            for (_, fact) in program
                .facts_of(path, Kind::Store)
                .into_iter()
                .filter(|(_, fact)| matches!(fact.does.as_deref(), Some("many" | "procedure")))
            {
                let Some(bound) = &fact.bound else { continue };
                // What comes with each row is another matter.
                for alternative in expand(bound).into_iter().filter(|path| !path.contains(".*.")) {
                    match program.argument(site, &alternative) {
                        Given::Present { expression, frame } => {
                            // `lrange(key, 0, -1)` loads everything, `lrange(key, 0, 19)` and `slice(0, 20)` do not.
                            let is_told = match program.number(expression, frame, 0) {
                                Some(0.0) => self.ends_after(expression, frame),
                                _ => program.amount(expression, frame, None, &[]) != Amount::Off,
                            };
                            if is_told && !self.is_endless(expression, frame) {
                                return true;
                            }
                        }
                        _ if self.chained_after(site, &alternative) => return true,
                        _ => {}
                    }
                }
            }
        }
        operations::statement(program, site).is_some_and(|text| query_is_bounded(&text))
    }

    /// The rows of another table that come with a row, for a field that is taken of it: whether it is said how many at
    /// most, `findFirst({ include: { messages: { take: 16 } } })`. None: no such rows are asked for.
    fn rows_beside(&self, site: Site, fields: &[String]) -> Option<bool> {
        let program = self.program();
        let paths = program.callee_paths(site);
        let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Store));
        let bounds: Vec<&str> = facts.filter_map(|(_, fact)| fact.bound.as_deref()).collect();
        let is_given = |path: &str| match program.argument(site, path) {
            Given::Present { expression, frame } => {
                program.amount(expression, frame, None, &[]) != Amount::Off && !self.is_endless(expression, frame)
            }
            _ => false,
        };
        bounds.into_iter().flat_map(expand).find_map(|bound| {
            let (holder, most) = bound.split_once(".*.")?;
            // `select: { content: true }` asks for a column of the row itself.
            let field = fields.iter().find(|field| !holds_text(field) && is_given(&format!("{holder}.{field}")))?;
            Some(is_given(&format!("{holder}.{field}.{most}")))
        })
    }

    /// `query(...).bind(id).fetch_one(pool)`: of the rows that are found one is loaded.
    fn is_fetched_as_one(&self, site: Site) -> bool {
        let program = self.program();
        let info = &program.units.calls[site.call];
        program.units.units[info.unit].calls.iter().any(|call| {
            let other = program.units.calls[*call].call;
            other.span.start == info.call.span.start
                && other.span.end > info.call.span.end
                && matches!(&other.callee.kind, ExpressionKind::Member { name, .. } if fetches_one(name))
        })
    }

    /// `query(...).limit(10)`: the bound is called on what the load returns.
    pub(super) fn chained_after(&self, site: Site, bound: &str) -> bool {
        let Some(name) = bound.trim_start_matches('.').strip_suffix("()") else { return false };
        let program = self.program();
        let info = &program.units.calls[site.call];
        program.units.units[info.unit].calls.iter().any(|call| {
            let other = program.units.calls[*call].call;
            other.span.start == info.call.span.start
                && other.span.end > info.call.span.end
                && matches!(&other.callee.kind, ExpressionKind::Member { name: called, .. } if called == name)
                && !other.arguments.first().is_some_and(|given| self.is_no_limit(&given.value, site.frame))
        })
    }

    /// `lrange(key, 0, 19)` loads so many: the place after that of the first one is not counted from the end.
    fn ends_after(&self, first: &'m Expression, frame: FrameId) -> bool {
        let program = self.program();
        let calls = &program.units.units[program.unit_of_frame(frame)].calls;
        let last = calls.iter().find_map(|call| {
            let given = &program.units.calls[*call].call.arguments;
            let at = given.iter().position(|each| std::ptr::eq(&each.value, first))?;
            given.get(at + 1).filter(|next| next.name.is_none() || next.name.as_deref() == Some("end"))
        });
        last.is_some_and(|last| program.number(&last.value, frame, 0).is_some_and(|last| last >= 0.0))
    }

    /// `limit(Number.MAX_SAFE_INTEGER)` bounds nothing.
    fn is_endless(&self, given: &'m Expression, frame: FrameId) -> bool {
        self.program().number(given, frame, 0).is_some_and(f64::is_infinite)
    }

    /// `limit(0)` loads all that there is, or nothing at all.
    fn is_no_limit(&self, given: &'m Expression, frame: FrameId) -> bool {
        self.is_endless(given, frame) || self.program().number(given, frame, 0) == Some(0.0)
    }

    /// A collection that outlives the request: an attribute or module variable that starts empty and is added to.
    pub(super) fn kept(
        &mut self,
        expression: &'m Expression,
        (initial, home): (&'m Expression, FrameId),
        name: &'m str,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let names = self.names_of(initial, home, &state.aliases);
        let thing = Same::new(self.inputs, &names);
        // `messages` may hold anything; what is kept itself must go by such a name.
        let is_told = names.iter().any(|alias| !alias.is_copy && is_about_conversation(alias.name));
        if state.in_content && !is_told || !is_conversation(state, &names) || !is_added_to(&thing) {
            return false;
        }
        if !starts_empty(initial) && !is_shared_collection(initial) {
            // A list of examples that is copied and then added to stays as it is.
            let own: Vec<Alias<'m>> = names.iter().filter(|alias| !alias.is_copy).copied().collect();
            if !self.is_seed(initial, home) || !grows_in_functions(&Same::new(self.inputs, &own)) {
                return false;
            }
        }
        if self.adding.iter().any(|known| std::ptr::eq(*known, initial)) {
            return true;
        }
        let bounded = has_greatest_length(initial) || holds_bounded(&thing) || is_trimmed(&thing);
        self.add_kept(expression, name, frame, (None, bounded), state);
        self.adding.push(initial);
        self.added(&thing, &state.of_items());
        self.adding.pop();
        true
    }

    pub(super) fn add_kept(
        &mut self,
        expression: &Expression,
        name: &str,
        frame: FrameId,
        (memory, bounded): (Option<FactId>, bool),
        state: &State<'m>,
    ) {
        if state.fleeting {
            return;
        }
        let program = self.program();
        self.add(Leaf {
            kind: LeafKind::Memory,
            name: name.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            part: None,
            module: program.module_of(program.unit_of_frame(frame)),
            span: expression.span,
            text: Limit::Held,
            count: if bounded || state.count || state.sliced { Limit::Held } else { Limit::None },
            is_items: state.items,
            is_one: state.one,
            is_text: state.in_text,
            gates: state.gates.clone(),
            memory,
        });
    }

    /// What a library keeps for a user under a key (`session["turns"]`, `session.setdefault("turns", [])`): a
    /// conversation where it is added to; then what is put there is followed.
    pub(super) fn held(
        &mut self,
        expression: &'m Expression,
        holder: &'m Expression,
        key: &'m str,
        default: Option<&'m Expression>,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let program = self.program();
        let memory = program.values(holder, frame).iter().find_map(|value| self.inputs.kept_by_library(value));

        let Some(memory) = memory else { return false };
        let placed = self.inputs.put_in_memory(key, frame);
        let mut names = state.aliases.clone();
        let module = program.module_of(program.unit_of_frame(frame));
        names.push(Alias { name: key, module, bound: Bound::Key, is_copy: false });
        let thing = Same::new(self.inputs, &names);
        let grows = is_added_to(&thing)
            || placed
                .iter()
                .any(|(value, _)| !starts_empty(value) && names.iter().any(|alias| mentions_deep(value, alias.name)));
        if grows && is_conversation(state, &names) {
            let is_cut =
                |value: &'m Expression, frame| has_greatest_length(value) || is_cut_whole(program, value, frame, 0);
            let bounded = default.is_some_and(|value| is_cut(value, frame))
                || placed.iter().any(|(value, frame)| is_cut(value, *frame))
                || is_trimmed(&thing);
            self.add_kept(expression, key, frame, (Some(memory), bounded), state);
        }
        let onwards = state.of_items();
        for (value, frame) in placed {
            self.follow(value, frame, onwards.clone());
        }
        self.added(&thing, &onwards);
        for field in self.inputs.fields_kept_in(memory, key) {
            self.written_into(field, (expression, frame), key, state);
        }
        true
    }

    /// The names of what is kept: those that led to it, and the one under which it was made.
    fn names_of(&self, initial: &'m Expression, home: FrameId, aliases: &[Alias<'m>]) -> Vec<Alias<'m>> {
        let program = self.program();
        let unit = program.unit_of_frame(home);
        let made_as = program.units.units[unit].names.iter().filter(|(_, bindings)| {
            bindings
                .iter()
                .any(|binding| matches!(binding, Binding::Value { value, .. } if std::ptr::eq(*value, initial)))
        });
        let module = program.module_of(unit);
        let mut names = aliases.to_vec();
        for (name, _) in made_as {
            let alias = Alias { name, module, bound: Bound::Unit(unit), is_copy: false };
            if !names.contains(&alias) {
                names.push(alias);
            }
        }
        names
    }

    /// Whether a list is started with what the program itself says: `[{"role": "system", "content": PROMPT}]`.
    pub(super) fn is_seed(&self, initial: &'m Expression, home: FrameId) -> bool {
        let ExpressionKind::List(items) = &initial.kind else { return false };
        if self.within_seed {
            return false;
        }
        let mut trace = Trace { within_seed: true, ..Trace::new(self.inputs) };
        for item in items {
            trace.follow(item, home, State::default());
        }
        trace.out.is_empty()
    }

    /// Follows what is added to a thing, wherever that is, with what is refused there.
    fn added(&mut self, thing: &Same<'_, '_, '_, 'm>, state: &State<'m>) {
        let program = self.program();
        for call in added_by(thing) {
            let info = &program.units.calls[call];
            let site = Site { call, frame: program.open_frame(info.unit) };
            // A function of the program that adds is looked into where it does.
            let callees = program.values(&info.call.callee, site.frame);
            if callees.iter().any(|callee| matches!(callee, Value::Function { .. })) {
                continue;
            }
            let mut state = state.clone();
            let refusals = self.inputs.case.guards.refusals(&vec![site]);
            state.gates.extend(refusals.into_iter().map(|gate| (gate.test, gate.frame)));
            // Of a key and a value, the key is no text.
            let arguments = &info.call.arguments;
            for argument in arguments.iter().skip(usize::from(arguments.len() > 1)) {
                self.follow(&argument.value, site.frame, state.clone());
            }
        }
    }
}

/// Whether an expression names something anywhere in it, also as a key: `state["turns"]`.
fn mentions_deep(expression: &Expression, name: &str) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        found |= match &each.kind {
            ExpressionKind::Name(other) | ExpressionKind::Member { name: other, .. } => other == name,
            ExpressionKind::Literal(Literal::Text(text)) => text == name,
            _ => false,
        };
    });
    found
}

/// Whether what has been followed is a conversation: what is looked up for a text is none, unless its names say so.
pub(super) fn is_conversation(state: &State<'_>, names: &[Alias<'_>]) -> bool {
    !state.in_text && (!state.in_content || state.items) || names.iter().any(|alias| is_about_conversation(alias.name))
}
