//! The places of a program where collections change: what is added, put in, taken out, assigned. They are gathered once,
//! because each name that is followed asks for its own among them.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::link::units::{Binding, CallId, NodeKind, UnitId};
use crate::link::{Program, Site};
use crate::model::{Assignment, Expression, ExpressionKind, Literal};

use super::cuts::is_cut_within;
use super::windows::{goes_on_until_one_stands_first, is_taken_while_longer};
use super::words::{adds, cuts_in_place, is_key};

/// A call that changes what it is called on, or given.
pub(super) struct Change<'m> {
    pub call: CallId,
    pub unit: UnitId,
    /// What is changed.
    pub of: &'m Expression,
}

/// An assignment, with the unit in which it stands.
pub(super) struct Put<'m> {
    pub unit: UnitId,
    pub target: &'m Expression,
    pub value: Option<&'m Expression>,
    is_cut: OnceCell<bool>,
}

impl<'m> Put<'m> {
    /// Whether what is assigned is cut somewhere in it.
    pub(super) fn is_cut(&self, program: &Program<'m>) -> bool {
        let is_cut = || self.value.is_some_and(|value| is_cut_within(program, value, program.open_frame(self.unit), 0));
        *self.is_cut.get_or_init(is_cut)
    }
}

/// Links of one chain of parts that are looked at.
const LINKS: usize = 12;

/// What is asked of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group {
    /// Calls that add.
    Added,
    /// Calls that take out or delete.
    Cut,
    /// Calls that put in what was not there.
    Defaults,
    /// Assignments of an item.
    Items,
    /// Assignments of what is cut.
    CutAssignments,
}

/// All changes of a program, in the order of its text.
pub(super) struct Changes<'m> {
    /// `turns.append(turn)`.
    pub added: Vec<Change<'m>>,
    /// `turns.shift()`, `del turns[0]`.
    pub cut: Vec<Change<'m>>,
    /// `chats.setdefault(id, deque(maxlen=20))`.
    pub defaults: Vec<Change<'m>>,
    /// `turns = turns[-20:]`.
    pub put: Vec<Put<'m>>,
    parts: FxHashMap<UnitId, Parts>,
    /// What is written into the items of lists, by the unit and the name of the list.
    rewritten: FxHashMap<(UnitId, &'m str), Vec<Rewritten<'m>>>,
}

/// What takes the place of an item of a list, or of a part of one: `messages[-1]["content"] = text`.
pub(super) struct Rewritten<'m> {
    pub value: &'m Expression,
    /// Whether it is a part of the item.
    pub is_part: bool,
}

/// What grows in the objects that one unit changes, by how the part is written.
type Parts = FxHashMap<String, Growth>;

/// How a part of an object grows.
#[derive(Default)]
struct Growth {
    /// The calls that add to it: `chat.messages.push(turn)`.
    added: Vec<CallId>,
    /// Whether it is assigned itself with something behind it: `chat.messages = [...chat.messages, turn]`.
    is_extended: bool,
}

impl<'m> Changes<'m> {
    pub(super) fn of(program: &Program<'m>) -> Self {
        let mut changes = Changes {
            added: Vec::new(),
            cut: Vec::new(),
            defaults: Vec::new(),
            put: Vec::new(),
            parts: FxHashMap::default(),
            rewritten: FxHashMap::default(),
        };
        for (call, info) in program.units.calls.iter().enumerate() {
            let change = |of| Change { call, unit: info.unit, of };
            match &info.call.callee.kind {
                ExpressionKind::Member { object, name } => {
                    if adds(name) {
                        changes.added.push(change(object.as_ref()));
                    }
                    let site = Site { call, frame: program.open_frame(info.unit) };
                    if (cuts_in_place(name, &info.call.arguments) || is_taken_while_longer(program, call))
                        && !goes_on_until_one_stands_first(program, call)
                        && !program.comes_to_nothing(site)
                    {
                        changes.cut.push(change(object.as_ref()));
                    }
                    if name == "setdefault" {
                        changes.defaults.push(change(object.as_ref()));
                    }
                }
                ExpressionKind::Name(called) if called == "del" => {
                    let deleted = info.call.arguments.iter().map(|argument| &argument.value);
                    let is_entry =
                        |each: &&Expression| matches!(&each.kind, ExpressionKind::Index { index, .. } if is_key(index));
                    changes.cut.extend(deleted.filter(|each| !is_entry(each)).map(change));
                }
                _ => {}
            }
        }
        changes.put = program.units.nodes.iter().filter_map(|node| put(&node.kind, node.unit)).collect();
        changes.index_parts();
        changes.index_rewritten(program);
        changes
    }

