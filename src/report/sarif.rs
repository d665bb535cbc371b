//! A SARIF 2.1.0 log, for code scanning pages and editors: every rule with its help, every finding with its place
//! relative to the repository, what suppresses it, and how it stands against before. Placing and matching results
//! across runs is left to nobody's guess: columns count characters, and fingerprints do not depend on lines.

use std::collections::BTreeMap;

use super::{clean, order, words};
use crate::{
    rules::packs::{ItemTexts, PASTE_LANGUAGES, Packs, Rule},
    verdict::{Audit, Confidence, Evidence, Finding, Location, Report, Standing, Suppression, Tongue, Unread, Verdict},
};

mod document;

use document::*;

/// The schema that a log holds to.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What paths are relative to; where that is on a machine, the log does not say.
const ROOT: &str = "%SRCROOT%";

/// Writes the log.
pub fn render(report: &Report, packs: &Packs, tongue: Tongue) -> String {
    let writer = Writer { report, packs, tongue };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [writer.run()] };
    // Serialising fails only for maps with keys that are no text; there are none.
    let mut json = serde_json::to_string_pretty(&log).unwrap_or_default();
    json.push('\n');
    clean::finish_json(&json)
}

struct Writer<'a> {
    report: &'a Report,
    packs: &'a Packs,
    tongue: Tongue,
}

