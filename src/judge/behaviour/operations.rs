//! What calls do to stores: by the catalogue, by their arguments, and by the text of a statement.

use crate::link::units::{CallId, UnitId};
use crate::link::{FrameId, Program, Site};
use crate::model::{Call, Expression, ExpressionKind, Literal, Span};
use crate::rules::catalogue::Kind;
use crate::source::order::InOrder;

use super::procedures::Procedure;
use super::{procedures, scripts};

/// What an operation on a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Get,
    Set,
    /// Set if absent: tells whether it was the first.
    Claim,
    /// Adds to a number.
    Count,
    Append,
    Delete,
    /// Loads many rows.
    Many,
    /// Asks how many there are, or how much they are together.
    Tally,
    Expire,
    /// Answers with what the commands answered that were queued on its object.
    Results,
    /// Sends what was added to its object before.
    Commit,
}

impl Operation {
    pub(super) fn named(name: &str) -> Option<Operation> {
        Some(match name {
            "get" => Operation::Get,
            "set" => Operation::Set,
            "claim" => Operation::Claim,
            "count" => Operation::Count,
            "append" => Operation::Append,
            "delete" => Operation::Delete,
            "many" => Operation::Many,
            "tally" => Operation::Tally,
            "expire" => Operation::Expire,
            "results" => Operation::Results,
            "commit" => Operation::Commit,
            _ => return None,
        })
    }

    /// Whether something is in the store afterwards that was not before.
    pub fn writes(self) -> bool {
        matches!(self, Operation::Set | Operation::Claim | Operation::Count | Operation::Append)
    }

    /// Whether it answers with what is stored.
    pub fn reads(self) -> bool {
        matches!(self, Operation::Get | Operation::Many | Operation::Tally)
    }
}

/// What a call does to a store, if it is one: by its name, its arguments, and the text of a statement.
pub fn operation(program: &Program<'_>, site: Site) -> Option<Operation> {
    let mut found = None;
    if program.definition(site).is_some() {
        return scripts::of(program, site).map(|script| script.operation);
    }
    for path in program.callee_paths(site).iter() {
        for (_, fact) in program.facts_of(path, Kind::Store) {
            let is_met = |need: &String| program.meets(need, site) == Some(true) || has_flag(program, site, need);
            // A script does what its commands do; one that cannot be read counts.
            if fact.does.as_deref() == Some(scripts::SCRIPT) {
                return Some(scripts::of(program, site).map_or(Operation::Count, |script| script.operation));
            }
            if fact.does.as_deref() == Some(procedures::PROCEDURE) {
                let told = procedures::named(program, site).filter(|_| !program.comes_to_nothing(site));
                return told.map(|procedure| procedure.operation);
            }
            let Some(operation) = fact.does.as_deref().and_then(Operation::named) else { continue };
            let is_off = |unless: &String| program.meets(unless, site) == Some(true);
            if !fact.needs.iter().all(is_met) || fact.unless.iter().any(is_off) {
                continue;
            }
            let told = match ran(program, site) {
                Some(Ran::Procedure(procedure)) => Some(procedure.operation),
                Some(Ran::Statement(text)) => query_operation(&text),
                None => None,
            };
            if let Some(told) = told {
                // Of the rows that a statement finds, a call may be known to fetch only one.
                let is_one_row = told == Operation::Many && operation == Operation::Get;
                let told = if is_one_row { operation } else { told };
                return (!program.comes_to_nothing(site)).then_some(told);
            }
            // Of several readings, the one that asks for more of the call is the right one.
            if found.is_none() || operation == Operation::Claim {
                found = Some(operation);
            }
        }
    }
    if found.is_none() {
        return program.named_statement(site).and_then(query_operation);
    }
    let found = found.filter(|_| !program.comes_to_nothing(site));
    found.map(|operation| if operation.reads() && tallies(program, site) { Operation::Tally } else { operation })
}

/// A flag among positional texts: `set(key, value, "EX", 60, "NX")`.
pub fn has_flag(program: &Program<'_>, site: Site, flag: &str) -> bool {
    let call = program.units.calls[site.call].call;
    let flag = flag.split([' ', '=', ':']).next().unwrap_or(flag).trim_matches(['"', '\'']);
    call.arguments.iter().filter(|argument| argument.name.is_none()).any(|argument| {
        matches!(&argument.value.kind, ExpressionKind::Literal(Literal::Text(text)) if text.eq_ignore_ascii_case(flag))
    })
}

