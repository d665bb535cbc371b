//! Files that hold a component: code among markup and styles. Which files do is data: `rules/files/components.toml`.
//!
//! What is no code becomes spaces, so that every offset stays that of the file; the rest is TypeScript like any other.
//! Scripts run in the browser, and say so like others do (`use client`), unless the name of their file says that it is made
//! on the server:
//! - the `<script>` blocks of most components are the module;
//! - where code stands between fences in front of the markup, that runs whenever the component is made. It is the function
//!   that the file exports as its default, is given an object, and calls the components of its kind that the markup shows;
//!   imports and exports stand outside of it. Each `<script>` is a function of its own that runs in the browser.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::{
    Block, Call, Export, Expression, ExpressionKind, Function, Lines, Lost, LostReason, Module, Parameter,
    ParameterKind, Span, Statement, StatementKind,
};
use crate::source::toml;

use super::typescript;

/// How a module or a function says that it runs in the browser.
const CLIENT: &str = "use client";
/// What opens and closes the code in front of the markup.
const FENCE: &str = "---";
/// Tags shown of one file; beyond them nothing new is told.
const TAGS: usize = 2_000;

/// `rules/files/components.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[serde(rename = "component")]
    components: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    extension: String,
    /// What the code in front of the markup is given, where there may be some.
    given: Option<String>,
}

static KNOWN: LazyLock<Known> =
    LazyLock::new(|| toml::read(include_str!("../../rules/files/components.toml")).unwrap_or_default());

fn kind_of(path: &str) -> Option<&'static Kind> {
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    KNOWN.components.iter().find(|kind| kind.extension == extension)
}

/// Whether a file holds a component.
pub fn is_component(path: &str) -> bool {
    kind_of(path).is_some()
}

/// Lowers one file.
pub fn lower(path: &str, text: &str) -> Module {
    let given = kind_of(path).and_then(|kind| kind.given.as_deref());
    let parts = Parts::of(text, given.is_some());
    let code = parts.code(text);
    let mut module = typescript::lower_code(path, &code, parts.has_markup);
    module.lines = Lines::of(text);
    let lost = parts.lost.clone().map(|lost| Lost { span: span(&lost), why: LostReason::Syntax });
    module.lost.extend(lost);
    parts.clip(&mut module.body, text);
    if let Some(given) = given {
        let ending = path.rsplit_once('.').map_or(path, |(_, ending)| ending);
        module.body = parts.separated(std::mem::take(&mut module.body), text, &Shown { given, ending });
    } else if !path.contains(".server.") {
        module.directives.push(CLIENT.to_owned());
    }
    module
}

/// What the code in front of the markup is given, and how the files of what the markup shows end.
struct Shown<'s> {
    given: &'s str,
    ending: &'s str,
}

/// The code in a file, as ranges of bytes in order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Parts {
    fenced: Option<Range<usize>>,
    /// Where the markup begins.
    markup: usize,
    scripts: Vec<Range<usize>>,
    /// Whether `<` in the code begins markup.
    has_markup: bool,
    /// What opens and never closes.
    lost: Option<Range<usize>>,
}

impl Parts {
    fn of(text: &str, is_fenced: bool) -> Parts {
        let mut parts = Parts::default();
        if is_fenced {
            parts.find_fenced(text);
        }
        parts.find_scripts(text);
        parts
    }

