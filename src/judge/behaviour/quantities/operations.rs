//! What operations of stores answer: rows and their columns, counts, the results of queued commands.

use crate::judge::behaviour::operations::{Operation, changes_rows, operation, ran_before};
use crate::judge::behaviour::procedures;
use crate::judge::behaviour::row_changes::later_in_chain;
use crate::judge::behaviour::subjects::{self, Subject};
use crate::judge::behaviour::writes::stays_in_process;
use crate::link::{FrameId, Site};
use crate::model::{Expression, ExpressionKind};
use crate::source::order::InOrder;

use super::{Reading, Search, Source};

impl<'m> Search<'_, 'm> {
    pub(in crate::judge::behaviour) fn read_operation(
        &mut self,
        site: Site,
        operation: Operation,
        mut reading: Reading<'m>,
    ) {
        let program = self.program;
        let call = program.units.calls[site.call].call;
        if operation == Operation::Results {
            return self.read_results(site, reading);
        }
        let given = procedures::given(call);
        if given.is_empty() || procedures::of(program, site).is_none() {
            reading.keys.extend(call.arguments.iter().map(|argument| (&argument.value, site.frame)));
        } else {
            reading.keys.extend(given.into_iter().map(|(_, value)| (value, site.frame)));
        }
        let mut receiver = call;
        for _ in 0..8 {
            let ExpressionKind::Member { object, .. } = &receiver.callee.kind else { break };
            if let ExpressionKind::Name(name) = &object.kind
                && let Some((told, _)) = ran_before(program, site.frame, receiver.span, name)
            {
                // `cursor.execute(query, (user,))`, then `cursor.fetchone()`.
                let given = &program.units.calls[told.call].call.arguments;
                reading.keys.extend(given.iter().map(|argument| (&argument.value, site.frame)));
            }
            receiver = match &object.kind {
                ExpressionKind::Call(inner) => inner,
                _ => match subjects::query_named(program, object, site.frame, receiver) {
                    Some(query) => query,
                    None => break,
                },
            };
            reading.keys.extend(receiver.arguments.iter().map(|argument| (&argument.value, site.frame)));
        }
        for outer in later_in_chain(program, program.units.calls[site.call].unit, call) {
            reading.keys.extend(outer.arguments.iter().map(|argument| (&argument.value, site.frame)));
        }
        if reading.field.as_deref().is_some_and(counts_rows) && changes_rows(program, site) {
            reading.is_length = true;
        }
        let told = subjects::of_operation(program, site);
        // How many rows a claim has made is no column of theirs.
        let counts = |field: &str| counts_rows(field) || reading.is_length && is_generic(field);
        let claims =
            operation == Operation::Claim && !reading.is_attribute && reading.field.as_deref().is_none_or(counts);
        // One column of a row is what is compared, whatever else the row holds.
        let subjects = match &reading.field {
            // Entries of several collections of the process may have fields of the same name.
            Some(field) if !is_generic(field) && stays_in_process(program, site) => {
                told.into_iter().chain([Subject::Field(field.clone())]).collect()
            }
            Some(field)
                if !claims
                    && matches!(operation, Operation::Get | Operation::Many | Operation::Claim)
                    && !is_generic(field) =>
            {
                vec![Subject::Field(field.clone())]
            }
            // `usage.count` may be a column, or what the statement calls its result.
            Some(field) if reading.is_attribute => told.into_iter().chain([Subject::Field(field.clone())]).collect(),
            _ => told,
        };
        // A row that is made where there was none is read like any other: `row, _ = get_or_create(..)`, `row.calls >= 500`.
        let reads_row = operation == Operation::Claim && !claims;
        let operation = if reads_row { Operation::Get } else { operation };
        self.add(Source::Store(site, operation), subjects, reading);
    }

    /// What commands answer that were queued on an object before: `pipe.incr(key)`, then `pipe.execute()[0]`.
    fn read_results(&mut self, site: Site, reading: Reading<'m>) {
        let program = self.program;
        let info = &program.units.calls[site.call];
        let ExpressionKind::Member { object, .. } = &info.call.callee.kind else { return };
        let ExpressionKind::Name(queue) = &object.kind else {
            if !self.read_chained(object, site.frame, &reading) {
                self.read(object, site.frame, reading);
            }
            return;
        };
        let calls = program.units.units[info.unit].calls.iter().map(|call| Site { call: *call, frame: site.frame });
        let mut queued: Vec<(Site, Operation)> = calls
            .filter(|other| {
                let call = program.units.calls[other.call].call;
                call.span.end <= info.call.span.start
                    && matches!(&call.callee.kind, ExpressionKind::Member { object, .. } if matches!(&object.kind, ExpressionKind::Name(on) if on == queue))
            })
            .filter_map(|other| Some((other, operation(program, other)?)))
            .collect();
        queued.order_by_key(|(other, _)| program.units.calls[other.call].call.span.start);
        let placed = reading.position.and_then(|place| queued.get(place)).filter(|(_, operation)| answers(*operation));
        let chosen: Vec<(Site, Operation)> = match placed {
            Some(one) => vec![*one],
            None => queued.into_iter().filter(|(_, operation)| answers(*operation)).collect(),
        };
        for (other, operation) in chosen {
            self.read_operation(other, operation, reading.clone());
        }
    }

    /// `multi().zadd(..).zcard(key).exec()`: the commands of one chain, of which the answer that is taken is read.
    fn read_chained(&mut self, last: &'m Expression, frame: FrameId, reading: &Reading<'m>) -> bool {
        let program = self.program;
        let mut queued: Vec<Option<(Site, Operation)>> = Vec::new();
        let mut at = last;
        while let ExpressionKind::Call(call) = &at.kind {
            // What opens the chain is given nothing.
            if !call.arguments.is_empty() {
                let site = program.units.call_id(call).map(|call| Site { call, frame });
                queued.push(site.and_then(|site| Some((site, operation(program, site)?))));
            }
            let ExpressionKind::Member { object, .. } = &call.callee.kind else { break };
            at = object;
        }
        queued.reverse();
        let answers_it = |each: &(Site, Operation)| answers(each.1);
        let placed = reading.position.and_then(|place| queued.get(place).copied().flatten()).filter(answers_it);
        let chosen: Vec<(Site, Operation)> = match placed {
            Some(one) => vec![one],
            None => queued.into_iter().flatten().filter(answers_it).collect(),
        };
        for (site, operation) in &chosen {
            self.read_operation(*site, *operation, reading.clone());
        }
        !chosen.is_empty()
    }
}

/// Whether a name asks how many rows a statement has changed.
pub(super) fn counts_rows(name: &str) -> bool {
    matches!(
        name,
        "rowcount" | "rowCount" | "rows_affected" | "rowsAffected" | "affectedRows" | "changes" | "count" | "length"
    )
}

/// Whether a command answers with what is stored, or with what a count has come to.
fn answers(operation: Operation) -> bool {
    operation == Operation::Count || operation.reads()
}

/// Names under which results hold all that was found.
pub(in crate::judge::behaviour) fn is_whole(field: &str) -> bool {
    matches!(field, "data" | "rows" | "raw" | "result")
}

/// Names of results that say nothing about what they hold.
fn is_generic(field: &str) -> bool {
    matches!(
        field,
        "rows" | "raw" | "data" | "rowCount" | "rowcount" | "result" | "value" | "count" | "length" | "total"
    )
}
