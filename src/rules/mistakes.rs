//! Reads a catalogue file and refuses what can never work, with the place and what to do.

use std::ops::Range;
use std::path::Path;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::toml::read as read_toml;

use super::catalogue::{Fact, Library};
use super::kinds::{COMMON, KINDS, Keys};
use super::packs::closest;
use super::{amounts, patterns};

/// What is wrong with a catalogue file.
#[derive(Debug, Error, Diagnostic)]
pub enum CatalogueError {
    #[error("{path}: {problem}")]
    #[diagnostic(code(launchcheck::rules))]
    Invalid {
        path: String,
        problem: String,
        #[source_code]
        text: std::sync::Arc<NamedSource<String>>,
        #[label("here")]
        at: Option<SourceSpan>,
        #[help]
        help: String,
    },
    #[error("cannot read rules from {path}: {why}")]
    #[diagnostic(code(launchcheck::rules), help("--rules takes a folder with *.toml files"))]
    Unreadable { path: String, why: String },
}

/// Where everything is described that a file may say.
const MANUAL: &str = "rules/README.md describes every kind of fact and its keys, with an example to copy";

const ITEMS: [&str; 12] = ["V1", "V2", "E1", "A1", "A2", "A3", "C1", "C2", "C3", "T1-input", "T1-output", "T2"];

/// The words that a key may have, where there are only some.
const WORDS: [(&str, &[&str]); 10] = [
    ("protects", &ITEMS),
    (
        "how",
        &[
            "decorator",
            "middleware",
            "wrapper",
            "result",
            "raises",
            "init",
            "context",
            "argument",
            "parse",
            "validator",
            "function",
            "exempt",
            "catches",
            "cuts",
            "reads",
            "raising",
            "by-name",
            "tells",
        ],
    ),
    ("calls", &["llm", "paid", "external"]),
    ("entry", &["http", "websocket", "bot", "queue", "cron", "cli", "ui", "action"]),
    (
        "does",
        &[
            "get",
            "set",
            "claim",
            "count",
            "append",
            "delete",
            "many",
            "tally",
            "expire",
            "results",
            "commit",
            "script",
            "define",
            "procedure",
        ],
    ),
    ("level", &["debug", "info", "warning", "error", "exception"]),
    ("order", &["after", "before", "all", "response"]),
    (
        "role",
        &[
            "start",
            "middleware",
            "error-handler",
            "create",
            "notice",
            "optional",
            "kept",
            "imported",
            "answered",
            "asserts",
            "take",
            "count",
            "both",
            "all",
            "later",
            "at-once",
            "bound",
            "arguments",
            "scope",
            "parent",
            "inside",
            "framework",
            "dependency",
            "nothing",
            "listener",
            "made",
            "makes",
            "unsent",
            "converted",
            "promise",
            "first",
            "requeue",
            "object",
            "no-error",
            "names",
            "served",
            "told",
            "logs",
            "named",
            "assigned",
            "decides",
            "items",
            "pattern",
            "unanswered",
            "on-failure",
            "report",
            "answers",
            "asked",
            "nested",
            "typed",
            "methods",
            "member",
            "context",
            "page",
            "client",
            "process",
            "deadline",
            "part",
            "new",
            "groups",
            "hooks",
            "kind",
            "removes",
            "listed",
            "alone",
            "holder",
            "repeated",
            "each",
            "yielded",
            "here",
            "before",
            "fields",
            "tells",
            "settings",
            "folder",
            "included",
            "command",
            "derived",
            "loads",
            "indexed",
            "whole",
        ],
    ),
    ("unit", &["ms", "s", "min", "h", "d"]),
    (
        "scope",
        &["pattern", "member", "root", "exact", "selected", "router", "library", "handlers", "project", "inside"],
    ),
];

/// A file of `rules/catalogue` with the places of its keys.
struct File<'t> {
    path: &'t str,
    text: &'t str,
}

/// A table with the place of its header.
type Table<'t> = DeTable<'t>;

/// Reads and checks one file; the names of its facts are written out without sets.
pub(super) fn read(path: &str, text: &str) -> Result<Library, CatalogueError> {
    let file = File { path, text };
    let table = DeTable::parse(text)
        .map_err(|error| file.wrong(error.span(), error.message().to_owned(), "the file is no TOML from here on"))?
        .into_inner();
    for (fact, at) in tables(&table, "fact") {
        file.fact(fact, at)?;
    }
    for (example, at) in tables(&table, "example") {
        file.example(example, at)?;
    }
    let mut library: Library = read_toml(text).map_err(|unfit| file.wrong(unfit.at, unfit.message, MANUAL))?;
    file.language(&library, &table)?;
    if let (Some((_, at)), true) = (tables(&table, "fact").next(), library.examples.is_empty()) {
        return Err(file.wrong(
            Some(at),
            format!("`{}` has facts, but no example that shows them", library.name),
            "add [[example]] with python, typescript or rust = '''…''' and expect = [\"…\"]; the tests run it",
        ));
    }
    file.names(&mut library, &table)?;
    Ok(library)
}

