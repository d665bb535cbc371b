//! The language-neutral program model: one small language that Python, TypeScript/JavaScript and Rust lower to.
//!
//! Plain data without logic beyond constructors: what a file says, nothing about what it means. Every node keeps its
//! span; nothing has a global id, so that a module can be cached and released file by file.
//!
//! | written | lowered to |
//! |---|---|
//! | `f(x, k=v, **o)`, `f(x, {k: v, ...o})` | `Call` with positional, keyword and spread arguments; an object literal stays an `Object` argument |
//! | `new C(x)`, Rust `C { k: v }`, Rust `C::new(x)` | a `Call` of `C` (keywords for the fields), `Call` of `C.new` |
//! | `a.b`, `a?.b`, `a!.b`, `a::b` | `Member` |
//! | `@d`, `#[d]` | an expression in `decorators`; `get x()` of a class has the decorator `property` |
//! | `if / elif / else`, `match`, `switch` | nested `If`; a case tests `Operator("==", [subject, pattern])`, a default has no test left: it is the `otherwise` |
//! | `for`, `while`, `loop`, `do` | `Loop` |
//! | `except`, `catch`, Rust `Err(e) =>` and `if let Err(e)` of a `match` on a result | `Try` for Python and TypeScript; Rust stays `If` with pattern `Call(Err, [e])` |
//! | `x?` in Rust | `Operator("?", [x])` |
//! | `throw`, `raise`, `panic!` / `bail!` | `Raise` for the first two; macros are calls of `name!` |
//! | f-strings, template literals, `format!` | `Template` of its parts (text parts are `Literal` texts); `format!` is a `Call` of `format!` with the template first; a time with its format, `f"{now:%F}"`, is the part `Operator(":", [now, "%F"])` |
//! | `x = (a if c else b)`, `c ? a : b`, Rust `if` as a value | `Conditional` |
//! | comparison and arithmetic | `Operator` with the operator's usual spelling: `== != < <= > >= + - * / % ** and or not ?? in "not in" is "is not" & | ^ << >> ~ typeof` (`===` is `==`, `&&` is `and`, `||` is `or`, `!x` is `not`, unary minus is `-` with one operand) |
//! | JSX `<C p={x}>{y}</C>` | `Call` of `C` with keyword arguments, children as positional ones |

use serde::{Deserialize, Serialize};

pub use crate::source::{Lines, Location, Span};

/// The language a module was written in; names resolve differently, judging must not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    Python,
    /// TypeScript and JavaScript in all their file types.
    TypeScript,
    Rust,
}

/// One lowered source file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// Relative to the audited root, with `/`.
    pub path: String,
    pub language: Language,
    pub lines: Lines,
    pub body: Vec<Statement>,
    /// Comments in order, text without its markers.
    pub comments: Vec<Comment>,
    /// Leading directives such as `"use server"`, `"use client"`.
    pub directives: Vec<String>,
    /// Objects of which nothing is asked where they are nothing (`a` in `a?.b`), in order.
    pub forgiven: Vec<Span>,
    /// What the front end could not read.
    pub lost: Vec<Lost>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    pub span: Span,
    pub text: String,
}

/// A part of a file that could not be lowered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    pub span: Span,
    pub why: LostReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LostReason {
    /// The parser did not understand it.
    Syntax,
    /// Nested deeper than the depth limit.
    Depth,
    /// Beyond the node limit of one file.
    Size,
}

pub type Block = Vec<Statement>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub span: Span,
    pub kind: StatementKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StatementKind {
    Expression(Expression),
    Assign(Box<Assignment>),
    If {
        test: Expression,
        then: Block,
        otherwise: Block,
    },
    Loop(Box<Loop>),
    Try(Box<Try>),
    /// `with a as b`, `async with`: the managers with what they bind.
    With {
        items: Vec<WithItem>,
        body: Block,
    },
    Return(Option<Expression>),
    Raise(Option<Expression>),
    Break,
    Continue,
    Function(Box<Function>),
    Class(Box<Class>),
    Import(Import),
    Export(Export),
    /// A bare block, `unsafe`, labelled block.
    Block(Block),
}

