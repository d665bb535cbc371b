//! What the program records: in stores, and in collections and numbers of its own.

use rustc_hash::FxHashSet;

use crate::link::flow::Slice;
use crate::link::units::{Binding, NodeId, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Assignment, Call, Entry, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::copies;
use super::missing_rows;
use super::operations::{Operation, operation};
use super::own_objects;
use super::quantities::{self, Quantity, Source};
use super::row_changes::{self, writes_a_sum, writes_one_more};
use super::subjects::{self, Subject};

/// How something is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A number grows or shrinks.
    Adjust,
    /// Something is added to a collection.
    Append,
    /// A value takes the place of another.
    Set,
    /// Set only where nothing was.
    Claim,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Write<'m> {
    pub unit: UnitId,
    pub node: NodeId,
    pub site: Option<Site>,
    pub subjects: Vec<Subject>,
    pub change: Change,
    /// Whether a number changes by one each time: requests are counted, not what they cost.
    pub by_one: bool,
    /// Whether it is kept in this process only.
    pub in_process: bool,
    /// Whether only a part of an entry changes: `entry.count += 1`, `entry.resetAt = later`.
    pub is_part: bool,
    /// What is recorded.
    pub values: Vec<(&'m Expression, FrameId)>,
}

impl Write<'_> {
    /// Whether what is kept grows by it, or is taken up.
    pub fn accumulates(&self) -> bool {
        let is_constant = |expression: &Expression| match &expression.kind {
            ExpressionKind::Literal(_) => true,
            ExpressionKind::List(items) => items.is_empty(),
            ExpressionKind::Object(entries) => entries.is_empty(),
            _ => false,
        };
        match self.change {
            Change::Adjust | Change::Append => true,
            Change::Claim => false,
            Change::Set => {
                self.site.is_none()
                    && !self.is_part
                    && self.values.first().is_some_and(|(value, _)| !is_constant(value))
            }
        }
    }
}

/// All records of the units that run.
pub fn all<'m>(program: &Program<'m>, live: Option<&FxHashSet<UnitId>>) -> Vec<Write<'m>> {
    let mut writes = Vec::new();
    for unit in 0..program.units.units.len() {
        // What a module binds at first is no record.
        if program.units.units[unit].function.is_none()
            || live.is_some_and(|live| !super::runs_within(program, unit, live))
        {
            continue;
        }
        let frame = program.open_frame(unit);
        for call in &program.units.units[unit].calls {
            writes.extend(by_call(program, unit, Site { call: *call, frame }));
        }
        for node in &program.units.units[unit].nodes {
            let Some(assignment) = program.units.nodes[*node].kind.assignment() else { continue };
            writes.extend(by_assignment(program, unit, *node, frame, assignment));
        }
    }
    missing_rows::leave_out(program, &mut writes);
    writes
}

/// Whether what a call asks has added a row before.
fn adds_first(program: &Program<'_>, site: Site) -> bool {
    super::operations::statement(program, site).is_some_and(|text| super::operations::adds_first(&text))
}

