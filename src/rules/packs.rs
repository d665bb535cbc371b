//! Packs: one file per stage with its items, its rules, and every sentence about them in English and Korean.
//!
//! `written` mirrors the files, `Packs` is what holds after checking: twelve items in order, every rule of the closed
//! vocabulary with all its variants, both languages with the same placeholders.

use std::sync::{Arc, OnceLock};
use std::{collections::BTreeMap, fs, path::Path};

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::source::order::InOrder;
use crate::verdict::{Item, Text};

mod check;
mod fitted;
mod vocabulary;
mod written;

pub use check::closest;
pub use fitted::Fitted;
pub use vocabulary::{CONDITIONS, Condition, NOTES, Reason};

/// The languages that a paste snippet can be in; `shell` is for what no programming language mends.
pub const PASTE_LANGUAGES: [&str; 4] = ["python", "typescript", "rust", "shell"];

/// All packs, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Packs {
    stages: Vec<Stage>,
    items: Vec<ItemTexts>,
    rules: Vec<Rule>,
}

/// One of the five stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// 1 to 5.
    pub number: u8,
    pub title: Text,
}

/// What is said about one item of the checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemTexts {
    pub item: Item,
    /// The short name, never translated: `timeouts`.
    pub name: String,
    pub question: Text,
    /// Why the item matters.
    pub why: Text,
    pass: Text,
    vacuous: Option<Text>,
    fail: Text,
    not_applicable: BTreeMap<String, Text>,
}

/// What is said about one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `missing-timeout`.
    pub id: String,
    pub item: Item,
    /// The condition that decides it; none for rules whose findings are only notes.
    pub condition: Option<String>,
    /// What to do, without code.
    pub help: Text,
    /// What the gap means for security; none where it means nothing.
    pub security: Option<Security>,
    /// Code to paste, by language (`PASTE_LANGUAGES`), without a final line break and with places for names.
    paste: BTreeMap<String, String>,
    /// Code to paste that takes its place where certain packages are used, in the order in which it is asked.
    pub fitted: Vec<Fitted>,
    messages: BTreeMap<String, Text>,
    /// Words that the value of a placeholder may list, by placeholder and word.
    terms: BTreeMap<String, BTreeMap<String, Text>>,
}

/// How a gap counts where security findings are listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Security {
    /// 0.1 to 10.0, on the scale of CVSS.
    pub severity: f64,
    /// The number of the weakness in the Common Weakness Enumeration.
    pub cwe: u32,
}

impl Rule {
    /// Whether its findings are notes, which never untick.
    pub fn is_note(&self) -> bool {
        self.condition.is_none()
    }

    /// The code to paste in a language, with a name that is known to everybody where it names variables.
    pub fn code(&self, language: &str) -> Option<String> {
        self.paste.get(language).map(|code| fitted::naming(code, &[fitted::EXAMPLE]))
    }

    /// The variants of its message with their templates, in alphabetical order.
    pub fn messages(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.messages.iter().map(|(variant, text)| (variant.as_str(), text))
    }
}

/// The outcome that a sentence of `Packs::because` explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    Pass,
    /// Passed for want of anything to stop: no guard was needed.
    Vacuous,
    /// With the number of findings that untick the item.
    Fail(usize),
    NotApplicable(Reason),
}

/// Why packs cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum PackError {
    /// A file or folder that the system does not let us read.
    #[error("cannot read `{path}`: {why}")]
    #[diagnostic(code(launchcheck::rules))]
    Unreadable { path: String, why: String },
    /// A file that is not a pack, with the place.
    #[error("{message}")]
    #[diagnostic(code(launchcheck::rules))]
    Invalid {
        message: String,
        #[source_code]
        source_code: std::sync::Arc<NamedSource<String>>,
        #[label("here")]
        span: Option<SourceSpan>,
        #[help]
        help: Option<String>,
    },
    /// What all packs together lack.
    #[error("{message}")]
    #[diagnostic(code(launchcheck::rules))]
    Incomplete { message: String },
}

impl Packs {
    /// Loads the built-in packs and merges those of `extra_dir` over them: an item or rule there replaces the built-in
    /// one of the same id. What else is in the folder belongs to other loaders and is passed over.
    ///
    /// # Errors
    /// A file that cannot be read, is not a pack, or leaves the packs incomplete.
    pub fn load(extra_dir: Option<&Path>) -> Result<Packs, PackError> {
        let mut packs = Packs { stages: Vec::new(), items: Vec::new(), rules: Vec::new() };
        for (path, text) in super::embedded::rules().filter(|(path, _)| is_pack(path)) {
            packs.merge(written::read(path, text)?);
        }
        if let Some(folder) = extra_dir {
            for (path, text) in files_of(folder)? {
                packs.merge(written::read(&path, &text)?);
            }
        }
        packs.items.order_by_key(|each| each.item);
        check::complete(&packs)?;
        Ok(packs)
    }

