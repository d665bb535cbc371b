//! What an app is called does not matter: with its own packages, files, classes, functions and variables named at
//! random, every item is answered as before, by the same rules.
//!
//! The names are drawn from a seed, which is in the message when the answers differ. They are renamed so that the
//! program stays the program it is: `words` says what each identifier of a file is, and a name stays where something
//! else than the app may know it (a library, a framework's convention, a manifest, a text, the sender of a request).

mod tokens;
mod trees;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::keys::Chance;
use words::{Binding, Reading, Role, Word};

/// Names by which languages and frameworks find what an app defines.
const CONVENTIONS: [&str; 42] = [
    "main",
    "app",
    "index",
    "src",
    "lib",
    "mod",
    "tests",
    "test",
    "server",
    "wsgi",
    "asgi",
    "manage",
    "page",
    "layout",
    "route",
    "middleware",
    "proxy",
    "instrumentation",
    "register",
    "onRequestError",
    "metadata",
    "config",
    "runtime",
    "maxDuration",
    "dynamic",
    "handler",
    "handle",
    "constructor",
    "create_app",
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "dispatch",
    "onModuleInit",
    "onModuleDestroy",
    "transform",
    "toString",
    "toJSON",
];

/// Members that values of the languages and of common libraries have too.
const COMMON_MEMBERS: [&str; 109] = [
    "get",
    "set",
    "add",
    "append",
    "push",
    "pop",
    "shift",
    "delete",
    "remove",
    "clear",
    "has",
    "keys",
    "values",
    "items",
    "entries",
    "update",
    "insert",
    "find",
    "findOne",
    "findMany",
    "map",
    "filter",
    "reduce",
    "forEach",
    "some",
    "every",
    "join",
    "split",
    "slice",
    "replace",
    "trim",
    "test",
    "match",
    "exec",
    "execute",
    "fetch",
    "fetchone",
    "fetchall",
    "query",
    "all",
    "first",
    "one",
    "values_list",
    "commit",
    "rollback",
    "begin",
    "transaction",
    "connect",
    "close",
    "open",
    "read",
    "write",
    "send",
    "json",
    "text",
    "status",
    "end",
    "next",
    "then",
    "catch",
    "finally",
    "call",
    "apply",
    "bind",
    "on",
    "off",
    "once",
    "emit",
    "use",
    "run",
    "start",
    "stop",
    "wait",
    "sleep",
    "info",
    "warn",
    "warning",
    "error",
    "debug",
    "exception",
    "log",
    "parse",
    "stringify",
    "new",
    "from",
    "into",
    "default",
    "clone",
    "iter",
    "collect",
    "len",
    "is_empty",
    "unwrap",
    "expect",
    "ok",
    "err",
    "request",
    "create",
    "invoke",
    "stream",
    "count",
    "limit",
    "eval",
    "incr",
    "expire",
    "name",
    "from_env",
    "format",
    "setup",
];

/// Objects that the platform brings: what they have is nobody's own.
const PLATFORM: [&str; 10] =
    ["Date", "Math", "JSON", "Object", "Array", "Number", "Promise", "AbortSignal", "crypto", "performance"];

/// A function, and the new names of its own variables.
type Renamed = (Range<usize>, BTreeMap<String, String>);

/// Every source of an app, as it is read, and what its names become.
struct Names {
    sources: Vec<(String, String, Reading)>,
    /// The new name of each word that is renamed on its own, and of each that is as a member.
    alone: BTreeMap<String, String>,
    members: BTreeMap<String, String>,
    /// The new names of folders and files of TypeScript.
    segments: BTreeMap<String, String>,
    aliases: BTreeSet<String>,
    foreign: BTreeSet<String>,
    /// Packages of Python that are in no other: texts and manifests begin with them.
    packages: BTreeSet<String>,
    parameters: BTreeSet<String>,
    chance: Chance,
}

