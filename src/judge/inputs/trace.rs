//! The way back from the arguments of an LLM call to what comes from outside.

mod calls;
mod mapped;
mod members;
mod names;
mod parameters;
mod parts;
mod promised;
mod reassigned;

use rustc_hash::FxHashSet;

use crate::link::units::{Access, Binding};
use crate::link::{FrameId, Program, Value};
use crate::model::*;

use super::cuts::slice_is_cut;
use super::numbers::is_told;
use super::same::Alias;
use super::schemas::Limit;
use super::windows::{self, Window};
use super::words::*;
use super::{Inputs, Leaf, Origin};

/// Steps of one trace.
const DEPTH: usize = 70;
const STEPS: usize = 6_000;
const LEAVES: usize = 40;
/// Fields within fields; what goes round in a loop gets ever more of them.
const PATH: usize = 10;

/// What is known on the way back from the call.
#[derive(Clone, Debug, Default)]
pub(super) struct State<'m> {
    /// Its text is cut or counted.
    pub text: bool,
    /// The number of its items is limited.
    pub count: bool,
    /// It is cut; what that bounds is told by what it is in the end.
    pub sliced: bool,
    /// Member names from the outside in: `body.message` is `["message"]` when `body` is reached.
    pub path: Vec<String>,
    /// Within the text of one message.
    pub in_content: bool,
    /// Within a text that is put together of parts.
    pub in_text: bool,
    /// Reached through the items of a list.
    pub items: bool,
    /// Reached through one item of a list of messages: the last, the first.
    pub one: bool,
    /// A name on the way holds several things, or what is added to it: it may be gathered in the rounds of a loop.
    pub gathered: bool,
    /// What is put together in one text: a list, unless something is taken of its items.
    pub joined: bool,
    /// What the program itself has put where this was taken from: made of what was there before.
    pub put_back: bool,
    /// What is spread among messages of a list: `[...earlier, { role: "user", content }]`.
    pub turns: bool,
    /// Kept by an object that ends with the request.
    pub fleeting: bool,
    /// Handed on as it is for what a call is asked with: nothing has been made of it.
    pub whole: bool,
    /// What a call is asked with there is a list of messages.
    pub as_messages: bool,
    /// Where the value is taken from what holds it.
    pub place: Option<(crate::link::units::ModuleId, Span)>,
    /// Whether the place is still being read: `body` of `body.text`.
    pub in_chain: bool,
    /// Where the part was taken that the path ends with: what is put there later, or on another way, is not in it.
    pub read: Option<(FrameId, Span)>,
    /// The schema that the value was parsed with, and the way from there on.
    pub schema: Option<(Value<'m>, Vec<String>)>,
    /// Tests that decide whether this value is taken.
    pub gates: Vec<(&'m Expression, FrameId)>,
    /// The names under which the value goes.
    pub aliases: Vec<Alias<'m>>,
    /// How many of these names only go for a list that is made anew of the items.
    pub remade: usize,
    /// How many of them go for the message that it is put into as its text.
    pub around: usize,
    pub depth: usize,
}

impl State<'_> {
    /// What is followed from here on is that of which a part is taken in this place.
    pub(super) fn take_part(&mut self, key: &str, read: (FrameId, Span)) {
        if !is_container(key) {
            self.read = Some(read);
        }
        self.path.push(key.to_owned());
    }

    /// What is known of the items of a list: what has been cut is the list, not the texts in it.
    pub(super) fn of_items(&self) -> Self {
        let count = self.count || self.sliced;
        State { in_chain: false, place: None, sliced: false, fleeting: false, whole: false, count, ..self.clone() }
    }

    /// What is followed from here on is the list that one item was taken of; a list within that item is all of it.
    pub(super) fn take_one(&mut self) {
        let is_whole = self.path.iter().any(|part| is_list_name(part));
        self.items = true;
        self.count |= !is_whole;
        self.one |= !is_whole;
    }
}

/// What comes from outside, with what is known of it there.
struct Found {
    origin: Origin,
    path: Vec<String>,
    text: Limit,
    count: Limit,
    is_messages: bool,
    /// Whether it is declared as one text.
    is_one_text: bool,
}

impl Found {
    fn of_request(path: &[String], text: Limit) -> Found {
        let path = meaningful(path);
        Found { origin: Origin::Request, path, text, count: Limit::None, is_messages: false, is_one_text: false }
    }

    fn of_command(path: &[String]) -> Found {
        Found { origin: Origin::Command, ..Found::of_request(path, Limit::None) }
    }
}

