//! One module per promise that the tool makes.

mod apps;
mod cases;
mod cli;
mod collect;
mod formats;
mod keys;
mod lower;
mod sample;
mod secrets;
mod shape;
mod snippets;
mod transcripts;
