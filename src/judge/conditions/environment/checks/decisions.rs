//! What a test of a variable decides: whether it asks for its presence or its content, and what its branches end in.

use crate::judge::case::Case;
use crate::judge::conditions::environment::ends::{End, end_of};
use crate::judge::conditions::environment::names::{Named, Variables};
use crate::judge::conditions::environment::reads::bound_name;
use crate::judge::conditions::fallback::{walk, walk_statement};
use crate::link::flow::Exit;
use crate::link::units::{Binding, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program};
use crate::model::*;

/// Whether a test holds where a check has failed: `!result.success`, `result.error`.
pub(super) fn is_failure(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, .. } if operator == "not" => true,
        ExpressionKind::Operator { operands, .. } => operands.iter().any(is_failure),
        ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => {
            matches!(name.as_str(), "error" | "errors" | "issues")
        }
        _ => false,
    }
}

/// Whether a test looks at the content of what it tests: a beginning, a pattern, a list of values.
pub(super) fn looks_inside(test: &Expression) -> bool {
    let mut found = false;
    walk(test, &mut |each| {
        found |= match &each.kind {
            ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
                if matches!(name.as_str(), "startswith" | "startsWith" | "starts_with" | "match" | "fullmatch" | "test" | "includes" | "contains" | "is_match")),
            ExpressionKind::Operator { operator, operands } => match operator.as_str() {
                "in" | "not in" => true,
                "==" | "!=" => operands.iter().any(|operand| {
                    matches!(&operand.kind, ExpressionKind::Literal(Literal::Text(text)) if !text.is_empty() && text != "undefined" && text != "string")
                }),
                _ => false,
            },
            _ => false,
        };
    });
    found
}

/// What a call is given, one by one: its arguments, and what stands under the keys of options that are written there.
pub(super) fn parts_of(call: &Call) -> Vec<&Expression> {
    let mut parts = Vec::new();
    for argument in &call.arguments {
        match &argument.value.kind {
            ExpressionKind::Object(entries) => parts.extend(entries.iter().map(|entry| &entry.value)),
            _ => parts.push(&argument.value),
        }
    }
    parts
}

/// Whether an expression is nothing but whether something is there: `url is not None`, `!!url`, `Boolean(url)`.
pub(super) fn asks_presence(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("and", parts) => parts.iter().any(asks_presence),
            ("not", _) => true,
            ("is not" | "is" | "!=" | "==", [_, nothing]) => {
                matches!(nothing.kind, ExpressionKind::Literal(Literal::Null))
            }
            _ => false,
        },
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "bool" | "Boolean"))
        }
        _ => false,
    }
}

/// The statements behind a node's own in their block.
pub(super) fn rest_behind<'m>(program: &Program<'m>, unit: UnitId, node: NodeId) -> &'m [Statement] {
    let span = program.units.nodes[node].span;
    let mut open: Vec<&'m [Statement]> = vec![match program.units.units[unit].function {
        Some(function) => &function.body,
        None => &program.modules[program.module_of(unit)].body,
    }];
    while let Some(block) = open.pop() {
        let Some(at) = block.iter().position(|statement| statement.span.contains(span)) else { continue };
        let Some(statement) = block.get(at) else { continue };
        if statement.span == span {
            return block.get(at + 1..).unwrap_or_default();
        }
        match &statement.kind {
            StatementKind::If { then, otherwise, .. } => open.extend([then.as_slice(), otherwise]),
            StatementKind::Loop(each) => open.push(&each.body),
            StatementKind::Try(each) => {
                open.extend([each.body.as_slice(), &each.otherwise, &each.finally]);
                open.extend(each.handlers.iter().map(|handler| handler.body.as_slice()));
            }
            StatementKind::With { body, .. } | StatementKind::Block(body) => open.push(body),
            _ => {}
        }
    }
    &[]
}

/// Whether statements end by raising, or by a call that never comes back.
pub(super) fn raises_at_its_end<'m>(case: &Case<'_, 'm>, unit: UnitId, statements: &'m [Statement]) -> bool {
    match statements.last().map(|statement| &statement.kind) {
        Some(StatementKind::Raise(_)) => true,
        Some(StatementKind::Expression(value)) => case.program.diverges(value, case.program.open_frame(unit)),
        _ => false,
    }
}

/// `if value: return value`.
pub(super) fn returns_what_is_tested(test: &Expression, then: &Block) -> bool {
    match (&test.kind, then.as_slice()) {
        (
            ExpressionKind::Name(tested),
            [
                Statement {
                    kind: StatementKind::Return(Some(Expression { kind: ExpressionKind::Name(name), .. })),
                    ..
                },
            ],
        ) => tested == name,
        _ => false,
    }
}

/// `return ""`, `return None`, or no answer at all.
pub(super) fn returns_nothing(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Return(Some(value)) => match &value.kind {
            ExpressionKind::Literal(Literal::Null) => true,
            ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
            _ => false,
        },
        StatementKind::Return(None) => true,
        StatementKind::Expression(_) => true,
        _ => false,
    }
}

