//! `launchcheck explain`: what an item or rule asks, why, and how to fix it, with code for every language; or what stands
//! at a line of a repository.

use std::path::{Path, PathBuf};

use super::{Failure, arguments::Explain, surroundings::Surroundings, terms};
use crate::{
    Error, Options,
    collect::repository_around,
    judge::chains::Asked,
    report::{Style, clean, explained},
    rules::packs::{ItemTexts, PASTE_LANGUAGES, Packs, Rule, closest},
    verdict::{Item, Tongue},
};

/// What is asked about.
pub(super) fn text(options: &Explain, surroundings: &Surroundings, style: &Style) -> Result<String, Failure> {
    match place(&options.subject) {
        Some(place) => line(place, options, surroundings, style),
        None if options.root.is_some() && !is_path(&options.subject) => Err(Failure::Usage(
            "only PATH:LINE is explained in a folder; items and rules are the same everywhere".to_owned(),
        )),
        None => words(&options.subject, options.rules.as_deref(), style),
    }
}

/// A place as reports write it: `path:line` or `path:line:column`.
struct Place<'a> {
    path: &'a str,
    line: u32,
    column: Option<u32>,
}

fn place(subject: &str) -> Option<Place<'_>> {
    let (before, last) = subject.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match before.rsplit_once(':').map(|(path, line)| (path, line.parse::<u32>())) {
        Some((path, Ok(line))) => Some(Place { path, line, column: Some(last) }),
        _ => Some(Place { path: before, line: last, column: None }),
    }
}

/// What stands at a line.
fn line(place: Place<'_>, options: &Explain, surroundings: &Surroundings, style: &Style) -> Result<String, Failure> {
    let (root, path) = located(place.path, options.root.as_deref());
    let asked = Asked { path, line: place.line, column: place.column };
    let known = Options {
        configuration: terms::configuration(&root, &options.configuration)?,
        today: Some(surroundings.today().map_err(Failure::Usage)?),
        rules: options.rules.clone(),
        ..Options::default()
    };
    let found = crate::explain(&root, &known, &asked)?;
    let packs = Packs::load(options.rules.as_deref()).map_err(Error::from)?;
    Ok(explained::render(&found, &packs, style))
}

/// The audited folder, and the path below it. A path is looked for from where the command runs, then from the folder, as
/// reports write it. Without a folder it is the current one, where `launchcheck` alone audits; for what lies outside of
/// that, the repository around it.
fn located(path: &str, root: Option<&Path>) -> (PathBuf, String) {
    let here = Path::new(".");
    let file = Path::new(path);
    let chosen = root.unwrap_or(here);
    let below = |root: &Path| {
        let (root, file) = (root.canonicalize().ok()?, absolute(file)?);
        Some(slashed(file.strip_prefix(root).ok()?))
    };
    if let Some(below) = below(chosen) {
        return (chosen.to_owned(), below);
    }
    if root.is_none()
        && let Some(around) = repository_around(file)
        && let Some(below) = below(&around)
    {
        return (around, below);
    }
    (chosen.to_owned(), slashed(file))
}

/// The path of a file, its folder without links: the file itself may be one.
fn absolute(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = folder.canonicalize().ok()?.join(file.file_name()?);
    found.symlink_metadata().is_ok().then_some(found)
}

fn slashed(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What an item or rule asks.
fn words(subject: &str, rules: Option<&Path>, style: &Style) -> Result<String, Failure> {
    let packs = Packs::load(rules).map_err(Error::from)?;
    let mut page = Page { style, out: String::new() };
    let named = packs.items().iter().find(|each| each.name.eq_ignore_ascii_case(subject)).map(|each| each.item);
    if let Some(texts) = Item::from_id(subject).or(named).and_then(|item| packs.item(item)) {
        page.item(&packs, texts);
    } else if let Some(rule) = packs.rule(subject) {
        page.rule(rule);
        page.paragraph("", &format!("{} {}", rule.item.id(), packs.name(rule.item)));
    } else {
        return Err(unknown(subject, &packs));
    }
    Ok(clean::finish(&page.out))
}

/// Whether something is a file rather than an item or a rule.
fn is_path(subject: &str) -> bool {
    subject.contains(['/', '\\', '.'])
}

fn unknown(subject: &str, packs: &Packs) -> Failure {
    let items = packs.items().iter().flat_map(|each| [each.item.id(), each.name.as_str()]);
    let known: Vec<&str> = items.chain(packs.rules().iter().map(|rule| rule.id.as_str())).collect();
    let help = match closest(subject, &known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`launchcheck list items` and `launchcheck list rules` show them all".to_owned(),
    };
    // A file without a line is a place that was not finished.
    if is_path(subject) {
        let place = clean::shown(subject);
        return Failure::Usage(format!("which line of `{place}`? write it behind the path, such as {place}:12"));
    }
    Failure::Usage(format!("no item or rule is called `{}`; {help}", clean::shown(subject)))
}

struct Page<'a> {
    style: &'a Style,
    out: String,
}

