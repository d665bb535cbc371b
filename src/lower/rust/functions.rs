//! Functions, closures and `async` blocks.

use syn::ext::IdentExt;
use syn::{Attribute, Expr, FnArg, Pat, ReceiverKind, ReturnType, Signature, Stmt, Type, Visibility};

use super::statements::Tail;
use super::{Lowering, cover, expression, name, statement, variables};
use crate::model::{
    Block, Expression, ExpressionKind, Function, Parameter, ParameterKind, Span, Statement, StatementKind,
};

impl Lowering {
    pub(super) fn function(
        &mut self,
        attributes: &[Attribute],
        visibility: Option<&Visibility>,
        signature: &Signature,
        block: Option<&syn::Block>,
    ) -> Function {
        let decorators = self.decorators(attributes);
        let around = std::mem::replace(&mut self.variables, variables::of(signature, block));
        let start = visibility
            .and_then(super::items::visibility_span)
            .or(signature.asyncness.map(|token| token.span))
            .unwrap_or(signature.fn_token.span);
        let end = block.map_or_else(|| signature.paren_token.span.close(), |block| block.brace_token.span.close());
        let parameters = signature.inputs.iter().map(|input| self.parameter(input)).collect();
        let returns = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, result) => Some(self.type_expression(result)),
        };
        let body = match block {
            Some(block) => self.block(block, tail_of(&signature.output)),
            None => Vec::new(),
        };
        self.variables = around;
        Function {
            span: cover(self.span(start), self.span(end)),
            name: signature.ident.unraw().to_string(),
            name_span: self.span(signature.ident.span()),
            parameters,
            returns,
            decorators,
            body,
            is_async: signature.asyncness.is_some(),
            is_generator: false,
            directives: Vec::new(),
            outer: Vec::new(),
        }
    }

    pub(super) fn function_statement(&self, function: Function) -> Statement {
        let span = function.decorators.first().map_or(function.span, |first| cover(first.span, function.span));
        statement(span, StatementKind::Function(Box::new(function)))
    }

    fn parameter(&mut self, input: &FnArg) -> Parameter {
        match input {
            FnArg::Receiver(receiver) => {
                let span = self.span(receiver.self_token.span);
                let annotation = match &receiver.kind {
                    ReceiverKind::Typed(_, written) => Some(self.type_expression(written)),
                    _ => None,
                };
                plain(name(span, "self"), annotation, Vec::new())
            }
            FnArg::Typed(typed) => {
                let target = self.pattern(&typed.pat);
                let annotation = self.type_expression(&typed.ty);
                let decorators = self.decorators(&typed.attrs);
                plain(target, Some(annotation), decorators)
            }
        }
    }

    /// A closure. One whose body is an `async` block is an async function.
    pub(super) fn closure(&mut self, written: &syn::ExprClosure, start: Span) -> Expression {
        let parameters = written
            .inputs
            .iter()
            .map(|input| match input {
                Pat::Type(typed) => {
                    let target = self.pattern(&typed.pat);
                    let annotation = self.type_expression(&typed.ty);
                    plain(target, Some(annotation), Vec::new())
                }
                other => plain(self.pattern(other), None, Vec::new()),
            })
            .collect();
        let returns = match &written.output {
            ReturnType::Default => None,
            ReturnType::Type(_, result) => Some(self.type_expression(result)),
        };
        let mut is_async = written.asyncness.is_some();
        let (body, end) = match body_of(&written.body) {
            Body::Async(block) => {
                is_async = true;
                (self.block(block, Tail::Return), self.span(block.brace_token.span.close()))
            }
            // `{ let shared = shared.clone(); async move { .. } }`: what is awaited runs the rest.
            Body::Before(before, block) => {
                is_async = true;
                let mut body = Vec::new();
                self.statements(before, Tail::Ignore, &mut body);
                self.statements(&block.stmts, Tail::Return, &mut body);
                (body, self.span(block.brace_token.span.close()))
            }
            Body::Block(block) => (self.block(block, Tail::Return), self.span(block.brace_token.span.close())),
            Body::Value(value) => {
                let mut body = Vec::new();
                self.effect(value, Tail::Return, &mut body);
                let end = body.last().map_or(start, |last| last.span);
                (body, end)
            }
        };
        let mut function = anonymous(cover(start, end), body, is_async);
        function.parameters = parameters;
        function.returns = returns;
        expression(function.span, ExpressionKind::Function(Box::new(function)))
    }

    /// `async { .. }`: work that has not begun.
    pub(super) fn async_block(&mut self, block: &syn::Block, start: Span) -> Expression {
        let body = self.block(block, Tail::Return);
        let span = cover(start, self.span(block.brace_token.span.close()));
        expression(span, ExpressionKind::Function(Box::new(anonymous(span, body, true))))
    }
}

/// What a closure does.
enum Body<'a> {
    Async(&'a syn::Block),
    /// What is done before the block that is awaited.
    Before(&'a [Stmt], &'a syn::Block),
    Block(&'a syn::Block),
    Value(&'a Expr),
}

fn is_declaration(written: &Stmt) -> bool {
    matches!(written, Stmt::Local(_))
}

fn body_of(written: &Expr) -> Body<'_> {
    match written {
        Expr::Async(inner) => Body::Async(&inner.block),
        Expr::Block(inner) => match inner.block.stmts.as_slice() {
            [Stmt::Expr(Expr::Async(only), None)] => Body::Async(&only.block),
            [before @ .., Stmt::Expr(Expr::Async(last), None)] if before.iter().all(is_declaration) => {
                Body::Before(before, &last.block)
            }
            _ => Body::Block(&inner.block),
        },
        other => Body::Value(other),
    }
}

/// The tail of a body is its result, unless the function has none.
fn tail_of(output: &ReturnType) -> Tail {
    match output {
        ReturnType::Default => Tail::Ignore,
        ReturnType::Type(_, result) => match &**result {
            Type::Tuple(unit) if unit.elems.is_empty() => Tail::Ignore,
            _ => Tail::Return,
        },
    }
}

fn plain(target: Expression, annotation: Option<Expression>, decorators: Vec<Expression>) -> Parameter {
    let span = annotation.as_ref().map_or(target.span, |annotation| cover(target.span, annotation.span));
    Parameter { span, target, annotation, default: None, kind: ParameterKind::Plain, decorators, is_property: false }
}

fn anonymous(span: Span, body: Block, is_async: bool) -> Function {
    Function {
        span,
        name: String::new(),
        name_span: Span { start: span.start, end: span.start },
        parameters: Vec::new(),
        returns: None,
        decorators: Vec::new(),
        body,
        is_async,
        is_generator: false,
        directives: Vec::new(),
        outer: Vec::new(),
    }
}
