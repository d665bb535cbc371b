//! Frames: a unit of code together with the call that runs it, its receiver and the frame around its definition.

use std::hash::BuildHasher;
use std::rc::Rc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::link::Program;
use crate::link::units::*;

use super::Value;

/// The frames of a program, each once.
#[derive(Default)]
pub(in crate::link) struct Frames<'m> {
    all: Vec<Frame<'m>>,
    /// Their numbers by what they are: a map would hold every frame a second time.
    numbers: HashTable<FrameId>,
}

impl<'m> Frames<'m> {
    pub(in crate::link) fn len(&self) -> usize {
        self.all.len()
    }

    fn find(&self, frame: &Frame<'m>) -> Option<FrameId> {
        self.numbers.find(FxBuildHasher.hash_one(frame), |id| self.all[*id] == *frame).copied()
    }

    /// Takes in a frame that is not among them.
    fn add(&mut self, frame: Frame<'m>) -> FrameId {
        let id = self.all.len();
        let hash = FxBuildHasher.hash_one(&frame);
        self.all.push(frame);
        self.numbers.insert_unique(hash, id, |id| FxBuildHasher.hash_one(&self.all[*id]));
        id
    }
}

impl<'m> std::ops::Index<FrameId> for Frames<'m> {
    type Output = Frame<'m>;

    fn index(&self, id: FrameId) -> &Frame<'m> {
        &self.all[id]
    }
}

