//! What was found out about protection. The same calls stand on the ways of many entry points, and the same functions run
//! before many calls: what was answered once is not searched again.

use std::cell::RefCell;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::link::units::NodeId;
use crate::link::{FrameId, Site};

use super::Protection;

/// Answers for one item under a kind of question.
type Answers<K> = RefCell<FxHashMap<(K, String), Option<Protection>>>;

/// A test that refuses: its place, the test itself, the frame, and whether it refuses when the test holds.
pub(super) type GateKey = (NodeId, usize, FrameId, bool);

#[derive(Default)]
pub(super) struct Memory {
    /// What a function that stands in front protects.
    pub(super) frames: Answers<FrameId>,
    /// What protects a step of a way; with the decorators of its function or without.
    pub(super) steps: Answers<(Site, bool)>,
    /// Whether running a frame stops its caller, with so many calls within calls followed.
    pub(super) raises: Answers<(FrameId, usize)>,
    pub(super) gates: Answers<GateKey>,
}

impl Memory {
    /// Forgets all.
    pub(super) fn clear(&self) {
        self.frames.borrow_mut().clear();
        self.steps.borrow_mut().clear();
        self.raises.borrow_mut().clear();
        self.gates.borrow_mut().clear();
    }

    /// Forgets what was found out about an item.
    pub(super) fn forget(&self, item: &str) {
        forget(&self.frames, item);
        forget(&self.steps, item);
        forget(&self.raises, item);
        forget(&self.gates, item);
    }
}

fn forget<K>(answers: &Answers<K>, item: &str) {
    answers.borrow_mut().retain(|(_, of), _| of != item);
}

/// The answer to a question, found once. While it is being found the answer is no.
pub(super) fn once<K: Hash + Eq + Clone>(
    answers: &Answers<K>,
    key: K,
    item: &str,
    find: impl FnOnce() -> Option<Protection>,
) -> Option<Protection> {
    let key = (key, item.to_owned());
    if let Some(known) = answers.borrow().get(&key) {
        return known.clone();
    }
    answers.borrow_mut().insert(key.clone(), None);
    let found = find();
    answers.borrow_mut().insert(key, found.clone());
    found
}
