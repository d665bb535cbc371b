//! Stage 2: text → model. A front end per language, and settings files as key paths; none of them knows a rule or a library.

pub mod budget;
pub mod components;
pub mod python;
pub mod rust;
pub mod settings;
pub mod typescript;
mod unpacked;

use crate::model::{Language, Module};

/// The language of a source file, by its extension.
pub fn language_of(path: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.')?.1 {
        "py" | "pyi" => Some(Language::Python),
        "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs" => Some(Language::TypeScript),
        _ if components::is_component(name) => Some(Language::TypeScript),
        "rs" => Some(Language::Rust),
        _ => None,
    }
}

/// Lowers one source file. Never fails: what could not be read is in `Module::lost`.
pub fn lower(path: &str, text: &str, language: Language) -> Module {
    match language {
        Language::Python => python::lower(path, text),
        Language::TypeScript if components::is_component(path) => components::lower(path, text),
        Language::TypeScript => typescript::lower(path, text),
        Language::Rust => rust::lower(path, text),
    }
}
