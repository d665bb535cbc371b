//! Scripts that a store runs in one step: what they do is told by the commands that they call, as the catalogue knows them.

use crate::link::arguments::Given;
use crate::link::defined::DEFINE;
use crate::link::{Program, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::operations::Operation;

/// How the catalogue calls an operation that runs a script; `value` is the argument that holds its text.
pub(super) const SCRIPT: &str = "script";

/// What a script does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Script {
    pub(super) operation: Operation,
    /// Whether a number changes by one, or an entry is added: requests are counted, not what they cost.
    pub(super) by_one: bool,
    /// Whether what is kept is gone after a time, as far as can be told.
    pub(super) expires: bool,
    /// After how many seconds, where the text says so.
    pub(super) lifetime: Option<f64>,
    /// Whether it compares amounts itself: what it answers tells who is beyond a limit.
    pub(super) decides: bool,
}

/// The script that a call runs, if it runs one; what cannot be read counts by one.
pub(super) fn of(program: &Program<'_>, site: Site) -> Option<Script> {
    if let Some(defined) = program.definition(site) {
        let (client, argument) = told_of(program, defined, DEFINE)?;
        let text = text_at(program, defined, argument.as_deref().unwrap_or("#1"));
        return Some(text.and_then(|text| read(program, &client, &text)).unwrap_or(UNKNOWN));
    }
    let (client, argument) = told_of(program, site, SCRIPT)?;
    let argument = argument.as_deref().unwrap_or("#0");
    let text = text_at(program, site, argument).or_else(|| {
        // `script = client.register_script(TEXT)`, then `script(keys=[..])`.
        let callee = &program.units.calls[site.call].call.callee;
        let values = program.values(callee, site.frame);
        values.iter().filter_map(|value| value.sites().last()).find_map(|made| text_at(program, *made, argument))
    });
    Some(text.and_then(|text| read(program, &client, &text)).unwrap_or(UNKNOWN))
}

/// What a script is taken for that cannot be read.
const UNKNOWN: Script =
    Script { operation: Operation::Count, by_one: true, expires: true, lifetime: None, decides: false };

/// The client that a call is made on and where the text of its script is, by the fact that says that it does this.
fn told_of(program: &Program<'_>, site: Site, does: &str) -> Option<(String, Option<String>)> {
    program.callee_paths(site).iter().find_map(|path| {
        let facts = program.facts_of(path, Kind::Store);
        let (_, fact) = facts.into_iter().find(|(_, fact)| fact.does.as_deref() == Some(does))?;
        Some((path.rsplit_once('.')?.0.to_owned(), fact.value.clone()))
    })
}

fn text_at(program: &Program<'_>, site: Site, argument: &str) -> Option<String> {
    match program.argument(site, argument) {
        Given::Present { expression, frame } => program.text(expression, frame),
        _ => None,
    }
}

/// What the commands of a script do together; none where there is none that the catalogue knows.
fn read(program: &Program<'_>, client: &str, text: &str) -> Option<Script> {
    let mut done: Vec<Done> = Vec::new();
    let (mut by_one, mut lifetime) = (false, None);
    for (at, command) in commands(text) {
        let Some(operation) = operation_of(program, client, &command) else { continue };
        let amounts = command.iter().skip(2);
        match operation {
            Operation::Append => by_one = true,
            Operation::Count => {
                by_one |= amounts.clone().all(|amount| amount.parse::<f64>().is_ok_and(|n| n.abs() == 1.0))
            }
            Operation::Expire => lifetime = command.get(2).and_then(|seconds| seconds.parse().ok()).or(lifetime),
            _ => {}
        }
        done.push(Done { at, operation, command });
    }
    let has = |operation: Operation| done.iter().any(|each| each.operation == operation);
    let sums = sums_of(text, &done);
    by_one |= sums.iter().any(|sum| sum.by_one);
    let counts = has(Operation::Count)
        || has(Operation::Append) && has(Operation::Tally)
        || !sums.is_empty()
        // What is read of a list decides whether one more is added to it.
        || follows(&done, Operation::Get, Operation::Append).is_some();
    let operation = if counts {
        Operation::Count
    } else if answers_what_is_there(text, &done) {
        Operation::Claim
    } else {
        [Operation::Claim, Operation::Append, Operation::Set, Operation::Tally, Operation::Get, Operation::Delete]
            .into_iter()
            .find(|each| has(*each))?
    };
    Some(Script { operation, by_one, expires: has(Operation::Expire), lifetime, decides: compares(text) })
}

