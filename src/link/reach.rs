//! What an entry point reaches, and the ways there.
//!
//! From a frame, every call is followed: into functions, constructors and methods of the program, and into functions
//! that are handed to a library. A trail is one way from the start to a call, the calls on it in order.

mod registered;
mod runs;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::Program;
use super::units::*;
use super::values::{FrameId, How, Site};

/// Frames of one unit that are kept apart within one reach.
const FRAMES_PER_UNIT: usize = 8;
/// Frames of one unit within one reach, with those that ways share.
const SHARED_FRAMES: usize = 16;
const FRAMES: usize = 6_000;
/// Trails to one call that are looked at.
const TRAILS: usize = 12;
const TRAIL_LENGTH: usize = 48;

/// The calls of a trail, from the start's own call to the one that it leads to.
pub type Trail = Vec<Site>;

/// Everything that runs from a frame.
#[derive(Debug, Default)]
pub struct Reach {
    /// The frames in the order in which they were found; the first is the start.
    pub frames: Vec<FrameId>,
    /// Frames that run for the same start before it: what is injected into it.
    ahead: Vec<FrameId>,
    /// Who enters a frame, from where.
    callers: Groups<FrameId, Site>,
    /// The frames of each unit, in the order in which they were found.
    frames_of: Groups<UnitId, FrameId>,
    /// The ways to the sites that were asked for.
    trails: RefCell<FxHashMap<Site, Rc<[Trail]>>>,
}

/// Lists by key, laid out flat: a large program has thousands of reaches.
#[derive(Debug)]
struct Groups<K, V> {
    /// The keys in order, each with where its values end.
    ends: Vec<(K, usize)>,
    values: Vec<V>,
}

impl<K: Copy + Ord, V> Groups<K, V> {
    fn of(lists: FxHashMap<K, Vec<V>>) -> Self {
        let mut lists: Vec<(K, Vec<V>)> = lists.into_iter().collect();
        lists.sort_unstable_by_key(|(key, _)| *key);
        let mut groups = Groups {
            ends: Vec::with_capacity(lists.len()),
            values: Vec::with_capacity(lists.iter().map(|(_, list)| list.len()).sum()),
        };
        for (key, list) in lists {
            groups.values.extend(list);
            groups.ends.push((key, groups.values.len()));
        }
        groups
    }

    fn get(&self, key: K) -> &[V] {
        let Ok(at) = self.ends.binary_search_by_key(&key, |(key, _)| *key) else { return &[] };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end);
        self.ends.get(at).and_then(|(_, end)| self.values.get(start..*end)).unwrap_or_default()
    }
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Groups { ends: Vec::new(), values: Vec::new() }
    }
}

/// How often callers are looked for that were found after what they call.
const ROUNDS: usize = 8;

impl<'m> Program<'m> {
    /// What runs from a frame.
    pub fn reach(&self, start: FrameId) -> Reach {
        self.reach_with(start, &[])
    }

    /// What runs from a frame, and from those that a framework runs before it.
    pub fn reach_with(&self, start: FrameId, ahead: &[FrameId]) -> Reach {
        self.reach_without(start, ahead, &|_| false)
    }

    /// What runs on the server from a frame that makes a page; `pages` are the modules that run in the browser.
    pub fn reach_on_server(&self, start: FrameId, pages: &FxHashSet<ModuleId>) -> Reach {
        self.reach_without(start, &[], &|frame| frame != start && self.is_left_to_browser(frame, pages))
    }

    /// What runs from these frames, without what is left out and what only that leads to.
    fn reach_without(&self, start: FrameId, ahead: &[FrameId], is_left_out: &dyn Fn(FrameId) -> bool) -> Reach {
        let mut frames: Vec<FrameId> = Vec::new();
        let mut callers: FxHashMap<FrameId, Vec<Site>> = FxHashMap::default();
        let mut frames_of: FxHashMap<UnitId, Vec<FrameId>> = FxHashMap::default();
        for frame in std::iter::once(start).chain(ahead.iter().copied()) {
            let known = frames_of.entry(self.unit_of_frame(frame)).or_default();
            if !known.contains(&frame) {
                known.push(frame);
                frames.push(frame);
            }
        }
        let mut at = 0;
        while let Some(frame) = frames.get(at).copied() {
            at += 1;
            let steps = self.steps_from(frame);
            for (site, next) in steps.iter().copied().filter(|(_, next)| !is_left_out(*next)) {
                let known = frames_of.entry(self.unit_of_frame(next)).or_default();
                let next = match known.len() {
                    FRAMES_PER_UNIT.. if known.contains(&next) => next,
                    FRAMES_PER_UNIT..SHARED_FRAMES => self.shared_frame(next),
                    SHARED_FRAMES.. => known[0],
                    _ => next,
                };
                if !known.contains(&next) {
                    if frames.len() >= FRAMES {
                        continue;
                    }
                    known.push(next);
                    frames.push(next);
                }
                let callers = callers.entry(next).or_default();
                if !callers.contains(&site) && callers.len() < 64 {
                    callers.push(site);
                }
            }
        }
        frames.shrink_to_fit();
        let (callers, frames_of) = (Groups::of(callers), Groups::of(frames_of));
        Reach { frames, ahead: ahead.to_vec(), callers, frames_of, trails: RefCell::default() }
    }

