//! Handlers that tell somebody of errors: registered ones, and those around what calls a model.

use crate::judge::boundaries;
use crate::judge::calls::External;
use crate::judge::case::Case;
use crate::judge::conditions::fallback::answers_error;
use crate::judge::conditions::logging::around::{is_failing, is_narrow, is_yield};
use crate::judge::guards::Protection;
use crate::judge::streams::{passes_by, told_by};
use crate::link::entries::{Entry, Link, Role, frame_of};
use crate::link::flow::{Exit, exit_of};
use crate::link::reach::Trail;
use crate::link::units::{ModuleId, NodeId, NodeKind};
use crate::link::{FrameId, Site};
use crate::model::{Block, Expression, ExpressionKind, Language, Span, StatementKind};
use crate::rules::catalogue::{Calls, Kind};

use super::notices::{is_notice, notifies};

/// Whether the failures of every model call come to a handler of errors.
pub(super) fn sees_every_failure<'m>(case: &Case<'_, 'm>, link: &Link<'m>) -> bool {
    case.llm_calls().flat_map(|external| &external.reached).all(|(entry, sites)| {
        let mut trails = sites.iter().flat_map(|site| case.reaches[*entry].trails(*site));
        trails.all(|trail| sees_failure(case, link, *entry, &trail))
    })
}

/// Whether a failure on one way comes to a handler of errors: it is registered behind the entry point, and that keeps none
/// of them to itself before.
fn sees_failure<'m>(case: &Case<'_, 'm>, link: &Link<'m>, entry: usize, trail: &Trail) -> bool {
    let unseen = case.entries.unseen.get(&(link.module, link.span));
    let own = &case.entries.entries[entry];
    let is_elsewhere =
        unseen.is_some_and(|unseen| unseen.contains(&own.handler)) || !case.processes().shared(link.module, own.module);
    let stays_inside = link.role == Role::Observer && boundaries::keep_errors(case, own);
    !is_elsewhere && !stays_inside && !is_kept(case, entry, trail)
}

/// Whether a failure ends on its way out, and nobody has been told of it: not there, nor further in, nearer to the model.
fn is_kept(case: &Case<'_, '_>, entry: usize, trail: &Trail) -> bool {
    let is_told = |from: usize| trail.iter().skip(from).any(|step| handler_notifies(case, *step, &|_| false).is_some());
    trail.iter().enumerate().any(|(at, step)| answers_itself(case, *step) && !is_told(at))
        || trail.first().is_some_and(|step| is_kept_at_last(case, entry, *step)) && !is_told(0)
}

/// Whether the function that a framework starts catches a failure, and it ends there: nothing is raised again, no other
/// model is asked, and nobody is told.
fn is_kept_at_last(case: &Case<'_, '_>, entry: usize, step: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[step.call];
    // Elsewhere a handler hands an error on by a function that it is given: `next(error)`.
    if program.modules[info.module].language != Language::Python {
        return false;
    }
    let caught = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => {
            let handler = each.handlers.iter().find(|handler| !is_narrow(case, handler, step.frame))?;
            Some((handler.span, node.span.end))
        }
        _ => None,
    });
    let Some((handler, end)) = caught else { return false };
    let comes_after = |span: Span| handler.contains(span) || span.start >= end;
    let raises = program.units.units[info.unit].nodes.iter().any(|node| {
        let node = &program.units.nodes[*node];
        comes_after(node.span)
            && matches!(node.kind, NodeKind::Plain(statement) if matches!(statement.kind, StatementKind::Raise(_)))
    });
    let asks_again = || {
        let reached = case.llm_calls().flat_map(|external| &external.reached).filter(|(other, _)| *other == entry);
        let trails = reached.flat_map(|(_, sites)| sites).flat_map(|site| case.reaches[entry].trails(*site));
        let mut firsts = trails.filter_map(|trail| trail.first().copied());
        firsts.any(|first| {
            let other = &program.units.calls[first.call];
            other.unit == info.unit && comes_after(other.call.span)
        })
    };
    !raises && handler_notifies(case, step, &|_| false).is_none() && !asks_again()
}

