//! Rows that a change can be made to only once: `set state = 'drafting' where id = 7 and state = 'new'`. Whoever comes
//! second changes none, and is refused.

use crate::judge::behaviour::fresh::is_fresh;
use crate::judge::behaviour::operations::{self, Operation};
use crate::judge::conditions::fallback::walk;
use crate::link::Program;
use crate::link::flow::{Gate, Slice, children};
use crate::model::{Call, Expression, ExpressionKind, Literal};

use super::{Guards, Protection, short};

/// Expressions within expressions.
const DEPTH: usize = 16;

/// Methods, and keys of options, under which stands what a change sets.
const SETS: [&str; 4] = ["set", "values", "data", "$set"];

impl<'p, 'm> Guards<'p, 'm> {
    /// A test that refuses when a change that ends its own condition has found nothing to change.
    pub(super) fn claims_a_row(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let refuses = |changed| holds_for(gate.test, changed, 0).map(|holds| holds == gate.refuses_when);
        if refuses(0.0) != Some(true) || refuses(1.0) != Some(false) {
            return None;
        }
        let here = slice.sites.iter().copied().filter(|site| site.frame == gate.frame);
        here.filter(|site| self.behaviour.operation(*site) == Some(Operation::Set)).find_map(|site| {
            let info = &self.program.units.calls[site.call];
            let ends = match operations::statement(self.program, site) {
                Some(text) => statement_ends_its_condition(&text),
                None => Change::of(info.call).ends_its_condition(),
            };
            let name = || short(&Program::written(&info.call.callee));
            ends.then(|| Protection { module: info.module, span: gate.span, name: name() })
        })
    }
}

impl<'p, 'm> Guards<'p, 'm> {
    /// A test that refuses where a row was not put there now, for there was one: an upsert that only sets what is new, and
    /// tells what was there before, or whether it has put anything there.
    pub(super) fn claims_by_insert(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let refuses = |told| holds_for(gate.test, told, 0).map(|holds| holds == gate.refuses_when);
        let (none, one) = (refuses(0.0)?, refuses(1.0)?);
        if none == one {
            return None;
        }
        let program = self.program;
        let here = slice.sites.iter().copied().filter(|site| site.frame == gate.frame);
        here.filter(|site| self.behaviour.operation(*site) == Some(Operation::Set)).find_map(|site| {
            let info = &program.units.calls[site.call];
            let names_row = || {
                let key = Change::of(info.call).asked.into_iter().find(|(_, value)| !is_literal(value));
                key.is_some_and(|(_, value)| !is_fresh(program, (value, site.frame)))
            };
            let refuses_known = tells_what_is_new(gate.test, info.call)? == none;
            let name = || short(&Program::written(&info.call.callee));
            (refuses_known && only_inserts(info.call) && names_row()).then(|| Protection {
                module: info.module,
                span: gate.span,
                name: name(),
            })
        })
    }
}

/// Whether a call puts a row there where there is none, and leaves one that is there as it is.
fn only_inserts(call: &Call) -> bool {
    let (mut inserts, mut is_upsert) = (false, false);
    for argument in &call.arguments {
        is_upsert |= argument.name.as_deref() == Some("upsert") && is_true(&argument.value);
        let ExpressionKind::Object(entries) = &argument.value.kind else { continue };
        inserts |= entries.iter().any(|entry| entry.key.as_deref() == Some("$setOnInsert"));
        is_upsert |= entries.iter().any(|entry| entry.key.as_deref() == Some("upsert") && is_true(&entry.value));
    }
    inserts && is_upsert
}

fn is_true(value: &Expression) -> bool {
    matches!(value.kind, ExpressionKind::Literal(Literal::Boolean(true)))
}

