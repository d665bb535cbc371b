//! Whether a row can be there already: only where its table says that something in it is unique.

use crate::link::units::ClassId;
use crate::link::{Program, Site, Value};
use crate::model::{Block, Call, Entry, Expression, ExpressionKind, Literal, StatementKind};

use super::super::behaviour::fresh::is_fresh;
use super::super::behaviour::subjects::last_name;
use super::super::conditions::fallback::walk;

/// Classes from which one table class derives.
const DEPTH: usize = 6;

/// The field that is unique in every collection of documents.
const KEY: &str = "_id";

/// The first key of what schemas of databases say, before the name of a table.
const TABLES: &str = "tables";

/// Whether what a call stores can meet a row that is there already. A table whose class is not seen, or tells nothing
/// about its columns, may have what is unique anywhere.
pub fn may_conflict(program: &Program<'_>, site: Site) -> bool {
    let call = program.units.calls[site.call].call;
    if let Some(conflicts) = conflicts_by_schema(program, site) {
        return conflicts;
    }
    if let Some(conflicts) = conflicts_by_document(program, site) {
        return conflicts;
    }
    let given = call.arguments.iter().flat_map(|argument| match &argument.value.kind {
        ExpressionKind::List(items) => {
            items.iter().flat_map(|item| program.values(item, site.frame).to_vec()).collect()
        }
        _ => program.values(&argument.value, site.frame).to_vec(),
    });
    let mut rows = given
        .filter_map(|value| match value {
            Value::Instance { class, site } => Some((class, site)),
            _ => None,
        })
        .peekable();
    rows.peek().is_none()
        || is_made_unique_elsewhere(program)
        || rows.any(|(class, made)| is_unique(program, class, made))
}

/// What the schema of the database says, where there is one and it has the table (`prisma.message`): whether the row that
/// is given has all that is unique together. What is spread into it may hold anything.
fn conflicts_by_schema(program: &Program<'_>, site: Site) -> Option<bool> {
    let call = program.units.calls[site.call].call;
    let ExpressionKind::Member { object, .. } = &call.callee.kind else { return None };
    let table = last_name(object)?;
    let of_table = program.settings.iter().flat_map(|settings| &settings.entries).filter(|entry| {
        let named = entry.keys.get(1).is_some_and(|name| name.eq_ignore_ascii_case(table));
        named && entry.keys.first().is_some_and(|first| first == TABLES)
    });
    let mut is_known = false;
    let mut unique: Vec<&str> = Vec::new();
    for entry in of_table {
        is_known = true;
        if let Literal::Text(fields) = &entry.value {
            unique.push(fields);
        }
    }
    let mut given = Vec::new();
    let is_written = is_known && given_fields(call, &mut given);
    // What is made up for the request was never there before.
    given.retain(|(_, value)| !is_fresh(program, (*value, site.frame)));
    // `chat: { connect: { id } }` gives `chatId`.
    let has = |field: &str| {
        given
            .iter()
            .any(|(name, _)| field == *name || field.strip_prefix(*name).is_some_and(|rest| rest.starts_with('I')))
    };
    is_written.then(|| unique.iter().any(|fields| fields.split(' ').all(has)))
}

/// What the schema says with which the model of a document was made, where all of it is written down: whether something
/// in it is unique. The key that a document is given itself is.
fn conflicts_by_document(program: &Program<'_>, site: Site) -> Option<bool> {
    let call = program.units.calls[site.call].call;
    let ExpressionKind::Member { object, .. } = &call.callee.kind else { return None };
    let row = call.arguments.first()?;
    let ExpressionKind::Object(given) = &row.value.kind else { return None };
    let keys = given.iter().map(|entry| entry.key.as_deref()).collect::<Option<Vec<_>>>()?;
    if keys.contains(&KEY) {
        return Some(true);
    }
    let model = program.values(object, site.frame).iter().find_map(|value| value.sites().last().copied())?;
    let schema = program.units.calls[model.call].call.arguments.get(1)?;
    let made = program.values(&schema.value, model.frame).iter().find_map(|value| value.sites().last().copied())?;
    let fields = &program.units.calls[made.call].call.arguments.first()?.value;
    let ExpressionKind::Object(fields) = &fields.kind else { return None };
    let is_written = fields.iter().all(|field| field.key.is_some());
    let says_unique = |written: &Expression| {
        let mut found = false;
        walk(written, &mut |each| {
            if let ExpressionKind::Object(entries) = &each.kind {
                found |= entries.iter().any(is_unique_entry);
            }
        });
        found
    };
    let has_index = || {
        program.units.calls.iter().any(|info| {
            let ExpressionKind::Member { object, name } = &info.call.callee.kind else { return false };
            let name = name.to_ascii_lowercase();
            // `schema.index(..)` is about that schema, what `createIndex` is called on may be any collection.
            let is_about_it = || {
                let values = program.values(object, program.open_frame(info.unit));
                values.iter().any(|value| value.sites().last().is_some_and(|other| other.call == made.call))
            };
            (name.ends_with("index") || name.ends_with("indexes"))
                && info.call.arguments.iter().any(|argument| says_unique(&argument.value))
                && (name != "index" || is_about_it())
        })
    };
    is_written.then(|| fields.iter().any(|field| says_unique(&field.value)) || has_index())
}

