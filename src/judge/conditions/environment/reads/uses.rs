//! What is made of a read in the expressions around it: tested, filled, converted, handed on, or asked for more.

use crate::judge::conditions::fallback::walk;
use crate::link::Value;
use crate::link::flow::walk_block;
use crate::link::passing::own_receiver;
use crate::model::*;

use super::super::alternatives::Alternative;
use super::super::held::{converts, is_of_texts, keeps};
use super::super::meanings::{is_credential, is_process_variable, is_variable_name, words};
use super::super::names::Named;
use super::super::schemas::is_filled;
use super::{ALTERNATIVES, Filled, Use, Walk, bound_name};

impl<'m> Walk<'_, 'm> {
    pub(super) fn expression(&mut self, expression: &'m Expression, used: &Use<'m>) {
        if matches!(
            expression.kind,
            ExpressionKind::Member { .. } | ExpressionKind::Index { .. } | ExpressionKind::Call(_)
        ) && let Some(read) = self.variables.read_of(expression, self.frame())
        {
            let node = self.node_of(expression);
            let is_name = if read.of_process { is_process_variable } else { is_variable_name };
            for named in read.names.into_iter().filter(|named| is_name(&named.name)) {
                self.add(named, expression.span, read.raises, read.default, node, used);
            }
        }
        self.demanded_later(expression);
        if let ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } = &expression.kind {
            self.stands.note(expression, name, self.unit, used);
        }
        match &expression.kind {
            ExpressionKind::Operator { operator, operands } => self.operator(operator, operands, used),
            ExpressionKind::Conditional { test, then, otherwise } => {
                self.test(test);
                self.behind(test, true, |walk| walk.expression(then, used));
                self.behind(test, false, |walk| walk.expression(otherwise, used));
            }
            ExpressionKind::Call(call) => self.call(call, used),
            ExpressionKind::Member { object, .. } if self.is_forgiven(object) => {
                self.expression(object, &Use { forgiven: true, ..Use::default() });
            }
            ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => self.expression(inner, used),
            ExpressionKind::Function(function) => self.function(function),
            ExpressionKind::Assign(assignment) => self.assignment(assignment, used),
            ExpressionKind::Block(block) => self.valued(block, used),
            ExpressionKind::Object(entries) if self.is_build_configuration() => {
                for entry in entries {
                    // What is only passed on is required where it is used.
                    let tested = entry.key.as_deref().is_some_and(|key| self.passes_on(key, &entry.value));
                    self.expression(&entry.value, &Use { tested, ..Use::default() });
                }
            }
            ExpressionKind::Object(entries) if used.bound.is_some() => {
                for entry in entries {
                    self.expression(&entry.value, &Use { bound: entry.key.as_deref(), ..Use::default() });
                }
            }
            ExpressionKind::Object(_) | ExpressionKind::List(_) | ExpressionKind::Template(_)
                if used.given_to.is_some() =>
            {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                let given = Use { given_to: used.given_to, ..Use::default() };
                children.into_iter().for_each(|child| self.expression(child, &given));
            }
            ExpressionKind::Comprehension { element, clauses } => {
                for clause in clauses {
                    self.plain(&clause.over);
                    clause.tests.iter().for_each(|test| self.test(test));
                }
                self.plain(element);
            }
            _ => {
                let mut children = Vec::new();
                crate::link::flow::children(expression, &mut |child| children.push(child));
                children.into_iter().for_each(|child| self.plain(child));
            }
        }
    }

    /// Whether a module is the configuration by which an application is built: `next.config.js`, `vite.config.ts`.
    fn is_build_configuration(&self) -> bool {
        let module = &self.variables.program.modules[self.module];
        let name = module.path.rsplit('/').next().unwrap_or(&module.path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        module.language == Language::TypeScript && stem.ends_with(".config")
    }

    /// Whether a key gives an application a variable under its own name: `API_URL: process.env.API_URL`,
    /// `"process.env.API_URL": JSON.stringify(process.env.API_URL)`.
    fn passes_on(&self, key: &str, value: &'m Expression) -> bool {
        let value = match &value.kind {
            ExpressionKind::Call(call) => match call.arguments.as_slice() {
                [only] => &only.value,
                _ => value,
            },
            _ => value,
        };
        let own = key.rsplit('.').next().unwrap_or(key);
        let read = self.variables.read_of(value, self.frame());
        read.is_some_and(|read| read.names.iter().any(|named| named.name == own))
    }

    /// `key.expect("no key")` of what was read elsewhere: there it raises.
    pub(super) fn demanded_later(&mut self, expression: &'m Expression) {
        let mut is_blank = false;
        let inner = match &expression.kind {
            ExpressionKind::Call(call) => match &call.callee.kind {
                ExpressionKind::Member { object, name } if matches!(name.as_str(), "expect" | "unwrap") => {
                    object.as_ref()
                }
                // `config.key.as_deref().unwrap_or_default()`: nothing is sent in place of a key.
                ExpressionKind::Member { object, name } if name == "unwrap_or_default" => {
                    is_blank = true;
                    object.as_ref()
                }
                _ => return,
            },
            ExpressionKind::Operator { operator, operands } if operator == "?" => match operands.first() {
                Some(inner) => inner,
                None => return,
            },
            _ => return,
        };
        let mut root = inner;
        let mut is_own_call = false;
        while let ExpressionKind::Call(call) = &root.kind {
            match &call.callee.kind {
                ExpressionKind::Member { object, name } if keeps(name) => root = object,
                // `required("KEY")?` of an own function that answers with what it read or an error.
                _ if self.calls_own(call) => {
                    // One that never answers with an error asks for nothing: it warns, and goes on.
                    is_blank |= !self.may_fail(call);
                    is_own_call = true;
                    break;
                }
                _ => return,
            }
        }
        if !is_own_call && !matches!(root.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }) {
            return;
        }
        let node = self.node_of(expression).or_else(|| self.node_of(root));
        let held = self.variables.held(root, self.frame());
        for named in held.into_iter().filter(|named| is_process_variable(&named.name)) {
            if !is_blank {
                self.add(named, expression.span, true, None, node, &Use::default());
            } else if is_credential(&named.name)
                // A tracker without an address is off.
                && !words(&named.name).any(|word| word.eq_ignore_ascii_case("DSN"))
                && (!is_own_call || self.gives_blank(root, &named))
            {
                let used = Use { filled: Some(Filled::Blank), ..Use::default() };
                self.add(named, expression.span, false, None, node, &used);
            }
        }
    }

    /// Whether an own function gives an empty text where a variable is missing: `Ok(String::new())`.
    fn gives_blank(&self, asked: &'m Expression, named: &Named) -> bool {
        let ExpressionKind::Call(call) = &asked.kind else { return false };
        let program = self.variables.program;
        program.values(&call.callee, self.frame()).iter().any(|value| {
            let Value::Function { unit, .. } = value else { return false };
            let frame = program.open_frame(*unit);
            program.units.units[*unit].returns.iter().any(|given| {
                let ExpressionKind::Call(result) = &given.kind else { return false };
                let held = result.arguments.first().map(|held| &held.value);
                held.is_some_and(|held| self.variables.alternative(held, frame, named, 0) == Alternative::Blank)
            })
        })
    }

    pub(super) fn calls_own(&self, call: &'m Call) -> bool {
        let values = self.variables.program.values(&call.callee, self.frame());
        values.iter().any(|value| matches!(value, Value::Function { .. }))
    }

    /// Whether an own function may answer with an error: not all that it gives is `Ok(..)`.
    fn may_fail(&self, call: &'m Call) -> bool {
        let units = &self.variables.program.units.units;
        let is_fine = |value: &&Expression| match &value.kind {
            ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Ok"),
            _ => false,
        };
        let hands_on = |value: &&Expression| {
            let mut found = false;
            walk(value, &mut |each| {
                found |= matches!(&each.kind, ExpressionKind::Operator { operator, .. } if operator == "?");
            });
            found
        };
        let values = self.variables.program.values(&call.callee, self.frame());
        values.iter().any(|value| match value {
            Value::Function { unit, .. } => {
                let returns = &units[*unit].returns;
                let body = units[*unit].function.map(|function| &function.body);
                let asks = body.is_some_and(|body| {
                    let mut found = false;
                    walk_block(body, &mut |each| found |= hands_on(&each));
                    found
                });
                returns.is_empty() || asks || !returns.iter().all(&is_fine)
            }
            _ => false,
        })
    }

    /// A block that is used as a value: what it ends with is the value.
    pub(super) fn valued(&mut self, block: &'m Block, used: &Use<'m>) {
        let Some((last, before)) = block.split_last() else { return };
        before.iter().for_each(|statement| self.statement(statement));
        match &last.kind {
            StatementKind::Expression(value) => self.expression(value, used),
            StatementKind::If { test, then, otherwise } => {
                self.test(test);
                self.valued(then, used);
                self.valued(otherwise, used);
            }
            StatementKind::Block(block) => self.valued(block, used),
            _ => self.statement(last),
        }
    }

    pub(super) fn operator(&mut self, operator: &str, operands: &'m [Expression], used: &Use<'m>) {
        match (operator, operands) {
            ("or" | "??", [first, rest @ ..]) if !rest.is_empty() => {
                let unit = self.unit;
                let mut left = used.clone();
                left.alternatives.splice(0..0, rest.iter().take(ALTERNATIVES).map(|each| (each, unit)));
                if !used.tested {
                    left.group = left.group.or_else(|| {
                        self.groups += 1;
                        Some(self.groups)
                    });
                }
                self.expression(first, &left);
                for (index, each) in rest.iter().enumerate() {
                    let mut right = used.clone();
                    right.group = left.group;
                    let further = rest.iter().skip(index + 1).take(ALTERNATIVES);
                    right.alternatives.splice(0..0, further.map(|each| (each, unit)));
                    self.expression(each, &right);
                }
            }
            ("and", [rest @ .., last]) => {
                rest.iter().for_each(|each| self.test(each));
                let outer = self.tests.len();
                let unit = self.unit;
                self.tests.extend(rest.iter().map(|each| (each, true, unit)));
                self.expression(last, used);
                self.tests.truncate(outer);
            }
            ("?", [inner]) => self.expression(inner, &Use { raises: true, ..used.clone() }),
            ("not" | "typeof" | "==" | "!=" | "is" | "is not" | "in" | "not in" | "<" | ">" | "<=" | ">=", _) => {
                operands.iter().for_each(|operand| self.test(operand));
            }
            ("!", [inner]) => self.expression(inner, used),
            // Nothing and a text cannot be added up in Python.
            ("+", _) if self.is_python() => {
                operands.iter().for_each(|operand| self.expression(operand, &Use { breaks: true, ..Use::default() }));
            }
            _ => operands.iter().for_each(|operand| self.plain(operand)),
        }
    }

    pub(super) fn call(&mut self, call: &'m Call, used: &Use<'m>) {
        let filled = |filled: Filled| Use { filled: Some(filled), ..used.clone() };
        let first = call.arguments.first().map(|argument| &argument.value);
        match &call.callee.kind {
            ExpressionKind::Member { object, name } => {
                let inner = match (name.as_str(), first) {
                    ("expect" | "unwrap", _) => Use { raises: true, ..used.clone() },
                    ("unwrap_or_default", _) => filled(Filled::Blank),
                    ("unwrap_or" | "or", Some(first)) => {
                        let mut used = used.clone();
                        used.alternatives.insert(0, (first, self.unit));
                        used
                    }
                    ("unwrap_or_else" | "or_else" | "map_or_else", Some(first)) => match &first.kind {
                        ExpressionKind::Function(function) => self.otherwise(function, used),
                        _ => filled(Filled::Something),
                    },
                    ("map_or", _) => filled(Filled::Something),
                    ("is_ok" | "is_err" | "is_some" | "is_none" | "is_ok_and" | "is_some_and", _) => {
                        Use { tested: true, ..used.clone() }
                    }
                    (name, _) if keeps(name) => used.clone(),
                    // `FLAGS.split(",").includes(x)` in a test is a test of the variable.
                    _ if used.tested => used.clone(),
                    _ => Use::default(),
                };
                // What has other methods than a text is something that the platform hands over: `env.STORE.list()`.
                if self.is_handed_over(object, name) {
                    let mut children = Vec::new();
                    crate::link::flow::children(object, &mut |child| children.push(child));
                    children.into_iter().for_each(|child| self.plain(child));
                } else {
                    let forgiven = self.is_forgiven(object);
                    self.expression(object, &Use { forgiven, breaks: self.breaks_without(object), ..inner });
                }
            }
            callee => {
                let inner = match callee {
                    ExpressionKind::Name(name) if matches!(name.as_str(), "bool" | "Boolean") => {
                        Some(Use { tested: true, ..used.clone() })
                    }
                    ExpressionKind::Name(name) if converts(name) => {
                        let breaks = self.is_python() && matches!(name.as_str(), "int" | "float");
                        Some(Use { breaks: used.breaks || breaks, ..used.clone() })
                    }
                    _ => None,
                };
                if let (Some(inner), Some(first)) = (inner, first) {
                    self.expression(first, &inner);
                    call.arguments.iter().skip(1).for_each(|argument| self.plain(&argument.value));
                    return;
                }
                self.plain(&call.callee);
            }
        }
        // `schema.default("x").parse(process.env.KEY)`: the schema has a value for what is missing.
        if let ExpressionKind::Member { object, name } = &call.callee.kind
            && (name == "parse" || name == "safeParse")
            && is_filled(object)
        {
            let given = Use { filled: Some(Filled::Something), ..Use::default() };
            return call.arguments.iter().for_each(|argument| self.expression(&argument.value, &given));
        }
        for (index, argument) in call.arguments.iter().enumerate() {
            let bound = self.parameter_of(call, index, argument);
            let filled = self.filled_where_given(call, index, argument);
            self.expression(&argument.value, &Use { bound, filled, given_to: Some(call), ..Use::default() });
        }
    }

    /// What a function of the program takes in place of a variable that it is given and that is missing.
    fn filled_where_given(&self, call: &'m Call, index: usize, argument: &'m Argument) -> Option<Filled> {
        let is_variable = |value: &'m Expression| self.variables.read_of(value, self.frame()).is_some();
        let is_given = match &argument.value.kind {
            ExpressionKind::Operator { operator, operands } => {
                matches!(operator.as_str(), "or" | "??") && operands.iter().all(is_variable)
            }
            ExpressionKind::Member { .. } | ExpressionKind::Index { .. } | ExpressionKind::Call(_) => {
                is_variable(&argument.value)
            }
            _ => false,
        };
        is_given.then(|| self.variables.filled_by_callee(call, index, argument.name.as_deref(), self.frame())).flatten()
    }

    /// The name of the parameter of an own function for which a name is passed that is watched.
    pub(super) fn parameter_of(&self, call: &'m Call, index: usize, argument: &'m Argument) -> Option<&'m str> {
        let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &argument.value.kind else {
            return None;
        };
        if !self.stands.watches(name) {
            return None;
        }
        let program = self.variables.program;
        let values = program.values(&call.callee, self.frame());
        let function = values.iter().find_map(|value| match value {
            Value::Function { unit, .. } => program.units.units[*unit].function,
            _ => None,
        })?;
        match &argument.name {
            Some(name) => Some(name),
            None => bound_name(&function.parameters.get(index + own_receiver(function))?.target),
        }
    }

    /// Whether what looks like a variable is none, because a method is called on it that no text has.
    pub(super) fn is_handed_over(&self, object: &'m Expression, method: &str) -> bool {
        matches!(object.kind, ExpressionKind::Member { .. })
            && self.variables.program.modules[self.module].language == Language::TypeScript
            && !(keeps(method) || converts(method) || is_of_texts(method))
            && self.variables.read_of(object, self.frame()).is_some()
    }

    /// What a closure for the missing case makes of it.
    pub(super) fn otherwise(&self, function: &'m Function, used: &Use<'m>) -> Use<'m> {
        let program = self.variables.program;
        let Some(unit) = program.units.unit_of(function) else { return used.clone() };
        if program.never_returns(unit) {
            return Use { raises: true, ..used.clone() };
        }
        let mut used = used.clone();
        used.alternatives.splice(0..0, program.units.units[unit].returns.iter().map(|value| (*value, unit)));
        if program.units.units[unit].returns.is_empty() {
            used.filled = Some(Filled::Something);
        }
        used
    }

    pub(super) fn is_python(&self) -> bool {
        self.variables.program.modules[self.module].language == Language::Python
    }

    /// Whether asking a member of something fails where it is not there.
    pub(super) fn breaks_without(&self, object: &Expression) -> bool {
        // What a library answers with in place of a text has methods of its own: `get("KEY").asString()`.
        let is_text = match self.variables.program.modules[self.module].language {
            Language::Python => true,
            Language::TypeScript => !matches!(object.kind, ExpressionKind::Call(_)),
            Language::Rust => false,
        };
        is_text && !self.is_forgiven(object)
    }

    pub(super) fn is_forgiven(&self, object: &Expression) -> bool {
        self.variables.program.modules[self.module].forgiven.binary_search(&object.span).is_ok()
    }
}
