//! Programs that Cargo runs before it compiles a package and that its manifest names: scripts, wherever they lie.

use super::{Class, Tree, projects, resolve, split};
use crate::lower::settings::{toml, tree::Node};

/// Says of the files that the manifests of a tree name as build scripts that they are scripts.
pub(super) fn classify(tree: &mut Tree, named: &[String]) {
    for file in tree.files.iter_mut().filter(|file| file.class == Class::Ships && named.contains(&file.path)) {
        file.class = Class::Script;
        file.reason = "build script of its package".to_owned();
    }
}

/// The build scripts that the manifests of a tree name: `build = "src/pack.rs"`, or a list of them.
pub(super) fn named(tree: &Tree, read: projects::Read<'_>) -> Vec<String> {
    let is_manifest = |path: &&str| split(path).1 == "Cargo.toml";
    let manifests = tree.files.iter().map(|file| file.path.as_str()).filter(is_manifest);
    manifests.flat_map(|path| of_manifest(split(path).0, &read(path).unwrap_or_default())).collect()
}

fn of_manifest(folder: &str, text: &str) -> Vec<String> {
    let manifest = toml::parse(text).0;
    let Some(script) = manifest.at(&["package", "build"]) else { return Vec::new() };
    let several = script.items().iter().filter_map(Node::text);
    let scripts = script.text().into_iter().chain(several);
    scripts.filter_map(|script| resolve(folder, script)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_name_build_scripts() {
        assert_eq!(of_manifest("crates/a", "[package]\nbuild = \"src/pack.rs\"\n"), ["crates/a/src/pack.rs"]);
        assert_eq!(of_manifest("", "[package]\nbuild = [\"a.rs\", \"./b.rs\"]\n"), ["a.rs", "b.rs"]);
        assert!(of_manifest("", "[package]\nbuild = false\n").is_empty());
        assert!(of_manifest("", "[package]\nname = \"a\"\n").is_empty());
        assert!(of_manifest("", "[package").is_empty());
    }
}
