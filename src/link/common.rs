//! The answers that most questions have: nothing, and what is not known. A program keeps each of them once.

use std::rc::Rc;

use super::values::{FrameId, Site, Value};

/// Answers that many places share.
pub(super) struct Common<'m> {
    unknown: Rc<[Value<'m>]>,
    no_values: Rc<[Value<'m>]>,
    no_names: Rc<[Rc<str>]>,
    no_frames: Rc<[FrameId]>,
    no_steps: Rc<[(Site, FrameId)]>,
}

impl Default for Common<'_> {
    fn default() -> Self {
        Common {
            unknown: Rc::from([Value::Unknown]),
            no_values: Rc::from([]),
            no_names: Rc::from([]),
            no_frames: Rc::from([]),
            no_steps: Rc::from([]),
        }
    }
}

impl<'m> Common<'m> {
    /// Values to be remembered.
    pub(super) fn values(&self, found: Vec<Value<'m>>) -> Rc<[Value<'m>]> {
        match found.as_slice() {
            [] => self.no_values.clone(),
            [Value::Unknown] => self.unknown.clone(),
            _ => found.into(),
        }
    }

    /// Names of what is called, to be remembered.
    pub(super) fn names(&self, found: Vec<Rc<str>>) -> Rc<[Rc<str>]> {
        if found.is_empty() { self.no_names.clone() } else { found.into() }
    }

    /// Frames that a call runs, to be remembered.
    pub(super) fn frames(&self, found: Vec<FrameId>) -> Rc<[FrameId]> {
        if found.is_empty() { self.no_frames.clone() } else { found.into() }
    }

    /// Calls that run others, with what they run, to be remembered.
    pub(super) fn steps(&self, found: Vec<(Site, FrameId)>) -> Rc<[(Site, FrameId)]> {
        if found.is_empty() { self.no_steps.clone() } else { found.into() }
    }
}
