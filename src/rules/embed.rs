//! Build script: packs every file under `rules/` so that a new pack or catalogue file is found, not registered, and the
//! files of the guard libraries. `rules/embedded.rs` unpacks them.
//!
//! Examples of the catalogue are for the tests, which read them from the files: half of the text, and no audit needs it.

#![expect(clippy::print_stdout, reason = "a build script talks to cargo on standard output")]

use std::{
    env, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::ZlibEncoder};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rules/embed.rs");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut texts = String::new();
    for folder in ["rules", "rules/catalogue"] {
        let mut files: Vec<_> = fs::read_dir(Path::new(&root).join(folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        files.sort_unstable();
        for path in files {
            println!("cargo::rerun-if-changed={}", path.display());
            let text = fs::read_to_string(&path)?;
            let text = if folder == "rules" { text } else { without_examples(&text) };
            add(&mut texts, &[&name_in(Path::new(&root), &path)?, &text])?;
        }
    }
    pack(&Path::new(&out).join("rules.z"), &texts)?;
    let mut texts = String::new();
    for (language, folder) in GUARDS {
        println!("cargo::rerun-if-changed={folder}");
        let folder = Path::new(&root).join(folder);
        for path in files_below(&folder)? {
            add(&mut texts, &[language, &name_in(&folder, &path)?, &fs::read_to_string(&path)?])?;
        }
    }
    pack(&Path::new(&out).join("guards.z"), &texts)
}

/// The path of a file below a folder, with `/`.
fn name_in(folder: &Path, path: &Path) -> io::Result<String> {
    Ok(path.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/"))
}

/// Adds texts to a pack: each ends with a NUL, which none may hold.
fn add(pack: &mut String, texts: &[&str]) -> io::Result<()> {
    for text in texts {
        if text.contains('\0') {
            return Err(io::Error::other(format!("a NUL in {}", texts.first().unwrap_or(&""))));
        }
        pack.push_str(text);
        pack.push('\0');
    }
    Ok(())
}

/// Writes a pack, compressed: a fifth of its size.
fn pack(path: &Path, texts: &str) -> io::Result<()> {
    let mut encoder = ZlibEncoder::new(fs::File::create(path)?, Compression::best());
    encoder.write_all(texts.as_bytes())?;
    encoder.finish()?.flush()
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
    files.sort_unstable();
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
