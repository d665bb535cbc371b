//! Paths and types.

use syn::ext::IdentExt;
use syn::{GenericArgument, Path, PathArguments, QSelf, ReturnType, Type, TypeParamBound};

use super::{Lowering, cover, expression, member, name, null, unknown};
use crate::model::{Expression, ExpressionKind, LostReason, Span};

/// Paths longer than this are hostile.
const SEGMENTS: usize = 64;

impl Lowering {
    /// A path as a value: names and members, generics dropped.
    pub(super) fn path(&mut self, written: &Path, within: Option<&QSelf>) -> Expression {
        let mut segments = written.segments.iter();
        let mut result = None;
        if let Some(within) = within {
            result = Some(self.type_expression(&within.ty));
            for _ in 0..within.position {
                segments.next();
            }
        }
        if written.segments.len() > SEGMENTS {
            let span = written.segments.first().map(|segment| self.span(segment.ident.span())).unwrap_or_default();
            self.budget.lose(span, LostReason::Depth);
            return unknown(span);
        }
        for segment in segments {
            let span = self.span(segment.ident.span());
            let word = segment.ident.unraw().to_string();
            result = Some(match result {
                Some(object) => member(object, span, word),
                None if word == "None" && written.segments.len() == 1 => null(span),
                None if written.segments.len() > 1 && self.variables.contains(&word) => name(span, format!("::{word}")),
                None => name(span, word),
            });
        }
        result.unwrap_or_else(|| unknown(Span::default()))
    }

    /// A type as an expression: `Option<String>` is `Option` indexed by `String`.
    pub(super) fn type_expression(&mut self, written: &Type) -> Expression {
        let first = first_of_type(written);
        if !self.enter(first) {
            return unknown(self.span(first));
        }
        let result = match written {
            Type::Path(path) => match &path.qself {
                Some(within) => self.path(&path.path, Some(within)),
                None => self.type_path(&path.path),
            },
            Type::Reference(inner) => self.type_expression(&inner.elem),
            Type::Ptr(inner) => self.type_expression(&inner.elem),
            Type::Paren(inner) => self.type_expression(&inner.elem),
            Type::Group(inner) => self.type_expression(&inner.elem),
            Type::ImplTrait(inner) => self.first_trait(inner.bounds.iter(), first),
            Type::TraitObject(inner) => self.first_trait(inner.bounds.iter(), first),
            Type::Slice(inner) => {
                let element = self.type_expression(&inner.elem);
                expression(self.span(inner.bracket_token.span.join()), ExpressionKind::List(vec![element]))
            }
            Type::Array(inner) => {
                let element = self.type_expression(&inner.elem);
                expression(self.span(inner.bracket_token.span.join()), ExpressionKind::List(vec![element]))
            }
            Type::Tuple(inner) => {
                let span = self.span(inner.paren_token.span.join());
                if inner.elems.is_empty() {
                    null(span)
                } else {
                    expression(
                        span,
                        ExpressionKind::List(inner.elems.iter().map(|part| self.type_expression(part)).collect()),
                    )
                }
            }
            Type::Infer(_) => name(self.span(first), "_"),
            Type::Never(_) => name(self.span(first), "!"),
            _ => unknown(self.span(first)),
        };
        self.leave();
        result
    }

    /// The first trait of `impl A + B` and `dyn A + B`.
    pub(super) fn first_trait<'a>(
        &mut self,
        mut bounds: impl Iterator<Item = &'a TypeParamBound>,
        at: proc_macro2::Span,
    ) -> Expression {
        let found = bounds.find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        });
        match found {
            Some(path) => self.type_path(path),
            None => unknown(self.span(at)),
        }
    }

    /// A path as a type, with the generic arguments of its last segment.
    pub(super) fn type_path(&mut self, written: &Path) -> Expression {
        let mut object = self.path(written, None);
        if let ExpressionKind::Literal(_) = object.kind {
            object = name(object.span, "None");
        }
        let Some(last) = written.segments.last() else { return object };
        let mut arguments = Vec::new();
        let end = match &last.arguments {
            PathArguments::None => return object,
            PathArguments::AngleBracketed(generics) => {
                for argument in &generics.args {
                    arguments.extend(self.generic_argument(argument));
                }
                self.span(generics.gt_token.span)
            }
            PathArguments::Parenthesized(function) => {
                arguments.extend(function.inputs.iter().map(|input| self.type_expression(&input.ty)));
                if let ReturnType::Type(_, result) = &function.output {
                    arguments.push(self.type_expression(result));
                }
                self.span(function.paren_token.span.join())
            }
        };
        let span = cover(object.span, end);
        let index = match arguments.len() {
            0 => return object,
            1 => arguments.remove(0),
            _ => expression(span, ExpressionKind::List(arguments)),
        };
        expression(span, ExpressionKind::Index { object: Box::new(object), index: Box::new(index) })
    }

    fn generic_argument(&mut self, argument: &GenericArgument) -> Option<Expression> {
        match argument {
            GenericArgument::Type(inner) => Some(self.type_expression(inner)),
            GenericArgument::AssocType(inner) => Some(self.type_expression(&inner.ty)),
            GenericArgument::Const(inner) => Some(self.expression(inner)),
            _ => None,
        }
    }
}

/// The last name of a type, behind references: whose methods an `impl` block has.
pub(super) fn last_name(mut written: &Type) -> Option<proc_macro2::Ident> {
    loop {
        written = match written {
            Type::Path(path) => return path.path.segments.last().map(|segment| segment.ident.clone()),
            Type::TraitObject(object) => {
                return object.bounds.iter().find_map(|bound| match bound {
                    TypeParamBound::Trait(bound) => bound.path.segments.last().map(|segment| segment.ident.clone()),
                    _ => None,
                });
            }
            Type::Reference(inner) => &inner.elem,
            Type::Paren(inner) => &inner.elem,
            Type::Group(inner) => &inner.elem,
            Type::Ptr(inner) => &inner.elem,
            Type::Slice(inner) => &inner.elem,
            Type::Array(inner) => &inner.elem,
            _ => return None,
        };
    }
}

fn first_of_type(written: &Type) -> proc_macro2::Span {
    let nowhere = proc_macro2::Span::call_site;
    match written {
        Type::Path(path) => match &path.qself {
            Some(within) => within.lt_token.span,
            None => path.path.segments.first().map_or_else(nowhere, |segment| segment.ident.span()),
        },
        Type::Reference(inner) => inner.and_token.span,
        Type::Ptr(inner) => inner.star_token.span,
        Type::Paren(inner) => inner.paren_token.span.open(),
        Type::ImplTrait(inner) => inner.impl_token.span,
        Type::TraitObject(inner) => inner.dyn_token.map_or_else(nowhere, |token| token.span),
        Type::Slice(inner) => inner.bracket_token.span.open(),
        Type::Array(inner) => inner.bracket_token.span.open(),
        Type::Tuple(inner) => inner.paren_token.span.open(),
        Type::Infer(inner) => inner.underscore_token.span,
        Type::Never(inner) => inner.bang_token.span,
        Type::FnPtr(inner) => inner.fn_token.span,
        _ => nowhere(),
    }
}
