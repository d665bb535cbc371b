//! Functions and tables of a database, as the files that build it define them:
//!
//! ```text
//! create function spend(p_user uuid) returns boolean language plpgsql as $$ begin .. end; $$;
//! create table credits (user_id uuid primary key, left int);
//! ```
//!
//! is `procedures.spend.returns` = `boolean`, `procedures.spend.body` = `begin .. end;` and `relations.credits` =
//! `user_id uuid primary key, left int`, all in small letters and without comments. Statements that go by a name, for the
//! functions that are made of them, are `queries.turns_of` = `select ..`:
//!
//! ```text
//! -- name: turns_of :many
//! select role, content from turns where chat = $1 limit 20;
//! ```

use crate::model::{Literal, Setting, Span};

/// The first key of what is told of functions.
const PROCEDURES: &str = "procedures";
/// The first key of what is told of tables.
const RELATIONS: &str = "relations";
/// The first key of what is told of statements.
const QUERIES: &str = "queries";
/// Definitions that are read of one file.
const DEFINITIONS: usize = 500;
/// Lines of one file in which statements are given names.
const STATEMENT_LINES: usize = 50_000;
/// Bytes of one definition.
const BYTES: usize = 16_000;

/// What a file defines for a database.
pub fn procedures(text: &str) -> Vec<Setting> {
    let names = names_of_statements(text);
    let text = without_comments(text).to_ascii_lowercase();
    let mut entries = statements(&text, &names);
    let mut definitions =
        text.match_indices("create").map(|(at, _)| at).filter(|at| begins_word(&text, *at)).peekable();
    let mut end = 0;
    while let Some(start) = definitions.next() {
        if start < end || entries.len() >= DEFINITIONS {
            continue;
        }
        let limit = definitions.peek().copied();
        let Some(rest) = text.get(start..) else { continue };
        let Some(definition) = function(rest, limit.map(|limit| limit - start)).or_else(|| table(rest)) else {
            continue;
        };
        end = start + definition.length;
        let span = Span::new(start, end);
        for (key, value) in definition.told {
            let keys = [definition.kind, definition.name.as_str(), key];
            let keys = keys.iter().filter(|key| !key.is_empty()).map(|key| (*key).to_owned()).collect();
            entries.push(Setting { keys, value: Literal::Text(value), span });
        }
    }
    entries
}

/// A name that a comment gives to the statement behind it, with where that begins: `--! turns_of`,
/// `-- name: turns_of :many`, `/* @name TurnsOf */`.
fn names_of_statements(text: &str) -> Vec<(String, usize)> {
    let mut names = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n').take(STATEMENT_LINES) {
        at += line.len();
        let comment = line.trim_start();
        let named = comment.strip_prefix("--").map(str::trim_start).and_then(|comment| {
            comment.strip_prefix("name:").or_else(|| comment.strip_prefix('!')).map(str::trim_start)
        });
        let named =
            named.or_else(|| comment.trim_start_matches(['/', '*', ' ']).strip_prefix("@name ").map(str::trim_start));
        let name: String =
            named.unwrap_or_default().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        if !name.is_empty() && names.len() < DEFINITIONS {
            names.push((name, at));
        }
    }
    names
}

/// The statements that go by names, each up to its end or to the next one.
fn statements(text: &str, names: &[(String, usize)]) -> Vec<Setting> {
    let mut entries = Vec::new();
    for (index, (name, start)) in names.iter().enumerate() {
        let limit = names.get(index + 1).map_or(text.len(), |(_, next)| *next);
        let Some(rest) = text.get(*start..limit) else { continue };
        let statement = rest.split(';').next().unwrap_or_default();
        let value = words(cut(statement));
        if !value.is_empty() {
            let span = Span::new(*start, *start + statement.len());
            let keys = vec![QUERIES.to_owned(), name.clone()];
            entries.push(Setting { keys, value: Literal::Text(value), span });
        }
    }
    entries
}

