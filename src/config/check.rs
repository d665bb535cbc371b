//! A configuration as written → checked. Everything that is wrong is said at once.

use super::{
    Configuration, EntryPointRule, Exclusion, Fingerprint, Placed,
    find::Written,
    mistakes::{ConfigError, Mistake, Text},
    values::{kind, range, to_toml, tree},
};
use crate::source::order::InOrder;
use crate::{
    lower::settings::tree::{Node, Value},
    model::{Lines, Literal},
    rules::{catalogue::Fact, mistakes::own_fact, packs::closest},
    source::{Location, is_bounded_pattern},
    verdict::{Attested, Item, Tongue},
};

const KEYS: [&str; 8] = ["max-unticked", "require", "lang", "exclude", "entry-point", "attest", "suppress", "fact"];
const EXCLUDE: [&str; 2] = ["path", "reason"];
const ENTRY_POINT: [&str; 4] = ["name", "path", "public", "reason"];
const ATTEST: [&str; 3] = ["by", "reason", "expires"];
const SUPPRESS: [&str; 2] = ["fingerprint", "reason"];

/// Checks a configuration. Whether attestations have expired is not asked here: that depends on the day.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn check(written: &Written) -> Result<Configuration, ConfigError> {
    if let Some(mistake) = written.syntax() {
        return Err(ConfigError::of(vec![mistake]));
    }
    let lines = Lines::of(&written.text);
    let mut reader = Reader { written, source: Text::of(written), lines, mistakes: Vec::new() };
    let configuration = tree(written).and_then(|tree| tree.at(written.keys).map(|node| reader.configuration(node)));
    if reader.mistakes.is_empty() {
        return Ok(configuration.unwrap_or_default());
    }
    reader.mistakes.order_by_key(|mistake| mistake.at.as_ref().map(|at| at.start));
    Err(ConfigError::of(reader.mistakes))
}

