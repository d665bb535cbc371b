//! What the documentation and `tests/cmd` show is what the program prints, byte for byte.
//!
//! After a wanted change, `TRYCMD=overwrite cargo test --test suite transcripts` writes them anew; read the difference.

#[test]
fn transcripts_are_true() {
    let cases = trycmd::TestCases::new();
    cases.env("LC_ALL", "C.UTF-8").env("LAUNCHCHECK_LANG", "").env("NO_COLOR", "1");
    // Whoever runs the tests, the transcripts are those of a person.
    for agent in launchcheck::rules::agents::known() {
        for name in agent.names() {
            cases.env(name, "");
        }
    }
    cases.case("README.md").case("CONTRIBUTING.md").case(".github/README.ko.md").case("tests/cmd/*.trycmd");
}
