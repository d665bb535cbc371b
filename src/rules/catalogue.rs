//! The catalogue as written: one TOML file per library, saying what its names are. `checked` holds what the linker uses.
//!
//! # Canonical names
//!
//! A name is where it comes from and the way to it: the imported module (Python's dotted path, the npm package or
//! subpath as written in the import, the Rust crate), then members, `()` for a call, `[]` for an index. A default
//! import is `default`, a namespace import or a plain `require` is the module itself; `new C()` and `C()` are alike;
//! `await` and `?` leave no trace. Names without an import are under `builtins` for Python (`builtins.len`) and
//! `globals` for TypeScript (`globals.fetch`, `globals.process.env`); in Rust the prelude and macros are under `std`
//! (`std.println!`). An instance is its constructor's name followed by `()`: `openai.OpenAI().chat.completions.create`.
//! A parameter annotated with a class is an instance of it. `{a,b}` in a pattern stands for each, `*` for one
//! segment, `**` at the end for any way to go on.
//!
//! # Settings
//!
//! Arguments are named by their key, which matches a keyword argument as well as a key of an object-literal argument:
//! `timeout`. `#0` is the first positional argument, `a.b` the key `b` inside the value of `a` (through calls that
//! wrap an object, such as `JSON.stringify` or a configuration class), `timeout()` a call of that name in the builder
//! chain.

use std::collections::BTreeMap;

use serde::Deserialize;

pub use super::kinds::Kind;
use crate::model::Language;

/// One file of `rules/catalogue`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The library as people say it.
    pub name: String,
    /// Where its documentation is.
    pub url: String,
    /// The packages that bring it, per registry: words for the first pass over files and manifests.
    #[serde(default)]
    pub packages: Packages,
    /// The language whose standard library it is: `python`, `typescript` or `rust`. What has packages is of theirs;
    /// without both its names hold in every language.
    pub language: Option<String>,
    /// Further words whose presence in a file makes the file worth parsing (host names, file conventions).
    #[serde(default)]
    pub words: Vec<String>,
    /// Parts of names under a name of their own, so that no fact has to repeat them: `Client = "openai.{OpenAI,Azure}"`,
    /// or a list of names, is written `<Client>().chat.completions.create` in `names`.
    #[serde(default)]
    pub sets: BTreeMap<String, NameSet>,
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    #[serde(default, rename = "example")]
    pub examples: Vec<Example>,
}

impl Library {
    /// The languages in which its names hold; empty: all.
    pub fn languages(&self) -> Vec<Language> {
        let by_packages = [
            (Language::Python, "python", &self.packages.pypi),
            (Language::TypeScript, "typescript", &self.packages.npm),
            (Language::Rust, "rust", &self.packages.crates),
        ];
        by_packages
            .into_iter()
            .filter(|(_, name, packages)| !packages.is_empty() || self.language.as_deref() == Some(name))
            .map(|(language, ..)| language)
            .collect()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    #[serde(default)]
    pub pypi: Vec<String>,
    #[serde(default)]
    pub npm: Vec<String>,
    #[serde(default)]
    pub crates: Vec<String>,
}

/// Names that are written together.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum NameSet {
    One(String),
    Several(Vec<String>),
}

impl NameSet {
    /// As a part of a name.
    pub fn written(&self) -> String {
        match self {
            NameSet::One(names) => names.clone(),
            NameSet::Several(names) => format!("{{{}}}", names.join(",")),
        }
    }
}

