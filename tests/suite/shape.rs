//! The code keeps the shape that CONTRIBUTING.md promises: who may use whom, who may print, what lives in `rules/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// How the second column of the table begins where a module may use every other one but `cli`.
const ALL: &str = "everything";

#[test]
fn modules_use_only_what_the_table_allows() {
    let table = table();
    let sources = sources();
    let modules: BTreeSet<String> = sources.iter().map(|source| source.top().to_owned()).collect();
    let mut wrong: Vec<String> = modules
        .iter()
        .filter(|module| !table.contains_key(*module))
        .map(|module| format!("CONTRIBUTING.md does not say what `{module}` may use"))
        .collect();
    wrong.extend(
        table.keys().filter(|module| !modules.contains(*module)).map(|module| format!("`{module}` does not exist")),
    );
    for source in &sources {
        let Some(allowed) = table.get(source.top()) else { continue };
        for (line, path) in source.read().paths {
            // What is no module of its own is an item of the crate's root.
            let used = path.first().filter(|first| modules.contains(*first)).map_or("lib", String::as_str);
            if used != source.top() && !allowed.contains(used) {
                wrong.push(format!("{}:{line}: `{}` uses `{used}`", source.path.display(), source.top()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints_and_nobody_exits() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.top() != "cli") {
        let read = source.read();
        let printed = read.macros.iter().filter(|(_, name)| PRINTING.contains(&name.as_str()));
        let ended = read.written.iter().filter(|(_, path)| ENDING.iter().any(|end| path.ends_with(end)));
        for (line, what) in printed.chain(ended) {
            wrong.push(format!("{}:{line}: {what}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
const ENDING: [&str; 2] = ["process::exit", "process::abort"];

#[test]
fn every_module_says_what_it_is() {
    let silent = |source: &&Source| !source.text().starts_with("//! ");
    let wrong: Vec<PathBuf> = sources().iter().filter(silent).map(|source| source.path.clone()).collect();
    assert!(wrong.is_empty(), "no `//!` at the top: {wrong:?}");
}

#[test]
fn libraries_are_named_in_rules_only() {
    let packages = packages();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (line, text) in source.read().literals {
            let words = text.split(|each: char| !each.is_alphanumeric() && !"-_@/".contains(each));
            for word in words.filter(|word| is_library(word, &packages)) {
                wrong.push(format!("{}:{line}: {word:?} is a library: {text:?}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether a word is a package, or a path into one.
fn is_library(word: &str, packages: &BTreeSet<String>) -> bool {
    let parts = if word.starts_with('@') { 2 } else { 1 };
    let package = word.split('/').take(parts).collect::<Vec<_>>().join("/");
    packages.contains(&package.replace('-', "_"))
}

/// Packages whose names are everyday words of code.
const WORDS: [&str; 12] =
    ["backoff", "config", "cron", "delay", "limits", "llm", "log", "next", "request", "retry", "validator", "worker"];

/// The packages of the catalogue, with `_` for `-`.
fn packages() -> BTreeSet<String> {
    launchcheck::rules::embedded::rules()
        .filter(|(path, _)| path.starts_with("rules/catalogue/"))
        .map(|(path, text)| {
            toml::from_str::<launchcheck::rules::catalogue::Library>(text)
                .unwrap_or_else(|error| panic!("{path}: {error}"))
        })
        .flat_map(|library| [library.packages.pypi, library.packages.npm, library.packages.crates])
        .flatten()
        .filter(|package| !WORDS.contains(&package.as_str()))
        .map(|package| package.replace('-', "_"))
        .collect()
}

#[test]
fn every_way_to_name_a_module_is_read() {
    let text = "use super::{a::b, c as d, e::*};\nfn f() -> crate::g::H { self::i(); log!(x, crate::j::k, \"l\") }\n\
                mod inner { use super::m; }\n#[doc = \"n\"]\nstruct O(pub(in crate::p) Q);";
    let mut read = Read { module: vec!["one".to_owned(), "two".to_owned()], ..Read::default() };
    read.visit_file(&syn::parse_file(text).expect("valid"));
    let paths: Vec<String> = read.paths.iter().map(|(line, path)| format!("{line} {}", path.join("::"))).collect();
    let expected = ["1 one::a::b", "1 one::c", "1 one::e", "2 g::H", "2 one::two::i", "2 j::k", "3 one::two::m", "5 p"];
    assert_eq!(paths, expected);
    assert_eq!(read.literals, [(2, "l".to_owned())]);
    assert_eq!(read.macros, [(2, "log".to_owned())]);
}

/// The table of CONTRIBUTING.md: each module with the ones it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    let rows: Vec<(Vec<String>, &str)> = text
        .lines()
        .skip_while(|line| *line != "| module | may use |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.trim_matches('|').split_once('|'))
        .map(|(modules, used)| (quoted(modules), used))
        .collect();
    assert!(!rows.is_empty(), "CONTRIBUTING.md has no table of modules");
    let all: BTreeSet<String> =
        rows.iter().flat_map(|(modules, _)| modules.clone()).filter(|module| module != "cli").collect();
    rows.iter()
        .flat_map(|(modules, used)| modules.iter().map(move |module| (module.clone(), used)))
        .map(|(module, used)| {
            (module, if used.trim().starts_with(ALL) { all.clone() } else { quoted(used).into_iter().collect() })
        })
        .collect()
}

/// The words between back quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// One file of `src/`.
struct Source {
    /// Relative to the repository.
    path: PathBuf,
    /// The module it is: empty for the root.
    module: Vec<String>,
}

impl Source {
    /// The module of the table that the file belongs to.
    fn top(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }

    fn text(&self) -> String {
        fs::read_to_string(root().join(&self.path)).expect("a readable source")
    }

    fn read(&self) -> Read {
        let file = syn::parse_file(&self.text()).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let mut read = Read { module: self.module.clone(), ..Read::default() };
        read.visit_file(&file);
        read
    }
}

/// Every source but the build script and the executable's two lines, which are crates of their own.
fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = ignore::WalkBuilder::new(root().join("src"))
        .standard_filters(false)
        .build()
        .filter_map(|entry| Some(entry.ok()?.path().strip_prefix(root()).ok()?.to_owned()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !["src/main.rs", "src/rules/embed.rs"].iter().any(|other| path == Path::new(other)))
        .map(|path| {
            let parts = path.with_extension("");
            let parts = parts.iter().skip(1).map(|part| part.to_string_lossy().into_owned());
            let module = parts.filter(|part| part != "mod" && part != "lib").collect();
            Source { path, module }
        })
        .collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(!sources.is_empty(), "no sources");
    sources
}

/// What a file names, with lines.
#[derive(Default)]
struct Read {
    module: Vec<String>,
    /// Paths within this crate, from its root.
    paths: Vec<(usize, Vec<String>)>,
    /// Paths as written.
    written: Vec<(usize, String)>,
    macros: Vec<(usize, String)>,
    literals: Vec<(usize, String)>,
    is_test: bool,
}

impl Read {
    /// A path as written: remembered, and resolved where it begins at `crate`, `self` or `super`.
    fn path(&mut self, line: usize, segments: &[String]) {
        self.written.push((line, segments.join("::")));
        let mut base = self.module.clone();
        let mut rest = segments;
        match segments.first().map(String::as_str) {
            Some("crate") => base.clear(),
            Some("self" | "super") => {}
            _ => return,
        }
        while let Some((first, others)) = rest.split_first().filter(|(first, _)| KEYWORDS.contains(&first.as_str())) {
            if first == "super" {
                base.pop();
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        self.paths.push((line, base));
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|each| self.tree(before, each)),
            syn::UseTree::Name(name) => self.path(name.ident.span().start().line, &with(&name.ident)),
            syn::UseTree::Rename(name) => self.path(name.ident.span().start().line, &with(&name.ident)),
            syn::UseTree::Glob(glob) => self.path(glob.star_token.spans[0].start().line, before),
        }
    }

    fn literal(&mut self, line: usize, text: String) {
        if !self.is_test {
            self.literals.push((line, text));
        }
    }

    /// The paths and literals among the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) if path.is_empty() || colons == 2 => {
                    path.push(ident.to_string());
                    (line, colons) = (ident.span().start().line, 0);
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                _ => {}
            }
            if !path.is_empty() {
                self.path(line, &std::mem::take(&mut path));
            }
            colons = 0;
            match token {
                TokenTree::Ident(ident) => {
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.literal(literal.span().start().line, text.value());
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
        if !path.is_empty() {
            self.path(line, &path);
        }
    }
}

const KEYWORDS: [&str; 3] = ["crate", "self", "super"];

impl Visit<'_> for Read {
    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        let was_test = self.is_test;
        self.is_test |= item.ident == "tests";
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
        self.is_test = was_test;
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.path(line, &segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &syn::Macro) {
        if let Some(name) = invocation.path.segments.last() {
            self.macros.push((name.ident.span().start().line, name.ident.to_string()));
        }
        self.tokens(invocation.tokens.clone());
        syn::visit::visit_macro(self, invocation);
    }

    /// Documentation is prose.
    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if !attribute.path().is_ident("doc") {
            syn::visit::visit_attribute(self, attribute);
        }
    }

    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.literal(literal.span().start().line, literal.value());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