/// `target = value`, `const {a, b: [c]} = value`, `x += 1`, `x: T` and their kin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// A `Name`, `Member`, `Index`, or a pattern: `List` / `Object` of patterns (`Spread` for the rest);
    /// a default in a pattern is `Operator("=", [pattern, default])`.
    pub target: Expression,
    /// The declared type, where there is one.
    pub annotation: Option<Expression>,
    /// Missing for a bare declaration.
    pub value: Option<Expression>,
    /// `Some("+")` for `+=`, `Some("??")` for `??=`, ...
    pub operator: Option<String>,
    /// Whether it declares the name (`const`, `let`, Rust `let`/`static`/`const`) rather than assigns to it.
    pub declares: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    pub kind: LoopKind,
    /// What a `for` binds.
    pub target: Option<Expression>,
    /// What a `for ... in` iterates, or the test of `while` / `do` / C-style `for`; none: for ever.
    pub over: Option<Expression>,
    /// C-style `for`: initialiser and step, as statements.
    pub setup: Block,
    pub step: Block,
    pub body: Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoopKind {
    /// Over the items of something.
    Each,
    /// While a test holds (also C-style `for` and `do`). `while True` and Rust `loop` are `While` without a test.
    While,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Try {
    pub body: Block,
    pub handlers: Vec<Handler>,
    /// Python's `else`.
    pub otherwise: Block,
    pub finally: Block,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handler {
    pub span: Span,
    /// The exception types as written; none: everything.
    pub catches: Option<Expression>,
    /// The name (or pattern) that the exception is bound to.
    pub binds: Option<Expression>,
    pub body: Block,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithItem {
    pub context: Expression,
    pub binds: Option<Expression>,
}

/// A function, method, lambda, arrow function or closure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub span: Span,
    /// Empty for lambdas and arrows.
    pub name: String,
    pub name_span: Span,
    pub parameters: Vec<Parameter>,
    pub returns: Option<Expression>,
    pub decorators: Vec<Expression>,
    pub body: Block,
    pub is_async: bool,
    /// Contains `yield` of its own.
    pub is_generator: bool,
    /// Directives at the head of the body, such as `"use server"`.
    pub directives: Vec<String>,
    /// Names of a scope around it that it says to assign to (Python's `global` and `nonlocal`).
    pub outer: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub span: Span,
    /// A `Name`, or a pattern as in `Assignment::target`. `self` and `&self` are the `Name` `self`.
    pub target: Expression,
    pub annotation: Option<Expression>,
    pub default: Option<Expression>,
    pub kind: ParameterKind,
    /// Parameter decorators (NestJS) and visibility-made properties (`private x: T`) are told by these.
    pub decorators: Vec<Expression>,
    /// TypeScript `constructor(private x: T)`: the parameter is also an attribute.
    pub is_property: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    Plain,
    /// Python's keyword-only parameters.
    KeywordOnly,
    /// `*args`, `...rest`.
    Rest,
    /// `**kwargs`.
    KeywordRest,
}

/// A class, a Rust struct/enum/trait (fields as assignments with annotations), or a Rust `impl` block
/// (`is_extension`: its methods belong to the type named).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub span: Span,
    pub name: String,
    pub name_span: Span,
    /// Base classes; for a Rust trait implementation the trait; for an interface what it extends.
    pub bases: Vec<Expression>,
    /// Keyword arguments of the class statement (`metaclass=`, `frozen=`).
    pub keywords: Vec<Entry>,
    pub decorators: Vec<Expression>,
    /// Methods are `Function` statements, fields `Assign` statements.
    pub body: Block,
    pub is_extension: bool,
}

/// One imported thing.
///
/// Python `import a.b as c`: source `a.b`, name none, local `c` (without `as`: local `a`, and the binding is `a`).
/// `from .a import b as c`: source `.a`, name `b`, local `c`. `from a import *`: name `*`, local empty.
/// TypeScript `import d, {x as y} from 'm'`: names `default`, `x`; `import * as n`: name none; `require('m')` as a
/// declaration's whole value: name none with `is_require`; a destructured require has one import each.
/// `import('m')` stays a `Call` of `Name("import")`. Rust `use a::b::{c as d}`: source `a::b`, name `c`, local `d`;
/// `use a::*`: name `*`; `mod m;`: source `self::m`, name none, local `m`. `extern crate` like `use`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub source: String,
    pub name: Option<String>,
    pub local: String,
    pub is_require: bool,
    /// `import type`, or inside `if TYPE_CHECKING`.
    pub is_type_only: bool,
    /// Rust `pub use`.
    pub is_exported: bool,
}

