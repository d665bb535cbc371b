//! Environment files: which ones may be committed, and whether git would add the ones that the application loads.

use crate::source::order::InOrder;
use crate::{rules::secrets::Lists, source::Span};

use super::{Hit, Rule, names};

/// Whether a path is that of an environment file which is meant to hold values: `.env`, `.env.production`,
/// `prod.env`, `.envrc`, but not `.env.example`.
pub fn is_environment_file(path: &str, lists: &Lists) -> bool {
    is_named_like_one(path) && !is_template_name(path, lists)
}

/// Whether a path is that of a template of an environment file: `.env.example`, `example.env`, `env.sample`.
pub fn is_template(path: &str, lists: &Lists) -> bool {
    let file = file_of(path);
    (is_named_like_one(path) || file.starts_with("env.")) && is_template_name(path, lists)
}

fn file_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase()
}

fn is_named_like_one(path: &str) -> bool {
    let file = file_of(path);
    let is_code = [".ts", ".js", ".py", ".mjs", ".rs", ".md"].iter().any(|extension| file.ends_with(extension));
    let is_named = file == ".env" || file == ".envrc" || file.ends_with(".env");
    (is_named || [".env.", ".env-", ".env_"].iter().any(|head| file.starts_with(head))) && !is_code
}

fn is_template_name(path: &str, lists: &Lists) -> bool {
    file_of(path).split(['.', '-', '_']).any(|part| lists.template_suffixes.iter().any(|suffix| suffix == part))
}

/// Whether an environment file is that of tests: `.env.test`.
fn is_for_tests(path: &str, lists: &Lists) -> bool {
    file_of(path).split(['.', '-', '_']).any(|part| lists.test_suffixes.iter().any(|suffix| suffix == part))
}

/// What a variable says that only turns something on or off: `USE_USER_TOKEN=false`.
const SWITCHES: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"];

/// Whether an environment file gives a value to a variable that a credential would be in, if only a placeholder.
pub fn names_secrets(text: &str, lists: &Lists) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.split_once('=').is_some_and(|(name, value)| {
            let is_name = !name.starts_with('#') && names::kind(&names::words(name.trim()), lists).is_some();
            let value = value.trim().trim_matches(['"', '\'']);
            let is_public = lists.browser_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
            let is_switch = SWITCHES.iter().any(|switch| value.eq_ignore_ascii_case(switch));
            is_name && !is_public && !is_switch && !value.is_empty() && !value.starts_with('#')
        })
    })
}

/// One environment file of the audited tree, with what `scan` found in it.
#[derive(Clone, Copy, Debug)]
pub struct EnvironmentFile<'a> {
    pub path: &'a str,
    /// In git's index.
    pub tracked: bool,
    /// Matched by git's ignore rules.
    pub ignored: bool,
    pub hits: &'a [Hit],
}

/// A finding in an environment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentFinding {
    pub path: String,
    /// Variant `values`, at the first value that looks like a secret.
    pub hit: Hit,
}

/// At most one finding per environment file: a tracked one with a secret is `committed-env-file`, one that git does not
/// know and would add is `env-file-not-ignored`. A key in a file that git ignores is in the right place.
pub fn environment_files(files: &[EnvironmentFile<'_>]) -> Vec<EnvironmentFinding> {
    let mut findings: Vec<EnvironmentFinding> = files
        .iter()
        .filter_map(|file| {
            let mut hit = file.hits.iter().find(|hit| hit.rule == Rule::CommittedEnvFile)?.clone();
            if !file.tracked {
                if file.ignored {
                    return None;
                }
                hit.rule = Rule::EnvFileNotIgnored;
                hit.variant = "values".to_owned();
            }
            Some(EnvironmentFinding { path: file.path.to_owned(), hit })
        })
        .collect();
    findings.order_by(|one, two| one.path.cmp(&two.path));
    findings
}

/// A place that loads an environment file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// The environment file, relative to the audited root.
    pub file: String,
}

/// What [`env_file_not_ignored`] judges by.
#[derive(Clone, Debug, Default)]
pub struct EnvFileFacts {
    /// Where code, a framework's own convention that code relies on, or a compose file loads an environment file.
    pub loads: Vec<Load>,
    /// Environment files that a reader is told to make (README, template), relative to the root; for frameworks that
    /// load several files by themselves, this says which one the application uses.
    pub documented: Vec<String>,
    /// Tracked environment files, and whether they name secrets (see [`names_secrets`]).
    pub tracked: Vec<(String, bool)>,
    /// The `.gitignore` files of the tree.
    pub ignore_files: Vec<String>,
}

/// An environment file that the application uses and git would add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotIgnored {
    /// The environment file.
    pub file: String,
    /// Where to report it: the file itself if it is tracked, else the nearest `.gitignore`, else the load.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// `tracked` or `untracked`.
    pub variant: &'static str,
    /// The place that loads it, if one does.
    pub load: Option<Load>,
}

impl NotIgnored {
    /// An empty span: the finding is about the file, not a part of its text.
    pub fn span(&self) -> Span {
        Span::default()
    }
}

