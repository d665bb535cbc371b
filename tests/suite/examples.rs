//! The catalogue holds what it promises: every example shows exactly what it says, and every fact is shown.
//!
//! An example is lowered, linked and judged like a repository of its own; what it shows (`shown`) is compared with its
//! `expect` lines in both directions. `EXAMPLE=openai cargo test --test suite examples` looks at some files only;
//! `CATALOGUE_OF=DIR` reads the catalogue of another checkout.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use launchcheck::rules::catalogue::Example;
use launchcheck::rules::checked::Catalogue;

use crate::shown::{Shown, shown};

/// Examples are small, but judging recurses.
const STACK: usize = 64 << 20;

/// The catalogue with the names of its files, in the same order. It is read anew, so that an example can be tried
/// without building.
fn catalogue() -> (Vec<String>, Catalogue) {
    let root =
        &std::env::var_os("CATALOGUE_OF").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let mut files: Vec<(String, String)> = fs::read_dir(root.join("rules/catalogue"))
        .expect("the catalogue")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.strip_prefix(root).expect("a file below the root").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    files.sort();
    let catalogue = Catalogue::of(&files).unwrap_or_else(|error| panic!("{:?}", miette::Report::new(error)));
    (files.into_iter().map(|(path, _)| path).collect(), catalogue)
}

/// What the examples of every library show, in the order of the libraries.
fn all_shown(catalogue: &Catalogue, only: &dyn Fn(usize) -> bool) -> Vec<Vec<Shown>> {
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..catalogue.libraries.len())
            .map(|library| {
                let wanted = only(library);
                std::thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || {
                        let library = &catalogue.libraries[library];
                        let examples = library.examples.iter().filter(|_| wanted);
                        examples.map(|example| shown(catalogue, library, example)).collect()
                    })
                    .expect("a thread")
                    .join()
            })
            .collect();
        handles.into_iter().map(|handle| handle.expect("judging does not panic")).collect()
    })
}

fn is_wanted(path: &str) -> bool {
    path.contains(&std::env::var("EXAMPLE").unwrap_or_default())
}

#[test]
fn examples_show_exactly_what_they_say() {
    let (paths, catalogue) = catalogue();
    let found = all_shown(&catalogue, &|library| is_wanted(&paths[library]));
    let wrong: String =
        (0..paths.len()).map(|library| differences(&paths[library], &catalogue, library, &found)).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Asserts that the examples of one library of a catalogue show what they say, and every fact of it.
pub(crate) fn assert_exact(path: &str, catalogue: &Catalogue, library: usize) {
    let found = all_shown(catalogue, &|each| each == library);
    let wrong = differences(path, catalogue, library, &found) + &hidden(path, catalogue, library, &found);
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The examples of a library that show something else than they say.
fn differences(path: &str, catalogue: &Catalogue, library: usize, found: &[Vec<Shown>]) -> String {
    let examples = catalogue.libraries[library].examples.iter().zip(&found[library]);
    let mut wrong = String::new();
    for (number, (example, shown)) in examples.enumerate() {
        if let Some(difference) = difference(example, shown) {
            let _ = writeln!(wrong, "{path}, example {}:\n{difference}", number + 1);
        }
    }
    wrong
}

/// The facts of a library that none of its examples shows.
fn hidden(path: &str, catalogue: &Catalogue, library: usize, found: &[Vec<Shown>]) -> String {
    let shown: BTreeSet<usize> = found[library].iter().flat_map(|shown| shown.facts.iter().copied()).collect();
    let mut hidden = String::new();
    for (id, fact) in catalogue.facts.iter().enumerate() {
        if fact.library == library && !shown.contains(&id) {
            let fact = &fact.fact;
            let name = fact.names.iter().chain(fact.files.iter()).chain(&fact.hosts).next();
            let _ = writeln!(hidden, "{path}: {} {}", fact.is.keys().name, name.map_or("", String::as_str));
        }
    }
    hidden
}

/// What is missing and what is surplus, and the lines as they would have to be.
fn difference(example: &Example, shown: &Shown) -> Option<String> {
    let says = |line: &str, wanted: &str| line == wanted || short(line) == wanted;
    let missing: Vec<&String> =
        example.expect.iter().filter(|wanted| !shown.lines.keys().any(|line| says(line, wanted))).collect();
    let surplus: Vec<&String> =
        shown.lines.keys().filter(|line| !example.expect.iter().any(|wanted| says(line, wanted))).collect();
    if missing.is_empty() && surplus.is_empty() {
        return None;
    }
    let mut text = String::new();
    for line in missing {
        let _ = writeln!(text, "  - {line}");
    }
    for line in surplus {
        let _ = writeln!(text, "  + {line}");
    }
    let lines: Vec<String> = shown.lines.keys().map(|line| format!("    {line:?},\n")).collect();
    let _ = write!(text, "  found:\n{}", lines.concat());
    Some(text)
}

/// A line with only `given` for a setting, whatever its amount.
fn short(line: &str) -> String {
    let words: Vec<&str> = line
        .split(' ')
        .map(|word| word.split_once("given(").map_or(word, |(before, _)| &word[..before.len() + 5]))
        .collect();
    words.join(" ")
}

#[test]
fn every_fact_is_shown_by_an_example_of_its_file() {
    let (paths, catalogue) = catalogue();
    let found = all_shown(&catalogue, &|library| is_wanted(&paths[library]));
    let wanted = (0..paths.len()).filter(|library| is_wanted(&paths[*library]));
    let wrong: String = wanted.map(|library| hidden(&paths[library], &catalogue, library, &found)).collect();
    assert!(wrong.is_empty(), "\n{} facts that no example of their file shows:\n{wrong}", wrong.lines().count());
}
