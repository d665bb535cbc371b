//! Where the files of a tree are read: on disk, or for a revision of git from its objects where they differ from those
//! on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// Gives the bytes of the files of one tree.
#[derive(Clone, Debug)]
pub struct Contents {
    root: PathBuf,
    snapshot: Option<Snapshot>,
}

/// The files of a revision, by path relative to the root.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// Those that are other on disk, or not there.
    pub(super) changed: BTreeMap<String, Vec<u8>>,
    /// Those that are the same on disk.
    pub(super) unchanged: BTreeSet<String>,
}

impl Contents {
    /// Of what is on disk.
    pub fn on_disk(root: &Path) -> Contents {
        Contents { root: root.to_owned(), snapshot: None }
    }

    pub(super) fn of(root: &Path, snapshot: Snapshot) -> Contents {
        Contents { root: root.to_owned(), snapshot: Some(snapshot) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// There is no such file, or the system does not let us read it.
    pub fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        match &self.snapshot {
            Some(snapshot) if snapshot.changed.contains_key(path) => {
                Ok(snapshot.changed.get(path).cloned().unwrap_or_default())
            }
            Some(snapshot) if !snapshot.unchanged.contains(path) => Err(io::ErrorKind::NotFound.into()),
            _ => fs::read(self.root.join(path)),
        }
    }

    /// Whether a file is the one on disk, so that what is known of that one holds for it.
    pub fn is_on_disk(&self, path: &str) -> bool {
        self.snapshot.as_ref().is_none_or(|snapshot| snapshot.unchanged.contains(path))
    }

    /// Whether this is a revision of git.
    pub fn is_revision(&self) -> bool {
        self.snapshot.is_some()
    }
}
