//! The catalogue as checked: patterns over canonical names, indexed.
//!
//! Libraries of several languages can have the same name (`openai`, `redis`). Where a head is shared, the catalogue
//! and the linker write the language behind it: `openai:python.OpenAI`; people never see that (`plain`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, BuildError};
use rayon::prelude::*;

use super::catalogue::{Example, Fact, Kind, Library};
use super::hosts::Hosts;
pub use super::mistakes::CatalogueError;
use super::mistakes::{read, read_folder, read_own};
pub use super::patterns::expand;
use super::patterns::{PatternTree, by_head, pattern, segments};
use crate::model::{Alias, Language, PACKAGE, Project, ProjectKind, TREE, join};

/// Index of a fact in the catalogue.
pub type FactId = usize;

/// A fact with the library it belongs to.
#[derive(Clone, Debug)]
pub struct CheckedFact {
    pub library: usize,
    pub fact: Fact,
}

/// Everything that is known about names.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Without their facts, which stand beside them.
    pub libraries: Vec<Library>,
    pub facts: Vec<CheckedFact>,
    by_head: HashMap<String, Names>,
    /// Names whose head is none as written: `kit/models/*`.
    headless: Names,
    by_kind: BTreeMap<Kind, Vec<FactId>>,
    /// The addresses of providers, and those at which people are told; compiled when the first is looked up.
    endpoints: OnceLock<Hosts>,
    channels: OnceLock<Hosts>,
    word_search: OnceLock<Result<AhoCorasick, BuildError>>,
    /// Heads that libraries of several languages have.
    shared: BTreeSet<String>,
    /// The heads of names that are worth looking for in files.
    heads: BTreeSet<String>,
    /// Functions and classes of the audited tree of which its configuration says what they are: the file without its
    /// extension, a dot, the name.
    own: BTreeSet<String>,
}

/// The names with one head, as written. What their braces stand for is made out when the first of them is looked up: a
/// repository knows few heads.
#[derive(Debug, Default)]
struct Names {
    names: Vec<(String, FactId)>,
    patterns: OnceLock<PatternTree>,
}

impl Names {
    fn patterns(&self) -> &PatternTree {
        self.patterns.get_or_init(|| {
            let mut tree = PatternTree::default();
            for (name, id) in &self.names {
                expand(name).iter().for_each(|name| tree.add(&pattern(name), *id));
            }
            tree
        })
    }
}

/// A library with the names of each fact; braces in their heads are written out.
struct Headed {
    library: Library,
    names: Vec<Vec<String>>,
}

impl Headed {
    fn of(library: Library) -> Headed {
        let names = library.facts.iter().map(|fact| fact.names.iter().flat_map(|name| by_head(name)).collect());
        let names = names.collect();
        Headed { library, names }
    }
}

/// The files of the catalogue as they are written, by path: the embedded ones, then those of a folder.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn texts(extra: Option<&Path>) -> Result<Vec<(String, String)>, CatalogueError> {
    let mut texts: Vec<_> = embedded().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    texts.extend(extra.map(read_folder).transpose()?.unwrap_or_default());
    Ok(texts)
}

/// The embedded files of the catalogue: path and text.
fn embedded() -> impl Iterator<Item = (&'static str, &'static str)> {
    super::embedded::rules().filter(|(path, _)| path.starts_with("rules/catalogue/"))
}

impl Catalogue {
    /// The embedded catalogue, merged with the `catalogue/*.toml` (or `*.toml` that name a library) of `extra` and with
    /// facts about code of the audited tree.
    ///
    /// # Errors
    /// A file that cannot be read, or says something that can never work.
    pub fn load(extra: Option<&Path>, own: &[Fact]) -> Result<Catalogue, CatalogueError> {
        let mut libraries = embedded()
            .collect::<Vec<_>>()
            .par_iter()
            .map(|(path, text)| read_own(path, text).map(Headed::of))
            .collect::<Result<Vec<_>, _>>()?;
        for (path, text) in extra.map(read_folder).transpose()?.unwrap_or_default() {
            libraries.push(Headed::of(read(&path, &text)?));
        }
        if own.is_empty() {
            return Ok(Catalogue::from(libraries));
        }
        let own = Headed::of(own_library(own));
        let declared = own.names.iter().flatten().flat_map(|name| expand(name)).collect();
        libraries.push(own);
        Ok(Catalogue { own: declared, ..Catalogue::from(libraries) })
    }

    /// The same, read once per process where nothing is merged with what is embedded.
    ///
    /// # Errors
    /// As those of `load`.
    pub fn shared(extra: Option<&Path>, own: &[Fact]) -> Result<Arc<Catalogue>, CatalogueError> {
        static EMBEDDED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        if extra.is_some() || !own.is_empty() {
            return Catalogue::load(extra, own).map(Arc::new);
        }
        if let Some(known) = EMBEDDED.get() {
            return Ok(known.clone());
        }
        let read = Arc::new(Catalogue::load(None, &[])?);
        Ok(EMBEDDED.get_or_init(|| read).clone())
    }