    fn find_fenced(&mut self, text: &str) {
        let opens = text.len() - text.trim_start().len();
        let Some(rest) = text.get(opens..).and_then(|rest| rest.strip_prefix(FENCE)) else { return };
        let start = opens + FENCE.len();
        let mut at = start;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            let indent = line.len() - line.trim_start().len();
            if number > 0 && line.trim_start().starts_with(FENCE) {
                self.fenced = Some(start..at + indent);
                self.markup = at + indent + FENCE.len();
                return;
            }
            at += line.len();
        }
        self.lost = Some(opens..text.len());
        self.markup = text.len();
    }

    /// Finds the blocks of scripts in the markup: each byte is looked at once.
    fn find_scripts(&mut self, text: &str) {
        let mut at = self.markup;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
            let opens = at + found;
            let rest = text.get(opens..).unwrap_or_default();
            if rest.starts_with("<!--") {
                let Some(length) = rest.find("-->") else { return };
                at = opens + length;
                continue;
            }
            let Some(name) = ["script", "style"].into_iter().find(|name| begins_tag(rest, name)) else {
                at = opens + 1;
                continue;
            };
            let Some(length) = tag_length(rest) else {
                self.lost = Some(opens..text.len());
                return;
            };
            let attributes = rest.get(1 + name.len()..length - 1).unwrap_or_default();
            let start = opens + length;
            if attributes.ends_with('/') {
                at = start;
                continue;
            }
            let Some(end) = closing(text, start, name) else {
                self.lost = Some(opens..text.len());
                return;
            };
            at = end;
            if name == "script" && is_code(attributes) {
                self.has_markup |= matches!(attribute(attributes, "lang"), Some("tsx" | "jsx"));
                self.scripts.push(start..end);
            }
        }
    }

    /// The text with nothing but its code. What closes a part ends its last statement, too.
    fn code(&self, text: &str) -> String {
        let mut code = String::with_capacity(text.len());
        let mut at = 0;
        for part in self.fenced.iter().chain(&self.scripts) {
            blank(text.get(at..part.start).unwrap_or_default(), &mut code);
            code.push_str(text.get(part.clone()).unwrap_or_default());
            code.push(';');
            at = part.end + 1;
        }
        blank(text.get(at..).unwrap_or_default(), &mut code);
        code
    }

    /// Ends the last statement of each part where it is written, and not at what closes the part.
    fn clip(&self, body: &mut Block, text: &str) {
        let parts: Vec<&Range<usize>> = self.fenced.iter().chain(&self.scripts).collect();
        for statement in body {
            let number = parts.partition_point(|part| part.end <= statement.span.start as usize);
            let Some(part) = parts.get(number).filter(|part| part.end < statement.span.end as usize) else { continue };
            let written = text.get((*part).clone()).unwrap_or_default().trim_end();
            statement.span.end = span(&(part.start..part.start + written.len())).end;
        }
    }

    /// Puts statements into the functions that they belong to.
    fn separated(&self, body: Block, text: &str, shown: &Shown<'_>) -> Block {
        let (mut outside, mut inside) = (Block::new(), Block::new());
        let mut scripts = vec![Block::new(); self.scripts.len()];
        for statement in body {
            let start = statement.span.start as usize;
            if self.fenced.as_ref().is_none_or(|fenced| start >= fenced.end) {
                let number = self.scripts.partition_point(|script| script.end <= start);
                scripts.get_mut(number).into_iter().for_each(|script| script.push(statement.clone()));
                continue;
            }
            match &statement.kind {
                StatementKind::Import(_) => outside.push(statement),
                StatementKind::Export(_) => {
                    // What is exported was declared right before.
                    let declared = inside.iter().rev().take_while(|each| statement.span.contains(each.span)).count();
                    outside.extend(inside.split_off(inside.len() - declared));
                    outside.push(statement);
                }
                _ => inside.push(statement),
            }
        }
        if let Some(fenced) = &self.fenced {
            self.show_components(text, shown.ending, &outside, &mut inside);
            outside.extend(made_by(fenced, shown.given, inside));
        }
        let written = self.scripts.iter().zip(scripts).filter(|(_, body)| !body.is_empty());
        outside.extend(written.map(|(script, body)| sent(script, body)));
        outside
    }

    /// Calls the components of the same kind that stand in the markup.
    fn show_components(&self, text: &str, ending: &str, outside: &Block, inside: &mut Block) {
        let is_of_kind = |source: &str| source.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.'));
        let imported = outside.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Import(import) if is_of_kind(&import.source) => Some(import.local.as_str()),
            _ => None,
        });
        let imported: BTreeSet<&str> = imported.collect();
        if imported.is_empty() {
            return;
        }
        let markup = text.get(self.markup..).unwrap_or_default();
        for (found, _) in markup.match_indices('<').take(TAGS) {
            let rest = markup.get(found + 1..).unwrap_or_default();
            let end = rest.find(|each: char| !each.is_ascii_alphanumeric() && each != '_').unwrap_or(rest.len());
            let Some(shown) = rest.get(..end).and_then(|name| imported.get(name)) else { continue };
            let start = self.markup + found + 1;
            let span = span(&(start..start + end));
            let callee = Expression { span, kind: ExpressionKind::Name((*shown).to_owned()) };
            let call = Call { span, callee, arguments: Vec::new(), is_new: false };
            let call = Expression { span, kind: ExpressionKind::Call(Box::new(call)) };
            inside.push(Statement { span, kind: StatementKind::Expression(call) });
        }
    }
}

