//! What each file is for, by its path relative to the root; and by its text, for whoever reads it.

use std::collections::{BTreeMap, HashSet};

use crate::source::order::InOrder;

use super::{Class, File, Kind, Tree, join, known::CLASSES, known::matches, split, walk};

/// Lines longer than this on average are made by a machine (minifiers, bundlers), in bytes.
const MINIFIED_AVERAGE: usize = 500;
/// Texts shorter than this are not called minified, in bytes.
const MINIFIED_LEAST: usize = 5_000;
/// Of this many bytes of a machine's long lines at least one is a bracket, `;` or `=`; a long text or embedded data that
/// someone wrote into a line has hardly any.
const MINIFIED_SPARSE: usize = 20;
/// Why the files of a folder are tests whose name has more than that word.
const NAMED_FOR_TESTS: &str = " folder, named for tests";

/// Gives every file of a tree its class and the reason.
pub(super) fn classify(tree: &mut Tree) {
    let projects = walk::manifest_folders(&tree.files);
    let in_git = tree.in_git;
    for file in &mut tree.files {
        let (class, reason) = class_of(&file.path, file.kind, &projects).unwrap_or_else(|| {
            let reason = match (in_git, file.tracked, file.ignored) {
                (true, true, true) => "in the index although ignored",
                (true, true, false) => "in the index",
                (true, false, _) => "neither tracked nor ignored",
                (false, ..) => "not ignored",
            };
            (Class::Ships, reason.to_owned())
        });
        file.class = class;
        file.reason = reason;
    }
}

/// A programming language that is not read, with its files in a tree that ship.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadLanguage<'t> {
    pub name: &'static str,
    pub files: Vec<&'t str>,
}

/// The languages of a tree that ship and are not read, the one with most files first.
pub fn unread_languages(tree: &Tree) -> Vec<UnreadLanguage<'_>> {
    let ships = tree.files.iter().filter(|file| file.class == Class::Ships && file.kind == Kind::Text);
    let mut files: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for path in ships.map(|file| file.path.as_str()) {
        let Some((_, extension)) = split(path).1.rsplit_once('.') else { continue };
        let extension = extension.to_ascii_lowercase();
        if let Some((name, _)) = CLASSES.languages.iter().find(|(_, known)| known.contains(&extension)) {
            files.entry(name).or_default().push(path);
        }
    }
    let mut languages: Vec<_> = files.into_iter().map(|(name, files)| UnreadLanguage { name, files }).collect();
    languages.order_by_key(|language| std::cmp::Reverse(language.files.len()));
    languages
}

/// Gives classes to paths that are not in the tree.
#[derive(Clone, Debug)]
pub struct PathClasses {
    projects: HashSet<String>,
}

impl PathClasses {
    /// As of a tree: its manifests say where projects begin.
    pub fn of(tree: &Tree) -> Self {
        PathClasses { projects: walk::manifest_folders(&tree.files) }
    }

    /// The class of a path; none where its name says that it is no text.
    pub fn class_of(&self, path: &str) -> Option<Class> {
        let (kind, is_binary) = walk::kind_of(path);
        (!is_binary).then(|| class_of(path, kind, &self.projects).map_or(Class::Ships, |(class, _)| class))
    }
}

/// The class that a path alone gives; `None`: it ships.
fn class_of(path: &str, kind: Kind, projects: &HashSet<String>) -> Option<(Class, String)> {
    by_folder(path, kind, projects).or_else(|| by_name(path, projects))
}

fn by_folder(path: &str, kind: Kind, projects: &HashSet<String>) -> Option<(Class, String)> {
    let known = &CLASSES.folders;
    let (folder, name) = split(path);
    let is_page = is_page(name);
    let mut found: Option<(Class, String)> = None;
    let mut leading = String::new();
    let (mut below_source, mut below_routes) = (false, false);
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        let lower = part.to_ascii_lowercase();
        let is = |list: &[String]| list.contains(&lower);
        // A piece of an address for pages and what lies beside them, an ordinary folder for everything else.
        let is_address = below_routes && kind == Kind::Code(crate::model::Language::TypeScript);
        let class = match () {
            () if is(&known.vendored) && !is_address => Some(Class::Vendored),
            () if is(&known.generated_anywhere) || is(&known.generated) && !below_source && !is_address => {
                Some(Class::Generated)
            }
            () if is(&known.test) && !(is_address && is_page && !lower.starts_with('_')) => Some(Class::Test),
            () if names_tests(&lower) && !is_address => Some(Class::Test),
            () if is(&known.docs) && !is_address => Some(Class::Docs),
            () if is(&known.script) && !is_address => Some(Class::Script),
            () if is(&known.script_beside_manifest) && projects.contains(&leading) => Some(Class::Script),
            () => None,
        };
        // Of several folders the strongest word counts: vendored tests are vendored.
        if let Some(class) = class
            && found.as_ref().is_none_or(|(known, _)| strength(class) > strength(*known))
        {
            let reason = match class == Class::Test && !is(&known.test) {
                true => format!("{part}/{NAMED_FOR_TESTS}"),
                false => format!("{part}/ folder"),
            };
            found = Some((class, reason));
        }
        below_source |= lower == "src" || lower == "app";
        below_routes |= is(&known.routes);
        leading = join(&leading, part);
    }
    found
}

