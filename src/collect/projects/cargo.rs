//! Cargo's manifests and workspaces.

use std::collections::BTreeMap;

use super::{Found, add_root, alias, depend};
use crate::{
    collect::{join, resolve, split},
    lower::settings::{toml, tree::Node},
    model::ProjectKind,
};

pub(super) fn find(found: &mut Found<'_>, candidates: &[&str]) {
    let manifests: BTreeMap<&str, Node> = candidates
        .iter()
        .filter(|path| split(path).1 == "Cargo.toml")
        .filter_map(|path| Some((split(path).0, toml::parse(&found.read(path)?).0)))
        .collect();
    // Crates of the tree, by the name that code uses.
    let mut crates: Vec<(String, String)> = Vec::new();
    for (folder, manifest) in &manifests {
        let Some(name) = manifest.at(&["package", "name"]).and_then(Node::text) else { continue };
        let library = manifest.at(&["lib", "path"]).and_then(Node::text).unwrap_or("src/lib.rs");
        if let Some(path) = resolve(folder, library).filter(|path| found.tree.has(path)) {
            crates.push((manifest.at(&["lib", "name"]).and_then(Node::text).unwrap_or(name).replace('-', "_"), path));
        }
    }
    for (folder, manifest) in &manifests {
        let shared = workspace(&manifests, folder);
        let project = found.project(folder, ProjectKind::Cargo);
        project.name = manifest.at(&["package", "name"]).and_then(Node::text).map(str::to_owned);
        let targets = manifest.get("target").map(Node::entries).unwrap_or_default();
        for table in std::iter::once(manifest).chain(targets.iter().map(|(_, target)| target)) {
            for (key, development) in
                [("dependencies", false), ("build-dependencies", true), ("dev-dependencies", true)]
            {
                for (name, value) in table.get(key).map(Node::entries).unwrap_or_default() {
                    let inherited = value.get("workspace").is_some_and(Node::is_true);
                    let value =
                        if inherited { shared.and_then(|shared| shared.get(name)).unwrap_or(value) } else { value };
                    let versions = value.text().or_else(|| value.get("version").and_then(Node::text)).unwrap_or("");
                    let real = value.get("package").and_then(Node::text).unwrap_or(name);
                    depend(project, real, versions, development);
                }
            }
        }
        project.features = default_features(manifest);
        add_root(project, join(folder, "src"));
        for (name, path) in &crates {
            let depends = project.dependencies.iter().any(|known| known.name.replace('-', "_") == *name);
            let is_own = project.name.as_ref().is_some_and(|own| own.replace('-', "_") == *name);
            if !depends && !is_own {
                continue;
            }
            alias(project, name, vec![path.clone()]);
        }
    }
}

/// The features that are on by default, with those that these bring.
fn default_features(manifest: &Node) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec!["default".to_owned()];
    while let Some(feature) = open.pop() {
        if found.contains(&feature) {
            continue;
        }
        let brings = manifest.at(&["features", &feature]).map(Node::items).unwrap_or_default();
        open.extend(brings.iter().filter_map(Node::text).map(str::to_owned));
        found.push(feature);
    }
    found
}

/// The dependencies that the workspace around a folder shares.
fn workspace<'m>(manifests: &'m BTreeMap<&str, Node>, folder: &str) -> Option<&'m Node> {
    let mut folder = folder;
    loop {
        let shared = manifests.get(folder).and_then(|manifest| manifest.at(&["workspace", "dependencies"]));
        if shared.is_some() || folder.is_empty() {
            return shared;
        }
        folder = split(folder).0;
    }
}

/// The files that `cargo run` may start: the targets a manifest names, else those found by convention.
pub(in crate::collect) fn binaries(tree: &crate::collect::Tree, folder: &str, manifest: &Node) -> Vec<String> {
    let named = manifest.get("bin").map(Node::items).unwrap_or_default();
    let named = named.iter().filter_map(|target| resolve(folder, target.get("path")?.text()?));
    let bin = join(folder, "src/bin");
    let by_convention = tree.below(&bin).iter().map(|file| file.path.clone()).filter(|path| {
        let inside = path.strip_prefix(&bin).unwrap_or("");
        path.ends_with(".rs") && (inside.matches('/').count() == 1 || inside.ends_with("/main.rs"))
    });
    let mut found: Vec<String> = named.chain([join(folder, "src/main.rs")]).chain(by_convention).collect();
    found.retain(|path| tree.has(path));
    found.sort_unstable();
    found.dedup();
    found
}
