//! The variables of a function: a path never begins at one of them, even where a crate has the same name.

use std::collections::BTreeSet;

use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{PatIdent, Signature};

/// The names that a function gives to its parameters and variables.
pub(super) fn of(signature: &Signature, body: Option<&syn::Block>) -> BTreeSet<String> {
    let mut variables = Variables::default();
    variables.visit_signature(signature);
    if let Some(body) = body {
        variables.visit_block(body);
    }
    variables.0
}

#[derive(Default)]
struct Variables(BTreeSet<String>);

impl<'tree> Visit<'tree> for Variables {
    fn visit_pat_ident(&mut self, pattern: &'tree PatIdent) {
        self.0.insert(pattern.ident.unraw().to_string());
        visit::visit_pat_ident(self, pattern);
    }
}
