//! Writes one step of the plan. Nothing is replaced and no symbolic link followed: the tree may be a stranger's.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use super::plan::{Action, Step};

/// Carries a step out.
///
/// # Errors
/// What the system says, or that the file has appeared or become a link since it was planned.
pub(super) fn apply(root: &Path, step: &Step) -> io::Result<()> {
    let path = root.join(&step.path);
    match &step.action {
        Action::Create(text) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            // Fails where there is something already, a dangling link too.
            OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(text.as_bytes())
        }
        Action::Append(text) => {
            if !fs::symlink_metadata(&path)?.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "no longer a regular file"));
            }
            OpenOptions::new().append(true).open(&path)?.write_all(text.as_bytes())
        }
        Action::Present | Action::Leave { .. } => Ok(()),
    }
}
