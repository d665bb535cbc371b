//! What schemas and declared types limit: the text at a path of a value that is held against them.
//!
//! A schema is a value that a library makes (`z.object({...})`), or a class whose fields carry their limits. The way to
//! a field may pass methods that only take the value (`parsed.data.message`), lists, and wrappers of a schema.

use crate::link::arguments::{Amount, Given};
use crate::link::units::ClassId;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::inputs::is_text_method;

/// Schemas within schemas that are followed.
const DEPTH: usize = 8;

pub struct Schemas<'p, 'm> {
    pub program: &'p Program<'m>,
    /// Whether something validates what comes in: some limits hold only then.
    pub validated: bool,
}

impl<'m> Schemas<'_, 'm> {
    /// Whether the schema that some calls made limits the text at a path, and all text below it.
    pub fn limit(&self, schema: &[Site], path: &[&str]) -> bool {
        self.made_limits(schema, path, 0)
    }

    fn made_limits(&self, made: &[Site], path: &[&str], depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let Some((field, rest)) = path.split_first() else {
            return made.iter().any(|site| self.limits_text(*site))
                || made.iter().any(|site| self.holds_only_limited(*site, depth));
        };
        for site in made.iter().rev() {
            if let Given::Present { expression, frame } = self.program.argument(*site, field) {
                return self.value_limits(expression, frame, rest, depth + 1);
            }
        }
        is_text_method(field) && self.made_limits(made, rest, depth + 1)
    }

    /// Whether what a schema is made of, a shape, a list of alternatives or one schema, limits all text in it.
    fn holds_only_limited(&self, made: Site, depth: usize) -> bool {
        let given = &self.program.units.calls[made.call].call.arguments;
        given.first().is_some_and(|given| self.value_limits(&given.value, made.frame, &[], depth + 1))
    }

    fn value_limits(&self, expression: &'m Expression, frame: FrameId, path: &[&str], depth: usize) -> bool {
        let values = self.program.values(expression, frame);
        !values.is_empty()
            && values.iter().all(|value| match value {
                Value::Library { sites, .. } => self.made_limits(sites, path, depth),
                Value::Data { expression, frame } => {
                    let parts: Vec<&'m Expression> = match &expression.0.kind {
                        ExpressionKind::Object(entries) => entries.iter().map(|entry| &entry.value).collect(),
                        ExpressionKind::List(items) => items.iter().collect(),
                        _ => return false,
                    };
                    depth < DEPTH
                        && !parts.is_empty()
                        && parts.into_iter().all(|part| self.value_limits(part, *frame, path, depth + 1))
                }
                _ => false,
            })
    }

    /// Whether the declared type of a parameter, or a marker at it, limits the text at a path.
    pub fn parameter_limits(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str]) -> bool {
        let mut markers = parameter.default.iter().chain(&parameter.annotation).chain(&parameter.decorators);
        if path.is_empty() {
            return markers.any(|marker| self.marker_limits(marker, frame, 0));
        }
        let Some(annotation) = &parameter.annotation else { return false };
        self.program.annotation(annotation, frame).iter().any(|value| match value {
            Value::Instance { class, .. } => self.class_limits(*class, path, 0),
            _ => false,
        })
    }

    fn class_limits(&self, class: ClassId, path: &[&str], depth: usize) -> bool {
        let program = self.program;
        let info = &program.units.classes[class];
        let Some((field, rest)) = path.split_first() else { return self.all_fields_limited(class, depth) };
        let home = program.open_frame(info.unit);
        let Some(fields) = info.fields.get(field) else {
            let inherited = |base: &'m Expression| {
                program.values(base, home).iter().any(
                    |value| matches!(value, Value::Class(base) if *base != class && self.class_limits(*base, path, depth + 1)),
                )
            };
            return depth < DEPTH
                && (info.class.bases.iter().any(inherited)
                    || is_text_method(field) && self.class_limits(class, rest, depth + 1));
        };
        fields.iter().any(|(_, assignment)| {
            let markers = assignment.value.iter().chain(&assignment.annotation).chain(decorators_of(info.class, field));
            if rest.iter().all(|step| is_text_method(step))
                && markers.into_iter().any(|marker| self.marker_limits(marker, home, 0))
            {
                return true;
            }
            assignment.annotation.as_ref().is_some_and(|annotation| {
                program.annotation(annotation, home).iter().any(|value| match value {
                    Value::Instance { class: inner, .. } if *inner != class && depth < DEPTH => {
                        self.class_limits(*inner, rest, depth + 1)
                    }
                    _ => false,
                })
            })
        })
    }

    /// Whether every text field of a class is limited.
    fn all_fields_limited(&self, class: ClassId, depth: usize) -> bool {
        let info = &self.program.units.classes[class];
        depth <= DEPTH
            && !info.order.is_empty()
            && info.order.iter().all(|field| {
                info.fields.get(field).and_then(|fields| fields.first()).is_some_and(|(_, assignment)| {
                    assignment.annotation.as_ref().is_some_and(is_no_text)
                        || self.class_limits(class, &[field], depth + 1)
                })
            })
    }

    /// Whether the field at a path is no text: a number, a choice, an enumeration.
    pub fn is_no_text(&self, parameter: &'m Parameter, frame: FrameId, path: &[&str]) -> bool {
        let program = self.program;
        let Some(annotation) = &parameter.annotation else { return false };
        program.annotation(annotation, frame).iter().any(|value| match value {
            Value::Instance { class, .. } => {
                let info = &program.units.classes[*class];
                let home = program.open_frame(info.unit);
                let field = path.iter().find_map(|step| info.fields.get(step));
                field.is_some_and(|fields| {
                    fields
                        .iter()
                        .filter_map(|(_, assignment)| assignment.annotation.as_ref())
                        .any(|annotation| is_no_text(annotation) || self.is_choice(annotation, home))
                })
            }
            _ => false,
        })
    }

    /// A name for a choice of literals, or an enumeration.
    fn is_choice(&self, annotation: &'m Expression, frame: FrameId) -> bool {
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

    /// Whether a marker or type holds a limit of text: `Field(max_length=4000)`, `constr(max_length=10)`.
    fn marker_limits(&self, marker: &'m Expression, frame: FrameId, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        match &marker.kind {
            ExpressionKind::Index { object, index } => {
                let parts: Vec<&'m Expression> = match &index.kind {
                    ExpressionKind::List(parts) => parts.iter().collect(),
                    _ => vec![index],
                };
                // A limit of a list bounds its items, not their text.
                !is_list_type(object) && parts.into_iter().any(|part| self.marker_limits(part, frame, depth + 1))
            }
            ExpressionKind::Operator { operands, .. } => {
                operands.iter().any(|operand| self.marker_limits(operand, frame, depth + 1))
            }
            _ => self.program.values(marker, frame).iter().any(|value| match value {
                Value::Library { sites, .. } => sites.iter().any(|site| self.limits_text(*site)),
                Value::Data { expression, frame } if !std::ptr::eq(expression.0, marker) => {
                    self.marker_limits(expression.0, *frame, depth + 1)
                }
                _ => false,
            }),
        }
    }

    /// Whether a call in a schema limits the length of a text, or says that there is none.
    fn limits_text(&self, site: Site) -> bool {
        let program = self.program;
        program.callee_paths(site).iter().flat_map(|path| program.facts_of(path, Kind::TextLimit)).any(|(_, fact)| {
            let holds = self.validated || fact.how.as_deref() != Some("validator");
            holds
                && match &fact.limit {
                    Some(limit) => match program.argument_of(site, limit) {
                        Given::Present { expression, frame } => {
                            program.amount(expression, frame, None, &[]) != Amount::Off
                        }
                        _ => false,
                    },
                    None => true,
                }
        })
    }
}