/// Whether all that a handler raises is answered by the framework itself, and nobody is told of such errors.
fn raises_answers(case: &Case<'_, '_>, step: Site, handler: Span) -> bool {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(step.frame)];
    let raised = unit.nodes.iter().filter_map(|node| match program.units.nodes[*node].kind {
        NodeKind::Plain(statement) if handler.contains(statement.span) => match &statement.kind {
            StatementKind::Raise(value) => Some(value.as_ref()),
            _ => None,
        },
        _ => None,
    });
    let is_answered = |value: Option<&Expression>| {
        let Some(ExpressionKind::Call(call)) = value.map(|value| &value.kind) else { return false };
        program.units.call_id(call).is_some_and(|call| {
            program.callee_paths(Site { call, frame: step.frame }).iter().any(|path| {
                program.facts_of(path, Kind::Reject).iter().any(|(_, fact)| fact.role.as_deref() == Some("answered"))
            })
        })
    };
    let mut raised = raised.peekable();
    raised.peek().is_some() && raised.all(is_answered) && !answers_are_told(case)
}

/// Whether a handler for some errors only tells somebody.
fn answers_are_told(case: &Case<'_, '_>) -> bool {
    let narrow = &case.entries.narrow_handlers;
    let mut links = case.entries.error_handlers.iter().filter(|link| narrow.contains(&(link.module, link.span)));
    links.any(|link| frame_of(case.program, &link.value).is_some_and(|frame| notifies(case, frame, 0)))
}

/// Whether a call stands where its failure is caught and answered with an error status, and nobody is told; also by
/// raising what the framework answers itself.
fn answers_itself(case: &Case<'_, '_>, step: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let caught = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => each.handlers.first(),
        _ => None,
    });
    caught.is_some_and(|handler| {
        let is_answered = match exit_of(&handler.body) {
            Some(Exit::Raise) => raises_answers(case, step, handler.span),
            _ => answers_error(case, info.unit, &handler.body),
        };
        is_answered && handler_notifies(case, step, &|_| false).is_none()
    })
}

/// Whether a registration stands in a function that nothing calls and that makes no application by itself.
pub(super) fn is_idle(case: &Case<'_, '_>, module: ModuleId, span: Span) -> bool {
    let program = case.program;
    let units = program.units.units.iter().enumerate();
    // A handler that is written in place is not what it stands in.
    let holds = |span_of: Span| span_of.contains(span) && span_of != span;
    let around = units.filter(|(_, unit)| unit.module == module && unit.function.is_some() && holds(unit.span));
    let Some((unit, info)) = around.min_by_key(|(_, unit)| unit.span.end - unit.span.start) else { return false };
    let makes = |call: &usize| {
        let site = Site { call: *call, frame: program.open_frame(unit) };
        program
            .callee_paths(site)
            .iter()
            .any(|path| program.is_a(path, Kind::Router) || program.is_a(path, Kind::Mount))
    };
    let serves = || case.entries.entries.iter().any(|entry| entry.module == module && info.span.contains(entry.span));
    let is_plain = info.class.is_none() && info.function.is_some_and(|function| function.decorators.is_empty());
    is_plain
        && case.starts_in(unit).is_empty()
        && !program.is_called(unit)
        && !program.is_plugin(unit)
        && !case.reaches.iter().any(|reach| reach.has_unit(unit))
        && !serves()
        && !info.calls.iter().any(makes)
}

/// Errors that are turned into answers by a method of their own.
pub(super) fn answered_errors(case: &Case<'_, '_>) -> Option<Protection> {
    let program = case.program;
    program.units.classes.iter().find_map(|class| {
        let unit = *class.methods.get("into_response")?;
        let span = program.units.units[unit].span;
        let name = class.class.name.clone();
        notifies(case, program.open_frame(unit), 0).then_some(Protection { module: class.module, span, name })
    })
}

/// A handler that notifies around every model call, or around what goes on to the entry points that make one; also a
/// registered one that sees the failures of some entry points.
pub(super) fn around_every_call<'m>(case: &Case<'_, 'm>, registered: &[(&Link<'m>, Protection)]) -> Option<Protection> {
    let has_llm = case.llm_calls().next().is_some();
    let mut first = None;
    for external in case.externals().iter().filter(|external| !has_llm || external.kind == Calls::Llm) {
        if external.reached.is_empty() {
            let open = external.open;
            let found = told_itself(case, external, open)
                .or_else(|| handler_notifies(case, open, &|block| passes_by(case, external, &[open], 0, block)));
            first = first.or(Some(found?));
        }
        for (entry, sites) in &external.reached {
            if let Some(found) = in_front(case, &case.entries.entries[*entry]) {
                first = first.or(Some(found));
                continue;
            }
            for site in sites {
                for trail in case.reaches[*entry].trails(*site) {
                    let around = || {
                        (0..trail.len()).find_map(|index| {
                            let step = *trail.get(index)?;
                            handler_notifies(case, step, &|block| passes_by(case, external, &trail, index, block))
                        })
                    };
                    let at_last = || {
                        let mut seen = registered.iter().filter(|(link, _)| sees_failure(case, link, *entry, &trail));
                        seen.next().map(|(_, protection)| protection.clone())
                    };
                    let found = told_itself(case, external, *site).or_else(around).or_else(at_last)?;
                    first = first.or(Some(found));
                }
            }
        }
    }
    first
}

