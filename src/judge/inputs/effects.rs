//! Whether a cut in a step of something that keeps a conversation has an effect: what it gives has to go to the model, or
//! in the place of what is kept. What is merged with it by its messages removes none of them, and a list that is only
//! counted is no list that is sent.

use crate::link::flow::walk_block;
use crate::link::units::{NodeId, NodeKind};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Expression, ExpressionKind, Span, StatementKind};
use crate::rules::catalogue::{Fact, Kind};

use super::Inputs;

/// The role of what takes out what is kept.
const REMOVES: &str = "removes";
/// Expressions within expressions.
const DEPTH: usize = 12;
/// Functions that hand a cut on.
const CALLERS: usize = 4;
/// Functions that give what they are given to nobody but who reads the program's output.
const SHOWS: [&str; 2] = ["builtins.print", "builtins.repr"];

impl<'m> Inputs<'_, '_, 'm> {
    /// The parts of what is kept with which these calls merge what their steps give: `StateGraph(MessagesState)` its
    /// messages, one of a class of the program those that are declared so.
    pub(super) fn merged_by(&self, makers: &[Site]) -> Vec<String> {
        let program = self.program();
        let mut merged = Vec::new();
        for made in makers {
            let call = program.units.calls[made.call].call;
            let states =
                call.arguments.iter().flat_map(|argument| program.values(&argument.value, made.frame).to_vec());
            for path in program.callee_paths(*made).iter() {
                merged.extend(self.merged_in(path));
            }
            for state in states {
                match state {
                    Value::Library { path, .. } => merged.extend(self.merged_in(&path)),
                    Value::Class(class) => {
                        program.line_of(class).into_iter().for_each(|class| self.merged_in_class(class, &mut merged));
                    }
                    _ => {}
                }
            }
        }
        merged
    }

    fn merged_in(&self, path: &str) -> Vec<String> {
        let facts = self.program().facts_of(path, Kind::Merge);
        facts.into_iter().flat_map(|(_, fact)| fact.keys.clone()).collect()
    }