/// Reads and checks one fact about own code, as a configuration states it.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn own_fact(fact: toml::Value) -> Result<Fact, (String, String)> {
    let fields = [("name", "own".into()), ("url", "".into()), ("fact", toml::Value::Array(vec![fact]))];
    let library: toml::Table = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let plain = |why: &dyn std::fmt::Display| (why.to_string(), MANUAL.to_owned());
    let text = toml::to_string(&library).map_err(|why| plain(&why))?;
    let checked = || {
        let file = File { path: "own", text: &text };
        let table = DeTable::parse(&text).map_err(|error| file.wrong(None, error.message().to_owned(), MANUAL))?;
        let table = table.into_inner();
        for (fact, at) in tables(&table, "fact") {
            file.fact(fact, at)?;
        }
        let mut library: Library = read_toml(&text).map_err(|unfit| file.wrong(None, unfit.message, MANUAL))?;
        file.names(&mut library, &table)?;
        Ok(library.facts.pop())
    };
    match checked() {
        Ok(Some(fact)) => Ok(fact),
        Ok(None) => Err(plain(&"there is no fact")),
        Err(CatalogueError::Invalid { problem, help, .. }) => Err((problem, help)),
        Err(why) => Err(plain(&why)),
    }
}

/// Reads one file of our own, which the tests have checked: as `read`, in a fraction of the time.
pub(super) fn read_own(path: &str, text: &str) -> Result<Library, CatalogueError> {
    let file = File { path, text };
    let mut library: Library = read_toml(text).map_err(|unfit| file.wrong(unfit.at, unfit.message, MANUAL))?;
    let sets = sets(&library);
    for name in library.facts.iter_mut().flat_map(|fact| &mut fact.names) {
        *name = without_sets(name, &sets);
    }
    write_out_assigned(&mut library, &sets);
    Ok(library)
}

/// Writes the sets into the members that settings are assigned to.
fn write_out_assigned(library: &mut Library, sets: &[(String, String)]) {
    let facts = library.facts.iter_mut();
    let settings = facts.flat_map(|fact| [&mut fact.timeout, &mut fact.retry, &mut fact.output].into_iter().flatten());
    for name in settings.flat_map(|setting| &mut setting.assigned) {
        *name = without_sets(name, sets);
    }
}

/// The sets of a library as they are written in names, with what they stand for.
fn sets(library: &Library) -> Vec<(String, String)> {
    library.sets.iter().map(|(name, names)| (format!("<{name}>"), names.written())).collect()
}

/// A name with its sets written out. A set may use another one; a ring of them ends here and is no canonical name.
fn without_sets(name: &str, sets: &[(String, String)]) -> String {
    let mut whole = name.to_owned();
    for _ in 0..4 {
        if !whole.contains('<') {
            break;
        }
        whole = sets.iter().fold(whole, |name, (set, names)| name.replace(set, names));
    }
    whole
}

/// The tables of an array of tables, with the places of their headers.
fn tables<'f, 't>(table: &'f Table<'t>, name: &str) -> impl Iterator<Item = (&'f Table<'t>, Range<usize>)> {
    let array = table.get(name).and_then(|value| match value.get_ref() {
        DeValue::Array(items) => Some(items),
        _ => None,
    });
    array.into_iter().flat_map(|items| items.iter()).filter_map(|item| match item.get_ref() {
        DeValue::Table(table) => Some((table, item.span())),
        _ => None,
    })
}

/// The texts of a key: one, or a list.
fn texts<'f>(table: &'f Table<'_>, key: &str) -> Vec<(&'f str, Range<usize>)> {
    let text = |value: &'f Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => Some((text.as_ref(), value.span())),
        _ => None,
    };
    match table.get(key) {
        None => Vec::new(),
        Some(value) => match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(text).collect(),
            _ => text(value).into_iter().collect(),
        },
    }
}