/// What a call has a database do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ran {
    Statement(String),
    Procedure(Procedure),
}

/// The text of the statement that a call runs or fetches from; of a function of the database its own statements.
pub fn statement(program: &Program<'_>, site: Site) -> Option<String> {
    ran(program, site).map(|ran| match ran {
        Ran::Statement(text) => text,
        Ran::Procedure(procedure) => procedure.text,
    })
}

/// What a call runs or fetches from: the statement among its arguments, among those of the calls that it is chained to,
/// or what its object last ran (`cursor.execute(...)`, then `cursor.fetchall()`).
pub(super) fn ran(program: &Program<'_>, site: Site) -> Option<Ran> {
    let told = |text: String| match procedures::called(program, &text) {
        Some(procedure) => Ran::Procedure(procedure),
        None => Ran::Statement(text),
    };
    let mut site = site;
    for _ in 0..8 {
        let info = &program.units.calls[site.call];
        if let Some(procedure) = procedures::named(program, site) {
            return Some(Ran::Procedure(procedure));
        }
        // `queries.turns_of(connection)`
        if let Some(text) = program.named_statement(site) {
            return Some(told(text.to_owned()));
        }
        // `query_as!(Turn, "select ...")`: the statement comes after the type of its rows.
        let mut texts = info.call.arguments.iter().take(2).filter_map(|each| program.text(&each.value, site.frame));
        if let Some(text) = texts.find(|text| is_statement(program, text)) {
            return Some(told(text));
        }
        let ExpressionKind::Member { object, .. } = &info.call.callee.kind else { return None };
        let mut object = object.as_ref();
        while let ExpressionKind::Await(inner) = &object.kind {
            object = inner;
        }
        site = match &object.kind {
            ExpressionKind::Call(inner) => {
                let calls = &program.units.units[info.unit].calls;
                let call = calls.iter().find(|call| program.units.calls[**call].call.span == inner.span)?;
                Site { call: *call, frame: site.frame }
            }
            ExpressionKind::Name(name) => {
                let before = ran_before(program, site.frame, info.call.span, name);
                return before.map(|(_, text)| text).or_else(|| made_by(program, object, site)).map(told);
            }
            _ => return None,
        };
    }
    None
}

/// Whether a text is a statement, or calls a function of the database.
fn is_statement(program: &Program<'_>, text: &str) -> bool {
    query_operation(text).is_some() || procedures::called(program, text).is_some()
}

/// What stands in for the marks of the statement that a call runs, in their order: the list behind its text, what comes
/// behind it, or what is chained to it (`prepare("select ..").bind(chat, id)`).
pub fn given_to_statement<'m>(program: &Program<'m>, site: Site) -> Vec<&'m Expression> {
    let info = &program.units.calls[site.call];
    let listed = |given: Vec<&'m Expression>| match given.as_slice() {
        [only] => match &only.kind {
            ExpressionKind::List(items) => items.iter().collect(),
            _ => given,
        },
        _ => given,
    };
    let own: Vec<&Expression> = info.call.arguments.iter().skip(1).map(|argument| &argument.value).collect();
    if !own.is_empty() {
        return listed(own);
    }
    let calls = program.units.units[info.unit].calls.iter().map(|call| program.units.calls[*call].call);
    let chained = calls.filter(|other| {
        let is_behind = other.span.start == info.call.span.start && other.span.end > info.call.span.end;
        is_behind && !other.arguments.is_empty()
    });
    let mut chained: Vec<&'m Call> = chained.collect();
    chained.order_by_key(|other| other.span.end);
    // `.bind(chat).bind(id)`: one for each mark.
    let again = chained.iter().take_while(|other| {
        method(other) == chained.first().and_then(|first| method(first)) && other.arguments.len() == 1
    });
    match again.count() {
        several @ 2.. => {
            chained.iter().take(several).flat_map(|other| &other.arguments).map(|each| &each.value).collect()
        }
        _ => chained
            .first()
            .map_or_else(Vec::new, |next| listed(next.arguments.iter().map(|each| &each.value).collect())),
    }
}

