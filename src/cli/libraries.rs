//! `launchcheck list libraries`: what the catalogue knows, a line per library; or everything that it says of one.

use std::path::Path;

use super::Failure;
use crate::source::order::InOrder;
use crate::{
    Error,
    report::{Style, clean, wrap},
    rules::{
        catalogue::{Calls, Fact, Library, Setting},
        checked::{self, Catalogue},
        kinds::Kind,
        packs::closest,
    },
    source,
    verdict::Tongue,
};

/// The widest name that others are aligned with, in cells.
const WIDEST: usize = 24;

/// One file of the catalogue.
struct Known {
    library: Library,
    /// The same as it is written.
    table: toml::Table,
}

/// The libraries whose name, or that of a package, holds `part`; of one alone everything that is known.
pub(super) fn text(part: Option<&str>, rules: Option<&Path>, style: &Style) -> Result<String, Failure> {
    let known = known(rules)?;
    let Some(part) = part else { return Ok(overview(known.iter(), style)) };
    let exact: Vec<&Known> =
        known.iter().filter(|each| names(each).any(|name| name.eq_ignore_ascii_case(part))).collect();
    let wanted = part.to_lowercase();
    let found: Vec<&Known> = match exact.as_slice() {
        [] => known.iter().filter(|each| names(each).any(|name| name.to_lowercase().contains(&wanted))).collect(),
        _ => exact,
    };
    match found.as_slice() {
        [] => Err(Failure::Usage(unknown(part, &known))),
        [one] => Ok(whole(one, style)),
        several => Ok(overview(several.iter().copied(), style)),
    }
}

/// All files of the catalogue, by the names of their libraries.
fn known(rules: Option<&Path>) -> Result<Vec<Known>, Failure> {
    // Loading checks every file; what it says is then shown as it is written.
    Catalogue::load(rules, &[]).map_err(Error::from)?;
    let texts = checked::texts(rules).map_err(Error::from)?;
    let read = |(_, text): &(String, String)| {
        Some(Known { library: source::toml::read(text).ok()?, table: toml::from_str(text).ok()? })
    };
    let mut known: Vec<Known> = texts.iter().filter_map(read).collect();
    known.order_by_key(|each| each.library.name.to_lowercase());
    Ok(known)
}

fn names(known: &Known) -> impl Iterator<Item = &str> {
    let packages = &known.library.packages;
    let packages = packages.pypi.iter().chain(&packages.npm).chain(&packages.crates);
    std::iter::once(known.library.name.as_str()).chain(packages.map(String::as_str))
}

fn unknown(part: &str, known: &[Known]) -> String {
    let all: Vec<&str> = known.iter().flat_map(names).collect();
    let help = match closest(part, &all) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "CONTRIBUTING.md says how to add a library; --rules DIR loads it".to_owned(),
    };
    format!("no library is called `{}`; {help}", clean::shown(part))
}

/// A line per library, or as many as it needs: its languages, what is known, and the defaults.
fn overview<'k>(known: impl Iterator<Item = &'k Known> + Clone, style: &Style) -> String {
    let name = |each: &Known| clean::shown(&each.library.name);
    let width = known.clone().map(|each| clean::cells(&name(each))).max().unwrap_or(0).min(WIDEST);
    let mut out = String::new();
    for each in known {
        let name = name(each);
        let mut says = vec![counts(&each.library, style.tongue)];
        let defaults = defaults(&each.library, style.tongue);
        if !defaults.is_empty() {
            says.push(defaults.join("; "));
        }
        let says = clean::shown(&format!("{}: {}", languages(&each.library, style.tongue), says.join("; ")));
        let mut first = format!("{name}{}  ", " ".repeat(width.saturating_sub(clean::cells(&name))));
        if clean::cells(&name) > width {
            out.push_str(&format!("{}\n", crate::report::wrap(&name, 76).join("\n    ")));
            first = " ".repeat(width + 2);
        }
        let room = style.width.saturating_sub(width + 2).max(24);
        for (number, line) in wrap(&says, room).iter().enumerate() {
            let lead = if number == 0 { first.clone() } else { " ".repeat(width + 2) };
            out.push_str(&format!("{lead}{line}\n"));
        }
    }
    clean::finish(&out)
}

fn languages(library: &Library, tongue: Tongue) -> String {
    let packages = &library.packages;
    let languages = [
        ("Python", "python", !packages.pypi.is_empty()),
        ("TypeScript", "typescript", !packages.npm.is_empty()),
        ("Rust", "rust", !packages.crates.is_empty()),
    ];
    let own: Vec<&str> = languages
        .into_iter()
        .filter(|(_, name, has)| *has || library.language.as_deref() == Some(name))
        .map(|(language, ..)| language)
        .collect();
    match (own.is_empty(), tongue) {
        (false, _) => own.join(", "),
        (true, Tongue::English) => "all".to_owned(),
        (true, Tongue::Korean) => "모든 언어".to_owned(),
    }
}

