//! The tree of a revision of git, read from the repository's objects. No process is run and nothing is checked out.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use gix_hash::{Kind, ObjectId, Prefix};
use gix_object::{CommitRefIter, Find, Header, TagRef, TreeRefIter};
use gix_odb::Handle;
use gix_ref::file::{ReferenceExt, Store};
use rayon::prelude::*;

use super::{
    Contents, IgnoreRules, Limits, Tree,
    contents::Snapshot,
    git::{self, Repository},
    walk,
};

/// Folders of folders; no path is as deep.
const DEPTH: usize = 256;
/// Steps that a revision's name may go back, and tags that may point to tags.
const STEPS: usize = 100_000;

/// Why the tree of a revision cannot be read.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RevisionError {
    #[error("`{root}` is in no git repository, so there is nothing to compare it with")]
    #[diagnostic(
        code(launchcheck::revision),
        help("--changed-since reads git's data: audit a clone, or leave the option out")
    )]
    NoRepository { root: String },
    #[error("there is no revision `{name}`")]
    #[diagnostic(
        code(launchcheck::revision),
        help("give a branch, a tag or a commit, such as HEAD~1 or origin/main; a CI job may have to fetch it first")
    )]
    Unknown { name: String },
    #[error("`{name}` is ambiguous: several objects begin with it")]
    #[diagnostic(code(launchcheck::revision), help("give more of its digits"))]
    Ambiguous { name: String },
    #[error("the objects of `{name}` are not all here: {id} is missing")]
    #[diagnostic(
        code(launchcheck::revision),
        help(
            "the clone is shallow or partial: fetch the history (git fetch --unshallow; in a checkout step fetch-depth: 0)"
        )
    )]
    Missing { name: String, id: String },
    #[error("git's data about `{name}` cannot be read: {why}")]
    #[diagnostic(code(launchcheck::revision), help("git fsck says what is wrong with the repository"))]
    Broken { name: String, why: String },
}

/// The tree of a revision as `collect` gives the one on disk, and where its files are read.
pub struct Revision {
    pub tree: Tree,
    pub contents: Contents,
    /// What its files are, names and bytes, in one hash.
    pub print: String,
    /// The same of the tree on disk; none: it has files that git does not track.
    pub print_on_disk: Option<String>,
}

/// Opens a revision. `current` is the tree on disk: what is the same there is read there.
///
/// # Errors
/// There is no repository, no such revision, or not all of its objects are here.
pub fn revision(root: &Path, name: &str, current: &Tree, limits: Limits) -> Result<Revision, RevisionError> {
    let missing = || RevisionError::NoRepository { root: root.display().to_string() };
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let repository = git::discover(&root).ok().flatten().ok_or_else(missing)?;
    let rules = IgnoreRules::within(&root, Some(&repository));
    if rules.top() != repository.top {
        return Err(missing());
    }
    // The objects of a repository nobody vouches for may be anything; the reader is not ours.
    let read = || read(&root, &repository, rules.prefix(), name, current, limits);
    let broken = || RevisionError::Broken { name: name.to_owned(), why: "its objects are broken".to_owned() };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(broken()))
}

fn read(
    root: &Path,
    repository: &Repository,
    prefix: &str,
    name: &str,
    current: &Tree,
    limits: Limits,
) -> Result<Revision, RevisionError> {
    let objects = Objects::open(repository, name)?;
    let on_disk = on_disk(root, current);
    let is_tracked = current.files.iter().all(|file| file.tracked && on_disk.contains_key(&file.path));
    let print_on_disk = is_tracked.then(|| print(on_disk.iter().map(|(path, (id, _))| (path.as_str(), *id))));
    // Before the first commit, and where the folder was not there yet, everything is new.
    let nothing = || {
        let tree = Tree { in_git: true, ..Tree::default() };
        Revision { tree, contents: Contents::of(root, Snapshot::default()), print: print([]), print_on_disk: None }
    };
    if objects.is_unborn(repository) {
        return Ok(nothing());
    }
    let commit = objects.resolve(repository)?;
    let mut tree = objects.tree_of(commit)?;
    for part in prefix.split('/').filter(|part| !part.is_empty()) {
        match objects.entries(tree)?.into_iter().find(|entry| entry.name == part && entry.kind == EntryKind::Folder) {
            Some(entry) => tree = entry.id,
            None => return Ok(nothing()),
        }
    }
    let files = objects.files(tree, limits)?;
    let mut snapshot = Snapshot::default();
    let mut sizes: Vec<(String, u64)> = Vec::new();
    for (path, id) in &files {
        if let Some((_, bytes)) = on_disk.get(path).filter(|(found, _)| found == id) {
            sizes.push((path.clone(), *bytes));
            snapshot.unchanged.insert(path.clone());
            continue;
        }
        let bytes = objects.size(*id)?;
        if walk::is_taken(path, bytes, limits) {
            snapshot.changed.insert(path.clone(), objects.bytes(*id)?);
        }
        sizes.push((path.clone(), bytes));
    }
    let contents = Contents::of(root, snapshot);
    let tree = super::complete(walk::listed(sizes, limits), &contents);
    let taken = tree.files.iter().filter_map(|file| Some((file.path.as_str(), *files.get(&file.path)?)));
    let print = print(taken);
    Ok(Revision { tree, contents, print, print_on_disk })
}

