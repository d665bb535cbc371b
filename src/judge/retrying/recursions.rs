//! Functions that call themselves again after an external call has failed.

use crate::link::arguments::Given;
use crate::link::units::{CallId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::{Block, Expression, ExpressionKind, Function, Literal, Statement, StatementKind};

use super::counts::looks_at_count;
use super::loops::{leaves, tests_failure};
use super::reasked::is_asked_again;
use super::waits::{Waits, last_name, multiplies};
use super::{Construct, Leads, Repeats, walk};
use crate::judge::calls::MODEL;
use crate::judge::case::Case;

/// Calls by which a unit runs itself again after a failure.
pub(super) fn recursions(case: &Case<'_, '_>, unit: UnitId) -> Vec<Construct> {
    let program = case.program;
    let units = &program.units;
    let frame = program.open_frame(unit);
    // A call in a callback of the unit counts too: `.catch(() => load(left - 1))`.
    let inner = units.units[unit].inner.iter().flat_map(|inner| &units.units[*inner].calls);
    let calls: Vec<CallId> = units.units[unit].calls.iter().chain(inner).copied().collect();
    let mut all = Vec::new();
    for call in calls {
        let info = &units.calls[call];
        let site = super::site_in(program, call, frame);
        let callees = program.values(&info.call.callee, site.frame);
        // A part that is only known by what it can do may be any that can: `self.second.write(text)` is another object.
        let is_part = matches!(&info.call.callee.kind, ExpressionKind::Member { object, .. }
            if matches!(object.kind, ExpressionKind::Member { .. }));
        let own = callees.iter().filter(|value| runs_unit(program, value, unit)).count();
        let again = own > 0 && (!is_part || own == callees.len());
        let is_other = || {
            goes_through_list(program, unit, site)
                || asks_another_model(case, unit, frame, site)
                || sends_a_half(program, unit, site)
        };
        if !again || is_other() {
            continue;
        }
        let after_failure = is_after_failure(program, site);
        if !after_failure && !is_asked_again(case, unit, site) {
            continue;
        }
        let Some(api) = first_external(case, unit, frame, call) else { continue };
        let (bounded, exponential) = ends_and_grows(case, unit, frame, site);
        all.push(Construct {
            module: info.module,
            span: info.call.span,
            name: api,
            how: Repeats::Recursion { unit, call },
            bounded,
            exponential,
            after_failure,
            attempts: None,
        });
    }
    all
}

fn runs_unit<'m>(program: &Program<'m>, value: &crate::link::Value<'m>, unit: UnitId) -> bool {
    matches!(value, crate::link::Value::Function { .. }) && program.units_behind(value).contains(&unit)
}

/// Whether a call stands in a handler, behind a test of failure, or in a function given to `catch`.
fn is_after_failure(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let here = program.units.ancestors(info.node).any(|(_, node)| match node.kind {
        NodeKind::Handler(..) => true,
        NodeKind::Then(test) | NodeKind::Otherwise(test) => tests_failure(test),
        _ => false,
    });
    here || program.units.units[info.unit].function.is_some_and(|function| {
        let Some(parent) = program.units.units[info.unit].parent else { return false };
        program.units.units[parent].calls.iter().any(|call| {
            let outer = program.units.calls[*call].call;
            outer.span.contains(function.span)
                && matches!(&outer.callee.kind, ExpressionKind::Member { name, .. } if name == "catch")
        })
    })
}

/// The external call that a unit makes besides the call of itself.
pub(super) fn first_external(case: &Case<'_, '_>, unit: UnitId, frame: FrameId, again: CallId) -> Option<String> {
    let units = &case.program.units;
    units.units[unit]
        .calls
        .iter()
        .filter(|call| **call != again && !units.calls[**call].call.span.contains(units.calls[again].call.span))
        .find_map(|call| Leads::of(case, Site { call: *call, frame }).external)
}

/// The parameters that tell the next call how often it was tried.
fn counters<'m>(program: &Program<'m>, function: &'m Function, site: Site) -> Vec<String> {
    let mut counters = Vec::new();
    for (name, passed) in passed_on(program, function, site) {
        walk(passed, &mut |each| {
            if counts(each, name) || is_flag(passed) {
                counters.push(name.to_owned());
            }
        });
    }
    counters
}

