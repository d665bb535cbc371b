//! Stage 4: program + rules → findings, evidence, verdicts, score.

pub mod behaviour;
pub mod calls;
pub mod case;
pub mod conditions;
pub mod guards;
pub mod inputs;
pub mod secrets;

use std::collections::BTreeSet;

use crate::link::Program;
use crate::link::entries::{Entries, Started};
use crate::rules::catalogue::Calls;
use crate::rules::packs::Packs;
pub use crate::verdict;

use case::{Case, Outcome};
use conditions::{alerting, availability, cost, environment, fallback, logging, retries, tokens};
use inputs::Inputs;
use verdict::{Answer, EntryPoint, EnvVar, ExternalCall, Finding, Inventory, LlmCall, Retry};

/// The answers about one program, and the inventory behind them.
#[derive(Debug)]
pub struct Judged {
    pub answers: Vec<Answer>,
    pub findings: Vec<Finding>,
    pub inventory: Inventory,
}

/// Judges a linked program. `secrets` answers E2, which looks at text and not at the program.
pub fn judge(program: &Program<'_>, packs: &Packs, started: &Started<'_>, secrets: Outcome) -> Judged {
    let entries = Entries::of(program, started);
    let case = Case::new(program, &entries, packs, started.served);
    let inputs = Inputs::new(&case);
    let constructs = retries::constructs(&case);
    let variables = environment::variables(&case);
    let mut outcomes = vec![
        logging::request_logging(&case),
        alerting::alerting(&case),
        environment::validation(&case, &variables),
        secrets,
        availability::timeouts(&case),
        retries::backoff(&case, &constructs),
        fallback::fallback(&case),
        cost::rate_limit(&case),
        cost::cost_cap(&case),
        cost::idempotency(&case),
        tokens::limits(&case, &inputs),
        tokens::history(&case, &inputs),
    ];
    outcomes.sort_by_key(|outcome| outcome.item);
    let inventory = inventory(&case, &inputs, &constructs, &variables);
    let (answers, findings) = answers(packs, outcomes);
    Judged { answers, findings, inventory }
}

/// Puts the findings of all items into one list, in the order of places within each item.
fn answers(packs: &Packs, outcomes: Vec<Outcome>) -> (Vec<Answer>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut answers = Vec::new();
    for mut outcome in outcomes {
        outcome.findings.sort_by(|a, b| (&a.location, &a.rule, &a.message).cmp(&(&b.location, &b.rule, &b.message)));
        number_repeats(&mut outcome.findings);
        let start = findings.len();
        let count = outcome.findings.len();
        for mut finding in outcome.findings {
            finding.item = outcome.item;
            findings.push(finding);
        }
        outcome.evidence.sort();
        outcome.evidence.dedup();
        answers.push(Answer {
            item: outcome.item,
            verdict: outcome.verdict,
            because: packs.because(outcome.item, outcome.because),
            evidence: outcome.evidence,
            findings: (start..start + count).collect(),
            attested: None,
        });
    }
    (answers, findings)
}

/// Two findings alike in everything that a fingerprint looks at are told apart by their order.
fn number_repeats(findings: &mut [Finding]) {
    let mut seen = BTreeSet::new();
    for finding in findings {
        let mut fingerprint = finding.fingerprint.clone();
        let mut number = 2;
        while !seen.insert(fingerprint.clone()) {
            fingerprint = case::fingerprint(&[&finding.fingerprint, &number.to_string()]);
            number += 1;
        }
        finding.fingerprint = fingerprint;
    }
}

/// The entry points as they are listed, and for each one of the case its place in the list. A handler that is
/// registered twice is listed once, with what holds for all its registrations.
fn entry_points(case: &Case<'_, '_>, inputs: &Inputs<'_, '_, '_>) -> (Vec<EntryPoint>, Vec<usize>) {
    let reaches_llm = case.reaching(|external| external.kind == Calls::Llm);
    let mut all: Vec<EntryPoint> = Vec::new();
    let mut listed = Vec::new();
    for (index, entry) in case.entries.entries.iter().enumerate() {
        let place = case.entry_location(entry);
        let reaches_llm = reaches_llm.contains(&index);
        let point = EntryPoint {
            path: place.path,
            line: place.line,
            end_line: place.end_line,
            kind: entry.kind.clone(),
            name: entry.name.clone(),
            public: entry.public,
            reaches_llm,
            logged: logging::is_logged(case, index),
            rate_limited: cost::is_limited(case, index),
            input_limited: reaches_llm && tokens::is_input_limited(case, inputs, index),
        };
        let same =
            |other: &EntryPoint| (&other.path, other.line, &other.kind) == (&point.path, point.line, &point.kind);
        match all.iter().position(same) {
            Some(position) => {
                if let Some(known) = all.get_mut(position) {
                    if !known.name.split(", ").any(|name| name == point.name) {
                        known.name = format!("{}, {}", known.name, point.name);
                    }
                    known.reaches_llm |= point.reaches_llm;
                    known.logged &= point.logged;
                    known.rate_limited &= point.rate_limited;
                    known.input_limited &= point.input_limited;
                }
                listed.push(position);
            }
            None => {
                listed.push(all.len());
                all.push(point);
            }
        }
    }
    (all, listed)
}

fn reached_from(external: &calls::External, listed: &[usize]) -> Vec<usize> {
    let places: BTreeSet<usize> =
        external.reached.iter().filter_map(|(entry, _)| listed.get(*entry).copied()).collect();
    places.into_iter().collect()
}

fn inventory(
    case: &Case<'_, '_>,
    inputs: &Inputs<'_, '_, '_>,
    constructs: &[retries::Construct],
    variables: &[environment::Variable],
) -> Inventory {
    let program = case.program;
    let reaches_llm = case.reaching(|external| external.kind == Calls::Llm);
    let (entry_points, listed) = entry_points(case, inputs);
    let mut inventory = Inventory { entry_points, ..Inventory::default() };
    for external in &case.externals {
        let place = program.place(external.call);
        let timeout = availability::bound(case, external) == availability::Bound::Bounded;
        if external.kind == Calls::Llm {
            inventory.llm_calls.push(LlmCall {
                path: place.path,
                line: place.line,
                end_line: place.end_line,
                api: external.api.clone(),
                max_tokens: tokens::has_output_limit(case, external),
                timeout,
                retry: retries::is_retried(case, external, constructs),
                entry_points: reached_from(external, &listed),
            });
        } else {
            inventory.external_calls.push(ExternalCall {
                path: place.path,
                line: place.line,
                end_line: place.end_line,
                api: external.api.clone(),
                timeout,
            });
        }
    }
    inventory.retries = constructs
        .iter()
        .map(|construct| {
            let place = program.location(construct.module, construct.span);
            Retry {
                path: place.path,
                line: place.line,
                end_line: place.end_line,
                bounded: construct.bounded,
                exponential: construct.exponential,
            }
        })
        .collect();
    inventory.env_vars = variables
        .iter()
        .map(|variable| {
            let place = program.location(variable.module, variable.span);
            EnvVar {
                name: variable.name.clone(),
                path: place.path,
                line: place.line,
                checked: variable.checked == environment::Checked::Yes,
            }
        })
        .collect();
    inventory
}
