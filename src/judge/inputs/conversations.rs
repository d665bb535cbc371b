//! Conversations at the end of the way back: the memories of libraries, rows of a store, collections that the process
//! keeps from turn to turn.

use crate::link::arguments::{Amount, Given};
use crate::link::{FrameId, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;
use crate::rules::checked::expand;

use super::super::behaviour::{Operation, operations, query_is_bounded};
use super::super::conditions::fallback::walk;
use super::kept::{has_greatest_length, is_added_to, is_cut_whole, is_trimmed, starts_empty};
use super::schemas::Limit;
use super::trace::{State, Trace};
use super::words::{adds, is_about_conversation};
use super::{Leaf, LeafKind, Origin};

impl<'m> Trace<'_, '_, '_, 'm> {
    pub(super) fn remember(&mut self, method: &str, site: Site, bounded: bool, state: &State<'m>) {
        let info = &self.program().units.calls[site.call];
        self.add(Leaf {
            kind: LeafKind::Memory,
            name: method.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            module: info.module,
            span: info.call.span,
            text: Limit::Held,
            count: if bounded || state.count || state.sliced { Limit::Held } else { Limit::None },
            is_items: false,
            is_text: false,
            gates: Vec::new(),
        });
    }

    /// What comes from a store: many rows, or a conversation that is kept as one value.
    pub(super) fn stored(&mut self, site: Site, operation: Operation, method: &str, state: &State<'m>) {
        let program = self.program();
        let info = &program.units.calls[site.call];
        let is_conversation = is_conversation(state, &state.aliases)
            || operations::statement(program, site).is_some_and(|text| is_about_conversation(&text));
        let is_rows = match operation {
            Operation::Many => is_conversation,
            // A value that holds a whole conversation, and grows before it goes back.
            Operation::Get => !state.in_content && !state.in_text && self.inputs.grows(&state.aliases, site),
            _ => false,
        };
        if !is_rows {
            return;
        }
        let bounded = state.count
            || state.sliced
            || operation == Operation::Many && self.rows_are_bounded(site)
            || self.inputs.is_stored_cut(site);
        self.add(Leaf {
            kind: LeafKind::Rows,
            name: method.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            module: info.module,
            span: info.call.span,
            text: Limit::Held,
            count: if bounded { Limit::Held } else { Limit::None },
            is_items: state.items,
            is_text: state.in_text,
            gates: state.gates.clone(),
        });
    }

    /// Whether a query or load of rows says how many at most.
    pub(super) fn rows_are_bounded(&self, site: Site) -> bool {
        let program = self.program();
        if let Some(text) = operations::statement(program, site) {
            return query_is_bounded(&text);
        }
        for path in program.callee_paths(site) {
            for (_, fact) in program
                .facts_of(&path, Kind::Store)
                .into_iter()
                .filter(|(_, fact)| fact.does.as_deref() == Some("many"))
            {
                let Some(bound) = &fact.bound else { continue };
                for alternative in expand(bound) {
                    match program.argument(site, &alternative) {
                        Given::Present { expression, frame } => {
                            // `lrange(key, 0, -1)` loads everything.
                            let everything =
                                program.number(expression, frame, 0) == Some(0.0) && alternative.starts_with('#');
                            if !everything && program.amount(expression, frame, None, &[]) != Amount::Off {
                                return true;
                            }
                        }
                        _ if self.chained_after(site, &alternative) => return true,
                        _ => {}
                    }
                }
            }
        }
        false
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
        })
    }

    /// A collection that outlives the request: an attribute or module variable that starts empty and is added to.
    pub(super) fn kept(
        &mut self,
        expression: &'m Expression,
        initial: &'m Expression,
        name: &'m str,
        frame: FrameId,
        state: &State<'m>,
    ) -> bool {
        let program = self.program();
        let mut names = state.aliases.clone();
        names.push(name);
        if !starts_empty(initial) || !names.iter().any(|name| is_added_to(program, name)) {
            return false;
        }
        if !is_conversation(state, &names) {
            return false;
        }
        let bounded = has_greatest_length(initial) || names.iter().any(|name| is_trimmed(program, name));
        self.add_kept(expression, name, frame, bounded, state);
        true
    }

    fn add_kept(&mut self, expression: &Expression, name: &str, frame: FrameId, bounded: bool, state: &State<'m>) {
        let program = self.program();
        self.add(Leaf {
            kind: LeafKind::Memory,
            name: name.to_owned(),
            path: Vec::new(),
            origin: Origin::Store,
            module: program.module_of(program.unit_of_frame(frame)),
            span: expression.span,
            text: Limit::Held,
            count: if bounded || state.count || state.sliced { Limit::Held } else { Limit::None },
            is_items: state.items,
            is_text: state.in_text,
            gates: state.gates.clone(),
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
        let is_held = program.values(holder, frame).iter().any(|value| self.inputs.is_kept_by_library(value));
        if !is_held {
            return false;
        }
        let placed = self.inputs.handed_over(key);
        let mut names = state.aliases.clone();
        names.push(key);
        let grows = names.iter().any(|name| is_added_to(program, name))
            || placed
                .iter()
                .any(|(value, _)| !starts_empty(value) && names.iter().any(|name| mentions_deep(value, name)));
        if grows && is_conversation(state, &names) {
            let is_cut = |value: &'m Expression| has_greatest_length(value) || is_cut_whole(value, 0);
            let bounded = default.is_some_and(is_cut)
                || placed.iter().any(|(value, _)| is_cut(value))
                || names.iter().any(|name| is_trimmed(program, name));
            self.add_kept(expression, key, frame, bounded, state);
        }
        // What has been cut is the list, not the texts in it.
        let onwards = State { in_chain: false, place: None, sliced: false, ..state.clone() };
        for (value, frame) in placed {
            self.follow(value, *frame, onwards.clone());
        }
        self.added(key, &onwards);
        true
    }

    /// Follows what is added to what goes by a name, wherever that is.
    fn added(&mut self, name: &str, state: &State<'m>) {
        let program = self.program();
        for info in &program.units.calls {
            let is_added = match &info.call.callee.kind {
                ExpressionKind::Member { object, name: method } => adds(method) && mentions_deep(object, name),
                _ => false,
            };
            if is_added {
                for argument in &info.call.arguments {
                    self.follow(&argument.value, program.open_frame(info.unit), state.clone());
                }
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
fn is_conversation(state: &State<'_>, names: &[&str]) -> bool {
    !state.in_text && (!state.in_content || state.items) || names.iter().any(|name| is_about_conversation(name))
}
