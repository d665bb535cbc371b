//! Settings files as key paths: what a repository configures outside its code.
//!
//! Which file names are settings, and how they are written, is data: `rules/files/settings.toml`.
//!
//! | format | key path → value |
//! |---|---|
//! | JSON, TOML, YAML | keys, list items by number; an empty list or map is `Null` |
//! | environment files | the variable |
//! | containers | the instruction, numbered where it is repeated: `CMD`, `RUN.0` |
//! | processes | the process → its command |
//! | directives | blocks and directives, numbered where repeated: `http.server.0.location.1.limit_req`; arguments are the value, of a block at its own path |
//! | sections | section, key |
//! | tables | `tables`, table, `unique`, number → fields that are unique together |
//! | procedures | `procedures`, function → `returns`, `body`; `relations`, table → its columns; `queries`, name → its statement |
//! | declarations | the kind of what is declared, its name, keys; of an import its file without the ending, and the name there: `src/ask.ask` |
//! | shell | `demands` → a variable without which the script ends |

pub mod comments;
pub mod container;
pub mod declarations;
pub mod directives;
mod exported;
pub mod flat;
pub mod json;
pub mod procedures;
pub mod shell;
pub mod tables;
pub mod toml;
pub mod tree;
pub mod yaml;

use std::sync::LazyLock;

use serde::Deserialize;

pub use self::exported::exported;
use self::tree::Node;
use crate::model::{Lines, Lost, LostReason, Setting, Settings, Span};

/// Settings files beyond this are not read, in bytes.
const BYTES: usize = 1 << 20;

/// `rules/files/settings.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    not: Vec<String>,
    not_below: Vec<String>,
    #[serde(rename = "format")]
    formats: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    is: Format,
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    Environment,
    Json,
    Toml,
    Yaml,
    Container,
    Processes,
    Directives,
    Sections,
    Shell,
    Tables,
    Procedures,
    Declarations,
}

static KNOWN: LazyLock<Known> =
    LazyLock::new(|| crate::source::toml::read(include_str!("../../rules/files/settings.toml")).unwrap_or_default());

fn format_of(path: &str) -> Option<Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    if KNOWN.not.iter().any(|pattern| matches(pattern, &name))
        || KNOWN.not_below.iter().any(|below| folder.ends_with(below.as_str()))
    {
        return None;
    }
    // Whatever is named like code is code (`gunicorn.conf.py`, `dockerfile.ts`).
    if super::language_of(&name).is_some() {
        return None;
    }
    KNOWN
        .formats
        .iter()
        .find(|format| format.names.iter().any(|pattern| matches(pattern, &name)))
        .map(|format| format.is)
}

/// Whether a name matches a pattern in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    while let Some((middle, after)) = rest.split_once('*') {
        let Some(at) = left.find(middle) else { return false };
        left = left.get(at + middle.len()..).unwrap_or("");
        rest = after;
    }
    left.ends_with(rest)
}

/// Whether the name of a file is that of a settings file which [`lower`] reads.
pub fn is_settings(path: &str) -> bool {
    format_of(path).is_some()
}

