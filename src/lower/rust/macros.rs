//! Macro calls: their tokens read as arguments, declarations, arms or statements, whichever they parse as.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Expr, Macro};

use super::json::trees;
use super::macro_tokens::{Arm, Piece, Static};
use super::statements::{Tail, block_value, value_statement};
use super::templates::with_template;
use super::{Lowering, call, cover, declaration, expression, keyword, name, positional, statement, unknown};
use crate::model::{Argument, Block, Expression, ExpressionKind, StatementKind};

/// Macros after which nothing goes on: their value is never the result.
const DIVERGING: [&str; 4] = ["panic", "todo", "unimplemented", "unreachable"];

impl Lowering {
    /// A macro as a value.
    pub(super) fn macro_call(&mut self, written: &Macro) -> Expression {
        let callee = self.macro_name(written);
        let span = cover(callee.span, self.span(written.delimiter.span().close()));
        let last = written.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        match last.as_str() {
            "vec" => {
                let arguments = self.arguments_of_tokens(&written.tokens, true);
                let keep = if is_repetition(&written.tokens) { 1 } else { arguments.len() };
                let parts = arguments.into_iter().take(keep).map(|argument| argument.value).collect();
                expression(span, ExpressionKind::List(parts))
            }
            "json" => {
                let mut value = self.json(&trees(&written.tokens));
                value.span = span;
                value
            }
            "cfg" => {
                let mut test = self.configuration(&written.tokens, 0);
                test.span = span;
                test
            }
            "select" => self.select_value(written).unwrap_or_else(|| {
                let arguments = self.arguments_of_tokens(&written.tokens, true);
                call(span, callee, arguments)
            }),
            _ => {
                let arguments = self.arguments_of_tokens(&written.tokens, true);
                call(span, callee, arguments)
            }
        }
    }

    pub(super) fn macro_name(&mut self, written: &Macro) -> Expression {
        let mut callee = self.path(&written.path, None);
        let end = self.span(written.bang_token.span);
        match &mut callee.kind {
            ExpressionKind::Name(word) | ExpressionKind::Member { name: word, .. } => word.push('!'),
            _ => {}
        }
        callee.span = cover(callee.span, end);
        callee
    }

    /// A macro where a statement stands: what it declares, or a call.
    pub(super) fn macro_statement(&mut self, written: &Macro, tail: Tail, out: &mut Block) {
        if self.declarations(&written.tokens, out) {
            return;
        }
        if written.path.segments.last().is_some_and(|last| last.ident == "select") && self.select(written, tail, out) {
            return;
        }
        let value = self.macro_call(written);
        let diverges = written.path.get_ident().is_some_and(|word| DIVERGING.iter().any(|known| word == known));
        out.push(value_statement(value, if diverges { Tail::Ignore } else { tail }));
    }

    /// A macro where an item stands.
    pub(super) fn macro_item(&mut self, written: &Macro, out: &mut Block) {
        if written.path.is_ident("macro_rules") || self.declarations(&written.tokens, out) {
            return;
        }
        match syn::parse2::<syn::File>(written.tokens.clone()) {
            Ok(file) if !file.items.is_empty() => self.file(&file, out),
            _ => {
                let value = self.macro_call(written);
                out.push(statement(value.span, StatementKind::Expression(value)));
            }
        }
    }

    /// Tokens of the form `static NAME: Type = value;`: their declarations.
    fn declarations(&mut self, tokens: &TokenStream, out: &mut Block) -> bool {
        let begins = |token: TokenTree| match token {
            TokenTree::Ident(word) => word == "static" || word == "pub",
            TokenTree::Punct(mark) => mark.as_char() == '#',
            _ => false,
        };
        if !tokens.clone().into_iter().next().is_some_and(begins) {
            return false;
        }
        let Ok(statics) = Parser::parse2(Static::parse_all, tokens.clone()) else { return false };
        for written in &statics {
            let span = self.span(written.ident.span());
            let annotation = self.type_expression(&written.annotation);
            let value = self.expression(&written.value);
            let target = name(span, written.ident.unraw().to_string());
            out.push(declaration(cover(span, value.span), target, Some(annotation), Some(value)));
        }
        !statics.is_empty()
    }

