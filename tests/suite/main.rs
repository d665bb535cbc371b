

mod cli;
mod collect;
mod formats;
mod lower;
mod sample;
mod secrets;
mod snippets;