/// What a unit that calls itself again does when it was called often enough: the blocks that leave it there,
/// `if tries > 2: return SORRY`.
pub fn last_blocks<'m>(program: &Program<'m>, unit: UnitId, site: Site) -> Vec<&'m Block> {
    let Some(function) = program.units.units[unit].function else { return Vec::new() };
    let (mut counters, frame) = (counters(program, function, site), program.open_frame(unit));
    counters.extend(rest_of_list(program, function, site).into_iter().flatten());
    let leaving = program.units.units[unit].nodes.iter().filter_map(|node| match program.units.nodes[*node].kind {
        NodeKind::If { test, then, otherwise, .. } if looks_at_count(program, test, frame, &counters) => {
            [then, otherwise].into_iter().find(|block| leaves(block))
        }
        _ => None,
    });
    let call = program.units.calls[site.call].call.span;
    leaving.filter(|block| !block.iter().any(|statement| statement.span.contains(call))).collect()
}

/// `ask(text, [model, ...rest])`, then `ask(text, rest)`: one after the other is asked, and none again.
fn goes_through_list(program: &Program<'_>, unit: UnitId, site: Site) -> bool {
    program.units.units[unit].function.is_some_and(|function| rest_of_list(program, function, site).is_some())
}

/// Whether a unit calls itself with a share of what it was given: `send(items[:len(items) // 2])`. What was too much is
/// sent in parts, and nothing a second time.
fn sends_a_half<'m>(program: &Program<'m>, unit: UnitId, again: Site) -> bool {
    let Some(function) = program.units.units[unit].function else { return false };
    passed_on(program, function, again).into_iter().any(|(name, passed)| {
        let (whole, bounds): (&'m Expression, Vec<&'m Expression>) = match &passed.kind {
            ExpressionKind::Slice { object, start, stop } => (object, [start, stop].into_iter().flatten().map(|each| &**each).collect()),
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Member { object, name } if matches!(name.as_str(), "slice" | "subarray" | "substring") => {
                    (object, call.arguments.iter().map(|argument| &argument.value).collect())
                }
                _ => return false,
            },
            _ => return false,
        };
        let is_share = |bound: &&'m Expression| {
            program.slice(bound, again.frame).parts.iter().any(|(part, _)| {
                matches!(&part.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "/" | "//" | ">>"))
            })
        };
        last_name(whole) == Some(name) && bounds.iter().any(is_share)
    })
}

/// Whether a unit calls itself with another model than its own call asks: one after the other is tried, and none again.
/// One that is always the same is another one the first time only, unless it is held against the one that was asked.
fn asks_another_model(case: &Case<'_, '_>, unit: UnitId, frame: FrameId, again: Site) -> bool {
    let program = case.program;
    let Some(function) = program.units.units[unit].function else { return false };
    let asked: Vec<&str> = program.units.units[unit]
        .calls
        .iter()
        .filter_map(|call| Leads::llm(case, Site { call: *call, frame }).map(|llm| (*call, llm)))
        .flat_map(|(call, llm)| models_asked(program, Site { call, frame }, llm))
        .collect();
    function.parameters.iter().enumerate().any(|(index, parameter)| {
        let Some(own) = last_name(&parameter.target).filter(|name| asked.contains(name)) else { return false };
        let Some((passed, at)) = program.passed_from(function, index, again) else { return false };
        let is_default = parameter.default.as_ref().is_some_and(|default| std::ptr::eq(default, passed));
        let is_told = || program.text(passed, at).is_some();
        last_name(passed) != Some(own) && !is_default && (!is_told() || is_tested(program, own, again))
    })
}

/// The names that a function gives to a call, or to a function of the program that makes it, as its model.
fn models_asked<'m>(program: &Program<'m>, given: Site, llm: Site) -> Vec<&'m str> {
    let at_call = MODEL.iter().filter_map(|key| match program.argument_of(llm, key) {
        Given::Present { expression, frame } if frame == given.frame => last_name(expression),
        _ => None,
    });
    // `complete(text, model)`
    let arguments = program.units.calls[given.call].call.arguments.iter();
    let by_name = arguments.filter_map(|argument| last_name(&argument.value)).filter(|name| MODEL.contains(name));
    at_call.chain(by_name).collect()
}

/// Whether a test around a call asks for a name.
fn is_tested(program: &Program<'_>, name: &str, site: Site) -> bool {
    let asks = |test: &Expression| {
        let mut found = false;
        walk(test, &mut |each| found |= last_name(each) == Some(name));
        found
    };
    program.units.ancestors(program.units.calls[site.call].node).any(|(_, node)| match node.kind {
        NodeKind::Then(test) | NodeKind::Otherwise(test) | NodeKind::Branch { test, .. } => asks(test),
        _ => false,
    }) || program.gates(site).iter().any(|gate| asks(gate.test))
}