fn by_call<'m>(program: &Program<'m>, unit: UnitId, site: Site) -> Option<Write<'m>> {
    let info = &program.units.calls[site.call];
    let values: Vec<(&'m Expression, FrameId)> =
        info.call.arguments.iter().map(|argument| (&argument.value, site.frame)).collect();
    if let Some(operation) = operation(program, site) {
        let mut subjects = subjects::of_operation(program, site);
        let extends = || values.iter().any(|(value, frame)| copies::extends(program, value, *frame, &subjects));
        let change = match operation {
            Operation::Count => Change::Adjust,
            Operation::Append if adds_on_conflict(program, unit, site) => Change::Adjust,
            Operation::Append => Change::Append,
            Operation::Set if extends() => Change::Append,
            Operation::Set if values.iter().any(|(value, frame)| adds(program, value, *frame)) => Change::Adjust,
            Operation::Set if adds_in_chain(program, unit, site) => Change::Adjust,
            Operation::Set => Change::Set,
            Operation::Claim => Change::Claim,
            Operation::Tally | Operation::Many | Operation::Get if adds_first(program, site) => Change::Append,
            _ => return None,
        };
        if operation == Operation::Count {
            subjects.extend(counted_fields(info.call));
        }
        let in_process = stays_in_process(program, site);
        let by_one = match (super::operations::statement(program, site), super::scripts::of(program, site)) {
            _ if let Some(called) = super::procedures::of(program, site) => called.by_one,
            (Some(text), _) => text.contains("+ 1") || text.contains("- 1") || text.contains("+1"),
            (None, Some(script)) => script.by_one,
            (None, None) if change == Change::Adjust && operation != Operation::Count => {
                let set: Vec<_> =
                    values.iter().map(|(value, _)| *value).chain(chained_values(program, unit, site)).collect();
                let frame = site.frame;
                let is_one =
                    |value: &&'m Expression| adds_one(program, value, frame) || writes_one_more(program, value, frame);
                let is_sum =
                    |value: &&'m Expression| adds(program, value, frame) || writes_a_sum(program, value, frame);
                // What is added in another place is taken for one.
                set.iter().any(is_one) || !set.iter().any(is_sum)
            }
            (None, None) => change == Change::Append || changes_by_one(&values),
        };
        let (node, site, is_part) = (info.node, Some(site), false);
        return Some(Write { unit, node, site, subjects, change, by_one, in_process, is_part, values });
    }
    let ExpressionKind::Member { object, name } = &info.call.callee.kind else { return None };
    let change = match name.as_str() {
        "push" | "append" | "add" | "appendleft" | "push_back" | "insert" | "extend" | "unshift" | "set" | "update"
        | "setdefault" | "store" => Change::Append,
        "fetch_add" | "fetch_sub" | "inc" | "dec" | "increment" => Change::Adjust,
        _ => return None,
    };
    let behind = quantities::behind(program, object, site.frame);
    let subjects: Vec<Subject> = behind.iter().flat_map(|quantity| quantity.subjects.clone()).collect();
    if subjects.is_empty() || change == Change::Append && copies::is_lost(program, unit, object) {
        return None;
    }
    let in_process = behind.iter().all(|quantity| match quantity.source {
        Source::Store(site, _) => stays_in_process(program, site),
        source => source == Source::Process,
    });
    let by_one = change == Change::Append || changes_by_one(&values);
    let (node, site, is_part) = (info.node, Some(site), false);
    Some(Write { unit, node, site, subjects, change, by_one, in_process, is_part, values })
}

/// Whether a change of rows goes on to add to them: `.update(users).set({ credits: sql`${users.credits} - 1` })`.
fn adds_in_chain<'m>(program: &Program<'m>, unit: UnitId, site: Site) -> bool {
    let set = row_changes::set_in_chain(program, unit, program.units.calls[site.call].call);
    set.into_iter().any(|value| adds(program, value, site.frame) || writes_a_sum(program, value, site.frame))
}

/// All that a chain of calls is given after a call.
fn chained_values<'m>(program: &Program<'m>, unit: UnitId, site: Site) -> impl Iterator<Item = &'m Expression> {
    let later = row_changes::later_in_chain(program, unit, program.units.calls[site.call].call);
    later.into_iter().flat_map(|call| &call.arguments).map(|argument| &argument.value)
}

/// Whether an insertion goes on to add to the row that is there already:
/// `.insert(usage).values(..).onConflictDoUpdate({ set: { cents: sql`${usage.cents} + ${cents}` } })`.
fn adds_on_conflict<'m>(program: &Program<'m>, unit: UnitId, site: Site) -> bool {
    let inner = program.units.calls[site.call].call;
    program.units.units[unit].calls.iter().any(|call| {
        let outer = program.units.calls[*call].call;
        let ExpressionKind::Member { object, name } = &outer.callee.kind else { return false };
        let name: String = name.chars().filter(|each| *each != '_').flat_map(char::to_lowercase).collect();
        updates_on_conflict(&name)
            && (object.span.contains(inner.span) || is_made_by(program, unit, object, inner))
            && outer.arguments.iter().any(|argument| adds_to(program, &argument.value, site.frame))
    })
}

fn adds_to<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    adds(program, value, frame) || writes_a_sum(program, value, frame)
}

/// Whether a method, by its name in small letters, says what becomes of the row that is there already.
fn updates_on_conflict(name: &str) -> bool {
    matches!(name, "onconflictdoupdate" | "onduplicatekeyupdate" | "ondupupdate" | "doupdate")
}

