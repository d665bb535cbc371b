//! A pack as it is written, and its way to checked texts: every complaint points at the line that causes it.

use std::{collections::BTreeMap, ops::Range};

use miette::NamedSource;
use serde::Deserialize;

use super::Fitted;
use super::{
    CONDITIONS, ItemTexts, NOTES, PASTE_LANGUAGES, PackError, Reason, Rule, Security, Stage, check::closest,
    placeholders, vocabulary::NOTE_VARIANTS,
};
use crate::source::toml::{self, Placed};
use crate::verdict::{Item, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPack {
    stage: Placed<u8>,
    title: WrittenText,
    #[serde(default, rename = "item")]
    items: Vec<WrittenItem>,
    #[serde(default, rename = "rule")]
    rules: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenText {
    en: Placed<String>,
    ko: Placed<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenItem {
    id: Placed<String>,
    name: Placed<String>,
    question: WrittenText,
    why: WrittenText,
    because: WrittenBecause,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenBecause {
    pass: WrittenText,
    /// Where nothing is there that a guard would have to stop.
    vacuous: Option<WrittenText>,
    fail: WrittenText,
    #[serde(default)]
    not_applicable: BTreeMap<String, WrittenText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    id: Placed<String>,
    item: Placed<String>,
    condition: Option<Placed<String>>,
    #[serde(default)]
    note: bool,
    messages: BTreeMap<String, WrittenText>,
    #[serde(default)]
    terms: BTreeMap<String, BTreeMap<String, WrittenText>>,
    help: WrittenText,
    security: Option<Placed<WrittenSecurity>>,
    #[serde(default)]
    paste: BTreeMap<String, Placed<String>>,
    /// Code to paste where certain packages are used.
    #[serde(default)]
    fitted: Vec<WrittenFitted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFitted {
    language: Placed<String>,
    packages: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    code: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSecurity {
    severity: f64,
    cwe: u32,
}

/// One pack after checking.
pub(super) struct Checked {
    pub(super) stage: Stage,
    pub(super) items: Vec<ItemTexts>,
    pub(super) rules: Vec<Rule>,
}

/// Reads and checks one pack.
pub(super) fn read(path: &str, text: &str) -> Result<Checked, PackError> {
    let file = File { path, text };
    let pack: WrittenPack = toml::read(text).map_err(|unfit| file.complain(unfit.at, unfit.message, None))?;
    let number = *pack.stage.get_ref();
    if !(1..=5).contains(&number) {
        return Err(file.complain(
            Some(pack.stage.span()),
            format!("there is no stage {number}"),
            Some("stages are 1 to 5".into()),
        ));
    }
    let title = file.plain(pack.title)?;
    let items = pack.items.into_iter().map(|item| file.item(number, item)).collect::<Result<_, _>>()?;
    let rules = pack.rules.into_iter().map(|rule| file.rule(number, rule)).collect::<Result<_, _>>()?;
    Ok(Checked { stage: Stage { number, title }, items, rules })
}

/// The file that complaints point into.
struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn complain(&self, span: Option<Range<usize>>, message: String, help: Option<String>) -> PackError {
        PackError::Invalid {
            message,
            source_code: std::sync::Arc::new(NamedSource::new(self.path, self.text.to_owned())),
            span: span.map(Into::into),
            help,
        }
    }

    /// A text without placeholders.
    fn plain(&self, text: WrittenText) -> Result<Text, PackError> {
        self.template(text, &[])
    }

    /// A text with exactly these placeholders in both languages.
    fn template(&self, text: WrittenText, expected: &[&str]) -> Result<Text, PackError> {
        for each in [&text.en, &text.ko] {
            if each.get_ref().trim().is_empty() {
                return Err(self.complain(Some(each.span()), "this text is empty".into(), None));
            }
            let found = placeholders(each.get_ref());
            if found != expected {
                let message = format!("this text has the placeholders {}", list(&found));
                let help = Some(format!("both languages must have {}", list(expected)));
                return Err(self.complain(Some(each.span()), message, help));
            }
        }
        Ok(Text { en: text.en.into_inner(), ko: text.ko.into_inner() })
    }

    /// A text that may say how many: `{count}` in both languages or in neither.
    fn counted(&self, text: WrittenText) -> Result<Text, PackError> {
        let says_count = placeholders(text.en.get_ref()).contains(&"count");
        self.template(text, if says_count { &["count"] } else { &[] })
    }

    /// An item that exists and belongs to the stage of the pack.
    fn item_id(&self, stage: u8, id: &Placed<String>) -> Result<Item, PackError> {
        let known: Vec<&str> = Item::ALL.iter().filter(|item| item.stage() == stage).map(|item| item.id()).collect();
        match Item::ALL.into_iter().find(|item| item.id() == id.get_ref()) {
            Some(item) if item.stage() == stage => Ok(item),
            _ => {
                let message = format!("stage {stage} has no item `{}`", id.get_ref());
                Err(self.complain(Some(id.span()), message, Some(format!("its items are {}", known.join(", ")))))
            }
        }
    }

    fn item(&self, stage: u8, written: WrittenItem) -> Result<ItemTexts, PackError> {
        let item = self.item_id(stage, &written.id)?;
        if !is_kebab_case(written.name.get_ref()) {
            let message = format!("`{}` is no name", written.name.get_ref());
            return Err(self.complain(Some(written.name.span()), message, Some("small letters and hyphens".into())));
        }
        let mut not_applicable = BTreeMap::new();
        for (reason, text) in written.because.not_applicable {
            let known = Reason::ALL.map(Reason::id);
            if !known.contains(&reason.as_str()) {
                let span = text.en.span();
                return Err(self.unknown("reason", &reason, span, known));
            }
            not_applicable.insert(reason, self.plain(text)?);
        }
        Ok(ItemTexts {
            item,
            name: written.name.into_inner(),
            question: self.plain(written.question)?,
            why: self.plain(written.why)?,
            pass: self.plain(written.because.pass)?,
            vacuous: written.because.vacuous.map(|text| self.plain(text)).transpose()?,
            fail: self.counted(written.because.fail)?,
            not_applicable,
        })
    }

    fn rule(&self, stage: u8, written: WrittenRule) -> Result<Rule, PackError> {
        let item = self.item_id(stage, &written.item)?;
        let id = written.id.get_ref().clone();
        let variants = self.variants(&written)?;
        let mut messages = BTreeMap::new();
        let mut texts = written.messages;
        for (variant, expected) in variants {
            let Some(text) = texts.remove(*variant) else {
                let message = format!("`{id}` has no message for its variant `{variant}`");
                let help =
                    Some(format!("write messages.{variant}.en and messages.{variant}.ko with {}", list(expected)));
                return Err(self.complain(Some(written.id.span()), message, help));
            };
            messages.insert((*variant).to_owned(), self.template(text, expected)?);
        }
        if let Some((variant, text)) = texts.pop_first() {
            return Err(self.unknown("variant", &variant, text.en.span(), variants.iter().map(|(name, _)| *name)));
        }
        let mut terms = BTreeMap::new();
        for (placeholder, words) in written.terms {
            let words = words.into_iter().map(|(word, text)| Ok((word, self.plain(text)?)));
            terms.insert(placeholder, words.collect::<Result<BTreeMap<_, _>, PackError>>()?);
        }
        let mut paste = BTreeMap::new();
        for (language, code) in written.paste {
            if !PASTE_LANGUAGES.contains(&language.as_str()) {
                return Err(self.unknown("language", &language, code.span(), PASTE_LANGUAGES));
            }
            paste.insert(language, code.into_inner().trim_end().to_owned());
        }
        let mut fitted = Vec::new();
        for each in written.fitted {
            let language = each.language.get_ref().clone();
            if !PASTE_LANGUAGES.contains(&language.as_str()) {
                return Err(self.unknown("language", &language, each.language.span(), PASTE_LANGUAGES));
            }
            let (packages, without) = (each.packages, each.without);
            fitted.push(Fitted { language, packages, without, code: each.code.trim_end().to_owned() });
        }
        if paste.is_empty() && !written.note {
            let message = format!("`{id}` has nothing to paste");
            return Err(self.complain(Some(written.id.span()), message, Some("write paste.python and its kin".into())));
        }
        let security = written.security.map(|security| self.security(&security)).transpose()?;
        let condition = written.condition.map(Placed::into_inner);
        Ok(Rule { id, item, condition, help: self.plain(written.help)?, security, paste, fitted, messages, terms })
    }

    fn security(&self, written: &Placed<WrittenSecurity>) -> Result<Security, PackError> {
        let WrittenSecurity { severity, cwe } = *written.get_ref();
        if !(0.1..=10.0).contains(&severity) {
            let message = format!("{severity} is no severity");
            return Err(self.complain(Some(written.span()), message, Some("severities are 0.1 to 10.0".into())));
        }
        Ok(Security { severity, cwe })
    }

    /// The variants that a rule's messages must have: those of its condition, or of a note.
    fn variants(&self, rule: &WrittenRule) -> Result<&'static [(&'static str, &'static [&'static str])], PackError> {
        let id = rule.id.get_ref();
        match (&rule.condition, rule.note) {
            (Some(condition), true) => {
                Err(self.complain(Some(condition.span()), "a note has no condition".into(), None))
            }
            (None, true) if NOTES.contains(&id.as_str()) => Ok(NOTE_VARIANTS),
            (None, true) => Err(self.unknown("note", id, rule.id.span(), NOTES)),
            (None, false) => {
                let help = "write `condition = \"...\"`, or `note = true`".to_owned();
                Err(self.complain(Some(rule.id.span()), format!("`{id}` has no condition"), Some(help)))
            }
            (Some(condition), false) => {
                let names = CONDITIONS.map(|each| each.name);
                if !names.contains(&id.as_str()) {
                    return Err(self.unknown("rule", id, rule.id.span(), names));
                }
                match CONDITIONS.iter().find(|each| each.name == condition.get_ref()) {
                    Some(known) => Ok(known.variants),
                    None => Err(self.unknown("condition", condition.get_ref(), condition.span(), names)),
                }
            }
        }
    }

    fn unknown<'k>(
        &self,
        what: &str,
        found: &str,
        span: Range<usize>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> PackError {
        let known: Vec<&str> = known.into_iter().collect();
        let help = match closest(found, &known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        self.complain(Some(span), format!("unknown {what} `{found}`"), Some(help))
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        return "no placeholder".to_owned();
    }
    names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
}

fn is_kebab_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-')
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic;

    use super::*;

    fn complaint(text: &str) -> (String, String, bool) {
        match read("x.toml", text) {
            Ok(_) => (String::new(), String::new(), false),
            Err(error) => (
                error.to_string(),
                error.help().map(|help| help.to_string()).unwrap_or_default(),
                error.labels().is_some_and(|mut labels| labels.next().is_some()),
            ),
        }
    }

    const HEAD: &str = "stage = 3\ntitle = { en = \"a\", ko = \"b\" }\n";

    #[test]
    fn unknown_keys_are_errors_with_a_place() {
        let (message, _, has_place) = complaint(&format!("{HEAD}titel = 1\n"));
        assert!(message.contains("titel"), "{message}");
        assert!(has_place);
    }

    #[test]
    fn misspelt_names_are_corrected() {
        let rule = "[[rule]]\nid = \"missing-timeot\"\nitem = \"A1\"\ncondition = \"missing-timeout\"\n\
                    messages = {}\nhelp = { en = \"a\", ko = \"b\" }\n";
        let (message, help, _) = complaint(&format!("{HEAD}{rule}"));
        assert_eq!(message, "unknown rule `missing-timeot`");
        assert_eq!(help, "did you mean `missing-timeout`?");
    }

    #[test]
    fn both_languages_carry_the_same_placeholders() {
        let rule = "[[rule]]\nid = \"stacked-retries\"\nitem = \"A2\"\nnote = true\n\
                    messages.note = { en = \"a {detail}\", ko = \"b\" }\nhelp = { en = \"a\", ko = \"b\" }\n";
        let (message, help, _) = complaint(&format!("{HEAD}{rule}"));
        assert_eq!(message, "this text has the placeholders no placeholder");
        assert_eq!(help, "both languages must have {detail}");
    }

    #[test]
    fn an_item_stays_in_its_stage() {
        let rule = "[[rule]]\nid = \"stacked-retries\"\nitem = \"C2\"\nnote = true\nmessages = {}\nhelp = { en = \"a\", ko = \"b\" }\n";
        assert_eq!(complaint(&format!("{HEAD}{rule}")).1, "its items are A1, A2, A3");
    }

    #[test]
    fn one_language_is_not_enough() {
        assert!(complaint("stage = 1\ntitle = { en = \"a\" }\n").0.contains("ko"));
    }
}
