//! `launchcheck explain`: what an item or rule asks, why, and how to fix it, with code for every language.

use std::path::Path;

use super::Failure;
use crate::{
    Error,
    report::{Style, clean},
    rules::packs::{ItemTexts, PASTE_LANGUAGES, Packs, Rule, closest},
    verdict::{Item, Tongue},
};

pub(super) fn text(subject: &str, rules: Option<&Path>, style: &Style) -> Result<String, Failure> {
    let packs = Packs::load(rules).map_err(Error::from)?;
    let mut page = Page { style, out: String::new() };
    let named = packs.items().iter().find(|each| each.name.eq_ignore_ascii_case(subject)).map(|each| each.item);
    if let Some(texts) = Item::from_id(subject).or(named).and_then(|item| packs.item(item)) {
        page.item(&packs, texts);
    } else if let Some(rule) = packs.rule(subject) {
        page.rule(rule);
        page.paragraph("", &format!("{} {}", rule.item.id(), packs.name(rule.item)));
    } else {
        return Err(unknown(subject, &packs));
    }
    Ok(clean::finish(&page.out))
}

fn unknown(subject: &str, packs: &Packs) -> Failure {
    let items = packs.items().iter().flat_map(|each| [each.item.id(), each.name.as_str()]);
    let known: Vec<&str> = items.chain(packs.rules().iter().map(|rule| rule.id.as_str())).collect();
    let help = match closest(subject, &known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`launchcheck list items` and `launchcheck list rules` show them all".to_owned(),
    };
    Failure::Usage(format!("no item or rule is called `{}`; {help}", clean::shown(subject)))
}

struct Page<'a> {
    style: &'a Style,
    out: String,
}

impl Page<'_> {
    fn item(&mut self, packs: &Packs, texts: &ItemTexts) {
        let tongue = self.style.tongue;
        let stage = packs.stages().iter().find(|stage| stage.number == texts.item.stage());
        let stage = stage.map_or("", |stage| stage.title.in_tongue(tongue));
        self.paragraph("", &format!("{} {} ({} {stage})", texts.item.id(), texts.name, texts.item.stage()));
        self.out.push('\n');
        self.paragraph("", texts.question.in_tongue(tongue));
        self.paragraph("", texts.why.in_tongue(tongue));
        for rule in packs.rules().iter().filter(|rule| rule.item == texts.item) {
            self.out.push('\n');
            self.rule(rule);
        }
        self.guards(texts.item);
    }

    /// The parts of the guard libraries that answer an item.
    fn guards(&mut self, item: Item) {
        let parts = super::guards::parts(item);
        if parts.is_empty() {
            return;
        }
        let title = match self.style.tongue {
            Tongue::English => "A guard to copy, tested and yours to change:",
            Tongue::Korean => "복사해서 쓸 수 있는, 테스트를 거친 가드:",
        };
        self.out.push_str(&format!("\n{title}\n"));
        for (language, file, what) in parts {
            self.out.push_str(&format!("    launchcheck guards add {language:<12}# {file}: {what}\n"));
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let tongue = self.style.tongue;
        let note = match (rule.is_note(), tongue) {
            (false, _) => "",
            (true, Tongue::English) => " (note: never unticks)",
            (true, Tongue::Korean) => " (참고 사항: 판정에 영향 없음)",
        };
        self.out.push_str(&format!("{}{note}\n", rule.id));
        for (_, message) in rule.messages() {
            self.paragraph("  - ", message.in_tongue(tongue));
        }
        self.paragraph("  ", rule.help.in_tongue(tongue));
        for language in PASTE_LANGUAGES {
            let Some(code) = rule.paste.get(language) else { continue };
            self.out.push_str(&format!("\n  {language}\n"));
            for line in code.lines() {
                self.out.push_str(&format!("    {line}\n"));
            }
        }
        self.out.push('\n');
    }

    /// Wrapped text behind `first`, further lines indented alike.
    fn paragraph(&mut self, first: &str, text: &str) {
        let indent = clean::cells(first);
        for (number, line) in wrap(text, self.style.width.saturating_sub(indent)).iter().enumerate() {
            self.out.push_str(if number == 0 { first } else { "    ".get(..indent).unwrap_or("    ") });
            self.out.push_str(line);
            self.out.push('\n');
        }
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    crate::report::wrap(&clean::shown(text), width.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_rules_are_explained_by_any_name() {
        let explained = |subject| text(subject, None, &Style::default()).unwrap_or_default();
        assert!(explained("a1").contains("missing-timeout"));
        assert_eq!(explained("timeouts"), explained("A1"));
        assert!(explained("missing-timeout").contains("typescript"));
        let error = text("missing-timeot", None, &Style::default()).map_err(|failure| failure.to_string());
        assert!(error.is_err_and(|message| message.ends_with("did you mean `missing-timeout`?")));
    }
}