fn method(call: &Call) -> Option<&str> {
    match &call.callee.kind {
        ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// The last call on a name before a place that runs a statement, with the statement: `cursor.execute("SELECT ...")`.
pub(super) fn ran_before(program: &Program<'_>, frame: FrameId, at: Span, name: &str) -> Option<(Site, String)> {
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let earlier = unit.calls.iter().map(|call| (*call, program.units.calls[*call].call));
    earlier
        .filter(|(_, other)| other.span.end <= at.start)
        .filter(|(_, other)| matches!(&other.callee.kind, ExpressionKind::Member { object, .. } if matches!(&object.kind, ExpressionKind::Name(on) if on == name)))
        .filter_map(|(call, other)| {
            let text = program.text(&other.arguments.first()?.value, frame)?;
            is_statement(program, &text).then_some((other.span.start, Site { call, frame }, text))
        })
        .max_by_key(|(start, ..)| *start)
        .map(|(_, site, text)| (site, text))
}

/// The statement of the call that made what a name holds: `rows = db.execute("SELECT ...")`.
fn made_by<'m>(program: &Program<'m>, object: &'m Expression, site: Site) -> Option<String> {
    program.values(object, site.frame).iter().flat_map(|value| value.sites().to_vec()).rev().find_map(|made| {
        let text = program.text(&program.units.calls[made.call].call.arguments.first()?.value, made.frame)?;
        is_statement(program, &text).then_some(text)
    })
}

/// Whether a load of rows only asks for their number or sum: `select(func.count())`, `.select({count: count()})`,
/// `query(..).count()`.
fn tallies(program: &Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let asks = |call: &Call| matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "count" | "sum" | "countDistinct"));
    let chain = around(program, info.unit).filter(|other| other.span.start == info.call.span.start);
    let end = chain.map(|other| other.span.end).max().unwrap_or(info.call.span.end);
    around(program, info.unit).any(|other| {
        let is_within = info.call.span.contains(other.span) && other.span != info.call.span;
        let is_chained = other.span.start == info.call.span.start && other.span.end > info.call.span.end;
        // In a function that a call of the same chain is given.
        let is_given = other.span.start > info.call.span.end && other.span.end < end;
        (is_within || is_chained || is_given) && asks(other)
    }) || says(info.call, &["count(", "sum("])
        || has_key(info.call, &["$sum", "$count"])
        || info.call.arguments.iter().any(|argument| {
            let ExpressionKind::Name(_) = &argument.value.kind else { return false };
            program
                .slice(&argument.value, site.frame)
                .sites
                .iter()
                .any(|site| asks(program.units.calls[site.call].call))
        })
}

/// Whether a text among the arguments of a call has one of these parts: ``select({ used: sql`sum(${usage.tokens})` })``.
fn says(call: &Call, parts: &[&str]) -> bool {
    fn holds(expression: &Expression, parts: &[&str], depth: usize) -> bool {
        if let ExpressionKind::Literal(Literal::Text(text)) = &expression.kind {
            let text = text.to_ascii_lowercase();
            return parts.iter().any(|part| text.contains(part));
        }
        let mut found = false;
        if depth < 12 {
            crate::link::flow::children(expression, &mut |child| found = found || holds(child, parts, depth + 1));
        }
        found
    }
    call.arguments
        .iter()
        .any(|argument| matches!(argument.value.kind, ExpressionKind::Object(_)) && holds(&argument.value, parts, 0))
}

/// Whether a call changes those rows of a table that a condition finds: what it gives tells how many there were.
pub(super) fn changes_rows(program: &Program<'_>, site: Site) -> bool {
    if let Some(procedure) = procedures::of(program, site) {
        return procedure.operation.writes() && !procedure.decides;
    }
    match (operation(program, site), statement(program, site)) {
        (Some(Operation::Set | Operation::Count), Some(text)) => {
            text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("update"))
        }
        (Some(Operation::Set), None) => super::row_changes::has_condition(program, site),
        _ => false,
    }
}

