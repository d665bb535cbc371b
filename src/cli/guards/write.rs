//! Copies files into a tree that may be a stranger's: no link is followed, nothing is replaced unasked.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use crate::cli::Failure;
use crate::report::clean;

/// A file to copy, and what is there now.
pub(super) struct Copied {
    /// Relative to the root.
    pub(super) path: String,
    text: String,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    Same,
    Differs,
}

/// Holds files against what is in the tree.
///
/// # Errors
/// A path of which the system tells nothing, or at which something else than a file is.
pub(super) fn compare(root: &Path, files: Vec<(String, String)>) -> Result<Vec<Copied>, Failure> {
    let state = |path: &str, text: &str| -> io::Result<State> {
        no_link_above(root, path)?;
        match fs::symlink_metadata(root.join(path)) {
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(State::Missing),
            Err(why) => Err(why),
            Ok(found) if !found.is_file() => Err(io::Error::new(ErrorKind::AlreadyExists, "something else is there")),
            Ok(_) => Ok(if fs::read(root.join(path))? == text.as_bytes() { State::Same } else { State::Differs }),
        }
    };
    let copied = |(path, text): (String, String)| match state(&path, &text) {
        Ok(state) => Ok(Copied { path, text, state }),
        Err(why) => Err(failure(&path, why)),
    };
    files.into_iter().map(copied).collect()
}

/// Writes what is missing or differs.
///
/// # Errors
/// What the system says; files written before stay.
pub(super) fn write(root: &Path, files: &[Copied]) -> Result<(), Failure> {
    for file in files.iter().filter(|file| file.state != State::Same) {
        let path = root.join(&file.path);
        let written = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            if file.state == State::Differs {
                fs::remove_file(&path)?;
            }
            // Fails where something has appeared since, a dangling link too.
            OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(file.text.as_bytes())
        };
        written().map_err(|why| failure(&file.path, why))?;
    }
    Ok(())
}

/// A link to a folder could lead out of the tree.
fn no_link_above(root: &Path, path: &str) -> io::Result<()> {
    let mut folder = root.to_owned();
    for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        if fs::symlink_metadata(&folder).is_ok_and(|found| found.file_type().is_symlink()) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "a folder on the way is a symbolic link"));
        }
    }
    Ok(())
}

fn failure(path: &str, why: io::Error) -> Failure {
    Failure::Write { what: format!("`{}`", clean::shown(path)), why }
}