/// The function that the code in front of the markup is, with its export.
fn made_by(fenced: &Range<usize>, given: &str, body: Block) -> [Statement; 2] {
    let name = "frontmatter".to_owned();
    let fence = span(&(fenced.start - FENCE.len()..fenced.start));
    let target = Expression { span: fence, kind: ExpressionKind::Name(given.to_owned()) };
    let given = Parameter {
        span: fence,
        target,
        annotation: None,
        default: None,
        kind: ParameterKind::Plain,
        decorators: Vec::new(),
        is_property: false,
    };
    let whole = Span { start: fence.start, end: span(fenced).end };
    let function = Function { parameters: vec![given], is_async: true, ..function(whole, fence, &name, body) };
    let value = Some(Expression { span: fence, kind: ExpressionKind::Name(name) });
    let export = Export { name: "default".to_owned(), value, source: None };
    [
        Statement { span: whole, kind: StatementKind::Function(Box::new(function)) },
        Statement { span: fence, kind: StatementKind::Export(export) },
    ]
}

/// The function that a script of a page is.
fn sent(script: &Range<usize>, body: Block) -> Statement {
    let whole = span(script);
    let name_span = Span { start: whole.start, end: whole.start };
    let function = Function { directives: vec![CLIENT.to_owned()], ..function(whole, name_span, "script", body) };
    Statement { span: whole, kind: StatementKind::Function(Box::new(function)) }
}

fn function(span: Span, name_span: Span, name: &str, body: Block) -> Function {
    Function {
        span,
        name: name.to_owned(),
        name_span,
        parameters: Vec::new(),
        returns: None,
        decorators: Vec::new(),
        body,
        is_async: false,
        is_generator: false,
        directives: Vec::new(),
        outer: Vec::new(),
    }
}

fn span(range: &Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// Writes as many spaces as a text has bytes, in the same lines.
fn blank(text: &str, code: &mut String) {
    code.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
}

/// Whether a text begins with a tag of this name.
fn begins_tag(text: &str, name: &str) -> bool {
    let after = text.get(1..).filter(|rest| rest.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name)));
    let next = after.and_then(|rest| rest.as_bytes().get(name.len()));
    next.is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
}

/// How long a tag is that a text begins with: quotes may hold what else would end it.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Where the tag begins that closes an element.
fn closing(text: &str, from: usize, name: &str) -> Option<usize> {
    let rest = text.get(from..)?;
    let closes = |(at, _): &(usize, &str)| {
        rest.get(at + 2..at + 2 + name.len()).is_some_and(|written| written.eq_ignore_ascii_case(name))
    };
    rest.match_indices("</").find(closes).map(|(at, _)| from + at)
}

/// Whether a script with these attributes holds code, and no data or template.
fn is_code(attributes: &str) -> bool {
    let by_type = attribute(attributes, "type").is_none_or(|kind| {
        matches!(kind, "" | "module" | "text/javascript" | "application/javascript" | "text/typescript" | "text/babel")
    });
    let by_language = attribute(attributes, "lang")
        .is_none_or(|language| matches!(language, "" | "ts" | "tsx" | "typescript" | "js" | "jsx" | "javascript"));
    by_type && by_language
}

