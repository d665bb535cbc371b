//! Functions of the database that are called by their names: what the statements in them do together. A function that is
//! not in the repository is told by its name alone, as a script is that cannot be read.

use crate::judge::conditions::fallback::walk;
use crate::link::arguments::Given;
use crate::link::flow::Gate;
use crate::link::units::{Access, Binding};
use crate::link::{Program, Site};
use crate::model::{Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::operations::{Operation, Ran, query_operation, ran};
use super::repeats::firsts;

/// How the catalogue calls an operation that runs a function of the database; `value` is the argument with its name.
pub(super) const PROCEDURE: &str = "procedure";
/// Statements of a function that are looked at.
const STATEMENTS: usize = 60;

/// What a function of the database does.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Procedure {
    pub(super) operation: Operation,
    /// Its statements, that which matters most first.
    pub(super) text: String,
    /// Whether a number changes by one, or a row is added: requests are counted, not what they cost.
    pub(super) by_one: bool,
    /// Whether it compares amounts itself: what it answers tells who is beyond a limit.
    pub(super) decides: bool,
    /// Whether it fails on its own.
    pub(super) raises: bool,
    /// What it answers about a row that was there already, or beyond a limit, where it says yes or no.
    pub(super) refusal: Option<bool>,
    /// Whether it finds out itself who asks.
    pub(super) knows_caller: bool,
    /// Whether it gives one value.
    pub(super) is_scalar: bool,
    /// What is said about time, also by the tables that it is about.
    pub(super) times: String,
}

/// The function of the database that a call runs, if it runs one.
pub(super) fn of(program: &Program<'_>, site: Site) -> Option<Procedure> {
    let paths = program.callee_paths(site);
    let mut facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Store)).map(|(_, fact)| fact).peekable();
    facts.peek()?;
    if !program.has_procedures() && !facts.any(|fact| fact.does.as_deref() == Some(PROCEDURE)) {
        return None;
    }
    match ran(program, site)? {
        Ran::Procedure(procedure) => Some(procedure),
        Ran::Statement(_) => None,
    }
}

/// The function that a call names by what the catalogue says of it.
pub(super) fn named(program: &Program<'_>, site: Site) -> Option<Procedure> {
    let argument = program.callee_paths(site).iter().find_map(|path| {
        let facts = program.facts_of(path, Kind::Store);
        let (_, fact) = facts.into_iter().find(|(_, fact)| fact.does.as_deref() == Some(PROCEDURE))?;
        Some(fact.value.clone().unwrap_or_else(|| "#0".to_owned()))
    })?;
    let Given::Present { expression, frame } = program.argument(site, &argument) else { return None };
    let name = program.text(expression, frame)?;
    match program.procedure(&name) {
        Some(defined) => read(program, defined.returns, defined.body),
        None => {
            let mut told = by_name(&name)?;
            let call = program.units.calls[site.call].call;
            let is_bound = |(key, _): &(&str, &Expression)| {
                ["limit", "max", "take", "last", "count"].iter().any(|word| key.to_ascii_lowercase().contains(word))
            };
            if given(call).iter().any(is_bound) {
                told.text.push_str(" limit");
            }
            Some(told)
        }
    }
}

/// Whether a gate refuses by what a function of the database answers that has compared amounts itself.
pub(super) fn refuses<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    of(program, site).is_some_and(|called| {
        called.decides
            && called.operation == Operation::Count
            && (called.raises || !asks_for_failure(program, gate, site))
            && !called.is_asked_wrongly(program, gate, site)
    })
}

