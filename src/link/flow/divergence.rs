//! What never comes back: calls that end the program, functions that raise on all their ways or say that they never
//! return.

use crate::link::Program;
use crate::link::units::UnitId;
use crate::link::values::{FrameId, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::exits::{exit_call, is_error};

/// Functions within functions that are looked into.
const DEPTH: usize = 4;

/// How the ways through a row of statements end, apart from those that end by raising.
#[derive(Clone, Copy, Default)]
struct Ways {
    /// Whether one reaches the end.
    goes_on: bool,
    /// Whether one returns to the caller.
    returns: bool,
}

impl<'m> Program<'m> {
    /// Whether evaluating an expression never comes back: it ends the process, or calls a function that never returns.
    pub fn diverges(&self, expression: &'m Expression, frame: FrameId) -> bool {
        self.diverges_at(expression, frame, 0)
    }

    /// Whether a function never returns.
    pub fn never_returns(&self, unit: UnitId) -> bool {
        self.never_returns_at(unit, 0)
    }

    fn diverges_at(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> bool {
        match &expression.kind {
            ExpressionKind::Await(inner) => match &inner.kind {
                ExpressionKind::Call(call) => self.call_diverges(inner, call, frame, true, depth),
                _ => self.diverges_at(inner, frame, depth),
            },
            ExpressionKind::Block(block) => {
                let ways = self.ways(block, frame, depth);
                // The last value of such a block may be what an early `return` gives, too.
                !ways.goes_on && !ways.returns
            }
            ExpressionKind::Call(call) => self.call_diverges(expression, call, frame, false, depth),
            _ => false,
        }
    }

    fn call_diverges(
        &self,
        expression: &'m Expression,
        call: &'m Call,
        frame: FrameId,
        is_awaited: bool,
        depth: usize,
    ) -> bool {
        if exit_call(expression).is_some() {
            return true;
        }
        let Some(id) = self.units.call_id(call).filter(|_| depth <= DEPTH) else { return false };
        let callees = self.values(&call.callee, frame);
        !callees.is_empty()
            && callees.iter().all(|value| match value {
                Value::Function { unit, .. } => {
                    // What an asynchronous function raises is met where it is waited for.
                    let is_met =
                        is_awaited || !self.units.units[*unit].function.is_some_and(|function| function.is_async);
                    is_met && self.never_returns_at(*unit, depth + 1)
                }
                Value::Library { path, .. } => {
                    let site = Site { call: id, frame };
                    self.facts_of(path, Kind::Reject).iter().any(|(_, fact)| {
                        // An error status is given to a call that raises, or nothing but the call says so.
                        fact.always == Some(true) && self.callee_paths(site).len() == 1
                    })
                }
                _ => false,
            })
    }

    fn never_returns_at(&self, unit: UnitId, depth: usize) -> bool {
        if let Some(known) = self.diverging.borrow().get(&unit) {
            return *known;
        }
        let Some(function) = self.units.units[unit].function else { return false };
        let never = || {
            let ways = self.ways(&function.body, self.open_frame(unit), depth);
            !ways.goes_on && !ways.returns
        };
        let found = !function.is_generator
            && (function.returns.as_ref().is_some_and(|declared| is_never(declared, 0)) || never());
        // What was not looked into to the end may be found later.
        if depth == 0 || found {
            self.diverging.borrow_mut().insert(unit, found);
        }
        found
    }

    fn ways(&self, block: &'m [Statement], frame: FrameId, depth: usize) -> Ways {
        let mut ways = Ways { goes_on: true, returns: false };
        for statement in block {
            let own = self.ways_of(statement, frame, depth);
            ways.returns |= own.returns;
            ways.goes_on = own.goes_on;
            if !ways.goes_on {
                break;
            }
        }
        ways
    }

    fn ways_of(&self, statement: &'m Statement, frame: FrameId, depth: usize) -> Ways {
        let on = Ways { goes_on: true, returns: false };
        match &statement.kind {
            // What is left to those who derive from a class raises only until they do.
            StatementKind::Raise(value) => Ways {
                goes_on: false,
                returns: value.as_ref().is_some_and(|value| names(value, "NotImplementedError")),
            },
            StatementKind::Return(value) => Ways {
                goes_on: false,
                returns: !value
                    .as_ref()
                    .is_some_and(|value| is_error(value) || self.awaited_diverges(value, frame, depth)),
            },
            StatementKind::Expression(value) => {
                Ways { goes_on: !self.diverges_at(value, frame, depth), returns: false }
            }
            StatementKind::If { then, otherwise, .. } => {
                joined([self.ways(then, frame, depth), self.ways(otherwise, frame, depth)])
            }
            StatementKind::Block(block) | StatementKind::With { body: block, .. } => self.ways(block, frame, depth),
            StatementKind::Loop(each) => Ways { goes_on: true, ..self.ways(&each.body, frame, depth) },
            StatementKind::Try(each) => {
                let handled = each.handlers.iter().map(|handler| self.ways(&handler.body, frame, depth));
                let tried = joined(std::iter::once(self.ways(&each.body, frame, depth)).chain(handled));
                let finally = self.ways(&each.finally, frame, depth);
                Ways {
                    goes_on: tried.goes_on && finally.goes_on,
                    returns: tried.returns && finally.goes_on || finally.returns,
                }
            }
            _ => on,
        }
    }

    /// What an asynchronous function returns is waited for by those who wait for it.
    fn awaited_diverges(&self, value: &'m Expression, frame: FrameId, depth: usize) -> bool {
        match &value.kind {
            ExpressionKind::Call(call) => self.call_diverges(value, call, frame, true, depth),
            _ => self.diverges_at(value, frame, depth),
        }
    }
}

fn joined(all: impl IntoIterator<Item = Ways>) -> Ways {
    all.into_iter().fold(Ways::default(), |one, other| Ways {
        goes_on: one.goes_on || other.goes_on,
        returns: one.returns || other.returns,
    })
}

fn names(raised: &Expression, wanted: &str) -> bool {
    match &raised.kind {
        ExpressionKind::Name(name) => name == wanted,
        ExpressionKind::Call(call) => names(&call.callee, wanted),
        _ => false,
    }
}

/// Whether a declared type says that nothing is ever returned: `never`, `Promise<never>`, `NoReturn`, `!`.
fn is_never(declared: &Expression, depth: usize) -> bool {
    match &declared.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            matches!(name.as_str(), "never" | "NoReturn" | "Never" | "!")
        }
        ExpressionKind::Literal(Literal::Text(text)) => matches!(text.as_str(), "NoReturn" | "Never"),
        ExpressionKind::Index { object, index } => {
            matches!(&object.kind, ExpressionKind::Name(name) if name == "Promise")
                && depth < 2
                && is_never(index, depth + 1)
        }
        _ => false,
    }
}
