//! Walks the folders and joins what is there with what git's index lists.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, FileType},
    path::Path,
    sync::{Arc, mpsc},
};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::{Class, File, IgnoreRules, Kind, Limits, SkipReason, Skipped, Tree, git, known::CLASSES, relative, split};

/// What one thread of the walk says.
enum Seen {
    File(String, u64),
    Skipped(Skipped),
}

/// Everything that is to be looked at below a canonical root, sorted, every class still `Ships`.
pub(super) fn walk(root: &Path, limits: Limits) -> Tree {
    let (repository, problem) = match git::discover(root) {
        Ok(repository) => (repository, None),
        Err(problem) => (None, Some(problem)),
    };
    let rules = Arc::new(IgnoreRules::within(root, repository.as_ref()));
    // A root that its repository ignores is not managed by it.
    let managed = |repository: &git::Repository| rules.top() == repository.top;
    let (tracked, problem) = match repository.as_ref().filter(|repository| managed(repository)) {
        Some(repository) => match repository.tracked(rules.prefix()) {
            Ok(tracked) => (Some(tracked), problem),
            Err(words) => (None, Some(words)),
        },
        None => (None, problem),
    };
    let tracked_folders = tracked.as_deref().map(folders).unwrap_or_default();
    let mut gathered = Gathered { limits, files: HashMap::new(), refused: HashSet::new(), skipped: Vec::new() };
    for seen in visit(root, &rules, tracked_folders, limits.threads) {
        match seen {
            Seen::File(path, bytes) => gathered.take(path, bytes, tracked.is_none(), false),
            Seen::Skipped(skipped) => gathered.skipped.push(skipped),
        }
    }
    for path in tracked.iter().flatten() {
        gathered.take_tracked(root, path);
    }
    let mut tree = gathered.into_tree();
    tree.in_git = tracked.is_some();
    if tree.in_git {
        tree.prefix = rules.prefix().to_owned();
    }
    tree.git_problem = problem;
    tree
}

/// The tree of files that are all tracked, by path and size.
pub(super) fn listed(files: Vec<(String, u64)>, limits: Limits) -> Tree {
    let mut gathered = Gathered { limits, files: HashMap::new(), refused: HashSet::new(), skipped: Vec::new() };
    for (path, bytes) in files {
        gathered.take(path, bytes, true, false);
    }
    Tree { in_git: true, ..gathered.into_tree() }
}

/// Whether a file of this size is looked at.
pub(super) fn is_taken(path: &str, bytes: u64, limits: Limits) -> bool {
    let (kind, binary) = kind_of(path);
    !binary && bytes <= if kind == Kind::Text { limits.text_bytes } else { limits.code_bytes }
}

/// All folders that lead to the files.
fn folders(files: &[String]) -> HashSet<String> {
    let mut found = HashSet::new();
    for file in files {
        let mut folder = split(file).0;
        while !folder.is_empty() && found.insert(folder.to_owned()) {
            folder = split(folder).0;
        }
    }
    found
}

fn visit(root: &Path, rules: &Arc<IgnoreRules>, tracked_folders: HashSet<String>, threads: usize) -> Vec<Seen> {
    let (sender, receiver) = mpsc::channel();
    let mut builder = WalkBuilder::new(root);
    builder.standard_filters(false).follow_links(false).threads(threads);
    let tracked_folders = &tracked_folders;
    builder.build_parallel().run(|| {
        let sender = sender.clone();
        let rules = rules.clone();
        Box::new(move |entry| {
            let (seen, state) = match entry {
                Ok(entry) if entry.depth() == 0 => (None, WalkState::Continue),
                Ok(entry) => look(root, &entry, &rules, tracked_folders),
                Err(error) => (unreadable(root, &error), WalkState::Continue),
            };
            if let Some(seen) = seen {
                let _ = sender.send(seen);
            }
            state
        })
    });
    drop(sender);
    receiver.into_iter().collect()
}

fn look(
    root: &Path,
    entry: &DirEntry,
    rules: &IgnoreRules,
    tracked_folders: &HashSet<String>,
) -> (Option<Seen>, WalkState) {
    let skip = |path: String, why| (Some(Seen::Skipped(Skipped { path, why })), WalkState::Skip);
    let Some(path) = relative(root, entry.path()) else { return (None, WalkState::Skip) };
    let Some(kind) = entry.file_type() else { return (None, WalkState::Skip) };
    if entry.file_name().eq_ignore_ascii_case(".git") || rules.ignores_entry(&path, kind.is_dir()) {
        return (None, WalkState::Skip);
    }
    if entry.file_name().to_str().is_none() {
        return skip(path, SkipReason::Name);
    }
    if kind.is_dir() {
        let installed = !tracked_folders.contains(&path) && is_installed(entry.path(), split(&path).1);
        return if installed { skip(path, SkipReason::Installed) } else { (None, WalkState::Continue) };
    }
    if let Some(why) = not_regular(kind) {
        return skip(path, why);
    }
    match entry.metadata() {
        Ok(about) => (Some(Seen::File(path, about.len())), WalkState::Continue),
        Err(error) => (unreadable(root, &error), WalkState::Continue),
    }
}

