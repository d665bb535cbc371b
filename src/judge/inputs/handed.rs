//! What the program itself puts on a request, or in a session, for those who come later: `request.agency = agency`,
//! `c.set("shop", shop)`, `session["turns"] = turns`.
//!
//! What is put in a session is there for every request that comes later. What is put on a request is there for what runs
//! after that for the same request, and for nothing else: a function that one entry point calls puts nothing on the
//! requests of another one.

use rustc_hash::FxHashMap;

use crate::link::entries::{Entries, Entry, frame_of};
use crate::link::units::{NodeId, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::*;

use super::Inputs;
use super::measures::compares_length;

/// Functions within functions that put something.
const HELPERS: usize = 4;
/// Calls that are looked into for what they put.
const STEPS: usize = 400;
/// Functions around a place.
const AROUND: usize = 48;

/// What is put on requests and in sessions, by key.
pub(super) type HandedOver<'m> = FxHashMap<String, Vec<Put<'m>>>;

/// A value that is put on something, in the frame in which it is.
pub(super) struct Put<'m> {
    value: &'m Expression,
    node: NodeId,
    frame: FrameId,
    /// Whether something does it that stands in front of handlers.
    is_in_front: bool,
    /// Whether it is put on a request, and whether in what lasts from one request to the next.
    on_request: bool,
    in_memory: bool,
}

/// What is put on something under a key, as it is written.
struct Handover<'m> {
    unit: UnitId,
    key: &'m str,
    holder: &'m Expression,
    value: &'m Expression,
    node: NodeId,
}

/// A place, with what runs there.
type Place = (FrameId, Span);

/// The way from an entry point to a place: the place itself, the call that led to its function, and so on.
struct Way<'w, 'm> {
    places: Vec<Place>,
    /// The entry points whose handlers are on it.
    entries: Vec<(usize, &'w Entry<'m>)>,
    /// How many of the places are within the handler.
    within: usize,
}

/// Something that is put where it is read later.
pub(super) struct Seen<'m> {
    pub value: &'m Expression,
    pub frame: FrameId,
    /// Whether it is there in every case.
    pub is_sure: bool,
}

/// What is known of a value that something else puts where it is read.
pub(super) enum PutElsewhere<'m> {
    /// It is none of a request, or is not known to be.
    Unknown,
    /// It is put there on the way to where it is read.
    OnTheWay(Seen<'m>),
    /// It is put there for other requests only, or later.
    OnAnotherWay,
}

