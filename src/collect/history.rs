//! What git's history holds: the texts of all commits that lead to the present one.
//!
//! Only data is read, through `gix`'s plumbing. A repository that nobody vouches for may hold anything: everything is
//! bounded by counts and bytes, and what is broken is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gix_object::bstr::ByteSlice;
use gix_object::{Find, Kind};
use gix_odb::HeaderExt;
use gix_ref::file::ReferenceExt;

use gix_index::hash::{Kind as HashKind, ObjectId};

use super::{git, relative};

/// How much of a history is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The latest commits that are walked.
    pub commits: usize,
    /// Folders of commits that are entered.
    pub folders: usize,
    /// Texts that are handed over.
    pub texts: usize,
    /// The largest text, in bytes.
    pub text_bytes: u64,
    /// All texts together, in bytes.
    pub bytes: u64,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        HistoryLimits { commits: 50_000, folders: 2_000_000, texts: 500_000, text_bytes: 2 << 20, bytes: 4 << 30 }
    }
}

/// A file of an earlier commit.
#[derive(Debug)]
pub struct Past {
    /// Relative to the audited root, with `/`.
    pub path: String,
    /// The first commit that held it, in base 16.
    pub commit: String,
    pub bytes: Vec<u8>,
}

/// What was walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    pub commits: usize,
    pub texts: usize,
    /// The clone does not hold the commits before some of these.
    pub is_shallow: bool,
    /// A limit was reached.
    pub is_cut: bool,
}

/// Why there is no history to look at.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum HistoryError {
    #[error("there is no git repository whose history could be searched")]
    #[diagnostic(code(launchcheck::no_history), help("run it in a clone of the repository, or leave `--history` out"))]
    NoRepository,
    #[error("git's history cannot be read: {0}")]
    #[diagnostic(code(launchcheck::unreadable_history), help("`git fsck` says what is wrong with the repository"))]
    Broken(String),
}

/// Hands every text over that the present commit or one before it holds below the audited root: the oldest first, each
/// content once.
///
/// # Errors
/// There is no repository, or its references or objects cannot be opened.
pub fn history(root: &Path, limits: HistoryLimits, look: impl FnMut(Past)) -> Result<Walked, HistoryError> {
    let root = root.canonicalize().map_err(|why| HistoryError::Broken(why.to_string()))?;
    let repository = git::discover(&root).map_err(HistoryError::Broken)?.ok_or(HistoryError::NoRepository)?;
    let prefix = relative(&repository.top, &root).unwrap_or_default();
    // The reader of objects is not ours, and the objects may be anything.
    let walk = AssertUnwindSafe(|| walk(&repository, &prefix, limits, look));
    catch_unwind(walk).unwrap_or_else(|_| Err(HistoryError::Broken("its objects are broken".to_owned())))
}

fn walk(
    repository: &git::Repository,
    prefix: &str,
    limits: HistoryLimits,
    mut look: impl FnMut(Past),
) -> Result<Walked, HistoryError> {
    let broken = |why: &dyn std::fmt::Display| HistoryError::Broken(why.to_string());
    let objects = gix_odb::at(repository.common.join("objects"), HashKind::Sha1).map_err(|why| broken(&why))?;
    let references =
        gix_ref::file::Store::for_linked_worktree(repository.git.clone(), repository.common.clone(), HashKind::Sha1);
    let mut head = references.find("HEAD").map_err(|why| broken(&why))?;
    // A repository without a commit has no history, and nothing is wrong with it.
    let Ok(head) = head.peel_to_id(&references, &objects) else { return Ok(Walked::default()) };
    let mut walk = Walk { objects: &objects, limits, walked: Walked::default(), seen: HashSet::new(), folders: 0 };
    let commits = walk.commits(head);
    walk.walked.is_shallow = std::fs::metadata(repository.common.join("shallow")).is_ok_and(|about| about.len() > 0);
    walk.walked.commits = commits.len();
    let prefix: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
    let mut texts: Vec<(ObjectId, String, ObjectId)> = Vec::new();
    for (commit, tree) in commits.iter().rev() {
        let Some(tree) = walk.below(*tree, &prefix) else { continue };
        walk.texts(tree, &mut |path, id| texts.push((id, path, *commit)));
    }
    walk.hand_over(texts, &mut look);
    Ok(walk.walked)
}

struct Walk<'o> {
    objects: &'o gix_odb::Handle,
    limits: HistoryLimits,
    walked: Walked,
    /// Trees and texts that were met.
    seen: HashSet<ObjectId>,
    folders: usize,
}

