//! Reading and lowering files, in parallel, and following their imports to files that were left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::collect::{self, Class, Contents, File, Tree, classify_text, is_provisional};
use crate::judge;
use crate::judge::ignore::{Ignore, MARK, ignores};
use crate::link::entries::conventions;
use crate::link::names::{Names, Target};
use crate::model::{Language, LostReason, Module, Project, Settings};
use crate::rules::{checked::Catalogue, secrets::Shapes};
use crate::source::{Decoded, decode};
use crate::verdict::*;
use crate::{Error, lower};

use super::PARSE_ALL;
use super::scripts::import_sources;

/// What reading one file gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) module: Option<Module>,
    pub(super) is_lowered: bool,
    pub(super) settings: Option<Settings>,
    /// The class that the file had before its text was looked at.
    pub(super) given: Option<Class>,
    pub(super) class: Option<(Class, String)>,
    pub(super) unread: Option<Unread>,
    pub(super) partial: Option<Unread>,
    /// No code that ships; credentials should have been looked for in it.
    pub(super) unchecked: Option<Unread>,
    pub(super) relevant: bool,
    pub(super) hits: judge::conditions::exposure::FileHits,
    /// Comments that suppress findings.
    pub(super) ignores: Vec<Ignore>,
}

/// Reads and lowers files.
pub(super) struct Reader {
    pub(super) contents: Contents,
    pub(super) words: AhoCorasick,
    pub(super) conventions: Vec<globset::GlobSet>,
    pub(super) shapes: Arc<Shapes>,
    /// What was read before of files that are the same.
    known: Mutex<BTreeMap<String, Read>>,
}

impl Reader {
    pub(super) fn new(contents: Contents, catalogue: &Catalogue, projects: &[Project]) -> Result<Reader, Error> {
        let words = catalogue.word_search().map_err(|why| Error::Threads(why.to_string()))?;
        let conventions = conventions(catalogue, projects);
        let shapes = Shapes::built_in()
            .map_err(|mistake| Error::Shapes(format!("line {}: {}", mistake.line, mistake.message)))?;
        Ok(Reader { contents, words, conventions, shapes, known: Mutex::default() })
    }

    /// Reads what is known already no more.
    pub(super) fn with(self, known: BTreeMap<String, Read>) -> Reader {
        Reader { known: Mutex::new(known), ..self }
    }

