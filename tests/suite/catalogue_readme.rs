//! `rules/README.md` says what the catalogue's types say, and its example is a catalogue file that works.
//!
//! `SNAPSHOTS=overwrite cargo test --test suite catalogue_readme` writes it anew from the documentation of the types.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use launchcheck::rules::checked::{Catalogue, CatalogueError};
use launchcheck::rules::kinds::{COMMON, KINDS};

use crate::examples::assert_exact;

/// A file that a newcomer can copy: every part of it, and nothing else.
const EXAMPLE: &str = r##"name = "Parrot"
url = "https://parrot.example.com/docs"
packages.pypi = ["parrot"]

[sets]
Client = "parrot.{Parrot,AsyncParrot}"

# A client carries settings for the calls that are made on it. Ten minutes is what the library waits by default.
[[fact]]
is = "client"
names = ["<Client>"]
timeout = { arguments = ["timeout"], default = "10m" }
retry = { arguments = ["max_retries"], default = 2 }
source = "https://parrot.example.com/docs/client"

[[fact]]
is = "call"
calls = "llm"
names = ["<Client>().chat.create"]
input = ["messages"]
timeout = { arguments = ["timeout"] }
output = { arguments = ["max_tokens"] }
source = "https://parrot.example.com/docs/chat"

[[example]]
python = '''
from parrot import AsyncParrot, Parrot
client = Parrot()

def ask(text):
    return client.chat.create(messages=[{"role": "user", "content": text}])

async def ask_soon(text):
    return await AsyncParrot(timeout=30, max_retries=0).chat.create(messages=[text], max_tokens=200)
'''
expect = [
  "llm parrot.AsyncParrot().chat.create timeout=given(30s) output=yes retry=no",
  "llm parrot.Parrot().chat.create timeout=600s output=no retry=yes",
]
"##;

#[test]
fn the_readme_says_what_the_types_say() {
    let path = root().join("rules/README.md");
    let text = readme();
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &text).expect("a written file");
    }
    let written = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differing = written.lines().zip(text.lines()).find(|(written, said)| written != said);
    assert!(written == text, "SNAPSHOTS=overwrite writes rules/README.md anew; it differs at {differing:?}");
}

#[test]
fn the_example_of_the_readme_works() {
    assert_exact("rules/README.md", &catalogue(EXAMPLE).expect("the example is a catalogue file"), 0);
}

#[test]
fn mistakes_are_told_with_their_place_and_what_to_do() {
    let mistakes = [
        ("is = \"client\"", "is = \"clinet\"", "there is no kind of fact `clinet`", "did you mean \"client\"?"),
        ("\ninput =", "\ninputs =", "a fact of kind `call` has no key `inputs`", "did you mean `input`?"),
        ("calls = \"llm\"\n", "", "a fact of kind `call` needs `calls`", "it needs names, calls"),
        ("retry =", "level =", "a fact of kind `client` has no key `level`", "it is a key of log"),
        ("\"llm\"\n", "\"llm\"\nhow = \"result\"\n", "a fact of kind `call` has no key `how`", "it is a key of guard"),
        ("\"llm\"\n", "\"model\"\n", "calls = \"model\" says nothing", "calls is one of llm, paid, external"),
        ("\"10m\"", "\"ten minutes\"", "`ten minutes` is no length of time", "a default is a number"),
        ("[\"timeout\"], default", "[\"timeout\"], unit = \"sec\", default", "`sec` is no unit", "one of ms, s"),
        ("<Client>\"]", "parrot::Client\"]", "`parrot::Client` is written with `::`", "write dots"),
        ("<Client>\"]", "<Cleint>\"]", "there is no set `Cleint`", "add it under [sets]"),
        ("().chat.create\"]", "(x).chat.create\"]", "is no canonical name", "without what stands in them"),
        ("().chat.create\"]", "().chat..create\"]", "has an empty part", "one name on each side of a dot"),
        ("{Parrot,", "{Parrot,{", "the braces of", "stands for"),
        ("[[example]]\n", "[[exmaple]]\n", "unknown field `exmaple`", "rules/README.md"),
        ("expect = [", "expects = [", "an example has no key `expects`", "did you mean `expect`?"),
        ("python = '''", "pyhton = '''", "an example has no key `pyhton`", "did you mean `python`?"),
        ("names = [\"<Client>\"]", "names = [\"<Client>\"", "", "the file is no TOML from here on"),
    ];
    for (right, wrong, problem, help) in mistakes {
        assert!(EXAMPLE.contains(right), "{right}");
        let text = EXAMPLE.replacen(right, wrong, 1);
        let told = told(&text);
        assert!(told.problem.contains(problem), "{wrong}: {}", told.problem);
        assert!(told.problem.starts_with("parrot.toml: "), "{}", told.problem);
        assert!(told.help.contains(help), "{wrong}: {}", told.help);
        // The place is where the mistake was made.
        let at = text.find(wrong.trim_end()).unwrap_or(0);
        let line = |offset: usize| text[..offset].matches('\n').count();
        if !wrong.is_empty() && !told.problem.contains("needs") {
            assert!(line(told.at).abs_diff(line(at)) <= 2, "{wrong}: line {} instead of {}", line(told.at), line(at));
        }
    }
}