impl File<'_> {
    fn wrong(&self, at: Option<Range<usize>>, problem: String, help: &str) -> CatalogueError {
        CatalogueError::Invalid {
            path: self.path.to_owned(),
            problem,
            text: std::sync::Arc::new(NamedSource::new(self.path, self.text.to_owned())),
            at: at.map(|at| self.first_line(at).into()),
            help: help.to_owned(),
        }
    }

    /// A place that goes over several lines is shown by its first.
    fn first_line(&self, at: Range<usize>) -> Range<usize> {
        let length = self.text.get(at.clone()).and_then(|text| text.find('\n')).unwrap_or(at.len());
        at.start..at.start + length
    }

    fn fact(&self, fact: &Table<'_>, at: Range<usize>) -> Result<(), CatalogueError> {
        let Some((name, is_at)) = texts(fact, "is").into_iter().next() else {
            return Err(self.wrong(Some(at), "a fact without `is`".to_owned(), "add is = \"call\", or another kind"));
        };
        let Some(keys) = KINDS.iter().find(|keys| keys.name == name) else {
            let all = KINDS.map(|keys| keys.name);
            let help = match closest(name, &all) {
                Some(kind) => format!("did you mean \"{kind}\"? {MANUAL}"),
                None => format!("kinds are {}", all.join(", ")),
            };
            return Err(self.wrong(Some(is_at), format!("there is no kind of fact `{name}`"), &help));
        };
        self.keys(fact, keys, &at)?;
        for (key, words) in WORDS {
            if let Some((word, at)) = texts(fact, key).into_iter().find(|(word, _)| !words.contains(word)) {
                let help = format!("{key} is one of {}", words.join(", "));
                return Err(self.wrong(Some(at), format!("{key} = {word:?} says nothing"), &help));
            }
        }
        for host in texts(fact, "hosts") {
            if let Err(error) = regex::Regex::new(host.0) {
                let problem = error.to_string().lines().last().unwrap_or("").trim().to_owned();
                return Err(self.wrong(
                    Some(host.1),
                    format!("`{}` is no regular expression: {problem}", host.0),
                    "hosts are regular expressions over addresses: 'api\\.example\\.com/v1/chat'",
                ));
            }
        }
        for (pattern, at) in texts(fact, "files") {
            if let Err(error) = globset::Glob::new(pattern) {
                return Err(self.wrong(
                    Some(at),
                    format!("`{pattern}` matches no file: {}", error.kind()),
                    "files are globs over paths from the root: \"app/**/route.{ts,js}\"",
                ));
            }
        }
        for (requirement, at) in texts(fact, "versions") {
            if !requirement.split(',').all(is_requirement) {
                let help = "versions is a requirement: \">=1\", \"<2\", \">=1.5,<2\"";
                return Err(self.wrong(Some(at), format!("`{requirement}` is no requirement"), help));
            }
        }
        for setting in ["timeout", "retry", "output"] {
            self.setting(fact, setting)?;
        }
        Ok(())
    }

    /// The keys that a kind has, no others, and none of the needed ones missing.
    fn keys(&self, fact: &Table<'_>, keys: &Keys, at: &Range<usize>) -> Result<(), CatalogueError> {
        let own: Vec<&str> = keys.needed.iter().chain(keys.further).chain(&COMMON).copied().collect();
        if let Some(key) = fact.keys().find(|key| !own.contains(&key.get_ref().as_ref())) {
            let written = key.get_ref().as_ref();
            let of_others: Vec<&str> = KINDS
                .iter()
                .filter(|keys| keys.needed.contains(&written) || keys.further.contains(&written))
                .map(|keys| keys.name)
                .collect();
            let help = match (closest(written, &own), of_others.as_slice()) {
                (_, [_, ..]) => {
                    format!("it is a key of {}; {} has {}", of_others.join(", "), keys.name, own.join(", "))
                }
                (Some(known), _) => format!("did you mean `{known}`?"),
                _ => format!("{} has the keys {}", keys.name, own.join(", ")),
            };
            return Err(self.wrong(
                Some(key.span()),
                format!("a fact of kind `{}` has no key `{written}`", keys.name),
                &help,
            ));
        }
        match keys.needed.iter().find(|needed| !fact.contains_key(**needed)) {
            Some(missing) => Err(self.wrong(
                Some(at.clone()),
                format!("a fact of kind `{}` needs `{missing}`", keys.name),
                &format!("it needs {}, and may have {}", keys.needed.join(", "), keys.further.join(", ")),
            )),
            None if keys.name == "notify" && !fact.contains_key("names") && !fact.contains_key("hosts") => {
                Err(self.wrong(Some(at.clone()), "nobody is notified".to_owned(), "add names or hosts"))
            }
            None => Ok(()),
        }
    }

    /// A setting with a default that is an amount, and a unit that it can be read in.
    fn setting(&self, fact: &Table<'_>, key: &str) -> Result<(), CatalogueError> {
        let Some(value) = fact.get(key) else { return Ok(()) };
        let DeValue::Table(table) = value.get_ref() else {
            let help = format!("write {key} = {{ arguments = [\"{key}\"], default = 60 }}");
            return Err(self.wrong(Some(value.span()), format!("`{key}` is no setting"), &help));
        };
        let known = ["arguments", "unit", "default", "assigned", "off", "by"];
        if let Some(other) = table.keys().find(|other| !known.contains(&other.get_ref().as_ref())) {
            let help = format!("a setting has {}", known.join(", "));
            return Err(self.wrong(Some(other.span()), format!("`{key}` has no `{}`", other.get_ref()), &help));
        }
        if let Some((unit, at)) = texts(table, "unit").into_iter().find(|(unit, _)| !amounts::UNITS.contains(unit)) {
            let help = format!("the unit in which the argument is given is one of {}", amounts::UNITS.join(", "));
            return Err(self.wrong(Some(at), format!("`{unit}` is no unit"), &help));
        }
        if let Some((text, at)) = texts(table, "default").into_iter().next()
            && !matches!(text, "none" | "unknown")
            && amounts::duration(text).is_none()
        {
            let help = "a default is a number (seconds for a timeout), a length of time (\"90s\", \"10m\"), \"none\", or \"unknown\"";
            return Err(self.wrong(Some(at), format!("`{text}` is no length of time"), help));
        }
        Ok(())
    }

    fn example(&self, example: &Table<'_>, at: Range<usize>) -> Result<(), CatalogueError> {
        let keys = ["python", "typescript", "rust", "path", "files", "with", "expect"];
        if let Some(other) = example.keys().find(|key| !keys.contains(&key.get_ref().as_ref())) {
            let written = other.get_ref().as_ref();
            let help = match closest(written, &keys) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("an example has {}", keys.join(", ")),
            };
            return Err(self.wrong(Some(other.span()), format!("an example has no key `{written}`"), &help));
        }
        if !["python", "typescript", "rust", "files"].iter().any(|key| example.contains_key(*key)) {
            let help = "add python, typescript or rust = '''…''', or [example.files]";
            return Err(self.wrong(Some(at), "an example without a snippet".to_owned(), help));
        }
        if !example.contains_key("expect") {
            let help = "add expect = [\"llm library.Client().chat timeout=60s output=no retry=yes\"]";
            return Err(self.wrong(Some(at), "an example that expects nothing".to_owned(), help));
        }
        Ok(())
    }

    fn language(&self, library: &Library, table: &Table<'_>) -> Result<(), CatalogueError> {
        let known = ["python", "typescript", "rust"];
        match texts(table, "language").into_iter().find(|(language, _)| !known.contains(language)) {
            Some((language, at)) => {
                let help = format!("language is one of {}", known.join(", "));
                Err(self.wrong(Some(at), format!("`{}`: there is no language {language:?}", library.name), &help))
            }
            None => Ok(()),
        }
    }

    /// Writes the sets into the names, and refuses names that match nothing.
    fn names(&self, library: &mut Library, table: &Table<'_>) -> Result<(), CatalogueError> {
        let sets = sets(library);
        if let Some(DeValue::Table(written)) = table.get("sets").map(Spanned::get_ref) {
            for name in written.keys().map(|key| key.get_ref().as_ref()) {
                for (part, at) in texts(written, name) {
                    if let Some((problem, help)) = patterns::misspelling(part) {
                        return Err(self.wrong(Some(at), problem, help));
                    }
                }
            }
        }
        let written: Vec<_> = tables(table, "fact").map(|(fact, _)| texts(fact, "names")).collect();
        for (fact, places) in library.facts.iter_mut().zip(written) {
            for (name, (_, at)) in fact.names.iter_mut().zip(places) {
                let full = without_sets(name, &sets);
                if let Some((problem, help)) = patterns::mistake(&full) {
                    return Err(self.wrong(Some(at), problem, help));
                }
                *name = full;
            }
        }
        write_out_assigned(library, &sets);
        Ok(())
    }
}

fn is_requirement(part: &str) -> bool {
    let part = part.trim();
    let number = part.trim_start_matches(['<', '>', '=']);
    !number.is_empty()
        && part.len() - number.len() <= 2
        && part != number
        && number.split('.').all(|digits| digits.parse::<u64>().is_ok())
}

/// Reads the catalogue files of a folder, and of its folder `catalogue`.
pub(super) fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, CatalogueError> {
    let unreadable =
        |why: std::io::Error| CatalogueError::Unreadable { path: folder.display().to_string(), why: why.to_string() };
    let mut files = Vec::new();
    for inner in [folder.to_owned(), folder.join("catalogue")] {
        if inner != folder && !inner.is_dir() {
            continue;
        }
        let mut paths: Vec<_> = std::fs::read_dir(&inner)
            .map_err(unreadable)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort_unstable();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            if super::purpose(&path, &text) == super::Purpose::Library {
                files.push((path.display().to_string(), text));
            }
        }
    }
    Ok(files)
}
