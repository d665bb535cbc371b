//! One module per promise that the tool makes.

mod lower;
