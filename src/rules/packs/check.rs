//! What all packs together must hold, and help for misspelt names.

use super::{CONDITIONS, NOTES, PackError, Packs, Reason};
use crate::verdict::Item;

/// Whether nothing of the checklist is missing.
pub(super) fn complete(packs: &Packs) -> Result<(), PackError> {
    let lacking = |message: String| Err(PackError::Incomplete { message });
    for item in Item::ALL {
        if packs.item(item).is_none() {
            return lacking(format!("no pack describes the item {}", item.id()));
        }
    }
    for id in CONDITIONS.iter().map(|condition| condition.name).chain(NOTES) {
        if packs.rule(id).is_none() {
            return lacking(format!("no pack describes the rule `{id}`"));
        }
    }
    for reason in Reason::ALL {
        if !packs.items().iter().any(|item| item.not_applicable.contains_key(reason.id())) {
            return lacking(format!("no pack explains the reason `{}`", reason.id()));
        }
    }
    Ok(())
}

/// The known name that is at most a third of its letters away from what was written.
pub fn closest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|name| (distance(found, name), *name))
        .filter(|(distance, name)| distance * 3 <= name.len())
        .min()
        .map(|(_, name)| name)
}

/// The number of letters to insert, delete or replace (Levenshtein). Long input is cut: it is no misspelling.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (line, wanted) in right.chars().take(64).enumerate() {
        let mut before = line;
        let mut next = vec![line + 1];
        for (found, above) in left.iter().zip(row.iter().skip(1)) {
            let replaced = before + usize::from(*found != wanted);
            let last = next.last().copied().unwrap_or(0);
            next.push(replaced.min(last + 1).min(above + 1));
            before = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(closest("tiemouts", &["timeouts", "backoff"]), Some("timeouts"));
        assert_eq!(closest("zzz", &["timeouts"]), None);
    }
}