/// What a TypeScript module exports (Python and Rust export every top-level name).
///
/// `export const x = 1` is the `Assign` followed by `Export {name: "x", value: Name("x")}`; `export default e`: name
/// `default`; `export {a as b}`: name `b`, value `Name("a")`; `export {a as b} from 'm'`: name `b`, source `m`, value
/// `Name("a")`; `export * from 'm'`: name `*`, source `m`; `module.exports = e`: name `=`; `exports.x = e` and
/// `module.exports.x = e`: name `x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    pub name: String,
    pub value: Option<Expression>,
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    pub span: Span,
    pub kind: ExpressionKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExpressionKind {
    /// A bare name; `this`, `self` are `self`, `super` is `super`.
    Name(String),
    Member {
        object: Box<Expression>,
        name: String,
    },
    Index {
        object: Box<Expression>,
        index: Box<Expression>,
    },
    /// `x[a:b]`, Rust `&x[a..b]`.
    Slice {
        object: Box<Expression>,
        start: Option<Box<Expression>>,
        stop: Option<Box<Expression>>,
    },
    Call(Box<Call>),
    Literal(Literal),
    Template(Vec<Expression>),
    /// Lists, tuples, sets, arrays, Rust `vec!`.
    List(Vec<Expression>),
    /// Dicts and object literals, Rust `json!({..})`.
    Object(Vec<Entry>),
    Operator {
        operator: String,
        operands: Vec<Expression>,
    },
    Conditional {
        test: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    Function(Box<Function>),
    Await(Box<Expression>),
    Yield(Option<Box<Expression>>),
    /// An assignment used as a value (`x := f()`, `a = b = c`, `cached ??= make()`).
    Assign(Box<Assignment>),
    Spread(Box<Expression>),
    /// A comprehension or generator expression: what it makes, bindings with what they iterate, and filters.
    Comprehension {
        element: Box<Expression>,
        clauses: Vec<Clause>,
    },
    /// A block used as a value (Rust blocks, `match` arms, `async {}`): statements, the last one its value.
    Block(Block),
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    pub target: Expression,
    pub over: Expression,
    pub tests: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// From where the callee expression begins to the closing parenthesis.
    pub span: Span,
    pub callee: Expression,
    pub arguments: Vec<Argument>,
    /// Written with `new`, or a Rust struct literal.
    pub is_new: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// The keyword of `f(k=v)`; `**` for a keyword spread, none for a positional one. A positional spread's value is `Spread`.
    pub name: Option<String>,
    pub value: Expression,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// A key known from the text; none for a computed key or a spread.
    pub key: Option<String>,
    /// What a computed key is: `{ [name]: value }`.
    pub computed: Option<Box<Expression>>,
    /// For a spread (`**o`, `...o`) the value is `Spread(o)`.
    pub value: Expression,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// `None`, `null`, `undefined`, `()`.
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// A settings file as key paths: `functions.api/chat.ts.maxDuration` = 60.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Relative to the audited root, with `/`.
    pub path: String,
    pub lines: Lines,
    pub entries: Vec<Setting>,
    /// What could not be read.
    pub lost: Vec<Lost>,
}

impl Settings {
    /// The place of a span in the file.
    pub fn location(&self, span: Span) -> Location {
        let (start, end) = (self.lines.position(span.start), self.lines.position(span.end));
        Location {
            path: self.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// One value of a settings file with the path of keys that leads to it; list items have their number as a key.
/// Directives of nginx and Dockerfiles are keys (`http`, `server`, `limit_req`; `CMD`), their arguments the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub keys: Vec<String>,
    pub value: Literal,
    pub span: Span,
}

/// A unit of packaging within the audited tree: where names resolve and what is depended on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Folder relative to the root, without a trailing slash; empty for the root.
    pub folder: String,
    pub kind: ProjectKind,
    /// The package's own name, where the manifest gives one.
    pub name: Option<String>,
    /// Declared dependencies (also development ones), name to version requirement as written.
    pub dependencies: Vec<Dependency>,
    /// Import roots relative to the root: `src` layouts, `[tool.setuptools] package-dir`, Cargo's `src`.
    pub source_roots: Vec<String>,
    /// `paths` and `baseUrl` of tsconfig / jsconfig, workspace package names: pattern to targets (relative to the root).
    pub aliases: Vec<Alias>,
    /// Names under which packages that the project depends on are imported, where these are others.
    #[serde(default)]
    pub imported: Vec<String>,
    /// The libraries of which settings files in its folder speak, whatever it depends on.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Features of the package that are on unless a build says otherwise.
    #[serde(default)]
    pub features: Vec<String>,
    /// Files that a manifest, Procfile, Dockerfile or README command starts, relative to the root.
    pub started: Vec<Start>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProjectKind {
    #[default]
    None,
    Python,
    Node,
    Cargo,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    pub name: String,
    pub requirement: String,
    pub development: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// `@/*`, `~/*`, `my-package`, `my-package/*`.
    pub pattern: String,
    /// `src/*`, `packages/my/src/index.ts`; or a package, `npm:parrot`.
    pub targets: Vec<String>,
}

/// What begins the target of an alias that is a package.
pub const PACKAGE: &str = "npm:";
/// What begins the target of an alias that is the tree of modules of a folder: `tree:../..`, from the import path itself.
pub const TREE: &str = "tree:";

/// One way in which a file is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The file, relative to the root.
    pub path: String,
    /// Whether the file itself is run (`python main.py`, `node index.js`) or imported by a server (`uvicorn main:app`).
    pub is_main: bool,
    /// Whether it is run anew for whoever opens its page (`streamlit run app.py`).
    pub is_page: bool,
    /// Functions of the file of which the server calls the first that there is, for the application (`app:create_app()`).
    pub factories: Vec<String>,
    /// Functions of the file that settings deploy by name.
    pub handlers: Vec<Deployed>,
}

/// A function that a platform calls because settings name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deployed {
    /// The name under which its file exports it.
    pub export: String,
    /// As the settings name it: `api/chat.handler`.
    pub named: String,
    /// The kind of entry point: `http`, `action`, `cron` or `queue`.
    pub kind: String,
}

/// A path in a folder, both relative to the audited folder; that itself is empty.
pub fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}
