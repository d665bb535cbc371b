//! Schemas of the environment: calls that check an object of variables.

mod described;

use std::collections::{BTreeMap, BTreeSet};

use crate::link::arguments::Given;
use crate::link::flow::leaves_by_raising;
use crate::link::units::{CallId, ClassId, ModuleId, NodeKind, UnitId};
use crate::link::{FrameId, Program, Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::super::super::case::Case;
use super::marks;
use super::meanings::{is_credential, is_variable_name};
use super::names::{OpenFields, Variables};

/// A variable that a schema requires.
#[derive(Clone, Debug)]
pub struct Required {
    pub name: String,
    pub module: ModuleId,
    pub span: Span,
    /// Whether its content is looked at.
    pub examined: bool,
}

/// A call that checks the environment against a schema.
#[derive(Clone, Debug)]
pub struct Checked {
    pub call: CallId,
    /// Its result must be tested.
    pub by_result: bool,
    pub variables: Vec<Required>,
    /// Those that may be missing.
    pub optional: Vec<Required>,
    /// Variables that the environment holds afterwards, for the schema fills them in.
    pub filled: Vec<String>,
    /// Reads that hand values to the schema: it decides whether they are required.
    pub governed: BTreeSet<(ModuleId, Span)>,
    /// The fields of the result that may be missing though the code may need them, with their variables.
    pub open: BTreeMap<String, String>,
}

/// The fields that may be missing in what schemas make of the environment.
pub fn open_fields(schemas: &[Checked]) -> OpenFields {
    let open = schemas.iter().filter(|schema| !schema.open.is_empty());
    open.map(|schema| (schema.call, schema.open.clone())).collect()
}

/// The calls that check the environment.
pub fn checked_by_calls(case: &Case<'_, '_>) -> Vec<Checked> {
    let program = case.program;
    let mut all = Vec::new();
    for (call, info) in program.units.calls.iter().enumerate() {
        let site = Site { call, frame: program.open_frame(info.unit) };
        let fact = program.callee_paths(site).iter().find_map(|path| {
            let facts = program.facts_of(path, Kind::EnvironmentSchema);
            facts.into_iter().map(|(_, fact)| fact).find(|fact| {
                fact.how.is_some() && fact.needs.iter().all(|need| program.meets(need, site) == Some(true))
            })
        });
        if let Some(fact) = fact
            && let Some(checked) = checked(case, fact, site)
        {
            all.push(checked);
        }
    }
    all
}

fn checked(case: &Case<'_, '_>, fact: &Fact, site: Site) -> Option<Checked> {
    let program = case.program;
    let variables = &Variables::new(program);
    let mut handed = Vec::new();
    if let Some(value) = &fact.value {
        let Given::Present { expression, frame } = program.argument(site, value) else { return None };
        if !variables.is_environment(expression, frame) {
            handed = handed_over(variables, expression, frame);
            if handed.is_empty() {
                return None;
            }
        }
    }
    if !fact.files.is_empty() {
        return Some(Checked {
            call: site.call,
            by_result: false,
            variables: of_template(program, fact, site),
            optional: Vec::new(),
            filled: Vec::new(),
            governed: BTreeSet::new(),
            open: BTreeMap::new(),
        });
    }
    if fact.keys.is_empty() && fact.value.is_none() {
        let variables = filled_struct(program, site);
        return Some(Checked {
            call: site.call,
            by_result: false,
            variables,
            optional: Vec::new(),
            filled: Vec::new(),
            governed: BTreeSet::new(),
            open: BTreeMap::new(),
        });
    }
    let mut keys = Keys { program, optional_by_default: fact.role.as_deref() == Some("optional"), found: Vec::new() };
    keys.of_call(fact, site);
    // A check that is switched off, or a schema of which every part may be missing, hands on what is there.
    let is_off = fact.unless.iter().any(|unless| program.meets(unless, site) == Some(true));
    let asks_nothing = is_off || is_partial(program, site);
    let (mut required, mut optional, mut filled) = (Vec::new(), Vec::new(), Vec::new());
    let mut open = BTreeMap::new();
    for Key { key, module, span, is_required, is_filled, is_blank, examined } in keys.found {
        if !is_required || asks_nothing {
            let given = handed.iter().find(|each| each.key == key);
            let variable = given.map_or(&key, |each| &each.name);
            let may_lack = if is_required { asks_nothing } else { is_credential(variable) && (!is_filled || is_blank) };
            if may_lack && is_variable_name(variable) {
                open.insert(key.clone(), variable.clone());
            }
            // A check of the whole environment puts its defaults into it.
            if is_filled && !is_blank && fact.value.is_none() && is_variable_name(&key) {
                filled.push(key.clone());
            }
            if is_variable_name(&key) {
                optional.push(Required { name: key, module, span, examined });
            }
            continue;
        }
        let given: Vec<&Handed> = handed.iter().filter(|each| each.key == key).collect();
        if given.is_empty() && is_variable_name(&key) {
            required.push(Required { name: key, module, span, examined });
            continue;
        }
        // `{ key: process.env.KEY }`: the variable has a name of its own.
        let given = given.into_iter().filter(|each| is_variable_name(&each.name));
        required.extend(given.map(|each| Required {
            name: each.name.clone(),
            module: each.module,
            span: each.span,
            examined,
        }));
    }
    let governed = handed.iter().map(|each| (each.module, each.span)).collect();
    let by_result = fact.how.as_deref() == Some("result");
    Some(Checked { call: site.call, by_result, variables: required, optional, filled, governed, open })
}

/// Whether the schema that a call holds the environment against was made such that every key may be missing.
fn is_partial(program: &Program<'_>, site: Site) -> bool {
    let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else { return false };
    program.slice(object, site.frame).sites.iter().any(|made| {
        let call = program.units.calls[made.call].call;
        call.arguments.is_empty()
            && matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "partial")
    })
}

