//! Where a configuration is written: one of four places at the root of the audited tree, or a file that was named.

use std::{fs, path::Path};

use super::mistakes::{ConfigError, Mistake, Text};

/// The places, in the order in which they are told.
pub const NAMES: [&str; 4] = ["launchcheck.toml", ".github/launchcheck.toml", "pyproject.toml", "package.json"];

/// Beyond this a file is no configuration, in bytes.
const BYTES: u64 = 1 << 20;

/// A file that holds a configuration, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Relative to the root where it is inside.
    pub path: String,
    pub text: String,
    /// The keys that lead to the configuration within the file.
    pub keys: &'static [&'static str],
}

impl Written {
    /// A file of its own, or the part of a manifest that is ours.
    fn of(path: &str, text: String) -> Written {
        let keys: &[&str] = match path.rsplit('/').next() {
            Some("pyproject.toml") => &["tool", "launchcheck"],
            Some("package.json") => &["launchcheck"],
            _ => &[],
        };
        Written { path: path.to_owned(), text, keys }
    }

    /// Whether there is a configuration in it. A file of its own always is one.
    fn is_one(&self) -> bool {
        self.keys.is_empty() || super::values::tree(self).is_some_and(|tree| tree.at(self.keys).is_some())
    }
}

/// The configuration of a tree of which `text` gives the files.
///
/// # Errors
/// There are two of them.
pub fn find(text: &dyn Fn(&str) -> Option<String>) -> Result<Option<Written>, ConfigError> {
    let written = |path: &&str| Some(Written::of(path, text(path)?)).filter(Written::is_one);
    let mut found: Vec<Written> = NAMES.iter().filter_map(written).collect();
    if let [first, second, ..] = found.as_slice() {
        let problem = format!("there are two configurations: {} and {}", first.path, second.path);
        let help = "keep one of them: which one would hold is nothing to guess about".to_owned();
        return Err(ConfigError::of(vec![Mistake { problem, help, text: Text::of(second), at: second.place() }]));
    }
    Ok(found.pop())
}

/// The configuration in a file that was named.
///
/// # Errors
/// The file cannot be read, or there is no configuration in it.
pub fn read(path: &Path) -> Result<Written, ConfigError> {
    let shown = path.display().to_string();
    let text = small(path).map_err(|why| ConfigError::Unreadable { path: shown.clone(), why })?;
    let written = Written::of(&shown, text);
    if written.is_one() {
        return Ok(written);
    }
    let why = format!("it has no `{}`", written.keys.join("."));
    Err(ConfigError::Unreadable { path: shown, why })
}

/// The text of a file of a tree that may hold a configuration. Links are not followed: they may lead out of the tree.
pub fn text_in(root: &Path, path: &str) -> Option<String> {
    let path = root.join(path);
    fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
    small(&path).ok()
}

/// The text of a regular file of reasonable size.
fn small(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|why| why.to_string())?;
    if !about.is_file() || about.len() > BYTES {
        return Err("it is no file of a reasonable size".to_owned());
    }
    let bytes = fs::read(path).map_err(|why| why.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
