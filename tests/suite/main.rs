//! One module per promise that the tool makes.

mod collect;
mod lower;
