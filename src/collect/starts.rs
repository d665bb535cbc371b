//! Which files are started: by manifests, process files, container files, deployment settings and READMEs.

mod containers;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Class, File, Tree, commands, join,
    known::{Program, STARTS, StartSetting, Takes, Way, matches},
    projects, resolve, split,
};
use crate::{
    lower::settings,
    model::{Deployed, Literal, Project, ProjectKind, Setting, Start},
};

/// How deep commands may be quoted in commands, and scripts call scripts.
const DEPTH: usize = 4;
/// The kind of entry point of a function that only programs of its account call.
const BY_PROGRAMS: &str = "queue";
/// The kind of entry point of an object that a platform serves.
const SERVED: &str = "http";
/// Files that are read in search of commands; more are left out.
const FILES: usize = 2_000;

/// Every file that something in the tree starts, sorted. `read` gives the text of a file by its path; the tree must hold
/// its projects.
pub fn starts(tree: &Tree, read: &dyn Fn(&str) -> Option<String>) -> Vec<Start> {
    starts_in(tree, &tree.projects, read)
}

pub(super) fn starts_in(tree: &Tree, projects: &[Project], read: projects::Read<'_>) -> Vec<Start> {
    let found = BTreeSet::new();
    let mut starter = Starter {
        tree,
        projects,
        read,
        found,
        factories: BTreeMap::new(),
        handlers: BTreeMap::new(),
        scripts: BTreeSet::new(),
    };
    let counts = |file: &&File| !matches!(file.class, Class::Test | Class::Vendored | Class::Generated);
    let mut left = FILES;
    for file in tree.files.iter().filter(counts) {
        if Source::of(file, projects).is_some_and(|source| left > 0 && starter.file(&file.path, source)) {
            left -= 1;
        }
    }
    for project in projects.iter().filter(|project| project.kind == ProjectKind::Cargo) {
        let manifest = read(&join(&project.folder, "Cargo.toml")).map(|text| settings::toml::parse(&text).0);
        for path in manifest.iter().flat_map(|manifest| projects::binaries(tree, &project.folder, manifest)) {
            starter.add(&path, Way::Run);
        }
    }
    let Starter { found, mut factories, mut handlers, .. } = starter;
    let start = |(path, way): (String, Way)| {
        let (is_main, is_page) = (way != Way::Imported, way == Way::Page);
        let factories = if is_main { Vec::new() } else { factories.remove(&path).unwrap_or_default() };
        let deployed = if is_main { BTreeSet::new() } else { handlers.remove(&path).unwrap_or_default() };
        Start { path, is_main, is_page, factories, handlers: deployed.into_iter().collect() }
    };
    found.into_iter().map(start).collect()
}

/// The files that commands are looked for in.
enum Source {
    Package,
    Container,
    Make,
    Readme,
    Guide,
    Script,
    Settings(Vec<&'static StartSetting>),
}

impl Source {
    fn of(file: &File, projects: &[Project]) -> Option<Source> {
        let (folder, name) = split(&file.path);
        let lower = name.to_ascii_lowercase();
        let beside_manifest = || folder.is_empty() || projects.iter().any(|project| project.folder == folder);
        if lower.starts_with("readme") {
            return beside_manifest().then_some(Source::Readme);
        }
        if file.class == Class::Docs {
            return is_guide(folder, &lower).then_some(Source::Guide);
        }
        if lower == "package.json" {
            return Some(Source::Package);
        }
        if is_container(&lower) {
            return Some(Source::Container);
        }
        if matches!(lower.as_str(), "makefile" | "gnumakefile" | "justfile") {
            return beside_manifest().then_some(Source::Make);
        }
        if let Some(stem) = lower.strip_suffix(".sh") {
            let starts = STARTS.scripts.iter().any(|pattern| matches(pattern, stem));
            return (starts && beside_manifest()).then_some(Source::Script);
        }
        let settings: Vec<_> = STARTS
            .settings
            .iter()
            .filter(|setting| setting.files.iter().any(|pattern| matches(pattern, name)))
            .collect();
        (!settings.is_empty()).then_some(Source::Settings(settings))
    }
}

/// Whether a page of the documentation tells how a program is started.
fn is_guide(folder: &str, name: &str) -> bool {
    let stem = [".md", ".mdx"].iter().find_map(|extension| name.strip_suffix(extension));
    let parent = folder.rsplit('/').next().unwrap_or(folder);
    stem.is_some_and(|stem| STARTS.guides.iter().any(|guide| guide == stem || guide == parent))
}

/// Whether a name (in lower case) is that of a container's build file.
fn is_container(name: &str) -> bool {
    ["dockerfile", "containerfile"].iter().any(|word| name.starts_with(word) || name.ends_with(&format!(".{word}")))
}

struct Starter<'t> {
    tree: &'t Tree,
    projects: &'t [Project],
    read: projects::Read<'t>,
    found: BTreeSet<(String, Way)>,
    /// Functions that make the application, by their file.
    factories: BTreeMap<String, Vec<String>>,
    /// Functions that a platform calls, by their file.
    handlers: BTreeMap<String, BTreeSet<Deployed>>,
    /// Shell scripts that were read.
    scripts: BTreeSet<String>,
}