/// Whether what a test asks is there for what was put there now; no: for what was there before; none: for both.
fn tells_what_is_new(test: &Expression, call: &Call) -> Option<bool> {
    let mut asked = None;
    walk(test, &mut |each| {
        if let ExpressionKind::Member { name, .. } = &each.kind {
            asked = asked.or(match name.as_str() {
                "upsertedCount" | "upsertedId" | "upserted_id" | "upserted_count" => Some(true),
                "matchedCount" | "matched_count" | "updatedExisting" => Some(false),
                _ => None,
            });
        }
    });
    let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return asked };
    let gives_document = name.to_ascii_lowercase().replace('_', "").starts_with("find");
    asked.or_else(|| (gives_document && !gives_it_afterwards(call)).then_some(false))
}

/// Whether a call is told to give a document as it is after the change.
fn gives_it_afterwards(call: &Call) -> bool {
    let is_told = |name: &str, value: &Expression| match name {
        "new" | "rawResult" | "includeResultMetadata" => is_true(value),
        "returnOriginal" => !is_true(value),
        "returnDocument" | "return_document" => !Program::written(value).to_ascii_lowercase().contains("before"),
        _ => false,
    };
    call.arguments.iter().any(|argument| match (&argument.name, &argument.value.kind) {
        (Some(name), _) => is_told(name, &argument.value),
        (None, ExpressionKind::Object(entries)) => {
            entries.iter().any(|entry| entry.key.as_deref().is_some_and(|key| is_told(key, &entry.value)))
        }
        _ => false,
    })
}

