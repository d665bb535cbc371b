//! `launchcheck list`: what the tool knows.

use super::{
    Failure,
    arguments::{List, Listed},
    libraries,
};
use crate::{
    Error,
    report::{Format, Style, clean},
    rules::packs::Packs,
};

pub(super) fn text(options: &List, style: &Style) -> Result<String, Failure> {
    let of = options.of.as_ref().map(|of| of.to_string_lossy());
    if options.what == Listed::Libraries {
        return libraries::text(of.as_deref(), options.rules.as_deref(), style);
    }
    if of.is_some() {
        return Err(Failure::Usage("only `list env` reads a path, and only `list libraries` a name".to_owned()));
    }
    let packs = Packs::load(options.rules.as_deref()).map_err(Error::from)?;
    let rows: Vec<(String, String)> = match options.what {
        Listed::Items => packs
            .items()
            .iter()
            .map(|each| (format!("{} {}", each.item.id(), each.name), each.question.in_tongue(style.tongue).to_owned()))
            .collect(),
        Listed::Rules => packs
            .rules()
            .iter()
            .map(|rule| {
                let note = if rule.is_note() { " (note)" } else { "" };
                (rule.id.clone(), format!("{} {}{note}", rule.item.id(), packs.name(rule.item)))
            })
            .collect(),
        Listed::Formats => Format::ALL.map(|format| (format.name().to_owned(), format.summary().to_owned())).to_vec(),
        // Lists of their own, see `libraries` and `environment`.
        Listed::Libraries | Listed::Env => Vec::new(),
    };
    let width = rows.iter().map(|(name, _)| clean::cells(name)).max().unwrap_or(0).min(40);
    let lines: String = rows
        .iter()
        .map(|(name, about)| format!("{name}{}  {about}\n", " ".repeat(width.saturating_sub(clean::cells(name)))))
        .collect();
    Ok(clean::finish(&lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_a_line_per_thing() {
        let list = |what| List { what, of: None, example: false, rules: None };
        let lines = |what| text(&list(what), &Style::default()).map(|text| text.lines().count()).unwrap_or(0);
        assert_eq!(lines(Listed::Items), 12);
        assert_eq!(lines(Listed::Rules), 26);
        assert_eq!(lines(Listed::Formats), Format::ALL.len());
    }
}