/// A middleware on every way to an entry point that notifies of the errors of what it goes on to.
fn in_front<'m>(case: &Case<'_, 'm>, entry: &Entry<'m>) -> Option<Protection> {
    let mut first = None;
    for chain in &entry.chains {
        let found = chain.iter().find_map(|link| {
            let frame = frame_of(case.program, &link.value)?;
            let reach = case.guards.reach(frame);
            let onwards = case.guards.continuations(frame);
            let ways = onwards.iter().flat_map(|site| reach.trails(*site));
            let mut found = None;
            for trail in ways.filter(|trail| !trail.iter().any(|step| case.guards.is_passed_by(*step, None))) {
                found = Some(trail.iter().find_map(|step| handler_notifies(case, *step, &|_| false))?);
            }
            found
        });
        first = Some(found?).or(first);
    }
    first
}

/// A function that a call itself is given for its failure, and that notifies: `{ onError: tell }`.
fn told_itself(case: &Case<'_, '_>, external: &External, site: Site) -> Option<Protection> {
    let told = told_by(case, external, site, true).into_iter().find(|frame| notifies(case, *frame, 0))?;
    let unit = &case.program.units.units[case.program.unit_of_frame(told)];
    Some(Protection { module: unit.module, span: unit.span, name: external.api.clone() })
}

/// Whether a handler around a call notifies, or one in what the call stands inside of; the blocks by which its failure
/// passes have none.
fn handler_notifies(case: &Case<'_, '_>, step: Site, passes_by: &dyn Fn(&Block) -> bool) -> Option<Protection> {
    let units = &case.program.units;
    let info = &units.calls[step.call];
    notified_around(case, (info.node, info.call.span), step.frame, passes_by).or_else(|| {
        let inside = units.ancestors(info.node).filter_map(|(_, node)| match node.kind {
            NodeKind::With(items) => Some(items),
            _ => None,
        });
        inside.flatten().find_map(|item| notified_around_yield(case, &item.context, step.frame))
    })
}

/// Whether a function that is entered by `with` notifies around its `yield`: `with watched("chat"):`.
fn notified_around_yield<'m>(case: &Case<'_, 'm>, context: &'m Expression, frame: FrameId) -> Option<Protection> {
    let program = case.program;
    let ExpressionKind::Call(call) = &context.kind else { return None };
    let site = Site { call: program.units.call_id(call)?, frame };
    program.runs(site).iter().find_map(|frame| {
        let nodes = &program.units.units[program.unit_of_frame(*frame)].nodes;
        let yielded = nodes.iter().copied().find(|node| is_yield(&program.units.nodes[*node].kind))?;
        notified_around(case, (yielded, program.units.nodes[yielded].span), *frame, &|_| false)
    })
}

/// Whether a handler around a place of a function notifies, or what comes after it where it has failed.
fn notified_around(
    case: &Case<'_, '_>,
    (node, span): (NodeId, Span),
    frame: FrameId,
    passes_by: &dyn Fn(&Block) -> bool,
) -> Option<Protection> {
    let program = case.program;
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let around = program.units.ancestors(node).filter_map(|(_, node)| match node.kind {
        NodeKind::TryBody(each) => Some(each),
        _ => None,
    });
    let (passed, tries): (Vec<_>, Vec<_>) = around.partition(|each| passes_by(&each.body));
    unit.calls.iter().find_map(|call| {
        let other = &program.units.calls[*call];
        let here = other.call.span;
        if passed.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(here))) {
            return None;
        }
        let in_handler = tries.iter().any(|each| each.handlers.iter().any(|handler| handler.span.contains(here)));
        let after_failure = here.start >= span.end && is_failing(program, other.node);
        let notices = (in_handler || after_failure) && is_notice(case, Site { call: *call, frame }, 0);
        notices.then(|| Protection {
            module: unit.module,
            span: here,
            name: crate::link::Program::written(&other.call.callee),
        })
    })
}
