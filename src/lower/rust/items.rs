//! Items: imports, functions, types with their methods, constants.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Type, Visibility};

use super::{Lowering, cover, declaration, expression, name, statement};
use crate::model::{Block, Class, Entry, Expression, ExpressionKind, LostReason, Span, Statement, StatementKind};

/// What all kinds of classes have in common.
struct Head<'a> {
    attributes: &'a [Attribute],
    visibility: Option<&'a Visibility>,
    keyword: proc_macro2::Span,
    end: proc_macro2::Span,
}

impl Lowering {
    /// Lowers one item; several statements for one `use`, none for what does not ship.
    pub(super) fn item(&mut self, item: &Item, out: &mut Block) {
        let first = first_of_item(item);
        if super::attributes::is_test(attributes(item)) || !self.enter(first) {
            return;
        }
        match item {
            Item::Use(item) => self.use_item(item, out),
            Item::Mod(item) => self.mod_item(item, out),
            Item::ExternCrate(item) => self.extern_crate(item, out),
            Item::Fn(item) => {
                let function = self.function(&item.attrs, Some(&item.vis), &item.sig, Some(&item.block));
                out.push(self.function_statement(function));
            }
            Item::Impl(item) => self.impl_item(item, out),
            Item::Trait(item) => self.trait_item(item, out),
            Item::Struct(item) => self.struct_item(item, out),
            Item::Union(item) => {
                let head = Head {
                    attributes: &item.attrs,
                    visibility: Some(&item.vis),
                    keyword: item.union_token.span,
                    end: item.fields.brace_token.span.close(),
                };
                let body = item.fields.named.iter().enumerate().map(|(at, field)| self.field(at, field)).collect();
                out.push(self.class(&head, &item.ident, Vec::new(), body, false));
            }
            Item::Enum(item) => self.enum_item(item, out),
            Item::Const(item) => {
                let constant = self.constant(&item.ident, Some(&item.ty), Some(&item.expr), item.semi_token.span);
                out.push(constant);
            }
            Item::Static(item) => {
                let constant = self.constant(&item.ident, Some(&item.ty), Some(&item.expr), item.semi_token.span);
                out.push(constant);
            }
            Item::Type(item) => {
                let alias = self.alias(&item.ident, &item.ty, item.semi_token.span);
                out.push(alias);
            }
            Item::ForeignMod(item) => {
                for item in &item.items {
                    self.foreign_item(item, out);
                }
            }
            Item::Macro(item) => self.macro_item(&item.mac, out),
            Item::Verbatim(tokens) => self.unparsed_item(tokens, out),
            _ => {}
        }
        self.leave();
    }

    fn foreign_item(&mut self, item: &syn::ForeignItem, out: &mut Block) {
        if let syn::ForeignItem::Fn(item) = item {
            let function = self.function(&item.attrs, Some(&item.vis), &item.sig, None);
            out.push(self.function_statement(function));
        }
    }

    /// What the parser kept as tokens: macros take functions without a body where the language does not.
    fn unparsed_item(&mut self, tokens: &proc_macro2::TokenStream, out: &mut Block) {
        match syn::parse2::<syn::ForeignItem>(tokens.clone()) {
            Ok(syn::ForeignItem::Verbatim(_)) | Err(_) => {
                let span = self.span(tokens.span());
                self.budget.lose(span, LostReason::Syntax);
            }
            Ok(item) => self.foreign_item(&item, out),
        }
    }

    fn mod_item(&mut self, item: &syn::ItemMod, out: &mut Block) {
        let Some((braces, items)) = &item.content else {
            return self.mod_import(item, out);
        };
        let mut body = Vec::new();
        for inner in items {
            self.item(inner, &mut body);
        }
        let head = Head {
            attributes: &item.attrs,
            visibility: Some(&item.vis),
            keyword: item.mod_token.span,
            end: braces.span.close(),
        };
        out.push(self.class(&head, &item.ident, Vec::new(), body, false));
    }

