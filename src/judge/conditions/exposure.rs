//! E2: API keys stay out of the code, out of git, and out of the browser.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::{Class, IgnoreRules, Kind as FileKind, Tree};
use crate::link::arguments::Given;
use crate::link::names::folder_of;
use crate::link::units::{ModuleId, NodeKind};
use crate::link::{FrameId, Program, Site};
use crate::model::join;
use crate::model::{Expression, ExpressionKind, Language, Lines, Literal, Span, StatementKind};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::packs::{Because, Packs, fill};
use crate::rules::secrets::Shapes;
use crate::source::order::InOrder;

use super::super::case::{Outcome, fingerprint};
use super::super::secrets::{
    EnvFileFacts, EnvironmentFile, Hit, Load, Rule, env_file_not_ignored, environment_files, is_environment_file,
    is_template, names_secrets, scan,
};
use super::super::verdict::{Confidence, Evidence, Excerpt, Finding, Item, Location, Text, Verdict};

/// What was found in the text of one file, in a form that needs the text no more.
#[derive(Clone, Debug, Default)]
pub struct FileHits {
    pub hits: Vec<Hit>,
    /// Where the hits stand, in the order of `hits`.
    lines: Lines,
    /// Environment files that a reader is told to make, for documentation.
    documented: Vec<String>,
    names_secrets: bool,
    /// The values of the hits: to know them again in git's history, and to keep them out of reports.
    values: Vec<Value>,
}

/// A credential as it is written, and what may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    pub written: String,
    pub redacted: String,
}