/// Whether a name holds what a call made: `statement = insert(usage).values(..)`, then `statement.on_conflict_do_update(..)`.
fn is_made_by(program: &Program<'_>, unit: UnitId, object: &Expression, made: &Call) -> bool {
    let ExpressionKind::Name(name) = &object.kind else { return false };
    let bindings = program.units.units[unit].names.get(name.as_str());
    bindings.into_iter().flatten().any(|binding| match binding {
        Binding::Value { value, access, .. } => access.is_empty() && value.span.contains(made.span),
        _ => false,
    })
}

/// Whether a value is made by adding or taking away: `spent + cost`, `{ credits: { decrement: 1 } }`, `{"$inc": ...}`.
fn adds<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    let slice = program.slice(value, frame);
    let beside = Beside::of(value, &slice);
    slice.parts.iter().any(|(part, home)| match &part.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "+" | "-")
                && operands.len() == 2
                && !beside.holds(part, *home)
                && !operands.iter().any(|operand| {
                    matches!(operand.kind, ExpressionKind::Literal(Literal::Text(_)) | ExpressionKind::Template(_))
                })
        }
        ExpressionKind::Object(entries) => entries
            .iter()
            .any(|entry| matches!(entry.key.as_deref(), Some("increment" | "decrement" | "$inc" | "inc" | "dec"))),
        _ => false,
    })
}

/// The objects of which the columns of a written row take a part, or that they hold as a whole: what else stands in them
/// is not what is written. `{ answer: reply.text }` of a reply `{ text, tokens: input + output }` adds nothing up.
struct Beside<'m> {
    objects: Vec<(&'m [Entry], FrameId)>,
    asked: FxHashSet<&'m str>,
}

impl<'m> Beside<'m> {
    fn of(row: &'m Expression, slice: &Slice<'m>) -> Self {
        let mut beside = Beside { objects: Vec::new(), asked: FxHashSet::default() };
        if !matches!(row.kind, ExpressionKind::Object(_)) {
            return beside;
        }
        for (part, frame) in &slice.parts {
            match &part.kind {
                ExpressionKind::Object(entries) if !row.span.contains(part.span) => {
                    beside.objects.push((entries, *frame));
                }
                ExpressionKind::Member { name, .. } => {
                    beside.asked.insert(name);
                }
                _ => {}
            }
        }
        beside
    }

    /// Whether a part stands under a key that nobody asks for.
    fn holds(&self, part: &Expression, frame: FrameId) -> bool {
        self.objects.iter().filter(|(_, home)| *home == frame).any(|(entries, _)| {
            entries.iter().any(|entry| {
                let key = entry.key.as_deref();
                key.is_some_and(|key| !self.asked.contains(key)) && entry.value.span.contains(part.span)
            })
        })
    }
}

/// Whether a value is made by adding or taking away one: `count + 1`, `{ count: entry.count + 1 }`, `{"$inc": {"n": 1}}`.
fn adds_one<'m>(program: &Program<'m>, value: &'m Expression, frame: FrameId) -> bool {
    let is_one = |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if number.abs() == 1.0);
    program.slice(value, frame).parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "+" | "-") && operands.len() == 2 && operands.iter().any(is_one)
        }
        ExpressionKind::Object(entries) => entries.iter().any(|entry| {
            matches!(entry.key.as_deref(), Some("increment" | "decrement" | "$inc" | "inc" | "dec"))
                && match &entry.value.kind {
                    ExpressionKind::Object(fields) => fields.iter().any(|field| is_one(&field.value)),
                    _ => is_one(&entry.value),
                }
        }),
        _ => false,
    })
}

/// Whether a call stores in, or loads from, what the process itself keeps. A client that may also be found on a global
/// object (`globalThis.client ?? new Client()`) is none of the language's stores.
pub fn stays_in_process(program: &Program<'_>, site: Site) -> bool {
    let paths = program.callee_paths(site);
    let mut own = paths.iter().filter(|path| is_of_the_language(path)).peekable();
    let keeps = |path: &str| program.is_a(path, Kind::Store);
    own.peek().is_some() && (own.any(|path| keeps(path)) || !paths.iter().any(|path| keeps(path)))
}

/// The fields that are counted up by name: `increment({ day }, "cost", cost)`, `hincrby(key, "tokens", used)`.
fn counted_fields(call: &Call) -> impl Iterator<Item = Subject> {
    let is_name = |text: &&String| {
        text.starts_with(|first: char| first.is_alphabetic())
            && text.chars().all(|character| character.is_alphanumeric() || character == '_')
    };
    let texts = call.arguments.iter().skip(1).filter_map(|argument| match &argument.value.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    });
    texts.filter(is_name).map(|text| Subject::Field(text.clone()))
}

