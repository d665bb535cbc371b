//! The inventory behind the answers: entry points, calls, retries and variables, each with what holds for it.

use std::collections::BTreeSet;

use crate::link::Program;
use crate::rules::catalogue::Calls;
use crate::verdict::{EntryPoint, EnvVar, ExternalCall, Inventory, LlmCall, Retry, Spot};

use super::calls;
use super::case::Case;
use super::conditions::{availability, cost, environment, logging, retries, tokens};
use super::inputs::Inputs;

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

/// What the audit saw, for the machine report, but for variables.
pub(super) fn inventory(
    case: &Case<'_, '_>,
    inputs: &Inputs<'_, '_, '_>,
    constructs: &[retries::Construct],
) -> Inventory {
    let program = case.program;
    let (entry_points, listed) = entry_points(case, inputs);
    let mut inventory = Inventory { entry_points, ..Inventory::default() };
    for external in case.externals() {
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
    inventory
}

/// The variables as they are listed.
pub(super) fn variables(program: &Program<'_>, variables: &[environment::Variable]) -> Vec<EnvVar> {
    let listed = |variable: &environment::Variable| {
        let place = program.location(variable.module, variable.span);
        let checked_at = variable.check.map(|(module, span)| program.location(module, span));
        EnvVar {
            name: variable.name.clone(),
            path: place.path,
            line: place.line,
            checked: variable.checked == environment::Checked::Yes,
            feeds: environment::feeds(&variable.name),
            checked_at: checked_at.map(|place| Spot { path: place.path, line: place.line }),
        }
    };
    variables.iter().map(listed).collect()
}
