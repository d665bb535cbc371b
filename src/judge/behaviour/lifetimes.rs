//! How long objects live: what is made anew for each request remembers nothing from one to the next.

use crate::judge::behaviour::writes::stays_in_process;
use crate::judge::inputs::fleeting::ends_with_its_function;
use crate::link::units::{NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, StatementKind};

/// Calls through which an object is handed on.
const DEPTH: usize = 6;
/// Callers that are looked at.
const CALLERS: usize = 16;

/// Whether an attribute belongs to an object that is made for one request, wherever it comes from.
pub(super) fn is_made_anew<'m>(program: &Program<'m>, object: &'m Expression, name: &str, frame: FrameId) -> bool {
    let values = program.values(object, frame);
    !values.is_empty()
        && values.iter().all(|value| match value {
            Value::Instance { class, site } => {
                let info = &program.units.classes[*class];
                let in_body = info.fields.get(name).is_some_and(|all| all.iter().any(|(unit, _)| *unit == info.unit));
                // What the class itself holds is shared by all that are made of it; a decorator makes fields of it.
                let is_shared = in_body && info.class.decorators.is_empty();
                !is_shared
                    && match site {
                        Some(site) => is_for_one_request(program, *site, 0),
                        None => is_class_injected(program, object, *class, frame),
                    }
            }
            _ => false,
        })
}

/// Whether what a function binds for those within it is kept from one request to the next: it makes a function when the
/// program starts, as a decorator or where a module calls it. In the frame of a call that is told by the call; where
/// nothing is known of the caller, one that does is enough.
pub(super) fn outlives_requests(program: &Program<'_>, frame: FrameId) -> bool {
    is_run_at_start(program, frame, 0)
}

fn is_run_at_start(program: &Program<'_>, frame: FrameId, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let here = program.frame(frame);
    if program.units.units[here.unit].function.is_none() {
        return true;
    }
    match here.how {
        How::Wraps(_) => true,
        How::Call(site) => is_run_at_start(program, site.frame, depth + 1),
        How::Framework => false,
        How::Open => {
            let callers = program.callers_of(here.unit);
            if callers.is_empty() {
                return gives_a_function(program, here.unit);
            }
            callers.iter().take(CALLERS).any(|caller| {
                let unit = program.units.calls[caller.call].unit;
                is_run_at_start(program, program.open_frame(unit), depth + 1)
            })
        }
    }
}

/// Whether a function gives back a function that is written in it: no handler does, but a decorator.
fn gives_a_function(program: &Program<'_>, unit: UnitId) -> bool {
    let frame = program.open_frame(unit);
    program.units.units[unit].returns.iter().any(|returned| {
        let values = program.values(returned, frame);
        values.iter().any(|value| {
            matches!(value, Value::Function { unit: inner, .. }
            if program.units.units[*inner].parent == Some(unit))
        })
    })
}

/// Whether an operation is one of a collection of the process that is made for one request, and forgotten with it.
pub(super) fn is_collected_anew(program: &Program<'_>, site: Site) -> bool {
    let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else { return false };
    let is_made_by_a_function = match object.kind {
        ExpressionKind::Name(_) => false,
        ExpressionKind::Call(_) => true,
        _ => return false,
    };
    if !stays_in_process(program, site) {
        return false;
    }
    let values = program.values(object, site.frame);
    !values.is_empty()
        && values.iter().all(|value| {
            value.sites().first().is_some_and(|made| match is_made_by_a_function {
                // `known().has(host)`
                true => is_for_one_request(program, *made, 0),
                false => made.frame == site.frame && ends_with_its_function(program, *made),
            })
        })
}

/// Whether an operation is one of a collection of the process in which only stands what the program writes down:
/// `new Set(["localhost"])`, to which nothing is added.
pub(super) fn is_list_of_the_program(program: &Program<'_>, site: Site) -> bool {
    let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else { return false };
    let ExpressionKind::Name(name) = &object.kind else { return false };
    if !stays_in_process(program, site) {
        return false;
    }
    let values = program.values(object, site.frame);
    let is_written = |made: &Site| {
        let info = &program.units.calls[made.call];
        let [given] = info.call.arguments.as_slice() else { return false };
        let ExpressionKind::List(items) = &given.value.kind else { return false };
        !items.is_empty()
            && items.iter().all(|item| matches!(item.kind, ExpressionKind::Literal(_)))
            && program.growth(name, info.unit).is_empty()
    };
    !values.is_empty() && values.iter().all(|value| value.sites().first().is_some_and(is_written))
}

/// Whether an object is made by the functions that run for one request, on the way to a frame, wherever it is put then.
pub(super) fn is_made_on_the_way<'m>(
    program: &Program<'m>,
    object: &'m Expression,
    home: FrameId,
    frame: FrameId,
) -> bool {
    let way: Vec<FrameId> = std::iter::successors(Some(frame), |frame| match program.frame(*frame).how {
        How::Call(site) => Some(site.frame),
        _ => None,
    })
    .collect();
    let is_for_request = way.last().is_some_and(|root| program.frame(*root).how == How::Framework);
    let values = program.values(object, home);
    let is_new = |value: &Value<'m>| match value {
        Value::Instance { site: Some(made), .. } => {
            let unit = &program.units.units[program.units.calls[made.call].unit];
            unit.function.is_some() && way.contains(&made.frame)
        }
        _ => false,
    };
    is_for_request && !values.is_empty() && values.iter().all(is_new)
}

/// Whether what a call makes is made again for each request: in a function that runs for it, which neither remembers
/// its result nor keeps what is made anywhere.
fn is_for_one_request(program: &Program<'_>, site: Site, depth: usize) -> bool {
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let Some(function) = unit.function.filter(|_| depth < DEPTH) else { return false };
    if ends_with_its_function(program, site) {
        return true;
    }
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let hands_out = matches!(&statement.kind, StatementKind::Return(Some(value))
        if matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call)));
    // A decorator may remember what the function made at first.
    hands_out
        && function.decorators.is_empty()
        && match program.frame(site.frame).how {
            How::Framework => true,
            How::Call(outer) => is_for_one_request(program, outer, depth + 1),
            _ => false,
        }
}

/// Whether a framework makes an object of a class for a parameter: `limiter: Limiter = Depends(Limiter)`.
fn is_class_injected<'m>(program: &Program<'m>, object: &'m Expression, class: usize, frame: FrameId) -> bool {
    let ExpressionKind::Name(name) = &object.kind else { return false };
    let here = program.frame(frame);
    let (holder, frame) = match (here.how, name.as_str()) {
        // Within a method it is what the method is called on.
        (How::Call(site), "self") => match &program.units.calls[site.call].call.callee.kind {
            ExpressionKind::Member { object, .. } => (object.as_ref(), site.frame),
            _ => return false,
        },
        _ => (object, frame),
    };
    let ExpressionKind::Name(name) = &holder.kind else { return false };
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let parameters = unit.function.iter().flat_map(|function| &function.parameters);
    let mut defaults = parameters.filter_map(|parameter| match &parameter.target.kind {
        ExpressionKind::Name(own) if own == name => parameter.default.as_ref(),
        _ => None,
    });
    let home = program.frame(frame).closure.unwrap_or(frame);
    defaults.any(|default| {
        let markers = program.values(default, home);
        markers.iter().flat_map(|marker| program.providers(marker)).any(|made| made == Value::Class(class))
    })
}