    /// Notes what is written into the items of lists: by an assignment, or by `messages[0].update(content=text)`.
    fn index_rewritten(&mut self, program: &Program<'m>) {
        for put in &self.put {
            if let (Some((list, is_part)), Some(value)) = (item_of(program, put.target, put.unit), put.value) {
                self.rewritten.entry((put.unit, list)).or_default().push(Rewritten { value, is_part });
            }
        }
        for info in &program.units.calls {
            let ExpressionKind::Member { object, name } = &info.call.callee.kind else { continue };
            if name != "update" {
                continue;
            }
            let Some((list, _)) = item_of(program, object, info.unit) else { continue };
            let given = info.call.arguments.iter();
            let given = given.map(|each| Rewritten { value: &each.value, is_part: each.name.is_some() });
            self.rewritten.entry((info.unit, list)).or_default().extend(given);
        }
    }

    /// What a unit writes into the items of a list of its own.
    pub(super) fn rewritten(&self, unit: UnitId, list: &'m str) -> &[Rewritten<'m>] {
        self.rewritten.get(&(unit, list)).map_or(&[], Vec::as_slice)
    }

    fn index_parts(&mut self) {
        for change in &self.added {
            if let Some(part) = part_of(change.of) {
                self.parts.entry(change.unit).or_default().entry(part).or_default().added.push(change.call);
            }
        }
        for put in self.put.iter().filter(|put| is_extended(put)) {
            if let Some(part) = part_of(put.target) {
                self.parts.entry(put.unit).or_default().entry(part).or_default().is_extended = true;
            }
        }
    }

    /// The calls in a unit that add to a part of an object.
    pub(super) fn added_to_part(&self, unit: UnitId, part: &str) -> &[CallId] {
        self.growth_of(unit, part).map_or(&[], |growth| growth.added.as_slice())
    }

    /// Whether a part of an object grows in a unit.
    pub(super) fn grows(&self, unit: UnitId, part: &str) -> bool {
        self.growth_of(unit, part).is_some()
    }

    /// Whether parts of any object grow in a unit.
    pub(super) fn grow_in(&self, unit: UnitId) -> bool {
        self.parts.contains_key(&unit)
    }

    fn growth_of(&self, unit: UnitId, part: &str) -> Option<&Growth> {
        self.parts.get(&unit)?.get(part)
    }

    /// The places of a group: where it is in its list, what is changed there, and in which unit.
    pub(super) fn places<'s>(
        &'s self,
        program: &'s Program<'m>,
        group: Group,
    ) -> Box<dyn Iterator<Item = (usize, &'m Expression, UnitId)> + 's> {
        let calls = |list: &'s [Change<'m>]| {
            Box::new(list.iter().enumerate().map(|(index, change)| (index, change.of, change.unit)))
        };
        let put = self.put.iter().enumerate();
        match group {
            Group::Added => calls(&self.added),
            Group::Cut => calls(&self.cut),
            Group::Defaults => calls(&self.defaults),
            Group::Items => Box::new(put.filter_map(|(index, put)| match &put.target.kind {
                ExpressionKind::Index { object, .. } => Some((index, object.as_ref(), put.unit)),
                _ => None,
            })),
            Group::CutAssignments => {
                let cut = move |put: &'s Put<'m>| {
                    shortened_by(put.target, put.value).or(put.is_cut(program).then_some(put.target))
                };
                Box::new(put.filter_map(move |(index, put)| Some((index, cut(put)?, put.unit))))
            }
        }
    }
}

