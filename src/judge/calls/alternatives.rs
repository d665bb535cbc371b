//! The models that are asked when the first one fails: `first.with_fallbacks([second])`. A call may come to any of them.

use crate::link::arguments::Given;
use crate::link::{Program, Site, Value};
use crate::model::{Argument, ExpressionKind};
use crate::rules::catalogue::Kind;

/// The item whose guards ask others.
const ITEM: &str = "A3";
/// Marks what is given the model itself as the first of those that it asks.
const FIRST: &str = "first";
/// The argument path of all arguments.
const ALL: &str = "#*";
/// The keys by which clients are told their model.
pub const MODEL: [&str; 4] = ["model", "model_name", "modelName", "model_id"];

/// What is asked in place of a value when that fails.
pub(super) fn alternatives<'m>(program: &Program<'m>, value: &Value<'m>) -> Vec<Value<'m>> {
    program.makers(value).into_iter().flat_map(|made| given_at(program, made)).collect()
}

/// Whether all that a call makes something fall back to is the model itself: the same client, or another one for the same
/// model.
pub fn falls_back_to_itself<'m>(program: &Program<'m>, made: Site) -> bool {
    let others = given_at(program, made);
    if is_given_all(program, made) {
        // `FallbackModel(first)`: there must be another one behind the first.
        let arguments = &program.units.calls[made.call].call.arguments;
        let models: Vec<_> = arguments.iter().filter(|argument| is_model(argument)).collect();
        if models.iter().any(|model| matches!(model.value.kind, ExpressionKind::Spread(_))) {
            return false;
        }
        let is_first = |other: &Value<'m>| others.first().is_some_and(|first| is_same_model(program, first, other));
        return models.len() < 2 || others.len() >= models.len() && others.iter().all(is_first);
    }
    let ExpressionKind::Member { object, .. } = &program.units.calls[made.call].call.callee.kind else { return false };
    let first = program.values(object, made.frame);
    let is_same = |other: &Value<'m>| first.iter().all(|first| is_same_model(program, first, other));
    !others.is_empty() && !first.is_empty() && others.iter().all(is_same)
}

/// Whether an argument is one of the models: all that is given without a name.
fn is_model(argument: &Argument) -> bool {
    argument.name.is_none()
}

/// Whether the models that a call is given are all that it asks, one after the other.
fn is_given_all(program: &Program<'_>, made: Site) -> bool {
    let paths = program.callee_paths(made);
    let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
    facts.any(|(_, fact)| fact.protects.as_deref() == Some(ITEM) && fact.role.as_deref() == Some(FIRST))
}

/// What a call that something is given makes it fall back to: `Agent(FallbackModel(first, second))`.
pub(super) fn models_within<'m>(program: &Program<'m>, made: Site) -> Vec<Value<'m>> {
    let arguments = program.units.calls[made.call].call.arguments.iter();
    let given = arguments.flat_map(|argument| program.values(&argument.value, made.frame).to_vec());
    let sites = given.filter_map(|value| value.sites().last().copied());
    sites.filter(|site| is_given_all(program, *site)).flat_map(|site| given_at(program, site)).collect()
}

/// What a call is given to fall back to.
fn given_at<'m>(program: &Program<'m>, made: Site) -> Vec<Value<'m>> {
    let paths = program.callee_paths(made);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Guard));
    let guarding = facts.filter(|(_, fact)| fact.protects.as_deref() == Some(ITEM));
    let Some(at) = guarding.filter_map(|(_, fact)| fact.value.as_deref()).next() else { return Vec::new() };
    let given = if at == ALL {
        let arguments = &program.units.calls[made.call].call.arguments;
        let models = arguments.iter().filter(|argument| is_model(argument));
        models.map(|argument| (&argument.value, made.frame)).collect()
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
fn is_same_model<'m>(program: &Program<'m>, first: &Value<'m>, second: &Value<'m>) -> bool {
    let client = |value: &Value<'m>| {
        let mut sites = value.sites().iter().copied();
        sites.find(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Client)))
    };
    if let (Some(first), Some(second)) = (name_of(program, first), name_of(program, second)) {
        return first == second;
    }
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

/// The name of a model that stands for itself: `"openai:gpt-4.1"`.
fn name_of<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<String> {
    match value {
        Value::Data { expression, frame } => program.text(expression.0, *frame),
        _ => None,
    }
}
