//! Credentials that git's history holds and the tree does not.

use std::path::Path;

use rayon::prelude::*;

use crate::Error;
use crate::collect::{Class, Past, PathClasses, Tree, Walked, history};
use crate::judge::conditions::exposure::{FileHits, PastHit, gone, scan_past};
use crate::judge::secrets::hidden;
use crate::rules::secrets::Shapes;
use crate::source::decode;
use crate::verdict::Text;

use super::excerpts::excerpt;

/// Texts that are looked at together, in bytes.
const BATCH: usize = 32 << 20;

/// What earlier commits held, and a sentence about what was looked at.
pub(super) fn past(
    root: &Path,
    tree: &Tree,
    shapes: &Shapes,
    present: &[FileHits],
) -> Result<(Vec<PastHit>, Text), Error> {
    let classes = PathClasses::of(tree);
    let look = |past: &Past| scanned(past, &classes, shapes);
    let (mut found, mut batch, mut size) = (Vec::new(), Vec::new(), 0);
    let walked = history(root, Default::default(), |past| {
        size += past.bytes.len();
        batch.push(past);
        if size >= BATCH {
            found.extend(batch.par_iter().map(look).collect::<Vec<_>>());
            batch.clear();
            size = 0;
        }
    })?;
    found.extend(batch.par_iter().map(look).collect::<Vec<_>>());
    Ok((gone(found.into_iter().flatten().collect(), present), sentence(walked)))
}

fn scanned(past: &Past, classes: &PathClasses, shapes: &Shapes) -> Vec<PastHit> {
    let class: Option<Class> = classes.class_of(&past.path);
    let (Some(class), Some(decoded)) = (class, decode(&past.bytes)) else { return Vec::new() };
    let mut hits = scan_past(&past.path, &past.commit, &decoded.text, class, shapes);
    if !hits.is_empty() {
        let all: Vec<_> = hits.iter().map(|past| past.hit.clone()).collect();
        let hidden = hidden(&all, &decoded.text);
        for past in &mut hits {
            past.excerpt = excerpt(&decoded.text, &past.location, &hidden);
        }
    }
    hits
}

fn sentence(walked: Walked) -> Text {
    let Walked { commits, texts, is_shallow, is_cut } = walked;
    let mut said = Text {
        en: format!("git's history: {texts} texts of {commits} commits searched"),
        ko: format!("git 기록: 커밋 {commits}개의 파일 {texts}개를 검사했습니다"),
    };
    if is_shallow {
        said.en.push_str("; this clone is shallow, so older commits are missing (`git fetch --unshallow` gets them)");
        said.ko.push_str(". 얕은 복제본이라 더 오래된 커밋은 없습니다(`git fetch --unshallow`로 받을 수 있습니다)");
    }
    if is_cut {
        said.en.push_str("; the rest is beyond the limits");
        said.ko.push_str(". 나머지는 한도를 넘어 검사하지 않았습니다");
    }
    said
}