pub(super) struct Trace<'t, 'c, 'p, 'm> {
    pub inputs: &'t Inputs<'c, 'p, 'm>,
    pub seen: FxHashSet<(usize, FrameId, u16, u64)>,
    pub out: Vec<Leaf<'m>>,
    /// Whether what nobody in the program calls is called from outside.
    pub is_library: bool,
    /// Whether also what is no text is followed: what only names something that is kept elsewhere.
    pub follows_names: bool,
    /// Whether of what is stored only that is asked for which is put behind other things.
    pub only_behind: bool,
    /// The loads of a conversation that was found: what was stored there just before comes with it.
    pub loaded: Vec<crate::link::Site>,
    /// The collections whose additions are being followed: they are not found once more in what is added to them.
    pub adding: Vec<&'m Expression>,
    /// The functions whose results are being followed for each item of a list, with that.
    pub mapped: Vec<mapped::Mapped<'m>>,
    /// Whether it is followed what is measured: what a loop does with each item is done with all of them.
    pub measures: bool,
    /// Whether it is asked what a list begins with: a list within that is not asked again.
    pub within_seed: bool,
    /// What was found then of which each item is measured by itself, by its place in what was found.
    pub each: Vec<usize>,
}

impl<'t, 'c, 'p, 'm> Trace<'t, 'c, 'p, 'm> {
    pub(super) fn new(inputs: &'t Inputs<'c, 'p, 'm>) -> Self {
        Trace {
            inputs,
            seen: FxHashSet::default(),
            out: Vec::new(),
            is_library: inputs.is_library.get(),
            follows_names: false,
            only_behind: false,
            loaded: Vec::new(),
            adding: Vec::new(),
            mapped: Vec::new(),
            measures: false,
            within_seed: false,
            each: Vec::new(),
        }
    }

    pub(super) fn program(&self) -> &'p Program<'m> {
        self.inputs.case.program
    }

    pub(super) fn follow(&mut self, expression: &'m Expression, frame: FrameId, state: State<'m>) {
        match state.depth {
            0 => self.inputs.within_steps(|| self.step(expression, frame, state)),
            _ => self.step(expression, frame, state),
        }
    }

    fn step(&mut self, expression: &'m Expression, frame: FrameId, mut state: State<'m>) {
        state.whole &= leaves_whole(expression);
        let State { text, count, sliced, in_content, in_text, items, one, joined, put_back, turns, whole, .. } = state;
        let flags = [text, count, sliced, in_content, in_text, items, one, joined, put_back, turns, whole];
        let flags = flags.iter().fold(0u16, |all, flag| all << 1 | u16::from(*flag));
        let key = (std::ptr::from_ref(expression) as usize, frame, flags, hash_of(&state.path));
        let is_far = state.depth > DEPTH || state.path.len() > PATH;
        if is_far || self.out.len() > LEAVES || self.seen.len() > STEPS || !self.seen.insert(key) {
            return;
        }
        if !self.inputs.take_step() {
            return;
        }
        state.depth += 1;
        if is_copied(expression) {
            state.aliases.iter_mut().for_each(|alias| alias.is_copy = true);
        }
        use ExpressionKind as E;
        if let Some(put) = self.put_into_parameter(expression, frame) {
            return self.follow(put, frame, State { in_chain: false, ..state });
        }
        match &expression.kind {
            E::Literal(_) | E::Unknown | E::Function(_) => {}
            E::Name(name) => self.name(expression, name, frame, state),
            E::Member { object, name } => {
                let kept = self.is_kept_part(expression, object, frame).then(|| (state.clone(), self.out.len()));
                self.member(expression, object, name, frame, state);
                if let Some((state, before)) = kept {
                    let found = self.out.get(before..).unwrap_or_default().to_vec();
                    self.keep_part(expression, name, frame, &found, &state);
                }
            }
            E::Slice { object, start, stop } => {
                if slice_is_cut(self.program(), start.as_deref(), stop.as_deref(), frame) {
                    self.cut(&mut state);
                }
                self.follow(object, frame, state);
            }
            E::Index { object, index } => {
                let key = match &index.kind {
                    ExpressionKind::Literal(Literal::Text(key)) => Some(key.as_str()),
                    _ => None,
                };
                let kept = key.filter(|_| self.is_kept_part(expression, object, frame));
                let kept = kept.map(|key| (key, state.clone(), self.out.len()));
                self.index(expression, object, index, frame, state);
                if let Some((key, state, before)) = kept {
                    let found = self.out.get(before..).unwrap_or_default().to_vec();
                    self.keep_part(expression, key, frame, &found, &state);
                }
            }
            E::Call(call) => self.call(expression, call, frame, state),
            E::Conditional { test, then, otherwise } => {
                state.gates.push((test, frame));
                // `ALLOWED.has(x) ? x : "plain"`: one of a list.
                let picked = State { text: state.text || picks_from_a_list(test, then), ..state.clone() };
                // `typeof x === "number" ? x : 8`
                let is_number = |chosen, holds| is_told(self.program(), (test, frame), holds, chosen);
                let (then_is, otherwise_is) = (is_number(then, true), is_number(otherwise, false));
                if !then_is {
                    self.follow(then, frame, picked);
                }
                if !otherwise_is {
                    self.follow(otherwise, frame, state);
                }
            }
            E::Object(entries) => self.object(entries, frame, state),
            E::Template(parts) => {
                (state.in_content, state.in_text, state.joined) = (true, true, false);
                for part in parts {
                    self.follow(part, frame, state.clone());
                }
            }
            E::Operator { operator, operands } => match operator.as_str() {
                "==" | "!=" | "<" | ">" | "<=" | ">=" | "not" | "in" | "not in" | "is" | "is not" | "typeof" => {}
                // What is calculated is a number: `+count`, `count / 2`.
                "/" | "**" => {}
                "+" | "-" if operands.len() == 1 => {}
                _ => {
                    for operand in operands {
                        self.follow(operand, frame, state.clone());
                    }
                }
            },
            E::Comprehension { element, clauses } => {
                // What a developer tells is no turn of a conversation, however many there are.
                let instructs = clauses.iter().flat_map(|clause| &clause.tests).any(asks_for_instructions);
                let window = windows::chosen(self.program(), clauses, frame);
                state.count |= instructs || window.is_some();
                state.text |= instructs || window == Some(Window::Text);
                let remade = state.aliases.len();
                self.follow(element, frame, State { joined: false, remade, ..state });
            }
            E::Spread(inner) | E::Await(inner) => self.follow(inner, frame, state),
            E::List(items) if items.iter().any(|item| self.is_message(item, frame)) => {
                for item in items {
                    let turns = matches!(item.kind, E::Spread(_));
                    self.follow(item, frame, State { turns, ..state.clone() });
                }
            }
            _ => {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                for child in children {
                    self.follow(child, frame, state.clone());
                }
            }
        }
    }

