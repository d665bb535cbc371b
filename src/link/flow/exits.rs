//! How blocks end: by raising, returning, leaving a loop, ending the program.

use crate::model::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By an exception: stops its callers too.
    Raise,
    /// By returning: stops only its own unit.
    Return,
    /// By leaving or going on in a loop: stops what comes after it in the loop.
    Loop,
    /// The call stands inside the branch that the gate opens.
    Branch,
}

/// How a block ends.
pub fn exit_of(block: &Block) -> Option<Exit> {
    let last = block.last()?;
    match &last.kind {
        StatementKind::Raise(_) => Some(Exit::Raise),
        StatementKind::Return(value) => {
            Some(if value.as_ref().is_some_and(is_error) { Exit::Raise } else { Exit::Return })
        }
        StatementKind::Break | StatementKind::Continue => Some(Exit::Loop),
        StatementKind::If { then, otherwise, .. } => match (exit_of(then), exit_of(otherwise)) {
            (Some(Exit::Raise), Some(Exit::Raise)) => Some(Exit::Raise),
            (Some(_), Some(_)) => Some(Exit::Return),
            _ => None,
        },
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => exit_of(block),
        StatementKind::Try(each) => {
            if !each.finally.is_empty() && exit_of(&each.finally).is_some() {
                return exit_of(&each.finally);
            }
            let all = std::iter::once(&each.body).chain(each.handlers.iter().map(|handler| &handler.body));
            all.map(exit_of).collect::<Option<Vec<_>>>().map(|_| Exit::Return)
        }
        StatementKind::Expression(expression) => exit_call(expression),
        _ => None,
    }
}

/// `Err(..)` as a result: its callers stop at it as at an exception.
pub fn is_error(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err"),
        ExpressionKind::Block(block) => match block.last().map(|last| &last.kind) {
            Some(StatementKind::Expression(value) | StatementKind::Return(Some(value))) => is_error(value),
            _ => false,
        },
        _ => false,
    }
}

/// `sys.exit()`, `quit()`, `process.exit()`, `panic!()`, `bail!()`: calls that do not come back.
pub fn exit_call(expression: &Expression) -> Option<Exit> {
    let expression = match &expression.kind {
        ExpressionKind::Await(inner) => inner,
        _ => expression,
    };
    let ExpressionKind::Call(call) = &expression.kind else { return None };
    let name = match &call.callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name.as_str(),
        _ => return None,
    };
    // A client may be told to `quit()` as well; by itself it ends the program.
    let is_bare = matches!(call.callee.kind, ExpressionKind::Name(_));
    match name {
        "quit" if is_bare => Some(Exit::Raise),
        "exit" | "_exit" | "abort" | "panic!" | "bail!" | "unreachable!" | "todo!" | "unimplemented!" => {
            Some(Exit::Raise)
        }
        _ => None,
    }
}

/// The name of what a block raises at its end.
pub(super) fn raised_name(block: &Block) -> Option<&str> {
    name_of(raised(block)?)
}

/// What a block raises at its end: the class, where an instance is made there.
pub(super) fn raised(block: &Block) -> Option<&Expression> {
    let StatementKind::Raise(Some(value)) = &block.last()?.kind else { return None };
    Some(match &value.kind {
        ExpressionKind::Call(call) => &call.callee,
        _ => value,
    })
}

/// The last name of a name.
pub(super) fn name_of(named: &Expression) -> Option<&str> {
    match &named.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a block leaves its function somewhere.
pub fn leaves(block: &[Statement]) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) | StatementKind::Return(_) => true,
        StatementKind::If { then, otherwise, .. } => leaves(then) || leaves(otherwise),
        StatementKind::Block(block) | StatementKind::With { body: block, .. } => leaves(block),
        StatementKind::Try(each) => leaves(&each.body) || each.handlers.iter().any(|handler| leaves(&handler.body)),
        StatementKind::Expression(value) => exit_call(value).is_some(),
        _ => false,
    })
}

/// Whether a block raises somewhere.
pub fn leaves_by_raising(block: &[Statement]) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StatementKind::Raise(_) => true,
        StatementKind::If { then, otherwise, .. } => leaves_by_raising(then) || leaves_by_raising(otherwise),
        StatementKind::Block(block) => leaves_by_raising(block),
        _ => false,
    })
}
