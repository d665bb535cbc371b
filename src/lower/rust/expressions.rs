//! Expressions.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Lit, RangeLimits, UnOp};

use super::patterns::member_name;
use super::statements::{Tail, block_value};
use super::{Lowering, call, cover, expression, keyword, member, name, null, operator, positional, text, unknown};
use crate::model::{Argument, Expression, ExpressionKind, Literal, LostReason, Span};

impl Lowering {
    pub(super) fn expression(&mut self, written: &Expr) -> Expression {
        let first = first_token(written);
        if !self.enter(first) {
            return unknown(self.span(first));
        }
        let start = self.span(first);
        let mut result = match written {
            Expr::Path(inner) => self.path(&inner.path, inner.qself.as_ref()),
            Expr::Lit(inner) => self.literal(&inner.lit),
            Expr::Call(inner) => self.call(inner),
            Expr::MethodCall(inner) => self.method_call(inner),
            Expr::Field(inner) => self.field_access(inner),
            Expr::Index(inner) => self.index(inner),
            Expr::Macro(inner) => self.macro_call(&inner.mac),
            Expr::Struct(inner) => self.struct_literal(inner),
            Expr::Closure(inner) => self.closure(inner, start),
            Expr::Async(inner) => self.async_block(&inner.block, start),
            Expr::Await(inner) => {
                let value = self.expression(&inner.base);
                let span = cover(value.span, self.span(inner.await_token.span));
                expression(span, ExpressionKind::Await(Box::new(value)))
            }
            Expr::Try(inner) => {
                let value = self.expression(&inner.expr);
                operator(cover(value.span, self.span(inner.question_token.span)), "?", vec![value])
            }
            Expr::Paren(inner) => self.transparent(&inner.expr, self.span(inner.paren_token.span.join())),
            Expr::Group(inner) => self.expression(&inner.expr),
            Expr::Reference(inner) => self.transparent(&inner.expr, start),
            Expr::RawAddr(inner) => self.transparent(&inner.expr, start),
            Expr::Cast(inner) => self.expression(&inner.expr),
            Expr::Unary(inner) => self.unary(inner, start),
            Expr::Binary(inner) => self.binary(inner, written),
            Expr::Assign(_) => self.assignment_value(written),
            Expr::Array(inner) => {
                let parts = inner.elems.iter().map(|part| self.expression(part)).collect();
                expression(self.span(inner.bracket_token.span.join()), ExpressionKind::List(parts))
            }
            Expr::Repeat(inner) => {
                let part = self.expression(&inner.expr);
                expression(self.span(inner.bracket_token.span.join()), ExpressionKind::List(vec![part]))
            }
            Expr::Tuple(inner) => self.tuple(inner),
            Expr::Range(inner) => self.range(inner),
            Expr::If(inner) => self.if_value(inner),
            Expr::Match(inner) => self.match_value(inner),
            Expr::Let(inner) => {
                let subject = self.expression(&inner.expr);
                let pattern = self.pattern(&inner.pat);
                operator(cover(start, subject.span), "==", vec![subject, pattern])
            }
            Expr::Block(inner) => self.block_expression(&inner.block, start),
            Expr::Unsafe(inner) => self.block_expression(&inner.block, start),
            Expr::Const(inner) => self.block_expression(&inner.block, start),
            Expr::TryBlock(inner) => self.block_expression(&inner.block, start),
            Expr::Loop(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Return(_)
            | Expr::Break(_)
            | Expr::Continue(_) => {
                let mut body = Vec::new();
                self.effect(written, Tail::Value, &mut body);
                block_value(body)
            }
            Expr::Yield(inner) => {
                let value = inner.expr.as_ref().map(|value| Box::new(self.expression(value)));
                expression(start, ExpressionKind::Yield(value))
            }
            Expr::Infer(_) => name(start, "_"),
            Expr::Verbatim(tokens) => {
                let span = self.span(tokens.span());
                self.budget.lose(span, LostReason::Syntax);
                unknown(span)
            }
            _ => unknown(start),
        };
        if result.span == Span::default() {
            result.span = start;
        }
        self.leave();
        result
    }

    /// What has no meaning of its own, such as parentheses: only the span grows.
    fn transparent(&mut self, inner: &Expr, span: Span) -> Expression {
        let mut result = self.expression(inner);
        result.span = cover(span, result.span);
        result
    }

    fn block_expression(&mut self, block: &syn::Block, start: Span) -> Expression {
        let body = self.block(block, Tail::Value);
        let span = cover(start, self.span(block.brace_token.span.close()));
        expression(span, ExpressionKind::Block(body))
    }

    fn call(&mut self, written: &syn::ExprCall) -> Expression {
        let callee = self.expression(&written.func);
        let arguments = written.args.iter().map(|argument| self.argument(argument)).collect();
        call(cover(callee.span, self.span(written.paren_token.span.close())), callee, arguments)
    }

    fn method_call(&mut self, written: &syn::ExprMethodCall) -> Expression {
        if let Some(test) = self.held_test(written) {
            return test;
        }
        let receiver = self.expression(&written.receiver);
        let method = self.span(written.method.span());
        let callee = member(receiver, method, written.method.unraw().to_string());
        let arguments = written.args.iter().map(|argument| self.argument(argument)).collect();
        call(cover(callee.span, self.span(written.paren_token.span.close())), callee, arguments)
    }

    /// An argument. `k = v` is a keyword: as Rust it would be a pointless assignment, in attributes it is what it says.
    pub(super) fn argument(&mut self, written: &Expr) -> Argument {
        if let Expr::Assign(assign) = written
            && let Expr::Path(path) = &*assign.left
            && let Some(word) = path.path.get_ident()
        {
            let value = self.expression(&assign.right);
            return keyword(word.unraw().to_string(), value);
        }
        positional(self.expression(written))
    }

    fn field_access(&mut self, written: &syn::ExprField) -> Expression {
        let object = self.expression(&written.base);
        let end = match &written.member {
            syn::Member::Named(ident) => ident.span(),
            syn::Member::Unnamed(index) => index.span,
        };
        member(object, self.span(end), member_name(&written.member))
    }

    fn index(&mut self, written: &syn::ExprIndex) -> Expression {
        let object = self.expression(&written.expr);
        let span = cover(object.span, self.span(written.bracket_token.span.close()));
        let object = Box::new(object);
        if let Expr::Range(range) = &*written.index {
            let start = range.start.as_ref().map(|bound| Box::new(self.expression(bound)));
            let stop = range.end.as_ref().map(|bound| Box::new(self.expression(bound)));
            return expression(span, ExpressionKind::Slice { object, start, stop });
        }
        let index = Box::new(self.expression(&written.index));
        expression(span, ExpressionKind::Index { object, index })
    }

    fn struct_literal(&mut self, written: &syn::ExprStruct) -> Expression {
        let callee = self.path(&written.path, written.qself.as_ref());
        let mut arguments = Vec::new();
        for field in &written.fields {
            let value = self.expression(&field.expr);
            arguments.push(keyword(member_name(&field.member), value));
        }
        if let Some(rest) = &written.rest {
            let value = self.expression(rest);
            arguments.push(keyword("**", value));
        }
        let span = cover(callee.span, self.span(written.brace_token.span.close()));
        let mut result = call(span, callee, arguments);
        if let ExpressionKind::Call(call) = &mut result.kind {
            call.is_new = true;
        }
        result
    }

    fn unary(&mut self, written: &syn::ExprUnary, start: Span) -> Expression {
        let value = self.transparent(&written.expr, start);
        let spelling = match written.op {
            UnOp::Not(_) => "not",
            UnOp::Neg(_) => "-",
            _ => return value,
        };
        operator(value.span, spelling, vec![value])
    }

    fn binary(&mut self, written: &syn::ExprBinary, whole: &Expr) -> Expression {
        let Some(spelling) = operator_spelling(&written.op) else { return self.assignment_value(whole) };
        let left = self.expression(&written.left);
        let right = self.expression(&written.right);
        operator(cover(left.span, right.span), spelling, vec![left, right])
    }

    fn assignment_value(&mut self, written: &Expr) -> Expression {
        match self.assignment(written) {
            Some(assignment) => {
                let end = assignment.value.as_ref().map_or(assignment.target.span, |value| value.span);
                expression(cover(assignment.target.span, end), ExpressionKind::Assign(Box::new(assignment)))
            }
            None => unknown(Span::default()),
        }
    }

    fn tuple(&mut self, written: &syn::ExprTuple) -> Expression {
        let span = self.span(written.paren_token.span.join());
        if written.elems.is_empty() {
            return null(span);
        }
        let parts = written.elems.iter().map(|part| self.expression(part)).collect();
        expression(span, ExpressionKind::List(parts))
    }

    /// A range outside an index; a missing bound is `Null`.
    pub(super) fn range(&mut self, written: &syn::ExprRange) -> Expression {
        let (spelling, dots) = match &written.limits {
            RangeLimits::HalfOpen(token) => ("..", token.spans.first()),
            RangeLimits::Closed(token) => ("..=", token.spans.first()),
        };
        let at = dots.map(|span| self.span(*span)).unwrap_or_default();
        let bound = |lowering: &mut Self, bound: &Option<Box<Expr>>| match bound {
            Some(bound) => lowering.expression(bound),
            None => null(at),
        };
        let start = bound(self, &written.start);
        let end = bound(self, &written.end);
        operator(cover(start.span, end.span), spelling, vec![start, end])
    }

    pub(super) fn literal(&mut self, written: &Lit) -> Expression {
        let span = self.span(written.span());
        let number = |digits: &str| {
            let value =
                digits.parse().map_or(ExpressionKind::Unknown, |value| ExpressionKind::Literal(Literal::Number(value)));
            expression(span, value)
        };
        match written {
            Lit::Str(literal) => text(span, literal.value()),
            Lit::ByteStr(literal) => text(span, String::from_utf8_lossy(&literal.value())),
            Lit::CStr(literal) => text(span, literal.value().to_string_lossy()),
            Lit::Char(literal) => text(span, literal.value()),
            Lit::Byte(literal) => {
                expression(span, ExpressionKind::Literal(Literal::Number(f64::from(literal.value()))))
            }
            Lit::Int(literal) => number(literal.base10_digits()),
            Lit::Float(literal) => number(literal.base10_digits()),
            Lit::Bool(literal) => expression(span, ExpressionKind::Literal(Literal::Boolean(literal.value))),
            _ => unknown(span),
        }
    }
}

/// The model's spelling of an operator; `None` for those that assign.
fn operator_spelling(written: &BinOp) -> Option<&'static str> {
    Some(match written {
        BinOp::Add(_) => "+",
        BinOp::Sub(_) => "-",
        BinOp::Mul(_) => "*",
        BinOp::Div(_) => "/",
        BinOp::Rem(_) => "%",
        BinOp::And(_) => "and",
        BinOp::Or(_) => "or",
        BinOp::BitXor(_) => "^",
        BinOp::BitAnd(_) => "&",
        BinOp::BitOr(_) => "|",
        BinOp::Shl(_) => "<<",
        BinOp::Shr(_) => ">>",
        BinOp::Eq(_) => "==",
        BinOp::Lt(_) => "<",
        BinOp::Le(_) => "<=",
        BinOp::Ne(_) => "!=",
        BinOp::Ge(_) => ">=",
        BinOp::Gt(_) => ">",
        _ => return None,
    })
}

