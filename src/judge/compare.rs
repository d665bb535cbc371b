//! Findings held against those that were known before: what is new, what is known, what has moved, what is gone.

use std::collections::{BTreeMap, VecDeque};

use crate::verdict::{Finding, Standing};

/// A finding that was known before, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    pub path: String,
    pub rule: String,
    pub fingerprint: String,
    pub signature: String,
}

impl Known {
    pub fn of(finding: &Finding) -> Known {
        Known {
            path: finding.location.path.clone(),
            rule: finding.rule.clone(),
            fingerprint: finding.fingerprint.clone(),
            signature: finding.signature.clone(),
        }
    }
}

/// Marks each finding, and gives the known ones that are no more, by their place in `known`.
///
/// A fingerprint decides. What is left over on both sides is held together by what survives a move, each once.
pub fn mark(findings: &mut [Finding], known: &[Known]) -> Vec<usize> {
    let mut open: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (index, each) in known.iter().enumerate() {
        open.entry(&each.fingerprint).or_default().push_back(index);
    }
    let mut unmatched: Vec<&mut Finding> = Vec::new();
    for finding in findings {
        let same = open.get_mut(finding.fingerprint.as_str()).and_then(VecDeque::pop_front);
        match same {
            Some(_) => finding.standing = Some(Standing::Known),
            None => unmatched.push(finding),
        }
    }
    let mut left: Vec<usize> = open.into_values().flatten().collect();
    left.sort_unstable();
    for finding in unmatched {
        let moved = left.iter().position(|index| {
            known.get(*index).is_some_and(|each| {
                each.rule == finding.rule && each.signature == finding.signature && !each.signature.is_empty()
            })
        });
        let was = moved.map(|position| left.remove(position)).and_then(|index| known.get(index));
        match was {
            Some(was) => {
                finding.standing = Some(Standing::Known);
                finding.moved_from = (was.path != finding.location.path).then(|| was.path.clone());
            }
            // Known to another comparison stays known.
            None => finding.standing = finding.standing.or(Some(Standing::New)),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Confidence, Item, Location, Text};

    fn finding(path: &str, code: &str) -> Finding {
        Finding {
            rule: "missing-timeout".into(),
            item: Item::A1,
            confidence: Confidence::Certain,
            message: Text::default(),
            help: Text::default(),
            location: Location { path: path.into(), line: 1, column: 1, end_line: 1, end_column: 2 },
            related: Vec::new(),
            fingerprint: format!("{path} {code}"),
            signature: code.into(),
            suppressed: None,
            standing: None,
            moved_from: None,
            excerpt: None,
        }
    }

    #[test]
    fn moves_are_no_additions() {
        let before = [finding("a.py", "one"), finding("a.py", "two"), finding("b.py", "one")];
        let known: Vec<Known> = before.iter().map(Known::of).collect();
        let mut now = [finding("a.py", "one"), finding("c.py", "one"), finding("a.py", "three")];
        let gone = mark(&mut now, &known);
        assert_eq!(gone, [1]);
        let standings: Vec<_> = now.iter().map(|each| (each.standing, each.moved_from.as_deref())).collect();
        let expected =
            [(Some(Standing::Known), None), (Some(Standing::Known), Some("b.py")), (Some(Standing::New), None)];
        assert_eq!(standings, expected);
    }

    #[test]
    fn the_same_twice_is_known_as_often_as_it_was() {
        let known = [Known::of(&finding("a.py", "one"))];
        let mut now = [finding("a.py", "one"), finding("a.py", "one")];
        assert_eq!(mark(&mut now, &known), Vec::<usize>::new());
        assert_eq!(now.map(|each| each.standing), [Some(Standing::Known), Some(Standing::New)]);
    }
}