/// What git calls the contents of the files on disk, with their sizes.
fn on_disk(root: &Path, current: &Tree) -> BTreeMap<String, (ObjectId, u64)> {
    let named = |path: &str| {
        let bytes = fs::read(root.join(path)).ok()?;
        let id = gix_object::compute_hash(Kind::Sha1, gix_object::Kind::Blob, &bytes).ok()?;
        Some((path.to_owned(), (id, bytes.len() as u64)))
    };
    current.files.par_iter().filter_map(|file| named(&file.path)).collect()
}

/// One hash of files, sorted by path.
fn print<'p>(files: impl IntoIterator<Item = (&'p str, ObjectId)>) -> String {
    let mut hasher = gix_hash::hasher(Kind::Sha1);
    for (path, id) in files {
        hasher.update(path.as_bytes());
        hasher.update(&[0]);
        hasher.update(id.as_bytes());
    }
    hasher.try_finalize().map_or_else(|_| String::new(), |id| id.to_string())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryKind {
    Folder,
    File,
    /// A link or a submodule: no file of this tree.
    Other,
}

struct Entry {
    name: String,
    kind: EntryKind,
    id: ObjectId,
}

/// The objects of a repository, asked for the sake of one revision.
struct Objects<'n> {
    handle: Handle,
    name: &'n str,
}

