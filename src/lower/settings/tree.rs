//! What JSON, TOML and YAML have in common: values that know where they are written.

use crate::model::{Literal, Setting, Span};
use crate::source::order::InOrder;

/// Nesting beyond this is not read; what people write stays below 20.
pub const DEPTH: usize = 64;
/// Entries of one settings file; more are left out.
pub const ENTRIES: usize = 50_000;

/// One value and the bytes it is written in.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Scalar(Literal),
    List(Vec<Node>),
    /// In the order of the file; of a repeated key every value is kept.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub fn new(span: Span, value: Value) -> Self {
        Node { span, value }
    }

    /// The value of a key of a map; of a repeated key the last one, as parsers do.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The value at the end of a way of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a map; of anything else none.
    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of a list, or the one text that stands for a list of one.
    pub fn texts(&self) -> Vec<&str> {
        match self.text() {
            Some(text) => vec![text],
            None => self.items().iter().filter_map(Node::text).collect(),
        }
    }

    pub fn is_true(&self) -> bool {
        self.value == Value::Scalar(Literal::Boolean(true))
    }

    /// Every scalar with the keys that lead to it, in the order of the file. An empty list or map is `Null`.
    pub fn flatten(&self) -> Vec<Setting> {
        let mut found = Vec::new();
        flatten(self, &mut Vec::new(), &mut found);
        found.order_by_key(|setting: &Setting| setting.span.start);
        found
    }
}

/// Depth is bounded by what the readers let through ([`DEPTH`]).
fn flatten(node: &Node, keys: &mut Vec<String>, found: &mut Vec<Setting>) {
    if found.len() >= ENTRIES || keys.len() > DEPTH {
        return;
    }
    let scalar = match &node.value {
        Value::Scalar(literal) => literal.clone(),
        Value::List(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                keys.push(number.to_string());
                flatten(item, keys, found);
                keys.pop();
            }
            return;
        }
        Value::Map(entries) if !entries.is_empty() => {
            for (key, item) in entries {
                keys.push(key.clone());
                flatten(item, keys, found);
                keys.pop();
            }
            return;
        }
        _ => Literal::Null,
    };
    found.push(Setting { keys: keys.clone(), value: scalar, span: node.span });
}
