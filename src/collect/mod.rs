//! Stage 1: which files exist, which are tracked, what each is for, and the projects they belong to.

mod build_scripts;
mod classes;
mod commands;
mod contents;
mod git;
mod history;
mod ignoring;
mod known;
mod outputs;
mod projects;
mod revision;
mod stamp;
mod starts;
mod walk;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::{
    classes::{PathClasses, UnreadLanguage, classify_text, is_provisional, unread_languages},
    contents::Contents,
    history::{HistoryError, HistoryLimits, Past, Walked, history},
    ignoring::{IgnoreRules, would_ignore},
    revision::{Revision, RevisionError, revision},
    stamp::stamp,
    starts::{imports_by_text, starts},
};
use crate::model::Project;
/// What a file is for, relative to the audited root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    Ships,
    Test,
    /// Documentation and examples, notebooks too.
    Docs,
    /// Developer scripts: nothing imports them and no manifest starts them.
    Script,
    /// Generated or minified.
    Generated,
    Vendored,
    /// The configuration takes it out; credentials are looked for all the same.
    Excluded,
}

/// What a file is written in, as far as the pipeline cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    Code(crate::model::Language),
    Settings,
    /// Other text; only secrets are looked for.
    Text,
}

/// One file of the audited tree.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Relative to the audited root, with `/`.
    pub path: String,
    pub class: Class,
    /// Why it has this class, for `launchcheck files`: `in the index`, `tests/ folder`, `has a generated header`, ...
    pub reason: String,
    pub kind: Kind,
    /// In git's index. Outside git: every file that ignore rules leave.
    pub tracked: bool,
    /// Git's ignore rules match it (it is looked at only because it is tracked).
    pub ignored: bool,
    pub bytes: u64,
}

/// A file that was seen and not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    pub path: String,
    pub why: SkipReason,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    Binary,
    /// A symbolic link (its target is audited where it really is, if it is inside).
    Link,
    /// Not a regular file: FIFO, socket, device.
    Special,
    /// The system said no, with its words.
    Unreadable(String),
    /// More files than the limit.
    TooMany,
    /// A folder of installed packages or build output of which git tracks nothing: not entered.
    Installed,
    /// The name is not UTF-8; the path is written with replacement characters.
    Name,
}

impl SkipReason {
    /// Why, in a few words.
    pub fn words(&self) -> String {
        match self {
            SkipReason::TooLarge(bytes) => format!("too large ({} KiB)", bytes.div_ceil(1024)),
            SkipReason::Binary => "binary".to_owned(),
            SkipReason::Link => "symbolic link".to_owned(),
            SkipReason::Special => "not a regular file".to_owned(),
            SkipReason::Unreadable(words) => format!("unreadable: {words}"),
            SkipReason::TooMany => "beyond the limit of files".to_owned(),
            SkipReason::Installed => "installed packages or build output".to_owned(),
            SkipReason::Name => "name is not UTF-8".to_owned(),
        }
    }
}

/// The audited tree, files sorted by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub files: Vec<File>,
    pub skipped: Vec<Skipped>,
    pub projects: Vec<Project>,
    /// Whether the root lies in a git repository.
    pub in_git: bool,
    /// Where in it, with `/`; empty at its top and outside of git.
    pub prefix: String,
    /// Why git's data could not be used although there is some; the tree is then treated as outside of git.
    pub git_problem: Option<String>,
}

impl Tree {
    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    pub fn has(&self, path: &str) -> bool {
        self.file(path).is_some()
    }

    /// The files below a folder (relative to the root, empty for all).
    pub fn below(&self, folder: &str) -> &[File] {
        if folder.is_empty() {
            return &self.files;
        }
        let prefix = format!("{folder}/");
        let start = self.files.partition_point(|file| file.path.as_str() < prefix.as_str());
        let rest = self.files.get(start..).unwrap_or_default();
        let end = rest.partition_point(|file| file.path.starts_with(&prefix));
        rest.get(..end).unwrap_or_default()
    }
}

