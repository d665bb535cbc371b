//! Rows that are chosen among the newest ones, and rows that are deleted behind these: `where(Line.id.in_(newest))` of
//! `newest = select(Line.id).order_by(..).limit(20)`, `delete(Line).where(Line.id.in_(older))` of what `.offset(20)` leaves.

use crate::link::flow::Slice;
use crate::link::units::Binding;
use crate::link::{FrameId, Program, Site};
use crate::model::{Expression, ExpressionKind, Literal};

use super::super::behaviour::Operation;
use super::super::behaviour::subjects;
use super::Inputs;

impl<'m> Inputs<'_, '_, 'm> {
    /// Whether the rows that a call loads are among those that a bounded choice names.
    pub(super) fn is_chosen_among_few(&self, load: Site) -> bool {
        let program = self.program();
        given_to(program, load).iter().any(|slice| {
            let chosen = slice.sites.iter().any(|site| {
                names_among(program, *site).is_some_and(|among| {
                    !is_turned_round(program, slice, *site) && is_limited(program, among, site.frame)
                })
            });
            // `filter(id__in=newest)`
            let by_name = || {
                slice.sites.iter().any(|site| {
                    let mut given = program.units.calls[site.call].call.arguments.iter();
                    given.any(|argument| {
                        matches!(argument.name.as_deref(), Some("id__in" | "pk__in"))
                            && is_limited(program, &argument.value, site.frame)
                    })
                })
            };
            chosen || by_name()
        })
    }

    /// Whether the program deletes the rows behind the newest of those that a call loads.
    pub(super) fn are_older_rows_deleted(&self, load: Site) -> bool {
        let program = self.program();
        let read = subjects::of_operation(program, load);
        let behaviour = &self.case.guards.behaviour;
        program.units.calls.iter().enumerate().any(|(call, info)| {
            let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &info.call.callee.kind else {
                return false;
            };
            if !matches!(name.as_str(), "delete" | "adelete" | "delete_many" | "deleteMany") {
                return false;
            }
            let site = Site { call, frame: program.open_frame(info.unit) };
            let is_delete = || behaviour.operation(site) == Some(Operation::Delete) || deletes_rows(program, site);
            behaviour.is_live(info.unit)
                && is_delete()
                && subjects::are_related(&read, &subjects::of_operation(program, site))
                && leaves_the_newest(program, site)
        })
    }
}

/// What flows into a call: what it is called on, and what it and the calls that are chained to it are given.
fn given_to<'m>(program: &Program<'m>, site: Site) -> Vec<std::rc::Rc<Slice<'m>>> {
    let info = &program.units.calls[site.call];
    let chained = program.units.units[info.unit].calls.iter().map(|call| program.units.calls[*call].call);
    let chain =
        chained.filter(|other| other.span.start == info.call.span.start && other.span.end >= info.call.span.end);
    let given = chain.flat_map(|call| call.arguments.iter().map(|argument| &argument.value));
    std::iter::once(&info.call.callee).chain(given).map(|part| program.slice(part, site.frame)).collect()
}

/// What a call asks whether the rows' own key is among it: `newest` of `Line.id.in_(newest)`.
fn names_among<'m>(program: &Program<'m>, site: Site) -> Option<&'m Expression> {
    let call = program.units.calls[site.call].call;
    let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
    let ExpressionKind::Member { object: holder, name: column } = &object.kind else { return None };
    let of_table = match &holder.kind {
        ExpressionKind::Name(table) => format!("{}_id", table.to_ascii_lowercase()),
        _ => String::new(),
    };
    let is_own_key = matches!(column.as_str(), "id" | "pk") || *column == of_table;
    (is_own_key && matches!(name.as_str(), "in_" | "inArray"))
        .then(|| call.arguments.first().map(|first| &first.value))?
}

/// Whether what a call asks is turned round: `~Line.id.in_(newest)`, `not_(..)`.
fn is_turned_round(program: &Program<'_>, slice: &Slice<'_>, site: Site) -> bool {
    let asked = program.units.calls[site.call].call.span;
    slice.parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Operator { operator, .. } => {
            matches!(operator.as_str(), "~" | "not") && part.span.contains(asked)
        }
        _ => false,
    })
}

/// Whether what is chosen ends after so many.
fn is_limited<'m>(program: &Program<'m>, chosen: &'m Expression, frame: FrameId) -> bool {
    let slice = program.slice(chosen, frame);
    slice.sites.iter().any(|site| is_called_with_number(program, *site, "limit"))
        || slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Slice { stop: Some(_), .. }))
}

/// Whether a call is of a method of this name, and given a number that is not known to be nothing or without end.
fn is_called_with_number(program: &Program<'_>, site: Site, method: &str) -> bool {
    let call = program.units.calls[site.call].call;
    let is_number = || {
        call.arguments.first().is_some_and(|given| {
            !matches!(given.value.kind, ExpressionKind::Literal(Literal::Null | Literal::Text(_)))
                && program.number(&given.value, site.frame, 0).is_none_or(|number| number > 0.0 && number.is_finite())
        })
    };
    matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == method) && is_number()
}

/// `session.delete(line)` of a row that the program has loaded.
fn deletes_rows(program: &Program<'_>, site: Site) -> bool {
    let call = program.units.calls[site.call].call;
    let is_row = |given: &Expression| {
        let ExpressionKind::Name(name) = &given.kind else { return false };
        let bindings = program.units.units[program.unit_of_frame(site.frame)].names.get(name.as_str());
        bindings.into_iter().flatten().any(|binding| matches!(binding, Binding::Element { .. }))
    };
    call.arguments.len() == 1 && call.arguments.first().is_some_and(|given| is_row(&given.value))
}

/// Whether what is deleted is what stands behind the newest rows.
fn leaves_the_newest(program: &Program<'_>, site: Site) -> bool {
    given_to(program, site).iter().any(|slice| {
        let behind = slice.sites.iter().any(|site| is_called_with_number(program, *site, "offset"));
        let cut = slice.parts.iter().any(|(part, _)| leaves_the_last(part));
        let kept = || {
            slice.sites.iter().any(|site| {
                let call = program.units.calls[site.call].call;
                let ExpressionKind::Member { name, .. } = &call.callee.kind else { return false };
                let excludes = matches!(name.as_str(), "not_in" | "notin_")
                    || name == "in_" && is_turned_round(program, slice, *site)
                    || name == "exclude";
                excludes && call.arguments.iter().any(|given| is_limited(program, &given.value, site.frame))
            })
        };
        behind || cut || kept()
    })
}

/// `lines[:-20]` of lines in their order, `lines[20:]` of the newest first.
fn leaves_the_last(part: &Expression) -> bool {
    let ExpressionKind::Slice { start, stop, .. } = &part.kind else { return false };
    let is_negative = |end: &Expression| match &end.kind {
        ExpressionKind::Operator { operator, operands } => operator == "-" && operands.len() == 1,
        ExpressionKind::Literal(Literal::Number(number)) => *number < 0.0,
        _ => false,
    };
    match (start, stop) {
        (None, Some(stop)) => is_negative(stop),
        (Some(start), None) => !is_negative(start),
        _ => false,
    }
}