/// Lowers one settings file by its name; `None` where its format is not known. Entries are in the order of the file.
pub fn lower(path: &str, text: &str) -> Option<Settings> {
    let format = format_of(path)?;
    let settings = |entries: Vec<Setting>, lost: Vec<Lost>| Settings {
        path: path.to_owned(),
        lines: Lines::of(text),
        entries,
        lost,
    };
    // What is loaded into a database is no code, however much it is.
    if text.len() > BYTES && format == Format::Procedures {
        return Some(settings(Vec::new(), Vec::new()));
    }
    if text.len() > BYTES {
        return Some(settings(Vec::new(), vec![Lost { span: Span::new(0, text.len()), why: LostReason::Size }]));
    }
    let (entries, lost) = match format {
        Format::Environment => (flat::environment(text), Vec::new()),
        Format::Json => {
            let (node, lost) = json::parse(text);
            (node.map(|node| node.flatten()).unwrap_or_default(), lost)
        }
        Format::Toml => {
            let (node, lost) = toml::parse(text);
            (node.flatten(), lost)
        }
        Format::Yaml => {
            let (nodes, lost) = yaml::parse(text);
            (nodes.iter().flat_map(Node::flatten).take(tree::ENTRIES).collect(), lost)
        }
        Format::Container => (container::lower(text), Vec::new()),
        Format::Processes => (flat::processes(text), Vec::new()),
        Format::Directives if !directives::looks_like(text) => (flat::sections(text), Vec::new()),
        Format::Directives => directives::lower(text),
        Format::Sections => (flat::sections(text), Vec::new()),
        Format::Shell => (shell::demands(text), Vec::new()),
        Format::Tables => (tables::tables(text), Vec::new()),
        Format::Procedures => (procedures::procedures(text), Vec::new()),
        Format::Declarations => (declarations::declarations(text), Vec::new()),
    };
    Some(settings(entries, lost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Literal;

    #[test]
    fn names_tell_the_format() {
        assert_eq!(crate::source::toml::read::<Known>(include_str!("../../rules/files/settings.toml")).err(), None);
        for (path, format) in [
            (".env", Some(Format::Environment)),
            ("web/.env.local", Some(Format::Environment)),
            ("package.json", Some(Format::Json)),
            ("data/users.json", None),
            ("compose.prod.yml", Some(Format::Yaml)),
            (".github/workflows/ci.yml", None),
            ("pnpm-lock.yaml", None),
            ("Cargo.lock", None),
            ("Dockerfile.web", Some(Format::Container)),
            ("Procfile", Some(Format::Processes)),
            ("nginx/default.conf", Some(Format::Directives)),
            ("gunicorn.conf.py", None),
            ("alembic.ini", Some(Format::Sections)),
        ] {
            assert_eq!(format_of(path), format, "{path}");
        }
    }

    const SAMPLES: [(&str, &str, &str, Literal); 15] = [
        (
            "vercel.json",
            "{\"functions\": {\"api/chat.ts\": {\"maxDuration\": 60}}}",
            "functions|api/chat.ts|maxDuration",
            Literal::Number(60.0),
        ),
        ("wrangler.jsonc", "{ // c\n\"limits\": {\"cpu_ms\": 50,},}", "limits|cpu_ms", Literal::Number(50.0)),
        (
            "fly.toml",
            "[http_service]\n[http_service.concurrency]\nhard_limit = 25\n",
            "http_service|concurrency|hard_limit",
            Literal::Number(25.0),
        ),
        (
            "litellm_config.yaml",
            "litellm_settings:\n  max_budget: 10\n",
            "litellm_settings|max_budget",
            Literal::Number(10.0),
        ),
        ("k8s/app.k8s.yaml", "a: 1\n---\nspec: {replicas: 3}\n", "spec|replicas", Literal::Number(3.0)),
        (
            "serverless.yml",
            "functions:\n  chat:\n    timeout: !Ref X\n",
            "functions|chat|timeout",
            Literal::Boolean(false),
        ),
        (".env", "export A='1'\n", "A", Literal::Boolean(false)),
        ("setup.cfg", "[metadata]\nname = x\n", "metadata|name", Literal::Boolean(false)),
        ("nginx.conf", "http { limit_req zone=a; }", "http|limit_req", Literal::Boolean(false)),
        ("deploy/default.conf", "[program:web]\ncommand=x\n", "program:web|command", Literal::Boolean(false)),
        ("Dockerfile", "FROM x\nCMD y\n", "CMD", Literal::Boolean(false)),
        ("Procfile", "web: x\n", "web", Literal::Boolean(false)),
        ("schema.prisma", "model A {\n  id Int @id\n}\n", "tables|A|unique|0", Literal::Boolean(false)),
        ("1_init.sql", "create table a (b int);", "relations|a", Literal::Boolean(false)),
        ("main.wasp", "query a { fn: import { b } from \"@src/c\" }", "query|a|fn", Literal::Boolean(false)),
    ];

    #[test]
    fn every_format_has_key_paths() {
        for (path, text, keys, value) in SAMPLES {
            let settings = lower(path, text).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(settings.lost, [], "{path}");
            let entry = settings.entries.iter().find(|entry| entry.keys.join("|") == keys);
            let entry = entry.unwrap_or_else(|| panic!("{path}: {:?}", settings.entries));
            let is_text = matches!(entry.value, Literal::Text(_));
            assert!(entry.value == value || is_text && value == Literal::Boolean(false), "{path}: {:?}", entry.value);
            assert!(entry.span.start < entry.span.end && entry.span.end as usize <= text.len(), "{path}");
        }
        assert_eq!(lower("data.csv", "a"), None);
    }

    #[test]
    fn no_text_makes_a_reader_fail() {
        let names: Vec<&str> = SAMPLES.iter().map(|sample| sample.0).collect();
        let long = format!("a: [{}]\nb = {{ {} ", "x, ".repeat(100_000), "{".repeat(3_000));
        for (_, text, ..) in SAMPLES {
            for end in 0..=text.len() {
                for name in &names {
                    let _ = text.get(..end).and_then(|text| lower(name, &format!("{text}한\\")));
                }
            }
        }
        for text in [
            long.as_str(),
            "\u{0}",
            "\u{feff}",
            "\r\n\r\n",
            "- - - -\n? :\n",
            "&a [*a]",
            "a: &a {b: *a}",
            "<<: 1",
            "%YAML 9\n---",
        ] {
            for name in &names {
                let _ = lower(name, text);
            }
        }
    }
}