fn not_regular(kind: FileType) -> Option<SkipReason> {
    match () {
        () if kind.is_symlink() => Some(SkipReason::Link),
        () if !kind.is_file() => Some(SkipReason::Special),
        () => None,
    }
}

/// Whether a folder that git tracks nothing of holds installed packages or build output.
fn is_installed(folder: &Path, name: &str) -> bool {
    let known = &CLASSES.folders;
    known.installed.iter().any(|installed| installed == name)
        || known
            .installed_marks
            .iter()
            .any(|mark| fs::symlink_metadata(folder.join(mark)).is_ok_and(|about| about.is_file()))
}

/// What vanished while walking was not there.
fn unreadable(root: &Path, error: &ignore::Error) -> Option<Seen> {
    let cause = error.io_error()?;
    if cause.kind() == std::io::ErrorKind::NotFound {
        return None;
    }
    let path = path_of(error).and_then(|path| relative(root, path)).unwrap_or_default();
    Some(Seen::Skipped(Skipped { path, why: SkipReason::Unreadable(words(cause)) }))
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// The kind of an error in words that are the same on every system.
fn words(error: &std::io::Error) -> String {
    error.kind().to_string()
}

struct Gathered {
    limits: Limits,
    files: HashMap<String, File>,
    /// Regular files that the walk saw and left out.
    refused: HashSet<String>,
    skipped: Vec<Skipped>,
}

impl Gathered {
    /// Takes one regular file, or notes why not.
    fn take(&mut self, path: String, bytes: u64, tracked: bool, ignored: bool) {
        let (kind, binary) = kind_of(&path);
        let limit = if kind == Kind::Text { self.limits.text_bytes } else { self.limits.code_bytes };
        let why = match () {
            () if binary => SkipReason::Binary,
            () if bytes > limit => SkipReason::TooLarge(bytes),
            () => {
                let file = File {
                    path: path.clone(),
                    class: Class::Ships,
                    reason: String::new(),
                    kind,
                    tracked,
                    ignored,
                    bytes,
                };
                self.files.insert(path, file);
                return;
            }
        };
        self.refused.insert(path.clone());
        self.skipped.push(Skipped { path, why });
    }

    /// Marks a file of the index, or fetches one that the walk did not reach because it is ignored.
    fn take_tracked(&mut self, root: &Path, path: &str) {
        if let Some(file) = self.files.get_mut(path) {
            file.tracked = true;
            return;
        }
        if self.refused.contains(path) {
            return;
        }
        // Behind a link there is another file than the one in the index, perhaps outside of the root.
        let mut folder = root.to_owned();
        for part in split(path).0.split('/').filter(|part| !part.is_empty()) {
            folder.push(part);
            if !fs::symlink_metadata(&folder).is_ok_and(|about| about.is_dir()) {
                return;
            }
        }
        let Ok(about) = fs::symlink_metadata(root.join(path)) else { return };
        match not_regular(about.file_type()) {
            Some(why) => self.skipped.push(Skipped { path: path.to_owned(), why }),
            None if about.is_dir() => {}
            None => self.take(path.to_owned(), about.len(), true, true),
        }
    }

    fn into_tree(self) -> Tree {
        let mut files: Vec<File> = self.files.into_values().collect();
        files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        let mut skipped = self.skipped;
        if let Some(first) = files.get(self.limits.files) {
            skipped.push(Skipped { path: first.path.clone(), why: SkipReason::TooMany });
            files.truncate(self.limits.files);
        }
        skipped.sort_unstable();
        skipped.dedup();
        Tree { files, skipped, ..Tree::default() }
    }
}

/// What a file is written in by its name, and whether the name says that it is no text.
pub(super) fn kind_of(path: &str) -> (Kind, bool) {
    if let Some(language) = crate::lower::language_of(path) {
        return (Kind::Code(language), false);
    }
    if crate::lower::settings::is_settings(path) {
        return (Kind::Settings, false);
    }
    let extension = split(path).1.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let binary = extension.is_some_and(|extension| CLASSES.binary.extensions.contains(&extension));
    (Kind::Text, binary)
}

/// The folders of a tree that hold a manifest, relative to the root, and the root.
pub(super) fn manifest_folders(files: &[File]) -> HashSet<String> {
    let manifests = files.iter().filter(|file| super::projects::is_manifest(&file.path));
    let mut folders: HashSet<String> = manifests.map(|file| split(&file.path).0.to_owned()).collect();
    folders.insert(String::new());
    folders
}