/// The decorators that stand in front of a field.
fn decorators_of<'m>(class: &'m Class, field: &str) -> Vec<&'m Expression> {
    let mut decorators = Vec::new();
    for statement in &class.body {
        match &statement.kind {
            StatementKind::Expression(decorator) => decorators.push(decorator),
            StatementKind::Assign(assignment) if matches!(&assignment.target.kind, ExpressionKind::Name(name) if name == field) =>
            {
                return decorators;
            }
            _ => decorators.clear(),
        }
    }
    Vec::new()
}

fn is_list_type(expression: &Expression) -> bool {
    matches!(&expression.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "list" | "List" | "Sequence" | "Array" | "set" | "Set" | "tuple" | "Tuple" | "conlist"))
}

/// Types that hold no free text.
pub fn is_no_text(annotation: &Expression) -> bool {
    match &annotation.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            matches!(
                name.as_str(),
                "int"
                    | "float"
                    | "bool"
                    | "number"
                    | "boolean"
                    | "UUID"
                    | "UUID4"
                    | "date"
                    | "datetime"
                    | "Decimal"
                    | "i32"
                    | "i64"
                    | "u32"
                    | "u64"
                    | "usize"
                    | "f32"
                    | "f64"
                    | "BackgroundTasks"
            )
        }
        ExpressionKind::Index { object, index } => match &object.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "Literal" => true,
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }
                if name == "Optional" || name == "Annotated" =>
            {
                match &index.kind {
                    ExpressionKind::List(parts) => parts.first().is_some_and(is_no_text),
                    _ => is_no_text(index),
                }
            }
            _ => false,
        },
        ExpressionKind::Operator { operator, operands } if operator == "|" => {
            operands.iter().all(|operand| is_no_text(operand) || matches!(operand.kind, ExpressionKind::Literal(_)))
        }
        ExpressionKind::Literal(Literal::Text(_) | Literal::Null) => true,
        _ => false,
    }
}
