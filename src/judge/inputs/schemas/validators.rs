//! Methods of a schema class that look at the value of a field: one that refuses what is too long bounds it, and so does
//! one that hands a cut of it on.

use crate::judge::inputs::cuts::is_cut_within;
use crate::judge::inputs::kept::is_cut_whole;
use crate::judge::inputs::measures::{lengths, refuses_long};
use crate::link::units::{Binding, ClassId, UnitId};
use crate::link::{FrameId, How, Site};
use crate::model::{Argument, Expression, ExpressionKind, Literal, Parameter};

use crate::rules::catalogue::Kind;

use super::{Ask, Asked, Limit, Schemas, WHOLE};

impl<'m> Schemas<'_, 'm> {
    /// What the methods for a field say about it, told by their decorator or their name: `@field_validator("text")` over a
    /// length check that raises or over `return value[-20:]`, `def validate_text(self, text)`.
    pub(super) fn of_validators(&self, class: ClassId, field: &str, rest: &[&str], asked: Asked) -> Limit {
        // The number of a list's items is asked of the list, whatever is taken of them.
        let is_about_it = rest.is_empty() || asked.is_list && asked.ask == Ask::Count;
        if !is_about_it {
            return Limit::None;
        }
        let program = self.program;
        let info = &program.units.classes[class];
        let home = program.open_frame(info.unit);
        let whole = program.facts_of_bases(class, Kind::TextLimit).into_iter().map(|(_, fact)| fact);
        let whole: Vec<&str> =
            whole.filter(|fact| fact.role.as_deref() == Some(WHOLE)).filter_map(|fact| fact.by.as_deref()).collect();
        let mut units: Vec<UnitId> = info.methods.values().copied().collect();
        units.sort_unstable();
        let bounds = units.into_iter().any(|unit| {
            let Some(function) = program.units.units[unit].function else { return false };
            let is_named = ["validate_", "clean_"].iter().any(|verb| function.name.strip_prefix(verb) == Some(field));
            let whose = function.decorators.iter().filter_map(|decorator| validated(decorator, field)).next();
            let whose = whose.or(is_named.then_some(Whose::Field));
            // `def validate(self, attrs)`: the library hands it all fields.
            let is_whole = || whole.contains(&function.name.as_str());
            let Some(whose) = whose.or_else(|| is_whole().then_some(Whose::All)) else { return false };
            let frame = program.enter(unit, home, None, How::Framework);
            frame.is_some_and(|frame| {
                let handed = if whose == Whose::Field { self.handed_on(unit, frame) } else { Vec::new() };
                let mut frames = std::iter::once(frame).chain(handed);
                frames.any(|frame| self.refuses(frame, field, whose, asked))
                    || match whose {
                        Whose::Field => self.returns_cut(unit, frame, asked),
                        Whose::All => self.puts_cut(unit, frame, field, asked),
                    }
            })
        });
        if bounds { Limit::Held } else { Limit::None }
    }

    /// The functions to which a method hands the value that it is given: `return within(value)`.
    fn handed_on(&self, unit: UnitId, frame: FrameId) -> Vec<FrameId> {
        let program = self.program;
        let info = &program.units.units[unit];
        let Some(value) = info.function.and_then(|function| function.parameters.iter().find_map(value_of)) else {
            return Vec::new();
        };
        let is_it = |argument: &Argument| matches!(&argument.value.kind, ExpressionKind::Name(name) if name == value);
        let sites = info.calls.iter().map(|call| Site { call: *call, frame });
        let handing = sites.filter(|site| program.units.calls[site.call].call.arguments.iter().any(is_it));
        let runs = handing.flat_map(|site| program.runs(site).to_vec().into_iter().map(move |frame| (site, frame)));
        runs.filter(|(site, frame)| program.frame(*frame).how == How::Call(*site)).map(|(_, frame)| frame).collect()
    }

    /// Whether a method raises where what is asked of the field is too much.
    fn refuses(&self, frame: FrameId, field: &str, whose: Whose, asked: Asked) -> bool {
        let program = self.program;
        program.raising_gates(frame).iter().filter(|gate| refuses_long(program, gate)).any(|gate| {
            let measured = lengths(program, &program.slice(gate.test, gate.frame));
            measured.iter().any(|(measured, frame, _)| match of_field(self.given_to(measured, *frame), field) {
                // Of a list its own length is the number of its items; the length of something in it is that of a text.
                Part::Itself => asked.is_list == (asked.ask == Ask::Count),
                Part::Unnamed => whose == Whose::Field && asked.is_list == (asked.ask == Ask::Count),
                Part::Within => whose == Whose::Field && asked.is_list && asked.ask == Ask::Text,
            })
        })
    }

    /// What a name is given that is given something once: `attrs["text"]` of `text = attrs["text"]`.
    fn given_to(&self, named: &'m Expression, frame: FrameId) -> &'m Expression {
        let ExpressionKind::Name(name) = &named.kind else { return named };
        let names = &self.program.units.units[self.program.unit_of_frame(frame)].names;
        match names.get(name.as_str()).map(Vec::as_slice) {
            Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => value,
            _ => named,
        }
    }

    /// Whether a method that is given the whole object puts only so much of the field back in its place:
    /// `data["text"] = data["text"][:2_000]`.
    fn puts_cut(&self, unit: UnitId, frame: FrameId, field: &str, asked: Asked) -> bool {
        let program = self.program;
        let mut assigned = program.units.units[unit].nodes.iter().filter_map(|node| {
            let node = &program.units.nodes[*node];
            node.kind.assignment().filter(|_| node.parent.is_none())
        });
        assigned.any(|assignment| {
            let is_its = matches!(of_field(&assignment.target, field), Part::Itself) && assignment.operator.is_none();
            is_its && assignment.value.as_ref().is_some_and(|value| self.is_cut(value, frame, asked))
        })
    }

    /// Whether a method hands on only so much of what it is given.
    fn returns_cut(&self, unit: UnitId, frame: FrameId, asked: Asked) -> bool {
        self.program.units.units[unit].returns.iter().any(|value| self.is_cut(value, frame, asked))
    }

    fn is_cut(&self, value: &'m Expression, frame: FrameId, asked: Asked) -> bool {
        match (asked.ask, asked.is_list) {
            (Ask::Count, true) => is_cut_whole(self.program, value, frame, 0),
            (Ask::Text, false) => is_cut_within(self.program, value, frame, 0),
            _ => false,
        }
    }
}