/// Whether a test holds when so many rows were changed; none where it asks for something else.
fn holds_for(test: &Expression, changed: f64, depth: usize) -> Option<bool> {
    match &test.kind {
        _ if depth > DEPTH => None,
        ExpressionKind::Await(inner) => holds_for(inner, changed, depth + 1),
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } | ExpressionKind::Call(_) => Some(changed != 0.0),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => holds_for(inner, changed, depth + 1).map(|holds| !holds),
            (_, [_, bound]) => match &bound.kind {
                ExpressionKind::Literal(Literal::Number(bound)) => compared(operator, changed, *bound),
                ExpressionKind::Literal(Literal::Null) => compared(operator, changed, 0.0),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn compared(operator: &str, changed: f64, bound: f64) -> Option<bool> {
    Some(match operator {
        "==" | "is" => changed == bound,
        "!=" | "is not" => changed != bound,
        "<" => changed < bound,
        "<=" => changed <= bound,
        ">" => changed > bound,
        ">=" => changed >= bound,
        _ => return None,
    })
}

/// What a change asks of the rows that it is made to, and what it makes of them: columns with what is written for them.
#[derive(Debug, Default)]
struct Change<'m> {
    asked: Vec<(String, &'m Expression)>,
    set: Vec<(String, &'m Expression)>,
}

impl<'m> Change<'m> {
    fn of(call: &'m Call) -> Change<'m> {
        let mut change = Change::default();
        change.call(call, true, 0);
        change
    }

    /// Whether it is about a row that somebody names, and what it sets is another value than the one that it asks for.
    /// Without a name it claims whatever is there: a lock, the next of a queue.
    fn ends_its_condition(&self) -> bool {
        let names_row = self.asked.iter().any(|(_, value)| !is_literal(value));
        names_row
            && self.asked.iter().filter(|(_, value)| is_literal(value)).any(|(column, asked)| {
                let is_other = |value: &Expression| match (&value.kind, &asked.kind) {
                    (ExpressionKind::Literal(new), ExpressionKind::Literal(old)) => new != old,
                    _ => Program::written(value) != Program::written(asked),
                };
                self.set.iter().any(|(other, value)| other == column && is_other(value))
            })
    }

    /// The parts of a call; what the outermost one is given by name is what it sets.
    fn call(&mut self, call: &'m Call, is_outermost: bool, depth: usize) {
        let (mut name, mut object) = ("", None);
        match &call.callee.kind {
            ExpressionKind::Member { object: inner, name: own } => (name, object) = (own.as_str(), Some(inner)),
            ExpressionKind::Name(own) => name = own,
            _ => {}
        }
        let sets = is_outermost || SETS.contains(&name);
        for argument in &call.arguments {
            match &argument.name {
                Some(column) if !SETS.contains(&column.as_str()) && column != "where" => {
                    self.add(column, &argument.value, sets)
                }
                named => {
                    let sets = named.as_deref().map_or(SETS.contains(&name), |name| SETS.contains(&name));
                    self.within(&argument.value, sets, depth + 1);
                }
            }
        }
        // `eq(reviews.state, "new")`
        if let ("eq", [column, value]) = (name, call.arguments.as_slice())
            && let ExpressionKind::Member { name, .. } = &column.value.kind
        {
            self.add(name, &value.value, false);
        }
        if let Some(object) = object {
            self.within(object, false, depth + 1);
        }
    }

    fn within(&mut self, part: &'m Expression, sets: bool, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match &part.kind {
            ExpressionKind::Call(call) => self.call(call, false, depth + 1),
            ExpressionKind::Object(entries) => {
                for entry in entries {
                    let key = entry.key.as_deref().unwrap_or("");
                    if matches!(entry.value.kind, ExpressionKind::Object(_)) {
                        self.within(&entry.value, sets || SETS.contains(&key), depth + 1);
                    } else {
                        self.add(key, &entry.value, sets);
                    }
                }
            }
            ExpressionKind::Operator { operator, operands } if operator == "==" => {
                if let [Expression { kind: ExpressionKind::Member { name, .. }, .. }, value] = operands.as_slice() {
                    self.add(name, value, false);
                }
            }
            _ => children(part, &mut |child| self.within(child, sets, depth + 1)),
        }
    }

    fn add(&mut self, column: &str, value: &'m Expression, sets: bool) {
        let column = column.strip_suffix("__isnull").unwrap_or(column).to_owned();
        let columns = if sets { &mut self.set } else { &mut self.asked };
        columns.push((column, value));
    }
}

fn is_literal(value: &Expression) -> bool {
    matches!(value.kind, ExpressionKind::Literal(_))
}

/// The same of a statement in SQL.
fn statement_ends_its_condition(text: &str) -> bool {
    let text = text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((_, rest)) = text.split_once(" set ") else { return false };
    let Some((set, asked)) = rest.split_once(" where ") else { return false };
    let pair = |part: &str| {
        let (column, value) = part.split_once('=').or_else(|| part.split_once(" is "))?;
        Some((column.trim().to_owned(), value.split_whitespace().next()?.trim_end_matches([';', ')']).to_owned()))
    };
    let set: Vec<(String, String)> = set.split(',').filter_map(pair).collect();
    let is_literal = |value: &str| {
        value.starts_with(['\'', '"'])
            || value.starts_with(|first: char| first.is_ascii_digit())
            || matches!(value, "true" | "false" | "null")
    };
    let asked: Vec<(String, String)> = asked.split(" and ").filter_map(pair).collect();
    let names_row = asked.iter().any(|(_, value)| !is_literal(value));
    let ends = |(column, value): &(String, String)| {
        is_literal(value) && set.iter().any(|(other, new)| other == column && new != value)
    };
    names_row && asked.iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::statement_ends_its_condition;

    #[test]
    fn statements_that_end_their_condition() {
        for text in [
            "UPDATE reviews SET state = 'drafting', at = now() WHERE id = %s AND state = 'new'",
            "update jobs set taken_at = now() where id = $1 and taken_at is null returning id",
        ] {
            assert!(statement_ends_its_condition(text), "{text}");
        }
        for text in [
            "update reviews set state = 'drafting' where id = $1",
            "update reviews set state = 'new' where id = $1 and state = 'new'",
            "update reviews set draft = $1 where state = 'new'",
            "update locks set is_held = true where is_held = false",
        ] {
            assert!(!statement_ends_its_condition(text), "{text}");
        }
    }
}
