//! Python's manifests: `pyproject.toml`, `requirements*.txt`, `setup.py`, `setup.cfg`, `Pipfile`.

use super::{Found, add_root, depend};
use crate::{
    collect::{join, resolve, split},
    lower::settings::{toml, tree::Node},
    model::{Project, ProjectKind},
};

/// How many files `-r` of one file may lead through.
const INCLUDES: usize = 20;

pub(super) fn find(found: &mut Found<'_>, candidates: &[&str]) {
    for path in candidates {
        let (folder, name) = split(path);
        let requirements = is_requirements(path);
        if !requirements && !matches!(name, "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile") {
            continue;
        }
        let Some(text) = found.read(path) else { continue };
        // `requirements/base.txt` belongs to the folder above.
        let folder = if requirements && split(folder).1 == "requirements" { split(folder).0 } else { folder };
        let mut project = found.project(folder, ProjectKind::Python).clone();
        match name {
            "pyproject.toml" => pyproject(&mut project, &toml::parse(&text).0),
            "Pipfile" => pipfile(&mut project, &toml::parse(&text).0),
            "setup.py" => setup_script(&mut project, &text),
            "setup.cfg" => setup_settings(&mut project, &text),
            _ => requirements_file(found, &mut project, path, &text, &mut INCLUDES.clone()),
        }
        *found.project(folder, ProjectKind::Python) = project;
    }
    let tree = found.tree;
    for project in found.projects.values_mut().filter(|project| project.kind == ProjectKind::Python) {
        // The `src` layout: modules below `src`, which itself is no package.
        let source = join(&project.folder, "src");
        let has_modules = tree.below(&source).iter().any(|file| file.path.ends_with(".py"));
        if has_modules && !tree.has(&join(&source, "__init__.py")) {
            add_root(project, source);
        }
        add_root(project, project.folder.clone());
    }
}

pub(super) fn is_requirements(path: &str) -> bool {
    let (folder, name) = split(path);
    let is_text = name.ends_with(".txt") || name.ends_with(".in");
    is_text
        && (name.starts_with("requirements") || name.ends_with("requirements.txt") || split(folder).1 == "requirements")
}

fn is_development(group: &str) -> bool {
    let group = group.to_ascii_lowercase();
    ["dev", "test", "lint", "doc", "typing", "ci", "bench"].iter().any(|word| group.contains(word))
}

/// A requirement as PEP 508 writes it: the name without extras, and the versions.
fn requirement(project: &mut Project, line: &str, development: bool) {
    let line = line.split(" #").next().unwrap_or(line).split(';').next().unwrap_or(line).trim();
    let end =
        line.find(|character: char| !(character.is_alphanumeric() || "-_.".contains(character))).unwrap_or(line.len());
    let (name, rest) = (line.get(..end).unwrap_or(""), line.get(end..).unwrap_or("").trim());
    let versions = if rest.starts_with('[') { rest.split_once(']').map_or("", |(_, after)| after) } else { rest };
    depend(project, &normal(name), versions.trim().trim_matches(['(', ')']), development);
}

/// PEP 503: lower case, runs of `-_.` are one dash.
fn normal(name: &str) -> String {
    let dashed = name.to_ascii_lowercase().replace(['_', '.'], "-");
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn pyproject(project: &mut Project, manifest: &Node) {
    let name = manifest.at(&["project", "name"]).or_else(|| manifest.at(&["tool", "poetry", "name"]));
    if let Some(name) = name.and_then(Node::text) {
        project.name = Some(name.to_owned());
    }
    for line in texts(manifest, &["project", "dependencies"]) {
        requirement(project, line, false);
    }
    for (path, always) in [(["project", "optional-dependencies"].as_slice(), false), (&["dependency-groups"], true)] {
        for (group, lines) in manifest.at(path).map(Node::entries).unwrap_or_default() {
            for line in lines.texts() {
                requirement(project, line, always || is_development(group));
            }
        }
    }
    for line in texts(manifest, &["tool", "uv", "dev-dependencies"]) {
        requirement(project, line, true);
    }
    if let Some(poetry) = manifest.at(&["tool", "poetry"]) {
        table(project, poetry.get("dependencies"), false);
        table(project, poetry.get("dev-dependencies"), true);
        for (group, settings) in poetry.get("group").map(Node::entries).unwrap_or_default() {
            table(project, settings.get("dependencies"), is_development(group));
        }
        for package in poetry.get("packages").map(Node::items).unwrap_or_default() {
            root(project, package.get("from").and_then(Node::text));
        }
    }
    if let Some(setuptools) = manifest.at(&["tool", "setuptools"]) {
        root(project, setuptools.at(&["package-dir", ""]).and_then(Node::text));
        for place in setuptools.at(&["packages", "find", "where"]).map(Node::texts).unwrap_or_default() {
            root(project, Some(place));
        }
    }
    for package in texts(manifest, &["tool", "hatch", "build", "targets", "wheel", "packages"]) {
        root(project, package.rsplit_once('/').map(|(folder, _)| folder));
    }
}

fn texts<'n>(node: &'n Node, keys: &[&str]) -> Vec<&'n str> {
    node.at(keys).map(Node::texts).unwrap_or_default()
}