impl<'n> Objects<'n> {
    fn open(repository: &Repository, name: &'n str) -> Result<Objects<'n>, RevisionError> {
        let handle = gix_odb::at(repository.common.join("objects"), Kind::Sha1)
            .map_err(|why| RevisionError::Broken { name: name.to_owned(), why: why.kind().to_string() })?;
        Ok(Objects { handle, name })
    }

    fn broken(&self, why: &str) -> RevisionError {
        RevisionError::Broken { name: self.name.to_owned(), why: why.to_owned() }
    }

    fn missing(&self, id: ObjectId) -> RevisionError {
        RevisionError::Missing { name: self.name.to_owned(), id: id.to_string() }
    }

    fn unknown(&self) -> RevisionError {
        RevisionError::Unknown { name: self.name.to_owned() }
    }

    /// An object with its kind.
    fn object(&self, id: ObjectId) -> Result<(gix_object::Kind, Vec<u8>), RevisionError> {
        let mut buffer = Vec::new();
        let kind = match self.handle.try_find(&id, &mut buffer) {
            Ok(Some(data)) => data.kind,
            Ok(None) => return Err(self.missing(id)),
            Err(why) => return Err(self.broken(&why.to_string())),
        };
        Ok((kind, buffer))
    }

    fn size(&self, id: ObjectId) -> Result<u64, RevisionError> {
        match gix_object::FindHeader::try_header(&self.handle, &id) {
            Ok(Some(Header { size, .. })) => Ok(size),
            Ok(None) => Err(self.missing(id)),
            Err(why) => Err(self.broken(&why.to_string())),
        }
    }

    fn bytes(&self, id: ObjectId) -> Result<Vec<u8>, RevisionError> {
        self.object(id).map(|(_, bytes)| bytes)
    }

    /// The commit that the revision names: `HEAD`, a branch, a tag, digits of a commit, each with `~N` and `^N` behind.
    fn resolve(&self, repository: &Repository) -> Result<ObjectId, RevisionError> {
        let end = self.name.find(['~', '^']).unwrap_or(self.name.len());
        let (base, mut steps) = self.name.split_at(end);
        let mut commit = self.commit(self.named(repository, if base == "@" { "HEAD" } else { base })?)?;
        while let Some(step) = steps.chars().next() {
            let rest = steps.get(1..).unwrap_or("");
            let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let number: usize = if number.is_empty() { 1 } else { number.parse().map_err(|_| self.unknown())? };
            commit = match step {
                '~' if number <= STEPS => (0..number).try_fold(commit, |commit, _| self.parent(commit, 1))?,
                '^' => self.parent(commit, number)?,
                _ => return Err(self.unknown()),
            };
            steps = after;
        }
        Ok(commit)
    }

    fn parent(&self, commit: ObjectId, number: usize) -> Result<ObjectId, RevisionError> {
        let Some(index) = number.checked_sub(1) else { return Ok(commit) };
        let (_, data) = self.object(commit)?;
        let parent = CommitRefIter::from_bytes(&data, Kind::Sha1).parent_ids().nth(index);
        parent.ok_or_else(|| self.unknown())
    }

    fn store(repository: &Repository) -> Store {
        let (git, common) = (repository.git.clone(), repository.common.clone());
        if git == common { Store::at(git, Kind::Sha1) } else { Store::for_linked_worktree(git, common, Kind::Sha1) }
    }

    /// Whether the revision is the head of a branch without a commit: what a hook is run on first.
    fn is_unborn(&self, repository: &Repository) -> bool {
        let head = git::read_small(&repository.git.join("HEAD")).unwrap_or_default();
        matches!(self.name, "HEAD" | "@")
            && head.strip_prefix("ref:").is_some_and(|branch| {
                Self::store(repository).try_find(branch.trim()).is_ok_and(|found| found.is_none())
            })
    }

    fn named(&self, repository: &Repository, base: &str) -> Result<ObjectId, RevisionError> {
        let is_hex = !base.is_empty() && base.bytes().all(|byte| byte.is_ascii_hexdigit());
        if base.len() == 40 && is_hex {
            return ObjectId::from_hex(base.as_bytes()).map_err(|_| self.unknown());
        }
        let store = Self::store(repository);
        if let Ok(Some(mut found)) = store.try_find(base) {
            return match found.peel_to_id(&store, &self.handle) {
                Ok(id) => Ok(id),
                Err(_) => match found.target.try_id() {
                    Some(id) => Err(self.missing(id.to_owned())),
                    None => Err(self.unknown()),
                },
            };
        }
        let prefix = Prefix::from_hex(base).ok().filter(|_| is_hex).ok_or_else(|| self.unknown())?;
        match self.handle.lookup_prefix(prefix, None) {
            Ok(Some(Ok(id))) => Ok(id),
            Ok(Some(Err(()))) => Err(RevisionError::Ambiguous { name: self.name.to_owned() }),
            _ => Err(self.unknown()),
        }
    }

    /// The commit that an object is or, as a tag, points to.
    fn commit(&self, mut id: ObjectId) -> Result<ObjectId, RevisionError> {
        for _ in 0..DEPTH {
            let (kind, data) = self.object(id)?;
            match kind {
                gix_object::Kind::Commit => return Ok(id),
                gix_object::Kind::Tag => {
                    let tag = TagRef::from_bytes(&data, Kind::Sha1).map_err(|_| self.broken("a tag is broken"))?;
                    id = tag.target();
                }
                _ => break,
            }
        }
        Err(self.unknown())
    }

    fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, RevisionError> {
        let (_, data) = self.object(commit)?;
        CommitRefIter::from_bytes(&data, Kind::Sha1).tree_id().map_err(|_| self.broken("a commit is broken"))
    }

    fn entries(&self, tree: ObjectId) -> Result<Vec<Entry>, RevisionError> {
        let (kind, data) = self.object(tree)?;
        if kind != gix_object::Kind::Tree {
            return Err(self.broken("a folder is no folder"));
        }
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(&data, Kind::Sha1) {
            let entry = entry.map_err(|_| self.broken("a folder is broken"))?;
            let kind = match () {
                () if entry.mode.is_tree() => EntryKind::Folder,
                () if entry.mode.is_blob() => EntryKind::File,
                () => EntryKind::Other,
            };
            let name = String::from_utf8_lossy(entry.filename).into_owned();
            if git::stays_inside(&name) && !name.contains('/') {
                entries.push(Entry { name, kind, id: entry.oid.to_owned() });
            }
        }
        Ok(entries)
    }

    /// All files below a tree, by path.
    fn files(&self, tree: ObjectId, limits: Limits) -> Result<BTreeMap<String, ObjectId>, RevisionError> {
        let mut files = BTreeMap::new();
        let mut open = vec![(String::new(), tree, 0)];
        // Folders may stand in each other many times over without a single file.
        let mut folders = 0;
        while let Some((folder, tree, depth)) = open.pop() {
            folders += 1;
            if folders > limits.files {
                return Err(self.broken("it has too many folders"));
            }
            for entry in self.entries(tree)? {
                let path = super::join(&folder, &entry.name);
                match entry.kind {
                    EntryKind::Folder if depth < DEPTH => open.push((path, entry.id, depth + 1)),
                    EntryKind::File if files.len() < limits.files => {
                        files.insert(path, entry.id);
                    }
                    _ => {}
                }
            }
        }
        Ok(files)
    }
}
