//! One module per promise that the tool makes.

mod cases;
mod cli;
mod collect;
mod examples;
mod formats;
mod keys;
mod lower;
mod sample;
mod shown;
mod secrets;
mod snippets;
