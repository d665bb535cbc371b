//! Comments that want to suppress something and do not say it as they must: the run stops at them.

use crate::collect::Contents;
use crate::config::{ConfigError, Mistake};
use crate::judge::ignore::Ignore;
use crate::rules::packs::Packs;
use crate::source::decode;

/// Refuses comments with mistakes, all of them at once.
pub(super) fn refuse(ignores: &[Ignore], packs: &Packs, contents: &Contents) -> Result<(), ConfigError> {
    let mistakes = ignores.iter().flat_map(|ignore| ignore.mistakes(packs)).map(|mistake| {
        let bytes = contents.bytes(&mistake.path).unwrap_or_default();
        let text = decode(&bytes).map(|decoded| decoded.text).unwrap_or_default();
        let span = mistake.span.start as usize..mistake.span.end as usize;
        Mistake::new(&mistake.path, text, span, mistake.problem, mistake.help)
    });
    let mistakes: Vec<Mistake> = mistakes.collect();
    if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::Comments { mistakes }) }
}
