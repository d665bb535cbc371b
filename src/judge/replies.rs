//! What a raw HTTP call turns out to be by what is read from its reply.
//!
//! An address may come from the configuration, or from a request that is built elsewhere. The reply gives the provider
//! away: only a model's reply has `choices` with a `message` in them.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::units::{CallId, UnitId};
use crate::link::{FrameId, How, Program, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Calls, Kind};
use crate::rules::checked::FactId;

/// Functions that the reply is handed to, one after the other.
const HANDED_ON: usize = 3;
const UNITS: usize = 40;
/// Functions that hand the reply back, one to the other, and the last that reads it.
const HANDED_BACK: usize = 3;
/// Lists within lists whose items are gone through.
const GONE_THROUGH: usize = 2;

/// The replies of providers, and what the program reads from anything.
pub(super) struct Replies<'m> {
    shapes: Vec<(Vec<&'m str>, FactId)>,
    /// The keys of `reply.get("choices")`.
    looked_up: FxHashMap<UnitId, Vec<&'m str>>,
    /// The keys that units read, of those units that were asked about so far.
    read: RefCell<FxHashMap<UnitId, Rc<FxHashSet<&'m str>>>>,
}

impl<'m> Replies<'m> {
    pub(super) fn of(program: &Program<'m>) -> Replies<'m> {
        let catalogue = program.catalogue;
        let shapes: Vec<(Vec<&'m str>, FactId)> = catalogue
            .of_kind(Kind::Endpoint)
            .flat_map(|(id, fact)| fact.replies.iter().map(move |shape| (shape.split('.').collect(), id)))
            .collect();
        let mut looked_up: FxHashMap<UnitId, Vec<&'m str>> = FxHashMap::default();
        for (id, info) in program.units.calls.iter().enumerate() {
            if let Some(key) = looked_up_by(program, id) {
                looked_up.entry(info.unit).or_default().push(key);
            }
        }
        Replies { shapes, looked_up, read: RefCell::default() }
    }

    /// The keys that a unit reads from something that no known library gave.
    fn read_by(&self, program: &Program<'m>, unit: UnitId) -> Rc<FxHashSet<&'m str>> {
        if let Some(found) = self.read.borrow().get(&unit) {
            return found.clone();
        }
        let members = program.units.units[unit].members.iter().map(|(_, expression)| *expression);
        let starts: Vec<&str> = self.shapes.iter().filter_map(|(shape, _)| shape.first().copied()).collect();
        let of_raw = members.filter(|expression| !is_of_known_call(program, &starts, expression, unit));
        let looked_up = self.looked_up.get(&unit).into_iter().flatten().copied();
        let keys: Rc<FxHashSet<&'m str>> = Rc::new(of_raw.filter_map(key).chain(looked_up).collect());
        self.read.borrow_mut().insert(unit, keys.clone());
        keys
    }

    /// The keys that a unit reads, whatever from.
    fn named_in<'s>(&'s self, program: &'s Program<'m>, unit: UnitId) -> impl Iterator<Item = &'m str> + 's {
        let members = program.units.units[unit].members.iter().filter_map(|(_, expression)| key(expression));
        members.chain(self.looked_up.get(&unit).into_iter().flatten().copied())
    }

    /// The provider whose reply has all these keys.
    fn shape_of(&self, keys: &FxHashSet<&str>) -> Option<FactId> {
        self.shapes.iter().find(|(shape, _)| shape.iter().all(|key| keys.contains(key))).map(|(_, fact)| *fact)
    }

    /// The provider whose reply is read after a call: in its function or in those that the reply is handed to, or, where
    /// its function only hands the reply back, in those that call that.
    pub(super) fn find(&self, program: &Program<'m>, site: Site) -> Option<FactId> {
        let mut frame = site.frame;
        // The call that gave the reply back to the function at hand.
        let mut gives = None;
        for _ in 0..HANDED_BACK {
            let unit = program.unit_of_frame(frame);
            if let Some(found) = self.read_in(program, unit, gives) {
                return Some(found);
            }
            if program.units.units[unit].returns.is_empty() {
                return None;
            }
            let caller = match (program.frame(frame).how, program.callers_of(unit)) {
                (How::Call(caller), _) => caller,
                // Of several callers it is not known whose reply is read.
                (_, [caller]) => *caller,
                _ => return None,
            };
            (frame, gives) = (caller.frame, Some(caller.call));
        }
        None
    }

    /// The provider whose reply a function reads, or those that it hands the reply to: all that it calls where it made the
    /// request, else what is given what a call `gives`.
    fn read_in(&self, program: &Program<'m>, unit: UnitId, gives: Option<CallId>) -> Option<FactId> {
        let mut units = vec![unit];
        let mut fresh = vec![program.open_frame(unit)];
        for _ in 0..HANDED_ON {
            let mut next = Vec::new();
            for frame in fresh {
                let unit = program.unit_of_frame(frame);
                let is_own = units.len() == 1;
                for call in &program.units.units[unit].calls {
                    if is_own && gives.is_some_and(|gives| !is_handed(program, gives, Site { call: *call, frame })) {
                        continue;
                    }
                    for frame in program.runs(Site { call: *call, frame }).iter().copied() {
                        let unit = program.unit_of_frame(frame);
                        if units.len() < UNITS && !units.contains(&unit) {
                            units.push(unit);
                            next.push(frame);
                        }
                    }
                }
            }
            fresh = next;
        }
        // What a module defines runs where it is called; what is written within a function belongs to it.
        let inner_of = |unit: &UnitId| {
            let info = &program.units.units[*unit];
            let runs = |inner: &UnitId| info.function.is_some() || program.units.units[*inner].name().is_empty();
            info.inner.iter().copied().filter(runs).collect::<Vec<_>>()
        };
        let inner: Vec<UnitId> = units.iter().flat_map(inner_of).collect();
        let all = || units.iter().chain(&inner).copied();
        // Where a key comes from takes much longer to find out than its name, and seldom matters.
        self.shape_of(&all().flat_map(|unit| self.named_in(program, unit)).collect())?;
        let keys: Vec<_> = all().map(|unit| self.read_by(program, unit)).collect();
        self.shape_of(&keys.iter().flat_map(|keys| keys.iter().copied()).collect())
    }
}

/// Whether a call is given what another one gave, as an argument or as what it is made on.
fn is_handed<'m>(program: &Program<'m>, gives: CallId, site: Site) -> bool {
    let call = program.units.calls[site.call].call;
    let comes_from =
        |value: &'m Expression| program.slice(value, site.frame).sites.iter().any(|from| from.call == gives);
    site.call != gives
        && (call.arguments.iter().any(|argument| comes_from(&argument.value)) || comes_from(&call.callee))
}

/// Whether a reply is read that a call of a known library gave: it says nothing of a raw request beside it.
fn is_of_known_call<'m>(program: &Program<'m>, starts: &[&str], expression: &'m Expression, unit: UnitId) -> bool {
    let (ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. }) = &expression.kind else {
        return false;
    };
    if key(expression).is_none_or(|key| !starts.contains(&key)) {
        return false;
    }
    let is_known = |site: &Site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Call));
    let frame = program.open_frame(unit);
    let values = program.values(object, frame);
    values.iter().any(|value| value.sites().last().is_some_and(is_known)) || flows_from_model(program, object, frame, 0)
}