/// What a fact is, in the words of the overview.
fn group(fact: &Fact) -> (&'static str, &'static str) {
    match fact.is {
        Kind::Call | Kind::Endpoint => match fact.calls {
            Some(Calls::Llm) => ("LLM calls", "LLM 호출"),
            Some(Calls::Paid) => ("paid calls", "유료 호출"),
            _ => ("external calls", "외부 호출"),
        },
        Kind::Http => ("HTTP calls", "HTTP 호출"),
        Kind::Client | Kind::Same | Kind::Compose => ("clients", "클라이언트"),
        Kind::Route | Kind::Convention => ("entry points", "진입점"),
        Kind::Router | Kind::Mount | Kind::Middleware | Kind::Inject | Kind::ErrorHandler => ("routing", "라우팅"),
        Kind::Guard | Kind::Platform => ("guards", "가드"),
        Kind::Environment | Kind::EnvironmentSchema | Kind::LoadsEnvironmentFile => ("environment", "환경 변수"),
        Kind::Store => ("stores", "저장소"),
        Kind::Log | Kind::Notify => ("logs and notices", "로그와 알림"),
        _ => ("others", "기타"),
    }
}

/// How many facts there are of each sort, the most telling first.
fn counts(library: &Library, tongue: Tongue) -> String {
    const ORDER: [&str; 11] = [
        "LLM calls",
        "paid calls",
        "external calls",
        "HTTP calls",
        "entry points",
        "guards",
        "clients",
        "routing",
        "environment",
        "stores",
        "logs and notices",
    ];
    let mut counts: Vec<((&str, &str), usize)> = Vec::new();
    for fact in &library.facts {
        let group = group(fact);
        match counts.iter_mut().find(|(known, _)| *known == group) {
            Some((_, count)) => *count += 1,
            None => counts.push((group, 1)),
        }
    }
    counts.order_by_key(|((name, _), _)| ORDER.iter().position(|each| each == name).unwrap_or(ORDER.len()));
    let mut items: Vec<&str> = library.facts.iter().filter_map(|fact| fact.protects.as_deref()).collect();
    items.sort_unstable();
    items.dedup();
    let said = counts.into_iter().map(|((en, ko), count)| {
        let of = if en == "guards" { format!(" ({})", items.join(" ")) } else { String::new() };
        match tongue {
            Tongue::English => format!("{en} {count}{of}"),
            Tongue::Korean => format!("{ko} {count}{of}"),
        }
    });
    said.collect::<Vec<_>>().join(", ")
}

/// A setting of facts, with its name in both languages.
type Named = (&'static str, &'static str, fn(&Fact) -> Option<&Setting>);

/// What holds where nothing is given, by setting, with the versions it holds for.
fn defaults(library: &Library, tongue: Tongue) -> Vec<String> {
    let settings: [Named; 3] = [
        ("timeout", "시간 제한", |fact| fact.timeout.as_ref()),
        ("retries", "재시도", |fact| fact.retry.as_ref()),
        ("output", "출력 상한", |fact| fact.output.as_ref()),
    ];
    let of = |(en, ko, setting): Named| {
        let mut said: Vec<String> = Vec::new();
        for fact in &library.facts {
            let Some(default) = setting(fact).and_then(|setting| setting.default.as_ref()) else { continue };
            let versions = fact.versions.as_ref().map_or(String::new(), |versions| format!(" ({versions})"));
            let one = format!("{}{versions}", value(default, en == "timeout"));
            if !said.contains(&one) {
                said.push(one);
            }
        }
        let name = if tongue == Tongue::Korean { ko } else { en };
        (!said.is_empty()).then(|| format!("{name} {}", said.join(" / ")))
    };
    settings.into_iter().filter_map(of).collect()
}

/// A default for people: seconds have their unit.
fn value(default: &toml::Value, is_time: bool) -> String {
    match default {
        toml::Value::Integer(number) if is_time => format!("{number}s"),
        toml::Value::Float(number) if is_time => format!("{number}s"),
        other => plain(other),
    }
}

/// A value of the file without the marks of its notation.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        toml::Value::Table(table) => {
            table.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// Everything that is known of one library, fact by fact.