    /// The calls of a frame that run others, with what they run: most calls run nothing of the program.
    fn steps_from(&self, frame: FrameId) -> Rc<[(Site, FrameId)]> {
        if let Some(known) = self.step_memo.borrow().get(&frame) {
            return known.clone();
        }
        let calls = &self.units.units[self.unit_of_frame(frame)].calls;
        let sites = calls.iter().map(|call| Site { call: *call, frame });
        let steps = sites.flat_map(|site| self.runs(site).iter().map(|next| (site, *next)).collect::<Vec<_>>());
        let steps = self.common.steps(steps.collect());
        self.step_memo.borrow_mut().insert(frame, steps.clone());
        steps
    }
}

impl<'m> Program<'m> {
    /// Whether a call only keeps a function for later that it leads to: what a decorator, a constructor or a maker of
    /// something runnable is given, or what stands in an object or list of a library's call.
    fn keeps(&self, site: Site, entered: FrameId) -> bool {
        let info = &self.units.calls[site.call];
        if self.frame(entered).how != How::Framework || self.modules[info.module].language == Language::Rust {
            return false;
        }
        let paths = self.callee_paths(site);
        let is_ambient =
            |path: &Rc<str>| ["globals.", "builtins.", "function."].iter().any(|root| path.starts_with(root));
        if paths.iter().any(is_ambient) || self.is_spent(site) {
            return false;
        }
        let written = match &info.call.callee.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name.as_str(),
            _ => "",
        };
        let constructs = !paths.is_empty() && written.starts_with(|first: char| first.is_ascii_uppercase());
        let composes = paths.iter().any(|path| self.is_a(path, Kind::Compose) || self.only_listens(path));
        let is_given = || {
            let mut given = Vec::new();
            self.given_functions(site, &mut given);
            given.contains(&entered)
        };
        info.decorates.is_some() || constructs || composes || !paths.is_empty() && !is_given()
    }

    /// Whether something of a library keeps a function that it is given as a step of what is being put together
    /// (`graph.add_node(answer)`), or runs it when something comes.
    fn only_listens(&self, path: &str) -> bool {
        let is_step = Fact::gives_its_object;
        let listens = |fact: &Fact| matches!(fact.role.as_deref(), Some("listener" | "kept"));
        self.facts_of(path, Kind::Same).iter().any(|(_, fact)| is_step(fact))
            || self.facts_of(path, Kind::Runs).iter().any(|(_, fact)| listens(fact))
    }
}

impl Reach {
    /// The frames that have run by the time that the start returns: without what only functions lead to that a library
    /// keeps for later, or runs for each request (`served`).
    pub fn without_kept(&self, program: &Program<'_>, served: &FxHashSet<UnitId>) -> Vec<FrameId> {
        let waits = |frame: FrameId| {
            let frame = program.frame(frame);
            frame.how == How::Framework && served.contains(&frame.unit)
        };
        let mut all: Vec<FrameId> = self.frames.first().copied().into_iter().collect();
        let mut known: FxHashSet<FrameId> = all.iter().copied().collect();
        // Callers come before what they call, but for those that call each other.
        for _ in 0..ROUNDS {
            let before = all.len();
            for frame in &self.frames {
                let callers = self.callers.get(*frame);
                if !known.contains(frame)
                    && !waits(*frame)
                    && callers.iter().any(|site| known.contains(&site.frame) && !program.keeps(*site, *frame))
                {
                    known.insert(*frame);
                    all.push(*frame);
                }
            }
            if all.len() == before {
                break;
            }
        }
        all
    }

    pub fn has_unit(&self, unit: UnitId) -> bool {
        !self.frames_of.get(unit).is_empty()
    }

    /// The units that run.
    pub fn units(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.frames_of.ends.iter().map(|(unit, _)| *unit)
    }

    /// The frames in which a unit runs, in the order in which they were found.
    pub fn frames_of(&self, unit: UnitId) -> &[FrameId] {
        self.frames_of.get(unit)
    }

    /// All calls that are reached, in a stable order.
    pub fn sites<'p>(&'p self, program: &'p Program<'_>) -> impl Iterator<Item = Site> + 'p {
        self.frames.iter().flat_map(|frame| {
            let unit = program.unit_of_frame(*frame);
            program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame: *frame })
        })
    }

    /// The ways from the start to a site, shortest first.
    pub fn trails(&self, site: Site) -> Vec<Trail> {
        if let Some(known) = self.trails.borrow().get(&site) {
            return known.to_vec();
        }
        let found = self.find_trails(site);
        self.trails.borrow_mut().insert(site, found.as_slice().into());
        found
    }

    fn find_trails(&self, site: Site) -> Vec<Trail> {
        let Some(start) = self.frames.first().copied() else { return Vec::new() };
        let mut found: Vec<Trail> = Vec::new();
        let mut queue: VecDeque<Trail> = VecDeque::from([vec![site]]);
        let mut steps = 0;
        while let Some(trail) = queue.pop_front() {
            steps += 1;
            if found.len() >= TRAILS || steps > 4_000 {
                break;
            }
            let Some(head) = trail.last() else { continue };
            if head.frame == start || self.ahead.contains(&head.frame) {
                found.push(trail.iter().rev().copied().collect());
                continue;
            }
            if trail.len() >= TRAIL_LENGTH {
                continue;
            }
            for caller in self.callers.get(head.frame) {
                if trail.iter().any(|each| each.frame == caller.frame) {
                    continue;
                }
                let mut longer = trail.clone();
                longer.push(*caller);
                queue.push_back(longer);
            }
        }
        found
    }
}
