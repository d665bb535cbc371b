//! Blocks, control flow, bindings.

use syn::{Expr, Stmt};

use super::patterns::{binds, guarded, is_catch_all};
use super::{Lowering, cover, declaration, expression, name, operator, statement, unknown};
use crate::model::{
    Argument, Assignment, Block, Call, Entry, Expression, ExpressionKind, Literal, Loop, LoopKind, Span, Statement,
    StatementKind,
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

/// A `match` with more arms becomes a flat row of `If`s, for nested ones would be too deep.
const NESTED_ARMS: usize = 48;

/// How many nodes of a subject are repeated for each arm.
const REPEATED_NODES: usize = 96;

/// Longer names and texts are not repeated.
const REPEATED_BYTES: usize = 200;

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
                Stmt::Local(local) if !super::items::is_test(&local.attrs) => self.local(local, out),
                Stmt::Local(_) => {}
                Stmt::Item(item) => self.item(item, out),
                Stmt::Expr(value, None) if at == last => self.effect(value, tail, out),
                Stmt::Expr(value, _) => self.effect(value, Tail::Ignore, out),
                Stmt::Macro(written) => {
                    let is_tail = at == last && written.semi_token.is_none();
                    if !super::items::is_test(&written.attrs) {
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
        let value = self.expression(&init.expr);
        let Some((_, diverge)) = &init.diverge else {
            out.push(declaration(span, pattern, annotation, Some(value)));
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
            out.push(statement(span, StatementKind::Assign(Box::new(assignment))));
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
    fn condition(&mut self, written: &Expr, bindings: &mut Block) -> Expression {
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
    fn bind(&mut self, pattern: &Expression, subject: &Expression, bindings: &mut Block) {
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

    pub(super) fn match_statement(&mut self, written: &syn::ExprMatch, tail: Tail, out: &mut Block) {
        let span = cover(self.span(written.match_token.span), self.span(written.brace_token.span.close()));
        let subject = self.expression(&written.expr);
        let mut arms = Vec::new();
        let repeated = self.repeat(&subject);
        let mut first_subject = Some(subject);
        let is_flat = written.arms.len() > NESTED_ARMS;
        for arm in written.arms.iter().filter(|arm| !super::items::is_test(&arm.attrs)) {
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

    /// A copy of a subject for a further place, without the functions and blocks in it.
    fn repeat(&mut self, subject: &Expression) -> Expression {
        let mut left = REPEATED_NODES;
        let copy = summary(subject, &mut left);
        for _ in left..REPEATED_NODES {
            if self.budget.enter(subject.span) {
                self.budget.leave();
            }
        }
        copy
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

/// Copies an expression up to a number of nodes; functions, blocks and what is too long become `Unknown`.
fn summary(written: &Expression, left: &mut usize) -> Expression {
    let Some(rest) = left.checked_sub(1) else { return unknown(written.span) };
    *left = rest;
    let kind = match &written.kind {
        ExpressionKind::Name(word) if word.len() < REPEATED_BYTES => written.kind.clone(),
        ExpressionKind::Literal(Literal::Text(text)) if text.len() >= REPEATED_BYTES => ExpressionKind::Unknown,
        ExpressionKind::Literal(_) => written.kind.clone(),
        ExpressionKind::Member { object, name } if name.len() < REPEATED_BYTES => {
            ExpressionKind::Member { object: Box::new(summary(object, left)), name: name.clone() }
        }
        ExpressionKind::Index { object, index } => {
            ExpressionKind::Index { object: Box::new(summary(object, left)), index: Box::new(summary(index, left)) }
        }
        ExpressionKind::Slice { object, start, stop } => {
            let object = Box::new(summary(object, left));
            let start = start.as_ref().map(|bound| Box::new(summary(bound, left)));
            let stop = stop.as_ref().map(|bound| Box::new(summary(bound, left)));
            ExpressionKind::Slice { object, start, stop }
        }
        ExpressionKind::Await(inner) => ExpressionKind::Await(Box::new(summary(inner, left))),
        ExpressionKind::Call(call) if call.arguments.len() < *left => {
            let callee = summary(&call.callee, left);
            let repeat =
                |argument: &Argument| Argument { name: argument.name.clone(), value: summary(&argument.value, left) };
            let arguments = call.arguments.iter().map(repeat).collect();
            ExpressionKind::Call(Box::new(Call { span: call.span, callee, arguments, is_new: call.is_new }))
        }
        ExpressionKind::Operator { operator, operands } => {
            ExpressionKind::Operator { operator: operator.clone(), operands: summaries(operands, left) }
        }
        ExpressionKind::List(parts) if parts.len() < *left => ExpressionKind::List(summaries(parts, left)),
        ExpressionKind::Template(parts) if parts.len() < *left => ExpressionKind::Template(summaries(parts, left)),
        ExpressionKind::Object(entries) if entries.len() < *left => {
            let repeat = |entry: &Entry| Entry { key: entry.key.clone(), value: summary(&entry.value, left) };
            ExpressionKind::Object(entries.iter().map(repeat).collect())
        }
        _ => ExpressionKind::Unknown,
    };
    expression(written.span, kind)
}

fn summaries(parts: &[Expression], left: &mut usize) -> Vec<Expression> {
    parts.iter().map(|part| summary(part, left)).collect()
}
