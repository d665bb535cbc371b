//! Fields of settings classes whose default is no value: a credential that is empty or nothing, and goes into a client
//! without anybody asking whether it is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::units::{Binding, CallId, ClassId, NodeId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::super::super::case::Case;
use super::super::super::retrying::walk;
use super::classes::{is_made_of, settings_fields};
use super::meanings::is_credential;
use super::schemas::Required;

/// The credentials that clients are given although they may be missing.
pub fn unfilled_fields(case: &Case<'_, '_>) -> Vec<Required> {
    let program = case.program;
    let mut open: BTreeMap<&str, Vec<(ClassId, Required)>> = BTreeMap::new();
    for (class, name, assignment, required) in settings_fields(program) {
        if is_credential(&required.name) && assignment.value.as_ref().is_some_and(is_nothing) {
            open.entry(name).or_default().push((class, required));
        }
    }
    if open.is_empty() {
        return Vec::new();
    }
    let asked = texts(program, &open);
    let uses = Uses::of(program, &open);
    let mut all = Vec::new();
    for (name, fields) in open {
        // Each of its uses hands it to a client; a check, a name for it, or a look at it by its name is another.
        let handed = uses.handed.get(name).copied().unwrap_or(0);
        if !asked.contains(name) && handed > 0 && uses.read.get(name).copied().unwrap_or(0) == handed {
            all.extend(fields.into_iter().map(|(_, required)| required));
        }
    }
    all
}

/// `""`, `None`, `SecretStr("")`, `Field(default=None)`, `Field("")`.
pub(super) fn is_nothing(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Literal(Literal::Null) => true,
        ExpressionKind::Literal(Literal::Text(text)) => text.is_empty(),
        ExpressionKind::Call(call) => {
            let mut given =
                call.arguments.iter().filter(|argument| matches!(argument.name.as_deref(), None | Some("default")));
            given.next().is_some_and(|argument| is_nothing(&argument.value))
        }
        _ => false,
    }
}

/// How often fields are read, and how often they are handed to a client.
struct Uses<'m> {
    read: BTreeMap<&'m str, usize>,
    handed: BTreeMap<&'m str, usize>,
}

impl<'m> Uses<'m> {
    fn of(program: &Program<'m>, open: &BTreeMap<&'m str, Vec<(ClassId, Required)>>) -> Uses<'m> {
        let mut uses = Uses { read: BTreeMap::new(), handed: BTreeMap::new() };
        let mut constants: BTreeSet<usize> = BTreeSet::new();
        for (unit, info) in program.units.units.iter().enumerate() {
            let frame = program.open_frame(unit);
            for (_, member) in &info.members {
                let ExpressionKind::Member { object, name } = &member.kind else { continue };
                if let Some(fields) = open.get(name.as_str())
                    && is_of(program, object, frame, fields)
                {
                    *uses.read.entry(name).or_default() += 1;
                }
            }
            for call in &info.calls {
                for argument in &program.units.calls[*call].call.arguments {
                    let constant = constant_of(program, &argument.value, unit);
                    let (given, home) = constant.unwrap_or((&argument.value, frame));
                    let Some((object, name)) = field_of(given) else { continue };
                    let Some(fields) = open.get(name) else { continue };
                    let site = Site { call: *call, frame };
                    // A constant reads the field once, however many clients it is given to.
                    let is_first = |constants: &mut BTreeSet<usize>| {
                        constant.is_none() || constants.insert(std::ptr::from_ref(given) as usize)
                    };
                    if is_of(program, object, home, fields)
                        && is_client(program, site, argument)
                        && is_always(program, *call)
                        && is_first(&mut constants)
                    {
                        *uses.handed.entry(name).or_default() += 1;
                    }
                }
            }
            for node in info.nodes.iter().filter(|node| program.tests_around(**node).is_empty()) {
                if let Some((object, name)) = set_of_library(program, *node, frame)
                    && let Some((name, fields)) = open.get_key_value(name)
                    && is_of(program, object, frame, fields)
                {
                    *uses.handed.entry(name).or_default() += 1;
                }
            }
        }
        uses
    }
}