/// Whether a tally adds up what is stored rather than counting it.
pub fn sums_up(program: &Program<'_>, site: Site) -> bool {
    if let Some(text) = statement(program, site) {
        let text = text.to_ascii_lowercase();
        return text.contains("sum(") && !text.contains("count(");
    }
    let info = &program.units.calls[site.call];
    let has_sum = info.call.arguments.iter().any(|argument| match &argument.value.kind {
        ExpressionKind::Object(entries) => entries.iter().any(|entry| entry.key.as_deref() == Some("_sum")),
        _ => false,
    });
    let asks = |call: &Call| matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name.eq_ignore_ascii_case("sum"));
    let chain = around(program, info.unit).filter(|other| other.span.start == info.call.span.start);
    let end = chain.map(|other| other.span.end).max().unwrap_or(info.call.span.end);
    has_sum
        || says(info.call, &["sum("])
        || has_key(info.call, &["$sum"])
        || around(program, info.unit).any(|other| {
            let is_chained = other.span.start >= info.call.span.start && other.span.end <= end;
            (info.call.span.contains(other.span) || is_chained) && asks(other)
        })
}

/// The calls of a unit and of the functions that are written in it: `.select((each) => each.fn.sum("tokens"))`.
fn around<'m>(program: &Program<'m>, unit: UnitId) -> impl Iterator<Item = &'m Call> {
    let units = &program.units.units;
    let inner = units[unit].inner.iter().filter(|inner| units[**inner].name().is_empty());
    let all = std::iter::once(&unit).chain(inner).flat_map(|unit| &units[*unit].calls).copied().collect::<Vec<_>>();
    all.into_iter().map(|call| program.units.calls[call].call)
}

/// Whether an object among the arguments of a call has one of these keys, however deep: `{ $group: { total: { $sum: 1 } } }`.
fn has_key(call: &Call, keys: &[&str]) -> bool {
    fn holds(expression: &Expression, keys: &[&str], depth: usize) -> bool {
        if depth > 12 {
            return false;
        }
        match &expression.kind {
            ExpressionKind::Object(entries) => entries.iter().any(|entry| {
                entry.key.as_deref().is_some_and(|key| keys.contains(&key)) || holds(&entry.value, keys, depth + 1)
            }),
            ExpressionKind::List(items) => items.iter().any(|item| holds(item, keys, depth + 1)),
            _ => false,
        }
    }
    call.arguments.iter().any(|argument| holds(&argument.value, keys, 0))
}

/// The call that gives the key of an operation that is named by a word of its own, and its arguments one by one:
/// `cmd("SET").arg(key).arg(value)`.
pub(super) fn keyed_by<'m>(program: &Program<'m>, site: Site) -> Option<&'m Call> {
    if !is_word(program, site) {
        return None;
    }
    let info = &program.units.calls[site.call];
    let start = info.call.span.start;
    let calls = program.units.units[info.unit].calls.iter().map(|call| (*call, program.units.calls[*call].call));
    let mut chain: Vec<(CallId, &'m Call)> =
        calls.filter(|(_, call)| call.span.start == start && !call.arguments.is_empty()).collect();
    chain.order_by_key(|(_, call)| call.span.end);
    let mut chain = chain.into_iter().filter(|(call, _)| !is_word(program, Site { call: *call, ..site }));
    chain.next().map(|(_, call)| call)
}

/// Whether the first argument of a call says what is done, and not to what.
fn is_word(program: &Program<'_>, site: Site) -> bool {
    let names_it = |need: &String| need.trim_start_matches("known ").starts_with("#0 ==");
    let first = program.units.calls[site.call].call.arguments.first().map(|argument| &argument.value.kind);
    if !matches!(first, Some(ExpressionKind::Literal(Literal::Text(_)))) {
        return false;
    }
    program.callee_paths(site).iter().any(|path| {
        program.facts_of(path, Kind::Store).iter().any(|(_, fact)| {
            fact.needs.iter().any(names_it) && fact.needs.iter().all(|need| program.meets(need, site) == Some(true))
        })
    })
}

