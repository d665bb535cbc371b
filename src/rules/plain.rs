//! Reads data from TOML without the places of its parts, and finds the place of a mistake only where there is one.
//!
//! A reader that knows all places is made three times over for each structure that it fills; for data as wide as the
//! catalogue's that is much of a program.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Table;
use toml::de::{DeTable, DeValue, Error};

/// What is wrong with a text, and where, as far as that can be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    pub problem: String,
    pub at: Option<Range<usize>>,
}

/// Reads a text of our own, which the tests have checked.
///
/// # Errors
/// A text that is no TOML, with its place, or not what is read, without.
pub fn read_own<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    text.parse::<Table>()?.try_into()
}

/// Reads anybody's text.
///
/// # Errors
/// What is wrong with it, at the key or table that it goes away without.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    let first_line = |error: &Error| error.message().lines().next().unwrap_or("").to_owned();
    let table: Table =
        text.parse().map_err(|error: Error| Mistake { problem: first_line(&error), at: error.span() })?;
    table.clone().try_into().map_err(|error: Error| {
        let problem = first_line(&error);
        let is_right = |table: Table| table.try_into::<T>().err().is_none_or(|error| first_line(&error) != problem);
        let at = DeTable::parse(text).ok().and_then(|places| place(&table, places.get_ref(), &is_right));
        Mistake { problem, at }
    })
}

/// The smallest part of a table that it is right without: a key of it, a table of a list, or a key of such a table.
fn place(table: &Table, places: &DeTable<'_>, is_right: &impl Fn(Table) -> bool) -> Option<Range<usize>> {
    let (key, value) = places.iter().find(|(key, _)| {
        let mut without = table.clone();
        without.remove(key.get_ref().as_ref());
        is_right(without)
    })?;
    let name = key.get_ref().as_ref();
    let DeValue::Array(items) = value.get_ref() else { return Some(key.span()) };
    let with_item = |index: usize, change: &dyn Fn(&mut Vec<toml::Value>, usize)| {
        let mut changed = table.clone();
        if let Some(items) = changed.get_mut(name).and_then(toml::Value::as_array_mut) {
            change(items, index);
        }
        is_right(changed)
    };
    let index = (0..items.len()).find(|index| with_item(*index, &|items, index| drop(items.remove(index))))?;
    let item = items.get(index)?;
    let DeValue::Table(fields) = item.get_ref() else { return Some(item.span()) };
    let field = fields.iter().find(|(field, _)| {
        with_item(index, &|items, index| {
            if let Some(fields) = items.get_mut(index).and_then(toml::Value::as_table_mut) {
                fields.remove(field.get_ref().as_ref());
            }
        })
    });
    Some(field.map_or(item.span(), |(field, _)| field.span()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shelf {
        #[expect(dead_code, reason = "only read")]
        name: String,
        #[serde(default, rename = "book")]
        #[expect(dead_code, reason = "only read")]
        books: Vec<Book>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Book {
        #[expect(dead_code, reason = "only read")]
        pages: u32,
    }

    #[test]
    fn a_mistake_is_placed_at_what_it_goes_away_without() {
        let told = |text: &str| {
            let mistake = read::<Shelf>(text).expect_err("a mistake");
            let at = mistake.at.map(|at| text[at].lines().next().unwrap_or_default().to_owned());
            (mistake.problem, at.unwrap_or_default())
        };
        let of = |problem: &str, at: &str| (problem.to_owned(), at.to_owned());
        assert_eq!(told("name = \"a\"\nnmae = 1"), of("unknown field `nmae`, expected `name` or `book`", "nmae"));
        assert_eq!(
            told("name = \"a\"\n[[book]]\npages = 2\n[[book]]\npages = \"x\""),
            of("invalid type: string \"x\", expected u32", "pages")
        );
        assert_eq!(told("name = \"a\"\n[[book]]"), of("missing field `pages`", "[[book]]"));
        assert_eq!(told("[[book]]\npages = 2"), of("missing field `name`", ""));
        assert_eq!(told("name = "), of("string values must be quoted, expected literal string", ""));
        assert!(read::<Shelf>("name = \"a\"\n[[book]]\npages = 2").is_ok());
    }
}