#[test]
fn a_file_without_examples_is_told_so() {
    let (facts, _) = EXAMPLE.split_once("[[example]]").expect("an example");
    let told = told(facts);
    assert!(told.problem.contains("no example"), "{}", told.problem);
    assert!(told.help.contains("add [[example]]"), "{}", told.help);
}

struct Told {
    problem: String,
    help: String,
    at: usize,
}

/// What is told about a file that is wrong.
fn told(text: &str) -> Told {
    let error = catalogue(text).err().unwrap_or_else(|| panic!("nothing is wrong with\n{text}"));
    let problem = error.to_string();
    match error {
        CatalogueError::Invalid { help, at, .. } => Told { problem, help, at: at.map_or(usize::MAX, |at| at.offset()) },
        CatalogueError::Unreadable { .. } => panic!("{problem}"),
    }
}

fn catalogue(text: &str) -> Result<Catalogue, CatalogueError> {
    Catalogue::of(&[("parrot.toml".to_owned(), text.to_owned())])
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The whole of `rules/README.md`.
fn readme() -> String {
    let catalogue = Source::of("src/rules/catalogue.rs");
    let kinds = Source::of("src/rules/kinds.rs");
    let mut text = format!(
        "# Rules\n\n\
         Everything that launchcheck knows about the world is in this folder.\n\n\
         | | |\n|---|---|\n\
         | `1-visibility.toml` … `5-tokens.toml` | what is asked, and every sentence that is said about it |\n\
         | `secrets.toml` | the shapes of credentials |\n\
         | `coding-agents.toml` | by which variables coding agents make themselves known |\n\
         | `files/` | names of files: what ships, what a manifest starts, what is a settings file |\n\
         | `catalogue/` | what libraries do, one file per library |\n\
         | `schema/` | the JSON Schema of the report |\n\n\
         This page is about `catalogue/`. It is made from the documentation of `src/rules/catalogue.rs` and \
         `src/rules/kinds.rs` by `SNAPSHOTS=overwrite cargo test --test suite catalogue_readme`.\n\n\
         # A complete file\n\n\
         Copy it to `catalogue/<library>.toml`, or to a folder of your own and run `launchcheck --rules FOLDER`. \
         `EXAMPLE=<library> cargo test --test suite examples` lowers, links and judges its examples; what they show \
         must be exactly what they expect, and every fact must be shown by one.\n\n\
         ```toml\n{EXAMPLE}```\n\n"
    );
    text += &catalogue.head;
    let _ = write!(text, "\n# The file\n\n{}", catalogue.table("Library", &[]));
    let _ = write!(text, "\n`packages` has the names in each registry:\n\n{}", catalogue.table("Packages", &[]));
    text += "\n# Kinds of fact\n";
    for keys in KINDS {
        let documentation = kinds.variant("Kind", keys.name);
        let _ = write!(text, "\n## `{}`\n\n{documentation}\n\nNeeds {}.", keys.name, listed(keys.needed));
        let _ = match keys.further {
            [] => writeln!(text),
            further => writeln!(text, " May have {}.", listed(further)),
        };
    }
    let _ = write!(
        text,
        "\n# Keys of facts\n\nEvery fact may have {}.\n\n{}",
        listed(&COMMON),
        catalogue.table("Fact", &[("becomes", "as")])
    );
    let _ = write!(text, "\n# Settings\n\n{}\n\n{}", catalogue.item("Setting"), catalogue.table("Setting", &[]));
    let _ = write!(text, "\n# Conditions\n\n{}\n\n{}", catalogue.item("Condition"), catalogue.table("Condition", &[]));
    let _ = write!(text, "\n# Examples\n\n{}\n\n{}", catalogue.item("Example"), catalogue.table("Example", &[]));
    text
}

fn listed(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match keys.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The documentation of a file's types.
struct Source {
    /// From the first heading on.
    head: String,
    items: BTreeMap<String, String>,
    /// Fields of structs and variants, in order, with their documentation.
    parts: BTreeMap<String, Vec<(String, String)>>,
}

impl Source {
    fn of(path: &str) -> Source {
        let text = fs::read_to_string(root().join(path)).expect("a source file");
        let file = syn::parse_file(&text).expect("valid Rust");
        let head = documentation(&file.attrs);
        let mut source = Source {
            head: head.split_once("\n# ").map_or(String::new(), |(_, rest)| format!("# {rest}\n")),
            items: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        for item in file.items {
            let (name, attributes, parts) = match item {
                syn::Item::Struct(item) => (item.ident, item.attrs, fields(&item.fields)),
                syn::Item::Enum(item) => {
                    let variants = item.variants.iter().flat_map(|variant| {
                        let own = (variant.ident.to_string(), documentation(&variant.attrs));
                        std::iter::once(own).chain(fields(&variant.fields))
                    });
                    (item.ident, item.attrs, variants.collect())
                }
                _ => continue,
            };
            source.items.insert(name.to_string(), documentation(&attributes));
            source.parts.insert(name.to_string(), parts);
        }
        source
    }

    fn item(&self, name: &str) -> &str {
        self.items.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// The documentation of a variant by its name in files.
    fn variant(&self, of: &str, name: &str) -> &str {
        let flat = name.replace('-', "");
        let parts = &self.parts[of];
        let found = parts.iter().find(|(part, _)| part.to_lowercase() == flat);
        found.map_or_else(|| panic!("no {name}"), |(_, documentation)| documentation)
    }

    /// The documented fields of a type as a table.
    fn table(&self, of: &str, renamed: &[(&str, &str)]) -> String {
        let mut table = "| key | |\n|---|---|\n".to_owned();
        for (name, documentation) in &self.parts[of] {
            let starts_large = name.starts_with(char::is_uppercase);
            assert!(starts_large || !documentation.is_empty(), "{of}.{name} is not documented");
            if !starts_large {
                let name = renamed.iter().find(|(written, _)| written == name).map_or(name.as_str(), |(_, name)| name);
                let key = match name {
                    "facts" => "[[fact]]",
                    "examples" => "[[example]]",
                    name => name,
                };
                let _ = writeln!(table, "| `{key}` | {} |", documentation.replace('\n', " ").replace('|', "\\|"));
            }
        }
        table
    }
}

fn fields(fields: &syn::Fields) -> Vec<(String, String)> {
    fields.iter().filter_map(|field| Some((field.ident.as_ref()?.to_string(), documentation(&field.attrs)))).collect()
}

/// The text of doc comments.
fn documentation(attributes: &[syn::Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    lines.join("\n")
}
