//! What a repository lacks: one step per file, each with the text that would be written or the reason why not.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path},
};

use super::templates;
use crate::{
    cli::arguments::Part,
    collect::{place_in_repository, would_ignore},
    report::clean,
    verdict::{EnvVar, Text, Tongue},
};

/// Files beyond this are not read: nobody keeps them by hand.
const FILE_BYTES: u64 = 1 << 20;

/// One file that `init` takes care of.
pub(super) struct Step {
    pub(super) part: Part,
    /// Relative to the root.
    pub(super) path: String,
    pub(super) action: Action,
}

/// What is to be done about a file.
pub(super) enum Action {
    /// The file is missing: this is its text.
    Create(String),
    /// The file lacks these lines.
    Append(String),
    /// The file says it already.
    Present,
    /// Nothing is written for this reason; `paste` is for a person to add.
    Leave { why: Text, paste: Option<String> },
}

/// What is to be done for the tree at `root`, whose code needs these variables.
pub(super) fn plan(root: &Path, variables: &[EnvVar], tongue: Tongue) -> Vec<Step> {
    let place = place_in_repository(root);
    let mut steps = vec![configuration(root)];
    steps.push(workflow(root, place.as_deref()));
    steps.push(hook(root, place.as_deref()));
    steps.extend(env_example(root, variables, tongue));
    steps.push(gitignore(root));
    steps
}

fn configuration(root: &Path) -> Step {
    let path = "launchcheck.toml";
    let elsewhere = [
        (".github/launchcheck.toml", ""),
        ("pyproject.toml", "[tool.launchcheck"),
        ("package.json", "\"launchcheck\":"),
    ];
    let other =
        elsewhere.into_iter().find(|(path, mark)| matches!(look(root, path), Found::Text(text) if text.contains(mark)));
    let (path, action) = match (look(root, path), other) {
        (Found::Text(_), _) => (path, Action::Present),
        (_, Some((path, _))) => (path, Action::Present),
        (Found::Nothing, None) => (path, Action::Create(templates::CONFIGURATION.to_owned())),
        (Found::Unusable(why), None) => (path, unusable(why, templates::CONFIGURATION)),
    };
    Step { part: Part::Config, path: path.to_owned(), action }
}

fn workflow(root: &Path, place: Option<&str>) -> Step {
    const FOLDER: &str = ".github/workflows";
    let path = format!("{FOLDER}/launchcheck.yml");
    let text = templates::workflow();
    let action = match outside_of_top(place) {
        Some(why) => Action::Leave { why, paste: None },
        None => match mentioned_in(root, FOLDER) {
            Some(path) => return Step { part: Part::Workflow, path, action: Action::Present },
            None if !root.join(".github").exists() && root.join(".gitlab-ci.yml").exists() => {
                let why = text_of("GitLab: README.md has the job to add", "GitLab: 추가할 작업은 README.md 참고");
                return Step { part: Part::Workflow, path, action: Action::Leave { why, paste: None } };
            }
            None => match look(root, &path) {
                Found::Nothing => Action::Create(text),
                Found::Text(_) => Action::Present,
                Found::Unusable(why) => unusable(why, &text),
            },
        },
    };
    Step { part: Part::Workflow, path, action }
}

/// The file of a folder that names this program.
fn mentioned_in(root: &Path, folder: &str) -> Option<String> {
    let mut names: Vec<String> = fs::read_dir(root.join(folder))
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
        .collect();
    names.sort_unstable();
    names
        .into_iter()
        .map(|name| format!("{folder}/{name}"))
        .find(|path| matches!(look(root, path), Found::Text(text) if text.contains("launchcheck")))
}