    /// A cut within the text of a message bounds the text; elsewhere the end of the trace tells what it bounds.
    fn cut(&self, state: &mut State<'m>) {
        if state.in_content && !state.items && !state.joined {
            state.text = true;
        } else {
            state.sliced = true;
        }
    }

    fn object(&mut self, entries: &'m [Entry], frame: FrameId, mut state: State<'m>) {
        // What a developer hands to a library as its instructions is no user's text.
        if self.is_library && entries.iter().any(instructs) {
            return;
        }
        // A list of such objects has been cut, not the texts in them.
        state.count |= std::mem::take(&mut state.sliced);
        state.joined = false;
        if let Some(field) = state.path.last().cloned() {
            let whole = state.clone();
            state.path.pop();
            for entry in entries {
                if entry.key.as_deref() == Some(field.as_str()) {
                    self.follow(&entry.value, frame, state.clone());
                } else if let ExpressionKind::Spread(inner) = &entry.value.kind {
                    self.follow(inner, frame, whole.clone());
                }
            }
            return;
        }
        let in_text = state.in_content && !state.items;
        for entry in entries {
            let is_text = |key: &str| !matches!(key, "role" | "model" | "type" | "name") && !names_a_handle(key);
            if !entry.key.as_deref().is_none_or(is_text) {
                continue;
            }
            let mut state = state.clone();
            let is_put_in = in_text || entry.key.as_deref().is_some_and(|key| !is_list_name(key));
            if is_put_in && !state.in_content {
                state.around = state.aliases.len();
            }
            state.in_content |= is_put_in;
            self.follow(&entry.value, frame, state);
        }
    }