/// What a statement in SQL does; none where the text is no statement.
pub fn query_operation(text: &str) -> Option<Operation> {
    let text = text.trim_start().to_ascii_lowercase();
    let mut words = text.split_whitespace();
    match words.next()? {
        "insert" | "replace" | "merge"
            if text.contains("on conflict")
                || text.contains("insert ignore")
                || text.contains("insert or ignore")
                || text.contains("on duplicate key") =>
        {
            Some(inserted(&text))
        }
        "replace" => Some(Operation::Set),
        "insert" if text.contains("insert or replace") => Some(Operation::Set),
        "insert" if words.next() == Some("into") => Some(Operation::Append),
        "update" if text.contains(" set ") || text.contains("\nset ") => {
            Some(if text.contains("+ ") || text.contains("- ") { Operation::Count } else { Operation::Set })
        }
        "delete" if words.next() == Some("from") => Some(Operation::Delete),
        "select" | "with" if !text.contains("from") => None,
        "select" | "with" if tallies_in(&text) => Some(Operation::Tally),
        "select" | "with" if takes_one(&text) => Some(Operation::Get),
        "select" | "with" => Some(Operation::Many),
        _ => None,
    }
}

fn tallies_in(text: &str) -> bool {
    text.contains("count(") || text.contains("sum(")
}

/// What an insert does that says what to do where a row is there already. One that changes that row whatever is in it
/// always finds one, and tells nobody whether it was the first.
fn inserted(text: &str) -> Operation {
    let (is_counted, change) = match (text.split_once("do update"), text.split_once("on duplicate key")) {
        (Some((_, change)), _) => (false, change),
        // Its number of rows is another one for each.
        (None, Some((_, change))) => (true, change),
        _ => return Operation::Claim,
    };
    let tells = is_counted || change.contains(" where ") || change.contains("\nwhere ") || change.contains("xmax");
    match (change.contains('+'), tells) {
        (true, _) => Operation::Count,
        (false, true) => Operation::Claim,
        (false, false) => Operation::Set,
    }
}

/// Whether a query adds a row before it asks: `with hit as (insert into hits ..) select count(*) from hits`.
pub(super) fn adds_first(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    text.starts_with("with ") && text.contains("insert into ")
}

/// Whether an insert adds or changes one row each time that it does not fail.
pub(super) fn always_one_row(text: &str) -> bool {
    let is_whole = text.trim_start().get(..7).is_some_and(|word| word.eq_ignore_ascii_case("insert "));
    let text = text.to_ascii_lowercase();
    is_whole
        && text.contains("values")
        && !text.contains("on duplicate key")
        && matches!(query_operation(&text), Some(Operation::Append | Operation::Set))
}

/// Whether a query asks for one row.
fn takes_one(text: &str) -> bool {
    let after = text.rsplit_once("limit").map(|(_, after)| after.trim_start());
    after.is_some_and(|after| after.split(|character: char| !character.is_ascii_alphanumeric()).next() == Some("1"))
}

/// Whether a query bounds its rows.
pub fn query_is_bounded(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .any(|word| matches!(word, "limit" | "top" | "fetch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        assert_eq!(query_operation("insert into m (a) values ($1) on conflict (a) do nothing"), Some(Operation::Claim));
        assert_eq!(query_operation("SELECT count(*) FROM m WHERE at > $1"), Some(Operation::Tally));
        assert_eq!(query_operation("update b set cents = cents - $2 where a = $1"), Some(Operation::Count));
        assert_eq!(
            query_operation("insert into u values (1) on conflict (d) do update set n = u.n + 1"),
            Some(Operation::Count)
        );
        assert_eq!(
            query_operation("insert into u values (1) on conflict (d) do update set at = now()"),
            Some(Operation::Set)
        );
        assert_eq!(
            query_operation("insert into u values (1) on conflict (d) do update set at = now() where u.at < $1"),
            Some(Operation::Claim)
        );
        assert_eq!(query_operation("select a from b limit 16"), Some(Operation::Many));
        assert_eq!(query_operation("select a from b limit 1"), Some(Operation::Get));
        assert_eq!(query_operation("idem:1"), None);
        assert_eq!(query_operation("insert coin"), None);
        assert!(query_is_bounded("select a from b order by c limit $2") && !query_is_bounded("select limits from b"));
    }
}