/// Whether a test of a script compares amounts: `if spent + amount > limit then`.
fn compares(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("if ") && line.contains(['<', '>']))
}

/// One command of a script: where it stands, what it does, and its words.
struct Done {
    at: usize,
    operation: Operation,
    command: Vec<String>,
}

/// Where two commands stand that are about the same key, the second behind the first.
fn follows(done: &[Done], first: Operation, second: Operation) -> Option<(usize, usize)> {
    let key = |each: &Done| each.command.get(1).cloned();
    done.iter().filter(|each| each.operation == first).find_map(|one| {
        let behind = |other: &&Done| other.operation == second && other.at > one.at && key(other) == key(one);
        done.iter().find(behind).map(|other| (one.at, other.at))
    })
}

/// Whether a script answers with what it finds under a key, and sets that only where it found nothing.
fn answers_what_is_there(text: &str, done: &[Done]) -> bool {
    let between = follows(done, Operation::Get, Operation::Set).and_then(|(read, set)| text.get(read..set));
    between.is_some_and(|between| between.split(|each: char| !each.is_alphanumeric()).any(|word| word == "return"))
}

/// Lines of a script that are followed.
const LINES: usize = 200;

/// A number that a script reads, changes and sets again.
struct Sum {
    by_one: bool,
}

/// `local used = tonumber(redis.call('GET', KEYS[1]) or '0') + ARGV[1]`, and then `redis.call('SET', KEYS[1], used)`.
fn sums_of(text: &str, done: &[Done]) -> Vec<Sum> {
    if follows(done, Operation::Get, Operation::Set).is_none() {
        return Vec::new();
    }
    let reads = |expression: &str| {
        commands(expression)
            .iter()
            .any(|(_, read)| done.iter().any(|each| each.operation == Operation::Get && each.command == *read))
    };
    let mut read: Vec<&str> = Vec::new();
    let mut sums: Vec<(&str, Sum)> = Vec::new();
    for line in text.lines().take(LINES) {
        let Some((target, value)) = line.split_once('=').filter(|(_, value)| !value.starts_with('=')) else { continue };
        let target = target.trim().trim_start_matches("local").trim();
        let name = target.split(['[', '.']).next().unwrap_or(target);
        if !is_word(name) || !reads(value) && !read.iter().any(|known| mentions(value, known)) {
            continue;
        }
        let plain = without_indices(value);
        if plain.contains('+') || plain.contains(" - ") {
            let by_one = plain.replace(' ', "").trim_end().ends_with("+1");
            sums.push((name, Sum { by_one }));
        } else {
            read.push(name);
        }
    }
    let is_set = |name: &str| {
        let mut set = done.iter().filter(|each| each.operation == Operation::Set);
        set.any(|each| each.command.iter().skip(2).any(|word| mentions(word, name)))
    };
    sums.into_iter().filter(|(name, _)| is_set(name)).map(|(_, sum)| sum).collect()
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|each| each.is_alphanumeric() || each == '_')
}

/// Whether a name stands in an expression.
fn mentions(expression: &str, name: &str) -> bool {
    expression.split(|each: char| !each.is_alphanumeric() && each != '_').any(|word| word == name)
}

