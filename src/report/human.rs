//! The report for people: a table of twelve boxes, the worst places of each unticked one with what to do, the notes,
//! what was looked at, and the verdict as the last line.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};
use miette::Severity;

use super::{
    Style, clean,
    layout::{Paint, paragraph, wrap},
    order, snippet,
    words::{self, Word},
};
use crate::{
    rules::packs::Packs,
    verdict::{Answer, Audit, Confidence, Finding, Report, Unread, Verdict},
};

mod terms;

/// Findings shown per item, notes shown, files named per kind, unless all are asked for.
const SHOWN: usize = order::SHOWN;
/// The narrowest report.
const NARROWEST: usize = 40;

/// Writes the report.
pub fn render(report: &Report, packs: &Packs, style: &Style) -> String {
    let style = Style { width: style.width.max(NARROWEST), ..*style };
    let mut page = Page { style: &style, paint: Paint { color: style.color }, packs, out: String::new() };
    if !style.quiet {
        page.weakened(&report.audit);
        page.table(&report.audit);
        page.gaps(&report.audit);
        page.notes(&report.audit);
        page.terms(&report.audit);
        page.apps(report);
        page.compared(&report.audit);
        page.coverage(&report.audit);
        page.remedies(&report.audit);
    }
    page.verdict(&report.audit);
    clean::finish(&page.out)
}

struct Page<'a> {
    style: &'a Style,
    paint: Paint,
    packs: &'a Packs,
    out: String,
}