/// Gives an app below `folder` other names; says how many names it has given.
pub(crate) fn rename(folder: &Path, seed: u64) -> usize {
    let files = files(folder);
    let names = Names::drawn(folder, &files, seed);
    let locals = names.locals(seed);
    let mut given = names.alone.len() + names.members.len() + names.segments.len();
    for (index, own) in locals.iter().enumerate().take(names.sources.len()) {
        given += own.iter().map(|(_, names)| names.len()).sum::<usize>();
        let (path, text) = (names.sources[index].0.clone(), names.rewritten(index, own));
        fs::write(folder.join(path), text).expect("written");
    }
    for path in &files {
        if !is_source(path) {
            names.rename_starts(&folder.join(path));
        }
        let moved = names.moved(path, &files);
        if moved != *path {
            let to = folder.join(&moved);
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::rename(folder.join(path), to).expect("moved");
        }
    }
    given
}

fn files(folder: &Path) -> Vec<String> {
    ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "node_modules")
        .sort_by_file_path(Path::cmp)
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(|entry| entry.path().strip_prefix(folder).expect("below").to_string_lossy().into_owned())
        .collect()
}

fn is_source(path: &str) -> bool {
    [".py", ".rs", ".ts", ".tsx", ".mts", ".js", ".mjs"].iter().any(|end| path.ends_with(end))
}

fn is_typescript(path: &str) -> bool {
    is_source(path) && !path.ends_with(".py") && !path.ends_with(".rs")
}

/// The name of a file without what says its language.
fn stem(segment: &str) -> &str {
    [".d.ts", ".py", ".rs", ".tsx", ".ts", ".mts", ".js", ".mjs"]
        .iter()
        .find_map(|end| segment.strip_suffix(end))
        .unwrap_or(segment)
}

impl Names {
    fn drawn(folder: &Path, files: &[String], seed: u64) -> Self {
        let text_of = |path: &str| fs::read_to_string(folder.join(path)).unwrap_or_default();
        let modules: BTreeSet<String> = files
            .iter()
            .filter(|path| is_source(path) && !is_typescript(path))
            .flat_map(|path| path.split('/').map(|segment| stem(segment).to_owned()))
            .collect();
        // Twice: which classes are the app's own has to be known before their methods are.
        let read = |own: &BTreeSet<String>| -> Vec<(String, String, Reading)> {
            let sources = files.iter().filter(|path| is_source(path));
            sources
                .map(|path| {
                    let text = text_of(path);
                    let reading = match () {
                        () if path.ends_with(".py") => trees::python(&text, own),
                        () if path.ends_with(".rs") => tokens::rust(&text, own),
                        () => trees::typescript(path, &text, own),
                    };
                    (path.clone(), text, reading)
                })
                .collect()
        };
        let packages: BTreeSet<String> = files
            .iter()
            .filter_map(|file| file.strip_suffix("/__init__.py"))
            .filter(|folder| !folder.contains('/') && !CONVENTIONS.contains(folder) && folder.len() > 5)
            .map(str::to_owned)
            .collect();
        let mut own = modules.clone();
        let first = read(&own);
        let words = first.iter().flat_map(|(_, _, reading)| &reading.words);
        own.extend(
            words.filter(|word| word.binding == Some(Binding::Class)).map(|word| format!("class {}", word.text)),
        );
        let mut names = Self {
            sources: read(&own),
            alone: BTreeMap::new(),
            members: BTreeMap::new(),
            segments: BTreeMap::new(),
            aliases: BTreeSet::new(),
            foreign: BTreeSet::new(),
            packages,
            parameters: BTreeSet::new(),
            chance: Chance::of(seed),
        };
        let manifests: String =
            files.iter().filter(|path| !is_source(path) && !path.ends_with(".md")).map(|path| text_of(path)).collect();
        names.choose(&modules, &manifests);
        names.choose_segments(files, &manifests);
        names
    }