    /// The tokens of a macro or attribute as arguments. `templates`: texts with `{x}` are templates.
    pub(super) fn arguments_of_tokens(&mut self, tokens: &TokenStream, templates: bool) -> Vec<Argument> {
        let Some(first) = tokens.clone().into_iter().next() else { return Vec::new() };
        if !self.enter(first.span()) {
            return Vec::new();
        }
        let arguments = self.arguments_within(tokens, templates);
        self.leave();
        arguments
    }

    fn arguments_within(&mut self, tokens: &TokenStream, templates: bool) -> Vec<Argument> {
        if let Ok(pieces) = Parser::parse2(Piece::parse_all, tokens.clone()) {
            let mut arguments: Vec<Argument> = pieces.iter().map(|piece| self.piece_argument(piece)).collect();
            if templates {
                with_template(&mut arguments);
            }
            return arguments;
        }
        if let Ok(arms) = Parser::parse2(Arm::parse_all, tokens.clone()) {
            return arms.iter().map(|arm| positional(self.arm_value(arm))).collect();
        }
        if let Ok(statements) = Parser::parse2(syn::Block::parse_within, tokens.clone()) {
            let mut body = Vec::new();
            self.statements(&statements, Tail::Value, &mut body);
            return vec![positional(block_value(body))];
        }
        let mut found = Vec::new();
        self.gather(&trees(tokens), &mut found);
        found.into_iter().map(positional).collect()
    }

    fn piece_argument(&mut self, piece: &Piece) -> Argument {
        match piece {
            Piece::Positional(value) => self.argument(value),
            Piece::Keyword(word, value) => {
                let value = self.expression(value);
                keyword(word.clone(), value)
            }
            Piece::Object(word, tree) => {
                let value = self.json(std::slice::from_ref(tree));
                Argument { name: word.clone(), value }
            }
        }
    }

    /// `p = e => b`.
    fn arm_value(&mut self, arm: &Arm) -> Expression {
        let mut body = Vec::new();
        if let Some((pattern, future)) = &arm.waits {
            let target = self.pattern(pattern);
            let future = self.expression(future);
            let span = cover(target.span, future.span);
            let value = expression(future.span, ExpressionKind::Await(Box::new(future)));
            body.push(declaration(span, target, None, Some(value)));
        }
        self.effect(&arm.body, Tail::Value, &mut body);
        block_value(body)
    }

    /// Tokens that parse as nothing: whatever expressions are in them, as a list.
    pub(super) fn scattered(&mut self, tokens: &[TokenTree]) -> Expression {
        let span = tokens.first().map(|first| self.span(first.span())).unwrap_or_default();
        let mut found = Vec::new();
        self.gather(tokens, &mut found);
        match found.len() {
            0 => unknown(span),
            1 => found.remove(0),
            _ => expression(span, ExpressionKind::List(found)),
        }
    }

    /// Collects the parts that parse as expressions; of others, what their brackets hold.
    fn gather(&mut self, tokens: &[TokenTree], found: &mut Vec<Expression>) {
        let separates = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if matches!(mark.as_char(), ',' | ';' | '=' | '>'));
        for part in tokens.split(separates).filter(|part| !part.is_empty()) {
            if let Ok(value) = syn::parse2::<Expr>(part.iter().cloned().collect()) {
                found.push(self.expression(&value));
                continue;
            }
            for token in part {
                if let TokenTree::Group(group) = token
                    && self.enter(group.span_open())
                {
                    let arguments = self.arguments_within(&group.stream(), true);
                    found.extend(arguments.into_iter().map(|argument| argument.value));
                    self.leave();
                }
            }
        }
    }
}

/// Whether tokens are `x; n`.
fn is_repetition(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';'))
}
