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

use serde::Deserialize;

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
    /// Further words whose presence in a file makes the file worth parsing (host names, file conventions).
    #[serde(default)]
    pub words: Vec<String>,
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    #[serde(default, rename = "example")]
    pub examples: Vec<Example>,
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

/// The kinds of fact. This list is the catalogue's whole vocabulary; `rules/README.md` is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A constructor or factory whose result makes calls and carries their settings: `timeout`, `retry`, `output`.
    Client,
    /// A call that leaves the process. `calls = "llm"` makes a model generate, `"paid"` is another metered generation
    /// (image, audio, search, embeddings), `"external"` any other. `input` names the arguments that carry messages or
    /// a prompt. `timeout`, `retry`, `output` as settings of the call itself.
    Call,
    /// A method that returns its receiver with other settings (`with_options`, `bind`), or a function that returns its
    /// first argument unchanged (`instrument(client)`, `wrap_openai(client)`).
    Same,
    /// A function that makes something runnable out of runnables: a chain, an agent, a graph. Its result is
    /// `as` (a canonical name ending in `()`), its settings are those of the clients among its arguments.
    Compose,
    /// An address of a provider: `hosts` as regular expressions over the URL text of a raw HTTP call; `calls` and
    /// `output` (keys of the body) as in `call`.
    Endpoint,
    /// A call that sends a raw HTTP request to the address in `url` (an argument path); with `timeout` and its default.
    Http,
    /// The registration of an entry point: as a decorator, or as a call that is given the handler. `entry` is its kind
    /// (`http`, `websocket`, `bot`, `queue`, `cron`, `cli`, `ui`, `action`), `handler` the argument path of the handler
    /// (absent for decorators; `#-1` is the last positional argument, every earlier function argument is middleware),
    /// `path` the argument path of the route, `method` the HTTP method where the name tells it, `guards` the argument
    /// paths of dependencies.
    Route,
    /// The constructor of an application or router; `guards` names arguments that hold guards for all its routes,
    /// `handlers` arguments that hold a start-up function (a lifespan).
    Router,
    /// A call that puts a router or handlers under an application: every function argument before a router is
    /// middleware of it, a call with functions only is middleware of what is registered after it (`order = "after"`)
    /// or of everything (`order = "all"`). `guards` as in `route`.
    Mount,
    /// A call or decorator that adds a middleware class or function to an application or router.
    Middleware,
    /// A call or decorator that registers a handler of errors. `parameters` tells how many parameters a function
    /// must have to be one where the registration alone does not (Express: 4).
    ErrorHandler,
    /// A marker whose argument is called before the handler and whose result is the parameter's value (`Depends`).
    Inject,
    /// A file that a framework finds by its path: `files` as globs; `exports` names the functions that are entry
    /// points (`entry`, `public`), middleware (`guards = ["*"]`) or start-up code (`role = "start"`).
    Convention,
    /// Something that protects: `protects` names the item (`V1`, `V2`, `A1`, `A2`, `A3`, `C1`, `C2`, `C3`, `T1-input`, `T2`),
    /// `how` the way it is wired: `decorator`, `middleware` (given to a middleware, mount, or route registration, or added),
    /// `wrapper` (wraps a function that it calls, or a client), `result` (its result must be tested), `raises` (stops the caller
    /// itself), `init` (initialised once at start-up), `context` (a `with` block), `argument` (a value given to a call).
    /// `needs` lists argument conditions that must hold (`traces_sample_rate`, `autoLogging != false`); `unless` lists
    /// ones that switch it off. For `A1` `timeout` is a setting of it; for `A2` `bounded` and `exponential` are.
    Guard,
    /// A read of an environment variable: `variable` is its argument path (`[]` for an index), `default` that of the
    /// default, `raises = true` where a missing variable is an error.
    Environment,
    /// A base class whose fields without a default are required environment variables, checked when it is instantiated; or a
    /// function that checks an environment object against a schema (`how = "parse"`).
    EnvironmentSchema,
    /// A call that loads a `.env` file.
    LoadsEnvironmentFile,
    /// An operation on a store (database, cache, file): `does` is `get`, `set`, `claim` (set if absent), `count` (increment),
    /// `append`, `delete`, `many` (loads rows), `tally` (how many there are), `expire`. Where an argument is a statement in SQL, its text tells instead. `bound` names the argument or chained call that limits how many.
    /// `claim` needs the arguments in `needs` where the name alone does not tell.
    Store,
    /// A call that writes a log line; `level` is `debug`, `info`, `warning`, `error` or `exception` (with stack).
    Log,
    /// A clock read.
    Clock,
    /// A call that makes or sends an error response or raises one: `status` is the argument path of the status code, or `always = true`.
    Reject,
    /// A call that sends an answer whatever the status is told elsewhere.
    Respond,
    /// A sleep: `seconds` is its argument path, `unit` its unit.
    Sleep,
    /// A length of time as an object: `value` is the argument path of the total, `unit` its unit; connect-only
    /// settings must not be named.
    Duration,
    /// A value that a schema puts on a field: `limit` is the argument path of its greatest length.
    TextLimit,
    /// A function that counts tokens or characters of its argument.
    Measure,
    /// A function that cuts its argument (to a length, to tokens, to the last messages).
    Trim,
    /// A memory that keeps a conversation: `bounded = true` where it is windowed by default, else `bound` names the argument.
    Memory,
    /// A message to people who operate the service: own notifiers are recognised by it.
    Notify,
    /// A key of a settings file that protects: `files` as globs, `keys` as a pattern over the key path (`*`, `**`),
    /// `protects` as in `guard`, `scope = "pattern"` where the key path holds a pattern of files.
    Platform,
    /// A function that runs the function it is given later or elsewhere (a task, a queue): what it runs outlives its caller.
    Spawn,
    /// A class of the request: parameters annotated with it are the request itself, not text of the user.
    Request,
    /// A class or schema base whose fields describe a request body.
    Schema,
    /// A server run by a command or call that imports the application instead of running its main block.
    Server,
    /// An error by which a store says that a unique row was there already: `names` are its classes or its codes.
    Conflict,
    /// A call that takes money (`role = "create"`), or that reads what a payment provider reports (`role = "notice"`).
    Payment,
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
    /// What holds without an argument: a number (seconds, attempts, tokens), or `"none"`. Absent: none.
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
/// `expect` lists what the snippet must show, one per line: `llm openai...create timeout=60s output=yes retry=yes`,
/// `external ...`, `entry http POST /chat`, `guard C1`, `env NAME`, `store claim`, ...
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub python: Option<String>,
    pub typescript: Option<String>,
    pub rust: Option<String>,
    /// The path the snippet is laid out at, where that matters (`app/api/chat/route.ts`).
    pub path: Option<String>,
    pub expect: Vec<String>,
}
