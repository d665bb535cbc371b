//! What stands behind the command that started the program: its arguments as they are, and what a parser makes of them.

use std::collections::BTreeSet;

use crate::link::units::ClassId;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Argument, Assignment, Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{expand, plain};

use super::super::behaviour::is_of_command;
use super::super::conditions::fallback::walk;
use super::Inputs;

/// The key by which a part is named where that is not its own name.
const NAME: &str = "dest";
/// Commands within commands.
const DEPTH: usize = 6;

impl<'m> Inputs<'_, '_, 'm> {
    /// The fact by which a name is what stands behind a command, or what a parser makes of that.
    pub(super) fn command(&self, path: &str) -> Option<&'m Fact> {
        self.program().facts_of(path, Kind::Request).into_iter().map(|(_, fact)| fact).find(|fact| is_of_command(fact))
    }

    /// Whether a part is declared to be no free text: `add_argument("--shape", choices=["round", "square"])`.
    pub(super) fn is_declared_otherwise(&self, fact: &Fact, part: Option<&str>) -> bool {
        let program = self.program();
        let Some(part) = part.filter(|_| !fact.keys.is_empty()) else { return false };
        let declares = |site: &&Site| {
            let arguments = &program.units.calls[site.call].call.arguments;
            arguments.iter().any(|argument| names(argument, part))
        };
        let is_other = |site: &Site| fact.unless.iter().any(|unless| program.meets(unless, *site) == Some(true));
        self.declared_parts().iter().filter(declares).any(is_other)
    }

    /// Whether somebody is asked for something else than free text: `click.prompt("How many", type=int)`.
    pub(super) fn asks_for_no_text(&self, path: &str, site: Site) -> bool {
        let program = self.program();
        let facts = program.facts_of(path, Kind::Request);
        let is_other = |fact: &&Fact| fact.unless.iter().any(|unless| program.meets(unless, site) == Some(true));
        !facts.is_empty() && facts.iter().map(|(_, fact)| fact).all(|fact| fact.keys.is_empty() && is_other(fact))
    }

    /// Whether a call fills a class of the program from the command, and the part of it that is asked for is free text:
    /// `Arguments::parse()`, then `.question`.
    pub(super) fn parses_command(&self, call: &'m Call, frame: FrameId, path: &[String]) -> bool {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return false };
        if !name.starts_with("parse") && !name.starts_with("try_parse") {
            return false;
        }
        let program = self.program();
        program.values(object, frame).iter().any(|value| match value {
            Value::Class(class) => is_command_line(program, *class) && is_free_text(program, *class, path, 0),
            _ => false,
        })
    }

    /// The calls that declare a part of what stands behind a command.
    fn declared_parts(&self) -> &[Site] {
        self.declared_parts.get_or_init(|| {
            let program = self.program();
            let facts = program.catalogue.of_kind(Kind::Request).map(|(_, fact)| fact);
            let keys = facts.filter(|fact| is_of_command(fact)).flat_map(|fact| &fact.keys);
            let keys: Vec<String> = keys.flat_map(|key| expand(key)).collect();
            let own: Vec<&str> = keys.iter().filter_map(|key| key.rsplit('.').next()).collect();
            let calls = own.iter().flat_map(|name| program.calls_of_method(name)).copied().collect::<BTreeSet<_>>();
            let site = |call| Site { call, frame: program.open_frame(program.units.calls[call].unit) };
            let is_named = |site: &Site| program.callee_paths(*site).iter().any(|path| keys.contains(&plain(path)));
            calls.into_iter().map(site).filter(is_named).collect()
        })
    }
}

/// Whether an argument of a declaration is the name of a part: `"--number-of-days"` of `number_of_days`.
fn names(argument: &Argument, part: &str) -> bool {
    let is_name = argument.name.as_deref().is_none_or(|name| name == NAME);
    let ExpressionKind::Literal(Literal::Text(text)) = &argument.value.kind else { return false };
    is_name && text.trim_start_matches('-').replace('-', "_") == part
}

/// Whether a class derives what fills it from a command line.
pub(in crate::judge) fn is_command_line(program: &Program<'_>, class: ClassId) -> bool {
    let info = &program.units.classes[class];
    let frame = program.open_frame(info.unit);
    let derived = info.class.decorators.iter().filter_map(|decorator| match &decorator.kind {
        ExpressionKind::Call(call) => Some(&call.arguments),
        _ => None,
    });
    derived.flatten().any(|argument| {
        program.values(&argument.value, frame).iter().filter_map(Value::path).any(|path| {
            let facts = program.facts_of(path, Kind::EnvironmentSchema);
            facts.iter().any(|(_, fact)| fact.role.as_deref() == Some("arguments"))
        })
    })
}

/// Whether what stands in a command line on a way of fields may be any text: no number, switch or choice.
fn is_free_text<'m>(program: &Program<'m>, class: ClassId, path: &[String], depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let info = &program.units.classes[class];
    let Some((first, rest)) = path.split_first() else { return false };
    let declared = info.fields.get(first.as_str()).and_then(|fields| fields.first());
    let is_text = |part: &Expression| matches!(&part.kind, ExpressionKind::Name(name) if name == "String");
    let command_of = |part: &'m Expression| {
        let values = program.values(part, program.open_frame(info.unit));
        values.iter().find_map(|value| match value {
            Value::Class(inner) if *inner != class && is_command_line(program, *inner) => Some(*inner),
            _ => None,
        })
    };
    match declared {
        Some((_, assignment)) => {
            let Some(annotation) = &assignment.annotation else { return false };
            parts_of(annotation, None).into_iter().any(|part| match command_of(part) {
                Some(inner) => is_free_text(program, inner, rest, depth + 1),
                None => is_text(part) && !is_choice(assignment),
            })
        }
        // One of several commands: `What::Explain { question }` of `question`.
        None => info.fields.values().flatten().filter_map(|(_, variant)| variant.annotation.as_ref()).any(|carried| {
            parts_of(carried, Some(first)).into_iter().any(|part| match command_of(part) {
                Some(inner) => is_free_text(program, inner, path, depth + 1),
                None => is_text(part),
            })
        }),
    }
}

/// The parts of a type; of fields that are written out, those of one name.
fn parts_of<'m>(annotation: &'m Expression, name: Option<&str>) -> Vec<&'m Expression> {
    let mut parts = Vec::new();
    walk(annotation, &mut |part| match &part.kind {
        ExpressionKind::Object(entries) => {
            parts.extend(entries.iter().filter(|entry| entry.key.as_deref() == name).map(|entry| &entry.value));
        }
        _ => parts.push(part),
    });
    parts
}

/// Whether a field takes one of a few values, or what a function of the program makes of the text.
fn is_choice(assignment: &Assignment) -> bool {
    let mut is_choice = false;
    if let Some(attributes) = &assignment.value {
        walk(attributes, &mut |part| {
            is_choice |= match &part.kind {
                ExpressionKind::Name(name) => is_parser(name),
                ExpressionKind::Call(call) => {
                    call.arguments.iter().any(|argument| argument.name.as_deref().is_some_and(is_parser))
                }
                _ => false,
            };
        });
    }
    is_choice
}

fn is_parser(name: &str) -> bool {
    matches!(name, "value_parser" | "value_enum" | "possible_values")
}
