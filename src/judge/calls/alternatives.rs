//! The models that are asked when the first one fails: `first.with_fallbacks([second])`. A call may come to any of them.

use crate::link::arguments::Given;
use crate::link::{Program, Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::Kind;

/// The item whose guards ask others.
const ITEM: &str = "A3";
/// The argument path of all arguments.
const ALL: &str = "#*";
/// The keys by which clients are told their model.
const MODEL: [&str; 4] = ["model", "model_name", "modelName", "model_id"];

/// What is asked in place of a value when that fails.
pub(super) fn alternatives<'m>(program: &Program<'m>, value: &Value<'m>) -> Vec<Value<'m>> {
    program.makers(value).into_iter().flat_map(|made| given_at(program, made)).collect()
}

/// Whether all that a call makes something fall back to is the model itself: the same client, or another one for the same
/// model.
pub fn falls_back_to_itself(program: &Program<'_>, made: Site) -> bool {
    let ExpressionKind::Member { object, .. } = &program.units.calls[made.call].call.callee.kind else { return false };
    let others = given_at(program, made);
    let first = program.values(object, made.frame);
    let is_same = |other: &Value<'_>| first.iter().all(|first| is_same_model(program, first, other));
    !others.is_empty() && !first.is_empty() && others.iter().all(is_same)
}

/// What a call is given to fall back to.
fn given_at<'m>(program: &Program<'m>, made: Site) -> Vec<Value<'m>> {
    let paths = program.callee_paths(made);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
    let guarding = facts.filter(|(_, fact)| fact.protects.as_deref() == Some(ITEM));
    let Some(at) = guarding.filter_map(|(_, fact)| fact.value.as_deref()).next() else { return Vec::new() };
    let given = if at == ALL {
        let arguments = &program.units.calls[made.call].call.arguments;
        arguments.iter().map(|argument| (&argument.value, made.frame)).collect()
    } else {
        match program.argument_of(made, at) {
            Given::Present { expression, frame } => vec![(expression, frame)],
            _ => Vec::new(),
        }
    };
    let values = given.into_iter().flat_map(|(expression, frame)| program.values(expression, frame).to_vec());
    let each = values.flat_map(|value| match &value {
        Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::List(_)) => {
            program.elements(&value)
        }
        _ => vec![value],
    });
    each.collect()
}

/// Whether two clients are known to ask the same model.
fn is_same_model(program: &Program<'_>, first: &Value<'_>, second: &Value<'_>) -> bool {
    let client = |value: &Value<'_>| {
        let mut sites = value.sites().iter().copied();
        sites.find(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Client)))
    };
    let (Some(first), Some(second)) = (client(first), client(second)) else { return false };
    let model = |site: Site| {
        MODEL.iter().find_map(|key| match program.argument(site, key) {
            Given::Present { expression, frame } => program.text(expression, frame),
            _ => None,
        })
    };
    let is_same_class = || program.callee_paths(first) == program.callee_paths(second);
    first == second || is_same_class() && model(first).is_some() && model(first) == model(second)
}
