//! What schemas say about the length of a field: classes with markers on their fields, and schemas made by calls.

mod brackets;
mod functions;
mod json;
mod nested;
mod patterns;
mod validators;

use std::rc::Rc;

use crate::link::arguments::UNSENT;
use crate::link::arguments::{Amount, Given};
use crate::link::units::{Binding, ClassId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Assignment, Expression, ExpressionKind, Parameter, StatementKind};
use crate::rules::catalogue::Kind;

use super::words::{is_list_type, is_no_text, items_of};

/// What a schema says about the text of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Nothing.
    #[default]
    None,
    /// It is refused when it is too long.
    Held,
    /// So it is declared; it holds where a method is called (`.validate`), or behind something that validates.
    Declared(Rc<str>),
}

impl Limit {
    pub(super) fn or(self, other: impl FnOnce() -> Limit) -> Limit {
        match self {
            Limit::None => other(),
            // What holds of itself is better than what has to be asked for.
            Limit::Declared(by) => match other() {
                Limit::Held => Limit::Held,
                _ => Limit::Declared(by),
            },
            Limit::Held => Limit::Held,
        }
    }

    fn and(self, other: Limit) -> Limit {
        match (self, other) {
            (Limit::None, _) | (_, Limit::None) => Limit::None,
            (Limit::Declared(by), _) | (_, Limit::Declared(by)) => Limit::Declared(by),
            _ => Limit::Held,
        }
    }

    pub(super) fn is_some(&self) -> bool {
        *self != Limit::None
    }
}

/// What is asked of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The length of its text.
    Text,
    /// The number of its items.
    Count,
}

/// What is asked of a marker, and whether it stands on a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub ask: Ask,
    pub is_list: bool,
}

/// A marker by which a field says that it is looked into.
const NESTED: &str = "nested";
/// A marker that tells of which class that is what is in a field.
const TYPED: &str = "typed";
/// A marker of a class that is made of what comes in by a method of its own.
const CONVERTED: &str = "converted";
/// A type that is given its limits in brackets.
const INDEXED: &str = "indexed";
/// A class to derive from, one method of which looks at all fields.
const WHOLE: &str = "whole";
/// A regular expression that a text must match.
const PATTERN: &str = "pattern";

const DEPTH: usize = 6;

pub(super) struct Schemas<'p, 'm> {
    pub program: &'p Program<'m>,
}