/// The value of an attribute.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    attributes.match_indices(name).find_map(|(at, _)| {
        let is_whole = attributes.get(..at)?.ends_with(|each: char| each.is_ascii_whitespace());
        let value = attributes.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
        let value = match value.strip_prefix(['"', '\'']) {
            Some(quoted) => quoted.split(['"', '\'']).next(),
            None => value.split(|each: char| each.is_ascii_whitespace()).next(),
        };
        value.filter(|_| is_whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, text: &str) -> String {
        let code = Parts::of(text, path.ends_with("astro")).code(text);
        assert_eq!((code.len(), code.lines().count()), (text.len(), text.lines().count()), "{text}");
        code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_data_is_readable() {
        assert_eq!(toml::read::<Known>(include_str!("../../rules/files/components.toml")).err(), None);
    }

    #[test]
    fn only_scripts_are_code() {
        for (text, expected) in [
            ("<template><p>{{ a > b }}</p></template>\n<script>a()</script>", "a();"),
            ("<script setup lang=\"ts\">\na()\n</script>\n<script>\nb()\n</script>", "a() ; b() ;"),
            ("<SCRIPT\n  generics=\"T extends Map<string, U>\">a()</SCRIPT >", "a();"),
            ("<script context=\"module\">a</script><script>b</script><style>.c{content:'<script>'}</style>", "a; b;"),
            ("<!-- <script>no()</script> --><script>a()</script>", "a();"),
            ("<script type=\"application/ld+json\">{}</script><script lang=\"coffee\">a</script>", ""),
            ("<script src=\"./a.js\" /><script data-type=\"x\">a</script>", "a;"),
            ("<scripts>a</scripts><script-x>b</script-x>", ""),
            ("<p>한글</p><script>a('한글')</script>", "a('한글');"),
            ("<script>a()", ""),
            ("<script", ""),
            ("<script a=\"", ""),
            ("<!-- <script>a</script>", ""),
            ("", ""),
        ] {
            assert_eq!(code("a.vue", text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_between_fences_is_code() {
        for (text, expected) in [
            ("---\nconst a = 1\n---\n<p>{a}</p>\n<script>b()</script>", "const a = 1 ; b();"),
            ("\n---\nconst a = '<script>'\n---\n<p/>", "const a = '<script>' ;"),
            ("<p>---</p>\n---\n", ""),
            ("---\nconst a = 1\n", ""),
            ("---", ""),
        ] {
            assert_eq!(code("a.astro", text), expected, "{text}");
        }
        assert_eq!(lower("a.astro", "---\nawait a(\n").lost.len(), 1);
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "<p>한글</p>\n<script>\n  ask('한글', key)\n</script>\n";
        let module = lower("a.svelte", text);
        let Some(only) = module.body.first() else { panic!("{module:?}") };
        assert_eq!(text.get(only.span.start as usize..only.span.end as usize), Some("ask('한글', key)"));
        let end = module.lines.position(only.span.end);
        assert_eq!((end.line, end.column, module.body.len()), (3, 17, 1));
        assert_eq!(module.directives, [CLIENT]);
        assert!(lower("a.server.vue", text).directives.is_empty());
    }

    #[test]
    fn what_a_page_does_is_its_default() {
        let text = "---\nimport Part from './Part.astro'\nexport const prerender = false\nconst a = await ask(Astro.url)\n\
                    return a\n---\n<Part a={a} /><p/>\n<script>import b from 'b'\nb()</script><script>c()</script>";
        let module = lower("a.astro", text);
        let shape: Vec<String> = module
            .body
            .iter()
            .map(|statement| match &statement.kind {
                StatementKind::Function(function) => {
                    format!("{} {} {:?}", function.name, function.body.len(), function.directives)
                }
                StatementKind::Import(import) => format!("import {}", import.source),
                StatementKind::Export(export) => format!("export {}", export.name),
                StatementKind::Assign(_) => "assign".to_owned(),
                _ => "other".to_owned(),
            })
            .collect();
        assert_eq!(
            shape,
            [
                "import ./Part.astro",
                "assign",
                "export prerender",
                "frontmatter 3 []",
                "export default",
                "script 2 [\"use client\"]",
                "script 1 [\"use client\"]",
            ]
        );
        assert!(module.directives.is_empty() && module.lost.is_empty());
    }

    #[test]
    fn endless_markup_ends() {
        for part in
            ["<script>", "<script", "<script a=\"", "<!--", "<style>", "<script>a()</script>", "---\n", "<", "</"]
        {
            for path in ["a.vue", "a.svelte", "a.astro"] {
                let module = lower(path, &part.repeat(100_000));
                assert!(module.lost.len() <= 101, "{part} {path}");
            }
        }
    }
}
