//! What `launchcheck init` writes, with this release's version and the project's address filled in.

/// The configuration: every key, commented out.
pub(super) const CONFIGURATION: &str = include_str!("launchcheck.toml");

const WORKFLOW: &str = include_str!("workflow.yml");
const HOOK: &str = include_str!("pre-commit.yaml");

/// Where the project lives.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
/// The commit of a release build. A tag can be moved, a commit cannot.
const COMMIT: Option<&str> = option_env!("LAUNCHCHECK_COMMIT");

/// The tag of this version.
fn tag() -> String {
    format!("v{}", env!("CARGO_PKG_VERSION"))
}

/// The GitHub workflow.
pub(super) fn workflow() -> String {
    let name = REPOSITORY.trim_start_matches("https://github.com/");
    let tag = tag();
    let reference = match COMMIT {
        Some(commit) if !commit.is_empty() => format!("{commit} # {tag}"),
        _ => tag,
    };
    WORKFLOW.replace("{action}", &format!("{name}@{reference}"))
}

/// The entry in the list of repositories of pre-commit.
pub(super) fn hook() -> String {
    HOOK.replace("{repository}", REPOSITORY).replace("{tag}", &tag())
}
