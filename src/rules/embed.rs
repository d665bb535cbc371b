//! Build script: lists every file under `rules/` so that a new pack or catalogue file is found, not registered, and the
//! files of the guard libraries.
//!
//! Examples of the catalogue are for the tests, which read them from the files: half of the text, and no audit needs it.

#![expect(clippy::print_stdout, reason = "a build script talks to cargo on standard output")]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rules/embed.rs");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut code = String::from("&[\n");
    for folder in ["rules", "rules/catalogue"] {
        let mut files: Vec<_> = fs::read_dir(Path::new(&root).join(folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        files.sort();
        for path in files {
            println!("cargo::rerun-if-changed={}", path.display());
            let name = path.strip_prefix(&root).map_err(io::Error::other)?;
            let name = name.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path)?;
            let text = if folder == "rules" { text } else { without_examples(&text) };
            code.push_str(&format!("    ({name:?}, {text:?}),\n"));
        }
    }
    code.push(']');
    fs::write(Path::new(&out).join("embedded.rs"), code)?;
    let mut code = String::from("&[\n");
    for (language, folder) in GUARDS {
        println!("cargo::rerun-if-changed={folder}");
        let folder = Path::new(&root).join(folder);
        for path in files_below(&folder)? {
            let name = path.strip_prefix(&folder).map_err(io::Error::other)?;
            let name = name.to_string_lossy().replace('\\', "/");
            code.push_str(&format!("    ({language:?}, {name:?}, {:?}),\n", fs::read_to_string(&path)?));
        }
    }
    code.push(']');
    fs::write(Path::new(&out).join("guards.rs"), code)
}

/// Where the guard libraries are, by language.
const GUARDS: [(&str, &str); 2] =
    [("python", "fixtures/guards/python/src/launchguards"), ("typescript", "fixtures/guards/typescript/src")];

/// The source files below a folder, sorted.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_source = path.extension().is_some_and(|end| end == "py" || end == "ts" || end == "typed");
            if path.is_dir() {
                folders.push(path);
            } else if is_source {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A catalogue file without its `[[example]]` tables.
fn without_examples(text: &str) -> String {
    let mut kept = String::new();
    let (mut quote, mut is_example) = (None, false);
    for line in text.split_inclusive('\n') {
        if quote.is_none() && is_header(line.trim()) {
            is_example = line.trim_start_matches('[').starts_with("example");
        }
        if !is_example {
            kept.push_str(line);
        }
        quote = quote_after(line, quote);
    }
    kept
}

/// Whether a line is the header of a table: an item of a list has quotes or a comma.
fn is_header(line: &str) -> bool {
    let name = line.trim_matches(['[', ']']);
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    line.starts_with('[') && line.ends_with(']') && !name.is_empty() && name.chars().all(is_name)
}

/// The quotes of a text over several lines that are open after a line.
fn quote_after(line: &str, mut quote: Option<&'static str>) -> Option<&'static str> {
    let mut rest = line;
    loop {
        let next = match quote {
            Some(open) => rest.find(open).map(|at| (at, None)),
            None => ["'''", "\"\"\""].into_iter().filter_map(|each| Some((rest.find(each)?, Some(each)))).min(),
        };
        let Some((at, then)) = next else { return quote };
        quote = then;
        rest = rest.get(at + 3..).unwrap_or("");
    }
}