/// The first environment file that the application loads, or tells its readers to make, and that git would add.
///
/// The rule: every loaded file must be ignored, and every documented one. Where the application documents `.env.local`
/// and loads nothing else, ignoring `.env*.local` is enough. A tracked file that holds plain settings only is meant to
/// be shared; templates and files outside the tree do not count. `would_ignore` answers for a path relative to the root
/// with the index set aside.
pub fn env_file_not_ignored(
    facts: &EnvFileFacts,
    lists: &Lists,
    would_ignore: impl Fn(&str) -> bool,
) -> Option<NotIgnored> {
    let mut loads: Vec<&Load> = facts.loads.iter().collect();
    loads.sort_unstable();
    let mut documented: Vec<&String> = facts.documented.iter().collect();
    documented.sort_unstable();
    let candidates = loads.into_iter().map(|load| (load.file.as_str(), Some(load)));
    let candidates = candidates.chain(documented.into_iter().map(|file| (file.as_str(), None)));
    let mut open: Vec<NotIgnored> = candidates
        .filter_map(|(file, load)| {
            let file = file.trim_start_matches("./");
            let outside = file.starts_with(['/', '~', '$']) || file.starts_with("..") || file.contains('\\');
            if outside || !is_environment_file(file, lists) || is_for_tests(file, lists) || would_ignore(file) {
                return None;
            }
            let tracked = facts.tracked.iter().find(|(path, _)| path == file);
            if tracked.is_some_and(|(_, names_secrets)| !names_secrets) {
                return None;
            }
            let (path, line) = match (tracked, nearest(&facts.ignore_files, file), load) {
                (Some(_), _, _) => (file.to_owned(), 1),
                (None, Some(ignore), _) => (ignore, 1),
                (None, None, Some(load)) => (load.path.clone(), load.line),
                (None, None, None) => (file.to_owned(), 1),
            };
            let variant = if tracked.is_some() { "tracked" } else { "untracked" };
            Some(NotIgnored { file: file.to_owned(), path, line, variant, load: load.cloned() })
        })
        .collect();
    // A file that is already in the repository tells most.
    open.order_by_key(|open| (open.variant != "tracked", open.load.is_none()));
    open.into_iter().next()
}

/// The `.gitignore` in the nearest folder above a file.
fn nearest(ignore_files: &[String], file: &str) -> Option<String> {
    let folder_of = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let above = ignore_files.iter().filter(|ignore| file.starts_with(&folder_of(ignore)));
    above.max_by_key(|ignore| folder_of(ignore).len()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::secrets::Shapes;

    fn lists() -> Lists {
        match Shapes::built_in() {
            Ok(shapes) => shapes.lists.clone(),
            Err(error) => panic!("{error}"),
        }
    }

    fn loads(file: &str) -> EnvFileFacts {
        let load = Load { path: "app/config.py".into(), line: 18, file: file.into() };
        EnvFileFacts { loads: vec![load], ignore_files: vec![".gitignore".into()], ..EnvFileFacts::default() }
    }

    #[test]
    fn templates_are_no_environment_files() {
        let lists = lists();
        for path in [".env", "a/.env.local", ".env.production", "prod.env", ".envrc", ".env.test"] {
            assert!(is_environment_file(path, &lists), "{path}");
        }
        for path in [
            ".env.example",
            ".example.env",
            ".env.local.example",
            "env.ts",
            ".env.sample",
            ".environment",
            ".env.template",
        ] {
            assert!(!is_environment_file(path, &lists), "{path}");
        }
    }

    #[test]
    fn a_loaded_file_must_be_ignored() {
        let lists = lists();
        let found = env_file_not_ignored(&loads(".env"), &lists, |file| file.ends_with(".local"));
        assert_eq!(found.map(|found| (found.path, found.variant)), Some((".gitignore".into(), "untracked")));
        assert_eq!(env_file_not_ignored(&loads(".env.local"), &lists, |file| file.ends_with(".local")), None);
        assert_eq!(env_file_not_ignored(&loads("~/.env"), &lists, |_| false), None);
        assert_eq!(env_file_not_ignored(&loads("apps/web/.env.test"), &lists, |_| false), None);
        let documented = EnvFileFacts { documented: vec![".env.local".into()], ..EnvFileFacts::default() };
        assert_eq!(env_file_not_ignored(&documented, &lists, |file| file.ends_with(".local")), None);
    }

    #[test]
    fn a_tracked_file_of_plain_settings_is_meant_to_be_shared() {
        let lists = lists();
        assert!(names_secrets("A=1\nSECRET_KEY=changethis\n", &lists));
        assert!(!names_secrets("PORT=80\nAPI_KEY=\n# TOKEN=x\nVITE_API_URL=http://x\n", &lists));
        let mut facts = loads(".env");
        facts.tracked = vec![(".env".into(), false)];
        assert_eq!(env_file_not_ignored(&facts, &lists, |_| false), None);
        facts.tracked = vec![(".env".into(), true)];
        let found = env_file_not_ignored(&facts, &lists, |_| false);
        assert_eq!(found.map(|found| (found.path, found.variant)), Some((".env".into(), "tracked")));
    }
}