/// The operator of `a += b` without the `=`.
pub(super) fn assigned_operator(written: &BinOp) -> Option<&'static str> {
    Some(match written {
        BinOp::AddAssign(_) => "+",
        BinOp::SubAssign(_) => "-",
        BinOp::MulAssign(_) => "*",
        BinOp::DivAssign(_) => "/",
        BinOp::RemAssign(_) => "%",
        BinOp::BitXorAssign(_) => "^",
        BinOp::BitAndAssign(_) => "&",
        BinOp::BitOrAssign(_) => "|",
        BinOp::ShlAssign(_) => "<<",
        BinOp::ShrAssign(_) => ">>",
        _ => return None,
    })
}

/// The token that an expression begins with. Goes down the left side without recursion.
pub(super) fn first_token(written: &Expr) -> proc_macro2::Span {
    let mut written = written;
    loop {
        written = match written {
            Expr::Assign(inner) => &inner.left,
            Expr::Await(inner) => &inner.base,
            Expr::Binary(inner) => &inner.left,
            Expr::Call(inner) => &inner.func,
            Expr::Cast(inner) => &inner.expr,
            Expr::Field(inner) => &inner.base,
            Expr::Index(inner) => &inner.expr,
            Expr::MethodCall(inner) => &inner.receiver,
            Expr::Try(inner) => &inner.expr,
            Expr::Group(inner) => &inner.expr,
            Expr::Range(inner) => match (&inner.start, &inner.limits) {
                (Some(start), _) => start,
                (None, RangeLimits::HalfOpen(token)) => return first_of(&token.spans),
                (None, RangeLimits::Closed(token)) => return first_of(&token.spans),
            },
            other => return leading_token(other),
        };
    }
}