impl<'m> Schemas<'_, 'm> {
    /// What the markers and the class of a parameter say about a path in it.
    pub(super) fn of_parameter(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str], ask: Ask) -> Limit {
        let markers = parameter.default.iter().chain(&parameter.annotation).chain(&parameter.decorators);
        let is_list = parameter.annotation.as_ref().is_some_and(|annotation| items_of(annotation).is_some());
        let asked = Asked { ask, is_list };
        let own = markers.fold(Limit::None, |found, marker| {
            if path.is_empty() { found.or(|| self.of_marker(marker, frame, asked, 0)) } else { found }
        });
        own.or(|| match &parameter.annotation {
            Some(annotation) if !self.is_erased(annotation, frame) => self.of_type(annotation, frame, path, ask, 0),
            _ => Limit::None,
        })
        .or(|| self.of_items(parameter, frame, path, ask))
    }

    /// Whether a parameter is a list of so many short texts: `tags: list[constr(max_length=40)] = Body(max_length=10)`.
    fn of_items(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str], ask: Ask) -> Limit {
        let item = parameter.annotation.as_ref().and_then(items_of);
        let Some(item) = item.filter(|_| path.is_empty() && ask == Ask::Text) else { return Limit::None };
        let is_short = self.of_marker(item, frame, Asked { ask, is_list: false }, 0);
        is_short.and(self.of_parameter(parameter, frame, path, Ask::Count))
    }

    /// Whether a type is imported for the compiler only: where the program runs nothing knows of it.
    fn is_erased(&self, annotation: &Expression, frame: FrameId) -> bool {
        let ExpressionKind::Name(name) = &annotation.kind else { return false };
        let module = self.program.module_of(self.program.unit_of_frame(frame));
        let body = &self.program.units.units[self.program.units.bodies[module]];
        body.names.get(name.as_str()).is_some_and(|bindings| {
            bindings.iter().all(|binding| matches!(binding, Binding::Import(import) if import.is_type_only))
        })
    }

    /// What a type says: the class that it names, or the items of a list.
    fn of_type(&self, annotation: &'m Expression, frame: FrameId, path: &[&str], ask: Ask, depth: usize) -> Limit {
        if depth > DEPTH {
            return Limit::None;
        }
        self.program.annotation(annotation, frame).iter().fold(Limit::None, |found, value| {
            found.or(|| match value {
                Value::Instance { class, .. } if path.is_empty() && ask == Ask::Text => {
                    self.of_all_fields(*class, depth + 1)
                }
                Value::Instance { class, .. } if !path.is_empty() => self.of_class(*class, path, ask, depth + 1),
                _ => Limit::None,
            })
        })
    }

    /// What a class says about a path in its instances.
    pub(super) fn of_class(&self, class: ClassId, path: &[&str], ask: Ask, depth: usize) -> Limit {
        let program = self.program;
        let info = &program.units.classes[class];
        let Some((field, rest)) = path.split_first().filter(|_| depth <= DEPTH) else { return Limit::None };
        let home = program.open_frame(info.unit);
        let Some(fields) = info.fields.get(field) else {
            return info.class.bases.iter().flat_map(|base| program.values(base, home).to_vec()).fold(
                Limit::None,
                |found, value| {
                    found.or(|| match value {
                        Value::Class(base) if base != class => self.of_class(base, path, ask, depth + 1),
                        _ => Limit::None,
                    })
                },
            );
        };
        let declared = fields.iter().fold(Limit::None, |found, (unit, assignment)| {
            // What methods assign declares nothing.
            if *unit != info.unit {
                return found;
            }
            found.or(|| self.of_field(class, field, assignment, rest, ask, home, depth))
        });
        let is_list = fields.iter().any(|(_, each)| each.annotation.as_ref().and_then(items_of).is_some());
        let declared = declared.or(|| self.of_validators(class, field, rest, Asked { ask, is_list }));
        if ask == Ask::Text && rest.is_empty() && !is_list {
            // One of a few literals is as long as these.
            let is_choice = || if self.is_no_text(class, field) { Limit::Held } else { Limit::None };
            declared.or(is_choice).or(|| self.of_whole_class(class, home)).or(|| self.of_conversion(class, home))
        } else {
            declared
        }
    }

    /// What a class says about all its texts: `model_config = ConfigDict(str_max_length=2000)`.
    fn of_whole_class(&self, class: ClassId, home: FrameId) -> Limit {
        let program = self.program;
        let settings = program.units.classes[class].class.body.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Assign(assignment) => assignment.value.as_ref(),
            _ => None,
        });
        let calls = settings.filter_map(|value| match &value.kind {
            ExpressionKind::Call(call) => program.units.call_id(call),
            _ => None,
        });
        let limits = |site: Site| {
            program.callee_paths(site).iter().any(|path| {
                program.facts_of(path, Kind::TextLimit).iter().any(|(_, fact)| {
                    fact.role.as_deref() == Some("all")
                        && fact.limit.as_ref().is_some_and(|limit| match program.argument_of(site, limit) {
                            Given::Present { expression, frame } => {
                                program.amount(expression, frame, None, &[]) != Amount::Off
                            }
                            _ => false,
                        })
                })
            })
        };
        if calls.map(|call| Site { call, frame: home }).any(limits) { Limit::Held } else { Limit::None }
    }

    /// What the method says by which a class of one text is made of what comes in: `#[serde(try_from = "String")]`.
    fn of_conversion(&self, class: ClassId, home: FrameId) -> Limit {
        let program = self.program;
        let info = &program.units.classes[class];
        if info.order.len() > 1 {
            return Limit::None;
        }
        let decorators = info.class.decorators.iter().filter_map(|decorator| match &decorator.kind {
            ExpressionKind::Call(call) => Some(Site { call: program.units.call_id(call)?, frame: home }),
            _ => None,
        });
        let bounds = |site: Site| {
            program.callee_paths(site).iter().any(|path| {
                program.facts_of(path, Kind::TextLimit).iter().any(|(_, fact)| {
                    let is_given = |limit: &String| matches!(program.argument_of(site, limit), Given::Present { .. });
                    let method = fact.by.as_deref().and_then(|by| info.methods.get(by));
                    let is_converted =
                        fact.role.as_deref() == Some(CONVERTED) && fact.limit.as_ref().is_some_and(is_given);
                    method.filter(|_| is_converted).is_some_and(|unit| {
                        let frame = program.enter(*unit, home, None, How::Framework);
                        frame.is_some_and(|frame| functions::bounds_within(program, frame, false))
                    })
                })
            })
        };
        let is_bounded = decorators.collect::<Vec<_>>().into_iter().any(bounds);
        if is_bounded { Limit::Held } else { Limit::None }
    }

    #[expect(clippy::too_many_arguments, reason = "one field with what is asked of it")]
    fn of_field(
        &self,
        class: ClassId,
        field: &str,
        assignment: &'m Assignment,
        rest: &[&str],
        ask: Ask,
        home: FrameId,
        depth: usize,
    ) -> Limit {
        let is_list = assignment.annotation.as_ref().is_some_and(|annotation| items_of(annotation).is_some());
        // What is asked of the items of a list is asked of the list itself where it is about their number.
        let asks_here = rest.is_empty() || ask == Ask::Count && is_list;
        let asked = Asked { ask, is_list };
        let markers = assignment.value.iter().chain(&assignment.annotation).chain(self.decorations(class, field));
        let own = if asks_here {
            markers.fold(Limit::None, |found, marker| found.or(|| self.of_marker(marker, home, asked, 0)))
        } else {
            Limit::None
        };
        own.or(|| match &assignment.annotation {
            Some(annotation) if ask == Ask::Text => {
                let within = self.of_type(annotation, home, rest, ask, depth + 1);
                self.looked_into(within, class, field, assignment).or(|| {
                    let item = items_of(annotation).filter(|_| rest.is_empty());
                    item.map_or(Limit::None, |item| {
                        let of_item = Asked { ask, is_list: false };
                        if is_no_text(item) { Limit::Held } else { self.of_marker(item, home, of_item, 0) }
                    })
                })
            }
            Some(annotation) if !rest.is_empty() => {
                let within = self.of_type(annotation, home, rest, ask, depth + 1);
                self.looked_into(within, class, field, assignment)
            }
            _ => Limit::None,
        })
    }

    /// The expressions that stand before a field in the body of its class: `@MaxLength(2000)`.
    fn decorations(&self, class: ClassId, field: &str) -> Vec<&'m Expression> {
        let mut pending = Vec::new();
        for statement in &self.program.units.classes[class].class.body {
            match &statement.kind {
                StatementKind::Expression(expression) => pending.push(expression),
                StatementKind::Assign(assignment) => {
                    if matches!(&assignment.target.kind, ExpressionKind::Name(name) if name == field) {
                        return pending;
                    }
                    pending.clear();
                }
                _ => pending.clear(),
            }
        }
        Vec::new()
    }

    /// Whether every text field of a class is limited.
    pub(super) fn of_all_fields(&self, class: ClassId, depth: usize) -> Limit {
        let info = &self.program.units.classes[class];
        if info.order.is_empty() || depth > DEPTH {
            return Limit::None;
        }
        info.order.iter().fold(Limit::Held, |found, field| {
            if found == Limit::None || self.is_no_text(class, field) {
                return found;
            }
            found.and(self.of_class(class, &[field], Ask::Text, depth + 1))
        })
    }

    /// Whether a field holds no text: a number, a choice, an enumeration.
    pub(super) fn is_no_text(&self, class: ClassId, field: &str) -> bool {
        let info = &self.program.units.classes[class];
        let home = self.program.open_frame(info.unit);
        info.fields.get(field).is_some_and(|fields| {
            fields.iter().any(|(_, assignment)| {
                assignment
                    .annotation
                    .as_ref()
                    .is_some_and(|annotation| is_no_text(annotation) || self.is_choice(annotation, home))
            })
        })
    }

    /// Whether values are objects of classes of the program that have other fields, but not this one.
    pub(super) fn lack_field(&self, values: &[Value<'m>], field: &str) -> bool {
        let lacks = |value: &Value<'m>| match value {
            Value::Instance { class, .. } => {
                let info = &self.program.units.classes[*class];
                let has_own = |class: &ClassId| {
                    let info = &self.program.units.classes[*class];
                    info.fields.contains_key(field) || info.methods.contains_key(field)
                };
                // What a class derives from another class of the program, or is given besides, is not looked for.
                let derives = info.class.bases.iter().any(|base| {
                    let home = self.program.open_frame(info.unit);
                    self.program.values(base, home).iter().any(|value| matches!(value, Value::Class(_)))
                });
                !info.fields.is_empty() && !derives && !has_own(class) && !info.extensions.iter().any(has_own)
            }
            _ => false,
        };
        !values.is_empty() && values.iter().all(lacks)
    }

    /// A name for a choice of literals, or an enumeration.
    pub(super) fn is_choice(&self, annotation: &'m Expression, frame: FrameId) -> bool {
        let program = self.program;
        program.values(annotation, frame).iter().any(|value| match value {
            Value::Data { expression, .. } => !std::ptr::eq(expression.0, annotation) && is_no_text(expression.0),
            Value::Library { path, .. } => path.ends_with("Literal[]"),
            Value::Class(class) => {
                program.units.classes[*class].class.bases.iter().any(|base| Program::written(base).ends_with("Enum"))
            }
            _ => false,
        })
    }

    /// What a marker or type holds: `Field(max_length=4000)`, `constr(max_length=10)`, `Annotated[str, MaxLen(10)]`.
    pub(super) fn of_marker(&self, marker: &'m Expression, frame: FrameId, asked: Asked, depth: usize) -> Limit {
        if depth > DEPTH {
            return Limit::None;
        }
        let any = |parts: &mut dyn Iterator<Item = &'m Expression>| {
            parts.fold(Limit::None, |found, part| found.or(|| self.of_marker(part, frame, asked, depth + 1)))
        };
        match &marker.kind {
            ExpressionKind::Index { object, index } => {
                // The items of a list: what they are limited to is told by their own type.
                if is_list_type(object) {
                    return Limit::None;
                }
                if let Some(limit) = self.of_brackets(object, index, frame, asked) {
                    return limit;
                }
                match &index.kind {
                    ExpressionKind::List(parts) => any(&mut parts.iter()),
                    _ => any(&mut std::iter::once(index.as_ref())),
                }
            }
            ExpressionKind::Operator { operands, .. } => any(&mut operands.iter()),
            // Several attributes of one field.
            ExpressionKind::List(parts) => any(&mut parts.iter()),
            _ => self.program.values(marker, frame).iter().fold(Limit::None, |found, value| {
                found.or(|| match value {
                    Value::Library { sites, .. } => {
                        sites.iter().fold(Limit::None, |found, site| found.or(|| self.of_site(*site, asked)))
                    }
                    Value::Data { expression, frame } if !std::ptr::eq(expression.0, marker) => {
                        self.of_marker(expression.0, *frame, asked, depth + 1)
                    }
                    _ => Limit::None,
                })
            }),
        }
    }

    /// What a call limits that itself brings a text: `st.chat_input(max_chars=500)`.
    pub(super) fn of_call(&self, site: Site) -> Limit {
        self.of_site(site, Asked { ask: Ask::Text, is_list: false })
    }

    /// What a call in a schema limits.
    fn of_site(&self, site: Site, asked: Asked) -> Limit {
        let program = self.program;
        program.callee_paths(site).iter().fold(Limit::None, |found, path| {
            found.or(|| {
                program.facts_at(path, Kind::TextLimit, site).iter().fold(Limit::None, |found, (_, fact)| {
                    if !fact.needs.iter().all(|need| program.meets(need, site) == Some(true)) {
                        return found;
                    }
                    let fits = match fact.role.as_deref() {
                        Some("count") => asked.ask == Ask::Count,
                        // It stands beside the fields, not on them.
                        Some("all" | NESTED | TYPED | UNSENT | CONVERTED | INDEXED | WHOLE) => false,
                        // Of a list it is the number of its items.
                        Some("both") => (asked.ask == Ask::Count) == asked.is_list,
                        _ => asked.ask == Ask::Text,
                    };
                    let is_raising = fact.how.as_deref() == Some("raising");
                    let by_function = is_raising || fact.how.as_deref() == Some("function");
                    let by_pattern = fact.role.as_deref() == Some(PATTERN);
                    let is_given = |limit: &String| match program.argument_of(site, limit) {
                        Given::Present { expression, frame } if by_pattern => {
                            program.text(expression, frame).is_some_and(|pattern| patterns::ends(&pattern))
                        }
                        Given::Present { expression, frame } if by_function => {
                            functions::bounds(program, expression, frame, fact.by.as_deref(), is_raising)
                        }
                        Given::Present { expression, frame } => {
                            program.amount(expression, frame, None, &[]) != Amount::Off
                        }
                        _ => false,
                    };
                    let limit = match (&fact.by, fact.how.as_deref()) {
                        _ if !fits || !fact.limit.as_ref().is_none_or(is_given) => Limit::None,
                        (Some(by), _) if !by_function => Limit::Declared(Rc::from(by.as_str())),
                        (None, Some(how)) if !by_function => Limit::Declared(Rc::from(how)),
                        _ => Limit::Held,
                    };
                    found.or(|| limit)
                })
            })
        })
    }

    /// What a schema that calls made says about a path: `z.object({text: z.string().max(4000)})`.
    pub(super) fn of_schema(&self, schema: &Value<'m>, path: &[&str], ask: Ask, depth: usize) -> Limit {
        if depth > DEPTH {
            return Limit::None;
        }
        match schema {
            Value::Class(class) | Value::Instance { class, .. } => match path {
                [] if ask == Ask::Text => self.of_all_fields(*class, depth + 1),
                _ => self.of_class(*class, path, ask, depth + 1),
            },
            Value::Library { sites, .. } => self.of_made(sites, path, ask, depth),
            Value::Data { expression, frame } => match (&expression.0.kind, path.split_first()) {
                (ExpressionKind::Object(entries), _) if json::is_schema(entries) => {
                    self.of_json(entries, *frame, path, ask, depth + 1)
                }
                (ExpressionKind::Object(entries), Some((field, rest))) => {
                    let entry = entries.iter().find(|entry| entry.key.as_deref() == Some(field));
                    entry.map_or(Limit::None, |entry| self.of_values(&entry.value, *frame, rest, ask, depth + 1))
                }
                _ => Limit::None,
            },
            _ => Limit::None,
        }
    }

    fn of_values(&self, schema: &'m Expression, frame: FrameId, path: &[&str], ask: Ask, depth: usize) -> Limit {
        let values = self.program.values(schema, frame);
        values.iter().fold(Limit::None, |found, value| found.or(|| self.of_schema(value, path, ask, depth)))
    }

    fn of_made(&self, sites: &[Site], path: &[&str], ask: Ask, depth: usize) -> Limit {
        if let Some(limit) = self.of_union(sites, path, ask, depth) {
            return limit;
        }
        let program = self.program;
        // The links of its own chain; the constructor holds the fields.
        let asked = Asked { ask, is_list: ask == Ask::Count };
        let own = sites.iter().fold(Limit::None, |found, site| found.or(|| self.of_site(*site, asked)));
        if own.is_some() && (path.is_empty() || ask == Ask::Count) {
            return own;
        }
        sites.iter().fold(Limit::None, |found, site| {
            found.or(|| match path.split_first() {
                Some((field, rest)) => match program.argument(*site, field) {
                    Given::Present { expression, frame } => self.of_values(expression, frame, rest, ask, depth + 1),
                    // `z.array(item)`, `schema.optional()`: what it is made of.
                    _ => self.of_inner(*site, path, ask, depth),
                },
                None if ask == Ask::Text => self.of_inner(*site, path, ask, depth),
                None => Limit::None,
            })
        })
    }

    /// What a schema says of a text that it takes where one of several takes it: the least of theirs, as far as they can be
    /// seen into. None: it is no such schema.
    fn of_union(&self, sites: &[Site], path: &[&str], ask: Ask, depth: usize) -> Option<Limit> {
        if ask != Ask::Text {
            return None;
        }
        let program = self.program;
        // Of several shapes those have a say that have the field.
        let has_field = |sites: &[Site]| {
            path.first().is_none_or(|field| {
                sites.iter().any(|site| matches!(program.argument(*site, field), Given::Present { .. }))
            })
        };
        let is_union = |path: &Rc<str>| {
            program.facts_of(path, Kind::Schema).iter().any(|(_, fact)| fact.role.as_deref() == Some("each"))
        };
        let at = sites.iter().rposition(|site| program.callee_paths(*site).iter().any(is_union))?;
        let site = *sites.get(at)?;
        let parts: Vec<&'m Expression> = program.units.calls[site.call]
            .call
            .arguments
            .iter()
            .flat_map(|argument| match &argument.value.kind {
                ExpressionKind::List(items) => items.iter().collect(),
                _ => vec![&argument.value],
            })
            .collect();
        let is_seen = |part: &&&'m Expression| {
            program.values(part, site.frame).iter().any(|value| match value {
                Value::Library { sites, .. } => has_field(sites),
                Value::Class(_) => path.is_empty(),
                _ => false,
            })
        };
        let limits = parts.iter().filter(is_seen).map(|part| self.of_values(part, site.frame, path, ask, depth + 1));
        // `text.or(list)`: what it is called on is one of them.
        let own = sites
            .get(..at)
            .filter(|own| !own.is_empty() && has_field(own))
            .map(|own| self.of_made(own, path, ask, depth + 1));
        let after = sites.get(at + 1..).unwrap_or_default().iter();
        let asked = Asked { ask, is_list: false };
        let whole = after.fold(Limit::None, |found, site| found.or(|| self.of_site(*site, asked)));
        limits.chain(own).reduce(Limit::and).map(|least| whole.or(|| least))
    }

    /// The schemas among the arguments of a schema: the items of an array, the parts of an intersection; of an object
    /// that is taken whole every field.
    fn of_inner(&self, site: Site, path: &[&str], ask: Ask, depth: usize) -> Limit {
        let program = self.program;
        let call = program.units.calls[site.call].call;
        call.arguments.iter().filter(|argument| argument.name.is_none()).fold(Limit::None, |found, argument| {
            found.or(|| match &argument.value.kind {
                ExpressionKind::Object(entries) if path.is_empty() && !entries.is_empty() => {
                    // By these things are told apart; they are not what is said.
                    let told =
                        entries.iter().filter(|entry| !matches!(entry.key.as_deref(), Some("id" | "role" | "type")));
                    told.fold(Limit::Held, |found, entry| {
                        found.and(self.of_values(&entry.value, site.frame, path, ask, depth + 1))
                    })
                }
                ExpressionKind::Literal(_) | ExpressionKind::Function(_) | ExpressionKind::Object(_) => Limit::None,
                ExpressionKind::List(items) => items.iter().fold(Limit::None, |found, item| {
                    found.or(|| self.of_values(item, site.frame, path, ask, depth + 1))
                }),
                _ => self.of_values(&argument.value, site.frame, path, ask, depth + 1),
            })
        })
    }
}
