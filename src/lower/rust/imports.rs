//! Imports: `use`, `mod m;` and `extern crate`.

use syn::ext::IdentExt;
use syn::{UseTree, Visibility};

use super::{Lowering, cover, statement};
use crate::model::{Block, Import, Span, Statement, StatementKind};

impl Lowering {
    pub(super) fn use_item(&mut self, item: &syn::ItemUse, out: &mut Block) {
        let span = cover(self.span(item.use_token.span), self.span(item.semi_token.span));
        let is_exported = !matches!(item.vis, Visibility::Inherited);
        self.use_tree(&item.tree, &mut Vec::new(), &Uses { span, is_exported }, out);
    }

    /// Goes along a path without recursion; recurses into groups only.
    fn use_tree(&mut self, tree: &UseTree, prefix: &mut Vec<String>, uses: &Uses, out: &mut Block) {
        let depth = prefix.len();
        let mut tree = tree;
        while let UseTree::Path(path) = tree {
            prefix.push(path.ident.unraw().to_string());
            tree = &path.tree;
        }
        match tree {
            UseTree::Name(leaf) => {
                let word = leaf.ident.unraw().to_string();
                out.push(uses.import(prefix, &word, None));
            }
            UseTree::Rename(leaf) => {
                let word = leaf.ident.unraw().to_string();
                out.push(uses.import(prefix, &word, Some(leaf.rename.unraw().to_string())));
            }
            UseTree::Glob(_) => out.push(uses.statement(prefix.join("::"), Some("*".to_owned()), String::new())),
            UseTree::Group(group) if self.enter(group.brace_token.span.open()) => {
                for part in &group.items {
                    self.use_tree(part, prefix, uses, out);
                }
                self.leave();
            }
            _ => {}
        }
        prefix.truncate(depth);
    }

    /// `mod m;` imports a file of this crate.
    pub(super) fn mod_import(&mut self, item: &syn::ItemMod, out: &mut Block) {
        let end = item.semi.map_or_else(|| item.ident.span(), |semi| semi.span);
        let span = cover(self.span(item.mod_token.span), self.span(end));
        let uses = Uses { span, is_exported: !matches!(item.vis, Visibility::Inherited) };
        let local = item.ident.unraw().to_string();
        out.push(uses.statement(format!("self::{local}"), None, local));
    }

    pub(super) fn extern_crate(&mut self, item: &syn::ItemExternCrate, out: &mut Block) {
        let span = cover(self.span(item.extern_token.span), self.span(item.semi_token.span));
        let uses = Uses { span, is_exported: !matches!(item.vis, Visibility::Inherited) };
        let word = item.ident.unraw().to_string();
        let local = item.rename.as_ref().map(|(_, rename)| rename.unraw().to_string());
        out.push(uses.import(&[], &word, local));
    }
}

/// What the imports of one `use` share.
struct Uses {
    span: Span,
    is_exported: bool,
}

impl Uses {
    fn import(&self, prefix: &[String], word: &str, renamed: Option<String>) -> Statement {
        match (word, prefix.split_last()) {
            // `use a::b::{self}` imports what `use a::b` does.
            ("self", Some((last, before))) => self.import(before, last, renamed),
            (word, None) => self.statement(word.to_owned(), None, renamed.unwrap_or_else(|| word.to_owned())),
            (word, Some(_)) => {
                let local = renamed.unwrap_or_else(|| word.to_owned());
                self.statement(prefix.join("::"), Some(word.to_owned()), local)
            }
        }
    }

    fn statement(&self, source: String, name: Option<String>, local: String) -> Statement {
        let import =
            Import { source, name, local, is_require: false, is_type_only: false, is_exported: self.is_exported };
        statement(self.span, StatementKind::Import(import))
    }
}
