//! Start scripts: the variables without which they end.

use super::tree::ENTRIES;
use crate::model::{Literal, Setting, Span};

/// The key under which a script names a variable that it demands.
pub const DEMANDS: &str = "demands";

/// The variables without which a script ends with an error: `${NAME:?words}`, `[ -z "$NAME" ] && exit 1`,
/// `[ -n "$NAME" ] || exit 1`, and the same over several lines with `if`.
pub fn demands(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut at = 0;
    // Names that the branch around is about, and that it takes when they are missing.
    let mut open: Vec<(String, Span)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let code = line.trim();
        if code.starts_with('#') {
            continue;
        }
        found.extend(expansions(line, start));
        let tested = |flag: &str| tested(line, start, flag);
        // What stands behind `else` is done where the variable is there.
        let branch = code.split("else ").next().unwrap_or_default();
        let ends = branch.split([';', '&', '|', '{', '}', ' ']).any(|word| word == "exit") && !code.ends_with("exit 0");
        if code.starts_with("if ") || code.starts_with("elif ") {
            open = tested("-z ");
            open.extend(if code.contains("! ") { tested("-n ") } else { Vec::new() });
        } else if code.contains("||") {
            found.extend(tested("-n ").into_iter().filter(|_| ends));
        } else if code.contains("&&") {
            found.extend(tested("-z ").into_iter().filter(|_| ends));
        }
        if ends && !open.is_empty() {
            found.append(&mut open);
        }
        if code == "fi" || code.ends_with("; fi") || code.starts_with("else") {
            open.clear();
        }
        if found.len() >= ENTRIES {
            break;
        }
    }
    let setting = |(name, span)| Setting { keys: vec![DEMANDS.to_owned()], value: Literal::Text(name), span };
    found.into_iter().take(ENTRIES).map(setting).collect()
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// `${NAME:?words}` and `${NAME?words}`.
fn expansions(line: &str, start: usize) -> Vec<(String, Span)> {
    let named = line.match_indices("${").filter_map(|(at, _)| {
        let rest = line.get(at + 2..)?;
        let length = rest.find(|character: char| !is_name(character))?;
        let (name, tail) = rest.split_at_checked(length)?;
        let is_demanded = !name.is_empty() && (tail.starts_with(":?") || tail.starts_with('?'));
        is_demanded.then(|| (name.to_owned(), Span::new(start + at + 2, start + at + 2 + length)))
    });
    named.collect()
}

/// The variables that a test is about: `-z "$NAME"`, `-z "${NAME:-}"`.
fn tested(line: &str, start: usize, flag: &str) -> Vec<(String, Span)> {
    let named = line.match_indices(flag).filter_map(|(at, _)| {
        let behind = line.get(at + flag.len()..)?;
        let rest = behind.trim_start_matches([' ', '"']).strip_prefix('$')?.trim_start_matches('{');
        let name: String = rest.chars().take_while(|character| is_name(*character)).collect();
        let from = start + line.len() - rest.len();
        let span = Span::new(from, from + name.len());
        (!name.is_empty()).then_some((name, span))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_demand_what_they_end_without() {
        let names = |text: &str| -> Vec<String> {
            let named = demands(text).into_iter().map(|setting| match setting.value {
                Literal::Text(name) => name,
                _ => String::new(),
            });
            named.collect()
        };
        assert_eq!(names(": \"${A:?not set}\"\necho ${B:-x} ${C?} # ${D}\n"), ["A", "C"]);
        assert_eq!(names("[ -z \"$A\" ] && exit 1\n[ -n \"$B\" ] || { echo no; exit 1; }\n"), ["A", "B"]);
        assert_eq!(names("if [ -z \"${A:-}\" ]; then\n  echo no >&2\n  exit 1\nfi\n"), ["A"]);
        assert_eq!(names("if [ -z \"$A\" ]; then\n  echo no\nfi\nexit 1\n[ -n \"$B\" ] || echo no\n"), [""; 0]);
        assert_eq!(names("# ${A:?}\nif [ -z \"$B\" ]; then A=1; else exit 1; fi\n"), [""; 0]);
    }
}