    /// The same, read once per process where nothing is merged with what is embedded.
    ///
    /// # Errors
    /// As those of `load`.
    pub fn shared(extra_dir: Option<&Path>) -> Result<Arc<Packs>, PackError> {
        static EMBEDDED: OnceLock<Arc<Packs>> = OnceLock::new();
        if extra_dir.is_some() {
            return Packs::load(extra_dir).map(Arc::new);
        }
        if let Some(known) = EMBEDDED.get() {
            return Ok(known.clone());
        }
        let read = Arc::new(Packs::load(None)?);
        Ok(EMBEDDED.get_or_init(|| read).clone())
    }

    fn merge(&mut self, pack: written::Checked) {
        replace(&mut self.stages, pack.stage, |each| each.number);
        for item in pack.items {
            replace(&mut self.items, item, |each| each.item);
        }
        for rule in pack.rules {
            replace(&mut self.rules, rule, |each| each.id.clone());
        }
    }

    /// The twelve items in order.
    pub fn items(&self) -> &[ItemTexts] {
        &self.items
    }

    /// The stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// All rules in the order of the packs, notes included.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The texts of one item.
    pub fn item(&self, item: Item) -> Option<&ItemTexts> {
        self.items.iter().find(|each| each.item == item)
    }

    /// The short name of an item, such as `timeouts`.
    pub fn name(&self, item: Item) -> &str {
        self.item(item).map_or(item.id(), |each| each.name.as_str())
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|each| each.id == id)
    }

    /// The message of a finding. A rule or variant that no pack knows gives `rule: variant`, so that a finding is
    /// never lost; a placeholder without a value stays as written.
    pub fn message(&self, rule: &str, variant: &str, values: &[(&str, String)]) -> Text {
        let Some(known) = self.rule(rule) else { return bare(rule, variant) };
        let Some(template) = known.messages.get(variant) else { return bare(rule, variant) };
        let no_terms = BTreeMap::new();
        let terms = |name: &str| known.terms.get(name).unwrap_or(&no_terms);
        let in_english: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, translate(value, terms(name), " and ", |text| &text.en)))
            .collect();
        let in_korean: Vec<_> =
            values.iter().map(|(name, value)| (*name, translate(value, terms(name), ", ", |text| &text.ko))).collect();
        Text { en: fill(&template.en, &in_english), ko: fill(&template.ko, &in_korean) }
    }

    /// What to do about a finding: the advice, then after an empty line the code to paste in the language asked for
    /// (`python`, `typescript`, `rust`), or shell commands where those mend it. An unknown rule gives empty texts.
    pub fn help(&self, rule: &str, language_hint: Option<&str>) -> Text {
        let Some(rule) = self.rule(rule) else { return Text::default() };
        let code = language_hint.and_then(|language| rule.code(language)).or_else(|| rule.code("shell"));
        advice(rule, code.as_deref())
    }

    /// What to do in code of a language: with the code to paste that is for the packages which are used there, as the
    /// first of `used` tells that knows of any, else with the general one.
    pub fn help_fitting(&self, rule: &str, language: &str, used: &[&dyn Fn(&str) -> bool]) -> Text {
        let of_packages = self.rule(rule).and_then(|rule| {
            let fitting = |uses: &&dyn Fn(&str) -> bool| rule.fitted.iter().find(|each| each.is_for(language, *uses));
            Some(advice(rule, Some(&used.iter().find_map(fitting)?.code)))
        });
        of_packages.unwrap_or_else(|| self.help(rule, Some(language)))
    }

    /// What to do about several variables at once: the code to paste names them all.
    pub fn help_naming(&self, rule: &str, language: &str, names: &[&str]) -> Text {
        let Some(rule) = self.rule(rule) else { return Text::default() };
        let code = rule.paste.get(language).map(|code| fitted::naming(code, names));
        advice(rule, code.as_deref())
    }

    /// The sentence that explains a verdict.
    pub fn because(&self, item: Item, outcome: Because) -> Text {
        let Some(texts) = self.item(item) else { return Text::default() };
        match outcome {
            Because::Pass => texts.pass.clone(),
            Because::Vacuous => texts.vacuous.clone().unwrap_or_else(|| texts.pass.clone()),
            Because::Fail(count) => {
                let values = [("count", count.to_string())];
                Text { en: fill(&texts.fail.en, &values), ko: fill(&texts.fail.ko, &values) }
            }
            Because::NotApplicable(reason) => {
                let of = |each: &ItemTexts| each.not_applicable.get(reason.id()).cloned();
                of(texts).or_else(|| self.items.iter().find_map(of)).unwrap_or_default()
            }
        }
    }
}

/// Whether an embedded file is a pack: `rules/<digit>-<name>.toml`.
fn is_pack(path: &str) -> bool {
    path.strip_prefix("rules/")
        .is_some_and(|name| name.starts_with(|first: char| first.is_ascii_digit()) && !name.contains('/'))
}

/// The packs of a folder, by name.
fn files_of(folder: &Path) -> Result<Vec<(String, String)>, PackError> {
    let unreadable = |path: &Path, error: &std::io::Error| PackError::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        if super::purpose(&path, &text) == super::Purpose::Pack {
            files.push((path.display().to_string(), text));
        }
    }
    Ok(files)
}