/// The variables that a template names, for a call that asks for all of them.
fn of_template(program: &Program<'_>, fact: &Fact, site: Site) -> Vec<Required> {
    let info = &program.units.calls[site.call];
    let Some(files) = fact.files.set() else { return Vec::new() };
    let templates = program.settings.iter().filter(|settings| files.is_match(&settings.path));
    let names = templates.flat_map(|settings| &settings.entries).filter_map(|entry| entry.keys.last());
    let required =
        |name: &String| Required { name: name.clone(), module: info.module, span: info.call.span, examined: false };
    names.map(required).collect()
}

/// The fields of the type that a call fills from the environment: the type that is declared, or the one that is named
/// as a configuration.
fn filled_struct(program: &Program<'_>, site: Site) -> Vec<Required> {
    let info = &program.units.calls[site.call];
    let mut declared: Vec<&Expression> = Vec::new();
    if let NodeKind::Plain(statement) = program.units.nodes[info.node].kind
        && let StatementKind::Assign(assignment) = &statement.kind
    {
        declared.extend(&assignment.annotation);
    }
    declared.extend(program.units.units[info.unit].function.and_then(|function| function.returns.as_ref()));
    let classes = &program.units.classes;
    let is_filled = |class: &&crate::link::units::ClassInfo<'_>| {
        !class.class.is_extension && class.class.decorators.iter().any(|decorator| mentions(decorator, "Deserialize"))
    };
    let by_type = classes
        .iter()
        .filter(is_filled)
        .find(|class| declared.iter().any(|declared| mentions(declared, &class.class.name)));
    let by_name = || {
        classes
            .iter()
            .filter(is_filled)
            .find(|class| ["Config", "Settings", "Env"].iter().any(|word| class.class.name.contains(word)))
    };
    let Some(class) = by_type.or_else(by_name) else { return Vec::new() };
    let required = |name: &&str| {
        let (_, assignment) = class.fields.get(*name)?.first()?;
        let is_optional = Program::written(assignment.annotation.as_ref()?).starts_with("Option");
        let variable = name.to_ascii_uppercase();
        (!is_optional).then_some(Required {
            name: variable,
            module: class.module,
            span: assignment.target.span,
            examined: false,
        })
    };
    class.order.iter().filter_map(required).collect()
}

fn mentions(expression: &Expression, word: &str) -> bool {
    let mut found = false;
    super::super::fallback::walk(expression, &mut |each| {
        if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &each.kind {
            found |= name == word;
        }
    });
    found
}