/// The parameter of a method that holds the value.
fn value_of(parameter: &Parameter) -> Option<&str> {
    match &parameter.target.kind {
        ExpressionKind::Name(name) if !matches!(name.as_str(), "self" | "cls") => Some(name),
        _ => None,
    }
}

/// What a method is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The value of the field.
    Field,
    /// The whole object, or the value of each field.
    All,
}

/// What of a field is measured.
enum Part {
    /// The field by its name.
    Itself,
    /// What goes by another name of its own: the value that the method is given.
    Unnamed,
    /// Something that is taken of it, or of something else.
    Within,
}

fn of_field(measured: &Expression, field: &str) -> Part {
    let key = match &measured.kind {
        ExpressionKind::Member { name, .. } => Some(name.as_str()),
        ExpressionKind::Index { index, .. } => text(index),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } if name == "get" => {
                call.arguments.first().and_then(|key| text(&key.value))
            }
            // `value.strip()` is the value.
            ExpressionKind::Member { object, .. } => return of_field(object, field),
            _ => None,
        },
        _ => None,
    };
    match key {
        Some(key) if key == field => Part::Itself,
        Some(_) => Part::Within,
        None => Part::Unnamed,
    }
}

fn text(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}

/// Whether a decorator makes a method look at a field: `@field_validator("text")`, `@validator("text", "title")`,
/// `@model_validator(mode="after")`.
fn validated(decorator: &Expression, field: &str) -> Option<Whose> {
    let (callee, arguments) = match &decorator.kind {
        ExpressionKind::Call(call) => (&call.callee, call.arguments.as_slice()),
        _ => (decorator, &[][..]),
    };
    let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &callee.kind else { return None };
    let is_hook = matches!(name.as_str(), "pre_load" | "post_load");
    if !(is_hook || name.ends_with("validator") || name.starts_with("validates") || name.ends_with("_validate")) {
        return None;
    }
    let plain = arguments.iter().filter(|argument| argument.name.is_none());
    let texts: Vec<&str> = plain.filter_map(|argument| text(&argument.value)).collect();
    match texts.as_slice() {
        [] => Some(Whose::All),
        named if named.contains(&field) => Some(Whose::Field),
        named if named.contains(&"*") => Some(Whose::Field),
        _ => None,
    }
}