    fn index(
        &mut self,
        expression: &'m Expression,
        object: &'m Expression,
        index: &'m Expression,
        frame: FrameId,
        mut state: State<'m>,
    ) {
        self.note_place(expression, frame, &mut state);
        match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => {
                if self.held(expression, object, key, None, frame, &state) {
                    return;
                }
                self.grown_part(expression, frame, &state);
                state.take_part(key, (frame, expression.span));
            }
            // `row[1]` of each row: a part of every one of them.
            ExpressionKind::Literal(_) if self.is_item(object, frame) => {}
            // `messages[0]`, `messages[messages.length - 1]`, `messages[-1]`: one of them.
            ExpressionKind::Literal(_) => state.take_one(),
            ExpressionKind::Operator { operator, .. } if operator == "-" => state.take_one(),
            _ => {
                // A field by a name that is only known when it runs: each name that is configured.
                let keys = self.inputs.configured_keys(index, frame);
                for key in keys.iter() {
                    let mut state = state.clone();
                    state.take_part(key, (frame, expression.span));
                    self.follow(object, frame, state);
                }
                if !keys.is_empty() {
                    return;
                }
            }
        }
        self.follow(object, frame, state);
    }

    /// Whether an item of a list is a message that is written there, or under a name.
    fn is_message(&self, item: &'m Expression, frame: FrameId) -> bool {
        let is_named = || {
            let values = self.program().values(item, frame);
            !values.is_empty()
                && values
                    .iter()
                    .all(|value| matches!(value, Value::Data { expression, .. } if is_message(expression.0)))
        };
        is_message(item) || matches!(item.kind, ExpressionKind::Name(_)) && is_named()
    }

    /// Whether an expression is what a loop goes through one by one, or a part of that.
    fn is_item(&self, expression: &'m Expression, frame: FrameId) -> bool {
        match &expression.kind {
            ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } => self.is_item(object, frame),
            ExpressionKind::Name(name) => {
                let program = self.program();
                let mut around = std::iter::successors(Some(frame), |id| program.frame(*id).closure);
                let bindings = around
                    .find_map(|id| program.units.units[program.unit_of_frame(id)].names.get(name.as_str()))
                    .map_or(&[][..], Vec::as_slice);
                !bindings.is_empty() && bindings.iter().all(|binding| matches!(binding, Binding::Element { .. }))
            }
            _ => false,
        }
    }

    /// Notes where a value is taken from what holds it; of `body.text` the whole.
    fn note_place(&self, expression: &'m Expression, frame: FrameId, state: &mut State<'m>) {
        if !state.in_chain {
            let program = self.program();
            state.place = Some((program.module_of(program.unit_of_frame(frame)), expression.span));
            state.in_chain = true;
        }
    }

    pub(super) fn add(&mut self, leaf: Leaf<'m>) {
        if !self.out.contains(&leaf) {
            self.out.push(leaf);
        }
    }
}

/// Whether an expression gives what it is about as it is: a name, a part of something, what a call answers.
fn leaves_whole(expression: &Expression) -> bool {
    use ExpressionKind as E;
    match &expression.kind {
        E::Name(_) | E::Member { .. } | E::Index { .. } | E::Slice { .. } | E::Call(_) | E::Await(_) => true,
        E::Conditional { .. } => true,
        // `earlier + [{"role": "user", "content": text}]`
        E::Operator { operator, operands } => {
            matches!(operator.as_str(), "or" | "??" | "?")
                || operator == "+" && operands.iter().any(|operand| matches!(operand.kind, E::List(_)))
        }
        _ => false,
    }
}

/// Whether an expression makes a new list of what is in it.
fn is_copied(expression: &Expression) -> bool {
    use ExpressionKind as E;
    match &expression.kind {
        E::Slice { .. } | E::List(_) | E::Comprehension { .. } => true,
        E::Operator { operator, .. } => operator == "+",
        E::Call(call) => !matches!(&call.callee.kind, E::Member { name, .. } if leads_to_part(name)),
        _ => false,
    }
}

/// `{ role: "user", content }`
fn is_message(item: &Expression) -> bool {
    matches!(&item.kind, ExpressionKind::Object(entries) if entries.iter().any(|entry| entry.key.as_deref() == Some("role")))
}

/// `"role": "system"`.
fn instructs(entry: &Entry) -> bool {
    entry.key.as_deref() == Some("role")
        && matches!(&entry.value.kind, ExpressionKind::Literal(Literal::Text(role)) if is_instruction(role))
}

/// What is taken from a value by destructuring it in this place.
fn add_path(state: &mut State<'_>, access: &[Access<'_>], read: (FrameId, Span)) {
    for step in access.iter().rev() {
        if let Access::Key(key) = step {
            state.take_part(key, read);
        }
    }
}

/// A path from the root on, without what only holds the fields.
fn meaningful(path: &[String]) -> Vec<String> {
    let last = path.len().saturating_sub(1);
    let parts = path.iter().rev().enumerate();
    let kept = parts.filter(|(at, part)| !is_container(part) || *at == last && last > 0);
    kept.map(|(_, part)| part.clone()).collect()
}

/// The way into what has been held against a schema: a field of that may be called like what holds the fields of a request.
fn fields(path: &[String]) -> Vec<String> {
    match path {
        [only]
            if !matches!(only.as_str(), "data" | "value" | "values" | "output" | "validated_data" | "cleaned_data") =>
        {
            vec![only.clone()]
        }
        _ => meaningful(path),
    }
}

fn hash_of(path: &[String]) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    path.hash(&mut hasher);
    hasher.finish()
}