/// A variable that is handed to a schema under a key.
struct Handed {
    key: String,
    name: String,
    module: ModuleId,
    span: Span,
}

fn handed_over<'m>(variables: &Variables<'_, 'm>, expression: &'m Expression, frame: FrameId) -> Vec<Handed> {
    let mut all = Vec::new();
    for value in variables.program.values(expression, frame).iter() {
        let Value::Data { expression, frame } = value else { continue };
        let ExpressionKind::Object(entries) = &expression.0.kind else { continue };
        let module = variables.program.module_of(variables.program.unit_of_frame(*frame));
        for entry in entries {
            let Some(key) = &entry.key else { continue };
            for named in variables.held(&entry.value, *frame) {
                all.push(Handed { key: key.clone(), name: named.name, module, span: entry.value.span });
            }
        }
    }
    all
}

/// The keys of a schema: name, place, and whether it is required.
struct Keys<'p, 'm> {
    program: &'p Program<'m>,
    optional_by_default: bool,
    found: Vec<Key>,
}

struct Key {
    key: String,
    module: ModuleId,
    span: Span,
    is_required: bool,
    /// Whether it is given a value where it is missing.
    is_filled: bool,
    /// Whether that value is the empty text.
    is_blank: bool,
    /// Whether its content is looked at.
    examined: bool,
}