fn is_unique_entry(entry: &Entry) -> bool {
    entry.key.as_deref() == Some("unique")
        && !matches!(entry.value.kind, ExpressionKind::Literal(Literal::Boolean(false) | Literal::Null))
}

/// The fields of the row under `data`; no where they are not all written down.
fn given_fields<'m>(call: &'m Call, fields: &mut Vec<(&'m str, &'m Expression)>) -> bool {
    let entries = call.arguments.iter().filter_map(|argument| match &argument.value.kind {
        ExpressionKind::Object(entries) => Some(entries),
        _ => None,
    });
    let mut rows = entries.flatten().filter(|entry| entry.key.as_deref() == Some("data"));
    let Some(row) = rows.next() else { return false };
    let ExpressionKind::Object(entries) = &row.value.kind else { return false };
    fields.extend(entries.iter().filter_map(|entry| Some((entry.key.as_deref()?, &entry.value))));
    entries.iter().all(|entry| entry.key.is_some())
}

/// Whether a class of rows has columns that are unique, or is given its primary key; one without a primary key that is
/// written down is not known well enough.
fn is_unique(program: &Program<'_>, class: ClassId, made: Option<Site>) -> bool {
    let given = |name: &str| {
        made.is_none_or(|made| {
            let arguments = &program.units.calls[made.call].call.arguments;
            arguments.iter().any(|argument| matches!(argument.name.as_deref(), Some(key) if key == name || key == "**"))
        })
    };
    // What is made up for the request was never there before.
    let is_made_up = |name: &str| {
        made.is_some_and(|made| {
            let mut arguments = program.units.calls[made.call].call.arguments.iter();
            let given = arguments.find(|argument| argument.name.as_deref() == Some(name));
            given.is_some_and(|given| is_fresh(program, (&given.value, made.frame)))
        })
    };
    let mut keys = 0;
    let mut classes = vec![class];
    for _ in 0..DEPTH {
        let Some(class) = classes.pop() else { break };
        let info = &program.units.classes[class];
        if mentions_unique(&info.class.body, &is_made_up, 0) {
            return true;
        }
        for name in &info.order {
            let fields = info.fields.get(name).map_or(&[][..], Vec::as_slice);
            let is_key =
                fields.iter().any(|(_, field)| field.value.as_ref().is_some_and(|value| tells(value, is_primary)));
            if is_key && given(name) && !is_made_up(name) {
                return true;
            }
            keys += usize::from(is_key);
        }
        let home = program.open_frame(info.unit);
        for base in info.class.bases.iter().flat_map(|base| program.values(base, home).to_vec()) {
            if let Value::Class(base) = base {
                classes.push(base);
            }
        }
    }
    keys == 0
}

/// Whether a change of the tables makes something unique: `create_unique_constraint(..)` in a migration.
fn is_made_unique_elsewhere(program: &Program<'_>) -> bool {
    program.units.calls.iter().any(|info| {
        matches!(&info.call.callee.kind, ExpressionKind::Member { name, .. } if name.to_ascii_lowercase().contains("unique") || name == "create_index")
            && (is_unique_call(info.call) || info.call.arguments.iter().any(is_switched_on("unique")))
    })
}

/// Whether something in the body of a class is unique that is not made up for the row: a column, or those that a
/// constraint names.
fn mentions_unique(body: &Block, is_made_up: &dyn Fn(&str) -> bool, depth: usize) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StatementKind::Assign(assignment) => {
            let column = match &assignment.target.kind {
                ExpressionKind::Name(name) => name.as_str(),
                _ => "",
            };
            let tells_so = || assignment.value.as_ref().is_some_and(|value| tells(value, is_unique_call));
            (column.starts_with("unique") || tells_so())
                && !is_made_up(column)
                && !assignment.value.as_ref().is_some_and(|value| names_any(value, is_made_up))
        }
        StatementKind::Class(inner) => depth < 3 && mentions_unique(&inner.body, is_made_up, depth + 1),
        _ => false,
    })
}

/// Whether a value names one of certain columns.
fn names_any(value: &Expression, is_one: &dyn Fn(&str) -> bool) -> bool {
    let mut found = false;
    walk(value, &mut |each| {
        if let ExpressionKind::Literal(Literal::Text(text)) = &each.kind {
            found |= is_one(text);
        }
    });
    found
}

/// Whether a call within a value tells something about a column or table.
fn tells(value: &Expression, what: impl Fn(&Call) -> bool) -> bool {
    let mut found = false;
    walk(value, &mut |each| {
        if let ExpressionKind::Call(call) = &each.kind {
            found |= what(call);
        }
    });
    found
}

fn is_unique_call(call: &Call) -> bool {
    let is_named = matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name.to_ascii_lowercase().contains("unique"));
    is_named || call.arguments.iter().any(is_switched_on("unique"))
}

fn is_primary(call: &Call) -> bool {
    call.arguments.iter().any(is_switched_on("primary_key"))
}

fn is_switched_on(name: &str) -> impl Fn(&crate::model::Argument) -> bool {
    move |argument| {
        argument.name.as_deref() == Some(name)
            && !matches!(argument.value.kind, ExpressionKind::Literal(Literal::Boolean(false) | Literal::Null))
    }
}