struct Reader<'w> {
    written: &'w Written,
    source: Text,
    lines: Lines,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn configuration(&mut self, node: &Node) -> Configuration {
        self.keys(node, &KEYS, "a configuration");
        Configuration {
            path: Some(self.written.path.clone()),
            max_unticked: node.get("max-unticked").and_then(|node| self.max_unticked(node)),
            require: node.get("require").map(|node| self.require(node)).unwrap_or_default(),
            lang: node.get("lang").and_then(|node| self.lang(node)),
            exclude: self.tables(node, "exclude", Reader::exclusion),
            entry_points: self.tables(node, "entry-point", Reader::entry_point),
            attest: node.get("attest").map(|node| self.attest(node)).unwrap_or_default().into_iter().collect(),
            suppress: self.tables(node, "suppress", Reader::suppression),
            facts: self.tables(node, "fact", Reader::fact),
        }
    }

    fn wrong(&mut self, at: std::ops::Range<usize>, problem: String, help: String) {
        let at = Some(self.written.first_line(at));
        self.mistakes.push(Mistake { problem, help, text: self.source.clone(), at });
    }

    fn wrong_at(&mut self, node: &Node, problem: String, help: &str) {
        self.wrong(range(node.span), problem, help.to_owned());
    }

    fn location(&self, node: &Node) -> Location {
        self.written.location(&self.lines, &self.written.first_line(range(node.span)))
    }

    /// The keys of a table, no others, each once.
    fn keys(&mut self, node: &Node, known: &[&str], of: &str) {
        for (key, value) in node.entries() {
            if !known.contains(&key.as_str()) {
                let help = match closest(key, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{of} has {}", known.join(", ")),
                };
                let at = self.written.key_place(key, value);
                self.wrong(at, format!("{of} has no key `{key}`"), help);
            }
        }
    }

    fn max_unticked(&mut self, node: &Node) -> Option<Placed<usize>> {
        match node.value {
            Value::Scalar(Literal::Number(number)) if number.fract() == 0.0 && (0.0..=12.0).contains(&number) => {
                Some(Placed { value: number as usize, location: self.location(node) })
            }
            _ => {
                self.wrong_at(
                    node,
                    "max-unticked is a whole number from 0 to 12".to_owned(),
                    "it says how many of the twelve boxes may be unticked: max-unticked = 2",
                );
                None
            }
        }
    }

    fn require(&mut self, node: &Node) -> Vec<Placed<Item>> {
        let Value::List(items) = &node.value else {
            self.wrong_at(
                node,
                format!("require is a list of items, not {}", kind(node)),
                "write require = [\"E2\", \"A1\"]",
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|node| {
                let item = self.item(node.text().unwrap_or_default(), range(node.span))?;
                Some(Placed { value: item, location: self.location(node) })
            })
            .collect()
    }

    fn item(&mut self, text: &str, at: std::ops::Range<usize>) -> Option<Item> {
        let found = Item::from_id(text);
        if found.is_none() {
            let ids = Item::ALL.map(Item::id);
            let help = match closest(&text.to_ascii_uppercase(), &ids) {
                Some(near) => format!("did you mean `{near}`? Items are {}", ids.join(", ")),
                None => format!("items are {}", ids.join(", ")),
            };
            self.wrong(at, format!("there is no item `{text}`"), help);
        }
        found
    }

    fn lang(&mut self, node: &Node) -> Option<Placed<Tongue>> {
        let value = match node.text() {
            Some("en") => Tongue::English,
            Some("ko") => Tongue::Korean,
            _ => {
                self.wrong_at(node, "lang is \"en\" or \"ko\"".to_owned(), "it is the language of all reports");
                return None;
            }
        };
        Some(Placed { value, location: self.location(node) })
    }

    /// The tables of a list of tables.
    fn tables<T>(&mut self, node: &Node, key: &str, read: fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        let Some(list) = node.get(key) else { return Vec::new() };
        let Value::List(items) = &list.value else {
            let help = format!("write [[{key}]] with its keys below, once for each");
            self.wrong_at(list, format!("{key} is a list of tables, not {}", kind(list)), &help);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| match item.value {
                Value::Map(_) => read(self, item),
                _ => {
                    let help = format!("write [[{key}]] with its keys below, once for each");
                    self.wrong_at(item, format!("{key} is a list of tables, not of {}", kind(item)), &help);
                    None
                }
            })
            .collect()
    }

    /// A text of a table that is not empty.
    fn text(&mut self, node: &Node, key: &str, of: &str, why: &str) -> Option<String> {
        let Some(value) = node.get(key) else {
            self.wrong_at(node, format!("{of} needs `{key}`"), why);
            return None;
        };
        match value.text().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => {
                let found = if value.text().is_some() { "nothing" } else { kind(value) };
                self.wrong_at(value, format!("`{key}` is a text, not {found}"), why);
                None
            }
        }
    }

    fn exclusion(&mut self, node: &Node) -> Option<Exclusion> {
        self.keys(node, &EXCLUDE, "an exclusion");
        let pattern = self.text(node, "path", "an exclusion", "write path = \"legacy/**\": a pattern from the root");
        let reason = self.text(node, "reason", "an exclusion", "say why it is not audited: every report shows it");
        let (pattern, reason) = (pattern?, reason?);
        let bounded = is_bounded_pattern(&pattern);
        // A folder means everything below it.
        let below = pattern.strip_suffix('/').map(|folder| format!("{folder}/**"));
        let glob = globset::GlobBuilder::new(below.as_deref().unwrap_or(&pattern)).literal_separator(true).build();
        match glob {
            Ok(glob) if bounded => {
                let location = self.location(node);
                Some(Exclusion { pattern, matcher: glob.compile_matcher(), reason, location })
            }
            other => {
                let problem = other.err().map_or_else(|| "it is too long".to_owned(), |why| why.kind().to_string());
                let at = node.get("path").unwrap_or(node);
                let help = "patterns are globs from the root: \"legacy/**\", \"**/*.gen.ts\"";
                self.wrong_at(at, format!("`{pattern}` matches no path: {problem}"), help);
                None
            }
        }
    }

    fn entry_point(&mut self, node: &Node) -> Option<EntryPointRule> {
        self.keys(node, &ENTRY_POINT, "an entry point");
        let name = node.get("name").and_then(|_| self.text(node, "name", "an entry point", NAME));
        let path = node.get("path").and_then(|_| self.text(node, "path", "an entry point", NAME));
        if node.get("name").is_none() && node.get("path").is_none() {
            self.wrong_at(node, "an entry point needs `name` or `path`".to_owned(), NAME);
            return None;
        }
        let reason = self.text(node, "reason", "an entry point", "say why: every report shows it");
        let public = match node.get("public").map(|node| &node.value) {
            Some(Value::Scalar(Literal::Boolean(public))) => Some(*public),
            _ => {
                let at = node.get("public").unwrap_or(node);
                let help = "write public = false where no remote person can reach it, else public = true";
                self.wrong_at(at, "an entry point needs `public`, true or false".to_owned(), help);
                None
            }
        };
        let location = self.location(node);
        Some(EntryPointRule { name, path, public: public?, reason: reason?, location })
    }

    fn attest(&mut self, node: &Node) -> Vec<(Item, Placed<Attested>)> {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong_at(
                node,
                format!("attest holds tables, not {}", kind(node)),
                "write [attest.C2] with by, reason and expires below",
            );
        }
        node.entries()
            .iter()
            .filter_map(|(key, node)| {
                let at = self.written.key_place(key, node);
                let item = self.item(key, at.clone())?;
                if item == Item::E2 {
                    let help = "suppress each finding by its fingerprint: [[suppress]] fingerprint, reason";
                    self.wrong(at, "E2 cannot be attested: it is about the files themselves".into(), help.into());
                    return None;
                }
                Some((item, self.attestation(node)?))
            })
            .collect()
    }

    fn attestation(&mut self, node: &Node) -> Option<Placed<Attested>> {
        self.keys(node, &ATTEST, "an attestation");
        let by = self.text(node, "by", "an attestation", "say who vouches for it: by = \"kim@example.com\"");
        let reason = self.text(node, "reason", "an attestation", "say what guards it, and where");
        let expires = self.text(node, "expires", "an attestation", DATE);
        let expires = expires.filter(|date| {
            let is_date = is_date(date);
            if let (false, Some(node)) = (is_date, node.get("expires")) {
                self.wrong_at(node, format!("`{date}` is no day"), DATE);
            }
            is_date
        });
        let location = self.location(node);
        Some(Placed { value: Attested { by: by?, reason: reason?, expires: expires? }, location })
    }

    fn suppression(&mut self, node: &Node) -> Option<Fingerprint> {
        self.keys(node, &SUPPRESS, "a suppression");
        let help = "copy it from the JSON report: sixteen hexadecimal digits";
        let fingerprint = self.text(node, "fingerprint", "a suppression", help);
        let reason = self.text(node, "reason", "a suppression", "say why it is no gap: every report shows it");
        let fingerprint = fingerprint?;
        if fingerprint.len() != 16 || !fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let at = node.get("fingerprint").unwrap_or(node);
            self.wrong_at(at, format!("`{fingerprint}` is no fingerprint"), help);
            return None;
        }
        Some(Fingerprint { fingerprint, reason: reason?, location: self.location(node) })
    }

    fn fact(&mut self, node: &Node) -> Option<Placed<Fact>> {
        match own_fact(to_toml(node)?) {
            Ok(fact) => Some(Placed { value: fact, location: self.location(node) }),
            Err((problem, help)) => {
                self.wrong_at(node, problem, &help);
                None
            }
        }
    }
}

const NAME: &str = "write name = \"POST /internal\" as reports show it, or path = \"app/internal.py\"";
const DATE: &str = "say until when it holds: expires = 2027-03-31; somebody has to look then";

/// Whether a text is a day of the calendar, `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, length: usize| {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        for day in ["2027-03-31", "2028-02-29", "2000-02-29", "0001-01-01"] {
            assert!(is_date(day), "{day}");
        }
        for day in ["2027-02-29", "1900-02-29", "2027-13-01", "2027-00-10", "2027-04-31", "27-1-1", "tomorrow", ""] {
            assert!(!is_date(day), "{day}");
        }
    }
}
