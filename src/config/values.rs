//! Values of a configuration with their places, whether it is written in TOML or in JSON.

use std::ops::Range;

use super::{
    find::Written,
    mistakes::{Mistake, Text},
};
use crate::{
    lower::settings::{
        json, toml as lowered,
        tree::{Node, Value},
    },
    model::{Lines, Literal},
    source::{Location, Span},
};

/// The values of a file; none where it is broken.
pub(super) fn tree(written: &Written) -> Option<Node> {
    if written.is_json() { json::parse(&written.text).0 } else { Some(lowered::parse(&written.text).0) }
}

impl Written {
    fn is_json(&self) -> bool {
        self.path.ends_with(".json")
    }

    /// What keeps it from being read at all.
    pub(super) fn syntax(&self) -> Option<Mistake> {
        let (problem, at) = if self.is_json() {
            let lost = json::parse(&self.text).1;
            let span = lost.first()?.span;
            ("this is no JSON".to_owned(), Some(range(span)))
        } else {
            let error = toml::de::DeTable::parse(&self.text).err()?;
            (error.message().to_owned(), error.span())
        };
        let help = "mend the file from here on; nothing behind it could be read".to_owned();
        Some(Mistake { problem, help, text: Text::of(self), at: at.map(|at| self.first_line(at)) })
    }

    /// Where the configuration begins in the file.
    pub(super) fn place(&self) -> Option<Range<usize>> {
        let tree = tree(self)?;
        let node = tree.at(self.keys)?;
        Some(self.first_line(if self.keys.is_empty() { 0..self.text.len() } else { range(node.span) }))
    }

    /// A place that goes over several lines is shown by its first.
    pub(super) fn first_line(&self, at: Range<usize>) -> Range<usize> {
        let length = self.text.get(at.clone()).and_then(|text| text.find('\n')).unwrap_or(at.len());
        at.start..at.start + length
    }

    /// Where the key of a value is written: before it, on its line or the one of its header.
    pub(super) fn key_place(&self, key: &str, node: &Node) -> Range<usize> {
        let start = node.span.start as usize;
        let value = self.first_line(range(node.span));
        let line = self.text.get(value.clone()).unwrap_or("");
        // The place of a table is its header, which holds the key.
        if let (Value::Map(_), true, Some(found)) = (&node.value, line.starts_with('['), line.find(key)) {
            return value.start + found..value.start + found + key.len();
        }
        match self.text.get(..start).and_then(|before| before.rfind(key)) {
            Some(found) => found..found + key.len(),
            None => value,
        }
    }

    pub(super) fn location(&self, lines: &Lines, at: &Range<usize>) -> Location {
        let span = Span::new(at.start, at.end);
        let (start, end) = (lines.position(span.start), lines.position(span.end));
        Location {
            path: self.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

pub(super) fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// What a value is, in the words of a mistake.
pub(super) fn kind(node: &Node) -> &'static str {
    match &node.value {
        Value::Scalar(Literal::Text(_)) => "a text",
        Value::Scalar(Literal::Number(_)) => "a number",
        Value::Scalar(Literal::Boolean(_)) => "true or false",
        Value::Scalar(_) => "nothing",
        Value::List(_) => "a list",
        Value::Map(_) => "a table",
    }
}

/// A value in TOML's terms, for what is read by its structure.
pub(super) fn to_toml(node: &Node) -> Option<toml::Value> {
    Some(match &node.value {
        Value::Scalar(Literal::Text(text)) => toml::Value::String(text.clone()),
        Value::Scalar(Literal::Boolean(truth)) => toml::Value::Boolean(*truth),
        Value::Scalar(Literal::Number(number)) if number.fract() == 0.0 && number.abs() < 1e15 => {
            toml::Value::Integer(*number as i64)
        }
        Value::Scalar(Literal::Number(number)) => toml::Value::Float(*number),
        Value::Scalar(_) => return None,
        Value::List(items) => toml::Value::Array(items.iter().filter_map(to_toml).collect()),
        Value::Map(entries) => {
            let pairs = entries.iter().filter_map(|(key, node)| Some((key.clone(), to_toml(node)?)));
            toml::Value::Table(pairs.collect())
        }
    })
}
