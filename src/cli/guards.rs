//! `launchcheck guards add`: copies a guard library into a repository and says how it is wired there.
//!
//! Nothing that is there and differs is replaced, unless that is asked for; nothing is written through a link.

mod place;
mod write;

use std::path::Path;

use self::place::Place;
use self::write::{Copied, State};
use super::{Failure, arguments::Add};
use crate::{
    config::Configuration,
    report::{Style, clean},
    rules::guards::{self, GuardLibrary, Paste},
    verdict::Tongue,
};

/// Copies, and gives the text that says what was done and what is left to do.
pub(super) fn add(add: &Add, style: &Style) -> Result<String, Failure> {
    let language = add.language.name();
    let libraries = guards::libraries().map_err(|why| Failure::Usage(format!("rules/guards.toml: {why}")))?;
    let library = libraries.get(language).ok_or_else(|| Failure::Usage(format!("no guards for {language}")))?;
    let tree = crate::tree(&add.path, &Configuration::default())?;
    let place = Place::of(&add.path, &tree, library, language, add.to.as_deref()).map_err(Failure::Usage)?;
    let files: Vec<(String, String)> = guards::files(language)
        .filter(|(path, _)| library.only.iter().all(|only| only.file != *path || place.has_any(&only.packages)))
        .map(|(path, text)| (format!("{}/{path}", place.folder), place.adapted(text)))
        .collect();
    let copied = write::compare(&add.path, files)?;
    let differing: Vec<&Copied> = copied.iter().filter(|each| each.state == State::Differs).collect();
    if let (Some(first), false) = (differing.first(), add.force) {
        return Err(Failure::Usage(format!(
            "{} of the files are there and differ, `{}` first; --force replaces them, --to DIR copies elsewhere",
            differing.len(),
            clean::shown(&first.path),
        )));
    }
    if !add.dry_run {
        write::write(&add.path, &copied)?;
    }
    Ok(clean::finish(&Said { add, style, library, place: &place }.text(&copied)))
}

/// What is said in the end.
struct Said<'a> {
    add: &'a Add,
    style: &'a Style,
    library: &'a GuardLibrary,
    place: &'a Place,
}

impl Said<'_> {
    fn text(&self, copied: &[Copied]) -> String {
        let count = copied.iter().filter(|each| each.state != State::Same).count();
        let mut text = format!("{}\n", self.copied(count, copied.len()));
        let mut number = 1;
        let packages = self.packages();
        self.section(&mut text, &mut number, self.say("add the packages", "패키지 추가"), &packages);
        for paste in self.library.paste.iter().filter(|paste| paste.is_for(|name| self.place.has(name))) {
            let title = self.title(paste);
            self.section(&mut text, &mut number, &title, &self.place.filled(&paste.code, paste.file.is_some()));
        }
        let audit = match self.add.path.to_str() {
            Some(".") | None => "launchcheck".to_owned(),
            Some(path) => format!("launchcheck {}", clean::shown(path)),
        };
        self.section(&mut text, &mut number, self.say("audit once more", "다시 점검"), &audit);
        text
    }

    fn say<'t>(&self, english: &'t str, korean: &'t str) -> &'t str {
        match self.style.tongue {
            Tongue::English => english,
            Tongue::Korean => korean,
        }
    }

    fn copied(&self, count: usize, all: usize) -> String {
        let folder = clean::shown(&self.place.folder);
        match (self.style.tongue, self.add.dry_run) {
            (Tongue::English, true) => format!("Would copy {count} of {all} files to {folder}/; the others are there."),
            (Tongue::English, false) if count == 0 => format!("All {all} files are in {folder}/ already."),
            (Tongue::English, false) if count == 1 => format!("Copied 1 file to {folder}/. It is yours now: read it."),
            (Tongue::English, false) => format!("Copied {count} files to {folder}/. They are yours now: read them."),
            (Tongue::Korean, true) => format!("{folder}/에 파일 {all}개 중 {count}개를 복사할 예정입니다."),
            (Tongue::Korean, false) if count == 0 => format!("파일 {all}개가 이미 {folder}/에 있습니다."),
            (Tongue::Korean, false) => format!("{folder}/에 파일 {count}개를 복사했습니다. 읽어 보고 커밋합니다."),
        }
    }

    /// The command that adds the packages which the project does not declare yet.
    fn packages(&self) -> String {
        let is_missing = |need: &&String| {
            let end = need.char_indices().skip(1).find(|(_, c)| "@<>=[~".contains(*c)).map_or(need.len(), |(at, _)| at);
            !self.place.has(need.get(..end).unwrap_or(need))
        };
        let missing: Vec<String> = self.library.needs.iter().filter(is_missing).map(|need| quoted(need)).collect();
        match missing.as_slice() {
            [] => self.say("all are declared already", "모두 이미 선언되어 있습니다").to_owned(),
            missing => format!("{} {}", self.place.add_command, missing.join(" ")),
        }
    }

    fn title(&self, paste: &Paste) -> String {
        let title = match self.style.tongue {
            Tongue::English => &paste.title.en,
            Tongue::Korean => &paste.title.ko,
        };
        match &paste.file {
            Some(file) => format!("{}: {title}", clean::shown(&self.place.beside(file))),
            None => title.clone(),
        }
    }

    fn section(&self, text: &mut String, number: &mut usize, title: &str, lines: &str) {
        text.push_str(&format!("\n{number}. {title}\n\n"));
        for line in lines.trim().lines() {
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        }
        *number += 1;
    }
}

/// A word for a shell, which would take `>` for itself.
fn quoted(word: &str) -> String {
    if word.contains(['>', '<', '[']) { format!("'{word}'") } else { word.to_owned() }
}

/// The parts of the libraries that answer an item, for `explain`: language, file and names.
pub(super) fn parts(item: crate::verdict::Item) -> Vec<(String, String, String)> {
    let libraries = guards::libraries().unwrap_or_default();
    libraries
        .into_iter()
        .filter_map(|(language, library)| {
            let part = library.parts.get(&item)?;
            Some((language, format!("{}/{}", library.folder, part.file), part.what.clone()))
        })
        .collect()
}

/// A path within a tree, from its parts.
fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { Path::new(folder).join(name).to_string_lossy().replace('\\', "/") }
}
