//! Git without git: where the repository is and which files its index lists. Only data is read, nothing is run.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// Indexes beyond this are not read: a million files stay below.
const INDEX_BYTES: u64 = 256 << 20;

/// The repository that encloses a folder.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    /// Where its working tree begins.
    pub(super) top: PathBuf,
    /// The folder with `index` and `HEAD` (of a linked worktree its own).
    pub(super) git: PathBuf,
    /// The folder with what all worktrees share (`info/exclude`).
    pub(super) common: PathBuf,
}

/// Finds the repository that encloses an absolute folder. `Err` says what is wrong with the one that is there.
pub(super) fn discover(folder: &Path) -> Result<Option<Repository>, String> {
    for top in folder.ancestors() {
        let entry = top.join(".git");
        let Ok(about) = fs::metadata(&entry) else { continue };
        let git = if about.is_dir() {
            entry
        } else if about.is_file() {
            follow(top, &entry)?
        } else {
            continue;
        };
        if !git.join("HEAD").exists() {
            continue;
        }
        let common = match read_small(&git.join("commondir")) {
            Some(text) => git.join(text.trim()),
            None => git.clone(),
        };
        return Ok(Some(Repository { top: top.to_owned(), git, common }));
    }
    Ok(None)
}

/// The folder that a `.git` file of a worktree or submodule names.
fn follow(top: &Path, entry: &Path) -> Result<PathBuf, String> {
    let text = read_small(entry).unwrap_or_default();
    let named = text.strip_prefix("gitdir:").map(str::trim).filter(|named| !named.is_empty());
    let git = top.join(named.ok_or_else(|| ".git is a file that names no folder".to_owned())?);
    if git.join("HEAD").exists() { Ok(git) } else { Err(".git names a folder that is not there".to_owned()) }
}

/// A small regular file as text.
pub(super) fn read_small(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > 1 << 20 {
        return None;
    }
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

impl Repository {
    /// The files of the index below a folder (relative to the top, empty for all), relative to that folder and sorted.
    /// Submodules are not files; paths that would lead out of the folder are left out.
    pub(super) fn tracked(&self, prefix: &str) -> Result<Vec<String>, String> {
        let path = self.git.join("index");
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("the index cannot be read: {error}")),
        };
        if !about.is_file() || about.len() > INDEX_BYTES {
            return Err("the index is no file of a reasonable size".to_owned());
        }
        let options = gix_index::decode::Options { thread_limit: Some(1), ..Default::default() };
        // The index of a repository nobody vouches for may be anything; the reader is not ours.
        let opened =
            catch_unwind(AssertUnwindSafe(|| gix_index::File::at(&path, gix_index::hash::Kind::Sha1, false, options)));
        let index = match opened {
            Ok(Ok(index)) => index,
            Ok(Err(error)) => return Err(format!("the index is broken: {error}")),
            Err(_) => return Err("the index is broken".to_owned()),
        };
        let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let mut files: Vec<String> = index
            .entries()
            .iter()
            .filter(|entry| !entry.mode.is_submodule() && !entry.mode.is_sparse())
            .filter_map(|entry| {
                let path = String::from_utf8_lossy(entry.path(&index)).into_owned();
                path.strip_prefix(&below).filter(|path| stays_inside(path)).map(str::to_owned)
            })
            .collect();
        files.sort_unstable();
        files.dedup();
        Ok(files)
    }
}

/// Whether a path of an index names something below its folder and outside of `.git`.
fn stays_inside(path: &str) -> bool {
    !path.contains(['\0', '\\'])
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_an_index_stay_inside() {
        assert!(stays_inside("a/b.py"));
        for path in ["../x", "/etc/passwd", "a/../../x", "a//b", ".git/config", "a/.GIT/x", "", "./a"] {
            assert!(!stays_inside(path), "{path}");
        }
    }
}