    fn impl_item(&mut self, item: &syn::ItemImpl, out: &mut Block) {
        let bases = item.trait_.iter().map(|(path, _)| self.type_path(path)).collect();
        let mut body = Vec::new();
        for inner in &item.items {
            self.impl_member(inner, &mut body);
        }
        let head = Head {
            attributes: &item.attrs,
            visibility: None,
            keyword: item.impl_token.span,
            end: item.brace_token.span.close(),
        };
        let owner = super::types::last_name(&item.self_ty)
            .unwrap_or_else(|| proc_macro2::Ident::new("_", item.impl_token.span));
        out.push(self.class(&head, &owner, bases, body, true));
    }

    fn impl_member(&mut self, member: &ImplItem, out: &mut Block) {
        match member {
            ImplItem::Fn(item) if !super::attributes::is_test(&item.attrs) => {
                let function = self.function(&item.attrs, Some(&item.vis), &item.sig, Some(&item.block));
                out.push(self.function_statement(function));
            }
            ImplItem::Const(item) => {
                let constant = self.constant(&item.ident, Some(&item.ty), Some(&item.expr), item.semi_token.span);
                out.push(constant);
            }
            ImplItem::Type(item) => {
                let alias = self.alias(&item.ident, &item.ty, item.semi_token.span);
                out.push(alias);
            }
            ImplItem::Macro(item) => self.macro_item(&item.mac, out),
            ImplItem::Verbatim(tokens) => self.unparsed_item(tokens, out),
            _ => {}
        }
    }

    fn trait_item(&mut self, item: &syn::ItemTrait, out: &mut Block) {
        let mut bases = Vec::new();
        for bound in &item.supertraits {
            if let syn::TypeParamBound::Trait(bound) = bound {
                bases.push(self.type_path(&bound.path));
            }
        }
        let mut body = Vec::new();
        for inner in &item.items {
            match inner {
                TraitItem::Fn(item) if !super::attributes::is_test(&item.attrs) => {
                    let function = self.function(&item.attrs, None, &item.sig, item.default.as_ref());
                    body.push(self.function_statement(function));
                }
                TraitItem::Const(item) => {
                    let value = item.default.as_ref().map(|(_, value)| value);
                    let constant = self.constant(&item.ident, Some(&item.ty), value, item.semi_token.span);
                    body.push(constant);
                }
                TraitItem::Macro(item) => self.macro_item(&item.mac, &mut body),
                TraitItem::Verbatim(tokens) => self.unparsed_item(tokens, &mut body),
                _ => {}
            }
        }
        let head = Head {
            attributes: &item.attrs,
            visibility: Some(&item.vis),
            keyword: item.trait_token.span,
            end: item.brace_token.span.close(),
        };
        out.push(self.class(&head, &item.ident, bases, body, false));
    }

    fn struct_item(&mut self, item: &syn::ItemStruct, out: &mut Block) {
        let end = match (&item.fields, item.semi_token) {
            (_, Some(semi)) => semi.span,
            (Fields::Named(fields), None) => fields.brace_token.span.close(),
            (Fields::Unnamed(fields), None) => fields.paren_token.span.close(),
            (Fields::Unit, None) => item.ident.span(),
        };
        let body = item.fields.iter().enumerate().map(|(at, field)| self.field(at, field)).collect();
        let head = Head { attributes: &item.attrs, visibility: Some(&item.vis), keyword: item.struct_token.span, end };
        out.push(self.class(&head, &item.ident, Vec::new(), body, false));
    }

    fn enum_item(&mut self, item: &syn::ItemEnum, out: &mut Block) {
        let mut body = Vec::new();
        for variant in &item.variants {
            let span = self.span(variant.ident.span());
            let annotation = self.payload(&variant.fields, span);
            let value = match &variant.discriminant {
                Some((_, value)) => Some(self.expression(value)),
                None => self.attribute_value(&variant.attrs),
            };
            let end = annotation.as_ref().map_or(span, |annotation| annotation.span);
            let target = name(span, variant.ident.unraw().to_string());
            body.push(super::field(cover(span, end), target, annotation, value));
        }
        let head = Head {
            attributes: &item.attrs,
            visibility: Some(&item.vis),
            keyword: item.enum_token.span,
            end: item.brace_token.span.close(),
        };
        out.push(self.class(&head, &item.ident, Vec::new(), body, false));
    }