struct Definition {
    kind: &'static str,
    name: String,
    told: Vec<(&'static str, String)>,
    length: usize,
}

/// `create or replace function name(..) returns .. as $$ .. $$`; `next` is where the next definition begins.
fn function(text: &str, next: Option<usize>) -> Option<Definition> {
    let rest = after_words(text, &["create"])?;
    let rest = after_words(rest, &["or", "replace"]).unwrap_or(rest);
    let rest = after_words(rest, &["function"]).or_else(|| after_words(rest, &["procedure"]))?;
    let (name, rest) = name(rest)?;
    let (_, rest) = enclosed(rest)?;
    let quoted = rest.find('$').filter(|at| !rest.get(..*at).is_some_and(|head| head.contains(';')));
    let (head, body, end) = match quoted {
        Some(at) => {
            let mark_end = at + 1 + rest.get(at + 1..)?.find('$')? + 1;
            let mark = rest.get(at..mark_end)?;
            let length = rest.get(mark_end..)?.find(mark)?;
            (rest.get(..at)?, rest.get(mark_end..mark_end + length)?, mark_end + length + mark.len())
        }
        // `create procedure name(..) begin .. end`
        None => {
            let end = next.and_then(|next| next.checked_sub(text.len() - rest.len())).unwrap_or(rest.len());
            let whole = rest.get(..end)?;
            let at = ["begin", "return "].iter().filter_map(|word| whole.find(word)).min().unwrap_or(0);
            (whole.get(..at)?, whole.get(at..)?, end)
        }
    };
    let returns = head.split_once("returns").map_or("", |(_, rest)| rest);
    let returns = words(returns);
    let returns = returns.split([' ', '(']).next().unwrap_or_default().to_owned();
    let told = vec![("returns", returns), ("body", words(cut(body)))];
    Some(Definition { kind: PROCEDURES, name, told, length: text.len() - rest.len() + end })
}

/// `create table if not exists name (..)`
fn table(text: &str) -> Option<Definition> {
    let rest = after_words(text, &["create"])?;
    let rest = after_words(rest, &["unlogged"]).unwrap_or(rest);
    let rest = after_words(rest, &["table"])?;
    let rest = after_words(rest, &["if", "not", "exists"]).unwrap_or(rest);
    let (name, rest) = name(rest)?;
    let (columns, after) = enclosed(rest)?;
    let told = vec![("", words(cut(columns)))];
    Some(Definition { kind: RELATIONS, name, told, length: text.len() - after.len() })
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
}

/// What comes behind certain words that a text begins with.
fn after_words<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    words.iter().try_fold(text, |rest, word| {
        let rest = rest.trim_start().strip_prefix(word)?;
        (!rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')).then_some(rest)
    })
}

/// A name without the schema that it is in and without quotes, and what comes behind it.
fn name(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let end = text.find(|letter: char| letter == '(' || letter.is_whitespace()).unwrap_or(text.len());
    let written = text.get(..end)?;
    let name = written.rsplit('.').next()?.trim_matches(['"', '`', '[', ']']);
    (!name.is_empty()).then(|| (name.to_owned(), text.get(end..).unwrap_or_default()))
}

/// What stands in the brackets that a text begins with, and what comes behind them.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('(')?;
    let mut open = 1_usize;
    let end = text.char_indices().find(|(_, letter)| {
        match letter {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0
    });
    let (end, _) = end?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// A text with blanks for its comments, so that all else stays in its place.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let comment = if rest.starts_with("--") {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            Some(rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else {
            None
        };
        // What stands in quotes is no comment.
        let kept = match letter {
            '\'' => rest.get(1..).and_then(|inner| inner.find('\'')).map_or(1, |end| end + 2),
            _ => letter.len_utf8(),
        };
        let length = comment.unwrap_or(kept);
        let Some((part, after)) = rest.split_at_checked(length) else { break };
        if comment.is_some() {
            plain.extend(part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            plain.push_str(part);
        }
        rest = after;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let entries = procedures(text).into_iter();
        let told = entries.map(|entry| match entry.value {
            Literal::Text(text) => format!("{}={text}", entry.keys.join(".")),
            _ => String::new(),
        });
        told.collect()
    }

    #[test]
    fn functions_and_tables_are_told_by_name() {
        let text = "-- create function no() returns int\nCREATE TABLE IF NOT EXISTS public.\"Hits\" (\n key text, /* a ) */ n int default (1)\n);\n\
                    create or replace function public.spend(p_user uuid, p_n int default 1)\nreturns boolean language plpgsql as $body$\nbegin\n  -- it's one\n  return true;\nend;\n$body$;\n\
                    create index on hits (key);\ncreate procedure add_one(in who int)\nbegin\n update hits set n = n + 1;\nend";
        assert_eq!(
            told(text),
            [
                "relations.hits=key text, n int default (1)",
                "procedures.spend.returns=boolean",
                "procedures.spend.body=begin return true; end;",
                "procedures.add_one.returns=",
                "procedures.add_one.body=begin update hits set n = n + 1; end",
            ]
        );
        let text = "--! turns_of (id?)\nSELECT role FROM Turns WHERE id = :id LIMIT :most;\n\n-- name: add_turn :exec\n-- says it\ninsert into turns values ($1)\n/* @name AllTurns */\nselect 1;";
        assert_eq!(
            told(text),
            [
                "queries.turns_of=select role from turns where id = :id limit :most",
                "queries.add_turn=insert into turns values ($1)",
                "queries.AllTurns=select 1",
            ]
        );
        assert!(told("create function broken(").is_empty() && told("create function a() as $$ x").is_empty());
    }
}
