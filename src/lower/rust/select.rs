//! `select!`: what waits for several things at once, and goes on with the one that is there first.

use syn::parse::Parser;
use syn::{Macro, Pat};

use super::macro_tokens::Arm;
use super::patterns::is_catch_all;
use super::statements::{Tail, block_value};
use super::{Lowering, call, cover, expression, name, operator, positional, statement};
use crate::model::{Argument, Block, Expression, ExpressionKind, Span, StatementKind};
use crate::source::order::InOrder;

/// Futures that are written again where one of them is the first.
const REPEATED: usize = 6;

/// What is waited for.
struct Waits {
    span: Span,
    callee: Expression,
    futures: Vec<Expression>,
}

/// What is done when one of the futures is the first.
struct First {
    /// None: nothing else was.
    test: Option<Expression>,
    body: Block,
}

impl First {
    /// Whether what it gave is looked at: bound, or held against a pattern.
    fn is_bound(&self) -> bool {
        let is_asked = self.test.as_ref().is_some_and(|test| matches!(test.kind, ExpressionKind::Operator { .. }));
        is_asked
            || matches!(self.body.first().map(|first| &first.kind), Some(StatementKind::Assign(first)) if first.declares)
    }
}

impl Lowering {
    /// A `select!` as a value.
    pub(super) fn select_value(&mut self, written: &Macro) -> Option<Expression> {
        let mut body = Vec::new();
        self.select(written, Tail::Value, &mut body).then(|| block_value(body))
    }

    /// The futures as what a call is given that waits for all of them, and then a branch for each that may be first: what
    /// is done then does not stand within the waiting, and is about what that gives. Not where the tokens are no such arms.
    pub(super) fn select(&mut self, written: &Macro, tail: Tail, out: &mut Block) -> bool {
        let Ok(arms) = Parser::parse2(Arm::parse_all, written.tokens.clone()) else { return false };
        if arms.iter().all(|arm| arm.waits.is_none()) {
            return false;
        }
        let callee = self.macro_name(written);
        let patterns: Vec<Option<(&Pat, Expression)>> = arms
            .iter()
            .map(|arm| arm.waits.as_ref().map(|(pattern, future)| (pattern, self.expression(future))))
            .collect();
        let futures: Vec<Expression> = patterns.iter().flatten().map(|(_, future)| future.clone()).collect();
        let waits = Waits { span: futures.iter().map(|future| future.span).fold(callee.span, cover), callee, futures };
        let mut firsts = Vec::new();
        let mut at = 0;
        for (arm, waiting) in arms.iter().zip(&patterns) {
            let first = waiting.as_ref().map(|(pattern, _)| {
                let came = self.came(&waits, at);
                at += 1;
                (*pattern, came)
            });
            firsts.push(self.first(arm, first, tail));
        }
        let given = waits.futures.into_iter().map(positional).collect();
        let waiting = expression(waits.span, ExpressionKind::Await(Box::new(call(waits.span, waits.callee, given))));
        out.push(statement(waits.span, StatementKind::Expression(waiting)));
        // Which of them comes first is open: those whose result nobody looks at stand in front.
        firsts.order_by_key(|first| match &first.test {
            None => 2,
            Some(_) => i32::from(first.is_bound()),
        });
        let mut otherwise = Vec::new();
        for (at, first) in firsts.into_iter().enumerate().rev() {
            // One of them is there in the end: what is none of the others is the last.
            let is_rest = at + 1 == arms.len() && (first.test.is_none() || first.is_bound());
            otherwise = match first.test.filter(|_| !is_rest) {
                None => first.body,
                Some(test) => {
                    let span = first.body.iter().map(|each| each.span).fold(test.span, cover);
                    vec![statement(span, StatementKind::If { test, then: first.body, otherwise })]
                }
            };
        }
        out.append(&mut otherwise);
        true
    }

    /// What the waiting gives where a certain one of the futures is the first: it stands before the others then.
    fn came(&mut self, waits: &Waits, at: usize) -> Expression {
        let others = waits.futures.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, future)| future);
        let given: Vec<Argument> = waits
            .futures
            .get(at)
            .into_iter()
            .chain(others)
            .take(REPEATED)
            .map(|future| positional(self.repeat(future)))
            .collect();
        let waiting = call(waits.span, waits.callee.clone(), given);
        expression(waits.span, ExpressionKind::Await(Box::new(waiting)))
    }

    fn first(&mut self, arm: &Arm, came: Option<(&Pat, Expression)>, tail: Tail) -> First {
        let mut body = Vec::new();
        let test = came.map(|(pattern, came)| {
            let pattern = self.pattern(pattern);
            self.bind(&pattern, &came, &mut body);
            let span = pattern.span;
            if is_catch_all(&pattern) { name(span, "_") } else { operator(span, "==", vec![came, pattern]) }
        });
        self.effect(&arm.body, tail, &mut body);
        First { test, body }
    }
}
