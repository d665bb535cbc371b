//! The catalogue as checked: patterns over canonical names, indexed, with everything that cannot work refused.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::catalogue::{Example, Fact, Kind, Library};

/// What is wrong with a pack or catalogue file.
#[derive(Debug, Error, Diagnostic)]
pub enum CatalogueError {
    #[error("{path}: {problem}")]
    #[diagnostic(help("the kinds of fact and their keys are described in rules/README.md"))]
    Syntax {
        path: String,
        problem: String,
        #[source_code]
        text: NamedSource<String>,
        #[label("here")]
        at: Option<SourceSpan>,
    },
    #[error("{path}: {problem}")]
    #[diagnostic(help("{help}"))]
    Meaning { path: String, problem: String, help: String },
    #[error("cannot read rules from {path}: {why}")]
    #[diagnostic(help("--rules takes a folder with *.toml files"))]
    Unreadable { path: String, why: String },
}

/// Index of a fact in the catalogue.
pub type FactId = usize;

/// A fact with the library it belongs to.
#[derive(Clone, Debug)]
pub struct CheckedFact {
    pub library: usize,
    pub fact: Fact,
}

/// One segment of a pattern over canonical names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    /// One segment, whatever it is.
    Any,
    /// One segment that is a call, whatever is called.
    AnyCall,
    /// Any way to go on, also none.
    Rest,
}

/// Everything that is known about names.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub libraries: Vec<Library>,
    pub facts: Vec<CheckedFact>,
    by_head: HashMap<String, Vec<(Vec<Segment>, FactId)>>,
    headless: Vec<(Vec<Segment>, FactId)>,
    by_kind: BTreeMap<Kind, Vec<FactId>>,
}

impl Catalogue {
    /// The embedded catalogue, merged with the `catalogue/*.toml` (or `*.toml` that name a library) of `extra`.
    pub fn load(extra: Option<&Path>) -> Result<Catalogue, CatalogueError> {
        let mut files: Vec<(String, String)> = super::EMBEDDED
            .iter()
            .filter(|(path, _)| path.starts_with("rules/catalogue/"))
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        if let Some(folder) = extra {
            files.extend(read_folder(folder)?);
        }
        Catalogue::of(&files)
    }

    /// A catalogue of the given (path, text) files.
    pub fn of(files: &[(String, String)]) -> Result<Catalogue, CatalogueError> {
        let mut catalogue = Catalogue::default();
        for (path, text) in files {
            let library: Library = toml::from_str(text).map_err(|error| CatalogueError::Syntax {
                path: path.clone(),
                problem: error.message().to_owned(),
                text: NamedSource::new(path, text.clone()),
                at: error.span().map(SourceSpan::from),
            })?;
            catalogue.add(path, library)?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, path: &str, library: Library) -> Result<(), CatalogueError> {
        let index = self.libraries.len();
        for fact in &library.facts {
            check(path, fact)?;
            let id = self.facts.len();
            for name in fact.names.iter().flat_map(|name| expand(name)) {
                let pattern: Vec<Segment> = segments(&name).map(segment).collect();
                match pattern.first() {
                    Some(Segment::Text(head)) => {
                        self.by_head.entry(head.clone()).or_default().push((pattern, id));
                    }
                    Some(_) => self.headless.push((pattern, id)),
                    None => {}
                }
            }
            self.by_kind.entry(fact.is).or_default().push(id);
            self.facts.push(CheckedFact { library: index, fact: fact.clone() });
        }
        self.libraries.push(library);
        Ok(())
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

    /// The facts that hold for a canonical name, in catalogue order.
    pub fn lookup(&self, name: &str) -> Vec<FactId> {
        let parts: Vec<&str> = segments(name).collect();
        let Some(head) = parts.first() else { return Vec::new() };
        let mut found: Vec<FactId> = self
            .by_head
            .get(*head)
            .into_iter()
            .flatten()
            .chain(&self.headless)
            .filter(|(pattern, _)| matches(pattern, &parts))
            .map(|(_, id)| *id)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The words whose presence makes a file worth reading: package names and what the libraries add.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for library in &self.libraries {
            words.extend(library.words.iter().cloned());
            words.extend(library.packages.npm.iter().cloned());
            words.extend(library.packages.crates.iter().map(|name| name.replace('-', "_")));
        }
        // Codes of errors are words of any file.
        for fact in self.facts.iter().filter(|fact| fact.fact.is != Kind::Conflict) {
            for name in fact.fact.names.iter().flat_map(|name| expand(name)) {
                let head = segments(&name).next().unwrap_or("").trim_end_matches("()").to_owned();
                if matches!(head.as_str(), "builtins" | "globals" | "std") {
                    continue;
                }
                words.push(head);
            }
        }
        words.retain(|word| word.len() > 2 && !word.contains('*'));
        words.sort();
        words.dedup();
        words
    }

    /// All examples with the path of their library.
    pub fn examples(&self) -> impl Iterator<Item = (&Library, &Example)> {
        self.libraries.iter().flat_map(|library| library.examples.iter().map(move |example| (library, example)))
    }
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, CatalogueError> {
    let unreadable =
        |why: std::io::Error| CatalogueError::Unreadable { path: folder.display().to_string(), why: why.to_string() };
    let mut files = Vec::new();
    for inner in [folder.to_owned(), folder.join("catalogue")] {
        if inner != folder && !inner.is_dir() {
            continue;
        }
        let mut paths: Vec<_> = std::fs::read_dir(&inner)
            .map_err(unreadable)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            // Packs of the same folder start with a digit; everything else names a library.
            let is_pack =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()));
            if !is_pack {
                files.push((path.display().to_string(), text));
            }
        }
    }
    Ok(files)
}