fn first_of(spans: &[proc_macro2::Span]) -> proc_macro2::Span {
    spans.first().copied().unwrap_or_else(proc_macro2::Span::call_site)
}

/// The first token of an expression that begins with one of its own.
fn leading_token(written: &Expr) -> proc_macro2::Span {
    let path = |path: &syn::Path, within: Option<&syn::QSelf>| match (within, path.segments.first()) {
        (Some(within), _) => within.lt_token.span,
        (None, Some(segment)) => segment.ident.span(),
        (None, None) => proc_macro2::Span::call_site(),
    };
    match written {
        Expr::Path(inner) => path(&inner.path, inner.qself.as_ref()),
        Expr::Struct(inner) => path(&inner.path, inner.qself.as_ref()),
        Expr::Macro(inner) => path(&inner.mac.path, None),
        Expr::Lit(inner) => inner.lit.span(),
        Expr::Array(inner) => inner.bracket_token.span.open(),
        Expr::Repeat(inner) => inner.bracket_token.span.open(),
        Expr::Tuple(inner) => inner.paren_token.span.open(),
        Expr::Paren(inner) => inner.paren_token.span.open(),
        Expr::Async(inner) => inner.async_token.span,
        Expr::Block(inner) => inner.block.brace_token.span.open(),
        Expr::Unsafe(inner) => inner.unsafe_token.span,
        Expr::Const(inner) => inner.const_token.span,
        Expr::TryBlock(inner) => inner.try_token.span,
        Expr::Closure(inner) => inner
            .asyncness
            .map(|token| token.span)
            .or(inner.capture.map(|token| token.span))
            .unwrap_or_else(|| first_of(&inner.inputs_begin.spans)),
        Expr::If(inner) => inner.if_token.span,
        Expr::Match(inner) => inner.match_token.span,
        Expr::While(inner) => inner.while_token.span,
        Expr::ForLoop(inner) => inner.for_token.span,
        Expr::Loop(inner) => inner.loop_token.span,
        Expr::Let(inner) => inner.let_token.span,
        Expr::Return(inner) => inner.return_token.span,
        Expr::Break(inner) => inner.break_token.span,
        Expr::Continue(inner) => inner.continue_token.span,
        Expr::Yield(inner) => inner.yield_token.span,
        Expr::Reference(inner) => inner.and_token.span,
        Expr::RawAddr(inner) => inner.and_token.span,
        Expr::Unary(inner) => match &inner.op {
            UnOp::Not(token) => token.span,
            UnOp::Neg(token) => token.span,
            UnOp::Deref(token) => token.span,
            _ => proc_macro2::Span::call_site(),
        },
        Expr::Infer(inner) => inner.underscore_token.span,
        _ => proc_macro2::Span::call_site(),
    }
}