impl<'m> Keys<'_, 'm> {
    fn of_call(&mut self, fact: &Fact, site: Site) {
        let program = self.program;
        let mut sites = Vec::new();
        for path in &fact.keys {
            self.of_path(path, site, &mut sites, 0);
        }
        let mut visited = BTreeSet::new();
        while let Some(site) = sites.pop() {
            if visited.len() > 60 || !visited.insert(site) {
                continue;
            }
            let info = &program.units.calls[site.call];
            self.of_demand(info.call, info.module);
            for argument in &info.call.arguments {
                self.of_expression(&argument.value, site.frame, &mut sites, 0);
            }
        }
    }

    /// `Validator("KEY", must_exist=True)`.
    fn of_demand(&mut self, call: &'m Call, module: ModuleId) {
        let is_on = |value: &Expression| matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(true)));
        let demands = |argument: &Argument| {
            matches!(argument.name.as_deref(), Some("must_exist" | "required")) && is_on(&argument.value)
        };
        let Some(first) = call.arguments.first().filter(|argument| argument.name.is_none()) else { return };
        if let ExpressionKind::Literal(Literal::Text(name)) = &first.value.kind
            && is_variable_name(name)
            && call.arguments.iter().any(demands)
        {
            let span = first.value.span;
            let key = name.clone();
            self.found.push(Key {
                key,
                module,
                span,
                is_required: true,
                is_filled: false,
                is_blank: false,
                examined: false,
            });
        }
    }

    /// `{ format: String, default: null, env: "KEY" }`: a description that names its variable.
    fn of_description(&mut self, description: &'m Expression, module: ModuleId) -> bool {
        let ExpressionKind::Object(entries) = &description.kind else { return false };
        let value =
            |key: &str| entries.iter().find(|entry| entry.key.as_deref() == Some(key)).map(|entry| &entry.value);
        let is_null = |value: &Expression| {
            let inner = match &value.kind {
                // `null as string | null`
                ExpressionKind::Operator { operator, operands } if operator == "as" => operands.first(),
                _ => None,
            };
            matches!(inner.unwrap_or(value).kind, ExpressionKind::Literal(Literal::Null))
        };
        let Some(Expression { kind: ExpressionKind::Literal(Literal::Text(name)), span }) = value("env") else {
            return false;
        };
        let is_nullable = value("nullable")
            .is_some_and(|value| !matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(false))));
        let is_required = value("default").is_some_and(is_null) && !is_nullable;
        let key = name.clone();
        self.found.push(Key {
            key,
            module,
            span: *span,
            is_required,
            is_filled: !is_required,
            is_blank: false,
            examined: false,
        });
        true
    }

    fn of_path(&mut self, path: &str, site: Site, sites: &mut Vec<Site>, depth: usize) {
        let program = self.program;
        if path.ends_with("()") {
            let callee = &program.units.calls[site.call].call.callee;
            sites.extend(program.values(callee, site.frame).iter().flat_map(|value| value.sites().to_vec()));
        } else if let Given::Present { expression, frame } = program.argument(site, path) {
            self.of_expression(expression, frame, sites, depth);
        }
    }

    fn of_expression(&mut self, expression: &'m Expression, frame: FrameId, sites: &mut Vec<Site>, depth: usize) {
        if depth > 4 {
            return;
        }
        for value in self.program.values(expression, frame).iter() {
            match value {
                Value::Data { expression, frame } => {
                    if let ExpressionKind::List(items) = &expression.0.kind {
                        items.iter().for_each(|item| self.of_expression(item, *frame, sites, depth + 1));
                    }
                    let ExpressionKind::Object(entries) = &expression.0.kind else { continue };
                    let module = self.program.module_of(self.program.unit_of_frame(*frame));
                    if let Some(described) = described::of(entries) {
                        self.found.extend(described.into_iter().map(|key| key.within(module)));
                        continue;
                    }
                    for entry in entries {
                        match (&entry.key, &entry.value.kind) {
                            (Some(_), ExpressionKind::Object(_)) if self.of_description(&entry.value, module) => {}
                            (Some(key), _) => {
                                let is_required = self.is_required(&entry.value);
                                self.found.push(Key {
                                    key: key.clone(),
                                    module,
                                    span: entry.value.span,
                                    is_required,
                                    is_filled: is_filled(&entry.value),
                                    is_blank: is_blank(&entry.value),
                                    examined: is_examined(&entry.value),
                                });
                            }
                            (None, ExpressionKind::Spread(inner)) => {
                                self.of_expression(inner, *frame, sites, depth + 1)
                            }
                            _ => {}
                        }
                    }
                }
                Value::Library { sites: more, .. } => sites.extend(more.iter().copied()),
                // A function that is given the environment: what it holds it against.
                Value::Function { unit, .. } => self.of_function(*unit, sites, depth + 1),
                _ => {}
            }
        }
    }

    /// A function that is given the environment: what it throws for, and the schema that it holds it against.
    fn of_function(&mut self, unit: UnitId, sites: &mut Vec<Site>, depth: usize) {
        let program = self.program;
        let info = &program.units.units[unit];
        let Some(parameter) = info.function.and_then(|function| function.parameters.first()) else { return };
        let ExpressionKind::Name(environment) = &parameter.target.kind else { return };
        let is_it = |each: &Expression| matches!(&each.kind, ExpressionKind::Name(name) if name == environment);
        for node in &info.nodes {
            let NodeKind::If { test, then, .. } = program.units.nodes[*node].kind else { continue };
            if !leaves_by_raising(then) {
                continue;
            }
            super::super::fallback::walk(test, &mut |each| {
                if let ExpressionKind::Member { object, name } = &each.kind
                    && is_it(object)
                {
                    let (key, module, span) = (name.clone(), info.module, each.span);
                    self.found.push(Key {
                        key,
                        module,
                        span,
                        is_required: true,
                        is_filled: false,
                        is_blank: false,
                        examined: false,
                    });
                }
            });
        }
        let frame = program.open_frame(unit);
        if !marks::heeds_checks(program, unit, frame) {
            return;
        }
        for call in &program.units.units[unit].calls {
            let call = program.units.calls[*call].call;
            let object = match &call.callee.kind {
                ExpressionKind::Member { object, .. } => Some(object.as_ref()),
                _ => None,
            };
            for expression in call.arguments.iter().map(|argument| &argument.value).chain(object) {
                for value in program.values(expression, frame).iter() {
                    match value {
                        Value::Class(class) => self.of_class(*class),
                        Value::Library { sites: more, .. } => sites.extend(more.iter().copied()),
                        _ => {}
                    }
                }
                if matches!(expression.kind, ExpressionKind::Object(_)) {
                    self.of_expression(expression, frame, sites, depth + 1);
                }
            }
        }
    }

    /// The fields of a class, of which those without a value are required; where fields are marked, those that are marked
    /// so that they are asked for.
    fn of_class(&mut self, class: ClassId) {
        let info = &self.program.units.classes[class];
        let marks = marks::of_fields(&info.class.body);
        for name in &info.order {
            let Some((_, assignment)) = info.fields.get(name).and_then(|fields| fields.first()) else { continue };
            self.found.push(Key {
                key: (*name).to_owned(),
                module: info.module,
                span: assignment.target.span,
                is_required: assignment.value.is_none() && marks::ask_for(&marks, name),
                is_filled: assignment.value.is_some(),
                is_blank: false,
                examined: false,
            });
        }
    }

    /// Whether the description of a key lets it be missing: `.optional()`, `.default(x)`, `str({ default: x })`.
    fn is_required(&self, description: &Expression) -> bool {
        let mut demanded = !self.optional_by_default;
        let mut open = vec![description];
        while let Some(each) = open.pop() {
            let ExpressionKind::Call(call) = &each.kind else {
                // znv describes a key as an object with its default.
                if let ExpressionKind::Object(entries) = &each.kind
                    && entries.iter().any(|entry| entry.key.as_deref().is_some_and(|key| key.starts_with("default")))
                {
                    return false;
                }
                continue;
            };
            let name = match &call.callee.kind {
                ExpressionKind::Member { object, name } => {
                    open.push(object);
                    name.as_str()
                }
                ExpressionKind::Name(name) => name.as_str(),
                _ => "",
            };
            match name {
                "optional" | "default" | "_default" | "nullish" | "catch" | "prefault" | "fallback"
                | "undefinedable" => {
                    return false;
                }
                "required" => demanded = true,
                _ => {}
            }
            let has_default = call.arguments.iter().any(|argument| match &argument.value.kind {
                ExpressionKind::Object(entries) => entries.iter().any(|entry| entry.key.as_deref() == Some("default")),
                _ => argument.name.as_deref() == Some("default"),
            });
            if has_default {
                return false;
            }
        }
        demanded
    }
}

