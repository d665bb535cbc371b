//! Functions that ask the same once more until they like the answer: `if not answer.startswith("{"): return ask(text)`.

use crate::link::units::{Binding, NodeKind, UnitId};
use crate::link::{Program, Site};
use crate::model::{Block, Expression, ExpressionKind, Function, ParameterKind, Statement, StatementKind};
use crate::rules::catalogue::Kind;

use super::Leads;
use super::loops::is_input;
use super::waits::last_name;
use crate::judge::case::Case;

/// Whether a unit calls itself at a site with just what it was given itself, because of what it was answered. What is
/// done first in such a branch, other than to wait and to log, may make the next answer another one.
pub(super) fn is_asked_again(case: &Case<'_, '_>, unit: UnitId, site: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[site.call];
    let Some(function) = program.units.units[unit].function.filter(|_| info.unit == unit) else { return false };
    let Some((test, block)) = branch_of(program, site) else { return false };
    let mut calls = program.units.units[unit].calls.iter();
    !calls.any(|call| is_input(program.units.calls[*call].call))
        && gives_the_same(program, unit, function, site)
        && block
            .iter()
            .all(|statement| statement.span.contains(info.call.span) || is_wait_or_log(program, statement, site))
        && program
            .slice(test, site.frame)
            .sites
            .iter()
            .any(|asked| program.units.calls[asked.call].unit == unit && Leads::of(case, *asked).external.is_some())
}

/// The innermost branch in which a call stands, with its test.
fn branch_of<'m>(program: &Program<'m>, site: Site) -> Option<(&'m Expression, &'m Block)> {
    let call = program.units.calls[site.call].call.span;
    program.units.ancestors(program.units.calls[site.call].node).find_map(|(_, node)| match node.kind {
        NodeKind::If { test, then, otherwise, .. } => {
            let holds = |block: &&Block| block.iter().any(|statement| statement.span.contains(call));
            [then, otherwise].into_iter().find(holds).map(|block| (test, block))
        }
        _ => None,
    })
}

/// Whether a call gives each parameter what it holds already, and some parameter at all.
fn gives_the_same<'m>(program: &Program<'m>, unit: UnitId, function: &'m Function, site: Site) -> bool {
    let mut given = 0;
    let same = function.parameters.iter().enumerate().all(|(index, parameter)| {
        let Some(name) = last_name(&parameter.target) else { return false };
        let is_kept = parameter.kind != ParameterKind::Rest && is_never_changed(program, unit, name, site);
        if index == 0 && matches!(name, "self" | "cls") {
            return is_kept;
        }
        match program.passed_from(function, index, site) {
            Some((passed, _)) if matches!(&passed.kind, ExpressionKind::Name(own) if own == name) => {
                given += 1;
                is_kept
            }
            // What is left out is what it was by default.
            Some((passed, _)) => parameter.default.as_ref().is_some_and(|default| std::ptr::eq(default, passed)),
            None => parameter.default.is_some(),
        }
    });
    same && given > 0
}

/// Whether a parameter holds the same throughout: neither it nor a part of it is set anew, added to, or handed to what
/// is called for its effect.
fn is_never_changed(program: &Program<'_>, unit: UnitId, name: &str, site: Site) -> bool {
    let info = &program.units.units[unit];
    let is_bound = |binding: &Binding<'_>| !matches!(binding, Binding::Parameter { .. });
    let is_it = |expression: &Expression| root_of(expression) == Some(name);
    let is_changed_by = |statement: &Statement| match &statement.kind {
        StatementKind::Assign(assignment) => is_it(&assignment.target),
        StatementKind::Expression(_) => {
            let call = program.units.calls[site.call].call.span;
            let mut calls = info.calls.iter().map(|call| program.units.calls[*call].call);
            !statement.span.contains(call)
                && !is_wait_or_log(program, statement, site)
                && calls.any(|call| {
                    let on_it = matches!(&call.callee.kind, ExpressionKind::Member { object, .. } if is_it(object));
                    statement.span.contains(call.span)
                        && (on_it || call.arguments.iter().any(|argument| is_it(&argument.value)))
                })
        }
        _ => false,
    };
    let mut nodes = info.nodes.iter();
    !info.names.get(name).into_iter().flatten().any(is_bound)
        && !nodes.any(|node| match program.units.nodes[*node].kind {
            NodeKind::Plain(statement) => is_changed_by(statement),
            _ => false,
        })
}

/// The name that a part of something begins with: `state` of `state["turns"].last`.
fn root_of(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) => Some(name),
        ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } => root_of(object),
        _ => None,
    }
}

/// Words that calls which write a log go by: `console.log`, `self.logger.info`, `log_line`.
const LOGS: [&str; 10] =
    ["log", "logs", "logger", "logging", "console", "print", "println", "eprintln", "warn", "debug"];

fn is_wait_or_log(program: &Program<'_>, statement: &Statement, site: Site) -> bool {
    let StatementKind::Expression(value) = &statement.kind else { return false };
    let mut value = value;
    while let ExpressionKind::Await(inner) = &value.kind {
        value = inner;
    }
    let ExpressionKind::Call(call) = &value.kind else { return false };
    let written = Program::written(&call.callee).to_ascii_lowercase();
    let mut words = written.split(|each: char| !each.is_alphanumeric());
    if words.any(|word| LOGS.contains(&word)) {
        return true;
    }
    let Some(call) = program.units.call_id(call) else { return false };
    program
        .callee_paths(Site { call, frame: site.frame })
        .iter()
        .any(|path| program.is_a(path, Kind::Log) || program.is_a(path, Kind::Sleep))
}
