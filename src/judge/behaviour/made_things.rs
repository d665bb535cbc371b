//! Counts for each of the things that callers make as often as they like: who has asked enough in one chat begins another.

use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};

use super::Behaviour;
use super::fresh::is_fresh;
use super::operations::{Operation, statement};
use super::quantities::{Quantity, Source};
use super::repeats::{is_who_asks, plain};
use super::row_changes::{later_in_chain, set_in_chain};
use super::subjects::{self, Subject, are_alike};
use super::writes::{Change, Write, stays_in_process};

/// Expressions within each other that are looked into for columns.
const DEPTH: usize = 12;

/// A column of a row that is written, with its value where that is known.
type Given<'m> = (String, Option<(&'m Expression, FrameId)>);

impl<'m> Behaviour<'_, 'm> {
    /// Whether a count goes by the row of something that requests make, which belongs to nobody and is numbered by its
    /// store: the messages of one chat, the steps of one run. What is left of a balance was put there by somebody.
    pub(super) fn is_for_each_made(&self, quantity: &Quantity<'m>) -> bool {
        let Source::Store(site, Operation::Tally | Operation::Many | Operation::Get) = quantity.source else {
            return false;
        };
        let program = self.program;
        if quantity.refuses_little || stays_in_process(program, site) {
            return false;
        }
        let columns = columns_asked(program, site);
        let by_caller = columns.iter().any(|column| is_who_asks(&plain(column)))
            || quantity.keys.iter().any(|(key, frame)| tells_caller(program, key, *frame));
        if by_caller {
            return false;
        }
        let things = things_behind(program, site, &columns);
        let mut made = self.writes().iter().filter(|write| write.change == Change::Append && !write.in_process);
        !things.is_empty() && made.any(|write| makes_for_nobody(program, write, &things))
    }
}

/// What the columns are about by which rows are asked for: `chat` for `chat_id`, the rows themselves for `id`.
fn things_behind(program: &Program<'_>, site: Site, columns: &[String]) -> Vec<String> {
    let mut things = Vec::new();
    for column in columns {
        if column == "id" {
            let told = subjects::of_operation(program, site);
            let rows = told.iter().filter(|each| matches!(each, Subject::Table(_) | Subject::Rows(_)));
            things.extend(rows.map(|each| each.name().to_owned()));
        } else if let Some(thing) = ["_id", "Id", "ID"].iter().find_map(|end| column.strip_suffix(end))
            && !thing.is_empty()
        {
            things.push(thing.to_owned());
        }
    }
    things
}

/// Whether a record adds a row of one of some things, with no number that comes with the request, and without saying
/// whose it is.
fn makes_for_nobody<'m>(program: &Program<'m>, write: &Write<'m>, things: &[String]) -> bool {
    let is_one = write.subjects.iter().any(|subject| match subject {
        Subject::Table(name) | Subject::Rows(name) => things.iter().any(|thing| are_alike(thing, name)),
        _ => false,
    });
    let is_number = |name: &str| {
        matches!(name, "id" | "_id")
            || name.ends_with("uid")
            || things.iter().any(|thing| name.strip_suffix("_id").or(name.strip_suffix("Id")) == Some(thing))
    };
    let is_sent = |value: &Option<(&'m Expression, FrameId)>| !value.is_some_and(|value| is_fresh(program, value));
    is_one
        && given_columns(program, write).is_some_and(|given| {
            !given.iter().any(|(name, value)| is_who_asks(&plain(name)) || is_number(name) && is_sent(value))
        })
}

/// The columns that a row is added with; none where these are not written out.
fn given_columns<'m>(program: &Program<'m>, write: &Write<'m>) -> Option<Vec<Given<'m>>> {
    let site = write.site?;
    if let Some(text) = statement(program, site) {
        let (_, rest) = text.split_once('(')?;
        let (columns, _) = rest.split_once(')')?;
        return Some(columns.split(',').map(|name| (name.trim().to_owned(), None)).collect());
    }
    let info = &program.units.calls[site.call];
    let mut given = Vec::new();
    for argument in &info.call.arguments {
        match &argument.name {
            Some(name) if name == "**" => return None,
            Some(name) => given.push((name.clone(), Some((&argument.value, site.frame)))),
            None => row_given(program, &argument.value, site.frame, &mut given, 0)?,
        }
    }
    for row in set_in_chain(program, info.unit, info.call) {
        row_given(program, row, site.frame, &mut given, 0)?;
    }
    Some(given)
}

/// The columns of a row as it is given: an object, what stands in it under `data`, an object of a class of rows, or the
/// class itself, which tells a table.
fn row_given<'m>(
    program: &Program<'m>,
    row: &'m Expression,
    frame: FrameId,
    given: &mut Vec<Given<'m>>,
    depth: usize,
) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    if let ExpressionKind::Object(entries) = &row.kind {
        for entry in entries {
            match entry.key.as_deref()? {
                "data" => row_given(program, &entry.value, frame, given, depth + 1)?,
                key => given.push((key.to_owned(), Some((&entry.value, frame)))),
            }
        }
        return Some(());
    }
    let values = program.values(row, frame);
    let [value] = &values[..] else { return None };
    match value {
        Value::Class(_) => {}
        // `db.insert(chats)`: a table that a module declares.
        Value::Library { sites, .. } => {
            let made = sites.first()?;
            let unit = program.units.calls[made.call].unit;
            program.units.units[unit].function.is_none().then_some(())?;
        }
        Value::Data { expression, frame } if !std::ptr::eq(expression.0, row) => {
            row_given(program, expression.0, *frame, given, depth + 1)?;
        }
        Value::Instance { site: Some(made), .. } => {
            for argument in &program.units.calls[made.call].call.arguments {
                let name = argument.name.as_deref().filter(|name| *name != "**")?;
                given.push((name.to_owned(), Some((&argument.value, made.frame))));
            }
        }
        _ => return None,
    }
    Some(())
}

