//! The files of `rules/` and of the guard libraries that the build script packed into the program: unpacked once, when they
//! are first asked for.

use std::{io::Read, sync::LazyLock};

use flate2::read::ZlibDecoder;

/// Texts of a pack, each followed by a NUL.
static RULES: LazyLock<String> = LazyLock::new(|| unpack(include_bytes!(concat!(env!("OUT_DIR"), "/rules.z"))));
static GUARDS: LazyLock<String> = LazyLock::new(|| unpack(include_bytes!(concat!(env!("OUT_DIR"), "/guards.z"))));

/// The files of `rules/`: path and text, in order of their paths within each folder.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut texts = RULES.split_terminator('\0');
    std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
}

/// The text of `rules/<name>.toml`; empty where there is none.
pub(in crate::rules) fn rule(name: &str) -> &'static str {
    let is_named = |path: &str| {
        path.strip_prefix("rules/").and_then(|rest| rest.strip_suffix(".toml")).is_some_and(|rest| rest == name)
    };
    rules().find(|(path, _)| is_named(path)).map_or("", |(_, text)| text)
}

/// The files of the guard libraries: language, path within the library, text.
pub(in crate::rules) fn guards() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let mut texts = GUARDS.split_terminator('\0');
    std::iter::from_fn(move || Some((texts.next()?, texts.next()?, texts.next()?)))
}

/// What was packed. The build script wrote it, so that it is whole; whatever else it might be is taken as far as it goes.
fn unpack(pack: &[u8]) -> String {
    let mut bytes = Vec::new();
    let _ = ZlibDecoder::new(pack).read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}
