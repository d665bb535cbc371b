//! Files that the program starts as workers of their own: `fork("worker.js")`, the jobs of a scheduler.

use rustc_hash::FxHashMap;

use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::{Fact, Kind};

use super::Program;
use super::arguments::Given;
use super::names::Target;
use super::units::ModuleId;
use super::values::{FrameId, Site, Value};

/// The kind of entry points that take their work from others.
const QUEUE: &str = "queue";
/// Jobs of one call that are looked at, and lists within lists of them.
const JOBS: usize = 200;
const DEPTH: usize = 3;

/// The way to a file as far as it is written, and the module in which it is.
type Way = (String, ModuleId);

impl<'m> Program<'m> {
    /// The files of the program that a call starts, each with the fact that says so.
    pub(super) fn workers_at(&self, site: Site) -> Vec<(ModuleId, &'m Fact)> {
        let paths = self.callee_paths(site);
        let facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Worker));
        let mut found: Vec<(ModuleId, &'m Fact)> = Vec::new();
        for (_, fact) in facts {
            let given = |path: &Option<String>| match path.as_deref().map(|path| self.argument_of(site, path)) {
                Some(Given::Present { expression, frame }) => Some((expression, frame)),
                _ => None,
            };
            let Some((expression, frame)) = given(&fact.handler) else { continue };
            let folder = given(&fact.path).and_then(|(folder, frame)| self.file_ways(folder, frame).pop());
            let mut ways = Vec::new();
            self.ways_of_jobs(expression, frame, &fact.keys, &mut ways, 0);
            for way in &ways {
                if let Some(module) = self.file_at(way, folder.as_ref())
                    && !found.iter().any(|(known, _)| *known == module)
                {
                    found.push((module, fact));
                }
            }
        }
        found
    }

    /// Notes what runs in a worker, by its file.
    pub fn note_workers(&self, workers: FxHashMap<ModuleId, Vec<FrameId>>) {
        let _ = self.workers.set(workers);
    }

    /// What a call runs in the workers that it starts; those that a clock starts are started by nobody else.
    pub(super) fn run_workers(&self, site: Site, frames: &mut Vec<FrameId>) {
        let Some(workers) = self.workers.get().filter(|workers| !workers.is_empty()) else { return };
        for (module, _) in self.workers_at(site).into_iter().filter(|(_, fact)| fact.entry.as_deref() == Some(QUEUE)) {
            frames.extend(workers.get(&module).into_iter().flatten().copied());
        }
    }

    /// The ways to the files of a job, or of the jobs in a list: `[{ name: "digest" }, "tidy"]`.
    fn ways_of_jobs(&self, jobs: &'m Expression, frame: FrameId, keys: &[String], ways: &mut Vec<Way>, depth: usize) {
        for value in self.values(jobs, frame).iter() {
            if depth >= DEPTH || ways.len() >= JOBS {
                return;
            }
            match value {
                Value::Data { expression, frame } => match &expression.0.kind {
                    ExpressionKind::List(items) => {
                        items.iter().for_each(|item| self.ways_of_jobs(item, *frame, keys, ways, depth + 1));
                    }
                    ExpressionKind::Object(_) => {
                        let named = keys.iter().find_map(|key| match self.inside(expression.0, *frame, key, 0) {
                            Given::Present { expression, frame } => Some(self.file_ways(expression, frame)),
                            _ => None,
                        });
                        ways.extend(named.unwrap_or_default());
                    }
                    _ => ways.extend(self.file_ways(expression.0, *frame)),
                },
                _ => ways.extend(self.way_made(value)),
            }
        }
    }

    /// The ways to a file that an expression may be.
    fn file_ways(&self, expression: &'m Expression, frame: FrameId) -> Vec<Way> {
        let written = |value: &Value<'m>| match value {
            Value::Data { expression, frame } => {
                let text = self.text(expression.0, *frame)?;
                // `${__dirname}/worker.js`
                let text = text.strip_prefix("*/").map_or(text.clone(), |rest| format!("./{rest}"));
                (!text.contains('*')).then(|| (text, self.module_of(self.unit_of_frame(*frame))))
            }
            made => self.way_made(made),
        };
        self.values(expression, frame).iter().filter_map(written).collect()
    }

    /// The way to a file that a call of a library puts together: `path.join(__dirname, "jobs", "digest.js")`,
    /// `new URL("./worker.js", import.meta.url)`.
    fn way_made(&self, value: &Value<'m>) -> Option<Way> {
        let site = value.sites().last().copied()?;
        let info = &self.units.calls[site.call];
        let parts = info.call.arguments.iter().filter_map(|argument| self.text(&argument.value, site.frame));
        let parts: Vec<String> = parts.filter(|part| !part.contains("://")).collect();
        (!parts.is_empty()).then(|| (parts.join("/"), info.module))
    }

    /// The module at a way, from the folder of who writes it or from that of a project.
    fn file_at(&self, (way, from): &Way, folder: Option<&Way>) -> Option<ModuleId> {
        let (whole, from) = match folder {
            Some((folder, home)) if !way.starts_with('/') => (format!("{folder}/{way}"), *home),
            _ => (way.clone(), *from),
        };
        let module = self.modules.get(from)?;
        let beside = format!("./{whole}");
        let found = |from: &str| match self.names.resolve(from, module.language, &beside) {
            Target::Module(module) => Some(module),
            _ => None,
        };
        let projects = self.projects.iter().map(|project| match project.folder.as_str() {
            "" => "index".to_owned(),
            folder => format!("{folder}/index"),
        });
        found(&module.path).or_else(|| {
            let is_around = |place: &String| module.path.starts_with(place.trim_end_matches("index"));
            projects.filter(is_around).find_map(|place| found(&place))
        })
    }
}
