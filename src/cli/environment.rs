//! `launchcheck list env`: the variables of an application, as a list or as a template of its environment file.

use std::collections::BTreeMap;
use std::path::Path;

use super::Failure;
use crate::{
    Options, audit,
    report::{Style, clean},
    verdict::{EnvVar, Feeds, Spot, Tongue},
};

/// One variable with all places that read it.
#[derive(Default)]
struct Row<'a> {
    reads: Vec<&'a EnvVar>,
    is_required: bool,
}

impl Row<'_> {
    /// Where it is checked, if it is checked for all who read it.
    fn check(&self) -> Option<&Spot> {
        let is_checked = self.reads.iter().all(|read| read.checked);
        self.reads.iter().find_map(|read| read.checked_at.as_ref()).filter(|_| is_checked)
    }

    fn feeds(&self) -> Feeds {
        self.reads.first().map_or(Feeds::Setting, |read| read.feeds)
    }

    fn places(&self) -> String {
        self.reads.iter().map(|read| format!("{}:{}", read.path, read.line)).collect::<Vec<_>>().join(", ")
    }

    fn says(&self, tongue: Tongue) -> String {
        let is_checked = self.reads.iter().all(|read| read.checked);
        match (self.is_required, is_checked, self.check(), tongue) {
            (false, .., Tongue::English) => "optional".to_owned(),
            (false, .., Tongue::Korean) => "선택".to_owned(),
            (true, true, Some(spot), Tongue::English) => format!("required, checked at {}:{}", spot.path, spot.line),
            (true, true, Some(spot), Tongue::Korean) => format!("필수, 검사 위치 {}:{}", spot.path, spot.line),
            (true, true, None, Tongue::English) => "required, checked at start-up".to_owned(),
            (true, true, None, Tongue::Korean) => "필수, 시작할 때 검사".to_owned(),
            (true, false, _, Tongue::English) => "required, not checked at start-up".to_owned(),
            (true, false, _, Tongue::Korean) => "필수, 시작할 때 검사하지 않음".to_owned(),
        }
    }
}

fn kind(feeds: Feeds, tongue: Tongue) -> &'static str {
    match (feeds, tongue) {
        (Feeds::Credential, Tongue::English) => "credential",
        (Feeds::Credential, Tongue::Korean) => "인증 정보",
        (Feeds::Address, Tongue::English) => "address",
        (Feeds::Address, Tongue::Korean) => "주소",
        (Feeds::Model, Tongue::English) => "model",
        (Feeds::Model, Tongue::Korean) => "모델",
        (Feeds::Setting, Tongue::English) => "setting",
        (Feeds::Setting, Tongue::Korean) => "설정",
    }
}

/// The variables that the code below a path reads; `is_template` writes them as an environment file without values.
pub(super) fn text(path: &Path, is_template: bool, style: &Style) -> Result<String, Failure> {
    let inventory = audit(path, &Options::default())?.audit.inventory;
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for (variables, is_required) in [(&inventory.env_vars, true), (&inventory.optional_vars, false)] {
        for variable in variables {
            let row = rows.entry(&variable.name).or_default();
            row.is_required |= is_required;
            row.reads.push(variable);
        }
    }
    let text = if is_template { template(&rows, style.tongue) } else { list(&rows, style.tongue) };
    Ok(clean::finish(&text))
}

fn list(rows: &BTreeMap<&str, Row<'_>>, tongue: Tongue) -> String {
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|(name, row)| [clean::shown(name), kind(row.feeds(), tongue).to_owned(), clean::shown(&row.says(tongue))])
        .collect();
    let names = widest(cells.iter().map(|[name, ..]| name));
    let kinds = widest(cells.iter().map(|[_, kind, _]| kind));
    let padded = |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(clean::cells(text))));
    let lines = cells.iter().zip(rows.values()).map(|([name, kind, says], row)| {
        let (name, kind) = (padded(name, names), padded(kind, kinds));
        format!("{name}  {kind}  {says}\n  {}\n", clean::shown(&row.places()))
    });
    lines.collect()
}

fn widest<'c>(cells: impl Iterator<Item = &'c String>) -> usize {
    cells.map(|cell| clean::cells(cell)).max().unwrap_or(0)
}

/// An optional variable is written as a comment, so that it keeps its default.
fn template(rows: &BTreeMap<&str, Row<'_>>, tongue: Tongue) -> String {
    let blocks = rows.iter().map(|(name, row)| {
        let comment = format!("{}, {} ({})", kind(row.feeds(), tongue), row.says(tongue), row.places());
        let mark = if row.is_required { "" } else { "# " };
        format!("# {}\n{mark}{}=\n", clean::shown(&comment), clean::shown(name))
    });
    blocks.collect::<Vec<_>>().join("\n")
}
