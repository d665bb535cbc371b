//! Everything the tool knows about the world, as data: packs (what is asked) and the catalogue (what names are).

pub mod catalogue;
pub mod secrets;
