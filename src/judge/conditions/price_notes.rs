//! `caller-controlled-limit`: the request chooses how long the answer may be, or which model gives it.

use crate::link::arguments::Given;
use crate::link::flow::Slice;
use crate::link::units::ClassId;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::super::behaviour::is_of_request;
use super::super::calls::External;
use super::super::case::Case;
use super::super::requests::BODIES;
use super::super::retrying::{last_name, walk};
use super::super::verdict::{Confidence, Finding};

/// Functions that hold a number within bounds.
const CLAMPS: [&str; 4] = ["min", "clamp", "minimum", "clip"];
/// What a schema puts on a field that bounds it, in the spelling of its library.
const BOUNDS: [&str; 14] = [
    "max",
    "lte",
    "lt",
    "le",
    "enum",
    "literal",
    "nativeEnum",
    "union",
    "picklist",
    "maxValue",
    "range",
    "oneOf",
    "conint",
    "choices",
];
/// The note about an LLM call whose price the caller chooses.
pub fn note(case: &Case<'_, '_>, external: &External) -> Option<Finding> {
    for (entry, sites) in &external.reached {
        for site in sites {
            let Some(name) = priced(case, external, *site).into_iter().find_map(|(expression, frame)| {
                chosen(case, expression, frame).filter(|name| !is_tested(case, *entry, *site, name))
            }) else {
                continue;
            };
            let detail = format!("`{name}`");
            let mut finding =
                case.call_finding("caller-controlled-limit", "note", external.call, &[("detail", detail)]);
            finding.confidence = Confidence::Note;
            return Some(finding);
        }
    }
    None
}

/// The arguments that decide what a call costs: how long its answer may be, and which model gives it.
fn priced<'m>(case: &Case<'_, 'm>, external: &External, site: Site) -> Vec<(&'m Expression, FrameId)> {
    let program = case.program;
    let own = program.catalogue.fact(external.fact).output.as_ref();
    let mut paths: Vec<String> = own.map(|output| output.arguments.clone()).unwrap_or_default();
    paths.push("model".to_owned());
    if let Some(endpoint) = external.endpoint {
        let keys = program.catalogue.fact(endpoint).output.as_ref().map(|output| output.arguments.clone());
        let keys: Vec<String> = keys.unwrap_or_default().into_iter().chain(["model".to_owned()]).collect();
        paths = BODIES.iter().flat_map(|body| keys.iter().map(move |key| format!("{body}.{key}"))).collect();
    }
    let given = paths.iter().filter_map(|path| match program.argument(site, path) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    });
    given.collect()
}

/// The name of what comes from the request into a value, where nothing on the way holds it within bounds.
fn chosen<'m>(case: &Case<'_, 'm>, expression: &'m Expression, frame: FrameId) -> Option<String> {
    let program = case.program;
    // `ask({ text: body.text, maxTokens: 400 })`: what is written out, beside what the request brings.
    // The default of a field of the request is none.
    let is_passed = |frame: FrameId| program.units.units[program.unit_of_frame(frame)].function.is_some();
    let is_written = |value: &Value<'m>| matches!(value, Value::Data { expression, frame } if matches!(expression.0.kind, ExpressionKind::Literal(_)) && is_passed(*frame));
    let values = program.values(expression, frame);
    if !values.is_empty() && values.iter().all(is_written) {
        return None;
    }
    let slice = program.slice(expression, frame);
    if !is_from_request(program, &slice) || slice.parts.iter().any(|(part, _)| bounds(part)) {
        return None;
    }
    // The outermost name is the field of the request, or what it was put into.
    let name = named(expression)?;
    (!is_held_by_schema(case, &slice, &name)).then_some(name)
}

fn is_from_request<'m>(program: &Program<'m>, slice: &Slice<'m>) -> bool {
    // What a platform hands over beside the request is the owner's: `context.env.MODEL`.
    let is_variable = |part: &'m Expression, frame: FrameId| {
        matches!(part.kind, ExpressionKind::Member { .. })
            && program
                .values(part, frame)
                .iter()
                .any(|value| value.path().is_some_and(|path| program.is_a(path, Kind::Environment)))
    };
    let owned: Vec<(&Expression, FrameId)> =
        slice.parts.iter().copied().filter(|(part, frame)| is_variable(part, *frame)).collect();
    let is_owned = |part: &Expression, frame: FrameId| {
        owned.iter().any(|(whole, home)| *home == frame && whole.span.contains(part.span))
    };
    let from_outside =
        |frame: FrameId| program.frame(frame).how == How::Framework && !owned.iter().any(|(_, home)| *home == frame);
    slice.parameters.iter().any(|(_, _, frame)| from_outside(*frame))
        || slice.parts.iter().any(|(part, frame)| match &part.kind {
            _ if is_owned(part, *frame) => false,
            ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Call(_) => {
                let values = program.values(part, *frame);
                values.iter().any(|value| value.path().is_some_and(|path| is_of_request(program, path)))
            }
            _ => false,
        })
}