/// An expression without what stands in brackets.
fn without_indices(expression: &str) -> String {
    let mut depth = 0_usize;
    let outside = expression.chars().filter(|each| {
        match each {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    outside.collect()
}

/// What one command does: the operation of the client that has its name.
fn operation_of(program: &Program<'_>, client: &str, command: &[String]) -> Option<Operation> {
    let path = format!("{client}.{}", command.first()?.to_ascii_lowercase());
    let facts = program.facts_of(&path, Kind::Store);
    let found = facts.iter().filter(|(_, fact)| fact.needs.is_empty()).find_map(|(_, fact)| fact.does.as_deref());
    let is_first_only = command.iter().any(|word| word.eq_ignore_ascii_case("nx"));
    match found.and_then(Operation::named) {
        Some(Operation::Set) if is_first_only => Some(Operation::Claim),
        operation => operation,
    }
}

/// The commands that a script calls, each with its place and its arguments as they are written: `call("INCR", KEYS[1])`.
fn commands(text: &str) -> Vec<(usize, Vec<String>)> {
    let calls = text.match_indices("call(").filter_map(|(at, found)| Some((at, text.get(at + found.len()..)?)));
    let words = calls.map(|(at, rest)| {
        let mut depth = 1_usize;
        let inside = rest.char_indices().find(|(_, each)| {
            match each {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        let inside = inside.and_then(|(end, _)| rest.get(..end)).unwrap_or(rest);
        let words = inside.split(',').map(|word| word.trim().trim_matches(['"', '\'']).to_owned());
        (at, words.collect::<Vec<_>>())
    });
    words.take(50).collect()
}

/// The first key that a script is given: what stands beside its text, without the number of keys.
pub(super) fn key<'m>(program: &Program<'m>, site: Site) -> Option<&'m Expression> {
    fn first(expression: &Expression) -> Option<&Expression> {
        match &expression.kind {
            ExpressionKind::Literal(Literal::Number(_)) => None,
            ExpressionKind::List(items) => items.iter().find_map(first),
            ExpressionKind::Object(entries) => {
                entries.iter().find(|entry| entry.key.as_deref() == Some("keys")).and_then(|entry| first(&entry.value))
            }
            _ => Some(expression),
        }
    }
    let call = program.units.calls[site.call].call;
    let named = call.arguments.iter().filter(|argument| argument.name.as_deref() == Some("keys"));
    let text = usize::from(program.definition(site).is_none());
    let placed = call.arguments.iter().filter(|argument| argument.name.is_none()).skip(text);
    named.chain(placed).find_map(|argument| first(&argument.value))
}

/// The key of an operation of a store, also of one that runs a script.
pub(super) fn key_of<'m>(program: &Program<'m>, site: Site) -> Option<&'m Expression> {
    if of(program, site).is_some() {
        return key(program, site);
    }
    let call = super::operations::keyed_by(program, site).unwrap_or(program.units.calls[site.call].call);
    let first = call.arguments.first().map(|argument| &argument.value);
    first.and_then(|first| match first.kind {
        // What a function says about a conflict is no key.
        ExpressionKind::Function(_) => None,
        // Nor is a word for how to wait: `lock.acquire(blocking=False)`.
        ExpressionKind::Literal(Literal::Boolean(_)) => made_with(program, site),
        _ => Some(first),
    })
}

/// The key that the object of a claim was made with in the same function: `redis.lock(key).acquire()`.
fn made_with<'m>(program: &Program<'m>, site: Site) -> Option<&'m Expression> {
    let ExpressionKind::Member { object, .. } = &program.units.calls[site.call].call.callee.kind else { return None };
    if super::operations::operation(program, site) != Some(Operation::Claim) {
        return None;
    }
    let values = program.values(object, site.frame);
    let made = values.iter().filter_map(|value| value.sites().last().copied()).find(|made| made.frame == site.frame)?;
    Some(&program.units.calls[made.call].call.arguments.first()?.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_with_their_arguments() {
        let text = "local n = redis.call('INCR', KEYS[1])\nif n == 1 then redis.pcall(\"EXPIRE\", KEYS[1], tonumber(ARGV[1])) end";
        let found: Vec<Vec<String>> = commands(text).into_iter().map(|(_, words)| words).collect();
        assert_eq!(found, [vec!["INCR", "KEYS[1]"], vec!["EXPIRE", "KEYS[1]", "tonumber(ARGV[1])"]]);
        assert!(commands("return 1").is_empty());
    }
}