impl Starter<'_> {
    fn add(&mut self, path: &str, way: Way) {
        if self.tree.has(path) {
            self.found.insert((path.to_owned(), way));
        }
    }

    /// Reads one file for its commands; whether it could be read.
    fn file(&mut self, path: &str, source: Source) -> bool {
        let Some(text) = (self.read)(path) else { return false };
        let (folder, name) = split(path);
        match source {
            Source::Package => {
                let entries = settings::lower(path, &text).map(|settings| settings.entries).unwrap_or_default();
                for setting in &entries {
                    if let ([table, target], Literal::Text(command)) = (setting.keys.as_slice(), &setting.value)
                        && table == "scripts"
                        && is_target(target)
                    {
                        self.run(command, folder, DEPTH);
                    }
                }
                for setting in STARTS.settings.iter().filter(|setting| setting.files.iter().any(|file| file == name)) {
                    self.settings(setting, &entries, folder);
                }
            }
            Source::Container => self.container(&text, folder),
            Source::Make => {
                for (_, commands) in commands::make_targets(&text).iter().filter(|(target, _)| is_target(target)) {
                    self.run(commands, folder, DEPTH);
                }
            }
            Source::Readme => {
                for block in commands::code_blocks(&text) {
                    self.run(&block, folder, DEPTH);
                }
                let app_file =
                    text.strip_prefix("---").and_then(|front| front.split_once("\n---")).and_then(|(front, _)| {
                        front.lines().find_map(|line| line.strip_prefix("app_file:").map(|file| file.trim().to_owned()))
                    });
                if let Some(file) = app_file {
                    self.start_file(&file, folder, Way::Run);
                }
            }
            Source::Guide => self.guide(&text),
            Source::Script => self.run(&text, folder, DEPTH),
            Source::Settings(known) => {
                let entries = settings::lower(path, &text).map(|settings| settings.entries);
                let entries = entries.unwrap_or_else(|| settings::exported(path, &text));
                for setting in known {
                    self.settings(setting, &entries, folder);
                }
            }
        }
        true
    }

    /// A page of the documentation: what it says of the files at the root, for it lies elsewhere itself.
    fn guide(&mut self, text: &str) {
        let before = self.found.clone();
        for block in commands::code_blocks(text) {
            self.run(&block, "", DEPTH);
        }
        self.found.retain(|start| before.contains(start) || !start.0.contains('/'));
    }

    /// Follows the keys of a settings file that start something.
    fn settings(&mut self, known: &'static StartSetting, entries: &[Setting], folder: &str) {
        for (keys, text) in values(known, entries) {
            let beside = |name: &String| {
                let wanted: Vec<&str> =
                    keys.iter().take(keys.len().saturating_sub(1)).map(String::as_str).chain(name.split('.')).collect();
                entries.iter().find(|entry| entry.keys == wanted).and_then(|entry| match &entry.value {
                    Literal::Text(named) => self.folder(folder, named),
                    _ => None,
                })
            };
            let folder = known.folders.iter().find_map(beside).unwrap_or_else(|| folder.to_owned());
            match known.takes {
                Takes::Command => self.run(&text, &folder, DEPTH),
                Takes::Module => drop(self.start_module(&text, &folder, Way::of(known.main))),
                Takes::File => self.served_file(known, &text, &folder),
                Takes::Object => {
                    let path = self.start_module(&text, &folder, Way::of(known.main));
                    let named = keys.get(1).cloned().unwrap_or_default();
                    if let (Some(path), Some((_, export))) = (path, text.rsplit_once(':')) {
                        let deployed = Deployed { export: export.to_owned(), named, kind: SERVED.to_owned() };
                        self.handlers.entry(path).or_default().insert(deployed);
                    }
                }
                Takes::Handler => {
                    let kind = called_for(known, &keys, entries).unwrap_or(BY_PROGRAMS);
                    self.deploy(&text, &folder, kind);
                }
            }
        }
    }

    /// A file that settings start, and what the platform calls in it.
    fn served_file(&mut self, known: &'static StartSetting, named: &str, folder: &str) {
        if !self.start_file(named, folder, Way::of(known.main)) {
            return;
        }
        let Some(path) = self.locate(named, folder) else { return };
        let served = known.exports.iter().map(|export| Deployed {
            export: export.clone(),
            named: named.to_owned(),
            kind: SERVED.to_owned(),
        });
        self.handlers.entry(path).or_default().extend(served);
    }

    /// A function that a platform calls: `src/handler.main`, or `app.handler.main` with a dotted module.
    fn deploy(&mut self, named: &str, folder: &str, kind: &str) -> bool {
        let Some((stem, export)) = named.rsplit_once('.') else { return false };
        let deployed = Deployed { export: export.to_owned(), named: named.to_owned(), kind: kind.to_owned() };
        let mut files: Vec<String> =
            ["py", "ts", "js", "mjs", "cjs", "mts"].iter().map(|extension| format!("{stem}.{extension}")).collect();
        if !stem.contains('/') {
            files.push(format!("{}.py", stem.replace('.', "/")));
        }
        let paths: Vec<String> = files.iter().filter_map(|file| resolve(folder, file)).collect();
        let found = paths.iter().any(|path| self.tree.has(path));
        for path in paths {
            self.add(&path, Way::Imported);
            self.handlers.entry(path).or_default().insert(deployed.clone());
        }
        found
    }

    /// Follows every command of a shell text; `cd` holds for those after it.
    fn run(&mut self, text: &str, folder: &str, depth: usize) {
        let mut current = folder.to_owned();
        for words in commands::commands(text) {
            if let [change, target, ..] = words.as_slice()
                && matches!(change.as_str(), "cd" | "pushd")
            {
                // A README changes into folders that do not exist (`cd my-clone`): then it means the one it lies in.
                if let Some(next) = self.folder(&current, target).or_else(|| self.folder(folder, target)) {
                    current = next;
                }
                continue;
            }
            self.command(&words, &current, depth);
        }
    }

    fn command(&mut self, words: &[String], folder: &str, depth: usize) {
        if depth == 0 {
            return;
        }
        let mut at = 0;
        let mut wrapped = false;
        while let Some(word) = words.get(at) {
            at += 1;
            let name = word.rsplit('/').next().unwrap_or(word);
            let rest = words.get(at..).unwrap_or_default();
            if is_assignment(word) {
                self.assignment(word, folder);
            } else if let Some(program) = program(name) {
                return self.program(program, rest, folder, depth);
            } else if STARTS.shells.iter().any(|shell| shell == word || shell == name) {
                wrapped = true;
            } else if word.ends_with(".sh") {
                return self.script(word, folder, depth);
            } else if word.contains(' ') && wrapped {
                self.run(word, folder, depth - 1);
            } else if STARTS.wrappers.iter().any(|wrapper| wrapper == name) {
                wrapped = true;
            } else {
                // `uv run main.py`, `./main.py`: a file that is run as it is.
                let may_be_file = wrapped || word.starts_with("./");
                if may_be_file && self.start_file(word, folder, Way::Run) {
                    return;
                }
                if !wrapped || at > 16 {
                    return;
                }
            }
        }
    }

    fn assignment(&mut self, word: &str, folder: &str) {
        if let Some((name, value)) = word.split_once('=')
            && STARTS.variables.iter().any(|variable| variable == name)
        {
            self.start_module(value.trim_matches(['"', '\'']), folder, Way::Imported);
        }
    }

    /// A shell script of the tree, read once.
    fn script(&mut self, word: &str, folder: &str, depth: usize) {
        let Some(path) = self.locate(word, folder) else { return };
        if self.scripts.insert(path.clone())
            && let Some(text) = (self.read)(&path)
        {
            self.run(&text, folder, depth - 1);
        }
    }

    /// One program with its arguments.
    fn program(&mut self, program: &Program, arguments: &[String], folder: &str, depth: usize) {
        if let Some(option) = &program.module_option
            && let Some(at) = arguments.iter().take_while(|word| word.starts_with('-')).position(|word| word == option)
        {
            let rest = arguments.get(at + 1..).unwrap_or_default();
            let Some(module) = rest.first() else { return };
            match self::program(&module.replace('_', "-")) {
                Some(_) => self.command(rest, folder, depth - 1),
                None => drop(self.start_module(module, folder, Way::Run)),
            }
            return;
        }
        let mut arguments = arguments;
        if !program.commands.is_empty() {
            let Some(at) = arguments.iter().position(|word| program.commands.contains(word)) else { return };
            // Options in front of the subcommand belong to the program.
            if !arguments.iter().any(|word| option_value(&program.options, word).is_some()) {
                arguments = arguments.get(at + 1..).unwrap_or_default();
            }
        }
        let options = |names: &[String]| -> Option<String> {
            arguments.iter().enumerate().find_map(|(at, word)| match option_value(names, word)? {
                "" => arguments.get(at + 1).cloned(),
                value => Some(value.to_owned()),
            })
        };
        let named_folder = options(&program.folders).and_then(|named| self.folder(folder, &named));
        let folder = named_folder.as_deref().unwrap_or(folder);
        let found = match (program.takes, options(&program.options)) {
            (Takes::Module, Some(module)) => self.serve(program, &module, arguments, folder),
            (Takes::Module, None) => arguments.iter().any(|word| self.serve(program, word, arguments, folder)),
            (Takes::Handler, _) => arguments.iter().any(|word| self.deploy(word, folder, SERVED)),
            _ => self.start_files(arguments, folder, program.way()),
        };
        if !found
            && let Some(path) = program.defaults.iter().map(|name| join(folder, name)).find(|path| self.tree.has(path))
        {
            self.add(&path, program.way());
        }
    }

    /// The first argument that is a file of code, and those that options name before it.
    fn start_files(&mut self, arguments: &[String], folder: &str, way: Way) -> bool {
        let mut after_option = false;
        for word in arguments {
            if matches!(word.as_str(), "-c" | "-e" | "--eval" | "-p") {
                return false;
            }
            if word.starts_with('-') {
                after_option = true;
            } else if self.start_file(word, folder, way) && !after_option {
                return true;
            } else {
                after_option = false;
            }
        }
        false
    }

    fn start_file(&mut self, word: &str, folder: &str, way: Way) -> bool {
        let found = self.locate(word, folder).filter(|path| crate::lower::language_of(path).is_some());
        if let Some(path) = &found {
            self.add(path, way);
        }
        found.is_some()
    }

    /// Starts a module that a server imports, which may name the function that makes the application.
    fn serve(&mut self, program: &Program, word: &str, arguments: &[String], folder: &str) -> bool {
        let Some(path) = self.start_module(word, folder, program.way()) else { return false };
        let word = word.trim_matches(['"', '\'', '`', ',']);
        let named = word.split_once(':').map(|(_, name)| name);
        let is_told = arguments.iter().any(|argument| program.factory_options.contains(argument));
        let made = match named {
            Some(name) if name.contains('(') => name.split('(').next().map(str::to_owned).into_iter().collect(),
            Some(name) if is_told || !program.factories.is_empty() => vec![name.to_owned()],
            Some(_) => Vec::new(),
            None => program.factories.clone(),
        };
        self.factories.entry(path).or_default().extend(made);
        true
    }

    /// Starts the file of a dotted module, perhaps with `:attribute`; which one, if there is one.
    fn start_module(&mut self, word: &str, folder: &str, way: Way) -> Option<String> {
        let word = word.trim_matches(['"', '\'', '`', ',']);
        let module = match word.split_once(':') {
            Some((module, _)) => module,
            None => word,
        };
        if [".py", ".ts", ".js", ".mjs", ".tsx"].iter().any(|extension| module.ends_with(extension)) {
            let found = self.locate(module, folder);
            return found.filter(|_| self.start_file(module, folder, way));
        }
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && part.chars().all(|character| character.is_alphanumeric() || character == '_')
        };
        let mut parts: Vec<&str> = module.split('.').collect();
        if !parts.iter().all(|part| is_name(part)) {
            return None;
        }
        let mut found = self.module(&parts, folder, way != Way::Imported);
        if found.is_none() && parts.len() > 1 && !word.contains(':') {
            parts.pop();
            found = self.module(&parts, folder, way != Way::Imported);
        }
        if let Some(path) = &found {
            self.add(path, way);
        }
        found
    }
}