/// Whether the name of a folder says which tests it holds, or what for tests: `load-tests`, `testing_clients`.
fn names_tests(name: &str) -> bool {
    let known = &CLASSES.folders;
    let is_of = |word: &str, list: &[String]| list.iter().any(|known| known == word);
    let pair = |(first, rest): (&str, &str)| {
        is_of(first, &known.test_words) && is_of(rest, &known.for_tests)
            || is_of(rest, &known.test_words) && is_of(first, &known.kinds_of_tests)
    };
    let parts =
        name.match_indices(['-', '_']).filter_map(|(at, mark)| Some((name.get(..at)?, name.get(at + mark.len()..)?)));
    parts.into_iter().any(pair)
}

fn strength(class: Class) -> u8 {
    match class {
        Class::Ships => 0,
        Class::Script => 1,
        Class::Docs => 2,
        Class::Test => 3,
        Class::Generated => 4,
        Class::Vendored => 5,
        Class::Excluded => 6,
    }
}

/// Names that frameworks with file routes give to what they serve.
fn is_page(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    CLASSES.files.pages.iter().any(|page| page == stem)
}

fn by_name(path: &str, projects: &HashSet<String>) -> Option<(Class, String)> {
    let (folder, name) = split(path);
    let lower = name.to_ascii_lowercase();
    let known = &CLASSES.files;
    let pattern = |list: &'static [String]| list.iter().find(|pattern| matches(pattern, &lower));
    if let Some(pattern) = pattern(&known.generated) {
        return Some((Class::Generated, format!("named {pattern}")));
    }
    if let Some(pattern) = pattern(&known.test) {
        return Some((Class::Test, format!("named {pattern}")));
    }
    if let Some(pattern) = pattern(&known.docs) {
        return Some((Class::Docs, format!("named {pattern}")));
    }
    let (around, own) = split(folder);
    let below = format!("{}/{lower}", own.to_ascii_lowercase());
    if let Some(pattern) = known.script_below.iter().find(|pattern| matches(pattern, &below))
        && projects.contains(around)
    {
        return Some((Class::Script, format!("named {pattern}")));
    }
    if !projects.contains(folder) {
        return None;
    }
    if let Some(pattern) = pattern(&known.script) {
        return Some((Class::Script, format!("named {pattern}")));
    }
    let (tool, rest) = lower.split_once(".config.").or_else(|| lower.split_once("rc."))?;
    let tool = tool.trim_start_matches('.');
    let is_tool =
        matches!(rest, "js" | "ts" | "mjs" | "cjs" | "mts" | "cts") && known.tools.iter().any(|known| known == tool);
    is_tool.then(|| (Class::Script, "settings of a developer tool".to_owned()))
}

/// The class that the text of a file gives, for a file whose path did not tell: generated headers, minified code, task
/// lists. `None`: the class by path stands. For whoever reads the file; collecting does not.
pub fn classify_text(file: &File, text: &str) -> Option<(Class, String)> {
    if file.class != Class::Ships || !matches!(file.kind, Kind::Code(_)) {
        return None;
    }
    let known = &CLASSES.contents;
    for line in text.lines().take(5) {
        let line: String = line.chars().take(400).collect::<String>().to_lowercase();
        let comment = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        let is_comment = ["#", "//", "/*", "*", "\"\"\"", "'''", "<!--"].iter().any(|mark| comment.starts_with(mark));
        if is_comment && let Some(words) = known.generated.iter().find(|words| comment.contains(words.as_str())) {
            return Some((Class::Generated, format!("header says `{}`", words.trim())));
        }
    }
    if is_minified(text) {
        return Some((Class::Generated, "minified".to_owned()));
    }
    let is_task_file = known.task_files.iter().any(|name| name == split(&file.path).1);
    let imports = |words: &String| text.lines().any(|line| line.trim_start().starts_with(words.as_str()));
    (is_task_file && known.task_imports.iter().any(imports))
        .then(|| (Class::Script, "task list of a developer tool".to_owned()))
}

/// Whether the long lines of a text are code, and most of it.
fn is_minified(text: &str) -> bool {
    if text.len() < MINIFIED_LEAST || text.len() / text.lines().count().max(1) <= MINIFIED_AVERAGE {
        return false;
    }
    let long = || text.lines().filter(|line| line.len() > MINIFIED_AVERAGE);
    let is_mark = |byte: &u8| matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b';' | b'=');
    let marks: usize = long().map(|line| line.bytes().filter(|byte| is_mark(byte)).count()).sum();
    marks * MINIFIED_SPARSE >= long().map(str::len).sum()
}

