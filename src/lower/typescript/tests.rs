//! Each construct, by what it lowers to, written in one line.

mod broken;
mod notation;
mod written;

use super::lower;
use notation::block;

/// What a file with this text lowers to; `tsx`.
fn lowered(text: &str) -> String {
    block(&lower("a.tsx", text).body)
}

/// The same for a file without markup.
fn plain(text: &str) -> String {
    block(&lower("a.ts", text).body)
}

/// Compares each text with what it lowers to.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(lowered(text), *expected, "{text}");
    }
}