/// The segments of a canonical name: split at dots, but not inside brackets.
fn segments(name: &str) -> impl Iterator<Item = &str> {
    name.split('.').filter(|segment| !segment.is_empty())
}

fn segment(text: &str) -> Segment {
    match text {
        "*" => Segment::Any,
        "*()" => Segment::AnyCall,
        "**" => Segment::Rest,
        text => Segment::Text(text.to_owned()),
    }
}

fn matches(pattern: &[Segment], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((Segment::Rest, tail)), _) => {
            tail.is_empty() || (0..=parts.len()).any(|skip| matches(tail, parts.get(skip..).unwrap_or(&[])))
        }
        (Some((first, pattern)), Some((part, parts))) => {
            let fits = match first {
                Segment::Text(text) => text == part,
                Segment::Any => true,
                Segment::AnyCall => part.ends_with("()"),
                Segment::Rest => false,
            };
            fits && matches(pattern, parts)
        }
        _ => false,
    }
}

/// `a.{b,c}.d` → `a.b.d`, `a.c.d`; braces may hold dots and may nest.
pub fn expand(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0usize;
    let mut starts = vec![open + 1];
    let mut close = None;
    for (at, character) in pattern.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    close = Some(at);
                    break;
                }
            }
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
    }
    let Some(close) = close else { return vec![pattern.to_owned()] };
    let (before, after) = (pattern.get(..open).unwrap_or(""), pattern.get(close + 1..).unwrap_or(""));
    let mut all = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(close, |next| next - 1);
        let middle = pattern.get(*start..end).unwrap_or("");
        all.extend(expand(&format!("{before}{middle}{after}")));
    }
    all
}

/// Refuses what can never work.
fn check(path: &str, fact: &Fact) -> Result<(), CatalogueError> {
    let wrong = |problem: String, help: &str| {
        Err(CatalogueError::Meaning { path: path.to_owned(), problem, help: help.to_owned() })
    };
    let label = fact.names.first().or(fact.files.first()).cloned().unwrap_or_else(|| format!("{:?}", fact.is));
    let nameless = matches!(fact.is, Kind::Convention | Kind::Platform | Kind::Endpoint | Kind::Notify);
    if fact.names.is_empty() && !nameless {
        return wrong(format!("a fact of kind {:?} has no names", fact.is), "add names = [\"module.function\"]");
    }
    if nameless && fact.names.is_empty() && fact.files.is_empty() && fact.hosts.is_empty() {
        return wrong(
            format!("{label}: neither files nor hosts are given"),
            "add files = [\"glob\"] or hosts = [\"regex\"]",
        );
    }
    match fact.is {
        Kind::Call | Kind::Endpoint if fact.calls.is_none() => {
            return wrong(format!("{label}: calls is missing"), "add calls = \"llm\", \"paid\" or \"external\"");
        }
        Kind::Guard if fact.protects.is_none() || fact.how.is_none() => {
            return wrong(
                format!("{label}: a guard needs protects and how"),
                "add protects = \"C1\" and how = \"decorator\"",
            );
        }
        Kind::Compose if fact.becomes.is_none() => {
            return wrong(format!("{label}: compose needs as"), "add as = \"library.thing()\"");
        }
        Kind::Store if fact.does.is_none() => {
            return wrong(format!("{label}: a store fact needs does"), "add does = \"get\"");
        }
        _ => {}
    }
    if let Some(protects) = &fact.protects {
        let known = ["V1", "V2", "A1", "A2", "A3", "C1", "C2", "C3", "T1-input", "T1-output", "T2", "E1"];
        if !known.contains(&protects.as_str()) {
            return wrong(
                format!("{label}: protects = {protects:?} is no item"),
                "one of V1 V2 E1 A1 A2 A3 C1 C2 C3 T1-input T2",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_wildcards() {
        assert_eq!(expand("a.{b,c.{d,e}}()"), ["a.b()", "a.c.d()", "a.c.e()"]);
        let pattern: Vec<Segment> = segments("x.*().**").map(segment).collect();
        let fits = |name: &str| matches(&pattern, &segments(name).collect::<Vec<_>>());
        assert!(fits("x.y().z.w") && fits("x.y()") && !fits("x.y.z"));
    }

    #[test]
    fn the_catalogue_loads() {
        let catalogue = Catalogue::load(None);
        assert!(catalogue.is_ok(), "{:?}", catalogue.err());
    }
}