    /// The canonical name of a function or class of the audited tree whose configuration says what it is.
    pub fn own(&self, language: Language, path: &str, name: &str) -> Option<String> {
        if self.own.is_empty() {
            return None;
        }
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let name = format!("{stem}.{name}");
        // Whatever is said about a part of it, it is known by name.
        let goes_on = |rest: &str| rest.is_empty() || rest.starts_with(['.', '(', '[']);
        let mut longer = self.own.range(name.clone()..).map_while(|own| own.strip_prefix(&name));
        longer.any(goes_on).then(|| self.canonical(language, &name))
    }

    /// A catalogue of the given (path, text) files.
    ///
    /// # Errors
    /// A file that says something that can never work.
    pub fn of(files: &[(String, String)]) -> Result<Catalogue, CatalogueError> {
        let read = |(path, text): &(String, String)| read(path, text).map(Headed::of);
        Ok(Catalogue::from(files.iter().map(read).collect::<Result<Vec<_>, _>>()?))
    }

    fn from(libraries: Vec<Headed>) -> Catalogue {
        let mut catalogue = Catalogue { shared: shared_heads(&libraries), ..Catalogue::default() };
        catalogue.facts.reserve_exact(libraries.iter().map(|headed| headed.library.facts.len()).sum());
        for library in libraries {
            catalogue.add(library);
        }
        catalogue
    }

    fn add(&mut self, headed: Headed) {
        let Headed { mut library, names } = headed;
        let languages = library.languages();
        for (mut fact, names) in std::mem::take(&mut library.facts).into_iter().zip(&names) {
            let id = self.facts.len();
            // Codes of errors are words of any file.
            if fact.is != Kind::Conflict {
                self.heads.extend(names.iter().filter_map(|name| word_of(name)));
            }
            for name in names {
                for name in self.in_languages(&languages, name) {
                    self.index(&name, id);
                }
            }
            // What the linker makes values of is written as the linker writes it.
            if let [language] = languages.as_slice() {
                fact.becomes = fact.becomes.map(|path| self.canonical(*language, &path));
                fact.receives = fact.receives.iter().map(|path| self.canonical(*language, path)).collect();
            }
            self.by_kind.entry(fact.is).or_default().push(id);
            self.facts.push(CheckedFact { library: self.libraries.len(), fact });
        }
        self.libraries.push(library);
    }

    /// Files a name under its head, where it has one.
    fn index(&mut self, name: &str, id: FactId) {
        match segments(name).next() {
            Some(head) if head.contains('*') => self.headless.names.push((name.to_owned(), id)),
            Some(head) => self.by_head.entry(head.to_owned()).or_default().names.push((name.to_owned(), id)),
            None => {}
        }
    }

    /// A name as the linker writes it in the languages of a library.
    fn in_languages(&self, languages: &[Language], name: &str) -> Vec<String> {
        let every = [Language::Python, Language::TypeScript, Language::Rust];
        let languages = if languages.is_empty() { &every } else { languages };
        let mut names: Vec<String> = languages.iter().map(|language| self.canonical(*language, name)).collect();
        names.dedup();
        names
    }

    /// A name of a library as it is imported in a language: with the language where others have the same head.
    pub fn canonical(&self, language: Language, path: &str) -> String {
        let head = head_of(path);
        let rest = path.get(head.len()..).unwrap_or("");
        if self.shared.contains(head) { format!("{head}:{}{rest}", tag(language)) } else { path.to_owned() }
    }

    pub fn fact(&self, id: FactId) -> &Fact {
        &self.facts[id].fact
    }

    pub fn library_of(&self, id: FactId) -> &Library {
        &self.libraries[self.facts[id].library]
    }