impl Page<'_> {
    fn item(&mut self, packs: &Packs, texts: &ItemTexts) {
        let tongue = self.style.tongue;
        let stage = packs.stages().iter().find(|stage| stage.number == texts.item.stage());
        let stage = stage.map_or("", |stage| stage.title.in_tongue(tongue));
        self.paragraph("", &format!("{} {} ({} {stage})", texts.item.id(), texts.name, texts.item.stage()));
        self.out.push('\n');
        self.paragraph("", texts.question.in_tongue(tongue));
        self.paragraph("", texts.why.in_tongue(tongue));
        for rule in packs.rules().iter().filter(|rule| rule.item == texts.item) {
            self.out.push('\n');
            self.rule(rule);
        }
        self.guards(texts.item);
    }

    /// The parts of the guard libraries that answer an item.
    fn guards(&mut self, item: Item) {
        let parts = super::guards::parts(item);
        if parts.is_empty() {
            return;
        }
        let title = match self.style.tongue {
            Tongue::English => "A guard to copy, tested and yours to change:",
            Tongue::Korean => "복사해서 쓸 수 있는, 테스트를 거친 가드:",
        };
        self.out.push_str(&format!("\n{title}\n"));
        for (language, file, what) in parts {
            self.out.push_str(&format!("    launchcheck guards add {language:<12}# {file}: {what}\n"));
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let tongue = self.style.tongue;
        let note = match (rule.is_note(), tongue) {
            (false, _) => "",
            (true, Tongue::English) => " (note: never unticks)",
            (true, Tongue::Korean) => " (참고 사항: 판정에 영향 없음)",
        };
        self.out.push_str(&format!("{}{note}\n", rule.id));
        for (_, message) in rule.messages() {
            self.paragraph("  - ", message.in_tongue(tongue));
        }
        self.paragraph("  ", rule.help.in_tongue(tongue));
        for language in PASTE_LANGUAGES {
            let Some(code) = rule.code(language) else { continue };
            self.code(language, &code);
            for fitted in rule.fitted.iter().filter(|fitted| fitted.language == language) {
                self.code(&format!("{language} ({})", fitted.packages.join(", ")), &fitted.code);
            }
        }
        self.out.push('\n');
    }

    fn code(&mut self, title: &str, code: &str) {
        self.out.push('\n');
        self.paragraph("  ", title);
        for line in code.lines() {
            self.out.push_str(&format!("    {line}\n"));
        }
    }

    /// Wrapped text behind `first`, further lines indented alike.
    fn paragraph(&mut self, first: &str, text: &str) {
        let indent = clean::cells(first);
        for (number, line) in wrap(text, self.style.width.saturating_sub(indent)).iter().enumerate() {
            self.out.push_str(if number == 0 { first } else { "    ".get(..indent).unwrap_or("    ") });
            self.out.push_str(line);
            self.out.push('\n');
        }
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    crate::report::wrap(&clean::shown(text), width.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_rules_are_explained_by_any_name() {
        let explained = |subject| words(subject, None, &Style::default()).unwrap_or_default();
        assert!(explained("a1").contains("missing-timeout"));
        assert_eq!(explained("timeouts"), explained("A1"));
        assert!(explained("missing-timeout").contains("typescript"));
        let error = words("missing-timeot", None, &Style::default()).map_err(|failure| failure.to_string());
        assert!(error.is_err_and(|message| message.ends_with("did you mean `missing-timeout`?")));
    }

    #[test]
    fn places_are_read_as_reports_write_them() {
        let read = |subject| place(subject).map(|place| (place.path.to_owned(), place.line, place.column));
        assert_eq!(read("app/main.py:12"), Some(("app/main.py".to_owned(), 12, None)));
        assert_eq!(read("app/main.py:12:5"), Some(("app/main.py".to_owned(), 12, Some(5))));
        assert_eq!(read("C:\\app\\main.py:12"), Some(("C:\\app\\main.py".to_owned(), 12, None)));
        assert_eq!((read("A1"), read("app/main.py:"), read("app/main.py:x")), (None, None, None));
    }
}
