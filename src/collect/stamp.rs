//! What the system says about the files of a tree on disk, in one hash: as long as it stays the same, nothing of them has
//! to be read again. Git knows by the same facts which files have changed.

use std::{
    collections::BTreeSet,
    fs::{self, Metadata},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gix_hash::Kind;
use rayon::prelude::*;

use super::{Tree, git, join};

/// A second change within the tick of a file system's clock leaves no trace: what has changed only just is in doubt. FAT
/// counts two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// One hash of a tree on disk: which files there are, what each is for, when they changed, and the rules that leave others
/// out. None: some have changed only just before `now`, or cannot be asked about.
pub fn stamp(root: &Path, tree: &Tree, now: SystemTime) -> Option<String> {
    let settled = now.checked_sub(SETTLED)?;
    let files: Vec<String> = tree
        .files
        .par_iter()
        .map(|file| facts(&fs::symlink_metadata(root.join(&file.path)).ok()?, settled))
        .collect::<Option<_>>()?;
    let folders: BTreeSet<&str> = tree.files.iter().flat_map(|file| super::ignoring::ancestors(&file.path)).collect();
    let rules: Vec<String> = folders
        .into_iter()
        .map(|folder| optional(&root.join(join(folder, ".gitignore")), settled))
        .collect::<Option<_>>()?;
    let repository = git::discover(root).ok().flatten();
    let own = repository.map(|repository| optional(&repository.common.join("info/exclude"), settled));
    let mut hasher = gix_hash::hasher(Kind::Sha1);
    let own = own.map_or(Some(String::new()), |own| own)?;
    hasher.update(format!("{:?}", (root.canonicalize().ok()?, tree, files, rules, own)).as_bytes());
    hasher.try_finalize().ok().map(|id| id.to_string())
}

/// The same of a file that need not be there.
fn optional(path: &Path, settled: SystemTime) -> Option<String> {
    fs::symlink_metadata(path).map_or_else(|_| Some(String::new()), |about| facts(&about, settled))
}

/// What tells a file from another one, and from itself after a change.
fn facts(about: &Metadata, settled: SystemTime) -> Option<String> {
    let modified = about.modified().ok().filter(|modified| *modified < settled)?;
    let modified = modified.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(format!("{} {modified} {}", about.len(), identity(about, settled)?))
}

/// Which file it is, and when anything about it changed, its times included.
#[cfg(unix)]
fn identity(about: &Metadata, settled: SystemTime) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let changed = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(about.ctime()).ok()?))?;
    (changed < settled).then(|| format!("{} {} {}", about.ino(), about.ctime(), about.ctime_nsec()))
}

/// Which file it is, as far as the system tells.
#[cfg(not(unix))]
fn identity(about: &Metadata, _: SystemTime) -> Option<String> {
    Some(format!("{:?}", about.created().ok()))
}
