//! Item E2: credentials in texts, environment files in the repository, secrets that browsers get to see.
//!
//! One search over the bytes of a text finds every place worth a look. At each, in this order: the shape with its
//! boundaries, the proof or the look of chance, the name and syntax around it, and what only looks like a credential.
//! Nothing here reads a file or opens a connection, and no value leaves in full: a [`Hit`] carries a redacted one.

use serde::{Deserialize, Serialize};

use crate::source::order::InOrder;
use crate::{
    collect::Class,
    rules::secrets::{Shapes, Trigger},
    source::Span,
};

mod address;
mod browser;
mod context;
mod environment;
mod joined;
mod names;
mod proof;
mod shapes;
mod traps;

pub use environment::{
    EnvFileFacts, EnvironmentFile, EnvironmentFinding, Load, NotIgnored, env_file_not_ignored, environment_files,
    is_environment_file, is_template, names_secrets,
};

/// More hits than this in one text say nothing new.
const MOST_HITS: usize = 200;

/// On longer lines (minified code, data) names say nothing about values, in bytes.
const LONGEST_LINE: usize = 2000;

/// The rules of item E2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    HardcodedSecret,
    CommittedEnvFile,
    EnvFileNotIgnored,
    ClientExposedSecret,
}

impl Rule {
    /// Its id, as in packs and reports.
    pub fn id(self) -> &'static str {
        match self {
            Rule::HardcodedSecret => "hardcoded-secret",
            Rule::CommittedEnvFile => "committed-env-file",
            Rule::EnvFileNotIgnored => "env-file-not-ignored",
            Rule::ClientExposedSecret => "client-exposed-secret",
        }
    }
}

/// A credential in a text, or a name that gives one away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub rule: Rule,
    /// Which message: `shape` or `generic` for `hardcoded-secret`, `values` for environment files, `public-name`,
    /// `browser-flag` or `inlined` for `client-exposed-secret`.
    pub variant: String,
    /// The value itself, or the name; a report that shows the line must mask the former.
    pub span: Span,
    /// The id of the shape, for what the value opens and where it is revoked.
    pub shape: Option<String>,
    /// Whose credential it is; empty if unknown.
    pub provider: String,
    /// The name that the value is given to; empty without one.
    pub name: String,
    /// What may be shown of the value; empty where the hit is a name.
    pub redacted: String,
    /// The part of `span` that is never shown; empty where the hit is a name.
    pub hidden: Span,
    /// Whether form or proof decided (`certain`) rather than name and look (`likely`).
    pub certain: bool,
}

/// What all looks at one text share.
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    path: &'a str,
    class: Class,
    shapes: &'a Shapes,
    /// Written in a language where a value without quotes is a name.
    is_code: bool,
    /// An environment file that is no template.
    is_environment: bool,
    /// A template of an environment file: only forms of their own count.
    is_template: bool,
    /// A file of data.
    is_data: bool,
    hits: Vec<Hit>,
    /// Values that are known not to be secrets: public ones, published ones, ones with a wrong check sum.
    cleared: Vec<Span>,
    /// Up to here no armoured key ends.
    no_key_end: usize,
}

/// Finds the credentials in one text.
///
/// In environment files that are no templates, credentials are hits of `committed-env-file`, which
/// [`environment_files`] turns into at most one finding per file. The result is sorted by place.
pub fn scan(path: &str, text: &str, class: Class, shapes: &Shapes) -> Vec<Hit> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let lists = &shapes.lists;
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let is_lock = lists.lock_files.iter().any(|lock| lock == file);
    let is_code = lists.code_extensions.contains(&extension);
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        path,
        class,
        shapes,
        is_code,
        is_environment: is_environment_file(path, lists),
        is_template: environment::is_template(path, lists),
        is_data: lists.data_extensions.contains(&extension)
            || path.split('/').rev().skip(1).any(|folder| lists.data_folders.iter().any(|data| data == folder)),
        hits: Vec::new(),
        cleared: Vec::new(),
        no_key_end: 0,
    };
    let mut name_places = Vec::new();
    let mut address_places = Vec::new();
    for found in shapes.search.find_overlapping_iter(text) {
        for trigger in shapes.triggers.get(found.pattern().as_usize()).into_iter().flatten() {
            match *trigger {
                Trigger::Form(shape, form) => scan.look_for_shape(shape, form, found.start()),
                Trigger::Name if !is_lock => name_places.push(found.start()),
                Trigger::Address => address_places.push(found.start()),
                Trigger::PrivateKey => scan.look_for_private_key(found.start(), found.end()),
                Trigger::BrowserName => scan.look_for_browser_name(found.start(), found.end()),
                Trigger::BrowserFlag => scan.look_for_browser_flag(found.start(), found.end()),
                Trigger::Name => {}
            }
        }
        if scan.hits.len() >= MOST_HITS {
            break;
        }
    }
    // What has a shape is known before names are asked.
    scan.cleared.sort_unstable();
    for at in address_places {
        scan.look_for_address(at);
    }
    scan.look_at_names(&name_places);
    scan.look_for_joined();
    scan.look_for_inlined(file);
    scan.finish()
}

