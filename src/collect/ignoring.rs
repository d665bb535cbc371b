//! Git's ignore rules: `.gitignore` files from the repository's top to a path, read when first needed.
//!
//! The `ignore` crate's matcher does the matching; reading is done here, because a `.gitignore` in a tree nobody
//! vouches for may be a FIFO, a link or a gigabyte.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use super::{Contents, git};
use crate::source::is_bounded_pattern;

/// A `.gitignore` beyond this is not read.
const FILE_BYTES: u64 = 1 << 20;
/// Rules of one file; later ones are left out.
const FILE_RULES: usize = 20_000;

/// The matchers that decide about the entries of one folder, deepest first, each with the length of the path (relative
/// to the top) that leads to its own folder.
type Chain = Arc<[(usize, Arc<Gitignore>)]>;

/// The ignore rules that hold in an audited tree.
#[derive(Debug)]
pub struct IgnoreRules {
    /// Where rules begin: the repository's top, or the audited root outside of git.
    top: PathBuf,
    /// The audited root relative to the top, with `/` and without one at the end.
    prefix: String,
    /// Chains by folder relative to the top.
    chains: RwLock<HashMap<String, Chain>>,
    /// `.git/info/exclude`, which holds on this machine only.
    exclude: Gitignore,
    /// Where the rules of a revision are read; none: on disk.
    contents: Option<Contents>,
}

impl IgnoreRules {
    /// The rules for a folder; nothing is read yet. A root that its repository ignores has rules of its own only.
    pub fn new(root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let repository = git::discover(&root).ok().flatten();
        Self::within(&root, repository.as_ref())
    }

    /// The rules of a tree, wherever it is read.
    pub fn of(contents: &Contents) -> Self {
        let rules = Self::new(contents.root());
        IgnoreRules { contents: contents.is_revision().then(|| contents.clone()), chains: RwLock::default(), ..rules }
    }

    pub(super) fn within(root: &Path, repository: Option<&git::Repository>) -> Self {
        let alone = IgnoreRules {
            top: root.to_owned(),
            prefix: String::new(),
            chains: RwLock::default(),
            exclude: Gitignore::empty(),
            contents: None,
        };
        let Some(repository) = repository else { return alone };
        let prefix = super::relative(&repository.top, root).unwrap_or_default();
        let exclude = git::read_small(&repository.common.join("info/exclude"))
            .map_or_else(Gitignore::empty, |text| compile(&text));
        let rules =
            IgnoreRules { top: repository.top.clone(), prefix, chains: RwLock::default(), exclude, contents: None };
        if rules.root_is_ignored() { alone } else { rules }
    }

    /// Where the rules begin, and the audited root relative to it.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the rules start at this folder.
    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// Whether `.gitignore` files ignore a file at a path relative to the root, existing or not, tracked or not. Rules that
    /// hold on this machine only (`.git/info/exclude`, global ones) are set aside: they protect nobody else.
    pub fn would_ignore(&self, path: &str) -> bool {
        self.any_ignored(&self.below_top(path), false)
    }

    /// Whether an entry of the tree is ignored, given that the folders that lead to it are not.
    pub(super) fn ignores_entry(&self, path: &str, is_folder: bool) -> bool {
        self.entry_ignored(&self.below_top(path), is_folder, true)
    }

    fn below_top(&self, path: &str) -> String {
        let path = path.trim_start_matches("./").trim_matches('/');
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }

    fn root_is_ignored(&self) -> bool {
        !self.prefix.is_empty() && (self.any_ignored(&self.prefix, true) || self.any_excluded(&self.prefix))
    }

    fn any_excluded(&self, folder: &str) -> bool {
        ancestors(folder).chain([folder]).any(|folder| !folder.is_empty() && self.entry_ignored(folder, true, true))
    }

    /// Whether the path or a folder that leads to it is ignored: what is in an ignored folder cannot be rescued.
    fn any_ignored(&self, path: &str, is_folder: bool) -> bool {
        ancestors(path).any(|folder| !folder.is_empty() && self.entry_ignored(folder, true, false))
            || self.entry_ignored(path, is_folder, false)
    }

    fn entry_ignored(&self, path: &str, is_folder: bool, with_exclude: bool) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let chain = self.chain(folder);
        let verdict = chain.iter().find_map(|(skip, matcher)| decide(matcher, path.get(*skip..)?, is_folder));
        let excluded = || with_exclude.then(|| decide(&self.exclude, path, is_folder)).flatten();
        verdict.or_else(excluded).unwrap_or(false)
    }

    /// The matchers for the entries of a folder.
    fn chain(&self, folder: &str) -> Chain {
        let known = |folder: &str| self.chains.read().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        if let Some(chain) = known(folder) {
            return chain;
        }
        let mut chain: Chain = Arc::from([]);
        for folder in ancestors(folder).chain([folder]) {
            chain = known(folder).unwrap_or_else(|| {
                let extended = self.extend(&chain, folder);
                let mut chains = self.chains.write().unwrap_or_else(PoisonError::into_inner);
                chains.entry(folder.to_owned()).or_insert(extended).clone()
            });
        }
        chain
    }

    fn extend(&self, chain: &Chain, folder: &str) -> Chain {
        let own = self.text(&super::join(folder, ".gitignore")).map(|text| compile(&text));
        let Some(own) = own.filter(|matcher| !matcher.is_empty()) else { return chain.clone() };
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        [(skip, Arc::new(own))].into_iter().chain(chain.iter().cloned()).collect()
    }
}

impl IgnoreRules {
    /// The text of a file of rules, by its path from the top.
    fn text(&self, path: &str) -> Option<String> {
        let below = match self.prefix.as_str() {
            "" => Some(path),
            prefix => path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
        };
        match (&self.contents, below) {
            (Some(contents), Some(below)) => {
                let bytes = contents.bytes(below).ok()?;
                (bytes.len() as u64 <= FILE_BYTES).then(|| String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => read(&self.top.join(path)),
        }
    }
}

/// Whether git's ignore rules would ignore a file at a path relative to the root. For many paths make one [`IgnoreRules`].
pub fn would_ignore(root: &Path, path: &str) -> bool {
    IgnoreRules::new(root).would_ignore(path)
}

/// The folders that lead to a path, from the top (empty) down, without the path itself.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let top = if path.is_empty() { None } else { Some("") };
    top.into_iter().chain(path.match_indices('/').filter_map(|(at, _)| path.get(..at)))
}

fn decide(matcher: &Gitignore, path: &str, is_folder: bool) -> Option<bool> {
    match matcher.matched(path, is_folder) {
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
        Match::None => None,
    }
}

/// Reads a `.gitignore`; like git, not through a link.
fn read(path: &Path) -> Option<String> {
    let about = fs::symlink_metadata(path).ok()?;
    if !about.is_file() || about.len() > FILE_BYTES {
        return None;
    }
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Rules that are no globs are left out, as git does.
fn compile(text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let rules = text.trim_start_matches('\u{feff}').lines().take(FILE_RULES);
    for line in rules.filter(|line| is_bounded_pattern(line)) {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lead_to_a_path() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["", "a", "a/b"]);
        assert_eq!(ancestors("a").collect::<Vec<_>>(), [""]);
        assert_eq!(ancestors("").count(), 0);
    }
}