impl Page<'_> {
    fn table(&mut self, audit: &Audit) {
        let tongue = self.style.tongue;
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.style.width).unwrap_or(u16::MAX));
        if self.style.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let head = ["", Word::Item.say(tongue), Word::Because.say(tongue)];
        table.set_header(head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)));
        for answer in &audit.boxes {
            let (color, attribute) = match answer.verdict {
                Verdict::Pass | Verdict::Attested => (Color::Green, Attribute::Reset),
                Verdict::Fail => (Color::Red, Attribute::Bold),
                Verdict::NotApplicable => (Color::Reset, Attribute::Dim),
            };
            let name = format!("{} {}", answer.item.id(), clean::shown(self.packs.name(answer.item)));
            let cells = [words::tick(answer.verdict, self.style.unicode).to_owned(), name, self.because(answer)];
            let painted = cells.into_iter().enumerate().map(|(column, text)| {
                let cell = Cell::new(text);
                match (self.style.color, column, answer.verdict) {
                    (false, ..) => cell,
                    (_, 0, _) => cell.fg(color),
                    (_, 1, Verdict::Fail) | (_, _, Verdict::NotApplicable) => cell.add_attribute(attribute),
                    _ => cell,
                }
            });
            table.add_row(painted);
        }
        for (column, padding) in [(0, (0, 1)), (1, (0, 2)), (2, (0, 0))] {
            if let Some(column) = table.column_mut(column) {
                column.set_padding(padding);
            }
        }
        for column in [0, 1] {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for line in table.lines() {
            self.out.push_str(&line);
            self.out.push('\n');
        }
        if self.style.verbose {
            let paint = self.paint;
            paragraph(&mut self.out, "", words::ways_elsewhere(tongue), self.style.width, |text| paint.dim(text));
        }
    }

    /// Why a box is as it is, with the first place that proves it.
    fn because(&self, answer: &Answer) -> String {
        let tongue = self.style.tongue;
        let sentence = match &answer.attested {
            Some(attested) if answer.verdict == Verdict::Attested => words::attested(attested, tongue),
            _ => answer.because.in_tongue(tongue).to_owned(),
        };
        let mut sentence = clean::shown(&sentence);
        if let Some(standing) = answer.standing() {
            sentence.push_str(&format!(" ({})", words::gate::standing(standing, tongue)));
        }
        if answer.verdict == Verdict::Pass {
            let shown = if self.style.verbose { usize::MAX } else { 1 };
            for (number, evidence) in answer.evidence.iter().take(shown).enumerate() {
                let place = &evidence.location;
                sentence.push_str(if number == 0 { ": " } else { ", " });
                sentence.push_str(&format!("{}:{}", clean::shown(&place.path), place.line));
            }
        }
        sentence
    }

    /// Every unticked item with its worst places; with `--all` also what was suppressed elsewhere.
    fn gaps(&mut self, audit: &Audit) {
        for answer in &audit.boxes {
            let findings = order::findings(audit, answer, self.style.all);
            if answer.verdict == Verdict::Fail || !findings.is_empty() {
                self.gap(answer, &findings);
            }
        }
    }

    fn gap(&mut self, answer: &Answer, findings: &[&Finding]) {
        let tongue = self.style.tongue;
        let width = self.style.width;
        let paint = self.paint;
        self.out.push('\n');
        let head = format!("{} {}: ", answer.item.id(), clean::shown(self.packs.name(answer.item)));
        paragraph(&mut self.out, &head, &clean::shown(answer.because.in_tongue(tongue)), width, |text| {
            paint.bold(text)
        });
        let shown = if self.style.all { findings.len() } else { SHOWN };
        for finding in findings.iter().take(shown) {
            self.finding(finding);
        }
        if findings.len() > shown {
            paragraph(&mut self.out, "  ", &words::more(findings.len() - shown, tongue), width, |text| paint.dim(text));
        }
        let mut helped: Vec<&str> = Vec::new();
        for finding in findings.iter().take(shown).filter(|finding| finding.suppressed.is_none()) {
            // One rule may have advice of its own per provider.
            if !helped.contains(&finding.help.en.as_str()) {
                helped.push(&finding.help.en);
                self.help(finding);
            }
        }
    }

    /// One finding: its message, its place with the source where there is some, and the places that belong to it.
    fn finding(&mut self, finding: &Finding) {
        let tongue = self.style.tongue;
        let mut message =
            format!("{}: {}", clean::shown(&finding.rule), clean::shown(finding.message.in_tongue(tongue)));
        let marks = order::marks(finding, tongue);
        if !marks.is_empty() {
            message.push_str(&format!(" ({})", clean::shown(&marks.join("; "))));
        }
        match &finding.excerpt {
            Some(excerpt) => {
                let severity = match (finding.suppressed.is_some(), finding.confidence) {
                    (false, Confidence::Certain) => Severity::Error,
                    (false, Confidence::Likely) => Severity::Warning,
                    (true, _) | (_, Confidence::Note) => Severity::Advice,
                };
                self.out.push_str(&snippet::draw(&message, &finding.location, excerpt, severity, self.style));
            }
            None => {
                let place = &finding.location;
                let place = format!("{}:{}:{}", clean::shown(&place.path), place.line, place.column);
                self.place("  ", &place, &message);
            }
        }
        for related in &finding.related {
            let place = &related.location;
            let place = format!("{}:{}:{}", clean::shown(&place.path), place.line, place.column);
            let first = format!("  {} ", Word::See.say(tongue));
            self.place(&first, &place, &clean::shown(related.message.in_tongue(tongue)));
        }
    }

    /// A place with a sentence about it, on one line where both fit. The place itself is never broken.
    fn place(&mut self, first: &str, place: &str, sentence: &str) {
        let indent = clean::cells(first);
        self.out.push_str(first);
        self.out.push_str(&self.paint.cyan(place));
        let used = indent + clean::cells(place);
        if used + 2 + clean::cells(sentence) <= self.style.width {
            self.out.push_str("  ");
            self.out.push_str(sentence);
            self.out.push('\n');
            return;
        }
        self.out.push('\n');
        let indent = indent.max(4);
        for line in wrap(sentence, self.style.width - indent, true) {
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    /// What to do: the advice wrapped, the code as it is. Where the code does not fit, it is left to `explain`.
    fn help(&mut self, finding: &Finding) {
        let help = clean::block(finding.help.in_tongue(self.style.tongue)).replace("##[", "# #[");
        let (advice, code) = help.split_once("\n\n").unwrap_or((help.as_str(), ""));
        if advice.is_empty() {
            return;
        }
        let paint = self.paint;
        let first = format!("  {} ", Word::Fix.say(self.style.tongue));
        paragraph(&mut self.out, &first, &advice.replace('\n', " "), self.style.width, |text| paint.green(text));
        if code.lines().any(|line| clean::cells(line) + 4 > self.style.width) {
            let elsewhere = words::code_elsewhere(finding.item.id(), self.style.tongue);
            paragraph(&mut self.out, "    ", &elsewhere, self.style.width, |text| paint.dim(text));
            return;
        }
        for line in code.lines() {
            self.out.push_str("    ");
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn notes(&mut self, audit: &Audit) {
        let tongue = self.style.tongue;
        self.places(Word::Notes.say(tongue), &order::notes(audit, self.style.all));
    }

    /// Findings under a title, each with its sentence only.
    fn places(&mut self, title: &str, findings: &[&Finding]) {
        let tongue = self.style.tongue;
        if findings.is_empty() {
            return;
        }
        self.out.push('\n');
        self.out.push_str(&self.paint.bold(title));
        self.out.push('\n');
        let shown = if self.style.all { findings.len() } else { SHOWN };
        for note in findings.iter().take(shown) {
            let place =
                format!("{}:{}:{}", clean::shown(&note.location.path), note.location.line, note.location.column);
            let sentence = format!("{}: {}", clean::shown(&note.rule), clean::shown(note.message.in_tongue(tongue)));
            self.place("  ", &place, &sentence);
        }
        if findings.len() > shown {
            let paint = self.paint;
            let more = words::more(findings.len() - shown, tongue);
            paragraph(&mut self.out, "  ", &more, self.style.width, |text| paint.dim(text));
        }
    }

    /// The apps of a monorepo, one line each.
    fn apps(&mut self, report: &Report) {
        if report.apps.is_empty() {
            return;
        }
        self.out.push('\n');
        self.out.push_str(&self.paint.bold(Word::Apps.say(self.style.tongue)));
        self.out.push('\n');
        for app in &report.apps {
            let verdict = words::verdict(&app.audit, self.style.tongue);
            self.place("  ", &clean::shown(&app.root), &verdict);
        }
    }

    fn coverage(&mut self, audit: &Audit) {
        let tongue = self.style.tongue;
        let coverage = &audit.coverage;
        let left_out: Vec<(&str, usize)> = coverage
            .files
            .iter()
            .filter(|(class, count)| *class != "ships" && **count > 0)
            .map(|(class, count)| (class.as_str(), *count))
            .collect();
        let line = clean::shown(&words::coverage(coverage.read, coverage.shipping, &left_out, tongue));
        self.out.push('\n');
        let paint = self.paint;
        paragraph(&mut self.out, "", &line, self.style.width, |text| paint.dim(text));
        if let Some(searched) = &coverage.history {
            let line = clean::shown(searched.in_tongue(tongue));
            paragraph(&mut self.out, "", &line, self.style.width, |text| paint.dim(text));
        }
        for remark in &coverage.remarks {
            let text = clean::shown(remark.in_tongue(tongue));
            paragraph(&mut self.out, "", &text, self.style.width, |text| paint.dim(text));
        }
        self.files(Word::Unread, &coverage.unread);
        self.files(Word::Unchecked, &coverage.unchecked);
        if self.style.verbose {
            self.files(Word::Partial, &coverage.partial);
            self.files(Word::Skipped, &coverage.skipped);
        }
    }

    fn files(&mut self, word: Word, files: &[Unread]) {
        let tongue = self.style.tongue;
        let shown = if self.style.all || self.style.verbose { files.len() } else { SHOWN };
        let first = format!("  {} ", word.say(tongue));
        for file in files.iter().take(shown) {
            self.place(&first, &clean::shown(&file.path), &clean::shown(file.why.in_tongue(tongue)));
        }
        if files.len() > shown {
            let paint = self.paint;
            paragraph(&mut self.out, "  ", &words::more(files.len() - shown, tongue), self.style.width, |text| {
                paint.dim(text)
            });
        }
    }

    /// What would make the gate ready.
    fn remedies(&mut self, audit: &Audit) {
        let tongue = self.style.tongue;
        if audit.gate.empty {
            return;
        }
        for line in order::remedies(audit, tongue) {
            paragraph(&mut self.out, "", &clean::shown(&line), self.style.width, str::to_owned);
        }
    }

    fn verdict(&mut self, audit: &Audit) {
        let line = words::verdict(audit, self.style.tongue);
        let trusted = audit.reasons().is_empty();
        for line in wrap(&line, self.style.width, true) {
            let painted = match (audit.is_ready(), trusted) {
                (true, true) => self.paint.green(&line),
                (true, false) => self.paint.yellow(&line),
                (false, _) => self.paint.red(&line),
            };
            self.out.push_str(&painted);
            self.out.push('\n');
        }
    }
}
