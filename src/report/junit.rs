//! The checklist as test results: a suite per stage, a case per box. A box that is not applicable is skipped; evidence,
//! notes and what was suppressed stand in the output of its case. No times: the same tree gives the same bytes.

use super::{
    clean, order, words,
    xml::{Element, HEAD},
};
use crate::{
    rules::packs::Packs,
    verdict::{Answer, Audit, Confidence, Evidence, Finding, Item, Report, Tongue, Verdict},
};

/// Writes the document.
pub fn render(report: &Report, packs: &Packs, tongue: Tongue) -> String {
    let page = Page { audit: &report.audit, packs, tongue };
    let stages = packs.stages().iter().map(|stage| {
        let title = format!("{} {}", stage.number, stage.title.in_tongue(tongue));
        let boxes: Vec<&Answer> =
            page.audit.boxes.iter().filter(|answer| answer.item.stage() == stage.number).collect();
        page.suite(&title, &boxes)
    });
    let document = Element::new("testsuites")
        .with("name", env!("CARGO_PKG_NAME"))
        .with("tests", page.audit.boxes.len())
        .with("failures", page.audit.unticked().len())
        .with("errors", 0)
        .holding(stages);
    let mut out = HEAD.to_owned();
    document.write(&mut out, 0);
    out
}

struct Page<'a> {
    audit: &'a Audit,
    packs: &'a Packs,
    tongue: Tongue,
}

impl Page<'_> {
    fn suite(&self, title: &str, boxes: &[&Answer]) -> Element {
        let count = |verdict| boxes.iter().filter(|answer| answer.verdict == verdict).count();
        let suite = Element::new("testsuite")
            .with("name", title)
            .with("tests", boxes.len())
            .with("failures", count(Verdict::Fail))
            .with("errors", 0)
            .with("skipped", count(Verdict::NotApplicable));
        let first = boxes.first().is_some_and(|answer| Item::ALL.first() == Some(&answer.item));
        let head = if first { vec![self.properties()] } else { Vec::new() };
        let tail = if first { self.unread() } else { None };
        suite.holding(head).holding(boxes.iter().map(|answer| self.case(answer))).holding(tail)
    }

    /// The gate: its verdict, what made it weaker, what would help, what it was compared with.
    fn properties(&self) -> Element {
        let property = |name: &str, value: &str| Element::new("property").with("name", name).with("value", value);
        let weaker = order::weakened(self.audit, self.tongue);
        let weaker = weaker.iter().map(|(sentence, place)| property("weaker", &format!("{sentence} ({place})")));
        let verdict = property("verdict", &words::verdict(self.audit, self.tongue));
        let remedies = order::remedies(self.audit, self.tongue);
        let remedies = remedies.iter().map(|remedy| property("remedy", remedy));
        let compared = order::compared(self.audit, self.tongue);
        let compared = compared.iter().map(|sentence| property("compared", sentence));
        Element::new("properties").holding(weaker).holding([verdict]).holding(remedies).holding(compared)
    }

    fn unread(&self) -> Option<Element> {
        let files = &self.audit.coverage.unread;
        let said = words::Word::Unread.say(self.tongue);
        let lines = files.iter().map(|file| format!("{said} {}: {}", file.path, file.why.in_tongue(self.tongue)));
        (!files.is_empty()).then(|| Element::new("system-err").saying(&listed(lines)))
    }

    fn case(&self, answer: &Answer) -> Element {
        let name = format!("{} {}", answer.item.id(), self.packs.name(answer.item));
        let because = answer.because.in_tongue(self.tongue);
        let result = match answer.verdict {
            Verdict::Fail => {
                let findings = order::findings(self.audit, answer, false);
                let failure = Element::new("failure").with("message", because).with("type", answer.item.id());
                let lines = findings.iter().map(|each| self.finding(each)).chain(self.fixes(&findings));
                Some(failure.saying(&listed(lines)))
            }
            Verdict::NotApplicable => Some(Element::new("skipped").with("message", because)),
            Verdict::Pass | Verdict::Attested => None,
        };
        let output = self.output(answer);
        let output = (!output.is_empty()).then(|| Element::new("system-out").saying(&listed(output)));
        let stage = self.packs.stages().iter().find(|stage| stage.number == answer.item.stage());
        let stage = stage.map(|stage| stage.title.en.to_lowercase().replace(' ', "-")).unwrap_or_default();
        let class = format!("{}.{stage}", env!("CARGO_PKG_NAME"));
        Element::new("testcase").with("name", name).with("classname", class).holding(result).holding(output)
    }

    /// What to do, once per rule.
    fn fixes(&self, findings: &[&Finding]) -> Vec<String> {
        let fix = words::Word::Fix.say(self.tongue);
        let mut fixes: Vec<String> = Vec::new();
        for finding in findings {
            let advice = format!("{fix}: {}", words::advice(finding.help.in_tongue(self.tongue)));
            if !fixes.contains(&advice) {
                fixes.push(advice);
            }
        }
        fixes
    }

    /// What is said about a box that is no failure.
    fn output(&self, answer: &Answer) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Verdict::Attested, Some(attested)) = (answer.verdict, &answer.attested) {
            lines.push(words::attested(attested, self.tongue));
        }
        if answer.verdict == Verdict::Pass {
            lines.push(answer.because.in_tongue(self.tongue).to_owned());
        }
        lines.extend(answer.evidence.iter().map(|evidence| self.evidence(evidence)));
        let all = answer.findings.iter().filter_map(|index| self.audit.findings.get(*index));
        let others = all.filter(|each| each.suppressed.is_some() || each.confidence == Confidence::Note);
        lines.extend(others.map(|each| self.finding(each)));
        lines
    }

    fn finding(&self, finding: &Finding) -> String {
        let place = &finding.location;
        let marks = order::marks(finding, self.tongue);
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join("; ")) };
        let message = finding.message.in_tongue(self.tongue);
        let rule = &finding.rule;
        format!("{}:{}:{}: {rule}: {message}{marks}", place.path, place.line, place.column)
    }

    fn evidence(&self, evidence: &Evidence) -> String {
        let place = &evidence.location;
        let message = evidence.message.in_tongue(self.tongue);
        format!("{}:{}:{}: {message}", place.path, place.line, place.column)
    }
}

/// One line per text, whatever the texts hold.
fn listed(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().map(|text| clean::line(&text)).collect::<Vec<_>>().join("\n")
}
