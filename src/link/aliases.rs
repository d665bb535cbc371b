//! Import paths that stand for others (`@/*`, a workspace's name, a map of imports): which of them a path matches.
//!
//! A monorepo has hundreds of them and thousands of imports, so they are found by what stands before their `*`.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::model::{Alias, Project};
use crate::source::order::InOrder;

/// An alias with the folder in which it holds.
#[derive(Debug)]
pub(super) struct Scoped {
    pub(super) folder: String,
    pub(super) alias: Alias,
}

/// All aliases, those of the deepest folders and the longest patterns first.
#[derive(Debug)]
pub(super) struct Aliases {
    all: Vec<Scoped>,
    /// Patterns without a `*`.
    whole: FxHashMap<String, Vec<usize>>,
    /// The others, by what stands before the `*`.
    beginnings: FxHashMap<String, Vec<usize>>,
    /// How long these are.
    lengths: BTreeSet<usize>,
}

impl Aliases {
    pub(super) fn of(projects: &[Project]) -> Aliases {
        let of_project = |project: &Project| {
            let folder = project.folder.clone();
            project.aliases.clone().into_iter().map(move |alias| Scoped { folder: folder.clone(), alias })
        };
        let mut all: Vec<Scoped> = projects.iter().flat_map(of_project).collect();
        all.order_by_key(|scoped| std::cmp::Reverse((scoped.folder.len(), scoped.alias.pattern.len())));
        let (mut whole, mut beginnings) = (FxHashMap::default(), FxHashMap::<String, Vec<usize>>::default());
        for (place, scoped) in all.iter().enumerate() {
            let (by, key) = match scoped.alias.pattern.split_once('*') {
                Some((beginning, _)) => (&mut beginnings, beginning),
                None => (&mut whole, scoped.alias.pattern.as_str()),
            };
            by.entry(key.to_owned()).or_insert_with(Vec::new).push(place);
        }
        let lengths = beginnings.keys().map(String::len).collect();
        Aliases { all, whole, beginnings, lengths }
    }

    /// The aliases that an import's source matches, with what their `*` stands for.
    pub(super) fn matching<'s>(&self, source: &'s str) -> Vec<(&Scoped, &'s str)> {
        let whole = self.whole.get(source).into_iter().flatten();
        let written = self.lengths.iter().filter_map(|length| source.get(..*length));
        let beginning = written.filter_map(|beginning| self.beginnings.get(beginning)).flatten();
        let mut places: Vec<usize> = whole.chain(beginning).copied().collect();
        places.sort_unstable();
        let rest = |place: usize| Some((&self.all[place], rest_of(&self.all[place].alias.pattern, source)?));
        places.into_iter().filter_map(rest).collect()
    }
}

/// What the `*` of a pattern stands for in a path that matches it; nothing where the pattern has none.
fn rest_of<'s>(pattern: &str, source: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        Some((before, after)) => source.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == source).then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_star_stands_for() {
        assert_eq!(rest_of("@/*", "@/lib/x"), Some("lib/x"));
        assert_eq!(rest_of("pkg", "pkg"), Some(""));
        assert_eq!(rest_of("pkg/*", "pkg"), None);
        assert_eq!(rest_of("*/data", "@acme/data"), Some("@acme"));
    }

    #[test]
    fn deeper_folders_and_longer_patterns_come_first() {
        let alias = |pattern: &str| Alias { pattern: pattern.to_owned(), targets: Vec::new() };
        let project = |folder: &str, patterns: &[&str]| Project {
            folder: folder.to_owned(),
            aliases: patterns.iter().map(|pattern| alias(pattern)).collect(),
            ..Project::default()
        };
        let aliases =
            Aliases::of(&[project("", &["*", "@/*", "@/lib/*", "other"]), project("web", &["@/*", "@/lib/x"])]);
        let found = |source: &str| {
            let name = |(scoped, rest): (&Scoped, &str)| format!("{}:{}={rest}", scoped.folder, scoped.alias.pattern);
            aliases.matching(source).into_iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(found("@/lib/x"), ["web:@/lib/x=", "web:@/*=lib/x", ":@/lib/*=x", ":@/*=lib/x", ":*=@/lib/x"]);
        assert_eq!(found("other"), [":other=", ":*=other"]);
    }
}
