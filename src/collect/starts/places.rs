//! Where the files, modules and folders lie that commands name: beside the command, in a container, in a project.

use super::Starter;
use crate::collect::{join, projects, resolve};

impl Starter<'_> {
    /// A folder as a deployment names it: relative, or by the end of a container's path.
    pub(super) fn folder(&self, folder: &str, named: &str) -> Option<String> {
        let parts: Vec<&str> = named.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if !named.starts_with('/') {
            return resolve(folder, named).filter(|path| path.is_empty() || !self.tree.below(path).is_empty());
        }
        (0..parts.len()).find_map(|from| {
            let tail = parts.get(from..)?.join("/");
            [join(folder, &tail), tail].into_iter().find(|path| !self.tree.below(path).is_empty())
        })
    }

    /// The file that a word of a command names: beside it, in a container, at the root, or in the one project that has it.
    pub(super) fn locate(&self, word: &str, folder: &str) -> Option<String> {
        let word = word.trim_matches(['"', '\'', '`', ',']);
        if word.is_empty() || word == "." || word.contains(['*', '<', '$', ' ']) {
            return None;
        }
        let parts: Vec<&str> = word.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if word.starts_with('/') {
            return (0..parts.len()).find_map(|from| {
                let tail = parts.get(from..)?.join("/");
                [join(folder, &tail), tail].into_iter().find(|path| self.tree.has(path))
            });
        }
        let here = |folder: &str| {
            let path = resolve(folder, word)?;
            if self.tree.has(&path) { Some(path) } else { projects::source_of(self.tree, folder, word) }
        };
        let nearby = around(folder).find_map(here);
        nearby.or_else(|| single(self.projects.iter().filter_map(|project| here(&project.folder))))
    }

    /// The file of a module by the parts of its name.
    pub(super) fn module(&self, parts: &[&str], folder: &str, is_main: bool) -> Option<String> {
        let inside = parts.join("/");
        let here = |folder: &str| {
            let package = if is_main { "__main__.py" } else { "__init__.py" };
            let candidates = [format!("{inside}.py"), format!("{inside}/{package}"), format!("{inside}/__init__.py")];
            candidates.iter().map(|candidate| join(folder, candidate)).find(|path| self.tree.has(path))
        };
        let source = join(folder, "src");
        let roots =
            || self.projects.iter().flat_map(|project| std::iter::once(&project.folder).chain(&project.source_roots));
        here(folder)
            .or_else(|| here(&source))
            .or_else(|| around(folder).find_map(here))
            .or_else(|| single(roots().filter_map(|root| here(root))))
    }
}

/// A folder and those that it lies in: a container may be built in any of them.
fn around(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None => (!folder.is_empty()).then_some(""),
    })
}

/// The one thing that all agree on.
fn single(mut found: impl Iterator<Item = String>) -> Option<String> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}