/// Whether a part of the way compares, clamps, or looks up in a table.
fn bounds(part: &Expression) -> bool {
    match &part.kind {
        ExpressionKind::Call(call) => last_name(&call.callee).is_some_and(|name| CLAMPS.contains(&name)),
        ExpressionKind::Operator { operator, .. } => {
            matches!(operator.as_str(), "<" | ">" | "<=" | ">=" | "==" | "!=" | "in" | "not in" | "%")
        }
        // `MODELS[body.tier]`
        ExpressionKind::Index { object, index } => {
            matches!(&object.kind, ExpressionKind::Name(name) if name.chars().all(|each| each.is_uppercase() || each == '_'))
                && !matches!(index.kind, ExpressionKind::Literal(_))
        }
        _ => false,
    }
}

/// The field that a value is taken from: `length` of `length ?? 300`, `max_tokens` of `int(body.max_tokens)`.
fn named(expression: &Expression) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name.clone()),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(crate::model::Literal::Text(name)) => Some(name.clone()),
            _ => named(object),
        },
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => named(inner),
        ExpressionKind::Operator { operands, .. } => operands.iter().find_map(named),
        ExpressionKind::Conditional { then, .. } => named(then),
        ExpressionKind::Call(call) => {
            let texts = call.arguments.iter().find_map(|argument| match &argument.value.kind {
                ExpressionKind::Literal(crate::model::Literal::Text(name)) => Some(name.clone()),
                _ => named(&argument.value),
            });
            texts.or_else(|| match &call.callee.kind {
                ExpressionKind::Member { object, .. } => named(object),
                _ => None,
            })
        }
        _ => None,
    }
}

/// Whether a schema that the request is held against bounds the field, or may.
fn is_held_by_schema<'m>(case: &Case<'_, 'm>, slice: &Slice<'m>, name: &str) -> bool {
    let program = case.program;
    let mut told: Option<bool> = None;
    for (part, frame) in &slice.parts {
        let holder = match &part.kind {
            ExpressionKind::Member { object, name: field } if field == name => object,
            ExpressionKind::Object(entries) => {
                if let Some(entry) = entries.iter().find(|entry| entry.key.as_deref() == Some(name)) {
                    told = Some(told.unwrap_or(false) || names_a_bound(&entry.value));
                }
                continue;
            }
            _ => continue,
        };
        for value in program.values(holder, *frame).iter() {
            if let Value::Instance { class, .. } = value {
                told = Some(told.unwrap_or(false) || is_bounded_field(case, *class, name));
            }
        }
    }
    // A schema of which the field is not seen may hold it.
    told.unwrap_or_else(|| {
        slice.sites.iter().any(|site| {
            program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Schema))
                || last_name(&program.units.calls[site.call].call.callee).is_some_and(|name| {
                    matches!(name, "parse" | "safeParse" | "parseAsync" | "validate" | "model_validate")
                })
        })
    })
}

/// Whether the class of a request says how much a field may be: by its type or by what it is declared with.
fn is_bounded_field(case: &Case<'_, '_>, class: ClassId, name: &str) -> bool {
    let program = case.program;
    let info = &program.units.classes[class];
    let Some(fields) = info.fields.get(name) else { return false };
    fields.iter().any(|(unit, field)| {
        let frame = program.open_frame(*unit);
        let by_value = field.value.as_ref().is_some_and(names_a_bound);
        let by_type = field.annotation.as_ref().is_some_and(|annotation| {
            names_a_bound(annotation)
                || mentions(annotation, "Literal")
                // An enumeration, or a type of the program's own that checks itself.
                || program
                    .annotation(annotation, frame)
                    .iter()
                    .any(|value| matches!(value, Value::Instance { .. } | Value::Class(_)))
        });
        by_value || by_type
    })
}

fn mentions(expression: &Expression, wanted: &str) -> bool {
    let mut found = false;
    walk(expression, &mut |each| found |= last_name(each) == Some(wanted));
    found
}

/// `Field(le=500)`, `z.number().max(800)`, `z.enum([...])`, `range(max = 500)`
fn names_a_bound(expression: &Expression) -> bool {
    let mut found = false;
    walk(expression, &mut |each| {
        if let ExpressionKind::Call(call) = &each.kind {
            let is_bound = |name: &str| BOUNDS.contains(&name);
            found |= last_name(&call.callee).is_some_and(is_bound)
                || call.arguments.iter().any(|argument| argument.name.as_deref().is_some_and(is_bound));
        }
    });
    found
}

/// Whether a test on the way to the call asks about the field.
fn is_tested(case: &Case<'_, '_>, entry: usize, site: Site, name: &str) -> bool {
    let program = case.program;
    let Some(reach) = case.reaches.get(entry) else { return false };
    reach.trails(site).iter().flatten().any(|step| {
        program.gates(*step).iter().any(|gate| {
            let mut found = false;
            walk(gate.test, &mut |each| {
                found |= last_name(each) == Some(name)
                    || matches!(&each.kind, ExpressionKind::Literal(crate::model::Literal::Text(text)) if text == name);
            });
            found
        })
    })
}
