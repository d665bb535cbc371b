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
//! A parameter annotated with a class is an instance of it. In a name `{a,b}` stands for each, `*` for one part
//! or anything within it, `*()` for one call, `**` for any way to go on.
//!
//! # Argument paths
//!
//! An argument is named by its key, which matches a keyword argument as well as a key of an object-literal argument:
//! `timeout`. `#0` is the first positional argument, `#-1` the last, `a.b` the key `b` inside the value of `a` (through
//! calls that wrap an object, such as `JSON.stringify` or a configuration class), `timeout()` a call of that name in the
//! builder chain (`request().#1` its second argument), `+end()` one on what the call makes (`request.end(body)`). `{#0,url}` is the first of them that is given.
//!
//! # Conditions on arguments
//!
//! `path` holds where it is given and not off (`None`, `null`, `0`, `false`); `path: name` where its value is, or holds
//! a call of, that canonical name or one of `{several,names}` (`.name`: a function that calls a method of this name); `path == true`, `path != false`, `path >= 1.5` and `path <= 64kb` compare, `path != x`
//! also where it is not given. `path ~ word` holds where its text contains the word, or one of `{several,words}`,
//! `path only other` where it is a list of nothing but what is at the other path,
//! `path is empty` where the program itself writes an empty text or list, or null there,
//! `path gives null` where it is a function that gives back nothing else. `path gives even` where it is a function of the program whose numbers stay the same or grow evenly. `setting name = false` asks what the program gives to the setting of that name, `setting name` whether it gives it anything.
//! Of conditions with ` | ` between them one is enough.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::globs::Globs;
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
    /// Names of settings files that tell that a project uses it, whatever packages it depends on: those of a platform.
    #[serde(default)]
    pub settings: Vec<String>,
    /// The language whose standard library it is: `python`, `typescript` or `rust`. What has packages is of theirs;
    /// without both its names hold in every language.
    pub language: Option<String>,
    /// Further words whose presence in a file makes the file worth parsing (host names, file conventions).
    #[serde(default)]
    pub words: Vec<String>,
    /// Import paths that a framework gives its projects, with the folders that they stand for: `"$lib/*" = ["src/lib/*"]`;
    /// or with the package that a tool writes into the tree under such a path: `["npm:parrot"]`, `["npm:*"]` where the
    /// path itself names the package and its version; or with the folder whose modules and their exports a written module
    /// names (`api.notes.add`), from that module on: `["tree:../.."]`.
    #[serde(default)]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Parts of names under a name of their own, so that no fact has to repeat them: `Client = "openai.{OpenAI,Azure}"`,
    /// or a list of names, is written `<Client>().chat.completions.create` in `names`.
    #[serde(default)]
    pub sets: BTreeMap<String, NameSet>,
    /// What is true of its names.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    /// Snippets that show every fact at work.
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
    /// Of Python.
    #[serde(default)]
    pub pypi: Vec<String>,
    /// Of JavaScript and TypeScript.
    #[serde(default)]
    pub npm: Vec<String>,
    /// Of Rust.
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

impl Fact {
    /// Whether what is the same is the object that the method is called on.
    pub fn gives_its_object(&self) -> bool {
        self.value.as_deref().is_none_or(|value| value == "self")
    }
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
    /// The kind of fact.
    pub is: Kind,
    /// The canonical names that it holds for.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where it says so: a documentation page, or a file of the package with its version.
    pub source: Option<String>,
    /// The versions it holds for, as a requirement (`>=1`, `<1`); the manifest's requirement decides between facts.
    pub versions: Option<String>,

    /// `llm`, `paid` or `external`.
    pub calls: Option<Calls>,
    /// Argument paths of messages and prompts.
    #[serde(default)]
    pub input: Vec<String>,
    /// How long it may take: a setting, in seconds.
    pub timeout: Option<Setting>,
    /// How often it is tried again: a setting, in attempts.
    pub retry: Option<Setting>,
    /// How long the answer may be: a setting, in tokens.
    pub output: Option<Setting>,
    /// The canonical name of the result, ending in `()`.
    #[serde(rename = "as")]
    pub becomes: Option<String>,
    /// Regular expressions over addresses.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Keys that are read from a reply (`choices.message`: both of them), for addresses that come from elsewhere; of a
    /// request what reads the body of its answer.
    #[serde(default)]
    pub replies: Vec<String>,
    /// Argument path of the address.
    pub url: Option<String>,

