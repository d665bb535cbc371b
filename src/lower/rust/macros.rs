//! Macro calls: their tokens read as arguments, declarations, arms or statements, whichever they parse as.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, LitStr, Macro, Pat, Token, Type, token};

use super::json::{is_object, trees};
use super::statements::{Tail, block_value, value_statement};
use super::{
    Lowering, call, cover, declaration, expression, keyword, member, name, positional, statement, text, unknown,
};
use crate::model::{Argument, Block, Expression, ExpressionKind, Literal, Span, StatementKind};

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
            _ => {
                let arguments = self.arguments_of_tokens(&written.tokens, true);
                call(span, callee, arguments)
            }
        }
    }

    fn macro_name(&mut self, written: &Macro) -> Expression {
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

/// One argument of a macro.
enum Piece {
    Positional(Expr),
    Keyword(String, Expr),
    /// Braces that hold entries, with the keyword they are given by.
    Object(Option<String>, TokenTree),
}

impl Piece {
    /// Arguments between commas; `x; n` counts as two.
    fn parse_all(input: ParseStream) -> syn::Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        while !input.is_empty() {
            pieces.push(input.call(Piece::parse)?);
            if pieces.len() == 1 && input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
                pieces.push(Piece::Positional(input.parse()?));
                break;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(pieces)
    }

    fn parse(input: ParseStream) -> syn::Result<Piece> {
        if input.peek(Token![let]) {
            return Err(input.error("a statement"));
        }
        let Some(word) = keyword_of(input)? else {
            if let Some(object) = object(input)? {
                return Ok(Piece::Object(None, object));
            }
            sigil(input)?;
            return Ok(Piece::Positional(input.parse()?));
        };
        if let Some(object) = object(input)? {
            return Ok(Piece::Object(Some(word), object));
        }
        sigil(input)?;
        Ok(Piece::Keyword(word, input.parse()?))
    }
}

/// `key =`, `a.b =`, `"key" =` or `key:` at the front.
fn keyword_of(input: ParseStream) -> syn::Result<Option<String>> {
    let ahead = input.fork();
    let mut word = String::new();
    if ahead.peek(LitStr) {
        word = ahead.parse::<LitStr>()?.value();
    } else {
        loop {
            if !ahead.peek(syn::Ident::peek_any) {
                return Ok(None);
            }
            word.push_str(&ahead.call(syn::Ident::parse_any)?.unraw().to_string());
            if !ahead.peek(Token![.]) || ahead.peek(Token![..]) {
                break;
            }
            ahead.parse::<Token![.]>()?;
            word.push('.');
        }
    }
    let is_assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    let is_named = ahead.peek(Token![:]) && !ahead.peek(Token![::]);
    if !is_assigned && !is_named {
        return Ok(None);
    }
    // Forks are cheap to make but not to follow twice: go the same way again.
    while !(input.peek(Token![=]) || (input.peek(Token![:]) && !input.peek(Token![::]))) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<TokenTree>()?;
    Ok(Some(word))
}

/// The `%` and `?` that say how a field is shown.
fn sigil(input: ParseStream) -> syn::Result<()> {
    if input.peek(Token![%]) || input.peek(Token![?]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Braces with entries.
fn object(input: ParseStream) -> syn::Result<Option<TokenTree>> {
    if !input.peek(token::Brace) {
        return Ok(None);
    }
    let ahead = input.fork();
    let tree: TokenTree = ahead.parse()?;
    let ends = ahead.is_empty() || ahead.peek(Token![,]);
    match &tree {
        TokenTree::Group(group) if ends && !group.stream().is_empty() && is_object(group) => {
            input.parse::<TokenTree>().map(Some)
        }
        _ => Ok(None),
    }
}

/// `static NAME: Type = value`.
struct Static {
    ident: syn::Ident,
    annotation: Type,
    value: Expr,
}

impl Static {
    fn parse_all(input: ParseStream) -> syn::Result<Vec<Static>> {
        let mut statics = Vec::new();
        while !input.is_empty() {
            input.call(syn::Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![static]>()?;
            input.parse::<Option<Token![ref]>>()?;
            input.parse::<Option<Token![mut]>>()?;
            let ident = input.parse()?;
            input.parse::<Token![:]>()?;
            let annotation = input.parse()?;
            input.parse::<Token![=]>()?;
            statics.push(Static { ident, annotation, value: input.parse()? });
            if !input.is_empty() {
                input.parse::<Token![;]>()?;
            }
        }
        Ok(statics)
    }
}

/// `pattern = future, if condition => body`, or `else => body`.
struct Arm {
    waits: Option<(Pat, Expr)>,
    body: Expr,
}

impl Arm {
    fn parse_all(input: ParseStream) -> syn::Result<Vec<Arm>> {
        let mut arms = Vec::new();
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            let mut waits = None;
            if input.parse::<Option<Token![else]>>()?.is_none() {
                let pattern = input.call(Pat::parse_multi_with_leading_vert)?;
                input.parse::<Token![=]>()?;
                waits = Some((pattern, input.parse()?));
                if input.parse::<Option<Token![,]>>()?.is_some() {
                    input.parse::<Token![if]>()?;
                    input.parse::<Expr>()?;
                }
            }
            input.parse::<Token![=>]>()?;
            let body = input.parse::<Body>()?.0;
            arms.push(Arm { waits, body });
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(arms)
    }
}

/// What an arm does: a block ends it, with or without a comma.
struct Body(Expr);

impl Parse for Body {
    fn parse(input: ParseStream) -> syn::Result<Body> {
        if !input.peek(token::Brace) {
            return Ok(Body(input.parse()?));
        }
        let block: syn::ExprBlock = input.parse()?;
        Ok(Body(Expr::Block(block)))
    }
}

/// Whether tokens are `x; n`.
fn is_repetition(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';'))
}

/// Makes a template of the first positional text that has placeholders.
fn with_template(arguments: &mut [Argument]) {
    let is_text = |argument: &Argument| {
        argument.name.is_none() && matches!(argument.value.kind, ExpressionKind::Literal(Literal::Text(_)))
    };
    let Some(at) = arguments.iter().position(is_text) else { return };
    let Some((before, after)) = arguments.split_at_mut_checked(at + 1) else { return };
    let Some(argument) = before.last_mut() else { return };
    let ExpressionKind::Literal(Literal::Text(format)) = &argument.value.kind else { return };
    if let Some(parts) = template(format, argument.value.span, after) {
        argument.value.kind = ExpressionKind::Template(parts);
    }
}

/// The parts of a format string; `None` if it has no placeholder or is none.
fn template(format: &str, span: Span, arguments: &[Argument]) -> Option<Vec<Expression>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut next = 0;
    let mut rest = format;
    let mut has_placeholder = false;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        if let Some(escaped) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            plain.push_str(rest.get(..1)?);
            rest = escaped;
            continue;
        }
        let (inside, after) = rest.strip_prefix('{')?.split_once('}')?;
        let word = inside.split(':').next().unwrap_or_default().trim();
        has_placeholder = true;
        if !plain.is_empty() {
            parts.push(text(span, std::mem::take(&mut plain)));
        }
        parts.push(slot(word, span, arguments, &mut next)?);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(text(span, plain));
    }
    has_placeholder.then_some(parts)
}