impl Walk<'_> {
    /// The commits from the present one back, each before those that came before it, with their trees.
    fn commits(&mut self, head: ObjectId) -> Vec<(ObjectId, ObjectId)> {
        let mut found: BTreeMap<ObjectId, (ObjectId, Vec<ObjectId>)> = BTreeMap::new();
        let mut open = VecDeque::from([head]);
        let mut met = HashSet::from([head]);
        let mut bytes = Vec::new();
        while let Some(id) = open.pop_front() {
            if found.len() >= self.limits.commits {
                self.walked.is_cut = true;
                break;
            }
            let Ok(Some(data)) = self.objects.try_find(&id, &mut bytes) else { continue };
            let Some(commit) = data.try_into_commit_iter() else { continue };
            let Ok(tree) = commit.clone().tree_id() else { continue };
            let parents: Vec<ObjectId> = commit.parent_ids().collect();
            open.extend(parents.iter().filter(|parent| met.insert(**parent)));
            found.insert(id, (tree, parents));
        }
        sorted(head, &found)
    }

    /// The tree at a path below a tree.
    fn below(&self, mut tree: ObjectId, path: &[&str]) -> Option<ObjectId> {
        let mut bytes = Vec::new();
        for part in path {
            let data = self.objects.try_find(&tree, &mut bytes).ok()??;
            let mut entries = data.try_into_tree_iter()?.filter_map(Result::ok);
            let entry = entries.find(|entry| entry.mode.is_tree() && entry.filename == part.as_bytes())?;
            tree = entry.oid.to_owned();
        }
        Some(tree)
    }

    /// Calls with every text below a tree that was not met before, and its path. Trees that were met are not entered:
    /// what is in them was met, too.
    fn texts(&mut self, tree: ObjectId, found: &mut impl FnMut(String, ObjectId)) {
        let mut open = vec![(tree, String::new())];
        let mut bytes = Vec::new();
        while let Some((tree, folder)) = open.pop() {
            if !self.seen.insert(tree) {
                continue;
            }
            self.folders += 1;
            if self.folders > self.limits.folders {
                self.walked.is_cut = true;
                return;
            }
            let Ok(Some(data)) = self.objects.try_find(&tree, &mut bytes) else { continue };
            let Some(entries) = data.try_into_tree_iter() else { continue };
            for entry in entries.filter_map(Result::ok) {
                let name = entry.filename.to_str_lossy();
                let path = super::join(&folder, &name);
                let id: ObjectId = entry.oid.to_owned();
                if entry.mode.is_tree() {
                    open.push((id, path));
                } else if entry.mode.is_blob() && self.seen.insert(id) {
                    found(path, id);
                }
            }
        }
    }

    fn hand_over(&mut self, texts: Vec<(ObjectId, String, ObjectId)>, look: &mut impl FnMut(Past)) {
        let mut all = 0;
        let mut bytes = Vec::new();
        for (id, path, commit) in texts {
            let Ok(header) = self.objects.header(id) else { continue };
            if header.size() > self.limits.text_bytes {
                continue;
            }
            all += header.size();
            if self.walked.texts >= self.limits.texts || all > self.limits.bytes {
                self.walked.is_cut = true;
                return;
            }
            let Ok(Some(data)) = self.objects.try_find(&id, &mut bytes) else { continue };
            if data.kind == Kind::Blob {
                self.walked.texts += 1;
                look(Past { path, commit: commit.to_string(), bytes: data.data.to_vec() });
            }
        }
    }
}

/// Commits in an order in which each stands before all that came before it; the same order whatever the storage.
fn sorted(head: ObjectId, found: &BTreeMap<ObjectId, (ObjectId, Vec<ObjectId>)>) -> Vec<(ObjectId, ObjectId)> {
    let mut children: HashMap<ObjectId, usize> = HashMap::new();
    for parent in found.values().flat_map(|(_, parents)| parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let mut order = Vec::with_capacity(found.len());
    let mut ready = BTreeSet::from([(0usize, head)]);
    let mut number = 0;
    while let Some((_, id)) = ready.pop_last() {
        let Some((tree, parents)) = found.get(&id) else { continue };
        order.push((id, *tree));
        for parent in parents {
            let Some(left) = children.get_mut(parent) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                number += 1;
                ready.insert((number, *parent));
            }
        }
    }
    order
}