fn put<'m>(kind: &NodeKind<'m>, unit: UnitId) -> Option<Put<'m>> {
    let assignment = kind.assignment()?;
    Some(Put { unit, target: &assignment.target, value: assignment.value.as_ref(), is_cut: OnceCell::new() })
}

/// The list of which an assignment replaces a part by so many items, or which it shortens: `turns[:-4] = [summary]`,
/// `turns.length = 12`.
pub(super) fn shortened(assignment: &Assignment) -> Option<&Expression> {
    shortened_by(&assignment.target, assignment.value.as_ref())
}

fn shortened_by<'m>(target: &'m Expression, value: Option<&'m Expression>) -> Option<&'m Expression> {
    // `turns.length = Math.min(turns.length, 12)`
    if let ExpressionKind::Member { object, name } = &target.kind
        && name == "length"
    {
        return Some(object);
    }
    let ExpressionKind::Slice { object, .. } = &target.kind else { return None };
    let ExpressionKind::List(items) = &value?.kind else { return None };
    (!items.iter().any(|item| matches!(item.kind, ExpressionKind::Spread(_)))).then_some(object.as_ref())
}

/// The list that goes by a name of which an expression is an item, or a part of one: `messages[-1]["content"]`,
/// `messages.at(-1).content`, also where the item has a name of its own (`last = messages[-1]`). With whether it is a part.
fn item_of<'m>(program: &Program<'m>, written: &'m Expression, unit: UnitId) -> Option<(&'m str, bool)> {
    let (mut at, mut is_part, mut is_item) = (written, false, false);
    for _ in 0..LINKS {
        at = match &at.kind {
            ExpressionKind::Index { object, index } => {
                let is_place =
                    matches!(index.kind, ExpressionKind::Literal(Literal::Number(_)) | ExpressionKind::Operator { .. });
                is_part |= is_item || !is_place;
                is_item = is_place;
                object
            }
            ExpressionKind::Member { object, .. } => {
                (is_part, is_item) = (true, false);
                object
            }
            ExpressionKind::Call(call) => {
                let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
                if !matches!(name.as_str(), "at" | "unwrap" | "last_mut" | "first_mut") {
                    return None;
                }
                is_item = true;
                object
            }
            ExpressionKind::Name(name) if is_item => return Some((name, is_part)),
            // `last = messages[-1]`, then `last["content"] = text`
            ExpressionKind::Name(name) if is_part => {
                let bindings = program.units.units[unit].names.get(name.as_str())?;
                let [Binding::Value { value, access, .. }] = bindings.as_slice() else { return None };
                if !access.is_empty() {
                    return None;
                }
                value
            }
            _ => return None,
        };
    }
    None
}

/// How a part of an object is written, whichever way it is taken: `chat.messages` and `chat["messages"]`.
pub(super) fn part_of(expression: &Expression) -> Option<String> {
    let (object, key) = match &expression.kind {
        ExpressionKind::Member { object, name } => (object, name.as_str()),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(key)) => (object, key.as_str()),
            _ => (object, "[]"),
        },
        _ => return None,
    };
    let whole = match &object.kind {
        ExpressionKind::Name(name) => name.clone(),
        _ => part_of(object)?,
    };
    Some(format!("{whole}.{key}"))
}

/// Whether what is assigned to a part is the part itself with something behind it.
fn is_extended(put: &Put<'_>) -> bool {
    let is_part =
        |each: &Expression| part_of(each).is_some_and(|part| part_of(put.target).is_some_and(|target| part == target));
    match put.value.map(|value| &value.kind) {
        Some(ExpressionKind::List(items)) => {
            items.len() > 1
                && items.iter().any(|item| matches!(&item.kind, ExpressionKind::Spread(inner) if is_part(inner)))
        }
        Some(ExpressionKind::Operator { operator, operands }) => operator == "+" && operands.iter().any(is_part),
        _ => false,
    }
}