    /// `http`, `websocket`, `bot`, `queue`, `cron`, `cli`, `ui` or `action`.
    pub entry: Option<String>,
    /// Whether a remote person can reach it; without it all are but `cli` and `cron`.
    pub public: Option<bool>,
    /// Argument path of the function; `#-1` is the last positional argument.
    pub handler: Option<String>,
    /// Argument path of the route or its prefix.
    pub path: Option<String>,
    /// The HTTP method (`POST`), or the argument path of it, where the name of the function does not tell it; of a guard
    /// the argument path of those that it is for alone.
    pub method: Option<String>,
    /// Argument paths of functions that say which requests a guard leaves out.
    #[serde(default)]
    pub passes: Vec<String>,
    /// Argument paths of what stands in front (`*`: of everything); `a[].b` is the key `b` of every item of `a`.
    #[serde(default)]
    pub guards: Vec<String>,
    /// Argument paths of functions that run at start-up; of a call those that run when it has succeeded.
    #[serde(default)]
    pub handlers: Vec<String>,
    /// What a handler's parameters are, in order (`express.Request()`): for handlers whose parameters carry no annotation.
    #[serde(default)]
    pub receives: Vec<String>,
    /// `after` (what is registered later) or `all`.
    pub order: Option<String>,
    /// How many parameters a function must have to be one.
    pub parameters: Option<usize>,
    /// Globs over paths from the root.
    #[serde(default)]
    pub files: Globs,
    /// Names that a file exports; `default.fetch` is a member of one.
    #[serde(default)]
    pub exports: Vec<String>,
    /// `start`, `middleware` or `error-handler`; without it what is exported is an entry point.
    pub role: Option<String>,

    /// The item of the checklist.
    pub protects: Option<String>,
    /// The way it is wired.
    pub how: Option<String>,
    /// Beginnings of the names of the calls that it sees, where it sees those of one library only.
    #[serde(default)]
    pub sees: Vec<String>,
    /// Conditions on arguments that must all hold.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Conditions on arguments of which none may hold.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Whether it ends: `true`, `false`, or a condition.
    pub bounded: Option<Condition>,
    /// Whether its wait grows: `true`, `false`, or a condition.
    pub exponential: Option<Condition>,
    /// How often it tries in all; with `unit = "retries"` the first try is not counted.
    pub attempts: Option<Setting>,
    /// Argument paths of what tells for which errors it tries again: their classes, or a function that is asked;
    /// `.when()` is a call that follows. Of a call functions that are told of its failure.
    pub errors: Option<Vec<String>>,
    /// Whether its counts are shared by all processes: `true`, `false`, or a condition. Absent: that is not known.
    pub shared: Option<Condition>,
    /// Repeating the call repeats its effect (a payment, a message), unless one of these arguments is given.
    pub effect: Option<Vec<String>>,

