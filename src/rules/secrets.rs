//! Shapes of credentials: `rules/secrets.toml`, as written and checked.
//!
//! A form is blank-separated parts, each a literal or a run of an alphabet (`sk- an{20} T3BlbkFJ an{20}`). The longest
//! literal of a form is its anchor: one search over the bytes of a file finds all anchors, and only there is the rest
//! of the form tried.

use std::sync::{Arc, OnceLock};
use std::{collections::BTreeMap, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;

use crate::rules::embedded;
use crate::source::toml::{self, Placed};

mod form;

pub use form::{Alphabet, Form, Part};

/// What is wrong with a file of shapes, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Mistake {
    pub message: String,
    /// 1-based.
    pub line: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// How much a form says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// The form alone: its prefix or anchor occurs nowhere else.
    Shape,
    /// Its runs must look random, too.
    Entropy,
    /// It has no form of its own: the name that it is given to must hold one of `names`.
    Name,
}

/// A check that needs no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The last six characters are the CRC-32 of the run before them in base 62. A wrong sum disproves.
    Base62Crc32,
    /// The last eight characters are a CRC-32 in base 16. A wrong sum only leaves it less certain.
    HexCrc32,
}

/// A short text in the languages of the reports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub en: String,
    pub ko: String,
}

/// One kind of credential, or of a value that only looks like one (`public`).
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub id: String,
    pub provider: String,
    /// What a finder of the value gets at.
    pub opens: Words,
    pub forms: Vec<Form>,
    pub decided_by: DecidedBy,
    /// In small letters.
    pub names: Vec<String>,
    pub proof: Option<Proof>,
    /// Must all stand in the payload of the signed token that the value is.
    pub claims: BTreeMap<String, String>,
    /// Meant to be seen by everyone: never reported.
    pub public: bool,
    /// FNV-1a hashes of values that documentation publishes.
    pub known: Vec<u64>,
    /// Words near the value that make it a public one, unless one of `secret_near` is nearer.
    pub public_near: Vec<String>,
    pub secret_near: Vec<String>,
    /// The environment variable to move it to; empty for public shapes.
    pub variable: String,
    /// The page to revoke it at; empty for public shapes.
    pub revoke: String,
    pub source: String,
}

/// A scheme of addresses that may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    pub scheme: String,
    pub provider: String,
}

/// A block of a bundler's configuration whose values end up in browsers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inlined {
    /// How the names of such files begin.
    pub files: Vec<String>,
    /// The key of the block.
    pub block: String,
    /// Whether the keys in the block are names of variables themselves, filled when the program starts.
    #[serde(default)]
    pub keys: bool,
}

/// Every list of `rules/secrets.toml` that is not a shape; the file says what each is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    pub names: Vec<String>,
    pub password_names: Vec<String>,
    pub name_tails: Vec<String>,
    pub not_names: Vec<String>,
    pub not_key_prefixes: Vec<String>,
    pub identifier_prefixes: Vec<String>,
    pub sealed_prefixes: Vec<String>,
    pub placeholders: Vec<String>,
    pub example_words: Vec<String>,
    pub browser_prefixes: Vec<String>,
    pub browser_secrets: Vec<String>,
    pub browser_vendors: Vec<String>,
    pub browser_keys: Vec<String>,
    pub browser_likely: Vec<String>,
    pub browser_widgets: Vec<String>,
    pub browser_public: Vec<String>,
    pub browser_flags: Vec<String>,
    pub browser_flag_keys: Vec<String>,
    pub inlined: Vec<Inlined>,
    pub template_suffixes: Vec<String>,
    pub test_suffixes: Vec<String>,
    pub data_extensions: Vec<String>,
    pub data_folders: Vec<String>,
    pub lock_files: Vec<String>,
    pub code_extensions: Vec<String>,
    pub database_hosts: Vec<String>,
    pub nowhere_hosts: Vec<String>,
    pub connection_schemes: Vec<Scheme>,
}

/// What an occurrence of a searched word may be the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The anchor of a form: indexes of the shape and of its form.
    Form(usize, usize),
    /// A word of credentials' names.
    Name,
    /// `://`.
    Address,
    /// The beginning of an armoured private key.
    PrivateKey,
    /// The prefix of a variable that browsers get to see.
    BrowserName,
    /// A switch that runs a server's client in a browser.
    BrowserFlag,
}