/// Whether a gate asks a call of a store only whether it has failed: `if (error) throw error`.
pub(super) fn asks_for_failure<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    let paths = program.callee_paths(site);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Store));
    let errors: Vec<&str> = facts.flat_map(|(_, fact)| fact.errors.iter().flatten()).map(String::as_str).collect();
    if errors.is_empty() {
        return false;
    }
    let names = &program.units.units[program.unit_of_frame(gate.frame)].names;
    let call = program.units.calls[site.call].call;
    let (mut failures, mut others) = (0, 0);
    walk(gate.test, &mut |each| {
        let (name, part) = match &each.kind {
            ExpressionKind::Name(name) => (name, None),
            ExpressionKind::Member { object, name: part } => match &object.kind {
                ExpressionKind::Name(name) => (name, Some(part.as_str())),
                _ => return,
            },
            _ => return,
        };
        for binding in names.get(name.as_str()).into_iter().flatten() {
            let Binding::Value { value, access, .. } = binding else { continue };
            if !value.span.contains(call.span) {
                continue;
            }
            match (access.first(), part) {
                (Some(Access::Key(key)), _) if errors.contains(key) => failures += 1,
                (None, Some(part)) if errors.contains(&part) => failures += 1,
                // The object of a part comes once more, by itself.
                (None, None) => {}
                _ => others += 1,
            }
        }
    });
    failures > 0 && others == 0
}

impl Procedure {
    /// Whether a gate lets those pass whom the function refuses.
    pub(super) fn is_asked_wrongly<'m>(&self, program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
        let answer = self.refusal.map(|answer| if answer { 1.0 } else { 0.0 });
        answer.is_some_and(|answer| firsts::refuses(program, gate, site, answer) == Some(false))
    }
}

/// The function that a statement only calls: `select spend($1)`, `select * from spend($1)`, `call spend($1)`.
pub(super) fn called(program: &Program<'_>, text: &str) -> Option<Procedure> {
    if !program.has_procedures() {
        return None;
    }
    let text = text.trim_start();
    let mut words = text.split_whitespace();
    let first = words.next()?.to_ascii_lowercase();
    let mut next = words.next()?;
    let is_call = match first.as_str() {
        "select" if next == "*" => {
            words.next()?.eq_ignore_ascii_case("from") && {
                next = words.next()?;
                true
            }
        }
        "select" => true,
        "call" | "exec" | "execute" => true,
        _ => false,
    };
    let (name, _) =
        next.split_once('(').or_else(|| matches!(first.as_str(), "exec" | "execute").then_some((next, "")))?;
    let defined = program.procedure(name).filter(|_| is_call)?;
    read(program, defined.returns, defined.body)
}

/// The values that a function is given by the names of its parameters.
pub(super) fn given(call: &Call) -> Vec<(&str, &Expression)> {
    let objects = call.arguments.iter().skip(1).filter_map(|argument| match &argument.value.kind {
        ExpressionKind::Object(entries) => Some(entries),
        _ => None,
    });
    objects.flatten().filter_map(|entry| Some((entry.key.as_deref()?, &entry.value))).collect()
}

/// What the statements of a function do together; none where none of them does anything to rows.
fn read(program: &Program<'_>, returns: &str, body: &str) -> Option<Procedure> {
    let statements = statements(body);
    let done: Vec<(&str, Operation)> =
        statements.iter().filter_map(|text| Some((*text, query_operation(&without_spans(text))?))).collect();
    let has = |operation: Operation| done.iter().any(|(_, each)| *each == operation);
    let reads = has(Operation::Get) || has(Operation::Many) || has(Operation::Tally);
    let sums = has(Operation::Set) && reads && body.split(';').any(adds_to_variable);
    let is_yes_or_no = returns.starts_with("bool");
    let counts = has(Operation::Count) || sums || has(Operation::Append) && has(Operation::Tally);
    let claims = has(Operation::Claim)
        || has(Operation::Append) && (body.contains("unique_violation") || reads && is_yes_or_no && !compares(body));
    let is_rows = returns.is_empty() || matches!(returns, "setof" | "table" | "refcursor") || body.contains("_agg(");
    let operation = if counts {
        Operation::Count
    } else if claims {
        Operation::Claim
    } else {
        let order = [Operation::Append, Operation::Set, Operation::Delete, Operation::Tally, Operation::Many];
        match order.into_iter().find(|each| has(*each)) {
            Some(Operation::Many) if !is_rows => Operation::Get,
            Some(operation) => operation,
            None => has(Operation::Get).then_some(Operation::Get)?,
        }
    };
    let telling = match operation {
        Operation::Count if has(Operation::Count) => Operation::Count,
        Operation::Count if sums => Operation::Set,
        Operation::Claim if has(Operation::Claim) => Operation::Claim,
        Operation::Count | Operation::Claim => Operation::Append,
        Operation::Get if has(Operation::Many) => Operation::Many,
        operation => operation,
    };
    let first = done.iter().find(|(_, each)| *each == telling).map_or("", |(text, _)| *text);
    // How many rows are given is told by the statement that finds them.
    let text = if operation == Operation::Many { first.to_owned() } else { format!("{first}; {body}") };
    let text = without_targets(&text);
    let amounts = body.contains("sum(");
    let by_one = ["+ 1", "- 1", "+1", "-1"].iter().any(|one| body.contains(one))
        || operation == Operation::Count && has(Operation::Append) && !has(Operation::Count) && !amounts;
    let raises = ["raise exception", "raise sqlstate", "signal sqlstate"].iter().any(|word| body.contains(word));
    let answers = returns != "void" && !returns.is_empty() || raises;
    let mut times = body.to_owned();
    for word in body.split(|each: char| !each.is_alphanumeric() && each != '_').take(STATEMENTS * 20) {
        if let Some(columns) = program.relation(word).filter(|columns| !times.contains(*columns)) {
            times.push_str("; ");
            times.push_str(columns);
        }
    }
    Some(Procedure {
        operation,
        by_one,
        decides: compares(&without_spans(body)) && answers,
        raises,
        refusal: refusal(body, operation).filter(|_| is_yes_or_no),
        knows_caller: ["auth.uid()", "auth.jwt()", "current_user", "current_setting("]
            .iter()
            .any(|word| body.contains(word)),
        is_scalar: !is_rows && !returns.starts_with("json"),
        text,
        times,
    })
}