/// The field that a statement gives to a library as its setting: `openai.api_key = settings.api_key`.
fn set_of_library<'m>(program: &Program<'m>, node: NodeId, frame: FrameId) -> Option<(&'m Expression, &'m str)> {
    let NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) = program.units.nodes[node].kind
    else {
        return None;
    };
    let ExpressionKind::Member { object, name } = &assignment.target.kind else { return None };
    let is_library = |value: &Value<'_>| matches!(value, Value::Library { sites, .. } if sites.is_empty());
    let takes_key = is_credential(&name.to_ascii_uppercase()) && program.values(object, frame).iter().any(is_library);
    takes_key.then(|| field_of(assignment.value.as_ref()?))?
}

/// The value of a constant of the module, of which nobody asks whether it is there: `KEY` of `KEY = settings.key`.
fn constant_of<'m>(program: &Program<'m>, given: &'m Expression, unit: UnitId) -> Option<(&'m Expression, FrameId)> {
    let ExpressionKind::Name(name) = &given.kind else { return None };
    let units = &program.units;
    let module = program.module_of(unit);
    let body = units.bodies[module];
    if unit != body && units.units[unit].names.contains_key(name.as_str()) {
        return None;
    }
    let [Binding::Value { value, access, operator: None, .. }] = units.units[body].names.get(name.as_str())?.as_slice()
    else {
        return None;
    };
    let mentions = |test: &Expression| {
        let mut found = false;
        walk(test, &mut |each| found |= matches!(&each.kind, ExpressionKind::Name(other) if other == name));
        found
    };
    let asks = |node: &NodeId| match units.nodes[*node].kind {
        NodeKind::If { test, .. } => mentions(test),
        _ => false,
    };
    let is_asked = units.units.iter().filter(|unit| unit.module == module).flat_map(|unit| &unit.nodes).any(asks);
    (access.is_empty() && !is_asked).then(|| (*value, program.module_frame(module)))
}

/// Whether an object is the settings that have one of the fields.
fn is_of<'m>(program: &Program<'m>, object: &'m Expression, frame: FrameId, fields: &[(ClassId, Required)]) -> bool {
    program.values(object, frame).iter().any(|value| match value {
        Value::Instance { class, .. } => fields.iter().any(|(own, _)| is_made_of(program, *class, *own)),
        _ => false,
    })
}

/// The field that is given: `settings.key`, `settings.key.get_secret_value()`.
fn field_of(given: &Expression) -> Option<(&Expression, &str)> {
    match &given.kind {
        ExpressionKind::Member { object, name } => Some((object, name)),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, .. } if call.arguments.is_empty() => field_of(object),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a call makes a client of a library, and is given a credential.
fn is_client(program: &Program<'_>, site: Site, argument: &Argument) -> bool {
    let takes_key = argument.name.as_deref().is_none_or(|name| is_credential(&name.to_ascii_uppercase()));
    takes_key && program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Client))
}

/// Whether a call is made in every case: a switch around it may ask for what it needs.
fn is_always(program: &Program<'_>, call: CallId) -> bool {
    let node: NodeId = program.units.calls[call].node;
    program.tests_around(node).is_empty()
}

/// The names of fields that stand as texts somewhere: `@field_validator("key")`, `getattr(settings, "key")`.
fn texts<'n>(program: &Program<'_>, open: &BTreeMap<&'n str, Vec<(ClassId, Required)>>) -> BTreeSet<&'n str> {
    let mut found = BTreeSet::new();
    for info in &program.units.calls {
        for argument in &info.call.arguments {
            if let ExpressionKind::Literal(Literal::Text(text)) = &argument.value.kind
                && let Some((name, _)) = open.get_key_value(text.as_str())
            {
                found.insert(*name);
            }
        }
    }
    found
}