    /// The fields of a class whose annotation names what merges: `messages: Annotated[list, add_messages]`.
    fn merged_in_class(&self, class: usize, merged: &mut Vec<String>) {
        let program = self.program();
        let info = &program.units.classes[class];
        let home = program.open_frame(info.unit);
        for base in &info.class.bases {
            for path in program.values(base, home).iter().filter_map(Value::path) {
                merged.extend(self.merged_in(path));
            }
        }
        for statement in &info.class.body {
            let StatementKind::Assign(assignment) = &statement.kind else { continue };
            let (ExpressionKind::Name(field), Some(declared)) = (&assignment.target.kind, &assignment.annotation)
            else {
                continue;
            };
            let merges = |part: &'m Expression| {
                let values = program.values(part, home);
                values.iter().filter_map(Value::path).any(|path| program.is_a(path, Kind::Merge))
            };
            if parts_of(declared).into_iter().any(merges) {
                merged.push(field.clone());
            }
        }
    }

    /// Whether what a cut gives is used for more than to be looked at.
    pub(super) fn takes_effect(&self, cut: Span, frame: FrameId, merged: &[String]) -> bool {
        self.takes_effect_in(cut, frame, merged, 0)
    }

    fn takes_effect_in(&self, cut: Span, frame: FrameId, merged: &[String], depth: usize) -> bool {
        let program = self.program();
        let Some(node) = self.statement_of(cut, frame) else { return true };
        if program.is_off(node, frame, None) {
            return false;
        }
        let NodeKind::Plain(statement) = program.units.nodes[node].kind else { return true };
        match &statement.kind {
            StatementKind::Return(Some(result)) => {
                self.replaces(result, cut, frame, merged, 0) && self.is_taken(frame, merged, depth)
            }
            StatementKind::Assign(assignment) => match (&assignment.target.kind, &assignment.value) {
                (ExpressionKind::Name(name), Some(value)) if is_whole(value, cut, 0) => {
                    self.is_used(name, assignment.target.span, frame, merged, depth)
                }
                _ => true,
            },
            _ => true,
        }
    }

    /// Whether who calls a function does more with what it gives than to look at it: `kept = window(messages)`.
    fn is_taken(&self, frame: FrameId, merged: &[String], depth: usize) -> bool {
        let program = self.program();
        match program.frame(frame).how {
            How::Call(site) if depth < CALLERS => {
                self.takes_effect_in(program.units.calls[site.call].call.span, site.frame, merged, depth + 1)
            }
            _ => true,
        }
    }

    /// The statement that something stands in.
    fn statement_of(&self, at: Span, frame: FrameId) -> Option<NodeId> {
        let program = self.program();
        let nodes = &program.units.units[program.unit_of_frame(frame)].nodes;
        let stands_in = |node: &&NodeId| match program.units.nodes[**node].kind {
            NodeKind::Plain(statement) => statement.span.contains(at),
            _ => false,
        };
        nodes.iter().rev().find(stands_in).copied()
    }

    /// Whether a name is given to anything that does more than count or show it.
    fn is_used(&self, name: &str, bound: Span, frame: FrameId, merged: &[String], depth: usize) -> bool {
        let program = self.program();
        let Some(function) = program.units.units[program.unit_of_frame(frame)].function else { return true };
        let mut read: Vec<Span> = Vec::new();
        walk_block(&function.body, &mut |each| {
            if matches!(&each.kind, ExpressionKind::Name(other) if other == name) && each.span != bound {
                read.push(each.span);
            }
        });
        read.into_iter().any(|at| match self.innermost_call(at, frame) {
            Some(call) => !self.only_looks(call),
            None => {
                let statement = self.statement_of(at, frame).map(|node| program.units.nodes[node].kind);
                match statement {
                    Some(NodeKind::Plain(statement)) => match &statement.kind {
                        StatementKind::Return(Some(result)) => {
                            self.replaces(result, at, frame, merged, 0) && self.is_taken(frame, merged, depth)
                        }
                        _ => true,
                    },
                    _ => true,
                }
            }
        })
    }

    /// The innermost call that is given what stands at a place.
    fn innermost_call(&self, at: Span, frame: FrameId) -> Option<Site> {
        let program = self.program();
        let calls = program.units.units[program.unit_of_frame(frame)].calls.iter().copied();
        let given = calls.filter(|call| {
            let call = program.units.calls[*call].call;
            call.arguments.iter().any(|argument| argument.value.span.contains(at))
        });
        let innermost = given.min_by_key(|call| {
            let span = program.units.calls[*call].call.span;
            span.end - span.start
        });
        innermost.map(|call| Site { call, frame })
    }

    /// Whether a call only measures what it is given, or shows it to who reads the output.
    fn only_looks(&self, site: Site) -> bool {
        let program = self.program();
        let looks =
            |path: &str| SHOWS.contains(&path) || program.is_a(path, Kind::Measure) || program.is_a(path, Kind::Log);
        program.callee_paths(site).iter().any(|path| looks(path))
    }

    /// Whether what a step gives stands in the place of what is kept, or goes to the model: under a key whose values are
    /// merged it only does where it takes out the others.
    fn replaces(&self, result: &'m Expression, cut: Span, frame: FrameId, merged: &[String], depth: usize) -> bool {
        match &result.kind {
            ExpressionKind::Object(entries) => {
                entries.iter().filter(|entry| entry.value.span.contains(cut)).all(|entry| {
                    let is_merged = entry.key.as_ref().is_some_and(|key| merged.contains(key));
                    !is_merged || !is_whole(&entry.value, cut, 0) || self.removes(entry.value.span, frame)
                })
            }
            // `Command(update={"messages": kept})`
            ExpressionKind::Call(call) if depth < DEPTH => {
                let mut given = call.arguments.iter().filter(|argument| argument.value.span.contains(cut));
                given.all(|argument| match argument.value.kind {
                    ExpressionKind::Object(_) => self.replaces(&argument.value, cut, frame, merged, depth + 1),
                    _ => true,
                })
            }
            _ => true,
        }
    }

    /// Whether something written at a place takes out what is kept.
    fn removes(&self, within: Span, frame: FrameId) -> bool {
        let program = self.program();
        let is_one = |fact: &Fact| fact.role.as_deref() == Some(REMOVES);
        program.units.units[program.unit_of_frame(frame)].calls.iter().any(|call| {
            let paths = program.callee_paths(Site { call: *call, frame });
            within.contains(program.units.calls[*call].call.span)
                && paths.iter().any(|path| program.facts_of(path, Kind::Trim).iter().any(|(_, fact)| is_one(fact)))
        })
    }
}

/// Whether a list is what stands at a place, as it is or with others in front or behind.
fn is_whole(list: &Expression, at: Span, depth: usize) -> bool {
    if list.span == at {
        return true;
    }
    let within = |inner: &Expression| inner.span.contains(at) && depth < DEPTH && is_whole(inner, at, depth + 1);
    match &list.kind {
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => within(inner),
        ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => items.iter().any(within),
        ExpressionKind::Conditional { then, otherwise, .. } => within(then) || within(otherwise),
        _ => false,
    }
}

/// The parts of a type.
fn parts_of(declared: &Expression) -> Vec<&Expression> {
    let mut parts = vec![declared];
    let mut at = 0;
    while let Some(part) = parts.get(at).copied().filter(|_| at < DEPTH * DEPTH) {
        at += 1;
        match &part.kind {
            ExpressionKind::Index { object, index } => parts.extend([object.as_ref(), index.as_ref()]),
            ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => parts.extend(items),
            _ => {}
        }
    }
    parts
}