fn whole(known: &Known, style: &Style) -> String {
    let library = &known.library;
    let mut page = Page { style, out: String::new() };
    page.line("", &library.name);
    page.out.push_str(&format!("{}\n", clean::shown(&library.url)));
    page.line("", &format!("{}: {}", languages(library, style.tongue), counts(library, style.tongue)));
    for (registry, names) in
        [("pypi", &library.packages.pypi), ("npm", &library.packages.npm), ("crates", &library.packages.crates)]
    {
        if !names.is_empty() {
            page.line(&format!("{registry}: "), &names.join(", "));
        }
    }
    let defaults = defaults(library, style.tongue);
    if !defaults.is_empty() {
        let (en, ko) = ("defaults: ", "기본값: ");
        page.line(if style.tongue == Tongue::Korean { ko } else { en }, &defaults.join("; "));
    }
    if let Some(toml::Value::Table(sets)) = known.table.get("sets") {
        page.out.push('\n');
        for (name, names) in sets {
            page.line(&format!("<{name}> = "), &plain(names).replace(", ", ",").replace(',', ", "));
        }
    }
    let facts = known.table.get("fact").and_then(toml::Value::as_array);
    for (fact, written) in library.facts.iter().zip(facts.into_iter().flatten()) {
        page.out.push('\n');
        page.fact(fact, written);
    }
    clean::finish(&page.out)
}

struct Page<'s> {
    style: &'s Style,
    out: String,
}

impl Page<'_> {
    /// What the fact is, its names, its keys in the order of the alphabet, and last where it says so.
    fn fact(&mut self, fact: &Fact, written: &toml::Value) {
        let Some(table) = written.as_table() else { return };
        let mut head = fact.is.keys().name.to_owned();
        for key in ["calls", "protects", "how", "versions"] {
            if let Some(value) = table.get(key) {
                head.push_str(&format!(" {}", plain(value)));
            }
        }
        self.line("", &head);
        for name in table.get("names").and_then(toml::Value::as_array).into_iter().flatten() {
            // Choices may be told on several lines.
            self.line("    ", &plain(name).replace(',', ", "));
        }
        const SAID: [&str; 7] = ["is", "names", "calls", "protects", "how", "versions", "source"];
        for (key, value) in table.iter().filter(|(key, _)| !SAID.contains(&key.as_str())) {
            let value = self.setting(fact, key).unwrap_or_else(|| plain(value));
            self.line(&format!("  {key}: "), &value);
        }
        if let Some(source) = table.get("source") {
            // An address stays whole.
            self.out.push_str(&format!("  source: {}\n", clean::shown(&plain(source))));
        }
    }

    /// A setting with its default in its unit.
    fn setting(&self, fact: &Fact, key: &str) -> Option<String> {
        let setting: &Setting = match key {
            "timeout" => fact.timeout.as_ref()?,
            "retry" => fact.retry.as_ref()?,
            "output" => fact.output.as_ref()?,
            _ => return None,
        };
        let unit = setting.unit.as_ref().map_or(String::new(), |unit| format!(" ({unit})"));
        let mut parts: Vec<String> = Vec::new();
        if !setting.arguments.is_empty() {
            parts.push(format!("{}{unit}", setting.arguments.join(", ")));
        }
        if !setting.assigned.is_empty() {
            parts.push(format!("assigned to {}", setting.assigned.join(", ")));
        }
        if !setting.off.is_empty() {
            parts.push(format!("off: {}", setting.off.join(", ")));
        }
        if let Some(default) = &setting.default {
            parts.push(format!("default {}", value(default, key == "timeout")));
        }
        Some(parts.join("; "))
    }

    /// A line behind `first`, wrapped, further lines indented alike.
    fn line(&mut self, first: &str, text: &str) {
        let indent = clean::cells(first).min(16);
        let room = self.style.width.saturating_sub(clean::cells(first)).max(24);
        for (number, line) in wrap(&clean::shown(text), room).iter().enumerate() {
            match number {
                0 => self.out.push_str(&clean::shown(first)),
                _ => self.out.push_str(&" ".repeat(indent)),
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(part: Option<&str>) -> String {
        text(part, None, &Style::default()).unwrap_or_default()
    }

    #[test]
    fn every_library_has_its_line_and_no_line_is_too_wide() {
        let overview = shown(None);
        let files = crate::rules::embedded::rules().filter(|(path, _)| path.starts_with("rules/catalogue/")).count();
        assert_eq!(overview.lines().filter(|line| !line.starts_with(' ')).count(), files);
        assert!(overview.lines().all(|line| clean::cells(line) <= 80));
    }

    #[test]
    fn one_library_is_shown_whole_and_several_by_a_line() {
        let all = known(None).unwrap_or_default();
        for each in &all {
            let page = shown(Some(&each.library.name));
            let is_address = |line: &str| line.starts_with("  source: ") || line.contains("://");
            assert!(page.lines().all(|line| clean::cells(line) <= 80 || is_address(line)), "{page}");
            // Libraries of several languages may share a name.
            if page.starts_with(&format!("{}\n", each.library.name)) {
                let sources = each.library.facts.iter().filter(|fact| fact.source.is_some()).count();
                assert_eq!(page.lines().filter(|line| line.starts_with("  source: ")).count(), sources, "{page}");
            }
        }
        let wrong = text(Some("no-such-library-at-all"), None, &Style::default());
        assert!(wrong.is_err_and(|failure| failure.to_string().contains("no library is called")));
    }
}
