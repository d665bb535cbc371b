//! What the tokens of macros may be, as parsers.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, LitStr, Pat, Token, Type, token};

use super::json::is_object;

/// One argument of a macro.
pub(super) enum Piece {
    Positional(Expr),
    Keyword(String, Expr),
    /// Braces that hold entries, with the keyword they are given by.
    Object(Option<String>, TokenTree),
}

impl Piece {
    /// Arguments between commas; `x; n` counts as two.
    pub(super) fn parse_all(input: ParseStream) -> syn::Result<Vec<Piece>> {
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
pub(super) struct Static {
    pub(super) ident: syn::Ident,
    pub(super) annotation: Type,
    pub(super) value: Expr,
}

impl Static {
    pub(super) fn parse_all(input: ParseStream) -> syn::Result<Vec<Static>> {
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
pub(super) struct Arm {
    pub(super) waits: Option<(Pat, Expr)>,
    pub(super) body: Expr,
}

impl Arm {
    pub(super) fn parse_all(input: ParseStream) -> syn::Result<Vec<Arm>> {
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