/// What stands in a placeholder: a name of the scope, a named argument or a positional one.
fn slot(word: &str, span: Span, arguments: &[Argument], next: &mut usize) -> Option<Expression> {
    let position = if word.is_empty() {
        *next += 1;
        *next - 1
    } else if let Ok(number) = word.parse::<usize>() {
        number
    } else {
        let is_identifier = |part: char| part == '_' || part.is_alphanumeric();
        if !word.chars().all(is_identifier) {
            return None;
        }
        let named = arguments.iter().find(|argument| argument.name.as_deref() == Some(word));
        return Some(named.map_or_else(|| name(span, word), |argument| plain_path(&argument.value)));
    };
    let value = arguments.iter().filter(|argument| argument.name.is_none()).nth(position);
    Some(value.map_or_else(|| unknown(span), |argument| plain_path(&argument.value)))
}

/// Names and members as they are; of other values a template knows nothing, they are arguments already.
fn plain_path(value: &Expression) -> Expression {
    let mut links = 0;
    let mut object = value;
    while let ExpressionKind::Member { object: inner, .. } = &object.kind {
        object = inner;
        links += 1;
    }
    match &object.kind {
        ExpressionKind::Name(_) if links == 0 => value.clone(),
        ExpressionKind::Name(root) if links < 8 => {
            let mut names = Vec::new();
            let mut object = value;
            while let ExpressionKind::Member { object: inner, name } = &object.kind {
                names.push((object.span, name.clone()));
                object = inner;
            }
            let start = name(object.span, root.clone());
            names.into_iter().rev().fold(start, |object, (span, word)| member(object, span, word))
        }
        _ => unknown(value.span),
    }
}