    /// All facts of a kind, in catalogue order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (FactId, &Fact)> {
        self.by_kind.get(&kind).into_iter().flatten().map(|id| (*id, self.fact(*id)))
    }

    /// The provider at an address.
    pub fn endpoint(&self, address: &str) -> Option<FactId> {
        self.endpoints.get_or_init(|| Hosts::of(self.of_kind(Kind::Endpoint))).find(address)
    }

    /// The channel to people at an address.
    pub fn channel(&self, address: &str) -> Option<FactId> {
        self.channels.get_or_init(|| Hosts::of(self.of_kind(Kind::Notify))).find(address)
    }

    /// The facts that hold for a canonical name, in catalogue order.
    pub fn lookup(&self, name: &str) -> Vec<FactId> {
        let parts: Vec<&str> = segments(name).collect();
        let Some(head) = parts.first() else { return Vec::new() };
        let mut found: Vec<FactId> = Vec::new();
        for names in self.by_head.get(*head).into_iter().chain([&self.headless]) {
            names.patterns().find(&parts, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The facts about a name, and about what is reached from it, in no order and some more than once.
    pub fn about<'c>(&'c self, start: &str) -> impl Iterator<Item = &'c Fact> + use<'c> {
        let parts: Vec<&str> = segments(start).collect();
        let names = parts.first().and_then(|head| self.by_head.get(*head));
        let below = names.map(|names| names.patterns().below(&parts));
        below.into_iter().flatten().map(|id| self.fact(id))
    }

    /// Tells projects which libraries the settings files in their folders speak of: the innermost around each.
    pub fn note_settings<'p>(&self, projects: &mut [Project], paths: impl Iterator<Item = &'p str>) {
        for path in paths {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let speaks = |library: &&Library| library.settings.iter().any(|known| known == name);
            for library in self.libraries.iter().filter(speaks) {
                let holds = |project: &&Project| is_within(folder, &project.folder);
                let innermost = projects.iter().filter(holds).map(|project| project.folder.len()).max();
                let around = projects
                    .iter_mut()
                    .filter(|project| Some(project.folder.len()) == innermost && is_within(folder, &project.folder));
                for project in around.filter(|project| !project.settings.contains(&library.name)) {
                    project.settings.push(library.name.clone());
                }
            }
        }
    }

    /// Gives projects the import paths that the frameworks they depend on bring along.
    pub fn add_aliases(&self, projects: &mut [Project]) {
        for project in projects.iter_mut().filter(|project| project.kind == ProjectKind::Python) {
            project.imported = self.imported_by(project);
        }
        for project in projects.iter_mut().filter(|project| project.kind == ProjectKind::Node) {
            let depends = |library: &&Library| {
                let names = |name: &String| project.dependencies.iter().any(|dependency| dependency.name == *name);
                library.packages.npm.iter().any(names)
            };
            let brought = self.libraries.iter().filter(|library| !library.aliases.is_empty()).filter(depends);
            let mut added = Vec::new();
            for (pattern, targets) in brought.flat_map(|library| &library.aliases) {
                if project.aliases.iter().all(|known| known.pattern != *pattern) {
                    let targets =
                        targets.iter().map(|target| match target.starts_with(PACKAGE) || target.starts_with(TREE) {
                            true => target.clone(),
                            false => join(&project.folder, target),
                        });
                    let targets = targets.collect();
                    added.push(Alias { pattern: pattern.clone(), targets });
                }
            }
            project.aliases.extend(added);
        }
        // What belongs to the language itself holds everywhere.
        let is_everywhere = |library: &&Library| library.language.is_some() && !library.aliases.is_empty();
        if let Some(first) = projects.first_mut() {
            for (pattern, targets) in self.libraries.iter().filter(is_everywhere).flat_map(|library| &library.aliases) {
                first.aliases.push(Alias { pattern: pattern.clone(), targets: targets.clone() });
            }
        }
    }

    /// The names under which the Python packages that a project depends on are imported: `parrot` of `parrot-sdk`.
    fn imported_by(&self, project: &Project) -> Vec<String> {
        let depends = |name: &String| project.dependencies.iter().any(|each| each.name.eq_ignore_ascii_case(name));
        let is_used: Vec<bool> =
            self.libraries.iter().map(|library| library.packages.pypi.iter().any(depends)).collect();
        let facts = self.facts.iter().filter(|fact| is_used[fact.library]);
        let names = facts.flat_map(|fact| &fact.fact.names);
        let mut imported: Vec<String> = names.filter_map(|name| name.split('.').next()).map(str::to_owned).collect();
        imported.retain(|name| name.chars().all(|each| each.is_alphanumeric() || each == '_'));
        imported.sort_unstable();
        imported.dedup();
        imported
    }

    /// Looks for the words whose presence makes a file worth reading; built when it is first asked for.
    ///
    /// # Errors
    /// Words beyond what the search can hold.
    pub fn word_search(&self) -> Result<AhoCorasick, BuildError> {
        self.word_search.get_or_init(|| AhoCorasick::new(self.words())).clone()
    }

    /// The words whose presence makes a file worth reading: package names and what the libraries add.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for library in &self.libraries {
            words.extend(library.words.iter().cloned());
            words.extend(library.packages.npm.iter().cloned());
            words.extend(library.packages.crates.iter().map(|name| name.replace('-', "_")));
        }
        words.extend(self.heads.iter().cloned());
        words.retain(|word| word.len() > 2 && !word.contains('*'));
        words.sort_unstable();
        words.dedup();
        words
    }

    /// All examples with the path of their library.
    pub fn examples(&self) -> impl Iterator<Item = (&Library, &Example)> {
        self.libraries.iter().flat_map(|library| library.examples.iter().map(move |example| (library, example)))
    }
}