impl<'m> Program<'m> {
    pub fn frame(&self, id: FrameId) -> Frame<'m> {
        self.frames.borrow()[id].clone()
    }

    pub fn unit_of_frame(&self, id: FrameId) -> UnitId {
        self.frames.borrow()[id].unit
    }

    pub(super) fn intern(&self, frame: Frame<'m>) -> FrameId {
        if let Some(id) = self.frames.borrow().find(&frame) {
            return id;
        }
        if let Some(count) = self.frames_of_unit.borrow_mut().get_mut(frame.unit) {
            *count += 1;
        }
        self.frames.borrow_mut().add(frame)
    }

    /// The frame of a module's body.
    pub fn module_frame(&self, module: ModuleId) -> FrameId {
        self.intern(Frame {
            unit: self.units.bodies[module],
            how: How::Framework,
            receiver: None,
            closure: None,
            depth: 0,
        })
    }

    /// The frame of a unit of which nothing is known but where it is written.
    pub fn open_frame(&self, unit: UnitId) -> FrameId {
        if let Some(known) = self.open_frames.borrow().get(&unit) {
            return *known;
        }
        let info = &self.units.units[unit];
        let frame = match info.parent {
            Some(parent) => {
                let closure = Some(self.open_frame(parent));
                self.intern(Frame { unit, how: How::Open, receiver: None, closure, depth: 1 })
            }
            None => self.module_frame(info.module),
        };
        self.open_frames.borrow_mut().insert(unit, frame);
        frame
    }

    /// The frame in which a function value runs.
    pub fn enter(&self, unit: UnitId, closure: FrameId, receiver: Option<Rc<Value<'m>>>, how: How) -> Option<FrameId> {
        let depth = match how {
            How::Call(site) => self.frames.borrow()[site.frame].depth + 1,
            _ => 1,
        };
        if depth > FRAME_DEPTH || self.runs_already(unit, how) {
            return None;
        }
        let frame = Frame { unit, how, receiver, closure: Some(closure), depth };
        if let Some(id) = self.frames.borrow().find(&frame) {
            return Some(id);
        }
        // Every way to a unit has its own frame, and ways multiply: beyond some, those by one call share one. Short ways
        // are few, and are kept apart from the many that lead to a helper on the way of somebody else.
        let limit = match self.frames.borrow().len() < CROWDED {
            true if depth <= SHORT => FRAMES_PER_UNIT * SHORT_WAYS,
            true => FRAMES_PER_UNIT,
            false => FRAMES_WHEN_CROWDED,
        };
        if self.frames_of_unit.borrow().get(unit).is_some_and(|count| *count >= limit) {
            return Some(self.share(frame, limit));
        }
        Some(self.intern(frame))
    }

    /// The frame that all ways share which run a unit by the same call, whoever has called that: each call still passes
    /// what is its own, however many others there are.
    pub(in crate::link) fn shared_frame(&self, id: FrameId) -> FrameId {
        let frame = self.frame(id);
        match frame.how {
            How::Open => id,
            _ if frame.closure.is_none() => id,
            _ => self.share(frame, FRAMES_PER_UNIT * SHORT_WAYS),
        }
    }

    fn share(&self, frame: Frame<'m>, limit: u32) -> FrameId {
        let unit = frame.unit;
        let any_frame = |id: FrameId| self.open_frame(self.unit_of_frame(id));
        let any_site = |site: Site| Site { call: site.call, frame: any_frame(site.frame) };
        let how = match frame.how {
            How::Call(site) => How::Call(any_site(site)),
            other => other,
        };
        let receiver = frame.receiver.map(|receiver| match &*receiver {
            Value::Instance { class, site } => Rc::new(Value::Instance { class: *class, site: site.map(any_site) }),
            Value::Library { path, sites } => Rc::new(Value::Library {
                path: path.clone(),
                sites: sites.iter().map(|site| any_site(*site)).collect(),
            }),
            _ => receiver,
        });
        let closure = frame.closure.map(|closure| {
            let around = self.frame(closure);
            match (around.how, around.closure) {
                (How::Call(site), Some(outer)) => {
                    let how = How::Call(any_site(site));
                    let closure = Some(any_frame(outer));
                    self.find_or_make(Frame { how, closure, depth: SHORT + 1, ..around }, limit)
                }
                _ => closure,
            }
        });
        self.find_or_make(Frame { unit, how, receiver, closure, depth: SHORT + 1 }, limit)
    }

    fn find_or_make(&self, frame: Frame<'m>, limit: u32) -> FrameId {
        if let Some(id) = self.frames.borrow().find(&frame) {
            return id;
        }
        let unit = frame.unit;
        let shared = if self.frames.borrow().len() < CROWDED { SHARED } else { SHARED_WHEN_CROWDED };
        let is_full = self.frames_of_unit.borrow().get(unit).is_some_and(|count| *count >= limit + shared);
        if is_full { self.open_frame(unit) } else { self.intern(frame) }
    }

    /// Whether the unit is on the chain of callers twice already: recursion is followed once.
    pub(super) fn runs_already(&self, unit: UnitId, how: How) -> bool {
        let frames = self.frames.borrow();
        let (mut how, mut times) = (how, 0);
        while let How::Call(site) = how {
            let frame = &frames[site.frame];
            times += usize::from(frame.unit == unit);
            if times > 1 {
                return true;
            }
            how = frame.how;
        }
        false
    }
}

/// Calls within calls that are followed.
pub(super) const FRAME_DEPTH: usize = 40;

/// Frames of one unit that are kept apart.
pub(super) const FRAMES_PER_UNIT: u32 = 64;

/// Frames of a program from which on units have fewer of their own; a service of a hundred files stays below.
pub(super) const CROWDED: usize = 20_000;

pub(super) const FRAMES_WHEN_CROWDED: u32 = 16;

/// Frames of one unit that many ways share.
const SHARED: u32 = 256;
const SHARED_WHEN_CROWDED: u32 = 16;

/// Calls within calls of a short way, and how many times more frames of a unit short ways may make.
const SHORT: usize = 3;
const SHORT_WAYS: u32 = 4;

pub type FrameId = usize;

/// A call as it happens in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub call: CallId,
    pub frame: FrameId,
}

/// How a unit is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// By this call.
    Call(Site),
    /// By whoever calls it: parameters have the values of all known callers.
    Open,
    /// By a framework or library: parameters come from outside, or are injected.
    Framework,
    /// As a decorator, around the function of this number.
    Wraps(usize),
}

/// A unit together with what runs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame<'m> {
    pub unit: UnitId,
    pub how: How,
    pub receiver: Option<Rc<Value<'m>>>,
    /// The frame of the unit in which this one is defined.
    pub closure: Option<FrameId>,
    pub depth: usize,
}