fn program(name: &str) -> Option<&'static Program> {
    STARTS.programs.iter().find(|program| program.names.iter().any(|known| known == name))
}

/// Whether a function of this name imports what the dotted text names that it is given: `import_module("shop.config")`.
pub fn imports_by_text(function: &str) -> bool {
    STARTS.importers.iter().any(|known| known == function)
}

fn is_target(name: &str) -> bool {
    STARTS.targets.iter().any(|pattern| matches(pattern, name))
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// The value that a word gives to an option: `--app=x`; empty where the next word is the value.
fn option_value<'w>(names: &[String], word: &'w str) -> Option<&'w str> {
    let rest = names.iter().find_map(|name| word.strip_prefix(name.as_str()))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('=') }
}

/// The values at a setting's keys; a list of words is one command.
fn values(known: &StartSetting, entries: &[Setting]) -> Vec<(Vec<String>, String)> {
    let mut found: Vec<(Vec<String>, String)> = Vec::new();
    for pattern in &known.keys {
        let pattern: Vec<&str> = pattern.split('.').collect();
        for entry in entries {
            let Literal::Text(text) = &entry.value else { continue };
            let leads = entry.keys.iter().zip(&pattern).all(|(key, wanted)| *wanted == "*" || key == wanted);
            let further = entry.keys.len().checked_sub(pattern.len());
            let is_item = further == Some(1)
                && known.takes == Takes::Command
                && entry.keys.last().is_some_and(|key| key.parse::<usize>().is_ok());
            if !leads || !(further == Some(0) || is_item) {
                continue;
            }
            let keys: Vec<String> = entry.keys.iter().take(pattern.len()).cloned().collect();
            match found.last_mut().filter(|(last, _)| is_item && *last == keys) {
                Some((_, command)) => command.push_str(&format!(" {}", quote(text))),
                None if is_item => found.push((keys, quote(text))),
                None => found.push((keys, text.clone())),
            }
        }
    }
    found
}

/// What a function that settings deploy is called for: by the first kind of which a key stands beside it.
fn called_for(known: &'static StartSetting, keys: &[String], entries: &[Setting]) -> Option<&'static str> {
    let beside = keys.get(..keys.len().saturating_sub(1))?;
    let is_there = |wanted: &String| {
        let (path, value) = wanted.split_once('=').map_or((wanted.as_str(), None), |(path, value)| (path, Some(value)));
        let pattern: Vec<&str> = path.split('.').collect();
        entries.iter().any(|entry| {
            let rest = entry.keys.strip_prefix(beside).filter(|rest| rest.len() >= pattern.len());
            let leads = |rest: &[String]| rest.iter().zip(&pattern).all(|(key, part)| *part == "*" || key == part);
            let holds = value.is_none_or(|value| matches!(&entry.value, Literal::Text(text) if text == value));
            rest.is_some_and(leads) && holds && entry.value != Literal::Boolean(false)
        })
    };
    known.events.iter().find(|(_, wanted)| wanted.iter().any(is_there)).map(|(kind, _)| kind.as_str())
}

/// One word of a list as one word of a command line.
fn quote(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}