/// Checked shapes and lists, ready to search with.
#[derive(Clone, Debug)]
pub struct Shapes {
    pub shapes: Vec<Shape>,
    /// What to do about a value, with `{opens}`, `{revoke}` and `{variable}`.
    pub advice: Words,
    pub lists: Lists,
    /// Finds all words of `triggers` in one pass.
    pub search: AhoCorasick,
    /// One list per word of `search`.
    pub triggers: Vec<Vec<Trigger>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenShape {
    id: Placed<String>,
    provider: String,
    opens: Words,
    forms: Vec<Placed<String>>,
    decided_by: DecidedBy,
    #[serde(default)]
    names: Vec<Placed<String>>,
    proof: Option<Proof>,
    #[serde(default)]
    claims: BTreeMap<String, String>,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    known: Vec<Placed<String>>,
    #[serde(default)]
    public_near: Vec<String>,
    #[serde(default)]
    secret_near: Vec<String>,
    #[serde(default)]
    variable: String,
    revoke: Option<Placed<String>>,
    source: Placed<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "shape")]
    shapes: Vec<WrittenShape>,
    advice: Words,
    lists: Lists,
}

/// The words whose neighbourhood is looked at for a credential's name, each in the spellings that people use.
const NAME_WORDS: [&str; 8] = ["key", "token", "secret", "pass", "pwd", "auth", "cred", "code"];

impl Shapes {
    /// The shapes that come with the tool, read once per process.
    ///
    /// # Errors
    /// Never for the file as released; the tests hold it.
    pub fn built_in() -> Result<Arc<Self>, Mistake> {
        static BUILT_IN: OnceLock<Arc<Shapes>> = OnceLock::new();
        if let Some(known) = BUILT_IN.get() {
            return Ok(known.clone());
        }
        let read = Arc::new(Self::read(embedded::rule("secrets"))?);
        Ok(BUILT_IN.get_or_init(|| read).clone())
    }

    /// Reads and checks a file of shapes.
    ///
    /// # Errors
    /// The first mistake: TOML, an unknown key, alphabet, or a shape that could not be found or revoked.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let written: Written =
            toml::read(text).map_err(|unfit| mistake(text, unfit.at.unwrap_or(0..0), unfit.message))?;
        let mut shapes: Vec<Shape> = Vec::new();
        for shape in written.shapes {
            let span = shape.id.span();
            let shape = check(shape).map_err(|(span, message)| mistake(text, span, message))?;
            if shapes.iter().any(|other| other.id == shape.id) {
                return Err(mistake(text, span, format!("two shapes are called `{}`", shape.id)));
            }
            shapes.push(shape);
        }
        let (search, triggers) = index(&shapes, &written.lists).map_err(|message| mistake(text, 0..0, message))?;
        Ok(Shapes { shapes, advice: written.advice, lists: written.lists, search, triggers })
    }

    /// The shape with an id, to say what its values open and where they are revoked.
    pub fn by_id(&self, id: &str) -> Option<&Shape> {
        self.shapes.iter().find(|shape| shape.id == id)
    }
}

fn mistake(text: &str, span: Range<usize>, message: String) -> Mistake {
    let line = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
    Mistake { message, line, span }
}

