//! E1: every required variable is checked before the application serves.
//!
//! A variable is required where code reads it without a default and cannot do without it. It is checked where its
//! absence stops the start: by a read that raises, a test that stops, or a schema.

pub mod alternatives;
mod apart;
mod behind;
pub mod checks;
pub mod classes;
pub mod commands;
mod connections;
pub mod deciding;
pub mod ends;
mod fillings;
pub mod held;
mod helpers;
pub mod marks;
pub mod meanings;
pub mod names;
pub mod presence;
pub mod reads;
pub mod schemas;
mod shown;
pub mod unfilled;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use checks::{Checks, When, swallows, when};
use connections::opens_a_store;
pub use meanings::feeds;
use meanings::{is_credential, is_needed, words};
use names::Variables;
use reads::{Filled, Read};
use schemas::Required;

use crate::link::units::ModuleId;
use crate::model::{Language, Literal, Span};
use crate::rules::catalogue::Kind;
use crate::rules::packs::Reason;
use crate::source::order::InOrder;

use super::super::case::{Case, Outcome};
use super::super::verdict::{CITED, Confidence, Evidence, Finding, Item, Text};

/// A variable as one file reads it.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub module: ModuleId,
    pub span: Span,
    pub checked: Checked,
    /// Where it is checked.
    pub check: Option<(ModuleId, Span)>,
    /// Whether the check looks at the content, not only at presence.
    pub examined: bool,
}