/// What a function does that cannot be read, as its name says it.
fn by_name(name: &str) -> Option<Procedure> {
    let words: Vec<String> = name
        .split(|each: char| !each.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let says = |known: &[&str]| words.iter().any(|word| known.contains(&word.trim_end_matches('s')));
    const VERBS: [&str; 16] = [
        "get",
        "fetch",
        "load",
        "list",
        "read",
        "add",
        "increment",
        "consume",
        "check",
        "deduct",
        "use",
        "spend",
        "try",
        "can",
        "record",
        "and",
    ];
    let requests = says(&["rate", "limit", "throttle", "quota", "request", "hit", "attempt"]);
    let amounts = says(&["credit", "token", "balance", "budget", "cost", "cent", "spend", "spending", "usage"]);
    let reads = says(&["get", "fetch", "load", "list", "read", "remaining", "current", "today", "total", "match"]);
    let decides = !reads
        && says(&[
            "check", "limit", "quota", "consume", "try", "can", "allow", "allowed", "deduct", "reserve", "use",
            "spend", "take",
        ]);
    let operation = if says(&["claim", "idempotency", "dedup", "dedupe", "deduplicate", "idempotent"]) {
        Operation::Claim
    } else if (requests || amounts) && reads && !says(&["limit", "rate"]) {
        Operation::Get
    } else if requests || amounts {
        Operation::Count
    } else if reads && says(&["message", "history", "conversation", "turn"]) {
        Operation::Many
    } else {
        return None;
    };
    let subjects: Vec<&str> = words.iter().map(String::as_str).filter(|word| !VERBS.contains(word)).collect();
    let times = if says(&["daily", "day", "today", "month", "monthly", "weekly"]) { "current_date" } else { "" };
    Some(Procedure {
        operation,
        text: subjects.join(" "),
        by_one: requests && !amounts,
        decides,
        raises: false,
        refusal: None,
        knows_caller: false,
        is_scalar: operation != Operation::Many,
        times: times.to_owned(),
    })
}

/// The statements about rows in the body of a function, each from its first word on.
fn statements(body: &str) -> Vec<&str> {
    let pieces = body.split(';').take(STATEMENTS);
    let found = pieces.filter_map(|piece| {
        let begins = |words: &[&str]| {
            let starts = words.iter().flat_map(|word| piece.match_indices(word)).map(|(at, _)| at);
            starts.filter(|at| begins_statement(piece, *at)).min()
        };
        let start = begins(&["insert into ", "update ", "delete from "]).or_else(|| begins(&["select ", "with "]))?;
        piece.get(start..)
    });
    found.collect()
}

/// Whether a word within a statement begins one: it is no part of another word, of `on conflict do update`, or of
/// `select .. for update`.
fn begins_statement(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let is_word = before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    let before = before.trim_end();
    !is_word && !["do", "for", "key", "on"].iter().any(|word| before.rsplit([' ', '(']).next() == Some(word))
}

/// A text without spans of time that are added: they make no sum.
fn without_spans(text: &str) -> String {
    let mut plain = text.to_owned();
    for sign in ["+ ", "- ", "+", "-"] {
        for word in ["interval", "make_interval", "'"] {
            plain = plain.replace(&format!("{sign}{word}"), word);
        }
    }
    plain
}

/// A text in which variables that rows are read into are no tables: `returning n into v`.
fn without_targets(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_target = |at: usize| {
        words.get(at) == Some(&"into") && at.checked_sub(1).and_then(|before| words.get(before)) != Some(&"insert")
    };
    let kept = (0..words.len()).filter(|at| !is_target(*at) && !at.checked_sub(1).is_some_and(is_target));
    kept.filter_map(|at| words.get(at).copied()).collect::<Vec<_>>().join(" ")
}

/// Whether a statement of a function adds to a variable: `used := used + p_tokens`.
fn adds_to_variable(statement: &str) -> bool {
    statement.split_once(":=").is_some_and(|(_, value)| value.contains('+') || value.contains(" - "))
}

/// Whether amounts are compared somewhere, and not only times.
fn compares(body: &str) -> bool {
    let signs = body.match_indices(['<', '>']);
    signs.take(200).any(|(at, sign)| {
        let before = body.get(..at).unwrap_or_default();
        let after = body.get(at + 1..).unwrap_or_default();
        // `<>`, `->`, `=>`, `@>`, `<@`, `<<`
        if before.ends_with(['<', '-', '=', '@', '>', '?'])
            || after.starts_with(['>', '@', '<'])
            || sign == "<" && after.starts_with('-')
        {
            return false;
        }
        let side = |words: Vec<&str>| {
            words.iter().any(|word| {
                let word = word.trim_matches(|each: char| !each.is_alphanumeric() && each != '_');
                matches!(
                    word,
                    "now" | "interval" | "current_date" | "current_timestamp" | "clock_timestamp" | "date_trunc"
                ) || word.ends_with("_at")
                    || word.ends_with("now()")
                    || ["expire", "since", "timestamp", "reset"].iter().any(|time| word.contains(time))
            })
        };
        let left: Vec<&str> = before.split(' ').filter(|word| !word.is_empty()).rev().take(1).collect();
        let right: Vec<&str> =
            after.trim_start_matches('=').split([' ', '(']).filter(|word| !word.is_empty()).take(3).collect();
        !side(left) && !side(right)
    })
}

/// What a function answers, where it says yes or no, about a row that was there already, or to who is beyond a limit.
fn refusal(body: &str, operation: Operation) -> Option<bool> {
    let answer = |text: &str| {
        let word = text.trim_start().split([' ', ';']).next()?;
        match word {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    };
    let behind = |mark: &str| body.rsplit_once(mark).and_then(|(_, rest)| answer(rest));
    if operation == Operation::Claim {
        if body.contains("return not found") {
            return Some(true);
        }
        if body.contains("return found") {
            return Some(false);
        }
        return behind("unique_violation then return ").or_else(|| behind("if not found then return "));
    }
    if operation != Operation::Count {
        return None;
    }
    // What it answers at its end, when it has counted, is no refusal.
    if let Some(last) = behind("return ") {
        return Some(!last);
    }
    let (_, last) = body.rsplit_once("return ").or_else(|| body.rsplit_once("select "))?;
    let grows = body.contains('+') && !body.contains(" - ");
    let last = last.split(';').next().unwrap_or(last);
    (grows && !last.contains("from")).then_some(())?;
    match (last.contains('<'), last.contains('>')) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// Whether a value is written down.
pub(super) fn is_written(value: &Expression) -> bool {
    matches!(
        value.kind,
        ExpressionKind::Literal(Literal::Number(_) | Literal::Text(_) | Literal::Boolean(_) | Literal::Null)
    )
}
