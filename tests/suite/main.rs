//! One module per promise that the tool makes.

mod apps;
mod cases;
mod catalogue_readme;
mod cli;
mod collect;
mod examples;
mod first_contact;
mod formats;
mod init;
mod keys;
mod lower;
mod robust;
mod sample;
mod secrets;
mod shape;
mod shown;
mod snippets;
mod stable;
mod targets;
mod transcripts;
mod ways;
