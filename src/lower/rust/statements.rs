//! Blocks, control flow, bindings.

use syn::{Expr, Stmt};

use super::patterns::binds;
use super::{Lowering, call, cover, declaration, expression, member, operator, statement, unknown};
use crate::lower::unpacked;
use crate::model::{
    Assignment, Block, Expression, ExpressionKind, Literal, Loop, LoopKind, Span, Statement, StatementKind,
};

/// What becomes of the value of a block's last expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Ignore,
    /// It is the value of the block.
    Value,
    /// It is what the function returns.
    Return,
}

impl Lowering {
    pub(super) fn block(&mut self, written: &syn::Block, tail: Tail) -> Block {
        let mut out = Vec::new();
        self.statements(&written.stmts, tail, &mut out);
        out
    }

    pub(super) fn statements(&mut self, written: &[Stmt], tail: Tail, out: &mut Block) {
        let last = written.len().saturating_sub(1);
        for (at, stmt) in written.iter().enumerate() {
            match stmt {
                Stmt::Local(local) if !super::attributes::is_test(&local.attrs) => self.local(local, out),
                Stmt::Local(_) => {}
                Stmt::Item(item) => self.item(item, out),
                // A stray semicolon.
                Stmt::Expr(Expr::Verbatim(tokens), _) if tokens.is_empty() => {}
                Stmt::Expr(value, semicolon) => {
                    let tail = if at == last && semicolon.is_none() { tail } else { Tail::Ignore };
                    match self.compiled_under(value) {
                        Some(test) => {
                            let mut then = Vec::new();
                            self.effect(value, tail, &mut then);
                            let span = then.iter().map(|each| each.span).fold(test.span, cover);
                            out.push(statement(span, StatementKind::If { test, then, otherwise: Vec::new() }));
                        }
                        None => self.effect(value, tail, out),
                    }
                }
                Stmt::Macro(written) => {
                    let is_tail = at == last && written.semi_token.is_none();
                    if !super::attributes::is_test(&written.attrs) {
                        self.macro_statement(&written.mac, if is_tail { tail } else { Tail::Ignore }, out);
                    }
                }
            }
        }
    }

    fn local(&mut self, local: &syn::Local, out: &mut Block) {
        let (pattern, annotation) = match &local.pat {
            syn::Pat::Type(typed) => {
                let target = self.pattern(&typed.pat);
                (target, Some(self.type_expression(&typed.ty)))
            }
            other => (self.pattern(other), None),
        };
        let span = cover(self.span(local.let_token.span), self.span(local.semi_token.span));
        let Some(init) = &local.init else {
            out.push(declaration(span, pattern, annotation, None));
            return;
        };
        let mut value = self.expression(&init.expr);
        if is_own_copy(&local.pat, &init.expr) {
            let span = value.span;
            value = call(span, member(value, span, "clone"), Vec::new());
        }
        let Some((_, diverge)) = &init.diverge else {
            unpacked::push(declaration(span, pattern, annotation, Some(value)), out);
            return;
        };
        let matches = operator(span, "==", vec![self.repeat(&value), pattern.clone()]);
        out.push(declaration(span, pattern, annotation, Some(value)));
        let mut then = Vec::new();
        match &**diverge {
            Expr::Block(inner) => self.statements(&inner.block.stmts, Tail::Ignore, &mut then),
            other => self.effect(other, Tail::Ignore, &mut then),
        }
        let test = operator(span, "not", vec![matches]);
        out.push(statement(span, StatementKind::If { test, then, otherwise: Vec::new() }));
    }

