//! What several entry points that ask models record: what only another one records is not spent here.

use rustc_hash::FxHashSet;

use crate::link::FrameId;
use crate::link::entries::{Entry, frame_of};
use crate::link::units::UnitId;

use super::super::behaviour::runs_within;
use super::Guards;

/// Kinds of entry points that are not asked by people: who hands them work may record what that costs.
const AT_WORK: [&str; 3] = ["queue", "cron", "cli"];

/// The entry points that ask models.
pub(super) struct Asking {
    handlers: FxHashSet<FrameId>,
    /// The units that record something for one of them.
    recording: FxHashSet<UnitId>,
}

impl<'p, 'm> Guards<'p, 'm> {
    /// The units that run for requests to an entry point, in front of it and behind it.
    pub(super) fn units_of(&self, entry: &Entry<'m>) -> FxHashSet<UnitId> {
        let links = entry.chains.iter().flatten().filter_map(|link| frame_of(self.program, &link.value));
        let frames: Vec<FrameId> = links.chain([entry.handler]).chain(entry.behind.iter().copied()).collect();
        let frames = frames.into_iter().flat_map(|frame| self.reach(frame).frames.clone());
        frames.map(|frame| self.program.unit_of_frame(frame)).collect()
    }

    /// Notes the entry points that ask models.
    pub fn note_asking<'e>(&self, entries: impl Iterator<Item = &'e Entry<'m>>)
    where
        'm: 'e,
    {
        let asked: Vec<&Entry<'m>> =
            entries.filter(|entry| entry.public && !AT_WORK.contains(&entry.kind.as_str())).collect();
        let reached: FxHashSet<UnitId> = asked.iter().flat_map(|entry| self.units_of(entry)).collect();
        let adds = self.behaviour.writes().iter().filter(|write| write.accumulates()).map(|write| write.unit);
        let recording = adds.filter(|unit| runs_within(self.program, *unit, &reached)).collect();
        let handlers = asked.iter().map(|entry| entry.handler).collect();
        let _ = self.asking.set(Asking { handlers, recording });
    }

    /// Notes what is recorded for other entry points only than the one that is looked at, where people ask a model there.
    pub(super) fn note_records_of_others(&self, entry: &Entry<'m>, own: &FxHashSet<UnitId>) {
        let Some(asking) = self.asking.get() else { return };
        let recording = asking.recording.iter().copied().filter(|_| asking.handlers.contains(&entry.handler));
        let elsewhere = recording.filter(|unit| !runs_within(self.program, *unit, own)).collect();
        if self.behaviour.note_elsewhere(elsewhere) {
            self.memory.forget("C2");
        }
    }
}