    /// Chooses what can be renamed everywhere at once.
    fn choose(&mut self, modules: &BTreeSet<String>, manifests: &str) {
        let bound = |bindings: &[Binding]| -> BTreeSet<String> {
            let words = self.sources.iter().flat_map(|(_, _, reading)| &reading.words);
            let words = words.filter(|word| word.binding.is_some_and(|binding| bindings.contains(&binding)));
            words.map(|word| word.text.clone()).collect()
        };
        let as_role = |role: Role| -> BTreeSet<String> {
            let words = self.sources.iter().flat_map(|(_, _, reading)| &reading.words);
            words.filter(|word| word.role == role).map(|word| word.text.clone()).collect()
        };
        let (foreign, fields) = (bound(&[Binding::Foreign]), bound(&[Binding::Field]));
        let (parameters, locals) = (bound(&[Binding::Parameter]), bound(&[Binding::Local]));
        let (keys, texts) = (as_role(Role::Key), as_role(Role::Text));
        let texts: BTreeSet<String> = texts
            .iter()
            .filter(|text| !text.split(['.', ':']).next().is_some_and(|first| self.packages.contains(first)))
            .flat_map(|text| text.trim_matches('"').split(['.', ':', '{', '}']).map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let is_known = |word: &str| {
            CONVENTIONS.contains(&word)
                || foreign.contains(word)
                || texts.contains(word)
                || word.starts_with("__")
                || word == "_"
                || word.starts_with("r#")
        };
        let catalogued = catalogued(manifests);
        self.aliases = bound(&[Binding::Alias]);
        self.aliases.extend(modules.iter().cloned());
        // A member of anything else may be this name: an export that a library lists by its name.
        let listed: BTreeSet<String> = self
            .sources
            .iter()
            .filter(|(path, _, _)| is_typescript(path))
            .flat_map(|(_, _, reading)| &reading.words)
            .filter(|word| word.role == Role::Member && word.of.as_ref().is_none_or(|of| !self.aliases.contains(of)))
            .map(|word| word.text.clone())
            .collect();
        let rust = self.sources.iter().any(|(path, _, _)| path.ends_with(".rs"));
        let mut alone = bound(&[Binding::Function, Binding::Class]);
        alone.extend(bound(&[Binding::Variable]).into_iter().filter(|word| !listed.contains(word)));
        alone.extend(
            modules.iter().filter(|module| !has_word(manifests, module) || self.packages.contains(*module)).cloned(),
        );
        alone.extend(self.aliases.iter().filter(|alias| !modules.contains(*alias)).cloned());
        alone.retain(|word| {
            let is_passed_by_name = keys.contains(word) && parameters.contains(word);
            let is_of_a_function = rust && (locals.contains(word) || parameters.contains(word));
            let is_kept = is_known(word) || fields.contains(word) || is_passed_by_name || is_of_a_function;
            !is_kept
        });
        let mut members = bound(&[Binding::Method]);
        members.retain(|word| {
            !is_known(word)
                && !fields.contains(word)
                && !COMMON_MEMBERS.contains(&word.as_str())
                && !catalogued.contains(word)
        });
        self.parameters = parameters;
        self.foreign = foreign;
        for word in &alone {
            let drawn = name_like(&mut self.chance, word);
            self.alone.insert(word.clone(), drawn);
        }
        for word in &members {
            let drawn = self.alone.get(word).cloned().unwrap_or_else(|| name_like(&mut self.chance, word));
            self.members.insert(word.clone(), drawn);
        }
    }

    fn choose_segments(&mut self, files: &[String], manifests: &str) {
        for path in files.iter().filter(|path| is_typescript(path)) {
            let segments: Vec<&str> = path.split('/').collect();
            // Folders below are parts of addresses.
            let routed =
                segments.iter().position(|segment| matches!(*segment, "app" | "pages")).unwrap_or(segments.len());
            for segment in segments.iter().take(routed).map(|segment| stem(segment)) {
                let known = CONVENTIONS.contains(&segment)
                    || segment.contains("config")
                    || segment.starts_with("instrumentation")
                    || has_word(manifests, segment);
                if !known && !self.segments.contains_key(segment) {
                    let drawn = name_like(&mut self.chance, "segment");
                    self.segments.insert(segment.to_owned(), drawn);
                }
            }
        }
    }

    /// By file, the functions with the new names of their own variables.
    fn locals(&self, seed: u64) -> Vec<Vec<Renamed>> {
        let mut chance = Chance::of(!seed);
        self.sources
            .iter()
            .map(|(path, _, reading)| {
                let functions = reading.functions.iter();
                functions.map(|range| (range.clone(), self.locals_of(path, reading, range, &mut chance))).collect()
            })
            .collect()
    }

    fn locals_of(
        &self,
        path: &str,
        reading: &Reading,
        range: &Range<usize>,
        chance: &mut Chance,
    ) -> BTreeMap<String, String> {
        let inside: Vec<&Word> = reading.words.iter().filter(|word| range.contains(&word.range.start)).collect();
        let bound =
            |name: &str, binding: Binding| inside.iter().any(|word| word.text == name && word.binding == Some(binding));
        let rust = path.ends_with(".rs");
        let is_free = |name: &str| {
            let exported = reading.words.iter().any(|word| {
                word.text == name
                    && matches!(word.binding, Some(Binding::Function | Binding::Class | Binding::Variable))
            });
            !exported
                && !self.alone.contains_key(name)
                && !bound(name, Binding::Foreign)
                && !bound(name, Binding::Parameter)
                && !name.starts_with('_')
                && !(rust
                    && (self.parameters.contains(name)
                        || inside.iter().any(|word| {
                            word.text == name && word.role == Role::Shorthand
                                || word.role == Role::Text && word.text.contains(&format!("{{{name}"))
                        })))
        };
        let local = inside.iter().filter(|word| word.binding == Some(Binding::Local));
        let names: BTreeSet<&str> = local.map(|word| word.text.as_str()).filter(|name| is_free(name)).collect();
        names.into_iter().map(|name| (name.to_owned(), name_like(chance, name))).collect()
    }

    fn rewritten(&self, index: usize, locals: &[Renamed]) -> String {
        let (path, text, reading) = &self.sources[index];
        let mut words: Vec<&Word> = reading.words.iter().collect();
        words.sort_by_key(|word| word.range.start);
        let (mut rewritten, mut at) = (String::new(), 0);
        for word in words {
            let local = locals.iter().find(|(range, _)| range.contains(&word.range.start));
            let Some(new) = self.new_of(path, word, local.map(|(_, names)| names)) else { continue };
            rewritten.push_str(&text[at..word.range.start]);
            rewritten.push_str(&new);
            at = word.range.end;
        }
        rewritten + &text[at..]
    }

    fn new_of(&self, path: &str, word: &Word, locals: Option<&BTreeMap<String, String>>) -> Option<String> {
        let alone = || locals.and_then(|names| names.get(&word.text)).or_else(|| self.alone.get(&word.text)).cloned();
        match word.role {
            Role::Name => alone(),
            Role::Member if word.of.as_ref().is_some_and(|of| self.aliases.contains(of)) => {
                self.alone.get(&word.text).or_else(|| self.members.get(&word.text)).cloned()
            }
            // `datetime.now` is another one than the own `Clock.now`.
            Role::Member if word.of.as_ref().is_some_and(|of| self.foreign.contains(root(of))) => None,
            Role::Member if word.of.as_ref().is_some_and(|of| self.is_of_the_platform(path, root(of))) => None,
            Role::Member => self.members.get(&word.text).cloned(),
            Role::Shorthand if path.ends_with(".rs") => alone(),
            Role::Shorthand => {
                let key = self.members.get(&word.text).unwrap_or(&word.text);
                alone()
                    .or_else(|| Some(word.text.clone()))
                    .filter(|new| *new != word.text || key != new)
                    .map(|new| format!("{key}: {new}"))
            }
            Role::Path => Some(self.path(&word.text)),
            Role::Text => self.dotted(&word.text),
            Role::Key => None,
        }
    }

    /// `Date.now` is another one than the own `Clock.now`, too.
    fn is_of_the_platform(&self, path: &str, object: &str) -> bool {
        is_typescript(path) && PLATFORM.contains(&object) && !self.alone.contains_key(object)
    }

    /// `"shop.main:app"`, `"shop.audit"`: a text that begins with an own package.
    fn dotted(&self, text: &str) -> Option<String> {
        let package = text.split(['.', ':']).next().filter(|first| self.packages.contains(*first))?;
        let new = self.alone.get(package)?;
        let inner = text[package.len()..].split_inclusive(['.', ':']).map(|part| {
            let name = part.trim_end_matches(['.', ':']);
            self.alone.get(name).map_or(part.to_owned(), |new| new.clone() + &part[name.len()..])
        });
        Some(new.clone() + &inner.collect::<String>())
    }

    /// An import's path with the new names.
    fn path(&self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            let stem = stem(segment);
            self.segments.get(stem).map_or(segment.to_owned(), |new| new.clone() + &segment[stem.len()..])
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// Where a file goes: folders keep what else lies in them.
    fn moved(&self, path: &str, files: &[String]) -> String {
        let typescript = files.iter().any(|file| is_typescript(file));
        let routed = path.split('/').position(|segment| matches!(segment, "app" | "pages"));
        let last = path.split('/').count() - 1;
        let segments = path.split('/').enumerate().map(|(at, segment)| {
            let folder = path.split('/').take(at + 1).collect::<Vec<_>>().join("/") + "/";
            let holds_source = files.iter().any(|file| file.starts_with(&folder) && is_source(file));
            match () {
                () if at == last && !is_source(path) || at < last && !holds_source => segment.to_owned(),
                () if !typescript => {
                    let stem = stem(segment);
                    self.alone.get(stem).map_or(segment.to_owned(), |new| new.clone() + &segment[stem.len()..])
                }
                () if routed.is_some_and(|routed| at >= routed) => segment.to_owned(),
                () => self.path(segment),
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// A package keeps being started: `uvicorn shop.main:app`.
    fn rename_starts(&self, path: &Path) {
        let Ok(text) = fs::read_to_string(path) else { return };
        let packages = self.packages.iter().filter_map(|package| Some((package, self.alone.get(package)?)));
        let text = packages.fold(text, |text, (package, new)| with_word(&text, package, new));
        fs::write(path, text).expect("written");
    }
}

/// The name that an expression begins with.
fn root(expression: &str) -> &str {
    expression.split(|each: char| !each.is_alphanumeric() && each != '_').next().unwrap_or_default()
}

fn has_word(text: &str, word: &str) -> bool {
    with_word(text, word, "") != text
}

/// A text with another word in the place of one.
fn with_word(text: &str, word: &str, new: &str) -> String {
    let is_part = |each: char| each.is_alphanumeric() || each == '_';
    let (mut rewritten, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        rewritten.push_str(before);
        rewritten.push_str(if whole { new } else { word });
        rest = after;
    }
    rewritten + rest
}

/// Every word of what the catalogue knows about the libraries that a manifest names.
fn catalogued(manifests: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/catalogue");
    let mut words = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the catalogue").filter_map(Result::ok) {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let Ok(library) = toml::from_str::<toml::Table>(&text) else { continue };
        let packages = library.get("packages").map(ToString::to_string).unwrap_or_default();
        if packages.split('"').skip(1).step_by(2).any(|package| has_word(manifests, package)) {
            let facts = library.get("fact").map(ToString::to_string).unwrap_or_default();
            words.extend(facts.split(|each: char| !each.is_alphanumeric() && each != '_').map(str::to_owned));
        }
    }
    words
}

/// A part of a name that means nothing.
fn part(chance: &mut Chance) -> String {
    let mut one = |letters: &str| {
        let at = usize::try_from((chance.next() >> 33) % letters.len() as u64).expect("small");
        letters[at..=at].to_owned()
    };
    (0..3).map(|_| one("bdfgjkvwxz") + &one("aeiou")).collect()
}

/// A name written in the style of another: `_wait_for` becomes `_zuvako_bexido`, `RateLimiter` `ZuvakoBexido`.
fn name_like(chance: &mut Chance, name: &str) -> String {
    let bare = name.trim_start_matches(['_', '#']);
    let start = &name[..name.len() - bare.len()];
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    let is_capital = bare.starts_with(char::is_uppercase);
    let (one, two) = (part(chance), part(chance));
    let new = match () {
        () if is_capital && bare.len() > 1 && !bare.contains(char::is_lowercase) => {
            format!("{one}_{two}").to_uppercase()
        }
        () if is_capital => capital(&one) + &capital(&two),
        () if bare.contains('_') => format!("{one}_{two}"),
        // React knows its hooks by how their names begin.
        () if bare.strip_prefix("use").is_some_and(|rest| rest.starts_with(char::is_uppercase)) => {
            format!("use{}", capital(&one))
        }
        () => one + &two,
    };
    format!("{start}{new}")
}