    /// Lowers an expression for what it does: control flow becomes statements.
    pub(super) fn effect(&mut self, written: &Expr, tail: Tail, out: &mut Block) {
        let first = super::expressions::first_token(written);
        if !self.enter(first) {
            out.push(statement(self.span(first), StatementKind::Expression(unknown(self.span(first)))));
            return;
        }
        let start = self.span(first);
        match written {
            Expr::If(inner) => self.if_statement(inner, tail, out),
            Expr::Match(inner) => self.match_statement(inner, tail, out),
            Expr::While(inner) => self.while_statement(inner, out),
            Expr::ForLoop(inner) => self.for_statement(inner, out),
            Expr::Loop(inner) => {
                let body = self.block(&inner.body, Tail::Ignore);
                let span = cover(start, self.span(inner.body.brace_token.span.close()));
                out.push(loop_statement(span, LoopKind::While, None, None, body));
            }
            Expr::Block(inner) => self.bare_block(&inner.block, start, tail, out),
            Expr::Unsafe(inner) => self.bare_block(&inner.block, start, tail, out),
            Expr::Const(inner) => self.bare_block(&inner.block, start, tail, out),
            Expr::TryBlock(inner) => self.bare_block(&inner.block, start, Tail::Ignore, out),
            Expr::Return(inner) => {
                let value = inner.expr.as_ref().map(|value| self.expression(value));
                let span = value.as_ref().map_or(start, |value| cover(start, value.span));
                out.push(statement(span, StatementKind::Return(value)));
            }
            Expr::Break(inner) => {
                if let Some(value) = &inner.expr {
                    self.effect(value, Tail::Ignore, out);
                }
                out.push(statement(start, StatementKind::Break));
            }
            Expr::Continue(_) => out.push(statement(start, StatementKind::Continue)),
            Expr::Paren(inner) => self.effect(&inner.expr, tail, out),
            Expr::Group(inner) => self.effect(&inner.expr, tail, out),
            Expr::Macro(inner) => self.macro_statement(&inner.mac, tail, out),
            _ => self.plain_statement(written, tail, out),
        }
        self.leave();
    }

    fn plain_statement(&mut self, written: &Expr, tail: Tail, out: &mut Block) {
        if let Some(assignment) = self.assignment(written) {
            let end = assignment.value.as_ref().map_or(assignment.target.span, |value| value.span);
            let span = cover(assignment.target.span, end);
            unpacked::push(statement(span, StatementKind::Assign(Box::new(assignment))), out);
            return;
        }
        let value = self.expression(written);
        out.push(value_statement(value, tail));
    }

    /// `a = b` and `a += b`.
    pub(super) fn assignment(&mut self, written: &Expr) -> Option<Assignment> {
        let (left, right, spelling) = match written {
            Expr::Assign(inner) => (&inner.left, &inner.right, None),
            Expr::Binary(inner) => {
                (&inner.left, &inner.right, Some(super::expressions::assigned_operator(&inner.op)?.to_owned()))
            }
            _ => return None,
        };
        let target = self.expression(left);
        let value = self.expression(right);
        Some(Assignment { target, annotation: None, value: Some(value), operator: spelling, declares: false })
    }

    fn bare_block(&mut self, block: &syn::Block, start: Span, tail: Tail, out: &mut Block) {
        let body = self.block(block, tail);
        let span = cover(start, self.span(block.brace_token.span.close()));
        out.push(statement(span, StatementKind::Block(body)));
    }

    pub(super) fn if_statement(&mut self, written: &syn::ExprIf, tail: Tail, out: &mut Block) {
        let start = self.span(written.if_token.span);
        let mut then = Vec::new();
        let test = self.condition(&written.cond, &mut then);
        self.statements(&written.then_branch.stmts, tail, &mut then);
        let mut otherwise = Vec::new();
        let mut end = self.span(written.then_branch.brace_token.span.close());
        match written.else_branch.as_ref().map(|(_, branch)| &**branch) {
            Some(Expr::Block(inner)) => {
                self.statements(&inner.block.stmts, tail, &mut otherwise);
                end = self.span(inner.block.brace_token.span.close());
            }
            Some(other) => {
                self.effect(other, tail, &mut otherwise);
                end = otherwise.last().map_or(end, |last| last.span);
            }
            None => {}
        }
        out.push(statement(cover(start, end), StatementKind::If { test, then, otherwise }));
    }

