//! Where the scripts of a package let a generator write its code: all of that is generated, whatever it is called.

use super::{Class, Tree, commands, known::CLASSES, projects, resolve, split};
use crate::lower::settings::{json, tree::Node};

/// Packages whose scripts are read.
const PACKAGES: usize = 200;

/// The files and folders that generators write, with the generator, in the order of the packages.
pub(super) fn outputs(tree: &Tree, read: projects::Read<'_>) -> Vec<(String, String)> {
    let is_package = |path: &&str| split(path).1 == "package.json";
    let files = tree.files.iter().filter(|file| file.class == Class::Ships).map(|file| file.path.as_str());
    let mut found = Vec::new();
    for path in files.filter(is_package).take(PACKAGES) {
        let Some(manifest) = read(path).and_then(|text| json::parse(&text).0) else { continue };
        for (_, script) in manifest.get("scripts").map(Node::entries).unwrap_or_default() {
            for words in script.text().map(commands::commands).unwrap_or_default() {
                found.extend(output_of(&words).and_then(|(generator, output)| {
                    let output = resolve(split(path).0, output).filter(|output| !output.is_empty())?;
                    Some((output, generator.to_owned()))
                }));
            }
        }
    }
    found
}

/// Says of what ships there that it is generated.
pub(super) fn classify(tree: &mut Tree, outputs: &[(String, String)]) {
    for file in tree.files.iter_mut().filter(|file| file.class == Class::Ships) {
        let is_written =
            |output: &str| file.path.strip_prefix(output).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some((_, generator)) = outputs.iter().find(|(output, _)| is_written(output)) {
            file.class = Class::Generated;
            file.reason = format!("written by {generator}");
        }
    }
}

/// The generator that a command runs, and where it is told to write.
fn output_of(words: &[String]) -> Option<(&str, &str)> {
    let known = &CLASSES.generators;
    let at = words.iter().position(|word| known.programs.iter().any(|program| program == bare(word)))?;
    let (generator, given) = words.get(at..)?.split_first()?;
    let output = given.iter().enumerate().find_map(|(place, word)| {
        let is_option = |name: &str| known.outputs.iter().any(|output| output == name);
        match word.split_once('=') {
            Some((name, value)) if is_option(name) => Some(value),
            None if is_option(word) => given.get(place + 1).map(String::as_str),
            _ => None,
        }
    })?;
    Some((bare(generator), output))
}

/// A package without its version: `@hey-api/openapi-ts` of `@hey-api/openapi-ts@0.55`.
fn bare(word: &str) -> &str {
    match word.rsplit_once('@') {
        Some((name, _)) if !name.is_empty() => name,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(command: &str) -> Option<String> {
        commands::commands(command).iter().find_map(|words| output_of(words)).map(|(_, output)| output.to_owned())
    }

    #[test]
    fn generators_are_told_where_to_write() {
        assert_eq!(output("openapi-ts --input api.json --output ./generated").as_deref(), Some("./generated"));
        assert_eq!(
            output("npx @hey-api/openapi-ts@0.55 -i api.json --output=src/client").as_deref(),
            Some("src/client")
        );
        assert_eq!(output("tsc --output out"), None);
        assert_eq!(output("openapi-ts --input api.json"), None);
        assert_eq!(output("openapi-ts -o"), None);
    }
}