    /// What was read before, where it holds for a file of this class, too.
    fn known(&self, file: &File) -> Option<Read> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&file.path)?;
        (known.given == Some(file.class)).then_some(known)
    }

    pub(super) fn read(&self, file: &File) -> Read {
        if let Some(known) = self.known(file) {
            return known;
        }
        let mut read = Read { given: Some(file.class), ..Read::default() };
        let decoded = match self.text(file) {
            Ok(Some(decoded)) => decoded,
            Ok(None) => {
                if matches!(file.kind, collect::Kind::Code(_)) && file.class == Class::Ships {
                    read.unread = Some(unread(file, "it is not text", "텍스트가 아닙니다"));
                }
                return read;
            }
            Err(why) => {
                let unread = Some(unread(file, &why, &why));
                if file.class == Class::Ships {
                    read.unread = unread
                } else {
                    read.unchecked = unread
                }
                return read;
            }
        };
        let text = &decoded.text;
        read.class = if file.class == Class::Excluded { None } else { classify_text(file, text) };
        let class = read.class.as_ref().map_or(file.class, |(class, _)| *class);
        // Nothing hides a credential.
        let scanned_as = if class == Class::Excluded { Class::Ships } else { class };
        read.hits = judge::conditions::exposure::scan_file(&file.path, text, scanned_as, &self.shapes);
        match file.kind {
            collect::Kind::Code(language) if class == Class::Ships || is_provisional(file) => {
                read.relevant =
                    self.words.is_match(text) || self.conventions.iter().any(|globs| globs.is_match(&file.path));
                if read.relevant && class == Class::Ships {
                    self.lower(file, language, &decoded, &mut read);
                }
            }
            collect::Kind::Settings if class == Class::Ships => {
                read.settings = lower::settings::lower(&file.path, text);
                if text.contains(MARK) {
                    let comments = lower::settings::comments::comments(text);
                    read.ignores = ignores(&file.path, text, &comments);
                }
            }
            _ => {}
        }
        read
    }

    pub(super) fn text(&self, file: &File) -> Result<Option<Decoded>, String> {
        let bytes = self.contents.bytes(&file.path).map_err(|why| why.to_string())?;
        Ok(decode(&bytes))
    }

    pub(super) fn lower(&self, file: &File, language: Language, decoded: &Decoded, read: &mut Read) {
        let module = lower::lower(&file.path, &decoded.text, language);
        if decoded.damaged {
            read.partial = Some(unread(
                file,
                &format!("some bytes are not valid {}", decoded.encoding),
                &format!("{}에 맞지 않는 바이트가 있습니다", decoded.encoding),
            ));
        }
        if let Some(first) = module.lost.first() {
            let line = module.lines.position(first.span.start).line;
            let (en, ko) = match first.why {
                LostReason::Syntax => {
                    (format!("not understood from line {line} on"), format!("{line}번째 줄부터 해석하지 못했습니다"))
                }
                LostReason::Depth => {
                    (format!("nested too deeply at line {line}"), format!("{line}번째 줄의 중첩이 너무 깊습니다"))
                }
                LostReason::Size => {
                    (format!("too much code from line {line} on"), format!("{line}번째 줄부터 코드가 너무 많습니다"))
                }
            };
            let names_something = module.lost.iter().any(|lost| {
                decoded
                    .text
                    .get(lost.span.start as usize..lost.span.end as usize)
                    .is_some_and(|text| self.words.is_match(text))
            });
            let entry = Some(unread(file, &en, &ko));
            if names_something { read.unread = entry } else { read.partial = entry }
        }
        read.ignores = ignores(&file.path, &decoded.text, &module.comments);
        read.module = Some(module);
    }

    /// Parses what parsed files import, until nothing new is found.
    pub(super) fn follow_imports(&self, tree: &mut Tree, reads: &mut [Read]) {
        let code: Vec<(usize, String, Language)> = tree
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| match file.kind {
                collect::Kind::Code(language) if file.class == Class::Ships || is_provisional(file) => {
                    Some((index, file.path.clone(), language))
                }
                _ => None,
            })
            .collect();
        let names = Names::of(code.iter().map(|(_, path, language)| (path.as_str(), *language)), &tree.projects);
        let shipping = tree
            .files
            .iter()
            .filter(|file| file.class == Class::Ships && matches!(file.kind, collect::Kind::Code(_)))
            .count();
        let mut done: BTreeSet<usize> =
            code.iter().filter(|(index, ..)| reads[*index].module.is_some()).map(|(index, ..)| *index).collect();
        let mut fresh: Vec<usize> = done.iter().copied().collect();
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        if shipping <= PARSE_ALL {
            wanted.extend(
                code.iter()
                    .filter(|(index, ..)| tree.files[*index].class == Class::Ships && !done.contains(index))
                    .map(|(index, ..)| *index),
            );
        }
        loop {
            for index in fresh.drain(..) {
                let Some(module) = &reads[index].module else { continue };
                for source in import_sources(module) {
                    if let Target::Module(target) = names.resolve(&module.path, module.language, &source)
                        && let Some((target, ..)) = code.get(target)
                        && !done.contains(target)
                    {
                        wanted.insert(*target);
                    }
                }
            }
            let batch: Vec<(usize, Language)> = code
                .iter()
                .filter(|(index, ..)| wanted.contains(index) && !done.contains(index))
                .map(|(index, _, language)| (*index, *language))
                .collect();
            if batch.is_empty() {
                break;
            }
            let lowered: Vec<(usize, Read)> = batch
                .par_iter()
                .map(|(index, language)| {
                    let file = &tree.files[*index];
                    let mut read = Read::default();
                    match self.text(file) {
                        Ok(Some(decoded)) => self.lower(file, *language, &decoded, &mut read),
                        Ok(None) => {}
                        Err(why) => read.unread = Some(unread(file, &why, &why)),
                    }
                    (*index, read)
                })
                .collect();
            for (index, read) in lowered {
                done.insert(index);
                fresh.push(index);
                reads[index].module = read.module;
                reads[index].unread = reads[index].unread.take().or(read.unread);
                reads[index].partial = reads[index].partial.take().or(read.partial);
                reads[index].ignores = read.ignores;
                // What something that ships imports ships.
                if is_provisional(&tree.files[index]) {
                    tree.files[index].class = Class::Ships;
                    tree.files[index].reason = "imported by code that ships".to_owned();
                }
            }
            wanted.clear();
        }
    }
}

pub(super) fn unread(file: &File, en: &str, ko: &str) -> Unread {
    Unread { path: file.path.clone(), why: Text { en: en.to_owned(), ko: ko.to_owned() } }
}
