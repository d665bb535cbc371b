//! Tasks by their names: whoever puts one into a queue may know no more of it than that.

use rustc_hash::FxHashMap;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::{CallId, UnitId};
use crate::link::values::{Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::{Fact, Kind};

use super::Entries;

/// The kind of entry points that take work out of a queue.
const QUEUE: &str = "queue";
/// The argument by which a task is given a name.
const NAME: &str = "name";

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
        for call in 0..program.units.calls.len() {
            for (name, unit) in named_by_call(program, call) {
                note(name, unit);
            }
        }
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
                let callee = &call.callee;
                let (Some(call), Some(frame)) = (program.units.call_id(call), home) else { continue };
                let site = Site { call, frame };
                let is_own = |value: &Value<'_>| matches!(value, Value::Function { .. });
                let registers = program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Route))
                    || program.values(callee, frame).iter().any(is_own);
                if let Given::Present { expression, frame } = program.argument(site, NAME)
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

/// The functions that a call registers under a name: `func(answer, name="answers.write")`.
fn named_by_call(program: &Program<'_>, call: CallId) -> Vec<(String, UnitId)> {
    let info = &program.units.calls[call];
    let site = Site { call, frame: program.open_frame(info.unit) };
    let named = info.call.arguments.iter().find(|argument| argument.name.as_deref() == Some(NAME));
    let Some(name) = named.filter(|_| info.decorates.is_none()) else { return Vec::new() };
    let paths = program.callee_paths(site);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Route));
    let is_queue = |fact: &&Fact| fact.entry.as_deref() == Some(QUEUE);
    let handlers = facts.map(|(_, fact)| fact).filter(is_queue).filter_map(|fact| fact.handler.as_deref());
    let given = handlers.filter_map(|handler| match program.argument(site, handler) {
        Given::Present { expression, frame } => Some(program.values(expression, frame)),
        _ => None,
    });
    let units = given.flat_map(|values| values.to_vec()).filter_map(|value| match value {
        Value::Function { unit, .. } => Some(unit),
        _ => None,
    });
    let Some(name) = program.text(&name.value, site.frame) else { return Vec::new() };
    units.map(|unit| (name.clone(), unit)).collect()
}
