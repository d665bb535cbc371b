//! The report as Markdown, for the summary of a job or a comment on a pull request: what changed, the table of twelve,
//! and the worst places of each unticked box with what to do. Short enough for a comment; nothing from the audited code
//! is read as markup.

use super::{Style, clean, order, words};
use crate::{
    rules::packs::Packs,
    verdict::{Answer, Audit, Finding, Location, Report, Standing, Tongue, Verdict},
};

/// Longer sentences and paths are cut, in characters: a comment may have 65,536.
const LONGEST: usize = 300;

/// Writes the report.
pub fn render(report: &Report, packs: &Packs, style: &Style) -> String {
    let mut page = Page { packs, style, out: String::new() };
    let audit = &report.audit;
    page.head(audit);
    if !style.quiet {
        page.table(audit);
        page.gaps(audit);
        page.notes(audit);
        page.gone(audit);
        page.apps(report);
        page.coverage(audit);
    }
    clean::finish(&page.out)
}

struct Page<'a> {
    packs: &'a Packs,
    style: &'a Style,
    out: String,
}

impl Page<'_> {
    fn tongue(&self) -> Tongue {
        self.style.tongue
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A title above a list, with an empty line on both sides.
    fn title(&mut self, level: &str, title: &str) {
        self.line(&format!("\n{level} {title}\n"));
    }

    /// The verdict; what made the gate weaker, why it is not passed, what the findings were compared with.
    fn head(&mut self, audit: &Audit) {
        let tongue = self.tongue();
        let sign = match (audit.is_ready(), audit.reasons().is_empty()) {
            (true, true) => "✅",
            (true, false) => "⚠️",
            (false, _) => "❌",
        };
        let (name, score, total) = (env!("CARGO_PKG_NAME"), audit.score(), audit.boxes.len());
        self.line(&format!("## {sign} {name}: {score}/{total}\n"));
        let verdict = words::verdict(audit, tongue);
        match verdict.split_once(':') {
            Some((verdict, why)) => self.line(&format!("**{verdict}:**{}", clean::prose(why, false))),
            None => self.line(&format!("**{verdict}**")),
        }
        let mut lines: Vec<String> = Vec::new();
        for (sentence, place) in order::weakened(audit, tongue) {
            let weaker = words::weaker(audit, tongue);
            let (sentence, place) = (prose(&sentence), clean::code(&shortened(&place), false));
            lines.push(format!("- ⚠️ {}: {sentence} ({place})", prose(&weaker)));
        }
        lines.extend(order::remedies(audit, tongue).iter().map(|remedy| format!("- {}", prose(remedy))));
        lines.extend(order::compared(audit, tongue).map(|compared| format!("- {}", prose(&compared))));
        if !lines.is_empty() {
            self.line("");
            lines.iter().for_each(|line| self.line(line));
        }
    }

    fn table(&mut self, audit: &Audit) {
        let tongue = self.tongue();
        let (item, because) = (words::Word::Item.say(tongue), words::Word::Because.say(tongue));
        self.line(&format!("\n| | {item} | {because} |\n|:-:|---|---|"));
        for answer in &audit.boxes {
            let tick = match answer.verdict {
                Verdict::Pass => "✅",
                Verdict::Fail => "❌",
                Verdict::NotApplicable => "–",
                Verdict::Attested => "☑️",
            };
            let name = clean::prose(self.packs.name(answer.item), true);
            let name = match answer.standing() {
                Some(standing) => format!("{name} ({})", words::gate::standing(standing, tongue)),
                None => name,
            };
            let because = self.because(answer);
            self.line(&format!("| {tick} | **{}** {name} | {because} |", answer.item.id()));
        }
    }

    /// Why a box is as it is, with the first place that proves it.
    fn because(&self, answer: &Answer) -> String {
        let tongue = self.tongue();
        let sentence = match (&answer.attested, answer.verdict) {
            (Some(attested), Verdict::Attested) => words::attested(attested, tongue),
            _ => answer.because.in_tongue(tongue).to_owned(),
        };
        let mut cell = clean::prose(&shortened(&sentence), true);
        if let (Verdict::Pass, Some(evidence)) = (answer.verdict, answer.evidence.first()) {
            let place = format!("{}:{}", shortened(&evidence.location.path), evidence.location.line);
            cell.push_str(&format!(": {}", clean::code(&place, true)));
        }
        cell
    }

    /// Every unticked box with its worst places.
    fn gaps(&mut self, audit: &Audit) {
        for answer in &audit.boxes {
            let findings = order::findings(audit, answer, self.style.all);
            if findings.is_empty() {
                continue;
            }
            let name = clean::prose(self.packs.name(answer.item), false);
            self.title("###", &format!("{} {name}", answer.item.id()));
            self.findings(&findings);
            self.help(&findings);
        }
    }

    fn findings(&mut self, findings: &[&Finding]) {
        let shown = if self.style.all { findings.len() } else { order::SHOWN };
        for finding in findings.iter().take(shown) {
            self.finding(finding);
        }
        if findings.len() > shown {
            let more = words::more(findings.len() - shown, self.tongue());
            self.line(&format!("- {more}"));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let tongue = self.tongue();
        let marks = order::marks(finding, tongue);
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", prose(&marks.join("; "))) };
        let message = prose(finding.message.in_tongue(tongue));
        self.line(&format!("- {} {message}{marks}", place(&finding.location)));
        for related in &finding.related {
            let see = words::Word::See.say(tongue);
            let message = prose(related.message.in_tongue(tongue));
            self.line(&format!("  - {see} {} {message}", place(&related.location)));
        }
    }

    /// What to do, once per rule, the code folded away.
    fn help(&mut self, findings: &[&Finding]) {
        let tongue = self.tongue();
        let shown = if self.style.all { findings.len() } else { order::SHOWN };
        let mut helped: Vec<&str> = Vec::new();
        for finding in findings.iter().take(shown).filter(|finding| finding.suppressed.is_none()) {
            if helped.contains(&finding.rule.as_str()) {
                continue;
            }
            helped.push(&finding.rule);
            let help = finding.help.in_tongue(tongue);
            let (fix, advice) = (words::Word::Fix.say(tongue), clean::prose(&words::advice(help), false));
            self.line(&format!("\n{fix}: {advice}"));
            let Some((_, code)) = help.split_once("\n\n") else { continue };
            // The empty lines let Markdown begin again inside of the element and behind it.
            self.line(&format!("\n<details><summary>{}</summary>\n", words::Word::Code.say(tongue)));
            self.line(&clean::fenced(code, ""));
            self.line("\n</details>");
        }
    }

    fn notes(&mut self, audit: &Audit) {
        let notes = order::notes(audit, self.style.all);
        if !notes.is_empty() {
            self.title("###", words::Word::Notes.say(self.tongue()));
            self.findings(&notes);
        }
    }

    /// What the change has mended.
    fn gone(&mut self, audit: &Audit) {
        let Some(comparison) = audit.comparison.as_ref().filter(|comparison| !comparison.gone.is_empty()) else {
            return;
        };
        self.title("###", words::gate::standing(Standing::Gone, self.tongue()));
        let gone: Vec<&Finding> = comparison.gone.iter().collect();
        self.findings(&gone);
    }

    /// The apps of a monorepo, one line each.
    fn apps(&mut self, report: &Report) {
        if report.apps.is_empty() {
            return;
        }
        self.title("###", words::Word::Apps.say(self.tongue()));
        for app in &report.apps {
            let root = clean::code(&shortened(&app.root), false);
            self.line(&format!("- {root} {}", prose(&words::verdict(&app.audit, self.tongue()))));
        }
    }

    fn coverage(&mut self, audit: &Audit) {
        let tongue = self.tongue();
        let coverage = &audit.coverage;
        let line = words::coverage(coverage.read, coverage.shipping, &[], tongue);
        self.line(&format!("\n{}", prose(&line)));
        let shown = if self.style.all { coverage.unread.len() } else { order::SHOWN };
        if !coverage.unread.is_empty() {
            self.line("");
        }
        for file in coverage.unread.iter().take(shown) {
            let (said, path) = (words::Word::Unread.say(tongue), clean::code(&shortened(&file.path), false));
            self.line(&format!("- {said} {path}: {}", prose(file.why.in_tongue(tongue))));
        }
        if coverage.unread.len() > shown {
            self.line(&format!("- {}", words::more(coverage.unread.len() - shown, tongue)));
        }
    }
}

/// A sentence outside of tables.
fn prose(sentence: &str) -> String {
    clean::prose(&shortened(sentence), false)
}

fn place(place: &Location) -> String {
    clean::code(&format!("{}:{}:{}", shortened(&place.path), place.line, place.column), false)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}
