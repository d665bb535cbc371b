//! Schemas of databases in a language of their own, as far as they say what can be there only once:
//!
//! ```text
//! model Message {
//!   id   String @id @default(cuid())
//!   chat String
//!   key  String
//!   @@unique([chat, key])
//! }
//! ```
//!
//! is `tables.Message.unique.0` = `id` and `tables.Message.unique.1` = `chat key`. A table in which nothing is unique has
//! the key alone, with nothing under it.

use crate::model::{Literal, Setting, Span};

/// The first key of what a schema says.
const TABLES: &str = "tables";
/// The key of what is unique in a table.
const UNIQUE: &str = "unique";

/// The tables of a schema.
pub fn tables(text: &str) -> Vec<Setting> {
    let mut entries = Vec::new();
    let mut table: Option<(String, usize)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(start, start + line.trim_end().len());
        start += line.len();
        let line = line.split("//").next().unwrap_or("").trim();
        let entry = |keys: Vec<String>, value| Setting { keys, value, span };
        match &mut table {
            None => {
                let mut words = line.split_whitespace();
                if let (Some("model"), Some(name)) = (words.next(), words.next()) {
                    let name = name.trim_end_matches('{').to_owned();
                    entries.push(entry(vec![TABLES.into(), name.clone()], Literal::Null));
                    table = Some((name, 0));
                }
            }
            Some(_) if line.starts_with('}') => table = None,
            Some((name, count)) => {
                if let Some(fields) = unique(line) {
                    let keys = vec![TABLES.into(), name.clone(), UNIQUE.into(), count.to_string()];
                    entries.push(entry(keys, Literal::Text(fields)));
                    *count += 1;
                }
            }
        }
    }
    entries
}

/// The fields that a line says are unique together.
fn unique(line: &str) -> Option<String> {
    let marks = |rest: &str| {
        ["id", "unique"].iter().any(|mark| {
            rest.strip_prefix(mark).is_some_and(|after| !after.starts_with(|next: char| next.is_alphanumeric()))
        })
    };
    if let Some(rest) = line.strip_prefix("@@") {
        let listed = rest.split_once('[').filter(|_| marks(rest)).and_then(|(_, rest)| rest.split_once(']'))?.0;
        // `[title(length: 100)]`
        let names = listed.split(',').map(|name| name.split('(').next().unwrap_or(name).trim());
        return Some(names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" "));
    }
    let name = line.split_whitespace().next()?;
    line.split(" @").skip(1).any(marks).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unique_is_told_by_table() {
        let text = "generator c { provider = \"x\" }\nmodel Message {\n  id String @id @default(cuid()) // key\n  at DateTime\n  to String @unique(map: \"x\")\n  chat String @default(\"@unique\")\n  @@unique([chat, key(length: 9)])\n  @@index([at])\n}\nmodel Log {\n at Int\n}\n";
        let found: Vec<String> = tables(text)
            .into_iter()
            .map(|entry| match entry.value {
                Literal::Text(text) => format!("{}={text}", entry.keys.join(".")),
                _ => entry.keys.join("."),
            })
            .collect();
        assert_eq!(
            found,
            [
                "tables.Message",
                "tables.Message.unique.0=id",
                "tables.Message.unique.1=to",
                "tables.Message.unique.2=chat key",
                "tables.Log",
            ]
        );
    }
}