impl Writer<'_> {
    fn run(&self) -> Run {
        let audit = &self.report.audit;
        let gone = audit.comparison.iter().flat_map(|comparison| &comparison.gone);
        let root = Root { description: Message::plain("The root of the repository") };
        Run {
            tool: Tool { driver: self.driver() },
            language: if self.tongue == Tongue::Korean { "ko" } else { "en" },
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: BTreeMap::from([(ROOT, root)]),
            automation_details: Automation { id: self.category() },
            invocations: [self.invocation()],
            results: audit.findings.iter().chain(gone).map(|finding| self.result(finding)).collect(),
            properties: self.properties(audit),
        }
    }

    /// Runs over different folders of a repository do not replace each other.
    fn category(&self) -> String {
        let name = env!("CARGO_PKG_NAME");
        let prefix = clean::line(&self.report.prefix);
        if prefix.is_empty() { format!("{name}/") } else { format!("{name}/{prefix}/") }
    }

    fn driver(&self) -> Driver {
        Driver {
            name: env!("CARGO_PKG_NAME"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: self.packs.rules().iter().map(|rule| self.rule(rule)).collect(),
        }
    }

    fn rule(&self, rule: &Rule) -> Descriptor {
        let item = self.packs.item(rule.item);
        let sentence = |pick: fn(&ItemTexts) -> &crate::verdict::Text| {
            item.map(|item| pick(item).in_tongue(self.tongue)).unwrap_or_default()
        };
        let (question, why) = (sentence(|item| &item.question), sentence(|item| &item.why));
        let advice = rule.help.in_tongue(self.tongue);
        let stage = self.packs.stages().iter().find(|stage| stage.number == rule.item.stage());
        let mut tags = vec![rule.item.id().to_owned()];
        tags.extend(stage.map(|stage| stage.title.en.to_lowercase()));
        if let Some(security) = rule.security {
            tags.push("security".to_owned());
            tags.push(format!("external/cwe/cwe-{:03}", security.cwe));
        }
        Descriptor {
            id: rule.id.clone(),
            name: pascal(&rule.id),
            short_description: Message::plain(&self.title(rule)),
            full_description: Message::plain(&format!("{question} {why}")),
            help: Help { text: clean::block(&format!("{why}\n{advice}")), markdown: self.help(rule, question, why) },
            default_configuration: Configuration { level: if rule.is_note() { "note" } else { "error" } },
            properties: RuleProperties {
                tags,
                precision: "high",
                severity: if rule.is_note() { "recommendation" } else { "error" },
                security: rule.security.map(|security| format!("{:.1}", security.severity)),
            },
        }
    }

    /// What lists of alerts show: `A1 timeouts: missing timeout`.
    fn title(&self, rule: &Rule) -> String {
        format!("{} {}: {}", rule.item.id(), self.packs.name(rule.item), rule.id.replace('-', " "))
    }

    /// What a code scanning page shows below a result.
    fn help(&self, rule: &Rule, question: &str, why: &str) -> String {
        let prose = |text: &str| clean::prose(text, false);
        let name = prose(self.packs.name(rule.item));
        let mut text = format!("**{} {name}:** {} {}", rule.item.id(), prose(question), prose(why));
        text.push_str(&format!("\n\n{}", prose(&words::advice(rule.help.in_tongue(self.tongue)))));
        for language in PASTE_LANGUAGES {
            if let Some(code) = rule.code(language) {
                text.push_str(&format!("\n\n{}", clean::fenced(&code, language)));
            }
        }
        text
    }

    fn result(&self, finding: &Finding) -> Outcome {
        let rules = self.packs.rules();
        let marks = order::marks(finding, self.tongue);
        let related = finding.related.iter().enumerate().map(|(index, related)| self.related(index + 1, related));
        Outcome {
            rule_id: clean::line(&finding.rule),
            rule_index: rules.iter().position(|rule| rule.id == finding.rule),
            level: match finding.confidence {
                Confidence::Certain => "error",
                Confidence::Likely => "warning",
                Confidence::Note => "note",
            },
            message: Message::plain(finding.message.in_tongue(self.tongue)),
            locations: [self.place(&finding.location)],
            related_locations: related.collect(),
            partial_fingerprints: Fingerprints {
                own: clean::line(&finding.fingerprint),
                // The one that GitHub matches by; the number tells equal ones apart, and none are equal.
                line: format!("{}:1", clean::line(&finding.fingerprint)),
            },
            suppressions: finding.suppressed.iter().map(suppression).collect(),
            baseline_state: finding.standing.map(|standing| match standing {
                Standing::New => "new",
                Standing::Known => "unchanged",
                Standing::Gone => "absent",
            }),
            properties: ResultProperties {
                item: finding.item.id(),
                confidence: finding.confidence,
                marks: marks.iter().map(|mark| clean::line(mark)).collect(),
            },
        }
    }

    fn place(&self, place: &Location) -> Place {
        Place { id: None, physical_location: self.physical(place), message: None }
    }

    fn related(&self, id: usize, related: &Evidence) -> Place {
        let message = Some(Message::plain(related.message.in_tongue(self.tongue)));
        Place { id: Some(id), physical_location: self.physical(&related.location), message }
    }

    fn physical(&self, place: &Location) -> Physical {
        Physical {
            artifact_location: self.artifact(&place.path),
            region: Some(Region {
                start_line: place.line,
                start_column: place.column,
                end_line: place.end_line,
                end_column: place.end_column,
            }),
        }
    }

    fn artifact(&self, path: &str) -> Artifact {
        Artifact { uri: clean::uri(&self.report.in_repository(path)), uri_base_id: ROOT }
    }

    /// Whether every shipping file could be read, and which could not.
    fn invocation(&self) -> Invocation {
        let coverage = &self.report.audit.coverage;
        let notify = |file: &Unread| Notification {
            level: "error",
            message: Message::plain(file.why.in_tongue(self.tongue)),
            locations: [Place {
                id: None,
                physical_location: Physical { artifact_location: self.artifact(&file.path), region: None },
                message: None,
            }],
        };
        Invocation {
            execution_successful: coverage.unread.is_empty(),
            tool_execution_notifications: coverage.unread.iter().map(notify).collect(),
        }
    }

    /// The checklist itself, which has no place in results.
    fn properties(&self, audit: &Audit) -> Properties {
        let weakened = order::weakened(audit, self.tongue);
        Properties {
            verdict: clean::line(&words::verdict(audit, self.tongue)),
            weakened: weakened.into_iter().map(|(said, place)| clean::line(&format!("{said} ({place})"))).collect(),
            remedies: order::remedies(audit, self.tongue).iter().map(|remedy| clean::line(remedy)).collect(),
            ready: audit.is_ready() && !audit.gate.empty,
            score: audit.score(),
            total: audit.boxes.len(),
            items: audit
                .boxes
                .iter()
                .map(|answer| BoxProperties {
                    id: answer.item.id(),
                    name: clean::line(self.packs.name(answer.item)),
                    verdict: answer.verdict,
                    because: clean::line(&match (&answer.attested, answer.verdict) {
                        (Some(attested), Verdict::Attested) => words::attested(attested, self.tongue),
                        _ => answer.because.in_tongue(self.tongue).to_owned(),
                    }),
                })
                .collect(),
        }
    }
}

fn suppression(suppression: &Suppression) -> Suppressed {
    Suppressed {
        kind: if suppression.by == "comment" { "inSource" } else { "external" },
        status: "accepted",
        justification: clean::line(&suppression.reason),
    }
}

/// `missing-timeout` as `MissingTimeout`: SARIF wants names of rules to be identifiers.
fn pascal(id: &str) -> String {
    let upper = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    id.split('-').map(upper).collect()
}