pub(super) fn is_stopped<'m>(case: &Case<'_, 'm>, unit: UnitId, block: &'m Block) -> bool {
    matches!(end_of(case, unit, block), Some(End::Stops | End::Refuses))
}

/// `if (!missing.length) return;` in front of what ends the process: what does not leave there never comes back.
pub(super) fn stops_after<'m>(case: &Case<'_, 'm>, unit: UnitId, test: &'m Expression) -> bool {
    if case.starts_in(unit).is_empty() {
        return false;
    }
    let exits = case.program.exits(unit, case.program.open_frame(unit));
    exits.iter().any(|gate| gate.exit == Exit::Raise && gate.refusal.is_none() && std::ptr::eq(gate.test, test))
}

/// `if not value: value = "default"`.
pub(super) fn assigns(block: &Block) -> bool {
    block.iter().any(|statement| {
        matches!(&statement.kind, StatementKind::Assign(assignment)
            if matches!(assignment.target.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }) && !assignment.declares)
    })
}

/// Whether a block gives a value to something that a test is about: `if not model: model = "small"`.
pub(super) fn replaces(test: &Expression, block: &[Statement]) -> bool {
    let mut tested = Vec::new();
    walk(test, &mut |each| {
        if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &each.kind {
            tested.push(name.as_str());
        }
    });
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Assign(assignment) => bound_name(&assignment.target).is_some_and(|name| tested.contains(&name)),
        _ => false,
    })
}

/// Whether a conditional operand is part of the test of a statement: the statement decides then.
pub(super) fn in_test(program: &Program<'_>, node: NodeId) -> bool {
    let span = program.units.nodes[node].span;
    program.units.ancestors(node).skip(1).any(|(_, outer)| match outer.kind {
        NodeKind::If { test, .. } => test.span.contains(span),
        NodeKind::Loop(each) => each.over.as_ref().is_some_and(|over| over.span.contains(span)),
        _ => false,
    })
}

/// Whether a node stands in a loop.
pub(super) fn is_in_loop(program: &Program<'_>, node: NodeId) -> bool {
    program.units.ancestors(node).any(|(_, outer)| matches!(outer.kind, NodeKind::Loop(_)))
}

/// `KIND == "a"`: what is compared with a value is a switch, whatever it chooses between.
pub(super) fn is_compared(test: &Expression) -> bool {
    let is_value = |operand: &Expression| matches!(&operand.kind, ExpressionKind::Literal(Literal::Text(text)) if !text.is_empty());
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "==" | "!=") && operands.iter().any(is_value)
        }
        _ => false,
    }
}

/// `X is None` that only chooses between two constants says nothing about how X is used.
pub(super) fn is_literal_branch(program: &Program<'_>, node: NodeId) -> bool {
    let info = &program.units.nodes[node];
    let unit = &program.units.units[info.unit];
    let holds_code = unit.members.iter().any(|(_, each)| info.span.contains(each.span))
        || unit.calls.iter().any(|call| info.span.contains(program.units.calls[*call].call.span));
    !holds_code && !span_holds_name(program, info.unit, info.span)
}

/// Whether a name is written within a span: of the statement that holds it.
fn span_holds_name(program: &Program<'_>, unit: UnitId, span: Span) -> bool {
    let mut found = false;
    for node in &program.units.units[unit].nodes {
        let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { continue };
        if statement.span.contains(span) {
            walk_statement(statement, &mut |each| {
                found |= span.contains(each.span) && matches!(each.kind, ExpressionKind::Name(_));
            });
        }
    }
    found
}

impl<'m> Variables<'_, 'm> {
    /// The variables that a test is about.
    pub fn tested(&self, test: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        let mut open = vec![(test, 0)];
        while let Some((each, depth)) = open.pop() {
            match &each.kind {
                ExpressionKind::Operator { operator, operands } if depth < 12 => {
                    if matches!(operator.as_str(), "in" | "not in")
                        && let [left, right] = operands.as_slice()
                        && self.is_environment(right, frame)
                    {
                        all.extend(self.names_of(left, frame));
                        continue;
                    }
                    open.extend(operands.iter().map(|operand| (operand, depth + 1)));
                }
                ExpressionKind::Call(call) if depth < 12 => {
                    all.extend(self.held(each, frame));
                    if let ExpressionKind::Member { object, .. } = &call.callee.kind {
                        open.push((object, depth + 1));
                    }
                    open.extend(call.arguments.iter().take(1).map(|argument| (&argument.value, depth + 1)));
                }
                ExpressionKind::Name(name) => {
                    all.extend(self.held(each, frame));
                    for (binding, _) in self.bindings(name, frame, each.span) {
                        if let Binding::Value { value, access, .. } = binding
                            && access.is_empty()
                            && depth < 4
                            && matches!(value.kind, ExpressionKind::Operator { .. })
                        {
                            open.push((value, depth + 4));
                        }
                    }
                }
                _ => all.extend(self.held(each, frame)),
            }
        }
        all
    }
}