/// The advice of a rule, and after an empty line the code to paste.
fn advice(rule: &Rule, code: Option<&str>) -> Text {
    let join = |advice: &str| match code {
        Some(code) => format!("{advice}\n\n{code}"),
        None => advice.to_owned(),
    };
    Text { en: join(&rule.help.en), ko: join(&rule.help.ko) }
}

fn replace<T, K: PartialEq>(all: &mut Vec<T>, new: T, key: impl Fn(&T) -> K) {
    let wanted = key(&new);
    match all.iter_mut().find(|each| key(each) == wanted) {
        Some(old) => *old = new,
        None => all.push(new),
    }
}

fn bare(rule: &str, variant: &str) -> Text {
    let text = format!("{rule}: {variant}");
    Text { en: text.clone(), ko: text }
}

/// Replaces the words of a comma-separated value that the rule has terms for.
fn translate(value: &str, terms: &BTreeMap<String, Text>, and: &str, tongue: impl Fn(&Text) -> &String) -> String {
    if terms.is_empty() {
        return value.to_owned();
    }
    let words: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .map(|word| terms.get(word).map_or(word, |text| tongue(text).as_str()))
        .collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{}{and}{last}", before.join(", ")),
        _ => words.concat(),
    }
}

/// Fills `{name}` placeholders in one pass: values are never searched for placeholders themselves.
pub fn fill<V: AsRef<str>>(template: &str, values: &[(&str, V)]) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value.as_ref()),
            None => {
                filled.push('{');
                filled.push_str(name);
                filled.push('}');
            }
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// The names between braces, in order of appearance.
fn placeholders(template: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packs() -> Packs {
        Packs::load(None).expect("the built-in packs are valid")
    }

    #[test]
    fn built_in_packs_hold_the_whole_checklist() {
        let packs = packs();
        assert_eq!(packs.items().iter().map(|each| each.item).collect::<Vec<_>>(), Item::ALL);
        assert_eq!(packs.stages().len(), 5);
        assert_eq!(packs.rules().iter().filter(|rule| !rule.is_note()).count(), 18);
        assert_eq!(packs.rules().iter().filter(|rule| rule.is_note()).count(), 8);
    }

    #[test]
    fn messages_name_the_users_code_in_both_tongues() {
        let values = [("api", "`{seconds}`".to_owned()), ("seconds", "600".to_owned())];
        let text = packs().message("missing-timeout", "default", &values);
        assert_eq!(text.en, "``{seconds}`` waits up to 600 s, the default of its library");
        assert!(text.ko.contains("600초"));
        assert_eq!(packs().message("no-such", "variant", &[]).en, "no-such: variant");
    }

    #[test]
    fn terms_are_said_in_each_tongue() {
        let values = [("entry", "POST /api/chat".to_owned()), ("missing", "duration, error".to_owned())];
        let text = packs().message("unlogged-entry-point", "partial", &values);
        assert_eq!(text.en, "`POST /api/chat` is logged without the duration and the error");
        assert_eq!(text.ko, "`POST /api/chat`: 로그에 빠진 항목이 있습니다(소요 시간, 오류)");
    }

    #[test]
    fn help_has_code_in_the_language_of_the_file() {
        let packs = packs();
        assert!(packs.help("missing-timeout", Some("rust")).en.contains("\n\nlet limit = "));
        assert!(packs.help("committed-env-file", Some("python")).en.contains("git rm --cached"));
        assert!(!packs.help("missing-timeout", None).en.contains("\n\n"));
    }

    #[test]
    fn every_outcome_is_explained() {
        let packs = packs();
        assert_eq!(packs.because(Item::A1, Because::Fail(3)).en, "external calls without a usable time limit: 3");
        for item in Item::ALL {
            assert!(!packs.because(item, Because::Pass).ko.is_empty());
            for reason in Reason::ALL {
                assert!(!packs.because(item, Because::NotApplicable(reason)).en.is_empty(), "{item:?} {reason:?}");
            }
        }
    }

    #[test]
    fn korean_templates_put_no_particle_behind_a_placeholder() {
        let particle =
            regex::Regex::new(r"\}`?\)?(은|는|이|가|을|를|와|과|로|으로|이나|나|이라|라)([ .,)]|$)").expect("valid");
        for rule in packs().rules() {
            for (variant, text) in rule.messages() {
                assert!(!particle.is_match(&text.ko), "{} {variant}: {}", rule.id, text.ko);
            }
        }
    }

    #[test]
    fn snippets_fit_a_terminal_of_80_cells() {
        for rule in packs().rules() {
            let general = PASTE_LANGUAGES.into_iter().filter_map(|language| rule.code(language));
            for code in general.chain(rule.fitted.iter().map(|fitted| fitted.code.clone())) {
                assert!(code.lines().all(|line| line.chars().count() <= 76), "{}\n{code}", rule.id);
            }
        }
    }
}