    /// Argument path of a variable's name.
    pub variable: Option<String>,
    /// Argument path of what holds where there is no such variable.
    pub default: Option<String>,
    /// Whether a missing variable is an error; whether a call throws by itself (`false`: it returns before it has failed);
    /// for a request, whether an error status is raised.
    pub raises: Option<bool>,
    /// What is done to the store.
    pub does: Option<String>,
    /// Argument path, or chained call, that limits how many.
    pub bound: Option<String>,
    /// `debug`, `info`, `warning`, `error` or `exception` (with stack).
    pub level: Option<String>,
    /// Argument path of a status code.
    pub status: Option<String>,
    /// Whether it is one whatever it is given.
    pub always: Option<bool>,
    /// Argument path of how long.
    pub seconds: Option<String>,
    /// Argument path of what counts.
    pub value: Option<String>,
    /// The method or function that ends it.
    pub ended_by: Option<String>,
    /// `ms`, `s`, `min`, `h` or `d`; without it seconds.
    pub unit: Option<String>,
    /// Argument path of the greatest length; without it the call itself is the limit.
    pub limit: Option<String>,
    /// The method that must be called for a limit to hold (`.validate`), the field of a view by which a guard goes,
    /// or the class of the application that a decorator means.
    pub by: Option<String>,
    /// Key paths (`*` for one key, `**` for any), or argument paths of objects whose keys count.
    #[serde(default)]
    pub keys: Vec<String>,
    /// `pattern`: the first `*` of the key path is a pattern of the files that it holds for.
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
    /// `s` or `ms`, for lengths of time (default `s`); `retries` for attempts that do not count the first.
    pub unit: Option<String>,
    /// What holds without an argument: a number (seconds, attempts, tokens), a length of time (`"10m"`), or `"none"`;
    /// `"unknown"` where that is told by what stands behind it and cannot be seen: an abstract class, any model.
    /// Absent: what an earlier maker of the client says, else none.
    pub default: Option<toml::Value>,
    /// Members to which it is assigned for all calls, or for those on the object: `lib.defaults.timeout`. In names of
    /// what a client makes it holds for that client only: `lib.create().defaults.timeout`. With an argument path in
    /// parentheses at its end it is a function that is given it for all calls: `lib.Builder().timeout(#0)`.
    /// With `before` it must stand before what makes the client, which takes it over: `before lib.defaults.timeout`.
    #[serde(default)]
    pub assigned: Vec<String>,
    /// Further values that switch it off, as written (`None`, `null`, `0` and `false` always do).
    #[serde(default)]
    pub off: Vec<String>,
    /// Argument paths of functions that send the requests: what holds for all that they send. `self.request` is the method
    /// of the object itself, where its class is one of the program or another one has been assigned to it;
    /// `mount(#1).send` that of what a call of `mount` on the object is given. With `told` whoever calls the function gives
    /// it the setting already, as nothing: what only fills it in changes nothing.
    #[serde(default)]
    pub by: Vec<String>,
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
/// | `llm NAME timeout=T output=O retry=R` | an LLM call by its canonical name; `T` is `none`, a default (`600s`), `unresolved` where it cannot be seen, or `given`, with the length where it is known (`given(20s)`); `O` and `R` are `yes` or `no` |
/// | `paid NAME timeout=T`, `external NAME timeout=T` | another call that leaves the process |
/// | `… deadline=yes`, `… retried=yes` | something around the call bounds it in time, or repeats it |
/// | `entry KIND NAME` | an entry point: its kind, and `POST /chat`, the path, or the handler's name |
/// | `guarded NAME ITEM` | what stands in front of that entry point, or on the way from it to every paid call, protects it |
/// | `exempt NAME ITEM` | that entry point is taken out of what protects the others |
/// | `guard ITEM` | a guard that is switched on, wherever it stands |
/// | `scaled` | a settings file tells that several processes answer |
/// | `retry bounded=B exponential=E` | a retry construct |
/// | `env NAME checked`, `env NAME unchecked` | a variable without a default, and whether a start-up check covers it |
/// | `store DOES`, `log LEVEL`, `schema FIELD LIMIT` | an operation on a store, a log line, a limit of a text field (`no-text`: it is none) or of a list (`20 items`) |
/// | `start`, `error-handler` | a function that runs at start-up, or is given the errors |
/// | `payment create`, `payment notice` | an entry point takes money, or reads what a payment provider reports |
/// | `reject`, `respond`, `sleep`, `clock`, `fresh`, `measure`, `trim`, `validator`, `memory`, `notify`, `spawn`, `worker`, `server`, `caller`, `dotenv` | a call of that kind |
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A snippet in Python, laid out as `app.py`.
    pub python: Option<String>,
    /// A snippet in TypeScript or JavaScript, laid out as `app.ts`.
    pub typescript: Option<String>,
    /// A snippet in Rust, laid out as `src/main.rs`.
    pub rust: Option<String>,
    /// The path the snippet is laid out at, where that matters (`app/api/chat/route.ts`).
    pub path: Option<String>,
    /// Further files beside the snippet, by path: settings, other modules.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Packages that the repository depends on besides those of the library, with a version where it matters: `next`,
    /// `openai@0.28`.
    #[serde(default)]
    pub with: Vec<String>,
    /// All that it shows.
    pub expect: Vec<String>,
}
