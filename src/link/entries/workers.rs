//! Entry points in files that the program starts as workers.

use rustc_hash::FxHashMap;

use crate::link::Program;
use crate::link::units::ModuleId;
use crate::link::values::{FrameId, Site};
use crate::model::Span;
use crate::rules::catalogue::Kind;

use super::{Entries, Entry};

/// The kind of entry points that take their work from others.
const QUEUE: &str = "queue";

impl<'m> Entries<'m> {
    /// The files that calls start as workers: what they listen for is an entry point already, and what listens for nothing
    /// is one as a whole.
    pub(super) fn workers(&mut self, program: &Program<'m>) {
        let mut workers: FxHashMap<ModuleId, Vec<FrameId>> = FxHashMap::default();
        for call in 0..program.units.calls.len() {
            let site = Site { call, frame: program.open_frame(program.units.calls[call].unit) };
            if !program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Worker)) {
                continue;
            }
            for (module, fact) in program.workers_at(site) {
                if workers.contains_key(&module) {
                    continue;
                }
                let listens = |entry: &&Entry<'m>| entry.module == module && entry.kind == QUEUE;
                let listeners: Vec<FrameId> = self.entries.iter().filter(listens).map(|entry| entry.handler).collect();
                if listeners.is_empty() {
                    let body = self.worker_body(program, module, fact.entry.as_deref().unwrap_or(QUEUE));
                    workers.insert(module, vec![body]);
                } else {
                    workers.insert(module, listeners);
                }
            }
        }
        program.note_workers(workers);
    }

    /// The body of a worker's file as an entry point, whatever it is when it is run by hand.
    fn worker_body(&mut self, program: &Program<'m>, module: ModuleId, kind: &str) -> FrameId {
        let handler = program.module_frame(module);
        if let Some(known) = self.entries.iter_mut().find(|entry| entry.handler == handler) {
            kind.clone_into(&mut known.kind);
            known.public = false;
            return handler;
        }
        let info = &program.modules[module];
        let end = program.units.units[program.units.bodies[module]].span.end;
        self.entries.push(Entry {
            kind: kind.to_owned(),
            name: info.path.clone(),
            public: false,
            module,
            span: Span { start: info.body.first().map_or(0, |first| first.span.start), end },
            handler,
            is_page: false,
            is_in_front: false,
            behind: Vec::new(),
            chains: vec![Vec::new()],
        });
        handler
    }
}
