//! `launchcheck files`: which files are looked at, which are not, and why.

use std::fmt::Write;

use crate::{
    collect::{Class, Tree},
    report::clean,
};

/// One line per file: class, path, reason.
pub(super) fn text(tree: &Tree) -> String {
    let mut text = String::new();
    for file in &tree.files {
        let (path, reason) = (clean::shown(&file.path), clean::shown(&file.reason));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<10} {path}  ({reason})", class(file.class));
    }
    for skipped in &tree.skipped {
        let (path, why) = (clean::shown(&skipped.path), clean::shown(&skipped.why.words()));
        let _ = writeln!(text, "{:<10} {path}  ({why})", "skipped");
    }
    clean::finish(&text)
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Ships => "ships",
        Class::Test => "test",
        Class::Docs => "docs",
        Class::Script => "script",
        Class::Generated => "generated",
        Class::Vendored => "vendored",
        Class::Excluded => "excluded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{File, Kind, SkipReason, Skipped};

    #[test]
    fn every_file_has_its_reason() {
        let file = File {
            path: "app/ma\nin.py".into(),
            class: Class::Ships,
            reason: "in the index".into(),
            kind: Kind::Text,
            tracked: true,
            ignored: false,
            bytes: 1,
        };
        let skipped = Skipped { path: "big.json".into(), why: SkipReason::TooLarge(2_000_000) };
        let tree = Tree { files: vec![file], skipped: vec![skipped], ..Tree::default() };
        let expected = "ships      app/ma\\nin.py  (in the index)\nskipped    big.json  (too large (1954 KiB))\n";
        assert_eq!(text(&tree), expected);
    }
}
