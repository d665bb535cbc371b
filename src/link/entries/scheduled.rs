//! Entry points that a clock of the program starts: what a schedule lists is started by nobody else.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::*;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::expand;

use super::Entries;
use super::conventional::named_by;

/// The kinds of an entry point that takes its work from a queue, and of one that a clock starts.
const QUEUE: &str = "queue";
const CRON: &str = "cron";

/// What schedules name: functions of the program, and the names that queues know them by.
#[derive(Debug, Default)]
struct Schedules {
    units: FxHashSet<UnitId>,
    names: FxHashSet<String>,
}

impl<'m> Entries<'m> {
    /// Notes of the consumers of queues which ones a clock starts. What else puts work for them into the queue is an
    /// entry point of its own.
    pub(super) fn scheduled(&mut self, program: &Program<'m>) {
        if !self.entries.iter().any(|entry| entry.kind == QUEUE) {
            return;
        }
        let schedules = schedules(program);
        for entry in self.entries.iter_mut().filter(|entry| entry.kind == QUEUE) {
            let unit = program.unit_of_frame(entry.handler);
            if schedules.units.contains(&unit) || goes_by(program, unit).any(|name| schedules.names.contains(name)) {
                CRON.clone_into(&mut entry.kind);
                entry.public = false;
            }
        }
    }
}

/// The names that a function is given by what decorates it: `@app.task(name="digest.weekly")`.
fn goes_by<'m>(program: &Program<'m>, unit: UnitId) -> impl Iterator<Item = &'m str> {
    let decorators = program.units.units[unit].function.into_iter().flat_map(|function| &function.decorators);
    decorators.filter_map(|decorator| {
        let ExpressionKind::Call(call) = &decorator.kind else { return None };
        let name = call.arguments.iter().find(|argument| argument.name.as_deref() == Some("name"))?;
        match &name.value.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    })
}

fn schedules(program: &Program<'_>) -> Schedules {
    let mut found = Schedules::default();
    for (_, fact) in program.catalogue.of_kind(Kind::Timetable).filter(|(_, fact)| fact.handler.is_none()) {
        for name in fact.names.iter().flat_map(|name| expand(name)) {
            let given = program.given_setting(&name);
            let mut all: Vec<Value<'_>> =
                given.into_iter().flat_map(|(setting, frame)| program.values(setting, frame).to_vec()).collect();
            all.extend(program.assigned_setting(&name));
            all.extend(program.configured(&name));
            if !all.is_empty() && program.is_a(&name, Kind::Timetable) {
                all.iter().for_each(|schedule| listed(program, fact, schedule, &mut found));
            }
        }
    }
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        let paths = program.callee_paths(site);
        for (_, fact) in paths.iter().flat_map(|path| program.facts_of(path, Kind::Timetable)) {
            if let Some(Given::Present { expression, frame }) =
                fact.handler.as_deref().map(|handler| program.argument(site, handler))
            {
                found.units.extend(functions(&program.values(expression, frame)));
            }
        }
    }
    found
}

/// The functions that the items of a schedule name: `{"weekly": {"task": "worker.digest"}}`.
fn listed<'m>(program: &Program<'m>, fact: &Fact, schedule: &Value<'m>, found: &mut Schedules) {
    for item in program.elements(schedule) {
        for key in &fact.keys {
            for value in program.member(&item, key, None) {
                match &value {
                    Value::Function { unit, .. } => {
                        found.units.insert(*unit);
                    }
                    Value::Data { expression, frame } => {
                        if let Some(text) = program.text(expression.0, *frame) {
                            let module = program.module_of(program.unit_of_frame(*frame));
                            found.units.extend(functions(&named_by(program, module, &text)));
                            found.names.insert(text);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The functions of the program among values.
fn functions<'v>(values: &'v [Value<'_>]) -> impl Iterator<Item = UnitId> + 'v {
    values.iter().filter_map(|value| match value {
        Value::Function { unit, .. } => Some(*unit),
        _ => None,
    })
}