fn hook(root: &Path, place: Option<&str>) -> Step {
    let path = ".pre-commit-config.yaml".to_owned();
    let entry = templates::hook();
    let action = match (outside_of_top(place), look(root, &path)) {
        (Some(why), _) => Action::Leave { why, paste: None },
        (None, Found::Nothing) => Action::Create(format!("repos:\n{}", indented(&entry, 2))),
        (None, Found::Text(text)) if text.contains("launchcheck") => Action::Present,
        (None, Found::Text(text)) => match appended_hook(&text, &entry) {
            Some(addition) => Action::Append(addition),
            None => Action::Leave {
                why: text_of(
                    "`repos` is not the last list of the file: add this to it",
                    "`repos` 목록이 파일 끝에 없음: 직접 추가 필요",
                ),
                paste: Some(entry),
            },
        },
        (None, Found::Unusable(why)) => unusable(why, &entry),
    };
    Step { part: Part::PreCommit, path, action }
}

/// The lines that add an entry to the list `repos` at the end of a file: only where the result says what the file said
/// and this entry.
fn appended_hook(text: &str, entry: &str) -> Option<String> {
    let before: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).ok()?;
    let old = before.get("repos")?.as_sequence()?;
    let indent = text.lines().rev().find_map(|line| {
        let item = line.trim_start();
        item.starts_with("- repo:").then(|| line.len() - item.len())
    })?;
    let addition = continued(text, &indented(entry, indent));
    let after: serde_yaml_ng::Value = serde_yaml_ng::from_str(&format!("{text}{addition}")).ok()?;
    let new = after.get("repos")?.as_sequence()?;
    let added = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(entry).ok()?;
    let mut expected = before.clone();
    let mut repositories = old.clone();
    repositories.push(added.as_sequence()?.first()?.clone());
    *expected.get_mut("repos")? = serde_yaml_ng::Value::Sequence(repositories);
    (new.len() == old.len() + 1 && after == expected).then_some(addition)
}

/// The names that templates of environment files have.
const TEMPLATES: [&str; 6] =
    [".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "env.example"];

/// The template of the environment file: a line per variable that the code cannot do without. None where it reads none.
fn env_example(root: &Path, variables: &[EnvVar], tongue: Tongue) -> Option<Step> {
    let path = TEMPLATES.into_iter().find(|path| !matches!(look(root, path), Found::Nothing)).unwrap_or(".env.example");
    let found = look(root, path);
    let known: BTreeSet<&str> = match &found {
        Found::Text(text) => text.lines().filter_map(variable_of).collect(),
        _ => BTreeSet::new(),
    };
    let mut missing = BTreeSet::new();
    let mut lines = String::new();
    for variable in variables.iter().filter(|each| is_name(&each.name) && !known.contains(each.name.as_str())) {
        if missing.insert(&variable.name) {
            let place = format!("{}:{}", clean::line(&variable.path), variable.line);
            let comment = match tongue {
                Tongue::English => format!("read in {place}"),
                Tongue::Korean => format!("읽는 곳: {place}"),
            };
            lines.push_str(&format!("# {comment}\n{}=\n", variable.name));
        }
    }
    let action = match (found, missing.is_empty()) {
        (Found::Nothing, true) => return None,
        (_, true) => Action::Present,
        (Found::Nothing, false) => Action::Create(lines),
        (Found::Text(text), false) => Action::Append(continued(&text, &lines)),
        (Found::Unusable(why), false) => unusable(why, &lines),
    };
    Some(Step { part: Part::EnvExample, path: path.to_owned(), action })
}

/// The variable that a line of an environment file sets, if only as a comment.
fn variable_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches('#').trim_start();
    let name = line.strip_prefix("export ").unwrap_or(line).split_once('=')?.0.trim();
    is_name(name).then_some(name)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
}

fn gitignore(root: &Path) -> Step {
    let path = ".gitignore";
    let lines: String = [".env", ".env.local"]
        .iter()
        .filter(|file| !would_ignore(root, file))
        .map(|file| format!("{file}\n"))
        .collect();
    let action = match look(root, path) {
        _ if lines.is_empty() => Action::Present,
        Found::Nothing => Action::Create(lines),
        Found::Text(text) => Action::Append(continued(&text, &lines)),
        Found::Unusable(why) => unusable(why, &lines),
    };
    Step { part: Part::Gitignore, path: path.to_owned(), action }
}

