//! What the documentation and `tests/cmd` show is what the program prints, byte for byte.
//!
//! After a wanted change, `TRYCMD=overwrite cargo test --test suite transcripts` writes them anew; read the difference.

#[test]
fn transcripts_are_true() {
    trycmd::TestCases::new()
        .env("LC_ALL", "C.UTF-8")
        .env("LAUNCHCHECK_LANG", "")
        .env("NO_COLOR", "1")
        .env("CI", "")
        .env("SOURCE_DATE_EPOCH", "1795824000")
        .case("README.md")
        .case("CONTRIBUTING.md")
        .case(".github/README.ko.md")
        .case("tests/cmd/*.trycmd");
}