impl<'p, 'm> Inputs<'_, 'p, 'm> {
    fn handed_over(&self) -> &HandedOver<'m> {
        self.handed_over.get_or_init(|| {
            let program = self.program();
            let entries = &self.case.entries.entries;
            let links = entries.iter().flat_map(|entry| entry.chains.iter().flatten());
            let frames = links.filter_map(|link| frame_of(program, &link.value));
            // What is made for each of its uses (`validate(schema)`) stands in front as often.
            let mut known: FxHashMap<UnitId, Vec<FrameId>> = FxHashMap::default();
            for frame in frames {
                let uses = known.entry(program.unit_of_frame(frame)).or_default();
                if !uses.contains(&frame) {
                    uses.push(frame);
                }
            }
            let mut all = HandedOver::default();
            for Handover { unit, key, holder, value, node } in handovers(program) {
                let uses = known.get(&unit).cloned().unwrap_or_else(|| vec![program.open_frame(unit)]);
                let is_in_front = known.contains_key(&unit);
                for frame in uses {
                    let values = program.values(holder, frame);
                    let on_request = values.iter().any(|value| self.is_part_of_request(value));
                    let in_memory = values.iter().any(|value| self.kept_by_library(value).is_some());
                    if on_request || in_memory {
                        let put = Put { value, node, frame, is_in_front, on_request, in_memory };
                        all.entry(key.to_owned()).or_default().push(put);
                    }
                }
            }
            all
        })
    }

    /// What is put under a key in what lasts from one request to the next.
    pub(super) fn put_in_memory(&self, key: &str, reader: FrameId) -> Vec<(&'m Expression, FrameId)> {
        let way = self.way_to(reader, None);
        let in_front = (!way.entries.is_empty()).then(|| self.in_front_of(&way));
        // What stands in front of other handlers has put nothing there for this one.
        let is_put =
            |put: &&Put<'m>| in_front.as_ref().is_none_or(|in_front| !put.is_in_front || in_front.contains(&put.frame));
        let found = self.handed_over().get(key).into_iter().flatten();
        let found = found.filter(|put| put.in_memory && self.is_near(put.frame, reader)).filter(is_put);
        found.map(|put| (put.value, put.frame)).collect()
    }

    /// What is put under a key on a request by the time that it is read: on the way to that, or by what stands in front.
    pub(super) fn put_on_request(&self, key: &str, reader: FrameId, read: Option<Place>) -> Vec<Seen<'m>> {
        let puts = self.handed_over().get(key).into_iter().flatten();
        let puts: Vec<&Put<'m>> = puts.filter(|put| put.on_request && self.is_near(put.frame, reader)).collect();
        if puts.is_empty() {
            return Vec::new();
        }
        let way = self.way_to(reader, read);
        let mut found: Vec<Seen<'m>> = Vec::new();
        for put in puts {
            let Some(seen) = self.seen_on(put, &way) else { continue };
            let is_known = |known: &Seen<'m>| std::ptr::eq(known.value, seen.value) && known.frame == seen.frame;
            if !found.iter().any(is_known) {
                found.push(seen);
            }
        }
        found
    }

    fn is_near(&self, frame: FrameId, reader: FrameId) -> bool {
        let module = |frame| self.program().module_of(self.program().unit_of_frame(frame));
        self.case.run_together(module(reader), module(frame))
    }

    fn is_part_of_request(&self, value: &Value<'m>) -> bool {
        matches!(value, Value::Library { path, .. } if self.is_request(path))
    }

    /// The way to the place where something is read; where that is not known, from the end of the function that takes it
    /// from outside.
    fn way_to(&self, reader: FrameId, read: Option<Place>) -> Way<'p, 'm> {
        let end = Span { start: u32::MAX, end: u32::MAX };
        let own = self.way_from(read.unwrap_or((reader, end)));
        if own.entries.is_empty() && read.is_some() { self.way_from((reader, end)) } else { own }
    }

    fn way_from(&self, place: Place) -> Way<'p, 'm> {
        let program = self.program();
        let mut places = vec![place];
        let mut frame = place.0;
        while places.len() < AROUND {
            let here = program.frame(frame);
            let next = match (here.how, here.closure) {
                (How::Call(site), _) => (site.frame, program.units.calls[site.call].call.span),
                (_, Some(around)) => (around, program.units.units[here.unit].span),
                _ => break,
            };
            places.push(next);
            frame = next.0;
        }
        let all: &'p Entries<'m> = self.case.entries;
        let found = places.iter().enumerate().find_map(|(at, (frame, _))| {
            let runs = |entry: &Entry<'m>| entry.handler == *frame || entry.behind.contains(frame);
            let entries: Vec<_> = all.entries.iter().enumerate().filter(|(_, entry)| runs(entry)).collect();
            (!entries.is_empty()).then_some((entries, at + 1))
        });
        let (entries, within) = found.unwrap_or_else(|| (Vec::new(), places.len()));
        Way { places, entries, within }
    }

    /// The frames of what stands in front of the handlers that are on a way.
    fn in_front_of(&self, way: &Way<'p, 'm>) -> Vec<FrameId> {
        let links = way.entries.iter().flat_map(|(_, entry)| entry.chains.iter().flatten());
        links.filter_map(|link| frame_of(self.program(), &link.value)).collect()
    }

    fn seen_on(&self, put: &Put<'m>, way: &Way<'p, 'm>) -> Option<Seen<'m>> {
        let seen = |frame, is_sure| Some(Seen { value: put.value, frame, is_sure });
        let unit = self.program().unit_of_frame(put.frame);
        let on_the_way = self.put_on_way(unit, put.value, put.node, way);
        if let Some(found) = on_the_way {
            return found.and_then(|(frame, is_sure)| seen(frame, is_sure));
        }
        if way.entries.is_empty() {
            return seen(put.frame, put.is_in_front);
        }
        let in_front = self.in_front_of(way);
        if put.is_in_front {
            return in_front.contains(&put.frame).then(|| seen(put.frame, true)).flatten();
        }
        if let Some(frame) =
            in_front.iter().find_map(|link| self.case.guards.reach(*link).frames_of(unit).first().copied())
        {
            return seen(frame, true);
        }
        // What runs behind the handler finds what that has put there.
        let is_behind =
            |(_, entry): &&(usize, &Entry<'m>)| way.places.iter().any(|(frame, _)| entry.behind.contains(frame));
        let mut handlers = way.entries.iter().filter(is_behind).filter_map(|(index, _)| self.case.reaches.get(*index));
        let frame = handlers.find_map(|reach| reach.frames_of(unit).first().copied())?;
        seen(frame, false)
    }

    /// Whether a value is put where it is read later by a function that is on the way there, or is called on it: the frame
    /// in which that happens, and whether it does in every case. `Some(None)`: the function puts it there later only.
    fn put_on_way(
        &self,
        unit: UnitId,
        value: &'m Expression,
        node: NodeId,
        way: &Way<'p, 'm>,
    ) -> Option<Option<(FrameId, bool)>> {
        let program = self.program();
        let own = way.places.iter().take(way.within).find(|(frame, _)| program.unit_of_frame(*frame) == unit);
        if let Some((frame, at)) = own {
            let is_before = value.span.end <= at.start;
            let comes_again = || shared_loop(program, node, *at);
            return Some(
                (is_before || comes_again())
                    .then(|| (*frame, is_before && is_in_every_case(program, node, *frame, Some(*at)))),
            );
        }
        let mut steps = STEPS;
        for (frame, at) in way.places.iter().take(way.within) {
            for call in &program.units.units[program.unit_of_frame(*frame)].calls {
                let info = &program.units.calls[*call];
                if info.call.span.end > at.end || info.call.span.contains(*at) {
                    continue;
                }
                let site = Site { call: *call, frame: *frame };
                if let Some((inner, is_sure)) = self.put_by(site, unit, node, HELPERS, &mut steps) {
                    return Some(Some((inner, is_sure && is_in_every_case(program, info.node, *frame, Some(*at)))));
                }
            }
        }
        None
    }

    /// The frame in which a call runs a unit, itself or in what that calls, and whether the node there always runs.
    fn put_by(
        &self,
        site: Site,
        unit: UnitId,
        node: NodeId,
        depth: usize,
        steps: &mut usize,
    ) -> Option<(FrameId, bool)> {
        let program = self.program();
        *steps = steps.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        for frame in program.runs(site).iter().copied() {
            let own = program.unit_of_frame(frame);
            if own == unit {
                return Some((frame, is_in_every_case(program, node, frame, None)));
            }
            for call in &program.units.units[own].calls {
                let inner = Site { call: *call, frame };
                if let Some((found, is_sure)) = self.put_by(inner, unit, node, depth, steps) {
                    let at = program.units.calls[*call].node;
                    return Some((found, is_sure && is_in_every_case(program, at, frame, None)));
                }
            }
        }
        None
    }

    /// What is known of data that an assignment elsewhere puts under a name on something that a request brings along.
    pub(super) fn put_elsewhere(
        &self,
        (object, name): (&'m Expression, &'m str),
        read: Place,
        data: &'m Expression,
    ) -> PutElsewhere<'m> {
        let program = self.program();
        let (ExpressionKind::Member { name: holder, .. } | ExpressionKind::Name(holder)) = &object.kind else {
            return PutElsewhere::Unknown;
        };
        let own = program.unit_of_frame(read.0);
        let all = program.units.member_assignments.get(&(holder.as_str(), name)).into_iter().flatten();
        let is_it =
            |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if std::ptr::eq(expression.0, data));
        let mut elsewhere = all.filter(|each| each.unit != own);
        let put = elsewhere.find(|each| program.values(each.value, program.open_frame(each.unit)).iter().any(is_it));
        let Some(put) = put else { return PutElsewhere::Unknown };
        let way = self.way_from(read);
        if way.entries.is_empty()
            || !self.is_bound_on(object, &way)
            || !self.is_sent(object, read.0)
            || !self.is_sent(put.object, program.open_frame(put.unit))
        {
            return PutElsewhere::Unknown;
        }
        let node = program.units.assigned_at.get(&(std::ptr::from_ref(put.value) as usize));
        match node.and_then(|node| self.put_on_way(put.unit, put.value, *node, &way)).flatten() {
            Some((frame, is_sure)) => PutElsewhere::OnTheWay(Seen { value: put.value, frame, is_sure }),
            None => PutElsewhere::OnAnotherWay,
        }
    }

    /// Whether something comes from outside: a request, what a handler is given, an object that nobody in the program makes.
    fn is_sent(&self, object: &'m Expression, frame: FrameId) -> bool {
        self.program().values(object, frame).iter().any(|value| match value {
            Value::Parameter { .. } | Value::Instance { site: None, .. } => true,
            value => self.is_part_of_request(value),
        })
    }

    /// Whether what an expression is taken from goes by a name of a function that is on a way within the handler: each
    /// request has its own.
    fn is_bound_on(&self, object: &Expression, way: &Way<'p, 'm>) -> bool {
        let program = self.program();
        let mut root = object;
        while let ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } = &root.kind {
            root = object;
        }
        let ExpressionKind::Name(name) = &root.kind else { return false };
        let mut at = way.places.first().map(|(frame, _)| *frame);
        while let Some(frame) = at {
            let here = program.frame(frame);
            if program.units.units[here.unit].names.contains_key(name.as_str()) {
                return name != "self" && way.places.iter().take(way.within).any(|(each, _)| *each == frame);
            }
            at = here.closure;
        }
        false
    }
}