/// Checks one shape; an error is where it is and what is wrong.
fn check(written: WrittenShape) -> Result<Shape, (Range<usize>, String)> {
    let span = written.id.span();
    let id = written.id.into_inner();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err((span, format!("`{id}` is no id: small letters, digits and `-`")));
    }
    let named = written.decided_by == DecidedBy::Name;
    if named == written.names.is_empty() {
        let message = if named { "needs `names`" } else { "has `names` but is not decided by name" };
        return Err((span, format!("`{id}` {message}")));
    }
    let mut forms = Vec::new();
    for form in &written.forms {
        let read = Form::read(form.get_ref()).map_err(|message| (form.span(), format!("`{id}`: {message}")))?;
        if !named && read.anchor_text().len() < 2 {
            return Err((form.span(), format!("`{id}`: a form needs a literal of two characters to be found by")));
        }
        forms.push(read);
    }
    if forms.is_empty() {
        return Err((span, format!("`{id}` has no forms")));
    }
    let mut known = Vec::new();
    for hash in &written.known {
        let value = u64::from_str_radix(hash.get_ref(), 16);
        known.push(value.map_err(|_| (hash.span(), format!("`{id}`: `{}` is no 64-bit hash", hash.get_ref())))?);
    }
    for name in &written.names {
        if name.get_ref().is_empty() || name.get_ref().bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err((name.span(), format!("`{id}`: names are written in small letters")));
        }
    }
    let revoke = match written.revoke {
        Some(url) if !url.get_ref().starts_with("https://") => {
            return Err((url.span(), format!("`{id}`: `revoke` is an https address")));
        }
        Some(url) => url.into_inner(),
        None if written.public => String::new(),
        None => return Err((span, format!("`{id}` is not public and does not say where it is revoked"))),
    };
    if written.variable.is_empty() && !written.public {
        return Err((span, format!("`{id}` is not public and does not say which variable it belongs in")));
    }
    if written.source.get_ref().is_empty() {
        return Err((written.source.span(), format!("`{id}`: `source` says how the form is known")));
    }
    Ok(Shape {
        id,
        provider: written.provider,
        opens: written.opens,
        forms,
        decided_by: written.decided_by,
        names: written.names.into_iter().map(Placed::into_inner).collect(),
        proof: written.proof,
        claims: written.claims,
        public: written.public,
        known,
        public_near: written.public_near,
        secret_near: written.secret_near,
        variable: written.variable,
        revoke,
        source: written.source.into_inner(),
    })
}

/// The search over all words, and what each may begin.
fn index(shapes: &[Shape], lists: &Lists) -> Result<(AhoCorasick, Vec<Vec<Trigger>>), String> {
    let mut words: BTreeMap<String, Vec<Trigger>> = BTreeMap::new();
    for (number, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.decided_by != DecidedBy::Name) {
        for (form_number, form) in shape.forms.iter().enumerate() {
            words.entry(form.anchor_text().to_owned()).or_default().push(Trigger::Form(number, form_number));
        }
    }
    for word in NAME_WORDS {
        let capital: String =
            word.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(word.chars().skip(1)).collect();
        for spelling in [word.to_owned(), capital, word.to_ascii_uppercase()] {
            words.entry(spelling).or_default().push(Trigger::Name);
        }
    }
    words.entry("://".to_owned()).or_default().push(Trigger::Address);
    words.entry("PRIVATE KEY".to_owned()).or_default().push(Trigger::PrivateKey);
    for prefix in &lists.browser_prefixes {
        words.entry(prefix.clone()).or_default().push(Trigger::BrowserName);
    }
    for flag in &lists.browser_flags {
        words.entry(flag.clone()).or_default().push(Trigger::BrowserFlag);
    }
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words.keys())
        .map_err(|error| error.to_string())?;
    Ok((search, words.into_values().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_shapes_are_correct() {
        let shapes = Shapes::built_in();
        assert!(shapes.as_ref().is_ok_and(|shapes| shapes.shapes.len() >= 80), "{:?}", shapes.err());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let text = embedded::rule("secrets");
        let told = |from: &str, to: &str| {
            Shapes::read(&text.replacen(from, to, 1)).map(|_| ()).map_err(|m| (m.line, m.message))
        };
        let line = text.lines().position(|line| line.contains("sk- an{20}")).unwrap_or(0) + 1;
        assert_eq!(told("sk- an{20}", "sk- ab{20}"), Err((line, "`openai`: `ab` is no alphabet".to_owned())));
        assert!(
            told("id = \"anthropic\"", "id = \"openai\"").is_err_and(|(_, message)| message.contains("two shapes"))
        );
        assert!(told("[lists]", "[lists]\noddity = []").is_err_and(|(_, message)| message.contains("oddity")));
        assert!(told("provider = \"OpenAI\"", "provider = ").is_err());
        assert!(
            told("decided_by = \"shape\"", "decided_by = \"name\"")
                .is_err_and(|(_, message)| message.contains("needs"))
        );
    }
}