/// Names that every program has: what they keep is kept in the process.
pub(super) fn is_of_the_language(path: &str) -> bool {
    ["globals.", "builtins.", "std.", "collections."].iter().any(|head| path.starts_with(head))
}

/// `incr(key)`, `decr(key, 1)`: no amount, or the amount one.
fn changes_by_one(values: &[(&Expression, FrameId)]) -> bool {
    values.iter().skip(1).all(|(value, _)| match &value.kind {
        ExpressionKind::Literal(Literal::Number(number)) => number.abs() == 1.0,
        ExpressionKind::Literal(_) => true,
        ExpressionKind::Operator { operator, operands } if operator == "-" => {
            matches!(operands.first().map(|operand| &operand.kind), Some(ExpressionKind::Literal(Literal::Number(number))) if *number == 1.0)
        }
        _ => false,
    })
}

fn by_assignment<'m>(
    program: &Program<'m>,
    unit: UnitId,
    node: NodeId,
    frame: FrameId,
    assignment: &'m Assignment,
) -> Option<Write<'m>> {
    let value = assignment.value.as_ref()?;
    let is_plain_name = matches!(assignment.target.kind, ExpressionKind::Name(_));
    if assignment.declares || matches!(assignment.target.kind, ExpressionKind::List(_) | ExpressionKind::Object(_)) {
        return None;
    }
    if is_first_value(program, unit, &assignment.target) || only_drops(program, unit, value, 0) {
        return None;
    }
    if copies::is_of_lost_copy(program, unit, &assignment.target)
        || own_objects::is_of_own_object(program, unit, &assignment.target)
    {
        return None;
    }
    let (mut subjects, mut in_process) = target_subjects(program, &assignment.target, frame);
    if subjects.is_empty() {
        return None;
    }
    let entry = entry_behind(program, &assignment.target, frame);
    let is_part = !entry.is_empty();
    if is_part {
        in_process |= entry.iter().all(|quantity| quantity.source == Source::Process);
        subjects.extend(entry.into_iter().flat_map(|quantity| quantity.subjects));
    }
    subjects.dedup();
    let adjusts =
        matches!(assignment.operator.as_deref(), Some("+" | "-")) || mentions_target(value, &assignment.target);
    if is_plain_name && !adjusts && assignment.operator.is_some() {
        return None;
    }
    let is_one =
        |each: &Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 1.0);
    let by_one = is_one(value)
        || adjusts && matches!(&value.kind, ExpressionKind::Operator { operands, .. } if operands.iter().any(is_one));
    let change = if adjusts { Change::Adjust } else { Change::Set };
    let mut values = vec![(value, frame)];
    if let ExpressionKind::Index { index, .. } = &assignment.target.kind {
        values.push((index, frame));
    }
    Some(Write { unit, node, site: None, subjects, change, by_one, in_process, is_part, values })
}

/// Whether a value is a list without some of its items, and with nothing more: `[at for at in stamps if at > oldest]`.
fn only_drops(program: &Program<'_>, unit: UnitId, value: &Expression, depth: usize) -> bool {
    match &value.kind {
        ExpressionKind::Comprehension { element, clauses } => match clauses.as_slice() {
            [clause] => match (&element.kind, &clause.target.kind) {
                (ExpressionKind::Name(item), ExpressionKind::Name(target)) => item == target,
                _ => false,
            },
            _ => false,
        },
        ExpressionKind::Name(name) if depth < 4 => {
            let bindings = program.units.units[unit].names.get(name.as_str());
            let drops = |binding: &Binding<'_>| match binding {
                Binding::Value { value, access, operator, .. } => {
                    access.is_empty() && operator.is_none() && only_drops(program, unit, value, depth + 1)
                }
                _ => false,
            };
            bindings.is_some_and(|all| !all.is_empty() && all.iter().all(drops))
                && program.growth(name, unit).is_empty()
        }
        _ => false,
    }
}

/// What a constructor gives its object at first is no record, like what a module binds.
fn is_first_value(program: &Program<'_>, unit: UnitId, target: &Expression) -> bool {
    matches!(program.units.units[unit].name(), "__init__" | "__post_init__" | "constructor")
        && matches!(&target.kind, ExpressionKind::Member { object, .. } if matches!(&object.kind, ExpressionKind::Name(root) if root == "self"))
}