/// Whether a node runs whenever its function comes to a place: no condition stands around it alone, but one on the length
/// of something, for what is short needs no cut.
fn is_in_every_case(program: &Program<'_>, node: NodeId, frame: FrameId, at: Option<Span>) -> bool {
    let mut around = program.units.ancestors(node);
    around.all(|(_, each)| {
        let is_around_both = || at.is_some_and(|at| each.span.contains(at));
        match each.kind {
            NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } => {
                is_around_both() || compares_length(program, test, frame)
            }
            NodeKind::Loop(_) | NodeKind::Handler(..) => is_around_both(),
            _ => true,
        }
    })
}

/// Whether a node comes before a place in the next round of a loop around both.
fn shared_loop(program: &Program<'_>, node: NodeId, at: Span) -> bool {
    let mut around = program.units.ancestors(node);
    around.any(|(_, each)| matches!(each.kind, NodeKind::Loop(_)) && each.span.contains(at))
}

/// Every value that is put on something under a key, with the unit that does so.
fn handovers<'m>(program: &Program<'m>) -> Vec<Handover<'m>> {
    let mut all = Vec::new();
    for (unit, info) in program.units.units.iter().enumerate() {
        for node in info.nodes.iter().copied() {
            let Some(assignment) = program.units.nodes[node].kind.assignment() else { continue };
            let Some(value) = &assignment.value else { continue };
            match &assignment.target.kind {
                ExpressionKind::Member { object, name } => {
                    all.push(Handover { unit, key: name, holder: object, value, node });
                }
                ExpressionKind::Index { object, index } => {
                    if let ExpressionKind::Literal(Literal::Text(key)) = &index.kind {
                        all.push(Handover { unit, key, holder: object, value, node });
                    }
                }
                _ => {}
            }
        }
        for info in info.calls.iter().map(|call| &program.units.calls[*call]) {
            let (ExpressionKind::Member { object, name }, [key, value]) =
                (&info.call.callee.kind, info.call.arguments.as_slice())
            else {
                continue;
            };
            if let ("set", ExpressionKind::Literal(Literal::Text(key))) = (name.as_str(), &key.value.kind) {
                all.push(Handover { unit, key, holder: object, value: &value.value, node: info.node });
            }
        }
    }
    all
}
