//! `match`, and branches as values.

use syn::{Expr, Stmt};

use super::patterns::{binds, guarded, is_catch_all};
use super::statements::{Tail, block_value};
use super::{Lowering, cover, declaration, expression, name, operator, statement};
use crate::model::{Block, Expression, ExpressionKind, Span, Statement, StatementKind};

/// A `match` with more arms becomes a flat row of `If`s, for nested ones would be too deep.
const NESTED_ARMS: usize = 48;

impl Lowering {
    pub(super) fn match_statement(&mut self, written: &syn::ExprMatch, tail: Tail, out: &mut Block) {
        let span = cover(self.span(written.match_token.span), self.span(written.brace_token.span.close()));
        let subject = self.expression(&written.expr);
        let mut arms = Vec::new();
        let repeated = self.repeat(&subject);
        let mut first_subject = Some(subject);
        let is_flat = written.arms.len() > NESTED_ARMS;
        for arm in written.arms.iter().filter(|arm| !super::attributes::is_test(&arm.attrs)) {
            let arm = self.arm(arm, &repeated, &mut first_subject, tail);
            let is_last = arm.test.is_none();
            arms.push(arm);
            if is_last {
                break;
            }
        }
        if let Some(subject) = first_subject {
            // Nothing tests the subject, but it is evaluated.
            out.push(statement(subject.span, StatementKind::Expression(subject)));
        }
        if is_flat {
            for arm in arms {
                let test = arm.test.unwrap_or_else(|| name(arm.span, "_"));
                out.push(statement(arm.span, StatementKind::If { test, then: arm.body, otherwise: Vec::new() }));
            }
            return;
        }
        let mut otherwise = Vec::new();
        for arm in arms.into_iter().rev() {
            otherwise = match arm.test {
                None => arm.body,
                Some(test) => {
                    let within = Span { start: arm.span.start, end: span.end };
                    vec![statement(within, StatementKind::If { test, then: arm.body, otherwise })]
                }
            };
        }
        if let [only] = otherwise.as_mut_slice() {
            only.span = cover(span, only.span);
        }
        out.append(&mut otherwise);
    }

    /// The subject is written out in full where it is tested first.
    fn arm(
        &mut self,
        arm: &syn::Arm,
        subject: &Expression,
        first_subject: &mut Option<Expression>,
        tail: Tail,
    ) -> LoweredArm {
        let (pattern, guard) = guarded(&arm.pat);
        let pattern = self.pattern(pattern);
        let mut body = Vec::new();
        self.bind(&pattern, subject, &mut body);
        let guard = guard.map(|guard| self.condition(guard, &mut body));
        let test = if is_catch_all(&pattern) {
            if first_subject.is_some() && binds(&pattern) && guard.is_none() {
                // The binding evaluates it.
                let value = first_subject.take();
                body = vec![declaration(pattern.span, pattern.clone(), None, value)];
            }
            guard
        } else {
            let subject = match first_subject.take() {
                Some(subject) => subject,
                None => self.repeat(subject),
            };
            let matches = operator(cover(subject.span, pattern.span), "==", vec![subject, pattern.clone()]);
            Some(match guard {
                Some(guard) => operator(cover(matches.span, guard.span), "and", vec![matches, guard]),
                None => matches,
            })
        };
        match &*arm.body {
            Expr::Block(inner) if inner.label.is_none() => self.statements(&inner.block.stmts, tail, &mut body),
            other => self.effect(other, tail, &mut body),
        }
        let end = body.last().map_or(pattern.span, |last| last.span);
        LoweredArm { span: cover(pattern.span, end), test, body }
    }

    /// `if` as a value.
    pub(super) fn if_value(&mut self, written: &syn::ExprIf) -> Expression {
        if let (Some(then), Some((_, otherwise)), false) =
            (single(&written.then_branch), written.else_branch.as_ref(), has_let(&written.cond))
        {
            let otherwise = match &**otherwise {
                Expr::Block(inner) => single(&inner.block),
                other => Some(other),
            };
            if let Some(otherwise) = otherwise {
                let test = self.expression(&written.cond);
                let then = self.expression(then);
                let otherwise = self.expression(otherwise);
                let span = cover(self.span(written.if_token.span), otherwise.span);
                let (test, then, otherwise) = (Box::new(test), Box::new(then), Box::new(otherwise));
                return expression(span, ExpressionKind::Conditional { test, then, otherwise });
            }
        }
        let mut body = Vec::new();
        self.if_statement(written, Tail::Value, &mut body);
        block_value(body)
    }

    /// `match` as a value.
    pub(super) fn match_value(&mut self, written: &syn::ExprMatch) -> Expression {
        let mut body = Vec::new();
        self.match_statement(written, Tail::Value, &mut body);
        if body.len() == 1
            && let Some(only) = body.pop_if(|only| is_conditional(only))
            && let Some(value) = into_conditional(only)
        {
            return value;
        }
        block_value(body)
    }
}

struct LoweredArm {
    span: Span,
    /// None: the arm takes all that is left.
    test: Option<Expression>,
    body: Block,
}

/// Whether every branch of the `If`s of a `match` is one expression and there is a default.
fn is_conditional(written: &Statement) -> bool {
    let mut written = written;
    loop {
        match &written.kind {
            StatementKind::Expression(_) => return true,
            StatementKind::If { then, otherwise, .. } => match (then.as_slice(), otherwise.as_slice()) {
                ([Statement { kind: StatementKind::Expression(_), .. }], [only]) => written = only,
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// The `If`s of a `match` as one expression.
fn into_conditional(written: Statement) -> Option<Expression> {
    match written.kind {
        StatementKind::Expression(value) => Some(value),
        StatementKind::If { test, mut then, mut otherwise } => {
            let then = into_conditional(then.pop()?)?;
            let otherwise = into_conditional(otherwise.pop()?)?;
            let (test, then, otherwise) = (Box::new(test), Box::new(then), Box::new(otherwise));
            Some(expression(written.span, ExpressionKind::Conditional { test, then, otherwise }))
        }
        _ => None,
    }
}

/// The only expression of a block, where it is one that has a value.
fn single(block: &syn::Block) -> Option<&Expr> {
    match block.stmts.as_slice() {
        [Stmt::Expr(only, None)] => match only {
            Expr::Return(_)
            | Expr::Break(_)
            | Expr::Continue(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Loop(_)
            | Expr::Assign(_) => None,
            other => Some(other),
        },
        _ => None,
    }
}

/// Whether a condition binds with `let`, on its chain of `&&`.
fn has_let(mut written: &Expr) -> bool {
    loop {
        written = match written {
            Expr::Let(_) => return true,
            Expr::Binary(inner) if matches!(inner.op, syn::BinOp::And(_)) => {
                if let Expr::Let(_) = *inner.right {
                    return true;
                }
                &inner.left
            }
            Expr::Paren(inner) => &inner.expr,
            _ => return false,
        };
    }
}
