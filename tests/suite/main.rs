//! One module per promise that the tool makes.

mod cli;
mod collect;
mod formats;
mod lower;
mod sample;
mod snippets;