/// The columns by which an operation asks for rows that have a value, also by the calls of its chain.
fn columns_asked(program: &Program<'_>, site: Site) -> Vec<String> {
    if let Some(text) = statement(program, site) {
        return columns_of_statement(&text);
    }
    let info = &program.units.calls[site.call];
    let mut columns = Vec::new();
    let mut open = later_in_chain(program, info.unit, info.call);
    let mut receiver = info.call;
    open.push(receiver);
    while let ExpressionKind::Member { object, .. } = &receiver.callee.kind {
        let ExpressionKind::Call(inner) = &object.kind else { break };
        receiver = inner;
        open.push(receiver);
    }
    open.into_iter().for_each(|call| columns_of_call(program, call, site.frame, &mut columns, 0));
    columns
}

fn columns_of_call<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId, columns: &mut Vec<String>, depth: usize) {
    let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return };
    // `.eq("chat_id", id)`, `eq(messages.chatId, id)`
    if name == "eq"
        && let [column, _] = call.arguments.as_slice()
    {
        columns.extend(name_of_column(&column.value));
        return;
    }
    for argument in &call.arguments {
        if let (Some(name), true) = (argument.name.as_deref(), asks_by_name(name, argument)) {
            columns.push(name.to_owned());
        }
        columns_within(program, &argument.value, frame, columns, depth + 1);
    }
}

/// Whether a named argument says which value a column has: `filter_by(run_id=..)`.
fn asks_by_name(name: &str, argument: &Argument) -> bool {
    name != "**" && !name.contains("__") && !matches!(argument.value.kind, ExpressionKind::Object(_))
}

/// The columns that a condition compares: `Step.run_id == run_id`, `{ where: { chatId } }`, a statement that was put
/// together before.
fn columns_within<'m>(
    program: &Program<'m>,
    condition: &'m Expression,
    frame: FrameId,
    columns: &mut Vec<String>,
    depth: usize,
) {
    if depth > DEPTH {
        return;
    }
    let mut within = |each: &'m Expression| columns_within(program, each, frame, columns, depth + 1);
    match &condition.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("==", [column, _]) => columns.extend(name_of_column(column)),
            _ => operands.iter().for_each(within),
        },
        ExpressionKind::Object(entries) => {
            for entry in entries {
                match entry.key.as_deref() {
                    Some("where" | "filter" | "$match" | "AND" | "and") => {
                        columns_within(program, &entry.value, frame, columns, depth + 1);
                    }
                    Some(key) => columns.push(key.to_owned()),
                    None => {}
                }
            }
        }
        ExpressionKind::List(items) => items.iter().for_each(within),
        ExpressionKind::Await(inner) => within(inner),
        ExpressionKind::Call(call) => {
            columns_of_call(program, call, frame, columns, depth + 1);
            if let ExpressionKind::Member { object, .. } = &call.callee.kind {
                columns_within(program, object, frame, columns, depth + 1);
            }
        }
        ExpressionKind::Name(_) => {
            for value in program.values(condition, frame).iter() {
                let Value::Library { sites, .. } = value else { continue };
                for site in sites.iter().take(6) {
                    columns_of_call(program, program.units.calls[site.call].call, site.frame, columns, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn name_of_column(column: &Expression) -> Option<String> {
    match &column.kind {
        ExpressionKind::Member { name, .. } => Some(name.clone()),
        ExpressionKind::Literal(Literal::Text(name)) => Some(name.clone()),
        _ => None,
    }
}

/// The columns that a statement asks for by a value: `where chat_id = $1 and at > $2`.
fn columns_of_statement(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let Some((_, asked)) = text.split_once("where") else { return Vec::new() };
    let before = asked.match_indices('=').filter_map(|(at, _)| asked.get(..at));
    let columns = before.filter(|before| !before.ends_with(['<', '>', '!'])).filter_map(|before| {
        let word = before.split_whitespace().next_back()?;
        let column = word.rsplit('.').next()?.trim_matches(|each: char| !each.is_alphanumeric() && each != '_');
        (!column.is_empty()).then(|| column.to_owned())
    });
    columns.collect()
}

/// Whether something of who asks flows into a key.
fn tells_caller<'m>(program: &Program<'m>, key: &'m Expression, frame: FrameId) -> bool {
    program.slice(key, frame).parts.iter().any(|(part, _)| match &part.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => is_who_asks(&plain(name)),
        ExpressionKind::Literal(Literal::Text(text)) => text.len() < 40 && is_who_asks(&plain(text)),
        _ => false,
    })
}