/// Whether a project depends on a library, or its settings speak of it.
pub fn uses(project: &Project, library: &Library) -> bool {
    let mut names = packages_of(library);
    is_everywhere(library)
        || project.settings.contains(&library.name)
        || names.any(|name| project.dependencies.iter().any(|dependency| dependency.name == *name))
}

/// Whether a library is there in every project: it comes with no package, and no settings speak of it.
pub fn is_everywhere(library: &Library) -> bool {
    library.settings.is_empty() && packages_of(library).next().is_none()
}

fn packages_of(library: &Library) -> impl Iterator<Item = &String> {
    let packages = &library.packages;
    packages.npm.iter().chain(&packages.pypi).chain(&packages.crates)
}

/// Whether a folder is another one or lies in it.
fn is_within(folder: &str, outer: &str) -> bool {
    outer.is_empty() || folder.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn tag(language: Language) -> &'static str {
    match language {
        Language::Python => "python",
        Language::TypeScript => "typescript",
        Language::Rust => "rust",
    }
}

/// The module or package at the head of a canonical name, without calls.
fn head_of(path: &str) -> &str {
    path.split(['.', '(', '[']).next().unwrap_or(path)
}

/// A canonical name without the language behind its head, as people know it.
pub fn plain(path: &str) -> String {
    let head = head_of(path);
    match head.split_once(':') {
        Some((name, "python" | "typescript" | "rust")) => format!("{name}{}", path.get(head.len()..).unwrap_or("")),
        _ => path.to_owned(),
    }
}

/// The heads that libraries of more than one language have.
fn shared_heads(libraries: &[Headed]) -> BTreeSet<String> {
    let mut languages: BTreeMap<&str, BTreeSet<Language>> = BTreeMap::new();
    for Headed { library, names } in libraries {
        let known = library.languages();
        // What functions have by themselves is written without a language.
        for name in names.iter().flatten().filter(|name| head_of(name) != "function") {
            languages.entry(head_of(name)).or_default().extend(known.iter().copied());
        }
    }
    languages.into_iter().filter(|(_, languages)| languages.len() > 1).map(|(head, _)| head.to_owned()).collect()
}

/// The facts that a configuration states, as those of a library.
fn own_library(facts: &[Fact]) -> Library {
    let names = facts.iter().flat_map(|fact| &fact.names).flat_map(|name| expand(name));
    // Whoever uses it names one of its parts.
    let words = names.flat_map(|name| {
        let parts: Vec<String> = segments(&name).skip(1).map(|part| part.trim_end_matches("()").to_owned()).collect();
        parts
    });
    Library {
        name: "own".to_owned(),
        url: String::new(),
        packages: Default::default(),
        settings: Vec::new(),
        language: None,
        words: words.filter(|word| word.len() > 1 && !word.contains('*')).collect(),
        aliases: BTreeMap::new(),
        sets: BTreeMap::new(),
        facts: facts.to_vec(),
        examples: Vec::new(),
    }
}

/// The word of a file by which a name can be found; none where it is in every file.
fn word_of(name: &str) -> Option<String> {
    let head = segments(name).next()?.trim_end_matches("()");
    (!matches!(head, "builtins" | "function" | "globals" | "std")).then(|| head.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_loads() {
        let catalogue = Catalogue::load(None, &[]);
        assert!(catalogue.is_ok(), "{:?}", catalogue.err());
    }

    #[test]
    fn shared_heads_tell_the_language() {
        let file = |name: &str, registry: &str, default: u32| {
            let text = format!(
                "name = '{name}'\nurl = ''\npackages.{registry} = ['{name}']\n[[fact]]\nis = 'client'\nnames = ['{name}.Client']\n\
                 timeout = {{ default = {default} }}\n[[example]]\npython = ''\nexpect = []\n"
            );
            (format!("{name}-{registry}.toml"), text)
        };
        let catalogue =
            Catalogue::of(&[file("two", "pypi", 1), file("two", "npm", 2), file("one", "pypi", 3)]).unwrap_or_default();
        let of = |language| catalogue.lookup(&catalogue.canonical(language, "two.Client"));
        assert_eq!((of(Language::Python), of(Language::TypeScript)), (vec![0], vec![1]));
        assert_eq!(catalogue.canonical(Language::Rust, "one.Client"), "one.Client");
        assert_eq!(plain("two:python.Client()"), "two.Client()");
        assert_eq!(plain("node:http.get"), "node:http.get");
    }
}
