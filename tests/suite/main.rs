//! One module per promise.

mod cli;
mod formats;
mod sample;
mod snippets;