/// The names of what is taken from the head of a list whose rest the next call is given.
fn rest_of_list<'m>(program: &Program<'m>, function: &'m Function, site: Site) -> Option<Vec<String>> {
    function.parameters.iter().enumerate().find_map(|(index, parameter)| {
        let items = match &parameter.target.kind {
            ExpressionKind::List(items) => items,
            // `const [step, ...rest] = steps;`
            ExpressionKind::Name(name) => function.body.iter().find_map(|statement| match &statement.kind {
                StatementKind::Assign(assignment) => match (&assignment.target.kind, &assignment.value) {
                    (ExpressionKind::List(items), Some(value)) if last_name(value) == Some(name) => Some(items),
                    _ => None,
                },
                _ => None,
            })?,
            _ => return None,
        };
        let (passed, _) = program.passed_from(function, index, site)?;
        let is_rest = |item: &Expression| match &item.kind {
            ExpressionKind::Spread(rest) => last_name(rest).is_some() && last_name(rest) == last_name(passed),
            _ => false,
        };
        items.iter().any(is_rest).then(|| items.iter().filter_map(last_name).map(str::to_owned).collect())
    })
}

/// Whether the next call counts towards an end, and whether what is waited before it grows.
fn ends_and_grows(case: &Case<'_, '_>, unit: UnitId, frame: FrameId, site: Site) -> (bool, bool) {
    let program = case.program;
    let Some(function) = program.units.units[unit].function else { return (false, false) };
    let counters = counters(program, function, site);
    let mut grown = Vec::new();
    for (name, passed) in passed_on(program, function, site) {
        walk(passed, &mut |each| {
            if multiplies(each, name) {
                grown.push(name.to_owned());
            }
        });
    }
    let tested = |unit: UnitId| {
        program.units.units[unit].nodes.iter().any(|node| match program.units.nodes[*node].kind {
            NodeKind::If { test, .. } | NodeKind::Branch { test, .. } => {
                looks_at_count(program, test, frame, &counters)
            }
            _ => false,
        })
    };
    let own = program.units.calls[site.call].unit;
    let bounded = !counters.is_empty() && (tested(unit) || tested(own));
    let statements: Vec<&Statement> = function.body.iter().collect();
    let mut waits = Waits::among(case, &statements, frame);
    waits.grows_by(grown);
    (bounded, waits.are_exponential(program))
}

/// What the next call is given, by the names of the parameters; of an object of options each by its key:
/// `load({ ...options, left: left - 1 })`.
fn passed_on<'m>(program: &Program<'m>, function: &'m Function, site: Site) -> Vec<(&'m str, &'m Expression)> {
    let mut all = Vec::new();
    for (index, parameter) in function.parameters.iter().enumerate() {
        let Some((passed, _)) = program.passed_from(function, index, site) else { continue };
        all.extend(last_name(&parameter.target).map(|name| (name, passed)));
        match &passed.kind {
            ExpressionKind::Object(entries) => {
                all.extend(entries.iter().filter_map(|entry| Some((entry.key.as_deref()?, &entry.value))));
            }
            ExpressionKind::Call(made) => {
                let named = made.arguments.iter().filter_map(|each| Some((each.name.as_deref()?, &each.value)));
                all.extend(named);
            }
            _ => {}
        }
    }
    all
}

/// Whether a value is another number or a shorter list of what goes by a name: `left - 1`, `(options.left ?? 3) - 1`,
/// `messages.slice(1)`.
fn counts(value: &Expression, name: &str) -> bool {
    let is_it = |operand: &Expression| match &operand.kind {
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "??" | "or") => {
            operands.first().and_then(last_name) == Some(name)
        }
        _ => last_name(operand) == Some(name),
    };
    match &value.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "+" | "-") && operands.iter().any(is_it)
        }
        ExpressionKind::Slice { object, .. } => is_it(object),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name: method } => method == "slice" && is_it(object),
            _ => false,
        },
        _ => false,
    }
}

/// `ask(text, /* again */ true)`
fn is_flag(passed: &Expression) -> bool {
    matches!(passed.kind, ExpressionKind::Literal(Literal::Boolean(_)))
}
