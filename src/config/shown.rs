//! The configuration that holds, with where each part comes from: `launchcheck config`.

use super::{Configuration, MAX_UNTICKED};
use crate::{
    source::Location,
    verdict::{ExemptionKind, Item, Tongue},
};

/// Where a value comes from.
fn origin(location: Option<&Location>) -> String {
    location.map_or_else(|| "default".to_owned(), |place| format!("{}:{}", place.path, place.line))
}

/// One line per value: `key = value  # where it is written`.
pub fn shown(configuration: &Configuration) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let limit = configuration.max_unticked.as_ref();
    let value = limit.map_or(MAX_UNTICKED, |limit| limit.value);
    lines.push((format!("max-unticked = {value}"), origin(limit.map(|limit| &limit.location))));
    let ids: Vec<String> = configuration.require.iter().map(|item| format!("{:?}", item.value.id())).collect();
    let first = configuration.require.first().map(|item| &item.location);
    lines.push((format!("require = [{}]", ids.join(", ")), origin(first)));
    match &configuration.lang {
        Some(lang) => {
            let tongue = if lang.value == Tongue::Korean { "ko" } else { "en" };
            lines.push((format!("lang = {tongue:?}"), origin(Some(&lang.location))));
        }
        None => lines.push(("lang =".to_owned(), "the locale for people, English for machines".to_owned())),
    }
    for rule in configuration.entry_points.iter().filter(|rule| rule.public) {
        lines.push((format!("entry-point {} = public: {}", rule.subject(), rule.reason), origin(Some(&rule.location))));
    }
    for exemption in configuration.exemptions() {
        let kind = match exemption.kind {
            ExemptionKind::Attestation => "attest",
            ExemptionKind::Exclusion => "exclude",
            ExemptionKind::NotPublic => "entry-point",
            ExemptionKind::Fact => "fact",
            ExemptionKind::Fingerprint => "suppress",
            ExemptionKind::Comment | ExemptionKind::Baseline | ExemptionKind::MaxUnticked | ExemptionKind::Require => {
                continue;
            }
        };
        let subject = &exemption.subject;
        let subject = if exemption.kind == ExemptionKind::NotPublic {
            format!("{subject} = not public")
        } else {
            subject.clone()
        };
        let by = if exemption.by.is_empty() { String::new() } else { format!(" by {}", exemption.by) };
        let until = exemption.expires.map(|day| format!(" until {day}")).unwrap_or_default();
        let reason = if exemption.reason.is_empty() { String::new() } else { format!(": {}", exemption.reason) };
        lines.push((format!("{kind} {subject}{by}{until}{reason}"), origin(Some(&exemption.location))));
    }
    let lines: String = lines.iter().map(|(line, origin)| format!("{line}  # {origin}\n")).collect();
    let ids = Item::ALL.map(Item::id).join(", ");
    format!("# {}\n# items: {ids}\n{lines}", configuration.path.as_deref().unwrap_or("no configuration"))
}
