//! Everything the tool knows about the world, as data: packs (what is asked) and the catalogue (what names are).

pub mod agents;
pub mod amounts;
pub mod catalogue;
pub mod checked;
pub mod kinds;
pub mod mistakes;
pub mod packs;
pub mod patterns;
pub mod secrets;

/// The files of `rules/`, by path, made part of the program when it is built.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