/// Whether a class is a guess by the name of a folder that an import by something that ships overrules (the `tools/` of
/// an agent are no developer tools, what `test_cases/` holds may be what the program makes).
pub fn is_provisional(file: &File) -> bool {
    (file.class == Class::Script && file.reason.ends_with(" folder") || file.reason.ends_with(NAMED_FOR_TESTS))
        && !file.path.split('/').any(|part| part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Language;

    fn class(path: &str) -> Class {
        let projects = HashSet::from([String::new(), "backend".to_owned()]);
        let kind = crate::lower::language_of(path).map_or(Kind::Text, Kind::Code);
        class_of(path, kind, &projects).map_or(Class::Ships, |(class, _)| class)
    }

    #[test]
    fn long_lines_of_code_are_minified_and_long_texts_are_not() {
        let code = "function(e,t){return e.x(t)},n=r[0];if(o){a=b}".repeat(200);
        let text = "You are a patient tutor (of maths). Answer in short sentences, and never give the result away. "
            .repeat(80);
        let data = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo".repeat(300);
        assert!(is_minified(&format!("/*! licence */\n{code}\n")));
        assert!(!is_minified(&format!("import openai\n\nPROMPT = \"{text}\"\n\nprint(PROMPT)\n")));
        assert!(!is_minified(&format!("export const logo = \"data:image/png;base64,{data}\";\n")));
        assert!(!is_minified(&"const short = call(1);\n".repeat(1_000)));
    }

    #[test]
    fn paths_tell_what_files_are_for() {
        for (path, expected) in [
            ("main.py", Class::Ships),
            ("src/lib/ai/tools/weather.ts", Class::Ships),
            ("backend/tools/load.py", Class::Script),
            ("tools/load.py", Class::Script),
            ("src/tests/a.py", Class::Test),
            ("a_test.py", Class::Test),
            ("load-tests/run.py", Class::Test),
            ("testing-clients/upload.py", Class::Test),
            ("test_scripts/ask.py", Class::Test),
            ("end-to-end-tests/ask.py", Class::Test),
            ("loadtest/ask.py", Class::Test),
            ("test_generator/ask.py", Class::Ships),
            ("contest/ask.py", Class::Ships),
            ("practice-tests/ask.py", Class::Ships),
            ("latest-tests-report/ask.py", Class::Ships),
            ("app/load-test/client.ts", Class::Ships),
            ("web/a.spec.tsx", Class::Test),
            ("vendor/tests/x.js", Class::Vendored),
            ("docs/conf.py", Class::Docs),
            ("app/docs/page.tsx", Class::Ships),
            ("app/api/test/route.ts", Class::Ships),
            ("src/app/demo/chat.tsx", Class::Ships),
            ("app/__tests__/page.tsx", Class::Test),
            ("app/tests/test_x.py", Class::Test),
            ("app/__generated__/x.ts", Class::Generated),
            ("dist/main.js", Class::Generated),
            ("src/build/run.ts", Class::Ships),
            ("x.min.js", Class::Generated),
            ("next.config.mjs", Class::Ships),
            ("sentry.server.config.ts", Class::Ships),
            ("auth.config.ts", Class::Ships),
            ("vitest.config.ts", Class::Script),
            (".eslintrc.cjs", Class::Script),
            ("src/vitest.config.ts", Class::Ships),
            ("setup.py", Class::Script),
            ("lib/setup.py", Class::Ships),
            ("evals/run.py", Class::Script),
            ("alembic/versions/1.py", Class::Ships),
            ("prisma/seed.ts", Class::Script),
            ("backend/prisma/seed.ts", Class::Script),
            ("prisma/client.ts", Class::Ships),
            ("src/seed.ts", Class::Ships),
            ("README.md", Class::Docs),
            ("tasks.py", Class::Ships),
        ] {
            assert_eq!(class(path), expected, "{path}");
        }
    }

    #[test]
    fn texts_tell_the_rest() {
        let file = |path: &str| File {
            path: path.to_owned(),
            class: Class::Ships,
            reason: String::new(),
            kind: Kind::Code(Language::Python),
            tracked: true,
            ignored: false,
            bytes: 0,
        };
        let class = |path: &str, text: &str| classify_text(&file(path), text).map(|(class, _)| class);
        assert_eq!(class("a.py", "#!x\n# This file was generated by x. DO NOT EDIT.\n"), Some(Class::Generated));
        assert_eq!(class("a.py", "text = 'do not edit'\n"), None);
        assert_eq!(class("a.js", &"a;".repeat(150_000)), Some(Class::Generated));
        assert_eq!(class("tasks.py", "from invoke import task\n"), Some(Class::Script));
        assert_eq!(class("tasks.py", "from celery import Celery\n"), None);
    }
}
