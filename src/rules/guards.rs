//! The guard libraries that come with the program: their files, and `rules/guards.toml`, which says what they need and
//! how they are wired.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::rules::{embedded, secrets::Words};
use crate::source::toml;
use crate::verdict::Item;

/// What is known of the library of one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardLibrary {
    /// What the copied folder is called.
    pub folder: String,
    /// The packages that it needs, as package managers are told of them.
    pub needs: Vec<String>,
    /// How packages are added: the first whose file is there, the last where none is.
    pub managers: Vec<Manager>,
    /// Files that are copied only for projects with certain packages.
    #[serde(default)]
    pub only: Vec<Only>,
    /// Which part answers which item.
    pub parts: BTreeMap<Item, Part>,
    /// Lines to paste, in order.
    pub paste: Vec<Paste>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manager {
    /// The file by which it is known; empty: any project.
    pub file: String,
    /// The command before the packages.
    pub add: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    pub file: String,
    pub packages: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub file: String,
    /// The names in it.
    pub what: String,
}

/// Lines that wire the library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paste {
    /// A new file for them, beside the copied folder; else a place that the title names.
    pub file: Option<String>,
    /// For projects with one of these packages; empty: all.
    #[serde(default)]
    pub packages: Vec<String>,
    /// For projects with none of these packages.
    #[serde(default)]
    pub without: Vec<String>,
    pub title: Words,
    pub code: String,
}

impl Paste {
    /// Whether it is for a project with these packages.
    pub fn is_for(&self, has: impl Fn(&str) -> bool) -> bool {
        let any = |names: &[String]| names.iter().any(|name| has(name));
        (self.packages.is_empty() || any(&self.packages)) && !any(&self.without)
    }
}

/// The guard libraries by language, `python` or `typescript`.
///
/// # Errors
/// A text that is not what this module describes, with its place.
pub fn libraries() -> Result<BTreeMap<String, GuardLibrary>, toml::Unfit> {
    toml::read(embedded::rule("guards"))
}

/// The files of the library of a language: path within it, and text.
pub fn files(language: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    embedded::guards().filter(move |(of, ..)| *of == language).map(|(_, path, text)| (path, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_libraries_are_there_with_a_part_for_each_item() {
        let libraries = libraries().expect("rules/guards.toml");
        assert_eq!(libraries.keys().collect::<Vec<_>>(), ["python", "typescript"]);
        for (language, library) in &libraries {
            let names: Vec<&str> = files(language).map(|(path, _)| path).collect();
            for item in Item::ALL {
                let part = library.parts.get(&item).unwrap_or_else(|| panic!("{language}: nothing for {}", item.id()));
                let (_, text) = files(language).find(|(path, _)| *path == part.file).expect(&part.file);
                for name in part.what.split([',', '.', ' ']).filter(|name| !name.is_empty()) {
                    let is_there = files(language).any(|(_, text)| text.contains(name));
                    assert!(text.contains(name) || is_there || name == "with", "{language}: {name} in {}", part.file);
                }
            }
            for only in &library.only {
                assert!(names.contains(&only.file.as_str()), "{language}: {}", only.file);
            }
            assert_eq!(library.managers.iter().position(|each| each.file.is_empty()), Some(library.managers.len() - 1));
        }
    }
}