    /// A condition, and the bindings of its `let`s as declarations for the head of what it guards.
    pub(super) fn condition(&mut self, written: &Expr, bindings: &mut Block) -> Expression {
        let first = super::expressions::first_token(written);
        if !self.enter(first) {
            return unknown(self.span(first));
        }
        let result = match written {
            Expr::Let(inner) => {
                let subject = self.expression(&inner.expr);
                let pattern = self.pattern(&inner.pat);
                let span = cover(self.span(inner.let_token.span), subject.span);
                self.bind(&pattern, &subject, bindings);
                operator(span, "==", vec![subject, pattern])
            }
            Expr::Binary(inner) if matches!(inner.op, syn::BinOp::And(_)) => {
                let left = self.condition(&inner.left, bindings);
                let right = self.condition(&inner.right, bindings);
                operator(cover(left.span, right.span), "and", vec![left, right])
            }
            Expr::Paren(inner) => self.condition(&inner.expr, bindings),
            _ => self.expression(written),
        };
        self.leave();
        result
    }

    /// Declares what a pattern binds when it matches the subject.
    pub(super) fn bind(&mut self, pattern: &Expression, subject: &Expression, bindings: &mut Block) {
        if binds(pattern) {
            let value = self.repeat(subject);
            bindings.push(declaration(pattern.span, pattern.clone(), None, Some(value)));
        }
    }

    fn while_statement(&mut self, written: &syn::ExprWhile, out: &mut Block) {
        let mut body = Vec::new();
        let test = self.condition(&written.cond, &mut body);
        self.statements(&written.body.stmts, Tail::Ignore, &mut body);
        let span = cover(self.span(written.while_token.span), self.span(written.body.brace_token.span.close()));
        // `while true` is the same loop as `loop`.
        let is_always = matches!(test.kind, ExpressionKind::Literal(Literal::Boolean(true)));
        let over = if is_always { None } else { Some(test) };
        out.push(loop_statement(span, LoopKind::While, None, over, body));
    }

    fn for_statement(&mut self, written: &syn::ExprForLoop, out: &mut Block) {
        let target = self.pattern(&written.pat);
        let over = self.expression(&written.expr);
        let body = self.block(&written.body, Tail::Ignore);
        let span = cover(self.span(written.for_token.span), self.span(written.body.brace_token.span.close()));
        out.push(loop_statement(span, LoopKind::Each, Some(target), Some(over), body));
    }
}

/// `let mut count = *counts.get(key)?`: what is changed then is a copy of what the reference leads to.
fn is_own_copy(pattern: &syn::Pat, init: &Expr) -> bool {
    let pattern = match pattern {
        syn::Pat::Type(typed) => &typed.pat,
        other => other,
    };
    matches!(pattern, syn::Pat::Ident(ident) if ident.mutability.is_some() && ident.by_ref.is_none())
        && matches!(init, Expr::Unary(inner) if matches!(inner.op, syn::UnOp::Deref(_)))
}

/// Statements as a value.
pub(super) fn block_value(body: Block) -> Expression {
    let span = body.iter().map(|part| part.span).reduce(cover).unwrap_or_default();
    expression(span, ExpressionKind::Block(body))
}

/// The last statement of a block by what becomes of its value.
pub(super) fn value_statement(value: Expression, tail: Tail) -> Statement {
    let span = value.span;
    let kind = if tail == Tail::Return { StatementKind::Return(Some(value)) } else { StatementKind::Expression(value) };
    statement(span, kind)
}

fn loop_statement(
    span: Span,
    kind: LoopKind,
    target: Option<Expression>,
    over: Option<Expression>,
    body: Block,
) -> Statement {
    let written = Loop { kind, target, over, setup: Vec::new(), step: Vec::new(), body };
    statement(span, StatementKind::Loop(Box::new(written)))
}