/// Whether the description of a key gives it a value where it is missing.
pub(super) fn is_filled(description: &Expression) -> bool {
    let mut found = false;
    super::super::fallback::walk(description, &mut |each| match &each.kind {
        ExpressionKind::Call(call) => {
            found |= matches!(&call.callee.kind, ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)
                if matches!(name.as_str(), "default" | "_default" | "prefault" | "catch" | "fallback"));
        }
        ExpressionKind::Object(entries) => {
            found |= entries.iter().any(|entry| entry.key.as_deref() == Some("default"));
        }
        _ => {}
    });
    found
}

/// Whether the value that the description of a key gives is the empty text: `.default("")`.
fn is_blank(description: &Expression) -> bool {
    let is_empty =
        |value: &Expression| matches!(&value.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty());
    let mut found = false;
    super::super::fallback::walk(description, &mut |each| match &each.kind {
        ExpressionKind::Call(call) => {
            let gives = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)
                if matches!(name.as_str(), "default" | "_default" | "prefault" | "catch" | "fallback"));
            found |= gives && call.arguments.iter().any(|argument| is_empty(&argument.value));
        }
        ExpressionKind::Object(entries) => {
            found |= entries.iter().any(|entry| entry.key.as_deref() == Some("default") && is_empty(&entry.value));
        }
        _ => {}
    });
    found
}

/// Whether the description of a key looks at more than presence.
fn is_examined(description: &Expression) -> bool {
    let mut found = false;
    super::super::fallback::walk(description, &mut |each| {
        if let ExpressionKind::Call(call) = &each.kind
            && let ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) = &call.callee.kind
        {
            found |= matches!(
                name.as_str(),
                "startsWith"
                    | "regex"
                    | "refine"
                    | "superRefine"
                    | "transform"
                    | "pipe"
                    | "check"
                    | "length"
                    | "pattern"
                    | "custom"
                    | "choices"
                    | "enum"
            );
            // A length that no placeholder has.
            found |= matches!(name.as_str(), "min" | "minLength")
                && call.arguments.iter().any(|argument| {
                    matches!(argument.value.kind, ExpressionKind::Literal(Literal::Number(number)) if number >= 16.0)
                });
        }
    });
    found
}
