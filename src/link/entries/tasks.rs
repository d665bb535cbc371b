//! Tasks by their names: whoever puts one into a queue may know no more of it than that.

use rustc_hash::FxHashMap;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::UnitId;
use crate::link::values::Site;
use crate::model::ExpressionKind;
use crate::rules::catalogue::Kind;

use super::Entries;

/// The kind of entry points that take work out of a queue.
const QUEUE: &str = "queue";

impl<'m> Entries<'m> {
    /// The functions that take work out of queues, by the names under which it may be put there: that of their queue, what
    /// their decorator names them, or what they are called, alone or behind their module.
    pub(super) fn tasks(&self, program: &Program<'m>) -> FxHashMap<String, UnitId> {
        // What several tasks are called names none of them.
        let mut tasks: FxHashMap<String, Option<UnitId>> = FxHashMap::default();
        let mut note = |name: String, unit: UnitId| {
            let known = tasks.entry(name).or_insert(Some(unit));
            *known = known.filter(|known| *known == unit);
        };
        for entry in self.entries.iter().filter(|entry| entry.kind == QUEUE) {
            let unit = program.unit_of_frame(entry.handler);
            let info = &program.units.units[unit];
            let Some(function) = info.function else { continue };
            let path = program.modules[info.module].path.trim_end_matches(".py").replace('/', ".");
            note(entry.name.clone(), unit);
            note(info.name().to_owned(), unit);
            note(format!("{path}.{}", info.name()), unit);
            let home = info.parent.map(|parent| program.open_frame(parent));
            for decorator in &function.decorators {
                let ExpressionKind::Call(call) = &decorator.kind else { continue };
                let (Some(call), Some(frame)) = (program.units.call_id(call), home) else { continue };
                let site = Site { call, frame };
                let registers = program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Route));
                if let Given::Present { expression, frame } = program.argument(site, "name")
                    && registers
                    && let Some(name) = program.text(expression, frame)
                {
                    note(name, unit);
                }
            }
        }
        tasks.into_iter().filter_map(|(name, unit)| Some((name, unit?))).collect()
    }
}
