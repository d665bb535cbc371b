//! Stage 4: program + rules → findings, evidence, verdicts, score.

mod applications;
pub mod baseline;
pub mod behaviour;
mod boundaries;
pub mod calls;
pub mod case;
pub mod chains;
mod channels;
mod cleared;
pub mod compare;
pub mod conditions;
pub mod deadlines;
pub mod failing;
pub mod generators;
pub mod guards;
pub mod ignore;
pub mod inputs;
mod inventory;
mod loaded;
pub mod processes;
mod replies;
mod requests;
pub mod retrying;
pub mod secrets;
pub mod settle;
pub mod streams;
mod transports;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Configuration;
use crate::link::Program;
use crate::link::entries::{Entries, Started};
use crate::rules::packs::Packs;
use crate::source::order::InOrder;
pub use crate::verdict;

use case::{Case, Outcome};
use chains::{Asked, Look};
use conditions::{alerting, availability, cost, environment, fallback, logging, retries, tokens};
use inputs::Inputs;
use verdict::chain::Explained;
use verdict::{Answer, EnvVar, Evidence, Finding, Inventory, Verdict};

/// The answers about one program, and the inventory behind them.
#[derive(Debug)]
pub struct Judged {
    pub answers: Vec<Answer>,
    pub findings: Vec<Finding>,
    pub inventory: Inventory,
}

/// What a program asks of its environment, with the answer to E1.
#[derive(Debug)]
pub struct Environment {
    required: Vec<EnvVar>,
    optional: Vec<EnvVar>,
    validation: Outcome,
}

/// What is answered by looking at calls: all items but E1 and E2.
#[derive(Debug)]
pub struct Calls {
    outcomes: Vec<Outcome>,
    /// Without variables.
    inventory: Inventory,
}

/// Opens a linked program for questions: its entry points are found once for all that are asked. `configuration` may say
/// which of them are public.
pub fn open<T>(
    program: &Program<'_>,
    packs: &Packs,
    started: &Started<'_>,
    configuration: &Configuration,
    ask: impl FnOnce(&Case<'_, '_>) -> T,
) -> T {
    let mut entries = Entries::of(program, started);
    calls::settle(program, &mut entries);
    for entry in &mut entries.entries {
        let path = &program.modules[entry.module].path;
        entry.public = configuration.publicness(path, &entry.name).unwrap_or(entry.public);
    }
    ask(&Case::new(program, &entries, packs, started))
}

/// Judges what a program asks of its environment.
pub fn environment(case: &Case<'_, '_>) -> Environment {
    let survey = environment::survey(case);
    let validation = environment::validation(case, &survey.required);
    let listed = |variables: &[environment::Variable]| inventory::variables(case.program, variables);
    Environment { required: listed(&survey.required), optional: listed(&survey.optional), validation }
}

/// Judges the calls of a program.
pub fn judge(case: &Case<'_, '_>) -> Calls {
    judge_and_look(case, |_| ()).0
}

/// Judges the calls of a program, and says what stands at a line of it. None: the file is none of the program.
pub fn explain(case: &Case<'_, '_>, asked: &Asked) -> (Calls, Option<Explained>) {
    judge_and_look(case, |look| look.explain(asked))
}

/// Judges, and looks at what was judged before it is let go.
fn judge_and_look<T>(case: &Case<'_, '_>, look: impl FnOnce(Look<'_, '_, '_>) -> T) -> (Calls, T) {
    let inputs = Inputs::new(case);
    let constructs = retries::constructs(case);
    let mut outcomes = vec![
        logging::request_logging(case),
        alerting::alerting(case),
        availability::timeouts(case),
        retries::backoff(case, &constructs),
        fallback::fallback(case),
        cost::rate_limit(case),
        cost::cost_cap(case),
        cost::idempotency(case),
        tokens::limits(case, &inputs),
        tokens::history(case, &inputs),
    ];
    let cited = cited(&Look { case, inputs: &inputs, constructs: &constructs, outcomes: &outcomes });
    for (outcome, evidence) in outcomes.iter_mut().zip(cited) {
        outcome.evidence.extend(evidence);
    }
    let inventory = inventory::inventory(case, &inputs, &constructs);
    let seen = look(Look { case, inputs: &inputs, constructs: &constructs, outcomes: &outcomes });
    (Calls { outcomes, inventory }, seen)
}

/// What each item that passes cites beside what its own judge has found; nothing for the others.
fn cited(look: &Look<'_, '_, '_>) -> Vec<Vec<Evidence>> {
    let is_open = |outcome: &Outcome| outcome.verdict == Verdict::Pass && outcome.evidence.is_empty();
    let cite = |outcome: &Outcome| if is_open(outcome) { look.evidence(outcome.item) } else { Vec::new() };
    look.outcomes.iter().map(cite).collect()
}

/// The answers to all twelve questions. `secrets` answers E2.
pub fn answered(packs: &Packs, calls: Calls, environment: Environment, secrets: Outcome) -> Judged {
    let mut outcomes = calls.outcomes;
    outcomes.extend([environment.validation, secrets]);
    outcomes.order_by_key(|outcome| outcome.item);
    let (answers, findings) = answers(packs, outcomes);
    let (env_vars, optional_vars) = (environment.required, environment.optional);
    let inventory = Inventory { env_vars, optional_vars, ..calls.inventory };
    Judged { answers, findings, inventory }
}

/// Puts the findings of all items into one list, in the order of places within each item.
fn answers(packs: &Packs, outcomes: Vec<Outcome>) -> (Vec<Answer>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut answers = Vec::new();
    for mut outcome in outcomes {
        outcome.findings.order_by(|a, b| (&a.location, &a.rule, &a.message).cmp(&(&b.location, &b.rule, &b.message)));
        number_repeats(&mut outcome.findings);
        let start = findings.len();
        let count = outcome.findings.len();
        for mut finding in outcome.findings {
            finding.item = outcome.item;
            findings.push(finding);
        }
        outcome.evidence.sort_unstable();
        outcome.evidence.dedup();
        answers.push(Answer {
            item: outcome.item,
            verdict: outcome.verdict,
            because: packs.because(outcome.item, outcome.because),
            evidence: outcome.evidence,
            findings: (start..start + count).collect(),
            attested: None,
            before: None,
        });
    }
    (answers, findings)
}

/// Two findings alike in everything that a fingerprint looks at are told apart by their order.
fn number_repeats(findings: &mut [Finding]) {
    let mut seen = BTreeSet::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let mut fingerprint = finding.fingerprint.clone();
        let number = numbers.entry(fingerprint.clone()).or_insert(2);
        while !seen.insert(fingerprint.clone()) {
            fingerprint = case::fingerprint(&[&finding.fingerprint, &number.to_string()]);
            *number += 1;
        }
        finding.fingerprint = fingerprint;
    }
}