impl Variable {
    /// One that the application does without.
    fn optional(name: &str, module: ModuleId, span: Span) -> Variable {
        Variable { name: name.to_owned(), module, span, checked: Checked::No, check: None, examined: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checked {
    Yes,
    /// A check that runs only when a request is served.
    InHandler,
    /// A check whose error is caught so that serving goes on.
    Swallowed,
    No,
}

/// `unchecked-env-var`: variables without a default are checked at start-up: by a schema, by an explicit check that
/// stops the process, or by a read that raises while the application starts.
pub fn validation(case: &Case<'_, '_>, variables: &[Variable]) -> Outcome {
    if variables.is_empty() {
        return case.not_applicable(Item::E1, Reason::NoVariables);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for variable in variables {
        let variant = match variable.checked {
            Checked::Yes => continue,
            Checked::InHandler => "in-handler",
            Checked::Swallowed => "swallowed",
            Checked::No => "unchecked",
        };
        findings.push(case.finding(
            "unchecked-env-var",
            variant,
            variable.module,
            variable.span,
            &[("name", variable.name.clone())],
        ));
    }
    name_all(case, variables, &mut findings);
    findings.extend(placeholders(case, variables));
    case.outcome(Item::E1, findings, checks(case, variables))
}

/// Lets the code to paste of each finding check all variables at once that its language lacks.
fn name_all(case: &Case<'_, '_>, variables: &[Variable], findings: &mut [Finding]) {
    let missing: Vec<&Variable> = variables.iter().filter(|variable| variable.checked != Checked::Yes).collect();
    for (finding, variable) in findings.iter_mut().zip(&missing) {
        let language = case.paste_language(variable.module);
        let mut names: Vec<&str> = Vec::new();
        for other in missing.iter().filter(|other| case.paste_language(other.module) == language) {
            if !names.contains(&other.name.as_str()) {
                names.push(&other.name);
            }
        }
        finding.help = case.packs.help_naming(&finding.rule, language, &names);
    }
}

/// Where variables are checked, one place for each way of checking.
fn checks(case: &Case<'_, '_>, variables: &[Variable]) -> Vec<Evidence> {
    let mut places: Vec<((ModuleId, Span), Vec<&str>)> = Vec::new();
    for variable in variables.iter().filter(|variable| variable.checked == Checked::Yes) {
        let Some(check) = variable.check else { continue };
        match places.iter_mut().find(|(place, _)| *place == check) {
            Some((_, names)) => names.push(&variable.name),
            None => places.push((check, vec![&variable.name])),
        }
    }
    let cited = places.into_iter().take(CITED).map(|((module, span), names)| {
        let mut listed = names.iter().take(CITED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if names.len() > CITED {
            listed.push_str(", …");
        }
        let message =
            Text { en: format!("{listed}: checked here"), ko: format!("{listed}: 여기서 확인합니다") };
        Evidence { location: case.program.location(module, span), message }
    });
    cited.collect()
}

/// `accepts-placeholder`: the template of the environment suggests a value that the check of its variable lets through.
fn placeholders(case: &Case<'_, '_>, variables: &[Variable]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let templates = case.program.settings.iter().filter(|settings| {
        let name = settings.path.rsplit('/').next().unwrap_or("");
        name.contains("env") && ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word))
    });
    for settings in templates {
        for entry in &settings.entries {
            let (Some(name), Literal::Text(value)) = (entry.keys.last(), &entry.value) else { continue };
            let accepts = |variable: &&Variable| {
                variable.name == *name && variable.checked == Checked::Yes && !variable.examined && is_credential(name)
            };
            let Some(variable) = variables.iter().find(accepts).filter(|_| is_placeholder(value)) else { continue };
            let detail = format!("`{name}` ({})", settings.path);
            let mut finding =
                case.finding("accepts-placeholder", "note", variable.module, variable.span, &[("detail", detail)]);
            finding.confidence = Confidence::Note;
            findings.push(finding);
        }
    }
    findings
}

/// Values that stand for one that is still to come.
fn is_placeholder(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let words = [
        "xxx",
        "your",
        "changeme",
        "change-me",
        "change_me",
        "changethis",
        "placeholder",
        "replace",
        "<",
        "...",
        "todo",
    ];
    !value.is_empty() && (words.iter().any(|word| value.contains(word)) || value.contains("localhost"))
}

/// The variables that shipping code reads, one row per variable and file.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub required: Vec<Variable>,
    /// Those that it does without.
    pub optional: Vec<Variable>,
}

/// The variables that shipping code reads.
pub fn survey(case: &Case<'_, '_>) -> Survey {
    let schemas = schemas::checked_by_calls(case);
    let variables = Variables::with(case.program, schemas::open_fields(&schemas));
    let mut reads = reads::reads(&variables);
    let (mut rows, mut optional) = (Rows::default(), Rows::default());
    if !reads.is_empty() || !schemas.is_empty() {
        let mut checks = Checks::of(case, &schemas, &reads);
        checks.by_reads(case, &reads);
        apart::note(case, &variables, &checks, &mut reads);
        let mut judged: Vec<(&Read<'_>, Checked)> = Vec::new();
        let switches = switches(&schemas, &reads);
        for read in &reads {
            let is_switch = || switches.contains(&(read.named.name.as_str(), read.module));
            match judge(case, &checks, read).filter(|checked| *checked == Checked::Yes || !is_switch()) {
                Some(checked) => judged.push((read, checked)),
                None => optional.add(case, Variable::optional(&read.named.name, read.module, read.span)),
            }
        }
        let settled: BTreeSet<usize> = settled_groups(&reads, &judged);
        let mut reported: BTreeSet<usize> = BTreeSet::new();
        for (read, checked) in judged {
            if let (Some(group), true) = (read.group, checked != Checked::Yes) {
                // Of alternatives one is enough; the first stands for all.
                if settled.contains(&group) || !reported.insert(group) {
                    continue;
                }
            }
            let name = read.named.name.clone();
            let examined = checks.examined.contains(&name);
            let own = (checked == Checked::Yes && (read.raises || read.breaks)).then_some((read.module, read.span));
            let check = checks.place(case, &name, read.module).or(own);
            rows.add(case, Variable { name, module: read.module, span: read.span, checked, check, examined });
        }
        for schema in &schemas {
            for variable in &schema.variables {
                let checked = match checks.covering(case, &variable.name, variable.module) {
                    When::Start => Checked::Yes,
                    When::Swallowed => Checked::Swallowed,
                    // Code that goes by the result does without what is missing.
                    When::Later if schema.by_result && checks.heeded.contains(&schema.call) => continue,
                    When::Later if schema.by_result => Checked::No,
                    When::Later => Checked::InHandler,
                };
                let (name, module, span) = (variable.name.clone(), variable.module, variable.span);
                let check = checks.place(case, &name, module);
                rows.add(case, Variable { name, module, span, checked, check, examined: variable.examined });
            }
            for variable in &schema.optional {
                optional.add(case, Variable::optional(&variable.name, variable.module, variable.span));
            }
        }
    }
    for (field, made) in classes::class_fields(case) {
        let checked = match made {
            When::Start => Checked::Yes,
            When::Swallowed => Checked::Swallowed,
            When::Later => Checked::InHandler,
        };
        let Required { name, module, span, examined } = field;
        let check = (checked == Checked::Yes).then_some((module, span));
        rows.add(case, Variable { name, module, span, checked, check, examined });
    }
    for Required { name, module, span, examined } in unfilled::unfilled_fields(case) {
        rows.add(case, Variable { name, module, span, checked: Checked::No, check: None, examined });
    }
    for (Required { name, module, span, examined }, checked) in commands::arguments(case) {
        let check = (checked == Checked::Yes).then_some((module, span));
        rows.add(case, Variable { name, module, span, checked, check, examined });
    }
    let required = rows.sorted(case);
    let is_required = |variable: &Variable| required.iter().any(|other| other.name == variable.name);
    let mut optional = optional.sorted(case);
    optional.retain(|variable| !is_required(variable));
    Survey { required, optional }
}

/// The variables, each with a file, that a schema lets lack and that the file only tests: whoever uses the value has a row
/// of its own.
fn switches<'r>(schemas: &[schemas::Checked], reads: &'r [Read<'_>]) -> BTreeSet<(&'r str, ModuleId)> {
    let optional: BTreeSet<&str> =
        schemas.iter().flat_map(|schema| &schema.optional).map(|variable| variable.name.as_str()).collect();
    let of = |read: &'r Read<'_>| (read.named.name.as_str(), read.module);
    let used: BTreeSet<_> = reads.iter().filter(|read| !read.tested || read.there).map(of).collect();
    reads.iter().map(of).filter(|switch| optional.contains(switch.0) && !used.contains(switch)).collect()
}

/// What a read asks for; none where it asks for nothing.
fn judge(case: &Case<'_, '_>, checks: &Checks, read: &Read<'_>) -> Option<Checked> {
    let name = read.named.name.as_str();
    match read.default {
        Some(Filled::Something) => return None,
        Some(Filled::Blank) if !is_credential(name) && !opens_a_store(case.program, read.unit, read.span) => {
            return None;
        }
        // A tracker without an address is off.
        Some(Filled::Blank) if is_address_of_a_tracker(case, name) => return None,
        _ => {}
    }
    if checks.governed.contains(&(read.module, read.span)) {
        return None;
    }
    // `production ? undefined : process.env.SENTRY_DSN`: where the program serves it is not asked for.
    if read.node.is_some_and(|node| case.program.is_taken_in_development(node, case.program.open_frame(read.unit))) {
        return None;
    }
    // `except KeyError: KEY = None` reads like `.get("KEY")`.
    let caught = read.node.is_some_and(|node| swallows(case.program, node));
    let (own, _) = when(case, read.unit, read.node, &read.named.via);
    let covering = checks.covering(case, name, read.module);
    if (read.raises || read.breaks) && own == When::Start || covering == When::Start {
        return Some(Checked::Yes);
    }
    let demanded = checks.demands(name, read.module);
    if read.tested && !demanded {
        return None;
    }
    // Where the compiler asks what is done without a value, what is not demanded is done without.
    let is_handled = case.program.modules[read.module].language == Language::Rust && read.default.is_none();
    let is_optional = || !read.untested && checks.is_optional(name, read.module);
    let is_unused = || unread::is_kept_unread(case.program, read) || shown::is_only_shown(case, read);
    if !read.raises && !demanded && (is_handled || is_optional() || !is_needed(name) || is_unused()) {
        return None;
    }
    Some(match (own, covering) {
        (When::Swallowed, _) if read.raises && caught => Checked::Swallowed,
        (_, When::Swallowed) => Checked::Swallowed,
        _ if read.raises || demanded => Checked::InHandler,
        _ => Checked::No,
    })
}

/// Whether a variable says by its name that it is the address of something that tells of errors: `SENTRY_DSN`.
fn is_address_of_a_tracker(case: &Case<'_, '_>, name: &str) -> bool {
    let catalogue = case.program.catalogue;
    let names = |library: &str, word: &str| {
        library.split(|each: char| !each.is_alphanumeric()).any(|each| each.eq_ignore_ascii_case(word))
    };
    words(name).any(|word| word.eq_ignore_ascii_case("DSN"))
        && catalogue.of_kind(Kind::Guard).filter(|(_, fact)| fact.protects.as_deref() == Some("V2")).any(|(id, _)| {
            let library = catalogue.library_of(id).name.as_str();
            words(name).any(|word| names(library, word))
        })
}

/// The groups of alternatives of which one is checked or has a default.
fn settled_groups(reads: &[Read<'_>], judged: &[(&Read<'_>, Checked)]) -> BTreeSet<usize> {
    let checked = judged.iter().filter(|(_, checked)| *checked == Checked::Yes).filter_map(|(read, _)| read.group);
    let filled = reads.iter().filter(|read| read.default == Some(Filled::Something)).filter_map(|read| read.group);
    checked.chain(filled).collect()
}

#[derive(Default)]
struct Rows {
    rows: BTreeMap<(String, String), Variable>,
}

impl Rows {
    fn add(&mut self, case: &Case<'_, '_>, variable: Variable) {
        let key = (case.program.modules[variable.module].path.clone(), variable.name.clone());
        match self.rows.get_mut(&key) {
            // The first place that is not checked names the row; one place that is not checked is a gap.
            Some(known) => {
                if known.checked == Checked::Yes && variable.checked != Checked::Yes {
                    *known = variable;
                }
            }
            None => {
                self.rows.insert(key, variable);
            }
        }
    }

    fn sorted(self, case: &Case<'_, '_>) -> Vec<Variable> {
        let mut all: Vec<Variable> = self.rows.into_values().collect();
        all.order_by_key(|variable| {
            (case.program.modules[variable.module].path.clone(), variable.span, variable.name.clone())
        });
        all
    }
}
