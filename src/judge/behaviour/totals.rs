//! What is counted from the first day on and never started anew: rows that nobody deletes, numbers that are used up.

use crate::link::{Program, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::operations::{Operation, statement};
use super::quantities::{Quantity, Source};
use super::row_changes::set_in_chain;
use super::subjects::{self, Subject};
use super::writes::{Change, Write};
use super::{Behaviour, runs_within};

impl<'m> Behaviour<'_, 'm> {
    /// Whether rows are counted that are only ever added: how many there are is how often it was done.
    pub(super) fn counts_all_rows(&self, quantity: &Quantity<'m>, records: &[&Write<'m>]) -> bool {
        let is_added = |record: &&Write<'m>| record.change == Change::Append && !record.in_process;
        matches!(quantity.source, Source::Store(_, Operation::Tally))
            && records.iter().all(is_added)
            && !self.deletions().iter().any(|deleted| subjects::are_related(&quantity.subjects, deleted))
    }

    /// Whether a number in a store goes one way by one for each request: what is given back afterwards only bounds how
    /// many run at once.
    pub(super) fn is_used_up(&self, quantity: &Quantity<'m>, records: &[&Write<'m>]) -> bool {
        let mut counts = records.iter().filter(|record| record.by_one && record.change == Change::Adjust);
        let Some(first) = counts.next() else { return false };
        let falls = takes_away(self.program, first);
        matches!(quantity.source, Source::Row | Source::Store(_, Operation::Get | Operation::Many))
            && !self.is_in_process(quantity)
            && counts.all(|record| takes_away(self.program, record) == falls)
    }

    /// Whether a timer takes away what is counted: `setInterval(() => hits.clear(), 60_000)`.
    pub(super) fn is_cleared_in_time(&self, quantity: &Quantity<'m>) -> bool {
        self.cleared_by_timers().iter().any(|cleared| subjects::are_related(&quantity.subjects, cleared))
    }

    /// What timers delete, or set anew.
    fn cleared_by_timers(&self) -> &[Vec<Subject>] {
        self.cleared.get_or_init(|| {
            let program = self.program;
            let all_calls = program.units.calls.iter().enumerate();
            let sites = all_calls.map(|(call, info)| Site { call, frame: program.open_frame(info.unit) });
            // What runs at once is told no time.
            let timers = sites.filter(|site| {
                program.units.calls[site.call].call.arguments.len() > 1
                    && program
                        .callee_paths(*site)
                        .iter()
                        .any(|path| program.is_a(path, Kind::Sleep) || program.is_a(path, Kind::Spawn))
            });
            let mut frames = Vec::new();
            timers.for_each(|timer| program.callbacks(timer, &mut frames));
            let mut all = Vec::new();
            for frame in frames {
                let unit = program.unit_of_frame(frame);
                let calls = program.units.units[unit].calls.iter().map(|call| Site { call: *call, frame });
                let deleting =
                    calls.filter(|site| self.operation(*site) == Some(Operation::Delete) || self.clears(*site));
                all.extend(deleting.map(|site| subjects::of_operation(program, site)));
                let anew = self.writes().iter().filter(|write| write.unit == unit && write.change == Change::Set);
                all.extend(anew.map(|write| write.subjects.clone()));
            }
            all
        })
    }

    /// `hits.clear()`
    fn clears(&self, site: Site) -> bool {
        let call = self.program.units.calls[site.call].call;
        matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "clear") && call.arguments.is_empty()
    }

    /// What is deleted where the program runs.
    fn deletions(&self) -> &[Vec<Subject>] {
        self.deletions.get_or_init(|| {
            let program = self.program;
            let runs = |unit| self.live.get().is_none_or(|live| runs_within(program, unit, live));
            let calls = program.units.calls.iter().enumerate().filter(|(_, info)| runs(info.unit));
            calls
                .map(|(call, info)| Site { call, frame: program.open_frame(info.unit) })
                .filter(|site| self.operation(*site) == Some(Operation::Delete))
                .map(|site| subjects::of_operation(program, site))
                .collect()
        })
    }
}

/// Whether a record makes a number smaller.
fn takes_away<'m>(program: &Program<'m>, record: &Write<'m>) -> bool {
    let Some(site) = record.site else {
        let assignment = program.units.nodes[record.node].kind.assignment();
        return assignment.is_some_and(|assignment| {
            assignment.operator.as_deref() == Some("-") || assignment.value.as_ref().is_some_and(subtracts)
        });
    };
    if let Some(text) = statement(program, site) {
        return text.contains("- ");
    }
    let info = &program.units.calls[site.call];
    let is_named = matches!(&info.call.callee.kind, ExpressionKind::Member { name, .. }
        if name.to_ascii_lowercase().contains("dec") || name == "fetch_sub");
    let chained = set_in_chain(program, info.unit, info.call);
    let mut given = info.call.arguments.iter().map(|argument| &argument.value).chain(chained);
    is_named || given.any(|value| program.slice(value, site.frame).parts.iter().any(|(part, _)| subtracts(part)))
}

/// Whether an expression takes something away: `credits - 1`, `{ decrement: 1 }`, ``sql`${users.credits} - 1` ``.
fn subtracts(part: &Expression) -> bool {
    match &part.kind {
        ExpressionKind::Operator { operator, operands } => operator == "-" && operands.len() == 2,
        ExpressionKind::Object(entries) => {
            entries.iter().any(|entry| matches!(entry.key.as_deref(), Some("decrement" | "dec")))
        }
        ExpressionKind::Template(pieces) => pieces
            .iter()
            .any(|piece| matches!(&piece.kind, ExpressionKind::Literal(Literal::Text(text)) if text.contains(" - "))),
        _ => false,
    }
}