impl FileHits {
    /// The credentials of the file.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// A credential that an earlier commit held and the tree holds no more.
#[derive(Clone, Debug)]
pub struct PastHit {
    pub hit: Hit,
    /// The first commit that held it, in base 16.
    pub commit: String,
    /// In the text of that commit.
    pub location: Location,
    pub excerpt: Option<Excerpt>,
    pub value: Value,
}

/// Looks at the text of one file.
pub fn scan_file(path: &str, text: &str, class: Class, shapes: &Shapes) -> FileHits {
    let hits = scan(path, text, class, shapes);
    let is_environment = is_environment_file(path, &shapes.lists);
    let name = path.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
    let documented = match name.starts_with("readme") {
        true => documented(text),
        // A template says in its comments what it is to be copied to.
        false if is_template(path, &shapes.lists) => documented(&comments(text)),
        false => Vec::new(),
    };
    let lines = if hits.is_empty() { Lines::default() } else { Lines::of(text) };
    let values = hits.iter().filter(|hit| !hit.redacted.is_empty()).map(|hit| value_of(text, hit)).collect();
    FileHits { hits, lines, documented, names_secrets: is_environment && names_secrets(text, &shapes.lists), values }
}

/// Looks at a text of an earlier commit.
pub fn scan_past(path: &str, commit: &str, text: &str, class: Class, shapes: &Shapes) -> Vec<PastHit> {
    let mut hits = scan(path, text, class, shapes);
    let lines = if hits.is_empty() { Lines::default() } else { Lines::of(text) };
    hits.retain(|hit| !hit.redacted.is_empty());
    let past = |hit: Hit| PastHit {
        commit: commit.to_owned(),
        location: location(path, &lines, hit.span),
        excerpt: None,
        value: value_of(text, &hit),
        hit,
    };
    hits.into_iter().map(past).collect()
}

fn value_of(text: &str, hit: &Hit) -> Value {
    let written = text.get(hit.span.start as usize..hit.span.end as usize).unwrap_or_default();
    Value { written: written.to_owned(), redacted: hit.redacted.clone() }
}

/// Of what earlier commits held, each value once and only what the tree holds no more.
pub fn gone(past: Vec<PastHit>, present: &[FileHits]) -> Vec<PastHit> {
    let mut known: BTreeSet<String> =
        present.iter().flat_map(|file| file.values.iter().map(|value| value.written.clone())).collect();
    past.into_iter().filter(|past| known.insert(past.value.written.clone())).collect()
}

/// Environment files that a text names and that are no templates.
fn documented(text: &str) -> Vec<String> {
    let text = &by_hand(&without_patterns(text));
    let mut names: Vec<String> = text
        .split(|character: char| !(character.is_ascii_alphanumeric() || "._-/".contains(character)))
        .filter_map(|word| {
            let word = word.trim_end_matches(['.', '/', '-']).trim_start_matches("./");
            let tail = word.rsplit('/').next()?.strip_prefix(".env")?;
            let is_template =
                ["example", "sample", "template", "dist", "defaults", "test"].iter().any(|word| tail.contains(word));
            (!is_template && (tail.is_empty() || tail.starts_with('.'))).then(|| word.to_owned())
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    // Where another file is what the reader makes, a mention of `.env` is none.
    if names.len() > 1 && !is_made(text) {
        names.retain(|name| name != ".env");
    }
    names
}

/// A text without its blocks of patterns, as files that tell what to ignore hold them: what such a list names need not be there.
fn without_patterns(text: &str) -> String {
    let is_fence = |line: &str| line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
    let mut kept: Vec<&str> = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in text.lines() {
        match &mut block {
            None if is_fence(line) => block = Some(Vec::new()),
            None => kept.push(line),
            Some(lines) if !is_fence(line) => lines.push(line),
            Some(lines) => {
                kept.extend(Some(&*lines).filter(|lines| !are_patterns(lines)).into_iter().flatten());
                block = None;
            }
        }
    }
    kept.extend(block.into_iter().flatten());
    kept.join("\n")
}

/// Whether lines are patterns of files, one a line: `*.log`, `dist/`, `.env`.
fn are_patterns(lines: &[&str]) -> bool {
    let written = || lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_word = |line: &str| !line.contains(char::is_whitespace) && !line.contains('=');
    written().count() > 1 && written().all(is_word) && written().any(|line| line.contains('*') || line.ends_with('/'))
}

/// A text without the steps of a deployment that write a file from variables: `echo "KEY=$KEY" >> .env`. They run where
/// nothing is committed.
fn by_hand(text: &str) -> String {
    let is_step = |line: &&str| line.split_once('>').is_some_and(|(what, _)| what.contains("=$"));
    text.lines().filter(|line| !is_step(line)).collect::<Vec<_>>().join("\n")
}

/// The lines of an environment file that only speak to its readers.
fn comments(text: &str) -> String {
    text.lines().filter_map(|line| line.trim_start().strip_prefix('#')).collect::<Vec<_>>().join("\n")
}

/// Whether a text tells to make or fill a file `.env`: `cp .env.example .env`, "copy it to `.env`", "a `.env` file".
fn is_made(text: &str) -> bool {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches(['`', '"', '\'', '(', ')', ',', ':'])).collect();
    let makes = |before: &str| {
        matches!(
            before.to_ascii_lowercase().as_str(),
            "to" | "a"
                | "an"
                | "the"
                | "your"
                | "my"
                | "as"
                | "in"
                | "into"
                | "named"
                | "called"
                | "create"
                | "touch"
                | "edit"
                | "file"
        ) || before.contains(".env")
            || before.contains("env.")
            || before.ends_with('>')
    };
    words.windows(2).any(|pair| match pair {
        [before, word] => word.trim_end_matches('.') == ".env" && makes(before),
        _ => false,
    })
}

/// `hardcoded-secret`, `committed-env-file`, `env-file-not-ignored`, `client-exposed-secret`.
pub fn exposure(
    tree: &Tree,
    found: &[FileHits],
    past: &[PastHit],
    program: &Program<'_>,
    packs: &Packs,
    shapes: &Shapes,
    ignore: &IgnoreRules,
) -> Outcome {
    let mut findings: Vec<Finding> = Vec::new();
    let mut environment: Vec<EnvironmentFile<'_>> = Vec::new();
    for (file, found) in tree.files.iter().zip(found) {
        if is_environment_file(&file.path, &shapes.lists) {
            environment.push(EnvironmentFile {
                path: &file.path,
                tracked: file.tracked,
                ignored: file.ignored,
                hits: &found.hits,
            });
        }
        for hit in found.hits.iter().filter(|hit| matches!(hit.rule, Rule::HardcodedSecret | Rule::ClientExposedSecret))
        {
            findings.push(finding(packs, shapes, location(&file.path, &found.lines, hit.span), hit));
        }
    }
    let by_path: BTreeMap<&str, &FileHits> = tree.files.iter().map(|file| file.path.as_str()).zip(found).collect();
    for each in environment_files(&environment) {
        let lines = by_path.get(each.path.as_str()).map(|found| &found.lines);
        let place = lines.map_or_else(Location::default, |lines| location(&each.path, lines, each.hit.span));
        findings.push(finding(packs, shapes, place, &each.hit));
    }
    let documented = Documented::of(tree, found);
    let mut loads = loads(tree, program, &documented);
    loads.extend(loads_by_dependency(tree, program, &documented, shapes, ignore));
    let facts = EnvFileFacts {
        loads,
        documented: documented.files,
        tracked: tree
            .files
            .iter()
            .zip(found)
            .filter(|(file, _)| file.tracked && tree.in_git && is_environment_file(&file.path, &shapes.lists))
            .map(|(file, found)| (file.path.clone(), found.names_secrets))
            .collect(),
        ignore_files: tree
            .files
            .iter()
            .filter(|file| file.path.rsplit('/').next() == Some(".gitignore"))
            .map(|file| file.path.clone())
            .collect(),
    };
    if let Some(missing) = env_file_not_ignored(&facts, &shapes.lists, |path| ignore.would_ignore(path)) {
        let place = Location {
            path: missing.path.clone(),
            line: missing.line,
            column: 1,
            end_line: missing.line,
            end_column: 1,
        };
        let values = [("file", missing.file.clone())];
        let mut finding = bare(packs, "env-file-not-ignored", place);
        finding.message = packs.message("env-file-not-ignored", missing.variant, &values);
        finding.fingerprint = fingerprint(&["env-file-not-ignored", &missing.file]);
        finding.signature = finding.fingerprint.clone();
        finding.related.extend(missing.load.as_ref().and_then(loaded_at));
        findings.push(finding);
    }
    findings.extend(past.iter().map(|past| past_finding(packs, shapes, past)));
    findings.order_by(|a, b| (&a.location, &a.rule, &a.fingerprint).cmp(&(&b.location, &b.rule, &b.fingerprint)));
    findings.dedup_by(|a, b| a.location == b.location && a.rule == b.rule && a.message == b.message);
    let gaps = findings.iter().filter(|finding| finding.confidence != Confidence::Note).count();
    let (verdict, because) =
        if gaps > 0 { (Verdict::Fail, Because::Fail(gaps)) } else { (Verdict::Pass, Because::Pass) };
    Outcome { item: Item::E2, verdict, because, findings, evidence: Vec::new() }
}

fn location(path: &str, lines: &Lines, span: Span) -> Location {
    let (start, end) = (lines.position(span.start), lines.position(span.end));
    Location {
        path: path.to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn bare(packs: &Packs, rule: &str, location: Location) -> Finding {
    Finding {
        rule: rule.to_owned(),
        item: Item::E2,
        confidence: Confidence::Certain,
        message: Default::default(),
        help: packs.help(rule, None),
        location,
        related: Vec::new(),
        fingerprint: String::new(),
        signature: String::new(),
        suppressed: None,
        standing: None,
        moved_from: None,
        excerpt: None,
    }
}

fn finding(packs: &Packs, shapes: &Shapes, location: Location, hit: &Hit) -> Finding {
    let path = location.path.clone();
    let mut finding = bare(packs, hit.rule.id(), location);
    finding.message = packs.message(hit.rule.id(), &hit.variant, &values(hit, &path, ""));
    finding.help = help(packs, shapes, hit.rule.id(), hit);
    finding.confidence = if hit.certain { Confidence::Certain } else { Confidence::Likely };
    let shape = hit.shape.as_deref().unwrap_or("");
    finding.fingerprint = fingerprint(&[hit.rule.id(), &path, &hit.name, &hit.redacted, shape]);
    finding.signature = fingerprint(&[hit.rule.id(), &hit.name, &hit.redacted, shape]);
    finding
}

/// A credential that only git's history holds: the tree is clean, and whoever clones it has the value.
fn past_finding(packs: &Packs, shapes: &Shapes, past: &PastHit) -> Finding {
    let rule = Rule::HardcodedSecret.id();
    let hit = &past.hit;
    let commit: String = past.commit.chars().take(SHOWN_COMMIT).collect();
    let mut finding = bare(packs, rule, past.location.clone());
    let variant = if hit.variant == "generic" { "past-generic" } else { "past-shape" };
    let variant = if hit.provider.is_empty() { "past-generic" } else { variant };
    finding.message = packs.message(rule, variant, &values(hit, &past.location.path, &commit));
    finding.help = help(packs, shapes, rule, hit);
    finding.confidence = if hit.certain { Confidence::Certain } else { Confidence::Likely };
    finding.fingerprint = fingerprint(&[rule, &past.commit, &past.location.path, &hit.name, &hit.redacted]);
    finding.excerpt = past.excerpt.clone();
    finding
}

/// Characters of a commit's name that are shown.
const SHOWN_COMMIT: usize = 12;

/// What messages say about a hit.
fn values(hit: &Hit, file: &str, commit: &str) -> [(&'static str, String); 5] {
    [
        ("provider", hit.provider.clone()),
        ("redacted", hit.redacted.clone()),
        ("name", hit.name.clone()),
        ("file", file.to_owned()),
        ("commit", commit.to_owned()),
    ]
}

/// What to do: where its provider revokes it and where it belongs, as far as the provider is known.
fn help(packs: &Packs, shapes: &Shapes, rule: &str, hit: &Hit) -> Text {
    let general = packs.help(rule, None);
    let known = hit.shape.as_deref().and_then(|id| shapes.by_id(id)).filter(|shape| !shape.revoke.is_empty());
    let Some(shape) = known else { return general };
    let advice = |words: &str, opens: &str, general: &str| {
        let values = [("opens", opens), ("revoke", shape.revoke.as_str()), ("variable", shape.variable.as_str())];
        let code = general.split_once("\n\n").map_or(String::new(), |(_, code)| format!("\n\n{code}"));
        fill(words, &values) + &code
    };
    Text {
        en: advice(&shapes.advice.en, &shape.opens.en, &general.en),
        ko: advice(&shapes.advice.ko, &shape.opens.ko, &general.ko),
    }
}

/// The place that loads an environment file, for a finding that stands elsewhere.
fn loaded_at(load: &Load) -> Option<Evidence> {
    let (path, line) = (load.path.clone(), load.line);
    let location = Location { path, line, column: 1, end_line: line, end_column: 1 };
    let message = Text { en: "the file is loaded here".into(), ko: "이 파일을 읽는 곳입니다".into() };
    (line > 0).then_some(Evidence { location, message })
}

/// The environment files that readers are told to make, in folders that there are.
struct Documented {
    files: Vec<String>,
    /// Whether the README at the root tells of some: then these are all that the applications use.
    at_root: bool,
}

impl Documented {
    /// As the README at the root says, and those of the applications below it say for themselves.
    fn of(tree: &Tree, found: &[FileHits]) -> Documented {
        let told: Vec<(&str, &str)> = tree
            .files
            .iter()
            .zip(found)
            .filter(|(file, _)| is_beside_application(tree, folder_of(&file.path)))
            .flat_map(|(file, found)| found.documented.iter().map(|name| (folder_of(&file.path), name.as_str())))
            .collect();
        // A path may be written from the README's folder or from the root.
        let is_there = |file: &String| folder_of(file).is_empty() || !tree.below(folder_of(file)).is_empty();
        let place = |(folder, name): &(&str, &str)| {
            let own = join(folder, name);
            if is_there(&own) { Some(own) } else { Some((*name).to_owned()).filter(|name| is_there(name)) }
        };
        let mut files: Vec<String> = told.iter().filter_map(place).collect();
        files.sort_unstable();
        files.dedup();
        let at_root = told.iter().any(|each| each.0.is_empty() && place(each).is_some());
        Documented { files, at_root }
    }

    /// Whether the words of an application tell which environment file it uses.
    fn tells_for(&self, folder: &str) -> bool {
        self.at_root || self.files.iter().any(|file| folder_of(file) == folder)
    }
}

/// Whether a folder is the root, or holds an application that ships.
fn is_beside_application(tree: &Tree, folder: &str) -> bool {
    folder.is_empty()
        || tree.projects.iter().any(|project| project.folder == folder)
            && tree
                .below(folder)
                .iter()
                .any(|file| file.class == Class::Ships && matches!(file.kind, FileKind::Code(_)))
}

/// The imports that load an environment file by themselves, and whether a framework does it.
fn loads_on_import(program: &Program<'_>, mut found: impl FnMut(ModuleId, Span, bool)) {
    for node in &program.units.nodes {
        let NodeKind::Plain(statement) = node.kind else { continue };
        let StatementKind::Import(import) = &statement.kind else { continue };
        let module = program.module_of(node.unit);
        let name = program.catalogue.canonical(program.modules[module].language, &import.source);
        for (_, fact) in program.facts_of(&name, Kind::LoadsEnvironmentFile) {
            if fact.role.as_deref() == Some(DEPENDENCY) {
                continue;
            }
            found(module, statement.span, fact.role.as_deref() == Some("framework"));
        }
    }
}

/// The environment files that frameworks of the projects load by themselves. Of `.env` and `.env.local` one is enough
/// that git would not add: which of them is used nothing tells.
fn loads_by_dependency(
    tree: &Tree,
    program: &Program<'_>,
    documented: &Documented,
    shapes: &Shapes,
    ignore: &IgnoreRules,
) -> Vec<Load> {
    let facts = program.catalogue.of_kind(Kind::LoadsEnvironmentFile).map(|(_, fact)| fact);
    let frameworks: Vec<&Fact> = facts.filter(|fact| fact.role.as_deref() == Some(DEPENDENCY)).collect();
    let mut all = Vec::new();
    for project in tree.projects.iter().filter(|project| !documented.tells_for(&project.folder)) {
        let loads = project
            .dependencies
            .iter()
            .any(|dependency| frameworks.iter().any(|fact| fact.names.contains(&dependency.name)));
        // A template says that there are values to fill in.
        let has_template = || {
            tree.files
                .iter()
                .any(|file| folder_of(&file.path) == project.folder && is_template(&file.path, &shapes.lists))
        };
        let (file, own) = (join(&project.folder, ".env"), join(&project.folder, ".env.local"));
        if loads && has_template() && !ignore.would_ignore(&file) && !ignore.would_ignore(&own) {
            all.push(Load { path: join(&project.folder, "package.json"), line: 1, file });
        }
    }
    all
}

/// Marks what loads an environment file wherever it is depended on.
const DEPENDENCY: &str = "dependency";

/// The arguments that name an environment file.
const FILE_ARGUMENTS: [&str; 4] = ["env_file", "dotenv_path", "path", "#0"];

/// Whether the file that a call is given lies in the folder of a user: nothing of it can be committed here.
fn is_in_home(program: &Program<'_>, site: Site) -> bool {
    FILE_ARGUMENTS.iter().any(|key| match program.argument(site, key) {
        Given::Present { expression, frame } => leads_home(program, expression, frame, 0),
        _ => false,
    })
}

/// Whether a path begins at the folder of a user: `~/.config/tool/.env`, `join(homedir(), ".env")`.
fn leads_home<'m>(program: &Program<'m>, path: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > 4 {
        return false;
    }
    let slice = program.slice(path, frame);
    let is_home = |(part, _): &(&'m Expression, FrameId)| matches!(&part.kind, ExpressionKind::Literal(Literal::Text(text)) if text == "~" || text.starts_with("~/"));
    slice.parts.iter().any(is_home)
        || slice.sites.iter().any(|site| {
            let call = program.units.calls[site.call].call;
            let asks_for_home = match &call.callee.kind {
                ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                    matches!(name.as_str(), "home" | "homedir" | "home_dir" | "expanduser")
                }
                _ => false,
            };
            asks_for_home
                || call.arguments.iter().any(|argument| leads_home(program, &argument.value, site.frame, depth + 1))
        })
}

/// Where the application loads an environment file: a call, a settings class, a compose file, a start command.
fn loads(tree: &Tree, program: &Program<'_>, documented: &Documented) -> Vec<Load> {
    let mut all = Vec::new();
    let project_of = |path: &str| {
        tree.projects
            .iter()
            .map(|project| project.folder.as_str())
            .filter(|folder| folder.is_empty() || path.starts_with(&format!("{folder}/")))
            .max_by_key(|folder| folder.len())
            .unwrap_or("")
            .to_owned()
    };
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        for path in program.callee_paths(site).iter() {
            for (_, fact) in program.facts_of(path, Kind::LoadsEnvironmentFile) {
                let is_off = fact.unless.iter().any(|unless| program.meets(unless, site) == Some(true));
                if is_off || fact.role.as_deref() == Some(DEPENDENCY) {
                    continue;
                }
                let mut given: Vec<String> = Vec::new();
                for key in FILE_ARGUMENTS {
                    if let Given::Present { expression, frame } = program.argument(site, key) {
                        given.extend(program.text(expression, frame));
                    }
                }
                if !fact.needs.is_empty() && given.is_empty() || is_in_home(program, site) {
                    continue;
                }
                let place = program.place(call);
                let folder = project_of(&place.path);
                let file = given.into_iter().find(|text| text.contains(".env")).unwrap_or_else(|| ".env".to_owned());
                let file = file.trim_start_matches("./");
                if !file.starts_with("../") && !file.contains('*') {
                    all.push(Load { path: place.path.clone(), line: place.line, file: join(&folder, file) });
                }
            }
        }
    }
    loads_on_import(program, |module, span, is_framework| {
        let path = &program.modules[module].path;
        let folder = project_of(path);
        // Of several files that a framework loads the application's own words tell which one is used.
        if !is_framework || !documented.tells_for(&folder) {
            let file = join(&folder, ".env");
            all.push(Load { path: path.clone(), line: program.modules[module].lines.position(span.start).line, file });
        }
    });
    for file in program.settings {
        let folder = folder_of(&file.path);
        for entry in &file.entries {
            let Literal::Text(text) = &entry.value else { continue };
            // `node -r dotenv/config server.js`
            let preloads = text.split_whitespace().zip(text.split_whitespace().skip(1)).any(|(option, name)| {
                let name = program.catalogue.canonical(Language::TypeScript, name);
                matches!(option, "-r" | "--require" | "--import") && program.is_a(&name, Kind::LoadsEnvironmentFile)
            });
            if preloads {
                let line = file.lines.position(entry.span.start).line;
                all.push(Load { path: file.path.clone(), line, file: join(folder, ".env") });
            }
            let line = file.lines.position(entry.span.start).line;
            if entry.keys.iter().any(|key| key == "env_file") && text.contains(".env") {
                all.push(Load { path: file.path.clone(), line, file: join(folder, text.trim_start_matches("./")) });
            }
            // `node --env-file=.env server.js`
            if let Some((_, after)) = text.split_once("--env-file") {
                let named = after.trim_start_matches(['=', ' ', '-']).split_whitespace().next().unwrap_or("");
                if named.contains(".env") {
                    all.push(Load {
                        path: file.path.clone(),
                        line,
                        file: join(folder, named.trim_start_matches("./")),
                    });
                }
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
