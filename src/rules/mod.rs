//! Everything the tool knows about the world, as data: packs (what is asked) and the catalogue (what names are).

pub mod agents;
pub mod amounts;
pub mod catalogue;
pub mod checked;
pub mod embedded;
pub mod globs;
pub mod guards;
pub mod hosts;
pub mod kinds;
pub mod mistakes;
pub mod packs;
pub mod patterns;
pub mod secrets;

/// What a file of a folder of further rules is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Items and rules.
    Pack,
    /// What a library does.
    Library,
    /// What is not read from such a folder.
    Other,
}

/// Packs have a `stage` before their first table, or a name that begins with a digit; every other file names a library.
/// The text need not be valid: whoever reads it says what is wrong.
fn purpose(path: &std::path::Path, text: &str) -> Purpose {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_stage = |line: &str| line.strip_prefix("stage").is_some_and(|rest| rest.trim_start().starts_with('='));
    let mut head = text.lines().map(str::trim_start).take_while(|line| !line.starts_with('['));
    match name.as_ref() {
        "secrets.toml" | "coding-agents.toml" => Purpose::Other,
        name if name.starts_with(|first: char| first.is_ascii_digit()) || head.any(is_stage) => Purpose::Pack,
        _ => Purpose::Library,
    }
}