/// How much is read. Limits count bytes and files, so that they are the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest source or settings file, in bytes.
    pub code_bytes: u64,
    /// The largest other text, in bytes.
    pub text_bytes: u64,
    /// The number of files; beyond it the first ones by path are taken.
    pub files: usize,
    /// Threads that walk; 0 for as many as the machine has. Never changes the result.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { code_bytes: 2 << 20, text_bytes: 8 << 20, files: 200_000, threads: 0 }
    }
}

/// Why a path cannot be audited.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CollectError {
    #[error("`{}` does not exist", path.display())]
    #[diagnostic(
        code(launchcheck::missing_path),
        help("give the folder of the repository or app to audit; without a path it is the current one")
    )]
    Missing { path: PathBuf },
    #[error("`{}` is not a folder", path.display())]
    #[diagnostic(
        code(launchcheck::not_a_folder),
        help("a checklist is about a whole app: give the folder that the file belongs to (`{}`)", parent(path).display())
    )]
    NotAFolder { path: PathBuf },
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(launchcheck::unreadable_path), help("check who may read the folder"))]
    Unreadable { path: PathBuf, source: std::io::Error },
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Collects the tree below a folder: the files of git's index and those that are neither tracked nor ignored, each with
/// its class and kind, and the projects they belong to. The same tree gives the same result on every machine.
///
/// # Errors
/// The path is missing, is not a folder, or cannot be read at all.
pub fn collect(root: &Path, limits: Limits) -> Result<Tree, CollectError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => CollectError::Missing { path: root.to_owned() },
        _ => CollectError::Unreadable { path: root.to_owned(), source },
    };
    if !std::fs::metadata(root).map_err(unreadable)?.is_dir() {
        return Err(CollectError::NotAFolder { path: root.to_owned() });
    }
    std::fs::read_dir(root).map_err(unreadable)?;
    let root = root.canonicalize().map_err(unreadable)?;
    Ok(complete(walk::walk(&root, limits), &Contents::on_disk(&root)))
}

/// Says of a list of files what each is for, and which projects they belong to.
fn complete(mut tree: Tree, contents: &Contents) -> Tree {
    classes::classify(&mut tree);
    let outputs = outputs::outputs(&tree, &reading(&tree, contents));
    outputs::classify(&mut tree, &outputs);
    let scripts = build_scripts::named(&tree, &reading(&tree, contents));
    build_scripts::classify(&mut tree, &scripts);
    tree.projects = {
        let read = reading(&tree, contents);
        let mut projects = projects::projects(&tree, &read);
        let started = starts::starts_in(&tree, &projects, &read);
        projects::assign_starts(&mut projects, started);
        projects
    };
    tree
}

/// Reads the files of a tree that are no larger than manifests.
fn reading<'t>(tree: &'t Tree, contents: &'t Contents) -> impl Fn(&str) -> Option<String> + 't {
    |path| {
        let file = tree.file(path).filter(|file| file.bytes <= projects::MANIFEST_BYTES)?;
        let bytes = contents.bytes(&file.path).ok()?;
        crate::source::decode(&bytes).map(|decoded| decoded.text)
    }
}

/// Where a folder lies in the git repository around it, relative to its top and empty there; `None` outside of git.
pub fn place_in_repository(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let repository = git::discover(&folder).ok().flatten()?;
    relative(&repository.top, &folder)
}

/// The top of the git repository around a file; `None` outside of git.
pub fn repository_around(file: &Path) -> Option<PathBuf> {
    let folder = parent(file).canonicalize().ok()?;
    git::discover(&folder).ok().flatten().map(|repository| repository.top)
}

/// A path below a folder as it is written in reports: relative, with `/`.
fn relative(folder: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(folder).ok()?;
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// `folder/name`, where the folder may be empty.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder and the name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Joins a relative reference (`../x`, `./y`) to a folder; `None` where it leads out of the root.
fn resolve(folder: &str, reference: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in reference.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