/// One thing that is true of some names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub is: Kind,
    #[serde(default)]
    pub names: Vec<String>,
    /// Where it says so: a documentation page or a file of the package.
    pub source: Option<String>,
    /// The versions it holds for, as a requirement (`>=1`, `<1`); the manifest's requirement decides between facts.
    pub versions: Option<String>,

    pub calls: Option<Calls>,
    #[serde(default)]
    pub input: Vec<String>,
    pub timeout: Option<Setting>,
    pub retry: Option<Setting>,
    pub output: Option<Setting>,
    #[serde(rename = "as")]
    pub becomes: Option<String>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub replies: Vec<String>,
    pub url: Option<String>,

    pub entry: Option<String>,
    pub public: Option<bool>,
    pub handler: Option<String>,
    pub path: Option<String>,
    pub method: Option<String>,
    #[serde(default)]
    pub guards: Vec<String>,
    #[serde(default)]
    pub handlers: Vec<String>,
    /// What a handler's parameters are, in order (`express.Request()`): for handlers whose parameters carry no annotation.
    #[serde(default)]
    pub receives: Vec<String>,
    pub order: Option<String>,
    pub parameters: Option<usize>,
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub exports: Vec<String>,
    pub role: Option<String>,

    pub protects: Option<String>,
    pub how: Option<String>,
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub unless: Vec<String>,
    pub bounded: Option<Condition>,
    pub exponential: Option<Condition>,
    pub attempts: Option<Setting>,

    pub variable: Option<String>,
    pub default: Option<String>,
    pub raises: Option<bool>,
    pub does: Option<String>,
    pub bound: Option<String>,
    pub level: Option<String>,
    pub status: Option<String>,
    pub always: Option<bool>,
    pub seconds: Option<String>,
    pub value: Option<String>,
    pub ended_by: Option<String>,
    pub unit: Option<String>,
    pub limit: Option<String>,
    #[serde(default)]
    pub keys: Vec<String>,
    pub scope: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calls {
    Llm,
    Paid,
    External,
}

/// Where a setting is given and what holds when it is not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Argument paths, the first one given wins.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// `s` or `ms`, for lengths of time. Default `s`.
    pub unit: Option<String>,
    /// What holds without an argument: a number (seconds, attempts, tokens), a length of time (`"10m"`), or `"none"`.
    /// Absent: what an earlier maker of the client says, else none.
    pub default: Option<toml::Value>,
    /// Further values that switch it off, as written (`None`, `null`, `0` and `false` always do).
    #[serde(default)]
    pub off: Vec<String>,
}

/// Whether something holds: always, or when certain argument paths are given (with a call of one of certain names).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    Always(bool),
    Given {
        /// Any of these argument paths is given and not off. `wait: tenacity.wait_random_exponential` asks for a call of that
        /// name (anywhere) in its value, `factor >= 1.5` for a number.
        any: Vec<String>,
        /// What holds when none of the paths is given at all.
        #[serde(default)]
        default: bool,
        /// Values or conditions in the same notation that make it false.
        #[serde(default)]
        not: Vec<String>,
    },
}

/// A snippet that shows a fact at work; the tests lower, link and judge it.
///
/// `expect` lists everything that the snippet shows, in any order: nothing may be missing and nothing surplus.
///
/// | line | what it says |
/// |---|---|
/// | `llm NAME timeout=T output=O retry=R` | an LLM call by its canonical name; `T` is `none`, a default (`600s`), or `given`, with the length where it is known (`given(20s)`); `O` and `R` are `yes` or `no` |
/// | `paid NAME timeout=T`, `external NAME timeout=T` | another call that leaves the process |
/// | `… deadline=yes`, `… retried=yes` | something around the call bounds it in time, or repeats it |
/// | `entry KIND NAME` | an entry point: its kind, and `POST /chat`, the path, or the handler's name |
/// | `guarded NAME ITEM` | what stands in front of that entry point, or on the way from it to every paid call, protects it |
/// | `guard ITEM` | a guard that is switched on, wherever it stands |
/// | `retry bounded=B exponential=E` | a retry construct |
/// | `env NAME checked`, `env NAME unchecked` | a variable without a default, and whether a start-up check covers it |
/// | `store DOES`, `log LEVEL`, `schema FIELD LIMIT` | an operation on a store, a log line, a limit of a text field |
/// | `start`, `error-handler` | a function that runs at start-up, or is given the errors |
/// | `reject`, `respond`, `sleep`, `clock`, `measure`, `trim`, `memory`, `notify`, `spawn`, `server`, `dotenv` | a call of that kind |
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub python: Option<String>,
    pub typescript: Option<String>,
    pub rust: Option<String>,
    /// The path the snippet is laid out at, where that matters (`app/api/chat/route.ts`).
    pub path: Option<String>,
    /// Further files beside the snippet, by path: settings, other modules.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    pub expect: Vec<String>,
}
