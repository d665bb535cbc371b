//! Elements of an XML document. Names are ours; every value and text goes through the cleaner.

use std::fmt::Write;

use super::clean;

/// What XML documents begin with.
pub(super) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// An element: attributes in the order given, and elements or text inside.
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Element { name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// With text inside; an element with text has no children.
    pub(super) fn saying(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    pub(super) fn holding(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// Adds the element to a document, on lines of its own.
    pub(super) fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let _ = write!(out, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            // A line break in an attribute is read as a space.
            let _ = write!(out, " {name}=\"{}\"", clean::xml(&clean::line(value)));
        }
        // Writing to a string cannot fail.
        let _ = match (self.children.is_empty(), self.text.is_empty()) {
            (true, true) => writeln!(out, "/>"),
            (true, false) => writeln!(out, ">{}</{}>", clean::xml(&self.text), self.name),
            (false, _) => {
                out.push_str(">\n");
                for child in &self.children {
                    child.write(out, depth + 1);
                }
                writeln!(out, "{indent}</{}>", self.name)
            }
        };
    }
}