/// The collection of the process that handed out the entry of which an assignment changes a part.
fn entry_behind<'m>(program: &Program<'m>, target: &'m Expression, frame: FrameId) -> Vec<Quantity<'m>> {
    let object = match &target.kind {
        ExpressionKind::Member { object, .. } => object,
        ExpressionKind::Index { object, index } if matches!(index.kind, ExpressionKind::Literal(Literal::Text(_))) => {
            object
        }
        _ => return Vec::new(),
    };
    if matches!(&object.kind, ExpressionKind::Name(root) if root == "self") {
        return Vec::new();
    }
    let mut behind = quantities::behind(program, object, frame);
    behind.retain(|quantity| match quantity.source {
        Source::Process => !quantity.keys.is_empty(),
        Source::Store(site, _) => program.callee_paths(site).iter().any(|path| is_of_the_language(path)),
        Source::Row => false,
    });
    behind
}

/// What an assignment changes, and whether that is kept in the process.
fn target_subjects<'m>(program: &Program<'m>, target: &'m Expression, frame: FrameId) -> (Vec<Subject>, bool) {
    match &target.kind {
        // What is put onto a request is gone with it.
        ExpressionKind::Member { object, .. } if is_request(program, object, frame) => (Vec::new(), false),
        ExpressionKind::Member { object, name } => {
            let is_self = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
            (vec![Subject::Field(name.clone())], is_self)
        }
        ExpressionKind::Index { object, index } => {
            if let ExpressionKind::Literal(Literal::Text(text)) = &index.kind {
                let subjects =
                    if is_of_one_call(program, object, frame) { vec![] } else { vec![Subject::Field(text.clone())] };
                return (subjects, false);
            }
            let (subjects, _) = target_subjects(program, object, frame);
            (subjects, true)
        }
        ExpressionKind::Name(_) | ExpressionKind::Call(_) | ExpressionKind::Operator { .. } => {
            let mut behind = quantities::behind(program, target, frame);
            // A name of a function's own takes a value; that changes nothing that is kept.
            if let ExpressionKind::Name(name) = &target.kind {
                behind.retain(|quantity| {
                    quantity.source == Source::Process && quantity.subjects.contains(&Subject::Field(name.clone()))
                });
            }
            let in_process = behind.iter().all(|quantity| quantity.source == Source::Process);
            (behind.into_iter().flat_map(|quantity| quantity.subjects).collect(), in_process)
        }
        _ => (Vec::new(), true),
    }
}

/// Whether something is a request itself, and not what is taken from one.
fn is_request<'m>(program: &Program<'m>, object: &'m Expression, frame: FrameId) -> bool {
    let is_one =
        |path: &str| program.is_a(path, Kind::Request) || program.is_a(path.trim_end_matches("()"), Kind::Request);
    program.values(object, frame).iter().filter_map(Value::path).any(is_one)
}

/// Whether something is an object that a function makes empty for itself: what is put into it is gone with the request.
fn is_of_one_call<'m>(program: &Program<'m>, object: &'m Expression, frame: FrameId) -> bool {
    let values = program.values(object, frame);
    !values.is_empty()
        && values.iter().all(|value| match value {
            Value::Data { expression, frame } => {
                matches!(&expression.0.kind, ExpressionKind::Object(entries) if entries.is_empty())
                    && program.units.units[program.unit_of_frame(*frame)].function.is_some()
            }
            _ => false,
        })
}

/// `used = used + tokens`, `counts[day] = counts.get(day, 0) + 1`.
fn mentions_target(value: &Expression, target: &Expression) -> bool {
    let Some(name) = subjects::last_name(target) else { return false };
    let is_sum = matches!(&value.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "+" | "-" | "|"));
    let mut found = false;
    fn walk(expression: &Expression, name: &str, found: &mut bool, depth: usize) {
        if depth > 30 || *found {
            return;
        }
        *found = matches!(&expression.kind, ExpressionKind::Name(other) | ExpressionKind::Member { name: other, .. } if other == name);
        crate::link::flow::children(expression, &mut |child| walk(child, name, found, depth + 1));
    }
    if is_sum {
        walk(value, name, &mut found, 0);
    }
    found
}