/// Whether something comes from a model that is asked through its library, on whatever way: one of several replies that
/// were gathered, a reply that was parsed or handed back.
fn flows_from_model<'m>(program: &Program<'m>, thing: &'m Expression, frame: FrameId, depth: usize) -> bool {
    let asks_model = |site: &Site| {
        program
            .callee_paths(*site)
            .iter()
            .any(|path| program.facts_of(path, Kind::Call).iter().any(|(_, fact)| fact.calls == Some(Calls::Llm)))
    };
    let slice = program.slice(thing, frame);
    slice.sites.iter().any(asks_model)
        || depth < GONE_THROUGH
            && slice.parameters.iter().any(|(unit, ..)| {
                gone_through(program, *unit)
                    .is_some_and(|(list, frame)| flows_from_model(program, list, frame, depth + 1))
            })
        || depth < GONE_THROUGH
            && slice.parts.iter().any(|(part, _)| {
                // `Promise.all(passages.map((passage) => model.write(passage)))`
                let ExpressionKind::Function(function) = &part.kind else { return false };
                program.units.unit_of(function).is_some_and(|unit| {
                    let mut returns = program.units.units[unit].returns.iter();
                    returns.any(|given| flows_from_model(program, given, program.open_frame(unit), depth + 1))
                })
            })
}

/// The list that a function without a name is called for each item of: `replies.map((reply) => reply.choices)`.
fn gone_through<'m>(program: &Program<'m>, unit: UnitId) -> Option<(&'m Expression, FrameId)> {
    let info = &program.units.units[unit];
    let (function, parent) = (info.function?, info.parent?);
    program.units.units[parent].calls.iter().find_map(|call| {
        let call = program.units.calls[*call].call;
        let given = &call.arguments.first()?.value.kind;
        let is_given = matches!(given, ExpressionKind::Function(each) if std::ptr::eq(each.as_ref(), function));
        match &call.callee.kind {
            ExpressionKind::Member { object, .. } if is_given => Some((&**object, program.open_frame(parent))),
            _ => None,
        }
    })
}

/// The key that a member or index expression reads.
fn key(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Member { name, .. } => Some(name),
        ExpressionKind::Index { index, .. } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The key of `reply.get("choices")`.
fn looked_up_by<'m>(program: &Program<'m>, call: usize) -> Option<&'m str> {
    let call = program.units.calls[call].call;
    match (&call.callee.kind, call.arguments.first().map(|argument| &argument.value.kind)) {
        (ExpressionKind::Member { name, .. }, Some(ExpressionKind::Literal(Literal::Text(text)))) if name == "get" => {
            Some(text)
        }
        _ => None,
    }
}
