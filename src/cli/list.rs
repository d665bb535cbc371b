//! `launchcheck list`: what the tool knows.

use super::{Failure, arguments::Listed};
use crate::{
    Error,
    report::{Format, Style, clean},
    rules::{EMBEDDED, catalogue::Library, packs::Packs},
};

pub(super) fn text(what: Listed, style: &Style) -> Result<String, Failure> {
    let packs = Packs::load(None).map_err(Error::from)?;
    let rows: Vec<(String, String)> = match what {
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
        Listed::Libraries => libraries(),
        // Its rows are of an application, see `environment`.
        Listed::Env => Vec::new(),
        Listed::Formats => Format::ALL.map(|format| (format.name().to_owned(), format.summary().to_owned())).to_vec(),
    };
    let width = rows.iter().map(|(name, _)| clean::cells(name)).max().unwrap_or(0).min(40);
    let lines: String = rows
        .iter()
        .map(|(name, about)| format!("{name}{}  {about}\n", " ".repeat(width.saturating_sub(clean::cells(name)))))
        .collect();
    Ok(clean::finish(&lines))
}

/// The libraries of the catalogue with their documentation, by name.
fn libraries() -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = EMBEDDED
        .iter()
        .filter(|(path, _)| path.starts_with("rules/catalogue/"))
        .filter_map(|(_, text)| toml::from_str::<Library>(text).ok())
        .map(|library| (library.name, library.url))
        .collect();
    rows.sort_by_key(|(name, _)| name.to_lowercase());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_a_line_per_thing() {
        let lines = |what| text(what, &Style::default()).map(|text| text.lines().count()).unwrap_or(0);
        assert_eq!(lines(Listed::Items), 12);
        assert_eq!(lines(Listed::Rules), 26);
        assert_eq!(lines(Listed::Formats), Format::ALL.len());
    }
}