impl Scan<'_> {
    /// Whether names decide in this text: shipped files, and scripts that people run.
    fn names_count(&self) -> bool {
        matches!(self.class, Class::Ships | Class::Script | Class::Generated) && !self.is_template
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// The nearest character boundary at or before an offset.
    fn floor(&self, mut at: usize) -> usize {
        while at > 0 && !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The byte before `at`.
    fn before(&self, at: usize) -> Option<u8> {
        self.byte(at.checked_sub(1)?)
    }

    /// The line around `at`, cut to the longest length that is looked at on either side.
    fn line_around(&self, at: usize) -> (usize, usize) {
        let left = self.bytes.get(at.saturating_sub(LONGEST_LINE)..at).unwrap_or_default();
        let start =
            left.iter().rposition(|byte| *byte == b'\n').map_or(at - left.len(), |found| at - left.len() + found + 1);
        let right = self.bytes.get(at..(at + LONGEST_LINE).min(self.bytes.len())).unwrap_or_default();
        let end = at + right.iter().position(|byte| *byte == b'\n').unwrap_or(right.len());
        (start, end)
    }

    /// A credential between two places, of which the first `known` bytes are what its provider begins it with.
    fn value_hit(&self, start: usize, end: usize, known: usize) -> Hit {
        let value = self.slice(start, end);
        let (head, tail) = shown(value, known);
        let (from, to) = (start + head, end.saturating_sub(tail));
        Hit {
            rule: Rule::HardcodedSecret,
            variant: "shape".to_owned(),
            span: Span::new(start, end),
            shape: None,
            provider: String::new(),
            name: String::new(),
            redacted: format!("{}…{}", self.slice(start, from), self.slice(to, end)),
            hidden: Span::new(from, to),
            certain: false,
        }
    }

    /// Whether a value there is already reported or cleared.
    fn is_settled(&self, start: usize, end: usize) -> bool {
        let span = Span::new(start, end);
        let overlaps = |other: &Span| other.start < span.end && span.start < other.end;
        // Sorted by now; those that begin before the end of this one are the last that could reach into it.
        let until = self.cleared.partition_point(|other| other.start < span.end);
        self.cleared.iter().take(until).rev().take(16).any(overlaps) || self.hits.iter().any(|hit| overlaps(&hit.span))
    }

    /// Sorted, without hits inside other hits, environment files' under their own rule.
    fn finish(self) -> Vec<Hit> {
        let is_environment = is_environment_file(self.path, &self.shapes.lists);
        let mut hits = self.hits;
        hits.order_by(|one, two| {
            one.span
                .start
                .cmp(&two.span.start)
                .then(two.span.end.cmp(&one.span.end))
                .then(two.certain.cmp(&one.certain))
        });
        let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
        for mut hit in hits {
            if kept.last().is_some_and(|last| hit.span.start < last.span.end) {
                continue;
            }
            if is_environment && hit.rule == Rule::HardcodedSecret {
                hit.rule = Rule::CommittedEnvFile;
                hit.variant = "values".to_owned();
            }
            kept.push(hit);
        }
        kept
    }
}

/// A value that is shorter than this is not shown at all, in characters.
const SHORTEST_SHOWN: usize = 20;

/// Characters of a credential that are shown behind what its provider begins it with, and at its end.
const SHOWN: (usize, usize) = (4, 2);

/// How many bytes of a value may be shown at its beginning and at its end: what its provider begins it with (`known`
/// bytes), four characters more, and the last two; none of a short one.
fn shown(value: &str, known: usize) -> (usize, usize) {
    let rest = value.get(known..).unwrap_or(value);
    let bytes = |characters: &mut dyn Iterator<Item = char>| characters.map(char::len_utf8).sum::<usize>();
    if value.chars().count() < SHORTEST_SHOWN || rest.chars().count() <= SHOWN.0 + SHOWN.1 {
        return (0, 0);
    }
    let head = value.len() - rest.len() + bytes(&mut rest.chars().take(SHOWN.0));
    (head, bytes(&mut rest.chars().rev().take(SHOWN.1)))
}

/// The parts of a text that must not be shown: all of a credential but its ends. Where so many were found that not all
/// were looked for, nothing after the last is shown.
pub fn hidden(hits: &[Hit], text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = hits.iter().map(|hit| hit.hidden).filter(|span| span.start < span.end).collect();
    if let Some(last) = hits.last().filter(|_| hits.len() * 4 >= MOST_HITS) {
        spans.push(Span::new(last.span.end as usize, text.len()));
    }
    spans.sort_unstable();
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_not_shown_and_long_ones_at_their_ends() {
        assert_eq!(shown("abcdefghijklmnopqrst", 0), (4, 2));
        assert_eq!(shown("sk-abcdefghijklmnopqrst", 3), (7, 2));
        assert_eq!(shown("abcdefghijklmnopqrs", 0), (0, 0));
        assert_eq!(shown("hooks.service.dev/services/abcdef", 27), (0, 0));
        assert_eq!(shown("비밀번호비밀번호비밀번호비밀번호비밀번호", 0), (12, 6));
    }
}