    /// What a variant carries.
    fn payload(&mut self, fields: &Fields, at: Span) -> Option<Expression> {
        match fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) => {
                let mut types: Vec<Expression> =
                    fields.unnamed.iter().map(|field| self.type_expression(&field.ty)).collect();
                if types.len() == 1 {
                    return types.pop();
                }
                Some(expression(self.span(fields.paren_token.span.join()), ExpressionKind::List(types)))
            }
            Fields::Named(fields) => {
                let mut entries = Vec::new();
                for field in &fields.named {
                    let key = field.ident.as_ref().map(|ident| ident.unraw().to_string());
                    entries.push(Entry { computed: None, key, value: self.type_expression(&field.ty) });
                }
                let span = cover(at, self.span(fields.brace_token.span.close()));
                Some(expression(span, ExpressionKind::Object(entries)))
            }
        }
    }

    /// A field of a struct; those of tuple structs are named by their number.
    fn field(&mut self, at: usize, field: &syn::Field) -> Statement {
        let annotation = self.type_expression(&field.ty);
        let (word, span) = match &field.ident {
            Some(ident) => (ident.unraw().to_string(), self.span(ident.span())),
            None => (at.to_string(), annotation.span),
        };
        let value = match &field.default {
            Some((_, value)) => Some(self.expression(value)),
            None => self.attribute_value(&field.attrs),
        };
        super::field(cover(span, annotation.span), name(span, word), Some(annotation), value)
    }

    pub(super) fn constant(
        &mut self,
        ident: &proc_macro2::Ident,
        annotation: Option<&Type>,
        value: Option<&syn::Expr>,
        end: proc_macro2::Span,
    ) -> Statement {
        let span = self.span(ident.span());
        let annotation = annotation.map(|annotation| self.type_expression(annotation));
        let value = value.map(|value| self.expression(value));
        let target = name(span, ident.unraw().to_string());
        declaration(cover(span, self.span(end)), target, annotation, value)
    }

    fn alias(&mut self, ident: &proc_macro2::Ident, meaning: &Type, end: proc_macro2::Span) -> Statement {
        let span = self.span(ident.span());
        let value = self.type_expression(meaning);
        declaration(cover(span, self.span(end)), name(span, ident.unraw().to_string()), None, Some(value))
    }

    fn class(
        &mut self,
        head: &Head,
        ident: &proc_macro2::Ident,
        bases: Vec<Expression>,
        body: Block,
        is_extension: bool,
    ) -> Statement {
        let decorators = self.decorators(head.attributes);
        let start = head.visibility.and_then(visibility_span).unwrap_or(head.keyword);
        let span = cover(self.span(start), self.span(head.end));
        let whole = decorators.first().map_or(span, |first| cover(first.span, span));
        let class = Class {
            span,
            name: ident.unraw().to_string(),
            name_span: self.span(ident.span()),
            bases,
            keywords: Vec::new(),
            decorators,
            body,
            is_extension,
        };
        statement(whole, StatementKind::Class(Box::new(class)))
    }
}

pub(super) fn visibility_span(visibility: &Visibility) -> Option<proc_macro2::Span> {
    match visibility {
        Visibility::Public(token) => Some(token.span),
        Visibility::Restricted(restricted) => Some(restricted.pub_token.span),
        Visibility::Inherited => None,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Where an item is said to be when it is lost.
fn first_of_item(item: &Item) -> proc_macro2::Span {
    match item {
        Item::Const(item) => item.ident.span(),
        Item::Enum(item) => item.ident.span(),
        Item::Fn(item) => item.sig.ident.span(),
        Item::Impl(item) => item.impl_token.span,
        Item::Mod(item) => item.ident.span(),
        Item::Static(item) => item.ident.span(),
        Item::Struct(item) => item.ident.span(),
        Item::Trait(item) => item.ident.span(),
        Item::Type(item) => item.ident.span(),
        Item::Use(item) => item.use_token.span,
        Item::Macro(item) => item.mac.bang_token.span,
        _ => proc_macro2::Span::call_site(),
    }
}
