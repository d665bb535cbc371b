//! The model in a short notation that tests can compare.

use crate::model::{
    Argument, Assignment, Class, Entry, Expression, ExpressionKind, Function, Literal, Parameter, ParameterKind,
    Statement, StatementKind,
};

pub(super) fn block(statements: &[Statement]) -> String {
    joined(statements, "; ", statement)
}

fn joined<T>(items: &[T], between: &str, show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(between)
}

fn optional(prefix: &str, value: Option<&Expression>) -> String {
    value.map(|value| format!("{prefix}{}", expression(value))).unwrap_or_default()
}

fn statement(statement: &Statement) -> String {
    match &statement.kind {
        StatementKind::Expression(value) => expression(value),
        StatementKind::Assign(value) => assignment(value),
        StatementKind::If { test, then, otherwise } => {
            format!("if {} {{{}}} else {{{}}}", expression(test), block(then), block(otherwise))
        }
        StatementKind::Loop(value) => format!(
            "{:?}({}{}) [{}|{}] {{{}}}",
            value.kind,
            optional("", value.target.as_ref()),
            optional(" over ", value.over.as_ref()),
            block(&value.setup),
            block(&value.step),
            block(&value.body)
        ),
        StatementKind::Try(value) => {
            let handlers = joined(&value.handlers, " ", |handler| {
                format!("catch({}) {{{}}}", optional("", handler.binds.as_ref()), block(&handler.body))
            });
            format!("try {{{}}} {handlers} finally {{{}}}", block(&value.body), block(&value.finally))
        }
        StatementKind::With { .. } => "with".into(),
        StatementKind::Return(value) => format!("return{}", optional(" ", value.as_ref())),
        StatementKind::Raise(value) => format!("raise{}", optional(" ", value.as_ref())),
        StatementKind::Break => "break".into(),
        StatementKind::Continue => "continue".into(),
        StatementKind::Function(value) => function(value),
        StatementKind::Class(value) => class(value),
        StatementKind::Import(value) => format!(
            "import{}{} {}:{} as {}",
            if value.is_type_only { " type" } else { "" },
            if value.is_require { " require" } else { "" },
            value.source,
            value.name.as_deref().unwrap_or("-"),
            if value.local.is_empty() { "-" } else { &value.local }
        ),
        StatementKind::Export(value) => format!(
            "export {}{}{}",
            value.name,
            optional(": ", value.value.as_ref()),
            value.source.as_ref().map(|source| format!(" from {source}")).unwrap_or_default()
        ),
        StatementKind::Block(inner) => format!("{{{}}}", block(inner)),
    }
}

fn assignment(value: &Assignment) -> String {
    let declares = if value.declares { "let " } else { "" };
    let target = expression(&value.target);
    let annotation = optional(": ", value.annotation.as_ref());
    let operator = value.operator.as_deref().unwrap_or_default();
    match &value.value {
        Some(assigned) => format!("{declares}{target}{annotation} {operator}= {}", expression(assigned)),
        None => format!("{declares}{target}{annotation}"),
    }
}

fn class(value: &Class) -> String {
    format!(
        "{}class {}({}) {{{}}}",
        decorators(&value.decorators),
        value.name,
        joined(&value.bases, ", ", expression),
        block(&value.body)
    )
}

fn decorators(values: &[Expression]) -> String {
    values.iter().map(|value| format!("@{} ", expression(value))).collect()
}

fn function(value: &Function) -> String {
    format!(
        "{}{}fn{} {}({}){} {{{}{}}}",
        decorators(&value.decorators),
        if value.is_async { "async " } else { "" },
        if value.is_generator { "*" } else { "" },
        value.name,
        joined(&value.parameters, ", ", parameter),
        optional(" -> ", value.returns.as_ref()),
        value.directives.iter().map(|directive| format!("'{directive}'! ")).collect::<String>(),
        block(&value.body)
    )
}

fn parameter(value: &Parameter) -> String {
    format!(
        "{}{}{}{}{}{}",
        decorators(&value.decorators),
        if value.is_property { "self." } else { "" },
        if value.kind == ParameterKind::Rest { "..." } else { "" },
        expression(&value.target),
        optional(": ", value.annotation.as_ref()),
        optional(" = ", value.default.as_ref())
    )
}

fn argument(value: &Argument) -> String {
    format!("{}{}", value.name.as_ref().map(|name| format!("{name}=")).unwrap_or_default(), expression(&value.value))
}

fn entry(value: &Entry) -> String {
    format!("{}: {}", value.key.as_deref().unwrap_or("-"), expression(&value.value))
}

pub(super) fn expression(value: &Expression) -> String {
    match &value.kind {
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Member { object, name } => format!("{}.{name}", expression(object)),
        ExpressionKind::Index { object, index } => format!("{}[{}]", expression(object), expression(index)),
        ExpressionKind::Slice { .. } => "slice".into(),
        ExpressionKind::Call(call) => format!(
            "{}{}({})",
            if call.is_new { "new " } else { "" },
            expression(&call.callee),
            joined(&call.arguments, ", ", argument)
        ),
        ExpressionKind::Literal(Literal::Null) => "null".into(),
        ExpressionKind::Literal(Literal::Boolean(value)) => value.to_string(),
        ExpressionKind::Literal(Literal::Number(value)) => value.to_string(),
        ExpressionKind::Literal(Literal::Text(value)) => format!("'{value}'"),
        ExpressionKind::Template(parts) => format!("`{}`", joined(parts, " ", expression)),
        ExpressionKind::List(items) => format!("[{}]", joined(items, ", ", expression)),
        ExpressionKind::Object(entries) => format!("{{{}}}", joined(entries, ", ", entry)),
        ExpressionKind::Operator { operator, operands } => {
            format!("({operator} {})", joined(operands, " ", expression))
        }
        ExpressionKind::Conditional { test, then, otherwise } => {
            format!("({} ? {} : {})", expression(test), expression(then), expression(otherwise))
        }
        ExpressionKind::Function(value) => function(value),
        ExpressionKind::Await(inner) => format!("await {}", expression(inner)),
        ExpressionKind::Yield(inner) => format!("yield{}", optional(" ", inner.as_deref())),
        ExpressionKind::Assign(value) => format!("({})", assignment(value)),
        ExpressionKind::Spread(inner) => format!("...{}", expression(inner)),
        ExpressionKind::Comprehension { .. } => "comprehension".into(),
        ExpressionKind::Block(inner) => format!("do {{{}}}", block(inner)),
        ExpressionKind::Unknown => "_".into(),
    }
}