fn root(project: &mut Project, place: Option<&str>) {
    if let Some(folder) = place.and_then(|place| resolve(&project.folder, place)) {
        add_root(project, folder);
    }
}

/// `name = "^1"`, `name = {version = "^1", optional = true}`.
fn table(project: &mut Project, dependencies: Option<&Node>, development: bool) {
    for (name, value) in dependencies.map(Node::entries).unwrap_or_default() {
        let versions = value.text().or_else(|| value.get("version").and_then(Node::text)).unwrap_or("");
        if name != "python" {
            depend(project, &normal(name), versions, development);
        }
    }
}

fn pipfile(project: &mut Project, manifest: &Node) {
    table(project, manifest.get("packages"), false);
    table(project, manifest.get("dev-packages"), true);
}

fn requirements_file(found: &Found<'_>, project: &mut Project, path: &str, text: &str, left: &mut usize) {
    let (folder, name) = split(path);
    let development = is_development(name.trim_start_matches("requirements"));
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        let included = line.strip_prefix("-r ").or_else(|| line.strip_prefix("--requirement "));
        if let Some(included) = included
            && *left > 0
            && let Some(path) = resolve(folder, included.trim())
            && let Some(text) = found.read(&path)
        {
            *left -= 1;
            requirements_file(found, project, &path, &text, left);
        } else if let Some((_, egg)) = line.split_once("#egg=") {
            requirement(project, egg, development);
        } else if line.starts_with(|first: char| first.is_ascii_alphanumeric()) && !line.contains("://")
            || line.contains(" @ ")
        {
            let line = line.split(" --hash").next().unwrap_or(line);
            requirement(project, line, development);
        }
    }
}

/// `install_requires=[...]` and `package_dir={"": "src"}` of a setup script, as literals only.
fn setup_script(project: &mut Project, text: &str) {
    for (key, development) in [("install_requires", false), ("tests_require", true)] {
        let list = text.split_once(key).and_then(|(_, rest)| rest.split_once('[')).and_then(|(between, list)| {
            let plain = between.trim().trim_start_matches([':', '=']).trim().is_empty();
            plain.then(|| list.split("]\n").next().unwrap_or(list).split("],").next().unwrap_or(list))
        });
        for line in list.map(quoted).unwrap_or_default() {
            requirement(project, line, development);
        }
    }
    if let Some((_, rest)) = text.split_once("package_dir") {
        let inside =
            rest.split_once('{').and_then(|(_, inside)| inside.split_once('}')).map_or("", |(inside, _)| inside);
        if let [first, folder, ..] = quoted(inside).as_slice()
            && first.is_empty()
        {
            root(project, Some(folder));
        }
    }
}

/// The quoted texts of a piece of Python.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = if rest.get(at..=at) == Some("'") { '\'' } else { '"' };
        let after = rest.get(at + 1..).unwrap_or("");
        let Some((inside, next)) = after.split_once(quote) else { break };
        found.push(inside);
        rest = next;
    }
    found
}

fn setup_settings(project: &mut Project, text: &str) {
    let mut key = String::new();
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or(line)) {
        let indented = line.starts_with([' ', '\t']);
        let mut value = line.trim();
        if !indented {
            key = line.split_once('=').map_or(String::new(), |(key, _)| key.trim().to_owned());
            value = line.split_once('=').map_or("", |(_, value)| value.trim());
        }
        match key.as_str() {
            "install_requires" if !value.is_empty() => requirement(project, value, false),
            "tests_require" if !value.is_empty() => requirement(project, value, true),
            "package_dir" => root(project, value.split_once('=').map(|(_, folder)| folder.trim())),
            "name" if !indented && project.name.is_none() => project.name = Some(value.to_owned()),
            _ => {}
        }
    }
}