/// Why a file that has its place at the top of a git repository is not written: `place` is where the root is in it.
fn outside_of_top(place: Option<&str>) -> Option<Text> {
    match place {
        None => Some(text_of("not in a git repository", "git 저장소가 아님")),
        Some("") => None,
        Some(_) => Some(text_of(
            "belongs to the top of the repository: run `launchcheck init` there",
            "저장소 최상위에 두는 파일: 최상위에서 `launchcheck init` 실행",
        )),
    }
}

fn unusable(why: Text, paste: &str) -> Action {
    Action::Leave { why, paste: Some(paste.to_owned()) }
}

fn text_of(en: &str, ko: &str) -> Text {
    Text { en: en.to_owned(), ko: ko.to_owned() }
}

/// What is at a path.
enum Found {
    Nothing,
    Text(String),
    Unusable(Text),
}

/// Looks at a file below the root, through no symbolic link.
fn look(root: &Path, path: &str) -> Found {
    let mut at = root.to_owned();
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    for (number, part) in parts.iter().enumerate() {
        at.push(part);
        let about = match fs::symlink_metadata(&at) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Unusable(text_of(&error.to_string(), &error.to_string())),
        };
        let is_last = number + 1 == parts.len();
        if about.is_symlink() {
            return Found::Unusable(text_of("a symbolic link is in the way", "심볼릭 링크가 있음"));
        }
        if about.is_dir() == is_last || !(about.is_dir() || about.is_file()) {
            return Found::Unusable(text_of("something else has this name", "같은 이름의 다른 것이 있음"));
        }
        if is_last && about.len() > FILE_BYTES {
            return Found::Unusable(text_of("too large to be read", "너무 커서 읽지 않음"));
        }
    }
    match fs::read(&at).map(String::from_utf8) {
        Ok(Ok(text)) => Found::Text(text),
        Ok(Err(_)) => Found::Unusable(text_of("not UTF-8", "UTF-8이 아님")),
        Err(error) => Found::Unusable(text_of(&error.to_string(), &error.to_string())),
    }
}

/// Lines as they are added to the end of a text: after a line break, and with the line ends that it has.
fn continued(text: &str, lines: &str) -> String {
    let lines = if text.contains("\r\n") { lines.replace('\n', "\r\n") } else { lines.to_owned() };
    match text.chars().last() {
        None | Some('\n') => lines,
        Some(_) if text.contains("\r\n") => format!("\r\n{lines}"),
        Some(_) => format!("\n{lines}"),
    }
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "- repo: here\n  rev: v1\n  hooks:\n    - id: launchcheck\n";

    #[test]
    fn hooks_are_added_where_the_file_stays_what_it_was() {
        let text = "repos:\n- repo: local\n  hooks:\n  - id: other\n";
        assert_eq!(appended_hook(text, ENTRY).as_deref(), Some(ENTRY));
        let windows = "repos:\r\n  - repo: local\r\n    hooks: []";
        let added = appended_hook(windows, ENTRY).unwrap_or_default();
        assert!(added.starts_with("\r\n  - repo: here\r\n    rev: v1\r\n"), "{added:?}");
        for unfit in ["repos: []\n", "repos:\n- repo: local\nexclude: x\n", "- repo: local\n", "repos: [\n", ""] {
            assert_eq!(appended_hook(unfit, ENTRY), None, "{unfit:?}");
        }
    }

    #[test]
    fn variables_of_templates_may_be_comments() {
        let names: Vec<_> =
            "A=1\n#B=\n# export C_1=x\n# just words\n=\n1D=\n".lines().filter_map(variable_of).collect();
        assert_eq!(names, ["A", "B", "C_1"]);
    }

    #[test]
    fn lines_are_added_as_the_file_is_written() {
        assert_eq!(continued("", "a\n"), "a\n");
        assert_eq!(continued("b", "a\n"), "\na\n");
        assert_eq!(continued("b\r\n", "a\n"), "a\r\n");
    }
}
